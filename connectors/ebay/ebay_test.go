package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
	"helloworld/connectors/conntest"
)

func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func newShop(t testing.TB, s *ebayServer, change ...func(*connectors.Config)) *Shop {
	t.Helper()
	c := connectors.Config{
		Info: connectors.Info{Store: "ebay-de"}, BaseURL: s.URL, ClientID: "app", ClientSecret: "app-secret-1",
		Credential: connectors.Credential{Access: "v^1.1#first-access-token", Refresh: "v^1.1#first-refresh-token", Expires: start.Add(time.Hour)},
		Options:    map[string]string{"marketplace": "EBAY_DE", "apiz": s.URL, "runame": testRuName, "alert_email": "ops@example.com"},
		Secrets:    map[string]connectors.Secret{secretToken: testToken}, Transport: s.Client().Transport, Sleep: noSleep, Now: s.now,
	}
	for _, f := range change {
		f(&c)
	}
	shop, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return shop
}

const first = "12-34567-00001"

func refundOf(value string) connectors.Refund {
	m, _ := connectors.ParseMoney(value, "EUR")
	return connectors.Refund{Key: "5f3a1c9e-0000-4000-8000-000000000001", Order: first, Amount: m, Reason: connectors.ReasonDamaged,
		Note: "Glass broken", Asked: start}
}

func bench(t *testing.T) *conntest.Bench {
	s := newServer(t, 10)
	return &conntest.Bench{
		Shop: newShop(t, s), Orders: 10, Order: first, Number: "1001", BigID: bigLine, PageSize: 3, Missing: "99-99999-99999",
		Refund: refundOf("19.90"), Refused: refundOf("13.13"),
		Secrets: []string{"v^1.1#first-access-token", "v^1.1#first-refresh-token", "v^1.1#next-access-token", "app-secret-1", "anna.buyer@example.com", testToken, appAccess},
		Revoke:  func() { s.lock(func() { s.revoked = true }) },
		BreakApp: func() {
			s.lock(func() { s.appBroken, s.access = true, "gone" })
		},
		Expire:    func() { s.lock(func() { s.access = "gone" }) },
		Refreshes: func() (n int) { s.lock(func() { n = s.refreshes }); return },
		Throttle:  func(n int, w time.Duration) { s.lock(func() { s.throttle, s.wait = n, w }) },
		Fail:      func(n int, f conntest.Fault) { s.lock(func() { s.fail, s.fault = n, f }) },
		Odd: func() {
			s.lock(func() {
				s.orders[1]["orderPaymentStatus"], s.orders[1]["orderFulfillmentStatus"] = "PAID_IN_SHELLS", "TELEPORTED"
			})
		},
		Poison: func() {
			s.lock(func() {
				s.orders[3]["pricingSummary"].(obj)["total"] = obj{"value": "59.905 anna.buyer@example.com", "currency": "EUR"}
			})
		},
		Consent: func(link string) url.Values { return s.consent(link, true) },
		Refuse:  func(link string) url.Values { return s.consent(link, false) },
		Items:   7, SKU: oddSKU, Price: connectors.Money{Minor: 1992, Currency: "EUR"},
		PoisonItem: func() {
			s.lock(func() {
				s.offers[3]["pricingSummary"] = obj{"price": obj{"value": "much, anna.buyer@example.com", "currency": "EUR"}}
			})
		},
		Stock:    connectors.StockSet{Key: "stock-1", SKU: oddSKU, Quantity: 3},
		StockBad: connectors.StockSet{Key: "stock-2", SKU: "NO/SUCH", Quantity: 3},
		StockOf: func(sku string) (n int) {
			s.lock(func() {
				for _, o := range s.offers {
					if o["sku"] == sku {
						n = o["availableQuantity"].(int)
					}
				}
			})
			return
		},
		Ship:         connectors.Ship{Key: "ship-1", Order: first, Carrier: "dhl", Number: "JD01 4600-0050 1234 5678", At: start},
		LoseShip:     func() { s.lock(func() { s.lose = true }) },
		Shipped:      func() (n int) { s.lock(func() { n = s.shipped }); return },
		Returns:      6,
		Decision:     connectors.Decision{Key: "d-1", Return: "R:5001", Kind: connectors.KindReturn, Verdict: connectors.Approve, Note: "Please send it back"},
		DecisionBad:  connectors.Decision{Key: "d-2", Return: "R:5001", Kind: connectors.KindReturn, Verdict: connectors.PayBack, Amount: connectors.Money{Minor: 999900, Currency: "EUR"}},
		LoseDecision: func() { s.lock(func() { s.lose = true }) },
		Decided:      func() (n int) { s.lock(func() { n = s.decided }); return },
		Endpoint:     testPoint,
		Delivery: func() (http.Header, []byte) {
			return deliver("ORDER_CONFIRMATION", "n-1", start, obj{"orderId": first, "lineItemId": bigLine})
		},
		Undo: func() {
			s.lock(func() {
				s.dests[0]["status"] = "MARKED_DOWN"
				s.subs[0]["status"], s.userSub[0]["status"] = "DISABLED", "DISABLED"
			})
		},
		LoseRefund: func() { s.lock(func() { s.lose = true }) },
		Settle:     s.settle,
		Sent:       func() (n int) { s.lock(func() { n = s.sent }); return },
		Calls:      func() (n int) { s.lock(func() { n = s.calls }); return },
	}
}

func TestExam(t *testing.T) { conntest.Run(t, bench) }

// Says so when the contract was not there to check the requests against.
func TestContractsAreThere(t *testing.T) {
	all, err := loadContracts()
	if err != nil {
		t.Fatal(err)
	}
	if all == nil {
		t.Skip("CONTRACTS_DIR is absent: requests were not checked against eBay's contract")
	}
	if len(all) != len(contracts) {
		t.Errorf("%d contracts", len(all))
	}
}

func TestOrderFields(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	o, err := newShop(t, s).Order(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if o.Total.String() != "59.90 EUR" || o.Shipping.String() != "4.90 EUR" || o.Status != connectors.OrderPaid || o.Number != "1001" ||
		o.Buyer.ID != "buyer-1" || o.Buyer.Name != "Anna Buyer" || o.Buyer.Country != "DE" || o.Site != language.MustParse("de-DE") ||
		o.Lines[0].Price.String() != "55.00 EUR" || o.Lines[0].Quantity != 2 || !strings.Contains(o.Link, first) {
		t.Errorf("%+v", o)
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pay, ship, cancel string
		refunds           int
		want              connectors.OrderStatus
	}{
		{"PAID", "NOT_STARTED", "NONE_REQUESTED", 0, connectors.OrderPaid},
		{"PAID", "IN_PROGRESS", "NONE_REQUESTED", 0, connectors.OrderPartly},
		{"PAID", "FULFILLED", "NONE_REQUESTED", 0, connectors.OrderShipped},
		{"PENDING", "NOT_STARTED", "NONE_REQUESTED", 0, connectors.OrderPending},
		{"PENDING", "FULFILLED", "NONE_REQUESTED", 1, connectors.OrderShipped},
		{"FAILED", "NOT_STARTED", "", 0, connectors.OrderPending},
		{"PARTIALLY_REFUNDED", "FULFILLED", "", 1, connectors.OrderShipped},
		{"FULLY_REFUNDED", "FULFILLED", "", 1, connectors.OrderRefunded},
		{"PAID", "NOT_STARTED", "CANCELED", 0, connectors.OrderCancelled},
		{"PAID", "NOT_STARTED", "IN_PROGRESS", 0, connectors.OrderPaid},
		{"SHELLS", "FULFILLED", "", 0, connectors.OrderOther},
		{"PAID", "TELEPORTED", "", 0, connectors.OrderOther},
	} {
		var w wireOrder
		w.Payment, w.Shipping, w.Cancel.State = tt.pay, tt.ship, tt.cancel
		w.PaymentSummary.Refunds = make([]wireRefund, tt.refunds)
		if got := status(w); got != tt.want {
			t.Errorf("%+v: got %s", tt, got)
		}
	}
}

// While pages are read an order changes and goes to the end of the list. None
// may be missed.
func TestPagesOverALiveList(t *testing.T) {
	t.Parallel()
	s := newServer(t, 30)
	moved := 0
	s.between = func() { // the lock is held
		if moved < 5 {
			s.orders[moved]["lastModifiedDate"] = stamp(start.Add(time.Duration(moved-60) * time.Minute))
			moved++
		}
	}
	shop := newShop(t, s)
	seen := map[string]bool{}
	cur := connectors.Cursor{Limit: 8}
	for range 50 {
		p, err := shop.Orders(t.Context(), cur)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range p.Items {
			seen[o.ID] = true
		}
		if cur = p.Next; !p.More {
			break
		}
	}
	if len(seen) != 30 {
		t.Errorf("%d of 30 orders", len(seen))
	}
}

func TestCursors(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	for _, tok := range []string{"x", "-1@0", "5", "1@", "@1"} {
		if _, err := shop.Orders(t.Context(), connectors.Cursor{Token: tok}); connectors.KindOf(err) != connectors.Invalid || err == nil {
			t.Errorf("%q: %v", tok, err)
		}
	}
	// Older than eBay answers is not asked; more than eBay gives neither.
	if _, err := shop.Orders(t.Context(), connectors.Cursor{Since: start.AddDate(-9, 0, 0), Limit: 5000}); err != nil {
		t.Error(err)
	}
}

func TestMissingScope(t *testing.T) {
	t.Parallel()
	s := newServer(t, 2)
	s.noScope = "/issue_refund"
	shop := newShop(t, s)
	_, err := shop.Refund(t.Context(), refundOf("1.00"))
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.Reauthorise || e.Code != "1100:some.scope" {
		t.Fatalf("%v", err)
	}
	if c := capOf(shop, connectors.CapRefund); c.OK || c.Missing != scopeFinances || c.Reason != "can.missing_scope" {
		t.Errorf("%+v", c)
	}
	if c := capOf(shop, connectors.CapOrders); !c.OK {
		t.Errorf("%+v", c)
	}
	s.lock(func() { s.noScope = "/identity/" })
	if h := shop.Health(t.Context()); h.State != connectors.HealthOK {
		t.Errorf("who the seller is may be a secret: %+v", h)
	}
	if name, err := shop.seller(t.Context()); err != nil || name != "toy-seller" {
		t.Errorf("%q %v", name, err)
	}
	narrow := newShop(t, s, func(c *connectors.Config) { c.Credential.Scopes = []string{scopeFulfillment} })
	if c := capOf(narrow, connectors.CapMessage); c.OK || c.Missing != scopeMessage {
		t.Errorf("%+v", c)
	}
}

func capOf(s *Shop, name connectors.CapName) connectors.Capability {
	for _, c := range s.Can(context.Background()) {
		if c.Name == name {
			return c
		}
	}
	return connectors.Capability{}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	s := newShop(t, newServer(t, 1))
	body := func(id int, category string) string {
		return `{"errors":[{"errorId":` + strconv.Itoa(id) + `,"category":"` + category + `","message":"m"}]}`
	}
	for _, tt := range []struct {
		op     string
		status int
		body   string
		want   connectors.Kind
		silent bool
	}{
		{op: opOrder, status: 200, body: "{}", silent: true},
		{op: opOrder, status: 502, body: "<html>bad gateway</html>", silent: true},
		{op: opOrder, status: 401, body: body(1001, "REQUEST"), want: connectors.Reauthorise},
		{op: opOrder, status: 403, body: body(1100, "REQUEST"), want: connectors.Reauthorise},
		{op: opOrder, status: 403, body: "<html>", want: connectors.Down},
		{op: opOrder, status: 429, body: "slow down", want: connectors.Busy},
		{op: opOrder, status: 429, body: body(2001, "REQUEST"), want: connectors.Busy},
		{op: opOrder, status: 404, body: body(32100, "REQUEST"), want: connectors.NotFound},
		{op: opOrder, status: 400, body: body(32100, "REQUEST"), want: connectors.NotFound},
		{op: opOrders, status: 400, body: body(31100, "REQUEST"), want: connectors.Invalid},
		{op: opOrders, status: 500, body: body(30500, "APPLICATION"), want: connectors.Down},
		{op: opRefund, status: 400, body: body(34915, "REQUEST"), want: connectors.Invalid},
		{op: opRefund, status: 400, body: body(34916, "BUSINESS"), want: connectors.Conflict},
		{op: opRefund, status: 400, body: body(34917, "BUSINESS"), want: connectors.Conflict},
		{op: opRefund, status: 400, body: body(34922, "REQUEST"), want: connectors.Conflict},
		{op: opRefund, status: 409, body: body(34924, "BUSINESS"), want: connectors.Conflict},
		{op: opRefund, status: 409, body: body(39999, "BUSINESS"), want: connectors.Conflict},
		{op: opRefund, status: 400, body: body(39998, "APPLICATION"), want: connectors.Unsure},
		{op: opRefund, status: 400, body: body(215122, "REQUEST"), want: connectors.Unsupported},
		{op: opSend, status: 400, body: body(355013, "REQUEST"), want: connectors.Invalid},
		{op: opToken, status: 400, body: `{"error":"invalid_grant"}`, want: connectors.Reauthorise},
		{op: opToken, status: 401, body: `{"error":"invalid_client"}`, want: connectors.AppBroken},
		{op: opToken, status: 400, body: `<html>`, want: connectors.Down},
		{op: opToken, status: 503, body: `<html>`, silent: true},
	} {
		err := s.classify(tt.op, tt.status, http.Header{}, []byte(tt.body))
		if tt.silent != (err == nil) || err != nil && connectors.KindOf(err) != tt.want {
			t.Errorf("%s %d %s: %v", tt.op, tt.status, tt.body, err)
		}
	}
}

func TestDailyQuota(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2026-11-20T12:00:00Z": "2026-11-21T08:00:30Z", // winter in California
		"2026-07-01T06:59:00Z": "2026-07-01T07:00:30Z", // summer
	} {
		now, _ := time.Parse(time.RFC3339, at)
		if got := now.Add(untilMidnight(now)).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	s := newServer(t, 1)
	s.throttle = 1
	_, err := newShop(t, s).Order(t.Context(), "12-34567-00000")
	if connectors.KindOf(err) != connectors.Busy || connectors.RetryAfterOf(err) < time.Hour {
		t.Errorf("the day's quota is used up: %v after %v", err, connectors.RetryAfterOf(err))
	}
}

func TestConsent(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s, func(c *connectors.Config) { c.Options["runame"] = "Toy-App-RuName" })
	link, err := shop.Begin(t.Context(), "state-1")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("redirect_uri") != "Toy-App-RuName" || u.Query().Get("state") != "state-1" ||
		!strings.Contains(u.Query().Get("scope"), scopeFinances) || strings.Contains(link, "app-secret-1") || strings.Contains(u.RawQuery, "+") {
		t.Errorf("%s %v", link, err)
	}
	c, err := shop.Complete(t.Context(), url.Values{"code": {"good-code"}})
	if err != nil || string(c.Refresh) != "v^1.1#new-refresh-token" || !c.Expires.Equal(start.Add(2*time.Hour)) || c.RefreshExpires.IsZero() || len(c.Scopes) == 0 {
		t.Errorf("%v", err)
	}
	if _, err := shop.Complete(t.Context(), url.Values{"error": {"access_denied"}}); connectors.KindOf(err) != connectors.Reauthorise || err == nil {
		t.Errorf("%v", err)
	}
	if _, err := newShop(t, s, func(c *connectors.Config) { c.Options["runame"] = "" }).Begin(t.Context(), "x"); connectors.KindOf(err) != connectors.Unsupported || err == nil {
		t.Errorf("%v", err)
	}
}

func TestHealthExpiring(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	end := start.Add(10 * 24 * time.Hour)
	shop := newShop(t, s, func(c *connectors.Config) { c.Credential.RefreshExpires = end })
	if h := shop.Health(t.Context()); h.State != connectors.HealthExpiring || !h.Until.Equal(end) {
		t.Errorf("%+v", h)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := connectors.Config{Info: connectors.Info{Store: "e"}, Credential: connectors.Credential{Refresh: "r"}}
	s, err := New(good)
	if err != nil || s.base != "https://api.ebay.com" || s.apiz != "https://apiz.ebay.com" || s.tokenURL != "https://api.ebay.com/identity/v1/oauth2/token" ||
		s.authURL != "https://auth.ebay.com/oauth2/authorize" {
		t.Errorf("%+v %v", s, err)
	}
	good.BaseURL = "https://api.sandbox.ebay.com/"
	if s, err = New(good); err != nil || s.apiz != "https://apiz.sandbox.ebay.com" || s.authURL != "https://auth.sandbox.ebay.com/oauth2/authorize" {
		t.Errorf("%+v %v", s, err)
	}
	for name, c := range map[string]connectors.Config{
		"option":  {Credential: good.Credential, Options: map[string]string{"shop": "x"}},
		"address": {Credential: good.Credential, BaseURL: "ebay"},
		"token":   {},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzOrder(f *testing.F) {
	b, _ := json.Marshal(newOrder(1))
	for _, s := range []string{string(b), `{"orderId":"1"}`, `{"orderId":1}`, `[]`, `{"orderId":"1","creationDate":"2026-01-01T00:00:00Z","pricingSummary":{"total":{"value":"1","currency":"JPY"},"tax":{"value":"1.00","currency":"EUR"}},"lineItems":[{"refunds":[{"amount":{"value":"9","currency":"USD"}}]}]}`} {
		f.Add([]byte(s))
	}
	shop, err := New(connectors.Config{Credential: connectors.Credential{Refresh: "r"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := shop.orderOf(raw)
		if err == nil && (o.ID == "" || o.Total.Currency == "" || o.Created.IsZero()) {
			t.Fatalf("an order without what an order has: %+v", o)
		}
		_, _ = shop.message(raw, wireConversation{ID: "c"}, "s")
		_ = shop.classify(opOrder, 400, http.Header{}, raw)
	})
}
