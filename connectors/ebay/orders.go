package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	orderPage    = 50
	maxOrderPage = 200
	// overlap is how far before the last change seen the next reading starts.
	overlap = 5 * time.Minute
	// oldest is as far back as eBay answers: two years, less a day for the clocks
	// and one for the rounding.
	oldest = (2*365 - 2) * 24 * time.Hour
	// scanPages bounds the search for a number that is not an id.
	scanPages = 10
)

// place is where a listing stands: how many were passed, and the last change seen.
type place struct {
	Offset int       `json:"o"`
	Seen   time.Time `json:"s,omitzero"`
}

func (p place) token() string {
	return strconv.Itoa(p.Offset) + "@" + strconv.FormatInt(p.Seen.UnixMilli(), 10)
}

func placeOf(token string) (place, error) {
	if token == "" {
		return place{}, nil
	}
	a, b, ok := strings.Cut(token, "@")
	off, err := strconv.Atoi(a)
	ms, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err != nil || err2 != nil || off < 0 {
		return place{}, errors.New("the cursor is not ours")
	}
	p := place{Offset: off}
	if ms > 0 {
		p.Seen = time.UnixMilli(ms).UTC()
	}
	return p, nil
}

// Orders lists orders changed since the cursor.
func (s *Shop) Orders(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Order], error) {
	var page connectors.Page[connectors.Order]
	at, err := placeOf(since.Token)
	if err != nil {
		return page, invalid(opOrders, "cursor", err.Error())
	}
	limit := since.Limit
	if limit <= 0 {
		limit = orderPage
	}
	limit = min(limit, maxOrderPage)
	// Whole days, so that all pages of one listing count from the same beginning.
	from := s.now().Add(-oldest).UTC().Truncate(24 * time.Hour)
	if since.Since.After(from) {
		from = since.Since
	}
	var list wireOrders
	q := url.Values{"filter": {"lastmodifieddate:[" + stamp(from) + "..]"}, "limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(at.Offset)}}
	if err := s.read(ctx, opOrders, s.base+"/sell/fulfillment/v1/order", q, &list); err != nil {
		return page, err
	}
	page.Total = list.Total
	for _, raw := range list.Orders {
		o, err := s.orderOf(raw)
		if err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: idOf(raw), Err: invalid(opOrders, "unreadable", err.Error()), Raw: raw})
			continue
		}
		if o.Updated.After(at.Seen) {
			at.Seen = o.Updated
		}
		page.Items = append(page.Items, o)
	}
	page.Next = connectors.Cursor{Since: since.Since, Limit: since.Limit}
	if at.Offset+len(list.Orders) < list.Total && len(list.Orders) > 0 {
		// An order that changes meanwhile goes to the end, and all behind it move
		// up by one: the next page starts a little before this one's end.
		at.Offset += max(1, len(list.Orders)-min(limit/4+1, 10, limit-1))
		page.Next.Token, page.More = at.token(), true
		return page, nil
	}
	if !at.Seen.IsZero() && at.Seen.Add(-overlap).After(since.Since) {
		page.Next.Since = at.Seen.Add(-overlap)
	}
	return page, nil
}

// idOf is the id of an order that could not be read whole.
func idOf(raw json.RawMessage) string {
	var w struct {
		ID string `json:"orderId"`
	}
	_ = json.Unmarshal(raw, &w) // what is not there stays empty
	if w.ID == "" {
		return "?"
	}
	return cut(w.ID, 60)
}

// Order reads an order by its id, or by the number of its sales record.
func (s *Shop) Order(ctx context.Context, id string) (connectors.Order, error) {
	w, raw, err := s.find(ctx, id)
	if err != nil {
		return connectors.Order{}, err
	}
	o, err := s.order(w, raw)
	if err != nil {
		return connectors.Order{}, invalid(opOrder, "unreadable", err.Error())
	}
	o.Parcels = s.parcels(ctx, w)
	return o, nil
}

// find reads the truth about one order.
func (s *Shop) find(ctx context.Context, id string) (wireOrder, json.RawMessage, error) {
	id = strings.TrimPrefix(strings.TrimSpace(id), "#")
	if id == "" {
		return wireOrder{}, nil, notFound(opOrder, id)
	}
	if strings.Trim(id, "0123456789") == "" && len(id) < 10 {
		found, err := s.record(ctx, id)
		if err != nil {
			return wireOrder{}, nil, err
		}
		id = found
	}
	var raw []byte
	if err := s.read(ctx, opOrder, s.base+"/sell/fulfillment/v1/order/"+url.PathEscape(id), nil, (*json.RawMessage)(&raw)); err != nil {
		return wireOrder{}, nil, err
	}
	w, err := readOrder(raw)
	if err != nil {
		return w, nil, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opOrder, Code: "malformed", Err: err}
	}
	return w, raw, nil
}

// record finds the id of an order by the number of its sales record. eBay cannot
// be asked for it, so the orders of the last three months are gone through,
// newest first.
func (s *Shop) record(ctx context.Context, number string) (string, error) {
	ask := func(offset int) (wireOrders, error) {
		var list wireOrders
		q := url.Values{"limit": {strconv.Itoa(maxOrderPage)}, "offset": {strconv.Itoa(offset)}}
		return list, s.read(ctx, opOrders, s.base+"/sell/fulfillment/v1/order", q, &list)
	}
	look := func(list wireOrders) string {
		for _, raw := range list.Orders {
			if w, err := readOrder(raw); err == nil && w.Record == number {
				return w.ID
			}
		}
		return ""
	}
	first, err := ask(0)
	if err != nil {
		return "", err
	}
	last := max(0, (first.Total-1)/maxOrderPage)
	for i := range scanPages {
		n := last - i
		list := first
		if n < 0 {
			break
		}
		if n > 0 {
			if list, err = ask(n * maxOrderPage); err != nil {
				return "", err
			}
		}
		if id := look(list); id != "" {
			return id, nil
		}
	}
	return "", notFound(opOrder, number)
}

func (s *Shop) orderOf(raw json.RawMessage) (connectors.Order, error) {
	w, err := readOrder(raw)
	if err != nil {
		return connectors.Order{}, err
	}
	return s.order(w, raw)
}

// order makes our order of eBay's.
func (s *Shop) order(w wireOrder, raw []byte) (connectors.Order, error) {
	o := connectors.Order{ID: w.ID, Number: w.Record, Raw: raw, Site: s.site(""),
		PlatformStatus: strings.Trim(w.Payment+"/"+w.Shipping+"/"+w.Cancel.State, "/"),
		Buyer:          connectors.Buyer{ID: w.Buyer.Username, Name: w.Buyer.Address.Name, Email: w.Buyer.Address.Email, Country: w.Buyer.Address.Address.Country},
		Link:           "https://www.ebay.com/mesh/ord/details?orderid=" + url.QueryEscape(w.ID),
	}
	if o.Number == "" {
		o.Number = w.ID
	}
	if len(w.Instructions) > 0 {
		to := w.Instructions[0].Step.To
		o.Buyer.Name, o.Buyer.Email = orElse(o.Buyer.Name, to.Name), orElse(o.Buyer.Email, to.Email)
		o.Buyer.Country = orElse(to.Address.Country, o.Buyer.Country)
	}
	o.Buyer.Country = orElse(o.Buyer.Country, w.Buyer.Tax.Country)
	var err error
	if o.Created, err = when(w.Created); err != nil {
		return o, fmt.Errorf("order %s: creationDate: %w", w.ID, err)
	}
	if o.Updated, err = when(w.Modified); err != nil {
		return o, fmt.Errorf("order %s: lastModifiedDate: %w", w.ID, err)
	}
	if o.Created.IsZero() {
		return o, fmt.Errorf("order %s: it has no date", w.ID)
	}
	if o.Updated.IsZero() {
		o.Updated = o.Created
	}
	var m sums
	o.Total, o.Tax = m.of(w.Pricing.Total), m.of(w.Pricing.Tax)
	if o.Total.Currency == "" && m.err == nil {
		return o, fmt.Errorf("order %s: it has no total", w.ID)
	}
	o.Shipping = m.add(m.of(w.Pricing.Delivery), m.of(w.Pricing.DeliveryDiscount))
	none := connectors.Money{Currency: o.Total.Currency}
	for _, l := range w.Lines {
		line := connectors.OrderLine{ID: l.ID, SKU: l.SKU, Title: l.Title, Quantity: l.Quantity, Price: m.of(l.Cost), Refunded: none}
		if l.Reduced != nil {
			line.Price = m.of(l.Reduced)
		}
		line.Shipping = m.of(l.Delivery.Shipping)
		line.Tax = none
		for _, t := range l.Taxes {
			line.Tax = m.add(line.Tax, m.of(t.Amount))
		}
		for _, r := range l.Refunds {
			line.Refunded = m.add(line.Refunded, m.of(r.Amount))
		}
		o.Lines = append(o.Lines, line)
		if t := l.Purchase; t != "" {
			o.Site = s.site(t)
		}
	}
	o.Refunds = refundsOf(w, &m)
	o.Refunded = none
	for _, r := range o.Refunds {
		if r.State != connectors.StateRejected {
			o.Refunded = m.add(o.Refunded, r.Amount)
		}
	}
	if m.err != nil {
		return o, fmt.Errorf("order %s: %w", w.ID, m.err)
	}
	o.Status = status(w)
	return o, nil
}

func status(w wireOrder) connectors.OrderStatus {
	if w.Cancel.State == "CANCELED" {
		return connectors.OrderCancelled
	}
	pending := w.Payment == "PENDING" && len(w.PaymentSummary.Refunds) == 0
	switch w.Payment {
	case "FULLY_REFUNDED":
		return connectors.OrderRefunded
	case "PENDING", "PAID", "PARTIALLY_REFUNDED", "FAILED", "":
	default:
		return connectors.OrderOther
	}
	switch {
	case w.Shipping == "FULFILLED":
		return connectors.OrderShipped
	case w.Shipping == "IN_PROGRESS":
		return connectors.OrderPartly
	case w.Shipping != "NOT_STARTED":
		return connectors.OrderOther
	case pending || w.Payment == "FAILED":
		return connectors.OrderPending
	}
	return connectors.OrderPaid
}

// refundsOf lists the refunds of an order: those of the order and those of its
// lines, each once. A refund of several lines has one id on all of them.
func refundsOf(w wireOrder, m *sums) []connectors.RefundSeen {
	var out []connectors.RefundSeen
	index := map[string]int{}
	take := func(r wireRefund, part bool) {
		at, err := when(r.Date)
		if err != nil {
			at = time.Time{} // a date that cannot be read costs the date only
		}
		seen := connectors.RefundSeen{ID: r.ID, Amount: m.of(r.Amount), State: r.state(), At: at}
		if i, ok := index[r.ID]; ok && r.ID != "" {
			if part && out[i].Note == "line" {
				out[i].Amount = m.add(out[i].Amount, seen.Amount)
			}
			return
		}
		if part {
			seen.Note = "line"
		}
		if r.ID != "" {
			index[r.ID] = len(out)
		}
		out = append(out, seen)
	}
	for _, r := range w.PaymentSummary.Refunds {
		take(r, false)
	}
	for _, l := range w.Lines {
		for _, r := range l.Refunds {
			take(r, true)
		}
	}
	for i := range out {
		out[i].Note = ""
	}
	return out
}

// sums adds money and keeps the first thing that went wrong, since amounts of
// two currencies in one order are eBay's doing and must not stop the desk.
type sums struct{ err error }

func (m *sums) of(a *wireAmount) connectors.Money {
	v, err := a.money()
	if err != nil && m.err == nil {
		m.err = err
	}
	return v
}

func (m *sums) add(a, b connectors.Money) connectors.Money {
	if a.Currency != "" && b.Currency != "" && a.Currency != b.Currency {
		if m.err == nil {
			m.err = fmt.Errorf("%w: %s and %s in one order", connectors.ErrMoney, a.Currency, b.Currency)
		}
		return a
	}
	return a.Add(b)
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
