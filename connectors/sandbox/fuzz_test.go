package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// fuzzWorld is a world whose answers are read without a socket.
func fuzzWorld(f *testing.F) (*World, http.Handler) {
	f.Helper()
	w, err := New(Options{Settle: -1, Now: newClock().now, Orders: 3})
	if err != nil {
		f.Fatal(err)
	}
	return w, w.Handler()
}

func grantFor(f *testing.F, w *World, store string) string {
	f.Helper()
	s, err := w.store(store)
	if err != nil {
		f.Fatal(err)
	}
	g, ok := s.auth.give("", w.now())
	if !ok {
		f.Fatal("no token")
	}
	return g.access
}

// FuzzGraphQL: whatever comes, an answer in JSON goes out, and an order never
// gives back more than it brought in.
func FuzzGraphQL(f *testing.F) {
	w, h := fuzzWorld(f)
	token := grantFor(f, w, "shopify-main")
	for _, s := range []string{`{"query":"{shop{id}}"}`, `{"query":"{orders(first:2){nodes{id lineItems(first:1){nodes{id}}}}}"}`,
		`{"query":"query($q:String){orders(first:2,query:$q){nodes{id}}}","variables":{"q":"updated_at:>='2026-01-01T00:00:00Z' name:#1"}}`,
		`{"query":"mutation{refundCreate(input:{orderId:\"gid://shopify/Order/1\"})@idempotent(key:\"k\"){userErrors{message}}}"}`,
		`{"query":"{node(id:\"gid://shopify/Order/9007199254741021\"){...on Order{name @skip(if:true)}}}"}`, `{"query":"{a:shop{...f}} fragment f on Shop{id}","variables":null}`, `[]`, `{"query":5}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		req := httptest.NewRequest("POST", "/shopify/shopify-main"+graphqlURL, strings.NewReader(body))
		req.Header.Set("X-Shopify-Access-Token", token)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%d %q", rec.Code, rec.Body)
		}
	})
}

// FuzzEbayRefund: whatever comes, no order gives back more than it brought in.
func FuzzEbayRefund(f *testing.F) {
	w, h := fuzzWorld(f)
	token := grantFor(f, w, "ebay-de")
	all, err := w.Orders("ebay-de")
	if err != nil {
		f.Fatal(err)
	}
	o := all[len(all)-1]
	for _, s := range []string{orderLevel("1.00"), orderLevel("-1"), orderLevel("1e9"), `{"reasonForRefund":"BUYER_RETURN","refundItems":[{"lineItemId":"` + o.Lines[0] + `","refundAmount":{"value":"1","currency":"EUR"}}]}`, `{"refundItems":[null]}`, `null`, `{`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		req := httptest.NewRequest("POST", "/ebay/ebay-de"+ebayOrdersURL+"/"+o.ID+"/issue_refund", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		now, err := w.Orders("ebay-de")
		if err != nil || !json.Valid(rec.Body.Bytes()) {
			t.Fatalf("%v %d %q", err, rec.Code, rec.Body)
		}
		if got := now[len(now)-1]; got.Refunded.Minor > got.Total.Minor {
			t.Errorf("%s of %s given back after %q", got.Refunded, got.Total, body)
		}
	})
}

// FuzzFeed: whatever is uploaded, its feed ends, and no order gives back more
// than it brought in.
func FuzzFeed(f *testing.F) {
	w, _ := fuzzWorld(f)
	all, err := w.Orders("amazon-jp")
	if err != nil {
		f.Fatal(err)
	}
	o := all[len(all)-1]
	f.Add([]byte(adjustment(o.ID, "k", o.Lines[0], "Principal", "10", "Tax", "-5")))
	f.Add([]byte(adjustment(o.ID, "k", o.Lines[0], "Principal", "9223372036854775806", "Tax", "2")))
	f.Add([]byte("\x1f\x8b\x08nonsense"))
	f.Add([]byte("<AmazonEnvelope><MessageType>OrderAdjustment</MessageType><Message/></AmazonEnvelope>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := w.store("amazon-jp")
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		// Each feed meets the same world: a fuzzer learns nothing from one that drifts.
		s.order(o.ID).refunds, s.docs, s.serial = nil, map[string]*document{"in": {data: data, written: true}}, 1000
		fd := &feed{id: "1", kind: adjustXML, input: "in", at: w.now()}
		s.process(fd)
		if !fd.done || s.docs[fd.result] == nil {
			t.Errorf("the feed did not end: %+v", fd)
		}
		x := s.order(o.ID)
		if x.refunded() > x.total() || x.refunded() < 0 {
			t.Errorf("%d of %d given back", x.refunded(), x.total())
		}
	})
}

// FuzzMail: the world takes any mail.
func FuzzMail(f *testing.F) {
	for _, s := range []string{"", "Subject: a\r\n\r\nb", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--", "Content-Type: text/plain; charset=nonsense\r\n\r\n\xff", "Message-ID: <a@b>\r\nIn-Reply-To: x\r\n\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if x := readMail(raw); strings.HasSuffix(x.text, "\n") {
			t.Errorf("%q", x.text)
		}
	})
}
