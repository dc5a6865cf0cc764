package glossary

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Match is a term found in a text.
type Match struct {
	Term *Term
	// Start and End are bytes of the text, Text what stands there.
	Start, End int
	Text       string
	// Ambiguous: the word has another meaning, and nothing around it tells which.
	Ambiguous bool
}

// Need is what a match has to become.
type Need struct {
	Preferred string
	// Variants are fine too.
	Variants []string
	// Forbidden are words that would be wrong here.
	Forbidden []string
	// Draft: nobody who speaks the language has signed the wording yet.
	Draft bool
}

// index finds the terms of one language.
type index struct {
	root  node
	stems map[string][]stemmed // by first stem
}

type node struct {
	next map[rune]*node
	ends []ending
}

type ending struct {
	term *Term
	// exact is the wording as it has to be written, when case matters.
	exact string
	// variant: it is not the term's preferred wording.
	variant bool
}

type stemmed struct {
	term    *Term
	stems   []string
	variant bool
}

func (b *Book) index(t *Term) {
	for lang, w := range t.byLang {
		if w.Status == Deprecated {
			continue
		}
		ix := b.byLang[lang]
		if ix == nil {
			ix = &index{stems: map[string][]stemmed{}}
			b.byLang[lang] = ix
		}
		for i, s := range append([]string{w.Preferred}, w.Variants...) {
			f := fold(s)
			if len(f.runes) == 0 {
				continue
			}
			n := &ix.root
			for _, r := range f.runes {
				if n.next == nil {
					n.next = map[rune]*node{}
				}
				if n.next[r] == nil {
					n.next[r] = &node{}
				}
				n = n.next[r]
			}
			e := ending{term: t, variant: i > 0}
			if w.Case {
				e.exact = plainForm(s)
			}
			n.ends = append(n.ends, e)
			if w.Match == "stem" && !w.Case {
				if st := stems(f, lang); len(st) > 0 {
					ix.stems[st[0]] = append(ix.stems[st[0]], stemmed{t, st, i > 0})
				}
			}
		}
	}
}

// plainForm is what two spellings share when case matters.
func plainForm(s string) string {
	return strings.Join(strings.Fields(norm.NFKC.String(s)), " ")
}

// candidate is a span of folded runes and the entries that have it: those whose
// preferred wording it is before those of which it is a variant.
type candidate struct {
	i, j            int
	terms, variants []*Term
}

// Match finds terms that hold everywhere.
func (b *Book) Match(text string, lang language.Tag) []Match {
	return b.MatchIn(text, lang, Scope{})
}

// MatchIn finds terms that hold everywhere or in that store and on that
// platform: the longest first, none overlapping another, in the text's order.
func (b *Book) MatchIn(text string, lang language.Tag, in Scope) []Match {
	key := langKey(lang)
	ix := b.byLang[key]
	if ix == nil || text == "" {
		return nil
	}
	f := fold(text)
	spans := ix.candidates(f, text, key)
	// Longest first; of two of the same length the earlier.
	sort.SliceStable(spans, func(a, c int) bool {
		if la, lc := spans[a].j-spans[a].i, spans[c].j-spans[c].i; la != lc {
			return la > lc
		}
		return spans[a].i < spans[c].i
	})
	taken := make([]bool, len(f.runes))
	var out []Match
	for _, s := range spans {
		if slices.Contains(taken[s.i:s.j], true) {
			continue
		}
		t, ambiguous := choose(s, s.terms, f, in)
		if t == nil {
			t, ambiguous = choose(s, s.variants, f, in)
		}
		if t == nil {
			continue
		}
		for k := s.i; k < s.j; k++ {
			taken[k] = true
		}
		m := Match{Term: t, Start: f.start[s.i], End: f.end[s.j-1], Ambiguous: ambiguous}
		m.Text = text[m.Start:m.End]
		out = append(out, m)
	}
	sort.Slice(out, func(a, c int) bool { return out[a].Start < out[c].Start })
	return out
}

func (ix *index) candidates(f folded, text, lang string) []candidate {
	var spans []candidate
	add := func(i, j int, t *Term, variant bool) {
		k := len(spans) - 1
		for k >= 0 && spans[k].i == i && spans[k].j != j {
			k--
		}
		if k < 0 || spans[k].i != i {
			spans = append(spans, candidate{i: i, j: j})
			k = len(spans) - 1
		}
		list := &spans[k].terms
		if variant {
			list = &spans[k].variants
		}
		if !slices.Contains(*list, t) {
			*list = append(*list, t)
		}
	}
	words := wordsOf(f)
	next := 0
	for i := range f.runes {
		n := &ix.root
		for j := i; j < len(f.runes) && n.next != nil; j++ {
			if n = n.next[f.runes[j]]; n == nil {
				break
			}
			if len(n.ends) == 0 || !f.edges(i, j+1) {
				continue
			}
			for _, e := range n.ends {
				if e.exact == "" || plainForm(text[f.start[i]:f.end[j]]) == e.exact {
					add(i, j+1, e.term, e.variant)
				}
			}
		}
		for next < len(words) && words[next].i < i {
			next++
		}
		if next < len(words) && words[next].i == i && len(ix.stems) > 0 {
			for _, s := range ix.stems[stem(string(f.runes[i:words[next].j]), lang)] {
				if end, ok := follows(f, words[next:], s.stems, lang); ok {
					add(i, end, s.term, s.variant)
				}
			}
		}
	}
	return spans
}

// choose picks the meaning: one whose required words are there, else one that
// requires none. Scope narrows first, and a narrower entry wins.
func choose(s candidate, terms []*Term, f folded, in Scope) (best *Term, ambiguous bool) {
	score, rivals := -1, 0
	for _, t := range terms {
		if t.Scope.Store != "" && t.Scope.Store != in.Store || t.Scope.Platform != "" && t.Scope.Platform != in.Platform {
			continue
		}
		if in.On != "" && (t.Since > in.On || t.Until != "" && t.Until < in.On) {
			continue
		}
		if t.Money && besideAmount(f, s.i, s.j) {
			continue
		}
		rivals++
		if anyIn(f, t.Context.Excludes) {
			continue
		}
		n := 0
		if len(t.Context.Requires) > 0 {
			if !anyIn(f, t.Context.Requires) {
				continue
			}
			n += 1
		}
		if t.Scope.Platform != "" {
			n += 2
		}
		if t.Scope.Store != "" {
			n += 4
		}
		if n > score {
			best, score = t, n
		}
	}
	return best, best != nil && rivals > 1 && score == 0
}

func anyIn(f folded, words []string) bool {
	for _, w := range words {
		if f.find(fold(w).runes) {
			return true
		}
	}
	return false
}

// besideAmount: a digit, or a sign before one, is next to [i, j).
func besideAmount(f folded, i, j int) bool {
	for i > 0 && f.runes[i-1] == ' ' {
		i--
	}
	for j < len(f.runes) && f.runes[j] == ' ' {
		j++
	}
	return i > 0 && unicode.IsDigit(f.runes[i-1]) || j < len(f.runes) && unicode.IsDigit(f.runes[j])
}

// Required tells what a match has to become; false when the glossary does not
// know, or the entry does not hold in that direction.
func (b *Book) Required(m Match, from, to language.Tag) (Need, bool) {
	w, ok := m.Term.byLang[langKey(to)]
	if !ok || w.Status == Deprecated {
		return Need{}, false
	}
	if d := m.Term.Scope.Direction; len(d) > 0 && !slices.Contains(d, langKey(from)+">"+langKey(to)) {
		return Need{}, false
	}
	return Need{Preferred: w.Preferred, Variants: w.Variants, Forbidden: w.Forbidden, Draft: w.Status != Approved}, true
}

// Missing tells whether a translation lacks what a match had to become. In
// languages that inflect, another form of the word will do.
func (n Need) Missing(translation string, lang language.Tag) bool {
	key := langKey(lang)
	f := fold(translation)
	packed := squashAll(f)
	words := wordsOf(f)
	for _, s := range append([]string{n.Preferred}, n.Variants...) {
		want := fold(s)
		if f.find(want.runes) {
			return false
		}
		if hasUnspaced(want.runes) {
			// Spaces between Chinese and Latin are a matter of taste.
			if strings.Contains(packed, squashAll(want)) {
				return false
			}
			continue
		}
		if st := stems(want, key); len(st) > 0 {
			for i := range words {
				if _, ok := follows(f, words[i:], st, key); ok {
					return false
				}
			}
		}
	}
	return true
}

// Wrong finds a forbidden word in a translation; "" when there is none. A
// forbidden word inside an allowed one does not count.
func (n Need) Wrong(translation string) string {
	f := fold(translation)
	allowed := append([]string{n.Preferred}, n.Variants...)
	for _, s := range n.Forbidden {
		bad := fold(s)
		rest := f
		for _, a := range allowed {
			if ar := fold(a); strings.Contains(string(ar.runes), string(bad.runes)) {
				rest = fold(strings.ReplaceAll(string(rest.runes), string(ar.runes), "\n"))
			}
		}
		if rest.find(bad.runes) {
			return s
		}
	}
	return ""
}

func hasUnspaced(rs []rune) bool { return slices.ContainsFunc(rs, unspaced) }

func squashAll(f folded) string { return strings.ReplaceAll(string(f.runes), " ", "") }

type wordSpan struct{ i, j int }

func wordsOf(f folded) []wordSpan {
	var out []wordSpan
	for i := 0; i < len(f.runes); i++ {
		if !spacedWord(f.runes[i]) {
			continue
		}
		j := i + 1
		for j < len(f.runes) && spacedWord(f.runes[j]) {
			j++
		}
		out = append(out, wordSpan{i, j})
		i = j
	}
	return out
}

// follows tells whether the words begin with these stems, one space or hyphen
// apart, and where the last one ends.
func follows(f folded, words []wordSpan, want []string, lang string) (end int, ok bool) {
	if len(words) < len(want) {
		return 0, false
	}
	for k, s := range want {
		w := words[k]
		if k > 0 {
			if gap := string(f.runes[words[k-1].j:w.i]); gap != " " && gap != "-" {
				return 0, false
			}
		}
		if stem(string(f.runes[w.i:w.j]), lang) != s {
			return 0, false
		}
		end = w.j
	}
	return end, true
}

func stems(f folded, lang string) []string {
	if hasUnspaced(f.runes) {
		return nil
	}
	var out []string
	for _, w := range wordsOf(f) {
		out = append(out, stem(string(f.runes[w.i:w.j]), lang))
	}
	return out
}

// endings are inflections, longest first. They serve to see that two forms are
// of one word, not to find a dictionary form.
var endings = map[string][]string{
	"en": {"ings", "ing", "ed", "es", "s", "e"},
	"de": {"ern", "en", "em", "er", "es", "e", "n", "s"},
	"fr": {"ées", "ée", "és", "er", "es", "é", "e", "s"},
	"es": {"ados", "adas", "ado", "ada", "es", "os", "as", "ar", "o", "a", "s"},
	"it": {"are", "ati", "ate", "ato", "ata", "i", "e", "o", "a"},
	"pt": {"ados", "adas", "ado", "ada", "es", "os", "as", "ar", "o", "a", "s"},
	"ru": {
		"ами", "ями", "ого", "его", "ому", "ему", "ыми", "ими",
		"ая", "яя", "ое", "ее", "ые", "ие", "ый", "ий", "ой", "ей", "ую", "юю", "ых", "их", "ым", "им",
		"ом", "ем", "ов", "ев", "ам", "ям", "ах", "ях", "ию", "ия", "ии",
		"а", "я", "о", "е", "у", "ю", "ы", "и", "ь", "й",
	},
}

func stem(w, lang string) string {
	for _, e := range endings[lang] {
		if strings.HasSuffix(w, e) && utf8.RuneCountInString(w)-utf8.RuneCountInString(e) >= 4 {
			return strings.TrimSuffix(w, e)
		}
	}
	return w
}
