package jobs

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"helloworld/bot/store"
)

// Options are what an engine is made with. All of them may be left out.
type Options struct {
	// Lanes is how many jobs run at once, by lane. A lane that is not named here
	// has four.
	Lanes map[string]int
	// Lease is after how long the jobs of a process that stopped without a word
	// are run by another: 30 seconds.
	Lease time.Duration
	// Poll is how often the engine looks for jobs it was not told of: a second.
	Poll time.Duration
	// Grace is how long running jobs may go on when the engine stops: 10 seconds.
	Grace time.Duration
	// Backoff is the wait after a failed attempt. The usual one doubles from one
	// second to ten minutes, and varies by a fifth.
	Backoff func(attempt int) time.Duration
	// Owner names this engine in the table; it must differ from every other
	// engine that works at the same time. Usually it is made up.
	Owner string
	// OnDead is told of every job that died, at least once.
	OnDead func(ctx context.Context, d DeadJob)
	Log    *slog.Logger
}

// Engine runs jobs.
type Engine struct {
	db      *store.DB
	hub     *hub
	log     *slog.Logger
	owner   string
	lease   time.Duration
	poll    time.Duration
	grace   time.Duration
	backoff func(int) time.Duration
	onDead  func(context.Context, DeadJob)
	widths  map[string]int

	mu       sync.RWMutex // the registrations
	kinds    map[string]*kind
	lanes    map[string]*lane
	periodic []*periodic
	wrong    error // a mistake in the registrations, told by Run

	state   atomic.Int32
	started chan struct{} // closed after the first look
	look    chan struct{} // something may have become ready
	stop    chan struct{} // closed when no more jobs are to be started
	hard    context.Context
	aside   sync.WaitGroup // calls of onDead

	claimQuery, extendQuery string
	kindArgs, laneArgs      []any
	strangers               map[string]bool

	heldMu sync.Mutex
	held   map[*claim]struct{}
	shut   bool // nothing may be held any more
	beat   time.Time
}

// The states of an engine.
const (
	fresh int32 = iota
	going
	stopping
)

type kind struct {
	lane *lane
	run  func(ctx context.Context, c *claim) error
}

// usualWidth is how many jobs run at once in a lane nobody gave a number.
const usualWidth = 4

// New makes an engine and attaches it to db, so that jobs added in this process
// reach it without a detour.
func New(db *store.DB, o Options) *Engine {
	e := &Engine{
		db: db, hub: hubOf(db), log: o.Log, owner: o.Owner, widths: o.Lanes, backoff: o.Backoff, onDead: o.OnDead,
		lease: o.Lease, poll: o.Poll, grace: o.Grace,
		kinds: map[string]*kind{}, lanes: map[string]*lane{},
		started: make(chan struct{}), look: make(chan struct{}, 1), stop: make(chan struct{}),
		strangers: map[string]bool{}, held: map[*claim]struct{}{},
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.owner == "" {
		e.owner = rand.Text()
	}
	if e.lease <= 0 {
		e.lease = 30 * time.Second
	}
	if e.poll <= 0 {
		e.poll = time.Second
	}
	if e.grace <= 0 {
		e.grace = 10 * time.Second
	}
	if e.backoff == nil {
		e.backoff = usualBackoff
	}
	e.lane(usualLane)
	for name := range o.Lanes {
		e.lane(name)
	}
	e.hub.join(e)
	return e
}

func usualBackoff(attempt int) time.Duration {
	d := 10 * time.Minute
	if attempt < 10 {
		d = time.Second << max(attempt-1, 0)
	}
	return time.Duration(float64(d) * (0.8 + 0.4*mrand.Float64()))
}

// lane is the lane of that name, made if it is not there. Callers other than
// New hold mu.
func (e *Engine) lane(name string) *lane {
	if l := e.lanes[name]; l != nil {
		return l
	}
	width := e.widths[name]
	if width <= 0 {
		width = usualWidth
	}
	// On PostgreSQL others could do what lies waiting here.
	length := 1000
	if e.db.Kind() == store.Postgres {
		length = max(16, 4*width)
	}
	l := &lane{name: name, width: width, queue: make(chan *claim, length)}
	l.room.Store(int64(length))
	e.lanes[name] = l
	return l
}

// Handle has w do the jobs of A's kind, in a lane unless they were added to
// another one. It is called before Run.
func Handle[A Args](e *Engine, lane string, w Worker[A]) {
	var zero A
	name, err := kindOf(zero)
	if lane == "" {
		lane = usualLane
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil:
		e.wrong = errors.Join(e.wrong, err)
		return
	case e.kinds[name] != nil:
		e.wrong = errors.Join(e.wrong, fmt.Errorf("jobs: there are two workers for %q", name))
		return
	case e.state.Load() != fresh:
		e.log.Error("a worker came too late: the engine runs already", "kind", name)
		return
	}
	e.kinds[name] = &kind{lane: e.lane(lane), run: func(ctx context.Context, c *claim) error {
		var a A
		if err := json.Unmarshal([]byte(c.args), &a); err != nil {
			return Cancel(fmt.Errorf("jobs: the arguments of %s cannot be read: %w", c.kind, err))
		}
		return w(ctx, Job[A]{
			ID: c.id, Args: a, Attempt: c.attempt + c.ends, MaxAttempts: c.max,
			Order: c.ord, Key: c.key, Lane: c.lane,
			Created: fromMilli(c.created), LastError: c.lastError, held: c,
		})
	}}
}

// kindOf asks a zero value for its kind, which a pointer may not survive.
func kindOf(a Args) (name string, err error) {
	defer func() {
		if p := recover(); p != nil || name == "" {
			err = fmt.Errorf("jobs: %T does not tell its kind: let a value, not a pointer, be the arguments", a)
		}
	}()
	return a.Kind(), nil
}

func fromMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func (e *Engine) running() bool { return e.state.Load() == going }

// Run runs jobs until ctx ends. It then lets those that run go on for a while,
// and hands back the rest. An engine runs once.
func (e *Engine) Run(ctx context.Context) error {
	if e.wrong != nil {
		return e.wrong
	}
	if e.state.Load() != fresh {
		return errors.New("jobs: an engine runs once")
	}
	e.prepare()
	hard, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abort(nil)
	e.hard = hard
	if err := e.takeOver(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("jobs: taking over: %w", err)
	}
	e.heldMu.Lock()
	e.beat = time.Now()
	e.heldMu.Unlock()
	if !e.state.CompareAndSwap(fresh, going) {
		return errors.New("jobs: an engine runs once")
	}
	defer e.hub.leave(e)

	var workers, others sync.WaitGroup
	for _, l := range e.lanes {
		for range l.width {
			workers.Go(func() { e.worker(l) })
		}
	}
	calm, still := context.WithCancel(hard)
	defer still()
	others.Go(func() { e.keepAlive(calm) })
	others.Go(func() { e.looking(ctx) })
	others.Go(func() { e.watchClock(ctx) })
	if e.db.Kind() == store.Postgres {
		others.Go(func() { e.db.Listen(ctx, channel, e.wake) })
	}
	e.tellOld()

	<-ctx.Done()
	e.state.Store(stopping)
	close(e.stop)
	if !within(e.grace, &workers, &e.aside) {
		abort(errStopping)
		// A worker that does not heed its context is left behind; the fence
		// keeps it from committing anything.
		if !within(max(e.grace/5, time.Second), &workers, &e.aside) {
			e.log.Warn("some jobs did not stop in time and were handed back")
		}
	}
	still()
	others.Wait()
	e.handBack()
	return nil
}

var errStopping = errors.New("jobs: the desk is stopping")

// within waits for all groups, but not longer than d.
func within(d time.Duration, groups ...*sync.WaitGroup) bool {
	done := make(chan struct{})
	go func() {
		for _, g := range groups {
			g.Wait()
		}
		close(done)
	}()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// prepare builds the queries, now that all kinds and lanes are known.
func (e *Engine) prepare() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kindArgs, e.laneArgs = nil, nil
	for name := range e.kinds {
		e.kindArgs = append(e.kindArgs, name)
	}
	if len(e.kindArgs) == 0 {
		e.kindArgs = []any{""} // IN () is no SQL; and no kind is called so
	}
	for name := range e.lanes {
		e.laneArgs = append(e.laneArgs, name)
	}
	e.claimQuery, e.extendQuery = claimSQL(e.db, len(e.kindArgs)), extendSQL(e.db)
}

// takeOver frees what ran when the last process ended. With SQLite there is
// only one process, so none of it can still be running; on PostgreSQL leases
// tell.
func (e *Engine) takeOver(ctx context.Context) error {
	if e.db.Kind() != store.SQLite {
		return nil
	}
	return e.db.Write(ctx, func(tx *store.Tx) error {
		args := []any{tx.Now()}
		for _, owner := range e.hub.owners() {
			args = append(args, owner)
		}
		_, err := tx.Exec(takeOverSQL(len(args)-1), args...)
		return err
	})
}

// handBack frees what this engine still holds.
func (e *Engine) handBack() {
	e.heldMu.Lock()
	e.shut = true
	rest := make([]*claim, 0, len(e.held))
	for c := range e.held {
		rest = append(rest, c)
	}
	clear(e.held)
	e.heldMu.Unlock()
	for _, c := range rest {
		if !c.begun.Load() { // the others leave by themselves
			e.hub.exit(c)
		}
	}
	e.giveUp(rest)
}

// giveUp frees claims that will not be run to their end here.
func (e *Engine) giveUp(rest []*claim) {
	if len(rest) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := e.db.Write(ctx, func(tx *store.Tx) error {
		for _, c := range rest {
			ended := 1
			if !c.begun.Load() {
				ended = 0 // nothing was tried
			}
			if _, err := tx.Exec(sqlLater, -1, ended, tx.Now(), c.lastError, c.id, c.owner, c.run); err != nil {
				return err
			}
		}
		return tx.Notify(channel)
	})
	if err != nil {
		e.log.Warn("jobs could not be handed back; they start again when their lease ends", "jobs", len(rest), "error", err)
	}
}
