package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/chat/slack/slackfake"
	"helloworld/cmd/desk/config"
	"helloworld/commands"
)

// slackVenue is a workspace of the fake.
type slackVenue struct {
	s    *story
	fake *slackfake.Server
	door *door
	// refused: the story made trouble, so refusals are not the desk's doing.
	refused bool
}

func openSlack(s *story) (venue, error) {
	v := &slackVenue{s: s, fake: slackfake.New(slackfake.Options{})}
	if err := v.fake.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.t.Cleanup(v.fake.Close)
	for _, p := range cast {
		v.fake.AddUser(slackfake.User{ID: p.slack, Name: p.id, Locale: map[string]string{"en": "en-US", "zh-CN": "zh-CN"}[p.lang]})
	}
	for _, c := range channels {
		v.fake.AddChannel(c.slack, c.name)
	}
	var err error
	if v.door, err = openDoor(s.t, v.fake); err != nil {
		return nil, err
	}
	s.cfg.Slack = config.Slack{On: true, BaseURL: v.door.url() + "/api/", BotToken: "xoxb-fake", AppToken: "xapp-fake", Sockets: 2}
	return v, nil
}

func (v *slackVenue) name() string             { return "slack" }
func (v *slackVenue) channel(c channel) string { return c.slack }

// isCommand tells whether Slack would take a text for a command of the desk's.
func isCommand(text string) bool {
	name, ok := strings.CutPrefix(text, "/")
	if !ok {
		return false
	}
	name, _, _ = strings.Cut(name, " ")
	if name == "desk" {
		return true
	}
	for _, c := range commands.All {
		if c.Name == name {
			return true
		}
	}
	return false
}

func (v *slackVenue) say(p person, channel string, under *post, text string) error {
	thread := ""
	if under != nil {
		channel, thread = under.channel, under.root()
	}
	if thread == "" && isCommand(text) {
		_, err := v.fake.Command(p.slack, channel, text, false)
		return err
	}
	if rest, ok := strings.CutPrefix(text, "@desk "); ok {
		v.fake.Mention(p.slack, channel, thread, rest)
		return nil
	}
	v.fake.Say(p.slack, channel, thread, text)
	return nil
}

func (v *slackVenue) posts(list []slackfake.Message) []post {
	var out []post
	for _, m := range list {
		one := post{venue: v, channel: m.Channel, id: m.TS, thread: m.Thread, only: m.Only, text: m.Words(), edited: m.Edited != "", desk: m.Bot != ""}
		secs, micros, _ := strings.Cut(m.TS, ".")
		a, _ := strconv.ParseInt(secs, 10, 64)
		b, _ := strconv.ParseInt(micros, 10, 64)
		one.at = time.Unix(a, b*1000)
		if one.thread == one.id {
			one.thread = ""
		}
		for _, x := range m.Buttons() {
			one.buttons = append(one.buttons, button{x.Label, x.Value, x.URL})
		}
		out = append(out, one)
	}
	return out
}

func (v *slackVenue) seen(channel string) ([]post, error) {
	return v.posts(v.fake.Messages(channel)), nil
}

func (v *slackVenue) private(p person) ([]post, error) {
	direct := v.posts(v.fake.Direct(p.slack))
	for i := range direct {
		direct[i].only = p.id
	}
	return append(v.posts(v.fake.Ephemerals(p.slack)), direct...), nil
}

func (v *slackVenue) press(p person, at post, b button) error {
	_, err := v.fake.Press(p.slack, at.channel, at.id, b.token)
	return err
}

func (v *slackVenue) form(p person) (string, bool, error) {
	views := v.fake.Views(p.slack)
	for i := len(views) - 1; i >= 0; i-- {
		if views[i].State == "submitted" {
			continue
		}
		var all any
		if err := json.Unmarshal(views[i].Body, &all); err != nil {
			return "", false, err
		}
		var texts []string
		gather(all, &texts)
		return strings.Join(texts, "\n"), true, nil
	}
	return "", false, nil
}

// gather collects the words of a view.
func gather(x any, into *[]string) {
	switch x := x.(type) {
	case map[string]any:
		for _, k := range []string{"text", "initial_value"} {
			if s, ok := x[k].(string); ok {
				*into = append(*into, s)
			}
		}
		for _, k := range []string{"title", "blocks", "elements", "label", "element", "text", "hint"} {
			gather(x[k], into)
		}
	case []any:
		for _, one := range x {
			gather(one, into)
		}
	}
}

func (v *slackVenue) fill(p person, values map[string]string) error {
	return v.fake.Submit(p.slack, values)
}

func (v *slackVenue) edit(p person, at post, text string) error {
	return v.fake.Edit(p.slack, at.channel, at.id, text)
}

func (v *slackVenue) remove(p person, at post) error {
	return v.fake.Delete(p.slack, at.channel, at.id)
}

func (v *slackVenue) trouble(kind string, n int) error {
	v.refused = true
	switch kind {
	case "down":
		v.door.shut()
		v.fake.DropSockets()
		return nil
	case "up":
		return v.door.open()
	case "drop-sockets":
		v.fake.DropSockets()
		return nil
	case "429":
		v.fake.FailNext("chat.postMessage", slackfake.TooMany, n)
	case "500":
		v.fake.FailNext("chat.postMessage", slackfake.Broken, n)
	case "lost-answer":
		v.fake.FailNext("chat.postMessage", slackfake.LostAfter, n)
	case "lost-edit":
		v.fake.FailNext("chat.update", slackfake.LostAfter, n)
	case "twice":
		v.fake.FailNext("deliver", slackfake.Duplicate, n)
	default:
		return errors.New("Slack knows no trouble " + kind)
	}
	return nil
}

func (v *slackVenue) judge() error {
	if n := v.fake.Refusals(); n > 0 && !v.refused {
		return fmt.Errorf("%d calls were refused for being too fast", n)
	}
	return nil
}
