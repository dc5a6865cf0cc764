package commands

import (
	"strconv"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/i18n"
)

var delegate = &Spec{Name: "delegate", Zh: []string{"委托", "转交"}, Args: []Arg{{Name: "who", Kind: Rest, Optional: true}}, Run: runDelegate}

// runDelegate lends one's own power to approve, and takes it back:
//
//	delegate | delegate ben until 2026-12-01 [store ebay-de …] | delegate stop ben
//	delegate R1 [ben]: hands on one refund; without a name a form asks
func runDelegate(c *Call) error {
	w := strings.Fields(c.Args["who"])
	if len(w) == 0 {
		return listLendings(c)
	}
	if id := strings.ToUpper(narrow(w[0])); isID(id, 'R') || bot.IsChunk(id) {
		return handOn(c, id, w[1:])
	}
	if x := strings.ToLower(narrow(w[0])); x == "stop" || x == "停止" || x == "取消" {
		if len(w) != 2 {
			return delegateUsage(c)
		}
		who, err := colleague(c, w[1])
		if err != nil {
			return err
		}
		return c.Desk.TakeBack(c.Ctx, c.Deed, who.ID)
	}
	if len(w) < 3 || !oneOf(w[1], "until", "至", "到") {
		return delegateUsage(c)
	}
	who, err := colleague(c, w[0])
	if err != nil {
		return err
	}
	day, err := time.ParseInLocation("2006-01-02", narrow(w[2]), c.Desk.Zone)
	if err != nil {
		return i18n.NewProblem(nil, "approval.lend_day", "got", clip(w[2], 40))
	}
	var stores []string
	if rest := w[3:]; len(rest) > 0 {
		if !oneOf(rest[0], "store", "stores", "店铺") || len(rest) < 2 {
			return delegateUsage(c)
		}
		for _, x := range rest[1:] {
			s, err := c.Desk.StoreFor(c.Ctx, c.Who, strings.ToLower(narrow(strings.Trim(x, ",，"))))
			if err != nil {
				return err
			}
			stores = append(stores, s.ID)
		}
	}
	// Until the end of that day, as people mean it.
	return c.Desk.Lend(c.Ctx, c.Deed, who.ID, stores, day.AddDate(0, 0, 1).Add(-time.Second))
}

func oneOf(s string, words ...string) bool {
	s = strings.ToLower(narrow(s))
	for _, w := range words {
		if s == w {
			return true
		}
	}
	return false
}

func delegateUsage(c *Call) error {
	return i18n.NewProblem(nil, "approval.lend_usage", "usage", usage(c.P, c.Spec))
}

// colleague finds a person by id or by name.
func colleague(c *Call, word string) (people.Person, error) {
	word = strings.TrimPrefix(narrow(word), "@")
	for _, p := range c.Desk.People.All(c.Ctx) {
		if strings.EqualFold(string(p.ID), word) || strings.EqualFold(p.Name, word) {
			return p, nil
		}
	}
	return people.Person{}, i18n.NewProblem(nil, "people.nobody", "id", clip(word, 40))
}

func listLendings(c *Call) error {
	lines, err := c.Desk.Lendings(c.Ctx, c.Deed)
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return c.Say("approval.lendings_none", "usage", usage(c.P, c.Spec))
	}
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("approval.lendings")}
	for _, l := range lines {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: l})
	}
	return c.Whisper(card)
}

// handOn hands one refund's decision to somebody, whom a form asks for.
func handOn(c *Call, id string, w []string) error {
	to := c.Args["to"]
	if len(w) > 0 {
		to = strings.Join(w, " ")
	}
	if to != "" {
		who, err := colleague(c, to)
		if err != nil {
			return err
		}
		return c.Desk.HandOn(c.Ctx, c.Deed, id, who.ID)
	}
	r, err := c.Desk.AskFor(c.Ctx, c.Deed, id)
	if err != nil {
		return err
	}
	in := chat.FormInput{Name: "to", Label: c.P.T("approval.form.to"), Kind: chat.Choice}
	for _, p := range c.Desk.Takers(c.Ctx, r, c.Who.ID) {
		if len(in.Options) < 100 { // the most that every chat's list can show
			in.Options = append(in.Options, chat.Option{Value: string(p.ID), Label: p.Name})
		}
	}
	if len(in.Options) == 0 {
		return i18n.NewProblem(nil, "approval.no_takers", "id", id)
	}
	return c.Ask("delegate "+id, chat.Form{Title: c.P.T("approval.form.hand_on", "id", id), Intro: refundLine(c, r), Submit: c.P.T("approval.button.hand_on"),
		Inputs: []chat.FormInput{in}})
}

// pageNumber reads which page of a list is wanted; the first without any.
func pageNumber(s string) (int, bool) {
	if s == "" {
		return 1, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && n < 1000
}
