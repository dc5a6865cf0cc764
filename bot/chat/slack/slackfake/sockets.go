package slackfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Slack's numbers.
const (
	maxSockets  = 10
	maxFrame    = 20480
	ackWithin   = 3 * time.Second
	maxAttempts = 4 // the first delivery and three more
)

type socket struct {
	conn *websocket.Conn
	mu   sync.Mutex // one writer at a time
	held map[string]*envelope
	full bool // told to go, gets nothing new
}

func (k *socket) send(b []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	return k.conn.WriteMessage(websocket.TextMessage, b)
}

// envelope is one thing on its way to the app.
type envelope struct {
	id, kind, key string
	payload       json.RawMessage
	response      bool // accepts_response_payload
	attempt       int
	reason        string
	first         time.Time
	timer         *time.Timer
	acked         func(payload json.RawMessage)
}

func (e *envelope) stop() {
	if e.timer != nil {
		e.timer.Stop()
	}
}

func (e *envelope) event() bool { return e.kind == "events_api" }

func (e *envelope) frame() []byte {
	m := map[string]any{
		"envelope_id": e.id, "type": e.kind, "payload": e.payload, "accepts_response_payload": e.response,
	}
	if e.event() {
		m["retry_attempt"], m["retry_reason"] = e.attempt-1, e.reason
	}
	b, _ := json.Marshal(m)
	return b
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// link takes a socket whose ticket apps.connections.open gave out.
func (s *Server) link(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	good := s.tickets[ticket] && !s.closed
	delete(s.tickets, ticket)
	s.mu.Unlock()
	if !good {
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	k := &socket{conn: conn, held: map[string]*envelope{}}
	s.mu.Lock()
	n := len(s.sockets) + 1
	s.mu.Unlock()
	if n > maxSockets {
		_ = k.send([]byte(`{"type":"disconnect","reason":"too_many_websockets","debug_info":{"host":"fake"}}`))
		_ = conn.Close()
		return
	}
	hello := fmt.Sprintf(`{"type":"hello","num_connections":%d,"connection_info":{"app_id":%q},"debug_info":{"host":"fake","build_number":1,"approximate_connection_time":18060}}`, n, App)
	if k.send([]byte(hello)) != nil {
		_ = conn.Close()
		return
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = conn.Close()
		return
	}
	s.sockets = append(s.sockets, k)
	late := s.waiting
	s.waiting = nil
	for _, e := range late {
		s.send(e)
	}
	s.wg.Add(1)
	s.mu.Unlock()
	defer s.wg.Done()
	s.serve(k)
}

// serve reads acknowledgements until the socket is gone.
func (s *Server) serve(k *socket) {
	stop := make(chan struct{})
	var pings sync.WaitGroup
	pings.Go(func() {
		tick := time.NewTicker(s.opts.Ping)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				_ = k.conn.WriteControl(websocket.PingMessage, []byte("Ping from fake"), time.Now().Add(time.Second))
			}
		}
	})
	for {
		_, b, err := k.conn.ReadMessage()
		if err != nil {
			break
		}
		if len(b) > maxFrame {
			_ = k.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1009, "message too big"), time.Now().Add(time.Second))
			break
		}
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(b, &ack) == nil && ack.ID != "" {
			s.ack(k, ack.ID, ack.Payload)
		}
	}
	close(stop)
	_ = k.conn.Close()
	pings.Wait()
	s.lost(k)
}

// lost sends what a socket held to the others.
func (s *Server) lost(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.sockets {
		if other == k {
			s.sockets = append(s.sockets[:i], s.sockets[i+1:]...)
			break
		}
	}
	for _, e := range k.held {
		if s.pending[e.id] == e {
			s.again(e, "connection_failed")
		}
	}
	k.held = nil
}

func (s *Server) ack(k *socket, id string, payload json.RawMessage) {
	s.mu.Lock()
	e := s.pending[id]
	if e == nil {
		s.note(Entry{What: "late", Envelope: id})
		s.mu.Unlock()
		return
	}
	e.stop()
	delete(s.pending, id)
	delete(k.held, id)
	s.note(Entry{What: "ack", Type: e.kind, Envelope: id, Key: e.key, Attempt: e.attempt, Took: s.opts.Now().Sub(e.first)})
	then := e.acked
	s.mu.Unlock()
	if then != nil {
		then(payload)
	}
}

// deliver puts something on its way. Call it with the lock held.
func (s *Server) deliver(kind, key string, payload any, acked func(json.RawMessage)) *envelope {
	b, err := json.Marshal(payload)
	if err != nil {
		s.opts.Log.Error("a payload cannot be written", "error", err)
		return nil
	}
	e := &envelope{kind: kind, key: key, payload: b, response: kind != "events_api", first: s.opts.Now(), acked: acked}
	s.send(e)
	if s.takeDuplicate() {
		twin := *e
		twin.timer, twin.acked = nil, nil
		twin.reason = "http_timeout"
		s.send(&twin)
	}
	return e
}

func (s *Server) takeDuplicate() bool {
	if q := s.faults["deliver"]; len(q) > 0 && q[0].kind == Duplicate {
		s.faults["deliver"] = q[1:]
		return true
	}
	return false
}

// send gives an envelope to the next socket. Call it with the lock held.
func (s *Server) send(e *envelope) {
	if s.closed {
		return
	}
	var k *socket
	for range s.sockets {
		s.turn = (s.turn + 1) % len(s.sockets)
		if !s.sockets[s.turn].full {
			k = s.sockets[s.turn]
			break
		}
	}
	if k == nil {
		s.waiting = append(s.waiting, e)
		return
	}
	n := s.next()
	e.id = fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n)
	e.attempt++
	s.pending[e.id] = e
	k.held[e.id] = e
	s.note(Entry{What: "deliver", Type: e.kind, Envelope: e.id, Key: e.key, Attempt: e.attempt})
	wait := s.opts.Redeliver
	if !e.event() {
		wait = ackWithin
	}
	id := e.id
	e.timer = time.AfterFunc(wait, func() { s.expire(k, id) })
	frame := e.frame()
	// The write may block on a slow reader; it must not hold the workspace up.
	k.mu.Lock()
	err := func() error {
		defer k.mu.Unlock()
		_ = k.conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
		return k.conn.WriteMessage(websocket.TextMessage, frame)
	}()
	if err != nil {
		_ = k.conn.Close() // serve notices and sends again
	}
}

func (s *Server) expire(k *socket, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.pending[id]; e != nil && !s.closed {
		delete(k.held, id)
		s.again(e, "http_timeout")
	}
}

// again redelivers, or gives up. Call it with the lock held.
func (s *Server) again(e *envelope, reason string) {
	e.stop()
	delete(s.pending, e.id)
	over := e.attempt >= maxAttempts
	if !e.event() {
		over = s.opts.Now().Sub(e.first) >= ackWithin || reason == "http_timeout"
	}
	if over {
		s.note(Entry{What: "timeout", Type: e.kind, Envelope: e.id, Key: e.key, Attempt: e.attempt})
		return
	}
	e.reason = reason
	s.send(e)
}

// DropSockets closes every socket without a word.
func (s *Server) DropSockets() {
	s.mu.Lock()
	all := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, k := range all {
		_ = k.conn.NetConn().Close()
	}
}

// Refresh asks every socket to go, as Slack does every few hours: a warning
// first, the request and the end after grace.
func (s *Server) Refresh(grace time.Duration) {
	s.mu.Lock()
	all := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, k := range all {
		_ = k.send([]byte(`{"type":"disconnect","reason":"warning","debug_info":{"host":"fake"}}`))
	}
	s.wg.Go(func() {
		time.Sleep(grace)
		for _, k := range all {
			_ = k.send([]byte(`{"type":"disconnect","reason":"refresh_requested","debug_info":{"host":"fake"}}`))
			_ = k.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
			_ = k.conn.Close()
		}
	})
}

// Sockets is how many are open.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// connections answers apps.connections.open. Call it with the lock held.
func (s *Server) connections(r *http.Request) (map[string]any, string) {
	ticket := fmt.Sprintf("ticket-%d", s.next())
	s.tickets[ticket] = true
	return map[string]any{"url": "ws://" + strings.TrimPrefix(r.Host, "http://") + "/link?ticket=" + ticket + "&app_id=" + App}, ""
}
