package connectors

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// BenchmarkPace tells how much of a budget is used, and how many of our calls the
// platform refuses, alone on the account and where another app takes a fifth. It
// runs in virtual time: what it tells is counted, not measured.
func BenchmarkPace(b *testing.B) {
	for _, limit := range pacedBuckets {
		for _, foreign := range others {
			b.Run(fmt.Sprintf("rate=%v/burst=%d/others=%.0f%%", limit.Rate, limit.Burst, 100*foreign), func(b *testing.B) {
				var use, refused float64
				for b.Loop() {
					inBubble(b, func(t *testing.T) { use, refused = pace(t, limit, foreign) })
				}
				b.ReportMetric(100*use, "use_pct")
				b.ReportMetric(100*refused, "refused_pct")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// inBubble runs f in virtual time, which only tests have: so f is one for itself.
func inBubble(b *testing.B, f func(t *testing.T)) {
	b.Helper()
	all := func(string, string) (bool, error) { return true, nil }
	if !testing.RunTests(all, []testing.InternalTest{{Name: b.Name(), F: func(t *testing.T) { synctest.Test(t, f) }}}) {
		b.Fatal("the simulation failed")
	}
}
