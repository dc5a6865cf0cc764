package approvals

import (
	"errors"
	"slices"
	"strings"
	"time"

	"helloworld/bot/people"
	"helloworld/bot/store"
)

// Named begins a voter who is a person and not a role: "person:anna".
const Named = "person:"

// Entitled tells whether somebody may vote in their own right.
func Entitled(p people.Person, voters []string, storeID string) bool {
	if !p.Sees(storeID) {
		return false
	}
	return slices.ContainsFunc(voters, func(v string) bool {
		if id, named := strings.CutPrefix(v, Named); named {
			return people.ID(id) == p.ID
		}
		return p.Is(people.Role(v))
	})
}

// Delegation is power that somebody lent to somebody else.
type Delegation struct {
	ID       string
	From, To people.ID
	// Stores it is for; "*" is all that the giver sees.
	Stores []string
	// Approval is the only one it is for; empty: any.
	Approval       ID
	Until, Created time.Time
}

// LongestDelegation is how long power may be lent at once.
const LongestDelegation = 30 * 24 * time.Hour

// The errors: why power cannot be lent.
var (
	ErrSelf  = errors.New("approvals: nobody lends power to themselves")
	ErrSpan  = errors.New("approvals: power is lent until a day within thirty days")
	ErrTaker = errors.New("approvals: this person cannot take it")
)

// Delegate lends power. Whether there is any is seen at each vote: it never
// reaches further than the giver's own does at that moment.
func Delegate(tx *store.Tx, x Delegation) (Delegation, error) {
	left := x.Until.UnixMilli() - tx.Now()
	switch {
	case x.From == x.To:
		return x, ErrSelf
	case left <= 0 || left > LongestDelegation.Milliseconds():
		return x, ErrSpan
	}
	giver, err := people.Read(tx, x.From)
	if err != nil {
		return x, err
	}
	taker, err := people.Read(tx, x.To)
	if err != nil {
		return x, err
	}
	if len(x.Stores) == 0 {
		x.Stores = []string{people.EveryStore}
	}
	for _, s := range x.Stores {
		if s == people.EveryStore {
			// The taker sees at least something of it; each vote looks at its own store.
			if taker.Disabled || len(taker.Stores) == 0 {
				return x, ErrTaker
			}
		} else if !taker.Sees(s) || !giver.Sees(s) {
			return x, ErrTaker
		}
	}
	x.ID, x.Created = tx.NewID(), time.UnixMilli(tx.Now())
	_, err = tx.Exec(`INSERT INTO delegation(id, giver, taker, stores, approval, until, created) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		x.ID, string(x.From), string(x.To), strings.Join(x.Stores, " "), string(x.Approval), x.Until.UnixMilli(), tx.Now())
	return x, err
}

// Revoke takes back what somebody lent to somebody, and tells how many that were.
func Revoke(tx *store.Tx, from, to people.ID) (int64, error) {
	return tx.Exec(`UPDATE delegation SET ended = ? WHERE giver = ? AND taker = ? AND ended = 0 AND until > ?`,
		tx.Now(), string(from), string(to), tx.Now())
}

// RevokeFor takes back what somebody lent for one approval alone.
func RevokeFor(tx *store.Tx, from people.ID, id ID) error {
	_, err := tx.Exec(`UPDATE delegation SET ended = ? WHERE giver = ? AND approval = ? AND ended = 0`, tx.Now(), string(from), string(id))
	return err
}

// Delegations lists what somebody has lent or borrowed and still holds.
func Delegations(tx *store.Tx, who people.ID) ([]Delegation, error) {
	return delegations(tx, `giver = ? OR taker = ?`, string(who), string(who))
}

// LentFor lists the power that was lent for one approval alone.
func LentFor(tx *store.Tx, id ID) ([]Delegation, error) {
	return delegations(tx, `approval = ?`, string(id))
}

func delegations(tx *store.Tx, where string, args ...any) ([]Delegation, error) {
	rows, err := tx.Query(`SELECT id, giver, taker, stores, approval, until, created FROM delegation
		WHERE ended = 0 AND until > ? AND (`+where+`) ORDER BY created, id`, append([]any{tx.Now()}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Delegation
	for rows.Next() {
		var x Delegation
		var stores string
		var until, created int64
		if err := rows.Scan(&x.ID, &x.From, &x.To, &stores, &x.Approval, &until, &created); err != nil {
			return nil, err
		}
		x.Stores, x.Until, x.Created = strings.Fields(stores), time.UnixMilli(until), time.UnixMilli(created)
		out = append(out, x)
	}
	return out, rows.Err()
}

// used tells whether somebody's power was used in an approval.
func (a Approval) used(power people.ID) bool {
	return slices.ContainsFunc(a.Votes, func(v Cast) bool { return v.For == power || v.For == "" && v.Who == power })
}

// powerOf is whose power somebody votes with: their own if they have any, else
// that of whoever lent them theirs and has not used it. Whoever asked lends none.
func powerOf(tx *store.Tx, a Approval, who people.Person) (people.ID, error) {
	if who.ID == a.By || !who.Sees(a.Store) {
		return "", ErrNotYou
	}
	if Entitled(who, a.Voters, a.Store) {
		if a.used(who.ID) {
			return "", ErrSpoken
		}
		return who.ID, nil
	}
	lent, err := delegations(tx, `taker = ? AND (approval = '' OR approval = ?)`, string(who.ID), string(a.ID))
	if err != nil {
		return "", err
	}
	spoken := false
	for _, x := range lent {
		if x.From == a.By || !slices.Contains(x.Stores, people.EveryStore) && !slices.Contains(x.Stores, a.Store) {
			continue
		}
		giver, err := people.Read(tx, x.From)
		if errors.Is(err, people.ErrNobody) {
			continue
		}
		if err != nil {
			return "", err
		}
		if !Entitled(giver, a.Voters, a.Store) {
			continue
		}
		if a.used(giver.ID) {
			spoken = true
			continue
		}
		return giver.ID, nil
	}
	if spoken {
		return "", ErrSpoken
	}
	return "", ErrNotYou
}

// CanVote tells whether a vote of somebody would count now, and with whose power.
func CanVote(tx *store.Tx, a Approval, who people.ID) (people.ID, bool, error) {
	if a.State != Waiting || tx.Now() > a.Until.UnixMilli() || slices.ContainsFunc(a.Votes, func(v Cast) bool { return v.Who == who }) {
		return "", false, nil
	}
	p, err := people.Read(tx, who)
	if errors.Is(err, people.ErrNobody) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	power, err := powerOf(tx, a, p)
	if errors.Is(err, ErrNotYou) || errors.Is(err, ErrSpoken) {
		return "", false, nil
	}
	return power, err == nil, err
}
