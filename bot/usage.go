package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/store"
	"helloworld/i18n/translate"
)

// Usage keeps count of what translation engines do, in the database: over
// restarts, and over all replicas. It implements [translate.Ledger].
type Usage struct {
	db  *store.DB
	now func() time.Time
}

var _ translate.Ledger = (*Usage)(nil)

// NewUsage makes the ledger on a database. now may be nil.
func NewUsage(db *store.DB, now func() time.Time) *Usage {
	if now == nil {
		now = time.Now
	}
	return &Usage{db, now}
}

// dayOf is the day a call counts for. Budgets go by months in UTC, so days do too.
func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Count writes a call down.
func (u *Usage) Count(ctx context.Context, x translate.Usage) error {
	day, pair := dayOf(x.At), x.From.String()+">"+x.To.String()
	return u.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO engine_usage(day, engine, pair, currency, letters, cost, calls, took) VALUES (?, ?, ?, ?, ?, ?, 1, ?)
			ON CONFLICT (day, engine, pair, currency) DO UPDATE SET letters = engine_usage.letters + excluded.letters, cost = engine_usage.cost + excluded.cost,
			calls = engine_usage.calls + 1, took = engine_usage.took + excluded.took`,
			day, x.Engine, pair, x.Currency, x.Letters, x.Cost, x.Took.Milliseconds()); err != nil {
			return err
		}
		if x.Failed != "" {
			if _, err := tx.Exec(`INSERT INTO engine_failure(day, engine, pair, kind, n) VALUES (?, ?, ?, ?, 1)
				ON CONFLICT (day, engine, pair, kind) DO UPDATE SET n = engine_failure.n + 1`, day, x.Engine, pair, x.Failed); err != nil {
				return err
			}
		}
		if x.Failed != "" && !slices.Contains(broken, x.Failed) {
			return nil // that it wants to wait, or has not these languages, is no fault
		}
		fails := 0
		if x.Failed != "" {
			fails = 1
		}
		// A call that worked begins the counting anew.
		_, err := tx.Exec(`INSERT INTO engine_state(engine, kind, fails, at) VALUES (?, ?, ?, ?)
			ON CONFLICT (engine) DO UPDATE SET kind = excluded.kind, at = excluded.at,
			fails = CASE WHEN excluded.kind = '' THEN 0 ELSE engine_state.fails + 1 END`, x.Engine, x.Failed, fails, x.At.UnixMilli())
		return err
	})
}

// Spent is what an engine got and cost since a moment, whole days counted.
func (u *Usage) Spent(ctx context.Context, engine string, since time.Time) (letters, cost int64, err error) {
	err = u.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT COALESCE(SUM(letters), 0), COALESCE(SUM(cost), 0) FROM engine_usage WHERE engine = ? AND day >= ?`,
			engine, dayOf(since)).Scan(&letters, &cost)
	})
	return letters, cost, err
}

// Budget writes down how much of its month's budget an engine has used. The desk
// tells people on its next round.
func (u *Usage) Budget(ctx context.Context, engine string, percent int) error {
	return u.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO engine_state(engine, month, percent) VALUES (?, ?, ?)
			ON CONFLICT (engine) DO UPDATE SET percent = CASE WHEN engine_state.month = excluded.month AND engine_state.percent > excluded.percent
			THEN engine_state.percent ELSE excluded.percent END, month = excluded.month`, engine, budgetMonth(u.now()), percent)
		return err
	})
}

func budgetMonth(t time.Time) string { return t.UTC().Format("2006-01") }

// broken are the failures that a person has to mend, if they go on.
var broken = []string{translate.Denied.String(), translate.Quota.String(), translate.Down.String(), translate.BadAnswer.String(), translate.Failed.String()}

const (
	// failsEnough is how often in a row an engine fails before that is news: one
	// call can fail by chance. A key that is refused is news at once.
	failsEnough = 3
	// failsFor is how long an engine that nobody asked again counts as broken: it
	// may have left the configuration.
	failsFor = 24 * time.Hour
)

// watchEngines tells people of engines that fail and of budgets that run out, and
// ends the news when it is over.
func (d *Desk) watchEngines(tx *store.Tx) error {
	now := time.UnixMilli(tx.Now())
	rows, err := tx.Query(`SELECT engine, kind, fails, at, month, percent FROM engine_state ORDER BY engine`)
	if err != nil {
		return err
	}
	var denied, down, tight []string
	most := int64(0)
	for rows.Next() {
		var engine, kind, month string
		var fails, at, percent int64
		if err := rows.Scan(&engine, &kind, &fails, &at, &month, &percent); err != nil {
			rows.Close()
			return err
		}
		switch refused := kind == translate.Denied.String() || kind == translate.Quota.String(); {
		case now.Sub(time.UnixMilli(at)) > failsFor:
		case refused && fails > 0:
			denied = append(denied, engine)
		case fails >= failsEnough:
			down = append(down, engine)
		}
		if month == budgetMonth(now) && percent >= 80 {
			tight, most = append(tight, engine), max(most, percent)
		}
	}
	if err := rows.Close(); err != nil {
		return err
	}
	if err := rows.Err(); err != nil {
		return err
	}
	what := "down"
	if len(denied) > 0 {
		what = "denied"
	}
	if err := d.wordsNews(tx, alerts.Words, what, append(denied, down...), ""); err != nil {
		return err
	}
	what = "near"
	if most >= 100 {
		what = "used"
	}
	return d.wordsNews(tx, alerts.Budget, what, tight, strconv.FormatInt(most, 10))
}

// wordsNews keeps the one alert of a kind in step with the engines it is about.
// Only what is new is told: the round comes every minute.
func (d *Desk) wordsNews(tx *store.Tx, kind, what string, engines []string, n string) error {
	if len(engines) == 0 {
		return d.ended(tx, kind, "")
	}
	names := strings.Join(engines, ",")
	live, err := alerts.Live(tx, "")
	if err != nil {
		return err
	}
	for _, a := range live {
		if a.Kind != kind || a.Store != "" {
			continue
		}
		if a.Detail["what"] == what && a.Detail["engines"] == names {
			return nil
		}
		// Another card: the old one may stand far above, and somebody took it on as it was.
		old, _, err := alerts.Supersede(tx, kind, "")
		if err != nil {
			return err
		}
		if err := d.Repaint(tx, "alert:"+old.ID); err != nil {
			return err
		}
	}
	severity := alerts.Warning
	if what == "denied" || what == "used" {
		severity = alerts.Critical
	}
	return d.fire(tx, alerts.News{Kind: kind, Severity: severity, Detail: map[string]string{"what": what, "engines": names, "n": n}})
}
