package translate

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenForm is a way to write a token. Engines differ in what they leave alone.
type tokenForm struct {
	name string
	make func(i int) string
	// find is lenient: an engine may change case and spacing without harm, since
	// only the number counts.
	find *regexp.Regexp
}

var tokenForms = []tokenForm{
	{"xml", func(i int) string { return fmt.Sprintf(`<x id="%d"/>`, i) },
		regexp.MustCompile(`(?i)<\s*x\s+id\s*=\s*["'“”„«»＂]?\s*([0-9]{1,4})\s*["'“”„«»＂]?\s*/?\s*>(?:\s*<\s*/\s*x\s*>)?`)},
	{"ph", func(i int) string { return fmt.Sprintf(`__PH%d__`, i) },
		regexp.MustCompile(`(?i)_\s*_\s*PH\s*([0-9]{1,4})\s*_\s*_`)},
	{"brackets", func(i int) string { return fmt.Sprintf(`[[%d]]`, i) },
		regexp.MustCompile(`[\[【]\s*[\[【]\s*([0-9]{1,4})\s*[\]】]\s*[\]】]`)},
}

// strayToken finds what is left of a token that was broken.
var strayToken = regexp.MustCompile(`(?i)<\s*/?\s*x\b|_\s*_\s*PH|PH\s*[0-9]+\s*_\s*_|\[\s*\[|\]\s*\]`)

// mask writes a text with tokens for its spans; numbering starts at first.
func mask(s string, spans []span, form tokenForm, first int) string {
	var b strings.Builder
	at := 0
	for i, p := range spans {
		b.WriteString(s[at:p.start])
		b.WriteString(form.make(first + i))
		at = p.end
	}
	b.WriteString(s[at:])
	return b.String()
}

// restored is an engine's answer with the facts back in it.
type restored struct {
	text string
	// bare is the answer with its tokens blanked: only the engine's own words.
	bare string
	// seen counts each token; stray is a piece of a broken one.
	seen  []int
	stray string
}

// restore puts values in place of tokens first … first+len(values)-1.
func restore(answer string, values []string, form tokenForm, first int) restored {
	r := restored{seen: make([]int, len(values))}
	var text, bare strings.Builder
	at := 0
	for _, m := range form.find.FindAllStringSubmatchIndex(answer, -1) {
		i, err := strconv.Atoi(answer[m[2]:m[3]])
		if err != nil || i < first || i-first >= len(values) {
			continue // one that we never made: left in, and found as stray
		}
		r.seen[i-first]++
		text.WriteString(answer[at:m[0]])
		bare.WriteString(answer[at:m[0]])
		bare.WriteByte(' ')
		// Two numbers that touch would be a third.
		if glues(text.String(), values[i-first]) {
			text.WriteByte(' ')
		}
		text.WriteString(values[i-first])
		if glues(values[i-first], answer[m[1]:]) {
			text.WriteByte(' ')
		}
		at = m[1]
	}
	text.WriteString(answer[at:])
	bare.WriteString(answer[at:])
	r.text, r.bare = text.String(), bare.String()
	r.stray = strayToken.FindString(r.bare)
	return r
}

func glues(before, after string) bool {
	a, _ := utf8.DecodeLastRuneInString(before)
	b, _ := utf8.DecodeRuneInString(after)
	word := func(r rune) bool { return unicode.IsDigit(r) || unicode.Is(unicode.Latin, r) || r == '_' }
	return word(a) && word(b)
}
