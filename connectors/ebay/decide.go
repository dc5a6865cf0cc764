package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"helloworld/connectors"
)

// The decisions, as the journal calls them.
const (
	opReturnDecide   = "return_decide"
	opReturnRefund   = "return_refund"
	opReturnReceived = "return_received"
	opCancelApprove  = "cancel_approve"
	opCancelReject   = "cancel_reject"
	opInquiryRefund  = "inquiry_refund"
)

// maxNote is how long a comment to the buyer may be.
const maxNote = 1000

type postText struct {
	Content string `json:"content"`
}

type decideBody struct {
	Decision string    `json:"decision"`
	Comments *postText `json:"comments,omitempty"`
}

type commentBody struct {
	Comments *postText `json:"comments,omitempty"`
}

// numberAmount is an amount in the older part of the API: a number, written from
// whole minor units and never through a float.
type numberAmount struct {
	Value    json.Number `json:"value"`
	Currency string      `json:"currency"`
}

type returnRefundBody struct {
	Comments *postText `json:"comments,omitempty"`
	Detail   struct {
		Items []refundPart `json:"itemizedRefundDetail"`
		Total numberAmount `json:"totalAmount"`
	} `json:"refundDetail"`
}

type refundPart struct {
	Amount numberAmount `json:"refundAmount"`
	Type   string       `json:"refundFeeType"`
}

func note(text string) *postText {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return nil
	}
	return &postText{cut(text, maxNote)}
}

// Decide answers a return, a cancellation or a claim. It looks first: what has
// been decided so already is not sent again.
func (s *Shop) Decide(ctx context.Context, cmd connectors.Decision) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	no := connectors.Receipt{State: connectors.StateRejected, ID: cmd.Return}
	if cmd.Key == "" || cmd.Return == "" {
		return no, invalid(opReturnDecide, "incomplete", "a decision needs a key and a return")
	}
	if cmd.Amount.Minor < 0 {
		return no, invalid(opReturnDecide, "amount", "money is given back, not taken")
	}
	r, err := s.Return(ctx, cmd.Return)
	if err != nil {
		return connectors.Receipt{State: refusal(err), ID: cmd.Return}, certain(opReturnDecide, err)
	}
	if out, ok := decided(r, cmd); ok {
		return out, nil
	}
	if s.settling(cmd.Key) {
		return connectors.Receipt{State: connectors.StateUnknown, ID: cmd.Return, After: lookAgain},
			&connectors.Error{Kind: connectors.Unsure, Platform: Platform, Op: opReturnDecide, Code: "settling", Err: errors.New("sent a moment ago; not shown yet")}
	}
	op, address, body, err := s.decision(r, cmd)
	if err != nil {
		return no, err
	}
	out, err := s.sendDecision(ctx, op, address, body, cmd.Key, cmd.Return)
	if b, ok := body.(returnRefundBody); ok && err == nil {
		out.Amount, _ = connectors.ParseMoney(b.Detail.Total.Value.String(), b.Detail.Total.Currency)
	} else if cmd.Verdict == connectors.PayBack && err == nil {
		out.Amount = r.Refund
	}
	return out, err
}

// sendDecision sends a decision and reads what eBay says of it.
func (s *Shop) sendDecision(ctx context.Context, op, address string, body any, key, id string) (connectors.Receipt, error) {
	var raw []byte
	if _, err := s.send(ctx, s.client, op, "POST", address, body, &raw); err != nil {
		if connectors.KindOf(err) == connectors.Unsure {
			s.remember(key, "")
			return connectors.Receipt{State: connectors.StateUnknown, ID: id, After: lookAgain}, err
		}
		return connectors.Receipt{State: refusal(err), ID: id, Code: codeOf(err)}, err
	}
	// Some of these answers are empty, and that is a yes.
	var a struct {
		Status string `json:"refundStatus"`
	}
	_ = json.Unmarshal(raw, &a)
	switch a.Status {
	case "FAILED":
		return connectors.Receipt{State: connectors.StateRejected, ID: id, Code: "FAILED"}, nil
	case "PENDING":
		s.remember(key, "")
		return connectors.Receipt{State: connectors.StateAccepted, ID: id, After: lookAgain}, nil
	}
	s.remember(key, "")
	return connectors.Receipt{State: connectors.StateApplied, ID: id}, nil
}

// decision makes the call of a decision.
func (s *Shop) decision(r connectors.Return, cmd connectors.Decision) (op, address string, body any, err error) {
	base := s.base + postOrder
	type one struct {
		kind    connectors.ReturnKind
		verdict connectors.Verdict
	}
	switch (one{r.Kind, cmd.Verdict}) {
	case one{connectors.KindReturn, connectors.Approve}:
		return opReturnDecide, base + "return/" + r.Number + "/decide", decideBody{"APPROVE", note(cmd.Note)}, nil
	case one{connectors.KindReturn, connectors.Decline}:
		return opReturnDecide, base + "return/" + r.Number + "/decide", decideBody{"DECLINE", note(cmd.Note)}, nil
	case one{connectors.KindReturn, connectors.Received}:
		return opReturnReceived, base + "return/" + r.Number + "/mark_as_received", commentBody{note(cmd.Note)}, nil
	case one{connectors.KindReturn, connectors.PayBack}:
		body, err := returnRefund(r, cmd)
		return opReturnRefund, base + "return/" + r.Number + "/issue_refund", body, err
	case one{connectors.KindCancel, connectors.Approve}:
		// This call has no body at all.
		return opCancelApprove, base + "cancellation/" + r.Number + "/approve", nil, nil
	case one{connectors.KindCancel, connectors.Decline}:
		// And this one fails without an empty object.
		return opCancelReject, base + "cancellation/" + r.Number + "/reject", struct{}{}, nil
	case one{connectors.KindClaim, connectors.PayBack}:
		if cmd.Amount.Minor > 0 && r.Refund.Minor > 0 && cmd.Amount != r.Refund {
			return "", "", nil, invalid(opInquiryRefund, "amount", "eBay pays such a claim back whole only")
		}
		return opInquiryRefund, base + "inquiry/" + r.Number + "/issue_refund", commentBody{note(cmd.Note)}, nil
	}
	return "", "", nil, &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: opReturnDecide, Code: "verdict",
		Err: fmt.Errorf("a %s cannot be answered with %s", r.Kind, cmd.Verdict)}
}

func returnRefund(r connectors.Return, cmd connectors.Decision) (any, error) {
	amount := cmd.Amount
	for _, l := range cmd.Lines {
		if cmd.Amount.Minor == 0 {
			if amount.Currency != "" && l.Amount.Currency != amount.Currency {
				return nil, invalid(opReturnRefund, "amount", "the lines are in several currencies")
			}
			amount = connectors.Money{Minor: amount.Minor + l.Amount.Minor, Currency: l.Amount.Currency}
		}
	}
	if amount.Minor == 0 {
		amount = r.Refund
	}
	switch {
	case amount.Minor <= 0 || amount.Currency == "":
		return nil, invalid(opReturnRefund, "amount", "eBay does not say how much is due: name an amount")
	case r.Refund.Minor > 0 && (amount.Currency != r.Refund.Currency || amount.Minor > r.Refund.Minor):
		return nil, &connectors.Error{Kind: connectors.Conflict, Platform: Platform, Op: opReturnRefund, Code: "amount", Err: errors.New("it is more than the return is worth")}
	}
	n := numberAmount{json.Number(amount.Decimal()), amount.Currency}
	body := returnRefundBody{Comments: note(cmd.Note)}
	body.Detail.Total = n
	body.Detail.Items = []refundPart{{n, "PURCHASE_PRICE"}}
	return body, nil
}

// decided tells whether a thing stands already where a decision would bring it.
// Somebody else may have brought it there: then there is nothing left to decide.
func decided(r connectors.Return, cmd connectors.Decision) (connectors.Receipt, bool) {
	var where []connectors.ReturnStatus
	switch cmd.Verdict {
	case connectors.Approve:
		where = []connectors.ReturnStatus{connectors.ReturnApproved, connectors.ReturnOnTheWay, connectors.ReturnArrived, connectors.ReturnRefunded}
	case connectors.Decline:
		where = []connectors.ReturnStatus{connectors.ReturnDeclined}
	case connectors.Received:
		where = []connectors.ReturnStatus{connectors.ReturnArrived, connectors.ReturnRefunded}
	case connectors.PayBack:
		where = []connectors.ReturnStatus{connectors.ReturnRefunded}
	}
	// Where eBay still offers the verdict, it has not been given.
	if !slices.Contains(where, r.Status) || slices.Contains(r.May, cmd.Verdict) {
		return connectors.Receipt{}, false
	}
	out := connectors.Receipt{State: connectors.StateApplied, ID: r.ID}
	if cmd.Verdict == connectors.PayBack {
		out.Amount = r.Refund
	}
	return out, true
}

// DecideState looks where it stands.
func (s *Shop) DecideState(ctx context.Context, cmd connectors.Decision, r connectors.Receipt) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	unsure := connectors.Receipt{State: connectors.StateUnknown, ID: cmd.Return, After: lookAgain}
	seen, err := s.Return(ctx, cmd.Return)
	if err != nil {
		return unsure, err
	}
	if out, ok := decided(seen, cmd); ok {
		return out, nil
	}
	if r.State == connectors.StateAccepted || r.State == connectors.StateApplied {
		// eBay said yes; it may show late, or in words that we do not know.
		return connectors.Receipt{State: r.State, ID: cmd.Return, After: lookAgain}, nil
	}
	if s.settling(cmd.Key) {
		return unsure, nil
	}
	return connectors.Receipt{State: connectors.StateAbsent, ID: cmd.Return}, nil
}

// throughReturn gives a refund that eBay refused because a return is open: there
// it belongs. Only where there is exactly one that eBay lets us pay back now.
func (s *Shop) throughReturn(ctx context.Context, order string, cmd connectors.Refund) (connectors.Receipt, bool, error) {
	var list postPage
	q := url.Values{"order_id": {order}, "role": {"SELLER"}, "limit": {"25"}}
	if err := s.read(ctx, opReturns, s.base+postOrder+"return/search", q, &list); err != nil {
		return connectors.Receipt{}, false, nil // the first refusal is the better answer
	}
	var open []connectors.Return
	for _, raw := range list.Returns {
		if r, err := s.returnOf(raw); err == nil && r.Order == order && slices.Contains(r.May, connectors.PayBack) {
			open = append(open, r)
		}
	}
	if len(open) != 1 {
		return connectors.Receipt{}, false, nil
	}
	d := connectors.Decision{Key: cmd.Key, Return: open[0].ID, Kind: connectors.KindReturn, Verdict: connectors.PayBack, Note: cmd.Note, Amount: cmd.Amount}
	op, address, body, err := s.decision(open[0], d)
	if err != nil {
		return connectors.Receipt{State: connectors.StateRejected, Code: codeOf(err)}, true, err
	}
	r, err := s.sendDecision(ctx, op, address, body, cmd.Key, open[0].ID)
	r.Amount = cmd.Amount
	return r, true, err
}
