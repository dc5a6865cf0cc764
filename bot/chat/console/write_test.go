package console_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
)

func TestSayingTwice(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna, ben := d.as("anna"), d.as("ben")
	one := said{Key: "11111111-aaaa", Channel: "buyers", Text: "／退款 1234"}
	first := anna.saying(one)
	if second := anna.saying(one); second != first {
		t.Errorf("one message has two ids, %q and %q", first, second)
	}
	if got := d.heard(); len(got) != 1 || !got[0].Addressed || got[0].Text != one.Text || got[0].Ref.ID != first || got[0].Account.Locale != "en" {
		t.Errorf("heard %+v", got)
	}
	if p := ben.page("buyers", "", 0); len(p.Posts) != 1 || p.Posts[0].Text != one.Text || p.Posts[0].By.ID != "anna" {
		t.Errorf("shown %+v", p)
	}
	one.Text = "something else"
	anna.must(http.StatusConflict, "/api/say", one)
	// The same key of somebody else is another message.
	one.Text = "mine"
	if id := ben.saying(one); id == first {
		t.Error("two people share a message")
	}
}

func TestRefusedByTheDesk(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna, ben := d.as("anna"), d.as("ben")
	d.refusing(errors.New("secret cause"))
	s := said{Key: anna.key(), Channel: "buyers", Text: "hello"}
	got := anna.must(http.StatusServiceUnavailable, "/api/say", s)
	if got.Code != "error_refused" || !strings.Contains(got.Error, "safe to try again") || strings.Contains(got.Error, "secret") {
		t.Errorf("refusal %+v", got)
	}
	if p := ben.page("buyers", "", 0); len(p.Posts) != 0 {
		t.Errorf("what the desk did not take is shown: %+v", p)
	}
	d.refusing(nil)
	id := anna.saying(s)
	all := d.heard()
	if len(all) != 2 || all[0].Key != all[1].Key || all[0].Ref != all[1].Ref || !all[0].At.Equal(all[1].At) {
		t.Errorf("heard %+v", all)
	}
	if p := ben.page("buyers", "", 0); len(p.Posts) != 1 || p.Posts[0].ID != id {
		t.Errorf("shown %+v", p)
	}

	d.stop()
	got = anna.must(http.StatusServiceUnavailable, "/api/say", said{Key: anna.key(), Channel: "buyers", Text: "late"})
	if got.Code != "error_starting" {
		t.Errorf("refusal %+v", got)
	}
	d.run()
	if p := anna.page("buyers", "", 0); len(p.Posts) != 1 {
		t.Errorf("shown after a restart: %+v", p)
	}
}

func TestWhatIsAddressed(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna := d.as("anna")
	for _, c := range []struct {
		channel, text string
		want          bool
	}{
		{"buyers", "/refund 1", true}, {"buyers", "!refund 1", true}, {"buyers", "／退款", true}, {"buyers", "！退款", true},
		{"buyers", "refund / 1", false}, {"buyers", "?", false}, {"@anna", "refund 1", true}, {"@anna", "你好", true},
	} {
		anna.say(c.channel, "", c.text)
		all := d.heard()
		if e := all[len(all)-1]; e.Text != c.text || e.Addressed != c.want {
			t.Errorf("%q in %s: addressed %v", c.text, c.channel, e.Addressed)
		}
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna := d.as("anna")
	ref := d.post(at("buyers"), chat.Card{Key: "k", Title: "x"})
	for name, c := range map[string]struct {
		path string
		body any
		want int
		code string
	}{
		"no key":        {"/api/say", said{Channel: "buyers", Text: "x"}, 400, "error_request"},
		"odd key":       {"/api/say", said{Key: "a b c d e f g", Channel: "buyers", Text: "x"}, 400, "error_request"},
		"empty":         {"/api/say", said{Key: anna.key(), Channel: "buyers", Text: " \n"}, 400, "error_empty"},
		"too long":      {"/api/say", said{Key: anna.key(), Channel: "buyers", Text: strings.Repeat("界", 100_001)}, 413, "error_long"},
		"foreign room":  {"/api/say", said{Key: anna.key(), Channel: "leads", Text: "x"}, 404, "error_gone"},
		"foreign desk":  {"/api/say", said{Key: anna.key(), Channel: "@ben", Text: "x"}, 404, "error_gone"},
		"no thread":     {"/api/say", said{Key: anna.key(), Channel: "buyers", Thread: "none", Text: "x"}, 404, "error_gone"},
		"no file":       {"/api/say", said{Key: anna.key(), Channel: "buyers", Text: "x", Files: []string{"none"}}, 404, "error_gone"},
		"no card":       {"/api/press", map[string]string{"key": anna.key(), "channel": "buyers", "id": "none", "token": "t"}, 404, "error_gone"},
		"no token":      {"/api/press", map[string]string{"key": anna.key(), "channel": "buyers", "id": ref.ID}, 400, "error_request"},
		"long token":    {"/api/press", map[string]string{"key": anna.key(), "channel": "buyers", "id": ref.ID, "token": strings.Repeat("x", 300)}, 400, "error_request"},
		"no form":       {"/api/fill", map[string]string{"key": anna.key(), "id": "none"}, 404, "error_gone"},
		"no form away":  {"/api/dismiss", map[string]string{"key": anna.key(), "id": "none"}, 404, "error_gone"},
		"not an object": {"/api/say", []int{1}, 400, "error_request"},
		"read nowhere":  {"/api/read", map[string]any{"channel": "leads", "num": 1}, 404, "error_gone"},
		"read below":    {"/api/read", map[string]any{"channel": "buyers", "num": -1}, 400, "error_request"},
		"no language":   {"/api/language", map[string]string{"lang": "tlh"}, 400, "error_request"},
	} {
		if code, got := anna.send(c.path, c.body); code != c.want || got.Code != c.code || got.Error == "" || strings.HasPrefix(got.Error, "[") {
			t.Errorf("%s: %d %+v", name, code, got)
		}
	}
	if all := d.heard(); len(all) != 0 {
		t.Errorf("heard %+v", all)
	}
}

func TestPressing(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna, wei := d.as("anna"), d.as("wei")
	root := d.post(at("buyers"), chat.Card{Key: "root", Title: "root"})
	to := root.In()
	to.Only = "anna"
	ref := d.post(to, chat.Card{Key: "k", Title: "yours", Buttons: []chat.Button{{Label: "Go", Command: "tok"}}})
	press := map[string]string{"key": anna.key(), "channel": "buyers", "id": ref.ID, "token": "tok"}
	anna.must(http.StatusAccepted, "/api/press", press)
	wei.must(http.StatusNotFound, "/api/press", press)
	all := d.heard()
	if len(all) != 1 {
		t.Fatalf("heard %+v", all)
	}
	e := all[0]
	if e.Kind != chat.Pressed || e.Token != "tok" || e.Ref != ref || e.Place.Thread != root.ID || e.Account.ID != "anna" ||
		e.Trigger.Account.ID != "anna" || !e.Trigger.Until.After(e.At) {
		t.Errorf("heard %+v", e)
	}
	// A card that has changed meanwhile: the desk is told and can say why not.
	if err := d.tr.Edit(context.Background(), ref, chat.Card{Title: "decided"}); err != nil {
		t.Fatal(err)
	}
	press["key"] = anna.key()
	anna.must(http.StatusAccepted, "/api/press", press)
	if all := d.heard(); len(all) != 2 || all[1].Key == all[0].Key {
		t.Errorf("heard %+v", all)
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna, ben := d.as("anna"), d.as("ben")
	root := d.post(at("buyers"), chat.Card{Key: "root", Title: "root"})
	first := anna.say("buyers", root.ID, "one")
	// An answer to an answer stands in the same thread.
	anna.say("buyers", first, "two")
	for _, e := range d.heard() {
		if e.Place.Thread != root.ID || e.Ref.In() != root.In() {
			t.Errorf("heard %+v", e)
		}
	}
	p := ben.page("buyers", root.ID, 0)
	if p.Root == nil || p.Root.ID != root.ID || len(p.Posts) != 2 || p.Posts[1].Text != "two" {
		t.Errorf("thread %+v", p)
	}
	if p := ben.page("buyers", "", 0); len(p.Posts) != 1 || p.Posts[0].Replies != 2 {
		t.Errorf("room %+v", p)
	}
	// What is said under a private answer stays between the two.
	to := at("buyers")
	to.Only = "anna"
	whisper := d.post(to, chat.Card{Key: "w", Title: "whisper"})
	anna.say("buyers", whisper.ID, "between us")
	all := d.heard()
	if e := all[len(all)-1]; e.Place.Only != "anna" {
		t.Errorf("heard %+v", e)
	}
	if code := ben.get("/api/posts?channel=buyers&thread="+whisper.ID, nil); code != http.StatusNotFound {
		t.Errorf("ben reads the whisper's thread: %d", code)
	}
	ben.must(http.StatusNotFound, "/api/say", said{Key: ben.key(), Channel: "buyers", Thread: whisper.ID, Text: "x"})
	for _, p := range ben.page("buyers", "", 0).Posts {
		if p.Only || p.Card == nil || p.Card.Title == "whisper" {
			t.Errorf("ben sees %+v", p)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna, ben := d.as("anna"), d.as("ben")
	form := chat.Form{Token: "tok-f", Title: "Refund", Submit: "Go", Inputs: []chat.FormInput{
		{Name: "amount", Label: "Amount", Kind: chat.Line},
		{Name: "why", Label: "Why", Kind: chat.Choice, Options: []chat.Option{{Value: "late", Label: "Late"}}},
		{Name: "note", Label: "Note", Kind: chat.Long, Optional: true},
	}}
	to := chat.Trigger{Account: chat.Account{ID: "anna"}, Place: at("buyers")}
	for range 2 {
		if err := d.tr.Ask(context.Background(), to, form); err != nil {
			t.Fatal(err)
		}
	}
	s := anna.state()
	if len(s.Forms) != 1 || s.Forms[0].Form.Token != "" || s.Forms[0].Form.Title != "Refund" || len(ben.state().Forms) != 0 {
		t.Fatalf("forms %+v", s.Forms)
	}
	fill := func(h *hand, key string, values map[string]string) (int, refusal) {
		return h.send("/api/fill", map[string]any{"key": key, "id": s.Forms[0].ID, "values": values})
	}
	for name, c := range map[string]struct {
		values map[string]string
		field  string
	}{
		"nothing":       {nil, "amount"},
		"white space":   {map[string]string{"amount": "  ", "why": "late"}, "amount"},
		"no such thing": {map[string]string{"amount": "1", "why": "never"}, "why"},
	} {
		if code, got := fill(anna, anna.key(), c.values); code != http.StatusUnprocessableEntity || got.Field != c.field || got.Code != "error_form" {
			t.Errorf("%s: %d %+v", name, code, got)
		}
	}
	good := map[string]string{"amount": " 1\n2 ", "why": "late", "note": "a\nb", "extra": "x"}
	if code, _ := fill(ben, ben.key(), good); code != http.StatusNotFound {
		t.Errorf("ben fills anna's form: %d", code)
	}
	d.refusing(errors.New("no"))
	key := anna.key()
	if code, _ := fill(anna, key, good); code != http.StatusServiceUnavailable {
		t.Errorf("refused with %d", code)
	}
	d.refusing(nil)
	for range 2 {
		if code, got := fill(anna, key, good); code != http.StatusAccepted {
			t.Errorf("%d %+v", code, got)
		}
	}
	if code, got := fill(anna, anna.key(), good); code != http.StatusConflict || got.Code != "error_closed" {
		t.Errorf("again: %d %+v", code, got)
	}
	all := d.heard()
	if len(all) != 2 || all[0].Key != all[1].Key {
		t.Fatalf("heard %+v", all)
	}
	if e := all[1]; e.Kind != chat.Filled || e.Token != "tok-f" || len(e.Values) != 3 || e.Values["amount"] != "1 2" || e.Values["note"] != "a\nb" {
		t.Errorf("heard %+v", e)
	}
	if s := anna.state(); len(s.Forms) != 0 {
		t.Errorf("still open: %+v", s.Forms)
	}

	form.Token = "tok-g"
	if err := d.tr.Ask(context.Background(), to, form); err != nil {
		t.Fatal(err)
	}
	s = anna.state()
	anna.must(http.StatusAccepted, "/api/dismiss", map[string]string{"key": anna.key(), "id": s.Forms[0].ID})
	if s := anna.state(); len(s.Forms) != 0 || len(d.heard()) != 2 {
		t.Errorf("dismissed: %+v, heard %d", s.Forms, len(d.heard()))
	}
	to.Until = to.Until.AddDate(2000, 0, 0)
	if err := d.tr.Ask(context.Background(), to, form); chat.KindOf(err) != chat.Expired {
		t.Errorf("an old trigger: %v", err)
	}
	if err := d.tr.Ask(context.Background(), chat.Trigger{}, form); chat.KindOf(err) != chat.Rejected {
		t.Errorf("nobody to ask: %v", err)
	}
}

func TestPostingAgain(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna := d.as("anna")
	c := chat.Card{Key: "k", Title: "once", Parts: []chat.Part{{Kind: chat.Image, File: &chat.File{Data: photo(t)}}}}
	first, second := d.post(at("buyers"), c), d.post(at("buyers"), c)
	if first != second || len(anna.page("buyers", "", 0).Posts) != 1 {
		t.Errorf("%+v and %+v", first, second)
	}
	if c.Parts[0].File.Data == nil {
		t.Error("the caller's card was changed")
	}
	if _, err := d.tr.Post(context.Background(), chat.Place{Channel: "buyers", Only: "nobody"}, c); chat.KindOf(err) != chat.Gone {
		t.Errorf("a private answer to nobody: %v", err)
	}
	if _, err := d.tr.Post(context.Background(), chat.Place{}, c); chat.KindOf(err) != chat.Gone {
		t.Errorf("no channel: %v", err)
	}
}

var _ console.Keep = (*faulty)(nil)
