package commands

import (
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

func TestWhatIsFilledIntoASlot(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ slot, got, currency, want string }{
		{"amount", "12,50", "EUR", "12.50 EUR"},
		{"amount", "€12.50", "EUR", "12.50 EUR"},
		{"amount", "€ 12.50", "", "12.50 EUR"},
		{"amount", "12.50 usd", "", "12.50 USD"},
		{"amount", "１２．５０", "EUR", "12.50 EUR"},
		{"amount", "1200", "JPY", "1200 JPY"},
		{"amount", "12.50", "", ""},        // of which currency?
		{"amount", "$12.50", "", ""},       // of which dollar?
		{"amount", "12.50 GBP", "EUR", ""}, // not the order's
		{"amount", "-5", "EUR", ""},
		{"amount", "0", "EUR", ""},
		{"amount", "soon", "EUR", ""},
		{"date", "2026-11-30", "", "2026-11-30"},
		{"date", "30.11.2026", "", "30.11.2026"},
		{"date", "11月30日", "", "11月30日"},
		{"date", "30/11/2026", "", "30/11/2026"},
		{"date", "5/5/2026", "", "5/5/2026"},
		{"date", "3/4/2026", "", ""}, // March or April
		{"date", "2026-02-30", "", ""},
		{"date", "tomorrow", "", ""},
		{"n", "5", "", "5"},
		{"n", " ５ ", "", "5"},
		{"n", "0", "", ""},
		{"n", "-3", "", ""},
		{"n", "five", "", ""},
		{"n", "366", "", ""},
		{"tracking", "1Z 999 AA1 01 2345 6784", "", "1Z999AA10123456784"},
		{"tracking", "1Z999AA10123456785", "", ""}, // its check digit does not fit
		{"tracking", "12", "", ""},
		{"tracking", "bald", "", ""},
		{"order", "250-1234567-1234567", "", "250-1234567-1234567"},
		{"order", "mine", "", ""},
		{"order", "", "", ""},
	} {
		got, err := readSlot(tc.slot, tc.got, tc.currency)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s %q (%s): %q, %v; want %q", tc.slot, tc.got, tc.currency, got, err, tc.want)
		}
	}
}

// Every ready sentence with blanks, filled in by an agent in either language, is
// said in every language it has: without any engine, and with each value as it was.
func TestFilledPhrasesNeedNoEngine(t *testing.T) {
	t.Parallel()
	book, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for slot, got := range map[string]string{"amount": "12,50 EUR", "date": "2026-11-30", "n": "7", "tracking": "1Z 999 AA1 01 2345 6784", "order": "250-1234567-1234567"} {
		if values[slot], err = readSlot(slot, got, "EUR"); err != nil {
			t.Fatal(err)
		}
	}
	words := translate.New(translate.Options{Book: book})
	phrases, said := 0, 0
	for _, lang := range i18n.Langs() {
		for _, x := range book.Phrases(lang, glossary.Out) {
			if len(x.Slots()) == 0 {
				continue
			}
			phrases++
			text, ok := glossary.Hit{Phrase: &x, Values: values}.Render(lang)
			if !ok {
				t.Fatalf("%s is not said in %s", x.ID, lang)
			}
			for _, to := range []string{"en", "de", "fr", "es", "it", "ja", "pt", "ko", "ru", "zh-CN", "zh-TW"} {
				tag := language.MustParse(to)
				if _, ok := x.Say(tag); !ok || strings.HasPrefix(to, lang.String()[:2]) {
					continue
				}
				said++
				res, err := words.Do(t.Context(), translate.Request{Text: text, From: lang, To: tag, Outgoing: true})
				if err != nil || res.Blocked() || res.Grade != translate.Template && res.Grade != translate.Exact {
					t.Errorf("%s, %s>%s: %q became %q (%s), %v", x.ID, lang, to, text, res.Text, res.Grade, err)
					continue
				}
				for _, slot := range x.Slots() {
					if !strings.Contains(res.Text, values[slot]) {
						t.Errorf("%s, %s>%s: %s is not in %q", x.ID, lang, to, values[slot], res.Text)
					}
				}
			}
		}
	}
	if phrases < 20 || said < 100 {
		t.Errorf("only %d phrases, said %d times, were looked at", phrases, said)
	}
}

func TestWhichLanguageIsNamed(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]string{
		"de Vielen Dank":       {"de", "Vielen Dank"},
		"DE Vielen Dank":       {"de", "Vielen Dank"},
		"to de thank you":      {"de", "thank you"},
		"to German thank you":  {"de", "thank you"},
		"into fr thank you":    {"fr", "thank you"},
		"德语 谢谢":                {"de", "谢谢"},
		"德语　谢谢":                {"de", "谢谢"},
		"German thank you":     {"de", "thank you"},
		"zh-TW 谢谢":             {"zh-TW", "谢谢"},
		"pt-BR thank you":      {"pt-BR", "thank you"},
		"thank you very much":  {"und", "thank you very much"},
		"Es ist kaputt":        {"und", "Es ist kaputt"}, // German, and not Spanish for "ist kaputt"
		"to whom it concerns":  {"und", "to whom it concerns"},
		"xx is no language":    {"und", "xx is no language"},
		"de":                   {"und", "de"},
		"谢谢您的来信":               {"und", "谢谢您的来信"},
		"I do not know, sorry": {"und", "I do not know, sorry"},
	} {
		tag, text := namedLanguage(line)
		if tag.String() != want[0] || text != want[1] {
			t.Errorf("%q: %s, %q", line, tag, text)
		}
	}
}
