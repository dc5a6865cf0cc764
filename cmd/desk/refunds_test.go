package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
)

// TestRefundsExport: the command writes a file with its heading, knows the format
// by the name, and says what is no day.
func TestRefundsExport(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "desk.toml")
	if err := os.WriteFile(file, []byte("[desk]\ndata = \""+filepath.ToSlash(filepath.Join(dir, "data"))+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ since, file, begins, wrong string }{
		{since: "2026-11-01", file: "refunds.csv", begins: "\ufeffrefund,key,store"},
		{since: "2026-11-01", file: "refunds.xlsx", begins: "PK"},
		{since: "yesterday", file: "other.csv", wrong: "is not a day"},
	} {
		var out, say bytes.Buffer
		w := &world{ctx: t.Context(), out: &out, err: &say, getenv: func(k string) string { return map[string]string{"LANG": "en_GB.UTF-8"}[k] }}
		to := filepath.Join(dir, c.file)
		err := refundsExportCmd{Config: file, Since: c.since, File: to}.Run(w)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %v", c.since, err)
			}
			continue
		}
		text, readErr := os.ReadFile(to)
		if err != nil || readErr != nil || !strings.HasPrefix(string(text), c.begins) || !strings.Contains(say.String(), "0 refunds written") {
			t.Errorf("%s begins with %.20q, said %q: %v %v", c.file, text, say.String(), err, readErr)
		}
		if strings.Contains(say.String(), "empty in") {
			t.Errorf("without a row it complains: %s", say.String())
		}
	}
	// What stays empty is said, with what to do about it.
	var out, say bytes.Buffer
	w := &world{ctx: t.Context(), out: &out, err: &say, getenv: func(k string) string { return map[string]string{"LANG": "en_GB.UTF-8"}[k] }}
	if err := withAudit(w, file, func(_ config.Config, db *store.DB) error {
		return db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO refund(id, store, order_id, number, body, facts, state, asked_by, approval, key, created, updated)
				VALUES ('R1', 'ebay-de', '1', '1', '{"cmd":{"amount":{"minor":1,"currency":"EUR"}}}', '', 'asked', 'anna', 'none', 'k', ?, 0)`, tx.Now())
			return err
		})
	}); err != nil {
		t.Fatal(err)
	}
	err := refundsExportCmd{Config: file, Since: "2020-11-01", File: filepath.Join(dir, "more.csv")}.Run(w)
	if got := say.String(); err != nil || !strings.Contains(got, "home_currency are empty in 1 row") || !strings.Contains(got, "platform is empty in 1 row") {
		t.Errorf("said %q: %v", got, err)
	}
}
