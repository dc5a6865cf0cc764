package woo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"helloworld/connectors"
)

// Our key stands at the end of a refund's reason, between these.
const (
	keyOpen  = " [ref "
	keyClose = "]"
)

// keyIn finds our key in a reason.
func keyIn(reason string) string {
	i := strings.LastIndex(reason, keyOpen)
	if i < 0 {
		return ""
	}
	key, _, ok := strings.Cut(reason[i+len(keyOpen):], keyClose)
	if !ok {
		return ""
	}
	return key
}

// reasonOf is a refund's reason with the key. The buyer may read it, so the note,
// which colleagues write to each other, is not in it.
func reasonOf(cmd connectors.Refund) string {
	return strings.ReplaceAll(string(cmd.Reason), "_", " ") + keyOpen + cmd.Key + keyClose
}

// refunds reads all refunds of an order.
func (s *Shop) refunds(ctx context.Context, order string) ([]wireRefund, error) {
	if !digits.MatchString(order) {
		return nil, fail(connectors.NotFound, opRefunds, "number", "there is no such order")
	}
	var list []wireRefund
	_, err := s.read(ctx, opRefunds, "/orders/"+order+"/refunds", url.Values{"per_page": {"100"}}, &list)
	return list, err
}

// Quote tells what is left to refund.
func (s *Shop) Quote(ctx context.Context, order string) (connectors.Quote, error) {
	o, err := s.Order(ctx, order)
	if err != nil {
		return connectors.Quote{}, err
	}
	done, err := s.refunds(ctx, o.ID)
	if err != nil {
		return connectors.Quote{}, err
	}
	q := connectors.Quote{Order: o, Remaining: o.Remaining(), Tax: o.Tax, Shipping: o.Shipping}
	units, money := map[string]int{}, map[string]int64{}
	for _, r := range done {
		for _, l := range r.Lines {
			of := l.refundOf()
			m, err := amount(l.Total, o.Total.Currency)
			t, err2 := amount(l.Tax, o.Total.Currency)
			if of == "" || err != nil || err2 != nil {
				continue // it counts in the order's sum all the same
			}
			units[of] += max(l.Quantity, -l.Quantity)
			money[of] += plus(m).Minor + plus(t).Minor
			q.Tax.Minor = max(0, q.Tax.Minor-plus(t).Minor)
		}
	}
	for _, l := range o.Lines {
		left := connectors.QuoteLine{Line: l, Quantity: max(0, l.Quantity-units[l.ID]), Remaining: l.Price.Add(l.Tax)}
		left.Remaining.Minor = max(0, min(left.Remaining.Minor-money[l.ID], q.Remaining.Minor))
		left.Line.Refunded.Minor = money[l.ID]
		q.Lines = append(q.Lines, left)
	}
	q.Tax.Minor = min(q.Tax.Minor, max(0, q.Remaining.Minor))
	q.Shipping.Minor = min(q.Shipping.Minor, max(0, q.Remaining.Minor))
	q.Until = until(o.Raw)
	return q, nil
}

// paypalTakes is how long PayPal takes refunds of a payment by its own
// documentation; other providers are the shop's affair.
const paypalTakes = 180 * 24 * time.Hour

// until is when the payment's provider stops taking refunds; zero if unknown.
func until(raw []byte) time.Time {
	var w struct {
		Method string `json:"payment_method"`
		Paid   moment `json:"date_paid_gmt"`
	}
	if json.Unmarshal(raw, &w) != nil || w.Paid.IsZero() || !strings.HasPrefix(w.Method, "paypal") && !strings.HasPrefix(w.Method, "ppcp") {
		return time.Time{}
	}
	return w.Paid.Add(paypalTakes)
}

type askLine struct {
	ID       json.Number `json:"id"`
	Quantity int         `json:"quantity"`
	Total    json.Number `json:"refund_total"`
	Taxes    []askTax    `json:"refund_tax,omitempty"`
}

// askTax is tax of one rate.
type askTax struct {
	ID    json.Number `json:"id"`
	Total json.Number `json:"refund_total"`
}

// askLines splits each line into its price and its taxes, by what the order says.
// A shop that tells no rates gets the line's amount as a whole.
func askLines(cmd connectors.Refund, w wireOrder) (out []askLine, restock bool, err error) {
	for _, l := range cmd.Lines {
		i := slices.IndexFunc(w.Lines, func(x wireLine) bool { return string(x.ID) == l.Line })
		if i < 0 || !digits.MatchString(l.Line) || l.Quantity < 0 {
			return nil, false, fail(connectors.Invalid, opRefund, "line", "there is no such line")
		}
		of := w.Lines[i]
		price, err := amount(of.Total, cmd.Amount.Currency)
		if err != nil {
			return nil, false, fail(connectors.Invalid, opRefund, "unreadable", err.Error())
		}
		tax := connectors.Money{Currency: cmd.Amount.Currency}
		var each []connectors.Money
		for _, t := range of.Taxes {
			m, err := amount(t.Total, cmd.Amount.Currency)
			if err != nil {
				return nil, false, fail(connectors.Invalid, opRefund, "unreadable", err.Error())
			}
			each, tax = append(each, m), tax.Add(m)
		}
		a := askLine{ID: json.Number(l.Line), Quantity: l.Quantity, Total: json.Number(l.Amount.Decimal())}
		if tax.Minor > 0 {
			ofPrice, ofTax := l.Split(price, tax)
			a.Total = json.Number(ofPrice.Decimal())
			left, rest := ofTax.Minor, tax.Minor
			for k, m := range each {
				part := left
				if rest > 0 && m.Minor < rest {
					part = left * m.Minor / rest
				}
				left, rest = left-part, rest-m.Minor
				a.Taxes = append(a.Taxes, askTax{json.Number(of.Taxes[k].ID), json.Number(connectors.Money{Minor: part, Currency: tax.Currency}.Decimal())})
			}
		}
		out, restock = append(out, a), restock || l.Restock
	}
	return out, restock, nil
}

type askRefund struct {
	Amount  string    `json:"amount"`
	Reason  string    `json:"reason"`
	Gateway bool      `json:"api_refund"`
	Restock bool      `json:"api_restock"`
	Lines   []askLine `json:"line_items,omitempty"`
}

// Restocks: api_restock puts the goods of the lines back with the refund.
func (*Shop) Restocks() bool { return true }

// Refund sends one refund, after a look whether it is there already.
func (s *Shop) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	if cmd.Key == "" || strings.ContainsAny(cmd.Key, "[]") || cmd.Amount.Minor <= 0 {
		return connectors.Receipt{State: connectors.StateRejected}, fail(connectors.Invalid, opRefund, "command", "a refund needs a key and an amount")
	}
	if r, err := s.RefundState(ctx, cmd, connectors.Receipt{}); err != nil {
		if k := connectors.KindOf(err); k == connectors.Unsure {
			err = fail(connectors.Down, opRefund, codeOf(err), "the order's refunds could not be read, so none was sent")
		}
		return connectors.Receipt{State: connectors.StateAbsent}, err
	} else if r.State == connectors.StateApplied {
		return r, nil
	}
	in := askRefund{Amount: cmd.Amount.Decimal(), Reason: reasonOf(cmd), Gateway: !s.record}
	if len(cmd.Lines) > 0 {
		var w wireOrder
		if _, err := s.read(ctx, opOrder, "/orders/"+cmd.Order, nil, &w); err != nil {
			if connectors.KindOf(err) == connectors.Unsure {
				err = fail(connectors.Down, opRefund, codeOf(err), "the order could not be read, so nothing was sent")
			}
			return connectors.Receipt{State: connectors.StateAbsent}, err
		}
		var err error
		if in.Lines, in.Restock, err = askLines(cmd, w); err != nil {
			return connectors.Receipt{State: connectors.StateRejected}, err
		}
	}
	var done wireRefund
	err := s.write(ctx, opRefund, http.MethodPost, "/orders/"+cmd.Order+"/refunds", in, &done)
	if err == nil {
		return s.receipt(done, cmd)
	}
	switch {
	case codeOf(err) == noRefund:
		// The shop's own word that nothing happened, though as a 500: believed only
		// after a look, since what stands in between may have said it too.
		r, lookErr := s.RefundState(ctx, cmd, connectors.Receipt{})
		switch {
		case lookErr != nil:
			return connectors.Receipt{State: connectors.StateUnknown}, fail(connectors.Unsure, opRefund, noRefund, "the payment gateway refused, and the order could not be looked at")
		case r.State == connectors.StateApplied:
			return r, nil
		}
		return connectors.Receipt{State: connectors.StateRejected, Code: noRefund}, fail(connectors.Invalid, opRefund, noRefund, "the shop does not refund this: it is more than is left, or the payment gateway refuses")
	case connectors.KindOf(err) == connectors.Unsure:
		return connectors.Receipt{State: connectors.StateUnknown}, err
	case connectors.KindOf(err) == connectors.Invalid:
		return connectors.Receipt{State: connectors.StateRejected, Code: codeOf(err)}, err
	}
	return connectors.Receipt{State: connectors.StateAbsent, Code: codeOf(err)}, err
}

func (s *Shop) receipt(r wireRefund, cmd connectors.Refund) (connectors.Receipt, error) {
	out := connectors.Receipt{State: connectors.StateApplied, ID: string(r.ID), Amount: cmd.Amount}
	if m, err := amount(r.Amount, cmd.Amount.Currency); err == nil && m.Minor != 0 {
		out.Amount = plus(m)
	}
	if out.ID == "" {
		return connectors.Receipt{State: connectors.StateUnknown}, fail(connectors.Unsure, opRefund, "no_id", "the answer does not say which refund it made")
	}
	return out, nil
}

// RefundState looks for a refund with our key among the order's.
func (s *Shop) RefundState(ctx context.Context, cmd connectors.Refund, _ connectors.Receipt) (connectors.Receipt, error) {
	list, err := s.refunds(ctx, cmd.Order)
	if err != nil {
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	for _, r := range list {
		if keyIn(r.Reason) == cmd.Key {
			return s.receipt(r, cmd)
		}
	}
	return connectors.Receipt{State: connectors.StateAbsent, After: 2 * time.Second}, nil
}
