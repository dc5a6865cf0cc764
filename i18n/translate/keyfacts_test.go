package translate

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestKeyFacts(t *testing.T) {
	t.Parallel()
	zh, de, en := language.MustParse("zh-CN"), language.German, language.English
	for _, tc := range []struct {
		source, text string
		from, to     language.Tag
		want         []KeyFact
	}{
		{"您好。我们已为您退款 12.50 EUR。谢谢！", "Guten Tag. Wir haben 12.50 EUR erstattet. Danke!", zh, de,
			[]KeyFact{{codeConfirmAmount, "12.50 EUR", "Wir haben 12.50 EUR erstattet."}}},
		{"退款将在 5 个工作日内到账。", "Die Rückerstattung erreicht Sie innerhalb von 5 Werktagen.", zh, de,
			[]KeyFact{{codeConfirmDate, "5 个工作日", "Die Rückerstattung erreicht Sie innerhalb von 5 Werktagen."}}},
		{"很抱歉，无法退款。", "Es tut uns leid, eine Erstattung geht nicht.", zh, de,
			[]KeyFact{{codeConfirmRefusal, "无法", "Es tut uns leid, eine Erstattung geht nicht."}}},
		// The word as it stands there, and not the part of it that was looked for.
		{"Accepting Liability, we refund you.", "Haftungshalber erstatten wir.", en, de,
			[]KeyFact{{codeConfirmLegal, "Liability", "Haftungshalber erstatten wir."}}},
		{"我们愿意承担。", "Wir übernehmen die Produkthaftung.", zh, de, []KeyFact{{codeConfirmLegal, "Produkthaftung", "Wir übernehmen die Produkthaftung."}}},
		// What somebody writes in the buyer's own language is looked at all the same.
		{"You will get it within 3 days.", "You will get it within 3 days.", en, en,
			[]KeyFact{{codeConfirmDate, "3 days", "You will get it within 3 days."}}},
		{"Thank you for your message.", "Vielen Dank für Ihre Nachricht.", en, de, nil},
	} {
		got := KeyFacts(tc.source, tc.text, tc.from, tc.to)
		if len(got) != len(tc.want) {
			t.Errorf("%q: %+v", tc.source, got)
			continue
		}
		for i := range got {
			if got[i] != tc.want[i] {
				t.Errorf("%q: %+v, want %+v", tc.source, got[i], tc.want[i])
			}
		}
	}
}

func TestAddressesAreSeen(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"Please return it to 221 Baker Street, London.", "Senden Sie es an: Lindenstraße 12, 10969 Berlin", "Berliner Straße 5",
		"Veuillez le renvoyer au 12 rue de Rivoli, Paris", "Calle de Alcalá, 45", "Via Roma 7, Torino", "Rua Augusta, 120",
		"请寄到深圳市南山区科技路12号", "〒150-0001", "東京都渋谷区神宮前1丁目", "서울 강남구 테헤란로 152", "We have changed your delivery address.",
		"Ihre Lieferadresse", "ご住所をお知らせください", "您的地址",
	} {
		if placeIn(s) == "" {
			t.Errorf("no address is seen in %q", s)
		}
	}
	for _, s := range []string{"Thank you, we will look into it.", "Der Ring ist 5 mm breit.", "Wir kümmern uns um Ihr Anliegen.", "我们会尽快处理。",
		"We will address this at once.", "Bestellung 1234 ist auf dem Weg."} {
		if m := placeIn(s); m != "" {
			t.Errorf("%q passes for an address in %q", m, s)
		}
	}
	if f := confirm("x", "Via Roma 7", nil, language.English, language.Italian); len(f) != 1 || !strings.HasPrefix(f[0].Code, "confirm_") {
		t.Errorf("confirm says %+v", f)
	}
}
