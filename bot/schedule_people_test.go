package bot_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// askPerson is what the desk writes down where it asks a person.
const askPerson = "ask_person"

// rooms are where people sit: who asks, and one of the managers, in one chat, the
// other manager in the other.
var rooms = map[people.ID]string{"lina": "hall", "wang": "hall", "mei": "yard"}

// says brings what somebody says to the desk as a chat does: until it is taken,
// and now and then once more.
func (b *bureau) says(who people.ID, key, text string, echo bool) {
	e := chat.Event{Key: key, Kind: chat.Said, At: time.Now(), Place: chat.Place{Chat: rooms[who], Channel: "approvals"}, Account: chat.Account{ID: string(who)}, Text: text, Addressed: true}
	deliver := func() {
		for range 200 {
			if p := b.now(); p != nil && p.desk.Handle(context.Background(), e) == nil {
				return
			}
			time.Sleep(10 * time.Second)
		}
		b.t.Errorf("%q was never taken", text)
	}
	deliver()
	if echo {
		time.Sleep(time.Duration(len(key)%3) * 7 * time.Second)
		deliver()
	}
}

// answer waits for what the desk says to an event.
func (b *bureau) answer(key string) (err error, known bool) {
	heed := cmp.Or(b.heed, 2*time.Second)
	for until := time.Now().Add(5 * time.Minute); time.Now().Before(until); {
		b.mu.Lock()
		err, known = b.heard[key]
		b.mu.Unlock()
		if known {
			break
		}
		time.Sleep(heed)
	}
	return err, known
}

// route takes an event to what it asks for, as the router does: what it changes is
// committed with the end of its job, and what is refused is said.
func (b *bureau) route(ctx context.Context, p *process, j jobs.Job[bot.EventArgs]) error {
	e := j.Args.Event
	id := people.ID(e.Account.ID)
	if b.casts != nil && strings.HasPrefix(e.Text, "yes ") {
		id = b.casts(id)
	}
	who, ok := p.staff.Get(ctx, id)
	if !ok {
		return fmt.Errorf("nobody is called %s", id)
	}
	err := b.does(ctx, p, bot.Deed{Who: who, P: i18n.For(language.English), Event: e, Finish: j.Done})
	if _, sentence := i18n.AsProblem(err); err != nil && !sentence {
		return err
	}
	if err != nil {
		if err := p.db.Write(ctx, func(tx *store.Tx) error { return j.Done(tx) }); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard[e.Key] = err
	return nil
}

// does what the words of an event say: "ask 2", "yes R1 FACTS", "no R1 FACTS",
// "happened R1", "not R1".
func (b *bureau) does(ctx context.Context, p *process, by bot.Deed) error {
	words := strings.Fields(by.Event.Text)
	switch words[0] {
	case "ask":
		n, err := strconv.Atoi(words[1])
		if err != nil {
			return err
		}
		return b.wants(ctx, p, by, b.plan.asks[n])
	case "yes":
		return p.desk.Decide(ctx, by, words[1], true, words[2], "")
	case "no":
		return p.desk.Decide(ctx, by, words[1], false, words[2], "the buyer keeps it")
	}
	return p.desk.SettleRefund(ctx, by, words[1], words[0] == "happened")
}

func (b *bureau) wants(ctx context.Context, p *process, by bot.Deed, a ask) error {
	o := b.orders[a.order]
	s, ok := p.desk.Shop(o.Store)
	if !ok {
		return fmt.Errorf("no shop is called %s", o.Store)
	}
	what := bot.RefundAsk{Order: bot.OrderAt{Store: s, Order: connectors.Order{ID: o.ID, Number: o.Number}}, Reason: connectors.ReasonDamaged}
	switch {
	case a.line > 0 || a.shipping:
		q, err := p.desk.QuoteFor(ctx, s, o.ID)
		if err != nil {
			return err
		}
		parts := bot.RefundParts{Shipping: a.shipping}
		if a.line > 0 {
			parts.Lines = []bot.LinePick{{N: a.line, Quantity: 1}}
		}
		if err := what.Reckon(q, parts); err != nil {
			return err
		}
	case a.part > 0:
		what.Amount = connectors.Money{Minor: o.Total.Minor * a.part / 100, Currency: o.Total.Currency}
	}
	return p.desk.AskRefund(ctx, by, what)
}

// told is the key of what a person was told, if they were told something.
func told(err error) i18n.Key {
	if p, ok := i18n.AsProblem(err); ok {
		return p.Key
	}
	return ""
}

// asks is somebody who wants money given back, and insists until the desk has
// understood or says that there is nothing to give.
func (b *bureau) asks(n int, name string) {
	a := b.plan.asks[n]
	for try := range 40 {
		key := fmt.Sprintf("ask/%d/%s/%d", n, name, try)
		b.mu.Lock()
		b.asked++
		b.mu.Unlock()
		b.says("lina", key, fmt.Sprint("ask ", n), a.echo)
		err, known := b.answer(key)
		pause := 20 * time.Second
		switch k := told(err); {
		case known && err == nil:
			return
		case k == "preflight.in_flight":
			pause = time.Minute
		case strings.HasPrefix(string(k), "refund."), k != "" && strings.HasPrefix(string(k), "preflight."):
			return
		}
		time.Sleep(pause)
	}
}

// managers look at what waits for them, and press.
func (b *bureau) managers(closed <-chan struct{}, all *sync.WaitGroup) {
	pressed := map[string]bool{}
	for {
		var list []bot.Payback
		if p := b.now(); p != nil {
			waiting, err := p.waiting()
			if err == nil && waiting {
				list, err = p.refunds()
			}
			if err != nil {
				list = nil // it went down
			}
		}
		for i, r := range list {
			if r.State == bot.RefundUnknown && r.Error == askPerson && b.plan.byHand && !pressed["by hand "+r.ID] {
				pressed["by hand "+r.ID] = b.finds(r, all)
			}
			if r.State != bot.RefundAsked || pressed[r.ID+r.Facts] {
				continue
			}
			pressed[r.ID+r.Facts] = true
			a := b.plan.asks[i%len(b.plan.asks)]
			if a.own {
				all.Go(func() { time.Sleep(time.Second); b.press("lina", r, "yes", a.echo, 0) })
			}
			if a.ignored {
				continue
			}
			for m, who := range []people.ID{"wang", "mei"} {
				if a.lonely && m == 1 {
					continue
				}
				word := "yes"
				if a.deny && m == 0 {
					word = "no"
				}
				all.Go(func() { time.Sleep(a.press[m]); b.press(who, r, word, a.echo, 1) })
				if a.double[m] {
					all.Go(func() { time.Sleep(a.press[m]); b.press(who, r, word, a.echo, 2) })
				}
			}
		}
		pause := 5 * time.Second
		if passed := time.Since(morning); passed > longest {
			pause = 10 * time.Minute
		} else if passed > 15*time.Minute {
			pause = time.Minute
		}
		select {
		case <-closed:
			return
		case <-time.After(pause):
		}
	}
}

// finds is a manager who was asked and looks in the back office. That nothing is
// there can be said only once nothing can come any more.
func (b *bureau) finds(r bot.Payback, all *sync.WaitGroup) bool {
	word := "not"
	for _, e := range b.world.Ledger().Refunds {
		if e.Key == r.Key || strings.Contains(e.Note, r.Key) {
			word = "happened"
		}
	}
	if word == "not" && (!b.mended.Load() || time.Since(morning) < time.Hour) {
		return false
	}
	all.Go(func() { b.press("mei", r, word, false, 1) })
	return true
}

// press is somebody who presses until the desk has understood. Each finger of
// theirs presses for itself.
func (b *bureau) press(who people.ID, r bot.Payback, word string, echo bool, finger int) {
	if word == "yes" {
		b.mu.Lock()
		card := r.ID + r.Facts
		if b.yes[card] == nil {
			b.yes[card] = map[people.ID]bool{}
		}
		b.yes[card][who] = true
		b.mu.Unlock()
	}
	for try := range 60 {
		key := fmt.Sprintf("%s/%s/%s/%s/%d/%d", word, r.ID, r.Facts, who, finger, try)
		b.says(who, key, word+" "+r.ID+" "+r.Facts, echo)
		err, known := b.answer(key)
		if k := string(told(err)); known && (err == nil || strings.HasPrefix(k, "approval.") || strings.HasPrefix(k, "settle.")) {
			return
		}
		time.Sleep(30 * time.Second)
	}
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
