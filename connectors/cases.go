package connectors

import (
	"context"
	"time"
)

// Snag is something in a platform's own facts that speaks against a refund.
type Snag string

// The snags of a [Quote].
const (
	SnagNothingLeft Snag = "nothing_left"
	SnagCancelled   Snag = "cancelled"
	SnagUnpaid      Snag = "unpaid"
	// SnagPending: the platform is still working on another refund of the order.
	SnagPending Snag = "pending"
	// SnagShipFirst: the platform takes no refund of what was not shipped, whatever
	// the reason.
	SnagShipFirst Snag = "ship_first"
	// SnagArchived: the order is closed in the back office.
	SnagArchived Snag = "archived"
	// SnagPayment: the payments of the order take nothing back any more.
	SnagPayment Snag = "payment"
)

// CaseKind says what a [Case] is.
type CaseKind string

// The kinds.
const (
	CaseReturn  CaseKind = "return"
	CaseClaim   CaseKind = "claim"
	CaseDispute CaseKind = "dispute"
)

// Case is an open return, claim or payment dispute of an order.
type Case struct {
	Kind CaseKind
	// ID is what people see of it.
	ID string
	// Bars: the platform refuses a refund beside it, or the money is already taken
	// back through it.
	Bars bool
	// Due is until when the seller has to answer; zero if the platform does not say.
	Due time.Time
}

// Caser is a [Refunder] that can be asked for an order's open cases. It costs
// calls of its own, so it is asked before people are, and not with each quote.
type Caser interface {
	// Cases lists what is open now. With an error, what could be read is given all
	// the same.
	Cases(ctx context.Context, order string) ([]Case, error)
}

// Balancer is a [Refunder] that tells what the platform holds for the seller, of
// which refunds are taken.
type Balancer interface {
	// Balance is one sum for each currency.
	Balance(ctx context.Context) ([]Money, error)
}
