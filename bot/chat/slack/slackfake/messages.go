package slackfake

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Message is one message as it stands.
type Message struct {
	Channel   string          `json:"channel"`
	TS        string          `json:"ts"`
	Thread    string          `json:"thread_ts,omitempty"`
	User      string          `json:"user,omitempty"`
	Bot       string          `json:"bot_id,omitempty"`
	Text      string          `json:"text"`
	Blocks    json.RawMessage `json:"blocks,omitempty"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
	Files     []File          `json:"files,omitempty"`
	Reactions []string        `json:"reactions,omitempty"`
	// Only is who alone sees it, for ephemeral messages.
	Only    string `json:"only,omitempty"`
	Edited  string `json:"edited,omitempty"`
	Deleted bool   `json:"deleted,omitempty"`
}

// File is a file in a message.
type File struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	MIME string `json:"mimetype"`
	URL  string `json:"url_private"`
	Size int    `json:"size"`
}

func (m *Message) blocks() []object {
	var all []object
	_ = json.Unmarshal(m.Blocks, &all)
	return all
}

// Words is what a person reads.
func (m *Message) Words() string {
	if len(m.blocks()) > 0 {
		return wordsOf(m.blocks())
	}
	return unescape(m.Text)
}

// Buttons are its buttons.
func (m *Message) Buttons() []Button { return buttonsOf(m.blocks()) }

// Card is the key that the poster put into the metadata.
func (m *Message) Card() string {
	var meta struct {
		Payload struct {
			Key string `json:"key"`
		} `json:"event_payload"`
	}
	_ = json.Unmarshal(m.Metadata, &meta)
	return meta.Payload.Key
}

func (m *Message) view(metadata bool) map[string]any {
	v := map[string]any{"type": "message", "ts": m.TS, "text": m.Text, "user": m.User, "team": Team}
	if m.Bot != "" {
		v["bot_id"], v["app_id"] = m.Bot, App
	}
	if m.Thread != "" {
		v["thread_ts"] = m.Thread
	}
	if len(m.Blocks) > 0 {
		v["blocks"] = m.Blocks
	}
	if metadata && len(m.Metadata) > 0 {
		v["metadata"] = m.Metadata
	}
	if len(m.Files) > 0 {
		v["files"] = m.Files
	}
	if m.Edited != "" {
		v["edited"] = map[string]any{"user": m.User, "ts": m.Edited}
	}
	return v
}

// Slack's numbers for messages.
const (
	maxText     = 40000
	maxBlocks   = 50
	maxMetadata = 8000
)

// body checks and takes what a message says.
func body(m *Message, a args) (map[string]any, string) {
	text, blocks, meta := a.str("text"), a.raw("blocks"), a.raw("metadata")
	if string(blocks) == "[]" || string(blocks) == "null" {
		blocks = nil
	}
	switch {
	case text == "" && len(blocks) == 0:
		return nil, "no_text"
	case utf8.RuneCountInString(text) > maxText:
		return nil, "msg_too_long"
	case len(meta) > maxMetadata:
		return nil, "metadata_too_large"
	}
	if len(blocks) > 0 {
		if wrong := checkBlocks(blocks, maxBlocks, false); len(wrong) > 0 {
			return map[string]any{"response_metadata": map[string]any{"messages": wrong}}, "invalid_blocks"
		}
	}
	m.Text, m.Blocks = text, blocks
	if len(meta) > 0 {
		m.Metadata = meta
	}
	return nil, ""
}

// place finds the channel of a call.
func (s *Server) place(a args) (*channel, string) {
	id := a.str("channel")
	c := s.channels[id]
	if c == nil && s.users[id] != nil {
		c = s.direct(id)
	}
	switch {
	case c == nil:
		return nil, "channel_not_found"
	case c.archived:
		return nil, "is_archived"
	case c.out:
		return nil, "not_in_channel"
	}
	return c, ""
}

func (s *Server) postMessage(a args, only string) (map[string]any, string) {
	c, code := s.place(a)
	if code != "" {
		return nil, code
	}
	if _, ephemeral := a.json["user"]; (ephemeral || a.form.Has("user")) && s.users[only] == nil {
		return nil, "user_not_in_channel"
	}
	m := &Message{Channel: c.id, User: BotUser, Bot: BotID, Thread: a.str("thread_ts"), Only: only}
	if m.Thread != "" && c.byTS[m.Thread] == nil {
		return nil, "thread_not_found"
	}
	if extra, code := body(m, a); code != "" {
		return extra, code
	}
	s.keep(c, m)
	if only != "" {
		s.note(Entry{What: "ephemeral", Channel: c.id, TS: m.TS, User: only, Text: short(m.Text), Card: m.Card()})
		return map[string]any{"message_ts": m.TS}, ""
	}
	s.note(Entry{What: "post", Channel: c.id, TS: m.TS, Thread: m.Thread, Text: short(m.Text), Card: m.Card()})
	if s.opts.Echo {
		s.said(c, m, map[string]any{"bot_id": BotID, "app_id": App})
	}
	return map[string]any{"channel": c.id, "ts": m.TS, "message": m.view(false)}, ""
}

func short(s string) string {
	if utf8.RuneCountInString(s) <= 200 {
		return s
	}
	return string([]rune(s)[:200])
}

// keep puts a message into its channel.
func (s *Server) keep(c *channel, m *Message) {
	m.TS = s.ts()
	c.messages = append(c.messages, m)
	c.byTS[m.TS] = m
}

func (s *Server) own(a args) (*channel, *Message, string) {
	c, code := s.place(a)
	if code != "" {
		return nil, nil, code
	}
	m := c.byTS[a.str("ts")]
	switch {
	case m == nil || m.Deleted || m.Only != "":
		return nil, nil, "message_not_found"
	case m.Bot != BotID:
		return nil, nil, "cant_update_message"
	}
	return c, m, ""
}

func (s *Server) update(a args) (map[string]any, string) {
	c, m, code := s.own(a)
	if code != "" {
		return nil, code
	}
	if extra, code := body(m, a); code != "" {
		return extra, code
	}
	m.Edited = s.ts()
	s.note(Entry{What: "update", Channel: c.id, TS: m.TS, Text: short(m.Text), Card: m.Card()})
	return map[string]any{"channel": c.id, "ts": m.TS, "text": m.Text, "message": m.view(false)}, ""
}

func (s *Server) remove(a args) (map[string]any, string) {
	c, m, code := s.own(a)
	if code != "" {
		return nil, code
	}
	m.Deleted = true
	s.note(Entry{What: "delete", Channel: c.id, TS: m.TS})
	return map[string]any{"channel": c.id, "ts": m.TS}, ""
}

// history answers conversations.history (newest first) and .replies (oldest first).
func (s *Server) history(method string, a args) (map[string]any, string) {
	c := s.channels[a.str("channel")]
	if c == nil {
		return nil, "channel_not_found"
	}
	if c.out {
		return nil, "not_in_channel"
	}
	replies, root := method == "conversations.replies", a.str("ts")
	if replies && c.byTS[root] == nil {
		return nil, "thread_not_found"
	}
	var found []*Message
	for _, m := range c.messages {
		in := m.Thread == "" || m.Thread == m.TS
		if replies {
			in = m.TS == root || m.Thread == root
		}
		if in && !m.Deleted && m.Only == "" && (m.TS == root || within(m.TS, a)) {
			found = append(found, m)
		}
	}
	if !replies {
		for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
			found[i], found[j] = found[j], found[i]
		}
	}
	limit := min(max(a.number("limit", 100), 1), 1000)
	from := 0
	if cur := a.str("cursor"); cur != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cur, "next_"))
		if err != nil || n < 0 || n > len(found) {
			return nil, "invalid_cursor"
		}
		from = n
	}
	page := found[from:min(from+limit, len(found))]
	next := ""
	if from+len(page) < len(found) {
		next = "next_" + strconv.Itoa(from+len(page))
	}
	out := make([]any, 0, len(page))
	for _, m := range page {
		out = append(out, m.view(a.flag("include_all_metadata")))
	}
	return map[string]any{"messages": out, "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next}}, ""
}

// within tells whether ts is in the asked time. Ids of one length compare as text.
func within(ts string, a args) bool {
	oldest, latest := a.str("oldest"), a.str("latest")
	at, err := strconv.ParseFloat(ts, 64)
	if err != nil {
		return false
	}
	if o, err := strconv.ParseFloat(oldest, 64); err == nil && (at < o || at == o && !a.flag("inclusive")) {
		return false
	}
	if l, err := strconv.ParseFloat(latest, 64); err == nil && (at > l || at == l && !a.flag("inclusive")) {
		return false
	}
	return true
}

// Slack's numbers for handles.
const (
	triggerLife  = 3 * time.Second
	responseLife = 30 * time.Minute
	responseUses = 5
)

// permit makes a trigger and a response URL for something that user did.
func (s *Server) permit(user, channel, ts, thread string) (triggerID, responseURL string) {
	n := strconv.FormatInt(s.next(), 10)
	triggerID = n + ".1." + "trigger"
	now := s.opts.Now()
	s.triggers[triggerID] = &trigger{user: user, made: now}
	s.responses[n] = &response{channel: channel, user: user, ts: ts, thread: thread, made: now}
	return triggerID, s.base + "/response/" + n
}
