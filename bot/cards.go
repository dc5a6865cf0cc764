package bot

import (
	"cmp"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/alerts"
	"helloworld/bot/chat"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// plain is a sentence of the desk's own.
func plain(p *i18n.Printer, text string) chat.Card {
	return chat.Card{Lang: p.Lang().String(), Parts: []chat.Part{{Kind: chat.Text, Text: text}}}
}

// Plain is a sentence of the desk's own, for commands.
func Plain(p *i18n.Printer, text string) chat.Card { return plain(p, text) }

func noteCard(p *i18n.Printer, who, text string) chat.Card {
	return chat.Card{Lang: p.Lang().String(), Title: p.T("note.title", "who", who),
		Parts: []chat.Part{{Kind: chat.Quote, Text: text}}, Foot: p.T("note.foot")}
}

// messageView is what a buyer's message card shows.
type messageView struct {
	Letter  Letter
	Store   *Store
	Res     translate.Result
	HasRes  bool
	Notes   int
	Answers int
	Zone    *time.Location
}

func messageCard(v messageView, p *i18n.Printer) chat.Card {
	l := v.Letter
	title := p.T("message.title_nameless", "store", v.Store.Name)
	if buyer := cmp.Or(l.Buyer.Name, l.Buyer.ID); buyer != "" {
		title = p.T("message.title", "store", v.Store.Name, "buyer", buyer)
	}
	c := chat.Card{Title: title, Tone: chat.Primary}
	if l.State == msgAnswered {
		c.Tone = chat.Good
	}
	if l.Subject != "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("message.subject", "subject", l.Subject)})
	}
	c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("message.original", "lang", LangName(p, v.spoken())), Text: l.Text,
		Lang: tagOf(v.spoken())})
	if v.HasRes && v.Res.Grade != translate.Same {
		notes := findings(p, v.Res)
		// The same words a second time help nobody, if a note says why they are all there is.
		if v.Res.Text != l.Text || len(notes) == 0 {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: gradeLabel(p, v.Res), Text: v.Res.Text, Lang: tagOf(v.Res.To)})
		}
		c.Parts = append(c.Parts, notes...)
	}
	for _, f := range l.Files {
		c.Parts = append(c.Parts, filePart(p, f))
	}
	fields := []chat.Field{{Label: p.T("field.store"), Value: v.Store.Name}}
	if l.Order != "" {
		fields = append(fields, chat.Field{Label: p.T("field.order"), Value: l.Order})
	}
	fields = append(fields, chat.Field{Label: p.T("field.message"), Value: l.ID},
		chat.Field{Label: p.T("field.received"), Value: stamp(l.At, v.Zone)})
	if l.State == msgAnswered {
		fields = append(fields, chat.Field{Label: p.T("field.state"), Value: p.T("message.answered")})
	}
	if v.Notes > 0 {
		fields = append(fields, chat.Field{Label: p.T("field.notes"), Value: p.Num(int64(v.Notes))})
	}
	c.Parts = append(c.Parts, chat.Part{Kind: chat.Fields, Fields: fields})
	c.Buttons = []chat.Button{{Label: p.T("button.reply"), Command: "reply " + l.ID, Tone: chat.Primary},
		{Label: p.T("button.translate"), Command: "translate " + l.ID}}
	if l.Order != "" {
		ref := v.Store.ID + "#" + sync.Number(l.Order)
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.order"), Command: "order " + ref},
			chat.Button{Label: p.T("button.refund"), Command: "refund " + ref})
	}
	c.Foot = p.T("message.foot")
	return c
}

func (v messageView) spoken() language.Tag {
	if v.Letter.Spoken != language.Und {
		return v.Letter.Spoken
	}
	return v.Res.From
}

func filePart(p *i18n.Printer, f connectors.Attachment) chat.Part {
	name := f.Name
	if name == "" {
		name = p.T("message.photo")
	}
	file := &chat.File{Name: name, MIME: f.MIME, URL: f.URL, Size: f.Size, Data: f.Data}
	if strings.HasPrefix(f.MIME, "image/") && (f.URL != "" || len(f.Data) > 0) {
		return chat.Part{Kind: chat.Image, Text: name, File: file}
	}
	return chat.Part{Kind: chat.Note, Text: p.T("message.file", "name", name)}
}

func tagOf(t language.Tag) string {
	if t == language.Und {
		return ""
	}
	return t.String()
}

// LangName is a language's name in the reader's language.
func LangName(p *i18n.Printer, t language.Tag) string {
	if t == language.Und {
		return p.T("lang.und")
	}
	base, _ := t.Base()
	k := i18n.Key("lang.name." + base.String())
	if p.Has(k) {
		return p.T(k)
	}
	return t.String()
}

func gradeLabel(p *i18n.Printer, r translate.Result) string {
	k := i18n.Key("grade." + string(r.Grade))
	return p.T(k, "engine", r.Engine, "lang", LangName(p, r.To))
}

// stamp is a moment with its distance from UTC: the short names of time zones
// (CST) mean different things in different countries.
func stamp(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "–"
	}
	return stampAs("2006-01-02 15:04", t, zone)
}

func stampAs(layout string, t time.Time, zone *time.Location) string {
	t = t.In(zone)
	at, off := t.Format(layout), t.Format("-07:00")
	if _, sec := t.Zone(); sec == 0 {
		return at + " UTC"
	}
	return at + " UTC" + strings.Replace(strings.TrimSuffix(off, ":00"), off[:1]+"0", off[:1], 1)
}

// whyText is a shop's code in words where we have them, else the code itself.
func whyText(p *i18n.Printer, code string) string {
	if k := i18n.Key("why." + code); p.Has(k) {
		return p.T(k)
	}
	return code
}

func runCard(r sync.Run, s *Store, who string, zone *time.Location, p *i18n.Printer) chat.Card {
	c := chat.Card{Title: p.T(i18n.Key("run.title."+string(r.State)), "store", s.Name), Tone: chat.Primary}
	c.Parts = []chat.Part{{Kind: chat.Progress, Label: p.T(i18n.Key("stream." + r.Streams[min(r.At, len(r.Streams)-1)])), Done: r.Done, Total: r.Total},
		{Kind: chat.Text, Text: p.T("run.counts", "done", p.Num(r.Done), "changed", p.Num(r.Changed))}}
	if r.Bad > 0 {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("run.bad", "n", r.Bad)})
	}
	switch r.State {
	case sync.Done:
		c.Tone = chat.Good
		c.Parts[0].Total = max(r.Done, 1)
		c.Parts[0].Done = c.Parts[0].Total
		if r.Changed == 0 {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("run.nothing_new")})
		}
		c.Foot = p.T("run.foot_done", "who", who, "when", stamp(r.Ended, zone))
		return c
	case sync.Waiting:
		c.Tone = chat.Warning
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("run.waits", "why", whyText(p, r.Error))})
	case sync.Failing:
		c.Tone = chat.Bad
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("run.failed", "why", whyText(p, r.Error))})
		c.Buttons = []chat.Button{{Label: p.T("button.again"), Command: "resync " + r.Store, Tone: chat.Primary}}
	}
	c.Foot = p.T("run.foot", "who", who, "when", stamp(r.Started, zone))
	return c
}

// mendButtons lead to where an alert's cause is mended.
func mendButtons(a alerts.Alert, s *Store, p *i18n.Printer) []chat.Button {
	link := a.Detail["link"]
	switch {
	case a.Kind == alerts.Calendar && a.Detail["what"] == string(connectors.DueSecret):
		if link == "" {
			return nil
		}
		return []chat.Button{{Label: p.T("button.secret"), URL: link, Tone: chat.Primary}}
	case a.Kind == alerts.Calendar && a.Detail["what"] == string(connectors.DueSigning):
		return []chat.Button{{Label: p.T("button.token"), Command: "token reset " + a.Store, Tone: chat.Primary}}
	case a.Kind == alerts.Calendar, a.Kind == alerts.Token && a.Detail["kind"] != connectors.AppBroken.String():
		return s.ReauthoriseButton(p, link)
	}
	return nil
}

func alertCard(a alerts.Alert, s *Store, acked string, zone *time.Location, p *i18n.Printer) chat.Card {
	kind, store := a.Detail["kind"], p.T("alert.desk_itself")
	if a.Store != "" {
		store = s.Name
	}
	title := i18n.Key("alert.title." + a.Kind)
	if a.Kind == alerts.Token && kind == connectors.AppBroken.String() {
		title = "alert.title.app"
	}
	c := chat.Card{Title: p.T(title, "store", store), Tone: chat.Warning}
	if a.Severity == alerts.Critical {
		c.Tone = chat.Bad
	}
	text := i18n.Key("alert.text." + strings.TrimPrefix(string(title), "alert.title."))
	if what := a.Detail["what"]; what != "" {
		text += i18n.Key("_" + what)
	}
	code := a.Detail["code"]
	if engines := a.Detail["engines"]; engines != "" {
		code = p.List(strings.Split(engines, ",")...)
	}
	c.Parts = []chat.Part{{Kind: chat.Text, Text: p.T(text, "store", store, "why", whyText(p, kind), "code", code, "n", a.Detail["n"], "from", a.Detail["from"],
		"order", a.Detail["order"], "refund", a.Detail["refund"], "ours", oursText(p, a.Detail["what"], a.Detail["ours"]), "theirs", a.Detail["theirs"])}}
	fields := []chat.Field{{Label: p.T("field.since"), Value: stamp(a.First, zone)}, {Label: p.T("field.times"), Value: p.Num(a.Count)}}
	if a.Hidden > 0 {
		fields = append(fields, chat.Field{Label: p.T("field.hidden"), Value: p.Num(a.Hidden)})
	}
	if code := a.Detail["code"]; code != "" {
		fields = append(fields, chat.Field{Label: p.T("field.code"), Value: code})
	}
	if at, err := time.Parse(time.RFC3339, a.Detail["at"]); err == nil {
		ends := stamp(at, zone)
		if a.Detail["assumed"] != "" {
			ends = p.T("alert.about", "when", ends)
		}
		fields = append([]chat.Field{{Label: p.T("field.ends"), Value: ends}}, fields...)
	}
	c.Parts = append(c.Parts, chat.Part{Kind: chat.Fields, Fields: fields})
	if a.State == alerts.Resolved && a.Detail[alerts.Superseded] != "" {
		c.Tone, c.Foot = chat.Plain, p.T("alert.foot_superseded")
		return c
	}
	if a.State == alerts.Resolved {
		// What to do about it is left out: it is done, and the button is gone.
		over := i18n.Key("alert.over." + a.Kind)
		if what := over + i18n.Key("_"+a.Detail["what"]); p.Has(what) {
			over = what
		}
		if !p.Has(over) {
			over = "alert.resolved"
		}
		c.Tone, c.Title, c.Parts = chat.Good, p.T(over, "store", store), c.Parts[1:]
		c.Foot = p.T("alert.foot_resolved", "when", stamp(a.Ended, zone))
		return c
	}
	if a.Kind == alerts.Ledger {
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.check"), Command: "refunds check " + a.Store})
	} else if a.Store != "" {
		c.Buttons = append(c.Buttons, mendButtons(a, s, p)...)
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.check"), Command: "health " + a.Store})
	}
	if a.State == alerts.Firing {
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.ack"), Command: "health ack " + a.ID})
	} else {
		c.Foot = p.T("alert.foot_acked", "who", acked)
	}
	return c
}
