package commands

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/connectors"
	"helloworld/i18n"
)

// rowsIn says in short what was read of a list.
func rowsIn(wishes []bot.BatchWish) string {
	var out []string
	for _, w := range wishes {
		if w.Why != nil {
			out = append(out, fmt.Sprintf("%d bad: %s", w.Line, w.Why["en"]))
			continue
		}
		s := fmt.Sprintf("%d %s %s", w.Line, w.Order, w.Reason)
		if !w.Parts.Amount.IsZero() {
			s += " " + w.Parts.Amount.String()
		}
		if w.Note != "" {
			s += " (" + w.Note + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

// decoded is the text of a file.
func decoded(t *testing.T, data string) string {
	t.Helper()
	text, err := decodeTable([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWorkbooksAreNotRead says of spreadsheets what to do with them.
func TestWorkbooksAreNotRead(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"} {
		text, err := decodeTable([]byte(data))
		if p, ok := i18n.AsProblem(err); !ok || p.Key != "batch.workbook" {
			t.Errorf("%q was read as %q, %v", data, text, err)
		}
	}
}

// TestReadOrders reads lists and tables as people write them.
func TestReadOrders(t *testing.T) {
	t.Parallel()
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("订单号,金额,币种,原因\n5101,４.50,EUR,破损\n")
	if err != nil {
		t.Fatal(err)
	}
	wide := "订单号\t原因\t备注\r\nwoo-es#12304\t破损\t铁盖\r\n"
	little, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(wide)
	if err != nil {
		t.Fatal(err)
	}
	big, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(wide)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"numbers", "1234 1235, shopify-main#1236 full damaged", "1 1234 damaged\n2 1235 damaged\n3 shopify-main#1236 damaged"},
		{"a sum for each", "1234 1235 12.50 EUR damaged the lid", "1 1234 damaged 12.50 EUR (the lid)\n2 1235 damaged 12.50 EUR (the lid)"},
		{"a whole sum", "1234 1235 20 EUR late", "1 1234 late 20.00 EUR\n2 1235 late 20.00 EUR"},
		{"a number to a line", "1234\n1235\n全额 破损", "1 1234 damaged\n2 1235 damaged"},
		{"no reason", "1234 1235", "1 bad: no reason; write one for the row, or one for all behind the list\n2 bad: no reason; write one for the row, or one for all behind the list"},
		{"a table", "order,amount,currency,reason,note\n1234,12.50,EUR,damaged,\"the lid, cracked\"\n\nebay-de#5,,,late,\n",
			"2 1234 damaged 12.50 EUR (the lid, cracked)\n4 ebay-de#5 late"},
		{"no first line", "1234,12.50,EUR,damaged,x", "1 1234 damaged 12.50 EUR (x)"},
		{"semicolons and a mark", "\ufeff订单;金额;币种;原因\n1234;12,50;EUR;破损", "2 1234 damaged 12.50 EUR"},
		{"tabs", "1234\t¥1200\tJPY\tdamaged", "1 1234 damaged 1200 JPY"},
		{"tabs and empty cells", "订单\t金额\t币种\t原因\t备注\nwoo-es#12325\t\t\t破损\t整单退\nwoo-es#11065\t4 EUR\t\tlate\n\t5\tEUR\tlate\n\t\t\t\n1234\t\tEUR\tlate\n",
			"2 woo-es#12325 damaged (整单退)\n3 woo-es#11065 late 4.00 EUR\n4 bad: no order number\n6 1234 late"},
		{"three decimals", "1234,12.5000,KWD,damaged", "1 1234 damaged 12.500 KWD"},
		{"columns in another order", "reason,store,order\ndamaged,ebay-de,5101", "2 ebay-de#5101 damaged"},
		{"two currencies", "1234,€12.50,USD,damaged", "1 bad: the amount says €, the column says USD"},
		{"no order", "order,reason\n???,damaged", "2 bad: “???” is not an order number"},
		{"no reason of ours", "order,reason\n1234,bored", "2 bad: “bored” is none of the reasons: " + reasonList(i18n.For(language.English))},
		{"a Chinese word for late", "订单,原因\n1234,延迟", "2 1234 late"},
		{"nothing", "1234,0,EUR,damaged", "1 bad: “0” is not a sum of money. Write it like 12.50 EUR."},
		{"in the letters of China", decoded(t, gbk), "2 5101 damaged 4.50 EUR"},
		{"as Unicode text of Excel", decoded(t, little), "2 woo-es#12304 damaged (铁盖)"},
		{"with the larger byte first", decoded(t, big), "2 woo-es#12304 damaged (铁盖)"},
	} {
		call := &Call{Ctx: t.Context(), Deed: bot.Deed{P: i18n.For(language.English)}}
		got, err := readOrders(call, c.text, "")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if s := rowsIn(got); s != c.want {
			t.Errorf("%s was read as\n%s\nnot as\n%s", c.name, s, c.want)
		}
	}
	call := &Call{Ctx: t.Context(), Deed: bot.Deed{P: i18n.For(language.English)}}
	if got, err := readOrders(call, "1234 1235", connectors.ReasonLate); err != nil || rowsIn(got) != "1 1234 late\n2 1235 late" {
		t.Errorf("a reason from the form: %s, %v", rowsIn(got), err)
	}
	if got, err := readOrders(call, "order,reason\n1234,bored", ""); err != nil || len(got) != 1 || got[0].Why["zh-CN"] !=
		"“bored”不是可用的原因：破损、质量问题、发错货、未收到货、延迟送达、与描述不符、已退货、取消订单、价格问题、善意补偿、其他" {
		t.Errorf("the reasons in Chinese: %+v, %v", got, err)
	}
	if got, err := readOrders(call, strings.Repeat("1234 ", 600)+"damaged", ""); err != nil || len(got) != 600 {
		t.Errorf("%d rows, %v", len(got), err)
	}
}
