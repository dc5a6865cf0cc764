package bot_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func TestOneRefreshesAtATime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		k := bot.Keeper{DB: db}
		var inside, most, done atomic.Int64
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				unlock, err := k.Lock(t.Context(), "ebay-de")
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(5 * time.Millisecond)
				inside.Add(-1)
				done.Add(1)
				unlock()
			})
		}
		all.Wait()
		if most.Load() != 1 || done.Load() != 6 {
			t.Errorf("%d at once, %d in all", most.Load(), done.Load())
		}
		unlock, err := k.Lock(t.Context(), "ebay-de")
		if err != nil {
			t.Fatal(err)
		}
		other, err := k.Lock(t.Context(), "shopify-main")
		if err != nil {
			t.Fatalf("another store is another lock: %v", err)
		}
		other()
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer stop()
		if _, err := k.Lock(ctx, "ebay-de"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a taken lock: %v", err)
		}
		// Its holder is gone: after a while the lock is free, and the late holder's
		// unlock does not take it from the next.
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE credential_lock SET until = 1`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		next, err := k.Lock(t.Context(), "ebay-de")
		if err != nil {
			t.Fatal(err)
		}
		unlock()
		ctx, stop = context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer stop()
		if _, err := k.Lock(ctx, "ebay-de"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the late unlock has freed the next one's lock: %v", err)
		}
		next()
	})
}
