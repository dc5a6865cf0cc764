package chattest

import (
	"errors"
	"strings"

	"helloworld/bot/chat"
)

func asChat(err error) *chat.Error {
	var e *chat.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Fixture is a card to render, by a name that is fit for a file.
type Fixture struct {
	Name string
	Card chat.Card
}

// Cards are the cards that every renderer is tried with: what the desk really
// says, and what would go wrong first. Fit them before rendering.
func Cards() []Fixture {
	return []Fixture{
		{"plain", chat.Card{Key: "c-plain", Title: "Good morning", Lang: "en", Parts: []chat.Part{{Kind: chat.Text, Text: "Three stores are linked."}}}},
		{"refund", chat.Card{
			Key: "c-refund", Title: "Refund 59.90 EUR · waiting for 1 approval", Tone: chat.Warning, Lang: "en",
			Parts: []chat.Part{
				{Kind: chat.Fields, Fields: []chat.Field{{Label: "Order", Value: "1234"}, {Label: "Store", Value: "store-berlin"}, {Label: "Asked by", Value: "Anna"}, {Label: "Left to refund", Value: "59.90 EUR"}}},
				{Kind: chat.Quote, Label: "Buyer", Text: "Der Deckel war kaputt & ich möchte <mein> Geld *zurück*."},
				{Kind: chat.Note, Text: "The order was read 2 minutes ago."},
			},
			Buttons: []chat.Button{
				{Label: "Approve", Command: "tok-approve", Tone: chat.Primary, Confirm: "Refund 59.90 EUR to the buyer of order 1234?"},
				{Label: "Deny", Command: "tok-deny", Tone: chat.Bad},
				{Label: "Open the order", URL: "https://example.com/orders/1234?a=b&c=d"},
			},
			Foot: "Ref R-17 · expires 14:30",
		}},
		{"message", chat.Card{
			Key: "c-message", Title: "store-tokyo · order 5678", Lang: "zh",
			Parts: []chat.Part{
				{Kind: chat.Quote, Label: "买家", Text: "返品したいです。\n壊れていました。", Lang: "ja"},
				{Kind: chat.Text, Label: "译文", Text: "我想退货。\n商品坏了。"},
				{Kind: chat.Code, Label: "订单", Text: "5678-1234567-7654321"},
			},
			Buttons: []chat.Button{{Label: "回复", Command: "tok-reply", Tone: chat.Primary}, {Label: "退款", Command: "tok-refund"}},
			Foot:    "译自日语 · engine",
		}},
		{"progress", chat.Card{
			Key: "c-progress", Title: "Resync store-berlin", Lang: "en",
			Parts: []chat.Part{{Kind: chat.Progress, Label: "Orders", Text: "187 of 312, done about 14:52", Done: 187, Total: 312}},
		}},
		{"done", chat.Card{Key: "c-done", Title: "Refunded · asked by anna, approved by ben", Tone: chat.Good, Lang: "en", Foot: "Ref R-17"}},
		{"bad", chat.Card{
			Key: "c-bad", Title: "store-osaka: sign-in has ended", Tone: chat.Bad, Lang: "en",
			Parts: []chat.Part{{Kind: chat.Text, Text: "Orders have not been read since 09:14. Sign in again."}, {Kind: chat.Code, Text: "/connect store-osaka"}},
		}},
		{"picture", chat.Card{
			Key: "c-picture", Title: "The buyer sent a picture", Lang: "en",
			Parts: []chat.Part{{Kind: chat.Image, Label: "Photo", Text: "A broken lid", File: &chat.File{Name: "lid.jpg", MIME: "image/jpeg", URL: "https://example.com/lid.jpg"}}},
		}},
		{"hostile", chat.Card{
			Key: "c-hostile", Title: "*Pay* <!channel> & <b>now</b> _x_", Lang: "en",
			Parts: []chat.Part{
				{Kind: chat.Quote, Label: "Buyer <@U1>", Text: "*bold* _x_ ~s~ `c` <!here> <https://example.com|ok> [a](b) &amp; \u202Eabc"},
				{Kind: chat.Fields, Fields: []chat.Field{{Label: "*L*", Value: "<!channel> _v_ & 1"}}},
				{Kind: chat.Text, Text: "أريد استرداد المبلغ 1234"},
			},
			Buttons: []chat.Button{{Label: "*OK* & <go>", Command: "tok-ok"}},
			Foot:    "<foot> & *foot*",
		}},
		{"long", chat.Card{
			Key: "c-long", Title: "Long", Lang: "en",
			Parts: []chat.Part{
				{Kind: chat.Quote, Label: "Buyer", Text: strings.Repeat("Das Paket kam nie an. 包裹没有到。 ", 250)},
				{Kind: chat.Text, Text: "The end."},
			},
			Buttons: []chat.Button{{Label: "Reply", Command: "tok-reply"}},
		}},
	}
}
