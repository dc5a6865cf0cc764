package bot

import (
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
)

// TestTheHeadIsPostedOnceADay: from nine o'clock of the day after the log began,
// once, whatever starts again.
func TestTheHeadIsPostedOnceADay(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		place := Channel{Place: chat.Place{Chat: "silent", Channel: "leads"}, Name: "leads", Lang: language.English, Stores: []string{people.EveryStore}, Topics: []Topic{TopicApprovals}}
		o := newOffice(t, url, "Asia/Shanghai", "2026-11-20 14:00", place)
		if err := o.db.Write(t.Context(), func(tx *store.Tx) error {
			return o.desk.Audit.Append(tx, "anna", "refund.asked", "refund:R1", nil)
		}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			at   string
			want int
		}{{"2026-11-20 23:00", 0}, {"2026-11-21 08:59", 0}, {"2026-11-21 09:00", 1}, {"2026-11-21 09:01", 1}, {"2026-11-24 12:00", 2}, {"2026-11-25 08:00", 2}, {"2026-11-25 09:30", 3}} {
			at, err := time.ParseInLocation("2006-01-02 15:04", c.at, o.desk.Zone)
			if err != nil {
				t.Fatal(err)
			}
			o.now = at
			var n int
			if err := o.db.Write(t.Context(), func(tx *store.Tx) error {
				if err := o.desk.postHead(tx); err != nil {
					return err
				}
				return tx.Row(`SELECT COUNT(*) FROM shown WHERE matter LIKE 'audit:%'`).Scan(&n)
			}); err != nil || n != c.want {
				t.Errorf("%s: %d cards, want %d: %v", c.at, n, c.want, err)
			}
		}
	})
}
