package conntest

import (
	"bytes"
	"net/http"
	"net/url"
	"testing"

	"helloworld/connectors"
)

func pushed(t *testing.T, b *Bench) connectors.Pushed {
	t.Helper()
	p, ok := b.Shop.(connectors.Pushed)
	if !ok {
		t.Skip("the platform does not call us")
	}
	return p
}

func challenge(t *testing.T, b *Bench) {
	p := pushed(t, b)
	need(t, "Endpoint", b.Endpoint != "")
	if _, _, ok := p.Challenge(url.Values{}, b.Endpoint); ok {
		t.Error("answers a question that nobody asked")
	}
	ask := func(code, endpoint string) ([]byte, bool) {
		ctype, body, ok := p.Challenge(url.Values{"challenge_code": {code}}, endpoint)
		if ok && (ctype == "" || len(body) == 0) {
			t.Errorf("an empty answer: %q %q", ctype, body)
		}
		return body, ok
	}
	one, ok := ask("4e1f80a2", b.Endpoint)
	if !ok {
		t.Skip("the platform does not ask whether an address is ours")
	}
	two, _ := ask("4e1f80a3", b.Endpoint)
	three, _ := ask("4e1f80a2", b.Endpoint+"/other")
	again, _ := ask("4e1f80a2", b.Endpoint)
	if bytes.Equal(one, two) || bytes.Equal(one, three) || !bytes.Equal(one, again) {
		t.Error("the answer does not depend on the question and the address alone")
	}
}

func verified(t *testing.T, b *Bench, p connectors.Pushed, h http.Header, raw []byte) []connectors.Event {
	t.Helper()
	events, err := p.Verify(t.Context(), h, raw)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) == 0 {
		t.Fatal("a delivery without events")
	}
	checkEvents(t, events)
	return events
}

func checkEvents(t *testing.T, events []connectors.Event) {
	t.Helper()
	for _, e := range events {
		if e.ID == "" || e.Kind == "" || len(e.Raw) == 0 {
			t.Errorf("an incomplete event: %+v", e)
		}
	}
}

// about tells whether an event is about the bench's order.
func about(b *Bench, events []connectors.Event) bool {
	for _, e := range events {
		if e.Order == b.Order || e.Order != "" && e.Order == b.Number {
			return true
		}
	}
	return false
}

func delivery(t *testing.T, b *Bench) {
	p := pushed(t, b)
	need(t, "Delivery", b.Delivery != nil)
	h, raw := b.Delivery()
	first := verified(t, b, p, h, raw)
	if !about(b, first) {
		t.Errorf("not about order %s: %+v", b.Order, first)
	}
	h, raw = b.Delivery()
	again := verified(t, b, p, h, raw)
	if len(again) != len(first) {
		t.Fatalf("%d events, then %d", len(first), len(again))
	}
	for i := range first {
		if first[i].ID != again[i].ID {
			t.Errorf("one delivery, two ids: %q and %q", first[i].ID, again[i].ID)
		}
	}
}

// deliveryChanged changes each byte in turn. The lowest bit makes no white space
// out of white space, which some platforms do not sign.
func deliveryChanged(t *testing.T, b *Bench) {
	p := pushed(t, b)
	need(t, "Delivery", b.Delivery != nil)
	h, raw := b.Delivery()
	verified(t, b, p, h, raw)
	check := func(what string, at int, changed []byte) {
		t.Helper()
		if _, err := p.Verify(t.Context(), h.Clone(), changed); err == nil || connectors.KindOf(err) != connectors.Invalid {
			t.Fatalf("%s %d: want a refusal as forged, got %v", what, at, err)
		}
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		check("changed byte", i, changed)
	}
	check("cut by", 1, raw[:len(raw)-1])
	check("longer by", 1, append(bytes.Clone(raw), 'x'))
	check("length", 0, nil)
	_, err := p.Verify(t.Context(), h, append([]byte("x"), raw...))
	is(t, b, err, connectors.Invalid)
}

// deliveryForeign takes headers away and puts others in their place. Which one
// is the signature, the exam does not know: some may be without meaning.
func deliveryForeign(t *testing.T, b *Bench) {
	p := pushed(t, b)
	need(t, "Delivery", b.Delivery != nil)
	h, raw := b.Delivery()
	verified(t, b, p, h, raw)
	_, err := p.Verify(t.Context(), http.Header{}, raw)
	is(t, b, err, connectors.Invalid)
	_, err = p.Verify(t.Context(), nil, raw)
	is(t, b, err, connectors.Invalid)
	missed, swapped := 0, 0
	for name := range h {
		for _, v := range []string{"", "AAAA", "!", "e30="} {
			c := h.Clone()
			c.Set(name, v)
			if v == "" {
				c.Del(name)
			}
			if _, err := p.Verify(t.Context(), c, raw); err != nil {
				is(t, b, err, connectors.Invalid)
				if v == "" {
					missed++
				} else {
					swapped++
				}
			}
		}
	}
	if missed == 0 || swapped == 0 {
		t.Error("no header is needed: nothing is signed")
	}
}

// subscribed lists what is sent where, by topic.
func subscribed(t *testing.T, b *Bench, p connectors.Pushed) map[string]connectors.Subscription {
	t.Helper()
	all, err := p.Subscriptions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]connectors.Subscription{}
	for _, s := range all {
		if s.Topic == "" {
			t.Errorf("a subscription to nothing: %+v", s)
		}
		if _, twice := out[s.Topic]; twice {
			t.Errorf("%s is sent twice", s.Topic)
		}
		out[s.Topic] = s
	}
	return out
}

// whole: everything is sent to the endpoint.
func whole(t *testing.T, b *Bench, subs map[string]connectors.Subscription) {
	t.Helper()
	if len(subs) == 0 {
		t.Fatal("nothing is sent")
	}
	for _, s := range subs {
		if !s.OK || s.Endpoint != b.Endpoint {
			t.Errorf("not in order: %+v", s)
		}
	}
}

func subscribe(t *testing.T, b *Bench) {
	p := pushed(t, b)
	need(t, "Endpoint", b.Endpoint != "")
	if err := p.Subscribe(t.Context(), b.Endpoint); err != nil {
		t.Fatal(err)
	}
	first := subscribed(t, b, p)
	whole(t, b, first)
	if err := p.Subscribe(t.Context(), b.Endpoint); err != nil {
		t.Fatal(err)
	}
	again := subscribed(t, b, p)
	whole(t, b, again)
	if len(again) != len(first) {
		t.Errorf("%d subscriptions, the second time %d", len(first), len(again))
	}
}

func subscribeMends(t *testing.T, b *Bench) {
	p := pushed(t, b)
	need(t, "Endpoint and Undo", b.Endpoint != "" && b.Undo != nil)
	if err := p.Subscribe(t.Context(), b.Endpoint); err != nil {
		t.Fatal(err)
	}
	first := subscribed(t, b, p)
	b.Undo()
	broken := false
	now := subscribed(t, b, p)
	for topic := range first {
		broken = broken || !now[topic].OK
	}
	if !broken {
		t.Fatal("switched off at the platform, and it is not told")
	}
	if err := p.Subscribe(t.Context(), b.Endpoint); err != nil {
		t.Fatal(err)
	}
	mended := subscribed(t, b, p)
	whole(t, b, mended)
	if len(mended) != len(first) {
		t.Errorf("%d subscriptions, mended %d", len(first), len(mended))
	}
}
