package chattest

import (
	"context"
	"fmt"
	"strings"

	"go.uber.org/goleak"

	"helloworld/bot/chat"
)

func findLeaks(s *sitting) error { return goleak.Find(s.before) }

func posts(s *sitting) {
	ref := s.post(s.Place, card("Posted", "k-post"))
	m := s.find("the card", func(m Shown) bool { return m.ID == ref.ID })
	if !says(m, "Posted") || !says(m, "Order 1234 waits.") || !same(m.Buttons, []string{"Approve", "Deny"}) || m.Only != "" {
		s.Errorf("shown is %+v", m)
	}
	other := s.post(s.Place, card("Another", "k-post-2"))
	if other.ID == ref.ID {
		s.Errorf("two posts have one id, %q", ref.ID)
	}
}

func postsInThreads(s *sitting) {
	if !s.Transport.Limits(s.Place).Threads {
		s.Skip("skipped: there are no threads here")
	}
	root := s.post(s.Place, card("Root", "k-root"))
	ref := s.post(root.In(), card("Below", "k-below"))
	m := s.find("the answer", func(m Shown) bool { return m.ID == ref.ID })
	if m.Thread != root.ID || !says(m, "Below") {
		s.Errorf("shown is %+v, want it under %q", m, root.ID)
	}
	if ref.In() != root.In() {
		s.Errorf("the answer's thread is %+v, want %+v", ref.In(), root.In())
	}
}

// shownWhole posts what c fits into and looks for every word of words.
func (s *sitting) shownWhole(c chat.Card, words ...string) {
	s.Helper()
	var ids []string
	for _, one := range chat.Fit(c, s.Transport.Limits(s.Place)) {
		ids = append(ids, s.post(s.Place, one).ID)
	}
	all := ""
	for _, id := range ids {
		all += bare(s.find("card "+id, func(m Shown) bool { return m.ID == id }).Text)
	}
	for _, w := range words {
		if !strings.Contains(all, bare(chat.Clean(w))) {
			s.Errorf("card %q does not say %.200q; it says %.600q", c.Key, w, all)
		}
	}
}

func postsCards(s *sitting) {
	for _, f := range Cards() {
		var words []string
		if f.Card.Title != "" {
			words = append(words, f.Card.Title)
		}
		for _, p := range f.Card.Parts {
			if p.Text != "" && p.Kind != chat.Image && len(p.Text) < 1000 {
				words = append(words, p.Text)
			}
			for _, d := range p.Fields {
				words = append(words, d.Value)
			}
		}
		s.shownWhole(f.Card, words...)
	}
}

func postsLong(s *sitting) {
	var b strings.Builder
	var words []string
	for i := range 700 {
		w := fmt.Sprintf("第%d句：the lid of number %d was broken 👩‍👩‍👧‍👦.", i, i)
		words = append(words, w)
		b.WriteString(w)
		b.WriteByte('\n')
	}
	c := chat.Card{Key: "k-long", Title: "Long", Lang: "en", Parts: []chat.Part{{Kind: chat.Quote, Label: "Buyer", Text: b.String()}}}
	cards := chat.Fit(c, s.Transport.Limits(s.Place))
	all := ""
	for _, one := range cards {
		id := s.post(s.Place, one).ID
		// Renderers may put marks of quotation between pieces.
		all += bare(s.find("card "+id, func(m Shown) bool { return m.ID == id }).Text)
	}
	missing := 0
	for _, w := range words {
		if !strings.Contains(all, bare(w)) {
			missing++
		}
	}
	// A sentence may be divided between two messages, but then not many are.
	if missing > 3*len(cards) {
		s.Errorf("%d of %d sentences are missing from %d cards", missing, len(words), len(cards))
	}
}

func postsWords(s *sitting) {
	for i, w := range Words {
		s.shownWhole(chat.Card{
			Key: fmt.Sprintf("k-words-%d", i), Title: "Words", Lang: "en",
			Parts: []chat.Part{
				{Kind: chat.Quote, Label: "Buyer", Text: w},
				{Kind: chat.Fields, Fields: []chat.Field{{Label: "Said", Value: strings.ReplaceAll(w, "\n", " ")}}},
				{Kind: chat.Code, Text: w},
			},
		}, w)
	}
}

func edits(s *sitting) {
	editor, ok := s.Transport.(chat.Editor)
	if !ok {
		s.Skip("skipped: nothing can be edited here")
	}
	ref := s.post(s.Place, card("Waiting", "k-edit"))
	done := chat.Card{Title: "Refunded", Tone: chat.Good, Lang: "en", Parts: []chat.Part{{Kind: chat.Text, Text: "Approved by Ben."}}}
	for range 2 {
		// The second time it already shows that, which is a success too.
		if err := s.note(editor.Edit(s.ctx(), ref, done)); err != nil {
			s.Fatalf("Edit: %v", err)
		}
	}
	m := s.find("the edited card", func(m Shown) bool { return m.ID == ref.ID && says(m, "Refunded") })
	if says(m, "Waiting") || len(m.Buttons) != 0 || !m.Edited || !says(m, "Approved by Ben.") {
		s.Errorf("shown is %+v", m)
	}
	gone := ref
	gone.ID = "1000000000.000001"
	if err := s.note(editor.Edit(s.ctx(), gone, done)); err == nil {
		s.Errorf("editing what is not there is no success")
	}
}

func answersPrivately(s *sitting) {
	if !s.Transport.Limits(s.Place).Private {
		s.Skip("skipped: nothing is private here")
	}
	s.listen(0)
	s.Command("/refund help")
	e := s.heard(chat.Said)
	to := e.Place
	to.Only = e.Account.ID
	whisper := func(to chat.Place, words string) {
		s.Helper()
		// A private answer may have no id that outlives it.
		if _, err := s.Transport.Post(s.ctx(), to, chat.Card{Key: words, Title: words, Lang: "en"}); s.note(err) != nil {
			s.Fatalf("Post: %v", err)
		}
		s.find("the private answer", func(m Shown) bool { return says(m, words) && m.Only == s.Person })
		for _, m := range s.Shown() {
			if says(m, words) && m.Only != s.Person {
				s.Errorf("everyone sees the private answer: %+v", m)
			}
		}
	}
	whisper(to, "You may not refund 1")
	to.Answering = ""
	whisper(to, "You may not refund 2")
}

func checks(s *sitting) {
	c, ok := s.Transport.(chat.Checker)
	if !ok {
		s.Skip("skipped: it cannot check itself")
	}
	who, err := c.Check(s.ctx())
	if s.note(err) != nil || who == "" {
		s.Errorf("Check: %q, %v", who, err)
	}
}

// before makes a post that worked, for Find to start looking from.
func (s *sitting) earlier() chat.Ref { return s.post(s.Place, card("Earlier", "k-earlier")) }

func (s *sitting) finder() chat.Finder {
	f, ok := s.Transport.(chat.Finder)
	if !ok {
		s.Logf("not asked whether it finds the card: it is no Finder")
	}
	return f
}

func finds(s *sitting) {
	f := s.finder()
	if f == nil {
		s.Skip("skipped: it cannot look for what it posted")
	}
	after := s.earlier()
	c := card("Found", "k-found")
	ref := s.post(s.Place, c)
	for _, from := range []chat.Ref{after, {}} {
		got, ok, err := f.Find(s.ctx(), s.Place, from, c)
		if s.note(err) != nil || !ok || got.ID != ref.ID {
			s.Errorf("Find after %q: %+v, %v, %v; want %q", from.ID, got, ok, err, ref.ID)
		}
	}
	if got, ok, err := f.Find(s.ctx(), s.Place, after, card("Other", "k-never")); s.note(err) != nil || ok {
		s.Errorf("Find found what nobody posted: %+v, %v", got, err)
	}
	if !s.Transport.Limits(s.Place).Threads {
		return
	}
	below := card("Below", "k-found-below")
	ref = s.post(after.In(), below)
	if got, ok, err := f.Find(s.ctx(), after.In(), after, below); s.note(err) != nil || !ok || got.ID != ref.ID {
		s.Errorf("Find in a thread: %+v, %v, %v; want %q", got, ok, err, ref.ID)
	}
}

// fails posts c under a fault and checks the error's kind.
func (s *sitting) fails(f Fault, c chat.Card, want chat.ErrorKind) error {
	s.Helper()
	s.Fault(f)
	_, err := s.Transport.Post(s.ctx(), s.Place, c)
	if s.note(err) == nil {
		s.Fatalf("%s: Post says that all is well", f)
	}
	if got := chat.KindOf(err); got != want {
		s.Errorf("%s: the error is of kind %d, want %d: %v", f, got, want, err)
	}
	return err
}

func isBusy(s *sitting) {
	c := card("Busy", "k-busy")
	err := s.fails(Busy, c, chat.Busy)
	if e := asChat(err); e == nil || e.RetryAfter <= 0 {
		s.Errorf("it does not say how long to wait: %v", err)
	}
	if n := s.count("Busy"); n != 0 {
		s.Errorf("shown %d times though it was refused", n)
	}
	s.post(s.Place, c)
	if n := s.count("Busy"); n != 1 {
		s.Errorf("shown %d times after it was posted once", n)
	}
}

func isBroken(s *sitting) {
	after, c := s.earlier(), card("Broken", "k-broken")
	_ = s.fails(Broken, c, chat.Unsure)
	s.lookUp(after, c, false)
}

func losesAnswer(s *sitting) {
	after, c := s.earlier(), card("Lost answer", "k-lost-answer")
	_ = s.fails(LostAnswer, c, chat.Unsure)
	if n := s.count("Lost answer"); n != 1 {
		s.Fatalf("the bench should have shown it once, it shows it %d times", n)
	}
	s.lookUp(after, c, true)
}

func losesRequest(s *sitting) {
	after, c := s.earlier(), card("Lost request", "k-lost-request")
	s.Fault(LostRequest)
	_, err := s.Transport.Post(s.ctx(), s.Place, c)
	if s.note(err) == nil {
		s.Fatal("Post says that all is well")
	}
	if k := chat.KindOf(err); k != chat.Unsure && k != chat.Down {
		s.Errorf("the error is of kind %d: %v", k, err)
	}
	s.lookUp(after, c, false)
}

func (s *sitting) lookUp(after chat.Ref, c chat.Card, want bool) {
	s.Helper()
	f := s.finder()
	if f == nil {
		return
	}
	ref, ok, err := f.Find(s.ctx(), s.Place, after, c)
	if s.note(err) != nil || ok != want {
		s.Fatalf("Find: %+v, %v, %v; want %v", ref, ok, err, want)
	}
	if !ok {
		return
	}
	if editor, can := s.Transport.(chat.Editor); can {
		if err := s.note(editor.Edit(s.ctx(), ref, chat.Card{Title: "Repainted", Lang: "en"})); err != nil {
			s.Errorf("what was found cannot be edited: %v", err)
		}
	}
}

func isDenied(s *sitting) { _ = s.fails(Denied, card("Denied", "k-denied"), chat.Denied) }

func isNowhere(s *sitting) {
	_, err := s.Transport.Post(s.ctx(), s.Nowhere, card("Nowhere", "k-nowhere"))
	if s.note(err) == nil || chat.KindOf(err) != chat.Gone {
		s.Errorf("posting nowhere: kind %d, %v", chat.KindOf(err), err)
	}
	ctx, cancel := context.WithCancel(s.ctx())
	cancel()
	if _, err := s.Transport.Post(ctx, s.Place, card("Late", "k-late")); s.note(err) == nil {
		s.Error("posting after the context ended is no success")
	}
}
