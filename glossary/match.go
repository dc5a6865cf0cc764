package glossary

import (
	"cmp"
	"slices"
	"strings"
	"sync"
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

// index finds the terms of one language: by what they are, and by their stems
// with a space between the words.
type index struct{ words, stems lexicon }

type indexDraft struct{ words, stems lexiconDraft }

func (b *Book) index(t *Term, drafts map[string]*indexDraft) {
	for lang, w := range t.byLang {
		if w.Status == Deprecated {
			continue
		}
		d := drafts[lang]
		if d == nil {
			d = &indexDraft{}
			drafts[lang] = d
		}
		for i, s := range append([]string{w.Preferred}, w.Variants...) {
			f := fold(s)
			if len(f.runes) == 0 {
				continue
			}
			exact := ""
			if w.Case {
				exact = plainForm(s)
			}
			d.words.add(string(f.runes), t, i > 0, exact)
			if w.Match == "stem" && !w.Case {
				if st := stems(f, lang); len(st) > 0 {
					d.stems.add(strings.Join(st, " "), t, i > 0, "")
				}
			}
		}
	}
}

// plainForm is what two spellings share when case matters.
func plainForm(s string) string {
	return strings.Join(strings.Fields(norm.NFKC.String(s)), " ")
}

// hit is a span of folded runes and an entry that has it.
type hit struct {
	i, j    int
	term    *Term
	variant bool
}

// scratch is the room that one search needs; it is used again.
type scratch struct {
	f               folded
	flat            []byte  // the folded text
	off             []int32 // where each rune is in it
	spaced, taken   []bool
	words           []wordSpan
	bare            []string
	hits            []hit
	terms, variants []*Term
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// largest is how long a text may be for its room to be kept.
const largest = 64 << 10

func (x *scratch) give(text string) {
	if len(text) > largest {
		return
	}
	// What is kept must not keep a glossary or a text alive.
	clear(x.bare)
	clear(x.hits)
	clear(x.terms[:cap(x.terms)])
	clear(x.variants[:cap(x.variants)])
	scratches.Put(x)
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
	x := scratches.Get().(*scratch)
	defer x.give(text)
	x.f.fold(text)
	whole := x.search(ix, text, key)
	// Longest first; of two of the same length the earlier.
	slices.SortStableFunc(x.hits, func(a, c hit) int {
		return cmp.Or(cmp.Compare(c.j-c.i, a.j-a.i), cmp.Compare(a.i, c.i))
	})
	x.taken = append(x.taken[:0], make([]bool, len(x.f.runes))...)
	near := around{text: x.f, whole: whole}
	var out []Match
	var to int
	for from := 0; from < len(x.hits); from = to {
		i, j := x.hits[from].i, x.hits[from].j
		x.terms, x.variants = x.terms[:0], x.variants[:0]
		for to = from; to < len(x.hits) && x.hits[to].i == i && x.hits[to].j == j; to++ {
			list := &x.terms
			if x.hits[to].variant {
				list = &x.variants
			}
			if t := x.hits[to].term; !slices.Contains(*list, t) {
				*list = append(*list, t)
			}
		}
		if slices.Contains(x.taken[i:j], true) {
			continue
		}
		// Those whose preferred wording it is go before those of which it is a variant.
		t, ambiguous := choose(i, j, x.terms, &near, in)
		if t == nil {
			t, ambiguous = choose(i, j, x.variants, &near, in)
		}
		if t == nil {
			continue
		}
		for k := i; k < j; k++ {
			x.taken[k] = true
		}
		m := Match{Term: t, Start: int(x.f.start[i]), End: int(x.f.end[j-1]), Ambiguous: ambiguous}
		m.Text = text[m.Start:m.End]
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, c Match) int { return cmp.Compare(a.Start, c.Start) })
	return out
}

// search fills hits, and returns the folded text.
func (x *scratch) search(ix *index, text, lang string) string {
	runes := x.f.runes
	x.flat = x.flat[:0]
	x.off, x.spaced, x.words, x.hits, x.bare = x.off[:0], x.spaced[:0], x.words[:0], x.hits[:0], x.bare[:0]
	x.off, x.spaced = slices.Grow(x.off, len(runes)+1)[:len(runes)+1], slices.Grow(x.spaced, len(runes)+1)[:len(runes)+1]
	for i, r := range runes {
		x.off[i] = int32(len(x.flat))
		if r < utf8.RuneSelf {
			x.spaced[i] = wordByte[r]
			x.flat = append(x.flat, byte(r))
			continue
		}
		x.spaced[i] = spacedWord(r)
		x.flat = utf8.AppendRune(x.flat, r)
	}
	x.off[len(runes)], x.spaced[len(runes)] = int32(len(x.flat)), false
	whole := string(x.flat)
	for i := 0; i < len(runes); {
		j := i + 1
		if x.spaced[i] {
			for x.spaced[j] {
				j++
			}
			x.words = append(x.words, wordSpan{i, j})
			x.walk(&ix.words, i, j, whole, text)
		} else {
			pairs := unspaced(runes[i])
			if !pairs || ix.words.short {
				x.walk(&ix.words, i, j, whole, text)
			}
			if pairs && j < len(runes) {
				x.walk(&ix.words, i, j+1, whole, text)
			}
		}
		i = j
	}
	if len(ix.stems.ends) > 0 {
		x.inflected(&ix.stems, whole, endings[lang])
	}
	return whole
}

// walk finds the wordings that begin at i with the head that ends at j.
func (x *scratch) walk(l *lexicon, i, j int, whole, text string) {
	at, ok := l.head(whole[x.off[i]:x.off[j]])
	for ; ok; j++ {
		if !x.spaced[j-1] || !x.spaced[j] {
			for _, e := range l.here(at) {
				if e.exact == 0 || plainForm(text[x.f.start[i]:x.f.end[j-1]]) == l.exact[e.exact-1] {
					x.hits = append(x.hits, hit{i, j, e.term, e.variant})
				}
			}
		}
		if j == len(x.f.runes) {
			return
		}
		at, ok = l.step(at, x.f.runes[j])
	}
}

// inflected finds the wordings whose stems the words begin with.
func (x *scratch) inflected(l *lexicon, whole string, endings []string) {
	for _, w := range x.words {
		x.bare = append(x.bare, without(whole[x.off[w.i]:x.off[w.j]], endings))
	}
	for k, w := range x.words {
		at, ok := l.head(x.bare[k])
		for m := k; ok; {
			for _, e := range l.here(at) {
				x.hits = append(x.hits, hit{w.i, x.words[m].j, e.term, e.variant})
			}
			if m++; m == len(x.words) || !oneApart(x.f, x.words[m-1], x.words[m]) {
				break
			}
			at, ok = l.step(at, ' ')
			for _, r := range x.bare[m] {
				if !ok {
					break
				}
				at, ok = l.step(at, r)
			}
		}
	}
}

// oneApart: one space or hyphen stands between two words.
func oneApart(f folded, a, c wordSpan) bool {
	return c.i-a.j == 1 && (f.runes[a.j] == ' ' || f.runes[a.j] == '-')
}

// choose picks the meaning: one whose required words are there, else one that
// requires none. Scope narrows first, and a narrower entry wins.
func choose(i, j int, terms []*Term, near *around, in Scope) (best *Term, ambiguous bool) {
	score, rivals := -1, 0
	for _, t := range terms {
		if t.Scope.Store != "" && t.Scope.Store != in.Store || t.Scope.Platform != "" && t.Scope.Platform != in.Platform {
			continue
		}
		if in.On != "" && (t.Since > in.On || t.Until != "" && t.Until < in.On) {
			continue
		}
		if t.Money && besideAmount(near.text, i, j) {
			continue
		}
		rivals++
		if near.any(t.excludes) {
			continue
		}
		n := 0
		if len(t.Context.Requires) > 0 {
			if !near.any(t.requires) {
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
		if k > 0 && !oneApart(f, words[k-1], w) {
			return 0, false
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

func stem(w, lang string) string { return without(w, endings[lang]) }

func without(w string, endings []string) string {
	if len(w) < 5 {
		return w
	}
	for _, e := range endings {
		if strings.HasSuffix(w, e) && utf8.RuneCountInString(w)-utf8.RuneCountInString(e) >= 4 {
			return strings.TrimSuffix(w, e)
		}
	}
	return w
}
