package main

import (
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/cmd/desk/config"
	"helloworld/glossary"
	"helloworld/i18n/translate"
)

func TestMillionths(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"": 0, "0": 0, "20": 20_000_000, "20.00": 20_000_000, "0.000001": 1, "0.10": 100_000, "999999999.999999": 999_999_999_999_999,
		"x": -1, "-1": -1, "1.0000001": -1, ".": -1, "1.-5": -1, "99999999999999999999": -1} {
		got, err := millionths(in)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q is %d, %v", in, got, err)
		}
	}
}

func TestOpenEngines(t *testing.T) {
	t.Parallel()
	cfg := config.Config{Engines: []config.Engine{
		{Name: "local", Kind: "openai", BaseURL: "http://127.0.0.1:9/v1", Model: "m", Local: true, Pairs: []string{"*>zh"}},
		{Name: "paid", Kind: "openai", BaseURL: "http://127.0.0.1:9/v1", Model: "m", MonthLetters: 5, MonthCost: "20.00", MillionCost: "0.5", Currency: "EUR"},
	}}
	engines, rules, err := openEngines(cfg, nil, slog.New(slog.DiscardHandler))
	if err != nil || len(engines) != 2 || engines[0].Name() != "local" || engines[1].Name() != "paid" {
		t.Fatalf("%v, %v", engines, err)
	}
	if r := rules["local"]; !r.Local || len(r.Pairs) != 1 || r.MonthCost != 0 {
		t.Errorf("local: %+v", r)
	}
	if r := rules["paid"]; r.Local || r.MonthLetters != 5 || r.MonthCost != 20_000_000 || r.MillionCost != 500_000 || r.Currency != "EUR" {
		t.Errorf("paid: %+v", r)
	}
	if _, _, err := openEngines(config.Config{Engines: []config.Engine{{Name: "x", Kind: "unheard-of"}}}, nil, nil); err == nil {
		t.Error("a kind that does not exist was opened")
	}
}

// TestEveryKindOpens: what the configuration offers is there.
func TestEveryKindOpens(t *testing.T) {
	t.Parallel()
	field, ok := reflect.TypeFor[config.Engine]().FieldByName("Kind")
	kinds := strings.Split(field.Tag.Get("enum"), ",")
	if !ok || len(kinds) < 7 {
		t.Fatalf("kinds %q", kinds)
	}
	for _, kind := range kinds {
		e, err := openEngine(config.Engine{Name: "x-" + kind, Kind: kind, BaseURL: "http://127.0.0.1:9/", Model: "m", Key: "k", Project: "p", GlossarySync: true}, everywhere{}, nil)
		if err != nil || e.Name() != "x-"+kind {
			t.Errorf("%s: %v, %v", kind, e, err)
		}
	}
}

func TestEverywhere(t *testing.T) {
	t.Parallel()
	book, err := (&glossary.Book{}).With([]*glossary.Term{
		{ID: "a", Kind: glossary.Word, Status: glossary.Approved, Langs: map[string]glossary.Wording{"en": {Preferred: "return label", Variants: []string{"shipping label"}}, "zh": {Preferred: "退货标签"}}},
		{ID: "b", Kind: glossary.Word, Status: glossary.Approved, Scope: glossary.Scope{Store: "ebay-de"}, Langs: map[string]glossary.Wording{"en": {Preferred: "voucher"}, "zh": {Preferred: "券"}}},
		{ID: "c", Kind: glossary.Abbr, Status: glossary.Approved, Langs: map[string]glossary.Wording{"en": {Preferred: "POD"}, "zh": {Preferred: "签收证明"}}},
		{ID: "d", Kind: glossary.Abbr, Status: glossary.Approved, Scope: glossary.Scope{Platform: "shopify"}, Langs: map[string]glossary.Wording{"en": {Preferred: "pod"}, "zh": {Preferred: "按需印制"}}},
		{ID: "e", Kind: glossary.Word, Status: glossary.Approved, Until: "2026-11-30", Langs: map[string]glossary.Wording{"en": {Preferred: "sale"}, "zh": {Preferred: "促销"}}},
		{ID: "f", Kind: glossary.Word, Status: glossary.Approved, Context: glossary.Context{Requires: []string{"exchange"}}, Langs: map[string]glossary.Wording{"en": {Preferred: "replacement"}, "zh": {Preferred: "换新"}}},
		{ID: "g", Kind: glossary.Word, Status: glossary.Approved, Scope: glossary.Scope{Direction: []string{"zh>en"}}, Langs: map[string]glossary.Wording{"en": {Preferred: "after-sales"}, "zh": {Preferred: "售后"}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := everywhere{func() *glossary.Book { return book }}
	got := w.Pairs(language.English, language.Chinese)
	want := []translate.TermPair{{Source: "return label", Target: "退货标签"}, {Source: "shipping label", Target: "退货标签"}}
	if !slices.Equal(got, want) || w.Version() != book.Version() {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := w.Pairs(language.Chinese, language.English); len(got) != 3 {
		t.Errorf("the other way: %v", got)
	}
	if shipped, err := glossary.Default(); err != nil {
		t.Error(err)
	} else if n := len((everywhere{func() *glossary.Book { return shipped }}).Pairs(language.English, language.Chinese)); n < 50 {
		t.Errorf("only %d words of the shipped glossary", n)
	}
}
