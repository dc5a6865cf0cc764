package ebay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	opToken     = "token"
	opAuthorise = "authorise"
)

// The scopes that the desk uses.
const (
	scopeBasic       = "https://api.ebay.com/oauth/api_scope"
	scopeFulfillment = "https://api.ebay.com/oauth/api_scope/sell.fulfillment"
	scopeFinances    = "https://api.ebay.com/oauth/api_scope/sell.finances"
	scopeMessage     = "https://api.ebay.com/oauth/api_scope/commerce.message"
	scopeIdentity    = "https://api.ebay.com/oauth/api_scope/commerce.identity.readonly"
	scopeInventory   = "https://api.ebay.com/oauth/api_scope/sell.inventory"
	scopeNotify      = "https://api.ebay.com/oauth/api_scope/commerce.notification.subscription"
)

// consentFor is how long a seller's consent lasts: eighteen months, as the token
// endpoint counts them.
const consentFor = 47304000 * time.Second

// mostSeconds is more than any token lasts.
const mostSeconds = 1_000_000_000

// Begin gives the page on which the seller grants access.
func (s *Shop) Begin(_ context.Context, state string) (string, error) {
	if s.runame == "" || s.id == "" {
		return "", &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: opAuthorise, Code: "runame",
			Err: errors.New("the app's id or redirect name is not configured")}
	}
	q := url.Values{"client_id": {s.id}, "redirect_uri": {s.runame}, "response_type": {"code"},
		"scope": {strings.Join(s.scopesWanted, " ")}, "state": {state}}
	return s.authURL + "?" + strings.ReplaceAll(q.Encode(), "+", "%20"), nil
}

// Complete takes the address that the seller came back to.
func (s *Shop) Complete(ctx context.Context, q url.Values) (connectors.Credential, error) {
	code := q.Get("code")
	if code == "" || q.Get("error") != "" {
		return connectors.Credential{}, &connectors.Error{Kind: connectors.Reauthorise, Platform: Platform, Op: opAuthorise,
			Code: cut(orElse(q.Get("error"), "no_code"), 60), Err: errors.New("the seller did not grant access")}
	}
	c, err := s.token(ctx, s.client, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.runame}}, false)
	if err != nil {
		return connectors.Credential{}, err
	}
	if c.Access == "" || c.Refresh == "" {
		return connectors.Credential{}, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opAuthorise, Code: "no_token",
			Err: errors.New("the answer has no token")}
	}
	who, err := s.sameSeller(ctx, c)
	if err != nil {
		return connectors.Credential{}, err
	}
	c.Granted = s.now().UTC()
	if c.RefreshExpires.IsZero() {
		c.RefreshExpires = c.Granted.Add(consentFor)
	}
	if len(c.Scopes) == 0 {
		// eBay grants all that the page asked for, or nothing, and mostly does not
		// say so again.
		c.Scopes = append([]string(nil), s.scopesWanted...)
	}
	c.Extra = maps.Clone(s.tokens.Current().Extra) // the signing key is the application's, and outlives a consent
	for key, id := range map[string]string{extraName: who.Username, extraUser: who.UserID} {
		if id != "" {
			if c.Extra == nil {
				c.Extra = map[string]connectors.Secret{}
			}
			c.Extra[key] = connectors.Secret(id)
		}
	}
	return c, nil
}

// The seller who granted access first, as eBay told it then.
const (
	extraName = "seller"
	extraUser = "seller_id"
)

// sameSeller tells who granted access, and refuses a consent that another seller
// gave than the one this store is configured for, or was connected by: their
// orders would stand among ours, and refunds be paid from their money. Where eBay
// does not say who it was, the consent is believed.
func (s *Shop) sameSeller(ctx context.Context, c connectors.Credential) (wireUser, error) {
	if err := s.tokens.Reload(ctx); err != nil {
		s.log.WarnContext(ctx, "the kept credential could not be read", "store", s.info.Store, "err", err)
	}
	mine := []string{s.expected}
	if s.expected == "" {
		kept := s.tokens.Current().Extra
		mine = []string{string(kept[extraName]), string(kept[extraUser])}
	}
	h := s.header()
	h.Set("Authorization", "Bearer "+string(c.Access))
	var u wireUser
	_, err := s.client.Do(ctx, connectors.Call{Op: opUser, Method: http.MethodGet, URL: s.apiz + "/commerce/identity/v1/user/",
		Header: h, Bare: true, Read: true, Fresh: true}, &u)
	if err != nil || u.Username == "" && u.UserID == "" {
		s.log.WarnContext(ctx, "eBay does not say who granted access", "store", s.info.Store, "err", err)
		return u, nil
	}
	known := false
	for _, id := range mine {
		if id != "" && (strings.EqualFold(u.Username, id) || u.UserID == id) {
			return u, nil
		}
		known = known || id != ""
	}
	if !known {
		return u, nil
	}
	return u, &connectors.Error{Kind: connectors.Invalid, Platform: Platform, Op: opAuthorise, Code: connectors.OtherSeller,
		Err: errors.New("access was granted by another seller than the one this store is configured for")}
}

// Refresh gets a new access token. The refresh token stays the same until the
// seller's consent ends. The scopes are left as they were granted: naming one
// that was not would fail the refresh.
func (s *Shop) Refresh(ctx context.Context, c connectors.Credential) (connectors.Credential, error) {
	if c.Refresh == "" {
		return connectors.Credential{}, &connectors.Error{Kind: connectors.Reauthorise, Platform: Platform, Op: opToken, Code: "no_refresh_token",
			Err: errors.New("there is nothing to renew the access token with")}
	}
	return s.token(ctx, s.client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(c.Refresh)}}, true)
}

// appToken gets a token for the application itself, which eBay wants for what
// belongs to no seller: notifications, signing keys, the application's quotas.
func (s *Shop) appToken(ctx context.Context, _ connectors.Credential) (connectors.Credential, error) {
	return s.token(ctx, s.app, url.Values{"grant_type": {"client_credentials"}, "scope": {scopeBasic}}, true)
}

// Renew gets a new access token now, and forgets what was refused.
func (s *Shop) Renew(ctx context.Context) error {
	s.forget()
	return s.tokens.Renew(ctx)
}

// Reload looks for a newer credential, after the account was connected again.
func (s *Shop) Reload(ctx context.Context) error {
	s.forget()
	return s.tokens.Reload(ctx)
}

func (s *Shop) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = map[string]time.Time{}
}

// Deadlines lists the end of the seller's consent and that of the signing key.
func (s *Shop) Deadlines() []connectors.Deadline {
	var out []connectors.Deadline
	c := s.tokens.Current()
	switch {
	case !c.RefreshExpires.IsZero():
		out = append(out, connectors.Deadline{What: connectors.DueConsent, At: c.RefreshExpires.UTC()})
	case !c.Granted.IsZero():
		out = append(out, connectors.Deadline{What: connectors.DueConsent, At: c.Granted.Add(consentFor).UTC(), Assumed: true})
	}
	if end := s.signing.ends(c.Extra); !end.IsZero() {
		out = append(out, connectors.Deadline{What: connectors.DueSigning, At: end})
	}
	return out
}

// token asks the token endpoint. Asking again is harmless for a refresh; a code
// is good for one question only.
func (s *Shop) token(ctx context.Context, client *connectors.Client, form url.Values, again bool) (connectors.Credential, error) {
	if s.id == "" || s.secret == "" {
		return connectors.Credential{}, &connectors.Error{Kind: connectors.AppBroken, Platform: Platform, Op: opToken, Code: "no_client",
			Err: errors.New("the app's id or secret is not configured")}
	}
	basic := base64.StdEncoding.EncodeToString([]byte(s.id + ":" + string(s.secret)))
	var a struct {
		Access         string      `json:"access_token"`
		Expires        json.Number `json:"expires_in"`
		Refresh        string      `json:"refresh_token"`
		RefreshExpires json.Number `json:"refresh_token_expires_in"`
		Scope          string      `json:"scope"`
	}
	asked := s.now()
	_, err := client.Do(ctx, connectors.Call{Op: opToken, Method: http.MethodPost, URL: s.tokenURL, Form: form,
		Header: http.Header{"Authorization": {"Basic " + basic}}, Bare: true, Read: again}, &a)
	if err != nil {
		return connectors.Credential{}, err
	}
	out := connectors.Credential{Access: connectors.Secret(a.Access), Refresh: connectors.Secret(a.Refresh)}
	if n, err := a.Expires.Int64(); err == nil && n > 0 && n < mostSeconds { // else the default counts
		out.Expires = asked.Add(time.Duration(n) * time.Second)
	}
	if n, err := a.RefreshExpires.Int64(); err == nil && n > 0 && n < mostSeconds {
		out.RefreshExpires = asked.Add(time.Duration(n) * time.Second)
	}
	if a.Scope != "" {
		out.Scopes = strings.Fields(a.Scope)
	}
	return out, nil
}
