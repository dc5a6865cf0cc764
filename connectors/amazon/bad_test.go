package amazon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// said is a transport that answers every call with the same.
type said struct {
	status      int
	contentType string
	body        []byte
	header      http.Header
}

func (x said) RoundTrip(r *http.Request) (*http.Response, error) {
	h := x.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", x.contentType)
	return &http.Response{StatusCode: x.status, Header: h, Body: readCloser{bytes.NewReader(x.body)}, Request: r, ContentLength: int64(len(x.body))}, nil
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func hearing(t testing.TB, x said) *Seller {
	t.Helper()
	cl := &clock{t: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	return sellerOf(t, connectors.Config{Info: connectors.Info{Store: "x", Region: "eu", Currency: "EUR"}, ClientID: "a", ClientSecret: "b",
		Options: map[string]string{"marketplace": market, "seller": grantee}, Transport: x, Now: cl.now,
		Sleep:      func(ctx context.Context, d time.Duration) error { cl.add(d); return ctx.Err() },
		Credential: connectors.Credential{Access: "Atza|first-000000001", Expires: cl.now().Add(time.Hour)}})
}

// Whatever comes back, a reading either works or says what is wrong; it never
// panics, and never takes rubbish for an empty listing.
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	page := []byte("<!DOCTYPE html><html><body>Service</body></html>")
	big := []byte(`{"orders":[{"orderId":"` + strings.Repeat("x", 5<<20) + `"}],"numberOfResults":0,"items":[],"payload":{"inventorySummaries":[]}}`)
	for name, x := range map[string]struct {
		said said
		want connectors.Kind
		ok   bool
	}{
		"truncated":           {said{200, "application/json", []byte(`{"orders":[{"orderId":"1`), nil}, connectors.Down, false},
		"page":                {said{200, "text/html", page, nil}, connectors.Down, false},
		"page called JSON":    {said{200, "application/json", page, nil}, connectors.Down, false},
		"nothing":             {said{200, "application/json", nil, nil}, connectors.Down, false},
		"JSON called text":    {said{200, "text/plain", []byte(`{"orders":[]}`), nil}, 0, true},
		"gzip":                {said{200, "application/json", gzipped([]byte(`{"orders":[]}`)), http.Header{"Content-Encoding": {"gzip"}}}, 0, true},
		"half of a gzip":      {said{200, "application/json", gzipped([]byte(`{"orders":[]}`))[:20], http.Header{"Content-Encoding": {"gzip"}}}, connectors.Down, false},
		"gzip that is none":   {said{200, "application/json", []byte(`{"orders":[]}`), http.Header{"Content-Encoding": {"gzip"}}}, connectors.Down, false},
		"two answers":         {said{200, "application/json", []byte(`{"orders":[]}{}`), nil}, connectors.Down, false},
		"5 MB":                {said{200, "application/json", big, nil}, 0, true},
		"another shape":       {said{200, "application/json", []byte(`{"orders":{},"items":7,"payload":[]}`), nil}, connectors.Down, false},
		"page with 403":       {said{403, "text/html", page, nil}, connectors.Reauthorise, false},
		"page with 503":       {said{503, "text/html", page, nil}, connectors.Down, false},
		"quota":               {said{429, "application/json", []byte(`{"errors":[{"code":"QuotaExceeded","message":"m"}]}`), nil}, connectors.Busy, false},
		"invalid":             {said{400, "application/json", []byte(`{"errors":[{"code":"InvalidInput","message":"m","details":null}]}`), nil}, connectors.Invalid, false},
		"a word not known":    {said{400, "application/json", []byte(`{"errors":[{"code":"NewWord","message":"m"}]}`), nil}, connectors.Invalid, false},
		"errors of a new way": {said{400, "application/json", []byte(`{"errors":"no"}`), nil}, connectors.Invalid, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(err error) {
				t.Helper()
				if x.ok && err != nil || !x.ok && (err == nil || connectors.KindOf(err) != x.want && connectors.KindOf(err) != connectors.Unsupported) {
					t.Errorf("%v", err)
				}
			}
			ctx := t.Context()
			_, err := hearing(t, x.said).Orders(ctx, connectors.Cursor{})
			check(err)
			_, err = hearing(t, x.said).Items(ctx, connectors.Cursor{})
			check(err)
			_, err = hearing(t, x.said).Stock(ctx, connectors.Cursor{})
			check(err)
		})
	}
}

func TestBadOrders(t *testing.T) {
	t.Parallel()
	c := hearing(t, said{})
	order := func(id, at, amount, currency string) []byte {
		return fmt.Appendf(nil, `{"orderId":%q,"createdTime":%s,"lastUpdatedTime":%s,"salesChannel":{"marketplaceId":"ANEW"},"fulfillment":{"fulfillmentStatus":"NEW_WORD"},"new":{},
			"orderItems":[{"orderItemId":"9007199254740993","quantityOrdered":1,"product":{"sellerSku":"A/B 50%% 灯💡"},"proceeds":{"proceedsTotal":{"amount":%q,"currencyCode":%q}}}]}`, id, at, at, amount, currency)
	}
	for name, x := range map[string]struct {
		raw  []byte
		ok   bool
		want connectors.Money
	}{
		"JPY":            {order("1", `"2026-11-21T00:00:00Z"`, "1200", "JPY"), true, connectors.Money{Minor: 1200, Currency: "JPY"}},
		"JPY with zeros": {order("1", `"2026-11-21T00:00:00Z"`, "1200.00", "JPY"), true, connectors.Money{Minor: 1200, Currency: "JPY"}},
		"KWD":            {order("1", `"2026-11-21T00:00:00.123+05:30"`, "1.234", "KWD"), true, connectors.Money{Minor: 1234, Currency: "KWD"}},
		"half a yen":     {order("1", `"2026-11-21T00:00:00Z"`, "1.5", "JPY"), false, connectors.Money{}},
		"a comma":        {order("1", `"2026-11-21T00:00:00Z"`, "1,50", "EUR"), false, connectors.Money{}},
		"a time bare":    {order("1", `20261121`, "1", "EUR"), false, connectors.Money{}},
		"no zone":        {order("1", `"2026-11-21T00:00:00"`, "1", "EUR"), false, connectors.Money{}},
		"no id":          {order("", `"2026-11-21T00:00:00Z"`, "1", "EUR"), false, connectors.Money{}},
	} {
		w, err := decodeOrder(x.raw)
		if err == nil {
			var o connectors.Order
			if o, err = c.order(w, x.raw); err == nil {
				if o.Total != x.want || o.Lines[0].ID != "9007199254740993" || o.Lines[0].SKU != "A/B 50% 灯💡" || o.Status != connectors.OrderOther || o.Updated.Location() != time.UTC {
					t.Errorf("%s: %+v", name, o)
				}
			}
		}
		if (err == nil) != x.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadReturns(t *testing.T) {
	t.Parallel()
	c := hearing(t, said{})
	one := func(rma, amount, quantity, day string) string {
		return `<return_details><order_id>302-1234567-8901000</order_id><amazon_rma_id>` + rma + `</amazon_rma_id><return_request_date>` + day + `</return_request_date><item_details><return_quantity>` +
			quantity + `</return_quantity><refund_amount>` + amount + `</refund_amount></item_details></return_details>`
	}
	wrap := func(parts ...string) []byte { return []byte(`<a><b>` + strings.Join(parts, "") + `</b></a>`) }
	good := one("G", "1.00", "1", "2026-11-01T00:00:00+09:00")
	for name, x := range map[string]struct {
		raw       []byte
		good, bad int
		err       bool
	}{
		"nothing":           {nil, 0, 0, true},
		"page":              {[]byte("<html><body>x</body></html>"), 0, 0, true},
		"no returns":        {wrap(), 0, 0, false},
		"truncated":         {wrap(good)[:80], 0, 0, true},
		"between two":       {wrap(good, good)[:len(good)+10], 0, 0, true},
		"gzip as it is":     {gzipped(wrap(good)), 0, 0, true},
		"not an amount":     {wrap(good, one("x", "1,00", "1", "2026-11-01")), 1, 1, false},
		"not a quantity":    {wrap(one("x", "1", "many", "2026-11-01"), good), 1, 1, false},
		"not a day":         {wrap(one("x", "1", "1", "yesterday"), good), 1, 1, false},
		"no number":         {wrap(one(" ", "1", "1", "2026-11-01"), good), 1, 1, false},
		"days of all kinds": {wrap(one("a", "", "", "14-May-2026"), one("b", "", "", "2026-11-01T10:00:00"), one("c", "", "", "2026-11-01 10:00:00 UTC"), one("d", "", "", "")), 4, 0, false},
		"one of two items":  {wrap(good, good), 1, 0, false},
		"another alphabet":  {[]byte(`<?xml version="1.0" encoding="windows-1252"?><a>` + good + `</a>`), 1, 0, false},
	} {
		items, bad, err := c.decodeReturns(x.raw)
		if len(items) != x.good || len(bad) != x.bad || (err != nil) != x.err {
			t.Errorf("%s: %d good, %d bad, %v", name, len(items), len(bad), err)
		}
		for _, r := range items {
			if r.Created.Location() != time.UTC {
				t.Errorf("%s: not in UTC", name)
			}
			if name == "one of two items" && (len(r.Lines) != 2 || r.Refund.Minor != 200) {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
	jpy := strings.Replace(one("j", "1200", "1", ""), "<item_details>", "<currency_code>JPY</currency_code><item_details>", 1)
	if items, _, err := c.decodeReturns(wrap(jpy)); err != nil || items[0].Refund != (connectors.Money{Minor: 1200, Currency: "JPY"}) {
		t.Errorf("%+v %v", items, err)
	}
}

// Addresses carry a SKU letter for letter.
func TestOddSKUsInAddresses(t *testing.T) {
	for _, sku := range []string{"A/B", "50%", "a b", "灯💡", "a+b&c=d?e#f", "%2F", "a;b,c:d@e"} {
		s := newServer(t, 1)
		s.listings = s.listings[:1]
		s.listings[0]["sku"] = sku
		if r := newSeller(t, s).SetStock(t.Context(), []connectors.StockSet{{Key: "k", SKU: sku, Quantity: 77}})[0]; r.State != connectors.StateAccepted {
			t.Errorf("%q: %+v", sku, r)
		}
		if s.settle(); s.stockOf(sku) != 77 {
			t.Errorf("%q: %d", sku, s.stockOf(sku))
		}
	}
}

func FuzzReturns(f *testing.F) {
	s := newServer(f, 1)
	s.pack = false
	f.Add(s.returnsXML(map[string]any{"dataStartTime": "2026-01-01T00:00:00Z", "dataEndTime": "2026-12-01T00:00:00Z"}))
	f.Add([]byte(`<a><return_details><amazon_rma_id>1</amazon_rma_id><order_id>2</order_id><item_details><refund_amount>1</refund_amount><currency_code>USD</currency_code></item_details><item_details><refund_amount>9</refund_amount><currency_code>JPY</currency_code></item_details></return_details></a>`))
	f.Add([]byte(`<?xml version="1.0" encoding="klingon"?><x/>`))
	c := hearing(f, said{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		items, _, err := c.decodeReturns(raw)
		if err != nil && items != nil {
			t.Error("an error, and returns")
		}
		seen := map[string]bool{}
		for _, r := range items {
			if r.ID == "" || r.Order == "" || r.Kind == "" || r.Status == "" || seen[r.ID] {
				t.Errorf("%+v", r)
			}
			seen[r.ID] = true
		}
	})
}

func FuzzItem(f *testing.F) {
	for _, l := range newShop().listings {
		b, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"sku":"x","summaries":[{"marketplaceId":"A1PA6795UKMFR9"}],"offers":[{"marketplaceId":"A1PA6795UKMFR9","price":{"amount":1e3,"currencyCode":"KWD"}}],"fulfillmentAvailability":[{}],"issues":[{"enforcements":{}}]}`))
	c := hearing(f, said{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		i, _, err := c.item(raw)
		if err == nil && (i.ID == "" || i.SKU == "" || i.Status == "") {
			t.Errorf("%+v", i)
		}
	})
}

func FuzzTokens(f *testing.F) {
	f.Add("2026-11-01T00:00:00Z|3|x|y")
	f.Add("2026-01-01T00:00:00Z|2026-02-01T00:00:00Z|2026-03-01T00:00:00Z|1|9007199254740993")
	f.Fuzz(func(t *testing.T, token string) {
		at := readItemsAt(token)
		if again := readItemsAt(at.String()); again.page != at.page || again.read != at.read {
			t.Errorf("%+v %+v", at, again)
		}
		if r, ok := readReportAt(token); ok {
			if again, ok := readReportAt(r.String()); !ok || again.id != r.id {
				t.Errorf("%+v %+v", r, again)
			}
		}
	})
}
