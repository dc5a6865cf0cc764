package telegram

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"helloworld/bot/chat"
)

// dialogue is a form being filled in by one person in one chat. It is saved
// after every answer and before the next question.
type dialogue struct {
	Form    chat.Form         `json:"form"`
	Place   chat.Place        `json:"place"`
	Account chat.Account      `json:"account"`
	Step    int               `json:"step"`
	Values  map[string]string `json:"values"`
	// Prompt is the message that asks the present question; 0: not asked yet.
	Prompt int `json:"prompt,omitempty"`
	// Used are the updates that brought the answers so far.
	Used []int64 `json:"used,omitempty"`
	// Done keeps a finished one, so that its answers are known when they come again.
	Done bool `json:"done,omitempty"`
}

// Ask begins to ask. What the person has open in that chat is given up for it.
func (t *Transport) Ask(ctx context.Context, to chat.Trigger, f chat.Form) error {
	who, ok := number(to.Account.ID)
	if !ok || who < 0 {
		return &chat.Error{Kind: chat.Rejected, Code: "account", Err: fmt.Errorf("%q is not a person's id", to.Account.ID)}
	}
	if _, _, err := channel(to.Place.Channel); err != nil {
		return err
	}
	if f.Token == "" {
		return &chat.Error{Kind: chat.Rejected, Code: "form", Err: errors.New("the form has no token")}
	}
	for _, in := range f.Inputs {
		if in.Kind == chat.Choice && len(in.Options) == 0 {
			return &chat.Error{Kind: chat.Rejected, Code: "form", Err: fmt.Errorf("question %q offers nothing to choose", in.Name)}
		}
	}
	if id, pressed := strings.CutPrefix(to.Place.Answering, "cb:"); pressed {
		t.answers.release(id)
	}
	if f.Secret() && to.Place.Channel != to.Account.ID {
		// In a group everybody would read the answer.
		to.Place = chat.Place{Chat: Name, Channel: to.Account.ID}
	}
	d := &dialogue{Form: f, Place: to.Place, Account: to.Account, Values: map[string]string{}}
	key := dialogueKey(to.Place.Channel, to.Account.ID)
	// An answer may come before the question's number is kept.
	defer t.hold(key)()
	if err := t.save(ctx, key, d); err != nil {
		return err
	}
	if err := t.prompt(ctx, d, ""); err != nil {
		if chat.KindOf(err) != chat.Unsure {
			return errors.Join(err, t.forms.Delete(ctx, key))
		}
		return err
	}
	return t.save(ctx, key, d)
}

// hold keeps others from one form until the returned function is called.
func (t *Transport) hold(key string) func() {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // never fails
	m := &t.held[h.Sum32()%uint32(len(t.held))]
	m.Lock()
	return m.Unlock
}

func dialogueKey(channel, account string) string {
	return Name + ":" + channel + ":" + account
}

func (t *Transport) save(ctx context.Context, key string, d *dialogue) error {
	raw, err := json.Marshal(d)
	if err == nil {
		err = t.forms.Save(ctx, key, raw)
	}
	if err != nil {
		return &chat.Error{Kind: chat.Unsure, Code: "form", Err: fmt.Errorf("keeping a form: %w", err)}
	}
	return nil
}

func (t *Transport) load(ctx context.Context, key string) (*dialogue, error) {
	raw, ok, err := t.forms.Load(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("reading a form: %w", err)
	}
	if !ok {
		return nil, nil
	}
	var d dialogue
	if err := json.Unmarshal(raw, &d); err != nil {
		t.log.Error("a half-filled form cannot be read and is given up", "err", err)
		return nil, t.forms.Delete(ctx, key)
	}
	if d.Values == nil {
		d.Values = map[string]string{}
	}
	return &d, nil
}

// mark tells forms apart in buttons, without their tokens.
func (d *dialogue) mark() string {
	sum := sha256.Sum256([]byte(d.Form.Token))
	return hex.EncodeToString(sum[:6])
}

func (d *dialogue) data(what string) string {
	return ownData + d.mark() + ":" + strconv.Itoa(d.Step) + ":" + what
}

// input is the present question; ok is false in a form without any.
func (d *dialogue) input() (chat.FormInput, bool) {
	if d.Step < len(d.Form.Inputs) {
		return d.Form.Inputs[d.Step], true
	}
	return chat.FormInput{}, false
}

func skippable(in chat.FormInput) bool { return in.Optional || in.Value != "" && !in.Refused }

// prompt asks the present question, after a word about the last answer if any.
func (t *Transport) prompt(ctx context.Context, d *dialogue, before string) error {
	chatID, topic, err := channel(d.Place.Channel)
	if err != nil {
		return err
	}
	w := t.words(d.Form.Lang)
	c := chat.Card{Lang: d.Form.Lang}
	note := func(s string) {
		if s != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: s})
		}
	}
	note(before)
	if d.Step == 0 {
		c.Title = d.Form.Title
		if d.Form.Intro != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: d.Form.Intro})
		}
	}
	var rows [][]models.InlineKeyboardButton
	button := func(label, what, style string) models.InlineKeyboardButton {
		if label = chat.Shorten(chat.Clean(label), 64, chat.UTF16); label == "" {
			label = "…"
		}
		return models.InlineKeyboardButton{Text: label, CallbackData: d.data(what), Style: style}
	}
	in, asks := d.input()
	typed := asks && in.Kind != chat.Choice
	if asks {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Label: in.Label, Text: in.Hint})
		for i, o := range in.Options {
			if in.Kind == chat.Choice {
				label := o.Label
				if o.Value == in.Value && in.Value != "" {
					label = "• " + label
				}
				rows = append(rows, []models.InlineKeyboardButton{button(label, strconv.Itoa(i), "")})
			}
		}
		if typed && in.Value != "" && !in.Refused {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Code, Label: strings.TrimRight(w.Keep, ":"), Text: in.Value})
		}
		if typed && chatID < 0 {
			note(w.Reply)
		}
	}
	var last []models.InlineKeyboardButton
	if !asks {
		last = append(last, button(d.Form.Submit, "ok", "primary"))
	} else if skippable(in) {
		last = append(last, button(w.Skip, "s", ""))
	}
	cancel := d.Form.Cancel
	if cancel == "" {
		cancel = w.Cancel
	}
	rows = append(rows, append(last, button(cancel, "c", "")))
	g := target{chatID: chatID, topic: topic, replyTo: d.replyTo()}
	cards := chat.Fit(c, t.Limits(d.Place))
	for i, one := range cards {
		// Older servers know no opened reply beside buttons and ignore it.
		markup := models.InlineKeyboardMarkup{InlineKeyboard: rows, ForceReply: typed && chatID < 0}
		var m message
		if i < len(cards)-1 {
			_, err = t.sendHTML(ctx, g, render(one).html, nil)
		} else if m, err = t.sendHTML(ctx, g, render(one).html, markup); err == nil {
			d.Prompt = m.ID
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replyTo is what the questions reply to: the person's own words, so that
// their client opens the reply, else the thread.
func (d *dialogue) replyTo() int {
	if id, err := strconv.Atoi(strings.TrimPrefix(d.Place.Answering, "msg:")); err == nil {
		return id
	}
	id, _ := strconv.Atoi(d.Place.Thread)
	return id
}

// dialogue takes an update that belongs to a form. False means that it does not.
func (t *Transport) dialogue(ctx context.Context, u *update, e chat.Event, h chat.Handler) (bool, error) {
	if c := u.Callback; c != nil {
		if !strings.HasPrefix(c.Data, ownData) || u.about() == nil {
			return false, nil
		}
		return true, t.pressed(ctx, u, e, h)
	}
	m := u.Message
	if m == nil || e.Kind != chat.Said || e.Text == "" || command.MatchString(e.Text) {
		return false, nil
	}
	r := m.replied()
	if !m.private() && (r == nil || r.From == nil || r.From.ID != t.myID()) {
		return false, nil
	}
	key := dialogueKey(e.Place.Channel, e.Account.ID)
	defer t.hold(key)()
	d, err := t.load(ctx, key)
	if err != nil || d == nil {
		return false, err
	}
	if slices.Contains(d.Used, u.ID) {
		return true, t.resume(ctx, key, d)
	}
	if d.Done {
		return false, t.forms.Delete(ctx, key)
	}
	if r != nil && d.Prompt != 0 && r.ID != d.Prompt {
		return false, nil // a reply to something else
	}
	in, asks := d.input()
	if !asks {
		return false, nil
	}
	value := e.Text
	if in.Kind == chat.Choice {
		i := slices.IndexFunc(in.Options, func(o chat.Option) bool {
			return strings.EqualFold(o.Label, value) || strings.EqualFold(o.Value, value)
		})
		if i < 0 {
			return true, t.again(ctx, key, d, u, t.words(d.Form.Lang).Choose)
		}
		value = in.Options[i].Value
	}
	return true, t.answered(ctx, key, d, u, e, h, value)
}

// pressed takes a press on one of a form's own buttons.
func (t *Transport) pressed(ctx context.Context, u *update, e chat.Event, h chat.Handler) error {
	key := dialogueKey(e.Place.Channel, e.Account.ID)
	defer t.hold(key)()
	d, err := t.load(ctx, key)
	if err != nil {
		return err
	}
	if d != nil && slices.Contains(d.Used, u.ID) {
		return t.resume(ctx, key, d)
	}
	mark, rest, _ := strings.Cut(strings.TrimPrefix(u.Callback.Data, ownData), ":")
	step, what, _ := strings.Cut(rest, ":")
	if d == nil || d.Done || mark != d.mark() || step != strconv.Itoa(d.Step) {
		lang := e.Account.Locale
		if d != nil {
			lang = d.Form.Lang
		}
		if _, err := t.answers.tell(ctx, u.Callback.ID, t.words(lang).Expired, false); err != nil {
			t.log.Debug("a press was not answered", "err", err)
		}
		return nil
	}
	in, asks := d.input()
	switch what {
	case "c":
		// Closed first: a press that comes again finds it so.
		d.Done, d.Used = true, append(d.Used, u.ID)
		if err := t.save(ctx, key, d); err != nil {
			return err
		}
		t.settle(ctx, d, "", t.words(d.Form.Lang).Cancelled)
		return nil
	case "ok":
		if !asks {
			return t.answered(ctx, key, d, u, e, h, "")
		}
	case "s":
		if asks && skippable(in) {
			value := in.Value
			if in.Refused {
				value = ""
			}
			return t.answered(ctx, key, d, u, e, h, value)
		}
		return t.again(ctx, key, d, u, t.words(d.Form.Lang).Needed)
	default:
		if i, err := strconv.Atoi(what); err == nil && asks && i >= 0 && i < len(in.Options) {
			return t.answered(ctx, key, d, u, e, h, in.Options[i].Value)
		}
	}
	return nil
}

// answered takes the answer to the present question and goes on.
func (t *Transport) answered(ctx context.Context, key string, d *dialogue, u *update, e chat.Event, h chat.Handler, value string) error {
	in, asks := d.input()
	if asks {
		d.Values[in.Name] = value
	}
	d.Used = append(d.Used, u.ID)
	if d.Step+1 >= len(d.Form.Inputs) {
		e.Kind, e.Text, e.Token, e.Values = chat.Filled, "", d.Form.Token, d.Values
		e.Addressed = true
		e.Place.Thread = d.Place.Thread
		e.Ref.Thread = d.Place.Thread
		if d.Form.Secret() {
			e.Place.Answering = "" // there will be no message to reply to
		}
		e.Trigger = chat.Trigger{ID: e.Place.Answering, Place: e.Place, Account: e.Account}
		if err := h(ctx, e); err != nil {
			return err
		}
		d.Done = true
		maps.DeleteFunc(d.Values, func(name, _ string) bool { return chat.Secret(name) })
		if err := t.save(ctx, key, d); err != nil {
			return err
		}
		t.settle(ctx, d, shownValue(in, value), t.forget(ctx, d, in, u))
		return nil
	}
	asked := *d
	d.Step++
	d.Prompt = 0
	if err := t.save(ctx, key, d); err != nil {
		return err
	}
	t.settle(ctx, &asked, shownValue(in, value), t.forget(ctx, d, in, u))
	return t.resume(ctx, key, d)
}

// resume asks the present question if that has not happened yet.
func (t *Transport) resume(ctx context.Context, key string, d *dialogue) error {
	if d.Done || d.Prompt != 0 {
		return nil
	}
	if err := t.prompt(ctx, d, ""); err != nil {
		return t.lost(ctx, key, err)
	}
	return t.save(ctx, key, d)
}

// again asks the same question once more, saying why.
func (t *Transport) again(ctx context.Context, key string, d *dialogue, u *update, why string) error {
	d.Used = append(d.Used, u.ID)
	if err := t.prompt(ctx, d, why); err != nil {
		return t.lost(ctx, key, err)
	}
	return t.save(ctx, key, d)
}

// lost gives a form up when nothing can be said to the person any more; what
// may pass comes back with the update.
func (t *Transport) lost(ctx context.Context, key string, err error) error {
	switch chat.KindOf(err) {
	case chat.Gone, chat.Rejected, chat.Denied:
		t.log.Warn("a half-filled form is given up", "err", err)
		return t.forms.Delete(ctx, key)
	}
	return err
}

// forget takes an answer that nobody is to read out of the chat. If the network
// does not let it, it gives what asks the person to do that.
func (t *Transport) forget(ctx context.Context, d *dialogue, in chat.FormInput, u *update) (ask string) {
	if !chat.Secret(in.Name) || u.Message == nil {
		return ""
	}
	if err := t.delete(ctx, u.Message.Chat.ID, u.Message.ID); err != nil {
		t.log.Debug("a secret answer was not deleted", "err", err)
		return t.words(d.Form.Lang).Delete
	}
	return ""
}

// shownValue is an answer as the person knows it.
func shownValue(in chat.FormInput, value string) string {
	if chat.Secret(in.Name) {
		return "••••"
	}
	for _, o := range in.Options {
		if o.Value == value {
			return o.Label
		}
	}
	if value == "" {
		return "–"
	}
	return value
}

// settle takes the buttons off a question and shows its answer there. It is
// only for the eye: nothing hangs on it.
func (t *Transport) settle(ctx context.Context, d *dialogue, value, closing string) {
	chatID, _, err := channel(d.Place.Channel)
	if err != nil || d.Prompt == 0 {
		return
	}
	in, asks := d.input()
	c := chat.Card{Lang: d.Form.Lang}
	if d.Step == 0 {
		c.Title = d.Form.Title
	}
	if asks && closing == "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Fields, Fields: []chat.Field{{Label: in.Label, Value: value}}})
	}
	if closing != "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: closing})
	}
	r := render(chat.Fit(c, t.Limits(d.Place))[0])
	err = t.api.call(ctx, "editMessageText", bot.EditMessageTextParams{ChatID: chatID, MessageID: d.Prompt,
		Text: r.html, ParseMode: models.ParseModeHTML, LinkPreviewOptions: noPreview()}, nil)
	if err != nil && !notModified(err) {
		t.log.Debug("a question keeps its buttons", "err", err)
	}
}
