package sync

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// asideFor is how long an item stays aside that nobody has met again.
const asideFor = 30 * 24 * time.Hour

// rawMost is how much of an unreadable item is kept to find out why.
const rawMost = 64 << 10

// Quarantine sets an unreadable item aside. One without an id is known by what
// it looks like, so that reading it again does not make it two.
func Quarantine(tx *store.Tx, storeID, stream string, b connectors.BadItem) error {
	raw := b.Raw
	if len(raw) > rawMost {
		raw = raw[:rawMost]
	}
	id := clean(b.ID)
	if id == "" {
		sum := sha256.Sum256(b.Raw)
		id = "?" + hex.EncodeToString(sum[:12])
	}
	text := clean(string(raw))
	if erased, err := mentionsErased(tx, storeID, id, text); err != nil {
		return err
	} else if erased {
		text = ""
	}
	_, err := tx.Exec(`INSERT INTO quarantine(store, stream, id, reason, raw, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (store, stream, id) DO UPDATE SET reason = excluded.reason, raw = excluded.raw, at = excluded.at`,
		storeID, stream, id, clean(fmt.Sprint(b.Err)), text, tx.Now())
	return err
}

// Release takes items out of quarantine because they read well.
func Release(tx *store.Tx, storeID, stream string, ids []string) error {
	var held int
	if err := tx.Row(`SELECT COUNT(*) FROM (SELECT 1 FROM quarantine WHERE store = ? AND stream = ? LIMIT 1) AS t`, storeID, stream).
		Scan(&held); err != nil || held == 0 {
		return err
	}
	return some(ids, func(part []string, marks string) error {
		args := []any{storeID, stream}
		for _, id := range part {
			args = append(args, clean(id))
		}
		_, err := tx.Exec(`DELETE FROM quarantine WHERE store = ? AND stream = ? AND id IN (`+marks+`)`, args...)
		return err
	})
}

// Aside lists ids of a stream that are set aside and known by an id, those that
// were looked at longest ago first.
func Aside(tx *store.Tx, storeID, stream string, most int) ([]string, error) {
	return store.Column[string](tx, `SELECT id FROM quarantine WHERE store = ? AND stream = ? AND id NOT LIKE '?%' ORDER BY at, id LIMIT ?`,
		storeID, stream, most)
}

// Looked notes that an item that is set aside was looked at again, in vain.
func Looked(tx *store.Tx, storeID, stream, id string) error {
	_, err := tx.Exec(`UPDATE quarantine SET at = ? WHERE store = ? AND stream = ? AND id = ?`, tx.Now(), storeID, stream, id)
	return err
}

// Quarantined is how many items of a store are set aside.
func Quarantined(tx *store.Tx, storeID string) (n int64, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM quarantine WHERE store = ?`, storeID).Scan(&n)
	return n, err
}

// Forget throws away what was set aside so long ago that nobody will read it:
// what could not be read may hold what buyers wrote.
func Forget(tx *store.Tx) error {
	_, err := tx.Exec(`DELETE FROM quarantine WHERE at < ?`, tx.Now()-asideFor.Milliseconds())
	return err
}
