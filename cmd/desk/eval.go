package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/text/language"

	"helloworld/glossary"
	"helloworld/i18n/translate"
)

// evaluate translates a file's lines and prints how near they came to their
// references, in fixed words that a script can read.
func (c translateCmd) evaluate(w *world, book *glossary.Book, words *translate.Pipeline, from, to language.Tag) error {
	f, err := os.Open(c.Eval)
	if err != nil {
		return err
	}
	defer f.Close() // it was only read
	samples, err := translate.ReadSamples(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Eval, err)
	}
	tally := translate.NewTally(book, time.Now().UTC().Format(time.DateOnly), from, to)
	var blocked, gloss int
	for _, s := range samples {
		res, err := words.Do(w.ctx, translate.Request{Text: s.Source, From: from, To: to})
		if err != nil {
			return err
		}
		text := res.Text
		switch {
		case res.Grade == translate.Gloss:
			// It is never sent, so that its marked terms must not count as said.
			gloss, text = gloss+1, ""
		case res.Blocked():
			blocked++
		}
		one := tally.Add(s, text)
		if c.Explain {
			fmt.Fprintf(w.out, "line %d: chrF++ %.2f, terms %d of %d, facts %d of %d\n", s.Line, one.ChrFPlus, one.TermsFound, one.Terms, one.FactsKept, one.Facts)
			fmt.Fprintf(w.out, "  text: %q\n", res.Text)
			for _, line := range translate.Explain(res) {
				fmt.Fprintln(w.out, "  "+line)
			}
		}
	}
	sum := tally.Total()
	fmt.Fprintf(w.out, "n: %d\nchrF: %.2f\nchrF++: %.2f\n", sum.Samples, sum.ChrF, sum.ChrFPlus)
	for _, line := range []struct {
		name  string
		rate  float64
		n, of int
	}{
		{"TSR", sum.TSR(), sum.TermsFound, sum.Terms},
		{"TSR exact", sum.ExactTSR(), sum.TermsExact, sum.Terms},
		{"forbidden terms", sum.ForbiddenRate(), sum.Forbidden, sum.Entries},
		{"facts kept", sum.FactsRate(), sum.FactsKept, sum.Facts},
		{"numbers kept", sum.NumbersRate(), sum.NumbersKept, sum.Numbered},
		{"echoes", sum.EchoRate(), sum.Echoes, sum.Samples},
	} {
		fmt.Fprintf(w.out, "%s: %.2f %% (%d of %d)\n", line.name, line.rate, line.n, line.of)
	}
	fmt.Fprintf(w.out, "length ratio: %.2f\nblocked: %d\nno translation: %d\n", sum.LengthRatio(), blocked, gloss)
	return nil
}
