package sync_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// ordersFrom are orders as shops have them: two lines, a buyer, amounts.
func ordersFrom(from, n int) []connectors.Order {
	out := make([]connectors.Order, n)
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	price := connectors.Money{Minor: 2995, Currency: "EUR"}
	for i := range out {
		k := from + i
		out[i] = connectors.Order{ID: fmt.Sprintf("gid-%09d", (k*7919)%1_000_003), Number: fmt.Sprintf("#%d", 1000+k), Status: connectors.OrderPaid,
			PlatformStatus: "PAID", Created: began.Add(time.Duration(k) * time.Second), Updated: began.Add(time.Duration(k) * time.Second),
			Buyer: connectors.Buyer{ID: fmt.Sprint(k), Name: "Maria Koch", Email: "maria@example.com", Country: "DE"}, Total: price,
			Lines: []connectors.OrderLine{{ID: "1", SKU: "LAMP-1", Title: "Schreibtischlampe, weiß", Quantity: 1, Price: price},
				{ID: "2", SKU: "CUP-2", Title: "Becher", Quantity: 2, Price: price}}}
	}
	return out
}

// BenchmarkSave writes pages of new orders into mirrors of growing size.
func BenchmarkSave(b *testing.B) {
	for _, size := range []int{1, sync.PageSize} {
		b.Run(fmt.Sprintf("page=%d", size), func(b *testing.B) {
			db := storetest.SQLite(b)
			n := 0
			for b.Loop() {
				rows := sync.OrderBatch(ordersFrom(n, size))
				if err := db.Write(b.Context(), func(tx *store.Tx) error { _, err := rows.Save(tx, "shop"); return err }); err != nil {
					b.Fatal(err)
				}
				n += size
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "orders/s")
			b.ReportMetric(0, "ns/op")
		})
	}
	sizes := []int{10_000, 100_000}
	if os.Getenv("DESK_SOAK") != "" {
		sizes = append(sizes, 1_000_000)
	}
	for _, n := range sizes {
		b.Run(fmt.Sprintf("orders=%d", n), func(b *testing.B) {
			for b.Loop() {
				db := storetest.SQLite(b)
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				began, last := time.Now(), time.Duration(0)
				for done := 0; done < n; done += sync.PageSize {
					if done == n-n/10 {
						last = time.Since(began)
					}
					rows := sync.OrderBatch(ordersFrom(done, sync.PageSize))
					if err := db.Write(b.Context(), func(tx *store.Tx) error { _, err := rows.Save(tx, "shop"); return err }); err != nil {
						b.Fatal(err)
					}
				}
				took := time.Since(began)
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(n)/took.Seconds(), "orders/s")
				b.ReportMetric(float64(n/10)/(took-last).Seconds(), "last-tenth-orders/s")
				b.ReportMetric(float64(after.HeapInuse)/(1<<20), "heap-MiB")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkSaveAgain writes pages that the mirror has already.
func BenchmarkSaveAgain(b *testing.B) {
	db := storetest.SQLite(b)
	n := 0
	save := func(from int) {
		rows := sync.OrderBatch(ordersFrom(from, sync.PageSize))
		if err := db.Write(b.Context(), func(tx *store.Tx) error { _, err := rows.Save(tx, "shop"); return err }); err != nil {
			b.Fatal(err)
		}
	}
	for from := 0; from < 10_000; from += sync.PageSize {
		save(from)
	}
	for b.Loop() {
		save(n * sync.PageSize % 10_000)
		n++
	}
	b.ReportMetric(float64(n*sync.PageSize)/b.Elapsed().Seconds(), "orders/s")
	b.ReportMetric(0, "ns/op")
}
