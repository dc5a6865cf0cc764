package people_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func save(t *testing.T, db *store.DB, b *people.Book, p people.Person) error {
	t.Helper()
	return db.Write(t.Context(), func(tx *store.Tx) error { return b.Save(tx, p) })
}

func open(t *testing.T, db *store.DB) *people.Book {
	t.Helper()
	// A clock that always moves on makes every look a fresh one on replicas.
	now := time.Now()
	b, err := people.Open(t.Context(), db, func() time.Time { now = now.Add(time.Minute); return now })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNobodyMayUntilSomebodySaysSo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := open(t, db)
		if _, ok := b.Who(t.Context(), "slack", "U1"); ok {
			t.Fatal("an unknown account speaks for somebody")
		}
		p := people.Person{ID: "anna", Name: "Anna", Lang: language.German, Roles: []people.Role{people.Agent}, Stores: []string{"ebay-de"}}
		if err := save(t, db, b, p); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return b.Link(tx, "slack", "U1", "anna", "anna") }); err != nil {
			t.Fatal(err)
		}
		who, ok := b.Who(t.Context(), "slack", "U1")
		if !ok || who.ID != "anna" || !who.Is(people.Agent) || who.Is(people.Manager) || !who.Sees("ebay-de") || who.Sees("shopify-main") {
			t.Fatalf("anna is %+v, %v", who, ok)
		}
		if _, ok := b.Who(t.Context(), "telegram", "U1"); ok {
			t.Error("an account of one chat counts in another")
		}
		p.Disabled = true
		if err := save(t, db, b, p); err != nil {
			t.Fatal(err)
		}
		if _, ok := b.Who(t.Context(), "slack", "U1"); ok {
			t.Error("a disabled person may still act")
		}
	})
}

func TestAnotherReplicaLearnsOfAChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if db.Kind() != store.Postgres {
			t.Skip("SQLite has one process")
		}
		here, there := open(t, db), open(t, db)
		if err := save(t, db, here, people.Person{ID: "anna", Roles: []people.Role{people.Agent}}); err != nil {
			t.Fatal(err)
		}
		if _, ok := there.Get(t.Context(), "anna"); !ok {
			t.Error("the other replica does not know anna")
		}
	})
}

func TestAnEmptyListOfStoresIsNoStore(t *testing.T) {
	p := people.Person{ID: "x", Roles: []people.Role{people.Admin}}
	if p.Sees("ebay-de") || p.Sees("") {
		t.Error("no stores became some")
	}
	if (people.Person{Roles: []people.Role{people.Agent}}).Is(people.Agent) {
		t.Error("somebody without an id may act")
	}
}

func TestCodesWorkOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := open(t, db)
		if err := save(t, db, b, people.Person{ID: "anna"}); err != nil {
			t.Fatal(err)
		}
		var code, old string
		if err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
			if code, err = b.Code(tx, "anna"); err != nil {
				return err
			}
			old, err = b.CodeFor(tx, "anna", -time.Second)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		redeem := func(code string) (id people.ID, err error) {
			err = db.Write(t.Context(), func(tx *store.Tx) (err error) { id, err = b.Redeem(tx, code); return err })
			return id, err
		}
		if _, err := redeem(old); !errors.Is(err, people.ErrCode) {
			t.Errorf("a code that ran out: %v", err)
		}
		if id, err := redeem(" " + code + " "); err != nil || id != "anna" {
			t.Errorf("the code gives %q, %v", id, err)
		}
		if _, err := redeem(code); !errors.Is(err, people.ErrCode) {
			t.Errorf("the code works twice: %v", err)
		}
	})
}

func TestAnAccountSpeaksForOnePerson(t *testing.T) {
	db := storetest.SQLite(t)
	b := open(t, db)
	for _, id := range []people.ID{"anna", "ben"} {
		if err := save(t, db, b, people.Person{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	link := func(id people.ID) error {
		return db.Write(t.Context(), func(tx *store.Tx) error { return b.Link(tx, "slack", "U1", "", id) })
	}
	if err := link("anna"); err != nil {
		t.Fatal(err)
	}
	if err := link("ben"); !errors.Is(err, people.ErrTaken) {
		t.Errorf("a taken account: %v", err)
	}
	if err := link("nobody"); !errors.Is(err, people.ErrNobody) {
		t.Errorf("nobody's account: %v", err)
	}
	if who, _ := b.Who(t.Context(), "slack", "U1"); who.ID != "anna" {
		t.Errorf("the account speaks for %q", who.ID)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	db := storetest.SQLite(t)
	b := open(t, db)
	admin := people.Person{ID: "adam", Roles: []people.Role{people.Admin}}
	if err := save(t, db, b, admin); err != nil {
		t.Fatal(err)
	}
	admin.Roles = nil
	if err := save(t, db, b, admin); !errors.Is(err, people.ErrLastAdmin) {
		t.Errorf("the last admin: %v", err)
	}
	if p, _ := b.Get(t.Context(), "adam"); !p.Is(people.Admin) {
		t.Error("the refused change was kept")
	}
}

func TestIDsArePlain(t *testing.T) {
	db := storetest.SQLite(t)
	b := open(t, db)
	for _, id := range []people.ID{"", "desk", "Anna", "a b", "安娜", "a\x00", people.ID(make([]byte, 40))} {
		if err := save(t, db, b, people.Person{ID: id}); !errors.Is(err, people.ErrID) {
			t.Errorf("%q: %v", id, err)
		}
	}
}
