package bot_test

import (
	"testing"
	"time"

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
	if err := r.world.Revoke("amazon-jp"); err != nil {
		t.Fatal(err)
	}
	if err := r.world.Expire("amazon-jp"); err != nil {
		t.Fatal(err)
	}
	firing := func() int {
		return len(r.ids(`SELECT id FROM alert WHERE kind = 'token' AND live IS NOT NULL`))
	}
	if h, err := r.desk.CheckStore(t.Context(), s); err != nil || h.Kind != connectors.Reauthorise {
		t.Fatalf("%+v, %v", h, err)
	}
	if firing() != 1 {
		t.Fatal("no alert about the access")
	}
	for range 3 {
		r.asked(sandbox.BuyerMessage{Store: "amazon-jp", Text: "いつ届きますか？"})
		time.Sleep(300 * time.Millisecond) // a few more looks at the mailbox
	}
	if n, all := firing(), len(r.ids(`SELECT id FROM alert WHERE kind = 'token'`)); n != 1 || all != 1 {
		t.Errorf("%d alerts about the access, %d in all", n, all)
	}
	if err := r.world.Grant("amazon-jp"); err != nil {
		t.Fatal(err)
	}
	if h, err := r.desk.CheckStore(t.Context(), s); err != nil || h.State == connectors.HealthBad {
		t.Fatalf("%+v, %v", h, err)
	}
	r.until("the alert ends", func() bool { return firing() == 0 })
}
