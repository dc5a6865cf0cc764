package bot

import (
	"context"
	"errors"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// ReconcileArgs is reading a store's orders again, to find what was lost.
type ReconcileArgs struct {
	Store string `json:"store"`
	// Deep: with the long window.
	Deep bool `json:"deep,omitempty"`
}

// Kind names the job.
func (ReconcileArgs) Kind() string { return "reconcile" }

// The windows: platforms list late, by minutes mostly and by a day at times.
const (
	shortWindow = 2 * time.Hour
	longWindow  = 48 * time.Hour
	// mostWindow is as far as an outage is looked back over; what changed before
	// it is read by the regular looks.
	mostWindow = 7 * 24 * time.Hour
	deepEvery  = 24 * time.Hour
)

// resumeFor is how long a reading that was interrupted is gone on with: as long as
// page tokens surely live. A large shop that makes us wait would else be read from
// the beginning again and again.
const resumeFor = 12 * time.Hour

// grace is how long a change may be on its way to us without being lost.
const grace = 3 * time.Minute

// asideMost is how many items that were set aside are looked at again at a time.
const asideMost = 20

// reconcile compares what a store lists with the mirror, and saves what pushes
// and regular looks have lost.
func (d *Desk) reconcile(ctx context.Context, j jobs.Job[ReconcileArgs]) error {
	s, ok := d.reach(ctx, j.Args.Store)
	if !ok {
		return nil
	}
	if _, ok := s.Orders(); !ok {
		return nil
	}
	var st sync.Stream
	var rc sync.Recon
	var ps Push
	if err := d.DB.Read(ctx, func(tx *store.Tx) error {
		var errs [3]error
		st, errs[0] = sync.Get(tx, s.ID, sync.Orders)
		rc, errs[1] = sync.GetRecon(tx, s.ID, sync.Orders)
		ps, errs[2] = pushState(tx, s.ID)
		return errors.Join(errs[:]...)
	}); err != nil {
		return err
	}
	if st.OK.IsZero() || st.Pos.Token != "" {
		return nil // the first read is not over: nothing can be missed yet
	}
	ctx = connectors.WithPriority(ctx, connectors.Sync)
	if rc = d.window(rc, j.Args.Deep); rc.Began.IsZero() {
		rc.Began = d.Now()
	}
	err := d.read(ctx, s, sync.Orders, rc.Pos, func(p page) (bool, error) {
		found := 0
		err := d.DB.Write(ctx, func(tx *store.Tx) error {
			var err error
			if found, err = d.compare(tx, s, p, &rc, st, ps); err != nil {
				return err
			}
			if !p.more {
				return d.works(tx, s.ID, sync.Orders, p.asked)
			}
			return nil
		})
		if err == nil && found > 0 {
			d.Log.WarnContext(ctx, "orders that nobody told us of were found", "store", s.ID, "n", found, "push", ps.well(d.Now().UnixMilli()))
		}
		return false, err
	})
	var re *readError
	if errors.As(err, &re) {
		return d.reconcileFailed(ctx, s, re.err)
	}
	if err != nil {
		return err
	}
	return d.lookAside(ctx, s)
}

// window is what is read this time. One that was interrupted a short while ago is
// gone on with.
func (d *Desk) window(rc sync.Recon, deep bool) sync.Recon {
	now := d.Now()
	if long := rc.Began.Sub(rc.Since) > longWindow-time.Hour; !rc.Began.IsZero() && rc.Pos.Token != "" && now.Sub(rc.Began) < resumeFor && (long || !deep) {
		return rc
	}
	since := now.Add(-shortWindow)
	if deep || now.Sub(rc.Deep) >= deepEvery {
		since = now.Add(-longWindow)
	}
	// After an outage, from where the last one began.
	if out := rc.OK.Add(-shortWindow); !rc.OK.IsZero() && out.Before(since) {
		since = out
	}
	if most := now.Add(-mostWindow); since.Before(most) {
		since = most
	}
	rc.Since, rc.Began, rc.Pos = since, time.Time{}, connectors.Cursor{Since: since}
	return rc
}

// compare saves what of a page the mirror has not, and writes down how far the
// reading is. It tells how many orders had been lost.
func (d *Desk) compare(tx *store.Tx, s *Store, p page, rc *sync.Recon, st sync.Stream, ps Push) (found int, err error) {
	missing, lost, err := p.rows.Missing(tx, s.ID, d.due(tx.Now(), s, st, ps))
	if err != nil {
		return 0, err
	}
	p.rows = missing
	if _, err := d.keep(tx, s, p); err != nil {
		return 0, err
	}
	next := *rc
	next.Looked += int64(p.len())
	if lost > 0 {
		next.Found, next.Recent, next.FoundAt = next.Found+int64(lost), next.Recent+int64(lost), time.UnixMilli(tx.Now())
	}
	next.Pos = p.next
	if !p.more {
		if next.Began.Sub(next.Since) > longWindow-time.Hour {
			next.Deep, next.Recent = next.Began, int64(lost)
		}
		next.OK, next.Began, next.Pos = next.Began, time.Time{}, connectors.Cursor{}
	}
	if err := next.Save(tx); err != nil {
		return 0, err
	}
	tx.After(func() { *rc = next })
	return lost, nil
}

// due is until when a change should have reached us: what changed before, and
// is not in the mirror, was lost.
func (d *Desk) due(now int64, s *Store, st sync.Stream, ps Push) time.Time {
	at := time.UnixMilli(now).Add(-grace)
	if !ps.well(now) && st.OK.Add(-grace).Before(at) {
		at = st.OK.Add(-grace) // nobody has looked since
	}
	return at
}

func (d *Desk) reconcileFailed(ctx context.Context, s *Store, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch connectors.KindOf(cause) {
	case connectors.Busy:
		return jobs.Snooze(max(connectors.RetryAfterOf(cause), time.Second))
	case connectors.Unsupported:
		return nil
	}
	// The regular looks make an alert of it, if it is worth one.
	d.Log.WarnContext(ctx, "a store could not be compared with the mirror", "store", s.ID, "err", cause)
	return nil
}

// lookAside looks again at orders that could not be read: a platform or a new
// version of ours may have mended them.
func (d *Desk) lookAside(ctx context.Context, s *Store) error {
	var ids []string
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = sync.Aside(tx, s.ID, sync.Orders, asideMost)
		return err
	}); err != nil {
		return err
	}
	r, _ := s.Orders()
	for _, id := range ids {
		o, err := r.Order(ctx, id)
		k := connectors.KindOf(err)
		if err != nil && (ctx.Err() != nil || k != connectors.NotFound && k != connectors.Invalid && k != connectors.Unsure) {
			return nil // the store as a whole: another time
		}
		if werr := d.DB.Write(ctx, func(tx *store.Tx) error {
			switch {
			case err == nil:
				_, err := sync.SaveOrder(tx, s.ID, o)
				return errors.Join(err, sync.Release(tx, s.ID, sync.Orders, []string{id}))
			case k == connectors.NotFound:
				return sync.Release(tx, s.ID, sync.Orders, []string{id})
			}
			return sync.Looked(tx, s.ID, sync.Orders, id)
		}); werr != nil {
			return werr
		}
	}
	return nil
}

// Found tells what reconciliation has brought to light in a store's orders.
func (d *Desk) Found(ctx context.Context, storeID string) (rc sync.Recon, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		rc, err = sync.GetRecon(tx, storeID, sync.Orders)
		return err
	})
	return rc, err
}

// TidyArgs is the round of the mirror: old deliveries go, forgotten marks are
// read.
type TidyArgs struct{}

// Kind names the job.
func (TidyArgs) Kind() string { return "tidy" }

func (d *Desk) tidy(ctx context.Context, j jobs.Job[TidyArgs]) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tidyHooks(tx); err != nil {
			return err
		}
		if err := sync.Forget(tx); err != nil {
			return err
		}
		return j.Done(tx)
	})
}

// mirror registers the workers of the mirror.
func (d *Desk) mirror() {
	jobs.Handle(d.Jobs, LaneHook, d.hook)
	jobs.Handle(d.Jobs, LaneQueue, d.queue)
	jobs.Handle(d.Jobs, LaneShop, d.subscribe)
	jobs.Handle(d.Jobs, LaneShop, d.reconcile)
	jobs.Handle(d.Jobs, LaneHouse, d.tidy)
	d.Jobs.Every("tidy", time.Minute, TidyArgs{})
}

// tend has a store's streams read, its news taken in, and both compared,
// each at its own pace, from now on.
func (d *Desk) tend(s *Store) {
	for _, stream := range d.streams(s) {
		d.Jobs.Every("pull/"+s.ID+"/"+stream, d.Every(s, stream), PullArgs{Store: s.ID, Stream: stream, Calm: true})
	}
	_, pushed := s.Shop.(connectors.Pushed)
	_, pulled := s.Shop.(connectors.Pulled)
	if pulled {
		d.Jobs.Every("queue/"+s.ID, d.Pull, QueueArgs{s.ID})
	}
	if pulled || pushed && d.PublicURL != "" {
		d.Jobs.Every("subscribe/"+s.ID, 10*d.Pull, SubscribeArgs{s.ID})
	}
	if _, ok := s.Orders(); ok {
		d.Jobs.Every("reconcile/"+s.ID, max(15*d.Pull, d.Every(s, sync.Orders)), ReconcileArgs{Store: s.ID})
	}
}
