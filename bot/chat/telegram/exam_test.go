package telegram_test

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/chattest"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/chat/telegram/telegramfake"
)

const (
	token = "424242:AAH-exam-Token_0123456789"
	group = int64(-1001234567890)
)

var anna = telegramfake.User{ID: 7001, FirstName: "Anna", Username: "anna_desk", Language: "de"}

// logbook is a log that tests can read while it is written.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func start(t *testing.T, o telegramfake.Options) *telegramfake.Server {
	t.Helper()
	o.Token = token
	s := telegramfake.New(o)
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.AddGroup(group, "Leads", false)
	s.AddUser(anna, true)
	return s
}

func join(t *testing.T, s *telegramfake.Server, cfg telegram.Config) (*telegram.Transport, *logbook) {
	t.Helper()
	log := &logbook{}
	cfg.Token, cfg.BaseURL = token, s.URL()
	cfg.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tr, err := telegram.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tr, log
}

func TestExam(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Bench { return bench(t, telegramfake.Options{NoLimits: true}) })
}

// TestExamEphemeral is the exam on a server that knows messages one member sees.
func TestExamEphemeral(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Bench {
		return bench(t, telegramfake.Options{NoLimits: true, Ephemeral: true})
	})
}

func bench(t *testing.T, o telegramfake.Options) chattest.Bench {
	s := start(t, o)
	tr, log := join(t, s, telegram.Config{PollTimeout: 20 * time.Second, Grace: 100 * time.Millisecond})
	at := chat.Place{Chat: "telegram", Channel: strconv.FormatInt(group, 10)}
	person := strconv.FormatInt(anna.ID, 10)
	say := func(text string) { s.Say(anna, group, text, 0) }
	id := func(r chat.Ref) int {
		n, err := strconv.Atoi(r.ID)
		if err != nil {
			t.Errorf("ref %+v", r)
		}
		return n
	}
	return chattest.Bench{
		Transport: tr, Place: at, Nowhere: chat.Place{Chat: "telegram", Channel: "-1009999999999"}, Person: person,
		Say:     say,
		Command: func(text string) { name, rest, _ := strings.Cut(text, " "); say(name + "@desk_bot " + rest) },
		Mention: func(text string) { say("@desk_bot " + text) },
		Reply:   func(r chat.Ref, text string) { s.Say(anna, group, text, id(r)) },
		Change: func(r chat.Ref, text string) {
			if err := s.Edit(group, id(r), text); err != nil {
				t.Error(err)
			}
		},
		Press: func(r chat.Ref, label string) {
			if _, err := s.Press(anna, group, id(r), label); err != nil {
				t.Error(err)
			}
		},
		Fill:  func(values map[string]string) { fill(t, s, values) },
		Shown: func() []chattest.Shown { return shown(s, person) },
		Fault: func(f chattest.Fault) {
			switch f {
			case chattest.Busy:
				s.FailNext("sendMessage", telegramfake.TooMany, 1)
			case chattest.Broken:
				s.FailNext("sendMessage", telegramfake.Broken, 1)
			case chattest.LostAnswer:
				s.FailNext("sendMessage", telegramfake.LostAfter, 1)
			case chattest.LostRequest:
				s.FailNext("sendMessage", telegramfake.DropBefore, 1)
			case chattest.Denied:
				s.FailNext("sendMessage", "401", 1)
			case chattest.Twice:
				s.Repeat(1)
			case chattest.Drop:
				s.Cut()
			}
		},
		Logged:  log.String,
		Close:   func() { _ = s.Close() },
		Secrets: []string{token, strings.SplitN(token, ":", 2)[1]},
	}
}

func shown(s *telegramfake.Server, person string) []chattest.Shown {
	var out []chattest.Shown
	for _, where := range []int64{group, anna.ID} {
		for _, m := range s.Messages(where) {
			sh := chattest.Shown{ID: strconv.Itoa(m.ID), Text: m.Text + m.Caption, Edited: m.Edits > 0}
			if m.ReplyTo != 0 {
				sh.Thread = strconv.Itoa(m.ReplyTo)
			}
			if where > 0 || m.Receiver == anna.ID {
				sh.Only = person
				sh.ID += "-" + strconv.FormatInt(where, 10) // not the group's numbers
			}
			for _, row := range m.Buttons {
				for _, b := range row {
					sh.Buttons = append(sh.Buttons, b.Text)
				}
			}
			out = append(out, sh)
		}
	}
	return out
}

// fill answers questions as Anna does: by the buttons they have, else by
// replying to them.
func fill(t *testing.T, s *telegramfake.Server, values map[string]string) {
	labels := map[string]string{"amount": "Amount", "reason": "Reason", "note": "Note"}
	shows := map[string]string{"late": "Too late"}
	for _, name := range []string{"amount", "reason", "note"} {
		q := asked(t, s, group, labels[name]+":")
		if label, ok := shows[values[name]]; ok {
			if _, err := s.Press(anna, group, q.ID, label); err != nil {
				t.Error(err)
			}
			continue
		}
		if !q.ForceReply {
			t.Errorf("the question %q does not ask for a reply", q.Text)
		}
		s.Say(anna, group, values[name], q.ID)
	}
}

// asked waits for a question that is still open.
func asked(t *testing.T, s *telegramfake.Server, where int64, words string) telegramfake.Message {
	t.Helper()
	var found telegramfake.Message
	eventually(t, "the question "+words, func() bool {
		for _, m := range s.Posts(where) {
			if strings.Contains(m.Text, words) && len(m.Buttons) > 0 {
				found = m
			}
		}
		return found.ID != 0
	})
	return found
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come", what)
		}
	}
}
