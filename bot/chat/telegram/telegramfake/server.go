package telegramfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options say what kind of Telegram to be.
type Options struct {
	// Token is the bot's, "<id>:<secret>". Empty means "42:fake-token".
	Token string
	// Username is the bot's name. Empty means "desk_bot".
	Username string
	// NoLimits switches the flood limits off.
	NoLimits bool
	// Ephemeral makes it new enough to know messages that one member sees.
	Ephemeral bool
	// CallbackTTL is how long a press may be answered. 0 means a minute.
	CallbackTTL time.Duration
	// Lag is how long the answer to a post or an edit is on its way after it was
	// done.
	Lag time.Duration
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Ledger gets a line of JSON for every update made, delivered and confirmed,
	// and for every post, edit, answer and refusal, each with its time.
	Ledger io.Writer
}

// Server is the fake. It is an http.Handler.
type Server struct {
	o    Options
	me   User
	stop chan struct{}
	once sync.Once

	mu        sync.Mutex
	chats     map[int64]*room
	users     map[int64]*person
	queue     []*update
	again     []*update // delivered once more, below the offset
	nextID    int64
	wake      chan struct{} // closed and replaced whenever there is news
	poller    *poll
	conflicts int
	presses   map[string]*press
	pressSeq  int64
	answers   []CallbackAnswer
	refusals  []Refusal
	faults    []*Fault
	calls     map[string]int
	repeat    int
	latency   time.Duration
	menus     map[string]json.RawMessage
	files     map[string]*file
	fileSeq   int
	ephemeral int
	recent    []time.Time // posts anywhere in the last second
	hook      string      // a webhook's address, if one is set

	http *http.Server
	addr string
}

// New makes a fake with no chats in it.
func New(o Options) *Server {
	if o.Token == "" {
		o.Token = "42:fake-token"
	}
	if o.Username == "" {
		o.Username = "desk_bot"
	}
	if o.CallbackTTL <= 0 {
		o.CallbackTTL = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, stop: make(chan struct{}), chats: map[int64]*room{}, users: map[int64]*person{},
		nextID: 1000, wake: make(chan struct{}), presses: map[string]*press{}, calls: map[string]int{},
		menus: map[string]json.RawMessage{}, files: map[string]*file{}}
	var id int64
	if _, err := fmt.Sscanf(o.Token, "%d:", &id); err != nil {
		id = 42
	}
	s.me = User{ID: id, IsBot: true, FirstName: "Desk", Username: o.Username}
	return s
}

// Token is the bot's token.
func (s *Server) Token() string { return s.o.Token }

// Start listens on addr ("127.0.0.1:0" for any free port) and serves until Close.
func (s *Server) Start(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("telegramfake: %w", err)
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.http, s.addr = srv, l.Addr().String()
	s.mu.Unlock()
	go func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.o.Log.Error("telegramfake stopped", "err", err)
		}
	}()
	return nil
}

// URL is the base address, once started.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.addr
}

// Close stops listening and ends every long poll.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.stop) })
	s.mu.Lock()
	srv := s.http
	s.mu.Unlock()
	if srv == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return srv.Close()
	}
	return nil
}

// ServeHTTP answers bots, file downloads and the control endpoints.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/fake/"):
		s.control(w, r, strings.TrimPrefix(path, "/fake/"))
	case strings.HasPrefix(path, "/file/bot"):
		s.download(w, r, strings.TrimPrefix(path, "/file/bot"))
	case strings.HasPrefix(path, "/bot"):
		token, method, ok := strings.Cut(strings.TrimPrefix(path, "/bot"), "/")
		switch {
		case !ok || !strings.Contains(token, ":"):
			reply(w, nil, &apiError{Code: 404, Text: "Not Found"})
		case token != s.o.Token:
			reply(w, nil, &apiError{Code: 401, Text: "Unauthorized"})
		default:
			s.serve(w, r, method)
		}
	default:
		http.NotFound(w, r)
	}
}

// apiError is a refusal in Telegram's words.
type apiError struct {
	Code       int
	Text       string
	RetryAfter int
	Migrate    int64
}

func bad(text string) *apiError { return &apiError{Code: 400, Text: "Bad Request: " + text} }

func reply(w http.ResponseWriter, result any, e *apiError) {
	w.Header().Set("Content-Type", "application/json")
	if e == nil {
		body, err := json.Marshal(map[string]any{"ok": true, "result": result})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(body) // the other side may be gone
		return
	}
	out := map[string]any{"ok": false, "error_code": e.Code, "description": e.Text}
	if e.RetryAfter > 0 {
		out["parameters"] = map[string]any{"retry_after": e.RetryAfter}
	}
	if e.Migrate != 0 {
		out["parameters"] = map[string]any{"migrate_to_chat_id": e.Migrate}
	}
	w.WriteHeader(e.Code)
	_ = json.NewEncoder(w).Encode(out) // the other side may be gone
}

// serve answers one call, after whatever trouble was ordered for it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, method string) {
	method = strings.ToLower(method)
	in, err := readParams(r)
	if err != nil {
		reply(w, nil, bad(err.Error()))
		return
	}
	s.mu.Lock()
	s.calls[method]++
	latency, fault := s.latency, s.faultFor(method)
	s.mu.Unlock()
	if latency > 0 && method != "getupdates" {
		select {
		case <-time.After(latency):
		case <-r.Context().Done():
			return
		}
	}
	if fault != nil {
		switch fault.Kind {
		case DropBefore:
			panic(http.ErrAbortHandler) // net/http's own way of cutting the connection
		case LostAfter:
			if _, e := s.call(r, method, in); e != nil {
				s.refuse(method, in, e)
			}
			panic(http.ErrAbortHandler)
		default:
			e := fault.refusal()
			s.refuse(method, in, e)
			reply(w, nil, e)
			return
		}
	}
	result, e := s.call(r, method, in)
	if s.o.Lag > 0 && (strings.HasPrefix(method, "send") || strings.HasPrefix(method, "edit")) {
		time.Sleep(s.o.Lag)
	}
	if e == errCut {
		panic(http.ErrAbortHandler)
	}
	if e != nil {
		s.refuse(method, in, e)
	}
	reply(w, result, e)
}

func (s *Server) refuse(method string, in params, e *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	chat, _ := in.int("chat_id")
	f := Refusal{At: s.o.Now(), Method: method, Chat: chat, Code: e.Code, Description: e.Text, RetryAfter: e.RetryAfter}
	s.refusals = append(s.refusals, f)
	s.note("refused", map[string]any{"method": method, "chat": chat, "code": e.Code, "description": e.Text})
}

// note writes a line of the ledger. The caller holds the lock.
func (s *Server) note(what string, more map[string]any) {
	if s.o.Ledger == nil {
		return
	}
	more["what"], more["at"] = what, s.o.Now().Format(time.RFC3339Nano)
	line, err := json.Marshal(more)
	if err == nil {
		_, err = s.o.Ledger.Write(append(line, '\n'))
	}
	if err != nil {
		s.o.Log.Error("ledger", "err", err)
	}
}
