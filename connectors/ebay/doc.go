// Package ebay connects a seller's eBay account: orders, refunds, parcels,
// listings and stock, returns, and the conversations with buyers.
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
// The list of orders says whether an order was cancelled, and leaves out who asked
// for that and when. Nothing here reads it from there: whether there is something
// to answer is told by the cancellations themselves ([Shop.Returns]).
//
// Sellers in the European Union and the United Kingdom must sign the calls that
// give money back. Nobody configures where a seller lives: the first such call that
// eBay refuses for want of a signature, and so did not look at, makes the desk ask
// for a key, keep it beside the credential, and send the call again, signed. eBay
// ignores the signatures of other sellers.
//
// Three things are asked for with the application's own token rather than the
// seller's: notifications, signing keys and the application's limits. They go
// through a client of their own, so that neither token can stand in the other's
// call.
//
// A notification is believed for its signature, not for its age: eBay repeats what
// it could not deliver for days, and an old one, sent again by somebody else, makes
// us read what is true anyway. Its id keeps it from being counted twice. With one
// application for several stores, all are told all; the account in the event says
// whose it is, where eBay says so.
//
// Quantities are compared before they are set, by us, since eBay does not. That
// leaves a moment in which a sale can happen; a stock that is set wrongly by one
// is set again at the next reading. What a listing's offer says goes before what
// the item says, so both are set. eBay shows through these calls only what was
// listed through them.
//
// Returns can be searched by the day they were made, not by the day they changed.
// Each reading goes over ninety days. A span that holds more than one answer takes
// is halved, and never paged: eBay counts pages from one, its own descriptions
// disagree about it, and a list that moves while it is paged loses items.
//
// eBay limits calls by the day. Calls for which nobody waits are spread over what
// is left of the day, and leave a tenth of it to people. Each store reckons for
// itself between two looks at eBay's own count, a quarter of an hour apart: several
// stores of one application can therefore go over for a short while, and are then
// refused until the next look.
package ebay
