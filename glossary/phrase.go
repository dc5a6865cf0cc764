package glossary

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Direction is who says a phrase.
type Direction string

// The directions.
const (
	// In: a buyer says it to the shop.
	In Direction = "in"
	// Out: the shop says it to a buyer.
	Out Direction = "out"
)

// Phrase is a whole sentence in several languages. A slot is written {order},
// {n}, {amount}, {date} or {tracking}, and matches only what looks like one.
type Phrase struct {
	ID  string    `toml:"id"`
	Who Direction `toml:"who"`
	// Status holds for every language that Approved does not name.
	Status   Standing `toml:"status"`
	Approved []string `toml:"approved"`
	// Review is why a person should always look; may be empty.
	Review string `toml:"review"`
	// Version counts the wordings it has had.
	Version int `toml:"version"`
	// Langs lists, by BCP 47 tag, the sentence that is said, then others that mean
	// the same and are recognised.
	Langs map[string][]string `toml:"langs"`
	// One is said instead where the language has a singular for the slot n.
	One map[string][]string `toml:"one"`

	slots []string
	// part: it may be a piece of a sentence, which is no answer.
	part  bool
	texts map[string]wordings
}

type wordings struct {
	tag   language.Tag
	main  []string
	one   []string
	draft bool
}

// Hit is a phrase recognised in a text.
type Hit struct {
	Phrase *Phrase
	// Values are the slots', byte for byte as they stood in the text.
	Values map[string]string
}

// Slots are the names of the phrase's slots, in order.
func (p *Phrase) Slots() []string { return slices.Clone(p.slots) }

// Say is the phrase as it is said in a language, with its slots still open.
func (p *Phrase) Say(lang language.Tag) (string, bool) {
	t, ok := p.texts[langKey(lang)]
	if !ok {
		return "", false
	}
	return t.main[0], true
}

// Draft: nobody who speaks the language has signed the wording yet.
func (p *Phrase) Draft(lang language.Tag) bool {
	t, ok := p.texts[langKey(lang)]
	return !ok || t.draft
}

// Render says the phrase in a language with its values put in.
func (h Hit) Render(lang language.Tag) (string, bool) {
	t, ok := h.Phrase.texts[langKey(lang)]
	if !ok {
		return "", false
	}
	s := t.main[0]
	if n, err := strconv.Atoi(h.Values["n"]); err == nil && len(t.one) > 0 && singular(t.tag, n) {
		s = t.one[0]
	}
	var b strings.Builder
	for _, piece := range splitSlots(s) {
		if piece.slot == "" {
			b.WriteString(piece.text)
		} else {
			b.WriteString(h.Values[piece.slot])
		}
	}
	return b.String(), true
}

func singular(lang language.Tag, n int) bool {
	return n >= 0 && plural.Cardinal.MatchPlural(lang, n, 0, 0, 0, 0) == plural.One
}

type slotPiece struct{ text, slot string }

var slotMark = regexp.MustCompile(`\{([a-z]+)\}`)

func splitSlots(s string) []slotPiece {
	var out []slotPiece
	at := 0
	for _, m := range slotMark.FindAllStringSubmatchIndex(s, -1) {
		if m[0] > at {
			out = append(out, slotPiece{text: s[at:m[0]]})
		}
		out = append(out, slotPiece{slot: s[m[2]:m[3]]})
		at = m[1]
	}
	if at < len(s) {
		out = append(out, slotPiece{text: s[at:]})
	}
	return out
}

// slotTypes are what each slot takes, in folded text without spaces. A slot has
// to have a digit as well.
var slotTypes = map[string]string{
	"order":    `#?[0-9a-z]+(?:-[0-9a-z]+)*`,
	"n":        `[0-9]{1,3}`,
	"amount":   `(?:[a-z]{3}|[$€£¥]|us\$|元)?[0-9][0-9.,']*(?:[a-z]{3}|[$€£¥元円]|zł)?`,
	"date":     `[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}(?:[./-](?:[0-9]{4}|[0-9]{2})?)?|(?:[0-9]{4}年)?[0-9]{1,2}月[0-9]{1,2}[日号]`,
	"tracking": `[0-9a-z]{8,40}`,
}

func (p *Phrase) check() error {
	if p.ID == "" {
		return errors.New("a phrase without id")
	}
	if p.Who != In && p.Who != Out {
		return fmt.Errorf("who %q is neither in nor out", p.Who)
	}
	if !known(p.Status) {
		return fmt.Errorf("status %q is unknown", p.Status)
	}
	if len(p.Langs) < 2 {
		return errors.New("fewer than two languages")
	}
	p.texts = map[string]wordings{}
	first := true
	for name, list := range p.Langs {
		tag, err := language.Parse(name)
		if err != nil {
			return fmt.Errorf("%q is not a language: %w", name, err)
		}
		if len(list) == 0 {
			return fmt.Errorf("%s is empty", name)
		}
		for _, s := range append(slices.Clone(list), p.One[name]...) {
			if len(fold(s).squash().runes) == 0 {
				return fmt.Errorf("%s has an empty sentence", name)
			}
			var names []string
			for _, piece := range splitSlots(s) {
				if piece.slot == "" {
					continue
				}
				if slotTypes[piece.slot] == "" {
					return fmt.Errorf("%s: {%s} is no slot", name, piece.slot)
				}
				names = append(names, piece.slot)
			}
			slices.Sort(names)
			if first {
				p.slots, first = names, false
			} else if !slices.Equal(names, p.slots) {
				return fmt.Errorf("%s: slots %v, elsewhere %v", name, names, p.slots)
			}
		}
		draft := p.Status != Approved && !slices.Contains(p.Approved, name)
		p.texts[langKey(tag)] = wordings{tag: tag, main: list, one: p.One[name], draft: draft}
	}
	for name := range p.One {
		if _, ok := p.Langs[name]; !ok || !slices.Contains(p.slots, "n") {
			return fmt.Errorf("one.%s has no plural beside it", name)
		}
	}
	if len(slices.Compact(slices.Clone(p.slots))) != len(p.slots) {
		return errors.New("a slot is there twice")
	}
	return nil
}

// asPhrase files a term that is a whole sentence among the phrases.
func (t *Term) asPhrase() Phrase {
	p := Phrase{ID: t.ID, Who: In, Status: t.Status, Review: t.Review, Version: t.Version, Langs: map[string][]string{}, One: map[string][]string{}}
	if t.Kind == Remark {
		p.Who, p.part = Out, true
	}
	for name, w := range t.Langs {
		p.Langs[name] = append([]string{w.Preferred}, w.Variants...)
		if w.Status == Approved {
			p.Approved = append(p.Approved, name)
		}
	}
	return p
}

// phraseIndex recognises the phrases of one language.
type phraseIndex struct {
	whole    map[string][]*Phrase
	patterns []pattern
}

type pattern struct {
	phrase *Phrase
	head   string
	re     *regexp.Regexp
	slots  []string
	one    bool
}

func (b *Book) indexPhrase(p *Phrase) {
	if p.Status == Deprecated {
		return
	}
	for lang, w := range p.texts {
		ix := b.lookup[lang]
		if ix == nil {
			ix = &phraseIndex{whole: map[string][]*Phrase{}}
			b.lookup[lang] = ix
		}
		for i, s := range append(slices.Clone(w.main), w.one...) {
			if len(p.slots) == 0 {
				key := string(fold(s).squash().runes)
				if !slices.Contains(ix.whole[key], p) {
					ix.whole[key] = append(ix.whole[key], p)
				}
				continue
			}
			ix.patterns = append(ix.patterns, compile(p, s, i >= len(w.main)))
		}
	}
}

// compile makes the pattern of a sentence with slots. Slots are marked by
// private-use runes while the sentence is folded, so that folding and dropping
// of outer marks treat pattern and text alike.
func compile(p *Phrase, s string, one bool) pattern {
	const mark = '\ue000'
	var marked strings.Builder
	var slots []string
	for _, piece := range splitSlots(s) {
		if piece.slot == "" {
			marked.WriteString(piece.text)
		} else {
			marked.WriteRune(mark)
			slots = append(slots, piece.slot)
		}
	}
	parts := strings.Split(string(fold(marked.String()).squash().runes), string(mark))
	var re strings.Builder
	re.WriteString("^")
	for i, part := range parts {
		re.WriteString(regexp.QuoteMeta(part))
		if i < len(slots) {
			re.WriteString("(" + slotTypes[slots[i]] + ")")
		}
	}
	re.WriteString("$")
	return pattern{p, parts[0], regexp.MustCompile(re.String()), slots, one}
}

// Lookup recognises a whole sentence that can be said in the language to,
// whatever its case, spacing, width and outer punctuation.
func (b *Book) Lookup(text string, from, to language.Tag) (Hit, bool) {
	ix := b.lookup[langKey(from)]
	if ix == nil {
		return Hit{}, false
	}
	x := scratches.Get().(*scratch)
	defer x.give(text)
	x.f.fold(text)
	f := x.f.squash()
	x.flat = x.flat[:0]
	for _, r := range f.runes {
		x.flat = utf8.AppendRune(x.flat, r)
	}
	said := langKey(to)
	for _, p := range ix.whole[string(x.flat)] {
		if _, ok := p.texts[said]; ok {
			return Hit{Phrase: p}, true
		}
	}
	for _, pt := range ix.patterns {
		if len(x.flat) < len(pt.head) || string(x.flat[:len(pt.head)]) != pt.head {
			continue
		}
		if _, ok := pt.phrase.texts[said]; !ok {
			continue
		}
		if h, ok := pt.match(f, string(x.flat), text); ok {
			return h, true
		}
	}
	return Hit{}, false
}

func (pt pattern) match(f folded, key, text string) (Hit, bool) {
	m := pt.re.FindStringSubmatchIndex(key)
	if m == nil {
		return Hit{}, false
	}
	// Byte offsets of key to indexes of its runes.
	at := make(map[int]int, len(f.runes)+1)
	i := 0
	for off := range key {
		at[off] = i
		i++
	}
	at[len(key)] = i
	h := Hit{Phrase: pt.phrase, Values: map[string]string{}}
	for k, name := range pt.slots {
		from, to := at[m[2*k+2]], at[m[2*k+3]]
		if from >= to || !slices.ContainsFunc(f.runes[from:to], unicode.IsDigit) {
			return Hit{}, false
		}
		v := text[f.start[from]:f.end[to-1]]
		if name != "amount" && name != "date" && strings.ContainsFunc(v, unicode.IsSpace) {
			return Hit{}, false // an id with a gap in it may be two things
		}
		h.Values[name] = v
	}
	if n, err := strconv.Atoi(h.Values["n"]); pt.one && (err != nil || n != 1 && !singularAnywhere(pt.phrase, n)) {
		return Hit{}, false
	}
	return h, true
}

func singularAnywhere(p *Phrase, n int) bool {
	for _, w := range p.texts {
		if len(w.one) > 0 && singular(w.tag, n) {
			return true
		}
	}
	return false
}

// Phrases lists what can be said in a language in a direction, in the files'
// order. Notes are recognised but not listed: "within {n} days" is one too, and
// nobody is answered with that alone.
func (b *Book) Phrases(lang language.Tag, d Direction) []Phrase {
	var out []Phrase
	for _, p := range b.whole {
		if _, ok := p.texts[langKey(lang)]; ok && p.Who == d && !p.part && p.Status != Deprecated {
			out = append(out, p)
		}
	}
	return out
}

// Phrase finds a phrase by id.
func (b *Book) Phrase(id string) (Phrase, bool) {
	for _, p := range b.whole {
		if p.ID == id {
			return p, true
		}
	}
	return Phrase{}, false
}
