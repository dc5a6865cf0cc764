package sync

import (
	"encoding/json"
	"fmt"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// Pick lists the orders of a store that were made since a time and that fit, the
// oldest first, and at most so many.
func Pick(tx *store.Tx, storeID string, since time.Time, fits func(connectors.Order) bool, most int) (out []connectors.Order, err error) {
	// No order changes before it is made.
	rows, err := tx.Query(`SELECT body FROM order_row WHERE store = ? AND updated >= ? ORDER BY updated, id`, storeID, since.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() && len(out) < most {
		var body string
		var o connectors.Order
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &o); err != nil {
			return nil, fmt.Errorf("sync: order in the mirror: %w", err)
		}
		if !o.Created.Before(since) && fits(o) {
			out = append(out, o)
		}
	}
	return out, rows.Err()
}
