package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// What goes ahead has its turn after the one that runs, before all that waits,
// and in the order in which it was added. A turn that was begun is not taken away.
func TestAheadOfWhatWaits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := jobs.New(db, options(t))
		begun, gate := make(chan struct{}, 1), make(chan struct{})
		var mu sync.Mutex
		var ran []int
		jobs.Handle(e, "", func(_ context.Context, j jobs.Job[work]) error {
			if j.Args.N == 0 {
				begun <- struct{}{}
				<-gate
				if j.Attempt == 1 {
					return jobs.RetryIn(50*time.Millisecond, fmt.Errorf("at first it fails"))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			ran = append(ran, j.Args.N)
			return nil
		})
		run(t, e)
		add(t, db, work{N: 0}, jobs.Order("o"))
		<-begun
		for n := range 4 {
			add(t, db, work{N: 1 + n}, jobs.Order("o"))
		}
		add(t, db, work{N: 10}, jobs.Order("o"), jobs.Ahead())
		add(t, db, work{N: 11}, jobs.Order("o"), jobs.Ahead())
		add(t, db, work{N: 5}, jobs.Order("o"))
		close(gate)
		waitFor(t, "all to be done", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(ran) == 8
		})
		if want := []int{0, 10, 11, 1, 2, 3, 4, 5}; !slices.Equal(ran, want) {
			t.Errorf("they ran as %v, want %v", ran, want)
		}
	})
}

// However many go ahead, from several engines and while others end, no two of an
// order run at once, and those that go ahead stay in order among themselves.
func TestAheadIsStillOneAfterAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		engines := []*jobs.Engine{jobs.New(db, options(t))}
		if db.Kind() == store.Postgres {
			engines = append(engines, jobs.New(db, options(t)))
		}
		const each = 60
		var mu sync.Mutex
		busy := 0
		ran := map[string][]int{}
		for _, e := range engines {
			jobs.Handle(e, "", func(ctx context.Context, j jobs.Job[work]) error {
				mu.Lock()
				if busy++; busy > 1 {
					t.Error("two jobs of one order run at once")
				}
				mu.Unlock()
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					busy--
				}()
				if j.Attempt == 1 && j.Args.N%7 == 3 {
					return fmt.Errorf("at first it fails")
				}
				return db.Write(ctx, func(tx *store.Tx) error {
					tx.After(func() {
						mu.Lock()
						defer mu.Unlock()
						ran[j.Args.Group] = append(ran[j.Args.Group], j.Args.N)
					})
					return j.Done(tx)
				})
			})
			run(t, e)
		}
		var wg sync.WaitGroup
		for group, opts := range map[string][]jobs.Opt{"usual": nil, "ahead": {jobs.Ahead()}} {
			wg.Go(func() {
				for n := range each {
					add(t, db, work{N: n, Group: group}, append(opts, jobs.Order("o"))...)
				}
			})
		}
		wg.Wait()
		waitFor(t, "all to be done", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(ran["usual"])+len(ran["ahead"]) == 2*each
		})
		for group, got := range ran {
			if !slices.IsSorted(got) {
				t.Errorf("%s: they ran as %v", group, got)
			}
		}
	})
}
