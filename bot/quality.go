package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n/translate"
)

// QualityArgs is the round that looks after the engines' alerts, and on Mondays
// reports how the translations did.
type QualityArgs struct{}

// Kind names the job.
func (QualityArgs) Kind() string { return "quality" }

const (
	// qualityEvery is how often the round is made.
	qualityEvery = time.Minute
	// reportHour is when on a Monday, by the desk's own clock, the report comes.
	reportHour = 9
	// eventsKept is how long what became of drafts is kept: a year and a month, so
	// that a week can be held against last year's.
	eventsKept = 396 * 24 * time.Hour
	// mostMissed is how many of the wordings that were missing are listed.
	mostMissed = 10
)

// What becomes of a draft, as it is counted.
const (
	wordsWritten = "written"
	wordsEdited  = "edited"
	wordsSent    = "sent"
	wordsFinding = "finding"
	wordsTerm    = "term"
	// autoSent is the detail of a sending that nobody pressed.
	autoSent = "auto"
)

// noteWords counts what became of a draft. It has to be in the same transaction;
// what it keeps has no text: codes, grades, and ids of glossary entries.
func (d *Desk) noteWords(tx *store.Tx, draft, what string, r translate.Result) error {
	note := func(kind, detail string) error {
		_, err := tx.Exec(`INSERT INTO word_event(at, store, draft, kind, detail)
			SELECT CAST(? AS BIGINT), store, id, CAST(? AS TEXT), CAST(? AS TEXT) FROM draft WHERE id = ?`, tx.Now(), kind, detail, draft)
		return err
	}
	if what == wordsSent {
		_, err := tx.Exec(`INSERT INTO word_event(at, store, draft, kind, detail)
			SELECT CAST(? AS BIGINT), store, id, CAST(? AS TEXT), CASE WHEN sent_by = ? THEN CAST(? AS TEXT) ELSE '' END FROM draft WHERE id = ?`,
			tx.Now(), wordsSent, string(people.Desk), autoSent, draft)
		return err
	}
	if err := note(what, string(r.Grade)); err != nil {
		return err
	}
	for _, f := range r.Findings {
		code := strings.TrimPrefix(f.Code, "finding.")
		if err := note(wordsFinding, string(f.Severity)+"/"+code); err != nil {
			return err
		}
		if code != "term_missing" {
			continue
		}
		if i := slices.IndexFunc(r.Terms, func(h translate.TermHit) bool { return h.Target == f.What || h.Source == f.What }); i >= 0 {
			if err := note(wordsTerm, r.Terms[i].ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Desk) quality(ctx context.Context, j jobs.Job[QualityArgs]) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := d.watchEngines(tx); err != nil {
			return err
		}
		if err := d.reportWeek(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM word_event WHERE at < ?`, tx.Now()-eventsKept.Milliseconds()); err != nil {
			return err
		}
		return j.Done(tx)
	})
}

// week is from one Monday to the next.
type week struct{ Starts, Ends time.Time }

// Key names it as ISO 8601 does: 2026-W47.
func (w week) Key() string {
	year, n := w.Starts.ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, n)
}

// before is the week before. Days are counted by the calendar, since not all have
// 24 hours.
func (w week) before() week { return week{w.Starts.AddDate(0, 0, -7), w.Starts} }

// lastWeek is the last one that is over.
func lastWeek(now time.Time, zone *time.Location) week {
	now = now.In(zone)
	monday := now.Day() - (int(now.Weekday())+6)%7
	at := func(day int) time.Time { return time.Date(now.Year(), now.Month(), day, 0, 0, 0, 0, zone) }
	return week{at(monday - 7), at(monday)}
}

// dueWeek is the last one whose report is due.
func dueWeek(now time.Time, zone *time.Location) week {
	w := lastWeek(now, zone)
	y, m, day := w.Ends.Date()
	if now.Before(time.Date(y, m, day, reportHour, 0, 0, 0, zone)) {
		return w.before()
	}
	return w
}

// reportWeek puts up the report that is due, once: the week is written down in
// the transaction that posts it.
func (d *Desk) reportWeek(tx *store.Tx) error {
	now := time.UnixMilli(tx.Now())
	var known int
	if err := tx.Row(`SELECT COUNT(*) FROM quality_week`).Scan(&known); err != nil {
		return err
	}
	take := func(w week) (bool, error) {
		n, err := tx.Exec(`INSERT INTO quality_week(week, starts, ends, at) VALUES (?, ?, ?, ?) ON CONFLICT (week) DO NOTHING`,
			w.Key(), w.Starts.UnixMilli(), w.Ends.UnixMilli(), tx.Now())
		return n > 0, err
	}
	if known == 0 {
		// A desk that has just been set up has nothing to say about last week.
		_, err := take(lastWeek(now, d.Zone))
		return err
	}
	w := dueWeek(now, d.Zone)
	// After a change of zone, or of the clock, no older week comes up again.
	var newest int64
	if err := tx.Row(`SELECT COALESCE(MAX(ends), 0) FROM quality_week`).Scan(&newest); err != nil || w.Starts.UnixMilli() < newest-36*time.Hour.Milliseconds() {
		return err
	}
	fresh, err := take(w)
	if err != nil || !fresh {
		return err
	}
	channels := d.channels(TopicApprovals, "")
	for _, c := range channels {
		if err := d.Show(tx, "quality:"+w.Key()+ofStores(c), c.Place, c.Lang); err != nil {
			return err
		}
	}
	if len(channels) == 0 {
		d.Log.Info("no channel is for the weekly report on translations", "week", w.Key())
	}
	return nil
}

// ofStores is the part of a report's name that says which stores it is about;
// empty means all.
func ofStores(c Channel) string {
	if slices.Contains(c.Stores, people.EveryStore) {
		return ""
	}
	return "/" + strings.Join(slices.Sorted(slices.Values(c.Stores)), ",")
}

// figures are how translations did in a week.
type figures struct {
	// Written are drafts, Looked those that a person had to look at, Edited those
	// that were changed before they went; Auto are the sent ones nobody pressed.
	Written, Looked, Edited, Sent, Auto int64
	// Approved are words that were approved for the glossary.
	Approved int64
	Grades   map[string]int64
	// Found counts findings, by group.
	Found  map[string]int64
	Missed []missed
	// Engines are nil in a report about some stores only: calls are not counted by store.
	Engines []engineFigures
}

// missed is a glossary entry whose wording was not in a translation.
type missed struct {
	Entry string
	N     int64
}

type engineFigures struct {
	Name                   string
	Calls, Letters, Failed int64
	// Kinds are the failures by kind, Cost what it cost in each currency.
	Kinds map[string]int64
	Cost  []connectors.Money
}

func (f figures) empty() bool {
	return f.Written+f.Sent+f.Approved == 0 && len(f.Engines) == 0
}

// figuresOf counts a week, of some stores or, with none, of all.
func figuresOf(tx *store.Tx, w week, stores []string) (figures, error) {
	f := figures{Grades: map[string]int64{}, Found: map[string]int64{}}
	in := `at >= ? AND at < ?`
	args := []any{w.Starts.UnixMilli(), w.Ends.UnixMilli()}
	if len(stores) > 0 {
		in += ` AND store IN (?` + strings.Repeat(`, ?`, len(stores)-1) + `)`
		for _, s := range stores {
			args = append(args, s)
		}
	}
	drafts := func(kind string) string { return `SELECT draft FROM word_event WHERE kind = '` + kind + `' AND ` + in }
	for _, q := range []struct {
		into *int64
		sql  string
		args []any
	}{
		{&f.Written, `SELECT COUNT(DISTINCT draft) FROM word_event WHERE kind = 'written' AND ` + in, args},
		{&f.Looked, `SELECT COUNT(DISTINCT draft) FROM word_event WHERE kind = 'finding' AND (detail LIKE 'block/%' OR detail LIKE 'review/%') AND draft IN (` + drafts(wordsWritten) + `)`, args},
		{&f.Sent, `SELECT COUNT(DISTINCT draft) FROM word_event WHERE kind = 'sent' AND ` + in, args},
		{&f.Auto, `SELECT COUNT(DISTINCT draft) FROM word_event WHERE kind = 'sent' AND detail = 'auto' AND ` + in, args},
		{&f.Edited, `SELECT COUNT(DISTINCT draft) FROM word_event WHERE kind = 'edited' AND draft IN (` + drafts(wordsSent) + `)`, args},
	} {
		if err := tx.Row(q.sql, q.args...).Scan(q.into); err != nil {
			return f, err
		}
	}
	err := tally(tx, `SELECT detail, COUNT(*) FROM word_event WHERE kind = 'written' AND `+in+` GROUP BY detail`, args, func(grade string, n int64) { f.Grades[grade] += n })
	if err != nil {
		return f, err
	}
	err = tally(tx, `SELECT detail, COUNT(*) FROM word_event WHERE kind = 'finding' AND `+in+` GROUP BY detail`, args, func(detail string, n int64) {
		_, code, _ := strings.Cut(detail, "/")
		f.Found[groupOf(code)] += n
	})
	if err != nil {
		return f, err
	}
	err = tally(tx, `SELECT detail, COUNT(*) AS n FROM word_event WHERE kind = 'term' AND `+in+` GROUP BY detail ORDER BY n DESC, detail LIMIT `+fmt.Sprint(mostMissed),
		args, func(entry string, n int64) { f.Missed = append(f.Missed, missed{entry, n}) })
	if err != nil || len(stores) > 0 {
		return f, err
	}
	_, since, err := TermCounts(tx, w.Starts)
	if err != nil {
		return f, err
	}
	_, later, err := TermCounts(tx, w.Ends)
	if err != nil {
		return f, err
	}
	f.Approved = int64(since - later)
	f.Engines, err = enginesOf(tx, w)
	return f, err
}

func tally(tx *store.Tx, query string, args []any, each func(name string, n int64)) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return err
		}
		each(name, n)
	}
	return rows.Err()
}

// enginesOf counts what engines did on the week's days. Those are the calendar's
// days in UTC, so that every day counts in one week.
func enginesOf(tx *store.Tx, w week) ([]engineFigures, error) {
	days := []any{w.Starts.Format(time.DateOnly), w.Ends.Format(time.DateOnly)}
	rows, err := tx.Query(`SELECT engine, currency, SUM(calls), SUM(letters), SUM(cost) FROM engine_usage WHERE day >= ? AND day < ?
		GROUP BY engine, currency ORDER BY engine, currency`, days...)
	if err != nil {
		return nil, err
	}
	var out []engineFigures
	for rows.Next() {
		var name, currency string
		var calls, letters, cost int64
		if err := rows.Scan(&name, &currency, &calls, &letters, &cost); err != nil {
			rows.Close()
			return nil, err
		}
		if len(out) == 0 || out[len(out)-1].Name != name {
			out = append(out, engineFigures{Name: name, Kinds: map[string]int64{}})
		}
		e := &out[len(out)-1]
		e.Calls, e.Letters = e.Calls+calls, e.Letters+letters
		if cost > 0 && currency != "" {
			e.Cost = append(e.Cost, rounded(cost, currency))
		}
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range out {
		e := &out[i]
		err := tally(tx, `SELECT kind, SUM(n) FROM engine_failure WHERE day >= ? AND day < ? AND engine = ? GROUP BY kind`, append(slices.Clone(days), e.Name),
			func(kind string, n int64) { e.Kinds[kind], e.Failed = n, e.Failed+n })
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rounded turns millionths into the currency's own unit, up: what cost something
// is not shown as nothing.
func rounded(millionths int64, currency string) connectors.Money {
	unit := int64(1_000_000)
	for range connectors.Exponent(currency) {
		unit /= 10
	}
	return connectors.Money{Minor: (millionths + unit - 1) / unit, Currency: currency}
}

// groups put the codes of findings together, by how they begin; what none fits is
// about the facts.
var groups = []struct {
	name   string
	begins []string
}{
	{"rules", []string{"lint."}},
	{"terms", []string{"term_"}},
	{"confirm", []string{"confirm_"}},
	{"engine", []string{"engine_", "no_engine", "local_only", "repaired", "preamble"}},
	{"language", []string{"wrong_language", "echo", "too_short", "too_long", "empty", "language_", "informal", "punctuation"}},
}

func groupOf(code string) string {
	for _, g := range groups {
		if slices.ContainsFunc(g.begins, func(b string) bool { return strings.HasPrefix(code, b) }) {
			return g.name
		}
	}
	return "facts"
}
