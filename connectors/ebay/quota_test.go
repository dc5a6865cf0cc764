package ebay

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"helloworld/connectors"
)

// A day in virtual time: whoever syncs asks as often as it may, people ask at odd
// times, and another program eats from the same limit. Nothing goes over, no hour
// takes too much, and people always get through as long as their part lasts.
func TestDayBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(50, 5000).Draw(t, "limit")
		begin := start.Add(time.Duration(rapid.IntRange(0, 20*60).Draw(t, "minutes into the day")) * time.Minute)
		reset := start.Add(24 * time.Hour)
		left := rapid.IntRange(limit/2, limit).Draw(t, "left")
		others := rapid.IntRange(0, left/10).Draw(t, "taken by others")
		b := newDayBudget(float64(limit), float64(left), 24*time.Hour, reset, begin)
		people := int(b.reserve())
		hours := reset.Sub(begin).Hours()
		day := reset.Sub(begin)
		asks := map[int]int{} // in which of 1000 parts of the day a person asks
		for range rapid.IntRange(0, people).Draw(t, "people") {
			asks[rapid.IntRange(0, 999).Draw(t, "when")]++
		}
		idle := rapid.IntRange(0, 700).Draw(t, "parts in which nothing syncs")
		share := float64(left) / hours
		platform, told := left, begin
		perHour := map[int]int{}
		agents := 0
		for i := range 1000 {
			now := begin.Add(time.Duration(i) * day / 1000)
			if i == 500 {
				platform -= others
			}
			if now.Sub(told) >= quotaEvery {
				told = now
				b.told(float64(limit), float64(platform), 24*time.Hour, reset, now)
			}
			for range asks[i] {
				if w := b.wait(now, connectors.Agent); w > 0 {
					t.Fatalf("person %d of %d has to wait %v", agents, people, w)
				}
				b.spend(connectors.Agent)
				agents++
				platform--
			}
			if i == idle {
				share = float64(platform) / reset.Sub(now).Hours()
			}
			for i >= idle && b.wait(now, connectors.Sync) == 0 {
				b.spend(connectors.Sync)
				perHour[int(now.Sub(begin).Hours())]++
				platform--
			}
			if platform < 0 {
				t.Fatalf("%d calls over the limit", -platform)
			}
		}
		used := 0
		for h, n := range perHour {
			used += n
			if float64(n) > 3*share+1 {
				t.Fatalf("hour %d took %d, its share is %.1f", h, n, share)
			}
		}
		if free := left - people - agents - others; float64(used) < 0.8*float64(free)-2 {
			t.Fatalf("%d used of %d: too careful", used, free)
		}
		// The next day is whole again.
		if w := b.wait(reset.Add(time.Second), connectors.Sync); w != 0 || b.left != float64(limit) {
			t.Fatalf("the new day begins with %v of %d, waiting %v", b.left, limit, w)
		}
	})
}

// How long a wait is said to be, so long it is.
func TestDayBudgetWaits(t *testing.T) {
	t.Parallel()
	b := newDayBudget(1000, 1000, 24*time.Hour, start.Add(24*time.Hour), start)
	now := start
	for b.wait(now, connectors.Sync) == 0 {
		b.spend(connectors.Sync)
	}
	w := b.wait(now, connectors.Sync)
	if w <= 0 || w > 5*time.Minute {
		t.Fatalf("the next is in %v", w)
	}
	if b.wait(now.Add(w-time.Second), connectors.Sync) == 0 {
		t.Error("too early")
	}
	if w2 := b.wait(now.Add(w), connectors.Sync); w2 != 0 {
		t.Errorf("waited, and has to wait %v", w2)
	}
	// What was saved up is worth nothing once only the people's part is left.
	b.grow(now.Add(2 * time.Hour))
	b.told(1000, 99, 24*time.Hour, start.Add(24*time.Hour), now.Add(2*time.Hour))
	if b.credit < 2 || b.wait(now.Add(2*time.Hour), connectors.Sync) < 20*time.Hour || b.wait(now.Add(2*time.Hour), connectors.Agent) != 0 {
		t.Errorf("the people's part is taken: %+v", b)
	}
	b.told(1000, 0, 24*time.Hour, start.Add(24*time.Hour), now.Add(2*time.Hour))
	if w := b.wait(now.Add(2*time.Hour), connectors.Agent); w < 20*time.Hour {
		t.Errorf("nothing is left, and a person waits %v", w)
	}
	// What eBay counts lags behind: within a day it cannot give back what was used.
	b.told(1000, 500, 24*time.Hour, start.Add(24*time.Hour), now.Add(2*time.Hour))
	if w := b.wait(now.Add(2*time.Hour), connectors.Agent); w == 0 {
		t.Error("an old count is believed")
	}
	// The clock goes back: nothing grows, nothing breaks.
	if w := b.wait(start.Add(-time.Hour), connectors.Agent); w < 20*time.Hour {
		t.Errorf("%v", w)
	}
}

// Calls for which nobody waits look at the limits first, and are held back; those
// of people are not.
func TestQuotasArePaced(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	rate := s.limits[0]["resources"].([]obj)[0]["rates"].([]obj)[0]
	rate["limit"], rate["remaining"] = 100, 12
	shop := newShop(t, s)
	ctx := connectors.WithPriority(t.Context(), connectors.Sync)
	var err error
	n := 0
	for range 10 {
		if _, err = shop.Orders(ctx, connectors.Cursor{}); err != nil {
			break
		}
		n++
	}
	if connectors.KindOf(err) != connectors.Busy || codeOf(err) != "day_budget" || connectors.RetryAfterOf(err) < time.Minute || n == 0 || n > 2 {
		t.Fatalf("after %d: %v in %v", n, err, connectors.RetryAfterOf(err))
	}
	for range 8 {
		if _, err := shop.Order(t.Context(), first); err != nil {
			t.Fatalf("a person has to wait: %v", err)
		}
	}
	for range 5 {
		_, err = shop.Order(t.Context(), first)
	}
	if connectors.KindOf(err) != connectors.Busy || err == nil {
		t.Errorf("more than there are: %v", err)
	}
	if n := s.count("rate_limit/"); n != 2 {
		t.Errorf("the limits were asked for %d times", n)
	}
	// What eBay counts apart is not held back.
	if _, err := shop.Items(ctx, connectors.Cursor{}); err != nil {
		t.Errorf("%v", err)
	}
	// The next day, with the limits looked at again.
	s.lock(func() {
		s.at = s.at.Add(21 * time.Hour)
		rate["remaining"], rate["reset"] = 100, stamp(s.at.Add(24*time.Hour))
	})
	if _, err := shop.Orders(ctx, connectors.Cursor{}); err != nil {
		t.Errorf("the next day: %v", err)
	}
	// Without limits nothing is held back.
	s.lock(func() { s.limits, s.userLimits = nil, []obj{} })
	if _, err := newShop(t, s).Orders(ctx, connectors.Cursor{}); err != nil {
		t.Errorf("%v", err)
	}
}

func TestQuotaNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, api, part string }{
		{"/sell/fulfillment/v1/order/1-2/issue_refund", "fulfillment", "issuerefund"}, {"/commerce/message/v1/conversation", "message", "conversation"},
		{"/post-order/v2/return/search", "postorder", "return"}, {"/developer/analytics/v1_beta/rate_limit/", "analytics", "ratelimit"}, {"/", "", ""},
		{"/ebay-de/sell/inventory/v1/offer", "inventory", "offer"}, {"/sell", "", ""}, {"/health", "", ""},
	} {
		api, parts := apiOf(tt.path)
		found := tt.part == ""
		for _, p := range parts {
			found = found || p == tt.part
		}
		if api != tt.api || !found {
			t.Errorf("%s: %s %v", tt.path, api, parts)
		}
	}
	for word, want := range map[string]string{"getOrder": "order", "sell.inventory_item": "inventoryitem", "Post-Order": "postorder", "get": "get", "": ""} {
		if got := plain(word); got != want {
			t.Errorf("%q: %q", word, got)
		}
	}
}

func FuzzLimits(f *testing.F) {
	for _, s := range []string{`{"rateLimits":[{"apiContext":"sell","apiName":"fulfillment","resources":[{"name":"order","rates":[{"limit":10,"remaining":5,"reset":"2026-11-21T08:00:00.000Z","timeWindow":86400}]}]}]}`,
		`{"rateLimits":[{"resources":[{"rates":[{"limit":-1,"remaining":1e300,"timeWindow":1e18}]}]}]}`, `{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var w wireLimits
		if json.Unmarshal(raw, &w) != nil {
			return
		}
		var q quotas
		for _, x := range q.told(w, "", start) {
			if x.Limit < 0 || x.Left < 0 || x.Left > x.Limit || x.Window < 0 {
				t.Fatalf("%+v", x)
			}
		}
		ctx := connectors.WithPriority(t.Context(), connectors.Sync)
		if err := q.take(ctx, start, "GET", "/sell/fulfillment/v1/order"); err != nil && connectors.RetryAfterOf(err) <= 0 {
			t.Fatalf("%v without a time", err)
		}
	})
}
