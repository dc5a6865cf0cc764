package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// PayArgs is an approved refund on its way to the shop: what was approved is
// what runs.
type PayArgs struct {
	Refund string            `json:"refund"`
	Cmd    connectors.Refund `json:"cmd"`
}

// Kind names the job.
func (PayArgs) Kind() string { return "pay" }

// askPerson marks an unknown outcome that is older than the desk's patience.
const askPerson = "ask_person"

// payOut carries an approved refund out, once. The rules:
//
//   - "sent" is written down before the call, so that a crash during it is seen;
//   - from "sent", "accepted" and "unknown" the shop is read, never written to;
//   - only a shop that certainly has not got it is sent it again, under the same key.
func (d *Desk) payOut(ctx context.Context, j jobs.Job[PayArgs]) error {
	var r Payback
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = d.GetRefund(tx, j.Args.Refund)
		return err
	})
	if err != nil {
		return err
	}
	if r.State.over() {
		return nil
	}
	if j.Args.Cmd.Key != r.Key {
		return jobs.Cancel(fmt.Errorf("bot: refund %s: the approved job carries another key", r.ID))
	}
	s, ok := d.reach(ctx, r.Store)
	if !ok {
		return jobs.Snooze(time.Hour)
	}
	shop, ok := s.Refunder()
	if !ok {
		return d.payEnds(ctx, j, r, RefundFailed, connectors.Unsupported.String(), nil)
	}
	ctx = connectors.WithPriority(ctx, connectors.Agent)
	if r.State == RefundApproved {
		return d.paySend(ctx, j, r, s, shop)
	}
	return d.payLook(ctx, j, r, s, shop)
}

// paySend sends the refund, if what was approved is still left.
func (d *Desk) paySend(ctx context.Context, j jobs.Job[PayArgs], r Payback, s *Store, shop connectors.Refunder) error {
	// Whoever has to wait anyway leaves the reading to the one that is being looked for.
	if waits, err := d.turnTaken(ctx, r, shop); err != nil {
		return err
	} else if waits {
		return jobs.Snooze(nextTurn)
	}
	if done, err := d.lastLook(ctx, j, r, s, shop); done || err != nil {
		return err
	}
	begun, err := d.payBegins(ctx, r, shop)
	if err != nil {
		return err
	}
	if !begun {
		return jobs.Snooze(nextTurn)
	}
	r.State, r.Updated, r.Receipt = RefundSent, d.Now(), connectors.Receipt{}
	rec, err := shop.Refund(ctx, j.Args.Cmd)
	if err == nil {
		return d.payReceipt(ctx, j, r, rec, false)
	}
	switch k := connectors.KindOf(err); k {
	case connectors.Busy, connectors.Down:
		// Certainly not done: back to approved, and later again under the same key.
		wait := max(connectors.RetryAfterOf(err), d.later(j.Created))
		if err := d.payNotTaken(ctx, r, k.String(), wait); err != nil {
			return err
		}
		return jobs.Snooze(wait)
	case connectors.Reauthorise, connectors.AppBroken:
		d.Log.WarnContext(ctx, "a refund waits for the store's access", "refund", r.ID, "err", err)
		if err := d.payNotTaken(ctx, r, k.String(), 0); err != nil {
			return err
		}
		if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.troubled(tx, s, alerts.Send, err) }); err != nil {
			return err
		}
		return jobs.Snooze(d.later(j.Created))
	case connectors.Unsure:
		// What the adapter knows of the lost call helps it to look later.
		return d.payUnsure(ctx, j, r, err, &rec)
	case connectors.Conflict:
		// Something is in the way; it may be this very refund.
		return d.payConflict(ctx, j, r, s, shop, err)
	default:
		d.Log.WarnContext(ctx, "a refund was rejected", "refund", r.ID, "store", r.Store, "err", err)
		return d.payEnds(ctx, j, r, RefundRejected, codeOf(err), nil)
	}
}

// payConflict looks whether what is in the way is this very refund.
func (d *Desk) payConflict(ctx context.Context, j jobs.Job[PayArgs], r Payback, s *Store, shop connectors.Refunder, cause error) error {
	cmd, err := d.known(ctx, j.Args.Cmd, r, shop)
	if err != nil {
		return err
	}
	// This attempt was answered, so that it is not under way any more: to count it
	// would leave in doubt what is certain, and send it again after every doubt.
	cmd.Sent = cmd.Sent[:max(0, len(cmd.Sent)-1)]
	rec, err := d.payState(ctx, cmd, r, shop)
	if err == nil && rec.State == connectors.StateAbsent {
		d.Log.WarnContext(ctx, "a refund was rejected", "refund", r.ID, "store", r.Store, "err", cause)
		return d.payEnds(ctx, j, r, RefundRejected, codeOf(cause), nil)
	}
	return d.payLook(ctx, j, r, s, shop)
}

func codeOf(err error) string {
	var ce *connectors.Error
	if errors.As(err, &ce) && ce.Code != "" {
		return ce.Code
	}
	return connectors.KindOf(err).String()
}

// payLook reads the shop: did it happen?
func (d *Desk) payLook(ctx context.Context, j jobs.Job[PayArgs], r Payback, s *Store, shop connectors.Refunder) error {
	cmd, err := d.known(ctx, j.Args.Cmd, r, shop)
	if err != nil {
		return err
	}
	rec, err := d.payState(ctx, cmd, r, shop)
	if err := d.looked(ctx, r, rec, err); err != nil {
		return err
	}
	if err != nil {
		if k := connectors.KindOf(err); k == connectors.Reauthorise || k == connectors.AppBroken {
			if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.troubled(tx, s, alerts.Send, err) }); err != nil {
				return err
			}
		}
		return d.payUnsure(ctx, j, r, err, nil)
	}
	if r.State == RefundSent && (rec.State == connectors.StateApplied || rec.State == connectors.StateAccepted) {
		d.Log.InfoContext(ctx, "a refund was there already and is not sent again", "refund", r.ID, "store", r.Store)
	}
	switch {
	case rec.State == connectors.StateAbsent && r.State == RefundUnknown && r.Error == whyOver:
		return d.payGivenUp(ctx, j, r)
	case rec.State == connectors.StateAbsent && r.State != RefundAccepted:
		return d.payAbsent(ctx, r, shop)
	}
	return d.payReceipt(ctx, j, r, rec, true)
}

// payAbsent sends again, once it is certain that the first sending is not still
// under way. A platform that honours the key may be sent it at once.
func (d *Desk) payAbsent(ctx context.Context, r Payback, shop connectors.Refunder) error {
	k, ok := shop.(interface{ Keyed() bool })
	if keyed := ok && k.Keyed(); !keyed {
		since := r.Unsure
		if r.State == RefundSent {
			// Its process ended at some time after it was written down, since an adapter
			// reads before it sends: as late as right before this run first looked.
			var err error
			if since, err = d.lookedSince(ctx, r.ID); err != nil {
				return err
			}
		}
		if wait := since.Add(d.Policy.Settle).Sub(d.Now()); wait > 0 {
			return jobs.Snooze(wait)
		}
	}
	if err := d.payMoves(ctx, r, RefundApproved, "", nil); err != nil {
		return err
	}
	return jobs.Snooze(time.Millisecond)
}

// payReceipt acts on what the shop said.
func (d *Desk) payReceipt(ctx context.Context, j jobs.Job[PayArgs], r Payback, rec connectors.Receipt, looked bool) error {
	switch rec.State {
	case connectors.StateApplied:
		return d.payEnds(ctx, j, r, RefundConfirmed, "", &rec)
	case connectors.StateRejected:
		return d.payEnds(ctx, j, r, RefundRejected, rec.Code, &rec)
	case connectors.StateAccepted:
		if r.State != RefundAccepted || rec.ID != r.Receipt.ID {
			if err := d.payMoves(ctx, r, RefundAccepted, "", &rec); err != nil {
				return err
			}
		}
		return jobs.Snooze(max(rec.After, d.later(j.Created)))
	}
	if looked {
		return d.payUnsure(ctx, j, r, nil, &rec)
	}
	return d.payUnsure(ctx, j, r, errors.New("the shop's answer says neither yes nor no"), &rec)
}

// payUnsure shows an unknown outcome as unknown and looks again later. When it
// has been unknown for too long, a person is asked; looking goes on. What the shop
// had accepted becomes unknown only where it says so itself, with a word for why.
func (d *Desk) payUnsure(ctx context.Context, j jobs.Job[PayArgs], r Payback, cause error, rec *connectors.Receipt) error {
	wait := d.later(j.Created)
	if rec != nil {
		wait = max(wait, rec.After)
		if rec.ID == "" && rec.Code == "" {
			rec = nil // nothing in it to remember
		}
	}
	if cause != nil {
		d.Log.WarnContext(ctx, "whether a refund happened is unknown", "refund", r.ID, "store", r.Store, "err", cause)
	}
	why := ""
	if r.State == RefundUnknown && r.Error == whyOver {
		why = whyOver
	}
	if !r.Unsure.IsZero() && d.Now().Sub(r.Unsure) > d.Policy.UnsureFor {
		why = askPerson
	}
	if r.State == RefundAccepted && (cause != nil || rec == nil || rec.State != connectors.StateUnknown || rec.Code == "" || rec.Code == r.Receipt.Code) {
		// The shop has it; only this look failed, or did not show it.
		return jobs.Snooze(wait)
	}
	if r.State != RefundUnknown || r.Error != why || rec != nil && *rec != r.Receipt {
		if err := d.payMoves(ctx, r, RefundUnknown, why, rec); err != nil {
			return err
		}
	}
	return jobs.Snooze(wait)
}

// payBegins writes down that a refund is being sent. Where refunds are sent one
// by one it waits for those whose receipts are not known; not for one that was
// left to a person.
func (d *Desk) payBegins(ctx context.Context, r Payback, shop connectors.Refunder) (begun bool, err error) {
	return d.inTurn(ctx, r, shop, func(tx *store.Tx) error {
		if err := noteLook(tx, r.ID, lookSent, ""); err != nil {
			return err
		}
		// What was known of an earlier attempt is not known of this one, which may end
		// with this process: its receipt would point a look at the wrong moment.
		return d.payStep(tx, r, RefundSent, "", &connectors.Receipt{})
	})
}

// payMoves writes a step down and repaints.
func (d *Desk) payMoves(ctx context.Context, r Payback, s RefundState, why string, rec *connectors.Receipt) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error { return d.payStep(tx, r, s, why, rec) })
}

// payWaits writes down that a refund has to wait, and until when if that is known.
func (d *Desk) payWaits(ctx context.Context, r Payback, why string, wait time.Duration) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error { return d.payWaitsIn(tx, r, why, wait) })
}

// payNotTaken does so for a refund that was sent just now, and for certain in vain.
func (d *Desk) payNotTaken(ctx context.Context, r Payback, why string, wait time.Duration) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := noteNotTaken(tx, r.ID); err != nil {
			return err
		}
		return d.payWaitsIn(tx, r, why, wait)
	})
}

func (d *Desk) payWaitsIn(tx *store.Tx, r Payback, why string, wait time.Duration) error {
	if err := d.payStep(tx, r, RefundApproved, why, nil); err != nil || wait <= 0 {
		return err
	}
	_, err := tx.Exec(`UPDATE refund SET due = ? WHERE id = ?`, tx.Now()+wait.Milliseconds(), r.ID)
	return err
}

func (d *Desk) payStep(tx *store.Tx, r Payback, s RefundState, why string, rec *connectors.Receipt) error {
	if err := d.refundTo(tx, r.ID, s, why, rec); err != nil {
		return err
	}
	if err := d.Audit.Append(tx, string(people.Desk), "refund."+string(s), "refund:"+r.ID, map[string]any{"key": r.Key, "why": why}); err != nil {
		return err
	}
	return d.Repaint(tx, "refund:"+r.ID)
}

// payEnds writes the end down, ends the job and repaints, in one transaction.
func (d *Desk) payEnds(ctx context.Context, j jobs.Job[PayArgs], r Payback, s RefundState, why string, rec *connectors.Receipt) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		if err := d.refundTo(tx, r.ID, s, why, rec); err != nil {
			return err
		}
		detail := map[string]any{"key": r.Key, "why": why, "amount": r.Body.Cmd.Amount.String()}
		if rec != nil {
			detail["receipt"] = rec.ID
		}
		if err := d.Audit.Append(tx, string(people.Desk), "refund."+string(s), "refund:"+r.ID, detail); err != nil {
			return err
		}
		if s == RefundConfirmed {
			if err := d.followUp(tx, r); err != nil {
				return err
			}
		}
		return d.Repaint(tx, "refund:"+r.ID)
	})
}
