package glossary

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"golang.org/x/text/language"
)

var (
	zh = language.MustParse("zh-CN")
	en = language.English
	de = language.German
	ja = language.Japanese
)

func shippedBook(t testing.TB) *Book {
	t.Helper()
	b, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bookOf(t testing.TB, toml string) *Book {
	t.Helper()
	b, err := Load(fstest.MapFS{"t.toml": {Data: []byte(toml)}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func said(ms []Match) string {
	var out []string
	for _, m := range ms {
		s := m.Term.ID + "=" + m.Text
		if m.Ambiguous {
			s += "?"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestMatch(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	for _, tc := range []struct {
		lang language.Tag
		text string
		want string
	}{
		{en, "I want a refund, please", "act.refund=refund"},
		{en, "REFUNDED? I was refunded!", "act.refund=REFUNDED act.refund=refunded"},
		{en, "a ｆｕｌｌ　ｒｅｆｕｎｄ", "act.full_refund=ｆｕｌｌ　ｒｅｆｕｎｄ"},
		{en, "non refundable", ""},
		{en, "prerefund refundx", ""},
		{en, "Please send a return   label.", "act.return_label=return   label"},
		{en, "It was damaged in transit", "ret.dmg_transit=damaged in transit"},
		{en, "RMA number? not rma", "abbr.rma=RMA"},
		{en, "I opened an INR case", "abbr.inr.case=INR case"},
		{en, "What does INR mean", "abbr.inr=INR?"},
		{en, "Is the price in rupees, INR", "abbr.inr.rupee=INR"},
		{en, "I paid INR 500 or 500 INR", ""},
		{en, "a POD service", "abbr.pod=POD?"},
		{en, "POD print shop", "abbr.pod.print=POD"},
		{en, "I need a replacement", "act.replacement=replacement?"},
		{en, "A part is missing, send a replacement", "act.replacement.resend=replacement"},
		{zh, "我要退款吗", "act.refund=退款"},
		{zh, "我要申请部分退款，单号RMA123和RMA", "act.partial_refund=部分退款 abbr.rma=RMA"},
		{zh, "未收到货", "ret.never_arrived=未收到货"},
		{de, "Ich möchte eine RÜCKERSTATTUNG", "act.refund=RÜCKERSTATTUNG"},
		{de, "FALSCHE GRÖSSE", "ret.wrong_size=FALSCHE GRÖSSE"}, // ß and ss are one letter to a reader
		{ja, "返金処理をお願いします", "act.refund=返金"},
		{language.French, "éretour", ""},
		{language.Korean, "환불을 요청합니다", "act.refund=환불"},
		{language.Thai, "คืนเงิน", ""},
		{en, "", ""},
	} {
		got := said(b.Match(tc.text, tc.lang))
		if got != tc.want {
			t.Errorf("%s %q: got %q, want %q", tc.lang, tc.text, got, tc.want)
		}
	}
}

func TestScopeAndStanding(t *testing.T) {
	t.Parallel()
	b := bookOf(t, `
[[term]]
id = "a"
kind = "term"
status = "draft"
langs.en = { preferred = "case" }
langs.zh-CN = { preferred = "纠纷" }
[[term]]
id = "b"
kind = "term"
status = "approved"
scope.platform = "ebay"
langs.en = { preferred = "case" }
langs.zh-CN = { preferred = "案件", status = "draft" }
[[term]]
id = "c"
kind = "term"
status = "deprecated"
langs.en = { preferred = "old" }
langs.zh-CN = { preferred = "旧" }
[[term]]
id = "d"
kind = "term"
status = "approved"
scope.direction = ["en>zh"]
langs.en = { preferred = "claim" }
langs.zh-CN = { preferred = "索赔" }
`)
	if got := said(b.Match("a case, old", en)); got != "a=case" {
		t.Errorf("everywhere: %s", got)
	}
	if got := said(b.MatchIn("a case", en, Scope{Platform: "ebay"})); got != "b=case" {
		t.Errorf("on ebay: %s", got)
	}
	m := b.MatchIn("a case", en, Scope{Platform: "ebay"})[0]
	if n, ok := b.Required(m, en, zh); !ok || !n.Draft || n.Preferred != "案件" {
		t.Errorf("the target's standing: %+v %v", n, ok)
	}
	if _, ok := b.Required(m, en, language.German); ok {
		t.Error("knows a language that is not there")
	}
	if _, ok := b.Required(b.Match("claim", en)[0], en, zh); !ok {
		t.Error("direction en>zh is lost")
	}
	if _, ok := b.Required(b.Match("索赔", zh)[0], zh, en); ok {
		t.Error("an entry is turned round")
	}
}

func TestCheckATranslation(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	need := func(text string, from, to language.Tag) Need {
		n, ok := b.Required(b.Match(text, from)[0], from, to)
		if !ok {
			t.Fatalf("no need for %q", text)
		}
		return n
	}
	refund, rma, defective := need("refund", en, de), need("RMA", en, zh), need("defective", en, zh)
	for _, tc := range []struct {
		text    string
		lang    language.Tag
		need    Need
		missing bool
		bad     string
	}{
		{"Ihre Rückerstattungen kommen", de, refund, false, ""},
		{"Wir erstatten Ihnen", de, refund, false, ""},
		{"Teilerstattungx", de, refund, true, ""},
		{"请提供退货授权 (RMA)", zh, rma, false, ""},
		{"请提供退货 授权", zh, rma, false, ""},
		{"请提供编号", zh, rma, true, ""},
		{"商品有缺陷", zh, defective, true, "有缺陷"},
		{"商品有质量问题", zh, defective, false, ""},
	} {
		if got := tc.need.Missing(tc.text, tc.lang); got != tc.missing {
			t.Errorf("Missing(%q) = %v", tc.text, got)
		}
		if got := tc.need.Wrong(tc.text); got != tc.bad {
			t.Errorf("Wrong(%q) = %q", tc.text, got)
		}
	}
	inside := Need{Preferred: "退款申请", Forbidden: []string{"申请"}}
	if got := inside.Wrong("退款申请已提交"); got != "" {
		t.Errorf("forbidden inside the allowed word: %q", got)
	}
	if got := inside.Wrong("退款申请和申请"); got != "申请" {
		t.Errorf("forbidden beside the allowed word: %q", got)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	for _, tc := range []struct {
		from, to   language.Tag
		text, want string
	}{
		{en, zh, "Item defective, request refund", "商品存在质量问题，申请退款"},
		{en, zh, "ITEM DEFECTIVE , request  refund!!", "商品存在质量问题，申请退款"},
		{de, zh, "wo ist meine Bestellung 302-1234567-7654321 ?", "我的订单 302-1234567-7654321 现在到哪里了？"},
		{de, zh, "Wo ist meine Bestellung #1001", "我的订单 #1001 现在到哪里了？"},
		{ja, zh, "注文１００１はいつ届きますか?", "订单 １００１ 什么时候能送达？"},
		{ja, zh, "ありがとうございました", "谢谢。"},
		{zh, de, "退款将在5个工作日内到账", "Die Rückerstattung erreicht Sie innerhalb von 5 Werktagen."},
		{zh, de, "退款将在 1 个工作日内到账。", "Die Rückerstattung erreicht Sie innerhalb von 1 Werktag."},
		{de, zh, "Die Rückerstattung erreicht Sie innerhalb von 1 Werktag.", "退款将在 1 个工作日内到账。"},
		{de, zh, "Die Rückerstattung erreicht Sie innerhalb von 5 Werktag.", ""},
		{zh, ja, "我们已为您退款 ¥1,200。", "¥1,200の返金手続きをいたしました。"},
		{zh, en, "我们已为您退款 59.90 EUR。", "We have issued a refund of 59.90 EUR."},
		{zh, en, "您的包裹预计于 2026年11月21日 送达。", "Your parcel is expected to arrive on 2026年11月21日."},
		{zh, en, "您的订单 701-1234567-1234567 已发货，物流单号为 1Z999AA10123456784。", "Your order 701-1234567-1234567 has been shipped. The tracking number is 1Z999AA10123456784."},
		{en, zh, "Where is my order please?", ""},
		{en, zh, "Where is my order at the moment?", ""}, // no digit: not an order
		{en, zh, "Where is my order 12 34?", ""},         // a gap: may be two things
		{en, language.Thai, "Thank you.", ""},
	} {
		got := ""
		if h, ok := b.Lookup(tc.text, tc.from, tc.to); ok {
			got, _ = h.Render(tc.to)
		}
		if got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.text, got, tc.want)
		}
	}
}

// Every phrase is recognised in every language it is in, and says the right
// thing in every other.
func TestEveryPhraseComesBack(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	fill := strings.NewReplacer("{order}", "701-1234567-1234567", "{n}", "5", "{amount}", "12.50 EUR", "{date}", "2026-11-21", "{tracking}", "1Z999AA10123456784")
	seen := map[string]string{}
	for i := range b.whole {
		p := &b.whole[i]
		for from, w := range p.texts {
			for _, s := range w.main {
				at := from + " " + string(fold(s).squash().runes)
				if other, ok := seen[at]; ok && other != p.ID {
					t.Errorf("%s and %s are the same sentence in %s", p.ID, other, from)
				}
				seen[at] = p.ID
				for to, w2 := range p.texts {
					if to == from {
						continue
					}
					h, ok := b.Lookup(strings.ToUpper(fill.Replace(s)), w.tag, w2.tag)
					if !ok || h.Phrase.ID != p.ID {
						t.Errorf("%s: %q in %s is not recognised", p.ID, s, from)
						continue
					}
					if got, _ := h.Render(w2.tag); got != fill.Replace(w2.main[0]) {
						t.Errorf("%s to %s: %q", p.ID, to, got)
					}
				}
			}
		}
	}
	out := 0
	for _, p := range b.Phrases(de, Out) {
		if s, ok := p.Say(zh); !ok || s == "" {
			t.Errorf("%s cannot be said in Chinese", p.ID)
		}
		if p.ID == "note.business_days" {
			t.Errorf("%s is a piece of a sentence, and is offered as an answer", p.ID)
		}
		out++
	}
	if out < 20 || len(b.Phrases(ja, In)) < 12 {
		t.Errorf("%d phrases for the shop, %d from buyers", out, len(b.Phrases(ja, In)))
	}
}

func TestOnlyTheSeedPhraseIsApproved(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	for _, p := range b.whole {
		for lang, w := range p.texts {
			if approved := !w.draft; approved != (p.ID == "ret.defective.refund" && lang == "zh") {
				t.Errorf("%s in %s: approved %v", p.ID, lang, approved)
			}
		}
	}
	for _, term := range b.Terms() {
		for lang, w := range term.byLang {
			if approved := w.Status == Approved; approved != (term.ID == "ret.defective.refund" && lang == "zh") {
				t.Errorf("%s in %s: approved %v", term.ID, lang, approved)
			}
		}
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const ok = "langs.en = {preferred=\"x\"}\nlangs.de = {preferred=\"y\"}\n"
	for data, want := range map[string]string{
		"[[term]]\nid=\"a\"\nkind=\"term\"\nstatus=\"draft\"\n" + ok + "[[term]]\nid=\"a\"\nkind=\"term\"\nstatus=\"draft\"\n" + ok:    "is in t.toml already",
		"[[term]]\nid=\"a\"\nkind=\"word\"\nstatus=\"draft\"\n" + ok:                                                                   `kind "word"`,
		"[[term]]\nid=\"a\"\nkind=\"term\"\nstatus=\"new\"\n" + ok:                                                                     `status "new"`,
		"[[term]]\nid=\"a\"\nkind=\"term\"\nstatus=\"draft\"\ncolour=\"red\"\n" + ok:                                                   "colour",
		"[[term]]\nid=\"a\"\nkind=\"term\"\nstatus=\"draft\"\nlangs.en={preferred=\"x\"}":                                              "fewer than two",
		"[[term]]\nid=\"a\"\nkind=\"term\"\nstatus=\"draft\"\nlangs.en={preferred=\"x\", match=\"fuzzy\"}\nlangs.de={preferred=\"y\"}": "fuzzy",
		"[[phrase]]\nid=\"a\"\nwho=\"in\"\nstatus=\"draft\"\nlangs.en=[\"{order}\"]\nlangs.de=[\"x\"]":                                 "slots",
		"[[phrase]]\nid=\"a\"\nwho=\"in\"\nstatus=\"draft\"\nlangs.en=[\"a {colour}\"]\nlangs.de=[\"b {colour}\"]":                     "is no slot",
		"[[phrase]]\nid=\"a\"\nwho=\"me\"\nstatus=\"draft\"\nlangs.en=[\"a\"]\nlangs.de=[\"b\"]":                                       "neither in nor out",
		"[[phrase]]\nid=\"a\"\nwho=\"in\"\nstatus=\"draft\"\nlangs.en=[\"a {n} {n}\"]\nlangs.de=[\"b {n} {n}\"]":                       "twice",
		"[[phrase]]\nid=\"a\"\nwho=\"in\"\nstatus=\"draft\"\nlangs.en=[\"a\"]\nlangs.de=[\"b\"]\none.de=[\"c\"]":                       "no plural",
		"[[term": "t.toml",
	} {
		if _, err := Load(fstest.MapFS{"t.toml": {Data: []byte(data)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", data, err, want)
		}
	}
}

func TestVersionFollowsTheContent(t *testing.T) {
	t.Parallel()
	const a = "[[term]]\nid=\"a\"\nkind=\"term\"\nstatus=\"draft\"\nlangs.en={preferred=\"x\"}\nlangs.de={preferred=\"y\"}\n"
	if bookOf(t, a).Version() == bookOf(t, a+"# \n").Version() || bookOf(t, a).Version() != bookOf(t, a).Version() {
		t.Error("version does not follow the content")
	}
}

// Ten thousand terms still find the one, and only whole words.
func TestManyTerms(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "[[term]]\nid=\"t%d\"\nkind=\"term\"\nstatus=\"draft\"\nlangs.en={preferred=\"word%d\"}\nlangs.zh-CN={preferred=\"词%d号\"}\n", i, i, i)
	}
	book := bookOf(t, b.String())
	if got := said(book.Match("word77 word7x 词77号", en)); got != "t77=word77" {
		t.Errorf("got %s", got)
	}
	if got := said(book.Match("a词9999号b", zh)); got != "t9999=词9999号" {
		t.Errorf("got %s", got)
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{"refund", "İstanbul ß ﬁ refund", "é\u0301 退款", "a\xffb refund", "１００１", "＃1001 \u200drefund"} {
		f.Add(s)
	}
	b := shippedBook(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, lang := range []language.Tag{zh, en, de, ja} {
			last := 0
			for _, m := range b.Match(s, lang) {
				if m.Start < last || m.End <= m.Start || m.End > len(s) || s[m.Start:m.End] != m.Text {
					t.Fatalf("%q: match %d-%d %q", s, m.Start, m.End, m.Text)
				}
				if utf8.ValidString(s) && !utf8.ValidString(m.Text) {
					t.Fatalf("%q: a letter is cut: %q", s, m.Text)
				}
				last = m.End
			}
			if h, ok := b.Lookup(s, lang, zh); ok {
				for _, v := range h.Values {
					if !strings.Contains(s, v) {
						t.Fatalf("%q: value %q is not in it", s, v)
					}
				}
			}
		}
	})
}

func TestWith(t *testing.T) {
	t.Parallel()
	base, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	en, zh := language.English, language.MustParse("zh-CN")
	mine := &Term{ID: "mine.label", Kind: Word, Status: Approved, Version: 3, Since: "2026-11-20", Until: "2026-11-30",
		Langs: map[string]Wording{"en": {Preferred: "zorbing sticker"}, "zh-CN": {Preferred: "佐宾贴纸"}}}
	more, err := base.With([]*Term{mine}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		on   string
		want int
	}{{"", 1}, {"2026-11-19", 0}, {"2026-11-20", 1}, {"2026-11-30", 1}, {"2026-12-01", 0}} {
		if got := more.MatchIn("one zorbing sticker", en, Scope{On: tt.on}); len(got) != tt.want {
			t.Errorf("on %q: %d matches, want %d", tt.on, len(got), tt.want)
		}
	}
	if len(base.Match("one zorbing sticker", en)) != 0 || base.Version() == more.Version() {
		t.Error("the glossary it was made from has changed, or has the same version")
	}
	mine.Langs["zh-CN"] = Wording{Preferred: "贴纸"}
	other, err := more.With([]*Term{mine}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := other.Match("zorbing sticker", en)
	if n, ok := other.Required(m[0], en, zh); !ok || n.Preferred != "贴纸" || len(other.Terms()) != len(more.Terms()) {
		t.Errorf("an entry of the same id did not take the other's place: %+v", n)
	}
	if _, err := base.With([]*Term{{ID: "bad"}}, nil); err == nil {
		t.Error("a bad entry was taken")
	}
	if h, ok := more.Lookup("Item defective, request refund", en, zh); !ok || h.Phrase.ID != "ret.defective.refund" {
		t.Error("a whole sentence is not found any more")
	}
}
