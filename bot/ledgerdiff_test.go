package bot

import (
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/alerts"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// TestDifferences: what differs, what does not, and what was made elsewhere.
func TestDifferences(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	eur := func(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "EUR"} }
	own := func(s RefundState, minor int64, receipt string) Payback {
		return Payback{ID: "R1", Key: "k1", State: s, Receipt: connectors.Receipt{ID: receipt}, Created: now.Add(-6 * time.Hour), Updated: now.Add(-5 * time.Hour),
			Body: PaybackBody{Cmd: connectors.Refund{Amount: eur(minor)}}}
	}
	seen := func(id, key string, minor int64, at time.Duration) connectors.RefundSeen {
		return connectors.RefundSeen{ID: id, Key: key, Amount: eur(minor), State: connectors.StateApplied, At: now.Add(at)}
	}
	said := func(r Payback) Payback { r.Error = byHand; return r }
	credit := own(RefundConfirmed, 1000, "")
	credit.Body.Cmd.Method = connectors.StoreCredit
	late := own(RefundConfirmed, 1000, "")
	late.Receipt.Began = now.Add(-2 * time.Hour)
	for _, c := range []struct {
		name      string
		own       []Payback
		seen      []connectors.RefundSeen
		lag       time.Duration
		want      string
		elsewhere int
	}{
		{name: "known by its receipt", own: []Payback{own(RefundConfirmed, 1000, "p1")}, seen: []connectors.RefundSeen{seen("p1", "", 1000, -5*time.Hour)}},
		{name: "known by its key", own: []Payback{own(RefundConfirmed, 1000, "")}, seen: []connectors.RefundSeen{seen("p1", "k1", 1000, -5*time.Hour)}},
		{name: "known by sum and time", own: []Payback{own(RefundConfirmed, 1000, "")}, seen: []connectors.RefundSeen{seen("p1", "", 1000, -5*time.Hour)}},
		{name: "not there", own: []Payback{own(RefundConfirmed, 1000, "p1")}, want: differsMissing},
		{name: "not there yet", own: []Payback{own(RefundConfirmed, 1000, "p1")}, lag: 48 * time.Hour},
		{name: "an older one of the same sum is another", own: []Payback{own(RefundConfirmed, 1000, "")}, seen: []connectors.RefundSeen{seen("p0", "", 1000, -48*time.Hour)},
			want: differsMissing, elsewhere: 1},
		{name: "one of the same sum from before the platform began with ours is another", own: []Payback{late}, seen: []connectors.RefundSeen{seen("p0", "", 1000, -5*time.Hour)},
			want: differsMissing, elsewhere: 1},
		{name: "another sum", own: []Payback{own(RefundConfirmed, 1000, "p1")}, seen: []connectors.RefundSeen{seen("p1", "", 900, -5*time.Hour)}, want: differsAmount},
		{name: "one that the platform refused is none", own: []Payback{own(RefundConfirmed, 1000, "p1")},
			seen: []connectors.RefundSeen{{ID: "p1", Amount: eur(1000), State: connectors.StateRejected}}, want: differsMissing},
		{name: "denied, and there", own: []Payback{own(RefundDenied, 1000, "")}, seen: []connectors.RefundSeen{seen("p1", "k1", 1000, -5*time.Hour)}, want: differsThere},
		{name: "denied, and made elsewhere", own: []Payback{own(RefundDenied, 1000, "")}, seen: []connectors.RefundSeen{seen("p1", "", 1000, -5*time.Hour)}, elsewhere: 1},
		{name: "a person was wrong", own: []Payback{said(own(RefundFailed, 1000, ""))}, seen: []connectors.RefundSeen{seen("p1", "", 1000, -330*time.Minute)}, want: differsThere},
		{name: "a person made it good elsewhere", own: []Payback{said(own(RefundFailed, 1000, ""))}, seen: []connectors.RefundSeen{seen("p1", "", 1000, -time.Hour)}, elsewhere: 1},
		{name: "under way", own: []Payback{own(RefundSent, 1000, "")}, seen: []connectors.RefundSeen{seen("p1", "", 1000, -5*time.Hour)}},
		{name: "made elsewhere", seen: []connectors.RefundSeen{seen("p1", "", 1000, -5*time.Hour)}, elsewhere: 1},
		{name: "more than was paid", own: []Payback{own(RefundConfirmed, 4000, "p1")},
			seen: []connectors.RefundSeen{seen("p1", "", 4000, -5*time.Hour), seen("p2", "", 4000, -4*time.Hour)}, want: differsOver, elsewhere: 1},
		{name: "store credit is not on every list", own: []Payback{credit}},
	} {
		o := connectors.Order{ID: "o1", Number: "1001", Total: eur(5000), Refunded: eur(0), Refunds: c.seen}
		for _, x := range c.seen {
			o.Refunded = o.Refunded.Add(x.Amount)
		}
		got, elsewhere, early := differences(c.own, o, now, max(c.lag, time.Hour))
		what := ""
		for _, x := range got {
			what += x.What
		}
		if (early > 0) != (c.name == "not there yet") {
			t.Errorf("%s: %d are too young", c.name, early)
		}
		if what != c.want || elsewhere != c.elsewhere {
			t.Errorf("%s: %q and %d elsewhere, want %q and %d", c.name, what, elsewhere, c.want, c.elsewhere)
		}
	}
}

// TestDifferencesAreAlerts: each is one alert, however often it is seen, and ends
// when it is gone; two of a store stand side by side.
func TestDifferencesAreAlerts(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		place := Channel{Place: chat.Place{Chat: "silent", Channel: "ops"}, Name: "ops", Lang: language.English, Stores: []string{people.EveryStore}, Topics: []Topic{TopicAlerts}}
		o := newOffice(t, url, "Asia/Shanghai", "2026-11-20 14:00", place)
		a := difference{Order: "o1", Number: "1", Refund: "R1", What: differsMissing, Ours: "5.00 EUR", Theirs: "0.00 EUR"}
		b := difference{Order: "o1", Number: "1", Refund: "R2", What: differsThere, Ours: "failed", Theirs: "7.00 EUR"}
		for i, step := range []struct {
			now  []difference
			want int
		}{{[]difference{a}, 1}, {[]difference{a, b}, 2}, {[]difference{a, b}, 2}, {[]difference{b}, 1}, {nil, 0}, {[]difference{a}, 1}} {
			var live []alerts.Alert
			var open []difference
			var cards int
			if err := o.db.Write(t.Context(), func(tx *store.Tx) (err error) {
				if err = o.desk.keepDifferences(tx, "ebay-de", "o1", step.now); err != nil {
					return err
				}
				if live, err = alerts.Live(tx, "ebay-de"); err != nil {
					return err
				}
				if err = tx.Row(`SELECT COUNT(*) FROM shown WHERE matter LIKE 'alert:%'`).Scan(&cards); err != nil {
					return err
				}
				open, err = openDifferences(tx, "ebay-de", "")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if len(live) != step.want || len(open) != step.want {
				t.Errorf("step %d: %d alerts and %d differences, want %d", i, len(live), len(open), step.want)
			}
			if most := min(i+1, 2); i < 5 && cards > most {
				t.Errorf("step %d: %d cards, want %d", i, cards, most)
			}
		}
	})
}

// TestTheNightComesOnce: the comparison is started once a day, from its hour on.
func TestTheNightComesOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		o := newOffice(t, url, "Asia/Shanghai", "2026-11-20 02:00")
		o.desk.After = Aftermath{Hour: 3, Days: 30}
		for _, c := range []struct {
			at   string
			want int
		}{{"2026-11-20 02:59", 0}, {"2026-11-20 03:00", 1}, {"2026-11-20 03:01", 1}, {"2026-11-21 02:00", 1}, {"2026-11-23 10:00", 2}} {
			at, err := time.ParseInLocation("2006-01-02 15:04", c.at, o.desk.Zone)
			if err != nil {
				t.Fatal(err)
			}
			o.now = at
			var n int
			if err := o.db.Write(t.Context(), func(tx *store.Tx) error {
				if err := o.desk.startNight(tx); err != nil {
					return err
				}
				return tx.Row(`SELECT COUNT(*) FROM ledger_run WHERE day IS NOT NULL`).Scan(&n)
			}); err != nil || n != c.want {
				t.Errorf("%s: %d comparisons, want %d: %v", c.at, n, c.want, err)
			}
		}
	})
}
