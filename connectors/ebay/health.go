package ebay

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	// expiringSoon is when the end of the seller's consent becomes news.
	expiringSoon = 30 * 24 * time.Hour
	// deniedFor is how long a refusal for want of a scope is believed.
	deniedFor = 10 * time.Minute
)

// The operations, as the journal calls them.
const (
	opUser     = "user"
	opOrders   = "orders"
	opOrder    = "order"
	opRefund   = "refund"
	opMessages = "messages"
	opSend     = "send"
)

// Health asks who the seller is: a cheap call. An account that may not be asked
// that is asked for one order.
func (s *Shop) Health(ctx context.Context) connectors.Health {
	_, err := s.askUser(ctx)
	if err != nil && scopeMissing(err) {
		err = s.read(ctx, opOrders, s.base+"/sell/fulfillment/v1/order", url.Values{"limit": {"1"}}, &wireOrders{})
	}
	if err != nil {
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
		return connectors.Health{State: connectors.HealthExpiring, Until: end}
	}
	return connectors.Health{State: connectors.HealthOK}
}

func scopeMissing(err error) bool {
	var e *connectors.Error
	return errors.As(err, &e) && len(e.Code) >= 4 && e.Code[:4] == "1100"
}

func (s *Shop) askUser(ctx context.Context) (string, error) {
	var u wireUser
	if err := s.read(ctx, opUser, s.apiz+"/commerce/identity/v1/user/", nil, &u); err != nil {
		return "", err
	}
	s.setSeller(u.Username)
	return u.Username, nil
}

func (s *Shop) setSeller(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name != "" {
		s.name = name
	}
}

// seller is the seller's user name, by which messages tell who wrote them.
func (s *Shop) seller(ctx context.Context) (string, error) {
	s.mu.Lock()
	name := s.name
	s.mu.Unlock()
	if name != "" {
		return name, nil
	}
	name, err := s.askUser(ctx)
	if name != "" {
		return name, nil
	}
	if err != nil && !scopeMissing(err) {
		return "", err
	}
	// Every order names its seller too.
	var list wireOrders
	if err := s.read(ctx, opOrders, s.base+"/sell/fulfillment/v1/order", url.Values{"limit": {"1"}}, &list); err != nil {
		return "", err
	}
	for _, raw := range list.Orders {
		if w, err := readOrder(raw); err == nil && w.Seller != "" {
			s.setSeller(w.Seller)
			return w.Seller, nil
		}
	}
	return "", &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: opUser, Code: "username",
		Err: errors.New("eBay does not say what the seller is called: set the option username")}
}

// deny remembers that an operation was refused for want of a scope.
func (s *Shop) deny(op string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[op] = s.now()
}

// Can tells what the consent allows, as far as it is known: from the scopes that
// were granted, and from what was refused lately.
func (s *Shop) Can(context.Context) []connectors.Capability {
	granted := s.tokens.Current().Scopes
	reason := ""
	switch connectors.KindOf(s.tokens.Refused()) {
	case connectors.Reauthorise:
		reason = "can.reauthorise"
	case connectors.AppBroken:
		reason = "can.app_broken"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Who may not even read may not write, though nobody has tried yet.
	reading := map[string]string{opSend: opMessages, opStock: opItems, opShip: opOrders, opReturnDecide: opReturns}
	need := func(name connectors.CapName, op string, any ...string) connectors.Capability {
		c := connectors.Capability{Name: name, OK: true}
		at, denied := s.denied[op]
		if !denied {
			at, denied = s.denied[reading[op]]
		}
		switch {
		case reason != "":
			c.OK, c.Reason = false, reason
		case denied && s.now().Sub(at) < deniedFor,
			len(granted) > 0 && len(any) > 0 && !slices.ContainsFunc(any, func(x string) bool { return slices.Contains(granted, x) }):
			c.OK, c.Reason = false, "can.missing_scope"
			if len(any) > 0 {
				c.Missing = any[0]
			}
		}
		return c
	}
	auth := connectors.Capability{Name: connectors.CapAuth, OK: s.runame != "" && s.id != ""}
	if !auth.OK {
		auth.Reason, auth.Missing = "can.not_configured", "runame"
	}
	webhooks := need(connectors.CapWebhooks, opSubscription)
	if webhooks.OK && (s.verify == "" || s.id == "" || s.secret == "") {
		webhooks.OK, webhooks.Reason, webhooks.Missing = false, "can.not_configured", secretToken
	}
	// Returns need no scope of their own; eBay's test environment has none at all.
	returns, decide := need(connectors.CapReturns, opReturns), need(connectors.CapDecide, opReturnDecide)
	for _, c := range []*connectors.Capability{&returns, &decide} {
		if c.OK && strings.Contains(s.base, "://api.sandbox.ebay.") {
			c.OK, c.Reason = false, "can.no_message_api"
		}
	}
	return []connectors.Capability{
		need(connectors.CapOrders, opOrders, scopeFulfillment, scopeFulfillment+".readonly"),
		need(connectors.CapRefund, opRefund, scopeFinances),
		returns,
		decide,
		need(connectors.CapInbox, opMessages, scopeMessage),
		need(connectors.CapMessage, opSend, scopeMessage),
		need(connectors.CapCatalog, opItems, scopeInventory, scopeInventory+".readonly"),
		need(connectors.CapStock, opStock, scopeInventory),
		need(connectors.CapShip, opShip, scopeFulfillment),
		webhooks,
		need(connectors.CapQuotas, opLimits),
		auth,
	}
}
