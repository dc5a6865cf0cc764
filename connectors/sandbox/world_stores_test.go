package sandbox

import "testing"

func TestStores(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 0, 2, 3, 8, 50} {
		all := Stores(n)
		if len(all) != max(n, 0) {
			t.Errorf("%d stores, want %d", len(all), n)
		}
		if n < 1 {
			continue
		}
		w, err := New(Options{Stores: all, Orders: 2})
		if err != nil {
			t.Fatalf("%d: %v", n, err) // two of one name, or an unknown language
		}
		if got := w.Accounts(); len(got) != n {
			t.Errorf("%d accounts, want %d", len(got), n)
		}
	}
}

// TestLife: after some turns, buyers have ordered, sent things back and asked.
func TestLife(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Seed: 3})
	before := map[string]int{}
	for _, a := range r.w.Accounts() {
		before[a.Name] = r.shopify(a.Name).count()
	}
	returns := 0
	for _, a := range r.w.Accounts() {
		returns -= len(r.shopify(a.Name).returns)
	}
	for range 200 {
		r.w.step()
	}
	grown := 0
	for _, a := range r.w.Accounts() {
		s := r.shopify(a.Name)
		grown += s.count() - before[a.Name]
		returns += len(s.returns)
		for o := range s.each {
			if o.refunded() > o.total() {
				t.Errorf("order %s gave back %d of %d", o.id, o.refunded(), o.total())
			}
		}
	}
	if grown < 10 || returns < 5 {
		t.Errorf("%d orders and %d returns in 200 turns", grown, returns)
	}
}
