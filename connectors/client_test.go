package connectors

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// noSleep counts what would have been slept.
type noSleep struct{ total atomic.Int64 }

func (n *noSleep) sleep(ctx context.Context, d time.Duration) error {
	n.total.Add(int64(d))
	return ctx.Err()
}

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func testClient(t testing.TB, h http.HandlerFunc, change func(*ClientConfig)) (*Client, string, *noSleep) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	n := &noSleep{}
	cfg := ClientConfig{Platform: "toy", Store: "s", Sleep: n.sleep, Transport: srv.Client().Transport}
	if change != nil {
		change(&cfg)
	}
	return NewClient(cfg), srv.URL, n
}

func TestDoKinds(t *testing.T) {
	t.Parallel()
	hijack := func(w http.ResponseWriter, partial string) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(c, partial)
		_ = c.Close()
	}
	for _, tc := range []struct {
		name        string
		answer      http.HandlerFunc
		read, write Kind
		code        string
		readCalls   int64
	}{
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, Down, Unsure, "http_500", readAttempts},
		{"503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, Down, Unsure, "http_503", readAttempts},
		{"429", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, Busy, Busy, "http_429", readAttempts},
		{"400", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }, Invalid, Invalid, "http_400", 1},
		{"401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, Reauthorise, Reauthorise, "http_401", 1},
		{"404", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, NotFound, NotFound, "http_404", 1},
		{"409", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409) }, Conflict, Conflict, "http_409", 1},
		{"408", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(408) }, Down, Unsure, "http_408", readAttempts},
		{"302", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", "/x"); w.WriteHeader(302) }, Down, Down, "http_302", readAttempts},
		{"page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!DOCTYPE html><h1>Maintenance</h1>") }, Down, Unsure, "html", readAttempts},
		{"malformed", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a":`) }, Down, Unsure, "malformed", readAttempts},
		{"twice", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a":1}{"a":2}`) }, Down, Unsure, "malformed", readAttempts},
		{"empty", func(w http.ResponseWriter, _ *http.Request) {}, Down, Unsure, "empty", readAttempts},
		{"truncated", func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":1")
		}, Down, Unsure, "truncated", readAttempts},
		{"hung up", func(w http.ResponseWriter, _ *http.Request) { hijack(w, "") }, Down, Unsure, "network", readAttempts},
		{"large", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `"`+strings.Repeat("x", 5000)+`"`) }, Down, Unsure, "too_large", readAttempts},
	} {
		for _, read := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s read=%v", tc.name, read), func(t *testing.T) {
				t.Parallel()
				var calls atomic.Int64
				c, url, _ := testClient(t, func(w http.ResponseWriter, r *http.Request) {
					calls.Add(1)
					_, _ = io.Copy(io.Discard, r.Body)
					tc.answer(w, r)
				}, nil)
				var out any
				_, err := c.Do(t.Context(), Call{Op: "op", Method: "POST", URL: url, Body: map[string]int{"a": 1}, Read: read, MaxBody: 1000}, &out)
				want, wantCalls := tc.write, int64(1)
				if read {
					want, wantCalls = tc.read, tc.readCalls
				}
				var e *Error
				if !errors.As(err, &e) || e.Kind != want || e.Code != tc.code || e.Platform != "toy" || e.Op != "op" {
					t.Fatalf("got %v, want %v (%s)", err, want, tc.code)
				}
				if calls.Load() != wantCalls {
					t.Errorf("%d calls, want %d", calls.Load(), wantCalls)
				}
				if j := c.Journal(); len(j) != int(wantCalls) || j[0].Kind != want.String() {
					t.Errorf("journal %+v", j)
				}
			})
		}
	}
}

func TestDoRefusedConnectionIsDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	c := NewClient(ClientConfig{Platform: "toy"})
	_, err = c.Do(t.Context(), Call{Op: "w", Method: "POST", URL: "http://" + addr}, nil)
	if KindOf(err) != Down {
		t.Fatalf("a refused connection is certainly not done: %v", err)
	}
	_, err = c.Do(t.Context(), Call{Op: "w", Method: "POST", URL: "http://" + addr + "/?token=hush-hush"}, nil)
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Fatalf("leaks: %v", err)
	}
}

func TestDoTimeoutOfAWriteIsUnsure(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	c, url, _ := testClient(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}, func(c *ClientConfig) { c.Timeout = 50 * time.Millisecond })
	defer close(release)
	_, err := c.Do(t.Context(), Call{Op: "w", Method: "POST", URL: url, Body: 1}, nil)
	if KindOf(err) != Unsure {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = c.Do(ctx, Call{Op: "w", Method: "POST", URL: url, Body: 1}, nil); KindOf(err) != Down {
		t.Fatalf("cancelled before it left: %v", err)
	}
}

func TestDoRetriesReadsUntilTheyWork(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	c, url, n := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		switch calls.Add(1) {
		case 1:
			w.WriteHeader(502)
		case 2:
			w.Header().Set("Retry-After", "1.5")
			w.WriteHeader(429)
		default:
			fmt.Fprint(w, `{"id":9007199254740993}`)
		}
	}, nil)
	var out map[string]any
	if _, err := c.Do(t.Context(), Call{Op: "r", Method: "GET", URL: url, Read: true}, &out); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(out["id"]) != "9007199254740993" {
		t.Errorf("id %v went through a float", out["id"])
	}
	if time.Duration(n.total.Load()) < 1500*time.Millisecond {
		t.Errorf("did not wait as asked: %v", time.Duration(n.total.Load()))
	}
	if j := c.Journal(); len(j) != 3 || j[2].Attempt != 3 || j[2].Status != 200 {
		t.Errorf("journal %+v", j)
	}
}

func TestDoLongWaitComesBackAsBusy(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	c, url, n := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(429)
	}, nil)
	_, err := c.Do(t.Context(), Call{Op: "r", Method: "GET", URL: url, Read: true}, nil)
	if KindOf(err) != Busy || RetryAfterOf(err) != 10*time.Minute || calls.Load() != 1 || n.total.Load() != 0 {
		t.Fatalf("%v after %v, %d calls", err, RetryAfterOf(err), calls.Load())
	}
}

func TestDoExpiredTokenIsRenewedOnceEvenForWrites(t *testing.T) {
	t.Parallel()
	var calls, renewed atomic.Int64
	c, url, _ := testClient(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.Header.Get("Authorization") != "Bearer 1" {
			w.WriteHeader(401)
		}
	}, func(c *ClientConfig) {
		c.Authorise = func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", fmt.Sprintf("Bearer %d", renewed.Load()))
			return nil
		}
		c.Stale = func(_ context.Context, used *http.Request) error {
			if used.Header.Get("Authorization") != "Bearer 0" {
				return errors.New("not told which token was used")
			}
			renewed.Add(1)
			return nil
		}
	})
	if _, err := c.Do(t.Context(), Call{Op: "w", Method: "POST", URL: url, Body: 1}, nil); err != nil || calls.Load() != 2 {
		t.Fatalf("%v, %d calls", err, calls.Load())
	}
}

func TestDoGivesUpAfterOneRenewal(t *testing.T) {
	t.Parallel()
	var calls, renewed atomic.Int64
	c, url, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); w.WriteHeader(401) },
		func(c *ClientConfig) {
			c.Stale = func(context.Context, *http.Request) error { renewed.Add(1); return nil }
		})
	_, err := c.Do(t.Context(), Call{Op: "r", Method: "GET", URL: url, Read: true}, nil)
	if KindOf(err) != Reauthorise || calls.Load() != 2 || renewed.Load() != 1 {
		t.Fatalf("%v, %d calls, %d renewals", err, calls.Load(), renewed.Load())
	}
}

func TestDoClassify(t *testing.T) {
	t.Parallel()
	c, url, _ := testClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			w.WriteHeader(500)
		}
		fmt.Fprint(w, `{"error":"no for shpat_abcdef123456 and anna@example.com"}`)
	}, func(c *ClientConfig) {
		c.Classify = func(op string, status int, _ http.Header, body []byte) error {
			if status == 500 {
				return &Error{Kind: Down}
			}
			return &Error{Kind: Conflict, Code: "C", Err: errors.New(string(body))}
		}
	})
	_, err := c.Do(t.Context(), Call{Op: "w", Method: "POST", URL: url}, nil)
	if KindOf(err) != Conflict || strings.Contains(err.Error(), "shpat") || strings.Contains(err.Error(), "anna") {
		t.Fatalf("got %v", err)
	}
	if _, err = c.Do(t.Context(), Call{Op: "w", Method: "POST", URL: url + "/down"}, nil); KindOf(err) != Unsure {
		t.Fatalf("a 5xx on a write must stay unsure: %v", err)
	}
}

// roundTrip is a bottom that is not net/http's own, and so does not unzip.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDoUnzips(t *testing.T) {
	t.Parallel()
	zipped := func(w http.ResponseWriter, cut int) {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		fmt.Fprint(z, `{"a":"zipped"}`)
		_ = z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, b.String()[:b.Len()-cut])
	}
	c := NewClient(ClientConfig{Sleep: (&noSleep{}).sleep, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		cut := 0
		if r.URL.Path == "/cut" {
			cut = 12
		}
		zipped(w, cut)
		return w.Result(), nil
	})})
	var out struct{ A string }
	if _, err := c.Do(t.Context(), Call{Method: "GET", URL: "http://x/", Read: true}, &out); err != nil || out.A != "zipped" {
		t.Fatalf("%v %v", out, err)
	}
	if _, err := c.Do(t.Context(), Call{Method: "GET", URL: "http://x/cut", Read: true}, &out); KindOf(err) != Down {
		t.Fatalf("a cut answer: %v", err)
	}
}

func TestJournalIsARingWithoutSecrets(t *testing.T) {
	t.Parallel()
	c, url, _ := testClient(t, func(http.ResponseWriter, *http.Request) {}, nil)
	for i := range journalSize + 5 {
		u := fmt.Sprintf("%s/orders/%d?access_token=hush&buyer=anna%%40example.com&page=2", url, i)
		if _, err := c.Do(t.Context(), Call{Op: "r", Method: "GET", URL: u, Read: true}, nil); err != nil {
			t.Fatal(err)
		}
	}
	j := c.Journal()
	if len(j) != journalSize || !strings.Contains(j[0].URL, "/orders/5?") || !strings.Contains(j[0].URL, "page=2") {
		t.Fatalf("%d entries, first %+v", len(j), j[0])
	}
	if s := fmt.Sprintf("%+v", j); strings.Contains(s, "hush") || strings.Contains(s, "anna") {
		t.Errorf("leaks: %s", s[:300])
	}
}

func TestSkew(t *testing.T) {
	t.Parallel()
	c, url, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	}, nil)
	if _, err := c.Do(t.Context(), Call{Method: "GET", URL: url, Read: true}, nil); err != nil {
		t.Fatal(err)
	}
	if s := c.Skew(); s < 59*time.Minute || s > 61*time.Minute {
		t.Errorf("skew %v", s)
	}
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"": 0, "5": 5 * time.Second, "2.0": 2 * time.Second, "-3": 0, "soon": 0, "NaN": 0, "1e300": 24 * time.Hour,
		"Sat, 21 Nov 2026 12:01:00 GMT": time.Minute, "Sat, 21 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := ParseRetryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
	h := http.Header{"Retry-After": {"Sat, 21 Nov 2026 12:01:00 GMT"}, "Date": {"Sat, 21 Nov 2026 12:00:30 GMT"}}
	if got := ParseRetryAfter(h, now.Add(-time.Hour)); got != 30*time.Second {
		t.Errorf("a date is taken by the platform's clock: %v", got)
	}
}

func TestSkewIsToldAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		ahead time.Duration
		told  bool
	}{{0, false}, {50 * time.Second, false}, {10 * time.Minute, true}, {-2 * time.Hour, true}} {
		clock, log := &fakeClock{}, &strings.Builder{}
		c, url, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", clock.now().Add(tc.ahead).UTC().Format(http.TimeFormat))
			w.Header().Set("X-Request-Id", "req-7")
		}, func(c *ClientConfig) { c.Now, c.Log = clock.now, textLog(log) })
		for range 3 {
			if _, err := c.Do(t.Context(), Call{Op: "r", Method: "GET", URL: url, Read: true}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if d := (c.Skew() - tc.ahead).Abs(); d > time.Second {
			t.Errorf("ahead %v, told %v", tc.ahead, c.Skew())
		}
		e := c.Journal()[2]
		if (e.Skew != 0) != tc.told || e.Request != "req-7" || !e.At.Equal(clock.now()) {
			t.Errorf("ahead %v: %+v", tc.ahead, e)
		}
		want := 0
		if tc.told {
			want = 1
		}
		if n := strings.Count(log.String(), "clock"); n != want {
			t.Errorf("ahead %v: said %d times", tc.ahead, n)
		}
	}
}
