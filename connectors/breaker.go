package connectors

import (
	"sync"
	"time"
)

const (
	// breakAfter attempts in a row that found the platform down are enough.
	breakAfter = 10
	// breakFirst is how long it is left alone then, and breakMost the longest that
	// grows to.
	breakFirst = 2 * time.Second
	breakMost  = 30 * time.Second
)

// breaker keeps the calls of a store from a platform that is down. It lets one
// call at a time try whether the platform is back: any call once the pause is
// over, and before that a read for which a person waits.
type breaker struct {
	mu     sync.Mutex
	fails  int
	until  time.Time
	pause  time.Duration
	trying bool
}

// enter asks to make an attempt. Whoever may go calls left afterwards; the
// others are told how long it rests.
func (b *breaker) enter(now time.Time, p Priority, read bool) (rest time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails < breakAfter {
		return 0, true
	}
	rest = max(b.until.Sub(now), time.Second)
	if b.trying || now.Before(b.until) && (p != Agent || !read) {
		return rest, false
	}
	b.trying = true
	return 0, true
}

// outcome of an attempt.
type outcome int

const (
	// noWord: nothing was learnt about the platform; the caller left, say.
	noWord outcome = iota
	isUp
	isDown
)

// left tells what an attempt found. opened: it is this one that the pause began
// with. Writes do not count towards it: what a failed one means is not known.
func (b *breaker) left(now time.Time, o outcome, read bool) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tried := b.trying
	b.trying = false
	switch o {
	case isUp:
		b.fails, b.pause = 0, 0
	case isDown:
		if read {
			b.fails++
		}
		if b.fails < breakAfter || now.Before(b.until) && !tried {
			return false
		}
		opened = b.pause == 0
		b.pause = min(max(2*b.pause, breakFirst), breakMost)
		b.until = now.Add(b.pause)
	case noWord:
	}
	return opened
}

// resting: the platform is taken to be down.
func (b *breaker) resting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fails >= breakAfter
}
