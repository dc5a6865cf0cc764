package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func TestMain(m *testing.M) {
	if crashChild() {
		return
	}
	goleak.VerifyTestMain(m)
}

type work struct {
	N     int
	Group string
}

func (work) Kind() string { return "work" }

type other struct{ Text string }

func (other) Kind() string { return "other" }

// options are quick, so that no test waits for a poll of a second.
func options(t testing.TB) jobs.Options {
	return jobs.Options{Poll: 20 * time.Millisecond, Backoff: func(int) time.Duration { return time.Millisecond },
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Grace: 5 * time.Second}
}

// run runs e until the test ends, or stop is called.
func run(t testing.TB, e *jobs.Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func add(t testing.TB, db *store.DB, a jobs.Args, o ...jobs.Opt) {
	t.Helper()
	err := db.Write(context.Background(), func(tx *store.Tx) error { return jobs.Add(tx, a, o...) })
	if err != nil {
		t.Error(err)
	}
}

func idle(t testing.TB, e *jobs.Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := e.Idle(ctx); err != nil {
		t.Fatal(err)
	}
}

func counts(t testing.TB, e *jobs.Engine) jobs.Counts {
	t.Helper()
	c, err := e.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func exec(t testing.TB, db *store.DB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	err := db.Write(context.Background(), func(tx *store.Tx) (err error) {
		n, err = tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ledger(t testing.TB, db *store.DB) {
	exec(t, db, `CREATE TABLE only_a_test (n BIGINT NOT NULL)`)
}

func rows(t testing.TB, db *store.DB) (n int) {
	t.Helper()
	err := db.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row(`SELECT COUNT(*) FROM only_a_test`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAJobSeesWhatItWasGiven(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := jobs.New(db, options(t))
		got := make(chan jobs.Job[work], 1)
		jobs.Handle(e, "lane", func(_ context.Context, j jobs.Job[work]) error {
			got <- j
			return nil
		})
		run(t, e)
		before := time.Now().Add(-time.Minute)
		add(t, db, work{N: 7, Group: "退款"}, jobs.Order("o"), jobs.Key("k"), jobs.MaxAttempts(3))
		j := <-got
		if j.Args.N != 7 || j.Args.Group != "退款" || j.Attempt != 1 || j.MaxAttempts != 3 || j.Order != "o" ||
			j.Key != "k" || j.Lane != "lane" || j.ID == 0 || j.LastError != "" || j.Created.Before(before) {
			t.Errorf("%+v", j)
		}
		idle(t, e)
		if c := counts(t, e); c != (jobs.Counts{}) {
			t.Errorf("%+v", c)
		}
	})
}

func TestNothingRunsWithoutItsTransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := jobs.New(db, options(t))
		var ran atomic.Int32
		jobs.Handle(e, "", func(context.Context, jobs.Job[work]) error { ran.Add(1); return nil })
		run(t, e)
		idle(t, e)
		bad := errors.New("no")
		tries := 1500 // more than there are places: a rollback gives them back
		if db.Kind() == store.Postgres {
			tries = 50
		}
		for range tries {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				return errors.Join(jobs.Add(tx, work{}), bad)
			})
			if !errors.Is(err, bad) {
				t.Fatal(err)
			}
		}
		add(t, db, work{})
		idle(t, e)
		if ran.Load() != 1 {
			t.Errorf("%d jobs ran", ran.Load())
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := options(t)
		o.Lanes = map[string]int{"wide": 16}
		e := jobs.New(db, o)
		const all = 3000
		var seen [all]atomic.Int32
		jobs.Handle(e, "wide", func(_ context.Context, j jobs.Job[work]) error { seen[j.Args.N].Add(1); return nil })
		// Some are there before the engine, and most come faster than it works.
		for i := range 300 {
			add(t, db, work{N: i})
		}
		run(t, e)
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			for i := 300; i < 2000; i++ {
				if err := jobs.Add(tx, work{N: i}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for k := range 20 {
			wg.Go(func() {
				for i := range 50 {
					add(t, db, work{N: 2000 + k*50 + i})
				}
			})
		}
		wg.Wait()
		idle(t, e)
		for i := range seen {
			if n := seen[i].Load(); n != 1 {
				t.Errorf("job %d ran %d times", i, n)
			}
		}
	})
}

// Jobs of one order run one after another, in the order they were added, even
// when some fail or sleep first, and in whatever lane they are.
func TestOrderIsStrict(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := options(t)
		o.Lanes = map[string]int{"a": 8, "b": 8}
		engines := []*jobs.Engine{jobs.New(db, o)}
		if db.Kind() == store.Postgres {
			engines = append(engines, jobs.New(db, o))
		}
		const groups, each = 6, 40
		var mu sync.Mutex
		busy := map[string]int{}
		done := map[string][]int{}
		for _, e := range engines {
			jobs.Handle(e, "a", func(ctx context.Context, j jobs.Job[work]) error {
				mu.Lock()
				busy[j.Order]++
				if busy[j.Order] > 1 {
					t.Errorf("two jobs of %s run at once", j.Order)
				}
				mu.Unlock()
				defer func() {
					mu.Lock()
					busy[j.Order]--
					mu.Unlock()
				}()
				if j.Attempt == 1 && j.Args.N%7 == 3 {
					return errors.New("at first it fails")
				}
				finish := func() {
					mu.Lock()
					done[j.Order] = append(done[j.Order], j.Args.N)
					mu.Unlock()
				}
				if j.Args.N%2 == 0 {
					return db.Write(ctx, func(tx *store.Tx) error {
						tx.After(finish)
						return j.Done(tx)
					})
				}
				finish()
				return nil
			})
			run(t, e)
		}
		for _, e := range engines {
			idle(t, e)
		}
		var wg sync.WaitGroup
		for g := range groups {
			wg.Go(func() {
				for i := range each {
					lane := "a"
					if i%3 == 0 {
						lane = "b"
					}
					add(t, db, work{N: i}, jobs.Order(fmt.Sprint("group ", g)), jobs.Lane(lane))
				}
			})
		}
		wg.Wait()
		waitFor(t, "all to be done", func() bool {
			mu.Lock()
			defer mu.Unlock()
			n := 0
			for _, l := range done {
				n += len(l)
			}
			return n == groups*each
		})
		for g, got := range done {
			if !slices.IsSorted(got) {
				t.Errorf("%s was done in the order %v", g, got)
			}
		}
	})
}

func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestHeadOfAnOrderBlocksUntilItIsDead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := jobs.New(db, options(t))
		var ran []string // one after another by the order
		die := atomic.Bool{}
		jobs.Handle(e, "", func(_ context.Context, j jobs.Job[other]) error {
			if j.Args.Text == "head" {
				if die.Load() {
					return jobs.Cancel(errors.New("enough"))
				}
				return jobs.Snooze(5 * time.Millisecond)
			}
			ran = append(ran, j.Args.Text)
			return nil
		})
		run(t, e)
		add(t, db, other{"head"}, jobs.Order("o"))
		for _, s := range []string{"a", "b", "c"} {
			add(t, db, other{s}, jobs.Order("o"))
		}
		add(t, db, other{"head"}, jobs.Order("another"))
		if c := counts(t, e); c.Ready+c.Running+c.Scheduled != 5 {
			t.Errorf("%+v", c)
		}
		die.Store(true)
		waitFor(t, "the followers", func() bool { c := counts(t, e); return c == jobs.Counts{Dead: 2} })
		idle(t, e)
		if s := strings.Join(ran, ""); s != "abc" {
			t.Errorf("ran %q", s)
		}
	})
}

func TestKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := jobs.New(db, options(t))
		var ran atomic.Int32
		gate := make(chan struct{})
		jobs.Handle(e, "", func(context.Context, jobs.Job[work]) error { ran.Add(1); <-gate; return nil })
		run(t, e)
		idle(t, e)
		var ids []int64
		var added []bool
		for range 3 {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				id, ok, err := jobs.Added(tx, work{}, jobs.Key("k"))
				ids, added = append(ids, id), append(added, ok)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if ids[0] == 0 || ids[1] != ids[0] || ids[2] != ids[0] || !added[0] || added[1] || added[2] {
			t.Errorf("ids %v, added %v", ids, added)
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { add(t, db, work{}, jobs.Key("k2")) })
		}
		wg.Wait()
		close(gate)
		idle(t, e)
		if ran.Load() != 2 {
			t.Errorf("%d ran", ran.Load())
		}
		add(t, db, work{}, jobs.Key("k")) // the key went with its job
		idle(t, e)
		if ran.Load() != 3 {
			t.Errorf("%d ran", ran.Load())
		}
	})
}

func TestLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := jobs.New(db, options(t))
		ran := make(chan int, 10)
		var due atomic.Int64
		jobs.Handle(e, "", func(_ context.Context, j jobs.Job[work]) error {
			if now := time.Now().UnixMilli(); j.Args.N == 2 && now < due.Load() {
				t.Errorf("it ran %d ms before its time", due.Load()-now)
			}
			ran <- j.Args.N
			return nil
		})
		run(t, e)
		add(t, db, work{N: 3}, jobs.In(time.Hour))
		add(t, db, work{N: 4}, jobs.At(time.Now().Add(time.Hour)))
		add(t, db, work{N: 1}, jobs.At(time.Now().Add(-time.Hour)))
		if n := <-ran; n != 1 {
			t.Errorf("ran %d", n)
		}
		// Only now: on a machine that stood still both would be due.
		due.Store(time.Now().UnixMilli() + 30)
		add(t, db, work{N: 2}, jobs.In(30*time.Millisecond))
		if n := <-ran; n != 2 {
			t.Errorf("ran %d", n)
		}
		idle(t, e)
		if c := counts(t, e); c != (jobs.Counts{Scheduled: 2}) {
			t.Errorf("%+v", c)
		}
	})
}
