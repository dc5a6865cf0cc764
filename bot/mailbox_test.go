package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"helloworld/bot"
	"helloworld/connectors"
	"helloworld/connectors/mail"
	"helloworld/connectors/sandbox"
)

const (
	// thanksZh is what an agent writes, thanksEn what the template makes of it.
	thanksZh = "您好，感谢您的来信。"
	thanksEn = "Hello, thank you for contacting us."
)

// sentBox reads what lies in a shop's Sent.
func (r *rig) sentBox(storeID string) []connectors.Message {
	r.t.Helper()
	x, err := r.world.Account(storeID)
	if err != nil {
		r.t.Fatal(err)
	}
	box, err := mail.New(mail.Config{IMAPAddr: r.post.IMAPAddr, TLS: mail.TLSNone, User: x.User, Password: connectors.Secret(x.Password),
		From: x.Address, Folder: "Sent"})
	if err != nil {
		r.t.Fatal(err)
	}
	page, err := box.Messages(r.t.Context(), connectors.Cursor{})
	if err != nil {
		r.t.Fatal(err)
	}
	return page.Items
}

// TestMailIsAnsweredOnce: a mail comes in as a card, is answered by a template,
// and the buyer has the answer once, in the right conversation, whatever happens
// to the server's own answer.
func TestMailIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault      string
		copyToSelf bool
	}{
		"told":                    {},
		"answer lost":             {fault: sandbox.Lost},
		"never arrived":           {fault: sandbox.Drop},
		"own copy, told":          {copyToSelf: true},
		"own copy, answer lost":   {fault: sandbox.Lost, copyToSelf: true},
		"own copy, never arrived": {fault: sandbox.Drop, copyToSelf: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, plan{stores: []string{"shopify-main"}, copyToSelf: tt.copyToSelf})
			o := r.order("shopify-main", "20")
			id := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Where is my order {order}?"})
			if tt.fault != "" {
				if err := r.world.Fail(o.Store, "send", tt.fault, 1); err != nil {
					t.Fatal(err)
				}
			}
			draft := r.answer(id, thanksZh)
			if got := r.draft(draft).Result.Text; got != thanksEn {
				t.Fatalf("the template gave %q", got)
			}
			r.until("the answer is sent", func() bool { return r.draft(draft).State == bot.DraftSent })
			got := r.received(o.Store)
			if len(got) != 1 || got[0].Text != thanksEn || got[0].By != "mail" || got[0].Buyer != o.Buyer {
				t.Errorf("the buyer got %+v", got)
			}
			asked := r.letter(id)
			kept := r.sentBox(o.Store)
			if len(kept) != 1 || kept[0].Answers != asked.Message.ID || kept[0].Thread != asked.Thread || !strings.HasPrefix(kept[0].Subject, "Re: ") {
				t.Errorf("in Sent: %+v, want one that answers %s", kept, asked.Message.ID)
			}
			if asked.State != "answered" {
				t.Errorf("the buyer's message is %s", asked.State)
			}
			if tt.copyToSelf {
				r.until("our own copy is read back", func() bool { return len(r.ids(`SELECT id FROM message WHERE from_shop = 1`)) == 1 })
			}
			r.both()
			r.settled(o.Store)
			if cards := r.hall.said("inbox"); len(cards) != 2 {
				t.Errorf("%d cards in the channel, want 2", len(cards))
			}
			// The next mail of the buyer is a card again, in the same conversation.
			next := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Thank you!"})
			if next == id {
				t.Error("the same card again")
			}
		})
	}
}

// settled waits until a store's messages were read twice more.
func (r *rig) settled(storeID string) {
	r.t.Helper()
	calls := func() int {
		c := r.world.Ledger().Calls[storeID]
		return max(c["imap"], c["messages"])
	}
	n := calls()
	r.until("the store is read again", func() bool { return calls() >= n+3 })
}

// both waits until the buyer's card stands, and the draft's below it.
func (r *rig) both() {
	r.t.Helper()
	r.until("both cards stand", func() bool { return len(r.hall.said("inbox")) >= 2 })
}

// TestOwnWordsMakeNoCard: what the shop said comes back from the platform with
// the rest of the conversation. It is written down, and nobody is asked to answer it.
func TestOwnWordsMakeNoCard(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}})
	o := r.order("ebay-de", "20")
	id := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Wo bleibt meine Bestellung?"})
	draft := r.answer(id, thanksZh)
	r.until("the answer is sent", func() bool { return r.draft(draft).State == bot.DraftSent })
	r.until("our own words come back", func() bool { return len(r.ids(`SELECT id FROM message WHERE from_shop = 1`)) == 1 })
	r.both()
	r.settled(o.Store)
	own := r.ids(`SELECT state FROM message WHERE from_shop = 1`)
	if !slices.Equal(own, []string{"own"}) || len(r.hall.said("inbox")) != 2 || len(r.received(o.Store)) != 1 {
		t.Errorf("own: %v; %d cards; received %+v", own, len(r.hall.said("inbox")), r.received(o.Store))
	}
}

// TestMailThatCameBack: the relay takes the answer and then returns it. The
// draft has failed, the message waits again, and somebody is told why.
func TestMailThatCameBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"amazon-jp"}})
	o := r.order("amazon-jp", "2000")
	x, err := r.world.Account(o.Store)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.world.Approve(o.Store, x.Address, false); err != nil {
		t.Fatal(err)
	}
	id := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID})
	draft := r.answer(id, thanksZh)
	r.until("the draft has failed", func() bool { return r.draft(draft).State == bot.DraftFailed })
	r.settled(o.Store)
	if d := r.draft(draft); d.State != bot.DraftFailed || d.Error != "bounced" {
		t.Errorf("the draft is %s: %s", d.State, d.Error)
	}
	if got := r.received(o.Store); len(got) != 0 {
		t.Errorf("the buyer got %+v", got)
	}
	if l := r.letter(id); l.State != "shown" {
		t.Errorf("the buyer's message is %s", l.State)
	}
	r.until("the cards say so", func() bool {
		alerts, inbox := r.hall.said("alerts"), r.hall.said("inbox")
		return len(alerts) == 1 && strings.Contains(words(alerts[0]), "approved senders") && len(inbox) == 2 &&
			strings.Contains(words(inbox[1]), "退回") && len(inbox[1].Buttons) == 1
	})
	// Mended, the same words go out in another draft.
	if err := r.world.Approve(o.Store, x.Address, true); err != nil {
		t.Fatal(err)
	}
	second := r.answer(id, thanksZh)
	r.until("the second answer is sent", func() bool { return r.draft(second).State == bot.DraftSent })
	r.settled(o.Store)
	if got := r.received(o.Store); len(got) != 1 || r.draft(draft).State != bot.DraftFailed || r.letter(id).State != "answered" {
		t.Errorf("%+v; the first is %s, the message %s", got, r.draft(draft).State, r.letter(id).State)
	}
	if err := r.desk.SendDraft(context.Background(), r.by("lina", "inbox"), draft, ""); err == nil {
		t.Error("what came back could be sent again under the same key")
	}
}
