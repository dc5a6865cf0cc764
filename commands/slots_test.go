package commands

import (
	"testing"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/i18n"
)

func TestReadSlot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		slot, got, currency string
		// want is what the buyer reads; empty: it is refused, with why.
		want, why string
	}{
		{"amount", "12.50 EUR", "", "12.50 EUR", ""},
		{"amount", "12,50", "EUR", "12.50 EUR", ""},
		{"amount", "€12,50", "EUR", "12.50 EUR", ""},
		{"amount", "12,50 €", "", "12.50 EUR", ""},
		{"amount", "eur 12.5", "", "12.50 EUR", ""},
		{"amount", "１２．５０ ＥＵＲ", "", "12.50 EUR", ""},
		{"amount", "1.234,56", "EUR", "1234.56 EUR", ""},
		{"amount", "1,234.56 USD", "", "1234.56 USD", ""},
		{"amount", "US$20", "", "20.00 USD", ""},
		{"amount", "3,000円", "", "3000 JPY", ""},
		{"amount", "￥3000", "JPY", "3000 JPY", ""},
		{"amount", "$20", "CAD", "20.00 CAD", ""},
		{"amount", "$20", "", "", "slot.bad.amount"}, // of which country?
		{"amount", "¥300", "", "", "slot.bad.amount"},
		{"amount", "20", "", "", "slot.bad.amount"},
		{"amount", "1.234", "EUR", "", "amount.two_ways"},
		{"amount", "20 USD", "EUR", "", "amount.currency"},
		{"amount", "0", "EUR", "", "slot.bad.amount"},
		{"amount", "-5 EUR", "", "", "slot.bad.amount"},
		{"amount", "EUR", "", "", "slot.bad.amount"},
		{"amount", "some", "EUR", "", "amount.bad"},
		{"amount", "12.50.1", "EUR", "", "amount.bad"},
		{"amount", "12.5", "JPY", "", "amount.no_decimals"},

		{"date", "2026-11-30", "", "2026-11-30", ""},
		{"date", "2026/11/30", "", "2026/11/30", ""},
		{"date", " 2026-1-2 ", "", "2026-1-2", ""},
		{"date", "30.11.2026", "", "30.11.2026", ""},
		{"date", "3.4.", "", "3.4.", ""}, // only ever the day first
		{"date", "11月30日", "", "11月30日", ""},
		{"date", "２０２６年１１月３０号", "", "2026年11月30号", ""},
		{"date", "25/12/2026", "", "25/12/2026", ""},
		{"date", "12/25/2026", "", "12/25/2026", ""},
		{"date", "5/5/2026", "", "5/5/2026", ""},
		{"date", "3/4/2026", "", "", "slot.bad.date"}, // April or March
		{"date", "12/11/2026", "", "", "slot.bad.date"},
		{"date", "2026-02-30", "", "", "slot.bad.date"},
		{"date", "31.4.2026", "", "", "slot.bad.date"},
		{"date", "25/13/2026", "", "", "slot.bad.date"},
		{"date", "tomorrow", "", "", "slot.bad.date"},
		{"date", "", "", "", "slot.bad.date"},

		{"n", "3", "", "3", ""},
		{"n", "＋５", "", "5", ""},
		{"n", "007", "", "7", ""},
		{"n", "365", "", "365", ""},
		{"n", "0", "", "", "slot.bad.n"},
		{"n", "-1", "", "", "slot.bad.n"},
		{"n", "366", "", "", "slot.bad.n"},
		{"n", "2.5", "", "", "slot.bad.n"},
		{"n", "a few", "", "", "slot.bad.n"},

		{"tracking", "1Z999AA10123456784", "", "1Z999AA10123456784", ""},
		{"tracking", "1z 999 aa1 01 2345 6784", "", "1Z999AA10123456784", ""},
		{"tracking", "DHL 00340434292135100186", "", "DHL 00340434292135100186", ""},
		{"tracking", "00340434292135100186", "", "00340434292135100186", ""},
		{"tracking", "1Z999AA10123456785", "", "", "slot.bad.tracking"}, // the check digit
		{"tracking", "1234", "", "", "slot.bad.tracking"},
		{"tracking", "on its way", "", "", "slot.bad.tracking"},
		{"tracking", "", "", "", "slot.bad.tracking"},

		{"order", "11-10001-20037", "", "11-10001-20037", ""},
		{"order", "#1004", "", "#1004", ""},
		{"order", "my order", "", "", "slot.bad.order"},

		// Whatever else a glossary of the seller's own asks for.
		{"colour", " blue ", "", "blue", ""},
	} {
		got, err := readSlot(c.slot, c.got, c.currency)
		why := ""
		if p, ok := i18n.AsProblem(err); ok {
			why = string(p.Key)
		} else if err != nil {
			why = err.Error()
		}
		if got != c.want || why != c.why {
			t.Errorf("readSlot(%q, %q, %q) = %q, %q; want %q, %q", c.slot, c.got, c.currency, got, why, c.want, c.why)
		}
	}
}

// A form asks for what is open and offers what is known; its answers do not get
// in the way of other arguments.
func TestSlotForm(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		c := &Call{}
		c.P = i18n.For(lang)
		f := slotForm(c, bot.Phrase{Text: "{amount} {date}", Slots: []string{"amount", "date", "n", "tracking", "order"}}, map[string]string{"amount": "5.00 EUR"})
		if len(f.Inputs) != 5 || f.Intro != "{amount} {date}" || f.Inputs[0].Value != "5.00 EUR" || f.Inputs[1].Value != "" {
			t.Fatalf("%+v", f)
		}
		for _, in := range f.Inputs {
			if in.Kind != chat.Line || in.Optional || in.Label == "" || in.Hint == "" || in.Name == "text" || in.Name == "phrase" || in.Name == "message" {
				t.Errorf("%+v", in)
			}
		}
	}
}
