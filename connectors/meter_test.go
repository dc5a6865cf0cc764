package connectors

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// memMeter counts as Redis would, for several clients in one process.
type memMeter struct {
	mu       sync.Mutex
	tat      map[string]time.Time
	asked    map[string]int
	replicas int
	waiting  atomic.Int64
	crowd    atomic.Int64
	down     atomic.Bool
}

func (m *memMeter) Share() float64 { return 1 / float64(m.replicas) }

func (m *memMeter) Take(ctx context.Context, budget string, b Bucket, n int) (time.Duration, error) {
	if c := m.waiting.Add(1); c > m.crowd.Load() {
		m.crowd.Store(c)
	}
	defer m.waiting.Add(-1)
	if err := sleep(ctx, 2*time.Millisecond); err != nil { // the way there
		return 0, err
	}
	if m.down.Load() {
		return 0, errors.New("dial tcp: connection refused")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked[budget]++
	now := time.Now()
	step := time.Duration(float64(n) / b.Rate * float64(time.Second))
	tat := m.tat[budget]
	if tat.Before(now) {
		tat = now
	}
	next := tat.Add(step)
	if wait := next.Add(-time.Duration(float64(b.Burst) / b.Rate * float64(time.Second))).Sub(now); wait > 0 {
		return wait, nil
	}
	m.tat[budget] = next
	return 0, nil
}

// Three replicas and one account: together they keep to its budget, each asks
// with but one caller at a time, and without the meter each keeps to a third.
func TestReplicasShareABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := Bucket{Rate: 5, Burst: 10}
		s := newBucketShop(b.Rate, float64(b.Burst), 0, time.Minute)
		m := &memMeter{tat: map[string]time.Time{}, asked: map[string]int{}, replicas: 3}
		var log strings.Builder
		var mu sync.Mutex
		var clients []*Client
		for range 3 {
			clients = append(clients, pacedClient(s, b, func(c *ClientConfig) {
				c.Meter = m
				c.Log = textLog(writer(func(p []byte) { mu.Lock(); defer mu.Unlock(); log.Write(p) }))
			}))
		}
		said := func(what string) int { mu.Lock(); defer mu.Unlock(); return strings.Count(log.String(), what) }
		phase := func(span time.Duration) (use, refused float64) {
			began := time.Now()
			s.mu.Lock()
			ok, no := s.ok, s.no
			s.mu.Unlock()
			var wg sync.WaitGroup
			for _, c := range clients {
				wg.Go(func() { keepBusy(t, c, 4, Sync, 0, began.Add(span)) })
			}
			wg.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			ok, no = s.ok-ok, s.no-no
			return float64(ok) / (b.Rate * time.Since(began).Seconds()), float64(no) / float64(ok+no)
		}
		use, refused := phase(10 * time.Minute)
		t.Logf("3 replicas: use %.1f %%, refused %.2f %%", 100*use, 100*refused)
		if use < 0.98 || refused > 0 {
			t.Error("want use ≥ 98 % and none refused")
		}
		if n := m.crowd.Load(); n > 3 {
			t.Errorf("%d callers asked at once, want one of each replica", n)
		}
		if len(m.asked) != 1 || m.asked["toy/s/op"] == 0 {
			t.Errorf("asked for %v", m.asked)
		}

		m.down.Store(true)
		use, refused = phase(10 * time.Minute)
		t.Logf("without the meter: use %.1f %%, refused %.2f %%", 100*use, 100*refused)
		if use < 0.9 || refused > 0.001 {
			t.Error("want use ≥ 90 % and refused ≤ 0.1 %")
		}
		if n := said("does not answer"); n != 3 {
			t.Errorf("said %d times by 3 replicas", n)
		}

		m.down.Store(false)
		use, refused = phase(10 * time.Minute)
		t.Logf("with it again: use %.1f %%, refused %.2f %%", 100*use, 100*refused)
		if use < 0.98 || refused > 0.001 || said("answers again") != 3 {
			t.Errorf("want use ≥ 98 %% and refused ≤ 0.1 %%, said so %d times", said("answers again"))
		}
	})
}

// One replica that does not ask would have had to be refused: the figures above
// do not come from a platform that refuses nothing.
func TestReplicasThatDoNotShareAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBucketShop(5, 10, 0, 0)
		var wg sync.WaitGroup
		for range 3 {
			c := pacedClient(s, Bucket{Rate: 5, Burst: 10}, nil)
			wg.Go(func() { keepBusy(t, c, 4, Sync, 0, s.start.Add(10*time.Minute)) })
		}
		wg.Wait()
		t.Logf("each for itself: %d of %d refused", s.no, s.ok+s.no)
		if s.no == 0 {
			t.Error("none was refused")
		}
	})
}

type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// A caller who leaves must give up its place, or nobody after it is served.
func TestLineSurvivesThoseWhoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(ClientConfig{Transport: http.RoundTripper(&slowShop{}), Patience: time.Hour, Budget: map[string]Bucket{"r": {Rate: 1, Burst: 1}}})
		var wg sync.WaitGroup
		var served, left atomic.Int64
		for i := range 40 {
			wg.Go(func() {
				ctx := t.Context()
				if i%2 == 1 {
					ctx = WithPriority(ctx, Sync)
				}
				if i%4 < 2 { // those who leave do so at all kinds of moments
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					time.AfterFunc(time.Duration(i)*137*time.Millisecond, cancel)
				}
				_, err := c.Do(ctx, Call{Op: "r", Method: "GET", URL: "http://shop/" + strings.Repeat("x", i+1), Read: true}, nil)
				switch {
				case err == nil:
					served.Add(1)
				case KindOf(err) == Down:
					left.Add(1)
				default:
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if served.Load() < 20 || served.Load()+left.Load() != 40 {
			t.Errorf("%d served, %d left", served.Load(), left.Load())
		}
		b := c.bucketFor("r")
		if b.line.head != nil || len(b.line.agents)+len(b.line.syncs) != 0 {
			t.Errorf("somebody still stands there: %+v", &b.line)
		}
	})
}
