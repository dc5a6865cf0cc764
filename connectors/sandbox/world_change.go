package sandbox

import "time"

// The kinds of changes, and what the ids of each are.
const (
	// changeNew and changeOrder: the order's id.
	changeNew   = "order_new"
	changeOrder = "order"
	// changeRefund: the order's id, the refund's id.
	changeRefund = "refund"
	// changeReturn: the order's id, the return's id.
	changeReturn = "return"
	// changeItem: the SKU, the place's id where one quantity changed.
	changeItem = "item"
	// changeShipment: the order's id, the shipment's id.
	changeShipment = "shipment"
	// changeMessage: the message's id, the buyer's id, the order's id if there is one.
	changeMessage = "message"
	// changeCancelled: the order's id.
	changeCancelled = "order_cancelled"
	// changeBulk: the id of a finished bulk operation.
	changeBulk = "bulk"
	// changeGone and changeScopes: nothing.
	changeGone   = "gone"
	changeScopes = "scopes"
)

// change is news of a store. Whoever watches gets it while the store's lock is
// held: it may read the store, and must neither wait nor take the lock.
type change struct {
	s    *store
	kind string
	ids  []string
	at   time.Time
}

// id is one of the ids, or nothing.
func (c change) id(i int) string {
	if i < len(c.ids) {
		return c.ids[i]
	}
	return ""
}

// watch subscribes to all changes. It is for use inside [New] only.
func (w *World) watch(f func(change)) { w.watchers = append(w.watchers, f) }

// changed tells everybody who watches. The caller holds the lock.
func (s *store) changed(kind string, ids ...string) {
	if len(s.w.watchers) == 0 || s.w.restoring {
		return
	}
	c := change{s: s, kind: kind, ids: ids, at: s.w.now()}
	for _, f := range s.w.watchers {
		f(c)
	}
}
