package bot

import (
	"slices"
	"testing"
	"time"

	"helloworld/connectors"
)

// TestHidden: which own refunds a platform does not show yet.
func TestHidden(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	eur := func(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "EUR"} }
	own := func(receipt, key string, minor int64, seen ...string) Payback {
		return Payback{Key: key, Created: asked, Receipt: connectors.Receipt{ID: receipt}, Body: PaybackBody{Cmd: connectors.Refund{Amount: eur(minor), Seen: seen}}}
	}
	seen := func(id, key string, minor int64, at time.Duration) connectors.RefundSeen {
		return connectors.RefundSeen{ID: id, Key: key, Amount: eur(minor), State: connectors.StateApplied, At: asked.Add(at)}
	}
	failed := seen("x", "", 500, time.Minute)
	failed.State = connectors.StateRejected
	late := own("f1", "k1", 500)
	late.Receipt.Began = asked.Add(40 * time.Minute)
	type owns = []Payback
	type sees = []connectors.RefundSeen
	for _, tt := range []struct {
		name string
		own  owns
		seen sees
		want []connectors.Money
	}{
		{"nothing at all", nil, nil, nil},
		{"not shown", owns{own("f1", "k1", 500)}, nil, []connectors.Money{eur(500)}},
		{"shown under its receipt", owns{own("r1", "k1", 500)}, sees{seen("r1", "", 500, -time.Hour)}, nil},
		{"shown with its key", owns{own("f1", "k1", 500)}, sees{seen("t1", "k1", 500, -time.Hour)}, nil},
		{"shown by its sum alone", owns{own("f1", "k1", 500)}, sees{seen("t1", "", 500, time.Hour)}, nil},
		{"another sum is shown", owns{own("f1", "k1", 500)}, sees{seen("t1", "", 400, time.Hour)}, []connectors.Money{eur(500)}},
		{"what was there before it", owns{own("f1", "k1", 500)}, sees{seen("t1", "", 500, -time.Hour)}, []connectors.Money{eur(500)}},
		{"what was seen when it was asked for", owns{own("f1", "k1", 500, "t1")}, sees{seen("t1", "", 500, time.Minute)}, []connectors.Money{eur(500)}},
		{"what was made while it lay at the platform", owns{late}, sees{seen("t1", "", 500, 10*time.Minute)}, []connectors.Money{eur(500)}},
		{"shown as soon as the platform began with it", owns{late}, sees{seen("t1", "", 500, 40*time.Minute)}, nil},
		{"one that failed", owns{own("f1", "k1", 500)}, sees{failed}, []connectors.Money{eur(500)}},
		{"one shown for two", owns{own("f1", "k1", 500), own("f2", "k2", 500)}, sees{seen("t1", "", 500, time.Hour)}, []connectors.Money{eur(500)}},
		{"a receipt goes before a sum", owns{own("f1", "k1", 500), own("r2", "k2", 500)}, sees{seen("r2", "", 500, time.Hour)}, []connectors.Money{eur(500)}},
	} {
		if got := hidden(tt.own, tt.seen); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
