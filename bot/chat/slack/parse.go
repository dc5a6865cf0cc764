package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"helloworld/bot/chat"
)

// reader turns payloads into events. It does no I/O.
type reader struct {
	me     identity
	now    func() time.Time
	handle func(responseURL string) string
	who    func(id string) chat.Account
}

// read gives the event in a payload; false when it is nothing for the desk.
func (r reader) read(kind string, payload json.RawMessage) (chat.Event, bool, error) {
	var e chat.Event
	var ok bool
	var err error
	switch kind {
	case "slash_commands":
		e, ok, err = r.command(payload)
	case "interactive":
		e, ok, err = r.interaction(payload)
	case "events_api":
		e, ok, err = r.event(payload)
	}
	if err != nil {
		return chat.Event{}, false, fmt.Errorf("slack: %s: %w", kind, err)
	}
	return e, ok, nil
}

func place(channel, thread string) chat.Place {
	return chat.Place{Chat: "slack", Channel: channel, Thread: thread}
}

func (r reader) account(id, name string) chat.Account {
	a := chat.Account{ID: id}
	if r.who != nil {
		a = r.who(id)
	}
	if a.ID = id; a.Name == "" {
		a.Name = name
	}
	return a
}

func (r reader) mention(id string) string {
	if a := r.account(id, id); a.Name != "" {
		return a.Name
	}
	return id
}

func (r reader) trigger(id string, at chat.Place, who chat.Account) chat.Trigger {
	if id == "" {
		return chat.Trigger{}
	}
	return chat.Trigger{ID: id, Place: at, Account: who, Until: r.now().Add(triggerLife)}
}

// triggerLife is how long Slack honours a trigger.
const triggerLife = 3 * time.Second

func (r reader) command(payload json.RawMessage) (chat.Event, bool, error) {
	var p struct {
		Channel   string `json:"channel_id"`
		User      string `json:"user_id"`
		UserName  string `json:"user_name"`
		Command   string `json:"command"`
		Text      string `json:"text"`
		Response  string `json:"response_url"`
		TriggerID string `json:"trigger_id"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return chat.Event{}, false, err
	}
	if p.TriggerID == "" || p.User == "" || p.Command == "" {
		return chat.Event{}, false, nil
	}
	words := p.Command
	if s := strings.TrimSpace(readable(p.Text, nil, r.mention)); s != "" {
		words += " " + s
	}
	at, who := place(p.Channel, ""), r.account(p.User, p.UserName)
	e := chat.Event{
		Key: "command:" + p.TriggerID, Kind: chat.Said, At: r.now(), Place: at, Account: who, Text: words, Addressed: true,
		Trigger: r.trigger(p.TriggerID, at, who),
	}
	e.Place.Answering = r.handle(p.Response)
	return e, true, nil
}

type user struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

func (u user) name() string {
	if u.Username != "" {
		return u.Username
	}
	return u.Name
}

type interaction struct {
	Type      string `json:"type"`
	User      user   `json:"user"`
	TriggerID string `json:"trigger_id"`
	Response  string `json:"response_url"`
	Callback  string `json:"callback_id"`
	ActionTS  string `json:"action_ts"`
	Channel   struct {
		ID string `json:"id"`
	} `json:"channel"`
	Container struct {
		MessageTS string `json:"message_ts"`
		Channel   string `json:"channel_id"`
		Thread    string `json:"thread_ts"`
		Ephemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	Message struct {
		TS     string `json:"ts"`
		Thread string `json:"thread_ts"`
	} `json:"message"`
	Actions []struct {
		ID    string `json:"action_id"`
		Type  string `json:"type"`
		Value string `json:"value"`
		TS    string `json:"action_ts"`
	} `json:"actions"`
	View struct {
		ID       string `json:"id"`
		Callback string `json:"callback_id"`
		Private  string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]struct {
				Value    *string `json:"value"`
				Selected *struct {
					Value string `json:"value"`
				} `json:"selected_option"`
			} `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

func (r reader) interaction(payload json.RawMessage) (chat.Event, bool, error) {
	var p interaction
	if err := json.Unmarshal(payload, &p); err != nil {
		return chat.Event{}, false, err
	}
	if p.User.ID == "" {
		return chat.Event{}, false, nil
	}
	switch p.Type {
	case "block_actions":
		return r.press(p)
	case "view_submission":
		return r.filled(p)
	case "message_action", "shortcut":
		return r.shortcut(p)
	}
	return chat.Event{}, false, nil
}

func (r reader) press(p interaction) (chat.Event, bool, error) {
	channel, ts, thread := p.Channel.ID, p.Container.MessageTS, p.Container.Thread
	if channel == "" {
		channel = p.Container.Channel
	}
	if ts == "" {
		ts = p.Message.TS
	}
	if thread == "" {
		thread = p.Message.Thread
	}
	if thread == ts {
		thread = "" // the card began a thread; it does not stand in one
	}
	// A button with an address is reported too; it carries no token.
	if len(p.Actions) == 0 || p.Actions[0].Value == "" || channel == "" || ts == "" {
		return chat.Event{}, false, nil
	}
	a := p.Actions[0]
	at, who := place(channel, thread), r.account(p.User.ID, p.User.name())
	ref := chat.Ref{Place: at, ID: ts}
	if p.Container.Ephemeral {
		ref.Only = p.User.ID
	}
	e := chat.Event{
		Key: "press:" + channel + ":" + ts + ":" + p.User.ID + ":" + a.TS + ":" + a.ID, Kind: chat.Pressed, At: r.at(a.TS),
		Place: at, Account: who, Token: a.Value, Ref: ref, Addressed: true, Trigger: r.trigger(p.TriggerID, at, who),
	}
	if a.TS == "" {
		e.Key = "press:" + p.TriggerID
	}
	e.Place.Answering = r.handle(p.Response)
	return e, true, nil
}

// where is what a form remembers of the place it was asked at.
type where struct {
	Channel string `json:"c,omitempty"`
	Thread  string `json:"t,omitempty"`
}

func (r reader) filled(p interaction) (chat.Event, bool, error) {
	if p.View.Callback == "" || p.View.ID == "" {
		return chat.Event{}, false, nil
	}
	var w where
	if p.View.Private != "" {
		if err := json.Unmarshal([]byte(p.View.Private), &w); err != nil {
			return chat.Event{}, false, fmt.Errorf("private_metadata: %w", err)
		}
	}
	if w.Channel == "" {
		w.Channel = p.User.ID // Slack takes a person's id for their direct chat
	}
	values := map[string]string{}
	for name, answers := range p.View.State.Values {
		for _, a := range answers {
			switch {
			case a.Value != nil:
				values[name] = *a.Value
			case a.Selected != nil:
				values[name] = a.Selected.Value
			}
		}
	}
	at, who := place(w.Channel, w.Thread), r.account(p.User.ID, p.User.name())
	return chat.Event{
		Key: "view:" + p.View.ID, Kind: chat.Filled, At: r.now(), Place: at, Account: who, Token: p.View.Callback,
		Values: values, Addressed: true, Trigger: r.trigger(p.TriggerID, at, who),
	}, true, nil
}

// shortcut is a command that was chosen from a message's menu: in threads Slack
// has no other.
func (r reader) shortcut(p interaction) (chat.Event, bool, error) {
	if p.Callback == "" || p.TriggerID == "" {
		return chat.Event{}, false, nil
	}
	channel, thread := p.Channel.ID, p.Message.Thread
	if channel == "" {
		channel = p.User.ID
	}
	if thread == "" {
		thread = p.Message.TS
	}
	at, who := place(channel, thread), r.account(p.User.ID, p.User.name())
	e := chat.Event{
		Key: "shortcut:" + p.TriggerID, Kind: chat.Said, At: r.at(p.ActionTS), Place: at, Account: who, Addressed: true,
		Text: "/" + strings.TrimSuffix(p.Callback, "_message"), Trigger: r.trigger(p.TriggerID, at, who),
	}
	e.Place.Answering = r.handle(p.Response)
	return e, true, nil
}

// at is the time in a message's id, or now.
func (r reader) at(ts string) time.Time {
	if at, ok := tsTime(ts); ok {
		return at.UTC()
	}
	return r.now()
}

type said struct {
	Type        string     `json:"type"`
	Subtype     string     `json:"subtype"`
	Channel     string     `json:"channel"`
	ChannelType string     `json:"channel_type"`
	User        string     `json:"user"`
	BotID       string     `json:"bot_id"`
	Text        string     `json:"text"`
	TS          string     `json:"ts"`
	Thread      string     `json:"thread_ts"`
	DeletedTS   string     `json:"deleted_ts"`
	EventTS     string     `json:"event_ts"`
	Tab         string     `json:"tab"`
	Blocks      []richText `json:"-"`
	Files       []struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		MIME     string `json:"mimetype"`
		URL      string `json:"url_private"`
		Download string `json:"url_private_download"`
		Size     int64  `json:"size"`
	} `json:"files"`
	Edited struct {
		TS string `json:"ts"`
	} `json:"edited"`
	Message  *said           `json:"message"`
	Previous *said           `json:"previous_message"`
	Raw      json.RawMessage `json:"blocks"`
}

func (r reader) event(payload json.RawMessage) (chat.Event, bool, error) {
	var p struct {
		Event          said `json:"event"`
		Authorizations []struct {
			User string `json:"user_id"`
			Bot  bool   `json:"is_bot"`
		} `json:"authorizations"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return chat.Event{}, false, err
	}
	if r.me.user == "" && len(p.Authorizations) > 0 && p.Authorizations[0].Bot {
		r.me.user = p.Authorizations[0].User
	}
	s := p.Event
	if s.Channel == "" {
		return chat.Event{}, false, nil
	}
	switch {
	case s.Type == "app_mention":
		return r.said(s)
	case s.Type == "app_home_opened" && s.Tab == "messages" && s.User != "":
		return chat.Event{
			Key: "started:" + s.User, Kind: chat.Started, At: r.at(s.EventTS), Place: place(s.Channel, ""),
			Account: r.account(s.User, ""), Addressed: true,
		}, true, nil
	case s.Type != "message":
	case s.Subtype == "message_changed":
		return r.edited(s)
	case s.Subtype == "message_deleted":
		return r.deleted(s, s.Previous, s.DeletedTS)
	case s.Subtype == "", s.Subtype == "file_share", s.Subtype == "thread_broadcast", s.Subtype == "me_message":
		return r.said(s)
	}
	return chat.Event{}, false, nil
}

// human tells whether a person wrote s: not we, and no other bot.
func (r reader) human(s said) bool {
	return s.User != "" && s.BotID == "" && s.User != r.me.user && s.User != "USLACKBOT"
}

func (r reader) text(s said) (string, bool) {
	var blocks []richText
	if strings.Contains(s.Text, ":") {
		// Only to learn which emoji are meant; a kind of block that cannot be read
		// leaves the names standing.
		_ = json.Unmarshal(s.Raw, &blocks)
	}
	t, to := addressed(s.Text, r.me.user)
	return readable(t, blocks, r.mention), to
}

func (r reader) said(s said) (chat.Event, bool, error) {
	if !r.human(s) || s.TS == "" {
		return chat.Event{}, false, nil
	}
	thread := s.Thread
	if thread == s.TS {
		thread = ""
	}
	words, to := r.text(s)
	at := place(s.Channel, thread)
	e := chat.Event{
		Key: "said:" + s.Channel + ":" + s.TS, Kind: chat.Said, At: r.at(s.TS), Place: at, Account: r.account(s.User, ""),
		Text: words, Addressed: to || s.Type == "app_mention" || s.ChannelType == "im" || direct(s.Channel),
		Ref: chat.Ref{Place: at, ID: s.TS},
	}
	for _, f := range s.Files {
		link := f.Download
		if link == "" {
			link = f.URL
		}
		e.Files = append(e.Files, chat.File{ID: f.ID, Name: f.Name, MIME: f.MIME, URL: link, Size: f.Size})
	}
	return e, true, nil
}

func (r reader) edited(s said) (chat.Event, bool, error) {
	m := s.Message
	if m == nil || m.TS == "" {
		return chat.Event{}, false, nil
	}
	if m.Subtype == "tombstone" {
		return r.deleted(s, s.Previous, m.TS)
	}
	// Slack reports as a change, too, that it has added a preview of a link.
	if !r.human(*m) || s.Previous != nil && s.Previous.Text == m.Text {
		return chat.Event{}, false, nil
	}
	m.Channel, m.ChannelType = s.Channel, s.ChannelType
	e, ok, err := r.said(*m)
	at := m.Edited.TS
	if at == "" {
		at = s.TS
	}
	e.Kind, e.Key, e.At, e.Files = chat.Edited, "edited:"+s.Channel+":"+m.TS+":"+at, r.at(at), nil
	return e, ok, err
}

func (r reader) deleted(s said, before *said, ts string) (chat.Event, bool, error) {
	if before == nil || !r.human(*before) || ts == "" {
		return chat.Event{}, false, nil
	}
	thread := before.Thread
	if thread == ts {
		thread = ""
	}
	at := place(s.Channel, thread)
	return chat.Event{
		Key: "deleted:" + s.Channel + ":" + ts, Kind: chat.Deleted, At: r.at(s.TS), Place: at,
		Account: r.account(before.User, ""), Ref: chat.Ref{Place: at, ID: ts},
	}, true, nil
}
