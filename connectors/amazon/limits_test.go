package amazon

import (
	"testing"
	"time"
)

func TestQuotas(t *testing.T) {
	s := newServer(t, 2)
	c := newSeller(t, s)
	for range 3 {
		if _, err := c.Order(t.Context(), "302-1234567-8901001"); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.Quotas(t.Context())
	if err != nil || len(all) != len(Operations())+1 {
		t.Fatalf("%d %v", len(all), err)
	}
	for _, q := range all {
		switch q.Name {
		case "getOrder":
			if q.Used < 1 || q.Used > 3 || !q.Told || q.Limit != 30 || q.Left != 30-q.Used || q.Window != 300*time.Millisecond {
				t.Errorf("%+v", q)
			}
		case "searchOrders":
			if q.Used != 0 || q.Told || q.Limit != 20 || q.Window < 59*time.Minute {
				t.Errorf("%+v", q)
			}
		case opReads:
			if q.Used != 3 || q.Window != 24*time.Hour || q.Resets.Day() != 22 {
				t.Errorf("%+v", q)
			}
		}
	}
	s.clock.add(24 * time.Hour)
	all, _ = c.Quotas(t.Context())
	if last := all[len(all)-1]; last.Used != 0 {
		t.Errorf("a new day: %+v", last)
	}
}
