package telegramfake

import (
	"encoding/json"
	"net/http"
	"time"
)

// deliver queues an update for the bot. The caller holds the lock.
func (s *Server) deliver(kind string, body map[string]any) int64 {
	s.nextID++
	body["update_id"] = s.nextID
	raw, err := json.Marshal(body)
	if err != nil {
		s.o.Log.Error("update", "err", err)
		return 0
	}
	u := &update{Update: Update{ID: s.nextID, Made: s.o.Now(), Body: raw}, kind: kind}
	s.queue = append(s.queue, u)
	s.note("update", map[string]any{"update_id": u.ID, "kind": kind})
	s.news()
	return u.ID
}

// news wakes whoever waits. The caller holds the lock.
func (s *Server) news() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// confirm forgets what lies below offset. The caller holds the lock.
func (s *Server) confirm(offset int64) {
	now := s.o.Now()
	if offset < 0 { // all but the last -offset
		if n := len(s.queue) + int(offset); n > 0 {
			s.queue = s.queue[n:]
		}
		return
	}
	n := 0
	for n < len(s.queue) && s.queue[n].ID < offset {
		u := s.queue[n]
		u.Confirmed = now
		s.note("confirmed", map[string]any{"update_id": u.ID, "made": u.Made.Format(time.RFC3339Nano)})
		if s.repeat > 0 {
			s.repeat--
			s.again = append(s.again, u)
		}
		n++
	}
	if n > 0 {
		clear(s.queue[:n])
		s.queue = s.queue[n:]
		s.news()
	}
}

// due is what is to be delivered now. The caller holds the lock.
func (s *Server) due(limit int, want map[string]bool) []json.RawMessage {
	out := []json.RawMessage{}
	now := s.o.Now()
	give := func(u *update) {
		u.Times++
		if u.Times == 1 {
			u.Delivered = now
		}
		s.note("delivered", map[string]any{"update_id": u.ID, "times": u.Times})
		out = append(out, u.Body)
	}
	for _, u := range s.again {
		give(u)
	}
	s.again = nil
	for _, u := range s.queue {
		if len(out) >= limit {
			break
		}
		if len(want) == 0 || want[u.kind] {
			give(u)
		}
	}
	return out
}

// lastBreath is how long it may take until it is seen that a poller's program has
// died: two that live at the same time are what is counted.
const lastBreath = 50 * time.Millisecond

// errCut ends a wait without an answer.
var errCut = &apiError{Text: "cut"}

// getUpdates waits for news. A second poller ends the first one's wait, as
// Telegram does, with a conflict.
func (s *Server) getUpdates(r *http.Request, in params) (any, *apiError) {
	offset, _ := in.int("offset")
	limit, ok := in.int("limit")
	if !ok || limit < 1 || limit > 100 {
		limit = 100
	}
	seconds, _ := in.int("timeout")
	var kinds []string
	if e := in.json("allowed_updates", &kinds); e != nil {
		return nil, e
	}
	want := map[string]bool{}
	for _, k := range kinds {
		want[k] = true
	}

	s.mu.Lock()
	if s.hook != "" {
		s.mu.Unlock()
		return nil, &apiError{Code: 409, Text: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"}
	}
	if s.poller != nil {
		close(s.poller.out)
	}
	me := &poll{out: make(chan struct{}), cut: make(chan struct{})}
	s.poller = me
	if offset != 0 {
		s.confirm(offset)
	}
	defer func() {
		if s.poller == me {
			s.poller = nil
		}
		s.mu.Unlock()
	}()

	var expired <-chan time.Time
	if seconds > 0 {
		t := time.NewTimer(time.Duration(min(seconds, 50)) * time.Second)
		defer t.Stop()
		expired = t.C
	}
	for {
		out := s.due(int(limit), want)
		if len(out) > 0 || seconds <= 0 {
			return out, nil
		}
		wake := s.wake
		s.mu.Unlock()
		var why *apiError
		over, twice := false, false
		select {
		case <-wake:
		case <-expired:
			over = true
		case <-s.stop:
			over = true
		case <-r.Context().Done():
			over = true
		case <-me.cut:
			why = errCut
		case <-me.out:
			select {
			case <-r.Context().Done(): // its program is gone, and it hears nothing
				over = true
			case <-time.After(lastBreath):
				twice = true
			}
			why = &apiError{Code: 409, Text: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}
		}
		s.mu.Lock()
		if twice {
			s.conflicts++
		}
		if why != nil {
			return nil, why
		}
		if over {
			return out, nil
		}
	}
}
