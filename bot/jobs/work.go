package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"helloworld/bot/store"
)

// worker does one job after another.
func (e *Engine) worker(l *lane) {
	for {
		select {
		case <-e.stop: // first: with both ready, select would toss a coin
			return
		default:
		}
		select {
		case <-e.stop:
			return
		case c := <-l.queue:
			l.giveBack(1)
			if l.behind.Load() && len(l.queue) <= l.low() {
				e.wake()
			}
			e.work(c)
		}
	}
}

func (e *Engine) work(c *claim) {
	ctx, cancel := context.WithCancelCause(e.hard)
	defer cancel(nil)
	e.heldMu.Lock()
	c.cancel = cancel
	alive := c.since
	if e.beat.After(alive) {
		alive = e.beat
	}
	e.heldMu.Unlock()
	c.begun.Store(true)
	if time.Since(alive) > e.lease-e.lease/10 {
		// This process stood still. Others may have taken what was waiting in
		// its queue, so it asks before it begins.
		e.extend(ctx)
	}
	if c.lost.Load() {
		e.log.Warn("a job was taken by another engine before it began", "job", c.id, "kind", c.kind)
	} else {
		e.settle(ctx, c, e.call(ctx, c))
	}
	e.heldMu.Lock()
	delete(e.held, c)
	e.heldMu.Unlock()
	e.hub.exit(c)
}

// call runs the worker of c, turning a panic into an error.
func (e *Engine) call(ctx context.Context, c *claim) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		p := recover()
		e.log.Error("a job panicked", "job", c.id, "kind", c.kind, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		err = fmt.Errorf("jobs: the worker panicked: %v", p)
	}()
	err = e.kinds[c.kind].run(ctx, c)
	returned = true
	return err
}

// settle writes down how a run ended.
func (e *Engine) settle(ctx context.Context, c *claim, err error) {
	var (
		sleep *snooze
		stop  *cancel
		later *retryIn
	)
	log := e.log.With("job", c.id, "kind", c.kind, "attempt", c.attempt)
	switch {
	case c.ended.Load():
		if err != nil {
			log.Warn("a job that was finished returned an error", "error", err)
		}
	case err == nil:
		e.write(c, func(tx *store.Tx) error { return e.finish(tx, c) })
	case errors.Is(err, ErrLost):
		log.Warn("another run of the job has begun")
	case errors.As(err, &stop):
		log.Error("a job was cancelled", "error", stop.err)
		e.writeDead(c, stop.err)
	case errors.As(err, &sleep):
		e.write(c, func(tx *store.Tx) error { return e.putBack(tx, c, -1, 0, sleep.d, c.lastError) })
	case errors.Is(context.Cause(ctx), ErrLost):
		log.Warn("another run of the job has begun", "error", err)
	case errors.Is(context.Cause(ctx), errStopping):
		// Not its fault; but it may have done something.
		e.write(c, func(tx *store.Tx) error { return e.putBack(tx, c, -1, 1, 0, err.Error()) })
	case c.attempt >= c.max:
		log.Error("a job failed for the last time", "error", err)
		e.writeDead(c, err)
	default:
		wait := e.backoff(c.attempt)
		if errors.As(err, &later) {
			wait = later.d
		}
		log.Warn("a job failed and will be tried again", "in", wait, "error", err)
		e.write(c, func(tx *store.Tx) error { return e.putBack(tx, c, 0, 0, wait, err.Error()) })
	}
}

// write writes the end of a run. If the database does not take it, the lease
// runs out and the job is run again, which is what at least once means.
func (e *Engine) write(c *claim, fn func(tx *store.Tx) error) {
	for try := 1; ; try++ {
		err := e.db.Write(context.Background(), fn)
		switch {
		case err == nil:
			return
		case errors.Is(err, ErrLost):
			e.log.Warn("another run of the job has begun", "job", c.id, "kind", c.kind)
			return
		case try == 3 || errors.Is(err, store.ErrClosed):
			e.log.Error("the end of a job could not be written; it will run again", "job", c.id, "kind", c.kind, "error", err)
			return
		}
		time.Sleep(time.Duration(try) * 50 * time.Millisecond)
	}
}

// finish removes the row, if c still holds it.
func (e *Engine) finish(tx *store.Tx, c *claim) error {
	n, err := tx.Exec(sqlFinish, c.id, c.owner, c.run)
	if err != nil {
		return err
	}
	if n == 0 {
		tx.Fail(ErrLost)
		return ErrLost
	}
	c.endIn(tx)
	return e.follow(tx, c)
}

// putBack has the row run again after d. attempts and ends are added to what is
// counted of its runs.
func (e *Engine) putBack(tx *store.Tx, c *claim, attempts, ends int, d time.Duration, reason string) error {
	at := due(tx.Now(), how{in: d})
	n, err := tx.Exec(sqlLater, attempts, ends, at, cut(reason), c.id, c.owner, c.run)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLost
	}
	c.endIn(tx)
	tx.After(func() { e.hub.soon(d) })
	return nil
}

func (e *Engine) writeDead(c *claim, reason error) {
	var d DeadJob
	var buried bool
	e.write(c, func(tx *store.Tx) (err error) {
		if d, err = e.bury(tx, c, reason); err != nil {
			return err
		}
		tx.After(func() { buried = true })
		return e.follow(tx, c)
	})
	if buried {
		e.tell(d)
	}
}

// bury marks the row as dead.
func (e *Engine) bury(tx *store.Tx, c *claim, reason error) (DeadJob, error) {
	text := cut(reason.Error())
	n, err := tx.Exec(sqlBury, tx.Now(), text, c.id, c.owner, c.run)
	if err != nil {
		return DeadJob{}, err
	}
	if n == 0 {
		return DeadJob{}, ErrLost
	}
	c.endIn(tx)
	return DeadJob{
		ID: c.id, Kind: c.kind, Args: []byte(c.args), Lane: c.lane, Order: c.ord, Key: c.key,
		Attempt: c.attempt, MaxAttempts: c.max, Error: text,
		Created: fromMilli(c.created), Died: fromMilli(tx.Now()),
	}, nil
}

// tell reports a death, and remembers that it did.
func (e *Engine) tell(d DeadJob) {
	if e.onDead == nil {
		return
	}
	e.aside.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				e.log.Error("reporting a dead job panicked", "job", d.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}()
		e.onDead(e.hard, d)
		err := e.db.Write(context.WithoutCancel(e.hard), func(tx *store.Tx) error {
			_, err := tx.Exec(sqlTold, d.ID)
			return err
		})
		if err != nil {
			e.log.Warn("a dead job will be reported again", "job", d.ID, "error", err)
		}
	})
}

// tellOld reports deaths that an earlier process had no time to report.
func (e *Engine) tellOld() {
	if e.onDead == nil {
		return
	}
	old, err := e.deadRows(e.hard, sqlUntold, 100)
	if err != nil {
		e.log.Error("looking for dead jobs failed", "error", err)
	}
	for _, d := range old {
		e.tell(d)
	}
}

// longestError is how many letters of an error are kept.
const longestError = 2000

func cut(s string) string {
	n := 0
	for i := range s {
		if n++; n > longestError {
			return s[:i] + "…"
		}
	}
	return s
}
