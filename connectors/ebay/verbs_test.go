package ebay

import (
	"testing"

	"helloworld/connectors"
)

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// exercise makes every call that the adapter can make, and tells by which names
// the journal knows them.
func exercise(t *testing.T, s *ebayServer) map[string]bool {
	t.Helper()
	shop := newShop(t, s)
	ctx := t.Context()
	ops := map[string]bool{}
	look := func() {
		for _, e := range shop.Journal() {
			ops[e.Op] = true
		}
	}
	shop.Health(ctx)
	_, err := shop.Orders(ctx, connectors.Cursor{})
	must(t, "orders", err)
	_, err = shop.Refund(ctx, refundOf("19.90"))
	must(t, "refund", err)
	s.settle()
	_, err = shop.Ship(ctx, connectors.Ship{Key: "s", Order: first, Carrier: "dhl", Number: "JD01"})
	must(t, "ship", err)
	_, err = shop.Messages(ctx, connectors.Cursor{})
	must(t, "messages", err)
	_, err = shop.Send(ctx, outgoing())
	must(t, "send", err)
	_, err = shop.Items(ctx, connectors.Cursor{})
	must(t, "items", err)
	for _, r := range shop.SetStock(ctx, []connectors.StockSet{{Key: "k", SKU: oddSKU, Quantity: 5}}) {
		must(t, "stock", r.Err)
	}
	look()
	h, raw := deliver("NEW_MESSAGE", "n", start, obj{"conversationId": "c1"})
	_, err = shop.Verify(ctx, h, raw)
	must(t, "verify", err)
	must(t, "subscribe", shop.Subscribe(ctx, testPoint))
	s.lock(func() {
		s.dests[0]["status"], s.subs[0]["status"], s.userSub[0]["destinationId"] = "MARKED_DOWN", "DISABLED", "another"
	})
	must(t, "subscribe again", shop.Subscribe(ctx, testPoint))
	look()
	_, err = shop.Quotas(ctx)
	must(t, "quotas", err)
	_, err = shop.Returns(ctx, connectors.Cursor{})
	must(t, "returns", err)
	for p, err := shop.Returns(ctx, connectors.Cursor{}); p.More; p, err = shop.Returns(ctx, p.Next) {
		must(t, "returns", err)
	}
	look()
	s.lock(func() { s.cancels = append(s.cancels, clone(s.cancels[0], "cancelId", "7002")) })
	for i, d := range []connectors.Decision{
		{Return: "R:5000", Verdict: connectors.Approve}, {Return: "R:5001", Verdict: connectors.PayBack}, {Return: "R:5002", Verdict: connectors.Received},
		{Return: "R:5003", Verdict: connectors.Decline}, {Return: "C:7001", Verdict: connectors.Approve}, {Return: "C:7002", Verdict: connectors.Decline},
		{Return: "I:8001", Verdict: connectors.PayBack, Note: "Sorry"},
	} {
		d.Key = "decision-" + string(rune('a'+i))
		r, err := shop.Decide(ctx, d)
		must(t, d.Return, err)
		if r.State != connectors.StateApplied {
			t.Errorf("%s %s: %+v", d.Return, d.Verdict, r)
		}
		if r, err = shop.DecideState(ctx, d, r); err != nil || r.State != connectors.StateApplied {
			t.Errorf("%s %s, looked at: %+v %v", d.Return, d.Verdict, r, err)
		}
	}
	if s.keysOut != 1 {
		t.Errorf("%d signing keys were made", s.keysOut)
	}
	look()
	return ops
}

func clone(o obj, field string, value any) obj {
	out := obj{}
	for k, v := range o {
		out[k] = v
	}
	out[field] = value
	return out
}
