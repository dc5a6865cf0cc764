package sandbox

import (
	"encoding/json"
	"io"
	"sync"
	"time"

	"helloworld/connectors"
)

// RefundEntry is a refund that really happened: money moved.
type RefundEntry struct {
	Store    string           `json:"store"`
	Platform string           `json:"platform"`
	Order    string           `json:"order"`
	Number   string           `json:"number"`
	ID       string           `json:"id"`
	Amount   connectors.Money `json:"amount"`
	// Key is the key that the request carried where the platform has one: Shopify's
	// idempotency key, the merchant's adjustment id in Amazon's feed.
	Key string `json:"key,omitempty"`
	// Note is the free text that came with it.
	Note string `json:"note,omitempty"`
	// Return is the return that it was for.
	Return string `json:"return,omitempty"`
	// Lines and Shipping are what it was for, where the request told.
	Lines    []RefundPart     `json:"lines,omitempty"`
	Shipping connectors.Money `json:"shipping,omitzero"`
	// Credit: it went to the buyer's store credit.
	Credit bool      `json:"credit,omitempty"`
	At     time.Time `json:"at"`
}

// RefundPart is what a refund gave back of a line. Tax is in Amount.
type RefundPart struct {
	Line     string           `json:"line"`
	Quantity int              `json:"quantity,omitempty"`
	Amount   connectors.Money `json:"amount"`
	Tax      connectors.Money `json:"tax,omitzero"`
	Restock  string           `json:"restock,omitempty"`
}

// MessageEntry is a message that a buyer received.
type MessageEntry struct {
	Store string `json:"store"`
	Buyer string `json:"buyer"`
	Order string `json:"order,omitempty"`
	Text  string `json:"text"`
	// Key is the Message-ID of a mail, without its angle brackets.
	Key string `json:"key,omitempty"`
	ID  string `json:"id,omitempty"`
	// By is how it came: "api" or "mail".
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Ledger is what really happened, whoever was or was not told.
type Ledger struct {
	Refunds  []RefundEntry  `json:"refunds"`
	Messages []MessageEntry `json:"messages"`
	// Shipments, Stock and Decisions are what else the seller's software did.
	Shipments []ShipmentEntry `json:"shipments"`
	Stock     []StockEntry    `json:"stock"`
	Decisions []DecisionEntry `json:"decisions"`
	// Calls counts the calls of each store by operation.
	Calls map[string]map[string]int `json:"calls"`
}

type ledger struct {
	mu       sync.Mutex
	out      io.Writer
	refunds  []RefundEntry
	messages []MessageEntry
	calls    map[string]map[string]int

	shipments []ShipmentEntry
	stock     []StockEntry
	decisions []DecisionEntry
}

func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refunds, l.messages, l.calls = nil, nil, map[string]map[string]int{}
	l.shipments, l.stock, l.decisions = nil, nil, nil
}

func (l *ledger) line(kind string, v any) error {
	if l.out == nil {
		return nil
	}
	raw, err := json.Marshal(map[string]any{kind: v})
	if err != nil {
		return err
	}
	_, err = l.out.Write(append(raw, '\n'))
	return err
}

func (w *World) recordRefund(e RefundEntry) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	if s, err := w.store(e.Store); err == nil {
		s.tellParts(&e)
		s.persistRefund(e)
	}
	w.ledger.refunds = append(w.ledger.refunds, e)
	if err := w.ledger.line("refund", e); err != nil {
		w.log.Error("the ledger could not be written", "err", err)
	}
}

// tellParts writes into an entry what its refund was for.
func (s *store) tellParts(e *RefundEntry) {
	o := s.order(e.Order)
	if o == nil {
		return
	}
	for _, r := range o.refunds {
		if r.id != e.ID {
			continue
		}
		e.Credit = r.credit
		ship := r.ship
		for _, p := range r.parts {
			part := RefundPart{Line: p.line.id, Quantity: p.qty, Amount: o.money(p.amount), Restock: p.restock}
			if p.tax != 0 {
				part.Tax = o.money(p.tax)
			}
			ship += p.ship
			e.Lines = append(e.Lines, part)
		}
		if ship != 0 {
			e.Shipping = o.money(ship)
		}
	}
}

func (w *World) recordMessage(e MessageEntry) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	if s, err := w.store(e.Store); err == nil {
		w.persist(s, kept{Message: &e})
	}
	w.ledger.messages = append(w.ledger.messages, e)
	if err := w.ledger.line("message", e); err != nil {
		w.log.Error("the ledger could not be written", "err", err)
	}
}

func (w *World) count(store, op string) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	ops := w.ledger.calls[store]
	if ops == nil {
		ops = map[string]int{}
		w.ledger.calls[store] = ops
	}
	ops[op]++
}

// Ledger tells what really happened so far.
func (w *World) Ledger() Ledger {
	for _, s := range w.all() {
		s.mu.Lock()
		s.ripen()
		s.mu.Unlock()
	}
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	l := Ledger{Refunds: append([]RefundEntry{}, w.ledger.refunds...), Messages: append([]MessageEntry{}, w.ledger.messages...),
		Shipments: append([]ShipmentEntry{}, w.ledger.shipments...), Stock: append([]StockEntry{}, w.ledger.stock...), Decisions: append([]DecisionEntry{}, w.ledger.decisions...),
		Calls: map[string]map[string]int{}}
	for store, ops := range w.ledger.calls {
		l.Calls[store] = map[string]int{}
		for op, n := range ops {
			l.Calls[store][op] = n
		}
	}
	return l
}

// ShipmentEntry is a parcel that was really sent.
type ShipmentEntry struct {
	Store   string         `json:"store"`
	Order   string         `json:"order"`
	ID      string         `json:"id"`
	Carrier string         `json:"carrier"`
	Number  string         `json:"number"`
	Lines   map[string]int `json:"lines"`
	At      time.Time      `json:"at"`
}

// StockEntry is a quantity that was really set by the seller's software.
type StockEntry struct {
	Store    string    `json:"store"`
	SKU      string    `json:"sku"`
	Location string    `json:"location"`
	Quantity int       `json:"quantity"`
	Key      string    `json:"key,omitempty"`
	At       time.Time `json:"at"`
}

// DecisionEntry is a step that a return really took.
type DecisionEntry struct {
	Store  string    `json:"store"`
	Order  string    `json:"order"`
	Return string    `json:"return"`
	State  string    `json:"state"`
	At     time.Time `json:"at"`
}

func (s *store) recordShipment(o *order, sh *shipment) {
	e := ShipmentEntry{Store: s.Name, Order: o.id, ID: sh.id, Carrier: sh.carrier, Number: sh.number, Lines: map[string]int{}, At: sh.at}
	for _, l := range sh.lines {
		e.Lines[l.line.id] += l.qty
	}
	s.w.ledger.mu.Lock()
	defer s.w.ledger.mu.Unlock()
	s.w.persist(s, kept{Shipment: &keptShipment{e, o.status, sh.reference, sh.url}})
	s.w.ledger.shipments = append(s.w.ledger.shipments, e)
	s.w.ledgerLine("shipment", e)
}

// recordStock is called for quantities that a client set, not for those that a
// sale or [World.SetStock] changed.
func (s *store) recordStock(it *item, l *level, key string) {
	e := StockEntry{Store: s.Name, SKU: it.sku, Location: l.place, Quantity: l.available, Key: key, At: l.updated}
	s.w.ledger.mu.Lock()
	defer s.w.ledger.mu.Unlock()
	s.w.persist(s, kept{Stock: &e})
	s.w.ledger.stock = append(s.w.ledger.stock, e)
	s.w.ledgerLine("stock", e)
}

func (s *store) recordDecision(r *ret) {
	e := DecisionEntry{Store: s.Name, Order: r.order, Return: r.id, State: r.state, At: r.updated}
	s.w.ledger.mu.Lock()
	defer s.w.ledger.mu.Unlock()
	s.persistReturn(r, e, false)
	s.w.ledger.decisions = append(s.w.ledger.decisions, e)
	s.w.ledgerLine("decision", e)
}

// ledgerLine writes a line; the caller holds the ledger's lock.
func (w *World) ledgerLine(kind string, v any) {
	if err := w.ledger.line(kind, v); err != nil {
		w.log.Error("the ledger could not be written", "err", err)
	}
}
