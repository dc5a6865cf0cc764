package bot

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// asAsked orders refunds as they were asked for. Those of a list are booked at one
// moment, and of their numbers R9 comes before R10.
const asAsked = `created, LENGTH(id), id`

// readRefunds reads refunds by a condition and an order.
func readRefunds(tx *store.Tx, where string, args ...any) ([]Payback, error) {
	rows, err := tx.Query(`SELECT `+refundColumns+` FROM refund `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Payback
	for rows.Next() {
		r, err := scanRefund(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// refundsOf are our refunds of an order, oldest first.
func (d *Desk) refundsOf(tx *store.Tx, storeID, order string) ([]Payback, error) {
	return readRefunds(tx, `WHERE store = ? AND order_id = ? ORDER BY `+asAsked, storeID, order)
}

// RefundFilter says which refunds are meant: those that were asked for from a
// moment to another, but not with it.
type RefundFilter struct {
	From, To time.Time
	// Store and By are one store and one person; empty means any.
	Store string
	By    people.ID
	// Sees tells whether somebody may see a store's; nil means all.
	Sees func(storeID string) bool
}

// refundPage is how many refunds are read together.
const refundPage = 500

// eachRefund hands out the refunds that a filter means, in the order in which they
// were asked for. It holds no more than a page of them, and no transaction while f
// runs.
func eachRefund(ctx context.Context, db *store.DB, x RefundFilter, more func(*store.Tx, []Payback) error, f func(Payback) error) error {
	from, id := x.From.UnixMilli(), ""
	for {
		var page []Payback
		err := db.Read(ctx, func(tx *store.Tx) (err error) {
			page, err = readRefunds(tx, `WHERE created < ? AND (created > ? OR created = ? AND (LENGTH(id) > ? OR LENGTH(id) = ? AND id > ?))
				AND (store = ? OR ? = '') AND (asked_by = ? OR ? = '') ORDER BY `+asAsked+` LIMIT ?`, x.To.UnixMilli(), from, from, len(id), len(id), id, x.Store, x.Store, string(x.By), string(x.By), refundPage)
			if err == nil && more != nil {
				err = more(tx, page)
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range page {
			if x.Sees != nil && !x.Sees(r.Store) {
				continue
			}
			if err := f(r); err != nil {
				return err
			}
		}
		if len(page) < refundPage {
			return nil
		}
		last := page[len(page)-1]
		from, id = last.Created.UnixMilli(), last.ID
	}
}

// RefundList is what there is to tell about the refunds of some days.
type RefundList struct {
	// All is how many there are, Rows the page of them, newest first.
	All  int
	Rows []Payback
	// States and Reasons count them; what was taken back is told apart from what was
	// denied.
	States  map[RefundState]int
	Reasons map[connectors.RefundReason]int
	// Paid are the sums of the confirmed ones, by currency; Home is what they come to
	// in the home currency, but for Unrated of them, whose worth is not known.
	Paid    map[string]connectors.Money
	Home    connectors.Money
	Unrated int
	// Open are the sums of those that may still be paid.
	Open map[string]connectors.Money
	// Night is the last comparison with the platforms; its id is empty without one.
	night ledgerRun
	wrong int
}

// RefundsPage is how many refunds one page of a list shows.
const RefundsPage = 8

// homeOf is what a refund is worth in the home currency; false if that is not known.
func homeOf(r Payback, home string) (connectors.Money, bool) {
	switch {
	case home == "":
		return connectors.Money{}, false
	case r.Body.Cmd.Amount.Currency == home:
		return r.Body.Cmd.Amount, true
	}
	return r.Body.Ruling.shown(), r.Body.Ruling.Home.Currency == home
}

// Refunds adds up the refunds that a filter means, and lists a page of them, the
// newest first; pages count from 1.
func (d *Desk) Refunds(ctx context.Context, x RefundFilter, page int) (RefundList, error) {
	home := d.Policy.Rules.Home
	l := RefundList{States: map[RefundState]int{}, Reasons: map[connectors.RefundReason]int{}, Paid: map[string]connectors.Money{},
		Open: map[string]connectors.Money{}, Home: connectors.Money{Currency: home}}
	// The newest of so many pages are kept, and no more.
	keep := max(page, 1) * RefundsPage
	var newest []Payback
	err := eachRefund(ctx, d.DB, x, nil, func(r Payback) error {
		m := r.Body.Cmd.Amount
		l.All++
		l.States[RefundState(r.word())]++
		l.Reasons[r.Body.Cmd.Reason]++
		into := l.Open
		if r.State == RefundConfirmed {
			into = l.Paid
			if worth, ok := homeOf(r, home); ok {
				l.Home = l.Home.Add(worth)
			} else {
				l.Unrated++
			}
		}
		if r.State == RefundConfirmed || !r.State.over() {
			if had, ok := into[m.Currency]; ok {
				m = had.Add(m)
			}
			into[m.Currency] = m
		}
		if newest = append(newest, r); len(newest) >= 2*keep {
			newest = slices.Clone(newest[len(newest)-keep:])
		}
		return nil
	})
	if err != nil {
		return l, err
	}
	slices.Reverse(newest)
	from := min(keep-RefundsPage, len(newest))
	l.Rows = newest[from:min(from+RefundsPage, len(newest))]
	return l, d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if l.night, err = lastNight(tx); err != nil {
			return err
		}
		parts := l.night.Parts[:0]
		l.wrong = 0
		for _, part := range l.night.Parts {
			if x.Sees != nil && !x.Sees(part.Store) || x.Store != "" && x.Store != part.Store {
				continue
			}
			parts = append(parts, part)
			open, err := openDifferences(tx, part.Store, "")
			if err != nil {
				return err
			}
			l.wrong += len(open)
		}
		l.night.Parts = parts
		return nil
	})
}

// RefundsCard is such a list on a phone. title says what it is of; buttons leaf
// through it.
func (d *Desk) RefundsCard(p *i18n.Printer, title string, l RefundList, buttons []chat.Button) chat.Card {
	c := chat.Card{Lang: p.Lang().String(), Title: title, Buttons: buttons}
	if l.All == 0 {
		c.Parts = []chat.Part{{Kind: chat.Text, Text: p.T("refunds.none")}}
		return d.withNight(c, l, p)
	}
	fields := []chat.Field{{Label: p.T("refunds.paid"), Value: sums(p, l.Paid)}}
	if home := d.Policy.Rules.Home; home != "" && l.States[RefundConfirmed] > 0 {
		worth := p.T("refunds.home", "home", l.Home.String())
		if l.Unrated > 0 {
			worth = p.T("refunds.home_without", "home", l.Home.String(), "n", l.Unrated)
		}
		fields = append(fields, chat.Field{Label: p.T("refunds.field.home"), Value: worth})
	}
	if len(l.Open) > 0 {
		fields = append(fields, chat.Field{Label: p.T("refunds.open"), Value: sums(p, l.Open)})
	}
	var states, reasons []string
	for _, s := range []RefundState{RefundAsked, RefundApproved, RefundSent, RefundAccepted, RefundUnknown, RefundConfirmed, RefundDenied, withdrawn, RefundExpired, RefundRejected, RefundFailed} {
		if n := l.States[s]; n > 0 {
			states = append(states, p.T("refunds.count", "what", p.T(i18n.Key("refunds.state."+string(s))), "n", p.Num(int64(n))))
		}
	}
	byCount := slices.SortedFunc(maps.Keys(l.Reasons), func(a, b connectors.RefundReason) int {
		return cmp.Or(cmp.Compare(l.Reasons[b], l.Reasons[a]), cmp.Compare(a, b))
	})
	for _, r := range byCount {
		reasons = append(reasons, p.T("refunds.count", "what", p.T(i18n.Key("reason."+string(r))), "n", p.Num(int64(l.Reasons[r]))))
	}
	fields = append(fields, chat.Field{Label: p.T("refunds.states"), Value: joined(p, states)}, chat.Field{Label: p.T("refunds.reasons"), Value: joined(p, reasons)})
	c.Parts = []chat.Part{{Kind: chat.Fields, Fields: fields}}
	lines := ""
	for i, r := range l.Rows {
		if i > 0 {
			lines += "\n"
		}
		lines += p.T("refunds.line", "id", r.ID, "order", r.Ref(), "amount", r.Body.Cmd.Amount.String(), "state", p.T(i18n.Key("refunds.state."+r.word())))
	}
	c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: lines})
	return d.withNight(c, l, p)
}

// withNight adds what the last comparison with the platforms came to.
func (d *Desk) withNight(c chat.Card, l RefundList, p *i18n.Printer) chat.Card {
	if l.night.ID == "" || len(l.night.Parts) == 0 {
		return c
	}
	n, unread := int64(0), int64(0)
	for _, x := range l.night.Parts {
		n += x.Looked
		if x.State == partUnread || x.Why != "" {
			unread++
		}
	}
	if n == 0 && unread == 0 {
		return c // nothing was compared, so nothing is proved
	}
	list := []string{p.T("refunds.night", "day", l.night.Day, "n", n)}
	switch {
	case l.wrong > 0:
		list = append(list, p.T("ledger.part.differs", "n", l.wrong))
	case l.night.over() && unread == 0:
		list = append(list, p.T("refunds.agrees"))
	}
	if unread > 0 {
		list = append(list, p.T("refunds.stores_unread", "n", unread))
	} else if !l.night.over() {
		list = append(list, p.T("refunds.night_runs"))
	}
	c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: joined(p, list)})
	return c
}

// sums lists amounts, by currency.
func sums(p *i18n.Printer, m map[string]connectors.Money) string {
	if len(m) == 0 {
		return p.T("refunds.nothing")
	}
	var out []string
	for _, c := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[c].String())
	}
	return joined(p, out)
}
