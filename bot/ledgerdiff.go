package bot

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// What can differ between our refunds and what a platform shows.
const (
	// differsMissing: ours is confirmed, and the platform does not show it.
	differsMissing = "missing"
	// differsAmount: the platform shows another sum.
	differsAmount = "amount"
	// differsThere: ours did not happen, and the platform shows it.
	differsThere = "there"
	// differsOver: more was given back than was paid.
	differsOver = "over"
	// differsMore stands for those that are no alerts of their own.
	differsMore = "more"
)

// difference is one thing in which our refunds and a platform's differ.
type difference struct {
	Store, Order, Number string
	// Refund is ours; empty where the order as a whole is meant.
	Refund, What string
	// Ours and Theirs are the two figures.
	Ours, Theirs string
	First        time.Time
}

// about tells a store's differences apart.
func (x difference) about() string {
	if x.Refund != "" {
		return x.What + "/" + x.Refund
	}
	return x.What + "/" + x.Order
}

// shownWithin is how long after its end a refund may be missing from what its
// platform shows: an hour, where it does not say more.
func shownWithin(shop any) time.Duration {
	if l, ok := shop.(connectors.Late); ok {
		return max(l.ShownWithin(), time.Hour)
	}
	return time.Hour
}

// differences compares our refunds of an order with what its platform shows, and
// counts those that were made elsewhere, and ours that are not shown yet and need
// not be (early). A refund is known by its receipt or its
// key, or else by its sum and time; none that is shown stands for two.
func differences(own []Payback, o connectors.Order, now time.Time, lag time.Duration) (out []difference, elsewhere, early int) {
	seen := slices.DeleteFunc(slices.Clone(o.Refunds), func(x connectors.RefundSeen) bool { return x.State == connectors.StateRejected })
	take := func(fits func(connectors.RefundSeen) bool) (connectors.RefundSeen, bool) {
		i := slices.IndexFunc(seen, fits)
		if i < 0 {
			return connectors.RefundSeen{}, false
		}
		x := seen[i]
		seen = slices.Delete(seen, i, i+1)
		return x, true
	}
	note := func(r Payback, what, ours, theirs string) {
		out = append(out, difference{Order: o.ID, Number: o.Number, Refund: r.ID, What: what, Ours: ours, Theirs: theirs})
	}
	var rest []Payback
	for _, r := range own {
		x, ok := take(func(x connectors.RefundSeen) bool {
			return x.ID != "" && x.ID == r.Receipt.ID || x.Key != "" && x.Key == r.Key
		})
		ours := r.Body.Cmd.Amount
		switch {
		case !ok:
			rest = append(rest, r)
		case r.State == RefundConfirmed && x.Amount != ours && r.Body.Cmd.Method != connectors.StoreCredit:
			note(r, differsAmount, ours.String(), x.Amount.String())
		case r.State.over() && r.State != RefundConfirmed:
			note(r, differsThere, string(r.State), x.Amount.String())
		}
	}
	for _, r := range rest {
		// Not every platform carries keys back: what a person took for not done may be
		// there, and then it was made before they said so.
		byPerson := r.State == RefundFailed && r.Error == byHand
		if r.State != RefundConfirmed && r.State.over() && !byPerson {
			continue
		}
		x, ok := take(func(x connectors.RefundSeen) bool {
			return r.mayBe(x) && (!byPerson || x.At.Before(r.Updated))
		})
		if ok && byPerson {
			note(r, differsThere, string(r.State), x.Amount.String())
		}
		// Credit in the shop is no refund on every platform's list.
		switch {
		case ok || r.State != RefundConfirmed || r.Body.Cmd.Method == connectors.StoreCredit:
		case now.Sub(r.Updated) <= lag:
			early++
		default:
			note(r, differsMissing, r.Body.Cmd.Amount.String(), connectors.Money{Currency: r.Body.Cmd.Amount.Currency}.String())
		}
	}
	return append(out, overpaid(o)...), len(seen), early
}

// overpaid tells when more was given back of an order than was paid for it.
func overpaid(o connectors.Order) []difference {
	if o.Refunded.Currency != o.Total.Currency || o.Refunded.Minor <= o.Total.Minor {
		return nil
	}
	return []difference{{Order: o.ID, Number: o.Number, What: differsOver, Ours: o.Total.String(), Theirs: o.Refunded.String()}}
}

// ledgerAlerts is how many differences of a store are alerts of their own: where
// there are more, one says how many.
const ledgerAlerts = 20

// aboutMore is what that one is about.
const aboutMore = "more"

// keepDifferences writes down how an order's refunds differ now: each difference
// is an alert for as long as it lasts, as far as they can be told one by one.
func (d *Desk) keepDifferences(tx *store.Tx, storeID, order string, now []difference) error {
	before, err := openDifferences(tx, storeID, order)
	if err != nil || len(before) == 0 && len(now) == 0 {
		return err
	}
	hidden, _, err := untold(tx, storeID)
	if err != nil {
		return err
	}
	for _, x := range now {
		x.Store = storeID
		if _, err := tx.Exec(`INSERT INTO ledger_difference(store, about, order_id, number, refund, what, ours, theirs, first_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (store, about) DO UPDATE SET ours = excluded.ours, theirs = excluded.theirs`,
			storeID, x.about(), order, x.Number, x.Refund, x.What, x.Ours, x.Theirs, tx.Now()); err != nil {
			return err
		}
		var older int
		if err := tx.Row(`SELECT COUNT(*) FROM ledger_difference AS o JOIN ledger_difference AS x ON x.store = o.store AND x.about = ?
			WHERE o.store = ? AND (o.first_at < x.first_at OR o.first_at = x.first_at AND o.about < x.about)`, x.about(), storeID).Scan(&older); err != nil {
			return err
		}
		if older >= ledgerAlerts {
			continue
		}
		if err := d.fire(tx, x.news()); err != nil {
			return err
		}
	}
	for _, x := range before {
		if slices.ContainsFunc(now, func(y difference) bool { return y.about() == x.about() }) {
			continue
		}
		if _, err := tx.Exec(`DELETE FROM ledger_difference WHERE store = ? AND about = ?`, storeID, x.about()); err != nil {
			return err
		}
		if err := d.agrees(tx, storeID, x.about()); err != nil {
			return err
		}
	}
	return d.tellUntold(tx, storeID, hidden)
}

// untold is how many differences of a store are no alerts of their own, and
// whether money may have gone out twice by one of the store's.
func untold(tx *store.Tx, storeID string) (n int, grave bool, err error) {
	var worst int
	err = tx.Row(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN what IN (?, ?) THEN 1 ELSE 0 END), 0) FROM ledger_difference WHERE store = ?`,
		differsThere, differsOver, storeID).Scan(&n, &worst)
	return max(0, n-ledgerAlerts), worst > 0, err
}

// tellUntold says how many differences are no alerts of their own, if that is not
// what was said before.
func (d *Desk) tellUntold(tx *store.Tx, storeID string, before int) error {
	n, grave, err := untold(tx, storeID)
	if err != nil || n == before {
		return err
	}
	if n == 0 {
		return d.agrees(tx, storeID, aboutMore)
	}
	x := alerts.News{Kind: alerts.Ledger, Store: storeID, Severity: alerts.Warning, About: aboutMore, Detail: map[string]string{"what": differsMore, "n": strconv.Itoa(n)}}
	if grave {
		x.Severity = alerts.Critical
	}
	return d.fire(tx, x)
}

// agrees ends the alert about a difference that is gone.
func (d *Desk) agrees(tx *store.Tx, storeID, about string) error {
	a, was, err := alerts.ResolveAbout(tx, alerts.Ledger, storeID, about)
	if err != nil || !was {
		return err
	}
	return d.Repaint(tx, "alert:"+a.ID)
}

func (x difference) news() alerts.News {
	n := alerts.News{Kind: alerts.Ledger, Store: x.Store, Severity: alerts.Warning, About: x.about(), Detail: map[string]string{
		"what": x.What, "order": x.Store + "#" + sync.Number(x.Number), "refund": x.Refund, "ours": x.Ours, "theirs": x.Theirs}}
	if x.What == differsThere || x.What == differsOver {
		n.Severity = alerts.Critical // money may have gone out twice
	}
	return n
}

// openDifferences are a store's differences that are open, of one order or, with
// an empty one, of all; the oldest first.
func openDifferences(tx *store.Tx, storeID, order string) ([]difference, error) {
	rows, err := tx.Query(`SELECT store, order_id, number, refund, what, ours, theirs, first_at FROM ledger_difference
		WHERE store = ? AND (order_id = ? OR ? = '') ORDER BY first_at, about`, storeID, order, order)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []difference
	for rows.Next() {
		var x difference
		var first int64
		if err := rows.Scan(&x.Store, &x.Order, &x.Number, &x.Refund, &x.What, &x.Ours, &x.Theirs, &first); err != nil {
			return nil, err
		}
		x.First = time.UnixMilli(first)
		out = append(out, x)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}
