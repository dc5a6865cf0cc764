package jobs

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"helloworld/bot/store"
)

// channel is what replicas wake each other on.
const channel = "desk_jobs"

// claim is a row that an engine holds.
type claim struct {
	id           int64
	lane, kind   string
	args         string
	ord, key     string
	ahead        bool // known only while it is added
	owner        string
	run          int64
	attempt, max int
	// ends is how many runs ended with their process.
	ends        int
	lastError   string
	created     int64
	engine      *Engine
	slot        *lane
	since       time.Time // when it was claimed, by this process's clock
	begun, lost atomic.Bool
	cancel      context.CancelCauseFunc // under the engine's heldMu
	// ended says that the run has given its row up itself. It is set within the
	// transaction that does so: as soon as that is committed, whoever extends the
	// leases no longer finds the row, and must not take it for lost.
	ended atomic.Bool
}

// lane is a queue in memory and those who work on it.
type lane struct {
	name  string
	width int
	queue chan *claim
	room  atomic.Int64 // places in the queue that nobody has reserved
	// behind is set while rows wait in the table for a place. New ones then
	// queue up behind them, instead of being handed over past them.
	behind atomic.Bool
}

// reserve takes a place in the queue for a row that is about to be added.
func (l *lane) reserve() bool { return !l.behind.Load() && l.reserveUpTo(1) == 1 }

// reserveUpTo takes up to n places.
func (l *lane) reserveUpTo(n int64) int64 {
	for {
		room := l.room.Load()
		take := min(n, room)
		if take <= 0 {
			return 0
		}
		if l.room.CompareAndSwap(room, room-take) {
			return take
		}
	}
}

func (l *lane) giveBack(n int64) { l.room.Add(n) }

// low is the length at which the queue is filled up again.
func (l *lane) low() int { return cap(l.queue) / 4 }

// hold adds c to what this engine keeps alive, unless the engine has stopped.
func (e *Engine) hold(c *claim) bool {
	e.heldMu.Lock()
	defer e.heldMu.Unlock()
	if e.shut {
		return false
	}
	e.held[c] = struct{}{}
	c.since = time.Now()
	return true
}

// start puts a claimed row into the queue. A place was reserved for it.
func (e *Engine) start(c *claim) {
	if !e.hold(c) {
		c.slot.giveBack(1)
		e.giveUp([]*claim{c})
		return
	}
	if e.hub.enter(c) {
		c.slot.queue <- c
	}
}

// batch is how many rows are claimed at once.
const batch = 256

// looking finds what nobody was told of.
func (e *Engine) looking(ctx context.Context) {
	first := true
	for rounds := 0; ; rounds++ {
		wait, err := e.lookOnce(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.Error("looking for jobs failed; trying again", "error", err)
		}
		if first && err == nil {
			close(e.started)
			first = false
		}
		if rounds%60 == 0 {
			e.reportStrangers(ctx)
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-e.look:
			t.Stop()
		case <-t.C:
		}
	}
}

// lookOnce claims what the lanes have room for, and adds the periodic jobs that
// are due. It returns after how long to look again.
func (e *Engine) lookOnce(ctx context.Context) (time.Duration, error) {
	var took []*claim
	var dead []DeadJob
	var nearest int64
	var now int64
	more := false
	places := map[*lane]int64{}
	err := e.db.Write(ctx, func(tx *store.Tx) error {
		took, dead, nearest, more = nil, nil, 0, false
		clear(places)
		tx.Undo(func() {
			for l, n := range places {
				l.giveBack(n)
			}
		})
		now = tx.Now()
		if err := e.addPeriodic(tx, &nearest); err != nil {
			return err
		}
		for _, l := range e.lanes {
			n := l.reserveUpTo(batch)
			if n == 0 {
				// A worker will wake us; unless it has just emptied the queue.
				l.behind.Store(true)
				if n = l.reserveUpTo(batch); n == 0 {
					continue
				}
			}
			places[l] = n
			got, err := e.claimRows(tx, l, n)
			if err != nil {
				return err
			}
			if int64(len(got)) == n {
				l.behind.Store(true)
				more = true
			} else {
				l.behind.Store(false)
			}
			for _, c := range got {
				if c.ends <= max(mostEnds, c.max) {
					took = append(took, c)
					continue
				}
				d, err := e.bury(tx, c, errEnds)
				if err != nil {
					return err
				}
				dead = append(dead, d)
			}
			var at *int64
			if err := tx.Row(sqlNearest, l.name, now).Scan(&at); err != nil {
				return err
			}
			if at != nil {
				nearest = earlier(nearest, *at)
			}
		}
		return nil
	})
	if err != nil {
		return e.poll, err
	}
	for _, c := range took {
		places[c.slot]--
		e.start(c)
	}
	for l, n := range places {
		l.giveBack(n)
	}
	for _, d := range dead {
		e.tell(d)
	}
	switch {
	case more || len(dead) > 0:
		return 0, nil
	case nearest > now:
		return min(e.poll, time.Duration(nearest-now)*time.Millisecond), nil
	}
	return e.poll, nil
}

// mostEnds is with how many processes a job may end. That is no failure of its own,
// since a process may be restarted often; but a job that takes each one down with
// it must not do so for ever. One that may fail more often may also end so.
const mostEnds = 200

var errEnds = errors.New("jobs: the process ended, or stood still, during too many runs")

func earlier(a, b int64) int64 {
	if a == 0 || b < a {
		return b
	}
	return a
}

func (e *Engine) claimRows(tx *store.Tx, l *lane, n int64) ([]*claim, error) {
	args := append([]any{l.name, tx.Now()}, e.kindArgs...)
	args = append(args, n, e.owner, tx.Now()+e.lease.Milliseconds())
	rows, err := tx.Query(e.claimQuery, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var got []*claim
	for rows.Next() {
		c := &claim{engine: e, slot: l}
		err := rows.Scan(&c.id, &c.lane, &c.kind, &c.args, &c.ord, &c.key, &c.owner, &c.run, &c.attempt, &c.ends, &c.max, &c.lastError, &c.created)
		if err != nil {
			return nil, err
		}
		got = append(got, c)
	}
	// The engines return them in any order.
	slices.SortFunc(got, func(a, b *claim) int { return int(min(max(a.id-b.id, -1), 1)) })
	return got, rows.Err()
}

// follow claims the job behind c in its order, if it can be started here.
func (e *Engine) follow(tx *store.Tx, c *claim) error {
	if c.ord == "" {
		return nil
	}
	var runAt int64
	n := &claim{engine: e}
	rows, err := tx.Query(sqlHead, c.ord)
	if err != nil {
		return err
	}
	found := rows.Next()
	if found {
		err = rows.Scan(&n.id, &n.lane, &n.kind, &n.args, &n.ord, &n.key, &runAt, &n.owner, &n.run, &n.attempt, &n.ends, &n.max, &n.lastError, &n.created)
	}
	if err = errors.Join(err, rows.Close(), rows.Err()); err != nil || !found {
		return err
	}
	if n.owner != "" || runAt > tx.Now() {
		return nil // it runs, or will be found when it is due
	}
	l := e.lanes[n.lane]
	if !e.running() || l == nil || e.kinds[n.kind] == nil || n.attempt >= n.max || l.reserveUpTo(1) == 0 {
		tx.After(func() { e.hub.wake(n.lane, false) })
		return tx.Notify(channel)
	}
	tx.Undo(func() { l.giveBack(1) })
	changed, err := tx.Exec(sqlClaimOne, e.owner, tx.Now()+e.lease.Milliseconds(), n.id, n.run)
	if err != nil {
		return err
	}
	if changed == 0 {
		tx.After(func() { l.giveBack(1) })
		return nil
	}
	n.slot, n.owner = l, e.owner
	n.run++
	n.attempt++
	tx.After(func() { e.start(n) })
	return nil
}

// keepAlive extends the leases of everything held, until ctx ends.
func (e *Engine) keepAlive(ctx context.Context) {
	t := time.NewTicker(max(e.lease/3, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			e.extend(ctx)
		}
	}
}

func (e *Engine) extend(ctx context.Context) {
	began := time.Now()
	e.heldMu.Lock()
	byID := make(map[int64]*claim, len(e.held))
	ids := make([]int64, 0, len(e.held))
	for c := range e.held {
		byID[c.id] = c
		ids = append(ids, c.id)
	}
	e.heldMu.Unlock()
	if len(ids) > 0 {
		slices.Sort(ids) // the same order everywhere, against deadlocks
		if err := e.extendRows(ctx, ids, byID); err != nil {
			if ctx.Err() == nil {
				e.log.Error("leases could not be extended", "jobs", len(ids), "error", err)
			}
			e.heldMu.Lock()
			defer e.heldMu.Unlock()
			if time.Since(e.beat) > e.lease {
				for c := range e.held {
					if !c.ended.Load() {
						c.lose()
					}
				}
			}
			return
		}
	}
	e.heldMu.Lock()
	defer e.heldMu.Unlock()
	e.beat = began
	for _, c := range byID {
		if _, still := e.held[c]; still && !c.ended.Load() {
			e.log.Warn("the lease of a job was lost", "job", c.id, "kind", c.kind)
			c.lose()
		}
	}
}

// extendRows extends leases, and removes from byID those that were ours.
func (e *Engine) extendRows(ctx context.Context, ids []int64, byID map[int64]*claim) error {
	list, err := jsonList(ids)
	if err != nil {
		return err
	}
	return e.db.Write(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(e.extendQuery, tx.Now()+e.lease.Milliseconds(), e.owner, list)
		if err != nil {
			return err
		}
		defer rows.Close()
		ours := map[int64]int64{}
		for rows.Next() {
			var id, run int64
			if err := rows.Scan(&id, &run); err != nil {
				return err
			}
			ours[id] = run
		}
		tx.After(func() {
			for id, run := range ours {
				if c := byID[id]; c != nil && c.run == run {
					delete(byID, id)
				}
			}
		})
		return rows.Err()
	})
}

// endIn notes that tx gives the row of c up, for as long as tx is not taken back.
func (c *claim) endIn(tx *store.Tx) {
	c.ended.Store(true)
	tx.Undo(func() { c.ended.Store(false) })
}

// lose ends the context of a run that is no longer the only one. heldMu is held.
func (c *claim) lose() {
	c.lost.Store(true)
	if c.cancel != nil {
		c.cancel(ErrLost)
	}
}
