package conntest

import (
	"testing"
	"time"

	"helloworld/connectors"
)

func refunder(t *testing.T, b *Bench) connectors.Refunder {
	t.Helper()
	r, ok := b.Shop.(connectors.Refunder)
	if !ok {
		t.Skip("the adapter gives no refunds")
	}
	return r
}

func quote(t *testing.T, b *Bench) {
	q, err := refunder(t, b).Quote(t.Context(), b.Order)
	if err != nil {
		t.Fatal(err)
	}
	if q.Order.ID != b.Order || q.Remaining.Minor < b.Refund.Amount.Minor || q.Remaining.Currency != b.Refund.Amount.Currency {
		t.Errorf("remaining %v of order %s", q.Remaining, q.Order.ID)
	}
	if len(q.Lines) != len(q.Order.Lines) {
		t.Errorf("%d lines, the order has %d", len(q.Lines), len(q.Order.Lines))
	}
}

// happened: the platform did it or took it on.
func happened(t *testing.T, r connectors.Receipt, want ...connectors.State) {
	t.Helper()
	for _, s := range want {
		if r.State == s {
			return
		}
	}
	t.Fatalf("state %q, want %q (%+v)", r.State, want, r)
}

// settle looks until the platform has decided.
func settle(t *testing.T, b *Bench, cmd connectors.Refund, r connectors.Receipt) connectors.Receipt {
	t.Helper()
	for range 5 {
		if r.State == connectors.StateApplied || r.State == connectors.StateRejected {
			return r
		}
		if b.Settle != nil {
			b.Settle()
		}
		next, err := refunder(t, b).RefundState(t.Context(), cmd, r)
		if err != nil {
			t.Fatal(err)
		}
		r = next
	}
	return r
}

func refund(t *testing.T, b *Bench) {
	need(t, "Sent", b.Sent != nil)
	rf := refunder(t, b)
	r, err := rf.Refund(t.Context(), b.Refund)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	if r.ID == "" {
		t.Errorf("a receipt without id: %+v", r)
	}
	if b.Sent() != 1 {
		t.Fatalf("%d refunds were sent", b.Sent())
	}
	r = settle(t, b, b.Refund, r)
	happened(t, r, connectors.StateApplied)
	if r.Amount != b.Refund.Amount && !r.Amount.IsZero() {
		t.Errorf("the receipt says %v, asked for %v", r.Amount, b.Refund.Amount)
	}
	if b.Sent() != 1 {
		t.Errorf("looking sent another refund: %d", b.Sent())
	}
}

func refundTwice(t *testing.T, b *Bench) {
	need(t, "Sent", b.Sent != nil)
	rf := refunder(t, b)
	if _, err := rf.Refund(t.Context(), b.Refund); err != nil {
		t.Fatal(err)
	}
	r, err := rf.Refund(t.Context(), b.Refund)
	if err == nil {
		happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	} else {
		is(t, b, err, connectors.Conflict)
	}
	if b.Sent() != 1 {
		t.Errorf("one key, %d refunds", b.Sent())
	}
}

func refundAbsent(t *testing.T, b *Bench) {
	r, err := refunder(t, b).RefundState(t.Context(), b.Refund, connectors.Receipt{State: connectors.StateUnknown})
	if err != nil {
		t.Fatal(err)
	}
	happened(t, r, connectors.StateAbsent)
	if b.Sent != nil && b.Sent() != 0 {
		t.Error("looking sent a refund")
	}
}

func refundLost(t *testing.T, b *Bench) {
	need(t, "LoseRefund", b.LoseRefund != nil && b.Sent != nil)
	rf := refunder(t, b)
	b.LoseRefund()
	r, err := rf.Refund(t.Context(), b.Refund)
	is(t, b, err, connectors.Unsure)
	if b.Sent() != 1 {
		t.Fatalf("%d refunds were sent: a write goes out once", b.Sent())
	}
	r.State = connectors.StateUnknown
	r, err = rf.RefundState(t.Context(), b.Refund, r)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	happened(t, settle(t, b, b.Refund, r), connectors.StateApplied)
	if b.Sent() != 1 {
		t.Errorf("%d refunds were sent", b.Sent())
	}
}

func refundRefused(t *testing.T, b *Bench) {
	need(t, "Refused", b.Refused.Key != "" && b.Sent != nil)
	r, err := refunder(t, b).Refund(t.Context(), b.Refused)
	if err == nil {
		// An asynchronous platform says so later.
		happened(t, r, connectors.StateAccepted)
		happened(t, settle(t, b, b.Refused, r), connectors.StateRejected)
		return
	}
	is(t, b, err, connectors.Invalid, connectors.Conflict)
	if b.Sent() != 0 {
		t.Errorf("%d refunds were carried out", b.Sent())
	}
}

func refundThrottled(t *testing.T, b *Bench) {
	need(t, "Throttle", b.Throttle != nil && b.Sent != nil)
	b.Throttle(100, 10*time.Minute)
	_, err := refunder(t, b).Refund(t.Context(), b.Refund)
	is(t, b, err, connectors.Busy)
	if b.Sent() != 0 {
		t.Errorf("%d refunds were sent", b.Sent())
	}
}
