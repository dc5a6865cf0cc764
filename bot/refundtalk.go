package bot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// askedAt keeps where a refund was asked for, so that whoever asked can be told
// there what is said about it.
func askedAt(tx *store.Tx, id string, e chat.Event) error {
	at := e.Place
	at.Only, at.Answering = e.Account.ID, ""
	body, err := json.Marshal(at)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE refund SET asked_in = ? WHERE id = ?`, string(body), id)
	return err
}

// tellAsker tells whoever asked for a refund something, where they asked.
func (d *Desk) tellAsker(tx *store.Tx, r Payback, say func(p *i18n.Printer) chat.Card) error {
	var body string
	from, id := `SELECT asked_in FROM refund WHERE id = ?`, r.ID
	if r.Rows > 0 {
		from = `SELECT asked_in FROM batch WHERE id = ?`
		id, _, _ = strings.Cut(r.ID, "/")
	}
	if r.Goods {
		from = `SELECT asked_in FROM replacement WHERE id = ?`
	}
	if err := tx.Row(from, id).Scan(&body); err != nil || body == "" {
		return err
	}
	var at chat.Place
	if err := json.Unmarshal([]byte(body), &at); err != nil {
		return err
	}
	who, err := people.Read(tx, r.By)
	if errors.Is(err, people.ErrNobody) || err == nil && who.Disabled {
		return nil
	}
	if _, there := d.chats[at.Chat]; err != nil || !there {
		return err
	}
	return d.Say(tx, at, say(i18n.For(who.Lang)), chat.Ref{})
}

// standing is where a matter's card stands.
type standing struct {
	place chat.Place
	refs  []chat.Ref
	p     *i18n.Printer
}

func (d *Desk) standings(tx *store.Tx, matter string) ([]standing, error) {
	rows, err := tx.Query(`SELECT place, refs, lang FROM shown WHERE matter = ? ORDER BY at, id`, matter)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []standing
	for rows.Next() {
		var place, refs, lang string
		if err := rows.Scan(&place, &refs, &lang); err != nil {
			return nil, err
		}
		x := standing{p: i18n.ForLocale(lang)}
		if err := json.Unmarshal([]byte(place), &x.place); err != nil {
			return nil, err
		}
		if refs != "" {
			if err := json.Unmarshal([]byte(refs), &x.refs); err != nil {
				return nil, err
			}
		}
		if _, there := d.chats[x.place.Chat]; there {
			out = append(out, x)
		}
	}
	return out, rows.Err()
}

// sayUnder says something under a matter's card wherever it stands: in its
// thread where there are threads, else in its channel.
func (d *Desk) sayUnder(tx *store.Tx, matter string, say func(p *i18n.Printer) chat.Card) error {
	all, err := d.standings(tx, matter)
	if err != nil {
		return err
	}
	for _, x := range all {
		to, after := x.place, chat.Ref{}
		if len(x.refs) > 0 {
			after = x.refs[0]
			if d.chats[to.Chat].Limits(to).Threads {
				to = after.In()
			}
		}
		if err := d.Say(tx, to, say(x.p), after); err != nil {
			return err
		}
	}
	return nil
}

// tellAt tells somebody something where a matter's card stands, once in each chat
// in which they have an account.
func (d *Desk) tellAt(tx *store.Tx, matter string, id people.ID, say func(p *i18n.Printer) chat.Card) error {
	all, err := d.standings(tx, matter)
	if err != nil {
		return err
	}
	who, err := people.Read(tx, id)
	if errors.Is(err, people.ErrNobody) || err == nil && who.Disabled {
		return nil
	}
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, x := range all {
		for _, acc := range d.People.Accounts(tx.Context(), id) {
			if acc.Chat != x.place.Chat || told[acc.Chat] {
				continue
			}
			told[acc.Chat] = true
			to := x.place.Root()
			to.Only = acc.ID
			if err := d.Say(tx, to, say(i18n.For(who.Lang)), chat.Ref{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// waitingFor is a refund's approval, if it still waits.
func (d *Desk) waitingFor(ctx context.Context, tx *store.Tx, by Deed, id string) (Payback, approvals.Approval, error) {
	r, err := d.asked(tx, id)
	if err != nil {
		return r, approvals.Approval{}, err
	}
	if err := r.alone(); err != nil {
		return r, approvals.Approval{}, err
	}
	a, err := approvals.Get(tx, r.Approval)
	if err != nil {
		return r, a, err
	}
	switch {
	case a.State == approvals.Expired || a.State == approvals.Waiting && tx.Now() > a.Until.UnixMilli():
		return r, a, d.voteProblem(ctx, tx, by, r, a, approvals.ErrLate)
	case a.State != approvals.Waiting:
		return r, a, d.voteProblem(ctx, tx, by, r, a, approvals.ErrDecided)
	}
	return r, a, nil
}

// AskBack asks whoever wants a refund something, before it is decided. The ask
// stays open and its clock goes on.
func (d *Desk) AskBack(ctx context.Context, by Deed, id, text string) error {
	if _, err := d.AskFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		r, a, err := d.waitingFor(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if by.Who.ID == a.By {
			return i18n.NewProblem(nil, "approval.ask_own", "id", id)
		}
		if _, may, err := approvals.CanVote(tx, a, by.Who.ID); err != nil {
			return err
		} else if !may {
			return i18n.NewProblem(nil, "approval.not_you", "id", r.ID, "who", d.deciderNames(ctx, by.P, a))
		}
		q, err := approvals.AskBack(tx, r.Approval, by.Who.ID, text)
		if err != nil {
			return d.voteProblem(ctx, tx, by, r, a, err)
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "refund.asked_back", r.matter(), map[string]any{"approval": r.Approval, "question": q.ID}); err != nil {
			return err
		}
		card := func(p *i18n.Printer) chat.Card {
			return chat.Card{Lang: p.Lang().String(), Title: p.T("approval.question", "id", id, "who", d.People.Name(by.Who.ID), "asker", d.People.Name(r.By)),
				Parts:   []chat.Part{{Kind: chat.Quote, Text: text}},
				Buttons: []chat.Button{{Label: p.T("approval.button.answer"), Command: "answer " + id, Tone: chat.Primary}}}
		}
		if err := errors.Join(d.sayUnder(tx, r.matter(), card), d.tellAsker(tx, r, card), d.Repaint(tx, r.matter())); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.question_sent", "id", id, "asker", d.People.Name(r.By))))
	})
}

// AnswerBack answers what was asked back. Whoever asked for the refund answers, or
// a colleague who may see it.
func (d *Desk) AnswerBack(ctx context.Context, by Deed, id, text string) error {
	if _, err := d.AskFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		r, _, err := d.waitingFor(ctx, tx, by, id)
		if err != nil {
			return err
		}
		q, err := approvals.Answer(tx, r.Approval, by.Who.ID, text)
		if errors.Is(err, approvals.ErrNoQuestion) {
			return i18n.NewProblem(nil, "approval.no_question", "id", id)
		}
		if err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "refund.answered", r.matter(), map[string]any{"approval": r.Approval, "question": q.ID}); err != nil {
			return err
		}
		card := func(p *i18n.Printer) chat.Card {
			return chat.Card{Lang: p.Lang().String(), Title: p.T("approval.answer", "id", id, "who", d.People.Name(by.Who.ID), "whom", d.People.Name(q.By)),
				Parts: []chat.Part{{Kind: chat.Quote, Text: text}}}
		}
		if err := errors.Join(d.sayUnder(tx, r.matter(), card), d.Repaint(tx, r.matter())); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.answer_sent", "id", id)))
	})
}

// Takers are the people to whom somebody could hand a refund's decision.
func (d *Desk) Takers(ctx context.Context, r Payback, giver people.ID) []people.Person {
	var out []people.Person
	for _, p := range d.People.All(ctx) {
		if p.ID != r.By && p.ID != giver && p.Sees(r.Store) {
			out = append(out, p)
		}
	}
	return out
}

// HandOn lends somebody the power to decide on one refund.
func (d *Desk) HandOn(ctx context.Context, by Deed, id string, to people.ID) error {
	if _, err := d.AskFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		r, a, err := d.waitingFor(ctx, tx, by, id)
		if err != nil {
			return err
		}
		taker, err := people.Read(tx, to)
		if err != nil || to == r.By || to == by.Who.ID || !taker.Sees(r.Store) {
			if err != nil && !errors.Is(err, people.ErrNobody) {
				return err
			}
			return i18n.NewProblem(nil, "approval.cannot_take", "who", string(to), "id", id)
		}
		// Only one's own power is handed on, never one that was lent.
		giver, err := people.Read(tx, by.Who.ID)
		if err != nil {
			return err
		}
		if power, may, err := approvals.CanVote(tx, a, giver.ID); err != nil {
			return err
		} else if !may || power != giver.ID {
			return i18n.NewProblem(nil, "approval.not_you", "id", r.ID, "who", d.deciderNames(ctx, by.P, a))
		}
		// It is handed to one person at a time: whoever had it before has it no more.
		if err := approvals.RevokeFor(tx, giver.ID, a.ID); err != nil {
			return err
		}
		// Written down for those too who may decide anyway, so that the card tells it;
		// their own power counts before any that is lent.
		until := a.Until
		if most := time.UnixMilli(tx.Now()).Add(approvals.LongestDelegation); until.After(most) {
			until = most
		}
		if _, err := approvals.Delegate(tx, approvals.Delegation{From: giver.ID, To: to, Stores: []string{r.Store}, Approval: a.ID, Until: until}); err != nil {
			return d.lendProblem(err, to)
		}
		if err := d.Audit.Append(tx, string(giver.ID), "refund.handed_on", r.matter(), map[string]any{"approval": r.Approval, "to": to}); err != nil {
			return err
		}
		card := func(p *i18n.Printer) chat.Card {
			return plain(p, p.T("approval.handed_on", "id", id, "who", giver.Name, "whom", taker.Name))
		}
		// Whoever is to decide now finds the card from where they are told.
		told := func(p *i18n.Printer) chat.Card {
			c := card(p)
			c.Buttons = []chat.Button{{Label: r.Body.Cmd.Amount.String() + " · " + r.Ref(), Command: "approvals " + r.ID, Tone: chat.Primary}}
			return c
		}
		if err := errors.Join(d.sayUnder(tx, r.matter(), card), d.tellAt(tx, r.matter(), to, told), d.Repaint(tx, r.matter())); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.handed_on", "id", id, "who", giver.Name, "whom", taker.Name)))
	})
}

func (d *Desk) lendProblem(err error, to people.ID) error {
	switch {
	case errors.Is(err, approvals.ErrSelf), errors.Is(err, approvals.ErrTaker):
		return i18n.NewProblem(nil, "approval.lend_taker", "who", string(to))
	case errors.Is(err, people.ErrNobody):
		return i18n.NewProblem(nil, "people.nobody", "id", string(to))
	case errors.Is(err, approvals.ErrSpan):
		return i18n.NewProblem(nil, "approval.lend_span", "n", int(approvals.LongestDelegation.Hours()/24))
	}
	return err
}

// Lend lends somebody one's own power to approve, until a moment.
func (d *Desk) Lend(ctx context.Context, by Deed, to people.ID, stores []string, until time.Time) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		x, err := approvals.Delegate(tx, approvals.Delegation{From: by.Who.ID, To: to, Stores: stores, Until: until})
		if err != nil {
			return d.lendProblem(err, to)
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "approval.lent", "person:"+string(to), map[string]any{
			"delegation": x.ID, "stores": x.Stores, "until": x.Until.UTC().Format(time.RFC3339)}); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.lent", "who", d.People.Name(to), "until", stamp(x.Until, d.Zone),
			"stores", d.storeNames(by.P, x.Stores))))
	})
}

func (d *Desk) storeNames(p *i18n.Printer, stores []string) string {
	if len(stores) == 1 && stores[0] == people.EveryStore {
		return p.T("approval.all_stores")
	}
	return strings.Join(stores, p.T("common.comma"))
}

// TakeBack ends what somebody lent to somebody.
func (d *Desk) TakeBack(ctx context.Context, by Deed, to people.ID) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		n, err := approvals.Revoke(tx, by.Who.ID, to)
		if err != nil {
			return err
		}
		if n == 0 {
			return i18n.NewProblem(nil, "approval.lent_none", "who", d.People.Name(to))
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "approval.lent_ended", "person:"+string(to), nil); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("approval.lent_back", "who", d.People.Name(to))))
	})
}

// Lendings says what somebody has lent and borrowed.
func (d *Desk) Lendings(ctx context.Context, by Deed) (out []string, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		all, err := approvals.Delegations(tx, by.Who.ID)
		out = nil
		for _, x := range all {
			what := d.storeNames(by.P, x.Stores)
			if x.Approval != "" {
				what, _, _ = strings.Cut(string(x.Approval), ".")
			}
			out = append(out, by.P.T("approval.lending", "who", d.People.Name(x.To), "whom", d.People.Name(x.From), "what", what, "until", stamp(x.Until, d.Zone)))
		}
		return err
	})
	return out, err
}
