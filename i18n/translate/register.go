package translate

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/language"
)

// tone is how a shop must not speak to a buyer in one language.
type tone struct {
	severity Severity
	// words are whole words, in lower case; where words have no spaces between
	// them, parts of the text.
	words *regexp.Regexp
	// but are longer words that have one of them inside without being it.
	but []string
}

// tones are by base language. Chinese has one for both scripts: what differs in
// traditional letters is in it as well. Review where the word can only be familiar,
// a note where a polite sentence may have it.
var tones = map[string][]tone{
	"de": {{severity: Review, words: words(`du|dich|dir|dein|deine|deinen|deinem|deiner|deines|euch|euer|eure|euren|eurem|eurer`)}},
	"fr": {{severity: Review, words: words(`tu|te|toi|t['’]\p{L}+|tes|tien|tienne`)}, {severity: Note, words: words(`salut|coucou`)}},
	"es": {{severity: Review, words: words(`tú|tu|tus|ti|contigo|te|tuyo|tuya|vosotros|vosotras|vuestro|vuestra|os`)}},
	"it": {{severity: Review, words: words(`tu|ti|te|tuo|tua|tuoi|tue`)}, {severity: Note, words: words(`ciao`)}},
	"pt": {{severity: Review, words: words(`tu|te|ti|contigo|teu|tua|teus|tuas`)}},
	"nl": {{severity: Note, words: words(`je|jij|jou|jouw|jullie`)}},
	"pl": {{severity: Review, words: words(`ty|ciebie|cię|tobie|tobą|twój|twoja|twoje|twojego|twojej|twoją`)}},
	"ru": {{severity: Review, words: words(`ты|тебя|тебе|тобой|твой|твоя|твоё|твои|твоего|твоей`)}},
	"tr": {{severity: Review, words: words(`sen|seni|sana|senin|sende|senden`)}},
	"sv": nil, // du is what everybody says
	"zh": {{severity: Review, words: regexp.MustCompile(`你们|你們|妳們|你|妳`), but: []string{"迷你"}}},
	"ja": {
		{severity: Review, words: regexp.MustCompile(`お前|おまえ|君[はがのにをも]|だよね?[。！]|じゃん`)},
		{severity: Note, words: regexp.MustCompile(`あなた`)},
	},
	"ko": {
		{severity: Review, words: regexp.MustCompile(`당신|너희|네가|니가|너[는를의도에]`), but: []string{"너의치", "너무"}},
		{severity: Review, words: regexp.MustCompile(`(?:해|했어|할게|이야|거야|줘|봐|됐어|없어|있어)[.!?。]?$`)},
	},
}

// words finds any of some words that stand alone.
func words(list string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{M}'’])(` + list + `)(?:[^\p{L}\p{M}]|$)`)
}

// informal finds where a text for a buyer takes a familiar tone in a language in
// which a shop does not.
func informal(text string, lang language.Tag, spans []span) []Finding {
	list := tones[base(lang)]
	if len(list) == 0 {
		return nil
	}
	// A name or an address may well have such a word in it.
	for _, s := range spans {
		text = strings.ReplaceAll(text, s.text, " ")
	}
	var out []Finding
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		for _, t := range list {
			for _, but := range t.but {
				line = strings.ReplaceAll(line, but, " ")
			}
			if m := t.words.FindStringSubmatch(line); m != nil {
				out = append(out, Finding{t.severity, codeInformal, strings.TrimFunc(m[len(m)-1], unicode.IsSpace)})
			}
		}
	}
	return distinct(out)
}
