package conntest

import (
	"testing"
	"time"

	"helloworld/connectors"
)

// readAll follows a listing to its end.
func readAll(t *testing.T, b *Bench, from connectors.Cursor) (orders []connectors.Order, bad []connectors.BadItem, next connectors.Cursor) {
	t.Helper()
	r := reader(t, b)
	for c, pages := from, 0; ; pages++ {
		if pages > 1000 {
			t.Fatal("the listing does not end")
		}
		p, err := r.Orders(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		orders, bad = append(orders, p.Items...), append(bad, p.Bad...)
		if p.More != (p.Next.Token != "") {
			t.Fatalf("More is %v, and the token is %q", p.More, p.Next.Token)
		}
		if !p.More {
			return orders, bad, p.Next
		}
		if p.Next == c {
			t.Fatal("the cursor does not move")
		}
		c = p.Next
	}
}

func ordersComplete(t *testing.T, b *Bench) {
	orders, bad, next := readAll(t, b, connectors.Cursor{Limit: b.PageSize})
	if len(bad) > 0 {
		t.Fatalf("unreadable: %v", bad[0].Err)
	}
	seen := map[string]bool{}
	var last time.Time
	for _, o := range orders {
		seen[o.ID] = true
		checkOrder(t, o)
		if o.Updated.After(last) {
			last = o.Updated
		}
	}
	if len(seen) != b.Orders {
		t.Errorf("%d orders, want %d", len(seen), b.Orders)
	}
	if next.Since.IsZero() || next.Since.After(last) {
		t.Errorf("the next reading starts at %v, the last change was at %v", next.Since, last)
	}
}

func checkOrder(t *testing.T, o connectors.Order) {
	t.Helper()
	if o.ID == "" || o.Number == "" || o.Status == "" || o.Created.IsZero() || o.Updated.IsZero() {
		t.Errorf("an incomplete order: %+v", o)
	}
	if o.Created.Location() != time.UTC || o.Updated.Location() != time.UTC {
		t.Errorf("order %s: times are not in UTC", o.Number)
	}
	if o.Total.Currency == "" || o.Total.Minor < 0 {
		t.Errorf("order %s: total %v", o.Number, o.Total)
	}
	for _, l := range o.Lines {
		if l.ID == "" || l.Quantity <= 0 {
			t.Errorf("order %s: line %+v", o.Number, l)
		}
	}
}

func ordersSince(t *testing.T, b *Bench) {
	all, _, next := readAll(t, b, connectors.Cursor{Limit: b.PageSize})
	again, _, _ := readAll(t, b, connectors.Cursor{Since: next.Since, Limit: b.PageSize})
	if len(again) >= len(all) {
		t.Errorf("reading on since %v gives all %d orders again", next.Since, len(again))
	}
	if len(again) == 0 {
		t.Errorf("the overlap is missing: nothing since %v", next.Since)
	}
}

func orderByID(t *testing.T, b *Bench) {
	r := reader(t, b)
	byID, err := r.Order(t.Context(), b.Order)
	if err != nil {
		t.Fatal(err)
	}
	checkOrder(t, byID)
	if byID.ID != b.Order || len(byID.Lines) == 0 || len(byID.Raw) == 0 {
		t.Errorf("got %+v", byID)
	}
	byNumber, err := r.Order(t.Context(), b.Number)
	if err != nil {
		t.Fatal(err)
	}
	if byNumber.ID != byID.ID {
		t.Errorf("by number %q came %s", b.Number, byNumber.ID)
	}
}

func missingOrder(t *testing.T, b *Bench) {
	_, err := reader(t, b).Order(t.Context(), b.Missing)
	is(t, b, err, connectors.NotFound)
}

func bigIDs(t *testing.T, b *Bench) {
	need(t, "BigID", b.BigID != "")
	orders, _, _ := readAll(t, b, connectors.Cursor{})
	for _, o := range orders {
		if o.ID == b.BigID {
			return
		}
		for _, l := range o.Lines {
			if l.ID == b.BigID {
				return
			}
		}
	}
	t.Errorf("id %s did not come back exactly", b.BigID)
}

func oddWords(t *testing.T, b *Bench) {
	need(t, "Odd", b.Odd != nil)
	b.Odd()
	orders, bad, _ := readAll(t, b, connectors.Cursor{})
	if len(bad) > 0 || len(orders) != b.Orders {
		t.Fatalf("%d of %d orders, unreadable: %+v", len(orders), b.Orders, bad)
	}
	for _, o := range orders {
		if o.Status == connectors.OrderOther {
			return
		}
	}
	t.Error("no order has the status other")
}

func poison(t *testing.T, b *Bench) {
	need(t, "Poison", b.Poison != nil)
	b.Poison()
	orders, bad, _ := readAll(t, b, connectors.Cursor{})
	if len(bad) != 1 || len(orders) != b.Orders-1 {
		t.Fatalf("%d of %d orders, %d unreadable", len(orders), b.Orders, len(bad))
	}
	if bad[0].ID == "" || bad[0].Err == nil || len(bad[0].Raw) == 0 {
		t.Errorf("the unreadable one is not told well: %+v", bad[0])
	}
	noSecrets(t, b, bad[0].Err)
}
