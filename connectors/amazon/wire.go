package amazon

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
)

// The shapes of answers: only what is read. Words that the platform may extend
// are plain strings.

type wireMoney struct {
	Amount   string `json:"amount"`
	Currency string `json:"currencyCode"`
}

// UnmarshalJSON takes the amount as text or as a bare number, digit by digit.
func (m *wireMoney) UnmarshalJSON(b []byte) error {
	var raw struct {
		Amount   json.RawMessage `json:"amount"`
		Bare     json.RawMessage `json:"currencyAmount"`
		Currency string          `json:"currencyCode"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if len(raw.Amount) == 0 {
		raw.Amount = raw.Bare
	}
	m.Amount, m.Currency = strings.Trim(string(raw.Amount), `"`), raw.Currency
	return nil
}

func (m *wireMoney) money() (connectors.Money, error) {
	if m == nil || m.Amount == "" && m.Currency == "" {
		return connectors.Money{}, nil
	}
	return connectors.ParseMoney(m.Amount, m.Currency)
}

type wireBreakdown struct {
	Type     string     `json:"type"`
	Subtotal *wireMoney `json:"subtotal"`
	Details  []struct {
		Subtype string     `json:"subtype"`
		Value   *wireMoney `json:"value"`
	} `json:"detailedBreakdowns"`
}

type wireOrder struct {
	ID      string `json:"orderId"`
	Aliases []struct {
		ID   string `json:"aliasId"`
		Type string `json:"aliasType"`
	} `json:"orderAliases"`
	Created time.Time `json:"createdTime"`
	Updated time.Time `json:"lastUpdatedTime"`
	Channel struct {
		Market string `json:"marketplaceId"`
	} `json:"salesChannel"`
	Buyer *struct {
		Name  string `json:"buyerName"`
		Email string `json:"buyerEmail"`
	} `json:"buyer"`
	Recipient *struct {
		Address *struct {
			Name    string `json:"name"`
			Country string `json:"countryCode"`
		} `json:"deliveryAddress"`
	} `json:"recipient"`
	Proceeds *struct {
		Total      *wireMoney      `json:"grandTotal"`
		Breakdowns []wireBreakdown `json:"breakdowns"`
	} `json:"proceeds"`
	Fulfillment *struct {
		Status string `json:"fulfillmentStatus"`
		By     string `json:"fulfilledBy"`
	} `json:"fulfillment"`
	Items    []wireItem    `json:"orderItems"`
	Packages []wirePackage `json:"packages"`
}

// wirePackage is a parcel that was told.
type wirePackage struct {
	Ref     string `json:"packageReferenceId"`
	Carrier string `json:"carrier"`
	Number  string `json:"trackingNumber"`
	Created string `json:"createdTime"`
	Sent    string `json:"shipTime"`
	Status  struct {
		Status string `json:"status"`
	} `json:"packageStatus"`
	Items []struct {
		ID       string `json:"orderItemId"`
		Quantity int    `json:"quantity"`
	} `json:"packageItems"`
}

type wireItem struct {
	ID       string `json:"orderItemId"`
	Quantity int    `json:"quantityOrdered"`
	// Sent tells how many are on their way, and how many are left.
	Sent *struct {
		Done *int `json:"quantityFulfilled"`
		Left *int `json:"quantityUnfulfilled"`
	} `json:"fulfillment"`
	Product struct {
		Title string `json:"title"`
		SKU   string `json:"sellerSku"`
		Price *struct {
			Unit *wireMoney `json:"unitPrice"`
		} `json:"price"`
	} `json:"product"`
	Proceeds *struct {
		Total      *wireMoney      `json:"proceedsTotal"`
		Breakdowns []wireBreakdown `json:"breakdowns"`
	} `json:"proceeds"`
	Tax struct {
		Collections []taxCollection `json:"taxCollections"`
	} `json:"tax"`
}

type taxCollection struct {
	Model string `json:"model"`
}

// sums adds amounts and remembers the first that cannot be read.
type sums struct{ err error }

func (s *sums) of(m *wireMoney) connectors.Money {
	v, err := m.money()
	if err != nil && s.err == nil {
		s.err = err
	}
	return v
}

func (s *sums) add(a, b connectors.Money) connectors.Money {
	if a.Currency != "" && b.Currency != "" && a.Currency != b.Currency {
		if s.err == nil {
			s.err = fmt.Errorf("amounts in %s and %s in one order", a.Currency, b.Currency)
		}
		return a
	}
	return a.Add(b)
}

func (s *sums) sub(a, b connectors.Money) connectors.Money {
	return s.add(a, connectors.Money{Minor: -b.Minor, Currency: b.Currency})
}

func decodeOrder(raw []byte) (wireOrder, error) {
	var w wireOrder
	if err := json.Unmarshal(raw, &w); err != nil {
		return w, fmt.Errorf("reading an order: %w", err)
	}
	if w.ID == "" {
		return w, errors.New("reading an order: it has no id")
	}
	return w, nil
}

// parts are the components of an item's price that a refund names.
type parts struct{ principal, tax, shipping, shippingTax connectors.Money }

// withheldOf is the tax of an item that the platform withholds and pays, and
// therefore gives back itself.
func (s *sums) withheldOf(i wireItem) connectors.Money {
	if !i.withheld() {
		return connectors.Money{}
	}
	p := s.allParts(i)
	return s.add(p.tax, p.shippingTax)
}

func (i wireItem) withheld() bool {
	return slices.ContainsFunc(i.Tax.Collections, func(c taxCollection) bool { return c.Model == "MARKETPLACE_FACILITATOR" })
}

// partsOf splits what the item brought and can be given back. Discounts and gift
// wrap count as principal.
func (s *sums) partsOf(i wireItem) parts {
	p := s.allParts(i)
	if i.withheld() {
		p.tax.Minor, p.shippingTax.Minor = 0, 0
	}
	return p
}

func (s *sums) allParts(i wireItem) parts {
	var p parts
	if i.Proceeds == nil {
		if i.Product.Price != nil {
			unit := s.of(i.Product.Price.Unit)
			n := int64(min(max(i.Quantity, 0), 100_000))
			if unit.Minor > math.MaxInt64/100_000 || unit.Minor < 0 {
				s.err = cmp.Or(s.err, fmt.Errorf("a unit price of %v", unit))
				return p
			}
			p.principal = connectors.Money{Minor: unit.Minor * n, Currency: unit.Currency}
		}
		return p
	}
	total := s.of(i.Proceeds.Total)
	all := connectors.Money{}
	for _, b := range i.Proceeds.Breakdowns {
		m := s.of(b.Subtotal)
		all = s.add(all, m)
		switch b.Type {
		case "SHIPPING":
			p.shipping = s.add(p.shipping, m)
		case "TAX":
			for _, d := range b.Details {
				if d.Subtype == "SHIPPING" {
					v := s.of(d.Value)
					p.shippingTax = s.add(p.shippingTax, v)
					m = s.sub(m, v)
				}
			}
			p.tax = s.add(p.tax, m)
		}
	}
	if total.Currency == "" {
		total = all
	}
	p.principal = s.sub(s.sub(s.sub(total, p.tax), p.shipping), p.shippingTax)
	return p
}

func (s *Seller) order(w wireOrder, raw []byte) (connectors.Order, error) {
	var sum sums
	o := connectors.Order{ID: w.ID, Number: w.ID, Created: w.Created.UTC(), Updated: w.Updated.UTC(), Status: status(w), Raw: raw,
		Site: s.info.Language, Link: s.link(w)}
	for _, a := range w.Aliases {
		if a.Type == "SELLER_ORDER_ID" && a.ID != "" {
			o.Number = a.ID // what the seller's own people call it
		}
	}
	if w.Fulfillment != nil {
		o.PlatformStatus = w.Fulfillment.Status
	}
	if site, ok := sites[w.Channel.Market]; ok {
		o.Site = language.Make(site.language)
	}
	o.Parcels = parcelsOf(w.Packages)
	if w.Buyer != nil {
		o.Buyer.Name, o.Buyer.Email = w.Buyer.Name, w.Buyer.Email
	}
	if w.Recipient != nil && w.Recipient.Address != nil {
		o.Buyer.Country = w.Recipient.Address.Country
		if o.Buyer.Name == "" {
			o.Buyer.Name = w.Recipient.Address.Name
		}
	}
	for _, i := range w.Items {
		p := sum.partsOf(i)
		line := connectors.OrderLine{ID: i.ID, SKU: i.Product.SKU, Title: i.Product.Title, Quantity: i.Quantity,
			Price: p.principal, Tax: sum.add(p.tax, p.shippingTax), Shipping: p.shipping}
		o.Lines = append(o.Lines, line)
		o.Tax, o.Shipping = sum.add(o.Tax, line.Tax), sum.add(o.Shipping, line.Shipping)
		o.Total = sum.add(o.Total, sum.add(sum.add(line.Price, line.Tax), line.Shipping))
	}
	if w.Proceeds != nil && w.Proceeds.Total != nil {
		sum.add(o.Total, sum.of(w.Proceeds.Total)) // one currency, or it cannot be read
		o.Total = sum.of(w.Proceeds.Total)
	}
	if o.Total.Currency == "" {
		o.Total.Currency = s.info.Currency // a pending order has no amounts yet
	}
	o.Refunded.Currency = o.Total.Currency
	if sum.err != nil {
		return o, fmt.Errorf("order %s: %w", w.ID, sum.err)
	}
	return o, nil
}

func status(w wireOrder) connectors.OrderStatus {
	word := ""
	if w.Fulfillment != nil {
		word = w.Fulfillment.Status
	}
	switch word {
	case "PENDING", "PENDING_AVAILABILITY":
		return connectors.OrderPending
	case "UNSHIPPED":
		return connectors.OrderPaid
	case "PARTIALLY_SHIPPED":
		return connectors.OrderPartly
	case "CANCELLED", "UNFULFILLABLE":
		return connectors.OrderCancelled
	case "SHIPPED":
		for _, p := range w.Packages {
			if p.Status.Status != "DELIVERED" {
				return connectors.OrderShipped
			}
		}
		if len(w.Packages) > 0 {
			return connectors.OrderDelivered
		}
		return connectors.OrderShipped
	}
	return connectors.OrderOther
}

// link is the order's page in Seller Central.
func (s *Seller) link(w wireOrder) string {
	host := "https://sellercentral.amazon.com"
	switch hostRegion(s.base) {
	case "eu":
		host = "https://sellercentral-europe.amazon.com"
	case "fe":
		host = "https://sellercentral.amazon.co.jp"
	}
	return host + "/orders-v3/order/" + w.ID
}

func hostRegion(base string) string {
	for r, h := range hosts {
		if base == h {
			return r
		}
	}
	return ""
}

// wireFeed is a feed as the platform lists it.
type wireFeed struct {
	ID      string    `json:"feedId"`
	Type    string    `json:"feedType"`
	Created time.Time `json:"createdTime"`
	Started time.Time `json:"processingStartTime"`
	Status  string    `json:"processingStatus"`
	Result  string    `json:"resultFeedDocumentId"`
}

// wireTransaction is a line of the finances.
type wireTransaction struct {
	ID          string         `json:"transactionId"`
	Type        string         `json:"transactionType"`
	Description string         `json:"description"`
	Posted      time.Time      `json:"postedDate"`
	Total       *wireMoney     `json:"totalAmount"`
	Breakdowns  wireBreakdowns `json:"breakdowns"`
}

// wireBreakdowns comes as a list, or as an object around one.
type wireBreakdowns []struct {
	Type   string     `json:"breakdownType"`
	Amount *wireMoney `json:"breakdownAmount"`
}

// UnmarshalJSON takes both forms.
func (w *wireBreakdowns) UnmarshalJSON(b []byte) error {
	type list wireBreakdowns
	var l list
	if len(b) > 0 && b[0] == '{' {
		var around struct {
			Breakdowns list `json:"breakdowns"`
		}
		err := json.Unmarshal(b, &around)
		*w = wireBreakdowns(around.Breakdowns)
		return err
	}
	err := json.Unmarshal(b, &l)
	*w = wireBreakdowns(l)
	return err
}

func (t wireTransaction) isRefund() bool {
	return strings.EqualFold(t.Type, "Refund") || strings.HasPrefix(strings.ToLower(t.Description), "refund")
}

var feeLike = regexp.MustCompile(`(?i)fee|expense|commission|cost`)

// seen reads a refund out of the finances. The total is what it cost the
// seller, fees given back included; the buyer got the rest.
func (t wireTransaction) seen() (connectors.RefundSeen, error) {
	var sum sums
	m := sum.of(t.Total)
	for _, b := range t.Breakdowns {
		if feeLike.MatchString(b.Type) {
			m = sum.sub(m, sum.of(b.Amount))
		}
	}
	m.Minor = -m.Minor
	return connectors.RefundSeen{ID: t.ID, Amount: m, State: connectors.StateApplied, At: t.Posted.UTC(), Note: t.Description}, sum.err
}
