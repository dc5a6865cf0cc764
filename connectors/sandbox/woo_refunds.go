package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"helloworld/connectors"
)

// wooNoRefund is what the shop says of any refund that came to nothing.
const wooNoRefund = "woocommerce_rest_cannot_create_order_refund"

// loose is an amount as clients write it: a string or a number.
type loose string

// UnmarshalJSON takes either as it stands.
func (l *loose) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err == nil {
		*l = loose(text)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*l = loose(n)
	return nil
}

func (l loose) minor(o *order) (int64, bool) {
	if l == "" {
		return 0, true
	}
	v, err := connectors.ParseMoney(string(l), o.currency)
	return v.Minor, err == nil && v.Minor >= 0
}

type wooRefundAsk struct {
	Amount  loose  `json:"amount"`
	Reason  string `json:"reason"`
	Gateway *bool  `json:"api_refund"`
	Restock *bool  `json:"api_restock"`
	Lines   []struct {
		ID       json.Number `json:"id"`
		Quantity int         `json:"quantity"`
		Total    loose       `json:"refund_total"`
		Taxes    []struct {
			Total loose `json:"refund_total"`
		} `json:"refund_tax"`
	} `json:"line_items"`
}

// wooRefund gives money back: through the payment gateway, or, with api_refund
// false, as a note in the books. The shop knows no keys: what is asked twice is
// done twice.
func (w *World) wooRefund(c *call, id string) reply {
	o, bad := c.wooGet(id)
	if bad != nil {
		return *bad
	}
	s := c.s
	refused := func(why string) reply { return wooError(http.StatusInternalServerError, wooNoRefund, why) }
	var q wooRefundAsk
	if decode(c.body, &q) != nil {
		return wooError(http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
	}
	amount, ok := q.Amount.minor(o)
	switch {
	case !ok:
		return wooError(http.StatusBadRequest, "woocommerce_rest_invalid_order_refund", "Refund amount must be greater than zero.")
	case amount == 0 || amount > o.total()-o.refunded(): // the shop's only check, and its words for it
		return refused("Invalid refund amount.")
	}
	r := &refund{note: q.Reason, byLine: len(q.Lines) > 0}
	for _, ask := range q.Lines {
		l := o.line(string(ask.ID))
		price, ok := ask.Total.minor(o)
		if l == nil || !ok || ask.Quantity < 0 || ask.Quantity > o.left(l) {
			return refused("Invalid refund line.")
		}
		p := part{line: l, qty: ask.Quantity, price: price}
		for _, t := range ask.Taxes {
			n, ok := t.Total.minor(o)
			if !ok {
				return refused("Invalid refund line.")
			}
			p.tax += n
		}
		p.amount = p.price + p.tax
		if q.Restock == nil || *q.Restock {
			p.restock = "RETURN"
		}
		r.parts = append(r.parts, p)
	}
	if q.Gateway == nil || *q.Gateway {
		if s.market.woo.gatewayNo > 0 {
			s.market.woo.gatewayNo--
			return refused("The payment gateway refused the refund.")
		}
	}
	now := w.now()
	r.id, r.tx, r.at, r.settled, r.amount = s.refundID(), s.refundID(), now, now, amount
	o.refunds = append(o.refunds, r)
	s.putBack(r)
	s.touch(o)
	s.changed(changeRefund, o.id, r.id)
	w.recordRefund(RefundEntry{Store: s.Name, Platform: Woo, Order: o.id, Number: o.number, ID: r.id, Amount: o.money(amount), Note: q.Reason, At: now})
	return jsonReply(http.StatusCreated, wooRefundJSON(o, r))
}

func wooRefundJSON(o *order, r *refund) m {
	lines := []m{}
	for i, p := range r.parts {
		lines = append(lines, m{"id": num(p.line.id + "0"), "name": p.line.title, "quantity": -p.qty, "sku": p.line.sku, "subtotal": "-" + o.dec(p.price), "subtotal_tax": "-" + o.dec(p.tax),
			"total": "-" + o.dec(p.price), "total_tax": "-" + o.dec(p.tax), "taxes": []m{}, "meta_data": []m{{"id": i + 1, "key": "_refunded_item_id", "value": p.line.id}}})
	}
	out := m{"id": num(r.id), "parent_id": num(o.id), "amount": o.dec(r.amount), "reason": r.note, "refunded_by": 1, "refunded_payment": true, "meta_data": []m{}, "line_items": lines,
		"shipping_lines": []m{}, "tax_lines": []m{}, "fee_lines": []m{}}
	wooTimes(out, "date_created", r.at)
	return out
}

func (w *World) wooRefunds(c *call, id string) reply {
	o, bad := c.wooGet(id)
	if bad != nil {
		return *bad
	}
	p, bad := wooPaged(c)
	if bad != nil {
		return *bad
	}
	all := slices.Clone(o.refunds)
	slices.Reverse(all) // the newest first
	return wooSlice(p, all, func(r *refund) m { return wooRefundJSON(o, r) })
}

func (w *World) wooRefundByID(c *call, ids []string) reply {
	o, bad := c.wooGet(ids[0])
	if bad != nil {
		return *bad
	}
	for _, r := range o.refunds {
		if r.id == ids[1] {
			return jsonReply(http.StatusOK, wooRefundJSON(o, r))
		}
	}
	return wooError(http.StatusNotFound, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.")
}

// wooTopic tells whether the shop has news of a kind.
func wooTopic(topic string) bool {
	what, event, _ := strings.Cut(topic, ".")
	return slices.Contains([]string{"order", "product", "customer", "coupon"}, what) && slices.Contains([]string{"created", "updated", "deleted", "restored"}, event)
}
