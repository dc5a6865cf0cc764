package jobs_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// BenchmarkJobsThroughput adds, works on and finishes jobs, with 64 callers
// that each add the next job when the last one was confirmed.
func BenchmarkJobsThroughput(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { throughput(b, storetest.SQLite(b), false) })
	b.Run("sqlite-ordered", func(b *testing.B) { throughput(b, storetest.SQLite(b), true) })
	b.Run("postgres", func(b *testing.B) { throughput(b, storetest.Postgres(b), false) })
}

func throughput(b *testing.B, db *store.DB, ordered bool) {
	e := jobs.New(db, jobs.Options{Lanes: map[string]int{"w": 64}})
	done := make(chan struct{})
	var n atomic.Int64
	jobs.Handle(e, "w", func(context.Context, jobs.Job[work]) error {
		if n.Add(1) == int64(b.N) {
			close(done)
		}
		return nil
	})
	run(b, e)
	idle(b, e)
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for k := range 64 {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				var o []jobs.Opt
				if ordered {
					o = append(o, jobs.Order(fmt.Sprint(k)))
				}
				add(b, db, work{N: k}, o...)
			}
		})
	}
	wg.Wait()
	<-done
	idle(b, e)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}
