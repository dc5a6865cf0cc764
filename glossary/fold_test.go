package glossary

import (
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// foldPlainly is what fold has to come to, one segment after another.
func foldPlainly(s string) folded {
	f := folded{}
	caser := cases.Fold()
	var it norm.Iter
	it.InitString(norm.NFKC, s)
	for !it.Done() {
		from := int32(it.Pos())
		seg := string(it.Next())
		if r, n := utf8.DecodeRuneInString(seg); n < len(seg) || unicode.SimpleFold(r) != r {
			seg = caser.String(seg) // a letter without another case stays as it is
		}
		for _, r := range seg {
			if m, ok := alike[r]; ok {
				r = m
			}
			n := len(f.runes)
			switch {
			case unicode.IsSpace(r) && n == 0:
			case unicode.IsSpace(r) && f.runes[n-1] == ' ':
				f.end[n-1] = int32(it.Pos())
			case unicode.IsSpace(r):
				f.runes, f.start, f.end = append(f.runes, ' '), append(f.start, from), append(f.end, int32(it.Pos()))
			case unicode.In(r, unicode.Cf, unicode.Cc):
			default:
				f.runes, f.start, f.end = append(f.runes, r), append(f.start, from), append(f.end, int32(it.Pos()))
			}
		}
	}
	if n := len(f.runes); n > 0 && f.runes[n-1] == ' ' {
		f.runes, f.start, f.end = f.runes[:n-1], f.start[:n-1], f.end[:n-1]
	}
	return f
}

var foldSeeds = []string{"Refund", "e\u0301 É ß ẞ ﬁ", "か\u3099が ガ", "ＲＭＡ　１２３，。、｡", "한\u11a8 각 한국어", "\x7f a\x00b\u200d", "İ ı Ǆ ŉ", "l’article «a» “b”",
	"Ёлка й й", "a\xffb\xe4", "\xe3\x8c00", "退\u0301货  \t\n x", "＇｀`´", "Ａ\u030aA\u030a", "\u0301a", "é\u0301\u0327e", "ﾊﾟﾊﾞ", "9️⃣ 👍🏽"}

func sameFold(t *testing.T, s string) {
	t.Helper()
	got, want := fold(s), foldPlainly(s)
	// Of bytes that are no text only the letters have to agree, and not where in
	// the broken piece each is.
	if !slices.Equal(got.runes, want.runes) || utf8.ValidString(s) && !slices.Equal(got.start, want.start) || utf8.ValidString(s) && !slices.Equal(got.end, want.end) {
		t.Errorf("%q:\n got %q %v %v\nwant %q %v %v", s, string(got.runes), got.start, got.end, string(want.runes), want.start, want.end)
	}
}

// The short cuts come to what the long way comes to, for every letter alone and
// beside others.
func TestFoldsShortCuts(t *testing.T) {
	t.Parallel()
	for _, s := range foldSeeds {
		sameFold(t, s)
	}
	for r := rune(0); r < 0x11000; r++ {
		if 0x3400 < r && r < 0xF900 && r%16 != 0 {
			continue // thousands that are treated alike
		}
		sameFold(t, "a"+string(r)+"退"+string(r)+"\u0301")
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range foldSeeds {
		f.Add(s)
	}
	f.Fuzz(sameFold)
}
