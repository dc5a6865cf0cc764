package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/glossary"
	"helloworld/i18n"
)

// termRoles may decide what the glossary says.
var termRoles = []people.Role{people.Manager, people.Admin}

// termDeciders are the people who may decide on a proposal: never whoever made
// it, and only those who see every store in which it would hold.
func (d *Desk) termDeciders(ctx context.Context, x Proposal) []people.Person {
	return slices.DeleteFunc(d.People.All(ctx), func(p people.Person) bool { return !d.decidesTerm(p, x) })
}

func (d *Desk) decidesTerm(p people.Person, x Proposal) bool {
	if p.ID == x.By || !p.Is(termRoles...) {
		return false
	}
	if x.Scope.Store != "" {
		return p.Sees(x.Scope.Store)
	}
	for _, s := range d.shelf.all() {
		if (x.Scope.Platform == "" || s.Shop.Info().Platform == x.Scope.Platform) && !p.Sees(s.ID) {
			return false
		}
	}
	return true
}

// termFacts is what the buttons of a proposal's card are bound to.
func (d *Desk) termFacts(x Proposal) string {
	return d.mark("term", x.ID, x.Entry, strconv.Itoa(x.Version), x.Source, x.Target, x.Old)
}

// DecideTerm approves or declines a proposal, once. Whoever made it may take it
// back by declining it.
func (d *Desk) DecideTerm(ctx context.Context, by Deed, id string, yes bool, facts, reason string) error {
	// Another replica may have approved something a moment ago.
	if err := d.LoadTerms(ctx); err != nil {
		return err
	}
	book := d.Words.Book()
	return d.commit(ctx, by, func(tx *store.Tx) error {
		x, err := d.proposalFor(tx, by, id)
		if err != nil {
			return err
		}
		if err := d.termProblem(ctx, by, x, yes, facts); err != nil {
			return err
		}
		if !yes {
			return d.endTerm(tx, by, x, TermDeclined, oneLine(reason), "term.said_no")
		}
		changed, err := d.lookAgain(book, &x)
		if err != nil {
			return err
		}
		if changed {
			return d.askTermAgain(tx, by, x)
		}
		said := i18n.Key("term.said_yes")
		if e, _ := book.Term(x.Entry); x.signs(e) {
			said = "term.said_signed"
		}
		own := ""
		if x.Kind == TermWord {
			if own, err = next(tx, "own_term", "own."); err != nil {
				return err
			}
		}
		t, err := x.entry(book, own, "proposal "+x.ID)
		if err != nil {
			return i18n.NewProblem(err, "term.bad")
		}
		if _, err := book.With([]*glossary.Term{t}, nil); err != nil {
			return i18n.NewProblem(err, "term.bad")
		}
		if err := insertEntry(tx, t, x.ID, by.Who.ID); err != nil {
			return err
		}
		if x.Kind == TermWord {
			// Memory comes before any engine, and would go on saying the old word.
			e, _ := book.Term(x.Entry)
			if err := unlearn(tx, x, e); err != nil {
				return err
			}
		}
		x.Entry, x.Version = t.ID, t.Version
		tx.After(func() {
			// The approval stands whatever becomes of this; the next look finds it.
			if err := d.LoadTerms(context.WithoutCancel(ctx)); err != nil {
				d.Log.ErrorContext(ctx, "an approved term is not in use yet", "proposal", x.ID, "err", err)
			}
		})
		return d.endTerm(tx, by, x, TermApproved, "", said)
	})
}

// termProblem is why a decision does not count, as a sentence; nil when it does.
func (d *Desk) termProblem(ctx context.Context, by Deed, x Proposal, yes bool, facts string) error {
	switch {
	case x.State != TermProposed:
		return i18n.NewProblem(nil, i18n.Key("term.was."+string(x.State)), "id", x.ID, "who", d.People.Name(x.DecidedBy), "when", stamp(x.Decided, d.Zone))
	case x.By == by.Who.ID && yes:
		return i18n.NewProblem(nil, "term.own", "id", x.ID)
	case x.By != by.Who.ID && !d.decidesTerm(by.Who, x):
		var names []string
		for _, p := range d.termDeciders(ctx, x) {
			names = append(names, p.Name)
		}
		return i18n.NewProblem(nil, "term.not_you", "id", x.ID, "scope", d.scopeName(by.P, x.Scope), "who", by.P.List(names...))
	case facts != "" && facts != d.termFacts(x):
		return i18n.NewProblem(nil, "term.stale", "id", x.ID)
	}
	return nil
}

// lookAgain tells whether the glossary says something else than when the
// proposal was made, and notes what.
func (d *Desk) lookAgain(book *glossary.Book, x *Proposal) (changed bool, err error) {
	was := *x
	if x.Kind == TermDrop {
		e, ok := book.Term(x.Entry)
		if !ok || e.Status == glossary.Deprecated {
			return false, i18n.NewProblem(nil, "term.no_entry", "id", x.Entry)
		}
		x.Version = max(e.Version, 1)
		return x.Version != was.Version, nil
	}
	a := TermAsk{Source: x.Source, Target: x.Target, From: x.From, To: x.To, Scope: x.Scope}
	if _, ok := book.Term(x.Entry); ok {
		a.Entry = x.Entry
	}
	e, err := d.meant(book, a, "")
	if err != nil {
		return false, err
	}
	x.look(e)
	return x.Entry != was.Entry || x.Version != was.Version || x.Old != was.Old, nil
}

// askTermAgain shows a proposal as it stands now: it was made of an entry that
// says something else since.
func (d *Desk) askTermAgain(tx *store.Tx, by Deed, x Proposal) error {
	if _, err := tx.Exec(`UPDATE term_proposal SET entry = ?, version = ?, old = ? WHERE id = ? AND state = ?`, x.Entry, x.Version, x.Old, x.ID,
		string(TermProposed)); err != nil {
		return err
	}
	if err := d.Repaint(tx, "term:"+x.ID); err != nil {
		return err
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T("term.stale", "id", x.ID)))
}

// endTerm writes down what became of a proposal.
func (d *Desk) endTerm(tx *store.Tx, by Deed, x Proposal, s TermState, reason string, said i18n.Key) error {
	n, err := tx.Exec(`UPDATE term_proposal SET state = ?, decided_by = ?, decided = ?, reason = ?, entry = ?, version = ? WHERE id = ? AND state = ?`,
		string(s), string(by.Who.ID), tx.Now(), reason, x.Entry, x.Version, x.ID, string(TermProposed))
	if err != nil {
		return err
	}
	if n == 0 {
		return i18n.NewProblem(nil, "term.none", "id", x.ID) // decided at the same moment on another replica
	}
	if err := d.auditTerm(tx, by.Who.ID, "term."+string(s), x, x.Entry, x.Version); err != nil {
		return err
	}
	if err := d.Repaint(tx, "term:"+x.ID); err != nil {
		return err
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T(said, "id", x.ID)))
}

// ShowTerm puts a proposal's card up where somebody asked for it.
func (d *Desk) ShowTerm(ctx context.Context, by Deed, id string) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		x, err := d.proposalFor(tx, by, id)
		if err != nil {
			return err
		}
		if err := d.heard(tx, by.Event); err != nil {
			return err
		}
		return d.Show(tx, "term:"+x.ID, by.Event.Place, by.P.Lang())
	})
}

// listTerms is how many proposals of a state a list shows.
const listTerms = 15

// Proposals lists what waits, and what was decided last, as far as somebody may
// see it.
func (d *Desk) Proposals(ctx context.Context, who people.Person) (waiting, decided []Proposal, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		waiting, decided = nil, nil
		for _, s := range []TermState{TermProposed, TermApproved, TermDeclined} {
			list, err := proposals(tx, s, 10*listTerms)
			if err != nil {
				return err
			}
			list = slices.DeleteFunc(list, func(x Proposal) bool { return x.channel() != "" && !who.Sees(x.channel()) })
			if s == TermProposed {
				waiting = list[:min(len(list), listTerms)]
			} else {
				decided = append(decided, list...)
			}
		}
		slices.SortStableFunc(decided, func(a, b Proposal) int { return b.Decided.Compare(a.Decided) })
		decided = decided[:min(len(decided), listTerms)]
		return nil
	})
	return waiting, decided, err
}

// StillUsing tells in which open drafts and unanswered messages that somebody may
// see the old wording of a proposal still stands. A message whose draft has it is
// not named beside the draft.
func (d *Desk) StillUsing(ctx context.Context, by Deed, id string) (x Proposal, drafts, messages []string, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		if x, err = d.proposalFor(tx, by, id); err != nil {
			return err
		}
		uses, err := stillUsing(tx, x)
		if err != nil {
			return err
		}
		drafts, messages = nil, nil
		for _, u := range uses {
			switch {
			case !by.Who.Sees(u.Store):
			case u.Draft != "":
				drafts = append(drafts, u.Draft)
			default:
				messages = append(messages, u.Message)
			}
		}
		return nil
	})
	return x, drafts, messages, err
}

// SayAgain translates open drafts anew that still have a proposal's old wording.
// Nothing is sent by it.
func (d *Desk) SayAgain(ctx context.Context, by Deed, id string) error {
	x, drafts, _, err := d.StillUsing(ctx, by, id)
	if err != nil {
		return err
	}
	if x.State != TermApproved {
		return i18n.NewProblem(nil, "term.not_yet", "id", id)
	}
	var done []string
	for _, draft := range drafts {
		one, err := d.draftFor(ctx, by, draft)
		if err != nil {
			return err
		}
		deed := by
		deed.Finish = nil // the event's job ends with the last word below
		if author, ok := d.People.Get(ctx, one.By); ok {
			deed.Who.Lang = author.Lang // what the draft is written in, most likely
		}
		if err := d.Rewrite(ctx, deed, draft, one.Text); err != nil {
			if _, gone := i18n.AsProblem(err); gone {
				continue // sent or thrown away in the meantime
			}
			return err
		}
		done = append(done, draft)
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		if err := d.Repaint(tx, "term:"+x.ID); err != nil {
			return err
		}
		text := by.P.T("term.again_none")
		if len(done) > 0 {
			text = by.P.T("term.again_done", "drafts", strings.Join(done, by.P.T("common.comma")))
		}
		return d.Whisper(tx, by.Event, plain(by.P, text))
	})
}
