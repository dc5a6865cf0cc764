package commands

import (
	"context"
	"errors"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

var track = &Spec{Name: "track", Zh: []string{"物流", "查件", "快递"}, Args: []Arg{{Name: "parcel", Kind: Rest}}, Run: runTrack}

const (
	// trackWait bounds what the tracking services may take in all.
	trackWait = 25 * time.Second
	// trackEvents are as many of a parcel's events as a card shows.
	trackEvents = 5
)

// runTrack looks where a parcel is: "track NUMBER", "track NUMBER CARRIER",
// "track ORDER NUMBER", where the order tells which country it goes to.
func runTrack(c *Call) error {
	asked := clip(strings.TrimSpace(c.Args["parcel"]), 200)
	r, hint := readParcel(asked, tracking.Hint{})
	if r.Verdict == tracking.Unknown && r.Best() == "" {
		first, rest := cutWord(asked)
		o, err := c.Desk.FindOrder(c.Ctx, c.Who, narrow(first))
		switch {
		case err == nil && rest == "":
			return noNumber(c, o)
		case err == nil:
			r, hint = readParcel(rest, tracking.Hint{Country: o.Order.Buyer.Country, Platform: o.Store.Shop.Info().Platform})
		case errors.As(err, new(*bot.Ambiguous)), strings.Contains(first, "#"):
			return err // an order was meant
		case !looksTracked(r.Number):
			return i18n.NewProblem(nil, "track.not_one", "got", clip(asked, 60), "usage", usage(c.P, c.Spec))
		}
	}
	if r.Verdict == tracking.Wrong {
		return i18n.NewProblem(nil, "track.wrong", "number", r.Number, "carrier", carrierName(c.P, r.Candidates[0]))
	}
	if r.Number == "" {
		return i18n.NewProblem(nil, "track.not_one", "got", clip(asked, 60), "usage", usage(c.P, c.Spec))
	}
	return c.Whisper(trackCard(c, r, hint))
}

// readParcel takes a carrier's name off the end of what was typed, if there is
// one, and reads the rest as a number.
func readParcel(text string, hint tracking.Hint) (tracking.Result, tracking.Hint) {
	words := strings.Fields(text)
	for n := min(3, len(words)-1); n > 0; n-- {
		if x, ok := tracking.Find(strings.Join(words[len(words)-n:], " ")); ok {
			hint.Carrier = x.Code
			words = words[:len(words)-n]
			break
		}
	}
	return tracking.Parse(strings.Join(words, " "), hint), hint
}

// looksTracked: a number of a carrier that the table does not have. There are
// many, so that the services are asked all the same.
func looksTracked(n string) bool {
	digits := 0
	for _, r := range n {
		if r >= '0' && r <= '9' {
			digits++
		} else if r < 'A' || r > 'Z' {
			return false
		}
	}
	return len(n) >= 8 && len(n) <= 40 && digits >= 5
}

// noNumber: the order is there, and its parcel's number is not told by the shop.
func noNumber(c *Call, o bot.OrderAt) error {
	card := bot.Plain(c.P, c.P.T("track.order", "order", o.Ref(), "state", c.P.T(i18n.Key("order.state."+string(o.Order.Status)))))
	if o.Order.Link != "" {
		card.Buttons = []chat.Button{{Label: c.P.T("button.open"), URL: o.Order.Link}}
	}
	return c.Whisper(card)
}

// trackCard is what is known of a parcel: by its number alone, and by whichever
// service answers.
func trackCard(c *Call, r tracking.Result, hint tracking.Hint) chat.Card {
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("track.title", "number", r.Number)}
	best := r.Best()
	var a tracking.Answer
	var err error
	if c.Desk.Track == nil {
		err = tracking.ErrNone
	} else {
		ctx, stop := context.WithTimeout(c.Ctx, trackWait)
		defer stop()
		p := tracking.Parcel{Number: r.Number, Country: hint.Country}
		if hint.Carrier != "" || r.Verdict == tracking.Valid {
			// A guess by the shape alone would lead the service astray.
			p.Carrier = best
		}
		a, err = c.Desk.Track.Status(ctx, p)
	}
	var fields []chat.Field
	if names := carrierNames(c.P, r); names != "" {
		fields = append(fields, chat.Field{Label: c.P.T("track.carrier"), Value: names})
	}
	if err == nil {
		fields = append(fields, told(c, &card, a)...)
		if a.Track.Carrier != "" {
			best = a.Track.Carrier
		}
	}
	if len(fields) > 0 {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Fields, Fields: fields})
	}
	if err == nil {
		for _, e := range a.Track.Events[:min(trackEvents, len(a.Track.Events))] {
			card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: eventText(c, e)})
		}
	}
	note := func(text string) { card.Parts = append(card.Parts, chat.Part{Kind: chat.Note, Text: text}) }
	if best == "" {
		note(c.P.T("track.unknown"))
	}
	switch {
	case errors.Is(err, tracking.ErrNone):
		note(c.P.T("track.no_service"))
	case err != nil:
		card.Tone = chat.Warning
		note(c.P.T(i18n.Key("track.service."+tracking.KindOf(err).String()), "service", c.P.List(c.Desk.Track.Names()...)))
		c.router.log.WarnContext(c.Ctx, "a parcel could not be looked up", "err", err)
	case a.Backup:
		note(c.P.T("track.backup", "service", a.Service, "first", c.Desk.Track.Names()[0],
			"why", c.P.T(i18n.Key("track.why."+tracking.KindOf(a.Why).String()))))
	}
	if page := tracking.Page(best, r.Number); page != "" {
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("track.page"), URL: page})
	}
	if err == nil && !a.Track.State.Final() || err != nil && !errors.Is(err, tracking.ErrNone) {
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("button.again"), Command: strings.TrimSpace("track " + r.Number + " " + hint.Carrier)})
	}
	return card
}

// told is what a service says of the state.
func told(c *Call, card *chat.Card, a tracking.Answer) []chat.Field {
	t := a.Track
	switch t.State {
	case tracking.StateDelivered:
		card.Tone = chat.Good
	case tracking.StateException, tracking.StateReturned, tracking.StateAttempt, tracking.StateExpired:
		card.Tone = chat.Warning
	}
	fields := []chat.Field{{Label: c.P.T("field.state"), Value: c.P.T(i18n.Key("track.state." + string(t.State)))}}
	if !t.Updated.IsZero() {
		fields = append(fields, chat.Field{Label: c.P.T("track.updated"), Value: c.P.When(t.Updated, c.Desk.Zone)})
	}
	return append(fields, chat.Field{Label: c.P.T("track.told_by"), Value: a.Service})
}

// eventText is one event in one line; its words are the carrier's own.
func eventText(c *Call, e tracking.Event) string {
	var parts []string
	if !e.At.IsZero() {
		parts = append(parts, c.P.When(e.At, c.Desk.Zone))
	}
	for _, s := range []string{e.Place, e.Text} {
		if s != "" {
			parts = append(parts, clip(s, 160))
		}
	}
	return strings.Join(parts, " · ")
}

// carrierNames are the candidates in one line, the likeliest first.
func carrierNames(p *i18n.Printer, r tracking.Result) string {
	var out []string
	for _, x := range r.Candidates[:min(3, len(r.Candidates))] {
		name := carrierName(p, x)
		if x.Check == tracking.Good {
			name = p.T("track.checked", "carrier", name)
		} else if x.Check == tracking.Bad {
			name = p.T("track.misfit", "carrier", name)
		}
		out = append(out, name)
	}
	return strings.Join(out, p.T("common.comma"))
}

// carrierName is a carrier's name in the reader's language.
func carrierName(p *i18n.Printer, x tracking.Candidate) string {
	if x.Carrier == tracking.Post && x.Country != "" {
		return p.T("track.post", "country", tracking.CountryName(x.Country, p.Lang()))
	}
	if k := i18n.Key("carrier." + strings.ReplaceAll(x.Carrier, "-", "_")); p.Has(k) {
		return p.T(k)
	}
	return x.Name
}
