package audit_test

import (
	"errors"
	"fmt"
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

func TestEveryDamageIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		damage []string
		line   int64
	}{
		"a changed word":    {[]string{`UPDATE audit SET detail = '{"amount":"9.90 EUR"}' WHERE n = 7`}, 7},
		"a changed time":    {[]string{`UPDATE audit SET at = at + 1 WHERE n = 3`}, 3},
		"a missing line":    {[]string{`DELETE FROM audit WHERE n = 5`}, 5},
		"the first missing": {[]string{`DELETE FROM audit WHERE n = 1`}, 1},
		"two swapped": {[]string{`UPDATE audit SET n = 100 WHERE n = 4`, `UPDATE audit SET n = 4 WHERE n = 5`,
			`UPDATE audit SET n = 5 WHERE n = 100`}, 4},
		"a cut tail":    {[]string{`DELETE FROM audit WHERE n > 8`}, 9},
		"an added line": {[]string{`INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (11, 1, 'x', 'y', 'z', '{}', 'h')`}, 11},
	} {
		t.Run(name, func(t *testing.T) {
			db := storetest.SQLite(t)
			l := audit.New([]byte("key"))
			fill(t, db, l, 10)
			if err := db.Write(t.Context(), func(tx *store.Tx) error {
				for _, q := range c.damage {
					if _, err := tx.Exec(q); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			var broken *audit.Broken
			if _, err := l.Verify(t.Context(), db); !errors.As(err, &broken) || broken.N != c.line {
				t.Errorf("verify: %v, want line %d", err, c.line)
			}
		})
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
