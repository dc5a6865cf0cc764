package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// qualityView is what the weekly report shows.
type qualityView struct {
	Week        week
	Now, Before figures
	// Stores are the names of the stores it is about; empty: all.
	Stores []string
	// Book says the missing entries' words; may be nil.
	Book *glossary.Book
}

func (d *Desk) paintQuality(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	key, list, some := strings.Cut(id, "/")
	var starts, ends int64
	if err := tx.Row(`SELECT starts, ends FROM quality_week WHERE week = ?`, key).Scan(&starts, &ends); err != nil {
		return chat.Card{}, "", err
	}
	v := qualityView{Week: week{time.UnixMilli(starts).In(d.Zone), time.UnixMilli(ends).In(d.Zone)}}
	var stores []string
	if some {
		stores = strings.Split(list, ",")
	}
	for _, s := range stores {
		v.Stores = append(v.Stores, d.storeOr(s).Name)
	}
	if d.Words != nil {
		v.Book = d.Words.Book()
	}
	var err error
	if v.Now, err = figuresOf(tx, v.Week, stores); err != nil {
		return chat.Card{}, "", err
	}
	if v.Before, err = figuresOf(tx, v.Week.before(), stores); err != nil {
		return chat.Card{}, "", err
	}
	return qualityCard(v, p), id, nil
}

// grades are the ways a translation comes about, in the order they are shown.
var grades = []translate.Grade{translate.Exact, translate.Template, translate.ByEngine, translate.Same, translate.Gloss}

func qualityCard(v qualityView, p *i18n.Printer) chat.Card {
	year, n := v.Week.Starts.ISOWeek()
	c := chat.Card{Title: p.T("quality.title", "year", fmt.Sprint(year), "week", fmt.Sprint(n)), Tone: chat.Plain,
		Foot: p.T("quality.foot", "from", v.Week.Starts.Format(time.DateOnly), "to", v.Week.Ends.AddDate(0, 0, -1).Format(time.DateOnly))}
	say := func(text string) { c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: text}) }
	if len(v.Stores) > 0 {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("quality.stores", "stores", p.List(v.Stores...))})
	}
	now, was := v.Now, v.Before
	if now.empty() {
		say(p.T("quality.empty"))
		return c
	}
	field := func(key i18n.Key, a, b string) chat.Field {
		return chat.Field{Label: p.T(key), Value: p.T("quality.than", "n", a, "before", b)}
	}
	count := func(key i18n.Key, a, b int64) chat.Field { return field(key, p.Num(a), p.Num(b)) }
	share := func(n, of int64) string {
		if of == 0 {
			return p.Num(n) // there is no share of nothing
		}
		return p.T("quality.share", "n", p.Num(n), "percent", fmt.Sprint((n*100+of/2)/of)+"%")
	}
	top := []chat.Field{
		count("quality.written", now.Written, was.Written),
		field("quality.looked", share(now.Looked, now.Written), share(was.Looked, was.Written)),
		count("quality.sent", now.Sent, was.Sent),
		field("quality.edited", share(now.Edited, now.Sent), share(was.Edited, was.Sent)),
		count("quality.auto", now.Auto, was.Auto),
	}
	if len(v.Stores) == 0 {
		top = append(top, count("quality.approved", now.Approved, was.Approved))
	}
	c.Parts = append(c.Parts, chat.Part{Kind: chat.Fields, Fields: top})
	list := func(heading i18n.Key, fields []chat.Field) {
		if len(fields) > 0 {
			say(p.T(heading))
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Fields, Fields: fields})
		}
	}
	var by []chat.Field
	for _, g := range grades {
		if a, b := now.Grades[string(g)], was.Grades[string(g)]; a+b > 0 {
			by = append(by, field(i18n.Key("quality.grade."+string(g)), share(a, now.Written), share(b, was.Written)))
		}
	}
	list("quality.grades", by)
	var found []chat.Field
	for _, g := range slices.SortedFunc(maps.Keys(now.Found), func(a, b string) int {
		return slices.Compare([]int64{now.Found[b], int64(strings.Compare(a, b))}, []int64{now.Found[a], 0})
	}) {
		found = append(found, count(i18n.Key("quality.group."+g), now.Found[g], was.Found[g]))
	}
	list("quality.found", found)
	var lost []chat.Field
	for _, m := range now.Missed {
		lost = append(lost, chat.Field{Label: v.entry(m.Entry, p), Value: p.Num(m.N)})
	}
	list("quality.missed", lost)
	var engines []chat.Field
	for _, e := range now.Engines {
		engines = append(engines, chat.Field{Label: e.Name, Value: engineLine(e, was.Engines, p)})
	}
	list("quality.engines", engines)
	return c
}

// entry is a glossary entry as the reader knows it.
func (v qualityView) entry(id string, p *i18n.Printer) string {
	if v.Book != nil {
		if t, ok := v.Book.Term(id); ok {
			if w, ok := t.In(p.Lang()); ok {
				return p.T("quality.entry", "word", w.Preferred, "id", id)
			}
		}
	}
	return id
}

func engineLine(e engineFigures, before []engineFigures, p *i18n.Printer) string {
	var was engineFigures
	if i := slices.IndexFunc(before, func(x engineFigures) bool { return x.Name == e.Name }); i >= 0 {
		was = before[i]
	}
	parts := []string{p.T("quality.letters", "n", p.Num(e.Letters), "before", p.Num(was.Letters))}
	for _, m := range e.Cost {
		parts = append(parts, m.String())
	}
	parts = append(parts, p.T("quality.calls", "n", e.Calls))
	if e.Failed > 0 {
		var kinds []string
		for _, k := range slices.Sorted(maps.Keys(e.Kinds)) {
			kinds = append(kinds, p.T(i18n.Key("quality.failure."+k))+" "+p.Num(e.Kinds[k]))
		}
		parts = append(parts, p.T("quality.failed", "n", p.Num(e.Failed), "kinds", p.List(kinds...)))
	}
	return strings.Join(parts, " · ")
}
