package bot

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// What the evidence calls a sending, and one that the platform certainly did not
// take. Every other line of it is a look.
const (
	lookSent     = "sent"
	lookNotTaken = "not_taken"
)

// refundLook is a line of the evidence: something was sent, or the platform showed
// something, so many times in a row.
type refundLook struct {
	What, Receipt string
	First, Last   time.Time
	Times         int64
}

// looked keeps what a look at the platform showed, as long as the outcome is not
// known: whoever is asked in the end has to see it.
func (d *Desk) looked(ctx context.Context, r Payback, rec connectors.Receipt, cause error) error {
	if r.State != RefundSent && r.State != RefundUnknown {
		return nil
	}
	what, receipt := string(rec.State), rec.ID
	if cause != nil {
		what, receipt = connectors.KindOf(cause).String(), ""
	}
	if what == "" {
		what = "unclear"
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error { return noteLook(tx, r.ID, what, receipt) })
}

// noteLook adds a line to a refund's evidence, or counts the last one up.
func noteLook(tx *store.Tx, refund, what, receipt string) error {
	var n int64
	var last, lastReceipt string
	err := tx.Row(`SELECT n, what, receipt FROM refund_look WHERE refund = ? ORDER BY n DESC LIMIT 1`, refund).Scan(&n, &last, &lastReceipt)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err == nil && last == what && lastReceipt == receipt && what != lookSent {
		_, err = tx.Exec(`UPDATE refund_look SET last = ?, times = times + 1 WHERE refund = ? AND n = ?`, tx.Now(), refund, n)
		return err
	}
	_, err = tx.Exec(`INSERT INTO refund_look(refund, n, what, receipt, first, last) VALUES (?, ?, ?, ?, ?, ?)`,
		refund, n+1, what, receipt, tx.Now(), tx.Now())
	return err
}

// noteNotTaken notes of the last sending that nothing came of it: it is not under
// way any more, and not in doubt.
func noteNotTaken(tx *store.Tx, refund string) error {
	var n int64
	err := tx.Row(`SELECT n FROM refund_look WHERE refund = ? AND what = ? ORDER BY n DESC LIMIT 1`, refund, lookSent).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	before, err := tx.Exec(`UPDATE refund_look SET last = ?, times = times + 1 WHERE refund = ? AND n = ? AND what = ?`, tx.Now(), refund, n-1, lookNotTaken)
	if err != nil {
		return err
	}
	if before > 0 {
		_, err = tx.Exec(`DELETE FROM refund_look WHERE refund = ? AND n = ?`, refund, n)
		return err
	}
	_, err = tx.Exec(`UPDATE refund_look SET what = ?, last = ? WHERE refund = ? AND n = ?`, lookNotTaken, tx.Now(), refund, n)
	return err
}

// sendings are the times at which sending a refund was begun, oldest first, as far
// as they may have come to something.
func sendings(tx *store.Tx, refund string) (out []time.Time, err error) {
	at, err := store.Column[int64](tx, `SELECT first FROM refund_look WHERE refund = ? AND what = ? ORDER BY n`, refund, lookSent)
	for _, ms := range at {
		out = append(out, time.UnixMilli(ms))
	}
	return out, err
}

// lookedSince is since when looks at a refund have shown what the last one did.
func (d *Desk) lookedSince(ctx context.Context, refund string) (since time.Time, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		var first int64
		err := tx.Row(`SELECT first FROM refund_look WHERE refund = ? ORDER BY n DESC LIMIT 1`, refund).Scan(&first)
		since = time.UnixMilli(first)
		return err
	})
	return since, err
}

// evidence is what was sent for a refund and what its platform showed, oldest
// first.
func evidence(tx *store.Tx, refund string) ([]refundLook, error) {
	rows, err := tx.Query(`SELECT what, receipt, first, last, times FROM refund_look WHERE refund = ? ORDER BY n`, refund)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []refundLook
	for rows.Next() {
		var x refundLook
		var first, last int64
		if err := rows.Scan(&x.What, &x.Receipt, &first, &last, &x.Times); err != nil {
			return nil, err
		}
		x.First, x.Last = time.UnixMilli(first), time.UnixMilli(last)
		out = append(out, x)
	}
	return out, rows.Err()
}
