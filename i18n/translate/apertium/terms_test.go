package apertium

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/text/language"

	"helloworld/glossary"
	"helloworld/i18n/translate"
)

// The terminology set through a real engine: with the glossary the terms are
// said, every fact is kept, and the text is no worse.
func TestTermsThroughARealApertium(t *testing.T) {
	t.Parallel()
	address := real(t)
	book, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		file     string
		from, to language.Tag
	}{
		{"en_es.tsv", language.English, language.Spanish},
		{"es_en.tsv", language.Spanish, language.English},
	} {
		f, err := os.Open(filepath.Join("..", "testdata", "terminology", p.file))
		if err != nil {
			t.Fatal(err)
		}
		samples, err := translate.ReadSamples(f)
		_ = f.Close() // it was only read
		if err != nil {
			t.Fatal(err)
		}
		measure := func(b *glossary.Book) translate.Figures {
			e, err := New(Config{BaseURL: address})
			if err != nil {
				t.Fatal(err)
			}
			words := translate.New(translate.Options{Engines: []translate.Engine{e}, Book: b})
			tally := translate.NewTally(book, "", p.from, p.to)
			for _, s := range samples {
				r, err := words.Do(t.Context(), translate.Request{Text: s.Source, From: p.from, To: p.to})
				if err != nil {
					t.Fatal(err)
				}
				one := tally.Add(s, r.Text)
				if b != nil && (one.TSR() < 100 || one.FactsRate() < 100 || r.Blocked()) {
					t.Logf("%s:%d: %q gives %q (%s): %v", p.file, s.Line, s.Source, r.Text, r.Grade, r.Findings)
				}
			}
			return tally.Total()
		}
		with, without := measure(book), measure(nil)
		t.Logf("%s, n %d: TSR %.2f → %.2f %%, chrF++ %.2f → %.2f, facts %.2f → %.2f %%", p.file, with.Samples,
			without.TSR(), with.TSR(), without.ChrFPlus, with.ChrFPlus, without.FactsRate(), with.FactsRate())
		if with.TSR() < 99.5 || with.FactsRate() < 100 || with.ChrFPlus < without.ChrFPlus {
			t.Errorf("%s: below the goal", p.file)
		}
	}
}
