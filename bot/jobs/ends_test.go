package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

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
			// A death is told at least once.
			told := map[string]bool{}
			for _, d := range dead {
				told[d.Key] = true
			}
			return counts(t, e) == jobs.Counts{Dead: 3} && len(told) == 3
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

// A job that takes the process down with it must not do so for ever.
func TestLastAttemptThatNeverReturned(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		add(t, db, work{}, jobs.Lane("x"), jobs.MaxAttempts(2), jobs.Order("o"))
		add(t, db, work{N: 1}, jobs.Lane("x"), jobs.Order("o"))
		exec(t, db, `UPDATE job SET owner = 'killed', attempt = 2, ends = 200, run = 2, run_at = 1 WHERE max_attempts = 2`)
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

// A process that is ended often, by nobody's fault, takes no job's attempts away.
func TestEndsOfTheProcessAreNoFailures(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		add(t, db, work{}, jobs.Lane("x"), jobs.MaxAttempts(2))
		var last atomic.Int32
		for range 12 {
			// As if the process had been killed in the middle of the run.
			exec(t, db, `UPDATE job SET owner = 'killed', attempt = attempt + 1, run = run + 1, run_at = 1`)
			e := jobs.New(db, options(t))
			in, out := make(chan struct{}), make(chan struct{})
			jobs.Handle(e, "x", func(ctx context.Context, j jobs.Job[work]) error {
				last.Store(int32(j.Attempt))
				close(in)
				<-out
				return jobs.Snooze(time.Hour) // not once more before this engine has stopped
			})
			stop := run(t, e)
			<-in
			close(out)
			stop()
		}
		if c := counts(t, jobs.New(db, options(t))); c.Dead != 0 || c.Ready+c.Scheduled != 1 {
			t.Errorf("%+v", c)
		}
		if last.Load() < 12 {
			t.Errorf("a worker was told that it is attempt %d, though %d runs may have done something", last.Load(), 12)
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
