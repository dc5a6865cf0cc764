// Package ebay connects a seller's eBay account: orders, refunds and the
// conversations with buyers.
//
// # Why
//
// Orders are listed by when they changed, in pages that are counted from the
// front of a list that changes while it is read. Pages therefore overlap, and
// the next reading starts a little before the last change seen: an order may
// come twice, and must not be skipped.
//
// The breakdown of taxes is not asked for. Where eBay collects a tax itself, the
// totals of orders and the amounts of refunds then both leave it out, so that
// they can be compared; with it they could not.
//
// A refund has no key on eBay, so that nothing but looking helps against giving
// it twice. [Shop.Refund] looks at the order before it sends: a refund of the
// same amount, made since this one was approved and not seen then, is taken for
// this one. It might be a colleague's in Seller Hub; then one refund too few is
// given, and people see it, which is better than one too many. A second refund
// of the same amount has to be approved after the first one shows.
//
// Refunds are given for the order as a whole. eBay reports refunds of single
// lines without a state, and one that failed would stay pending for ever.
//
// A message has no key either: what was sent is found by its words, its sender
// and its time.
//
// Sellers in the European Union and the United Kingdom must sign some calls.
// Everything that is sent goes through one function with its exact bytes
// ([Shop.write]), which is where the signature belongs.
package ebay
