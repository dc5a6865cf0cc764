package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"helloworld/bot/store"
)

// DeadJob is a job that will not be tried again by itself.
type DeadJob struct {
	ID                   int64
	Kind                 string
	Args                 json.RawMessage
	Lane, Order, Key     string
	Attempt, MaxAttempts int
	// Error is how the last attempt ended.
	Error         string
	Created, Died time.Time
}

// Counts are how many jobs there are.
type Counts struct {
	// Ready are due and wait for a worker, or for their turn.
	Ready int
	// Running are at work, or about to be.
	Running int
	// Scheduled are not due yet.
	Scheduled int
	// Dead have been given up.
	Dead int
}

var (
	// ErrNotDead is returned by Retry and Drop for a job that is not dead.
	ErrNotDead = errors.New("jobs: there is no dead job of that number")
	// ErrKeyTaken is returned by Retry when a newer job does the same.
	ErrKeyTaken = errors.New("jobs: a newer job with the same key is alive already")
)

// Counts counts the jobs of all engines.
func (e *Engine) Counts(ctx context.Context) (c Counts, err error) {
	err = e.db.Read(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		return errors.Join(
			tx.Row(sqlCounts, now, now, now).Scan(&c.Ready, &c.Running, &c.Scheduled),
			tx.Row(sqlDeadCount).Scan(&c.Dead))
	})
	return c, err
}

// Dead lists dead jobs, the latest first.
func (e *Engine) Dead(ctx context.Context, limit int) ([]DeadJob, error) {
	return e.deadRows(ctx, sqlDead, limit)
}

func (e *Engine) deadRows(ctx context.Context, query string, limit int) (all []DeadJob, err error) {
	err = e.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(query, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			d, err := scanDead(rows)
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		return rows.Err()
	})
	return all, err
}

// Retry has a dead job tried again from the start. It gets a new number, and
// its place is at the end of its order, since those behind it have gone on.
func (e *Engine) Retry(ctx context.Context, id int64) error {
	return e.db.Write(ctx, func(tx *store.Tx) error {
		d, err := scanDead(tx.Row(sqlDeadOne, id))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotDead
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(sqlDrop, id); err != nil {
			return err
		}
		_, added, err := insert(tx, &claim{kind: d.Kind, args: string(d.Args), ord: d.Order, key: d.Key, max: d.MaxAttempts},
			d.Lane, tx.Now())
		if err == nil && !added {
			return ErrKeyTaken
		}
		return err
	})
}

// Drop removes a dead job.
func (e *Engine) Drop(ctx context.Context, id int64) error {
	return e.db.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(sqlDrop, id)
		if err == nil && n == 0 {
			return ErrNotDead
		}
		return err
	})
}

// Idle waits until none of the jobs this engine can do is ready or running. It
// waits for Run to have begun.
func (e *Engine) Idle(ctx context.Context) error {
	select {
	case <-e.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	query := readySQL(len(e.kindArgs), len(e.laneArgs))
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		n, err := e.busy(ctx, query)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("jobs: %d were not done: %w", n, ctx.Err())
		}
	}
}

func (e *Engine) busy(ctx context.Context, query string) (n int, err error) {
	e.heldMu.Lock()
	held := len(e.held)
	e.heldMu.Unlock()
	if held > 0 {
		return held, nil
	}
	err = e.db.Read(ctx, func(tx *store.Tx) error {
		args := append([]any{tx.Now()}, e.kindArgs...)
		return tx.Row(query, append(args, e.laneArgs...)...).Scan(&n)
	})
	return n, err
}

// reportStrangers says once what waits and cannot be done here.
func (e *Engine) reportStrangers(ctx context.Context) {
	type stranger struct{ kind, lane string }
	var found []stranger
	err := e.db.Read(ctx, func(tx *store.Tx) error {
		args := append([]any{tx.Now()}, e.kindArgs...)
		rows, err := tx.Query(strangersSQL(len(e.kindArgs), len(e.laneArgs)), append(args, e.laneArgs...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s stranger
			if err := rows.Scan(&s.kind, &s.lane); err != nil {
				return err
			}
			found = append(found, s)
		}
		return rows.Err()
	})
	if err != nil && ctx.Err() == nil {
		e.log.Error("looking for unknown jobs failed", "error", err)
	}
	for _, s := range found {
		if name := s.kind + "\x00" + s.lane; !e.strangers[name] {
			e.strangers[name] = true
			e.log.Warn("jobs wait that nobody here can do; they are kept", "kind", s.kind, "lane", s.lane)
		}
	}
}
