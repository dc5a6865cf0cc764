package jobs

import (
	"encoding/json"
	"fmt"
	"strings"

	"helloworld/bot/store"
)

// A live row is one with dead = 0. It runs while it has an owner, until run_at;
// without one, run_at is when it may start.
const (
	sqlLockOrder = `SELECT pg_advisory_xact_lock(hashtextextended(?, 1))`

	sqlOrderTaken = `SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE ord = ? AND ord <> '' AND dead = 0 LIMIT 1) AS t`

	// sqlKeepTurn keeps the turn of the row that has it from those that go ahead.
	// On PostgreSQL it also waits for whoever ends that row just now.
	sqlKeepTurn = `UPDATE job SET rank = 0 WHERE id = (
		SELECT id FROM job WHERE ord = ? AND ord <> '' AND dead = 0 ORDER BY rank, id LIMIT 1) AND dead = 0`

	sqlInsert = `INSERT INTO job (lane, kind, args, ord, rank, key, run_at, owner, run, attempt, max_attempts, created, error, dead, told)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0) ON CONFLICT DO NOTHING RETURNING id`

	sqlByKey = `SELECT id FROM job WHERE key = ? AND key <> '' AND dead = 0`

	sqlFinish = `DELETE FROM job WHERE id = ? AND owner = ? AND run = ?`

	// sqlHead is the row whose turn it is in an order.
	sqlHead = `SELECT id, lane, kind, args, ord, key, run_at, owner, run, attempt, ends, max_attempts, error, created
		FROM job WHERE ord = ? AND ord <> '' AND dead = 0 ORDER BY rank, id LIMIT 1`

	sqlClaimOne = `UPDATE job SET owner = ?, run_at = ?, run = run + 1, attempt = attempt + 1
		WHERE id = ? AND owner = '' AND dead = 0 AND run = ?`

	// sqlLater gives a row back, to be run at another time. The first two arguments
	// are added to the attempts and to the runs that ended with their process.
	sqlLater = `UPDATE job SET owner = '', attempt = attempt + CAST(? AS BIGINT), ends = ends + CAST(? AS BIGINT), run_at = ?, error = ?
		WHERE id = ? AND owner = ? AND run = ?`

	// sqlMoveBack moves what waits along with a clock that was set back.
	sqlMoveBack = `UPDATE job SET run_at = run_at - ? WHERE owner = '' AND dead = 0 AND run_at > ?`

	sqlBury = `UPDATE job SET owner = '', dead = ?, error = ? WHERE id = ? AND owner = ? AND run = ?`

	sqlTold   = `UPDATE job SET told = 1 WHERE id = ?`
	sqlUntold = sqlDeadRows + ` AND told = 0 ORDER BY dead, id LIMIT ?`

	sqlDeadRows = `SELECT id, kind, args, lane, ord, key, attempt, max_attempts, error, created, dead FROM job WHERE dead <> 0`
	sqlDead     = sqlDeadRows + ` ORDER BY dead DESC, id DESC LIMIT ?`
	sqlDeadOne  = sqlDeadRows + ` AND id = ?`
	sqlDrop     = `DELETE FROM job WHERE id = ? AND dead <> 0`

	sqlNearest = `SELECT MIN(run_at) FROM job WHERE lane = ? AND dead = 0 AND run_at > ?`

	sqlCounts = `SELECT
		COALESCE(SUM(CASE WHEN run_at <= ? THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN run_at > ? AND owner <> '' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN run_at > ? AND owner = '' THEN 1 ELSE 0 END), 0)
		FROM job WHERE dead = 0`
	sqlDeadCount = `SELECT COUNT(*) FROM job WHERE dead <> 0`

	sqlScheduleNew  = `INSERT INTO schedule (name, next_at) VALUES (?, ?) ON CONFLICT DO NOTHING`
	sqlScheduleNext = `SELECT next_at FROM schedule WHERE name = ?`
	sqlScheduleMove = `UPDATE schedule SET next_at = ? WHERE name = ? AND next_at = ?`
)

// marks is n question marks.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// turn is the condition that no job lives that is before it in the same order.
const turn = `(j.ord = '' OR NOT EXISTS (SELECT 1 FROM job e
	WHERE e.ord = j.ord AND e.ord <> '' AND e.dead = 0 AND (e.rank, e.id) < (j.rank, j.id)))`

// claimSQL takes rows of a lane whose kind is one of n and whose turn it is. A
// bare parameter as the limit would have SQLite compile it anew at each call,
// since it looks at its value when it plans.
func claimSQL(db *store.DB, n int) string {
	lock := ""
	if db.Kind() == store.Postgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	return fmt.Sprintf(`WITH picked AS MATERIALIZED (
		SELECT j.id FROM job j
		WHERE j.dead = 0 AND j.lane = ? AND j.run_at <= ? AND j.kind IN (%s) AND %s
		ORDER BY j.run_at, j.id LIMIT 0 + ?%s)
	UPDATE job SET owner = ?, run_at = ?, run = run + 1,
		attempt = attempt + CASE WHEN owner = '' THEN 1 ELSE 0 END, ends = ends + CASE WHEN owner = '' THEN 0 ELSE 1 END
	WHERE id IN (SELECT id FROM picked)
	RETURNING id, lane, kind, args, ord, key, owner, run, attempt, ends, max_attempts, error, created`, marks(n), turn, lock)
}

// readySQL counts what could run now, or runs, of n kinds in m lanes.
func readySQL(n, m int) string {
	return fmt.Sprintf(`SELECT COUNT(*) FROM job j WHERE j.dead = 0 AND (j.owner <> '' OR j.run_at <= ?)
		AND j.kind IN (%s) AND j.lane IN (%s) AND (j.owner <> '' OR %s)`, marks(n), marks(m), turn)
}

// strangersSQL lists kinds and lanes that wait and that this engine has nobody
// for.
func strangersSQL(n, m int) string {
	return fmt.Sprintf(`SELECT DISTINCT kind, lane FROM job WHERE dead = 0 AND owner = '' AND run_at <= ?
		AND (kind NOT IN (%s) OR lane NOT IN (%s)) ORDER BY kind, lane LIMIT 20`, marks(n), marks(m))
}

// takeOverSQL frees the rows of owners other than n, whose process has ended.
func takeOverSQL(n int) string {
	return fmt.Sprintf(`UPDATE job SET owner = '', run_at = ?, attempt = attempt - 1, ends = ends + 1 WHERE dead = 0 AND owner <> '' AND owner NOT IN (%s)`, marks(n))
}

// extendSQL extends the leases of a list of ids, given as JSON.
func extendSQL(db *store.DB) string {
	list := `SELECT value FROM json_each(?)`
	if db.Kind() == store.Postgres {
		list = `SELECT CAST(x AS BIGINT) FROM json_array_elements_text(CAST(? AS JSON)) AS x`
	}
	return `UPDATE job SET run_at = ? WHERE owner = ? AND dead = 0 AND id IN (` + list + `) RETURNING id, run`
}

func jsonList(ids []int64) (string, error) {
	b, err := json.Marshal(ids)
	return string(b), err
}

// row is what both a single row and one of many can be read from.
type row interface{ Scan(dest ...any) error }

func scanDead(r row) (d DeadJob, err error) {
	var args string
	var created, died int64
	err = r.Scan(&d.ID, &d.Kind, &args, &d.Lane, &d.Order, &d.Key, &d.Attempt, &d.MaxAttempts, &d.Error, &created, &died)
	d.Args = json.RawMessage(args)
	d.Created, d.Died = fromMilli(created), fromMilli(died)
	return d, err
}
