package rates_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"helloworld/bot/rates"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/connectors"
)

// file is the bank's file as it is published.
func file(day string, pairs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
	<Cube><Cube time='%s'>`, day)
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, `<Cube currency='%s' rate='%s'/>`, pairs[i], pairs[i+1])
	}
	b.WriteString("</Cube></Cube></gesmes:Envelope>")
	return b.String()
}

func TestWorth(t *testing.T) {
	t.Parallel()
	bank, err := rates.ParseECB([]byte(file("2026-11-20", "CNY", "7.7312", "USD", "1.0535", "JPY", "161.83", "KWD", "0.3237")))
	if err != nil {
		t.Fatal(err)
	}
	own, err := rates.NewTable("CNY", "2026-11-20", map[string]string{"EUR": "7.7312", "JPY": "0.047772"})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		sheet      rates.Sheet
		amount, to string
		want, text string
	}{
		{bank, "11.94 EUR", "CNY", "92.32 CNY", "7.7312"}, // 92.310528, rounded up
		{bank, "100.00 EUR", "CNY", "773.12 CNY", "7.7312"},
		{bank, "10.00 USD", "CNY", "73.39 CNY", "7.33859"},
		{bank, "1200 JPY", "CNY", "57.33 CNY", "0.0477736"},
		{bank, "1.000 KWD", "CNY", "23.89 CNY", "23.8839"},
		{bank, "1.00 CNY", "JPY", "21 JPY", "20.9321"},
		{bank, "5.00 CNY", "CNY", "5.00 CNY", "1"},
		{own, "1200 JPY", "CNY", "57.33 CNY", "0.047772"},
		{own, "0.01 EUR", "CNY", "0.08 CNY", "7.7312"},
	} {
		number, currency, _ := strings.Cut(x.amount, " ")
		m, err := connectors.ParseMoney(number, currency)
		if err != nil {
			t.Fatal(err)
		}
		r, ok := x.sheet.Rate(currency, x.to)
		got, err := r.Of(m)
		if !ok || err != nil || got.String() != x.want || r.Text() != x.text {
			t.Errorf("%s in %s: %s at %s, want %s at %s (%v)", x.amount, x.to, got, r.Text(), x.want, x.text, err)
		}
	}
	for amount, want := range map[int64]string{499: "38.67 CNY", 1: "0.08 CNY", 2: "0.16 CNY", 6: "0.47 CNY", 0: "0.00 CNY"} { // 0.155 and 0.465 are halves
		even, err := rates.NewTable("CNY", "2026-11-20", map[string]string{"EUR": "7.75"})
		if err != nil {
			t.Fatal(err)
		}
		r, _ := even.Rate("EUR", "CNY")
		if got, err := r.Near(connectors.Money{Minor: amount, Currency: "EUR"}); err != nil || got.String() != want {
			t.Errorf("%d is shown as %s, want %s (%v)", amount, got, want, err)
		}
	}
	if _, ok := bank.Rate("EUR", "XAU"); ok {
		t.Error("there is a rate for what the file has not")
	}
	r, _ := bank.Rate("EUR", "CNY")
	if _, err := r.Of(connectors.Money{Minor: 1 << 62, Currency: "EUR"}); !errors.Is(err, connectors.ErrMoney) {
		t.Errorf("what no amount can hold: %v", err)
	}
	if _, err := r.Of(connectors.Money{Minor: 1, Currency: "USD"}); !errors.Is(err, connectors.ErrMoney) {
		t.Errorf("another currency: %v", err)
	}
}

// TestNeverInTheAskersFavour: what something is worth grows with it, and is never
// rounded below what it is.
func TestNeverInTheAskersFavour(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.StringMatching(`[0-9]{1,5}\.[0-9]{0,5}[1-9]`).Draw(t, "rate")
		from := rapid.SampledFrom([]string{"EUR", "JPY", "KWD"}).Draw(t, "from")
		to := rapid.SampledFrom([]string{"CNY", "KRW", "BHD"}).Draw(t, "to")
		s, err := rates.NewTable(to, "2026-11-20", map[string]string{from: rate})
		if err != nil {
			t.Fatal(err)
		}
		r, _ := s.Rate(from, to)
		a := rapid.Int64Range(0, 1_000_000_000).Draw(t, "a")
		b := rapid.Int64Range(a, 1_000_000_001).Draw(t, "b")
		x, err := r.Of(connectors.Money{Minor: a, Currency: from})
		if err != nil {
			t.Fatal(err)
		}
		y, err := r.Of(connectors.Money{Minor: b, Currency: from})
		if err != nil {
			t.Fatal(err)
		}
		if x.Minor > y.Minor {
			t.Fatalf("%d is worth %s, and %d only %s", a, x, b, y)
		}
		value, _ := new(big.Rat).SetString(rate)
		exact := value.Mul(value, parse(t, connectors.Money{Minor: a, Currency: from}))
		got := parse(t, x)
		if got.Cmp(exact) < 0 {
			t.Fatalf("%s of %d is less than %s", x, a, exact.FloatString(9))
		}
		if one := parse(t, connectors.Money{Minor: x.Minor - 1, Currency: to}); one.Cmp(exact) >= 0 {
			t.Fatalf("%s of %d is more than needs be: %s", x, a, exact.FloatString(9))
		}
		shown, ok := new(big.Rat).SetString(r.Text())
		if !ok || shown.Cmp(must(rate)) < 0 {
			t.Fatalf("%s is shown as %s", rate, r.Text())
		}
	})
}

func must(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

func parse(t *rapid.T, m connectors.Money) *big.Rat {
	r, ok := new(big.Rat).SetString(m.Decimal())
	if !ok {
		t.Fatalf("%s is no number", m.Decimal())
	}
	return r
}

func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing": "", "not XML": "{}", "cut off": file("2026-11-20", "CNY", "7.7312")[:300], "no rates": file("2026-11-20"), "no day": file("", "CNY", "7.7"),
		"zero": file("2026-11-20", "CNY", "0"), "negative": file("2026-11-20", "CNY", "-7"), "not a number": file("2026-11-20", "CNY", "1e3"),
		"twice": file("2026-11-20", "CNY", "7", "CNY", "8"), "not a currency": file("2026-11-20", "yuan", "7"), "a euro": file("2026-11-20", "EUR", "2"),
		"another document": "<html><body>Not found</body></html>",
	} {
		if s, err := rates.ParseECB([]byte(text)); !errors.Is(err, rates.ErrSheet) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// bank is a stand-in for the European Central Bank.
type bank struct {
	body, tag      string
	calls, changed atomic.Int32
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.calls.Add(1)
	if b.tag != "" && r.Header.Get("If-None-Match") == b.tag {
		b.changed.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("ETag", b.tag)
	fmt.Fprint(w, b.body)
}

func TestTheFileIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var now atomic.Int64
		set := func(s string) {
			at, err := time.Parse(time.RFC3339, s)
			if err != nil {
				t.Fatal(err)
			}
			now.Store(at.UnixMilli())
		}
		b := &bank{}
		srv := httptest.NewServer(b)
		defer srv.Close()
		book := rates.New(rates.Options{DB: db, Fetch: true, URL: srv.URL, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.UnixMilli(now.Load()) }})
		rate := func() (text string, err error) {
			var r rates.Rate
			err = db.Read(t.Context(), func(tx *store.Tx) (err error) { r, err = book.Rate(tx, "EUR", "CNY"); return err })
			return r.Day + " " + r.Text(), err
		}
		steps := []struct {
			at, body, tag string
			bad           bool
			calls         int32
			want          string
			err           error
		}{
			{"2026-11-20T10:00:00Z", "gone", "", true, 1, "", rates.ErrNone},
			{"2026-11-20T10:00:00Z", file("2026-11-19", "CNY", "7.7"), `"a"`, false, 2, "2026-11-19 7.7", nil},
			{"2026-11-20T15:14:00Z", file("2026-11-20", "CNY", "7.8"), `"b"`, false, 2, "2026-11-19 7.7", nil},  // not due yet
			{"2026-11-20T15:16:00Z", file("2026-11-20", "CNY", "7.8"), `"b"`, false, 3, "2026-11-20 7.8", nil},  // 16:16 in Frankfurt
			{"2026-11-20T18:00:00Z", file("2026-11-20", "CNY", "9"), `"c"`, false, 3, "2026-11-20 7.8", nil},    // once a day
			{"2026-11-21T18:00:00Z", file("2026-11-20", "CNY", "9"), `"b"`, false, 4, "2026-11-20 7.8", nil},    // not changed
			{"2026-11-22T18:00:00Z", file("2026-11-18", "CNY", "9"), `"d"`, true, 5, "2026-11-20 7.8", nil},     // older
			{"2026-11-22T18:00:00Z", "<html/>", `"e"`, true, 6, "2026-11-20 7.8", nil},                          // broken, and asked for again
			{"2026-11-22T18:00:00Z", file("2026-11-29", "CNY", "9"), `"f"`, true, 7, "2026-11-20 7.8", nil},     // of a day to come
			{"2026-11-22T18:00:00Z", strings.Repeat(" ", 300<<10), `"g"`, true, 8, "2026-11-20 7.8", nil},       // too large
			{"2026-11-27T10:00:00Z", "gone", `"h"`, true, 9, "2026-11-20 7.8", nil},                             // seven days old
			{"2026-11-28T10:00:00Z", "gone", `"h"`, true, 10, "2026-11-20 7.8", rates.ErrOld},                   // eight
			{"2026-11-28T10:00:00Z", file("2026-11-27", "CNY", "7.9"), `"i"`, false, 11, "2026-11-27 7.9", nil}, // and back
		}
		for i, x := range steps {
			set(x.at)
			b.body, b.tag = x.body, x.tag
			if err := book.Look(t.Context()); (err != nil) != x.bad {
				t.Errorf("step %d: %v", i, err)
			}
			if n := b.calls.Load(); n != x.calls {
				t.Errorf("step %d: asked %d times, want %d", i, n, x.calls)
			}
			text, err := rate()
			if !errors.Is(err, x.err) || x.want != "" && text != x.want {
				t.Errorf("step %d: %q, %v, want %q", i, text, err, x.want)
			}
		}
		if b.changed.Load() != 1 {
			t.Errorf("%d conditional answers", b.changed.Load())
		}
		// Another replica, or the same after a restart, has it at once.
		again := rates.New(rates.Options{DB: db, Fetch: true, URL: srv.URL, Log: slog.New(slog.DiscardHandler), Now: book.Now})
		if err := again.Look(t.Context()); err != nil || b.calls.Load() != 11 {
			t.Errorf("asked again: %v", err)
		}
	})
}

func TestTables(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	table, err := rates.NewTable("CNY", time.Now().UTC().AddDate(0, 0, -3).Format(time.DateOnly), map[string]string{"EUR": "7.7"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(b *rates.Book, from string) (r rates.Rate, err error) {
		err = db.Read(t.Context(), func(tx *store.Tx) (err error) { r, err = b.Rate(tx, from, "CNY"); return err })
		return r, err
	}
	if r, err := ask(rates.New(rates.Options{Table: table}), "EUR"); err != nil || r.Text() != "7.7" {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := ask(rates.New(rates.Options{Table: table}), "USD"); !errors.Is(err, rates.ErrNone) {
		t.Errorf("a currency that is not in it: %v", err)
	}
	if _, err := ask(rates.New(rates.Options{Table: table, MaxDays: 2}), "EUR"); !errors.Is(err, rates.ErrOld) {
		t.Errorf("too old: %v", err)
	}
	if _, err := ask(nil, "EUR"); !errors.Is(err, rates.ErrNone) {
		t.Errorf("no book: %v", err)
	}
	if _, err := ask(rates.New(rates.Options{}), "EUR"); !errors.Is(err, rates.ErrNone) {
		t.Errorf("no table: %v", err)
	}
	for name, worth := range map[string]map[string]string{"float": {"EUR": "7e1"}, "zero": {"EUR": "0.00"}, "comma": {"EUR": "7,7"}, "name": {"euro": "7"}, "home": {"CNY": "2"}} {
		if _, err := rates.NewTable("CNY", "2026-11-20", worth); !errors.Is(err, rates.ErrSheet) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
