package commands

import (
	"slices"
	"strings"

	"helloworld/connectors"
	"helloworld/i18n"
)

// whole are the words for everything that is left.
var whole = []string{"full", "all", "全额", "全部", "全退"}

// signs are the currencies that a sign may stand for.
var signs = map[string][]string{
	"€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY", "CNY"}, "￥": {"JPY", "CNY"}, "$": {"USD", "CAD", "AUD", "MXN", "SGD", "HKD", "NZD", "BRL"},
	"R$": {"BRL"}, "US$": {"USD"}, "C$": {"CAD"}, "A$": {"AUD"}, "円": {"JPY"}, "元": {"CNY"}, "₩": {"KRW"}, "zł": {"PLN"}, "kr": {"SEK", "DKK", "NOK"},
}

// readAmount takes a sum and, if it follows, its currency: "12,50", "€12.50",
// "12.50 EUR", "full". It is understood only when the order's currency is known.
func readAmount(w, after string) (value, rest string, ok bool) {
	if slices.Contains(whole, strings.ToLower(w)) {
		return "full", after, true
	}
	number, _ := cutCurrency(w)
	if !strings.ContainsAny(number, "0123456789") || strings.Trim(number, "0123456789.,-+'’") != "" {
		return "", "", false
	}
	next, left := cutWord(after)
	if n, cur := cutCurrency(narrow(next)); n == "" && cur != "" {
		return w + " " + narrow(next), left, true
	}
	return w, after, true
}

// cutCurrency takes a currency's code or sign off either end.
func cutCurrency(s string) (number, currency string) {
	s = strings.TrimSpace(s)
	for _, sign := range []string{"US$", "R$", "C$", "A$", "€", "£", "¥", "￥", "$", "円", "元", "₩", "zł", "kr"} {
		if n, ok := strings.CutPrefix(s, sign); ok {
			return strings.TrimSpace(n), sign
		}
		if n, ok := strings.CutSuffix(s, sign); ok {
			return strings.TrimSpace(n), sign
		}
	}
	letters := func(x string) bool {
		return len(x) == 3 && strings.Trim(strings.ToUpper(x), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	}
	if len(s) >= 3 && letters(s[:3]) {
		return strings.TrimSpace(s[3:]), strings.ToUpper(s[:3])
	}
	if len(s) >= 3 && letters(s[len(s)-3:]) {
		return strings.TrimSpace(s[:len(s)-3]), strings.ToUpper(s[len(s)-3:])
	}
	return s, ""
}

// ParseAmount reads a sum of money as people write it, for an order in the given
// currency. Where it can be read two ways, it is asked about, never guessed.
func ParseAmount(text, currency string) (connectors.Money, error) {
	number, cur := cutCurrency(narrow(text))
	if !strings.ContainsAny(number, "0123456789") {
		return connectors.Money{}, i18n.NewProblem(nil, "amount.bad", "got", clip(text, 40), "currency", currency)
	}
	if cur != "" && cur != currency && !slices.Contains(signs[cur], currency) {
		return connectors.Money{}, i18n.NewProblem(nil, "amount.currency", "got", cur, "want", currency)
	}
	bad := i18n.NewProblem(nil, "amount.bad", "got", clip(text, 40), "currency", currency)
	readings := readings(number, connectors.Exponent(currency))
	var sums []connectors.Money
	for _, r := range readings {
		if m, err := connectors.ParseMoney(r, currency); err == nil && !slices.Contains(sums, m) {
			sums = append(sums, m)
		}
	}
	switch {
	case len(sums) == 1 && !doubtful(number, connectors.Exponent(currency)):
		return sums[0], nil
	case len(sums) >= 1 && doubtful(number, connectors.Exponent(currency)):
		return connectors.Money{}, i18n.NewProblem(nil, "amount.two_ways", "got", clip(text, 40), "example", sums[len(sums)-1].Decimal())
	}
	if connectors.Exponent(currency) == 0 && strings.ContainsAny(number, ".,") {
		return connectors.Money{}, i18n.NewProblem(nil, "amount.no_decimals", "got", clip(text, 40), "currency", currency)
	}
	return connectors.Money{}, bad
}

// doubtful: one separator and exactly three digits behind it is a thousand to
// one reader and a fraction to another.
func doubtful(s string, exp int) bool {
	if exp == 0 {
		return false // there are no fractions to take it for
	}
	s = strings.Trim(s, "+-")
	i := strings.IndexAny(s, ".,")
	if i < 0 || strings.ContainsAny(s[i+1:], ".,") {
		return false
	}
	if exp == 3 && len(s)-i-1 == 3 {
		return true
	}
	return len(s)-i-1 == 3 && i <= 3 && s[:i] != "0"
}

// readings gives the plain decimal numbers that a figure may stand for.
func readings(s string, exp int) []string {
	s = strings.NewReplacer("'", "", "’", "").Replace(strings.TrimPrefix(s, "+"))
	dot, comma := strings.LastIndex(s, "."), strings.LastIndex(s, ",")
	switch {
	case dot < 0 && comma < 0:
		return []string{s}
	case dot >= 0 && comma >= 0:
		// Both: the last one is the decimal sign, the other groups thousands.
		group, point := ",", "."
		if comma > dot {
			group, point = ".", ","
		}
		if strings.Count(s, point) > 1 || !grouped(s[:strings.LastIndex(s, point)], group) {
			return nil
		}
		return []string{strings.Replace(strings.ReplaceAll(s, group, ""), point, ".", 1)}
	}
	sep := "."
	if comma >= 0 {
		sep = ","
	}
	var out []string
	if strings.Count(s, sep) == 1 && len(s)-strings.Index(s, sep)-1 <= max(exp, 0) {
		out = append(out, strings.Replace(s, sep, ".", 1))
	}
	if grouped(s, sep) {
		out = append(out, strings.ReplaceAll(s, sep, ""))
	}
	return out
}

// grouped tells whether sep stands before every third digit.
func grouped(s, sep string) bool {
	parts := strings.Split(strings.TrimPrefix(s, "-"), sep)
	if len(parts) == 1 {
		return true
	}
	for i, p := range parts {
		if i == 0 && (p == "" || len(p) > 3) || i > 0 && len(p) != 3 {
			return false
		}
	}
	return true
}
