package glossary

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/language"
)

// everywhere are the languages that every entry has to speak.
const (
	wantTerms   = 220
	wantPhrases = 79
)

var everywhere = []string{"zh-CN", "en", "de", "fr", "es", "it", "ja", "pt", "ko", "ru", "zh-TW"}

// wordingsOf lists every wording of the shipped glossary that is said: preferred
// and variants of terms, all sentences of phrases, with where it stands.
func wordingsOf(t testing.TB) map[string][]placed {
	t.Helper()
	b := shippedBook(t)
	out := map[string][]placed{}
	for _, term := range b.terms {
		for lang, w := range term.Langs {
			for i, s := range append([]string{w.Preferred}, w.Variants...) {
				out[lang] = append(out[lang], placed{term.ID, s, i == 0})
			}
		}
	}
	for _, p := range b.whole {
		for lang, list := range p.Langs {
			for i, s := range append(slices.Clone(list), p.One[lang]...) {
				out[lang] = append(out[lang], placed{p.ID, s, i == 0})
			}
		}
	}
	return out
}

type placed struct {
	id, text string
	first    bool
}

func TestNoLanguageIsMissing(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	count := map[string]int{}
	for _, term := range b.terms {
		for _, lang := range everywhere {
			if _, ok := term.Langs[lang]; !ok {
				t.Errorf("%s has no %s", term.ID, lang)
				continue
			}
			count[lang]++
		}
		if len(term.Langs) != len(everywhere) {
			t.Errorf("%s: %d languages, want %d", term.ID, len(term.Langs), len(everywhere))
		}
	}
	said := map[string]int{}
	for _, p := range b.whole {
		for _, lang := range everywhere {
			if len(p.Langs[lang]) == 0 {
				t.Errorf("%s has no %s", p.ID, lang)
				continue
			}
			said[lang]++
		}
	}
	for _, lang := range everywhere {
		if count[lang] < wantTerms || said[lang] < wantPhrases {
			t.Errorf("%s: %d terms, %d phrases; want %d and %d", lang, count[lang], said[lang], wantTerms, wantPhrases)
		}
	}
}

// Slots are the same in every language, and the singular is there wherever the
// language has one: "1 business days" is nobody's sentence.
func TestSlotsAndSingulars(t *testing.T) {
	t.Parallel()
	for _, p := range shippedBook(t).phrases {
		for lang, list := range p.Langs {
			for _, s := range append(slices.Clone(list), p.One[lang]...) {
				var names []string
				for _, m := range slotMark.FindAllStringSubmatch(s, -1) {
					names = append(names, m[1])
				}
				slices.Sort(names)
				if !slices.Equal(names, p.slots) {
					t.Errorf("%s, %s: %q has %v, want %v", p.ID, lang, s, names, p.slots)
				}
				if strings.Count(s, "{") != len(names) || strings.Count(s, "}") != len(names) {
					t.Errorf("%s, %s: a brace that is no slot in %q", p.ID, lang, s)
				}
			}
			if p.Who == Out && slices.Contains(p.slots, "n") && singular(language.MustParse(lang), 1) && len(p.One[lang]) == 0 && p.ID != "note.business_days" {
				t.Errorf("%s: no singular in %s", p.ID, lang)
			}
		}
	}
}

// What is forbidden for one meaning must not be the right word for another, or
// the check would blame a good translation.
func TestForbiddenWordsAreNobodysPreferred(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	n := map[string]int{}
	for _, term := range b.terms {
		for lang, w := range term.Langs {
			for _, bad := range w.Forbidden {
				n[lang]++
				what := fold(bad).runes
				for _, other := range b.terms {
					if other.Langs["en"].Preferred == term.Langs["en"].Preferred {
						continue // the other meaning of the same word; the context decides
					}
					if said := other.Langs[lang].Preferred; fold(said).find(what) {
						t.Errorf("%s forbids %q in %s, which %s prefers in %q", term.ID, bad, lang, other.ID, said)
					}
				}
				if slices.Contains(w.Variants, bad) {
					t.Errorf("%s both allows and forbids %q in %s", term.ID, bad, lang)
				}
			}
		}
	}
	for lang, want := range map[string]int{"zh-CN": 90, "ja": 50, "de": 40, "zh-TW": 60, "ko": 30} {
		if n[lang] < want {
			t.Errorf("%d forbidden words in %s, want %d", n[lang], lang, want)
		}
	}
}

// Two meanings of one English or Chinese word are told apart by their context,
// or by their capitals.
func TestMeaningsAreToldApart(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	for _, lang := range []string{"en", "zh-CN"} {
		by := map[string][]*Term{}
		for _, term := range b.terms {
			if term.Kind == Whole || term.Kind == Remark {
				continue
			}
			key := plainForm(term.Langs[lang].Preferred)
			by[key] = append(by[key], term)
		}
		for word, terms := range by {
			told := 0
			for _, term := range terms {
				if len(term.Context.Requires)+len(term.Context.Excludes) > 0 || term.Money {
					told++
				}
			}
			if len(terms) > 1 && told < len(terms) {
				t.Errorf("%s %q has %d meanings, of which %d have a context", lang, word, len(terms), told)
			}
		}
	}
	for _, term := range b.terms {
		for _, r := range term.Context.Requires {
			if slices.Contains(term.Context.Excludes, r) {
				t.Errorf("%s requires and excludes %q", term.ID, r)
			}
		}
		if len(term.Context.Requires) > 0 && term.Concept == "" {
			t.Errorf("%s: a meaning among several needs a concept", term.ID)
		}
	}
}

// The characters that only one of the two ways of writing Chinese has; a sample,
// of the words that this trade uses most.
const (
	onlySimplified  = "货单发买卖价钱库运输达签标关税订购邮递检测问题补换错误坏损码颜产说与实条号额费务销广请联络谢马时间过还让给个们这为无开电话图视频证书报"
	onlyTraditional = "貨單發買賣價錢庫運輸達簽標關稅訂購郵遞檢測問題補換錯誤壞損碼顏產說與實條號額費務銷廣請聯絡謝馬時間過還讓給個們這為無開電話圖視頻證書報"
)

func TestTypography(t *testing.T) {
	t.Parallel()
	for lang, list := range wordingsOf(t) {
		for _, w := range list {
			for _, fault := range faults(lang, w.text) {
				t.Errorf("%s, %s: %s in %q", w.id, lang, fault, w.text)
			}
		}
	}
	// The rules themselves find what they are for.
	for _, bad := range [][2]string{
		{"zh-CN", "您好,谢谢"}, {"zh-CN", "退貨"}, {"zh-CN", "“退货”"}, {"zh-TW", "退货"}, {"zh-TW", "退貨(RMA)"}, {"zh-CN", "订单{order}已取消。"},
		{"ja", "返品(RMA)"}, {"ja", "返品、\"RMA\""}, {"fr", "Merci !"}, {"fr", "l'article"}, {"fr", "« a »"}, {"es", "Dónde?"}, {"es", "Hola!"},
		{"de", "\"Fall\""}, {"it", "l'ordine"}, {"ru", "\"спор\""}, {"ko", "안녕하세요。"}, {"en", " a"}, {"pt", "a  b"},
	} {
		if len(faults(bad[0], bad[1])) == 0 {
			t.Errorf("%s: nothing is found in %q", bad[0], bad[1])
		}
	}
}

var (
	tightSlot  = regexp.MustCompile(`\p{Han}\{|\}\p{Han}`)
	looseSlot  = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}] \{|\} [\p{Han}\p{Hiragana}\p{Katakana}]`)
	wideSpace  = regexp.MustCompile(`[^\x{202F}\x{00A0}][?!;»]|[^\x{202F}\x{00A0}]:|«[^\x{202F}]`)
	halfWidth  = regexp.MustCompile(`[,;:!?()]`)
	spaceInCJK = regexp.MustCompile(`\p{Han} +\p{Han}|[，。！？；：、）] | [，。！？；：、（]`)
)

// faults names what breaks the typography of a language.
func faults(lang, s string) []string {
	var out []string
	add := func(bad bool, what string) {
		if bad {
			out = append(out, what)
		}
	}
	add(strings.TrimSpace(s) != s || strings.Contains(s, "  "), "a stray space")
	add(strings.Contains(s, `"`), "a straight quotation mark")
	switch lang {
	case "zh-CN", "zh-TW":
		add(halfWidth.MatchString(s), "half-width punctuation")
		add(tightSlot.MatchString(s), "a slot without spaces")
		add(spaceInCJK.MatchString(s), "a space between characters")
		other := onlyTraditional
		if lang == "zh-TW" {
			other = onlySimplified
		}
		// A character that both ways of writing share is in neither list.
		add(strings.ContainsFunc(s, func(r rune) bool {
			return strings.ContainsRune(other, r) && !(strings.ContainsRune(onlySimplified, r) && strings.ContainsRune(onlyTraditional, r))
		}), "a character of the other way of writing")
		add(lang == "zh-TW" && strings.ContainsAny(s, "“”‘’"), "quotation marks of the mainland")
		add(lang == "zh-CN" && strings.ContainsAny(s, "「」“”‘’"), "quotation marks")
	case "ja":
		add(halfWidth.MatchString(s), "half-width punctuation")
		add(looseSlot.MatchString(s), "a slot with spaces")
		add(strings.ContainsAny(s, "“”‘’,"), "quotation marks of another language")
	case "ko":
		add(strings.ContainsAny(s, "。、，？！「」（）"), "full-width punctuation")
	case "fr":
		add(strings.ContainsAny(s, "'“”„"), "an apostrophe or quotation mark of another language")
		add(wideSpace.MatchString(s), "no narrow space")
	case "it":
		add(strings.ContainsAny(s, "'„"), "an apostrophe or quotation mark of another language")
	case "es":
		add(strings.Count(s, "?") != strings.Count(s, "¿") || strings.Count(s, "!") != strings.Count(s, "¡"), "no opening mark")
	case "de":
		add(strings.Contains(s, "”") || strings.Contains(s, "'"), "quotation marks of another language")
	case "ru":
		add(strings.ContainsAny(s, "'“”"), "quotation marks of another language")
	case "en":
		add(strings.ContainsRune(s, '\''), "a straight apostrophe")
	}
	return out
}

// A wording is written in its own script, or it is a name that stays as it is.
func TestScripts(t *testing.T) {
	t.Parallel()
	for lang, list := range wordingsOf(t) {
		for _, w := range list {
			for _, r := range slotMark.ReplaceAllString(w.text, "") {
				if !unicode.IsLetter(r) || unicode.Is(unicode.Latin, r) || slices.ContainsFunc(scriptsOf[lang], func(s *unicode.RangeTable) bool { return unicode.Is(s, r) }) || r == 'ー' {
					continue
				}
				t.Errorf("%s, %s: %c in %q", w.id, lang, r, w.text)
			}
		}
	}
}

var scriptsOf = map[string][]*unicode.RangeTable{
	"zh-CN": {unicode.Han}, "zh-TW": {unicode.Han}, "ja": {unicode.Han, unicode.Hiragana, unicode.Katakana},
	"ko": {unicode.Hangul}, "ru": {unicode.Cyrillic},
}

// rude finds what is not polite in a sentence that the shop says, in each
// language's own way; no sentence of ours says "du", "tu" or "ты".
func rude(lang, s string) string {
	if re := familiar[lang]; re != nil && re.MatchString(s) {
		return "familiar"
	}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("。？！.?!", r) }) {
		if re := politeEnd[lang]; re != nil && !re.MatchString(part) {
			return "not polite"
		}
	}
	return ""
}

var (
	familiar = map[string]*regexp.Regexp{
		"de":    regexp.MustCompile(`\b(du|dir|dich|dein\w*)\b`),
		"fr":    regexp.MustCompile(`(?i)\b(tu|ton|ta|tes|toi)\b`),
		"es":    regexp.MustCompile(`(?i)\b(tú|tu|tus|te|ti|contigo)\b`),
		"it":    regexp.MustCompile(`(?i)\b(tu|tuo|tua|tuoi|tue|ti)\b`),
		"pt":    regexp.MustCompile(`(?i)\b(tu|teu|tua|teus|tuas)\b`),
		"ru":    regexp.MustCompile(`(?i)(^|[^\p{L}])(ты|тебя|тебе|твой|твоя|твоё|твой)([^\p{L}]|$)`),
		"zh-CN": regexp.MustCompile(`你`),
		"zh-TW": regexp.MustCompile(`你`),
	}
	politeEnd = map[string]*regexp.Regexp{
		"ja": regexp.MustCompile(`(です|ます|ません|ました|ますか|ください|でしょうか|ございました)$`),
		"ko": regexp.MustCompile(`(니다|니까|세요|나요|신가요)$`),
	}
)

func TestPolite(t *testing.T) {
	t.Parallel()
	for _, p := range shippedBook(t).phrases {
		for lang, list := range p.Langs {
			for _, s := range list {
				if why := rude(lang, s); p.Who == Out && why != "" && p.ID != "note.business_days" {
					t.Errorf("%s, %s: %s: %q", p.ID, lang, why, s)
				}
			}
		}
	}
}

// What a shop has to say most days can be said in every language, politely and
// without an engine.
func TestScenes(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	// Whoever is spoken to is spoken to as a stranger; a language without a word for
	// that in the sentence at least thanks, asks or apologises.
	formal := map[string]*regexp.Regexp{
		"zh-CN": regexp.MustCompile(`您`), "zh-TW": regexp.MustCompile(`您`),
		"de": regexp.MustCompile(`\b(Sie|Ihnen|Ihre?[nmrs]?)\b`),
		"fr": regexp.MustCompile(`(?i)\b(vous|votre|vos)\b`),
		"es": regexp.MustCompile(`(?i)\b(usted|le|su|sus|podría)\b`),
		"it": regexp.MustCompile(`\b(Le|Lei|Su[oae]|Suoi|Potrebbe|\p{L}+Le)\b`),
		"ja": politeEnd["ja"], "ko": politeEnd["ko"],
	}
	for scene, id := range map[string]string{
		"refund issued": "agent.refund_done", "return label sent": "agent.label_sent", "delay apology": "agent.delay", "ask for a photo": "agent.ask_photo",
		"replacement sent": "agent.replacement_sent", "return received": "agent.received_return", "address needed": "agent.need_address", "parcel lost": "agent.parcel_lost",
	} {
		p, ok := b.Phrase(id)
		if !ok || p.Who != Out {
			t.Errorf("%s: no phrase %s of the shop's", scene, id)
			continue
		}
		for _, lang := range everywhere {
			s, ok := p.Say(language.MustParse(lang))
			if !ok || rude(lang, s) != "" {
				t.Errorf("%s, %s: %q %s", scene, lang, s, rude(lang, s))
			}
			if re := formal[lang]; re != nil && !re.MatchString(strings.TrimRight(s, "。.？?！!")) {
				t.Errorf("%s, %s: nobody is spoken to politely: %q", scene, lang, s)
			}
		}
	}
	for lang, s := range map[string]string{"de": "Wo ist dein Paket?", "fr": "Envoie ta photo.", "ja": "写真を送って。", "ko": "사진을 보내.", "zh-CN": "请你等待。"} {
		if rude(lang, s) == "" {
			t.Errorf("%s: nothing is found in %q", lang, s)
		}
	}
}

// The words that a newcomer looks for first.
func TestMeanings(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	tw, ko, ru := language.MustParse("zh-TW"), language.Korean, language.Russian
	for _, tc := range []struct {
		from, to   language.Tag
		text, want string
	}{
		{en, zh, "I want an exchange", "换货"},
		{en, tw, "I want an exchange", "換貨"},
		{en, zh, "A replacement for the lost parcel", "补发"},
		{en, tw, "Send a POD", "簽收證明（POD）"},
		{en, zh, "POD mug printed by you", "按需打印（POD）"},
		{ru, zh, "Прошу полного возврата средств", "全额退款"},
		{ko, zh, "반품 라벨을 보내 주세요", "退货标签"},
		{tw, en, "我想申請全額退款", "full refund"},
		{language.Portuguese, zh, "produto errado", "发错货"},
		{en, zh, "My phone case is broken", "保护壳"},
		{en, zh, "Please close the case", "纠纷个案"},
		{en, zh, "You charged my card twice", "收费"},
		{en, zh, "The battery does not charge", "充电"},
		{en, zh, "Two units", "件"},
		{en, zh, "The outdoor unit is noisy", "主机"},
		{en, zh, "I saw your listing", "商品刊登"},
		{en, zh, "Please sign the POA for customs", "授权委托书（POA）"},
		{en, zh, "Amazon wants a POA", "行动计划（POA）"},
		{en, zh, "INR or another currency", "印度卢比（INR）"},
		{de, zh, "POD mit bedruckten Tassen, bedruckt", "按需打印（POD）"},
		{ja, zh, "スマホのケースが割れた", "保护壳"},
		{language.French, zh, "Le colis est livré et signé", "已签收"},
		{language.Spanish, zh, "La batería no carga", "充电"},
		{language.Italian, ja, "Vorrei il rimborso completo", "全額返金"},
		{ru, zh, "Товар с царапинами", "有划痕"},
		{ru, zh, "без упаковки", "包装"},
	} {
		ms := b.Match(tc.text, tc.from)
		got := ""
		for _, m := range ms {
			if n, ok := b.Required(m, tc.from, tc.to); ok && n.Preferred == tc.want {
				got = n.Preferred
			}
		}
		if got != tc.want {
			t.Errorf("%s %q: %s, want %s", tc.from, tc.text, said(ms), tc.want)
		}
	}
}

// A character alone is part of too many words where no spaces are written: such
// a wording may be asked for, but not be looked for.
func TestNoWordingIsASingleCharacter(t *testing.T) {
	t.Parallel()
	for _, term := range shippedBook(t).terms {
		for lang, w := range term.Langs {
			for _, s := range append([]string{w.Preferred}, w.Variants...) {
				rs := fold(s).runes
				if len(rs) == 1 && unspaced(rs[0]) && len(term.Scope.Direction) == 0 {
					t.Errorf("%s, %s: %q alone", term.ID, lang, s)
				}
			}
		}
		for _, d := range term.Scope.Direction {
			from, _, _ := strings.Cut(d, ">")
			if slices.Contains([]string{"zh", "zh-Hant", "ja", "ko"}, from) {
				t.Errorf("%s: looked for in %s", term.ID, from)
			}
		}
	}
}

// Words of every day that look like words of the trade.
func TestInnocentSentences(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	for _, tc := range []struct{ lang, text string }{
		{"en", "Just in case you wonder"},
		{"en", "What can you do in return?"},
		{"en", "It is in my tax return"},
		{"en", "The order is in the box"},
		{"en", "Your package comes tomorrow"},
		{"es", "Vale, lo entiendo"},
		{"es", "En caso de duda"},
		{"fr", "Je voudrais avoir une réponse"},
		{"fr", "Dans l’attente de votre retour"},
		{"fr", "À mon avis, c’est bien"},
		{"it", "Molto buono"},
		{"pt", "Vale a pena"},
		{"de", "Ein Monitor mit 27 Zoll"},
		{"de", "Auf jeden Fall, echt schade"},
		{"ja", "リセットしました"},
		{"ja", "シミュレーション"},
		{"zh-CN", "我有一个邮件"},
		{"zh-CN", "请看附件"},
		{"zh-TW", "我有一個郵件"},
		{"ko", "사기 전에 물어봅니다"},
		{"ru", "У меня мало времени"},
	} {
		tag := language.MustParse(tc.lang)
		for _, m := range b.Match(tc.text, tag) {
			if n, ok := b.Required(m, tag, other(tc.lang)); ok {
				t.Errorf("%s %q: %s=%s would have to become %s", tc.lang, tc.text, m.Term.ID, m.Text, n.Preferred)
			}
		}
	}
}

func other(lang string) language.Tag {
	if strings.HasPrefix(lang, "zh") {
		return en
	}
	return zh
}

func TestAnAbbreviationKeepsItsLetters(t *testing.T) {
	t.Parallel()
	for _, term := range shippedBook(t).terms {
		if term.Kind != Abbr || !term.Langs["en"].Case {
			continue
		}
		letters := term.Langs["en"].Preferred
		for _, lang := range []string{"zh-CN", "zh-TW", "ja"} {
			w := term.Langs[lang]
			all := fmt.Sprint(append([]string{w.Preferred}, w.Variants...))
			if !strings.Contains(all, letters) {
				t.Errorf("%s: %s does not know %s", term.ID, lang, letters)
			}
		}
	}
}
