package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// Tx is an open transaction. It belongs to the function it was handed to and
// must not be used by another goroutine or afterwards.
type Tx struct {
	db     *DB
	ctx    context.Context // handed out: knows this transaction
	run    context.Context // what statements run under
	conn   *conn           // SQLite
	tx     *sql.Tx         // PostgreSQL
	now    int64
	hasNow bool
	failed error
	last   []func() error
	after  []func()
	undo   []func()
	over   atomic.Bool
}

type inside struct{}

// running is the transaction of d that ctx was handed out by and that is open.
func running(ctx context.Context, d *DB) *Tx {
	tx, _ := ctx.Value(inside{}).(*Tx)
	if tx == nil || tx.db != d || tx.over.Load() {
		return nil
	}
	return tx
}

var errOver = errors.New("store: the transaction is over")

func newTx(d *DB, ctx context.Context) *Tx {
	tx := &Tx{db: d}
	tx.ctx = context.WithValue(ctx, inside{}, tx)
	return tx
}

// call runs fn, turning a panic into an error.
func (t *Tx) call(fn func(tx *Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			t.db.log.Error("a transaction panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("store: a transaction panicked: %v", p)
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	for i := 0; i < len(t.last) && t.failed == nil; i++ {
		if err := t.last[i](); err != nil {
			return err
		}
	}
	return t.failed
}

// settle runs what was asked for after the end of the transaction.
func (t *Tx) settle(committed bool) {
	t.over.Store(true)
	fns := t.undo
	if committed {
		fns = t.after
	}
	t.after, t.undo = nil, nil
	for _, f := range fns {
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.db.log.Error("a function after a transaction panicked",
						"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				}
			}()
			f()
		}()
	}
}

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	if t.over.Load() {
		return 0, errOver
	}
	plain(args)
	var res sql.Result
	var err error
	if t.conn != nil {
		var s *prepared
		if s, err = t.conn.prepare(t.run, query); err != nil {
			return 0, err
		}
		res, err = s.stmt.ExecContext(t.run, args...)
	} else {
		res, err = t.tx.ExecContext(t.run, Rebind(query), args...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Query runs a query. Rows that are left open are closed with the transaction.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if t.over.Load() {
		return nil, errOver
	}
	plain(args)
	if t.conn == nil {
		return t.tx.QueryContext(t.run, Rebind(query), args...)
	}
	s, err := t.conn.prepare(t.run, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.stmt.QueryContext(t.run, args...)
	if err == nil {
		s.rows = rows
		t.conn.open = append(t.conn.open, s)
	}
	return rows, err
}

// Column reads a query of one column to its end.
func Column[T any](t *Tx, query string, args ...any) ([]T, error) {
	rows, err := t.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var x T
		if err := rows.Scan(&x); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// Row runs a query of one row. Scan it before the same query is run again.
func (t *Tx) Row(query string, args ...any) *sql.Row {
	plain(args)
	if t.conn == nil {
		return t.tx.QueryRowContext(t.run, Rebind(query), args...)
	}
	if t.over.Load() {
		// The connection may already serve somebody else. A Row can only be
		// made by the database, so it is made by one that refuses.
		ended, cancel := context.WithCancelCause(context.Background())
		cancel(errOver)
		return t.conn.c.QueryRowContext(ended, query)
	}
	s, err := t.conn.prepare(t.run, query)
	if err != nil {
		return t.conn.c.QueryRowContext(t.run, query, args...) // says the same again, in a Row
	}
	row := s.stmt.QueryRowContext(t.run, args...)
	t.conn.row = append(t.conn.row, row)
	return row
}

// plain replaces arguments that the two engines would keep differently.
func plain(args []any) {
	for i, a := range args {
		switch v := a.(type) {
		case bool:
			args[i] = int64(0)
			if v {
				args[i] = int64(1)
			}
		case json.RawMessage:
			args[i] = string(v)
		case time.Time:
			args[i] = int64(0)
			if !v.IsZero() {
				args[i] = v.UnixMilli()
			}
		}
	}
}

// Now is the time in unix milliseconds. It stays the same within a transaction.
func (t *Tx) Now() int64 {
	if t.hasNow {
		return t.now
	}
	t.hasNow = true
	switch {
	case t.db.now != nil:
		t.now = t.db.now().UnixMilli()
	case t.tx != nil:
		// statement_timestamp: clock_timestamp may not be compared with an index.
		err := t.tx.QueryRowContext(t.run,
			`SELECT CAST(floor(extract(epoch FROM statement_timestamp()) * 1000) AS BIGINT)`).Scan(&t.now)
		if err != nil {
			t.now = time.Now().UnixMilli()
			t.Fail(fmt.Errorf("store: cannot ask the database for the time: %w", err))
		}
	default:
		t.now = time.Now().UnixMilli()
	}
	return t.now
}

// NewID makes an id.
func (t *Tx) NewID() string { return t.db.newID() }

// Context is the caller's context, which also knows this transaction: a Read
// under it runs inside, a Write is refused.
func (t *Tx) Context() context.Context { return t.ctx }

// DB is the database of the transaction.
func (t *Tx) DB() *DB { return t.db }

// Last has fn run inside the transaction when its function has returned well,
// just before the commit. What every transaction has to lock is locked there: for
// the shortest time, and never before anything else, so that no two wait for
// each other.
func (t *Tx) Last(fn func() error) { t.last = append(t.last, fn) }

// After has fn run once the transaction is committed, and not at all if it is
// not. It runs before Write returns, and may itself Write.
func (t *Tx) After(fn func()) { t.after = append(t.after, fn) }

// Undo has fn run if the transaction is not committed.
func (t *Tx) Undo(fn func()) { t.undo = append(t.undo, fn) }

// Fail makes the transaction end with err, whatever its function returns.
func (t *Tx) Fail(err error) {
	if t.failed == nil {
		t.failed = err
	}
}
