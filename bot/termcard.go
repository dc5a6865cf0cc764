package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/glossary"
	"helloworld/i18n"
)

// termView is what a proposal's card shows.
type termView struct {
	Proposal Proposal
	// Threads are open and still have the old wording.
	Threads int
	// Rivals are entries that want the same word to be something else.
	Rivals []*glossary.Term
	// Signs: the wording stays as it is, and is no longer a draft.
	Signs bool
	// Forbids: the glossary says now that the new wording is wrong.
	Forbids       bool
	Scope         string
	By, DecidedBy string
	Zone          *time.Location
}

func (d *Desk) paintTerm(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	x, err := d.GetProposal(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	v := termView{Proposal: x, Scope: d.scopeName(p, x.Scope), By: d.People.Name(x.By), DecidedBy: d.People.Name(x.DecidedBy), Zone: d.Zone}
	if x.State != TermDeclined {
		uses, err := stillUsing(tx, x)
		if err != nil {
			return chat.Card{}, "", err
		}
		at := map[string]bool{}
		for _, u := range uses {
			at[u.Message] = true
		}
		v.Threads = len(at)
	}
	if book := d.Words.Book(); x.State == TermProposed && x.Kind == TermWord {
		v.Rivals = d.rivals(book, x)
		if e, ok := book.Term(x.Entry); ok {
			v.Signs = x.signs(e)
			w, _ := e.In(x.To)
			v.Forbids = slices.ContainsFunc(w.Forbidden, func(s string) bool { return glossary.Fold(s) == glossary.Fold(x.Target) })
		}
	}
	return termCard(v, p), d.termFacts(x), nil
}

// rivals are other entries that hold in the same places and say something else
// for the same word, with nothing around it to tell which is meant.
func (d *Desk) rivals(book *glossary.Book, x Proposal) []*glossary.Term {
	in := glossary.Scope{Store: x.Scope.Store, Platform: x.Scope.Platform, On: d.Now().UTC().Format(time.DateOnly)}
	return slices.DeleteFunc(entriesOf(book, x.Source, x.From, x.To, in), func(t *glossary.Term) bool {
		w, ok := t.In(x.To)
		return !ok || t.ID == x.Entry || w.Preferred == x.Target || t.Scope.Store != x.Scope.Store || t.Scope.Platform != x.Scope.Platform ||
			len(t.Context.Requires) > 0
	})
}

// scopeName says where an entry holds.
func (d *Desk) scopeName(p *i18n.Printer, in glossary.Scope) string {
	switch {
	case in.Store != "":
		return d.storeOr(in.Store).Name
	case in.Platform != "":
		return PlatformName(p, in.Platform)
	}
	return p.T("term.everywhere")
}

// PlatformName is a platform's name in the reader's language.
func PlatformName(p *i18n.Printer, platform string) string {
	if k := i18n.Key("platform." + platform); p.Has(k) {
		return p.T(k)
	}
	return platform
}

// LangPair says from which language into which.
func LangPair(p *i18n.Printer, from, to language.Tag) string {
	return p.T("term.pair", "from", LangName(p, from), "to", LangName(p, to))
}

func termCard(v termView, p *i18n.Printer) chat.Card {
	x := v.Proposal
	c := chat.Card{Title: p.T(i18n.Key("term.title."+string(x.State)), "id", x.ID), Tone: chat.Warning}
	fields := func(pairs ...string) {
		var list []chat.Field
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				list = append(list, chat.Field{Label: pairs[i], Value: pairs[i+1]})
			}
		}
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Fields, Fields: list})
	}
	entry := p.T("term.new_entry")
	if x.Entry != "" {
		entry = p.T("term.entry", "id", x.Entry, "version", strconv.Itoa(x.Version))
	}
	if x.Kind == TermDrop {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("term.drop", "id", x.Entry)})
		fields(p.T("term.field.entry"), entry, p.T("term.field.scope"), v.Scope, p.T("field.asked_by"), v.By)
	} else {
		old := x.Old
		if old == "" {
			old = p.T("term.nothing")
		}
		fields(p.T("term.field.word"), x.Source, p.T("term.field.now"), old, p.T("term.field.new"), x.Target, p.T("term.field.langs"), LangPair(p, x.From, x.To),
			p.T("term.field.entry"), entry, p.T("term.field.scope"), v.Scope, p.T("field.asked_by"), v.By, p.T("term.field.where"), strings.TrimLeft(x.About, "abcdefghijklmnopqrstuvwxyz:"))
	}
	if x.Why != "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("field.why"), Text: x.Why})
	}
	note := func(text string) { c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: text}) }
	if v.Signs {
		note(p.T("term.sign"))
	}
	if x.Never && x.Old != "" {
		note(p.T("term.never", "old", x.Old))
	}
	for _, t := range v.Rivals {
		w, _ := t.In(x.To)
		note(p.T("term.rival", "id", t.ID, "source", x.Source, "target", w.Preferred))
	}
	if v.Forbids {
		note(p.T("term.forbids", "id", x.Entry, "target", x.Target))
	}
	switch {
	case v.Threads > 0:
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("term.still", "n", v.Threads)})
	case x.Kind == TermWord && x.State != TermDeclined:
		note(p.T("term.still_none"))
	}
	switch x.State {
	case TermProposed:
		c.Buttons = []chat.Button{{Label: p.T("button.approve"), Command: "term approve " + x.ID, Tone: chat.Primary},
			{Label: p.T("term.decline"), Command: "term decline " + x.ID, Tone: chat.Bad}}
		c.Foot = p.T("term.foot.proposed")
	case TermApproved:
		c.Tone, c.Foot = chat.Good, p.T("term.foot.approved", "who", v.DecidedBy, "when", stamp(x.Decided, v.Zone))
		if v.Threads > 0 {
			c.Buttons = []chat.Button{{Label: p.T("term.show_still"), Command: "term still " + x.ID}}
		}
	case TermDeclined:
		c.Tone, c.Foot = chat.Plain, p.T("term.foot.declined", "who", v.DecidedBy, "when", stamp(x.Decided, v.Zone))
		if x.By == x.DecidedBy {
			c.Foot = p.T("term.foot.withdrawn", "who", v.DecidedBy)
		}
		if x.Reason != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("field.reason"), Text: x.Reason})
		}
	}
	return c
}
