package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// BenchmarkPages reads pages of orders over a real socket, as an adapter would.
func BenchmarkPages(b *testing.B) {
	w, err := New(Options{Orders: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(w.Handler())
	defer srv.Close()
	const query = `query($a: String) { orders(first: 250, after: $a, sortKey: UPDATED_AT, query: "updated_at:>='2020-01-01T00:00:00Z'") { nodes { id name createdAt updatedAt email displayFinancialStatus
		totalPriceSet { presentmentMoney { amount currencyCode } } lineItems(first: 10) { nodes { id sku title quantity } } refunds(first: 10) { id } } pageInfo { hasNextPage endCursor } } }`
	token := func(store string) string {
		s, err := w.store(store)
		if err != nil {
			b.Fatal(err)
		}
		g, _ := s.auth.give("", w.now())
		return g.access
	}
	read := func(b *testing.B, req *http.Request) []byte {
		res, err := srv.Client().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		raw, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatalf("%d %v %.300s", res.StatusCode, err, raw)
		}
		return raw
	}
	b.Run("shopify", func(b *testing.B) {
		t, after := token(shop), ""
		for b.Loop() {
			body, _ := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"a": orNull(after)}})
			req, _ := http.NewRequest(http.MethodPost, srv.URL+"/shopify/"+shop+"/admin/api/2026-10/graphql.json", bytes.NewReader(body))
			req.Header.Set("X-Shopify-Access-Token", t)
			var got map[string]any
			if err := json.Unmarshal(read(b, req), &got); err != nil {
				b.Fatal(err)
			}
			after = fmt.Sprint(at(got, "data", "orders", "pageInfo", "endCursor"))
		}
		b.ReportMetric(float64(b.N)*250/b.Elapsed().Seconds(), "orders/s")
	})
	b.Run("ebay", func(b *testing.B) {
		t, i := token("ebay-de"), 0
		for b.Loop() {
			q := url.Values{"limit": {"200"}, "offset": {fmt.Sprint(i * 200 % 90_000)}, "filter": {"lastmodifieddate:[2025-11-25T00:00:00.000Z..]"}}
			i++
			req, _ := http.NewRequest(http.MethodGet, srv.URL+"/ebay/ebay-de/sell/fulfillment/v1/order?"+q.Encode(), nil)
			req.Header.Set("Authorization", "Bearer "+t)
			read(b, req)
		}
		b.ReportMetric(float64(b.N)*200/b.Elapsed().Seconds(), "orders/s")
	})
	b.Run("amazon", func(b *testing.B) {
		t, next := token("amazon-jp"), ""
		for b.Loop() {
			q := url.Values{"maxResultsPerPage": {"100"}, "lastUpdatedAfter": {"2020-01-01T00:00:00Z"}, "includedData": {"BUYER,PROCEEDS,FULFILLMENT"}}
			if next != "" {
				q = url.Values{"paginationToken": {next}}
			}
			req, _ := http.NewRequest(http.MethodGet, srv.URL+"/amazon/amazon-jp/orders/2026-01-01/orders?"+q.Encode(), nil)
			req.Header.Set("x-amz-access-token", t)
			var got map[string]any
			if err := json.Unmarshal(read(b, req), &got); err != nil {
				b.Fatal(err)
			}
			next, _ = at(got, "pagination", "nextToken").(string)
		}
		b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "orders/s")
	})
}
