package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"helloworld/connectors"
)

// BuyerMessage is something a buyer is made to say.
type BuyerMessage struct {
	Store string `json:"store"`
	// Order is an order's id or number, Buyer a buyer's id or address. One of the
	// two is enough; with neither, the buyer of the newest order writes.
	Order string `json:"order,omitempty"`
	Buyer string `json:"buyer,omitempty"`
	// Text may hold {order}. Empty means one of the usual questions.
	Text  string `json:"text,omitempty"`
	Photo bool   `json:"photo,omitempty"`
}

// ErrNoBuyer is what errors about a buyer or order that does not exist wrap.
var ErrNoBuyer = errors.New("no such buyer or order")

// Say lets a buyer write to a shop, by the way buyers write on its platform.
func (w *World) Say(bm BuyerMessage) error {
	s, err := w.store(bm.Store)
	if err != nil {
		return err
	}
	text := bm.Text
	if text == "" { // before the store's lock, which comes after that of chance
		text = w.pick(func(r *rand.Rand) string { return phrases[s.Language][r.IntN(len(phrases[s.Language]))] })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var b *buyer
	var o *order
	if bm.Order != "" {
		if o = s.find(bm.Order); o == nil {
			return fmt.Errorf("%w: order %q", ErrNoBuyer, bm.Order)
		}
		b = o.buyer
	}
	if bm.Buyer != "" {
		if b = s.buyer(bm.Buyer); b == nil {
			b = s.buyerByMail(bm.Buyer)
		}
		if b == nil {
			return fmt.Errorf("%w: buyer %q", ErrNoBuyer, bm.Buyer)
		}
	}
	if newest := s.newest(); b == nil && newest != nil {
		b = newest.buyer
	}
	if b == nil {
		return fmt.Errorf("%w: the store is empty", ErrNoBuyer)
	}
	if theirs := s.ordersOf(b); o == nil && len(theirs) > 0 {
		o = theirs[len(theirs)-1]
	}
	s.tell(b, o, text, bm.Photo, outMail{})
	return nil
}

func (w *World) pick(f func(*rand.Rand) string) string {
	w.rngMu.Lock()
	defer w.rngMu.Unlock()
	return f(w.rng)
}

// tell carries a buyer's words to the shop. The caller holds the lock.
func (s *store) tell(b *buyer, o *order, text string, photo bool, re outMail) {
	if o != nil {
		text = fill(text, o.called())
	}
	if s.Platform == Woo && s.wooSay(o, text) {
		return
	}
	if s.Platform != Ebay {
		s.mailFrom(b, o, text, photo, re)
		return
	}
	n := 0
	if photo {
		n = 100
		if o != nil && len(o.lines) > 0 {
			n += o.lines[0].image
		}
	}
	s.say(s.threadOf(b, o), false, text, n)
}

// called is the number by which a buyer calls an order: what stands in their
// order confirmation.
func (o *order) called() string {
	if strings.Count(o.id, "-") == 2 {
		return o.id
	}
	return "#" + o.number
}

// answered is a message of the shop that its buyer may react to.
type answered struct {
	buyer  *buyer
	order  *order
	thread *thread
	mail   outMail
}

// Live brings the buyers to life until ctx ends: one of each store writes at
// once, and then, every so often, one answers or somebody else writes.
func (w *World) Live(ctx context.Context, every time.Duration) {
	w.greet()
	if every <= 0 {
		return
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			w.step()
		}
	}
}

// greet lets the buyer of each store's newest order write.
func (w *World) greet() {
	for _, s := range w.all() {
		s.mu.Lock()
		if o := s.newest(); o != nil {
			s.tell(o.buyer, o, phrases[s.Language][0], false, outMail{})
		}
		s.mu.Unlock()
	}
}

// step is one turn of the buyers' life.
func (w *World) step() {
	w.rngMu.Lock()
	defer w.rngMu.Unlock()
	for _, s := range w.all() {
		s.mu.Lock()
		if len(s.answered) > 0 {
			a := s.answered[0]
			s.answered = s.answered[1:]
			if n := w.rng.IntN(10); n < 7 { // some buyers just fall silent
				text := thanks[s.Language]
				if n >= 5 {
					text = waiting[s.Language]
				}
				if a.thread != nil {
					if a.order != nil {
						text = fill(text, a.order.called())
					}
					s.say(a.thread, false, text, 0)
				} else {
					s.tell(a.buyer, a.order, text, false, a.mail)
				}
			}
		}
		s.mu.Unlock()
	}
	all := w.all()
	if len(all) == 0 {
		return
	}
	s := all[w.rng.IntN(len(all))]
	w.trade(s, w.rng.IntN(100))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count() == 0 {
		return
	}
	o := s.nth(s.count() - 1 - w.rng.IntN(min(20, s.count())))
	words, photo := phrases[s.Language], false
	if w.rng.IntN(6) == 0 {
		words = free[s.Language]
	}
	i := w.rng.IntN(len(words))
	for _, broken := range []string{"defekt", "beschädigt", "不具合", "破損", "defective", "damaged"} {
		photo = photo || strings.Contains(words[i], broken) && w.rng.IntN(2) == 0
	}
	s.tell(o.buyer, o, words[i], photo, outMail{})
}

// trade lets a buyer do something, now and then, besides somebody's writing:
// order, send something back, or have a parcel arrive. The caller holds the lock
// of chance.
func (w *World) trade(s *store, turn int) {
	if turn >= 30 {
		return
	}
	if turn < 12 {
		p := products[w.rng.IntN(len(products))]
		n := 1 + w.rng.IntN(2)
		if _, err := w.AddOrder(w.ordering(s, p, n)); err != nil {
			w.log.Error("a buyer could not order", "store", s.Name, "err", err)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count() == 0 {
		return
	}
	o := s.nth(s.count() - 1 - w.rng.IntN(min(20, s.count())))
	switch {
	case turn < 20 && s.Platform != Woo && (o.status == shipped || o.status == delivered) && o.refunded() == 0 && len(s.returnsOf(o.id)) == 0:
		notes := returnNotes[s.Language]
		k := w.rng.IntN(len(notes) - 1) // the last one never got it
		reason := []string{"defective", "not_as_described", "not_wanted"}[k]
		if _, err := s.addReturn(NewReturn{Order: o.id, Reason: reason, Note: notes[k]}); err != nil {
			w.log.Error("a buyer could not send something back", "store", s.Name, "err", err)
		}
	case o.status == shipped:
		o.status = delivered
		s.touch(o)
	default:
		s.touch(o)
	}
}

// ordering is an order of a product, with what the store's platform adds to it.
func (w *World) ordering(s *store, p product, qty int) NewOrder {
	unit := p.cents
	if connectors.Exponent(s.Currency) == 0 {
		unit = p.yen
	}
	price := unit * int64(qty)
	var tax int64
	ship := map[string]int64{"EUR": 499, "USD": 799, "JPY": 550}[s.Currency]
	switch s.Platform { // German prices contain the tax; the others add it
	case Shopify:
		tax = (price*95 + 500) / 1000
	case Amazon:
		tax = (price + ship) / 10
	}
	dec := func(minor int64) string {
		return connectors.Money{Minor: minor, Currency: s.Currency}.Decimal()
	}
	return NewOrder{Store: s.Name, Total: dec(price + tax + ship), Tax: dec(tax), Shipping: dec(ship), Status: unshipped, SKU: p.sku, Title: p.title[s.Language], Quantity: qty}
}
