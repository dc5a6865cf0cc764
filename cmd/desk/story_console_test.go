package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
)

// consoleVenue is the console as browsers see it: over its own HTTP.
type consoleVenue struct {
	s        *story
	browsers map[string]*browser
	acts     atomic.Int64
}

// browser is one person's.
type browser struct {
	client *http.Client
	token  string
}

func (v *consoleVenue) name() string             { return "console" }
func (v *consoleVenue) channel(c channel) string { return c.name }
func (v *consoleVenue) judge() error             { return nil }

var errOut = errors.New("cannot sign in to the console")

// as signs a person in, once.
func (v *consoleVenue) as(p person) (*browser, error) {
	if b := v.browsers[p.id]; b != nil {
		return b, nil
	}
	var code string
	err := v.s.desk.db.Write(context.Background(), func(tx *store.Tx) (err error) {
		code, err = v.s.desk.people.CodeFor(tx, people.ID(p.id), time.Hour)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s %w: %w", p.id, errOut, err)
	}
	return v.enter(p, v.s.desk.address()+"/in/"+code)
}

// enter signs a person in by a one-time link.
func (v *consoleVenue) enter(p person, link string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &browser{client: &http.Client{Jar: jar, Timeout: storyPatience}}
	res, err := b.client.Post(link, "application/x-www-form-urlencoded", nil)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	v.browsers[p.id] = b
	st, err := v.state(p)
	if err != nil {
		delete(v.browsers, p.id)
		return nil, err
	}
	b.token = st.Token
	return b, nil
}

// ask makes one request and reads its JSON.
func (v *consoleVenue) ask(p person, method, path string, body, into any) error {
	b, err := v.as(p)
	if err != nil {
		return err
	}
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, v.s.desk.address()+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("X-Desk-Token", b.token)
	res, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("console: %s %s: %s: %s", method, path, res.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

type consoleState struct {
	Token    string `json:"token"`
	Channels []struct {
		ID string `json:"id"`
	} `json:"channels"`
	Forms []struct {
		ID     string    `json:"id"`
		Closed bool      `json:"closed"`
		Form   chat.Form `json:"form"`
	} `json:"forms"`
}

func (v *consoleVenue) state(p person) (st consoleState, err error) {
	return st, v.ask(p, "GET", "/api/state", nil, &st)
}

func (v *consoleVenue) key() string { return fmt.Sprintf("story-%08d", v.acts.Add(1)) }

func (v *consoleVenue) say(p person, channel string, under *post, text string) error {
	body := map[string]any{"key": v.key(), "channel": channel, "text": text}
	if under != nil {
		body["channel"], body["thread"] = under.channel, under.root()
	}
	return v.ask(p, "POST", "/api/say", body, nil)
}

// root is the first post of the thread that a post stands in.
func (p post) root() string {
	if p.thread != "" {
		return p.thread
	}
	return p.id
}

type consolePost struct {
	ID      string     `json:"id"`
	Channel string     `json:"channel"`
	Thread  string     `json:"thread"`
	Only    bool       `json:"only"`
	At      int64      `json:"at"`
	Edited  int64      `json:"edited"`
	Text    string     `json:"text"`
	Card    *chat.Card `json:"card"`
	Replies int        `json:"replies"`
}

// page is a channel's or thread's posts as a person sees them.
func (v *consoleVenue) page(p person, channel, thread string) ([]post, error) {
	var out []post
	for before := ""; ; {
		var page struct {
			Posts []consolePost `json:"posts"`
			More  bool          `json:"more"`
		}
		path := "/api/posts?channel=" + url.QueryEscape(channel) + "&thread=" + url.QueryEscape(thread) + before
		var raw json.RawMessage
		if err := v.ask(p, "GET", path, nil, &raw); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, err
		}
		var some []post
		for _, x := range page.Posts {
			one := post{venue: v, channel: x.Channel, id: x.ID, thread: x.Thread, text: x.Text, at: time.UnixMilli(x.At), edited: x.Edited > 0, desk: x.Card != nil}
			if x.Only || strings.HasPrefix(channel, "@") {
				one.only = p.id
			}
			if x.Card != nil {
				one.text = chat.PlainText(*x.Card)
				for _, b := range x.Card.Buttons {
					one.buttons = append(one.buttons, button{b.Label, b.Command, b.URL})
				}
			}
			some = append(some, one)
			if x.Replies > 0 && thread == "" {
				below, err := v.page(p, channel, x.ID)
				if err != nil {
					return nil, err
				}
				some = append(some, below...)
			}
		}
		out = append(some, out...)
		if !page.More {
			return out, nil
		}
		var first struct {
			Posts []struct {
				Num int64 `json:"num"`
			} `json:"posts"`
		}
		if err := json.Unmarshal(raw, &first); err != nil {
			return nil, err
		}
		before = fmt.Sprintf("&before=%d", first.Posts[0].Num)
	}
}

// watcher looks at what everybody sees.
var watcher = cast[slices.IndexFunc(cast, func(p person) bool { return p.id == "adam" })]

func (v *consoleVenue) seen(channel string) ([]post, error) {
	all, err := v.page(watcher, channel, "")
	return slices.DeleteFunc(all, func(p post) bool { return p.only != "" }), err
}

func (v *consoleVenue) private(p person) ([]post, error) {
	if _, err := v.as(p); err != nil {
		if errors.Is(err, errOut) {
			return nil, nil
		}
		return nil, err
	}
	st, err := v.state(p)
	if err != nil {
		return nil, err
	}
	var out []post
	for _, c := range st.Channels {
		all, err := v.page(p, c.ID, "")
		if err != nil {
			return nil, err
		}
		out = append(out, slices.DeleteFunc(all, func(x post) bool { return x.only == "" })...)
	}
	return out, nil
}

func (v *consoleVenue) press(p person, at post, b button) error {
	return v.ask(p, "POST", "/api/press", map[string]any{"key": v.key(), "channel": at.channel, "id": at.id, "token": b.token}, nil)
}

func (v *consoleVenue) open(p person) (id string, f chat.Form, err error) {
	st, err := v.state(p)
	for _, x := range st.Forms {
		if !x.Closed {
			id, f = x.ID, x.Form
		}
	}
	return id, f, err
}

func (v *consoleVenue) form(p person) (string, bool, error) {
	id, f, err := v.open(p)
	return formWords(f), id != "", err
}

func formWords(f chat.Form) string {
	out := []string{f.Title, f.Intro}
	for _, in := range f.Inputs {
		out = append(out, in.Label, in.Hint, in.Value)
	}
	return strings.Join(out, "\n")
}

// fill answers with what the form holds already where a story says nothing else.
func (v *consoleVenue) fill(p person, values map[string]string) error {
	id, f, err := v.open(p)
	if err != nil {
		return err
	}
	all := map[string]string{}
	for _, in := range f.Inputs {
		all[in.Name] = in.Value
		if x, ok := values[in.Name]; ok {
			all[in.Name] = x
		}
	}
	for name := range values {
		if _, ok := all[name]; !ok {
			return fmt.Errorf("the form does not ask for %q", name)
		}
	}
	return v.ask(p, "POST", "/api/fill", map[string]any{"key": v.key(), "id": id, "values": all}, nil)
}

func (v *consoleVenue) edit(person, post, string) error {
	return errors.New("the console's people do not edit what they said")
}

func (v *consoleVenue) remove(person, post) error {
	return errors.New("the console's people do not take back what they said")
}

func (v *consoleVenue) trouble(string, int) error {
	return errors.New("the console is the desk itself and fails with it")
}
