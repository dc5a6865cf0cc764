package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"helloworld/connectors"
)

// The kinds of returns, and the states they pass through.
const (
	kindReturn = "return"
	kindCancel = "cancel"
	kindClaim  = "claim"

	retAsked    = "asked"
	retApproved = "approved"
	retOnTheWay = "on_the_way"
	retArrived  = "arrived"
	retRefunded = "refunded"
	retDeclined = "declined"
	retClosed   = "closed"
)

// ret is a buyer's wish to undo a purchase.
type ret struct {
	// id is the platform's, number what people call it by.
	id, number, kind, state string
	order                   string // its id
	lines                   []retLine
	// reason is in the world's words; each platform has its own for them.
	reason, note          string
	created, updated, due time.Time
	// carrier and tracking are of the parcel that comes back.
	carrier, tracking string
	// refund is the id of the money that was given back for it, paid how much.
	refund string
	paid   int64
	// decline and answer are why it was declined, and the seller's words.
	decline, answer string
}

// retLine is part of a return. done is how much of it was dealt with.
type retLine struct {
	id, line  string // its own id, the order line's
	qty, done int
}

// The reasons of buyers.
var returnReasons = []string{"defective", "not_as_described", "wrong_item", "not_wanted", "not_arrived", "other"}

// open: the seller still has something to do or to wait for.
func (r *ret) open() bool {
	return r.state == retAsked || r.state == retApproved || r.state == retOnTheWay || r.state == retArrived
}

// seedReturns lets some buyers want their money back from the start.
func (s *store) seedReturns() {
	n := min(s.seeded/5, 400)
	if s.Platform == Woo { // it has no returns
		return
	}
	for i := range s.seeded {
		o := s.nth(i)
		if len(s.returns) == n {
			break
		}
		kind := kindReturn
		switch {
		case i%5 != 2 || len(o.refunds) > 0 || o.status == cancelled:
			continue
		case o.status == unshipped && s.Platform == Ebay:
			kind = kindCancel
		case o.status == unshipped:
			continue
		case len(s.returns)%4 == 3 && s.Platform == Ebay:
			kind = kindClaim
		}
		at := o.updated.Add(time.Hour)
		if now := s.w.now(); at.After(now) {
			at = now.Add(-time.Minute)
		}
		r := s.newReturn(o, kind, returnReasons[len(s.returns)%len(returnReasons)], "", at)
		r.note = returnNotes[s.Language][len(s.returns)%len(returnNotes[s.Language])]
		r.lines = []retLine{{strconv.FormatInt(9907199254741000+s.next(), 10), o.lines[0].id, o.lines[0].qty, 0}}
		if kind == kindReturn && len(s.returns)%3 == 2 {
			r.state, r.carrier, r.tracking = retOnTheWay, "DHL", "88"+r.id[max(0, len(r.id)-10):]
		}
		s.keepReturn(r)
	}
}

var returnNotes = map[string][]string{
	"de": {"Der Artikel ist leider defekt angekommen.", "Die Farbe ist ganz anders als auf dem Bild.", "Ich habe es mir anders überlegt.", "Das Paket ist nie angekommen."},
	"ja": {"届いた商品が壊れていました。", "写真と色が違います。", "不要になりました。", "荷物が届きません。"},
	"en": {"It does not switch on.", "The colour is quite different from the picture.", "I have changed my mind.", "The parcel never arrived."},
}

// newReturn is a return without lines; it is not kept yet.
func (s *store) newReturn(o *order, kind, reason, note string, at time.Time) *ret {
	n := s.next()
	r := &ret{kind: kind, state: retAsked, order: o.id, reason: reason, note: note, created: at, updated: at, due: at.Add(72 * time.Hour)}
	switch s.Platform {
	case Shopify:
		r.id = strconv.FormatInt(9117199254741000+n, 10)
		r.number = fmt.Sprintf("#%s-R%d", o.number, n)
	case Ebay:
		r.id = strconv.FormatInt(5300000000+n, 10)
		r.number = r.id
	default:
		r.id = fmt.Sprintf("D%s%05d", o.pay[len(o.pay)-4:], n)
		r.number = r.id
	}
	return r
}

func (s *store) keepReturn(r *ret) {
	s.returns = append(s.returns, r)
	s.rets[r.id] = r
}

// returnsOf are the returns of an order.
func (s *store) returnsOf(order string) (theirs []*ret) {
	for _, r := range s.returns {
		if r.order == order {
			theirs = append(theirs, r)
		}
	}
	return theirs
}

// moveReturn changes a return's state, and tells.
func (s *store) moveReturn(r *ret, state string) {
	r.state, r.updated = state, s.w.now()
	s.changed(changeReturn, r.order, r.id)
	s.recordDecision(r)
}

// ErrBadReturn is what errors about a return that cannot be made wrap.
var ErrBadReturn = errors.New("not a return")

// NewReturn is a return to be asked for.
type NewReturn struct {
	Store string `json:"store"`
	// Order is an order's id or number; empty means the newest that was sent.
	Order string `json:"order,omitempty"`
	// Kind is return, cancel or claim; empty means return.
	Kind string `json:"kind,omitempty"`
	// Reason is one of defective, not_as_described, wrong_item, not_wanted,
	// not_arrived, other.
	Reason string `json:"reason,omitempty"`
	Note   string `json:"note,omitempty"`
	// Lines are quantities by the lines' ids; empty means the first line.
	Lines map[string]int `json:"lines,omitempty"`
	// State is where it stands already; empty means asked.
	State string `json:"state,omitempty"`
}

// ReturnInfo is a return as the world knows it.
type ReturnInfo struct {
	Store   string           `json:"store"`
	ID      string           `json:"id"`
	Number  string           `json:"number"`
	Kind    string           `json:"kind"`
	State   string           `json:"state"`
	Order   string           `json:"order"`
	Reason  string           `json:"reason"`
	Note    string           `json:"note,omitempty"`
	Lines   map[string]int   `json:"lines"`
	Paid    connectors.Money `json:"paid"`
	Created time.Time        `json:"created"`
	Updated time.Time        `json:"updated"`
	Due     time.Time        `json:"due"`
}

func (s *store) returnInfo(r *ret) ReturnInfo {
	in := ReturnInfo{Store: s.Name, ID: r.id, Number: r.number, Kind: r.kind, State: r.state, Order: r.order, Reason: r.reason, Note: r.note,
		Lines: map[string]int{}, Paid: connectors.Money{Minor: r.paid, Currency: s.Currency}, Created: r.created, Updated: r.updated, Due: r.due}
	for _, l := range r.lines {
		in.Lines[l.line] = l.qty
	}
	return in
}

// AddReturn lets a buyer ask for a return, a cancellation, or raise a claim.
func (w *World) AddReturn(n NewReturn) (ReturnInfo, error) {
	s, err := w.store(n.Store)
	if err != nil {
		return ReturnInfo{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.addReturn(n)
	if err != nil {
		return ReturnInfo{}, err
	}
	return s.returnInfo(r), nil
}

func (s *store) addReturn(n NewReturn) (*ret, error) {
	var o *order
	if n.Order != "" {
		o = s.find(n.Order)
	} else {
		for i := s.count() - 1; i >= 0; i-- {
			if x := s.nth(i); x.status == shipped || x.status == delivered {
				o = x
				break
			}
		}
	}
	n.Kind, n.State, n.Reason = orElse(n.Kind, kindReturn), orElse(n.State, retAsked), orElse(n.Reason, "defective")
	switch {
	case o == nil:
		return nil, fmt.Errorf("%w: order %q", ErrNoBuyer, n.Order)
	case !slices.Contains(map[string][]string{Shopify: {kindReturn}, Amazon: {kindReturn, kindCancel}, Ebay: {kindReturn, kindCancel, kindClaim}}[s.Platform], n.Kind):
		return nil, fmt.Errorf("%w: %s has no kind %q", ErrBadReturn, s.Platform, n.Kind)
	case !slices.Contains(returnReasons, n.Reason):
		return nil, fmt.Errorf("%w: unknown reason %q", ErrBadReturn, n.Reason)
	case !slices.Contains([]string{retAsked, retApproved, retOnTheWay, retArrived, retRefunded, retDeclined, retClosed}, n.State):
		return nil, fmt.Errorf("%w: unknown state %q", ErrBadReturn, n.State)
	}
	if n.Lines == nil {
		n.Lines = map[string]int{o.lines[0].id: o.lines[0].qty}
	}
	r := s.newReturn(o, n.Kind, n.Reason, n.Note, s.w.now())
	r.state = n.State
	for _, l := range o.lines {
		if qty, ok := n.Lines[l.id]; ok && (qty < 1 || qty > l.qty) {
			return nil, fmt.Errorf("%w: %d of line %s", ErrBadReturn, qty, l.id)
		} else if ok {
			r.lines = append(r.lines, retLine{strconv.FormatInt(9907199254741000+s.next(), 10), l.id, qty, 0})
		}
	}
	if len(r.lines) != len(n.Lines) {
		return nil, fmt.Errorf("%w: a line is not of order %s", ErrBadReturn, o.id)
	}
	s.keepReturn(r)
	if n.Kind == kindCancel {
		o.cancelRequested = true
	}
	s.persistReturn(r, DecisionEntry{Store: s.Name, Order: o.id, Return: r.id, State: r.state, At: r.updated}, true)
	s.changed(changeReturn, o.id, r.id)
	s.touch(o)
	return r, nil
}

// Returns lists a store's returns, oldest first.
func (w *World) Returns(store string) ([]ReturnInfo, error) {
	s, err := w.store(store)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]ReturnInfo, 0, len(s.returns))
	for _, r := range s.returns {
		all = append(all, s.returnInfo(r))
	}
	return all, nil
}
