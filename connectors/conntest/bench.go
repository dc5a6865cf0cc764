// Package conntest is the exam that every shop adapter sits.
//
// The adapter talks HTTP to whatever the bench puts up: a small server that
// says what the platform would say, or the sandbox. The exam asks only what the
// port promises.
//
// # Why
//
// The bench supplies faults as functions, since only it knows how its platform
// fails. What a platform does not have stands in Skips with its reason, and a
// fault that is neither there nor skipped fails the exam: nothing is left out
// by forgetting.
package conntest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"helloworld/connectors"
)

// Bench is a platform to sit the exam at. Each part of the exam gets a new one.
type Bench struct {
	// Shop is the adapter, made afresh, with a credential that works.
	Shop connectors.Connector
	// Secrets are all secrets in play: tokens old and new, the app's secret, the
	// buyers' e-mail addresses. None may turn up in an error or in the journal.
	Secrets []string

	// Orders is how many orders there are: more than one page. Order is the id of
	// one of them and Number what people call it.
	Orders        int
	Order, Number string
	// BigID is an id beyond 2^53 that must come back exactly; it is an order's id,
	// or that of one of its lines.
	BigID string
	// PageSize is a size that makes several pages.
	PageSize int
	// Missing is the id of an order that there is not.
	Missing string
	// Refund is one that the platform would accept for Order.
	Refund connectors.Refund
	// Refused is one that the platform will refuse, as Invalid or as Conflict.
	Refused connectors.Refund

	// Revoke takes the seller's consent away, for good.
	Revoke func()
	// BreakApp makes the application's own secret wrong and ends the access token.
	BreakApp func()
	// Expire ends the access token; the refresh goes on working. Refreshes counts
	// the refreshes.
	Expire    func()
	Refreshes func() int
	// Throttle makes the next n calls be refused for now, with a wait where the
	// platform has a way to say so.
	Throttle func(n int, wait time.Duration)
	// Fail makes the next n calls end with a fault of this kind.
	Fail func(n int, f Fault)
	// Odd gives an order words that no documentation has. Poison makes one order
	// unreadable; it stays in the list.
	Odd, Poison func()
	// LoseRefund lets the next refund happen, and its answer get lost.
	LoseRefund func()
	// Settle lets the platform finish what it accepted.
	Settle func()
	// Sent counts the refunds that the platform carried out or took on.
	Sent func() int
	// Calls counts all requests.
	Calls func() int

	// Consent plays the seller: it opens the page that Begin gave, grants access,
	// and gives the query of the address the browser was sent back to. Refuse
	// presses the other button.
	Consent, Refuse func(link string) url.Values

	// Items is how many listings there are: more than one page of PageSize. SKU is
	// one of them, with a slash, a percent sign, a space and an emoji in it.
	// Price is what SKU costs. PoisonItem makes another listing unreadable; it stays
	// in the list.
	Items      int
	SKU        string
	Price      connectors.Money
	PoisonItem func()
	// Stock is a row that the platform takes, StockBad one of a SKU that there is
	// not. StockOf is the quantity the platform has.
	Stock, StockBad connectors.StockSet
	StockOf         func(sku string) int

	// Ship is a shipment the platform takes. LoseShip lets the next one happen and
	// its answer get lost; Shipped counts the shipments.
	Ship     connectors.Ship
	LoseShip func()
	Shipped  func() int

	// Returns is how many returns there are; Decision one the platform takes,
	// DecisionBad one it refuses. LoseDecision lets the next one happen and its
	// answer get lost; Decided counts them.
	Returns               int
	Decision, DecisionBad connectors.Decision
	LoseDecision          func()
	Decided               func() int

	// Template is one the platform allows for Order; Templated counts those sent.
	Template  connectors.TemplateMessage
	Templated func() int

	// Endpoint is where the platform shall call. Delivery is a delivery about Order
	// as the platform signs it: the same event each time.
	Endpoint string
	Delivery func() (http.Header, []byte)
	// Undo switches the subscriptions off at the platform.
	Undo func()

	// Enqueue puts an event about Order into the queue n times, as the same event;
	// Queued counts what still lies there. EnqueueBad puts in one that nobody can
	// read. What was received and not acknowledged comes again after Settle.
	Enqueue    func(n int)
	EnqueueBad func()
	Queued     func() int

	// Skips are parts of the exam that do not apply, each with the reason.
	Skips map[string]string
}

// Fault is a way to fail.
type Fault string

// The faults.
const (
	// ServerError is a 5xx with the platform's own body.
	ServerError Fault = "500"
	// Page is a web page with status 200, as from a proxy.
	Page Fault = "page"
	// Malformed is JSON that ends in the middle, complete by its length.
	Malformed Fault = "malformed"
	// Truncated is an answer that breaks off.
	Truncated Fault = "truncated"
	// HangUp closes the connection without an answer.
	HangUp Fault = "hang_up"
)

// need fails unless the bench has a knob.
func need(t *testing.T, name string, there bool) {
	t.Helper()
	if !there {
		t.Fatalf("the bench has no %s: supply it, or name this part in Skips with the reason", name)
	}
}
