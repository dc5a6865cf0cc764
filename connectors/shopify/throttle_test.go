package shopify

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"helloworld/connectors"
)

// bucketSim is the platform's budget of points in virtual time: a call is
// charged what it asks for, and gets back what it did not need.
type bucketSim struct {
	mu            sync.Mutex
	max, restore  float64
	have          float64
	at            time.Time
	calls, denied int
	spent, others float64
	rnd           *rand.Rand
}

func (b *bucketSim) grow() {
	now := time.Now()
	b.have = min(b.max, b.have+now.Sub(b.at).Seconds()*b.restore)
	b.at = now
}

func (b *bucketSim) take(points float64) (bool, float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grow()
	if b.have < points {
		return false, b.have
	}
	b.have -= points
	return true, b.have
}

// RoundTrip is the shop.
func (b *bucketSim) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	b.mu.Lock()
	way := time.Duration(20+b.rnd.IntN(30)) * time.Millisecond
	asked := float64(30 + b.rnd.IntN(3)*10)
	actual := asked * (0.4 + 0.6*b.rnd.Float64())
	work := time.Duration(30+b.rnd.IntN(150)) * time.Millisecond
	b.mu.Unlock()
	time.Sleep(way)
	ok, left := b.take(asked)
	cost := "null"
	var text string
	if ok {
		time.Sleep(work)
		b.mu.Lock()
		b.grow()
		b.have = min(b.max, b.have+asked-actual)
		left = b.have
		b.calls, b.spent = b.calls+1, b.spent+actual
		b.mu.Unlock()
		cost = fmt.Sprintf("%.0f", actual)
		text = `"data":{"currentAppInstallation":{"accessScopes":[]}}`
	} else {
		b.mu.Lock()
		b.calls, b.denied = b.calls+1, b.denied+1
		b.mu.Unlock()
		text = `"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]`
	}
	time.Sleep(way)
	body := fmt.Sprintf(`{%s,"extensions":{"cost":{"requestedQueryCost":%g,"actualQueryCost":%s,"throttleStatus":{"maximumAvailable":%g,"currentlyAvailable":%d,"restoreRate":%g}}}}`,
		text, asked, cost, b.max, int(left), b.restore)
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// drive keeps a number of workers busy for a while, and tells how much of the
// budget was used and which part of our calls was refused. It is virtual time.
func drive(t *testing.T, workers int, otherShare float64, p connectors.Priority) (use, refused float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		const length = 5 * time.Minute
		sim := &bucketSim{max: 2000, restore: 100, have: 2000, at: time.Now(), rnd: rand.New(rand.NewPCG(1, uint64(workers)))}
		shop, err := New(connectors.Config{Info: connectors.Info{Store: "sim"}, BaseURL: "https://sim.myshopify.com", Transport: sim,
			Credential: connectors.Credential{Access: "shpat_1"}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(connectors.WithPriority(t.Context(), p), length)
		defer stop()
		// The first minutes use up what was saved; then it is measured.
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for ctx.Err() == nil {
					_, _ = shop.askScopes(ctx) // refusals are counted by the platform
				}
			})
		}
		if otherShare > 0 {
			wg.Go(func() {
				for ctx.Err() == nil {
					sim.mu.Lock()
					points := float64(20 + sim.rnd.IntN(60))
					sim.mu.Unlock()
					if ok, _ := sim.take(points); ok {
						sim.mu.Lock()
						sim.others += points
						sim.mu.Unlock()
					}
					time.Sleep(time.Duration(points / (otherShare * sim.restore) * float64(time.Second)))
				}
			})
		}
		time.Sleep(time.Minute)
		sim.mu.Lock()
		sim.grow()
		startSpent, startOthers, startHave, began := sim.spent, sim.others, sim.have, time.Now()
		sim.calls, sim.denied = 0, 0
		sim.mu.Unlock()
		<-ctx.Done()
		sim.mu.Lock()
		sim.grow()
		use = (sim.spent - startSpent + sim.others - startOthers) / (sim.restore * time.Since(began).Seconds())
		refused = float64(sim.denied) / float64(sim.calls)
		t.Logf("%d workers, another app taking %.0f %%: %.2f %% of the budget used, %.3f %% of %d calls refused (fill %d → %d)",
			workers, otherShare*100, use*100, refused*100, sim.calls, int(startHave), int(sim.have))
		sim.mu.Unlock()
		wg.Wait()
	})
	return use, refused
}

// pointLoads are who uses the points, and what of them must be used and what may
// be refused.
var pointLoads = []struct {
	workers int
	other   float64
	p       connectors.Priority
	use     float64
	refused float64
}{
	{8, 0, connectors.Agent, 0.98, 0.001},
	{8, 0, connectors.Sync, 0.98, 0.001},
	{40, 0, connectors.Sync, 0.98, 0.001},
	{8, 0.2, connectors.Agent, 0.85, 0.03},
	{8, 0.2, connectors.Sync, 0.85, 0.03},
	{40, 0.2, connectors.Agent, 0.85, 0.03},
}

func TestPointsAreUsedAndNotOverrun(t *testing.T) {
	for _, tc := range pointLoads {
		use, refused := drive(t, tc.workers, tc.other, tc.p)
		if use < tc.use || refused > tc.refused {
			t.Errorf("%d workers, other %.1f: use %.4f (want ≥ %.2f), refused %.4f (want ≤ %.3f)", tc.workers, tc.other, use, tc.use, refused, tc.refused)
		}
	}
}
