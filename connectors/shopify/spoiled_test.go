package shopify

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// Every reading, every way to spoil its answer: an error that says so, no panic,
// and nothing of what came in it.
func TestSpoiledReads(t *testing.T) {
	t.Parallel()
	const buyer = "anna.buyer@example.com"
	type spoil struct {
		do   func(h http.Header, b []byte) []byte
		fine bool
	}
	spoils := map[string]spoil{
		"gzip": {func(h http.Header, b []byte) []byte { h.Set("Content-Encoding", "gzip"); return zipped(string(b)) }, true},
		"another content type": {func(h http.Header, b []byte) []byte {
			h.Set("Content-Type", "text/plain; charset=nonsense")
			return b
		}, true},
		"unknown fields": {func(_ http.Header, b []byte) []byte {
			return append([]byte(`{"newField":{"deep":[1,{"x":null}]},`), b[1:]...)
		}, true},
		"truncated":       {func(_ http.Header, b []byte) []byte { return b[:len(b)/2] }, false},
		"half of a gzip":  {func(h http.Header, b []byte) []byte { h.Set("Content-Encoding", "gzip"); return zipped(string(b))[:15] }, false},
		"not gzip":        {func(h http.Header, b []byte) []byte { h.Set("Content-Encoding", "gzip"); return b }, false},
		"a page":          {func(h http.Header, _ []byte) []byte { h.Set("Content-Type", "text/html"); return []byte("<p>" + buyer) }, false},
		"a page as JSON":  {func(http.Header, []byte) []byte { return []byte("<!DOCTYPE html><p>" + buyer) }, false},
		"nothing":         {func(http.Header, []byte) []byte { return nil }, false},
		"a text":          {func(http.Header, []byte) []byte { return []byte(`"` + buyer + `"`) }, false},
		"a list":          {func(http.Header, []byte) []byte { return []byte(`[1]`) }, false},
		"data as a word":  {func(http.Header, []byte) []byte { return []byte(`{"data":"` + buyer + `"}`) }, false},
		"two answers":     {func(_ http.Header, b []byte) []byte { return append(b, b...) }, false},
		"5 MB of it":      {func(http.Header, []byte) []byte { return bytes.Repeat([]byte("["), 5<<20) }, false},
		"more than read ": {func(http.Header, []byte) []byte { return bytes.Repeat([]byte(" "), 11<<20) }, false},
	}
	for name, read := range map[string]func(*Shop) error{
		"orders":    func(s *Shop) error { return second(s.Orders(t.Context(), connectors.Cursor{})) },
		"order":     func(s *Shop) error { return second(s.Order(t.Context(), refundOf(1).Order)) },
		"quote":     func(s *Shop) error { return second(s.Quote(t.Context(), refundOf(1).Order)) },
		"items":     func(s *Shop) error { return second(s.Items(t.Context(), connectors.Cursor{})) },
		"returns":   func(s *Shop) error { return second(s.Returns(t.Context(), connectors.Cursor{})) },
		"return":    func(s *Shop) error { return second(s.Return(t.Context(), "71")) },
		"shipment":  func(s *Shop) error { return second(s.ShipState(t.Context(), shipOf())) },
		"locations": func(s *Shop) error { return second(s.Locations(t.Context())) },
		"news":      func(s *Shop) error { return second(s.Subscriptions(t.Context())) },
	} {
		for how, x := range spoils {
			if (strings.HasPrefix(how, "5 MB") || strings.HasPrefix(how, "more")) && name != "orders" && name != "returns" {
				continue // the way to the reader is the same
			}
			s := newShopServer(t, 10)
			s.stocked()
			shop := answering(t, func(w http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				s.ServeHTTP(rec, r)
				h := w.Header()
				h.Set("Content-Type", "application/json")
				_, _ = w.Write(x.do(h, rec.Body.Bytes()))
			})
			if err := read(shop); x.fine != (err == nil) || err != nil && (connectors.KindOf(err) != connectors.Down || strings.Contains(err.Error(), buyer)) {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
	}
}

// One that cannot be read does not cost the others: among items, among returns,
// and among the orders that returns belong to.
func TestPoisonOfEveryKind(t *testing.T) {
	t.Parallel()
	const (
		order = `{"id":"gid://shopify/Order/9007199254740993","updatedAt":"2026-11-01T00:00:00Z","returns":{"nodes":[{"id":"gid://shopify/Return/1"}],"pageInfo":{"hasNextPage":false}}}`
		one   = `{"id":"gid://shopify/Return/9007199254740993","name":"#1-R1","status":"NEW_WORD","createdAt":"2026-11-01T00:00:00+09:00","order":{"id":"gid://shopify/Order/1"},"novelty":{}}`
		item  = `{"id":"gid://shopify/ProductVariant/9007199254740993","sku":"A/B 50% 灯💡","title":"x","price":"1.234","updatedAt":"2026-11-01T00:00:00-08:00","product":{"id":"gid://shopify/Product/1","status":"NEW_WORD"}}`
	)
	refund := func(amount, currency string) string {
		return strings.Replace(one, `"novelty"`, `"refunds":{"nodes":[{"id":"r","totalRefundedSet":{"presentmentMoney":{"amount":"`+amount+`","currencyCode":"`+currency+`"}}}]},"novelty"`, 1)
	}
	shopOf := func(orders, returns, items string) *Shop {
		return answering(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			switch {
			case bytes.Contains(b, []byte(`"operationName":"ReturnsOf"`)):
				fmt.Fprintf(w, `{"data":{"orders":{"nodes":[%s],"pageInfo":{"hasNextPage":false}}}}`, orders)
			case bytes.Contains(b, []byte(`"operationName":"Returns"`)):
				fmt.Fprintf(w, `{"data":{"nodes":[%s]}}`, returns)
			default:
				fmt.Fprintf(w, `{"data":{"shop":{"currencyCode":"KWD"},"productVariants":{"nodes":[%s],"pageInfo":{"hasNextPage":false}}}}`, items)
			}
		})
	}
	for name, bad := range map[string]string{"a time without a zone": strings.Replace(order, `00Z`, `00`, 1), "a bare time": strings.Replace(order, `"2026-11-01T00:00:00Z"`, `20261101`, 1),
		"a list": `[]`, "no id": `{"updatedAt":"2026-11-01T00:00:00Z"}`, "nothing": `null`} {
		p, err := shopOf(bad+","+order, one, "").Returns(t.Context(), connectors.Cursor{})
		if err != nil || len(p.Items) != 1 || len(p.Bad) != 1 || p.Bad[0].Err == nil {
			t.Errorf("an order, %s: %d good, %d bad, %v", name, len(p.Items), len(p.Bad), err)
		}
	}
	for name, bad := range map[string]string{"a time without a zone": strings.Replace(one, `+09:00`, ``, 1), "a bare time": strings.Replace(one, `"2026-11-01T00:00:00+09:00"`, `20261101`, 1),
		"half a yen": refund("1.5", "JPY"), "a comma": refund("1,50", "EUR"), "no currency": refund("1", ""), "no id": `{"name":"x"}`, "a list": `[]`} {
		p, err := shopOf(order, bad+","+one, "").Returns(t.Context(), connectors.Cursor{})
		if err != nil || len(p.Items) != 1 || len(p.Bad) != 1 || p.Bad[0].Err == nil || len(p.Bad[0].Raw) == 0 {
			t.Errorf("a return, %s: %d good, %d bad, %v", name, len(p.Items), len(p.Bad), err)
		}
	}
	p, err := shopOf(order, refund("1.234", "KWD"), "").Returns(t.Context(), connectors.Cursor{})
	if err != nil || len(p.Items) != 1 || p.Items[0].Refund != (connectors.Money{Minor: 1234, Currency: "KWD"}) || p.Items[0].Status != connectors.ReturnOther ||
		p.Items[0].ID != "gid://shopify/Return/9007199254740993" || !p.Items[0].Created.Equal(time.Date(2026, 10, 31, 15, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v %v", p, err)
	}
	for name, bad := range map[string]string{"a time without a zone": strings.Replace(item, `-08:00`, ``, 1), "a bare time": strings.Replace(item, `"2026-11-01T00:00:00-08:00"`, `20261101`, 1),
		"four decimals": strings.Replace(item, `1.234`, `1.2345`, 1), "a comma": strings.Replace(item, `1.234`, `1,2`, 1), "no id": `{"sku":"x"}`, "a list": `[]`} {
		p, err := shopOf("", "", bad+","+item).Items(t.Context(), connectors.Cursor{})
		if err != nil || len(p.Items) != 1 || len(p.Bad) != 1 || p.Bad[0].Err == nil || len(p.Bad[0].Raw) == 0 {
			t.Errorf("an item, %s: %d good, %d bad, %v", name, len(p.Items), len(p.Bad), err)
			continue
		}
		if i := p.Items[0]; i.SKU != "A/B 50% 灯💡" || i.Price != (connectors.Money{Minor: 1234, Currency: "KWD"}) || i.Status != connectors.ItemOther || i.Updated.Hour() != 8 {
			t.Errorf("%+v", i)
		}
	}
}
