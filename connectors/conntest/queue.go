package conntest

import (
	"testing"

	"helloworld/connectors"
)

func pulled(t *testing.T, b *Bench) connectors.Pulled {
	t.Helper()
	q, ok := b.Shop.(connectors.Pulled)
	if !ok {
		t.Skip("the platform has no queue")
	}
	need(t, "Enqueue", b.Enqueue != nil)
	need(t, "Queued", b.Queued != nil)
	return q
}

// receive takes events until there are n of them.
func receive(t *testing.T, b *Bench, q connectors.Pulled, n int) []connectors.Event {
	t.Helper()
	var all []connectors.Event
	for tries := 0; len(all) < n; tries++ {
		if tries > 10 {
			t.Fatalf("%d events came, want %d", len(all), n)
		}
		events, err := q.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Handle == "" {
				t.Errorf("an event that cannot be acknowledged: %+v", e)
			}
		}
		checkEvents(t, events)
		all = append(all, events...)
	}
	return all
}

func ack(t *testing.T, b *Bench, q connectors.Pulled, events []connectors.Event) {
	t.Helper()
	if err := q.Ack(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	if b.Settle != nil {
		b.Settle()
	}
	if n := b.Queued(); n != 0 {
		t.Errorf("acknowledged, and %d still lie there", n)
	}
}

func queue(t *testing.T, b *Bench) {
	q := pulled(t, b)
	for range 2 { // the second time it finds all as it should be
		if err := q.Queue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.Enqueue(1)
	events := receive(t, b, q, 1)
	if !about(b, events) {
		t.Errorf("not about order %s: %+v", b.Order, events)
	}
	if b.Queued() != 1 {
		t.Error("receiving took it away: what is not yet written down would be lost")
	}
	ack(t, b, q, events)
}

func queueAgain(t *testing.T, b *Bench) {
	q := pulled(t, b)
	need(t, "Settle", b.Settle != nil)
	b.Enqueue(1)
	first := receive(t, b, q, 1)
	b.Settle()
	again := receive(t, b, q, 1)
	if first[0].ID != again[0].ID {
		t.Errorf("one event, two ids: %q and %q", first[0].ID, again[0].ID)
	}
	ack(t, b, q, again[:1])
}

func queueTwice(t *testing.T, b *Bench) {
	q := pulled(t, b)
	b.Enqueue(2)
	events := receive(t, b, q, 2)
	for _, e := range events[1:] {
		if e.ID != events[0].ID {
			t.Errorf("one event, two ids: %q and %q", events[0].ID, e.ID)
		}
	}
	ack(t, b, q, events)
}

func queuePoison(t *testing.T, b *Bench) {
	q := pulled(t, b)
	need(t, "EnqueueBad", b.EnqueueBad != nil)
	b.EnqueueBad()
	b.Enqueue(1)
	events := receive(t, b, q, 2)
	if !about(b, events) {
		t.Errorf("the good one did not come: %+v", events)
	}
	other := false
	for _, e := range events {
		other = other || e.Kind == connectors.EventOther
	}
	if !other {
		t.Errorf("the unreadable one did not come: %+v", events)
	}
	ack(t, b, q, events)
}
