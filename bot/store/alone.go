package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The first halves of the keys under which names are locked in PostgreSQL: for as
// long as a connection lives, and for one transaction.
const (
	aloneClass = 0x6465736b // "desk"
	lockClass  = 0x6465736c
)

const (
	// aloneTry is about how often whoever waits for a name tries to get it.
	aloneTry = 400 * time.Millisecond
	// aloneBeat is how often whoever holds a name makes sure of it, and aloneAnswer
	// how long the database may take to say so. Their sum has to stay below what
	// aloneSession allows, or two could hold one name after a cable was pulled.
	aloneBeat   = time.Second
	aloneAnswer = 2 * time.Second
)

// aloneSession has the database notice within ten seconds that a holder's machine
// is gone, and never end its connection for being idle. What an older server does
// not know is left out.
var aloneSession = []string{
	`SET tcp_keepalives_idle = 4`, `SET tcp_keepalives_interval = 2`, `SET tcp_keepalives_count = 3`, `SET tcp_user_timeout = 10000`,
	`SET idle_session_timeout = 0`, `SET statement_timeout = 0`,
}

// ErrNotAlone is why the context of [DB.Alone] ends when the name was lost.
var ErrNotAlone = errors.New("store: the lock was lost")

// Alone waits until no other replica holds name, and runs fn while this one does.
// The lock lives on a connection of its own: it goes when the process dies, and
// when the connection is lost fn's context ends, with [ErrNotAlone] as its cause,
// before anybody else can have it. On SQLite there is nobody else.
func (d *DB) Alone(ctx context.Context, name string, fn func(ctx context.Context) error) error {
	if d.kind != Postgres {
		return fn(ctx)
	}
	conn, err := d.aloneGet(ctx, name)
	if err != nil {
		return err
	}
	defer shut(conn)
	run, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	// The name is kept until fn has returned, also when it was asked to end.
	keep, done := context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		if err := aloneKeep(keep, conn, name); err != nil && keep.Err() == nil {
			d.log.Warn("a lock among replicas was lost", "name", name, "error", err)
			lose(fmt.Errorf("%w: %s: %w", ErrNotAlone, name, err))
		}
	}()
	defer func() { done(); <-kept }()
	err = fn(run)
	if lost := context.Cause(run); errors.Is(lost, ErrNotAlone) {
		return lost
	}
	return err
}

func nameKey(name string) int32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return int32(h.Sum32()) //nolint:gosec // any 32 bits will do
}

// aloneGet connects and waits for the name. A database that is away is waited for.
func (d *DB) aloneGet(ctx context.Context, name string) (*pgx.Conn, error) {
	var conn *pgx.Conn
	for said := false; ; {
		var held bool
		var err error
		if conn == nil {
			conn, err = d.aloneConnect(ctx)
		}
		if err == nil {
			try, cancel := context.WithTimeout(ctx, aloneAnswer)
			err = conn.QueryRow(try, `SELECT pg_try_advisory_lock($1::int, $2::int)`, int32(aloneClass), nameKey(name)).Scan(&held)
			cancel()
		}
		if held && err == nil {
			return conn, nil
		}
		if err != nil {
			if conn != nil {
				shut(conn)
				conn = nil
			}
			if !said && ctx.Err() == nil {
				d.log.Warn("a lock among replicas cannot be asked for; trying again", "name", name, "error", err)
			}
			said = true
		}
		select {
		case <-ctx.Done():
			shut(conn)
			return nil, ctx.Err()
		case <-d.gone:
			shut(conn)
			return nil, ErrClosed
		case <-time.After(aloneTry/2 + rand.N(aloneTry)):
		}
	}
}

func (d *DB) aloneConnect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, aloneAnswer)
	defer cancel()
	conn, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return nil, err
	}
	for _, q := range aloneSession {
		var e *pgconn.PgError
		if _, err := conn.Exec(ctx, q); err != nil && !errors.As(err, &e) {
			shut(conn)
			return nil, err
		}
	}
	return conn, nil
}

// aloneKeep returns when the name is no longer certainly ours. It listens in
// between, since that tells at once of a connection that was closed.
func aloneKeep(ctx context.Context, conn *pgx.Conn, name string) error {
	for {
		beat, cancel := context.WithTimeout(ctx, aloneBeat)
		_, err := conn.WaitForNotification(beat)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !pgconn.Timeout(err) {
			return err
		}
		// Asked of the very connection: something between us and the database may have
		// given us another.
		ask, cancel := context.WithTimeout(ctx, aloneAnswer)
		var held bool
		err = conn.QueryRow(ask, `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
			AND classid = $1::bigint::oid AND objid = $2::bigint::oid AND objsubid = 2)`, int64(aloneClass), int64(uint32(nameKey(name)))).Scan(&held)
		cancel()
		if err != nil {
			return err
		}
		if !held {
			return errors.New("store: the database does not know of it any more")
		}
	}
}

func shut(conn *pgx.Conn) {
	if conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), aloneAnswer)
	defer cancel()
	conn.Close(ctx) //nolint:errcheck // the connection is not used again
}

// Lock has whoever asks for the same name wait until this transaction is over.
// What a transaction has read is then still so when it writes. SQLite has one
// writer at a time anyway.
func (t *Tx) Lock(name string) error {
	if t.db.kind != Postgres {
		return nil
	}
	_, err := t.Exec(`SELECT pg_advisory_xact_lock(?::int, ?::int)`, int32(lockClass), nameKey(name))
	return err
}
