package commands_test

import (
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

// on finds the card that was posted to a channel.
func on(t *testing.T, channel string, said []chat.Card, at []chat.Place) chat.Card {
	t.Helper()
	for i := range said {
		if at[i].Channel == channel && at[i].Only == "" {
			return said[i]
		}
	}
	for i := range said {
		t.Logf("%+v: %s", at[i], words(said[i]))
	}
	t.Fatalf("nothing was posted to %s", channel)
	return chat.Card{}
}

// now is how the newest card in a channel reads at the moment.
func (r *rig) now(channel string) chat.Card {
	r.hall.mu.Lock()
	defer r.hall.mu.Unlock()
	for i := len(r.hall.refs) - 1; i >= 0; i-- {
		if r.hall.refs[i].Channel == channel && r.hall.refs[i].Only == "" {
			return r.hall.cards[i]
		}
	}
	return chat.Card{}
}

func (r *rig) reads(channel string, want ...string) chat.Card {
	r.t.Helper()
	r.until(strings.Join(want, ", "), func() bool {
		text := words(r.now(channel))
		for _, w := range want {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	})
	return r.now(channel)
}

// TestReplacement has goods sent again: it is asked for and approved like a refund,
// a person says that they were sent, and no shop is ever told anything.
func TestReplacement(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "3001", Total: "20.00", Quantity: 2, More: []sandbox.NewLine{{Title: "Lid", Total: "12.00", Quantity: 3}}})
	calls := func() int { return r.world.Ledger().Calls["shopify-main"]["refund"] }

	said, at := r.say("anna", "/refund 3001 replace line 2 qty 1 damaged note: the lid is cracked")
	card := on(t, "leads", said, at)
	for _, want := range []string{"Replacement · waiting for 1 approval", "X1", "line 2 × 1 (Lid)", "4.00 USD", "the lid is cracked", "Damaged"} {
		if !strings.Contains(words(card), want) {
			t.Errorf("the card does not say %q: %s", want, words(card))
		}
	}
	// Twice is not asked; the asker does not approve; before that it is not sent.
	if said, _ := r.say("li", "／退款 3001 补发 第2行 1件 破损"); len(said) != 1 || !strings.Contains(words(said[0]), "X1") {
		t.Errorf("it was asked twice: %d", len(said))
	}
	if said, _ := r.press("anna", card, "Approve"); len(said) != 1 || !strings.Contains(words(said[0]), "You asked for this one") {
		t.Errorf("%d: %+v", len(said), said)
	}
	if said, _ := r.say("anna", "/settle X1 sent"); len(said) != 1 || !strings.Contains(words(said[0]), "not approved") {
		t.Errorf("sent before it is approved: %+v", said)
	}
	if said, _ := r.say("ben", "/approvals"); len(said) != 1 || !strings.Contains(words(said[0]), "X1") {
		t.Errorf("it is not among what waits: %s", words(said[0]))
	}
	r.press("ben", card, "Approve")
	card = r.reads("leads", "Replacement · to be sent", "No money goes back")
	// Whoever gives money back now is told.
	said, at = r.say("anna", "/refund 3001 line 1 qty 1 damaged")
	if refund := on(t, "leads", said, at); !strings.Contains(words(refund), "sent again (X1)") {
		t.Errorf("the refund's card does not tell of it: %s", words(refund))
	}
	r.say("anna", "/deny R1")
	r.press("li", card, "Sent")
	if f := r.form(); len(f.Inputs) != 2 || !f.Inputs[0].Optional || !f.Inputs[1].Optional {
		t.Fatalf("%+v", f)
	}
	r.fill("li", map[string]string{"carrier": "UPS", "tracking": "１Z999AA10123456784"})
	r.until("it is sent", func() bool {
		return r.count(`SELECT COUNT(*) FROM replacement WHERE id = 'X1' AND state = 'confirmed' AND sent_by = 'li' AND tracking = '1Z999AA10123456784' AND live IS NULL`) == 1
	})
	if said, _ := r.say("anna", "/settle X1 sent"); len(said) != 1 || !strings.Contains(words(said[0]), "sent already") {
		t.Errorf("sent twice: %+v", said)
	}
	if n := r.count(`SELECT COUNT(*) FROM audit WHERE about = 'goods:X1' AND what IN ('replacement.asked', 'replacement.vote_yes', 'replacement.confirmed')`); n != 3 {
		t.Errorf("%d lines in the audit log", n)
	}
	if n := r.count(`SELECT COUNT(*) FROM audit WHERE detail LIKE '%1Z999%' OR detail LIKE '%lid%'`); n != 0 {
		t.Errorf("%d lines of the audit log have somebody's words", n)
	}

	// An exchange, from a form; denied with a reason, which the asker reads.
	zh := i18n.For(language.MustParse("zh-CN"))
	r.say("li", "／退款 3001 换货")
	if f := r.form(); f.Title != zh.T("replace.form.exchange", "order", "shopify-main#3001") {
		t.Fatalf("%+v", f)
	}
	said, at = r.fill("li", map[string]string{"lines": "1x1", "reason": "wrong_item", "note": ""})
	card = on(t, "leads", said, at)
	if !strings.Contains(words(card), "Exchange · waiting") || !strings.Contains(words(card), "The goods come back") || !strings.Contains(words(card), "10.00 USD") {
		t.Errorf("%s", words(card))
	}
	said, _ = r.say("ben", "/deny X2 no stock left")
	if len(said) != 2 {
		t.Errorf("%d posts", len(said))
	}
	r.reads("leads", "Exchange · not approved", "no stock left")

	// One that is taken back, and one whose order changes before the yes.
	said, at = r.say("anna", "/refund 3001 resend full damaged")
	card = on(t, "leads", said, at)
	if said, _ := r.press("anna", card, "Deny"); len(said) != 1 || !strings.Contains(words(said[0]), "taken back") {
		t.Errorf("%+v", said)
	}
	said, at = r.say("anna", "/refund 3001 resend full damaged")
	card = on(t, "leads", said, at)
	orders, err := r.world.Orders("shopify-main")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.world.PayBack("shopify-main", orders[0].ID, "5.00"); err != nil {
		t.Fatal(err)
	}
	if said, _ := r.press("ben", card, "Approve"); len(said) != 1 || !strings.Contains(words(said[0]), "has changed") {
		t.Errorf("%+v", said)
	}
	r.reads("leads", "ended without a decision")

	// Money and goods are two things.
	for _, wish := range []string{"replace 5.00 damaged", "replace line 1 restock damaged", "replace shipping damaged"} {
		if said, _ := r.say("anna", "/refund 3001 "+wish); len(said) != 1 || !strings.Contains(words(said[0]), "goods, not money") {
			t.Errorf("%s: %+v", wish, said)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM refund`); n != 1 || calls() != 0 || len(r.world.Ledger().Refunds) != 1 || r.count(`SELECT COUNT(*) FROM job WHERE kind = 'pay'`) != 0 {
		t.Errorf("%d refunds, %d calls, %+v", n, calls(), r.world.Ledger().Refunds)
	}
}
