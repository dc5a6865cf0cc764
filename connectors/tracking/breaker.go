package tracking

import (
	"sync"
	"time"
)

// breaker switches a service off for a while after it failed several times in a
// row, so that not every question costs its time-out. When it has rested, one
// question is let through as a trial: the others go on to the next service.
type breaker struct {
	most int
	rest time.Duration
	now  func() time.Time

	mu    sync.Mutex
	fails int
	until time.Time
	trial bool
}

// enter tells whether the service may be asked, else how long it rests. After a
// yes, leave has to be called.
func (b *breaker) enter() (bool, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails < b.most {
		return true, 0
	}
	if left := b.until.Sub(b.now()); left > 0 || b.trial {
		return false, max(left, time.Second)
	}
	b.trial = true
	return true, 0
}

// outcome is what a question says of the service.
type outcome int

const (
	worked outcome = iota
	failed
	// nothing: whoever asked has left.
	nothing
)

func (b *breaker) leave(o outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trial = false
	switch o {
	case worked:
		b.fails = 0
	case failed:
		if b.fails = min(b.fails+1, b.most); b.fails == b.most {
			b.until = b.now().Add(b.rest)
		}
	}
}
