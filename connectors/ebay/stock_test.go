package ebay

import (
	"fmt"
	"net/url"
	"testing"

	"helloworld/connectors"
	"helloworld/connectors/conntest"
)

func rowOf(sku string, n int) connectors.StockSet {
	return connectors.StockSet{Key: "k-" + sku, SKU: sku, Quantity: n}
}

func TestStockRows(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	was := 10
	out := shop.SetStock(t.Context(), []connectors.StockSet{
		{Key: "a", SKU: "S-1", Quantity: 4, Was: &was}, rowOf("S-2", 66), rowOf("NO", 1), rowOf("S-7", 2), {SKU: "S-4", Quantity: 1}, {Key: "b", SKU: "S-4", Item: "not-its", Quantity: 1},
		rowOf("S-5", -1), {Key: "c", SKU: "S-5", Location: "nowhere", Quantity: 1},
		// The later word on a SKU is the one that stands.
		{Key: "d", SKU: "S-1", Quantity: 8, Was: ptr(4)},
	})
	want := []connectors.State{connectors.StateApplied, connectors.StateRejected, connectors.StateRejected, connectors.StateApplied, connectors.StateRejected,
		connectors.StateRejected, connectors.StateRejected, connectors.StateRejected, connectors.StateApplied}
	kinds := []connectors.Kind{-1, connectors.Invalid, connectors.NotFound, -1, connectors.Invalid, connectors.NotFound, connectors.Invalid, connectors.NotFound, -1}
	for i, r := range out {
		if r.State != want[i] || kinds[i] >= 0 && connectors.KindOf(r.Err) != kinds[i] || (kinds[i] < 0) != (r.Err == nil) {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	if n := s.offers[0]["availableQuantity"]; n != 8 {
		t.Errorf("S-1 has %v", n)
	}
	// What has the quantity already is not sent.
	before := s.count("bulk_update")
	if r := shop.SetStock(t.Context(), []connectors.StockSet{rowOf("S-1", 8)})[0]; r.State != connectors.StateApplied || s.count("bulk_update") != before {
		t.Errorf("%+v", r)
	}
}

func ptr(n int) *int { return &n }

// Several warehouses: the others keep what they have, and what eBay knows of them.
func TestStockPlaces(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	ship := s.items[0]["availability"].(obj)["shipToLocationAvailability"].(obj)
	ship["availabilityDistributions"] = []obj{{"merchantLocationKey": "hamburg", "quantity": 6, "fulfillmentTime": obj{"value": 1, "unit": "BUSINESS_DAY"}}, {"merchantLocationKey": "lyon", "quantity": 4}}
	shop := newShop(t, s)
	if r := shop.SetStock(t.Context(), []connectors.StockSet{rowOf("S-1", 3)})[0]; connectors.KindOf(r.Err) != connectors.Invalid || r.Code != "location" {
		t.Errorf("in which one? %+v", r)
	}
	row, err := shop.stockRow(t.Context(), connectors.StockSet{Key: "k", SKU: "S-1", Location: "lyon", Quantity: 1, Was: ptr(4)})
	if err != nil || row.Ship.Quantity != 7 || row.Offers[0].Quantity != 7 || len(row.Ship.Places) != 2 || row.Ship.Places[0].Quantity != 6 || len(row.Ship.Places[0].Time) == 0 {
		t.Errorf("%+v %v", row, err)
	}
	if r := shop.SetStock(t.Context(), []connectors.StockSet{{Key: "k", SKU: "S-1", Location: "lyon", Quantity: 1, Was: ptr(10)}})[0]; connectors.KindOf(r.Err) != connectors.Conflict {
		t.Errorf("%+v", r)
	}
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	for i := range maxRevisions {
		if r := shop.SetStock(t.Context(), []connectors.StockSet{rowOf("S-1", 100+i)})[0]; r.Err != nil {
			t.Fatalf("%d: %+v", i, r)
		}
	}
	before := s.count("bulk_update")
	out := shop.SetStock(t.Context(), []connectors.StockSet{rowOf("S-1", 1), rowOf("S-2", 1)})
	if connectors.KindOf(out[0].Err) != connectors.Busy || out[0].State != connectors.StateAbsent || connectors.RetryAfterOf(out[0].Err) != untilMidnight(start) || out[1].Err != nil {
		t.Errorf("%+v", out)
	}
	if n := s.count("bulk_update") - before; n != 1 {
		t.Errorf("%d calls", n)
	}
	s.lock(func() { s.at = s.at.Add(untilMidnight(start)) })
	if r := shop.SetStock(t.Context(), []connectors.StockSet{rowOf("S-1", 1)})[0]; r.Err != nil {
		t.Errorf("the next day: %+v", r)
	}
}

func TestStockChunksAndLoss(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	var rows []connectors.StockSet
	for i := range 60 {
		sku := fmt.Sprintf("BULK %d/%%é", i)
		s.items = append(s.items, obj{"sku": sku, "availability": obj{"shipToLocationAvailability": obj{"quantity": 1}}})
		rows = append(rows, rowOf(sku, 2))
	}
	shop := newShop(t, s)
	for i, r := range shop.SetStock(t.Context(), rows) {
		if r.State != connectors.StateApplied || r.SKU != rows[i].SKU {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
	if n := s.count("bulk_update"); n != 3 {
		t.Errorf("60 rows in %d calls", n)
	}
	s.lock(func() { s.lose = true })
	if r := shop.SetStock(t.Context(), []connectors.StockSet{rowOf("S-1", 3)})[0]; r.State != connectors.StateUnknown || connectors.KindOf(r.Err) != connectors.Unsure {
		t.Errorf("%+v", r)
	}
	s.lock(func() { s.fail, s.fault = 100, conntest.ServerError })
	if r := shop.SetStock(t.Context(), []connectors.StockSet{rowOf("S-1", 5)})[0]; r.State != connectors.StateAbsent || connectors.KindOf(r.Err) != connectors.Down {
		t.Errorf("not even read: %+v", r)
	}
}

func TestItemStatuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		offer, listing string
		hold           bool
		want           connectors.ItemStatus
	}{
		{"PUBLISHED", "ACTIVE", false, connectors.ItemActive}, {"PUBLISHED", "OUT_OF_STOCK", false, connectors.ItemInactive}, {"PUBLISHED", "ACTIVE", true, connectors.ItemBlocked},
		{"PUBLISHED", "EBAY_ENDED", false, connectors.ItemBlocked}, {"UNPUBLISHED", "", false, connectors.ItemInactive}, {"", "", false, connectors.ItemInactive},
		{"PUBLISHED", "IN_ORBIT", false, connectors.ItemOther}, {"FLOATING", "", false, connectors.ItemOther},
	} {
		var o wireOffer
		o.Status, o.Listing.Status, o.Listing.OnHold = tt.offer, tt.listing, tt.hold
		if got := itemStatus(o); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

// Whatever stands in a SKU arrives letter for letter, in the path and in the query.
func TestOddSKUs(t *testing.T) {
	t.Parallel()
	for _, sku := range []string{"a/b", "a%2Fb", "100%", "a b", "a+b", "a?b#c", "é", "红色", "🎈", "..", ".", "a&b=c", `a"b\c`} {
		s := newServer(t, 1)
		s.items, s.offers = []obj{{"sku": sku, "availability": obj{"shipToLocationAvailability": obj{"quantity": 1}}}},
			[]obj{{"offerId": "1", "sku": sku, "status": "PUBLISHED", "format": "FIXED_PRICE", "availableQuantity": 1, "pricingSummary": obj{"price": obj{"value": "1200", "currency": "JPY"}}}}
		shop := newShop(t, s)
		p, err := shop.Items(t.Context(), connectors.Cursor{})
		if err != nil || len(p.Items) != 1 || p.Items[0].SKU != sku || p.Items[0].Price.Minor != 1200 {
			t.Errorf("%q: %+v %v", sku, p, err)
		}
		if sku == "." || sku == ".." {
			// A path cannot name them: servers take them for steps.
			if r := shop.SetStock(t.Context(), []connectors.StockSet{rowOf(sku, 7)})[0]; connectors.KindOf(r.Err) != connectors.Invalid {
				t.Errorf("%q: %+v", sku, r)
			}
			continue
		}
		if r := shop.SetStock(t.Context(), []connectors.StockSet{rowOf(sku, 7)})[0]; r.Err != nil || s.offers[0]["availableQuantity"] != 7 {
			t.Errorf("%q (%s): %+v", sku, url.PathEscape(sku), r)
		}
	}
}

// An item that goes away while the pages are read must not hide another.
func TestItemsAreReadAgainWhenTheyShrink(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	seen := map[string]bool{}
	cur := connectors.Cursor{Limit: 3}
	for i := range 10 {
		p, err := shop.Items(t.Context(), cur)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range p.Items {
			seen[x.SKU] = true
		}
		if i == 0 {
			s.lock(func() { s.items = s.items[1:] })
		}
		if cur = p.Next; !p.More {
			break
		}
	}
	if len(seen) != 7 {
		t.Errorf("%d of 7 SKUs", len(seen))
	}
}

// Where the calls of the day end in the middle of a page, what was read of it is
// kept, and the rest of it is read later.
func TestAPageOfItemsIsReadInParts(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	s.items, s.offers = nil, nil
	for i := range 30 {
		s.items = append(s.items, obj{"sku": fmt.Sprint("S", i), "availability": obj{"shipToLocationAvailability": obj{"quantity": 1}}})
	}
	rate := s.userLimits[0]["resources"].([]obj)[0]
	rate["name"] = "offer"
	rate["rates"].([]obj)[0]["remaining"] = 7
	shop := newShop(t, s)
	if _, err := shop.Quotas(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := shop.Items(t.Context(), connectors.Cursor{Limit: 25})
	if err != nil || !p.More || len(p.Items) == 0 || len(p.Items) > 7 {
		t.Fatalf("%d items, %v", len(p.Items), err)
	}
	if _, err := shop.Items(t.Context(), p.Next); connectors.KindOf(err) != connectors.Busy || err == nil {
		t.Errorf("nothing is left: %v", err)
	}
	s.lock(func() { s.userLimits = []obj{} })
	shop, seen := newShop(t, s), len(p.Items)
	for last := p.Items[seen-1].SKU; p.More; {
		if p, err = shop.Items(t.Context(), p.Next); err != nil {
			t.Fatal(err)
		}
		for _, x := range p.Items {
			if want := fmt.Sprint("S", seen); x.SKU != want {
				t.Fatalf("after %s came %s, not %s", last, x.SKU, want)
			}
			last, seen = x.SKU, seen+1
		}
	}
	if seen != 30 {
		t.Errorf("%d of 30", seen)
	}
}
