package commands

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/connectors"
	"helloworld/i18n"
)

func TestReadWant(t *testing.T) {
	en := i18n.For(language.English)
	lines := func(nq ...int) (out []bot.LinePick) {
		for i := 0; i < len(nq); i += 2 {
			out = append(out, bot.LinePick{N: nq[i], Quantity: nq[i+1]})
		}
		return out
	}
	const damaged, late = connectors.ReasonDamaged, connectors.ReasonLate
	for text, want := range map[string]want{
		"":                                          {},
		"full damaged":                              {Full: true, Reason: damaged},
		"damaged full":                              {Full: true, Reason: damaged},
		"全额 破损":                                     {Full: true, Reason: damaged},
		"12.50 EUR damaged":                         {Amount: "12.50 EUR", Reason: damaged},
		"damaged 12.50 EUR":                         {Amount: "12.50 EUR", Reason: damaged},
		"EUR 12.50 damaged":                         {Amount: "EUR 12.50", Reason: damaged},
		"1 234,56 EUR late":                         {Amount: "1 234,56 EUR", Reason: late},
		"１２．５０ EUR 破损":                              {Amount: "12.50 EUR", Reason: damaged},
		"1200円":                                     {Amount: "1200円"},
		"12.50 late and the box was open":           {Amount: "12.50", Reason: late, Note: "and the box was open"},
		"12.50 late all 3 broken":                   {Amount: "12.50", Reason: late, Note: "all 3 broken"},
		"12.50 damaged note: 3 of 5":                {Amount: "12.50", Reason: damaged, Note: "3 of 5"},
		"破损 12.50 备注：外箱湿了":                          {Amount: "12.50", Reason: damaged, Note: "外箱湿了"},
		"12.50 the box was open":                    {Amount: "12.50", Note: "the box was open", Odd: "the"},
		"full not as described":                     {Full: true, Reason: connectors.ReasonNotDescribed},
		"line 2 qty 1 restock":                      {Lines: lines(2, 1), Restock: true},
		"line 2 qty 1 restock damaged":              {Lines: lines(2, 1), Restock: true, Reason: damaged},
		"damaged restock line 2 qty 1":              {Lines: lines(2, 1), Restock: true, Reason: damaged},
		"line 1 line 3 qty 2 damaged lid":           {Lines: lines(1, 0, 3, 2), Reason: damaged, Note: "lid"},
		"lines 2x1, 3 late":                         {Lines: lines(2, 1, 3, 0), Reason: late},
		"12.50 chf late":                            {Amount: "12.50 chf", Reason: late},
		"第2行 数量1 入库 破损":                             {Lines: lines(2, 1), Restock: true, Reason: damaged},
		"第２行数量１入库 破损":                               {Lines: lines(2, 1), Restock: true, Reason: damaged},
		"行2 1件 破损":                                  {Lines: lines(2, 1), Reason: damaged},
		"第1行 第3行2件 破损":                              {Lines: lines(1, 0, 3, 2), Reason: damaged},
		"shipping late":                             {Shipping: true, Reason: late},
		"shipping 5.00 late":                        {Shipping: true, Amount: "5.00", Reason: late},
		"运费 延误":                                     {Shipping: true, Reason: late},
		"税费 价格":                                     {Tax: true, Reason: connectors.ReasonPrice},
		"tax price":                                 {Tax: true, Reason: connectors.ReasonPrice},
		"full store credit goodwill":                {Full: true, Credit: true, Reason: connectors.ReasonGoodwill},
		"全额 礼品卡 补偿":                                 {Full: true, Credit: true, Reason: connectors.ReasonGoodwill},
		"整单 破损":                                     {Full: true, Reason: damaged},
		"整单退款破损":                                    {Full: true, Reason: damaged},
		"整笔 延迟":                                     {Full: true, Reason: connectors.ReasonLate},
		"12.50 keep damaged":                        {Amount: "12.50", Goods: connectors.GoodsKept, Reason: damaged},
		"12.50 无需退货 破损":                             {Amount: "12.50", Goods: connectors.GoodsKept, Reason: damaged},
		"line 2 shipping damaged shipping box torn": {Lines: lines(2, 0), Shipping: true, Reason: damaged, Note: "shipping box torn"},
	} {
		got, err := readWant(en, text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %+v, %v; want %+v", text, got, err, want)
		}
		again, err := readWant(en, got.String())
		if got.Odd = ""; err != nil || again.String() != got.String() {
			t.Errorf("%q is said as %q, which is %+v, %v", text, got, again, err)
		}
	}
	for text, key := range map[string]i18n.Key{
		"1e9 damaged":        "refund.figure",
		"12.5O damaged":      "refund.figure",
		"10 20 damaged":      "refund.two_amounts",
		"full 12.50 damaged": "refund.all_and_part",
		"shipping full late": "refund.all_and_part",
		"full line 2":        "refund.lines_bad",
		"line two damaged":   "refund.lines_bad",
		"line 0 damaged":     "refund.lines_bad",
		"line 2 qty 0":       "refund.quantity_bad",
		"第2行 数量0":            "refund.quantity_bad",
		"lines 2x0":          "refund.quantity_bad",
		"line 1, 2x0":        "refund.quantity_bad",
	} {
		w, err := readWant(en, text)
		if p, ok := i18n.AsProblem(err); !ok || p.Key != key {
			t.Errorf("%q is %+v, %v; want %s", text, w, err, key)
		}
	}
}

// FuzzAmount: a figure that is understood is understood the same when it is
// written back, and both readings of one that is not are clear.
func FuzzAmount(f *testing.F) {
	for _, s := range []string{"12,50", "1.234,56", "1.234", "0.500", "1'234", "1,23,456", "¥1200", "１２．５０", "1 234,56 EUR", "-5", "1e9", "12.345 KWD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, cur := range []string{"EUR", "JPY", "KWD"} {
			m, err := ParseAmount(text, cur)
			sums := []connectors.Money{m}
			var two *twoReadings
			switch {
			case errors.As(err, &two):
				sums = two.sums
			case err != nil:
				if p, ok := i18n.AsProblem(err); !ok || p.Say(i18n.For(language.English)) == "" {
					t.Fatalf("%q: %v is not a problem with words", text, err)
				}
				continue
			}
			for _, m := range sums {
				if back, err := ParseAmount(exact(m)+" "+cur, cur); err != nil || back != m {
					t.Fatalf("%q in %s is %v, written %q and read as %v, %v", text, cur, m, exact(m), back, err)
				}
			}
		}
	})
}

// FuzzWant: whatever stands behind an order's number, what is understood of it is
// understood the same when it is written back.
func FuzzWant(f *testing.F) {
	for _, s := range []string{"full damaged", "line 2 qty 1 restock damaged lid", "第２行数量１入库 破损", "lines 2x1, 3", "1 234,56 EUR late", "note: x", "税1", "12.50 store credit"} {
		f.Add(s)
	}
	p := i18n.For(language.English)
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		w, err := readWant(p, text)
		if err != nil {
			if pr, ok := i18n.AsProblem(err); !ok || pr.Say(p) == "" {
				t.Fatalf("%q: %v is not a problem with words", text, err)
			}
			return
		}
		w.Odd = ""
		again, err := readWant(p, w.String())
		if err != nil || strings.TrimSpace(again.String()) != strings.TrimSpace(w.String()) {
			t.Fatalf("%q is said as %q, which is %q, %v", text, w, again, err)
		}
	})
}
