package bot

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

// RefundState is where a refund stands. These are the only states.
type RefundState string

// The states of a refund.
const (
	RefundAsked     RefundState = "asked"
	RefundApproved  RefundState = "approved"
	RefundSent      RefundState = "sent"
	RefundAccepted  RefundState = "accepted"
	RefundConfirmed RefundState = "confirmed"
	RefundDenied    RefundState = "denied"
	RefundExpired   RefundState = "expired"
	RefundRejected  RefundState = "rejected"
	RefundFailed    RefundState = "failed"
	RefundUnknown   RefundState = "unknown"
)

// over tells whether nothing more will happen.
func (s RefundState) over() bool {
	return slices.Contains([]RefundState{RefundConfirmed, RefundDenied, RefundExpired, RefundRejected, RefundFailed}, s)
}

// Payback is a refund as the desk keeps it.
type Payback struct {
	ID, Store, Order, Number string
	Body                     PaybackBody
	Facts                    string
	State                    RefundState
	By                       people.ID
	Approval                 approvals.ID
	Key                      string
	Receipt                  connectors.Receipt
	Error                    string
	Created, Updated         time.Time
	// Unsure is since when the outcome is unknown.
	Unsure time.Time
}

// PaybackBody is what is frozen when a refund is asked for.
type PaybackBody struct {
	Cmd   connectors.Refund `json:"cmd"`
	Total connectors.Money  `json:"total"`
	// Left is what could have been refunded when it was asked.
	Left   connectors.Money `json:"left"`
	Buyer  string           `json:"buyer"`
	Titles []string         `json:"titles"`
	Status string           `json:"status"`
	Votes  int              `json:"votes"`
}

// Ref is how people write the order without doubt: "shopify-main#1234".
func (r Payback) Ref() string { return r.Store + "#" + sync.Number(r.Number) }

// ErrNoRefund: no such refund.
var ErrNoRefund = errors.New("bot: no such refund")

const refundColumns = `id, store, order_id, number, body, facts, state, asked_by, approval, key, receipt, error, created, updated, unsure`

// GetRefund reads a refund.
func (d *Desk) GetRefund(tx *store.Tx, id string) (Payback, error) {
	return scanRefund(tx.Row(`SELECT `+refundColumns+` FROM refund WHERE id = ?`, id))
}

func scanRefund(row *sql.Row) (Payback, error) {
	var r Payback
	var body, receipt string
	var created, updated, unsure int64
	err := row.Scan(&r.ID, &r.Store, &r.Order, &r.Number, &body, &r.Facts, &r.State, &r.By, &r.Approval, &r.Key, &receipt, &r.Error,
		&created, &updated, &unsure)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoRefund
	}
	if err != nil {
		return r, err
	}
	r.Created, r.Updated = time.UnixMilli(created), time.UnixMilli(updated)
	if unsure > 0 {
		r.Unsure = time.UnixMilli(unsure)
	}
	if receipt != "" {
		if err := json.Unmarshal([]byte(receipt), &r.Receipt); err != nil {
			return r, err
		}
	}
	return r, json.Unmarshal([]byte(body), &r.Body)
}

// RefundAsk is what somebody wants refunded.
type RefundAsk struct {
	Order OrderAt
	// Amount is zero when all that is left is meant.
	Amount connectors.Money
	Reason connectors.RefundReason
	Note   string
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
	return q, d.withOwn(ctx, s.ID, &q)
}

// AskRefund writes down what somebody wants refunded and asks the people who may
// decide. Nothing is sent to the shop.
func (d *Desk) AskRefund(ctx context.Context, by Deed, a RefundAsk) error {
	s := a.Order.Store
	if d.Policy.Votes < 1 {
		return i18n.NewProblem(nil, "refund.nobody_decides")
	}
	if len(d.deciders(ctx, by.Who.ID, s.ID)) < d.Policy.Votes {
		return i18n.NewProblem(nil, "refund.too_few", "n", d.Policy.Votes, "store", s.Name)
	}
	if missing := s.lacking(ctx, connectors.CapRefund); missing != "" {
		return i18n.NewProblem(nil, "can.not_granted", "store", s.Name, "id", s.ID, "missing", missing)
	}
	q, err := d.QuoteFor(ctx, s, a.Order.Order.ID)
	if err != nil {
		return err
	}
	amount, err := checkAmount(a, q)
	if err != nil {
		return err
	}
	body := PaybackBody{Total: q.Order.Total, Left: q.Remaining, Buyer: q.Order.Buyer.Name, Status: string(q.Order.Status), Votes: d.Policy.Votes,
		Cmd: connectors.Refund{Order: q.Order.ID, Amount: amount, Reason: a.Reason, Note: a.Note, Before: q.Order.Refunded, Hidden: q.Hidden}}
	for _, l := range q.Order.Lines {
		body.Titles = append(body.Titles, l.Title)
	}
	for _, r := range q.Order.Refunds {
		body.Cmd.Seen = append(body.Cmd.Seen, r.ID)
	}
	return d.commit(ctx, by, func(tx *store.Tx) error { return d.openRefund(tx, by, s, q.Order, body) })
}

// deciders are the people whose yes counts for a store.
func (d *Desk) deciders(ctx context.Context, asker people.ID, storeID string) []people.Person {
	return slices.DeleteFunc(d.People.May(ctx, people.Manager, storeID), func(p people.Person) bool { return p.ID == asker })
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
	case o.Status == connectors.OrderCancelled:
		return amount, i18n.NewProblem(nil, "refund.cancelled", "order", ref)
	case o.Status == connectors.OrderPending:
		return amount, i18n.NewProblem(nil, "refund.unpaid", "order", ref)
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

func (d *Desk) openRefund(tx *store.Tx, by Deed, s *Store, o connectors.Order, body PaybackBody) error {
	id, err := next(tx, "refund", "R")
	if err != nil {
		return err
	}
	// The key is born here, with the confirmed intent, and kept for ever.
	body.Cmd.Key = tx.NewID()
	body.Cmd.Asked = time.UnixMilli(tx.Now()).UTC()
	facts := d.refundFacts(s.ID, body.Cmd, o)
	frozen, err := json.Marshal(body)
	if err != nil {
		return err
	}
	live := s.ID + "/" + o.ID
	n, err := tx.Exec(`INSERT INTO refund(id, store, order_id, number, body, facts, state, live, asked_by, approval, key, created, updated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (live) DO NOTHING`,
		id, s.ID, o.ID, o.Number, string(frozen), facts, string(RefundAsked), live, string(by.Who.ID), id, body.Cmd.Key, tx.Now(), tx.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		var other string
		if err := tx.Row(`SELECT id FROM refund WHERE live = ?`, live).Scan(&other); err != nil {
			return err
		}
		return i18n.NewProblem(nil, "refund.in_flight", "id", other, "order", OrderAt{s, o}.Ref())
	}
	if err := d.openApproval(tx, id, by.Who.ID, s.ID, facts, body); err != nil {
		return err
	}
	if err := d.Audit.Append(tx, string(by.Who.ID), "refund.asked", "refund:"+id, map[string]any{
		"store": s.ID, "order": o.ID, "amount": body.Cmd.Amount.String(), "reason": body.Cmd.Reason, "key": body.Cmd.Key, "facts": facts}); err != nil {
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
	if _, err := approvals.Open(tx, approvals.Ask{ID: aid, About: "refund:" + id, Facts: facts, By: by, Role: people.Manager, Store: storeID,
		Votes: body.Votes, Until: time.UnixMilli(tx.Now()).Add(d.Policy.Expiry), Job: PayArgs{id, body.Cmd}, Key: "pay/" + body.Cmd.Key, Lane: LaneMoney,
		Order: "pay/" + storeID + "/" + body.Cmd.Order}); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE refund SET approval = ? WHERE id = ?`, string(aid), id)
	return err
}

// refundFacts is the hash of what people approve: if any of it changes, the
// approval is void.
func (d *Desk) refundFacts(storeID string, cmd connectors.Refund, o connectors.Order) string {
	parts := []string{"refund", storeID, o.ID, cmd.Amount.String(), string(cmd.Reason), o.Total.String(), o.Refunded.String(), string(o.Status)}
	for _, l := range o.Lines {
		parts = append(parts, l.ID, strconv.Itoa(l.Quantity), l.Price.String())
	}
	return d.mark(parts...)
}

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
		if d.refundFacts(r.Store, r.Body.Cmd, q.Order) != r.Facts {
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
		for i, p := range d.deciders(ctx, r.By, r.Store) {
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

// refundTo moves a refund to a state. From a state that is over nothing moves.
func (d *Desk) refundTo(tx *store.Tx, id string, s RefundState, why string, receipt *connectors.Receipt) error {
	r, err := d.GetRefund(tx, id)
	if err != nil {
		return err
	}
	if r.State.over() {
		return fmt.Errorf("bot: refund %s is %s and cannot become %s", id, r.State, s)
	}
	rec := r.Receipt
	if receipt != nil {
		rec = *receipt
	}
	body, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	live, unsure := any(r.Store+"/"+r.Order), int64(0)
	if s.over() {
		live = nil
	}
	if s == RefundUnknown {
		unsure = tx.Now()
		if !r.Unsure.IsZero() {
			unsure = r.Unsure.UnixMilli()
		}
	}
	_, err = tx.Exec(`UPDATE refund SET state = ?, live = ?, error = ?, receipt = ?, updated = ?, unsure = ? WHERE id = ?`,
		string(s), live, why, string(body), tx.Now(), unsure, id)
	return err
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
	facts := d.refundFacts(r.Store, body.Cmd, q.Order)
	frozen, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		ended, err := approvals.End(tx, r.Approval, approvals.Void)
		if err != nil || !ended {
			return errors.Join(err, d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.stale", "id", r.ID))))
		}
		if err := d.Audit.Append(tx, string(people.Desk), "refund.facts_changed", "refund:"+r.ID, map[string]any{"was": r.Facts, "is": facts}); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE refund SET body = ?, facts = ? WHERE id = ?`, string(frozen), facts, r.ID); err != nil {
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
