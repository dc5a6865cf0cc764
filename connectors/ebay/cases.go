package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"helloworld/connectors"
)

const opFunds = "funds"

// over are the states in which a return or claim stands in nobody's way.
var over = []connectors.ReturnStatus{connectors.ReturnRefunded, connectors.ReturnDeclined, connectors.ReturnClosed}

// Cases lists an order's open returns, and claims of goods that did not arrive:
// beside one of these eBay refuses a refund of the order. Claims cannot be asked
// for by order, so those of the last 90 days are gone through.
func (s *Shop) Cases(ctx context.Context, order string) ([]connectors.Case, error) {
	var out []connectors.Case
	take := func(list []json.RawMessage, read func(*Shop, json.RawMessage) (connectors.Return, error), kind connectors.CaseKind) {
		for _, raw := range list {
			if r, err := read(s, raw); err == nil && r.Order == order && !slices.Contains(over, r.Status) {
				out = append(out, connectors.Case{Kind: kind, ID: r.Number, Bars: true, Due: r.Due})
			}
		}
	}
	var list postPage
	err := s.read(ctx, opReturns, s.base+postOrder+"return/search", url.Values{"order_id": {order}, "role": {"SELLER"}, "limit": {"25"}}, &list)
	take(list.Returns, (*Shop).returnOf, connectors.CaseReturn)
	claims, err2 := s.search(ctx, postKinds[2], s.now().UTC().Add(minWindow-postWindow), s.now().UTC(), postLimit)
	take(claims.Returns, (*Shop).inquiryOf, connectors.CaseClaim)
	return out, errors.Join(err, err2)
}

// Balance is what eBay holds for the seller, of which refunds are taken first.
func (s *Shop) Balance(ctx context.Context) ([]connectors.Money, error) {
	var d struct {
		Total *wireAmount `json:"totalFunds"`
	}
	if _, err := s.send(ctx, s.client, opFunds, http.MethodGet, s.apiz+"/sell/finances/v1/seller_funds_summary", nil, &d); err != nil {
		return nil, err
	}
	m, err := d.Total.money()
	if err != nil {
		return nil, invalid(opFunds, "unreadable", err.Error())
	}
	if m.Currency == "" {
		return nil, nil // eBay holds nothing and names no currency
	}
	return []connectors.Money{m}, nil
}
