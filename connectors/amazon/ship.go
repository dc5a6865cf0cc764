package amazon

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

// otherCarrier is the platform's word for a carrier that it has no word for.
const otherCarrier = "Other"

// carriers are the platform's words for the carriers of package tracking.
// Whatever is not here goes out as Other, with its name.
var carriers = map[string]string{
	"ups": "UPS", "fedex": "FedEx", "usps": "USPS", "dhl": "DHL", "dhl-paket": "DHL", "dhl-ecommerce": "DHL eCommerce",
	"dpd": "DPD", "gls": "GLS", "royal-mail": "Royal Mail", "parcelforce": "Parcelforce", "yodel": "Yodel", "tnt": "TNT",
	"la-poste": "La Poste", "colissimo": "Colissimo", "chronopost": "Chronopost", "deutsche-post": "Deutsche Post",
	"poste-italiane": "Poste Italiane", "correos": "Correos", "canada-post": "Canada Post", "purolator": "Purolator",
	"australia-post": "Australia Post", "ontrac": "OnTrac", "lasership": "Lasership", "japan-post": "Japan Post",
	"yamato": "YAMATO", "sagawa": "SAGAWA", "china-post": "China Post", "ems": "EMS", "sf": "SF Express",
	"4px": "4PX", "yanwen": "Yanwen", "yunexpress": "Yun Express", "aramex": "Aramex",
}

// names are how the carriers are called that the platform has no word for.
var names = map[string]string{
	"hermes": "Evri", "amazon": "Amazon Shipping", "cainiao": "Cainiao", "gofo": "GOFO", "landmark": "Landmark Global",
	"old-dominion": "Old Dominion", "canpar": "Canpar", "speedee": "Spee-Dee", "correios": "Correios",
}

// Carrier is the platform's word for a carrier of package tracking.
func (s *Seller) Carrier(code string) (string, bool) {
	word, ok := carriers[strings.ToLower(strings.TrimSpace(code))]
	return word, ok
}

// packageRef makes the number of a parcel of our key: the platform takes digits
// alone, and takes the same number again for an edit of the same parcel.
func packageRef(key string) string {
	h := sha256.Sum256([]byte(key))
	return strconv.FormatUint(binary.BigEndian.Uint64(h[:8])%999_999_999+1, 10)
}

type shipItem struct {
	ID       string `json:"orderItemId"`
	Quantity int    `json:"quantity"`
}

// Ship tells the platform of one parcel. The order is read first: a parcel that is
// there already is not told again, since the platform would change it.
func (s *Seller) Ship(ctx context.Context, cmd connectors.Ship) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	const op = "confirmShipment"
	if cmd.Key == "" || strings.TrimSpace(cmd.Number) == "" || strings.TrimSpace(cmd.Carrier) == "" {
		return connectors.Receipt{}, fault(connectors.Invalid, op, "incomplete", "a shipment needs a key, a carrier and a number")
	}
	w, _, err := s.read(ctx, cmd.Order)
	if err != nil {
		return connectors.Receipt{}, certain(op, err)
	}
	ref := packageRef(cmd.Key)
	for _, p := range w.Packages {
		switch {
		case p.Ref == ref && sameNumber(p.Number, cmd.Number):
			return connectors.Receipt{State: connectors.StateApplied, ID: ref}, nil
		case p.Ref == ref:
			return connectors.Receipt{}, fault(connectors.Conflict, op, "other_number", "this parcel was told with another number: "+p.Number)
		case sameNumber(p.Number, cmd.Number):
			return connectors.Receipt{}, fault(connectors.Conflict, op, "already_shipped", "the order has a parcel with this number already")
		}
	}
	items, err := toShip(w, cmd.Lines)
	if err != nil {
		return connectors.Receipt{}, err
	}
	at := cmd.At
	if now := s.now(); at.IsZero() || at.After(now) {
		at = now // a day to come is refused
	}
	type parcel struct {
		Ref     string     `json:"packageReferenceId"`
		Carrier string     `json:"carrierCode"`
		Name    string     `json:"carrierName,omitempty"`
		Number  string     `json:"trackingNumber"`
		At      string     `json:"shipDate"`
		Items   []shipItem `json:"orderItems"`
	}
	p := parcel{Ref: ref, Number: strings.TrimSpace(cmd.Number), At: at.UTC().Truncate(time.Second).Format(time.RFC3339), Items: items}
	p.Carrier, p.Name = carrierOf(cmd.Carrier)
	err = s.do(ctx, connectors.Call{Op: op, Method: "POST", URL: s.base + "/orders/v0/orders/" + pathID(w.ID) + "/shipmentConfirmation",
		Body: struct {
			Market string `json:"marketplaceId"`
			Parcel parcel `json:"packageDetail"`
		}{s.marketsOf(w)[0], p}}, nil)
	if err != nil {
		r := connectors.Receipt{}
		if connectors.KindOf(err) == connectors.Unsure {
			r = connectors.Receipt{State: connectors.StateUnknown, ID: ref}
		}
		return r, err
	}
	return connectors.Receipt{State: connectors.StateApplied, ID: ref}, nil
}

// ShipState looks whether the order has the parcel. Telling it again under the
// same key does no harm if the platform should show it late.
func (s *Seller) ShipState(ctx context.Context, cmd connectors.Ship) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	w, _, err := s.read(ctx, cmd.Order)
	if err != nil {
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	ref := packageRef(cmd.Key)
	for _, p := range w.Packages {
		if p.Ref == ref {
			return connectors.Receipt{State: connectors.StateApplied, ID: ref}, nil
		}
	}
	return connectors.Receipt{State: connectors.StateAbsent}, nil
}

// carrierOf gives the platform's word, or Other and the name.
func carrierOf(code string) (word, name string) {
	key := strings.ToLower(strings.TrimSpace(code))
	if w, ok := carriers[key]; ok {
		return w, ""
	}
	for _, w := range carriers { // a name as people write it
		if strings.EqualFold(w, key) {
			return w, ""
		}
	}
	if n, ok := names[key]; ok {
		return otherCarrier, n
	}
	return otherCarrier, strings.TrimSpace(code)
}

func sameNumber(a, b string) bool {
	clean := func(n string) string { return strings.ToUpper(strings.Join(strings.Fields(n), "")) }
	return clean(a) != "" && clean(a) == clean(b)
}

// toShip is what goes into the parcel, within what is left of the order.
func toShip(w wireOrder, lines []connectors.ShipLine) ([]shipItem, error) {
	const op = "confirmShipment"
	if w.Fulfillment != nil {
		switch {
		case w.Fulfillment.By == "AMAZON":
			return nil, fault(connectors.Unsupported, op, "by_platform", "the platform sends this order itself")
		case w.Fulfillment.Status == "PENDING", w.Fulfillment.Status == "PENDING_AVAILABILITY":
			return nil, fault(connectors.Conflict, op, "not_paid", "the order is not paid yet")
		case w.Fulfillment.Status == "CANCELLED":
			return nil, fault(connectors.Conflict, op, "order_cancelled", "the order was cancelled")
		}
	}
	left := map[string]int{}
	for _, i := range w.Items {
		left[i.ID] = w.left(i)
	}
	var out []shipItem
	if len(lines) == 0 {
		for _, i := range w.Items {
			if left[i.ID] > 0 {
				out = append(out, shipItem{i.ID, left[i.ID]})
			}
		}
		if len(out) == 0 {
			return nil, fault(connectors.Conflict, op, "nothing_left", "everything of this order was sent")
		}
		return out, nil
	}
	for _, l := range lines {
		n, ok := left[l.Line]
		switch {
		case !ok:
			return nil, fault(connectors.Invalid, op, "no_such_line", "the order has no item "+l.Line)
		case l.Quantity <= 0:
			return nil, fault(connectors.Invalid, op, "quantity", "nothing of item "+l.Line+" is to be sent")
		case l.Quantity > n:
			return nil, fault(connectors.Conflict, op, "over_remaining", "only "+strconv.Itoa(n)+" of item "+l.Line+" are left to be sent")
		}
		left[l.Line] = n - l.Quantity
		out = append(out, shipItem{l.Line, l.Quantity})
	}
	return out, nil
}

// left is how many of an item were not sent yet, by whichever of the order's
// figures says less.
func (w wireOrder) left(i wireItem) int {
	n := i.Quantity
	if i.Sent != nil && i.Sent.Left != nil {
		n = min(n, *i.Sent.Left)
	}
	told := 0
	for _, p := range w.Packages {
		if p.Status.Status == "CANCELLED" {
			continue
		}
		for _, x := range p.Items {
			if x.ID == i.ID {
				told += x.Quantity
			}
		}
	}
	return max(0, min(n, i.Quantity-told))
}
