package amazon

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	opToken     = "token"
	tokenHeader = "X-Amz-Access-Token"
	// consentFor is how long a seller's consent lasts; secretFor the application's
	// own secret.
	consentFor = 365 * 24 * time.Hour
	secretFor  = 180 * 24 * time.Hour
	// ownScope is what calls about notifications need, which no seller grants.
	ownScope = "sellingpartnerapi::notifications"
	// mostSeconds is more than any token lasts.
	mostSeconds = 1e9
	// extraSeller is where a credential keeps whose it is.
	extraSeller = "seller"
)

// Begin gives the page of Seller Central on which access is granted.
func (s *Seller) Begin(_ context.Context, state string) (string, error) {
	if s.application == "" {
		return "", fault(connectors.Unsupported, "consent", "not_configured", "the option application is missing: without the application's id there is no page to grant access on")
	}
	q := url.Values{"application_id": {s.application}, "state": {state}}
	if s.draft {
		q.Set("version", "beta")
	}
	return s.consent + "/apps/authorize/consent?" + q.Encode(), nil
}

// Complete exchanges the code that the seller came back with. The platform signs
// nothing here: the state is the caller's to check, and the code proves itself.
func (s *Seller) Complete(ctx context.Context, q url.Values) (connectors.Credential, error) {
	code, who := q.Get("spapi_oauth_code"), q.Get("selling_partner_id")
	if why := q.Get("error"); why != "" || code == "" {
		if why == "" {
			why = "refused"
		}
		return connectors.Credential{}, s.linked(fault(connectors.Reauthorise, "consent", why, "the seller did not grant access"))
	}
	if mine := s.ownSeller(ctx); mine != "" && who != "" && who != mine {
		return connectors.Credential{}, fault(connectors.Invalid, "consent", connectors.OtherSeller, "access was granted by another seller than the one this store is configured for")
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {s.id}, "client_secret": {string(s.secret)}}
	if s.redirect != "" {
		form.Set("redirect_uri", s.redirect)
	}
	c, err := s.token(ctx, form, false)
	if err != nil {
		return connectors.Credential{}, hide(err, code)
	}
	if c.Access == "" || c.Refresh == "" {
		return connectors.Credential{}, fault(connectors.Unsure, opToken, "no_token", "the answer has no token")
	}
	c.Granted = s.now().UTC()
	c.RefreshExpires = c.Granted.Add(consentFor)
	if who != "" {
		c.Extra = map[string]connectors.Secret{extraSeller: connectors.Secret(who)}
	}
	return c, nil
}

// ownSeller is whose store this is: the one that the configuration names, else
// the one that granted access first.
func (s *Seller) ownSeller(ctx context.Context) string {
	if s.seller != "" {
		return s.seller
	}
	if err := s.tokens.Reload(ctx); err != nil {
		s.log.WarnContext(ctx, "the kept credential could not be read", "store", s.info.Store, "err", err)
	}
	return string(s.tokens.Current().Extra[extraSeller])
}

// Refresh gets a new access token. The refresh token stays the same for a year.
func (s *Seller) Refresh(ctx context.Context, c connectors.Credential) (connectors.Credential, error) {
	if c.Refresh == "" {
		return connectors.Credential{}, s.linked(fault(connectors.Reauthorise, opToken, "no_refresh_token", "access was never granted"))
	}
	out, err := s.token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(c.Refresh)},
		"client_id": {s.id}, "client_secret": {string(s.secret)}}, true)
	if err != nil {
		return connectors.Credential{}, err
	}
	out.RefreshExpires, out.Granted, out.Scopes, out.Extra = c.RefreshExpires, c.Granted, c.Scopes, c.Extra
	return out, nil
}

// ownToken gets the application's own token, which no seller has a part in.
func (s *Seller) ownToken(ctx context.Context, _ connectors.Credential) (connectors.Credential, error) {
	return s.token(ctx, url.Values{"grant_type": {"client_credentials"}, "scope": {ownScope},
		"client_id": {s.id}, "client_secret": {string(s.secret)}}, true)
}

// token asks the token endpoint. again: asking twice does no harm; a code works once.
func (s *Seller) token(ctx context.Context, form url.Values, again bool) (connectors.Credential, error) {
	var a struct {
		Access  string  `json:"access_token"`
		Refresh string  `json:"refresh_token"`
		Expires float64 `json:"expires_in"`
	}
	asked := s.now()
	if _, err := s.client.Do(ctx, connectors.Call{Op: opToken, Method: "POST", URL: s.tokenURL, Form: form, Bare: true, Read: again}, &a); err != nil {
		return connectors.Credential{}, err
	}
	out := connectors.Credential{Access: connectors.Secret(a.Access), Refresh: connectors.Secret(a.Refresh)}
	if a.Expires > 0 && a.Expires < mostSeconds { // else the default counts
		out.Expires = asked.Add(time.Duration(a.Expires) * time.Second)
	}
	return out, nil
}

// Renew throws the access token away and gets a new one.
func (s *Seller) Renew(ctx context.Context) error { return s.tokens.Renew(ctx) }

// Reload looks for a newer credential, after the account was connected again.
// What the old consent lacked may be there now.
func (s *Seller) Reload(ctx context.Context) error {
	s.mu.Lock()
	clear(s.lacking)
	s.mu.Unlock()
	return s.tokens.Reload(ctx)
}

// Deadlines are the end of the seller's consent, a year after it was granted, and
// that of the application's secret.
func (s *Seller) Deadlines() []connectors.Deadline {
	var out []connectors.Deadline
	switch c := s.tokens.Current(); {
	case !c.RefreshExpires.IsZero():
		out = append(out, connectors.Deadline{What: connectors.DueConsent, At: c.RefreshExpires.UTC(), Link: s.manage()})
	case !c.Granted.IsZero():
		// Without an end of its own the credential came from the configuration: what it
		// says is when the desk first saw it.
		out = append(out, connectors.Deadline{What: connectors.DueConsent, At: c.Granted.UTC().Add(consentFor), Link: s.manage(), Assumed: true})
	}
	if !s.secretRotated.IsZero() {
		out = append(out, connectors.Deadline{What: connectors.DueSecret, At: s.secretRotated.Add(secretFor), Link: manageApps})
	}
	return out
}

// sellerID is the seller's own id: from the configuration, or from whoever
// granted access.
func (s *Seller) sellerID(op string) (string, error) {
	if s.seller != "" {
		return s.seller, nil
	}
	if who := string(s.tokens.Current().Extra[extraSeller]); who != "" {
		return who, nil
	}
	return "", fault(connectors.Unsupported, op, "no_seller", "the option seller is missing: the platform addresses listings by the seller's own id")
}

// manage is the page on which the seller sees who has access.
func (s *Seller) manage() string { return s.consent + "/apps/manage" }

// linked adds the page where access is granted to an error.
func (s *Seller) linked(err error) error {
	var e *connectors.Error
	if errors.As(err, &e) {
		e.Link = s.manage()
	}
	return err
}

// hide takes a secret out of an error that the platform may have repeated it in.
func hide(err error, secret string) error {
	var e *connectors.Error
	if !errors.As(err, &e) || secret == "" {
		return err
	}
	copied := *e
	copied.Code = strings.ReplaceAll(e.Code, secret, "•••")
	if e.Err != nil && strings.Contains(e.Err.Error(), secret) {
		copied.Err = errors.New(strings.ReplaceAll(e.Err.Error(), secret, "•••"))
	}
	return &copied
}
