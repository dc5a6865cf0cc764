package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

// Of several replicas one holds a name, and when its connection is taken away it
// knows before the next one begins.
func TestAlone(t *testing.T) {
	url := storetest.PostgresURL(t)
	var holding, most, turns atomic.Int32
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 3 {
		db := storetest.Open(t, url, store.Options{})
		all.Go(func() {
			for ctx.Err() == nil {
				err := db.Alone(ctx, "poll", func(ctx context.Context) error {
					turns.Add(1)
					if n := holding.Add(1); n > most.Load() {
						most.Store(n)
					}
					<-ctx.Done()
					holding.Add(-1)
					return ctx.Err()
				})
				if ctx.Err() == nil && !errors.Is(err, store.ErrNotAlone) {
					t.Errorf("the name was given up for another reason: %v", err)
				}
			}
		})
	}
	admin := storetest.Open(t, url, store.Options{})
	for turn := range int32(4) {
		for end := time.Now().Add(10 * time.Second); turns.Load() <= turn || holding.Load() == 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("nobody takes over: %d turns", turns.Load())
			}
		}
		time.Sleep(100 * time.Millisecond)
		err := admin.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d held one name at the same time", most.Load())
	}
}

// Whoever is asked to end keeps the name until they have ended.
func TestAloneUntilTheEnd(t *testing.T) {
	db := storetest.Postgres(t)
	ctx, stop := context.WithCancel(t.Context())
	begun, ended := make(chan struct{}), atomic.Bool{}
	go func() {
		_ = db.Alone(ctx, "a", func(ctx context.Context) error {
			close(begun)
			<-ctx.Done()
			time.Sleep(1500 * time.Millisecond) // what it still has to do
			ended.Store(true)
			return nil
		})
	}()
	<-begun
	stop()
	if err := db.Alone(t.Context(), "a", func(context.Context) error {
		if !ended.Load() {
			t.Error("the next one began before the last had ended")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// What two transactions would both find free, only one finds under a lock.
func TestLockInATransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(`CREATE TABLE taken (n BIGINT)`); return err }); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					if err := tx.Lock("one at a time"); err != nil {
						return err
					}
					var n int
					if err := tx.Row(`SELECT COUNT(*) FROM taken`).Scan(&n); err != nil || n > 0 {
						return err
					}
					time.Sleep(20 * time.Millisecond)
					_, err := tx.Exec(`INSERT INTO taken (n) VALUES (1)`)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var n int
		if err := db.Read(t.Context(), func(tx *store.Tx) error { return tx.Row(`SELECT COUNT(*) FROM taken`).Scan(&n) }); err != nil || n != 1 {
			t.Errorf("%d took it, %v", n, err)
		}
	})
}
