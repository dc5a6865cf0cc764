package slack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"helloworld/bot/chat"
)

// What one person says in one channel is handed on in order, one at a time,
// while what others say, and what they say elsewhere, goes past it.
func TestOnePersonsEventsStayInOrder(t *testing.T) {
	t.Parallel()
	const each = 50
	tr, _ := mute(t, func(_ int32, c *websocket.Conn) {
		for i := range each {
			for _, at := range []string{"C1 U1", "C1 U2", "C2 U1"} {
				var channel, user string
				_, _ = fmt.Sscan(at, &channel, &user)
				_ = c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil,
					`{"type":"events_api","envelope_id":"%s%s%d","payload":{"event":{"type":"message","channel":%q,"user":%q,"text":"%d","ts":"%d.000001"}}}`,
					channel, user, i, channel, user, i, i+1))
			}
		}
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	})
	tr.silence = time.Minute
	var mu sync.Mutex
	got, under := map[string][]string{}, map[string]int{}
	others := make(chan struct{})
	all := make(chan struct{})
	run(t, tr, func(ctx context.Context, e chat.Event) error {
		mu.Lock()
		if under[lane(e)]++; under[lane(e)] > 1 {
			t.Errorf("%s: two at a time", lane(e))
		}
		mu.Unlock()
		if lane(e) == "C1 U1" {
			// The first of these waits until everybody else has been heard.
			select {
			case <-others:
			case <-ctx.Done():
			case <-time.After(20 * time.Second):
				t.Error("one person's event holds up the others'")
			}
		}
		mu.Lock()
		defer mu.Unlock()
		under[lane(e)]--
		got[lane(e)] = append(got[lane(e)], e.Text)
		if len(got["C1 U2"]) == each && len(got["C2 U1"]) == each {
			switch len(got["C1 U1"]) {
			case 0:
				close(others)
			case each:
				close(all)
			}
		}
		return nil
	})
	select {
	case <-all:
	case <-time.After(40 * time.Second):
		t.Fatal("not everything was heard")
	}
	for at, texts := range got {
		if !slices.IsSortedFunc(texts, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) {
			t.Errorf("%s: heard in the order %v", at, texts)
		}
	}
}

func TestLanesForgetWhatIsDone(t *testing.T) {
	t.Parallel()
	var l lanes
	n := 0
	for range 1000 {
		l.do("a", func() { n++ }) // unguarded: the race detector sees two at a time
	}
	l.wg.Wait()
	if n != 1000 || len(l.waiting) != 0 {
		t.Errorf("%d of 1000 done, %d lanes left", n, len(l.waiting))
	}
}
