package bot

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// nextTurn is how often a refund asks whether it is its turn.
const nextTurn = 250 * time.Millisecond

func oneByOne(shop connectors.Refunder) bool {
	o, ok := shop.(connectors.OneByOne)
	return ok && o.OneByOne()
}

// otherOpen: another refund of the store was sent, and its receipt is not known;
// one that was left to a person does not count.
func otherOpen(tx *store.Tx, r Payback) (bool, error) {
	var open int
	err := tx.Row(`SELECT COUNT(*) FROM refund WHERE store = ? AND id <> ? AND state IN (?, ?) AND error <> ? AND receipt NOT LIKE ?`,
		r.Store, r.ID, string(RefundSent), string(RefundUnknown), askPerson, `%"id":"%`).Scan(&open)
	return open > 0, err
}

// turnTaken: refunds of this store are sent one by one, and it is another one's
// turn.
func (d *Desk) turnTaken(ctx context.Context, r Payback, shop connectors.Refunder) (taken bool, err error) {
	if !oneByOne(shop) {
		return false, nil
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		taken, err = otherOpen(tx, r)
		return err
	})
	return taken, err
}

// inTurn does something with an approved refund when it is its turn, which it always
// is where refunds are not sent one by one.
func (d *Desk) inTurn(ctx context.Context, r Payback, shop connectors.Refunder, do func(*store.Tx) error) (begun bool, err error) {
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		begun = false
		if oneByOne(shop) {
			// Two replicas that counted at once would both find nobody before them.
			if err := tx.Lock("refunds/" + r.Store); err != nil {
				return err
			}
		}
		// Another run may have begun since it was read: a replica that stood still for
		// longer than its lease must not send what that one has sent.
		if now, err := d.GetRefund(tx, r.ID); err != nil || now.State != RefundApproved {
			return err
		}
		if oneByOne(shop) {
			if open, err := otherOpen(tx, r); err != nil || open {
				return err
			}
		}
		begun = true
		return do(tx)
	})
	return begun, err
}

// payDoubted puts a refund in doubt again that was sent before and seemed absent.
// Where refunds are sent one by one it takes the turn for that: as long as it is
// looked for, a thing that turns up at the platform must not be another one's.
func (d *Desk) payDoubted(ctx context.Context, r Payback, shop connectors.Refunder) (begun bool, err error) {
	return d.inTurn(ctx, r, shop, func(tx *store.Tx) error { return d.payStep(tx, r, RefundUnknown, whyOver, nil) })
}

// known adds to a command, before the shop is asked what became of it, what the
// desk knows: when it was sent, and which receipts are others'.
func (d *Desk) known(ctx context.Context, cmd connectors.Refund, r Payback, shop connectors.Refunder) (connectors.Refund, error) {
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if cmd.Taken, err = takenBy(tx, r, shop); err != nil {
			return err
		}
		cmd.Sent, err = sendings(tx, r.ID)
		return err
	})
	return cmd, err
}

// payState asks the shop what became of a refund. Where the platform does not say
// whose a thing is, one that was found is only this refund's if nobody else has
// taken it while the shop was read, and nobody else may still find it.
func (d *Desk) payState(ctx context.Context, cmd connectors.Refund, r Payback, shop connectors.Refunder) (connectors.Receipt, error) {
	rec, err := shop.RefundState(connectors.WithFresh(ctx), cmd, r.Receipt)
	if err != nil || !oneByOne(shop) || rec.ID == "" || rec.ID == r.Receipt.ID {
		return rec, err
	}
	var free bool
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		open, err := otherOpen(tx, r)
		if err != nil {
			return err
		}
		taken, err := takenBy(tx, r, shop)
		free = !open && !slices.Contains(taken, rec.ID)
		return err
	})
	switch {
	case err != nil || free:
		return rec, err
	case rec.State == connectors.StateAccepted:
		return connectors.Receipt{State: connectors.StateUnknown, Code: r.Receipt.Code, After: rec.After}, nil
	}
	// What it became is certain, only not by which of them.
	rec.ID = ""
	return rec, nil
}

// takenFor is how long another refund's receipt may be taken for this one's.
const takenFor = 48 * time.Hour

// takenBy lists the receipts of a store's other refunds, where that helps.
func takenBy(tx *store.Tx, r Payback, shop connectors.Refunder) ([]string, error) {
	if !oneByOne(shop) {
		return nil, nil
	}
	bodies, err := store.Column[string](tx, `SELECT receipt FROM refund WHERE store = ? AND id <> ? AND updated > ? AND receipt LIKE ?`,
		r.Store, r.ID, r.Created.Add(-takenFor).UnixMilli(), `%"id":"%`)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, body := range bodies {
		var rec connectors.Receipt
		if err := json.Unmarshal([]byte(body), &rec); err != nil {
			return nil, err
		}
		out = append(out, rec.ID)
	}
	return out, nil
}
