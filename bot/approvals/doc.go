// Package approvals keeps frozen jobs that wait for people.
//
// # Why
//
// What was approved is what runs: the job is written down, whole, when the
// question is asked, and the deciding vote adds exactly that job in its own
// transaction. The ask carries a hash of the facts; who votes says which facts
// they saw, and a vote on other facts does not count.
//
// The package knows nothing of refunds. It imports jobs only to add one.
package approvals
