package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func TestOpenRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"":                      "no database",
		"mysql://x/y":           "mysql",
		":memory:":              "file",
		"postgres://u:hunter2@": "",
	} {
		db, err := store.Open(t.Context(), url, store.Options{})
		if err == nil {
			db.Close()
			t.Errorf("%q was opened", url)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestFileIsForItsOwnerAlone(t *testing.T) {
	// A name with everything that means something in a URL.
	path := filepath.Join(t.TempDir(), "new folder", "a?b#c%20d.db")
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	table(t, db)
	for _, end := range []string{"", "-wal"} {
		info, err := os.Stat(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(path+end), info.Mode())
		}
	}
}

func TestBackup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		path := filepath.Join(t.TempDir(), "copy.db")
		if db.Kind() == store.Postgres {
			if err := db.Backup(t.Context(), path); err == nil || !strings.Contains(err.Error(), "pg_dump") {
				t.Errorf("%v", err)
			}
			return
		}
		table(t, db)
		write(t, db, func(tx *store.Tx) error { return put(tx, "a", 1) })
		if err := db.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if err := db.Backup(t.Context(), path); err == nil {
			t.Error("an existing file was overwritten")
		}
		again, err := store.Open(t.Context(), path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if n := count(t, again); n != 1 {
			t.Errorf("the copy has %d rows", n)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info.Mode(), err)
		}
	})
}

func TestGivenClockAndIDs(t *testing.T) {
	at := time.UnixMilli(42)
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "desk.db"), store.Options{
		Now: func() time.Time { return at }, NewID: func() string { return "id" }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write(t, db, func(tx *store.Tx) error {
		if tx.Now() != 42 || tx.NewID() != "id" {
			t.Errorf("%d %s", tx.Now(), tx.NewID())
		}
		return nil
	})
}
