package woo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	orderPage    = 50
	maxOrderPage = 100
	// overlap is how far before the last change seen the next reading starts.
	overlap = 5 * time.Minute
)

// place is where a listing stands: how many rows were passed, and the newest
// change seen on the way.
type place struct {
	offset int
	seen   time.Time
}

func (p place) token() string { return fmt.Sprintf("%d@%d", p.offset, p.seen.Unix()) }

func placeOf(token string) (place, error) {
	if token == "" {
		return place{}, nil
	}
	a, b, ok := strings.Cut(token, "@")
	off, err := strconv.Atoi(a)
	sec, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err != nil || err2 != nil || off < 0 {
		return place{}, errors.New("the cursor is not ours")
	}
	p := place{offset: off}
	if sec > 0 {
		p.seen = time.Unix(sec, 0).UTC()
	}
	return p, nil
}

// changed lists orders by their last change. each is given every row.
func (s *Shop) changed(ctx context.Context, op string, since connectors.Cursor, each func(json.RawMessage) (time.Time, error)) (next connectors.Cursor, more bool, total int, err error) {
	at, err := placeOf(since.Token)
	if err != nil {
		return next, false, 0, fail(connectors.Invalid, op, "cursor", err.Error())
	}
	limit := min(cmp.Or(max(since.Limit, 0), orderPage), maxOrderPage)
	q := url.Values{"orderby": {"modified"}, "order": {"asc"}, "per_page": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(at.offset)}, "dates_are_gmt": {"true"}}
	if !since.Since.IsZero() {
		q.Set("modified_after", wireTime(since.Since))
	}
	var list []json.RawMessage
	h, err := s.read(ctx, op, "/orders", q, &list)
	if err != nil {
		return next, false, 0, err
	}
	for _, raw := range list {
		t, err := each(raw)
		if err == nil && t.After(at.seen) {
			at.seen = t
		}
	}
	total = totalOf(h)
	next = connectors.Cursor{Since: since.Since, Limit: since.Limit}
	if len(list) > 0 && (at.offset+len(list) < total || total == 0 && len(list) == limit) {
		at.offset += max(1, len(list)-min(limit/4+1, 10, limit-1))
		next.Token = at.token()
		return next, true, total, nil
	}
	if t := at.seen.Add(-overlap); !at.seen.IsZero() && t.After(since.Since) {
		next.Since = t
	}
	return next, false, total, nil
}

// totalOf is how many rows there are; 0 where a cache took the header away.
func totalOf(h http.Header) int {
	n, err := strconv.Atoi(h.Get("X-WP-Total"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Orders lists orders changed since the cursor, the oldest change first.
func (s *Shop) Orders(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Order], error) {
	var page connectors.Page[connectors.Order]
	var err error
	page.Next, page.More, page.Total, err = s.changed(ctx, opOrders, since, func(raw json.RawMessage) (time.Time, error) {
		o, err := s.orderOf(raw)
		if err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: idOf(raw), Err: fail(connectors.Invalid, opOrders, "unreadable", err.Error()), Raw: raw})
			return time.Time{}, err
		}
		page.Items = append(page.Items, o)
		return o.Updated, nil
	})
	return page, err
}

func idOf(raw json.RawMessage) string {
	var w struct {
		ID json.RawMessage `json:"id"`
	}
	_ = json.Unmarshal(raw, &w) // what is not there stays empty
	text := strings.Trim(string(w.ID), `"`)
	if text == "" || len(text) > 60 {
		return "?"
	}
	return text
}

// Order reads one order by its id, or by the number that an extension gave it.
func (s *Shop) Order(ctx context.Context, id string) (connectors.Order, error) {
	raw, err := s.find(ctx, id)
	if err != nil {
		return connectors.Order{}, err
	}
	o, err := s.orderOf(raw)
	if err != nil {
		return connectors.Order{}, fail(connectors.Invalid, opOrder, "unreadable", err.Error())
	}
	return o, nil
}

func (s *Shop) find(ctx context.Context, id string) (json.RawMessage, error) {
	id = strings.TrimPrefix(strings.TrimSpace(id), "#")
	if id == "" || len(id) > 60 {
		return nil, fail(connectors.NotFound, opOrder, "number", "there is no such order")
	}
	if digits.MatchString(id) {
		var raw json.RawMessage
		_, err := s.read(ctx, opOrder, "/orders/"+id, nil, &raw)
		if err == nil || connectors.KindOf(err) != connectors.NotFound {
			return raw, err
		}
	}
	var list []json.RawMessage
	if _, err := s.read(ctx, opOrder, "/orders", url.Values{"search": {id}, "per_page": {"20"}}, &list); err != nil {
		return nil, err
	}
	for _, raw := range list {
		var w wireOrder
		if json.Unmarshal(raw, &w) == nil && string(w.Number) == id {
			return raw, nil
		}
	}
	return nil, fail(connectors.NotFound, opOrder, "number", "there is no such order")
}

var states = map[string]connectors.OrderStatus{
	"pending": connectors.OrderPending, "on-hold": connectors.OrderPending, "checkout-draft": connectors.OrderPending, "failed": connectors.OrderPending,
	"processing": connectors.OrderPaid, "completed": connectors.OrderShipped, "cancelled": connectors.OrderCancelled, "trash": connectors.OrderCancelled,
	"refunded": connectors.OrderRefunded,
}

func (s *Shop) orderOf(raw json.RawMessage) (connectors.Order, error) {
	var w wireOrder
	if err := json.Unmarshal(raw, &w); err != nil {
		return connectors.Order{}, err
	}
	if w.ID == "" || w.Created.IsZero() {
		return connectors.Order{}, errors.New("an order without id or time")
	}
	var errs []error
	money := func(d decimal) connectors.Money {
		m, err := amount(d, w.Currency)
		errs = append(errs, err)
		return m
	}
	o := connectors.Order{
		ID: string(w.ID), Number: cmp.Or(string(w.Number), string(w.ID)), Status: cmp.Or(states[w.Status], connectors.OrderOther), PlatformStatus: w.Status,
		Created: w.Created.Time, Updated: w.Modified.Time, Total: money(w.Total), Tax: money(w.Tax), Shipping: money(w.Shipping),
		Buyer: connectors.Buyer{Name: strings.TrimSpace(w.Billing.First + " " + w.Billing.Last), Email: w.Billing.Email,
			Country: cmp.Or(w.Delivery.Country, w.Billing.Country), Language: s.info.Language},
		Link: s.base + "/wp-admin/post.php?post=" + url.QueryEscape(string(w.ID)) + "&action=edit", Site: s.info.Language, Raw: raw,
	}
	o.Parcels = parcelsOf(w.Meta)
	if w.Customer != "0" {
		o.Buyer.ID = string(w.Customer)
	}
	if o.Updated.IsZero() {
		o.Updated = o.Created
	}
	o.Refunded = connectors.Money{Currency: w.Currency}
	for _, l := range w.Lines {
		if l.Quantity <= 0 || l.ID == "" {
			continue // an extension's line that nobody bought
		}
		o.Lines = append(o.Lines, connectors.OrderLine{ID: string(l.ID), SKU: l.SKU, Title: l.Name, Quantity: l.Quantity, Price: money(l.Total),
			Tax: money(l.Tax), Shipping: connectors.Money{Currency: w.Currency}, Refunded: connectors.Money{Currency: w.Currency}, Image: l.Image.Src})
	}
	for _, r := range w.Refunds {
		m := plus(money(r.Total))
		o.Refunded.Minor += m.Minor
		o.Refunds = append(o.Refunds, connectors.RefundSeen{ID: string(r.ID), Key: keyIn(r.Reason), Amount: m, State: connectors.StateApplied, Note: r.Reason})
	}
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return connectors.Order{}, errs[i]
	}
	return o, nil
}
