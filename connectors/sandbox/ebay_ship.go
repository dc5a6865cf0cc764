package sandbox

import (
	"net/http"
	"regexp"
	"time"
)

var plainNumber = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// untracked is eBay's id of a shipment that has no number.
const untracked = "999"

func ebayShipmentJSON(sh *shipment) m {
	lines := []m{}
	for _, l := range sh.lines {
		lines = append(lines, m{"lineItemId": l.line.id, "quantity": l.qty})
	}
	out := m{"fulfillmentId": shipmentID(sh), "shippedDate": stamp(sh.at), "lineItems": lines}
	if sh.number != "" {
		out["shipmentTrackingNumber"], out["shippingCarrierCode"] = sh.number, sh.carrier
	}
	return out
}

func shipmentID(sh *shipment) string { return orElse(sh.number, untracked) }

// ebayLineState is eBay's word for how far a line has come.
func ebayLineState(o *order, l *line) string {
	switch {
	case o.status == cancelled || o.sent(l) == 0:
		return "NOT_STARTED"
	case o.sent(l) < l.qty:
		return "IN_PROGRESS"
	}
	return "FULFILLED"
}

func badOrder(id string) reply {
	return ebayError(http.StatusBadRequest, 32100, fulfilment, "REQUEST", "Invalid order ID: "+id, "orderId", id)
}

func (w *World) ebayShipments(c *call, id string) reply {
	o := c.s.order(id)
	if o == nil {
		return badOrder(id)
	}
	list := []m{}
	for _, sh := range o.shipments {
		list = append(list, ebayShipmentJSON(sh))
	}
	return jsonReply(http.StatusOK, m{"fulfillments": list, "total": len(list)})
}

func (w *World) ebayShipment(c *call, parts []string) reply {
	o := c.s.order(parts[0])
	if o == nil {
		return badOrder(parts[0])
	}
	for _, sh := range o.shipments {
		if shipmentID(sh) == parts[1] {
			return jsonReply(http.StatusOK, ebayShipmentJSON(sh))
		}
	}
	return ebayError(http.StatusNotFound, 32110, fulfilment, "REQUEST", "Invalid shipping fulfillment ID: "+parts[1], "fulfillmentId", parts[1])
}

func (w *World) ebayShip(c *call, id string) reply {
	o := c.s.order(id)
	fail := func(code int, message string) reply {
		return ebayError(http.StatusBadRequest, code, fulfilment, "REQUEST", message)
	}
	if o == nil {
		return badOrder(id)
	}
	var q struct {
		Lines []struct {
			ID       string `json:"lineItemId"`
			Quantity *int   `json:"quantity"`
		} `json:"lineItems"`
		At      string `json:"shippedDate"`
		Carrier string `json:"shippingCarrierCode"`
		Number  string `json:"trackingNumber"`
	}
	if decode(c.body, &q) != nil || o.status == cancelled {
		return fail(32600, "Invalid input data")
	}
	at, now := w.now(), w.now()
	if q.At != "" {
		v, err := time.Parse(time.RFC3339, q.At)
		if err != nil || v.After(now.Add(time.Hour)) || v.Before(o.created.Add(-time.Hour)) {
			return fail(32500, "Invalid shipped date")
		}
		at = v.UTC()
	}
	switch {
	case (q.Carrier == "") != (q.Number == ""), q.Number != "" && !plainNumber.MatchString(q.Number):
		return fail(32300, "Invalid shipment tracking number or carrier")
	case len(o.shipments) >= 20:
		return fail(34100, "Maximum tracking number for order is exceeded")
	}
	sh := &shipment{carrier: q.Carrier, number: q.Number, at: at}
	seen := map[string]bool{}
	for _, x := range q.Lines {
		l := o.line(x.ID)
		var qty int
		switch {
		case l == nil:
			return ebayError(http.StatusBadRequest, 32200, fulfilment, "REQUEST", "Invalid line item id: "+x.ID, "lineItemId", x.ID)
		case seen[x.ID]:
			return fail(32210, "Duplicate line item in the request")
		case x.Quantity == nil:
			qty = l.qty
		default:
			qty = *x.Quantity
		}
		if seen[x.ID] = true; qty < 1 || qty > l.qty {
			return fail(32600, "Invalid input data")
		}
		sh.lines = append(sh.lines, shipLine{l, qty})
	}
	if len(q.Lines) == 0 { // all of the order
		for _, l := range o.lines {
			sh.lines = append(sh.lines, shipLine{l, l.qty})
		}
	}
	for _, other := range o.shipments {
		if shipmentID(other) == shipmentID(sh) {
			return fail(34500, "Please use PUT operation for updating shipping fulfillment")
		}
	}
	sh.id = shipmentID(sh) + "-" + o.id
	c.s.send(o, sh)
	return reply{status: http.StatusCreated, kind: "application/json", body: []byte("{}")}.with("Location", w.base(c.Request)+"/ebay/"+c.s.Name+"/sell/fulfillment/v1/order/"+o.id+"/shipping_fulfillment/"+shipmentID(sh))
}
