package ebay

import (
	"fmt"
	"testing"
	"time"

	"helloworld/connectors"
)

// BenchmarkDay tells how much of a day's calls is used by syncs that never have
// enough, beside people who take their tenth, and how many are refused, alone and
// where another app takes a fifth. It is a day in virtual time. What is told of
// the use counts people's calls and the other app's as well.
func BenchmarkDay(b *testing.B) {
	for _, limit := range []float64{5_000, 25_000, 100_000} {
		for _, others := range []float64{0, 0.2} {
			b.Run(fmt.Sprintf("calls=%.0f/others=%.0f%%", limit, 100*others), func(b *testing.B) {
				var used, refused, sent float64
				for b.Loop() {
					used, refused, sent = oneDay(limit, others)
				}
				b.ReportMetric(100*used/limit, "use_pct")
				b.ReportMetric(100*refused/max(sent, 1), "refused_pct")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// oneDay lives through a day, a second at a time.
func oneDay(limit, others float64) (used, refused, sent float64) {
	const day = 24 * time.Hour
	budget := newDayBudget(limit, limit, day, start.Add(day), start)
	left, person, foreign := limit, 0.0, 0.0
	call := func(p connectors.Priority) {
		budget.spend(p)
		sent++
		if left < 1 {
			refused++
			return
		}
		left--
	}
	for second := range int(day / time.Second) {
		now := start.Add(time.Duration(second) * time.Second)
		if second%int(quotaEvery/time.Second) == 0 {
			budget.told(limit, left, day, start.Add(day), now)
		}
		for foreign += others * limit / day.Seconds(); foreign >= 1 && left >= 1; foreign-- {
			left--
		}
		for person += agentPart * limit / day.Seconds(); person >= 1; person-- {
			if budget.wait(now, connectors.Agent) == 0 {
				call(connectors.Agent)
			}
		}
		for budget.wait(now, connectors.Sync) == 0 {
			call(connectors.Sync)
		}
	}
	return limit - left, refused, sent
}
