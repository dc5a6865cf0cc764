package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// Router takes every event to what it asks for.
type Router struct {
	desk   *bot.Desk
	log    *slog.Logger
	all    []*Spec
	byName map[string]*Spec
}

// New makes the router and registers it for the desk's events.
func New(d *bot.Desk) *Router {
	r := &Router{desk: d, log: d.Log, all: All, byName: map[string]*Spec{}}
	for _, s := range All {
		r.byName[s.Name] = s
		for _, zh := range s.Zh {
			r.byName[zh] = s
		}
	}
	jobs.Handle(d.Jobs, bot.LaneIn, r.Route)
	return r
}

// Route deals with one event. It is tried again after a crash, so whatever it
// changes is committed together with the end of its job.
func (r *Router) Route(ctx context.Context, j jobs.Job[bot.EventArgs]) error {
	e := j.Args.Event
	who, known := r.desk.People.Who(ctx, e.Place.Chat, e.Account.ID)
	p := i18n.ForLocale(e.Account.Locale)
	if known {
		p = i18n.For(who.Lang)
	}
	c := &Call{Ctx: ctx, Desk: r.desk, Deed: bot.Deed{Who: who, Event: e, P: p, Finish: j.Done}, Known: known, router: r}
	if early, err := r.tooEarly(c, j.Created); err != nil {
		return err
	} else if early {
		return jobs.Snooze(200 * time.Millisecond)
	}
	err := r.take(c)
	if err == nil || errors.Is(err, jobs.ErrLost) || ctx.Err() != nil {
		return err
	}
	if err := r.explain(c, err); err != nil {
		return fmt.Errorf("commands: no answer could be given: %w", err)
	}
	return nil
}

// take decides what an event asks for.
func (r *Router) take(c *Call) error {
	switch c.Event.Kind {
	case chat.Said:
		return r.said(c)
	case chat.Pressed, chat.Filled:
		return r.pressed(c)
	case chat.Edited, chat.Deleted:
		return r.changed(c)
	case chat.Moved:
		return c.commit(func(tx *store.Tx) error {
			return r.desk.MovedTo(tx, c.Event.Place.Chat, c.Event.Place.Channel, c.Event.Text)
		})
	case chat.Started:
		line := "help"
		if code := strings.TrimSpace(c.Event.Text); code != "" {
			line = "link " + code
		}
		return r.run(c, line)
	}
	r.log.WarnContext(c.Ctx, "an event of an unknown kind", "kind", c.Event.Kind)
	return nil
}

func (r *Router) said(c *Call) error {
	line, isCommand := commandLine(c.Event.Text, c.Event.Addressed)
	if isCommand {
		return r.run(c, line)
	}
	if c.Event.Place.Thread == "" && !c.Event.Addressed {
		return nil // talk among colleagues
	}
	var matter string
	if err := r.desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		matter, err = r.desk.MatterAt(tx, c.Event.Place)
		return err
	}); err != nil {
		return err
	}
	kind, id, _ := strings.Cut(matter, ":")
	switch {
	case kind == "msg" || kind == "draft":
		return r.threadReply(c, kind, id)
	case c.Event.Addressed:
		return r.run(c, line)
	}
	return nil
}

// placing is how long something said in a thread waits for it to become known
// which card the thread hangs from.
const placing = time.Minute

// tooEarly: something was said in a thread that hangs from no card we know of,
// while a card's post there is still being looked up. After a crash people can
// see a card a while before the desk knows where it stands.
func (r *Router) tooEarly(c *Call, written time.Time) (early bool, err error) {
	e := c.Event
	if e.Kind != chat.Said || e.Place.Thread == "" || r.desk.Now().Sub(written) > placing {
		return false, nil
	}
	err = r.desk.Look(c.Ctx, func(tx *store.Tx) error {
		matter, err := r.desk.MatterAt(tx, e.Place)
		if err != nil || matter != "" {
			return err
		}
		early, err = r.desk.Unplaced(tx, e.Place, written)
		return err
	})
	return early, err
}

// threadReply makes a draft of what an agent writes under a buyer's message.
// Nothing is sent by it.
func (r *Router) threadReply(c *Call, kind, id string) error {
	if kind == "draft" {
		var x bot.Draft
		if err := r.desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
			x, err = r.desk.GetDraft(tx, id)
			return err
		}); err != nil {
			return err
		}
		id = x.Message
	}
	if text, ok := noteText(c.Event.Text); ok {
		c.Spec = note
		if err := r.may(c); err != nil {
			return err
		}
		return r.desk.Remember(c.Ctx, c.Deed, "msg:"+id, text)
	}
	c.Spec = reply
	if err := r.may(c); err != nil {
		return err
	}
	return r.desk.Compose(c.Ctx, c.Deed, id, c.Event.Text, "")
}

// changed follows what an agent does to the message a draft was written in.
func (r *Router) changed(c *Call) error {
	var x bot.Draft
	err := r.desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		x, err = r.desk.DraftFrom(tx, c.Event.Ref)
		return err
	})
	if errors.Is(err, bot.ErrNoDraft) {
		return nil
	}
	if err != nil {
		return err
	}
	c.Spec = reply
	if err := r.may(c); err != nil {
		return err
	}
	if c.Event.Kind == chat.Deleted {
		if x.State != bot.DraftOpen {
			return nil
		}
		return r.desk.CancelDraft(c.Ctx, c.Deed, x.ID)
	}
	if strings.TrimSpace(c.Event.Text) == x.Text && x.Unsent == "" {
		return nil // a preview was added, nothing was changed
	}
	return r.desk.Rewrite(c.Ctx, c.Deed, x.ID, c.Event.Text)
}

func (r *Router) pressed(c *Call) error {
	var press bot.Press
	err := r.desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		press, err = r.desk.Pressed(tx, c.Event.Token)
		return err
	})
	if errors.Is(err, bot.ErrNoPress) || err == nil && press.Expired {
		return i18n.NewProblem(nil, "error.button_old")
	}
	if err != nil {
		return err
	}
	c.Facts, c.Filled = press.Facts, c.Event.Kind == chat.Filled
	return r.run(c, press.Command)
}

// run finds the command a line names, checks that the person may, reads its
// arguments and carries it out.
func (r *Router) run(c *Call, line string) error {
	verb, rest := splitVerb(line, r.byName)
	spec, ok := r.byName[verb]
	if !ok {
		return r.unknown(c, verb, rest)
	}
	c.Spec, c.Line = spec, strings.TrimSpace(spec.Name+" "+rest)
	if err := r.may(c); err != nil {
		return err
	}
	if w := strings.ToLower(strings.TrimSpace(rest)); w == "help" || w == "?" || w == "帮助" {
		return c.Whisper(usageCard(c.P, spec))
	}
	rest, err := r.threadsOrder(c, rest)
	if err != nil {
		return err
	}
	args, err := readArgs(c.P, spec, rest)
	if err != nil {
		return err
	}
	for k := range c.Event.Values {
		if !c.Filled {
			break
		}
		v, err := r.desk.Answer(c.Event, k)
		if err != nil {
			return err
		}
		args[k] = strings.TrimSpace(v)
	}
	c.Args = args
	return spec.Run(c)
}

// threadsOrder puts the order of the buyer's message whose thread this is before
// the arguments of a command that wants an order and was not told which.
func (r *Router) threadsOrder(c *Call, rest string) (string, error) {
	if len(c.Spec.Args) == 0 || c.Spec.Args[0].Kind != Order || c.Event.Place.Thread == "" {
		return rest, nil
	}
	word, after := cutWord(strings.TrimSpace(rest))
	if _, _, ok := readOrder(narrow(word), after); ok {
		return rest, nil
	}
	id, err := messageHere(c)
	if err != nil || id == "" {
		return rest, err
	}
	var l bot.Letter
	if err := r.desk.Look(c.Ctx, func(tx *store.Tx) (err error) {
		l, err = r.desk.Letter(tx, id)
		return err
	}); err != nil || l.Order == "" {
		return rest, err
	}
	rest = strings.TrimSpace(l.Store + "#" + strings.TrimPrefix(l.Order, "#") + " " + rest)
	c.Line = c.Spec.Name + " " + rest
	return rest, nil
}

// may tells why somebody may not use a command; nil when they may.
func (r *Router) may(c *Call) error {
	if !c.Known {
		if c.Spec.Stranger {
			return nil
		}
		return i18n.NewProblem(nil, "error.stranger", "chat", c.Event.Place.Chat, "account", c.Event.Account.ID)
	}
	if !inRole(c.Who, c.Spec) {
		return i18n.NewProblem(nil, "error.not_allowed", "command", c.Spec.Name, "roles", roleNames(c.P, c.Spec.Roles), "who", r.whoCan(c))
	}
	if !r.anyCan(c.Who, c.Spec) {
		return i18n.NewProblem(nil, "error.no_shop_can", "command", c.Spec.Name)
	}
	return nil
}

// May tells whether a person may use a command, by its name: what /help shows
// them. A menu's entry that is no command of its own, /desk, is everybody's.
func (r *Router) May(who people.Person, name string) bool {
	s, ok := r.byName[name]
	return !ok || inRole(who, s) && r.anyCan(who, s)
}

func inRole(who people.Person, s *Spec) bool { return len(s.Roles) == 0 || who.Is(s.Roles...) }

// whoCan names the people who could do it instead.
func (r *Router) whoCan(c *Call) string {
	var names []string
	for _, p := range r.desk.People.All(c.Ctx) {
		if p.Is(c.Spec.Roles...) && len(names) < 5 {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return c.P.T("error.nobody_yet")
	}
	return strings.Join(names, c.P.T("common.comma"))
}

func roleNames(p *i18n.Printer, roles []people.Role) string {
	names := make([]string, len(roles))
	for i, x := range roles {
		names[i] = p.T(i18n.Key("role." + string(x)))
	}
	return strings.Join(names, p.T("common.comma"))
}

// anyCan tells whether any of a person's shops can do what a command needs.
func (r *Router) anyCan(who people.Person, s *Spec) bool {
	if s.Cap == "" {
		return true
	}
	for _, shop := range r.desk.Shops(who) {
		if shop.Caps()[s.Cap] {
			return true
		}
	}
	return false
}

// unknown answers a verb that nobody knows.
func (r *Router) unknown(c *Call, verb, rest string) error {
	if !c.Known {
		return i18n.NewProblem(nil, "error.stranger", "chat", c.Event.Place.Chat, "account", c.Event.Account.ID)
	}
	if verb == "" {
		return r.run(c, "help")
	}
	var names []string
	for name, s := range r.byName {
		c.Spec = s
		if r.may(c) == nil {
			names = append(names, name)
		}
	}
	near := bot.Nearest(verb, names)
	if near == "" {
		return i18n.NewProblem(nil, "error.unknown", "verb", clip(verb, 40))
	}
	card := bot.Plain(c.P, c.P.T("error.unknown_near", "verb", clip(verb, 40), "near", near))
	card.Buttons = []chat.Button{{Label: strings.TrimSpace("/" + near + " " + rest), Command: strings.TrimSpace(near + " " + rest), Tone: chat.Primary}}
	return c.Whisper(card)
}

// explain tells a person why something was not done.
func (r *Router) explain(c *Call, err error) error {
	var amb *bot.Ambiguous
	if errors.As(err, &amb) {
		return c.Whisper(whichOrder(c, amb))
	}
	p, ok := i18n.AsProblem(err)
	if !ok {
		p = i18n.NewProblem(err, "error.internal")
	}
	if p.Cause != nil {
		r.log.ErrorContext(c.Ctx, "a command failed", "ref", p.Ref, "key", p.Key, "who", c.Who.ID, "err", p.Cause)
	}
	card := bot.Plain(c.P, p.Say(c.P))
	if c.Filled && c.Spec != nil {
		// What was filled in did not do; the same form can be opened again.
		card.Buttons = []chat.Button{{Label: c.P.T("button.form"), Command: c.Line, Tone: chat.Primary}}
	}
	var near *bot.DidYouMean
	if errors.As(err, &near) && strings.Contains(c.Line, near.Wrong) {
		line := strings.Replace(c.Line, near.Wrong, near.Right, 1)
		card.Buttons = []chat.Button{{Label: "/" + line, Command: line, Tone: chat.Primary}}
	}
	return c.Whisper(card)
}

// whichOrder asks which of several orders is meant.
func whichOrder(c *Call, amb *bot.Ambiguous) chat.Card {
	number := c.Args["order"]
	card := bot.Plain(c.P, c.P.T("error.order_which", "order", number, "n", len(amb.Orders)))
	for _, o := range amb.Orders {
		line := strings.Replace(c.Line, number, o.Ref(), 1)
		card.Buttons = append(card.Buttons, chat.Button{Command: line,
			Label: fmt.Sprintf("%s · %s", o.Ref(), o.Order.Total)})
	}
	return card
}
