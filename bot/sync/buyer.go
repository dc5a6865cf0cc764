package sync

import (
	"encoding/json"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// mostOf bounds how many orders of one buyer are looked at.
const mostOf = 500

// OrdersBy lists a buyer's orders since a time, by the platform's id of the
// buyer. It reads through all of the store's orders that changed since: it is
// asked once for a refund, and not with each message.
func OrdersBy(tx *store.Tx, storeID, buyer string, since time.Time) ([]connectors.Order, error) {
	id, err := json.Marshal(buyer)
	if err != nil || buyer == "" {
		return nil, err
	}
	all, err := bodies[connectors.Order](tx, `SELECT body FROM order_row WHERE store = ? AND updated >= ? AND body LIKE ? ESCAPE '!' ORDER BY updated DESC LIMIT ?`,
		storeID, since.UnixMilli(), Holds(`{"ID":`+string(id)+`,`), mostOf)
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, o := range all {
		if o.Buyer.ID == buyer && !o.Created.Before(since) {
			out = append(out, o)
		}
	}
	return out, nil
}
