package commands

import (
	"strconv"
	"strings"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/i18n"
)

// Who may decide is the policy's to say, so everybody may try.
var (
	approve = &Spec{Name: "approve", Zh: []string{"批准", "同意"}, Args: []Arg{{Name: "refund", Kind: Word}, {Name: "facts", Kind: Word, Optional: true}},
		Run: runApprove}
	deny    = &Spec{Name: "deny", Zh: []string{"拒绝", "驳回"}, Args: []Arg{{Name: "refund", Kind: Word}, {Name: "why", Kind: Rest, Optional: true}}, Run: runDeny}
	askBack = &Spec{Name: "ask", Zh: []string{"追问", "询问"}, Args: []Arg{{Name: "refund", Kind: Word}, {Name: "question", Kind: Rest, Optional: true}},
		Run: runAsk}
	answer = &Spec{Name: "answer", Zh: []string{"回答"}, Args: []Arg{{Name: "refund", Kind: Word}, {Name: "answer", Kind: Rest, Optional: true}},
		Run: runAnswer}
	settle = &Spec{Name: "settle", Zh: []string{"核定"}, Args: []Arg{{Name: "refund", Kind: Word}, {Name: "outcome", Kind: Word}}, Run: runSettle}
	// What waits can be long: a page at a time.
	approvalList = &Spec{Name: "approvals", Zh: []string{"待批", "待审批"}, Args: []Arg{{Name: "page", Kind: Word, Optional: true}}, Run: runApprovals}
)

// refundID is the refund that a command is about.
func refundID(c *Call) string { return strings.ToUpper(narrow(c.Args["refund"])) }

func runApprove(c *Call) error {
	facts := c.Facts
	if c.Has("facts") {
		facts = c.Args["facts"] // from a list: the button carries what it showed
	}
	c.Proof = c.Args[proofName]
	return askProof(c, c.Desk.Decide(c.Ctx, c.Deed, refundID(c), true, facts, ""), "stepup.form_vote", "approve")
}

// runDeny denies with a reason, which a form asks for; whoever asked takes back
// without one. What was shown does not matter to a no.
func runDeny(c *Call) error {
	id := refundID(c)
	if !c.Has("why") {
		r, err := c.Desk.AskFor(c.Ctx, c.Deed, id)
		if err != nil {
			return err
		}
		if may, err := c.Desk.MayDecide(c.Ctx, r, c.Who.ID); err != nil {
			return err
		} else if may && r.By != c.Who.ID {
			return oneQuestion(c, "deny "+id, "why", c.P.T("approval.form.deny", "id", id), c.P.T("approval.form.why"), c.P.T("button.deny"), refundLine(c, r))
		}
	}
	return c.Desk.Decide(c.Ctx, c.Deed, id, false, "", c.Args["why"])
}

func runAsk(c *Call) error {
	id := refundID(c)
	if !c.Has("question") {
		r, err := c.Desk.AskFor(c.Ctx, c.Deed, id)
		if err != nil {
			return err
		}
		return oneQuestion(c, "ask "+id, "question", c.P.T("approval.form.ask", "id", id), c.P.T("approval.form.question"), c.P.T("approval.button.ask"), refundLine(c, r))
	}
	return c.Desk.AskBack(c.Ctx, c.Deed, id, c.Args["question"])
}

func runAnswer(c *Call) error {
	id := refundID(c)
	if !c.Has("answer") {
		r, err := c.Desk.AskFor(c.Ctx, c.Deed, id)
		if err != nil {
			return err
		}
		return oneQuestion(c, "answer "+id, "answer", c.P.T("approval.form.answer", "id", id), c.P.T("approval.form.text"), c.P.T("approval.button.answer"), refundLine(c, r))
	}
	return c.Desk.AnswerBack(c.Ctx, c.Deed, id, c.Args["answer"])
}

// refundLine says in a line what a form is about.
func refundLine(c *Call, r bot.Payback) string {
	if r.Rows > 0 {
		return c.P.T("batch.about", "n", r.Rows, "amount", r.Body.Cmd.Amount.String(), "store", r.Store, "who", c.Desk.People.Name(r.By))
	}
	return c.P.T("approval.about", "amount", r.Body.Cmd.Amount.String(), "order", r.Ref(), "reason", c.P.T(i18n.Key("reason."+string(r.Body.Cmd.Reason))),
		"who", c.Desk.People.Name(r.By))
}

// oneQuestion opens a form with one long answer.
func oneQuestion(c *Call, line, name, title, label, submit, intro string) error {
	return c.Ask(line, chat.Form{Title: title, Intro: intro, Submit: submit, Inputs: []chat.FormInput{{Name: name, Label: label, Kind: chat.Long}}})
}

// runSettle says what a person found out about an unknown outcome.
func runSettle(c *Call) error {
	switch strings.ToLower(narrow(c.Args["outcome"])) {
	case "sent", "已发出", "已发货":
		if id := refundID(c); bot.IsReplacement(id) {
			return runSent(c, id)
		}
	case "happened", "yes", "已退", "已发生":
		return c.Desk.SettleRefund(c.Ctx, c.Deed, refundID(c), true)
	case "not", "no", "未退", "未发生":
		return c.Desk.SettleRefund(c.Ctx, c.Deed, refundID(c), false)
	}
	key := i18n.Key("settle.outcome")
	if bot.IsReplacement(refundID(c)) {
		key = "settle.outcome_goods"
	}
	return i18n.NewProblem(nil, key, "got", clip(c.Args["outcome"], 40), "id", clip(refundID(c), 20))
}

// approvalsOnPage is how many fit a phone with their buttons.
const approvalsOnPage = 5

// runApprovals lists what waits for somebody, then what they asked for; with a
// refund's id, all that its card had no room for.
func runApprovals(c *Call) error {
	what := strings.ToUpper(narrow(c.Args["page"]))
	if isID(what, 'R') {
		card, err := c.Desk.RefundInFull(c.Ctx, c.Deed, what)
		if err != nil {
			return err
		}
		return c.Whisper(card)
	}
	page, ok := pageNumber(what)
	if !ok {
		return i18n.NewProblem(nil, "error.argument", "arg", c.P.T("arg.page"), "got", clip(c.Args["page"], 40), "usage", usage(c.P, c.Spec))
	}
	list, err := c.Desk.Waiting(c.Ctx, c.Deed)
	if err != nil {
		return err
	}
	mine := 0
	for _, r := range list {
		if r.Mine {
			mine++
		}
	}
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("approval.list", "n", mine)}
	from := min((page-1)*approvalsOnPage, len(list))
	to := min(from+approvalsOnPage, len(list))
	glass, err := glassParts(c, &card)
	if err != nil {
		return err
	}
	if len(list) == 0 && !glass {
		return c.Say("approval.none")
	}
	for i, r := range list[from:to] {
		if !r.Mine && (from+i == 0 || list[from+i-1].Mine || i == 0) {
			card.Parts = append(card.Parts, chat.Part{Kind: chat.Note, Text: c.P.T("approval.list_asked")})
		}
		card.Parts = append(card.Parts, approvalLine(c, r))
		if r.Mine {
			card.Buttons = append(card.Buttons,
				chat.Button{Label: c.P.T("approval.approve", "id", r.ID), Command: "approve " + r.ID + " " + r.Payback.Facts, Tone: chat.Primary,
					Confirm: sureOf(c, r.Payback)},
				chat.Button{Label: c.P.T("approval.deny", "id", r.ID), Command: "deny " + r.ID})
		}
	}
	if to < len(list) {
		// The title counts what waits for them, and so does this while there is any.
		more := max(mine-to, 0)
		if more == 0 {
			more = len(list) - to
		}
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("approval.button.more", "n", more), Command: "approvals " + strconv.Itoa(page+1)})
	}
	return c.Whisper(card)
}

// sureOf is what is asked before a yes is taken from a list.
func sureOf(c *Call, r bot.Payback) string {
	if r.Rows > 0 {
		return c.P.T("batch.confirm", "n", r.Rows, "total", r.Body.Cmd.Amount.String())
	}
	if r.Goods {
		return c.P.T("replace.confirm", "what", bot.ReplacementWhat(c.P, r.Body), "order", r.Ref())
	}
	return c.P.T("refund.confirm", "amount", r.Body.Cmd.Amount.String(), "order", r.Ref())
}

func approvalLine(c *Call, r bot.WaitingRefund) chat.Part {
	age, left := r.Spans(c.P)
	if r.Rows > 0 {
		return chat.Part{Kind: chat.Text, Text: c.P.T("batch.line", "id", r.ID, "n", r.Rows, "amount", r.Body.Cmd.Amount.String(), "store", r.Store,
			"who", c.Desk.People.Name(r.By), "age", age, "left", left)}
	}
	return chat.Part{Kind: chat.Text, Text: c.P.T("approval.line", "id", r.ID, "amount", r.Body.Cmd.Amount.String(), "order", r.Ref(),
		"who", c.Desk.People.Name(r.By), "reason", c.P.T(i18n.Key("reason."+string(r.Body.Cmd.Reason))), "age", age, "left", left)}
}
