package redis_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/connectors"
	"helloworld/connectors/redis"
)

// server is a real redis-server on a free port.
type server struct {
	t    *testing.T
	bin  string
	dir  string
	port string
	cmd  *exec.Cmd
}

func newServer(t *testing.T) *server {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED: redis-server is not installed, so shared budgets were not tried")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	s := &server{t: t, bin: bin, dir: t.TempDir(), port: port}
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) url() string { return "redis://127.0.0.1:" + s.port + "/0" }

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.bin, "--port", s.port, "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "no")
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for range 500 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+s.port); err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("redis-server does not start")
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

func open(t *testing.T, s *server, log io.Writer) *redis.Meter {
	t.Helper()
	o := redis.Options{}
	if log != nil {
		o.Log = slog.New(slog.NewTextHandler(log, nil))
	}
	m, err := redis.Open(t.Context(), s.url(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// shop is a platform with a bucket, in real time.
type shop struct {
	mu          sync.Mutex
	rate, burst float64
	tokens      float64
	at          time.Time
	ok, no      int
}

func (s *shop) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.tokens = min(s.burst, s.tokens+now.Sub(s.at).Seconds()*s.rate)
	s.at = now
	status := http.StatusOK
	if s.tokens < 1 {
		s.no++
		status = http.StatusTooManyRequests
	} else {
		s.tokens--
		s.ok++
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func (s *shop) counts() (ok, no int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ok, s.no
}

// replica is one process's client, kept busy by a few callers.
func replica(ctx context.Context, wg *sync.WaitGroup, s *shop, m connectors.Meter, b connectors.Bucket, log io.Writer) {
	c := connectors.NewClient(connectors.ClientConfig{Platform: "toy", Store: "s", Transport: s, Meter: m,
		Budget: map[string]connectors.Bucket{"op": b}, Log: slog.New(slog.NewTextHandler(log, nil))})
	var n atomic.Int64
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.Do(ctx, connectors.Call{Op: "op", Method: "GET", URL: fmt.Sprintf("http://shop/%d", n.Add(1)), Read: true}, nil)
			}
		})
	}
}

func TestReplicasShareOneBudget(t *testing.T) {
	s := newServer(t)
	b := connectors.Bucket{Rate: 40, Burst: 40}
	p := &shop{rate: b.Rate, burst: float64(b.Burst), tokens: float64(b.Burst), at: time.Now()}
	const span = 4 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	began := time.Now()
	var wg sync.WaitGroup
	for range 3 {
		replica(ctx, &wg, p, open(t, s, nil), b, io.Discard)
	}
	wg.Wait()
	ok, no := p.counts()
	use := float64(ok-b.Burst/2) / (b.Rate * time.Since(began).Seconds()) // beside what was there at the start
	t.Logf("3 replicas: use %.1f %%, %d refused of %d", 100*use, no, ok+no)
	// The machine may be busy: what is asked for here leaves room for that.
	if use < 0.9 || no > (ok+no)/100 {
		t.Error("want use ≥ 90 % and refused ≤ 1 %")
	}
}

func TestWithoutRedisEachKeepsToItsShare(t *testing.T) {
	s := newServer(t)
	b := connectors.Bucket{Rate: 40, Burst: 20}
	p := &shop{rate: b.Rate, burst: float64(b.Burst), tokens: float64(b.Burst), at: time.Now()}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := &lines{}
	var meters []*redis.Meter
	for range 3 {
		meters = append(meters, open(t, s, nil))
	}
	eventually(t, "all three are counted", func() bool {
		for _, m := range meters {
			if m.Replicas() != 3 {
				return false
			}
		}
		return true
	})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for _, m := range meters {
		replica(ctx, &wg, p, m, b, log)
	}
	eventually(t, "calls go out", func() bool { ok, _ := p.counts(); return ok > 30 })

	s.kill()
	eventually(t, "all have noticed", func() bool { return log.count("does not answer") == 3 })
	ok0, no0 := p.counts()
	began := time.Now()
	time.Sleep(2 * time.Second)
	ok1, no1 := p.counts()
	use := float64(ok1-ok0) / (b.Rate * time.Since(began).Seconds())
	t.Logf("without Redis: use %.1f %%, %d refused of %d; share %.2f", 100*use, no1-no0, ok1-ok0+no1-no0, meters[0].Share())
	if use < 0.5 || no1-no0 > (ok1-ok0)/20 {
		t.Error("want use ≥ 50 % and refused ≤ 5 %")
	}

	s.start()
	eventually(t, "all ask Redis again", func() bool { return log.count("answers again") == 3 })
	ok2, _ := p.counts()
	eventually(t, "calls go on", func() bool { ok, _ := p.counts(); return ok > ok2+40 })
	if n := log.count("does not answer"); n != 3 {
		t.Errorf("it was said %d times by 3 replicas", n)
	}
}

func TestTakeFailsFastAndComesBack(t *testing.T) {
	s := newServer(t)
	log := &lines{}
	m := open(t, s, log)
	take := func() error {
		_, err := m.Take(t.Context(), "b", connectors.Bucket{Rate: 1000, Burst: 1000}, 1)
		return err
	}
	if err := take(); err != nil {
		t.Fatal(err)
	}
	s.kill()
	if err := take(); err == nil {
		t.Fatal("no Redis, and no error")
	}
	if m.Share() != 1 {
		t.Errorf("share %v", m.Share())
	}
	s.start()
	eventually(t, "it comes back by itself", func() bool { return take() == nil })
}

func TestTakeTellsHowLongToWait(t *testing.T) {
	s := newServer(t)
	m, other := open(t, s, nil), open(t, s, nil)
	b := connectors.Bucket{Rate: 0.0056, Burst: 2}
	for i, want := range []bool{true, true, false} {
		wait, err := m.Take(t.Context(), "amazon/s/searchOrders", b, 1)
		if err != nil || (wait == 0) != want {
			t.Fatalf("%d: %v %v", i, wait, err)
		}
	}
	wait, err := other.Take(t.Context(), "amazon/s/searchOrders", b, 1)
	if err != nil || wait < 2*time.Minute || wait > 3*time.Minute {
		t.Errorf("the other replica waits %v, %v", wait, err)
	}
	if wait, err := other.Take(t.Context(), "amazon/t/searchOrders", b, 1); err != nil || wait != 0 {
		t.Errorf("another account waits %v, %v", wait, err)
	}
	// A sync asks with one less, and leaves one to agents.
	for i, want := range []int{1, 1, 2} {
		wait, err := m.Take(t.Context(), "reserve", connectors.Bucket{Rate: 0.001, Burst: want}, 1)
		if err != nil || (wait == 0) != (i != 1) {
			t.Errorf("reserve, %d: %v %v", i, wait, err)
		}
	}
}

func TestCloseTakesTheReplicaOut(t *testing.T) {
	s := newServer(t)
	a := open(t, s, nil)
	b, err := redis.Open(t.Context(), s.url(), redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "two are counted", func() bool { return a.Replicas() == 2 && b.Share() == 0.5 })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "one is left", func() bool { return a.Replicas() == 1 })
}

func TestOpen(t *testing.T) {
	t.Parallel()
	_, err := redis.Open(t.Context(), "not://:hush@x", redis.Options{})
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
	// One that is not there yet does not keep the desk from starting.
	log := &lines{}
	m, err := redis.Open(t.Context(), "redis://:hush@127.0.0.1:1/0", redis.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Take(t.Context(), "b", connectors.Bucket{Rate: 1, Burst: 1}, 1); err == nil {
		t.Error("nobody there, and no error")
	}
	if log.count("does not answer") != 1 || log.count("hush") != 0 {
		t.Errorf("said %s", log.b.String())
	}
}

// eventually waits for something that will be so; it fails only if it never is.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 3000 {
		if so() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}
