package translate

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"
)

var zhCN = language.MustParse("zh-CN")

func TestNormalise(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\r\nb\rc":                 "a\nb\nc",
		" a\x00b\u200bc\ufeff ":     "abc",
		"e\u0301":                   "é",
		"a\xffb":                    "ab",
		"\u202e12\u202c \u200f3":    "12 3",
		"👨\u200d👩\u200d👧 ❤\ufe0f":   "👨\u200d👩\u200d👧 ❤\ufe0f",
		"\ue000x":                   "x",
		"１２３，退款":                    "１２３，退款",
		"soft\u00adhyphen\tand tab": "softhyphen\tand tab",
	} {
		if got := normalise(in); got != want {
			t.Errorf("normalise(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"Hi. How are you?! fine":      {"Hi.", "How are you?!", "fine"},
		"Es kostet 12.50 EUR. Danke!": {"Es kostet 12.50 EUR.", "Danke!"},
		"您好！退款呢？“好的。”谢谢":              {"您好！", "退款呢？", "“好的。”", "谢谢"},
		"...": {"..."},
		"":    nil,
	} {
		if got := sentencesOf(in); !slices.Equal(got, want) {
			t.Errorf("sentencesOf(%q) = %q", in, got)
		}
	}
}

func TestProtect(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Order 302-1234567-7654321, please":         "order=302-1234567-7654321",
		"eBay 12-34567-89012 and #1001 (＃1002)":     "order=12-34567-89012 order=#1001 order=＃1002",
		"Track 1Z999AA10123456784 or LX123456789DE": "code=1Z999AA10123456784 code=LX123456789DE",
		"SKU ABC-12-RED, B0ABCDEF12":                "code=ABC-12-RED code=B0ABCDEF12",
		"well-known T-Shirt":                        "",
		"pay ¥1200, €12.50, 12,50 €, USD 19.90":     "money=¥1200 money=€12.50 money=12,50 € money=USD 19.90",
		"1.234,56 EUR und 1 234,56 €":               "money=1.234,56 EUR money=1 234,56 €",
		"退款59.9元，￥１００":                              "money=59.9元 money=￥１００",
		"INR 500, US$5":                             "money=INR 500 money=US$5",
		"on 2026-11-21, 21.11.2026 or 11/21/26":     "date=2026-11-21 date=21.11.2026 date=11/21/26",
		"2026年11月21日，11月3号 14:05":                   "date=2026年11月21日 date=11月3号 date=14:05",
		"see https://a.example/x?y=1#z. Or a.com!":  "url=https://a.example/x?y=1#z url=a.com",
		"见https://a.example/x，谢谢":                   "url=https://a.example/x",
		"mail jürgen@müller.de.":                    "email=jürgen@müller.de",
		"call +49 30 1234567 or 030 1234567":        "phone=+49 30 1234567 phone=030 1234567",
		"Hi {name}, {{ order.id }} {not a slot}":    "slot={name} slot={{ order.id }}",
		"👍🏽 thanks 👨\u200d👩\u200d👧":                 "emoji=👍🏽 emoji=👨\u200d👩\u200d👧",
		`<x id="0"/> __PH3__ [[12]] </x>`:           `token=<x id="0"/> token=__PH3__ token=[[12]] token=</x>`,
		"2 pieces, 20 %, 1st and 2nd":               "number=2 number=20 %",
		"订单1234号, 5kg, iPhone15":                    "number=1234 code=5kg code=iPhone15",
		"nothing here":                              "",
	} {
		var got []string
		last := 0
		for _, p := range protect(in) {
			if p.start < last || in[p.start:p.end] != p.text {
				t.Errorf("%q: span %+v", in, p)
			}
			last = p.end
			got = append(got, string(p.kind)+"="+p.text)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("protect(%q)\n got %s\nwant %s", in, s, want)
		}
	}
}

func FuzzProtect(f *testing.F) {
	for _, s := range []string{"302-1234567-7654321 €12,50", "[[0]]__PH1__<x id=2>", "２０％👍🏽ü5", "+49 (30) 12-34 a@b.c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = normalise(s)
		spans := protect(s)
		for _, form := range tokenForms {
			masked := mask(s, spans, form, 0)
			got := restore(masked, texts(spans), form, 0)
			for i, n := range got.seen {
				if n != 1 {
					t.Fatalf("%q: token %d of %q seen %d times in %q", s, i, form.name, n, masked)
				}
			}
			// A space may have come between a fact and a letter, nothing else.
			if strings.ReplaceAll(got.text, " ", "") != strings.ReplaceAll(s, " ", "") {
				t.Fatalf("%q became %q", s, got.text)
			}
			if !utf8.ValidString(got.text) {
				t.Fatalf("%q: a letter is cut", s)
			}
		}
	})
}

func TestDetect(t *testing.T) {
	t.Parallel()
	de, en, ja := language.German, language.English, language.Japanese
	for _, tc := range []struct {
		text    string
		site    language.Tag
		history []language.Tag
		want    string
	}{
		{"我要退款", language.Und, nil, "zh-CN!"},
		{"返金希望", ja, nil, "ja!"},
		{"返金希望", language.Und, []language.Tag{ja}, "ja!"},
		{"退款", ja, []language.Tag{zhCN}, "zh-CN!"},
		{"商品はまだですか", language.Und, nil, "ja!"},
		{"환불해 주세요", language.Und, nil, "ko!"},
		{"Где мой заказ", language.Und, nil, "ru!"},
		{"أين طلبي", language.Und, nil, "ar!"},
		{"Wo ist meine Bestellung", language.Und, nil, "de!"},
		{"Where is my order", de, nil, "en!"},
		{"Où est ma commande", language.Und, nil, "fr!"},
		{"¿Dónde está mi pedido?", language.Und, nil, "es!"},
		{"Dov'è il mio ordine", language.Und, nil, "it!"},
		{"ok", language.Und, nil, "?"},
		{"ok", language.Und, []language.Tag{de}, "de!"},
		{"kaputt", language.MustParse("de-DE"), nil, "de-DE!"},
		{"asdf qwer", language.Und, nil, "?"},
		{"hmm", en, nil, "?"},
		{"Hallo, ist das da", language.MustParse("de-AT"), nil, "de-AT!"},
		{"Thanks, order received", de, []language.Tag{de}, "en!"},
		{"", en, nil, "?"},
	} {
		d := detect(tc.text, tc.site, tc.history)
		got := d.tag.String() + "!"
		if !d.sure {
			got = "?"
		}
		if got != tc.want {
			t.Errorf("detect(%q) = %s (%s), want %s", tc.text, got, d.tag, tc.want)
		}
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	values := []string{"#1001", "12,50 €", "ABC-1"}
	for _, tc := range []struct {
		form         int
		answer, want string
		seen         []int
		stray        bool
	}{
		{0, `订单<x id="1"/>和<x id="0"/>`, "订单12,50 €和#1001", []int{1, 1, 0}, false},
		{0, `< X ID = “0” > </ x >`, "#1001", []int{1, 0, 0}, false},
		{1, "__ph0__ _ _PH 1_ _", "#1001 12,50 €", []int{1, 1, 0}, false},
		{2, "【【0】】 [ [1] ] [[2]]", "#1001 12,50 € ABC-1", []int{1, 1, 1}, false},
		{1, "__PH0__ __PH0__", "#1001 #1001", []int{2, 0, 0}, false},
		{1, "__PH7__", "__PH7__", []int{0, 0, 0}, true},
		{1, "__PH2__99", "ABC-1 99", []int{0, 0, 1}, false},
		{1, "9__PH2__x", "9 ABC-1 x", []int{0, 0, 1}, false},
		{0, "<x id=", "<x id=", []int{0, 0, 0}, true},
	} {
		got := restore(tc.answer, values, tokenForms[tc.form], 0)
		if got.text != tc.want || !slices.Equal(got.seen, tc.seen) || (got.stray != "") != tc.stray {
			t.Errorf("restore(%q) = %+v", tc.answer, got)
		}
	}
}

func codesOf(fs []Finding) string {
	var out []string
	for _, f := range fs {
		out = append(out, string(f.Severity[0])+":"+f.Code)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestVerify(t *testing.T) {
	t.Parallel()
	en, de, ja := language.English, language.German, language.Japanese
	const long = "The parcel arrived two days late and the box was broken, so I cannot use it."
	const longZH = "包裹晚到了两天，而且盒子已经破损，所以我无法使用。"
	for _, tc := range []struct {
		name           string
		source, answer string
		from, to       language.Tag
		want           string
	}{
		{"fine", "Order #1001 is late", "订单__PH0__延迟了", en, zhCN, ""},
		{"lost", "Order #1001 is late", "订单延迟了", en, zhCN, "b:fact_changed b:token_lost"},
		{"twice", "Order #1001 is late", "订单__PH0____PH0__延迟了", en, zhCN, "b:token_twice"},
		{"made up", "Order #1001 is late", "订单__PH0____PH9__延迟了", en, zhCN, "b:new_number b:token_stray"},
		{"minus", "It cost €5 only", "只花了-__PH0__", en, zhCN, "b:fact_changed"},
		{"number", "It is late", "已经迟了3天", en, zhCN, "b:new_number"},
		{"number in words", "It is three days late", "已经迟了3天", en, zhCN, "n:number_word"},
		{"month", "It came on 21 Nov", "11月__PH0__日到的", en, zhCN, "n:number_word"},
		{"ordinal", "My 2nd order is late", "我的第2个订单迟了", en, zhCN, ""},
		{"link", "Please see", "请看这个链接 http:x", en, zhCN, "b:new_url"},
		{"mail", "Please write", "请写信到a@b", en, zhCN, "b:new_email"},
		{"echo", "Please send the label", "please send the label!", en, de, "b:echo"},
		{"echo of letters", long, long, en, zhCN, "b:echo"},
		{"script", long, "ありがとうございます。よろしくお願いいたします。", en, zhCN, "b:wrong_language"},
		{"language", long, "Le colis est arrivé avec deux jours de retard et je ne peux pas l'utiliser.", en, de, "b:wrong_language"},
		{"right language", long, "Das Paket kam zwei Tage zu spät und der Karton war kaputt, ich kann es nicht benutzen.", en, de, ""},
		{"Chinese for Japanese", "包裹什么时候到？请尽快处理我的订单", "包裹什么时候到请尽快处理我的订单吧", zhCN, ja, "b:wrong_language"},
		{"brand", "My Super Galaxy Phone Max is late", "我的 Super Galaxy Phone Max 迟了", en, zhCN, ""},
		{"cut", long, "包裹。", en, zhCN, "b:too_short"},
		{"padded", "The parcel arrived late today", strings.Repeat(longZH, 3), en, zhCN, "r:too_long"},
		{"sentences lost", "It is late. It is broken. It is blue. I want my money.", "已经迟了，坏了，蓝色的，我要钱。", en, zhCN, "r:too_short"},
		{"remark", "It is late", "Sure, 迟了好几天了已经", en, zhCN, "b:preamble"},
		{"remark in Chinese", "It is late", "以下是译文：迟了", en, zhCN, "b:preamble"},
		{"remark of the buyer's", "Sure, it is late", "Sure, 已经迟了很久了", en, zhCN, ""},
		{"nothing", "It is late", "", en, zhCN, "b:empty"},
		{"own brackets", "It is [[very]] late", "非常[[迟]]", en, zhCN, ""},
	} {
		spans := protect(tc.source)
		got := restore(tc.answer, texts(spans), tokenForms[1], 0)
		w := &work{source: tc.source, from: tc.from, to: tc.to, spans: spans, lines: 1}
		found := check(w, paragraph{text: tc.source, words: true, spans: spans, facts: spans, values: texts(spans)}, got)
		if s := codesOf(distinct(found)); s != tc.want {
			t.Errorf("%s: %q → %q: got %q, want %q", tc.name, tc.source, tc.answer, s, tc.want)
		}
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ source, text, want string }{
		{"您好", "Guten Tag", ""},
		{"退款 12.50 EUR 已办理", "…", "r:confirm_amount"},
		{"将于 2026-11-30 送达", "…", "r:confirm_date"},
		{"5 个工作日内到账", "…", "r:confirm_date"},
		{"我们无法取消", "…", "r:confirm_refusal"},
		{"您好", "leider geht das so", "r:confirm_refusal"},
		{"请勿购买假货", "…", "r:confirm_legal"},
	} {
		got := codesOf(confirm(tc.source, tc.text, protect(tc.source), zhCN, language.German))
		if got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.source, got, tc.want)
		}
	}
}

func TestParagraphs(t *testing.T) {
	t.Parallel()
	w := &work{source: "Order #1 and #2\n\n👍\nSee #3"}
	w.spans = protect(w.source)
	var got []string
	for _, p := range paragraphs(w, false) {
		got = append(got, mask(p.text, p.spans, tokenForms[1], p.first))
	}
	if want := []string{"Order __PH0__ and __PH1__", "", "__PH2__", "See __PH3__"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
