package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	pageDefault = 15
	pageMost    = 50
	// overlap is read again at each start, since changes become visible a little late.
	overlap = 2 * time.Minute
	// longId is the number of digits from which a number is an id first: order
	// numbers that people say are shorter.
	longID = 10
)

// Orders lists orders changed since the cursor, oldest change first.
func (s *Shop) Orders(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Order], error) {
	limit := since.Limit
	if limit <= 0 {
		limit = pageDefault
	}
	limit = min(limit, pageMost)
	vars := map[string]any{}
	if since.Token != "" {
		vars["after"] = since.Token
	}
	if !since.Since.IsZero() {
		// Unquoted, the platform reads the time in the shop's zone.
		vars["query"] = "updated_at:>='" + since.Since.UTC().Format(time.RFC3339) + "'"
	}
	var d struct {
		Orders struct {
			Nodes []json.RawMessage `json:"nodes"`
			Page  pageInfo          `json:"pageInfo"`
		} `json:"orders"`
	}
	for {
		vars["first"] = limit
		err := s.query(ctx, "Orders", opOrders, vars, true, &d)
		var e *connectors.Error
		if errors.As(err, &e) && e.Code == "MAX_COST_EXCEEDED" && limit > 1 {
			limit /= 2 // what one query may cost differs by plan
			continue
		}
		if err != nil {
			return connectors.Page[connectors.Order]{}, err
		}
		break
	}
	page := connectors.Page[connectors.Order]{Next: connectors.Cursor{Since: since.Since, Limit: since.Limit}}
	last := since.Since
	for _, raw := range d.Orders.Nodes {
		o, updated, err := s.listed(ctx, raw)
		if updated.After(last) {
			last = updated
		}
		if err != nil {
			if kind := connectors.KindOf(err); kind != connectors.Unsure && kind != connectors.NotFound {
				return connectors.Page[connectors.Order]{}, err // reading on failed, not this order
			}
			page.Bad = append(page.Bad, connectors.BadItem{ID: o.ID, Err: errors.New(connectors.Redact(err.Error())), Raw: raw})
			continue
		}
		page.Items = append(page.Items, o)
	}
	if d.Orders.Page.More && d.Orders.Page.End != "" {
		page.More, page.Next.Token = true, d.Orders.Page.End
		return page, nil
	}
	if next := last.Add(-overlap); !last.IsZero() && next.After(page.Next.Since) {
		page.Next.Since = next.UTC()
	}
	return page, nil
}

// listed reads an order out of a list; a long one is fetched whole.
func (s *Shop) listed(ctx context.Context, raw []byte) (connectors.Order, time.Time, error) {
	w, err := decodeOrder(raw)
	if err != nil {
		var head struct {
			ID      string    `json:"id"`
			Updated time.Time `json:"updatedAt"`
		}
		_ = json.Unmarshal(raw, &head) // as much as can be said about it
		return connectors.Order{ID: head.ID}, head.Updated, err
	}
	if w.Lines.Page.More || len(w.Refunds) >= 10 {
		o, err := s.byID(ctx, w.ID)
		o.ID = w.ID
		return o, w.Updated, err
	}
	o, err := s.order(w, raw)
	return o, w.Updated, err
}

// Order reads one order by the platform's id or by the number people say.
func (s *Shop) Order(ctx context.Context, id string) (connectors.Order, error) {
	gid, err := s.find(ctx, id)
	if err != nil {
		return connectors.Order{}, err
	}
	return s.byID(ctx, gid)
}

// find makes a global id of what people write: "#1001", "1001", "EU-1001", an id.
func (s *Shop) find(ctx context.Context, id string) (string, error) {
	id = strings.TrimSpace(id)
	switch {
	case strings.HasPrefix(id, "gid://shopify/Order/"):
		return id, nil
	case id == "" || len(id) > 64 || strings.ContainsAny(id, "'\"\\\n\r"):
		return "", notFound("FindOrder", id)
	case digits(id) && len(id) >= longID:
		return "gid://shopify/Order/" + id, nil
	}
	names := []string{id}
	if !strings.HasPrefix(id, "#") {
		names = []string{"#" + id, id}
	}
	for _, name := range names {
		var d struct {
			Orders struct {
				Nodes []struct {
					ID   string `json:"id"`
					Name string `json:"name"`
				} `json:"nodes"`
			} `json:"orders"`
		}
		if err := s.query(ctx, "FindOrder", opFind, map[string]any{"query": "name:'" + name + "'"}, true, &d); err != nil {
			return "", err
		}
		for _, n := range d.Orders.Nodes {
			// The platform's search also finds what only begins alike.
			if strings.EqualFold(strings.TrimPrefix(n.Name, "#"), strings.TrimPrefix(id, "#")) {
				return n.ID, nil
			}
		}
	}
	return "", notFound("FindOrder", id)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (s *Shop) byID(ctx context.Context, gid string) (connectors.Order, error) {
	w, raw, err := s.read(ctx, gid)
	if err != nil {
		return connectors.Order{}, err
	}
	o, err := s.order(w, raw)
	if err != nil {
		return o, invalid("Order", "unreadable", err.Error())
	}
	return o, nil
}

// read fetches an order with all its lines.
func (s *Shop) read(ctx context.Context, gid string) (wireOrder, []byte, error) {
	var d struct {
		Order json.RawMessage `json:"order"`
	}
	if err := s.query(ctx, "Order", opOrder, map[string]any{"id": gid}, true, &d); err != nil {
		return wireOrder{}, nil, err
	}
	if len(d.Order) == 0 || string(d.Order) == "null" {
		return wireOrder{}, nil, notFound("Order", gid)
	}
	w, err := decodeOrder(d.Order)
	if err != nil {
		return w, nil, invalid("Order", "unreadable", err.Error())
	}
	for page := w.Lines.Page; page.More; {
		var more struct {
			Order *struct {
				Lines wireLines `json:"lineItems"`
			} `json:"order"`
		}
		if err := s.query(ctx, "OrderLines", opLines, map[string]any{"id": gid, "after": page.End}, true, &more); err != nil {
			return w, nil, err
		}
		if more.Order == nil || len(more.Order.Lines.Nodes) == 0 || more.Order.Lines.Page.End == page.End {
			break // a page that leads nowhere is the end
		}
		w.Lines.Nodes = append(w.Lines.Nodes, more.Order.Lines.Nodes...)
		page = more.Order.Lines.Page
	}
	return w, d.Order, nil
}
