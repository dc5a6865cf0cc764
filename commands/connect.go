package commands

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/connectors"
	"helloworld/i18n"
)

var (
	connect = &Spec{Name: "connect", Zh: []string{"连接", "连接店铺", "添加店铺"}, Roles: []people.Role{people.Manager, people.Admin},
		Args: []Arg{{Name: "what", Kind: Rest, Optional: true}}, Run: runConnect}
	reauthorize = &Spec{Name: "reauthorize", Zh: []string{"重新授权", "授权"}, Roles: []people.Role{people.Ops, people.Manager, people.Admin},
		Args: []Arg{{Name: "store", Kind: StoreName}}, Run: runReauthorize}
	token = &Spec{Name: "token", Zh: []string{"重置令牌", "令牌"}, Roles: []people.Role{people.Ops, people.Manager, people.Admin},
		Args: []Arg{{Name: "store", Kind: Rest}}, Run: runToken}
	quota = &Spec{Name: "quota", Zh: []string{"配额", "限额"}, Roles: []people.Role{people.Ops, people.Manager, people.Admin}, Cap: connectors.CapQuotas,
		Args: []Arg{{Name: "store", Kind: StoreName}}, Run: runQuota}
)

// runConnect connects a store, or connects one again. What it is told may be a
// store, a platform and where the shop is on it, or the address that a browser
// was sent back to.
func runConnect(c *Call) error {
	first, rest := cutWord(strings.TrimSpace(c.Args["what"]))
	if first == "" {
		return connectChoices(c)
	}
	if q, ok := returned(first); ok {
		return finishConnect(c, q)
	}
	word := strings.ToLower(narrow(first))
	if s, ok := c.Desk.Shop(word); ok && c.Who.Sees(s.ID) {
		return c.Desk.BeginConnect(c.Ctx, c.Deed, s, nil)
	}
	platforms := c.Desk.Connectable()
	if !slices.Contains(platforms, word) {
		if len(platforms) == 0 || c.P.Has(i18n.Key("platform."+word)) {
			return i18n.NewProblem(nil, "connect.no_app", "platform", clip(first, 40))
		}
		return i18n.NewProblem(nil, "connect.which", "got", clip(first, 40), "platforms", strings.Join(platforms, c.P.T("common.comma")))
	}
	where, name := cutWord(strings.TrimSpace(rest))
	if c.Filled {
		where, name = strings.TrimSpace(c.Args["where"]), c.Args["name"]
	}
	if where == "" {
		return askWhere(c, word)
	}
	a, err := c.Desk.NewAccount(word, narrow(where), name)
	if err != nil {
		return err
	}
	return c.Desk.BeginConnect(c.Ctx, c.Deed, nil, &a)
}

// returned reads an address that a browser was sent back to.
func returned(s string) (url.Values, bool) {
	u, err := url.Parse(strings.Trim(s, "<>"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Query().Get("state") == "" {
		return nil, false
	}
	return u.Query(), true
}

func finishConnect(c *Call, q url.Values) error {
	if _, err := c.Desk.FinishConnect(c.Ctx, q); err != nil {
		p, ok := i18n.AsProblem(err)
		if !ok || p.Key == "connect.old" {
			return err // nobody has been told yet
		}
	}
	return c.Done() // the card stands where it was asked for
}

// connectChoices offers what can be connected.
func connectChoices(c *Call) error {
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("connect.choose"), Parts: []chat.Part{{Kind: chat.Text, Text: c.P.T("connect.choose_text")}}}
	for _, name := range c.Desk.Connectable() {
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("connect.new", "platform", c.P.T(i18n.Key("platform."+name))),
			Command: "connect " + name, Tone: chat.Primary})
	}
	for _, s := range c.Desk.Shops(c.Who) {
		if _, ok := s.Shop.(connectors.Authoriser); ok {
			card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("connect.again", "store", s.Name), Command: "reauthorize " + s.ID})
		}
	}
	if len(card.Buttons) == 0 {
		return i18n.NewProblem(nil, "connect.nothing")
	}
	return c.Whisper(card)
}

func askWhere(c *Call, platform string) error {
	hint := i18n.Key("connect.where." + platform)
	if !c.P.Has(hint) {
		hint = "connect.where.other"
	}
	return c.Ask("connect "+platform, chat.Form{Title: c.P.T("connect.form", "platform", c.P.T(i18n.Key("platform."+platform))), Submit: c.P.T("button.go_on"),
		Inputs: []chat.FormInput{
			{Name: "where", Label: c.P.T("connect.where_label"), Hint: c.P.T(hint), Kind: chat.Line},
			{Name: "name", Label: c.P.T("connect.name_label"), Hint: c.P.T("connect.name_hint"), Kind: chat.Line, Optional: true}}})
}

func runReauthorize(c *Call) error {
	s, err := c.Desk.StoreFor(c.Ctx, c.Who, c.Args["store"])
	if err != nil {
		return err
	}
	return c.Desk.BeginConnect(c.Ctx, c.Deed, s, nil)
}

// runToken gets a store a new access token; the word reset may be left out.
func runToken(c *Call) error {
	word, rest := cutWord(strings.TrimSpace(c.Args["store"]))
	if w := strings.ToLower(word); (w == "reset" || w == "重置") && strings.TrimSpace(rest) != "" {
		word = strings.TrimSpace(rest)
	}
	s, err := c.Desk.StoreFor(c.Ctx, c.Who, narrow(word))
	if err != nil {
		return err
	}
	h, err := c.Desk.RenewToken(c.Ctx, s)
	if err != nil {
		return err
	}
	if h.State == connectors.HealthBad {
		return c.Whisper(healthCard(c, s, h))
	}
	card := chat.Card{Lang: c.P.Lang().String(), Tone: chat.Good, Title: c.P.T("token.done", "store", s.Name)}
	if parts := deadlineParts(c, s); len(parts) > 0 {
		card.Parts = parts
	}
	return c.Whisper(card)
}

// deadlineParts tells until when a store's access is good.
func deadlineParts(c *Call, s *bot.Store) []chat.Part {
	var fields []chat.Field
	for _, x := range s.Deadlines() {
		when := c.P.When(x.At, c.Desk.Zone)
		if x.Assumed {
			when = c.P.T("alert.about", "when", when)
		}
		fields = append(fields, chat.Field{Label: c.P.T(i18n.Key("deadline." + string(x.What))), Value: when})
	}
	if len(fields) == 0 {
		return nil
	}
	return []chat.Part{{Kind: chat.Fields, Fields: fields}}
}

// mostQuotas is how many limits a card lists; those that are used most come first.
const mostQuotas = 12

// runQuota tells how much of a platform's limits is used.
func runQuota(c *Call) error {
	s, err := c.Desk.StoreFor(c.Ctx, c.Who, c.Args["store"])
	if err != nil {
		return err
	}
	q, ok := s.Shop.(connectors.Quotas)
	if !ok {
		return i18n.NewProblem(nil, "error.store_cannot", "store", s.Name)
	}
	list, err := q.Quotas(c.Ctx)
	if err != nil {
		return bot.ShopProblem(s, err, "", "")
	}
	if len(list) == 0 {
		return c.Say("quota.none", "store", s.Name)
	}
	slices.SortStableFunc(list, func(a, b connectors.Quota) int {
		switch x, y := used(a), used(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("quota.title", "store", s.Name)}
	var fields []chat.Field
	told := true
	for _, x := range list[:min(len(list), mostQuotas)] {
		fields = append(fields, chat.Field{Label: x.Name, Value: quotaText(c, x)})
		told = told && x.Told
		if used(x) >= 0.9 {
			card.Tone = chat.Warning
		}
	}
	card.Parts = []chat.Part{{Kind: chat.Fields, Fields: fields}}
	if n := len(list) - mostQuotas; n > 0 {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Note, Text: c.P.T("quota.more", "n", n)})
	}
	if !told {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Note, Text: c.P.T("quota.reckoned")})
	}
	return c.Whisper(card)
}

// used is the used part of a limit, from 0 to 1.
func used(q connectors.Quota) float64 {
	if q.Limit <= 0 {
		return 0
	}
	return (q.Limit - q.Left) / q.Limit
}

func quotaText(c *Call, q connectors.Quota) string {
	var parts []string
	if q.Limit > 0 {
		parts = append(parts, c.P.T("quota.left", "left", c.P.Num(int64(q.Left)), "limit", c.P.Num(int64(q.Limit))))
	}
	if q.Window > 0 {
		parts = append(parts, c.P.T("quota.window", "window", c.P.Span(q.Window)))
	}
	if !q.Resets.IsZero() && q.Resets.After(time.Time{}) {
		parts = append(parts, c.P.T("quota.resets", "when", c.P.When(q.Resets, c.Desk.Zone)))
	}
	return strings.Join(parts, " · ")
}
