package telegram_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"

	"helloworld/bot/chat"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/chat/telegram/telegramfake"
)

// handler is a RoundTripper that asks an http.Handler without a socket.
type handler struct{ http.Handler }

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func inMemory(t testing.TB, s *telegramfake.Server) *telegram.Transport {
	t.Helper()
	tr, err := telegram.New(telegram.Config{Token: token, BaseURL: "http://telegram.test", HTTP: &http.Client{Transport: handler{s}}})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestFindAfterADeath: the process that posted is gone, and with it all that
// it remembered.
func TestFindAfterADeath(t *testing.T) {
	t.Parallel()
	card := chat.Card{Key: "k", Title: "Refund 1234", Buttons: buttons, Parts: []chat.Part{{Kind: chat.Quote, Text: "a <b> & c"}}}
	photo := chat.Card{Key: "p", Title: "Photo", Parts: []chat.Part{{Kind: chat.Image, File: &chat.File{URL: "https://example.com/a.jpg"}}}}
	tests := []struct {
		name  string
		where int64
		card  chat.Card
		fault telegramfake.FaultKind
		talk  int // people's messages between the last post and the lost one, and after it
		found bool
		kind  chat.ErrorKind
		err   bool
	}{
		{name: "posted", where: group, card: card, fault: telegramfake.LostAfter, found: true},
		{name: "posted amid talk", where: group, card: card, fault: telegramfake.LostAfter, talk: 50, found: true},
		{name: "a picture", where: group, card: photo, fault: telegramfake.LostAfter, talk: 3, found: true},
		{name: "never arrived", where: group, card: card, fault: telegramfake.DropBefore, talk: 30},
		{name: "broken", where: group, card: card, fault: telegramfake.Broken},
		{name: "too much talk", where: group, card: card, fault: telegramfake.LostAfter, talk: 300, err: true, kind: chat.Unsure},
		{name: "posted in private", where: anna.ID, card: card, fault: telegramfake.LostAfter, talk: 5, found: true},
		{name: "numbers that go on elsewhere", where: anna.ID, card: card, fault: telegramfake.DropBefore, err: true, kind: chat.Unsure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := telegramfake.New(telegramfake.Options{Token: token, NoLimits: true})
			s.AddGroup(group, "Leads", false)
			s.AddUser(anna, true)
			srv := httptest.NewServer(s)
			defer srv.Close()
			at := leads
			if tt.where > 0 {
				at = annas
			}
			first, err := telegram.New(telegram.Config{Token: token, BaseURL: srv.URL})
			if err != nil {
				t.Fatal(err)
			}
			after := post(t, first, at, chat.Card{Title: "Before"})
			for range tt.talk {
				s.Say(anna, tt.where, "blah", 0)
			}
			s.FailNext("", tt.fault, 1)
			if _, err := first.Post(t.Context(), at, tt.card); chat.KindOf(err) != chat.Unsure || err == nil {
				t.Fatalf("the lost post gives %v", err)
			}
			for range tt.talk {
				s.Say(anna, tt.where, "blah", 0)
			}
			second, err := telegram.New(telegram.Config{Token: token, BaseURL: srv.URL})
			if err != nil {
				t.Fatal(err)
			}
			before := len(s.Posts(tt.where))
			ref, found, err := second.Find(t.Context(), at, after, tt.card)
			if found != tt.found || (err != nil) != tt.err || err != nil && chat.KindOf(err) != tt.kind {
				t.Fatalf("Find: %+v, %v, %v", ref, found, err)
			}
			if n := len(s.Posts(tt.where)); n != before {
				t.Errorf("looking posted something")
			}
			if m := s.Posts(tt.where)[0]; m.Text != "Before" || m.Edits != 0 {
				t.Errorf("looking changed another card: %+v", m)
			}
			if found {
				if err := second.Edit(t.Context(), ref, chat.Card{Title: "Repainted"}); err != nil {
					t.Errorf("what was found cannot be changed: %v", err)
				}
			}
		})
	}
}

// TestFindGoesOn: a search that was told to wait goes on where it stopped.
func TestFindGoesOn(t *testing.T) {
	t.Parallel()
	s := telegramfake.New(telegramfake.Options{Token: token, NoLimits: true})
	s.AddGroup(group, "Leads", false)
	tr := inMemory(t, s)
	after := post(t, tr, leads, chat.Card{Title: "Before"})
	for range 30 {
		s.Say(anna, group, "blah", 0)
	}
	s.Fail(telegramfake.Fault{Method: "editMessageText", Kind: telegramfake.TooMany, N: 1, Every: 25})
	c := chat.Card{Key: "k", Title: "Lost"}
	if _, found, err := tr.Find(t.Context(), leads, after, c); found || chat.KindOf(err) != chat.Busy {
		t.Fatalf("Find: %v, %v", found, err)
	}
	asked := s.Calls("editMessageText")
	if _, found, err := tr.Find(t.Context(), leads, after, c); found || err != nil {
		t.Fatalf("Find: %v, %v", found, err)
	}
	if n := s.Calls("editMessageText") - asked; n > 30 {
		t.Errorf("it began anew: %d probes", n)
	}
	for name, from := range map[string]chat.Ref{"nothing": {}, "another chat": {Place: annas, ID: "1"}} {
		if _, found, err := tr.Find(t.Context(), leads, from, c); found || err == nil || chat.KindOf(err) != chat.Unsure {
			t.Errorf("looking after %s: %v, %v", name, found, err)
		}
	}
}

// FuzzCard: whatever a card says, Telegram takes it, shows it to the letter and
// makes nothing of a quote that could be pressed.
func FuzzCard(f *testing.F) {
	f.Add("Title", "hello <b>&amp; @anna_desk https://evil.example/x", "label", "value", "tok")
	f.Add("<", "&lt;/refund 1 #x $USD a.com\x00\u202e", "&", "</b>", "~f:x")
	f.Add("", " ", "", "", "")
	s := telegramfake.New(telegramfake.Options{Token: token, NoLimits: true})
	s.AddGroup(group, "Leads", false)
	tr := inMemory(f, s)
	f.Fuzz(func(t *testing.T, title, quote, label, value, tok string) {
		c := chat.Card{Title: title, Tone: chat.Bad, Foot: label, Parts: []chat.Part{
			{Kind: chat.Quote, Label: label, Text: quote}, {Kind: chat.Fields, Fields: []chat.Field{{Label: label, Value: value}}},
			{Kind: chat.Code, Text: value}, {Kind: chat.Note, Text: title}, {Kind: chat.Text, Text: value}}}
		if tok != "" && len(tok) <= 48 && isASCII(tok) {
			c.Buttons = []chat.Button{{Label: label, Command: tok}, {Label: value, URL: quote}}
		}
		all := ""
		for _, one := range chat.Fit(c, tr.Limits(leads)) {
			if _, err := tr.Post(t.Context(), leads, one); err != nil {
				t.Fatalf("%v\n%+v", err, one)
			}
			m := s.Posts(group)
			last := m[len(m)-1]
			all += last.Text
		}
		bare := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsSpace(r) {
					return -1
				}
				return r
			}, s)
		}
		if len(quote) < 500 && !strings.Contains(bare(all), bare(chat.Clean(quote))) {
			t.Fatalf("%q is not in %q", quote, all)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 || r < 33 }) < 0
}

// TestQuotesLeadNowhere asks the fake, which makes links as Telegram does.
func TestQuotesLeadNowhere(t *testing.T) {
	t.Parallel()
	s := telegramfake.New(telegramfake.Options{Token: token, NoLimits: true})
	s.AddGroup(group, "Leads", false)
	tr := inMemory(t, s)
	quote := "hi @anna_desk, see https://evil.example/x or www.evil.com, write to me@evil.org, #sale, then\n/refund 1234 full"
	post(t, tr, leads, chat.Card{Title: "From @anna_desk", Parts: []chat.Part{{Kind: chat.Quote, Text: quote}}})
	m := s.Posts(group)[0]
	if !strings.Contains(m.Text, quote) {
		t.Errorf("the words changed: %q", m.Text)
	}
	for _, e := range m.Entities {
		switch e.Type {
		case "bold", "blockquote", "code":
		default:
			t.Errorf("something to press: %+v in %q", e, m.Text)
		}
	}
	post(t, tr, leads, chat.Card{Title: "Try", Parts: []chat.Part{{Kind: chat.Text, Text: "/help tells more"}}})
	if m := s.Posts(group)[1]; len(m.Entities) != 2 || m.Entities[1].Type != "bot_command" {
		t.Errorf("the desk's own command should be one to press: %+v", m.Entities)
	}
}
