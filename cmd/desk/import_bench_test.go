package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/audit"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/connectors/all"
	"helloworld/connectors/sandbox"
)

// importItems is how many listings the imported shop has beside its orders, and
// itemsTime how long they are waited for: some platforms tell them one by one.
const (
	importItems = 2000
	itemsTime   = 10 * time.Second
)

// BenchmarkImport reads a whole shop for the first time, through a real adapter
// and over HTTP, into a database on disk. The sandbox is in the same process, so
// that the memory that is told is of both.
func BenchmarkImport(b *testing.B) {
	sizes := []int{10_000, 100_000}
	if os.Getenv("DESK_SOAK") != "" {
		sizes = append(sizes, 1_000_000)
	}
	for _, platform := range []string{sandbox.Ebay, sandbox.Shopify} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/orders=%d", platform, n), func(b *testing.B) {
				for b.Loop() {
					importOnce(b, platform, n)
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func importOnce(b *testing.B, platform string, n int) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	url := ""
	world, err := sandbox.New(sandbox.Options{Log: log, BaseURL: func() string { return url }, Settle: -1, Stores: []sandbox.StoreSpec{
		{Name: "shop", Platform: platform, Language: "de", Orders: n, Items: importItems}}})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(world.Handler())
	defer srv.Close()
	url = srv.URL
	x := world.Accounts()[0]
	plugin, ok := all.Find(platform)
	if !ok {
		b.Fatal("no adapter for " + platform)
	}
	options := map[string]string{}
	if x.Marketplace != "" {
		options["marketplace"] = x.Marketplace
	}
	if platform == sandbox.Ebay {
		options["apiz"] = url + x.Path
	}
	shop, err := plugin.New(connectors.Config{Info: connectors.Info{Platform: platform, Store: x.Name, Name: x.Name, Account: x.Seller, Currency: x.Currency,
		Language: language.German}, BaseURL: url + x.Path, TokenURL: url + x.TokenPath, ClientID: x.ClientID, ClientSecret: connectors.Secret(x.Secret),
		Credential: connectors.Credential{Refresh: connectors.Secret(x.Refresh)}, Log: log, Options: options})
	if err != nil {
		b.Fatal(err)
	}
	db := storetest.Open(b, filepath.Join(b.TempDir(), "desk.db"), store.Options{Log: log})
	staff, err := people.Open(b.Context(), db, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	before := resident(b)
	engine := jobs.New(db, jobs.Options{Log: log})
	if _, err := bot.New(b.Context(), bot.Options{DB: db, Jobs: engine, People: staff, Audit: audit.New([]byte("key")), Key: []byte("key"), Log: log,
		Pull: time.Minute, Stores: []bot.Store{{ID: x.Name, Name: x.Name, Shop: shop}}}); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	began, done := time.Now(), make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	count := func(stream string) (k int64) {
		if err := db.Read(b.Context(), func(tx *store.Tx) (err error) { k, err = sync.CountOf(tx, x.Name, stream); return err }); err != nil {
			b.Fatal(err)
		}
		return k
	}
	over := func(stream string) bool {
		var st sync.Stream
		if err := db.Read(b.Context(), func(tx *store.Tx) (err error) { st, err = sync.Get(tx, x.Name, stream); return err }); err != nil {
			b.Fatal(err)
		}
		if st.Error != "" {
			b.Fatalf("%s cannot be read: %s", stream, st.Error)
		}
		return !st.OK.IsZero() && st.Pos.Token == ""
	}
	var items, orders time.Duration
	for orders == 0 || items == 0 && time.Since(began) < orders+itemsTime {
		if items == 0 && over(sync.Items) {
			items = time.Since(began)
		}
		if orders == 0 && over(sync.Orders) {
			orders = time.Since(began)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if items == 0 {
		items = time.Since(began)
	}
	peak := resident(b)
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	if got := count(sync.Orders); got < int64(n) {
		b.Fatalf("%d of %d orders were imported", got, n)
	}
	b.ReportMetric(float64(n)/orders.Seconds(), "orders/s")
	b.ReportMetric(float64(count(sync.Items))/items.Seconds(), "items/s")
	b.ReportMetric(peak, "peak-rss-MiB")
	b.ReportMetric(before, "rss-before-MiB")
	b.ReportMetric(float64(mem.HeapInuse)/(1<<20), "heap-MiB")
	stop()
	if err := <-done; err != nil {
		b.Error(err)
	}
}

// resident is the most memory that this process has held; 0 where the system
// does not tell.
func resident(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb / 1024
		}
	}
	return 0
}
