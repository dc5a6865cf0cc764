package bot_test

import (
	"strings"
	"testing"

	"helloworld/bot"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// form waits until a message of the platform's own kind has come to a state.
func (r *rig) form(id, state string) (f bot.Form) {
	r.t.Helper()
	r.until(id+" is "+state, func() bool {
		r.read(func(tx *store.Tx) (err error) {
			f, err = r.desk.GetForm(tx, id)
			return err
		})
		return f.State == state
	})
	return f
}

func TestThePlatformsOwnMessages(t *testing.T) {
	r := newRig(t, plan{stores: []string{"amazon-jp", "shopify-main"}})
	info := r.order("amazon-jp", "3000")
	at := func(storeID string, o sandbox.OrderInfo) bot.OrderAt {
		t.Helper()
		s, ok := r.desk.Shop(storeID)
		if !ok {
			t.Fatal(storeID)
		}
		return bot.OrderAt{Store: s, Order: connectors.Order{ID: o.ID, Number: o.ID, Site: s.Shop.Info().Language}}
	}
	o := at("amazon-jp", info)
	list, err := r.desk.TemplatesFor(t.Context(), o)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	write := func(text string) string {
		t.Helper()
		if err := r.desk.WriteForm(t.Context(), r.by("lina", "inbox"), o, list[0], text); err != nil {
			t.Fatal(err)
		}
		ids := r.ids(`SELECT id FROM template_message ORDER BY id DESC`)
		return ids[0]
	}
	end := func(id string, send bool) error {
		return r.desk.EndForm(t.Context(), r.by("lina", "inbox"), id, send, "")
	}
	count := func() int { return len(r.received("amazon-jp")) }

	// Japanese needs no engine: the agent writes it.
	first := write("ご注文の件でご連絡いたします。")
	if f := r.form(first, bot.DraftOpen); f.Result.Blocked() || count() != 0 {
		t.Fatalf("a draft is sent, or cannot be: %+v", f.Result)
	}
	if err := end(first, true); err != nil {
		t.Fatal(err)
	}
	r.form(first, bot.DraftSent)
	if count() != 1 {
		t.Errorf("%d messages arrived", count())
	}
	if err := end(first, true); problem(err) != "template.over" {
		t.Errorf("twice: %v", err)
	}
	// An answer that is lost: it may have been sent, and is not sent again.
	second := write("配送についてご連絡いたします。")
	if err := r.world.Fail("amazon-jp", "template", sandbox.Lost, 1); err != nil {
		t.Fatal(err)
	}
	if err := end(second, true); err != nil {
		t.Fatal(err)
	}
	r.form(second, bot.DraftUnknown)
	if count() != 2 {
		t.Errorf("%d messages arrived after an answer was lost", count())
	}
	third := write("これは送りません。")
	if err := end(third, false); err != nil {
		t.Fatal(err)
	}
	r.form(third, bot.DraftCancelled)
	// What is no translation is never sent.
	gloss := write("这句话没有引擎可以翻译，也不是模板。")
	if f := r.form(gloss, bot.DraftOpen); !f.Result.Blocked() {
		t.Fatalf("it is a translation: %+v", f.Result)
	}
	if err := end(gloss, true); problem(err) != "draft.blocked" || count() != 2 {
		t.Errorf("a gloss goes out: %v", err)
	}
	if err := r.desk.WriteForm(t.Context(), r.by("lina", "inbox"), o, list[0], strings.Repeat("あ", 5000)); problem(err) != "template.too_long" {
		t.Errorf("5,000 letters: %v", err)
	}
	if _, err := r.desk.TemplatesFor(t.Context(), at("shopify-main", r.order("shopify-main", "10.00"))); problem(err) != "template.no_way" {
		t.Errorf("a shop without: %v", err)
	}
}
