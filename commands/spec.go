package commands

import (
	"context"
	"strings"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// Spec is a command. Its words stand in the catalogues under command.NAME.
type Spec struct {
	// Name is legal in every chat: [a-z0-9_], at most 32, none that Slack reserves.
	Name string
	// Zh are the Chinese verbs that mean the same.
	Zh []string
	// Args are in the order in which they are typed.
	Args []Arg
	// Roles may use it; empty means everybody the desk knows.
	Roles []people.Role
	// Stranger: an account that speaks for nobody may use it too.
	Stranger bool
	// Cap is what at least one of a person's shops has to be able to do.
	Cap connectors.CapName
	Run func(*Call) error
}

// ArgKind says how an argument is read.
type ArgKind int

// The kinds of arguments.
const (
	// Word is one word.
	Word ArgKind = iota
	// Order is an order number, perhaps with its store: shopify-main#1234.
	Order
	// StoreName is a store.
	StoreName
	// Rest is everything that follows, as it was written.
	Rest
)

// Arg is an argument. Its name is shown from the catalogue under arg.NAME.
type Arg struct {
	Name     string
	Kind     ArgKind
	Optional bool
}

// All are the commands, in the order in which help shows them.
var All = []*Spec{help, stores, health, connect, reauthorize, token, quota, order, track, resync, refund, approve, deny, askBack, answer, delegate, settle, batchCmd, approvalList, pin, breakGlass, refundsCmd, policyCmd, reply, note, translation, template, term, glossaryCmd, link, peopleCmd, langCmd}

// Call is a command being carried out.
type Call struct {
	Ctx  context.Context
	Desk *bot.Desk
	Spec *Spec
	bot.Deed
	// Line is what was asked, in one form: "refund 1234 full damaged".
	Line string
	// Args are the arguments by name; those that were left out are missing.
	Args map[string]string
	// Facts is what the pressed button was bound to; empty when typed.
	Facts string
	// Filled: the arguments come from a form.
	Filled bool
	// Known: the account speaks for a person.
	Known  bool
	router *Router
}

// Has tells whether an argument was given.
func (c *Call) Has(name string) bool { return c.Args[name] != "" }

// Whisper answers so that only the asker sees it, and ends the command.
func (c *Call) Whisper(card chat.Card) error {
	return c.commit(func(tx *store.Tx) error { return c.Desk.Whisper(tx, c.Event, card) })
}

// Say whispers a sentence.
func (c *Call) Say(k i18n.Key, args ...any) error {
	return c.Whisper(bot.Plain(c.P, c.P.T(k, args...)))
}

// Done ends a command that has nothing to say.
func (c *Call) Done() error { return c.commit(func(*store.Tx) error { return nil }) }

func (c *Call) commit(fn func(tx *store.Tx) error) error {
	return c.Desk.DB.Write(c.Ctx, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return c.Finish(tx)
	})
}

// Ask opens a form whose answers come back as the arguments of line. Where the
// chat's permission to ask has run out, a button asks for a new one.
func (c *Call) Ask(line string, f chat.Form) error {
	t, ok := c.Desk.Chat(c.Event.Place.Chat)
	asker, can := t.(chat.Asker)
	if !ok || !can {
		return c.Say("error.no_forms", "usage", c.P.T(i18n.Key("command."+c.Spec.Name+".usage")))
	}
	opened, err := c.open(asker, line, f)
	if err != nil {
		return err
	}
	if opened {
		return c.Done()
	}
	card := bot.Plain(c.P, c.P.T("error.form_expired"))
	card.Buttons = []chat.Button{{Label: c.P.T("button.form"), Command: c.Line, Tone: chat.Primary}}
	return c.Whisper(card)
}

// AskAgain opens a form whose answers would not do once more, with what is wrong
// above it. Where that cannot be, the first of wrong is the error.
func (c *Call) AskAgain(line string, f chat.Form, wrong ...error) error {
	var say []string
	for _, err := range wrong {
		p, ok := i18n.AsProblem(err)
		if !ok || p.Cause != nil {
			return err
		}
		say = append(say, p.Say(c.P))
	}
	t, _ := c.Desk.Chat(c.Event.Place.Chat)
	asker, can := t.(chat.Asker)
	if !can {
		return wrong[0]
	}
	if f.Intro != "" {
		say = append(say, "", f.Intro)
	}
	f.Intro = strings.Join(say, "\n")
	opened, err := c.open(asker, line, f)
	if err != nil {
		return err
	}
	if !opened {
		return wrong[0]
	}
	return c.Done()
}

// open puts a form to the asker; false when the chat does not let it.
func (c *Call) open(asker chat.Asker, line string, f chat.Form) (bool, error) {
	var token string
	err := c.Desk.DB.Write(c.Ctx, func(tx *store.Tx) (err error) {
		token, err = c.Desk.FormToken(tx, line, c.Event.Key)
		return err
	})
	if err != nil {
		return false, err
	}
	f.Token, f.Lang = token, c.P.Lang().String()
	if f.Cancel == "" {
		f.Cancel = c.P.T("button.cancel")
	}
	if f.About == "" {
		f.About = line
	}
	if err = asker.Ask(c.Ctx, c.Event.Trigger, f); err != nil {
		c.router.log.WarnContext(c.Ctx, "a form could not be opened", "chat", c.Event.Place.Chat, "err", err)
	}
	return err == nil, nil
}
