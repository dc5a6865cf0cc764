package translate

import (
	"embed"
	"math"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// languages are common words of the languages in Latin letters, one file each; a
// word that stands there twice is a very common one.
//
//go:embed languages/*.txt
var languages embed.FS

// scores is one figure per language, in the order of [lettering].langs.
type scores []float32

// lettering knows how the languages in Latin letters look: their common words,
// and which letter follows which two.
type lettering struct {
	langs  []language.Tag
	counts []counts
	// words and runs are worked out beforehand, for what any list has.
	words map[string]scores
	runs  map[[3]rune]scores
}

// model is made at the first message, not at start.
var model = sync.OnceValue(func() *lettering {
	l := &lettering{words: map[string]scores{}, runs: map[[3]rune]scores{}}
	files, err := languages.ReadDir("languages")
	for _, f := range files {
		var text []byte
		if text, err = languages.ReadFile("languages/" + f.Name()); err != nil {
			break
		}
		l.langs = append(l.langs, language.Make(strings.TrimSuffix(f.Name(), ".txt")))
		l.counts = append(l.counts, countWords(string(text)))
	}
	if err != nil {
		panic(err) // the files are in the program; a test reads them all
	}
	for i, c := range l.counts {
		for w, n := range c.words {
			if l.words[w] == nil {
				l.words[w] = make(scores, len(l.langs))
			}
			l.words[w][i] = float32(n / c.total)
		}
		for run := range c.three {
			if l.runs[run] == nil {
				l.runs[run] = l.run(run)
			}
		}
	}
	return l
})

// counts is how often one language's list has its words, and their runs of one,
// two and three letters; after is how often something follows a run.
type counts struct {
	words          map[string]float64
	total, letters float64
	one            map[rune]float64
	two            map[[2]rune]float64
	three          map[[3]rune]float64
	after          map[rune]float64
	afterTwo       map[[2]rune]float64
}

// unmarked is how much a word without its accents counts beside the one with
// them: buyers on telephones leave them out.
const unmarked = 0.35

func countWords(text string) counts {
	c := counts{words: map[string]float64{}, one: map[rune]float64{}, two: map[[2]rune]float64{}, three: map[[3]rune]float64{},
		after: map[rune]float64{}, afterTwo: map[[2]rune]float64{}}
	for _, w := range wordsOf(text) {
		c.words[w]++
		if p := plain(w); p != w {
			c.words[p] += unmarked
		}
	}
	for w, n := range c.words {
		c.total += n
		a, b := ' ', ' '
		for _, r := range w + " " {
			c.letters += n
			c.one[r] += n
			c.two[[2]rune{b, r}] += n
			c.three[[3]rune{a, b, r}] += n
			c.after[b] += n
			c.afterTwo[[2]rune{a, b}] += n
			a, b = b, r
		}
	}
	return c
}

// smooth is how much a shorter run of letters weighs beside a longer one.
const smooth = 1.5

// next is how likely the third letter is after the first two.
func (c *counts) next(run [3]rune) float64 {
	last, two := run[2], [2]rune{run[1], run[2]}
	p := (c.one[last] + 0.02) / (c.letters + 2)
	p = (c.two[two] + smooth*p) / (c.after[run[1]] + smooth)
	return (c.three[run] + smooth*p) / (c.afterTwo[[2]rune{run[0], run[1]}] + smooth)
}

func (l *lettering) run(run [3]rune) scores {
	s := make(scores, len(l.langs))
	for i := range l.counts {
		s[i] = float32(math.Log(l.counts[i].next(run)))
	}
	return s
}

// plain is a word without its accents.
func plain(w string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'ł':
			return 'l'
		case r == 'ø':
			return 'o'
		case r == 'ı':
			return 'i'
		case r == 'đ':
			return 'd'
		}
		return r
	}, norm.NFD.String(w))
}

// wordsOf are the words in Latin letters, small; what an apostrophe shortens is
// a word of its own: l' and article.
func wordsOf(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' }) {
		w = strings.Trim(strings.ReplaceAll(w, "’", "'"), "'")
		for {
			at := strings.IndexByte(w, '\'')
			if at < 0 {
				break
			}
			out, w = append(out, w[:at+1]), w[at+1:]
		}
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

const (
	// oneWord is the most that one word may say against a language: a name or a
	// brand is no proof.
	oneWord = 6.0
	// oneLetter is the most that each of its letters may.
	oneLetter = 1.3
	// listed is how much of a word's likelihood is its being on a list.
	listed = 0.4
	// enoughWords is after how many words the rest is not looked at.
	enoughWords = 60
)

// weigh says how much a text speaks for each language, and how likely a letter
// of it is on average in the one that knows its word best.
func (l *lettering) weigh(s string) (sum scores, each float32) {
	sum = make(scores, len(l.langs))
	one := make(scores, len(l.langs))
	words, letters, all := 0, 0, float32(0)
	for _, w := range wordsOf(s) {
		if words++; words > enoughWords {
			break
		}
		clear(one)
		a, b, n := ' ', ' ', 0
		for _, r := range w + " " {
			run := [3]rune{a, b, r}
			known := l.runs[run]
			if known == nil {
				known = l.run(run)
			}
			for i, p := range known {
				one[i] += p
			}
			a, b = b, r
			n++
		}
		in := l.words[w]
		most := float32(math.Inf(-1))
		for i := range one {
			if in != nil && in[i] > 0 {
				one[i] = float32(math.Log(listed*float64(in[i]) + (1-listed)*math.Exp(float64(one[i]))))
			}
			most = max(most, one[i])
		}
		least := most - min(oneWord, oneLetter*float32(n-1))
		for i := range one {
			sum[i] += max(one[i], least) - most
		}
		all, letters = all+most, letters+n
	}
	return sum, all / float32(max(letters, 1))
}
