package console_test

import (
	"errors"
	"fmt"
	"testing"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console/consoletest"
)

// TestTroubleInABrowser is what a page must not get wrong when others do.
func TestTroubleInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: a browser takes a while")
	}
	d := open(t, config(t))
	for i := range 100 {
		d.post(at("buyers"), card(fmt.Sprintf("card number %03d", i), nil))
	}
	b := consoletest.Start(t, d.server.URL)
	b.SignIn("/in/" + d.people.Code("anna"))
	b.Open("buyers")
	b.WaitText("card number 099")

	// Older posts come by scrolling, and the reader stays where they were.
	b.WaitNoText("card number 010")
	for _, want := range []string{"card number 050", "card number 010", "card number 000"} {
		b.WaitFor("older posts: "+want, `(() => {
			document.querySelector('#scroll').scrollTop = 0
			return document.body.innerText.includes("`+want+`")
		})()`)
	}
	b.WaitText("This is the beginning")
	d.post(at("buyers"), card("news from below", nil))
	b.PressButton("New messages")
	b.WaitFor("the end", `(() => { const s = document.querySelector('#scroll'); return s.scrollHeight - s.scrollTop - s.clientHeight < 5 })()`)

	// The desk refuses: the words stay, over a reload too, and go once.
	d.refusing(errors.New("the store is full"))
	b.Type("please keep me")
	b.WaitText("Not sent.")
	b.WaitText("It is safe to try again.")
	b.Go("/#c=buyers")
	b.Eval(`location.reload()`)
	b.WaitText("please keep me")
	b.WaitText("Try again")
	d.refusing(nil)
	b.PressButton("Try again")
	b.WaitNoText("Not sent.")
	b.WaitFor("the message", `document.querySelectorAll('#posts .post.mine:not(.waiting)').length === 1`)
	keys := map[string]bool{}
	for _, e := range d.heard() {
		keys[e.Key] = true
	}
	if len(keys) != 1 {
		t.Errorf("one message was sent under %d keys: %+v", len(keys), d.heard())
	}

	// Others' words are words.
	evil := `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>[x](javascript:alert(1))`
	d.post(at("buyers"), chat.Card{Key: "evil", Title: evil, Foot: evil, Lang: `"><b>`, Parts: []chat.Part{
		{Kind: chat.Text, Text: evil, Label: evil}, {Kind: chat.Quote, Text: evil, Lang: `x" onclick="window.pwned=1`}, {Kind: chat.Code, Text: evil},
		{Kind: chat.Fields, Fields: []chat.Field{{Label: evil, Value: evil}}}, {Kind: "unknown", Text: evil},
		{Kind: chat.Image, Text: evil, File: &chat.File{URL: "javascript:window.pwned=1", Name: evil}},
		{Kind: chat.Image, File: &chat.File{URL: "https://example.com/x.png"}},
		{Kind: chat.Progress, Label: evil, Done: 5, Total: 3}},
		Buttons: []chat.Button{{Label: evil, Command: evil}, {Label: "bad link", URL: "javascript:window.pwned=1"}}})
	b.WaitText("Open the picture on example.com")
	for what, expression := range map[string]string{
		"a script ran":        `window.pwned`,
		"an image was made":   `document.querySelector('#posts img[src="x"]') || undefined`,
		"a script was made":   `document.querySelector('#posts script') || undefined`,
		"a bad link was made": `document.querySelector('a[href^="javascript"]') || undefined`,
		"a foreign picture":   `document.querySelector('#posts img[src^="http"]') || undefined`,
	} {
		if got := b.Eval(expression); got != "undefined" {
			t.Errorf("%s: %s", what, got)
		}
	}

	// Two clicks, one after the other, are two presses.
	d.post(at("buyers"), chat.Card{Key: "two", Title: "two", Buttons: []chat.Button{{Label: "Count", Command: "tok-count"}}})
	for n := 1; n <= 2; n++ {
		b.PressButton("Count")
		d.waitUntil(func(all []chat.Event) bool {
			keys := map[string]bool{}
			for _, e := range all {
				if e.Token == "tok-count" {
					keys[e.Key] = true
				}
			}
			return len(keys) == n
		})
	}

	// The desk stops and starts: the page says so, and comes back by itself.
	d.stop()
	b.WaitText("The connection is down.")
	d.run()
	d.post(at("buyers"), card("after the break", nil))
	b.WaitText("after the break")
	b.WaitNoText("The connection is down.")
}
