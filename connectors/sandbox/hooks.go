package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// hookFailures is after how many failures in a row a platform gives up.
const hookFailures = 8

// hookRetries are Shopify's waits between attempts: eight more within four hours.
var hookRetries = []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, 45 * time.Minute, time.Hour, 69 * time.Minute}

// hook is a subscription: what is sent to which address. A platform's side
// embeds or keeps it, and asks [World.hookDown] whether it was given up.
type hook struct {
	id, store, topic, address string
	made                      time.Time
	// sign gives a delivery's headers. It is asked once for each delivery: what is
	// sent again is sent as it was.
	sign func(h *hook, id string, at time.Time, body []byte) http.Header
	// giveUp is called without any lock when the platform gives up. Nil drops the
	// subscription.
	giveUp func(h *hook)
	// once: what did not arrive is not sent again. most is after how many failures
	// in a row this platform gives up; 0 means [hookFailures].
	once bool
	most int

	failures int // guarded by hooks.mu, as is down
	down     bool
}

// Delivery is an attempt to tell somebody about a change.
type Delivery struct {
	Store string `json:"store"`
	Topic string `json:"topic"`
	// ID is the same for all attempts.
	ID      string    `json:"id"`
	Address string    `json:"address"`
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	// Lever names what was done to it: lost, duplicate, tampered, delayed, reordered.
	Lever string `json:"lever,omitempty"`
	// Status is what the receiver answered; 0 if it did not.
	Status int    `json:"status"`
	Err    string `json:"error,omitempty"`
	Body   string `json:"body"`
}

// HookLever says what goes wrong with the next deliveries of a store.
type HookLever struct {
	Store string `json:"store"`
	// Lose, Duplicate and Tamper are how many are never sent, sent twice, or
	// changed after they were signed.
	Lose      int `json:"lose,omitempty"`
	Duplicate int `json:"duplicate,omitempty"`
	Tamper    int `json:"tamper,omitempty"`
	// Reorder: so many are held back, and then sent the last one first.
	Reorder int `json:"reorder,omitempty"`
	// Delay holds each one back for so long, from now on.
	Delay time.Duration `json:"delay,omitempty"`
}

type hooks struct {
	w      *World
	client *http.Client
	ctx    context.Context // ends with the world
	end    context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	n       int64
	subs    []*hook
	levers  map[string]*HookLever
	held    map[string][]*parcel // until there are enough of them to be reordered
	queues  map[string][]*parcel // by address: in order, one at a time
	busy    map[string]bool
	done    []Delivery
	waiting int
}

// parcel is a delivery on its way.
type parcel struct {
	h       *hook
	id      string
	lever   string
	head    http.Header
	body    []byte
	attempt int
	delay   time.Duration
	lost    bool
}

func newHooks(w *World) *hooks {
	// A platform calls whatever address it was given, follows nowhere, and keeps
	// no connection: the receiver may be another process each time.
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: nil, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, DisableKeepAlives: true}}
	e := &hooks{w: w, client: client}
	e.ctx, e.end = context.WithCancel(context.Background())
	e.reset()
	return e
}

func (e *hooks) reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.subs, e.done = nil, nil
	e.levers, e.held, e.queues, e.busy = map[string]*HookLever{}, map[string][]*parcel{}, map[string][]*parcel{}, map[string]bool{}
}

// Close ends all deliveries that are under way or wait for another attempt, and
// closes the ledger's file. What is done after that is not written down.
func (w *World) Close() {
	w.hooks.end()
	w.hooks.wg.Wait()
	w.fileMu.Lock()
	defer w.fileMu.Unlock()
	if w.deeds != nil {
		if err := w.deeds.Close(); err != nil {
			w.log.Error("the ledger's file could not be closed", "err", err)
		}
		w.deeds = nil
	}
}

// add keeps a subscription and gives it an id.
func (e *hooks) add(h *hook) *hook {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	h.id = orElse(h.id, strconv.FormatInt(1017199254741000+e.n, 10))
	h.made = e.w.now()
	e.subs = append(e.subs, h)
	return h
}

// of are the subscriptions of a store, for a topic or, if that is empty, for all.
func (e *hooks) of(store, topic string) (theirs []*hook) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.subs {
		if h.store == store && (topic == "" || h.topic == topic) {
			theirs = append(theirs, h)
		}
	}
	return theirs
}

// drop forgets a subscription, and tells whether there was one.
func (e *hooks) drop(store, id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.subs)
	e.subs = slices.DeleteFunc(e.subs, func(h *hook) bool { return h.store == store && h.id == id })
	return len(e.subs) < n
}

// hookDown tells whether the platform gave a subscription up.
func (w *World) hookDown(h *hook) bool {
	w.hooks.mu.Lock()
	defer w.hooks.mu.Unlock()
	return h.down
}

// deliver sends a body to a subscriber. It returns at once, and may be called
// while a store's lock is held. It gives the delivery's id.
func (w *World) deliver(h *hook, body []byte) string {
	e := w.hooks
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	p := &parcel{h: h, id: newID(), body: body}
	p.head = h.sign(h, p.id, w.now(), body)
	if h.down || e.ctx.Err() != nil {
		return p.id
	}
	l := e.levers[h.store]
	if l == nil {
		e.put(p)
		return p.id
	}
	p.delay = l.Delay
	switch {
	case l.Lose > 0:
		l.Lose--
		p.lever, p.lost = "lost", true
	case l.Tamper > 0:
		l.Tamper--
		p.lever, p.body = "tampered", append(slices.Clone(body), ' ')
		if i := bytes.IndexByte(body, '"'); i >= 0 { // inside, so that it stays JSON
			p.body = append(append(slices.Clone(body[:i+1]), 'x'), body[i+1:]...)
		}
	case l.Duplicate > 0:
		l.Duplicate--
		twin := *p
		twin.lever = "duplicate"
		e.put(p)
		p = &twin
	case l.Delay > 0:
		p.lever = "delayed"
	}
	if l.Reorder > 0 {
		l.Reorder--
		p.lever = orElse(p.lever, "reordered")
		e.held[h.store] = append(e.held[h.store], p)
		if l.Reorder == 0 {
			slices.Reverse(e.held[h.store])
			for _, x := range e.held[h.store] {
				e.put(x)
			}
			delete(e.held, h.store)
		}
		return p.id
	}
	e.put(p)
	return p.id
}

// newID is a random UUID: deliveries of two runs of a world must not share one.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// put queues a parcel, and sets somebody to work on its address. The caller
// holds the lock.
func (e *hooks) put(p *parcel) {
	a := p.h.store + " " + p.h.address
	e.queues[a] = append(e.queues[a], p)
	e.waiting++
	if e.busy[a] || e.ctx.Err() != nil {
		return
	}
	e.busy[a] = true
	e.wg.Add(1)
	go func() {
		defer e.wg.Done()
		e.work(a)
	}()
}

// work sends what is for an address until nothing is left.
func (e *hooks) work(address string) {
	for {
		e.mu.Lock()
		q := e.queues[address]
		if len(q) == 0 || e.ctx.Err() != nil {
			delete(e.queues, address)
			delete(e.busy, address)
			e.waiting -= len(q)
			e.mu.Unlock()
			return
		}
		p := q[0]
		e.queues[address] = q[1:]
		e.mu.Unlock()
		if p.delay > 0 {
			wait(e.ctx, p.delay)
		}
		e.send(p)
		e.mu.Lock()
		e.waiting--
		e.mu.Unlock()
	}
}

func (e *hooks) send(p *parcel) {
	p.attempt++
	d := Delivery{Store: p.h.store, Topic: p.h.topic, ID: p.id, Address: p.h.address, Attempt: p.attempt, At: e.w.now(), Lever: p.lever, Body: string(p.body)}
	if !p.lost {
		status, err := e.post(p)
		if d.Status = status; err != nil {
			d.Err = err.Error()
		}
	}
	ok := p.lost || d.Status >= 200 && d.Status < 300
	e.mu.Lock()
	if e.done = append(e.done, d); len(e.done) > 10000 {
		e.done = slices.Clone(e.done[5000:])
	}
	gone := false
	switch retries := e.w.o.HookRetries; {
	case ok && !p.lost:
		p.h.failures = 0
	case !ok:
		p.h.failures++
		if gone = p.h.failures >= orElse(p.h.most, hookFailures) && !p.h.down; gone {
			p.h.down = true
		}
		if p.attempt <= len(retries) && !p.h.down && !p.h.once {
			e.later(p, retries[p.attempt-1])
		}
	}
	e.mu.Unlock()
	if gone {
		e.w.log.Info("a subscription was given up", "store", p.h.store, "topic", p.h.topic)
		if p.h.giveUp != nil {
			p.h.giveUp(p.h)
		} else {
			e.drop(p.h.store, p.h.id)
		}
	}
}

// later sends a parcel again after a while. The caller holds the lock.
func (e *hooks) later(p *parcel, d time.Duration) {
	again := *p
	again.delay = 0
	e.wg.Add(1)
	e.waiting++
	go func() {
		defer e.wg.Done()
		on := wait(e.ctx, d)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.waiting--
		if on && !again.h.down {
			e.put(&again)
		}
	}()
}

func (e *hooks) post(p *parcel) (int, error) {
	req, err := http.NewRequestWithContext(e.ctx, http.MethodPost, p.h.address, bytes.NewReader(p.body))
	if err != nil {
		return 0, fmt.Errorf("deliver: %w", err)
	}
	req.Header = p.head.Clone()
	if req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := e.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("deliver: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	_ = res.Body.Close()
	return res.StatusCode, nil
}

// Hooks sets what goes wrong with the next deliveries of a store.
func (w *World) Hooks(l HookLever) error {
	if _, err := w.store(l.Store); err != nil {
		return err
	}
	e := w.hooks
	e.mu.Lock()
	defer e.mu.Unlock()
	e.levers[l.Store] = &l
	if l.Reorder == 0 {
		for _, p := range e.held[l.Store] {
			e.put(p)
		}
		delete(e.held, l.Store)
	}
	return nil
}

// Deliveries are the attempts to tell somebody about a change, oldest first:
// the last several thousand of them.
func (w *World) Deliveries() []Delivery {
	w.hooks.mu.Lock()
	defer w.hooks.mu.Unlock()
	return append([]Delivery{}, w.hooks.done...)
}

// Undelivered is how many deliveries are on their way or wait for another attempt.
func (w *World) Undelivered() int {
	w.hooks.mu.Lock()
	defer w.hooks.mu.Unlock()
	return w.hooks.waiting
}

// Subscriptions are the addresses that a store's news goes to, by topic.
func (w *World) Subscriptions(store string) map[string][]string {
	out := map[string][]string{}
	for _, h := range w.hooks.of(store, "") {
		out[h.topic] = append(out[h.topic], h.address)
	}
	return out
}

// Unsubscribe makes the platform forget all subscriptions of a store, as it does
// after too many failures.
func (w *World) Unsubscribe(store string) {
	for _, h := range w.hooks.of(store, "") {
		if h.giveUp != nil {
			w.hooks.mu.Lock()
			h.down = true
			w.hooks.mu.Unlock()
			h.giveUp(h)
			continue
		}
		w.hooks.drop(store, h.id)
	}
}
