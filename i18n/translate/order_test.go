package translate

import "testing"

func TestOrderOfFacts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ source, text, want string }{
		{"You get USD 5.00, we keep USD 19.90.", "Sie erhalten USD 5.00, wir behalten USD 19.90.", ""},
		{"You get USD 5.00, we keep USD 19.90.", "Sie erhalten USD 19.90, wir behalten USD 5.00.", "USD 19.90 ↔ USD 5.00"},
		{"from 2026-12-01 to 2026-12-05", "von 2026-12-05 bis 2026-12-01", "2026-12-05 ↔ 2026-12-01"},
		{"USD 5.00 by 2026-12-01", "bis 2026-12-01 USD 5.00", ""},
		{"EUR 5.00 and again EUR 5.00", "EUR 5.00 und noch einmal EUR 5.00", ""},
	} {
		got := ""
		for _, f := range checkOrder(tt.text, protect(tt.source)) {
			if f.Severity == Review && f.Code == codeFactsSwapped {
				got = f.What
			}
		}
		if got != tt.want {
			t.Errorf("%q as %q: %q, want %q", tt.source, tt.text, got, tt.want)
		}
	}
}
