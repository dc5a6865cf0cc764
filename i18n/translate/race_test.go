//go:build race

package translate

// Raced: the race detector watches, and expressions are ten times slower. What
// looks through many texts by chance looks through fewer.
const Raced = true
