package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
	"helloworld/bot/chat/console/consoletest"
)

// desk is a console on a real socket, with the events that came out of it.
type desk struct {
	t      *testing.T
	tr     *console.Transport
	people *consoletest.People
	keep   console.Keep
	server *httptest.Server

	mu     sync.Mutex
	events []chat.Event
	refuse error // what the handler answers
	react  func(chat.Event)
	stop   func()
}

func people() *consoletest.People {
	return consoletest.NewPeople(
		console.Person{ID: "anna", Name: "Anna", Role: "Support agent", Lang: "en"},
		console.Person{ID: "wei", Name: "王伟", Role: "Operations", Lang: "zh-CN"},
		console.Person{ID: "ben", Name: "Ben", Role: "Manager", Lang: "en"},
		console.Person{ID: "carla", Name: "Carla", Role: "Administrator", Lang: "en"},
	)
}

func rooms(_ context.Context, a chat.Account) ([]console.Channel, error) {
	out := []console.Channel{
		{ID: "buyers", Name: "buyers", About: "Messages of buyers, all stores"},
		{ID: "ops", Name: "ops", About: "Synchronisation and alerts"},
	}
	if a.ID == "ben" || a.ID == "carla" {
		out = append(out, console.Channel{ID: "leads", Name: "leads", About: "Approvals"})
	}
	return out, nil
}

func config(t *testing.T) console.Config {
	return console.Config{
		Keep: console.NewMemory(), People: people(), Words: consoletest.Words(t), Channels: rooms,
		Poll: 20 * time.Millisecond,
	}
}

// open starts a console. It runs until the test ends.
func open(t *testing.T, c console.Config) *desk {
	t.Helper()
	d := serve(t, c)
	d.run()
	t.Cleanup(func() { d.stop() })
	return d
}

// serve makes a console that answers, but does not run yet.
func serve(t *testing.T, c console.Config) *desk {
	t.Helper()
	d := &desk{t: t, people: c.People.(*consoletest.People), keep: c.Keep}
	tr, err := console.New(c)
	if err != nil {
		t.Fatal(err)
	}
	d.tr = tr
	d.server = httptest.NewServer(tr)
	t.Cleanup(d.server.Close)
	t.Cleanup(d.server.CloseClientConnections)
	return d
}

// run starts the transport and waits until it takes events.
func (d *desk) run() {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		var err error
		// The question whether it runs may be running itself at this moment.
		for ok := true; ok; ok = err != nil && ctx.Err() == nil {
			err = d.tr.Run(ctx, func(_ context.Context, e chat.Event) error {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.events = append(d.events, e)
				if d.react != nil {
					d.react(e)
				}
				return d.refuse
			})
		}
		done <- err
	}()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			d.t.Errorf("Run ended with %v", err)
		}
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if running(d.tr) {
			return
		}
		if time.Now().After(end) {
			d.t.Fatal("the console does not run")
		}
	}
}

// running is known by Run refusing to run twice.
func running(tr *console.Transport) bool {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := tr.Run(ctx, func(context.Context, chat.Event) error { return errors.New("not me") })
	return !errors.Is(err, context.Canceled)
}

func (d *desk) refusing(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse = err
}

func (d *desk) heard() []chat.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]chat.Event(nil), d.events...)
}

func (d *desk) post(to chat.Place, c chat.Card) chat.Ref {
	d.t.Helper()
	ref, err := d.tr.Post(context.Background(), to, c)
	if err != nil {
		d.t.Fatalf("Post: %v", err)
	}
	return ref
}

func at(channel string) chat.Place { return chat.Place{Chat: console.Name, Channel: channel} }

// hand is a person's browser without the page.
type hand struct {
	d     *desk
	id    string
	http  *http.Client
	token string
	n     int
}

// as signs a person in with a one-time link.
func (d *desk) as(id string) *hand {
	d.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	h := &hand{d: d, id: id, http: &http.Client{Jar: jar, Transport: d.server.Client().Transport}}
	res, err := h.http.PostForm(d.server.URL+"/in/"+d.people.Code(id), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/" {
		d.t.Fatalf("signing in ends at %s with %d", res.Request.URL, res.StatusCode)
	}
	h.token = h.state().Token
	return h
}

// secret is the value of the session's cookie.
func (h *hand) secret() string {
	u, err := url.Parse(h.d.server.URL)
	if err != nil {
		h.d.t.Fatal(err)
	}
	for _, c := range h.http.Jar.Cookies(u) {
		return c.Value
	}
	h.d.t.Fatal("there is no cookie")
	return ""
}

type state struct {
	Me       struct{ ID, Name string }
	Lang     string
	Token    string
	Head     int64
	Channels []struct {
		ID, Name string
		Direct   bool
		Unread   int
	}
	Forms []struct {
		ID, Next string
		Form     chat.Form
	}
	Menu []struct {
		Name, Help string
		Also       []string
	}
	Demo  []struct{ ID string }
	Words map[string]string
}

type view struct {
	Num, Seq    int64
	ID, Channel string
	Thread      string
	Only        bool
	Edited      int64
	By          *struct{ ID, Name string }
	Text        string
	Files       []struct {
		Name, URL string
		Image     bool
	}
	Card    *chat.Card
	Replies int
	Root    *struct {
		ID      string
		Replies int
	}
}

type page struct {
	Root  *view
	Posts []view
	More  bool
}

func (h *hand) get(path string, into any) int {
	h.d.t.Helper()
	res, err := h.http.Get(h.d.server.URL + path)
	if err != nil {
		h.d.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.d.t.Fatal(err)
	}
	if into != nil && res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, into); err != nil {
			h.d.t.Fatalf("%s: %v in %s", path, err, body)
		}
	}
	return res.StatusCode
}

func (h *hand) state() (s state) {
	h.d.t.Helper()
	if code := h.get("/api/state", &s); code != http.StatusOK {
		h.d.t.Fatalf("state: %d", code)
	}
	return s
}

func (h *hand) page(channel, thread string, before int64) (p page) {
	h.d.t.Helper()
	q := url.Values{"channel": {channel}, "thread": {thread}}
	if before > 0 {
		q.Set("before", fmt.Sprint(before))
	}
	if code := h.get("/api/posts?"+q.Encode(), &p); code != http.StatusOK {
		h.d.t.Fatalf("posts of %q: %d", channel, code)
	}
	return p
}

// key is a fresh name for an action.
func (h *hand) key() string {
	h.n++
	return fmt.Sprintf("%s-action-%06d", h.id, h.n)
}

type refusal struct{ Code, Error, Field, ID string }

func (h *hand) send(path string, body any) (int, refusal) {
	h.d.t.Helper()
	code, got, err := h.try(path, body)
	if err != nil {
		h.d.t.Fatal(err)
	}
	return code, got
}

// try is send, where a lost connection is no surprise.
func (h *hand) try(path string, body any) (int, refusal, error) {
	h.d.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		h.d.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", h.d.server.URL+path, bytes.NewReader(data))
	if err != nil {
		h.d.t.Fatal(err)
	}
	req.Header.Set("X-Desk-Token", h.token)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := h.http.Do(req)
	if err != nil {
		return 0, refusal{}, err
	}
	defer res.Body.Close()
	var out refusal
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		h.d.t.Fatalf("%s answers %d with no JSON: %v", path, res.StatusCode, err)
	}
	return res.StatusCode, out, nil
}

type said struct {
	Key     string   `json:"key"`
	Channel string   `json:"channel"`
	Thread  string   `json:"thread"`
	Text    string   `json:"text"`
	Files   []string `json:"files,omitempty"`
}

// say says something, and says it again under the same key while it is refused.
func (h *hand) say(channel, thread, text string) string {
	h.d.t.Helper()
	return h.saying(said{Key: h.key(), Channel: channel, Thread: thread, Text: text})
}

func (h *hand) saying(s said) string {
	h.d.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		code, got, err := h.try("/api/say", s)
		if err != nil {
			continue // as a page does: the same again, under the same key
		}
		if code == http.StatusAccepted {
			return got.ID
		}
		if code != http.StatusServiceUnavailable {
			h.d.t.Fatalf("say %q: %d %+v", s.Text, code, got)
		}
	}
	h.d.t.Fatalf("say %q: refused all the time", s.Text)
	return ""
}

func (h *hand) must(want int, path string, body any) refusal {
	h.d.t.Helper()
	code, got := h.send(path, body)
	// The desk may still be starting; a page tries again too, under the same key.
	for end := time.Now().Add(10 * time.Second); want != http.StatusServiceUnavailable && got.Code == "error_starting" && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
		code, got = h.send(path, body)
	}
	if code != want {
		h.d.t.Fatalf("%s: %d %+v, want %d", path, code, got, want)
	}
	return got
}

// readable is everything that a post says, in reading order.
func (v view) readable() string {
	if v.Card == nil {
		return v.Text
	}
	var b strings.Builder
	add := func(all ...string) {
		for _, s := range all {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	}
	add(v.Card.Title)
	for _, p := range v.Card.Parts {
		add(p.Label, p.Text)
		for _, f := range p.Fields {
			add(f.Label, f.Value)
		}
	}
	add(v.Card.Foot)
	return b.String()
}
