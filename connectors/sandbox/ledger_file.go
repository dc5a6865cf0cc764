package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// What a world remembers beyond its own end. One line of JSON for each deed,
// synced before anybody hears of it. What an order or a return looks like after
// a deed stands in the line whole, so that reading back is putting in place and
// never reckoning again.

type kept struct {
	World    *keptWorld    `json:"world,omitempty"`
	Order    *keptOrder    `json:"order,omitempty"`
	Refund   *keptRefund   `json:"refund,omitempty"`
	Message  *MessageEntry `json:"message,omitempty"`
	Shipment *keptShipment `json:"shipment,omitempty"`
	Stock    *StockEntry   `json:"stock,omitempty"`
	Level    *StockEntry   `json:"level,omitempty"`
	Decision *keptDecision `json:"decision,omitempty"`
	Auth     *keptAuth     `json:"auth,omitempty"`
	// Serial is the last number that the store had given away.
	Store  string `json:"store,omitempty"`
	Serial int64  `json:"serial,omitempty"`
}

type keptWorld struct {
	Born time.Time `json:"born"`
}

type keptOrder struct {
	N        int64      `json:"n"`
	Number   string     `json:"number"`
	Status   string     `json:"status"`
	Currency string     `json:"currency"`
	Created  time.Time  `json:"created"`
	Buyer    int        `json:"buyer"`
	Lines    []keptLine `json:"lines"`
}

type keptLine struct {
	ID, SKU, Item, Title string
	Qty, Image           int
	Price, Tax, Ship     int64
}

type keptRefund struct {
	RefundEntry
	Total   int64      `json:"total"`
	Ship    int64      `json:"ship"`
	Tx      string     `json:"tx"`
	Settled time.Time  `json:"settled"`
	ByLine  bool       `json:"by_line"`
	Parts   []keptPart `json:"parts"`
	// Hash is what was asked under the key.
	Hash string `json:"hash,omitempty"`
}

type keptPart struct {
	Line                     string
	Qty                      int
	Amount, Price, Tax, Ship int64
	Restock                  string
}

type keptShipment struct {
	ShipmentEntry
	Status    string `json:"status"`
	Reference string `json:"reference,omitempty"`
	URL       string `json:"url,omitempty"`
}

type keptDecision struct {
	DecisionEntry
	Number, Kind, Reason, Note, Decline, Answer string
	Created, Due                                time.Time
	Paid                                        int64
	Lines                                       []keptRetLine
	// New: it was asked for, and nobody decided anything yet.
	New bool
}

type keptRetLine struct {
	ID, Line  string
	Qty, Done int
}

type keptAuth struct {
	N       int      `json:"n"`
	Refresh []string `json:"refresh"`
	Revoked bool     `json:"revoked"`
	Rotated int      `json:"rotated"`
	Secret  string   `json:"secret"`
}

// persist writes a line to the ledger's file, and syncs it. s may be nil.
func (w *World) persist(s *store, k kept) {
	if w.o.LedgerFile == "" || w.restoring {
		return
	}
	if s != nil {
		k.Store, k.Serial = s.Name, s.serial
	}
	raw, err := json.Marshal(k)
	if err == nil {
		w.fileMu.Lock()
		defer w.fileMu.Unlock()
		if w.deeds == nil { // the world has ended
			return
		}
		if _, err = w.deeds.Write(append(raw, '\n')); err == nil {
			err = w.deeds.Sync()
		}
	}
	if err != nil {
		w.log.Error("the ledger's file could not be written", "err", err)
	}
}

// recall opens the ledger's file and puts in place what stands in it.
func (w *World) recall(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("the ledger: %w", err)
	}
	lines, whole, err := readKept(f)
	if err == nil {
		// A line that broke off was never answered for: the world ended in it.
		err = f.Truncate(whole)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the ledger: %w", err), f.Close())
	}
	w.deeds = f
	if len(lines) > 0 && lines[0].World != nil {
		w.born = lines[0].World.Born
	}
	w.restoring = true
	w.Reset()
	for i, k := range lines {
		if err := w.restore(k); err != nil {
			return errors.Join(fmt.Errorf("the ledger, line %d: %w", i+1, err), f.Close())
		}
	}
	w.restoring = false
	if len(lines) == 0 {
		w.persist(nil, kept{World: &keptWorld{Born: w.bornAt()}})
	}
	return nil
}

// forget empties the ledger's file: the world begins anew, now.
func (w *World) forget() {
	w.born = w.now()
	w.fileMu.Lock()
	defer w.fileMu.Unlock()
	if w.deeds == nil {
		return
	}
	raw, err := json.Marshal(kept{World: &keptWorld{Born: w.born}})
	if err == nil {
		err = w.deeds.Truncate(0)
	}
	if err == nil {
		_, err = w.deeds.Write(append(raw, '\n'))
	}
	if err != nil {
		w.log.Error("the ledger's file could not be emptied", "err", err)
	}
}

// readKept reads all whole lines, and tells how long they are together.
func readKept(r io.Reader) (all []kept, whole int64, err error) {
	b := bufio.NewReader(r)
	for {
		line, err := b.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return all, whole, nil
		}
		if err != nil {
			return nil, 0, err
		}
		var k kept
		if err := json.Unmarshal(line, &k); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", len(all)+1, err)
		}
		all, whole = append(all, k), whole+int64(len(line))
	}
}

// bornAt is when the world began: what is reckoned from now is reckoned from
// then after it started again.
func (w *World) bornAt() time.Time {
	if w.born.IsZero() {
		w.born = w.now()
	}
	return w.born
}

// errForeign is what errors about a line that does not fit this world wrap.
var errForeign = errors.New("it was written by a world with other stores or orders")

func (w *World) restore(k kept) error {
	if k.World != nil {
		return nil
	}
	s, err := w.store(k.Store)
	if err != nil {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial = max(s.serial, k.Serial)
	switch {
	case k.Order != nil:
		return s.restoreOrder(*k.Order)
	case k.Message != nil:
		w.ledger.messages = append(w.ledger.messages, *k.Message)
		if b, o := s.buyer(k.Message.Buyer), s.order(k.Message.Order); s.Platform == Ebay && b != nil && k.Message.By == "api" {
			x := s.say(s.threadOf(b, o), true, k.Message.Text, 0)
			x.id, x.at = k.Message.ID, k.Message.At
		}
		if s.Platform == Woo && k.Message.By == "api" {
			s.wooRecall(*k.Message)
		}
		return nil
	case k.Stock != nil:
		w.ledger.stock = append(w.ledger.stock, *k.Stock)
		return nil
	case k.Level != nil:
		if it := s.bySKU[k.Level.SKU]; it != nil && it.at(k.Level.Location) != nil {
			l := it.at(k.Level.Location)
			l.available, l.updated, it.updated = k.Level.Quantity, k.Level.At, k.Level.At
		}
		return nil
	case k.Auth != nil:
		s.auth.mu.Lock()
		defer s.auth.mu.Unlock()
		s.auth.n, s.auth.refresh, s.auth.revoked, s.auth.rotated, s.auth.secret = k.Auth.N, k.Auth.Refresh, k.Auth.Revoked, k.Auth.Rotated, k.Auth.Secret
		return nil
	case k.Refund != nil:
		return s.restoreRefund(*k.Refund)
	case k.Shipment != nil:
		return s.restoreShipment(*k.Shipment)
	case k.Decision != nil:
		return s.restoreReturn(*k.Decision)
	}
	return nil // a line of a later version
}

func (s *store) restoreOrder(k keptOrder) error {
	odd := k.N <= int64(s.seeded) || k.Buyer < 0 || len(k.Lines) == 0
	for _, l := range k.Lines {
		odd = odd || l.Qty < 1 || l.Price < 0 || l.Tax < 0 || l.Ship < 0 || l.Image < 0
	}
	if odd {
		return fmt.Errorf("%w: order %d", errForeign, k.N)
	}
	o := s.blank(k.N, k.Number, k.Created)
	o.status, o.currency = k.Status, k.Currency
	if o.buyer = s.newBuyer(k.Buyer); s.buyer(o.buyer.id) != nil {
		o.buyer = s.buyer(o.buyer.id)
	}
	s.buyers[o.buyer.id] = o.buyer
	for _, l := range k.Lines {
		o.lines = append(o.lines, &line{id: l.ID, sku: l.SKU, item: l.Item, title: l.Title, qty: l.Qty, image: l.Image, price: l.Price, tax: l.Tax, ship: l.Ship})
	}
	s.stow(o)
	s.add(o)
	return nil
}

func (s *store) restoreRefund(k keptRefund) error {
	o := s.order(k.Order)
	if o == nil {
		return fmt.Errorf("%w: order %s", errForeign, k.Order)
	}
	r := &refund{id: k.ID, key: k.Key, note: k.Note, at: k.At, settled: k.Settled, amount: k.Total, ship: k.Ship, byLine: k.ByLine, tx: k.Tx, ret: k.Return, credit: k.Credit}
	for _, p := range k.Parts {
		l := o.line(p.Line)
		if l == nil {
			return fmt.Errorf("%w: line %s", errForeign, p.Line)
		}
		r.parts = append(r.parts, part{line: l, qty: p.Qty, amount: p.Amount, price: p.Price, tax: p.Tax, ship: p.Ship, restock: p.Restock})
	}
	o.refunds = append(o.refunds, r)
	s.touchAt(o, k.At)
	if s.Platform == Ebay && s.w.now().Before(r.settled) {
		s.pending = append(s.pending, o)
	}
	if k.Hash != "" {
		s.replays[k.Key] = replay{hash: k.Hash, order: o, refund: r, at: k.At}
	}
	s.w.ledger.refunds = append(s.w.ledger.refunds, k.RefundEntry)
	return nil
}

func (s *store) restoreShipment(k keptShipment) error {
	o := s.order(k.Order)
	if o == nil {
		return fmt.Errorf("%w: order %s", errForeign, k.Order)
	}
	sh := &shipment{id: k.ID, carrier: k.Carrier, number: k.Number, at: k.At, reference: k.Reference, url: k.URL}
	for _, l := range o.lines {
		if n := k.Lines[l.id]; n > 0 {
			sh.lines = append(sh.lines, shipLine{l, n})
		}
	}
	o.shipments, o.status = append(o.shipments, sh), k.Status
	s.touchAt(o, k.At)
	s.w.ledger.shipments = append(s.w.ledger.shipments, k.ShipmentEntry)
	return nil
}

func (s *store) restoreReturn(k keptDecision) error {
	r := s.rets[k.Return]
	if r == nil {
		r = &ret{id: k.Return, number: k.Number, kind: k.Kind, order: k.Order, created: k.Created, due: k.Due}
		s.keepReturn(r)
	}
	r.state, r.reason, r.note, r.decline, r.answer, r.updated, r.paid = k.State, k.Reason, k.Note, k.Decline, k.Answer, k.At, k.Paid
	r.lines = nil
	for _, l := range k.Lines {
		r.lines = append(r.lines, retLine{l.ID, l.Line, l.Qty, l.Done})
	}
	if o := s.order(k.Order); o != nil {
		o.cancelRequested = o.cancelRequested || k.Kind == kindCancel && k.State == retAsked
		s.touchAt(o, k.At)
	}
	if !k.New {
		s.w.ledger.decisions = append(s.w.ledger.decisions, k.DecisionEntry)
	}
	return nil
}

func (s *store) persistOrder(o *order, n int64) {
	k := keptOrder{N: n, Number: o.number, Status: o.status, Currency: o.currency, Created: o.created, Buyer: o.buyer.n}
	for _, l := range o.lines {
		k.Lines = append(k.Lines, keptLine{l.id, l.sku, l.item, l.title, l.qty, l.image, l.price, l.tax, l.ship})
	}
	s.w.persist(s, kept{Order: &k})
}

func (s *store) persistRefund(e RefundEntry) {
	o := s.order(e.Order)
	if o == nil {
		return
	}
	i := slices.IndexFunc(o.refunds, func(r *refund) bool { return r.id == e.ID })
	if i < 0 {
		return
	}
	r := o.refunds[i]
	k := keptRefund{RefundEntry: e, Total: r.amount, Ship: r.ship, Tx: r.tx, Settled: r.settled, ByLine: r.byLine}
	if e.Key != "" {
		k.Hash = s.replays[e.Key].hash
	}
	for _, p := range r.parts {
		k.Parts = append(k.Parts, keptPart{p.line.id, p.qty, p.amount, p.price, p.tax, p.ship, p.restock})
	}
	s.w.persist(s, kept{Refund: &k})
}

func (s *store) persistReturn(r *ret, e DecisionEntry, fresh bool) {
	k := keptDecision{DecisionEntry: e, Number: r.number, Kind: r.kind, Reason: r.reason, Note: r.note, Decline: r.decline, Answer: r.answer, Created: r.created, Due: r.due, Paid: r.paid, New: fresh}
	for _, l := range r.lines {
		k.Lines = append(k.Lines, keptRetLine{l.id, l.line, l.qty, l.done})
	}
	s.w.persist(s, kept{Decision: &k})
}

// persist keeps what tokens are good; the caller holds the lock.
func (a *auth) persist() {
	a.of.w.persist(nil, kept{Store: a.store, Auth: &keptAuth{a.n, slices.Clone(a.refresh), a.revoked, a.rotated, a.secret}})
}
