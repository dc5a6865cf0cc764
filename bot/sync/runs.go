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

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	Running RunState = "running"
	// Waiting: the store is busy or down; the run goes on by itself.
	Waiting RunState = "waiting"
	Done    RunState = "done"
	Failing RunState = "failed"
)

// Run is a resync that somebody asked for.
type Run struct {
	ID, Store string
	// Streams are read one after another; At is the one being read.
	Streams []string
	At      int
	Pos     connectors.Cursor
	Since   time.Time
	State   RunState
	// Total is 0 when nobody knows.
	Done, Total, Changed, Bad int64
	By                        string
	// Moved is when it last got on.
	Started, Moved, Ended time.Time
	Error                 string
	// Bulk is where the file stands that the platform prepares, if it does.
	Bulk File
}

// File is a file with very many orders that a platform prepares.
type File struct {
	// Receipt is the platform's; its State is empty before the file was asked for.
	Receipt connectors.Receipt `json:"receipt,omitzero"`
	// Asked is when it was asked for: what changed since is read page by page.
	Asked time.Time `json:"asked,omitzero"`
	// Wanted: it shall be asked for. Over: it was read, or there will be none.
	Wanted bool `json:"wanted,omitempty"`
	Over   bool `json:"over,omitempty"`
}

// ErrNoRun: there is no such run.
var ErrNoRun = errors.New("sync: no such run")

// Start begins a run, or returns the one that is under way for the store.
func Start(tx *store.Tx, r Run) (Run, bool, error) {
	pos, err := json.Marshal(connectors.Cursor{Since: r.Since, Limit: PageSize})
	if err != nil {
		return r, false, err
	}
	since := int64(0)
	if !r.Since.IsZero() {
		since = r.Since.UnixMilli()
	}
	n, err := tx.Exec(`INSERT INTO sync_run(id, store, streams, pos, since, state, live, by_who, started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (live) DO NOTHING`, r.ID, r.Store, strings.Join(r.Streams, " "), string(pos), since, string(Running), r.Store, r.By, tx.Now())
	if err != nil {
		return r, false, err
	}
	if n == 1 {
		r, err = GetRun(tx, r.ID)
		return r, true, err
	}
	r, err = Live(tx, r.Store)
	return r, false, err
}

const runQuery = `SELECT id, store, streams, at_n, pos, since, state, done, total, changed, bad, by_who, started, moved, ended, error, bulk FROM sync_run`

// GetRun reads a run.
func GetRun(tx *store.Tx, id string) (Run, error) {
	return scanRun(tx.Row(runQuery+` WHERE id = ?`, id))
}

// Live is the run that is under way for a store.
func Live(tx *store.Tx, storeID string) (Run, error) {
	return scanRun(tx.Row(runQuery+` WHERE live = ?`, storeID))
}

func scanRun(row *sql.Row) (Run, error) {
	var r Run
	var streams, pos, bulk string
	var since, started, moved, ended int64
	err := row.Scan(&r.ID, &r.Store, &streams, &r.At, &pos, &since, &r.State, &r.Done, &r.Total, &r.Changed, &r.Bad, &r.By,
		&started, &moved, &ended, &r.Error, &bulk)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoRun
	}
	if err != nil {
		return r, err
	}
	r.Streams, r.Since, r.Started, r.Moved, r.Ended = strings.Fields(streams), at(since), at(started), at(moved), at(ended)
	if bulk != "" {
		if err := json.Unmarshal([]byte(bulk), &r.Bulk); err != nil {
			return r, fmt.Errorf("sync: run %s: %w", r.ID, err)
		}
	}
	return r, json.Unmarshal([]byte(pos), &r.Pos)
}

// Save writes a run's progress down, in the transaction that writes down what
// it read.
func (r Run) Save(tx *store.Tx) error {
	pos, err := json.Marshal(r.Pos)
	if err != nil {
		return err
	}
	live, ended := any(r.Store), int64(0)
	if r.State == Done || r.State == Failing {
		live, ended = nil, tx.Now()
	}
	bulk := ""
	if r.Bulk != (File{}) {
		body, err := json.Marshal(r.Bulk)
		if err != nil {
			return err
		}
		bulk = string(body)
	}
	moved := int64(0)
	if r.State == Running {
		moved = tx.Now()
	} else if !r.Moved.IsZero() {
		moved = r.Moved.UnixMilli()
	}
	_, err = tx.Exec(`UPDATE sync_run SET at_n = ?, pos = ?, state = ?, live = ?, done = ?, total = ?, changed = ?, bad = ?, moved = ?, ended = ?,
		error = ?, bulk = ? WHERE id = ?`, r.At, string(pos), string(r.State), live, r.Done, r.Total, r.Changed, r.Bad, moved, ended, r.Error,
		bulk, r.ID)
	return err
}
