package store_test

import (
	"context"
	"errors"
	"testing"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func TestNotify(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		heard, over := make(chan struct{}, 100), make(chan struct{})
		go func() {
			defer close(over)
			db.Listen(ctx, "a channel", func() { heard <- struct{}{} })
		}()
		notify := func(fail error) {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				return errors.Join(tx.Notify("a channel"), fail)
			})
			if !errors.Is(err, fail) {
				t.Error(err)
			}
		}
		if db.Kind() == store.Postgres {
			<-heard // it listens
			notify(errors.New("taken back"))
			notify(nil)
			<-heard
			if len(heard) != 0 {
				t.Error("a notice of what was taken back was heard")
			}
		} else {
			notify(nil)
		}
		cancel()
		<-over
	})
}

// Transactions that get in each other's way are run again, until both are done.
func TestSerialisationIsTriedAgain(t *testing.T) {
	db := storetest.Postgres(t)
	table(t, db)
	write(t, db, func(tx *store.Tx) error { return errors.Join(put(tx, "a", 0), put(tx, "b", 0)) })
	errs := make(chan error, 2)
	meet := make(chan struct{}, 2)
	var both = make(chan struct{})
	go func() { <-meet; <-meet; close(both) }()
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		go func() {
			first := true
			errs <- db.Write(context.Background(), func(tx *store.Tx) error {
				const q = `UPDATE only_a_test SET n = n + 1 WHERE name = ?`
				if _, err := tx.Exec(q, order[0]); err != nil {
					return err
				}
				if first { // both hold what the other one wants
					first = false
					meet <- struct{}{}
					<-both
				}
				_, err := tx.Exec(q, order[1])
				return err
			})
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	var a, b int
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.Row(`SELECT n FROM only_a_test WHERE name = 'a'`).Scan(&a),
			tx.Row(`SELECT n FROM only_a_test WHERE name = 'b'`).Scan(&b))
	})
	if err != nil || a != 2 || b != 2 {
		t.Errorf("%d, %d, %v", a, b, err)
	}
}
