package ebay

import (
	"testing"

	"helloworld/connectors"
)

func TestTrackingNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"1Z 999 AA1-0123 4567.84": "1Z999AA10123456784", "ＪＤ０１４６００": "JD014600", "jd01\u00a046": "jd0146", "LP00‑12": "LP0012", "": "",
	} {
		if got, err := trackingNumber(in); got != want || err != nil {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
	for _, in := range []string{"12/34", "12#", "单号1", "12_3", "🎈", "https://x"} {
		if got, err := trackingNumber(in); connectors.KindOf(err) != connectors.Invalid || err == nil || got != "" {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

func shipOf(number string, lines ...connectors.ShipLine) connectors.Ship {
	return connectors.Ship{Key: "k-" + number, Order: first, Carrier: "yunexpress", Number: number, Lines: lines, At: start}
}

func TestShipParts(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	shop := newShop(t, s)
	line := s.orders[1]["lineItems"].([]obj)[0]["lineItemId"].(string)
	one := connectors.ShipLine{Line: line, Quantity: 1}
	r, err := shop.Ship(t.Context(), shipOf("YT1", one))
	if err != nil || r.State != connectors.StateApplied || r.ID != "YT1" {
		t.Fatalf("%+v %v", r, err)
	}
	if p := s.ships[first][0]; p["shippingCarrierCode"] != "YunExpress" {
		t.Errorf("%+v", p)
	}
	if r, err := shop.Ship(t.Context(), shipOf("YT2", connectors.ShipLine{Line: line, Quantity: 2})); connectors.KindOf(err) != connectors.Conflict || err == nil || r.State != connectors.StateRejected {
		t.Errorf("more than is left: %+v %v", r, err)
	}
	if _, err := shop.Ship(t.Context(), shipOf("YT2", connectors.ShipLine{Line: "nobody's"})); connectors.KindOf(err) != connectors.Invalid || err == nil {
		t.Errorf("%v", err)
	}
	if r, err := shop.Ship(t.Context(), shipOf("YT2")); err != nil || r.ID != "YT2" {
		t.Errorf("the rest: %+v %v", r, err)
	}
	if p := s.ships[first][1]["lineItems"].([]obj); len(p) != 1 || p[0]["quantity"] != 1 {
		t.Errorf("%+v", p)
	}
	if _, err := shop.Ship(t.Context(), shipOf("YT3")); connectors.KindOf(err) != connectors.Conflict || codeOf(err) != "nothing_left" {
		t.Errorf("%v", err)
	}
	// Another process, the same parcel, written as people write it.
	if r, err := newShop(t, s).Ship(t.Context(), shipOf("yt-2")); err != nil || r.State != connectors.StateApplied || s.shipped != 2 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestShipRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	shop := newShop(t, s)
	for name, change := range map[string]func(*connectors.Ship){
		"no number": func(c *connectors.Ship) { c.Number = "" }, "no carrier": func(c *connectors.Ship) { c.Carrier = " " },
		"no key": func(c *connectors.Ship) { c.Key = "" }, "no order": func(c *connectors.Ship) { c.Order = "" }, "odd number": func(c *connectors.Ship) { c.Number = "1/2" },
	} {
		c := shipOf("YT1")
		change(&c)
		if r, err := shop.Ship(t.Context(), c); connectors.KindOf(err) != connectors.Invalid || err == nil || r.State != connectors.StateRejected {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
	if s.calls != 0 {
		t.Errorf("%d calls for nothing", s.calls)
	}
	c := shipOf("YT1")
	c.Order = "99-99999-99999"
	if _, err := shop.Ship(t.Context(), c); connectors.KindOf(err) != connectors.NotFound || err == nil {
		t.Errorf("%v", err)
	}
	// A carrier that is nobody's code goes as people wrote it.
	c = shipOf("YT1")
	c.Carrier = "Onkel Heinz"
	if _, err := shop.Ship(t.Context(), c); err != nil || s.ships[first][0]["shippingCarrierCode"] != "Onkel Heinz" {
		t.Errorf("%v", err)
	}
}

// The answer got lost, and eBay does not show the parcel yet.
func TestShipLostAndHidden(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	s.lose, s.hide = true, true
	shop := newShop(t, s)
	if r, err := shop.Ship(t.Context(), shipOf("YT1")); connectors.KindOf(err) != connectors.Unsure || err == nil || r.State != connectors.StateUnknown {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := shop.ShipState(t.Context(), shipOf("YT1")); err != nil || r.State != connectors.StateUnknown || r.After == 0 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := shop.Ship(t.Context(), shipOf("YT1")); connectors.KindOf(err) != connectors.Unsure || s.shipped != 1 {
		t.Errorf("%v, %d sent", err, s.shipped)
	}
	// A process that knows nothing of it is told by eBay, and then sees it or not.
	if _, err := newShop(t, s).Ship(t.Context(), shipOf("YT1")); connectors.KindOf(err) != connectors.Conflict || codeOf(err) != "34500" || s.shipped != 1 {
		t.Errorf("%v, %d sent", err, s.shipped)
	}
	s.lock(func() { s.hide = false })
	if r, err := shop.ShipState(t.Context(), shipOf("YT1")); err != nil || r.State != connectors.StateApplied {
		t.Errorf("%+v %v", r, err)
	}
}
