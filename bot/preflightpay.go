package bot

import (
	"context"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// whyOver is why a refund ends when less is left than was approved, and why one is
// in doubt again that was sent before.
const whyOver = "over_remaining"

// lastLook looks right before the money is sent whether what was approved is still
// left, by the platform's reckoning and the desk's own. done: the job is dealt
// with and nothing is to be sent.
func (d *Desk) lastLook(ctx context.Context, j jobs.Job[PayArgs], r Payback, s *Store, shop connectors.Refunder) (done bool, err error) {
	q, err := shop.Quote(connectors.WithFresh(ctx), r.Order)
	if err != nil {
		return true, d.unread(ctx, j, r, s, err)
	}
	_, young, err := d.given(ctx, s.ID, q.Order.ID)
	if err != nil {
		return true, err
	}
	hideOwn(&q, young)
	if a := j.Args.Cmd.Amount; a.Currency == q.Remaining.Currency && a.Minor <= q.Remaining.Minor {
		return false, nil
	}
	return true, d.payOver(ctx, j, r, shop)
}

// payOver deals with a refund that is more than what is left. Less may be left
// because this very refund was sent before and has only now turned up, so that it
// is in doubt again, and is looked for once more before it is given up; of one that
// was never sent nothing can have turned up.
func (d *Desk) payOver(ctx context.Context, j jobs.Job[PayArgs], r Payback, shop connectors.Refunder) error {
	cmd, err := d.known(ctx, j.Args.Cmd, r, shop)
	if err != nil {
		return err
	}
	if len(cmd.Sent) == 0 {
		return d.payGivenUp(ctx, j, r)
	}
	begun, err := d.payDoubted(ctx, r, shop)
	switch {
	case err != nil:
		return err
	case !begun:
		return jobs.Snooze(nextTurn)
	}
	return jobs.Snooze(time.Millisecond)
}

// payGivenUp ends a refund that is certainly not at the platform and is more than
// what is left.
func (d *Desk) payGivenUp(ctx context.Context, j jobs.Job[PayArgs], r Payback) error {
	d.Log.WarnContext(ctx, "a refund is more than what is left and is not sent", "refund", r.ID, "store", r.Store)
	return d.payEnds(ctx, j, r, RefundFailed, whyOver, nil)
}

// unread: the order could not be read before anything was sent, so that nothing is
// in doubt. It waits, or ends where waiting would not help.
func (d *Desk) unread(ctx context.Context, j jobs.Job[PayArgs], r Payback, s *Store, cause error) error {
	k := connectors.KindOf(cause)
	wait := max(connectors.RetryAfterOf(cause), d.later(j.Created))
	switch k {
	case connectors.Busy, connectors.Down:
	case connectors.Unsure:
		k = connectors.Down
	case connectors.Reauthorise, connectors.AppBroken:
		if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.troubled(tx, s, alerts.Send, cause) }); err != nil {
			return err
		}
		wait = d.later(j.Created)
	default:
		d.Log.WarnContext(ctx, "a refund was not sent: its order cannot be read", "refund", r.ID, "store", r.Store, "err", cause)
		return d.payEnds(ctx, j, r, RefundRejected, codeOf(cause), nil)
	}
	due := wait // which the card shows
	if k == connectors.Reauthorise || k == connectors.AppBroken {
		due = 0
	}
	if due > 0 || r.Error != k.String() {
		if err := d.payWaits(ctx, r, k.String(), due); err != nil {
			return err
		}
	}
	return jobs.Snooze(max(wait, time.Millisecond))
}
