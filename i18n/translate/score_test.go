package translate_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

func TestReadSamples(t *testing.T) {
	t.Parallel()
	got, err := translate.ReadSamples(strings.NewReader("\ufeff# a remark\n\na refund\t退款\trefund=退款;; label = 面单|运单 \r\nHello\t您好\n"))
	want := []translate.Sample{
		{Line: 3, Source: "a refund", Reference: "退款", Terms: []translate.TermPair{{Source: "refund", Target: "退款"}, {Source: "label", Target: "面单|运单"}}},
		{Line: 4, Source: "Hello", Reference: "您好"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for in, wants := range map[string][]string{
		"":                                       {"no line"},
		"# only a remark\n":                      {"no line"},
		"good\tgut\nonly one\na\tb\tc=d\te\n":    {"line 2", "line 3"},
		"\tb\na\t \n":                            {"line 1: has no source", "line 2: has no reference"},
		"a\tb\tnothing\na\tb\t=x\na\tb\tx= | \n": {"line 1", `"nothing"`, "line 2", "line 3"},
		"a\xff\tb\n":                             {"line 1: is not UTF-8"},
		"a\tb\n" + strings.Repeat("x", 2<<20):    {"line 2", "too long"},
	} {
		got, err := translate.ReadSamples(strings.NewReader(in))
		if !errors.Is(err, translate.ErrBadSample) || got != nil {
			t.Errorf("%.40q: %v, %v", in, got, err)
			continue
		}
		for _, w := range wants {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%.40q: %q is not in %v", in, w, err)
			}
		}
		if strings.Contains(err.Error(), "line 1:") && strings.HasPrefix(in, "good") {
			t.Errorf("a good line is named: %v", err)
		}
	}
}

func FuzzReadSamples(f *testing.F) {
	f.Add("a\tb\tc=d;e=f|g\n# x\n\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := translate.ReadSamples(strings.NewReader(s))
		if (err == nil) != (len(got) > 0) {
			t.Fatalf("%d lines and %v", len(got), err)
		}
		tally := translate.NewTally(nil, "", language.English, zhCN)
		for _, x := range got {
			if f := tally.Add(x, x.Reference); f.ChrF < 0 || f.ChrF > 100.0001 || f.FactsKept > f.Facts || f.TermsExact > f.TermsFound {
				t.Fatalf("%+v gives %+v", x, f)
			}
		}
	})
}

func TestTally(t *testing.T) {
	t.Parallel()
	refund := []translate.TermPair{{Source: "refund", Target: "退款"}}
	for name, tc := range map[string]struct {
		to     string
		sample translate.Sample
		text   string
		want   translate.Figures // without chrF
	}{
		"all kept": {"zh-CN", translate.Sample{Source: "A refund of USD 19.90 for 112-3456789-0123456", Reference: "订单 112-3456789-0123456 退款 USD 19.90", Terms: refund},
			"订单 112-3456789-0123456 退款 USD 19.90",
			translate.Figures{Samples: 1, Terms: 1, TermsExact: 1, TermsFound: 1, Entries: 1, Facts: 2, FactsKept: 2, Numbered: 1, NumbersKept: 1, Letters: 7, ReferenceLetters: 7}},
		"an amount said otherwise": {"zh-CN", translate.Sample{Source: "USD 19.90", Reference: "USD 19.90"}, "USD 19.9",
			translate.Figures{Samples: 1, Facts: 1, Numbered: 1, Letters: 3, ReferenceLetters: 3}},
		"once instead of twice": {"de", translate.Sample{Source: "3 of 3", Reference: "3 von 3"}, "alle 3",
			translate.Figures{Samples: 1, Facts: 2, FactsKept: 1, Numbered: 1, Letters: 4, ReferenceLetters: 3}},
		"grouped in another way": {"de", translate.Sample{Source: "pay 1,234.56 now", Reference: "jetzt 1.234,56 zahlen"}, "jetzt 1.234,56 zahlen",
			translate.Figures{Samples: 1, Facts: 1, Numbered: 1, NumbersKept: 1, Letters: 11, ReferenceLetters: 11}},
		"echo": {"de", translate.Sample{Source: "Good morning!", Reference: "Guten Morgen!"}, "good morning",
			translate.Figures{Samples: 1, Echoes: 1, Letters: 11, ReferenceLetters: 11}},
		"inflected": {"de", translate.Sample{Source: "with no defects", Reference: "ohne Mängel", Terms: []translate.TermPair{{Source: "x", Target: "Rückerstattung"}, {Source: "y", Target: "Paket|Sendung"}}},
			"die Rückerstattungen und Sendung",
			translate.Figures{Samples: 1, Terms: 2, TermsExact: 1, TermsFound: 2, Letters: 29, ReferenceLetters: 10}},
		"missing": {"de", translate.Sample{Source: "refund", Reference: "Rückerstattung", Terms: []translate.TermPair{{Source: "refund", Target: "Rückerstattung"}}},
			"Teilrückerstattung",
			translate.Figures{Samples: 1, Terms: 1, Entries: 1, Letters: 18, ReferenceLetters: 14}},
	} {
		tally := translate.NewTally(book(t), "2026-11-22", language.English, language.Make(tc.to))
		got := tally.Add(tc.sample, tc.text)
		if total := tally.Total(); total != got {
			t.Errorf("%s: alone %+v, in all %+v", name, got, total)
		}
		got.ChrF, got.ChrFPlus = 0, 0
		if got != tc.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, tc.want)
		}
	}
}

func TestForbiddenWordsCount(t *testing.T) {
	t.Parallel()
	n := 0
	for _, term := range book(t).Terms() {
		en, ok := term.Langs["en"]
		de, ok2 := term.Langs["de"]
		if !ok || !ok2 || len(de.Forbidden) == 0 || term.Kind != "term" || len(term.Context.Requires) > 0 || len(term.Scope.Direction) > 0 {
			continue
		}
		tally := translate.NewTally(book(t), "", language.English, language.German)
		if f := tally.Add(translate.Sample{Source: en.Preferred, Reference: de.Preferred}, de.Forbidden[0]); f.Forbidden == 0 || f.ForbiddenRate() == 0 {
			t.Errorf("%s: %q is said for %q, and nobody minds: %+v", term.ID, de.Forbidden[0], en.Preferred, f)
		}
		if f := tally.Add(translate.Sample{Source: en.Preferred, Reference: de.Preferred}, de.Preferred); f.Forbidden != 0 {
			t.Errorf("%s: %q is not forbidden", term.ID, de.Preferred)
		}
		n++
	}
	if n < 5 {
		t.Errorf("only %d entries were tried", n)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	none := translate.Figures{}
	for name, p := range map[string][2]float64{
		"terms of none":     {none.TSR(), 100},
		"facts of none":     {none.FactsRate(), 100},
		"numbers of none":   {none.NumbersRate(), 100},
		"forbidden of none": {none.ForbiddenRate(), 0},
		"echoes of none":    {none.EchoRate(), 0},
		"length of none":    {none.LengthRatio(), 0},
	} {
		if p[0] != p[1] {
			t.Errorf("%s: %v, want %v", name, p[0], p[1])
		}
	}
	f := translate.Figures{Samples: 4, Terms: 8, TermsExact: 2, TermsFound: 6, Entries: 5, Forbidden: 1, Facts: 10, FactsKept: 9, Numbered: 2, NumbersKept: 1,
		Echoes: 1, Letters: 30, ReferenceLetters: 20}
	got := [7]float64{f.TSR(), f.ExactTSR(), f.ForbiddenRate(), f.FactsRate(), f.NumbersRate(), f.EchoRate(), f.LengthRatio()}
	if want := [7]float64{75, 25, 20, 90, 50, 25, 1.5}; got != want {
		t.Errorf("%v, want %v", got, want)
	}
}
