//go:build race

package consoletest

import "time"

// Under the race detector, beside other tests, an answer that takes a second
// elsewhere takes fifteen.
const patience = time.Minute
