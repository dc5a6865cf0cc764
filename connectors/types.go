package connectors

import (
	"math/big"
	"time"

	"golang.org/x/text/language"
)

// Cursor is where to go on reading. The zero cursor starts at the beginning.
type Cursor struct {
	// Since is the time of the last change seen, less an overlap.
	Since time.Time `json:"since,omitzero"`
	// Token is the platform's own page token within one listing.
	Token string `json:"token,omitempty"`
	// Limit is the page size wanted; the adapter caps it. 0 means its default.
	Limit int `json:"limit,omitempty"`
}

// Page is some of a listing.
type Page[T any] struct {
	Items []T
	// Next goes on from here; Token is empty on the last page.
	Next Cursor
	// More: there are further pages now.
	More bool
	// Total is how many there are in all, where the platform tells; else 0.
	Total int
	// Bad are items that could not be read: the others go on.
	Bad []BadItem
}

// BadItem is an item that could not be read.
type BadItem struct {
	ID  string
	Err error
	Raw []byte
}

// Order is an order as the desk needs it.
type Order struct {
	// ID is the platform's id; Number is what people see and say ("1234", "#1001").
	ID, Number string
	Status     OrderStatus
	// PlatformStatus is the platform's own word.
	PlatformStatus string
	Created        time.Time
	Updated        time.Time
	Buyer          Buyer
	Lines          []OrderLine
	// Total is what the buyer paid, Tax and Shipping the parts of it.
	Total, Tax, Shipping Money
	// Refunded is what the platform says was given back so far, pending included.
	Refunded Money
	Refunds  []RefundSeen
	// Parcels are on their way or there. Lists leave them out where they cost the
	// platform a call of their own.
	Parcels []Parcel
	// Link is the order's page in the seller's back office.
	Link string
	// Site is the marketplace's locale: the prior for the buyer's language.
	Site language.Tag
	Raw  []byte
}

// Remaining is what could still be refunded.
func (o Order) Remaining() Money { return o.Total.Sub(o.Refunded) }

// OrderStatus is where an order stands.
type OrderStatus string

// The states of an order. Unknown words of a platform become OrderOther.
const (
	OrderPending   OrderStatus = "pending"
	OrderPaid      OrderStatus = "paid"
	OrderShipped   OrderStatus = "shipped"
	OrderPartly    OrderStatus = "partly_shipped"
	OrderDelivered OrderStatus = "delivered"
	OrderCancelled OrderStatus = "cancelled"
	OrderRefunded  OrderStatus = "refunded"
	OrderOther     OrderStatus = "other"
)

// OrderLine is one line of an order.
type OrderLine struct {
	ID, SKU, Title string
	Quantity       int
	// Price is for the whole line, tax and shipping apart.
	Price, Tax, Shipping Money
	Refunded             Money
	Image                string
}

// Buyer is who bought. Fields are empty where the platform masks them.
type Buyer struct {
	// ID is the platform's stable id.
	ID, Name, Email string
	Country         string
	Language        language.Tag
}

// Parcel is goods on their way to a buyer.
type Parcel struct {
	// Name is the platform's word for the carrier. Carrier is its code in package
	// tracking, where somebody who knows both has put it: an adapter leaves it empty.
	Carrier, Name string
	// Number is the tracking number; a parcel without one is not told.
	Number string
	// At is when it was sent.
	At time.Time
	// Delivered: the platform says that it has arrived.
	Delivered bool
	// Link is where the platform sends buyers who ask for it.
	Link string
}

// RefundSeen is a refund that the platform shows on an order.
type RefundSeen struct {
	ID string
	// Key is our key, where the platform carries it back (a note, a reference).
	Key    string
	Amount Money
	State  State
	At     time.Time
	Note   string
}

// Quote is what is left to refund.
type Quote struct {
	Order     Order
	Remaining Money
	// Lines, Tax and Shipping are what is left of each part.
	Tax, Shipping Money
	Lines         []QuoteLine
	// Findings are what the platform's own facts say against it.
	Findings []Snag
	// Until is when the platform, or the payment's provider, documents that it takes
	// no refund any more; zero where nothing is documented.
	Until time.Time
	// Hidden are sums that this desk gave back and the platform does not show yet:
	// the desk fills it, and takes them out of Remaining.
	Hidden []Money
}

// QuoteLine is what is left of an order line.
type QuoteLine struct {
	Line     OrderLine
	Quantity int
	// Remaining has the line's tax in it, and its shipping not.
	Remaining Money
}

// Split divides what is given back of a line into price and tax, in the proportion
// of what the line cost. Parts of a line that follow each other come to exactly
// its price and exactly its tax.
func (l RefundLine) Split(price, tax Money) (ofPrice, ofTax Money) {
	whole := price.Minor + tax.Minor
	upTo := func(n int64) int64 {
		if whole <= 0 {
			return n
		}
		x := new(big.Int).Mul(big.NewInt(n), big.NewInt(price.Minor))
		return x.Quo(x, big.NewInt(whole)).Int64()
	}
	before := min(max(0, l.Before.Minor), max(0, whole-l.Amount.Minor))
	ofPrice = Money{Minor: upTo(before+l.Amount.Minor) - upTo(before), Currency: l.Amount.Currency}
	return ofPrice, l.Amount.Sub(ofPrice)
}

// Refund is a refund to be sent. It is frozen when people approve it.
type Refund struct {
	// Key names this refund for ever: every attempt carries the same.
	Key string `json:"key"`
	// Order is the platform's order id.
	Order  string       `json:"order"`
	Amount Money        `json:"amount"`
	Reason RefundReason `json:"reason"`
	Note   string       `json:"note,omitempty"`
	// Lines say what it is for; empty means the order as a whole.
	Lines []RefundLine `json:"lines,omitempty"`
	// Shipping and Tax are the parts of Amount that are for shipping and that are
	// tax which no line holds; zero where Lines tell all, or nothing was told apart.
	Shipping Money `json:"shipping,omitzero"`
	Tax      Money `json:"tax,omitzero"`
	// Method is how it is given back; empty means on the payments it came by.
	Method RefundMethod `json:"method,omitempty"`
	// Goods is what becomes of the goods; platforms are not told.
	Goods Goods `json:"goods,omitempty"`
	// Before is what the platform showed as refunded when this was approved, and
	// Seen the ids of the refunds it showed: RefundState looks for what came after.
	Before Money     `json:"before"`
	Seen   []string  `json:"seen,omitempty"`
	Asked  time.Time `json:"asked,omitzero"`
	// Taken are the receipts of the store's other refunds, for a platform whose
	// lists do not say what belongs to which: whatever is theirs is not this one.
	Taken []string `json:"taken,omitempty"`
	// Hidden are sums that were given back for this order before this was asked,
	// and that the platform did not show then: one of them that turns up is not
	// this one.
	Hidden []Money `json:"hidden,omitempty"`
	// Sent are the times at which sending it was begun, oldest first, by any process:
	// of an attempt that ended with its process nobody else knows when it was.
	Sent []time.Time `json:"sent,omitempty"`
}

// RefundLine is part of a refund.
type RefundLine struct {
	Line     string `json:"line"`
	Quantity int    `json:"quantity"`
	Amount   Money  `json:"amount"`
	Restock  bool   `json:"restock,omitempty"`
	// Before is what was given back of the line already, tax in it: so that what is
	// split, each time by the same rule, adds up to the whole in the end.
	Before Money `json:"before,omitzero"`
}

// RefundMethod is how money is given back.
type RefundMethod string

// StoreCredit gives it as credit in the shop instead. Only a shop that is a
// [Crediter] can.
const StoreCredit RefundMethod = "store_credit"

// RefundReason is why; each adapter maps it to its platform's codes.
type RefundReason string

// The reasons.
const (
	ReasonDamaged      RefundReason = "damaged"
	ReasonDefective    RefundReason = "defective"
	ReasonWrongItem    RefundReason = "wrong_item"
	ReasonNotArrived   RefundReason = "not_arrived"
	ReasonLate         RefundReason = "late"
	ReasonNotDescribed RefundReason = "not_as_described"
	ReasonReturned     RefundReason = "returned"
	ReasonCancelled    RefundReason = "cancelled"
	ReasonPrice        RefundReason = "price"
	ReasonGoodwill     RefundReason = "goodwill"
	ReasonOther        RefundReason = "other"
)

// Reasons are all reasons, in the order a form shows them.
var Reasons = []RefundReason{ReasonDamaged, ReasonDefective, ReasonWrongItem, ReasonNotArrived, ReasonLate,
	ReasonNotDescribed, ReasonReturned, ReasonCancelled, ReasonPrice, ReasonGoodwill, ReasonOther}

// State is what became of something sent.
type State string

// The states of a receipt.
const (
	// StateUnknown is resolved by reading, never by sending under another key.
	StateUnknown State = "unknown"
	// StateApplied: it happened.
	StateApplied State = "applied"
	// StateAccepted: the platform took it and will tell later; poll.
	StateAccepted State = "accepted"
	// StateRejected: it did not happen and will not.
	StateRejected State = "rejected"
	// StateAbsent: the platform certainly has not got it.
	StateAbsent State = "absent"
)

// Receipt is what the platform said.
type Receipt struct {
	State State `json:"state"`
	// ID is the platform's own id of the refund, feed or message.
	ID     string `json:"id,omitempty"`
	Amount Money  `json:"amount,omitzero"`
	Code   string `json:"code,omitempty"`
	// After is how long to wait before looking again.
	After time.Duration `json:"after,omitempty"`
	// Began is when the platform began to carry it out, if it says: what it shows from
	// before that is something else.
	Began time.Time `json:"began,omitzero"`
}

// Message is a message between a buyer and the shop.
type Message struct {
	// ID is unique in the store; Thread groups a conversation.
	ID, Thread string
	// Order is the order's id or number, if known.
	Order   string
	Subject string
	Text    string
	Buyer   Buyer
	// FromShop: the shop wrote it (from anywhere), not the buyer.
	FromShop bool
	// Key is our key where the platform carries it back.
	Key   string
	At    time.Time
	Files []Attachment
	// Site is the marketplace's locale.
	Site language.Tag
	// Bounced: this is not a message but the news that ours was not delivered. Why
	// says what has to be mended, as far as it can be told.
	Bounced bool
	Why     BounceWhy
	// Auto: a machine wrote it; it must not be answered by another machine.
	Auto bool
	// Answers is the id of the message that this one answers or is the bounce of,
	// where the platform tells.
	Answers string
	Raw     []byte
}

// BounceWhy is why a message came back.
type BounceWhy string

// The reasons; the empty one is any other.
const (
	// WhySender: the marketplace passes on nothing from this sender's address yet.
	WhySender BounceWhy = "sender"
	// WhyAddress: there is no such address, or it is gone.
	WhyAddress BounceWhy = "address"
	// WhyFull: the mailbox is full.
	WhyFull BounceWhy = "full"
	// WhyPolicy: the content or the sender's reputation was not liked.
	WhyPolicy BounceWhy = "policy"
	// WhySize: it was too large, or a file of a kind that is not passed on.
	WhySize BounceWhy = "size"
)

// Attachment is a file in a message.
type Attachment struct {
	Name, MIME, URL string
	Size            int64
	Data            []byte
}

// Outgoing is a message to a buyer.
type Outgoing struct {
	// Key names this message for ever.
	Key    string       `json:"key"`
	Thread string       `json:"thread"`
	Order  string       `json:"order,omitempty"`
	Buyer  Buyer        `json:"buyer"`
	Text   string       `json:"text"`
	Lang   language.Tag `json:"lang,omitzero"`
	// Subject and InReplyTo are for mail: the subject and id of what is answered.
	Subject   string `json:"subject,omitempty"`
	InReplyTo string `json:"in_reply_to,omitempty"`
	// Files go with it, each with its Data; a messenger that cannot send one says
	// so before anything is sent.
	Files []Attachment `json:"files,omitempty"`
	// Asked is when it was approved; SendState looks from here on.
	Asked time.Time `json:"asked,omitzero"`
}
