package bot

import (
	"context"
	"errors"
	"slices"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/stepup"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// WantProof is an error: before this may be done, whoever asks for it has to prove
// who they are. A form asks for it, and what they type comes in [Deed.Proof].
type WantProof struct {
	Refund Payback
	// Has is what they can prove it with.
	Has stepup.Set
}

// Error says so for the log.
func (*WantProof) Error() string { return "bot: a proof of who this is has to be asked for" }

// StepUpOf tells what somebody has set up to prove who they are.
func (d *Desk) StepUpOf(ctx context.Context, who people.ID) (s stepup.Set, err error) {
	if d.StepUp == nil {
		return s, i18n.NewProblem(nil, "stepup.unavailable")
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		s, err = d.StepUp.Of(tx, string(who))
		return err
	})
	return s, err
}

// wantProof asks whoever decides on a refund for a proof, before anything else is
// looked at: where a form has to be opened there is little time for it.
func (d *Desk) wantProof(ctx context.Context, by Deed, r Payback) error {
	if by.Proof != "" {
		return nil
	}
	has, err := d.StepUpOf(ctx, by.Who.ID)
	switch {
	case err != nil:
		return err
	case has.None():
		return i18n.NewProblem(nil, "stepup.none")
	case !has.Locked.IsZero():
		return i18n.NewProblem(nil, "stepup.locked", "until", stampAs("15:04", has.Locked, d.Zone))
	}
	return &WantProof{r, has}
}

// ready does the slow part of looking at what somebody typed as a proof.
func (d *Desk) ready(ctx context.Context, by Deed) (t stepup.Try, err error) {
	if by.Proof == "" || d.StepUp == nil {
		return t, nil
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		t, err = d.StepUp.Ready(tx, string(by.Who.ID), by.Proof)
		return err
	})
	return t, err
}

// proof is what came of asking for one.
type proof int

const (
	// unproved: nothing was typed. What is done nevertheless has to be undone.
	unproved proof = iota
	// proved: it is who it says it is.
	proved
	// needless: no proof is asked for.
	needless
	// refused: it was wrong, and they were told. That alone is to be committed.
	refused
)

// provesVote looks whether a yes to a refund is proved to come from who gives it.
// The refund is read again, so that it is its rule of now that asks.
func (d *Desk) provesVote(tx *store.Tx, by Deed, id string, t stepup.Try) (proof, error) {
	r, err := d.asked(tx, id)
	switch {
	case err != nil:
		return unproved, err
	case !r.Body.Ruling.StepUp:
		return needless, nil
	case by.Proof == "":
		return unproved, nil
	}
	return d.prove(tx, by, t, r.matter(), "approve "+id+" "+r.Facts)
}

// prove looks at what somebody typed, counts it, and tells them if it will not do.
// again is the command that lets them try once more.
func (d *Desk) prove(tx *store.Tx, by Deed, t stepup.Try, about, again string) (proof, error) {
	if d.StepUp == nil {
		return unproved, i18n.NewProblem(nil, "stepup.unavailable")
	}
	who := string(by.Who.ID)
	v, err := d.StepUp.Prove(tx, who, t)
	if err != nil {
		return unproved, err
	}
	if v.OK() {
		return proved, d.Audit.Append(tx, who, "stepup.proved", about, map[string]any{"how": string(v.How)})
	}
	card := plain(by.P, "")
	say := func(k i18n.Key, args ...any) error {
		card.Parts[0].Text = by.P.T(k, args...)
		return d.Whisper(tx, by.Event, card)
	}
	until := stampAs("15:04", v.Locked, d.Zone)
	switch {
	case v.None:
		return refused, say("stepup.none")
	case v.Used:
		card.Buttons = []chat.Button{{Label: by.P.T("stepup.button.again"), Command: again, Tone: chat.Primary}}
		return refused, say("stepup.used")
	case v.Fresh:
		return refused, errors.Join(d.Audit.Append(tx, who, "stepup.locked", "person:"+who, map[string]any{"about": about, "until": v.Locked.UnixMilli()}),
			d.shout(tx, func(p *i18n.Printer) chat.Card {
				c := plain(p, p.T("stepup.locked_loud", "who", by.Who.Name, "until", until, "id", who))
				c.Tone = chat.Bad
				return c
			}), say("stepup.locked_now", "until", until))
	case !v.Locked.IsZero():
		return refused, say("stepup.locked", "until", until)
	}
	card.Buttons = []chat.Button{{Label: by.P.T("stepup.button.again"), Command: again, Tone: chat.Primary}}
	return refused, errors.Join(d.Audit.Append(tx, who, "stepup.wrong", about, map[string]any{"left": v.Left}), say("stepup.wrong", "n", v.Left))
}

// shout says something in every channel for approvals and for alerts.
func (d *Desk) shout(tx *store.Tx, say func(p *i18n.Printer) chat.Card) error {
	var told []chat.Place
	for _, c := range slices.Concat(d.channels(TopicApprovals, ""), d.channels(TopicAlerts, "")) {
		if slices.Contains(told, c.Place) {
			continue
		}
		told = append(told, c.Place)
		if err := d.Say(tx, c.Place, say(i18n.For(c.Lang)), chat.Ref{}); err != nil {
			return err
		}
	}
	return nil
}

// tellPrivately tells somebody something, once in each chat in which they have an
// account and the desk has a channel.
func (d *Desk) tellPrivately(tx *store.Tx, who people.Person, say func(p *i18n.Printer) chat.Card) error {
	told := map[string]bool{}
	for _, c := range d.Channels {
		for _, acc := range d.People.Accounts(tx.Context(), who.ID) {
			if acc.Chat != c.Place.Chat || told[acc.Chat] {
				continue
			}
			told[acc.Chat] = true
			to := c.Place.Root()
			to.Only = acc.ID
			if err := d.Say(tx, to, say(i18n.For(who.Lang)), chat.Ref{}); err != nil {
				return err
			}
		}
	}
	return nil
}
