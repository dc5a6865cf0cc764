package woo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"helloworld/connectors"
)

// stockBatch is how many products one call may carry.
const stockBatch = 100

type askStock struct {
	ID       json.Number `json:"id"`
	Managed  bool        `json:"manage_stock"`
	Quantity int         `json:"stock_quantity"`
}

// SetStock sets each row. WooCommerce does not compare and set: what a row is
// believed to be is compared with a look just before.
func (s *Shop) SetStock(ctx context.Context, rows []connectors.StockSet) []connectors.RowResult {
	out := make([]connectors.RowResult, len(rows))
	groups := map[string][]int{} // by the product whose variations they are
	var order []string
	at := make([]target, len(rows))
	for i, row := range rows {
		out[i].SKU = row.SKU
		t, now, err := s.locate(ctx, row)
		switch {
		case err != nil:
			out[i].State, out[i].Code, out[i].Err = notSet(err), codeOf(err), err
			continue
		case row.Was != nil && *row.Was != now:
			err := fail(connectors.Conflict, opStock, "changed", "the quantity is not what it was believed to be")
			out[i].State, out[i].Code, out[i].Err = connectors.StateRejected, "changed", err
			continue
		}
		at[i] = t
		if groups[t.parent] == nil {
			order = append(order, t.parent)
		}
		groups[t.parent] = append(groups[t.parent], i)
	}
	for _, parent := range order {
		for g := groups[parent]; len(g) > 0; g = g[min(stockBatch, len(g)):] {
			s.setGroup(ctx, parent, g[:min(stockBatch, len(g))], rows, at, out)
		}
	}
	return out
}

// notSet is the state of a row that did not go out.
func notSet(err error) connectors.State {
	switch connectors.KindOf(err) {
	case connectors.Invalid, connectors.NotFound, connectors.Conflict, connectors.Unsupported:
		return connectors.StateRejected
	}
	return connectors.StateAbsent
}

// locate finds what a row is about, and its quantity now.
func (s *Shop) locate(ctx context.Context, row connectors.StockSet) (target, int, error) {
	if row.Quantity < 0 {
		return target{}, 0, fail(connectors.Invalid, opStock, "quantity", "a quantity below nothing")
	}
	if row.Item != "" {
		t, ok := targetOf(row.Item)
		if !ok {
			return target{}, 0, fail(connectors.NotFound, opStock, "item", "there is no such item")
		}
		if row.Was == nil {
			return t, 0, nil
		}
		path := "/products/" + t.id
		if t.parent != "" {
			path = "/products/" + t.parent + "/variations/" + t.id
		}
		var w wireItem
		if _, err := s.read(ctx, opStock, path, nil, &w); err != nil {
			return target{}, 0, err
		}
		n, err := w.available()
		return t, n, err
	}
	var list []json.RawMessage
	if _, err := s.read(ctx, opStock, "/products", url.Values{"sku": {row.SKU}, "status": {"any"}}, &list); err != nil {
		return target{}, 0, err
	}
	for _, raw := range list {
		var w wireItem
		if json.Unmarshal(raw, &w) != nil || w.SKU != row.SKU || w.ID == "" {
			continue // the shop splits what it looks for at commas
		}
		t := target{id: string(w.ID)}
		if w.Type == "variation" {
			t.parent = string(w.Parent)
		}
		n, err := w.available()
		return t, n, err
	}
	return target{}, 0, fail(connectors.NotFound, opStock, "sku", "there is no such SKU")
}

func (w wireItem) available() (int, error) {
	if w.Quantity == nil {
		return 0, nil
	}
	n, err := quantity(*w.Quantity)
	if err != nil {
		return 0, fail(connectors.Invalid, opStock, "unreadable", err.Error())
	}
	return n, nil
}

// setGroup sets rows of one call, and tells what became of each.
func (s *Shop) setGroup(ctx context.Context, parent string, group []int, rows []connectors.StockSet, at []target, out []connectors.RowResult) {
	path := "/products/batch"
	if parent != "" {
		path = "/products/" + parent + "/variations/batch"
	}
	var in struct {
		Update []askStock `json:"update"`
	}
	for _, i := range group {
		in.Update = append(in.Update, askStock{ID: json.Number(at[i].id), Managed: true, Quantity: rows[i].Quantity})
	}
	var done struct {
		Update []struct {
			ID    ident `json:"id"`
			Error *struct {
				Code string `json:"code"`
			} `json:"error"`
		} `json:"update"`
	}
	err := s.write(ctx, opStock, http.MethodPost, path, in, &done)
	for k, i := range group {
		r := &out[i]
		switch {
		case err != nil:
			r.State, r.Code, r.Err = notSet(err), codeOf(err), err
			if connectors.KindOf(err) == connectors.Unsure {
				r.State = connectors.StateUnknown
			}
		case k >= len(done.Update) || string(done.Update[k].ID) != at[i].id:
			r.State, r.Err = connectors.StateUnknown, fail(connectors.Unsure, opStock, "not_told", "the answer does not say what became of this row")
		case done.Update[k].Error != nil:
			code := done.Update[k].Error.Code
			kind, ok := codes[code]
			if !ok {
				kind = connectors.Invalid
			}
			r.State, r.Code, r.Err = connectors.StateRejected, code, fail(kind, opStock, code, "the shop did not set this row")
		default:
			r.State = connectors.StateApplied
		}
	}
}
