package amazon

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"helloworld/connectors"
)

// between stands between the adapter and the platform.
type between struct {
	next http.RoundTripper
	mu   sync.Mutex
	// stale are the calls that did not have to be fresh; documents what was uploaded.
	stale, documents []string
	// busy is how many feeds are refused for now.
	busy int
	// spoil changes the answers to the calls that it wants to.
	spoil func(*http.Request, *http.Response, []byte)
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method == http.MethodGet && !connectors.FreshOf(r.Context()) {
		b.stale = append(b.stale, r.URL.Path)
	}
	switch {
	case r.Method == http.MethodPut:
		b.documents = append(b.documents, string(body))
	case b.busy > 0 && strings.HasSuffix(r.URL.Path, "/feeds"):
		b.busy--
		h := http.Header{"Retry-After": {"600"}, "Content-Type": {"application/json"}}
		return &http.Response{StatusCode: 429, Header: h, Body: io.NopCloser(strings.NewReader(`{"errors":[{"code":"QuotaExceeded"}]}`)), Request: r}, nil
	}
	resp, err := b.next.RoundTrip(r)
	if err != nil || b.spoil == nil {
		return resp, err
	}
	all, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Header.Del("Content-Length")
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(all)), -1
	b.spoil(r, resp, all)
	return resp, nil
}

func sellerBehind(t *testing.T, s *spServer, b *between, change ...func(*connectors.Config)) *Seller {
	t.Helper()
	c := configOf(s)
	b.next, c.Transport = c.Transport, b
	for _, f := range change {
		f(&c)
	}
	return sellerOf(t, c)
}

// A refund is written in the same words at every attempt, also after a restart.
// Whose it is stands in it, also where only the consent told that.
func TestEachAttemptSaysTheSame(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	cmd := refundOf(s, 1990)
	b := &between{busy: 2}
	byConsent := func(c *connectors.Config) {
		delete(c.Options, "seller")
		c.Credential.Extra = map[string]connectors.Secret{extraSeller: grantee}
	}
	for range 2 {
		if _, err := sellerBehind(t, s, b, byConsent).Refund(t.Context(), cmd); connectors.KindOf(err) != connectors.Busy {
			t.Fatalf("%v", err)
		}
	}
	if r, err := sellerBehind(t, s, b).Refund(t.Context(), cmd); err != nil || r.State != connectors.StateAccepted || s.sent != 1 {
		t.Fatalf("%+v %v, %d sent", r, err, s.sent)
	}
	if len(b.documents) != 3 || b.documents[0] != b.documents[1] || b.documents[1] != b.documents[2] {
		t.Errorf("the attempts differ:\n%s", strings.Join(b.documents, "\n"))
	}
	for _, want := range []string{"<MerchantIdentifier>" + grantee + "</MerchantIdentifier>", cmd.Key, "<MessageID>" + messageID(cmd.Key) + "</MessageID>"} {
		if !strings.Contains(b.documents[0], want) {
			t.Errorf("%s is missing in %s", want, b.documents[0])
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Whoever looks whether something happened, or sends something, reads what is so
// now.
func TestLooksAreFresh(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	b := &between{}
	c := sellerBehind(t, s, b)
	ctx := t.Context()
	if _, err := c.Order(ctx, refundOf(s, 1).Order); err != nil || len(b.stale) == 0 {
		t.Fatalf("nothing is recorded: %v", err) // else this test could not fail
	}
	b.stale = nil
	if err := errors.Join(
		second(c.RefundState(ctx, refundOf(s, 1990), connectors.Receipt{})), second(c.Refund(ctx, refundOf(s, 1990))), second(c.RefundState(ctx, refundOf(s, 1990), connectors.Receipt{})),
		second(c.ShipState(ctx, shipOf(s))), second(c.Ship(ctx, shipOf(s))), c.SetStock(ctx, []connectors.StockSet{{Key: "k", SKU: oddSKU, Quantity: 2}})[0].Err,
	); err != nil {
		t.Fatal(err)
	}
	if len(b.stale) > 0 {
		t.Errorf("may have shared an answer from before: %v", b.stale)
	}
}

// A list that does not end is not taken for a whole one: what it lacks may be a
// refund.
func TestListsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	for part, read := range map[string]func(*Seller, connectors.Refund) error{
		"/transactions": func(c *Seller, cmd connectors.Refund) error { return second(c.Quote(t.Context(), cmd.Order)) },
		"/feeds": func(c *Seller, cmd connectors.Refund) error {
			return second(c.strays(t.Context(), cmd, window{from: cmd.Asked}))
		},
	} {
		s := newServer(t, 3)
		b := &between{spoil: func(r *http.Request, resp *http.Response, _ []byte) {
			if strings.HasSuffix(r.URL.Path, part) {
				resp.StatusCode, resp.Body = 200, io.NopCloser(strings.NewReader(`{"payload":{"nextToken":"on","transactions":[]},"nextToken":"on","feeds":[]}`))
			}
		}}
		if err := read(sellerBehind(t, s, b), refundOf(s, 100)); connectors.KindOf(err) != connectors.Down || codeOf(err) != "endless" {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func with(ctype string, body func([]byte) []byte) func(*http.Response, []byte) {
	return func(r *http.Response, b []byte) {
		if ctype != "" {
			r.Header.Set("Content-Type", ctype)
		}
		r.Body = io.NopCloser(bytes.NewReader(body(b)))
	}
}

func only(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }

// Every reading, every way to spoil its answer: an error that says so, no panic,
// and nothing of what came in it.
func TestSpoiledReads(t *testing.T) {
	t.Parallel()
	spoils := map[string]func(*http.Response, []byte){
		"truncated":                   with("", func(b []byte) []byte { return b[:len(b)/2] }),
		"a page":                      with("text/html", only("<html>Back soon, "+buyer+"</html>")),
		"a page that says it is JSON": with("application/json", only("<!DOCTYPE html><p>")),
		"nothing":                     with("", only("")),
		"a list":                      with("", only("[1,2]")),
		"a text":                      with("", only(`"`+buyer+`"`)),
		"two answers":                 with("", func(b []byte) []byte { return append(b, b...) }),
		"5 MB of brackets":            with("", func([]byte) []byte { return bytes.Repeat([]byte("["), 5<<20) }),
		"not gzip":                    func(r *http.Response, _ []byte) { r.Header.Set("Content-Encoding", "gzip") },
	}
	fine := map[string]func(*http.Response, []byte){
		"gzip": func(r *http.Response, b []byte) {
			r.Header.Set("Content-Encoding", "gzip")
			r.Body = io.NopCloser(bytes.NewReader(gzipped(b)))
		},
		"another content type": with("text/plain; charset=nonsense", func(b []byte) []byte { return b }),
		"unknown fields": with("", func(b []byte) []byte {
			if len(b) > 0 && b[0] == '{' {
				return append([]byte(`{"newField":{"deep":[1,{"x":null}]},`), b[1:]...)
			}
			return b
		}),
	}
	for name, read := range map[string]func(*testing.T, *spServer, *Seller) error{
		"orders": func(t *testing.T, s *spServer, c *Seller) error {
			return second(c.Orders(t.Context(), connectors.Cursor{}))
		},
		"order": func(t *testing.T, s *spServer, c *Seller) error {
			return second(c.Order(t.Context(), "302-1234567-8901001"))
		},
		"items": func(t *testing.T, s *spServer, c *Seller) error {
			return second(c.Items(t.Context(), connectors.Cursor{}))
		},
		"stock": func(t *testing.T, s *spServer, c *Seller) error {
			return second(c.Stock(t.Context(), connectors.Cursor{}))
		},
		"quote": func(t *testing.T, s *spServer, c *Seller) error {
			return second(c.Quote(t.Context(), "302-1234567-8901001"))
		},
		"templates": func(t *testing.T, s *spServer, c *Seller) error {
			return second(c.Templates(t.Context(), "302-1234567-8901001"))
		},
		"returns": func(t *testing.T, s *spServer, c *Seller) error {
			p, err := c.Returns(t.Context(), connectors.Cursor{})
			if err == nil {
				s.settle()
				_, err = c.Returns(t.Context(), p.Next)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			try := func(f func(*http.Response, []byte)) error {
				s := newServer(t, 3)
				s.pack = false // the report as it is
				b := &between{spoil: func(r *http.Request, resp *http.Response, body []byte) {
					if !strings.Contains(r.URL.Path, "/auth/") {
						f(resp, body)
					}
				}}
				return read(t, s, sellerBehind(t, s, b))
			}
			for how, f := range spoils {
				if strings.Contains(how, "5 MB") && name != "orders" {
					continue // the way to the reader is the same
				}
				if err := try(f); connectors.KindOf(err) != connectors.Down || strings.Contains(err.Error(), buyer) {
					t.Errorf("%s: %v", how, err)
				}
			}
			for how, f := range fine {
				if err := try(f); err != nil {
					t.Errorf("%s: %v", how, err)
				}
			}
		})
	}
}

// A report of returns that is spoiled on its way from the store of documents.
func TestSpoiledReport(t *testing.T) {
	t.Parallel()
	for how, x := range map[string]struct {
		body func([]byte) []byte
		fine bool
	}{
		"whole":     {func(b []byte) []byte { return b }, true},
		"truncated": {func(b []byte) []byte { return b[:len(b)/2] }, false},
		"a page":    {only("<!DOCTYPE html><html><body>" + buyer + "</body></html>"), false},
		"nothing":   {only(""), false},
		"JSON":      {only(`{"a":1}`), false},
		"5 MB":      {func([]byte) []byte { return bytes.Repeat([]byte("<a>"), 5<<20/3) }, false},
	} {
		for _, packed := range []bool{false, true} {
			s := newServer(t, 1)
			s.pack = packed
			b := &between{spoil: func(r *http.Request, resp *http.Response, body []byte) {
				if strings.HasPrefix(r.URL.Path, "/store/") && r.Method == http.MethodGet {
					resp.Body = io.NopCloser(bytes.NewReader(x.body(body)))
				}
			}}
			c := sellerBehind(t, s, b)
			p, err := c.Returns(t.Context(), connectors.Cursor{Since: s.clock.now().AddDate(0, -4, 0)})
			if err != nil {
				t.Fatal(err)
			}
			for n := 0; err == nil && p.More && len(p.Items) == 0 && n < 10; n++ {
				s.settle()
				p, err = c.Returns(t.Context(), p.Next)
			}
			if x.fine != (err == nil) || err != nil && (connectors.KindOf(err) != connectors.Down || strings.Contains(err.Error(), buyer)) {
				t.Errorf("%s, packed %v: %v", how, packed, err)
			}
		}
	}
}

// A document that unpacks to more than may be is not unpacked to its end.
func TestDocumentThatUnpacksToTooMuch(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	b := &between{spoil: func(r *http.Request, resp *http.Response, _ []byte) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/store/"):
			resp.StatusCode, resp.Body = 200, io.NopCloser(bytes.NewReader(gzipped(bytes.Repeat([]byte(" "), 5000))))
		case strings.Contains(r.URL.Path, "/documents/"):
			resp.StatusCode, resp.Body = 200, io.NopCloser(strings.NewReader(`{"url":"`+s.URL+`/store/x","compressionAlgorithm":"GZIP"}`))
		}
	}}
	c := sellerBehind(t, s, b)
	for most, fits := range map[int64]bool{5000: true, 4999: false, 1000: false} {
		raw, err := c.document(t.Context(), "getReportDocument", "/reports/2021-06-30/documents/1", opReport, most)
		if fits != (err == nil) || fits && len(raw) != 5000 || !fits && connectors.KindOf(err) != connectors.Down {
			t.Errorf("%d: %d bytes, %v", most, len(raw), err)
		}
	}
}
