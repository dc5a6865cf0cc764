package amazon

import (
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
