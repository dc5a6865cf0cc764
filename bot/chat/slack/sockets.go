package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"helloworld/bot/chat"
)

// How the sockets are kept.
const (
	pingEvery = 5 * time.Second
	// silence is how long a socket may say nothing, not even answer our pings.
	silence = 15 * time.Second
	// drain is how long a socket that was told to go is still listened to.
	drain = 30 * time.Second
	// settled is how long a socket must have lived for the next to be opened at
	// once.
	settled  = 10 * time.Second
	longest  = 30 * time.Second
	maxFrame = 4 << 20
	// inFlight is how many events are being written down at once.
	inFlight = 256
)

// Run listens until ctx ends. It returns early only when a token is refused.
func (t *Transport) Run(ctx context.Context, h chat.Handler) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := t.persist(ctx, "auth.test", func() error {
		_, err := t.whoAmI(ctx)
		return err
	}); err != nil {
		return err
	}
	in := &intake{handler: h, pool: make(chan struct{}, inFlight)}
	var wg sync.WaitGroup
	wg.Go(func() { t.learn(ctx) })
	for range t.sockets {
		wg.Go(func() {
			if err := t.keep(ctx, in); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	in.lanes.wg.Wait()
	return context.Cause(ctx)
}

// intake is where all sockets hand their events in.
type intake struct {
	handler chat.Handler
	pool    chan struct{}
	lanes   lanes
}

// persist does what must be done until it works, ctx ends, or it is denied.
func (t *Transport) persist(ctx context.Context, what string, do func() error) error {
	for n := 0; ; n++ {
		err := do()
		if err == nil || chat.KindOf(err) == chat.Denied {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		wait := backoff(n)
		var e *chat.Error
		if errors.As(err, &e) && e.RetryAfter > wait {
			wait = e.RetryAfter
		}
		t.log.WarnContext(ctx, "slack does not answer; trying again", "call", what, "in", wait, "error", err)
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

func backoff(n int) time.Duration {
	return min(100*time.Millisecond<<min(n, 20), longest)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// keep keeps one socket open. It ends with ctx, or when the token is refused.
func (t *Transport) keep(ctx context.Context, in *intake) error {
	var old sync.WaitGroup // sockets that were told to go
	defer old.Wait()
	for short := 0; ; {
		var s *socket
		err := t.persist(ctx, "apps.connections.open", func() (err error) {
			s, err = t.open(ctx)
			return err
		})
		if err != nil {
			if chat.KindOf(err) == chat.Denied {
				return err
			}
			return nil
		}
		t.log.DebugContext(ctx, "a socket is open")
		began := t.now()
		ended := make(chan struct{})
		old.Go(func() {
			defer close(ended)
			t.listen(ctx, s, in)
		})
		select {
		case <-ended:
		case <-s.told:
			// The next is opened while this one still listens.
		}
		if ctx.Err() != nil {
			return nil
		}
		if t.now().Sub(began) < settled {
			short++
		} else {
			short = 0
		}
		if short > 1 {
			if pause(ctx, backoff(short)) != nil {
				return nil
			}
		}
	}
}

// socket is one connection.
type socket struct {
	conn *websocket.Conn
	mu   sync.Mutex // one writer at a time
	told chan struct{}
	once sync.Once
	gone time.Time // when it is not listened to any longer, once it was told to go

	ping, silence time.Duration
}

// open asks for an address and connects to it.
func (t *Transport) open(ctx context.Context) (*socket, error) {
	_, link, err := t.api.StartSocketModeContext(ctx)
	if err != nil {
		return nil, failed("apps.connections.open", err)
	}
	d := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 10 * time.Second}
	conn, res, err := d.DialContext(ctx, link, nil)
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	if err != nil {
		return nil, lost("socket", err)
	}
	conn.SetReadLimit(maxFrame)
	return &socket{conn: conn, told: make(chan struct{}), ping: t.ping, silence: t.silence}, nil
}

// awake puts off the end of a socket that shows a sign of life.
func (s *socket) awake() {
	at := time.Now().Add(s.silence)
	if !s.gone.IsZero() && at.After(s.gone) {
		at = s.gone
	}
	_ = s.conn.SetReadDeadline(at)
}

func (s *socket) write(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	return s.conn.WriteMessage(websocket.TextMessage, b)
}

// frame is what comes over a socket.
type frame struct {
	Type     string          `json:"type"`
	Envelope string          `json:"envelope_id"`
	Reason   string          `json:"reason"`
	Payload  json.RawMessage `json:"payload"`
}

// listen reads a socket until it ends.
func (t *Transport) listen(ctx context.Context, s *socket, in *intake) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer func() { _ = s.conn.Close() }()
	defer cancel()
	wg.Go(func() { s.tend(ctx) })
	pong := func(string) error { s.awake(); return nil }
	s.conn.SetPongHandler(pong)
	ping := s.conn.PingHandler()
	s.conn.SetPingHandler(func(data string) error {
		s.awake()
		return ping(data)
	})
	for {
		s.awake()
		_, b, err := s.conn.ReadMessage()
		if err != nil {
			if ctx.Err() == nil {
				t.log.InfoContext(ctx, "a socket ended", "error", err)
			}
			return
		}
		var f frame
		if err := json.Unmarshal(b, &f); err != nil {
			t.log.ErrorContext(ctx, "a frame cannot be read", "bytes", len(b), "error", err)
			continue
		}
		switch f.Type {
		case "hello":
		case "disconnect":
			t.log.InfoContext(ctx, "slack asks to change sockets", "reason", f.Reason)
			s.once.Do(func() {
				s.gone = time.Now().Add(drain)
				close(s.told)
			})
		default:
			if f.Envelope == "" {
				continue
			}
			select {
			case in.pool <- struct{}{}:
			case <-ctx.Done():
				return
			}
			// It is read here, in order of arrival, and written down beside.
			e, ok := t.read(ctx, f)
			wg.Add(1)
			take := func() {
				defer wg.Done()
				defer func() { <-in.pool }()
				t.take(ctx, s, f, e, ok, in.handler)
			}
			if ok {
				in.lanes.do(lane(e), take)
			} else {
				go take()
			}
		}
	}
}

// tend pings, and ends the connection with ctx.
func (s *socket) tend(ctx context.Context) {
	tick := time.NewTicker(s.ping)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			// The close frame is a courtesy; events in flight come again without it.
			_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
			_ = s.conn.Close()
			return
		case <-tick.C:
			_ = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.ping))
		}
	}
}

// read gives the event in an envelope; false when it is nothing for the desk.
func (t *Transport) read(ctx context.Context, f frame) (chat.Event, bool) {
	t.mu.Lock()
	me := t.me
	t.mu.Unlock()
	r := reader{me: me, now: t.now, handle: t.handle, who: t.account}
	e, ok, err := r.read(f.Type, f.Payload)
	if err != nil {
		t.log.ErrorContext(ctx, "an event cannot be read", "type", f.Type, "bytes", len(f.Payload), "error", err)
	}
	return e, ok
}

// take hands one envelope on and acknowledges it once it is written down. What
// cannot be read is acknowledged too: it would be no better the next time, and
// Slack cuts off an app that refuses too much.
func (t *Transport) take(ctx context.Context, s *socket, f frame, e chat.Event, ok bool, h chat.Handler) {
	if ctx.Err() != nil {
		return // its socket is gone; it comes again on another
	}
	if ok && !t.twins.heard(e, kindOfEvent(f)) {
		if err := handle(ctx, h, e); err != nil {
			t.log.ErrorContext(ctx, "an event is not written down and not acknowledged", "key", e.Key, "error", err)
			return
		}
		t.twins.remember(e, kindOfEvent(f))
	}
	ack, err := json.Marshal(map[string]string{"envelope_id": f.Envelope})
	if err == nil {
		err = s.write(ack)
	}
	if err != nil {
		t.log.WarnContext(ctx, "an acknowledgement was not sent; the event comes again", "key", e.Key, "error", err)
	}
}

// handle calls h; a panic in it is an error like any other, or one bad event
// would end the desk.
func handle(ctx context.Context, h chat.Handler, e chat.Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("slack: the handler panicked: %v", p)
		}
	}()
	return h(ctx, e)
}
