package translate

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// chances is how many texts a test makes up, of the number it is meant for.
func chances(n int) int {
	if Raced {
		return n / 10
	}
	return n
}

// TestMoneyMissesNothing: beginning only where an amount may begin finds what one
// expression finds that is tried everywhere.
func TestMoneyMissesNothing(t *testing.T) {
	one := regexp.MustCompile(signs + `[ \x{a0}\x{202f}]?` + amount + `(?:[ \x{a0}]?` + codes + `\b)?|\b` + codes + `[ \x{a0}\x{202f}]?` + amount + `|` + amount + `[ \x{a0}\x{202f}]?` + suffixes)
	pieces := []string{"1", "12", "123", "999", "000", "1234567", "１２", ",", ".", "，", "．", "'", "’", "-", "_", "x", "a", "ü", "EUR", "USD", "USDT", "XEUR", "CHF", "eur", "SEK", "€", "$", "＄", "£", "¥", "￥", "US$", "HK＄",
		"R$", "A", "C", "S$", "zł", "Kč", "kr", "kroner", "欧元", "元", "円", "ユーロ", "ドル", "ドア", "euros", "Dollars", "POUND", "pounds", "eurozone", "人民币", "人", "已付", "\u00a0", "\u202f", "%", "(", ")"}
	gaps := []string{"", "", "", " ", " ", "\u00a0", "\n"}
	r := rand.New(rand.NewPCG(3, 4))
	found := 0
	for range chances(15_000) {
		var b strings.Builder
		for range 1 + r.IntN(10) {
			b.WriteString(pieces[r.IntN(len(pieces))] + gaps[r.IntN(len(gaps))])
		}
		s := b.String()
		got, want := money(s), one.FindAllStringIndex(s, -1)
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q\n got %v\nwant %v", s, got, want)
		}
		found += len(got)
	}
	if found < chances(2_500) {
		t.Errorf("only %d amounts in all the texts", found)
	}
}

// TestSeeksMissNothing: what an expression finds has one of the words that are
// looked for first.
func TestSeeksMissNothing(t *testing.T) {
	pieces := []string{"12", "5", "221b", "1-2-3", "High", "Baker", "Main", "NW", "St", "ST.", "Street", "Avenue", "AVE", "Rd", "Lane", "Ln.", "Drive", "Blvd", "Court", "Ct", "Way", "Highway", "Parkway", "Close", "Place", "Pl", "Square",
		"Terrace", "Crescent", "P.O.", "PO Box", "Lange", "Straße", "Hauptstr.", "Hauptstraße", "Am", "Markt", "Kerkstraat", "Storgatan", "Prinsengracht", "rue", "Rue", "bis,", "avenue", "av.", "bd", "Place", "de la", "Paix",
		"Calle", "C/", "Avda.", "Via", "viale", "Roma", "Piazza", "Largo", "Rua", "R.", "Travessa", "ul.", "Ulica", "Mayor", "nº", ",", "ул.", "Ленина", "д.", "建国路88号", "테헤란로152", "〒150-0001", "東京都渋谷区", "神宮前", "테헤란로", "152",
		"Best", "kind regards", "Regards", "Yours sincerely", "CHEERS", "Mit freundlichen Grüßen", "VIELE GRÜSSE", "LG", "Cordialement", "à vous", "Saludos", "un abrazo", "Distinti saluti", "Att", "Groetjes", "С уважением",
		"此致敬礼", "敬具", "よろしくお願いします", "Anna", "Schmidt", ".", "!", "王先生", "尊敬的", "李雷", "我叫", "田中様", "サポート"}
	gaps := []string{" ", " ", " ", "", ", "}
	seeks := append([]seek{signOff, hanTitle, hanDear, hanSelf, kanaTitle}, streetForms...)
	found := make([]int, len(seeks))
	r := rand.New(rand.NewPCG(5, 6))
	for range chances(20_000) {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(pieces[r.IntN(len(pieces))] + gaps[r.IntN(len(gaps))])
		}
		s := strings.TrimSpace(b.String())
		for i, x := range seeks {
			if !x.re.MatchString(s) {
				continue
			}
			if found[i]++; !x.worth(strings.ToLower(s)) {
				t.Fatalf("%q matches %v, and has none of its words", s, x.re)
			}
		}
	}
	for i, n := range found {
		if n < 3 && !Raced {
			t.Errorf("%v: only %d texts", seeks[i].re, n)
		}
	}
}

// TestAccountsMissNothing is the same for accounts and cards.
func TestAccountsMissNothing(t *testing.T) {
	pieces := []string{"DE", "GB", "X", "a", "89", "3704", "0044", "0532", "0130", "00", "4111", "1111", "41", "é", "_", "(", "Ab"}
	gaps := []string{" ", " ", "", "", "-", "  "}
	r := rand.New(rand.NewPCG(7, 8))
	ibans, cards := 0, 0
	for range chances(20_000) {
		var b strings.Builder
		for range 4 + r.IntN(8) {
			b.WriteString(pieces[r.IntN(len(pieces))] + gaps[r.IntN(len(gaps))])
		}
		s := b.String()
		iban, card := accountAt(s)
		if ibanForm.MatchString(s) {
			if ibans++; !iban {
				t.Fatalf("%q has the form of an account", s)
			}
		}
		if cardForm.MatchString(s) {
			if cards++; !card {
				t.Fatalf("%q has the form of a card's number", s)
			}
		}
	}
	if ibans < chances(50) || cards < chances(100) {
		t.Errorf("%d and %d texts only", ibans, cards)
	}
}
