package translate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/glossary"
	"helloworld/i18n/translate"
)

func TestNoTextIsLongerThanTheEngineTakes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 900 { // one line
		fmt.Fprintf(&b, "The parcel #%d never arrived and nobody answers. ", 1000+i)
	}
	for _, limit := range []int{0, 300} {
		s := &spy{name: "s"}
		p := translate.New(translate.Options{Engines: []translate.Engine{s}, Rules: map[string]translate.Rule{"s": {MaxLetters: limit}}})
		r := do(t, p, english(b.String()))
		if r.Blocked() || strings.Contains(r.Text, "\n") {
			t.Fatalf("limit %d: %v", limit, r.Findings)
		}
		for i := range 900 {
			if !strings.Contains(r.Text, fmt.Sprintf("#%d", 1000+i)) {
				t.Fatalf("limit %d: #%d is lost", limit, 1000+i)
			}
		}
		if limit == 0 {
			limit = 5000
		}
		for _, x := range s.seen[3:] {
			if n := len([]rune(x.Text)); n > limit || !strings.HasSuffix(x.Text, ".") {
				t.Errorf("limit %d: a text of %d letters that ends %q", limit, n, x.Text[max(0, len(x.Text)-20):])
			}
		}
	}
}

func TestTheShopsToneIsLookedAt(t *testing.T) {
	t.Parallel()
	e := &fake{answer: func(int, translate.Segment) (string, error) {
		return "Kannst du uns bitte ein Foto davon schicken?", nil
	}}
	p := translate.New(translate.Options{Engines: []translate.Engine{e}})
	req := translate.Request{Text: "请您给我们发一张照片好吗？", From: zhCN, To: language.German, Outgoing: true}
	if r := do(t, p, req); !slices.Contains(r.Findings, translate.Finding{Severity: translate.Review, Code: "informal", What: "du"}) {
		t.Errorf("got %v", r.Findings)
	}
	req.Outgoing = false
	if r := do(t, p, req); has(r, "informal") {
		t.Errorf("a buyer may say du: %v", r.Findings)
	}
	same := translate.Request{Text: "Kannst du uns bitte ein Foto davon schicken?", From: language.German, To: language.German, Outgoing: true}
	if r := do(t, p, same); r.Grade != translate.Same || !has(r, "informal") {
		t.Errorf("as written: %+v", r)
	}
}

// Our own phrases take the tone that is asked of everybody.
func TestOurPhrasesArePolite(t *testing.T) {
	t.Parallel()
	looked := 0
	for _, lang := range []string{"de", "fr", "es", "it", "pt", "nl", "pl", "ru", "ja", "ko", "zh-CN", "zh-TW"} {
		to := language.Make(lang)
		for _, ph := range book(t).Phrases(to, glossary.Out) {
			for _, text := range ph.Langs[lang][:min(1, len(ph.Langs[lang]))] {
				p := translate.New(translate.Options{})
				looked++
				if r := do(t, p, translate.Request{Text: text, From: to, To: to, Outgoing: true}); has(r, "informal") {
					t.Errorf("%s %s: %q: %v", lang, ph.ID, text, r.Findings)
				}
			}
		}
	}
	if looked < 100 {
		t.Errorf("looked at %d phrases only", looked)
	}
}
