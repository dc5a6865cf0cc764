package slackfake

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// object is a piece of Block Kit.
type object = map[string]any

func str(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

func sub(o object, name string) object {
	m, _ := o[name].(map[string]any)
	return m
}

func list(o object, name string) []object {
	all, _ := o[name].([]any)
	var out []object
	for _, v := range all {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// judge collects what is wrong with blocks, in Slack's manner.
type judge struct {
	wrong   []string
	ids     map[string]bool
	actions map[string]bool
}

func (j *judge) say(format string, a ...any) {
	j.wrong = append(j.wrong, fmt.Sprintf("[ERROR] "+format, a...))
}

func (j *judge) long(what, s string, most int) {
	if n := utf8.RuneCountInString(s); n > most {
		j.say("must be less than %d characters [json-pointer:%s] (is %d)", most+1, what, n)
	}
}

func (j *judge) text(what string, o object, most int, plain bool) {
	kind := str(o, "type")
	if kind != "plain_text" && (plain || kind != "mrkdwn") {
		j.say("unsupported text type %q [json-pointer:%s]", kind, what)
	}
	if str(o, "text") == "" {
		j.say("must be more than 0 characters [json-pointer:%s/text]", what)
	}
	j.long(what+"/text", str(o, "text"), most)
}

// checkBlocks tells what Slack would refuse in blocks.
func checkBlocks(raw json.RawMessage, most int, modal bool) []string {
	var blocks []object
	if json.Unmarshal(raw, &blocks) != nil {
		return []string{"[ERROR] blocks are not a list"}
	}
	j := &judge{ids: map[string]bool{}, actions: map[string]bool{}}
	if len(blocks) > most {
		j.say("no more than %d items allowed [json-pointer:/blocks]", most)
	}
	for i, b := range blocks {
		j.block(fmt.Sprintf("/blocks/%d", i), b, modal)
	}
	return j.wrong
}

func (j *judge) block(at string, b object, modal bool) {
	if id := str(b, "block_id"); id != "" {
		j.long(at+"/block_id", id, 255)
		if j.ids[id] {
			j.say("block_id %q already exists [json-pointer:%s]", id, at)
		}
		j.ids[id] = true
	}
	switch kind := str(b, "type"); kind {
	case "header":
		j.text(at+"/text", sub(b, "text"), 150, true)
	case "section":
		if sub(b, "text") == nil && len(list(b, "fields")) == 0 {
			j.say("must define either text or fields [json-pointer:%s]", at)
		}
		if t := sub(b, "text"); t != nil {
			j.text(at+"/text", t, 3000, false)
		}
		if n := len(list(b, "fields")); n > 10 {
			j.say("no more than 10 items allowed [json-pointer:%s/fields]", at)
		}
		for _, f := range list(b, "fields") {
			j.text(at+"/fields", f, 2000, false)
		}
	case "context":
		if n := len(list(b, "elements")); n < 1 || n > 10 {
			j.say("1 to 10 items allowed [json-pointer:%s/elements]", at)
		}
		for _, e := range list(b, "elements") {
			if str(e, "type") != "image" {
				j.text(at+"/elements", e, 3000, false)
			}
		}
	case "actions":
		if n := len(list(b, "elements")); n < 1 || n > 25 {
			j.say("1 to 25 items allowed [json-pointer:%s/elements]", at)
		}
		for _, e := range list(b, "elements") {
			j.button(at+"/elements", e)
		}
	case "image":
		j.long(at+"/image_url", str(b, "image_url"), 3000)
		j.long(at+"/alt_text", str(b, "alt_text"), 2000)
		if str(b, "alt_text") == "" || str(b, "image_url") == "" && sub(b, "slack_file") == nil {
			j.say("missing required field: image_url or alt_text [json-pointer:%s]", at)
		}
	case "divider":
	case "rich_text":
		if len(list(b, "elements")) == 0 {
			j.say("must have elements [json-pointer:%s]", at)
		}
		for _, e := range list(b, "elements") {
			j.rich(at+"/elements", e)
		}
	case "input":
		if !modal {
			j.say("input blocks are only for views here [json-pointer:%s]", at)
		}
		j.input(at, b)
	default:
		j.say("unsupported type: %q [json-pointer:%s/type]", kind, at)
	}
}

func (j *judge) rich(at string, e object) {
	switch str(e, "type") {
	case "rich_text_section", "rich_text_quote", "rich_text_preformatted":
	case "rich_text_list":
		for _, item := range list(e, "elements") {
			j.rich(at, item)
		}
		return
	default:
		j.say("unsupported type: %q [json-pointer:%s]", str(e, "type"), at)
		return
	}
	for _, t := range list(e, "elements") {
		if str(t, "type") == "text" && str(t, "text") == "" {
			j.say("must be more than 0 characters [json-pointer:%s/text]", at)
		}
	}
}

func (j *judge) button(at string, e object) {
	if str(e, "type") != "button" {
		j.say("unsupported type: %q [json-pointer:%s]", str(e, "type"), at)
		return
	}
	j.text(at+"/text", sub(e, "text"), 75, true)
	j.long(at+"/value", str(e, "value"), 2000)
	j.long(at+"/url", str(e, "url"), 3000)
	j.long(at+"/action_id", str(e, "action_id"), 255)
	if id := str(e, "action_id"); id != "" {
		if j.actions[id] {
			j.say("action_id %q already exists [json-pointer:%s]", id, at)
		}
		j.actions[id] = true
	}
	if st := str(e, "style"); st != "" && st != "primary" && st != "danger" {
		j.say("must be one of primary, danger [json-pointer:%s/style]", at)
	}
	if c := sub(e, "confirm"); c != nil {
		j.text(at+"/confirm/title", sub(c, "title"), 100, true)
		j.text(at+"/confirm/text", sub(c, "text"), 300, false)
		j.text(at+"/confirm/confirm", sub(c, "confirm"), 30, true)
		j.text(at+"/confirm/deny", sub(c, "deny"), 30, true)
	}
}

func (j *judge) input(at string, b object) {
	j.text(at+"/label", sub(b, "label"), 2000, true)
	if h := sub(b, "hint"); h != nil {
		j.text(at+"/hint", h, 2000, true)
	}
	e := sub(b, "element")
	j.long(at+"/element/action_id", str(e, "action_id"), 255)
	switch str(e, "type") {
	case "plain_text_input":
		j.long(at+"/element/initial_value", str(e, "initial_value"), 3000)
	case "static_select", "radio_buttons":
		options := list(e, "options")
		if len(options) < 1 || len(options) > 100 {
			j.say("1 to 100 items allowed [json-pointer:%s/element/options]", at)
		}
		for _, o := range options {
			j.text(at+"/element/options/text", sub(o, "text"), 75, true)
			j.long(at+"/element/options/value", str(o, "value"), 150)
		}
	default:
		j.say("unsupported type: %q [json-pointer:%s/element]", str(e, "type"), at)
	}
}

// checkView tells what Slack would refuse in a modal.
func checkView(raw json.RawMessage) (object, []string) {
	var v object
	if json.Unmarshal(raw, &v) != nil || str(v, "type") != "modal" {
		return nil, []string{"[ERROR] a view of type modal is expected"}
	}
	blocks, _ := json.Marshal(v["blocks"])
	wrong := checkBlocks(blocks, 100, true)
	j := &judge{}
	j.text("/view/title", sub(v, "title"), 24, true)
	for _, name := range []string{"submit", "close"} {
		if t := sub(v, name); t != nil {
			j.text("/view/"+name, t, 24, true)
		}
	}
	j.long("/view/private_metadata", str(v, "private_metadata"), 3000)
	j.long("/view/callback_id", str(v, "callback_id"), 255)
	for _, b := range list(v, "blocks") {
		if str(b, "type") == "input" && sub(v, "submit") == nil {
			j.say("submit is required where there are inputs [json-pointer:/view]")
			break
		}
	}
	return v, append(wrong, j.wrong...)
}

// Button is a button as a person sees it.
type Button struct {
	Label    string `json:"label"`
	Value    string `json:"value,omitempty"`
	ActionID string `json:"action_id"`
	BlockID  string `json:"block_id,omitempty"`
	URL      string `json:"url,omitempty"`
	Style    string `json:"style,omitempty"`
	Confirm  string `json:"confirm,omitempty"`
}

func buttonsOf(blocks []object) []Button {
	var out []Button
	for _, b := range blocks {
		for _, e := range list(b, "elements") {
			if str(e, "type") == "button" {
				out = append(out, Button{
					Label: str(sub(e, "text"), "text"), Value: str(e, "value"), ActionID: str(e, "action_id"),
					BlockID: str(b, "block_id"), URL: str(e, "url"), Style: str(e, "style"), Confirm: str(sub(sub(e, "confirm"), "text"), "text"),
				})
			}
		}
	}
	return out
}

// wordsOf is what a person reads in blocks. Text of type mrkdwn stays as it was
// sent, markup and all, so that a renderer that lets it through is found out.
func wordsOf(blocks []object) string {
	var lines []string
	for _, b := range blocks {
		switch str(b, "type") {
		case "header", "section":
			if t := str(sub(b, "text"), "text"); t != "" {
				lines = append(lines, t)
			}
			for _, f := range list(b, "fields") {
				lines = append(lines, str(f, "text"))
			}
		case "context":
			for _, e := range list(b, "elements") {
				lines = append(lines, str(e, "text")+str(e, "alt_text"))
			}
		case "image":
			lines = append(lines, str(sub(b, "title"), "text"), str(b, "alt_text"), str(b, "image_url"))
		case "rich_text":
			for _, e := range list(b, "elements") {
				lines = append(lines, richWords(e))
			}
		}
	}
	return strings.Join(lines, "\n")
}

func richWords(e object) string {
	var b strings.Builder
	b.WriteString(str(e, "text"))
	for _, t := range list(e, "elements") {
		b.WriteString(richWords(t))
	}
	return b.String()
}

// escape is what Slack's clients do to what a person types.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace
