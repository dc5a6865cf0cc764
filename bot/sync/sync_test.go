package sync_test

import (
	"errors"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

func write(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestAnOlderOrderNeverReplacesANewerOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now().UTC().Truncate(time.Millisecond)
		newer := connectors.Order{ID: "1", Number: "#1234", Status: connectors.OrderShipped, Updated: now}
		older := connectors.Order{ID: "1", Number: "#1234", Status: connectors.OrderPaid, Updated: now.Add(-time.Minute)}
		write(t, db, func(tx *store.Tx) error {
			for i, c := range []struct {
				o    connectors.Order
				news bool
			}{{newer, true}, {newer, false}, {older, false}} {
				news, err := sync.SaveOrder(tx, "shopify-main", c.o)
				if err != nil {
					return err
				}
				if news != c.news {
					t.Errorf("saving %d is news: %v", i, news)
				}
			}
			for _, number := range []string{"1234", "#1234", " #1234 ", "1"} {
				found, err := sync.Find(tx, number)
				if err != nil {
					return err
				}
				if len(found) != 1 || found[0].Order.Status != connectors.OrderShipped {
					t.Errorf("%q finds %+v", number, found)
				}
			}
			return nil
		})
	})
}

func TestAStreamRemembersAndFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		pos := connectors.Cursor{Since: time.Now().UTC().Truncate(time.Second), Token: "9007199254740993"}
		write(t, db, func(tx *store.Tx) error { return sync.Moved(tx, "ebay-de", sync.Orders, pos, 3) })
		write(t, db, func(tx *store.Tx) error {
			return sync.Failed(tx, "ebay-de", sync.Orders, &connectors.Error{Kind: connectors.Down, Platform: "ebay"})
		})
		write(t, db, func(tx *store.Tx) error {
			st, err := sync.Get(tx, "ebay-de", sync.Orders)
			if !st.Pos.Since.Equal(pos.Since) || st.Pos.Token != pos.Token || st.Kind != "down" || st.Error == "" || st.OK.IsZero() {
				t.Errorf("after a failure: %+v", st)
			}
			return err
		})
	})
}

func TestOneRunAStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			r, fresh, err := sync.Start(tx, sync.Run{ID: "S1", Store: "ebay-de", Streams: []string{sync.Orders}, By: "omar"})
			if err != nil || !fresh {
				t.Fatalf("the first run: %v, %v", fresh, err)
			}
			other, fresh, err := sync.Start(tx, sync.Run{ID: "S2", Store: "ebay-de", Streams: []string{sync.Orders}, By: "omar"})
			if err != nil || fresh || other.ID != r.ID {
				t.Errorf("a second run beside it: %+v, %v, %v", other, fresh, err)
			}
			r.State, r.Done = sync.Done, 7
			if err := r.Save(tx); err != nil {
				return err
			}
			_, fresh, err = sync.Start(tx, sync.Run{ID: "S3", Store: "ebay-de", Streams: []string{sync.Orders}, By: "omar"})
			if !fresh {
				t.Error("no run after the first has ended")
			}
			return err
		})
	})
}

func TestQuarantineTakesAnything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			return errors.Join(
				sync.Quarantine(tx, "ebay-de", sync.Orders, connectors.BadItem{ID: "1", Err: errors.New("no amount"), Raw: []byte("a\x00b\xff")}),
				sync.Quarantine(tx, "ebay-de", sync.Orders, connectors.BadItem{Err: errors.New("no id"), Raw: make([]byte, 1<<20)}))
		})
		write(t, db, func(tx *store.Tx) error {
			n, err := sync.Quarantined(tx, "ebay-de")
			if n != 2 {
				t.Errorf("%d set aside", n)
			}
			return err
		})
	})
}
