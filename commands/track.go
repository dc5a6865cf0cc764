package commands

import (
	"errors"
	"slices"
	"strings"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

var track = &Spec{Name: "track", Zh: []string{"物流", "查件", "快递"}, Args: []Arg{{Name: "parcel", Kind: Rest}}, Run: runTrack}

// trackMost is how many parcels of one order are asked for at once: each costs the
// account something.
const trackMost = 5

// followWords put a card up that is kept up to date.
var followWords = []string{"follow", "关注", "跟踪"}

// runTrack looks where a parcel is: "track NUMBER", "track NUMBER CARRIER",
// "track ORDER" with the shop's own numbers, "track ORDER NUMBER", where the order
// tells which country it goes to, and "track follow NUMBER".
func runTrack(c *Call) error {
	asked := clip(strings.TrimSpace(c.Args["parcel"]), 200)
	if first, rest := cutWord(asked); slices.Contains(followWords, strings.ToLower(first)) && rest != "" {
		return follow(c, rest)
	}
	r, hint := readParcel(asked, tracking.Hint{})
	first, rest := cutWord(asked)
	// One of our own orders goes before a number that only looks like a parcel's.
	if r.Verdict != tracking.Valid && c.Desk.Knows(c.Ctx, c.Who, narrow(first)) || r.Verdict == tracking.Unknown && r.Best() == "" {
		o, err := c.Desk.FindOrder(c.Ctx, c.Who, narrow(first))
		c.Args["order"] = first // what is asked about when several have it
		switch {
		case err == nil && rest == "" && len(o.Order.Parcels) > 0:
			return trackOrder(c, o)
		case err == nil && rest == "":
			return noNumber(c, o)
		case err == nil:
			r, hint = readParcel(rest, bot.ParcelHint(o, connectors.Parcel{}))
		case errors.As(err, new(*bot.Ambiguous)), strings.Contains(first, "#"):
			return err // an order was meant
		case !looksTracked(r.Number):
			return i18n.NewProblem(nil, "track.not_one", "got", clip(asked, 60), "usage", usage(c.P, c.Spec))
		}
	}
	if err := unfit(c, r, asked); err != nil {
		return err
	}
	card, err := ask(c, r, hint)
	if err != nil {
		return err
	}
	return c.Whisper(card)
}

// unfit says what is wrong with a number, if something is.
func unfit(c *Call, r tracking.Result, asked string) error {
	switch {
	case r.Verdict == tracking.Wrong:
		return i18n.NewProblem(nil, "track.wrong", "number", r.Number, "carrier", bot.CandidateName(c.P, r.Candidates[0]))
	case r.Number == "":
		return i18n.NewProblem(nil, "track.not_one", "got", clip(asked, 60), "usage", usage(c.P, c.Spec))
	}
	return nil
}

// parcelOf is what a service is asked. A guess by the shape alone would lead it
// astray.
func parcelOf(r tracking.Result, hint tracking.Hint) tracking.Parcel {
	p := tracking.Parcel{Number: r.Number, Country: hint.Country, Carrier: hint.Carrier}
	if r.Verdict == tracking.Valid {
		p.Carrier = r.Best()
	}
	return p
}

// ask asks where a parcel is, and draws the answer. That no service answers is
// part of it.
func ask(c *Call, r tracking.Result, hint tracking.Hint) (chat.Card, error) {
	a, err := c.Desk.AskParcel(c.Ctx, parcelOf(r, hint))
	if err != nil {
		return chat.Card{}, err
	}
	if a.Err != nil && !errors.Is(a.Err, tracking.ErrNone) {
		c.router.log.WarnContext(c.Ctx, "a parcel could not be looked up", "err", a.Err)
	}
	return c.Desk.ParcelCard(c.P, a, false), nil
}

// trackOrder looks where an order's parcels are. The shop's numbers are taken as
// they are: whatever carriers print, the shop has it from them.
func trackOrder(c *Call, o bot.OrderAt) error {
	var cards []chat.Card
	for _, p := range o.Order.Parcels[:min(trackMost, len(o.Order.Parcels))] {
		hint := bot.ParcelHint(o, p)
		card, err := ask(c, tracking.Parse(p.Number, hint), hint)
		if err != nil {
			return err
		}
		card.Foot = c.P.T("track.of", "order", o.Ref())
		if p.Name != "" {
			card.Foot += " · " + c.P.T("track.shop_carrier", "carrier", clip(p.Name, 60))
		}
		if p.Delivered {
			card.Foot += " · " + c.P.T("track.shop_delivered")
		}
		cards = append(cards, card)
	}
	return c.commit(func(tx *store.Tx) error {
		for _, card := range cards {
			if err := c.Desk.Whisper(tx, c.Event, card); err != nil {
				return err
			}
		}
		return nil
	})
}

// follow puts a parcel's card up for everybody here.
func follow(c *Call, asked string) error {
	r, hint := readParcel(asked, tracking.Hint{})
	if err := unfit(c, r, asked); err != nil {
		return err
	}
	if !looksTracked(r.Number) && r.Best() == "" {
		return i18n.NewProblem(nil, "track.not_one", "got", clip(asked, 60), "usage", usage(c.P, c.Spec))
	}
	a, err := c.Desk.AskParcel(c.Ctx, parcelOf(r, hint))
	if err != nil {
		return err
	}
	if a.Heard.IsZero() { // nobody will call about a parcel that no service knows
		return c.Whisper(c.Desk.ParcelCard(c.P, a, false))
	}
	return c.Desk.FollowParcel(c.Ctx, c.Deed, r.Number)
}

// parcelParts adds an order's parcels to its card.
func parcelParts(c *Call, o bot.OrderAt, card *chat.Card) {
	for i, p := range o.Order.Parcels {
		hint := bot.ParcelHint(o, p)
		text := strings.TrimLeft(bot.CarrierName(c.P, hint.Carrier, p.Name)+" · "+p.Number, " ·")
		if p.Delivered {
			text += " · " + c.P.T("track.state.delivered")
		} else if !p.At.IsZero() {
			text += " · " + c.P.T("track.sent", "when", c.P.When(p.At, c.Desk.Zone))
		}
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: c.P.T("track.parcel", "parcel", clip(text, 200))})
		if i < trackMost {
			card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("track.button", "number", clip(p.Number, 24)), Command: "track " + strings.TrimSpace(p.Number+" "+hint.Carrier)})
		}
	}
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
