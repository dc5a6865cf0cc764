package shopify

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"helloworld/connectors"
)

// rowsAtOnce is how many quantities one mutation carries; the platform takes
// 250, but refuses all of them if one is wrong.
const rowsAtOnce = 100

type quantity struct {
	Item     string `json:"inventoryItemId"`
	Location string `json:"locationId"`
	Quantity int    `json:"quantity"`
	// Was is sent even when nothing is believed: the platform refuses its absence.
	Was *int `json:"changeFromQuantity"`
}

// row is a row on its way.
type row struct {
	at  int // its place in what was asked
	set connectors.StockSet
	q   quantity
}

// SetStock sets quantities and tells one result for each row.
//
// The platform takes many rows at once and does all or none of them. So the
// rows that it names as wrong are taken out, and the others sent again; if it
// names none, each goes alone. The key of a mutation comes from the keys and
// values of its rows: the same rows under the same keys are the same mutation.
func (s *Shop) SetStock(ctx context.Context, rows []connectors.StockSet) []connectors.RowResult {
	ctx = connectors.WithFresh(ctx)
	out := make([]connectors.RowResult, len(rows))
	var batch []row
	inBatch := map[[2]string]bool{}
	flush := func() {
		s.setRows(ctx, batch, out)
		batch, inBatch = nil, map[[2]string]bool{}
	}
	only := ""
	for i, r := range rows {
		out[i] = connectors.RowResult{SKU: r.SKU, State: connectors.StateRejected}
		q, err := s.quantity(ctx, r, &only)
		if err != nil {
			out[i] = failedRow(r.SKU, err)
			continue
		}
		// Of two rows for one place the later wins, so they must not go together.
		if place := [2]string{q.Item, q.Location}; inBatch[place] || len(batch) >= rowsAtOnce {
			flush()
		}
		inBatch[[2]string{q.Item, q.Location}] = true
		batch = append(batch, row{i, r, q})
	}
	flush()
	return out
}

// failedRow: nothing was sent for this row, or it was refused.
func failedRow(sku string, err error) connectors.RowResult {
	out := connectors.RowResult{SKU: sku, State: connectors.StateRejected, Err: err}
	var e *connectors.Error
	if errors.As(err, &e) {
		out.Code = e.Code
		switch e.Kind {
		case connectors.Unsure:
			out.State = connectors.StateUnknown
		case connectors.Busy, connectors.Down, connectors.Reauthorise, connectors.AppBroken:
			out.State = connectors.StateAbsent // may well be sent again later
		}
	}
	return out
}

// quantity finds what a row's SKU is set by, and where.
func (s *Shop) quantity(ctx context.Context, r connectors.StockSet, only *string) (quantity, error) {
	q := quantity{Item: r.Item, Location: r.Location, Quantity: r.Quantity, Was: r.Was}
	if r.Key == "" || r.SKU == "" && r.Item == "" {
		return q, invalid("SetAvailable", "incomplete", "a quantity needs a key and a SKU")
	}
	if digits(q.Item) {
		q.Item = "gid://shopify/InventoryItem/" + q.Item
	}
	if digits(q.Location) {
		q.Location = "gid://shopify/Location/" + q.Location
	}
	if q.Item == "" {
		w, err := s.findItem(ctx, r.SKU)
		if err != nil {
			return q, certain(err)
		}
		q.Item = w.ID
		if q.Location == "" && len(w.Levels.Nodes) == 1 && !w.Levels.Page.More {
			q.Location = w.Levels.Nodes[0].Location.ID
		}
	}
	if q.Location != "" {
		return q, nil
	}
	if *only == "" {
		all, err := s.Locations(ctx)
		if err != nil {
			return q, certain(err)
		}
		for _, l := range all {
			if !l.Active {
				continue
			}
			if *only != "" {
				*only = ""
				return q, invalid("SetAvailable", "location_needed", "the shop has several locations: name one")
			}
			*only = l.ID
		}
	}
	if *only == "" {
		return q, invalid("SetAvailable", "location_needed", "the shop has no location that is in use")
	}
	q.Location = *only
	return q, nil
}

// setRows sends rows, and again those that were refused only for others' sake.
func (s *Shop) setRows(ctx context.Context, rows []row, out []connectors.RowResult) {
	for len(rows) > 0 {
		bad, err := s.sendRows(ctx, rows)
		switch {
		case err != nil:
			for _, r := range rows {
				out[r.at] = failedRow(r.set.SKU, err)
			}
			return
		case len(bad) == 0:
			for _, r := range rows {
				out[r.at] = connectors.RowResult{SKU: r.set.SKU, State: connectors.StateApplied}
			}
			return
		}
		if all, ok := bad[-1]; ok { // it does not say which
			if len(rows) > 1 {
				for i := range rows {
					s.setRows(ctx, rows[i:i+1], out)
				}
				return
			}
			bad = map[int]stockError{0: all}
		}
		var rest []row
		for i, r := range rows {
			if e, ok := bad[i]; ok {
				out[r.at] = s.badRow(ctx, r, e)
			} else {
				rest = append(rest, r)
			}
		}
		if len(rest) == len(rows) {
			return // it named rows that we did not send: theirs stay rejected
		}
		rows = rest
	}
}

type stockError struct {
	Code    string   `json:"code"`
	Field   []string `json:"field"`
	Message string   `json:"message"`
}

// sendRows makes one mutation. bad tells the rows that it named as wrong; -1
// stands for all of them.
func (s *Shop) sendRows(ctx context.Context, rows []row) (bad map[int]stockError, err error) {
	qs := make([]quantity, len(rows))
	for i, r := range rows {
		qs[i] = r.q
	}
	var d struct {
		Set *struct {
			Errors []stockError `json:"userErrors"`
		} `json:"inventorySetQuantities"`
	}
	vars := map[string]any{"input": stockInput(qs), "key": rowsKey(rows)}
	if err := s.query(ctx, "SetAvailable", opSetStock, vars, false, &d); err != nil {
		return nil, err
	}
	if d.Set == nil {
		return nil, &connectors.Error{Platform: Platform, Op: "SetAvailable", Code: "no_answer", Err: errors.New("the answer does not say what was done")}
	}
	bad = map[int]stockError{}
	for _, e := range d.Set.Errors {
		at := -1
		for i, f := range e.Field {
			if f == "quantities" && i+1 < len(e.Field) {
				if n, err := strconv.Atoi(e.Field[i+1]); err == nil && n >= 0 && n < len(rows) {
					at = n
				}
			}
		}
		bad[at] = e
	}
	return bad, nil
}

func stockInput(qs []quantity) map[string]any {
	return map[string]any{"name": "available", "reason": "correction", "quantities": qs}
}

// rowsKey is one row's own key, or one made of all rows'.
func rowsKey(rows []row) string {
	if len(rows) == 1 {
		return rows[0].set.Key
	}
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, r := range rows {
		_ = enc.Encode(struct {
			Key string
			Q   quantity
		}{r.set.Key, r.q}) // a hash takes everything
	}
	id, err := uuid.FromBytes(h.Sum(nil)[:16])
	if err != nil {
		return rows[0].set.Key
	}
	return id.String()
}

// badRow is what became of a row that was refused. One that is refused because
// the quantity is not what it was believed to be may be refused because this
// very change has happened before: then it is as it should be.
func (s *Shop) badRow(ctx context.Context, r row, e stockError) connectors.RowResult {
	kind, ok := stockKinds[e.Code]
	if !ok {
		kind = connectors.Invalid
	}
	out := connectors.RowResult{SKU: r.set.SKU, State: connectors.StateRejected, Code: e.Code,
		Err: &connectors.Error{Kind: kind, Platform: Platform, Op: "SetAvailable", Code: e.Code, Err: errors.New(connectors.Redact(e.Message))}}
	if kind == connectors.Unsure {
		out.State = connectors.StateUnknown
	}
	if kind == connectors.Invalid || kind == connectors.NotFound {
		return out
	}
	var d struct {
		Item *struct {
			Level *wireLevel `json:"inventoryLevel"`
		} `json:"inventoryItem"`
	}
	if err := s.query(ctx, "Level", opLevel, map[string]any{"item": r.q.Item, "location": r.q.Location}, true, &d); err != nil {
		return out // the refusal stands
	}
	if d.Item != nil && d.Item.Level != nil && d.Item.Level.level("", "").Available == r.q.Quantity {
		return connectors.RowResult{SKU: r.set.SKU, State: connectors.StateApplied, Code: strings.ToLower(e.Code)}
	}
	return out
}
