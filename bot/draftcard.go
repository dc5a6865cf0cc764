package bot

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// draftView is what a draft card shows.
type draftView struct {
	Draft Draft
	Store *Store
	// By wrote it, SentBy let it go.
	By, SentBy string
	Zone       *time.Location
	// Facts are what a person has to look at; Mark names exactly these.
	Facts []translate.KeyFact
	Mark  string
}

func draftCard(v draftView, p *i18n.Printer) chat.Card {
	x := v.Draft
	c := chat.Card{Title: p.T(i18n.Key("draft.title."+x.State), "id", x.ID, "lang", LangName(p, x.Result.To)), Tone: chat.Warning}
	c.Parts = append(c.Parts, bothSides(p, v.By, x.Text, x.Result)...)
	switch x.State {
	case DraftOpen:
		openDraft(&c, v, p)
		return c
	case DraftSent:
		c.Tone, c.Foot = chat.Good, p.T("draft.sent", "who", v.SentBy, "when", stamp(x.Sent, v.Zone), "store", v.Store.Name)
		if x.SentBy == people.Desk {
			c.Foot = p.T("draft.sent_auto", "who", v.SentBy, "when", stamp(x.Sent, v.Zone), "store", v.Store.Name)
		}
	case DraftSending:
		c.Tone, c.Foot = chat.Plain, p.T("draft.sending", "who", v.SentBy)
		if x.SentBy == people.Desk {
			c.Foot = p.T("draft.sending_auto", "who", v.SentBy)
		}
	case DraftUnknown:
		c.Foot = p.T("draft.unknown")
	case DraftCancelled:
		c.Tone, c.Foot = chat.Plain, p.T("draft.cancelled", "who", v.SentBy)
	case DraftFailed:
		c.Tone, c.Foot = chat.Bad, p.T("draft.failed", "why", whyText(p, x.Error))
		// As a draft anew: what was in the way may have changed the words too.
		c.Buttons = []chat.Button{{Label: p.T("button.again"), Command: "reply " + x.Message + " " + x.Text, Tone: chat.Primary}}
	}
	if x.Unsent != "" {
		c.Tone = chat.Warning
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("draft.unsent"), Text: x.Unsent})
		c.Buttons = append(c.Buttons, correctButton(p, x.ID))
	}
	return c
}

// openDraft adds what can still be decided about a draft.
func openDraft(c *chat.Card, v draftView, p *i18n.Printer) {
	x := v.Draft
	c.Parts = append(c.Parts, terms(p, x.Result)...)
	c.Parts = append(c.Parts, findings(p, x.Result)...)
	edit := chat.Button{Label: p.T("button.edit"), Command: "reply edit " + x.ID}
	cancel := chat.Button{Label: p.T("button.cancel"), Command: "reply cancel " + x.ID, Tone: chat.Bad}
	send := chat.Button{Label: p.T("button.send"), Command: "reply send " + x.ID, Tone: chat.Primary}
	say := func(text string) { c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: text}) }
	if x.Held != "" {
		say(p.T("draft.held", "why", whyText(p, x.Held)))
	}
	switch {
	case x.Result.Blocked():
		if !againstRules(x.Result) {
			edit.Label = p.T("button.edit_phrase")
		}
		say(p.T(blockedKey(x.Result), "lang", LangName(p, x.Result.To)))
		c.Buttons = []chat.Button{edit, cancel}
	case len(v.Facts) > 0 && x.Checking == v.Mark:
		c.Title = p.T("draft.title.check", "id", x.ID, "lang", LangName(p, x.Result.To))
		say(p.T("draft.check"))
		c.Parts = append(c.Parts, factFields(p, v.Facts))
		send.Label, send.Command = p.T("button.checked_send"), "reply confirm "+x.ID+" "+v.Mark
		c.Buttons = []chat.Button{send, edit, cancel}
	case len(v.Facts) > 0:
		send.Label = p.T("button.check_send")
		c.Buttons = []chat.Button{send, edit, cancel}
	case !x.Auto.IsZero():
		c.Tone = chat.Primary
		say(p.T("draft.auto", "when", stampAs("15:04:05", x.Auto, v.Zone)))
		send.Label, send.Tone = p.T("button.send_now"), chat.Plain
		c.Buttons = []chat.Button{{Label: p.T("button.undo"), Command: "reply undo " + x.ID, Tone: chat.Primary}, send, edit, cancel}
	default:
		c.Buttons = []chat.Button{send, edit, cancel}
	}
}

// factFields puts what was written beside what the buyer will read of it.
func factFields(p *i18n.Printer, facts []translate.KeyFact) chat.Part {
	part := chat.Part{Kind: chat.Fields}
	for _, f := range facts {
		label := p.T("draft.fact", "what", p.T(i18n.Key("fact."+strings.TrimPrefix(f.Code, "confirm_"))), "source", f.Source)
		part.Fields = append(part.Fields, chat.Field{Label: label, Value: f.Said})
	}
	return part
}

// bothSides shows what somebody wrote, what the buyer will read, and that again
// in the writer's language.
func bothSides(p *i18n.Printer, by, text string, r translate.Result) []chat.Part {
	parts := []chat.Part{{Kind: chat.Quote, Label: p.T("draft.wrote", "who", by), Text: text}}
	if r.Grade == translate.Same {
		return append(parts, chat.Part{Kind: chat.Note, Text: p.T("draft.as_written", "lang", LangName(p, r.To))})
	}
	parts = append(parts, chat.Part{Kind: chat.Quote, Label: gradeLabel(p, r), Text: r.Text, Lang: tagOf(r.To)})
	if r.Back != "" {
		parts = append(parts, chat.Part{Kind: chat.Quote, Label: p.T("draft.back"), Text: r.Back})
	}
	return parts
}

// terms are the glossary's words that a translation had to use. Of a phrase the
// whole sentence is one, and says nothing new.
func terms(p *i18n.Printer, r translate.Result) []chat.Part {
	if r.Grade == translate.Exact || r.Grade == translate.Template {
		return nil
	}
	var hits []string
	for _, h := range r.Terms {
		k := i18n.Key("draft.term")
		if h.Draft {
			k = "draft.term_draft"
		}
		if hit := p.T(k, "source", h.Source, "target", h.Target); !slices.Contains(hits, hit) {
			hits = append(hits, hit)
		}
	}
	if len(hits) == 0 {
		return nil
	}
	return []chat.Part{{Kind: chat.Note, Text: p.T("draft.terms", "terms", strings.Join(hits, " · "))}}
}

// findings are what the checks noticed, one line each, what matters most first.
func findings(p *i18n.Printer, r translate.Result) []chat.Part {
	var parts []chat.Part
	for _, s := range []translate.Severity{translate.Block, translate.Review, translate.Note} {
		var lines []string
		for _, f := range r.Findings {
			what := f.What
			if about := i18n.Key("finding.about." + what); f.Code == "confirm_review" && p.Has(about) {
				what = p.T(about)
			}
			line := p.T(i18n.Key("severity."+string(s)), "text", p.T(i18n.Key("finding."+strings.TrimPrefix(f.Code, "finding.")), "what", what))
			if f.Severity == s && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			parts = append(parts, chat.Part{Kind: chat.Note, Text: strings.Join(lines, "\n")})
		}
	}
	return parts
}

// TranslationCard shows a text and its translation to whoever asked for it.
func TranslationCard(p *i18n.Printer, text string, r translate.Result) chat.Card {
	c := chat.Card{Lang: p.Lang().String(), Title: p.T("translation.title", "lang", LangName(p, r.To)), Foot: p.T("translation.foot"),
		Parts: []chat.Part{{Kind: chat.Quote, Label: p.T("message.original", "lang", LangName(p, r.From)), Text: text, Lang: tagOf(r.From)}}}
	if wordless(r) {
		c.Title, c.Parts[0].Label = p.T("translation.none", "lang", LangName(p, r.To)), ""
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("translation.wordless")})
		return c
	}
	switch r.Grade {
	case translate.Same:
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("translation.same", "lang", LangName(p, r.To))})
		return c
	case translate.Gloss:
		c.Title, c.Tone = p.T("translation.none", "lang", LangName(p, r.To)), chat.Warning
	}
	c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: gradeLabel(p, r), Text: r.Text, Lang: tagOf(r.To)})
	if r.Back != "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("draft.back"), Text: r.Back})
	}
	c.Parts = append(c.Parts, terms(p, r)...)
	c.Parts = append(c.Parts, findings(p, r)...)
	return c
}

// wordless: a text was left as it is because nothing in it is in any language,
// such as signs, links and numbers.
func wordless(r translate.Result) bool {
	from, _ := r.From.Base()
	to, _ := r.To.Base()
	return r.Grade == translate.Same && (r.From == language.Und || from != to)
}
