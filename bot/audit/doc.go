// Package audit keeps the log of what was done: who, what, about what, when.
// Each line hashes the one before, so that a changed, missing or reordered line
// shows.
//
// # Why
//
// The log holds ids and hashes, no buyers' words or names, so that it may be
// kept for ever. A line is appended in the transaction of the deed itself: a
// deed without a line, or a line without a deed, cannot be.
//
// The chain uses a keyed hash: whoever can write to the database but has not
// the key cannot make a chain that verifies.
package audit
