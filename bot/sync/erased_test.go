package sync_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// bought is an order of Maria's.
func bought(id string, status connectors.OrderStatus, at time.Time) connectors.Order {
	return connectors.Order{ID: id, Number: "#" + id, Status: status, Updated: at.UTC(),
		Buyer: connectors.Buyer{ID: "b-" + id, Name: "Maria Koch", Email: "maria@example.com", Country: "DE"}}
}

// The platform goes on showing a buyer who was erased: the rest of what it shows
// is written down.
func TestAnErasedBuyerIsNotWrittenAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now().Truncate(time.Second)
		save := func(shop string, b sync.Batch) (n int) {
			t.Helper()
			write(t, db, func(tx *store.Tx) (err error) {
				n, err = b.Save(tx, shop)
				return err
			})
			return n
		}
		var all []connectors.Order
		for i := range 20 { // of several sizes of statement
			all = append(all, bought(fmt.Sprint("70", i), connectors.OrderPaid, now))
		}
		all[2].Buyer.ID, all[3].Buyer.ID = "twice", "twice"
		save("shop", sync.OrderBatch(all[:19]))
		save("twin", sync.OrderBatch(all))
		write(t, db, func(tx *store.Tx) error {
			_, err := sync.Redact(tx, "shop", "7019", "twice") // one that the mirror has yet to see, and two by their buyer
			return err
		})
		gone := map[string]bool{"702": true, "703": true, "7019": true}
		look := func(status connectors.OrderStatus) {
			t.Helper()
			write(t, db, func(tx *store.Tx) error {
				for _, o := range all {
					found, err := sync.Find(tx, o.ID)
					if err != nil {
						return err
					}
					for _, f := range found {
						named := f.Order.Buyer.Name != ""
						if named == (f.Store == "shop" && gone[o.ID]) || f.Order.Buyer.Country != "DE" || f.Store == "shop" && f.Order.Status != status {
							t.Errorf("%s in %s is %s, of %+v", o.ID, f.Store, f.Order.Status, f.Order.Buyer)
						}
					}
				}
				return nil
			})
		}
		if n := save("shop", sync.OrderBatch(all)); n != 1 {
			t.Errorf("%d are news, want the one that was not there", n)
		}
		look(connectors.OrderPaid)
		for i := range all {
			all[i].Status, all[i].Updated = connectors.OrderShipped, now.Add(time.Minute).UTC()
		}
		for _, want := range []int{20, 0} {
			if n := save("shop", sync.OrderBatch(all)); n != want {
				t.Errorf("%d are news, want %d", n, want)
			}
		}
		look(connectors.OrderShipped)

		save("shop", sync.ReturnBatch([]connectors.Return{{ID: "r1", Order: "702", Note: "Ich bin Maria"}, {ID: "r2", Order: "701", Note: "zu klein"}}))
		write(t, db, func(tx *store.Tx) error {
			for order, note := range map[string]string{"702": "", "701": "zu klein"} {
				if got, err := sync.ReturnsOf(tx, "shop", order); err != nil || len(got) != 1 || got[0].Note != note {
					t.Errorf("the return of %s: %+v, %v", order, got, err)
				}
			}
			for id, raw := range map[string]string{"702": `{"name":"Maria"}`, "x": `{"order":703,"name":"Maria"}`, "701": `{"name":"Maria"}`} {
				if err := sync.Quarantine(tx, "shop", sync.Orders, connectors.BadItem{ID: id, Err: errors.New("odd"), Raw: []byte(raw)}); err != nil {
					return err
				}
			}
			var kept string
			if err := tx.Row(`SELECT id FROM quarantine WHERE raw <> ''`).Scan(&kept); err != nil || kept != "701" {
				t.Errorf("the text of %q is kept, %v", kept, err)
			}
			return nil
		})
	})
}

// An order that is just being written when its buyer is erased is either seen by
// the erasure, or sees it.
func TestAnErasureAndAWriterDoNotPassEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		erased := make(chan error, 1)
		write(t, db, func(tx *store.Tx) error {
			if _, err := sync.SaveOrder(tx, "shop", bought("1", connectors.OrderPaid, time.Now())); err != nil {
				return err
			}
			over := make(chan struct{})
			go func() {
				defer close(over)
				erased <- db.Write(t.Context(), func(tx *store.Tx) error {
					_, err := sync.Redact(tx, "shop", "1", "")
					return err
				})
			}()
			select {
			case <-over: // it did not wait
			case <-time.After(300 * time.Millisecond):
			}
			return nil
		})
		if err := <-erased; err != nil {
			t.Fatal(err)
		}
		write(t, db, func(tx *store.Tx) error {
			found, err := sync.Find(tx, "1")
			if len(found) != 1 || found[0].Order.Buyer.Name != "" {
				t.Errorf("it is %+v", found)
			}
			return err
		})
	})
}
