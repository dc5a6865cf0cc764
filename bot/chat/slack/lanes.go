package slack

import (
	"sync"

	"helloworld/bot/chat"
)

// lanes keeps what one person does in one channel in the order in which it came,
// over all sockets: "refund 1234" and the "no, 1235" after it are not to pass
// each other. Everybody else goes on meanwhile.
type lanes struct {
	mu      sync.Mutex
	waiting map[string][]func()
	wg      sync.WaitGroup
}

// lane is where an event waits its turn.
func lane(e chat.Event) string { return e.Place.Channel + " " + e.Account.ID }

// do runs f after whatever was given before it for the same lane. It does not
// wait for it.
func (l *lanes) do(lane string, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, busy := l.waiting[lane]; busy {
		l.waiting[lane] = append(before, f)
		return
	}
	if l.waiting == nil {
		l.waiting = map[string][]func(){}
	}
	l.waiting[lane] = nil
	l.wg.Go(func() {
		for next := f; next != nil; next = l.next(lane) {
			next()
		}
	})
}

// next takes what waits longest in a lane; nil closes the lane.
func (l *lanes) next(lane string) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.waiting[lane]
	if len(q) == 0 {
		delete(l.waiting, lane)
		return nil
	}
	l.waiting[lane] = q[1:]
	return q[0]
}
