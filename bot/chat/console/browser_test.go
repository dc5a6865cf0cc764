package console_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console/consoletest"
)

// photo is a made-up picture of a buyer's.
func photo(t *testing.T) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 480, 320))
	for y := range 320 {
		for x := range 480 {
			d := math.Hypot(float64(x-240), float64(y-170))
			c := color.RGBA{214, 205, 190, 255}
			if d < 110 {
				c = color.RGBA{uint8(90 + d/2), uint8(120 + d/3), 140, 255}
			}
			if x > 230 && x < 236+y/20 && y > 60 && y < 260 {
				c = color.RGBA{50, 52, 60, 255}
			}
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scene fills the rooms with what a morning at the desk looks like.
func scene(t *testing.T, d *desk) (refund chat.Ref) {
	t.Helper()
	if err := d.tr.SetMenu(context.Background(), "en", []chat.MenuItem{
		{Name: "order", Help: "Show an order: /order 1234"}, {Name: "refund", Help: "Ask for a refund: /refund 1234 full damaged"},
		{Name: "resync", Help: "Read a store again: /resync store-berlin"}, {Name: "translate", Help: "Translate a text"}, {Name: "help", Help: "Everything you can do here"},
	}); err != nil {
		t.Fatal(err)
	}
	buyer := d.post(at("buyers"), chat.Card{
		Key: "m1", Title: "store-berlin · order 302-8841190-2217", Lang: "en",
		Parts: []chat.Part{
			{Kind: chat.Quote, Label: "Buyer · German", Lang: "de", Text: "Guten Tag,\ndie Lampe kam heute an, aber der Schirm hat einen Sprung. Ich hätte gern mein Geld zurück oder eine neue Lampe."},
			{Kind: chat.Quote, Label: "Translation · engine", Lang: "en", Text: "Hello,\nthe lamp arrived today, but the shade is cracked. I would like my money back or a new lamp."},
			{Kind: chat.Image, Text: "", File: &chat.File{Name: "lamp.png", MIME: "image/png", Data: photo(t)}},
			{Kind: chat.Fields, Fields: []chat.Field{{Label: "Order total", Value: "59.90 EUR"}, {Label: "Delivered", Value: "Today, 09:12"}, {Label: "Answer within", Value: "23 h 10 min"}}},
		},
		Buttons: []chat.Button{{Label: "Reply", Command: "tok-reply", Tone: chat.Primary}, {Label: "Refund", Command: "tok-refund"}, {Label: "Take it", Command: "tok-take"}},
		Foot:    "Read 2 minutes ago · 1 glossary term",
	})
	refund = d.post(at("buyers"), chat.Card{
		Key: "r1", Title: "Refund 59.90 EUR · waiting for 1 approval", Tone: chat.Warning, Lang: "en",
		Parts: []chat.Part{
			{Kind: chat.Fields, Fields: []chat.Field{{Label: "Order", Value: "302-8841190-2217"}, {Label: "Asked by", Value: "Anna"}, {Label: "Reason", Value: "Damaged"}, {Label: "Left to refund", Value: "59.90 EUR"}}},
			{Kind: chat.Note, Text: "The order was read 2 minutes ago. No earlier refunds."},
		},
		Buttons: []chat.Button{
			{Label: "Approve", Command: "tok-approve", Tone: chat.Primary, Confirm: "Refund 59.90 EUR to the buyer of order 302-8841190-2217?"},
			{Label: "Deny", Command: "tok-deny", Tone: chat.Bad}, {Label: "Open the order", URL: "https://example.com/orders/1"},
		},
		Foot: "Ref R-17 · expires 14:30",
	})
	done := d.post(at("buyers"), chat.Card{Key: "r0", Title: "Refund 18.00 USD · waiting for 1 approval", Tone: chat.Warning, Buttons: []chat.Button{{Label: "Approve", Command: "tok-x"}}, Lang: "en"})
	if err := d.tr.Edit(context.Background(), done, chat.Card{
		Title: "Refunded 18.00 USD · asked by Anna, approved by Ben", Tone: chat.Good, Lang: "en",
		Parts: []chat.Part{{Kind: chat.Fields, Fields: []chat.Field{{Label: "Order", Value: "#1077"}, {Label: "Store", Value: "shop-us"}, {Label: "Confirmed", Value: "10:41"}}}},
		Foot:  "Ref R-16",
	}); err != nil {
		t.Fatal(err)
	}
	d.post(buyer.In(), chat.Card{Key: "t1", Title: "Draft for the buyer", Tone: chat.Plain, Lang: "en", Parts: []chat.Part{
		{Kind: chat.Quote, Label: "German, as it will be sent", Lang: "de", Text: "Es tut uns leid, dass die Lampe beschädigt ankam. Wir erstatten Ihnen 59,90 EUR."},
		{Kind: chat.Note, Text: "Checked: amount, order number. No findings."}},
		Buttons: []chat.Button{{Label: "Send", Command: "tok-send", Tone: chat.Primary}, {Label: "Edit", Command: "tok-edit"}, {Label: "Cancel", Command: "tok-cancel"}}})
	d.post(at("ops"), chat.Card{Key: "p1", Title: "Resync store-tokyo", Lang: "en", Parts: []chat.Part{
		{Kind: chat.Progress, Label: "Orders", Done: 187, Total: 312, Text: "Done about 14:52"},
		{Kind: chat.Progress, Label: "Messages, counting"},
	}, Buttons: []chat.Button{{Label: "Stop", Command: "tok-stop", Tone: chat.Bad}}})
	d.post(at("ops"), chat.Card{Key: "a1", Title: "store-osaka: sign-in has ended", Tone: chat.Bad, Lang: "en", Parts: []chat.Part{
		{Kind: chat.Text, Text: "Orders have not been read since 09:14, and 41 later failures are hidden behind this one. Sign in again to go on; nothing is lost."},
		{Kind: chat.Code, Label: "Or type", Text: "/connect store-osaka"}},
		Buttons: []chat.Button{{Label: "Sign in again", Command: "tok-auth", Tone: chat.Primary}, {Label: "Snooze 1 h", Command: "tok-snooze"}}, Foot: "Seen 42 times since 09:14"})
	d.post(at("ops"), chat.Card{Key: "z1", Title: "store-tokyo · 订单 5678", Lang: "zh-CN", Parts: []chat.Part{
		{Kind: chat.Quote, Label: "买家 · 日语", Lang: "ja", Text: "返品したいです。\n箱が開いていて、部品が足りません。"},
		{Kind: chat.Quote, Label: "译文 · 待审校", Lang: "zh-CN", Text: "我想退货。\n包装盒已被打开，缺少零件。"}},
		Buttons: []chat.Button{{Label: "回复", Command: "tok-a", Tone: chat.Primary}, {Label: "退款", Command: "tok-b"}}, Foot: "译自日语 · 还剩 11 小时"})
	return refund
}

// stage is a demonstration's console with a browser before it. shot leaves a
// picture of the page where CONSOLE_PICTURES says.
func stage(t *testing.T) (d *desk, b *consoletest.Browser, shot func(name string)) {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: a browser takes a while")
	}
	c := config(t)
	c.Demo = true
	d = open(t, c)
	b = consoletest.Start(t, d.server.URL)
	return d, b, func(name string) {
		if dir := os.Getenv("CONSOLE_PICTURES"); dir != "" {
			time.Sleep(250 * time.Millisecond) // pictures and transitions; no test rests on it
			b.Screenshot(filepath.Join(dir, name+".png"))
		}
	}
}

// TestInABrowser walks through the page as a person does.
func TestInABrowser(t *testing.T) {
	d, b, shot := stage(t)
	refund := scene(t, d)

	b.Go("/")
	b.WaitText("Who would you like to be?")
	shot("door")
	b.Play("Anna")
	b.Open("buyers")
	b.WaitText("der Schirm hat einen Sprung")
	b.WaitText("Refunded 18.00 USD")
	shot("buyers-wide")

	// Typing a command, with the list of commands.
	b.Draft("/re")
	b.WaitText("Read a store again")
	shot("commands-wide")
	b.Key(kb.Tab)
	b.WaitFor("the command", `document.querySelector('#compose textarea').value === '/refund '`)
	b.Type("1234 full damaged")
	b.WaitText("/refund 1234 full damaged")
	b.WaitFor("an empty box", `document.querySelector('#compose textarea').value === ''`)
	d.waitFor(func(e chat.Event) bool {
		return e.Kind == chat.Said && e.Text == "/refund 1234 full damaged" && e.Addressed && e.Account.ID == "anna"
	})
	d.post(chat.Place{Chat: "console", Channel: "buyers", Only: "anna"}, chat.Card{Key: "w1", Title: "You asked for this one", Lang: "en",
		Parts: []chat.Part{{Kind: chat.Text, Text: "Somebody else has to approve a refund that you asked for. Ben and Carla may."}}})
	b.WaitText("Only you can see this")
	shot("whisper-wide")

	// Two people: Ben approves on a phone.
	b.Size(390, 844)
	b.Play("Ben")
	b.WaitText("buyers")
	shot("rooms-phone")
	b.Open("buyers")
	b.WaitText("Refund 59.90 EUR")
	shot("buyers-phone")
	b.PressButton("Approve")
	b.WaitText("Refund 59.90 EUR to the buyer of order")
	shot("confirm-phone")
	b.PressButton("Approve")
	press := d.waitFor(func(e chat.Event) bool { return e.Kind == chat.Pressed && e.Token == "tok-approve" })
	if press.Account.ID != "ben" || press.Ref.ID != refund.ID {
		t.Errorf("pressed %+v", press)
	}
	if err := d.tr.Edit(context.Background(), refund, chat.Card{Title: "Refunded 59.90 EUR · asked by Anna, approved by Ben", Tone: chat.Good, Lang: "en", Foot: "Ref R-17"}); err != nil {
		t.Fatal(err)
	}
	b.WaitText("Refunded 59.90 EUR")
	b.WaitNoText("waiting for 1 approval")

	// A thread, full-screen on the phone.
	b.WaitFor("replies", `(() => { const r = document.querySelector('.replies'); if (r) r.click(); return !!r })()`)
	b.WaitText("Es tut uns leid")
	shot("thread-phone")
	b.Size(1280, 860)
	b.WaitText("Es tut uns leid")
	b.Type("Please mention that he may keep the lamp.\nAnd thank him.")
	said := d.waitFor(func(e chat.Event) bool { return e.Kind == chat.Said && e.Account.ID == "ben" })
	if said.Text != "Please mention that he may keep the lamp.\nAnd thank him." || said.Addressed || said.Place.Thread == "" {
		t.Errorf("said %+v", said)
	}
	b.WaitText("And thank him.")
	shot("thread-wide")
	b.Dark(true)
	shot("thread-dark")
	b.Dark(false)
	b.Key(kb.Escape)
	b.WaitNoText("Es tut uns leid")

	// A form.
	if err := d.tr.Ask(context.Background(), press.Trigger, chat.Form{
		Token: "tok-form", Title: "Refund order 1234", Intro: "59.90 EUR are left to refund.", Submit: "Ask for approval", Lang: "en",
		Inputs: []chat.FormInput{
			{Name: "amount", Label: "Amount", Kind: chat.Line, Value: "59.90", Hint: "In EUR, with a point"},
			{Name: "reason", Label: "Reason", Kind: chat.Choice, Options: []chat.Option{{Value: "damaged", Label: "Damaged"}, {Value: "late", Label: "Too late"}}},
			{Name: "note", Label: "Note for colleagues", Kind: chat.Long, Optional: true},
		},
	}); err != nil {
		t.Fatal(err)
	}
	b.WaitText("59.90 EUR are left to refund.")
	b.PressButton("Ask for approval")
	b.WaitText("Please fill this in.")
	shot("form-wide")
	b.Key(kb.Escape)
	b.WaitText("A form waits for you: Refund order 1234")
	b.PressButton("Open")
	b.Fill("Reason", "Damaged")
	b.PressButton("Ask for approval")
	filled := d.waitFor(func(e chat.Event) bool { return e.Kind == chat.Filled })
	if filled.Token != "tok-form" || filled.Values["reason"] != "damaged" || filled.Values["amount"] != "59.90" {
		t.Errorf("filled %+v", filled)
	}
	b.WaitNoText("A form waits")

	b.Open("ops")
	b.WaitText("187 of 312 · 59 %")
	shot("ops-wide")
	b.Dark(true)
	shot("ops-dark")
	b.Dark(false)
	b.Size(320, 640)
	shot("ops-320")
	for _, room := range []string{"#main", "#side"} {
		if over := b.Eval(`document.querySelector('` + room + `').scrollWidth - document.querySelector('` + room + `').clientWidth`); over != "0" {
			t.Errorf("%s is %s px too wide for a small phone", room, over)
		}
	}

	b.Size(1280, 860)
	b.Play("王伟")
	b.WaitText("助手")
	b.Open("ops")
	b.WaitText("箱が開いていて")
	shot("ops-zh")
}

// waitFor waits for an event.
func (d *desk) waitFor(is func(chat.Event) bool) (found chat.Event) {
	d.t.Helper()
	d.waitUntil(func(all []chat.Event) bool {
		for _, e := range all {
			if is(e) {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// waitUntil waits until what was heard is enough.
func (d *desk) waitUntil(enough func([]chat.Event) bool) {
	d.t.Helper()
	for end := time.Now().Add(20 * time.Second); !enough(d.heard()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("the event does not come; heard was %+v", d.heard())
		}
	}
}
