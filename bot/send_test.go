package bot_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"helloworld/bot"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// belated is a messenger that is busy at first. The answer to the next sending is
// lost, and it comes in only after it was looked for, right before it is again.
type belated struct {
	connectors.Connector
	connectors.OrderReader
	connectors.Inbox
	connectors.Messenger

	mu    sync.Mutex
	calls int
	came  int
	// looked is when it was looked for in vain, and waited how long until the next time.
	looked time.Time
	waited time.Duration
}

func (b *belated) Send(_ context.Context, o connectors.Outgoing) (connectors.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.calls++; b.calls {
	case 1:
		return connectors.Receipt{State: connectors.StateAbsent}, &connectors.Error{Kind: connectors.Busy, RetryAfter: 1500 * time.Millisecond}
	case 2:
		return connectors.Receipt{State: connectors.StateUnknown}, &connectors.Error{Kind: connectors.Unsure, Code: "lost"}
	}
	b.came++
	return connectors.Receipt{State: connectors.StateApplied, ID: o.Key}, nil
}

func (b *belated) SendState(_ context.Context, o connectors.Outgoing) (connectors.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.calls < 2:
		return connectors.Receipt{State: connectors.StateAbsent}, nil
	case b.looked.IsZero():
		b.looked = time.Now()
		return connectors.Receipt{State: connectors.StateAbsent}, nil
	case b.came == 0:
		b.came, b.waited = 1, time.Since(b.looked)
	}
	return connectors.Receipt{State: connectors.StateApplied, ID: o.Key}, nil
}

// TestALateMessageIsNotSentTwice: how long a lost sending may be under way counts
// from it, and not from when the message was let go, which may be long ago.
func TestALateMessageIsNotSentTwice(t *testing.T) {
	t.Parallel()
	shop := &belated{}
	settle := time.Duration(0)
	r := newRig(t, plan{stores: []string{"ebay-de"}, with: func(o *bot.Options) {
		settle = o.Policy.Settle
		s := &o.Stores[0]
		shop.Connector, shop.Messenger = s.Shop, s.Shop.(connectors.Messenger)
		shop.OrderReader, shop.Inbox = s.Shop.(connectors.OrderReader), s.Shop.(connectors.Inbox)
		s.Shop = shop
	}})
	o := r.order("ebay-de", "30.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Wo bleibt mein Paket? Ich warte schon lange darauf."})
	lina := r.english("lina")
	id := r.wrote("lina", m, inside)
	expect(t, "Send", r.desk.SendDraft(t.Context(), lina, id, ""), "")
	expect(t, "Confirm", r.desk.ConfirmDraft(t.Context(), lina, id, r.draft(id).Checking), "")
	r.is(id, bot.DraftSent)
	shop.mu.Lock()
	defer shop.mu.Unlock()
	if shop.came != 1 || shop.calls != 2 {
		t.Errorf("it came in %d times in %d calls", shop.came, shop.calls)
	}
	if shop.waited < settle {
		t.Errorf("it was looked for again after %v, and may be under way for %v", shop.waited, settle)
	}
}
