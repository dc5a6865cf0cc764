package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"helloworld/bot/chat"
)

// The loop's numbers: updates asked for at once (Telegram's most), people heard
// at once, and the longest wait after trouble.
const (
	batch      = 100
	hands      = 32
	longest    = 5 * time.Second
	conflicted = 3 * time.Second
)

// wanted are the updates asked for.
var wanted = []string{"message", "edited_message", "callback_query"}

// poller is one run of the loop.
type poller struct {
	t      *Transport
	h      chat.Handler
	offset int64
	// done are updates above the offset that need not be handed over again.
	mu   sync.Mutex
	done map[int64]bool
}

// Run polls until ctx ends. It returns early only if the token is refused.
func (t *Transport) Run(ctx context.Context, h chat.Handler) error {
	p := &poller{t: t, h: h, done: map[int64]bool{}}
	defer t.finish()
	var wait time.Duration
	for t.me.Load() == nil {
		_, err := t.getMe(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil
		}
		if chat.KindOf(err) == chat.Denied {
			return err
		}
		wait = t.after(err, wait)
		t.log.Warn("telegram does not answer yet", "err", err, "again_in", wait)
		pause(ctx, wait)
	}
	wait = 0
	for ctx.Err() == nil {
		updates, err := p.fetch(ctx)
		if err == nil {
			if p.work(ctx, updates) {
				wait = 0
				continue
			}
			wait = longer(wait)
			pause(ctx, wait)
			continue
		}
		if ctx.Err() != nil {
			break
		}
		switch {
		case chat.KindOf(err) == chat.Denied:
			t.log.Error("telegram refuses the token", "err", err)
			return err
		case says(err, "webhook is active"):
			t.log.Warn("a webhook is set for this bot; it is taken away, since the desk polls")
			if err := t.api.call(ctx, "deleteWebhook", nil, nil); err != nil {
				t.log.Warn("the webhook could not be taken away", "err", err)
				pause(ctx, conflicted)
			}
			continue
		case says(err, "terminated by other getupdates"):
			wait = conflicted
			t.log.Error("another program polls with this bot's token: only one may", "again_in", wait)
		default:
			wait = t.after(err, wait)
			t.log.Warn("no news from telegram", "err", err, "again_in", wait)
		}
		pause(ctx, wait)
	}
	// Whoever ends us for a reason of their own has perhaps let another poll by now.
	if errors.Is(context.Cause(ctx), context.Canceled) {
		p.confirm()
	}
	return nil
}

// finish ends what is still under way: presses are answered, so that no
// client is left with a spinner.
func (t *Transport) finish() {
	t.answers.flush()
}

// after is how long to wait after err.
func (t *Transport) after(err error, last time.Duration) time.Duration {
	var e *chat.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	return longer(last)
}

func longer(d time.Duration) time.Duration {
	return min(max(2*d, 100*time.Millisecond), longest)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

type getUpdates struct {
	Offset  int64    `json:"offset,omitempty"`
	Limit   int      `json:"limit"`
	Timeout int      `json:"timeout"`
	Allowed []string `json:"allowed_updates,omitempty"`
}

func (p *poller) fetch(ctx context.Context) ([]json.RawMessage, error) {
	seconds := max(1, int(p.t.cfg.PollTimeout/time.Second))
	body, err := json.Marshal(getUpdates{Offset: p.offset, Limit: batch, Timeout: seconds, Allowed: wanted})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+callTimeout)
	defer cancel()
	var out []json.RawMessage
	err = p.t.api.send(ctx, "getUpdates", "application/json", body, &out)
	return out, err
}

// confirm tells Telegram what was handled last, so that the next run does not
// hear it again. It is a courtesy: events have keys.
func (p *poller) confirm() {
	if p.offset == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	body, err := json.Marshal(getUpdates{Offset: p.offset, Limit: 1, Allowed: wanted})
	if err == nil {
		err = p.t.api.send(ctx, "getUpdates", "application/json", body, nil)
	}
	if err != nil {
		p.t.log.Debug("the last updates will be heard again", "err", err)
	}
}

// work hands a batch over and moves the offset past what was written down.
// False means that something has to be handed over again.
func (p *poller) work(ctx context.Context, raw []json.RawMessage) bool {
	var all []*update
	lanes := map[string][]*update{}
	var order []string
	for _, r := range raw {
		u, err := decode(r)
		if err != nil {
			p.t.log.Error("an update cannot be read and is passed over", "update", u.ID, "err", err)
			if u.ID == 0 {
				continue
			}
			u = &update{ID: u.ID}
		}
		all = append(all, u) // one below the offset came twice, and is heard twice
		if p.isDone(u.ID) {
			continue
		}
		k := u.lane()
		if lanes[k] == nil {
			order = append(order, k)
		}
		lanes[k] = append(lanes[k], u)
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, hands)
	for _, k := range order {
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer func() { <-slots; wg.Done() }()
			for _, u := range lanes[k] {
				if err := p.t.take(ctx, u, p.h); err != nil {
					if ctx.Err() == nil {
						p.t.log.Warn("an update was not taken and comes again", "update", u.ID, "err", err)
					}
					return // what the same person did after it waits its turn
				}
				p.mu.Lock()
				p.done[u.ID] = true
				p.mu.Unlock()
			}
		}()
	}
	wg.Wait()
	for _, u := range all {
		if !p.isDone(u.ID) {
			return false
		}
		delete(p.done, u.ID)
		p.offset = max(p.offset, u.ID+1)
	}
	return true
}

func (p *poller) isDone(id int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done[id]
}

// take deals with one update. Nil means that it need not come again.
func (t *Transport) take(ctx context.Context, u *update, h chat.Handler) error {
	if m := u.about(); m != nil && shared(m.Chat.ID) {
		t.saw(int64(m.ID))
	}
	e, forDesk := t.event(u)
	mine, err := t.dialogue(ctx, u, e, h)
	if mine || err != nil {
		if err == nil && u.Callback != nil {
			t.answers.begin(u.Callback.ID, 0)
		}
		return err
	}
	if forDesk {
		if err := h(ctx, e); err != nil {
			return err
		}
	}
	if u.Callback != nil {
		grace := t.cfg.Grace
		if !forDesk {
			grace = 0
		}
		t.answers.begin(u.Callback.ID, grace)
	}
	return nil
}

// saw remembers how far the small chats' shared row of numbers has come.
func (t *Transport) saw(id int64) {
	for {
		was := t.newest.Load()
		if id <= was || t.newest.CompareAndSwap(was, id) {
			return
		}
	}
}
