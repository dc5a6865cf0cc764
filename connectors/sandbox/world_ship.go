package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// shipment is a parcel on its way to a buyer.
type shipment struct {
	id, carrier, number string
	at                  time.Time
	lines               []shipLine
	// reference is what Amazon's sellers call a parcel by; url is where a carrier
	// without a known address can be asked.
	reference, url string
}

type shipLine struct {
	line *line
	qty  int
}

// sent is how much of a line is on its way or there.
func (o *order) sent(l *line) (n int) {
	for _, sh := range o.shipments {
		for _, x := range sh.lines {
			if x.line == l {
				n += x.qty
			}
		}
	}
	return n
}

// toSend is how much of a line still has to be sent.
func (o *order) toSend(l *line) int {
	if o.status == cancelled {
		return 0
	}
	return max(0, l.qty-o.sent(l))
}

// stow gives an order that was sent before the world began its parcel.
func (s *store) stow(o *order) {
	if o.status == unshipped || o.status == cancelled {
		return
	}
	sh := &shipment{id: o.pay, carrier: map[string]string{Ebay: "DHL", Amazon: "Yamato", Woo: "GLS"}[s.Platform], number: tracking(o), reference: "1", at: o.created.Add(20 * time.Hour)}
	if sh.carrier == "" {
		sh.carrier = "Other"
	}
	if sh.at.After(s.w.now()) { // it was made a moment ago, and has gone off already
		sh.at = o.created
	}
	for i, l := range o.lines {
		if i == 0 || o.status != partly {
			sh.lines = append(sh.lines, shipLine{l, l.qty})
		}
	}
	o.shipments = []*shipment{sh}
}

// send puts a parcel on its way, and gives it its id.
func (s *store) send(o *order, sh *shipment) {
	sh.id = orElse(sh.id, strconv.FormatInt(9807199254741000+s.next(), 10))
	o.shipments = append(o.shipments, sh)
	o.status = shipped
	if slices.ContainsFunc(o.lines, func(l *line) bool { return o.toSend(l) > 0 }) {
		o.status = partly
	}
	s.touch(o)
	s.changed(changeShipment, o.id, sh.id)
	s.recordShipment(o, sh)
}

// ErrCannotShip is what errors about a parcel that cannot be sent wrap.
var ErrCannotShip = errors.New("this cannot be sent")

// NewShipment is a parcel to be sent.
type NewShipment struct {
	Store string `json:"store"`
	// Order is an order's id or number.
	Order   string `json:"order"`
	Carrier string `json:"carrier,omitempty"`
	Number  string `json:"number,omitempty"`
	// Lines are quantities by the lines' ids; empty means all that is left.
	Lines map[string]int `json:"lines,omitempty"`
	// Delivered: it has arrived already.
	Delivered bool `json:"delivered,omitempty"`
}

// ShipOrder sends an order, as if it was done in the platform's own pages.
func (w *World) ShipOrder(n NewShipment) error {
	s, err := w.store(n.Store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(n.Order)
	if o == nil {
		return fmt.Errorf("%w: order %q", ErrNoBuyer, n.Order)
	}
	sh := &shipment{carrier: orElse(n.Carrier, "DHL"), number: orElse(n.Number, tracking(o)), at: w.now(), reference: strconv.Itoa(len(o.shipments) + 1)}
	for _, l := range o.lines {
		want, ok := n.Lines[l.id]
		if n.Lines == nil {
			want, ok = o.toSend(l), true
		}
		if !ok || want == 0 {
			continue
		}
		if want < 0 || want > o.toSend(l) {
			return fmt.Errorf("%w: %d of line %s", ErrCannotShip, want, l.id)
		}
		sh.lines = append(sh.lines, shipLine{l, want})
	}
	if len(sh.lines) == 0 {
		return fmt.Errorf("%w: nothing is left to send of order %s", ErrCannotShip, o.id)
	}
	s.send(o, sh)
	if n.Delivered && o.status == shipped {
		o.status = delivered
		s.touch(o)
	}
	return nil
}

// UpdateOrder marks an order as changed, as when somebody edits its notes.
func (w *World) UpdateOrder(store, order string) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(order)
	if o == nil {
		return fmt.Errorf("%w: order %q", ErrNoBuyer, order)
	}
	s.touch(o)
	return nil
}
