package bot_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
)

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
		v = judge(out, b.hall.said("approvals"))
	})
	return v
}

// scheduleStores are the stores of the world, one of each platform.
var scheduleStores = []string{"amazon-jp", "ebay-de", "shopify-main"}

// scheduleCount is how many schedules a platform lives through.
func scheduleCount() int {
	switch {
	case os.Getenv("DESK_SOAK") != "":
		return 1000
	case os.Getenv("CI") != "":
		return 200
	}
	return 25
}

// TestSchedules refunds once on every platform: under answers lost after the
// effect, time-outs, errors, refusals for now, commands that come twice, and the
// desk's end in between. DESK_SCHEDULE_SEED runs one schedule again.
func TestSchedules(t *testing.T) {
	t.Parallel()
	first, n := uint64(1), scheduleCount()
	if text := os.Getenv("DESK_SCHEDULE_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, n = seed, 1
	}
	for _, store := range scheduleStores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sum verdict
			t.Cleanup(func() { t.Log(sum) })
			for i := range uint64(n) {
				t.Run(fmt.Sprint(first+i), func(t *testing.T) {
					t.Parallel()
					s := newSchedule(store, first+i)
					v := runSchedule(t, s, nil)
					if len(v.wrong) > 0 || t.Failed() {
						t.Errorf("%v\n%v", s, v.wrong)
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
