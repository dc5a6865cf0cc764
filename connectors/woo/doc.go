// Package woo speaks to shops that run WooCommerce, through its REST interface,
// version 3.
//
// # Why
//
// WooCommerce knows no keys that make a refund happen once. The refund's reason
// carries ours, every refund is preceded by a look, and a lost answer is followed
// by one. The buyer sees the reason, so the key stands in it as a short reference.
//
// Paging is by number over a list that moves: an order that changes goes to the
// end, and all behind it move up. So pages are read with an overlap, and rows come
// again rather than being passed over.
//
// Consumer key and secret go into the header of each call and never into an
// address. They are sent in clear only to this very computer.
//
// A note to the buyer is mailed to them by the shop. Its text carries no key, since
// the buyer would read it: whether one was sent is told by its words and its time.
// What buyers answer goes to the shop's mailbox; what they wrote at the checkout is
// the one message that the interface shows.
//
// The core has no shipments, no returns and no consent by a redirect that brings a
// code, so there is no Shipper, no ReturnReader and no Authoriser. There is no
// contract file for this platform: everything here is from its documentation, and
// nothing was tried against a live shop.
package woo
