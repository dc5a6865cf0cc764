package sandbox

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const fulfilment = "API_FULFILLMENT"

func (o *order) amount(minor int64) m { return m{"value": o.dec(minor), "currency": o.currency} }

// ebayStatus is eBay's word for a refund now.
func (s *store) ebayStatus(r *refund) string {
	switch {
	case r.failed:
		return "FAILED"
	case s.w.now().Before(r.settled):
		return "PENDING"
	}
	return "REFUNDED"
}

func (w *World) ebayOrderJSON(c *call, o *order, full bool) m {
	s := c.s
	paid := "PAID"
	switch back := o.refunded(); {
	case back > 0 && slices.ContainsFunc(o.refunds, func(r *refund) bool { return s.ebayStatus(r) == "PENDING" }):
		paid = "PENDING"
	case back >= o.total() && back > 0:
		paid = "FULLY_REFUNDED"
	case back > 0:
		paid = "PARTIALLY_REFUNDED"
	}
	ful := map[string]string{unshipped: "NOT_STARTED", cancelled: "NOT_STARTED", partly: "IN_PROGRESS", shipped: "FULFILLED", delivered: "FULFILLED"}[o.status]
	var refunds = []m{}
	lineRefunds := map[*line][]m{}
	for _, r := range o.refunds {
		one := func(amount int64) m {
			x := m{"refundId": r.id, "amount": o.amount(amount)}
			if s.ebayStatus(r) == "REFUNDED" {
				x["refundDate"], x["refundReferenceId"] = stamp(r.settled), r.tx
			}
			return x
		}
		if r.byLine {
			for _, p := range r.parts {
				lineRefunds[p.line] = append(lineRefunds[p.line], one(p.amount))
			}
			continue
		}
		x := one(r.amount)
		x["refundStatus"] = s.ebayStatus(r)
		refunds = append(refunds, x)
	}
	var lines []m
	for _, l := range o.lines {
		state := ebayLineState(o, l)
		taxes := []m{}
		if l.tax > 0 {
			taxes = append(taxes, m{"amount": o.amount(l.tax), "taxType": "VAT"})
		}
		lines = append(lines, m{"lineItemId": l.id, "legacyItemId": l.item, "sku": l.sku, "title": l.title, "quantity": l.qty, "soldFormat": "FIXED_PRICE",
			"listingMarketplaceId": s.Marketplace, "purchaseMarketplaceId": s.Marketplace, "lineItemFulfillmentStatus": state,
			"lineItemCost": o.amount(l.price), "deliveryCost": m{"shippingCost": o.amount(l.ship)}, "total": o.amount(l.total()), "taxes": taxes,
			"appliedPromotions": []m{}, "properties": m{"buyerProtection": true}, "refunds": append([]m{}, lineRefunds[l]...),
			"itemLocation":                    m{"location": "Musterstadt", "countryCode": "DE", "postalCode": "10000"},
			"lineItemFulfillmentInstructions": m{"shipByDate": stamp(o.created.Add(48 * time.Hour)), "minEstimatedDeliveryDate": stamp(o.created.Add(72 * time.Hour)), "maxEstimatedDeliveryDate": stamp(o.created.Add(144 * time.Hour)), "guaranteedDelivery": false}})
	}
	cancel := m{"cancelState": "NONE_REQUESTED", "cancelRequests": []m{}}
	switch {
	case o.status == cancelled:
		cancel["cancelState"], cancel["cancelledDate"] = "CANCELED", stamp(o.updated)
	case o.cancelRequested:
		cancel["cancelState"] = "IN_PROGRESS"
	}
	if full && cancel["cancelState"] != "NONE_REQUESTED" { // lists leave this empty
		req := m{"cancelRequestId": "7" + o.pay[len(o.pay)-9:], "cancelInitiator": "BUYER", "cancelReason": "BUYER_CANCEL_OR_ADDRESS_ISSUE", "cancelRequestedDate": stamp(o.updated), "cancelRequestState": "REQUESTED"}
		if o.status == cancelled {
			req["cancelRequestState"], req["cancelCompletedDate"] = "COMPLETED", stamp(o.updated)
		}
		cancel["cancelRequests"] = []m{req}
	}
	pricing := m{"priceSubtotal": o.amount(o.items()), "deliveryCost": o.amount(o.ship()), "total": o.amount(o.total())}
	if o.tax() > 0 {
		pricing["tax"] = o.amount(o.tax())
	}
	addr := m{"addressLine1": o.buyer.street, "city": o.buyer.city, "postalCode": o.buyer.zip, "countryCode": o.buyer.country}
	contact := m{"fullName": o.buyer.name, "contactAddress": addr, "email": o.buyer.email, "primaryPhone": m{"phoneNumber": "0000000"}}
	hrefs := []string{}
	for _, sh := range o.shipments {
		hrefs = append(hrefs, w.base(c.Request)+"/ebay/"+s.Name+"/sell/fulfillment/v1/order/"+o.id+"/shipping_fulfillment/"+shipmentID(sh))
	}
	return m{"orderId": o.id, "salesRecordReference": o.number, "creationDate": stamp(o.created), "lastModifiedDate": stamp(o.updated), "sellerId": s.seller,
		"orderFulfillmentStatus": ful, "orderPaymentStatus": paid, "cancelStatus": cancel, "pricingSummary": pricing, "lineItems": lines, "fulfillmentHrefs": hrefs,
		"buyer": m{"username": o.buyer.username, "taxAddress": m{"city": o.buyer.city, "postalCode": o.buyer.zip, "countryCode": o.buyer.country}, "buyerRegistrationAddress": contact},
		"paymentSummary": m{"totalDueSeller": o.amount(o.total() - o.refunded()), "refunds": refunds, "payments": []m{{"paymentMethod": "EBAY", "paymentReferenceId": o.pay,
			"paymentDate": stamp(o.created), "amount": o.amount(o.total()), "paymentStatus": "PAID"}}},
		"fulfillmentStartInstructions": []m{{"fulfillmentInstructionsType": "SHIP_TO", "ebaySupportedFulfillment": false, "minEstimatedDeliveryDate": stamp(o.created.Add(72 * time.Hour)),
			"maxEstimatedDeliveryDate": stamp(o.created.Add(144 * time.Hour)), "shippingStep": m{"shippingCarrierCode": "DHL", "shippingServiceCode": "DE_DHLPaket", "shipTo": contact}}},
		"totalFeeBasisAmount": o.amount(o.total()), "totalMarketplaceFee": o.amount(o.total() / 10)}
}

// tracking is the number of the parcel: made up, digits only, no carrier's.
func tracking(o *order) string { return "99" + o.pay[len(o.pay)-10:] }

func (w *World) ebayOrder(c *call, id string) reply {
	if groups := c.URL.Query().Get("fieldGroups"); groups != "" && groups != "TAX_BREAKDOWN" {
		return ebayError(http.StatusBadRequest, 32800, fulfilment, "REQUEST", "Invalid field group: "+groups, "fieldGroup", groups)
	}
	o := c.s.order(id)
	if o == nil {
		if !ebayID.MatchString(id) {
			return ebayError(http.StatusBadRequest, 32100, fulfilment, "REQUEST", "Invalid order ID: "+id, "orderId", id)
		}
		return ebayError(http.StatusNotFound, 32100, fulfilment, "REQUEST", "Invalid order ID: "+id, "orderId", id)
	}
	return jsonReply(http.StatusOK, w.ebayOrderJSON(c, o, true))
}

var (
	ebayID     = regexp.MustCompile(`^\d{2}-\d{5}-\d{5}$`)
	ebayFilter = regexp.MustCompile(`(\w+):(\[[^\]]*\]|\{[^}]*\})`)
)

type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool {
	return !t.Before(s.from) && (s.to.IsZero() || !t.After(s.to))
}

var errNoStart = errors.New("start date is missing")

func ebaySpan(v string) (s span, err error) {
	from, to, _ := strings.Cut(strings.Trim(v, "[]"), "..")
	if from == "" {
		return s, errNoStart
	}
	if s.from, err = time.Parse(time.RFC3339, from); err == nil && to != "" {
		s.to, err = time.Parse(time.RFC3339, to)
	}
	return s, err
}

func (w *World) ebayOrders(c *call) reply {
	q := c.URL.Query()
	if ids := q.Get("orderIds"); ids != "" {
		list := strings.Split(ids, ",")
		if len(list) > 50 {
			return ebayError(http.StatusBadRequest, 30900, fulfilment, "REQUEST", "Exceeded maximum number of order IDs (the current limit is 50)")
		}
		found := []m{}
		for _, id := range list {
			if o := c.s.order(strings.TrimSpace(id)); o != nil {
				found = append(found, w.ebayOrderJSON(c, o, false))
			}
		}
		return jsonReply(http.StatusOK, w.ebayLinks(c, m{"orders": found}, max(len(found), 1), 0, len(found)))
	}
	limit, offset, bad := ebayPage(c, 50, 200, 31100, 31000, fulfilment)
	if bad != nil {
		return *bad
	}
	now := w.now()
	created, modified := span{from: now.AddDate(0, 0, -90)}, span{}
	var states []string
	filter := q.Get("filter")
	if rest := strings.Trim(ebayFilter.ReplaceAllString(filter, ""), ", "); rest != "" {
		return ebayError(http.StatusBadRequest, 30700, fulfilment, "REQUEST", "Invalid filter name: "+rest, "fieldname", rest)
	}
	hasCreated := false
	for _, f := range ebayFilter.FindAllStringSubmatch(filter, -1) {
		name, value := f[1], f[2]
		switch name {
		case "creationdate", "lastmodifieddate":
			s, err := ebaySpan(value)
			switch {
			case errors.Is(err, errNoStart):
				return ebayError(http.StatusBadRequest, 30820, fulfilment, "REQUEST", "Start date is missing")
			case err != nil:
				return ebayError(http.StatusBadRequest, 30810, fulfilment, "REQUEST", "Invalid date format")
			case s.from.After(now.Add(time.Minute)):
				return ebayError(http.StatusBadRequest, 30850, fulfilment, "REQUEST", "Start and end dates can't be in the future")
			case !s.to.IsZero() && s.to.Before(s.from):
				return ebayError(http.StatusBadRequest, 30840, fulfilment, "REQUEST", "Start date should be before end date")
			case s.from.Before(now.AddDate(-2, 0, 0)):
				return ebayError(http.StatusBadRequest, 30830, fulfilment, "REQUEST", "Time range between start date and end date must be within '2' years.")
			}
			if name == "creationdate" {
				created, hasCreated = s, true
			} else {
				modified = s
			}
		case "orderfulfillmentstatus":
			states = strings.Split(strings.Trim(value, "{}"), "|")
		default:
			return ebayError(http.StatusBadRequest, 30700, fulfilment, "REQUEST", "Invalid filter name: "+name, "fieldname", name)
		}
	}
	list := c.s.between(false, created.from, created.to)
	if !hasCreated && !modified.from.IsZero() { // with both, only the date of creation counts
		list = c.s.between(true, modified.from, modified.to)
	}
	total, found := list.len(), []*order(nil)
	if states == nil {
		found = list.page(offset, limit)
	} else {
		total = 0
		for i := range list.len() {
			o := list.at(i)
			ful := map[string]string{unshipped: "NOT_STARTED", cancelled: "NOT_STARTED", partly: "IN_PROGRESS", shipped: "FULFILLED", delivered: "FULFILLED"}[o.status]
			if !slices.Contains(states, ful) {
				continue
			}
			if total >= offset && len(found) < limit {
				found = append(found, o)
			}
			total++
		}
	}
	out := []m{}
	for _, o := range found {
		out = append(out, w.ebayOrderJSON(c, o, false))
	}
	return jsonReply(http.StatusOK, w.ebayLinks(c, m{"orders": out}, limit, offset, total))
}

type ebayAmount struct {
	Value    string `json:"value"`
	Currency string `json:"currency"`
}

type ebayRefundRequest struct {
	Reason  string      `json:"reasonForRefund"`
	Comment string      `json:"comment"`
	Amount  *ebayAmount `json:"orderLevelRefundAmount"`
	Items   []struct {
		Amount *ebayAmount `json:"refundAmount"`
		Line   string      `json:"lineItemId"`
		Legacy *struct {
			Item string `json:"legacyItemId"`
			Tx   string `json:"legacyTransactionId"`
		} `json:"legacyReference"`
	} `json:"refundItems"`
}

var ebayReasons = []string{"BUYER_CANCEL", "SELLER_CANCEL", "ITEM_NOT_RECEIVED", "BUYER_RETURN", "ITEM_NOT_AS_DESCRIBED", "OTHER_ADJUSTMENT", "SHIPPING_DISCOUNT"}

// ebayMoney reads an amount, or tells eBay's number for what is wrong with it.
func ebayMoney(a *ebayAmount, o *order) (int64, int) {
	switch {
	case a == nil || a.Value == "":
		return 0, 34906
	case a.Currency == "":
		return 0, 34908
	case a.Currency != o.currency:
		return 0, 34909
	}
	v, err := connectors.ParseMoney(a.Value, a.Currency)
	if err != nil || v.Minor <= 0 {
		return 0, 34907
	}
	return v.Minor, 0
}

func (w *World) ebayRefund(c *call, id string) reply {
	status := map[int]int{34913: 404, 34924: 409, 34929: 409}
	text := map[int]string{34902: "Request can't be empty.", 34903: "The refund reason must be specified.", 34905: "Either orderLevelRefundAmount or refundItems must be specified.",
		34906: "The amount value must be specified.", 34907: "The amount value must be positive and within two decimals.", 34908: "The amount currency must be specified.",
		34909: "The amount currency isn't correct.", 34910: "Either legacyReference or lineItemId must be specified for item level refund.", 34913: "Can not find the order.",
		34914: "Can't find the item in the order.", 34915: "The refund amount exceeds order amount.",
		34916: "A post-transaction case exists on this order, seller refund can't be triggered.", 34917: "This order was already refunded.",
		34921: "The comment exceeds the length limit.", 34922: "Refund can't be issued while previous refund is processing.", 34924: "The item refund amount exceeds the item remaining amount."}
	fail := func(code int) reply {
		category := "REQUEST"
		if code == 34916 || code == 34917 || code == 34924 {
			category = "BUSINESS"
		}
		return ebayError(orElse(status[code], http.StatusBadRequest), code, fulfilment, category, text[code])
	}
	o := c.s.order(id)
	if o == nil {
		return fail(34913)
	}
	var q ebayRefundRequest
	switch {
	case len(c.body) == 0 || decode(c.body, &q) != nil:
		return fail(34902)
	case q.Reason == "" || !slices.Contains(ebayReasons, q.Reason):
		return fail(34903)
	case (q.Amount == nil) == (len(q.Items) == 0):
		return fail(34905)
	case len([]rune(q.Comment)) > 1000:
		return fail(34921)
	}
	for _, r := range o.refunds {
		if c.s.ebayStatus(r) == "PENDING" {
			return fail(34922)
		}
	}
	for _, x := range c.s.returnsOf(o.id) {
		if x.open() && x.kind != kindCancel {
			return fail(34916)
		}
	}
	left := o.total() - o.refunded()
	if left <= 0 {
		return fail(34917)
	}
	r := &refund{note: q.Comment, byLine: len(q.Items) > 0}
	if q.Amount != nil {
		v, code := ebayMoney(q.Amount, o)
		if code != 0 {
			return fail(code)
		}
		r.amount = v
	}
	for _, it := range q.Items {
		v, code := ebayMoney(it.Amount, o)
		if code != 0 {
			return fail(code)
		}
		l := o.line(it.Line)
		if it.Line == "" {
			if it.Legacy == nil {
				return fail(34910)
			}
			for _, x := range o.lines {
				if x.item == it.Legacy.Item {
					l = x
				}
			}
		}
		if l == nil {
			return fail(34914)
		}
		_, _, _, before := o.lineRefunded(l)
		for _, p := range r.parts {
			if p.line == l {
				before += p.amount
			}
		}
		if before+v > l.total() {
			return fail(34924)
		}
		r.parts = append(r.parts, part{line: l, amount: v})
		r.amount += v
	}
	if r.amount > left {
		if r.amount > o.total() {
			return fail(34915)
		}
		return fail(34924)
	}
	now := w.now()
	r.id, r.tx, r.at, r.settled = c.s.refundID(), strconv.FormatInt(7000000000+c.s.next(), 10), now, now.Add(w.o.Settle)
	o.refunds = append(o.refunds, r)
	c.s.touch(o)
	c.s.pending = append(c.s.pending, o)
	c.s.changed(changeRefund, o.id, r.id)
	w.recordRefund(RefundEntry{Store: c.s.Name, Platform: Ebay, Order: o.id, Number: o.number, ID: r.id, Amount: o.money(r.amount), Note: q.Comment, At: now})
	return jsonReply(http.StatusOK, m{"refundId": r.id, "refundStatus": "PENDING"})
}
