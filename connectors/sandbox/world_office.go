package sandbox

import (
	"errors"
	"fmt"

	"helloworld/connectors"
)

// ErrBadPayBack is what errors about a refund in the back office wrap.
var ErrBadPayBack = errors.New("that cannot be paid back")

// Release lets an Amazon account's stuck feeds go on.
func (w *World) Release(store string) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.feeds {
		f.stuck = false
	}
	s.ripen()
	return nil
}

// PayBack is the seller giving money back in the platform's own back office, past
// all software. It shows where the platform shows refunds; no key and no feed
// belongs to it.
func (w *World) PayBack(store, order, amount string) (RefundEntry, error) {
	s, err := w.store(store)
	if err != nil {
		return RefundEntry{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ripen()
	o := s.find(order)
	if o == nil {
		return RefundEntry{}, fmt.Errorf("%w: there is no order %q", ErrBadPayBack, order)
	}
	sum, err := connectors.ParseMoney(amount, o.currency)
	if err != nil {
		return RefundEntry{}, fmt.Errorf("%w: %w", ErrBadPayBack, err)
	}
	if sum.Minor <= 0 || sum.Minor > o.total()-o.refunded() {
		return RefundEntry{}, fmt.Errorf("%w: %s of an order with %s left", ErrBadPayBack, sum, o.money(o.total()-o.refunded()))
	}
	now := w.now()
	r := &refund{id: s.refundID(), tx: fmt.Sprint(7000000000 + s.next()), at: now, settled: now.Add(w.o.Settle), amount: sum.Minor, note: "back office"}
	if s.Platform == Amazon {
		r.settled, r.byLine = now.Add(w.o.FinanceLag), true
		left := sum.Minor
		for _, l := range o.lines {
			p := part{line: l}
			price, tax, ship, _ := o.lineRefunded(l)
			p.price = min(left, l.price-price)
			p.tax = min(left-p.price, l.tax-tax)
			p.ship = min(left-p.price-p.tax, l.ship-ship)
			p.amount = p.price + p.tax + p.ship
			left -= p.amount
			r.parts = append(r.parts, p)
		}
	}
	o.refunds = append(o.refunds, r)
	if s.Platform == Ebay {
		s.pending = append(s.pending, o)
	}
	s.touchAt(o, now)
	s.changed(changeRefund, o.id, r.id)
	e := RefundEntry{Store: s.Name, Platform: s.Platform, Order: o.id, Number: o.number, ID: r.id, Amount: sum, Note: r.note, At: now}
	w.recordRefund(e)
	return e, nil
}
