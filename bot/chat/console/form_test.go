package console_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console/consoletest"
)

// asking is a form with one question, to Anna.
func (d *desk) asking(token, about, title string) {
	d.t.Helper()
	err := d.tr.Ask(context.Background(), chat.Trigger{Account: chat.Account{ID: "anna"}, Place: at("buyers")}, chat.Form{
		Token: token, About: about, Title: title, Submit: "Send it", Cancel: "Leave it", Lang: "en",
		Inputs: []chat.FormInput{{Name: "amount", Label: "Amount", Kind: chat.Line}},
	})
	if err != nil {
		d.t.Error(err)
	}
}

// TestAskingAnew: a newer form about the same stands in the older one's stead, so
// that no form waits for ever; another matter, or a form asked once more, does not.
func TestAskingAnew(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna := d.as("anna")
	waiting := func(want ...string) {
		t.Helper()
		var got []string
		for _, f := range anna.state().Forms {
			got = append(got, f.Form.Title)
			if f.Form.About != "" {
				t.Errorf("the page is told %q", f.Form.About)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("waiting are %q, want %q", got, want)
		}
	}
	d.asking("t1", "reply M1", "one")
	old := anna.state()
	d.asking("t2", "reply M2", "two")
	d.asking("t3", "", "three")
	d.asking("t4", "", "four")
	waiting("one", "two", "three", "four")
	d.asking("t5", "reply M1", "five")
	waiting("two", "three", "four", "five")
	d.asking("t1", "reply M1", "one") // the same event, handled again
	waiting("two", "three", "four", "five")
	got := anna.must(http.StatusConflict, "/api/fill", map[string]any{"key": anna.key(), "id": old.Forms[0].ID, "values": map[string]string{"amount": "1"}})
	if got.Code != "error_closed" {
		t.Errorf("the older form: %+v", got)
	}
	for _, f := range anna.state().Forms {
		anna.must(http.StatusAccepted, "/api/dismiss", map[string]string{"key": anna.key(), "id": f.ID})
	}
	waiting()
}

// TestFormAfterForm: forms that come in answer to forms, in a real browser.
func TestFormAfterForm(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: a browser takes a while")
	}
	d := open(t, config(t))
	d.react = func(e chat.Event) {
		switch {
		case e.Kind == chat.Filled && e.Token == "first":
			d.asking("second", "a", "The second form")
		case e.Kind == chat.Filled && e.Token == "second":
			d.asking("third", "a", "The third form")
		}
	}
	b := consoletest.Start(t, d.server.URL)
	b.SignIn(d.server.URL + "/in/" + d.people.Code("anna"))
	b.Open("buyers")
	shut := func() {
		t.Helper()
		b.WaitFor("the end of the dialog", `!document.querySelector('dialog[open]')`)
		b.WaitNoText("A form waits")
	}
	stands := func(title string) {
		t.Helper()
		b.WaitFor(title, `!!document.querySelector('dialog[open]') && document.getElementById('form-title').textContent === `+fmt.Sprintf("%q", title))
		b.WaitNoText("A form waits")
	}
	fill := func(amount string) {
		t.Helper()
		b.Fill("Amount", amount)
		b.PressButton("Send it")
	}

	// The next form takes the place of the one that was answered.
	d.asking("first", "a", "The first form")
	stands("The first form")
	fill("1")
	stands("The second form")
	fill("2")
	stands("The third form")
	fill("3")
	shut()

	// What was put aside is not lost when the same is asked again.
	d.asking("fourth", "b", "The fourth form")
	stands("The fourth form")
	b.Fill("Amount", "4711")
	b.Key(kb.Escape)
	b.WaitText("A form waits for you: The fourth form")
	d.asking("fifth", "b", "The fifth form")
	stands("The fifth form")
	b.WaitFor("what was begun", `document.querySelector('#form-body input').value === '4711'`)
	b.PressButton("Leave it")
	shut()

	// The next form comes before the browser has told that the dialog was shut.
	b.Eval(`import('/static/forms.js').then((m) => {
		const form = (title) => ({ title, inputs: [] })
		m.arrived({ id: 'x1', form: form('Before') }, true)
		m.arrived({ id: 'x1', closed: true, form: form('Before') }, true)
		m.arrived({ id: 'x2', form: form('After') }, true)
	})`)
	stands("After")
	b.PressButton("Cancel")
	shut()

	b.Go("/")
	b.Open("buyers")
	shut()
	if s := d.as("anna").state(); len(s.Forms) != 0 {
		t.Errorf("still waiting: %+v", s.Forms)
	}
}
