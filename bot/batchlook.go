package bot

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

// BatchLookArgs is the dry run of a list.
type BatchLookArgs struct {
	Batch string `json:"batch"`
}

// Kind names the job.
func (BatchLookArgs) Kind() string { return "batch_look" }

const (
	// paintEvery is how often a list's card shows how far it is.
	paintEvery = 2 * time.Second
	// lookTurn is how long a dry run goes on before others have their turn.
	lookTurn = 15 * time.Second
)

// batchLook looks at the rows of a list, one after another, exactly as at a refund
// that somebody asks for alone. Each row is written down by itself, so that after a
// crash it goes on where it was.
func (d *Desk) batchLook(ctx context.Context, j jobs.Job[BatchLookArgs]) error {
	for began := d.Now(); d.Now().Sub(began) < lookTurn; {
		var b Batch
		var who people.Person
		var rows []BatchRow
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			if b, err = getBatch(tx, j.Args.Batch); err != nil {
				return err
			}
			if who, err = people.Read(tx, b.By); err != nil && !errors.Is(err, people.ErrNobody) {
				return err
			}
			rows, err = batchRows(tx, `batch = ? AND state = ? ORDER BY n LIMIT 1`, b.ID, string(RowNew))
			return err
		})
		if err != nil {
			return err
		}
		if b.State != BatchLooking {
			return nil
		}
		if len(rows) == 0 {
			return d.batchLooked(ctx, j, b)
		}
		row, err := d.lookAtRow(ctx, who, b, rows[0])
		if wait := connectors.RetryAfterOf(err); err != nil && connectors.KindOf(err) == connectors.Busy {
			return jobs.Snooze(max(wait, time.Second))
		}
		if err != nil {
			return err
		}
		if err := d.DB.Write(ctx, func(tx *store.Tx) error {
			if now, err := getBatch(tx, b.ID); err != nil || now.State != BatchLooking {
				return err
			}
			if err := row.save(tx, b.ID); err != nil {
				return err
			}
			n, err := tx.Exec(`UPDATE batch SET painted = ? WHERE id = ? AND painted < ?`, tx.Now(), b.ID, tx.Now()-paintEvery.Milliseconds())
			if err != nil || n == 0 {
				return err
			}
			return d.Repaint(tx, "batch:"+b.ID)
		}); err != nil {
			return err
		}
	}
	return jobs.Snooze(time.Millisecond)
}

func (r BatchRow) save(tx *store.Tx, batch string) error {
	why, body := []byte(nil), []byte(nil)
	var err error
	if r.Why != nil {
		if why, err = json.Marshal(r.Why); err != nil {
			return err
		}
	}
	if r.State == RowGood {
		r.Body.Buyer = "" // it is not needed here, and would have to be forgotten here too
		if body, err = json.Marshal(r.Body); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`UPDATE batch_row SET state = ?, why = ?, store = ?, order_id = ?, number = ?, facts = ?, body = ? WHERE batch = ? AND n = ?`,
		string(r.State), string(why), r.Store, r.Order, r.Number, r.Facts, string(body), batch, r.N)
	return err
}

// lookAtRow weighs one row. What speaks against it is written into it; the error
// is what has to be tried again.
func (d *Desk) lookAtRow(ctx context.Context, who people.Person, b Batch, row BatchRow) (BatchRow, error) {
	blocked := func(err error) (BatchRow, error) {
		var amb *Ambiguous
		switch words, ok := WordsOf(err); {
		case errors.As(err, &amb):
			var refs []string
			for _, o := range amb.Orders {
				refs = append(refs, o.Ref())
			}
			err = i18n.NewProblem(nil, "batch.ambiguous", "orders", strings.Join(refs, ", "))
			row.State = RowBlocked
			row.Why, _ = WordsOf(err)
		case !ok || connectors.KindOf(err) == connectors.Busy && isShops(err) || ctx.Err() != nil:
			return row, err
		default:
			row.State, row.Why = RowBlocked, words
			if p, _ := i18n.AsProblem(err); p.Key == "preflight.in_flight" {
				row.State = RowFlight
			}
		}
		return row, nil
	}
	o, err := d.FindOrder(ctx, who, row.Wish.Order)
	if err != nil {
		return blocked(err)
	}
	row.Store, row.Order, row.Number = o.Store.ID, o.Order.ID, o.Order.Number
	var before []BatchRow
	var began int64
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		began = tx.Now()
		before, err = batchRows(tx, `batch = ? AND store = ? AND order_id = ? AND n < ? ORDER BY n`, b.ID, row.Store, row.Order, row.N)
		return err
	}); err != nil {
		return row, err
	}
	if len(before) > 0 {
		row.State = RowTwice
		row.Why, _ = WordsOf(i18n.NewProblem(nil, "batch.twice", "order", row.Ref(), "line", before[0].Wish.Line))
		return row, nil
	}
	w := row.Wish
	body, order, err := d.weigh(ctx, who, RefundAsk{Order: o, Parts: w.Parts, Amount: w.Parts.Amount, Reason: w.Reason, Note: w.Note, Goods: w.Goods, Method: w.Method})
	if err != nil {
		return blocked(err)
	}
	body.Cmd.Asked = time.UnixMilli(began).UTC() // until it is booked: what happens from here on, the look may have missed
	row.State, row.Why, row.Body, row.Facts = RowGood, nil, body, d.refundFacts(row.Store, body, order)
	return row, nil
}

// isShops tells whether an error came from a shop.
func isShops(err error) bool {
	var ce *connectors.Error
	return errors.As(err, &ce)
}

// batchLooked ends a dry run. What it found is frozen from here on.
func (d *Desk) batchLooked(ctx context.Context, j jobs.Job[BatchLookArgs], b Batch) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		if moved, err := batchTo(tx, b.ID, BatchReady, BatchLooking); err != nil || !moved {
			return err
		}
		if _, err := tx.Exec(`UPDATE batch SET looked = ? WHERE id = ?`, tx.Now(), b.ID); err != nil {
			return err
		}
		return d.Repaint(tx, "batch:"+b.ID)
	})
}

// mark tells one dry run of a list from another.
func (b Batch) mark() string {
	if b.Looked.IsZero() {
		return "0"
	}
	return strconv.FormatInt(b.Looked.UnixMilli(), 36)
}

// LookAgain makes a dry run once more: what the last one found is forgotten.
func (d *Desk) LookAgain(ctx context.Context, by Deed, id string) error {
	return d.batchDeed(ctx, by, id, func(tx *store.Tx, b Batch) error {
		return d.lookAnew(tx, id)
	})
}

// lookAnew forgets what a list's dry run found, and has another one made.
func (d *Desk) lookAnew(tx *store.Tx, id string) error {
	if moved, err := batchTo(tx, id, BatchLooking, BatchReady); err != nil {
		return err
	} else if !moved {
		return i18n.NewProblem(nil, "batch.not_now", "id", id)
	}
	if _, err := tx.Exec(`UPDATE batch_row SET state = ?, why = '', body = '', facts = '' WHERE batch = ? AND state <> ?`,
		string(RowNew), id, string(RowUnread)); err != nil {
		return err
	}
	if err := d.Repaint(tx, "batch:"+id); err != nil {
		return err
	}
	return jobs.Add(tx, BatchLookArgs{id}, jobs.Key("batch_look/"+id))
}

// overtaken tells, in a sentence, why what a dry run found may not be true any more;
// it is empty while nothing is known that speaks against it.
func (d *Desk) overtaken(tx *store.Tx, p *i18n.Printer, b Batch, good []BatchRow) (string, error) {
	if time.UnixMilli(tx.Now()).Sub(b.Looked) > batchFresh {
		return p.T("batch.old", "id", b.ID), nil
	}
	for _, row := range good {
		if moved, err := d.movedOn(tx, row); err != nil {
			return "", err
		} else if moved {
			return p.T("batch.changed", "id", b.ID, "order", row.Ref()), nil
		}
	}
	return "", nil
}

// movedOn tells whether something became of a row's order since it was looked at: a
// refund of it was asked for or went on here, or the shop shows it otherwise.
func (d *Desk) movedOn(tx *store.Tx, row BatchRow) (bool, error) {
	since := row.Body.Cmd.Asked
	var refunds int
	if err := tx.Row(`SELECT COUNT(*) FROM refund WHERE store = ? AND order_id = ? AND updated >= ?`, row.Store, row.Order, since.UnixMilli()).
		Scan(&refunds); err != nil || refunds > 0 {
		return refunds > 0, err
	}
	// The mirror may also only have caught up with what the look saw.
	o, ok, err := sync.Since(tx, row.Store, row.Order, since)
	return ok && d.refundFacts(row.Store, row.Body, o) != row.Facts, err
}

// DropBatch throws a list away that nobody was asked about.
func (d *Desk) DropBatch(ctx context.Context, by Deed, id string) error {
	return d.batchDeed(ctx, by, id, func(tx *store.Tx, b Batch) error {
		if moved, err := batchTo(tx, id, BatchDropped, BatchLooking, BatchReady); err != nil {
			return err
		} else if !moved {
			return i18n.NewProblem(nil, "batch.not_now", "id", id)
		}
		if _, err := tx.Exec(`UPDATE batch_row SET body = '' WHERE batch = ?`, id); err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "batch.dropped", "batch:"+id, nil); err != nil {
			return err
		}
		return d.Repaint(tx, "batch:"+id)
	})
}

// batchDeed is something that only whoever made a list may do with it.
func (d *Desk) batchDeed(ctx context.Context, by Deed, id string, fn func(tx *store.Tx, b Batch) error) error {
	if _, err := d.BatchFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		b, err := getBatch(tx, id)
		if err != nil {
			return err
		}
		if b.By != by.Who.ID {
			return i18n.NewProblem(nil, "batch.not_yours", "id", id, "who", d.People.Name(b.By))
		}
		return fn(tx, b)
	})
}
