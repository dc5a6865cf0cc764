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
		jobs.Handle(e, "", func(_ context.Context, j jobs.Job[work]) error { ran <- j.Args.N; return nil })
		run(t, e)
		add(t, db, work{N: 3}, jobs.In(time.Hour))
		add(t, db, work{N: 4}, jobs.At(time.Now().Add(time.Hour)))
		add(t, db, work{N: 2}, jobs.In(30*time.Millisecond))
		add(t, db, work{N: 1}, jobs.At(time.Now().Add(-time.Hour)))
		if a, b := <-ran, <-ran; a != 1 || b != 2 {
			t.Errorf("ran %d, %d", a, b)
		}
		idle(t, e)
		if c := counts(t, e); c != (jobs.Counts{Scheduled: 2}) {
			t.Errorf("%+v", c)
		}
	})
}

func TestHowRunsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := options(t)
		var mu sync.Mutex
		var dead []jobs.DeadJob
		o.OnDead = func(_ context.Context, d jobs.DeadJob) {
			mu.Lock()
			dead = append(dead, d)
			mu.Unlock()
		}
		e := jobs.New(db, o)
		attempts := map[string][]int{}
		var last string
		boom := errors.New("boom")
		jobs.Handle(e, "", func(_ context.Context, j jobs.Job[other]) error {
			mu.Lock()
			defer mu.Unlock()
			how := j.Args.Text
			attempts[how] = append(attempts[how], j.Attempt)
			n := len(attempts[how])
			switch how {
			case "snooze":
				if n < 4 {
					return jobs.Snooze(time.Millisecond)
				}
			case "retry":
				last = j.LastError
				if n < 3 {
					return fmt.Errorf("wrapped: %w", boom)
				}
			case "later":
				if n < 2 {
					return fmt.Errorf("wrapped: %w", jobs.RetryIn(3*time.Millisecond, boom))
				}
			case "cancel":
				return fmt.Errorf("wrapped: %w", jobs.Cancel(boom))
			case "panic":
				panic("oh")
			case "fail":
				return boom
			}
			return nil
		})
		run(t, e)
		for _, how := range []string{"snooze", "retry", "later", "cancel", "panic", "fail"} {
			add(t, db, other{how}, jobs.MaxAttempts(3), jobs.Order(how), jobs.Key(how))
		}
		waitFor(t, "the ends", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return counts(t, e) == jobs.Counts{Dead: 3} && len(dead) == 3
		})
		mu.Lock()
		defer mu.Unlock()
		want := map[string][]int{"snooze": {1, 1, 1, 1}, "retry": {1, 2, 3}, "later": {1, 2}, "cancel": {1},
			"panic": {1, 2, 3}, "fail": {1, 2, 3}}
		for how, w := range want {
			if !slices.Equal(attempts[how], w) {
				t.Errorf("%s: attempts %v, want %v", how, attempts[how], w)
			}
		}
		if last != "wrapped: boom" {
			t.Errorf("LastError is %q", last)
		}
		reasons := map[string]string{}
		for _, d := range dead {
			reasons[d.Key] = d.Error
			if d.Kind != "other" || d.Order != d.Key || !strings.Contains(string(d.Args), d.Key) || d.Died.IsZero() || d.ID == 0 {
				t.Errorf("%+v", d)
			}
		}
		if reasons["cancel"] != "boom" || reasons["fail"] != "boom" || !strings.Contains(reasons["panic"], "oh") {
			t.Errorf("%v", reasons)
		}
	})
}

func TestDeadRetryDrop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := jobs.New(db, options(t))
		var good atomic.Bool
		var ran atomic.Int32
		jobs.Handle(e, "", func(_ context.Context, j jobs.Job[work]) error {
			if good.Load() {
				ran.Add(1)
				return nil
			}
			return jobs.Cancel(errors.New("bad"))
		})
		run(t, e)
		for i := range 3 {
			add(t, db, work{N: i}, jobs.Key(fmt.Sprint(i)))
		}
		waitFor(t, "deaths", func() bool { return counts(t, e).Dead == 3 })
		list, err := e.Dead(t.Context(), 2)
		if err != nil || len(list) != 2 {
			t.Fatalf("%v %v", list, err)
		}
		good.Store(true)
		if err := e.Retry(t.Context(), list[0].ID); err != nil {
			t.Error(err)
		}
		if err := e.Retry(t.Context(), list[0].ID); !errors.Is(err, jobs.ErrNotDead) {
			t.Errorf("twice: %v", err)
		}
		if err := e.Drop(t.Context(), list[1].ID); err != nil {
			t.Error(err)
		}
		if err := e.Drop(t.Context(), list[1].ID); !errors.Is(err, jobs.ErrNotDead) {
			t.Errorf("twice: %v", err)
		}
		idle(t, e)
		if c := counts(t, e); c != (jobs.Counts{Dead: 1}) || ran.Load() != 1 {
			t.Errorf("%+v, %d ran", c, ran.Load())
		}
		rest, _ := e.Dead(t.Context(), 10)
		add(t, db, work{}, jobs.Key(rest[0].Key), jobs.In(time.Hour))
		if err := e.Retry(t.Context(), rest[0].ID); !errors.Is(err, jobs.ErrKeyTaken) {
			t.Errorf("%v", err)
		}
		if c := counts(t, e); c != (jobs.Counts{Dead: 1, Scheduled: 1}) {
			t.Errorf("a refused retry changed something: %+v", c)
		}
	})
}

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
				j.Done(tx) //nolint:errcheck // even if a worker forgets to look
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
		o.Lease = 300 * time.Millisecond
		e := jobs.New(db, o)
		var runs atomic.Int32
		jobs.Handle(e, "", func(ctx context.Context, j jobs.Job[work]) error {
			runs.Add(1)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(900 * time.Millisecond): // three leases
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

// A job that takes the process down with it must not do so for ever.
func TestLastAttemptThatNeverReturned(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		add(t, db, work{}, jobs.Lane("x"), jobs.MaxAttempts(2), jobs.Order("o"))
		add(t, db, work{N: 1}, jobs.Lane("x"), jobs.Order("o"))
		exec(t, db, `UPDATE job SET owner = 'killed', attempt = 2, run = 2, run_at = 1 WHERE max_attempts = 2`)
		o := options(t)
		told := make(chan jobs.DeadJob, 1)
		o.OnDead = func(_ context.Context, d jobs.DeadJob) { told <- d }
		e := jobs.New(db, o)
		var ran atomic.Int32
		jobs.Handle(e, "x", func(_ context.Context, j jobs.Job[work]) error { ran.Store(int32(j.Args.N)); return nil })
		run(t, e)
		if d := <-told; d.Attempt < 2 || d.Error == "" {
			t.Errorf("%+v", d)
		}
		waitFor(t, "the one behind it", func() bool { return ran.Load() == 1 })
		idle(t, e)
		if ran.Load() != 1 {
			t.Error("the one behind it did not run")
		}
	})
}

func TestUntoldDeathIsToldAtTheNextStart(t *testing.T) {
	db := storetest.SQLite(t)
	add(t, db, work{})
	exec(t, db, `UPDATE job SET dead = 5, error = 'bad'`)
	for i, want := range []int{1, 0} {
		o := options(t)
		var told atomic.Int32
		o.OnDead = func(context.Context, jobs.DeadJob) { told.Add(1) }
		e := jobs.New(db, o)
		stop := run(t, e)
		idle(t, e)
		stop()
		if int(told.Load()) != want {
			t.Errorf("start %d: told %d times", i, told.Load())
		}
	}
}

func TestUnknownKindIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := jobs.New(db, options(t))
		jobs.Handle(e, "", func(context.Context, jobs.Job[work]) error { return nil })
		stop := run(t, e)
		add(t, db, other{"x"})
		add(t, db, work{})
		idle(t, e)
		if c := counts(t, e); c != (jobs.Counts{Ready: 1}) {
			t.Errorf("%+v", c)
		}
		stop()
		e = jobs.New(db, options(t))
		got := make(chan string, 1)
		jobs.Handle(e, "", func(_ context.Context, j jobs.Job[other]) error { got <- j.Args.Text; return nil })
		run(t, e)
		if s := <-got; s != "x" {
			t.Error(s)
		}
	})
}

func TestUnreadableArgs(t *testing.T) {
	db := storetest.SQLite(t)
	add(t, db, work{})
	exec(t, db, `UPDATE job SET args = '{"N":"seven"}'`)
	e := jobs.New(db, options(t))
	jobs.Handle(e, "", func(context.Context, jobs.Job[work]) error { t.Error("it ran"); return nil })
	run(t, e)
	waitFor(t, "the death", func() bool { return counts(t, e) == jobs.Counts{Dead: 1} })
}

type byPointer struct{ kind string }

func (p *byPointer) Kind() string { return p.kind }

func TestWrongRegistrations(t *testing.T) {
	db := storetest.SQLite(t)
	for name, set := range map[string]func(e *jobs.Engine){
		"two workers": func(e *jobs.Engine) {
			for range 2 {
				jobs.Handle(e, "", func(context.Context, jobs.Job[work]) error { return nil })
			}
		},
		"pointer": func(e *jobs.Engine) {
			jobs.Handle(e, "", func(context.Context, jobs.Job[*byPointer]) error { return nil })
		},
		"period": func(e *jobs.Engine) { e.Every("x", 0, work{}) },
	} {
		e := jobs.New(db, options(t))
		set(e)
		if err := e.Run(t.Context()); err == nil {
			t.Errorf("%s: Run did not mind", name)
		}
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
