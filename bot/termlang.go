package bot

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"helloworld/glossary"
)

// TermLangs tells which languages two wordings are in, by their letters and by
// the languages that are likely there; und where that does not tell.
func TermLangs(source, target string, from, to, own language.Tag) (language.Tag, language.Tag) {
	a, b := written(source, from, to, own), written(target, to, from, own)
	if sameTongue(a, b) {
		return language.Und, language.Und
	}
	return a, b
}

// written is the first of the likely languages that are written like a text,
// else the one that its letters stand for.
func written(text string, likely ...language.Tag) language.Tag {
	is := func(tables ...*unicode.RangeTable) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, tables...) })
	}
	letters, other := "Latn", language.English
	switch {
	case is(unicode.Hiragana, unicode.Katakana):
		letters, other = "Jpan", language.Japanese
	case is(unicode.Hangul):
		letters, other = "Kore", language.Korean
	case is(unicode.Cyrillic):
		letters, other = "Cyrl", language.Russian
	case is(unicode.Han):
		letters, other = "Hani", language.MustParse("zh-CN")
	}
	for _, tag := range likely {
		script, _ := tag.Script()
		s := script.String()
		if tag != language.Und && (s == letters || letters == "Hani" && (s == "Hans" || s == "Hant" || s == "Jpan")) {
			return tag
		}
	}
	return other
}

// wordOf finds the language in which a wording is an entry's already, if that is
// another than the one it is proposed for.
func wordOf(e *glossary.Term, target string, to language.Tag) (language.Tag, bool) {
	if e == nil {
		return language.Und, false
	}
	says := func(tag language.Tag) bool {
		w, ok := e.In(tag)
		return ok && slices.ContainsFunc(append([]string{w.Preferred}, w.Variants...), func(s string) bool { return glossary.Fold(s) == glossary.Fold(target) })
	}
	if says(to) {
		return language.Und, false
	}
	for _, name := range slices.Sorted(maps.Keys(e.Langs)) {
		if tag := language.Make(name); says(tag) {
			return tag, true
		}
	}
	return language.Und, false
}
