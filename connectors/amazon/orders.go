package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	pageMost = 100
	overlap  = 3 * time.Minute
	// oldest is how far back the platform keeps orders.
	oldest = 2 * 365 * 24 * time.Hour
	// included are the parts of an order that are read.
	included = "BUYER,RECIPIENT,PROCEEDS,FULFILLMENT,PACKAGES"
)

// Orders lists orders changed since the cursor. The page token also carries the
// last change seen, since a listing is not promised to be in order.
func (s *Seller) Orders(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Order], error) {
	from := since.Since
	if from.IsZero() {
		from = s.now().Add(-oldest)
	}
	from = from.UTC().Truncate(time.Second)
	// Never a "before": one younger than two minutes is refused without a word why.
	q := url.Values{"lastUpdatedAfter": {from.Format(time.RFC3339)}, "marketplaceIds": {strings.Join(s.markets, ",")}, "includedData": {included}}
	if since.Limit > 0 {
		q.Set("maxResultsPerPage", strconv.Itoa(min(since.Limit, pageMost)))
	}
	last := time.Time{}
	if since.Token != "" {
		at, token, _ := strings.Cut(since.Token, "|")
		last, _ = time.Parse(time.RFC3339, at) // ours; if not, the next reading only starts earlier
		q.Set("paginationToken", token)
	}
	var a struct {
		Orders     []json.RawMessage `json:"orders"`
		Pagination struct {
			Next string `json:"nextToken"`
		} `json:"pagination"`
	}
	if err := s.get(ctx, "searchOrders", "/orders/2026-01-01/orders", q, &a); err != nil {
		return connectors.Page[connectors.Order]{}, err
	}
	page := connectors.Page[connectors.Order]{Next: connectors.Cursor{Since: from, Limit: since.Limit}}
	for _, raw := range a.Orders {
		w, err := decodeOrder(raw)
		o := connectors.Order{ID: w.ID}
		if err == nil {
			o, err = s.order(w, raw)
		}
		if w.Updated.After(last) {
			last = w.Updated.UTC()
		}
		if err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: o.ID, Err: errors.New(connectors.Redact(err.Error())), Raw: raw})
			continue
		}
		page.Items = append(page.Items, o)
	}
	if a.Pagination.Next != "" {
		page.More = true
		page.Next.Token = last.Format(time.RFC3339) + "|" + a.Pagination.Next
		return page, nil
	}
	if next := last.Add(-overlap); next.After(page.Next.Since) {
		page.Next.Since = next
	}
	return page, nil
}

// orderID is what the platform's order ids look like. A seller's own number
// cannot be asked for.
var orderID = regexp.MustCompile(`^[A-Z0-9]{3}-[0-9]{7}-[0-9]{7}$`)

// Order reads one order by the id that buyers see too.
func (s *Seller) Order(ctx context.Context, id string) (connectors.Order, error) {
	w, raw, err := s.read(ctx, id)
	if err != nil {
		return connectors.Order{}, err
	}
	o, err := s.order(w, raw)
	if err != nil {
		return o, fault(connectors.Invalid, "getOrder", "unreadable", err.Error())
	}
	return o, nil
}

func (s *Seller) read(ctx context.Context, id string) (wireOrder, []byte, error) {
	id = strings.TrimPrefix(strings.TrimSpace(id), "#")
	if !orderID.MatchString(id) {
		return wireOrder{}, nil, fault(connectors.NotFound, "getOrder", "not_an_order_id", "there is no order "+id)
	}
	var a struct {
		Order json.RawMessage `json:"order"`
	}
	if err := s.get(ctx, "getOrder", "/orders/2026-01-01/orders/"+id, url.Values{"includedData": {included}}, &a); err != nil {
		return wireOrder{}, nil, err
	}
	w, err := decodeOrder(a.Order)
	if err != nil {
		return w, nil, fault(connectors.Down, "getOrder", "unreadable", err.Error())
	}
	return w, a.Order, nil
}
