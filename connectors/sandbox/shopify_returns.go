package sandbox

import (
	"slices"
	"strconv"

	"helloworld/connectors"
)

// returnStatus is Shopify's word for where a return stands.
func returnStatus(r *ret) string {
	switch r.state {
	case retAsked:
		return "REQUESTED"
	case retDeclined:
		return "DECLINED"
	case retRefunded, retClosed:
		return "CLOSED"
	}
	return "OPEN"
}

// returnWord is Shopify's word for a reason.
func returnWord(reason string) string {
	return orElse(map[string]string{"defective": "DEFECTIVE", "not_as_described": "NOT_AS_DESCRIBED", "wrong_item": "WRONG_ITEM", "not_wanted": "UNWANTED"}[reason], "OTHER")
}

// returnHandles are the handles of the definitions that replace the words.
var returnHandles = map[string][2]string{"defective": {"defective", "Damaged or defective"}, "not_as_described": {"not-as-described", "Not as described"},
	"wrong_item": {"wrong-item", "Wrong item"}, "not_wanted": {"unwanted", "Customer changed their mind"}, "not_arrived": {"other", "Other"}, "other": {"other", "Other"}}

// orderReturns is an order's status by its returns.
func (x *exec) orderReturns(o *order) string {
	status := "NO_RETURN"
	for _, r := range x.s.returnsOf(o.id) {
		switch returnStatus(r) {
		case "REQUESTED":
			return "RETURN_REQUESTED"
		case "OPEN":
			status = "IN_PROGRESS"
		case "CLOSED":
			if status == "NO_RETURN" {
				status = "RETURNED"
			}
		}
	}
	return status
}

func (x *exec) returnByGID(id string) *ret {
	n, ok := plain("Return", id)
	if !ok {
		return nil
	}
	return x.s.rets[n]
}

// paidBack are the refunds of a return.
func (o *order) paidBack(r *ret) (theirs []*refund) {
	for _, one := range o.refunds {
		if one.ret == r.id {
			theirs = append(theirs, one)
		}
	}
	return theirs
}

func (x *exec) ret(r *ret) *object {
	o := x.s.order(r.order)
	if o == nil {
		return nil
	}
	return &object{"Return", func(f string, a args) (any, error) {
		if !x.s.auth.has("read_returns") && f != "id" {
			return nil, denied(f, "read_returns")
		}
		switch f {
		case "order":
			return x.order(o), nil
		case "decline":
			if r.state == retDeclined {
				d := m{"reason": orElse(r.decline, "OTHER"), "note": nil}
				if r.answer != "" {
					d["note"] = r.answer
				}
				return fieldsOf("ReturnDecline", d), nil
			}
			return nil, nil
		case "refunds":
			return connect(a, o.paidBack(r), "Refund", func(one *refund) *object { return x.refund(o, one) })
		case "transactions":
			return connect(a, o.paidBack(r), "OrderTransaction", func(one *refund) *object { return x.payback(o, one) })
		case "returnLineItems":
			return connect(a, r.lines, "ReturnLineItemType", func(l retLine) *object { return x.retLine(o, r, l) })
		case "reverseFulfillmentOrders":
			var all []*ret
			if r.state != retAsked && r.state != retDeclined {
				all = append(all, r)
			}
			return connect(a, all, "ReverseFulfillmentOrder", func(r *ret) *object { return x.reverse(o, r) })
		case "suggestedFinancialOutcome":
			return x.suggestReturn(o, r, a)
		case "totalQuantity":
			n := 0
			for _, l := range r.lines {
				n += l.qty
			}
			return n, nil
		case "requestApprovedAt":
			if r.state != retAsked && r.state != retDeclined {
				return when(r.created), nil
			}
			return nil, nil
		case "closedAt":
			if returnStatus(r) == "CLOSED" {
				return when(r.updated), nil
			}
			return nil, nil
		}
		return m{"id": gid("Return", r.id), "name": r.number, "status": returnStatus(r), "createdAt": when(r.created)}[f], nil
	}}
}

func (x *exec) retLine(o *order, r *ret, l retLine) *object {
	of := o.line(l.line)
	open := 0
	if returnStatus(r) == "OPEN" {
		open = l.qty - l.done
	}
	h := returnHandles[r.reason]
	out := m{"id": gid("ReturnLineItem", l.id), "quantity": l.qty, "processedQuantity": l.done, "processableQuantity": open, "unprocessedQuantity": l.qty - l.done,
		"refundableQuantity": l.qty - l.done, "refundedQuantity": l.done, "returnReason": returnWord(r.reason), "returnReasonNote": "", "customerNote": nil,
		"returnReasonDefinition": fieldsOf("ReturnReasonDefinition", m{"id": gid("ReturnReasonDefinition", strconv.Itoa(1+slices.Index(returnReasons, r.reason))), "handle": h[0], "name": h[1], "deleted": false})}
	if r.note != "" {
		out["customerNote"] = r.note
	}
	if of != nil {
		out["fulfillmentLineItem"] = x.parcelLine(o, of, l.qty)
		out["withCodeDiscountedTotalPriceSet"] = o.bag(of.price * int64(l.qty) / int64(max(of.qty, 1)))
	}
	return fieldsOf("ReturnLineItem", out)
}

// reverse is how the goods come back.
func (x *exec) reverse(o *order, r *ret) *object {
	return &object{"ReverseFulfillmentOrder", func(f string, a args) (any, error) {
		switch f {
		case "order":
			return x.order(o), nil
		case "lineItems":
			return connect(a, r.lines, "ReverseFulfillmentOrderLineItem", func(l retLine) *object {
				out := m{"id": gid("ReverseFulfillmentOrderLineItem", l.id), "totalQuantity": l.qty}
				if of := o.line(l.line); of != nil {
					out["fulfillmentLineItem"] = x.parcelLine(o, of, l.qty)
				}
				return fieldsOf("ReverseFulfillmentOrderLineItem", out)
			})
		case "reverseDeliveries":
			var all []*ret
			if r.tracking != "" {
				all = append(all, r)
			}
			return connect(a, all, "ReverseDelivery", func(r *ret) *object {
				return &object{"ReverseDelivery", func(f string, _ args) (any, error) {
					switch f {
					case "reverseFulfillmentOrder":
						return x.reverse(o, r), nil
					case "deliverable":
						return fieldsOf("ReverseDeliveryShippingDeliverable", m{"tracking": fieldsOf("ReverseDeliveryTrackingV2", m{"carrierName": r.carrier, "number": r.tracking, "url": nil})}), nil
					}
					return gid("ReverseDelivery", r.id), nil
				}}
			})
		case "status":
			if returnStatus(r) == "OPEN" {
				return "OPEN", nil
			}
			return "CLOSED", nil
		}
		return gid("ReverseFulfillmentOrder", r.id), nil
	}}
}

// worth is what some units of a line cost, tax included.
func worth(l *line, qty int) (price, tax int64) {
	n := int64(max(l.qty, 1))
	return l.price * int64(qty) / n, l.tax * int64(qty) / n
}

// suggestReturn is how the platform itself would give the money of a return back.
func (x *exec) suggestReturn(o *order, r *ret, a args) (any, error) {
	var subtotal, tax int64
	for _, row := range objects(a["returnLineItems"]) {
		i, l := x.lineOf(o, r, text(row["id"]))
		if l == nil {
			return nil, &gqlError{"Return line item does not belong to the return", "BAD_REQUEST", ""}
		}
		p, t := worth(l, min(max(number(row["quantity"]), 0), r.lines[i].qty-r.lines[i].done))
		subtotal, tax = subtotal+p, tax+t
	}
	left := max(0, o.total()-o.refunded())
	amount := min(left, subtotal+tax)
	out := m{"discountedSubtotal": o.bag(subtotal), "totalTax": o.bag(tax), "maximumRefundable": o.bag(left), "totalAdditionalFees": o.bag(0), "totalCartDiscountAmount": o.bag(0), "totalDuties": o.bag(0),
		"shipping": fieldsOf("ShippingRefund", m{"amountSet": o.bag(0), "maximumRefundableSet": o.bag(o.ship() - o.refundedShip()), "taxSet": o.bag(0)})}
	if amount > 0 {
		out["financialTransfer"] = fieldsOf("RefundReturnOutcome", m{"amount": o.bag(amount), "suggestedTransactions": []any{fieldsOf("SuggestedOrderTransaction", m{"amountSet": o.bag(amount),
			"gateway": gateway, "formattedGateway": "Shopify payments", "kind": "SUGGESTED_REFUND", "maximumRefundableSet": o.bag(left), "parentTransaction": x.payment(o)})}})
	}
	return fieldsOf("SuggestedReturnFinancialOutcome", out), nil
}

// lineOf finds a return's line, and the order's line that it is about.
func (x *exec) lineOf(o *order, r *ret, id string) (int, *line) {
	n, _ := plain("ReturnLineItem", id)
	for i, l := range r.lines {
		if l.id == n {
			return i, o.line(l.line)
		}
	}
	return -1, nil
}

// decide runs the mutations about returns.
func (x *exec) decide(f string, a args) (any, error) {
	if !x.s.auth.has("write_returns") {
		return nil, denied(f, "write_returns")
	}
	in, _ := a["input"].(map[string]any)
	name, id, at := map[string]string{"returnApproveRequest": "ReturnApproveRequestPayload", "returnDeclineRequest": "ReturnDeclineRequestPayload",
		"returnProcess": "ReturnProcessPayload", "returnClose": "ReturnClosePayload"}[f], text(in["id"]), []string{"input", "id"}
	switch f {
	case "returnClose":
		id, at = text(a["id"]), []string{"id"}
	case "returnProcess":
		id, at = text(in["returnId"]), []string{"input", "returnId"}
	}
	fail := func(code, message string, field ...string) (any, error) {
		return outcome(name, nil, codeError("ReturnUserError", code, message, field...)), nil
	}
	r := x.returnByGID(id)
	if r == nil {
		return fail("NOT_FOUND", "Return not found.", at...)
	}
	status := returnStatus(r)
	switch f {
	case "returnApproveRequest":
		if status != "REQUESTED" {
			return fail("INVALID_STATE", "Return is not approvable. Only returns with status REQUESTED can be approved.", at...)
		}
		x.s.moveReturn(r, retApproved)
	case "returnDeclineRequest":
		if status != "REQUESTED" {
			return fail("INVALID_STATE", "Return is not declinable. Only returns with status REQUESTED can be declined.", at...)
		}
		r.decline, r.answer = text(in["declineReason"]), text(in["declineNote"])
		if len([]rune(r.answer)) > 500 {
			return fail("TOO_LONG", "Decline note is too long (maximum is 500 characters).", "input", "declineNote")
		}
		x.s.moveReturn(r, retDeclined)
	case "returnClose":
		if status != "OPEN" {
			return fail("INVALID_STATE", "Return is not closable.", at...)
		}
		x.s.moveReturn(r, retClosed)
	default:
		if bad := x.process(r, status, in); bad != nil {
			return outcome(name, nil, bad), nil
		}
	}
	if o := x.s.order(r.order); o != nil {
		x.s.touch(o)
	}
	return outcome(name, m{"return": x.ret(r)}), nil
}

// process takes goods in and gives money back. It has no key: whoever sends it
// twice pays twice, as long as there is something left.
func (x *exec) process(r *ret, status string, in args) *object {
	fail := func(code, message string, field ...string) *object {
		return codeError("ReturnUserError", code, message, append([]string{"input"}, field...)...)
	}
	o := x.s.order(r.order)
	if status != "OPEN" || o == nil {
		return fail("INVALID_STATE", "Return is not in a state that can be processed.", "returnId")
	}
	now := x.w.now()
	one := &refund{at: now, settled: now, note: text(in["note"]), ret: r.id}
	done := map[int]int{}
	type back struct {
		l *line
		n int
	}
	var shelf []back
	for i, row := range objects(in["returnLineItems"]) {
		at := []string{"returnLineItems", strconv.Itoa(i)}
		k, l := x.lineOf(o, r, text(row["id"]))
		if l == nil {
			return fail("NOT_FOUND", "Return line item not found.", append(at, "id")...)
		}
		qty := number(row["quantity"])
		if qty < 1 || qty > r.lines[k].qty-r.lines[k].done-done[k] {
			return fail("INVALID", "Quantity is more than what can be processed.", append(at, "quantity")...)
		}
		done[k] += qty
		restock := "NO_RESTOCK"
		for _, d := range objects(row["dispositions"]) {
			if text(d["dispositionType"]) == "RESTOCKED" {
				restock = "RETURN"
				shelf = append(shelf, back{l, number(d["quantity"])})
			}
		}
		price, tax := worth(l, qty)
		one.parts = append(one.parts, part{line: l, qty: min(qty, o.left(l)), price: price, tax: tax, amount: price + tax, restock: restock})
	}
	if s, ok := in["refundShipping"].(map[string]any); ok {
		if full, _ := s["fullRefund"].(bool); full {
			one.ship = o.ship() - o.refundedShip()
		} else if v, ok := s["shippingRefundAmount"].(map[string]any); ok {
			n, err := connectors.ParseMoney(text(v["amount"]), text(v["currencyCode"]))
			if err != nil || n.Currency != o.currency || n.Minor < 0 || n.Minor > o.ship()-o.refundedShip() {
				return fail("INVALID", "Shipping refund amount is more than what is left of it.", "refundShipping", "shippingRefundAmount")
			}
			one.ship = n.Minor
		}
	}
	if t, ok := in["financialTransfer"].(map[string]any); ok {
		issue, _ := t["issueRefund"].(map[string]any)
		for i, row := range objects(issue["orderTransactions"]) {
			at := []string{"financialTransfer", "issueRefund", "orderTransactions", strconv.Itoa(i)}
			money, _ := row["transactionAmount"].(map[string]any)
			n, err := connectors.ParseMoney(text(money["amount"]), text(money["currencyCode"]))
			pid, _ := plain("OrderTransaction", text(row["parentId"]))
			switch {
			case err != nil || n.Minor <= 0 || n.Currency != o.currency:
				return fail("INVALID", "Transaction amount must be greater than zero and in the order's presentment currency.", append(at, "transactionAmount")...)
			case pid != o.pay:
				return fail("NOT_FOUND", "Parent transaction not found.", append(at, "parentId")...)
			}
			one.amount += n.Minor
		}
		if over, _ := issue["allowOverRefunding"].(bool); !over && one.amount > o.total()-o.refunded() {
			return fail("INVALID", "Refund amount is more than the amount available to refund.", "financialTransfer", "issueRefund", "orderTransactions")
		}
	}
	if len(done) == 0 && one.amount == 0 {
		return fail("BLANK", "There is nothing to process.", "returnLineItems")
	}
	for k, n := range done {
		r.lines[k].done += n
	}
	for _, b := range shelf {
		if it := x.s.bySKU[b.l.sku]; it != nil {
			x.s.setStock(it, it.levels[0], it.levels[0].available+b.n)
		}
	}
	one.id, one.tx = x.s.refundID(), x.s.refundID()
	o.refunds = append(o.refunds, one)
	if one.amount > 0 {
		r.paid += one.amount
		x.s.changed(changeRefund, o.id, one.id)
		x.w.recordRefund(RefundEntry{Store: x.s.Name, Platform: Shopify, Order: o.id, Number: o.number, ID: one.id, Amount: o.money(one.amount), Note: one.note, Return: r.id, At: now})
	}
	state := retArrived
	if !slices.ContainsFunc(r.lines, func(l retLine) bool { return l.done < l.qty }) {
		if state = retClosed; r.paid > 0 {
			state = retRefunded
		}
	}
	x.s.moveReturn(r, state)
	return nil
}
