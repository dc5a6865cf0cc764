package shopify

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"helloworld/connectors"
)

const opToken = "token"

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
	var a struct {
		Access         string  `json:"access_token"`
		Expires        float64 `json:"expires_in"`
		Refresh        string  `json:"refresh_token"`
		RefreshExpires float64 `json:"refresh_token_expires_in"`
		Scope          string  `json:"scope"`
	}
	asked := s.now()
	// Asking again is harmless: the old refresh token lives until the new one is used.
	if _, err := s.client.Do(ctx, connectors.Call{Op: opToken, Method: "POST", URL: s.tokenURL, Form: form, Bare: true, Read: true}, &a); err != nil {
		return connectors.Credential{}, err
	}
	out := connectors.Credential{Access: connectors.Secret(a.Access), Refresh: connectors.Secret(a.Refresh)}
	if a.Expires > 0 {
		out.Expires = asked.Add(time.Duration(a.Expires) * time.Second)
	}
	if a.RefreshExpires > 0 {
		out.RefreshExpires = asked.Add(time.Duration(a.RefreshExpires) * time.Second)
	}
	if a.Scope != "" {
		out.Scopes = strings.FieldsFunc(a.Scope, func(r rune) bool { return r == ',' || r == ' ' })
	}
	return out, nil
}
