package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// Decide casts a vote on a refund. A yes first reads the order again: if the
// facts have changed, the old card dies and a new one is asked about.
func (d *Desk) Decide(ctx context.Context, by Deed, id string, yes bool, facts, reason string) error {
	r, err := d.refundFor(ctx, by, id)
	if err != nil {
		return err
	}
	if yes && r.State == RefundAsked && r.By != by.Who.ID && by.Who.Is(people.Manager) {
		q, err := d.QuoteFor(ctx, d.storeOr(r.Store), r.Order)
		if err != nil {
			return err
		}
		if d.refundFacts(r.Store, r.Body, q.Order) != r.Facts {
			return d.askAgain(ctx, by, r, q)
		}
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		a, err := approvals.Vote(tx, r.Approval, approvals.Ballot{Who: by.Who, Yes: yes, Facts: facts, Reason: reason})
		if err != nil {
			return d.voteProblem(ctx, tx, r, a, err)
		}
		return d.voted(tx, by, r, a, yes, reason)
	})
}

// deciders are the people whose yes counts in their own right: never whoever
// asked. An empty list of voters is nobody.
func (d *Desk) deciders(ctx context.Context, asker people.ID, storeID string, voters []string) []people.Person {
	return slices.DeleteFunc(d.People.All(ctx), func(p people.Person) bool {
		return p.ID == asker || !approvals.Entitled(p, voters, storeID)
	})
}

func (d *Desk) refundFor(ctx context.Context, by Deed, id string) (r Payback, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = d.GetRefund(tx, id)
		return err
	})
	if errors.Is(err, ErrNoRefund) {
		return r, i18n.NewProblem(nil, "refund.none", "id", id)
	}
	if err == nil && !by.Who.Sees(r.Store) {
		err = i18n.NewProblem(nil, "error.store_not_yours", "store", r.Store)
	}
	if _, ok := d.Shop(r.Store); err == nil && !ok {
		err = i18n.NewProblem(nil, "error.store_none", "store", r.Store, "stores", "")
	}
	return r, err
}

// voteProblem is why a vote did not count, as a sentence.
func (d *Desk) voteProblem(ctx context.Context, tx *store.Tx, r Payback, a approvals.Approval, err error) error {
	who, when := "", time.Time{}
	if len(a.Votes) > 0 {
		last := a.Votes[len(a.Votes)-1]
		who, when = d.People.Name(last.Who), last.At
	}
	switch {
	case errors.Is(err, approvals.ErrOwn):
		return i18n.NewProblem(nil, "approval.own", "id", r.ID)
	case errors.Is(err, approvals.ErrTwice):
		return i18n.NewProblem(nil, "approval.twice", "id", r.ID)
	case errors.Is(err, approvals.ErrNotYou):
		names := ""
		for i, p := range d.deciders(ctx, r.By, r.Store, a.Voters) {
			if i > 0 {
				names += ", "
			}
			names += p.Name
		}
		return i18n.NewProblem(nil, "approval.not_you", "id", r.ID, "who", names)
	case errors.Is(err, approvals.ErrLate):
		return i18n.NewProblem(nil, "approval.late", "id", r.ID, "order", r.Ref())
	case errors.Is(err, approvals.ErrStale), a.State == approvals.Void:
		return i18n.NewProblem(nil, "approval.stale", "id", r.ID)
	case errors.Is(err, approvals.ErrDecided) && a.State == approvals.Approved:
		return i18n.NewProblem(nil, "approval.was_approved", "id", r.ID, "who", who, "when", when.In(d.Zone).Format("15:04"))
	case errors.Is(err, approvals.ErrDecided):
		return i18n.NewProblem(nil, "approval.was_denied", "id", r.ID, "who", who, "when", when.In(d.Zone).Format("15:04"))
	}
	return fmt.Errorf("bot: vote on %s: %w", r.ID, err)
}

// voted writes down what a counted vote means for the refund.
func (d *Desk) voted(tx *store.Tx, by Deed, r Payback, a approvals.Approval, yes bool, reason string) error {
	what := "refund.vote_yes"
	if !yes {
		what = "refund.vote_no"
	}
	if err := d.Audit.Append(tx, string(by.Who.ID), what, "refund:"+r.ID, map[string]any{"approval": r.Approval, "facts": a.Facts}); err != nil {
		return err
	}
	var err error
	switch a.State {
	case approvals.Approved:
		err = d.refundTo(tx, r.ID, RefundApproved, "", nil)
	case approvals.Denied:
		err = d.refundTo(tx, r.ID, RefundDenied, reason, nil)
	}
	if err != nil {
		return err
	}
	if err := d.Repaint(tx, "refund:"+r.ID); err != nil {
		return err
	}
	key := i18n.Key("approval.counted_no")
	switch {
	case a.State == approvals.Approved:
		key = "approval.counted_done"
	case yes:
		key = "approval.counted_yes"
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T(key, "id", r.ID, "n", a.Left())))
}

// askAgain voids an approval whose facts have changed and asks about the new
// ones, under the same refund and the same key.
func (d *Desk) askAgain(ctx context.Context, by Deed, r Payback, q connectors.Quote) error {
	body := r.Body
	body.Total, body.Left, body.Status = q.Order.Total, q.Remaining, string(q.Order.Status)
	body.Cmd.Before, body.Cmd.Seen, body.Cmd.Hidden = q.Order.Refunded, nil, q.Hidden
	for _, seen := range q.Order.Refunds {
		body.Cmd.Seen = append(body.Cmd.Seen, seen.ID)
	}
	_, amountErr := checkAmount(RefundAsk{Order: OrderAt{d.storeOr(r.Store), q.Order}, Amount: body.Cmd.Amount}, q)
	facts := d.refundFacts(r.Store, body, q.Order)
	return d.commit(ctx, by, func(tx *store.Tx) error {
		ended, err := approvals.End(tx, r.Approval, approvals.Void)
		if err != nil || !ended {
			return errors.Join(err, d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.stale", "id", r.ID))))
		}
		if err := d.Audit.Append(tx, string(people.Desk), "refund.facts_changed", "refund:"+r.ID, map[string]any{"was": r.Facts, "is": facts}); err != nil {
			return err
		}
		kept, err := frozen(tx, r.Store, body)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE refund SET body = ?, facts = ? WHERE id = ?`, kept, facts, r.ID); err != nil {
			return err
		}
		if amountErr != nil {
			p, _ := i18n.AsProblem(amountErr)
			if err := d.refundTo(tx, r.ID, RefundFailed, string(p.Key), nil); err != nil {
				return err
			}
			if err := d.Repaint(tx, "refund:"+r.ID); err != nil {
				return err
			}
			return d.Whisper(tx, by.Event, plain(by.P, p.Say(by.P)))
		}
		if err := d.openApproval(tx, r.ID, r.By, r.Store, facts, body); err != nil {
			return err
		}
		if err := d.Repaint(tx, "refund:"+r.ID); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.stale", "id", r.ID)))
	})
}

// expire ends an ask that nobody decided in time.
func (d *Desk) expire(tx *store.Tx, id approvals.ID) error {
	a, err := approvals.Get(tx, id)
	if err != nil {
		return err
	}
	ended, err := approvals.End(tx, id, approvals.Expired)
	if err != nil || !ended {
		return err
	}
	_, rid, err := Matters(a.About)
	if err != nil {
		return err
	}
	if err := d.refundTo(tx, rid, RefundExpired, "", nil); err != nil {
		return err
	}
	if err := d.Audit.Append(tx, string(people.Desk), "refund.expired", a.About, nil); err != nil {
		return err
	}
	return d.Repaint(tx, a.About)
}
