package slack

import (
	"context"
	"encoding/json"
	"fmt"

	slackgo "github.com/slack-go/slack"

	"helloworld/bot/chat"
)

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
	_, err = t.api.OpenViewContext(ctx, to.ID, v)
	return failed("views.open", err)
}

// word fits a few words into n letters; Slack refuses empty ones.
func word(s string, n int) *slackgo.TextBlockObject {
	if s = chat.Shorten(chat.Clean(s), n, chat.UTF16); s == "" {
		s = "…"
	}
	return plain(s)
}

func modal(to chat.Trigger, f chat.Form) (slackgo.ModalViewRequest, error) {
	private, err := json.Marshal(where{Channel: to.Place.Channel, Thread: to.Place.Thread})
	if err != nil {
		return slackgo.ModalViewRequest{}, fmt.Errorf("slack: %w", err)
	}
	v := slackgo.ModalViewRequest{
		Type: slackgo.VTModal, CallbackID: f.Token, PrivateMetadata: string(private), Title: word(f.Title, viewWord), Submit: word(f.Submit, viewWord),
	}
	if f.Cancel != "" {
		v.Close = word(f.Cancel, viewWord)
	}
	if f.Intro != "" {
		for _, c := range chat.Fit(chat.Card{Parts: []chat.Part{{Kind: chat.Text, Text: f.Intro}}}, chat.Limits{Text: viewIntro, Unit: chat.UTF16}) {
			for _, p := range c.Parts {
				v.Blocks.BlockSet = append(v.Blocks.BlockSet, part(p)...)
			}
		}
	}
	for _, in := range f.Inputs {
		b, err := question(in)
		if err != nil {
			return slackgo.ModalViewRequest{}, err
		}
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, b)
	}
	return v, nil
}

// question is one input. What would change an answer if it were cut is refused.
func question(in chat.FormInput) (slackgo.Block, error) {
	e, err := element(in)
	if err != nil {
		return nil, err
	}
	var hint *slackgo.TextBlockObject
	if in.Hint != "" {
		hint = word(in.Hint, inputLabel)
	}
	return slackgo.NewInputBlock(in.Name, word(in.Label, inputLabel), hint, e).WithOptional(in.Optional), nil
}

func element(in chat.FormInput) (slackgo.BlockElement, error) {
	if in.Kind != chat.Choice {
		if chat.UTF16.Len(in.Value) > inputValue {
			return nil, fmt.Errorf("slack: the value of %q is longer than %d letters", in.Name, inputValue)
		}
		return slackgo.NewPlainTextInputBlockElement(nil, "v").WithInitialValue(in.Value).WithMultiline(in.Kind == chat.Long), nil
	}
	if len(in.Options) == 0 || len(in.Options) > viewOptions {
		return nil, fmt.Errorf("slack: %q has %d options; 1 to %d are possible", in.Name, len(in.Options), viewOptions)
	}
	e := slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeStatic, nil, "v")
	for _, o := range in.Options {
		if o.Value == "" || chat.UTF16.Len(o.Value) > optionValue {
			return nil, fmt.Errorf("slack: an option of %q has a value of %d letters; 1 to %d are possible", in.Name, chat.UTF16.Len(o.Value), optionValue)
		}
		shown := slackgo.NewOptionBlockObject(o.Value, word(o.Label, optionText), nil)
		e.Options = append(e.Options, shown)
		if o.Value == in.Value {
			e.InitialOption = shown
		}
	}
	return e, nil
}
