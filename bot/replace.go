package bot

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// inGoods is how a replacement gives something back. No adapter ever sees it.
const inGoods connectors.RefundMethod = "replacement"

// IsReplacement tells whether an id is that of a replacement or an exchange.
func IsReplacement(id string) bool {
	return len(id) > 1 && id[0] == 'X' && strings.Trim(id[1:], "0123456789") == ""
}

// Replacement is goods that are sent again, as the desk keeps it. Its Payback says
// what is replaced, and what that is worth.
type Replacement struct {
	Payback
	Carrier, Tracking string
	SentBy            people.ID
}

// exchange tells whether the goods of the order come back.
func (b PaybackBody) exchange() bool { return b.Cmd.Goods == connectors.GoodsBack }

// ReplacementWhat is what it is, in a word.
func ReplacementWhat(p *i18n.Printer, b PaybackBody) string {
	if b.exchange() {
		return p.T("replace.what.exchange")
	}
	return p.T("replace.what.replacement")
}

func getReplacement(tx *store.Tx, id string) (r Replacement, err error) {
	var body string
	var created, updated int64
	err = tx.Row(`SELECT id, store, order_id, number, body, facts, state, asked_by, carrier, tracking, sent_by, created, updated FROM replacement WHERE id = ?`, id).
		Scan(&r.ID, &r.Store, &r.Order, &r.Number, &body, &r.Facts, &r.State, &r.By, &r.Carrier, &r.Tracking, &r.SentBy, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoRefund
	}
	if err != nil {
		return r, err
	}
	r.Approval, r.Goods = approvals.ID(id), true
	r.Created, r.Updated = time.UnixMilli(created), time.UnixMilli(updated)
	return r, json.Unmarshal([]byte(body), &r.Body)
}

// replacementTo moves a replacement from one state to another. Whoever comes second
// does not move it.
func replacementTo(tx *store.Tx, id string, from, to RefundState) (bool, error) {
	set := `UPDATE replacement SET state = ?, updated = ? WHERE id = ? AND state = ?`
	if to.over() {
		set = `UPDATE replacement SET state = ?, updated = ?, live = NULL WHERE id = ? AND state = ?`
	}
	n, err := tx.Exec(set, string(to), tx.Now(), id, string(from))
	return n == 1, err
}

// replacements tell what of an order was replaced, or is about to be: whoever gives
// money back should know.
func (d *Desk) replacements(ctx context.Context, storeID, order string) (out []Finding, err error) {
	return out, d.DB.Read(ctx, func(tx *store.Tx) error {
		out = nil
		rows, err := tx.Query(`SELECT id, state FROM replacement WHERE store = ? AND order_id = ? AND state IN (?, ?, ?) ORDER BY created, id`,
			storeID, order, string(RefundAsked), string(RefundApproved), string(RefundConfirmed))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, state string
			if err := rows.Scan(&id, &state); err != nil {
				return err
			}
			key := "replacing"
			if state == string(RefundConfirmed) {
				key = "replaced"
			}
			out = append(out, known(key, "id", id))
		}
		return rows.Err()
	})
}

// ReplaceAsk is what somebody wants sent again.
type ReplaceAsk struct {
	Order  OrderAt
	Lines  []LinePick // none is all
	Reason connectors.RefundReason
	Note   string
	// Exchange: the goods come back.
	Exchange bool
}

// AskReplacement writes down what somebody wants sent again and asks the people who
// may decide. Nothing is sent to the shop, now or later.
func (d *Desk) AskReplacement(ctx context.Context, by Deed, a ReplaceAsk) error {
	s := a.Order.Store
	if d.Policy.Votes < 1 {
		return i18n.NewProblem(nil, "refund.nobody_decides")
	}
	q, err := d.QuoteFor(ctx, s, a.Order.Order.ID)
	if err != nil {
		return err
	}
	cmd, found, err := d.weighGoods(ctx, a, q)
	if err != nil {
		return err
	}
	rule, err := d.ruling(ctx, by.Who, s, cmd, found)
	if err != nil {
		return err
	}
	if len(d.deciders(ctx, by.Who.ID, s.ID, rule.Voters)) < rule.Votes {
		return i18n.NewProblem(nil, "refund.too_few", "n", rule.Votes, "store", s.Name)
	}
	body := PaybackBody{Total: q.Order.Total, Left: q.Remaining, Status: string(q.Order.Status), Votes: rule.Votes, Link: q.Order.Link, Ruling: rule, Findings: found, Cmd: cmd}
	for _, l := range q.Order.Lines {
		body.Titles, body.LineIDs = append(body.Titles, l.Title), append(body.LineIDs, l.ID)
	}
	return d.commit(ctx, by, func(tx *store.Tx) error { return d.openReplacement(tx, by, OrderAt{s, q.Order}, body) })
}

// weighGoods says what a replacement is worth, and what speaks against it. Goods
// whose money was given back are not replaced as well.
func (d *Desk) weighGoods(ctx context.Context, a ReplaceAsk, q connectors.Quote) (cmd connectors.Refund, found []Finding, err error) {
	cmd = connectors.Refund{Order: q.Order.ID, Reason: a.Reason, Note: a.Note, Before: q.Order.Refunded, Method: inGoods, Goods: connectors.GoodsKept}
	if a.Exchange {
		cmd.Goods = connectors.GoodsBack
	}
	// That an order is archived is no matter to goods; payments neither.
	found, err = d.preflight(ctx, a.Order.Store, q, cmd, "archived")
	if err != nil {
		return cmd, nil, err
	}
	if err := barred(found); err != nil {
		return cmd, nil, err
	}
	found = slices.DeleteFunc(found, func(f Finding) bool { return f.Key == "passed_archived" })
	picks := a.Lines
	if len(picks) == 0 {
		for i, l := range q.Lines {
			if l.Quantity > 0 && l.Remaining.Minor > 0 {
				picks = append(picks, LinePick{N: i + 1})
			}
		}
	}
	if len(picks) == 0 {
		return cmd, nil, i18n.NewProblem(nil, "refund.nothing_left", "order", a.Order.Ref(), "total", q.Order.Total.String())
	}
	parts := RefundAsk{Order: a.Order}
	if err := parts.Reckon(q, RefundParts{Lines: picks}); err != nil {
		return cmd, nil, err
	}
	cmd.Lines, cmd.Amount = parts.Lines, parts.Amount
	return cmd, found, nil
}

func (d *Desk) openReplacement(tx *store.Tx, by Deed, at OrderAt, body PaybackBody) error {
	s, o := at.Store, at.Order
	id, err := next(tx, "replacement", "X")
	if err != nil {
		return err
	}
	if err := d.underCaps(tx, by.Who.ID, s, body); err != nil {
		return err
	}
	facts := d.refundFacts(s.ID, body, o)
	kept, err := json.Marshal(body)
	if err != nil {
		return err
	}
	place := by.Event.Place
	place.Only, place.Answering = by.Event.Account.ID, ""
	where, err := json.Marshal(place)
	if err != nil {
		return err
	}
	live := s.ID + "/" + o.ID
	n, err := tx.Exec(`INSERT INTO replacement(id, store, order_id, number, body, facts, state, live, asked_by, asked_in, created, updated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (live) DO NOTHING`,
		id, s.ID, o.ID, o.Number, string(kept), facts, string(RefundAsked), live, string(by.Who.ID), string(where), tx.Now(), tx.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		var other string
		if err := tx.Row(`SELECT id FROM replacement WHERE live = ?`, live).Scan(&other); err != nil {
			return err
		}
		return i18n.NewProblem(nil, "replace.in_flight", "id", other, "order", at.Ref())
	}
	if err := d.Audit.Append(tx, string(by.Who.ID), "replacement.asked", "goods:"+id, map[string]any{
		"store": s.ID, "order": o.ID, "amount": body.Cmd.Amount.String(), "reason": body.Cmd.Reason, "goods": body.Cmd.Goods, "facts": facts}); err != nil {
		return err
	}
	if _, err := approvals.Open(tx, approvals.Ask{ID: approvals.ID(id), About: "goods:" + id, Facts: facts, By: by.Who.ID, Voters: body.Ruling.Voters,
		Store: s.ID, Votes: body.Votes, Until: time.UnixMilli(tx.Now()).Add(d.Policy.Expiry), Job: ReplaceArgs{id}, Key: "replace/" + id, Lane: LaneHouse}); err != nil {
		return err
	}
	shown, err := d.ShowIn(tx, "goods:"+id, TopicApprovals, s.ID)
	if err != nil {
		return err
	}
	if shown == 0 {
		return i18n.NewProblem(nil, "refund.no_channel", "store", s.Name)
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T("replace.asked_for", "id", id, "what", ReplacementWhat(by.P, body), "order", at.Ref())))
}

// ReplaceArgs is an approved replacement on its way to the people who send it.
type ReplaceArgs struct {
	Replacement string `json:"replacement"`
}

// Kind names the job.
func (ReplaceArgs) Kind() string { return "replace" }

// handOver shows an approved replacement to the people who send it. It calls no
// shop.
func (d *Desk) handOver(ctx context.Context, j jobs.Job[ReplaceArgs]) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		r, err := getReplacement(tx, j.Args.Replacement)
		if err != nil || r.State != RefundApproved {
			return err
		}
		if _, err := d.ShowIn(tx, r.matter(), TopicAlerts, r.Store); err != nil {
			return err
		}
		return d.Repaint(tx, r.matter())
	})
}

// replacementChanged ends an ask whose order is not what it was. Nothing has
// happened yet, so it is asked again from the start.
func (d *Desk) replacementChanged(ctx context.Context, by Deed, r Payback) (bool, error) {
	q, err := d.QuoteFor(ctx, d.storeOr(r.Store), r.Order)
	if err != nil {
		return false, err
	}
	found, err := d.preflight(ctx, d.storeOr(r.Store), q, r.Body.Cmd, "archived")
	if err != nil {
		return false, err
	}
	bad := barred(found)
	if bad == nil && d.refundFacts(r.Store, r.Body, q.Order) == r.Facts {
		return false, nil
	}
	return true, d.commit(ctx, by, func(tx *store.Tx) error {
		ended, err := approvals.End(tx, r.Approval, approvals.Void)
		if err != nil {
			return err
		}
		if ended {
			if _, err := replacementTo(tx, r.ID, RefundAsked, RefundExpired); err != nil {
				return err
			}
			if err := d.Audit.Append(tx, string(people.Desk), "replacement.facts_changed", r.matter(), map[string]any{"was": r.Facts}); err != nil {
				return err
			}
			if err := d.Repaint(tx, r.matter()); err != nil {
				return err
			}
		}
		say := by.P.T("replace.changed", "id", r.ID, "order", r.Ref())
		if p, ok := i18n.AsProblem(bad); ok {
			say = p.Say(by.P)
		}
		return d.Whisper(tx, by.Event, plain(by.P, say))
	})
}

// replacementVoted writes down what a counted vote means for a replacement.
func (d *Desk) replacementVoted(tx *store.Tx, by Deed, r Payback, a approvals.Approval, yes bool, reason string) error {
	what := "replacement.vote_yes"
	if !yes {
		what = "replacement.vote_no"
	}
	last := a.Votes[len(a.Votes)-1]
	detail := map[string]any{"approval": a.ID, "facts": a.Facts}
	if last.For != "" {
		detail["for"] = last.For
	}
	if err := d.Audit.Append(tx, string(by.Who.ID), what, r.matter(), detail); err != nil {
		return err
	}
	key := i18n.Key("approval.counted_yes")
	switch a.State {
	case approvals.Approved:
		key = "replace.counted_done"
		if _, err := replacementTo(tx, r.ID, RefundAsked, RefundApproved); err != nil {
			return err
		}
	case approvals.Denied:
		key = "replace.counted_no"
		if r.By == by.Who.ID {
			key = "replace.counted_back"
		}
		if _, err := replacementTo(tx, r.ID, RefundAsked, RefundDenied); err != nil {
			return err
		}
		if r.By != by.Who.ID {
			if err := d.tellAsker(tx, r, func(p *i18n.Printer) chat.Card {
				return plain(p, p.T("replace.denied_told", "id", r.ID, "what", ReplacementWhat(p, r.Body), "order", r.Ref(), "who", castName(p, last, d.name), "why", reason))
			}); err != nil {
				return err
			}
		}
	}
	if err := d.Repaint(tx, r.matter()); err != nil {
		return err
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T(key, "id", r.ID, "n", a.Left())))
}

// replacementExpired ends an ask that nobody decided in time.
func (d *Desk) replacementExpired(tx *store.Tx, id string) error {
	if moved, err := replacementTo(tx, id, RefundAsked, RefundExpired); err != nil || !moved {
		return err
	}
	if err := d.Audit.Append(tx, string(people.Desk), "replacement.expired", "goods:"+id, nil); err != nil {
		return err
	}
	return d.Repaint(tx, "goods:"+id)
}

// MaySend tells, as a problem, why somebody may not say that a replacement was
// sent.
func (d *Desk) MaySend(ctx context.Context, by Deed, id string) (r Replacement, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = maySend(tx, by, id)
		return err
	})
	return r, err
}

func maySend(tx *store.Tx, by Deed, id string) (Replacement, error) {
	r, err := getReplacement(tx, id)
	if errors.Is(err, ErrNoRefund) {
		return r, i18n.NewProblem(nil, "refund.none", "id", id)
	}
	if err != nil {
		return r, err
	}
	who, err := people.Read(tx, by.Who.ID)
	switch {
	case err != nil:
		return r, err
	case !who.Sees(r.Store):
		return r, i18n.NewProblem(nil, "error.store_not_yours", "store", r.Store)
	case !who.Is(people.Agent, people.Ops, people.Manager):
		return r, i18n.NewProblem(nil, "replace.not_you", "id", id)
	case r.State == RefundConfirmed:
		return r, i18n.NewProblem(nil, "replace.sent_already", "id", id)
	case r.State != RefundApproved:
		return r, i18n.NewProblem(nil, "replace.not_approved", "id", id)
	}
	return r, nil
}

// SentReplacement writes down that somebody sent an approved replacement.
func (d *Desk) SentReplacement(ctx context.Context, by Deed, id, carrier, tracking string) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		r, err := maySend(tx, by, id)
		if err != nil {
			return err
		}
		moved, err := replacementTo(tx, id, RefundApproved, RefundConfirmed)
		if err != nil {
			return err
		}
		if !moved {
			return i18n.NewProblem(nil, "replace.sent_already", "id", id)
		}
		if _, err := tx.Exec(`UPDATE replacement SET carrier = ?, tracking = ?, sent_by = ? WHERE id = ?`, carrier, tracking, string(by.Who.ID), id); err != nil {
			return err
		}
		detail := map[string]any{"facts": r.Facts, "amount": r.Body.Cmd.Amount.String()}
		if tracking != "" {
			detail["parcel"] = d.mark("parcel", carrier, tracking)
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "replacement.confirmed", r.matter(), detail); err != nil {
			return err
		}
		if err := d.Repaint(tx, r.matter()); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("replace.sent", "id", id)))
	})
}
