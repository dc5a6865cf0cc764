package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	ebayOrdersURL = "/sell/fulfillment/v1/order"
	ebayMsgURL    = "/commerce/message/v1"
)

func (r *rig) ebayRefund(id, body string) string {
	r.Helper()
	status, got := r.call("ebay-de", "POST", ebayOrdersURL+"/"+id+"/issue_refund", body)
	if e := at(got, "errors", 0, "errorId"); e != nil {
		return fmt.Sprintf("%d %v", status, e)
	}
	return fmt.Sprintf("%d %v", status, got["refundStatus"])
}

func orderLevel(amount string) string {
	return `{"reasonForRefund":"OTHER_ADJUSTMENT","comment":"key-7","orderLevelRefundAmount":{"value":"` + amount + `","currency":"EUR"}}`
}

func TestEbayRefundRipens(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: 30 * time.Second})
	o := r.famous("ebay-de")
	state := func() string {
		_, got := r.call("ebay-de", "GET", ebayOrdersURL+"/"+o.ID, "")
		return fmt.Sprintf("%v %v %v", at(got, "paymentSummary", "refunds", 0, "refundStatus"), at(got, "orderPaymentStatus"), at(got, "paymentSummary", "refunds", 0, "refundDate") != nil)
	}
	r.want(r.ebayRefund(o.ID, orderLevel("10.00")), "200 PENDING", "refund")
	r.want(state(), "PENDING PENDING false", "at once")
	r.want(r.ebayRefund(o.ID, orderLevel("10.00")), "400 34922", "another one meanwhile")
	before := r.famous("ebay-de").Updated
	r.clock.add(30 * time.Second)
	r.want(state(), "REFUNDED PARTIALLY_REFUNDED true", "later")
	r.want(r.famous("ebay-de").Updated.After(before), true, "the order changed again when the money went out")
	r.want(r.ebayRefund(o.ID, orderLevel("34.99")), "409 34924", "more than is left")
	r.want(r.ebayRefund(o.ID, orderLevel("34.98")), "200 PENDING", "the rest")
	r.clock.add(30 * time.Second)
	r.want(r.ebayRefund(o.ID, orderLevel("0.01")), "400 34917", "there is nothing left")
	l := r.w.Ledger().Refunds
	if len(l) != 2 || l[0].Note != "key-7" || l[0].Amount.String() != "10.00 EUR" || l[1].Amount.String() != "34.98 EUR" {
		t.Errorf("ledger: %+v", l)
	}
}

func TestEbayRefundRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: -1})
	o := r.famous("ebay-de")
	item := func(line, value string) string {
		return `{"reasonForRefund":"BUYER_RETURN","refundItems":[{"lineItemId":"` + line + `","refundAmount":{"value":"` + value + `","currency":"EUR"}}]}`
	}
	for _, tc := range []struct{ name, id, body, want string }{
		{"no order", "99-99999-99999", orderLevel("1"), "404 34913"},
		{"no body", o.ID, "", "400 34902"},
		{"no JSON", o.ID, "<x>", "400 34902"},
		{"no reason", o.ID, `{"orderLevelRefundAmount":{"value":"1","currency":"EUR"}}`, "400 34903"},
		{"unknown reason", o.ID, strings.Replace(orderLevel("1"), "OTHER_ADJUSTMENT", "WHIM", 1), "400 34903"},
		{"no amount", o.ID, `{"reasonForRefund":"BUYER_RETURN"}`, "400 34905"},
		{"no value", o.ID, orderLevel(""), "400 34906"},
		{"fraction", o.ID, orderLevel("1.001"), "400 34907"},
		{"nothing", o.ID, orderLevel("0.00"), "400 34907"},
		{"no currency", o.ID, strings.Replace(orderLevel("1"), "EUR", "", 1), "400 34908"},
		{"currency", o.ID, strings.Replace(orderLevel("1"), "EUR", "USD", 1), "400 34909"},
		{"no item", o.ID, strings.Replace(item("", "1"), `"lineItemId":"",`, "", 1), "400 34910"},
		{"unknown item", o.ID, item("1", "1"), "400 34914"},
		{"above the order", o.ID, orderLevel("44.99"), "400 34915"},
		{"comment", o.ID, strings.Replace(orderLevel("1"), "key-7", strings.Repeat("x", 1001), 1), "400 34921"},
		{"above the item", o.ID, item(o.Lines[1], "15.01"), "409 34924"},
		{"the item", o.ID, item(o.Lines[1], "15.00"), "200 PENDING"},
		{"the item again", o.ID, item(o.Lines[1], "0.01"), "409 34924"},
	} {
		if got := r.ebayRefund(tc.id, tc.body); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
	r.want(len(r.w.Ledger().Refunds), 1, "refunds")
}

func TestEbayOrdersPagesAndFilters(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Orders: 60})
	now := r.clock.now()
	count := func(q string) (n int) {
		seen := map[string]bool{}
		for offset := 0; ; offset += 25 {
			status, got := r.call("ebay-de", "GET", fmt.Sprintf("%s?limit=25&offset=%d&filter=%s", ebayOrdersURL, offset, url.QueryEscape(q)), "")
			r.want(status, 200, q)
			for _, o := range at(got, "orders").([]any) {
				seen[at(o, "orderId").(string)] = true
			}
			if got["next"] == nil {
				r.want(at(got, "total"), fmt.Sprint(len(seen)), "total of "+q)
				return len(seen)
			}
		}
	}
	all, err := r.w.Orders("ebay-de")
	if err != nil {
		t.Fatal(err)
	}
	since := now.Add(-10 * 24 * time.Hour)
	updated, created := 0, 0
	for _, o := range all {
		if !o.Updated.Before(since) {
			updated++
		}
		if !o.Created.Before(since) {
			created++
		}
	}
	r.want(count(""), 60, "all")
	r.want(count("lastmodifieddate:["+stamp(since)+"..]"), updated, "by change")
	r.want(count("creationdate:["+stamp(since)+"..]"), created, "by creation")
	r.want(count("creationdate:["+stamp(since)+"..],lastmodifieddate:["+stamp(now.Add(-time.Hour))+"..]"), created, "with both, creation counts")
	r.want(count("orderfulfillmentstatus:{NOT_STARTED|IN_PROGRESS}") < 60, true, "by state")
	for q, want := range map[string]string{
		"limit=201": "31100", "limit=0": "31100", "offset=-1": "31000", "filter=nonsense:[x]": "30700", "filter=rubbish": "30700", "filter=lastmodifieddate:[yesterday..]": "30810",
		"filter=lastmodifieddate:[..]": "30820", "filter=lastmodifieddate:[2020-01-01T00:00:00Z..]": "30830", "filter=creationdate:[2026-11-10T00:00:00Z..2026-11-01T00:00:00Z]": "30840",
		"filter=creationdate:[2027-01-01T00:00:00Z..]": "30850", "orderIds=" + strings.Repeat("a,", 50) + "a": "30900",
	} {
		status, got := r.call("ebay-de", "GET", ebayOrdersURL+"?"+strings.NewReplacer("[", "%5B", "]", "%5D").Replace(q), "")
		r.want(fmt.Sprintf("%d %v", status, at(got, "errors", 0, "errorId")), "400 "+want, q)
	}
	_, got := r.call("ebay-de", "GET", ebayOrdersURL+"?limit=200", "")
	for i := range 60 {
		if at(got, "orders", i, "cancelStatus", "cancelState") == "CANCELED" {
			r.want(len(at(got, "orders", i, "cancelStatus", "cancelRequests").([]any)), 0, "requests to cancel are empty in lists")
			_, one := r.call("ebay-de", "GET", ebayOrdersURL+"/"+at(got, "orders", i, "orderId").(string), "")
			r.want(len(at(one, "cancelStatus", "cancelRequests").([]any)), 1, "and full in the order")
			return
		}
	}
	t.Error("no cancelled order")
}

func TestEbayConversation(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o := r.famous("ebay-de")
	for i := range 60 {
		r.clock.add(time.Second)
		if err := r.w.Say(BuyerMessage{Store: "ebay-de", Order: "1234", Text: fmt.Sprintf("Nummer %d von {order}", i), Photo: i == 0}); err != nil {
			t.Fatal(err)
		}
	}
	_, talk := r.call("ebay-de", "GET", ebayMsgURL+"/conversation?conversation_type=FROM_MEMBERS", "")
	c := at(talk, "conversations", 0)
	r.want(at(c, "unreadCount"), "60", "unread")
	r.want(at(c, "latestMessage", "messageBody"), "Nummer 59 von "+o.ID, "latest")
	r.want(at(c, "referenceType"), "LISTING", "reference")
	id := at(c, "conversationId").(string)
	seen := map[string]bool{}
	var first any
	for offset := 0; offset < 60; offset += 50 {
		_, page := r.call("ebay-de", "GET", fmt.Sprintf("%s/conversation/%s?conversation_type=FROM_MEMBERS&limit=50&offset=%d", ebayMsgURL, id, offset), "")
		for _, m := range at(page, "messages").([]any) {
			seen[at(m, "messageId").(string)] = true
			first = m
		}
	}
	r.want(len(seen), 60, "messages on both pages")
	link := fmt.Sprint(at(first, "messageMedia", 0, "mediaUrl"))
	if status, h, _, err := r.do("GET", strings.TrimPrefix(link, r.srv.URL), nil, ""); status != 200 || err != nil || h.Get("Content-Type") != "image/png" {
		t.Errorf("the photo %s: %d %v", link, status, err)
	}
	since := url.QueryEscape(stamp(r.clock.now().Add(time.Second)))
	_, got := r.call("ebay-de", "GET", ebayMsgURL+"/conversation?conversation_type=FROM_MEMBERS&start_time="+since, "")
	r.want(at(got, "total"), "0", "nothing since")
	status, sent := r.call("ebay-de", "POST", ebayMsgURL+"/send_message", `{"conversationId":"`+id+`","messageText":"Guten Tag 😊"}`)
	r.want(status, 201, "send")
	l := r.w.Ledger().Messages
	if len(l) != 1 || l[0].Text != "Guten Tag 😊" || l[0].Order != o.ID || l[0].ID != sent["messageId"] || l[0].By != "api" {
		t.Errorf("ledger: %+v", l)
	}
	status, _ = r.call("ebay-de", "POST", ebayMsgURL+"/send_message", `{"otherPartyUsername":"`+o.Buyer+`","messageText":"Noch etwas"}`)
	r.want(status, 201, "by name")
	_, got = r.call("ebay-de", "GET", ebayMsgURL+"/conversation?conversation_type=FROM_MEMBERS", "")
	r.want(at(got, "total"), "1", "it is the same conversation")
	media := `{"mediaName":"a","mediaType":"IMAGE","mediaUrl":"https://pictures.example/a.png"}`
	for body, want := range map[string]string{
		`{}`:                  "355015",
		`{"messageText":"x"}`: "355018",
		`{"conversationId":"` + id + `","messageText":"` + strings.Repeat("あ", 2001) + `"}`:                         "355013",
		`{"conversationId":"1","messageText":"x"}`:                                                                  "355007",
		`{"otherPartyUsername":"nobody","messageText":"x"}`:                                                         "355006",
		`{"conversationId":"` + id + `","messageMedia":[` + strings.Repeat(media+",", 5) + media + `]}`:             "355010",
		`{"conversationId":"` + id + `","messageMedia":[` + strings.Replace(media, "https", "http", 1) + `]}`:       "355014",
		`{"conversationId":"` + id + `","messageMedia":[` + strings.Replace(media, "IMAGE", "FILM", 1) + `]}`:       "355011",
		`{"conversationId":"` + id + `","messageMedia":[{"mediaName":"a"}]}`:                                        "355012",
		`{"conversationId":"` + id + `","messageText":"x","reference":{"referenceType":"LISTING"}}`:                 "355021",
		`{"conversationId":"` + id + `","messageText":"x","reference":{"referenceType":"ORDER","referenceId":"5"}}`: "355003",
	} {
		status, got := r.call("ebay-de", "POST", ebayMsgURL+"/send_message", body)
		r.want(fmt.Sprintf("%d %v", status, at(got, "errors", 0, "errorId")), "400 "+want, fmt.Sprintf("%.80s", body))
	}
	status, _ = r.call("ebay-de", "POST", ebayMsgURL+"/send_message", `{"conversationId":"`+id+`","messageText":"`+strings.Repeat("あ", 2000)+`"}`)
	r.want(status, 201, "two thousand characters")
	for q, want := range map[string]string{"": "355017", "conversation_type=X": "355002", "conversation_type=FROM_MEMBERS&limit=51": "355009", "conversation_type=FROM_MEMBERS&offset=-1": "355008",
		"conversation_type=FROM_MEMBERS&reference_id=1": "355022", "conversation_type=FROM_MEMBERS&start_time=now": "355005", "conversation_type=FROM_MEMBERS&conversation_status=LOUD": "355001"} {
		status, got := r.call("ebay-de", "GET", ebayMsgURL+"/conversation?"+q, "")
		r.want(fmt.Sprintf("%d %v", status, at(got, "errors", 0, "errorId")), "400 "+want, q)
	}
}

func TestEbayTokensScopesAndLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	a := r.account("ebay-de")
	status, got := r.refresh(a.Name, "nonsense")
	r.want(fmt.Sprintf("%d %v", status, got["error"]), "400 invalid_grant", "wrong token")
	status, got = r.tokenCall(a.Name, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.Refresh}}, "wrong")
	r.want(fmt.Sprintf("%d %v", status, got["error"]), "401 invalid_client", "wrong secret")
	status, got = r.tokenCall(a.Name, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.Refresh}}, clientSecret)
	r.want(fmt.Sprintf("%d %v %v", status, got["refresh_token"], got["expires_in"]), "200 <nil> 7200", "refresh tokens do not rotate")
	user := func() string {
		status, got := r.call(a.Name, "GET", "/commerce/identity/v1/user/", "")
		return fmt.Sprintf("%d %v", status, at(got, "errors", 0, "errorId"))
	}
	r.want(user(), "200 <nil>", "good token")
	if err := r.w.Expire(a.Name); err != nil {
		t.Fatal(err)
	}
	r.want(user(), "401 1001", "expired token")
	r.tokens = map[string]string{}
	r.want(user(), "200 <nil>", "refreshed token")
	if err := r.w.Revoke(a.Name); err != nil {
		t.Fatal(err)
	}
	r.want(user(), "401 1001", "revoked")
	status, got = r.refresh(a.Name, a.Refresh)
	r.want(fmt.Sprintf("%d %v", status, got["error"]), "400 invalid_grant", "revoked")
	if err := r.w.Grant(a.Name); err != nil {
		t.Fatal(err)
	}
	r.tokens = map[string]string{}
	r.want(user(), "200 <nil>", "granted again")
	if err := r.w.SetScopes(a.Name, []string{scopeFulfillment}); err != nil {
		t.Fatal(err)
	}
	r.want(user(), "403 1100", "scope is missing")
	if err := r.w.SetScopes(a.Name, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.w.Limit(a.Name, true); err != nil {
		t.Fatal(err)
	}
	// The calls so far count; one more is left after this.
	if err := r.w.SetDaily(a.Name, "identity", r.w.stores[a.Name].market.calls["identity"]+1); err != nil {
		t.Fatal(err)
	}
	r.want(user(), "200 <nil>", "the last call of the day")
	r.want(user(), "429 2001", "one too many")
	status, _, _, err := r.do("GET", a.Path+"/commerce/identity/v1/user/", nil, "")
	if err != nil || status != 401 {
		t.Errorf("no token: %d %v", status, err)
	}
}
