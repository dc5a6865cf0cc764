package ebay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/connectors/conntest"
)

type obj = map[string]any

// start is when the world of these tests begins; its clock stands still unless moved.
var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const bigLine = "90071992547409931234"

// ebayServer says what eBay would say, as its contract and its prose have it.
type ebayServer struct {
	*httptest.Server
	t testing.TB

	mu        sync.Mutex
	at        time.Time
	orders    []obj
	talks     []obj
	access    string
	refresh   string
	revoked   bool
	appBroken bool
	noScope   string
	refreshes int
	calls     int
	sent      int
	throttle  int
	wait      time.Duration
	fail      int
	fault     conntest.Fault
	lose      bool // the next write happens, and its answer gets lost
	hide      bool // refunds do not show yet
	status    string
	refunds   []obj
	between   func() // runs after a page of orders was given
	world
	checked map[string]int  // operations that were checked against the contract
	byPath  map[string]bool // those of them whose bodies nobody has described
}

func newServer(t testing.TB, n int) *ebayServer {
	s := &ebayServer{t: t, at: start, access: "v^1.1#first-access-token", refresh: "v^1.1#first-refresh-token", status: "PENDING", world: newWorld(), checked: map[string]int{}, byPath: map[string]bool{}}
	for i := range n {
		s.orders = append(s.orders, newOrder(i))
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func newOrder(i int) obj {
	created := start.AddDate(0, 0, -20).Add(time.Duration(i) * time.Hour)
	line := strconv.Itoa(10000000 + i)
	if i == 2 {
		line = bigLine
	}
	money := func(v string) obj { return obj{"value": v, "currency": "EUR"} }
	return obj{"orderId": fmt.Sprintf("12-34567-%05d", i), "salesRecordReference": strconv.Itoa(1000 + i), "sellerId": "toy-seller",
		"creationDate": stamp(created), "lastModifiedDate": stamp(created.Add(30 * time.Minute)), "orderFulfillmentStatus": "NOT_STARTED", "orderPaymentStatus": "PAID",
		"cancelStatus": obj{"cancelState": "NONE_REQUESTED", "cancelRequests": []obj{}},
		"buyer":        obj{"username": "buyer-" + strconv.Itoa(i), "buyerRegistrationAddress": obj{"fullName": "Anna Buyer", "email": "anna.buyer@example.com", "contactAddress": obj{"countryCode": "DE"}}},
		"pricingSummary": obj{"priceSubtotal": money("55.00"), "deliveryCost": money("4.90"), "total": money("59.90"),
			"tax": money("0.0")},
		"paymentSummary": obj{"refunds": []obj{}, "payments": []obj{}},
		"lineItems": []obj{{"lineItemId": line, "sku": "S-1", "title": "Toy", "quantity": 2, "lineItemCost": money("55.00"), "total": money("59.90"),
			"deliveryCost": obj{"shippingCost": money("4.90")}, "taxes": []obj{}, "refunds": []obj{}, "purchaseMarketplaceId": "EBAY_DE"}}}
}

func (s *ebayServer) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *ebayServer) lock(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status, id int, category string, more ...obj) {
	reply(w, status, obj{"errors": []obj{{"errorId": id, "domain": "TEST", "category": category, "message": "refused " + strconv.Itoa(id), "parameters": more}}})
}

func (s *ebayServer) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.paths[r.Method+" "+r.URL.Path]++
	w.Header().Set("Date", s.at.Format(http.TimeFormat))
	if r.URL.Path == "/identity/v1/oauth2/token" {
		s.token(w, r, body)
		return
	}
	s.contract(r, body)
	if s.fail > 0 {
		s.fail--
		conntest.Answer(w, s.fault)
		return
	}
	word, as := "Bearer ", s.access
	if strings.HasPrefix(r.URL.Path, postOrder) {
		word = "IAF "
	}
	app := forApp(r) && r.Header.Get("Authorization") == "Bearer "+appAccess
	if !app && (mustApp(r) || r.Header.Get("Authorization") != word+as || s.revoked) {
		refuse(w, 401, 1001, "REQUEST")
		return
	}
	if s.throttle > 0 {
		s.throttle--
		if s.wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(s.wait.Seconds())))
		}
		refuse(w, 429, 2001, "REQUEST")
		return
	}
	if s.noScope != "" && strings.Contains(r.URL.Path, s.noScope) {
		refuse(w, 403, 1100, "REQUEST", obj{"name": "scope", "value": "https://api.ebay.com/oauth/api_scope/some.scope"})
		return
	}
	if s.signs && mustSign(r) {
		if code := badSignature(r, body); code != "" {
			refuse(w, 400, number(code, 0), "REQUEST")
			return
		}
	}
	if s.more(w, r, body) {
		return
	}
	const orders = "/sell/fulfillment/v1/order"
	switch p := r.URL.Path; {
	case p == orders:
		s.list(w, r)
	case strings.HasSuffix(p, "/issue_refund"):
		s.refund(w, strings.TrimSuffix(strings.TrimPrefix(p, orders+"/"), "/issue_refund"), body)
	case strings.HasPrefix(p, orders+"/"):
		if o := s.order(strings.TrimPrefix(p, orders+"/")); o != nil {
			reply(w, 200, o)
			return
		}
		refuse(w, 404, 32100, "REQUEST")
	case p == "/commerce/identity/v1/user/":
		reply(w, 200, obj{"username": "toy-seller", "userId": "u1", "status": "CONFIRMED"})
	case p == "/commerce/message/v1/conversation":
		s.conversations(w, r)
	case strings.HasPrefix(p, "/commerce/message/v1/conversation/"):
		s.conversation(w, r, strings.TrimPrefix(p, "/commerce/message/v1/conversation/"))
	case p == "/commerce/message/v1/send_message":
		s.send(w, body)
	default:
		refuse(w, 404, 2002, "REQUEST")
	}
}

// forApp: calls that may be made for the application, and mustApp: those that
// may be made for it alone.
func forApp(r *http.Request) bool { return mustApp(r) || strings.Contains(r.URL.Path, "/subscription") }

func mustApp(r *http.Request) bool {
	p := r.URL.Path
	return strings.HasPrefix(p, notify) && !strings.Contains(p, "/subscription") || strings.HasPrefix(p, "/developer/") && !strings.Contains(p, "user_rate_limit")
}

func mustSign(r *http.Request) bool {
	p := r.URL.Path
	return r.Method == http.MethodPost && (strings.HasSuffix(p, "/issue_refund") || strings.HasSuffix(p, "/decide") || strings.HasSuffix(p, "/approve"))
}

func (s *ebayServer) token(w http.ResponseWriter, r *http.Request, body []byte) {
	id, secret, ok := r.BasicAuth()
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case s.appBroken || !ok || id != "app" || secret != "app-secret-1":
		reply(w, 401, obj{"error": "invalid_client", "error_description": "client authentication failed"})
	case r.ParseForm() != nil || r.PostForm.Get("client_secret") != "":
		reply(w, 400, obj{"error": "invalid_request"})
	case r.PostForm.Get("grant_type") == "client_credentials" && r.PostForm.Get("scope") == scopeBasic:
		reply(w, 200, obj{"access_token": appAccess, "expires_in": 7200, "token_type": "Application Access Token"})
	case r.PostForm.Get("grant_type") == "authorization_code" && s.codes[r.PostForm.Get("code")] && r.PostForm.Get("redirect_uri") == testRuName:
		delete(s.codes, r.PostForm.Get("code"))
		reply(w, 200, obj{"access_token": "v^1.1#consent-access-token", "expires_in": 7200, "refresh_token": "v^1.1#consent-refresh-token", "refresh_token_expires_in": 47304000})
	case r.PostForm.Get("grant_type") == "authorization_code" && r.PostForm.Get("code") == "good-code" && r.PostForm.Get("redirect_uri") == "Toy-App-RuName":
		reply(w, 200, obj{"access_token": "v^1.1#next-access-token", "expires_in": 7200, "refresh_token": "v^1.1#new-refresh-token", "refresh_token_expires_in": 47304000})
	case r.PostForm.Get("grant_type") != "refresh_token" || r.PostForm.Get("refresh_token") != s.refresh || s.revoked:
		s.refreshes++
		reply(w, 400, obj{"error": "invalid_grant", "error_description": "the token is " + s.refresh})
	default:
		s.refreshes++
		s.access = "v^1.1#next-access-token"
		reply(w, 200, obj{"access_token": s.access, "expires_in": 7200, "token_type": "User Access Token"})
	}
}

func (s *ebayServer) order(id string) obj {
	for _, o := range s.orders {
		if o["orderId"] == id {
			if !s.hide {
				o["paymentSummary"].(obj)["refunds"] = slices.DeleteFunc(slices.Clone(s.refunds), func(r obj) bool { return r["order"] != id })
			}
			return o
		}
	}
	return nil
}

func (s *ebayServer) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, offset := number(q.Get("limit"), 50), number(q.Get("offset"), 0)
	if limit > 200 {
		refuse(w, 400, 31100, "REQUEST")
		return
	}
	var found []obj
	from := ""
	if f := q.Get("filter"); f != "" {
		from = strings.TrimSuffix(strings.TrimPrefix(f, "lastmodifieddate:["), "..]")
		if t, err := time.Parse("2006-01-02T15:04:05.000Z", from); err != nil || t.Before(s.at.AddDate(-2, 0, 0)) {
			refuse(w, 400, 30800, "REQUEST")
			return
		}
	}
	for _, o := range s.orders {
		if m, _ := o["lastModifiedDate"].(string); m >= from {
			found = append(found, o)
		}
	}
	slices.SortStableFunc(found, func(a, b obj) int {
		return strings.Compare(a["lastModifiedDate"].(string), b["lastModifiedDate"].(string))
	})
	reply(w, 200, obj{"total": len(found), "limit": limit, "offset": offset, "orders": found[min(offset, len(found)):min(offset+limit, len(found))]})
	if s.between != nil {
		s.between()
	}
}

func number(s string, def int) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return def
}

// lost happens after a write: the answer may get lost.
func (s *ebayServer) lost(w http.ResponseWriter) bool {
	if s.lose {
		s.lose = false
		conntest.Answer(w, conntest.HangUp)
		return true
	}
	return false
}

func (s *ebayServer) refund(w http.ResponseWriter, id string, body []byte) {
	var q refundBody
	_ = json.Unmarshal(body, &q)
	o := s.order(id)
	switch {
	case o == nil:
		refuse(w, 404, 34913, "REQUEST")
		return
	case q.Amount.Value == "13.13":
		refuse(w, 400, 34916, "BUSINESS")
		return
	case q.Amount.Value == "99.99":
		refuse(w, 409, 34924, "BUSINESS")
		return
	case slices.ContainsFunc(s.refunds, func(r obj) bool { return r["order"] == id && r["refundStatus"] == "PENDING" }):
		refuse(w, 400, 34922, "REQUEST")
		return
	}
	s.sent++
	r := obj{"order": id, "refundId": "R" + strconv.Itoa(s.sent), "amount": obj{"value": q.Amount.Value, "currency": q.Amount.Currency}, "refundStatus": s.status}
	if s.status == "REFUNDED" {
		r["refundDate"] = stamp(s.at)
	}
	s.refunds = append(s.refunds, r)
	if !s.lost(w) {
		reply(w, 200, obj{"refundId": r["refundId"], "refundStatus": s.status})
	}
}

func (s *ebayServer) settle() {
	s.lock(func() {
		for _, r := range s.refunds {
			if r["refundStatus"] == "PENDING" {
				r["refundStatus"], r["refundDate"] = "REFUNDED", stamp(s.at)
			}
		}
	})
}

// talk makes a conversation; texts alternate, the buyer begins.
func (s *ebayServer) talk(id, buyer string, at time.Time, texts ...string) {
	var msgs []obj
	for i, text := range texts {
		from, to := buyer, "toy-seller"
		if i%2 == 1 {
			from, to = to, from
		}
		msgs = append(msgs, obj{"messageId": id + "-" + strconv.Itoa(i), "messageBody": text, "subject": "Toy", "createdDate": stamp(at.Add(time.Duration(i) * time.Minute)),
			"senderUsername": from, "recipientUsername": to, "messageMedia": []obj{}})
	}
	s.lock(func() {
		s.talks = append(s.talks, obj{"conversationId": id, "conversationType": "FROM_MEMBERS", "conversationTitle": "Toy", "buyer": buyer, "messages": msgs})
	})
}

func (s *ebayServer) conversations(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, offset := number(q.Get("limit"), 25), number(q.Get("offset"), 0)
	switch {
	case q.Get("conversation_type") != "FROM_MEMBERS":
		refuse(w, 400, 355002, "REQUEST")
		return
	case limit > 50:
		refuse(w, 400, 355009, "REQUEST")
		return
	case offset%limit != 0:
		refuse(w, 400, 355008, "REQUEST")
		return
	}
	last := func(c obj) string {
		m := c["messages"].([]obj)
		return m[len(m)-1]["createdDate"].(string)
	}
	var found []obj
	for _, c := range s.talks {
		if last(c) >= q.Get("start_time") && (q.Get("other_party_username") == "" || q.Get("other_party_username") == c["buyer"]) {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b obj) int { return strings.Compare(last(b), last(a)) })
	var out []obj
	for _, c := range found[min(offset, len(found)):min(offset+limit, len(found))] {
		out = append(out, obj{"conversationId": c["conversationId"], "conversationType": "FROM_MEMBERS", "conversationTitle": c["conversationTitle"]})
	}
	reply(w, 200, obj{"conversations": out, "total": len(found), "limit": limit, "offset": offset})
}

func (s *ebayServer) conversation(w http.ResponseWriter, r *http.Request, id string) {
	q := r.URL.Query()
	limit, offset := number(q.Get("limit"), 25), number(q.Get("offset"), 0)
	for _, c := range s.talks {
		if c["conversationId"] != id {
			continue
		}
		list := slices.Clone(c["messages"].([]obj))
		slices.Reverse(list)
		reply(w, 200, obj{"messages": list[min(offset, len(list)):min(offset+limit, len(list))], "total": len(list), "limit": limit, "offset": offset})
		return
	}
	refuse(w, 400, 355007, "REQUEST")
}

func (s *ebayServer) send(w http.ResponseWriter, body []byte) {
	var q sendBody
	_ = json.Unmarshal(body, &q)
	for _, c := range s.talks {
		if c["conversationId"] != q.Conversation && (q.Conversation != "" || c["buyer"] != q.Party) {
			continue
		}
		s.sent++
		m := obj{"messageId": "sent-" + strconv.Itoa(s.sent), "messageBody": strings.ReplaceAll(q.Text, "&", "&amp;"), "createdDate": stamp(s.at), "senderUsername": "toy-seller", "recipientUsername": c["buyer"]}
		c["messages"] = append(c["messages"].([]obj), m)
		if !s.lost(w) {
			reply(w, 201, m)
		}
		return
	}
	refuse(w, 400, 355006, "REQUEST")
}
