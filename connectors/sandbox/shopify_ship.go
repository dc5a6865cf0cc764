package sandbox

import (
	"slices"
	"strconv"
	"time"
)

const (
	readShip  = "read_merchant_managed_fulfillment_orders"
	writeShip = "write_merchant_managed_fulfillment_orders"
)

// toFulfil is one of the parts in which an order is to be sent: what lies in
// one place. Long orders here are sent from two.
type toFulfil struct {
	o     *order
	id    string
	place string
	lines []*line
}

func (x *exec) fulfilments(o *order) []toFulfil {
	first := toFulfil{o: o, id: o.pay + "1", place: x.s.places[0].id, lines: o.lines}
	if len(o.lines) < 3 {
		return []toFulfil{first}
	}
	first.lines = o.lines[:2]
	return []toFulfil{first, {o: o, id: o.pay + "2", place: x.s.places[1].id, lines: o.lines[2:]}}
}

func (f toFulfil) left() (n int) {
	for _, l := range f.lines {
		n += f.o.toSend(l)
	}
	return n
}

func (f toFulfil) status() string {
	all := 0
	for _, l := range f.lines {
		all += l.qty
	}
	switch left := f.left(); {
	case f.o.status == cancelled:
		return "CANCELLED"
	case left == 0:
		return "CLOSED"
	case left < all:
		return "IN_PROGRESS"
	}
	return "OPEN"
}

func (x *exec) fulfilmentByGID(id string) (toFulfil, bool) {
	n, ok := plain("FulfillmentOrder", id)
	if !ok || len(n) < 2 {
		return toFulfil{}, false
	}
	if o := x.s.byPay(n[:len(n)-1]); o != nil {
		for _, f := range x.fulfilments(o) {
			if f.id == n {
				return f, true
			}
		}
	}
	return toFulfil{}, false
}

func (x *exec) fulfilmentOrder(ff toFulfil) *object {
	o := ff.o
	return &object{"FulfillmentOrder", func(f string, a args) (any, error) {
		switch f {
		case "order":
			return x.order(o), nil
		case "lineItems":
			return connect(a, ff.lines, "FulfillmentOrderLineItem", func(l *line) *object { return x.fulfilmentLine(o, l) })
		case "fulfillments":
			theirs := slices.DeleteFunc(slices.Clone(o.shipments), func(sh *shipment) bool {
				return !slices.ContainsFunc(sh.lines, func(l shipLine) bool { return slices.Contains(ff.lines, l.line) })
			})
			return connect(a, theirs, "Fulfillment", func(sh *shipment) *object { return x.shipment(o, sh) })
		case "supportedActions":
			var all []any
			if ff.left() > 0 {
				for _, v := range []string{"CREATE_FULFILLMENT", "HOLD", "MOVE"} {
					all = append(all, fieldsOf("FulfillmentOrderSupportedAction", m{"action": v}))
				}
			}
			return all, nil
		case "assignedLocation":
			name := ""
			for _, p := range x.s.places {
				if p.id == ff.place {
					name = p.name
				}
			}
			return fieldsOf("FulfillmentOrderAssignedLocation", m{"name": name, "location": x.locationOf(ff.place), "countryCode": x.s.site().country}), nil
		}
		return m{"id": gid("FulfillmentOrder", ff.id), "orderId": gid("Order", o.id), "orderName": "#" + o.number, "orderProcessedAt": when(o.created), "status": ff.status(),
			"requestStatus": "UNSUBMITTED", "createdAt": when(o.created), "updatedAt": when(o.updated), "fulfillAt": when(o.created)}[f], nil
	}}
}

func (x *exec) fulfilmentLine(o *order, l *line) *object {
	out := m{"id": gid("FulfillmentOrderLineItem", l.id), "lineItem": x.line(o, l), "remainingQuantity": o.toSend(l), "totalQuantity": l.qty, "productTitle": l.title,
		"sku": l.sku, "requiresShipping": true, "vendor": "Sandbox"}
	if it := x.s.bySKU[l.sku]; it != nil {
		out["inventoryItemId"] = gid("InventoryItem", it.inventory)
	}
	return fieldsOf("FulfillmentOrderLineItem", out)
}

// shipment is a parcel; Shopify calls it a fulfilment.
func (x *exec) shipment(o *order, sh *shipment) *object {
	return &object{"Fulfillment", func(f string, a args) (any, error) {
		switch f {
		case "order":
			return x.order(o), nil
		case "location":
			return x.location(), nil
		case "fulfillmentLineItems":
			return connect(a, sh.lines, "FulfillmentLineItem", func(l shipLine) *object { return x.parcelLine(o, l.line, l.qty) })
		case "trackingInfo":
			if sh.number == "" && sh.carrier == "" {
				return []any{}, nil
			}
			info := m{"company": nil, "number": nil}
			if sh.carrier != "" {
				info["company"] = sh.carrier
			}
			if sh.number != "" {
				info["number"] = sh.number
			}
			if sh.url != "" {
				info["url"] = sh.url
			}
			return anys(firstOf(a, []*object{fieldsOf("FulfillmentTrackingInfo", info)})), nil
		case "totalQuantity":
			n := 0
			for _, l := range sh.lines {
				n += l.qty
			}
			return n, nil
		case "deliveredAt":
			if o.status == delivered {
				return when(sh.at.Add(70 * time.Hour)), nil
			}
			return nil, nil
		case "displayStatus":
			if o.status == delivered {
				return "DELIVERED", nil
			}
			return "IN_TRANSIT", nil
		}
		return m{"id": gid("Fulfillment", sh.id), "legacyResourceId": sh.id, "name": "#" + o.number + "-F" + strconv.Itoa(slices.Index(o.shipments, sh)+1), "status": "SUCCESS",
			"createdAt": when(sh.at), "updatedAt": when(sh.at), "inTransitAt": when(sh.at), "requiresShipping": true}[f], nil
	}}
}

func (x *exec) parcelLine(o *order, l *line, qty int) *object {
	share := l.price * int64(qty) / int64(max(l.qty, 1))
	return fieldsOf("FulfillmentLineItem", m{"id": gid("FulfillmentLineItem", l.id), "lineItem": x.line(o, l), "quantity": qty, "originalTotalSet": o.bag(share), "discountedTotalSet": o.bag(share)})
}

// fulfil sends what lies in one place.
func (x *exec) fulfil(in args) (any, error) {
	if !x.s.auth.has(writeShip) {
		return nil, denied("fulfillmentCreate", writeShip)
	}
	fail := func(message string, field ...string) (any, error) {
		return outcome("FulfillmentCreatePayload", nil, userError(message, append([]string{"fulfillment"}, field...)...)), nil
	}
	sh := &shipment{at: x.w.now()}
	var o *order
	var place string
	parts := objects(in["lineItemsByFulfillmentOrder"])
	if len(parts) == 0 {
		return fail("There must be at least one fulfillment order.", "lineItemsByFulfillmentOrder")
	}
	for i, part := range parts {
		at := []string{"lineItemsByFulfillmentOrder", strconv.Itoa(i)}
		ff, ok := x.fulfilmentByGID(text(part["fulfillmentOrderId"]))
		switch {
		case !ok:
			return fail("Fulfillment order does not exist.", append(at, "fulfillmentOrderId")...)
		case o != nil && o.id != ff.o.id:
			return fail("All fulfillment orders must belong to the same order.", append(at, "fulfillmentOrderId")...)
		case place != "" && place != ff.place:
			return fail("All fulfillment orders must be assigned to the same location.", append(at, "fulfillmentOrderId")...)
		case ff.left() == 0:
			return fail("The fulfillment order is not in an open state.", append(at, "fulfillmentOrderId")...)
		}
		if o == nil {
			o, place = ff.o, ff.place
		} else {
			ff.o = o
		}
		rows, some := part["fulfillmentOrderLineItems"]
		if !some || rows == nil {
			for _, l := range ff.lines {
				if l = o.line(l.id); l != nil && o.toSend(l) > 0 {
					sh.lines = append(sh.lines, shipLine{l, o.toSend(l)})
				}
			}
			continue
		}
		for k, row := range objects(rows) {
			where := append(slices.Clone(at), "fulfillmentOrderLineItems", strconv.Itoa(k))
			n, _ := plain("FulfillmentOrderLineItem", text(row["id"]))
			l := o.line(n)
			if l == nil || !slices.ContainsFunc(ff.lines, func(x *line) bool { return x.id == n }) {
				return fail("Fulfillment order line item does not exist.", append(where, "id")...)
			}
			qty := number(row["quantity"])
			for _, got := range sh.lines {
				if got.line == l {
					qty += got.qty
				}
			}
			if qty < 1 || qty > o.toSend(l) {
				return fail("Invalid fulfillment order line item quantity requested.", append(where, "quantity")...)
			}
			sh.lines = append(sh.lines, shipLine{l, number(row["quantity"])})
		}
	}
	if len(sh.lines) == 0 {
		return fail("There is nothing to fulfill.", "lineItemsByFulfillmentOrder")
	}
	if t, ok := in["trackingInfo"].(map[string]any); ok {
		sh.carrier, sh.number, sh.url = text(t["company"]), text(t["number"]), text(t["url"])
		if numbers, _ := t["numbers"].([]any); sh.number == "" && len(numbers) > 0 {
			sh.number = text(numbers[0])
		}
		if len([]rune(sh.number)) > 255 || len([]rune(sh.carrier)) > 255 {
			return fail("Tracking information is too long (maximum is 255 characters).", "trackingInfo")
		}
	}
	x.s.send(o, sh)
	return outcome("FulfillmentCreatePayload", m{"fulfillment": x.shipment(o, sh)}), nil
}
