package jobs

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"helloworld/bot/store"
)

// periodic is a job that is added again and again.
type periodic struct {
	name  string
	every int64 // milliseconds
	add   func(tx *store.Tx) error
	next  int64 // when to ask the table again; only for whoever looks
}

// Every adds a job each d, at first at once. However many engines do so, it is
// added once each time; while the last one has not finished, it is left out.
// Times that were slept through are not made up for. A name that is there already
// is given the new period and arguments.
func (e *Engine) Every(name string, d time.Duration, a Args, o ...Opt) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if d < time.Millisecond {
		e.wrong = errors.Join(e.wrong, fmt.Errorf("jobs: %s is too short a period for %q", d, name))
		return
	}
	o = append([]Opt{Key("every:" + name)}, o...)
	p := &periodic{name: name, every: d.Milliseconds(), add: func(tx *store.Tx) error { return Add(tx, a, o...) }}
	// The list is never changed in place: a look that is under way has the old one.
	list := slices.DeleteFunc(slices.Clone(e.periodic), func(x *periodic) bool { return x.name == name })
	e.periodic = append(list, p)
	if e.running() {
		e.hub.soon(0)
	}
}

// addPeriodic adds what is due, and lowers nearest to when the next one is.
func (e *Engine) addPeriodic(tx *store.Tx, nearest *int64) error {
	now := tx.Now()
	e.mu.Lock()
	list := e.periodic
	e.mu.Unlock()
	for _, p := range list {
		at := p.next
		if at <= now {
			var err error
			if at, err = p.turn(tx, now); err != nil {
				return fmt.Errorf("jobs: the periodic job %q: %w", p.name, err)
			}
			tx.After(func() { p.next = at })
		}
		*nearest = earlier(*nearest, at)
	}
	return nil
}

// turn adds the job if it is due and nobody else has, and returns when it is
// due again.
func (p *periodic) turn(tx *store.Tx, now int64) (int64, error) {
	if p.next == 0 {
		if _, err := tx.Exec(sqlScheduleNew, p.name, now); err != nil {
			return 0, err
		}
	}
	var at int64
	if err := tx.Row(sqlScheduleNext, p.name).Scan(&at); err != nil {
		return 0, err
	}
	next := at + p.every*(1+(now-at)/p.every)
	switch {
	case at > now+p.every:
		next = now + p.every // the period was made shorter
	case at > now:
		return at, nil
	}
	n, err := tx.Exec(sqlScheduleMove, next, p.name, at)
	if err != nil || n == 0 || at > now {
		return next, err
	}
	return next, p.add(tx)
}
