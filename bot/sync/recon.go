package sync

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// Recon is how reading a stream again, to find what was lost, is doing.
type Recon struct {
	Store, Stream string
	// Pos and Since are those of a reading under way, that began at Began.
	Pos          connectors.Cursor
	Since, Began time.Time
	// OK and Deep are the last that came to its end, and the last of those with
	// the long window.
	OK, Deep time.Time
	// Looked and Found count what was compared and what had been lost, ever;
	// Recent what had been lost since the day before.
	Looked, Found, Recent int64
	FoundAt               time.Time
}

// GetRecon reads it; one that never was is zero.
func GetRecon(tx *store.Tx, storeID, stream string) (Recon, error) {
	r := Recon{Store: storeID, Stream: stream}
	var pos string
	var since, began, ok, deep, foundAt int64
	err := tx.Row(`SELECT pos, since, began, ok_at, deep_at, looked, found, recent, found_at FROM sync_recon WHERE store = ? AND stream = ?`,
		storeID, stream).Scan(&pos, &since, &began, &ok, &deep, &r.Looked, &r.Found, &r.Recent, &foundAt)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Since, r.Began, r.OK, r.Deep, r.FoundAt = at(since), at(began), at(ok), at(deep), at(foundAt)
	if pos == "" {
		return r, nil
	}
	return r, json.Unmarshal([]byte(pos), &r.Pos)
}

// Save writes it down.
func (r Recon) Save(tx *store.Tx) error {
	pos := ""
	if !r.Began.IsZero() {
		body, err := json.Marshal(r.Pos)
		if err != nil {
			return err
		}
		pos = string(body)
	}
	_, err := tx.Exec(`INSERT INTO sync_recon(store, stream, pos, since, began, ok_at, deep_at, looked, found, recent, found_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (store, stream) DO UPDATE SET pos = excluded.pos, since = excluded.since, began = excluded.began, ok_at = excluded.ok_at,
		deep_at = excluded.deep_at, looked = excluded.looked, found = excluded.found, recent = excluded.recent, found_at = excluded.found_at`,
		r.Store, r.Stream, pos, r.Since, r.Began, r.OK, r.Deep, r.Looked, r.Found, r.Recent, r.FoundAt)
	return err
}
