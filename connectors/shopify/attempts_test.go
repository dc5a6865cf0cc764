package shopify

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/connectors"
)

// between stands between the adapter and its shop.
type between struct {
	next http.RoundTripper
	mu   sync.Mutex
	// stale are the calls that did not have to be fresh; refunds the bodies that
	// were sent.
	stale, refunds []string
	// keep holds so many refunds back, as if the line had been cut.
	keep int
	// swap changes what the shop answers to an operation.
	swap map[string]func([]byte) []byte
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	b.mu.Lock()
	defer b.mu.Unlock()
	if !connectors.FreshOf(r.Context()) {
		b.stale = append(b.stale, string(body))
	}
	if strings.Contains(string(body), `"operationName":"Refund"`) {
		b.refunds = append(b.refunds, string(body))
		if b.keep > 0 {
			b.keep--
			return nil, errors.New("cut")
		}
	}
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for op, f := range b.swap {
		if strings.Contains(string(body), `"operationName":"`+op+`"`) {
			all, err := io.ReadAll(resp.Body)
			if err != nil {
				return nil, err
			}
			_ = resp.Body.Close()
			resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(f(all))), -1
			resp.Header.Del("Content-Length")
		}
	}
	return resp, nil
}

func shopBehind(t *testing.T, s *shopServer, b *between) *Shop {
	t.Helper()
	b.next = s.Client().Transport
	shop, err := New(connectors.Config{Info: connectors.Info{Store: "toy-de"}, BaseURL: s.URL, ClientID: "app", ClientSecret: "app-secret-1",
		Credential: connectors.Credential{Access: "shpat_first0000001", Expires: time.Now().Add(time.Hour)}, Transport: b, Sleep: noSleep})
	if err != nil {
		t.Fatal(err)
	}
	return shop
}

// A refund is sent in the same words at every attempt, whatever the platform
// suggests by then: the same key with others would be refused.
func TestEachAttemptSaysTheSame(t *testing.T) {
	t.Parallel()
	s := newShopServer(t, 3)
	cut := func(raw []byte) []byte {
		// Another payment has taken its part meanwhile.
		return bytes.ReplaceAll(raw, []byte("OrderTransaction/11"), []byte("OrderTransaction/12"))
	}
	b := &between{keep: 2}
	shop := shopBehind(t, s, b)
	cmd := refundOf(1990)
	cmd.Lines = []connectors.RefundLine{{Line: "gid://shopify/LineItem/501", Quantity: 1, Restock: true}}
	for range 2 {
		if _, err := shop.Refund(t.Context(), cmd); err == nil || connectors.KindOf(err) != connectors.Unsure {
			t.Fatalf("%v", err)
		}
		b.swap = map[string]func([]byte) []byte{"SuggestRefund": cut}
	}
	if r, err := shop.Refund(t.Context(), cmd); err != nil || r.State != connectors.StateApplied || s.sent != 1 {
		t.Fatalf("%+v %v, %d sent", r, err, s.sent)
	}
	if len(b.refunds) != 3 || b.refunds[0] != b.refunds[1] || b.refunds[1] != b.refunds[2] || !strings.Contains(b.refunds[2], "OrderTransaction/11") {
		t.Errorf("the attempts differ:\n%s", strings.Join(b.refunds, "\n"))
	}
	// Another refund is another one.
	other := cmd
	other.Key, other.Amount.Minor = "another", 100
	if _, err := shop.Refund(t.Context(), other); err != nil || !strings.Contains(b.refunds[3], "OrderTransaction/12") || !strings.Contains(b.refunds[3], `"1.00"`) {
		t.Errorf("%v %s", err, b.refunds[3:])
	}
}

// Whoever looks whether something happened, or sends something, reads what is so
// now.
func TestLooksAreFresh(t *testing.T) {
	t.Parallel()
	s := newShopServer(t, 10)
	s.stocked()
	b := &between{}
	shop := shopBehind(t, s, b)
	ctx := t.Context()
	if _, err := shop.Order(ctx, refundOf(1).Order); err != nil || len(b.stale) == 0 {
		t.Fatalf("nothing is recorded: %v", err) // else this test could not fail
	}
	b.stale = nil
	ship, d := shipOf(), connectors.Decision{Key: "k", Return: "71", Kind: connectors.KindReturn, Verdict: connectors.Approve, Asked: time.Now()}
	lines := ship
	lines.Lines = []connectors.ShipLine{{Line: "501", Quantity: 1}}
	errs := []error{
		second(shop.RefundState(ctx, refundOf(1990), connectors.Receipt{})), second(shop.Refund(ctx, refundOf(1990))),
		second(shop.ShipState(ctx, ship)), second(shop.ShipState(ctx, lines)), second(shop.Ship(ctx, ship)),
		second(shop.DecideState(ctx, d, connectors.Receipt{})), second(shop.Decide(ctx, d)),
		shop.SetStock(ctx, []connectors.StockSet{{Key: "k", SKU: s.items[0].sku, Quantity: 3}})[0].Err,
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	stale := slices.DeleteFunc(b.stale, func(body string) bool { return strings.Contains(body, "mutation") })
	if len(stale) > 0 {
		t.Errorf("may have shared an answer from before:\n%s", strings.Join(stale, "\n"))
	}
}

func second[T any](_ T, err error) error { return err }
