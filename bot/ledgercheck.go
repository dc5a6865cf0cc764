package bot

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

// NightArgs is the round that looks whether the night's comparison is due.
type NightArgs struct{}

// Kind names the job.
func (NightArgs) Kind() string { return "ledger_night" }

// LedgerArgs is holding a store's refunds against what its platform shows.
type LedgerArgs struct {
	Run   string `json:"run"`
	Store string `json:"store"`
}

// Kind names the job.
func (LedgerArgs) Kind() string { return "ledger" }

const (
	// nightEvery is how often it is looked whether the comparison is due.
	nightEvery = time.Minute
	// usualDays is how far back a comparison goes that somebody asks for where none
	// is made at night.
	usualDays = 30
	// openDays is how much longer refunds stay under watch of which it was not known,
	// or not so, that they happened.
	openDays = 90
	// ledgerFor is for how long a store that cannot be read is tried again: the next
	// night begins anew.
	ledgerFor = 20 * time.Hour
	// ledgerTurn is how many orders are compared before others of the lane have a turn.
	ledgerTurn = 20
	// mirrorPage is how many orders of the mirror are looked at together.
	mirrorPage = 500
)

// The states of a store's part of a comparison.
const (
	partRunning = "running"
	partDone    = "done"
	// partUnread: the store could not be read until the day was nearly over.
	partUnread = "unread"
)

// ledgerRun is a comparison, and ledgerPart what it is of one store.
type ledgerRun struct {
	ID, Day string
	By      people.ID
	Began   time.Time
	Parts   []ledgerPart
}

type ledgerPart struct {
	Run, Store, State, Why, Pos               string
	Total, Looked, Unread, Differs, Elsewhere int64
	// Early are refunds that are too young to be missed.
	Early int64
	Ended time.Time
}

func (r ledgerRun) over() bool {
	for _, p := range r.Parts {
		if p.State == partRunning {
			return false
		}
	}
	return true
}

// nightly starts the night's comparison when it is due.
func (d *Desk) nightly(ctx context.Context, j jobs.Job[NightArgs]) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := d.startNight(tx); err != nil {
			return err
		}
		return j.Done(tx)
	})
}

// startNight starts the comparison that is due. The day is written down in the
// transaction that starts it, so that no restart and no replica starts it again.
func (d *Desk) startNight(tx *store.Tx) error {
	now := time.UnixMilli(tx.Now()).In(d.Zone)
	y, m, day := now.Date()
	if d.After.Days <= 0 || now.Before(time.Date(y, m, day, d.After.Hour, 0, 0, 0, d.Zone)) {
		return nil
	}
	name := now.Format(time.DateOnly)
	var known int
	if err := tx.Row(`SELECT COUNT(*) FROM ledger_run WHERE day = ?`, name).Scan(&known); err != nil || known > 0 {
		return err
	}
	_, err := d.startLedger(tx, name, people.Desk, d.shelf.all())
	return err
}

// startLedger starts a comparison of some stores; of a day, only the first that
// is asked for. It gives its id, or none if there was one.
func (d *Desk) startLedger(tx *store.Tx, day string, by people.ID, stores []*Store) (string, error) {
	id, err := next(tx, "ledger", "L")
	if err != nil {
		return "", err
	}
	n, err := tx.Exec(`INSERT INTO ledger_run(id, day, by_who, began) VALUES (?, ?, ?, ?) ON CONFLICT (day) DO NOTHING`,
		id, sql.NullString{String: day, Valid: day != ""}, string(by), tx.Now())
	if err != nil || n == 0 {
		return "", err
	}
	for _, s := range stores {
		if _, ok := s.Refunder(); !ok {
			continue
		}
		todo, err := d.toCompare(tx, s.ID, "", -1)
		if err != nil {
			return "", err
		}
		if _, err := tx.Exec(`INSERT INTO ledger_part(run, store, state, total) VALUES (?, ?, ?, ?)`, id, s.ID, partRunning, len(todo)); err != nil {
			return "", err
		}
		if err := jobs.Add(tx, LedgerArgs{id, s.ID}, jobs.Key("ledger/"+id+"/"+s.ID), jobs.Order("ledger/"+s.ID), jobs.MaxAttempts(1000)); err != nil {
			return "", err
		}
	}
	return id, nil
}

// toCompare lists the orders of a store whose refunds are compared, from an order
// on: those with refunds of the last days, with refunds that may have happened
// though nobody knows, and with differences that are open.
func (d *Desk) toCompare(tx *store.Tx, storeID, from string, most int) ([]string, error) {
	days := d.ledgerDays()
	now := time.UnixMilli(tx.Now())
	query := `SELECT order_id FROM (
			SELECT order_id FROM refund WHERE store = ? AND (updated >= ? OR state IN (?, ?, ?, ?) AND updated >= ?)
			UNION SELECT order_id FROM ledger_difference WHERE store = ?
		) AS x WHERE order_id > ? ORDER BY order_id`
	args := []any{storeID, now.AddDate(0, 0, -days).UnixMilli(), string(RefundSent), string(RefundAccepted), string(RefundUnknown), string(RefundFailed),
		now.AddDate(0, 0, -days-openDays).UnixMilli(), storeID, from}
	if most > 0 {
		query, args = query+` LIMIT ?`, append(args, most)
	}
	return store.Column[string](tx, query, args...)
}

func (d *Desk) ledgerDays() int {
	if d.After.Days > 0 {
		return d.After.Days
	}
	return usualDays
}

// CheckLedger compares the refunds of some stores with their platforms now, and
// shows how it gets on. Where that is under way already, it shows that.
func (d *Desk) CheckLedger(ctx context.Context, by Deed, stores []*Store) error {
	var can []*Store
	for _, s := range stores {
		if _, ok := s.Refunder(); ok {
			can = append(can, s)
		}
	}
	if len(can) == 0 {
		return i18n.NewProblem(nil, "ledger.nothing")
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		var fresh []*Store
		run := ""
		for _, s := range can {
			var id string
			err := tx.Row(`SELECT run FROM ledger_part WHERE store = ? AND state = ? LIMIT 1`, s.ID, partRunning).Scan(&id)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				fresh = append(fresh, s)
			case err != nil:
				return err
			default:
				run = id
			}
		}
		if len(fresh) > 0 {
			var err error
			if run, err = d.startLedger(tx, "", by.Who.ID, fresh); err != nil {
				return err
			}
			if err := d.Audit.Append(tx, string(by.Who.ID), "refund.compared", "ledger:"+run, map[string]any{"stores": len(fresh)}); err != nil {
				return err
			}
		}
		if err := d.heard(tx, by.Event); err != nil {
			return err
		}
		return d.Show(tx, "ledger:"+run, by.Event.Place, by.P.Lang())
	})
}

// ledger compares a store's refunds with what its platform shows, order by order.
// Each order is written down by itself, so that it goes on where it was stopped.
func (d *Desk) ledger(ctx context.Context, j jobs.Job[LedgerArgs]) error {
	var run ledgerRun
	var part ledgerPart
	var todo []string
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if run, err = getLedger(tx, j.Args.Run); err != nil {
			return err
		}
		for _, p := range run.Parts {
			if p.Store == j.Args.Store {
				part = p
			}
		}
		todo, err = d.toCompare(tx, part.Store, part.Pos, ledgerTurn)
		return err
	}); err != nil {
		return err
	}
	if part.State != partRunning {
		return nil
	}
	s, ok := d.reach(ctx, part.Store)
	if !ok {
		return d.partEnds(ctx, j, part, partUnread, "gone")
	}
	shop, ok := s.Refunder()
	if !ok {
		return d.partEnds(ctx, j, part, partUnread, connectors.Unsupported.String())
	}
	ctx = connectors.WithFresh(connectors.WithPriority(ctx, connectors.Sync))
	for _, order := range todo {
		q, err := shop.Quote(ctx, order)
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		switch k := connectors.KindOf(err); {
		case err == nil:
		case k == connectors.NotFound, k == connectors.Invalid, k == connectors.Conflict, k == connectors.Unsupported:
			d.Log.WarnContext(ctx, "an order's refunds could not be compared", "store", s.ID, "order", order, "err", err)
		default:
			return d.partWaits(ctx, j, run, part, err)
		}
		if part, err = d.compareOrder(ctx, s, shop, part, order, q, err == nil); err != nil {
			return err
		}
	}
	if len(todo) == ledgerTurn {
		return jobs.Snooze(time.Millisecond)
	}
	if err := d.compareMirror(ctx, &part); err != nil {
		return err
	}
	return d.partEnds(ctx, j, part, partDone, "")
}

// compareOrder compares one order's refunds and writes down what it came to.
func (d *Desk) compareOrder(ctx context.Context, s *Store, shop connectors.Refunder, part ledgerPart, order string, q connectors.Quote, read bool) (ledgerPart, error) {
	var next ledgerPart
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		next = part
		next.Pos, next.Why = order, ""
		next.Looked++
		if !read {
			next.Unread++
			return d.savePart(tx, next)
		}
		own, err := d.refundsOf(tx, s.ID, order)
		if err != nil {
			return err
		}
		found, elsewhere, early := differences(own, q.Order, time.UnixMilli(tx.Now()), shownWithin(shop))
		next.Differs += int64(len(found))
		next.Elsewhere += int64(elsewhere)
		next.Early += int64(early)
		if err := d.keepDifferences(tx, s.ID, order, found); err != nil {
			return err
		}
		return d.savePart(tx, next)
	})
	return next, err
}

// compareMirror looks through the orders of which nothing was given back from
// here: refunds that were made elsewhere are counted, and none may come to more
// than was paid. It asks the platform nothing.
func (d *Desk) compareMirror(ctx context.Context, part *ledgerPart) error {
	since := d.Now().AddDate(0, 0, -d.ledgerDays())
	for from := ""; ; {
		var over []difference
		err := d.DB.Read(ctx, func(tx *store.Tx) error {
			over = nil
			orders, last, err := sync.GivenBack(tx, part.Store, since, from, mirrorPage)
			if err != nil {
				return err
			}
			elsewhere := int64(0)
			for _, o := range orders {
				var ours int
				if err := tx.Row(`SELECT COUNT(*) FROM refund WHERE store = ? AND order_id = ?`, part.Store, o.ID).Scan(&ours); err != nil {
					return err
				}
				if ours > 0 {
					continue
				}
				elsewhere += int64(max(1, len(o.Refunds)))
				over = append(over, overpaid(o)...)
			}
			part.Elsewhere += elsewhere
			from = last
			return nil
		})
		if err != nil {
			return err
		}
		part.Differs += int64(len(over))
		for _, x := range over {
			if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.keepDifferences(tx, part.Store, x.Order, []difference{x}) }); err != nil {
				return err
			}
		}
		if from == "" {
			return nil
		}
	}
}

// partWaits says why a store cannot be read now, and tries it again later.
func (d *Desk) partWaits(ctx context.Context, j jobs.Job[LedgerArgs], run ledgerRun, part ledgerPart, cause error) error {
	kind := connectors.KindOf(cause)
	if d.Now().Sub(run.Began) > ledgerFor {
		return d.partEnds(ctx, j, part, partUnread, kind.String())
	}
	if kind == connectors.Busy {
		return jobs.Snooze(max(connectors.RetryAfterOf(cause), time.Second)) // to wait is how one reads such a shop
	}
	d.Log.WarnContext(ctx, "refunds could not be compared yet", "store", part.Store, "err", cause)
	if part.Why != kind.String() {
		part.Why = kind.String()
		if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.savePart(tx, part) }); err != nil {
			return err
		}
	}
	return jobs.Snooze(max(connectors.RetryAfterOf(cause), d.later(j.Created)))
}

// partEnds ends a store's part and repaints.
func (d *Desk) partEnds(ctx context.Context, j jobs.Job[LedgerArgs], part ledgerPart, state, why string) error {
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		part.State, part.Why, part.Ended = state, why, time.UnixMilli(tx.Now())
		if err := d.savePart(tx, part); err != nil {
			return err
		}
		return j.Done(tx)
	})
	if err == nil {
		d.Log.InfoContext(ctx, "refunds were compared with the platform's", "run", part.Run, "store", part.Store, "state", state, "orders", part.Looked,
			"unread", part.Unread, "differences", part.Differs, "elsewhere", part.Elsewhere, "early", part.Early)
	}
	return err
}

func (d *Desk) savePart(tx *store.Tx, p ledgerPart) error {
	ended := int64(0)
	if !p.Ended.IsZero() {
		ended = p.Ended.UnixMilli()
	}
	if _, err := tx.Exec(`UPDATE ledger_part SET state = ?, why = ?, pos = ?, total = ?, looked = ?, unread = ?, differing = ?, elsewhere = ?, early = ?, ended = ?
		WHERE run = ? AND store = ?`, p.State, p.Why, p.Pos, max(p.Total, p.Looked), p.Looked, p.Unread, p.Differs, p.Elsewhere, p.Early, ended, p.Run, p.Store); err != nil {
		return err
	}
	return d.Repaint(tx, "ledger:"+p.Run)
}

// getLedger reads a comparison.
func getLedger(tx *store.Tx, id string) (ledgerRun, error) {
	r := ledgerRun{ID: id}
	var day sql.NullString
	var began int64
	if err := tx.Row(`SELECT day, by_who, began FROM ledger_run WHERE id = ?`, id).Scan(&day, &r.By, &began); err != nil {
		return r, err
	}
	r.Day, r.Began = day.String, time.UnixMilli(began)
	rows, err := tx.Query(`SELECT run, store, state, why, pos, total, looked, unread, differing, elsewhere, early, ended FROM ledger_part WHERE run = ? ORDER BY store`, id)
	if err != nil {
		return r, err
	}
	defer rows.Close()
	for rows.Next() {
		var p ledgerPart
		var ended int64
		if err := rows.Scan(&p.Run, &p.Store, &p.State, &p.Why, &p.Pos, &p.Total, &p.Looked, &p.Unread, &p.Differs, &p.Elsewhere, &p.Early, &ended); err != nil {
			return r, err
		}
		if ended > 0 {
			p.Ended = time.UnixMilli(ended)
		}
		r.Parts = append(r.Parts, p)
	}
	return r, errors.Join(rows.Err(), rows.Close())
}

// lastNight is the newest comparison of a night; its id is empty if there is none.
func lastNight(tx *store.Tx) (ledgerRun, error) {
	var id string
	err := tx.Row(`SELECT id FROM ledger_run WHERE day IS NOT NULL ORDER BY day DESC LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return ledgerRun{}, nil
	}
	if err != nil {
		return ledgerRun{}, err
	}
	return getLedger(tx, id)
}
