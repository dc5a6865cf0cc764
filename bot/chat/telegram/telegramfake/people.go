package telegramfake

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Said is a message a person writes; [Server.Say] is the short form.
type Said struct {
	From    User   `json:"user"`
	Chat    int64  `json:"chat"`
	Topic   int    `json:"topic,omitempty"`
	Text    string `json:"text"`
	ReplyTo int    `json:"reply_to,omitempty"`
	// Photo or Document are the bytes of a file; Text is then the caption.
	Photo    []byte `json:"photo,omitempty"`
	Document []byte `json:"document,omitempty"`
	FileName string `json:"file_name,omitempty"`
	MIME     string `json:"mime,omitempty"`
	// Anonymous: an administrator writes in the group's name.
	Anonymous bool `json:"anonymous,omitempty"`
}

// room finds a chat or opens it: people's ids are private chats, ids from
// -100… supergroups, other negative ones groups. The caller holds the lock.
func (s *Server) room(id int64, title string) *room {
	c := s.chats[id]
	if c == nil {
		kind := "private"
		switch {
		case strings.HasPrefix(strconv.FormatInt(id, 10), "-100"):
			kind = "supergroup"
		case id < 0:
			kind = "group"
		}
		if title == "" {
			title = "Chat " + strconv.FormatInt(id, 10)
		}
		c = &room{id: id, kind: kind, title: title, messages: map[int]*Message{}}
		s.chats[id] = c
	}
	return c
}

// person finds somebody or makes their acquaintance. The caller holds the lock.
func (s *Server) person(u User) *person {
	p := s.users[u.ID]
	if p == nil {
		p = &person{User: u}
		s.users[u.ID] = p
	}
	if u.FirstName != "" {
		p.User = u
	}
	return p
}

// AddGroup puts the bot into a group; forum makes it one with topics.
func (s *Server) AddGroup(id int64, title string, forum bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.room(id, title)
	c.title, c.forum, c.gone = title, forum, false
}

// AddUser makes somebody known; started: they have opened a private chat.
func (s *Server) AddUser(u User, started bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person(u).started = started
	if started {
		s.room(u.ID, u.FirstName)
	}
}

// Block makes somebody block the bot, or take that back.
func (s *Server) Block(user int64, blocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person(User{ID: user}).blocked = blocked
}

// Kick removes the bot from a group.
func (s *Server) Kick(chat int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room(chat, "").gone = true
}

// Migrate turns a group into the supergroup to.
func (s *Server) Migrate(chat, to int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.room(chat, "")
	c.migrated = to
	s.room(to, c.title)
	m := map[string]any{"message_id": s.id(c), "date": s.o.Now().Unix(), "chat": chatJSON(c),
		"from": s.me, "migrate_to_chat_id": to}
	s.deliver("message", map[string]any{"message": m})
}

func (s *Server) id(c *room) int {
	c.next++
	return c.next
}

// Say writes a message as a person and returns its id.
func (s *Server) Say(user User, chat int64, text string, replyTo int) int {
	id, _ := s.Write(Said{From: user, Chat: chat, Text: text, ReplyTo: replyTo})
	return id
}

// Write writes a message as a person and returns its id and the update's.
func (s *Server) Write(w Said) (message int, updateID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(w.From)
	title := ""
	if w.Chat == w.From.ID {
		p.started, p.blocked = true, false
		title = p.FirstName
	}
	c := s.room(w.Chat, title)
	m := &Message{ID: s.id(c), Chat: w.Chat, Topic: w.Topic, From: p.User, At: s.o.Now(), Text: w.Text, ReplyTo: w.ReplyTo}
	switch {
	case w.Photo != nil:
		m.Photo = s.keep(w.Photo, "photos", "photo.jpg")
	case w.Document != nil:
		m.Document, m.FileName = s.keep(w.Document, "documents", w.FileName), w.FileName
	}
	if m.Photo != "" || m.Document != "" {
		m.Text, m.Caption = "", w.Text
	}
	m.Entities = detect(w.Text, nil)
	c.messages[m.ID] = m
	c.order = append(c.order, m.ID)
	body := s.messageJSON(c, m, true)
	if w.MIME != "" && m.Document != "" {
		if d, ok := body["document"].(map[string]any); ok {
			d["mime_type"] = w.MIME
		}
	}
	if w.Anonymous {
		body["from"] = User{ID: 1087968824, IsBot: true, FirstName: "Group", Username: "GroupAnonymousBot"}
		body["sender_chat"] = chatJSON(c)
	}
	return m.ID, s.deliver("message", map[string]any{"message": body})
}

// Edit changes what a person wrote.
func (s *Server) Edit(chat int64, message int, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.room(chat, "")
	m := c.messages[message]
	if m == nil || m.From.ID == s.me.ID {
		return fmt.Errorf("telegramfake: no message %d by a person in %d", message, chat)
	}
	m.Text, m.Entities, m.Edits = text, detect(text, nil), m.Edits+1
	body := s.messageJSON(c, m, true)
	body["edit_date"] = s.o.Now().Unix()
	s.deliver("edited_message", map[string]any{"edited_message": body})
	return nil
}

// Press presses a button, found by its label or its data, and returns the
// query's id.
func (s *Server) Press(user User, chat int64, message int, button string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.room(chat, "")
	m := c.messages[message]
	if m == nil || m.Deleted {
		return "", fmt.Errorf("telegramfake: no message %d in %d", message, chat)
	}
	var hit *Button
	for _, row := range m.Buttons {
		for i := range row {
			if row[i].Text == button || row[i].Data == button {
				hit = &row[i]
			}
		}
	}
	if hit == nil {
		return "", fmt.Errorf("telegramfake: no button %q under message %d", button, message)
	}
	if hit.Data == "" {
		return "", errors.New("telegramfake: that button only opens a page")
	}
	return s.press(user, c, m, hit.Data), nil
}

// PressData sends data as if a button had carried it: a stale or forged press.
func (s *Server) PressData(user User, chat int64, message int, data string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.room(chat, "")
	m := c.messages[message]
	if m == nil {
		return "", fmt.Errorf("telegramfake: no message %d in %d", message, chat)
	}
	return s.press(user, c, m, data), nil
}

func (s *Server) press(user User, c *room, m *Message, data string) string {
	p := s.person(user)
	s.pressSeq++
	id := strconv.FormatInt(4611686018427387904+s.pressSeq, 10) // as long as the real ones
	s.presses[id] = &press{user: user.ID, at: s.o.Now()}
	s.deliver("callback_query", map[string]any{"callback_query": map[string]any{
		"id": id, "from": p.User, "message": s.messageJSON(c, m, true),
		"chat_instance": strconv.FormatInt(c.id*7, 10), "data": data}})
	return id
}

// Deliver hands the bot an update of any shape, with an update_id added.
func (s *Server) Deliver(kind string, body map[string]any) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliver(kind, map[string]any{kind: body})
}

// Cut breaks the connection that getUpdates waits on, if one does.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poller != nil {
		close(s.poller.cut)
		s.poller = nil
	}
}

// Repeat delivers the next n confirmed updates a second time.
func (s *Server) Repeat(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repeat += n
}

// FailNext orders trouble for the next n calls of method ("" for any).
func (s *Server) FailNext(method string, kind FaultKind, n int) {
	s.Fail(Fault{Method: method, Kind: kind, N: n})
}

// Fail orders trouble.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Method = strings.ToLower(f.Method)
	s.faults = append(s.faults, &f)
}

// Heal takes back whatever trouble is left.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.repeat, s.latency = nil, 0, 0
}

// SetLatency makes every call but getUpdates wait.
func (s *Server) SetLatency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// SetWebhook pretends that somebody set one.
func (s *Server) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = url
}

// Messages are a chat's messages, oldest first, deleted ones left out,
// ephemeral ones at the end.
func (s *Server) Messages(chat int64) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[chat]
	if c == nil {
		return nil
	}
	var out []Message
	for _, id := range c.order {
		if m := c.messages[id]; !m.Deleted {
			out = append(out, copied(m))
		}
	}
	for _, m := range c.secret {
		out = append(out, copied(m))
	}
	return out
}

func copied(m *Message) Message {
	out := *m
	out.Entities = slices.Clone(m.Entities)
	out.Buttons = nil
	for _, row := range m.Buttons {
		out.Buttons = append(out.Buttons, slices.Clone(row))
	}
	return out
}

// Posts are what the bot wrote in a chat.
func (s *Server) Posts(chat int64) []Message {
	return slices.DeleteFunc(s.Messages(chat), func(m Message) bool { return m.From.ID != s.me.ID })
}

// CallbackAnswers are the answers to presses, in order.
func (s *Server) CallbackAnswers() []CallbackAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.answers)
}

// Spinning are the presses nobody has answered.
func (s *Server) Spinning() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, p := range s.presses {
		if !p.answered {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Refusals are the calls that were refused, in order.
func (s *Server) Refusals() []Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refusals)
}

// Waiting is how many updates are not confirmed.
func (s *Server) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// Calls is how often a method was called.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[strings.ToLower(method)]
}

// Menu is what setMyCommands left for a language ("" for all), as JSON.
func (s *Server) Menu(lang string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.menus[`{"type":"default"}|`+lang])
}
