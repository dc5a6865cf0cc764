package commands

import (
	"strings"
	"testing"

	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

func TestReadParcel(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, number, best, carrier string }{
		{"1Z999AA10123456784", "1Z999AA10123456784", "ups", ""},
		{"１Ｚ 999 AA1 01 2345 6784", "1Z999AA10123456784", "ups", ""},
		{"996578788855 顺丰", "996578788855", "sf", "sf"},
		{"996578788855 sf express", "996578788855", "sf", "sf"},
		{"00340434292135100186 usps", "00340434292135100186", "usps", "usps"},
		{"1234", "1234", "", ""},
		{"", "", "", ""},
	} {
		r, h := readParcel(tc.text, tracking.Hint{})
		if r.Number != tc.number || r.Best() != tc.best || h.Carrier != tc.carrier {
			t.Errorf("%q: %q of %q, carrier %q", tc.text, r.Number, r.Best(), h.Carrier)
		}
	}
}

// TestCarrierWords: every carrier has a name in every language, and every state
// and reason a sentence.
func TestCarrierWords(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		p := i18n.For(lang)
		for _, code := range tracking.Codes() {
			if k := i18n.Key("carrier." + strings.ReplaceAll(code, "-", "_")); !p.Has(k) {
				t.Errorf("%s: %s is missing", lang, k)
			}
		}
		for _, s := range tracking.States {
			if !p.Has(i18n.Key("track.state." + string(s))) {
				t.Errorf("%s: the state %s has no word", lang, s)
			}
		}
		for k := tracking.Unsure; k <= tracking.Unsupported; k++ {
			if !p.Has(i18n.Key("track.why."+k.String())) || !p.Has(i18n.Key("track.service."+k.String())) {
				t.Errorf("%s: the kind %s has no sentence", lang, k)
			}
		}
	}
}
