package slackfake

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// The ids of what is always there.
const (
	Team    = "T0DESK"
	App     = "A0DESK"
	BotUser = "U0BOT"
	BotID   = "B0BOT"
)

// Options are how a fake is made. The zero value works.
type Options struct {
	// NoLimits switches off the pace of posts and calls.
	NoLimits bool
	// BotToken and AppToken are the tokens that work; "xoxb-fake" and "xapp-fake".
	BotToken, AppToken string
	// Redeliver is how long an event may stay unacknowledged before it is sent
	// again; 3 s.
	Redeliver time.Duration
	// Ping is how often sockets are pinged; 5 s.
	Ping time.Duration
	// Latency is waited before each answer.
	Latency time.Duration
	// Lag is how long the answer to a post or an edit is on its way after it was
	// done.
	Lag time.Duration
	// Echo delivers the bot's own messages to it as events, as Slack does.
	Echo bool
	// Ledger gets every entry as a line of JSON.
	Ledger io.Writer
	Log    *slog.Logger
	Now    func() time.Time
}

// User is a member of the workspace.
type User struct {
	ID, Name, Locale string
}

// Server is a fake workspace. It is an [http.Handler].
type Server struct {
	opts Options
	mux  *http.ServeMux

	mu        sync.Mutex
	users     map[string]*User
	channels  map[string]*channel
	order     []string // channels, as they were made
	views     []*View
	viewSeq   int
	triggers  map[string]*trigger
	responses map[string]*response
	uploads   map[string]*upload
	tickets   map[string]bool
	sockets   []*socket
	turn      int
	pending   map[string]*envelope
	waiting   []*envelope // while no socket is open
	seq       int64
	lastTS    int64
	faults    map[string][]fault
	buckets   map[string]*bucket
	latency   time.Duration
	ledger    ledger
	closed    bool

	http *http.Server
	base string
	wg   sync.WaitGroup
}

type channel struct {
	id, name string
	archived bool
	out      bool // the bot is not in it
	im       string
	messages []*Message
	byTS     map[string]*Message
}

type trigger struct {
	user string
	made time.Time
	used bool
}

type response struct {
	channel, user, ts, thread string
	made                      time.Time
	uses                      int
}

type upload struct {
	id, name string
	data     []byte
	done     bool
}

// New makes a workspace with three people (anna, ben and li: U0ANNA, U0BEN,
// U0LI) and three channels (C0SHOP, C0LEADS, C0OPS) that the bot is in.
func New(o Options) *Server {
	if o.BotToken == "" {
		o.BotToken = "xoxb-fake"
	}
	if o.AppToken == "" {
		o.AppToken = "xapp-fake"
	}
	if o.Redeliver <= 0 {
		o.Redeliver = 3 * time.Second
	}
	if o.Ping <= 0 {
		o.Ping = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		opts: o, latency: o.Latency,
		users: map[string]*User{}, channels: map[string]*channel{}, triggers: map[string]*trigger{},
		responses: map[string]*response{}, uploads: map[string]*upload{}, tickets: map[string]bool{},
		pending: map[string]*envelope{}, faults: map[string][]fault{}, buckets: map[string]*bucket{},
	}
	s.ledger.to = o.Ledger
	for _, u := range []User{{"U0ANNA", "anna", "en-US"}, {"U0BEN", "ben", "de-DE"}, {"U0LI", "li", "zh-CN"}} {
		s.AddUser(u)
	}
	for _, name := range []string{"shop", "leads", "ops"} {
		s.AddChannel("C0"+upper(name), name)
	}
	s.routes()
	return s
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// AddUser adds a person, or changes one.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[u.ID] = &u
}

// AddChannel adds a channel that the bot is in.
func (s *Server) AddChannel(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channel(id, name)
}

// Archive archives a channel; Kick takes the bot out of it.
func (s *Server) Archive(id string) { s.change(id, func(c *channel) { c.archived = true }) }

// Kick takes the bot out of a channel.
func (s *Server) Kick(id string) { s.change(id, func(c *channel) { c.out = true }) }

func (s *Server) change(id string, f func(*channel)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[id]; c != nil {
		f(c)
	}
}

// channel makes a channel unless it is there. Call it with the lock held.
func (s *Server) channel(id, name string) *channel {
	if c := s.channels[id]; c != nil {
		return c
	}
	c := &channel{id: id, name: name, byTS: map[string]*Message{}}
	s.channels[id] = c
	s.order = append(s.order, id)
	return c
}

// user makes a person unless they are there. Call it with the lock held.
func (s *Server) user(id string) *User {
	if u := s.users[id]; u != nil {
		return u
	}
	u := &User{ID: id, Name: id, Locale: "en-US"}
	s.users[id] = u
	return u
}

// direct is the direct channel with a person. Call it with the lock held.
func (s *Server) direct(user string) *channel {
	c := s.channel("D"+user, "")
	c.im = user
	return c
}

// next is a number that was not used before. Call it with the lock held.
func (s *Server) next() int64 {
	s.seq++
	return s.seq
}

// ts is a new message's id: seconds and microseconds, always later than the
// last. Call it with the lock held.
func (s *Server) ts() string {
	us := max(s.opts.Now().UnixMicro(), s.lastTS+1)
	s.lastTS = us
	return fmt.Sprintf("%d.%06d", us/1e6, us%1e6)
}

// Start listens on addr, such as "127.0.0.1:0".
func (s *Server) Start(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("slackfake: %w", err)
	}
	s.base = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.wg.Go(func() { _ = s.http.Serve(l) })
	return nil
}

// URL is where the fake listens: "http://127.0.0.1:1234".
func (s *Server) URL() string { return s.base }

// API is the root of the Web API, with its slash.
func (s *Server) API() string { return s.base + "/api/" }

// Close drops every socket and stops listening.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for _, e := range s.pending {
		e.stop()
	}
	s.mu.Unlock()
	s.DropSockets()
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.http.Shutdown(ctx); err != nil {
			_ = s.http.Close()
		}
	}
	s.wg.Wait()
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("/api/{method}", s.api)
	s.mux.HandleFunc("GET /link", s.link)
	s.mux.HandleFunc("POST /response/{id}", s.respond)
	s.mux.HandleFunc("/upload/{id}", s.receive)
	s.mux.HandleFunc("GET /files/{id}", s.download)
	s.control()
}

// ServeHTTP answers as Slack's hosts would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }
