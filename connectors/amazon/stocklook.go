package amazon

import (
	"context"
	"net/url"
	"strings"

	"helloworld/connectors"
)

// StockOf tells how much of a SKU the seller has, and whether the platform keeps
// it as well: of that it tells no quantity here.
func (s *Seller) StockOf(ctx context.Context, sku string) ([]connectors.StockLevel, error) {
	const op = "getListingsItem"
	if sku == "" || sku == "." || sku == ".." {
		return nil, fault(connectors.Invalid, op, "sku", "the platform's addresses cannot name this SKU")
	}
	seller, err := s.sellerID(op)
	if err != nil {
		return nil, err
	}
	var w wireListing
	if err := s.get(ctx, op, "/listings/2021-08-01/items/"+pathID(seller)+"/"+pathID(sku),
		url.Values{"marketplaceIds": {strings.Join(s.markets, ",")}, "includedData": {"summaries,fulfillmentAvailability"}}, &w); err != nil {
		return nil, err
	}
	var out []connectors.StockLevel
	for _, f := range w.Stock {
		l := connectors.StockLevel{SKU: sku, Item: sku, Location: f.Channel, ByPlatform: f.Channel != ownChannel}
		if f.Quantity != nil {
			l.Available = *f.Quantity
		}
		out = append(out, l)
	}
	return out, nil
}
