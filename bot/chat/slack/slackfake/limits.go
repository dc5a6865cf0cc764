package slackfake

import (
	"net/http"
	"strconv"
	"time"
)

// The faults that [Server.FailNext] knows. Any other kind is answered as Slack's
// own error code: "invalid_auth", "channel_not_found".
const (
	// TooMany answers 429 with Retry-After.
	TooMany = "429"
	// TooManyBare answers 429 without it.
	TooManyBare = "429-bare"
	// Broken answers 500; nothing happens.
	Broken = "500"
	// DropBefore closes the connection; nothing happens.
	DropBefore = "drop-before"
	// LostAfter lets it happen and closes the connection without an answer.
	LostAfter = "lost-after"
	// Duplicate, with the method "deliver", delivers twice.
	Duplicate = "duplicate"
)

type fault struct{ kind string }

// FailNext makes the next n calls of method fail. The method is the Web API's
// name, "response_url", "deliver" (with [Duplicate]), or "*" for any.
func (s *Server) FailNext(method, kind string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.faults[method] = append(s.faults[method], fault{kind})
	}
}

// SetLatency changes how long answers take.
func (s *Server) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// takeFault is the fault for this call, if any. Call it with the lock held.
func (s *Server) takeFault(method string) string {
	for _, m := range []string{method, "*"} {
		if q := s.faults[m]; len(q) > 0 {
			s.faults[m] = q[1:]
			return q[0].kind
		}
	}
	return ""
}

// bucket is a rate with a burst.
type bucket struct {
	left  float64
	since time.Time
}

// pace takes one from the named bucket, or tells how long to wait. Call it with
// the lock held.
func (s *Server) pace(name string, perSecond, burst float64) time.Duration {
	if s.opts.NoLimits {
		return 0
	}
	now := s.opts.Now()
	b := s.buckets[name]
	if b == nil {
		b = &bucket{left: burst, since: now}
		s.buckets[name] = b
	}
	b.left = min(burst, b.left+now.Sub(b.since).Seconds()*perSecond)
	b.since = now
	if b.left >= 1 {
		b.left--
		return 0
	}
	return time.Duration((1 - b.left) / perSecond * float64(time.Second))
}

// postBurst is how many posts to one channel pass at once; the rest go at one a
// second. Slack publishes the second and calls the first generous.
const postBurst = 4

// tiers are the calls a minute that Slack promises.
var tiers = map[string]float64{
	"chat.update": 50, "chat.delete": 50, "chat.postEphemeral": 100, "views.open": 100, "views.update": 100,
	"users.info": 100, "users.list": 20, "conversations.list": 20, "conversations.history": 50,
	"conversations.replies": 50, "conversations.open": 50, "conversations.info": 50, "conversations.join": 50,
	"reactions.add": 50, "files.getUploadURLExternal": 100, "files.completeUploadExternal": 100,
}

// tooFast tells how long a call has to wait. Call it with the lock held.
func (s *Server) tooFast(method string, a args) time.Duration {
	if method == "chat.postMessage" {
		return s.pace("post "+a.str("channel"), 1, postBurst)
	}
	if n := tiers[method]; n > 0 {
		return s.pace(method, n/60, n)
	}
	return 0
}

func tooMany(w http.ResponseWriter, wait time.Duration, header bool) {
	if header {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second))))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte(`{"ok":false,"error":"ratelimited"}`))
}

// cut closes the connection without an answer.
func cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}
