package bot

import (
	"context"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// WaitingRefund is a refund that waits for people, as somebody sees it.
type WaitingRefund struct {
	Payback
	// Mine: it waits for this person's vote. Otherwise they asked for it.
	Mine bool
	// Age is how long it has waited, Left how long it still may, and Need how many
	// approvals are missing.
	Age, Left time.Duration
	Need      int
}

// Waiting lists what waits for somebody's vote, and then what they asked for
// themselves; each with whatever runs out first before the rest.
func (d *Desk) Waiting(ctx context.Context, by Deed) ([]WaitingRefund, error) {
	var mine, asked []WaitingRefund
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		mine, asked = nil, nil
		ids, err := approvals.ListWaiting(tx, 500)
		if err != nil {
			return err
		}
		for _, id := range ids {
			a, err := approvals.Get(tx, id)
			if err != nil {
				return err
			}
			kind, rid, err := Matters(a.About)
			if err != nil {
				return err
			}
			if kind != "refund" && kind != "batch" && kind != "goods" {
				continue
			}
			_, may, err := approvals.CanVote(tx, a, by.Who.ID)
			if err != nil {
				return err
			}
			if !may && a.By != by.Who.ID {
				continue
			}
			r, err := d.asked(tx, rid)
			if err != nil {
				return err
			}
			now := time.UnixMilli(tx.Now())
			x := WaitingRefund{Payback: r, Mine: may, Age: now.Sub(a.Created), Left: a.Until.Sub(now), Need: a.Left()}
			if may {
				mine = append(mine, x)
			} else {
				asked = append(asked, x)
			}
		}
		return nil
	})
	return append(mine, asked...), err
}

// RefundInFull is a refund's card with nothing cut, without its buttons.
func (d *Desk) RefundInFull(ctx context.Context, by Deed, id string) (c chat.Card, err error) {
	if _, err := d.RefundFor(ctx, by, id); err != nil {
		return c, err
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		v, err := d.refundView(tx, id)
		if err != nil {
			return err
		}
		v.Full = true
		c = refundCard(v, by.P)
		c.Buttons, c.Lang = nil, by.P.Lang().String()
		return nil
	})
	return c, err
}

// Spans says an age and the time left in words.
func (w WaitingRefund) Spans(p *i18n.Printer) (age, left string) {
	return p.Span(w.Age), p.Span(w.Left)
}
