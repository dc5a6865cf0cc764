package ebay

import (
	"context"
	"encoding/json"
	"net/url"

	"helloworld/connectors"
)

// StockOf tells how much of a SKU there is: in each warehouse where the item lies
// in several, else what buyers can order.
func (s *Shop) StockOf(ctx context.Context, sku string) ([]connectors.StockLevel, error) {
	if sku == "" || sku == "." || sku == ".." {
		return nil, invalid(opItem, "sku", "eBay's addresses cannot name this SKU")
	}
	var raw json.RawMessage
	if err := s.read(ctx, opItem, s.base+inventory+"/inventory_item/"+url.PathEscape(sku), nil, &raw); err != nil {
		return nil, err
	}
	w, err := readItem(raw)
	if err != nil {
		return nil, invalid(opItem, "unreadable", err.Error())
	}
	if places := w.Availability.Ship.Places; len(places) > 1 {
		var out []connectors.StockLevel
		for _, p := range places {
			out = append(out, connectors.StockLevel{SKU: sku, Location: p.Key, Available: p.Quantity})
		}
		return out, nil
	}
	offers, err := s.offers(ctx, sku)
	if err != nil {
		return nil, err
	}
	// The first offer that is live speaks for all: its quantity is what SetStock
	// compares, and it sets all of them alike.
	first := wireOffer{}
	for _, o := range offers {
		if o.live() {
			first = o
			break
		}
	}
	n, known := quantity(w, first)
	if !known {
		return nil, invalid(opItem, "no_quantity", "eBay tells no quantity of this SKU")
	}
	return []connectors.StockLevel{{SKU: sku, Available: n}}, nil
}
