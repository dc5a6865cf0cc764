package rates

import (
	"database/sql"
	"errors"

	"helloworld/bot/store"
)

// kept is a source's newest file as the database has it.
type kept struct {
	day, body, etag, modified string
	checked                   int64
}

func readKept(tx *store.Tx) (k kept, ok bool, err error) {
	err = tx.Row(`SELECT day, body, etag, modified, checked FROM rate_sheet WHERE source = ?`, ECB).
		Scan(&k.day, &k.body, &k.etag, &k.modified, &k.checked)
	if errors.Is(err, sql.ErrNoRows) {
		return k, false, nil
	}
	return k, err == nil, err
}

// keep writes a file down, unless a newer one has come meanwhile.
func keep(tx *store.Tx, k kept) error {
	_, err := tx.Exec(`INSERT INTO rate_sheet(source, day, body, etag, modified, checked) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (source) DO UPDATE SET day = excluded.day, body = excluded.body, etag = excluded.etag, modified = excluded.modified,
		checked = excluded.checked WHERE rate_sheet.day <= excluded.day`,
		ECB, k.day, k.body, k.etag, k.modified, k.checked)
	return err
}

// same writes down that there is nothing newer.
func same(tx *store.Tx, at int64) error {
	_, err := tx.Exec(`UPDATE rate_sheet SET checked = ? WHERE source = ?`, at, ECB)
	return err
}
