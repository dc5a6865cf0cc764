package approvals_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

type pay struct {
	Amount string `json:"amount"`
}

func (pay) Kind() string { return "test-pay" }

func manager(id people.ID, stores ...string) people.Person {
	if stores == nil {
		stores = []string{people.EveryStore}
	}
	return people.Person{ID: id, Roles: []people.Role{people.Manager}, Stores: stores}
}

// staff writes people down: what a voter may do is read where the vote counts.
func staff(t *testing.T, db *store.DB, all ...people.Person) {
	t.Helper()
	book, err := people.Open(t.Context(), db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		for _, p := range all {
			if err := book.Save(tx, p); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// ask opens an approval that needs so many yeses, asked by anna.
func ask(t *testing.T, db *store.DB, votes int, until time.Time) approvals.ID {
	t.Helper()
	staff(t, db, manager("anna"), manager("ben"), manager("carla"), manager("dora"))
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := approvals.Open(tx, approvals.Ask{ID: "A1", About: "refund:R1", Facts: "f1", By: "anna", Voters: []string{"manager", "person:olga"}, Store: "ebay-de",
			Votes: votes, Until: until, Job: pay{"59.90 EUR"}, Key: "pay/k1", Lane: "money", Order: "o1"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return "A1"
}

func vote(t *testing.T, db *store.DB, b approvals.Ballot) (a approvals.Approval, err error) {
	t.Helper()
	err = db.Write(t.Context(), func(tx *store.Tx) (err error) { a, err = approvals.Vote(tx, "A1", b); return err })
	return a, err
}

func tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

func TestTheDecidingYesRunsWhatWasFrozen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ask(t, db, 2, tomorrow())
		engine := jobs.New(db, jobs.Options{})
		got := make(chan pay, 10)
		jobs.Handle(engine, "money", func(_ context.Context, j jobs.Job[pay]) error { got <- j.Args; return nil })
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- engine.Run(ctx) }()
		defer func() { stop(); <-done }()

		a, err := vote(t, db, approvals.Ballot{Who: manager("ben"), Yes: true, Facts: "f1"})
		if err != nil || a.State != approvals.Waiting || a.Left() != 1 {
			t.Fatalf("the first yes: %+v, %v", a.State, err)
		}
		if a, err = vote(t, db, approvals.Ballot{Who: manager("carla"), Yes: true, Facts: "f1"}); err != nil || a.State != approvals.Approved {
			t.Fatalf("the second yes: %v, %v", a.State, err)
		}
		select {
		case p := <-got:
			if p.Amount != "59.90 EUR" {
				t.Errorf("what ran is %+v", p)
			}
		case <-time.After(time.Minute):
			t.Fatal("nothing ran")
		}
		if _, err := vote(t, db, approvals.Ballot{Who: manager("dora"), Yes: true}); !errors.Is(err, approvals.ErrDecided) {
			t.Errorf("a vote after the decision: %v", err)
		}
		if err := engine.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(got) != 0 {
			t.Error("it ran twice")
		}
	})
}

func TestVotesThatDoNotCount(t *testing.T) {
	for name, c := range map[string]struct {
		ballot approvals.Ballot
		until  time.Time
		want   error
	}{
		"own":           {approvals.Ballot{Who: manager("anna"), Yes: true}, tomorrow(), approvals.ErrOwn},
		"not a manager": {approvals.Ballot{Who: people.Person{ID: "li", Roles: []people.Role{people.Agent}, Stores: []string{"*"}}, Yes: true}, tomorrow(), approvals.ErrNotYou},
		"other store":   {approvals.Ballot{Who: manager("ben", "shopify-main"), Yes: true}, tomorrow(), approvals.ErrNotYou},
		"disabled":      {approvals.Ballot{Who: people.Person{ID: "ben", Roles: []people.Role{people.Manager}, Stores: []string{"*"}, Disabled: true}, Yes: true}, tomorrow(), approvals.ErrNotYou},
		"late":          {approvals.Ballot{Who: manager("ben"), Yes: true}, time.Now().Add(-time.Second), approvals.ErrLate},
		"stale":         {approvals.Ballot{Who: manager("ben"), Yes: true, Facts: "f0"}, tomorrow(), approvals.ErrStale},
	} {
		t.Run(name, func(t *testing.T) {
			db := storetest.SQLite(t)
			ask(t, db, 1, c.until)
			staff(t, db, c.ballot.Who)
			if _, err := vote(t, db, c.ballot); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if err := db.Read(t.Context(), func(tx *store.Tx) error {
				a, err := approvals.Get(tx, "A1")
				if len(a.Votes) != 0 || a.State != approvals.Waiting {
					t.Errorf("it left %+v", a)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestNobodyVotesTwice(t *testing.T) {
	db := storetest.SQLite(t)
	ask(t, db, 2, tomorrow())
	for i, want := range []error{nil, approvals.ErrTwice} {
		if _, err := vote(t, db, approvals.Ballot{Who: manager("ben"), Yes: true}); !errors.Is(err, want) {
			t.Errorf("vote %d: %v", i+1, err)
		}
	}
}

func TestWhoeverAskedMayTakeItBack(t *testing.T) {
	db := storetest.SQLite(t)
	ask(t, db, 1, tomorrow())
	anna := people.Person{ID: "anna", Roles: []people.Role{people.Agent}, Stores: []string{"ebay-de"}}
	staff(t, db, anna)
	a, err := vote(t, db, approvals.Ballot{Who: anna, Yes: false})
	if err != nil || a.State != approvals.Denied {
		t.Errorf("%v, %v", a.State, err)
	}
}

func TestNoVotesDecideNothing(t *testing.T) {
	db := storetest.SQLite(t)
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := approvals.Open(tx, approvals.Ask{Votes: 0, Job: pay{}})
		return err
	})
	if err == nil {
		t.Error("an approval without votes was opened: it would approve itself")
	}
}

// TestTwoAtOnce: two managers press at the same moment; the job runs once.
func TestTwoAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ask(t, db, 1, tomorrow())
		errs := make(chan error, 2)
		for _, id := range []people.ID{"ben", "carla"} {
			go func() {
				errs <- db.Write(t.Context(), func(tx *store.Tx) error {
					_, err := approvals.Vote(tx, "A1", approvals.Ballot{Who: manager(id), Yes: true})
					return err
				})
			}()
		}
		a, b := <-errs, <-errs
		if (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), approvals.ErrDecided) {
			t.Errorf("%v and %v; want one yes and one that came too late", a, b)
		}
		var n int
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM job WHERE kind = 'test-pay'`).Scan(&n)
		}); err != nil || n != 1 {
			t.Errorf("%d jobs, %v", n, err)
		}
	})
}

// lend lends power and fails the test if it cannot be.
func lend(t *testing.T, db *store.DB, d approvals.Delegation) error {
	t.Helper()
	return db.Write(t.Context(), func(tx *store.Tx) error { _, err := approvals.Delegate(tx, d); return err })
}

// TestLentPower: who votes with whose power, and when it does not count.
func TestLentPower(t *testing.T) {
	li := people.Person{ID: "li", Roles: []people.Role{people.Agent}, Stores: []string{people.EveryStore}}
	week := time.Now().Add(7 * 24 * time.Hour)
	yes := func(p people.Person) approvals.Ballot { return approvals.Ballot{Who: p, Yes: true} }
	for name, c := range map[string]struct {
		lent   []approvals.Delegation
		change people.Person // saved after lending
		later  time.Duration // how much later the votes are
		votes  []approvals.Ballot
		want   []error
	}{
		"lent":             {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week}}, votes: []approvals.Ballot{yes(li)}, want: []error{nil}},
		"not lent":         {votes: []approvals.Ballot{yes(li)}, want: []error{approvals.ErrNotYou}},
		"by whoever asked": {lent: []approvals.Delegation{{From: "anna", To: "li", Until: week}}, votes: []approvals.Ballot{yes(li)}, want: []error{approvals.ErrNotYou}},
		"to whoever asked": {lent: []approvals.Delegation{{From: "ben", To: "anna", Until: week}}, votes: []approvals.Ballot{yes(manager("anna"))}, want: []error{approvals.ErrOwn}},
		"other store": {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week, Stores: []string{"shopify-main"}}}, votes: []approvals.Ballot{yes(li)},
			want: []error{approvals.ErrNotYou}},
		"other approval": {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week, Approval: "A2"}}, votes: []approvals.Ballot{yes(li)},
			want: []error{approvals.ErrNotYou}},
		"giver then taker": {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week}}, votes: []approvals.Ballot{yes(manager("ben")), yes(li)},
			want: []error{nil, approvals.ErrSpoken}},
		"taker then giver": {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week}}, votes: []approvals.Ballot{yes(li), yes(manager("ben"))},
			want: []error{nil, approvals.ErrSpoken}},
		"two givers, one taker": {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week}, {From: "carla", To: "li", Until: week}},
			votes: []approvals.Ballot{yes(li), yes(li)}, want: []error{nil, approvals.ErrTwice}},
		"ended by itself": {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week}}, later: 7*24*time.Hour + time.Second,
			votes: []approvals.Ballot{yes(li)}, want: []error{approvals.ErrNotYou}},
		"giver lost the role": {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week}},
			change: people.Person{ID: "ben", Roles: []people.Role{people.Agent}, Stores: []string{people.EveryStore}}, votes: []approvals.Ballot{yes(li)},
			want: []error{approvals.ErrNotYou}},
		"taker was disabled": {lent: []approvals.Delegation{{From: "ben", To: "li", Until: week}},
			change: people.Person{ID: "li", Roles: li.Roles, Stores: li.Stores, Disabled: true}, votes: []approvals.Ballot{yes(li)}, want: []error{approvals.ErrNotYou}},
		"not lent further": {lent: []approvals.Delegation{{From: "ben", To: "olga", Until: week}, {From: "olga", To: "li", Until: week}},
			change: people.Person{ID: "olga", Roles: []people.Role{people.Agent}, Stores: []string{"shopify-main"}}, votes: []approvals.Ballot{yes(li)},
			want: []error{approvals.ErrNotYou}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var passed atomic.Int64
			db := storetest.Open(t, filepath.Join(t.TempDir(), "desk.db"), store.Options{
				Now: func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }})
			ask(t, db, 3, week.Add(24*time.Hour))
			staff(t, db, li, people.Person{ID: "olga", Roles: []people.Role{people.Agent}, Stores: []string{people.EveryStore}})
			for _, d := range c.lent {
				if err := lend(t, db, d); err != nil {
					t.Fatal(err)
				}
			}
			if c.change.ID != "" {
				staff(t, db, c.change)
			}
			passed.Store(int64(c.later))
			for i, b := range c.votes {
				if _, err := vote(t, db, b); !errors.Is(err, c.want[i]) {
					t.Errorf("vote %d of %s: %v, want %v", i+1, b.Who.ID, err, c.want[i])
				}
			}
		})
	}
}

// TestPowerIsNotLentForLong: at most thirty days, to somebody else.
func TestPowerIsNotLentForLong(t *testing.T) {
	db := storetest.SQLite(t)
	staff(t, db, manager("ben"), manager("eva", "shopify-main"))
	for _, c := range []struct {
		d    approvals.Delegation
		want error
	}{
		{approvals.Delegation{From: "ben", To: "ben", Until: tomorrow()}, approvals.ErrSelf},
		{approvals.Delegation{From: "ben", To: "eva", Until: time.Now().Add(31 * 24 * time.Hour)}, approvals.ErrSpan},
		{approvals.Delegation{From: "ben", To: "eva", Until: time.Now().Add(-time.Hour)}, approvals.ErrSpan},
		{approvals.Delegation{From: "ben", To: "eva", Until: tomorrow(), Stores: []string{"ebay-de"}}, approvals.ErrTaker},
		{approvals.Delegation{From: "ben", To: "nobody", Until: tomorrow()}, people.ErrNobody},
		{approvals.Delegation{From: "ben", To: "eva", Until: tomorrow(), Stores: []string{"shopify-main"}}, nil},
	} {
		if err := lend(t, db, c.d); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.d, err, c.want)
		}
	}
}

// TestAnEmptyListOfVotersIsNobody.
func TestAnEmptyListOfVotersIsNobody(t *testing.T) {
	if approvals.Entitled(manager("ben"), nil, "ebay-de") {
		t.Error("nobody became somebody")
	}
	if !approvals.Entitled(people.Person{ID: "olga", Stores: []string{"ebay-de"}}, []string{"person:olga"}, "ebay-de") {
		t.Error("a person who is named may not vote")
	}
}
