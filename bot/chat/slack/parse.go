package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

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
	p, err := decode[slackgo.SlashCommand](payload)
	if err != nil {
		return chat.Event{}, false, err
	}
	if p.TriggerID == "" || p.UserID == "" || p.Command == "" {
		return chat.Event{}, false, nil
	}
	words := p.Command
	if s := strings.TrimSpace(readable(p.Text, slackgo.Blocks{}, r.mention)); s != "" {
		words += " " + s
	}
	at, who := place(p.ChannelID, ""), r.account(p.UserID, p.UserName)
	e := chat.Event{
		Key: "command:" + p.TriggerID, Kind: chat.Said, At: r.now(), Place: at, Account: who, Text: words, Addressed: true, Private: direct(at.Channel),
		Trigger: r.trigger(p.TriggerID, at, who),
	}
	e.Place.Answering = r.handle(p.ResponseURL)
	return e, true, nil
}

// called is the name that an interaction gives of somebody.
func called(u slackgo.User) string {
	if u.Username != "" {
		return u.Username
	}
	return u.Name
}

func (r reader) interaction(payload json.RawMessage) (chat.Event, bool, error) {
	p, err := decode[slackgo.InteractionCallback](withoutCard(payload))
	if err != nil {
		return chat.Event{}, false, err
	}
	if p.User.ID == "" {
		return chat.Event{}, false, nil
	}
	switch p.Type {
	case slackgo.InteractionTypeBlockActions:
		return r.press(p)
	case slackgo.InteractionTypeViewSubmission:
		return r.filled(p)
	case slackgo.InteractionTypeMessageAction, slackgo.InteractionTypeShortcut:
		return r.shortcut(p)
	}
	return chat.Event{}, false, nil
}

func (r reader) press(p slackgo.InteractionCallback) (chat.Event, bool, error) {
	channel, ts, thread := p.Channel.ID, p.Container.MessageTs, p.Container.ThreadTs
	if channel == "" {
		channel = p.Container.ChannelID
	}
	if ts == "" {
		ts = p.Message.Timestamp
	}
	if thread == "" {
		thread = p.Message.ThreadTimestamp
	}
	if thread == ts {
		thread = "" // the card began a thread; it does not stand in one
	}
	// A button with an address is reported too; it carries no token.
	a := pressed(p.ActionCallback)
	if a.Value == "" || channel == "" || ts == "" {
		return chat.Event{}, false, nil
	}
	at, who := place(channel, thread), r.account(p.User.ID, called(p.User))
	ref := chat.Ref{Place: at, ID: ts}
	if p.Container.IsEphemeral {
		ref.Only = p.User.ID
	}
	e := chat.Event{
		Key: "press:" + channel + ":" + ts + ":" + p.User.ID + ":" + a.ActionTs + ":" + a.ActionID, Kind: chat.Pressed, At: r.at(a.ActionTs),
		Place: at, Account: who, Token: a.Value, Ref: ref, Addressed: true, Trigger: r.trigger(p.TriggerID, at, who),
	}
	if a.ActionTs == "" {
		e.Key = "press:" + p.TriggerID
	}
	e.Place.Answering = r.handle(p.ResponseURL)
	return e, true, nil
}

// pressed is the button of a press. The library takes a button without a block's
// id for one of an old attachment, and leaves its time out.
func pressed(all slackgo.ActionCallbacks) slackgo.BlockAction {
	if len(all.BlockActions) > 0 {
		return *all.BlockActions[0]
	}
	if len(all.AttachmentActions) > 0 {
		return slackgo.BlockAction{ActionID: all.AttachmentActions[0].Name, Value: all.AttachmentActions[0].Value}
	}
	return slackgo.BlockAction{}
}

// where is what a form remembers of the place it was asked at.
type where struct {
	Channel string `json:"c,omitempty"`
	Thread  string `json:"t,omitempty"`
}

func (r reader) filled(p slackgo.InteractionCallback) (chat.Event, bool, error) {
	if p.View.CallbackID == "" || p.View.ID == "" {
		return chat.Event{}, false, nil
	}
	var w where
	if p.View.PrivateMetadata != "" {
		if err := json.Unmarshal([]byte(p.View.PrivateMetadata), &w); err != nil {
			return chat.Event{}, false, fmt.Errorf("private_metadata: %w", err)
		}
	}
	if w.Channel == "" {
		w.Channel = p.User.ID // Slack takes a person's id for their direct chat
	}
	values := map[string]string{}
	if p.View.State != nil {
		for name, answers := range p.View.State.Values {
			for _, a := range answers {
				if v := cmp.Or(a.Value, a.SelectedOption.Value); v != "" {
					values[name] = v
				}
			}
		}
	}
	at, who := place(w.Channel, w.Thread), r.account(p.User.ID, called(p.User))
	return chat.Event{
		Key: "view:" + p.View.ID, Kind: chat.Filled, At: r.now(), Place: at, Account: who, Token: p.View.CallbackID,
		Values: values, Addressed: true, Trigger: r.trigger(p.TriggerID, at, who),
	}, true, nil
}

// shortcut is a command that was chosen from a message's menu: in threads Slack
// has no other.
func (r reader) shortcut(p slackgo.InteractionCallback) (chat.Event, bool, error) {
	if p.CallbackID == "" || p.TriggerID == "" {
		return chat.Event{}, false, nil
	}
	channel, thread := p.Channel.ID, p.Message.ThreadTimestamp
	if channel == "" {
		channel = p.User.ID
	}
	if thread == "" {
		thread = p.Message.Timestamp
	}
	at, who := place(channel, thread), r.account(p.User.ID, called(p.User))
	e := chat.Event{
		Key: "shortcut:" + p.TriggerID, Kind: chat.Said, At: r.at(p.ActionTs), Place: at, Account: who, Addressed: true,
		Text: "/" + strings.TrimSuffix(p.CallbackID, "_message"), Trigger: r.trigger(p.TriggerID, at, who),
	}
	e.Place.Answering = r.handle(p.ResponseURL)
	return e, true, nil
}

// at is the time in a message's id, or now.
func (r reader) at(ts string) time.Time {
	if at, ok := tsTime(ts); ok {
		return at.UTC()
	}
	return r.now()
}

// heard is a message as an event tells it.
type heard struct {
	slackgo.Msg
	channel string
	// direct and mention tell whether it was said to the desk.
	direct, mention bool
}

func (r reader) event(payload json.RawMessage) (chat.Event, bool, error) {
	p, err := decode[slackevents.EventsAPICallbackEvent](payload)
	if err != nil || p.InnerEvent == nil {
		return chat.Event{}, false, err
	}
	if r.me.user == "" && len(p.Authorizations) > 0 && p.Authorizations[0].IsBot {
		r.me.user = p.Authorizations[0].UserID
	}
	var inner struct {
		Type slackevents.EventsAPIType `json:"type"`
	}
	if err := json.Unmarshal(*p.InnerEvent, &inner); err != nil {
		return chat.Event{}, false, err
	}
	switch inner.Type {
	case slackevents.Message:
		return r.message(*p.InnerEvent)
	case slackevents.AppMention:
		m, err := decode[slackevents.AppMentionEvent](*p.InnerEvent)
		if err != nil {
			return chat.Event{}, false, err
		}
		return r.said(heard{channel: m.Channel, mention: true, Msg: slackgo.Msg{
			User: m.User, BotID: m.BotID, Text: m.Text, Timestamp: m.TimeStamp, ThreadTimestamp: m.ThreadTimeStamp, Blocks: m.Blocks, Files: m.Files,
		}})
	case slackevents.AppHomeOpened:
		h, err := decode[slackevents.AppHomeOpenedEvent](*p.InnerEvent)
		if err != nil || h.Tab != "messages" || h.User == "" || h.Channel == "" {
			return chat.Event{}, false, err
		}
		return chat.Event{
			Key: "started:" + h.User, Kind: chat.Started, At: r.at(h.EventTimeStamp), Place: place(h.Channel, ""),
			Account: r.account(h.User, ""), Addressed: true,
		}, true, nil
	}
	return chat.Event{}, false, nil
}

func (r reader) message(payload json.RawMessage) (chat.Event, bool, error) {
	m, err := decode[slackevents.MessageEvent](payload)
	if err != nil || m.Message == nil {
		return chat.Event{}, false, err
	}
	h := heard{channel: m.Channel, direct: m.IsIM(), Msg: *m.Message}
	switch m.SubType {
	case slackgo.MsgSubTypeMessageChanged:
		return r.edited(h, m)
	case slackgo.MsgSubTypeMessageDeleted:
		return r.deleted(m, m.DeletedTimeStamp)
	case "", slackgo.MsgSubTypeFileShare, slackgo.MsgSubTypeThreadBroadcast, slackgo.MsgSubTypeMeMessage:
		return r.said(h)
	}
	return chat.Event{}, false, nil
}

// human tells whether a person wrote m: not we, and no other bot.
func (r reader) human(m slackgo.Msg) bool {
	return m.User != "" && m.BotID == "" && m.User != r.me.user && m.User != "USLACKBOT"
}

func (r reader) said(h heard) (chat.Event, bool, error) {
	if !r.human(h.Msg) || h.Timestamp == "" || h.channel == "" {
		return chat.Event{}, false, nil
	}
	thread := h.ThreadTimestamp
	if thread == h.Timestamp {
		thread = ""
	}
	words, to := addressed(h.Text, r.me.user)
	at := place(h.channel, thread)
	e := chat.Event{
		Key: "said:" + h.channel + ":" + h.Timestamp, Kind: chat.Said, At: r.at(h.Timestamp), Place: at, Account: r.account(h.User, ""),
		Text: readable(words, h.Blocks, r.mention), Addressed: to || h.mention || h.direct || direct(h.channel),
		Private: direct(h.channel),
		Ref:     chat.Ref{Place: at, ID: h.Timestamp},
	}
	for _, f := range h.Files {
		e.Files = append(e.Files, chat.File{
			ID: f.ID, Name: f.Name, MIME: f.Mimetype, URL: cmp.Or(f.URLPrivateDownload, f.URLPrivate), Size: int64(f.Size),
		})
	}
	return e, true, nil
}

func (r reader) edited(h heard, m slackevents.MessageEvent) (chat.Event, bool, error) {
	if h.SubType == "tombstone" {
		return r.deleted(m, h.Timestamp)
	}
	if h.SubType == m.SubType {
		return chat.Event{}, false, nil // the change itself: the message it is of was left out
	}
	// Slack reports as a change, too, that it has added a preview of a link.
	if m.PreviousMessage != nil && m.PreviousMessage.Text == h.Text {
		return chat.Event{}, false, nil
	}
	e, ok, err := r.said(h)
	at := m.TimeStamp
	if h.Edited != nil {
		at = cmp.Or(h.Edited.Timestamp, at)
	}
	e.Kind, e.Key, e.At, e.Files = chat.Edited, "edited:"+h.channel+":"+h.Timestamp+":"+at, r.at(at), nil
	return e, ok, err
}

func (r reader) deleted(m slackevents.MessageEvent, ts string) (chat.Event, bool, error) {
	before := m.PreviousMessage
	if before == nil || !r.human(*before) || ts == "" || m.Channel == "" {
		return chat.Event{}, false, nil
	}
	thread := before.ThreadTimestamp
	if thread == ts {
		thread = ""
	}
	at := place(m.Channel, thread)
	return chat.Event{
		Key: "deleted:" + m.Channel + ":" + ts, Kind: chat.Deleted, At: r.at(m.TimeStamp), Place: at,
		Account: r.account(before.User, ""), Ref: chat.Ref{Place: at, ID: ts},
	}, true, nil
}
