package slack

import (
	"context"
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
