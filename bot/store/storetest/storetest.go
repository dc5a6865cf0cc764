// Package storetest gives tests fresh databases: one in a file, and one on
// PostgreSQL where its server is installed.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/store"
)

// Each runs fn on a fresh SQLite database and on a fresh PostgreSQL one. The
// latter is skipped, with the reason, where there is no server to start;
// DESK_TEST_POSTGRES names one that is running already.
func Each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// SQLite is a fresh database in a file of the test.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return Open(t, filepath.Join(t.TempDir(), "desk.db"), store.Options{})
}

// Postgres is a fresh database on PostgreSQL.
func Postgres(t testing.TB) *store.DB {
	t.Helper()
	return Open(t, PostgresURL(t), store.Options{})
}

// Open opens the database at url and closes it with the test.
func Open(t testing.TB, url string, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	return db
}

var number atomic.Int64

// PostgresURL makes an empty database on PostgreSQL and returns its address. It
// is removed with the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base := os.Getenv("DESK_TEST_POSTGRES")
	if base == "" {
		var err error
		if base, err = start(); errors.Is(err, errNoServer) {
			t.Skip("NOT TRIED ON POSTGRESQL: " + err.Error())
		} else if err != nil {
			t.Fatal(err)
		}
	}
	admin, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	name := fmt.Sprintf("desk_%d_%d", os.Getpid(), number.Add(1))
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("making a database on PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if _, err := admin.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Logf("removing the database: %v", err)
		}
	})
	return withDatabase(t, base, name)
}

func withDatabase(t testing.TB, base, name string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		t.Fatal("DESK_TEST_POSTGRES is no address of the form postgres://…")
	}
	u.Path = "/" + name
	return u.String()
}
