package sandbox

import (
	"net/http"
	"regexp"
	"time"
)

var packageReference = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// amazonPackages are an order's parcels as the younger orders operation shows
// them.
func amazonPackages(o *order) []m {
	state := "SHIPPED"
	if o.status == delivered {
		state = "DELIVERED"
	}
	out := []m{}
	for _, sh := range o.shipments {
		var inside []m
		for _, l := range sh.lines {
			inside = append(inside, m{"orderItemId": l.line.id, "quantity": l.qty})
		}
		out = append(out, m{"packageReferenceId": orElse(sh.reference, "1"), "createdTime": amazonTime(sh.at), "shipTime": amazonTime(sh.at),
			"packageStatus": m{"status": state}, "carrier": sh.carrier, "trackingNumber": sh.number, "packageItems": inside})
	}
	return out
}

// amazonConfirm takes news of a parcel. The same reference again changes the
// parcel that has it.
func (w *World) amazonConfirm(c *call, id string) reply {
	var q struct {
		Marketplace string `json:"marketplaceId"`
		Package     *struct {
			// Anything else than a string is refused by name.
			Reference any    `json:"packageReferenceId"`
			Carrier   string `json:"carrierCode"`
			Name      string `json:"carrierName"`
			Method    string `json:"shippingMethod"`
			Number    string `json:"trackingNumber"`
			At        string `json:"shipDate"`
			Items     []struct {
				Item     string `json:"orderItemId"`
				Quantity int    `json:"quantity"`
			} `json:"orderItems"`
		} `json:"packageDetail"`
	}
	if decode(c.body, &q) != nil || q.Package == nil {
		return badInput("packageDetail")
	}
	p := q.Package
	ref, text := p.Reference.(string)
	at, err := time.Parse(time.RFC3339, p.At)
	switch {
	case q.Marketplace != c.s.Marketplace:
		return badInput("marketplaceId")
	case !text || !packageReference.MatchString(ref):
		return badInput("packageReferenceId must be a string of digits.")
	case p.Carrier == "":
		return badInput("carrierCode")
	case p.Carrier == "Other" && p.Name == "":
		return badInput("carrierName is required when carrierCode is Other.")
	case p.Number == "":
		return badInput("trackingNumber")
	case err != nil:
		return badInput("shipDate")
	case at.After(w.now().Add(time.Hour)):
		return badInput("shipDate must not be in the future.")
	case len(p.Items) == 0:
		return badInput("orderItems")
	}
	o := c.s.order(id)
	switch {
	case o == nil:
		return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
	case o.status == cancelled:
		return badInput("The order was cancelled.")
	case at.Before(o.created.Add(-time.Minute)): // clients write whole seconds
		return badInput("shipDate must not be before the order was made.")
	}
	var old *shipment
	for _, sh := range o.shipments {
		if sh.reference == ref {
			old = sh
		}
	}
	left := func(l *line) int {
		n := o.toSend(l)
		if old != nil {
			for _, x := range old.lines {
				if x.line == l {
					n += x.qty
				}
			}
		}
		return n
	}
	free := false
	for _, l := range o.lines {
		free = free || left(l) > 0
	}
	if old == nil && !free {
		return amazonError(http.StatusBadRequest, "PackageToUpdateNotFound", "The order is shipped already, and it has no package with this reference to be changed.", ref)
	}
	sh := &shipment{carrier: p.Carrier, number: p.Number, at: at.UTC(), reference: ref}
	if p.Carrier == "Other" {
		sh.carrier = p.Name
	}
	taken := map[*line]int{}
	for _, it := range p.Items {
		l := o.line(it.Item)
		if l == nil {
			return badInput("orderItemId " + it.Item)
		}
		if taken[l] += it.Quantity; it.Quantity < 1 || taken[l] > left(l) {
			return badInput("quantity of " + it.Item)
		}
		sh.lines = append(sh.lines, shipLine{l, it.Quantity})
	}
	if old != nil {
		sh.id = old.id
		*old = *sh
		if o.status != delivered {
			o.status = shipped
			for _, l := range o.lines {
				if o.toSend(l) > 0 {
					o.status = partly
				}
			}
		}
		c.s.touch(o)
		c.s.changed(changeShipment, o.id, old.id)
	} else {
		c.s.send(o, sh)
	}
	return reply{status: http.StatusNoContent}
}
