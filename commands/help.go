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
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("help.title")}
	if !c.Known {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text,
			Text: c.P.T("error.stranger", "chat", c.Event.Place.Chat, "account", c.Event.Account.ID)})
	}
	self := c.Spec
	var fields []chat.Field
	for _, s := range c.router.all {
		c.Spec = s
		if c.router.may(c) == nil {
			fields = append(fields, chat.Field{Label: usage(c.P, s), Value: c.P.T(i18n.Key("command." + s.Name + ".help"))})
		}
	}
	c.Spec = self
	card.Parts = append(card.Parts, chat.Part{Kind: chat.Fields, Fields: fields})
	if c.Known {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Note, Text: c.P.T("help.ways")})
	}
	return c.Whisper(card)
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
		out = append(out, chat.MenuItem{Name: s.Name, Help: p.T(i18n.Key("command." + s.Name + ".help"))})
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
