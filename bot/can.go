package bot

import (
	"context"

	"helloworld/bot/chat"
	"helloworld/connectors"
	"helloworld/i18n"
)

// CanText says what an account cannot do and what to do instead; empty where
// nothing is amiss. missing: something that the desk needs is not there.
func CanText(p *i18n.Printer, can connectors.Capability, mailbox bool) (text string, missing bool) {
	what := p.T(i18n.Key("cap." + string(can.Name)))
	switch {
	case can.OK, can.Reason == "can.not_configured":
		return "", false
	case can.Instead == "can.use_mail" && mailbox:
		return p.T("can.by_mail", "what", what), false
	case can.Instead == "can.use_mail":
		return p.T("can.not", "what", what) + p.T(i18n.Key(can.Reason)) + p.T("can.no_mailbox"), true
	}
	text = p.T("can.not", "what", what)
	for _, k := range []string{can.Reason, can.Instead} {
		if k != "" && p.Has(i18n.Key(k)) {
			text += p.T(i18n.Key(k), "missing", can.Missing)
		}
	}
	return text, false
}

// CanParts says what a store cannot do, each with why and what to do instead.
func (d *Desk) CanParts(ctx context.Context, p *i18n.Printer, s *Store) []chat.Part {
	var out []chat.Part
	for _, can := range s.Shop.Can(ctx) {
		if text, _ := CanText(p, can, s.Mail != nil); text != "" {
			out = append(out, chat.Part{Kind: chat.Note, Text: text})
		}
	}
	return out
}

// ReauthoriseButton leads a person to where access is granted again: through a
// command of ours where the answer comes back to us, else to the platform's page.
func (s *Store) ReauthoriseButton(p *i18n.Printer, link string) []chat.Button {
	b := chat.Button{Label: p.T("button.reauthorise"), Tone: chat.Primary}
	switch _, ours := s.Shop.(connectors.Authoriser); {
	case ours:
		b.Command = "reauthorize " + s.ID
	case link != "":
		b.URL = link
	case s.Consent != "":
		b.URL = s.Consent
	default:
		return nil
	}
	return []chat.Button{b}
}
