package shopify

import (
	"context"
	"sync"
	"time"

	"helloworld/connectors"
)

const (
	// mostWait is the longest wait for points; a longer one comes back as Busy.
	mostWait = 20 * time.Second
	// unseen is what an operation is believed to cost until the platform has said so.
	unseen = 25
	// kept is how many calls' worth is left over, since the platform's clock and
	// ours do not tick together, and others may use the same app.
	kept = 1
	// mostSpare is how many more may be kept while others use it too.
	mostSpare = 4
)

// throttle mirrors the platform's budget of points, which is one for the whole
// shop and told with every answer. What is on its way counts as spent.
type throttle struct {
	mu     sync.Mutex
	last   cost
	at     time.Time
	need   map[string]float64
	open   float64
	agents float64 // points that people are waiting for
	spare  float64 // calls' worth kept besides, after refusals
}

// saw notes what the platform said with an answer.
func (t *throttle) saw(op string, c cost, now time.Time) {
	if c.Throttle.Restore <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.at = c, now
	if t.need == nil {
		t.need = map[string]float64{}
	}
	// A call that was refused has cost nothing.
	if c.Actual == 0 && c.Requested > c.Throttle.Available {
		t.spare = min(t.spare+1, mostSpare)
	} else {
		t.spare *= 0.99
	}
	if c.Requested > 0 {
		// One operation costs more or less by what it is asked; the dear ones are
		// forgotten slowly.
		t.need[op] = max(c.Requested, 0.95*t.need[op]+0.05*c.Requested)
	}
}

// take waits until op's points should be there, and reserves them until done is
// called. Syncing leaves a tenth of the budget to people, and lets them go first.
func (t *throttle) take(ctx context.Context, op string, now func() time.Time, sleep func(context.Context, time.Duration) error) (done func(), err error) {
	sync := connectors.PriorityOf(ctx) == connectors.Sync
	var waited time.Duration
	var queued float64
	defer func() {
		if queued > 0 {
			t.mu.Lock()
			t.agents -= queued
			t.mu.Unlock()
		}
	}()
	for {
		t.mu.Lock()
		if t.last.Throttle.Restore <= 0 {
			t.mu.Unlock()
			return func() {}, nil // nothing is known yet: the first answer tells
		}
		need, ok := t.need[op]
		if !ok {
			need = unseen
		}
		th := t.last.Throttle
		need = min(need, th.Maximum)
		want := need * (1 + kept + t.spare)
		if sync {
			want += th.Maximum/10 + t.agents
		}
		want = min(want, th.Maximum)
		have := t.left(now()) - t.open
		if have >= want || t.open <= 0 && have >= th.Maximum-1 {
			t.open += need
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				t.open -= need
				t.mu.Unlock()
			}, nil
		}
		if !sync && queued == 0 {
			queued = need
			t.agents += queued
		}
		t.mu.Unlock()
		d := max(time.Duration((want-have)/th.Restore*float64(time.Second)), time.Millisecond)
		if waited += d; waited > mostWait {
			return nil, &connectors.Error{Kind: connectors.Busy, Platform: Platform, Op: op, Code: "budget", RetryAfter: d}
		}
		if err := sleep(ctx, d); err != nil {
			return nil, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: op, Code: "cancelled", Err: err}
		}
	}
}

// left is what should be there by now. The caller holds the lock.
func (t *throttle) left(now time.Time) float64 {
	th := t.last.Throttle
	return min(th.Maximum, th.Available+max(0, now.Sub(t.at).Seconds())*th.Restore)
}

// Quotas tells the points that the platform named with its last answer; it asks
// something cheap if there was none yet.
func (s *Shop) Quotas(ctx context.Context) ([]connectors.Quota, error) {
	q, ok := s.throttle.quota(s.now())
	if !ok {
		if _, err := s.askScopes(ctx); err != nil {
			return nil, err
		}
		if q, ok = s.throttle.quota(s.now()); !ok {
			return nil, nil // a shop without limits says nothing about them
		}
	}
	return []connectors.Quota{q}, nil
}

func (t *throttle) quota(now time.Time) (connectors.Quota, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	th := t.last.Throttle
	if th.Restore <= 0 {
		return connectors.Quota{}, false
	}
	left := max(0, t.left(now)-t.open)
	return connectors.Quota{Name: "points", Limit: th.Maximum, Left: left, Used: th.Maximum - left,
		Window: time.Duration(th.Maximum / th.Restore * float64(time.Second)), Told: true}, true
}
