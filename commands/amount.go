package commands

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/currency"

	"helloworld/connectors"
	"helloworld/i18n"
)

// whole are the words for everything that is left.
var whole = []string{"full", "all", "全额", "全额退款", "全部", "全退", "整单", "整单退", "整单退款", "整笔", "整笔退", "整笔退款"}

// signs are the currencies that a sign or a word may stand for.
var signs = map[string][]string{
	"€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY", "CNY"}, "$": {"USD", "CAD", "AUD", "MXN", "SGD", "HKD", "NZD", "BRL"},
	"R$": {"BRL"}, "US$": {"USD"}, "C$": {"CAD"}, "A$": {"AUD"}, "HK$": {"HKD"}, "NZ$": {"NZD"}, "S$": {"SGD"}, "MX$": {"MXN"},
	"円": {"JPY"}, "元": {"CNY"}, "₩": {"KRW"}, "₹": {"INR"}, "₫": {"VND"}, "฿": {"THB"}, "₱": {"PHP"}, "zł": {"PLN"}, "kr": {"SEK", "DKK", "NOK"},
	"欧元": {"EUR"}, "美元": {"USD"}, "英镑": {"GBP"}, "日元": {"JPY"}, "人民币": {"CNY"}, "港元": {"HKD"}, "港币": {"HKD"}, "加元": {"CAD"}, "澳元": {"AUD"},
	"KD": {"KWD"},
}

// signsByLength has the longest first: "美元" ends with "元".
var signsByLength = slices.SortedFunc(maps.Keys(signs), func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })

// readAmount takes a sum and, if it stands apart, its currency: "12,50", "€12.50",
// "EUR 12.50", "1 234,56 EUR". It is understood only when the order's currency is known.
func readAmount(w, after string) (value, rest string, ok bool) {
	number, cur := cutCurrency(w)
	if number == "" && cur != "" {
		next, left := cutWord(after)
		if n, c := cutCurrency(narrow(next)); !isFigure(n) || c != "" {
			return "", "", false
		}
		return w + " " + narrow(next), left, true
	}
	if !isFigure(number) {
		return "", "", false
	}
	// Thousands may be set apart with spaces.
	for cur == "" && !strings.ContainsAny(number, ".,'’") {
		next, left := cutWord(after)
		n, c := cutCurrency(narrow(next))
		if i := strings.IndexAny(n, ".,"); !isFigure(n) || len(n) < 3 || i >= 0 && i != 3 || i < 0 && len(n) != 3 {
			break
		}
		w, number, cur, after = w+" "+narrow(next), n, c, left
	}
	next, left := cutWord(after)
	if n, c := cutCurrency(narrow(next)); n == "" && c != "" && cur == "" {
		return w + " " + narrow(next), left, true
	}
	return w, after, true
}

// isFigure tells whether a word is made of what figures are made of.
func isFigure(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.Trim(s, "0123456789.,-+'’") == ""
}

// cutCurrency takes a currency's code or sign off either end.
func cutCurrency(s string) (number, currency string) {
	s = strings.TrimSpace(s)
	for _, sign := range signsByLength {
		if n, ok := strings.CutPrefix(s, sign); ok {
			return strings.TrimSpace(n), sign
		}
		if n, ok := strings.CutSuffix(s, sign); ok {
			return strings.TrimSpace(n), sign
		}
	}
	if len(s) >= 3 && isCurrency(s[:3]) {
		return strings.TrimSpace(s[3:]), strings.ToUpper(s[:3])
	}
	if len(s) >= 3 && isCurrency(s[len(s)-3:]) {
		return strings.TrimSpace(s[:len(s)-3]), strings.ToUpper(s[len(s)-3:])
	}
	return s, ""
}

// isCurrency tells whether a word is a currency's code. In small letters it is
// one only where people write it so: all, try and top are codes too.
func isCurrency(s string) bool {
	up := strings.ToUpper(s)
	if _, err := currency.ParseISO(up); err != nil || strings.Trim(up, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return false
	}
	return s == up || slices.ContainsFunc(signsByLength, func(sign string) bool { return slices.Contains(signs[sign], up) }) || up == "CHF"
}

// twoReadings is a figure that can be read in more ways than one.
type twoReadings struct {
	*i18n.Problem
	// sums are what it may stand for; with but one, the other is no sum of money.
	sums []connectors.Money
}

// Unwrap gives the problem.
func (e *twoReadings) Unwrap() error { return e.Problem }

// ParseAmount reads a sum of money as people write it, for an order in the given
// currency. Where it can be read two ways, it is asked about, never guessed.
func ParseAmount(text, currency string) (connectors.Money, error) {
	number, cur := cutCurrency(narrow(text))
	bad := i18n.NewProblem(nil, "amount.bad", "got", clip(text, 40), "currency", currency)
	if !strings.ContainsAny(number, "0123456789") {
		return connectors.Money{}, bad
	}
	if cur != "" && cur != currency && !slices.Contains(signs[cur], currency) {
		return connectors.Money{}, i18n.NewProblem(nil, "amount.currency", "got", cur, "want", currency)
	}
	exp := connectors.Exponent(currency)
	all, doubt := readings(number, exp)
	var sums []connectors.Money
	for _, r := range all {
		if m, err := connectors.ParseMoney(r, currency); err == nil && !slices.Contains(sums, m) {
			sums = append(sums, m)
		}
	}
	switch {
	case len(sums) > 1 || len(sums) == 1 && doubt:
		return connectors.Money{}, &twoReadings{i18n.NewProblem(nil, "amount.two_ways", "got", clip(text, 40), "example", exact(sums[0])), sums}
	case len(sums) == 1:
		return sums[0], nil
	case exp == 0 && strings.ContainsAny(number, ".,"):
		return connectors.Money{}, i18n.NewProblem(nil, "amount.no_decimals", "got", clip(text, 40), "currency", currency)
	case exp > 0 && len(all) == 1 && decimals(all[0]) > exp:
		return connectors.Money{}, i18n.NewProblem(nil, "amount.decimals", "got", clip(text, 40), "currency", currency, "n", exp)
	}
	return connectors.Money{}, bad
}

// decimals is how many decimals a plain number has.
func decimals(s string) int {
	_, part, _ := strings.Cut(s, ".")
	return len(strings.TrimRight(part, "0"))
}

// exact writes a sum so that it can be read in one way only: no separator has
// three digits behind it.
func exact(m connectors.Money) string {
	s := m.Decimal()
	if connectors.Exponent(m.Currency) == 3 {
		s += "0"
	}
	return s
}

// spaces set thousands apart in some countries.
var spaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ")

// readings gives the plain decimal numbers that a figure may stand for, the
// grouped one first. doubt: it may also be meant as a figure that is none.
func readings(s string, exp int) (all []string, doubt bool) {
	s, minus := strings.CutPrefix(strings.TrimPrefix(spaces.Replace(strings.ReplaceAll(s, "’", "'")), "+"), "-")
	if strings.Trim(s, "0123456789.,' ") != "" {
		return nil, false
	}
	sign := ""
	if minus {
		sign = "-"
	}
	// An apostrophe and a space can only group.
	for _, group := range []string{"'", " "} {
		if !strings.Contains(s, group) {
			continue
		}
		whole, rest := s, ""
		if i := strings.IndexAny(s, ".,"); i >= 0 {
			whole, rest = s[:i], s[i:]
		}
		if !grouped(whole, group) || strings.ContainsAny(rest, "' ") || strings.Count(rest, ".")+strings.Count(rest, ",") > 1 || len(rest) > exp+1 {
			return nil, false
		}
		return []string{sign + strings.ReplaceAll(whole, group, "") + strings.Replace(rest, ",", ".", 1)}, false
	}
	dot, comma := strings.LastIndex(s, "."), strings.LastIndex(s, ",")
	switch {
	case dot < 0 && comma < 0:
		return []string{sign + s}, false
	case dot >= 0 && comma >= 0:
		// Both: the last one is the decimal sign, the other groups thousands.
		group, point := ",", "."
		if comma > dot {
			group, point = ".", ","
		}
		if strings.Count(s, point) > 1 || !grouped(s[:strings.LastIndex(s, point)], group) {
			return nil, false
		}
		return []string{sign + strings.Replace(strings.ReplaceAll(s, group, ""), point, ".", 1)}, false
	}
	sep := "."
	if comma >= 0 {
		sep = ","
	}
	if grouped(s, sep) {
		all = append(all, sign+strings.ReplaceAll(s, sep, ""))
	}
	if i := strings.Index(s, sep); strings.Count(s, sep) == 1 && exp > 0 {
		// Nobody writes a thousandth of a euro, but a slip of the hand looks like one.
		doubt = len(all) > 0
		all = append(all, sign+strings.Replace(s, sep, ".", 1))
		if i == 0 || i == len(s)-1 {
			return nil, false
		}
	}
	return all, doubt
}

// grouped tells whether sep stands before every third digit, or, as in India,
// before the last three and then before every second.
func grouped(s, sep string) bool {
	parts := strings.Split(s, sep)
	last := len(parts) - 1
	if last == 0 {
		return true
	}
	if parts[0] == "" || parts[0][0] == '0' || len(parts[0]) > 3 || len(parts[last]) != 3 {
		return false
	}
	third, second := true, len(parts[0]) < 3 && last > 1
	for _, p := range parts[1:last] {
		third, second = third && len(p) == 3, second && len(p) == 2
	}
	return third || second
}
