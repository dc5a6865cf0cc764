package ebay

import (
	"context"
	"errors"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	// clockSlack is how far our clock and eBay's may differ.
	clockSlack = 5 * time.Minute
	// lookAgain is how long a pending refund is left alone at most.
	lookAgain = 30 * time.Second
	// settling is how long after a lost answer eBay is given to show what came of it.
	settling = 2 * time.Minute
	// maxComment is how long a refund's comment may be.
	maxComment = 100
)

// reasons maps ours to eBay's (ReasonForRefundEnum).
var reasons = map[connectors.RefundReason]string{
	connectors.ReasonDamaged:      "ITEM_NOT_AS_DESCRIBED",
	connectors.ReasonDefective:    "ITEM_NOT_AS_DESCRIBED",
	connectors.ReasonWrongItem:    "ITEM_NOT_AS_DESCRIBED",
	connectors.ReasonNotDescribed: "ITEM_NOT_AS_DESCRIBED",
	connectors.ReasonNotArrived:   "ITEM_NOT_RECEIVED",
	connectors.ReasonReturned:     "BUYER_RETURN",
	connectors.ReasonCancelled:    "BUYER_CANCEL",
	connectors.ReasonLate:         "OTHER_ADJUSTMENT",
	connectors.ReasonPrice:        "OTHER_ADJUSTMENT",
	connectors.ReasonGoodwill:     "OTHER_ADJUSTMENT",
	connectors.ReasonOther:        "OTHER_ADJUSTMENT",
}

// outcome is what this process knows of something it sent.
type outcome struct {
	id string
	at time.Time
}

// Quote tells what is left to refund: eBay has no call for it, but the order
// says what was paid and what was given back.
func (s *Shop) Quote(ctx context.Context, order string) (connectors.Quote, error) {
	w, raw, err := s.find(ctx, order)
	if err != nil {
		return connectors.Quote{}, err
	}
	o, err := s.order(w, raw)
	if err != nil {
		return connectors.Quote{}, invalid(opOrder, "unreadable", err.Error())
	}
	q := connectors.Quote{Order: o, Remaining: o.Remaining()}
	least := func(m connectors.Money) connectors.Money {
		return connectors.Money{Minor: max(0, min(m.Minor, q.Remaining.Minor)), Currency: q.Remaining.Currency}
	}
	q.Remaining.Minor = max(0, q.Remaining.Minor)
	q.Tax, q.Shipping = least(o.Tax), least(o.Shipping)
	var m sums
	for _, l := range o.Lines {
		// eBay tells what was given back of a line, and neither of how many nor whether
		// it was for its delivery.
		goods := m.add(l.Price, l.Tax)
		left := m.add(m.add(goods, l.Shipping), connectors.Money{Minor: -l.Refunded.Minor, Currency: l.Refunded.Currency})
		left = least(connectors.Money{Minor: min(left.Minor, goods.Minor), Currency: left.Currency})
		q.Lines = append(q.Lines, connectors.QuoteLine{Line: l, Quantity: unitsLeft(left, goods, l.Quantity), Remaining: left})
	}
	if m.err != nil {
		return q, invalid(opOrder, "unreadable", m.err.Error())
	}
	if q.Remaining.Minor == 0 {
		q.Findings = append(q.Findings, connectors.SnagNothingLeft)
	}
	switch o.Status {
	case connectors.OrderCancelled:
		q.Findings = append(q.Findings, connectors.SnagCancelled)
	case connectors.OrderPending:
		q.Findings = append(q.Findings, connectors.SnagUnpaid)
	}
	if slices.ContainsFunc(o.Refunds, func(r connectors.RefundSeen) bool { return r.State == connectors.StateAccepted }) {
		q.Findings = append(q.Findings, connectors.SnagPending)
	}
	return q, nil
}

// unitsLeft is how many of a line what is left of it can still be for.
func unitsLeft(left, goods connectors.Money, quantity int) int {
	if goods.Minor <= 0 || left.Minor <= 0 {
		return 0
	}
	n := new(big.Int).Mul(big.NewInt(left.Minor), big.NewInt(int64(quantity)))
	n.Add(n, big.NewInt(goods.Minor-1)).Quo(n, big.NewInt(goods.Minor))
	return int(min(n.Int64(), int64(quantity)))
}

// refundBody has either the lines or the order's amount.
type refundBody struct {
	Reason  string       `json:"reasonForRefund"`
	Comment string       `json:"comment,omitempty"`
	Items   []refundItem `json:"refundItems,omitempty"`
	Amount  *wireAmount  `json:"orderLevelRefundAmount,omitempty"`
}

type refundItem struct {
	Amount wireAmount `json:"refundAmount"`
	Line   string     `json:"lineItemId"`
}

// reasonFor is eBay's word for why. What is given back of the delivery alone is a
// discount on it, unless the buyer had more to complain of.
func reasonFor(cmd connectors.Refund) string {
	word, ok := reasons[cmd.Reason]
	if !ok {
		word = reasons[connectors.ReasonOther]
	}
	if word == "OTHER_ADJUSTMENT" && cmd.Shipping.Minor > 0 && cmd.Shipping == cmd.Amount {
		return "SHIPPING_DISCOUNT"
	}
	return word
}

// itemsOf are the lines of a refund, each with its share of the delivery. Where
// the delivery was not these lines' own, nil: the order as a whole is refunded.
func itemsOf(cmd connectors.Refund, o connectors.Order) ([]refundItem, error) {
	if len(cmd.Lines) == 0 || cmd.Tax.Minor > 0 {
		return nil, nil
	}
	sum, shipping := connectors.Money{Currency: cmd.Amount.Currency}, cmd.Shipping.Minor
	var out []refundItem
	for _, l := range cmd.Lines {
		i := slices.IndexFunc(o.Lines, func(x connectors.OrderLine) bool { return x.ID == l.Line })
		if i < 0 || l.Amount.Minor <= 0 {
			return nil, invalid(opRefund, "no_such_line", "the order has no line "+l.Line+" to refund")
		}
		part := max(0, min(shipping, o.Lines[i].Shipping.Minor))
		shipping -= part
		sum = sum.Add(l.Amount)
		out = append(out, refundItem{wireAmount{l.Amount.Add(connectors.Money{Minor: part, Currency: l.Amount.Currency}).Decimal(), l.Amount.Currency}, l.Line})
	}
	if sum = sum.Add(cmd.Shipping); sum != cmd.Amount {
		return nil, invalid(opRefund, "lines_do_not_add_up", "the lines come to "+sum.String()+", the refund to "+cmd.Amount.String())
	}
	if shipping > 0 {
		return nil, nil
	}
	return out, nil
}

// Refund gives money back. It looks first: eBay would take the same refund twice.
func (s *Shop) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	if cmd.Key == "" || cmd.Amount.Minor <= 0 || cmd.Order == "" {
		return connectors.Receipt{}, invalid(opRefund, "incomplete", "a refund needs a key, an order and an amount")
	}
	w, raw, err := s.find(ctx, cmd.Order)
	if err != nil {
		return connectors.Receipt{}, certain(opRefund, err)
	}
	o, err := s.order(w, raw)
	if err != nil {
		return connectors.Receipt{}, invalid(opRefund, "unreadable", err.Error())
	}
	if r, ok := s.match(o, cmd); ok {
		return s.receipt(r, cmd), nil
	}
	if s.settling(cmd.Key) {
		// Sent a moment ago with an unknown end: it must show before it goes again.
		return connectors.Receipt{State: connectors.StateUnknown, After: lookAgain},
			&connectors.Error{Kind: connectors.Unsure, Platform: Platform, Op: opRefund, Code: "settling", Err: errors.New("sent a moment ago; not shown yet")}
	}
	body := refundBody{Reason: reasonFor(cmd), Comment: comment(cmd)}
	if body.Items, err = itemsOf(cmd, o); err != nil {
		return connectors.Receipt{State: connectors.StateRejected}, err
	}
	if body.Items == nil {
		body.Amount = &wireAmount{cmd.Amount.Decimal(), cmd.Amount.Currency}
	}
	var out struct {
		ID     string `json:"refundId"`
		Status string `json:"refundStatus"`
	}
	if err := s.write(ctx, opRefund, s.base+"/sell/fulfillment/v1/order/"+url.PathEscape(o.ID)+"/issue_refund", body, &out); err != nil {
		if connectors.KindOf(err) == connectors.Unsure {
			s.remember(cmd.Key, "")
			return s.unknown(cmd, connectors.Receipt{}), err
		}
		return s.refused(ctx, cmd, err)
	}
	s.remember(cmd.Key, out.ID)
	got := wireRefund{ID: out.ID, Status: out.Status}
	if st := got.state(); out.ID == "" && st != connectors.StateRejected || out.Status == "" || st == connectors.StateUnknown {
		return connectors.Receipt{State: connectors.StateUnknown, ID: out.ID, Code: cut(out.Status, 60), After: s.again(s.now())},
			&connectors.Error{Kind: connectors.Unsure, Platform: Platform, Op: opRefund, Code: "unclear", Err: errors.New("the answer does not say what became of the refund")}
	}
	return s.receipt(connectors.RefundSeen{ID: out.ID, State: got.state(), Amount: cmd.Amount, At: s.now()}, cmd), nil
}

// refused tells what a refusal means. When eBay says that a refund is pending or
// done already, the order is read again: it may be this very one, sent before a
// crash and not shown until now. One that is pending and still not to be seen
// may be ours as well, and nobody knows.
func (s *Shop) refused(ctx context.Context, cmd connectors.Refund, why error) (connectors.Receipt, error) {
	code := codeOf(why)
	no := connectors.Receipt{State: refusal(why), Code: code}
	if code == "34916" {
		if r, sent, err := s.throughReturn(ctx, cmd.Order, cmd); sent {
			return r, err
		}
	}
	if code != "34922" && code != "34917" {
		return no, why
	}
	unclear := &connectors.Error{Kind: connectors.Unsure, Platform: Platform, Op: opRefund, Code: code, Err: why}
	w, raw, err := s.find(ctx, cmd.Order)
	if err != nil {
		return s.unknown(cmd, no), unclear
	}
	o, err := s.order(w, raw)
	if err != nil {
		return s.unknown(cmd, no), unclear
	}
	if r, ok := s.match(o, cmd); ok {
		return s.receipt(r, cmd), nil
	}
	pending := slices.ContainsFunc(o.Refunds, func(r connectors.RefundSeen) bool { return r.State == connectors.StateAccepted })
	if code == "34922" && !pending {
		return s.unknown(cmd, no), unclear
	}
	return no, why
}

// refusal is the state of what was certainly not done: for good, or for now.
func refusal(err error) connectors.State {
	switch connectors.KindOf(err) {
	case connectors.Invalid, connectors.Conflict, connectors.Unsupported, connectors.NotFound:
		return connectors.StateRejected
	}
	return connectors.StateAbsent
}

// certain: an error of reading before something was sent leaves no doubt about
// what was to be sent.
func certain(op string, err error) error {
	if connectors.KindOf(err) != connectors.Unsure {
		return err
	}
	return &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: op, Code: "not_sent", Err: err}
}

// RefundState reads the order: did this refund happen?
func (s *Shop) RefundState(ctx context.Context, cmd connectors.Refund, r connectors.Receipt) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	w, raw, err := s.find(ctx, cmd.Order)
	if err != nil {
		return s.unknown(cmd, r), err
	}
	o, err := s.order(w, raw)
	if err != nil {
		return s.unknown(cmd, r), invalid(opRefund, "unreadable", err.Error())
	}
	if r.ID == "" {
		r.ID = s.idOf(cmd.Key)
	}
	if r.ID != "" {
		for _, seen := range o.Refunds {
			if seen.ID == r.ID {
				return s.receipt(seen, cmd), nil
			}
		}
		if strings.HasPrefix(r.ID, idReturn) {
			return s.returnState(ctx, cmd, o, r)
		}
		// eBay named it, and does not show it yet.
		return s.unknown(cmd, r), nil
	}
	if seen, ok := s.match(o, cmd); ok {
		return s.receipt(seen, cmd), nil
	}
	if n := len(cmd.Sent); s.settling(cmd.Key) || n > 0 && s.now().Sub(cmd.Sent[n-1]) < settling {
		return s.unknown(cmd, r), nil
	}
	return connectors.Receipt{State: connectors.StateAbsent}, nil
}

// returnState looks at a refund that was given through a return: the order shows
// it under a number of its own, or the return says that it was paid.
func (s *Shop) returnState(ctx context.Context, cmd connectors.Refund, o connectors.Order, r connectors.Receipt) (connectors.Receipt, error) {
	if seen, ok := s.match(o, cmd); ok {
		out := s.receipt(seen, cmd)
		out.ID = r.ID
		return out, nil
	}
	out, err := s.DecideState(ctx, connectors.Decision{Key: cmd.Key, Return: r.ID, Kind: connectors.KindReturn, Verdict: connectors.PayBack}, r)
	out.Amount = cmd.Amount
	return out, err
}

func (s *Shop) unknown(cmd connectors.Refund, r connectors.Receipt) connectors.Receipt {
	s.mu.Lock()
	at := s.sent[cmd.Key].at
	s.mu.Unlock()
	if n := len(cmd.Sent); n > 0 && cmd.Sent[n-1].After(at) {
		at = cmd.Sent[n-1] // by a process that is no more, or by another one
	}
	if at.IsZero() {
		at = cmd.Asked
	}
	return connectors.Receipt{State: connectors.StateUnknown, ID: r.ID, After: s.again(at)}
}

// again is when to look again at what began at at.
func (s *Shop) again(at time.Time) time.Duration {
	if at.IsZero() {
		return lookAgain
	}
	return connectors.Again(s.now().Sub(at), lookAgain)
}

// match finds the refund that must be this one: not shown when this was
// approved, not another key's, of the same amount, and not older than the
// approval. Failed ones gave nobody any money and are no match. As many as were
// given before this was asked, and eBay did not show then, are those and not this.
func (s *Shop) match(o connectors.Order, cmd connectors.Refund) (connectors.RefundSeen, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.sent[cmd.Key].id
	for _, r := range o.Refunds {
		if mine != "" && r.ID == mine {
			return r, true
		}
	}
	others := 0
	for _, m := range cmd.Hidden {
		if m == cmd.Amount {
			others++
		}
	}
	var fit []connectors.RefundSeen
	for _, r := range o.Refunds {
		owner := s.claims[r.ID]
		switch {
		case r.ID == "" || r.State == connectors.StateRejected || slices.Contains(cmd.Seen, r.ID) || r.Amount != cmd.Amount:
		case owner == cmd.Key:
			return r, true
		case owner != "", !cmd.Asked.IsZero() && !r.At.IsZero() && r.At.Before(cmd.Asked.Add(-clockSlack)):
			others-- // it had yet to show, and does now
		default:
			fit = append(fit, r)
		}
	}
	if len(fit) <= max(others, 0) {
		return connectors.RefundSeen{}, false
	}
	// The youngest; one without a time has only just begun.
	r := slices.MaxFunc(fit, func(a, b connectors.RefundSeen) int {
		if a.At.IsZero() != b.At.IsZero() {
			return map[bool]int{true: 1, false: -1}[a.At.IsZero()]
		}
		return a.At.Compare(b.At)
	})
	// From now on it is nobody else's.
	s.rememberLocked(cmd.Key, r.ID)
	return r, true
}

func (s *Shop) receipt(r connectors.RefundSeen, cmd connectors.Refund) connectors.Receipt {
	out := connectors.Receipt{State: r.State, ID: r.ID, Amount: r.Amount}
	if out.Amount.Currency == "" {
		out.Amount = cmd.Amount
	}
	switch r.State {
	case connectors.StateAccepted, connectors.StateUnknown:
		out.After = s.again(r.At)
	case connectors.StateRejected:
		out.Code = "FAILED"
	}
	return out
}

// comment is what the refund says for itself: why, and our key, so that a person
// finds it again. eBay means it for the buyer, so the note, which colleagues write
// to each other, is not in it.
func comment(cmd connectors.Refund) string {
	key := []rune(strings.Join(strings.Fields(cmd.Key), " "))
	if len(key) > 60 {
		key = key[:60]
	}
	return cut(strings.ReplaceAll(string(cmd.Reason), "_", " "), maxComment-len(key)-3) + " [" + string(key) + "]"
}

func codeOf(err error) string {
	var e *connectors.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// maxSent bounds what is remembered of things sent.
const maxSent = 5000

// remember keeps what was sent under a key, and whose an id is.
func (s *Shop) remember(key, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rememberLocked(key, id)
}

func (s *Shop) rememberLocked(key, id string) {
	s.sent[key] = outcome{id, s.now()}
	if id != "" {
		s.claims[id] = key
	}
	if len(s.sent) <= maxSent {
		return
	}
	oldest, at := "", time.Time{}
	for k, o := range s.sent {
		if oldest == "" || o.at.Before(at) {
			oldest, at = k, o.at
		}
	}
	delete(s.claims, s.sent[oldest].id)
	delete(s.sent, oldest)
}

func (s *Shop) idOf(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent[key].id
}

// settling: the answer to this was lost so short a while ago that not seeing it
// proves nothing.
func (s *Shop) settling(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.sent[key]
	return ok && o.id == "" && s.now().Sub(o.at) < settling
}
