package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"helloworld/bot/store"
)

// Args is what a job needs to know. It is kept as JSON, so its exported fields
// count; fields may be added later, but not change their meaning.
type Args interface {
	// Kind names the kind of work, and is the same for every value of the type.
	Kind() string
}

// Job is a job as its worker sees it.
type Job[A Args] struct {
	ID   int64
	Args A
	// Attempt is 1 at first. From 2 on the work may have been done already, or
	// in part. A run that ended with Snooze is not counted.
	Attempt int
	// MaxAttempts is after how many failed attempts the job is dead. Runs that ended
	// with their process are not among them.
	MaxAttempts int
	// Order, Key and Lane are as the job was added.
	Order, Key, Lane string
	// Created is when it was added.
	Created time.Time
	// LastError is how the attempt before this one ended.
	LastError string

	held *claim
}

// Worker does jobs of one kind. It returns nil when the job is finished, or one
// of [Snooze], [Cancel] and [RetryIn]; after any other error the job is tried
// again later, until it has failed MaxAttempts times. ctx ends when the job's
// lease is lost or the desk stops.
type Worker[A Args] func(ctx context.Context, j Job[A]) error

// ErrLost is returned by Done when another run of the job has begun. The
// transaction then cannot commit.
var ErrLost = errors.New("jobs: the lease was lost: another run of this job has begun")

// Done finishes the job in tx, so that it is gone exactly if what else tx writes
// is kept. It should be the last thing a worker does; jobs behind it in its
// order start when the worker returns.
func (j Job[A]) Done(tx *store.Tx) error {
	if j.held == nil {
		tx.Fail(ErrLost)
		return ErrLost
	}
	return j.held.engine.finish(tx, j.held)
}

type snooze struct{ d time.Duration }

func (s *snooze) Error() string { return "jobs: again in " + s.d.String() }

type cancel struct{ err error }

func (c *cancel) Error() string { return "jobs: cancelled: " + c.err.Error() }
func (c *cancel) Unwrap() error { return c.err }

type retryIn struct {
	d   time.Duration
	err error
}

func (r *retryIn) Error() string { return r.err.Error() }
func (r *retryIn) Unwrap() error { return r.err }

// Snooze asks for the job to be run again after d. It is no failure, and says
// that this run has left nothing in doubt.
func Snooze(d time.Duration) error { return &snooze{d} }

// Cancel says that trying again is of no use: the job is dead at once.
func Cancel(err error) error {
	if err == nil {
		err = errors.New("no reason was given")
	}
	return &cancel{err}
}

// RetryIn is a failure that should be tried again after d.
func RetryIn(d time.Duration, err error) error {
	if err == nil {
		err = errors.New("no reason was given")
	}
	return &retryIn{d, err}
}

// Opt changes how a job is added.
type Opt func(*how)

type how struct {
	lane, order, key string
	at               time.Time
	in               time.Duration
	max              int
	ahead            bool
}

// Lane puts the job into a lane other than its kind's own.
func Lane(name string) Opt { return func(h *how) { h.lane = name } }

// Order has the job wait for those added before it with the same order.
func Order(order string) Opt { return func(h *how) { h.order = order } }

// Ahead has the job go before those of its order that were added earlier, but
// not before the one whose turn it is, nor before others that go ahead.
func Ahead() Opt { return func(h *how) { h.ahead = true } }

// Key makes the job unique among those that live.
func Key(key string) Opt { return func(h *how) { h.key = key } }

// At has the job wait until t.
func At(t time.Time) Opt { return func(h *how) { h.at = t } }

// In has the job wait for d.
func In(d time.Duration) Opt { return func(h *how) { h.in = d } }

// MaxAttempts is how often the job may fail before it is dead.
func MaxAttempts(n int) Opt { return func(h *how) { h.max = n } }

// usualAttempts last for about an hour and a half with the usual waits.
const usualAttempts = 16

// usualLane is where a job goes whose kind no engine of this process knows.
const usualLane = "default"

// Add adds a job, which runs once tx is committed. A job whose key is taken is
// not added, which is no error.
func Add(tx *store.Tx, a Args, o ...Opt) error {
	_, _, err := Added(tx, a, o...)
	return err
}

// Added is Add, and tells the job's id and whether it was added. If it was not,
// the id is that of the job that has its key.
func Added(tx *store.Tx, a Args, o ...Opt) (id int64, added bool, err error) {
	h := how{max: usualAttempts}
	for _, f := range o {
		f(&h)
	}
	args, err := json.Marshal(a)
	if err != nil {
		return 0, false, fmt.Errorf("jobs: the arguments of %s cannot be written down: %w", a.Kind(), err)
	}
	return insert(tx, &claim{kind: a.Kind(), args: string(args), ord: h.order, ahead: h.ahead, key: h.key, max: max(h.max, 1)},
		h.lane, due(tx.Now(), h))
}

func due(now int64, h how) int64 {
	if !h.at.IsZero() {
		return max(h.at.UnixMilli(), now)
	}
	// Rounded up: never too early.
	return now + int64((max(h.in, 0)+time.Millisecond-1)/time.Millisecond)
}

// standIn finds how many stand before c in its order, or at least one of them.
// Whoever has the turn keeps it, even if c goes ahead of the rest: what runs
// beside it would not be in order.
func standIn(tx *store.Tx, c *claim) (taken int, err error) {
	for c.ord != "" {
		var kept int64
		if c.ahead {
			if kept, err = tx.Exec(sqlKeepTurn, c.ord); err != nil {
				return 0, err
			}
		}
		if err := tx.Row(sqlOrderTaken, c.ord).Scan(&taken); err != nil {
			return 0, err
		}
		if !c.ahead || kept > 0 || taken == 0 {
			break
		}
		// On PostgreSQL it has ended just now, and the turn is another's.
	}
	return taken, nil
}

// insert writes the row of c, already claimed if an engine of this process can
// start it now.
func insert(tx *store.Tx, c *claim, laneName string, runAt int64) (id int64, added bool, err error) {
	hub := hubOf(tx.DB())
	e, l := hub.home(c.kind, laneName)
	c.lane = laneName
	if l != nil {
		c.lane = l.name
	} else if c.lane == "" {
		c.lane = usualLane
	}
	c.created = tx.Now()

	if c.ord != "" && tx.DB().Kind() == store.Postgres {
		// Ids are given out in the order of the commits, or a later job of the
		// same order could be seen, and start, before an earlier one.
		if _, err := tx.Exec(sqlLockOrder, c.ord); err != nil {
			return 0, false, err
		}
	}
	now, rank := runAt <= c.created, 1
	if c.ahead {
		rank = 0
	}
	taken, err := standIn(tx, c)
	if err != nil {
		return 0, false, err
	}
	handed := now && taken == 0 && l != nil && e.running() && l.reserve()
	if handed {
		c.engine, c.slot = e, l
		c.owner, c.run, c.attempt = e.owner, 1, 1
		runAt = c.created + e.lease.Milliseconds()
		tx.Undo(func() { l.giveBack(1) })
	}
	err = tx.Row(sqlInsert, c.lane, c.kind, c.args, c.ord, rank, c.key, runAt, c.owner, c.run, c.attempt, c.max, c.created).Scan(&c.id)
	if errors.Is(err, sql.ErrNoRows) {
		if handed {
			tx.After(func() { l.giveBack(1) })
		}
		err = tx.Row(sqlByKey, c.key).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			err = nil // it has finished in between
		}
		return id, false, err
	}
	if err != nil {
		return 0, false, fmt.Errorf("jobs: adding %s: %w", c.kind, err)
	}
	switch {
	case handed:
		tx.After(func() { e.start(c) })
	case now && taken > 0:
		// The end of the job before it starts this one. On PostgreSQL that may
		// be happening just now, without having seen this one.
		if tx.DB().Kind() == store.Postgres {
			tx.After(func() { hub.wake(c.lane, false) })
		}
	case now:
		tx.After(func() { hub.wake(c.lane, true) })
		if err := tx.Notify(channel); err != nil {
			return 0, false, err
		}
	default:
		wait := time.Duration(runAt-c.created) * time.Millisecond
		tx.After(func() { hub.soon(wait) })
	}
	return c.id, true, nil
}
