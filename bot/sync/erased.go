package sync

import (
	"encoding/json"
	"fmt"
	"slices"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// With one writer at a time there is nothing to hold. On PostgreSQL whoever
// writes down what a shop said would else not see an erasure that is not
// committed yet, nor the erasure what they write.
const (
	sqlBeside = `SELECT pg_advisory_xact_lock_shared(hashtextextended(?, 2))`
	sqlAlone  = `SELECT pg_advisory_xact_lock(hashtextextended(?, 2))`
)

// Steady keeps a store's buyers from being erased until tx ends: what tx reads of
// them from now on is still true when it writes.
func Steady(tx *store.Tx, storeID string) error { return hold(tx, storeID, sqlBeside) }

func hold(tx *store.Tx, storeID, lock string) error {
	if tx.DB().Kind() != store.Postgres {
		return nil
	}
	_, err := tx.Exec(lock, storeID)
	return err
}

// Erased tells which of these orders of a store had their buyer erased, and when,
// in milliseconds. No other is erased until tx ends.
func Erased(tx *store.Tx, storeID string, orders ...string) (map[string]int64, error) {
	if err := Steady(tx, storeID); err != nil {
		return nil, err
	}
	var known int
	if err := tx.Row(`SELECT COUNT(*) FROM (SELECT 1 FROM erased_order WHERE store = ? LIMIT 1) AS t`, storeID).Scan(&known); err != nil || known == 0 {
		return nil, err
	}
	out := map[string]int64{}
	err := some(orders, func(part []string, marks string) error {
		args := []any{storeID}
		for _, id := range part {
			args = append(args, clean(id))
		}
		rows, err := tx.Query(`SELECT order_ref, at FROM erased_order WHERE store = ? AND order_ref IN (`+marks+`)`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var at int64
			if err := rows.Scan(&id, &at); err != nil {
				return err
			}
			out[id] = at
		}
		return rows.Err()
	})
	return out, err
}

// setErased remembers that an order's buyer was erased.
func setErased(tx *store.Tx, storeID, order string) error {
	_, err := tx.Exec(`INSERT INTO erased_order(store, order_ref, at) VALUES (?, ?, ?)
		ON CONFLICT (store, order_ref) DO UPDATE SET at = excluded.at`, storeID, clean(order), tx.Now())
	return err
}

// mentionsErased tells whether something that could not be read is, or speaks of,
// an order whose buyer was erased.
func mentionsErased(tx *store.Tx, storeID, id, raw string) (bool, error) {
	if err := Steady(tx, storeID); err != nil {
		return false, err
	}
	var n int
	err := tx.Row(`SELECT COUNT(*) FROM erased_order WHERE store = ? AND (order_ref = ? OR REPLACE(CAST(? AS TEXT), order_ref, '') <> CAST(? AS TEXT))`,
		storeID, id, raw, raw).Scan(&n)
	return n > 0, err
}

// Nameless takes an order's buyer off it. The country is nobody's name, and
// parcels are followed with it.
func Nameless(o *connectors.Order) { o.Buyer = connectors.Buyer{Country: o.Buyer.Country} }

// noteless takes the buyer's words off a return.
func noteless(r *connectors.Return) { r.Note = "" }

// nameless are the rows of b as they may be written: those of orders whose buyer
// was erased say no more of the buyer.
func (b Batch) nameless(tx *store.Tx, storeID string) ([]row, error) {
	orderOf := func(r row) string { return r.id }
	strip := stripped(Nameless)
	switch b.stream {
	case Orders:
	case Returns:
		orderOf = func(r row) string { order, _ := r.cols[0].(string); return order }
		strip = stripped(noteless)
	default:
		return b.rows, nil
	}
	orders := make([]string, len(b.rows))
	for i, r := range b.rows {
		orders[i] = orderOf(r)
	}
	erased, err := Erased(tx, storeID, orders...)
	if err != nil || len(erased) == 0 {
		return b.rows, err
	}
	rows := slices.Clone(b.rows)
	for i, r := range rows {
		if _, ok := erased[orders[i]]; !ok {
			continue
		}
		if rows[i].body, err = strip(r.body); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// stripped changes a body as change does its value.
func stripped[T any](change func(*T)) func(body string) (string, error) {
	return func(body string) (string, error) {
		var v T
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return "", fmt.Errorf("sync: a row of the mirror: %w", err)
		}
		change(&v)
		out, err := json.Marshal(v)
		return string(out), err
	}
}
