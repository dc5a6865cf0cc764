package commands

import (
	"errors"
	"slices"
	"strconv"
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
		Args:  []Arg{{Name: "order", Kind: Order}, {Name: "wish", Kind: Rest, Optional: true}}, Run: runRefund}
)

// What a form offers to give back.
const (
	giveAll      = "full"
	giveAmount   = "amount"
	giveLines    = "lines"
	giveShipping = "shipping"
	giveTax      = "tax"
)

// runRefund asks for a refund. Where it was not said what to give back, or why,
// a form asks for that; what was said stands in it.
func runRefund(c *Call) error {
	w, err := readWant(c.P, c.Args["wish"])
	if err != nil {
		return err
	}
	back, is, err := c.Desk.FindReturn(c.Ctx, c.Who, c.Args["order"])
	if err != nil {
		return err
	}
	o := back.OrderAt
	if is {
		w.comesBack(back)
	} else if o, err = c.Desk.FindOrder(c.Ctx, c.Who, c.Args["order"]); err != nil {
		return err
	}
	if w.Swap != "" {
		return runReplace(c, o, w)
	}
	if w.From != "" {
		return askRefund(c, o, w)
	}
	asked := c.Filled && (c.Has("reason") || c.Has("lines") || c.Has("amount"))
	if asked {
		if err := w.filled(c); err != nil {
			return askRefund(c, o, w, err)
		}
	}
	if !w.said() && !(w.Reason != "" && w.Restock) || w.Reason == "" {
		return askRefund(c, o, w)
	}
	ask, err := refundAsk(o, w)
	if err == nil {
		err = c.Desk.AskRefund(c.Ctx, c.Deed, ask)
	}
	var two *twoReadings
	var past *bot.Passable
	if errors.As(err, &two) {
		err = withinLeft(c, o, w.Amount, two)
	}
	switch {
	case errors.As(err, &two):
		return whichSum(c, o, w, two)
	case errors.As(err, &past):
		w.Anyway = true
		card := bot.Plain(c.P, past.Say(c.P))
		card.Buttons = []chat.Button{{Label: c.P.T("ask.anyway"), Command: "refund " + o.Ref() + " " + w.String()}}
		return c.Whisper(card)
	case err != nil && asked:
		if _, ok := i18n.AsProblem(err); ok {
			return askRefund(c, o, w, err)
		}
	}
	return err
}

// comesBack fills in what a return says, where nothing else was said: its lines,
// and why. Nobody has said yet that this is what they want, so that it is shown.
func (w *want) comesBack(r bot.ReturnAt) {
	if !w.said() && w.Swap == "" {
		w.From = r.Return.Number
	}
	if w.Reason == "" {
		w.Reason = r.Return.Reason
	}
	if w.said() {
		return
	}
	if w.From != "" && w.Goods == "" && r.Return.Kind == connectors.KindReturn {
		w.Goods = connectors.GoodsBack
	}
	for _, l := range r.Return.Lines {
		i := slices.IndexFunc(r.Order.Lines, func(x connectors.OrderLine) bool { return x.ID == l.Line })
		if i < 0 {
			w.Lines = nil // it is of something that the order does not show
			return
		}
		w.Lines = append(w.Lines, bot.LinePick{N: i + 1, Quantity: l.Quantity})
	}
}

// refundAsk makes of what was said what is asked for.
func refundAsk(o bot.OrderAt, w want) (ask bot.RefundAsk, err error) {
	ask = bot.RefundAsk{Order: o, Reason: w.Reason, Note: w.Note, Goods: w.Goods, Anyway: w.Anyway}
	if w.Credit {
		ask.Method = connectors.StoreCredit
	}
	var sum connectors.Money
	if w.Amount != "" {
		if sum, err = ParseAmount(w.Amount, o.Order.Total.Currency); err != nil {
			return ask, err
		}
		if sum.Minor <= 0 {
			return ask, i18n.NewProblem(nil, "refund.not_positive", "left", o.Order.Remaining().String())
		}
	}
	ask.Amount = sum
	ask.Parts = bot.RefundParts{Lines: sameLines(w.Lines), Shipping: w.Shipping, Tax: w.Tax, Restock: w.Restock, Amount: sum}
	return ask, nil
}

// withinLeft drops the readings of a figure that are more than what is left of the
// order. With but one left it is still asked about, never guessed.
func withinLeft(c *Call, o bot.OrderAt, got string, two *twoReadings) error {
	q, err := quoteLeft(c, o)
	if err != nil {
		return err
	}
	sums := slices.DeleteFunc(slices.Clone(two.sums), func(m connectors.Money) bool { return m.Minor > q.Remaining.Minor })
	if len(sums) == 0 {
		return i18n.NewProblem(nil, "amount.none_left", "got", clip(got, 40), "order", o.Ref(), "left", q.Remaining.String(), "example", exact(q.Remaining))
	}
	return &twoReadings{i18n.NewProblem(nil, "amount.two_ways", "got", clip(got, 40), "example", exact(sums[0])), sums}
}

// quoteLeft tells what is left to refund of an order; that it is nothing is a problem.
func quoteLeft(c *Call, o bot.OrderAt) (connectors.Quote, error) {
	q, err := c.Desk.QuoteFor(c.Ctx, o.Store, o.Order.ID)
	if err == nil && q.Remaining.Minor <= 0 {
		err = i18n.NewProblem(nil, "refund.nothing_left", "order", o.Ref(), "total", q.Order.Total.String())
	}
	return q, err
}

// whichSum asks which of the sums a figure stands for. Each button says it so that
// it cannot be misread.
func whichSum(c *Call, o bot.OrderAt, w want, two *twoReadings) error {
	card := bot.Plain(c.P, two.Say(c.P))
	for _, m := range two.sums {
		w.Amount = exact(m) + " " + m.Currency
		card.Buttons = append(card.Buttons, chat.Button{Label: m.String(), Command: "refund " + o.Ref() + " " + w.String()})
	}
	if len(two.sums) == 1 {
		w.Amount = ""
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("ask.other_amount"), Command: strings.TrimSpace("refund " + o.Ref() + " " + w.String())})
	}
	return c.Whisper(card)
}

// maxFormNote is the longest note that every chat's form can show.
const maxFormNote = 1000

// filled takes what a form brought.
func (w *want) filled(c *Call) error {
	switch c.Args["what"] {
	case giveAll:
		w.Full = true
	case giveShipping:
		w.Shipping = true
	case giveTax:
		w.Tax = true
	}
	if c.Has("reason") {
		r, ok := readReason(c.P, c.Args["reason"])
		if !ok {
			return i18n.NewProblem(nil, "error.argument", "arg", c.P.T("arg.reason"), "got", clip(c.Args["reason"], 40), "usage", usage(c.P, c.Spec))
		}
		w.Reason = r
	}
	if g := connectors.Goods(c.Args["goods"]); slices.Contains(connectors.AllGoods, g) {
		w.Goods = g
	}
	if _, asked := c.Args["note"]; asked {
		w.Note = c.Args["note"]
	}
	if v, asked := c.Args["restock"]; asked {
		w.Restock = v == "yes"
	}
	if v, asked := c.Args["method"]; asked {
		w.Credit = v == string(connectors.StoreCredit)
	}
	if c.Has("amount") {
		w.Amount = strings.TrimSpace(narrow(c.Args["amount"]))
	}
	if c.Has("lines") {
		lines, ok := readPicks(c.Args["lines"])
		if !ok {
			typed, err := readWant(c.P, c.Args["lines"])
			if p, ok := i18n.AsProblem(err); ok && p.Key == "refund.quantity_bad" {
				return err
			}
			// Whatever else it was taken for, an amount was not asked for here.
			if lines = typed.Lines; err != nil || len(lines) == 0 || typed.Note != "" {
				return badPicks(c.Args["lines"])
			}
		}
		w.Lines = lines
	}
	return nil
}

// askRefund opens the form with what is left to refund. It asks for what is open
// only; what the first answers make necessary comes in a second form. wrong is
// what was the matter with the answers.
func askRefund(c *Call, o bot.OrderAt, w want, wrong ...error) error {
	q, err := quoteLeft(c, o)
	if err != nil {
		return err
	}
	if !c.Filled {
		if err := c.Desk.InTheWay(c.Ctx, o, w.From != ""); err != nil {
			return err
		}
	}
	credit, why, err := c.Desk.CreditFor(c.Ctx, o)
	if err != nil {
		return err
	}
	f := chat.Form{Title: c.P.T("refund.form.title", "order", o.Ref()), Submit: c.P.T("refund.form.submit"), About: "refund " + o.Ref(),
		Intro: refundIntro(c.P, q, w)}
	if _, can := o.Store.Shop.(connectors.Crediter); !credit && (can || w.Credit) {
		f.Intro += "\n" + c.P.T(i18n.Key(why), "store", o.Store.Name)
	}
	chosen := ""
	if c.Filled {
		chosen = c.Args["what"]
	}
	lines := len(w.Lines) > 0 || chosen == giveLines || c.Filled && c.Has("lines")
	amount := w.Amount != "" || chosen == giveAmount
	known := want{Reason: w.Reason, Goods: w.Goods, Note: w.Note, Credit: w.Credit, Anyway: w.Anyway}
	first := w.Reason == "" || w.From != "" || !lines && !amount || c.Filled && c.Has("reason") && wrong != nil
	switch {
	case lines:
		known.Shipping = w.Shipping
		f.Inputs = append(f.Inputs, linesInput(c, w, wrong != nil), restockInput(c.P, w))
		if amount {
			f.Inputs = append(f.Inputs, amountInput(c.P, q, w, wrong != nil))
		}
	case amount:
		known.Shipping, known.Tax, known.Restock = w.Shipping, w.Tax, w.Restock
		f.Inputs = append(f.Inputs, amountInput(c.P, q, w, wrong != nil))
	default:
		known.Restock = w.Restock
		f.Inputs = append(f.Inputs, whatInput(c.P, q, w))
	}
	if first {
		f.Inputs = append(f.Inputs, reasonInput(c.P, w))
	}
	if first && (w.Goods == "" || w.From != "") {
		known.Goods = ""
		f.Inputs = append(f.Inputs, goodsInput(c.P, w))
	}
	if first && (credit || w.Credit) {
		f.Inputs = append(f.Inputs, methodInput(c.P, w, credit))
	}
	if first && len([]rune(w.Note)) <= maxFormNote {
		known.Note = ""
		f.Inputs = append(f.Inputs, chat.FormInput{Name: "note", Label: c.P.T("field.note"), Kind: chat.Long, Optional: true, Value: w.Note})
	}
	if first {
		known.Reason = ""
	}
	line := strings.TrimSpace("refund " + o.Ref() + " " + known.String())
	c.Line = strings.TrimSpace("refund " + o.Ref() + " " + w.String())
	if wrong != nil {
		return c.AskAgain(line, f, wrong...)
	}
	return c.Ask(line, f)
}

// introLines is how many of an order's lines a form shows.
const introLines = 12

// refundIntro says what is left, line by line.
func refundIntro(p *i18n.Printer, q connectors.Quote, w want) string {
	var say []string
	if w.From != "" {
		say = append(say, p.T("refund.form.from_return", "number", clip(w.From, 40)), "")
	}
	say = append(say, p.T("refund.form.intro", "total", q.Order.Total.String(), "left", q.Remaining.String()))
	together := q.Shipping
	for _, l := range q.Lines {
		together.Minor += l.Remaining.Minor
	}
	for i, l := range q.Lines {
		if i == introLines {
			say = append(say, p.T("ask.lines_more", "n", len(q.Lines)-i))
			break
		}
		say = append(say, p.T("ask.line", "line", i+1, "title", clip(l.Line.Title, 60), "quantity", l.Quantity, "of", l.Line.Quantity, "left", l.Remaining.String()))
	}
	if q.Shipping.Minor > 0 {
		say = append(say, p.T("ask.shipping_left", "left", q.Shipping.String()))
	}
	if q.Tax.Minor > 0 {
		say = append(say, p.T("ask.tax_left", "left", q.Tax.String()))
	}
	if together.Minor > q.Remaining.Minor {
		// Something was given back without saying what for.
		say = append(say, p.T("ask.together", "left", q.Remaining.String()))
	}
	if w.Odd != "" {
		say = append(say, "", p.T("ask.odd", "word", clip(w.Odd, 40)))
	}
	return strings.Join(say, "\n")
}

func whatInput(p *i18n.Printer, q connectors.Quote, w want) chat.FormInput {
	in := chat.FormInput{Name: "what", Label: p.T("ask.what"), Kind: chat.Choice, Value: giveAll}
	add := func(is bool, value, label string) {
		if is {
			in.Options = append(in.Options, chat.Option{Value: value, Label: label})
		}
	}
	add(true, giveAll, p.T("ask.give.full", "left", q.Remaining.String()))
	add(true, giveAmount, p.T("ask.give.amount"))
	add(len(q.Lines) > 0, giveLines, p.T("ask.give.lines"))
	add(q.Shipping.Minor > 0, giveShipping, p.T("ask.give.shipping", "left", q.Shipping.String()))
	add(q.Tax.Minor > 0, giveTax, p.T("ask.give.tax", "left", q.Tax.String()))
	switch {
	case w.Odd != "":
		in.Value = "" // something else was meant than all; nobody guesses what
	case w.Shipping && q.Shipping.Minor > 0:
		in.Value = giveShipping
	case w.Tax && q.Tax.Minor > 0:
		in.Value = giveTax
	}
	return in
}

func amountInput(p *i18n.Printer, q connectors.Quote, w want, refused bool) chat.FormInput {
	in := chat.FormInput{Name: "amount", Label: p.T("refund.form.amount", "currency", q.Remaining.Currency), Kind: chat.Line, Value: w.Amount,
		Hint: p.T("ask.amount_hint", "left", q.Remaining.String())}
	in.Refused = refused && w.Amount != ""
	return in
}

func linesInput(c *Call, w want, refused bool) chat.FormInput {
	in := chat.FormInput{Name: "lines", Label: c.P.T("ask.lines"), Kind: chat.Line, Hint: c.P.T("ask.lines_hint")}
	var all []string
	for _, l := range sameLines(w.Lines) {
		one := strconv.Itoa(l.N)
		if l.Quantity > 0 {
			one += "x" + strconv.Itoa(l.Quantity)
		}
		all = append(all, one)
	}
	if in.Value = strings.Join(all, ", "); in.Value == "" && c.Filled {
		in.Value = c.Args["lines"]
	}
	in.Refused = refused && in.Value != ""
	return in
}

func restockInput(p *i18n.Printer, w want) chat.FormInput {
	in := chat.FormInput{Name: "restock", Label: p.T("field.restock"), Kind: chat.Choice, Value: "no",
		Options: []chat.Option{{Value: "no", Label: p.T("ask.restock.no")}, {Value: "yes", Label: p.T("ask.restock.yes")}}}
	if w.Restock {
		in.Value = "yes"
	}
	return in
}

func reasonInput(p *i18n.Printer, w want) chat.FormInput {
	in := chat.FormInput{Name: "reason", Label: p.T("field.reason"), Kind: chat.Choice, Value: string(w.Reason)}
	for _, r := range connectors.Reasons {
		in.Options = append(in.Options, chat.Option{Value: string(r), Label: p.T(i18n.Key("reason." + string(r)))})
	}
	return in
}

func goodsInput(p *i18n.Printer, w want) chat.FormInput {
	in := chat.FormInput{Name: "goods", Label: p.T("field.goods"), Kind: chat.Choice, Optional: true, Value: string(w.Goods)}
	for _, g := range connectors.AllGoods {
		in.Options = append(in.Options, chat.Option{Value: string(g), Label: p.T(i18n.Key("ask.goods." + string(g)))})
	}
	return in
}

func methodInput(p *i18n.Printer, w want, credit bool) chat.FormInput {
	in := chat.FormInput{Name: "method", Label: p.T("field.method"), Kind: chat.Choice, Value: "money",
		Options: []chat.Option{{Value: "money", Label: p.T("ask.method.money")}}}
	if credit {
		in.Options = append(in.Options, chat.Option{Value: string(connectors.StoreCredit), Label: p.T("ask.method.store_credit")})
		if w.Credit {
			in.Value = string(connectors.StoreCredit)
		}
	}
	return in
}
