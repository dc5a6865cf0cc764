package translate

import (
	"testing"

	"golang.org/x/text/language"
)

func TestPunctuation(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ to, text, want string }{
		{"zh-CN", "您好，退款 12.50 EUR 已办理。", ""},
		{"zh-CN", "您好,退款已办理。", "好,"},
		{"zh-CN", "见 https://a.example/x?id=7，谢谢！", ""},
		{"zh-TW", "請問何時到貨?", "貨?"},
		{"ja", "お待ちください. ", "い."},
		{"ja", "ありがとうございます。", ""},
		{"ko", "감사합니다.", ""},
		{"de", "Guten Tag，danke", "，"},
		{"de", "Guten Tag, danke!", ""},
		{"es", "¿Dónde está? ¡Gracias!", ""},
		{"es", "Dónde está?", "?"},
		{"es", "Hola, ¿dónde está? Gracias!", "!"},
		{"es", "Mire a.com/x?y=1 por favor.", ""},
		{"fr", "Avez-vous reçu le colis ? Merci !", ""},
		{"fr", "Avez-vous reçu le colis?", "s?"},
		{"fr", "Commande : livrée à 14:05 ; merci", ""},
		{"fr", "Voici: merci", "i:"},
		{"fr-CA", "Avez-vous reçu le colis?", ""},
	} {
		found := punctuation(tc.text, language.MustParse(tc.to), protect(tc.text))
		got := ""
		for _, f := range found {
			got = f.What
			if f.Severity != Note || f.Code != codePunctuation {
				t.Errorf("%q: %v", tc.text, f)
			}
		}
		if got != tc.want {
			t.Errorf("%s %q: got %q, want %q", tc.to, tc.text, got, tc.want)
		}
	}
}
