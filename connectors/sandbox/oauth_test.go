package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const testRedirect = "http://127.0.0.1:9/back"

// press plays the seller: it opens the page of consent and presses a button.
func (r *rig) press(store, decision string, extra url.Values) (int, url.Values) {
	r.Helper()
	a := r.account(store)
	q := url.Values{"client_id": {clientID}, "state": {"st&te"}, "redirect_uri": {testRedirect}}
	switch a.Platform {
	case Ebay:
		q.Set("response_type", "code")
	case Amazon:
		q = url.Values{"application_id": {clientID}, "state": {"st&te"}, "redirect_uri": {testRedirect}}
	}
	for k, v := range extra {
		q[k] = v
	}
	status, _, body, err := r.do("GET", a.ConsentPath+"?"+q.Encode(), nil, "")
	if err != nil {
		r.Fatal(err)
	}
	if status != http.StatusOK {
		return status, nil
	}
	for _, word := range []string{"Grant", "授权", "Refuse", "拒绝", a.Seller} {
		if !strings.Contains(body, word) {
			r.Errorf("the page lacks %q", word)
		}
	}
	client := *r.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.PostForm(r.srv.URL+a.ConsentPath+"?"+q.Encode(), url.Values{"decision": {decision}})
	if err != nil {
		r.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != http.StatusFound || !strings.HasPrefix(to.String(), testRedirect) {
		r.Fatalf("%d, sent to %q: %v", res.StatusCode, to, err)
	}
	return res.StatusCode, to.Query()
}

func codeOf(q url.Values) string { return q.Get("code") + q.Get("spapi_oauth_code") }

func (r *rig) codeGrant(store, code string, extra url.Values) (int, map[string]any) {
	r.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {testRedirect}}
	for k, v := range extra {
		form[k] = v
	}
	return r.tokenCall(store, form, r.account(store).Secret)
}

func TestConsent(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"ebay-de", "amazon-jp", "shopify-main"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Options{})
			_, q := r.press(store, "refuse", nil)
			if q.Get("error") != "access_denied" || q.Get("state") != "st&te" || codeOf(q) != "" {
				t.Errorf("refused: %v", q)
			}
			if err := r.w.Revoke(store); err != nil {
				t.Fatal(err)
			}
			old := r.account(store).Refresh
			_, q = r.press(store, "grant", nil)
			if q.Get("state") != "st&te" || codeOf(q) == "" {
				t.Fatalf("granted: %v", q)
			}
			status, got := r.codeGrant(store, codeOf(q), url.Values{"expiring": {"1"}})
			if status != http.StatusOK || got["refresh_token"] == nil || got["refresh_token"] == old {
				t.Fatalf("code: %d %v", status, got)
			}
			if status, again := r.codeGrant(store, codeOf(q), nil); status != http.StatusBadRequest || again["error"] != "invalid_grant" {
				t.Errorf("a code worked twice: %d %v", status, again)
			}
			if status, dead := r.refresh(store, old); status != http.StatusBadRequest || dead["error"] != "invalid_grant" {
				t.Errorf("a token from before the revocation lives again: %d %v", status, dead)
			}
			if status, live := r.refresh(store, got["refresh_token"].(string)); status != http.StatusOK {
				t.Errorf("the new refresh token: %d %v", status, live)
			}
			_, q = r.press(store, "grant", nil)
			r.clock.add(11 * time.Minute)
			if status, late := r.codeGrant(store, codeOf(q), nil); status != http.StatusBadRequest {
				t.Errorf("a code of eleven minutes ago: %d %v", status, late)
			}
		})
	}
}

func TestConsentOfShopify(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	_, q := r.press("shopify-main", "grant", url.Values{"scope": {"read_orders,write_inventory"}})
	var parts []string
	for k := range q {
		if k != "hmac" {
			parts = append(parts, k+"="+q.Get(k))
		}
	}
	slices.Sort(parts)
	mac := hmac.New(sha256.New, []byte(r.account("shopify-main").Secret))
	mac.Write([]byte(strings.Join(parts, "&")))
	if want := hex.EncodeToString(mac.Sum(nil)); q.Get("hmac") != want {
		t.Errorf("hmac %s, want %s of %v", q.Get("hmac"), want, parts)
	}
	for _, k := range []string{"host", "shop", "timestamp"} {
		if q.Get(k) == "" {
			t.Errorf("no %s in %v", k, q)
		}
	}
	status, got := r.codeGrant("shopify-main", q.Get("code"), nil)
	if status != http.StatusOK || got["expires_in"] != nil || got["refresh_token"] != nil || got["scope"] != "read_orders,write_inventory" {
		t.Errorf("a token without end: %d %v", status, got)
	}
	r.clock.add(1000 * time.Hour)
	if err := r.w.Expire("shopify-main"); err != nil {
		t.Fatal(err)
	}
	if why := r.shopify("shopify-main").auth.check(got["access_token"].(string), r.clock.now()); why != tokenGood {
		t.Errorf("the token without end is %s", why)
	}
}

// shopify is a store, for a look inside.
func (r *rig) shopify(name string) *store {
	r.Helper()
	s, err := r.w.store(name)
	if err != nil {
		r.Fatal(err)
	}
	return s
}

func TestFewerScopes(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	if err := r.w.SetConsent("shopify-main", []string{"read_orders"}); err != nil {
		t.Fatal(err)
	}
	_, q := r.press("shopify-main", "grant", url.Values{"scope": {"read_orders,write_orders"}})
	_, got := r.codeGrant("shopify-main", q.Get("code"), nil)
	if got["scope"] != "read_orders" {
		t.Errorf("granted %v", got["scope"])
	}
	if r.shopify("shopify-main").auth.has("write_orders") {
		t.Error("the token may do what was not granted")
	}
}

func TestRotateSecret(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"ebay-de", "amazon-jp", "shopify-main"} {
		r := newRig(t, Options{})
		a := r.account(store)
		secret, err := r.w.RotateSecret(store)
		if err != nil || secret == a.Secret {
			t.Fatalf("%q, %v", secret, err)
		}
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.Refresh}}
		if status, got := r.tokenCall(store, form, a.Secret); status != http.StatusUnauthorized || got["error"] != "invalid_client" {
			t.Errorf("%s: the old secret: %d %v", store, status, got)
		}
		if status, got := r.tokenCall(store, form, secret); status != http.StatusOK {
			t.Errorf("%s: the new secret: %d %v", store, status, got)
		}
	}
}

func TestConsentRefusesNonsense(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Redirect: testRedirect})
	for name, extra := range map[string]url.Values{
		"another application": {"client_id": {"x"}, "application_id": {"x"}},
		"another address":     {"redirect_uri": {"http://127.0.0.1:9/evil"}},
		"a script":            {"redirect_uri": {"javascript:alert(1)"}},
		"an unknown scope":    {"scope": {"read_minds"}},
	} {
		for _, store := range []string{"ebay-de", "shopify-main"} {
			if status, _ := r.press(store, "grant", extra); status != http.StatusBadRequest {
				t.Errorf("%s: %s: %d", store, name, status)
			}
		}
	}
	if status, q := r.press("ebay-de", "grant", url.Values{"redirect_uri": {ruName}}); status != http.StatusFound || q.Get("expires_in") == "" {
		t.Errorf("eBay's name of the address: %d %v", status, q)
	}
}

// FuzzConsent: whatever query comes, the seller is never sent to an address
// without a host, and the page never carries a script of the query.
func FuzzConsent(f *testing.F) {
	w, err := New(Options{Orders: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("client_id=sandbox-app&redirect_uri=http%3A%2F%2Flocalhost%2F&state=<script>&response_type=code&scope=read_orders")
	f.Add("application_id=sandbox-app&redirect_uri=https://[::1]:1/x?y=1&state=")
	f.Add("redirect_uri=%zz;&&=")
	f.Fuzz(func(t *testing.T, raw string) {
		q, _ := url.ParseQuery(raw)
		for _, s := range w.all() {
			ask, why := w.asked(s, q)
			if why != "" {
				continue
			}
			for _, to := range []string{w.granted(s, ask), refused(s, ask)} {
				u, err := url.Parse(to)
				if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
					t.Errorf("sent to %q: %v", to, err)
				}
			}
			var b strings.Builder
			if err := consentPage.Execute(&b, ask); err != nil || strings.Contains(b.String(), "<script") {
				t.Errorf("the page: %v", err)
			}
		}
	})
}
