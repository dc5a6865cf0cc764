package approvals

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
)

// ID names an approval.
type ID string

// State is where an approval stands.
type State string

// The states.
const (
	Waiting  State = "open"
	Approved State = "approved"
	Denied   State = "denied"
	Expired  State = "expired"
	// Void: the facts changed, or whoever asked took it back.
	Void State = "void"
)

// Ask is what is asked.
type Ask struct {
	ID ID
	// About is the matter: "refund:R17". Facts is the hash of what is approved.
	About, Facts string
	By           people.ID
	// Voters and Store say who may vote: roles, and people as "person:ID". An empty
	// list is nobody. Votes is how many yeses decide.
	Voters []string
	Store  string
	Votes  int
	Until  time.Time
	// Job is what the deciding yes adds, under Key, in Lane, after others of Order.
	Job              jobs.Args
	Key, Lane, Order string
}

// Approval is an ask and what became of it.
type Approval struct {
	ID           ID
	About, Facts string
	By           people.ID
	Voters       []string
	Store        string
	Need         int
	Until        time.Time
	State        State
	Created      time.Time
	Decided      time.Time
	Votes        []Cast
	frozen       frozen
	kind, key    string
}

// Cast is a vote that counted.
type Cast struct {
	Who people.ID
	// For is whose power it was, if it was not the voter's own.
	For    people.ID
	Yes    bool
	Reason string
	At     time.Time
}

// Left is how many yeses are missing.
func (a Approval) Left() int {
	n := a.Need
	for _, v := range a.Votes {
		if v.Yes {
			n--
		}
	}
	return max(n, 0)
}

// The errors: why a vote did not count.
var (
	ErrNone    = errors.New("approvals: no such approval")
	ErrOwn     = errors.New("approvals: whoever asks does not decide")
	ErrTwice   = errors.New("approvals: this person has voted")
	ErrNotYou  = errors.New("approvals: this person may not decide")
	ErrLate    = errors.New("approvals: it has run out")
	ErrDecided = errors.New("approvals: it is decided")
	ErrStale   = errors.New("approvals: the facts have changed")
	// ErrSpoken: somebody has voted with this power already.
	ErrSpoken = errors.New("approvals: this power was used already")
	ErrReason = errors.New("approvals: a no needs a reason")
)

type frozen struct {
	Lane  string          `json:"lane"`
	Order string          `json:"order"`
	Args  json.RawMessage `json:"args"`
}

// thawed is a frozen job on its way to the queue: its kind and its bytes are
// those that were approved.
type thawed struct {
	kind string
	raw  json.RawMessage
}

func (t thawed) Kind() string                 { return t.kind }
func (t thawed) MarshalJSON() ([]byte, error) { return t.raw, nil }

// Open writes an ask down.
func Open(tx *store.Tx, a Ask) (Approval, error) {
	if a.Votes < 1 {
		return Approval{}, fmt.Errorf("approvals: %d votes decide nothing", a.Votes)
	}
	for _, v := range a.Voters {
		if v == "" || strings.ContainsAny(v, " \t\n") {
			return Approval{}, fmt.Errorf("approvals: %q names nobody", v)
		}
	}
	args, err := json.Marshal(a.Job)
	if err != nil {
		return Approval{}, fmt.Errorf("approvals: freeze the job: %w", err)
	}
	body, err := json.Marshal(frozen{a.Lane, a.Order, args})
	if err != nil {
		return Approval{}, err
	}
	if a.ID == "" {
		a.ID = ID(tx.NewID())
	}
	_, err = tx.Exec(`INSERT INTO approval(id, about, facts, kind, job, key, asked_by, voters, store, votes, until, state, created)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(a.ID), a.About, a.Facts, a.Job.Kind(), string(body), a.Key, string(a.By), strings.Join(a.Voters, " "), a.Store, a.Votes,
		a.Until.UnixMilli(), string(Waiting), tx.Now())
	if err != nil {
		return Approval{}, err
	}
	return Get(tx, a.ID)
}

// Get reads an approval with its votes.
func Get(tx *store.Tx, id ID) (Approval, error) { return get(tx, id, false) }

func get(tx *store.Tx, id ID, lock bool) (Approval, error) {
	q := `SELECT id, about, facts, kind, job, key, asked_by, voters, store, votes, until, state, created, decided FROM approval WHERE id = ?`
	if lock && tx.DB().Kind() == "postgres" {
		q += ` FOR UPDATE`
	}
	var a Approval
	var body, voters string
	var until, created, decided int64
	err := tx.Row(q, string(id)).Scan(&a.ID, &a.About, &a.Facts, &a.kind, &body, &a.key, &a.By, &voters, &a.Store, &a.Need,
		&until, &a.State, &created, &decided)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrNone
	}
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(body), &a.frozen); err != nil {
		return a, fmt.Errorf("approvals: %s: frozen job: %w", id, err)
	}
	a.frozen.Args = append(json.RawMessage(nil), a.frozen.Args...)
	a.Voters = strings.Fields(voters)
	a.Until, a.Created = time.UnixMilli(until), time.UnixMilli(created)
	if decided > 0 {
		a.Decided = time.UnixMilli(decided)
	}
	rows, err := tx.Query(`SELECT person, power, yes, reason, at FROM vote WHERE approval = ? ORDER BY at, person`, string(id))
	if err != nil {
		return a, err
	}
	defer rows.Close()
	for rows.Next() {
		var c Cast
		var yes, at int64
		if err := rows.Scan(&c.Who, &c.For, &yes, &c.Reason, &at); err != nil {
			return a, err
		}
		if c.For == c.Who {
			c.For = ""
		}
		c.Yes, c.At = yes != 0, time.UnixMilli(at)
		a.Votes = append(a.Votes, c)
	}
	return a, rows.Err()
}

// WasAsked tells whether a matter was ever asked about with these facts.
func WasAsked(tx *store.Tx, about, facts string) (bool, error) {
	var n int
	err := tx.Row(`SELECT COUNT(*) FROM approval WHERE about = ? AND facts = ?`, about, facts).Scan(&n)
	return n > 0, err
}

// Ballot is a vote as it is cast.
type Ballot struct {
	// Who votes. What they may do is read again where the vote is counted.
	Who people.Person
	Yes bool
	// Facts is the hash that the voter saw; empty means "whatever it is now".
	Facts  string
	Reason string
}

// Vote counts a vote, or says why it does not count. The deciding yes adds the
// frozen job in tx; one no denies. On an error nothing has changed.
func Vote(tx *store.Tx, id ID, b Ballot) (Approval, error) {
	a, err := get(tx, id, true)
	if err != nil {
		return a, err
	}
	who, err := people.Read(tx, b.Who.ID)
	if err != nil && !errors.Is(err, people.ErrNobody) {
		return a, err
	}
	twice := slices.ContainsFunc(a.Votes, func(v Cast) bool { return v.Who == b.Who.ID })
	switch {
	case a.State == Expired:
		return a, ErrLate
	case a.State != Waiting:
		// Also for those who have voted: nobody else has to any more.
		return a, ErrDecided
	case twice:
		return a, ErrTwice
	case tx.Now() > a.Until.UnixMilli():
		return a, ErrLate
	case who.ID == a.By && b.Yes:
		return a, ErrOwn
	}
	back := who.ID != "" && who.ID == a.By && !who.Disabled // whoever asked takes it back
	var power people.ID
	if !back {
		if power, err = powerOf(tx, a, who); err != nil {
			return a, err
		}
	}
	switch {
	case b.Facts != "" && b.Facts != a.Facts:
		return a, ErrStale
	case !b.Yes && !back && strings.TrimSpace(b.Reason) == "":
		return a, ErrReason
	}
	yes := 0
	if b.Yes {
		yes = 1
	}
	if _, err := tx.Exec(`INSERT INTO vote(approval, person, power, yes, reason, at) VALUES (?, ?, ?, ?, ?, ?)`,
		string(id), string(who.ID), string(power), yes, b.Reason, tx.Now()); err != nil {
		return a, err
	}
	cast := Cast{Who: who.ID, Yes: b.Yes, Reason: b.Reason, At: time.UnixMilli(tx.Now())}
	if power != who.ID {
		cast.For = power
	}
	a.Votes = append(a.Votes, cast)
	switch {
	case !b.Yes:
		return a, a.end(tx, Denied)
	case a.Left() == 0:
		if err := a.end(tx, Approved); err != nil {
			return a, err
		}
		return a, a.carryOut(tx)
	}
	return a, nil
}

// mostFailures is how often the work on what people approved may fail before it is
// given up: in practice never, since it is money.
const mostFailures = 100_000

// carryOut adds the frozen job.
func (a Approval) carryOut(tx *store.Tx) error {
	return jobs.Add(tx, thawed{a.kind, a.frozen.Args}, jobs.Key(a.key), jobs.Lane(a.frozen.Lane), jobs.Order(a.frozen.Order), jobs.MaxAttempts(mostFailures))
}

// End closes a waiting approval without a vote: [Expired] or [Void]. It tells
// whether it was still waiting.
func End(tx *store.Tx, id ID, s State) (bool, error) {
	n, err := tx.Exec(`UPDATE approval SET state = ?, decided = ? WHERE id = ? AND state = ?`,
		string(s), tx.Now(), string(id), string(Waiting))
	return n == 1, err
}

func (a *Approval) end(tx *store.Tx, s State) error {
	ok, err := End(tx, a.ID, s)
	if err != nil {
		return err
	}
	if !ok {
		return ErrDecided
	}
	a.State, a.Decided = s, time.UnixMilli(tx.Now())
	return nil
}

// Overdue lists waiting approvals that have run out.
func Overdue(tx *store.Tx, limit int) ([]ID, error) {
	return store.Column[ID](tx, `SELECT id FROM approval WHERE state = ? AND until < ? ORDER BY until LIMIT ?`, string(Waiting), tx.Now(), limit)
}

// ListWaiting lists what waits for people, whatever runs out first before the
// rest.
func ListWaiting(tx *store.Tx, limit int) ([]ID, error) {
	return store.Column[ID](tx, `SELECT id FROM approval WHERE state = ? AND until >= ? ORDER BY until, created, id LIMIT ?`, string(Waiting), tx.Now(), limit)
}

// Widen lets more people vote on what still waits.
func Widen(tx *store.Tx, id ID, voters []string) error {
	a, err := get(tx, id, true)
	if err != nil || a.State != Waiting {
		return err
	}
	for _, v := range voters {
		if !slices.Contains(a.Voters, v) {
			a.Voters = append(a.Voters, v)
		}
	}
	_, err = tx.Exec(`UPDATE approval SET voters = ? WHERE id = ? AND state = ?`, strings.Join(a.Voters, " "), string(id), string(Waiting))
	return err
}

// Once tells whether this is the first time that something is done for an
// approval, and remembers it.
func Once(tx *store.Tx, id ID, what string) (bool, error) {
	n, err := tx.Exec(`INSERT INTO approval_mark(approval, what, at) VALUES (?, ?, ?) ON CONFLICT (approval, what) DO NOTHING`,
		string(id), what, tx.Now())
	return n == 1, err
}
