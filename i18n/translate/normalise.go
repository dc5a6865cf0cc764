package translate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalise makes a text fit to work on: composed letters, one kind of line end,
// nothing invisible but the joiners that emoji and some scripts need. It changes
// no letter, digit or mark that a person can see.
func normalise(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\u200c' || r == '\u200d':
			return r
		case r == utf8.RuneError, unicode.Is(unicode.Cc, r):
			return -1
		case unicode.Is(unicode.Cf, r) && !(r >= 0xE0020 && r <= 0xE007F): // flags of regions use those
			return -1
		case unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(norm.NFC.String(s))
}

// sentencesOf cuts a line after its full stops. It may cut too often (after
// "Nr."); whoever uses it tries pieces joined as well.
func sentencesOf(line string) []string {
	var out []string
	start := 0
	rs := []rune(line)
	for i := 0; i < len(rs); i++ {
		if !strings.ContainsRune(".!?…。！？", rs[i]) {
			continue
		}
		wide := strings.ContainsRune("。！？", rs[i])
		for i+1 < len(rs) && strings.ContainsRune(".!?…。！？”\"'」）)", rs[i+1]) {
			i++
			wide = wide || strings.ContainsRune("。！？", rs[i])
		}
		if i+1 == len(rs) || wide || unicode.IsSpace(rs[i+1]) {
			if s := strings.TrimSpace(string(rs[start : i+1])); s != "" {
				out = append(out, s)
			}
			start = i + 1
		}
	}
	if s := strings.TrimSpace(string(rs[start:])); s != "" {
		out = append(out, s)
	}
	return out
}
