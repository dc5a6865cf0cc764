package translate

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestAroundMissesNothing: looking for facts near their signs alone finds what
// looking everywhere does.
func TestAroundMissesNothing(t *testing.T) {
	pieces := []string{"order", "302-1234567-7654321", "EUR", "50", "12,50", "€", "zł", "{", "{{", "name", "order.id", "}}", "}", "<", "x", `id="3"`, "/>", "__PH", "4", "__", "[[", "1", "]]",
		"+49", "30", "(030)", "1234567", "-", "2026-11-21", "21.11.", "2026", "14:05", "https://a.example/x?id=7", "a@b.de", "a.com/x", "ABC-12", "5kg", "20", "%", "1", "234,50", "USD", "#", "#12", "Uhr",
		"我的订单", "退款59元", "が", "$", "1st", "2nd.", "ü5", "5ü", "\n", "\t", "\u00a0", "¥", "CHF", "1'234.50", "R$", "US$"}
	gaps := []string{" ", " ", "", "  ", "\n", "\u00a0"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))] + gaps[r.IntN(len(gaps))])
		}
		s := normalise(b.String())
		if got, want := protect(s), protectIn(s, func(string, string, int) [][2]int { return [][2]int{{0, len(s)}} }); !slices.Equal(got, want) {
			t.Fatalf("%q\n got %v\nwant %v", s, got, want)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"e\u0301", "a\xff\x00b", "\u202e12\u202c", "\r\n \ue000", "👨\u200d👩\u200d👧", "\u1100\u1161", "\u0344"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := normalise(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool {
			return unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Co, r)
		}) {
			t.Fatalf("%q became %q", s, got)
		}
		if again := normalise(got); again != got {
			t.Fatalf("%q became %q, and then %q", s, got, again)
		}
		count := func(s string) (n int) {
			for _, r := range s {
				if r >= '0' && r <= '9' {
					n++
				}
			}
			return n
		}
		if count(got) != count(s) {
			t.Fatalf("%q has other digits than %q", got, s)
		}
	})
}

// FuzzRestore: whatever an engine answers, its facts are counted as they stand.
func FuzzRestore(f *testing.F) {
	for _, s := range []string{"__PH0__ [[1]]", "<x id=\"1\"/></x>", "< X ID = “0” >9", "【【0】】__PH99999__", "__PH0__PH0__"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		answer = normalise(answer)
		for _, form := range tokenForms {
			got := restore(answer, []string{"Ａ1Ｂ", "Ｃ2Ｄ"}, form, 0)
			for i, fact := range []string{"Ａ1Ｂ", "Ｃ2Ｄ"} {
				if n := strings.Count(got.text, fact) - strings.Count(answer, fact); n != got.seen[i] && !strings.Contains(answer, "Ａ") && !strings.Contains(answer, "Ｃ") {
					t.Fatalf("%s: %q became %q: fact %d is there %d times, counted %d", form.name, answer, got.text, i, n, got.seen[i])
				}
			}
			if strings.Contains(got.bare, "Ａ1Ｂ") && !strings.Contains(answer, "Ａ1Ｂ") || !utf8.ValidString(got.text) {
				t.Fatalf("%s: %q: %q", form.name, answer, got.bare)
			}
		}
	})
}
