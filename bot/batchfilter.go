package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

// OrderFilter says which orders of a store are meant. What is empty is not looked at.
type OrderFilter struct {
	Store *Store
	// From is a moment, and To the moment before which they were made.
	From, To time.Time
	Status   connectors.OrderStatus
	SKU      string
}

// Matching lists the orders that fit by what the desk has written down; one more
// than a list may have, so that too many are known to be.
func (d *Desk) Matching(ctx context.Context, f OrderFilter) (out []OrderAt, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		found, err := sync.Pick(tx, f.Store.ID, f.From, func(o connectors.Order) bool {
			return (f.To.IsZero() || o.Created.Before(f.To)) && (f.Status == "" || o.Status == f.Status) &&
				(f.SKU == "" || slices.ContainsFunc(o.Lines, func(l connectors.OrderLine) bool { return strings.EqualFold(l.SKU, f.SKU) }))
		}, BatchMost+1)
		out = nil
		for _, o := range found {
			out = append(out, OrderAt{f.Store, o})
		}
		return err
	})
	if err == nil && len(out) == 0 {
		err = i18n.NewProblem(nil, "batch.filter_none", "store", f.Store.Name)
	}
	return out, err
}
