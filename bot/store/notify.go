package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Notify wakes whoever listens to channel on other replicas, once the
// transaction is committed. On SQLite there are none.
func (t *Tx) Notify(channel string) error {
	if t.db.kind != Postgres {
		return nil
	}
	_, err := t.Exec(`SELECT pg_notify(?, '')`, channel)
	return err
}

// Listen calls fn whenever channel was notified, until ctx ends. A notice can
// be missed while the connection is away: it is a hint, and never a record.
func (d *DB) Listen(ctx context.Context, channel string, fn func()) {
	for d.kind == Postgres && ctx.Err() == nil {
		if err := d.listen(ctx, channel, fn); err != nil && ctx.Err() == nil {
			d.log.Warn("listening for notices was interrupted", "error", err)
			select {
			case <-ctx.Done():
			case <-d.gone:
				return
			case <-time.After(time.Second):
			}
		}
	}
	<-ctx.Done()
}

func (d *DB) listen(ctx context.Context, channel string, fn func()) error {
	c, err := d.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var why error
	err = c.Raw(func(raw any) error {
		conn := raw.(*stdlib.Conn).Conn()
		_, why = conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize())
		for why == nil {
			fn() // also at first: what happened before was not heard
			_, why = conn.WaitForNotification(ctx)
		}
		return driver.ErrBadConn // it must not go back among the others
	})
	return errors.Join(why, err)
}
