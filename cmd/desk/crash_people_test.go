package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// crowd is everybody who is alive while the desk is not: the people in the chats
// and the buyers. It remembers what it did, for the counts.
type crowd struct {
	t    *testing.T
	w    *elsewhere
	d    *herd
	cara caraBrowser
	next atomic.Int64

	mu      sync.Mutex
	seen    map[chatPlace][]sight
	changed chan struct{}
	watched []chatPlace

	// What was done, by mark. A value tells how often it had to be done.
	refunds  map[string]*refundDone
	letters  map[string]*letterDone
	replies  map[string]*replyDone
	notes    map[string]*noteDone
	private  map[string]*privateDone
	runs     int
	commands map[string]bool // Slack's trigger ids of slash commands
	said     map[string]bool // "channel:ts" of what was written in Slack
	pressed  map[string]bool // what the console took
}

type refundDone struct {
	store, order string
	total        int64 // in minor units
	asked        int
	approved     bool
}

type letterDone struct{ store string }

type replyDone struct {
	store         string
	written, sent int
}

type noteDone struct {
	at      chatPlace
	written int
}

type privateDone struct {
	chat     int
	commands []string
}

func newPeople(t *testing.T, w *elsewhere, d *herd) *crowd {
	p := &crowd{t: t, w: w, d: d, pressed: map[string]bool{}, seen: map[chatPlace][]sight{}, changed: make(chan struct{}), refunds: map[string]*refundDone{}, letters: map[string]*letterDone{},
		replies: map[string]*replyDone{}, notes: map[string]*noteDone{}, private: map[string]*privateDone{}, commands: map[string]bool{}, said: map[string]bool{}}
	for _, both := range w.corners {
		for _, c := range both {
			p.watched = append(p.watched, c.messages, c.approvals)
		}
	}
	return p
}

// watch looks at every place again and again, as people with open windows do.
func (p *crowd) watch(ctx context.Context) {
	for ctx.Err() == nil {
		for _, at := range p.watched {
			now, err := p.w.read(at)
			if err != nil {
				if ctx.Err() == nil {
					p.t.Errorf("the chats cannot be read: %v", err)
				}
				return
			}
			p.mu.Lock()
			p.seen[at] = now
			p.mu.Unlock()
		}
		p.mu.Lock()
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		nap(ctx, 300*time.Millisecond)
	}
}

func nap(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// await waits until something that is wanted stands at a place.
func (p *crowd) await(ctx context.Context, at chatPlace, personWaits time.Duration, want func(sight) bool) (sight, bool) {
	late := time.After(personWaits)
	for {
		p.mu.Lock()
		now, changed := p.seen[at], p.changed
		p.mu.Unlock()
		for _, s := range now {
			if want(s) {
				return s, true
			}
		}
		select {
		case <-changed:
		case <-late:
			return sight{}, false
		case <-ctx.Done():
			return sight{}, false
		}
	}
}

// personWaits is how long a person waits before they do a thing again.
const personWaits = 20 * time.Second

// insist does something again and again until what it leads to is seen.
func (p *crowd) insist(ctx context.Context, do func() error, at chatPlace, want func(sight) bool) (sight, bool) {
	for ctx.Err() == nil {
		if err := do(); err != nil {
			p.t.Errorf("a person could not act: %v", err)
			return sight{}, false
		}
		if s, ok := p.await(ctx, at, personWaits, want); ok {
			return s, true
		}
	}
	return sight{}, false
}

func (p *crowd) mark(letter string) string { return fmt.Sprintf("%s%05dQ", letter, p.next.Add(1)) }

// somebody is a person in both chats.
type somebody struct {
	slack    string
	telegram int64
}

var (
	anna = somebody{annaSlack, annaTelegram}
	ben  = somebody{benSlack, benTelegram}
	li   = somebody{liSlack, liTelegram}
)

// command gives a command: in Slack with a slash, in Telegram as it is there.
func (p *crowd) command(w somebody, at chatPlace, text string) (string, error) {
	if at.slack == "" {
		return "", p.say(w, at, "", text)
	}
	var got struct{ ID string }
	err := p.w.post(p.w.slack+"/fake/command", map[string]any{"user": w.slack, "channel": at.slack, "text": text}, &got)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands[got.ID] = true
	return got.ID, err
}

// say writes something, under another message if thread is not empty.
func (p *crowd) say(w somebody, at chatPlace, thread, text string) error {
	if at.slack == "" {
		body := map[string]any{"user": map[string]any{"id": w.telegram, "first_name": w.slack}, "chat": at.telegram, "text": text}
		if thread != "" {
			var id int
			if _, err := fmt.Sscan(thread, &id); err != nil {
				return err
			}
			body["reply_to"] = id
		}
		return p.w.post(p.w.telegram+"/fake/say", body, nil)
	}
	var got struct{ ID string }
	err := p.w.post(p.w.slack+"/fake/say", map[string]any{"user": w.slack, "channel": at.slack, "thread": thread, "text": text}, &got)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said[at.slack+":"+got.ID] = true
	return err
}

// press presses a button. One that has just gone was pressed with success.
func (p *crowd) press(w somebody, at chatPlace, s sight, button string) error {
	var err error
	if at.slack != "" {
		err = p.w.post(p.w.slack+"/fake/press", map[string]any{"user": w.slack, "channel": at.slack, "ts": s.id, "button": button}, nil)
	} else {
		var id int
		if _, err := fmt.Sscan(s.id, &id); err != nil {
			return err
		}
		err = p.w.post(p.w.telegram+"/fake/press", map[string]any{"user": map[string]any{"id": w.telegram, "first_name": w.slack}, "chat": at.telegram,
			"message_id": id, "button": button}, nil)
	}
	if err != nil && strings.Contains(err.Error(), "no button") {
		return nil
	}
	return err
}

func (p *crowd) order(store string) (sandbox.OrderInfo, error) {
	total := map[string]string{"JPY": "1990"}
	for _, a := range p.w.accounts {
		if a.Name == store && total[a.Currency] == "" {
			total[a.Currency] = "19.90"
		}
	}
	var o sandbox.OrderInfo
	n := sandbox.NewOrder{Store: store, Total: "19.90", Status: "delivered"}
	for _, a := range p.w.accounts {
		if a.Name == store && total[a.Currency] != "" {
			n.Total = total[a.Currency]
		}
	}
	err := p.w.post(p.w.shops+"/control/order", n, &o)
	return o, err
}

// decide has a refund approved: by a press in a chat, by one in the console, by
// two that come together, or by two managers in two places at once.
func (p *crowd) decide(ctx context.Context, n int, at chatPlace, card sight, mark string) error {
	var both sync.WaitGroup
	defer both.Wait()
	switch n / 2 % 4 {
	case 1:
		p.cara.approve(ctx, p, mark)
		return nil
	case 2:
		both.Go(func() { p.cara.approve(ctx, p, mark) })
	case 3:
		both.Go(func() { _ = p.press(ben, at, card, "Approve") })
	}
	return p.press(ben, at, card, "Approve")
}

// refund has a refund asked for in one chat and approved in the other. On a
// platform that takes few refunds an hour the person waits for its end: after
// the last kill the desk keeps to the platform's pace, which every kill had it
// forget.
func (p *crowd) refund(ctx context.Context, n int, a sandbox.Account) {
	store, here := a.Name, n%2
	o, err := p.order(store)
	if err != nil {
		p.t.Errorf("no order: %v", err)
		return
	}
	mark := p.mark("A")
	// A part, and less than half: else the platform's own limit would hide a second one.
	part := connectors.Money{Minor: 497, Currency: a.Currency}.Decimal()
	done := &refundDone{store: store, order: o.ID, total: 1990} // of every currency here
	p.mu.Lock()
	p.refunds[mark] = done
	p.mu.Unlock()
	at := p.w.corners[store][1-here].approvals
	card, ok := p.insist(ctx, func() error {
		p.mu.Lock()
		done.asked++
		p.mu.Unlock()
		_, err := p.command(anna, p.w.ops[here], "/refund "+store+"#"+o.ID+" "+part+" damaged "+mark)
		return err
	}, at, func(s sight) bool { return s.bot && strings.Contains(s.text, mark) && s.has("Approve") })
	if !ok {
		return
	}
	_, ok = p.insist(ctx, func() error { return p.decide(ctx, n, at, card, mark) }, at,
		func(s sight) bool { return s.id == card.id && !s.has("Approve") })
	p.mu.Lock()
	done.approved = ok
	p.mu.Unlock()
	if ok && a.Platform == sandbox.Amazon {
		p.await(ctx, at, time.Hour, func(s sight) bool { return s.id == card.id && strings.Contains(s.text, "Refunded 4") })
	}
}

// phrasesOf is what buyers write and what agents answer, each in the buyer's own
// language, so that the rig needs no translator. The last one promises a time,
// which has to be looked at before it goes.
var phrasesOf = map[string][3]string{
	"de": {"Wann wird meine Bestellung geliefert? ", "Vielen Dank für Ihre Nachricht. Wir prüfen das sofort und melden uns. ",
		"Vielen Dank für Ihre Nachricht. Sie hören innerhalb von 2 Werktagen von uns. "},
	"ja": {"注文はいつ届きますか？ ", "お問い合わせありがとうございます。確認してご連絡いたします。", "お問い合わせありがとうございます。2営業日以内にご連絡いたします。"},
	"en": {"Where is my order? ", "Thank you for your message. We will look into it at once. ",
		"Thank you for your message. You will hear from us within 2 business days. "},
}

// letter has a buyer write, and an agent answer and make a note.
func (p *crowd) letter(ctx context.Context, n int, order string) {
	a := p.w.accounts[n%len(p.w.accounts)]
	here := n / len(p.w.accounts) % 2
	mark := p.mark("B")
	p.mu.Lock()
	p.letters[mark] = &letterDone{a.Name}
	p.mu.Unlock()
	if err := p.w.post(p.w.shops+"/control/message", map[string]any{"store": a.Name, "order": order, "text": phrasesOf[a.Language][0] + mark}, nil); err != nil {
		p.t.Errorf("a buyer cannot write: %v", err)
		return
	}
	at := p.w.corners[a.Name][here].messages
	card, ok := p.await(ctx, at, time.Hour, func(s sight) bool { return s.bot && strings.Contains(s.text, mark) })
	if !ok {
		return
	}
	if n%2 == 0 {
		p.annotate(ctx, at, card)
	}
	p.answer(ctx, n, a, at, card)
}

func (p *crowd) annotate(ctx context.Context, at chatPlace, card sight) {
	mark := p.mark("N")
	done := &noteDone{at: at}
	p.mu.Lock()
	p.notes[mark] = done
	p.mu.Unlock()
	p.insist(ctx, func() error {
		p.mu.Lock()
		done.written++
		p.mu.Unlock()
		return p.say(anna, at, card.id, "note: "+mark)
	}, at, func(s sight) bool { return s.bot && strings.Contains(s.text, mark) })
}

// answer answers a buyer. Every fourth answer promises a time: what is to be
// looked at is, and then it is let go.
func (p *crowd) answer(ctx context.Context, n int, a sandbox.Account, at chatPlace, card sight) {
	mark := p.mark("R")
	done := &replyDone{store: a.Name}
	p.mu.Lock()
	p.replies[mark] = done
	p.mu.Unlock()
	text, buttons := phrasesOf[a.Language][1], []string{"Send"}
	if n%4 == 3 { // in step with no shop and no chat
		text, buttons = phrasesOf[a.Language][2], []string{"Check and send", "All correct, send"}
	}
	draft, ok := p.insist(ctx, func() error {
		p.mu.Lock()
		done.written++
		p.mu.Unlock()
		return p.say(anna, at, card.id, text+mark)
	}, at, func(s sight) bool { return s.bot && strings.Contains(s.text, mark) })
	if !ok {
		return
	}
	for i, button := range buttons {
		if !draft.has(button) {
			p.t.Errorf("a draft cannot be sent by %q: %s %q", button, draft.text, draft.buttons)
			return
		}
		if i == len(buttons)-1 {
			p.mu.Lock()
			done.sent++
			p.mu.Unlock()
		}
		if draft, ok = p.insist(ctx, func() error { return p.press(anna, at, draft, button) }, at,
			func(s sight) bool { return s.id == draft.id && !s.has(button) }); !ok {
			return
		}
	}
}

// look asks for something that only the asker sees.
func (p *crowd) look(ctx context.Context, n int) {
	chat := n % 2
	store := p.w.accounts[n%len(p.w.accounts)].Name
	o, err := p.order(store)
	if err != nil {
		p.t.Errorf("no order: %v", err)
		return
	}
	mark := o.Number
	id, err := p.command(li, p.w.ops[chat], "/order "+store+"#"+o.ID)
	if err != nil {
		p.t.Errorf("a command cannot be given: %v", err)
		return
	}
	p.mu.Lock()
	p.private[mark] = &privateDone{chat: chat, commands: []string{id}}
	p.mu.Unlock()
	nap(ctx, time.Second)
}

// resync has a store read again, with a card that everybody sees.
func (p *crowd) resync(ctx context.Context, n int) {
	store := p.w.accounts[n%len(p.w.accounts)].Name
	if _, err := p.command(li, p.w.ops[n%2], "/resync "+store); err != nil {
		p.t.Errorf("a command cannot be given: %v", err)
		return
	}
	p.mu.Lock()
	p.runs++
	p.mu.Unlock()
	nap(ctx, 4*time.Second)
}

// warm has one buyer of each store write before the killing begins: where
// nothing was ever said, Telegram has no point to look from.
func (p *crowd) warm(ctx context.Context) {
	var g sync.WaitGroup
	for i, a := range p.w.accounts {
		g.Go(func() {
			p.refund(ctx, 0, a)
			p.refund(ctx, 1, a)
			if o, err := p.order(a.Name); err == nil {
				p.letter(ctx, i, o.ID)
				p.letter(ctx, i+len(p.w.accounts), o.ID)
			}
		})
	}
	g.Wait()
}

// begin starts the journeys: new ones until open ends, each to its end.
func (p *crowd) begin(all, open context.Context, running *sync.WaitGroup) {
	loop := func(workers int, pause time.Duration, one func(ctx context.Context, n int)) {
		var n atomic.Int64
		for range workers {
			running.Go(func() {
				for open.Err() == nil {
					one(all, int(n.Add(1)))
					nap(open, pause)
				}
			})
		}
	}
	for _, a := range p.w.accounts {
		workers := 3
		if a.Platform == sandbox.Amazon {
			workers = 1
		}
		loop(workers, 200*time.Millisecond, func(ctx context.Context, n int) { p.refund(ctx, n, a) })
	}
	orders := map[string][]string{}
	for _, a := range p.w.accounts {
		for range 5 {
			o, err := p.order(a.Name)
			if err != nil {
				p.t.Errorf("no order: %v", err)
				return
			}
			orders[a.Name] = append(orders[a.Name], o.ID)
		}
	}
	loop(6, 200*time.Millisecond, func(ctx context.Context, n int) {
		mine := orders[p.w.accounts[n%len(p.w.accounts)].Name]
		p.letter(ctx, n, mine[n/3%len(mine)])
	})
	loop(1, time.Second, p.look)
	loop(1, time.Second, p.resync)
}

// finish waits for the journeys to end.
func (p *crowd) finish(ctx context.Context, running *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		p.t.Error("some journeys never came to their end")
	}
}
