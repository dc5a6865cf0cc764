package translate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"helloworld/glossary"
)

// Sample is a text with its translation by somebody who knows, to hold engines
// against.
type Sample struct {
	// Line is where it stands in its file.
	Line              int
	Source, Reference string
	// Terms must appear; a target may name several that will do, parted by "|".
	Terms []TermPair
}

// ErrBadSample is what reading samples says of a file with wrong lines.
var ErrBadSample = errors.New("translate: not a line of samples")

// sampleLine bounds a line; a message has at most some thousand letters.
const sampleLine = 1 << 20

// ReadSamples reads tab-separated lines: source, reference and, if any, the terms
// as "source=target;source=target". Empty lines and those that begin with # are
// passed over. Everything wrong is told, by line.
func ReadSamples(r io.Reader) ([]Sample, error) {
	var out []Sample
	var bad []error
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), sampleLine)
	n := 0
	for sc.Scan() {
		n++
		line := strings.TrimSuffix(strings.TrimPrefix(sc.Text(), "\ufeff"), "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := readSample(line)
		if err != nil {
			bad = append(bad, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		s.Line = n
		out = append(out, s)
	}
	if err := sc.Err(); err != nil {
		bad = append(bad, fmt.Errorf("line %d: %w", n+1, err))
	}
	if len(out) == 0 && len(bad) == 0 {
		bad = append(bad, errors.New("no line at all"))
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrBadSample, errors.Join(bad...))
	}
	return out, nil
}

func readSample(line string) (Sample, error) {
	if !utf8.ValidString(line) {
		return Sample{}, errors.New("is not UTF-8")
	}
	f := strings.Split(line, "\t")
	if len(f) < 2 || len(f) > 3 {
		return Sample{}, fmt.Errorf("has %d fields instead of 2 or 3, tabs between them", len(f))
	}
	s := Sample{Source: strings.TrimSpace(f[0]), Reference: strings.TrimSpace(f[1])}
	switch "" {
	case s.Source:
		return Sample{}, errors.New("has no source")
	case s.Reference:
		return Sample{}, errors.New("has no reference")
	}
	if len(f) < 3 {
		return s, nil
	}
	for _, pair := range strings.Split(f[2], ";") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		source, target, ok := strings.Cut(pair, "=")
		p := TermPair{strings.TrimSpace(source), strings.TrimSpace(target)}
		if !ok || p.Source == "" || strings.Trim(p.Target, "| ") == "" {
			return Sample{}, fmt.Errorf("the term %q is not source=target", strings.TrimSpace(pair))
		}
		s.Terms = append(s.Terms, p)
	}
	return s, nil
}

// Figures tell how good translations are, and how much of what may not be lost
// was lost. Each is a count, with what it is out of.
type Figures struct {
	Samples int
	// ChrF and ChrFPlus are chrF and chrF++ of all texts together, 0 to 100.
	ChrF, ChrFPlus float64
	// Terms were required; TermsExact stand in the text as they were wanted (in
	// Chinese: anywhere), TermsFound in another form of the word at least.
	Terms, TermsExact, TermsFound int
	// Entries are the glossary's entries met; Forbidden are those of which a
	// forbidden word was used.
	Entries, Forbidden int
	// Facts are the sources' order numbers, amounts, dates and the like, and
	// FactsKept those of them that are in the text byte for byte.
	Facts, FactsKept int
	// Numbered are samples with a number in them, NumbersKept those of them whose
	// text has the same ones.
	Numbered, NumbersKept int
	// Echoes are texts that are the source again.
	Echoes int
	// Letters and ReferenceLetters make the ratio of lengths.
	Letters, ReferenceLetters int
}

// TSR is the share of required terms that were found, in per cent; 100 without any.
func (f Figures) TSR() float64 { return percent(f.TermsFound, f.Terms, 100) }

// ExactTSR counts only terms exactly as they were wanted.
func (f Figures) ExactTSR() float64 { return percent(f.TermsExact, f.Terms, 100) }

// ForbiddenRate is the share of entries of which a forbidden word was used, in per cent.
func (f Figures) ForbiddenRate() float64 { return percent(f.Forbidden, f.Entries, 0) }

// FactsRate is the share of facts kept, in per cent; 100 without any.
func (f Figures) FactsRate() float64 { return percent(f.FactsKept, f.Facts, 100) }

// NumbersRate is the share of samples whose numbers were kept, in per cent.
func (f Figures) NumbersRate() float64 { return percent(f.NumbersKept, f.Numbered, 100) }

// EchoRate is the share of echoes, in per cent.
func (f Figures) EchoRate() float64 { return percent(f.Echoes, f.Samples, 0) }

// LengthRatio is the texts' length in letters by the references'.
func (f Figures) LengthRatio() float64 { return percent(f.Letters, f.ReferenceLetters, 0) / 100 }

func percent(n, of int, none float64) float64 {
	if of == 0 {
		return none
	}
	return 100 * float64(n) / float64(of)
}

// Tally adds up figures between two languages.
type Tally struct {
	from, to   language.Tag
	book       *glossary.Book
	on         string
	plain, all ChrF
	sum        Figures
}

// NewTally begins to count. The glossary tells which words are forbidden; on is
// the day for which it is asked, as 2026-11-30, and empty asks for any.
func NewTally(book *glossary.Book, on string, from, to language.Tag) *Tally {
	if book == nil {
		book = &glossary.Book{}
	}
	return &Tally{from: from, to: to, book: book, on: on, all: ChrF{Words: chrWords}}
}

// Add counts a sample's translation, and tells the figures of it alone.
func (t *Tally) Add(s Sample, text string) Figures {
	one, all := ChrF{}, ChrF{Words: chrWords}
	for _, c := range []*ChrF{&t.plain, &t.all, &one, &all} {
		c.Add(text, s.Reference)
	}
	f := Figures{Samples: 1, ChrF: one.Score(), ChrFPlus: all.Score(), Terms: len(s.Terms),
		Letters: runeLetters(text), ReferenceLetters: runeLetters(s.Reference)}
	for _, p := range s.Terms {
		exact, found := hasTerm(text, p.Target, t.to)
		f.TermsExact += count(exact)
		f.TermsFound += count(found)
	}
	for _, m := range t.book.MatchIn(s.Source, t.from, glossary.Scope{On: t.on}) {
		if need, ok := t.book.Required(m, t.from, t.to); ok {
			f.Entries++
			f.Forbidden += count(need.Wrong(text) != "")
		}
	}
	source, text := normalise(s.Source), normalise(text)
	spans := protect(source)
	f.facts(source, text, spans)
	said := lettersOf(without(source, spans))
	f.Echoes = count(base(t.from) != base(t.to) && len([]rune(said)) >= 3 && said == lettersOf(without(text, protect(text))))
	t.sum.add(f)
	return f
}

// Total is all that was counted.
func (t *Tally) Total() Figures {
	f := t.sum
	f.ChrF, f.ChrFPlus = t.plain.Score(), t.all.Score()
	return f
}

func (f *Figures) add(x Figures) {
	f.Samples += x.Samples
	f.Terms, f.TermsExact, f.TermsFound = f.Terms+x.Terms, f.TermsExact+x.TermsExact, f.TermsFound+x.TermsFound
	f.Entries, f.Forbidden = f.Entries+x.Entries, f.Forbidden+x.Forbidden
	f.Facts, f.FactsKept = f.Facts+x.Facts, f.FactsKept+x.FactsKept
	f.Numbered, f.NumbersKept = f.Numbered+x.Numbered, f.NumbersKept+x.NumbersKept
	f.Echoes += x.Echoes
	f.Letters, f.ReferenceLetters = f.Letters+x.Letters, f.ReferenceLetters+x.ReferenceLetters
}

// facts counts those of the source that are in the text, each as often.
func (f *Figures) facts(source, text string, spans []span) {
	want := map[string]int{}
	for _, s := range spans {
		want[s.text]++
	}
	for fact, n := range want {
		f.Facts += n
		f.FactsKept += min(n, strings.Count(text, fact))
	}
	a, b := numbers(source), numbers(text)
	f.Numbered = count(a != "")
	f.NumbersKept = count(a != "" && a == b)
}

func hasTerm(text, target string, lang language.Tag) (exact, found bool) {
	for _, one := range strings.Split(target, "|") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		exact = exact || glossary.Need{Forbidden: []string{one}}.Wrong(text) != ""
		found = found || !glossary.Need{Preferred: one}.Missing(text, lang)
	}
	return exact, found
}

// numbers are a text's runs of digits in order of size, however they are grouped
// and whichever word comes first.
func numbers(s string) string {
	runs := anyDigit.FindAllString(norm.NFKC.String(s), -1)
	slices.Sort(runs)
	return strings.Join(runs, " ")
}

func lettersOf(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
