package bot

import (
	"context"
	"fmt"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// bulkStep gets a run's file one step further. It tells whether the run goes on
// page by page now.
func (d *Desk) bulkStep(ctx context.Context, r sync.Run, s *Store) (sync.Run, error) {
	b, ok := s.Shop.(connectors.Bulk)
	if !ok {
		return d.noFile(ctx, r, nil)
	}
	ctx = connectors.WithPriority(ctx, connectors.Sync)
	switch r.Bulk.Receipt.State {
	case "":
		asked := d.Now()
		rec, err := b.BulkStart(ctx, r.Since)
		if err != nil {
			return d.noFile(ctx, r, err)
		}
		r.Bulk.Receipt, r.Bulk.Asked = rec, asked
		if r.Bulk.Receipt.State == "" {
			r.Bulk.Receipt.State = connectors.StateAccepted
		}
		return r, d.saveRun(ctx, r)
	case connectors.StateApplied:
		return d.bulkRead(ctx, r, s, b)
	case connectors.StateAccepted, connectors.StateUnknown:
		rec, done, err := b.BulkState(ctx, r.Bulk.Receipt)
		if err != nil {
			return d.noFile(ctx, r, err)
		}
		r.Bulk.Receipt, r.Done = rec, max(r.Done, int64(done))
		if err := d.saveRun(ctx, r); err != nil {
			return r, err
		}
		if rec.State == connectors.StateAccepted || rec.State == connectors.StateUnknown {
			return r, jobs.Snooze(max(rec.After, connectors.Again(d.Now().Sub(r.Bulk.Asked), time.Minute)))
		}
		return r, nil
	}
	return d.noFile(ctx, r, fmt.Errorf("bot: the platform made no file: %s %s", r.Bulk.Receipt.State, r.Bulk.Receipt.Code))
}

// noFile goes on page by page, unless waiting helps.
func (d *Desk) noFile(ctx context.Context, r sync.Run, cause error) (sync.Run, error) {
	if cause != nil {
		switch connectors.KindOf(cause) {
		case connectors.Busy, connectors.Down, connectors.Reauthorise, connectors.AppBroken:
			return r, &readError{cause}
		}
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		d.Log.WarnContext(ctx, "there is no file with all orders; they are read page by page", "run", r.ID, "store", r.Store, "err", cause)
	}
	r.Bulk = sync.File{Over: true}
	return r, d.saveRun(ctx, r)
}

func (d *Desk) saveRun(ctx context.Context, r sync.Run) error {
	r.State, r.Error = sync.Running, ""
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := r.Save(tx); err != nil {
			return err
		}
		return d.Repaint(tx, "run:"+r.ID)
	})
}

// bulkRead reads the finished file. After a crash it is read from its beginning:
// what is in the mirror already is not written again. Then the run goes on with
// what changed since the file was asked for.
//
// While a part is written, the next is read already.
func (d *Desk) bulkRead(ctx context.Context, r sync.Run, s *Store, b connectors.Bulk) (sync.Run, error) {
	r.Done, r.Bad = 0, 0
	var orders []connectors.Order
	var bad []connectors.BadItem
	type written struct {
		r   sync.Run
		err error
	}
	var writing chan written
	settle := func() error {
		if writing == nil {
			return nil
		}
		w := <-writing
		if writing = nil; w.err == nil {
			r = w.r
		}
		return w.err
	}
	flush := func() error {
		p := page{stream: sync.Orders, rows: sync.OrderBatch(orders), bad: bad, n: len(orders) + len(bad), asked: d.Now()}
		orders, bad = orders[:0], nil
		if err := settle(); err != nil {
			return err
		}
		next, out := r, make(chan written, 1)
		writing = out
		go func() {
			err := d.bulkPart(ctx, &next, s, p)
			out <- written{next, err}
		}()
		return nil
	}
	var ours error
	full := func() error {
		if len(orders)+len(bad) < sync.PageSize {
			return nil
		}
		ours = flush()
		return ours
	}
	err := b.BulkRead(ctx, r.Bulk.Receipt, func(o connectors.Order) error {
		orders = append(orders, o)
		return full()
	}, func(x connectors.BadItem) error {
		bad = append(bad, x)
		return full()
	})
	if e := settle(); ours == nil { // in any case: nobody is left behind
		ours = e
	}
	switch {
	case ours != nil:
		return r, ours
	case err != nil:
		return d.noFile(ctx, r, err)
	}
	r.Pos = connectors.Cursor{Since: r.Bulk.Asked.Add(-overlap)}
	r.Bulk.Over = true
	if err := flush(); err != nil {
		return r, err
	}
	return r, settle()
}

// bulkPart writes a part of a file, with how far the run is.
func (d *Desk) bulkPart(ctx context.Context, r *sync.Run, s *Store, p page) error {
	r.State, r.Error = sync.Running, ""
	r.Done, r.Bad = r.Done+int64(p.n), r.Bad+int64(len(p.bad))
	r.Total = max(r.Total, r.Done)
	was := r.Changed
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		changed, err := d.keep(tx, s, p)
		if err != nil {
			return err
		}
		r.Changed = was + int64(changed)
		if err := r.Save(tx); err != nil {
			return err
		}
		return d.Repaint(tx, "run:"+r.ID)
	})
}
