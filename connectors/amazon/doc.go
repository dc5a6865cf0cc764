// Package amazon is the adapter for Amazon sellers, over the Selling Partner API.
//
// # Why
//
// Orders come from the API of 2026-01-01, whose answers hold items, buyer and
// address at once; the older one is going away.
//
// Amazon has no call for a refund. It is a feed, an XML document that is taken
// in now and carried out later, and it knows no idempotency key. So a feed is
// sent once; its id is the receipt; a second refund under the same key, or of
// the same order while one is open, is refused from memory. Our key stands in
// the document as the seller's own adjustment id, which shows up in settlement
// reports, and its hash is the message number that processing reports cite.
//
// When the answer to a feed is lost, nothing the platform lists names the
// document it was made from. RefundState then reasons from the feeds of this
// application in that time: none, after a pause, means absent; exactly one that
// belongs to nobody else is taken for ours, as accepted, and becomes applied
// only when the finances show it or its report names our message; several mean
// unknown, and a person has to look. So that there are not several, refunds are
// sent one by one ([Seller.OneByOne]), and the feeds of those whose receipts the
// desk has are left out.
//
// Amazon lets sellers send only prepared messages and shows none. Can says so.
package amazon
