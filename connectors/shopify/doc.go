// Package shopify is the adapter for Shopify shops, over the Admin GraphQL API.
//
// # Why
//
// Every GraphQL text stands in queries.go; a test validates each against the
// platform's schema where that is at hand.
//
// A refund carries its key twice: in the @idempotent directive, which the
// platform requires from version 2026-04 on and forgets after some time, and in
// the refund's note, which it keeps for ever. RefundState looks for the note,
// so it needs no memory of ours.
//
// Amounts are in the currency that the buyer saw (presentment money), since
// refunds are made in it.
//
// Shopify has no API for messages to buyers. Can says so, and what to do instead.
package shopify
