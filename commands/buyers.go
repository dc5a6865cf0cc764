package commands

import (
	"strings"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/i18n"
)

var (
	reply = &Spec{Name: "reply", Zh: []string{"回复", "答复"}, Roles: []people.Role{people.Agent, people.Manager},
		Args: []Arg{{Name: "message", Kind: Rest, Optional: true}}, Run: runReply}
	note = &Spec{Name: "note", Zh: []string{"备注"}, Roles: []people.Role{people.Agent, people.Ops, people.Manager},
		Args: []Arg{{Name: "text", Kind: Rest, Optional: true}}, Run: runNote}
)

// draftVerbs are what may be done with a draft.
var draftVerbs = map[string]func(c *Call, id, rest string) error{
	"send":    func(c *Call, id, _ string) error { return c.Desk.SendDraft(c.Ctx, c.Deed, id, c.Facts) },
	"confirm": func(c *Call, id, mark string) error { return c.Desk.ConfirmDraft(c.Ctx, c.Deed, id, mark) },
	"undo":    func(c *Call, id, _ string) error { return c.Desk.HoldDraft(c.Ctx, c.Deed, id) },
	"correct": func(c *Call, id, _ string) error { return c.Desk.CorrectDraft(c.Ctx, c.Deed, id) },
	"cancel":  func(c *Call, id, _ string) error { return c.Desk.CancelDraft(c.Ctx, c.Deed, id) },
	"edit":    func(c *Call, id, _ string) error { return editReply(c, id) },
}

// runReply answers a buyer: "reply send D3" and the other verbs of a draft,
// "reply fill M7 PHRASE" (a form for what is open in it), "reply M7 text",
// "reply M7" (a form), or in a message's thread "reply text".
func runReply(c *Call) error {
	first, rest := cutWord(c.Args["message"])
	named, more := cutWord(rest)
	id := strings.ToUpper(narrow(named))
	verb := strings.ToLower(first)
	if do, ok := draftVerbs[verb]; ok && isID(id, 'D') {
		return do(c, id, strings.TrimSpace(more))
	}
	if verb == "fill" && (isID(id, 'M') || isID(id, 'D')) && more != "" {
		return fillPhrase(c, id, more)
	}
	message := strings.ToUpper(narrow(first))
	text := rest
	if !isID(message, 'M') {
		var err error
		if message, err = messageHere(c); err != nil {
			return err
		}
		text = c.Args["message"]
	}
	if c.Filled {
		open, err := openPhrase(c, message)
		if err != nil {
			return err
		}
		if open != "" {
			return fillPhrase(c, message, open)
		}
		if text, err = filledText(c, message); err != nil {
			return err
		}
		if text == "" {
			return i18n.NewProblem(nil, "reply.empty")
		}
	}
	if message == "" {
		return i18n.NewProblem(nil, "reply.which", "usage", usage(c.P, c.Spec))
	}
	if text == "" {
		return askReply(c, message)
	}
	return c.Desk.Compose(c.Ctx, c.Deed, message, text, "")
}

// isID tells whether s is an id like M7.
func isID(s string, letter byte) bool {
	return len(s) > 1 && s[0] == letter && strings.Trim(s[1:], "0123456789") == ""
}

// messageHere is the message whose thread this is; empty elsewhere.
func messageHere(c *Call) (string, error) {
	var matter, id string
	err := c.Desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		if matter, err = c.Desk.MatterAt(tx, c.Event.Place); err != nil {
			return err
		}
		if d, ok := strings.CutPrefix(matter, "draft:"); ok {
			x, err := c.Desk.GetDraft(tx, d)
			id = x.Message
			return err
		}
		return nil
	})
	if m, ok := strings.CutPrefix(matter, "msg:"); ok {
		id = m
	}
	return id, err
}

func askReply(c *Call, message string) error {
	l, to, err := c.Desk.Answerable(c.Ctx, c.Deed, message)
	if err != nil {
		return err
	}
	return c.Ask("reply "+message, replyForm(c, message, l, to, ""))
}

// replyForm asks for an answer: a ready phrase, or words of one's own.
func replyForm(c *Call, id string, l bot.Letter, to language.Tag, text string) chat.Form {
	f := chat.Form{Title: c.P.T("reply.form.title", "id", id), Intro: c.P.T("reply.form.intro"), Submit: c.P.T("reply.form.submit")}
	phrases := chat.FormInput{Name: "phrase", Label: c.P.T("reply.form.phrase"), Kind: chat.Choice, Optional: true}
	for _, x := range c.Desk.Phrases(l, c.P, to) {
		phrases.Options = append(phrases.Options, chat.Option{Value: x.ID, Label: x.Text})
	}
	own := chat.FormInput{Name: "text", Label: c.P.T("reply.form.text"), Kind: chat.Long, Value: text}
	if len(phrases.Options) > 0 {
		own.Optional, own.Hint = true, c.P.T("reply.form.hint")
		f.Inputs = append(f.Inputs, phrases)
	}
	f.Inputs = append(f.Inputs, own)
	return f
}

// filledText is what the form says: one's own words, else the chosen phrase.
func filledText(c *Call, message string) (string, error) {
	if c.Has("text") || !c.Has("phrase") {
		return c.Args["text"], nil
	}
	l, to, err := c.Desk.Answerable(c.Ctx, c.Deed, message)
	if err != nil {
		return "", err
	}
	for _, x := range c.Desk.Phrases(l, c.P, to) {
		if x.ID == c.Args["phrase"] {
			return x.Text, nil
		}
	}
	return "", nil
}

// editReply opens a draft's words again; its filled form rewrites it. While
// somebody writes, nothing goes out by itself.
func editReply(c *Call, id string) error {
	x, err := draftNamed(c, id)
	if err != nil {
		return err
	}
	if c.Filled {
		open, err := openPhrase(c, x.Message)
		if err != nil {
			return err
		}
		if open != "" {
			return fillPhrase(c, id, open)
		}
		text, err := filledText(c, x.Message)
		if err != nil {
			return err
		}
		return c.Desk.Rewrite(c.Ctx, c.Deed, id, text)
	}
	l, to, err := c.Desk.Answerable(c.Ctx, c.Deed, x.Message)
	if err != nil {
		return err
	}
	if x.State != bot.DraftOpen || !x.Auto.IsZero() {
		// Held, or told why it cannot be changed any more.
		hold := c.Deed
		hold.Finish = nil // opening the form is what ends this
		if err := c.Desk.HoldDraft(c.Ctx, hold, id); err != nil {
			return err
		}
	}
	return c.Ask("reply edit "+id, replyForm(c, id, l, to, x.Text))
}

func draftNamed(c *Call, id string) (x bot.Draft, err error) {
	if err = c.Desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		x, err = c.Desk.GetDraft(tx, id)
		return err
	}); err != nil {
		return x, i18n.NewProblem(nil, "reply.no_draft", "id", id)
	}
	return x, nil
}

// runNote keeps a note to colleagues under the message whose thread this is, or
// under the one that is named.
func runNote(c *Call) error {
	first, rest := cutWord(c.Args["text"])
	id, text := strings.ToUpper(narrow(first)), rest
	if !isID(id, 'M') {
		var err error
		if id, err = messageHere(c); err != nil {
			return err
		}
		text = c.Args["text"]
	}
	if id == "" {
		return i18n.NewProblem(nil, "note.which", "usage", usage(c.P, c.Spec))
	}
	var l bot.Letter
	if err := c.Desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		l, err = c.Desk.Letter(tx, id)
		return err
	}); err != nil {
		return i18n.NewProblem(nil, "reply.no_message", "id", id)
	}
	if !c.Who.Sees(l.Store) {
		return i18n.NewProblem(nil, "error.store_not_yours", "store", l.Store)
	}
	return c.Desk.Remember(c.Ctx, c.Deed, "msg:"+id, text)
}
