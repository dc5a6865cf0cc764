package conntest

import (
	"testing"
	"time"

	"helloworld/connectors"
)

func returnReader(t *testing.T, b *Bench) connectors.ReturnReader {
	t.Helper()
	r, ok := b.Shop.(connectors.ReturnReader)
	if !ok {
		t.Skip("the adapter reads no returns")
	}
	return r
}

func returnsComplete(t *testing.T, b *Bench) {
	r := returnReader(t, b)
	need(t, "Returns", b.Returns > 0)
	all, bad, _ := list(t, b, r.Returns)
	if len(bad) > 0 {
		t.Fatalf("unreadable: %v", bad[0].Err)
	}
	seen := map[string]bool{}
	for _, x := range all {
		seen[x.ID] = true
		if x.ID == "" || x.Number == "" || x.Kind == "" || x.Status == "" || x.Order == "" {
			t.Errorf("an incomplete return: %+v", x)
		}
		for _, at := range []time.Time{x.Created, x.Updated, x.Due} {
			if !at.IsZero() && at.Location() != time.UTC {
				t.Errorf("return %s: times are not in UTC", x.ID)
			}
		}
	}
	if len(seen) != b.Returns {
		t.Fatalf("%d returns, want %d", len(seen), b.Returns)
	}
	one, err := r.Return(t.Context(), all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if one.ID != all[0].ID || one.Order != all[0].Order || one.Kind != all[0].Kind {
		t.Errorf("by id came %+v, in the list stood %+v", one, all[0])
	}
}

func decider(t *testing.T, b *Bench) connectors.ReturnDecider {
	t.Helper()
	d, ok := b.Shop.(connectors.ReturnDecider)
	if !ok {
		t.Skip("the adapter answers no returns")
	}
	need(t, "Decision", b.Decision.Key != "" && b.Decision.Return != "")
	need(t, "Decided", b.Decided != nil)
	return d
}

// decided looks until the platform has it.
func decided(t *testing.T, b *Bench, d connectors.ReturnDecider, r connectors.Receipt) {
	t.Helper()
	for range 5 {
		var err error
		if r, err = d.DecideState(t.Context(), b.Decision, r); err != nil {
			t.Fatal(err)
		}
		if r.State == connectors.StateApplied || b.Settle == nil {
			break
		}
		b.Settle()
	}
	happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	if n := b.Decided(); n != 1 {
		t.Errorf("%d decisions, want 1", n)
	}
}

func decide(t *testing.T, b *Bench) {
	d := decider(t, b)
	r, err := d.Decide(t.Context(), b.Decision)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	if n := b.Decided(); n != 1 {
		t.Fatalf("%d decisions were sent", n)
	}
	decided(t, b, d, r)
}

func decideTwice(t *testing.T, b *Bench) {
	d := decider(t, b)
	if _, err := d.Decide(t.Context(), b.Decision); err != nil {
		t.Fatal(err)
	}
	r, err := d.Decide(t.Context(), b.Decision)
	if err == nil {
		happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	} else {
		is(t, b, err, connectors.Conflict)
	}
	if n := b.Decided(); n != 1 {
		t.Errorf("one key, %d decisions", n)
	}
}

func decideAbsent(t *testing.T, b *Bench) {
	r, err := decider(t, b).DecideState(t.Context(), b.Decision, connectors.Receipt{State: connectors.StateUnknown})
	if err != nil {
		t.Fatal(err)
	}
	happened(t, r, connectors.StateAbsent)
	if b.Decided() != 0 {
		t.Error("looking sent a decision")
	}
}

func decideLost(t *testing.T, b *Bench) {
	d := decider(t, b)
	need(t, "LoseDecision", b.LoseDecision != nil)
	b.LoseDecision()
	r, err := d.Decide(t.Context(), b.Decision)
	is(t, b, err, connectors.Unsure)
	if n := b.Decided(); n != 1 {
		t.Fatalf("%d decisions were sent: a write goes out once", n)
	}
	r.State = connectors.StateUnknown
	decided(t, b, d, r)
}

func decideRefused(t *testing.T, b *Bench) {
	d := decider(t, b)
	need(t, "DecisionBad", b.DecisionBad.Key != "")
	_, err := d.Decide(t.Context(), b.DecisionBad)
	is(t, b, err, connectors.Invalid, connectors.Conflict, connectors.NotFound, connectors.Unsupported)
	if n := b.Decided(); n != 0 {
		t.Errorf("%d decisions were carried out", n)
	}
}
