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
// Budgets ([Bucket]) are kept for each account and operation, since platforms
// count so. A budget starts at the published rate with half the published burst,
// follows the rate that answers name, falls to 85 % when the platform refuses and
// wins back a three-hundredth of the full rate with each success: where another
// app takes from the same account, that settles at what it leaves, with two or
// three refusals in a hundred. Callers stand in line, agents first, and only the
// head of the line asks: so a [Meter] is asked by one caller of each replica at a
// time, and a person waits for one permit at most. While the meter fails, a
// replica keeps to its share of the rate.
//
// A store whose platform is down is left alone after ten reads in a row that
// found it so; one call at a time tries whether it is back, and a person's read
// may always be that one. The breaker is our own thirty lines: it runs on the
// clock that is handed in, and knows who is waiting. Calls that fetch a token pass
// it, or the call that tries could never be authorised.
//
// Reads that are on their way at the same time share one call. A write between
// them parts them, so that nobody who looks for what they sent is shown an answer
// from before; what another process wrote cannot be seen here, which is what
// [Call.Fresh] is for.
//
// Refresh tokens that rotate are refreshed under the keeper's lock ([Locker])
// where it has one: two replicas that refresh together would each end the other's.
//
// A platform's clock that differs from ours is told ([Client.Skew], the journal,
// one line in the log) and corrects nothing: a deadline that moved by itself could
// be explained to nobody.
//
// Amounts of two currencies add up to nothing in [NoCurrency] instead of a panic
// or an error in every sum: no refund of it can be asked for.
//
// Times are UTC. Money is whole minor units. Ids are strings, since platforms
// have ids beyond 2^53 and ids with leading zeros.
package connectors
