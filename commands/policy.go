package commands

import (
	"strings"

	"helloworld/bot/people"
	"helloworld/connectors"
	"helloworld/i18n"
)

var policyCmd = &Spec{Name: "policy", Zh: []string{"退款规则", "规则"}, Cap: connectors.CapRefund, Roles: []people.Role{people.Agent, people.Manager},
	Args: []Arg{{Name: "order", Kind: Word, Optional: true}, {Name: "wish", Kind: Rest, Optional: true}}, Run: runPolicy}

// runPolicy tells the rules about refunds; of a refund, which of them applied; of
// one that is not asked for yet, which would.
func runPolicy(c *Call) error {
	switch id := strings.ToUpper(c.Args["order"]); {
	case id == "":
		now, err := c.Desk.PolicyNow(c.Ctx, c.Who)
		if err != nil {
			return err
		}
		return c.Whisper(c.Desk.PolicyCard(now, c.P))
	case isID(id, 'R') && !c.Has("wish"):
		r, err := c.Desk.RefundFor(c.Ctx, c.Deed, id)
		if err != nil {
			return err
		}
		card, err := c.Desk.RulingOf(c.Ctx, r, c.P)
		if err != nil {
			return err
		}
		return c.Whisper(card)
	}
	o, err := c.Desk.FindOrder(c.Ctx, c.Who, c.Args["order"])
	if err != nil {
		return err
	}
	w, err := readWant(c.P, c.Args["wish"])
	if err != nil {
		return err
	}
	if w.Reason == "" {
		return i18n.NewProblem(nil, "policy.say_why", "usage", usage(c.P, c.Spec))
	}
	ask, err := refundAsk(o, w)
	if err != nil {
		return err
	}
	r, amount, err := c.Desk.PolicyFor(c.Ctx, c.Who, ask)
	if err != nil {
		return err
	}
	return c.Whisper(c.Desk.RulingCard(c.P.T("policy.title_for", "order", o.Ref()), amount, r, c.P))
}
