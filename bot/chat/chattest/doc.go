// Package chattest is the exam that every chat adapter sits, against a fake of
// its network that speaks the network's own wire format.
//
// A sitter builds a [Bench] and calls [Run] from a test that is not parallel:
//
//	func TestExam(t *testing.T) { chattest.Run(t, bench) }
//
// # Why
//
// A question is skipped in two ways only: the adapter lacks the optional
// interface (or [chat.Limits] says that the place cannot do it), or the bench
// gives a reason in Skips. Both are printed, so that what a network cannot do is
// read off the test's output and nobody need remember it.
//
// The exam acts on the network's side of the wire and looks at what the network
// would show. It never asks the adapter whether it did well.
//
// [Cards] are the fixtures that every renderer's golden files are made of: the
// same card can be compared across networks.
package chattest
