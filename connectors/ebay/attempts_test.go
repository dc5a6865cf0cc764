package ebay

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

// between stands between the adapter and eBay.
type between struct {
	next http.RoundTripper
	mu   sync.Mutex
	// stale are the calls that did not have to be fresh; refunds the bodies that
	// were sent.
	stale, refunds []string
	// busy is how many refunds are refused for now.
	busy int
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method == http.MethodGet && !connectors.FreshOf(r.Context()) {
		b.stale = append(b.stale, r.URL.Path)
	}
	if strings.HasSuffix(r.URL.Path, "/issue_refund") {
		b.refunds = append(b.refunds, r.URL.Path+" "+string(body))
		if b.busy > 0 {
			b.busy--
			h := http.Header{"Retry-After": {"600"}, "Content-Type": {"application/json"}}
			return &http.Response{StatusCode: 429, Header: h, Body: io.NopCloser(strings.NewReader(`{"errors":[{"errorId":2001}]}`)), Request: r}, nil
		}
	}
	return b.next.RoundTrip(r)
}

// A refund is sent in the same words at every attempt.
func TestEachAttemptSaysTheSame(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	b := &between{busy: 2}
	shop := newShop(t, s, func(c *connectors.Config) { b.next, c.Transport = c.Transport, b })
	cmd := refundOf("19.90")
	for range 2 {
		if _, err := shop.Refund(t.Context(), cmd); connectors.KindOf(err) != connectors.Busy {
			t.Fatalf("%v", err)
		}
	}
	shop = newShop(t, s, func(c *connectors.Config) { b.next, c.Transport = c.Transport, b }) // also after a restart
	if r, err := shop.Refund(t.Context(), cmd); err != nil || r.ID == "" || s.sent != 1 {
		t.Fatalf("%+v %v, %d sent", r, err, s.sent)
	}
	if len(b.refunds) != 3 || b.refunds[0] != b.refunds[1] || b.refunds[1] != b.refunds[2] || !strings.Contains(b.refunds[0], cmd.Key) || !strings.Contains(b.refunds[0], `"19.90"`) {
		t.Errorf("the attempts differ:\n%s", strings.Join(b.refunds, "\n"))
	}
}

// Whoever looks whether something happened, or sends something, reads what is so
// now.
func TestLooksAreFresh(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	s.talk("c1", "buyer-1", start, "Where?")
	b := &between{}
	shop := newShop(t, s, func(c *connectors.Config) { b.next, c.Transport = c.Transport, b })
	ctx := t.Context()
	if _, err := shop.Order(ctx, first); err != nil || len(b.stale) == 0 {
		t.Fatalf("nothing is recorded: %v", err) // else this test could not fail
	}
	b.stale = nil
	d := decisionOf("R:5000", connectors.Approve, 0)
	byName := outgoing()
	byName.Thread = ""
	if err := errors.Join(
		second(shop.RefundState(ctx, refundOf("5.00"), connectors.Receipt{})), second(shop.RefundState(ctx, refundOf("5.00"), connectors.Receipt{ID: "R:5000"})),
		second(shop.Refund(ctx, refundOf("5.00"))), second(shop.ShipState(ctx, shipOf("YT1"))), second(shop.Ship(ctx, shipOf("YT1"))),
		second(shop.DecideState(ctx, d, connectors.Receipt{})), second(shop.Decide(ctx, d)), second(shop.SendState(ctx, outgoing())), second(shop.SendState(ctx, byName)),
		shop.SetStock(ctx, []connectors.StockSet{rowOf("S-1", 3)})[0].Err,
	); err != nil {
		t.Fatal(err)
	}
	if len(b.stale) > 0 {
		t.Errorf("may have shared an answer from before: %v", b.stale)
	}
}

func second[T any](_ T, err error) error { return err }
