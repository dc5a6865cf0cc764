package shopify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"helloworld/connectors"
	"helloworld/connectors/conntest"
)

func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func newShop(t testing.TB, s *shopServer) *Shop {
	t.Helper()
	shop, err := New(connectors.Config{
		Info: connectors.Info{Store: "toy-de"}, BaseURL: s.URL, ClientID: "app", ClientSecret: "app-secret-1",
		Credential: connectors.Credential{Access: "shpat_first0000001", Refresh: "shprt_first0000001", Expires: time.Now().Add(time.Hour)},
		Transport:  s.Client().Transport, Sleep: noSleep, Redirect: redirct,
	})
	if err != nil {
		t.Fatal(err)
	}
	return shop
}

func refundOf(amount int64) connectors.Refund {
	return connectors.Refund{Key: "5f3a1c9e-0000-4000-8000-000000000001", Order: "gid://shopify/Order/450789469001",
		Amount: connectors.Money{Minor: amount, Currency: "EUR"}, Reason: connectors.ReasonDamaged, Note: "Glass broken", Asked: time.Now()}
}

func bench(t *testing.T) *conntest.Bench {
	s := newShopServer(t, 10)
	s.stocked()
	lock := func(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
	refused := refundOf(100)
	refused.Note = "refuse me"
	return &conntest.Bench{
		Shop: newShop(t, s), Orders: 10, Order: "gid://shopify/Order/450789469001", Number: "1002", BigID: bigLine, PageSize: pageOf,
		Missing: "gid://shopify/Order/1", Refund: refundOf(1990), Refused: refused,
		Secrets: []string{"shpat_first0000001", "shprt_first0000001", "shpat_next0000001", "app-secret-1", "anna.buyer@example.com", "file-secret-1"},
		Revoke:  func() { lock(func() { s.revoked = true }) },
		BreakApp: func() {
			lock(func() { s.appBroken, s.access = true, "gone" })
		},
		Expire:    func() { lock(func() { s.access = "gone" }) },
		Refreshes: func() (n int) { lock(func() { n = s.refreshes }); return },
		Throttle:  func(n int, w time.Duration) { lock(func() { s.throttle, s.wait = n, w }) },
		Fail:      func(n int, f conntest.Fault) { lock(func() { s.fail, s.fault = n, f }) },
		Odd: func() {
			lock(func() {
				s.orders[1]["displayFinancialStatus"], s.orders[1]["displayFulfillmentStatus"] = "RIGHT_OF_WITHDRAWAL", "TELEPORTED"
				s.orders[1]["customerLocale"] = "tlh-x-@@"
			})
		},
		Poison: func() {
			lock(func() { s.orders[3]["totalPriceSet"] = bagOf("59.905 anna.buyer@example.com", "EUR") })
		},
		LoseRefund: func() { lock(func() { s.lose = true }) },
		Settle:     s.settle,
		Sent:       func() (n int) { lock(func() { n = s.sent }); return },
		Calls:      func() (n int) { lock(func() { n = s.calls }); return },

		Consent: s.consent,
		Refuse: func(link string) url.Values {
			return url.Values{"error": {"access_denied"}, "shop": {"toy-de.myshopify.com"}}
		},
		Items: 9, SKU: oddSKU, Price: connectors.Money{Minor: 1450, Currency: "EUR"},
		PoisonItem: func() { lock(func() { s.items[5].price = "much" }) },
		Stock:      connectors.StockSet{Key: "5f3a1c9e-0000-4000-8000-0000000000a1", SKU: oddSKU, Quantity: 42},
		StockBad:   connectors.StockSet{Key: "5f3a1c9e-0000-4000-8000-0000000000a2", SKU: "no such", Quantity: 1},
		StockOf: func(sku string) (n int) {
			lock(func() {
				for _, i := range s.items {
					if i.sku == sku {
						n = i.stock
					}
				}
			})
			return n
		},
		Ship:        shipOf(),
		LoseShip:    func() { lock(func() { s.loseOp = "ShipConfirm" }) },
		Shipped:     func() (n int) { lock(func() { n = s.shipCount }); return },
		Returns:     5,
		Decision:    connectors.Decision{Key: "k-approve", Return: "gid://shopify/Return/71", Kind: connectors.KindReturn, Verdict: connectors.Approve, Asked: time.Now()},
		DecisionBad: connectors.Decision{Key: "k-pay", Return: "gid://shopify/Return/72", Kind: connectors.KindReturn, Verdict: connectors.PayBack, Asked: time.Now()},
		LoseDecision: func() {
			lock(func() { s.loseOp = "ApproveReturn" })
		},
		Decided:  func() (n int) { lock(func() { n = s.decided }); return },
		Endpoint: "https://desk.example/hooks/toy-de",
		Delivery: func() (http.Header, []byte) {
			return delivery("orders/updated", `{"id":450789469001,"admin_graphql_api_id":"gid://shopify/Order/450789469001","name":"#1002"}`)
		},
		Undo: func() {
			lock(func() { s.hooks = s.hooks[3:]; s.hooks[0].(map[string]any)["uri"] = "https://old.example/" })
		},
	}
}

func shipOf() connectors.Ship {
	return connectors.Ship{Key: "k-ship", Order: "gid://shopify/Order/450789469001", Carrier: "dhl", Number: "JD014600003828392837", Notify: true}
}

// delivery is news as the platform signs it.
func delivery(topic, body string) (http.Header, []byte) {
	h := http.Header{}
	h.Set("X-Shopify-Topic", topic)
	h.Set("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(mac([]byte(body), "app-secret-1")))
	h.Set("X-Shopify-Shop-Domain", "toy-de.myshopify.com")
	h.Set("X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043")
	h.Set("X-Shopify-Event-Id", "98880550-7158-44d4-b7cd-2c97c8a091b5")
	h.Set("X-Shopify-Triggered-At", time.Now().UTC().Format(time.RFC3339Nano))
	return h, []byte(body)
}

func TestExam(t *testing.T) { conntest.Run(t, bench) }

func TestRefundInputFitsTheSchema(t *testing.T) {
	def := schema(t).Types["RefundInput"]
	cmd := refundOf(5000)
	cmd.Lines = []connectors.RefundLine{{Line: "501", Quantity: 1, Restock: true}}
	var sg wireSuggestion
	_ = json.Unmarshal([]byte(`{"refundLineItems":[{"lineItem":{"id":"gid://shopify/LineItem/501"},"location":{"id":"gid://shopify/Location/1"}}],
		"suggestedTransactions":[{"gateway":"card","parentTransaction":{"id":"p1"},"maximumRefundableSet":{"presentmentMoney":{"amount":"40.0","currencyCode":"EUR"}}},
		{"gateway":"gift","parentTransaction":{"id":"p2"},"maximumRefundableSet":{"presentmentMoney":{"amount":"19.9","currencyCode":"EUR"}}}]}`), &sg)
	in, err := refundInput("gid://shopify/Order/1", cmd, &sg)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Transactions) != 2 || in.Transactions[0].Amount != "40.00" || in.Transactions[1].Amount != "10.00" || in.Transactions[1].Parent != "p2" {
		t.Errorf("transactions %+v", in.Transactions)
	}
	if l := in.Lines[0]; l.Line != "gid://shopify/LineItem/501" || l.Restock != "RETURN" || l.Location != "gid://shopify/Location/1" {
		t.Errorf("line %+v", l)
	}
	b, _ := json.Marshal(in)
	var m map[string]any
	_ = json.Unmarshal(b, &m)
	checkInput(t, schema(t), def, m)

	cmd.Amount.Minor = 6000
	if _, err := refundInput("x", cmd, &sg); connectors.KindOf(err) != connectors.Conflict {
		t.Errorf("more than the payments hold: %v", err)
	}
	cmd.Amount.Currency = "USD"
	if _, err := refundInput("x", cmd, &sg); connectors.KindOf(err) != connectors.Invalid {
		t.Errorf("another currency: %v", err)
	}
}

// checkInput holds a value against an input type: known fields, required ones, enum words.
func checkInput(t *testing.T, sch *ast.Schema, def *ast.Definition, v map[string]any) {
	t.Helper()
	for k := range v {
		if def.Fields.ForName(k) == nil {
			t.Errorf("%s has no field %q", def.Name, k)
		}
	}
	for _, f := range def.Fields {
		x, ok := v[f.Name]
		if !ok {
			if f.Type.NonNull && f.DefaultValue == nil {
				t.Errorf("%s.%s is required", def.Name, f.Name)
			}
			continue
		}
		inner := sch.Types[f.Type.Name()]
		items := []any{x}
		if f.Type.Elem != nil {
			items = x.([]any)
		}
		for _, item := range items {
			switch inner.Kind {
			case ast.InputObject:
				checkInput(t, sch, inner, item.(map[string]any))
			case ast.Enum:
				if inner.EnumValues.ForName(item.(string)) == nil {
					t.Errorf("%s.%s has no value %v", def.Name, f.Name, item)
				}
			}
		}
	}
}

func TestOrderIsReadExactly(t *testing.T) {
	s := newShopServer(t, 3)
	o, err := newShop(t, s).Order(t.Context(), "#1002")
	if err != nil {
		t.Fatal(err)
	}
	eur := func(n int64) connectors.Money { return connectors.Money{Minor: n, Currency: "EUR"} }
	if o.Total != eur(5990) || o.Tax != eur(956) || o.Shipping != eur(490) || !o.Refunded.IsZero() || o.Remaining() != eur(5990) {
		t.Errorf("amounts: %v %v %v %v", o.Total, o.Tax, o.Shipping, o.Refunded)
	}
	if l := o.Lines[0]; l.Price != eur(5500-878) || l.Tax != eur(878) || l.Title != "Lamp" || l.Quantity != 2 {
		t.Errorf("line %+v", l)
	}
	if o.Status != connectors.OrderPaid || o.Buyer.Email != "anna.buyer@example.com" || o.Buyer.Language.String() != "de-DE" || o.Buyer.Country != "DE" {
		t.Errorf("order %+v", o)
	}
	if !strings.HasSuffix(o.Link, "/admin/orders/450789469001") {
		t.Errorf("link %s", o.Link)
	}
}

func TestOrdersAskWithAQuotedTime(t *testing.T) {
	s := newShopServer(t, 3)
	_, err := newShop(t, s).Orders(t.Context(), connectors.Cursor{Since: time.Date(2026, 11, 1, 2, 0, 0, 0, time.FixedZone("CET", 3600))})
	if err != nil {
		t.Fatal(err)
	}
	if q := s.variables("query"); len(q) != 1 || q[0] != "updated_at:>='2026-11-01T01:00:00Z'" {
		t.Errorf("asked %v", q)
	}
}

func TestPendingRefundIsAccepted(t *testing.T) {
	s := newShopServer(t, 3)
	s.pending = true
	shop := newShop(t, s)
	r, err := shop.Refund(t.Context(), refundOf(5990))
	if err != nil || r.State != connectors.StateAccepted || r.After <= 0 {
		t.Fatalf("%+v %v", r, err)
	}
	o, err := shop.Order(t.Context(), "1002")
	if err != nil || o.Refunded.Minor != 5990 || o.Refunds[0].Key != refundOf(1).Key || o.Refunds[0].Note != "Glass broken" {
		t.Fatalf("%+v %v", o.Refunds, err)
	}
	q, err := shop.Quote(t.Context(), "1002")
	if err != nil || !q.Remaining.IsZero() || !slices.Equal(q.Findings, []connectors.Snag{connectors.SnagNothingLeft, connectors.SnagPending}) {
		t.Fatalf("%v %v %v", q.Remaining, q.Findings, err)
	}
}

func TestRefundStateTellsOthersApart(t *testing.T) {
	s := newShopServer(t, 3)
	shop := newShop(t, s)
	cmd := refundOf(1000)
	add := func(id, note, at string) {
		s.refunds[cmd.Order] = append(s.refunds[cmd.Order], map[string]any{"id": id, "note": note, "createdAt": at, "totalRefundedSet": euro(1000),
			"transactions": map[string]any{"nodes": []any{map[string]any{"kind": "REFUND", "status": "SUCCESS", "amountSet": euro(1000)}}}})
	}
	now := time.Now().UTC().Format(time.RFC3339)
	state := func() connectors.Receipt {
		t.Helper()
		r, err := shop.RefundState(t.Context(), cmd, connectors.Receipt{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	add("gid://shopify/Refund/1", "", now)
	cmd.Seen = []string{"gid://shopify/Refund/1"}
	add("gid://shopify/Refund/2", "another [desk:other-key]", now)
	add("gid://shopify/Refund/3", "", "2026-01-01T00:00:00Z")
	if r := state(); r.State != connectors.StateAbsent {
		t.Fatalf("seen before, another's, too old: %+v", r)
	}
	add("gid://shopify/Refund/4", "by hand", now)
	if r := state(); r.State != connectors.StateApplied || r.Code != "matched_by_amount" {
		t.Fatalf("the same amount, unseen, no key: %+v", r)
	}
	add("gid://shopify/Refund/5", note(cmd), now)
	if r := state(); r.ID != "gid://shopify/Refund/5" || r.Code != "" {
		t.Fatalf("the key decides: %+v", r)
	}
}

func TestClassify(t *testing.T) {
	s := newShop(t, newShopServer(t, 1))
	for _, tc := range []struct {
		name, op string
		status   int
		body     string
		kind     connectors.Kind
		code     string
	}{
		{"scope", "Orders", 200, "{\"errors\":[{\"message\":\"Access denied for orders field. Required access: `read_orders` access scope.\",\"path\":[\"orders\"],\"extensions\":{\"code\":\"ACCESS_DENIED\"}}],\"data\":{\"orders\":null}}", connectors.Reauthorise, "ACCESS_DENIED:read_orders"},
		{"protected", "Orders", 200, `{"errors":[{"message":"This app is not approved to use protected customer data","path":["orders"],"extensions":{"code":"ACCESS_DENIED"}}],"data":{"orders":null}}`, connectors.Unsupported, "ACCESS_DENIED"},
		{"text refused", "Orders", 200, `{"errors":[{"message":"Field 'x' doesn't exist","locations":[],"extensions":{"code":"undefinedField"}}]}`, connectors.Invalid, "undefinedField"},
		{"mismatch", "Refund", 200, `{"errors":[{"message":"m","path":["refundCreate"],"extensions":{"code":"IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}}],"data":{"refundCreate":null}}`, connectors.Conflict, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"},
		{"running", "Refund", 200, `{"errors":[{"message":"m","path":["refundCreate"],"extensions":{"code":"IDEMPOTENCY_CONCURRENT_REQUEST"}}]}`, connectors.Unsure, "IDEMPOTENCY_CONCURRENT_REQUEST"},
		{"frozen", "Orders", 402, `{}`, connectors.Unsupported, ""},
		{"wrong shop", "Orders", 404, `Not Found`, connectors.AppBroken, ""},
		{"attack", "Orders", 430, ``, connectors.Busy, ""},
		{"uninstalled", opToken, 400, `{"error":"app_not_installed"}`, connectors.Reauthorise, "app_not_installed"},
		{"page for a token", opToken, 403, `<html>`, connectors.Reauthorise, ""},
	} {
		err := s.classify(tc.op, tc.status, nil, []byte(tc.body))
		var e *connectors.Error
		if !errors.As(err, &e) || e.Kind != tc.kind || e.Code != tc.code {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	masked := `{"data":{"order":{"id":"1","email":null}},"errors":[{"message":"x","path":["order","email"],"extensions":{"code":"ACCESS_DENIED"}}]}`
	if err := s.classify("Order", 200, nil, []byte(masked)); err != nil {
		t.Errorf("a masked field is no failure: %v", err)
	}
}

func TestMissingScopeIsTold(t *testing.T) {
	s := newShop(t, newShopServer(t, 1))
	s.scopes, s.scopesAt = []string{"read_orders"}, time.Now()
	for _, c := range s.Can(t.Context()) {
		switch {
		case c.Name == connectors.CapRefund && (c.OK || c.Missing != "write_orders"):
			t.Errorf("%+v", c)
		case c.Name == connectors.CapMessage && (c.OK || c.Instead != "can.use_mail"):
			t.Errorf("%+v", c)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]connectors.Config{
		"no address": {Credential: connectors.Credential{Access: "x"}},
		"no token":   {BaseURL: "https://x.myshopify.com"},
		"an option":  {BaseURL: "https://x.myshopify.com", Credential: connectors.Credential{Access: "x"}, Options: map[string]string{"shop": "x"}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzOrder(f *testing.F) {
	s := newShopServer(f, 3)
	for _, o := range s.orders {
		b, err := json.Marshal(s.withRefunds(o))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"id":"x","totalPriceSet":{"presentmentMoney":{"amount":1e5,"currencyCode":"JPY"}}}`))
	f.Add([]byte(`{"id":"x","refunds":[{"transactions":{"nodes":[null,{"kind":"REFUND"}]}}],"lineItems":null}`))
	f.Add([]byte(`{"id":"x","totalPriceSet":{"presentmentMoney":{"amount":"1","currencyCode":"EUR"}},"totalTaxSet":{"presentmentMoney":{"amount":"1","currencyCode":"USD"}}}`))
	shop := newShop(f, s)
	f.Fuzz(func(t *testing.T, raw []byte) {
		w, err := decodeOrder(raw)
		if err != nil {
			return
		}
		if o, err := shop.order(w, raw); err == nil {
			_ = o.Remaining() // of one currency, or it panics
			_ = findings(w, o, o.Total)
		}
	})
}
