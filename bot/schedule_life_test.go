package bot_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"helloworld/bot"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

// morning is when a schedule begins: a bubble's own clock begins in a year that
// no token and no order here knows.
var morning = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// longest is how long, after the last thing that happens, a desk has to find out
// what became of it all; surely how long what can be known at all may take: the
// latest finances come after an hour.
const longest, surely = 4 * time.Hour, 100 * time.Minute

// outcomeOf is what a schedule left behind.
type outcomeOf struct {
	orders  []sandbox.OrderInfo
	refunds []bot.Payback
	ledger  []sandbox.RefundEntry
	kills   int
	calls   int
}

// live runs a schedule to its end.
func (b *bureau) live() (out outcomeOf, err error) {
	defer b.wire.stop()
	defer b.end(true)
	time.Sleep(time.Until(morning))
	for _, total := range b.plan.totals {
		m := connectors.Money{Minor: total, Currency: b.currency()}
		o, err := b.world.AddOrder(sandbox.NewOrder{Store: b.plan.store, Total: m.Decimal()})
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
			if _, err := b.world.PayBack(b.plan.store, out.orders[x.order].ID, m.Decimal()); err != nil && !errors.Is(err, sandbox.ErrBadPayBack) {
				b.t.Error(err)
			}
		})
	}
	for _, a := range b.plan.asks {
		all.Go(func() { time.Sleep(a.at); b.asks(a, out.orders[a.order]) })
		if a.twice {
			all.Go(func() { time.Sleep(a.at + a.again); b.asks(a, out.orders[a.order]) })
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
	out.kills, out.calls = int(kills.Load()), b.wire.money
	b.end(true)
	b.wire.late.Wait()
	out.ledger = b.world.Ledger().Refunds
	return out, err
}

func (b *bureau) currency() string {
	for _, x := range b.world.Accounts() {
		return x.Currency
	}
	return ""
}

// told is the key of what a person was told, if they were told something.
func told(err error) i18n.Key {
	if p, ok := i18n.AsProblem(err); ok {
		return p.Key
	}
	return ""
}

// asks is somebody who wants money given back, and insists on an answer.
func (b *bureau) asks(a ask, o sandbox.OrderInfo) {
	amount := connectors.Money{}
	if a.part > 0 {
		amount = connectors.Money{Minor: o.Total.Minor * a.part / 100, Currency: o.Total.Currency}
	}
	for range 40 {
		pause := 20 * time.Second
		if p := b.now(); p != nil {
			err := p.ask(o, amount)
			switch told(err) {
			case "preflight.in_flight":
				pause = time.Minute
			case "refund.too_much", "refund.nothing_left":
				return
			}
			if err == nil {
				return
			}
		}
		time.Sleep(pause)
	}
}

func (p *process) ask(o sandbox.OrderInfo, amount connectors.Money) error {
	by, err := p.by("lina")
	if err != nil {
		return err
	}
	s, ok := p.desk.Shop(o.Store)
	if !ok {
		return fmt.Errorf("no shop is called %s", o.Store)
	}
	return p.desk.AskRefund(context.Background(), by, bot.RefundAsk{Order: bot.OrderAt{Store: s, Order: connectors.Order{ID: o.ID, Number: o.Number}}, Amount: amount,
		Reason: connectors.ReasonDamaged})
}

// managers look at what waits for them, and press.
func (b *bureau) managers(closed <-chan struct{}, all *sync.WaitGroup) {
	pressed := map[string]bool{}
	for {
		if p := b.now(); p != nil {
			var list []bot.Payback
			waiting, err := p.waiting()
			if err == nil && waiting {
				list, err = p.refunds()
			}
			for i, r := range list {
				if err != nil || r.State != bot.RefundAsked || pressed[r.ID+r.Facts] {
					continue
				}
				pressed[r.ID+r.Facts] = true
				a := b.plan.asks[i%len(b.plan.asks)]
				for m, who := range []people.ID{"wang", "mei"} {
					presses := 1
					if a.double[m] {
						presses = 2
					}
					for range presses {
						all.Go(func() { time.Sleep(a.press[m]); b.press(who, r.ID, r.Facts, !a.deny || m == 1) })
					}
				}
			}
		}
		select {
		case <-closed:
			return
		case <-time.After(5 * time.Second):
		}
	}
}

// press is a manager who presses until the desk has understood.
func (b *bureau) press(who people.ID, id, facts string, yes bool) {
	for range 60 {
		if p := b.now(); p != nil {
			by, err := p.by(who)
			why := ""
			if !yes {
				why = "the buyer keeps it" // nobody is refused without a reason
			}
			if err == nil {
				err = p.desk.Decide(context.Background(), by, id, yes, facts, why)
			}
			if k := told(err); err == nil || len(k) > 9 && k[:9] == "approval." {
				return
			}
		}
		time.Sleep(30 * time.Second)
	}
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
		if open+doubtful == 0 && passed > 2*time.Minute || open == 0 && passed > surely || passed > longest {
			break
		}
		time.Sleep(time.Minute)
	}
	time.Sleep(2 * time.Minute) // the last cards are being painted
	return b.list()
}

// list lists the refunds as soon as a desk runs that knows them.
func (b *bureau) list() ([]bot.Payback, error) {
	for {
		if p := b.now(); p != nil {
			list, err := p.refunds()
			if !errors.Is(err, store.ErrClosed) {
				return list, err
			}
		}
		time.Sleep(time.Second)
	}
}

// ended: nothing more will happen to a refund in this state.
func ended(s bot.RefundState) bool {
	return slices.Contains([]bot.RefundState{bot.RefundConfirmed, bot.RefundDenied, bot.RefundExpired, bot.RefundRejected, bot.RefundFailed}, s)
}
