package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/language"

	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/glossary"
	"helloworld/i18n"
)

// words is the glossary in use: the one the desk was started with, and on top of
// it what people approved since.
type words struct {
	base *glossary.Book
	mu   sync.Mutex
	// version is the database's when it was read last; -1 before that.
	version int64
}

// termsLook is how often a replica looks whether another has approved something.
const termsLook = 2 * time.Second

// startWords notes the glossary that the desk was started with: what people
// approve goes on top of it. New does it.
func (d *Desk) startWords() {
	d.words.version = -1
	if d.Words != nil {
		d.words.base = d.Words.Book()
	}
}

// LoadTerms puts the approved entries that the database has in use. It costs one
// small question when nothing has changed.
func (d *Desk) LoadTerms(ctx context.Context) error {
	if d.words.base == nil {
		return nil
	}
	d.words.mu.Lock()
	defer d.words.mu.Unlock()
	version, terms, ok, err := d.newTerms(ctx, d.words.version)
	if err != nil {
		return fmt.Errorf("bot: read the approved terms: %w", err)
	}
	if !ok {
		return nil
	}
	book, err := d.words.base.With(terms, nil)
	if err != nil {
		// One that does not fit any more must not take the others with it.
		book = d.words.base
		for _, t := range terms {
			if next, err := book.With([]*glossary.Term{t}, nil); err != nil {
				d.Log.ErrorContext(ctx, "an approved term cannot be used", "id", t.ID, "err", err)
			} else {
				book = next
			}
		}
	}
	d.Words.SetBook(book)
	d.words.version = version
	return nil
}

// FollowTerms keeps the glossary in step with what other replicas approve, until
// ctx ends. Where there is one process only, it is told of everything itself.
func (d *Desk) FollowTerms(ctx context.Context) error {
	if d.DB.Kind() == store.SQLite {
		return nil
	}
	look := time.NewTicker(termsLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			if err := d.LoadTerms(ctx); err != nil && ctx.Err() == nil {
				d.Log.WarnContext(ctx, "what other replicas approved could not be read", "err", err)
			}
		}
	}
}

// TermAsk is what somebody wants a word to become.
type TermAsk struct {
	Source, Target string
	// From and To may be und: then the words and where it was asked tell.
	From, To language.Tag
	Scope    glossary.Scope
	// Entry is the entry that is meant, for words with several meanings.
	Entry string
	// Never: what it became so far must not be said any more.
	Never bool
	Why   string
	// About is the matter it came up in; may be empty.
	About string
}

// TermSpot is where a word came up.
type TermSpot struct {
	// Store is nil where it is about no store in particular.
	Store *Store
	// Text is what stands there, in which a word's meaning can be told.
	Text     string
	From, To language.Tag
}

// TermSpot reads where a word came up: a draft's matter, a message's, or none.
func (d *Desk) TermSpot(ctx context.Context, by Deed, about string) (t TermSpot, err error) {
	kind, id, _ := strings.Cut(about, ":")
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		var storeID string
		switch kind {
		case "draft":
			x, err := d.GetDraft(tx, id)
			if err != nil {
				return err
			}
			storeID, t.Text, t.From, t.To = x.Store, x.Text, x.Result.From, x.Result.To
		case "msg":
			l, err := d.Letter(tx, id)
			if err != nil {
				return err
			}
			storeID, t.Text, t.From, t.To = l.Store, l.Text, l.Spoken, by.P.Lang()
		default:
			return nil
		}
		if !by.Who.Sees(storeID) {
			return i18n.NewProblem(nil, "error.store_not_yours", "store", storeID)
		}
		t.Store = d.storeOr(storeID)
		return nil
	})
	return t, err
}

// maxTerm is how many letters a wording may have. What is longer is a sentence.
const maxTerm = 120

// ProposeTerm writes down what a word should become and asks the people who may
// decide. Nothing changes by it.
func (d *Desk) ProposeTerm(ctx context.Context, by Deed, a TermAsk) error {
	a.Source, a.Target, a.Why = oneLine(a.Source), oneLine(a.Target), oneLine(a.Why)
	switch {
	case a.Source == "" || a.Target == "":
		return i18n.NewProblem(nil, "term.empty")
	case len([]rune(a.Source)) > maxTerm || len([]rune(a.Target)) > maxTerm:
		return i18n.NewProblem(nil, "term.long", "most", maxTerm)
	}
	spot, err := d.TermSpot(ctx, by, a.About)
	if err != nil {
		return err
	}
	guessed := a.From == language.Und || a.To == language.Und
	if guessed {
		a.From, a.To = TermLangs(a.Source, a.Target, spot.From, spot.To, by.Who.Lang)
	}
	if a.From == language.Und || a.To == language.Und || sameTongue(a.From, a.To) {
		return i18n.NewProblem(nil, "term.langs")
	}
	book := d.Words.Book()
	e, err := d.meant(book, a, spot.Text)
	if err != nil {
		return err
	}
	if other, ok := wordOf(e, a.Target, a.To); guessed && ok {
		return i18n.NewProblem(nil, "term.other_lang", "target", a.Target, "is", LangName(by.P, other), "not", LangName(by.P, a.To),
			"pair", "["+tagOf(a.From)+">"+other.String()+"]", "as", "["+tagOf(a.From)+">"+tagOf(a.To)+"]")
	}
	x := Proposal{Kind: TermWord, Source: a.Source, Target: a.Target, From: a.From, To: a.To, Scope: a.Scope, Never: a.Never, Why: a.Why, About: a.About}
	if spot.Store != nil {
		x.Store = spot.Store.ID
	}
	x.look(e)
	if e != nil {
		if w, ok := e.In(a.To); ok && w.Preferred == a.Target && w.Status == glossary.Approved && e.Scope.Store == a.Scope.Store && e.Scope.Platform == a.Scope.Platform {
			return i18n.NewProblem(nil, "term.same", "source", a.Source, "target", a.Target, "id", e.ID)
		}
	}
	return d.propose(ctx, by, book, x)
}

// DropTerm asks that an entry goes.
func (d *Desk) DropTerm(ctx context.Context, by Deed, id string) error {
	book := d.Words.Book()
	e, ok := book.Term(id)
	if !ok || e.Status == glossary.Deprecated {
		return i18n.NewProblem(nil, "term.no_entry", "id", id)
	}
	if e.Scope.Store != "" && !by.Who.Sees(e.Scope.Store) {
		return i18n.NewProblem(nil, "error.store_not_yours", "store", e.Scope.Store)
	}
	x := Proposal{Kind: TermDrop, Entry: id, Version: max(e.Version, 1), Scope: glossary.Scope{Store: e.Scope.Store, Platform: e.Scope.Platform}, Store: e.Scope.Store}
	return d.propose(ctx, by, book, x)
}

func (d *Desk) propose(ctx context.Context, by Deed, book *glossary.Book, x Proposal) error {
	t, err := x.entry(book, "own.0", "")
	if err == nil {
		_, err = book.With([]*glossary.Term{t}, nil)
	}
	if err != nil {
		return i18n.NewProblem(err, "term.bad")
	}
	x.By = by.Who.ID
	if len(d.termDeciders(ctx, x)) == 0 {
		return i18n.NewProblem(nil, "term.nobody", "scope", d.scopeName(by.P, x.Scope))
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		var other string
		if err := tx.Row(`SELECT COALESCE(MAX(id), '') FROM term_proposal WHERE state = ? AND kind = ? AND entry = ? AND source = ? AND target = ? AND to_lang = ? AND
			scope_store = ? AND scope_platform = ?`, string(TermProposed), string(x.Kind), x.Entry, x.Source, x.Target, tagOf(x.To), x.Scope.Store,
			x.Scope.Platform).Scan(&other); err != nil {
			return err
		}
		if other != "" {
			return i18n.NewProblem(nil, "term.twice", "id", other)
		}
		if x.ID, err = next(tx, "term", "T"); err != nil {
			return err
		}
		if err := insertProposal(tx, x); err != nil {
			return err
		}
		if err := d.auditTerm(tx, by.Who.ID, "term.proposed", x, x.Entry, x.Version); err != nil {
			return err
		}
		n, err := d.ShowIn(tx, "term:"+x.ID, TopicApprovals, x.channel())
		if err != nil {
			return err
		}
		if n == 0 {
			return i18n.NewProblem(nil, "term.no_channel")
		}
		what := x.Entry
		if x.Kind == TermWord {
			what = LangPair(by.P, x.From, x.To)
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("term.asked", "id", x.ID, "pair", what)))
	})
}

// channel is the store in whose channels a proposal is asked about.
func (x Proposal) channel() string {
	if x.Scope.Store != "" {
		return x.Scope.Store
	}
	return x.Store
}

// auditTerm writes a line down: ids and a hash, none of the words.
func (d *Desk) auditTerm(tx *store.Tx, who people.ID, what string, x Proposal, entry string, version int) error {
	return d.Audit.Append(tx, string(who), what, "term:"+x.ID, map[string]any{"kind": string(x.Kind), "entry": entry, "version": version,
		"store": x.Scope.Store, "platform": x.Scope.Platform, "words": d.mark(x.Source, x.Target, x.From.String(), x.To.String())})
}

// meant finds the entry that a proposal is about; nil when the glossary does not
// know the word.
func (d *Desk) meant(book *glossary.Book, a TermAsk, text string) (*glossary.Term, error) {
	in := a.Scope
	if in.Store != "" {
		in.Platform = d.storeOr(in.Store).Shop.Info().Platform
	}
	in.On = d.Now().UTC().Format(time.DateOnly)
	if a.Entry != "" {
		if e, ok := book.Term(a.Entry); ok && e.Status != glossary.Deprecated && covers(e, in) {
			return e, nil
		}
		return nil, i18n.NewProblem(nil, "term.no_entry", "id", a.Entry)
	}
	fit := entriesOf(book, a.Source, a.From, a.To, in)
	narrow := func(keep func(*glossary.Term) bool) {
		if some := slices.DeleteFunc(slices.Clone(fit), func(t *glossary.Term) bool { return !keep(t) }); len(some) > 0 {
			fit = some
		}
	}
	narrow(func(t *glossary.Term) bool {
		return t.Scope.Store == a.Scope.Store && t.Scope.Platform == a.Scope.Platform
	})
	narrow(func(t *glossary.Term) bool {
		w, _ := t.In(a.From)
		return glossary.Fold(w.Preferred) == glossary.Fold(a.Source)
	})
	if len(fit) > 1 {
		// What stands around the word where it came up tells which meaning it has.
		for _, m := range book.MatchIn(text, a.From, in) {
			if slices.Contains(fit, m.Term) && !m.Ambiguous {
				return m.Term, nil
			}
		}
		narrow(func(t *glossary.Term) bool {
			w, _ := t.In(a.To)
			return slices.ContainsFunc(append([]string{w.Preferred}, w.Variants...), func(s string) bool { return glossary.Fold(s) == glossary.Fold(a.Target) })
		})
	}
	switch len(fit) {
	case 0:
		return nil, nil
	case 1:
		return fit[0], nil
	}
	var ids []string
	for _, t := range fit {
		w, _ := t.In(a.To)
		ids = append(ids, t.ID+" ("+w.Preferred+")")
	}
	return nil, i18n.NewProblem(nil, "term.which", "source", a.Source, "ids", strings.Join(ids, ", "))
}

// entriesOf are the entries with a word that hold in a scope and a direction.
func entriesOf(book *glossary.Book, source string, from, to language.Tag, in glossary.Scope) []*glossary.Term {
	var out []*glossary.Term
	for _, t := range book.Terms() {
		w, ok := t.In(from)
		if !ok || t.Status == glossary.Deprecated || w.Status == glossary.Deprecated || !covers(t, in) {
			continue
		}
		said := append([]string{w.Preferred}, w.Variants...)
		if !slices.ContainsFunc(said, func(s string) bool { return glossary.Fold(s) == glossary.Fold(source) }) {
			continue
		}
		if _, holds := book.Required(glossary.Match{Term: t}, from, to); len(t.Scope.Direction) == 0 || holds {
			out = append(out, t)
		}
	}
	return out
}

// covers tells whether an entry holds in a scope on its day.
func covers(t *glossary.Term, in glossary.Scope) bool {
	return (t.Scope.Store == "" || t.Scope.Store == in.Store) && (t.Scope.Platform == "" || t.Scope.Platform == in.Platform) &&
		t.Since <= in.On && (t.Until == "" || t.Until >= in.On)
}

// look notes what an entry says now.
func (x *Proposal) look(e *glossary.Term) {
	x.Entry, x.Version, x.Old = "", 0, ""
	if e == nil {
		return
	}
	x.Entry, x.Version = e.ID, max(e.Version, 1)
	if w, ok := e.In(x.To); ok {
		x.Old = w.Preferred
	}
}

// signs: the wording stays what it is in the entry, and is no longer a draft.
func (x Proposal) signs(e *glossary.Term) bool {
	if e == nil || x.Kind != TermWord {
		return false
	}
	w, ok := e.In(x.To)
	return ok && w.Preferred == x.Target && w.Status != glossary.Approved
}

// entry is the entry as the proposal wants it: the next version of the one that
// is there, or one of our own under the id given.
func (x Proposal) entry(book *glossary.Book, own, source string) (*glossary.Term, error) {
	t := &glossary.Term{ID: own, Kind: glossary.Word, Status: glossary.Approved, Scope: glossary.Scope{Store: x.Scope.Store, Platform: x.Scope.Platform},
		Langs: map[string]glossary.Wording{}, Note: x.Why, Source: source, Version: 1}
	if x.Entry != "" {
		e, ok := book.Term(x.Entry)
		if !ok {
			return nil, fmt.Errorf("bot: the glossary has no entry %s", x.Entry)
		}
		c := *e
		c.Langs = maps.Clone(e.Langs)
		switch {
		case x.Kind == TermDrop:
			c.Status, c.Version = glossary.Deprecated, max(e.Version, 1)+1
			for lang, w := range c.Langs {
				w.Status = glossary.Deprecated
				c.Langs[lang] = w
			}
			return &c, nil
		case e.Scope.Store == x.Scope.Store && e.Scope.Platform == x.Scope.Platform:
			c.Version, t = max(e.Version, 1)+1, &c
		default:
			// It holds in fewer places than the entry that is there: one beside it, which
			// speaks these two languages.
			c.ID, c.Version, c.Status, c.Source = t.ID, t.Version, t.Status, t.Source
			c.Scope.Store, c.Scope.Platform = x.Scope.Store, x.Scope.Platform
			maps.DeleteFunc(c.Langs, func(lang string, _ glossary.Wording) bool {
				tag := language.Make(lang)
				return !sameTongue(tag, x.From) && !sameTongue(tag, x.To)
			})
			t = &c
		}
	}
	from, to := langIn(t.Langs, x.From), langIn(t.Langs, x.To)
	w, ok := t.Langs[from]
	switch said := append([]string{w.Preferred}, w.Variants...); {
	case !ok:
		t.Langs[from] = glossary.Wording{Preferred: x.Source, Match: "stem"}
	case !slices.ContainsFunc(said, func(s string) bool { return glossary.Fold(s) == glossary.Fold(x.Source) }):
		w.Variants = append(slices.Clone(w.Variants), x.Source)
		t.Langs[from] = w
	}
	t.Langs[to] = x.wording(t.Langs[to])
	return t, nil
}

// wording is what the target language says from now on. The old word is still
// understood, unless it is not to be said any more.
func (x Proposal) wording(w glossary.Wording) glossary.Wording {
	same := func(a string) func(string) bool {
		return func(b string) bool { return glossary.Fold(a) == glossary.Fold(b) }
	}
	old := w.Preferred
	if old == "" {
		w.Match = "stem"
	}
	w.Variants = slices.DeleteFunc(slices.Clone(w.Variants), same(x.Target))
	w.Forbidden = slices.DeleteFunc(slices.Clone(w.Forbidden), same(x.Target))
	if old != "" && !same(old)(x.Target) {
		if x.Never {
			w.Forbidden = append(w.Forbidden, old)
		} else {
			w.Variants = append([]string{old}, w.Variants...)
		}
	}
	w.Preferred, w.Status = x.Target, glossary.Approved
	return w
}

// langIn is the tag under which an entry has a language, or would have it.
func langIn(langs map[string]glossary.Wording, tag language.Tag) string {
	for lang := range langs {
		if sameTongue(language.Make(lang), tag) {
			return lang
		}
	}
	base, _ := tag.Base()
	if base.String() != "zh" {
		return base.String()
	}
	if script, _ := tag.Script(); script.String() == "Hant" {
		return "zh-TW"
	}
	return "zh-CN"
}

// oneLine is what somebody typed, without its line breaks and invisible signs.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Cc) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))), " ")
}

// proposalFor reads a proposal for somebody.
func (d *Desk) proposalFor(tx *store.Tx, by Deed, id string) (Proposal, error) {
	x, err := d.GetProposal(tx, id)
	if errors.Is(err, ErrNoProposal) || err == nil && x.channel() != "" && !by.Who.Sees(x.channel()) {
		return x, i18n.NewProblem(nil, "term.none", "id", id)
	}
	return x, err
}
