package people

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/store"
)

// ID names a person for ever.
type ID string

// Desk is the desk itself, where it acts on its own.
const Desk ID = "desk"

// Role is what a person may do.
type Role string

// The roles. Each stands on its own: a manager is not an agent unless told so;
// an admin may do everything but decide on money.
const (
	Agent   Role = "agent"
	Ops     Role = "ops"
	Manager Role = "manager"
	Admin   Role = "admin"
)

// Roles are all roles.
var Roles = []Role{Agent, Ops, Manager, Admin}

// EveryStore in a person's list of stores stands for all of them.
const EveryStore = "*"

// Person is somebody who may act.
type Person struct {
	ID       ID
	Name     string
	Lang     language.Tag
	Roles    []Role
	Stores   []string
	Disabled bool
}

// Is tells whether the person has any of the roles.
func (p Person) Is(roles ...Role) bool {
	if p.Disabled || p.ID == "" {
		return false
	}
	for _, r := range roles {
		if slices.Contains(p.Roles, r) {
			return true
		}
	}
	return false
}

// Sees tells whether the person may act on a store.
func (p Person) Sees(store string) bool {
	return !p.Disabled && p.ID != "" && (slices.Contains(p.Stores, EveryStore) || slices.Contains(p.Stores, store))
}

// Account is a chat account that speaks for a person.
type Account struct {
	Chat, ID, Name string
	Person         ID
}

// The errors.
var (
	// ErrNobody: no such person.
	ErrNobody = errors.New("people: no such person")
	// ErrCode: the one-time code is wrong, used or too old.
	ErrCode = errors.New("people: the code is wrong, used or too old")
	// ErrTaken: the account already speaks for somebody else.
	ErrTaken = errors.New("people: the account is linked to somebody else")
	// ErrLastAdmin: nobody would be left to administer the desk.
	ErrLastAdmin = errors.New("people: this is the last admin")
	// ErrID: an id has to be short and plain.
	ErrID = errors.New("people: an id is 1 to 32 of a-z, 0-9, - and _")
)

// Book is the staff.
type Book struct {
	db  *store.DB
	now func() time.Time

	mu      sync.RWMutex
	version int64
	checked time.Time
	people  map[ID]Person
	account map[string]Account
}

// replicaDelay is how stale a replica's copy may be, where there are replicas.
const replicaDelay = time.Second

// Open reads the staff.
func Open(ctx context.Context, db *store.DB, now func() time.Time) (*Book, error) {
	if now == nil {
		now = time.Now
	}
	b := &Book{db: db, now: now}
	return b, b.load(ctx)
}

func key(chat, id string) string { return chat + "\x00" + id }

// Who tells which person an account speaks for. The answer is false for an
// unknown account and for a disabled person.
func (b *Book) Who(ctx context.Context, chat, account string) (Person, bool) {
	b.fresh(ctx)
	b.mu.RLock()
	defer b.mu.RUnlock()
	a, ok := b.account[key(chat, account)]
	if !ok {
		return Person{}, false
	}
	p, ok := b.people[a.Person]
	return p, ok && !p.Disabled
}

// Get finds a person.
func (b *Book) Get(ctx context.Context, id ID) (Person, bool) {
	b.fresh(ctx)
	b.mu.RLock()
	defer b.mu.RUnlock()
	p, ok := b.people[id]
	return p, ok
}

// Name is what to call somebody on a card.
func (b *Book) Name(id ID) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if p, ok := b.people[id]; ok && p.Name != "" {
		return p.Name
	}
	return string(id)
}

// All lists everybody, by id.
func (b *Book) All(ctx context.Context) []Person {
	b.fresh(ctx)
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := make([]Person, 0, len(b.people))
	for _, p := range b.people {
		out = append(out, p)
	}
	slices.SortFunc(out, func(x, y Person) int { return strings.Compare(string(x.ID), string(y.ID)) })
	return out
}

// Accounts lists the accounts that speak for a person.
func (b *Book) Accounts(ctx context.Context, id ID) []Account {
	b.fresh(ctx)
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []Account
	for _, a := range b.account {
		if a.Person == id {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(x, y Account) int { return strings.Compare(x.Chat+x.ID, y.Chat+y.ID) })
	return out
}

// May lists the people who have the role and see the store.
func (b *Book) May(ctx context.Context, role Role, store string) []Person {
	var out []Person
	for _, p := range b.All(ctx) {
		if p.Is(role) && p.Sees(store) {
			out = append(out, p)
		}
	}
	return out
}

func (b *Book) fresh(ctx context.Context) {
	if b.db.Kind() == "sqlite" {
		return // one process: Book itself is told of every change
	}
	b.mu.RLock()
	due := b.now().Sub(b.checked) >= replicaDelay
	b.mu.RUnlock()
	if due {
		// A failed read leaves the copy of a second ago in place; it is tried again.
		_ = b.load(ctx)
	}
}
