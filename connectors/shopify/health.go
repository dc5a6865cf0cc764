package shopify

import (
	"context"
	"errors"
	"slices"
	"time"

	"helloworld/connectors"
)

// expiringSoon is when a refresh token's end becomes news.
const expiringSoon = 14 * 24 * time.Hour

// scopesFor is how long an answer about scopes is believed.
const scopesFor = 10 * time.Minute

// Health asks which scopes the app has: the cheapest call there is.
func (s *Shop) Health(ctx context.Context) connectors.Health {
	if _, err := s.askScopes(ctx); err != nil {
		h := connectors.Health{State: connectors.HealthBad, Kind: connectors.KindOf(err), Err: err}
		var e *connectors.Error
		if errors.As(err, &e) {
			h.Code, h.Link = e.Code, e.Link
			if e.RetryAfter > 0 {
				h.Until = s.now().Add(e.RetryAfter)
			}
		}
		if h.Kind == connectors.Reauthorise && h.Link == "" {
			h.Link = s.base + "/admin/settings/apps"
		}
		return h
	}
	if end := s.tokens.Current().RefreshExpires; !end.IsZero() && end.Sub(s.now()) < expiringSoon {
		return connectors.Health{State: connectors.HealthExpiring, Until: end, Link: s.base + "/admin/settings/apps"}
	}
	return connectors.Health{State: connectors.HealthOK}
}

// granted: the app is known to have a scope.
func (s *Shop) granted(scope string) bool {
	s.mu.Lock()
	scopes := s.scopes
	s.mu.Unlock()
	if scopes == nil {
		scopes = s.tokens.Current().Scopes
	}
	return slices.Contains(scopes, scope)
}

// forgetScopes makes the next question about scopes a real one.
func (s *Shop) forgetScopes() {
	s.mu.Lock()
	s.scopes = nil
	s.mu.Unlock()
}

func (s *Shop) askScopes(ctx context.Context) ([]string, error) {
	var d struct {
		Installation struct {
			Scopes []struct {
				Handle string `json:"handle"`
			} `json:"accessScopes"`
		} `json:"currentAppInstallation"`
	}
	if err := s.query(ctx, "AuthHealth", opHealth, nil, true, &d); err != nil {
		return nil, err
	}
	scopes := []string{}
	for _, x := range d.Installation.Scopes {
		scopes = append(scopes, x.Handle)
	}
	s.mu.Lock()
	s.scopes, s.scopesAt = scopes, s.now()
	s.mu.Unlock()
	return scopes, nil
}

// Can tells what the granted scopes allow. While the shop cannot be asked, what
// the code can do is believed: the call itself will tell.
func (s *Shop) Can(ctx context.Context) []connectors.Capability {
	s.mu.Lock()
	scopes, at := s.scopes, s.scopesAt
	s.mu.Unlock()
	reason := ""
	if scopes == nil || s.now().Sub(at) > scopesFor {
		fresh, err := s.askScopes(ctx)
		switch {
		case err == nil:
			scopes = fresh
		case connectors.KindOf(err) == connectors.Reauthorise:
			reason = "can.reauthorise"
		case connectors.KindOf(err) == connectors.AppBroken:
			reason = "can.app_broken"
		}
	}
	need := func(name connectors.CapName, all ...[]string) connectors.Capability {
		c := connectors.Capability{Name: name, OK: true}
		if reason != "" {
			c.OK, c.Reason = false, reason
			return c
		}
		for _, any := range all {
			if scopes != nil && !anyOf(scopes, any) {
				c.OK, c.Reason, c.Missing = false, "can.missing_scope", any[0]
				return c
			}
		}
		return c
	}
	orders, products := []string{"read_orders", "write_orders"}, []string{"read_products", "write_products"}
	inventory, returns := []string{"read_inventory", "write_inventory"}, []string{"read_returns", "write_returns"}
	fulfil := []string{"write_merchant_managed_fulfillment_orders"}
	caps := []connectors.Capability{
		need(connectors.CapOrders, orders),
		need(connectors.CapRefund, []string{"write_orders"}),
		need(connectors.CapReturns, orders, returns),
		need(connectors.CapDecide, orders, []string{"write_returns"}),
		{Name: connectors.CapInbox, Reason: "can.no_message_api", Instead: "can.use_mail"},
		{Name: connectors.CapMessage, Reason: "can.no_message_api", Instead: "can.use_mail"},
		need(connectors.CapCatalog, products, inventory),
		need(connectors.CapStock, products, []string{"write_inventory"}),
		need(connectors.CapShip, orders, fulfil),
		need(connectors.CapWebhooks),
		need(connectors.CapBulk, orders),
		need(connectors.CapQuotas),
		{Name: connectors.CapAuth, OK: true},
	}
	for i, c := range caps {
		switch {
		case c.OK && (c.Name == connectors.CapOrders || c.Name == connectors.CapBulk) && scopes != nil && !slices.Contains(scopes, "read_all_orders"):
			caps[i].Missing = "read_all_orders" // it works, for sixty days back
		case c.Name == connectors.CapWebhooks && s.secret == "", c.Name == connectors.CapAuth && (s.secret == "" || s.id == "" || s.redirect == ""):
			caps[i] = connectors.Capability{Name: c.Name, Reason: "can.not_configured"}
		}
	}
	return caps
}
