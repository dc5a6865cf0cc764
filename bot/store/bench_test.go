package store_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func prepareBench(b *testing.B) (*store.DB, func(tx *store.Tx) error) {
	db := storetest.SQLite(b)
	err := db.Write(b.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE only_a_test (id INTEGER PRIMARY KEY, body TEXT NOT NULL)`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return db, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO only_a_test (body) VALUES (?)`, "a message of the usual length from a buyer abroad")
		return err
	}
}

func BenchmarkWriteSingle(b *testing.B) {
	db, fn := prepareBench(b)
	for b.Loop() {
		if err := db.Write(context.Background(), fn); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite50Parallel(b *testing.B) {
	db, fn := prepareBench(b)
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if err := db.Write(context.Background(), fn); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
