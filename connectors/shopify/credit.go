package shopify

import (
	"context"

	"helloworld/connectors"
)

// opBuyer asks who bought.
const opBuyer = `query Buyer($id: ID!) {
  order(id: $id) { id customer { id } }
}`

// Credits tells whether an order's buyer can be given credit: it goes to a
// customer's account, which a guest has not.
func (s *Shop) Credits(ctx context.Context, order string) (ok bool, why string, err error) {
	gid, err := s.find(ctx, order)
	if err != nil {
		return false, "", err
	}
	var d struct {
		Order *struct {
			Customer *struct {
				ID string `json:"id"`
			} `json:"customer"`
		} `json:"order"`
	}
	if err := s.query(ctx, "Buyer", opBuyer, map[string]any{"id": gid}, true, &d); err != nil {
		return false, "", err
	}
	switch {
	case d.Order == nil:
		return false, "", notFound("Buyer", gid)
	case d.Order.Customer == nil:
		return false, "can.credit_no_account", nil
	}
	return true, "", nil
}

var _ connectors.Crediter = (*Shop)(nil)
