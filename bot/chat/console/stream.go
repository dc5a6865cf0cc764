package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"helloworld/bot/chat"
)

// hub tells the open pages that something changed. It carries no content: each
// page reads for itself from where it is, so a slow one neither loses anything
// nor holds up the others.
type hub struct {
	mu    sync.Mutex
	pages map[chan struct{}]bool
}

func (h *hub) watch() chan struct{} {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pages == nil {
		h.pages = map[chan struct{}]bool{}
	}
	h.pages[c] = true
	return c
}

func (h *hub) leave(c chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pages, c)
}

func (h *hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.pages) > 0
}

func (h *hub) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.pages {
		select {
		case c <- struct{}{}:
		default: // it has been told already
		}
	}
}

// batch is how many posts are read at a time.
const batch = 200

// events is the stream of changes after ?after= or, on coming back, after the
// last one the browser has seen.
func (t *Transport) events(w http.ResponseWriter, r *http.Request, v *visitor) {
	run, _, leave, ok := t.enter()
	if !ok {
		w.Header().Set("Retry-After", "2")
		t.fail(w, r, v, http.StatusServiceUnavailable, "console.error_starting")
		return
	}
	defer leave()
	from := r.Header.Get("Last-Event-ID")
	if from == "" {
		from = r.URL.Query().Get("after")
	}
	last, err := strconv.ParseInt(from, 10, 64)
	if err != nil || last < 0 {
		t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(run, cancel)()

	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy that collects would hold messages back
	w.WriteHeader(http.StatusOK)
	woken := t.hub.watch()
	defer t.hub.leave(woken)
	s := &stream{t: t, v: v, out: http.NewResponseController(w), w: w, menu: t.menuOf(ctx, v), last: last, looked: time.Now()}
	s.buf.WriteString("retry: 1500\n\n")
	beat := time.NewTicker(t.beat)
	defer beat.Stop()
	for {
		if err := s.catchUp(ctx); err != nil {
			if ctx.Err() == nil {
				t.log.Warn("console ends a stream", "err", err)
			}
			return // the browser comes back by itself, with the last number it saw
		}
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-beat.C:
			s.looked = time.Time{}
			fmt.Fprintf(&s.buf, "id: %d\nevent: beat\ndata: {}\n\n", s.last)
		}
		if ok, err := s.look(ctx); err != nil || !ok {
			return
		}
	}
}

// stream is one page's way through the changes.
type stream struct {
	t      *Transport
	v      *visitor
	w      http.ResponseWriter
	out    *http.ResponseController
	buf    bytes.Buffer
	menu   []chat.MenuItem
	last   int64
	looked time.Time
}

// look makes sure that the person is still signed in, and which rooms and
// commands are theirs, but not at every word.
func (s *stream) look(ctx context.Context) (bool, error) {
	if time.Since(s.looked) < 2*time.Second {
		return true, nil
	}
	s.looked = time.Now()
	rooms := s.v.ids()
	ok, err := s.t.look(ctx, s.v)
	if err != nil {
		return false, err
	}
	if !ok {
		s.buf.WriteString("event: bye\ndata: {}\n\n")
		return false, s.flush()
	}
	menu := s.menu
	s.menu = s.t.menuOf(ctx, s.v)
	if !slices.Equal(rooms, s.v.ids()) || !slices.EqualFunc(menu, s.menu, func(x, y chat.MenuItem) bool { return x.Name == y.Name }) {
		s.buf.WriteString("event: rooms\ndata: {}\n\n")
	}
	return true, nil
}

// catchUp sends everything after s.last.
func (s *stream) catchUp(ctx context.Context) error {
	for {
		// Numbers are given in the order of commits, so whatever is at or below a
		// head read now is found by a search made after.
		head, err := s.t.keep.Head(ctx)
		if err != nil {
			return err
		}
		if head <= s.last {
			return s.flush()
		}
		posts, err := s.t.keep.Since(ctx, s.last, s.v.ID, s.v.ids(), batch)
		if err != nil {
			return err
		}
		forms, err := s.t.keep.FormsSince(ctx, s.last, s.v.ID)
		if err != nil {
			return err
		}
		full := len(posts) == batch
		if full {
			head = posts[len(posts)-1].Seq
		}
		for _, p := range posts {
			if err := s.post(ctx, p); err != nil {
				return err
			}
		}
		for _, f := range forms {
			if f.Seq <= head {
				s.event("form", formOf(f))
			}
		}
		s.last = head
		fmt.Fprintf(&s.buf, "id: %d\nevent: at\ndata: {}\n\n", head)
		if err := s.flush(); err != nil {
			return err
		}
		if !full {
			return nil
		}
	}
}

func (s *stream) post(ctx context.Context, p Post) error {
	o := viewOf(p)
	root := p.ID
	if p.Place.Thread != "" {
		root = p.Place.Thread
	}
	n, last, err := s.t.keep.Replies(ctx, p.Place.Channel, root, s.v.ID)
	if err != nil {
		return err
	}
	if p.Place.Thread != "" {
		o.Root = &rootView{ID: root, Replies: n, Last: millis(last)}
	} else {
		o.Replies, o.Last = n, millis(last)
	}
	s.event("post", o)
	return nil
}

// event carries no id: only the end of a batch does, since a page that was cut
// off in the middle has to get the whole of it again.
func (s *stream) event(name string, body any) {
	data, err := json.Marshal(body)
	if err != nil { // cannot happen with our own types
		s.t.log.Error("console cannot write an event", "event", name, "err", err)
		return
	}
	fmt.Fprintf(&s.buf, "event: %s\ndata: %s\n\n", name, data)
}

func (s *stream) flush() error {
	if s.buf.Len() == 0 {
		return nil
	}
	// Servers may limit the time of a whole answer; a stream needs it anew. Not
	// every ResponseWriter can, and one that cannot has no such limit.
	_ = s.out.SetWriteDeadline(time.Now().Add(30 * time.Second))
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return err
	}
	s.buf.Reset()
	return s.out.Flush()
}
