package alerts

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"helloworld/bot/store"
)

// Severity is how grave an alert is.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
)

// State is where an alert stands.
type State string

// The states.
const (
	Firing       State = "firing"
	Acknowledged State = "acknowledged"
	Resolved     State = "resolved"
)

// The kinds of news that inhibit others, or are inhibited.
const (
	// Token: the seller has to grant access again, or our application is broken.
	Token = "token"
	// Sync: a store cannot be read.
	Sync = "sync"
	// Send: a message or refund could not be delivered to a store.
	Send = "send"
	// Dead: a job was given up.
	Dead = "dead"
	// Mail: mail to a buyer was refused.
	Mail = "mail"
	// Calendar: a day comes on which something of an account ends.
	Calendar = "calendar"
	// Hooks: a platform has stopped calling us, or strangers call in its name.
	Hooks = "hooks"
	// Privacy: a platform asks for buyers' data, or to forget somebody.
	Privacy = "privacy"
	// Words: a translation engine fails.
	Words = "words"
	// Budget: a translation engine's month is nearly used up.
	Budget = "budget"
	// Ledger: what we gave back is not what the platform shows.
	Ledger = "ledger"
)

// inhibits says which kinds a firing kind hides in the same store.
var inhibits = map[string][]string{Token: {Sync}}

// News is something that may be worth a person.
type News struct {
	Kind, Store string
	Severity    Severity
	// About tells several alerts of a kind in a store apart; empty where there is one.
	About string
	// Detail is what the card shows: codes, links, counts. No secrets.
	Detail map[string]string
}

// Alert is news that was worth a person.
type Alert struct {
	ID, Kind, Store    string
	Severity           Severity
	State              State
	Count, Hidden      int64
	First, Last, Ended time.Time
	AckedBy            string
	Detail             map[string]string
}

// Verdict is what the pipeline made of news.
type Verdict string

// The verdicts.
const (
	// Fresh: somebody has to be told.
	Fresh Verdict = "fresh"
	// Again: the card that is there counts up.
	Again Verdict = "again"
	// Silenced: a person asked not to be told.
	Silenced Verdict = "silenced"
	// Inhibited: a graver alert explains it; that one's card counts up.
	Inhibited Verdict = "inhibited"
)

const columns = `id, kind, store, severity, state, count, hidden, first_at, last_at, ended_at, acked_by, detail`

// ErrNone: no such alert.
var ErrNone = errors.New("alerts: no such alert")

// Fire takes news in. The alert it returns is the one whose card changes: with
// Inhibited that of the graver one.
func Fire(tx *store.Tx, n News) (Alert, Verdict, error) {
	silenced, err := isSilenced(tx, n)
	if err != nil || silenced {
		return Alert{}, Silenced, err
	}
	if a, ok, err := inhibitor(tx, n); err != nil || ok {
		return a, Inhibited, err
	}
	return group(tx, n)
}

func isSilenced(tx *store.Tx, n News) (bool, error) {
	var k int
	err := tx.Row(`SELECT COUNT(*) FROM silence WHERE (kind = ? OR kind = '') AND (store = ? OR store = '') AND until > ?`,
		n.Kind, n.Store, tx.Now()).Scan(&k)
	return k > 0, err
}

func inhibitor(tx *store.Tx, n News) (Alert, bool, error) {
	for by, hides := range inhibits {
		for _, k := range hides {
			if k != n.Kind {
				continue
			}
			a, err := scan(tx.Row(`UPDATE alert SET hidden = hidden + 1, last_at = ? WHERE live = ? RETURNING `+columns,
				tx.Now(), live(by, n.Store, "")))
			if err == nil || !errors.Is(err, ErrNone) {
				return a, err == nil, err
			}
		}
	}
	return Alert{}, false, nil
}

func live(kind, storeID, about string) string {
	if about == "" {
		return kind + "/" + storeID
	}
	return kind + "/" + storeID + "/" + about
}

func group(tx *store.Tx, n News) (Alert, Verdict, error) {
	detail, err := json.Marshal(n.Detail)
	if err != nil {
		return Alert{}, "", err
	}
	a, err := scan(tx.Row(`INSERT INTO alert(id, kind, store, severity, state, live, count, first_at, last_at, detail)
		VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
		ON CONFLICT (live) DO UPDATE SET count = alert.count + 1, last_at = excluded.last_at, detail = excluded.detail
		RETURNING `+columns,
		tx.NewID(), n.Kind, n.Store, string(n.Severity), string(Firing), live(n.Kind, n.Store, n.About), tx.Now(), tx.Now(), string(detail)))
	if err != nil {
		return a, "", err
	}
	if a.Count == 1 {
		return a, Fresh, nil
	}
	return a, Again, nil
}

// SaidAfter tells whether an alert was said, or said again, after a time, and goes
// on.
func SaidAfter(tx *store.Tx, kind, storeID string, at time.Time) (bool, error) {
	var later int
	err := tx.Row(`SELECT COUNT(*) FROM alert WHERE live = ? AND last_at > ?`, live(kind, storeID, ""), at.UnixMilli()).Scan(&later)
	return later > 0, err
}

// Resolve ends an alert because the thing works again. It tells whether there
// was one.
func Resolve(tx *store.Tx, kind, storeID string) (Alert, bool, error) {
	return ResolveAbout(tx, kind, storeID, "")
}

// ResolveAbout is [Resolve] for one of several of a kind in a store.
func ResolveAbout(tx *store.Tx, kind, storeID, about string) (Alert, bool, error) {
	a, err := scan(tx.Row(`UPDATE alert SET state = ?, live = NULL, ended_at = ? WHERE live = ? RETURNING `+columns,
		string(Resolved), tx.Now(), live(kind, storeID, about)))
	if errors.Is(err, ErrNone) {
		return a, false, nil
	}
	return a, err == nil, err
}

// Superseded in an alert's detail says that a newer one took its place.
const Superseded = "superseded"

// Supersede ends an alert because a newer one takes its place. It tells whether
// there was one.
func Supersede(tx *store.Tx, kind, storeID string) (Alert, bool, error) {
	a, was, err := Resolve(tx, kind, storeID)
	if err != nil || !was {
		return a, was, err
	}
	if a.Detail == nil {
		a.Detail = map[string]string{}
	}
	a.Detail[Superseded] = "yes"
	detail, err := json.Marshal(a.Detail)
	if err != nil {
		return a, true, err
	}
	_, err = tx.Exec(`UPDATE alert SET detail = ? WHERE id = ?`, string(detail), a.ID)
	return a, true, err
}

// Ack says that somebody looks after it. A resolved alert stays resolved.
func Ack(tx *store.Tx, id, who string) (Alert, error) {
	if _, err := tx.Exec(`UPDATE alert SET state = ?, acked_by = ? WHERE id = ? AND state = ?`,
		string(Acknowledged), who, id, string(Firing)); err != nil {
		return Alert{}, err
	}
	return Get(tx, id)
}

// Get reads an alert.
func Get(tx *store.Tx, id string) (Alert, error) {
	return scan(tx.Row(`SELECT `+columns+` FROM alert WHERE id = ?`, id))
}

// Live lists what is wrong now in the given store ("" for all), gravest first.
func Live(tx *store.Tx, storeID string) ([]Alert, error) {
	rows, err := tx.Query(`SELECT `+columns+` FROM alert WHERE live IS NOT NULL AND (store = ? OR ? = '')
		ORDER BY severity, first_at`, storeID, storeID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Alert
	for rows.Next() {
		a, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// Silence keeps news of a kind and store quiet until a time.
func Silence(tx *store.Tx, kind, storeID string, until time.Time, who string) error {
	_, err := tx.Exec(`INSERT INTO silence(id, kind, store, until, by_who) VALUES (?, ?, ?, ?, ?)`,
		tx.NewID(), kind, storeID, until.UnixMilli(), who)
	return err
}

type scanner interface{ Scan(...any) error }

func scan(r scanner) (Alert, error) {
	var a Alert
	var first, last, ended int64
	var detail string
	err := r.Scan(&a.ID, &a.Kind, &a.Store, &a.Severity, &a.State, &a.Count, &a.Hidden, &first, &last, &ended, &a.AckedBy, &detail)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrNone
	}
	if err != nil {
		return a, err
	}
	a.First, a.Last = time.UnixMilli(first), time.UnixMilli(last)
	if ended > 0 {
		a.Ended = time.UnixMilli(ended)
	}
	return a, json.Unmarshal([]byte(detail), &a.Detail)
}
