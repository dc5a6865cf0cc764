// Package tracking knows parcels: what a tracking number looks like, which
// carrier it may be of, and where it is now, by asking tracking services.
//
// [Parse] needs no network. [Services] asks the services that the seller has an
// account with, the first of them first, and the next one when it fails.
//
// # Why
//
// Numbers are ambiguous by nature: twenty digits may be DHL's or the US post's,
// and every eleventh number of twelve digits has a check digit that FedEx would
// accept. So Parse ranks candidates and lets the order's country and the agent's
// word decide. It refuses one thing only: a wrong check digit behind a shape that
// nobody else uses ("1Z…", the posts' thirteen characters), since that is a typing
// mistake.
//
// A carrier's code here is the project's own and never changes. What a
// marketplace calls the carrier is the business of that marketplace's adapter.
//
// Services count registrations as money. A parcel is registered once with a
// service; "already registered" is success.
//
// What this rests on: the rules of UPS, FedEx, USPS, DHL Express, DPD, Canada
// Post, Purolator, OnTrac, Old Dominion, Canpar, S10 and the prefixes of Amazon,
// LaserShip, Landmark, Spee-Dee, Yodel, GOFO and YunExpress are held against
// published test numbers. Those of the table's second half (formats_more.go) are
// known from use alone, and none of them can refuse a number. The services' wire
// format is from their public documentation; none was called.
package tracking
