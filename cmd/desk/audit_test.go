package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helloworld/bot/audit"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// keptLog is a desk's audit log, and the program over it.
type keptLog struct {
	t    *testing.T
	db   *store.DB
	file string
	env  map[string]string
}

func newKeptLog(t *testing.T, url string) *keptLog {
	t.Helper()
	dir := t.TempDir()
	k := &keptLog{t: t, db: storetest.Open(t, url, store.Options{}), file: filepath.Join(dir, "desk.toml"),
		env: map[string]string{"DESK_KEY": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)), "DESK_DATABASE": url, "LANG": "en"}}
	if err := os.WriteFile(k.file, fmt.Appendf(nil, "[desk]\ndata = %q\n", dir), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

// fill writes lines as a desk with the key would, and empties the log before.
func (k *keptLog) fill(n int) {
	k.t.Helper()
	log := audit.New(subkey(bytes.Repeat([]byte{7}, 32), "audit"))
	k.sql(`DELETE FROM audit`, `DELETE FROM audit_posted`, `UPDATE audit_head SET n = 0, hash = ''`)
	for i := range n {
		if err := k.db.Write(k.t.Context(), func(tx *store.Tx) error {
			err := log.Append(tx, "anna", "refund.asked", fmt.Sprintf("refund:R%d", i), map[string]any{"amount": "59.90 EUR", "why": "Mia wrote so"})
			if err == nil && i == n-1 {
				_, err = log.Post(tx, "2026-11-21", tx.Now()+1)
			}
			return err
		}); err != nil {
			k.t.Fatal(err)
		}
	}
}

func (k *keptLog) sql(statements ...string) {
	k.t.Helper()
	if err := k.db.Write(k.t.Context(), func(tx *store.Tx) error {
		for _, q := range statements {
			if _, err := tx.Exec(q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	}); err != nil {
		k.t.Fatal(err)
	}
}

func (k *keptLog) run(args ...string) (int, string) {
	k.t.Helper()
	var out, errs bytes.Buffer
	code := run(context.Background(), append(append([]string{"audit"}, args...), "--config", k.file), func(n string) string { return k.env[n] }, strings.NewReader(""), &out, &errs)
	if code > 1 {
		k.t.Errorf("%q: status %d: %s", args, code, errs.String())
	}
	return code, out.String()
}

func (k *keptLog) head() string {
	k.t.Helper()
	var m audit.Mark
	if err := k.db.Read(k.t.Context(), func(tx *store.Tx) (err error) {
		m.N, m.Hash, err = audit.Head(tx)
		return err
	}); err != nil {
		k.t.Fatal(err)
	}
	return m.String()
}

func eachLog(t *testing.T, fn func(t *testing.T, k *keptLog)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newKeptLog(t, filepath.Join(t.TempDir(), "desk.db"))) })
	t.Run("postgres", func(t *testing.T) { fn(t, newKeptLog(t, storetest.PostgresURL(t))) })
}

const forged = `INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (%d, 1, 'ben', 'refund.vote_yes', 'refund:R7', '{}', 'aa')`

func TestAuditVerifyNamesTheDamage(t *testing.T) {
	eachLog(t, func(t *testing.T, k *keptLog) {
		for _, c := range []struct {
			name   string
			damage []string
			want   []string
		}{
			{"a good log", nil, []string{"12 lines hold; heads compared: 2.", "Its head is 12:"}},
			{"a flipped byte", []string{`UPDATE audit SET detail = replace(detail, '59.90', '59.91') WHERE n = 7`},
				[]string{"Line 7 was changed. It now reads: 20", "anna, refund.asked, refund:R6", "11 of 12 lines"}},
			{"a removed line", []string{`DELETE FROM audit WHERE n = 5`}, []string{"Line 5 is missing, between 4 and 6.", "11 of 11 lines"}},
			{"two swapped lines", []string{`UPDATE audit SET n = 99 WHERE n = 3`, `UPDATE audit SET n = 3 WHERE n = 9`, `UPDATE audit SET n = 9 WHERE n = 99`},
				[]string{"Lines 3 and 9 stand in each other's place.", "10 of 12 lines"}},
			{"an inserted line", []string{`UPDATE audit SET n = -(n + 1) WHERE n >= 8`, `UPDATE audit SET n = -n WHERE n < 0`, fmt.Sprintf(forged, 8), `UPDATE audit_head SET n = 13`},
				[]string{"Put in as line 8: 1."}},
			{"a cut tail", []string{`DELETE FROM audit WHERE n > 8`}, []string{"the log ends at line 8, and its head says 12", "the head posted on 2026-11-21 said 11", "kept in --head says 12"}},
			{"a cut tail, the head mended", []string{`DELETE FROM audit WHERE n > 8`, `UPDATE audit_head SET n = 8, hash = (SELECT hash FROM audit WHERE n = 8)`},
				[]string{"the log ends at line 8, and the head posted on 2026-11-21 said 11", "kept in --head says 12"}},
			{"a cut tail, every head mended", []string{`DELETE FROM audit WHERE n > 8`, `UPDATE audit_head SET n = 8, hash = (SELECT hash FROM audit WHERE n = 8)`, `DELETE FROM audit_posted`},
				[]string{"the log ends at line 8, and the head kept in --head says 12"}},
			{"several at once", []string{`UPDATE audit SET who = 'ben' WHERE n = 2`, `DELETE FROM audit WHERE n IN (5, 6)`, `UPDATE audit SET about = 'refund:R99' WHERE n = 9`},
				[]string{"Line 2 was changed", "Lines 5 to 6 are missing, between 4 and 7", "Line 9 was changed"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				k.t = t
				k.fill(12)
				args := []string{"verify", "--head", k.head()}
				k.sql(c.damage...)
				code, out := k.run(args...)
				if (code == 0) != (c.damage == nil) {
					t.Errorf("status %d", code)
				}
				for _, want := range c.want {
					if !strings.Contains(out, want) {
						t.Errorf("it does not say %q:\n%s", want, out)
					}
				}
				if n := len(strings.Split(strings.TrimSpace(out), "\n")); n > len(c.want)+1 {
					t.Errorf("it says more than that:\n%s", out)
				}
			})
		}
		k.t = t
		k.fill(12)
		k.env["DESK_KEY"] = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32))
		if code, out := k.run("verify"); code != 1 || !strings.Contains(out, "Not one of the lines 1 to 12 holds") {
			t.Errorf("another key: status %d\n%s", code, out)
		}
	})
}

func TestAuditHeadsFromAFile(t *testing.T) {
	k := newKeptLog(t, filepath.Join(t.TempDir(), "desk.db"))
	k.fill(5)
	heads := filepath.Join(t.TempDir(), "kept.txt")
	if err := os.WriteFile(heads, []byte("审计日志 2026-11-21\n5\n"+k.head()+"\n请保留此消息"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := k.run("verify", "--heads", heads); code != 0 {
		t.Errorf("status %d\n%s", code, out)
	}
	k.fill(9)
	if code, out := k.run("verify", "--heads", heads); code != 1 || !strings.Contains(out, "Line 5 is not the one whose hash is kept in kept.txt:3") {
		t.Errorf("of another log: status %d\n%s", code, out)
	}
	if code, out := k.run("verify", "--head", "5:abc"); code != 1 || out != "" {
		t.Errorf("what is no head: status %d\n%s", code, out)
	}
}

func TestAuditExportAndShow(t *testing.T) {
	eachLog(t, func(t *testing.T, k *keptLog) {
		k.fill(6)
		_, out := k.run("export", "-")
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil || len(rows) != 7 || strings.Join(rows[0], " ") != "n at at_utc who what about detail prev hash" {
			t.Fatalf("%v\n%s", err, out)
		}
		for i, r := range rows[1:] {
			if prev := rows[i][8]; i > 0 && r[7] != prev || i == 0 && r[7] != "" {
				t.Errorf("row %d does not name the hash before it", i+1)
			}
		}
		if want, _, _ := strings.Cut(k.head(), ":"); want != rows[6][0] || !strings.HasSuffix(k.head(), rows[6][8]) {
			t.Errorf("the last row is %q, the head %s", rows[6], k.head())
		}
		if strings.Contains(out, "Mia") {
			t.Errorf("words stand in it:\n%s", out)
		}
		_, out = k.run("export", "--format", "jsonl", "--about", "refund:R3", "-")
		if strings.Count(out, "\n") != 1 || !strings.Contains(out, `"n":4,`) || !strings.Contains(out, rows[3][8]) {
			t.Errorf("of one refund:\n%s", out)
		}
		if _, out = k.run("export", "--format", "jsonl", "--until", "2001-01-01", "-"); out != "" {
			t.Errorf("of no day:\n%s", out)
		}
		if code, out := k.run("show", "refund:R3"); code != 0 || !strings.Contains(out, "line 4  anna: asked for the refund (refund.asked)") {
			t.Errorf("status %d\n%s", code, out)
		}
		// Nothing was posted, so that nothing is said about heads.
		k.sql(`DELETE FROM audit_posted`)
		if _, out := k.run("verify"); !strings.Contains(out, "6 lines hold.") {
			t.Errorf("without a head:\n%s", out)
		}
		// An environment without a language speaks English.
		for _, lang := range []string{"", "C.UTF-8", "POSIX"} {
			k.env["LANG"] = lang
			if _, out := k.run("show", "refund:R3"); !strings.Contains(out, "asked for the refund") {
				t.Errorf("LANG=%q:\n%s", lang, out)
			}
		}
		k.env["LANG"] = "zh_CN.UTF-8"
		if code, out := k.run("show", "refund:R3"); code != 0 || !strings.Contains(out, "第 4 行 anna：申请退款（refund.asked）") {
			t.Errorf("status %d\n%s", code, out)
		}
		if code, out := k.run("show", "refund:R99"); code != 1 || !strings.Contains(out, "refund:R17") {
			t.Errorf("status %d\n%s", code, out)
		}
	})
}

// TestNothingLeavesTheAuditLog: no statement of the program takes a line away or
// changes one, but the head's.
func TestNothingLeavesTheAuditLog(t *testing.T) {
	t.Parallel()
	touches := regexp.MustCompile(`(?i)(DELETE\s+FROM|UPDATE|TRUNCATE(\s+TABLE)?|DROP\s+TABLE(\s+IF\s+EXISTS)?|ALTER\s+TABLE|REPLACE\s+INTO)\s+audit(_posted)?\b`)
	n := 0
	if err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		ext := filepath.Ext(path)
		if err != nil || d.IsDir() || ext != ".go" && ext != ".sql" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		n++
		for _, hit := range touches.FindAllString(string(text), -1) {
			t.Errorf("%s: %s", path, hit)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n < 100 || !touches.MatchString("update  audit SET") || touches.MatchString("UPDATE audit_head SET") {
		t.Errorf("%d files were looked at, or the pattern finds nothing", n)
	}
}
