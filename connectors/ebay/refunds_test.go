package ebay

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// Refunds of lines have an id on each line and no status; one that stands on the
// order too counts once.
func TestRefundsOfLines(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	eur := func(v string) obj { return obj{"value": v, "currency": "EUR"} }
	raw, _ := json.Marshal(func() obj {
		o := newOrder(1)
		o["paymentSummary"] = obj{"refunds": []obj{
			{"refundId": "A", "amount": eur("1.00"), "refundStatus": "REFUNDED", "refundDate": stamp(start)},
			{"amount": eur("7.00"), "refundStatus": "FAILED"}}}
		o["lineItems"].([]obj)[0]["refunds"] = []obj{{"refundId": "A", "amount": eur("1.00")}, {"refundId": "B", "amount": eur("2.00")}}
		l := newOrder(2)["lineItems"].([]obj)[0]
		l["refunds"] = []obj{{"refundId": "B", "amount": eur("3.00"), "refundDate": stamp(start)}}
		o["lineItems"] = append(o["lineItems"].([]obj), l)
		return o
	}())
	o, err := newShop(t, s).orderOf(raw)
	if err != nil {
		t.Fatal(err)
	}
	if o.Refunded.String() != "6.00 EUR" || len(o.Refunds) != 3 || o.Refunds[2].ID != "B" || o.Refunds[2].Amount.String() != "5.00 EUR" ||
		o.Remaining().String() != "53.90 EUR" {
		t.Errorf("refunded %v of %+v", o.Refunded, o.Refunds)
	}
}

func TestRefundStates(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]connectors.State{"PENDING": connectors.StateAccepted, "REFUNDED": connectors.StateApplied, "FAILED": connectors.StateRejected} {
		s := newServer(t, 3)
		s.status = word
		shop := newShop(t, s)
		r, err := shop.Refund(t.Context(), refundOf("19.90"))
		if err != nil || r.State != want || r.ID != "R1" {
			t.Errorf("%s: %+v %v", word, r, err)
		}
		if r, err = shop.RefundState(t.Context(), refundOf("19.90"), r); err != nil || r.State != want {
			t.Errorf("%s, looked at: %+v %v", word, r, err)
		}
	}
	s := newServer(t, 3)
	s.status = "WHO_KNOWS"
	r, err := newShop(t, s).Refund(t.Context(), refundOf("19.90"))
	if connectors.KindOf(err) != connectors.Unsure || err == nil || r.State != connectors.StateUnknown || r.ID != "R1" {
		t.Errorf("an unknown word: %+v %v", r, err)
	}
}

func TestRefundRefusals(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	shop := newShop(t, s)
	for value, kind := range map[string]connectors.Kind{"13.13": connectors.Conflict, "99.99": connectors.Conflict} {
		r, err := shop.Refund(t.Context(), refundOf(value))
		if connectors.KindOf(err) != kind || err == nil || r.State != connectors.StateRejected || r.Code == "" {
			t.Errorf("%s: %+v %v", value, r, err)
		}
	}
	// Another refund is pending: ours is in nobody's way, but not done either.
	if _, err := shop.Refund(t.Context(), refundOf("5.00")); err != nil {
		t.Fatal(err)
	}
	other := refundOf("6.00")
	other.Key = "another"
	if _, err := shop.Refund(t.Context(), other); connectors.KindOf(err) != connectors.Conflict || err == nil {
		t.Errorf("while one is pending: %v", err)
	}
	if _, err := shop.Refund(t.Context(), connectors.Refund{Order: first}); connectors.KindOf(err) != connectors.Invalid || err == nil {
		t.Errorf("incomplete: %v", err)
	}
}

// Two refunds of one amount are two refunds, if the second was approved knowing
// of the first; and one, if the process that sent it is gone and did not say.
func TestSameAmountTwice(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	shop := newShop(t, s)
	if _, err := shop.Refund(t.Context(), refundOf("5.00")); err != nil {
		t.Fatal(err)
	}
	s.settle()
	if r, err := newShop(t, s).Refund(t.Context(), refundOf("5.00")); err != nil || r.State != connectors.StateApplied || r.ID != "R1" || s.sent != 1 {
		t.Errorf("after a restart: %+v %v, %d sent", r, err, s.sent)
	}
	again := refundOf("5.00")
	again.Key, again.Seen, again.Asked = "second", []string{"R1"}, start.Add(time.Hour)
	if r, err := shop.Refund(t.Context(), again); err != nil || r.ID != "R2" || s.sent != 2 {
		t.Errorf("the second: %+v %v, %d sent", r, err, s.sent)
	}
	s.settle()
	third := refundOf("5.00")
	third.Key = "third"
	if r, err := shop.Refund(t.Context(), third); err != nil || r.ID != "R3" || s.sent != 3 {
		t.Errorf("another key's refunds are not this one: %+v %v", r, err)
	}
}

// The answer got lost and eBay does not show the refund yet: it must not be said
// to be absent, nor be sent again.
func TestLostAndNotShown(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	s.lose, s.hide = true, true
	shop := newShop(t, s)
	cmd := refundOf("19.90")
	if r, err := shop.Refund(t.Context(), cmd); connectors.KindOf(err) != connectors.Unsure || err == nil || r.State != connectors.StateUnknown {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := shop.RefundState(t.Context(), cmd, connectors.Receipt{}); err != nil || r.State != connectors.StateUnknown || r.After == 0 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := shop.Refund(t.Context(), cmd); connectors.KindOf(err) != connectors.Unsure || err == nil || s.sent != 1 {
		t.Errorf("sent %d times: %v", s.sent, err)
	}
	// After a restart eBay itself says that one is pending, and by then shows it.
	fresh := newShop(t, s)
	r, err := fresh.Refund(t.Context(), cmd)
	if connectors.KindOf(err) != connectors.Unsure || err == nil || r.State != connectors.StateUnknown || s.sent != 1 {
		t.Errorf("hidden still: %+v %v", r, err)
	}
	known := cmd
	known.Sent = []time.Time{s.now().Add(-time.Hour), s.now()}
	if r, err := newShop(t, s).RefundState(t.Context(), known, connectors.Receipt{}); err != nil || r.State != connectors.StateUnknown || r.After == 0 {
		t.Errorf("of a process that ended the desk knows when it sent: %+v %v", r, err)
	}
	s.lock(func() { s.hide = false })
	if r, err := fresh.Refund(t.Context(), cmd); err != nil || r.State != connectors.StateAccepted || s.sent != 1 {
		t.Errorf("shown: %+v %v", r, err)
	}
	if r, err := shop.RefundState(t.Context(), cmd, connectors.Receipt{}); err != nil || r.State != connectors.StateAccepted {
		t.Errorf("%+v %v", r, err)
	}
}

func TestComment(t *testing.T) {
	t.Parallel()
	for _, note := range []string{"", "short", strings.Repeat("長い", 200), "a\r\nb\tc"} {
		c := comment(connectors.Refund{Key: "5f3a1c9e-0000-4000-8000-000000000001", Note: note})
		if len([]rune(c)) > 100 || !strings.HasSuffix(c, "[5f3a1c9e-0000-4000-8000-000000000001]") || strings.ContainsAny(c, "\r\n\t") {
			t.Errorf("%q", c)
		}
	}
}
