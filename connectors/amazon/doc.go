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
// application since the first attempt: none, after a pause, means absent; exactly
// one that belongs to nobody else is taken for ours, as accepted, and becomes
// applied only when the finances show it or its report names our message; several
// mean unknown, and a person has to look. The times of the attempts come from the
// desk, since one that ends with its process leaves no receipt. So that there are
// not several feeds, refunds are sent one by one ([Seller.OneByOne]), and those
// whose receipts the desk has are left out. What was taken for ours is kept when
// others turn up beside it, which are later refunds'.
//
// Amazon lets sellers send only prepared messages and shows none. Can says so;
// those that carry a text are offered as templates ([Seller.Templates]). What a
// text must not hold is refused here, since a breach costs the seller the
// permission to write. Messages that consist of a file are not offered.
//
// A quantity is merged into the listing's own channel, since replacing it wipes
// the handling time that stands beside it, and one for goods that Amazon sends
// would turn them into goods that the seller sends. Accepted is not live yet: the
// news of the change, or reading again, tells. Comparing with what was believed
// is a reading before the write, not one act with it.
//
// A parcel's number is made of our key: Amazon takes the same number again as an
// edit, so that telling it twice does no harm. What is there is looked at first
// all the same.
//
// Returns come out of reports, which Amazon makes in its own time. The cursor's
// token names the report, so that no call waits ([Seller.Returns]). Reports are by
// the day of the request, and so each reading goes back a month to see what
// became of earlier ones. No call answers a return.
//
// News lies in the seller's own queue at AWS. It is read with AWS' own client,
// for its signatures; only with the keys from the configuration, and without its
// retries, since the desk decides when to look again.
//
// A refusal may mean that consent is gone or that a role is missing; Amazon says
// the same. One call that every application may make tells them apart, and Can
// names the role. Which roles belong to which call is known from the platform's
// guides, not from its models.
package amazon
