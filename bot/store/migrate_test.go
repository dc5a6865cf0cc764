package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func sqlite(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", fileURL(path))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func file(sql string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- Owned by a test.\n-- +goose Up\n" + sql)}
}

func TestMigrationsComeInAnyOrderAndOnce(t *testing.T) {
	db := sqlite(t, filepath.Join(t.TempDir(), "x.db"))
	files := fstest.MapFS{"0001_a.sql": file("CREATE TABLE a (id {{id}}, b {{blob}});"), "0020_c.sql": file("CREATE TABLE c (n BIGINT);")}
	for range 2 {
		if err := migrate(t.Context(), db, SQLite, files); err != nil {
			t.Fatal(err)
		}
	}
	// Somebody else's file with a lower number.
	files["0010_b.sql"] = file("CREATE TABLE b (n BIGINT);\n--sqlite:CREATE TABLE only_here (n BIGINT);\n--postgres:CREATE NONSENSE;")
	if err := migrate(t.Context(), db, SQLite, files); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{`INSERT INTO a (b) VALUES (x'00')`, `INSERT INTO b VALUES (1)`, `INSERT INTO c VALUES (1)`, `INSERT INTO only_here VALUES (1)`} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
}

func TestBrokenMigrationLeavesNothing(t *testing.T) {
	db := sqlite(t, filepath.Join(t.TempDir(), "x.db"))
	files := fstest.MapFS{"0001_a.sql": file("CREATE TABLE a (n BIGINT);\nCREATE NONSENSE;")}
	if err := migrate(t.Context(), db, SQLite, files); err == nil {
		t.Fatal("no error")
	}
	files["0001_a.sql"] = file("CREATE TABLE a (n BIGINT);")
	if err := migrate(t.Context(), db, SQLite, files); err != nil {
		t.Errorf("half of it stayed: %v", err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.db")
	for range 2 { // and reopening is fine
		db, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	files := fstest.MapFS{"9000_future.sql": file("CREATE TABLE future (n BIGINT);")}
	own, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(own, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		text, err := fs.ReadFile(own, n)
		if err != nil {
			t.Fatal(err)
		}
		files[n] = &fstest.MapFile{Data: text}
	}
	raw := sqlite(t, path)
	if err := migrate(t.Context(), raw, SQLite, files); err != nil {
		t.Fatal(err)
	}
	raw.Close()
	_, err = Open(t.Context(), path, Options{})
	var newer *NewerError
	if !errors.As(err, &newer) || newer.Have != 9000 || newer.Know <= 0 || newer.Know >= 9000 || !strings.Contains(err.Error(), "9000") {
		t.Errorf("%v", err)
	}
}

// Each file says whose it is, and has the marks that the tool needs.
func TestMigrationFiles(t *testing.T) {
	own, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(own, "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, n := range names {
		text, err := fs.ReadFile(own, n)
		if err != nil {
			t.Fatal(err)
		}
		if s := string(text); !strings.HasPrefix(s, "-- ") || !strings.Contains(s, "-- +goose Up") {
			t.Errorf("%s must begin with a comment that names its owner, and have a line -- +goose Up", n)
		}
		for _, kind := range []string{SQLite, Postgres} {
			if s := dialectText(string(text), kind); strings.Contains(s, "{{") {
				t.Errorf("%s: an unknown {{word}} for %s", n, kind)
			}
		}
	}
}

func TestRebind(t *testing.T) {
	for in, want := range map[string]string{
		``:                                    ``,
		`SELECT 1`:                            `SELECT 1`,
		`SELECT ?, ?`:                         `SELECT $1, $2`,
		`a = ? AND b = '?' AND c = ?`:         `a = $1 AND b = '?' AND c = $2`,
		`'it''s ?' || ?`:                      `'it''s ?' || $1`,
		`"odd?name" = ?`:                      `"odd?name" = $1`,
		"-- what?\n?":                         "-- what?\n$1",
		`/* what? */ ? /* ?`:                  `/* what? */ $1 /* ?`,
		`'never closed ?`:                     `'never closed ?`,
		`退款 = ? - ? / ?`:                      `退款 = $1 - $2 / $3`,
		`?,?,?,?,?,?,?,?,?,?,?`:               `$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11`,
		`a -> '$.b' = ? AND c LIKE '%?%' --?`: `a -> '$.b' = $1 AND c LIKE '%?%' --?`,
	} {
		if got := Rebind(in); got != want {
			t.Errorf("Rebind(%q) = %q, want %q", in, got, want)
		}
	}
}

// The same text is prepared once, and the cache does not grow without end.
func TestStatementCache(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "desk.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var first *sql.Stmt
	for range 3 {
		err := db.Write(t.Context(), func(tx *Tx) error {
			if _, err := tx.Exec(`UPDATE job SET error = ? WHERE id = 0`, "x"); err != nil {
				return err
			}
			p := tx.conn.stmts[`UPDATE job SET error = ? WHERE id = 0`]
			if p == nil || first != nil && p.stmt != first {
				t.Error("it was prepared again")
			}
			first = p.stmt
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err = db.Write(t.Context(), func(tx *Tx) error {
		for i := range 3 * keep {
			if _, err := tx.Exec(`UPDATE job SET error = '' WHERE id = ` + strings.Repeat("0", i+1)); err != nil {
				return err
			}
		}
		return nil
	})
	if n := len(db.write.conn.stmts); err != nil || n > keep {
		t.Errorf("%d statements are kept, %v", n, err)
	}
	if n := len(db.write.conn.spare); n != 0 {
		t.Errorf("%d statements were not closed", n)
	}
}

// What the promise of a commit hangs on, asked of the very connection.
func TestPragmas(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "desk.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "query_only": "0"}
	check := func(tx *Tx) error {
		for name, w := range want {
			var got string
			if err := tx.Row("PRAGMA " + name).Scan(&got); err != nil || got != w {
				t.Errorf("%s is %q, not %q (%v)", name, got, w, err)
			}
		}
		return nil
	}
	if err := db.Write(context.Background(), check); err != nil {
		t.Fatal(err)
	}
	want = map[string]string{"query_only": "1", "journal_mode": "wal", "busy_timeout": "10000"}
	if err := db.Read(context.Background(), check); err != nil {
		t.Fatal(err)
	}
}

func TestDurableRefuses(t *testing.T) {
	db := sqlite(t, filepath.Join(t.TempDir(), "x.db"))
	if err := durable(t.Context(), db); err == nil || !strings.Contains(err.Error(), "local disk") {
		t.Errorf("%v", err)
	}
}

// An engine that takes back the whole transaction, as for a full disk, must not
// leave anybody with a wrong answer.
func TestWholeTransactionLost(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "desk.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	add := `INSERT INTO schedule (name, next_at) VALUES (?, 0)`
	first, second := &request{ctx: t.Context(), done: make(chan struct{})}, &request{ctx: t.Context(), done: make(chan struct{})}
	first.fn = func(tx *Tx) error { _, err := tx.Exec(add, "first"); return err }
	second.fn = func(tx *Tx) error {
		if _, err := tx.Exec(add, "second"); err != nil {
			return err
		}
		_, err := tx.Exec(`ROLLBACK`)
		return err
	}
	// Both in one commit.
	db.write.mu.Lock()
	db.write.queue = append(db.write.queue, first, second)
	db.write.mu.Unlock()
	db.write.wake <- struct{}{}
	<-first.done
	<-second.done
	if first.err == nil || second.err == nil {
		t.Errorf("answers: %v, %v", first.err, second.err)
	}
	var n int
	err = db.Write(t.Context(), func(tx *Tx) error {
		if _, err := tx.Exec(add, "third"); err != nil {
			return err
		}
		return tx.Row(`SELECT COUNT(*) FROM schedule`).Scan(&n)
	})
	if err != nil || n != 1 {
		t.Errorf("%d rows afterwards, %v", n, err)
	}
}

// A commit that fails, fails for everybody in it.
func TestCommitFails(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "desk.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(`CREATE TABLE only_a_test (id BIGINT REFERENCES only_a_test2 (id) DEFERRABLE INITIALLY DEFERRED)`)
		if err == nil {
			_, err = tx.Exec(`CREATE TABLE only_a_test2 (id INTEGER PRIMARY KEY)`)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var good, ran bool
	first, second := &request{ctx: t.Context(), done: make(chan struct{})}, &request{ctx: t.Context(), done: make(chan struct{})}
	first.fn = func(tx *Tx) error { good = true; _, err := tx.Exec(`INSERT INTO only_a_test2 VALUES (7)`); return err }
	second.fn = func(tx *Tx) error { ran = true; _, err := tx.Exec(`INSERT INTO only_a_test VALUES (5)`); return err }
	db.write.mu.Lock()
	db.write.queue = append(db.write.queue, first, second)
	db.write.mu.Unlock()
	db.write.wake <- struct{}{}
	<-first.done
	<-second.done
	if !good || !ran || first.err == nil || second.err == nil {
		t.Errorf("%v %v: %v, %v", good, ran, first.err, second.err)
	}
	err = db.Read(t.Context(), func(tx *Tx) error {
		var n int
		err := tx.Row(`SELECT COUNT(*) FROM only_a_test2`).Scan(&n)
		if n != 0 {
			t.Errorf("%d rows stayed", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func FuzzRebind(f *testing.F) {
	f.Add(`SELECT ? FROM a WHERE b = '?' -- ?`)
	f.Add("/*")
	f.Fuzz(func(t *testing.T, q string) {
		if len(Rebind(q)) < len(q) {
			t.Errorf("%q became shorter", q)
		}
	})
}
