package amazon

import (
	"slices"
	"testing"

	"helloworld/connectors"
)

// A refund that another replica has seen through does not stand in the way of the
// order's next one; one that is still on its way does.
func TestAnotherReplicaSawItThrough(t *testing.T) {
	s := newServer(t, 3)
	c := newSeller(t, s)
	first := refundOf(s, 1000)
	if _, err := c.Refund(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := first
	second.Key = "the-second-key"
	if _, err := c.Refund(t.Context(), second); connectors.KindOf(err) != connectors.Conflict {
		t.Fatalf("beside one that is on its way: %v", err)
	}
	s.settle()
	if got, err := c.Refund(t.Context(), second); err != nil || got.State != connectors.StateAccepted {
		t.Fatalf("after it: %+v, %v", got, err)
	}
}

// One whose answer was lost here, and whose end another replica found out, stands in
// the way of the next one only as long as it may not be listed yet.
func TestAnotherReplicaFoundTheLostOne(t *testing.T) {
	s := newServer(t, 3)
	here, there := newSeller(t, s), newSeller(t, s)
	first := refundOf(s, 1000)
	s.lose = true
	if _, err := here.Refund(t.Context(), first); connectors.KindOf(err) != connectors.Unsure {
		t.Fatal(err)
	}
	second := first
	second.Key = "the-second-key"
	if _, err := here.Refund(t.Context(), second); connectors.KindOf(err) != connectors.Conflict {
		t.Fatalf("beside one that was lost: %v", err)
	}
	s.settle()
	if got, err := there.RefundState(t.Context(), first, connectors.Receipt{}); err != nil || got.State != connectors.StateApplied {
		t.Fatalf("%+v, %v", got, err)
	}
	s.clock.add(quiet + slack)
	if q, err := here.Quote(t.Context(), first.Order); err != nil || slices.Contains(q.Findings, connectors.SnagPending) {
		t.Errorf("%v, %v", q.Findings, err)
	}
	if got, err := here.Refund(t.Context(), second); err != nil || got.State != connectors.StateAccepted {
		t.Errorf("after it: %+v, %v", got, err)
	}
}
