package glossary

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// sentence is the kind, in files that are exchanged, of a [Phrase].
const sentence Kind = "sentence"

// columns are an entry's fields in files that are exchanged, in their order.
// Those of a language follow: "de", "de_variants" and so on.
var columns = []string{"id", "concept", "kind", "who", "status", "store", "platform", "direction", "requires", "excludes",
	"since", "until", "version", "money", "review", "note", "source"}

// aspects are what is behind a language in a column's name; the empty one is the
// preferred wording.
var aspects = []string{"", "variants", "forbidden", "match", "case", "status", "one"}

// row is an entry as cells by column: what every format writes and reads, and
// what two glossaries are compared by.
type row map[string]string

func (r row) put(column, value string) {
	if value != "" {
		r[column] = value
	}
}

func aspect(lang, name string) string {
	if name == "" {
		return lang
	}
	return lang + "_" + name
}

func yes(v bool) string {
	if v {
		return "yes"
	}
	return ""
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (t *Term) row() row {
	r := row{}
	for k, v := range map[string]string{"id": t.ID, "concept": t.Concept, "kind": string(t.Kind), "status": string(t.Status),
		"store": t.Scope.Store, "platform": t.Scope.Platform, "direction": joinList(t.Scope.Direction),
		"requires": joinList(t.Context.Requires), "excludes": joinList(t.Context.Excludes), "since": t.Since, "until": t.Until,
		"version": count(t.Version), "money": yes(t.Money), "review": t.Review, "note": t.Note, "source": t.Source} {
		r.put(k, v)
	}
	for lang, w := range t.Langs {
		r.put(lang, w.Preferred)
		r.put(aspect(lang, "variants"), joinList(w.Variants))
		r.put(aspect(lang, "forbidden"), joinList(w.Forbidden))
		r.put(aspect(lang, "match"), w.Match)
		r.put(aspect(lang, "case"), yes(w.Case))
		r.put(aspect(lang, "status"), string(w.Status))
	}
	return r
}

func (p *Phrase) row() row {
	r := row{}
	for k, v := range map[string]string{"id": p.ID, "kind": string(sentence), "who": string(p.Who), "status": string(p.Status),
		"review": p.Review, "version": count(p.Version)} {
		r.put(k, v)
	}
	for lang, list := range p.Langs {
		if len(list) == 0 {
			continue
		}
		r.put(lang, list[0])
		r.put(aspect(lang, "variants"), joinList(list[1:]))
		r.put(aspect(lang, "one"), joinList(p.One[lang]))
	}
	for _, lang := range p.Approved {
		r.put(aspect(lang, "status"), string(Approved))
	}
	return r
}

// joinList writes several values into one cell: "a | b". A backslash takes the
// next letter as it is.
func joinList(list []string) string {
	var out []string
	for _, s := range list {
		if s == "" {
			continue
		}
		s = strings.NewReplacer(`\`, `\\`, `|`, `\|`).Replace(s)
		if strings.HasPrefix(s, " ") {
			s = `\` + s
		}
		if strings.HasSuffix(s, " ") && s != `\ ` {
			s = s[:len(s)-1] + `\ `
		}
		out = append(out, s)
	}
	return strings.Join(out, " | ")
}

func splitList(cell string) []string {
	var out []string
	var b strings.Builder
	solid := 0 // up to here nothing is trimmed
	end := func() {
		if s := b.String(); solid > 0 || strings.TrimSpace(s) != "" {
			out = append(out, s[:solid]+strings.TrimRight(s[solid:], " "))
		}
		b.Reset()
		solid = 0
	}
	escaped := false
	for _, r := range cell {
		switch {
		case escaped:
			b.WriteRune(r)
			solid, escaped = b.Len(), false
		case r == '\\':
			escaped = true
		case r == '|':
			end()
		case r == ' ' && b.Len() == 0:
		default:
			b.WriteRune(r)
		}
	}
	if escaped {
		b.WriteByte('\\')
	}
	end()
	return out
}

// splitColumn takes a column's name apart: a field of the entry, or a language
// and an aspect of it.
func splitColumn(name string) (lang, asp string, ok bool) {
	if slices.Contains(columns, name) {
		return "", "", true
	}
	lang, asp, _ = strings.Cut(name, "_")
	if asp == "" && strings.HasSuffix(name, "_") || !slices.Contains(aspects, asp) {
		return "", "", false
	}
	_, err := language.Parse(lang)
	return lang, asp, err == nil && lang != ""
}

// langsOf are the languages of a row, in alphabetical order.
func (r row) langs() []string {
	var out []string
	for k := range r {
		if lang, _, ok := splitColumn(k); ok && lang != "" && !slices.Contains(out, lang) {
			out = append(out, lang)
		}
	}
	sort.Strings(out)
	return out
}

// longest is how many letters a cell may have: more than a sentence needs, and
// less than any format cuts.
const longest = 4000

// unfit tells why a cell cannot be exchanged; "" when it can.
func unfit(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "utf8"
	case strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0xFFFE || r == 0xFFFF
	}):
		return "control"
	case len(s) > longest && utf8.RuneCountInString(s) > longest:
		return "long"
	}
	return ""
}

// entry makes the row's term or phrase; where and why it cannot goes to bad.
func (r row) entry(bad func(column, code, what string)) (*Term, *Phrase) {
	wrong := false
	fail := func(column, code, what string) {
		wrong = true
		bad(column, code, what)
	}
	for _, k := range r.keys() {
		if why := unfit(r[k]); why != "" {
			fail(k, why, k)
		}
	}
	if wrong {
		return nil, nil
	}
	if r["id"] == "" {
		fail("id", "id", "")
	}
	kind, status := Kind(r["kind"]), Standing(r["status"])
	if kind == "" {
		kind = Word
	}
	if status == "" {
		status = Draft
	}
	if !slices.Contains([]Kind{Word, Abbr, Reason, Status, Whole, Remark, sentence}, kind) {
		fail("kind", "kind", string(kind))
	}
	if !known(status) {
		fail("status", "status", string(status))
	}
	version := 0
	if s := r["version"]; s != "" {
		var err error
		if version, err = strconv.Atoi(s); err != nil || version < 0 {
			fail("version", "number", s)
		}
	}
	if kind == sentence {
		return nil, r.phrase(status, version, fail, &wrong)
	}
	t := &Term{ID: r["id"], Concept: r["concept"], Kind: kind, Status: status, Review: r["review"], Note: r["note"], Source: r["source"],
		Scope:   Scope{Store: r["store"], Platform: r["platform"], Direction: splitList(r["direction"])},
		Context: Context{Requires: splitList(r["requires"]), Excludes: splitList(r["excludes"])},
		Version: version, Since: r["since"], Until: r["until"], Langs: map[string]Wording{}}
	t.Money = r.flag("money", fail)
	for _, c := range []string{"since", "until"} {
		if _, err := time.Parse(time.DateOnly, r[c]); r[c] != "" && err != nil {
			fail(c, "day", r[c])
		}
	}
	if t.Until != "" && t.Until < t.Since {
		fail("until", "days", t.Since+" > "+t.Until)
	}
	for _, d := range t.Scope.Direction {
		if !rightDirection(d) {
			fail("direction", "direction", d)
		}
	}
	if r["who"] != "" {
		fail("who", "who", r["who"])
	}
	for lang := range r.wordings(fail) {
		w := Wording{Preferred: r[lang], Variants: splitList(r[aspect(lang, "variants")]), Forbidden: splitList(r[aspect(lang, "forbidden")]),
			Match: r[aspect(lang, "match")], Case: r.flag(aspect(lang, "case"), fail), Status: Standing(r[aspect(lang, "status")])}
		if w.Match != "" && w.Match != "exact" && w.Match != "stem" {
			fail(aspect(lang, "match"), "match", w.Match)
		}
		if w.Status != "" && !known(w.Status) {
			fail(aspect(lang, "status"), "status", string(w.Status))
		}
		if one := aspect(lang, "one"); r[one] != "" {
			fail(one, "one", lang)
		}
		t.Langs[lang] = w
	}
	if wrong {
		return nil, nil
	}
	if err := t.check(); err != nil {
		bad("", "entry", err.Error())
		return nil, nil
	}
	if t.Kind == Whole || t.Kind == Remark {
		p := t.asPhrase()
		if err := p.check(); err != nil {
			bad("", "entry", err.Error())
			return nil, nil
		}
	}
	return t, nil
}

func (r row) phrase(status Standing, version int, fail func(column, code, what string), wrong *bool) *Phrase {
	p := &Phrase{ID: r["id"], Who: Direction(r["who"]), Status: status, Review: r["review"], Version: version,
		Langs: map[string][]string{}, One: map[string][]string{}}
	if p.Who != In && p.Who != Out {
		fail("who", "who", r["who"])
	}
	for lang := range r.wordings(fail) {
		p.Langs[lang] = append([]string{r[lang]}, splitList(r[aspect(lang, "variants")])...)
		if one := splitList(r[aspect(lang, "one")]); len(one) > 0 {
			p.One[lang] = one
		}
		switch s := Standing(r[aspect(lang, "status")]); s {
		case Approved:
			p.Approved = append(p.Approved, lang)
		case "":
		default:
			fail(aspect(lang, "status"), "status", string(s))
		}
	}
	// A sentence has none of these; taking the row would lose them.
	for _, c := range []string{"concept", "store", "platform", "direction", "requires", "excludes", "since", "until", "money", "note", "source"} {
		if r[c] != "" {
			fail(c, "sentence", c)
		}
	}
	for _, lang := range r.langs() {
		for _, a := range []string{"forbidden", "match", "case"} {
			if c := aspect(lang, a); r[c] != "" {
				fail(c, "sentence", c)
			}
		}
	}
	if *wrong {
		return nil
	}
	sort.Strings(p.Approved)
	if err := p.check(); err != nil {
		fail("", "entry", err.Error())
		return nil
	}
	return p
}

// wordings are the row's languages that have one; a language in two spellings,
// or with variants of nothing, is wrong.
func (r row) wordings(fail func(column, code, what string)) map[string]bool {
	out, keys := map[string]bool{}, map[string]string{}
	for _, lang := range r.langs() {
		tag, err := language.Parse(lang)
		if err != nil {
			fail(lang, "language", lang)
			continue
		}
		if strings.TrimSpace(r[lang]) == "" {
			fail(lang, "preferred", lang)
			continue
		}
		if other, ok := keys[langKey(tag)]; ok {
			fail(lang, "twice", other+", "+lang)
			continue
		}
		keys[langKey(tag)], out[lang] = lang, true
	}
	if len(out) < 2 {
		fail("", "languages", "")
	}
	return out
}

func (r row) flag(column string, fail func(column, code, what string)) bool {
	switch strings.ToLower(r[column]) {
	case "", "no", "false", "0":
		return false
	case "yes", "true", "1":
		return true
	}
	fail(column, "yesno", r[column])
	return false
}

func (r row) keys() []string {
	out := make([]string, 0, len(r))
	for k := range r {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// rightDirection: a pair such as "en>zh", in the names that entries are filed
// under; "en>zh-CN" would never hold.
func rightDirection(d string) bool {
	from, to, ok := strings.Cut(d, ">")
	if !ok {
		return false
	}
	for _, s := range []string{from, to} {
		tag, err := language.Parse(s)
		if err != nil || langKey(tag) != s {
			return false
		}
	}
	return true
}
