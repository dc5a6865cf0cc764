package bot_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors/sandbox"
	"helloworld/glossary"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

func (r *rig) proposal(id string) (x bot.Proposal) {
	r.t.Helper()
	r.read(func(tx *store.Tx) (err error) {
		x, err = r.desk.GetProposal(tx, id)
		return err
	})
	return x
}

// propose proposes a term and gives the proposal's id.
func (r *rig) propose(who people.ID, a bot.TermAsk) string {
	r.t.Helper()
	before := r.ids(`SELECT id FROM term_proposal`)
	if err := r.desk.ProposeTerm(context.Background(), r.by(who, "inbox"), a); err != nil {
		r.t.Fatal(err)
	}
	for _, id := range r.ids(`SELECT id FROM term_proposal`) {
		if !slices.Contains(before, id) {
			return id
		}
	}
	r.t.Fatal("nothing was proposed")
	return ""
}

func (r *rig) decide(who people.ID, id string, yes bool) error {
	return r.desk.DecideTerm(context.Background(), r.by(who, "approvals"), id, yes, "", "")
}

// card is the newest card in a channel whose title begins so.
func (r *rig) card(channel, title string, pieces ...string) string {
	r.t.Helper()
	found := ""
	r.until(channel+" shows "+title+" "+strings.Join(pieces, ", "), func() bool {
		for _, c := range r.hall.said(channel) {
			if text := words(c); strings.HasPrefix(c.Title, title) && !slices.ContainsFunc(pieces, func(s string) bool { return !strings.Contains(text, s) }) {
				found = text
			}
		}
		return found != ""
	})
	return found
}

var (
	zhTag = language.MustParse("zh-CN")
	enTag = language.English
)

func label(t *testing.T, r *rig) *glossary.Term {
	t.Helper()
	for _, e := range r.desk.Words.Book().Terms() {
		if w, ok := e.In(zhTag); ok && w.Preferred == "退货标签" {
			return e
		}
	}
	t.Fatal("the glossary has no 退货标签")
	return nil
}

// A wrong word in a draft becomes an entry that the next message uses, and open
// drafts can be translated again.
func TestACorrectionBecomesATerm(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main"}, engines: []translate.Engine{enginetest.Toy{}}})
	o := r.order("shopify-main", "20.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Where is the return label for my parcel? I would like to send it back."})
	compose := func() bot.Draft {
		t.Helper()
		if err := r.desk.Compose(t.Context(), r.by("lina", "inbox"), m, "我们会把退货标签发到您的邮箱，请查收。", ""); err != nil {
			t.Fatal(err)
		}
		ids := r.ids(`SELECT id FROM draft ORDER BY created DESC, id DESC`)
		return r.draft(ids[0])
	}
	first := compose()
	e := label(t, r)
	old, _ := e.In(enTag)
	if !strings.Contains(first.Result.Text, old.Preferred) {
		t.Fatalf("the draft says %q, without %q", first.Result.Text, old.Preferred)
	}
	id := r.propose("lina", bot.TermAsk{Source: "退货标签", Target: "prepaid return slip", About: "draft:" + first.ID, Never: true, Why: "the carrier's own word"})
	x := r.proposal(id)
	if x.Entry != e.ID || x.Version != max(e.Version, 1) || x.Old != old.Preferred || x.From != zhTag || x.To != enTag || x.Store != "shopify-main" {
		t.Fatalf("%+v", x)
	}
	r.card("approvals", id, "退货标签", old.Preferred, "prepaid return slip", e.ID, "Lina", "the carrier's own word", "1 open thread", "never say")

	if err := r.decide("lina", id, true); problem(err) != "term.own" {
		t.Errorf("whoever proposed approves: %v", err)
	}
	if err := r.decide("zoe", id, true); problem(err) != "term.none" {
		t.Errorf("somebody who sees another store only: %v", err)
	}
	if got := compose(); !strings.Contains(got.Result.Text, old.Preferred) {
		t.Fatalf("in use before anybody approved it: %q", got.Result.Text)
	}
	if err := r.desk.DecideTerm(t.Context(), r.by("wang", "approvals"), id, true, "other facts", ""); problem(err) != "term.stale" {
		t.Errorf("a button of another card: %v", err)
	}
	if err := r.decide("wang", id, true); err != nil {
		t.Fatal(err)
	}
	if err := r.decide("wang", id, true); problem(err) != "term.was.approved" {
		t.Errorf("twice: %v", err)
	}
	r.card("approvals", id, "in the glossary now", "Wang", "still uses the old wording")
	next := compose()
	if !strings.Contains(next.Result.Text, "prepaid return slip") {
		t.Errorf("the next draft says %q", next.Result.Text)
	}
	i := slices.IndexFunc(next.Result.Terms, func(h translate.TermHit) bool { return h.ID == e.ID })
	if i < 0 || next.Result.Terms[i].Version != x.Version+1 || next.Result.Terms[i].Draft {
		t.Errorf("terms of the next draft: %+v", next.Result.Terms)
	}
	// Only by the button, and only what is open.
	if got := r.draft(first.ID); got.Result.Text != first.Result.Text {
		t.Errorf("an open draft changed by itself: %q", got.Result.Text)
	}
	if err := r.desk.SayAgain(t.Context(), r.by("lina", "inbox"), id); err != nil {
		t.Fatal(err)
	}
	if got := r.draft(first.ID); !strings.Contains(got.Result.Text, "prepaid return slip") || got.State != bot.DraftOpen || got.Text != first.Text {
		t.Errorf("translated again: %s %q", got.State, got.Result.Text)
	}
	if _, drafts, messages, err := r.desk.StillUsing(t.Context(), r.by("lina", "inbox"), id); err != nil || len(drafts)+len(messages) > 0 {
		t.Errorf("%v, %v still use it: %v", drafts, messages, err)
	}
	// The old word is wrong from now on, wherever it came from.
	need, ok := r.desk.Words.Book().Required(glossary.Match{Term: label(t, r)}, zhTag, enTag)
	if !ok || need.Wrong("the "+old.Preferred) == "" || need.Draft {
		t.Errorf("%+v", need)
	}
	for _, what := range []string{"term.proposed", "term.approved"} {
		if n := len(r.ids(`SELECT about FROM audit WHERE what = ? AND about = ?`, what, "term:"+id)); n != 1 {
			t.Errorf("%d lines %s", n, what)
		}
	}
	if n := len(r.ids(`SELECT detail FROM audit WHERE detail LIKE '%退货%' OR detail LIKE '%slip%'`)); n != 0 {
		t.Errorf("the audit log has the words")
	}
}

// A desk that starts again, or another on the same database, has the entries.
func TestApprovedTermsAreReadAtTheStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main"}})
	id := r.propose("lina", bot.TermAsk{Source: "云仓", Target: "cloud warehouse"})
	if x := r.proposal(id); x.Entry != "" || x.Old != "" || x.From != zhTag || x.To != enTag {
		t.Fatalf("%+v", x)
	}
	if err := r.decide("wang", id, true); err != nil {
		t.Fatal(err)
	}
	if got := r.proposal(id); got.Entry != "own.1" || got.Version != 1 {
		t.Errorf("%+v", got)
	}
	base, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	pipe := translate.New(translate.Options{Book: base})
	twin, err := bot.New(t.Context(), bot.Options{DB: r.db, Jobs: jobs.New(r.db, jobs.Options{}), People: r.staff, Audit: audit.New([]byte("audit key")), Words: pipe,
		Key: []byte("a key of the tests"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := pipe.Book().Term("own.1"); !ok || e.Source != "proposal "+id {
		t.Fatalf("the other replica has %+v", e)
	}
	was := pipe.Book()
	if err := twin.LoadTerms(t.Context()); err != nil || pipe.Book() != was {
		t.Errorf("read again though nothing was approved: %v", err)
	}
	// An entry that does not fit leaves the others in use.
	r.write(func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO term_entry(id, version, body, proposal, by_who, at) VALUES ('broken', 1, '{"ID":"broken","Kind":"term","Status":"approved"}', '', '', 0)`); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE term_version SET n = n + 1`)
		return err
	})
	if err := twin.LoadTerms(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := pipe.Book().Term("own.1"); !ok {
		t.Error("one broken entry takes the others away")
	}
	// Dropped, it is not looked for any more.
	if err := r.desk.DropTerm(t.Context(), r.by("lina", "inbox"), "own.1"); err != nil {
		t.Fatal(err)
	}
	if err := r.decide("wang", "T2", true); err != nil {
		t.Fatal(err)
	}
	if ms := r.desk.Words.Book().Match("云仓发货", zhTag); slices.ContainsFunc(ms, func(m glossary.Match) bool { return m.Term.ID == "own.1" }) {
		t.Error("a dropped entry is found")
	}
	if err := r.desk.DropTerm(t.Context(), r.by("lina", "inbox"), "own.1"); problem(err) != "term.no_entry" {
		t.Errorf("dropped twice: %v", err)
	}
}

func TestWhereATermHolds(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main", "ebay-de"}})
	e := label(t, r)
	old, _ := e.In(enTag)
	id := r.propose("lina", bot.TermAsk{Source: "退货标签", Target: "mailing slip", Scope: glossary.Scope{Store: "ebay-de"}})
	// Zoe sees this store, and needs no other.
	if err := r.decide("zoe", id, true); err != nil {
		t.Fatal(err)
	}
	becomes := func(storeID, platform string) string {
		for _, m := range r.desk.Words.Book().MatchIn("退货标签", zhTag, glossary.Scope{Store: storeID, Platform: platform}) {
			if n, ok := r.desk.Words.Book().Required(m, zhTag, enTag); ok {
				return n.Preferred
			}
		}
		return ""
	}
	for _, tc := range []struct{ store, platform, want string }{
		{"ebay-de", "ebay", "mailing slip"}, {"shopify-main", "shopify", old.Preferred},
	} {
		if got := becomes(tc.store, tc.platform); got != tc.want {
			t.Errorf("%s says %q, want %q", tc.store, got, tc.want)
		}
	}
	if again, _ := r.desk.Words.Book().Term(e.ID); again.Version != e.Version {
		t.Errorf("the entry for everywhere has changed: %+v", again)
	}
	// Everywhere needs somebody who sees every store.
	id = r.propose("lina", bot.TermAsk{Source: "退货标签", Target: "return tag"})
	if err := r.decide("zoe", id, true); problem(err) != "term.not_you" {
		t.Errorf("everywhere, by somebody who sees one store: %v", err)
	}
	// The glossary changes while the proposal waits: it is shown again, as it is now.
	other := r.propose("lina", bot.TermAsk{Source: "退货标签", Target: "return sticker"})
	if err := r.decide("wang", other, true); err != nil {
		t.Fatal(err)
	}
	if err := r.decide("wang", id, true); err != nil {
		t.Fatal(err)
	}
	if x := r.proposal(id); x.State != bot.TermProposed || x.Old != "return sticker" || x.Version != max(e.Version, 1)+1 {
		t.Fatalf("decided on what it was before: %+v", x)
	}
	r.card("approvals", id, "return sticker", "return tag")
	if err := r.decide("wang", id, false); err != nil {
		t.Fatal(err)
	}
	if got := becomes("shopify-main", "shopify"); got != "return sticker" {
		t.Errorf("after a no it says %q", got)
	}
	// Whoever proposed may take it back.
	id = r.propose("lina", bot.TermAsk{Source: "退货标签", Target: "return docket"})
	if err := r.decide("lina", id, false); err != nil {
		t.Fatal(err)
	}
	r.card("approvals", id, "Taken back by Lina")
}

// Proposing what a draft says already signs it, and says so; once it is signed,
// nothing is left to propose.
func TestAProposalSignsADraft(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main"}})
	w, _ := label(t, r).In(enTag)
	id := r.propose("lina", bot.TermAsk{Source: "退货标签", Target: w.Preferred})
	r.card("approvals", id, w.Preferred, "approving it signs it")
	if err := r.decide("wang", id, true); err != nil {
		t.Fatal(err)
	}
	r.until("wang reads that it is no draft any more", func() bool {
		r.hall.mu.Lock()
		defer r.hall.mu.Unlock()
		return slices.ContainsFunc(r.hall.order, func(ref chat.Ref) bool {
			return ref.Only != "" && strings.Contains(words(r.hall.cards[ref.ID]), "草稿")
		})
	})
	if err := r.desk.ProposeTerm(t.Context(), r.by("lina", "inbox"), bot.TermAsk{Source: "退货标签", Target: w.Preferred}); problem(err) != "term.same" {
		t.Errorf("what is signed already: %v", err)
	}
	// A new wording is none of this.
	r.card("approvals", r.propose("lina", bot.TermAsk{Source: "退货标签", Target: "return slip"}), "return slip")
	for _, c := range r.hall.said("approvals") {
		if text := words(c); strings.Contains(text, "return slip") && strings.Contains(text, "signs it") {
			t.Errorf("a new wording is told to be a draft: %s", text)
		}
	}
}

func TestWhatCannotBeProposed(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main"}})
	e := label(t, r)
	w, _ := e.In(enTag)
	waiting := r.propose("lina", bot.TermAsk{Source: "云仓", Target: "cloud warehouse"})
	for _, tc := range []struct {
		ask  bot.TermAsk
		want string
	}{
		{bot.TermAsk{Source: " ", Target: "x"}, "term.empty"},
		{bot.TermAsk{Source: "云仓", Target: "\u200b"}, "term.empty"},
		{bot.TermAsk{Source: strings.Repeat("云", 121), Target: "x"}, "term.long"},
		{bot.TermAsk{Source: "label", Target: "slip"}, "term.langs"},
		{bot.TermAsk{Source: "云仓", Target: "仓库"}, "term.langs"},
		{bot.TermAsk{Source: "云仓", Target: "cloud warehouse"}, "term.twice"},
		{bot.TermAsk{Source: "云仓", Target: "x", Entry: "no.such"}, "term.no_entry"},
		{bot.TermAsk{Source: "POD", Target: "单据", From: enTag, To: zhTag}, "term.which"},
	} {
		if err := r.desk.ProposeTerm(t.Context(), r.by("lina", "inbox"), tc.ask); problem(err) != tc.want {
			t.Errorf("%+v: %v, want %s", tc.ask, err, tc.want)
		}
	}
	if err := r.decide("wang", waiting, true); err != nil {
		t.Fatal(err)
	}
	if err := r.desk.ProposeTerm(t.Context(), r.by("lina", "inbox"), bot.TermAsk{Source: "云仓", Target: "cloud warehouse"}); problem(err) != "term.same" {
		t.Errorf("what is so already: %v", err)
	}
	// Wang is the only one who decides: what he proposes nobody could approve.
	if err := r.desk.ProposeTerm(t.Context(), r.by("wang", "inbox"), bot.TermAsk{Source: "退货标签", Target: w.Preferred + "s"}); problem(err) != "term.nobody" {
		t.Errorf("nobody is left to approve it: %v", err)
	}
	if _, err := func() (x bot.Proposal, err error) {
		err = r.db.Read(t.Context(), func(tx *store.Tx) (err error) { x, err = r.desk.GetProposal(tx, "T99"); return err })
		return x, err
	}(); !errors.Is(err, bot.ErrNoProposal) {
		t.Errorf("a proposal that is not there: %v", err)
	}
}

func TestTermLangs(t *testing.T) {
	t.Parallel()
	und, de, ja := language.Und, language.German, language.Japanese
	for _, tc := range []struct {
		source, target string
		from, to, own  language.Tag
		a, b           language.Tag
	}{
		{"退货标签", "return label", und, und, zhTag, zhTag, enTag},
		{"return label", "退货标签", und, und, zhTag, enTag, zhTag},
		{"退货标签", "Retourenschein", zhTag, de, zhTag, zhTag, de},
		{"Retourenschein", "退货标签", zhTag, de, zhTag, de, zhTag},
		{"返品ラベル", "return label", und, und, enTag, ja, enTag},
		{"返品", "退货", ja, zhTag, zhTag, ja, zhTag},
		{"Retourenschein", "return slip", de, enTag, enTag, de, enTag},
		{"label", "slip", und, und, enTag, und, und},
		{"退货", "退款", zhTag, de, zhTag, und, und},
	} {
		if a, b := bot.TermLangs(tc.source, tc.target, tc.from, tc.to, tc.own); a != tc.a || b != tc.b {
			t.Errorf("%s = %s in %s>%s: %s>%s, want %s>%s", tc.source, tc.target, tc.from, tc.to, a, b, tc.a, tc.b)
		}
	}
}
