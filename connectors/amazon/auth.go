package amazon

import (
	"context"
	"net/url"
	"time"

	"helloworld/connectors"
)

const opToken = "token"

// refresh gets a new access token. The refresh token stays the same for a year.
func (s *Seller) refresh(ctx context.Context, c connectors.Credential) (connectors.Credential, error) {
	if c.Refresh == "" {
		return connectors.Credential{}, &connectors.Error{Kind: connectors.Reauthorise, Platform: Platform, Op: opToken, Code: "no_refresh_token", Link: manageApps}
	}
	var a struct {
		Access  string  `json:"access_token"`
		Refresh string  `json:"refresh_token"`
		Expires float64 `json:"expires_in"`
	}
	asked := s.now()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(c.Refresh)}, "client_id": {s.id}, "client_secret": {string(s.secret)}}
	if _, err := s.client.Do(ctx, connectors.Call{Op: opToken, Method: "POST", URL: s.tokenURL, Form: form, Bare: true, Read: true}, &a); err != nil {
		return connectors.Credential{}, err
	}
	out := connectors.Credential{Access: connectors.Secret(a.Access), Refresh: connectors.Secret(a.Refresh), RefreshExpires: c.RefreshExpires}
	if a.Expires > 0 {
		out.Expires = asked.Add(time.Duration(a.Expires) * time.Second)
	}
	return out, nil
}
