package shopify

import (
	"context"
	"strings"
	"time"

	"helloworld/connectors"
)

// paypalTakes is how long PayPal takes refunds of a payment by its own
// documentation; the platform states no such time for its own payments.
const paypalTakes = 180 * 24 * time.Hour

// until is when the last of the payments that can take something back stops doing
// so; zero as soon as one of them documents no time.
func until(sg *wireSuggestion, paid time.Time) time.Time {
	if sg == nil || len(sg.Transactions) == 0 {
		return time.Time{}
	}
	for _, t := range sg.Transactions {
		if !strings.HasPrefix(strings.ToLower(t.Gateway), "paypal") {
			return time.Time{}
		}
	}
	return paid.Add(paypalTakes)
}

// opDisputes is apart from the order's own query: where it is refused, the order
// is read all the same.
const opDisputes = `query Disputes($id: ID!) {
  order(id: $id) {
    id
    disputes { id initiatedAs status }
  }
}`

// Cases lists the payment disputes that are open: the bank has the money or is
// about to take it, and a refund would be a second one.
func (s *Shop) Cases(ctx context.Context, order string) ([]connectors.Case, error) {
	gid, err := s.find(ctx, order)
	if err != nil {
		return nil, err
	}
	var d struct {
		Order *struct {
			Disputes []struct {
				ID     string `json:"id"`
				Status string `json:"status"`
			} `json:"disputes"`
		} `json:"order"`
	}
	if err := s.query(ctx, "Disputes", opDisputes, map[string]any{"id": gid}, true, &d); err != nil {
		return nil, err
	}
	if d.Order == nil {
		return nil, notFound("Disputes", gid)
	}
	var out []connectors.Case
	for _, x := range d.Order.Disputes {
		switch x.Status {
		case "WON", "PREVENTED", "CHARGE_REFUNDED":
			continue // the money is where it was
		}
		out = append(out, connectors.Case{Kind: connectors.CaseDispute, ID: x.ID[strings.LastIndexByte(x.ID, '/')+1:], Bars: true})
	}
	return out, nil
}
