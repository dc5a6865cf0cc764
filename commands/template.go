package commands

import (
	"cmp"
	"slices"
	"strings"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/connectors"
	"helloworld/i18n"
)

var template = &Spec{Name: "template", Zh: []string{"模板消息", "平台消息"}, Roles: []people.Role{people.Agent, people.Manager}, Cap: connectors.CapTemplates,
	Args: []Arg{{Name: "order", Kind: Order, Optional: true}, {Name: "what", Kind: Rest, Optional: true}}, Run: runTemplate}

// runTemplate offers the messages that a platform allows for an order, writes
// one, and sends it or throws it away:
//
//	template ORDER | template ORDER KIND [TEXT] | template send F1 | template cancel F1
func runTemplate(c *Call) error {
	verb, rest := cutWord(strings.TrimSpace(c.Args["what"]))
	if !c.Has("order") {
		named, mark := cutWord(strings.TrimSpace(rest))
		switch id := strings.ToUpper(named); strings.ToLower(verb) {
		case "send", "发送":
			return c.Desk.EndForm(c.Ctx, c.Deed, id, true, "")
		case "confirm":
			return c.Desk.EndForm(c.Ctx, c.Deed, id, true, cmp.Or(strings.TrimSpace(mark), "-"))
		case "cancel", "取消":
			return c.Desk.EndForm(c.Ctx, c.Deed, id, false, "")
		}
		return i18n.NewProblem(nil, "error.order_empty")
	}
	o, err := c.Desk.FindOrder(c.Ctx, c.Who, c.Args["order"])
	if err != nil {
		return err
	}
	list, err := c.Desk.TemplatesFor(c.Ctx, o)
	if err != nil {
		return err
	}
	if verb == "" {
		return offerTemplates(c, o, list)
	}
	i := slices.IndexFunc(list, func(t connectors.Template) bool { return strings.EqualFold(t.ID, verb) })
	if i < 0 {
		return i18n.NewProblem(nil, "template.not_now", "kind", bot.TemplateName(c.P, clip(verb, 60)), "order", o.Ref())
	}
	t, text := list[i], strings.TrimSpace(rest)
	if c.Filled && c.Has("text") {
		text = c.Args["text"]
	}
	if t.Text && text == "" {
		return c.Ask("template "+o.Ref()+" "+t.ID, chat.Form{Title: bot.TemplateName(c.P, t.ID), Submit: c.P.T("button.go_on"), Intro: c.P.T("template.intro"),
			Inputs: []chat.FormInput{{Name: "text", Label: c.P.T("arg.text"), Hint: c.P.T("template.hint", "n", t.Max), Kind: chat.Long}}})
	}
	return c.Desk.WriteForm(c.Ctx, c.Deed, o, t, text)
}

func offerTemplates(c *Call, o bot.OrderAt, list []connectors.Template) error {
	if len(list) == 0 {
		return c.Say("template.nothing", "order", o.Ref())
	}
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("template.offer", "order", o.Ref()),
		Parts: []chat.Part{{Kind: chat.Text, Text: c.P.T("template.offer_text")}}}
	for _, t := range list {
		card.Buttons = append(card.Buttons, chat.Button{Label: bot.TemplateName(c.P, t.ID), Command: "template " + o.Ref() + " " + t.ID})
	}
	return c.Whisper(card)
}
