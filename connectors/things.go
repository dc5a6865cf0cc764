package connectors

import (
	"time"

	"golang.org/x/text/language"
)

// DeadlineKind says what ends.
type DeadlineKind string

// The kinds of deadlines.
const (
	// DueConsent: the seller has to grant access again.
	DueConsent DeadlineKind = "consent"
	// DueRefresh: the refresh token ends unless it is used before.
	DueRefresh DeadlineKind = "refresh"
	// DueSecret: the application's own secret has to be changed.
	DueSecret DeadlineKind = "secret"
	// DueSigning: the key that requests are signed with ends.
	DueSigning DeadlineKind = "signing"
)

// Deadline is a day on which something of an account stops working.
type Deadline struct {
	What DeadlineKind
	At   time.Time
	// Link is where a person mends it, if there is such a place.
	Link string
	// Assumed: the platform does not tell the day; it was reckoned from when the
	// desk first saw the credential.
	Assumed bool
}

// Item is a listing.
type Item struct {
	// ID is the platform's id of what is sold: a listing, an offer, a variant.
	ID, SKU, Title string
	Status         ItemStatus
	// PlatformStatus is the platform's own word.
	PlatformStatus string
	Price          Money
	// Stock is what can be sold, by place; empty where the answer does not tell.
	Stock   []StockLevel
	Image   string
	Link    string
	Updated time.Time
}

// ItemStatus is where a listing stands.
type ItemStatus string

// The states of a listing. Unknown words of a platform become ItemOther.
const (
	ItemActive   ItemStatus = "active"
	ItemInactive ItemStatus = "inactive"
	ItemBlocked  ItemStatus = "blocked"
	ItemOther    ItemStatus = "other"
)

// StockLevel is how much of a SKU there is in one place.
type StockLevel struct {
	SKU string
	// Item is the platform's id that quantities are set by.
	Item string
	// Location is the platform's id of the place; empty where there is but one.
	Location, LocationName string
	Available              int
	// Reserved is promised to orders; Inbound is on its way to the place.
	Reserved, Inbound int
	// ByPlatform: the goods lie with the platform, and it alone sets the quantity.
	ByPlatform bool
	Updated    time.Time
}

// StockSet is a quantity to be set.
type StockSet struct {
	// Key names this change for ever.
	Key      string `json:"key"`
	SKU      string `json:"sku"`
	Item     string `json:"item,omitempty"`
	Location string `json:"location,omitempty"`
	Quantity int    `json:"quantity"`
	// Was is what it is believed to be now; the platform refuses if it is not.
	// Nil means whatever it is.
	Was *int `json:"was,omitempty"`
}

// RowResult is what became of one row of many.
type RowResult struct {
	SKU   string
	State State
	Code  string
	Err   error
}

// Ship is a shipment to be told.
type Ship struct {
	// Key names this shipment for ever.
	Key   string     `json:"key"`
	Order string     `json:"order"`
	Lines []ShipLine `json:"lines,omitempty"` // empty: all that is left
	// Carrier is a carrier's code of package tracking, or a name as people write it.
	Carrier string    `json:"carrier"`
	Number  string    `json:"number"`
	At      time.Time `json:"at,omitzero"`
	// Notify: the platform writes to the buyer.
	Notify bool `json:"notify,omitempty"`
}

// ShipLine is part of a shipment.
type ShipLine struct {
	Line     string `json:"line"`
	Quantity int    `json:"quantity"`
}

// ReturnKind says what a buyer wants.
type ReturnKind string

// The kinds.
const (
	// KindReturn: goods come back.
	KindReturn ReturnKind = "return"
	// KindCancel: the order shall not be sent.
	KindCancel ReturnKind = "cancel"
	// KindClaim: the goods did not arrive, or the platform was called in.
	KindClaim ReturnKind = "claim"
)

// Return is a buyer's wish to undo a purchase.
type Return struct {
	// ID is the platform's id, prefixed where it has several kinds of them; Number
	// is what people see.
	ID, Number string
	Kind       ReturnKind
	// Order is the order's id.
	Order  string
	Status ReturnStatus
	// PlatformStatus and PlatformReason are the platform's own words.
	PlatformStatus, PlatformReason string
	Reason                         RefundReason
	// Note is what the buyer wrote.
	Note             string
	Lines            []ReturnLine
	Refund           Money
	Created, Updated time.Time
	// Due is until when the seller has to answer; zero if the platform does not say.
	Due time.Time
	// Carrier and Number of the parcel that comes back.
	TrackCarrier, TrackNumber string
	// May are the verdicts that the platform takes now.
	May  []Verdict
	Link string
}

// ReturnLine is part of a return.
type ReturnLine struct {
	ID, Line, SKU, Title string
	Quantity             int
}

// ReturnStatus is where a return stands.
type ReturnStatus string

// The states of a return. Unknown words of a platform become ReturnOther.
const (
	ReturnAsked    ReturnStatus = "asked"
	ReturnApproved ReturnStatus = "approved"
	ReturnOnTheWay ReturnStatus = "on_the_way"
	ReturnArrived  ReturnStatus = "arrived"
	ReturnRefunded ReturnStatus = "refunded"
	ReturnDeclined ReturnStatus = "declined"
	ReturnClosed   ReturnStatus = "closed"
	ReturnOther    ReturnStatus = "other"
)

// Verdict is an answer to a return.
type Verdict string

// The verdicts.
const (
	Approve Verdict = "approve"
	Decline Verdict = "decline"
	// PayBack: give the money back now; with or without the goods.
	PayBack Verdict = "pay_back"
	// Received: the goods are here.
	Received Verdict = "received"
)

// Decision is an answer to be sent.
type Decision struct {
	// Key names this decision for ever.
	Key     string       `json:"key"`
	Return  string       `json:"return"`
	Kind    ReturnKind   `json:"kind"`
	Verdict Verdict      `json:"verdict"`
	Reason  RefundReason `json:"reason,omitempty"`
	Note    string       `json:"note,omitempty"`
	// Amount and Lines are for PayBack; empty means all.
	Amount Money        `json:"amount,omitzero"`
	Lines  []RefundLine `json:"lines,omitempty"`
	Asked  time.Time    `json:"asked,omitzero"`
}

// Template is a text of the platform's that may be sent for an order.
type Template struct {
	// ID is the platform's own name of it.
	ID string
	// Text: it carries words of ours, of at most Max characters; else none.
	Text bool
	Max  int
}

// TemplateMessage is a template to be sent.
type TemplateMessage struct {
	Key   string       `json:"key"`
	Order string       `json:"order"`
	ID    string       `json:"id"`
	Text  string       `json:"text,omitempty"`
	Lang  language.Tag `json:"lang,omitzero"`
}

// EventKind says what an event is about: what has to be read again.
type EventKind string

// The kinds of events. Topics that the desk does not know become EventOther,
// and are kept and acknowledged like any.
const (
	EventOrder    EventKind = "order"
	EventRefund   EventKind = "refund"
	EventReturn   EventKind = "return"
	EventItem     EventKind = "item"
	EventStock    EventKind = "stock"
	EventMessage  EventKind = "message"
	EventFeed     EventKind = "feed"
	EventShipment EventKind = "shipment"
	EventDispute  EventKind = "dispute"
	// EventGone: access was taken back, or the app was uninstalled.
	EventGone EventKind = "gone"
	// EventScopes: what we may do has changed.
	EventScopes EventKind = "scopes"
	// EventPrivacy: the platform asks for buyers' data, or to forget somebody.
	EventPrivacy EventKind = "privacy"
	// EventTest: the platform tries whether we listen.
	EventTest  EventKind = "test"
	EventOther EventKind = "other"
)

// Event says that something changed. It is no truth, only a reason to read.
type Event struct {
	// ID is the delivery's own id: the same news has the same, however often it comes.
	ID   string    `json:"id"`
	Kind EventKind `json:"kind"`
	// Topic is the platform's own word.
	Topic string `json:"topic"`
	// Order and Ref are the order's id and that of the thing itself, where it is told.
	Order string `json:"order,omitempty"`
	Ref   string `json:"ref,omitempty"`
	// Account is the seller it is for, by the platform's id; empty: the store's.
	Account string    `json:"account,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Raw is the event as it came.
	Raw []byte `json:"raw,omitempty"`
	// Handle is what it is acknowledged with.
	Handle string `json:"-"`
}

// Subscription is what a platform sends, and where.
type Subscription struct {
	ID, Topic, Endpoint string
	OK                  bool
	// Why is the platform's own word for what is wrong.
	Why string
}

// Quota is a limit and how much of it is left.
type Quota struct {
	// Name is the platform's own word for it: an operation, a resource.
	Name string
	// Limit, Used and Left are in calls or points; Limit 0 means unknown.
	Limit, Used, Left float64
	// Window is what the limit is for: a second, a day.
	Window time.Duration
	// Resets is when it is whole again; zero for one that grows back steadily.
	Resets time.Time
	// Told: the platform said so; else it is the desk's own reckoning.
	Told bool
}
