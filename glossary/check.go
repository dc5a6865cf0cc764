package glossary

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Finding is what a person should look at in a glossary. The glossary can be
// used all the same.
type Finding struct {
	// Code is "duplicate", "missing", "conflict", "forbidden", "hole", "spaces",
	// "direction" or "day".
	Code string
	// IDs are the entries it is about; Lang the language, if it is about one.
	IDs  []string
	Lang string
	What string
}

// Check looks for what contradicts itself in a glossary or is not there. langs
// are the languages that every entry should have; none means all that any has.
func Check(b *Book, langs ...language.Tag) []Finding {
	var out []Finding
	add := func(code, lang, what string, ids ...string) {
		out = append(out, Finding{Code: code, IDs: ids, Lang: lang, What: what})
	}
	wanted := map[string]string{}
	for _, tag := range langs {
		wanted[langKey(tag)] = tag.String()
	}
	if len(wanted) == 0 {
		wanted = b.languages()
	}
	var live []*Term
	for _, t := range b.terms {
		if t.Status == Deprecated {
			continue
		}
		live = append(live, t)
		t.findings(wanted, add)
	}
	for i := range b.phrases {
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			if _, ok := b.phrases[i].texts[key]; !ok && b.phrases[i].Status != Deprecated {
				add("missing", wanted[key], "", b.phrases[i].ID)
			}
		}
	}
	meanings(live, add)
	return out
}

// languages are all that any entry has, by what they are filed under.
func (b *Book) languages() map[string]string {
	out := map[string]string{}
	put := func(name string) {
		if tag, err := language.Parse(name); err == nil {
			out[langKey(tag)] = name
		}
	}
	for _, t := range b.terms {
		for name := range t.Langs {
			put(name)
		}
	}
	for _, p := range b.phrases {
		for name := range p.Langs {
			put(name)
		}
	}
	return out
}

type finder func(code, lang, what string, ids ...string)

// findings are those of one entry.
func (t *Term) findings(wanted map[string]string, add finder) {
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if _, ok := t.byLang[key]; !ok {
			add("missing", wanted[key], "", t.ID)
		}
	}
	for _, d := range t.Scope.Direction {
		if !rightDirection(d) {
			add("direction", "", d, t.ID)
		}
	}
	for _, day := range []string{t.Since, t.Until} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			add("day", "", day, t.ID)
		}
	}
	if t.Until != "" && t.Until < t.Since {
		add("day", "", t.Since+" > "+t.Until, t.ID)
	}
	for _, r := range t.requires {
		if slices.Contains(t.excludes, r) {
			add("hole", "", r, t.ID)
		}
	}
	for _, lang := range slices.Sorted(maps.Keys(t.Langs)) {
		w := t.Langs[lang]
		said := append([]string{w.Preferred}, w.Variants...)
		for _, s := range append(slices.Clone(said), w.Forbidden...) {
			if strings.TrimSpace(s) != s {
				add("spaces", lang, s, t.ID)
			}
		}
		for _, bad := range w.Forbidden {
			what := fold(bad)
			for i, s := range said {
				f := fold(s)
				// Inside a variant it may stand: a forbidden word in a longer allowed one
				// says that only the short form is wrong.
				if string(f.runes) == string(what.runes) || i == 0 && f.find(what.runes) {
					add("forbidden", lang, bad, t.ID)
				}
			}
		}
	}
}

// meanings compares the entries that have one wording.
func meanings(live []*Term, add finder) {
	type place struct{ lang, word string }
	by := map[place][]*Term{}
	for _, t := range live {
		if t.Kind == Whole || t.Kind == Remark {
			continue // they are looked up whole, and no two may be alike in the shipped files
		}
		for lang, w := range t.byLang {
			if w.Status == Deprecated {
				continue
			}
			word := Fold(w.Preferred)
			if w.Case {
				word = plainForm(w.Preferred)
			}
			by[place{lang, word}] = append(by[place{lang, word}], t)
		}
	}
	places := slices.SortedFunc(maps.Keys(by), func(a, c place) int {
		return cmp.Or(cmp.Compare(a.lang, c.lang), cmp.Compare(a.word, c.word))
	})
	told := map[string]bool{}
	for _, p := range places {
		same := by[p]
		if len(same) < 2 {
			continue
		}
		open := 0 // meanings that hold whatever stands around the word
		var ids []string
		for i, t := range same {
			ids = append(ids, t.ID)
			if len(t.Context.Requires) == 0 {
				open++
			}
			for _, other := range same[i+1:] {
				if apart(t, other, p.lang) {
					continue
				}
				code, key := "conflict", t.ID+"\x00"+other.ID+"\x00"+p.lang
				if alikeIn(t, other) {
					code, key = "duplicate", t.ID+"\x00"+other.ID
				}
				if !told[key] {
					told[key] = true
					add(code, p.lang, p.word, t.ID, other.ID)
				}
			}
		}
		if open == 0 {
			add("hole", p.lang, p.word, ids...)
		}
	}
}

// apart: something tells two meanings of one word apart, or they never have to
// be, since the word is never looked for in that language.
func apart(a, c *Term, lang string) bool {
	for _, t := range []*Term{a, c} {
		if len(t.Context.Requires)+len(t.Context.Excludes) > 0 || t.Money {
			return true
		}
		if d := t.Scope.Direction; len(d) > 0 && !slices.ContainsFunc(d, func(s string) bool { return strings.HasPrefix(s, lang+">") }) {
			return true
		}
	}
	if a.Scope.Store != c.Scope.Store || a.Scope.Platform != c.Scope.Platform {
		return true
	}
	if a.Until != "" && a.Until < c.Since || c.Until != "" && c.Until < a.Since {
		return true
	}
	// The word becomes the same thing in every other language: there is no conflict
	// unless they say everything twice.
	differ := false
	for key, w := range a.byLang {
		if v, ok := c.byLang[key]; ok && key != lang && Fold(v.Preferred) != Fold(w.Preferred) {
			differ = true
		}
	}
	return !differ && !alikeIn(a, c)
}

// alikeIn: the two say the same in every language that both have, which is two
// at least.
func alikeIn(a, c *Term) bool {
	both := 0
	for key, w := range a.byLang {
		v, ok := c.byLang[key]
		if ok && Fold(v.Preferred) != Fold(w.Preferred) {
			return false
		}
		if ok {
			both++
		}
	}
	return both > 1
}
