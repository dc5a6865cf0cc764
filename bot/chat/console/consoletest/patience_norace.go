//go:build !race

package consoletest

import "time"

const patience = 20 * time.Second
