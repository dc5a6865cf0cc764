package connectors

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/text/language"
)

// Connector is a shop's account on one platform. Three methods are enough to
// join; everything else is found by type assertion.
type Connector interface {
	Info() Info
	// Health makes one cheap real call.
	Health(ctx context.Context) Health
	// Can tells what this account may do now, and why not.
	Can(ctx context.Context) []Capability
}

// Authoriser connects an account and keeps it connected.
type Authoriser interface {
	// Begin gives the page on which the seller grants access. state comes back
	// with the answer.
	Begin(ctx context.Context, state string) (link string, err error)
	// Complete takes the query of the address that the seller came back to. It
	// checks what the platform signed, exchanges the code once, and gives the
	// credential with Granted and the scopes that were granted. It does not use it.
	Complete(ctx context.Context, q url.Values) (Credential, error)
	// Refresh gets a new access token. It is called single-flight by [Tokens],
	// never by others.
	Refresh(ctx context.Context, c Credential) (Credential, error)
}

// OrderReader reads orders.
type OrderReader interface {
	// Orders lists orders changed since the cursor, oldest change first.
	Orders(ctx context.Context, since Cursor) (Page[Order], error)
	// Order reads one by the platform's id or by the number buyers see.
	Order(ctx context.Context, id string) (Order, error)
}

// Refunder gives money back.
type Refunder interface {
	// Quote tells what is left to refund, by the platform's own reckoning.
	Quote(ctx context.Context, order string) (Quote, error)
	// Refund sends one refund. It is never repeated by the transport. On an error
	// of kind [Unsure] the refund may have happened: call RefundState.
	Refund(ctx context.Context, cmd Refund) (Receipt, error)
	// RefundState looks: did this refund happen? It reads, and never sends.
	// [StateUnknown] means that the platform cannot tell yet; [StateAbsent] that it
	// certainly has not happened, so that it may be sent under the same key.
	RefundState(ctx context.Context, cmd Refund, r Receipt) (Receipt, error)
}

// Inbox reads buyers' messages.
type Inbox interface {
	// Messages lists messages since the cursor, oldest first, both directions.
	Messages(ctx context.Context, since Cursor) (Page[Message], error)
}

// Messenger writes to buyers.
type Messenger interface {
	// Send sends one message. On [Unsure] call SendState before trying again.
	Send(ctx context.Context, m Outgoing) (Receipt, error)
	// SendState looks whether a message with this key was sent.
	SendState(ctx context.Context, m Outgoing) (Receipt, error)
	// MessageLimit is the most characters one message may have; 0: no limit.
	MessageLimit() int
}

// Paced is a shop whose budget does not allow it to be asked as often as one
// would like.
type Paced interface {
	// Every is the least time between two looks at a stream ("orders",
	// "messages"); 0 means that there is no such bound.
	Every(stream string) time.Duration
}

// OneByOne is a shop whose platform does not say which refund a thing it lists
// belongs to. One whose answer was lost can be told from others only if the
// others' receipts are known: the next is not sent before that is so.
type OneByOne interface {
	OneByOne() bool
}

// Info says which account this is.
type Info struct {
	// Platform is the adapter's name: "shopify".
	Platform string
	// Store is the desk's id for the account: "ebay-de".
	Store string
	// Name is what people call it.
	Name string
	// Account is the platform's id of the seller or shop.
	Account string
	Region  string
	// Currency is the account's home currency.
	Currency string
	// Language is what most of its buyers write.
	Language language.Tag
}

// HealthState is how an account is doing.
type HealthState string

// The states of an account.
const (
	HealthOK       HealthState = "ok"
	HealthExpiring HealthState = "expiring"
	// HealthBad: Kind says what is wrong.
	HealthBad HealthState = "bad"
)

// Health is how an account is doing, why, and what to do about it.
type Health struct {
	State HealthState
	// Kind is set when State is HealthBad.
	Kind Kind
	// Err is the cause, for the log. Code is the platform's own word.
	Err  error
	Code string
	// Until is when the credential expires (HealthExpiring) or the throttle ends.
	Until time.Time
	// Link is where a person mends it, if there is such a place.
	Link string
}

// CapName names a capability.
type CapName string

// The capabilities.
const (
	CapOrders  CapName = "orders"
	CapRefund  CapName = "refund"
	CapInbox   CapName = "inbox"
	CapMessage CapName = "message"
	CapAuth    CapName = "auth"
	CapCatalog CapName = "catalog"
	CapStock   CapName = "stock"
	CapShip    CapName = "ship"
	CapReturns CapName = "returns"
	// CapDecide is answering returns.
	CapDecide    CapName = "decide"
	CapTemplates CapName = "templates"
	CapWebhooks  CapName = "webhooks"
	CapQueue     CapName = "queue"
	CapQuotas    CapName = "quotas"
	CapBulk      CapName = "bulk"
)

// Capability is what an account may do now.
type Capability struct {
	Name CapName
	OK   bool
	// Reason is the catalogue key of why not: "can.no_message_api".
	Reason string
	// Missing is the platform's own name of the scope, role or plan, if that is why.
	Missing string
	// Instead is the catalogue key of what to do instead: "can.use_mail".
	Instead string
}

// CapNames are all capabilities, in the order in which people are shown them.
var CapNames = []CapName{CapOrders, CapRefund, CapReturns, CapDecide, CapInbox, CapMessage, CapTemplates, CapCatalog, CapStock, CapShip,
	CapWebhooks, CapQueue, CapBulk, CapQuotas, CapAuth}

// Caps is what an adapter's code can do.
type Caps map[CapName]bool

// CapsOf reads the capabilities off the methods of c.
func CapsOf(c Connector) Caps {
	caps := Caps{}
	_, caps[CapOrders] = c.(OrderReader)
	_, caps[CapRefund] = c.(Refunder)
	_, caps[CapInbox] = c.(Inbox)
	_, caps[CapMessage] = c.(Messenger)
	_, caps[CapAuth] = c.(Authoriser)
	_, caps[CapCatalog] = c.(CatalogReader)
	_, caps[CapStock] = c.(StockWriter)
	_, caps[CapShip] = c.(Shipper)
	_, caps[CapReturns] = c.(ReturnReader)
	_, caps[CapDecide] = c.(ReturnDecider)
	_, caps[CapTemplates] = c.(Templated)
	_, caps[CapWebhooks] = c.(Pushed)
	_, caps[CapQueue] = c.(Pulled)
	_, caps[CapQuotas] = c.(Quotas)
	_, caps[CapBulk] = c.(Bulk)
	for k, ok := range caps {
		if !ok {
			delete(caps, k)
		}
	}
	return caps
}

// Config is what every adapter is made from.
type Config struct {
	Info
	// BaseURL is the API's address, TokenURL the token endpoint's. Empty means
	// the platform's own.
	BaseURL, TokenURL string
	// ClientID and ClientSecret identify the app; Secrets are the seller's own.
	ClientID     string
	ClientSecret Secret
	// Secrets are the platform's further secrets ("queue_secret", "signing_key", …).
	Secrets map[string]Secret
	// Credential is the one from configuration: used until Keeper has a newer.
	Credential Credential
	// Options are the platform's own settings ("marketplace", "shop", …).
	Options map[string]string
	// Redirect is where the platform sends a seller who has granted access, as it
	// was registered there.
	Redirect string
	// Meter shares budgets between replicas; nil keeps them in this process.
	Meter Meter
	// Keeper remembers refreshed credentials. Nil keeps them in memory.
	Keeper Keeper
	// Transport is the bottom of the HTTP client. Nil means the ordinary one.
	Transport http.RoundTripper
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Sleep waits for d or until ctx ends. Nil means a real timer.
	Sleep func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger
}

// Plugin is an adapter in the list connectors/all.
type Plugin struct {
	Platform string
	// Options names the keys of Config.Options it understands, each with a line of help.
	Options map[string]string
	// Secrets names further secrets that it understands, as keys of Config.Secrets.
	Secrets map[string]string
	// Locate reads what a seller calls the shop: an address, a site, a country. Nil
	// means that stores of this platform can only be written into the configuration.
	Locate func(where string) (Spot, error)
	New    func(Config) (Connector, error)
}

// Maker makes an adapter's own New fit for a [Plugin]. A failed one gives nil, and
// not a nil pointer of its type, which would be a Connector that is not nil.
func Maker[T Connector](make func(Config) (T, error)) func(Config) (Connector, error) {
	return func(c Config) (Connector, error) {
		x, err := make(c)
		if err != nil {
			return nil, err
		}
		return x, nil
	}
}

// Spot is where a shop is, as far as its name tells.
type Spot struct {
	// ID is a name for it that the desk may use: [a-z0-9-].
	ID, BaseURL, Account, Region, Currency string
	Language                               language.Tag
	Options                                map[string]string
}
