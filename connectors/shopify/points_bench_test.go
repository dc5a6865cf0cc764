package shopify

import (
	"fmt"
	"testing"

	"helloworld/connectors"
)

// BenchmarkPoints tells how much of a shop's points is used, and how many of our
// calls are refused, alone and where another app takes a fifth. It runs in virtual
// time, which only tests have.
func BenchmarkPoints(b *testing.B) {
	all := func(string, string) (bool, error) { return true, nil }
	for _, x := range pointLoads {
		who := "agents"
		if x.p == connectors.Sync {
			who = "syncs"
		}
		b.Run(fmt.Sprintf("%s=%d/others=%.0f%%", who, x.workers, 100*x.other), func(b *testing.B) {
			var use, refused float64
			for b.Loop() {
				one := testing.InternalTest{Name: b.Name(), F: func(t *testing.T) { use, refused = drive(t, x.workers, x.other, x.p) }}
				if !testing.RunTests(all, []testing.InternalTest{one}) {
					b.Fatal("the simulation failed")
				}
			}
			b.ReportMetric(100*use, "use_pct")
			b.ReportMetric(100*refused, "refused_pct")
			b.ReportMetric(0, "ns/op")
		})
	}
}
