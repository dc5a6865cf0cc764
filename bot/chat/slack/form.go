package slack

import (
	"context"
	"encoding/json"
	"fmt"

	"helloworld/bot/chat"
)

type view struct {
	Type     string  `json:"type"`
	Callback string  `json:"callback_id"`
	Private  string  `json:"private_metadata,omitempty"`
	Title    *text   `json:"title"`
	Submit   *text   `json:"submit,omitempty"`
	Close    *text   `json:"close,omitempty"`
	Blocks   []block `json:"blocks"`
}

type input struct {
	Type      string   `json:"type"`
	ActionID  string   `json:"action_id"`
	Multiline bool     `json:"multiline,omitempty"`
	Initial   string   `json:"initial_value,omitempty"`
	Options   []option `json:"options,omitempty"`
	Chosen    *option  `json:"initial_option,omitempty"`
}

type option struct {
	Text  *text  `json:"text"`
	Value string `json:"value"`
}

// Slack's numbers for modals.
const (
	viewWord    = 24
	viewOptions = 100
	optionText  = 75
	optionValue = 150
	inputLabel  = 2000
	inputValue  = 3000
	viewIntro   = 2900
)

// Ask opens a modal. The answer comes as an event with the form's token; a
// trigger that is older than Slack allows is an error of kind [chat.Expired].
func (t *Transport) Ask(ctx context.Context, to chat.Trigger, f chat.Form) error {
	v, err := modal(to, f)
	if err != nil {
		return &chat.Error{Kind: chat.Rejected, Code: "form", Err: err}
	}
	if to.ID == "" {
		return &chat.Error{Kind: chat.Expired, Code: "no_trigger", Err: fmt.Errorf("slack: there is no trigger to ask with")}
	}
	return t.call(ctx, "views.open", struct {
		Trigger string `json:"trigger_id"`
		View    view   `json:"view"`
	}{to.ID, v}, nil)
}

// word fits a few words into n letters; Slack refuses empty ones.
func word(s string, n int) *text {
	if s = chat.Shorten(chat.Clean(s), n, chat.UTF16); s == "" {
		s = "…"
	}
	return plain(s)
}

func modal(to chat.Trigger, f chat.Form) (view, error) {
	private, err := json.Marshal(where{Channel: to.Place.Channel, Thread: to.Place.Thread})
	if err != nil {
		return view{}, fmt.Errorf("slack: %w", err)
	}
	v := view{
		Type: "modal", Callback: f.Token, Private: string(private), Title: word(f.Title, viewWord), Submit: word(f.Submit, viewWord),
	}
	if f.Cancel != "" {
		v.Close = word(f.Cancel, viewWord)
	}
	if f.Intro != "" {
		for _, c := range chat.Fit(chat.Card{Parts: []chat.Part{{Kind: chat.Text, Text: f.Intro}}}, chat.Limits{Text: viewIntro, Unit: chat.UTF16}) {
			for _, p := range c.Parts {
				v.Blocks = append(v.Blocks, part(p)...)
			}
		}
	}
	for _, in := range f.Inputs {
		b, err := question(in)
		if err != nil {
			return view{}, err
		}
		v.Blocks = append(v.Blocks, b)
	}
	return v, nil
}

// question is one input. What would change an answer if it were cut is refused.
func question(in chat.FormInput) (block, error) {
	b := block{Type: "input", BlockID: in.Name, Label: word(in.Label, inputLabel), Optional: in.Optional}
	if in.Hint != "" {
		b.Hint = word(in.Hint, inputLabel)
	}
	b.Element = &input{Type: "plain_text_input", ActionID: "v", Multiline: in.Kind == chat.Long}
	if in.Kind != chat.Choice {
		if chat.UTF16.Len(in.Value) > inputValue {
			return block{}, fmt.Errorf("slack: the value of %q is longer than %d letters", in.Name, inputValue)
		}
		b.Element.Initial = in.Value
		return b, nil
	}
	if len(in.Options) == 0 || len(in.Options) > viewOptions {
		return block{}, fmt.Errorf("slack: %q has %d options; 1 to %d are possible", in.Name, len(in.Options), viewOptions)
	}
	b.Element.Type = "static_select"
	for _, o := range in.Options {
		if o.Value == "" || chat.UTF16.Len(o.Value) > optionValue {
			return block{}, fmt.Errorf("slack: an option of %q has a value of %d letters; 1 to %d are possible", in.Name, chat.UTF16.Len(o.Value), optionValue)
		}
		b.Element.Options = append(b.Element.Options, option{Text: word(o.Label, optionText), Value: o.Value})
	}
	for i, o := range in.Options {
		if in.Value != "" && o.Value == in.Value {
			b.Element.Chosen = &b.Element.Options[i]
		}
	}
	return b, nil
}
