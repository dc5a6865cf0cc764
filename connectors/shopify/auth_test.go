package shopify

import (
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// The platform's own example, with the secret "hush".
func TestSignatureOfAnAddress(t *testing.T) {
	t.Parallel()
	const text = "code=0907a61c0c8d55e99db179b68161bc00&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf&shop=some-shop.myshopify.com&state=0.6784241404160823&timestamp=1337178173"
	q, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	if !signedQuery(q, "hush") {
		t.Error("the platform's example is not taken")
	}
	for name, change := range map[string]func(url.Values){
		"another code":   func(q url.Values) { q.Set("code", "x") },
		"one more":       func(q url.Values) { q.Set("more", "1") },
		"one twice":      func(q url.Values) { q.Add("shop", "evil.myshopify.com") },
		"one less":       func(q url.Values) { q.Del("state") },
		"no signature":   func(q url.Values) { q.Del("hmac") },
		"two signatures": func(q url.Values) { q.Add("hmac", "00") },
		"not hex":        func(q url.Values) { q.Set("hmac", "zz") },
		"cut":            func(q url.Values) { q.Set("hmac", q.Get("hmac")[:32]) },
		"two in one":     func(q url.Values) { q.Del("state"); q.Set("shop", "some-shop.myshopify.com&state=0.6784241404160823") },
	} {
		c := url.Values{}
		for k, v := range q {
			c[k] = slices.Clone(v)
		}
		if change(c); signedQuery(c, "hush") {
			t.Errorf("%s: taken", name)
		}
	}
	if signedQuery(q, "") || signedQuery(q, "hush2") {
		t.Error("another secret is taken")
	}
	// Values with signs that addresses escape, in both ways of writing them.
	odd := url.Values{"state": {"a+b/c=d&e%f"}, "shop": {"x.myshopify.com"}}
	for _, signedText := range []string{odd.Encode(), "shop=x.myshopify.com&state=a+b/c=d%26e%25f"} {
		odd.Set("hmac", hex.EncodeToString(mac([]byte(signedText), "hush")))
		if !signedQuery(odd, "hush") {
			t.Errorf("not taken: %s", signedText)
		}
		odd.Del("hmac")
	}
}

func TestConnecting(t *testing.T) {
	s := newShopServer(t, 1)
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	mk := func(base, account string, options map[string]string) *Shop {
		shop, err := New(connectors.Config{Info: connectors.Info{Store: "x", Account: account}, BaseURL: base, TokenURL: s.URL + "/admin/oauth/access_token", ClientID: "app",
			ClientSecret: "app-secret-1", Redirect: redirct, Options: options, Now: func() time.Time { return at }, Sleep: noSleep})
		if err != nil {
			t.Fatal(err)
		}
		return shop
	}
	shop := mk("https://toy-de.myshopify.com", "", map[string]string{"scopes": "read_orders, write_orders"})
	link, err := shop.Begin(t.Context(), "st ate")
	if err != nil {
		t.Fatal(err)
	}
	if u, _ := url.Parse(link); u.Query().Get("scope") != "read_orders,write_orders" || u.Host != "toy-de.myshopify.com" || u.Query().Get("state") != "st ate" {
		t.Errorf("link %s", link)
	}
	if _, err := shop.Begin(t.Context(), ""); connectors.KindOf(err) != connectors.Invalid {
		t.Errorf("without a state: %v", err)
	}
	c, err := shop.Complete(t.Context(), s.consent(link))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Granted.Equal(at) || !c.Expires.Equal(at.Add(time.Hour)) || !c.RefreshExpires.Equal(at.Add(90*24*time.Hour)) || !slices.Equal(c.Scopes, []string{"read_orders", "write_orders"}) {
		t.Errorf("credential %+v", c)
	}
	for name, tc := range map[string]struct {
		q    url.Values
		kind connectors.Kind
		code string
	}{
		"another shop":        {signed(url.Values{"code": {"1"}, "shop": {"evil.myshopify.com"}}, "app-secret-1"), connectors.Invalid, "other_shop"},
		"no shop":             {signed(url.Values{"code": {"1"}}, "app-secret-1"), connectors.Invalid, "other_shop"},
		"no code":             {signed(url.Values{"shop": {"toy-de.myshopify.com"}}, "app-secret-1"), connectors.Reauthorise, "no_code"},
		"an invented code":    {signed(url.Values{"code": {"secretcode77"}, "shop": {"TOY-de.myshopify.com"}}, "app-secret-1"), connectors.Reauthorise, "invalid_request"},
		"refused":             {url.Values{"error": {"access_denied"}}, connectors.Reauthorise, "access_denied"},
		"refused, with words": {url.Values{"error": {"anna.buyer@example.com <script>"}}, connectors.Reauthorise, "refused"},
		"nothing":             {nil, connectors.Invalid, "bad_signature"},
	} {
		_, err := shop.Complete(t.Context(), tc.q)
		var e *connectors.Error
		if !errors.As(err, &e) || e.Kind != tc.kind || e.Code != tc.code || strings.Contains(err.Error(), "secretcode77") || strings.Contains(err.Error(), "anna") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := mk("https://toy-de.myshopify.com", "", nil).Begin(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	bare, err := New(connectors.Config{BaseURL: s.URL, Credential: connectors.Credential{Access: "shpat_first0000001"}, Sleep: noSleep})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.Begin(t.Context(), "x"); connectors.KindOf(err) != connectors.Unsupported {
		t.Errorf("a shop with only a token cannot be connected by the browser: %v", err)
	}
	if _, err := bare.Complete(t.Context(), s.consent(link)); connectors.KindOf(err) != connectors.Unsupported {
		t.Errorf("nor completed: %v", err)
	}
}

// A token that never expires: it works, has no deadline, and renewing it only
// asks whether it still does.
func TestTokenThatNeverExpires(t *testing.T) {
	s := newShopServer(t, 1)
	shop, err := New(connectors.Config{Info: connectors.Info{Store: "x"}, BaseURL: s.URL, Credential: connectors.Credential{Access: "shpat_first0000001"}, Sleep: noSleep})
	if err != nil {
		t.Fatal(err)
	}
	if h := shop.Health(t.Context()); h.State != connectors.HealthOK || len(shop.Deadlines()) != 0 {
		t.Errorf("%+v %v", h, shop.Deadlines())
	}
	if err := shop.Renew(t.Context()); err != nil || s.refreshes != 0 {
		t.Errorf("renewed: %v, %d refreshes", err, s.refreshes)
	}
	s.revoked = true
	if err := shop.Renew(t.Context()); connectors.KindOf(err) != connectors.Reauthorise {
		t.Errorf("revoked: %v", err)
	}
	if _, err := shop.Verify(t.Context(), nil, nil); connectors.KindOf(err) != connectors.Unsupported {
		t.Errorf("without a client secret nothing can be told from forged: %v", err)
	}
	for _, c := range shop.Can(t.Context()) {
		if c.Name == connectors.CapWebhooks && c.OK {
			t.Errorf("%+v", c)
		}
	}
}

func TestRefreshKeepsWhatItShould(t *testing.T) {
	s := newShopServer(t, 1)
	shop := newShop(t, s)
	old := connectors.Credential{Access: "shpat_first0000001", Refresh: "shprt_first0000001", Granted: time.Unix(1e9, 0), Extra: map[string]connectors.Secret{"a": "b"}}
	c, err := shop.Refresh(t.Context(), old)
	if err != nil || c.Previous != old.Refresh || c.Refresh == old.Refresh || !c.Granted.Equal(old.Granted) || c.Extra["a"] != "b" || c.RefreshExpires.IsZero() {
		t.Errorf("%+v %v", c, err)
	}
	if err := shop.Renew(t.Context()); connectors.KindOf(err) != connectors.Reauthorise {
		t.Fatalf("the pair it knew was used up: %v", err)
	}
}

func TestScopesDecideWhatCanBeDone(t *testing.T) {
	t.Parallel()
	shop := newShop(t, newShopServer(t, 1))
	for missing, names := range map[string][]connectors.CapName{
		"read_orders":     {connectors.CapOrders, connectors.CapBulk, connectors.CapShip, connectors.CapReturns, connectors.CapDecide},
		"write_orders":    {connectors.CapRefund},
		"read_returns":    {connectors.CapReturns},
		"write_returns":   {connectors.CapDecide},
		"read_products":   {connectors.CapCatalog, connectors.CapStock},
		"read_inventory":  {connectors.CapCatalog},
		"write_inventory": {connectors.CapStock},
		"write_merchant_managed_fulfillment_orders": {connectors.CapShip},
	} {
		verb := strings.TrimPrefix(strings.TrimPrefix(missing, "read_"), "write_")
		shop.scopesAt, shop.scopes = time.Now(), slices.DeleteFunc(slices.Clone(wanted), func(s string) bool {
			return s == missing || strings.HasPrefix(missing, "read_") && s == "write_"+verb
		})
		for _, c := range shop.Can(t.Context()) {
			if slices.Contains(names, c.Name) && (c.OK || c.Missing != missing) {
				t.Errorf("without %s: %+v", missing, c)
			}
		}
	}
	shop.scopes = slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return s == "read_all_orders" })
	for _, c := range shop.Can(t.Context()) {
		if c.Name == connectors.CapOrders && (!c.OK || c.Missing != "read_all_orders") {
			t.Errorf("sixty days back only: %+v", c)
		}
		if caps := connectors.CapsOf(shop); c.OK && !caps[c.Name] {
			t.Errorf("%s has no method", c.Name)
		}
	}
}

func FuzzSignedQuery(f *testing.F) {
	f.Add("code=1&hmac=00&shop=x")
	f.Add("hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf")
	f.Add("a=%26&b=%25&hmac=x&hmac=y")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		if signedQuery(q, "another secret that nobody signed with") {
			t.Fatalf("taken: %q", text)
		}
		q.Del("hmac")
		for k, v := range q {
			q[k] = v[:1]
		}
		q.Del("signature")
		if signed(q, "hush"); !signedQuery(q, "hush") {
			t.Fatalf("what was signed is not taken: %q", text)
		}
	})
}
