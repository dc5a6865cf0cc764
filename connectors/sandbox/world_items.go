package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

// item is a listing.
type item struct {
	// sku is the seller's name of it; id the platform's: an item on eBay, an ASIN
	// on Amazon, a variant on Shopify. inventory is what Shopify's quantities hang
	// on, offer what eBay's do.
	sku, id, inventory, offer string
	title                     string
	price                     int64
	currency                  string
	status                    string
	image                     int
	created, updated          time.Time
	levels                    []*level
	// lead is how many days the seller takes to send it: Amazon forgets it when a
	// listing's quantity is replaced instead of merged.
	lead int
	// fba: the goods lie with the platform.
	fba bool
}

// The states of a listing.
const (
	active   = "active"
	inactive = "inactive"
	blocked  = "blocked"
)

// level is how much of an item there is in a place.
type level struct {
	place                        string
	available, reserved, inbound int
	updated                      time.Time
}

// place is somewhere that goods lie.
type place struct{ id, name string }

// oddSKUs are names that sellers really give their goods, and that break
// addresses, filters and tables put together without care.
var oddSKUs = []string{"TEE S/M", "BOX 50%", "SET ☕ 3+1", "A&B=C?#1", "LAMP\"24\"", "ÄÖ-001"}

// secondPlace is Shopify's other location.
const secondPlace = "9607199254741009"

// stock makes a store's listings.
func (s *store) stock(now time.Time) {
	switch s.Platform {
	case Shopify:
		s.places = []place{{locationID, "Warehouse"}, {secondPlace, "Shop floor"}}
	case Ebay, Woo:
		s.places = []place{{"warehouse-1", "Warehouse"}}
	default:
		s.places = []place{{"DEFAULT", "Merchant"}, {"AMAZON_" + s.site().country, "Fulfilment centre"}}
	}
	exp := connectors.Exponent(s.Currency)
	for i := range max(s.Items, 0) {
		p := products[i%len(products)]
		it := &item{sku: p.sku, id: s.itemID(i), title: p.title[s.Language], price: p.cents, currency: s.Currency, status: active, image: i % len(products), lead: 1 + i%5,
			inventory: strconv.FormatInt(9707199254741000+int64(i)*3, 10), offer: strconv.Itoa(36445435000 + i*11), created: now.AddDate(0, -2, 0).Truncate(time.Second)}
		switch n := i - len(products); {
		case n >= len(oddSKUs):
			it.sku = fmt.Sprintf("%s-V%d", p.sku, i/len(products))
			it.title += " #" + strconv.Itoa(i/len(products))
		case n >= 0:
			it.sku = oddSKUs[n]
		}
		if exp == 0 {
			it.price = p.yen
		}
		if i%11 == 9 {
			it.status = inactive
		}
		it.updated = now.Add(-time.Duration(i%500)*time.Hour - 26*time.Hour).Truncate(time.Second)
		it.fba = s.Platform == Amazon && i%4 == 3
		n := 3 + i*7%40
		switch {
		case it.fba:
			it.levels = []*level{{place: s.places[1].id, available: n, reserved: i % 3, inbound: i % 5, updated: it.updated}}
		case s.Platform == Amazon:
			it.levels = []*level{{place: s.places[0].id, available: n, updated: it.updated}}
		default:
			for k, pl := range s.places {
				it.levels = append(it.levels, &level{place: pl.id, available: n / (1 + 2*k), reserved: (i + k) % 2, updated: it.updated})
			}
		}
		s.items = append(s.items, it)
		s.bySKU[it.sku] = it
		s.itemOf[it.id], s.itemOf[it.inventory], s.itemOf[it.offer] = it, it, it
	}
}

// at is the quantity of an item in a place; an empty place means the first.
func (it *item) at(place string) *level {
	if place == "" && len(it.levels) > 0 {
		return it.levels[0]
	}
	for _, l := range it.levels {
		if l.place == place {
			return l
		}
	}
	return nil
}

// available is what can be sold, in all places.
func (it *item) available() (n int) {
	for _, l := range it.levels {
		n += l.available
	}
	return n
}

func (it *item) money() connectors.Money {
	return connectors.Money{Minor: it.price, Currency: it.currency}
}

// setStock sets what can be sold of an item in a place.
func (s *store) setStock(it *item, l *level, n int) {
	now := s.w.now()
	l.available, l.updated, it.updated = n, now, now
	s.w.persist(s, kept{Level: &StockEntry{Store: s.Name, SKU: it.sku, Location: l.place, Quantity: n, At: now}})
	s.changed(changeItem, it.sku, l.place)
}

// sell takes what an order needs off the shelf.
func (s *store) sell(o *order) {
	if o.status == cancelled {
		return
	}
	for _, l := range o.lines {
		if it := s.bySKU[l.sku]; it != nil && len(it.levels) > 0 {
			s.setStock(it, it.levels[0], max(0, it.levels[0].available-l.qty))
		}
	}
}

// putBack puts what a refund restocks back on the shelf.
func (s *store) putBack(r *refund) {
	for _, p := range r.parts {
		if it := s.bySKU[p.line.sku]; it != nil && len(it.levels) > 0 && p.restock != "" && p.restock != "NO_RESTOCK" && p.qty > 0 {
			s.setStock(it, it.levels[0], it.levels[0].available+p.qty)
		}
	}
}

// ErrNoItem is what errors about a listing or place that does not exist wrap.
var ErrNoItem = errors.New("no such listing")

// StockChange is a quantity that changes behind the seller's back.
type StockChange struct {
	Store string `json:"store"`
	SKU   string `json:"sku"`
	// Location is a place's id; empty means the first.
	Location string `json:"location,omitempty"`
	Quantity int    `json:"quantity"`
}

// SetStock changes what can be sold of a listing.
func (w *World) SetStock(c StockChange) error {
	s, err := w.store(c.Store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.bySKU[c.SKU]
	if it == nil {
		return fmt.Errorf("%w: %q", ErrNoItem, c.SKU)
	}
	l := it.at(c.Location)
	if l == nil {
		return fmt.Errorf("%w: %q is not kept at %q", ErrNoItem, c.SKU, c.Location)
	}
	s.setStock(it, l, c.Quantity)
	return nil
}

// ItemInfo is a listing as the world knows it.
type ItemInfo struct {
	Store     string           `json:"store"`
	SKU       string           `json:"sku"`
	ID        string           `json:"id"`
	Inventory string           `json:"inventory,omitempty"`
	Title     string           `json:"title"`
	Status    string           `json:"status"`
	Price     connectors.Money `json:"price"`
	// Stock is what can be sold, by place.
	Stock   map[string]int `json:"stock"`
	Updated time.Time      `json:"updated"`
}

// Items lists a store's listings.
func (w *World) Items(store string) ([]ItemInfo, error) {
	s, err := w.store(store)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]ItemInfo, 0, len(s.items))
	for _, it := range s.items {
		in := ItemInfo{Store: s.Name, SKU: it.sku, ID: it.id, Inventory: it.inventory, Title: it.title, Status: it.status, Price: it.money(), Stock: map[string]int{}, Updated: it.updated}
		for _, l := range it.levels {
			in.Stock[l.place] = l.available
		}
		all = append(all, in)
	}
	return all, nil
}

// StockOf is what can be sold of a listing in all places; -1 if there is none.
func (w *World) StockOf(store, sku string) int {
	s, err := w.store(store)
	if err != nil {
		return -1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if it := s.bySKU[sku]; it != nil {
		return it.available()
	}
	return -1
}

// itemBy finds a listing by one of its names.
func (s *store) itemBy(match func(*item) bool) *item {
	if i := slices.IndexFunc(s.items, match); i >= 0 {
		return s.items[i]
	}
	return nil
}

// plainSKU is a SKU without what is not a letter or digit, for links.
func plainSKU(sku string) string {
	return strings.Trim(strings.ToLower(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, sku)), "-")
}
