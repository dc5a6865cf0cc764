package connectors

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Priority says who is waiting for a call.
type Priority int

// The priorities.
const (
	// Agent: a person waits. It is the default.
	Agent Priority = iota
	// Sync: nobody waits; it lets agents go first and leaves them a reserve.
	Sync
)

type priorityKey struct{}

// WithPriority marks the calls made under ctx.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

type freshKey struct{}

// WithFresh marks the calls made under ctx as [Call.Fresh]: whoever looks whether
// something has happened must not be told what another saw a moment before.
func WithFresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, true)
}

// FreshOf tells whether ctx is marked by [WithFresh].
func FreshOf(ctx context.Context) bool {
	fresh, _ := ctx.Value(freshKey{}).(bool)
	return fresh
}

// PriorityOf is the priority that ctx carries; Agent if none.
func PriorityOf(ctx context.Context) Priority {
	p, _ := ctx.Value(priorityKey{}).(Priority)
	return p
}

// Bucket is a platform's published limit of one operation: Rate a second, Burst
// at once. A Rate of 0 means no limit.
type Bucket struct {
	Rate  float64
	Burst int
}

const (
	// backTo is what is left of the rate after a refusal, and step the part of the
	// full rate that each success wins back. Together they make a saw of some ninety
	// calls to a tooth, and of a height that the platform's bucket evens out.
	backTo = 0.85
	step   = 1.0 / 300
	// A bucket of two is emptied by two of somebody else's calls in a row, however
	// slow we are, and giving way to that each time would only give the budget
	// away. There a refusal slows little, unless nothing has worked since the last.
	tiny       = 2
	tinyBackTo = 0.97
	tinyStep   = 1.0 / 800
	// least is the part of the full rate below which no refusal brings it, and of
	// the published rate below which no hint is believed.
	least = 0.1
	// meterRest is how long a meter that failed is left alone.
	meterRest = time.Second
)

// bucket paces one operation. It uses half the published burst, since the
// platform's bucket and ours do not fill in step, slows down when the platform
// refuses, and finds its way back a little with every success. Its callers
// stand in line, agents before syncs, and only the first of them asks.
type bucket struct {
	line  line
	key   string
	meter Meter
	log   *slog.Logger

	mu        sync.Mutex
	lim       *rate.Limiter
	published float64
	full, now float64 // the rate to get back to, and the one in use
	burst     int
	until     time.Time // the platform wants no call before
	slowed    time.Time
	tiny      bool
	well      bool      // a call has worked since it slowed down
	away      time.Time // the meter is not asked before
	alone     bool      // the meter failed: lim has this replica's share
}

func newBucket(b Bucket) *bucket {
	burst := max(1, b.Burst/2)
	return &bucket{lim: rate.NewLimiter(rate.Limit(b.Rate), burst), published: b.Rate, full: b.Rate, now: b.Rate, burst: burst,
		tiny: b.Burst <= tiny, well: true, log: slog.New(slog.DiscardHandler)}
}

// permit is what came of asking for one.
type permit struct {
	// refuse is how long it would take, if that is longer than the caller can wait.
	refuse time.Duration
	// waited is how long it took.
	waited time.Duration
	at     time.Time
}

// take waits for a permit, but no longer than patience: then it says how long
// it would take.
func (b *bucket) take(ctx context.Context, now func() time.Time, sleep func(context.Context, time.Duration) error, patience time.Duration) (permit, error) {
	start, slept := now(), time.Duration(0)
	p := PriorityOf(ctx)
	w, ahead := b.line.join(p)
	if wait := b.expect(start, ahead); ahead > 0 && wait > patience {
		b.line.leave(w)
		return permit{refuse: wait}, nil
	}
	for {
		select {
		case <-b.line.turn(w):
		case <-ctx.Done():
			b.line.leave(w)
			return permit{}, ctx.Err()
		}
		wait, err := b.ask(ctx, now, p)
		at := now()
		spent := max(slept, at.Sub(start)) // a clock in a test may stand still
		if err != nil || wait <= 0 {
			b.line.leave(w)
			return permit{waited: spent, at: at}, err
		}
		wait = max(wait, time.Millisecond)
		if wait > patience-spent {
			b.line.leave(w)
			return permit{refuse: wait}, nil
		}
		// An agent who comes meanwhile goes first: the sleep ends, and this one
		// stands behind.
		nap, wake := context.WithCancel(ctx)
		b.line.sleeping(w, wake)
		err = sleep(nap, wait)
		wake()
		if b.line.awake(w) && ctx.Err() == nil {
			continue
		}
		if err != nil {
			b.line.leave(w)
			return permit{}, err
		}
		slept += wait
	}
}

// expect is how long somebody waits who has that many before them.
func (b *bucket) expect(now time.Time, ahead int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	have := 0.0
	if b.meter == nil || b.alone {
		have = max(0, b.lim.TokensAt(now))
	}
	wait := time.Duration((float64(ahead+1) - have) / float64(b.lim.Limit()) * float64(time.Second))
	return max(wait, b.until.Sub(now))
}

// ask asks once: 0 is a permit.
func (b *bucket) ask(ctx context.Context, now func() time.Time, p Priority) (time.Duration, error) {
	b.mu.Lock()
	t := now()
	if w := b.until.Sub(t); w > 0 {
		b.mu.Unlock()
		return w, nil
	}
	if b.meter != nil && !t.Before(b.away) {
		limit := Bucket{Rate: b.now, Burst: b.burst}
		if p == Sync && limit.Burst > 1 {
			limit.Burst-- // one stays for an agent
		}
		b.mu.Unlock()
		wait, err := b.meter.Take(ctx, b.key, limit, 1)
		if err == nil {
			b.together()
			return wait, nil
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		b.mu.Lock()
		t = now()
		b.apart(t, err)
	}
	defer b.mu.Unlock()
	need := 1.0
	if p == Sync && b.lim.Burst() > 1 {
		need = 2
	}
	if have := b.lim.TokensAt(t); have < need {
		return max(1, time.Duration((need-have)/float64(b.lim.Limit())*float64(time.Second))), nil
	}
	if !b.lim.AllowN(t, 1) {
		return time.Millisecond, nil
	}
	return 0, nil
}

// apart: the meter does not answer, so this replica keeps to its share. The
// caller holds the lock.
func (b *bucket) apart(now time.Time, err error) {
	b.away = now.Add(meterRest)
	if b.alone {
		return
	}
	b.alone = true
	// What the others have taken in this moment is not known: begin with nothing.
	b.lim.SetBurstAt(now, max(1, int(float64(b.burst)*b.share())))
	b.lim.SetLimitAt(now, rate.Limit(b.now*b.share()))
	b.drain(now)
	b.log.Warn("the shared budget does not answer: keeping to this replica's share", "budget", b.key, "share", b.share(), "err", Redact(err.Error()))
}

// together: the meter answers.
func (b *bucket) together() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.alone {
		return
	}
	b.alone = false
	b.log.Info("the shared budget answers again", "budget", b.key)
}

// share is the part of the budget that is this replica's.
func (b *bucket) share() float64 {
	if !b.alone {
		return 1
	}
	if s := b.meter.Share(); s > 0 && s <= 1 {
		return s
	}
	return 1
}

// drain empties the local bucket. The caller holds the lock.
func (b *bucket) drain(now time.Time) {
	if n := int(b.lim.TokensAt(now)); n > 0 {
		b.lim.AllowN(now, n)
	}
}

// refused slows down after the platform said no to a call that left at sent.
// Calls that were on their way together are refused together: that is one no.
func (b *bucket) refused(now time.Time, after time.Duration, sent time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := now.Add(after); t.After(b.until) {
		b.until = t
	}
	if !b.slowed.IsZero() && !sent.After(b.slowed) {
		return
	}
	b.slowed = now
	to := backTo
	if b.tiny && b.well {
		to = tinyBackTo
	}
	b.well = false
	b.now = max(b.now*to, b.full*least)
	b.lim.SetLimitAt(now, rate.Limit(b.now*b.share()))
	b.drain(now) // the platform's is empty, whatever ours says
}

// worked creeps back to the full rate; hint is the rate the platform named, or 0.
func (b *bucket) worked(now time.Time, hint float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if hint > 0 {
		b.full = max(hint, b.published*least)
	}
	b.well = true
	by := b.full * step
	if b.tiny {
		by = b.full * tinyStep
	}
	if r := min(b.full, b.now+by); r != b.now || b.alone {
		b.now = r
		b.lim.SetLimitAt(now, rate.Limit(r*b.share()))
	}
}

// interval is how long one permit takes to grow.
func (b *bucket) interval() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Duration(float64(time.Second) / float64(b.lim.Limit()))
}

// line is those who wait for one budget. The first of them has the turn.
type line struct {
	mu     sync.Mutex
	head   *waiter
	agents []*waiter
	syncs  []*waiter
}

type waiter struct {
	prio Priority
	// mine is closed when it is this one's turn; who loses it gets a new one.
	mine chan struct{}
	wake context.CancelFunc
}

// join stands in line, and tells how many are before.
func (l *line) join(p Priority) (w *waiter, ahead int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w = &waiter{prio: p, mine: make(chan struct{})}
	ahead = len(l.agents)
	if l.head != nil && (p == Sync || l.head.prio == Agent) {
		ahead++
	}
	if p == Sync {
		ahead += len(l.syncs)
		l.syncs = append(l.syncs, w)
	} else {
		l.agents = append(l.agents, w)
	}
	l.advance()
	return w, ahead
}

// sleeping: w has the turn and sleeps; wake ends that.
func (l *line) sleeping(w *waiter, wake context.CancelFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.wake = wake
	l.advance()
}

// awake: w sleeps no longer. lost tells that it has lost the turn meanwhile.
func (l *line) awake(w *waiter) (lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.wake = nil
	return l.head != w
}

// turn is closed when it is w's turn.
func (l *line) turn(w *waiter) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return w.mine
}

// leave takes w out of the line.
func (l *line) leave(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head == w {
		l.head = nil
	}
	l.agents, l.syncs = without(l.agents, w), without(l.syncs, w)
	l.advance()
}

// advance gives the turn to whoever is next. A sync that sleeps gives way to an
// agent. The caller holds the lock.
func (l *line) advance() {
	if h := l.head; h != nil {
		if h.prio != Sync || len(l.agents) == 0 || h.wake == nil {
			return
		}
		wake := h.wake
		h.wake, h.mine = nil, make(chan struct{})
		l.syncs = append([]*waiter{h}, l.syncs...)
		l.head = nil
		wake()
	}
	switch {
	case len(l.agents) > 0:
		l.head, l.agents = l.agents[0], l.agents[1:]
	case len(l.syncs) > 0:
		l.head, l.syncs = l.syncs[0], l.syncs[1:]
	default:
		return
	}
	close(l.head.mine)
}

func without(ws []*waiter, w *waiter) []*waiter {
	for i, x := range ws {
		if x == w {
			return append(ws[:i:i], ws[i+1:]...)
		}
	}
	return ws
}
