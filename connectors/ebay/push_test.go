package ebay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/connectors"
	"helloworld/connectors/conntest"
)

// The vectors that eBay publishes with its own software.
func TestOfficialVectors(t *testing.T) {
	t.Parallel()
	dir := contractsDir()
	if dir == "" {
		t.Skip("CONTRACTS_DIR is absent: eBay's test vectors were not tried")
	}
	data, err := os.ReadFile(filepath.Join(dir, "ebay", "notification_signature_testvectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors map[string]struct {
		Signature string          `json:"signature"`
		Message   json.RawMessage `json:"message"`
		Response  struct {
			Key string `json:"key"`
		} `json:"response"`
		ID string `json:"public_key"`
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	for name, v := range vectors {
		s := newServer(t, 1)
		s.otherKey = v.Response.Key
		shop := newShop(t, s)
		// As it stands in the file, with spaces between its parts.
		events, err := shop.Verify(t.Context(), http.Header{"X-Ebay-Signature": {v.Signature}}, v.Message)
		if name == "VALID" {
			if err != nil || len(events) != 2 || events[0].Kind != connectors.EventPrivacy || events[0].Ref != "ma8vp1jySJC" || events[1].Ref != "test_user" {
				t.Errorf("%s: %+v %v", name, events, err)
			}
			continue
		}
		// With a key that cannot be had, nothing is said about the delivery itself.
		if k := connectors.KindOf(err); err == nil || k != connectors.Invalid && (k != connectors.Down || name != "ERROR") {
			t.Errorf("%s: %+v %v", name, events, err)
		}
	}
	if len(vectors) != 4 {
		t.Errorf("%d vectors", len(vectors))
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	shop := newShop(t, newServer(t, 1))
	ctype, body, ok := shop.Challenge(url.Values{"challenge_code": {"71745723-d031-455c-bfa5-f90d11b4f20a"}}, "https://www.testendpoint.com/webhook")
	// SHA-256 of the code, the token and the address, reckoned apart from this code.
	const want = `{"challengeResponse":"9a90425cb4ea41e5103e7f23573cfb3b65b6d4054c797dbb5259344879a629ce"}`
	if !ok || ctype != "application/json" || string(body) != want {
		t.Errorf("%s %s %v", ctype, body, ok)
	}
	none := newShop(t, newServer(t, 1), func(c *connectors.Config) { c.Secrets = nil })
	if _, _, ok := none.Challenge(url.Values{"challenge_code": {"x"}}, testPoint); ok {
		t.Error("answers without a token")
	}
	for _, bad := range []string{"short", strings.Repeat("a", 81), strings.Repeat("a", 31) + "!"} {
		if _, err := New(connectors.Config{Credential: connectors.Credential{Refresh: "r"}, Secrets: map[string]connectors.Secret{secretToken: connectors.Secret(bad)}}); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	for _, tt := range []struct {
		topic string
		data  any
		want  connectors.Event
	}{
		{"ORDER_CONFIRMATION", obj{"orderId": first, "lineItemId": 90071992547409931}, connectors.Event{Kind: connectors.EventOrder, Order: first, Ref: "90071992547409931"}},
		{"ITEM_MARKED_SHIPPED", obj{"order": obj{"orderId": first}}, connectors.Event{Kind: connectors.EventShipment, Order: first}},
		{"NEW_MESSAGE", obj{"conversationId": "c1", "messageId": "m1"}, connectors.Event{Kind: connectors.EventMessage, Ref: "c1"}},
		{"AUTHORIZATION_REVOCATION", obj{"username": "toy-seller", "userId": "u1"}, connectors.Event{Kind: connectors.EventGone, Account: "toy-seller", Ref: "u1"}},
		{"MARKETPLACE_ACCOUNT_DELETION", obj{"username": "buyer", "userId": "u2"}, connectors.Event{Kind: connectors.EventPrivacy, Ref: "u2"}},
		{"SOMETHING_NEW", []int{1}, connectors.Event{Kind: connectors.EventOther}},
	} {
		data, _ := tt.data.(obj)
		h, raw := deliver(tt.topic, "id-"+tt.topic, start.AddDate(0, 0, -40), data) // old, and still an event
		got, err := shop.Verify(t.Context(), h, raw)
		want := 1
		if tt.want.Kind == connectors.EventPrivacy {
			want = 2 // once by each way of naming the buyer
		}
		if err != nil || len(got) != want {
			t.Errorf("%s: %d events, %v", tt.topic, len(got), err)
			continue
		}
		if want == 2 && (got[1].Ref != "buyer" || got[1].Kind != got[0].Kind || got[1].ID == got[0].ID) {
			t.Errorf("%s by name: %+v", tt.topic, got[1])
		}
		e := got[0]
		if e.ID != "id-"+tt.topic || e.Topic != tt.topic || e.Kind != tt.want.Kind || e.Order != tt.want.Order || e.Ref != tt.want.Ref || e.Account != tt.want.Account ||
			!e.At.Equal(start.AddDate(0, 0, -40)) || string(e.Raw) != string(raw) {
			t.Errorf("%s: %+v", tt.topic, e)
		}
	}
	if n := s.checked["getPublicKey"]; contractsDir() != "" && n != 1 {
		t.Errorf("the public key was asked for %d times", n)
	}
	s.lock(func() { s.at = s.at.Add(2 * time.Hour) })
	h, raw := deliver("NEW_MESSAGE", "later", start, nil)
	if _, err := shop.Verify(t.Context(), h, raw); err != nil || contractsDir() != "" && s.checked["getPublicKey"] != 2 {
		t.Errorf("after an hour the key is asked for again: %v", err)
	}
	h, raw = deliver("", "", start, nil)
	if _, err := shop.Verify(t.Context(), h, raw); connectors.KindOf(err) != connectors.Invalid || err == nil {
		t.Errorf("signed, and no notification: %v", err)
	}
}

func TestPublicKeys(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	h, raw := deliver("NEW_MESSAGE", "n", start, nil)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := shop.Verify(t.Context(), h, raw); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.count("/public_key/"); n != 1 {
		t.Errorf("20 deliveries at once asked for the key %d times", n)
	}
	// Names of keys that there are not use up no more than one call each.
	named := func(kid string) http.Header {
		sig, _ := json.Marshal(obj{"alg": "ecdsa", "kid": kid, "signature": "AAAA", "digest": "SHA1"})
		return http.Header{"X-Ebay-Signature": {base64.StdEncoding.EncodeToString(sig)}}
	}
	for range 5 {
		if _, err := shop.Verify(t.Context(), named("00000000-aaaa"), raw); connectors.KindOf(err) != connectors.Invalid || err == nil {
			t.Errorf("%v", err)
		}
	}
	for _, kid := range []string{"", "../../oauth2", "a b", strings.Repeat("k", 300), "x/y"} {
		if _, err := shop.Verify(t.Context(), named(kid), raw); connectors.KindOf(err) != connectors.Invalid || err == nil {
			t.Errorf("%q: %v", kid, err)
		}
	}
	if n := s.count("/public_key/"); n != 2 {
		t.Errorf("the keys were asked for %d times", n)
	}
	fresh := newShop(t, s)
	s.lock(func() { s.fail, s.fault = 100, conntest.ServerError })
	if _, err := fresh.Verify(t.Context(), h, raw); connectors.KindOf(err) != connectors.Down || err == nil {
		t.Errorf("the key cannot be had: %v", err)
	}
	s.lock(func() { s.fail = 0 })
	if _, err := fresh.Verify(t.Context(), h, raw); err != nil {
		t.Errorf("and then it can: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newShop(t, s).Verify(ctx, h, raw); connectors.KindOf(err) != connectors.Down || err == nil {
		t.Errorf("nobody waits: %v", err)
	}
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	s.asked = []string{"BUYER_QUESTION"}
	shop := newShop(t, s)
	if err := shop.Subscribe(t.Context(), testPoint); err != nil {
		t.Fatal(err)
	}
	if s.email != "ops@example.com" || len(s.dests) != 1 || len(s.subs) != 2 || len(s.userSub) != 2 {
		t.Errorf("%q %v %v %v", s.email, s.dests, s.subs, s.userSub)
	}
	if v := s.subs[0]["payload"].(obj)["schemaVersion"]; v != "1.10" {
		t.Errorf("version %v", v)
	}
	if err := shop.Subscribe(t.Context(), "http://desk.example.com/x"); connectors.KindOf(err) != connectors.Invalid || err == nil {
		t.Errorf("%v", err)
	}
	s.lock(func() { s.asked, s.subs = []string{"MARKETPLACE_ACCOUNT_DELETION"}, nil })
	if err := shop.Subscribe(t.Context(), testPoint); codeOf(err) != "195011" {
		t.Errorf("without what everybody must take: %v", err)
	}
	bare := newShop(t, s, func(c *connectors.Config) { c.Secrets = nil })
	if err := bare.Subscribe(t.Context(), testPoint); connectors.KindOf(err) != connectors.Unsupported || err == nil {
		t.Errorf("%v", err)
	}
	if c := capOf(bare, connectors.CapWebhooks); c.OK || c.Reason != "can.not_configured" {
		t.Errorf("%+v", c)
	}
}

func FuzzVerify(f *testing.F) {
	h, raw := deliver("ORDER_CONFIRMATION", "n", start, obj{"orderId": first})
	f.Add(h.Get("X-Ebay-Signature"), raw)
	f.Add("e30=", []byte("{}"))
	f.Add("", []byte(nil))
	s := newServer(f, 1)
	shop := newShop(f, s)
	f.Fuzz(func(t *testing.T, sig string, raw []byte) {
		events, err := shop.Verify(context.Background(), http.Header{"X-Ebay-Signature": {sig}}, raw)
		if err == nil && (len(events) == 0 || events[0].ID == "") {
			t.Fatalf("%+v", events)
		}
		if e, err := notice(raw); err == nil && (e.ID == "" || e.Kind == "") {
			t.Fatalf("%+v", e)
		}
		_, _ = derOf(string(raw))
	})
}
