package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat/telegram/telegramfake"
	"helloworld/cmd/desk/config"
)

// telegramVenue is the fake Telegram.
type telegramVenue struct {
	s       *story
	fake    *telegramfake.Server
	door    *door
	refused bool
}

func openTelegram(s *story) (venue, error) {
	v := &telegramVenue{s: s, fake: telegramfake.New(telegramfake.Options{})}
	if err := v.fake.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.t.Cleanup(func() { _ = v.fake.Close() })
	for _, c := range channels {
		v.fake.AddGroup(c.telegram, c.name, false)
	}
	for _, p := range cast {
		v.fake.AddUser(v.user(p), p.roles != nil)
	}
	var err error
	if v.door, err = openDoor(s.t, v.fake); err != nil {
		return nil, err
	}
	s.cfg.Telegram = config.Telegram{On: true, BaseURL: v.door.url(), Token: config.Secret(v.fake.Token())}
	return v, nil
}

func (v *telegramVenue) user(p person) telegramfake.User {
	return telegramfake.User{ID: p.telegram, FirstName: p.id, Username: p.id + "_story", Language: strings.TrimSuffix(p.lang, "-CN")}
}

func (v *telegramVenue) name() string             { return "telegram" }
func (v *telegramVenue) channel(c channel) string { return strconv.FormatInt(c.telegram, 10) }

func (v *telegramVenue) say(p person, channel string, under *post, text string) error {
	to := 0
	if under != nil {
		n, err := strconv.Atoi(under.id)
		if err != nil {
			return fmt.Errorf("telegram: nobody can reply to %s", under.id)
		}
		channel, to = under.channel, n
	}
	id, err := strconv.ParseInt(channel, 10, 64)
	if err != nil {
		return err
	}
	if rest, ok := strings.CutPrefix(text, "@desk "); ok {
		text = "@desk_bot " + rest
	}
	v.fake.Say(v.user(p), id, text, to)
	return nil
}

func (v *telegramVenue) posts(chat int64, keep func(telegramfake.Message) bool) []post {
	var out []post
	for _, m := range v.fake.Messages(chat) {
		if !keep(m) {
			continue
		}
		one := post{venue: v, channel: strconv.FormatInt(chat, 10), id: strconv.Itoa(m.ID), text: m.Text + m.Caption, at: m.At, edited: m.Edits > 0, desk: m.From.IsBot}
		if m.ReplyTo != 0 {
			one.thread = strconv.Itoa(m.ReplyTo)
		}
		for _, row := range m.Buttons {
			for _, b := range row {
				one.buttons = append(one.buttons, button{b.Text, b.Data, b.URL})
			}
		}
		out = append(out, one)
	}
	return out
}

func (v *telegramVenue) seen(channel string) ([]post, error) {
	id, err := strconv.ParseInt(channel, 10, 64)
	if err != nil {
		return nil, err
	}
	return v.posts(id, func(m telegramfake.Message) bool { return m.Receiver == 0 }), nil
}

func (v *telegramVenue) private(p person) ([]post, error) {
	out := v.posts(p.telegram, func(telegramfake.Message) bool { return true })
	for _, c := range channels {
		out = append(out, v.posts(c.telegram, func(m telegramfake.Message) bool { return m.Receiver == p.telegram })...)
	}
	for _, a := range v.fake.CallbackAnswers() {
		if a.User == p.telegram && a.Text != "" {
			out = append(out, post{venue: v, channel: "toast", id: a.ID, text: a.Text, at: a.At, desk: true})
		}
	}
	for i := range out {
		out[i].only = p.id
	}
	return out, nil
}

func (v *telegramVenue) press(p person, at post, b button) error {
	chat, err := strconv.ParseInt(at.channel, 10, 64)
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(at.id)
	if err != nil {
		return err
	}
	// What the card showed when the person looked is what is sent, even if it was
	// repainted since.
	_, err = v.fake.PressData(v.user(p), chat, id, b.token)
	return err
}

// question is the newest question of a form that a person has not answered.
func (v *telegramVenue) question(p person) (post, bool) {
	var hit post
	found := false
	places := []int64{p.telegram}
	for _, c := range channels {
		places = append(places, c.telegram)
	}
	for _, at := range places {
		for _, m := range v.posts(at, func(m telegramfake.Message) bool { return m.From.IsBot }) {
			for _, b := range m.buttons {
				if strings.HasPrefix(b.token, "~f:") {
					if !found || m.at.After(hit.at) || m.at.Equal(hit.at) {
						hit, found = m, true
					}
				}
			}
		}
	}
	return hit, found
}

func (v *telegramVenue) form(p person) (string, bool, error) {
	q, ok := v.question(p)
	return q.text, ok, nil
}

// fill answers the questions one after another, as a person does. Questions are
// told apart by the words of their labels.
func (v *telegramVenue) fill(p person, values map[string]string) error {
	names := []string{"what", "amount", "lines", "restock", "reason", "goods", "note", "phrase", "text", "secret_code", "secret_new", "secret_again", "why", "question"}
	labels := map[string][]string{"what": {"What to give back", "退什么"}, "lines": {"Which lines", "退哪几行"}, "restock": {"Stock", "库存"}, "goods": {"Goods", "商品"}, "amount": {"Amount", "金额"}, "reason": {"Reason", "原因"}, "note": {"Note", "说明"}, "phrase": {"Ready phrase", "话术模板"}, "text": {"Your answer", "您的回复"},
		"why": {"Why", "原因（"}, "question": {"Your question", "您的问题"}, "secret_code": {"Your PIN"}, "secret_new": {"New PIN"}, "secret_again": {"New PIN once more"}}
	asked := map[string]bool{}
	for range names {
		last := post{}
		err := v.s.until(func() error {
			q, ok := v.question(p)
			if !ok && len(asked) == 0 {
				return fmt.Errorf("%w: no question is open for %s", errNotYet, p.id)
			}
			last = q
			return nil
		})
		if err != nil || last.id == "" {
			return err
		}
		name := ""
		for _, n := range names {
			for _, l := range labels[n] {
				if strings.Contains(last.text, l) && !asked[n] {
					name = n
				}
			}
		}
		if name == "" {
			return fmt.Errorf("telegram: a question of unknown kind: %s", last.text)
		}
		asked[name] = true
		// Nobody answers two questions in one second, and no chat takes two posts in it.
		time.Sleep(1100 * time.Millisecond)
		if err := v.reply(p, last, values[name]); err != nil {
			return err
		}
		if err := v.gone(last); err != nil {
			return err
		}
		if _, more := v.next(p, last); !more {
			return nil
		}
	}
	return nil
}

// next waits shortly for another question: the chat takes one a second, and a busy
// computer a while longer.
func (v *telegramVenue) next(p person, last post) (post, bool) {
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if q, ok := v.question(p); ok && q.id != last.id {
			return q, true
		}
	}
	return post{}, false
}

// gone waits until a question has lost its buttons.
func (v *telegramVenue) gone(q post) error {
	chat, err := strconv.ParseInt(q.channel, 10, 64)
	if err != nil {
		return err
	}
	return v.s.until(func() error {
		for _, m := range v.posts(chat, func(telegramfake.Message) bool { return true }) {
			if m.id == q.id && len(m.buttons) > 0 {
				return fmt.Errorf("%w: the question stays open: %s", errNotYet, m.text)
			}
		}
		return nil
	})
}

// reply answers a question: by the button that says it, by Skip where nothing is
// said, else in words.
func (v *telegramVenue) reply(p person, q post, value string) error {
	skip := map[string]bool{"Skip": true, "跳过": true}
	for _, b := range q.buttons {
		if value != "" && strings.EqualFold(strings.TrimPrefix(b.label, "• "), value) || value == "" && skip[b.label] {
			return v.press(p, q, b)
		}
	}
	if value == "" {
		return fmt.Errorf("telegram: the question cannot be skipped: %s", q.text)
	}
	return v.say(p, q.channel, &q, value)
}

func (v *telegramVenue) edit(_ person, at post, text string) error {
	chat, err := strconv.ParseInt(at.channel, 10, 64)
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(at.id)
	if err != nil {
		return err
	}
	return v.fake.Edit(chat, id, text)
}

func (v *telegramVenue) remove(person, post) error {
	return errors.New("Telegram does not tell bots what was taken back")
}

func (v *telegramVenue) trouble(kind string, n int) error {
	v.refused = true
	switch kind {
	case "down":
		v.door.shut()
		return nil
	case "up":
		return v.door.open()
	case "429":
		v.fake.Fail(telegramfake.Fault{Method: "sendMessage", Kind: telegramfake.TooMany, N: n, RetryAfter: 1})
	case "500":
		v.fake.FailNext("sendMessage", telegramfake.Broken, n)
	case "lost-answer":
		v.fake.FailNext("sendMessage", telegramfake.LostAfter, n)
	case "twice":
		v.fake.Repeat(n)
	default:
		return errors.New("Telegram knows no trouble " + kind)
	}
	return nil
}

func (v *telegramVenue) judge() error {
	for _, r := range v.fake.Refusals() {
		if r.Code == http.StatusTooManyRequests && !v.refused {
			return fmt.Errorf("a call was refused for being too fast: %+v", r)
		}
	}
	return nil
}

// door stands before a fake, so that the network between it and the desk can be
// cut: a shut door refuses connections, and cuts those that are open.
type door struct {
	t    *testing.T
	addr string
	to   http.Handler

	mu  sync.Mutex
	srv *http.Server
	at  net.Listener
}

func openDoor(t *testing.T, to http.Handler) (*door, error) {
	d := &door{t: t, addr: quietAddress(), to: to} // opened again on the same
	t.Cleanup(d.shut)
	return d, d.open()
}

func (d *door) url() string { return "http://" + d.addr }

func (d *door) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.srv != nil {
		return nil
	}
	l, err := net.Listen("tcp", d.addr)
	if err != nil {
		return err
	}
	d.addr, d.at = l.Addr().String(), l
	d.srv = &http.Server{Handler: d.to, ReadHeaderTimeout: 10 * time.Second}
	go func(srv *http.Server) {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.t.Errorf("a chat's door: %v", err)
		}
	}(d.srv)
	return nil
}

func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.srv != nil {
		_ = d.srv.Close()
		_ = d.at.Close() // a server that has not begun to serve leaves it open
		d.srv = nil
	}
}
