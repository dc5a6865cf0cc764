package amazon

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"helloworld/connectors"
)

// TestHiddenIsNotThisOne: the finances are up to two days behind, so what turns
// up in them may be the refund before this one.
func TestHiddenIsNotThisOne(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	cmd := refundOf(s, 1000)
	post := func(id string, cents int64, after time.Duration) {
		s.posted = append(s.posted, map[string]any{"order": cmd.Order, "transactionType": "Refund", "transactionId": id,
			"postedDate":  cmd.Asked.Add(after).UTC().Format(time.RFC3339),
			"totalAmount": map[string]any{"currencyCode": "EUR", "currencyAmount": json.Number(fmt.Sprintf("-%d.%02d", cents/100, cents%100))}})
	}
	sum := func(cents ...int64) (out []connectors.Money) {
		for _, c := range cents {
			out = append(out, connectors.Money{Minor: c, Currency: "EUR"})
		}
		return out
	}
	look := func(hidden ...int64) bool {
		t.Helper()
		c := cmd
		c.Hidden = sum(hidden...)
		found, err := newSeller(t, s).inFinances(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if look() {
		t.Error("found where there is nothing")
	}
	post("one", 1000, time.Minute)
	for _, tt := range []struct {
		hidden []int64
		want   bool
	}{{nil, true}, {[]int64{400}, true}, {[]int64{1000}, false}} {
		if got := look(tt.hidden...); got != tt.want {
			t.Errorf("one is shown, hidden were %v: found %v", tt.hidden, got)
		}
	}
	post("two", 1000, 2*time.Minute)
	if !look(1000) || look(1000, 1000) {
		t.Error("two are shown: the second is this one, unless two were hidden")
	}
	s.posted = nil
	post("old", 1000, -time.Hour)
	post("new", 1000, time.Minute)
	if !look(1000) {
		t.Error("the old one is the hidden one, so the new one is this")
	}
}
