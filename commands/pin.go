package commands

import (
	"errors"
	"strings"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/stepup"
	"helloworld/i18n"
)

var pin = &Spec{Name: "pin", Zh: []string{"密码"}, Args: []Arg{{Name: "what", Kind: Rest, Optional: true}}, Run: runPIN}

// The names of the answers that nobody but the desk may learn.
const (
	proofName = chat.SecretPrefix + "code"
	newName   = chat.SecretPrefix + "new"
	againName = chat.SecretPrefix + "again"
	firstName = chat.SecretPrefix + "first"
)

// runPIN sets up with what somebody proves who they are, and takes it away:
//
//	pin | pin app | pin off | pin reset ID
func runPIN(c *Call) error {
	w := strings.Fields(narrow(c.Args["what"]))
	switch {
	case c.Event.Kind == chat.Said && !c.Event.Private:
		return i18n.NewProblem(nil, "stepup.private")
	case len(w) == 0:
		return setPIN(c)
	case oneOf(w[0], "app", "应用") && len(w) == 1:
		return setApp(c)
	case oneOf(w[0], "off", "关闭", "停用") && len(w) == 1:
		return dropProof(c)
	case oneOf(w[0], "reset", "重置") && len(w) > 1:
		whom, err := colleague(c, strings.Join(w[1:], " "))
		if err != nil {
			return err
		}
		return c.Desk.ResetProof(c.Ctx, c.Deed, whom)
	case strings.HasPrefix(w[0], "…"):
		return i18n.NewProblem(nil, "stepup.typed")
	}
	return i18n.NewProblem(nil, "error.argument", "arg", c.P.T("arg.what"), "got", clip(c.Args["what"], 40), "usage", usage(c.P, c.Spec))
}

func secretInput(c *Call, name string, label i18n.Key) chat.FormInput {
	return chat.FormInput{Name: name, Kind: chat.Line, Label: c.P.T(label)}
}

// codeInput asks for a proof by what somebody has.
func codeInput(c *Call, has stepup.Set) chat.FormInput {
	label := i18n.Key("stepup.ask.both")
	switch {
	case !has.App:
		label = "stepup.ask.pin"
	case !has.PIN:
		label = "stepup.ask.app"
	}
	return secretInput(c, proofName, label)
}

// proving is what a form about one's own proofs begins with: the present one, if
// there is any.
func proving(c *Call) (inputs []chat.FormInput, has stepup.Set, err error) {
	has, err = c.Desk.StepUpOf(c.Ctx, c.Who.ID)
	if err == nil && !has.Locked.IsZero() {
		err = i18n.NewProblem(nil, "stepup.locked", "until", has.Locked.In(c.Desk.Zone).Format("15:04"))
	}
	if err == nil && !has.None() {
		inputs = append(inputs, codeInput(c, has))
	}
	return inputs, has, err
}

func setPIN(c *Call) error {
	if c.Filled && c.Has(newName) {
		c.Proof = c.Args[proofName]
		return c.Desk.SetPIN(c.Ctx, c.Deed, c.Args[newName], c.Args[againName])
	}
	inputs, _, err := proving(c)
	if err != nil {
		return err
	}
	return c.Ask("pin", chat.Form{Title: c.P.T("stepup.pin_title"), Intro: c.P.T("stepup.pin_intro"), Submit: c.P.T("stepup.button.set"),
		Inputs: append(inputs, secretInput(c, newName, "stepup.ask.new"), secretInput(c, againName, "stepup.ask.again"))})
}

// setApp shows the secret in the form itself: a post would be kept.
func setApp(c *Call) error {
	if c.Filled && c.Has(firstName) {
		c.Proof = c.Args[proofName]
		return c.Desk.ConfirmApp(c.Ctx, c.Deed, c.Args[firstName])
	}
	inputs, _, err := proving(c)
	if err != nil {
		return err
	}
	secret, link, err := c.Desk.OfferApp(c.Ctx, c.Who)
	if err != nil {
		return err
	}
	return c.Ask("pin app", chat.Form{Title: c.P.T("stepup.app_title"), Intro: c.P.T("stepup.app_intro", "secret", secret, "link", link),
		Submit: c.P.T("stepup.button.set"), Inputs: append(inputs, secretInput(c, firstName, "stepup.ask.first"))})
}

func dropProof(c *Call) error {
	if c.Filled && c.Has(proofName) {
		c.Proof = c.Args[proofName]
		return c.Desk.DropProof(c.Ctx, c.Deed)
	}
	inputs, has, err := proving(c)
	if err != nil {
		return err
	}
	if has.None() {
		return i18n.NewProblem(nil, "stepup.nothing")
	}
	return c.Ask("pin off", chat.Form{Title: c.P.T("stepup.off_title"), Intro: c.P.T("stepup.off_intro"), Submit: c.P.T("stepup.button.off"), Inputs: inputs})
}

// askProof opens the form for a proof if that is what is missing; every other
// error stays as it is. The form carries what the button was bound to.
func askProof(c *Call, err error, intro i18n.Key, verb string, more ...chat.FormInput) error {
	var want *bot.WantProof
	if !errors.As(err, &want) {
		return err
	}
	r := want.Refund
	amount, order := r.Body.Cmd.Amount.String(), r.Ref()
	if r.Rows > 0 {
		order = r.ID // a part of a list
	}
	return c.Ask(verb+" "+r.ID+" "+r.Facts, chat.Form{Title: c.P.T("stepup.form_title", "amount", amount, "order", order),
		Intro: c.P.T(intro, "id", r.ID, "amount", amount, "order", order) + "\n" + refundLine(c, r), Submit: c.P.T("button.approve"),
		Inputs: append(more, codeInput(c, want.Has))})
}
