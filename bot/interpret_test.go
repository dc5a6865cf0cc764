package bot_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

func TestInterpretSendsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}, engines: []translate.Engine{enginetest.Toy{}}})
	o := r.order("ebay-de", "30.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Der Deckel klappert seit gestern ganz fürchterlich laut."})
	lina := r.by("lina", "inbox")

	// In a buyer's thread an agent's words become the buyer's language.
	res, err := r.desk.Interpret(t.Context(), lina, m, "请先检查一下电源插头是否插好。", language.Und)
	if err != nil || res.Grade != translate.ByEngine || !strings.HasPrefix(res.To.String(), "de") {
		t.Errorf("%+v, %v", res, err)
	}
	// What is in it already is read in the agent's own.
	if res, err = r.desk.Interpret(t.Context(), lina, m, "Der Deckel klappert seit gestern.", language.Und); err != nil ||
		res.To.String() != "zh-CN" || res.Grade != translate.ByEngine {
		t.Errorf("%+v, %v", res, err)
	}
	// What may be on its way to a buyer is read as the marketplace would.
	res, err = r.desk.Interpret(t.Context(), lina, m, "Bitte schreiben Sie mir an shop@example.com, danke.", language.German)
	if err != nil || !slices.ContainsFunc(res.Findings, func(f translate.Finding) bool { return strings.HasPrefix(f.Code, "lint.") }) {
		t.Errorf("%+v, %v", res, err)
	}
	if _, res, err = r.desk.InterpretLetter(t.Context(), lina, m); err != nil || res.To.String() != "zh-CN" || res.Grade != translate.ByEngine {
		t.Errorf("%+v, %v", res, err)
	}
	if got, ids := r.received("ebay-de"), r.ids(`SELECT id FROM draft`); len(got)+len(ids) != 0 {
		t.Errorf("a buyer got %+v, and there are drafts %v", got, ids)
	}
	// Who does not see the store reads nothing of it.
	r.write(func(tx *store.Tx) error {
		p := lina.Who
		p.ID, p.Stores = "nora", []string{"shopify-main"}
		return r.staff.Save(tx, p)
	})
	if _, _, err = r.desk.InterpretLetter(t.Context(), r.by("nora", "inbox"), m); problem(err) != "error.store_not_yours" {
		t.Errorf("somebody else reads it: %v", err)
	}
	if _, err = r.desk.Interpret(t.Context(), r.by("nora", "inbox"), m, "谢谢", language.Und); problem(err) != "error.store_not_yours" {
		t.Errorf("somebody else asks for it: %v", err)
	}
}

// TestNothingToTranslate: of a text without words nobody says which language it is.
func TestNothingToTranslate(t *testing.T) {
	t.Parallel()
	pipeline := translate.New(translate.Options{})
	p := i18n.For(language.MustParse("zh-CN"))
	for text, want := range map[string]string{"😀😀😀": "translation.wordless", "您好，谢谢您": "translation.same"} {
		res, err := pipeline.Do(t.Context(), translate.Request{Text: text, To: p.Lang()})
		if err != nil {
			t.Fatal(err)
		}
		card := bot.TranslationCard(p, text, res)
		if got, like := card.Parts[len(card.Parts)-1].Text, p.T(i18n.Key(want), "lang", p.T("lang.name.zh")); got != like {
			t.Errorf("%s: %q, not %q", text, got, like)
		}
		if all := chat.PlainText(card); strings.Contains(all, p.T("lang.und")) {
			t.Errorf("%s: a language is spoken of:\n%s", text, all)
		}
	}
}
