package commands

import (
	"strings"

	"helloworld/bot/chat"
	"helloworld/i18n"
)

var help = &Spec{Name: "help", Zh: []string{"帮助", "?"}, Args: []Arg{{Name: "command", Kind: Word, Optional: true}}, Stranger: true, Run: runHelp}

// runHelp shows what a person may do, and nothing that they may not.
func runHelp(c *Call) error {
	if name := c.Args["command"]; name != "" {
		if s, ok := c.router.byName[strings.ToLower(strings.TrimLeft(name, marks))]; ok {
			return c.Whisper(usageCard(c.P, s))
		}
	}
	self := c.Spec
	var may []*Spec
	for _, s := range c.router.all {
		c.Spec = s
		if c.router.may(c) == nil {
			may = append(may, s)
		}
	}
	c.Spec = self
	card := HelpCard(c.P, may)
	if !c.Known {
		// What a stranger needs is how to become known; the ways of asking can wait.
		card.Parts[1] = card.Parts[0]
		card.Parts[0] = chat.Part{Kind: chat.Text, Text: c.P.T("error.stranger", "chat", c.Event.Place.Chat, "account", c.Event.Account.ID)}
	}
	return c.Whisper(card)
}

// HelpCard lists commands, and the ways in which they can be given.
func HelpCard(p *i18n.Printer, all []*Spec) chat.Card {
	var fields []chat.Field
	for _, s := range all {
		fields = append(fields, chat.Field{Label: usage(p, s), Value: p.T(i18n.Key("command." + s.Name + ".help"))})
	}
	return chat.Card{Lang: p.Lang().String(), Title: p.T("help.title"),
		Parts: []chat.Part{{Kind: chat.Fields, Fields: fields}, {Kind: chat.Note, Text: p.T("help.ways")}}}
}

// usage is how a command is typed: /refund ORDER [AMOUNT].
func usage(p *i18n.Printer, s *Spec) string {
	var b strings.Builder
	b.WriteString("/" + s.Name)
	for _, a := range s.Args {
		name := p.T(i18n.Key("arg." + a.Name))
		if a.Optional {
			name = "[" + name + "]"
		}
		b.WriteString(" " + name)
	}
	return b.String()
}

func usageCard(p *i18n.Printer, s *Spec) chat.Card {
	card := chat.Card{Lang: p.Lang().String(), Title: "/" + s.Name, Parts: []chat.Part{
		{Kind: chat.Text, Text: p.T(i18n.Key("command." + s.Name + ".help"))},
		{Kind: chat.Code, Label: p.T("help.usage"), Text: usage(p, s)},
		{Kind: chat.Note, Text: p.T(i18n.Key("command."+s.Name+".usage"), "zh", strings.Join(s.Zh, "、"))},
	}}
	return card
}

// Menu lists the commands for a chat's menu, in a language.
func Menu(p *i18n.Printer) []chat.MenuItem {
	out := []chat.MenuItem{{Name: "desk", Help: p.T("help.desk")}}
	for _, s := range All {
		out = append(out, chat.MenuItem{Name: s.Name, Help: p.T(i18n.Key("command." + s.Name + ".help")), Also: s.Zh})
	}
	return out
}

// Usage is the hint a chat shows behind a command.
func Usage(p *i18n.Printer, name string) string {
	for _, s := range All {
		if s.Name == name {
			return strings.TrimPrefix(usage(p, s), "/"+name)
		}
	}
	return ""
}
