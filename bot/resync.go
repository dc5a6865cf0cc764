package bot

import (
	"context"
	"errors"
	"slices"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

// ResyncArgs is a run under way.
type ResyncArgs struct {
	Run string `json:"run"`
}

// Kind names the job.
func (ResyncArgs) Kind() string { return "resync" }

// StartResync reads a store again from since on, with a card that shows how far
// it is. If a run is under way, its card is shown instead.
func (d *Desk) StartResync(ctx context.Context, by Deed, s *Store, streams []string, since time.Time) error {
	if len(streams) == 0 {
		// The others are read when they are asked for: they are long, or change little.
		for _, x := range d.streams(s) {
			if mainStream(x) {
				streams = append(streams, x)
			}
		}
	}
	can := d.streams(s)
	if len(streams) == 0 || slices.ContainsFunc(streams, func(x string) bool { return !slices.Contains(can, x) }) {
		return i18n.NewProblem(nil, "error.store_cannot", "store", s.Name)
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		id, err := next(tx, "run", "S")
		if err != nil {
			return err
		}
		r, fresh, err := sync.Start(tx, sync.Run{ID: id, Store: s.ID, Streams: streams, Since: since, By: string(by.Who.ID)})
		if err != nil {
			return err
		}
		place := by.Event.Place
		place.Only, place.Answering = "", ""
		if err := d.heard(tx, by.Event); err != nil {
			return err
		}
		if err := d.Show(tx, "run:"+r.ID, place, by.P.Lang()); err != nil {
			return err
		}
		if !fresh {
			return d.Whisper(tx, by.Event, plain(by.P, by.P.T("run.under_way", "store", s.Name, "who", d.People.Name(people.ID(r.By)))))
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "sync.asked", "run:"+r.ID, map[string]any{"store": s.ID, "streams": streams}); err != nil {
			return err
		}
		return addResync(tx, r)
	})
}

// resync reads one page after another, each with its progress in one
// transaction: a crash in between reads a page again, and counts it once.
func (d *Desk) resync(ctx context.Context, j jobs.Job[ResyncArgs]) error {
	for {
		var r sync.Run
		if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			r, err = sync.GetRun(tx, j.Args.Run)
			return err
		}); errors.Is(err, sync.ErrNoRun) {
			return nil
		} else if err != nil {
			return err
		}
		if r.State == sync.Done || r.State == sync.Failing {
			return nil
		}
		s, ok := d.reach(ctx, r.Store)
		if !ok {
			// It may come back to the configuration. A run that stays behind without its
			// job would keep everybody else from reading what it reads.
			return jobs.Snooze(time.Hour)
		}
		over, err := d.resyncStream(ctx, j, &r, s)
		var re *readError
		if errors.As(err, &re) {
			return d.resyncFailed(ctx, j, r, s, re.err)
		}
		if err != nil || over {
			return err
		}
	}
}

// resyncStream reads the stream that a run is at, or gets its file one step
// further. It tells whether the run is over.
func (d *Desk) resyncStream(ctx context.Context, j jobs.Job[ResyncArgs], r *sync.Run, s *Store) (over bool, err error) {
	stream := r.Streams[r.At]
	if stream == sync.Orders && r.Bulk.Wanted && !r.Bulk.Over {
		*r, err = d.bulkStep(ctx, *r, s)
		return false, err
	}
	_, bulk := s.Shop.(connectors.Bulk)
	bulk = bulk && stream == sync.Orders && r.Since.IsZero() && !r.Bulk.Over
	err = d.read(ctx, s, stream, r.Pos, func(p page) (bool, error) {
		if bulk && p.more && max(r.Done+int64(p.len()), int64(p.total)) >= bulkFrom {
			r.Bulk.Wanted = true
		}
		*r, over, err = d.resyncStep(ctx, j, *r, s, p)
		return over || r.Bulk.Wanted && !r.Bulk.Over, err
	})
	return over, err
}

func (d *Desk) resyncStep(ctx context.Context, j jobs.Job[ResyncArgs], was sync.Run, s *Store, p page) (r sync.Run, over bool, err error) {
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		over = false
		changed, err := d.keep(tx, s, p)
		if err != nil {
			return err
		}
		r = was
		r.State, r.Error = sync.Running, ""
		r.Done, r.Changed, r.Bad = r.Done+int64(p.len()), r.Changed+int64(changed), r.Bad+int64(len(p.bad))
		if p.total > 0 && r.At == 0 && r.Total == 0 {
			r.Total = int64(p.total)
		} else if p.total > 0 && r.Pos.Token == "" && r.At > 0 {
			r.Total += int64(p.total)
		}
		if p.total > 0 {
			r.Done = min(r.Done, r.Total) // pages may overlap: an item is not two
		}
		r.Pos = p.next
		if !p.more {
			if err := caughtUp(tx, r, p); err != nil {
				return err
			}
			r.At++
			r.Pos = connectors.Cursor{Since: r.Since, Limit: sync.PageSize}
			if over = r.At >= len(r.Streams); over {
				r.State, r.At = sync.Done, len(r.Streams)-1
				if err := j.Done(tx); err != nil {
					return err
				}
				if err := d.Audit.Append(tx, string(people.Desk), "sync.done", "run:"+r.ID, map[string]any{
					"store": r.Store, "items": r.Done, "changed": r.Changed, "bad": r.Bad}); err != nil {
					return err
				}
			}
		}
		if err := r.Save(tx); err != nil {
			return err
		}
		if was.Pos.Token == "" || !p.more {
			if err := d.works(tx, s.ID, p.stream, p.asked); err != nil {
				return err
			}
		}
		return d.Repaint(tx, "run:"+r.ID)
	})
	return r, over, err
}

// caughtUp has the regular looks go on from where a run that read everything has
// come to, if they had not come to an end themselves.
func caughtUp(tx *store.Tx, r sync.Run, p page) error {
	if !r.Since.IsZero() {
		return nil
	}
	st, err := sync.Get(tx, r.Store, p.stream)
	if err != nil || !st.Pos.Since.IsZero() && st.Pos.Token == "" {
		return err
	}
	return sync.Moved(tx, r.Store, p.stream, p.next, int(r.Changed))
}

// resyncFailed waits where waiting helps, and ends the run where it does not.
func (d *Desk) resyncFailed(ctx context.Context, j jobs.Job[ResyncArgs], r sync.Run, s *Store, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.Log.WarnContext(ctx, "a run could not read its store", "run", r.ID, "store", r.Store, "err", cause)
	k := connectors.KindOf(cause)
	waits := k == connectors.Busy || k == connectors.Down || k == connectors.Unsure
	last := r.Started
	if r.Moved.After(last) {
		last = r.Moved
	}
	if waits && d.Now().Sub(last) > time.Hour {
		waits = false
	}
	r.State, r.Error = sync.Failing, k.String()
	if waits {
		r.State = sync.Waiting
	}
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		if !waits {
			if err := j.Done(tx); err != nil {
				return err
			}
		}
		if err := r.Save(tx); err != nil {
			return err
		}
		if err := sync.Failed(tx, r.Store, r.Streams[r.At], cause); err != nil {
			return err
		}
		if !waits {
			if err := d.troubled(tx, s, "sync", cause); err != nil {
				return err
			}
		}
		return d.Repaint(tx, "run:"+r.ID)
	})
	if err == nil && waits {
		return jobs.Snooze(max(connectors.RetryAfterOf(cause), d.later(last)))
	}
	return err
}
