package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ruName is what eBay calls a registered address by.
const ruName = "Sandbox-Desk-RuName"

// codeTTL is how long a code lives that a seller's consent brings.
var codeTTL = map[string]time.Duration{Shopify: 10 * time.Minute, Ebay: 5 * time.Minute, Amazon: 5 * time.Minute}

// code is a consent that was given and not used yet.
type code struct {
	until    time.Time
	scopes   []string
	redirect string
}

// asking is what an application asks a seller for.
type asking struct {
	Store, Platform, Seller string
	Scopes                  []string
	State                   string
	redirect                string // as the application named it
	back                    *url.URL
}

var consentPage = template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Platform}}: {{.Store}}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}li{font-family:monospace}button{font-size:1rem;padding:.5rem 1.5rem;margin-right:1rem}</style></head>
<body><h1>{{.Store}}</h1>
<p>The application “Desk” asks for access to the account {{.Seller}} on the sandbox’s {{.Platform}}.</p>
<p lang="zh-CN">应用“Desk”请求访问沙盒 {{.Platform}} 上的账户 {{.Seller}}。</p>
{{if .Scopes}}<ul>{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>{{end}}
<form method="post"><button name="decision" value="grant">Grant · <span lang="zh-CN">授权</span></button><button name="decision" value="refuse">Refuse · <span lang="zh-CN">拒绝</span></button></form>
</body></html>
`))

var consentPaths = map[string]string{Shopify: "/admin/oauth/authorize", Ebay: "/oauth2/authorize", Amazon: "/apps/authorize/consent"}

// consent is the page on which a seller grants an application access. It tells
// whether the call was for that page.
func (w *World) consent(c *call) bool {
	if c.path != consentPaths[c.s.Platform] {
		return false
	}
	w.count(c.s.Name, "consent")
	ask, why := w.asked(c.s, c.URL.Query())
	switch {
	case why != "":
		http.Error(c.rw, why, http.StatusBadRequest)
	case c.Method == http.MethodPost:
		if !c.form() {
			http.Error(c.rw, "the form could not be read", http.StatusBadRequest)
			return true
		}
		var to string
		switch c.PostForm.Get("decision") {
		case "grant":
			to = w.granted(c.s, ask)
		case "refuse":
			to = refused(c.s, ask)
		default:
			http.Error(c.rw, "neither granted nor refused", http.StatusBadRequest)
			return true
		}
		c.rw.Header().Set("Location", to)
		c.rw.WriteHeader(http.StatusFound)
	case c.Method == http.MethodGet:
		var b strings.Builder
		if err := consentPage.Execute(&b, ask); err != nil {
			http.Error(c.rw, "the page could not be written", http.StatusInternalServerError)
			return true
		}
		reply{kind: "text/html; charset=utf-8", body: []byte(b.String())}.send(c.rw)
	default:
		http.Error(c.rw, "method not allowed", http.StatusMethodNotAllowed)
	}
	return true
}

// asked reads what an application asks for. why is set where the platform would
// show an error instead of its page.
func (w *World) asked(s *store, q url.Values) (ask asking, why string) {
	ask = asking{Store: s.Name, Platform: s.Platform, Seller: s.seller, State: q.Get("state"), redirect: q.Get("redirect_uri")}
	id := q.Get("client_id")
	back := ask.redirect
	switch s.Platform {
	case Amazon:
		id = q.Get("application_id")
		back = orElse(back, w.o.Redirect)
	case Ebay:
		if q.Get("response_type") != "code" {
			return ask, "unsupported_response_type: response_type has to be code"
		}
		ask.Scopes = strings.Fields(q.Get("scope"))
		if u, err := url.Parse(back); back != "" && (err != nil || u.Scheme == "") {
			back = w.o.Redirect // a RuName: the address is what was registered for it
		}
	default:
		ask.Scopes = slices.DeleteFunc(strings.FieldsFunc(q.Get("scope"), func(r rune) bool { return r == ',' || r == ' ' }), func(v string) bool { return v == "" })
	}
	if id != clientID {
		return ask, "unauthorized_client: no such application"
	}
	for _, scope := range ask.Scopes {
		if !slices.Contains(scopesOf[s.Platform], scope) && !slices.Contains(scopesOf[s.Platform], "write_"+strings.TrimPrefix(scope, "read_")) {
			return ask, "invalid_scope: " + scope
		}
	}
	u, err := url.Parse(back)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "":
		return ask, "invalid_request: the redirect address is not one"
	case w.o.Redirect != "" && back != w.o.Redirect:
		return ask, "invalid_request: the redirect address is not the one that was registered"
	}
	ask.back = u
	return ask, ""
}

// granted makes a code, and gives the address that the browser is sent to.
func (w *World) granted(s *store, ask asking) string {
	now := w.now()
	s.auth.mu.Lock()
	value := s.auth.mint("code")
	for k, old := range s.auth.codes { // nobody will bring these any more
		if now.After(old.until) {
			delete(s.auth.codes, k)
		}
	}
	s.auth.codes[value] = code{until: now.Add(codeTTL[s.Platform]), scopes: ask.Scopes, redirect: ask.redirect}
	secret := s.auth.secret
	s.auth.mu.Unlock()
	q := url.Values{"state": {ask.State}}
	switch s.Platform {
	case Ebay:
		q.Set("code", value)
		q.Set("expires_in", strconv.Itoa(int(codeTTL[Ebay]/time.Second)))
	case Amazon:
		q.Set("spapi_oauth_code", value)
		q.Set("selling_partner_id", s.seller)
	default:
		q.Set("code", value)
		s.signQuery(q, secret, now)
	}
	return ask.to(q)
}

// signQuery adds what Shopify sends along with a code, and its signature.
func (s *store) signQuery(q url.Values, secret string, now time.Time) {
	q.Set("shop", s.seller)
	q.Set("host", base64.RawURLEncoding.EncodeToString([]byte(s.seller+"/admin")))
	q.Set("timestamp", strconv.FormatInt(now.Unix(), 10))
	var parts []string
	for k := range q {
		parts = append(parts, k+"="+q.Get(k))
	}
	slices.Sort(parts)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join(parts, "&")))
	q.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
}

// refused is where the browser is sent when the seller pressed the other button.
func refused(s *store, ask asking) string {
	q := url.Values{"error": {"access_denied"}, "state": {ask.State}}
	if s.Platform == Shopify {
		q.Set("shop", s.seller)
	}
	return ask.to(q)
}

func (a asking) to(q url.Values) string {
	u := *a.back
	all := u.Query()
	for k, v := range q {
		all[k] = v
	}
	u.RawQuery = all.Encode()
	return u.String()
}

// redeem takes a code. ok is false when the platform would answer invalid_grant.
// lasting asks for a token that does not expire, as Shopify gives to who does
// not ask for an expiring one.
func (a *auth) redeem(value, redirect string, now time.Time, lasting bool) (grant, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.codes[value]
	if value == consentCode { // a consent that was given before the world began
		c, ok = code{until: now.Add(time.Minute), redirect: redirect}, true
	}
	delete(a.codes, value)
	if !ok || now.After(c.until) || a.platform == Ebay && c.redirect != redirect {
		return grant{}, false
	}
	if value == consentCode && !a.revoked && len(a.refresh) > 0 && !lasting {
		return a.giveLocked(a.refresh[len(a.refresh)-1], now), true
	}
	if a.revoked { // what was granted before stays dead
		a.refresh, a.access, a.revoked = nil, map[string]time.Time{}, false
	}
	if c.scopes != nil || a.consented != nil {
		a.scopes = a.agreed(c.scopes)
	}
	if lasting {
		g := a.giveLocked("", now)
		g.ttl = 0
		a.access[g.access] = now.AddDate(100, 0, 0)
		return g, true
	}
	next := a.mint("refresh")
	if a.platform == Shopify { // one refreshable token for each application and shop
		a.refresh = nil
	}
	a.refresh = append(a.refresh, next)
	return a.giveLocked(next, now), true
}

// agreed is what of the scopes asked for the seller agrees to.
func (a *auth) agreed(asked []string) []string {
	if asked == nil {
		asked = scopesOf[a.platform]
	}
	if a.consented == nil {
		return slices.Clone(asked)
	}
	return slices.DeleteFunc(slices.Clone(asked), func(v string) bool { return !slices.Contains(a.consented, v) })
}

// SetConsent says which scopes a store's seller agrees to from the next consent
// on, however many are asked for; nil means all.
func (w *World) SetConsent(store string, scopes []string) error {
	return w.withAuth(store, func(a *auth) { a.consented = slices.Clone(scopes) })
}

// RotateSecret gives a store's application a new secret, and tells it. The old
// one is refused from now on.
func (w *World) RotateSecret(store string) (secret string, err error) {
	err = w.withAuth(store, func(a *auth) {
		a.rotated++
		a.secret = clientSecret + "-" + strconv.Itoa(a.rotated+1)
		secret = a.secret
	})
	return secret, err
}

// client checks the app's own id and secret, from the form or from Basic.
func (a *auth) client(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return id == clientID && hmac.Equal([]byte(secret), []byte(a.secret))
}

// secretNow is the application's secret, with which Shopify signs.
func (a *auth) secretNow() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.secret
}

// newest is the refresh token that was given last.
func (a *auth) newest() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.refresh) == 0 {
		return ""
	}
	return a.refresh[len(a.refresh)-1]
}
