package jobs

import (
	"slices"
	"sync"
	"time"

	"helloworld/bot/store"
)

// hub knows the engines of this process that work on one database.
type hub struct {
	mu      sync.RWMutex
	engines []*Engine

	// The table lets the next job of an order go when the one before it is
	// gone. A worker that finished its job itself may still be on its way out,
	// so those of this process also stand in line.
	lineMu sync.Mutex
	lines  map[string]*line
}

// line is the jobs of one order that this process has claimed.
type line struct {
	front   *claim
	waiting []*claim
}

// enter has c stand in line, and tells whether it is its turn.
func (h *hub) enter(c *claim) bool {
	if c.ord == "" {
		return true
	}
	h.lineMu.Lock()
	defer h.lineMu.Unlock()
	if l := h.lines[c.ord]; l != nil {
		l.waiting = append(l.waiting, c)
		return false
	}
	h.lines[c.ord] = &line{front: c}
	return true
}

// exit takes c out of its line, and starts whoever's turn it is then.
func (h *hub) exit(c *claim) {
	if c.ord == "" {
		return
	}
	h.lineMu.Lock()
	defer h.lineMu.Unlock()
	l := h.lines[c.ord]
	if l == nil {
		return
	}
	if l.front != c {
		l.waiting = slices.DeleteFunc(l.waiting, func(x *claim) bool { return x == c })
		return
	}
	if len(l.waiting) == 0 {
		delete(h.lines, c.ord)
		return
	}
	l.front, l.waiting = l.waiting[0], l.waiting[1:]
	l.front.slot.queue <- l.front // does not wait: a place was reserved
}

type hubKey struct{}

var hubs sync.Mutex // only while one is made

func hubOf(db *store.DB) *hub {
	if h, ok := db.Value(hubKey{}).(*hub); ok {
		return h
	}
	hubs.Lock()
	defer hubs.Unlock()
	if h, ok := db.Value(hubKey{}).(*hub); ok {
		return h
	}
	h := &hub{lines: map[string]*line{}}
	db.Attach(hubKey{}, h)
	return h
}

func (h *hub) join(e *Engine) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.engines = append(h.engines, e)
}

func (h *hub) leave(e *Engine) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.engines = slices.DeleteFunc(h.engines, func(x *Engine) bool { return x == e })
}

// owners are the engines that work.
func (h *hub) owners() (all []string) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, e := range h.engines {
		all = append(all, e.owner)
	}
	return all
}

// home finds an engine that does jobs of a kind, and the lane they go to; one
// that runs is preferred.
func (h *hub) home(kind, laneName string) (engine *Engine, l *lane) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, e := range h.engines {
		at := e.place(kind, laneName)
		if at == nil {
			continue
		}
		if e.running() {
			return e, at
		}
		if l == nil {
			engine, l = e, at
		}
	}
	return engine, l
}

func (e *Engine) place(kind, laneName string) *lane {
	e.mu.RLock()
	defer e.mu.RUnlock()
	k := e.kinds[kind]
	switch {
	case k == nil:
		return nil
	case laneName == "":
		return k.lane
	}
	return e.lanes[laneName]
}

// wake has the engines look for jobs. behind says that some wait in that lane.
func (h *hub) wake(laneName string, behind bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, e := range h.engines {
		e.mu.RLock()
		l := e.lanes[laneName]
		e.mu.RUnlock()
		if l == nil {
			continue
		}
		if behind {
			// Whoever takes from the queue will wake it; unless nobody does any
			// more, so the length is asked for after the flag is set.
			l.behind.Store(true)
			if len(l.queue) > l.low() {
				continue
			}
		}
		e.wake()
	}
}

// soon has the engines look again if something is due before they would.
func (h *hub) soon(d time.Duration) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, e := range h.engines {
		if d < e.poll {
			e.wake()
		}
	}
}

func (e *Engine) wake() {
	select {
	case e.look <- struct{}{}:
	default:
	}
}
