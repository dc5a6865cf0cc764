package main

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"helloworld/bot/sync"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

const (
	// importListings is how many listings a shop has whose orders are counted, and
	// importOrders how many orders one whose listings are.
	importListings, importOrders = 100, 40
	importLongest                = 20 * time.Minute
)

// importSizes are the sizes of the imported shops: IMPORT_SIZES=10000,1000000
// chooses others.
func importSizes(b *testing.B, usual ...int) []int {
	text := os.Getenv("IMPORT_SIZES")
	if text == "" {
		return usual
	}
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			b.Fatalf("IMPORT_SIZES: %q is not a number of orders", part)
		}
		out = append(out, n)
	}
	return out
}

// BenchmarkImport reads a shop's orders for the first time: a desk that has just
// been set up, the real adapter, HTTP, and a database on disk. The shop is in a
// process of its own, so that the memory told is the desk's. Amazon is not here:
// it lets its orders be listed once in three minutes, and a benchmark of that
// would only measure the waiting.
//
// x-first is what one order costs, in terms of one in the smallest shop.
func BenchmarkImport(b *testing.B) {
	sizes := importSizes(b, 10_000, 100_000)
	if os.Getenv("DESK_SOAK") != "" && os.Getenv("IMPORT_SIZES") == "" {
		sizes = append(sizes, 1_000_000)
	}
	for _, platform := range []string{sandbox.Ebay, sandbox.Shopify} {
		first := 0.0
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/orders=%d", platform, n), func(b *testing.B) {
				for b.Loop() {
					r := startImport(b, platform, n, importListings)
					took := r.wait(b, sync.Orders, n)
					each := float64(took.Nanoseconds()) / float64(n)
					if first == 0 {
						first = each
					}
					b.ReportMetric(each, "ns/order")
					b.ReportMetric(each/first, "x-first")
					r.report(b, "order", n, took)
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkImportItems reads a shop's listings for the first time. Amazon hands
// out a hundred a second, whoever asks: there, the figure is how much of that is
// used.
func BenchmarkImportItems(b *testing.B) {
	for _, x := range []struct {
		platform string
		most     float64 // listings a second that the platform grants
		sizes    []int
	}{{sandbox.Ebay, 0, []int{2_000, 50_000}}, {sandbox.Shopify, 0, []int{2_000, 50_000}}, {sandbox.Amazon, 100, []int{2_000}}} {
		for _, n := range importSizes(b, x.sizes...) {
			b.Run(fmt.Sprintf("%s/items=%d", x.platform, n), func(b *testing.B) {
				for b.Loop() {
					r := startImport(b, x.platform, importOrders, n)
					took := r.wait(b, sync.Items, n)
					if x.most > 0 {
						b.ReportMetric(100*float64(n)/took.Seconds()/x.most, "use_pct")
					}
					r.report(b, "item", n, took)
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// imported is a desk that reads a shop for the first time.
type imported struct {
	desk  *deskProc
	db    *sql.DB
	store string
}

func startImport(b *testing.B, platform string, orders, items int) *imported {
	b.Helper()
	url := sandboxProgram(b, orders, items)
	var accounts []sandbox.Account
	res, err := http.Get(url + "/control/accounts")
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&accounts); err != nil {
		b.Fatal(err)
	}
	r := &imported{}
	listen := freePort(b)
	f := begin(listen)
	for _, x := range accounts {
		if x.Platform != platform {
			continue
		}
		r.store = x.Name
		st := config.Store{ID: x.Name, Platform: x.Platform, Name: x.Name, Account: x.Seller, Currency: x.Currency, Language: x.Language, BaseURL: url + x.Path,
			TokenURL: url + x.TokenPath, ClientID: x.ClientID, Secret: config.Secret(x.Secret), Refresh: config.Secret(x.Refresh), Options: map[string]string{}}
		secrets := (&shops{url: url}).market(x, st.Options)
		f.shopLines([]config.Store{st}, map[string]map[string]connectors.Secret{x.Name: secrets})
	}
	f.env = append(f.env, "GODEBUG=gctrace=1")
	r.desk = startDesk(b, f, listen)
	r.desk.until(b, "its console answers", r.desk.healthy)
	r.db, err = sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(r.desk.cmd.Dir, "data", "desk.db"))+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.db.Close() })
	return r
}

// sandboxProgram serves one shop of each platform, from a process of its own.
func sandboxProgram(b *testing.B, orders, items int) (url string) {
	b.Helper()
	cmd := exec.Command(deskProgram(b), "sandbox", "--listen", "127.0.0.1:0", "--orders", strconv.Itoa(orders), "--skus", strconv.Itoa(items))
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
	})
	s := bufio.NewScanner(out)
	for s.Scan() {
		if url, ok := strings.CutPrefix(s.Text(), "shops "); ok {
			return url
		}
	}
	b.Fatal("the sandbox does not say where it is")
	return ""
}

// wait waits until a stream is read to its end, and makes sure that all is there.
func (r *imported) wait(b *testing.B, stream string, n int) time.Duration {
	b.Helper()
	for time.Since(r.desk.began) < importLongest {
		time.Sleep(20 * time.Millisecond)
		var pos, wrong string
		var ok int64
		// Until the first page is there, there is no row.
		_ = r.db.QueryRowContext(b.Context(), `SELECT pos, ok_at, error FROM sync_stream WHERE store = ? AND stream = ?`, r.store, stream).Scan(&pos, &ok, &wrong)
		if wrong != "" {
			b.Fatalf("%s cannot be read: %s", stream, wrong)
		}
		var at connectors.Cursor
		if ok == 0 || json.Unmarshal([]byte(pos), &at) != nil || at.Token != "" {
			continue
		}
		took := time.Since(r.desk.began)
		var have int
		if err := r.db.QueryRowContext(b.Context(), `SELECT COUNT(*) FROM `+map[string]string{sync.Orders: "order_row", sync.Items: "item_row"}[stream]+` WHERE store = ?`,
			r.store).Scan(&have); err != nil || have < n {
			b.Fatalf("%d of %d are there (%v)", have, n, err)
		}
		return took
	}
	b.Fatalf("%s were not read within %v:\n%s", stream, importLongest, tail(r.desk.errs.String()))
	return 0
}

// collected is what the runtime says of a collection: the heap before, at its
// end, and what is alive.
var collected = regexp.MustCompile(`gc \d+ @.* (\d+)->(\d+)->(\d+) MB`)

// report tells what it came to.
func (r *imported) report(b *testing.B, what string, n int, took time.Duration) {
	b.Helper()
	b.ReportMetric(float64(n)/took.Seconds(), what+"s/s")
	b.ReportMetric(float64(r.desk.busy(b).Nanoseconds())/float64(n)/1000, "desk-µs/"+what)
	_, peak := r.desk.memory(b)
	b.ReportMetric(peak, "peak-rss-MiB")
	heap := 0.0
	for _, m := range collected.FindAllStringSubmatch(r.desk.errs.String(), -1) {
		if mb, err := strconv.ParseFloat(m[2], 64); err == nil {
			heap = max(heap, mb)
		}
	}
	b.ReportMetric(heap, "peak-heap-MiB")
	r.desk.stop(b)
}
