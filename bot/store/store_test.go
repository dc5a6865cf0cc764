package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func table(t *testing.T, db *store.DB) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS only_a_test (name TEXT PRIMARY KEY, n BIGINT NOT NULL)`)
		return err
	})
}

func write(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func put(tx *store.Tx, name string, n int) error {
	_, err := tx.Exec(`INSERT INTO only_a_test (name, n) VALUES (?, ?)`, name, n)
	return err
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.Row(`SELECT COUNT(*) FROM only_a_test`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWriteAndRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		table(t, db)
		var ran, undone int
		write(t, db, func(tx *store.Tx) error {
			if tx.DB() != db || tx.NewID() == tx.NewID() || tx.Now() != tx.Now() || tx.Now() < 1e12 {
				t.Error("the transaction's own values are wrong")
			}
			tx.After(func() { ran++ })
			tx.Undo(func() { undone++ })
			return put(tx, "a?b", 1)
		})
		if ran != 1 || undone != 0 {
			t.Errorf("after a commit: After ran %d times, Undo %d times", ran, undone)
		}
		bad := errors.New("no")
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			tx.After(func() { ran++ })
			tx.Undo(func() { undone++ })
			if err := put(tx, "b", 1); err != nil {
				return err
			}
			return bad
		})
		if !errors.Is(err, bad) || ran != 1 || undone != 1 {
			t.Errorf("after a failure: %v, After %d, Undo %d", err, ran, undone)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			tx.Fail(bad)
			return put(tx, "c", 1)
		})
		if !errors.Is(err, bad) {
			t.Errorf("Fail: %v", err)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			if err := put(tx, "d", 1); err != nil {
				return err
			}
			panic("oh")
		})
		if err == nil || !strings.Contains(err.Error(), "panicked") {
			t.Errorf("panic: %v", err)
		}
		if n := count(t, db); n != 1 {
			t.Errorf("%d rows were kept, not 1", n)
		}
		if err := db.Read(t.Context(), func(tx *store.Tx) error { return put(tx, "e", 1) }); err == nil {
			t.Error("a Read could write")
		}
	})
}

func TestArgumentsAreKeptAlike(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		table(t, db)
		at := time.UnixMilli(1700000000123)
		write(t, db, func(tx *store.Tx) error {
			for name, v := range map[string]any{"yes": true, "no": false, "at": at, "never": time.Time{}} {
				if _, err := tx.Exec(`INSERT INTO only_a_test (name, n) VALUES (?, ?)`, name, v); err != nil {
					return err
				}
			}
			return nil
		})
		want := map[string]int64{"yes": 1, "no": 0, "at": 1700000000123, "never": 0}
		for name, n := range want {
			var got int64
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				return tx.Row(`SELECT n FROM only_a_test WHERE name = ?`, name).Scan(&got)
			})
			if err != nil || got != n {
				t.Errorf("%s: %d, %v; want %d", name, got, err, n)
			}
		}
	})
}

func TestNested(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		table(t, db)
		var leaked context.Context
		write(t, db, func(tx *store.Tx) error {
			leaked = tx.Context()
			if err := db.Write(tx.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrNested) {
				t.Errorf("Write inside Write: %v", err)
			}
			if err := put(tx, "a", 1); err != nil {
				return err
			}
			var n int
			err := db.Read(tx.Context(), func(in *store.Tx) error {
				return in.Row(`SELECT COUNT(*) FROM only_a_test`).Scan(&n)
			})
			if n != 1 {
				t.Errorf("a Read inside sees %d rows, %v", n, err)
			}
			return err
		})
		// The context outlives the transaction, and is then one like any other.
		if err := db.Write(leaked, func(tx *store.Tx) error { return put(tx, "b", 1) }); err != nil {
			t.Error(err)
		}
	})
}

// Another context does not carry the mark, but the goroutine is the writer's.
func TestNestedWithAnotherContext(t *testing.T) {
	db := storetest.SQLite(t)
	ctx := t.Context()
	write(t, db, func(tx *store.Tx) error {
		if err := db.Write(ctx, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrNested) {
			t.Errorf("Write inside Write: %v", err)
		}
		return nil
	})
}

func TestTransactionUsedTooLate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var kept *store.Tx
		write(t, db, func(tx *store.Tx) error { kept = tx; return nil })
		if _, err := kept.Exec(`SELECT 1`); err == nil {
			t.Error("Exec worked")
		}
		if _, err := kept.Query(`SELECT 1`); err == nil {
			t.Error("Query worked")
		}
		var n int
		if err := kept.Row(`SELECT 1`).Scan(&n); err == nil {
			t.Error("Row worked")
		}
	})
}

// Writes that share a commit do not share a fate.
func TestGroupCommitIsolation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		table(t, db)
		const all = 300
		bad := errors.New("no")
		var wg sync.WaitGroup
		var after, undo atomic.Int32
		errs := make([]error, all)
		for i := range all {
			wg.Go(func() {
				errs[i] = db.Write(context.Background(), func(tx *store.Tx) error {
					tx.After(func() { after.Add(1) })
					tx.Undo(func() { undo.Add(1) })
					if err := put(tx, fmt.Sprint(i), i); err != nil {
						return err
					}
					switch i % 5 {
					case 1:
						return bad
					case 2:
						panic("oh")
					case 3: // the engine refuses it
						return put(tx, fmt.Sprint(i), i)
					}
					return nil
				})
			})
		}
		wg.Wait()
		for i, err := range errs {
			if good := i%5 == 0 || i%5 == 4; good != (err == nil) {
				t.Errorf("write %d: %v", i, err)
			}
			if i%5 == 1 && !errors.Is(err, bad) {
				t.Errorf("write %d got somebody else's error: %v", i, err)
			}
		}
		if n := count(t, db); n != all*2/5 {
			t.Errorf("%d rows, want %d", n, all*2/5)
		}
		if after.Load() != all*2/5 || undo.Load() < all*3/5 {
			t.Errorf("After ran %d times, Undo %d times", after.Load(), undo.Load())
		}
	})
}

func TestGoexitDoesNotStopTheWriter(t *testing.T) {
	db := storetest.SQLite(t)
	table(t, db)
	done := make(chan error, 1)
	go func() {
		done <- db.Write(context.Background(), func(tx *store.Tx) error {
			if err := put(tx, "a", 1); err != nil {
				return err
			}
			exit()
			return nil
		})
	}()
	if err := <-done; err == nil {
		t.Error("no error")
	}
	write(t, db, func(tx *store.Tx) error { return put(tx, "b", 1) })
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestWaitingWriteCanBeGivenUp(t *testing.T) {
	db := storetest.SQLite(t)
	table(t, db)
	inside, free := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- db.Write(context.Background(), func(tx *store.Tx) error {
			close(inside)
			<-free
			return put(tx, "first", 1)
		})
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() {
		second <- db.Write(ctx, func(tx *store.Tx) error { return put(tx, "second", 1) })
	}()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	close(free)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// A transaction that ended with its context says so, in whatever moment it was.
func TestWriteEndsWithItsContext(t *testing.T) {
	db := storetest.Postgres(t)
	table(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Write(ctx, func(tx *store.Tx) error {
		if err := put(tx, "a", 1); err != nil {
			return err
		}
		cancel()
		time.Sleep(100 * time.Millisecond) // meanwhile it is taken back
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if n := count(t, db); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestOpenRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		table(t, db)
		write(t, db, func(tx *store.Tx) error {
			return errors.Join(put(tx, "a", 1), put(tx, "b", 2), put(tx, "c", 3))
		})
		const q = `SELECT n FROM only_a_test WHERE n >= ? ORDER BY n`
		// Rows left open must not disturb whoever comes next on the connection.
		for range 12 {
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				rows, err := tx.Query(q, 1)
				if err != nil {
					return err
				}
				rows.Next()
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if db.Kind() == store.Postgres {
			return // one query at a time on a connection there
		}
		write(t, db, func(tx *store.Tx) error {
			tx.Row(q, 2) // and never scanned
			return nil
		})
		write(t, db, func(tx *store.Tx) error {
			outer, err := tx.Query(q, 1)
			if err != nil {
				return err
			}
			var got []int
			for outer.Next() {
				var a int
				if err := outer.Scan(&a); err != nil {
					return err
				}
				inner, err := tx.Query(q, a) // the same text, while it is open
				if err != nil {
					return err
				}
				for inner.Next() {
					var b int
					if err := inner.Scan(&b); err != nil {
						return err
					}
					got = append(got, a*10+b)
				}
			}
			if s := fmt.Sprint(got); s != "[11 12 13 22 23 33]" {
				t.Errorf("nested rows: %s", s)
			}
			return nil
		})
		write(t, db, func(tx *store.Tx) error {
			var n int
			if err := tx.Row(q, 3).Scan(&n); err != nil || n != 3 {
				t.Errorf("%d, %v", n, err)
			}
			return nil
		})
	})
}

// Queries with lists of every length must not pile up.
func TestManyDifferentStatements(t *testing.T) {
	db := storetest.SQLite(t)
	write(t, db, func(tx *store.Tx) error {
		for i := range 1000 {
			var n int
			if err := tx.Row(fmt.Sprintf(`SELECT %d`, i)).Scan(&n); err != nil || n != i {
				return fmt.Errorf("%d: %d %w", i, n, err)
			}
		}
		return nil
	})
}

func TestReadersSeeOneState(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		table(t, db)
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			var before, after int
			if err := tx.Row(`SELECT COUNT(*) FROM only_a_test`).Scan(&before); err != nil {
				return err
			}
			other := make(chan error, 1)
			go func() {
				other <- db.Write(context.Background(), func(tx *store.Tx) error { return put(tx, "x", 1) })
			}()
			if err := <-other; err != nil {
				return err
			}
			err := tx.Row(`SELECT COUNT(*) FROM only_a_test`).Scan(&after)
			if before != after {
				t.Errorf("the state changed from %d to %d rows", before, after)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if count(t, db) != 1 {
			t.Error("a later Read does not see the write")
		}
	})
}

func TestClosed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		nothing := func(*store.Tx) error { return nil }
		if err := db.Write(t.Context(), nothing); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		if err := db.Read(t.Context(), nothing); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Read: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close again: %v", err)
		}
	})
}

func TestAttach(t *testing.T) {
	db := storetest.SQLite(t)
	type key struct{}
	if db.Value(key{}) != nil {
		t.Error("something was there")
	}
	db.Attach(key{}, 7)
	if db.Value(key{}) != 7 {
		t.Error("it is not there")
	}
}
