package telegram

import (
	"context"
	"sync"
	"time"

	"github.com/go-telegram/bot"

	"helloworld/bot/chat"
)

// answers sees to it that each press is answered, once.
type answers struct {
	t       *Transport
	mu      sync.Mutex
	waiting map[string]*time.Timer
	claimed *memory[string, bool]
}

func newAnswers(t *Transport) *answers {
	return &answers{t: t, waiting: map[string]*time.Timer{}, claimed: newMemory[string, bool](20000)}
}

// begin gives a press grace until it is answered with nothing.
func (a *answers) begin(id string, grace time.Duration) {
	if grace <= 0 {
		a.release(id)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if done, _ := a.claimed.get(id); done || a.waiting[id] != nil {
		return
	}
	a.waiting[id] = time.AfterFunc(grace, func() { a.release(id) })
}

// claim takes the one answer that a press has. False: it was given.
func (a *answers) claim(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if done, _ := a.claimed.get(id); done {
		return false
	}
	a.claimed.put(id, true)
	if timer := a.waiting[id]; timer != nil {
		timer.Stop()
		delete(a.waiting, id)
	}
	// Under the lock, so that finish does not stop waiting just before.
	a.t.busy.Add(1)
	return true
}

// release answers a press with nothing, in the background.
func (a *answers) release(id string) {
	if !a.claim(id) {
		return
	}
	go func() {
		defer a.t.busy.Done()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := a.say(ctx, id, "", false); err != nil && chat.KindOf(err) != chat.Expired {
			a.t.log.Debug("a press was not answered", "err", err)
		}
	}()
}

// tell answers a press with a text. False: the answer was given before.
func (a *answers) tell(ctx context.Context, id, text string, alert bool) (bool, error) {
	if !a.claim(id) {
		return false, nil
	}
	defer a.t.busy.Done()
	err := a.say(ctx, id, text, alert)
	switch chat.KindOf(err) {
	case chat.Busy, chat.Down:
		if err != nil {
			a.claimed.drop(id) // certainly not shown: it may be tried again
		}
	}
	return err == nil, err
}

func (a *answers) say(ctx context.Context, id, text string, alert bool) error {
	return a.t.api.call(ctx, "answerCallbackQuery",
		bot.AnswerCallbackQueryParams{CallbackQueryID: id, Text: text, ShowAlert: alert}, nil)
}

// flush answers all that wait.
func (a *answers) flush() {
	a.mu.Lock()
	var ids []string
	for id := range a.waiting {
		ids = append(ids, id)
	}
	a.mu.Unlock()
	for _, id := range ids {
		a.release(id)
	}
}
