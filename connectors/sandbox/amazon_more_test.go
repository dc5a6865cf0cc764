package sandbox

import (
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	jp       = "A1VC38T7YXB528"
	itemsURL = "/listings/2021-08-01/items"
)

// grantless gets a token of the application.
func (r *rig) grantless(store string) string {
	r.Helper()
	status, got := r.tokenCall(store, url.Values{"grant_type": {"client_credentials"}, "scope": {scopeNotes}}, clientSecret)
	if status != http.StatusOK {
		r.Fatalf("token of the application: %d %v", status, got)
	}
	return got["access_token"].(string)
}

// as sends a request with another token than the seller's.
func (r *rig) as(token, store, method, path, body string) (int, map[string]any) {
	r.Helper()
	status, _, raw, err := r.do(method, r.account(store).Path+path, head("Content-Type", "application/json", "x-amz-access-token", token), body)
	if err != nil {
		r.Fatal(err)
	}
	if raw == "" {
		return status, nil
	}
	return status, r.json(raw)
}

func confirmation(ref string, lines ...any) string {
	var items []m
	for i := 0; i < len(lines); i += 2 {
		items = append(items, m{"orderItemId": lines[i], "quantity": lines[i+1]})
	}
	raw, err := json.Marshal(m{"marketplaceId": jp, "packageDetail": m{"packageReferenceId": ref, "carrierCode": "Yamato", "trackingNumber": "123456789012",
		"shipDate": "2026-11-20T09:30:00Z", "orderItems": items}})
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func patchStock(op, channel string, qty int) string {
	return fmt.Sprintf(`{"productType":"HOME","patches":[{"op":%q,"path":"/attributes/fulfillment_availability","value":[{"fulfillment_channel_code":%q,"quantity":%d}]}]}`, op, channel, qty)
}

func TestAmazonsOtherAnswersKeepTheContract(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Items: 70, Settle: time.Second})
	j := newJudge(r, "amazon-jp")
	r.client = &http.Client{Transport: j}
	seller := r.account("amazon-jp").Seller
	call := func(want int, method, path, body string) map[string]any {
		t.Helper()
		status, got := r.call("amazon-jp", method, path, body)
		r.want(fmt.Sprint(status), fmt.Sprint(want), method+" "+path+fmt.Sprintf(" %.300v", got))
		return got
	}
	get := func(want int, path string) map[string]any { t.Helper(); return call(want, "GET", path, "") }
	here := "marketplaceIds=" + jp
	all := "&includedData=" + strings.Join(listingData, ",")
	list := get(200, itemsURL+"/"+seller+"?"+here+"&pageSize=20&sortBy=sku&sortOrder=ASC"+all)
	get(200, itemsURL+"/"+seller+"?"+here+"&sortBy=sku&sortOrder=ASC&pageToken="+url.QueryEscape(at(list, "pagination", "nextToken").(string)))
	for _, sku := range []string{oddSKUs[0], oddSKUs[1], oddSKUs[2]} {
		r.want(at(get(200, itemsURL+"/"+seller+"/"+url.PathEscape(sku)+"?"+here+all), "sku"), sku, "SKU")
		call(200, "PATCH", itemsURL+"/"+seller+"/"+url.PathEscape(sku)+"?"+here+"&includedData=issues,identifiers", patchStock("merge", "DEFAULT", 4))
	}
	call(200, "PATCH", itemsURL+"/"+seller+"/nothing?"+here, patchStock("merge", "DEFAULT", 4))
	get(404, itemsURL+"/"+seller+"/nothing?"+here)
	get(400, itemsURL+"/"+seller)
	fba := get(200, "/fba/inventory/v1/summaries?details=true&granularityType=Marketplace&granularityId="+jp+"&"+here)
	r.want(len(at(fba, "payload", "inventorySummaries").([]any)) > 3, true, "goods with Amazon")
	get(400, "/fba/inventory/v1/summaries?granularityType=Marketplace&granularityId=X&"+here)

	o, err := r.w.AddOrder(NewOrder{Store: "amazon-jp", Status: unshipped, Quantity: 3})
	if err != nil {
		t.Fatal(err)
	}
	ship := "/orders/v0/orders/" + o.ID + "/shipmentConfirmation"
	call(204, "POST", ship, confirmation("7", o.Lines[0], 2))
	call(400, "POST", ship, confirmation("8", o.Lines[0], 2))
	call(404, "POST", "/orders/v0/orders/250-0000000-0000000/shipmentConfirmation", confirmation("8", o.Lines[0], 2))
	r.want(at(get(200, "/orders/2026-01-01/orders/"+o.ID+"?includedData=PACKAGES,FULFILLMENT"), "order", "packages", 0, "packageReferenceId"), "7", "package")

	if _, err := r.w.AddReturn(NewReturn{Store: "amazon-jp"}); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"reportType":%q,"marketplaceIds":[%q],"dataStartTime":"2026-11-01T00:00:00Z","dataEndTime":"2026-11-21T00:00:00Z"}`, returnsXML, jp)
	rep := call(202, "POST", "/reports/2021-06-30/reports", want)["reportId"].(string)
	get(200, "/reports/2021-06-30/reports/"+rep)
	other := call(202, "POST", "/reports/2021-06-30/reports", want)["reportId"].(string)
	call(200, "DELETE", "/reports/2021-06-30/reports/"+other, "")
	r.clock.add(time.Minute)
	doc := get(200, "/reports/2021-06-30/reports/"+rep)["reportDocumentId"].(string)
	get(200, "/reports/2021-06-30/documents/"+doc)
	get(404, "/reports/2021-06-30/documents/nothing")
	get(200, "/reports/2021-06-30/reports?reportTypes="+returnsXML)
	get(400, "/reports/2021-06-30/reports")

	msg := "/messaging/v1/orders/" + o.ID
	get(200, msg+"?"+here)
	get(200, msg+"/attributes?"+here)
	get(404, "/messaging/v1/orders/250-0000000-0000000?"+here)
	call(201, "POST", msg+"/messages/unexpectedProblem?"+here, `{"text":"申し訳ございません。"}`)
	call(400, "POST", msg+"/messages/unexpectedProblem?"+here, `{"text":"<b>x</b>"}`)
	for status, actions := range map[string][]string{unshipped: {"confirmCustomizationDetails", "confirmOrderDetails"}, shipped: {"confirmDeliveryDetails", "legalDisclosure", "invoice"}, delivered: {"warranty"}} {
		x, err := r.w.AddOrder(NewOrder{Store: "amazon-jp", Status: status})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range actions {
			body := `{"text":"ありがとうございます。"}`
			if amazonActions[a] == 0 {
				body = `{"attachments":[{"uploadDestinationId":"u1","fileName":"a.pdf"}]}`
			}
			call(201, "POST", "/messaging/v1/orders/"+x.ID+"/messages/"+a+"?"+here, body)
		}
		get(200, "/messaging/v1/orders/"+x.ID+"?"+here)
	}
	notes(r, call)
	ops := strings.Fields(`searchListingsItems getListingsItem patchListingsItem getInventorySummaries confirmShipment createReport getReport getReports cancelReport getReportDocument
		getMessagingActionsForOrder GetAttributes createUnexpectedProblem confirmCustomizationDetails createConfirmOrderDetails createConfirmDeliveryDetails createLegalDisclosure
		CreateWarranty sendInvoice createDestination getDestination getDestinations deleteDestination createSubscription getSubscription getSubscriptions getSubscriptionById deleteSubscriptionById
		sendTestNotification`)
	for _, op := range ops {
		if j.checked[op] == 0 {
			t.Errorf("%s was not checked", op)
		}
	}
}

// notes tries the operations about news.
func notes(r *rig, call func(int, string, string, string) map[string]any) {
	r.Helper()
	app := r.grantless("amazon-jp")
	q := r.account("amazon-jp").Queue
	grantless := func(want int, method, path, body string) map[string]any {
		r.Helper()
		status, got := r.as(app, "amazon-jp", method, "/notifications/v1"+path, body)
		r.want(fmt.Sprint(status), fmt.Sprint(want), method+" "+path+fmt.Sprintf(" %v", got))
		return got
	}
	dest := `{"name":"desk","resourceSpecification":{"sqs":{"arn":"` + q.ARN + `"}}}`
	call(403, "POST", "/notifications/v1/destinations", dest) // a seller's token does not do
	id := at(grantless(200, "POST", "/destinations", dest), "payload", "destinationId").(string)
	grantless(409, "POST", "/destinations", dest)
	grantless(400, "POST", "/destinations", strings.Replace(dest, "sandbox-", "other-", 1))
	grantless(200, "GET", "/destinations", "")
	grantless(200, "GET", "/destinations/"+id, "")
	subs := "/notifications/v1/subscriptions/"
	call(400, "POST", subs+"ORDER_CHANGE", `{"payloadVersion":"1.0","destinationId":"`+id+`"}`)
	call(404, "GET", subs+"ORDER_CHANGE", "")
	body := `{"payloadVersion":"1.0","destinationId":"` + id + `","processingDirective":{"eventFilter":{"eventFilterType":"ORDER_CHANGE","orderChangeTypes":["OrderStatusChange"]}}}`
	sub := at(call(200, "POST", subs+"ORDER_CHANGE", body), "payload", "subscriptionId").(string)
	call(409, "POST", subs+"ORDER_CHANGE", body)
	call(200, "GET", subs+"ORDER_CHANGE?payloadVersion=1.0", "")
	call(200, "GET", "/notifications/v1/subscriptions?notificationTypes=ORDER_CHANGE", "")
	call(200, "POST", subs+"ORDER_CHANGE/testNotification", `{"destinationId":"`+id+`","testNotification":{"payloadVersion":"1.0","testScenario":"X"}}`)
	grantless(200, "GET", "/subscriptions/ORDER_CHANGE/"+sub, "")
	grantless(409, "DELETE", "/destinations/"+id, "")
	grantless(200, "DELETE", "/subscriptions/ORDER_CHANGE/"+sub, "")
	grantless(200, "DELETE", "/destinations/"+id, "")
}

func TestAmazonStock(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: 10 * time.Second})
	seller := r.account("amazon-jp").Seller
	path := itemsURL + "/" + seller + "/" + url.PathEscape("LAMP-OAK-01") + "?marketplaceIds=" + jp
	patch := func(body string) string {
		status, got := r.call("amazon-jp", "PATCH", path, body)
		return fmt.Sprint(status, " ", got["status"], " ", at(got, "issues", 0, "code"))
	}
	now := func() string {
		_, got := r.call("amazon-jp", "GET", path+"&includedData=attributes", "")
		one := at(got, "attributes", "fulfillment_availability", 0)
		return fmt.Sprint(at(one, "fulfillment_channel_code"), " ", at(one, "quantity"), " ", at(one, "lead_time_to_ship_max_days"))
	}
	r.want(now(), "DEFAULT 3 1", "before")
	r.want(patch(patchStock("merge", "DEFAULT", 9)), "200 ACCEPTED <nil>", "merge")
	r.want(now(), "DEFAULT 3 1", "accepted is not live")
	r.clock.add(10 * time.Second)
	r.want(now(), "DEFAULT 9 1", "live")
	r.want(patch(patchStock("replace", "DEFAULT", 8)), "200 ACCEPTED <nil>", "replace")
	r.clock.add(10 * time.Second)
	r.want(now(), "DEFAULT 8 <nil>", "a replacement forgets the lead time")
	for body, want := range map[string]string{patchStock("merge", "DEFAULT", -1): "200 INVALID 90248", patchStock("merge", "MOON", 1): "200 INVALID 90244",
		patchStock("swap", "DEFAULT", 1): "400 <nil> <nil>", `{}`: "400 <nil> <nil>", `{"productType":"HOME","patches":[{"op":"merge","path":"/attributes/color","value":[{}]}]}`: "200 INVALID 90220"} {
		r.want(patch(body), want, body)
	}
	if err := r.w.Jam("amazon-jp", JamStock, 1); err != nil {
		t.Fatal(err)
	}
	r.want(patch(patchStock("merge", "DEFAULT", 1)), "200 ACCEPTED <nil>", "accepted, and forgotten")
	r.clock.add(30 * time.Minute)
	r.want(now(), "DEFAULT 8 <nil>", "never live")
	r.want(patch(patchStock("merge", "AMAZON_JP", 5)), "200 ACCEPTED <nil>", "another channel")
	r.clock.add(time.Minute)
	r.want(now(), "AMAZON_JP <nil> <nil>", "the listing has moved to Amazon's warehouse")
	r.want(len(r.w.Ledger().Stock), 2, "quantities set")
}

func TestAmazonShips(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o, err := r.w.AddOrder(NewOrder{Store: "amazon-jp", Status: unshipped, Quantity: 3})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := r.w.AddOrder(NewOrder{Store: "amazon-jp", Status: cancelled})
	if err != nil {
		t.Fatal(err)
	}
	r.clock.add(time.Hour)
	ship := func(order, body string) string {
		status, got := r.call("amazon-jp", "POST", "/orders/v0/orders/"+order+"/shipmentConfirmation", strings.Replace(body, "2026-11-20T09:30:00Z", "2026-11-20T10:00:00Z", 1))
		return strings.TrimSuffix(fmt.Sprint(status, " ", at(got, "errors", 0, "code")), " <nil>")
	}
	state := func() string {
		_, got := r.call("amazon-jp", "GET", "/orders/2026-01-01/orders/"+o.ID+"?includedData=PACKAGES,FULFILLMENT", "")
		list, _ := at(got, "order", "packages").([]any)
		return fmt.Sprint(at(got, "order", "fulfillment", "fulfillmentStatus"), " ", len(list), " ", at(got, "order", "orderItems", 0, "fulfillment", "quantityUnfulfilled"))
	}
	good := confirmation("1", o.Lines[0], 2)
	for name, body := range map[string]string{
		"a number for a reference": strings.Replace(good, `"1"`, `1`, 1), "letters": strings.Replace(good, `"1"`, `"P1"`, 1), "no carrier": strings.Replace(good, "Yamato", "", 1),
		"another carrier without its name": strings.Replace(good, "Yamato", "Other", 1), "no number": strings.Replace(good, "123456789012", "", 1),
		"the future": strings.Replace(good, "2026-11-20", "2026-12-20", 1), "before the order": strings.Replace(good, "2026-11-20T09", "2026-11-19T09", 1),
		"too many": confirmation("1", o.Lines[0], 4), "another line": confirmation("1", "77", 1), "nothing": confirmation("1"), "another marketplace": strings.Replace(good, jp, "X", 1)} {
		r.want(ship(o.ID, body), "400 InvalidInput", name)
	}
	r.want(ship(gone.ID, confirmation("1", gone.Lines[0], 1)), "400 InvalidInput", "cancelled")
	r.want(state(), "UNSHIPPED 0 3", "before")
	r.want(ship(o.ID, good), "204", "first parcel")
	r.want(state(), "PARTIALLY_SHIPPED 1 1", "one is left")
	r.want(ship(o.ID, confirmation("1", o.Lines[0], 1)), "204", "the same again is an edit")
	r.want(state(), "PARTIALLY_SHIPPED 1 2", "two are left now")
	r.want(ship(o.ID, confirmation("2", o.Lines[0], 2)), "204", "second parcel")
	r.want(state(), "SHIPPED 2 0", "all gone")
	r.want(ship(o.ID, confirmation("3", o.Lines[0], 1)), "400 PackageToUpdateNotFound", "a parcel that there is not")
	r.want(ship(o.ID, confirmation("2", o.Lines[0], 2)), "204", "an edit of one that there is")
	r.want(len(r.w.Ledger().Shipments), 2, "parcels")
}

func TestAmazonReports(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: 10 * time.Second})
	ret, err := r.w.AddReturn(NewReturn{Store: "amazon-jp", Reason: "defective"})
	if err != nil {
		t.Fatal(err)
	}
	const base = "/reports/2021-06-30"
	ask := func(from, to string) (string, string) {
		status, got := r.call("amazon-jp", "POST", base+"/reports", fmt.Sprintf(`{"reportType":%q,"marketplaceIds":[%q],"dataStartTime":%q,"dataEndTime":%q}`, returnsXML, jp, from, to))
		id, _ := got["reportId"].(string)
		return fmt.Sprint(status), id
	}
	state := func(id string) string {
		_, got := r.call("amazon-jp", "GET", base+"/reports/"+id, "")
		return fmt.Sprint(got["processingStatus"])
	}
	status, _ := ask("2026-09-01T00:00:00Z", "2026-11-21T00:00:00Z")
	r.want(status, "400", "more than 60 days")
	_, id := ask("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")
	_, empty := ask("2026-01-20T00:00:00Z", "2026-01-21T00:00:00Z")
	r.want(state(id), "IN_QUEUE", "at once")
	r.clock.add(10 * time.Second)
	r.want(state(id), "IN_PROGRESS", "later")
	r.clock.add(10 * time.Second)
	r.want(state(id), "DONE", "in the end")
	r.want(state(empty), "CANCELLED", "nothing to report")
	_, got := r.call("amazon-jp", "GET", base+"/reports/"+id, "")
	_, doc := r.call("amazon-jp", "GET", base+"/documents/"+got["reportDocumentId"].(string), "")
	r.want(doc["compressionAlgorithm"], "GZIP", "compression")
	link := strings.TrimPrefix(doc["url"].(string), r.srv.URL)
	_, _, raw, err := r.do("GET", link, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Returns []returnXML `xml:"Message>return_details"`
	}
	if err := xml.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	last := back.Returns[len(back.Returns)-1]
	r.want(last.RMA+" "+last.Order+" "+last.Items[0].Reason, ret.ID+" "+ret.Order+" CR-DEFECTIVE", "the return")
	r.clock.add(6 * time.Minute)
	code, _, _, err := r.do("GET", link, nil, "")
	r.want(fmt.Sprint(code, err), "403 <nil>", "a link that is too old")
	for lever, want := range map[string]string{JamReportFatal: "FATAL", JamReportStuck: "IN_PROGRESS"} {
		if err := r.w.Jam("amazon-jp", lever, 1); err != nil {
			t.Fatal(err)
		}
		_, id := ask("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")
		r.clock.add(10 * time.Minute)
		r.want(state(id), want, lever)
	}
	o := r.famous("amazon-jp")
	for lever, want := range map[string]string{JamFeedFatal: "FATAL", JamFeedStuck: "IN_PROGRESS"} {
		if err := r.w.Jam("amazon-jp", lever, 1); err != nil {
			t.Fatal(err)
		}
		id := r.feed(adjustment(o.ID, "k", o.Lines[0], "Principal", "1"), "text/xml; charset=UTF-8")
		r.clock.add(10 * time.Minute)
		_, got := r.call("amazon-jp", "GET", "/feeds/2021-06-30/feeds/"+id, "")
		r.want(got["processingStatus"], want, lever)
	}
	r.want(len(r.w.Ledger().Refunds), 0, "refunds of feeds that went wrong")
}

func TestAmazonMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o, err := r.w.AddOrder(NewOrder{Store: "amazon-jp", Status: delivered})
	if err != nil {
		t.Fatal(err)
	}
	send := func(action, body string) string {
		status, _ := r.call("amazon-jp", "POST", "/messaging/v1/orders/"+o.ID+"/messages/"+action+"?marketplaceIds="+jp, body)
		return fmt.Sprint(status)
	}
	text := func(v string) string { raw, _ := json.Marshal(m{"text": v}); return string(raw) }
	for _, tc := range []struct{ action, body, want string }{
		{"unexpectedProblem", text(strings.Repeat("字", 2000)), "201"}, {"unexpectedProblem", text(strings.Repeat("字", 2001)), "400"}, {"unexpectedProblem", text(""), "400"},
		{"unexpectedProblem", text("see https://other.example"), "400"}, {"unexpectedProblem", text("mail me@example.com"), "400"}, {"unexpectedProblem", text("a<br>b"), "400"},
		{"unexpectedProblem", "{", "400"}, {"unexpectedProblem", "", "400"}, {"confirmDeliveryDetails", text("x"), "403"}, {"negativeFeedbackRemoval", text("x"), "404"},
		{"warranty", `{}`, "400"}, {"warranty", `{"coverageStartDate":"2026-11-20T00:00:00Z","coverageEndDate":"2027-11-20T00:00:00Z"}`, "201"}, {"warranty", text("x"), "400"}, {"invoice", `{}`, "400"}} {
		r.want(send(tc.action, tc.body), tc.want, tc.action+fmt.Sprintf(" %.60s", tc.body))
	}
	_, got := r.call("amazon-jp", "GET", "/messaging/v1/orders/"+o.ID+"/attributes?marketplaceIds="+jp, "")
	r.want(at(got, "buyer", "locale"), "ja-JP", "language")
	r.want(len(r.w.Ledger().Messages), 2, "messages")
	if err := r.w.SetScopes("amazon-jp", []string{"sellingpartnerapi::orders"}); err != nil {
		t.Fatal(err)
	}
	r.want(send("unexpectedProblem", text("x")), "403", "a role that is missing")
}

func TestAmazonTellsItsRates(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(contracts(t), "amazon", "limits.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, Options{})
	rates := map[string]string{}
	wild := regexp.MustCompile(`\{[^}]*\}`)
	for _, x := range r.w.amazonRoutes() {
		rates[x.method+" "+wild.ReplaceAllString(x.path, "{}")] = fmt.Sprint(x.rate, " ", x.burst)
	}
	checked := 0
	for _, row := range strings.Split(string(raw), "\n") {
		f := strings.Split(strings.TrimSpace(row), "\t")
		if len(f) != 5 {
			continue
		}
		if have, ok := rates[f[1]+" "+wild.ReplaceAllString(f[2], "{}")]; ok {
			r.want(have, f[3]+" "+f[4], f[0])
			checked++
		}
	}
	r.want(checked > 15, true, fmt.Sprint(checked, " rates checked"))
	_, h, _, err := r.do("GET", r.account("amazon-jp").Path+"/orders/2026-01-01/orders", head("x-amz-access-token", r.token("amazon-jp")), "")
	r.want(fmt.Sprint(h.Get("x-amzn-RateLimit-Limit"), err), "0.0056<nil>", "the rate")
}
