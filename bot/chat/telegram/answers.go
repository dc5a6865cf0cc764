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
	// running counts answers on their way; idle tells when there are none.
	running int
	idle    *sync.Cond
}

func newAnswers(t *Transport) *answers {
	a := &answers{t: t, waiting: map[string]*time.Timer{}, claimed: newMemory[string, bool](20000)}
	a.idle = sync.NewCond(&a.mu)
	return a
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
	return a.claimLocked(id)
}

func (a *answers) claimLocked(id string) bool {
	if done, _ := a.claimed.get(id); done {
		return false
	}
	a.claimed.put(id, true)
	if timer := a.waiting[id]; timer != nil {
		timer.Stop()
		delete(a.waiting, id)
	}
	return true
}

// release answers a press with nothing, in the background.
func (a *answers) release(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.releaseLocked(id)
}

func (a *answers) releaseLocked(id string) {
	if !a.claimLocked(id) {
		return
	}
	a.running++
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := a.say(ctx, id, "", false); err != nil && chat.KindOf(err) != chat.Expired {
			a.t.log.Debug("a press was not answered", "err", err)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.running--; a.running == 0 {
			a.idle.Broadcast()
		}
	}()
}

// tell answers a press with a text. False: the answer was given before.
func (a *answers) tell(ctx context.Context, id, text string, alert bool) (bool, error) {
	if !a.claim(id) {
		return false, nil
	}
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

// flush answers all that wait, and waits until that is done.
func (a *answers) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range a.waiting {
		a.releaseLocked(id)
	}
	for a.running > 0 {
		a.idle.Wait()
	}
}
