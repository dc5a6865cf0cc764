package bot

import (
	"context"

	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// What a person found who looked for the desk; the evidence keeps it with who.
const (
	foundYes = "found_yes"
	foundNo  = "found_no"
)

// SettleRefund ends a refund whose outcome the desk could not find out, by what a
// person found in the shop's back office. It sends nothing, and looking stops.
func (d *Desk) SettleRefund(ctx context.Context, by Deed, id string, happened bool) error {
	if _, err := d.RefundFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		r, err := d.GetRefund(tx, id)
		if err != nil {
			return err
		}
		who, err := people.Read(tx, by.Who.ID)
		switch {
		case err != nil:
			return err
		case r.State != RefundUnknown || r.Error != askPerson:
			return i18n.NewProblem(nil, "settle.not_asked", "id", id)
		case who.ID == r.By:
			return i18n.NewProblem(nil, "settle.own", "id", id)
		case !who.Is(people.Manager) || !who.Sees(r.Store):
			return i18n.NewProblem(nil, "settle.manager", "id", id)
		}
		found, to, key := foundNo, RefundFailed, i18n.Key("settle.done_no")
		if happened {
			found, to, key = foundYes, RefundConfirmed, "settle.done_yes"
		}
		if err := noteLook(tx, id, found, string(who.ID)); err != nil {
			return err
		}
		if err := d.refundTo(tx, id, to, byHand, nil); err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(who.ID), "refund."+string(to), "refund:"+id, map[string]any{
			"key": r.Key, "why": byHand, "amount": r.Body.Cmd.Amount.String()}); err != nil {
			return err
		}
		if happened {
			if err := d.followUp(tx, r); err != nil {
				return err
			}
		}
		if err := d.Repaint(tx, "refund:"+id); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T(key, "id", id)))
	})
}

// byHand marks a refund that a person ended.
const byHand = "by_hand"
