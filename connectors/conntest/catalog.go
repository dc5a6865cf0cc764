package conntest

import (
	"context"
	"testing"
	"time"

	"helloworld/connectors"
)

// list follows any listing to its end. A platform that prepares its answer may
// say Busy or hand out empty pages meanwhile.
func list[T any](t *testing.T, b *Bench, read func(context.Context, connectors.Cursor) (connectors.Page[T], error)) (items []T, bad []connectors.BadItem, pages int) {
	t.Helper()
	waits := 0
	wait := func() {
		if waits++; waits > 50 {
			t.Fatal("the listing is never ready")
		}
		if b.Settle != nil {
			b.Settle()
		}
	}
	for c := (connectors.Cursor{Limit: b.PageSize}); ; {
		p, err := read(t.Context(), c)
		if err != nil && connectors.KindOf(err) == connectors.Busy {
			wait()
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		items, bad = append(items, p.Items...), append(bad, p.Bad...)
		if len(p.Items) > 0 {
			pages++
		}
		if p.More != (p.Next.Token != "") {
			t.Fatalf("More is %v, and the token is %q", p.More, p.Next.Token)
		}
		if !p.More {
			return items, bad, pages
		}
		if len(p.Items) == 0 && len(p.Bad) == 0 {
			wait()
		} else if p.Next == c {
			t.Fatal("the cursor does not move")
		}
		if pages > 1000 {
			t.Fatal("the listing does not end")
		}
		c = p.Next
	}
}

func catalog(t *testing.T, b *Bench) connectors.CatalogReader {
	t.Helper()
	r, ok := b.Shop.(connectors.CatalogReader)
	if !ok {
		t.Skip("the adapter reads no listings")
	}
	return r
}

func itemsComplete(t *testing.T, b *Bench) {
	r := catalog(t, b)
	need(t, "Items", b.Items > 0)
	need(t, "SKU", b.SKU != "")
	items, bad, pages := list(t, b, r.Items)
	if len(bad) > 0 {
		t.Fatalf("unreadable: %v", bad[0].Err)
	}
	seen, odd := map[string]bool{}, false
	for _, i := range items {
		if seen[i.ID] {
			t.Errorf("item %s came twice", i.ID)
		}
		seen[i.ID] = true
		odd = odd || i.SKU == b.SKU
		if i.ID == "" || i.SKU == "" || i.Status == "" {
			t.Errorf("an incomplete item: %+v", i)
		}
		if i.Price.Minor < 0 || i.Price.Minor != 0 && i.Price.Currency == "" {
			t.Errorf("item %s: price %v", i.ID, i.Price)
		}
		if !i.Updated.IsZero() && i.Updated.Location() != time.UTC {
			t.Errorf("item %s: times are not in UTC", i.ID)
		}
		for _, l := range i.Stock {
			if l.SKU != i.SKU {
				t.Errorf("item %s has the stock of %q", i.SKU, l.SKU)
			}
		}
	}
	if len(seen) != b.Items {
		t.Errorf("%d items, want %d", len(seen), b.Items)
	}
	if pages < 2 {
		t.Errorf("%d page: the bench has too few items", pages)
	}
	if !odd {
		t.Errorf("%q is not among them, letter for letter", b.SKU)
	}
}

func itemPrice(t *testing.T, b *Bench) {
	r := catalog(t, b)
	need(t, "SKU and Price", b.SKU != "" && b.Price.Currency != "")
	items, _, _ := list(t, b, r.Items)
	for _, i := range items {
		if i.SKU == b.SKU {
			if i.Price != b.Price {
				t.Errorf("%q costs %v, want %v", i.SKU, i.Price, b.Price)
			}
			return
		}
	}
	t.Errorf("%q is not there", b.SKU)
}

func poisonItem(t *testing.T, b *Bench) {
	r := catalog(t, b)
	need(t, "PoisonItem", b.PoisonItem != nil && b.Items > 0)
	b.PoisonItem()
	items, bad, _ := list(t, b, r.Items)
	if len(bad) != 1 || len(items) != b.Items-1 {
		t.Fatalf("%d of %d items, %d unreadable", len(items), b.Items, len(bad))
	}
	if bad[0].ID == "" || bad[0].Err == nil || len(bad[0].Raw) == 0 {
		t.Errorf("the unreadable one is not told well: %+v", bad[0])
	}
	noSecrets(t, b, bad[0].Err)
}

func stockRead(t *testing.T, b *Bench) {
	r, ok := b.Shop.(connectors.StockReader)
	if !ok {
		t.Skip("the adapter reads no stock apart from its listings")
	}
	levels, bad, _ := list(t, b, r.Stock)
	if len(bad) > 0 {
		t.Fatalf("unreadable: %v", bad[0].Err)
	}
	if len(levels) == 0 {
		t.Error("the bench has no such stock")
	}
	seen := map[connectors.StockLevel]bool{}
	for _, l := range levels {
		key := connectors.StockLevel{SKU: l.SKU, Item: l.Item, Location: l.Location}
		if l.SKU == "" || seen[key] {
			t.Errorf("without SKU, or there twice: %+v", l)
		}
		seen[key] = true
	}
}

func stockWriter(t *testing.T, b *Bench) connectors.StockWriter {
	t.Helper()
	w, ok := b.Shop.(connectors.StockWriter)
	if !ok {
		t.Skip("the adapter sets no stock")
	}
	need(t, "Stock", b.Stock.Key != "" && b.Stock.SKU != "")
	need(t, "StockOf", b.StockOf != nil)
	return w
}

// set sets the rows and checks that one result came for each, in their order.
func set(t *testing.T, b *Bench, rows ...connectors.StockSet) []connectors.RowResult {
	t.Helper()
	out := stockWriter(t, b).SetStock(t.Context(), rows)
	if len(out) != len(rows) {
		t.Fatalf("%d results for %d rows", len(out), len(rows))
	}
	for i, r := range out {
		if r.SKU != rows[i].SKU {
			t.Errorf("result %d is of %q, row %d of %q", i, r.SKU, i, rows[i].SKU)
		}
		if r.State == "" {
			t.Errorf("row %d has no state: %+v", i, r)
		}
		noSecrets(t, b, r.Err)
	}
	return out
}

// taken: the platform has the row's quantity, or has it soon.
func taken(t *testing.T, b *Bench, row connectors.StockSet, r connectors.RowResult) {
	t.Helper()
	if r.Err != nil || r.State != connectors.StateApplied && r.State != connectors.StateAccepted {
		t.Fatalf("setting %q: %+v", row.SKU, r)
	}
	if r.State == connectors.StateAccepted && b.Settle != nil {
		b.Settle()
	}
	if got := b.StockOf(row.SKU); got != row.Quantity {
		t.Fatalf("the platform has %d of %q, want %d", got, row.SKU, row.Quantity)
	}
}

func stock(t *testing.T, b *Bench) {
	w := stockWriter(t, b)
	if b.StockOf(b.Stock.SKU) == b.Stock.Quantity {
		t.Fatalf("the bench's Stock changes nothing")
	}
	taken(t, b, b.Stock, set(t, b, b.Stock)[0])
	if n := len(w.SetStock(t.Context(), nil)); n != 0 {
		t.Errorf("%d results for no row", n)
	}
	r, ok := b.Shop.(connectors.CatalogReader)
	if !ok {
		return
	}
	items, _, _ := list(t, b, r.Items)
	told := false
	for _, i := range items {
		for _, l := range i.Stock {
			if l.SKU != b.Stock.SKU || b.Stock.Location != "" && l.Location != b.Stock.Location {
				continue
			}
			told = true
			if l.Available == b.Stock.Quantity {
				return
			}
		}
	}
	if told {
		t.Errorf("read back, %q has not the quantity %d", b.Stock.SKU, b.Stock.Quantity)
	}
}

// refusedRow: the row certainly did not happen, and it is said why.
func refusedRow(t *testing.T, r connectors.RowResult, kinds ...connectors.Kind) {
	t.Helper()
	if r.State != connectors.StateRejected || r.Err == nil {
		t.Fatalf("want a refusal, got %+v", r)
	}
	for _, k := range kinds {
		if connectors.KindOf(r.Err) == k {
			return
		}
	}
	t.Fatalf("kind %v, want %v: %v", connectors.KindOf(r.Err), kinds, r.Err)
}

func stockUnknown(t *testing.T, b *Bench) {
	stockWriter(t, b)
	need(t, "StockBad", b.StockBad.Key != "" && b.StockBad.SKU != "")
	out := set(t, b, b.StockBad, b.Stock)
	refusedRow(t, out[0], connectors.NotFound, connectors.Invalid, connectors.Conflict)
	taken(t, b, b.Stock, out[1])
}

func stockConflict(t *testing.T, b *Bench) {
	stockWriter(t, b)
	before := b.StockOf(b.Stock.SKU)
	row, was := b.Stock, before+1000
	row.Was = &was
	refusedRow(t, set(t, b, row)[0], connectors.Conflict)
	if got := b.StockOf(row.SKU); got != before {
		t.Errorf("the platform has %d, before it had %d", got, before)
	}
}

func stockTwice(t *testing.T, b *Bench) {
	stockWriter(t, b)
	taken(t, b, b.Stock, set(t, b, b.Stock)[0])
	taken(t, b, b.Stock, set(t, b, b.Stock)[0])
}

func stockLost(t *testing.T, b *Bench) {
	stockWriter(t, b)
	need(t, "Fail", b.Fail != nil)
	b.Fail(100, HangUp)
	r := set(t, b, b.Stock)[0]
	if r.Err == nil || r.State == connectors.StateApplied || r.State == connectors.StateAccepted {
		t.Fatalf("nothing was answered, and the result is %+v", r)
	}
	b.Fail(0, HangUp)
	taken(t, b, b.Stock, set(t, b, b.Stock)[0])
}

func bulk(t *testing.T, b *Bench) {
	r, ok := b.Shop.(connectors.Bulk)
	if !ok {
		t.Skip("the platform prepares no file of orders")
	}
	first, err := r.BulkStart(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	happened(t, first, connectors.StateAccepted, connectors.StateApplied)
	again, err := r.BulkStart(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if first.ID == "" || again.ID != first.ID {
		t.Errorf("asked twice, there are %q and %q", first.ID, again.ID)
	}
	for looks := 0; first.State != connectors.StateApplied; looks++ {
		if looks > 10 {
			t.Fatalf("it is never ready: %+v", first)
		}
		if b.Settle != nil {
			b.Settle()
		}
		if first, _, err = r.BulkState(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	err = r.BulkRead(t.Context(), first, func(o connectors.Order) error {
		checkOrder(t, o)
		seen[o.ID] = true
		return nil
	}, func(x connectors.BadItem) error { return x.Err })
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != b.Orders {
		t.Errorf("%d orders, want %d", len(seen), b.Orders)
	}
}
