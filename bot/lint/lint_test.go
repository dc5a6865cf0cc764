package lint_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/bot/lint"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// said are answers and the rules that each goes against on Amazon, space-separated.
var said = []struct{ text, rules string }{
	// Links.
	{"See https://www.example-shop.com/sale for more.", "link"},
	{"Bitte sehen Sie unter www.mein-laden.de nach.", "link"},
	{"请看 myshop.com 上的说明", "link"},
	{"Find it at myshop dot com", "link"},
	{"You can return it at https://www.amazon.de/gp/css/order-history", ""},
	{"Help: https://www.amazon.co.jp/gp/help/customer/display.html?nodeId=1", ""},
	{"Ihre Bestellung bei Amazon.de ist unterwegs.", ""},
	{"Buy this instead: https://www.amazon.com/dp/B0TEST1234", "link"},
	{"https://amazon.de.evil-site.com/gp/help", "link"},
	{"https://www.amazon.de@evil-site.com/gp/help", "link"},
	{"http://fake-amazon.com/help", "link"},
	{"Track it: bit.ly/3xYzAb", "shortener"},
	{"The parcel has arrived.it was left with a neighbour.", ""},
	{"Gracias.es un placer ayudarle.", ""},
	{"Please check the file invoice.pdf that came with the order.", ""},
	// Contact.
	{"Write to me at seller.one@gmail.com", "contact"},
	{"Write to seller.one (at) gmail dot com please", "contact"},
	{"Schreiben Sie an laden [at] web [punkt] de", "contact"},
	{"Mail me: bigseller at outlook dot com", "contact"},
	{"邮箱 seller１２３＠ｑｑ．ｃｏｍ", "contact"},
	{"联系我 seller123艾特qq点com", "contact"},
	{"ご連絡は shop@example.co.jp まで", "contact"},
	{"Contact us on WhatsApp", "contact"},
	{"请加我们的微信 abc123", "contact"},
	{"加薇信详谈", "contact"},
	{"加QQ：12345678", "contact"},
	{"Напишите нам в телеграм", "contact"},
	{"LINEで友だち追加してください", "contact"},
	{"카카오톡으로 연락 주세요", "contact"},
	{"https://wa.me/8613800138000", "contact"},
	{"Call us at +49 30 1234567", "contact"},
	{"电话：138 0013 8000", "contact"},
	{"我的手机是13800138000，随时打给我", "contact"},
	{"Chiamateci al 06 1234 5678", "contact"},
	{"My number: 1 3 8 0 0 1 3 8 0 0 0", "contact"},
	{"一三八零零一三八零零零", "contact"},
	{"call (555) 123-4567", "contact"},
	{"Ligue para 11 91234 5678", "contact"},
	{"The order 302-1234567-7654321 was sent.", ""},
	{"Your tracking number is 00340434161094021501.", ""},
	{"运单号 13812345678 已发出", ""},
	{"伝票番号は 1234-5678-9012 です。", ""},
	{"Die Sendungsnummer lautet JJD1400 0012 3456 7890.", ""},
	{"We sent you an e-mail yesterday.", ""},
	{"The charging line is 2 m long; line 3 of the manual explains it.", ""},
	{"Delivery between 2026-11-24 and 2026-11-28, 3-5 working days.", ""},
	{"Wir haben am 21.11.2026 59,90 EUR erstattet.", ""},
	{"We will call the carrier and let you know.", ""},
	{"Signal strength is 5 of 5.", ""},
	{"十二月二十四日之前一定送到。", ""},
	// Payment.
	{"Please pay the difference via PayPal.", "payment"},
	{"请直接微信转账给我们", "payment"},
	{"我们可以线下付款解决", "payment"},
	{"Bitte zahlen Sie den Rest per Überweisung.", "payment"},
	{"Payez par virement bancaire s'il vous plaît.", "payment"},
	{"Puede pagar por transferencia bancaria.", "payment"},
	{"Let us settle this payment outside of Amazon.", "payment"},
	{"差額は銀行振込でお願いします。", "payment"},
	{"Überweisen Sie den Betrag auf unser Konto.", "payment"},
	{"Оплатите банковским переводом.", "payment"},
	{"계좌로 입금해 주세요.", "payment"},
	{"Pagate con bonifico bancario.", "payment"},
	{"Никогда не платите вне платформы.", ""},
	{"Never pay outside of Amazon.", ""},
	{"请不要在平台外付款。", ""},
	{"Zahlen Sie niemals außerhalb von Amazon.", ""},
	{"The refund goes back to the original payment method.", ""},
	{"退款会原路返回您的付款方式。", ""},
	// Promotion.
	{"Use this coupon code on your next order", "promotion"},
	{"Visit our store for more bargains.", "promotion"},
	{"送您一张优惠券", "promotion"},
	{"Hier ist Ihr Rabattcode.", "promotion"},
	{"Voici un code promo pour vous.", "promotion"},
	{"Aquí tiene un cupón.", "promotion"},
	{"Ecco un codice sconto per Lei.", "promotion"},
	{"クーポンをお送りします。", "promotion"},
	{"Segue um cupom de desconto.", "promotion"},
	{"쿠폰을 보내 드립니다.", "promotion"},
	{"Вот ваш промокод.", "promotion"},
	{"We offer you a partial refund of 15 % if you keep the item.", ""},
	{"如果您愿意保留商品，我们可以退 15%。", ""},
	// Reviews.
	{"Leave us a review and we send you a gift card.", "incentive"},
	{"If you delete your review we will refund you in full.", "incentive removal"},
	{"五星好评返现 5 元", "incentive praise"},
	{"给好评送您小礼物", "incentive praise"},
	{"Für eine Bewertung erhalten Sie ein Geschenk.", "incentive"},
	{"Bitte geben Sie uns eine positive Bewertung, dann erstatten wir Ihnen 10 EUR.", "incentive praise"},
	{"Laissez un avis et recevez un cadeau.", "incentive"},
	{"Deje una reseña y le enviamos un regalo.", "incentive"},
	{"Lasci una recensione e riceverà un omaggio.", "incentive"},
	{"レビューを書いていただければプレゼントを差し上げます。", "incentive"},
	{"Faça uma avaliação e ganhe um brinde.", "incentive"},
	{"리뷰를 작성하시면 사은품을 드립니다.", "incentive"},
	{"Оставьте отзыв и получите подарок.", "incentive"},
	{"Please leave positive feedback.", "praise"},
	{"请您给个五星好评", "praise"},
	{"Une évaluation positive nous aiderait.", "praise"},
	{"Schreiben Sie uns gern über LINE (ID shop1).", "contact"},
	{"Bitte löschen Sie Ihre Bewertung.", "removal"},
	{"麻烦您删除差评", "removal"},
	{"レビューの削除をお願いします。", "removal"},
	{"Пожалуйста, удалите ваш отзыв.", "removal"},
	{"We will review your refund request.", ""},
	{"Your return is under review; the refund follows.", ""},
	{"Thank you for your feedback. We have refunded you in full.", ""},
	{"感谢您的反馈，我们已为您退款。", ""},
	{"感谢您的评价。退款已处理。", ""},
	{"Vielen Dank für Ihre Rückmeldung, wir erstatten den Betrag.", ""},
	{"Ihre Rücksendung ist für Sie kostenlos.", ""},
	{"We send you a free replacement.", ""},
	// Form.
	{"<b>Hello</b>, your order is on its way.", "markup"},
	{"See [our page](myshop) for it", "markup"},
	{"The width is < 5 cm and > 3 cm.", ""},
	{"Thank you 😊", "emoji"},
	{"YOUR ORDER WILL ARRIVE TOMORROW", "capitals"},
	{"The DHL parcel with the USB cable is here.", ""},
	{"Model ABC-123 XL USB-C works with HDMI.", ""},
}

func names(fs []lint.Finding) string {
	var out []string
	for _, f := range fs {
		if n := strings.TrimPrefix(f.Rule, "lint."); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestSaid(t *testing.T) {
	t.Parallel()
	for _, c := range said {
		got := lint.Check(lint.Subject{Platform: "amazon", Text: c.text, Order: "302-1234567-7654321"})
		want := strings.Fields(c.rules)
		slices.Sort(want)
		if names(got) != strings.Join(want, " ") {
			t.Errorf("%q: %v, want %q", c.text, got, c.rules)
		}
	}
}

func TestEachPlatformByItsOwnRules(t *testing.T) {
	t.Parallel()
	const block, review = translate.Block, translate.Review
	for _, c := range []struct {
		text, rule                         string
		amazon, ebay, shopify, woo, others translate.Severity
	}{
		{"see https://shop.example.com/x", lint.Link, block, block, "", "", review},
		{"see bit.ly/abc", lint.Shortener, block, block, review, review, review},
		{"me@example.com", lint.Contact, block, block, "", "", review},
		{"please pay by bank transfer", lint.Payment, block, block, review, review, review},
		{"use our coupon code", lint.Promotion, block, review, "", "", review},
		{"a gift card for your review", lint.Incentive, block, block, block, block, block},
		{"please leave positive feedback", lint.Praise, block, review, "", "", review},
		{"please delete your review", lint.Removal, block, review, review, review, review},
		{"<br>", lint.Markup, block, review, review, review, review},
		{"fine 😊", lint.Emoji, review, "", "", "", review},
		{"WE ARE VERY SORRY", lint.Capitals, review, review, review, review, review},
		{strings.Repeat("好", 2001), lint.Length, review, block, "", "", review},
	} {
		for platform, want := range map[string]translate.Severity{"amazon": c.amazon, "ebay": c.ebay, "shopify": c.shopify, "woocommerce": c.woo, "walmart": c.others, "": c.others} {
			var got translate.Severity
			for _, f := range lint.Check(lint.Subject{Platform: platform, Text: c.text}) {
				if f.Rule == c.rule {
					got = f.Severity
				}
			}
			if got != want {
				t.Errorf("%s on %q: %q, want %q", c.rule, platform, got, want)
			}
		}
	}
}

func TestWhatTheShopTells(t *testing.T) {
	t.Parallel()
	check := func(s lint.Subject) string { return names(lint.Check(s)) }
	de, en := language.German, language.English
	for _, c := range []struct {
		name string
		s    lint.Subject
		want string
	}{
		{"another language", lint.Subject{Platform: "ebay", Text: "Hello", Lang: en, Preferred: de}, "language"},
		{"the same, another country", lint.Subject{Platform: "ebay", Text: "Hello", Lang: en, Preferred: language.AmericanEnglish}, ""},
		{"nobody knows", lint.Subject{Platform: "ebay", Text: "Hello", Lang: en}, ""},
		{"Chinese, but not the same letters", lint.Subject{Platform: "ebay", Text: "您好", Lang: language.SimplifiedChinese, Preferred: language.TraditionalChinese}, "language"},
		{"the shop's own limit", lint.Subject{Platform: "shopify", Text: "123456", Max: 5}, "length"},
		{"letters and not bytes", lint.Subject{Platform: "shopify", Text: "退货标签五", Max: 5}, ""},
		{"the order's number is no telephone", lint.Subject{Platform: "amazon", Text: "About 0151 234 5678:", Order: "0151 234 5678"}, ""},
		{"without it, it looks like one", lint.Subject{Platform: "amazon", Text: "About 0151 234 5678:"}, "contact"},
		{"own site where nobody stands between", lint.Subject{Platform: "other", Text: "see www.mine.com/a", OwnDomains: []string{"mine.com"}}, ""},
		{"own site on a marketplace", lint.Subject{Platform: "ebay", Text: "see www.mine.com/a", OwnDomains: []string{"mine.com"}}, "link"},
	} {
		if got := check(c.s); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	fs := lint.Check(lint.Subject{Platform: "amazon", Text: "THIS IS VERY LOUD 😊 https://x.example.com/" + strings.Repeat("ä", 100)})
	if len(fs) != 3 || fs[0].Severity != translate.Block || fs[1].Severity != translate.Review {
		t.Errorf("not in order: %v", fs)
	}
	if n := len([]rune(fs[0].What)); n > 61 {
		t.Errorf("%d letters of the text are repeated", n)
	}
}

// TestWhatIsQuoted: a finding repeats what is wrong as it was written, and nothing
// that stands around it.
func TestWhatIsQuoted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"5つ星のレビューをいただければ1200円を返金します。seller@mail.example まで", "seller@mail.example"},
		{"ご連絡はseller@mail.exampleまで", "seller@mail.example"},
		{"请联系Seller.One@Mail.Example。谢谢", "Seller.One@Mail.Example"},
		{"请联系seller艾特qq点com", "seller艾特qq点com"},
		{"Write to seller@mail.example. Thank you", "seller@mail.example"},
		{"请联系 客服@卖家.公司 谢谢", "客服@卖家.公司"},
		{"Write to seller @ mail . example", "seller @ mail . example"},
		{"Schreiben Sie an Bücher@Müller.Example", "Bücher@Müller.Example"},
		{"Contact us on WhatsApp", "WhatsApp"},
	} {
		got := ""
		for _, f := range lint.Check(lint.Subject{Platform: "amazon", Text: c.text}) {
			if f.Rule == lint.Contact {
				got = f.What
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestOurOwnPhrasesPass: what the desk offers ready-made goes against no rule of
// any platform.
func TestOurOwnPhrasesPass(t *testing.T) {
	t.Parallel()
	book, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	fill := strings.NewReplacer("{order}", "302-1234567-7654321", "{amount}", "59,90 EUR", "{date}", "2026-11-30", "{n}", "5", "{tracking}", "1Z999AA10123456784")
	for _, lang := range []string{"zh-CN", "en", "de", "fr", "es", "it", "ja", "pt", "ko", "ru", "zh-TW"} {
		tag := language.MustParse(lang)
		for _, p := range book.Phrases(tag, glossary.Out) {
			for _, text := range p.Langs[lang] {
				n++
				for _, platform := range []string{"amazon", "ebay", "shopify", "woocommerce", "other"} {
					s := fill.Replace(text)
					if fs := lint.Check(lint.Subject{Platform: platform, Text: s, Lang: tag, Preferred: tag, Order: "302-1234567-7654321"}); len(fs) > 0 {
						t.Errorf("%s in %s on %s: %q: %v", p.ID, lang, platform, s, fs)
					}
				}
			}
		}
	}
	if n < 300 {
		t.Errorf("only %d phrases were looked at", n)
	}
}

func TestEveryRuleHasASentence(t *testing.T) {
	t.Parallel()
	for _, p := range []*i18n.Printer{i18n.For(language.English), i18n.For(language.SimplifiedChinese)} {
		for _, r := range lint.Rules {
			if !p.Has(i18n.Key("finding." + r)) {
				t.Errorf("%s has no sentence for %s", p.Lang(), r)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, c := range said {
		f.Add("amazon", c.text)
	}
	f.Add("", "\xff@\x00.com hxxp://")
	f.Fuzz(func(t *testing.T, platform, text string) {
		for _, x := range lint.Check(lint.Subject{Platform: platform, Text: text, Order: text}) {
			if x.Severity == "" || !slices.Contains(lint.Rules, x.Rule) || len([]rune(x.What)) > 61 {
				t.Errorf("%+v", x)
			}
		}
	})
}
