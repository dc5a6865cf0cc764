package commands

import (
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/connectors"
	"helloworld/i18n"
)

var batchCmd = &Spec{Name: "batch", Zh: []string{"批量退款", "批量"}, Cap: connectors.CapRefund, Roles: []people.Role{people.Agent, people.Manager},
	Args: []Arg{{Name: "list", Kind: Rest, Optional: true}}, Run: runBatch}

// runBatch asks for many refunds at once:
//
//	batch | batch new | batch list | batch B3 [receipt] | batch filter store=ebay-de …
//	batch 1234 1235 shopify-main#1236 full damaged
//	batch, and a table pasted behind it or sent along
func runBatch(c *Call) error {
	text := c.Args["list"]
	first, rest := cutWord(text)
	first = narrow(first)
	id := strings.ToUpper(first)
	list, _, _ := strings.Cut(id, "/")
	switch {
	case c.Filled:
		return filledBatch(c)
	case text == "" && len(c.Event.Files) == 0:
		return batchHome(c)
	case oneOf(first, "new", "新建"):
		return askBatchForm(c)
	case oneOf(first, "list", "列表"):
		return listBatches(c)
	case oneOf(first, "filter", "筛选"):
		return filterBatch(c, rest)
	case isID(list, 'B'):
		return batchVerb(c, id, rest)
	}
	return readBatch(c, text, "")
}

// readBatch reads a list that was typed, pasted or sent along as a file.
func readBatch(c *Call, text string, reason connectors.RefundReason) error {
	if len(c.Event.Files) > 0 {
		table, err := fileText(c, c.Event.Files[0])
		if err != nil {
			return err
		}
		if w, err := readWant(c.P, text); err == nil && w.Reason != "" {
			reason = w.Reason // "batch damaged", with a file
		}
		return c.Desk.MakeBatch(c.Ctx, c.Deed, readTable(c, table, want{Reason: reason}))
	}
	w, err := readOrders(c, text, reason)
	if err != nil {
		return err
	}
	return c.Desk.MakeBatch(c.Ctx, c.Deed, w)
}

// fileText brings what somebody sent along.
func fileText(c *Call, f chat.File) (string, error) {
	data := f.Data
	if t, ok := c.Desk.Chat(c.Event.Place.Chat); ok && len(data) == 0 {
		if fetcher, can := t.(chat.Fetcher); can {
			got, _, err := fetcher.Fetch(c.Ctx, f)
			if err != nil {
				return "", err
			}
			data = got
		}
	}
	return decodeTable(data)
}

// batchVerb does something with a list that there is already.
func batchVerb(c *Call, id, rest string) error {
	verb, more := cutWord(rest)
	list, _, _ := strings.Cut(id, "/")
	switch verb = strings.ToLower(narrow(verb)); {
	case verb == "":
		return c.Desk.ShowBatch(c.Ctx, c.Deed, id)
	case oneOf(verb, "receipt", "table", "表格", "回执"):
		return batchReceipt(c, list)
	case oneOf(verb, "ask", "提交"):
		return c.Desk.AskBatch(c.Ctx, c.Deed, list, narrow(more), false)
	case oneOf(verb, "without", "剔除"):
		return c.Desk.AskBatch(c.Ctx, c.Deed, list, narrow(more), true)
	case oneOf(verb, "again", "重新核对"):
		return c.Desk.LookAgain(c.Ctx, c.Deed, list)
	case oneOf(verb, "drop", "放弃"):
		return c.Desk.DropBatch(c.Ctx, c.Deed, list)
	case oneOf(verb, "resume", "继续"):
		return c.Desk.ResumeBatch(c.Ctx, c.Deed, id)
	case oneOf(verb, "skip", "跳过"):
		return c.Desk.SkipRow(c.Ctx, c.Deed, id)
	case oneOf(verb, "stop", "终止"):
		return c.Desk.EndBatch(c.Ctx, c.Deed, id)
	}
	return i18n.NewProblem(nil, "error.argument", "arg", c.P.T("arg.list"), "got", clip(rest, 40), "usage", usage(c.P, c.Spec))
}

// batchHome shows somebody's lists, or the form where there are none yet.
func batchHome(c *Call) error {
	mine, err := c.Desk.Batches(c.Ctx, c.Who.ID)
	if err != nil {
		return err
	}
	if len(mine) == 0 {
		return askBatchForm(c)
	}
	return showBatches(c, mine)
}

func listBatches(c *Call) error {
	mine, err := c.Desk.Batches(c.Ctx, c.Who.ID)
	if err != nil {
		return err
	}
	return showBatches(c, mine)
}

func showBatches(c *Call, mine []bot.Batch) error {
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("batch.list")}
	for i, b := range mine {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: c.P.T("batch.list_line", "id", b.ID, "when", c.P.When(b.Created, c.Desk.Zone),
			"state", c.P.T(i18n.Key("batch.state."+string(b.State))))})
		if i < 4 {
			card.Buttons = append(card.Buttons, chat.Button{Label: b.ID, Command: "batch " + b.ID})
		}
	}
	card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("batch.button.new"), Command: "batch new", Tone: chat.Primary})
	return c.Whisper(card)
}

func askBatchForm(c *Call) error {
	reason := reasonInput(c.P, want{})
	reason.Label, reason.Optional = c.P.T("batch.form.reason"), true
	return c.Ask("batch new", chat.Form{Title: c.P.T("batch.form.title"), Intro: c.P.T("batch.form_intro", "most", bot.BatchMost), Submit: c.P.T("batch.form.submit"),
		Inputs: []chat.FormInput{{Name: "orders", Label: c.P.T("batch.form.list"), Kind: chat.Long}, reason}})
}

func filledBatch(c *Call) error {
	reason, _ := readReason(c.P, c.Args["reason"])
	return readBatch(c, c.Args["orders"], reason)
}

const (
	// receiptRows are on one card, receiptMost on all of them.
	receiptRows = 20
	receiptMost = 100
)

// batchReceipt gives a list as a table that can be copied.
func batchReceipt(c *Call, id string) error {
	table, rows, err := c.Desk.BatchTable(c.Ctx, c.Deed, id)
	if err != nil {
		return err
	}
	if rows > receiptMost {
		return c.Say("batch.receipt_long", "id", id, "n", rows)
	}
	lines := strings.Split(strings.TrimRight(table, "\n"), "\n")
	head, lines := lines[0], lines[1:]
	parts := (len(lines) + receiptRows - 1) / receiptRows
	var cards []chat.Card
	for i := range parts {
		some := lines[i*receiptRows : min((i+1)*receiptRows, len(lines))]
		cards = append(cards, chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("batch.receipt_title", "id", id, "part", i+1, "parts", parts),
			Parts: []chat.Part{{Kind: chat.Text, Text: head + "\n" + strings.Join(some, "\n")}}})
	}
	return c.whisperAll(cards)
}

// filterBatch makes a list of the orders that the desk has written down and that fit.
func filterBatch(c *Call, text string) error {
	var f bot.OrderFilter
	w := want{Full: true}
	var amount string
	for _, word := range splitPairs(text) {
		name, value, _ := strings.Cut(word, "=")
		value = strings.TrimSpace(value)
		var err error
		switch strings.ToLower(narrow(name)) {
		case "store", "店铺":
			f.Store, err = c.Desk.StoreFor(c.Ctx, c.Who, narrow(value))
		case "reason", "原因":
			var ok bool
			if w.Reason, ok = readReason(c.P, strings.ReplaceAll(narrow(value), " ", "_")); !ok {
				err = i18n.NewProblem(nil, "batch.bad_reason", "got", clip(value, 40), "all", reasonList(c.P))
			}
		case "from", "自":
			f.From, err = readDay(c, value)
		case "to", "至":
			if f.To, err = readDay(c, value); err == nil {
				f.To = f.To.AddDate(0, 0, 1) // with that day
			}
		case "status", "状态":
			f.Status, err = readStatus(c.P, value)
		case "sku":
			f.SKU = narrow(value)
		case "amount", "金额":
			amount = value
		case "note", "备注":
			w.Note = value
		default:
			err = i18n.NewProblem(nil, "batch.filter_key", "got", clip(word, 40))
		}
		if err != nil {
			return err
		}
	}
	switch {
	case f.Store == nil:
		return i18n.NewProblem(nil, "batch.filter_store")
	case w.Reason == "":
		return i18n.NewProblem(nil, "batch.filter_reason")
	case !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To):
		return i18n.NewProblem(nil, "batch.filter_reversed", "from", f.From.Format(time.DateOnly), "to", f.To.AddDate(0, 0, -1).Format(time.DateOnly))
	}
	found, err := c.Desk.Matching(c.Ctx, f)
	if err != nil {
		return err
	}
	var out []bot.BatchWish
	for i, o := range found {
		wish := bot.BatchWish{Line: i + 1, Order: o.Store.ID + "#" + o.Order.ID, Reason: w.Reason, Note: w.Note}
		if amount != "" {
			if wish.Parts.Amount, err = ParseAmount(amount, o.Order.Total.Currency); err != nil {
				return err
			}
		}
		out = append(out, wish)
	}
	return c.Desk.MakeBatch(c.Ctx, c.Deed, out)
}

// splitPairs splits "a=b c=d e f=g" before each name: values may have spaces.
func splitPairs(s string) (out []string) {
	for _, w := range strings.Fields(s) {
		if strings.Contains(w, "=") || len(out) == 0 {
			out = append(out, w)
		} else {
			out[len(out)-1] += " " + w
		}
	}
	return out
}

func readDay(c *Call, s string) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, narrow(s), c.Desk.Zone)
	if err != nil {
		return day, i18n.NewProblem(nil, "batch.filter_day", "got", clip(s, 40))
	}
	return day, nil
}

// statuses are the states of an order that can be looked for.
var statuses = []connectors.OrderStatus{connectors.OrderPending, connectors.OrderPaid, connectors.OrderShipped, connectors.OrderPartly,
	connectors.OrderDelivered, connectors.OrderCancelled, connectors.OrderRefunded, connectors.OrderOther}

func readStatus(p *i18n.Printer, s string) (connectors.OrderStatus, error) {
	var all []string
	for _, x := range statuses {
		if strings.EqualFold(narrow(s), string(x)) || s == p.T(i18n.Key("order.state."+string(x))) {
			return x, nil
		}
		all = append(all, string(x))
	}
	return "", i18n.NewProblem(nil, "batch.filter_status", "got", clip(s, 40), "all", strings.Join(all, ", "))
}

// reasonList names the reasons in the reader's language; each can be typed so.
func reasonList(p *i18n.Printer) string {
	var all []string
	for _, r := range connectors.Reasons {
		all = append(all, p.T(i18n.Key("reason."+string(r))))
	}
	return strings.Join(all, p.T("common.comma"))
}
