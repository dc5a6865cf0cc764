package commands

import (
	"strings"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/people"
	"helloworld/i18n"
)

var translation = &Spec{Name: "translate", Zh: []string{"翻译", "译"}, Roles: []people.Role{people.Agent, people.Ops, people.Manager, people.Admin},
	Args: []Arg{{Name: "words", Kind: Rest, Optional: true}}, Run: runTranslate}

// runTranslate translates for whoever asks, and sends nothing: "translate TEXT",
// "translate de TEXT", "translate to de TEXT", "translate M7". In a buyer's thread
// the language is the buyer's if none is named.
func runTranslate(c *Call) error {
	text := strings.TrimSpace(c.Args["words"])
	message, err := messageHere(c)
	if err != nil {
		return err
	}
	if text == "" && message == "" {
		return i18n.NewProblem(nil, "translation.empty", "usage", usage(c.P, c.Spec))
	}
	id := strings.ToUpper(narrow(text))
	if text == "" {
		id = message
	}
	if isID(id, 'M') {
		l, res, err := c.Desk.InterpretLetter(c.Ctx, c.Deed, id)
		if err != nil {
			return err
		}
		return c.Whisper(bot.TranslationCard(c.P, l.Text, res))
	}
	if code, rest := strangeLanguage(text); code != "" {
		return i18n.NewProblem(nil, "translation.unknown", "got", code, "all", languageNames(c.P), "to", firstWord(text), "text", clip(code+" "+rest, 40))
	}
	to, text := namedLanguage(text)
	res, err := c.Desk.Interpret(c.Ctx, c.Deed, message, text, to)
	if err != nil {
		return err
	}
	return c.Whisper(bot.TranslationCard(c.P, text, res))
}

// namedLanguage takes the language off the front of a text: "de …", "to German …",
// "德语 …". It is und when none is named.
func namedLanguage(text string) (language.Tag, string) {
	first, rest := cutWord(text)
	if word := strings.ToLower(first); word == "to" || word == "into" || first == "成" {
		if tag, ok := languageOf(firstWord(rest)); ok {
			_, rest = cutWord(rest)
			if rest != "" {
				return tag, rest
			}
		}
	}
	// "Es ist kaputt" is German, and "es gracias" asks for Spanish: codes are not
	// capitalised as the beginning of a sentence is.
	if first != strings.ToLower(first) && first != strings.ToUpper(first) && len(first) <= 3 {
		return language.Und, text
	}
	if tag, ok := languageOf(first); ok && rest != "" {
		return tag, rest
	}
	return language.Und, text
}

// strangeLanguage gives what stands behind "to" like a language's code and is none
// that the desk knows: it is not to be taken for part of the text in silence. Longer
// words are left alone, since texts begin with "to" too.
func strangeLanguage(text string) (code, rest string) {
	first, rest := cutWord(text)
	if word := strings.ToLower(first); word != "to" && word != "into" && first != "成" {
		return "", ""
	}
	code, rest = cutWord(rest)
	base, _, _ := strings.Cut(narrow(code), "-")
	if _, known := languageOf(code); known || rest == "" || len(base) != 2 || strings.Trim(strings.ToLower(base), "abcdefghijklmnopqrstuvwxyz") != "" {
		return "", ""
	}
	return code, rest
}

// languageNames are the languages that can be named, with their codes.
func languageNames(p *i18n.Printer) string {
	var all []string
	for _, code := range bot.Languages {
		all = append(all, code+" "+p.T(i18n.Key("lang.name."+code)))
	}
	return strings.Join(all, p.T("common.comma"))
}

func firstWord(s string) string { w, _ := cutWord(s); return w }

// languageOf reads a language's code or its name in any language the desk speaks.
func languageOf(word string) (language.Tag, bool) {
	word = strings.ToLower(narrow(word))
	if word == "" {
		return language.Und, false
	}
	for _, lang := range i18n.Langs() {
		p := i18n.For(lang)
		for _, code := range bot.Languages {
			if strings.ToLower(p.T(i18n.Key("lang.name."+code))) == word {
				return language.Make(code), true
			}
		}
	}
	tag, err := language.Parse(word)
	if err != nil || len(word) < 2 {
		return language.Und, false
	}
	base, sure := tag.Base()
	for _, code := range bot.Languages {
		if sure == language.Exact && base.String() == code {
			return tag, true
		}
	}
	return language.Und, false
}
