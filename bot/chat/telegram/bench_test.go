package telegram_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"helloworld/bot/chat"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/chat/telegram/telegramfake"
)

// BenchmarkCommands is a command heard and answered, 50 people at a time. The
// fake shares the machine.
func BenchmarkCommands(b *testing.B) {
	s := telegramfake.New(telegramfake.Options{Token: token, NoLimits: true})
	if err := s.Start("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	tr, err := telegram.New(telegram.Config{Token: token, BaseURL: s.URL()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var told atomic.Int64
	slots := make(chan struct{}, 50)
	all := make(chan struct{})
	n := int64(b.N)
	go func() {
		_ = tr.Run(ctx, func(_ context.Context, e chat.Event) error { // the desk writes it down and works later
			go func() {
				if _, err := tr.Post(ctx, e.Place, chat.Card{Title: "Order 1234", Parts: []chat.Part{{Kind: chat.Text, Text: "is on its way"}}}); err != nil {
					b.Error(err)
				}
				<-slots
				if told.Add(1) == n {
					close(all)
				}
			}()
			return nil
		})
	}()
	b.ResetTimer()
	for i := range b.N {
		slots <- struct{}{}
		id := int64(1000 + i%50)
		s.Say(telegramfake.User{ID: id, FirstName: strconv.FormatInt(id, 10)}, id, "/order 1234", 0)
	}
	<-all
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}
