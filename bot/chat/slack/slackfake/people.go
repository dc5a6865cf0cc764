package slackfake

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Command gives a slash command ("/refund 1234") in a channel and returns its
// trigger id. In a thread Slack refuses: that is an error here too.
func (s *Server) Command(user, channel, text string, inThread bool) (string, error) {
	if inThread {
		return "", fmt.Errorf("slackfake: %s is not supported in threads", text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name, rest, _ := strings.Cut(text, " ")
	u, c := s.user(user), s.channel(channel, channel)
	triggerID, responseURL := s.permit(user, c.id, "", "")
	s.deliver("slash_commands", triggerID, map[string]any{
		"token": "verification", "team_id": Team, "team_domain": "desk-fake", "channel_id": c.id, "channel_name": c.name,
		"user_id": u.ID, "user_name": u.Name, "command": name, "text": escape(rest), "api_app_id": App,
		"is_enterprise_install": "false", "response_url": responseURL, "trigger_id": triggerID,
	}, nil)
	return triggerID, nil
}

// Say writes text in a channel, in a thread if thread is not empty, and returns
// the message's ts. "<@U0BOT>" in text is a mention; all else is taken literally.
func (s *Server) Say(user, channel, thread, text string) string {
	return s.write(user, channel, thread, text, nil)
}

// Mention writes text addressed to the bot.
func (s *Server) Mention(user, channel, thread, text string) string {
	return s.write(user, channel, thread, "<@"+BotUser+"> "+text, nil)
}

// Share sends a file with a text.
func (s *Server) Share(user, channel, thread, text, name string, data []byte) string {
	s.mu.Lock()
	id := fmt.Sprintf("F%08d", s.next())
	s.uploads[id] = &upload{id: id, name: name, data: data, done: true}
	f := File{ID: id, Name: name, MIME: "application/octet-stream", URL: s.base + "/files/" + id, Size: len(data)}
	s.mu.Unlock()
	return s.write(user, channel, thread, text, []File{f})
}

func (s *Server) write(user, channel, thread, text string, files []File) string {
	mention := "<@" + BotUser + ">"
	wire := strings.ReplaceAll(escape(text), escape(mention), mention)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user(user)
	c := s.channels[channel]
	if c == nil {
		if c = s.channel(channel, channel); strings.HasPrefix(channel, "D") {
			c.im = user
		}
	}
	m := &Message{Channel: c.id, User: user, Text: wire, Thread: thread, Files: files}
	s.keep(c, m)
	extra := map[string]any{"client_msg_id": m.TS}
	if len(files) > 0 {
		extra["subtype"] = "file_share"
	}
	s.said(c, m, extra)
	if strings.Contains(wire, mention) && c.im == "" {
		e := map[string]any{"type": "app_mention", "channel": c.id, "user": user, "text": wire, "ts": m.TS, "event_ts": m.TS, "team": Team, "client_msg_id": m.TS}
		if thread != "" {
			e["thread_ts"] = thread
		}
		s.event(e)
	}
	return m.TS
}

// said delivers a message event. Call it with the lock held.
func (s *Server) said(c *channel, m *Message, extra map[string]any) {
	e := m.view(false)
	e["channel"], e["event_ts"], e["channel_type"] = c.id, m.TS, c.kind()
	for k, v := range extra {
		e[k] = v
	}
	s.event(e)
}

func (c *channel) kind() string {
	if c.im != "" {
		return "im"
	}
	return "channel"
}

// event delivers an event of the Events API. Call it with the lock held.
func (s *Server) event(e map[string]any) {
	id := fmt.Sprintf("Ev%08d", s.next())
	s.deliver("events_api", id, map[string]any{
		"token": "verification", "team_id": Team, "api_app_id": App, "event": e, "type": "event_callback", "event_id": id,
		"event_time": s.opts.Now().Unix(), "is_ext_shared_channel": false, "event_context": "4-fake",
		"authorizations": []any{map[string]any{"enterprise_id": nil, "team_id": Team, "user_id": BotUser, "is_bot": true, "is_enterprise_install": false}},
	}, nil)
}

func (s *Server) mine(user, channel, ts string) (*channel, *Message, error) {
	c := s.channels[channel]
	if c == nil || c.byTS[ts] == nil || c.byTS[ts].Deleted || c.byTS[ts].User != user {
		return nil, nil, fmt.Errorf("slackfake: %s has no message %s in %s", user, ts, channel)
	}
	return c, c.byTS[ts], nil
}

// Edit changes a person's own message.
func (s *Server) Edit(user, channel, ts, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, m, err := s.mine(user, channel, ts)
	if err != nil {
		return err
	}
	before := m.view(false)
	m.Text, m.Edited = escape(text), s.ts()
	s.event(map[string]any{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": c.id, "channel_type": c.kind(),
		"ts": m.Edited, "event_ts": m.Edited, "message": m.view(false), "previous_message": before,
	})
	return nil
}

// Delete removes a person's own message.
func (s *Server) Delete(user, channel, ts string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, m, err := s.mine(user, channel, ts)
	if err != nil {
		return err
	}
	m.Deleted = true
	at := s.ts()
	s.event(map[string]any{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": c.id, "channel_type": c.kind(),
		"ts": at, "event_ts": at, "deleted_ts": m.TS, "previous_message": m.view(false),
	})
	return nil
}

// Press presses the button that has this label, value or action id, and returns
// the press's trigger id.
func (s *Server) Press(user, channel, ts, button string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channel]
	if c == nil || c.byTS[ts] == nil || c.byTS[ts].Deleted {
		return "", fmt.Errorf("slackfake: there is no message %s in %s", ts, channel)
	}
	m := c.byTS[ts]
	if m.Only != "" && m.Only != user {
		return "", fmt.Errorf("slackfake: %s does not see message %s", user, ts)
	}
	for _, b := range m.Buttons() {
		if b.Label != button && b.Value != button && b.ActionID != button {
			continue
		}
		u := s.user(user)
		triggerID, responseURL := s.permit(user, c.id, ts, m.Thread)
		container := map[string]any{"type": "message", "message_ts": ts, "channel_id": c.id, "is_ephemeral": m.Only != ""}
		if m.Thread != "" {
			container["thread_ts"] = m.Thread
		}
		p := map[string]any{
			"type": "block_actions", "user": person(u), "api_app_id": App, "token": "verification", "container": container,
			"trigger_id": triggerID, "team": map[string]any{"id": Team, "domain": "desk-fake"}, "enterprise": nil,
			"is_enterprise_install": false, "channel": map[string]any{"id": c.id, "name": c.name}, "response_url": responseURL,
			"state": map[string]any{"values": map[string]any{}},
			"actions": []any{map[string]any{
				"type": "button", "action_id": b.ActionID, "block_id": b.BlockID, "value": b.Value, "url": b.URL, "style": b.Style,
				"text": map[string]any{"type": "plain_text", "text": b.Label}, "action_ts": s.ts(),
			}},
		}
		if m.Only == "" {
			p["message"] = m.view(false)
		}
		s.deliver("interactive", triggerID, p, nil)
		return triggerID, nil
	}
	return "", fmt.Errorf("slackfake: message %s has no button %q", ts, button)
}

func person(u *User) map[string]any {
	return map[string]any{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": Team}
}

// Shortcut uses a message shortcut on a message.
func (s *Server) Shortcut(user, channel, ts, callback string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channel]
	if c == nil || c.byTS[ts] == nil {
		return fmt.Errorf("slackfake: there is no message %s in %s", ts, channel)
	}
	m := c.byTS[ts]
	triggerID, responseURL := s.permit(user, c.id, ts, m.Thread)
	s.deliver("interactive", triggerID, map[string]any{
		"type": "message_action", "callback_id": callback, "trigger_id": triggerID, "response_url": responseURL,
		"message_ts": ts, "message": m.view(false), "channel": map[string]any{"id": c.id, "name": c.name}, "action_ts": s.ts(),
		"user": person(s.user(user)), "team": map[string]any{"id": Team}, "token": "verification",
	}, nil)
	return nil
}

// OpenMessages opens the messages tab of the bot's home.
func (s *Server) OpenMessages(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user(user)
	s.event(map[string]any{"type": "app_home_opened", "user": user, "channel": s.direct(user).id, "tab": "messages", "event_ts": s.ts()})
}

// Submit answers the modal that user opened last; values go by block id. A value
// of a choice may be its label.
func (s *Server) Submit(user string, values map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.views) - 1; i >= 0; i-- {
		v := s.views[i]
		if v.User != user || v.State == "submitted" {
			continue
		}
		state, err := filled(v.Body, values)
		if err != nil {
			return err
		}
		triggerID, _ := s.permit(user, "", "", "")
		v.State = "failed" // until somebody acknowledges
		s.deliver("interactive", triggerID, map[string]any{
			"type": "view_submission", "team": map[string]any{"id": Team, "domain": "desk-fake"}, "user": person(s.user(user)),
			"api_app_id": App, "token": "verification", "trigger_id": triggerID, "view": v.wire(state),
			"response_urls": []any{}, "is_enterprise_install": false, "enterprise": nil,
		}, func(payload json.RawMessage) { s.submitted(v, payload) })
		return nil
	}
	return fmt.Errorf("slackfake: %s has no modal open", user)
}

func (s *Server) submitted(v *View, payload json.RawMessage) {
	var p struct {
		Action string `json:"response_action"`
	}
	_ = json.Unmarshal(payload, &p)
	s.mu.Lock()
	defer s.mu.Unlock()
	v.State = "submitted"
	if p.Action == "errors" || p.Action == "update" || p.Action == "push" {
		v.State = "open"
	}
}

// Messages are a channel's messages as everyone sees them, oldest first.
func (s *Server) Messages(channel string) []Message {
	return s.shown(func(m *Message) bool { return m.Channel == channel && m.Only == "" })
}

// Ephemerals are what only this person was shown.
func (s *Server) Ephemerals(user string) []Message {
	return s.shown(func(m *Message) bool { return m.Only == user })
}

// Direct are the messages in the bot's direct chat with a person.
func (s *Server) Direct(user string) []Message { return s.Messages("D" + user) }

func (s *Server) shown(ok func(*Message) bool) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, id := range s.order {
		for _, m := range s.channels[id].messages {
			if !m.Deleted && ok(m) {
				out = append(out, *m)
			}
		}
	}
	return out
}

// Acks is how many deliveries were acknowledged; Refusals how many calls got 429.
func (s *Server) Acks() int { return s.Counts().Acked }

// Refusals is how many calls were refused with 429.
func (s *Server) Refusals() int { return s.Counts().Refused }
