package approvals

import (
	"errors"
	"slices"
	"strings"
	"time"

	"helloworld/bot/people"
	"helloworld/bot/store"
)

// Force approves what still waits although approvals are missing, because one
// person answers for it. It is never whoever asked, and always a manager or an
// admin who sees the store. missing is how many were.
func Force(tx *store.Tx, id ID, b Ballot) (a Approval, missing int, err error) {
	if a, err = get(tx, id, true); err != nil {
		return a, 0, err
	}
	who, err := people.Read(tx, b.Who.ID)
	if err != nil && !errors.Is(err, people.ErrNobody) {
		return a, 0, err
	}
	voted := slices.ContainsFunc(a.Votes, func(v Cast) bool { return v.Who == who.ID })
	switch {
	case a.State == Expired:
		return a, 0, ErrLate
	case a.State != Waiting:
		return a, 0, ErrDecided
	case tx.Now() > a.Until.UnixMilli():
		return a, 0, ErrLate
	case b.Who.ID == a.By:
		return a, 0, ErrOwn
	case !who.Is(people.Manager, people.Admin), !who.Sees(a.Store):
		return a, 0, ErrNotYou
	case b.Facts != a.Facts:
		return a, 0, ErrStale
	case strings.TrimSpace(b.Reason) == "":
		return a, 0, ErrReason
	}
	missing = a.Left()
	if !voted {
		if _, err := powerOf(tx, a, who); err == nil {
			missing-- // that one would have counted anyway
		} else if !errors.Is(err, ErrNotYou) && !errors.Is(err, ErrSpoken) {
			return a, 0, err
		}
		// It uses up nobody's power: whoever lent theirs has nothing to do with it.
		if _, err := tx.Exec(`INSERT INTO vote(approval, person, power, yes, reason, at) VALUES (?, ?, '', 1, ?, ?)`,
			string(id), string(who.ID), b.Reason, tx.Now()); err != nil {
			return a, 0, err
		}
		a.Votes = append(a.Votes, Cast{Who: who.ID, Yes: true, Reason: b.Reason, At: time.UnixMilli(tx.Now())})
	}
	if err := a.end(tx, Approved); err != nil {
		return a, 0, err
	}
	return a, missing, a.carryOut(tx)
}
