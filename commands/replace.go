package commands

import (
	"strings"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/i18n"
)

// What is done with goods instead of giving money back.
const (
	sendAgain = "replace"
	exchange  = "exchange"
)

// runReplace asks for goods to be sent again. It takes the same road as a refund,
// but for the money.
func runReplace(c *Call, o bot.OrderAt, w want) error {
	if w.Amount != "" || w.Shipping || w.Tax || w.Credit || w.Restock || w.Goods != "" {
		return i18n.NewProblem(nil, "replace.goods_only")
	}
	asked := c.Filled && c.Has("reason")
	if asked {
		if err := w.filled(c); err != nil {
			return askReplace(c, o, w, err)
		}
	}
	if w.Reason == "" {
		return askReplace(c, o, w)
	}
	err := c.Desk.AskReplacement(c.Ctx, c.Deed, bot.ReplaceAsk{Order: o, Lines: sameLines(w.Lines), Reason: w.Reason, Note: w.Note, Exchange: w.Swap == exchange})
	if _, ok := i18n.AsProblem(err); ok && asked {
		return askReplace(c, o, w, err)
	}
	return err
}

// askReplace opens a form for what was not said. wrong is what was the matter with
// the answers.
func askReplace(c *Call, o bot.OrderAt, w want, wrong ...error) error {
	q, err := c.Desk.QuoteFor(c.Ctx, o.Store, o.Order.ID)
	if err != nil {
		return err
	}
	f := chat.Form{Title: c.P.T(i18n.Key("replace.form."+w.Swap), "order", o.Ref()), Submit: c.P.T("refund.form.submit"), About: "refund " + o.Ref(),
		Intro: refundIntro(c.P, q, w)}
	known := want{Swap: w.Swap}
	if len(q.Lines) > 1 {
		in := linesInput(c, w, wrong != nil)
		in.Optional = true
		f.Inputs = append(f.Inputs, in)
	} else {
		known.Lines = w.Lines
	}
	f.Inputs = append(f.Inputs, reasonInput(c.P, w))
	if len([]rune(w.Note)) <= maxFormNote {
		f.Inputs = append(f.Inputs, chat.FormInput{Name: "note", Label: c.P.T("field.note"), Kind: chat.Long, Optional: true, Value: w.Note})
	} else {
		known.Note = w.Note
	}
	line := strings.TrimSpace("refund " + o.Ref() + " " + known.String())
	c.Line = strings.TrimSpace("refund " + o.Ref() + " " + w.String())
	if wrong != nil {
		return c.AskAgain(line, f, wrong...)
	}
	return c.Ask(line, f)
}

// runSent says that an approved replacement was sent; a form asks with whom and
// under which number, which nobody has to answer.
func runSent(c *Call, id string) error {
	if !c.Filled {
		r, err := c.Desk.MaySend(c.Ctx, c.Deed, id)
		if err != nil {
			return err
		}
		return c.Ask("settle "+id+" sent", chat.Form{Title: c.P.T("replace.form.sent", "id", id), Intro: refundLine(c, r.Payback), Submit: c.P.T("replace.button.sent"),
			Inputs: []chat.FormInput{{Name: "carrier", Label: c.P.T("replace.form.carrier"), Kind: chat.Line, Optional: true},
				{Name: "tracking", Label: c.P.T("replace.form.tracking"), Kind: chat.Line, Optional: true}}})
	}
	return c.Desk.SentReplacement(c.Ctx, c.Deed, id, clip(c.Args["carrier"], 60), clip(narrow(c.Args["tracking"]), 60))
}
