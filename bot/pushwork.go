package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"helloworld/bot/alerts"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// HookArgs is reading what a platform told us to read.
type HookArgs struct {
	Store string `json:"store"`
}

// Kind names the job.
func (HookArgs) Kind() string { return "hook" }

// hookBatch is how many marks a job reads before it gives its place to another
// store, and hookWidth how many of them at once.
const (
	hookBatch = 40
	hookWidth = 4
)

// laterMost is the longest wait for something that one cannot read now.
const laterMost = 10 * time.Minute

// hook reads what events said has to be read: the platform's truth, not the
// event's. However many events there were about a thing, it is read once; and
// again only if one came while it was read.
func (d *Desk) hook(ctx context.Context, j jobs.Job[HookArgs]) error {
	s, ok := d.reach(ctx, j.Args.Store)
	if !ok {
		return jobs.Snooze(time.Hour) // it may come back to the configuration
	}
	for done := 0; ; {
		var marks []mark
		if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			marks, _, err = dueMarks(tx, s.ID, hookWidth)
			return err
		}); err != nil {
			return err
		}
		if len(marks) == 0 {
			break
		}
		if err := d.readMarks(ctx, s, marks); err != nil {
			return d.hookWaits(ctx, s, err)
		}
		if done += len(marks); done >= hookBatch {
			return jobs.Snooze(0)
		}
	}
	again, wait := false, time.Duration(0)
	later := "hook/" + s.ID + "/later"
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		again, wait = false, 0
		if err := holdPush(tx, s.ID); err != nil {
			return err
		}
		due, next, err := dueMarks(tx, s.ID, 1)
		if err != nil {
			return err
		}
		if again = len(due) > 0; again {
			return nil
		}
		if next > 0 {
			wait = max(time.Duration(next-tx.Now())*time.Millisecond, time.Millisecond)
			if j.Key == later {
				return nil // it is the one that waits
			}
			// Another job, since this one's key has to be free for what comes meanwhile.
			if err := jobs.Add(tx, HookArgs{s.ID}, jobs.Key(later), jobs.MaxAttempts(1000), jobs.In(wait)); err != nil {
				return err
			}
		}
		return j.Done(tx)
	})
	switch {
	case err == nil && again:
		return jobs.Snooze(0)
	case err == nil && wait > 0 && j.Key == later:
		return jobs.Snooze(wait)
	}
	return err
}

// hookWaits waits with all of a store's marks, because the store as a whole
// cannot be asked now. Nothing is lost meanwhile.
func (d *Desk) hookWaits(ctx context.Context, s *Store, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var re *readError
	if !errors.As(cause, &re) {
		return cause
	}
	switch connectors.KindOf(re.err) {
	case connectors.Busy:
		return jobs.Snooze(max(connectors.RetryAfterOf(re.err), time.Second))
	case connectors.Reauthorise, connectors.AppBroken:
		d.Log.WarnContext(ctx, "what a platform told us cannot be read now", "store", s.ID, "err", re.err)
		if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.troubled(tx, s, alerts.Sync, re.err) }); err != nil {
			return err
		}
		return jobs.Snooze(d.Pull) // a refusal is remembered by the adapter: to ask costs no call
	}
	return cause
}

// readMarks reads a few marks. The error is of the store as a whole, if it is a
// *readError; else it is ours.
func (d *Desk) readMarks(ctx context.Context, s *Store, marks []mark) error {
	var g errgroup.Group
	g.SetLimit(hookWidth)
	ctx = connectors.WithPriority(ctx, connectors.Sync)
	for _, m := range marks {
		g.Go(func() error { return d.readOne(ctx, s, m) })
	}
	return g.Wait()
}

// readOne reads what a mark stands for.
func (d *Desk) readOne(ctx context.Context, s *Store, m mark) error {
	write, note, err := d.truth(ctx, s, m)
	if err == nil {
		return d.DB.Write(ctx, func(tx *store.Tx) error {
			if write != nil {
				if err := write(tx); err != nil {
					return err
				}
			}
			return readMark(tx, s.ID, m, note)
		})
	}
	var re *readError
	if ctx.Err() != nil || !errors.As(err, &re) {
		return err
	}
	k := connectors.KindOf(re.err)
	switch k {
	case connectors.Busy, connectors.Reauthorise, connectors.AppBroken:
		return err
	case connectors.NotFound, connectors.Unsupported, connectors.Invalid:
		d.Log.InfoContext(ctx, "what a platform told us to read cannot be read", "store", s.ID, "mark", m.name, "kind", k.String(), "err", re.err)
		return d.DB.Write(ctx, func(tx *store.Tx) error { return readMark(tx, s.ID, m, k.String()) })
	}
	d.Log.WarnContext(ctx, "what a platform told us to read is read later", "store", s.ID, "mark", m.name, "tries", m.tries, "err", re.err)
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := laterMark(tx, s.ID, m, min(d.Pull/12<<min(m.tries, 7), laterMost)); err != nil {
			return err
		}
		return d.troubled(tx, s, alerts.Sync, re.err)
	})
}

// truth asks the platform. What has to be written down for it is done in the
// transaction that takes the mark away.
func (d *Desk) truth(ctx context.Context, s *Store, m mark) (write func(tx *store.Tx) error, note string, err error) {
	if id, ok := strings.CutPrefix(m.name, markOrder); ok {
		r, ok := s.Orders()
		if !ok {
			return nil, "unsupported", nil
		}
		o, err := r.Order(ctx, id)
		if err != nil {
			return nil, "", &readError{err}
		}
		rows := sync.OrderBatch([]connectors.Order{o})
		return func(tx *store.Tx) error { _, err := rows.Save(tx, s.ID); return err }, "", nil
	}
	if id, ok := strings.CutPrefix(m.name, markPrivacy); ok {
		return func(tx *store.Tx) error { return d.erase(tx, s, id) }, "", nil
	}
	if m.name == markHealth {
		_, err := d.CheckStore(ctx, s)
		if err == nil {
			s.Shop.Can(ctx) // has the adapter look what it may do now
		}
		return nil, "", err
	}
	streams := map[string][]string{markOrders: {sync.Orders}, markMessages: {sync.Messages}, markReturns: {sync.Returns},
		markItems: {sync.Items, sync.Stock}}[m.name]
	can := d.streams(s)
	for _, stream := range streams {
		for _, x := range can {
			if x != stream {
				continue
			}
			if err := d.pullStream(ctx, s, stream, false); err != nil {
				return nil, "", err
			}
		}
	}
	return nil, "", nil
}
