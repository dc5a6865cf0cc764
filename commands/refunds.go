package commands

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/connectors"
	"helloworld/i18n"
)

var refundsCmd = &Spec{Name: "refunds", Zh: []string{"退款记录", "退款清单"}, Cap: connectors.CapRefund, Roles: []people.Role{people.Agent, people.Manager},
	Args: []Arg{{Name: "what", Kind: Rest, Optional: true}}, Run: runRefunds}

// runRefunds lists the refunds of some days, compares them with the platforms, or
// has a buyer told of one.
func runRefunds(c *Call) error {
	words := strings.Fields(narrow(c.Args["what"]))
	first := ""
	if len(words) > 0 {
		first = strings.ToLower(words[0])
	}
	switch first {
	case "check", "核对":
		return runRefundCheck(c, words[1:])
	case "tell", "通知":
		if len(words) != 2 {
			return whichRefunds(c, strings.Join(words, " "))
		}
		return c.Desk.TellBuyer(c.Ctx, c.Deed, strings.ToUpper(words[1]))
	}
	l, err := readListing(c, words)
	if err != nil {
		return err
	}
	if l.export {
		return c.Say("refunds.export_how", "command", l.exportLine())
	}
	return showRefunds(c, l)
}

func whichRefunds(c *Call, got string) error {
	return i18n.NewProblem(nil, "error.argument", "arg", c.P.T("arg.what"), "got", clip(got, 40), "usage", usage(c.P, c.Spec))
}

// runRefundCheck compares a store's refunds, or all stores', with the platforms.
func runRefundCheck(c *Call, words []string) error {
	if len(words) > 1 {
		return whichRefunds(c, strings.Join(words, " "))
	}
	stores := c.Desk.Shops(c.Who)
	if len(words) == 1 {
		s, err := c.Desk.StoreFor(c.Ctx, c.Who, words[0])
		if err != nil {
			return err
		}
		stores = []*bot.Store{s}
	}
	return c.Desk.CheckLedger(c.Ctx, c.Deed, stores)
}

// listing is which refunds somebody wants to see.
type listing struct {
	// days is how they said it, in the form that is read again.
	days     string
	from, to time.Time
	store    string
	mine     bool
	page     int
	export   bool
	// xlsx or csv: what is written to a file.
	format string
}

// line is the command that asks for another page of the same.
func (l listing) line(page int) string {
	out := "refunds " + l.days
	if l.store != "" {
		out += " " + l.store
	}
	if l.mine {
		out += " me"
	}
	return out + " page " + strconv.Itoa(page)
}

// exportLine is the command that writes the same to a file.
func (l listing) exportLine() string {
	out := fmt.Sprintf("desk refunds export --since %s --until %s", l.from.Format(time.DateOnly), l.to.Format(time.DateOnly))
	if l.store != "" {
		out += " --store " + l.store
	}
	return out + " refunds." + l.format
}

// mostDays bounds what is added up for a chat; a file has no such bound.
const mostDays = 370

// readListing reads which refunds are meant. A day is the desk's day.
func readListing(c *Call, words []string) (listing, error) {
	now := c.Desk.Now().In(c.Desk.Zone)
	y, m, d := now.Date()
	at := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, c.Desk.Zone) }
	l := listing{page: 1, format: "xlsx"}
	var said []string
	span := func(word string, from, to time.Time) {
		said, l.days, l.from, l.to = append(said, word), word, from, to
	}
	for i := 0; i < len(words); i++ {
		switch w := strings.ToLower(words[i]); w {
		case "today", "今天", "今日":
			span("today", at(y, m, d), at(y, m, d+1))
		case "yesterday", "昨天", "昨日":
			span("yesterday", at(y, m, d-1), at(y, m, d))
		case "week", "本周", "这周":
			monday := d - (int(now.Weekday())+6)%7
			span("week", at(y, m, monday), at(y, m, d+1))
		case "month", "本月", "这个月":
			span("month", at(y, m, 1), at(y, m, d+1))
		case "me", "我", "我的":
			l.mine = true
		case "export", "导出":
			l.export = true
		case "csv", "xlsx":
			l.export, l.format = true, w
		case "page", "页":
			n := 0
			if i++; i < len(words) {
				n, _ = strconv.Atoi(words[i])
			}
			if n < 1 || n > 10_000 {
				return l, whichRefunds(c, strings.Join(words, " "))
			}
			l.page = n
		default:
			from, to, ok, err := readDays(c, w)
			if err != nil {
				return l, err
			}
			if ok {
				span(w, from, to)
				continue
			}
			s, err := c.Desk.StoreFor(c.Ctx, c.Who, words[i])
			if p, ok := i18n.AsProblem(err); ok && p.Key == "error.store_none" {
				// Whoever wrote it need not have meant a store.
				var mine []string
				for _, s := range c.Desk.Shops(c.Who) {
					mine = append(mine, s.ID)
				}
				return l, i18n.NewProblem(nil, "refunds.no_such", "got", clip(words[i], 40), "stores", strings.Join(mine, ", "))
			}
			if err != nil {
				return l, err
			}
			l.store = s.ID
		}
	}
	switch {
	case len(said) == 0:
		span("today", at(y, m, d), at(y, m, d+1))
	case len(said) == 2 && isDay(said[0]) && isDay(said[1]):
		// The first and the last one.
		word := said[0] + ".." + said[1]
		from, to, _, err := readDays(c, word)
		if err != nil {
			return l, err
		}
		span(word, from, to)
	case len(said) > 1:
		return l, i18n.NewProblem(nil, "refunds.several", "got", clip(strings.Join(said, " "), 60))
	}
	return l, nil
}

func isDay(word string) bool {
	_, err := time.Parse(time.DateOnly, word)
	return err == nil
}

// readDays reads 2026-11-01, or 2026-11-01..2026-11-15 with its last day; ok is
// false for what is no day at all.
func readDays(c *Call, word string) (from, to time.Time, ok bool, err error) {
	first, last, several := strings.Cut(word, "..")
	if !several {
		last = first
	}
	from, bad := time.ParseInLocation(time.DateOnly, first, c.Desk.Zone)
	end, worse := time.ParseInLocation(time.DateOnly, last, c.Desk.Zone)
	if bad != nil && !several {
		return from, to, false, nil
	}
	to = end.AddDate(0, 0, 1)
	switch {
	case bad != nil || worse != nil, !from.Before(to):
		return from, to, false, i18n.NewProblem(nil, "refunds.days", "got", clip(word, 40))
	case to.Sub(from) > mostDays*24*time.Hour:
		return from, to, false, i18n.NewProblem(nil, "refunds.too_long", "n", mostDays)
	}
	return from, to, true, nil
}

// showRefunds shows a page of a listing.
func showRefunds(c *Call, l listing) error {
	x := bot.RefundFilter{From: l.from, To: l.to, Store: l.store, Sees: c.Who.Sees}
	if l.mine {
		x.By = c.Who.ID
	}
	list, err := c.Desk.Refunds(c.Ctx, x, l.page)
	if err != nil {
		return err
	}
	if len(list.Rows) == 0 && l.page > 1 {
		l.page = max(1, (list.All+bot.RefundsPage-1)/bot.RefundsPage)
		if list, err = c.Desk.Refunds(c.Ctx, x, l.page); err != nil {
			return err
		}
	}
	var buttons []chat.Button
	if l.page > 1 {
		buttons = append(buttons, chat.Button{Label: c.P.T("refunds.button.newer"), Command: l.line(l.page - 1)})
	}
	if l.page*bot.RefundsPage < list.All {
		buttons = append(buttons, chat.Button{Label: c.P.T("refunds.button.older"), Command: l.line(l.page + 1)})
	}
	if list.States[bot.RefundAsked] > 0 {
		buttons = append(buttons, chat.Button{Label: c.P.T("refunds.button.waiting"), Command: "approvals"})
	}
	return c.Whisper(c.Desk.RefundsCard(c.P, l.title(c, list), list, buttons))
}

// title says whose refunds of which days these are.
func (l listing) title(c *Call, list bot.RefundList) string {
	days := l.from.Format(time.DateOnly)
	if last := l.to.AddDate(0, 0, -1); !last.Equal(l.from) {
		days = c.P.T("refunds.span", "from", days, "to", last.Format(time.DateOnly))
	}
	if l.store != "" {
		days = c.P.T("refunds.of", "days", days, "whose", l.store)
	}
	if l.mine {
		days = c.P.T("refunds.of", "days", days, "whose", c.Who.Name)
	}
	return c.P.T("refunds.title", "days", days, "n", list.All)
}
