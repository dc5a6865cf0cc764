package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
)

const readers = 4

func (d *DB) openSQLite(ctx context.Context, path string) (err error) {
	d.kind = SQLite
	if path == "" || strings.Contains(path, ":memory:") {
		return errors.New("store: the desk keeps its data in a file: give the path of one")
	}
	if d.path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	// What buyers write is nobody else's business: the folder and the file are
	// made for this user alone. SQLite gives its other files the same mode.
	if err = os.MkdirAll(filepath.Dir(d.path), 0o700); err != nil {
		return fmt.Errorf("store: making the folder of the database: %w", err)
	}
	f, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store: opening the database: %w", err)
	}
	if err = f.Close(); err != nil {
		return fmt.Errorf("store: opening the database: %w", err)
	}

	one, err := sql.Open("sqlite", fileURL(d.path)+
		"?_txlock=immediate&_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_defensive=1")
	if err != nil {
		return fmt.Errorf("store: opening the database: %w", err)
	}
	one.SetMaxOpenConns(1)
	one.SetMaxIdleConns(1)
	one.SetConnMaxLifetime(0)
	defer func() {
		if err != nil {
			one.Close()
			if d.pool != nil {
				d.pool.Close()
			}
		}
	}()
	if err = durable(ctx, one); err != nil {
		return err
	}
	files, err := embedded()
	if err != nil {
		return err
	}
	if err = migrate(ctx, one, SQLite, files); err != nil {
		return err
	}
	c, err := one.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: opening the database: %w", err)
	}
	w := &writer{db: d, pool: one, conn: newConn(c), wake: make(chan struct{}, 1), done: make(chan struct{})}

	if d.pool, err = sql.Open("sqlite", fileURL(d.path)+"?mode=ro&_query_only=1&_busy_timeout=10000"); err != nil {
		return fmt.Errorf("store: opening the database for reading: %w", err)
	}
	d.pool.SetMaxOpenConns(readers)
	d.pool.SetMaxIdleConns(readers)
	d.pool.SetConnMaxLifetime(0)
	d.free = make(chan *conn, readers)
	for range readers {
		c, err := d.pool.Conn(ctx)
		if err != nil {
			return fmt.Errorf("store: opening the database for reading: %w", err)
		}
		d.free <- newConn(c)
	}
	d.write = w
	go w.loop()
	return nil
}

// fileURL is path as SQLite reads it. Without "file:" it would ignore the mode.
func fileURL(path string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
}

// durable makes sure that the file system took what a commit's promise needs;
// some network drives silently refuse it.
func durable(ctx context.Context, db *sql.DB) error {
	var mode string
	var sync, keys int
	err := errors.Join(
		db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode),
		db.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&sync),
		db.QueryRowContext(ctx, `PRAGMA foreign_keys`).Scan(&keys))
	if err != nil {
		return fmt.Errorf("store: opening the database: %w", err)
	}
	if mode != "wal" || sync != 2 || keys != 1 {
		return fmt.Errorf("store: this folder cannot keep a database safely "+
			"(journal_mode=%s synchronous=%d foreign_keys=%d): choose a local disk", mode, sync, keys)
	}
	return nil
}

func (d *DB) closeSQLite() error {
	d.write.close()
	var errs []error
	for range readers {
		c := <-d.free // waits for the reads that have begun
		errs = append(errs, c.close())
	}
	errs = append(errs, d.pool.Close(), d.write.conn.close(), d.write.pool.Close())
	return errors.Join(errs...)
}

func (d *DB) readSQLite(ctx context.Context, fn func(tx *Tx) error) error {
	var c *conn
	select {
	case <-d.gone:
		return ErrClosed
	default:
	}
	select {
	case c = <-d.free:
	case <-d.gone:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { d.free <- c }()
	if err := c.exec("BEGIN"); err != nil {
		return err
	}
	tx := newTx(d, ctx)
	tx.conn, tx.run = c, ctx
	committed := false
	defer func() {
		tx.over.Store(true)
		c.tidy()
		if err := c.exec("ROLLBACK"); err != nil { // there was nothing to commit
			d.log.Warn("a read did not end well", "error", err)
		}
		tx.settle(committed)
	}()
	err := tx.call(fn)
	committed = err == nil
	return err
}

// conn is one SQLite connection with its prepared statements.
type conn struct {
	c     *sql.Conn
	stmts map[string]*prepared
	spare []*prepared // not kept: the same query was already open
	open  []*prepared // with rows of the present transaction
	row   []*sql.Row
}

type prepared struct {
	stmt *sql.Stmt
	rows *sql.Rows // the last ones, perhaps still open
}

func (p *prepared) busy() bool {
	if p.rows == nil {
		return false
	}
	if _, err := p.rows.Columns(); err != nil { // closed
		p.rows = nil
		return false
	}
	return true
}

// keep is how many prepared statements a connection holds on to. Queries with
// lists of any length could otherwise fill the memory.
const keep = 400

func newConn(c *sql.Conn) *conn { return &conn{c: c, stmts: map[string]*prepared{}} }

func (c *conn) prepare(ctx context.Context, query string) (*prepared, error) {
	p := c.stmts[query]
	if p != nil && !p.busy() {
		return p, nil
	}
	stmt, err := c.c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	fresh := &prepared{stmt: stmt}
	if p != nil {
		c.spare = append(c.spare, fresh)
		return fresh, nil
	}
	if len(c.stmts) >= keep {
		c.spare = append(c.spare, c.forget()...)
	}
	c.stmts[query] = fresh
	return fresh, nil
}

// forget empties the cache and returns what was in it.
func (c *conn) forget() []*prepared {
	all := make([]*prepared, 0, len(c.stmts))
	for _, p := range c.stmts {
		all = append(all, p)
	}
	clear(c.stmts)
	return all
}

// exec runs a statement of our own that nobody may interrupt.
func (c *conn) exec(query string) error {
	p, err := c.prepare(context.Background(), query)
	if err == nil {
		_, err = p.stmt.ExecContext(context.Background())
	}
	return err
}

// tidy closes what a transaction has left open, or the next one would meet it.
func (c *conn) tidy() {
	for _, p := range c.open {
		if p.rows != nil {
			p.rows.Close()
			p.rows = nil
		}
	}
	for _, r := range c.row {
		r.Scan() //nolint:errcheck // closes it if nobody has
	}
	for _, p := range c.spare {
		p.stmt.Close()
	}
	clear(c.open)
	clear(c.row)
	c.open, c.row, c.spare = c.open[:0], c.row[:0], nil
}

func (c *conn) close() error {
	c.tidy()
	for _, p := range c.forget() {
		p.stmt.Close()
	}
	return c.c.Close()
}

// Backup writes a copy of the database to path, which must not exist yet,
// while the desk goes on working.
func (d *DB) Backup(ctx context.Context, path string) error {
	if d.kind != SQLite {
		return errors.New("store: a PostgreSQL database is backed up with pg_dump, or by whoever runs the server")
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("store: %s is already there: choose another name for the backup", filepath.Base(path))
	}
	db, err := sql.Open("sqlite", fileURL(d.path)+"?_busy_timeout=10000")
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer db.Close()
	part := fmt.Sprintf("%s.%d.part", path, time.Now().UnixNano())
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer os.Remove(part)
	defer f.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, part); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	// Under its own name only when it is whole.
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return nil
}
