package bot

import (
	"context"
	"strings"

	"helloworld/bot/chat"
	"helloworld/connectors"
	"helloworld/i18n"
)

// canText says what an account cannot do and what to do instead; empty where
// nothing is amiss. what names it.
func canText(p *i18n.Printer, can connectors.Capability, what string, mailbox bool) string {
	switch {
	case can.OK && can.Missing != "":
		return p.T("can.partly", "what", what, "missing", can.Missing)
	case can.OK, can.Reason == "can.not_configured":
		return ""
	case can.Instead == "can.use_mail" && mailbox:
		return p.T("can.by_mail", "what", what)
	case can.Instead == "can.use_mail":
		return p.T("can.not", "what", what) + p.T(i18n.Key(can.Reason)) + p.T("can.no_mailbox")
	}
	text := p.T("can.not", "what", what)
	for _, k := range []string{can.Reason, can.Instead} {
		if k != "" && p.Has(i18n.Key(k)) {
			text += p.T(i18n.Key(k), "missing", can.Missing)
		}
	}
	return text
}

// CanParts says what a store cannot do, each with why and what to do instead.
// What has the same reason is said at once.
func (d *Desk) CanParts(ctx context.Context, p *i18n.Printer, s *Store) []chat.Part {
	type why struct {
		ok                       bool
		reason, missing, instead string
	}
	var order []why
	names := map[why][]string{}
	for _, can := range s.Shop.Can(ctx) {
		w := why{can.OK, can.Reason, can.Missing, can.Instead}
		if names[w] == nil {
			order = append(order, w)
		}
		names[w] = append(names[w], p.T(i18n.Key("cap."+string(can.Name))))
	}
	var out []chat.Part
	for _, w := range order {
		can := connectors.Capability{OK: w.ok, Reason: w.reason, Missing: w.missing, Instead: w.instead}
		if text := canText(p, can, strings.Join(names[w], p.T("common.comma")), s.Mail != nil); text != "" {
			out = append(out, chat.Part{Kind: chat.Note, Text: text})
		}
	}
	return out
}

// lacking is the permission that an account was not granted and needs for
// something; empty where nothing is missing, or where the whole access is.
func (s *Store) lacking(ctx context.Context, name connectors.CapName) string {
	for _, can := range s.Shop.Can(ctx) {
		if can.Name == name && !can.OK {
			return can.Missing
		}
	}
	return ""
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
