//go:build !race

package translate

// Raced is whether the race detector watches.
const Raced = false
