package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

// The states of an order, in the world's own words.
const (
	unshipped = "unshipped"
	partly    = "partly_shipped"
	shipped   = "shipped"
	delivered = "delivered"
	cancelled = "cancelled"
)

type store struct {
	StoreSpec
	w      *World
	seller string
	auth   *auth
	faults *faults
	limits *limits

	mu sync.Mutex
	// seeded is how many orders the world began with: they are reckoned from their
	// ordinals when somebody asks, and only those that changed are kept, in touched.
	// added are those that were made since, names their ordinals by id and number.
	seeded  int
	born    time.Time
	luck    uint64
	touched map[int]*order
	recent  map[int]*order
	added   []*order
	names   map[string]int
	// byUpdate is all orders by their last change; nil until somebody asks.
	byUpdate *timeline

	pending  []*order // with a refund on its way, on eBay
	buyers   map[string]*buyer
	serial   int64
	threads  []*thread
	replays  map[string]replay // Shopify's idempotency keys
	feeds    []*feed
	docs     map[string]*document
	senders  map[string]bool // whom Amazon's relay accepts mail from, if not only the shop itself
	answered []answered
	market   market // what the Amazon and eBay sides remember
	// funds are what the platform holds for the seller; empty: more than enough.
	funds string

	places  []place
	items   []*item // in the order in which they were listed
	bySKU   map[string]*item
	itemOf  map[string]*item // by the platform's ids of it
	returns []*ret           // oldest first
	rets    map[string]*ret
	bulks   []*bulk
}

type buyer struct {
	n                                  int // by which a buyer is found again
	id, name, email, username, country string
	city, street, zip                  string
	lang                               string
}

type order struct {
	ord        int
	id, number string
	// legacy is Shopify's number of the order: beyond 2^53 on purpose.
	legacy           string
	status           string
	created, updated time.Time
	buyer            *buyer
	currency         string
	lines            []*line
	refunds          []*refund
	shipments        []*shipment
	pay              string // id of the payment
	note             string
	cancelRequested  bool
	// archived: closed in the back office; disputes are the ids of open ones.
	archived bool
	disputes []string
}

type line struct {
	id, sku, item, title string
	qty                  int
	// price, tax and ship are for the whole line.
	price, tax, ship int64
	image            int
}

type refund struct {
	id, key, note  string
	at, settled    time.Time
	amount         int64
	ship           int64
	parts          []part
	byLine, failed bool
	credit         bool // it went to the buyer's store credit
	tx             string
	ret            string // the return that it was for
}

// part is what of a refund belongs to a line.
type part struct {
	line             *line
	qty              int
	amount           int64
	price, tax, ship int64
	restock          string
}

func (o *order) money(minor int64) connectors.Money {
	return connectors.Money{Minor: minor, Currency: o.currency}
}

func (o *order) dec(minor int64) string { return o.money(minor).Decimal() }

func (o *order) sum(f func(*line) int64) (n int64) {
	for _, l := range o.lines {
		n += f(l)
	}
	return n
}

func (o *order) items() int64 { return o.sum(func(l *line) int64 { return l.price }) }
func (o *order) tax() int64   { return o.sum(func(l *line) int64 { return l.tax }) }
func (o *order) ship() int64  { return o.sum(func(l *line) int64 { return l.ship }) }
func (o *order) total() int64 { return o.items() + o.tax() + o.ship() }
func (l *line) total() int64  { return l.price + l.tax + l.ship }

// refunded is what was given back or is on its way.
func (o *order) refunded() (n int64) {
	for _, r := range o.refunds {
		if !r.failed {
			n += r.amount
		}
	}
	return n
}

func (o *order) refundedShip() (n int64) {
	for _, r := range o.refunds {
		n += r.ship
		for _, p := range r.parts {
			n += p.ship
		}
	}
	return n
}

// left is what of a line's units was not given back.
func (o *order) left(l *line) int {
	n := l.qty
	for _, r := range o.refunds {
		for _, p := range r.parts {
			if p.line == l {
				n -= p.qty
			}
		}
	}
	return max(n, 0)
}

func (o *order) lineRefunded(l *line) (price, tax, ship, all int64) {
	for _, r := range o.refunds {
		for _, p := range r.parts {
			if p.line == l {
				price, tax, ship, all = price+p.price, tax+p.tax, ship+p.ship, all+p.amount
			}
		}
	}
	return price, tax, ship, all
}

func (o *order) line(id string) *line {
	for _, l := range o.lines {
		if l.id == id {
			return l
		}
	}
	return nil
}

// touch marks an order as changed now. Whoever changes an order calls it.
func (s *store) touch(o *order) { s.touchAt(o, s.w.now()) }

// next is a number that was not used before in this store.
func (s *store) next() int64 { s.serial++; return s.serial }

// ripen lets time do its work; the caller holds the lock.
func (s *store) ripen() {
	if s.Platform == Amazon {
		s.ripenFeeds()
	}
	now := s.w.now()
	s.pending = slices.DeleteFunc(s.pending, func(o *order) bool {
		last := o.refunds[len(o.refunds)-1]
		if now.Before(last.settled) {
			return false
		}
		// A refund that has just been paid out changes its order once more.
		if o.updated.Before(last.settled) {
			s.touchAt(o, last.settled)
		}
		return true
	})
}

// NewOrder is an order to be made.
type NewOrder struct {
	Store  string `json:"store"`
	Number string `json:"number,omitempty"`
	// Total is a decimal string; Tax and Shipping are the parts of it.
	Total    string `json:"total,omitempty"`
	Tax      string `json:"tax,omitempty"`
	Shipping string `json:"shipping,omitempty"`
	Currency string `json:"currency,omitempty"`
	// Status is one of unshipped, partly_shipped, shipped, delivered, cancelled.
	Status string `json:"status,omitempty"`
	Title  string `json:"title,omitempty"`
	SKU    string `json:"sku,omitempty"`
	// Quantity of the one line; 0 means 1.
	Quantity int    `json:"quantity,omitempty"`
	Buyer    string `json:"buyer,omitempty"`
	// More are further lines; Total is that of the first alone.
	More []NewLine `json:"more,omitempty"`
}

// NewLine is a further line of a new order.
type NewLine struct {
	Title    string `json:"title,omitempty"`
	Quantity int    `json:"quantity,omitempty"`
	// Total is a decimal string; Tax and Shipping are the parts of it.
	Total    string `json:"total"`
	Tax      string `json:"tax,omitempty"`
	Shipping string `json:"shipping,omitempty"`
}

// partsOf reads a line's total and takes its tax and shipping out of it.
func partsOf(cur, total, tax, shipping string) (price int64, part [3]int64, err error) {
	for i, dec := range []string{orElse(total, "10"), orElse(tax, "0"), orElse(shipping, "0")} {
		m, err := connectors.ParseMoney(dec, cur)
		if err != nil {
			return 0, part, err
		}
		part[i] = m.Minor
	}
	if price = part[0] - part[1] - part[2]; price < 0 || part[1] < 0 || part[2] < 0 {
		return 0, part, errors.New("an amount is below zero")
	}
	return price, part, nil
}

// OrderInfo is an order as the world knows it.
type OrderInfo struct {
	Store    string           `json:"store"`
	ID       string           `json:"id"`
	Number   string           `json:"number"`
	Status   string           `json:"status"`
	Total    connectors.Money `json:"total"`
	Refunded connectors.Money `json:"refunded"`
	Buyer    string           `json:"buyer"`
	Email    string           `json:"email"`
	Lines    []string         `json:"lines"`
	Created  time.Time        `json:"created"`
	Updated  time.Time        `json:"updated"`
}

func (s *store) info(o *order) OrderInfo {
	in := OrderInfo{Store: s.Name, ID: o.id, Number: o.number, Status: o.status, Total: o.money(o.total()), Refunded: o.money(o.refunded()),
		Buyer: o.buyer.id, Email: o.buyer.email, Created: o.created, Updated: o.updated}
	for _, l := range o.lines {
		in.Lines = append(in.Lines, l.id)
	}
	return in
}

// Orders lists a store's orders, oldest first.
func (w *World) Orders(store string) ([]OrderInfo, error) {
	s, err := w.store(store)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ripen()
	all := make([]OrderInfo, 0, s.count())
	for o := range s.each {
		all = append(all, s.info(o))
	}
	return all, nil
}

// ErrBadOrder is what errors about an order that cannot be made wrap.
var ErrBadOrder = errors.New("not an order")

// AddOrder makes an order.
func (w *World) AddOrder(n NewOrder) (OrderInfo, error) {
	s, err := w.store(n.Store)
	if err != nil {
		return OrderInfo{}, err
	}
	bad := func(err error) (OrderInfo, error) { return OrderInfo{}, fmt.Errorf("%w: %w", ErrBadOrder, err) }
	cur := orElse(n.Currency, s.Currency)
	price, part, err := partsOf(cur, n.Total, n.Tax, n.Shipping)
	if err != nil {
		return bad(err)
	}
	if n.Quantity < 0 {
		return bad(errors.New("a quantity is below zero"))
	}
	n.Status = orElse(n.Status, shipped)
	if !slices.Contains([]string{unshipped, partly, shipped, delivered, cancelled}, n.Status) {
		return bad(fmt.Errorf("unknown status %q", n.Status))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	num := strings.TrimPrefix(n.Number, "#")
	if num != "" && s.find(num) != nil {
		return bad(fmt.Errorf("there is already an order %q", n.Number))
	}
	now := w.now()
	id := s.next()
	o := s.blank(id, orElse(num, strconv.FormatInt(s.firstNumber()+id, 10)), now)
	if s.Platform == Woo && num == "" {
		o.number = o.id
	}
	o.currency, o.status = cur, n.Status
	o.buyer = s.newBuyer(int(id))
	if b := s.buyer(n.Buyer); b != nil {
		o.buyer = b
	}
	s.buyers[o.buyer.id] = o.buyer
	p := products[int(id)%len(products)]
	o.lines = []*line{{id: s.lineID(id, 0), sku: orElse(n.SKU, p.sku), item: s.itemID(int(id) % len(products)), title: orElse(n.Title, p.title[s.Language]),
		qty: orElse(n.Quantity, 1), price: price, tax: part[1], ship: part[2], image: int(id) % len(products)}}
	for i, m := range n.More {
		price, part, err := partsOf(cur, m.Total, m.Tax, m.Shipping)
		if err != nil || m.Quantity < 0 {
			return bad(fmt.Errorf("line %d: %w", i+2, err))
		}
		at := (int(id) + i + 1) % len(products)
		o.lines = append(o.lines, &line{id: s.lineID(id, i+1), sku: products[at].sku, item: s.itemID(at), title: orElse(m.Title, products[at].title[s.Language]),
			qty: orElse(m.Quantity, 1), price: price, tax: part[1], ship: part[2], image: at})
	}
	s.stow(o)
	s.add(o)
	s.persistOrder(o, id)
	s.sell(o)
	s.changed(changeNew, o.id)
	return s.info(o), nil
}
