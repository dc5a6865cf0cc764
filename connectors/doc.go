// Package connectors is the port for shops: what a marketplace can do, what
// comes back, and what an error means.
//
// An adapter (a folder beside this file) implements [Connector] and whichever
// of the optional verbs its platform has; [CapsOf] reads them off its methods,
// and [Connector.Can] says which of them this account may use today. It imports
// this package and nothing else of ours. Every adapter sits the exam in
// conntest, and stands in the list in connectors/all.
//
// # Why
//
// [Unsure] is the zero value of [Kind]: an error that nobody classified is one
// after which we look before we act.
//
// Times are UTC. Money is whole minor units. Ids are strings, since platforms
// have ids beyond 2^53 and ids with leading zeros.
package connectors
