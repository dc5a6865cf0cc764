package slack

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/slack/slackfake"
)

// BenchmarkCommand is one slash command heard, acknowledged and answered with a
// card, the workspace being in the same process; 50 are under way at a time.
func BenchmarkCommand(b *testing.B) {
	fake := slackfake.New(slackfake.Options{NoLimits: true})
	if err := fake.Start("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	defer fake.Close()
	tr, err := New(Config{BotToken: "xoxb-fake", AppToken: "xapp-fake", BaseURL: fake.API()})
	if err != nil {
		b.Fatal(err)
	}
	defer tr.http.CloseIdleConnections()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	turns := make(chan struct{}, 50)
	failed := make(chan error, 1)
	go func() {
		defer close(ended)
		_ = tr.Run(ctx, func(_ context.Context, e chat.Event) error {
			go func() {
				_, err := tr.Post(context.WithoutCancel(ctx), e.Place.Root(), chat.Card{Key: e.Key, Title: "Refund", Parts: []chat.Part{{Kind: chat.Text, Text: e.Text}}})
				if err != nil {
					select {
					case failed <- err:
					default:
					}
				}
				<-turns
			}()
			return nil
		})
	}()
	for fake.Sockets() < 2 {
		time.Sleep(time.Millisecond)
	}
	b.ReportAllocs()
	for b.Loop() {
		turns <- struct{}{}
		if _, err := fake.Command("U0ANNA", "C0SHOP", "/refund 1234", false); err != nil {
			b.Fatal(err)
		}
	}
	for range cap(turns) {
		turns <- struct{}{}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
	cancel()
	<-ended
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
}

// BenchmarkRead is one payload made into an event.
func BenchmarkRead(b *testing.B) {
	card, err := json.Marshal(map[string]any{
		"type": "block_actions", "user": map[string]string{"id": "U1"}, "channel": map[string]string{"id": "C1"}, "trigger_id": "T1",
		"container": map[string]string{"message_ts": "1.1"}, "actions": []map[string]string{{"block_id": "x", "action_id": "b0", "value": "tok", "action_ts": "1.2"}},
		"message": benchCard(),
	})
	if err != nil {
		b.Fatal(err)
	}
	for name, p := range map[string]struct {
		kind    string
		payload []byte
	}{
		"command": {"slash_commands", []byte(`{"channel_id":"C1","user_id":"U1","user_name":"anna","command":"/desk","text":"refund 1234","response_url":"https://hooks.slack.com/x","trigger_id":"T1"}`)},
		"message": {"events_api", []byte(`{"event":{"type":"message","channel":"C1","user":"U1","text":"a :+1: b","ts":"1700000000.000100","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"a "},{"type":"emoji","name":"+1","unicode":"1f44d"}]}]}]}}`)},
		"press":   {"interactive", card},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok, err := testReader().read(p.kind, p.payload); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func benchCard() any {
	tr, err := New(Config{BotToken: "b", AppToken: "a"})
	if err != nil {
		return nil
	}
	return tr.render(chat.Card{Title: "Refund", Tone: chat.Warning, Parts: []chat.Part{
		{Kind: chat.Fields, Fields: []chat.Field{{Label: "Order", Value: "1234"}, {Label: "Store", Value: "berlin"}, {Label: "Left", Value: "59.90 EUR"}}},
		{Kind: chat.Quote, Label: "Buyer", Text: "The lid was broken."},
	}, Buttons: []chat.Button{{Label: "Approve", Command: "t1", Confirm: "Sure?"}, {Label: "Deny", Command: "t2"}}, Foot: "Ref R-17"})
}
