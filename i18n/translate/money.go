package translate

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Amounts of money by how they begin. As one expression they would be tried at
// every letter, which took longer than all other facts together.
var (
	signFirst = regexp.MustCompile(`^` + signs + `[ \x{a0}\x{202f}]?` + amount + `(?:[ \x{a0}]?` + codes + `\b)?`)
	codeFirst = regexp.MustCompile(`^` + codes + `[ \x{a0}\x{202f}]?` + amount)
	unitLast  = regexp.MustCompile(`^` + amount + `[ \x{a0}\x{202f}]?` + suffixes)
)

var currencies = wordSet(strings.ReplaceAll(strings.Trim(codes, "(?:)"), "|", " "))

const (
	signRunes = "$＄€£¥￥₩₹₽₺฿₫"
	// inAmount is what an amount is written with.
	inAmount = digit + wideDigit + ".,．，'’ \u00a0\u202f"
	// unitRunes are what a unit outside ASCII begins with.
	unitRunes = "€£¥￥₩₹₽₺฿₫欧美日英加澳人元円ユド"
)

// money finds the amounts of a text from left to right.
func money(s string) (out [][]int) {
	end := 0 // of what may be one amount
	for i := 0; i < len(s); {
		size := 1
		if s[i] >= utf8.RuneSelf {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		var m []int
		switch {
		case strings.Contains(digit+wideDigit, s[i:i+size]):
			// What is counted comes right after the last digit or space: without it
			// none of these digits begins an amount.
			if i >= end {
				end = len(s) - len(strings.TrimLeft(s[i:], inAmount))
			}
			if !unitAt(s[end:]) {
				i = end
				continue
			}
			m = unitLast.FindStringIndex(s[i:])
		case strings.Contains(signRunes, s[i:i+size]):
			m = signFirst.FindStringIndex(s[i:])
		case s[i] >= 'A' && s[i] <= 'Z':
			if strings.ContainsAny(s[i:min(len(s), i+5)], "$＄") {
				m = signFirst.FindStringIndex(s[i:])
			}
			if m == nil && len(s)-i > 3 && currencies[s[i:i+3]] && (i == 0 || !wordByte(s[i-1])) {
				m = codeFirst.FindStringIndex(s[i:])
			}
		}
		if m == nil {
			i += size
			continue
		}
		out = append(out, []int{i, i + m[1]})
		i += m[1]
	}
	return out
}

// unitAt: the text may begin with what is counted.
func unitAt(s string) bool {
	if s == "" {
		return false
	}
	switch c := s[0]; {
	case c >= utf8.RuneSelf:
		r, _ := utf8.DecodeRuneInString(s)
		return strings.ContainsRune(unitRunes, r)
	case c == '$', strings.IndexByte("zKkEeDdPp", c) >= 0:
		return true
	}
	return len(s) >= 3 && currencies[s[:3]]
}

// wordByte: what an expression takes for part of a word.
func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
