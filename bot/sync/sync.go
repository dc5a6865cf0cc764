package sync

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// The streams of a store.
const (
	Orders   = "orders"
	Messages = "messages"
	Items    = "items"
	Returns  = "returns"
	// Stock is what lies in the platform's own warehouses.
	Stock = "stock"
)

// Stream is how a stream of a store is doing.
type Stream struct {
	Store, Name string
	Pos         connectors.Cursor
	// Tried and OK are the last attempt and the last success; zero if never.
	Tried, OK time.Time
	// Changed is how many items the last success brought.
	Changed int64
	// Error is the last attempt's failure, Kind its kind's word; empty if it worked.
	Error, Kind string
}

// Get reads a stream; one that was never read has a zero position.
func Get(tx *store.Tx, storeID, name string) (Stream, error) {
	s := Stream{Store: storeID, Name: name}
	var pos string
	var tried, ok int64
	err := tx.Row(`SELECT pos, tried_at, ok_at, changed, error, kind FROM sync_stream WHERE store = ? AND stream = ?`, storeID, name).
		Scan(&pos, &tried, &ok, &s.Changed, &s.Error, &s.Kind)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Tried, s.OK = at(tried), at(ok)
	return s, json.Unmarshal([]byte(pos), &s.Pos)
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// Moved writes down that a stream was read up to pos, in the transaction that
// writes down what was read.
func Moved(tx *store.Tx, storeID, name string, pos connectors.Cursor, changed int) error {
	body, err := json.Marshal(pos)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO sync_stream(store, stream, pos, tried_at, ok_at, changed) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (store, stream) DO UPDATE SET pos = excluded.pos, tried_at = excluded.tried_at, ok_at = excluded.ok_at,
		changed = excluded.changed, error = '', kind = ''`, storeID, name, string(body), tx.Now(), tx.Now(), changed)
	return err
}

// Failed writes down that a stream could not be read.
func Failed(tx *store.Tx, storeID, name string, cause error) error {
	_, err := tx.Exec(`INSERT INTO sync_stream(store, stream, pos, tried_at, error, kind) VALUES (?, ?, '{}', ?, ?, ?)
		ON CONFLICT (store, stream) DO UPDATE SET tried_at = excluded.tried_at, error = excluded.error, kind = excluded.kind`,
		storeID, name, tx.Now(), cause.Error(), connectors.KindOf(cause).String())
	return err
}

// Number is an order number as it is looked for: without its hash sign, in
// capitals.
func Number(s string) string {
	return strings.ToUpper(strings.TrimPrefix(strings.TrimSpace(s), "#"))
}

// Found is an order of the mirror.
type Found struct {
	Store string
	Order connectors.Order
	Seen  time.Time
}

// Find looks an order up by number or id in the mirror, in every store.
func Find(tx *store.Tx, number string) ([]Found, error) {
	rows, err := tx.Query(`SELECT store, body, seen FROM order_row WHERE number = ? OR id = ? ORDER BY store, id`,
		Number(number), strings.TrimSpace(number))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Found
	for rows.Next() {
		var f Found
		var body string
		var seen int64
		if err := rows.Scan(&f.Store, &body, &seen); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &f.Order); err != nil {
			return nil, fmt.Errorf("sync: order in the mirror: %w", err)
		}
		f.Seen = time.UnixMilli(seen)
		out = append(out, f)
	}
	return out, rows.Err()
}

// Since is an order by its id, if the mirror has learned something of it at a time
// or later.
func Since(tx *store.Tx, storeID, id string, when time.Time) (o connectors.Order, ok bool, err error) {
	all, err := bodies[connectors.Order](tx, `SELECT body FROM order_row WHERE store = ? AND id = ? AND seen >= ?`, storeID, clean(id), when.UnixMilli())
	if err != nil || len(all) == 0 {
		return o, false, err
	}
	return all[0], true, nil
}

// Count is how many orders of a store the mirror holds.
func Count(tx *store.Tx, storeID string) (n int64, err error) {
	return CountOf(tx, storeID, Orders)
}

// CountOf is how many of a stream's items the mirror holds.
func CountOf(tx *store.Tx, storeID, stream string) (n int64, err error) {
	t, ok := tables[stream]
	if !ok {
		return 0, fmt.Errorf("sync: the mirror has no stream %q", stream)
	}
	err = tx.Row(`SELECT COUNT(*) FROM `+t.name+` WHERE store = ?`, storeID).Scan(&n)
	return n, err
}
