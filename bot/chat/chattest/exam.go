package chattest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"go.uber.org/goleak"

	"helloworld/bot/chat"
)

// patience is how long the exam waits for something that should happen at once.
// Only a failure takes that long.
const patience = 20 * time.Second

type question struct {
	name string
	ask  func(*sitting)
}

// questions are all that is asked, in the order in which they are asked.
var questions = []question{
	{"leaks nothing", leaksNothing},
	{"name and limits", nameAndLimits},
	{"hears what is said", hearsSaid},
	{"hears commands", hearsCommands},
	{"hears mentions", hearsMentions},
	{"hears replies in threads", hearsReplies},
	{"hears changes", hearsChanges},
	{"hears words unmangled", hearsWords},
	{"hears again what was not written down", hearsAgain},
	{"hears twice under one key", hearsTwice},
	{"hears after a lost connection", hearsAfterDrop},
	{"hears presses", hearsPresses},
	{"posts", posts},
	{"posts in threads", postsInThreads},
	{"posts every card", postsCards},
	{"posts long cards whole", postsLong},
	{"posts words without markup", postsWords},
	{"edits", edits},
	{"answers privately", answersPrivately},
	{"asks with forms", asksForms},
	{"checks itself", checks},
	{"finds what it posted", finds},
	{"busy", isBusy},
	{"broken", isBroken},
	{"lost answer", losesAnswer},
	{"lost request", losesRequest},
	{"denied", isDenied},
	{"nowhere", isNowhere},
	{"ends", ends},
}

// Run examines the adapter on the benches that new makes, one for each question.
func Run(t *testing.T, new func(t *testing.T) Bench) {
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			b := new(t)
			for name := range b.Skips {
				if !known(name) {
					t.Fatalf("the bench skips %q, which is no question", name)
				}
			}
			if why := b.Skips[q.name]; why != "" {
				t.Skipf("skipped: %s", why)
			}
			s := &sitting{T: t, Bench: b, before: before, events: make(chan chat.Event, 1000)}
			q.ask(s)
			s.stop()
			s.keepsSecrets()
		})
	}
}

func known(name string) bool {
	for _, q := range questions {
		if q.name == name {
			return true
		}
	}
	return false
}

// sitting is one question being asked.
type sitting struct {
	*testing.T
	Bench
	before goleak.Option
	events chan chat.Event
	cancel context.CancelFunc
	done   chan error
	stray  []chat.Event // came while the exam waited for another

	mu     sync.Mutex
	refuse int // how many events are still refused
	seen   []chat.Event
	errs   []error
}

var errNotWritten = errors.New("the store is full")

// listen starts the adapter's Run. The first refuse events are not written down.
func (s *sitting) listen(refuse int) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.done, s.refuse = cancel, make(chan error, 1), refuse
	go func() {
		s.done <- s.Transport.Run(ctx, func(_ context.Context, e chat.Event) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.seen = append(s.seen, e)
			if s.refuse > 0 {
				s.refuse--
				return errNotWritten
			}
			s.events <- e
			return nil
		})
	}()
	s.Cleanup(s.stop)
}

// stop ends Run and waits for it.
func (s *sitting) stop() {
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.cancel = nil
	select {
	case err := <-s.done:
		_ = s.note(err)
	case <-time.After(patience):
		s.Error("Run does not return after its context ended")
	}
}

// note remembers an error, to look for secrets in it later.
func (s *sitting) note(err error) error {
	if err != nil {
		s.mu.Lock()
		s.errs = append(s.errs, err)
		s.mu.Unlock()
	}
	return err
}

func (s *sitting) keepsSecrets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var told strings.Builder
	for _, err := range s.errs {
		told.WriteString(err.Error())
		told.WriteByte('\n')
	}
	if s.Logged != nil {
		told.WriteString(s.Logged())
	}
	for _, secret := range s.Secrets {
		if secret != "" && strings.Contains(told.String(), secret) {
			s.Errorf("a secret stands in an error or a log")
		}
	}
}

// heard waits for an event of this kind.
func (s *sitting) heard(kind chat.EventKind) chat.Event {
	s.Helper()
	deadline := time.After(patience)
	for {
		select {
		case e := <-s.events:
			s.survives(e)
			if e.Kind == kind {
				return e
			}
			s.stray = append(s.stray, e)
		case err := <-s.done:
			_ = s.note(err)
			s.Fatalf("Run returned while the exam waited for an event %q: %v", kind, err)
		case <-deadline:
			s.Fatalf("no event %q came; others that came: %+v", kind, s.stray)
		}
	}
}

// survives checks what holds for every event.
func (s *sitting) survives(e chat.Event) {
	s.Helper()
	if e.Key == "" || e.Account.ID == "" || e.At.IsZero() || e.Place.Chat != s.Transport.Name() {
		s.Errorf("an event lacks its key, account, time or chat: %+v", e)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		s.Fatalf("an event cannot be written down: %v", err)
	}
	var back chat.Event
	if err := json.Unmarshal(raw, &back); err != nil {
		s.Fatalf("an event cannot be read back: %v", err)
	}
	again, _ := json.Marshal(back)
	if !reflect.DeepEqual(raw, again) {
		s.Errorf("an event changes when written down:\n%s\n%s", raw, again)
	}
}

func (s *sitting) person() {
	s.Helper()
	if s.Person == "" {
		s.Fatal("the bench has no Person")
	}
}

func (s *sitting) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.Cleanup(cancel)
	return ctx
}

// post says c at the place, or fails the question.
func (s *sitting) post(to chat.Place, c chat.Card) chat.Ref {
	s.Helper()
	ref, err := s.Transport.Post(s.ctx(), to, c)
	if s.note(err) != nil {
		s.Fatalf("Post: %v", err)
	}
	if ref.ID == "" || ref.Chat != s.Transport.Name() {
		s.Fatalf("Post gave a ref that leads nowhere: %+v", ref)
	}
	return ref
}

// find waits until something is shown that ok accepts: a network may take a
// moment to show what it took.
func (s *sitting) find(what string, ok func(Shown) bool) Shown {
	s.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		all := s.Shown()
		for _, m := range all {
			if ok(m) {
				return m
			}
		}
		if time.Now().After(end) {
			s.Fatalf("%s is not shown; shown is: %+v", what, all)
		}
	}
}

// bare is s without white space: renderers may wrap lines as they like.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func says(m Shown, words string) bool { return strings.Contains(bare(m.Text), bare(words)) }

// count is how many messages say words.
func (s *sitting) count(words string) int {
	n := 0
	for _, m := range s.Shown() {
		if says(m, words) {
			n++
		}
	}
	return n
}

func card(title, key string) chat.Card {
	return chat.Card{
		Key: key, Title: title, Lang: "en",
		Parts:   []chat.Part{{Kind: chat.Text, Text: "Order 1234 waits."}},
		Buttons: []chat.Button{{Label: "Approve", Command: "tok-approve-1", Tone: chat.Primary}, {Label: "Deny", Command: "tok-deny-1", Tone: chat.Bad}},
	}
}
