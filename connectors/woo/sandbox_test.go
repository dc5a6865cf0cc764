package woo

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
	"helloworld/connectors/conntest"
	"helloworld/connectors/sandbox"
)

const worldStore = "woo-es"

// front stands before the world, for what a world has no lever for.
type front struct {
	mu       sync.Mutex
	next     http.Handler
	throttle int
	wait     time.Duration
	calls    int
	spoil    map[string]func(map[string]any) // by the path's end and the id
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.calls++
	busy := f.throttle > 0
	if busy {
		f.throttle--
	}
	wait, spoil := f.wait, len(f.spoil) > 0 && r.Method == http.MethodGet
	f.mu.Unlock()
	switch {
	case busy:
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
		http.Error(w, "too many", http.StatusTooManyRequests)
	case spoil:
		rec := httptest.NewRecorder()
		f.next.ServeHTTP(rec, r)
		f.pass(w, r, rec)
	default:
		f.next.ServeHTTP(w, r)
	}
}

// pass hands an answer on in which some things were changed.
func (f *front) pass(w http.ResponseWriter, r *http.Request, rec *httptest.ResponseRecorder) {
	body := rec.Body.Bytes()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) == nil {
		f.mu.Lock()
		rows, ok := v.([]any)
		if !ok {
			rows = []any{v}
		}
		for _, row := range rows {
			one, _ := row.(map[string]any)
			if id, ok := one["id"].(json.Number); ok && f.spoil[id.String()] != nil {
				f.spoil[id.String()](one)
			}
		}
		f.mu.Unlock()
		body, _ = json.Marshal(v)
	}
	for k, h := range rec.Header() {
		if k != "Content-Length" {
			w.Header()[k] = h
		}
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body)
}

// worldBench is the bench for the exam against the world that the demonstration
// and the desk's own tests run on.
func worldBench(t *testing.T) *conntest.Bench {
	c := &clock{}
	w, err := sandbox.New(sandbox.Options{Now: c.now, Stores: []sandbox.StoreSpec{{Name: worldStore, Platform: sandbox.Woo, Orders: 12, Items: 16}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	f := &front{next: w.Handler(), spoil: map[string]func(map[string]any){}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	a, err := w.Account(worldStore)
	if err != nil {
		t.Fatal(err)
	}
	shop, err := New(connectors.Config{Now: c.now, Sleep: c.sleep, BaseURL: srv.URL + a.Path, ClientID: a.ClientID, ClientSecret: connectors.Secret(a.Secret),
		Info:    connectors.Info{Store: worldStore, Name: "World", Currency: "EUR", Language: language.English},
		Secrets: map[string]connectors.Secret{secretHook: hookSecret}})
	if err != nil {
		t.Fatal(err)
	}
	orders, err := w.Orders(worldStore)
	if err != nil {
		t.Fatal(err)
	}
	o := orders[len(orders)-1]
	items, err := w.Items(worldStore)
	if err != nil {
		t.Fatal(err)
	}
	it := items[12]
	refund := func(minor int64) connectors.Refund {
		r := refundOf(minor)
		r.Order, r.Lines[0].Line = o.ID, o.Lines[0]
		return r
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	spoil := func(id string, f2 func(map[string]any)) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.spoil[id] = f2
	}
	kinds := map[conntest.Fault]string{conntest.ServerError: sandbox.Error500, conntest.Page: sandbox.HTML, conntest.Malformed: sandbox.Malformed,
		conntest.Truncated: sandbox.Truncated, conntest.HangUp: sandbox.Drop}
	var once sync.Once
	var head http.Header
	var raw []byte
	return &conntest.Bench{
		Shop: shop, Secrets: []string{a.Secret, hookSecret, o.Email}, Orders: 12, Order: o.ID, Number: o.Number, BigID: o.Lines[0], PageSize: 4, Missing: "999999",
		Refund: refund(1000), Refused: refund(99901),
		Revoke:   func() { must(w.Revoke(worldStore)) },
		Throttle: func(n int, d time.Duration) { f.mu.Lock(); defer f.mu.Unlock(); f.throttle, f.wait = n, d },
		Fail: func(n int, fault conntest.Fault) {
			must(w.Mend(worldStore))
			if n > 0 {
				must(w.Fail(worldStore, "", kinds[fault], n))
			}
		},
		Odd: func() {
			spoil(orders[1].ID, func(o map[string]any) { o["status"], o["new_field"] = "teleported", m{} })
		},
		Poison:     func() { spoil(orders[3].ID, func(x map[string]any) { x["total"] = "59.905 " + o.Email }) },
		LoseRefund: func() { must(w.Fail(worldStore, "refund", sandbox.Lost, 1)) },
		Sent:       func() int { return len(w.Ledger().Refunds) },
		Calls:      func() int { f.mu.Lock(); defer f.mu.Unlock(); return f.calls },
		Items:      len(items), SKU: it.SKU, Price: it.Price,
		PoisonItem: func() { spoil(items[5].ID, func(x map[string]any) { x["price"] = "much" }) },
		Stock:      connectors.StockSet{Key: "k1", SKU: it.SKU, Quantity: 42},
		StockBad:   connectors.StockSet{Key: "k2", SKU: "no such", Quantity: 1},
		StockOf:    func(sku string) int { return w.StockOf(worldStore, sku) },
		Endpoint:   "http://127.0.0.1:9/hooks/woo-es",
		Undo:       func() { w.Unsubscribe(worldStore) },
		Delivery: func() (http.Header, []byte) {
			once.Do(func() { head, raw = deliveryOf(t, w, shop, o.ID) })
			return head.Clone(), raw
		},
		Skips: map[string]string{"broken app": noTokens, "expired token": noTokens, "expired token, many at once": noTokens},
	}
}

// deliveryOf subscribes, changes an order, and gives what the shop sends.
func deliveryOf(t *testing.T, w *sandbox.World, shop *Shop, order string) (http.Header, []byte) {
	t.Helper()
	type sent struct {
		head http.Header
		raw  []byte
	}
	got := make(chan sent, 100)
	point := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got <- sent{r.Header.Clone(), raw}
	}))
	t.Cleanup(point.Close)
	if err := shop.Subscribe(t.Context(), point.URL); err != nil {
		t.Fatal(err)
	}
	if err := w.UpdateOrder(worldStore, order); err != nil {
		t.Fatal(err)
	}
	for pings := 0; ; {
		select {
		case s := <-got:
			if s.head.Get("X-WC-Webhook-Signature") != "" {
				if pings != len(topics) {
					t.Errorf("%d pings for %d webhooks", pings, len(topics))
				}
				return s.head, s.raw
			}
			pings++
			events, err := shop.Verify(t.Context(), s.head, s.raw)
			if err != nil || len(events) != 1 || events[0].Kind != connectors.EventTest {
				t.Errorf("the ping %q: %+v %v", s.raw, events, err)
			}
		case <-t.Context().Done():
			t.Fatal("nothing came")
		}
	}
}

// TestExamInWorld sits the exam a second time, at the sandbox.
func TestExamInWorld(t *testing.T) { conntest.Run(t, worldBench) }

// TestWorldRefunds: what the ledger has is what people are told, whatever the
// gateway and the network do.
func TestWorldRefunds(t *testing.T) {
	t.Parallel()
	b := worldBench(t)
	shop := b.Shop.(*Shop)
	q, err := shop.Quote(t.Context(), b.Order)
	if err != nil || q.Remaining.Minor != 4498 {
		t.Fatalf("%v %v", q.Remaining, err)
	}
	b.LoseRefund()
	if r, err := shop.Refund(t.Context(), b.Refund); connectors.KindOf(err) != connectors.Unsure || r.State != connectors.StateUnknown {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := shop.Refund(t.Context(), b.Refund); err != nil || r.State != connectors.StateApplied || b.Sent() != 1 {
		t.Fatalf("%+v %v, %d sent", r, err, b.Sent())
	}
	q, err = shop.Quote(t.Context(), b.Order)
	if err != nil || q.Remaining.Minor != 3498 || q.Lines[0].Quantity != 0 {
		t.Errorf("%+v %v", q, err)
	}
	over := b.Refund
	over.Key, over.Amount.Minor, over.Lines = "another", 3499, nil
	if r, err := shop.Refund(t.Context(), over); r.State != connectors.StateRejected || connectors.KindOf(err) != connectors.Invalid || b.Sent() != 1 {
		t.Errorf("a cent too much: %+v %v", r, err)
	}
}

// TestWorldNotes: a note that is for the buyer reaches the buyer, once.
func TestWorldNotes(t *testing.T) {
	t.Parallel()
	b := worldBench(t)
	shop := b.Shop.(*Shop)
	msg := connectors.Outgoing{Key: "k", Thread: b.Order, Text: "We're sorry: 2 < 3 & it \"was\" late.\nGreetings", Asked: shop.now()}
	b.Fail(1, conntest.Truncated)
	if r, err := shop.Send(t.Context(), msg); connectors.KindOf(err) != connectors.Unsure || r.State != connectors.StateUnknown {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := shop.SendState(t.Context(), msg); err != nil || r.State != connectors.StateApplied || r.ID == "" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := shop.Send(t.Context(), connectors.Outgoing{Thread: b.Missing, Text: "x"}); connectors.KindOf(err) != connectors.NotFound || r.State != connectors.StateRejected {
		t.Errorf("%+v %v", r, err)
	}
	if p, err := shop.Messages(t.Context(), connectors.Cursor{}); err != nil || len(p.Items) == 0 || !strings.Contains(p.Items[0].Text, "neighbour") {
		t.Errorf("%+v %v", p.Items, err)
	}
}
