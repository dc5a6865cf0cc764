package jobs

import (
	"context"
	"time"

	"helloworld/bot/store"
)

// backwards is how far a clock may go back before it is taken for a jump.
const backwards = 2 * time.Second

// watchClock notices when the computer's clock is set back, and moves what waits
// for a time along with it: otherwise a job that was to run in a second would
// wait an hour. A clock that is set forward only makes jobs early. PostgreSQL
// has a clock of its own.
func (e *Engine) watchClock(ctx context.Context) {
	if e.db.Kind() != store.SQLite {
		return
	}
	var last int64
	at := time.Now()
	tick := time.NewTicker(e.poll)
	defer tick.Stop()
	for {
		now, err := e.clock(ctx)
		passed := time.Since(at) // by the clock that nobody can set
		if err == nil {
			if last > 0 && now < last-backwards.Milliseconds() {
				e.moveBack(ctx, now, last+passed.Milliseconds()-now)
			}
			last, at = now, at.Add(passed)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Engine) clock(ctx context.Context) (now int64, err error) {
	err = e.db.Read(ctx, func(tx *store.Tx) error { now = tx.Now(); return nil })
	return now, err
}

func (e *Engine) moveBack(ctx context.Context, now, by int64) {
	e.log.Warn("the clock was set back; what waits is moved along", "by", time.Duration(by)*time.Millisecond)
	err := e.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(sqlMoveBack, by, now)
		return err
	})
	if err != nil && ctx.Err() == nil {
		e.log.Error("what waits could not be moved along", "error", err)
	}
	e.wake()
}
