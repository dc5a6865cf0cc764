package translate

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/glossary"
)

// Codes are all codes of findings: keys of the catalogue under "finding.".
var Codes = append([]string{
	codeTokenLost, codeTokenTwice, codeTokenStray, codeFactChanged, codeFactsSwapped, codeNewNumber, codeNewURL, codeNewEmail, codeNumberWord,
	codeWrongLanguage, codeEcho, codeTooShort, codeTooLong, codePreamble, codeEmpty,
	codeTermMissing, codeTermForbidden, codeTermDraft, codeTermAmbiguous, codeTermSensitive,
	codeConfirmAmount, codeConfirmDate, codeConfirmRefusal, codeConfirmLegal, codeConfirmAddress, codeConfirmReview,
	codeLanguageUnsure, codeTooManyFacts, codeNoEngine, codeEngineFailed, codeRepaired, codePunctuation,
}, governance...)

const (
	codeTokenLost      = "token_lost"
	codeTokenTwice     = "token_twice"
	codeTokenStray     = "token_stray"
	codeFactChanged    = "fact_changed"
	codeFactsSwapped   = "facts_swapped"
	codeNewNumber      = "new_number"
	codeNewURL         = "new_url"
	codeNewEmail       = "new_email"
	codeNumberWord     = "number_word"
	codeWrongLanguage  = "wrong_language"
	codeEcho           = "echo"
	codeTooShort       = "too_short"
	codeTooLong        = "too_long"
	codePreamble       = "preamble"
	codeEmpty          = "empty"
	codeTermMissing    = "term_missing"
	codeTermForbidden  = "term_forbidden"
	codeTermDraft      = "term_draft"
	codeTermAmbiguous  = "term_ambiguous"
	codeTermSensitive  = "term_sensitive"
	codeConfirmAmount  = "confirm_amount"
	codeConfirmDate    = "confirm_date"
	codeConfirmRefusal = "confirm_refusal"
	codeConfirmLegal   = "confirm_legal"
	codeConfirmAddress = "confirm_address"
	codeConfirmReview  = "confirm_review"
	codeLanguageUnsure = "language_unsure"
	codeTooManyFacts   = "too_many_facts"
	codeNoEngine       = "no_engine"
	codeEngineFailed   = "engine_failed"
	codeRepaired       = "repaired"
)

// checkTokens: every fact exactly once, none in pieces, none altered by what
// stands next to it.
func checkTokens(r restored, source string, spans []span) []Finding {
	var out []Finding
	for i, p := range spans {
		switch {
		case r.seen[i] == 0:
			out = append(out, Finding{Block, codeTokenLost, p.text})
		case r.seen[i] > 1:
			out = append(out, Finding{Block, codeTokenTwice, p.text})
		}
	}
	if r.stray != "" && !strayToken.MatchString(without(source, protect(source))) {
		out = append(out, Finding{Block, codeTokenStray, r.stray})
	}
	return append(out, checkFacts(r.text, source, spans)...)
}

// checkFacts looks at the finished text: each fact is in it byte for byte, as
// often as in the source, and no sign or unit has come to stand beside a figure.
func checkFacts(text, source string, spans []span) []Finding {
	var out []Finding
	want := map[string]int{}
	for _, p := range spans {
		want[p.text]++
	}
	for _, p := range spans {
		n := want[p.text]
		if n == 0 {
			continue
		}
		want[p.text] = 0
		if strings.Count(text, p.text) < n {
			out = append(out, Finding{Block, codeFactChanged, p.text})
			continue
		}
		if p.kind == factURL || p.kind == factEmail || p.kind == "term" {
			continue
		}
		was := beside(source, p.text)
		for _, now := range beside(text, p.text) {
			if i := slices.Index(was, now); i >= 0 {
				was = slices.Delete(was, i, i+1)
				continue
			}
			out = append(out, Finding{Block, codeFactChanged, now})
		}
	}
	return out
}

var (
	anyURL   = regexp.MustCompile(`(?i)https?:|www\.|\b[a-z0-9-]+\.` + tlds + `\b`)
	anyEmail = regexp.MustCompile(`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}]`)
	// escaped is a mark as HTML writes it.
	escaped  = regexp.MustCompile(`&(?:amp|lt|gt|quot|apos|nbsp|#x?[0-9A-Fa-f]{1,6});`)
	anyDigit = regexp.MustCompile(`[0-9０-９٠-٩۰-۹]+`)
	leakRE   = regexp.MustCompile("(?i)^\\s*(?:sure[,!:. ]|certainly[,!:. ]|of course[,!:. ]|here(?:'s| is| are) (?:the |your |a )?(?:translat|text)|(?:the )?translat(?:ion|ed text)\\s*(?:\\([^)]*\\))?\\s*[:：]|as an ai|i am an ai|以下是|译文\\s*[:：]|翻译\\s*[:：]|翻译如下|翻译结果|当然[，,！!]|好的[，,]以下|hier ist die übersetzung|übersetzung\\s*:|gerne[,!] hier|voici la traduction|traduction\\s*:|aquí (?:está|tiene) la traducción|traducción\\s*:|翻訳\\s*[:：]|以下は|번역\\s*:)|^\\s*```|^\\s*[\\[{]\\s*\"|\\bsystem prompt\\b|<\\|[a-z_]+\\|>|\\bglossary\\b.*\\btoken")
)

// checkAdded: an engine adds no number, address or remark of its own.
func checkAdded(r restored, source, sourceBare string, from language.Tag) []Finding {
	var out []Finding
	if m := anyURL.FindString(r.bare); m != "" {
		out = append(out, Finding{Block, codeNewURL, m})
	}
	if m := anyEmail.FindString(r.bare); m != "" {
		out = append(out, Finding{Block, codeNewEmail, m})
	}
	if m := escaped.FindString(r.bare); m != "" && !escaped.MatchString(source) {
		out = append(out, Finding{Block, codeTokenStray, m})
	}
	for _, n := range anyDigit.FindAllString(escaped.ReplaceAllString(r.bare, " "), -1) {
		switch {
		case strings.Contains(sourceBare, n): // an ordinal: its digits were left in
		case saidInWords(n, sourceBare, from):
			out = append(out, Finding{Note, codeNumberWord, n})
		default:
			out = append(out, Finding{Block, codeNewNumber, n})
		}
	}
	if m := leakRE.FindString(r.text); m != "" && !leakRE.MatchString(source) {
		out = append(out, Finding{Block, codePreamble, strings.TrimSpace(m)})
	}
	return out
}

// numberWords are how small numbers and months are said.
var numberWords = map[string]string{
	"1":  "one a an once ein eine einen einem einer eins un une una uno um uma 一 ひとつ 한 january januar jänner janvier enero gennaio janeiro",
	"2":  "two both twice zwei beide deux dos due dois duas 二 两 ふたつ 두 february februar février febrero febbraio fevereiro",
	"3":  "three drei trois tres tre três 三 みっつ march märz mars marzo março",
	"4":  "four vier quatre cuatro quattro quatro 四 april avril abril aprile",
	"5":  "five fünf cinq cinco cinque 五 may mai mayo maggio maio",
	"6":  "six sechs seis sei 六 june juni juin junio giugno junho",
	"7":  "seven sieben sept siete sette sete 七 july juli juillet julio luglio julho",
	"8":  "eight acht huit ocho otto oito 八 august août agosto",
	"9":  "nine neun neuf nueve nove 九 september septembre septiembre settembre setembro",
	"10": "ten zehn dix diez dieci dez 十 october oktober octobre octubre ottobre outubro",
	"11": "eleven elf onze once undici 十一 november novembre noviembre novembro",
	"12": "twelve dozen zwölf douze doce dodici doze 十二 december dezember décembre diciembre dicembre dezembro",
	"24": "twenty-four vierundzwanzig 二十四",
	"14": "fourteen vierzehn quatorze catorce quattordici 十四 fortnight",
}

func saidInWords(n, bare string, from language.Tag) bool {
	lower := strings.ToLower(bare)
	words := strings.FieldsFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' })
	unspaced := base(from) == "zh" || base(from) == "ja"
	for _, w := range strings.Fields(numberWords[n]) {
		if unspaced && unicode.Is(unicode.Han, []rune(w)[0]) && strings.Contains(lower, w) {
			return true
		}
		for _, have := range words {
			if have == w || len(w) > 5 && strings.HasPrefix(w, have) && len([]rune(have)) >= 3 { // "Nov" is November
				return true
			}
		}
	}
	return false
}

// checkLanguage: the engine's own words are in the target's script and language,
// and are not the source again.
func checkLanguage(r restored, sourceBare string, from, to language.Tag, allowed []string) []Finding {
	letters := func(s string) string {
		return strings.Map(func(x rune) rune {
			if unicode.IsLetter(x) {
				return unicode.ToLower(x)
			}
			return -1
		}, s)
	}
	src, dst := letters(sourceBare), letters(r.bare)
	if src != "" && dst == "" {
		return []Finding{{Block, codeEmpty, ""}}
	}
	// Names and terms that stay as they are do not make an echo.
	own := glossary.Fold(r.bare)
	for _, a := range allowed {
		own = strings.ReplaceAll(own, glossary.Fold(a), " ")
	}
	if src == dst && len([]rune(letters(own))) >= 3 {
		return []Finding{{Block, codeEcho, ""}}
	}
	if !inScript(unnamed(own, sourceBare), to) {
		return []Finding{{Block, codeWrongLanguage, to.String()}}
	}
	if len([]rune(dst)) >= 25 {
		if d := detect(r.bare, language.Und, nil); d.sure && base(d.tag) != base(to) && !near(d.tag, to) {
			return []Finding{{Block, codeWrongLanguage, d.tag.String()}}
		}
	}
	return nil
}

// nameLike: one or two words with capitals.
func nameLike(s string) bool {
	words := strings.Fields(s)
	for _, w := range words {
		if r := []rune(w)[0]; !unicode.IsUpper(r) {
			return false
		}
	}
	return len(words) == 1 || len(words) == 2
}

// unnamed drops the words that the source has with a capital: names and brands
// stay in their own letters.
func unnamed(own, sourceBare string) string {
	names := map[string]bool{}
	for _, w := range strings.FieldsFunc(sourceBare, notLetter) {
		if strings.ContainsFunc(w, unicode.IsUpper) {
			names[strings.ToLower(w)] = true
		}
	}
	kept := strings.FieldsFunc(own, func(r rune) bool { return notLetter(r) && r != ' ' })
	var out []string
	for _, run := range kept {
		for _, w := range strings.Fields(run) {
			if !names[w] {
				out = append(out, w)
			}
		}
	}
	return strings.Join(out, " ")
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }

// inScript: most letters belong to the target's script.
func inScript(own string, to language.Tag) bool {
	var han, kana, hangul, cyr, latin, arabic, other, all int
	for _, x := range own {
		if !unicode.IsLetter(x) {
			continue
		}
		all++
		switch {
		case unicode.Is(unicode.Han, x):
			han++
		case unicode.In(x, unicode.Hiragana, unicode.Katakana):
			kana++
		case unicode.Is(unicode.Hangul, x):
			hangul++
		case unicode.Is(unicode.Cyrillic, x):
			cyr++
		case unicode.Is(unicode.Latin, x):
			latin++
		case unicode.Is(unicode.Arabic, x):
			arabic++
		default:
			other++
		}
	}
	if all == 0 {
		return true
	}
	switch base(to) {
	case "zh":
		return han*2 >= all && kana*10 <= all
	case "ja":
		return (han+kana)*2 >= all && (kana > 0 || han < 8)
	case "ko":
		return hangul*2 >= all
	case "ru", "uk", "bg":
		return cyr*2 >= all
	case "ar":
		return arabic*2 >= all
	case "th", "he", "el":
		return other*2 >= all
	}
	return latin*10 >= all*8
}

// near are languages that a short text does not tell apart.
func near(a, b language.Tag) bool {
	pair := base(a) + base(b)
	for _, p := range []string{"espt", "ptes", "nlde", "denl", "dasv", "svda", "ites", "esit", "itpt", "ptit", "ukru", "ruuk", "bgru", "rubg", "dano", "noda", "csk", "skcs"} {
		if pair == p {
			return true
		}
	}
	return false
}

// checkLength: neither cut short nor padded out.
func checkLength(source, text string, from, to language.Tag) []Finding {
	n, m := runeLetters(source), runeLetters(text)
	if n < 20 {
		return nil
	}
	low, high := 0.35, 3.0
	switch dense, denseTo := compact(from), compact(to); {
	case dense && !denseTo:
		low, high = 0.9, 9
	case !dense && denseTo:
		low, high = 0.12, 1.3
	}
	ratio := float64(m) / float64(n)
	switch {
	case ratio < low:
		return []Finding{{Block, codeTooShort, ""}}
	case ratio > high:
		return []Finding{{Review, codeTooLong, ""}}
	}
	if a, b := len(allSentences(source)), len(allSentences(text)); a >= 3 && b*2 <= a {
		return []Finding{{Review, codeTooShort, ""}}
	}
	return nil
}

func allSentences(s string) (out []string) {
	for _, line := range strings.Split(s, "\n") {
		out = append(out, sentencesOf(line)...)
	}
	return out
}

func runeLetters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

func compact(t language.Tag) bool { b := base(t); return b == "zh" || b == "ja" || b == "ko" }

// refusals and legal words, by language, as parts of words.
var (
	refusals = map[string][]string{
		"zh": {"无法", "不能", "不可以", "拒绝", "不予", "恕不", "不接受", "不支持", "不符合"},
		"en": {"cannot", "can't", "can not", "unable", "refuse", "reject", "decline", "not possible", "not eligible", "not accept"},
		"de": {"leider", "nicht möglich", "kann nicht", "können nicht", "ablehn", "abgelehnt", "lehnen wir", "lehne ich", "nicht erstatt", "keine rückerstattung", "keine rücknahme"},
		"ja": {"できません", "できかね", "いたしかね", "お断り", "承ることができ"},
		"fr": {"ne pouvons", "impossible", "refus", "ne peut"},
		"es": {"no podemos", "no es posible", "rechaz", "no se puede"},
	}
	legal = map[string][]string{
		"zh": {"假冒", "假货", "正品", "律师", "起诉", "法律", "法院", "赔偿", "责任", "受伤", "起火", "触电", "过敏", "安全隐患", "召回"},
		"en": {"counterfeit", "fake", "lawyer", "attorney", "lawsuit", "legal", "court", "liab", "compensat", "injur", "fire", "burn", "electric shock", "allerg", "unsafe", "recall"},
		"de": {"fälschung", "gefälscht", "anwalt", "gericht", "klage", "haftung", "schadensersatz", "verletz", "brand", "stromschlag", "allergi", "rückruf"},
		"ja": {"偽物", "偽造", "弁護士", "訴訟", "裁判", "賠償", "責任", "怪我", "火災", "感電", "アレルギー", "リコール"},
		"fr": {"contrefa", "avocat", "tribunal", "juridique", "responsab", "dommages", "bless", "incendie", "allergi"},
		"es": {"falsific", "abogado", "tribunal", "demanda", "responsab", "indemniz", "herid", "incendio", "alergi"},
	}
)

// deadline is a promise of time.
var deadline = regexp.MustCompile(`(?i)[0-9０-９]+\s*(?:个)?(?:工作日|营业日|小时|天|周|個月|个月|営業日|時間|日以内|日間|(?:business |working )?(?:days?|hours?|weeks?|months?)\b|(?:werk)?tag(?:e|en)?\b|stunden?\b|wochen?\b|jours?\b|heures?\b|d[ií]as?\b|horas?\b|giorni?\b)`)

// wordIn finds the first of the words in what was written, else in what was made
// of it, and gives it as it stands there.
func wordIn(lists map[string][]string, from, to language.Tag, source, text string) string {
	for _, x := range []struct {
		tag  language.Tag
		text string
	}{{from, source}, {to, text}} {
		lower := strings.ToLower(x.text)
		for _, w := range lists[base(x.tag)] {
			at := strings.Index(lower, w)
			switch {
			case at < 0:
			case compact(x.tag) || len(lower) != len(x.text):
				return w // no spaces to end a word at, or letters that grew with their case
			default:
				return wholeWord(x.text, at, at+len(w))
			}
		}
	}
	return ""
}

// wholeWord is a piece of a text with the rest of the words that it begins and
// ends in.
func wholeWord(text string, from, to int) string {
	other := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }
	if i := strings.IndexFunc(text[to:], other); i >= 0 {
		to += i
	} else {
		to = len(text)
	}
	i := strings.LastIndexFunc(text[:from], other)
	if i < 0 {
		return text[:to]
	}
	_, n := utf8.DecodeRuneInString(text[i:])
	return text[i+n : to]
}

// confirm lists what a person has to look at before it goes to a buyer.
func confirm(source, text string, spans []span, from, to language.Tag) []Finding {
	var out []Finding
	for _, p := range spans {
		switch p.kind {
		case factMoney:
			out = append(out, Finding{Review, codeConfirmAmount, p.text})
		case factDate:
			out = append(out, Finding{Review, codeConfirmDate, p.text})
		}
	}
	for _, m := range deadline.FindAllString(source, -1) {
		out = append(out, Finding{Review, codeConfirmDate, m})
	}
	if w := wordIn(refusals, from, to, source, text); w != "" {
		out = append(out, Finding{Review, codeConfirmRefusal, w})
	}
	if w := wordIn(legal, from, to, source, text); w != "" {
		out = append(out, Finding{Review, codeConfirmLegal, w})
	}
	if w := cmp.Or(placeIn(source), placeIn(text)); w != "" {
		out = append(out, Finding{Review, codeConfirmAddress, w})
	}
	return out
}
