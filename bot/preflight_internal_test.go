package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
	"helloworld/i18n"
)

// said checks that a finding is a whole sentence in each language, and gives its
// key.
func saidWell(t *testing.T, f Finding) string {
	t.Helper()
	for _, lang := range []language.Tag{language.English, language.MustParse("zh-CN")} {
		text := f.Say(i18n.For(lang))
		if len([]rune(text)) < 15 || strings.ContainsAny(text, "{}[]") {
			t.Errorf("%s in %v is no sentence: %q", f.Key, lang, text)
		}
		for name, v := range f.Args {
			if v == "" || !strings.Contains(text, v) {
				t.Errorf("%s in %v does not say %s (%q): %q", f.Key, lang, name, v, text)
			}
		}
	}
	return f.Key
}

func TestStanding(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	d := &Desk{Options: Options{Now: func() time.Time { return now }, Zone: time.UTC}}
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	for _, tt := range []struct {
		name   string
		status connectors.OrderStatus
		left   int64
		snags  []connectors.Snag
		made   time.Time
		until  time.Time
		reason connectors.RefundReason
		method connectors.RefundMethod
		block  string
		know   string
	}{
		{name: "shipped", status: connectors.OrderShipped, left: 100},
		{name: "delivered", status: connectors.OrderDelivered, left: 100},
		{name: "cancelled", status: connectors.OrderCancelled, left: 100, block: "cancelled"},
		{name: "cancelled, says the platform alone", status: connectors.OrderShipped, left: 100, snags: []connectors.Snag{connectors.SnagCancelled}, block: "cancelled"},
		{name: "unpaid", status: connectors.OrderPending, left: 100, block: "unpaid"},
		{name: "refunded with something left", status: connectors.OrderRefunded, left: 100, block: "refunded"},
		{name: "refunded with nothing left is told with the amount", status: connectors.OrderRefunded},
		{name: "unshipped", status: connectors.OrderPaid, left: 100, block: "unshipped"},
		{name: "unshipped and cancelled", status: connectors.OrderPaid, left: 100, reason: connectors.ReasonCancelled},
		{name: "unshipped where only what was shipped counts", status: connectors.OrderPaid, left: 100, snags: []connectors.Snag{connectors.SnagShipFirst},
			reason: connectors.ReasonCancelled, block: "ship_first"},
		{name: "partly shipped", status: connectors.OrderPartly, left: 100, know: "partly"},
		{name: "a word nobody knows", status: connectors.OrderOther, left: 100, know: "state_other"},
		{name: "archived", status: connectors.OrderShipped, left: 100, snags: []connectors.Snag{connectors.SnagArchived}, block: "archived"},
		{name: "another is under way there", status: connectors.OrderShipped, left: 100, snags: []connectors.Snag{connectors.SnagPending}, block: "pending"},
		{name: "the payment takes nothing back", status: connectors.OrderShipped, left: 100, snags: []connectors.Snag{connectors.SnagPayment}, block: "payment"},
		{name: "the payment takes nothing back, and credit is given", status: connectors.OrderShipped, left: 100, snags: []connectors.Snag{connectors.SnagPayment},
			method: connectors.StoreCredit},
		{name: "too late", status: connectors.OrderShipped, left: 100, until: ago(1), block: "window"},
		{name: "soon too late", status: connectors.OrderShipped, left: 100, until: ago(-6), know: "window_near"},
		{name: "in good time", status: connectors.OrderShipped, left: 100, made: ago(150), until: ago(-30)},
		{name: "old", status: connectors.OrderShipped, left: 100, made: ago(121), know: "old"},
		{name: "not old", status: connectors.OrderShipped, left: 100, made: ago(119)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := connectors.Quote{Order: connectors.Order{ID: "1", Status: tt.status, PlatformStatus: "ODD/STATE", Created: tt.made}, Until: tt.until, Findings: tt.snags,
				Remaining: connectors.Money{Minor: tt.left, Currency: "EUR"}}
			var block, know []string
			for _, f := range d.standing("street#1234", q, connectors.Refund{Reason: tt.reason, Method: tt.method}) {
				if key := saidWell(t, f); f.Block {
					block = append(block, key)
				} else {
					know = append(know, key)
				}
			}
			if strings.Join(block, " ") != tt.block || strings.Join(know, " ") != tt.know {
				t.Errorf("it blocks %q and tells %q, want %q and %q", block, know, tt.block, tt.know)
			}
		})
	}
}

func TestRefundsMadeElsewhere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC)
	eur := func(n int64) connectors.Money { return connectors.Money{Minor: n, Currency: "EUR"} }
	seen := []connectors.RefundSeen{
		{ID: "ours", Amount: eur(100), At: at}, {ID: "x", Key: "our key", Amount: eur(200), At: at},
		{ID: "failed", Amount: eur(400), At: at, State: connectors.StateRejected},
		{ID: "theirs", Amount: eur(800), At: at.AddDate(0, 0, -2)}, {ID: "theirs too", Amount: eur(1600), At: at},
	}
	own := ownRefunds{live: "R7", receipts: []string{"ours"}, keys: []string{"our key"}}
	var got []string
	for _, f := range own.findings("street#1", connectors.Order{Total: eur(9000), Refunds: seen}, time.FixedZone("", 3600)) {
		got = append(got, saidWell(t, f)+fmt.Sprint(f.Block, f.Args["amount"], f.Args["when"]))
	}
	if want := []string{"in_flighttrue", "elsewherefalse24.00 EUR2026-11-21"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	undated := ownRefunds{}.findings("street#1", connectors.Order{Total: eur(9000), Refunds: []connectors.RefundSeen{{ID: "y", Amount: eur(1)}}}, time.UTC)
	if len(undated) != 1 || saidWell(t, undated[0]) != "elsewhere_undated" {
		t.Errorf("%+v", undated)
	}
	if got := (ownRefunds{}).findings("street#1", connectors.Order{Total: eur(9000)}, time.UTC); len(got) != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}
