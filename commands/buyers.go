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

// runReply answers a buyer: "reply send D3", "reply edit D3", "reply cancel D3",
// "reply M7 text", "reply M7" (a form), or in a message's thread "reply text".
func runReply(c *Call) error {
	first, rest := cutWord(c.Args["message"])
	id := strings.ToUpper(narrow(rest))
	switch strings.ToLower(first) {
	case "send":
		if isID(id, 'D') {
			return c.Desk.SendDraft(c.Ctx, c.Deed, id, c.Facts)
		}
	case "cancel":
		if isID(id, 'D') {
			return c.Desk.CancelDraft(c.Ctx, c.Deed, id)
		}
	case "edit":
		if isID(id, 'D') {
			return editReply(c, id)
		}
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
		var err error
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

// editReply opens a draft's words again; its filled form rewrites it.
func editReply(c *Call, id string) error {
	var x bot.Draft
	if err := c.Desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		x, err = c.Desk.GetDraft(tx, id)
		return err
	}); err != nil {
		return i18n.NewProblem(nil, "reply.no_draft", "id", id)
	}
	if c.Filled {
		text, err := filledText(c, x.Message)
		if err != nil {
			return err
		}
		return c.Desk.Rewrite(c.Ctx, c.Deed, id, text)
	}
	if x.State != bot.DraftOpen {
		return i18n.NewProblem(nil, "reply.already_sent", "id", id, "who", c.Desk.People.Name(x.SentBy))
	}
	l, to, err := c.Desk.Answerable(c.Ctx, c.Deed, x.Message)
	if err != nil {
		return err
	}
	return c.Ask("reply edit "+id, replyForm(c, id, l, to, x.Text))
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
