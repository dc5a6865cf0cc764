//go:build race

package bot_test

// raced: the race detector watches, and the database is thirty times slower.
const raced = true
