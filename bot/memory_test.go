package bot_test

import (
	"strings"
	"testing"

	"helloworld/bot"
	"helloworld/connectors/sandbox"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

// What a person lets go out is known the next time, with other facts in it; what
// has the buyer's name in it is not kept, and a word that is approved since
// drives out what was said before.
func TestMemoryOfWhatWasSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main"}, engines: []translate.Engine{enginetest.Toy{}}})
	o := r.order("shopify-main", "20.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Where is the return label for my parcel? I would like to send it back."})
	say := func(text string) bot.Draft {
		t.Helper()
		if err := r.desk.Compose(t.Context(), r.by("lina", "inbox"), m, text, ""); err != nil {
			t.Fatal(err)
		}
		return r.draft(r.ids(`SELECT id FROM draft ORDER BY created DESC, id DESC`)[0])
	}
	sent := func(x bot.Draft) {
		t.Helper()
		if err := r.desk.SendDraft(t.Context(), r.by("lina", "inbox"), x.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.until(x.ID+" is sent", func() bool { return r.draft(x.ID).State == bot.DraftSent })
	}
	const text = "订单 #4711 的退货标签已经发到您的邮箱，请查收。"
	first := say(text)
	if first.Result.Grade != translate.ByEngine || first.Result.Blocked() {
		t.Fatalf("%+v", first.Result)
	}
	if n := len(r.ids(`SELECT key FROM memory`)); n != 0 {
		t.Fatalf("%d units before anything was sent", n)
	}
	sent(first)
	rows := r.ids(`SELECT source || ' ' || target || ' ' || store || ' ' || by_who FROM memory`)
	if len(rows) != 1 || strings.Contains(rows[0], "4711") || !strings.HasSuffix(rows[0], "shopify-main lina") {
		t.Fatalf("memory has %q", rows)
	}
	second := say(strings.ReplaceAll(text, "4711", "4712"))
	if second.Result.Grade != translate.Template || second.Result.Text != strings.ReplaceAll(first.Result.Text, "4711", "4712") {
		t.Errorf("the second time: %s %q", second.Result.Grade, second.Result.Text)
	}
	if uses := r.ids(`SELECT CAST(uses AS TEXT) FROM memory`); uses[0] != "1" {
		t.Errorf("used %s times", uses[0])
	}
	name := r.letter(m).Buyer.Name
	if name == "" {
		t.Fatal("the buyer has no name")
	}
	sent(say(strings.Fields(name)[0] + " 您好，包裹今天已经寄出。"))
	if n := len(r.ids(`SELECT key FROM memory`)); n != 1 {
		t.Errorf("%d units after an answer with the buyer's name", n)
	}
	id := r.propose("lina", bot.TermAsk{Source: "退货标签", Target: "prepaid slip"})
	if err := r.decide("wang", id, true); err != nil {
		t.Fatal(err)
	}
	third := say(strings.ReplaceAll(text, "4711", "4713"))
	if !strings.Contains(third.Result.Text, "prepaid slip") {
		t.Errorf("memory says the old word: %s %q", third.Result.Grade, third.Result.Text)
	}
}
