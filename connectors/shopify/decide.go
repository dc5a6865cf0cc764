package shopify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"helloworld/connectors"
)

type returnError struct {
	Code    string   `json:"code"`
	Field   []string `json:"field"`
	Message string   `json:"message"`
}

// Decide answers a return. None of these mutations takes a key, so it looks
// first: what is so already is not sent again.
func (s *Shop) Decide(ctx context.Context, cmd connectors.Decision) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	none := connectors.Receipt{}
	if cmd.Key == "" || cmd.Return == "" {
		return none, invalid("Decide", "incomplete", "a decision needs a key and a return")
	}
	if cmd.Kind != "" && cmd.Kind != connectors.KindReturn {
		return none, &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: "Decide", Code: "kind", Err: errors.New("the platform has only returns to be answered")}
	}
	w, err := s.readReturn(ctx, cmd.Return)
	if err != nil {
		return none, certain(err)
	}
	r, err := decided(w, cmd)
	if err != nil || r.State == connectors.StateApplied || r.State == connectors.StateAccepted {
		return r, err
	}
	switch cmd.Verdict {
	case connectors.Approve:
		if w.Status != "REQUESTED" {
			return none, conflict("ApproveReturn", "not_asked", "the return does not wait for an answer: it is "+w.Status)
		}
		return s.answer(ctx, "ApproveReturn", opApprove, "returnApproveRequest", w.ID, map[string]any{"id": w.ID, "notifyCustomer": true})
	case connectors.Decline:
		if w.Status != "REQUESTED" {
			return none, conflict("DeclineReturn", "not_asked", "the return does not wait for an answer: it is "+w.Status)
		}
		input := map[string]any{"id": w.ID, "declineReason": declineReason(cmd.Reason), "notifyCustomer": true}
		if n := strings.TrimSpace(cmd.Note); n != "" {
			input["declineNote"] = cut(n, mostDeclineNote)
		}
		return s.answer(ctx, "DeclineReturn", opDecline, "returnDeclineRequest", w.ID, input)
	case connectors.PayBack, connectors.Received:
		if w.Status != "OPEN" {
			return none, conflict("ProcessReturn", "not_open", "the return is not open: it is "+w.Status)
		}
		return s.process(ctx, w, cmd)
	}
	return none, invalid("Decide", "verdict", "there is no such verdict: "+string(cmd.Verdict))
}

// answer sends one of the mutations whose outcome is the return itself.
func (s *Shop) answer(ctx context.Context, op, text, field, id string, input any) (connectors.Receipt, error) {
	var d map[string]*struct {
		Return *struct {
			ID string `json:"id"`
		} `json:"return"`
		Errors []returnError `json:"userErrors"`
	}
	if err := s.query(ctx, op, text, map[string]any{"input": input}, false, &d); err != nil {
		if connectors.KindOf(err) != connectors.Unsure {
			return connectors.Receipt{}, err
		}
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	a := d[field]
	switch {
	case a != nil && len(a.Errors) > 0:
		return refusedReturn(op, a.Errors)
	case a == nil || a.Return == nil:
		return connectors.Receipt{State: connectors.StateUnknown}, &connectors.Error{Platform: Platform, Op: op, Code: "no_return",
			Err: errors.New("the answer does not say what was done")}
	}
	return connectors.Receipt{State: connectors.StateApplied, ID: id}, nil
}

func refusedReturn(op string, errs []returnError) (connectors.Receipt, error) {
	kind, ok := returnKinds[errs[0].Code]
	if !ok {
		kind = connectors.Invalid
		if errs[0].Code == "" && inTheWay.MatchString(errs[0].Message) {
			kind = connectors.Conflict
		}
	}
	r := connectors.Receipt{State: connectors.StateRejected, Code: errs[0].Code}
	if kind == connectors.Unsure {
		r.State = connectors.StateUnknown
	}
	return r, &connectors.Error{Kind: kind, Platform: Platform, Op: op, Code: errs[0].Code, Err: errors.New(connectors.Redact(errs[0].Message))}
}

// mostDeclineNote is how many letters the platform sends on to the buyer.
const mostDeclineNote = 500

// cut shortens by letters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func declineReason(r connectors.RefundReason) string {
	if r == connectors.ReasonLate {
		return "RETURN_PERIOD_ENDED"
	}
	return "OTHER"
}

// processed is a line to be processed.
type processed struct {
	ID           string        `json:"id"`
	Quantity     int           `json:"quantity"`
	Dispositions []disposition `json:"dispositions,omitempty"`
}

type disposition struct {
	Line     string `json:"reverseFulfillmentOrderLineItemId"`
	Quantity int    `json:"quantity"`
	Location string `json:"locationId,omitempty"`
	Type     string `json:"dispositionType"`
}

// process takes goods in and, where the verdict says so, gives money back.
func (s *Shop) process(ctx context.Context, w wireReturn, cmd connectors.Decision) (connectors.Receipt, error) {
	none := connectors.Receipt{}
	lines, asked, err := s.processedLines(ctx, w, cmd)
	if err != nil {
		return none, err
	}
	input := map[string]any{"returnId": w.ID, "returnLineItems": lines, "notifyCustomer": false,
		"note": note(connectors.Refund{Note: cmd.Note, Key: cmd.Key})}
	amount := connectors.Money{}
	if cmd.Verdict == connectors.PayBack {
		if amount = cmd.Amount; amount.Minor < 0 {
			return none, invalid("ProcessReturn", "amount", "less than nothing cannot be given back")
		}
		transfer, sum, err := s.transfer(ctx, w.ID, asked, amount)
		if err != nil {
			return none, certain(err)
		}
		amount, input["financialTransfer"] = sum, transfer
	} else if len(lines) == 0 {
		return none, conflict("ProcessReturn", "nothing_left", "nothing of this return is left to take in")
	}
	r, err := s.answer(ctx, "ProcessReturn", opProcess, "returnProcess", w.ID, input)
	if r.State == connectors.StateApplied {
		r.Amount = amount
	}
	return r, err
}

type outcomeLine struct {
	ID       string `json:"id"`
	Quantity int    `json:"quantity"`
}

// processedLines are the return's lines to be taken in, and those to be paid
// for: goods that were taken in before are paid for all the same.
func (s *Shop) processedLines(ctx context.Context, w wireReturn, cmd connectors.Decision) ([]processed, []outcomeLine, error) {
	lines, asked := []processed{}, []outcomeLine{}
	named := slices.Clone(cmd.Lines)
	for _, l := range w.Lines.Nodes {
		take, pay, restock := l.Processable, max(l.Processable, l.Refundable), false
		if len(cmd.Lines) > 0 {
			i := slices.IndexFunc(named, func(n connectors.RefundLine) bool { return l.is(n.Line) })
			if i < 0 {
				continue
			}
			if named[i].Quantity > pay || named[i].Quantity <= 0 {
				return nil, nil, conflict("ProcessReturn", "over_remaining", "that many of a line are not in this return")
			}
			take, pay, restock = min(take, named[i].Quantity), named[i].Quantity, named[i].Restock
			named = slices.Delete(named, i, i+1)
		}
		if pay > 0 {
			asked = append(asked, outcomeLine{l.ID, pay})
		}
		if take <= 0 {
			continue
		}
		p := processed{ID: l.ID, Quantity: take}
		if restock {
			d, err := s.restocked(ctx, w, l, take)
			if err != nil {
				return nil, nil, err
			}
			p.Dispositions = []disposition{d}
		}
		lines = append(lines, p)
	}
	if len(named) > 0 {
		return nil, nil, invalid("ProcessReturn", "no_line", "a line that was named is not in this return")
	}
	return lines, asked, nil
}

// is: people name a line of a return by its own id or by the order's.
func (l wireReturnLine) is(id string) bool {
	if l.ID == id || digits(id) && tail(l.ID) == id {
		return true
	}
	return l.Shipped != nil && (l.Shipped.Line.ID == id || digits(id) && tail(l.Shipped.Line.ID) == id)
}

// restocked puts goods back to where the platform would put them.
func (s *Shop) restocked(ctx context.Context, w wireReturn, l wireReturnLine, n int) (disposition, error) {
	d := disposition{Quantity: n, Type: "RESTOCKED"}
	for _, r := range w.Reverse.Nodes {
		for _, x := range r.Lines.Nodes {
			if l.Shipped != nil && x.Shipped != nil && x.Shipped.ID == l.Shipped.ID {
				d.Line = x.ID
			}
		}
	}
	if d.Line == "" {
		return d, conflict("ProcessReturn", "not_arriving", "the platform does not expect this line back")
	}
	sg, err := s.suggest(ctx, w.Order.ID)
	if err != nil {
		return d, certain(err)
	}
	if sg != nil {
		for _, x := range sg.Lines {
			if l.Shipped != nil && x.Line.ID == l.Shipped.Line.ID && x.Location != nil {
				d.Location = x.Location.ID
			}
		}
	}
	if d.Location != "" {
		return d, nil
	}
	all, err := s.Locations(ctx)
	if err != nil {
		return d, certain(err)
	}
	for _, p := range all {
		if p.Active && d.Location == "" {
			d.Location = p.ID
		}
	}
	if d.Location == "" {
		return d, invalid("ProcessReturn", "location_needed", "the shop has no location that is in use")
	}
	return d, nil
}

// transfer spreads an amount over the payments that can take it back; without
// an amount it is what the platform itself would give.
func (s *Shop) transfer(ctx context.Context, id string, lines []outcomeLine, amount connectors.Money) (any, connectors.Money, error) {
	var d struct {
		Return *struct {
			Outcome *struct {
				Transfer *struct {
					Amount       *bag              `json:"amount"`
					Transactions []wireSuggestedTx `json:"suggestedTransactions"`
				} `json:"financialTransfer"`
			} `json:"suggestedFinancialOutcome"`
		} `json:"return"`
	}
	if err := s.query(ctx, "ReturnOutcome", opOutcome, map[string]any{"id": id, "lines": lines}, true, &d); err != nil {
		return nil, amount, err
	}
	if d.Return == nil || d.Return.Outcome == nil || d.Return.Outcome.Transfer == nil {
		return nil, amount, conflict("ReturnOutcome", "nothing_left", "the platform says that nothing can be refunded")
	}
	t := d.Return.Outcome.Transfer
	if amount.IsZero() {
		m, err := t.Amount.money()
		if err != nil {
			return nil, amount, invalid("ReturnOutcome", "unreadable", err.Error())
		}
		amount = m
	}
	if amount.Minor <= 0 {
		return nil, amount, conflict("ReturnOutcome", "nothing_left", "the platform says that nothing can be refunded")
	}
	parts, err := spread(amount, t.Transactions)
	if err != nil {
		return nil, amount, err
	}
	var tx []any
	for _, p := range parts {
		tx = append(tx, map[string]any{"parentId": p.parent,
			"transactionAmount": map[string]any{"amount": p.amount.Decimal(), "currencyCode": p.amount.Currency}})
	}
	return map[string]any{"issueRefund": map[string]any{"orderTransactions": tx}}, amount, nil
}

// DecideState reads the return and tells whether this decision stands.
func (s *Shop) DecideState(ctx context.Context, cmd connectors.Decision, _ connectors.Receipt) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	w, err := s.readReturn(ctx, cmd.Return)
	if err != nil {
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	return decided(w, cmd)
}

// decided: what the return shows of a decision.
func decided(w wireReturn, cmd connectors.Decision) (connectors.Receipt, error) {
	done := connectors.Receipt{State: connectors.StateApplied, ID: w.ID}
	no := connectors.Receipt{State: connectors.StateRejected, ID: w.ID, Code: strings.ToLower(w.Status)}
	absent := connectors.Receipt{State: connectors.StateAbsent}
	switch cmd.Verdict {
	case connectors.Approve:
		switch w.Status {
		case "OPEN", "CLOSED":
			return done, nil
		case "DECLINED", "CANCELED":
			return no, nil
		}
		return absent, nil
	case connectors.Decline:
		switch w.Status {
		case "DECLINED":
			return done, nil
		case "OPEN", "CLOSED", "CANCELED":
			return no, nil
		}
		return absent, nil
	case connectors.Received:
		in, left := 0, 0
		for _, l := range w.Lines.Nodes {
			if len(cmd.Lines) == 0 || slices.ContainsFunc(cmd.Lines, func(n connectors.RefundLine) bool { return l.is(n.Line) }) {
				in, left = in+l.Processed, left+l.Processable
			}
		}
		if in > 0 && left == 0 {
			return done, nil
		}
		return absent, nil
	case connectors.PayBack:
		r, ok, err := paidBack(w, cmd.Key, cmd.Amount, cmd.Asked, nil)
		if err != nil || !ok {
			return absent, err
		}
		return r, nil
	}
	return absent, nil
}

// paidBack looks among a return's refunds for the one with a key. The platform
// does not promise that a return's note becomes its refund's, so one that came
// since it was asked for, of the same amount and with nobody's key, is it too.
func paidBack(w wireReturn, key string, amount connectors.Money, asked time.Time, not []string) (connectors.Receipt, bool, error) {
	for _, r := range w.Refunds.Nodes {
		if m := keyMark.FindAllStringSubmatch(r.Note, -1); m != nil && m[len(m)-1][1] == key {
			out, err := receipt(r)
			return out, true, err
		}
	}
	for _, r := range w.Refunds.Nodes {
		seen, err := r.seen()
		if err != nil {
			return connectors.Receipt{}, false, invalid("Return", "unreadable", err.Error())
		}
		if seen.Key == "" && seen.State != connectors.StateRejected && !slices.Contains(not, seen.ID) && !asked.IsZero() &&
			seen.At.After(asked.Add(-clockSlack)) && (amount.IsZero() || seen.Amount == amount) {
			out, err := receipt(r)
			out.Code = "matched_by_amount"
			return out, true, err
		}
	}
	return connectors.Receipt{}, false, nil
}
