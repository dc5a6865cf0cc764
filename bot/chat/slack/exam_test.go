package slack

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/chattest"
	"helloworld/bot/chat/slack/slackfake"
)

const (
	botToken = "xoxb-the-bot-secret"
	appToken = "xapp-the-app-secret"
	anna     = "U0ANNA"
	shop     = "C0SHOP"
)

// record is a log that can be read while it is written.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

type cancelWord struct{}

func (cancelWord) Cancel(lang string) string {
	if lang == "zh" {
		return "取消"
	}
	return "Cancel"
}

// setUp makes a fake and an adapter on it.
func setUp(t *testing.T, o slackfake.Options) (*slackfake.Server, *Transport, *record) {
	t.Helper()
	o.BotToken, o.AppToken = botToken, appToken
	if o.Redeliver == 0 {
		o.Redeliver = 100 * time.Millisecond
	}
	fake := slackfake.New(o)
	if err := fake.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	log := &record{}
	tr, err := New(Config{
		BotToken: botToken, AppToken: appToken, BaseURL: fake.URL() + "/api", Words: cancelWord{},
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.http.CloseIdleConnections)
	return fake, tr, log
}

func bench(t *testing.T) chattest.Bench {
	fake, tr, log := setUp(t, slackfake.Options{NoLimits: true, Echo: true})
	place := chat.Place{Chat: "slack", Channel: shop}
	// The person acts as soon as there is somebody to hear it.
	ready := func() {
		for end := time.Now().Add(10 * time.Second); fake.Sockets() < 2; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("no sockets were opened")
			}
		}
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	return chattest.Bench{
		Transport: tr, Place: place, Nowhere: chat.Place{Chat: "slack", Channel: "C0NOWHERE"}, Person: anna,
		Say:     func(text string) { fake.Say(anna, shop, "", text) },
		Command: func(text string) { ready(); _, err := fake.Command(anna, shop, text, false); check(err) },
		Mention: func(text string) { fake.Mention(anna, shop, "", text) },
		Reply:   func(ref chat.Ref, text string) { fake.Say(anna, ref.Channel, ref.ID, text) },
		Change:  func(ref chat.Ref, text string) { check(fake.Edit(anna, ref.Channel, ref.ID, text)) },
		Remove:  func(ref chat.Ref) { check(fake.Delete(anna, ref.Channel, ref.ID)) },
		Press: func(ref chat.Ref, label string) {
			ready()
			_, err := fake.Press(anna, ref.Channel, ref.ID, label)
			check(err)
		},
		Fill: func(values map[string]string) { check(fake.Submit(anna, values)) },
		Shown: func() []chattest.Shown {
			all := append(fake.Messages(shop), fake.Ephemerals(anna)...)
			var out []chattest.Shown
			for _, m := range append(all, fake.Direct(anna)...) {
				s := chattest.Shown{ID: m.TS, Text: m.Words(), Edited: m.Edited != "", Thread: m.Thread, Only: m.Only}
				if m.Channel == "D"+anna {
					s.Only = anna
				}
				for _, b := range m.Buttons() {
					s.Buttons = append(s.Buttons, b.Label)
				}
				out = append(out, s)
			}
			return out
		},
		Fault: func(f chattest.Fault) {
			switch f {
			case chattest.Busy:
				fake.FailNext("chat.postMessage", slackfake.TooMany, 1)
			case chattest.Broken:
				fake.FailNext("chat.postMessage", slackfake.Broken, 1)
			case chattest.LostAnswer:
				fake.FailNext("chat.postMessage", slackfake.LostAfter, 1)
			case chattest.LostRequest:
				fake.FailNext("chat.postMessage", slackfake.DropBefore, 1)
			case chattest.Denied:
				fake.FailNext("chat.postMessage", "token_revoked", 1)
			case chattest.Twice:
				fake.FailNext("deliver", slackfake.Duplicate, 1)
			case chattest.Drop:
				ready()
				fake.DropSockets()
			}
		},
		Logged: log.String, Secrets: []string{botToken, appToken, "/response/"},
		Close: func() {
			tr.http.CloseIdleConnections()
			fake.Close()
		},
	}
}

func TestExam(t *testing.T) { chattest.Run(t, bench) }
