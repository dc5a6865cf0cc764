package bot_test

import (
	"testing"
	"time"

	"helloworld/bot"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	mirrored "helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// A mailbox that is read says nothing about the shop beside it.
func TestMailThatArrivesDoesNotMendTheShopsAccess(t *testing.T) {
	r := newRig(t, plan{stores: []string{"amazon-jp"}})
	s, ok := r.desk.Shop("amazon-jp")
	if !ok {
		t.Fatal("no shop")
	}
	r.order("amazon-jp", "3000")
	orders := func(that string, args ...any) func() bool {
		return func() bool {
			return len(r.ids(`SELECT stream FROM sync_stream WHERE store = 'amazon-jp' AND stream = 'orders' AND `+that, args...)) == 1
		}
	}
	r.until("the first look is over", orders("ok_at > 0"))
	if err := r.world.Revoke("amazon-jp"); err != nil {
		t.Fatal(err)
	}
	if err := r.world.Expire("amazon-jp"); err != nil {
		t.Fatal(err)
	}
	firing := func() int {
		return len(r.ids(`SELECT id FROM alert WHERE kind = 'token' AND live IS NOT NULL`))
	}
	all := func() int { return len(r.ids(`SELECT id FROM alert WHERE kind = 'token'`)) }
	// Until a look was refused, an answer from before that comes late ends an alert.
	r.write(func(tx *store.Tx) error {
		return jobs.Add(tx, bot.PullArgs{Store: "amazon-jp", Stream: mirrored.Orders})
	})
	r.until("a look is refused", orders("kind = ?", connectors.Reauthorise.String()))
	if h, err := r.desk.CheckStore(t.Context(), s); err != nil || h.Kind != connectors.Reauthorise {
		t.Fatalf("%+v, %v", h, err)
	}
	if firing() != 1 {
		t.Fatal("no alert about the access")
	}
	told := all()
	for range 3 {
		r.asked(sandbox.BuyerMessage{Store: "amazon-jp", Text: "いつ届きますか？"})
		time.Sleep(300 * time.Millisecond) // a few more looks at the mailbox
	}
	if n, now := firing(), all(); n != 1 || now != told {
		t.Errorf("%d alerts about the access, %d in all, before %d", n, now, told)
	}
	if err := r.world.Grant("amazon-jp"); err != nil {
		t.Fatal(err)
	}
	if h, err := r.desk.CheckStore(t.Context(), s); err != nil || h.State == connectors.HealthBad {
		t.Fatalf("%+v, %v", h, err)
	}
	r.until("the alert ends", func() bool { return firing() == 0 })
}
