package slack

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"helloworld/bot/chat"
)

// people remembers names and languages. Slack does not send them along, and
// asking takes too long for an event that waits to be acknowledged: whoever is
// not known yet goes without, and is asked about behind it.
type people struct {
	mu    sync.Mutex
	known map[string]person
	ask   chan string
}

type person struct {
	chat.Account
	at time.Time // zero while nobody has answered
}

// stale is when a person is asked about again.
const stale = 6 * time.Hour

func newPeople() *people {
	return &people{known: map[string]person{}, ask: make(chan string, 256)}
}

// account is what is known of somebody now.
func (t *Transport) account(id string) chat.Account {
	p := t.people
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := p.known[id]
	if !ok || !who.at.IsZero() && t.now().Sub(who.at) > stale {
		select {
		case p.ask <- id:
			who.ID, who.at = id, t.now()
			p.known[id] = who
		default: // too many at once; another time
		}
	}
	return who.Account
}

// learn answers what account asked for, until ctx ends.
func (t *Transport) learn(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-t.people.ask:
			wait := t.lookUp(ctx, id)
			if wait <= 0 {
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	}
}

// lookUp asks about one person; it tells how long to wait before the next.
func (t *Transport) lookUp(ctx context.Context, id string) time.Duration {
	u, err := t.api.GetUserInfoContext(ctx, id)
	err = failed("users.info", err)
	p := t.people
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		if ctx.Err() != nil {
			return 0
		}
		t.log.WarnContext(ctx, "a person's name and language are not known", "account", id, "error", err)
		var e *chat.Error
		if errors.As(err, &e) && e.Code != "unreadable" && (e.Kind == chat.Busy || e.Kind == chat.Down || e.Kind == chat.Unsure) {
			delete(p.known, id) // the next event asks again
			return 2 * time.Second
		}
		return 0
	}
	who := chat.Account{ID: id, Name: u.Profile.DisplayName, Locale: strings.ReplaceAll(u.Locale, "_", "-")}
	if who.Name == "" {
		who.Name = u.RealName
	}
	if who.Name == "" {
		who.Name = u.Name
	}
	p.known[id] = person{Account: who, at: t.now()}
	return 0
}
