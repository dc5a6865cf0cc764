package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// migrateLock keeps two replicas from migrating at the same time.
const migrateLock = 0x6465736b // "desk"

func (d *DB) openPostgres(ctx context.Context, url string) (err error) {
	d.kind, d.url = Postgres, url
	if d.pool, err = sql.Open("pgx", url); err != nil {
		return fmt.Errorf("store: the address of the PostgreSQL database cannot be read: %w", err)
	}
	d.pool.SetMaxOpenConns(20)
	d.pool.SetMaxIdleConns(20)
	d.pool.SetConnMaxIdleTime(5 * time.Minute)
	defer func() {
		if err != nil {
			d.pool.Close()
		}
	}()
	lock, err := d.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: PostgreSQL does not answer: %w", err)
	}
	defer lock.Close()
	if _, err = lock.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrateLock)); err != nil {
		return fmt.Errorf("store: waiting for another replica to migrate: %w", err)
	}
	defer lock.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrateLock)) //nolint:errcheck // ends with the connection
	files, err := embedded()
	if err != nil {
		return err
	}
	return migrate(ctx, d.pool, Postgres, files)
}

// tries is how often a transaction is run when others get in its way.
const tries = 8

func (d *DB) writePostgres(ctx context.Context, fn func(tx *Tx) error) error {
	for try := 1; ; try++ {
		err := d.oncePostgres(ctx, fn, nil)
		if err == nil || try == tries || !again(err) {
			return err
		}
		// A wait of random length, or the same two would meet again.
		pause := time.Duration(rand.Int64N(int64(10*time.Millisecond) << min(try, 5)))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *DB) readPostgres(ctx context.Context, fn func(tx *Tx) error) error {
	return d.oncePostgres(ctx, fn, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
}

func (d *DB) oncePostgres(ctx context.Context, fn func(tx *Tx) error, o *sql.TxOptions) error {
	raw, err := d.pool.BeginTx(ctx, o)
	if err != nil {
		select {
		case <-d.gone:
			return ErrClosed
		default:
			return err
		}
	}
	tx := newTx(d, ctx)
	tx.tx, tx.run = raw, ctx
	committed := false
	// Also when fn leaves by runtime.Goexit, as a failing test does.
	defer func() {
		tx.over.Store(true)
		if !committed {
			raw.Rollback() //nolint:errcheck // there is nothing left to save
		}
		tx.settle(committed)
	}()
	err = tx.call(fn)
	if err == nil {
		err = raw.Commit()
	}
	if committed = err == nil; !committed && ctx.Err() != nil && errors.Is(err, sql.ErrTxDone) {
		return ctx.Err() // it was taken back because ctx ended, a moment before
	}
	return err
}

// again tells whether PostgreSQL ended the transaction because of another one.
func again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}
