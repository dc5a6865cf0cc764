package bot_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
)

// What this file and its siblings prove: whatever happens on the way, an approved
// refund is paid once, and people are told what is known of it.
//
// A real desk with real adapters runs inside a bubble of virtual time, over a
// database in a real file; the shops are the world's own handler behind pipes in
// memory. All goroutines, net/http's and database/sql's too, are born inside the
// bubble, so leases, backoffs, time-outs and hours of waiting cost nothing, and
// are the ones that the desk has in life. Reading a file is no waiting: time
// stands still meanwhile. A desk ends by losing its database from one statement
// to the next, as a killed process does, or by being stopped without any grace;
// the next one begins with fresh adapters that remember nothing.
//
// A seed decides what happens and when. What it cannot decide is the order of
// things at the very same moment, so a schedule that went wrong may go right when
// it is run again. The judge is the world's own ledger.

// runSchedule lives through one schedule in a bubble of virtual time and judges it.
func runSchedule(t *testing.T, s schedule, breaks func(*bureau)) (v verdict) {
	t.Helper()
	file, err := freshDesk()
	if err != nil {
		t.Fatal(err)
	}
	words, err := noWords()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBureau(t, s, file, words)
		if breaks != nil {
			breaks(b)
		}
		out, err := b.live()
		if err != nil {
			t.Error(err)
		}
		v = judge(out, b.hall.said("approvals"), b.yard.said("approvals"))
	})
	return v
}

// scheduleStores are the stores of the world, one of each platform.
var scheduleStores = []string{"amazon-jp", "ebay-de", "shopify-main", "woo-eu"}

// scheduleCount is how many schedules a platform lives through. WooCommerce, which
// has the simplest road, takes a share only where there are many.
func scheduleCount(t *testing.T, store string) int {
	n := 25
	if text := os.Getenv("DESK_SCHEDULES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	} else if os.Getenv("DESK_SOAK") != "" {
		n = 10_000
	} else if raced {
		n = 2
	}
	if store == "woo-eu" && n >= 500 {
		n /= 10
	}
	return n
}

// TestSchedules refunds once on every platform: under answers lost after the
// effect, time-outs, errors, refusals for now, commands and presses that come
// twice from two chats, what is paid in the back office, and the desk's end in
// between. DESK_SCHEDULE_SEED runs one schedule again, or with DESK_SCHEDULES so
// many from there.
func TestSchedules(t *testing.T) {
	t.Parallel()
	first := uint64(1)
	text := os.Getenv("DESK_SCHEDULE_SEED")
	if text != "" {
		var err error
		if first, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	for _, store := range scheduleStores {
		n := scheduleCount(t, store)
		if text != "" && os.Getenv("DESK_SCHEDULES") == "" {
			n = 1
		}
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sum verdict
			t.Cleanup(func() { t.Logf("%s: %v", store, sum) })
			for i := range uint64(n) {
				t.Run(fmt.Sprint(first+i), func(t *testing.T) {
					t.Parallel()
					s := newSchedule(store, first+i)
					v := runSchedule(t, s, nil)
					if v.unknown+v.working > 0 && len(s.jam) == 0 {
						v.wrong = append(v.wrong, "unknown where the platform tells")
					}
					if len(v.wrong) > 0 || t.Failed() {
						t.Errorf("%v\nwrong: %v", s, v.wrong)
					}
					if len(v.why) > 0 {
						t.Log(s, "\n", v.why)
					}
					mu.Lock()
					defer mu.Unlock()
					sum.add(v)
				})
			}
		})
	}
}
