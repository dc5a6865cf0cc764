package connectors

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Renewer throws the access token away and gets a new one now, and answers with
// the error of that. It also forgets a remembered refusal.
type Renewer interface {
	Renew(ctx context.Context) error
}

// Reloader looks whether the [Keeper] has a newer credential, after the account
// was connected again.
type Reloader interface {
	Reload(ctx context.Context) error
}

// Dated is an account with days on which something of it stops working.
type Dated interface {
	// Deadlines lists what is known from the credential and the configuration; it
	// makes no call.
	Deadlines() []Deadline
}

// Bulk reads very many orders at once, for the first import, where the platform
// prepares a file for that.
type Bulk interface {
	// BulkStart asks for the orders changed since a time, and gives a receipt in
	// state accepted. Asked twice, it answers with the one that is running.
	BulkStart(ctx context.Context, since time.Time) (Receipt, error)
	// BulkState looks how it is doing. Its count is told in done.
	BulkState(ctx context.Context, r Receipt) (next Receipt, done int, err error)
	// BulkRead reads the finished file and hands out the orders one by one, in the
	// file's order; an order that cannot be read is a BadItem. An error of either
	// function ends it.
	BulkRead(ctx context.Context, r Receipt, order func(Order) error, bad func(BadItem) error) error
}

// Crediter is a [Refunder] that can give credit in the shop instead of money.
type Crediter interface {
	// Credits tells whether this order's buyer can be given credit, and if not, why
	// (a catalogue key under can.).
	Credits(ctx context.Context, order string) (ok bool, why string, err error)
}

// CatalogReader reads listings.
type CatalogReader interface {
	// Items lists listings, with their stock where the same answer tells it.
	Items(ctx context.Context, since Cursor) (Page[Item], error)
}

// StockReader reads stock that [CatalogReader] does not tell, such as what lies
// in the platform's own warehouses.
type StockReader interface {
	Stock(ctx context.Context, since Cursor) (Page[StockLevel], error)
}

// StockWriter sets quantities.
type StockWriter interface {
	// SetStock sets each row and tells one result for each, in their order. A row
	// whose outcome is not known is StateUnknown; setting the same quantity again
	// under the same key does no harm.
	SetStock(ctx context.Context, rows []StockSet) []RowResult
}

// StockLooker tells how much of one SKU there is now, as [StockWriter] would set it.
type StockLooker interface {
	// StockOf lists the SKU place by place. A SKU without a listing is [NotFound].
	StockOf(ctx context.Context, sku string) ([]StockLevel, error)
}

// Restocker is a [Refunder] whose platform puts the goods of a line back into
// stock with the refund itself, where [RefundLine].Restock says so.
type Restocker interface {
	Restocks() bool
}

// Shipper tells the platform that goods are on their way.
type Shipper interface {
	// Ship sends one shipment. On [Unsure] call ShipState.
	Ship(ctx context.Context, cmd Ship) (Receipt, error)
	// ShipState looks whether this shipment is there. It reads, and never sends.
	ShipState(ctx context.Context, cmd Ship) (Receipt, error)
	// Carrier is the platform's own word for a carrier of package tracking ("dhl",
	// "yunexpress"); ok is false where it has none and the name is sent as it is.
	Carrier(code string) (word string, ok bool)
}

// ReturnReader reads returns, cancellations and claims.
type ReturnReader interface {
	Returns(ctx context.Context, since Cursor) (Page[Return], error)
	Return(ctx context.Context, id string) (Return, error)
}

// ReturnDecider answers them.
type ReturnDecider interface {
	// Decide sends one decision. On [Unsure] call DecideState.
	Decide(ctx context.Context, cmd Decision) (Receipt, error)
	DecideState(ctx context.Context, cmd Decision, r Receipt) (Receipt, error)
}

// Templated writes to buyers where only the platform's own texts are allowed.
type Templated interface {
	// Templates lists what may be sent for an order now.
	Templates(ctx context.Context, order string) ([]Template, error)
	// SendTemplate sends one. It is never repeated; on [Unsure] a person decides,
	// since the platform does not tell what was sent.
	SendTemplate(ctx context.Context, m TemplateMessage) (Receipt, error)
}

// Pushed is a platform that calls us.
type Pushed interface {
	// Challenge answers a platform that asks whether an address is ours. ok is
	// false when q is no such question.
	Challenge(q url.Values, endpoint string) (contentType string, body []byte, ok bool)
	// Verify checks the signature over the raw body and the age, and tells what
	// happened. A forged delivery is an error of kind Invalid; one that cannot be
	// checked now (the key could not be fetched) of kind Down.
	Verify(ctx context.Context, h http.Header, raw []byte) ([]Event, error)
	// Subscribe makes sure that all we want is sent to the endpoint; it may be
	// called again and again, and mends what the platform switched off.
	Subscribe(ctx context.Context, endpoint string) error
	// Subscriptions tells what is sent where now.
	Subscriptions(ctx context.Context) ([]Subscription, error)
}

// Pulled is a platform that leaves its news in a queue.
type Pulled interface {
	// Queue makes sure that all we want is sent to the queue.
	Queue(ctx context.Context) error
	// Receive takes some events; it waits a while for the first. They come again
	// until they are acknowledged.
	Receive(ctx context.Context) ([]Event, error)
	Ack(ctx context.Context, e ...Event) error
}

// Quotas tells how much of the platform's limits is left.
type Quotas interface {
	Quotas(ctx context.Context) ([]Quota, error)
}

// Watcher tells at once when there is something new, so that nobody has to ask.
type Watcher interface {
	// Watch calls news for every sign of something new until ctx ends or the
	// connection does. It is a hint and no more: what it misses is found by reading.
	Watch(ctx context.Context, news func()) error
}

// Late is a shop whose platform shows a refund only some time after it was made.
type Late interface {
	// ShownWithin is how long that may take.
	ShownWithin() time.Duration
}

// Addressed is a messenger that writes under an address of its own.
type Addressed interface {
	// Address is what buyers and marketplaces see as the sender: shop@example.com.
	Address() string
}

// Meter shares budgets between replicas.
type Meter interface {
	// Take asks for n permits of a budget. It answers with 0 when they are given,
	// else with how long to wait before asking again.
	Take(ctx context.Context, budget string, b Bucket, n int) (wait time.Duration, err error)
	// Share is the part of a budget that this replica may use while Take fails:
	// one over the number of replicas that were last seen.
	Share() float64
}
