package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/store"
)

// CodeLife is how long a one-time code is good for.
const CodeLife = 15 * time.Minute

var idForm = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

func (b *Book) load(ctx context.Context) error {
	people, account := map[ID]Person{}, map[string]Account{}
	var version int64
	err := b.db.Read(ctx, func(tx *store.Tx) error {
		if err := tx.Row(`SELECT n FROM people_version WHERE one = 1`).Scan(&version); err != nil {
			return err
		}
		b.mu.RLock()
		same := b.people != nil && version == b.version
		b.mu.RUnlock()
		if same {
			people = nil
			return nil
		}
		rows, err := tx.Query(`SELECT id, name, lang, roles, stores, disabled FROM person`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p Person
			var lang, roles, stores string
			var disabled int64
			if err := rows.Scan(&p.ID, &p.Name, &lang, &roles, &stores, &disabled); err != nil {
				return err
			}
			p.fill(lang, roles, stores, disabled)
			people[p.ID] = p
		}
		if err := rows.Err(); err != nil {
			return err
		}
		accs, err := tx.Query(`SELECT chat, id, person, name FROM account`)
		if err != nil {
			return err
		}
		defer accs.Close()
		for accs.Next() {
			var a Account
			if err := accs.Scan(&a.Chat, &a.ID, &a.Person, &a.Name); err != nil {
				return err
			}
			account[key(a.Chat, a.ID)] = a
		}
		return accs.Err()
	})
	if err != nil {
		return fmt.Errorf("people: read the staff: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.checked = b.now()
	if people != nil {
		b.people, b.account, b.version = people, account, version
	}
	return nil
}

// Read reads a person as they stand in tx: whoever acts on money is looked at
// again where it is acted on.
func Read(tx *store.Tx, id ID) (Person, error) {
	p := Person{ID: id}
	var lang, roles, stores string
	var disabled int64
	err := tx.Row(`SELECT name, lang, roles, stores, disabled FROM person WHERE id = ?`, string(id)).Scan(&p.Name, &lang, &roles, &stores, &disabled)
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, ErrNobody
	}
	if err != nil {
		return Person{}, err
	}
	p.fill(lang, roles, stores, disabled)
	return p, nil
}

func (p *Person) fill(lang, roles, stores string, disabled int64) {
	p.Lang, p.Disabled = language.Make(lang), disabled != 0
	for _, r := range strings.Fields(roles) {
		p.Roles = append(p.Roles, Role(r))
	}
	p.Stores = strings.Fields(stores)
}

// touch makes every copy of the staff read again once tx has committed.
func (b *Book) touch(tx *store.Tx) error {
	if _, err := tx.Exec(`UPDATE people_version SET n = n + 1 WHERE one = 1`); err != nil {
		return err
	}
	tx.After(func() {
		// The change is committed; not to know of it would be to fail open.
		if err := b.load(context.Background()); err != nil {
			b.mu.Lock()
			b.people, b.account = map[ID]Person{}, map[string]Account{}
			b.mu.Unlock()
		}
	})
	return nil
}

// Save writes a person down, new or changed.
func (b *Book) Save(tx *store.Tx, p Person) error {
	if !idForm.MatchString(string(p.ID)) || p.ID == Desk {
		return ErrID
	}
	roles := make([]string, 0, len(p.Roles))
	for _, r := range p.Roles {
		if !slices.Contains(Roles, r) {
			return fmt.Errorf("people: %q is not a role", r)
		}
		roles = append(roles, string(r))
	}
	if p.Name == "" {
		p.Name = string(p.ID)
	}
	disabled := 0
	if p.Disabled {
		disabled = 1
	}
	_, err := tx.Exec(`INSERT INTO person(id, name, lang, roles, stores, disabled, created) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, lang = excluded.lang, roles = excluded.roles,
		stores = excluded.stores, disabled = excluded.disabled`,
		string(p.ID), p.Name, p.Lang.String(), strings.Join(roles, " "), strings.Join(p.Stores, " "), disabled, tx.Now())
	if err != nil {
		return err
	}
	var admins int
	if err := tx.Row(`SELECT COUNT(*) FROM person WHERE disabled = 0 AND ' ' || roles || ' ' LIKE '% admin %'`).Scan(&admins); err != nil {
		return err
	}
	b.mu.RLock()
	was := b.people[p.ID]
	b.mu.RUnlock()
	if admins == 0 && was.Is(Admin) {
		return ErrLastAdmin
	}
	return b.touch(tx)
}

// Link lets an account speak for a person.
func (b *Book) Link(tx *store.Tx, chat, account, name string, id ID) error {
	var n int
	if err := tx.Row(`SELECT COUNT(*) FROM person WHERE id = ?`, string(id)).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return ErrNobody
	}
	var owner ID
	err := tx.Row(`INSERT INTO account(chat, id, person, name, linked) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (chat, id) DO UPDATE SET name = excluded.name RETURNING person`,
		chat, account, string(id), name, tx.Now()).Scan(&owner)
	if err != nil {
		return err
	}
	if owner != id {
		return ErrTaken
	}
	return b.touch(tx)
}

// Unlink takes an account's voice away.
func (b *Book) Unlink(tx *store.Tx, chat, account string) (bool, error) {
	n, err := tx.Exec(`DELETE FROM account WHERE chat = ? AND id = ?`, chat, account)
	if err != nil || n == 0 {
		return false, err
	}
	return true, b.touch(tx)
}

// Code makes a one-time code with which an account can say whose it is. Only
// its hash is kept.
func (b *Book) Code(tx *store.Tx, id ID) (string, error) {
	return b.CodeFor(tx, id, CodeLife)
}

// CodeFor is Code with a life of its own.
func (b *Book) CodeFor(tx *store.Tx, id ID, life time.Duration) (string, error) {
	code := strings.ToLower(rand.Text()[:12])
	if _, err := tx.Exec(`DELETE FROM linkcode WHERE until < ?`, tx.Now()); err != nil {
		return "", err
	}
	_, err := tx.Exec(`INSERT INTO linkcode(hash, person, until) VALUES (?, ?, ?)`,
		hash(code), string(id), tx.Now()+life.Milliseconds())
	return code, err
}

// Redeem uses a one-time code up and tells whose it was.
func (b *Book) Redeem(tx *store.Tx, code string) (ID, error) {
	var id ID
	err := tx.Row(`DELETE FROM linkcode WHERE hash = ? AND until >= ? RETURNING person`,
		hash(strings.ToLower(strings.TrimSpace(code))), tx.Now()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrCode
	}
	return id, err
}

func hash(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}
