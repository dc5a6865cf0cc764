package bot

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// RefundAsk is what somebody wants refunded.
type RefundAsk struct {
	Order OrderAt
	// Amount is zero when all that is left is meant.
	Amount connectors.Money
	Reason connectors.RefundReason
	Note   string
	// Parts are what somebody said it is for; where they are empty, Lines, Shipping
	// and Tax are. All empty means the order as a whole.
	Parts         RefundParts
	Lines         []connectors.RefundLine
	Shipping, Tax connectors.Money
	Method        connectors.RefundMethod
	// Goods is what becomes of the goods, if somebody said.
	Goods connectors.Goods
	// Anyway: asked past what may be asked past.
	Anyway bool
}

// QuoteFor tells what is left to refund of an order, fresh from its shop.
func (d *Desk) QuoteFor(ctx context.Context, s *Store, order string) (connectors.Quote, error) {
	r, ok := s.Refunder()
	if !ok {
		return connectors.Quote{}, i18n.NewProblem(nil, "refund.no_way", "store", s.Name)
	}
	q, err := r.Quote(connectors.WithFresh(connectors.WithPriority(ctx, connectors.Agent)), order)
	if err != nil {
		return q, ShopProblem(s, err, "order", order)
	}
	all, young, err := d.given(ctx, s.ID, q.Order.ID)
	if err != nil {
		return q, err
	}
	hideOwn(&q, young)
	ownParts(&q, all)
	return q, nil
}

// AskRefund writes down what somebody wants refunded and asks the people who may
// decide. Nothing is sent to the shop.
func (d *Desk) AskRefund(ctx context.Context, by Deed, a RefundAsk) error {
	body, o, err := d.weigh(ctx, by.Who, a)
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error { return d.openRefund(tx, by, a.Order.Store, o, body) })
}

// weigh looks at what somebody wants refunded as closely as can be before anybody
// is asked: what is left, what speaks against it, and which rule holds.
func (d *Desk) weigh(ctx context.Context, who people.Person, a RefundAsk) (body PaybackBody, o connectors.Order, err error) {
	s := a.Order.Store
	if d.Policy.Votes < 1 {
		return body, o, i18n.NewProblem(nil, "refund.nobody_decides")
	}
	if missing := s.lacking(ctx, connectors.CapRefund); missing != "" {
		return body, o, i18n.NewProblem(nil, "can.not_granted", "store", s.Name, "id", s.ID, "missing", missing)
	}
	q, err := d.QuoteFor(ctx, s, a.Order.Order.ID)
	if err != nil {
		return body, o, err
	}
	first := d.standing(a.Order.Ref(), q, connectors.Refund{Reason: a.Reason, Method: a.Method})
	var passed []string
	if a.Anyway {
		passed = passable(first)
	}
	if err := barred(letPass(first, passed)); err != nil {
		return body, o, err // before the amount, which is wrong only because of it
	}
	amount, err := a.comesTo(q)
	if err != nil {
		return body, o, err
	}
	if err := checkParts(a, amount, q); err != nil {
		return body, o, err
	}
	if err := d.checkMethod(ctx, a); err != nil {
		return body, o, err
	}
	cmd := connectors.Refund{Order: q.Order.ID, Amount: amount, Reason: a.Reason, Note: a.Note, Before: q.Order.Refunded, Hidden: q.Hidden,
		Lines: a.Lines, Shipping: a.Shipping, Tax: a.Tax, Method: a.Method, Goods: a.Goods}
	found, err := d.preflight(ctx, s, q, cmd, passed...)
	if err != nil {
		return body, o, err
	}
	if err := barred(found); err != nil {
		return body, o, err
	}
	rule, err := d.ruling(ctx, who, s, cmd, found)
	if err != nil {
		return body, o, err
	}
	if len(d.deciders(ctx, who.ID, s.ID, rule.Voters)) < rule.Votes {
		return body, o, i18n.NewProblem(nil, "refund.too_few", "n", rule.Votes, "store", s.Name)
	}
	body = PaybackBody{Total: q.Order.Total, Left: q.Remaining, Buyer: q.Order.Buyer.Name, Status: string(q.Order.Status), Votes: rule.Votes, Link: q.Order.Link,
		Ruling: rule, Findings: found, Passed: passed, Cmd: cmd}
	for _, l := range q.Order.Lines {
		body.Titles, body.LineIDs = append(body.Titles, l.Title), append(body.LineIDs, l.ID)
	}
	for _, r := range q.Order.Refunds {
		body.Cmd.Seen = append(body.Cmd.Seen, r.ID)
	}
	return body, q.Order, nil
}

// checkAmount says what is wrong with an amount before anybody is asked.
func checkAmount(a RefundAsk, q connectors.Quote) (connectors.Money, error) {
	o := q.Order
	ref := a.Order.Ref()
	amount := a.Amount
	if amount == (connectors.Money{}) {
		amount = q.Remaining
	}
	switch {
	case q.Remaining.Minor <= 0:
		return amount, i18n.NewProblem(nil, "refund.nothing_left", "order", ref, "total", o.Total.String())
	case amount.Currency != q.Remaining.Currency:
		return amount, i18n.NewProblem(nil, "refund.currency", "order", ref, "want", q.Remaining.Currency, "got", amount.Currency)
	case amount.Minor <= 0:
		return amount, i18n.NewProblem(nil, "refund.not_positive", "left", q.Remaining.String())
	case amount.Minor > q.Remaining.Minor:
		return amount, i18n.NewProblem(nil, "refund.too_much", "order", ref, "amount", amount.String(), "left", q.Remaining.String())
	}
	return amount, nil
}

// bookRefund writes a refund down under a number, with the key under which it will
// be sent, and keeps everybody else's hands off its order.
func (d *Desk) bookRefund(tx *store.Tx, by Deed, at OrderAt, facts string, body PaybackBody) (id string, err error) {
	s, o := at.Store, at.Order
	if id, err = next(tx, "refund", "R"); err != nil {
		return "", err
	}
	if err := d.underCaps(tx, by.Who.ID, s, body); err != nil {
		return "", err
	}
	// The key is born here, with the confirmed intent, and kept for ever.
	body.Cmd.Key = tx.NewID()
	body.Cmd.Asked = time.UnixMilli(tx.Now()).UTC()
	kept, err := frozen(tx, s.ID, body)
	if err != nil {
		return "", err
	}
	live := s.ID + "/" + o.ID
	n, err := tx.Exec(`INSERT INTO refund(id, store, order_id, number, body, facts, state, live, asked_by, approval, key, created, updated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (live) DO NOTHING`,
		id, s.ID, o.ID, o.Number, kept, facts, string(RefundAsked), live, string(by.Who.ID), id, body.Cmd.Key, tx.Now(), tx.Now())
	if err != nil {
		return "", err
	}
	if n == 0 {
		var other string
		if err := tx.Row(`SELECT id FROM refund WHERE live = ?`, live).Scan(&other); err != nil {
			return "", err
		}
		return "", blocking("in_flight", "id", other, "order", at.Ref()).problem()
	}
	if err := askedAt(tx, id, by.Event); err != nil {
		return "", err
	}
	detail := map[string]any{"store": s.ID, "order": o.ID, "amount": body.Cmd.Amount.String(), "reason": body.Cmd.Reason, "key": body.Cmd.Key, "facts": facts}
	if len(body.Passed) > 0 {
		detail["passed"] = body.Passed
	}
	return id, d.Audit.Append(tx, string(by.Who.ID), "refund.asked", "refund:"+id, detail)
}

func (d *Desk) openRefund(tx *store.Tx, by Deed, s *Store, o connectors.Order, body PaybackBody) error {
	facts := d.refundFacts(s.ID, body, o)
	id, err := d.bookRefund(tx, by, OrderAt{s, o}, facts, body)
	if err != nil {
		return err
	}
	r, err := d.GetRefund(tx, id)
	if err != nil {
		return err
	}
	body.Cmd = r.Body.Cmd // with its key
	if err := d.openApproval(tx, id, by.Who.ID, s.ID, facts, body); err != nil {
		return err
	}
	shown, err := d.ShowIn(tx, "refund:"+id, TopicApprovals, s.ID)
	if err != nil {
		return err
	}
	if shown == 0 {
		return i18n.NewProblem(nil, "refund.no_channel", "store", s.Name)
	}
	var names []string
	for _, c := range d.channels(TopicApprovals, s.ID) {
		if !slices.Contains(names, c.Name) { // the same room in several chats
			names = append(names, c.Name)
		}
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T("refund.asked_for", "id", id, "amount", body.Cmd.Amount.String(),
		"channel", strings.Join(names, by.P.T("common.comma")))))
}

func (d *Desk) openApproval(tx *store.Tx, id string, by people.ID, storeID, facts string, body PaybackBody) error {
	aid := approvals.ID(id)
	for n := 2; ; n++ {
		if _, err := approvals.Get(tx, aid); errors.Is(err, approvals.ErrNone) {
			break
		} else if err != nil {
			return err
		}
		aid = approvals.ID(id + "." + strconv.Itoa(n)) // asked again with other facts
	}
	if _, err := approvals.Open(tx, approvals.Ask{ID: aid, About: "refund:" + id, Facts: facts, By: by, Voters: body.Ruling.Voters, Store: storeID,
		Votes: body.Votes, Until: time.UnixMilli(tx.Now()).Add(d.Policy.Expiry), Job: PayArgs{id, body.Cmd}, Key: "pay/" + body.Cmd.Key, Lane: LaneMoney,
		Order: "pay/" + storeID + "/" + body.Cmd.Order}); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE refund SET approval = ? WHERE id = ?`, string(aid), id)
	return err
}
