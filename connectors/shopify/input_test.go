package shopify

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// answering is a shop whose every answer is this one.
func answering(t testing.TB, h http.HandlerFunc) *Shop {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	shop, err := New(connectors.Config{Info: connectors.Info{Store: "x"}, BaseURL: srv.URL, ClientID: "app", ClientSecret: "app-secret-1",
		Credential: connectors.Credential{Access: "shpat_first0000001"}, Sleep: noSleep})
	if err != nil {
		t.Fatal(err)
	}
	return shop
}

func zipped(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.Bytes()
}

const oneOrder = `{"data":{"orders":{"nodes":[{"id":"gid://shopify/Order/9007199254740993","legacyResourceId":"9007199254740993","name":"#1","createdAt":"2026-11-01T01:00:00+08:00",` +
	`"updatedAt":"2026-11-01T01:00:00.123456-05:00","totalPriceSet":{"presentmentMoney":{"amount":"1200","currencyCode":"JPY"}}}],"pageInfo":{"hasNextPage":false}}}}`

func TestAnswersOfEveryKind(t *testing.T) {
	t.Parallel()
	long := strings.Replace(oneOrder, `"name":"#1"`, `"name":"#1","note":"`+strings.Repeat("x", 5<<20)+`"`, 1)
	for name, tc := range map[string]struct {
		header map[string]string
		body   []byte
		status int
		kind   connectors.Kind // of the error; Unsure: none
	}{
		"plain":                        {nil, []byte(oneOrder), 200, 0},
		"compressed":                   {map[string]string{"Content-Encoding": "gzip"}, zipped(oneOrder), 200, 0},
		"another content type":         {map[string]string{"Content-Type": "text/plain; charset=ISO-8859-1"}, []byte(oneOrder), 200, 0},
		"five megabytes":               {nil, []byte(long), 200, 0},
		"a mark of order before":       {nil, []byte("\ufeff" + oneOrder), 200, connectors.Down},
		"compressed and cut":           {map[string]string{"Content-Encoding": "gzip"}, zipped(oneOrder)[:40], 200, connectors.Down},
		"said to be compressed":        {map[string]string{"Content-Encoding": "gzip"}, []byte(oneOrder), 200, connectors.Down},
		"cut":                          {nil, []byte(oneOrder[:80]), 200, connectors.Down},
		"a page":                       {map[string]string{"Content-Type": "text/html"}, []byte("<html>Back soon</html>"), 200, connectors.Down},
		"a page that says it is data":  {map[string]string{"Content-Type": "application/json"}, []byte("<!DOCTYPE html><p>"), 200, connectors.Down},
		"nothing":                      {nil, nil, 200, connectors.Down},
		"two answers":                  {nil, []byte(oneOrder + oneOrder), 200, connectors.Down},
		"a list":                       {nil, []byte(`[]`), 200, connectors.Down},
		"no data":                      {nil, []byte(`{"data":null}`), 200, connectors.Down},
		"nodes that are a word":        {nil, []byte(`{"data":{"orders":{"nodes":"x"}}}`), 200, connectors.Down},
		"errors that are a word":       {nil, []byte(`{"errors":"[API] This shop's plan does not have access"}`), 200, connectors.Down},
		"errors of no known code":      {nil, []byte(`{"errors":[{"message":"?","extensions":{"code":"TELEPORTED"},"path":["orders"]}],"data":{"orders":null}}`), 200, connectors.Down},
		"frozen":                       {nil, []byte(`{"errors":"Unavailable Shop"}`), 402, connectors.Unsupported},
		"a page of the network's edge": {map[string]string{"Content-Type": "text/html"}, []byte("<html>"), 520, connectors.Down},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for k, v := range tc.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write(tc.body)
			})
			p, err := shop.Orders(t.Context(), connectors.Cursor{})
			if tc.kind != connectors.Unsure {
				if err == nil || connectors.KindOf(err) != tc.kind {
					t.Fatalf("want %v, got %v", tc.kind, err)
				}
				return
			}
			if err != nil || len(p.Items) != 1 {
				t.Fatalf("%+v %v", p, err)
			}
			o := p.Items[0]
			if o.ID != "gid://shopify/Order/9007199254740993" || !strings.HasSuffix(o.Link, "/9007199254740993") || o.Total != (connectors.Money{Minor: 1200, Currency: "JPY"}) ||
				!o.Created.Equal(time.Date(2026, 10, 31, 17, 0, 0, 0, time.UTC)) || o.Updated.Location() != time.UTC || o.Updated.Hour() != 6 {
				t.Errorf("%+v", o)
			}
		})
	}
}

// One item that cannot be read does not cost the others.
func TestOneBadOneAmongGoodOnes(t *testing.T) {
	t.Parallel()
	good := `{"id":"gid://shopify/Order/1","name":"#1","updatedAt":"2026-11-01T00:00:00Z","totalPriceSet":{"presentmentMoney":{"amount":"1","currencyCode":"EUR"}}}`
	for name, bad := range map[string]string{
		"a time without a zone": strings.Replace(good, `T00:00:00Z`, `T00:00:00`, 1), "a time that is a number": strings.Replace(good, `"2026-11-01T00:00:00Z"`, `1761955200`, 1),
		"an amount in words": strings.Replace(good, `"1"`, `"one"`, 1), "a list": `[]`, "nothing": `null`, "no id": `{"name":"#1"}`, "an id that is a number": `{"id":9007199254740993}`,
		"too many decimals": strings.Replace(good, `"1"`, `"1.005"`, 1), "no currency": strings.Replace(good, `EUR`, ``, 1),
	} {
		shop := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"data":{"orders":{"nodes":[%s,%s],"pageInfo":{"hasNextPage":false}}}}`, bad, good)
		})
		p, err := shop.Orders(t.Context(), connectors.Cursor{})
		if err != nil || len(p.Items) != 1 || len(p.Bad) != 1 || p.Bad[0].Err == nil {
			t.Errorf("%s: %d good, %d bad, %v", name, len(p.Items), len(p.Bad), err)
		}
	}
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	shop := newShop(t, newShopServer(t, 1))
	const body = `{"id":9007199254740993}`
	for name, tc := range map[string]struct {
		change func(http.Header)
		code   string
		check  func(connectors.Event) bool
	}{
		"plain": {func(http.Header) {}, "", func(e connectors.Event) bool { return e.Order == "gid://shopify/Order/9007199254740993" && e.ID != "" }},
		"too old": {func(h http.Header) {
			h.Set("X-Shopify-Triggered-At", time.Now().Add(-80*time.Hour).Format(time.RFC3339))
		}, "stale", nil},
		"a day old": {func(h http.Header) {
			h.Set("X-Shopify-Triggered-At", time.Now().Add(-25*time.Hour).Format(time.RFC3339))
		}, "", nil},
		"from tomorrow": {func(h http.Header) {
			h.Set("X-Shopify-Triggered-At", time.Now().Add(25*time.Hour).Format(time.RFC3339))
		}, "stale", nil},
		"no time":       {func(h http.Header) { h.Del("X-Shopify-Triggered-At") }, "", func(e connectors.Event) bool { return e.At.IsZero() }},
		"an odd time":   {func(h http.Header) { h.Set("X-Shopify-Triggered-At", "yesterday") }, "", nil},
		"no topic":      {func(h http.Header) { h.Del("X-Shopify-Topic") }, "", func(e connectors.Event) bool { return e.Kind == connectors.EventOther }},
		"a new topic":   {func(h http.Header) { h.Set("X-Shopify-Topic", "teleports/create") }, "", func(e connectors.Event) bool { return e.Kind == connectors.EventOther && e.Topic == "teleports/create" }},
		"no id":         {func(h http.Header) { h.Del("X-Shopify-Webhook-Id") }, "", func(e connectors.Event) bool { return strings.HasSuffix(e.ID, "/orders/updated") }},
		"no ids at all": {func(h http.Header) { h.Del("X-Shopify-Webhook-Id"); h.Del("X-Shopify-Event-Id") }, "", func(e connectors.Event) bool { return len(e.ID) == 64 }},
		"no signature":  {func(h http.Header) { h.Del("X-Shopify-Hmac-Sha256") }, "bad_signature", nil},
		"hex":           {func(h http.Header) { h.Set("X-Shopify-Hmac-Sha256", strings.Repeat("ab", 32)) }, "bad_signature", nil},
	} {
		h, raw := delivery("orders/updated", body)
		tc.change(h)
		es, err := shop.Verify(t.Context(), h, raw)
		var e *connectors.Error
		switch {
		case tc.code != "":
			if !errors.As(err, &e) || e.Kind != connectors.Invalid || e.Code != tc.code {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.check != nil && !tc.check(es[0]):
			t.Errorf("%s: %+v", name, es[0])
		}
	}
	real, err := New(connectors.Config{BaseURL: "https://toy-de.myshopify.com", ClientID: "app", ClientSecret: "app-secret-1"})
	if err != nil {
		t.Fatal(err)
	}
	h, raw := delivery("orders/updated", body)
	if es, err := real.Verify(t.Context(), h, raw); err != nil || es[0].Account != "" {
		t.Errorf("our own shop: %+v %v", es, err)
	}
	h.Set("X-Shopify-Shop-Domain", "Other.myshopify.com")
	if es, err := real.Verify(t.Context(), h, raw); err != nil || es[0].Account != "other.myshopify.com" {
		t.Errorf("another shop of the same app: %+v %v", es, err)
	}
}

// What fails for one topic does not keep the others from being sent; what would
// fail for all ends it.
func TestSubscribingWhereSomeAreRefused(t *testing.T) {
	t.Parallel()
	made := 0
	refusals := `"userErrors":[{"field":["topic"],"message":"You are not allowed this"}]`
	shop := answering(t, func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Operation string `json:"operationName"`
			Variables struct {
				Topic string `json:"topic"`
			} `json:"variables"`
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		switch {
		case q.Operation == "AuthHealth":
			fmt.Fprint(w, `{"data":{"currentAppInstallation":{"accessScopes":[{"handle":"write_orders"}]}}}`)
		case q.Operation == "Subscriptions":
			fmt.Fprint(w, `{"data":{"webhookSubscriptions":{"nodes":[],"pageInfo":{"hasNextPage":false}}}}`)
		case q.Variables.Topic == "REFUNDS_CREATE":
			fmt.Fprint(w, `{"data":{"webhookSubscriptionCreate":{"webhookSubscription":null,`+refusals+`}}}`)
		case strings.HasPrefix(q.Variables.Topic, "RETURNS"), strings.HasPrefix(q.Variables.Topic, "DISPUTES"), strings.HasPrefix(q.Variables.Topic, "INVENTORY"):
			t.Errorf("%s needs a scope that is missing", q.Variables.Topic)
		default:
			made++
			fmt.Fprint(w, `{"data":{"webhookSubscriptionCreate":{"webhookSubscription":{"id":"1"},"userErrors":[]}}}`)
		}
	})
	err := shop.Subscribe(t.Context(), "https://desk.example/x")
	if err == nil || !strings.Contains(err.Error(), "REFUNDS_CREATE") || connectors.KindOf(err) != connectors.Invalid || made != 8 {
		t.Errorf("%d made, %v", made, err)
	}
	if err := shop.Subscribe(t.Context(), "nowhere"); connectors.KindOf(err) != connectors.Invalid {
		t.Errorf("no address: %v", err)
	}
}

func TestBulkStates(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]connectors.State{"CREATED": connectors.StateAccepted, "RUNNING": connectors.StateAccepted, "COMPLETED": connectors.StateApplied,
		"FAILED": connectors.StateRejected, "CANCELED": connectors.StateRejected, "CANCELING": connectors.StateRejected, "EXPIRED": connectors.StateRejected, "TELEPORTED": connectors.StateUnknown} {
		r, done := wireBulk{ID: "1", Status: status, ErrorCode: "TIMEOUT", Roots: "7"}.receipt()
		if r.State != want || done != 7 || want == connectors.StateRejected && r.Code != "TIMEOUT" || want == connectors.StateAccepted && r.After <= 0 {
			t.Errorf("%s: %+v", status, r)
		}
	}
	for code, want := range map[string]connectors.Kind{"OPERATION_IN_PROGRESS": connectors.Busy, "LIMIT_REACHED": connectors.Busy, "INVALID": connectors.Invalid} {
		shop := answering(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			if bytes.Contains(b, []byte(`"BulkOperations"`)) {
				fmt.Fprint(w, `{"data":{"bulkOperations":{"nodes":[{"id":"1","status":"RUNNING","query":"{ products }"}]}}}`)
				return
			}
			fmt.Fprintf(w, `{"data":{"bulkOperationRunQuery":{"bulkOperation":null,"userErrors":[{"code":%q,"message":"no"}]}}}`, code)
		})
		if _, err := shop.BulkStart(t.Context(), time.Time{}); connectors.KindOf(err) != want {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// A file that is shorter than was said is not taken for the whole.
func TestBulkFileThatIsCut(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status, size int
		kind         connectors.Kind
	}{"whole": {200, 120, 0}, "cut": {200, 500, connectors.Down}, "expired": {403, 120, connectors.NotFound}, "gone": {404, 120, connectors.NotFound}, "broken": {503, 120, connectors.Down}} {
		line := `{"id":"gid://shopify/Order/1","name":"#1","totalPriceSet":{"presentmentMoney":{"amount":"1","currencyCode":"EUR"}}}`
		line += strings.Repeat(" ", 119-len(line)) + "\n"
		var shop *Shop
		shop = answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				w.WriteHeader(tc.status)
				fmt.Fprint(w, line)
				return
			}
			fmt.Fprintf(w, `{"data":{"bulkOperation":{"id":"1","status":"COMPLETED","fileSize":"%d","url":"%s/f?Signature=file-secret-1"}}}`, tc.size, shop.base)
		})
		n := 0
		err := shop.BulkRead(t.Context(), connectors.Receipt{ID: "1"}, func(connectors.Order) error { n++; return nil }, func(b connectors.BadItem) error { return b.Err })
		if (err == nil) != (tc.kind == 0) || err != nil && connectors.KindOf(err) != tc.kind || err != nil && strings.Contains(err.Error(), "file-secret-1") || tc.kind == 0 && n != 1 {
			t.Errorf("%s: %d orders, %v", name, n, err)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add("orders/create", []byte(`{"id":9007199254740993,"admin_graphql_api_id":"gid://shopify/Order/9007199254740993"}`))
	f.Add("inventory_levels/update", []byte(`{"inventory_item_id":1e3,"admin_graphql_api_id":"gid://shopify/InventoryLevel/1?inventory_item_id=2"}`))
	f.Add("returns/request", []byte(`{"order":{"id":null},"admin_graphql_api_id":7}`))
	f.Add("fulfillment_orders/split", []byte(`{"fulfillment_order":[]}`))
	f.Fuzz(func(t *testing.T, topic string, raw []byte) {
		e := eventOf(topic, raw)
		if e.Kind == "" {
			t.Fatal("no kind")
		}
		for _, x := range []string{e.Order, e.Ref} {
			if x != "" && !strings.HasPrefix(x, "gid://shopify/") {
				t.Fatalf("not an id: %q", x)
			}
		}
	})
}

func FuzzReturn(f *testing.F) {
	s := newShopServer(f, 10)
	s.stocked()
	for _, r := range s.returns {
		b, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"id":"x","refunds":{"nodes":[{"totalRefundedSet":{"presentmentMoney":{"amount":"1","currencyCode":"EUR"}}},{"totalRefundedSet":{"presentmentMoney":{"amount":"1","currencyCode":"USD"}}}]}}`))
	shop := newShop(f, s)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var w wireReturn
		if json.Unmarshal(raw, &w) != nil {
			return
		}
		if r, err := shop.toReturn(w); err == nil && r.Status == "" {
			t.Fatal("no status")
		}
		for _, v := range []connectors.Verdict{connectors.Approve, connectors.Decline, connectors.PayBack, connectors.Received} {
			if r, err := decided(w, connectors.Decision{Verdict: v, Asked: time.Unix(1, 0)}); err == nil && r.State == "" {
				t.Fatal("no state")
			}
		}
	})
}

func FuzzItem(f *testing.F) {
	s := newShopServer(f, 10)
	s.stocked()
	for i := range s.items {
		b, err := json.Marshal(s.variant(i))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "EUR")
	}
	f.Add([]byte(`{"id":"x","price":"1","product":null,"inventoryItem":{"tracked":true}}`), "KWD")
	shop := newShop(f, s)
	f.Fuzz(func(t *testing.T, raw []byte, currency string) {
		if bytes.Contains(raw, []byte("hasNextPage")) && bytes.Contains(raw, []byte("true")) {
			return // further pages are not the parser's business
		}
		if i, err := shop.item(t.Context(), raw, currency); err == nil && (i.ID == "" || i.Status == "") {
			t.Fatalf("incomplete: %+v", i)
		}
	})
}

func FuzzBulkFile(f *testing.F) {
	s := newShopServer(f, 3)
	f.Add([]byte(s.jsonl()))
	f.Add([]byte(`{"id":"a"}` + "\n" + `{"id":"b","__parentId":"a"}` + "\n{"))
	f.Add([]byte("\n\n[]\nnull\n"))
	shop := newShop(f, s)
	f.Fuzz(func(t *testing.T, raw []byte) {
		x := &bulkFile{read: shop.order, order: func(o connectors.Order) error {
			if o.ID == "" {
				t.Fatal("an order without an id")
			}
			return nil
		}, bad: func(b connectors.BadItem) error {
			if b.Err == nil {
				t.Fatal("bad without a reason")
			}
			return nil
		}}
		if n, err := x.run(t.Context(), bytes.NewReader(raw)); err != nil || n != int64(len(raw)) {
			t.Fatalf("%d of %d bytes, %v", n, len(raw), err)
		}
	})
}
