package main

import (
	"context"
	"runtime/debug"
	"time"
)

// startOver is how long after it is ready the desk has done what it does only
// once: read the phrases, compiled the patterns, seen every shop for the first
// time.
const startOver = 5 * time.Second

// slim gives back the memory that only the start needed. A desk that stands by
// all day on a small rented machine should not hold on to it.
func slim(ctx context.Context) {
	t := time.NewTimer(startOver)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
		debug.FreeOSMemory()
		dropPages()
	}
}
