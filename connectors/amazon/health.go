package amazon

import (
	"context"
	"errors"
	"maps"
	"time"

	"helloworld/connectors"
)

const (
	// expiringSoon is when the end of the consent or of the secret becomes news.
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
	for _, d := range s.Deadlines() {
		if d.At.Sub(s.now()) < expiringSoon {
			return connectors.Health{State: connectors.HealthExpiring, Until: d.At, Link: d.Link, Code: string(d.What)}
		}
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

// roles are what a seller grants to an application, as Seller Central names
// them, by the operation that needs them. Those that are not here need none, or
// depend on what is asked for.
var roles = map[string]string{
	"searchOrders": roleOrders, "getOrder": roleOrders, "confirmShipment": roleOrders,
	"createFeedDocument": roleOrders, "createFeed": roleOrders, "getFeed": roleOrders, "getFeeds": roleOrders, "getFeedDocument": roleOrders,
	"createReport": roleOrders, "getReport": roleOrders, "getReports": roleOrders, "getReportDocument": roleOrders,
	"listTransactions":    roleFinance,
	"searchListingsItems": roleListing, "getListingsItem": roleListing, "patchListingsItem": roleListing,
	"getInventorySummaries":       roleFBA,
	"getMessagingActionsForOrder": roleBuyers, "GetAttributes": roleBuyers, "confirmCustomizationDetails": roleBuyers,
	"createConfirmDeliveryDetails": roleBuyers, "createConfirmOrderDetails": roleBuyers, "createConfirmServiceDetails": roleBuyers,
	"createDigitalAccessKey": roleBuyers, "createUnexpectedProblem": roleBuyers,
}

const (
	roleOrders  = "Inventory and Order Tracking"
	roleFinance = "Finance and Accounting"
	roleListing = "Product Listing"
	roleFBA     = "Amazon Fulfillment"
	roleBuyers  = "Buyer Communication"
	// lackingFor is how long a missing role is believed to be missing without
	// asking again.
	lackingFor = 5 * time.Minute
)

// explain finds out what a refusal means. The platform says the same when the
// seller took access back and when a role is missing; a call that every
// application may make tells them apart.
func (s *Seller) explain(ctx context.Context, op, role string, err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.Reauthorise || e.Op == opToken || role == "" {
		return err
	}
	switch e.Code {
	case "Unauthorized", "AccessDenied", "http_403":
	default:
		return err
	}
	s.mu.Lock()
	since, known := s.lacking[role]
	s.mu.Unlock()
	if !known || s.now().Sub(since) > lackingFor {
		if err := s.askMarkets(ctx); err != nil && connectors.KindOf(err) != connectors.Unsupported {
			return e // consent is gone, or nobody can tell now
		}
		s.mu.Lock()
		s.lacking[role] = s.now()
		s.mu.Unlock()
	}
	return &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: op, Code: "role_missing", Link: s.manage(),
		Err: errors.New("the role \"" + role + "\" was not granted to the application")}
}

// granted notes that a call worked which needs the role.
func (s *Seller) granted(role string) {
	if role == "" {
		return
	}
	s.mu.Lock()
	delete(s.lacking, role)
	s.mu.Unlock()
}

// capRoles are the roles that capabilities need.
var capRoles = []struct {
	name  connectors.CapName
	roles []string
}{
	{connectors.CapOrders, []string{roleOrders}},
	{connectors.CapRefund, []string{roleOrders, roleFinance}},
	{connectors.CapReturns, []string{roleOrders}},
	{connectors.CapCatalog, []string{roleListing}},
	{connectors.CapStock, []string{roleListing}},
	{connectors.CapShip, []string{roleOrders}},
	{connectors.CapTemplates, []string{roleBuyers}},
	{connectors.CapQueue, nil},
	{connectors.CapQuotas, nil},
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
	s.mu.Lock()
	lacking := maps.Clone(s.lacking)
	s.mu.Unlock()
	var out []connectors.Capability
	for _, c := range capRoles {
		can := connectors.Capability{Name: c.name, OK: reason == "", Reason: reason}
		for _, r := range c.roles {
			if _, missing := lacking[r]; missing && can.OK {
				can = connectors.Capability{Name: c.name, Reason: "can.missing_scope", Missing: r, Instead: "can.reauthorise"}
			}
		}
		if _, err := s.sellerID(""); err != nil && can.OK && (c.name == connectors.CapCatalog || c.name == connectors.CapStock) {
			can.OK, can.Reason = false, "can.not_configured"
		}
		if c.name == connectors.CapQueue && s.queue == nil {
			can = connectors.Capability{Name: c.name, Reason: "can.not_configured"}
		}
		if c.name == connectors.CapQuotas {
			can = connectors.Capability{Name: c.name, OK: true}
		}
		out = append(out, can)
	}
	auth := connectors.Capability{Name: connectors.CapAuth, OK: s.application != ""}
	if !auth.OK {
		auth.Reason = "can.not_configured"
	}
	return append(out, auth,
		connectors.Capability{Name: connectors.CapDecide, Reason: "can.no_return_api"},
		connectors.Capability{Name: connectors.CapInbox, Reason: "can.no_message_api", Instead: "can.use_mail"},
		connectors.Capability{Name: connectors.CapMessage, Reason: "can.no_message_api", Instead: "can.use_mail"})
}

// ShownWithin: the platform says that its finances are up to 48 hours behind.
func (s *Seller) ShownWithin() time.Duration { return 48 * time.Hour }
