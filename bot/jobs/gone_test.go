package jobs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// A run that gives its row up itself is still held for a moment. If the leases
// are extended just then, nothing was lost, and nobody is to be stopped for it.
func TestWhatARunGivesUpItselfIsNotLost(t *testing.T) {
	ends := map[string]func(e *Engine, tx *store.Tx, c *claim) error{
		"finished":  func(e *Engine, tx *store.Tx, c *claim) error { return e.finish(tx, c) },
		"put back":  func(e *Engine, tx *store.Tx, c *claim) error { return e.putBack(tx, c, 0, 0, 0, "again") },
		"put aside": func(e *Engine, tx *store.Tx, c *claim) error { return e.putBack(tx, c, -1, 0, time.Hour, "later") },
		"buried": func(e *Engine, tx *store.Tx, c *claim) error {
			_, err := e.bury(tx, c, errEnds)
			return err
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				e, said := quiet(db)
				c, ctx := holding(t, e)
				broken := errors.New("the transaction is taken back")
				if err := db.Write(t.Context(), func(tx *store.Tx) error { return errors.Join(end(e, tx, c), broken) }); !errors.Is(err, broken) {
					t.Fatal(err)
				}
				e.extend(t.Context())
				if c.ended.Load() || c.lost.Load() {
					t.Fatal("what was taken back counts")
				}
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					// It is committed, and nobody has heard of it yet.
					tx.After(func() { e.extend(t.Context()) })
					return end(e, tx, c)
				})
				if err != nil {
					t.Fatal(err)
				}
				e.extend(t.Context())
				if c.lost.Load() || ctx.Err() != nil || strings.Contains(said.String(), "lost") {
					t.Errorf("it counts as lost (%v): %s", context.Cause(ctx), said)
				}
			})
		})
	}
}

// What somebody else has taken is lost, also if this run tried to end it.
func TestWhatSomebodyElseTookIsLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e, said := quiet(db)
		c, ctx := holding(t, e)
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE job SET owner = 'somebody else', run = run + 1 WHERE id = ?`, c.id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return e.finish(tx, c) }); !errors.Is(err, ErrLost) {
			t.Fatalf("it was finished: %v", err)
		}
		e.extend(t.Context())
		if !c.lost.Load() || !errors.Is(context.Cause(ctx), ErrLost) || !strings.Contains(said.String(), "the lease of a job was lost") {
			t.Errorf("nobody noticed (%v): %s", context.Cause(ctx), said)
		}
	})
}

// quiet is an engine whose parts are moved by hand, and what it says.
func quiet(db *store.DB) (*Engine, *bytes.Buffer) {
	var said bytes.Buffer
	e := New(db, Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
	Handle(e, "x", func(context.Context, Job[later]) error { return nil })
	e.prepare()
	return e, &said
}

// holding has e hold a job, and gives the context of its run.
func holding(t *testing.T, e *Engine) (*claim, context.Context) {
	t.Helper()
	var got []*claim
	if err := e.db.Write(t.Context(), func(tx *store.Tx) (err error) {
		if err = Add(tx, later{}); err == nil {
			got, err = e.claimRows(tx, e.lanes["x"], 1)
		}
		return err
	}); err != nil || len(got) != 1 {
		t.Fatalf("%d jobs were claimed: %v", len(got), err)
	}
	c := got[0]
	e.hold(c)
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	c.cancel = cancel
	return c, ctx
}
