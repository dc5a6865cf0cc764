package translate

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// signBefore and unitAfter make another amount of a number that they stand beside.
	signBefore = regexp.MustCompile(`(?:[-−+±~]|[$＄€£¥￥₩₹₽₺฿₫][ \x{a0}]?|\b` + codes + `[ \x{a0}]?)$`)
	unitAfter  = regexp.MustCompile(`^[ \x{a0}]?(?:` + suffixes + `|[kKM]\b|[%％‰万億亿])`)
)

// beside is what stands at a fact and would change it: a sign before it, a unit
// after it. It asks only about facts that are figures.
func beside(text, fact string) []string {
	if !strings.ContainsFunc(fact, unicode.IsDigit) {
		return nil
	}
	var out []string
	for at := 0; ; {
		i := strings.Index(text[at:], fact)
		if i < 0 {
			return out
		}
		i += at
		at = i + len(fact)
		if sign := signBefore.FindString(text[lettersBack(text, i, 5):i]); sign != "" {
			out = append(out, strings.TrimSpace(sign)+fact)
		}
		if unit := unitAfter.FindString(text[at:min(at+24, len(text))]); unit != "" {
			out = append(out, fact+" "+strings.TrimSpace(unit))
		}
	}
}

// lettersBack is the place n letters before another.
func lettersBack(s string, at, n int) int {
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:at])
		at -= size
	}
	return at
}
