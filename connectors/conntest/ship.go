package conntest

import (
	"testing"
	"time"

	"helloworld/connectors"
)

func shipper(t *testing.T, b *Bench) connectors.Shipper {
	t.Helper()
	s, ok := b.Shop.(connectors.Shipper)
	if !ok {
		t.Skip("the adapter tells no shipments")
	}
	need(t, "Ship", b.Ship.Key != "" && b.Ship.Number != "")
	need(t, "Shipped", b.Shipped != nil)
	return s
}

// shipSeen looks until the shipment is there.
func shipSeen(t *testing.T, b *Bench, s connectors.Shipper) {
	t.Helper()
	var r connectors.Receipt
	for range 5 {
		var err error
		if r, err = s.ShipState(t.Context(), b.Ship); err != nil {
			t.Fatal(err)
		}
		if r.State == connectors.StateApplied || b.Settle == nil {
			break
		}
		b.Settle()
	}
	happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	if n := b.Shipped(); n != 1 {
		t.Errorf("%d shipments, want 1", n)
	}
}

func ship(t *testing.T, b *Bench) {
	s := shipper(t, b)
	r, err := s.Ship(t.Context(), b.Ship)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	if n := b.Shipped(); n != 1 {
		t.Fatalf("%d shipments were told", n)
	}
	shipSeen(t, b, s)
}

func shipTwice(t *testing.T, b *Bench) {
	s := shipper(t, b)
	if _, err := s.Ship(t.Context(), b.Ship); err != nil {
		t.Fatal(err)
	}
	if b.Settle != nil {
		b.Settle()
	}
	r, err := s.Ship(t.Context(), b.Ship)
	if err == nil {
		happened(t, r, connectors.StateApplied, connectors.StateAccepted)
	} else {
		is(t, b, err, connectors.Conflict)
	}
	if n := b.Shipped(); n != 1 {
		t.Errorf("one key, %d shipments", n)
	}
}

func shipAbsent(t *testing.T, b *Bench) {
	r, err := shipper(t, b).ShipState(t.Context(), b.Ship)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, r, connectors.StateAbsent)
	if b.Shipped() != 0 {
		t.Error("looking told a shipment")
	}
}

func shipLost(t *testing.T, b *Bench) {
	s := shipper(t, b)
	need(t, "LoseShip", b.LoseShip != nil)
	b.LoseShip()
	_, err := s.Ship(t.Context(), b.Ship)
	is(t, b, err, connectors.Unsure)
	if n := b.Shipped(); n != 1 {
		t.Fatalf("%d shipments were told: a write goes out once", n)
	}
	shipSeen(t, b, s)
}

func shipThrottled(t *testing.T, b *Bench) {
	s := shipper(t, b)
	need(t, "Throttle", b.Throttle != nil)
	b.Throttle(100, 10*time.Minute)
	_, err := s.Ship(t.Context(), b.Ship)
	is(t, b, err, connectors.Busy)
	if n := b.Shipped(); n != 0 {
		t.Errorf("%d shipments were told", n)
	}
}

func carriers(t *testing.T, b *Bench) {
	s, ok := b.Shop.(connectors.Shipper)
	if !ok {
		t.Skip("the adapter tells no shipments")
	}
	known := 0
	for _, code := range []string{"dhl", "ups", "fedex", "usps", "dpd"} {
		word, ok := s.Carrier(code)
		if ok != (word != "") {
			t.Errorf("carrier %s is %q, %v", code, word, ok)
		}
		if ok {
			known++
		}
	}
	if known == 0 {
		t.Error("not one of the large carriers is known")
	}
	if word, ok := s.Carrier("no such carrier"); ok {
		t.Errorf("a carrier that there is not is called %q", word)
	}
}
