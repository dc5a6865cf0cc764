package bot

import (
	"errors"
	"strings"
	"time"

	"helloworld/bot/chat"
	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

// trackEvents are as many of a parcel's events as a card shows.
const trackEvents = 5

// ParcelCard is what is known of a parcel: by its number alone, and by whichever
// service answered. A card that is followed stands for long, and says when it was
// told what it says instead of how long ago.
func (d *Desk) ParcelCard(p *i18n.Printer, a ParcelAnswer, followed bool) chat.Card {
	r := tracking.Parse(a.Number, tracking.Hint{Carrier: a.Carrier, Country: a.Country})
	card := chat.Card{Lang: p.Lang().String(), Title: p.T("track.title", "number", r.Number)}
	best, t := r.Best(), a.Track
	var fields []chat.Field
	field := func(label i18n.Key, value string) {
		fields = append(fields, chat.Field{Label: p.T(label), Value: value})
	}
	if names := carrierNames(p, r); names != "" {
		field("track.carrier", names)
	}
	if !a.Heard.IsZero() {
		switch t.State {
		case tracking.StateDelivered:
			card.Tone = chat.Good
		case tracking.StateException, tracking.StateReturned, tracking.StateAttempt, tracking.StateExpired:
			card.Tone = chat.Warning
		}
		field("field.state", p.T(i18n.Key("track.state."+string(t.State))))
		if !t.Updated.IsZero() {
			field("track.updated", p.When(t.Updated, d.Zone))
		}
		field("track.told_by", t.Service)
		if followed {
			field("track.heard", p.When(a.Heard, d.Zone))
		} else {
			field("track.heard", p.Ago(d.Now().Sub(a.Heard)))
		}
		if t.Carrier != "" {
			best = t.Carrier
		}
	}
	if len(fields) > 0 {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Fields, Fields: fields})
	}
	for _, e := range t.Events[:min(trackEvents, len(t.Events))] {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: eventText(p, e, d.Zone)})
	}
	note := func(text string) { card.Parts = append(card.Parts, chat.Part{Kind: chat.Note, Text: text}) }
	if best == "" {
		note(p.T("track.unknown"))
	}
	switch {
	case errors.Is(a.Err, tracking.ErrNone):
		note(p.T("track.no_service"))
	case a.Err != nil:
		card.Tone = chat.Warning
		note(p.T(i18n.Key("track.service."+tracking.KindOf(a.Err).String()), "service", p.List(d.Track.Names()...)))
	case a.Backup && d.Track != nil:
		note(p.T("track.backup", "service", a.Service, "first", d.Track.Names()[0], "why", p.T(i18n.Key("track.why."+tracking.KindOf(a.Why).String()))))
	}
	if page := tracking.Page(best, r.Number); page != "" {
		card.Buttons = append(card.Buttons, chat.Button{Label: p.T("track.page"), URL: page})
	}
	line := strings.TrimSpace(r.Number + " " + a.Carrier)
	if a.Err == nil && !t.State.Final() || a.Err != nil && !errors.Is(a.Err, tracking.ErrNone) {
		card.Buttons = append(card.Buttons, chat.Button{Label: p.T("button.again"), Command: "track " + line})
	}
	if a.Err == nil && !t.State.Final() && !followed {
		card.Buttons = append(card.Buttons, chat.Button{Label: p.T("track.follow"), Command: "track follow " + line})
	}
	return card
}

// eventText is one event in one line; its words are the carrier's own.
func eventText(p *i18n.Printer, e tracking.Event, zone *time.Location) string {
	var parts []string
	if !e.At.IsZero() {
		parts = append(parts, p.When(e.At, zone))
	}
	for _, s := range []string{e.Place, e.Text} {
		if r := []rune(s); len(r) > 160 {
			s = string(r[:159]) + "…"
		}
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " · ")
}

// carrierNames are the candidates in one line, the likeliest first.
func carrierNames(p *i18n.Printer, r tracking.Result) string {
	var out []string
	for _, x := range r.Candidates[:min(3, len(r.Candidates))] {
		name := CandidateName(p, x)
		switch x.Check {
		case tracking.Good:
			name = p.T("track.checked", "carrier", name)
		case tracking.Bad:
			name = p.T("track.misfit", "carrier", name)
		}
		out = append(out, name)
	}
	return strings.Join(out, p.T("common.comma"))
}

// CandidateName is a carrier's name in the reader's language.
func CandidateName(p *i18n.Printer, x tracking.Candidate) string {
	if x.Carrier == tracking.Post && x.Country != "" {
		return p.T("track.post", "country", tracking.CountryName(x.Country, p.Lang()))
	}
	return CarrierName(p, x.Carrier, x.Name)
}

// CarrierName is a carrier's name in the reader's language; one that nobody has a
// word for goes by the name that it came with.
func CarrierName(p *i18n.Printer, code, name string) string {
	if k := i18n.Key("carrier." + strings.ReplaceAll(code, "-", "_")); code != "" && p.Has(k) {
		return p.T(k)
	}
	return name
}
