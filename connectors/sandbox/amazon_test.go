package sandbox

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// adjustment is a feed's document with one item and pairs of component and amount.
func adjustment(order, key, item string, components ...string) string {
	var parts strings.Builder
	for i := 0; i+1 < len(components); i += 2 {
		fmt.Fprintf(&parts, `<Component><Type>%s</Type><Amount currency="JPY">%s</Amount></Component>`, components[i], components[i+1])
	}
	return `<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>M</MerchantIdentifier></Header>` +
		`<MessageType>OrderAdjustment</MessageType><Message><MessageID>1</MessageID><OrderAdjustment><AmazonOrderID>` + order + `</AmazonOrderID><AdjustedItem><AmazonOrderItemCode>` + item +
		`</AmazonOrderItemCode><MerchantAdjustmentItemID>` + key + `</MerchantAdjustmentItemID><AdjustmentReason>CustomerReturn</AdjustmentReason><ItemPriceAdjustments>` + parts.String() +
		`</ItemPriceAdjustments></AdjustedItem></OrderAdjustment></Message></AmazonEnvelope>`
}

// upload puts a document into the world, and gives its id.
func (r *rig) upload(data, kind string) string {
	r.Helper()
	status, doc := r.call("amazon-jp", "POST", "/feeds/2021-06-30/documents", `{"contentType":"`+kind+`"}`)
	if status != http.StatusCreated {
		r.Fatalf("document: %d %v", status, doc)
	}
	link := strings.TrimPrefix(doc["url"].(string), r.srv.URL)
	if status, _, body, err := r.do("PUT", link, head("Content-Type", kind), data); status != 200 || err != nil {
		r.Fatalf("upload: %d %v %s", status, err, body)
	}
	return doc["feedDocumentId"].(string)
}

func (r *rig) feed(data, kind string) string {
	r.Helper()
	status, got := r.call("amazon-jp", "POST", "/feeds/2021-06-30/feeds", `{"feedType":"`+adjustXML+`","marketplaceIds":["A1VC38T7YXB528"],"inputFeedDocumentId":"`+r.upload(data, kind)+`"}`)
	if status != http.StatusAccepted {
		r.Fatalf("feed: %d %v", status, got)
	}
	return got["feedId"].(string)
}

func (r *rig) feedState(id string) string {
	r.Helper()
	_, got := r.call("amazon-jp", "GET", "/feeds/2021-06-30/feeds/"+id, "")
	return fmt.Sprint(got["processingStatus"])
}

// report is the processing report of a feed that is done.
func (r *rig) report(id string) string {
	r.Helper()
	_, got := r.call("amazon-jp", "GET", "/feeds/2021-06-30/feeds/"+id, "")
	_, doc := r.call("amazon-jp", "GET", "/feeds/2021-06-30/documents/"+fmt.Sprint(got["resultFeedDocumentId"]), "")
	status, _, body, err := r.do("GET", strings.TrimPrefix(fmt.Sprint(doc["url"]), r.srv.URL), nil, "")
	if status != 200 || err != nil {
		r.Fatalf("report: %d %v", status, err)
	}
	return body
}

func TestFeedRipens(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: 10 * time.Second})
	o := r.famous("amazon-jp")
	id := r.feed(adjustment(o.ID, "key-1", o.Lines[0], "Principal", "100", "Tax", "10"), "text/xml")
	for i, want := range []string{"IN_QUEUE", "IN_PROGRESS", "DONE"} {
		r.want(r.feedState(id), want, "state")
		r.want(len(r.w.Ledger().Refunds), i/2, "refunds while "+want)
		r.clock.add(10 * time.Second)
	}
	body := r.report(id)
	for _, want := range []string{"<MessagesProcessed>1<", "<MessagesSuccessful>1<", "<MessagesWithError>0<", "<StatusCode>Complete<"} {
		r.want(strings.Contains(body, want), true, want)
	}
	l := r.w.Ledger().Refunds
	r.want(l[0].Key+" "+l[0].Amount.String(), "key-1 110 JPY", "ledger")
	r.clock.add(3 * time.Minute)
	_, tx := r.call("amazon-jp", "GET", "/finances/2024-06-19/transactions?relatedIdentifierName=ORDER_ID&relatedIdentifierValue="+o.ID, "")
	list := at(tx, "payload", "transactions").([]any)
	r.want(len(list), 2, "the sale and the refund")
	r.want(at(list, 1, "items", 0, "relatedIdentifiers", 0, "itemRelatedIdentifierValue"), "key-1", "the key comes back")
}

func TestFinancesLagBehind(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{FinanceLag: 48 * time.Hour})
	o := r.famous("amazon-jp")
	r.feed(adjustment(o.ID, "k", o.Lines[0], "Principal", "1"), "text/xml")
	count := func() int {
		_, tx := r.call("amazon-jp", "GET", "/finances/2024-06-19/transactions?relatedIdentifierName=ORDER_ID&relatedIdentifierValue="+o.ID, "")
		return len(at(tx, "payload", "transactions").([]any))
	}
	r.clock.add(time.Minute)
	r.want(len(r.w.Ledger().Refunds), 1, "it happened")
	r.want(count(), 1, "but does not show")
	r.clock.add(48 * time.Hour)
	r.tokens = map[string]string{}
	r.want(count(), 2, "until later")
}

func TestFeedRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: -1})
	o := r.famous("amazon-jp")
	ok := adjustment(o.ID, "k", o.Lines[0], "Principal", "1")
	var z bytes.Buffer
	zw := gzip.NewWriter(&z)
	if _, err := zw.Write([]byte(ok)); err != nil || zw.Close() != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, doc, want string }{
		{"good", ok, "<MessagesSuccessful>1<"},
		{"gzip", z.String(), "<MessagesSuccessful>1<"},
		{"too much", adjustment(o.ID, "k", o.Lines[0], "Principal", "99999999"), "18011"},
		{"too much tax", adjustment(o.ID, "k", o.Lines[0], "Tax", "99999999"), "18011"},
		{"a debit", adjustment(o.ID, "k", o.Lines[0], "Principal", "-5"), "18010"},
		{"unknown order", adjustment("250-0000000-0000000", "k", o.Lines[0], "Principal", "1"), "18006"},
		{"unknown item", adjustment(o.ID, "k", "5", "Principal", "1"), "18008"},
		{"no component", adjustment(o.ID, "k", o.Lines[0]), "18009"},
		{"fraction of a yen", adjustment(o.ID, "k", o.Lines[0], "Principal", "1.50"), "5002"},
		{"unknown component", adjustment(o.ID, "k", o.Lines[0], "Gift", "1"), "5003"},
		{"unknown reason", strings.Replace(ok, "CustomerReturn", "Whim", 1), "5001"},
		{"no merchant", strings.Replace(ok, "<MerchantIdentifier>M</MerchantIdentifier>", "", 1), "5000"},
		{"other message", strings.ReplaceAll(ok, "OrderAdjustment", "Inventory"), "FATAL"},
		{"no XML", "order\tamount", "FATAL"},
	} {
		id := r.feed(tc.doc, "text/xml")
		if got := r.report(id) + r.feedState(id); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %s", tc.name, got)
		}
	}
	r.want(len(r.w.Ledger().Refunds), 2, "refunds")
}

func TestFeedNeedsItsDocument(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	status, doc := r.call("amazon-jp", "POST", "/feeds/2021-06-30/documents", `{"contentType":"text/xml; charset=UTF-8"}`)
	r.want(status, 201, "document")
	link := strings.TrimPrefix(doc["url"].(string), r.srv.URL)
	status, _, body, err := r.do("PUT", link, head("Content-Type", "text/plain"), "x")
	if err != nil || status != 403 || !strings.Contains(body, "SignatureDoesNotMatch") {
		t.Errorf("another content type: %d %v %s", status, err, body)
	}
	create := func(kind, market, id string) int {
		status, _ := r.call("amazon-jp", "POST", "/feeds/2021-06-30/feeds", `{"feedType":"`+kind+`","marketplaceIds":["`+market+`"],"inputFeedDocumentId":"`+id+`"}`)
		return status
	}
	id := doc["feedDocumentId"].(string)
	r.want(create(adjustXML, "A1VC38T7YXB528", id), 400, "a document without contents")
	r.want(create(adjustXML, "A1VC38T7YXB528", "x"), 400, "no document")
	r.clock.add(6 * time.Minute)
	status, _, _, err = r.do("PUT", link, head("Content-Type", "text/xml; charset=UTF-8"), "x")
	if err != nil || status != 403 {
		t.Errorf("a link that is too old: %d %v", status, err)
	}
	good := r.upload("<x/>", "text/xml")
	r.want(create("POST_PRODUCT_DATA", "A1VC38T7YXB528", good), 400, "another feed type")
	r.want(create(adjustXML, "ATVPDKIKX0DER", good), 400, "another marketplace")
	r.want(create(adjustXML, "A1VC38T7YXB528", good), 202, "a good one")
	r.want(create(adjustFlat, "A1VC38T7YXB528", good), 202, "a flat one is taken, and fails later")
}

func TestFeedsAreListedAndCancelled(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: time.Hour})
	o := r.famous("amazon-jp")
	var ids []string
	for range 25 {
		ids = append(ids, r.feed(adjustment(o.ID, "k", o.Lines[0], "Principal", "1"), "text/xml"))
		r.clock.add(time.Second)
	}
	status, _ := r.call("amazon-jp", "DELETE", "/feeds/2021-06-30/feeds/"+ids[3], "")
	r.want(status, 200, "cancel")
	r.want(r.feedState(ids[3]), "CANCELLED", "state")
	seen, q := map[string]bool{}, "feedTypes="+adjustXML+"&pageSize=10"
	for range 4 {
		_, got := r.call("amazon-jp", "GET", "/feeds/2021-06-30/feeds?"+q, "")
		for _, f := range at(got, "feeds").([]any) {
			seen[at(f, "feedId").(string)] = true
		}
		next, _ := got["nextToken"].(string)
		if next == "" {
			break
		}
		q = "nextToken=" + next
	}
	r.want(len(seen), 25, "feeds on all pages")
	_, got := r.call("amazon-jp", "GET", "/feeds/2021-06-30/feeds?feedTypes="+adjustXML+"&processingStatuses=CANCELLED", "")
	r.want(at(got, "feeds", 0, "feedId"), ids[3], "by state")
	since := url.QueryEscape(amazonTime(r.clock.now().Add(-5 * time.Second)))
	_, got = r.call("amazon-jp", "GET", "/feeds/2021-06-30/feeds?feedTypes="+adjustXML+"&createdSince="+since, "")
	r.want(len(at(got, "feeds").([]any)), 5, "by time")
	for _, bad := range []string{"", "nextToken=x", "feedTypes=" + adjustXML + "&pageSize=0", "feedTypes=" + adjustXML + "&createdSince=now"} {
		status, _ := r.call("amazon-jp", "GET", "/feeds/2021-06-30/feeds?"+bad, "")
		r.want(status, 400, "feeds?"+bad)
	}
	r.clock.add(2 * time.Hour)
	r.tokens = map[string]string{}
	status, _ = r.call("amazon-jp", "DELETE", "/feeds/2021-06-30/feeds/"+ids[0], "")
	r.want(status, 400, "cancel too late")
	r.want(len(r.w.Ledger().Refunds), 24, "all but the cancelled one")
}

func TestAmazonOrdersPages(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Orders: 37})
	for _, by := range []string{"createdAfter", "lastUpdatedAfter"} {
		seen, q := map[string]bool{}, by+"=2026-01-01T00:00:00Z&maxResultsPerPage=10"
		pages := 0
		for q != "" && pages < 9 {
			status, got := r.call("amazon-jp", "GET", "/orders/2026-01-01/orders?"+q, "")
			r.want(status, 200, "status")
			for _, o := range at(got, "orders").([]any) {
				id := at(o, "orderId").(string)
				if seen[id] {
					t.Errorf("%s twice", id)
				}
				seen[id] = true
			}
			pages++
			if q, _ = at(got, "pagination", "nextToken").(string); q != "" {
				q = "paginationToken=" + url.QueryEscape(q)
			}
		}
		if len(seen) != 37 || pages != 4 {
			t.Errorf("%s: %d orders on %d pages", by, len(seen), pages)
		}
	}
	now := r.clock.now()
	for _, bad := range []string{"", "createdAfter=2026-01-01T00:00:00Z&lastUpdatedAfter=2026-01-01T00:00:00Z", "createdAfter=yesterday", "paginationToken=x",
		"createdAfter=2026-01-01T00:00:00Z&createdBefore=" + amazonTime(now.Add(-time.Minute)), "createdAfter=2026-01-01T00:00:00Z&lastUpdatedBefore=2026-02-01T00:00:00Z",
		"createdAfter=2026-01-01T00:00:00Z&maxResultsPerPage=101", "createdAfter=2026-01-01T00:00:00Z&includedData=EVERYTHING"} {
		status, got := r.call("amazon-jp", "GET", "/orders/2026-01-01/orders?"+bad, "")
		r.want(fmt.Sprintf("%d %v", status, at(got, "errors", 0, "code")), "400 InvalidInput", "orders?"+bad)
	}
	_, got := r.call("amazon-jp", "GET", "/orders/2026-01-01/orders?createdAfter=2026-01-01T00:00:00Z&marketplaceIds=ATVPDKIKX0DER", "")
	r.want(len(at(got, "orders").([]any)), 0, "orders of another marketplace")
	_, got = r.call("amazon-jp", "GET", "/orders/2026-01-01/orders/"+r.famous("amazon-jp").ID, "")
	r.want(at(got, "order", "buyer"), nil, "buyer, which was not asked for")
}

func TestAmazonTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	a := r.account("amazon-jp")
	status, got := r.refresh(a.Name, "Atzr|nonsense")
	r.want(fmt.Sprintf("%d %v", status, got["error"]), "400 invalid_grant", "wrong token")
	status, got = r.tokenCall(a.Name, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.Refresh}}, "wrong")
	r.want(fmt.Sprintf("%d %v", status, got["error"]), "401 invalid_client", "wrong secret")
	status, got = r.tokenCall(a.Name, url.Values{"grant_type": {"password"}}, clientSecret)
	r.want(fmt.Sprintf("%d %v", status, got["error"]), "400 unsupported_grant_type", "other grant")
	status, got = r.tokenCall(a.Name, url.Values{"grant_type": {"authorization_code"}, "code": {consentCode}}, clientSecret)
	r.want(fmt.Sprintf("%d %v", status, got["refresh_token"]), "200 "+a.Refresh, "consent")
	for name, f := range map[string]func() error{
		"expired": func() error { return r.w.Expire(a.Name) },
		"revoked": func() error { return r.w.Revoke(a.Name) },
	} {
		r.tokens = map[string]string{}
		if status, _ := r.call(a.Name, "GET", "/sellers/v1/marketplaceParticipations", ""); status != 200 {
			t.Errorf("before it %s: %d", name, status)
		}
		if err := f(); err != nil {
			t.Fatal(err)
		}
		status, got := r.call(a.Name, "GET", "/sellers/v1/marketplaceParticipations", "")
		r.want(fmt.Sprintf("%d %v", status, at(got, "errors", 0, "code")), "403 Unauthorized", name)
		r.want(strings.Contains(fmt.Sprint(at(got, "errors", 0, "details")), name), true, "details say "+name)
		if err := r.w.Grant(a.Name); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.w.SetScopes(a.Name, []string{"sellingpartnerapi::orders"}); err != nil {
		t.Fatal(err)
	}
	r.tokens = map[string]string{}
	status, _ = r.call(a.Name, "GET", "/feeds/2021-06-30/feeds?feedTypes="+adjustXML, "")
	r.want(status, 403, "a role that is missing")
}

func TestAmazonLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{RateLimits: true})
	ask := func() string {
		status, got := r.call("amazon-jp", "GET", "/sellers/v1/marketplaceParticipations", "")
		return fmt.Sprintf("%d %v", status, at(got, "errors", 0, "code"))
	}
	for range 15 {
		r.want(ask(), "200 <nil>", "within the burst")
	}
	r.want(ask(), "429 QuotaExceeded", "beyond the burst")
	r.clock.add(63 * time.Second)
	r.want(ask(), "200 <nil>", "after a minute")
	r.want(ask(), "429 QuotaExceeded", "and only one")
	if err := r.w.Limit("amazon-jp", false); err != nil {
		t.Fatal(err)
	}
	r.want(ask(), "200 <nil>", "without limits")
}
