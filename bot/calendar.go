package bot

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// CalendarArgs is a look at the days on which accounts end.
type CalendarArgs struct{}

// Kind names the job.
func (CalendarArgs) Kind() string { return "calendar" }

// calendarEvery is how often the days are looked at. Nobody is told twice.
const calendarEvery = time.Hour

// notice is how many days before the end people are told, and told again.
var notice = []int64{30, 14, 7, 1}

func (d *Desk) calendar(ctx context.Context, j jobs.Job[CalendarArgs]) error {
	for _, s := range d.shelf.all() {
		// The days stand in the credential that is kept, and nobody may have used it yet.
		if r, ok := s.Shop.(connectors.Reloader); ok {
			if err := r.Reload(ctx); err != nil {
				d.Log.WarnContext(ctx, "a credential could not be read", "store", s.ID, "err", err)
			}
		}
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		for _, s := range d.shelf.all() {
			if err := d.lookAhead(tx, s); err != nil {
				return err
			}
		}
		return j.Done(tx)
	})
}

// Deadlines lists the days on which something of a store ends, soonest first.
func (s *Store) Deadlines() []connectors.Deadline {
	dated, ok := s.Shop.(connectors.Dated)
	if !ok {
		return nil
	}
	list := slices.DeleteFunc(slices.Clone(dated.Deadlines()), func(x connectors.Deadline) bool { return x.At.IsZero() })
	slices.SortFunc(list, func(a, b connectors.Deadline) int { return a.At.Compare(b.At) })
	return list
}

// lookAhead tells people of a day that came closer, and ends the news once the
// day has moved away. It makes no call.
func (d *Desk) lookAhead(tx *store.Tx, s *Store) error {
	open := 0
	for _, x := range s.Deadlines() {
		level := levelOf(x.At, time.UnixMilli(tx.Now()))
		var told int64
		err := tx.Row(`SELECT level FROM deadline WHERE store = ? AND what = ?`, s.ID, string(x.What)).Scan(&told)
		known := err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if level == 0 {
			if known {
				if _, err := tx.Exec(`DELETE FROM deadline WHERE store = ? AND what = ?`, s.ID, string(x.What)); err != nil {
					return err
				}
			}
			continue
		}
		open++
		// A day that moved away a little is told of again once it comes closer.
		if _, err := tx.Exec(`INSERT INTO deadline(store, what, at, level) VALUES (?, ?, ?, ?)
			ON CONFLICT (store, what) DO UPDATE SET at = excluded.at, level = excluded.level`, s.ID, string(x.What), x.At.UnixMilli(), level); err != nil {
			return err
		}
		if known && told <= level {
			continue
		}
		if err := d.remind(tx, s, x); err != nil {
			return err
		}
	}
	if open > 0 {
		return nil
	}
	return d.ended(tx, alerts.Calendar, s.ID)
}

// levelOf is the notice that a day is due; 0 while it is far away.
func levelOf(at, now time.Time) int64 {
	level := int64(0)
	for _, days := range notice {
		if at.Sub(now) <= time.Duration(days)*24*time.Hour {
			level = days
		}
	}
	return level
}

// remind puts a new card up: the one from a fortnight ago stands far above.
func (d *Desk) remind(tx *store.Tx, s *Store, x connectors.Deadline) error {
	old, was, err := alerts.Supersede(tx, alerts.Calendar, s.ID)
	if err != nil {
		return err
	}
	if was {
		if err := d.Repaint(tx, "alert:"+old.ID); err != nil {
			return err
		}
	}
	n := alerts.News{Kind: alerts.Calendar, Store: s.ID, Severity: alerts.Warning, Detail: map[string]string{
		"what": string(x.What), "at": x.At.UTC().Format(time.RFC3339), "link": x.Link}}
	if x.Assumed {
		n.Detail["assumed"] = "yes"
	}
	if levelOf(x.At, time.UnixMilli(tx.Now())) == 1 {
		n.Severity = alerts.Critical
	}
	return d.fire(tx, n)
}

// ended ends an alert of a store, if there is one.
func (d *Desk) ended(tx *store.Tx, kind, storeID string) error {
	a, was, err := alerts.Resolve(tx, kind, storeID)
	if err != nil || !was {
		return err
	}
	return d.Repaint(tx, "alert:"+a.ID)
}
