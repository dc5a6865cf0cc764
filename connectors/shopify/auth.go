package shopify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	opToken = "token"
	// opCode is the exchange of a code. It works once, so it is never repeated.
	opCode = "code"
)

// wanted are all scopes that the desk has a use for.
var wanted = []string{
	"read_orders", "write_orders", "read_all_orders", "read_products", "read_inventory", "write_inventory", "read_locations",
	"read_returns", "write_returns", "read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders",
	"read_customers", "read_shopify_payments_disputes",
}

func scopesAsked(option string) []string {
	if s := scopesOf(option); len(s) > 0 {
		return s
	}
	return wanted
}

func scopesOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

type tokenAnswer struct {
	Access         string  `json:"access_token"`
	Expires        float64 `json:"expires_in"`
	Refresh        string  `json:"refresh_token"`
	RefreshExpires float64 `json:"refresh_token_expires_in"`
	Scope          string  `json:"scope"`
}

func (a tokenAnswer) credential(asked time.Time) connectors.Credential {
	out := connectors.Credential{Access: connectors.Secret(a.Access), Refresh: connectors.Secret(a.Refresh), Scopes: scopesOf(a.Scope)}
	if len(out.Scopes) == 0 {
		out.Scopes = nil // nothing said, rather than none granted
	}
	out.Expires, out.RefreshExpires = later(asked, a.Expires), later(asked, a.RefreshExpires)
	return out
}

// later is zero where the platform names no sensible end.
func later(t time.Time, seconds float64) time.Time {
	const most = 100 * 365 * 24 * 3600
	if !(seconds > 0 && seconds < most) {
		return time.Time{}
	}
	return t.Add(time.Duration(seconds * float64(time.Second)))
}

// refresh gets a new access token: with the refresh token where there is one
// (it changes with each use), else with the app's own credentials, which serve
// an app of the shop's own organisation. A shop with a token that never expires
// has neither, and once that is refused, a person has to help.
func (s *Shop) refresh(ctx context.Context, c connectors.Credential) (connectors.Credential, error) {
	form := url.Values{"client_id": {s.id}, "client_secret": {string(s.secret)}}
	switch {
	case s.id == "" || s.secret == "":
		return connectors.Credential{}, &connectors.Error{Kind: connectors.Reauthorise, Platform: Platform, Op: opToken, Code: "token_refused",
			Err: errors.New("the shop refused the access token, and there is nothing to renew it with"), Link: s.base + "/admin/settings/apps/development"}
	case c.Refresh != "":
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", string(c.Refresh))
	default:
		form.Set("grant_type", "client_credentials")
	}
	var a tokenAnswer
	asked := s.now().UTC().Round(0)
	// Asking again is harmless: the old refresh token lives until the new one is used.
	if _, err := s.client.Do(ctx, connectors.Call{Op: opToken, Method: "POST", URL: s.tokenURL, Form: form, Bare: true, Read: true}, &a); err != nil {
		return connectors.Credential{}, err
	}
	out := a.credential(asked)
	out.Granted, out.Extra = c.Granted, c.Extra
	return out, nil
}

// Refresh gets a new access token. The desk's own calls do so by themselves.
func (s *Shop) Refresh(ctx context.Context, c connectors.Credential) (connectors.Credential, error) {
	got, err := s.refresh(ctx, c)
	if err != nil {
		return connectors.Credential{}, err
	}
	return got.After(c), nil
}

// Renew throws the access token away and gets a new one now. A token that never
// expires has nothing to be renewed with: then the answer is whether it works.
func (s *Shop) Renew(ctx context.Context) error {
	if err := s.tokens.Reload(ctx); err != nil {
		return err
	}
	c := s.tokens.Current()
	if c.Refresh == "" && c.Expires.IsZero() && c.Access != "" {
		_, err := s.askScopes(ctx)
		return err
	}
	s.tokens.Stale(c.Access)
	_, err := s.tokens.Token(ctx)
	return err
}

// Reload looks for a newer credential, after the account was connected again.
func (s *Shop) Reload(ctx context.Context) error {
	s.forgetScopes()
	return s.tokens.Reload(ctx)
}

// Deadlines tells when the refresh token ends, unless it is used before.
func (s *Shop) Deadlines() []connectors.Deadline {
	c := s.tokens.Current()
	if c.Refresh == "" || c.RefreshExpires.IsZero() {
		return nil
	}
	return []connectors.Deadline{{What: connectors.DueRefresh, At: c.RefreshExpires, Link: s.base + "/admin/settings/apps"}}
}

// Begin gives the page on which the seller grants access.
func (s *Shop) Begin(_ context.Context, state string) (string, error) {
	if s.id == "" || s.secret == "" || s.redirect == "" {
		return "", &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: opCode, Code: "not_configured",
			Err: errors.New("connecting by the browser needs client_id, client_secret and a redirect address")}
	}
	if state == "" {
		return "", invalid(opCode, "no_state", "connecting needs a state that nobody can guess")
	}
	q := url.Values{"client_id": {s.id}, "scope": {strings.Join(s.asked, ",")}, "redirect_uri": {s.redirect}, "state": {state}}
	return s.base + "/admin/oauth/authorize?" + q.Encode(), nil
}

// Complete checks what the platform signed and exchanges the code, once.
// Whether the state is the one that Begin was given, the caller knows.
func (s *Shop) Complete(ctx context.Context, q url.Values) (connectors.Credential, error) {
	none := connectors.Credential{}
	if s.secret == "" || s.id == "" {
		return none, &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: opCode, Code: "not_configured",
			Err: errors.New("connecting by the browser needs client_id and client_secret")}
	}
	if code := q.Get("error"); code != "" {
		// A refusal is not always signed, and nothing is trusted that it says.
		return none, &connectors.Error{Kind: connectors.Reauthorise, Platform: Platform, Op: opCode, Code: refusal(code), Err: errors.New("the seller did not grant access")}
	}
	if !signedQuery(q, s.secret) {
		return none, invalid(opCode, "bad_signature", "the address is not signed by the platform with this app's secret")
	}
	if shop := q.Get("shop"); !s.ours(shop) {
		return none, invalid(opCode, "other_shop", "access was granted for another shop")
	}
	if q.Get("code") == "" {
		return none, &connectors.Error{Kind: connectors.Reauthorise, Platform: Platform, Op: opCode, Code: "no_code", Err: errors.New("the seller did not grant access")}
	}
	form := url.Values{"client_id": {s.id}, "client_secret": {string(s.secret)}, "code": {q.Get("code")}, "expiring": {"1"}}
	var a tokenAnswer
	asked := s.now().UTC().Round(0)
	if _, err := s.client.Do(ctx, connectors.Call{Op: opCode, Method: "POST", URL: s.tokenURL, Form: form, Bare: true}, &a); err != nil {
		return none, err
	}
	if a.Access == "" {
		return none, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opCode, Code: "no_token", Err: errors.New("the answer has no access token")}
	}
	out := a.credential(asked)
	out.Granted = asked
	return out, nil
}

// refusal lets only a plain word into an error: what stands in an address may
// be anybody's.
func refusal(code string) string {
	if code == "" {
		return ""
	}
	if len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "refused"
	}
	return code
}

// signedQuery: the parameters, sorted and joined as they were before they were
// escaped, carry the platform's signature.
func signedQuery(q url.Values, secret connectors.Secret) bool {
	if len(q["hmac"]) != 1 || secret == "" {
		return false
	}
	want, err := hex.DecodeString(q.Get("hmac"))
	if err != nil {
		return false
	}
	// "&" inside a value would let one parameter pass for two, so it is escaped:
	// either it alone, as the platform's first texts say, or as in any address, as
	// its libraries do. Both mean the same parameters.
	few := strings.NewReplacer("%", "%25", "&", "%26")
	fewInKey := strings.NewReplacer("%", "%25", "&", "%26", "=", "%3D")
	var plain []string
	rest := url.Values{}
	for k, vs := range q {
		if k == "hmac" || k == "signature" {
			continue
		}
		if len(vs) != 1 {
			return false // the platform repeats nothing
		}
		plain = append(plain, fewInKey.Replace(k)+"="+few.Replace(vs[0]))
		rest.Set(k, vs[0])
	}
	slices.Sort(plain)
	first := hmac.Equal(want, mac([]byte(strings.Join(plain, "&")), secret))
	return hmac.Equal(want, mac([]byte(rest.Encode()), secret)) || first
}

func mac(b []byte, secret connectors.Secret) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(b)
	return m.Sum(nil)
}

// ours: the shop that the platform names is this one. An address that is not
// the platform's own (a test's) cannot be told by its name, so there the
// account decides, if it is one.
func (s *Shop) ours(shop string) bool {
	shop = strings.ToLower(strings.TrimSpace(shop))
	host := hostOf(s.base)
	switch {
	case shop == "":
		return false
	case shop == host || shop == strings.ToLower(s.info.Account):
		return true
	}
	return !strings.HasSuffix(host, shopDomain) && !strings.HasSuffix(strings.ToLower(s.info.Account), shopDomain)
}

const shopDomain = ".myshopify.com"

func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
