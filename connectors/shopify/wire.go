package shopify

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
)

// The shapes of answers: only the fields that queries.go asks for. Words that
// the platform may extend are plain strings.

type bag struct {
	Presentment struct {
		Amount   decimal `json:"amount"`
		Currency string  `json:"currencyCode"`
	} `json:"presentmentMoney"`
}

// decimal is an amount in quotes, as the platform writes it, or bare.
type decimal string

// UnmarshalJSON keeps the digits as they are.
func (d *decimal) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(s) >= 2 && s[0] == '"' {
		var t string
		if err := json.Unmarshal(b, &t); err != nil {
			return err
		}
		s = t
	}
	*d = decimal(s)
	return nil
}

func (b *bag) money() (connectors.Money, error) {
	if b == nil {
		return connectors.Money{}, nil
	}
	return connectors.ParseMoney(string(b.Presentment.Amount), b.Presentment.Currency)
}

type pageInfo struct {
	More bool   `json:"hasNextPage"`
	End  string `json:"endCursor"`
}

type wireOrder struct {
	ID        string      `json:"id"`
	Legacy    json.Number `json:"legacyResourceId"`
	Name      string      `json:"name"`
	Created   time.Time   `json:"createdAt"`
	Updated   time.Time   `json:"updatedAt"`
	Cancelled *time.Time  `json:"cancelledAt"`
	Closed    *time.Time  `json:"closedAt"`
	Email     string      `json:"email"`
	Locale    string      `json:"customerLocale"`
	// Refundable is the platform's own word on whether anything can be given back.
	Refundable  bool   `json:"refundable"`
	Financial   string `json:"displayFinancialStatus"`
	Fulfillment string `json:"displayFulfillmentStatus"`
	Currency    string `json:"presentmentCurrencyCode"`
	TaxIncluded bool   `json:"taxesIncluded"`
	Customer    *struct {
		ID     string `json:"id"`
		Name   string `json:"displayName"`
		Locale string `json:"locale"`
		Email  *struct {
			Address string `json:"emailAddress"`
		} `json:"defaultEmailAddress"`
	} `json:"customer"`
	Address *struct {
		Name    string `json:"name"`
		Country string `json:"countryCodeV2"`
	} `json:"shippingAddress"`
	Total    *bag         `json:"totalPriceSet"`
	Tax      *bag         `json:"totalTaxSet"`
	Shipping *bag         `json:"totalShippingPriceSet"`
	Refunded *bag         `json:"totalRefundedSet"`
	Lines    wireLines    `json:"lineItems"`
	Refunds  []wireRefund `json:"refunds"`
	Shipped  []wireSent   `json:"fulfillments"`
}

type wireLines struct {
	Nodes []wireLine `json:"nodes"`
	Page  pageInfo   `json:"pageInfo"`
}

type wireLine struct {
	ID         string `json:"id"`
	SKU        string `json:"sku"`
	Title      string `json:"title"`
	Variant    string `json:"variantTitle"`
	Quantity   int    `json:"quantity"`
	Refundable int    `json:"refundableQuantity"`
	Image      *struct {
		URL string `json:"url"`
	} `json:"image"`
	Price *bag `json:"discountedTotalSet"`
	Taxes []struct {
		Price *bag `json:"priceSet"`
	} `json:"taxLines"`
}

type wireRefund struct {
	ID           string    `json:"id"`
	Note         string    `json:"note"`
	Created      time.Time `json:"createdAt"`
	Total        *bag      `json:"totalRefundedSet"`
	Transactions struct {
		Nodes []wireTransaction `json:"nodes"`
	} `json:"transactions"`
	Lines struct {
		Nodes []wireRefundLine `json:"nodes"`
	} `json:"refundLineItems"`
}

type wireTransaction struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Status string `json:"status"`
	Code   string `json:"errorCode"`
	Amount *bag   `json:"amountSet"`
}

type wireRefundLine struct {
	Quantity int `json:"quantity"`
	Line     struct {
		ID string `json:"id"`
	} `json:"lineItem"`
	Location *struct {
		ID string `json:"id"`
	} `json:"location"`
	Subtotal *bag `json:"subtotalSet"`
	Tax      *bag `json:"totalTaxSet"`
}

type wireSuggestion struct {
	Maximum  *bag `json:"maximumRefundableSet"`
	Tax      *bag `json:"totalTaxSet"`
	Shipping struct {
		Maximum *bag `json:"maximumRefundableSet"`
	} `json:"shipping"`
	Lines        []wireRefundLine  `json:"refundLineItems"`
	Transactions []wireSuggestedTx `json:"suggestedTransactions"`
}

type wireSuggestedTx struct {
	Gateway string `json:"gateway"`
	Parent  *struct {
		ID string `json:"id"`
	} `json:"parentTransaction"`
	Amount  *bag `json:"amountSet"`
	Maximum *bag `json:"maximumRefundableSet"`
}

// sums adds amounts and remembers the first that cannot be read.
type sums struct{ err error }

func (s *sums) of(b *bag) connectors.Money {
	m, err := b.money()
	if err != nil && s.err == nil {
		s.err = err
	}
	return m
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

// decodeOrder reads one order as it came.
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

func (s *Shop) order(w wireOrder, raw []byte) (connectors.Order, error) {
	var sum sums
	o := connectors.Order{
		ID: w.ID, Number: w.Name, Status: status(w), PlatformStatus: w.Financial + "/" + w.Fulfillment,
		Created: w.Created.UTC(), Updated: w.Updated.UTC(), Site: s.info.Language, Raw: raw,
		Total: sum.of(w.Total), Tax: sum.of(w.Tax), Shipping: sum.of(w.Shipping), Refunded: sum.of(w.Refunded),
	}
	o.Parcels = parcelsOf(w.Shipped)
	if o.Total.Currency == "" && sum.err == nil {
		return o, fmt.Errorf("order %s has no total", w.Name)
	}
	if sum.err != nil {
		return o, fmt.Errorf("order %s: %w", w.Name, sum.err)
	}
	if w.Legacy != "" {
		o.Link = s.base + "/admin/orders/" + w.Legacy.String()
	}
	o.Buyer.Email = w.Email
	locale := w.Locale
	if c := w.Customer; c != nil {
		o.Buyer.ID, o.Buyer.Name = c.ID, c.Name
		if c.Email != nil && o.Buyer.Email == "" {
			o.Buyer.Email = c.Email.Address
		}
		if locale == "" {
			locale = c.Locale
		}
	}
	if w.Address != nil {
		o.Buyer.Country = w.Address.Country
		if o.Buyer.Name == "" {
			o.Buyer.Name = w.Address.Name
		}
	}
	o.Buyer.Language, _ = language.Parse(locale) // an unknown one stays undetermined
	back := map[string]connectors.Money{}
	given := connectors.Money{Currency: o.Total.Currency}
	for _, r := range w.Refunds {
		seen, err := r.seen()
		if err != nil {
			return o, err
		}
		o.Refunds = append(o.Refunds, seen)
		if seen.State == connectors.StateRejected {
			continue
		}
		given = sum.add(given, seen.Amount)
		for _, l := range r.Lines.Nodes {
			back[l.Line.ID] = sum.add(back[l.Line.ID], sum.add(sum.of(l.Subtotal), sum.of(l.Tax)))
		}
	}
	if o.Refunded.Currency == "" || given.Currency == o.Refunded.Currency && given.Minor > o.Refunded.Minor {
		o.Refunded = given // what is on its way is not in the platform's total yet
	}
	for _, l := range w.Lines.Nodes {
		line := connectors.OrderLine{ID: l.ID, SKU: l.SKU, Title: l.Title, Quantity: l.Quantity, Price: sum.of(l.Price), Refunded: back[l.ID]}
		if l.Variant != "" && l.Variant != "Default Title" {
			line.Title += " · " + l.Variant
		}
		if l.Image != nil {
			line.Image = l.Image.URL
		}
		for _, t := range l.Taxes {
			line.Tax = sum.add(line.Tax, sum.of(t.Price))
		}
		if w.TaxIncluded && line.Tax.Currency == line.Price.Currency {
			line.Price = line.Price.Sub(line.Tax)
		}
		o.Lines = append(o.Lines, line)
	}
	for _, m := range []connectors.Money{o.Tax, o.Shipping, o.Refunded} {
		sum.add(o.Total, m)
	}
	if sum.err != nil {
		return o, fmt.Errorf("order %s: %w", w.Name, sum.err)
	}
	return o, nil
}

func status(w wireOrder) connectors.OrderStatus {
	switch {
	case w.Cancelled != nil:
		return connectors.OrderCancelled
	case w.Financial == "REFUNDED":
		return connectors.OrderRefunded
	case w.Fulfillment == "FULFILLED":
		return connectors.OrderShipped
	case w.Fulfillment == "PARTIALLY_FULFILLED":
		return connectors.OrderPartly
	}
	switch w.Financial {
	case "PAID", "PARTIALLY_REFUNDED", "PARTIALLY_PAID":
		return connectors.OrderPaid
	case "PENDING", "AUTHORIZED":
		return connectors.OrderPending
	}
	return connectors.OrderOther
}

// keyMark is how our key stands in a refund's note.
var keyMark = regexp.MustCompile(`\[desk:([^\[\]\s]+)\]`)

// note is a refund's note: people's words first, our key last.
func note(c connectors.Refund) string {
	words := strings.TrimSpace(keyMark.ReplaceAllString(c.Note, ""))
	return strings.TrimSpace(words + " [desk:" + c.Key + "]")
}

// seen reads a refund as the platform shows it.
func (r wireRefund) seen() (connectors.RefundSeen, error) {
	var sum sums
	out := connectors.RefundSeen{ID: r.ID, At: r.Created.UTC(), Note: strings.TrimSpace(keyMark.ReplaceAllString(r.Note, "")), State: connectors.StateApplied}
	if m := keyMark.FindAllStringSubmatch(r.Note, -1); m != nil {
		out.Key = m[len(m)-1][1]
	}
	var sent, failed, open, odd int
	amount := connectors.Money{}
	for _, t := range r.Transactions.Nodes {
		if t.Kind != "REFUND" {
			continue
		}
		sent++
		switch t.Status {
		case "SUCCESS":
		case "FAILURE", "ERROR":
			failed++
			continue
		case "PENDING", "AWAITING_RESPONSE":
			open++
		default:
			odd++
		}
		amount = sum.add(amount, sum.of(t.Amount))
	}
	switch {
	case sent > 0 && failed == sent:
		out.State = connectors.StateRejected
	case odd > 0:
		out.State = connectors.StateUnknown
	case open > 0:
		out.State = connectors.StateAccepted
	}
	out.Amount = amount
	if sent == 0 {
		out.Amount = sum.of(r.Total)
	}
	if sum.err != nil {
		return out, fmt.Errorf("refund %s: %w", r.ID, sum.err)
	}
	return out, nil
}
