package bot

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/glossary"
	"helloworld/i18n/translate"
)

// TermKind is what a proposal wants of the glossary.
type TermKind string

// The kinds of proposals.
const (
	// TermWord gives a word another wording, or a first one.
	TermWord TermKind = "word"
	// TermDrop takes an entry out.
	TermDrop TermKind = "drop"
)

// TermState is where a proposal stands.
type TermState string

// The states of a proposal.
const (
	TermProposed TermState = "proposed"
	TermApproved TermState = "approved"
	TermDeclined TermState = "declined"
)

// Proposal is what somebody wants the glossary to say.
type Proposal struct {
	ID   string
	Kind TermKind
	// Entry is the entry that it changes and Version that entry's when it was
	// looked at; empty and 0 for a word that the glossary does not know.
	Entry   string
	Version int
	// Source is to become Target; Old is what it became so far.
	Source, Target, Old string
	From, To            language.Tag
	// Scope is where it is to hold.
	Scope glossary.Scope
	// Never: the old wording must not be said any more.
	Never bool
	Why   string
	// Store and About are where it came up; both may be empty.
	Store, About string
	State        TermState
	By           people.ID
	At           time.Time
	DecidedBy    people.ID
	Decided      time.Time
	// Reason is why it was declined.
	Reason string
}

// ErrNoProposal: no such proposal.
var ErrNoProposal = errors.New("bot: no such proposal")

const proposalColumns = `id, kind, entry, version, source, target, old, from_lang, to_lang, scope_store, scope_platform, never, why, store, about,
	state, by_who, at, decided_by, decided, reason`

// GetProposal reads a proposal.
func (d *Desk) GetProposal(tx *store.Tx, id string) (Proposal, error) {
	x, err := scanProposal(tx.Row(`SELECT `+proposalColumns+` FROM term_proposal WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return x, ErrNoProposal
	}
	return x, err
}

func scanProposal(row interface{ Scan(...any) error }) (Proposal, error) {
	var x Proposal
	var from, to string
	var never, at, decided int64
	err := row.Scan(&x.ID, &x.Kind, &x.Entry, &x.Version, &x.Source, &x.Target, &x.Old, &from, &to, &x.Scope.Store, &x.Scope.Platform, &never, &x.Why,
		&x.Store, &x.About, &x.State, &x.By, &at, &x.DecidedBy, &decided, &x.Reason)
	if err != nil {
		return x, err
	}
	x.From, x.To, x.Never, x.At = language.Make(from), language.Make(to), never != 0, time.UnixMilli(at)
	if decided > 0 {
		x.Decided = time.UnixMilli(decided)
	}
	return x, nil
}

func insertProposal(tx *store.Tx, x Proposal) error {
	_, err := tx.Exec(`INSERT INTO term_proposal(id, kind, entry, version, source, target, old, from_lang, to_lang, scope_store, scope_platform, never, why, store,
		about, state, by_who, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		x.ID, string(x.Kind), x.Entry, x.Version, x.Source, x.Target, x.Old, tagOf(x.From), tagOf(x.To), x.Scope.Store, x.Scope.Platform, x.Never, x.Why, x.Store,
		x.About, string(TermProposed), string(x.By), tx.Now())
	return err
}

// proposals lists proposals in a state, the newest first.
func proposals(tx *store.Tx, state TermState, limit int) ([]Proposal, error) {
	rows, err := tx.Query(`SELECT `+proposalColumns+` FROM term_proposal WHERE state = ? ORDER BY at DESC, id DESC LIMIT ?`, string(state), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Proposal
	for rows.Next() {
		x, err := scanProposal(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// TermCounts tells how many proposals were made and how many approved since a
// moment.
func TermCounts(tx *store.Tx, since time.Time) (proposed, approved int, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM term_proposal WHERE at >= ?`, since.UnixMilli()).Scan(&proposed)
	if err == nil {
		err = tx.Row(`SELECT COUNT(*) FROM term_proposal WHERE state = ? AND decided >= ?`, string(TermApproved), since.UnixMilli()).Scan(&approved)
	}
	return proposed, approved, err
}

// insertEntry writes the next version of an entry down.
func insertEntry(tx *store.Tx, t *glossary.Term, proposal string, by people.ID) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO term_entry(id, version, body, proposal, by_who, at) VALUES (?, ?, ?, ?, ?, ?)`,
		t.ID, t.Version, string(body), proposal, string(by), tx.Now()); err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE term_version SET n = n + 1 WHERE one = 1`)
	return err
}

// approvedTerms are the newest versions of all entries that people approved.
func approvedTerms(tx *store.Tx) ([]*glossary.Term, error) {
	rows, err := tx.Query(`SELECT id, body FROM term_entry e WHERE version = (SELECT MAX(version) FROM term_entry WHERE id = e.id) ORDER BY at, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*glossary.Term
	for rows.Next() {
		var id, body string
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		t := &glossary.Term{}
		if err := json.Unmarshal([]byte(body), t); err != nil {
			return nil, fmt.Errorf("bot: the entry %s: %w", id, err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// termVersion counts approvals.
func termVersion(tx *store.Tx) (n int64, err error) {
	err = tx.Row(`SELECT n FROM term_version WHERE one = 1`).Scan(&n)
	return n, err
}

// openLimit is how many open drafts and unanswered messages are looked through
// for an old wording.
const openLimit = 1000

// openUse is a thread in which an old wording still stands.
type openUse struct {
	// Draft is its open draft; empty where only the message has it.
	Message, Draft, Store string
}

// stillUsing lists the open threads that a proposal touches: drafts that nobody
// has sent and messages that nobody has answered. A thread is named once.
func stillUsing(tx *store.Tx, x Proposal) ([]openUse, error) {
	var out []openUse
	at := map[string]int{}
	look := func(query string, state ...any) error {
		rows, err := tx.Query(query, append(state, openLimit)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var u openUse
			var written, body string
			if err := rows.Scan(&u.Message, &u.Draft, &u.Store, &written, &body); err != nil {
				return err
			}
			if x.Scope.Store != "" && x.Scope.Store != u.Store {
				continue
			}
			var res translate.Result
			if err := json.Unmarshal([]byte(body), &res); err != nil {
				return err
			}
			if u.Draft == "" {
				var l Letter
				if err := json.Unmarshal([]byte(written), &l.Message); err != nil {
					return err
				}
				written = l.Text
			}
			if !x.touches(written, res) {
				continue
			}
			if i, ok := at[u.Message]; !ok {
				at[u.Message], out = len(out), append(out, u)
			} else if u.Draft != "" && out[i].Draft == "" {
				out[i] = u
			} else if u.Draft != "" && out[i].Draft != u.Draft {
				out = append(out, u)
			}
		}
		return rows.Err()
	}
	if err := look(`SELECT message, id, store, text, body FROM draft WHERE state = ? ORDER BY created DESC LIMIT ?`, DraftOpen); err != nil {
		return nil, err
	}
	err := look(`SELECT m.id, '', m.store, m.body, t.body FROM message m JOIN translation t ON t.message = m.id
		WHERE m.state IN (?, ?) AND m.from_shop = 0 ORDER BY m.at DESC LIMIT ?`, msgNew, msgShown)
	return out, err
}

// touches tells whether a translation says what the proposal wants said
// otherwise.
func (x Proposal) touches(written string, res translate.Result) bool {
	for _, h := range res.Terms {
		if x.Entry != "" && h.ID == x.Entry && (x.Kind == TermDrop || sameTongue(res.To, x.To)) {
			return h.Target != x.Target
		}
	}
	if x.Kind == TermDrop || !sameTongue(res.From, x.From) || !sameTongue(res.To, x.To) {
		return false
	}
	if holds(res.Text, x.Target) && (!holds(res.Text, x.Old) || holds(x.Target, x.Old)) {
		return false
	}
	return holds(written, x.Source) || holds(res.Text, x.Old)
}

// newTerms are the approved entries as the database has them now; ok is false
// when they are those of the version that is known already.
func (d *Desk) newTerms(ctx context.Context, known int64) (version int64, terms []*glossary.Term, ok bool, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if version, err = termVersion(tx); err != nil || version == known {
			return err
		}
		ok = true
		terms, err = approvedTerms(tx)
		return err
	})
	return version, terms, ok, err
}
