package translate

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// fact is what a protected span is.
type fact string

const (
	factToken  fact = "token" // what looks like one of our own tokens
	factSlot   fact = "slot"
	factURL    fact = "url"
	factEmail  fact = "email"
	factOrder  fact = "order"
	factMoney  fact = "money"
	factDate   fact = "date"
	factPhone  fact = "phone"
	factCode   fact = "code" // tracking number, SKU, ASIN, model, size
	factNumber fact = "number"
	factEmoji  fact = "emoji"
)

// span is a piece of text that no engine may touch.
type span struct {
	kind       fact
	start, end int
	text       string
}

const (
	digit     = "0123456789"
	wideDigit = "０１２３４５６７８９"
	digits    = `[0-9０-９]`
	amount    = `(?:` + digits + `{1,3}(?:[.,'’ \x{a0}\x{202f}]` + digits + `{3})+(?:[.,]` + digits + `{1,2})?|` + digits + `+(?:[.,．，]` + digits + `{1,3})?)`
	codes     = `(?:EUR|USD|GBP|JPY|CNY|RMB|CAD|AUD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|MXN|BRL|INR|KRW|SGD|HKD|TWD|TRY|AED|SAR|KWD|RUB|NZD|THB|MYR|VND|PHP|IDR|ZAR|ILS|RON|BGN|ISK)`
	signs     = `(?:(?:US|CA|AU|HK|NT|NZ|C|A|S|R)?[$＄]|[€££¥￥₩₹₽₺฿₫])`
	suffixes  = `(?:[€££¥￥₩₹₽₺฿₫$]|zł|Kč|kr\b|欧元|美元|日元|英镑|加元|澳元|人民币|元|円|ユーロ|ドル|(?i:euros?|dollars?|pounds)\b|` + codes + `\b)`
	// inURL: letters of scripts without spaces belong to an address only where a part
	// of it begins; else they are the sentence that goes on.
	inURL    = `(?:[/=][` + unspaced + `]+|[^\s<>"“”，。；、（）【】「」！？` + unspaced + `])`
	unspaced = `\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}`
	// spaced are letters of scripts that have spaces, so that an address ends.
	spaced = `\p{Latin}\p{Cyrillic}\p{Greek}0-9`
	tlds   = `(?:com|net|org|info|io|shop|store|de|fr|uk|jp|cn|eu|ly|app|dev|co)`
)

// patterns are tried in this order; what one has claimed is gone for the next.
var patterns = []struct {
	kind fact
	// signs are what a fact of this kind has at least one of, wide those outside
	// ASCII (looking for which is slow, and few texts have any), and spread how many
	// words further than that it may reach: it is looked for nowhere else.
	signs, wide string
	spread      int
	find        func(s string) [][]int
}{
	{factToken, `<_[`, `【`, 4, every(`(?i)<\s*/?\s*x\b[^<>]{0,30}>|_\s*_\s*PH\s*[0-9０-９]+\s*_\s*_|\[\s*\[\s*[0-9０-９]+\s*\]\s*\]|【【\s*[0-9０-９]+\s*】】`)},
	{factSlot, `{}`, ``, 1, every(`\{\{?\s*[A-Za-z_][A-Za-z0-9_.]*\s*\}?\}`)},
	{factURL, `.:`, ``, 0, every(`(?i:https?://|www\.)` + inURL + `+|\b(?:[a-z0-9-]+\.)+` + tlds + `/` + inURL + `*`)},
	{factEmail, `@`, ``, 0, every(`[` + spaced + `._%+-]+@[` + spaced + `-]+(?:\.[` + spaced + `-]+)+`)},
	{factURL, `.:`, ``, 0, every(`\b(?:[a-z0-9-]+\.)+` + tlds + `\b`)},
	{factOrder, digit + `#`, wideDigit + `＃`, 0, every(`\b[0-9]{3}-[0-9]{7}-[0-9]{7}\b|\b[0-9]{2}-[0-9]{5}-[0-9]{5}\b|[#＃][A-Za-z0-9０-９][A-Za-z0-9０-９-]*`)},
	{factPhone, digit, wideDigit, 1, every(`\+[0-9]{1,3}[ ()0-9/-]{5,18}[0-9]|\b0[0-9]{2,5}[ /-][0-9]{2,5}[ -]?[0-9]{2,6}\b`)},
	{factMoney, digit, wideDigit, 1, money},
	{factDate, digit, wideDigit, 0, every(`\b[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?:T[0-9:.]+Z?)?\b|\b[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2})\b|(?:[0-9]{4}年)?[0-9]{1,2}月[0-9]{1,2}[日号]|\b[0-9]{1,2}\.[0-9]{1,2}\.|[0-9]{1,2}[:：][0-9]{2}(?:[:：][0-9]{2})?`)},
	{factCode, digit, wideDigit, 0, every(`[A-Za-z0-9]+(?:[-_/.][A-Za-z0-9]+)*`)},
	{factNumber, digit, wideDigit, 1, every(amount + `[ ]?[%％]?`)},
}

// every finds all matches of an expression.
func every(expression string) func(string) [][]int {
	re := regexp.MustCompile(expression)
	return func(s string) [][]int { return re.FindAllStringIndex(s, -1) }
}

var ordinal = regexp.MustCompile(`(?i)^[0-9]+(?:st|nd|rd|th|er|e|º|ª)$`)

// protect finds the facts of a text, in order, none overlapping another.
func protect(s string) []span { return protectIn(s, around) }

func protectIn(s string, where func(s, signs string, spread int) [][2]int) []span {
	var out []span
	taken := make([]bool, len(s))
	claim := func(kind fact, from, to int) {
		if from >= to || slices.Contains(taken[from:to], true) {
			return
		}
		for i := from; i < to; i++ {
			taken[i] = true
		}
		out = append(out, span{kind, from, to, s[from:to]})
	}
	// All wide signs begin with one of these.
	hasWide := strings.Contains(s, "\xef\xbc") || strings.Contains(s, "【")
	for _, p := range patterns {
		signs := p.signs
		if hasWide {
			signs += p.wide
		}
		for _, part := range where(s, signs, p.spread) {
			for _, m := range p.find(s[part[0]:part[1]]) {
				from, to := part[0]+m[0], part[0]+m[1]
				switch p.kind {
				case factURL:
					to = from + len(strings.TrimRight(s[from:to], `.,;:!?)'"`))
				case factCode:
					// A word with hyphens is a word; only one with a digit is a code.
					if t := s[from:to]; !strings.ContainsAny(t, "0123456789") || !hasLetter(t) && !strings.ContainsAny(t, "-_/") || ordinal.MatchString(t) {
						continue
					}
				case factNumber:
					to = from + len(strings.TrimRight(s[from:to], " "))
				case factPhone:
					if n := countDigits(s[from:to]); n < 7 {
						continue
					}
				}
				if p.kind != factMoney && p.kind != factNumber && p.kind != factDate && insideWord(s, from, to) {
					continue
				}
				if p.kind == factNumber && ordinalAt(s, from, to) {
					continue
				}
				claim(p.kind, from, to)
			}
		}
	}
	if !isEmoji(s) {
		return sorted(out)
	}
	it := graphemes.FromString(s)
	for it.Next() {
		if isEmoji(it.Value()) {
			claim(factEmoji, it.Start(), it.End())
		}
	}
	return sorted(out)
}

func sorted(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	return spans
}

// around are the parts of a text that hold any of the signs: the words with one
// (what stands between spaces) and as many words more on both sides. Expressions
// are slow, and most of a message holds no fact.
func around(s, signs string, spread int) [][2]int {
	at := strings.IndexAny(s, signs)
	if at < 0 {
		return nil
	}
	var out [][2]int
	for at < len(s) {
		from, to := at, at
		for n := spread; ; n-- {
			from = strings.LastIndexAny(s[:from], " \n\t") + 1
			if n <= 0 || from == 0 {
				break
			}
			from = len(strings.TrimRight(s[:from], " \n\t"))
		}
		word := 0
		for n := spread; ; n-- {
			if i := strings.IndexAny(s[to:], " \n\t"); i < 0 {
				to = len(s)
			} else {
				to += i
			}
			if word == 0 {
				word = to
			}
			if n <= 0 || to == len(s) {
				break
			}
			to += len(s[to:]) - len(strings.TrimLeft(s[to:], " \n\t"))
		}
		if last := len(out) - 1; last >= 0 && from <= out[last][1]+1 {
			out[last][1] = max(to, out[last][1])
		} else {
			out = append(out, [2]int{from, to})
		}
		next := strings.IndexAny(s[word:], signs)
		if next < 0 {
			break
		}
		at = word + next
	}
	return out
}

// insideWord: a letter of a spaced script touches the span, so that it is part
// of a longer word, such as the end of one with an umlaut.
func insideWord(s string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	after, _ := utf8.DecodeRuneInString(s[to:])
	first, _ := utf8.DecodeRuneInString(s[from:])
	last, _ := utf8.DecodeLastRuneInString(s[:to])
	touch := func(a, b rune) bool { return unicode.Is(unicode.Latin, a) && unicode.Is(unicode.Latin, b) }
	return touch(before, first) || touch(last, after)
}

func ordinalAt(s string, from, to int) bool {
	end := to
	for end < len(s) && (s[end] >= 'a' && s[end] <= 'z' || s[end] >= 'A' && s[end] <= 'Z') {
		end++
	}
	return end > to && ordinal.MatchString(s[from:end])
}

func hasLetter(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

func countDigits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

func isEmoji(g string) bool {
	for _, r := range g {
		switch {
		case r >= 0x1F000 && r <= 0x1FAFF, r >= 0x2600 && r <= 0x27BF, r == 0x2B50, r == 0x2B55, r >= 0x2B05 && r <= 0x2B07, r >= 0x231A && r <= 0x23FF, r == 0x20E3:
			return true
		}
	}
	return false
}

// without is the text with its facts blanked out.
func without(s string, spans []span) string {
	var b strings.Builder
	at := 0
	for _, p := range spans {
		b.WriteString(s[at:p.start])
		b.WriteByte(' ')
		at = p.end
	}
	b.WriteString(s[at:])
	return b.String()
}
