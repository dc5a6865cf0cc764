package bot

import (
	"database/sql"
	"errors"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
)

func pushState(tx *store.Tx, storeID string) (Push, error) {
	var p Push
	var ok, checked, last int64
	err := tx.Row(`SELECT endpoint, ok, checked, error, events, last_at FROM push_state WHERE store = ?`, storeID).
		Scan(&p.Endpoint, &ok, &checked, &p.Error, &p.Events, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	p.OK = ok == 1
	if checked > 0 {
		p.Checked = time.UnixMilli(checked)
	}
	if last > 0 {
		p.Last = time.UnixMilli(last)
	}
	return p, err
}

// setPush writes down whether the platform sends what we want. An empty endpoint
// leaves the one that is there.
func setPush(tx *store.Tx, storeID, endpoint string, ok bool, why string) error {
	_, err := tx.Exec(`INSERT INTO push_state(store, endpoint, ok, checked, error) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (store) DO UPDATE SET endpoint = CASE WHEN excluded.endpoint = '' THEN push_state.endpoint ELSE excluded.endpoint END,
		ok = excluded.ok, checked = excluded.checked, error = excluded.error`, storeID, endpoint, ok, tx.Now(), why)
	return err
}

// touchPush notes that something came. It holds the store's row, so that events
// and the end of a reader come one after the other: either the reader sees the
// mark, or it is gone and a new one is added.
func touchPush(tx *store.Tx, storeID string) error {
	_, err := tx.Exec(`INSERT INTO push_state(store, events, last_at) VALUES (?, 1, ?)
		ON CONFLICT (store) DO UPDATE SET events = push_state.events + 1, last_at = excluded.last_at`, storeID, tx.Now())
	return err
}

// holdPush holds the store's row as touchPush does.
func holdPush(tx *store.Tx, storeID string) error {
	_, err := tx.Exec(`INSERT INTO push_state(store) VALUES (?) ON CONFLICT (store) DO UPDATE SET events = push_state.events`, storeID)
	return err
}

// addHook has a store's marks read.
func addHook(tx *store.Tx, storeID string) error {
	return jobs.Add(tx, HookArgs{Store: storeID}, jobs.Key("hook/"+storeID), jobs.MaxAttempts(1000))
}

// mark is something that has to be read.
type mark struct {
	name  string
	n     int64
	tries int64
	at    int64
}

// dueMarks are what has to be read now, what has waited longest first; if there
// is nothing, next is when something is due, or 0. Buyers who are to be forgotten
// come before all: that takes no call, and must not wait behind what a shop that
// has been disconnected refuses.
func dueMarks(tx *store.Tx, storeID string, most int) (out []mark, next int64, err error) {
	now := tx.Now() // PostgreSQL is asked for it, which it cannot be while rows come
	rows, err := tx.Query(`SELECT mark, n, tries, at FROM hook_mark WHERE store = ? AND due <= ?
		ORDER BY CASE WHEN mark LIKE ? THEN 0 ELSE 1 END, due, mark LIMIT ?`, storeID, now, markPrivacy+"%", most)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var m mark
		if err := rows.Scan(&m.name, &m.n, &m.tries, &m.at); err != nil {
			return nil, 0, err
		}
		out = append(out, m)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(out) > 0 {
		return out, 0, err
	}
	err = tx.Row(`SELECT COALESCE(MIN(due), 0) FROM hook_mark WHERE store = ?`, storeID).Scan(&next)
	return nil, next, err
}

// readMark takes a mark away, with the events that made it, unless there are new
// ones since it was looked at.
func readMark(tx *store.Tx, storeID string, m mark, note string) error {
	n, err := tx.Exec(`DELETE FROM hook_mark WHERE store = ? AND mark = ? AND n = ?`, storeID, m.name, m.n)
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.Exec(`UPDATE hook SET done = ?, raw = '', note = ? WHERE store = ? AND mark = ? AND done = 0`, tx.Now(), note, storeID, m.name)
	return err
}

// laterMark has a mark read later.
func laterMark(tx *store.Tx, storeID string, m mark, in time.Duration) error {
	_, err := tx.Exec(`UPDATE hook_mark SET tries = tries + 1, due = ? WHERE store = ? AND mark = ? AND n = ?`,
		tx.Now()+in.Milliseconds(), storeID, m.name, m.n)
	return err
}

// tidyHooks throws away old deliveries, and the text of those that nobody needs
// any more; it wakes readers of marks that wait without one.
func tidyHooks(tx *store.Tx) error {
	now := tx.Now()
	if _, err := tx.Exec(`DELETE FROM hook WHERE at < ?`, now-hookLife.Milliseconds()); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE hook SET raw = '' WHERE at < ? AND raw <> ''`, now-rawLife.Milliseconds()); err != nil {
		return err
	}
	waiting, err := store.Column[string](tx, `SELECT DISTINCT store FROM hook_mark WHERE due < ?`, now-time.Minute.Milliseconds())
	if err != nil {
		return err
	}
	for _, id := range waiting {
		if err := addHook(tx, id); err != nil {
			return err
		}
	}
	return nil
}
