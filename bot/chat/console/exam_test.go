package console_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"helloworld/bot/chat"
	"helloworld/bot/chat/chattest"
	"helloworld/bot/chat/console"
)

// faulty is a keep that fails once, before or after it kept a post.
type faulty struct {
	console.Keep
	mu            sync.Mutex
	before, after bool
}

var errDisk = errors.New("the disk is full")

func (f *faulty) Append(ctx context.Context, p console.Post) (console.Post, bool, error) {
	f.mu.Lock()
	before, after := f.before, f.after
	if p.Card != nil {
		f.before, f.after = false, false
	}
	f.mu.Unlock()
	if before && p.Card != nil {
		return console.Post{}, false, errDisk
	}
	kept, fresh, err := f.Keep.Append(ctx, p)
	if after && p.Card != nil {
		return console.Post{}, false, errDisk
	}
	return kept, fresh, err
}

type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestExam(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Bench {
		log, keep := &locked{}, &faulty{Keep: console.NewMemory()}
		c := config(t)
		c.Keep, c.Log = keep, slog.New(slog.NewTextHandler(log, nil))
		d := serve(t, c)
		anna := d.as("anna")
		say := func(s said) {
			s.Key = anna.key()
			s.Channel = "buyers"
			anna.saying(s)
		}
		shown := func() (out []chattest.Shown) {
			for _, room := range []string{"buyers", "@anna"} {
				var all []view
				for _, p := range anna.page(room, "", 0).Posts {
					all = append(all, p)
					if p.Replies > 0 {
						all = append(all, anna.page(room, p.ID, 0).Posts...)
					}
				}
				for _, p := range all {
					s := chattest.Shown{ID: p.ID, Text: p.readable(), Edited: p.Edited > 0, Thread: p.Thread}
					if p.Card != nil {
						for _, b := range p.Card.Buttons {
							s.Buttons = append(s.Buttons, b.Label)
						}
					}
					if p.Only || room == "@anna" {
						s.Only = "anna"
					}
					out = append(out, s)
				}
			}
			return out
		}
		return chattest.Bench{
			Transport: d.tr, Place: at("buyers"), Nowhere: at("@nobody"), Person: "anna",
			Say: func(text string) { say(said{Text: text}) }, Command: func(text string) { say(said{Text: text}) },
			Mention: func(text string) { anna.say("@anna", "", text) },
			Reply:   func(ref chat.Ref, text string) { say(said{Text: text, Thread: ref.ID}) },
			Press: func(ref chat.Ref, label string) {
				for _, p := range anna.page(ref.Channel, "", 0).Posts {
					if p.ID != ref.ID {
						continue
					}
					for _, b := range p.Card.Buttons {
						if b.Label == label {
							anna.must(http.StatusAccepted, "/api/press", map[string]any{"key": anna.key(), "channel": ref.Channel, "id": ref.ID, "token": b.Command})
							return
						}
					}
				}
				t.Fatalf("no button %q on %+v", label, ref)
			},
			Fill: func(values map[string]string) {
				forms := anna.state().Forms
				if len(forms) != 1 {
					t.Fatalf("%d forms are open", len(forms))
				}
				anna.must(http.StatusAccepted, "/api/fill", map[string]any{"key": anna.key(), "id": forms[0].ID, "values": values})
			},
			Shown: shown,
			Fault: func(f chattest.Fault) {
				keep.mu.Lock()
				defer keep.mu.Unlock()
				switch f {
				case chattest.Broken, chattest.LostRequest:
					keep.before = true
				case chattest.LostAnswer:
					keep.after = true
				case chattest.Drop:
					d.server.CloseClientConnections()
				default:
					t.Fatalf("the bench cannot make %q", f)
				}
			},
			Logged:  log.String,
			Close:   func() { d.server.CloseClientConnections(); d.server.Close() },
			Secrets: []string{anna.token, anna.secret(), "tok-approve-1", "tok-form-1"},
			Skips: map[string]string{
				"hears twice under one key": "the console remembers what the desk took and does not deliver it again; TestSayingTwice proves it",
				"busy":                      "the console has no limits of pace",
				"denied":                    "the console holds no token of anybody's",
			},
		}
	})
}
