package telegram_test

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"helloworld/bot/chat"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/chat/telegram/telegramfake"
)

func TestPictures(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{})
	bytesOf := []byte("\xff\xd8\xff\xe0 not much of a picture")
	pic := func(f chat.File, text string) chat.Card {
		return chat.Card{Title: "Photo", Buttons: buttons, Parts: []chat.Part{{Kind: chat.Text, Text: text}, {Kind: chat.Image, File: &f}}}
	}
	posts := func() []telegramfake.Message { return s.Posts(group) }

	ref := post(t, tr, leads, pic(chat.File{Name: "lid.jpg", Data: bytesOf}, "broken"))
	if m := posts()[0]; m.Caption != "Photo\n\nbroken" || m.Photo == "" || len(m.Buttons) == 0 || strconv.Itoa(m.ID) != ref.ID {
		t.Errorf("a picture with a caption is %+v", m)
	}
	// A card that has a picture is changed by its caption, known or not.
	other, _ := join(t, s, telegram.Config{})
	for i, who := range []*telegram.Transport{tr, other} {
		if err := who.Edit(t.Context(), ref, chat.Card{Title: fmt.Sprint("Seen ", i)}); err != nil {
			t.Fatal(err)
		}
		if m := posts()[0]; m.Caption != fmt.Sprint("Seen ", i) {
			t.Errorf("the caption is %q", m.Caption)
		}
	}
	post(t, tr, leads, pic(chat.File{Name: "lid.jpg", URL: "https://example.com/lid.jpg"}, strings.Repeat("long ", 300)))
	if m := posts(); len(m) != 3 || m[1].Text == "" || m[2].Photo != "https://example.com/lid.jpg" || m[2].ReplyTo != m[1].ID {
		t.Errorf("much to read and a picture are %+v", m[1:])
	}
	s.FailNext("sendPhoto", "400", 1)
	post(t, tr, leads, pic(chat.File{Name: "lid.jpg", URL: "https://example.com/lid.jpg"}, "short"))
	if m := posts()[3]; !strings.Contains(m.Text, "lid.jpg") || !strings.Contains(m.Text, "short") || m.Photo != "" {
		t.Errorf("a picture that is not taken becomes %+v", m)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{})
	heard, _ := listen(t, tr, nil)
	want := []byte("%PDF-1.4 \x00\xff")
	s.Write(telegramfake.Said{From: anna, Chat: anna.ID, Text: "invoice", Document: want, FileName: "a b.pdf"})
	e := next(t, heard)
	if len(e.Files) != 1 || e.Text != "invoice" {
		t.Fatalf("heard %+v", e)
	}
	got, mime, err := tr.Fetch(t.Context(), e.Files[0])
	if err != nil || !bytes.Equal(got, want) || mime != "application/pdf" {
		t.Errorf("%q, %q, %v", got, mime, err)
	}
	if _, _, err := tr.Fetch(t.Context(), chat.File{ID: "none"}); err == nil {
		t.Error("a file that is not there was fetched")
	}
}

func TestMenu(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{})
	for _, lang := range []string{"", "zh-Hans"} {
		if err := tr.SetMenu(t.Context(), lang, []chat.MenuItem{{Name: "refund", Help: strings.Repeat("退", 300)}, {Name: "order"}}); err != nil {
			t.Fatal(err)
		}
	}
	if m := s.Menu("zh"); !strings.Contains(m, `"refund"`) || m != s.Menu("") {
		t.Errorf("the menu is %s", m)
	}
	for _, bad := range []string{"退款", "Refund", ""} {
		if err := tr.SetMenu(t.Context(), "", []chat.MenuItem{{Name: bad}}); chat.KindOf(err) != chat.Rejected || err == nil {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestTopicsAndThreads(t *testing.T) {
	t.Parallel()
	const forum = int64(-1005550000001)
	s := start(t, telegramfake.Options{NoLimits: true})
	s.AddGroup(forum, "Stores", true)
	tr, _ := join(t, s, telegram.Config{})
	heard, _ := listen(t, tr, nil)
	at := chat.Place{Chat: "telegram", Channel: strconv.FormatInt(forum, 10) + "/7"}
	ref := post(t, tr, at, chat.Card{Title: "Card"})
	if m := s.Posts(forum); len(m) != 1 || m[0].Topic != 7 || ref.Channel != at.Channel {
		t.Fatalf("posted %+v as %+v", m, ref)
	}
	below := post(t, tr, ref.In(), chat.Card{Title: "Below"})
	n, _ := strconv.Atoi(below.ID)
	first, _ := s.Write(telegramfake.Said{From: anna, Chat: forum, Topic: 7, Text: "one", ReplyTo: n})
	if e := next(t, heard); e.Place.Thread != ref.ID || e.Place.Channel != at.Channel {
		t.Errorf("a reply below is in %+v, want thread %q", e.Place, ref.ID)
	}
	s.Write(telegramfake.Said{From: ben, Chat: forum, Topic: 7, Text: "two", ReplyTo: first})
	if e := next(t, heard); e.Place.Thread != ref.ID {
		t.Errorf("a reply to a reply is in thread %q, want %q", e.Place.Thread, ref.ID)
	}
	s.Write(telegramfake.Said{From: ben, Chat: forum, Topic: 7, Text: "three"})
	if e := next(t, heard); e.Place.Thread != "" {
		t.Errorf("words in a topic are in thread %q", e.Place.Thread)
	}
	if _, err := tr.Post(t.Context(), chat.Place{Chat: "telegram", Channel: "x/y"}, chat.Card{Title: "x"}); chat.KindOf(err) != chat.Rejected {
		t.Errorf("a channel that is none: %v", err)
	}
	s.Migrate(-55, -1005550000002)
	if e := next(t, heard); e.Kind != chat.Moved || e.Text != "-1005550000002" || e.Place.Channel != "-55" {
		t.Errorf("moved: %+v", e)
	}
	_, err := tr.Post(t.Context(), chat.Place{Chat: "telegram", Channel: "-55"}, chat.Card{Title: "x"})
	var ce *chat.Error
	if !errors.As(err, &ce) || ce.Kind != chat.Gone || ce.Moved != "-1005550000002" {
		t.Errorf("posting to the old group: %v", err)
	}
}
