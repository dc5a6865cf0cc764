package amazon

import (
	"context"
	"errors"
	"time"

	"helloworld/connectors"
)

const (
	// expiringSoon is when the end of the seller's yearly consent becomes news.
	expiringSoon = 30 * 24 * time.Hour
	// healthFor is how long a good answer stands: the call is allowed once a minute.
	healthFor = 5 * time.Minute
)

// Health asks where the seller sells: a call that every application may make.
func (s *Seller) Health(ctx context.Context) connectors.Health {
	if err := s.askMarkets(ctx); err != nil {
		h := connectors.Health{State: connectors.HealthBad, Kind: connectors.KindOf(err), Err: err}
		var e *connectors.Error
		if errors.As(err, &e) {
			h.Code, h.Link = e.Code, e.Link
			if e.RetryAfter > 0 {
				h.Until = s.now().Add(e.RetryAfter)
			}
		}
		return h
	}
	if end := s.tokens.Current().RefreshExpires; !end.IsZero() && end.Sub(s.now()) < expiringSoon {
		return connectors.Health{State: connectors.HealthExpiring, Until: end, Link: manageApps}
	}
	return connectors.Health{State: connectors.HealthOK}
}

// askMarkets also notes whether the seller takes part in the marketplaces that
// were configured.
func (s *Seller) askMarkets(ctx context.Context) error {
	var a struct {
		Payload []struct {
			Marketplace struct {
				ID string `json:"id"`
			} `json:"marketplace"`
			Participation struct {
				Active    bool `json:"isParticipating"`
				Suspended bool `json:"hasSuspendedListings"`
			} `json:"participation"`
		} `json:"payload"`
	}
	err := s.get(ctx, "getMarketplaceParticipations", "/sellers/v1/marketplaceParticipations", nil, &a)
	if err != nil && connectors.KindOf(err) == connectors.Busy {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.checked.IsZero() && s.now().Sub(s.checked) < healthFor {
			return nil // it was well a moment ago, and we may not ask that often
		}
	}
	if err != nil {
		return err
	}
	active := map[string]bool{}
	for _, p := range a.Payload {
		active[p.Marketplace.ID] = p.Participation.Active
	}
	for _, m := range s.markets {
		if !active[m] {
			return fault(connectors.Unsupported, "getMarketplaceParticipations", "not_participating", "the seller does not take part in marketplace "+m)
		}
	}
	s.mu.Lock()
	s.checked = s.now()
	s.mu.Unlock()
	return nil
}

// Can tells what this account may do. Which roles are granted shows only when a
// call is refused.
func (s *Seller) Can(context.Context) []connectors.Capability {
	reason := ""
	switch connectors.KindOf(s.tokens.Refused()) {
	case connectors.Reauthorise:
		reason = "can.reauthorise"
	case connectors.AppBroken:
		reason = "can.app_broken"
	}
	return []connectors.Capability{
		{Name: connectors.CapOrders, OK: reason == "", Reason: reason},
		{Name: connectors.CapRefund, OK: reason == "", Reason: reason},
		{Name: connectors.CapInbox, Reason: "can.no_message_api", Instead: "can.use_mail"},
		{Name: connectors.CapMessage, Reason: "can.no_message_api", Instead: "can.use_mail"},
	}
}
