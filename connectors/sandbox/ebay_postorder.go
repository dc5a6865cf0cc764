package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

// postError is an error of eBay's older part, which wraps it once more.
func postError(status, id int, domain, message string) reply {
	return jsonReply(status, m{"errorMessage": m{"error": []m{{"errorId": id, "domain": domain, "severity": "ERROR", "category": "REQUEST", "message": message, "longMessage": message,
		"httpStatusCode": status}}}})
}

const (
	returnDomain  = "returnErrorDomain"
	cancelDomain  = "cancellationErrorDomain"
	inquiryDomain = "inquiryErrorDomain"
)

func postDate(t time.Time) m { return m{"value": stamp(t)} }

// postAmount is an amount in the older part: a number.
func postAmount(o *order, minor int64) m {
	return m{"value": json.Number(o.dec(minor)), "currency": o.currency}
}

var (
	ebayReturnReasons = map[string]string{"defective": "DEFECTIVE_ITEM", "not_as_described": "NOT_AS_DESCRIBED", "wrong_item": "RECEIVED_WRONG_ITEM", "not_wanted": "NO_LONGER_NEED_ITEM",
		"not_arrived": "ARRIVED_LATE", "other": "OTHER"}
	ebayReturnStates = map[string][2]string{retAsked: {"RETURN_REQUESTED", "RETURN_REQUESTED"}, retApproved: {"RETURN_STARTED", "READY_FOR_SHIPPING"},
		retOnTheWay: {"ITEM_SHIPPED", "ITEM_SHIPPED"}, retArrived: {"ITEM_DELIVERED", "ITEM_DELIVERED"}, retRefunded: {"CLOSED", "CLOSED"},
		retDeclined: {"RETURN_REJECTED", "RETURN_REJECTED"}, retClosed: {"CLOSED", "CLOSED"}}
	ebayReturnOptions = map[string][]string{retAsked: {"SELLER_APPROVE_REQUEST", "SELLER_DECLINE_REQUEST", "SELLER_ISSUE_REFUND"}, retApproved: {"SELLER_ISSUE_REFUND"},
		retOnTheWay: {"SELLER_MARK_AS_RECEIVED", "SELLER_ISSUE_REFUND"}, retArrived: {"SELLER_ISSUE_REFUND"}}
	ebayCancelStates = map[string][2]string{retAsked: {"APPROVAL_PENDING", "CANCEL_REQUESTED"}, retRefunded: {"CLOSED", "CANCEL_CLOSED_WITH_REFUND"},
		retDeclined: {"CLOSED", "CANCEL_REJECTED"}, retClosed: {"CLOSED", "CANCEL_CLOSED_NO_REFUND"}}
	ebayInquiryStates = map[string]string{retAsked: "WAITING_SELLER_RESPONSE", retRefunded: "CLOSED_WITH_REFUND", retClosed: "CLOSED", retDeclined: "CLOSED"}
)

// sale is eBay's number of a sale of a listing.
func sale(l *line) string { return "1" + l.id }

func (s *store) returnJSON(r *ret, o *order) m {
	state := ebayReturnStates[r.state]
	out := m{"returnId": r.id, "orderId": o.id, "buyerLoginName": o.buyer.username, "sellerLoginName": s.seller, "currentType": "MONEY_BACK", "state": state[0], "status": state[1]}
	info := m{"type": "MONEY_BACK", "reason": ebayReturnReasons[r.reason], "reasonType": "SNAD", "comments": m{"content": r.note}, "creationDate": postDate(r.created)}
	var worth int64
	for i, x := range r.lines {
		l := o.line(x.line)
		if l == nil {
			continue
		}
		worth += l.total() * int64(x.qty) / int64(max(l.qty, 1))
		if i == 0 {
			info["item"] = m{"itemId": l.item, "transactionId": sale(l), "returnQuantity": x.qty}
		}
	}
	out["creationInfo"] = info
	money := m{"estimatedRefundAmount": postAmount(o, min(worth, o.total()))}
	if r.paid > 0 {
		money["actualRefundAmount"] = postAmount(o, r.paid)
	}
	out["sellerTotalRefund"], out["buyerTotalRefund"] = money, money
	if r.open() {
		out["sellerResponseDue"] = m{"activityDue": ebayReturnOptions[r.state][0], "respondByDate": postDate(r.due)}
	}
	options := []m{}
	for _, v := range ebayReturnOptions[r.state] {
		options = append(options, m{"actionType": v})
	}
	out["sellerAvailableOptions"] = options
	if r.tracking != "" {
		out["returnShipmentInfo"] = m{"shipmentTracking": m{"carrierEnum": strings.ToUpper(r.carrier), "trackingNumber": r.tracking}}
	}
	return out
}

func (s *store) cancelJSON(r *ret, o *order) m {
	state := ebayCancelStates[r.state]
	out := m{"cancelId": r.id, "marketplaceId": s.Marketplace, "legacyOrderId": o.id, "requestorType": "BUYER", "cancelState": state[0], "cancelStatus": state[1],
		"cancelReason": "ORDER_MISTAKE", "paymentStatus": "PAID", "cancelRequestDate": postDate(r.created), "sellerResponseDueDate": postDate(r.due), "requestRefundAmount": postAmount(o, o.total())}
	if !r.open() {
		out["cancelCloseDate"] = postDate(r.updated)
	}
	return out
}

func (s *store) inquiryJSON(r *ret, o *order) m {
	out := m{"inquiryId": r.id, "buyer": o.buyer.username, "seller": s.seller, "orderId": o.id, "inquiryStatusEnum": orElse(ebayInquiryStates[r.state], "OPEN"), "creationDate": postDate(r.created),
		"lastModifiedDate": postDate(r.updated), "respondByDate": postDate(r.due), "claimAmount": postAmount(o, o.total()), "inquiryQuantity": 1}
	if len(o.lines) > 0 {
		out["itemId"], out["transactionId"] = o.lines[0].item, sale(o.lines[0])
	}
	return out
}

// postThing is one of the three kinds of things that buyers open.
type postThing struct {
	kind, domain, from, to, list, total string
	json                                func(*store, *ret, *order) m
}

var (
	postReturn  = postThing{kindReturn, returnDomain, "creation_date_range_from", "creation_date_range_to", "members", "total", (*store).returnJSON}
	postCancel  = postThing{kindCancel, cancelDomain, "creation_date_range_from", "creation_date_range_to", "cancellations", "total", (*store).cancelJSON}
	postInquiry = postThing{kindClaim, inquiryDomain, "inquiry_creation_date_range_from", "inquiry_creation_date_range_to", "members", "totalNumberOfInquiries", (*store).inquiryJSON}
)

// search lists things by when they were made: within 90 days at a time, and not
// older than 18 months.
func (w *World) postSearch(x postThing) func(*call, []string) reply {
	return func(c *call, _ []string) reply {
		q, now := c.URL.Query(), w.now()
		limit, offset := 25, 1 // the first page has the number 1
		for name, v := range map[string]*int{"limit": &limit, "offset": &offset} {
			if text := q.Get(name); text != "" {
				n, err := strconv.Atoi(text)
				if err != nil || n < 1 || n > 1_000_000 || name == "limit" && n > 200 {
					return postError(http.StatusBadRequest, 1616, x.domain, "Invalid Input. "+name)
				}
				*v = n
			}
		}
		when := span{from: now.AddDate(0, 0, -90), to: now}
		for name, t := range map[string]*time.Time{x.from: &when.from, x.to: &when.to} {
			if text := q.Get(name); text != "" {
				at, err := time.Parse(time.RFC3339, text)
				if err != nil {
					return postError(http.StatusBadRequest, 1616, x.domain, "Invalid Input. "+name)
				}
				*t = at
			}
		}
		switch {
		case when.to.Before(when.from), when.to.Sub(when.from) > 90*24*time.Hour+time.Minute:
			return postError(http.StatusBadRequest, 1616, x.domain, "Invalid Input. The range of dates must not exceed 90 days.")
		case when.from.Before(now.AddDate(0, -18, -1)):
			return postError(http.StatusBadRequest, 1616, x.domain, "Invalid Input. Only the last 18 months can be searched.")
		}
		found := []m{}
		for _, r := range slices.Backward(c.s.returns) { // newest first
			o := c.s.order(r.order)
			if r.kind != x.kind || o == nil || !when.holds(r.created) || q.Get("order_id") != "" && q.Get("order_id") != o.id || q.Get("legacy_order_id") != "" && q.Get("legacy_order_id") != o.id {
				continue
			}
			found = append(found, x.json(c.s, r, o))
		}
		total := len(found)
		start := min((offset-1)*limit, total)
		found = found[start:min(start+limit, total)]
		return jsonReply(http.StatusOK, m{x.list: found, x.total: total, "paginationOutput": m{"limit": limit, "offset": offset, "totalEntries": total, "totalPages": (total + limit - 1) / limit}})
	}
}

// post finds the thing and hands it on, with its order.
func (w *World) post(x postThing, do func(*call, *ret, *order) reply) func(*call, []string) reply {
	return func(c *call, parts []string) reply {
		r := c.s.rets[parts[0]]
		if r == nil || r.kind != x.kind || c.s.order(r.order) == nil {
			return postError(http.StatusNotFound, 1617, x.domain, "The thing that you asked for does not exist.")
		}
		return do(c, r, c.s.order(r.order))
	}
}

func (w *World) postReturnGet(c *call, r *ret, o *order) reply {
	sum := c.s.returnJSON(r, o)
	if c.URL.Query().Get("fieldgroups") == "SUMMARY" {
		return jsonReply(http.StatusOK, m{"summary": sum})
	}
	return jsonReply(http.StatusOK, m{"summary": sum, "detail": m{"buyerLoginName": o.buyer.username, "sellerLoginName": c.s.seller}})
}

func notNow(domain string) reply {
	return postError(http.StatusConflict, 1620, domain, "This is not possible in the state that it is in.")
}

type postWords struct {
	Comments *struct {
		Content string `json:"content"`
	} `json:"comments"`
	Decision string `json:"decision"`
}

func (q postWords) text() string {
	if q.Comments == nil {
		return ""
	}
	return q.Comments.Content
}

func (w *World) postDecide(c *call, r *ret, _ *order) reply {
	var q postWords
	if decode(c.body, &q) != nil {
		return postError(http.StatusBadRequest, 1616, returnDomain, "Invalid Input.")
	}
	to := map[string]string{"APPROVE": retApproved, "DECLINE": retDeclined}[q.Decision]
	switch {
	case to == "":
		return postError(http.StatusBadRequest, 1616, returnDomain, "Invalid Input. decision")
	case r.state != retAsked:
		return notNow(returnDomain)
	case to == retDeclined && q.text() == "":
		return postError(http.StatusBadRequest, 1616, returnDomain, "Invalid Input. comments are required.")
	}
	r.answer = q.text()
	c.s.moveReturn(r, to)
	return jsonReply(http.StatusOK, m{"decision": q.Decision, "returnStatus": ebayReturnStates[to][1]})
}

func (w *World) postReceived(c *call, r *ret, _ *order) reply {
	if r.state != retOnTheWay && r.state != retApproved {
		return notNow(returnDomain)
	}
	c.s.moveReturn(r, retArrived)
	return jsonReply(http.StatusOK, m{})
}

// giveBack moves money for something that a buyer opened.
func (s *store) giveBack(o *order, r *ret, amount int64, note string) *refund {
	now := s.w.now()
	back := &refund{id: s.refundID(), tx: strconv.FormatInt(7000000000+s.next(), 10), at: now, settled: now.Add(s.w.o.Settle), amount: amount, note: note}
	o.refunds = append(o.refunds, back)
	s.pending = append(s.pending, o)
	r.refund, r.paid = back.id, amount
	s.w.recordRefund(RefundEntry{Store: s.Name, Platform: Ebay, Order: o.id, Number: o.number, ID: back.id, Amount: o.money(amount), Note: note, At: now})
	s.touch(o)
	s.changed(changeRefund, o.id, back.id)
	s.moveReturn(r, retRefunded)
	return back
}

func (s *store) refundWord(back *refund) string {
	if s.ebayStatus(back) == "REFUNDED" {
		return "SUCCESS"
	}
	return "PENDING"
}

func (w *World) postRefund(c *call, r *ret, o *order) reply {
	type amount struct {
		Value    json.Number `json:"value"`
		Currency string      `json:"currency"`
	}
	var q struct {
		postWords
		Detail struct {
			Items []struct {
				Amount amount `json:"refundAmount"`
				Type   string `json:"refundFeeType"`
			} `json:"itemizedRefundDetail"`
			Total amount `json:"totalAmount"`
		} `json:"refundDetail"`
	}
	bad := func(what string) reply {
		return postError(http.StatusBadRequest, 1616, returnDomain, "Invalid Input. "+what)
	}
	if decode(c.body, &q) != nil {
		return bad("body")
	}
	total, err := connectors.ParseMoney(q.Detail.Total.Value.String(), q.Detail.Total.Currency)
	if err != nil || total.Currency != o.currency || total.Minor <= 0 {
		return bad("totalAmount")
	}
	var sum int64
	for _, it := range q.Detail.Items {
		v, err := connectors.ParseMoney(it.Amount.Value.String(), it.Amount.Currency)
		if err != nil || v.Currency != o.currency || v.Minor < 0 || it.Type == "" {
			return bad("itemizedRefundDetail")
		}
		sum += v.Minor
	}
	switch {
	case len(q.Detail.Items) == 0 || sum != total.Minor:
		return bad("totalAmount must be the sum of itemizedRefundDetail.")
	case !r.open():
		return notNow(returnDomain)
	case total.Minor > o.total()-o.refunded():
		return bad("totalAmount is more than is left of the order.")
	}
	back := c.s.giveBack(o, r, total.Minor, q.text())
	return jsonReply(http.StatusOK, m{"refundStatus": c.s.refundWord(back)})
}

func (w *World) postCancelGet(c *call, r *ret, o *order) reply {
	return jsonReply(http.StatusOK, m{"cancelDetail": c.s.cancelJSON(r, o)})
}

func (w *World) postApprove(c *call, r *ret, o *order) reply {
	left := o.total() - o.refunded()
	if r.state != retAsked || len(o.shipments) > 0 {
		return notNow(cancelDomain)
	}
	o.status, o.cancelRequested = cancelled, false
	if left <= 0 {
		c.s.touch(o)
		c.s.moveReturn(r, retClosed)
		return jsonReply(http.StatusOK, m{})
	}
	c.s.giveBack(o, r, left, "")
	return jsonReply(http.StatusOK, m{})
}

func (w *World) postReject(c *call, r *ret, o *order) reply {
	if r.state != retAsked {
		return notNow(cancelDomain)
	}
	o.cancelRequested = false
	c.s.touch(o)
	c.s.moveReturn(r, retDeclined)
	return jsonReply(http.StatusOK, m{})
}

func (w *World) postInquiryGet(c *call, r *ret, o *order) reply {
	return jsonReply(http.StatusOK, c.s.inquiryJSON(r, o))
}

func (w *World) postInquiryRefund(c *call, r *ret, o *order) reply {
	var q postWords
	if len(c.body) > 0 && decode(c.body, &q) != nil {
		return postError(http.StatusBadRequest, 1616, inquiryDomain, "Invalid Input.")
	}
	left := o.total() - o.refunded()
	if !r.open() || left <= 0 {
		return notNow(inquiryDomain)
	}
	back := c.s.giveBack(o, r, left, q.text())
	return jsonReply(http.StatusOK, m{"refundResult": c.s.refundWord(back)})
}

// postRoutes are the operations of eBay's older part.
func (w *World) postRoutes() []ebayRoute {
	const base = "/post-order/v2"
	get, post := http.MethodGet, http.MethodPost
	r := func(method, path, op string, signed bool, do func(*call, []string) reply) ebayRoute {
		return ebayRoute{method: method, path: base + path, op: op, scope: scopeBasic, api: "postorder", iaf: true, signed: signed, do: do}
	}
	return []ebayRoute{
		r(get, "/return/search", "returns", false, w.postSearch(postReturn)),
		r(get, "/return/{}", "return", false, w.post(postReturn, w.postReturnGet)),
		r(post, "/return/{}/decide", "decide", false, w.post(postReturn, w.postDecide)),
		r(post, "/return/{}/issue_refund", "decide", true, w.post(postReturn, w.postRefund)),
		r(post, "/return/{}/mark_as_received", "decide", false, w.post(postReturn, w.postReceived)),
		r(get, "/cancellation/search", "returns", false, w.postSearch(postCancel)),
		r(get, "/cancellation/{}", "return", false, w.post(postCancel, w.postCancelGet)),
		r(post, "/cancellation/{}/approve", "decide", true, w.post(postCancel, w.postApprove)),
		r(post, "/cancellation/{}/reject", "decide", false, w.post(postCancel, w.postReject)),
		r(get, "/inquiry/search", "returns", false, w.postSearch(postInquiry)),
		r(get, "/inquiry/{}", "return", false, w.post(postInquiry, w.postInquiryGet)),
		r(post, "/inquiry/{}/issue_refund", "decide", true, w.post(postInquiry, w.postInquiryRefund)),
	}
}
