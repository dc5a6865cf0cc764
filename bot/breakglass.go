package bot

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// glass is a refund that went out although the rules were not met.
type glass struct {
	Refund string
	Who    people.ID
	Why    string
	// Missing is how many approvals were, and Closed: it was outside the hours.
	Missing int
	Closed  bool
	At      time.Time
	// Seen is when a second person acknowledged it.
	SeenBy people.ID
	Seen   time.Time
}

// glassAgain is how often people are reminded of one that nobody has acknowledged.
const glassAgain = 24 * time.Hour

const glassColumns = `refund, who, why, missing, closed, at, seen_by, seen`

func scanGlass(row interface{ Scan(...any) error }) (g glass, err error) {
	var closed, at, seen int64
	if err = row.Scan(&g.Refund, &g.Who, &g.Why, &g.Missing, &closed, &at, &g.SeenBy, &seen); err != nil {
		return g, err
	}
	g.Closed, g.At = closed != 0, time.UnixMilli(at)
	if seen > 0 {
		g.Seen = time.UnixMilli(seen)
	}
	return g, nil
}

// glassOf is the glass that was broken for a refund; nil if none was.
func glassOf(tx *store.Tx, refund string) (*glass, error) {
	g, err := scanGlass(tx.Row(`SELECT `+glassColumns+` FROM break_glass WHERE refund = ?`, refund))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &g, err
}

// BreakGlass carries a refund out that still waits, although approvals are missing
// or it is outside the hours. It is never one's own, never more than what is left,
// and never against what speaks against it; and everybody learns of it.
func (d *Desk) BreakGlass(ctx context.Context, by Deed, id, facts, why string) error {
	if !d.Policy.BreakGlass {
		return i18n.NewProblem(nil, "glass.off")
	}
	r, err := d.RefundFor(ctx, by, id)
	if err != nil {
		return err
	}
	if err := r.alone(); err != nil {
		return err
	}
	why = strings.TrimSpace(why)
	switch {
	case r.By == by.Who.ID:
		return i18n.NewProblem(nil, "glass.own", "id", id)
	case r.State != RefundAsked:
		return i18n.NewProblem(nil, "glass.not_waiting", "id", id)
	case facts != "" && facts != r.Facts:
		return i18n.NewProblem(nil, "approval.stale", "id", id)
	case why == "" && by.Proof != "":
		return i18n.NewProblem(nil, "glass.why_needed", "id", id)
	}
	closed := d.policyOpen(d.Now()) != nil
	if !closed {
		if needed, err := d.glassNeeded(ctx, r, by.Who.ID); err != nil {
			return err
		} else if !needed {
			return i18n.NewProblem(nil, "glass.needless", "id", id)
		}
	}
	if err := d.wantProof(ctx, by, r); err != nil {
		return err
	}
	q, err := d.QuoteFor(ctx, d.storeOr(r.Store), r.Order)
	if err != nil {
		return err
	}
	found, bad := d.stillGood(ctx, r, q)
	if _, sentence := i18n.AsProblem(bad); bad != nil && !sentence {
		return bad
	}
	if bad != nil || d.refundFacts(r.Store, r.Body, q.Order) != r.Facts {
		return d.askAgain(ctx, by, r, q, found, bad)
	}
	try, err := d.ready(ctx, by)
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		p, err := d.prove(tx, by, try, "refund:"+id, "breakglass "+id+" "+why)
		if err != nil || p != proved {
			return err
		}
		a, missing, err := approvals.Force(tx, r.Approval, approvals.Ballot{Who: by.Who, Yes: true, Facts: r.Facts, Reason: why})
		if err != nil {
			return d.voteProblem(ctx, tx, by, r, a, err)
		}
		if missing < 1 && !closed {
			return i18n.NewProblem(nil, "glass.needless", "id", id)
		}
		return d.broken(tx, by, r, glass{Refund: id, Who: by.Who.ID, Why: why, Missing: missing, Closed: closed})
	})
}

// glassNeeded tells whether somebody's own vote would not do.
func (d *Desk) glassNeeded(ctx context.Context, r Payback, who people.ID) (needed bool, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		a, err := approvals.Get(tx, r.Approval)
		if err != nil {
			return err
		}
		_, may, err := approvals.CanVote(tx, a, who)
		needed = !may || a.Left() > 1
		return err
	})
	return needed, err
}

// broken writes down that glass was broken and tells everybody who has to know.
func (d *Desk) broken(tx *store.Tx, by Deed, r Payback, g glass) error {
	closed := 0
	if g.Closed {
		closed = 1
	}
	if _, err := tx.Exec(`INSERT INTO break_glass(refund, who, why, missing, closed, at, reminded) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		r.ID, string(g.Who), g.Why, g.Missing, closed, tx.Now(), tx.Now()); err != nil {
		return err
	}
	if err := d.Audit.Append(tx, string(g.Who), "refund.break_glass", "refund:"+r.ID, map[string]any{"approval": r.Approval, "facts": r.Facts,
		"amount": r.Body.Cmd.Amount.String(), "missing": g.Missing, "closed": g.Closed, "rule": r.Body.Ruling.Rule, "why": d.Audit.Words(g.Why)}); err != nil {
		return err
	}
	if err := d.refundTo(tx, r.ID, RefundApproved, "", nil); err != nil {
		return err
	}
	for _, topic := range []Topic{TopicApprovals, TopicAlerts} {
		if _, err := d.ShowIn(tx, "glass:"+r.ID, topic, r.Store); err != nil {
			return err
		}
	}
	for _, p := range d.deciders(tx.Context(), r.By, r.Store, r.Body.Ruling.Voters) {
		if p.ID == g.Who {
			continue
		}
		if err := d.tellPrivately(tx, p, func(pr *i18n.Printer) chat.Card {
			c := plain(pr, pr.T("glass.told", "id", r.ID, "who", d.name(string(g.Who)), "amount", r.Body.Cmd.Amount.String(), "order", r.Ref(), "why", g.Why))
			c.Tone = chat.Bad
			return c
		}); err != nil {
			return err
		}
	}
	if err := d.Repaint(tx, "refund:"+r.ID); err != nil {
		return err
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T("glass.done", "id", r.ID)))
}

// SeenGlass acknowledges a broken glass: by neither who broke it nor who asked.
func (d *Desk) SeenGlass(ctx context.Context, by Deed, id string) error {
	r, err := d.RefundFor(ctx, by, id)
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		g, err := glassOf(tx, id)
		if err != nil {
			return err
		}
		who, err := people.Read(tx, by.Who.ID)
		if err != nil {
			return err
		}
		switch {
		case g == nil:
			return i18n.NewProblem(nil, "glass.none", "id", id)
		case !g.Seen.IsZero():
			return i18n.NewProblem(nil, "glass.was_seen", "id", id, "who", d.name(string(g.SeenBy)))
		case !mayAck(who, r, *g):
			return i18n.NewProblem(nil, "glass.not_you", "id", id)
		}
		n, err := tx.Exec(`UPDATE break_glass SET seen_by = ?, seen = ? WHERE refund = ? AND seen = 0`, string(who.ID), tx.Now(), id)
		if err != nil || n == 0 {
			return err
		}
		return errors.Join(d.Audit.Append(tx, string(who.ID), "refund.break_glass_seen", "refund:"+id, nil),
			d.Repaint(tx, "glass:"+id), d.Repaint(tx, "refund:"+id), d.Whisper(tx, by.Event, plain(by.P, by.P.T("glass.seen_done", "id", id))))
	})
}

// mayAck tells whether somebody may acknowledge a broken glass.
func mayAck(p people.Person, r Payback, g glass) bool {
	return p.Is(people.Manager, people.Admin) && p.Sees(r.Store) && p.ID != g.Who && p.ID != r.By
}

// unseen are the broken glasses that nobody has acknowledged.
func unseen(tx *store.Tx) ([]glass, error) {
	rows, err := tx.Query(`SELECT ` + glassColumns + ` FROM break_glass WHERE seen = 0 ORDER BY at, refund`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []glass
	for rows.Next() {
		g, err := scanGlass(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

// BrokenGlass is one that waits for somebody to acknowledge it.
type BrokenGlass struct {
	Payback
	Who people.ID
	Why string
}

// Unacknowledged are the broken glasses that somebody could acknowledge.
func (d *Desk) Unacknowledged(ctx context.Context, who people.Person) (out []BrokenGlass, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		out = nil
		all, err := unseen(tx)
		if err != nil {
			return err
		}
		for _, g := range all {
			r, err := d.GetRefund(tx, g.Refund)
			if err != nil {
				return err
			}
			if mayAck(who, r, g) {
				out = append(out, BrokenGlass{r, g.Who, g.Why})
			}
		}
		return nil
	})
	return out, err
}

// glassRound reminds people of broken glass that nobody has acknowledged.
func (d *Desk) glassRound(tx *store.Tx) error {
	all, err := unseen(tx)
	if err != nil {
		return err
	}
	for _, g := range all {
		n, err := tx.Exec(`UPDATE break_glass SET reminded = ? WHERE refund = ? AND seen = 0 AND reminded <= ?`,
			tx.Now(), g.Refund, tx.Now()-glassAgain.Milliseconds())
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if err := d.sayUnder(tx, "glass:"+g.Refund, func(p *i18n.Printer) chat.Card {
			c := plain(p, p.T("glass.reminder", "id", g.Refund, "who", d.name(string(g.Who)), "when", stamp(g.At, d.Zone)))
			c.Tone = chat.Warning
			c.Buttons = []chat.Button{glassButton(p, g.Refund)}
			return c
		}); err != nil {
			return err
		}
	}
	return nil
}

func glassButton(p *i18n.Printer, id string) chat.Button {
	return chat.Button{Label: p.T("glass.button.seen"), Command: "breakglass " + id + " seen", Tone: chat.Primary}
}

// glassText says which rule was passed over.
func glassText(p *i18n.Printer, r Payback, g glass) string {
	var out []string
	if g.Missing > 0 {
		out = append(out, p.T("glass.passed_votes", "n", g.Missing))
	}
	if g.Closed {
		out = append(out, p.T("glass.passed_hours"))
	}
	if r.Body.Ruling.Rule != "" {
		out = append(out, p.T("glass.passed_rule", "rule", r.Body.Ruling.Rule))
	}
	return strings.Join(out, " · ")
}

// glassNote is what the refund's own card says of it for ever.
func glassNote(v refundView, p *i18n.Printer) chat.Part {
	g := *v.Glass
	text := p.T("glass.note", "who", v.Name(string(g.Who)), "when", stamp(g.At, v.Zone), "passed", glassText(p, v.Refund, g))
	if g.Seen.IsZero() {
		text += " " + p.T("glass.unseen")
	} else {
		text += " " + p.T("glass.seen", "who", v.Name(string(g.SeenBy)), "when", stamp(g.Seen, v.Zone))
	}
	return chat.Part{Kind: chat.Quote, Label: text, Text: g.Why}
}

// paintGlass draws the card that makes a broken glass loud.
func (d *Desk) paintGlass(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	r, err := d.GetRefund(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	g, err := glassOf(tx, id)
	if err != nil || g == nil {
		return chat.Card{}, "", errors.Join(err, ErrNoRefund)
	}
	return glassCard(r, *g, d.storeOr(r.Store), d.name, d.Zone, p), id, nil
}

func glassCard(r Payback, g glass, s *Store, name func(string) string, zone *time.Location, p *i18n.Printer) chat.Card {
	cmd := r.Body.Cmd
	c := chat.Card{Title: p.T("glass.title", "amount", cmd.Amount.String()), Tone: chat.Bad, Parts: []chat.Part{
		{Kind: chat.Fields, Fields: []chat.Field{{Label: p.T("field.refund"), Value: r.ID}, {Label: p.T("field.store"), Value: s.Name}, {Label: p.T("field.order"), Value: r.Ref()},
			{Label: p.T("glass.field.who"), Value: name(string(g.Who))}, {Label: p.T("glass.field.asker"), Value: name(string(r.By))},
			{Label: p.T("glass.field.passed"), Value: glassText(p, r, g)}}},
		{Kind: chat.Quote, Label: p.T("field.why"), Text: g.Why}}}
	if g.Seen.IsZero() {
		c.Foot, c.Buttons = p.T("glass.foot", "when", stamp(g.At, zone)), []chat.Button{glassButton(p, r.ID)}
		return c
	}
	c.Tone, c.Foot = chat.Warning, p.T("glass.foot_seen", "when", stamp(g.At, zone), "who", name(string(g.SeenBy)), "seen", stamp(g.Seen, zone))
	return c
}
