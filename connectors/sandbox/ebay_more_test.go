package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	postURL   = "/post-order/v2"
	stockURL  = "/sell/inventory/v1"
	notifyURL = "/commerce/notification/v1"
	keysURL   = "/developer/key_management/v1/signing_key"
)

// iaf sends a request to eBay's older part.
func (r *rig) iaf(method, path, body string, extra ...string) (int, map[string]any) {
	r.Helper()
	h := head(append([]string{"Content-Type", "application/json", "Authorization", "IAF " + r.token("ebay-de")}, extra...)...)
	status, _, raw, err := r.do(method, r.account("ebay-de").Path+postURL+path, h, body)
	if err != nil {
		r.Fatal(err)
	}
	return status, r.json(raw)
}

func TestEbaysOtherAnswersKeepTheContract(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Items: 60, Settle: time.Second})
	j := newJudge(r, "ebay-de")
	r.client = &http.Client{Transport: j}
	call := func(want int, method, path, body string) map[string]any {
		t.Helper()
		status, got := r.call("ebay-de", method, path, body)
		r.want(fmt.Sprint(status), fmt.Sprint(want), method+" "+path+fmt.Sprintf(" %.300v", got))
		return got
	}
	get := func(want int, path string) map[string]any { t.Helper(); return call(want, "GET", path, "") }
	list := get(200, stockURL+"/inventory_item?limit=25&offset=1")
	r.want(at(list, "inventoryItems", 0, "sku") != nil, true, "second page")
	get(200, stockURL+"/inventory_item/"+url.PathEscape(oddSKUs[0]))
	get(404, stockURL+"/inventory_item/nothing")
	get(400, stockURL+"/inventory_item?limit=201")
	offer := at(get(200, stockURL+"/offer?sku="+url.QueryEscape(oddSKUs[0])), "offers", 0, "offerId").(string)
	get(200, stockURL+"/offer/"+offer)
	get(400, stockURL+"/offer")
	rows := func(sku, offer string) string {
		raw, err := json.Marshal(m{"requests": []m{{"sku": sku, "shipToLocationAvailability": m{"quantity": 5}, "offers": []m{{"offerId": offer, "availableQuantity": 5}}}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	call(200, "POST", stockURL+"/bulk_update_price_quantity", rows(oddSKUs[0], offer))
	call(400, "POST", stockURL+"/bulk_update_price_quantity", `{"requests":[]}`)
	o, err := r.w.AddOrder(NewOrder{Store: "ebay-de", Status: unshipped})
	if err != nil {
		t.Fatal(err)
	}
	ship := "/sell/fulfillment/v1/order/" + o.ID + "/shipping_fulfillment"
	call(201, "POST", ship, `{"lineItems":[{"lineItemId":"`+o.Lines[0]+`","quantity":1}],"shippingCarrierCode":"DHL","trackingNumber":"00340434292135100186"}`)
	get(200, ship)
	get(200, ship+"/00340434292135100186")
	get(404, ship+"/1")
	call(400, "POST", ship, `{"shippingCarrierCode":"DHL"}`)

	key := call(200, "POST", keysURL, `{"signingKeyCipher":"ED25519"}`)
	get(200, keysURL)
	get(200, keysURL+"/"+key["signingKeyId"].(string))
	get(404, keysURL+"/nothing")
	call(400, "POST", keysURL, `{"signingKeyCipher":"ROT13"}`)

	l := newListener(t, r.account("ebay-de").Verification)
	n := notifyURL
	dest := func(status string) string {
		return fmt.Sprintf(`{"name":"desk","status":%q,"deliveryConfig":{"endpoint":%q,"verificationToken":%q}}`, status, l.URL+"/hook", l.token)
	}
	get(200, n+"/topic?limit=10")
	get(200, n+"/topic/"+topicOrder)
	get(404, n+"/topic/NOTHING")
	get(404, n+"/config")
	call(409, "POST", n+"/destination", dest("ENABLED")) // without a configuration
	call(204, "PUT", n+"/config", `{"alertEmail":"alarm@example.com"}`)
	get(200, n+"/config")
	call(201, "POST", n+"/destination", dest("ENABLED"))
	call(409, "POST", n+"/destination", dest("ENABLED"))
	d := at(get(200, n+"/destination"), "destinations", 0, "destinationId").(string)
	get(200, n+"/destination/"+d)
	call(204, "PUT", n+"/destination/"+d, dest("ENABLED"))
	sub := fmt.Sprintf(`{"topicId":%q,"status":"ENABLED","destinationId":%q,"payload":{"format":"JSON","schemaVersion":"1.0","deliveryProtocol":"HTTPS"}}`, topicOrder, d)
	call(201, "POST", n+"/subscription", sub)
	call(409, "POST", n+"/subscription", sub)
	id := at(get(200, n+"/subscription"), "subscriptions", 0, "subscriptionId").(string)
	get(200, n+"/subscription/"+id)
	call(204, "PUT", n+"/subscription/"+id, strings.Replace(sub, fmt.Sprintf(`"topicId":%q,`, topicOrder), "", 1))
	call(204, "POST", n+"/subscription/"+id+"/disable", "")
	call(204, "POST", n+"/subscription/"+id+"/enable", "")
	call(202, "POST", n+"/subscription/"+id+"/test", "")
	r.heard(l, 1)
	get(200, n+"/public_key/"+r.w.ebayKey.id)
	get(404, n+"/public_key/nothing")
	call(409, "DELETE", n+"/destination/"+d, "")
	call(204, "DELETE", n+"/subscription/"+id, "")
	get(404, n+"/subscription/"+id)
	call(204, "DELETE", n+"/destination/"+d, "")

	for _, kind := range []string{kindReturn, kindReturn, kindClaim} {
		if _, err := r.w.AddReturn(NewReturn{Store: "ebay-de", Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		fresh, err := r.w.AddOrder(NewOrder{Store: "ebay-de", Status: unshipped})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.w.AddReturn(NewReturn{Store: "ebay-de", Kind: kindCancel, Order: fresh.ID}); err != nil {
			t.Fatal(err)
		}
	}
	post := func(method, path, body string) map[string]any {
		t.Helper()
		status, got := r.iaf(method, path, body)
		r.want(fmt.Sprint(status), "200", method+" "+path+fmt.Sprintf(" %.300v", got))
		return got
	}
	found := post("GET", "/return/search?limit=200", "")
	first, second := at(found, "members", 0, "returnId").(string), at(found, "members", 1, "returnId").(string)
	post("GET", "/return/"+first, "")
	post("POST", "/return/"+first+"/decide", `{"decision":"APPROVE"}`)
	post("POST", "/return/"+first+"/mark_as_received", `{}`)
	post("POST", "/return/"+second+"/issue_refund", `{"refundDetail":{"itemizedRefundDetail":[{"refundAmount":{"value":1.50,"currency":"EUR"},"refundFeeType":"PURCHASE_PRICE"}],"totalAmount":{"value":1.50,"currency":"EUR"}}}`)
	cancels := post("GET", "/cancellation/search?limit=200", "")
	a, b := at(cancels, "cancellations", 0, "cancelId").(string), at(cancels, "cancellations", 1, "cancelId").(string)
	post("POST", "/cancellation/"+a+"/approve", `{}`)
	post("POST", "/cancellation/"+b+"/reject", `{}`)
	r.want(at(post("GET", "/cancellation/"+a, ""), "cancelDetail", "cancelStatus"), "CANCEL_CLOSED_WITH_REFUND", "approved")
	r.want(at(post("GET", "/cancellation/"+b, ""), "cancelDetail", "cancelStatus"), "CANCEL_REJECTED", "rejected")
	inquiry := at(post("GET", "/inquiry/search", ""), "members", 0, "inquiryId").(string)
	post("GET", "/inquiry/"+inquiry, "")
	post("POST", "/inquiry/"+inquiry+"/issue_refund", `{}`)

	ops := strings.Fields(`getInventoryItems getInventoryItem getOffers getOffer bulkUpdatePriceQuantity createShippingFulfillment getShippingFulfillments getShippingFulfillment
		createSigningKey getSigningKeys getSigningKey getTopics getTopic getConfig updateConfig createDestination getDestinations getDestination updateDestination deleteDestination
		createSubscription getSubscriptions getSubscription updateSubscription disableSubscription enableSubscription test getPublicKey deleteSubscription
		search getReturn processReturnRequest markReturnReceived issueReturnRefund approveCancellationRequest rejectCancellationRequest getCancellation getInquiry issueInquiryRefund`)
	for _, op := range ops {
		if j.checked[op] == 0 {
			t.Errorf("%s was not checked", op)
		}
	}
}

func TestEbayQuantities(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	items, err := r.w.Items("ebay-de")
	if err != nil {
		t.Fatal(err)
	}
	set := func(rows ...m) string {
		raw, err := json.Marshal(m{"requests": rows})
		if err != nil {
			t.Fatal(err)
		}
		status, got := r.call("ebay-de", "POST", stockURL+"/bulk_update_price_quantity", string(raw))
		out := fmt.Sprint(status)
		list, _ := got["responses"].([]any)
		for _, x := range list {
			out += fmt.Sprint(" ", at(x, "statusCode"), "/", at(x, "errors", 0, "errorId"))
		}
		return strings.ReplaceAll(out, "/<nil>", "")
	}
	offerOf := func(sku string) string {
		_, got := r.call("ebay-de", "GET", stockURL+"/offer?sku="+url.QueryEscape(sku), "")
		return at(got, "offers", 0, "offerId").(string)
	}
	here := func(sku string, n int) m {
		return m{"sku": sku, "shipToLocationAvailability": m{"quantity": n}}
	}
	// The third listing's offer has a quantity of its own: that of the SKU alone
	// does not reach the buyers.
	own, plainOne := items[2].SKU, items[0].SKU
	before := r.w.StockOf("ebay-de", own)
	r.want(set(here(plainOne, 9), here(own, 99)), "200 200 200", "quantities of SKUs")
	r.want(fmt.Sprint(r.w.StockOf("ebay-de", plainOne), " ", r.w.StockOf("ebay-de", own)), fmt.Sprint(9, " ", before), "what buyers see")
	both := here(own, 7)
	both["offers"] = []m{{"offerId": offerOf(own), "availableQuantity": 7}}
	r.want(set(both), "200 200", "both quantities")
	r.want(r.w.StockOf("ebay-de", own), 7, "what buyers see")
	wrong := m{"sku": own, "offers": []m{{"offerId": "1", "availableQuantity": 1}}}
	r.want(set(here(plainOne, 3), here("nothing", 3), here(own, -1), wrong, m{"sku": own}), "207 200 404/25702 400/25709 404/25713 400/25709", "each row by itself")
	r.want(set(), "400", "no rows")
	r.want(set(here(plainOne, 0)), "200 200", "none left")
	_, got := r.call("ebay-de", "GET", stockURL+"/offer/"+offerOf(plainOne), "")
	r.want(fmt.Sprint(at(got, "status"), " ", at(got, "listing", "listingStatus")), "PUBLISHED OUT_OF_STOCK", "kept")
	if err := r.w.Jam("ebay-de", JamEndsAtZero, 1); err != nil {
		t.Fatal(err)
	}
	r.want(set(here(plainOne, 0)), "200 200", "none left, without the preference")
	_, got = r.call("ebay-de", "GET", stockURL+"/offer/"+offerOf(plainOne), "")
	r.want(fmt.Sprint(at(got, "status"), " ", at(got, "listing", "listingStatus")), "UNPUBLISHED ENDED", "ended")
}

func TestEbayShips(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o, err := r.w.AddOrder(NewOrder{Store: "ebay-de", Status: unshipped, Quantity: 2})
	if err != nil {
		t.Fatal(err)
	}
	path := "/sell/fulfillment/v1/order/" + o.ID + "/shipping_fulfillment"
	ship := func(body string) string {
		status, got := r.call("ebay-de", "POST", path, body)
		return strings.TrimSuffix(fmt.Sprint(status, " ", at(got, "errors", 0, "errorId")), " <nil>")
	}
	line := `"lineItems":[{"lineItemId":"` + o.Lines[0] + `","quantity":1}]`
	for body, want := range map[string]string{`{` + line + `,"trackingNumber":"1"}`: "400 32300", `{` + line + `,"shippingCarrierCode":"DHL"}`: "400 32300",
		`{` + line + `,"trackingNumber":"1 2","shippingCarrierCode":"DHL"}`: "400 32300", `{"lineItems":[{"lineItemId":"5","quantity":1}]}`: "400 32200",
		`{"lineItems":[{"lineItemId":"` + o.Lines[0] + `","quantity":3}]}`: "400 32600", `{` + line + `,"shippedDate":"yesterday"}`: "400 32500", `<`: "400 32600"} {
		r.want(ship(body), want, body)
	}
	h := head("Content-Type", "application/json", "Authorization", "Bearer "+r.token("ebay-de"))
	status, back, _, err := r.do("POST", r.account("ebay-de").Path+path, h, `{`+line+`,"trackingNumber":"ABC123","shippingCarrierCode":"DHL"}`)
	r.want(fmt.Sprint(status, err), "201 <nil>", "first parcel")
	r.want(strings.HasSuffix(back.Get("Location"), path+"/ABC123"), true, "where it is: "+back.Get("Location"))
	_, got := r.call("ebay-de", "GET", "/sell/fulfillment/v1/order/"+o.ID, "")
	r.want(at(got, "orderFulfillmentStatus"), "IN_PROGRESS", "half of it")
	r.want(ship(`{`+line+`,"trackingNumber":"ABC123","shippingCarrierCode":"DHL"}`), "400 34500", "the same again")
	r.want(ship(`{`+line+`,"trackingNumber":"ABC124","shippingCarrierCode":"DHL"}`), "201", "second parcel")
	_, got = r.call("ebay-de", "GET", "/sell/fulfillment/v1/order/"+o.ID, "")
	r.want(at(got, "orderFulfillmentStatus"), "FULFILLED", "all of it")
	r.want(len(r.w.Ledger().Shipments), 2, "parcels")
}

func TestEbayReturns(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: 10 * time.Second})
	o, err := r.w.AddOrder(NewOrder{Store: "ebay-de", Total: "20.00"})
	if err != nil {
		t.Fatal(err)
	}
	ret, err := r.w.AddReturn(NewReturn{Store: "ebay-de", Order: o.ID, Note: "kaputt"})
	if err != nil {
		t.Fatal(err)
	}
	code := func(status int, got map[string]any) string {
		return strings.TrimSuffix(fmt.Sprint(status, " ", at(got, "errorMessage", "error", 0, "errorId")), " <nil>")
	}
	r.want(r.ebayRefund(o.ID, orderLevel("5.00")), "400 34916", "a refund beside the return")
	status, _ := r.call("ebay-de", "GET", postURL+"/return/"+ret.ID, "")
	r.want(status, 401, "the younger word before the token")
	r.want(code(r.iaf("GET", "/return/search?creation_date_range_from=2026-01-01T00:00:00Z&creation_date_range_to=2026-11-20T00:00:00Z", "")), "400 1616", "too long a span")
	r.want(code(r.iaf("GET", "/return/search?creation_date_range_from=2024-01-01T00:00:00Z&creation_date_range_to=2024-02-01T00:00:00Z", "")), "400 1616", "too long ago")
	r.want(code(r.iaf("GET", "/return/search?limit=201", "")), "400 1616", "too many")
	_, got := r.iaf("GET", "/return/"+ret.ID, "")
	r.want(fmt.Sprint(at(got, "summary", "status"), " ", at(got, "summary", "creationInfo", "comments", "content")), "RETURN_REQUESTED kaputt", "the return")
	act := func(path, body string) string { return code(r.iaf("POST", "/return/"+ret.ID+"/"+path, body)) }
	r.want(act("mark_as_received", `{}`), "409 1620", "nothing is on its way")
	r.want(act("decide", `{"decision":"DECLINE"}`), "400 1616", "declined without a word")
	r.want(act("decide", `{"decision":"MAYBE"}`), "400 1616", "another decision")
	r.want(act("decide", `{"decision":"APPROVE"}`), "200", "approved")
	r.want(act("decide", `{"decision":"APPROVE"}`), "409 1620", "approved again")
	pay := func(v string) string {
		return `{"refundDetail":{"itemizedRefundDetail":[{"refundAmount":{"value":` + v + `,"currency":"EUR"},"refundFeeType":"PURCHASE_PRICE"}],"totalAmount":{"value":` + v + `,"currency":"EUR"}}}`
	}
	for _, v := range []string{"0", "-1", "20.01", "1.001", `"x"`} {
		r.want(act("issue_refund", pay(v)), "400 1616", v)
	}
	r.want(act("issue_refund", pay("20.00")), "200", "paid back")
	r.want(act("issue_refund", pay("1.00")), "409 1620", "paid back again")
	_, order := r.call("ebay-de", "GET", ebayOrdersURL+"/"+o.ID, "")
	r.want(at(order, "paymentSummary", "refunds", 0, "refundStatus"), "PENDING", "the money is on its way")
	r.clock.add(10 * time.Second)
	_, order = r.call("ebay-de", "GET", ebayOrdersURL+"/"+o.ID, "")
	r.want(at(order, "orderPaymentStatus"), "FULLY_REFUNDED", "the money is there")
	r.want(len(r.w.Ledger().Refunds), 1, "refunds")
	r.want(code(r.iaf("GET", "/inquiry/"+ret.ID, "")), "404 1617", "a return is no inquiry")
}
