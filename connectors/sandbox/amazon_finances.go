package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// currency is an amount as finances writes it: a JSON number. It is the decimal
// itself, so that no float is ever made of it here.
func (o *order) currencyAmount(minor int64) m {
	return m{"currencyCode": o.currency, "currencyAmount": json.Number(o.dec(minor))}
}

type transaction struct {
	order  *order
	refund *refund // nil for the sale itself
	at     time.Time
	id     string
}

type txPlace struct {
	From, To          time.Time
	Group, Status     string
	Order             string
	Offset            int
	MarketplaceIsElse bool
}

// txPage is how many transactions a page has.
const txPage = 100

func (w *World) amazonTransactions(c *call) reply {
	q, now := c.URL.Query(), w.now()
	var p txPlace
	if token := q.Get("nextToken"); token != "" {
		if !uncursor(token, &p) {
			return badInput("nextToken")
		}
	} else {
		p.Status = q.Get("transactionStatus")
		for name, t := range map[string]*time.Time{"postedAfter": &p.From, "postedBefore": &p.To} {
			if v := q.Get(name); v != "" {
				at, err := time.Parse(time.RFC3339, v)
				if err != nil {
					return badInput(name)
				}
				if at.After(now.Add(-2 * time.Minute)) {
					return badInput(name + " must be at least two minutes before the time of the request.")
				}
				*t = at
			}
		}
		name, value := q.Get("relatedIdentifierName"), q.Get("relatedIdentifierValue")
		switch {
		case (name == "") != (value == ""):
			return badInput("relatedIdentifierName and relatedIdentifierValue belong together.")
		case name == "" && p.From.IsZero():
			return badInput("postedAfter is required unless a related identifier is given.")
		case name == "ORDER_ID":
			p.Order = value
		case name == "FINANCIAL_EVENT_GROUP_ID":
			p.Group = value
		case name != "":
			return badInput("relatedIdentifierName")
		}
		if !p.To.IsZero() && !p.To.After(p.From) {
			return badInput("postedBefore must be after postedAfter.")
		}
		id := q.Get("marketplaceId")
		p.MarketplaceIsElse = id != "" && id != c.s.Marketplace
	}
	var list []*order
	if p.Order != "" {
		if o := c.s.order(p.Order); o != nil {
			list = []*order{o}
		}
	} else {
		// Sales are booked half a day after their orders, refunds when these change.
		from := p.From.Add(-13*time.Hour - w.o.FinanceLag)
		list = c.s.between(false, from, p.To).page(0, c.s.count())
		for _, o := range c.s.between(true, from, time.Time{}).page(0, c.s.count()) {
			if o.created.Before(from) {
				list = append(list, o)
			}
		}
	}
	if p.MarketplaceIsElse || p.Group != "" || p.Status != "" && p.Status != "RELEASED" {
		list = nil
	}
	var found []transaction
	add := func(t transaction) {
		if !t.at.After(now) && !t.at.Before(p.From) && (p.To.IsZero() || t.at.Before(p.To)) {
			found = append(found, t)
		}
	}
	for _, o := range list {
		if o.status != unshipped && o.status != cancelled { // money is booked when goods leave
			add(transaction{order: o, at: o.created.Add(12 * time.Hour), id: "sale-" + o.pay})
		}
		for _, r := range o.refunds {
			add(transaction{order: o, refund: r, at: r.settled, id: "refund-" + r.id})
		}
	}
	slices.SortFunc(found, func(a, b transaction) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	out := []m{}
	for _, t := range found[min(p.Offset, len(found)):min(p.Offset+txPage, len(found))] {
		out = append(out, t.json(c.s))
	}
	payload := m{"transactions": out}
	if p.Offset += txPage; p.Offset < len(found) {
		payload["nextToken"] = cursor(p)
	}
	return jsonReply(http.StatusOK, m{"payload": payload})
}

func (t transaction) json(s *store) m {
	o := t.order
	related := []m{{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": o.id}}
	kind, text, total := "Shipment", "Order Payment", o.total()
	var items []m
	item := func(l *line, price, tax, ship int64, id string) {
		amount := price + tax + ship
		parts := []m{{"breakdownType": "ProductCharges", "breakdownAmount": o.currencyAmount(price)}}
		if tax != 0 {
			parts = append(parts, m{"breakdownType": "Tax", "breakdownAmount": o.currencyAmount(tax)})
		}
		if ship != 0 {
			parts = append(parts, m{"breakdownType": "Shipping", "breakdownAmount": o.currencyAmount(ship)})
		}
		it := m{"description": l.title, "totalAmount": o.currencyAmount(amount), "breakdowns": parts,
			"contexts": []m{{"contextType": "ProductContext", "asin": l.item, "sku": l.sku, "quantityShipped": l.qty, "fulfillmentNetwork": "MFN"}}}
		if id != "" {
			it["relatedIdentifiers"] = []m{{"itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID", "itemRelatedIdentifierValue": id}}
		}
		items = append(items, it)
	}
	if r := t.refund; r != nil {
		kind, text, total = "Refund", "Refund Order", -r.amount
		related = append(related, m{"relatedIdentifierName": "REFUND_ID", "relatedIdentifierValue": r.id})
		for _, p := range r.parts {
			item(p.line, -p.price, -p.tax, -p.ship, r.key)
		}
	} else {
		for _, l := range o.lines {
			item(l, l.price, l.tax, l.ship, "")
		}
	}
	return m{"sellingPartnerMetadata": m{"sellingPartnerId": s.seller, "accountType": "PAYABLE", "marketplaceId": s.Marketplace}, "relatedIdentifiers": related,
		"transactionType": kind, "transactionId": t.id, "transactionStatus": "RELEASED", "description": text, "postedDate": stamp(t.at), "totalAmount": o.currencyAmount(total),
		"marketplaceDetails": m{"marketplaceId": s.Marketplace, "marketplaceName": s.site().name}, "items": items,
		"breakdowns": []m{{"breakdownType": "Sales", "breakdownAmount": o.currencyAmount(total)}}}
}
