package audit_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"helloworld/bot/audit"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// BenchmarkVerify reads a log of a million lines (AUDIT_LINES).
func BenchmarkVerify(b *testing.B) {
	lines := 1_000_000
	if s := os.Getenv("AUDIT_LINES"); s != "" {
		var err error
		if lines, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	for name, open := range map[string]func(testing.TB) *store.DB{store.SQLite: storetest.SQLite, store.Postgres: storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			db := open(b)
			l := audit.New([]byte("key"))
			long(b, db, l, lines)
			for b.Loop() {
				r, err := l.Check(b.Context(), db, nil)
				if err != nil || !r.Whole() || r.Good != int64(lines) {
					b.Fatalf("%d good: %v, %v", r.Good, r.Findings, err)
				}
			}
			b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/log")
		})
	}
}

// long fills a log with what a refund writes.
func long(b *testing.B, db *store.DB, l *audit.Log, lines int) {
	b.Helper()
	for n := 0; n < lines; {
		var some []audit.Line
		for ; len(some) < 20_000 && n < lines; n++ {
			some = append(some, audit.Line{At: 1795331647000 + int64(n), Who: "desk", What: "refund.confirmed", About: fmt.Sprintf("refund:R%d", n/5),
				Detail: `{"amount":"59.90 EUR","key":"01926f3e-7b5c-7d3a-9f00-8a2b1c3d4e5f","receipt":"gid://shopify/Refund/929361462","why":""}`})
		}
		if err := db.Write(b.Context(), func(tx *store.Tx) error { return l.Fill(tx, some) }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend is what a line costs several replicas on one PostgreSQL, which
// stand one after another at the head.
func BenchmarkAppend(b *testing.B) {
	for _, replicas := range []int{1, 3} {
		b.Run(fmt.Sprintf("replicas=%d", replicas), func(b *testing.B) {
			url := storetest.PostgresURL(b)
			l := audit.New([]byte("key"))
			deeds := make(chan struct{})
			done := make(chan error, 4*replicas)
			for range replicas {
				db := storetest.Open(b, url, store.Options{})
				for range 4 {
					go func() {
						var err error
						for range deeds {
							err = db.Write(b.Context(), func(tx *store.Tx) error {
								return l.Append(tx, "anna", "refund.asked", "refund:R1", map[string]any{"amount": "59.90 EUR"})
							})
							if err != nil {
								b.Error(err)
							}
						}
						done <- err
					}()
				}
			}
			start := time.Now()
			for b.Loop() {
				deeds <- struct{}{}
			}
			close(deeds)
			for range 4 * replicas {
				<-done
			}
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "lines/s")
		})
	}
}
