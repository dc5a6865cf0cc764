package bot

import (
	"context"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/i18n"
)

// differencesOnCard is how many differences a comparison's card lists; each has
// an alert of its own besides.
const differencesOnCard = 6

func (d *Desk) paintLedger(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	run, err := getLedger(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	var open []difference
	for _, x := range run.Parts {
		more, err := openDifferences(tx, x.Store, "")
		if err != nil {
			return chat.Card{}, "", err
		}
		open = append(open, more...)
	}
	return ledgerCard(run, open, func(id string) string { return d.storeOr(id).Name }, d.name(string(run.By)), d.Zone, p), id, nil
}

// ledgerCard tells how a comparison gets on, and what it found.
func ledgerCard(run ledgerRun, open []difference, name func(string) string, who string, zone *time.Location, p *i18n.Printer) chat.Card {
	c := chat.Card{Title: p.T("ledger.title.running"), Tone: chat.Primary, Foot: p.T("ledger.foot", "who", who, "when", stamp(run.Began, zone))}
	fields := chat.Part{Kind: chat.Fields}
	unread := false
	for _, x := range run.Parts {
		fields.Fields = append(fields.Fields, chat.Field{Label: name(x.Store), Value: x.say(p)})
		unread = unread || x.State == partUnread || x.Unread > 0 || x.Early > 0
	}
	switch {
	case !run.over():
	case len(open) > 0:
		c.Title, c.Tone = p.T("ledger.title.differs", "n", len(open)), chat.Bad
	case unread:
		c.Title, c.Tone = p.T("ledger.title.unread"), chat.Warning
	default:
		c.Title, c.Tone = p.T("ledger.title.agrees"), chat.Good
	}
	if len(fields.Fields) > 0 {
		c.Parts = append(c.Parts, fields)
	}
	for i, x := range open {
		if i == differencesOnCard {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("ledger.more", "n", len(open)-i)})
			break
		}
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: x.say(p)})
	}
	return c
}

// say is how it stands with a store, in words.
func (x ledgerPart) say(p *i18n.Printer) string {
	var out string
	switch {
	case x.State == partUnread:
		return p.T("ledger.part.unread", "why", whyText(p, x.Why))
	case x.State == partRunning && x.Why != "":
		return p.T("ledger.part.waits", "done", p.Num(x.Looked), "total", p.Num(x.Total), "why", whyText(p, x.Why))
	case x.State == partRunning:
		return p.T("ledger.part.running", "done", p.Num(x.Looked), "total", p.Num(x.Total))
	default:
		out = p.T("ledger.part.done", "n", x.Looked)
	}
	list := []string{out}
	if x.Differs > 0 {
		list = append(list, p.T("ledger.part.differs", "n", x.Differs))
	}
	if x.Unread > 0 {
		list = append(list, p.T("ledger.part.not_read", "n", x.Unread))
	}
	if x.Early > 0 {
		list = append(list, p.T("ledger.part.early", "n", x.Early))
	}
	if x.Elsewhere > 0 {
		list = append(list, p.T("ledger.part.elsewhere", "n", x.Elsewhere))
	}
	return joined(p, list)
}

// joined puts half sentences into one line.
func joined(p *i18n.Printer, list []string) string {
	out := ""
	for i, x := range list {
		if i > 0 {
			out += p.T("ledger.and")
		}
		out += x
	}
	return out
}

// say is a difference in words.
func (x difference) say(p *i18n.Printer) string {
	return p.T(i18n.Key("ledger.line."+x.What), "order", x.Store+"#"+sync.Number(x.Number), "refund", x.Refund, "ours", oursText(p, x.What, x.Ours), "theirs", x.Theirs)
}

// oursText is our figure: of a refund that did not happen, its state.
func oursText(p *i18n.Printer, what, ours string) string {
	if k := i18n.Key("refunds.state." + ours); what == differsThere && p.Has(k) {
		return p.T(k)
	}
	return ours
}
