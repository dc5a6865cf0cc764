package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Options are what a database is opened with. All of them may be left out.
type Options struct {
	// Now is the clock. Without it PostgreSQL's own clock is used, so that
	// replicas agree; on SQLite, the system's.
	Now func() time.Time
	// NewID makes ids. Without it they are UUIDs of version 7, which sort by age.
	NewID func() string
	// Log gets what nobody is told otherwise, such as the stack of a panic.
	Log *slog.Logger
}

// DB is an open database. It may be used by many goroutines.
type DB struct {
	kind  string
	path  string // of the SQLite file
	url   string // of the PostgreSQL database
	now   func() time.Time
	newID func() string
	log   *slog.Logger

	write *writer       // SQLite
	pool  *sql.DB       // SQLite: the readers; PostgreSQL: everything
	free  chan *conn    // SQLite: readers that are not in use
	shut  sync.Once     // Close
	gone  chan struct{} // closed by Close

	mu    sync.RWMutex
	extra map[any]any
}

// The two engines, as [DB.Kind] names them.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// ErrClosed is returned once the database was closed.
var ErrClosed = errors.New("store: the database is closed")

// ErrNested is returned by a Write inside a Write.
var ErrNested = errors.New("store: Write inside Write: use the transaction that is already open")

// NewerError says that the database was written by a newer desk.
type NewerError struct {
	Have int64 // the version of the database
	Know int64 // the newest version this program knows
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("store: the database has version %d, and this program knows only %d: "+
		"run the newer program that wrote it, or restore the backup made before the upgrade", e.Have, e.Know)
}

// Open opens the database at url and brings its tables up to date. The url is
// "postgres://…", "sqlite:path" or the path of a file, which is made if it is
// not there.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	d := &DB{now: o.Now, newID: o.NewID, log: o.Log, gone: make(chan struct{}), extra: map[any]any{}}
	if d.newID == nil {
		d.newID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	scheme, rest, found := strings.Cut(url, ":")
	var err error
	switch {
	case url == "":
		return nil, errors.New("store: no database was named: give the path of a file or postgres://…")
	case scheme == "postgres" || scheme == "postgresql":
		err = d.openPostgres(ctx, url)
	case scheme == "sqlite":
		err = d.openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case found && strings.HasPrefix(rest, "//"):
		return nil, fmt.Errorf("store: %q is no database the desk knows: give the path of a file or postgres://…", scheme)
	default:
		err = d.openSQLite(ctx, url)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Kind is the engine: [SQLite] or [Postgres].
func (d *DB) Kind() string { return d.kind }

// Close waits for the writes that have begun and closes the database.
func (d *DB) Close() error {
	var err error
	d.shut.Do(func() {
		close(d.gone)
		if d.kind == SQLite {
			err = d.closeSQLite()
			return
		}
		err = d.pool.Close()
	})
	return err
}

// Attach keeps value with the database under key, for [DB.Value]. A package
// uses a type of its own as the key.
func (d *DB) Attach(key, value any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.extra[key] = value
}

// Value is what was attached under key, or nil.
func (d *DB) Value(key any) any {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.extra[key]
}

// Write runs fn in a transaction of its own and returns once it is on disk.
// When fn returns an error or panics, nothing of it stays. fn should be quick,
// may run more than once, and must not call Write. A ctx that ends while fn
// waits for its turn ends the wait; once fn has begun, Write waits for the end.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	if running(ctx, d) != nil {
		return ErrNested
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.kind == SQLite {
		return d.write.do(ctx, fn)
	}
	return d.writePostgres(ctx, fn)
}

// Read runs fn in a transaction that sees one state and changes nothing.
func (d *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	if tx := running(ctx, d); tx != nil {
		return fn(tx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.kind == SQLite {
		return d.readSQLite(ctx, fn)
	}
	return d.readPostgres(ctx, fn)
}
