package bot

import (
	"context"
	"slices"

	"golang.org/x/text/language"

	"helloworld/bot/store"
	"helloworld/glossary"
	"helloworld/i18n"
)

// Phrase is a ready answer in the agent's language.
type Phrase struct {
	ID, Text string
	// Slots are what has to be filled in before it can be said.
	Slots []string

	source *glossary.Phrase
	lang   language.Tag
}

// Fill puts values into a phrase's slots.
func (x Phrase) Fill(values map[string]string) (string, bool) {
	return glossary.Hit{Phrase: x.source, Values: values}.Render(x.lang)
}

// Phrases are the ready answers to a message. They can be translated without any
// engine; a slot that is known from the message is filled in already.
func (d *Desk) Phrases(l Letter, p *i18n.Printer, to language.Tag) []Phrase {
	if d.Words == nil {
		return nil
	}
	known := map[string]string{}
	if l.Order != "" {
		known["order"] = l.Order
	}
	var out []Phrase
	for _, x := range d.Words.Book().Phrases(p.Lang(), glossary.Out) {
		if _, can := x.Say(to); !can {
			continue
		}
		y := Phrase{ID: x.ID, source: &x, lang: p.Lang()}
		values := map[string]string{}
		for _, slot := range x.Slots() {
			if v, ok := known[slot]; ok {
				values[slot] = v
			} else {
				y.Slots, values[slot] = append(y.Slots, slot), "{"+slot+"}"
			}
		}
		var ok bool
		if y.Text, ok = y.Fill(values); ok {
			out = append(out, y)
		}
	}
	// What can be said at once stands first.
	slices.SortStableFunc(out, func(a, b Phrase) int { return min(len(a.Slots), 1) - min(len(b.Slots), 1) })
	return out
}

// SlotValues are what the desk knows to fill into a phrase for a message: its
// order, what was refunded of it last, and the parcel it went by.
func (d *Desk) SlotValues(ctx context.Context, l Letter) (values map[string]string, currency string, err error) {
	values = map[string]string{}
	if l.Order == "" {
		return values, "", nil
	}
	values["order"] = l.Order
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		f, ok, err := mirrored(tx, l.Store, l.Order)
		if err != nil || !ok {
			return err
		}
		currency = f.Order.Total.Currency
		if f.Order.Refunded.Minor > 0 {
			values["amount"] = f.Order.Refunded.String()
		}
		for _, parcel := range f.Order.Parcels {
			if parcel.Number != "" {
				values["tracking"] = parcel.Number
			}
		}
		id := ""
		rows, err := tx.Query(`SELECT id FROM refund WHERE store = ? AND order_id = ? AND state IN (?, ?, ?) ORDER BY updated DESC LIMIT 1`,
			l.Store, f.Order.ID, string(RefundSent), string(RefundAccepted), string(RefundConfirmed))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&id); err != nil {
				return err
			}
		}
		if err := rows.Err(); err != nil || id == "" {
			return err
		}
		r, err := d.GetRefund(tx, id)
		if err == nil {
			values["amount"] = r.Body.Cmd.Amount.String()
		}
		return err
	})
	return values, currency, err
}
