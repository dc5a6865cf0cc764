package sandbox

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ear is somebody whom a platform tells its news.
type ear struct {
	*httptest.Server
	mu     sync.Mutex
	heads  []http.Header
	bodies []string
	fail   atomic.Int32 // so many are answered with 500
}

func listen(t *testing.T) *ear {
	t.Helper()
	l := &ear{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		l.heads, l.bodies = append(l.heads, r.Header), append(l.bodies, string(raw))
		l.mu.Unlock()
		if l.fail.Add(-1) >= 0 {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *ear) got() ([]http.Header, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.heads), slices.Clone(l.bodies)
}

// settle waits until the world has nothing more to tell.
func (r *rig) settle() {
	r.Helper()
	for end := time.Now().Add(20 * time.Second); r.w.Undelivered() > 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("%d deliveries are still under way", r.w.Undelivered())
		}
	}
}

func signed(h http.Header, body, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return h.Get("X-Shopify-Hmac-Sha256") == base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func hookRig(t *testing.T, topics ...string) (*rig, *ear) {
	t.Helper()
	quick := make([]time.Duration, 8)
	for i := range quick {
		quick[i] = time.Millisecond
	}
	r, l := newRig(t, Options{HookRetries: quick}), listen(t)
	t.Cleanup(r.w.Close)
	for _, topic := range topics {
		r.must(subscribe, map[string]any{"t": topic, "u": l.URL})
	}
	return r, l
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	r, l := hookRig(t, "ORDERS_CREATE", "ORDERS_UPDATED", "REFUNDS_CREATE", "INVENTORY_LEVELS_UPDATE", "RETURNS_REQUEST", "FULFILLMENTS_CREATE", "APP_SCOPES_UPDATE", "APP_UNINSTALLED")
	secret := r.account(shop).Secret
	o, err := r.w.AddOrder(NewOrder{Store: shop, Status: unshipped, SKU: "BOX 50%"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.w.ShipOrder(NewShipment{Store: shop, Order: o.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.w.AddReturn(NewReturn{Store: shop, Order: o.ID}); err != nil {
		t.Fatal(err)
	}
	r.gql(shop, refundMutation, r.refundVars(r.famous(shop), "3", "k"))
	if err := r.w.Announce(shop, "customers/redact", o.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.w.SetScopes(shop, []string{"read_orders"}); err != nil {
		t.Fatal(err)
	}
	if err := r.w.Revoke(shop); err != nil {
		t.Fatal(err)
	}
	r.settle()
	heads, bodies := l.got()
	topics, ids := map[string]int{}, map[string]bool{}
	for i, h := range heads {
		topics[h.Get("X-Shopify-Topic")]++
		if ids[h.Get("X-Shopify-Webhook-Id")] {
			t.Errorf("the id of delivery %d was there before", i)
		}
		ids[h.Get("X-Shopify-Webhook-Id")] = true
		if !signed(h, bodies[i], secret) || !json.Valid([]byte(bodies[i])) || h.Get("X-Shopify-Shop-Domain") != r.account(shop).Seller || h.Get("X-Shopify-Triggered-At") == "" {
			t.Errorf("delivery %d: %v %s", i, h, bodies[i])
		}
		if h.Get("X-Shopify-Topic") == "orders/create" && !strings.Contains(bodies[i], `"id":`+o.ID+`,`) {
			t.Errorf("the order's id lost digits: %s", bodies[i])
		}
	}
	for _, want := range []string{"orders/create", "orders/updated", "refunds/create", "inventory_levels/update", "returns/request", "fulfillments/create", "customers/redact", "app/scopes_update", "app/uninstalled"} {
		if topics[want] == 0 {
			t.Errorf("no %s among %v", want, topics)
		}
	}
}

func TestDeliveriesAreTriedAgain(t *testing.T) {
	t.Parallel()
	r, l := hookRig(t, "ORDERS_UPDATED")
	l.fail.Store(2)
	if err := r.w.UpdateOrder(shop, "1234"); err != nil {
		t.Fatal(err)
	}
	r.clock.add(time.Hour)
	r.settle()
	heads, bodies := l.got()
	if len(bodies) != 3 || bodies[0] != bodies[2] || heads[0].Get("X-Shopify-Webhook-Id") != heads[2].Get("X-Shopify-Webhook-Id") || heads[0].Get("X-Shopify-Triggered-At") != heads[2].Get("X-Shopify-Triggered-At") {
		t.Errorf("%d deliveries: %v", len(bodies), heads)
	}
	l.fail.Store(100)
	if err := r.w.UpdateOrder(shop, "1234"); err != nil {
		t.Fatal(err)
	}
	r.settle()
	if subs := r.w.Subscriptions(shop); len(subs) != 0 {
		t.Errorf("after eight failures: %v", subs)
	}
	if all := r.w.Deliveries(); len(all) != 3+8 || all[10].Status != 500 || all[10].Attempt != 8 {
		t.Errorf("%d attempts: %+v", len(all), all[len(all)-1])
	}
}

func TestHookLevers(t *testing.T) {
	t.Parallel()
	touch := func(r *rig, n int) {
		for range n {
			if err := r.w.UpdateOrder(shop, "1234"); err != nil {
				t.Fatal(err)
			}
			r.clock.add(time.Second)
		}
		r.settle()
	}
	at := func(body string) string {
		var v struct {
			At string `json:"updated_at"`
		}
		_ = json.Unmarshal([]byte(body), &v)
		return v.At
	}
	for name, c := range map[string]struct {
		lever HookLever
		check func(heads []http.Header, bodies []string, secret string) error
	}{
		"lose": {HookLever{Lose: 1}, func(_ []http.Header, b []string, _ string) error {
			if len(b) != 2 {
				return fmt.Errorf("%d of 3 came", len(b))
			}
			return nil
		}},
		"duplicate": {HookLever{Duplicate: 1}, func(h []http.Header, b []string, _ string) error {
			if len(b) != 4 || h[0].Get("X-Shopify-Webhook-Id") != h[1].Get("X-Shopify-Webhook-Id") || b[0] != b[1] {
				return fmt.Errorf("%d came: %v", len(b), h)
			}
			return nil
		}},
		"tamper": {HookLever{Tamper: 1}, func(h []http.Header, b []string, secret string) error {
			if len(b) != 3 || signed(h[0], b[0], secret) || !signed(h[1], b[1], secret) {
				return fmt.Errorf("%d came, signed %v %v", len(b), signed(h[0], b[0], secret), signed(h[1], b[1], secret))
			}
			return nil
		}},
		"reorder": {HookLever{Reorder: 3}, func(_ []http.Header, b []string, _ string) error {
			if len(b) != 3 || at(b[0]) <= at(b[1]) || at(b[1]) <= at(b[2]) {
				return fmt.Errorf("in the order %v", b)
			}
			return nil
		}},
		"delay": {HookLever{Delay: time.Millisecond}, func(_ []http.Header, b []string, _ string) error {
			if len(b) != 3 {
				return fmt.Errorf("%d came", len(b))
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, l := hookRig(t, "ORDERS_UPDATED")
			c.lever.Store = shop
			if err := r.w.Hooks(c.lever); err != nil {
				t.Fatal(err)
			}
			touch(r, 3)
			heads, bodies := l.got()
			if err := c.check(heads, bodies, r.account(shop).Secret); err != nil {
				t.Error(err)
			}
			if d := r.w.Deliveries(); !slices.ContainsFunc(d, func(d Delivery) bool { return d.Lever != "" }) {
				t.Errorf("no delivery says what was done to it: %+v", d)
			}
		})
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	r, l := hookRig(t, "ORDERS_UPDATED")
	again := map[string]any{"t": "ORDERS_UPDATED", "u": l.URL}
	if got := r.userErrors(subscribe, again); len(got) != 1 || !strings.Contains(got[0], "already been taken") {
		t.Errorf("subscribed twice: %q", got)
	}
	for _, bad := range []string{"", "nonsense", "ftp://127.0.0.1/", "http://user:pw@127.0.0.1/"} {
		if got := r.userErrors(subscribe, map[string]any{"t": "ORDERS_CREATE", "u": bad}); len(got) != 1 {
			t.Errorf("address %q: %q", bad, got)
		}
	}
	const read = `{ webhookSubscriptions(first: 10) { nodes { id topic uri format } } }`
	_, got := r.gql(shop, read, nil)
	id := fmt.Sprint(at(got, "data", "webhookSubscriptions", "nodes", 0, "id"))
	r.want(at(got, "data", "webhookSubscriptions", "nodes", 0, "uri"), l.URL, "address")
	r.must(`mutation($id: ID!, $u: String!) { webhookSubscriptionUpdate(id: $id, webhookSubscription: {uri: $u}) { webhookSubscription { id uri } userErrors { message } } }`, map[string]any{"id": id, "u": l.URL + "/two"})
	_, got = r.gql(shop, read, nil)
	r.want(at(got, "data", "webhookSubscriptions", "nodes", 0, "uri"), l.URL+"/two", "address after the change")
	r.must(`mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }`, map[string]any{"id": id})
	if subs := r.w.Subscriptions(shop); len(subs) != 0 {
		t.Errorf("after it was deleted: %v", subs)
	}
}

func TestSignEbay(t *testing.T) {
	t.Parallel()
	w, err := New(Options{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(Options{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	if w.ebayKey.id != again.ebayKey.id {
		t.Error("the same world signs with another key")
	}
	head, err := w.signEbay([]byte("{\n \"a\": 1 }"))
	if err != nil {
		t.Fatal(err)
	}
	var sig struct{ Alg, Kid, Signature, Digest string }
	raw, err := base64.StdEncoding.DecodeString(head)
	if err != nil || json.Unmarshal(raw, &sig) != nil || sig.Kid != w.ebayKey.id || sig.Digest != "SHA1" || sig.Alg != "ecdsa" {
		t.Fatalf("%s %v", raw, err)
	}
	text := strings.NewReplacer("-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\n", "-----END PUBLIC KEY-----", "\n-----END PUBLIC KEY-----\n").Replace(w.ebayKey.public)
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no key in %q", text)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(sig.Signature)
	if err != nil {
		t.Fatal(err)
	}
	good, bad := sha1.Sum([]byte(`{"a":1}`)), sha1.Sum([]byte(`{"a":2}`))
	if !ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), good[:], der) || ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), bad[:], der) {
		t.Error("the signature does not tell the body from another")
	}
}

// FuzzSearch: a search, whatever stands in it, finds no more than there is.
func FuzzSearch(f *testing.F) {
	w, err := New(Options{Orders: 20})
	if err != nil {
		f.Fatal(err)
	}
	for _, q := range []string{`updated_at:>='2026-01-01T00:00:00Z' AND name:#1234`, `sku:'a\'b'`, `"`, `id:>5 '' :`, `created_at:<2026-01-01 status:any x`, `-tag:'`} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		s, err := w.store(shop)
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		x := &exec{w: w, s: s}
		for _, byChange := range []bool{false, true} {
			if found := x.search(q, byChange); len(found.list()) > s.count() || len(found.list()) != found.count() {
				t.Errorf("%d found, counted %d", len(found.list()), found.count())
			}
		}
		if n := len(x.searchItems(q)); n > len(s.items) {
			t.Errorf("%d listings", n)
		}
	})
}
