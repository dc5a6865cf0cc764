package commands

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/glossary"
	"helloworld/i18n"
)

// Its file calls it glossaryCmd because glossary is the package of the words.
var glossaryCmd = &Spec{Name: "glossary", Zh: []string{"术语库", "术语表", "查词"}, Args: []Arg{{Name: "word", Kind: Rest, Optional: true}}, Run: runGlossary}

// shownEntries is how many entries are shown whole; of more, namedEntries are
// named, and the first of these have a button.
const (
	shownEntries = 3
	namedEntries = 20
	entryButtons = 5
)

// runGlossary looks a word up in every language, or tells what glossary is in
// use.
func runGlossary(c *Call) error {
	book := c.Desk.Words.Book()
	word := clip(strings.TrimSpace(c.Args["word"]), 120)
	if word == "" {
		return aboutGlossary(c, book)
	}
	found := lookUp(c, book, word)
	if len(found) == 0 {
		card := bot.Plain(c.P, c.P.T("glossary.none", "word", word))
		card.Buttons = []chat.Button{proposeButton(c, word)}
		return c.Whisper(card)
	}
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("glossary.found", "word", word, "n", len(found))}
	for _, t := range found[:min(len(found), shownEntries)] {
		card.Parts = append(card.Parts, entryParts(c, t)...)
	}
	if rest := found[min(len(found), shownEntries):]; len(rest) > 0 {
		var ids []string
		for _, t := range rest[:min(len(rest), namedEntries)] {
			ids = append(ids, t.ID)
		}
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Note, Text: c.P.T("glossary.more", "n", len(rest), "ids", strings.Join(ids, c.P.T("common.comma")))})
	}
	for _, t := range found[min(len(found), shownEntries):min(len(found), shownEntries+entryButtons)] {
		card.Buttons = append(card.Buttons, chat.Button{Label: t.ID, Command: "glossary " + t.ID})
	}
	card.Buttons = append(card.Buttons, proposeButton(c, word))
	return c.Whisper(card)
}

func proposeButton(c *Call, word string) chat.Button {
	return chat.Button{Label: c.P.T("glossary.propose"), Command: "term " + word}
}

func aboutGlossary(c *Call, book *glossary.Book) error {
	n, approved := 0, 0
	langs := map[string]bool{}
	for _, t := range book.Terms() {
		if t.Status == glossary.Deprecated || !seesEntry(c, t) {
			continue
		}
		n++
		signed := t.Status == glossary.Approved
		for lang, w := range t.Langs {
			langs[lang] = true
			signed = signed || w.Status == glossary.Approved
		}
		if signed {
			approved++
		}
	}
	var names []string
	for lang := range langs {
		names = append(names, c.P.T("term.tongue", "name", bot.LangName(c.P, language.Make(lang)), "code", lang))
	}
	slices.Sort(names)
	return c.Whisper(chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("glossary.title"), Parts: []chat.Part{
		{Kind: chat.Fields, Fields: []chat.Field{
			{Label: c.P.T("glossary.entries"), Value: c.P.Num(int64(n))},
			{Label: c.P.T("glossary.approved"), Value: c.P.Num(int64(approved))},
			{Label: c.P.T("glossary.sentences"), Value: c.P.Num(int64(len(book.Sentences())))},
			{Label: c.P.T("glossary.version"), Value: book.Version()},
			{Label: c.P.T("glossary.langs"), Value: strings.Join(names, c.P.T("common.comma"))}}},
		{Kind: chat.Note, Text: c.P.T("glossary.how")}}})
}

// seesEntry: an entry of one store is for those who see the store.
func seesEntry(c *Call, t *glossary.Term) bool {
	return t.Scope.Store == "" || c.Who.Sees(t.Scope.Store)
}

// lookUp finds the entries with a word in any language: those that are just this
// word first, then those in which a word begins with it.
func lookUp(c *Call, book *glossary.Book, word string) []*glossary.Term {
	want := glossary.Fold(word)
	var whole, part []*glossary.Term
	for _, t := range book.Terms() {
		if !seesEntry(c, t) {
			continue
		}
		is, has := t.ID == want, false
		for _, w := range t.Langs {
			for _, s := range slices.Concat([]string{w.Preferred}, w.Variants, w.Forbidden) {
				s = glossary.Fold(s)
				is = is || s == want
				has = has || begins(s, want)
			}
		}
		if is {
			whole = append(whole, t)
		} else if has {
			part = append(part, t)
		}
	}
	return append(whole, part...)
}

// begins tells whether a wording has what is looked for at the beginning of one of
// its words; where words have no spaces between them, anywhere.
func begins(wording, want string) bool {
	first, _ := utf8.DecodeRuneInString(want)
	if want == "" || unicode.In(first, unicode.Han, unicode.Hiragana, unicode.Katakana) {
		return want != "" && strings.Contains(wording, want)
	}
	for at := 0; ; {
		i := strings.Index(wording[at:], want)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(wording[:at+i])
		if !unicode.IsLetter(before) && !unicode.IsDigit(before) || unicode.In(before, unicode.Han, unicode.Hiragana, unicode.Katakana) {
			return true
		}
		_, n := utf8.DecodeRuneInString(wording[at+i:])
		at += i + n
	}
}

// entryParts shows an entry whole.
func entryParts(c *Call, t *glossary.Term) []chat.Part {
	where := c.P.T("term.everywhere")
	switch {
	case t.Scope.Store != "":
		where = t.Scope.Store
	case t.Scope.Platform != "":
		where = bot.PlatformName(c.P, t.Scope.Platform)
	}
	out := []chat.Part{{Kind: chat.Text, Text: c.P.T("glossary.entry", "id", t.ID, "version", strconv.Itoa(max(t.Version, 1)),
		"status", c.P.T(i18n.Key("glossary.status."+string(t.Status))), "scope", where)}}
	var langs []string
	for lang := range t.Langs {
		langs = append(langs, lang)
	}
	slices.Sort(langs)
	var fields []chat.Field
	for _, lang := range langs {
		w := t.Langs[lang]
		says := []string{w.Preferred}
		add := func(key i18n.Key, list []string) {
			if len(list) > 0 {
				says = append(says, c.P.T(key, "words", strings.Join(list, c.P.T("common.comma"))))
			}
		}
		add("glossary.variants", w.Variants)
		add("glossary.forbidden", w.Forbidden)
		if w.Status != "" && w.Status != t.Status {
			says = append(says, c.P.T(i18n.Key("glossary.status."+string(w.Status))))
		}
		fields = append(fields, chat.Field{Label: c.P.T("term.tongue", "name", bot.LangName(c.P, language.Make(lang)), "code", lang), Value: strings.Join(says, " · ")})
	}
	out = append(out, chat.Part{Kind: chat.Fields, Fields: fields})
	var notes []string
	if len(t.Context.Requires) > 0 {
		notes = append(notes, c.P.T("glossary.requires", "words", strings.Join(t.Context.Requires, c.P.T("common.comma"))))
	}
	if t.Since != "" || t.Until != "" {
		notes = append(notes, c.P.T("glossary.days", "since", orDash(t.Since), "until", orDash(t.Until)))
	}
	if t.Note != "" {
		notes = append(notes, t.Note)
	}
	if len(notes) > 0 {
		out = append(out, chat.Part{Kind: chat.Note, Text: strings.Join(notes, "\n")})
	}
	return out
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
