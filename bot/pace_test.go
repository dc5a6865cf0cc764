package bot

import (
	"testing"
	"time"

	"helloworld/bot/chat"
)

// paceClock is a clock that stands still until it is moved.
type paceClock struct{ t time.Time }

func (c *paceClock) now() time.Time { return c.t }

func paced() (*pacer, *paceClock) {
	c := &paceClock{time.Unix(1e9, 0)}
	return newPacer(c.now), c
}

// play has n jobs take their turn at a place, each coming back when it is told
// to, and returns when each posted and how often one came in vain.
func play(t *testing.T, n int, l chat.Limits, patience time.Duration) (posts []time.Duration, vain int) {
	t.Helper()
	p, c := paced()
	began := c.t
	at := chat.Place{Chat: "x", Channel: "1"}
	back := make([]time.Time, n)
	for i := range back {
		back[i] = began
	}
	for left := n; left > 0; {
		first := 0
		for i := range back {
			if !back[i].IsZero() && (back[first].IsZero() || back[i].Before(back[first])) {
				first = i
			}
		}
		if back[first].After(c.t) {
			c.t = back[first]
		}
		wait, ok := p.take(at, l, l.Every, patience)
		if !ok {
			if wait <= 0 {
				t.Fatal("refused, and told to come back at once")
			}
			back[first], vain = c.t.Add(wait), vain+1
			if vain > 10*n {
				t.Fatalf("%d posted, the rest keeps coming in vain", n-left)
			}
			continue
		}
		posts, back[first], left = append(posts, c.t.Add(wait).Sub(began)), time.Time{}, left-1
	}
	return posts, vain
}

func TestPace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		n        int
		limits   chat.Limits
		patience time.Duration
		last     time.Duration
		vain     int // at most
	}{
		{"a second each", 40, chat.Limits{Every: time.Second}, shortWait, 39 * time.Second, 39},
		{"twenty a minute", 40, chat.Limits{Every: time.Second, PerMinute: 20}, shortWait, 80 * time.Second, 80},
		{"soon enough to sit still", 50, chat.Limits{Overall: time.Millisecond}, shortWait, 49 * time.Millisecond, 0},
		{"no limits", 100, chat.Limits{}, shortWait, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			posts, vain := play(t, c.n, c.limits, c.patience)
			if got := posts[len(posts)-1]; got != c.last {
				t.Errorf("the last of %d posted after %v, want %v", c.n, got, c.last)
			}
			if vain > c.vain {
				t.Errorf("%d came in vain, want at most %d", vain, c.vain)
			}
			for i, at := range posts {
				if i > 0 && at-posts[i-1] < max(c.limits.Every, c.limits.Overall) {
					t.Errorf("post %d came %v after the one before", i, at-posts[i-1])
				}
				if n := c.limits.PerMinute; n > 0 && i >= n && at-posts[i-n] < time.Minute {
					t.Errorf("posts %d to %d came within %v", i-n, i, at-posts[i-n])
				}
			}
		})
	}
}

// TestPaceHeedsTheNetwork: where a network said stop, nothing is posted, whether
// it counts or not; elsewhere it goes on.
func TestPaceHeedsTheNetwork(t *testing.T) {
	t.Parallel()
	p, c := paced()
	here, there := chat.Place{Chat: "x", Channel: "1"}, chat.Place{Chat: "x", Channel: "2"}
	p.pause(here, 5*time.Second)
	for _, l := range []chat.Limits{{}, {Every: time.Second}} {
		if wait, ok := p.take(here, l, l.Every, shortWait); ok || wait < 5*time.Second {
			t.Errorf("%v: may post after %v (%v)", l.Every, wait, ok)
		}
		if wait, ok := p.take(there, l, l.Every, shortWait); !ok || wait != 0 {
			t.Errorf("%v: elsewhere it waits %v (%v)", l.Every, wait, ok)
		}
	}
	c.t = c.t.Add(5 * time.Second)
	if wait, ok := p.take(here, chat.Limits{Every: time.Second}, time.Second, shortWait); !ok || wait != 0 {
		t.Errorf("after the pause it waits %v (%v)", wait, ok)
	}
}
