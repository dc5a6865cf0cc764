package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// TestReturnLeftOpen: a return of the goods that a refund did not close stands on
// its card for a person, and nothing is paid through it; one that the platform
// closed does not.
func TestReturnLeftOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, state string
		open        bool
	}{
		{"one that nobody answered yet", "asked", true},
		{"one that the platform closed with the refund", "arrived", false},
		{"one that was closed before", "closed", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, plan{stores: []string{"shopify-main"}})
			o := r.order("shopify-main", "59.90")
			if _, err := r.world.AddReturn(sandbox.NewReturn{Store: o.Store, Order: o.ID, State: tt.state}); err != nil {
				t.Fatal(err)
			}
			s, _ := r.desk.Shop(o.Store)
			page, err := s.Shop.(connectors.ReturnReader).Returns(t.Context(), connectors.Cursor{})
			if err != nil || len(page.Items) != 1 {
				t.Fatalf("%d returns, %v", len(page.Items), err)
			}
			r.mirror(sync.ReturnBatch(page.Items), o.Store)
			id, err := r.askParts(o, bot.RefundParts{Lines: []bot.LinePick{{N: 1}}}, "")
			if err != nil {
				t.Fatal(err)
			}
			if err := r.desk.Decide(context.Background(), r.by("wang", "approvals"), id, true, r.refund(id).Facts, ""); err != nil {
				t.Fatal(err)
			}
			r.until("nothing is under way any more", func() bool {
				return r.refund(id).State == bot.RefundConfirmed && len(r.ids(`SELECT kind FROM job WHERE kind = 'return_after'`)) == 0
			})
			if got := slices.Contains(r.path(id), "refund.return_open"); got != tt.open {
				t.Errorf("left open: %v, want %v: %v", got, tt.open, r.path(id))
			}
			if tt.open {
				r.until("the card says so", func() bool {
					return slices.ContainsFunc(r.hall.said("approvals"), func(c chat.Card) bool { return strings.Contains(words(c), "is still open. Close it") })
				})
			}
			if n := len(r.paid(o)); n != 1 {
				t.Errorf("paid %d times", n)
			}
		})
	}
}
