package sync_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

func TestABatchIsWrittenOnceAndCountsWhatDiffers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		orders := ordersFrom(0, 187) // of every size of statement
		orders = append(orders, orders[3], orders[5])
		newer := orders[9]
		newer.Status, newer.Updated = connectors.OrderShipped, newer.Updated.Add(time.Second)
		orders = append([]connectors.Order{newer}, orders...)
		orders = append(orders, connectors.Order{ID: "nul\x00\xff", Number: "#\x00ß"}, connectors.Order{Number: "no id"})
		save := func(list []connectors.Order, want int) {
			t.Helper()
			rows := sync.OrderBatch(list)
			write(t, db, func(tx *store.Tx) error {
				n, err := rows.Save(tx, "shop")
				if n != want {
					t.Errorf("%d of %d are news, want %d", n, len(list), want)
				}
				return err
			})
		}
		save(orders, 188)
		save(orders, 0)
		orders[0].Status = connectors.OrderCancelled
		save(orders, 1)
		write(t, db, func(tx *store.Tx) error {
			n, err := sync.Count(tx, "shop")
			if n != 188 {
				t.Errorf("%d orders are in the mirror", n)
			}
			found, err2 := sync.Find(tx, newer.Number)
			if len(found) != 1 || found[0].Order.Status != connectors.OrderCancelled {
				t.Errorf("the newest of one page is %+v", found)
			}
			bad, err3 := sync.Quarantined(tx, "shop")
			if bad != 1 {
				t.Errorf("%d set aside, want the one without an id, once", bad)
			}
			return errors.Join(err, err2, err3)
		})
	})
}

func TestEveryStreamHasItsTable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		sku := "A/B 100% 🦊 \"q\""
		write(t, db, func(tx *store.Tx) error {
			var errs []error
			for _, b := range []sync.Batch{
				sync.ItemBatch([]connectors.Item{{ID: "1", SKU: sku, Title: "x"}, {SKU: sku}}),
				sync.StockBatch([]connectors.StockLevel{{SKU: sku, Location: "L1", Available: 3}, {SKU: sku, Location: "L2"}, {Item: "i"}}),
				sync.ReturnBatch([]connectors.Return{{ID: "R1", Order: "O1", Due: time.Now()}, {ID: "R2", Order: "O1"}}),
			} {
				_, err := b.Save(tx, "shop")
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		})
		write(t, db, func(tx *store.Tx) error {
			items, err := sync.ItemsOf(tx, "shop", sku)
			stock, err2 := sync.StockOf(tx, "shop", sku)
			returns, err3 := sync.ReturnsOf(tx, "shop", "O1")
			if len(items) != 2 || len(stock) != 2 || stock[0].Available != 3 || len(returns) != 2 {
				t.Errorf("the mirror has %v, %v, %v", items, stock, returns)
			}
			n, err4 := sync.CountOf(tx, "shop", sync.Stock)
			if n != 3 {
				t.Errorf("%d levels", n)
			}
			if _, err := sync.CountOf(tx, "shop", "nothing"); err == nil {
				t.Error("a stream that is none has a table")
			}
			return errors.Join(err, err2, err3, err4)
		})
	})
}

func TestMissingIsWhatTheMirrorHasNot(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		orders := ordersFrom(0, 100)
		write(t, db, func(tx *store.Tx) error { _, err := sync.OrderBatch(orders[:90]).Save(tx, "shop"); return err })
		orders[0].Updated = orders[0].Updated.Add(time.Minute)
		orders[1].Updated = orders[1].Updated.Add(-time.Minute) // the listing is behind
		write(t, db, func(tx *store.Tx) error {
			missing, lost, err := sync.OrderBatch(orders).Missing(tx, "shop", orders[95].Updated)
			if err != nil {
				return err
			}
			if lost != 6 { // 0, and 90 to 94
				t.Errorf("%d were lost", lost)
			}
			n, err := missing.Save(tx, "shop")
			if n != 11 {
				t.Errorf("%d were missing", n)
			}
			return err
		})
	})
}

func TestQuarantineKnowsItemsWithoutIdsAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for range 3 {
			write(t, db, func(tx *store.Tx) error {
				return errors.Join(
					sync.Quarantine(tx, "shop", sync.Orders, connectors.BadItem{Err: errors.New("no id"), Raw: []byte("abc")}),
					sync.Quarantine(tx, "shop", sync.Orders, connectors.BadItem{ID: "7", Err: errors.New("no amount")}),
					sync.Quarantine(tx, "shop", sync.Items, connectors.BadItem{ID: "7", Err: errors.New("no price")}))
			})
		}
		write(t, db, func(tx *store.Tx) error {
			n, err := sync.Quarantined(tx, "shop")
			ids, err2 := sync.Aside(tx, "shop", sync.Orders, 10)
			if n != 3 || len(ids) != 1 || ids[0] != "7" {
				t.Errorf("%d set aside, %v by id", n, ids)
			}
			_, err3 := sync.SaveOrder(tx, "shop", connectors.Order{ID: "7"})
			n, err4 := sync.Quarantined(tx, "shop")
			if n != 2 {
				t.Errorf("%d set aside after one read well", n)
			}
			return errors.Join(err, err2, err3, err4)
		})
	})
}

func TestReconRemembers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now().Truncate(time.Millisecond)
		want := sync.Recon{Store: "shop", Stream: sync.Orders, Pos: connectors.Cursor{Token: "t"}, Since: now, Began: now, OK: now, Looked: 7, Found: 2, Recent: 1}
		write(t, db, func(tx *store.Tx) error { return want.Save(tx) })
		write(t, db, func(tx *store.Tx) error {
			got, err := sync.GetRecon(tx, "shop", sync.Orders)
			if got.Pos.Token != "t" || !got.Began.Equal(now) || got.Looked != 7 || got.Found != 2 || got.Recent != 1 || !got.Deep.IsZero() {
				t.Errorf("it is %+v", got)
			}
			none, err2 := sync.GetRecon(tx, "other", sync.Orders)
			if !none.Began.IsZero() || none.Found != 0 {
				t.Errorf("one that never was is %+v", none)
			}
			return errors.Join(err, err2)
		})
	})
}

func TestARunKeepsItsFile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			r, _, err := sync.Start(tx, sync.Run{ID: "S1", Store: "shop", Streams: []string{sync.Orders}})
			r.Bulk = sync.File{Wanted: true, Asked: time.Now().UTC(), Receipt: connectors.Receipt{State: connectors.StateAccepted, ID: "f"}}
			if err := errors.Join(err, r.Save(tx)); err != nil {
				return err
			}
			got, err := sync.Live(tx, "shop")
			if got.Bulk.Receipt.ID != "f" || !got.Bulk.Wanted || got.Bulk.Over || got.Moved.IsZero() {
				t.Errorf("it is %+v", got.Bulk)
			}
			return err
		})
	})
}

func FuzzLikeFindsWhatJSONSays(f *testing.F) {
	for _, s := range []string{"", "b-1", "50%_!", `a"b\`, "<ß>", "\x00\xff", "🦊"} {
		f.Add(s)
	}
	db := storetest.SQLite(f)
	f.Fuzz(func(t *testing.T, name string) {
		o := connectors.Order{ID: "1", Buyer: connectors.Buyer{ID: name, Name: "Maria"}}
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(`DELETE FROM order_row`); err != nil {
				return err
			}
			if _, err := sync.SaveOrder(tx, "shop", o); err != nil {
				return err
			}
			_, err := sync.Redact(tx, "shop", "", name)
			if err != nil {
				return err
			}
			found, err := sync.Find(tx, "1")
			if err != nil || len(found) != 1 {
				return fmt.Errorf("found %v: %w", found, err)
			}
			gone := found[0].Order.Buyer.Name == ""
			if want := name != "" && strings.ToValidUTF8(name, "") == name; gone != want && want {
				t.Errorf("%q is still there", name)
			}
			if name == "" && gone {
				t.Error("nobody in particular was forgotten")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
