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

// withOwn adds to a quote what this desk gave back and the platform does not show
// yet, so that the same money is not given twice and the facts that people
// approve do not change when it shows at last.
func (d *Desk) withOwn(ctx context.Context, storeID string, q *connectors.Quote) error {
	var own []Payback
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		own = nil
		rows, err := tx.Query(`SELECT id FROM refund WHERE store = ? AND order_id = ? AND state = ? AND updated > ? ORDER BY created, id`,
			storeID, q.Order.ID, string(RefundConfirmed), tx.Now()-hiddenFor.Milliseconds())
		if err != nil {
			return err
		}
		defer rows.Close()
		var ids []string
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, id := range ids {
			r, err := d.GetRefund(tx, id)
			if err != nil {
				return err
			}
			own = append(own, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.Hidden = hidden(own, q.Order.Refunds)
	for _, m := range q.Hidden {
		if m.Currency != q.Remaining.Currency {
			continue
		}
		q.Order.Refunded = connectors.Money{Minor: q.Order.Refunded.Minor + m.Minor, Currency: m.Currency}
		q.Remaining.Minor = max(0, q.Remaining.Minor-m.Minor)
	}
	return nil
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
		if !take(func(x connectors.RefundSeen) bool {
			return x.Amount == r.Body.Cmd.Amount && x.State != connectors.StateRejected && x.At.After(r.Created.Add(-ownSlack)) &&
				!slices.Contains(r.Body.Cmd.Seen, x.ID)
		}) {
			out = append(out, r.Body.Cmd.Amount)
		}
	}
	return out
}
