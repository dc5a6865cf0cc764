package telegram_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"helloworld/bot/chat"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/chat/telegram/telegramfake"
)

// kept is a store of half-filled forms that outlives a transport.
type kept struct {
	mu   sync.Mutex
	data map[string]string
}

func (k *kept) Load(_ context.Context, key string) ([]byte, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.data[key]
	return []byte(v), ok, nil
}

func (k *kept) Save(_ context.Context, key string, v []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.data[key] = string(v)
	return nil
}

func (k *kept) Delete(_ context.Context, key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.data, key)
	return nil
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	raw, _ := json.Marshal(k.data)
	return string(raw)
}

var refundForm = chat.Form{Token: "tok-form", Title: "Refund", Intro: "Order 1234", Submit: "Go on", Inputs: []chat.FormInput{
	{Name: "amount", Label: "Amount", Kind: chat.Line, Value: "59.90"},
	{Name: "reason", Label: "Reason", Kind: chat.Choice, Options: []chat.Option{{Value: "damaged", Label: "Damaged"}, {Value: "late", Label: "Too late"}}},
	{Name: "note", Label: "Note", Kind: chat.Long, Optional: true},
}}

// TestRefusedAnswers: what would not do before is not offered for keeping.
func TestRefusedAnswers(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{Dialogues: &kept{data: map[string]string{}}})
	heard, stop := listen(t, tr, nil)
	s.Say(anna, anna.ID, "/refund 1234", 0)
	err := tr.Ask(t.Context(), next(t, heard).Trigger, chat.Form{Token: "tok-form", Title: "Fill in", Intro: "That is no sum.", Submit: "Go on", Inputs: []chat.FormInput{
		{Name: "amount", Label: "Amount", Kind: chat.Line, Value: "abc", Refused: true},
		{Name: "date", Label: "Date", Kind: chat.Line, Value: "someday", Refused: true, Optional: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	q := asked(t, s, anna.ID, "Amount")
	if !strings.Contains(q.Text, "That is no sum.") || strings.Contains(q.Text, "abc") {
		t.Errorf("the first question is %+v", q)
	}
	if _, err := s.Press(anna, anna.ID, q.ID, "Skip"); err == nil {
		t.Error("a refused answer can be kept")
	}
	s.Say(anna, anna.ID, "5 EUR", 0)
	q = asked(t, s, anna.ID, "Date")
	if _, err := s.Press(anna, anna.ID, q.ID, "Skip"); err != nil {
		t.Fatal(err)
	}
	if v := next(t, heard).Values; v["amount"] != "5 EUR" || v["date"] != "" {
		t.Errorf("filled %+v", v)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// TestFormAcrossLives: each answer is heard by another process, the private
// chat needs no replies, every answer comes twice.
func TestFormAcrossLives(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	store := &kept{data: map[string]string{}}
	life := func() (*telegram.Transport, chan chat.Event, func() error) {
		tr, _ := join(t, s, telegram.Config{Dialogues: store})
		heard, stop := listen(t, tr, nil)
		return tr, heard, stop
	}
	tr, heard, stop := life()
	s.Say(anna, anna.ID, "/refund 1234", 0)
	e := next(t, heard)
	if err := tr.Ask(t.Context(), e.Trigger, refundForm); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.Repeat(1000)
	_, _, stop = life()
	q := asked(t, s, anna.ID, "Amount")
	if !strings.Contains(q.Text, "Refund") || !strings.Contains(q.Text, "Order 1234") || !strings.Contains(q.Text, "59.90") || q.ForceReply {
		t.Errorf("the first question is %+v", q)
	}
	if _, err := s.Press(anna, anna.ID, q.ID, "Skip"); err != nil {
		t.Fatal(err)
	}
	asked(t, s, anna.ID, "Reason")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	_, _, stop = life()
	s.Say(anna, anna.ID, "no idea", 0)
	eventually(t, "the same question again", func() bool {
		return strings.Contains(asked(t, s, anna.ID, "Reason").Text, telegram.English("").Choose)
	})
	s.Say(anna, anna.ID, "too LATE", 0)
	asked(t, s, anna.ID, "Note")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	_, heard, stop = life()
	s.Say(anna, anna.ID, "/order 5", 0) // a command is not an answer
	if e := next(t, heard); e.Kind != chat.Said || e.Text != "/order 5" {
		t.Errorf("heard %+v", e)
	}
	s.Say(anna, anna.ID, "it broke", 0)
	var filled chat.Event
	for filled.Kind != chat.Filled {
		if filled = next(t, heard); filled.Kind == chat.Said && filled.Text != "/order 5" {
			t.Errorf("an answer was heard as words: %+v", filled)
		}
	}
	if v := filled.Values; v["amount"] != "59.90" || v["reason"] != "late" || v["note"] != "it broke" {
		t.Errorf("filled %+v", v)
	}
	eventually(t, "all confirmed", func() bool { return s.Waiting() == 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// What came twice was heard under the same key, or not at all.
	for len(heard) > 0 {
		if e := <-heard; e.Key != filled.Key && e.Text != "/order 5" {
			t.Errorf("heard after the end: %+v", e)
		}
	}
	for _, m := range s.Posts(anna.ID) {
		// Later questions may stand there twice: a life ended while they were asked.
		if len(m.Buttons) > 0 && strings.Contains(m.Text, "Amount") {
			t.Errorf("a question that was answered keeps its buttons: %+v", m)
		}
	}
}

// TestFormKey: the answers carry the key of the update that ended them, so that
// an end that was not written down comes again as the same.
func TestFormKey(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{})
	var mu sync.Mutex
	var keys []string
	heard, _ := listen(t, tr, func(_ context.Context, e chat.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind == chat.Filled {
			if keys = append(keys, e.Key); len(keys) == 1 {
				return errors.New("the store is full")
			}
		}
		return nil
	})
	trigger := chat.Trigger{Place: annas, Account: chat.Account{ID: annas.Channel}}
	if err := tr.Ask(t.Context(), trigger, chat.Form{Token: "sure", Title: "Sure?", Submit: "Yes", Cancel: "No"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Press(anna, anna.ID, asked(t, s, anna.ID, "Sure?").ID, "Yes"); err != nil {
		t.Fatal(err)
	}
	if e := next(t, heard); e.Token != "sure" {
		t.Errorf("heard %+v", e)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("keys %q", keys)
	}
}

func TestFormInAGroup(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{})
	heard, stop := listen(t, tr, nil)
	said := s.Say(anna, group, "/refund@desk_bot 1234", 0)
	if err := tr.Ask(t.Context(), next(t, heard).Trigger, refundForm); err != nil {
		t.Fatal(err)
	}
	q := asked(t, s, group, "Amount")
	if q.ReplyTo != said || !q.ForceReply {
		t.Errorf("the question is %+v", q)
	}
	// Others' replies, and words that are no reply, are not answers.
	s.Say(ben, group, "1.00", q.ID)
	s.Say(anna, group, "2.00", 0)
	for range 2 {
		if e := next(t, heard); e.Kind != chat.Said {
			t.Errorf("heard %+v", e)
		}
	}
	if _, err := s.Press(ben, group, q.ID, "Cancel"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Ben's refusal", func() bool { return len(s.CallbackAnswers()) == 1 })
	if a := s.CallbackAnswers()[0]; a.User != ben.ID || a.Text != telegram.English("").Expired {
		t.Errorf("Ben is told %+v", a)
	}
	if _, err := s.Press(anna, group, q.ID, "Cancel"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the form", func() bool { return len(s.Posts(group)[0].Buttons) == 0 })
	if m := s.Posts(group)[0]; !strings.Contains(m.Text, telegram.English("").Cancelled) {
		t.Errorf("a closed form says %q", m.Text)
	}
	s.Say(anna, group, "3.00", q.ID)
	if e := next(t, heard); e.Kind != chat.Said || e.Text != "3.00" {
		t.Errorf("after the end, heard %+v", e)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if spin := s.Spinning(); len(spin) != 0 {
		t.Errorf("presses without an answer: %v", spin)
	}
}

func TestFormsThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	store := &kept{data: map[string]string{}}
	tr, _ := join(t, s, telegram.Config{Dialogues: store})
	ok := chat.Trigger{Place: annas, Account: chat.Account{ID: annas.Channel}}
	noOptions := chat.Form{Token: "x", Inputs: []chat.FormInput{{Name: "a", Kind: chat.Choice}}}
	for name, try := range map[string]func() error{
		"no account": func() error { return tr.Ask(t.Context(), chat.Trigger{Place: annas}, refundForm) },
		"no place":   func() error { return tr.Ask(t.Context(), chat.Trigger{Account: ok.Account}, refundForm) },
		"no token":   func() error { return tr.Ask(t.Context(), ok, chat.Form{Title: "x"}) },
		"no options": func() error { return tr.Ask(t.Context(), ok, noOptions) },
	} {
		if err := try(); chat.KindOf(err) != chat.Rejected || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger := chat.Account{ID: "999"}
	if err := tr.Ask(t.Context(), chat.Trigger{Place: chat.Place{Chat: "telegram", Channel: "999"}, Account: stranger}, refundForm); chat.KindOf(err) != chat.Gone {
		t.Errorf("asking somebody who never came: %v", err)
	}
	if s := store.String(); strings.Contains(s, "tok-form") {
		t.Errorf("a form nobody was asked is kept: %s", s)
	}
}

// TestFormGivenUp: when the person blocks the bot in the middle, the update is
// not delivered for ever.
func TestFormGivenUp(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{})
	heard, _ := listen(t, tr, nil)
	if err := tr.Ask(t.Context(), chat.Trigger{Place: annas, Account: chat.Account{ID: annas.Channel}}, refundForm); err != nil {
		t.Fatal(err)
	}
	s.FailNext("sendMessage", "403", 1)
	s.Say(anna, anna.ID, "5.00", asked(t, s, anna.ID, "Amount").ID)
	eventually(t, "the update's confirmation", func() bool { return s.Waiting() == 0 && s.Calls("sendMessage") == 2 })
	s.Say(anna, anna.ID, "hello", 0)
	if e := next(t, heard); e.Kind != chat.Said || e.Text != "hello" {
		t.Errorf("heard %+v", e)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("Amount", "59.90", "note & <b>", "0", true)
	f.Add("", "", "", "99", false)
	f.Add(strings.Repeat("長", 3000), "😀", "@anna_desk", "-1", true)
	s := telegramfake.New(telegramfake.Options{Token: token, NoLimits: true})
	s.AddUser(anna, true)
	f.Fuzz(func(t *testing.T, label, value, hint, pick string, optional bool) {
		tr := inMemory(t, s)
		form := chat.Form{Token: "t", Title: label, Intro: hint, Cancel: value, Inputs: []chat.FormInput{
			{Name: "a", Label: label, Hint: hint, Value: value, Kind: chat.Line, Optional: optional},
			{Name: "b", Label: label, Kind: chat.Choice, Options: []chat.Option{{Value: value, Label: hint}}}}}
		before := len(s.Refusals())
		if err := tr.Ask(t.Context(), chat.Trigger{Place: annas, Account: chat.Account{ID: annas.Channel}}, form); err != nil {
			t.Fatalf("%v", err)
		}
		m := s.Posts(anna.ID)
		if len(s.Refusals()) != before || len(m[len(m)-1].Buttons) == 0 {
			t.Fatalf("refused: %+v", s.Refusals()[before:])
		}
		_, _ = strconv.Atoi(pick)
	})
}
