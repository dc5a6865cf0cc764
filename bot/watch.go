package bot

import (
	"context"
	"errors"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/approvals"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// SweepArgs is the desk's round: approvals that ran out, old rows.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "sweep" }

// seenLife is how long the desk knows a delivery again. Slack repeats for a day
// at most, Telegram keeps updates for a day.
const seenLife = 3 * 24 * time.Hour

// pullFailed writes down that a stream could not be read, and decides whether
// that is worth a person.
func (d *Desk) pullFailed(ctx context.Context, s *Store, stream string, cause error) error {
	if errors.Is(cause, context.Canceled) && ctx.Err() != nil {
		return cause
	}
	if connectors.KindOf(cause) == connectors.Busy {
		// To wait is how one reads such a shop, and no trouble. The next look waits too.
		d.Log.DebugContext(ctx, "a shop asks us to wait", "store", s.ID, "stream", stream, "err", cause)
		return jobs.Snooze(max(connectors.RetryAfterOf(cause), time.Second))
	}
	d.Log.WarnContext(ctx, "a stream could not be read", "store", s.ID, "stream", stream, "kind", connectors.KindOf(cause).String(), "err", cause)
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		st, err := sync.Get(tx, s.ID, stream)
		if err != nil {
			return err
		}
		if err := sync.Failed(tx, s.ID, stream, cause); err != nil {
			return err
		}
		if connectors.KindOf(cause) == connectors.Unsupported {
			return nil // it was said when the store was connected, and stands in /health
		}
		if mainStream(stream) && tx.Now()-st.OK.UnixMilli() > (downFor+calmer*d.Every(s, stream)).Milliseconds() {
			// That another stream is read well must not hide it.
			return d.fire(tx, trouble(s, alerts.Sync, cause))
		}
		return d.troubled(tx, s, alerts.Sync, cause)
	})
}

// downFor is how long a store may be busy or down before that is news.
const downFor = 3 * time.Minute

// troubled turns a failure of a store into an alert, if it is worth one.
func (d *Desk) troubled(tx *store.Tx, s *Store, kind string, cause error) error {
	switch connectors.KindOf(cause) {
	case connectors.Busy, connectors.Down, connectors.Unsure:
		quiet, err := d.recentlyWell(tx, s.ID)
		if err != nil || quiet {
			return err
		}
	}
	return d.fire(tx, trouble(s, kind, cause))
}

// trouble is the news that a failure of a store makes.
func trouble(s *Store, kind string, cause error) alerts.News {
	n := alerts.News{Kind: kind, Store: s.ID, Severity: alerts.Warning, Detail: map[string]string{"kind": connectors.KindOf(cause).String()}}
	var ce *connectors.Error
	if errors.As(cause, &ce) {
		n.Detail["code"], n.Detail["link"] = ce.Code, ce.Link
	}
	switch connectors.KindOf(cause) {
	case connectors.Reauthorise, connectors.AppBroken:
		n.Kind, n.Severity = alerts.Token, alerts.Critical
		if n.Detail["link"] == "" {
			n.Detail["link"] = s.Consent
		}
	}
	return n
}

// recentlyWell tells whether any stream of a store was read a short while ago.
func (d *Desk) recentlyWell(tx *store.Tx, storeID string) (bool, error) {
	var last int64
	err := tx.Row(`SELECT COALESCE(MAX(ok_at), 0) FROM sync_stream WHERE store = ?`, storeID).Scan(&last)
	return last+downFor.Milliseconds() > tx.Now(), err
}

// fire puts news through the pipeline and shows what comes of it.
func (d *Desk) fire(tx *store.Tx, n alerts.News) error {
	a, verdict, err := alerts.Fire(tx, n)
	if err != nil {
		return err
	}
	switch verdict {
	case alerts.Fresh:
		shown, err := d.ShowIn(tx, "alert:"+a.ID, TopicAlerts, a.Store)
		if err == nil && shown == 0 {
			d.Log.Warn("no channel is for this store's alerts", "store", a.Store, "alert", a.ID, "kind", a.Kind)
		}
		return err
	case alerts.Again, alerts.Inhibited:
		return d.Repaint(tx, "alert:"+a.ID)
	}
	return nil
}

// works ends a store's alerts about its connection, because a call to it worked.
// What another stream still fails with goes on: it would be told of anew, on
// another card, with each of its failures.
//
// What was read from the mailbox says nothing about the access to the shop; and
// an answer that comes late says nothing about what was found after it was asked
// for.
func (d *Desk) works(tx *store.Tx, storeID, stream string, asked time.Time) error {
	refused, failing, err := d.failing(tx, storeID)
	if err != nil {
		return err
	}
	if s, ok := d.Shop(storeID); ok && stream == sync.Messages {
		_, own := s.Shop.(connectors.Inbox)
		refused = refused || !own
	}
	for _, kind := range []string{alerts.Token, alerts.Sync, alerts.Send} {
		if kind == alerts.Token && refused || kind == alerts.Sync && failing {
			continue
		}
		if later, err := alerts.SaidAfter(tx, kind, storeID, asked); err != nil {
			return err
		} else if later {
			continue
		}
		if err := d.ended(tx, kind, storeID); err != nil {
			return err
		}
	}
	return nil
}

// failing tells whether a stream that every store has failed when it was last
// read, and whether because access was refused.
func (d *Desk) failing(tx *store.Tx, storeID string) (refused, failing bool, err error) {
	s, ok := d.Shop(storeID)
	if !ok {
		return false, false, nil
	}
	for _, stream := range d.streams(s) {
		if !mainStream(stream) {
			continue
		}
		st, err := sync.Get(tx, storeID, stream)
		if err != nil {
			return false, false, err
		}
		switch st.Kind {
		case "", connectors.Unsupported.String():
			continue
		case connectors.Reauthorise.String(), connectors.AppBroken.String():
			refused = true
		}
		failing = true
	}
	return refused, failing, nil
}

// GaveUp makes an alert of a job that was given up. The engine calls it.
func (d *Desk) GaveUp(ctx context.Context, dead jobs.DeadJob) {
	d.Log.ErrorContext(ctx, "a job was given up", "job", dead.ID, "kind", dead.Kind, "err", dead.Error)
	if dead.Kind == (PostArgs{}).Kind() || dead.Kind == (EditArgs{}).Kind() {
		return // to say so in the same chat would go round in a circle
	}
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		return d.fire(tx, alerts.News{Kind: alerts.Dead, Severity: alerts.Warning, Detail: map[string]string{"kind": dead.Kind}})
	})
	if err != nil {
		d.Log.ErrorContext(ctx, "no alert could be made of it", "job", dead.ID, "err", err)
	}
}

// AckAlert says that somebody looks after an alert.
func (d *Desk) AckAlert(ctx context.Context, by Deed, id string) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		if _, err := alerts.Ack(tx, id, string(by.Who.ID)); err != nil {
			return err
		}
		return d.Repaint(tx, "alert:"+id)
	})
}

// CheckStore makes a real call to a store, writes down what came of it, and
// wakes what waited for it.
func (d *Desk) CheckStore(ctx context.Context, s *Store) (connectors.Health, error) {
	if r, ok := s.Shop.(connectors.Reloader); ok {
		if err := r.Reload(ctx); err != nil {
			return connectors.Health{}, err
		}
	}
	asked := d.Now()
	h := s.Shop.Health(connectors.WithPriority(ctx, connectors.Agent))
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		if h.State != connectors.HealthBad {
			if err := d.works(tx, s.ID, "", asked); err != nil {
				return err
			}
			if err := d.lookAhead(tx, s); err != nil {
				return err
			}
			for _, stream := range d.streams(s) {
				if err := jobs.Add(tx, PullArgs{Store: s.ID, Stream: stream}, jobs.Key("pull/"+s.ID+"/"+stream)); err != nil {
					return err
				}
			}
			return nil
		}
		return d.troubled(tx, s, alerts.Sync, &connectors.Error{Kind: h.Kind, Platform: s.Shop.Info().Platform, Op: "health",
			Code: h.Code, Link: h.Link, Err: h.Err})
	})
	return h, err
}

// sweep ends approvals that ran out, reminds of others and throws old rows away.
func (d *Desk) sweep(ctx context.Context, j jobs.Job[SweepArgs]) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		overdue, err := approvals.Overdue(tx, 100)
		if err != nil {
			return err
		}
		for _, id := range overdue {
			if err := d.expire(tx, id); err != nil {
				return err
			}
		}
		if err := d.approvalRound(tx); err != nil {
			return err
		}
		if err := d.glassRound(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM seen WHERE at < ?`, tx.Now()-seenLife.Milliseconds()); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM connecting WHERE until < ?`, tx.Now()-seenLife.Milliseconds()); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM press WHERE until < ?`, tx.Now()-pressLife.Milliseconds()); err != nil {
			return err
		}
		return j.Done(tx)
	})
}
