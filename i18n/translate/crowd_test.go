package translate_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"helloworld/i18n/translate"
)

// crowd asks for n different texts at once and counts who answered and which
// findings there were.
func crowd(t *testing.T, p *translate.Pipeline, n int, release func()) (engines, codes map[string]int) {
	var mu sync.Mutex
	engines, codes = map[string]int{}, map[string]int{}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r := do(t, p, english(fmt.Sprintf("Where on earth did parcel %c go to", 'a'+i)))
			mu.Lock()
			defer mu.Unlock()
			engines[r.Engine]++
			for _, f := range r.Findings {
				codes[f.Code]++
			}
		})
	}
	synctest.Wait()
	release()
	wg.Wait()
	return engines, codes
}

func TestACrowdDoesNotOverspend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &spy{name: "s", hold: make(chan struct{})}
		told := 0
		// Room for the try-out and four texts of 34 letters.
		p := translate.New(translate.Options{Engines: []translate.Engine{s}, Rules: map[string]translate.Rule{"s": {MonthLetters: 200 + 4*34}},
			OnBudget: func(_ string, percent int) {
				if percent == 100 {
					told++
				}
			}})
		p.Probe(t.Context(), english("").From, zhCN)
		engines, codes := crowd(t, p, 12, func() { close(s.hold) })
		if engines["s"] == 0 || engines["s"] > 4 || codes["engine_budget"] != 12-engines["s"] || told != 1 {
			t.Errorf("answered %v, found %v, told %d times", engines, codes, told)
		}
	})
}

func TestOneOfACrowdTriesAnEngineThatFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		s := &spy{name: "s", fail: func(int) error { return kindErr(translate.Busy, time.Minute) }}
		p := translate.New(translate.Options{Engines: []translate.Engine{s}})
		do(t, p, english("Where did it go"))
		time.Sleep(time.Minute)
		s.fail, s.hold = nil, hold
		engines, codes := crowd(t, p, 10, func() { close(hold) })
		if engines["s"] != 1 || codes["engine_resting"] != 9 || s.called() != 2 {
			t.Errorf("answered %v, found %v after %d calls", engines, codes, s.called())
		}
		s.hold = nil
		if engines, _ = crowd(t, p, 10, func() {}); engines["s"] != 10 {
			t.Errorf("well again: %v", engines)
		}
	})
}

// Many fail at once when an engine goes down: that is one rest, not ten in a row.
func TestACrowdOfFailuresIsOneRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		s := &spy{name: "s", hold: hold, fail: func(int) error { return kindErr(translate.Down, 0) }}
		p := translate.New(translate.Options{Engines: []translate.Engine{s}})
		if _, codes := crowd(t, p, 10, func() { close(hold) }); codes["engine_down"] != 10 {
			t.Errorf("found %v", codes)
		}
		time.Sleep(15 * time.Second)
		s.fail = nil
		if r := do(t, p, english("Where did it go")); r.Engine != "s" {
			t.Errorf("after the first rest: %v", r.Findings)
		}
	})
}
