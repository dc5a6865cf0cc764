package translate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/glossary"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

// pair is a file of the terminology set.
type pair struct {
	name     string
	from, to language.Tag
	samples  []translate.Sample
}

func terminology(t testing.TB) []pair {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "terminology", "*.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var out []pair
	n := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".tsv")
		from, to, _ := strings.Cut(name, "_")
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		samples, err := translate.ReadSamples(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, pair{name, language.MustParse(from), language.MustParse(to), samples})
		n += len(samples)
	}
	if n < 200 {
		t.Fatalf("only %d sentences", n)
	}
	return out
}

const termsDay = "2026-11-22"

func onTermsDay() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// The set asks for what the glossary asks for, and its references say it.
func TestTerminologySetIsTheGlossarys(t *testing.T) {
	t.Parallel()
	b := book(t)
	seen := map[string]bool{}
	for _, p := range terminology(t) {
		for _, s := range p.samples {
			at := fmt.Sprintf("%s.tsv:%d", p.name, s.Line)
			if seen[p.name+s.Source] {
				t.Errorf("%s: a second time", at)
			}
			seen[p.name+s.Source] = true
			known := map[string]glossary.Need{}
			for _, m := range b.MatchIn(s.Source, p.from, glossary.Scope{On: termsDay}) {
				if need, ok := b.Required(m, p.from, p.to); ok {
					known[m.Text] = need
				}
			}
			if len(s.Terms) == 0 {
				t.Errorf("%s: no term", at)
			}
			for _, term := range s.Terms {
				need, ok := known[term.Source]
				said := append([]string{need.Preferred}, need.Variants...)
				for _, target := range strings.Split(term.Target, "|") {
					if !ok || !slices.Contains(said, target) {
						t.Errorf("%s: %q is to be said for %q, the glossary has %q", at, target, term.Source, said)
					}
				}
				if bad := need.Wrong(s.Reference); bad != "" {
					t.Errorf("%s: the reference says %q, which is forbidden", at, bad)
				}
			}
			f := translate.NewTally(b, termsDay, p.from, p.to).Add(s, s.Reference)
			if f.TSR() != 100 || f.FactsRate() != 100 || f.ChrFPlus < 99.999 {
				t.Errorf("%s: the reference itself fails: %+v", at, f)
			}
		}
	}
}

// deaf is an engine that cannot be told any word.
type deaf struct{ translate.Engine }

func (d deaf) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	plain := make([]translate.Segment, len(batch))
	for i, s := range batch {
		plain[i] = translate.Segment{Text: s.Text}
	}
	return d.Engine.Translate(ctx, plain, from, to)
}

// inflecting says the words it is told, in another form than it was told.
type inflecting struct{ translate.Engine }

var lastWord = regexp.MustCompile(`^(.*\p{Latin})$`)

func (e inflecting) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	ending := map[string]string{"de": "en", "es": "s", "en": "s"}[to.String()]
	bent := make([]translate.Segment, len(batch))
	for i, s := range batch {
		bent[i] = s
		bent[i].Terms = nil
		for _, t := range s.Terms {
			t.Target = lastWord.ReplaceAllString(t.Target, "${1}"+ending)
			bent[i].Terms = append(bent[i].Terms, t)
		}
	}
	return e.Engine.Translate(ctx, bent, from, to)
}

// measured are an engine's figures over a file.
func measured(t *testing.T, e translate.Engine, b *glossary.Book, p pair) (f translate.Figures, missed []string) {
	t.Helper()
	words := translate.New(translate.Options{Engines: []translate.Engine{e}, Book: b, Now: onTermsDay})
	tally := translate.NewTally(book(t), termsDay, p.from, p.to)
	for _, s := range p.samples {
		r := do(t, words, translate.Request{Text: s.Source, From: p.from, To: p.to})
		if one := tally.Add(s, r.Text); one.TSR() < 100 || one.FactsRate() < 100 {
			missed = append(missed, fmt.Sprintf("%s.tsv:%d: %q gives %q (%s): terms %d of %d, facts %d of %d, %v", p.name, s.Line, s.Source, r.Text, r.Grade,
				one.TermsFound, one.Terms, one.FactsKept, one.Facts, r.Findings))
		}
	}
	return tally.Total(), missed
}

// hold says where an engine with the glossary falls short of the goal: 99.5 % of
// the terms, every fact, and no worse a text than without.
func hold(t *testing.T, name string, e translate.Engine, p pair) (with, without translate.Figures) {
	t.Helper()
	with, missed := measured(t, e, book(t), p)
	without, _ = measured(t, e, nil, p)
	t.Logf("%-10s %-8s n %3d  TSR %6.2f → %6.2f %%  chrF++ %5.2f → %5.2f  facts %6.2f %%  forbidden %.2f → %.2f %%", name, p.name, with.Samples,
		without.TSR(), with.TSR(), without.ChrFPlus, with.ChrFPlus, with.FactsRate(), without.ForbiddenRate(), with.ForbiddenRate())
	if with.TSR() < 99.5 || with.FactsRate() < 100 {
		t.Errorf("%s, %s: TSR %.2f %%, facts %.2f %%:\n%s", name, p.name, with.TSR(), with.FactsRate(), strings.Join(missed, "\n"))
	}
	if with.ChrFPlus < without.ChrFPlus {
		t.Errorf("%s, %s: chrF++ falls from %.2f to %.2f", name, p.name, without.ChrFPlus, with.ChrFPlus)
	}
	return with, without
}

func TestTermsAreSaidWhateverTheEngine(t *testing.T) {
	t.Parallel()
	for _, p := range terminology(t) {
		for name, e := range map[string]translate.Engine{"told": enginetest.Toy{}, "deaf": deaf{enginetest.Toy{}}, "inflecting": inflecting{enginetest.Toy{}}} {
			t.Run(p.name+" "+name, func(t *testing.T) {
				t.Parallel()
				if _, without := hold(t, name, e, p); without.TSR() > 50 {
					t.Errorf("without a glossary %.2f %% of the terms are there: nothing is shown", without.TSR())
				}
			})
		}
	}
}
