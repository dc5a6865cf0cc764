package bot

import (
	"context"
	"errors"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/stepup"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// SetPIN gives somebody a PIN. If they have anything set up, it takes a proof.
func (d *Desk) SetPIN(ctx context.Context, by Deed, pin, again string) error {
	if _, err := d.StepUpOf(ctx, by.Who.ID); err != nil {
		return err
	}
	if stepup.Digits(pin) != stepup.Digits(again) {
		return i18n.NewProblem(nil, "stepup.differ")
	}
	made, err := d.StepUp.Make(string(by.Who.ID), pin)
	switch {
	case errors.Is(err, stepup.ErrDigits):
		return i18n.NewProblem(nil, "stepup.digits", "least", stepup.Least, "most", stepup.Most)
	case errors.Is(err, stepup.ErrTrivial):
		return i18n.NewProblem(nil, "stepup.trivial")
	case err != nil:
		return err
	}
	return d.ownProof(ctx, by, "pin", func(tx *store.Tx) error {
		if err := d.StepUp.SetPIN(tx, string(by.Who.ID), made); err != nil {
			return err
		}
		return d.proofChanged(tx, by, "stepup.pin_set")
	})
}

// OfferApp gives the secret that somebody is to put into their authenticator app,
// and the link that says the same. Neither may be written down or posted.
func (d *Desk) OfferApp(ctx context.Context, who people.Person) (secret, link string, err error) {
	if _, err := d.StepUpOf(ctx, who.ID); err != nil {
		return "", "", err
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		secret, err = d.StepUp.Offer(tx, string(who.ID))
		return err
	})
	return secret, stepup.Link(secret, string(who.ID), "HelloWorld Desk"), err
}

// ConfirmApp sets up the app that was offered, if code is one of its codes.
func (d *Desk) ConfirmApp(ctx context.Context, by Deed, code string) error {
	if _, err := d.StepUpOf(ctx, by.Who.ID); err != nil {
		return err
	}
	return d.ownProof(ctx, by, "pin app", func(tx *store.Tx) error {
		on, err := d.StepUp.Confirm(tx, string(by.Who.ID), code)
		if err != nil {
			return err
		}
		if !on {
			// The proof has counted, so this is no error: it would take that back.
			card := plain(by.P, by.P.T("stepup.app_not"))
			card.Buttons = []chat.Button{{Label: by.P.T("stepup.button.again"), Command: "pin app", Tone: chat.Primary}}
			return d.Whisper(tx, by.Event, card)
		}
		return d.proofChanged(tx, by, "stepup.app_set")
	})
}

// DropProof takes away what somebody has set up themselves. It takes a proof.
func (d *Desk) DropProof(ctx context.Context, by Deed) error {
	has, err := d.StepUpOf(ctx, by.Who.ID)
	if err != nil {
		return err
	}
	if has.None() {
		return i18n.NewProblem(nil, "stepup.nothing")
	}
	return d.ownProof(ctx, by, "pin off", func(tx *store.Tx) error {
		if _, err := d.StepUp.Off(tx, string(by.Who.ID)); err != nil {
			return err
		}
		return d.proofChanged(tx, by, "stepup.off")
	})
}

// ResetProof lets an admin take away what somebody else has set up, who has lost
// it. Nobody does that to themselves.
func (d *Desk) ResetProof(ctx context.Context, by Deed, whom people.Person) error {
	if _, err := d.StepUpOf(ctx, by.Who.ID); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		admin, err := people.Read(tx, by.Who.ID)
		switch {
		case err != nil:
			return err
		case !admin.Is(people.Admin):
			return i18n.NewProblem(nil, "stepup.reset_admin")
		case admin.ID == whom.ID:
			return i18n.NewProblem(nil, "stepup.reset_own")
		}
		had, err := d.StepUp.Off(tx, string(whom.ID))
		if err != nil {
			return err
		}
		if !had {
			return i18n.NewProblem(nil, "stepup.reset_nothing", "who", whom.Name)
		}
		return errors.Join(d.Audit.Append(tx, string(admin.ID), "stepup.reset", "person:"+string(whom.ID), nil),
			d.tellPrivately(tx, whom, func(p *i18n.Printer) chat.Card {
				c := plain(p, p.T("stepup.reset_told", "who", admin.Name))
				c.Tone = chat.Warning
				return c
			}), d.Whisper(tx, by.Event, plain(by.P, by.P.T("stepup.reset_done", "who", whom.Name))))
	})
}

// ownProof does something to somebody's own proofs, once they have proved who they
// are, if they can.
func (d *Desk) ownProof(ctx context.Context, by Deed, again string, fn func(tx *store.Tx) error) error {
	try, err := d.ready(ctx, by)
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		has, err := d.StepUp.Of(tx, string(by.Who.ID))
		if err != nil {
			return err
		}
		if !has.None() {
			if p, err := d.prove(tx, by, try, "person:"+string(by.Who.ID), again); err != nil || p == refused {
				return err
			}
		}
		return fn(tx)
	})
}

// proofChanged writes down and tells that somebody's proofs have changed, so that
// a stranger who did it in their name does not go unseen.
func (d *Desk) proofChanged(tx *store.Tx, by Deed, what i18n.Key) error {
	if err := d.Audit.Append(tx, string(by.Who.ID), string(what), "person:"+string(by.Who.ID), nil); err != nil {
		return err
	}
	card := plain(by.P, by.P.T(what))
	card.Tone = chat.Good
	return d.Whisper(tx, by.Event, card)
}
