package translate

import (
	"strings"
	"unicode"

	"github.com/RadhiFadlillah/whatlanggo"
	"golang.org/x/text/language"
)

// latin are the languages in Latin letters that buyers write in.
var latin = map[whatlanggo.Lang]bool{
	whatlanggo.Eng: true, whatlanggo.Deu: true, whatlanggo.Fra: true, whatlanggo.Spa: true, whatlanggo.Ita: true,
	whatlanggo.Por: true, whatlanggo.Nld: true, whatlanggo.Pol: true, whatlanggo.Swe: true, whatlanggo.Tur: true,
	whatlanggo.Dan: true, whatlanggo.Ces: true, whatlanggo.Vie: true, whatlanggo.Ind: true,
}

var cyrillic = map[whatlanggo.Lang]bool{whatlanggo.Rus: true, whatlanggo.Ukr: true, whatlanggo.Bul: true}

// small are words that give a short message away. None is in two lists unless
// it really is a word of both.
var small = map[string][]string{
	"en": {"the", "is", "my", "and", "i", "you", "please", "where", "when", "not", "with", "for", "it", "this", "have", "was", "order", "thanks", "thank", "hello", "can", "item", "received", "want", "refund", "hi", "of", "to", "your", "how", "arrived", "request"},
	"de": {"der", "die", "das", "ist", "ich", "und", "nicht", "bitte", "wo", "wann", "mein", "meine", "habe", "ein", "eine", "mit", "danke", "sie", "hallo", "bestellung", "artikel", "kam", "noch", "wie", "zurück", "für", "ihr", "ihre", "wird", "keine", "kein", "möchte"},
	"fr": {"le", "la", "les", "je", "et", "est", "ma", "mon", "pas", "vous", "où", "quand", "commande", "bonjour", "merci", "un", "une", "avec", "pour", "reçu", "article", "mais", "votre", "pouvez", "j'ai", "l'article"},
	"es": {"el", "la", "los", "mi", "y", "es", "no", "por", "favor", "dónde", "donde", "está", "cuándo", "pedido", "hola", "gracias", "un", "una", "con", "para", "quiero", "llegó", "artículo", "pero", "puedo", "he", "recibido"},
	"it": {"il", "lo", "la", "mio", "è", "non", "dove", "quando", "ordine", "ciao", "buongiorno", "grazie", "un", "una", "con", "per", "ho", "ricevuto", "articolo", "ma", "vorrei", "sono"},
	"pt": {"o", "a", "meu", "minha", "e", "não", "onde", "quando", "pedido", "olá", "obrigado", "obrigada", "um", "uma", "com", "para", "recebi", "artigo", "mas", "gostaria", "está", "produto"},
	"nl": {"de", "het", "een", "mijn", "is", "niet", "waar", "wanneer", "bestelling", "hallo", "bedankt", "dank", "met", "voor", "ik", "heb", "maar", "graag", "ontvangen", "en"},
}

// detected is what can be said about a text's language.
type detected struct {
	tag  language.Tag
	sure bool
}

// detect says which language a text without its facts is in. Scripts decide
// first; in Latin letters a long text speaks for itself, and for a short one
// small words, the buyer's history and the marketplace help.
func detect(bare string, site language.Tag, history []language.Tag) detected {
	count := map[string]int{}
	letters := 0
	for _, r := range bare {
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		switch {
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			count["kana"]++
		case unicode.Is(unicode.Han, r):
			count["han"]++
		case unicode.Is(unicode.Hangul, r):
			count["ko"]++
		case unicode.Is(unicode.Thai, r):
			count["th"]++
		case unicode.Is(unicode.Arabic, r):
			count["ar"]++
		case unicode.Is(unicode.Hebrew, r):
			count["he"]++
		case unicode.Is(unicode.Greek, r):
			count["el"]++
		case unicode.Is(unicode.Cyrillic, r):
			count["cyr"]++
		case unicode.Is(unicode.Latin, r):
			count["latin"]++
		}
	}
	prior := language.Und
	if len(history) > 0 {
		prior = history[len(history)-1]
	}
	most := func(k string) bool { return count[k]*3 >= letters && count[k] > 0 }
	switch {
	case letters == 0:
		return detected{language.Und, false}
	case count["kana"] > 0 && (count["kana"]+count["han"])*3 >= letters:
		return detected{language.Japanese, true}
	case most("han"):
		if base(prior) == "ja" || prior == language.Und && base(site) == "ja" {
			return detected{language.Japanese, true}
		}
		if base(prior) == "zh" {
			return detected{prior, true}
		}
		return detected{language.MustParse("zh-CN"), true}
	case most("cyr"):
		tag := language.Russian
		if iso := whatlanggo.DetectLangWithOptions(bare, whatlanggo.Options{Whitelist: cyrillic}).Iso6391(); iso != "" && count["cyr"] > 20 {
			tag = language.Make(iso)
		}
		return detected{tag, true}
	}
	for _, k := range []string{"ko", "th", "ar", "he", "el"} {
		if most(k) {
			return detected{language.Make(k), true}
		}
	}
	return detectLatin(bare, letters, prior, site)
}

func detectLatin(bare string, letters int, prior, site language.Tag) detected {
	best, lead := votes(bare)
	info := whatlanggo.DetectWithOptions(bare, whatlanggo.Options{Whitelist: latin})
	guess := language.Make(info.Lang.Iso6391())
	switch {
	case best != "" && (lead >= 2 || lead >= 1 && base(guess) == best):
		return detected{same(language.Make(best), prior, site), true}
	case best == "" && letters >= 25 && info.Confidence >= whatlanggo.ReliableConfidenceThreshold:
		return detected{same(guess, prior, site), true}
	// A short message that says nothing against it is in the language of before.
	case prior != language.Und && (best == "" || best == base(prior)):
		return detected{prior, letters >= 2}
	case best != "" && best == base(site):
		return detected{site, true}
	case best == "" && site != language.Und && base(guess) == base(site) && letters >= 8:
		return detected{site, true}
	}
	if best != "" {
		guess = language.Make(best)
	}
	return detected{guess, false}
}

// votes counts small words; lead is by how many the best is ahead.
func votes(bare string) (best string, lead int) {
	words := strings.FieldsFunc(strings.ToLower(bare), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
	score := map[string]int{}
	for _, w := range words {
		w = strings.ReplaceAll(w, "’", "'")
		for lang, list := range small {
			for _, s := range list {
				if w == s {
					score[lang]++
				}
			}
		}
	}
	first, second := 0, 0
	for _, lang := range []string{"en", "de", "fr", "es", "it", "pt", "nl"} {
		switch n := score[lang]; {
		case n > first:
			best, first, second = lang, n, first
		case n > second:
			second = n
		}
	}
	if first == second {
		return "", 0
	}
	return best, first - second
}

// same keeps the region that history or site know.
func same(tag, prior, site language.Tag) language.Tag {
	for _, t := range []language.Tag{prior, site} {
		if t != language.Und && base(t) == base(tag) {
			return t
		}
	}
	return tag
}

// base is a language without region; "" when there is none.
func base(t language.Tag) string {
	if t == language.Und {
		return ""
	}
	b, _ := t.Base()
	return b.String()
}
