package sync

import (
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// GivenBack lists, by id, a store's orders after an id that changed since a time
// and of which money was given back. last is the last id that was looked at; it is
// empty when there are no more.
func GivenBack(tx *store.Tx, storeID string, since time.Time, from string, most int) (out []connectors.Order, last string, err error) {
	all, err := bodies[connectors.Order](tx, `SELECT body FROM order_row WHERE store = ? AND updated >= ? AND id > ? ORDER BY id LIMIT ?`,
		storeID, since.UnixMilli(), from, most)
	if err != nil {
		return nil, "", err
	}
	if len(all) == most {
		last = all[most-1].ID
	}
	for _, o := range all {
		if o.Refunded.Minor > 0 || len(o.Refunds) > 0 {
			out = append(out, o)
		}
	}
	return out, last, nil
}
