package commands

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"helloworld/bot"
	"helloworld/connectors"
	"helloworld/i18n"
)

// want is what somebody said they want refunded. What was not said is empty.
type want struct {
	// Amount is as it was written: only the order tells how to read it.
	Amount string
	// Full: all that is left.
	Full          bool
	Lines         []bot.LinePick
	Shipping, Tax bool
	Restock       bool
	Credit        bool
	Goods         connectors.Goods
	Reason        connectors.RefundReason
	Note          string
	// Swap: goods instead of money, sendAgain or exchange.
	Swap string
	// Anyway: past what may be asked past.
	Anyway bool
	// From is the number of the return that it was filled in from.
	From string
	// Odd is the first word that was not understood, where no reason stood before
	// it: then it is perhaps no note.
	Odd string
}

// said tells whether it was said what to give back.
func (w want) said() bool {
	return w.Amount != "" || w.Full || len(w.Lines) > 0 || w.Shipping || w.Tax
}

// The words of a refund, besides its amount and its reason. A Chinese word need
// not be followed by a space.
var wantWords = map[string][]string{
	"full":     append([]string{"everything"}, whole...),
	"line":     {"line", "lines", "item", "items", "商品", "行"},
	"qty":      {"qty", "quantity", "数量"},
	"shipping": {"shipping", "postage", "freight", "运费", "邮费"},
	"tax":      {"tax", "taxes", "vat", "税费", "税款", "税金", "税"},
	"restock":  {"restock", "重新入库", "入库"},
	"credit":   {"credit", "store_credit", "storecredit", "店铺余额", "店铺积分", "礼品卡", "余额"},
	"replace":  {sendAgain, "replacement", "resend", "补发", "重发"},
	"exchange": {exchange, "swap", "换货"},
	"anyway":   {"anyway", "仍要退款"},
	"keep":     {"keep", "returnless", "无需退货", "不用退货", "不退货", "仅退款"},
	"back":     {"back", "需退货", "需要退货", "退回"},
	"unsent":   {"unsent", "unshipped", "未发货", "没发货"},
}

var (
	// picks is a list of lines: 2, 2x1, or several with commas.
	picks = regexp.MustCompile(`^\d{1,3}([x×*]\d{1,4})?([,，、]\d{1,3}([x×*]\d{1,4})?)*[,，、]?$`)
	pick  = regexp.MustCompile(`^(\d{1,3})(?:[x×*](\d{1,4}))?$`)
	// noneOf is a line of which none is to be given back: 2x0.
	noneOf = regexp.MustCompile(`(^|[^\d])\d{1,3}[x×*]0+([^\d]|$)`)
	// lineZh is a line in Chinese: 第2行, 2行.
	lineZh = regexp.MustCompile(`^第?(\d{1,3})行`)
	lineEn = regexp.MustCompile(`^(?:lines?|items?|行)#?(\d{1,3}(?:[x×*]\d{1,4})?)`)
	qtyOne = regexp.MustCompile(`^(?:(?:qty|quantity|数量|[x×*])[:：=]?(\d{1,4})(?:件|个)?|(\d{1,4})(?:件|个))`)
)

// readPicks reads which lines and how many of each: "2x1, 3".
func readPicks(s string) (out []bot.LinePick, ok bool) {
	for _, w := range strings.FieldsFunc(narrow(strings.ToLower(s)), func(r rune) bool { return strings.ContainsRune(",，、;； \t\n", r) }) {
		m := pick.FindStringSubmatch(w)
		if m == nil {
			return nil, false
		}
		n, _ := strconv.Atoi(m[1]) // digits
		q, _ := strconv.Atoi(m[2]) // digits, or none
		if n == 0 || m[2] != "" && q == 0 {
			return nil, false
		}
		out = append(out, bot.LinePick{N: n, Quantity: q})
	}
	return out, len(out) > 0
}

// badPicks is what is wrong with a list of lines that cannot be read: how many of
// one, or which.
func badPicks(text string) error {
	key := i18n.Key("refund.lines_bad")
	if noneOf.MatchString(strings.ToLower(narrow(text))) {
		key = "refund.quantity_bad"
	}
	return i18n.NewProblem(nil, key, "got", clip(strings.TrimSpace(text), 40))
}

// wordOf finds which of the words of a refund a text begins with.
func wordOf(word string) (name, rest string) {
	best := ""
	for n, all := range wantWords {
		for _, w := range all {
			switch {
			case word == w:
				return n, ""
			case w[0] >= utf8.RuneSelf && strings.HasPrefix(word, w) && len(w) > len(best):
				best, name, rest = w, n, word[len(w):]
			}
		}
	}
	return name, rest
}

// noteMark tells whether a text says of itself that it is a note.
func noteMark(s string) (string, bool) {
	for _, w := range noteWords {
		if len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) {
			return strings.TrimSpace(s[len(w):]), true
		}
	}
	return "", false
}

// readWant reads what stands behind the order. The words come in any order; from
// the first one that is not understood on it is the note.
func readWant(p *i18n.Printer, rest string) (want, error) {
	var w want
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		if note, ok := noteMark(rest); ok {
			w.Note = note
			return w, nil
		}
		left, ok, err := w.take(p, rest)
		if err != nil {
			return w, err
		}
		if !ok {
			w.Note = rest
			if w.Reason == "" {
				w.Odd, _ = cutWord(rest)
			}
			return w, nil
		}
		rest = left
	}
	return w, nil
}

// take reads what one or a few words say, and gives what follows them.
func (w *want) take(p *i18n.Printer, text string) (rest string, ok bool, err error) {
	raw, after := cutWord(text)
	word := strings.ToLower(narrow(raw))
	if w.Reason == "" {
		if r, left, ok := takeReason(p, text); ok {
			w.Reason = r
			return left, true, nil
		}
	}
	// Behind what to give back and why, such words are part of the note.
	open := w.Reason == "" || !w.said()
	if m := lineZh.FindStringSubmatch(word); open && m != nil {
		return w.line(m[1], word[len(m[0]):], after)
	}
	if m := lineEn.FindStringSubmatch(word); open && m != nil {
		return w.line(m[1], strings.TrimLeft(word[len(m[0]):], ","), after)
	}
	if m := qtyOne.FindStringSubmatch(word); m != nil && len(w.Lines) > 0 && w.Lines[len(w.Lines)-1].Quantity == 0 {
		return w.quantity(m[1]+m[2], word[len(m[0]):]+" "+after)
	}
	name, tail := wordOf(word)
	tail += " " + after
	switch name {
	case "full", "line", "qty", "shipping", "tax":
		if name == "qty" && len(w.Lines) > 0 {
			next, left := cutWord(strings.TrimSpace(tail))
			return w.quantity(strings.TrimRight(narrow(next), "件个"), left)
		}
		if !open || name == "qty" {
			return "", false, nil
		}
		if name == "line" {
			return w.list(tail)
		}
		if w.Full = w.Full || name == "full"; w.Full && (w.Amount != "" || len(w.Lines) > 0 || w.Shipping || w.Tax || name != "full") {
			return "", false, i18n.NewProblem(nil, "refund.all_and_part", "got", clip(raw, 40))
		}
		w.Shipping, w.Tax = w.Shipping || name == "shipping", w.Tax || name == "tax"
		return tail, true, nil
	case "restock":
		w.Restock = true
		return tail, true, nil
	case "credit":
		w.Credit = true
		return tail, true, nil
	case "replace", "exchange":
		if !open {
			return "", false, nil
		}
		w.Swap = name
		return tail, true, nil
	case "anyway":
		w.Anyway = true
		return tail, true, nil
	case "keep", "back", "unsent":
		w.Goods = connectors.Goods(name)
		return tail, true, nil
	}
	if next, left := cutWord(after); word == "store" && strings.EqualFold(narrow(next), "credit") {
		w.Credit = true
		return left, true, nil
	}
	if value, left, ok := readAmount(narrow(raw), after); ok && open {
		switch {
		case w.Full:
			return "", false, i18n.NewProblem(nil, "refund.all_and_part", "got", clip(value, 40))
		case w.Amount != "":
			return "", false, i18n.NewProblem(nil, "refund.two_amounts", "one", clip(w.Amount, 40), "other", clip(value, 40))
		}
		w.Amount = value
		return left, true, nil
	}
	if n, _ := cutCurrency(narrow(raw)); open && n != "" && strings.ContainsRune("0123456789+-.,", rune(n[0])) && strings.ContainsAny(n, "0123456789") {
		// A figure with a slip in it is no note: "1e9", "12.5O".
		return "", false, i18n.NewProblem(nil, "refund.figure", "got", clip(raw, 40))
	}
	return "", false, nil
}

// line takes a line's number, "2" or "2x1"; tail is what clung to it.
func (w *want) line(number, tail, after string) (string, bool, error) {
	got, ok := readPicks(number)
	if !ok || w.Full {
		return "", false, badPicks(number)
	}
	w.Lines = append(w.Lines, got...)
	return tail + " " + after, true, nil
}

// list takes the lines that follow: "2x1, 3".
func (w *want) list(text string) (string, bool, error) {
	var all string
	for {
		word, after := cutWord(strings.TrimSpace(text))
		word = strings.ToLower(narrow(word))
		if !picks.MatchString(word) {
			break
		}
		all, text = all+" "+word, after
		if !strings.HasSuffix(word, ",") {
			break
		}
	}
	got, ok := readPicks(all)
	if !ok || w.Full {
		return "", false, badPicks(all + " " + text)
	}
	w.Lines = append(w.Lines, got...)
	return text, true, nil
}

// quantity says how many of the line before.
func (w *want) quantity(number, rest string) (string, bool, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > 9999 {
		return "", false, i18n.NewProblem(nil, "refund.quantity_bad", "got", clip(number, 40))
	}
	w.Lines[len(w.Lines)-1].Quantity = n
	return rest, true, nil
}

// takeReason reads a reason of up to four words: "not as described".
func takeReason(p *i18n.Printer, text string) (r connectors.RefundReason, rest string, ok bool) {
	said := ""
	for range 4 {
		word, after := cutWord(text)
		if word == "" {
			break
		}
		said, text = strings.TrimPrefix(said+"_"+narrow(word), "_"), after
		if x, is := readReason(p, said); is {
			r, rest, ok = x, after, true
		}
	}
	return r, rest, ok
}

// String is the same in one form, which is read back as the same.
func (w want) String() string {
	var s []string
	add := func(is bool, words ...string) {
		if is {
			s = append(s, words...)
		}
	}
	add(w.Swap != "", w.Swap)
	add(w.Full, "full")
	for _, l := range w.Lines {
		add(true, "line", strconv.Itoa(l.N))
		add(l.Quantity > 0, "qty", strconv.Itoa(l.Quantity))
	}
	add(w.Shipping, "shipping")
	add(w.Tax, "tax")
	add(w.Amount != "", w.Amount)
	add(w.Restock, "restock")
	add(w.Credit, "credit")
	add(w.Goods != "", string(w.Goods))
	add(w.Reason != "", string(w.Reason))
	add(w.Anyway, "anyway")
	add(w.Note != "", "note:", w.Note)
	return strings.Join(s, " ")
}

// sameLines adds up what is said twice of a line; all of it is all of it.
func sameLines(in []bot.LinePick) (out []bot.LinePick) {
	for _, l := range in {
		i := slices.IndexFunc(out, func(x bot.LinePick) bool { return x.N == l.N })
		switch {
		case i < 0:
			out = append(out, l)
		case out[i].Quantity == 0 || l.Quantity == 0:
			out[i].Quantity = 0
		default:
			out[i].Quantity += l.Quantity
		}
	}
	return out
}
