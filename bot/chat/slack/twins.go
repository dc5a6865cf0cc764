package slack

import (
	"bytes"
	"sync"

	"helloworld/bot/chat"
)

// twins keeps a mention from being heard twice: where the desk is in a channel,
// Slack sends it as a message and as an app_mention. Both have one key; the
// second of another kind is left out. The same event that comes again is not: its
// first telling may not have been acknowledged.
type twins struct {
	mu    sync.Mutex
	kinds map[string]string
	ring  [1024]string
	next  int
}

func kindOfEvent(f frame) string {
	if f.Type == "events_api" && bytes.Contains(f.Payload, []byte(`"app_mention"`)) {
		return "app_mention"
	}
	return f.Type
}

// heard tells whether e was told as another kind of event.
func (t *twins) heard(e chat.Event, kind string) bool {
	if e.Kind != chat.Said || !e.Addressed || e.Ref.ID == "" {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before, ok := t.kinds[e.Key]
	return ok && before != kind
}

// remember keeps e's key for a while.
func (t *twins) remember(e chat.Event, kind string) {
	if e.Kind != chat.Said || !e.Addressed || e.Ref.ID == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kinds == nil {
		t.kinds = map[string]string{}
	}
	if _, ok := t.kinds[e.Key]; ok {
		return
	}
	delete(t.kinds, t.ring[t.next])
	t.ring[t.next] = e.Key
	t.next = (t.next + 1) % len(t.ring)
	t.kinds[e.Key] = kind
}
