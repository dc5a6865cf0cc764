package woo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
	"helloworld/connectors/conntest"
)

const hookSecret = "hook-secret-1"

// clock is ahead of the real one by what was slept: nobody waits.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.ahead.Add(int64(d))
	return ctx.Err()
}

func configOf(s *shopServer) connectors.Config {
	c := &clock{}
	return connectors.Config{Now: c.now, Sleep: c.sleep, Info: connectors.Info{Store: "woo-de", Name: "Toy", Currency: "EUR", Language: language.German}, BaseURL: s.URL, ClientID: testKey,
		ClientSecret: testSecret, Secrets: map[string]connectors.Secret{secretHook: hookSecret}}
}

func newShop(t testing.TB, s *shopServer) *Shop {
	t.Helper()
	x, err := New(configOf(s))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func refundOf(minor int64) connectors.Refund {
	return connectors.Refund{Key: "5f3a1c9e-0000-4000-8000-00000000000" + string(rune('0'+minor%10)), Order: "702", Reason: connectors.ReasonDamaged,
		Amount: connectors.Money{Minor: minor, Currency: "EUR"}, Before: connectors.Money{Currency: "EUR"}, Note: "arrived broken",
		Lines: []connectors.RefundLine{{Line: "302", Quantity: 1, Amount: connectors.Money{Minor: minor, Currency: "EUR"}}}}
}

func delivery() (http.Header, []byte) {
	raw := []byte(`{"id":702,"number":"WC-702","status":"processing","date_modified_gmt":"2026-11-20T10:00:00"}`)
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write(raw)
	h := http.Header{}
	h.Set("X-WC-Webhook-Topic", "order.updated")
	h.Set("X-WC-Webhook-Delivery-ID", "a1b2c3")
	h.Set("X-WC-Webhook-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return h, raw
}

const noTokens = "consumer keys neither expire nor refresh, and there is no application beside them"

func bench(t *testing.T) *conntest.Bench {
	s := newServer(t)
	lock := func(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
	return &conntest.Bench{
		Shop: newShop(t, s), Secrets: []string{testSecret, hookSecret, "anna.buyer@example.com"}, Orders: 10, Order: "702", Number: "WC-702", BigID: bigLine,
		PageSize: 4, Missing: "999", Refund: refundOf(1000), Refused: refundOf(99901),
		Revoke:     func() { lock(func() { s.revoked = true }) },
		Throttle:   func(n int, w time.Duration) { lock(func() { s.throttle, s.wait = n, w }) },
		Fail:       func(n int, f conntest.Fault) { lock(func() { s.fail, s.fault = n, f }) },
		Odd:        func() { lock(func() { s.orders[1]["status"], s.orders[1]["new_field"] = "teleported", m{} }) },
		Poison:     func() { lock(func() { s.orders[3]["total"] = "59.905 anna.buyer@example.com" }) },
		LoseRefund: func() { lock(func() { s.lose = true }) },
		Sent:       func() (n int) { lock(func() { n = s.sent }); return },
		Calls:      func() (n int) { lock(func() { n = s.calls }); return },
		Items:      9, SKU: oddSKU, Price: connectors.Money{Minor: 1450, Currency: "EUR"},
		PoisonItem: func() { lock(func() { s.products[5]["price"] = "much" }) },
		Stock:      connectors.StockSet{Key: "k1", SKU: oddSKU, Quantity: 42},
		StockBad:   connectors.StockSet{Key: "k2", SKU: "no such", Quantity: 1},
		StockOf: func(sku string) (n int) {
			lock(func() {
				for _, p := range s.products {
					if p["sku"] == sku {
						switch q := p["stock_quantity"].(type) {
						case int:
							n = q
						case json.Number:
							i, _ := q.Int64()
							n = int(i)
						}
					}
				}
			})
			return n
		},
		Endpoint: "https://desk.example/hooks/woo-de",
		Delivery: delivery,
		Undo: func() {
			lock(func() {
				s.hooks = s.hooks[2:]
				s.hooks[0]["status"] = "disabled"
				s.hooks[1]["delivery_url"] = "https://old.example/"
			})
		},
		Skips: map[string]string{"broken app": noTokens, "expired token": noTokens, "expired token, many at once": noTokens},
	}
}

func TestExam(t *testing.T) { conntest.Run(t, bench) }

func TestNew(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, spoil := range map[string]func(*connectors.Config){
		"clear text": func(c *connectors.Config) { c.BaseURL = "http://shop.example.com" },
		"key inside": func(c *connectors.Config) { c.BaseURL = "https://ck:cs@shop.example.com" },
		"no address": func(c *connectors.Config) { c.BaseURL = "" },
		"no secret":  func(c *connectors.Config) { c.ClientSecret = "" },
		"option":     func(c *connectors.Config) { c.Options = map[string]string{"x": "y"} },
		"secret":     func(c *connectors.Config) { c.Secrets = map[string]connectors.Secret{"x": "y"} },
		"refunds":    func(c *connectors.Config) { c.Options = map[string]string{"refunds": "maybe"} },
	} {
		c := configOf(s)
		spoil(&c)
		if _, err := New(c); err == nil || strings.Contains(err.Error(), testSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := configOf(s)
	c.BaseURL = "https://shop.example.com/blog/"
	if x, err := New(c); err != nil || x.address("/orders", nil) != "https://shop.example.com/blog/wp-json/wc/v3/orders" {
		t.Errorf("%v", err)
	}
}

// TestGatewayRefuses: WooCommerce says so with status 500, and nothing happened.
func TestGatewayRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.noPay = true
	x := newShop(t, s)
	r, err := x.Refund(t.Context(), refundOf(500))
	if connectors.KindOf(err) != connectors.Invalid || r.State != connectors.StateRejected || s.sent != 0 {
		t.Errorf("%+v %v", r, err)
	}
	x.record = true
	if r, err = x.Refund(t.Context(), refundOf(500)); err != nil || r.State != connectors.StateApplied || s.sent != 1 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestQuoteAfterRefund(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	x := newShop(t, s)
	if _, err := x.Refund(t.Context(), refundOf(1000)); err != nil {
		t.Fatal(err)
	}
	q, err := x.Quote(t.Context(), "702")
	if err != nil {
		t.Fatal(err)
	}
	if q.Remaining.Minor != 1990 || q.Lines[0].Quantity != 1 || q.Lines[0].Remaining.Minor != 1395 || q.Order.Refunds[0].Key != refundOf(1000).Key {
		t.Errorf("%+v", q)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	x := newShop(t, s)
	p, err := x.Messages(t.Context(), connectors.Cursor{})
	if err != nil || len(p.Items) != 1 || p.Items[0].Text != "Bitte beim Nachbarn abgeben" || p.Items[0].Order != "702" || p.Items[0].FromShop {
		t.Fatalf("%+v %v", p.Items, err)
	}
	m := connectors.Outgoing{Key: "k", Thread: "702", Text: "We're sorry: 2 < 3 & <b>so</b>\nis  it.", Asked: time.Now()}
	if r, err := x.SendState(t.Context(), m); err != nil || r.State != connectors.StateAbsent {
		t.Fatalf("%+v %v", r, err)
	}
	s.lose = true
	r, err := x.Send(t.Context(), m)
	if connectors.KindOf(err) != connectors.Unsure || r.State != connectors.StateUnknown || s.mailed != 1 {
		t.Fatalf("%+v %v, mailed %d", r, err, s.mailed)
	}
	if r, err = x.SendState(t.Context(), m); err != nil || r.State != connectors.StateApplied || r.ID == "" {
		t.Errorf("%+v %v", r, err)
	}
	later := m
	later.Asked = time.Now().Add(time.Hour)
	if r, err = x.SendState(t.Context(), later); err != nil || r.State != connectors.StateAbsent {
		t.Errorf("the same words, asked for later, are taken for sent: %+v %v", r, err)
	}
	for _, bad := range []connectors.Outgoing{{Order: "702", Text: " "}, {Order: "702", Text: strings.Repeat("字", noteLimit+1)}, {Order: "../x", Text: "x"}, {Order: "999", Text: "x"}} {
		if r, err := x.Send(t.Context(), bad); err == nil || r.State != connectors.StateRejected {
			t.Errorf("%.20q to %q: %+v %v", bad.Text, bad.Order, r, err)
		}
	}
	if s.mailed != 1 {
		t.Errorf("%d mails went out", s.mailed)
	}
}

// TestMovingList changes an order between two pages: none may be passed over.
func TestMovingList(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	x := newShop(t, s)
	seen := map[string]bool{}
	c := connectors.Cursor{Limit: 4}
	for n := 0; ; n++ {
		p, err := x.Orders(t.Context(), c)
		if err != nil || n > 20 {
			t.Fatalf("page %d: %v", n, err)
		}
		for _, o := range p.Items {
			seen[o.ID] = true
		}
		if !p.More {
			break
		}
		c = p.Next
		if n == 0 {
			s.mu.Lock()
			s.orders[0]["date_modified_gmt"] = "2026-11-19T00:00:00"
			s.mu.Unlock()
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d of 10 orders", len(seen))
	}
}

// TestStockRows sets a product, a variation and one that is not there, in one go.
func TestStockRows(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	x := newShop(t, s)
	was := 7
	out := x.SetStock(t.Context(), []connectors.StockSet{{Key: "a", SKU: "THING-0", Quantity: 1, Was: &was}, {Key: "b", SKU: "VAR-1", Quantity: 2},
		{Key: "c", SKU: "GONE", Item: "12345", Quantity: 3}, {Key: "d", SKU: "THING-2", Item: "42", Quantity: -1}, {Key: "e", SKU: "BAD", Item: "4/2", Quantity: 1}})
	want := []connectors.State{connectors.StateApplied, connectors.StateApplied, connectors.StateRejected, connectors.StateRejected, connectors.StateRejected}
	for i, r := range out {
		if r.State != want[i] || (r.Err == nil) != (want[i] == connectors.StateApplied) {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	if connectors.KindOf(out[2].Err) != connectors.NotFound || s.variants["43"][1]["stock_quantity"] != json.Number("2") {
		t.Errorf("%v %v", out[2].Err, s.variants["43"][1]["stock_quantity"])
	}
}

func FuzzOrder(f *testing.F) {
	f.Add([]byte(`{"id":1,"number":"1","status":"processing","currency":"EUR","date_created_gmt":"2026-11-01T08:00:00","total":"1.00","line_items":[{"id":2,"quantity":1,"total":"1"}],"refunds":[{"id":3,"total":"-0.50","reason":"x [ref k]"}]}`))
	f.Add([]byte(`{"id":"x","date_created_gmt":null}`))
	f.Add([]byte(`{"id":1e3,"line_items":[{"meta_data":[{"key":"_refunded_item_id","value":{}}]}]}`))
	s := &Shop{base: "https://shop.example"}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := s.orderOf(raw)
		if err == nil && (o.ID == "" || o.Created.IsZero() || o.Status == "") {
			t.Fatalf("%+v", o)
		}
		_ = idOf(raw)
	})
}

func FuzzVerify(f *testing.F) {
	h, raw := delivery()
	f.Add(raw, h.Get("X-WC-Webhook-Signature"), "order.updated")
	f.Add([]byte("webhook_id=1"), "", "")
	s := &Shop{hook: hookSecret}
	f.Fuzz(func(t *testing.T, raw []byte, sign, topic string) {
		got, err := s.Verify(t.Context(), http.Header{"X-Wc-Webhook-Signature": {sign}, "X-Wc-Webhook-Topic": {topic}}, raw)
		if err == nil && (len(got) != 1 || got[0].ID == "") {
			t.Fatalf("%+v", got)
		}
	})
}
