package translate

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// failuresInARow open the breaker.
	failuresInARow = 3
	// firstRest doubles with each opening, up to longestRest.
	firstRest   = 15 * time.Second
	longestRest = 10 * time.Minute
	// busyFor, deniedFor and quotaFor are how long an engine is left alone that
	// does not say for how long. A wrong key is not righted by asking.
	busyFor   = 10 * time.Second
	deniedFor = 15 * time.Minute
	quotaFor  = time.Hour
	// refusedFor is how long an engine that keeps no token is left alone before it
	// is tried again: someone may have changed its model.
	refusedFor = 10 * time.Minute
	// noPairFor is how long an engine is not asked again for languages it has not.
	noPairFor = time.Hour
	// retryMost bounds what a server may ask for.
	retryMost = 24 * time.Hour
)

// breaker keeps an engine that fails from being asked by everybody. After its
// rest one call tries whether it is well again; the others go elsewhere meanwhile.
type breaker struct {
	mu sync.Mutex
	// until is the end of the rest; zero when closed.
	until time.Time
	// fails counts failures in a row, opens how often it opened without an answer since.
	fails, opens int
	trying       bool
	// turn changes with every opening and closing, so that a call which began
	// before it says nothing about what is now.
	turn int
}

// enter asks for leave to call; turn is handed to leave.
func (b *breaker) enter(now time.Time) (turn int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return b.turn, true
	}
	if b.trying || now.Before(b.until) {
		return 0, false
	}
	b.trying = true
	return b.turn, true
}

// leave tells how the call went. It answers for how long the engine rests now.
func (b *breaker) leave(turn int, now time.Time, err error, gaveUp bool) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if turn != b.turn {
		return 0
	}
	b.trying = false
	if gaveUp { // whoever asked has left: that says nothing about the engine
		return 0
	}
	kind := KindOf(err)
	if err == nil || kind == NoPair || kind == TooLong {
		if !b.until.IsZero() {
			b.turn++
		}
		b.until, b.fails, b.opens = time.Time{}, 0, 0
		return 0
	}
	d := b.restOf(kind, err)
	if d > 0 {
		b.until = now.Add(d)
		b.turn++
	}
	return d
}

// restOf is how long to rest after an error. b.mu is held.
func (b *breaker) restOf(kind ErrorKind, err error) time.Duration {
	var asked time.Duration
	if e := (*EngineError)(nil); errors.As(err, &e) {
		asked = min(e.RetryAfter, retryMost)
	}
	otherwise := func(d time.Duration) time.Duration {
		if asked > 0 {
			return asked
		}
		return d
	}
	switch kind {
	case Busy:
		return otherwise(busyFor)
	case Denied:
		return max(asked, deniedFor)
	case Quota:
		return otherwise(quotaFor)
	}
	b.fails++
	// A time-out has cost somebody the whole of it: two more are two too many.
	if errors.Is(err, context.DeadlineExceeded) {
		b.fails = max(b.fails, failuresInARow)
	}
	if b.fails < failuresInARow {
		return asked
	}
	d := longestRest
	if b.opens < 6 {
		d = min(d, firstRest<<b.opens)
	}
	b.opens++
	return max(asked, d)
}

// rest leaves the engine alone for a reason that is not a call's error.
func (b *breaker) rest(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until, b.trying = until, false
	b.turn++
}
