package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a clock that moves when it is told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// rig is a world behind a real socket, and a client for it.
type rig struct {
	*testing.T
	w      *World
	srv    *httptest.Server
	clock  *clock
	client *http.Client
	tokens map[string]string
}

func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	r := &rig{T: t, clock: newClock(), tokens: map[string]string{}}
	if o.Now == nil {
		o.Now = r.clock.now
	}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.w, r.srv = w, httptest.NewServer(w.Handler())
	t.Cleanup(r.srv.Close)
	// A connection for each request: a fault may break any of them, and net/http
	// repeats requests by itself on connections that it used before.
	r.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return r
}

func (r *rig) account(store string) Account {
	r.Helper()
	a, err := r.w.Account(store)
	if err != nil {
		r.Fatal(err)
	}
	return a
}

// do sends a request and reads the whole answer.
func (r *rig) do(method, path string, head http.Header, body string) (int, http.Header, string, error) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.srv.URL+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	for k, v := range head {
		req.Header[k] = v
	}
	res, err := r.client.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, string(raw), err
}

func head(kv ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(kv); i += 2 {
		h.Set(kv[i], kv[i+1])
	}
	return h
}

// token gets an access token with the refresh token the world began with.
func (r *rig) token(store string) string {
	r.Helper()
	if r.tokens[store] == "" {
		status, got := r.refresh(store, r.account(store).Refresh)
		if status != http.StatusOK {
			r.Fatalf("token for %s: %d %v", store, status, got)
		}
		r.tokens[store] = got["access_token"].(string)
	}
	return r.tokens[store]
}

func (r *rig) refresh(store, refresh string) (int, map[string]any) {
	r.Helper()
	return r.tokenCall(store, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}, clientSecret)
}

func (r *rig) tokenCall(store string, form url.Values, secret string) (int, map[string]any) {
	r.Helper()
	a := r.account(store)
	h := head("Content-Type", "application/x-www-form-urlencoded")
	if a.Platform == Ebay {
		req := &http.Request{Header: h}
		req.SetBasicAuth(clientID, secret)
	} else {
		form.Set("client_id", clientID)
		form.Set("client_secret", secret)
	}
	status, _, body, err := r.do(http.MethodPost, a.TokenPath, h, form.Encode())
	if err != nil {
		r.Fatal(err)
	}
	return status, r.json(body)
}

func (r *rig) json(body string) map[string]any {
	r.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		r.Fatalf("not JSON: %v: %.300s", err, body)
	}
	return v
}

// call sends an authorised request to a store.
func (r *rig) call(store, method, path, body string) (int, map[string]any) {
	r.Helper()
	status, raw, err := r.raw(store, method, path, body)
	if err != nil {
		r.Fatalf("%s %s: %v", method, path, err)
	}
	if raw == "" {
		return status, nil
	}
	return status, r.json(raw)
}

func (r *rig) raw(store, method, path, body string) (int, string, error) {
	r.Helper()
	a := r.account(store)
	h := head("Content-Type", "application/json")
	switch a.Platform {
	case Ebay:
		h.Set("Authorization", "Bearer "+r.token(store))
	case Amazon:
		h.Set("X-Amz-Access-Token", r.token(store))
	default:
		h.Set("X-Shopify-Access-Token", r.token(store))
	}
	status, _, raw, err := r.do(method, a.Path+path, h, body)
	return status, raw, err
}

// at walks into an answer: at(v, "orders", 0, "orderId").
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(map[string]any)
			v = o[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (r *rig) want(got, want any, what string) {
	r.Helper()
	if n, ok := got.(json.Number); ok {
		got = n.String()
	}
	if got != want {
		r.Errorf("%s: got %v (%T), want %v", what, got, got, want)
	}
}

func (r *rig) famous(store string) OrderInfo {
	r.Helper()
	all, err := r.w.Orders(store)
	if err != nil || len(all) == 0 {
		r.Fatalf("orders of %s: %v, %d", store, err, len(all))
	}
	return all[len(all)-1]
}

func TestWorldIsTheSameForOneSeed(t *testing.T) {
	t.Parallel()
	all := func(seed int64) string {
		c := newClock()
		w, err := New(Options{Seed: seed, Now: c.now})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		for _, s := range []string{"ebay-de", "amazon-jp", "shopify-main"} {
			o, err := w.Orders(s)
			if err != nil || len(o) != 24 {
				t.Fatalf("%s: %v, %d orders", s, err, len(o))
			}
			if err := json.NewEncoder(&b).Encode(o); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	if all(7) != all(7) {
		t.Error("one seed made two worlds")
	}
	if all(7) == all(8) {
		t.Error("two seeds made one world")
	}
}

func TestOrderThatEverybodyKnows(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	s, e, a := r.famous("shopify-main"), r.famous("ebay-de"), r.famous("amazon-jp")
	r.want(s.Number+" "+s.Total.String(), "1234 59.90 USD", "Shopify")
	r.want(e.Number+" "+e.Total.String(), "1234 44.98 EUR", "eBay")
	r.want(a.Total.Currency, "JPY", "Amazon's currency")
	r.want(strings.HasSuffix(a.Email, "@"+aliases), true, "Amazon hides its buyers")
	states := map[string]bool{}
	for _, store := range []string{"shopify-main", "ebay-de", "amazon-jp"} {
		orders, err := r.w.Orders(store)
		if err != nil {
			t.Fatal(err)
		}
		partly := false
		for _, o := range orders {
			states[o.Status] = true
			partly = partly || o.Refunded.Minor > 0 && o.Refunded.Minor < o.Total.Minor
			if o.Total.Minor <= 0 || o.Refunded.Minor > o.Total.Minor {
				t.Errorf("%s %s: total %s, refunded %s", store, o.Number, o.Total, o.Refunded)
			}
			if !strings.HasSuffix(o.Email, ".example") && !strings.HasSuffix(o.Email, ".example.com") && !strings.HasSuffix(o.Email, "@example.com") {
				t.Errorf("%s: an address that may be somebody's: %s", store, o.Email)
			}
		}
		r.want(partly, true, store+" has an order that was refunded in part")
	}
	for _, s := range []string{unshipped, partly, shipped, delivered, cancelled} {
		r.want(states[s], true, "there is an order that is "+s)
	}
}

func TestEmptyAndLargeStores(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Stores: []StoreSpec{{Name: "none", Platform: Shopify, Orders: -1}, {Name: "many", Platform: Ebay, Orders: 2500}}})
	none, err := r.w.Orders("none")
	if err != nil || len(none) != 0 {
		t.Errorf("empty store: %v, %d", err, len(none))
	}
	many, err := r.w.Orders("many")
	if err != nil || len(many) != 2500 {
		t.Fatalf("large store: %v, %d", err, len(many))
	}
	ids := map[string]bool{}
	for _, o := range many {
		if ids[o.ID] {
			t.Fatalf("two orders have the id %s", o.ID)
		}
		ids[o.ID] = true
	}
}

func TestOptionsThatMakeNoWorld(t *testing.T) {
	t.Parallel()
	for name, stores := range map[string][]StoreSpec{
		"no name": {{Platform: Ebay}}, "unknown platform": {{Name: "x", Platform: "bazaar"}}, "unknown language": {{Name: "x", Platform: Ebay, Language: "tlh"}},
		"twice": {{Name: "x", Platform: Ebay}, {Name: "x", Platform: Amazon}},
	} {
		if _, err := New(Options{Stores: stores}); err == nil {
			t.Errorf("%s: made a world", name)
		}
	}
}

func TestAddOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o, err := r.w.AddOrder(NewOrder{Store: "shopify-main", Number: "#7777", Total: "59.90", Tax: "4.00", Shipping: "5.90", Currency: "EUR", Status: unshipped})
	if err != nil {
		t.Fatal(err)
	}
	r.want(o.Total.String(), "59.90 EUR", "total")
	_, got := r.gql("shopify-main", `{orders(first:2, query:"name:#7777"){nodes{name totalPriceSet{presentmentMoney{amount currencyCode}} displayFulfillmentStatus}}}`, nil)
	r.want(at(got, "data", "orders", "nodes", 0, "name"), "#7777", "name")
	r.want(at(got, "data", "orders", "nodes", 0, "totalPriceSet", "presentmentMoney", "amount"), "59.9", "amount as the platform writes it")
	for name, n := range map[string]NewOrder{
		"again": {Store: "shopify-main", Number: "7777"}, "no money": {Store: "shopify-main", Total: "x"}, "no currency": {Store: "shopify-main", Currency: "euro"},
		"parts above the whole": {Store: "shopify-main", Total: "1", Tax: "2"}, "status": {Store: "shopify-main", Status: "lost"}, "quantity": {Store: "shopify-main", Quantity: -1},
	} {
		if _, err := r.w.AddOrder(n); !errors.Is(err, ErrBadOrder) {
			t.Errorf("%s: got %v, want ErrBadOrder", name, err)
		}
	}
	if _, err := r.w.AddOrder(NewOrder{Store: "nowhere"}); !errors.Is(err, ErrNoStore) {
		t.Errorf("no store: %v", err)
	}
}

func TestResetForgetsEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	before := r.famous("ebay-de")
	if err := r.w.Say(BuyerMessage{Store: "ebay-de"}); err != nil {
		t.Fatal(err)
	}
	if err := r.w.Revoke("ebay-de"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.w.AddOrder(NewOrder{Store: "ebay-de", Number: "9"}); err != nil {
		t.Fatal(err)
	}
	r.w.Reset()
	all, err := r.w.Orders("ebay-de")
	if err != nil || len(all) != 24 || all[23].ID != before.ID {
		t.Errorf("after Reset: %v, %d orders", err, len(all))
	}
	_, got := r.call("ebay-de", "GET", "/commerce/message/v1/conversation?conversation_type=FROM_MEMBERS", "")
	r.want(at(got, "total"), "0", "conversations after Reset")
	r.want(len(r.w.Ledger().Calls["ebay-de"]) > 0, true, "calls are counted again")
}

func TestImages(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	seen := map[string]bool{}
	for _, name := range []string{"0", "1", "2", "3", "100", "109"} {
		status, h, body, err := r.do("GET", "/images/"+name+".png", nil, "")
		if err != nil || status != 200 || h.Get("Content-Type") != "image/png" || !strings.HasPrefix(body, "\x89PNG") {
			t.Errorf("image %s: %d %v", name, status, err)
		}
		seen[body] = true
	}
	r.want(len(seen), 6, "different pictures")
	for _, name := range []string{"x.png", "-1.png", "3.gif", "99999.png"} {
		if status, _, _, _ := r.do("GET", "/images/"+name, nil, ""); status != 404 {
			t.Errorf("image %s: %d", name, status)
		}
	}
}

func TestEveryTextHasItsLanguage(t *testing.T) {
	t.Parallel()
	for lang, words := range free {
		if len(words) != 3 || !slices.ContainsFunc(words, func(s string) bool { return len([]rune(s)) >= 1500 }) || !slices.ContainsFunc(words, func(s string) bool { return strings.Contains(s, "😊") }) {
			t.Errorf("%s: free texts lack the long one or the one with emoji", lang)
		}
		if thanks[lang] == "" || waiting[lang] == "" || subjects[lang] == "" || len(phrases[lang]) == 0 {
			t.Errorf("%s: words are missing", lang)
		}
	}
}
