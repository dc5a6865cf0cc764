package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"helloworld/bot/audit"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func fill(t *testing.T, db *store.DB, l *audit.Log, n int) {
	t.Helper()
	for i := range n {
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			return l.Append(tx, "anna", "refund.asked", fmt.Sprintf("refund:R%d", i), map[string]any{"amount": "59.90 EUR"})
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAGoodLogHolds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := audit.New([]byte("key"))
		fill(t, db, l, 20)
		if n, err := l.Verify(t.Context(), db); n != 20 || err != nil {
			t.Fatalf("verify: %d, %v", n, err)
		}
		if _, err := audit.New([]byte("another")).Verify(t.Context(), db); err == nil {
			t.Error("another key verifies")
		}
	})
}

func damage(t *testing.T, db *store.DB, statements ...string) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		for _, q := range statements {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// shifted gives the lines from one on new numbers.
func shifted(from, by int) []string {
	return []string{fmt.Sprintf(`UPDATE audit SET n = -(n + %d) WHERE n >= %d`, by, from), `UPDATE audit SET n = -n WHERE n < 0`}
}

// rest is what a line says beside its number and hash.
var rest = []string{"at", "who", "what", "about", "detail"}

// traded are two lines that change places but for the number and, if it stays, the hash.
func traded(a, b int, hash bool) []string {
	if hash {
		return []string{fmt.Sprintf(`UPDATE audit SET n = 1000 WHERE n = %d`, a), fmt.Sprintf(`UPDATE audit SET n = %d WHERE n = %d`, a, b),
			fmt.Sprintf(`UPDATE audit SET n = %d WHERE n = 1000`, b)}
	}
	take := func(to, from int) string {
		var set []string
		for _, c := range rest {
			set = append(set, fmt.Sprintf(`%s = (SELECT o.%s FROM audit o WHERE o.n = %d)`, c, c, from))
		}
		return fmt.Sprintf(`UPDATE audit SET %s WHERE n = %d`, strings.Join(set, ", "), to)
	}
	return []string{fmt.Sprintf(`INSERT INTO audit SELECT 1000, at, who, what, about, detail, hash FROM audit WHERE n = %d`, a),
		take(a, b), take(b, 1000), `DELETE FROM audit WHERE n = 1000`}
}

func TestEveryDamageIsNamed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, c := range []struct {
			name   string
			damage []string
			want   string
			good   int64
		}{
			{"none", nil, "", 40},
			{"a changed word", []string{`UPDATE audit SET detail = '{"amount":"9.90 EUR"}' WHERE n = 7`}, "line 7 changed", 39},
			{"a changed time", []string{`UPDATE audit SET at = at + 1 WHERE n = 3`}, "line 3 changed", 39},
			{"a changed person", []string{`UPDATE audit SET who = 'ben' WHERE n = 1`}, "line 1 changed", 39},
			{"a flipped hash", []string{`UPDATE audit SET hash = 'f' || substr(hash, 2) WHERE n = (SELECT MIN(n) FROM audit WHERE n > 11 AND substr(hash, 1, 1) <> 'f')`}, "*changed", 39},
			{"the last one's hash", []string{`UPDATE audit SET hash = 'x' || substr(hash, 2) WHERE n = 40`}, "line 40 changed", 39},
			{"two changes far apart", []string{`UPDATE audit SET who = 'x' WHERE n IN (5, 30)`}, "line 5 changed; line 30 changed", 38},
			{"three in a row", []string{`UPDATE audit SET who = 'x' WHERE n IN (5, 6, 7)`}, "lines 5, 7 changed", 37},
			{"a missing line", []string{`DELETE FROM audit WHERE n = 5`}, "line 5 missing", 39},
			{"missing lines", []string{`DELETE FROM audit WHERE n IN (5, 6, 7, 20)`}, "lines 5, 7 missing; line 20 missing", 36},
			{"the first missing", []string{`DELETE FROM audit WHERE n = 1`}, "line 1 missing", 39},
			{"a missing line, renumbered", append([]string{`DELETE FROM audit WHERE n = 5`}, shifted(6, -1)...), "line 5 missing", 4},
			{"missing lines, renumbered, the head mended", append(append([]string{`DELETE FROM audit WHERE n IN (5, 6)`}, shifted(7, -2)...),
				`UPDATE audit_head SET n = 38`), "lines 5, 6 missing", 4},
			{"neighbours swapped", traded(4, 5, true), "lines 4, 5 swapped", 38},
			{"two swapped", traded(4, 25, true), "lines 4, 25 swapped", 38},
			{"the first and the last swapped", traded(1, 40, true), "lines 1, 40 swapped", 38},
			{"two swapped but for their hashes", traded(4, 25, false), "lines 4, 25 swapped", 38},
			{"three in a circle", append(traded(4, 9, true), traded(9, 20, true)...), "lines 4, 9 moved; lines 9, 20 moved; lines 20, 4 moved", 37},
			{"an inserted line", append(shifted(8, 1), `INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (8, 1, 'x', 'y', 'z', '{}', 'h')`,
				`UPDATE audit_head SET n = 41`), "line 8 inserted", 7},
			{"an inserted line, the head left", append(shifted(8, 1), `INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (8, 1, 'x', 'y', 'z', '{}', 'h')`),
				"line 8 inserted", 7},
			{"an added line", []string{`INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (41, 1, 'x', 'y', 'z', '{}', 'h')`}, "line 41 added", 40},
			{"a line far away", []string{`INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (4611686018427387904, 1, 'x', 'y', 'z', '{}', 'h')`}, "*added", 40},
			{"a line before the first", []string{`INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (0, 1, 'x', 'y', 'z', '{}', 'h')`}, "line 0 added", 40},
			{"a cut tail", []string{`DELETE FROM audit WHERE n > 18`}, "lines 18, 40 cut; lines 18, 30 cut (2026-11-21)", 18},
			{"a cut tail, the head mended", []string{`DELETE FROM audit WHERE n > 18`, `UPDATE audit_head SET n = 18, hash = (SELECT hash FROM audit WHERE n = 18)`},
				"lines 18, 30 cut (2026-11-21)", 18},
			{"and the note of what was posted too", []string{`DELETE FROM audit WHERE n > 18`, `UPDATE audit_head SET n = 18, hash = (SELECT hash FROM audit WHERE n = 18)`,
				`UPDATE audit_posted SET n = 18, hash = (SELECT hash FROM audit WHERE n = 18)`}, "line 18 posted (2026-11-21)", 18},
			{"everything is gone", []string{`DELETE FROM audit`}, "lines 0, 40 cut; lines 0, 30 cut (2026-11-21)", 0},
			{"the head says more", []string{`UPDATE audit_head SET n = 41`}, "lines 40, 41 cut", 40},
			{"the head says less", []string{`UPDATE audit_head SET n = 39`}, "lines 40, 39 head", 40},
			{"the head says something else", []string{`UPDATE audit_head SET hash = 'x'`}, "line 40 head", 40},
			{"from a line on all of another chain", []string{`UPDATE audit SET hash = 'x' || n WHERE n >= 20`}, "lines 20, 40 unchained", 19},
			{"of all kinds", append(traded(4, 25, true), `DELETE FROM audit WHERE n = 10`, `UPDATE audit SET who = 'x' WHERE n = 15`, `DELETE FROM audit WHERE n > 35`),
				"lines 4, 25 swapped; line 10 missing; line 15 changed; lines 35, 40 cut", 31},
		} {
			t.Run(c.name, func(t *testing.T) {
				l := audit.New([]byte("key"))
				damage(t, db, `DELETE FROM audit`, `DELETE FROM audit_posted`, `UPDATE audit_head SET n = 0, hash = ''`)
				fill(t, db, l, 30)
				post(t, db, l, "2026-11-21")
				fill(t, db, l, 10)
				damage(t, db, c.damage...)
				r, err := l.Check(t.Context(), db, nil)
				if err != nil {
					t.Fatal(err)
				}
				if got := told(r); got != c.want && !(strings.HasPrefix(c.want, "*") && strings.HasSuffix(got, c.want[1:]) && len(r.Findings) == 1) {
					t.Errorf("found %q, want %q", got, c.want)
				}
				if r.Good != c.good {
					t.Errorf("%d lines are good, want %d", r.Good, c.good)
				}
				if n, err := l.Verify(t.Context(), db); (err == nil) != (c.want == "") || n != r.Lines {
					t.Errorf("verify: %d, %v", n, err)
				}
			})
		}
	})
}

func told(r audit.Report) string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, f.String())
	}
	return strings.Join(all, "; ")
}

func post(t *testing.T, db *store.DB, l *audit.Log, day string) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		fresh, err := l.Post(tx, day, tx.Now()+1)
		if err == nil && !fresh {
			err = errors.New("it was not posted")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherKeyIsToldAsSuch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		fill(t, db, audit.New([]byte("key")), 40)
		r, err := audit.New([]byte("another")).Check(t.Context(), db, nil)
		if err != nil || told(r) != "lines 1, 40 not_one" || r.Good != 0 {
			t.Errorf("%q, %d good, %v", told(r), r.Good, err)
		}
	})
}

// TestARewrittenLogIsFoundByWhatWasPosted: whoever has the key can make a chain
// that holds, and cannot change what stands in the chats.
func TestARewrittenLogIsFoundByWhatWasPosted(t *testing.T) {
	db := storetest.SQLite(t)
	l := audit.New([]byte("key"))
	fill(t, db, l, 5)
	var was audit.Mark
	if err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
		was.N, was.Hash, err = audit.Head(tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	outside := audit.ReadMarks("Audit log\nHead " + strings.Replace(was.String(), ":", " ： ", 1) + "\nkeep it")
	if len(outside) != 1 || outside[0].Hash != was.Hash || outside[0].Day != "2" {
		t.Fatalf("read %+v", outside)
	}
	if r, err := l.Check(t.Context(), db, outside); err != nil || !r.Whole() || r.Heads != 1 {
		t.Errorf("before: %q, %v", told(r), err)
	}
	damage(t, db, `DELETE FROM audit`, `UPDATE audit_head SET n = 0, hash = ''`)
	fill(t, db, l, 2)
	if r, err := l.Check(t.Context(), db, outside); err != nil || told(r) != "lines 2, 5 cut (2)" {
		t.Errorf("cut: %q, %v", told(r), err)
	}
	fill(t, db, l, 6)
	if r, err := l.Check(t.Context(), db, outside); err != nil || told(r) != "line 5 rewritten (2)" {
		t.Errorf("rewritten: %q, %v", told(r), err)
	}
	if r, err := l.Check(t.Context(), db, nil); err != nil || !r.Whole() {
		t.Errorf("without what was kept: %q, %v", told(r), err)
	}
}

func TestAHeadIsPostedOnceADay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		l := audit.New([]byte("key"))
		try := func(day string, since int64) (fresh bool) {
			t.Helper()
			if err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
				fresh, err = l.Post(tx, day, since)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return fresh
		}
		if try("2026-11-21", 1<<60) {
			t.Error("the head of an empty log")
		}
		fill(t, db, l, 3)
		if try("2026-11-21", 5) {
			t.Error("of a log that has only just begun")
		}
		for i, want := range []bool{true, false, true, false, false} {
			if day := []string{"2026-11-21", "2026-11-21", "2026-11-23", "2026-11-22", "2026-11-23"}[i]; try(day, 1<<60) != want {
				t.Errorf("%d, %s: not %t", i, day, want)
			}
		}
	})
}

// TestNoWordsStandInTheLog: what can be somebody's name or words is kept as a hash.
func TestNoWordsStandInTheLog(t *testing.T) {
	db := storetest.SQLite(t)
	l := audit.New([]byte("key"))
	type own string
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		return l.Append(tx, "anna", "refund.denied", "refund:R1", map[string]any{"amount": "59.90 EUR", "n": int64(1) << 60, "key": "K-1_2", "why": "Mia says no",
			"list": []own{"R1", "mia@example.com"}, "deep": map[string]any{"名字": "米娅"}, "streams": []string{"orders"}})
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		lines, err := audit.Of(tx, "refund:R1")
		if err != nil || len(lines) != 1 {
			return fmt.Errorf("%d lines: %w", len(lines), err)
		}
		for _, s := range []string{"Mia", "mia@", "米娅", "名字"} {
			if strings.Contains(lines[0].Detail, s) {
				t.Errorf("%s stands in %s", s, lines[0].Detail)
			}
		}
		for _, s := range []string{`"59.90 EUR"`, `1152921504606846976`, `"K-1_2"`, `"R1"`, `"orders"`, l.Words("Mia says no")} {
			if !strings.Contains(lines[0].Detail, s) {
				t.Errorf("%s does not stand in %s", s, lines[0].Detail)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestALineIsAsDurableAsItsDeed(t *testing.T) {
	db := storetest.SQLite(t)
	l := audit.New([]byte("key"))
	fill(t, db, l, 1)
	no := errors.New("no")
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(l.Append(tx, "anna", "x", "y", nil), no)
	}); !errors.Is(err, no) {
		t.Fatal(err)
	}
	fill(t, db, l, 1)
	if n, err := l.Verify(t.Context(), db); n != 2 || err != nil {
		t.Errorf("verify: %d, %v", n, err)
	}
}
