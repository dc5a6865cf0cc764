package translate

import (
	"unicode"

	"github.com/RadhiFadlillah/whatlanggo"
	"golang.org/x/text/language"
)

// foreign are languages in Latin letters without a list of words of ours; a long
// text in one of them must not pass for another.
var foreign = map[whatlanggo.Lang]bool{whatlanggo.Hrv: true, whatlanggo.Slv: true, whatlanggo.Est: true, whatlanggo.Lit: true,
	whatlanggo.Lav: true, whatlanggo.Tgl: true, whatlanggo.Nob: true}

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
		return byCharacters(bare, prior, site)
	case most("cyr"):
		return byLetters(bare, letters, "Cyrl", prior, site, history)
	}
	for _, k := range []string{"ko", "th", "ar", "he", "el"} {
		if most(k) {
			return detected{language.Make(k), true}
		}
	}
	return byLetters(bare, letters, "Latn", prior, site, history)
}

const (
	// margin is by how much (in natural logarithms) the best language has to be
	// ahead of the second to be sure of it.
	margin = 2.5
	// strange is how unlikely a letter is on average (as a logarithm) where the text
	// may be in no language that is known here; then it takes twice the margin.
	strange = -2.5
	// siteSays and historySays are what the marketplace and the buyer's last
	// message are worth beside it; onceSaid is for what the buyer wrote earlier.
	siteSays, historySays, onceSaid = 1.5, 5.5, 1.5
)

// byLetters weighs words and letters, and what is known of the buyer, among the
// languages of one script.
func byLetters(bare string, letters int, in string, prior, site language.Tag, history []language.Tag) detected {
	l := model()
	sum, each := l.weigh(bare)
	before := map[string]float32{}
	for _, t := range history {
		before[base(t)] = onceSaid
	}
	before[base(prior)] = historySays
	before[base(site)] += siteSays
	best, second := -1, -1
	for i, t := range l.langs {
		if script(t) != in {
			continue
		}
		sum[i] += before[base(t)]
		switch {
		case best < 0 || sum[i] > sum[best]:
			best, second = i, best
		case second < 0 || sum[i] > sum[second]:
			second = i
		}
	}
	need := float32(margin)
	if each < strange {
		need *= 2
	}
	if in == "Latn" && letters >= 30 && each < strange+0.3 {
		if info := whatlanggo.DetectWithOptions(bare, whatlanggo.Options{Whitelist: foreign}); info.Confidence >= whatlanggo.ReliableConfidenceThreshold {
			need *= 8
		}
	}
	return detected{same(l.langs[best], prior, site), sum[best]-sum[second] >= need && letters >= 2}
}

// byCharacters tells Chinese, as either side writes it, from Japanese without kana.
func byCharacters(bare string, prior, site language.Tag) detected {
	found := hanzi(bare)
	for _, t := range []language.Tag{prior, site} {
		switch {
		case base(t) == "ja" && mayBeJapanese(bare):
			return detected{t, true}
		case base(t) == "zh" && (found == language.Und || script(t) == script(found)):
			return detected{t, true}
		}
	}
	if found == language.Und {
		found = simplified
	}
	return detected{found, true}
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
