package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/connectors/sandbox"
)

// slowHall is a hall where, once it is slow, a post waits to be let in.
type slowHall struct {
	*hall
	slow  atomic.Bool
	enter chan struct{}
}

func (h *slowHall) Post(ctx context.Context, to chat.Place, c chat.Card) (chat.Ref, error) {
	if h.slow.Load() {
		select {
		case <-h.enter:
		case <-ctx.Done():
			return chat.Ref{}, &chat.Error{Kind: chat.Down, Err: ctx.Err()}
		}
	}
	return h.hall.Post(ctx, to, c)
}

// While a channel is full of what is still to be announced there, the draft that
// somebody writes, and what becomes of it, come at once.
func TestADraftDoesNotWaitForABurst(t *testing.T) {
	door := &slowHall{enter: make(chan struct{})}
	r := newRig(t, plan{with: func(o *bot.Options) {
		door.hall = o.Chats[0].(*hall)
		o.Chats = []chat.Transport{door}
	}})
	o := r.order("shopify-main", "30.00")
	message := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Where is my order?"})
	ctx := context.Background()

	door.slow.Store(true)
	const burst = 20
	r.write(func(tx *store.Tx) error {
		for n := range burst {
			if err := r.desk.Say(tx, chat.Place{Chat: "hall", Channel: "inbox"}, chat.Card{Title: fmt.Sprint("letter ", n)}, chat.Ref{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := r.desk.Compose(ctx, r.by("lina", "inbox"), message, "谢谢您的来信。", ""); err != nil {
		t.Fatal(err)
	}
	draft := r.ids(`SELECT id FROM draft WHERE message = ?`, message)[0]
	door.enter <- struct{}{} // the letter whose turn it was
	door.enter <- struct{}{} // the draft
	shown := func() string {
		return strings.Join(r.ids(`SELECT CAST(have AS TEXT) FROM shown WHERE matter = ? AND refs <> '' AND have = want`, "draft:"+draft), " ")
	}
	r.until("the draft stands", func() bool { return shown() != "" })
	before := shown()
	if err := r.desk.CancelDraft(ctx, r.by("lina", "inbox"), draft); err != nil {
		t.Fatal(err)
	}
	door.enter <- struct{}{} // the letter that was next
	r.until("the draft's end is shown", func() bool { now := shown(); return now != "" && now != before })
	if x := r.draft(draft); x.State != bot.DraftCancelled {
		t.Errorf("the draft is %s", x.State)
	}
	if n := len(r.hall.said("inbox")); n > 4 {
		t.Errorf("%d cards stand: the draft waited for some of them", n)
	}
	close(door.enter)
	r.until("all letters stand", func() bool { return len(r.hall.said("inbox")) == burst+2 })
	next := 0
	for _, c := range r.hall.said("inbox") {
		if n, ok := strings.CutPrefix(c.Title, "letter "); ok {
			if n != fmt.Sprint(next) {
				t.Fatalf("letter %s comes after letter %d", n, next-1)
			}
			next++
		}
	}
}
