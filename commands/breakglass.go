package commands

import (
	"strings"

	"helloworld/bot/chat"
	"helloworld/bot/people"
)

var breakGlass = &Spec{Name: "breakglass", Zh: []string{"破窗", "紧急放行"}, Roles: []people.Role{people.Manager, people.Admin},
	Args: []Arg{{Name: "refund", Kind: Word}, {Name: "why", Kind: Rest, Optional: true}}, Run: runBreakGlass}

// runBreakGlass carries a waiting refund out alone, and acknowledges that somebody
// did:
//
//	breakglass R17 why… | breakglass R17 seen
//
// The form for the proof asks for the reason as well, so that what was typed comes
// back with it.
func runBreakGlass(c *Call) error {
	id, why := refundID(c), strings.TrimSpace(c.Args["why"])
	if oneOf(why, "seen", "已阅", "已知悉") {
		return c.Desk.SeenGlass(c.Ctx, c.Deed, id)
	}
	facts := ""
	if c.Filled && c.Has(proofName) {
		// The line of the form has what the button was bound to; the answer has why.
		_, line := cutWord(c.Line)
		_, facts = cutWord(strings.TrimSpace(line))
		facts, c.Proof = strings.TrimSpace(facts), c.Args[proofName]
		why, c.Line = strings.TrimSpace(c.Event.Values["why"]), "breakglass "+id
	}
	return askProof(c, c.Desk.BreakGlass(c.Ctx, c.Deed, id, facts, why), "stepup.form_glass", "breakglass",
		chat.FormInput{Name: "why", Kind: chat.Long, Label: c.P.T("glass.ask_why"), Value: why})
}

// glassParts adds to a list what glass was broken that the asker could
// acknowledge. It tells whether there is any.
func glassParts(c *Call, card *chat.Card) (bool, error) {
	all, err := c.Desk.Unacknowledged(c.Ctx, c.Who)
	if err != nil {
		return false, err
	}
	for i, g := range all {
		if i == approvalsOnPage {
			break
		}
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: c.P.T("glass.line", "id", g.ID, "amount", g.Body.Cmd.Amount.String(), "order", g.Ref(),
			"who", c.Desk.People.Name(g.Who))})
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("glass.seen_button", "id", g.ID), Command: "breakglass " + g.ID + " seen"})
	}
	return len(all) > 0, nil
}
