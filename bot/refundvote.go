package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// Decide casts a vote on a refund. A yes first reads the order again: if the
// facts have changed, the old card dies and a new one is asked about.
func (d *Desk) Decide(ctx context.Context, by Deed, id string, yes bool, facts, reason string) error {
	r, err := d.AskFor(ctx, by, id)
	if err != nil {
		return err
	}
	if err := r.alone(); err != nil {
		return err
	}
	if may, err := d.MayDecide(ctx, r, by.Who.ID); err != nil {
		return err
	} else if yes && may {
		if err := d.wrongMark(ctx, r, facts); err != nil {
			return err
		}
		if err := d.policyOpen(d.Now()); err != nil {
			return err
		}
		if r.Body.Ruling.StepUp {
			if err := d.wantProof(ctx, by, r); err != nil {
				return err
			}
		}
		if again, err := d.changed(ctx, by, r); again || err != nil {
			return err
		}
	}
	try, err := d.ready(ctx, by)
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		proof := needless
		if yes {
			if proof, err = d.provesVote(tx, by, r.ID, try); err != nil || proof == refused {
				return err
			}
		}
		a, err := approvals.Vote(tx, r.Approval, approvals.Ballot{Who: by.Who, Yes: yes, Facts: facts, Reason: reason})
		if err != nil {
			return d.voteProblem(ctx, tx, by, r, a, err)
		}
		if proof == unproved {
			return i18n.NewProblem(nil, "stepup.unproved", "id", r.ID) // and the vote is taken back
		}
		return d.voted(tx, by, r, a, yes, reason)
	})
}

// wrongMark is why the mark that came with a yes is not that of the card which
// stands now: it is of an older one, or somebody has typed what is no mark.
func (d *Desk) wrongMark(ctx context.Context, r Payback, facts string) error {
	if facts == "" || facts == r.Facts {
		return nil
	}
	key := i18n.Key("approval.no_mark")
	if err := d.DB.Read(ctx, func(tx *store.Tx) error {
		old, err := approvals.WasAsked(tx, r.matter(), facts)
		if old {
			key = "approval.stale"
		}
		return err
	}); err != nil {
		return err
	}
	return i18n.NewProblem(nil, key, "id", r.ID)
}

// changed looks at the order again, and asks anew where it is not as it was. The
// rows of a list are looked at one by one, each right before it is sent.
func (d *Desk) changed(ctx context.Context, by Deed, r Payback) (again bool, err error) {
	if r.Rows > 0 {
		return false, nil
	}
	if r.Goods {
		return d.replacementChanged(ctx, by, r)
	}
	q, err := d.QuoteFor(ctx, d.storeOr(r.Store), r.Order)
	if err != nil {
		return false, err
	}
	found, bad := d.stillGood(ctx, r, q)
	if _, sentence := i18n.AsProblem(bad); bad != nil && !sentence {
		return false, bad
	}
	if bad == nil && d.refundFacts(r.Store, r.Body, q.Order) == r.Facts {
		return false, nil
	}
	return true, d.askAgain(ctx, by, r, q, found, bad)
}

// MayDecide tells whether somebody's vote on a refund would count now.
func (d *Desk) MayDecide(ctx context.Context, r Payback, who people.ID) (may bool, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		a, err := approvals.Get(tx, r.Approval)
		if err != nil {
			return err
		}
		_, may, err = approvals.CanVote(tx, a, who)
		return err
	})
	return may, err
}

// deciders are the people whose yes counts in their own right: never whoever
// asked. An empty list of voters is nobody.
func (d *Desk) deciders(ctx context.Context, asker people.ID, storeID string, voters []string) []people.Person {
	return slices.DeleteFunc(d.People.All(ctx), func(p people.Person) bool {
		return p.ID == asker || !approvals.Entitled(p, voters, storeID)
	})
}

// RefundFor finds a refund that somebody may see.
func (d *Desk) RefundFor(ctx context.Context, by Deed, id string) (r Payback, err error) {
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
func (d *Desk) voteProblem(ctx context.Context, tx *store.Tx, by Deed, r Payback, a approvals.Approval, err error) error {
	who, when := "", time.Time{}
	if len(a.Votes) > 0 {
		last := a.Votes[len(a.Votes)-1]
		who, when = castName(by.P, last, d.name), last.At
	}
	switch {
	case errors.Is(err, approvals.ErrOwn):
		return i18n.NewProblem(nil, "approval.own", "id", r.ID)
	case errors.Is(err, approvals.ErrTwice):
		return i18n.NewProblem(nil, "approval.twice", "id", r.ID)
	case errors.Is(err, approvals.ErrSpoken):
		return i18n.NewProblem(nil, "approval.spoken", "id", r.ID, "who", who)
	case errors.Is(err, approvals.ErrReason):
		return i18n.NewProblem(nil, "approval.why_needed", "id", r.ID)
	case errors.Is(err, approvals.ErrNotYou):
		return i18n.NewProblem(nil, "approval.not_you", "id", r.ID, "who", d.deciderNames(ctx, by.P, a))
	case errors.Is(err, approvals.ErrLate) && r.Rows > 0:
		return i18n.NewProblem(nil, "batch.late", "id", r.ID)
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

// name is what to call somebody.
func (d *Desk) name(id string) string { return d.People.Name(people.ID(id)) }

// castName is who voted: "ben", or "ben for anna".
func castName(p *i18n.Printer, v approvals.Cast, name func(id string) string) string {
	if v.For == "" {
		return name(string(v.Who))
	}
	return p.T("approval.in_place_of", "who", name(string(v.Who)), "whom", name(string(v.For)))
}

// cast tells who said yes, and who said no and why.
func cast(p *i18n.Printer, a approvals.Approval, name func(id string) string) (yes []string, no, why string) {
	for _, v := range a.Votes {
		if v.Yes {
			yes = append(yes, castName(p, v, name))
		} else {
			no, why = castName(p, v, name), v.Reason
		}
	}
	return yes, no, why
}

// deciderNames are the people whose yes counts, as a list.
func (d *Desk) deciderNames(ctx context.Context, p *i18n.Printer, a approvals.Approval) string {
	var names []string
	for _, x := range d.deciders(ctx, a.By, a.Store, a.Voters) {
		names = append(names, x.Name)
	}
	if len(names) == 0 {
		return p.T("error.nobody_yet")
	}
	return p.List(names...)
}

// voted writes down what a counted vote means for the refund.
func (d *Desk) voted(tx *store.Tx, by Deed, r Payback, a approvals.Approval, yes bool, reason string) error {
	if r.Rows > 0 {
		return d.chunkVoted(tx, by, r, a, yes, reason)
	}
	if r.Goods {
		return d.replacementVoted(tx, by, r, a, yes, reason)
	}
	what := "refund.vote_yes"
	why := ""
	switch {
	case yes:
	case r.By == by.Who.ID:
		what, why = "refund.withdrawn", withdrawn
	default:
		what = "refund.vote_no"
	}
	detail := map[string]any{"approval": r.Approval, "facts": a.Facts}
	if last := a.Votes[len(a.Votes)-1]; last.For != "" {
		detail["for"] = last.For
	}
	if err := d.Audit.Append(tx, string(by.Who.ID), what, "refund:"+r.ID, detail); err != nil {
		return err
	}
	var err error
	switch a.State {
	case approvals.Approved:
		err = d.refundTo(tx, r.ID, RefundApproved, "", nil)
	case approvals.Denied:
		// The reason stands with the vote.
		if err = d.refundTo(tx, r.ID, RefundDenied, why, nil); err == nil && r.By != by.Who.ID {
			err = d.tellAsker(tx, r, func(p *i18n.Printer) chat.Card {
				return plain(p, p.T("approval.denied_told", "id", r.ID, "amount", r.Body.Cmd.Amount.String(), "order", r.Ref(),
					"who", castName(p, a.Votes[len(a.Votes)-1], d.name), "why", reason))
			})
		}
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
	case r.By == by.Who.ID:
		key = "approval.counted_back"
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T(key, "id", r.ID, "n", a.Left())))
}

// askAgain voids an approval whose facts have changed and asks about the new
// ones, under the same refund and the same key; with bad, which is what has come
// in the way, nothing is asked any more.
func (d *Desk) askAgain(ctx context.Context, by Deed, r Payback, q connectors.Quote, found []Finding, bad error) error {
	body := r.Body
	body.Total, body.Left, body.Status = q.Order.Total, q.Remaining, string(q.Order.Status)
	body.Cmd.Before, body.Cmd.Seen, body.Cmd.Hidden = q.Order.Refunded, nil, q.Hidden
	for _, seen := range q.Order.Refunds {
		body.Cmd.Seen = append(body.Cmd.Seen, seen.ID)
	}
	body.Findings = found
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
		if p, ok := i18n.AsProblem(bad); ok {
			if err := d.refundTo(tx, r.ID, RefundFailed, "facts_changed", nil); err != nil {
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
		if err := d.newCard(tx, r); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.stale", "id", r.ID)))
	})
}

// newCard puts a new card up wherever the old one stood, and leaves the old one to
// say that it is void: who read it has not read what is asked now.
func (d *Desk) newCard(tx *store.Tx, r Payback) error {
	old := "void:" + string(r.Approval)
	if _, err := tx.Exec(`UPDATE shown SET matter = ? WHERE matter = ?`, old, "refund:"+r.ID); err != nil {
		return err
	}
	if err := d.Repaint(tx, old); err != nil {
		return err
	}
	_, err := d.ShowIn(tx, "refund:"+r.ID, TopicApprovals, r.Store)
	return err
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
	kind, rid, err := Matters(a.About)
	if err != nil {
		return err
	}
	switch kind {
	case "batch":
		return d.chunkExpired(tx, rid)
	case "goods":
		return d.replacementExpired(tx, rid)
	}
	if err := d.refundTo(tx, rid, RefundExpired, "", nil); err != nil {
		return err
	}
	if err := d.Audit.Append(tx, string(people.Desk), "refund.expired", a.About, nil); err != nil {
		return err
	}
	return d.Repaint(tx, a.About)
}
