package commands

import (
	"strings"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/i18n"
)

var (
	approve = &Spec{Name: "approve", Zh: []string{"批准", "同意"}, Roles: []people.Role{people.Agent, people.Manager},
		Args: []Arg{{Name: "refund", Kind: Word}}, Run: func(c *Call) error { return decide(c, true) }}
	deny = &Spec{Name: "deny", Zh: []string{"拒绝", "驳回"}, Roles: []people.Role{people.Agent, people.Manager},
		Args: []Arg{{Name: "refund", Kind: Word}, {Name: "why", Kind: Rest, Optional: true}}, Run: func(c *Call) error { return decide(c, false) }}
	approvalList = &Spec{Name: "approvals", Zh: []string{"待批", "待审批"}, Roles: []people.Role{people.Agent, people.Manager}, Run: runApprovals}
)

func decide(c *Call, yes bool) error {
	return c.Desk.Decide(c.Ctx, c.Deed, strings.ToUpper(c.Args["refund"]), yes, c.Facts, c.Args["why"])
}

// runApprovals lists what waits for people.
func runApprovals(c *Call) error {
	list, err := c.Desk.Waiting(c.Ctx, c.Who)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return c.Say("approval.none")
	}
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("approval.list", "n", len(list))}
	for i, r := range list {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: c.P.T("approval.line", "id", r.ID, "amount", r.Body.Cmd.Amount.String(),
			"order", r.Ref(), "who", c.Desk.People.Name(r.By),
			"reason", c.P.T(i18n.Key("reason."+string(r.Body.Cmd.Reason))))})
		if i < 5 && r.By != c.Who.ID && c.Who.Is(people.Manager) {
			card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("approval.approve", "id", r.ID), Command: "approve " + r.ID, Tone: chat.Primary,
				Confirm: c.P.T("refund.confirm", "amount", r.Body.Cmd.Amount.String(), "order", r.Ref())})
		}
	}
	return c.Whisper(card)
}
