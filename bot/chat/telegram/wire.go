package telegram

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/go-telegram/bot/models"

	"helloworld/bot/chat"
)

// update is what is looked at in an update, and nothing else: what is not read
// cannot fail to be read.
type update struct {
	ID       int64     `json:"update_id"`
	Message  *message  `json:"message"`
	Edited   *message  `json:"edited_message"`
	Callback *callback `json:"callback_query"`
}

type message struct {
	ID              int                    `json:"message_id"`
	Thread          int                    `json:"message_thread_id"`
	InTopic         bool                   `json:"is_topic_message"`
	From            *user                  `json:"from"`
	SenderChat      *chatInfo              `json:"sender_chat"`
	Date            int64                  `json:"date"`
	Chat            chatInfo               `json:"chat"`
	Reply           *message               `json:"reply_to_message"`
	Text            string                 `json:"text"`
	Caption         string                 `json:"caption"`
	Entities        []models.MessageEntity `json:"entities"`
	CaptionEntities []models.MessageEntity `json:"caption_entities"`
	Photo           []models.PhotoSize     `json:"photo"`
	Document        *document              `json:"document"`
	Video           *document              `json:"video"`
	Audio           *document              `json:"audio"`
	Voice           *document              `json:"voice"`
	MigrateTo       int64                  `json:"migrate_to_chat_id"`
	Receiver        *user                  `json:"receiver_user"`
	Ephemeral       int                    `json:"ephemeral_message_id"`
}

type user struct {
	ID       int64  `json:"id"`
	IsBot    bool   `json:"is_bot"`
	First    string `json:"first_name"`
	Last     string `json:"last_name"`
	Username string `json:"username"`
	Language string `json:"language_code"`
}

type chatInfo struct {
	ID    int64  `json:"id"`
	Type  string `json:"type"`
	Title string `json:"title"`
}

type document struct {
	FileID string `json:"file_id"`
	Name   string `json:"file_name"`
	MIME   string `json:"mime_type"`
	Size   int64  `json:"file_size"`
}

type callback struct {
	ID      string   `json:"id"`
	From    user     `json:"from"`
	Message *message `json:"message"`
	Data    string   `json:"data"`
}

// decode reads one update. A false means that not even its number can be read.
func decode(raw json.RawMessage) (*update, error) {
	var u update
	err := json.Unmarshal(raw, &u)
	if err == nil {
		return &u, nil
	}
	var head struct {
		ID int64 `json:"update_id"`
	}
	if json.Unmarshal(raw, &head) != nil {
		head.ID = 0
	}
	return &update{ID: head.ID}, err
}

// about is the message an update is about, if any.
func (u *update) about() *message {
	switch {
	case u.Message != nil:
		return u.Message
	case u.Edited != nil:
		return u.Edited
	case u.Callback != nil:
		return u.Callback.Message
	}
	return nil
}

// lane is whose turn it is: one person's updates in one chat stay in order.
func (u *update) lane() string {
	m := u.about()
	var who, where int64
	if m != nil {
		where = m.Chat.ID
		if m.From != nil {
			who = m.From.ID
		}
	}
	if u.Callback != nil {
		who = u.Callback.From.ID
	}
	return strconv.FormatInt(where, 10) + "/" + strconv.FormatInt(who, 10)
}

func (m *message) topic() int {
	if m.InTopic {
		return m.Thread
	}
	return 0
}

// replied is the message a person replied to. In a forum whatever replies to
// nothing replies to the topic's opening, which is no reply.
func (m *message) replied() *message {
	if m.Reply == nil || m.Reply.ID == 0 || m.InTopic && m.Reply.ID == m.Thread {
		return nil
	}
	return m.Reply
}

func (m *message) private() bool {
	return m.Chat.Type == "private" || m.Chat.Type == "" && m.Chat.ID > 0
}

func (m *message) words() (string, []models.MessageEntity) {
	if m.Text != "" {
		return m.Text, m.Entities
	}
	return m.Caption, m.CaptionEntities
}

// author is who wrote it. Whoever writes in a group's name, or a channel's, is
// that chat and not a person: the account behind it is shared by all who do.
func (m *message) author() (chat.Account, bool) {
	if m.SenderChat != nil {
		return chat.Account{ID: strconv.FormatInt(m.SenderChat.ID, 10), Name: m.SenderChat.Title}, true
	}
	if m.From == nil || m.From.IsBot {
		return chat.Account{}, false
	}
	return m.From.account(), true
}

func (u *user) account() chat.Account {
	name := strings.TrimSpace(u.First + " " + u.Last)
	if name == "" {
		name = u.Username
	}
	return chat.Account{ID: strconv.FormatInt(u.ID, 10), Name: name, Locale: u.Language}
}

func (m *message) files() []chat.File {
	var out []chat.File
	if n := len(m.Photo); n > 0 {
		p := m.Photo[0]
		for _, q := range m.Photo[1:] {
			if q.Width*q.Height >= p.Width*p.Height {
				p = q
			}
		}
		out = append(out, chat.File{ID: p.FileID, Name: "photo.jpg", MIME: "image/jpeg", Size: int64(p.FileSize)})
	}
	for _, d := range []*document{m.Document, m.Video, m.Audio, m.Voice} {
		if d != nil && d.FileID != "" {
			out = append(out, chat.File{ID: d.FileID, Name: d.Name, MIME: d.MIME, Size: d.Size})
		}
	}
	return out
}

var (
	commandAt = regexp.MustCompile(`^([/／][A-Za-z0-9_]+)@([A-Za-z0-9_]+)`)
	command   = regexp.MustCompile(`^[/／!！][\pL\pN_]`)
	startCode = regexp.MustCompile(`^/start(?:[ \n]+([A-Za-z0-9_-]{1,64}))?\s*$`)
)

// event makes an event of an update; false means that there is nothing in it
// for the desk.
func (t *Transport) event(u *update) (chat.Event, bool) {
	e := chat.Event{Key: "u" + strconv.FormatInt(u.ID, 10)}
	m := u.about()
	if m == nil || m.Chat.ID == 0 {
		return e, false
	}
	e.Place = chat.Place{Chat: Name, Channel: channelOf(m.Chat.ID, m.topic())}
	id := strconv.Itoa(m.ID)

	if c := u.Callback; c != nil {
		e.Kind, e.At, e.Account = chat.Pressed, t.now(), c.From.account()
		e.Token = c.Data
		if strings.HasPrefix(e.Token, "~~") {
			e.Token = e.Token[1:]
		}
		e.Place.Thread = t.threadOf(m, e.Place.Channel)
		e.Ref = chat.Ref{Place: e.Place, ID: id}
		e.Place.Answering = "cb:" + c.ID
		e.Addressed = true
		e.Trigger = chat.Trigger{ID: e.Place.Answering, Place: e.Place, Account: e.Account}
		return e, c.Data != "" && !strings.HasPrefix(c.Data, ownData)
	}

	if m.MigrateTo != 0 {
		e.Kind, e.At, e.Text = chat.Moved, time.Unix(m.Date, 0).UTC(), strconv.FormatInt(m.MigrateTo, 10)
		if m.From != nil {
			e.Account = m.From.account()
		}
		return e, true
	}
	account, ok := m.author()
	if !ok {
		return e, false
	}
	e.Kind, e.At, e.Account = chat.Said, time.Unix(m.Date, 0).UTC(), account
	e.Files = m.files()
	words, entities := m.words()
	if words == "" && len(e.Files) == 0 {
		return e, false // a sticker, somebody joined: nothing was said
	}
	e.Text, e.Addressed = t.heard(words, entities)
	if e.Private = m.private(); e.Private {
		e.Addressed = true
	}
	if r := m.replied(); r != nil && r.From != nil && r.From.ID == t.myID() {
		e.Addressed = true
	}
	e.Place.Thread = t.threadOf(m, e.Place.Channel)
	e.Ref = chat.Ref{Place: e.Place, ID: id}
	e.Place.Answering = "msg:" + id
	e.Trigger = chat.Trigger{ID: e.Place.Answering, Place: e.Place, Account: e.Account}
	if u.Edited != nil {
		e.Kind = chat.Edited
		return e, true
	}
	if code := startCode.FindStringSubmatch(e.Text); code != nil && m.private() {
		e.Kind, e.Text = chat.Started, code[1]
	}
	return e, true
}

// heard takes the bot's name out of words, and tells whether it was meant.
func (t *Transport) heard(words string, entities []models.MessageEntity) (text string, addressed bool) {
	me, name := t.myID(), t.username()
	words, addressed = withoutTextMentions(words, entities, me)
	words = strings.TrimSpace(words)
	if m := commandAt.FindStringSubmatch(words); m != nil {
		if !strings.EqualFold(m[2], name) {
			return words, false // another bot's command
		}
		return m[1] + words[len(m[0]):], true
	}
	if name != "" {
		var mine bool
		if words, mine = withoutName(words, name); mine {
			addressed = true
		}
	}
	return words, addressed || command.MatchString(words)
}

// withoutName takes "@name" out of s wherever it stands alone.
func withoutName(s, name string) (string, bool) {
	found := false
	var out strings.Builder
	lower, want := strings.ToLower(s), "@"+strings.ToLower(name)
	if len(lower) != len(s) {
		// Some letters change length with their case; names do not have them.
		lower = s
	}
	at := 0
	for {
		i := strings.Index(lower[at:], want)
		if i < 0 {
			out.WriteString(s[at:])
			break
		}
		i += at
		end := i + len(want)
		if i > 0 && wordByte(s[i-1]) || end < len(s) && wordByte(s[end]) {
			out.WriteString(s[at:end])
			at = end
			continue
		}
		found = true
		out.WriteString(strings.TrimRight(s[at:i], " "))
		if out.Len() > 0 && end < len(s) && s[end] != '\n' && s[end] != ' ' {
			out.WriteByte(' ')
		}
		at = end
		if out.Len() == 0 {
			at += len(s[end:]) - len(strings.TrimLeft(s[end:], " ,:，："))
		}
	}
	return strings.TrimSpace(out.String()), found
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// withoutTextMentions takes out mentions of the bot that carry its id and not
// its name. Entities count in UTF-16 units.
func withoutTextMentions(s string, entities []models.MessageEntity, me int64) (string, bool) {
	found := false
	for i := len(entities) - 1; i >= 0; i-- {
		e := entities[i]
		if e.Type != models.MessageEntityTypeTextMention || e.User == nil || e.User.ID != me {
			continue
		}
		u := utf16.Encode([]rune(s))
		if e.Offset < 0 || e.Length <= 0 || e.Offset > len(u) || e.Length > len(u)-e.Offset {
			continue
		}
		found = true
		rest := strings.TrimLeft(string(utf16.Decode(u[e.Offset+e.Length:])), " ,:，：")
		s = string(utf16.Decode(u[:e.Offset])) + rest
	}
	return s, found
}

// threadOf is the first message of the chain that m replies in; m is remembered
// as part of it.
func (t *Transport) threadOf(m *message, channel string) string {
	r := m.replied()
	if r == nil {
		if root, ok := t.roots.get(place{m.Chat.ID, m.ID}); ok && root != m.ID {
			return strconv.Itoa(root)
		}
		return ""
	}
	root := t.root(m.Chat.ID, r.ID, channel)
	t.roots.put(place{m.Chat.ID, m.ID}, root)
	return strconv.Itoa(root)
}

func (t *Transport) root(chatID int64, id int, channel string) int {
	if root, ok := t.roots.get(place{chatID, id}); ok {
		return root
	}
	if t.cfg.Roots != nil {
		if s, ok := t.cfg.Roots.Root(channel, strconv.Itoa(id)); ok {
			if root, err := strconv.Atoi(s); err == nil && root > 0 {
				t.roots.put(place{chatID, id}, root)
				return root
			}
		}
	}
	return id
}
