package ebay

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// A conversation that cannot be read, or that eBay lists and does not give out,
// does not cost the others.
func TestPoisonedConversations(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	s.talk("c1", "buyer-1", start.Add(-time.Hour), "Hello", "Hi")
	list := `{"total":5,"conversations":[{"conversationId":9007199254740993},{"conversationTitle":"no id"},7,{"conversationId":"ghost"},{"conversationId":"c1","latestMessage":"a new shape","newField":{}}]}`
	shop := newShop(t, s, func(c *connectors.Config) {
		c.Transport = spoiler{c.Transport, func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/conversation") },
			func(r *http.Response, _ []byte) { put(r, "", []byte(list)) }}
	})
	p, err := shop.Messages(t.Context(), connectors.Cursor{})
	if err != nil || len(p.Items) != 2 || len(p.Bad) != 4 {
		t.Fatalf("%d messages, %d unreadable, %v", len(p.Items), len(p.Bad), err)
	}
	for _, b := range p.Bad {
		if b.ID == "" || b.Err == nil || len(b.Raw) == 0 {
			t.Errorf("not told well: %+v", b)
		}
	}
	if p.Bad[3].ID != "ghost" || connectors.KindOf(p.Bad[3].Err) != connectors.NotFound {
		t.Errorf("%+v", p.Bad[3])
	}
	// Which conversation it is in, nobody can tell then.
	m := outgoing()
	m.Thread = ""
	if r, err := shop.SendState(t.Context(), m); err == nil || r.State != connectors.StateUnknown {
		t.Errorf("%+v %v", r, err)
	}
	// What fails for all ends the reading: nothing is to be skipped for it.
	for status, want := range map[int]connectors.Kind{429: connectors.Busy, 503: connectors.Down} {
		shop := newShop(t, s, func(c *connectors.Config) {
			c.Transport = spoiler{c.Transport, func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/conversation/c1") },
				func(r *http.Response, _ []byte) { r.StatusCode = status; put(r, "text/plain", nil) }}
		})
		if p, err := shop.Messages(t.Context(), connectors.Cursor{}); err == nil || connectors.KindOf(err) != want || len(p.Bad) > 0 {
			t.Errorf("%d: %+v %v", status, p, err)
		}
	}
}

// A return that cannot be read is told as that, one by one as in the list.
func TestUnreadableReturn(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	s.returns[2]["sellerTotalRefund"] = obj{"estimatedRefundAmount": obj{"value": "anna.buyer@example.com", "currency": "EUR"}}
	shop := newShop(t, s)
	_, err := shop.Return(t.Context(), "R:5002")
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.Invalid || e.Code != "unreadable" || e.Platform != Platform || strings.Contains(err.Error(), "anna.buyer") {
		t.Errorf("%v", err)
	}
	if r, err := shop.Decide(t.Context(), decisionOf("R:5002", connectors.PayBack, 100)); connectors.KindOf(err) != connectors.Invalid || r.State != connectors.StateRejected {
		t.Errorf("%+v %v", r, err)
	}
}

// A refund that was given before this one was asked for, and that eBay did not
// show then, is not this one when it turns up.
func TestOneThatHadYetToShow(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	cmd := refundOf("5.00")
	cmd.Hidden = []connectors.Money{cmd.Amount}
	order := func(refunds ...obj) connectors.Order {
		t.Helper()
		o := newOrder(1)
		for _, r := range refunds {
			r["amount"] = eur("5.00")
		}
		o["paymentSummary"] = obj{"refunds": refunds}
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := newShop(t, s).orderOf(raw)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	done := func(id string, at time.Time) obj {
		return obj{"refundId": id, "refundStatus": "REFUNDED", "refundDate": stamp(at)}
	}
	pending := func(id string) obj { return obj{"refundId": id, "refundStatus": "PENDING"} }
	other := refundOf("5.00")
	other.Key = "another"
	for name, tt := range map[string]struct {
		order  connectors.Order
		hidden int
		claims map[string]string
		want   string
	}{
		"nothing hidden":            {order(pending("A")), 0, nil, "A"},
		"the hidden one alone":      {order(pending("A")), 1, nil, ""},
		"of two the younger":        {order(done("B", start.Add(time.Minute)), done("A", start)), 1, nil, "B"},
		"one that has no date yet":  {order(pending("B"), done("A", start)), 1, nil, "B"},
		"hidden, and old":           {order(done("A", start.Add(-time.Hour)), done("B", start)), 1, nil, "B"},
		"hidden, and known as such": {order(done("A", start), done("B", start)), 1, map[string]string{"A": other.Key}, "B"},
		"two hidden, two shown":     {order(done("A", start), done("B", start)), 2, nil, ""},
		"ours by its claim":         {order(done("A", start), done("B", start)), 2, map[string]string{"A": cmd.Key}, "A"},
	} {
		shop := newShop(t, s)
		for id, key := range tt.claims {
			shop.claims[id] = key
		}
		c := cmd
		c.Hidden = nil
		for range tt.hidden {
			c.Hidden = append(c.Hidden, cmd.Amount)
		}
		if r, ok := shop.match(tt.order, c); ok != (tt.want != "") || r.ID != tt.want {
			t.Errorf("%s: %+v %v", name, r, ok)
		}
	}
}
