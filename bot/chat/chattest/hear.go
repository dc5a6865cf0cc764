package chattest

import (
	"slices"
	"strings"
	"time"

	"helloworld/bot/chat"
)

// Words that go wrong when somebody takes them for markup, counts them in
// bytes, or thinks that the world reads from left to right.
var Words = []string{
	"plain words",
	"*bold* _x_ ~gone~ `code` ```block```",
	"<b>bold</b> & <script>alert(1)</script> &amp; &lt;",
	"<!channel> <@U000> <#C000|general> <https://example.com|label>",
	"[a](https://example.com) ![b](x) # head - item 1. item | cell | \\_ {x}",
	"退款 1234 ／退款 全角１２３４",
	"返品したいです。壊れていました。",
	"أريد استرداد المبلغ 1234 من فضلك",
	"אני רוצה החזר 59.90 €",
	"👩‍👩‍👧‍👦 🇩🇪 👍🏽 Straße naïve e\u0301",
	"first line\nsecond line",
}

func nameAndLimits(s *sitting) {
	if s.Transport.Name() == "" || s.Place.Chat != s.Transport.Name() {
		s.Errorf("name %q, place %+v", s.Transport.Name(), s.Place)
	}
	l := s.Transport.Limits(s.Place)
	if l.Message < 0 || l.Text < 0 || l.Buttons < 0 || l.Every < 0 {
		s.Errorf("limits below zero: %+v", l)
	}
	if _, ok := s.Transport.(chat.Editor); ok != l.Edits {
		s.Errorf("Limits.Edits is %v, being an Editor is %v", l.Edits, ok)
	}
	if _, ok := s.Transport.(chat.Asker); ok != l.Forms {
		s.Errorf("Limits.Forms is %v, being an Asker is %v", l.Forms, ok)
	}
}

func hearsSaid(s *sitting) {
	s.listen(0)
	s.Say("good morning")
	e := s.heard(chat.Said)
	if e.Text != "good morning" || e.Addressed || e.Account.ID != s.Person {
		s.Errorf("heard %+v", e)
	}
	if e.Place.Key() != s.Place.Key() || e.Ref.ID == "" || e.Ref.Key() != s.Place.Key() {
		s.Errorf("heard it elsewhere: %+v", e)
	}
}

func hearsCommands(s *sitting) {
	s.person()
	s.listen(0)
	s.Command("/refund 1234 full")
	e := s.heard(chat.Said)
	if e.Text != "/refund 1234 full" || !e.Addressed || e.Account.ID != s.Person || e.Place.Key() != s.Place.Key() {
		s.Errorf("heard %+v", e)
	}
}

func hearsMentions(s *sitting) {
	s.listen(0)
	s.Mention("refund 1234")
	e := s.heard(chat.Said)
	if strings.TrimSpace(e.Text) != "refund 1234" || !e.Addressed {
		s.Errorf("heard %+v", e)
	}
	s.Say("the end")
	if next := s.heard(chat.Said); next.Text != "the end" && next.Key != e.Key {
		s.Errorf("a mention was heard twice, as %q and as %q", e.Key, next.Key)
	}
}

func hearsReplies(s *sitting) {
	if !s.Transport.Limits(s.Place).Threads {
		s.Skip("skipped: there are no threads here")
	}
	s.listen(0)
	ref := s.post(s.Place, card("Thread", "k-thread"))
	s.Reply(ref, "!refund 1234")
	e := s.heard(chat.Said)
	if e.Text != "!refund 1234" || e.Place.Thread != ref.ID {
		s.Errorf("heard %+v in thread %q, want thread %q", e, e.Place.Thread, ref.ID)
	}
}

func hearsChanges(s *sitting) {
	if s.Change == nil {
		s.Skip("skipped: the bench cannot change messages")
	}
	s.listen(0)
	s.Say("refnud")
	said := s.heard(chat.Said)
	s.Change(said.Ref, "refund")
	e := s.heard(chat.Edited)
	if e.Text != "refund" || e.Ref.ID != said.Ref.ID || e.Key == said.Key {
		s.Errorf("heard %+v", e)
	}
	if s.Remove == nil {
		return
	}
	s.Remove(said.Ref)
	if e := s.heard(chat.Deleted); e.Ref.ID != said.Ref.ID {
		s.Errorf("heard %+v", e)
	}
}

func hearsWords(s *sitting) {
	s.listen(0)
	for _, w := range Words {
		s.Say(w)
		if e := s.heard(chat.Said); e.Text != w {
			s.Errorf("said %q, heard %q", w, e.Text)
		}
	}
	long := strings.Repeat("长话 long words 👩‍👩‍👧‍👦 ", 100)
	s.Say(strings.TrimSpace(long))
	if e := s.heard(chat.Said); e.Text != strings.TrimSpace(long) {
		s.Errorf("a long message changed: %d bytes became %d", len(long), len(e.Text))
	}
}

// hearsAgain: an event that could not be written down comes again, under the
// same key.
func hearsAgain(s *sitting) {
	s.listen(1)
	s.Say("do not lose me")
	e := s.heard(chat.Said)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Text != "do not lose me" || len(s.seen) < 2 || s.seen[0].Key != e.Key {
		s.Errorf("heard %+v, seen before: %+v", e, s.seen)
	}
}

func hearsTwice(s *sitting) {
	s.listen(0)
	s.Fault(Twice)
	s.Say("once")
	first := s.heard(chat.Said)
	second := s.heard(chat.Said)
	if first.Key != second.Key {
		s.Errorf("one thing has two keys, %q and %q", first.Key, second.Key)
	}
	s.Say("once")
	if third := s.heard(chat.Said); third.Key == first.Key {
		s.Errorf("two things have one key, %q", third.Key)
	}
}

func hearsAfterDrop(s *sitting) {
	s.listen(0)
	s.Say("before")
	s.heard(chat.Said)
	s.Fault(Drop)
	s.Say("after")
	for e := s.heard(chat.Said); e.Text != "after"; e = s.heard(chat.Said) {
		s.Logf("came again: %q", e.Text)
	}
}

func hearsPresses(s *sitting) {
	s.listen(0)
	ref := s.post(s.Place, card("Press", "k-press"))
	s.Press(ref, "Deny")
	e := s.heard(chat.Pressed)
	if e.Token != "tok-deny-1" || e.Ref.ID != ref.ID || e.Ref.Key() != ref.Key() || e.Account.ID != s.Person {
		s.Errorf("heard %+v, pressed on %+v", e, ref)
	}
	first := e.Key
	s.Press(ref, "Deny")
	if e := s.heard(chat.Pressed); e.Key == first {
		s.Errorf("two presses have one key, %q", e.Key)
	}
}

func asksForms(s *sitting) {
	asker, ok := s.Transport.(chat.Asker)
	if !ok {
		s.Skip("skipped: no forms here")
	}
	s.listen(0)
	ref := s.post(s.Place, card("Form", "k-form"))
	s.Press(ref, "Approve")
	e := s.heard(chat.Pressed)
	f := chat.Form{
		Token: "tok-form-1", Title: "Refund", Intro: "Order 1234", Submit: "Go on", Cancel: "Cancel", Lang: "en",
		Inputs: []chat.FormInput{
			{Name: "amount", Label: "Amount", Kind: chat.Line, Value: "59.90"},
			{Name: "reason", Label: "Reason", Kind: chat.Choice, Options: []chat.Option{{Value: "damaged", Label: "Damaged"}, {Value: "late", Label: "Too late"}}},
			{Name: "note", Label: "Note", Kind: chat.Long, Optional: true},
		},
	}
	if err := s.note(asker.Ask(s.ctx(), e.Trigger, f)); err != nil {
		s.Fatalf("Ask: %v", err)
	}
	want := map[string]string{"amount": "20.00", "reason": "late", "note": "broken *lid* <b> & 退款"}
	s.Fill(want)
	got := s.heard(chat.Filled)
	if got.Token != f.Token || got.Account.ID != s.Person {
		s.Errorf("heard %+v", got)
	}
	for name, value := range want {
		if got.Values[name] != value {
			s.Errorf("answer %q is %q, want %q", name, got.Values[name], value)
		}
	}
}

func ends(s *sitting) {
	s.listen(0)
	s.Say("hello")
	s.heard(chat.Said)
	s.stop()
}

// leaksNothing runs first and alone, since it counts goroutines.
func leaksNothing(s *sitting) {
	if s.Close == nil {
		s.Fatal("the bench has no Close")
	}
	s.listen(0)
	s.post(s.Place, card("Leak", "k-leak"))
	s.Say("hello")
	s.heard(chat.Said)
	s.stop()
	s.Close()
	var err error
	for range 50 {
		if err = findLeaks(s); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.Errorf("goroutines are left: %v", err)
}

// same tells whether two sets of labels are the same, in order.
func same(a, b []string) bool { return slices.Equal(a, b) }
