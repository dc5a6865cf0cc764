package bot

import (
	"context"
	"slices"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

const (
	// hiddenFor is how long after its end a refund may be missing from what its
	// platform shows. The slowest says two days.
	hiddenFor = 72 * time.Hour
	// ownSlack is how far a platform's clock and ours may differ.
	ownSlack = 5 * time.Minute
)

// given are the refunds of an order that this desk has confirmed, and those of them
// that the platform need not show yet.
func (d *Desk) given(ctx context.Context, storeID, order string) (all, young []Payback, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		young = nil
		all, err = readRefunds(tx, `WHERE store = ? AND order_id = ? AND state = ? ORDER BY `+asAsked, storeID, order, string(RefundConfirmed))
		for _, r := range all {
			if r.Updated.UnixMilli() > tx.Now()-hiddenFor.Milliseconds() {
				young = append(young, r)
			}
		}
		return err
	})
	return all, young, err
}

// hideOwn adds to a quote what this desk gave back and the platform does not show
// yet, so that the same money is not given twice and the facts that people
// approve do not change when it shows at last.
func hideOwn(q *connectors.Quote, own []Payback) {
	q.Hidden = hidden(own, q.Order.Refunds)
	for _, m := range q.Hidden {
		if m.Currency != q.Remaining.Currency {
			continue
		}
		q.Order.Refunded = connectors.Money{Minor: q.Order.Refunded.Minor + m.Minor, Currency: m.Currency}
		q.Remaining.Minor = max(0, q.Remaining.Minor-m.Minor)
	}
}

// mayBe tells whether a refund that is shown can be this one by its sum and its
// time, which is none from before the platform began with it.
func (r Payback) mayBe(x connectors.RefundSeen) bool {
	began := r.Created
	if r.Receipt.Began.After(began) {
		began = r.Receipt.Began
	}
	return x.Amount == r.Body.Cmd.Amount && x.At.After(began.Add(-ownSlack)) && !slices.Contains(r.Body.Cmd.Seen, x.ID)
}

// hidden are the sums of own refunds that are not among those which the platform
// shows. A refund is known by its receipt, or else by its sum and time; none that
// is shown stands for two.
func hidden(own []Payback, seen []connectors.RefundSeen) []connectors.Money {
	seen = slices.Clone(seen)
	take := func(fits func(connectors.RefundSeen) bool) bool {
		i := slices.IndexFunc(seen, fits)
		if i >= 0 {
			seen = slices.Delete(seen, i, i+1)
		}
		return i >= 0
	}
	var rest []Payback
	for _, r := range own {
		if !take(func(x connectors.RefundSeen) bool {
			return x.ID != "" && x.ID == r.Receipt.ID || x.Key != "" && x.Key == r.Key
		}) {
			rest = append(rest, r)
		}
	}
	var out []connectors.Money
	for _, r := range rest {
		if !take(func(x connectors.RefundSeen) bool { return x.State != connectors.StateRejected && r.mayBe(x) }) {
			out = append(out, r.Body.Cmd.Amount)
		}
	}
	return out
}
