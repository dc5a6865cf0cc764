// Package sync keeps the shops' mirror: where each stream of a store was read
// up to, what went wrong last, the orders seen, the items that could not be
// read, and the runs that people asked for.
//
// # Why
//
// A position moves in the transaction that writes down what was read up to it:
// a crash in between reads again, and never skips. Every run has a visible
// result, even when nothing changed.
//
// An item that cannot be read is put in quarantine with its reason and the
// others go on; the stream itself is never switched off by an error.
//
// A buyer who was erased stays erased: platforms go on showing buyers, and what
// was read a moment before is written a moment later. The orders are remembered,
// and nobody is written to them again.
package sync
