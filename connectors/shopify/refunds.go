package shopify

import (
	"context"
	"errors"
	"slices"
	"time"

	"helloworld/connectors"
)

// clockSlack is how far our clock and the platform's may differ when refunds
// are told apart by time.
const clockSlack = 5 * time.Minute

// lookAgain is how long a pending refund is left alone.
const lookAgain = 30 * time.Second

// Quote tells what is left to refund, by the platform's own reckoning.
func (s *Shop) Quote(ctx context.Context, order string) (connectors.Quote, error) {
	gid, err := s.find(ctx, order)
	if err != nil {
		return connectors.Quote{}, err
	}
	w, raw, err := s.read(ctx, gid)
	if err != nil {
		return connectors.Quote{}, err
	}
	o, err := s.order(w, raw)
	if err != nil {
		return connectors.Quote{}, invalid("Order", "unreadable", err.Error())
	}
	sg, err := s.suggest(ctx, gid)
	if err != nil {
		return connectors.Quote{}, err
	}
	q := connectors.Quote{Order: o, Remaining: connectors.Money{Currency: o.Total.Currency}}
	var sum sums
	if sg != nil {
		q.Remaining = sum.add(q.Remaining, sum.of(sg.Maximum))
		q.Tax, q.Shipping = sum.of(sg.Tax), sum.of(sg.Shipping.Maximum)
		left := map[string]connectors.Money{}
		for _, l := range sg.Lines {
			left[l.Line.ID] = sum.add(left[l.Line.ID], sum.add(sum.of(l.Subtotal), sum.of(l.Tax)))
		}
		for i, l := range w.Lines.Nodes {
			m := left[l.ID]
			if m.Currency == "" {
				m.Currency = o.Total.Currency
			}
			q.Lines = append(q.Lines, connectors.QuoteLine{Line: o.Lines[i], Quantity: l.Refundable, Remaining: m})
		}
	}
	if sum.err != nil {
		return q, invalid("SuggestRefund", "unreadable", sum.err.Error())
	}
	q.Findings = findings(w, o, q.Remaining)
	q.Until = until(sg, o.Created)
	return q, nil
}

// findings are what speaks against a refund.
func findings(w wireOrder, o connectors.Order, left connectors.Money) []connectors.Snag {
	var f []connectors.Snag
	switch {
	case left.Minor <= 0 && o.Remaining().Minor <= 0:
		f = append(f, connectors.SnagNothingLeft)
	case left.Minor <= 0, !w.Refundable:
		// Something is left, and none of the payments takes it back.
		f = append(f, connectors.SnagPayment)
	}
	if w.Closed != nil && w.Cancelled == nil {
		f = append(f, connectors.SnagArchived)
	}
	if w.Cancelled != nil {
		f = append(f, connectors.SnagCancelled)
	}
	if o.Status == connectors.OrderPending {
		f = append(f, connectors.SnagUnpaid)
	}
	if slices.ContainsFunc(o.Refunds, func(r connectors.RefundSeen) bool { return r.State == connectors.StateAccepted }) {
		f = append(f, connectors.SnagPending)
	}
	return f
}

// suggest is nil when the platform suggests nothing.
func (s *Shop) suggest(ctx context.Context, gid string) (*wireSuggestion, error) {
	var d struct {
		Order *struct {
			Suggested *wireSuggestion `json:"suggestedRefund"`
		} `json:"order"`
	}
	if err := s.query(ctx, "SuggestRefund", opSuggest, map[string]any{"id": gid}, true, &d); err != nil {
		return nil, err
	}
	if d.Order == nil {
		return nil, notFound("SuggestRefund", gid)
	}
	return d.Order.Suggested, nil
}

// refundReturn gives money back by way of an open return of the same goods, so
// that the return does not stay open without them. done is false where there is
// no such return, and the order itself is refunded. It also finds a refund that
// an earlier attempt made so.
func (s *Shop) refundReturn(ctx context.Context, gid string, cmd connectors.Refund) (r connectors.Receipt, done bool, err error) {
	// A return gives back on the payments, and knows no shipping of ours.
	if cmd.Method != "" || cmd.Shipping.Minor > 0 || cmd.Tax.Minor > 0 {
		return r, false, nil
	}
	if !s.granted("write_returns") || len(cmd.Lines) == 0 && cmd.Reason != connectors.ReasonReturned {
		return r, false, nil
	}
	ids, err := s.returnIDs(ctx, gid, wireIDs{Page: pageInfo{More: true, End: firstPage}})
	if err != nil {
		return r, false, certain(err)
	}
	var fit []wireReturn
	for _, id := range ids {
		w, err := s.readReturn(ctx, id)
		if err != nil {
			return r, false, certain(err)
		}
		if r, ok, err := paidBack(w, cmd.Key, cmd.Amount, cmd.Asked, slices.Concat(cmd.Seen, cmd.Taken)); ok || err != nil {
			return r, ok, err
		}
		if w.Status == "OPEN" && covers(w, cmd.Lines) {
			fit = append(fit, w)
		}
	}
	if len(fit) != 1 {
		return r, false, nil
	}
	r, err = s.process(ctx, fit[0], connectors.Decision{Key: cmd.Key, Return: fit[0].ID, Verdict: connectors.PayBack, Note: cmd.Note, Amount: cmd.Amount, Lines: cmd.Lines})
	return r, true, err
}

// covers: all these goods are in the return, and not processed yet.
func covers(w wireReturn, lines []connectors.RefundLine) bool {
	open := 0
	for _, l := range w.Lines.Nodes {
		open += l.Processable
	}
	for _, l := range lines {
		if !slices.ContainsFunc(w.Lines.Nodes, func(x wireReturnLine) bool { return x.is(l.Line) && l.Quantity > 0 && x.Processable >= l.Quantity }) {
			return false
		}
	}
	return open > 0
}

// Refund gives money back, on the payments that it came by. It looks first
// whether this key is already there: the platform forgets keys, notes stay.
func (s *Shop) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	if cmd.Key == "" || cmd.Amount.Minor <= 0 {
		return connectors.Receipt{}, invalid("Refund", "incomplete", "a refund needs a key and an amount")
	}
	gid, err := s.find(ctx, cmd.Order)
	if err != nil {
		return connectors.Receipt{}, certain(err)
	}
	if r, err := s.look(ctx, gid, cmd, false); err != nil {
		return connectors.Receipt{}, certain(err)
	} else if r.State != connectors.StateAbsent {
		return r, nil
	}
	if r, done, err := s.refundReturn(ctx, gid, cmd); done || err != nil {
		return r, err
	}
	input, err := s.inputOf(ctx, gid, cmd)
	if err != nil {
		return connectors.Receipt{}, err
	}
	var d struct {
		Create *struct {
			Refund *wireRefund `json:"refund"`
			Errors []userError `json:"userErrors"`
		} `json:"refundCreate"`
	}
	if err := s.query(ctx, "Refund", opRefund, map[string]any{"input": input, "key": cmd.Key}, false, &d); err != nil {
		if connectors.KindOf(err) != connectors.Unsure {
			return connectors.Receipt{}, err
		}
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	switch {
	case d.Create != nil && len(d.Create.Errors) > 0:
		return connectors.Receipt{State: connectors.StateRejected, Code: "user_error"}, refused("Refund", d.Create.Errors)
	case d.Create == nil || d.Create.Refund == nil:
		return connectors.Receipt{State: connectors.StateUnknown}, &connectors.Error{Platform: Platform, Op: "Refund", Code: "no_refund"}
	}
	return receipt(*d.Create.Refund)
}

// mostTried bounds how many refunds are remembered as they were sent.
const mostTried = 5000

// inputOf is what is sent for a refund: at each attempt the same, since the
// platform refuses a key that comes again with anything else. What it suggests in
// the meantime, and it changes with every payment, therefore counts only once.
func (s *Shop) inputOf(ctx context.Context, gid string, cmd connectors.Refund) (refundFields, error) {
	s.mu.Lock()
	input, ok := s.tried[cmd.Key]
	s.mu.Unlock()
	if ok {
		return input, nil
	}
	sg, err := s.suggest(ctx, gid)
	if err != nil {
		return input, certain(err)
	}
	if input, err = refundInput(gid, cmd, sg); err != nil {
		return input, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tried == nil || len(s.tried) >= mostTried {
		s.tried = map[string]refundFields{}
	}
	s.tried[cmd.Key] = input
	return input, nil
}

// certain: an error of reading before anything was sent leaves no doubt about
// what was to be sent.
func certain(err error) error {
	if connectors.KindOf(err) != connectors.Unsure {
		return err
	}
	return &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: "before", Code: "not_sent", Err: err}
}

type refundTransaction struct {
	Amount  string `json:"amount"`
	Gateway string `json:"gateway"`
	Kind    string `json:"kind"`
	Order   string `json:"orderId"`
	Parent  string `json:"parentId,omitempty"`
}

type refundLine struct {
	Line     string `json:"lineItemId"`
	Quantity int    `json:"quantity"`
	Restock  string `json:"restockType"`
	Location string `json:"locationId,omitempty"`
}

type refundFields struct {
	Order        string              `json:"orderId"`
	Note         string              `json:"note"`
	Currency     string              `json:"currency"`
	Notify       bool                `json:"notify"`
	Discrepancy  string              `json:"discrepancyReason,omitempty"`
	Lines        []refundLine        `json:"refundLineItems,omitempty"`
	Shipping     *refundShipping     `json:"shipping,omitempty"`
	Methods      []refundMethod      `json:"refundMethods,omitempty"`
	Transactions []refundTransaction `json:"transactions,omitempty"`
}

type refundShipping struct {
	Amount string `json:"amount"`
}

// refundMethod is money that goes elsewhere than onto the payments.
type refundMethod struct {
	Credit struct {
		Amount struct {
			Amount   string `json:"amount"`
			Currency string `json:"currencyCode"`
		} `json:"amount"`
	} `json:"storeCreditRefund"`
}

// refundInput spreads the amount over the payments that can take it back.
func refundInput(gid string, cmd connectors.Refund, sg *wireSuggestion) (refundFields, error) {
	in := refundFields{Order: gid, Note: note(cmd), Currency: cmd.Amount.Currency, Discrepancy: discrepancy(cmd.Reason)}
	if sg == nil {
		return in, conflict("Refund", "nothing_left", "the platform says that nothing can be refunded")
	}
	parts, err := spread(cmd.Amount, sg.Transactions)
	if err != nil {
		return in, err
	}
	if cmd.Method == connectors.StoreCredit {
		var m refundMethod
		m.Credit.Amount.Amount, m.Credit.Amount.Currency = cmd.Amount.Decimal(), cmd.Amount.Currency
		in.Methods, parts = []refundMethod{m}, nil
	}
	for _, p := range parts {
		in.Transactions = append(in.Transactions, refundTransaction{Amount: p.amount.Decimal(), Gateway: p.gateway, Kind: "REFUND", Order: gid, Parent: p.parent})
	}
	if cmd.Shipping.Minor > 0 {
		in.Shipping = &refundShipping{cmd.Shipping.Decimal()}
	}
	for _, l := range cmd.Lines {
		line := refundLine{Line: l.Line, Quantity: l.Quantity, Restock: "NO_RESTOCK"}
		if digits(line.Line) {
			line.Line = "gid://shopify/LineItem/" + line.Line
		}
		if l.Restock {
			line.Restock = "RETURN"
			if cmd.Goods == connectors.GoodsUnsent {
				line.Restock = "CANCEL"
			}
			for _, x := range sg.Lines {
				if x.Line.ID == line.Line && x.Location != nil {
					line.Location = x.Location.ID
				}
			}
		}
		if line.Quantity > 0 {
			in.Lines = append(in.Lines, line)
		}
	}
	return in, nil
}

// Restocks: a line's restockType puts its goods back with the refund.
func (*Shop) Restocks() bool { return true }

// share is the part of an amount that one payment takes back.
type share struct {
	parent, gateway string
	amount          connectors.Money
}

// spread divides an amount among the payments that can take it back.
func spread(amount connectors.Money, over []wireSuggestedTx) ([]share, error) {
	var out []share
	left := amount
	for _, t := range over {
		most := t.Maximum
		if most == nil {
			most = t.Amount
		}
		m, err := most.money()
		if err != nil {
			return nil, invalid("Refund", "unreadable", err.Error())
		}
		if m.Currency != left.Currency {
			return nil, invalid("Refund", "currency", "the order was paid in "+m.Currency+", not in "+left.Currency)
		}
		part := connectors.Money{Minor: min(m.Minor, left.Minor), Currency: left.Currency}
		if part.Minor <= 0 {
			continue
		}
		s := share{gateway: t.Gateway, amount: part}
		if t.Parent != nil {
			s.parent = t.Parent.ID
		}
		out = append(out, s)
		left = left.Sub(part)
	}
	if left.Minor > 0 {
		return nil, conflict("Refund", "over_remaining", "the payments of this order cannot take back "+amount.String())
	}
	return out, nil
}

func conflict(op, code, why string) error {
	return &connectors.Error{Kind: connectors.Conflict, Platform: Platform, Op: op, Code: code, Err: errors.New(connectors.Redact(why))}
}

// discrepancy is the platform's word for why the amount is not what the lines
// come to.
func discrepancy(r connectors.RefundReason) string {
	switch r {
	case connectors.ReasonDamaged, connectors.ReasonDefective:
		return "DAMAGE"
	case connectors.ReasonGoodwill, connectors.ReasonLate, connectors.ReasonNotArrived, connectors.ReasonNotDescribed,
		connectors.ReasonWrongItem, connectors.ReasonReturned, connectors.ReasonCancelled, connectors.ReasonPrice:
		return "CUSTOMER"
	}
	return "OTHER"
}

func receipt(r wireRefund) (connectors.Receipt, error) {
	seen, err := r.seen()
	if err != nil {
		// The refund is there; only its amount cannot be read.
		return connectors.Receipt{State: connectors.StateAccepted, ID: r.ID, Code: "unreadable", After: lookAgain}, nil
	}
	out := connectors.Receipt{State: seen.State, ID: seen.ID, Amount: seen.Amount}
	switch seen.State {
	case connectors.StateAccepted, connectors.StateUnknown:
		out.After = lookAgain
	case connectors.StateRejected:
		for _, t := range r.Transactions.Nodes {
			if t.Code != "" {
				out.Code = t.Code
			}
		}
	}
	return out, nil
}

// RefundState reads the order's refunds and looks for this one: by the key in
// its note, then for one that nobody had seen, of the same amount and with no
// key at all. That it is not there is certain enough to send it again, since
// the same key cannot be applied twice.
func (s *Shop) RefundState(ctx context.Context, cmd connectors.Refund, _ connectors.Receipt) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	gid, err := s.find(ctx, cmd.Order)
	if err != nil {
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	return s.look(ctx, gid, cmd, true)
}

// look finds the refund with this key, or, if guess, one that is very likely it.
func (s *Shop) look(ctx context.Context, gid string, cmd connectors.Refund, guess bool) (connectors.Receipt, error) {
	var d struct {
		Order *struct {
			Refunds []wireRefund `json:"refunds"`
		} `json:"order"`
	}
	unknown := connectors.Receipt{State: connectors.StateUnknown}
	if err := s.query(ctx, "Refunds", opRefunds, map[string]any{"id": gid}, true, &d); err != nil {
		return unknown, err
	}
	if d.Order == nil {
		return unknown, notFound("Refunds", gid)
	}
	for _, r := range d.Order.Refunds {
		if m := keyMark.FindAllStringSubmatch(r.Note, -1); m != nil && m[len(m)-1][1] == cmd.Key {
			return receipt(r)
		}
	}
	for _, r := range d.Order.Refunds {
		seen, err := r.seen()
		if err != nil {
			return unknown, invalid("Refunds", "unreadable", err.Error())
		}
		if guess && seen.Key == "" && seen.State != connectors.StateRejected && seen.Amount == cmd.Amount &&
			!cmd.Asked.IsZero() && seen.At.After(cmd.Asked.Add(-clockSlack)) && !slices.Contains(cmd.Seen, seen.ID) {
			out, err := receipt(r)
			out.Code = "matched_by_amount"
			return out, err
		}
	}
	return connectors.Receipt{State: connectors.StateAbsent}, nil
}
