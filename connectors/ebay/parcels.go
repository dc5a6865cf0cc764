package ebay

import (
	"context"

	"helloworld/connectors"
)

// parcels reads an order's parcels, which costs a call of its own and is left out
// where the order says that there are none. An order whose parcels cannot be read
// is an order all the same: its card shows none, and the next look asks again.
func (s *Shop) parcels(ctx context.Context, w wireOrder) []connectors.Parcel {
	if w.Shipping == "" || w.Shipping == "NOT_STARTED" {
		return nil
	}
	list, err := s.shipments(ctx, w.ID)
	if err != nil {
		return nil // the client's journal has it
	}
	var out []connectors.Parcel
	for _, x := range list {
		if x.Number == "" {
			continue
		}
		at, err := when(x.Sent)
		if err == nil {
			at = at.UTC()
		}
		out = append(out, connectors.Parcel{Name: x.Carrier, Number: x.Number, At: at})
	}
	return out
}
