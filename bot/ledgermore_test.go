package bot

import (
	"fmt"
	"testing"

	"golang.org/x/text/language"

	"helloworld/bot/alerts"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
)

// TestManyDifferencesAreFewAlerts: twenty are alerts of their own, one says how
// many more there are, and it goes when there are no more.
func TestManyDifferencesAreFewAlerts(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		place := Channel{Place: chat.Place{Chat: "silent", Channel: "ops"}, Name: "ops", Lang: language.English, Stores: []string{people.EveryStore}, Topics: []Topic{TopicAlerts}}
		o := newOffice(t, url, "Asia/Shanghai", "2026-11-20 14:00", place)
		keep := func(i int, differs bool) {
			t.Helper()
			order := fmt.Sprintf("o%02d", i)
			var now []difference
			if differs {
				now = []difference{{Order: order, Number: order, Refund: fmt.Sprintf("R%02d", i), What: differsMissing, Ours: "5.00 EUR", Theirs: "0.00 EUR"}}
			}
			if err := o.db.Write(t.Context(), func(tx *store.Tx) error { return o.desk.keepDifferences(tx, "ebay-de", order, now) }); err != nil {
				t.Fatal(err)
			}
		}
		check := func(when string, want int, more string) {
			t.Helper()
			var live []alerts.Alert
			if err := o.db.Read(t.Context(), func(tx *store.Tx) (err error) {
				live, err = alerts.Live(tx, "ebay-de")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, a := range live {
				if a.Detail["what"] == differsMore {
					said = a.Detail["n"]
				}
			}
			if len(live) != want || said != more {
				t.Errorf("%s: %d alerts and %q more, want %d and %q", when, len(live), said, want, more)
			}
		}
		for i := range 20 {
			keep(i, true)
		}
		check("twenty", 20, "")
		for i := 20; i < 35; i++ {
			keep(i, true)
		}
		check("thirty-five", 21, "15")
		for i := range 35 {
			keep(i, true)
		}
		check("seen again", 21, "15")
		for i := 21; i < 35; i++ {
			keep(i, false)
		}
		check("one too many", 21, "1")
		keep(0, false)
		check("twenty, of which one was not told", 19, "")
		keep(20, true)
		check("told at the next look", 20, "")
		for i := range 35 {
			keep(i, false)
		}
		check("none", 0, "")
	})
}
