package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"helloworld/connectors"
)

// Standing changes what a refund depends on beside the order's own state.
type Standing struct {
	Store string `json:"store"`
	Order string `json:"order,omitempty"`
	// Archived: the order is closed in the back office.
	Archived bool `json:"archived,omitempty"`
	// Disputed: the buyer's bank wants the money back.
	Disputed bool `json:"disputed,omitempty"`
	// Days makes the order that much older.
	Days int `json:"days,omitempty"`
	// Funds is what the platform holds for the seller, a decimal; empty leaves it.
	Funds string `json:"funds,omitempty"`
}

// Stand sets an order's or an account's standing.
func (w *World) Stand(n Standing) error {
	s, err := w.store(n.Store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.Funds != "" {
		if _, err := connectors.ParseMoney(n.Funds, s.Currency); err != nil {
			return fmt.Errorf("%w: %w", ErrBadLever, err)
		}
		s.funds = n.Funds
	}
	if n.Order == "" {
		return nil
	}
	o := s.find(n.Order)
	if o == nil {
		return fmt.Errorf("%w: there is no order %q", ErrBadLever, n.Order)
	}
	o.archived, o.disputes = n.Archived, nil
	if n.Disputed {
		o.disputes = []string{strconv.FormatInt(s.next(), 10)}
	}
	o.created = o.created.Add(-time.Duration(n.Days) * 24 * time.Hour)
	s.touch(o)
	return nil
}

func disputed(id string) *object {
	return &object{"OrderDisputeSummary", func(f string, _ args) (any, error) {
		return map[string]any{"id": "gid://shopify/OrderDisputeSummary/" + id, "initiatedAs": "CHARGEBACK", "status": "NEEDS_RESPONSE"}[f], nil
	}}
}

// plenty is what a seller has where a test says nothing about it.
const plenty = "100000"

func (w *World) ebayFunds(c *call) reply {
	return jsonReply(http.StatusOK, m{"totalFunds": m{"value": orElse(c.s.funds, plenty), "currency": c.s.Currency}})
}
