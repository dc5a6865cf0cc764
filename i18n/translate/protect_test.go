package translate

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
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
