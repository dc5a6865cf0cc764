package bot_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

// onTheWay is what a refund passed after a manager's press: how long until the
// platform was called, how long from its answer until the card said so, and how
// many calls there were before the one that mattered.
type onTheWay struct {
	call, card time.Duration
	calls      int
}

// rush asks for a refund of all of an order, has it approved, and watches.
func (b *bureau) rush(n int) (w onTheWay) {
	b.t.Helper()
	b.says("lina", fmt.Sprintf("ask/%d", n), fmt.Sprint("ask ", n), false)
	if err, known := b.answer(fmt.Sprintf("ask/%d", n)); err != nil || !known {
		b.t.Fatal(err, known)
	}
	list, err := b.now().refunds()
	if err != nil {
		b.t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(r bot.Payback) bool { return r.Order == b.orders[n].ID || plainID(r.Order) == b.orders[n].ID })
	r := list[i]
	var mu sync.Mutex
	var called, answered time.Time
	b.wire.mu.Lock()
	before := b.wire.calls
	b.wire.onMoney = func(_ int, done bool) {
		mu.Lock()
		defer mu.Unlock()
		if done {
			answered = time.Now()
		} else {
			called = time.Now()
			b.wire.mu.Lock()
			w.calls = b.wire.calls - before - 1
			b.wire.mu.Unlock()
		}
	}
	b.wire.mu.Unlock()
	// eBay's answer is that it is being worked on.
	var titles []string
	for _, s := range []bot.RefundState{bot.RefundConfirmed, bot.RefundAccepted} {
		titles = append(titles, i18n.For(language.English).T(i18n.Key("refund.title."+string(s)), "amount", r.Body.Cmd.Amount.String(), "n", 1))
	}
	pressed := time.Now()
	b.says("wang", fmt.Sprintf("yes/%d", n), "yes "+r.ID+" "+r.Facts, false)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if slices.ContainsFunc(b.hall.said("approvals"), func(c chat.Card) bool { return slices.Contains(titles, c.Title) && c.Parts[0].Fields[0].Value == r.ID }) {
			break
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s is not there after a minute", r.ID)
		}
	}
	shown := time.Now()
	mu.Lock()
	defer mu.Unlock()
	w.call, w.card = called.Sub(pressed), shown.Sub(answered)
	return w
}

// line makes orders that each are to be refunded as a whole.
func (b *bureau) line(n int) {
	b.t.Helper()
	for i := range n {
		o, err := b.world.AddOrder(sandbox.NewOrder{Store: b.plan.store, Total: connectors.Money{Minor: int64(1000 + i), Currency: b.currency()}.Decimal()})
		if err != nil {
			b.t.Fatal(err)
		}
		b.orders = append(b.orders, o)
		b.plan.asks = append(b.plan.asks, ask{order: i})
	}
}

// TestAPressGoesStraightToThePlatform: in virtual time, in which only waiting
// takes any, a press is the platform's call and its answer the card's at once.
// Nothing is polled for and no pause stands in between; what is read before money
// moves is so many calls and not more.
func TestAPressGoesStraightToThePlatform(t *testing.T) {
	t.Parallel()
	file, err := freshDesk()
	if err != nil {
		t.Fatal(err)
	}
	words, err := noWords()
	if err != nil {
		t.Fatal(err)
	}
	// The order when it is pressed, the order right before it is sent, and what an
	// adapter looks up for itself.
	for store, most := range map[string]int{"ebay-de": 3, "shopify-main": 6, "woo-eu": 5} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(morning))
				b := newBureau(t, schedule{seed: 1, store: store, votes: 1, settle: -1}, file, words)
				defer b.wire.stop()
				defer b.end(true)
				b.wire.still = true
				b.line(3)
				if err := b.begin(); err != nil {
					t.Fatal(err)
				}
				for n := range b.orders {
					w := b.rush(n)
					if w.call > 0 || w.card > 5*time.Millisecond || w.calls > most {
						t.Errorf("%d: waited %v before the call and %v before the card, with %d calls before", n, w.call, w.card, w.calls)
					}
				}
			})
		})
	}
}

// spent is an adapter whose third look at an order, and so many after it, have to
// wait for their turn.
type spent struct {
	connectors.Refunder
	n *atomic.Int32
}

func (a spent) Quote(ctx context.Context, order string) (connectors.Quote, error) {
	if n := a.n.Add(1); n == 3 || n == 4 {
		return connectors.Quote{}, &connectors.Error{Kind: connectors.Busy, Code: "budget", RetryAfter: time.Duration(n) * 30 * time.Second}
	}
	return a.Refunder.Quote(ctx, order)
}

// TestARefundThatWaitsSaysUntilWhen: where the platform's budget is not free when
// the order is looked at for the last time, the row says when it is tried again,
// each time anew, and then it goes out.
func TestARefundThatWaitsSaysUntilWhen(t *testing.T) {
	t.Parallel()
	file, err := freshDesk()
	if err != nil {
		t.Fatal(err)
	}
	words, err := noWords()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(morning))
		b := newBureau(t, schedule{seed: 1, store: "ebay-de", votes: 1, settle: -1}, file, words)
		defer b.wire.stop()
		defer b.end(true)
		var n atomic.Int32
		b.wire.still, b.wrap = true, func(r connectors.Refunder) connectors.Refunder { return spent{r, &n} }
		b.line(1)
		if err := b.begin(); err != nil {
			t.Fatal(err)
		}
		b.says("lina", "ask", "ask 0", false)
		if err, known := b.answer("ask"); err != nil || !known {
			t.Fatal(err, known)
		}
		now := func() bot.Payback {
			list, err := b.now().refunds()
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return list[0]
		}
		r := now()
		b.says("wang", "yes", "yes "+r.ID+" "+r.Facts, false)
		pressed := time.Now()
		for _, due := range []time.Duration{90 * time.Second, 210 * time.Second} {
			time.Sleep(10 * time.Second)
			if r := now(); r.State != bot.RefundApproved || r.Due.Sub(pressed).Round(time.Second) != due {
				t.Errorf("%s (%s), due %v after the press, want %v", r.State, r.Error, r.Due.Sub(pressed), due)
			}
			time.Sleep(time.Until(pressed.Add(due)))
		}
		time.Sleep(time.Minute)
		if r := now(); r.State != bot.RefundConfirmed || !r.Due.IsZero() {
			t.Errorf("%s (%s), due %v", r.State, r.Error, r.Due)
		}
	})
}

// BenchmarkApproved has refunds approved one after another over a real network and
// a real database, with the platform's budget free: from the press until the call
// that moves the money, and from its answer until the card says so.
func BenchmarkApproved(b *testing.B) {
	sqlite := func(*testing.B) string { return "" }
	postgres := func(b *testing.B) string { return storetest.PostgresURL(b) }
	for _, x := range []struct {
		name, store string
		url         func(*testing.B) string
		replicas    int
	}{
		{"sqlite/shopify", "shopify-main", sqlite, 1},
		{"sqlite/ebay", "ebay-de", sqlite, 1},
		{"postgres/shopify/replicas=3", "shopify-main", postgres, 3},
	} {
		b.Run(x.name, func(b *testing.B) {
			var calls, cards []time.Duration
			for b.Loop() {
				for _, w := range rushes(b, x.store, x.url(b), x.replicas, 100) {
					calls, cards = append(calls, w.call), append(cards, w.card)
				}
			}
			for name, list := range map[string][]time.Duration{"call": calls, "card": cards} {
				slices.Sort(list)
				for _, p := range []int{50, 95} {
					b.ReportMetric(float64(list[len(list)*p/100].Microseconds())/1000, fmt.Sprintf("%s-p%d-ms", name, p))
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// rushes is so many refunds at a desk of so many replicas.
func rushes(t testing.TB, storeID, url string, replicas, n int) (out []onTheWay) {
	t.Helper()
	file, err := freshDesk()
	if err != nil {
		t.Fatal(err)
	}
	words, err := noWords()
	if err != nil {
		t.Fatal(err)
	}
	b := newBureau(t, schedule{seed: 1, store: storeID, votes: 1, settle: -1}, file, words)
	defer b.wire.stop()
	srv := httptest.NewServer(b.wire)
	defer srv.Close()
	var d net.Dialer
	b.wire.still, b.wire.dial = true, func(ctx context.Context) (net.Conn, error) {
		return d.DialContext(ctx, "tcp", srv.Listener.Addr().String())
	}
	if url != "" {
		b.path, b.poll = url, time.Second
		ctx := context.Background()
		db, err := store.Open(ctx, url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		staff, err := people.Open(ctx, db, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if err := hire(ctx, db, staff); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b.line(n)
	b.heed = time.Millisecond
	var running []*process
	for range replicas {
		if err := b.begin(); err != nil {
			t.Fatal(err)
		}
		running = append(running, b.now())
	}
	for i := range n {
		b.desk = running[i%replicas]
		out = append(out, b.rush(i))
	}
	for _, p := range running {
		b.desk = p
		b.end(true)
	}
	return out
}
