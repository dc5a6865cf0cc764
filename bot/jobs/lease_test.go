package jobs_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// What a run writes together with Done stays only if the lease is still its own.
func TestFence(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ledger(t, db)
		e := jobs.New(db, options(t))
		first, stolen := make(chan int64), make(chan struct{})
		lost := make(chan error, 1)
		jobs.Handle(e, "", func(ctx context.Context, j jobs.Job[work]) error {
			if j.Attempt == 1 {
				first <- j.ID
				<-stolen
			}
			err := db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
				if _, err := tx.Exec(`INSERT INTO only_a_test (n) VALUES (?)`, j.Attempt); err != nil {
					return err
				}
				j.Done(tx) // even if a worker forgets to look
				return nil
			})
			if j.Attempt == 1 {
				lost <- err
			}
			return err
		})
		run(t, e)
		add(t, db, work{})
		// As if this process had stood still for longer than a lease.
		exec(t, db, `UPDATE job SET run_at = 0 WHERE id = ?`, <-first)
		waitFor(t, "the second run", func() bool { return rows(t, db) == 1 })
		close(stolen)
		if err := <-lost; !errors.Is(err, jobs.ErrLost) {
			t.Errorf("the first run ended with %v", err)
		}
		idle(t, e)
		var n int
		err := db.Read(t.Context(), func(tx *store.Tx) error { return tx.Row(`SELECT n FROM only_a_test`).Scan(&n) })
		if err != nil || n != 2 || rows(t, db) != 1 {
			t.Errorf("%d rows of attempt %d, %v", rows(t, db), n, err)
		}
	})
}

func TestDoneByHand(t *testing.T) {
	db := storetest.SQLite(t)
	err := db.Write(t.Context(), func(tx *store.Tx) error { return jobs.Job[work]{}.Done(tx) })
	if !errors.Is(err, jobs.ErrLost) {
		t.Errorf("%v", err)
	}
}

func TestLeaseIsKeptAlive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := options(t)
		o.Lease = 3 * time.Second // of which a machine may stand still for two
		e := jobs.New(db, o)
		var runs atomic.Int32
		jobs.Handle(e, "", func(ctx context.Context, j jobs.Job[work]) error {
			runs.Add(1)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(o.Lease + o.Lease/6): // the one that it began with is over
				return nil
			}
		})
		run(t, e)
		add(t, db, work{})
		idle(t, e)
		if runs.Load() != 1 {
			t.Errorf("%d runs", runs.Load())
		}
	})
}

func TestLostLeaseEndsTheContext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := options(t)
		o.Lease = 90 * time.Millisecond
		e := jobs.New(db, o)
		ended := make(chan error, 1)
		id := make(chan int64, 1)
		jobs.Handle(e, "", func(ctx context.Context, j jobs.Job[work]) error {
			id <- j.ID
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return ctx.Err()
		})
		run(t, e)
		add(t, db, work{})
		exec(t, db, `UPDATE job SET owner = 'somebody else', run_at = run_at + 1000000 WHERE id = ?`, <-id)
		if err := <-ended; !errors.Is(err, jobs.ErrLost) {
			t.Errorf("%v", err)
		}
	})
}

func TestStopHandsBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := options(t)
		o.Lanes = map[string]int{"one": 1}
		o.Grace = 20 * time.Millisecond
		e := jobs.New(db, o)
		began := make(chan struct{}, 10)
		jobs.Handle(e, "one", func(ctx context.Context, j jobs.Job[work]) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
		stop := run(t, e)
		idle(t, e)
		for i := range 5 {
			add(t, db, work{N: i})
		}
		<-began
		stop()
		if c := counts(t, e); c != (jobs.Counts{Ready: 5}) {
			t.Errorf("after the stop: %+v", c)
		}
		again := jobs.New(db, options(t))
		var mu sync.Mutex
		attempts := map[int]int{}
		jobs.Handle(again, "one", func(_ context.Context, j jobs.Job[work]) error {
			mu.Lock()
			attempts[j.Args.N] = j.Attempt
			mu.Unlock()
			return nil
		})
		run(t, again)
		idle(t, again)
		// The one that had begun may have done something; the others have not.
		for i, want := range []int{2, 1, 1, 1, 1} {
			if attempts[i] != want {
				t.Errorf("job %d: attempt %d, want %d", i, attempts[i], want)
			}
		}
	})
}

func TestTakesOverAtOnceOnSQLite(t *testing.T) {
	db := storetest.SQLite(t)
	add(t, db, work{}, jobs.Lane("x"))
	exec(t, db, `UPDATE job SET owner = 'a process that was killed', attempt = 1, run = 1, run_at = run_at + 3600000`)
	e := jobs.New(db, options(t))
	attempt := make(chan int, 1)
	jobs.Handle(e, "x", func(_ context.Context, j jobs.Job[work]) error { attempt <- j.Attempt; return nil })
	run(t, e)
	if n := <-attempt; n != 2 {
		t.Errorf("attempt %d", n)
	}
}

func TestTwoEnginesShareTheWork(t *testing.T) {
	url := storetest.PostgresURL(t)
	var total atomic.Int32
	share := make([]atomic.Int32, 2)
	var engines []*jobs.Engine
	var dbs []*store.DB
	both := make(chan struct{})
	var met sync.Once
	for i := range share {
		db := storetest.Open(t, url, store.Options{})
		o := options(t)
		o.Lanes = map[string]int{"w": 2}
		e := jobs.New(db, o)
		jobs.Handle(e, "w", func(ctx context.Context, j jobs.Job[work]) error {
			share[i].Add(1)
			total.Add(1)
			if share[0].Load() > 0 && share[1].Load() > 0 {
				met.Do(func() { close(both) })
			}
			// Nobody goes on alone: if one engine took everything, this would
			// end with the test's patience.
			select {
			case <-both:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		run(t, e)
		idle(t, e)
		engines, dbs = append(engines, e), append(dbs, db)
	}
	for i := range 200 {
		add(t, dbs[0], work{N: i})
	}
	waitFor(t, "all", func() bool { return total.Load() == 200 })
	for _, e := range engines {
		idle(t, e)
	}
	if total.Load() != 200 {
		t.Errorf("%d runs", total.Load())
	}
}

func TestPeriodic(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ledger(t, db)
		// Two engines, and a period that makes them meet often. Each time that
		// the schedule moves is one job, and no more.
		for range 2 {
			e := jobs.New(db, options(t))
			jobs.Handle(e, "", func(ctx context.Context, j jobs.Job[work]) error {
				return db.Write(ctx, func(tx *store.Tx) error {
					if _, err := tx.Exec(`INSERT INTO only_a_test (n) VALUES (?)`, j.ID); err != nil {
						return err
					}
					return j.Done(tx)
				})
			})
			e.Every("tick", 50*time.Millisecond, work{})
			e.Every("rare", time.Hour, work{})
			run(t, e)
		}
		waitFor(t, "ticks", func() bool { return rows(t, db) >= 8 })
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			var runs, different, rare int
			err := errors.Join(
				tx.Row(`SELECT COUNT(*) FROM only_a_test`).Scan(&runs),
				tx.Row(`SELECT COUNT(DISTINCT n) FROM only_a_test`).Scan(&different),
				tx.Row(`SELECT COUNT(*) FROM schedule WHERE name = 'rare' AND next_at > ?`, time.Now().Add(50*time.Minute)).Scan(&rare))
			if runs != different || rare != 1 {
				t.Errorf("%d runs of %d jobs; rare moved: %d", runs, different, rare)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// With a clock that stands, many engines at once add one job and no second.
func TestPeriodicExactlyOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, _ *store.DB) {
		var at atomic.Int64
		at.Store(1_700_000_000_000)
		clock := store.Options{Now: func() time.Time { return time.UnixMilli(at.Load()) }}
		url := t.TempDir() + "/desk.db"
		copies := 1
		if strings.HasSuffix(t.Name(), "postgres") {
			url, copies = storetest.PostgresURL(t), 3
		}
		var ran atomic.Int32
		var engines []*jobs.Engine
		for range copies {
			db := storetest.Open(t, url, clock)
			for range 2 {
				e := jobs.New(db, options(t))
				jobs.Handle(e, "", func(context.Context, jobs.Job[work]) error { ran.Add(1); return nil })
				e.Every("tick", time.Minute, work{})
				run(t, e)
				engines = append(engines, e)
			}
		}
		for i, step := range []time.Duration{0, time.Minute, 59 * time.Second, time.Second, 10 * time.Minute} {
			at.Add(step.Milliseconds())
			want := []int32{1, 2, 2, 3, 4}[i]
			waitFor(t, "the tick", func() bool { return ran.Load() >= want })
			time.Sleep(60 * time.Millisecond) // three looks of each, to do too much in
			for _, e := range engines {
				idle(t, e)
			}
			if ran.Load() != want {
				t.Errorf("step %d: %d runs, want %d", i, ran.Load(), want)
			}
		}
	})
}

// What waits in the queue of an engine whose lease was lost is not begun.
func TestLostBeforeItBegan(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := options(t)
		o.Lease = 3 * time.Second
		var said notes
		o.Log = slog.New(slog.NewTextHandler(io.MultiWriter(&said, t.Output()), nil))
		o.Lanes = map[string]int{"one": 1}
		e := jobs.New(db, o)
		began, free := make(chan struct{}), make(chan struct{})
		var ran atomic.Int32
		jobs.Handle(e, "one", func(_ context.Context, j jobs.Job[work]) error {
			ran.Add(1)
			if j.Args.N == 0 {
				close(began)
				<-free
			}
			return nil
		})
		run(t, e)
		idle(t, e)
		add(t, db, work{N: 0})
		<-began
		add(t, db, work{N: 1}, jobs.Key("behind"))
		n := exec(t, db, `UPDATE job SET owner = 'somebody else', run_at = run_at + 1000000 WHERE key = 'behind' AND owner <> ''`)
		if n != 1 {
			t.Fatal("it was not in the queue")
		}
		waitFor(t, "the engine to notice", func() bool { return said.has("the lease of a job was lost") })
		close(free)
		waitFor(t, "the first", func() bool { return counts(t, e) == jobs.Counts{Running: 1} })
		if ran.Load() != 1 {
			t.Errorf("%d ran", ran.Load())
		}
	})
}

// notes are what an engine says while it runs.
type notes struct {
	mu sync.Mutex
	b  strings.Builder
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notes) has(words string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Contains(n.b.String(), words)
}
