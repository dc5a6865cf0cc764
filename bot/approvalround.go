package bot

import (
	"slices"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// Escalation is what becomes of an ask that nobody decides on.
type Escalation struct {
	// Reminders are how long after an ask those who may decide are reminded.
	Reminders []time.Duration
	// After is when the people of To are told: roles, and people as "person:ID".
	// Zero, or nobody, is never.
	After time.Duration
	To    []string
	// Vote: from then on they may decide too.
	Vote bool
}

// approvalRound reminds people of what waits for them, and tells others of what has
// waited for too long; each once, whoever's round it is.
func (d *Desk) approvalRound(tx *store.Tx) error {
	ids, err := approvals.ListWaiting(tx, 500)
	if err != nil {
		return err
	}
	for _, id := range ids {
		a, err := approvals.Get(tx, id)
		if err != nil {
			return err
		}
		if err := d.remindOf(tx, a); err != nil {
			return err
		}
		if err := d.escalate(tx, a); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) remindOf(tx *store.Tx, a approvals.Approval) error {
	age, due := time.UnixMilli(tx.Now()).Sub(a.Created), false
	for _, after := range d.Policy.Escalation.Reminders {
		if age < after || !a.Created.Add(after).Before(a.Until) {
			continue
		}
		// After a standstill several may be due: they are one sentence.
		first, err := approvals.Once(tx, a.ID, "remind/"+after.String())
		if err != nil {
			return err
		}
		due = due || first
	}
	if !due {
		return nil
	}
	_, id, err := Matters(a.About)
	if err != nil {
		return err
	}
	return d.sayUnder(tx, a.About, func(p *i18n.Printer) chat.Card {
		return plain(p, p.T("approval.reminder", "id", id, "age", p.Span(age), "n", a.Left(), "who", d.deciderNames(tx.Context(), p, a), "until", stamp(a.Until, d.Zone)))
	})
}

func (d *Desk) escalate(tx *store.Tx, a approvals.Approval) error {
	e := d.Policy.Escalation
	age := time.UnixMilli(tx.Now()).Sub(a.Created)
	if e.After <= 0 || len(e.To) == 0 || age < e.After {
		return nil
	}
	if first, err := approvals.Once(tx, a.ID, "escalate"); err != nil || !first {
		return err
	}
	_, id, err := Matters(a.About)
	if err != nil {
		return err
	}
	to := slices.DeleteFunc(d.People.All(tx.Context()), func(p people.Person) bool {
		return p.ID == a.By || !approvals.Entitled(p, e.To, a.Store)
	})
	key := i18n.Key("approval.escalated")
	if e.Vote {
		key = "approval.escalated_vote"
		if err := approvals.Widen(tx, a.ID, e.To); err != nil {
			return err
		}
	}
	var ids, names []string
	for _, p := range to {
		ids, names = append(ids, string(p.ID)), append(names, p.Name)
	}
	if err := d.Audit.Append(tx, string(people.Desk), "approval.escalated", a.About, map[string]any{"approval": a.ID, "to": ids, "may_vote": e.Vote}); err != nil {
		return err
	}
	card := func(p *i18n.Printer) chat.Card {
		who := p.List(names...)
		if len(names) == 0 {
			who = p.T("error.nobody_yet")
		}
		return plain(p, p.T(key, "id", id, "age", p.Span(age), "who", who, "until", stamp(a.Until, d.Zone)))
	}
	if err := d.sayUnder(tx, a.About, card); err != nil {
		return err
	}
	for _, p := range to {
		if err := d.tellAt(tx, a.About, p.ID, card); err != nil {
			return err
		}
	}
	return d.Repaint(tx, a.About)
}
