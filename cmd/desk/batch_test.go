package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
)

// TestBatchReceipt writes a batch's table, and says so where there is no such batch.
func TestBatchReceipt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, table := filepath.Join(dir, "desk.toml"), filepath.Join(dir, "b.csv")
	if err := os.WriteFile(file, []byte("[desk]\ndata = '"+dir+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), databaseURL(cfg), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO batch(id, by_who, state, asked_in, created, updated) VALUES ('B7', 'anna', 'ready', '{}', 1, 1)`); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO batch_row(batch, n, line, wish, state, why) VALUES ('B7', 1, 4, ?, 'unread', '{"en":"no such thing","zh-CN":"没有"}')`,
			`{"line":4,"order":"5101","note":"=1+1"}`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := deskSays(t, "batch", "receipt", "--config", file, "b7", table); code != 0 || out != "rows written to "+table+": 1\n" {
		t.Fatalf("status %d\n%s\n%s", code, out, errs)
	}
	data, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	// What begins like a formula is none.
	if got := string(data); !strings.HasPrefix(got, "\ufeff") || !strings.Contains(got, "\n4,5101,") || !strings.Contains(got, ",'=1+1,") {
		t.Errorf("the table is\n%s", got)
	}
	if code, _, errs := deskSays(t, "batch", "receipt", "--config", file, "B9", table); code != 1 || !strings.Contains(errs, "no batch B9") {
		t.Errorf("a batch that is not there: status %d\n%s", code, errs)
	}
}
