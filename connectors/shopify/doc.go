// Package shopify is the adapter for Shopify shops, over the Admin GraphQL API.
//
// # Why
//
// Every GraphQL text stands in one of the files called queries; a test sends
// each of them and holds it, with what it carries, against the platform's
// schema where that is at hand.
//
// A refund carries its key twice: in the @idempotent directive, which the
// platform requires from version 2026-04 on and forgets after some time, and in
// the refund's note, which it keeps for ever. RefundState looks for the note,
// so it needs no memory of ours.
//
// Quantities carry the directive, too. Shipments and answers to returns may not:
// they are looked for before they are sent, by tracking number and by what the
// return shows. Goods that are in an open return are refunded by way of it, so
// that it does not stay open.
//
// What the platform takes as one shipment leaves from one place. All that is
// left of an order becomes one of each place, under the same tracking number,
// and what was told of only half is found by the places.
//
// The platform has no list of returns, so they are found through the orders
// that changed. Nor does it sort variants by their last change, so a listing
// goes on, the next time, from when it began.
//
// A bulk operation is asked to group its lines, which the platform finds
// costly: ungrouped, a file could only be read with all of it in memory. It is
// read past the ordinary client, which keeps whole answers; its address is
// signed in itself, and so no token goes there and it stands in no error.
//
// The points that are left are told with every answer. The mirror of them keeps
// what one call costs, and more for a while after a refusal.
//
// Amounts are in the currency that the buyer saw (presentment money), since
// refunds are made in it. Prices of listings are in the shop's own.
//
// Shopify has no API for messages to buyers. Can says so, and what to do instead.
package shopify
