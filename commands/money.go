package commands

import (
	"strings"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/connectors"
	"helloworld/i18n"
)

var (
	refund = &Spec{Name: "refund", Zh: []string{"退款"}, Cap: connectors.CapRefund,
		Roles: []people.Role{people.Agent, people.Manager},
		Args: []Arg{{Name: "order", Kind: Order}, {Name: "amount", Kind: Amount, Optional: true}, {Name: "reason", Kind: Reason, Optional: true},
			{Name: "note", Kind: Rest, Optional: true}}, Run: runRefund}
)

// runRefund asks for a refund: with an amount and a reason it goes straight on,
// without them a form asks.
func runRefund(c *Call) error {
	o, err := c.Desk.FindOrder(c.Ctx, c.Who, c.Args["order"])
	if err != nil {
		return err
	}
	if !c.Has("amount") || !c.Has("reason") {
		return askRefund(c, o)
	}
	ask := bot.RefundAsk{Order: o, Note: c.Args["note"]}
	reason, ok := readReason(c.P, c.Args["reason"])
	if !ok {
		return i18n.NewProblem(nil, "error.argument", "arg", c.P.T("arg.reason"), "got", clip(c.Args["reason"], 40), "usage", usage(c.P, c.Spec))
	}
	ask.Reason = reason
	if a := narrow(strings.TrimSpace(c.Args["amount"])); !isWhole(a) {
		if ask.Amount, err = ParseAmount(a, o.Order.Total.Currency); err != nil {
			return err
		}
		if ask.Amount.Minor <= 0 {
			return i18n.NewProblem(nil, "refund.not_positive", "left", o.Order.Remaining().String())
		}
	}
	return c.Desk.AskRefund(c.Ctx, c.Deed, ask)
}

func isWhole(s string) bool {
	for _, w := range whole {
		if strings.EqualFold(s, w) {
			return true
		}
	}
	return false
}

// maxFormNote is the longest note that every chat's form can show.
const maxFormNote = 1000

// askRefund opens the form with what is left to refund.
func askRefund(c *Call, o bot.OrderAt) error {
	q, err := c.Desk.QuoteFor(c.Ctx, o.Store, o.Order.ID)
	if err != nil {
		return err
	}
	if q.Remaining.Minor <= 0 {
		return i18n.NewProblem(nil, "refund.nothing_left", "order", o.Ref(), "total", q.Order.Total.String())
	}
	f := chat.Form{Title: c.P.T("refund.form.title", "order", o.Ref()), Submit: c.P.T("refund.form.submit"),
		Intro: c.P.T("refund.form.intro", "total", q.Order.Total.String(), "left", q.Remaining.String())}
	amount := c.Args["amount"]
	if amount == "" || isWhole(amount) {
		amount = q.Remaining.Decimal()
	}
	reasons := chat.FormInput{Name: "reason", Label: c.P.T("field.reason"), Kind: chat.Choice, Value: c.Args["reason"]}
	for _, r := range connectors.Reasons {
		reasons.Options = append(reasons.Options, chat.Option{Value: string(r), Label: c.P.T(i18n.Key("reason." + string(r)))})
	}
	// What was typed behind the order is not lost, unless no form could hold it.
	note := chat.FormInput{Name: "note", Label: c.P.T("field.note"), Kind: chat.Long, Optional: true}
	if len([]rune(c.Args["note"])) <= maxFormNote {
		note.Value = c.Args["note"]
	}
	f.Inputs = []chat.FormInput{
		{Name: "amount", Label: c.P.T("refund.form.amount", "currency", q.Remaining.Currency), Value: amount, Kind: chat.Line},
		reasons,
		note,
	}
	return c.Ask("refund "+o.Ref(), f)
}
