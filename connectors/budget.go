package connectors

import (
	"context"
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

// bucket paces one operation. It uses half the published burst, since the
// platform's bucket and ours do not fill in step, slows down when the platform
// refuses, and finds its way back a little with every success.
type bucket struct {
	mu     sync.Mutex
	lim    *rate.Limiter
	full   float64
	agents int
	until  time.Time
}

func newBucket(b Bucket) *bucket {
	burst := max(1, b.Burst/2)
	return &bucket{lim: rate.NewLimiter(rate.Limit(b.Rate), burst), full: b.Rate}
}

// take waits for a permit, but no longer than patience: then it says how long
// it would take.
func (b *bucket) take(ctx context.Context, now func() time.Time, sleep func(context.Context, time.Duration) error, patience time.Duration) (time.Duration, error) {
	p := PriorityOf(ctx)
	waiting := false
	defer func() {
		if waiting {
			b.mu.Lock()
			b.agents--
			b.mu.Unlock()
		}
	}()
	for {
		b.mu.Lock()
		t := now()
		need := 1.0
		if p == Sync && b.lim.Burst() > 1 {
			need = 2
		}
		var wait time.Duration
		if have := b.lim.TokensAt(t); have < need {
			wait = time.Duration((need - have) / float64(b.lim.Limit()) * float64(time.Second))
		}
		if w := b.until.Sub(t); w > wait {
			wait = w
		}
		if p == Sync && b.agents > 0 {
			wait = max(wait, time.Duration(float64(b.agents)/float64(b.lim.Limit())*float64(time.Second)))
		}
		if wait <= 0 && b.lim.AllowN(t, 1) {
			b.mu.Unlock()
			return 0, nil
		}
		if p == Agent && !waiting {
			waiting = true
			b.agents++
		}
		b.mu.Unlock()
		wait = max(wait, time.Millisecond)
		if wait > patience {
			return wait, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return 0, err
		}
		patience -= wait
	}
}

// refused slows down after the platform said no.
func (b *bucket) refused(now time.Time, after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lim.SetLimitAt(now, rate.Limit(max(float64(b.lim.Limit())*0.6, b.full/10)))
	if t := now.Add(after); t.After(b.until) {
		b.until = t
	}
}

// worked creeps back to the full rate; hint is the rate the platform named, or 0.
func (b *bucket) worked(now time.Time, hint float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if hint > 0 {
		b.full = hint
	}
	if l := float64(b.lim.Limit()); l != b.full {
		b.lim.SetLimitAt(now, rate.Limit(min(b.full, l+b.full/20)))
	}
}

// interval is how long one permit takes to grow.
func (b *bucket) interval() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Duration(float64(time.Second) / float64(b.lim.Limit()))
}
