package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestOrdersAreMadeAnew: an order that was forgotten comes out as it was, and is
// found by each of its names.
func TestOrdersAreMadeAnew(t *testing.T) {
	t.Parallel()
	w, err := New(Options{Orders: 120_000, Now: newClock().now})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range w.all() {
		last := time.Time{}
		for _, ord := range []int{0, 1, 17, 999, 60_000, 119_000, 119_998, 119_999} {
			o := s.nth(ord)
			before := fmt.Sprintf("%+v %+v", s.info(o), *o.buyer)
			clear(s.recent)
			again := s.nth(ord)
			if after := fmt.Sprintf("%+v %+v", s.info(again), *again.buyer); after != before || again == o {
				t.Fatalf("%s: order %d was %s, is %s", s.Name, ord, before, after)
			}
			if !o.created.After(last) {
				t.Errorf("%s: order %d was made at %s, the one before at %s", s.Name, ord, o.created, last)
			}
			last = o.created
			for _, name := range []string{o.id, "#" + o.number} {
				if got := s.find(name); got == nil || got.id != o.id {
					t.Errorf("%s: %q leads to %+v", s.Name, name, got)
				}
			}
			if s.byPay(o.pay) != again || s.byLine(o.lines[0].id) != again {
				t.Errorf("%s: order %d is not found by its payment or its line", s.Name, ord)
			}
			if b := s.buyer(o.buyer.id); b == nil || b.email != o.buyer.email || len(s.ordersOf(b)) != 1 {
				t.Errorf("%s: the buyer of order %d is not found: %+v", s.Name, ord, b)
			}
			if b := s.buyerByMail(strings.ToUpper(o.buyer.email)); s.Platform != Ebay && (b == nil || b.id != o.buyer.id) {
				t.Errorf("%s: %q leads to %+v", s.Name, o.buyer.email, b)
			}
		}
		if len(s.touched) > 0 || len(s.recent) > recentMost {
			t.Errorf("%s keeps %d and %d orders", s.Name, len(s.touched), len(s.recent))
		}
	}
}

// TestTimeline holds the list of short lists against a plain one.
func TestTimeline(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var plain []moment
		for i := range rapid.IntRange(0, 5000).Draw(t, "n") {
			plain = append(plain, moment{int64(i * 7 % 1000), int32(i)})
		}
		line := newTimeline(slices.Clone(plain))
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for i := range 500 {
			m := moment{rng.Int64N(1200), int32(rng.IntN(10_000))}
			if i%3 == 0 && len(plain) > 0 {
				k := rng.IntN(len(plain))
				line.remove(plain[k])
				plain = slices.Delete(plain, k, k+1)
			} else if !slices.Contains(plain, m) {
				line.insert(m)
				plain = append(plain, m)
			}
		}
		slices.SortFunc(plain, moment.compare)
		if line.n != len(plain) {
			t.Fatalf("%d entries, want %d", line.n, len(plain))
		}
		for range 50 {
			m := moment{rng.Int64N(1200), int32(rng.IntN(10_000))}
			want, _ := slices.BinarySearchFunc(plain, m, moment.compare)
			if got := line.rank(m); got != want {
				t.Fatalf("rank of %v is %d, want %d", m, got, want)
			}
			if n := rng.IntN(len(plain) + 1); n < len(plain) && line.nth(n) != plain[n] {
				t.Fatalf("entry %d is %v, want %v", n, line.nth(n), plain[n])
			}
		}
	})
}

// TestListingWhileOrdersMove pages through all orders by their last change while
// some of them change: each one turns up at least once.
func TestListingWhileOrdersMove(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Orders: 700})
	seen, after := map[string]int{}, ""
	for page := 0; ; page++ {
		_, got := r.gql(shop, `query($a: String) { orders(first: 50, after: $a, sortKey: UPDATED_AT, query: "updated_at:>='2026-01-01T00:00:00Z'") { nodes { id } pageInfo { hasNextPage endCursor } } }`,
			map[string]any{"a": orNull(after)})
		nodes, _ := at(got, "data", "orders", "nodes").([]any)
		for _, n := range nodes {
			seen[fmt.Sprint(at(n, "id"))]++
		}
		if at(got, "data", "orders", "pageInfo", "hasNextPage") != true || page > 40 {
			break
		}
		after = fmt.Sprint(at(got, "data", "orders", "pageInfo", "endCursor"))
		r.clock.add(time.Second)
		for i := range 3 { // one seen already, one at the cursor, one still to come
			id := strings.TrimPrefix(fmt.Sprint(at(nodes[len(nodes)-1-i], "id")), "gid://shopify/Order/")
			if err := r.w.UpdateOrder(shop, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) != 700 {
		t.Errorf("%d orders seen, want 700", len(seen))
	}
}

func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}

// BenchmarkListing reads pages by last change out of a world of very many orders.
func BenchmarkListing(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		w, err := New(Options{Orders: n})
		if err != nil {
			b.Fatal(err)
		}
		s, err := w.store("ebay-de")
		if err != nil {
			b.Fatal(err)
		}
		s.changes()
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for i := range b.N {
				if got := s.between(true, s.born.Add(-40*24*time.Hour), time.Time{}).page(i*200%(n/2), 200); len(got) != 200 {
					b.Fatal(len(got))
				}
			}
			b.ReportMetric(float64(b.N)*200/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
