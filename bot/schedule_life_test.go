package bot_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"helloworld/bot"
	"helloworld/bot/people"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// morning is when a schedule begins: a bubble's own clock begins in a year that
// no token and no order here knows.
var morning = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// longest is how long, after the last thing that happens, a desk has to find out
// what became of it all; surely how long what can be known at all may take: the
// latest finances come an hour after a feed that took forty minutes.
const longest, surely = 4 * time.Hour, 140 * time.Minute

// untilRenewed is the same where eBay refuses for now and says not until when:
// that is the day's quota, which is renewed at midnight in California.
const untilRenewed = 26 * time.Hour

// outcomeOf is what a schedule left behind.
type outcomeOf struct {
	orders  []sandbox.OrderInfo
	refunds []bot.Payback
	ledger  []sandbox.RefundEntry
	kills   int
	// asked counts the commands, yes is who pressed it on which card; sent is what
	// reached the adapter; office are the ids of what was paid by hand.
	asked  int
	yes    map[string]map[people.ID]bool
	sent   []sending
	office map[string]bool
	lag    time.Duration
}

// live runs a schedule to its end.
func (b *bureau) live() (out outcomeOf, err error) {
	defer b.wire.stop()
	defer b.end(true)
	time.Sleep(time.Until(morning))
	for _, total := range b.plan.totals {
		of := func(percent int64) string {
			return connectors.Money{Minor: total * percent / 100, Currency: b.currency()}.Decimal()
		}
		x := sandbox.NewOrder{Store: b.plan.store, Total: of(100)}
		if b.plan.rich {
			x.Shipping, x.Quantity, x.More = of(10), 2, []sandbox.NewLine{{Title: "tea", Total: of(50)}}
		}
		o, err := b.world.AddOrder(x)
		if err != nil {
			return out, err
		}
		out.orders = append(out.orders, o)
	}
	for _, lever := range b.plan.jam {
		if err := b.world.Jam(b.plan.store, lever, 1); err != nil {
			return out, err
		}
	}
	if err := b.begin(); err != nil {
		return out, err
	}
	var all sync.WaitGroup
	var kills atomic.Int32
	die := func(k kill) {
		if !b.end(k.gently) {
			return // nobody is alive
		}
		kills.Add(1)
		all.Go(func() {
			time.Sleep(k.rest)
			if err := b.begin(); err != nil {
				b.t.Errorf("beginning again: %v", err)
			}
		})
	}
	b.wire.onMoney = func(n int, answered bool) {
		for _, k := range b.plan.kills {
			if k.call == n && k.answered == answered {
				die(k)
			}
		}
	}
	for _, k := range b.plan.kills {
		if k.call == 0 {
			all.Go(func() { time.Sleep(k.at); die(k) })
		}
	}
	for _, f := range b.plan.faults {
		all.Go(func() {
			time.Sleep(f.at)
			if err := b.world.Fail(b.plan.store, f.op, f.kind, f.times); err != nil {
				b.t.Error(err)
			}
		})
	}
	if b.plan.release > 0 {
		all.Go(func() {
			time.Sleep(b.plan.release)
			if err := b.world.Release(b.plan.store); err != nil {
				b.t.Error(err)
			}
		})
	}
	for _, x := range b.plan.office {
		all.Go(func() {
			time.Sleep(x.at)
			m := out.orders[x.order].Total
			m.Minor = m.Minor * x.part / 100
			e, err := b.world.PayBack(b.plan.store, out.orders[x.order].ID, m.Decimal())
			if err != nil && !errors.Is(err, sandbox.ErrBadPayBack) {
				b.t.Error(err)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.office[e.ID] = true
		})
	}
	b.orders = out.orders
	for i, a := range b.plan.asks {
		all.Go(func() { time.Sleep(a.at); b.asks(i, "first") })
		if a.twice {
			all.Go(func() { time.Sleep(a.at + a.again); b.asks(i, "again") })
		}
	}
	closed := make(chan struct{})
	var managers sync.WaitGroup
	managers.Go(func() { b.managers(closed, &managers) })
	all.Wait()
	out.refunds, err = b.quiet()
	close(closed)
	managers.Wait()
	all.Wait() // a desk that ended at its very last call
	out.kills = int(kills.Load())
	b.end(true)
	b.wire.late.Wait()
	out.asked, out.yes, out.sent, out.office, out.lag = b.asked, b.yes, b.calls, b.office, b.plan.lag
	out.ledger = b.world.Ledger().Refunds
	return out, err
}

func (b *bureau) currency() string {
	for _, x := range b.world.Accounts() {
		return x.Currency
	}
	return ""
}

// quiet waits until nothing more is going to happen, and lists how it ended.
func (b *bureau) quiet() (list []bot.Payback, err error) {
	began := time.Now()
	mended := false
	for {
		if !mended && time.Since(began) > 20*time.Minute {
			mended = true
			if err := b.world.Mend(b.plan.store); err != nil {
				return nil, err
			}
			b.mended.Store(true)
		}
		if list, err = b.list(); err != nil {
			return nil, err
		}
		passed, open, doubtful := time.Since(began), 0, 0
		for _, r := range list {
			switch {
			case r.State == bot.RefundAccepted, r.State == bot.RefundUnknown:
				doubtful++
			case !ended(r.State):
				open++
			}
		}
		sure, last, pause := surely, longest, time.Minute
		if b.plan.mute && b.plan.store == "ebay-de" {
			sure, last = untilRenewed, untilRenewed
		}
		if open+doubtful == 0 && passed > 2*time.Minute || open == 0 && passed > sure || passed > last {
			break
		}
		if passed > longest {
			pause = 10 * time.Minute
		}
		time.Sleep(pause)
	}
	time.Sleep(2 * time.Minute) // the last cards are being painted
	return b.list()
}

// ended: nothing more will happen to a refund in this state.
func ended(s bot.RefundState) bool {
	return slices.Contains([]bot.RefundState{bot.RefundConfirmed, bot.RefundDenied, bot.RefundExpired, bot.RefundRejected, bot.RefundFailed}, s)
}
