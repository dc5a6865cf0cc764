package woo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"helloworld/connectors"
)

// ident is an id: a number that must not go through a float, or a string.
type ident string

// UnmarshalJSON reads a number or a string as it stands.
func (i *ident) UnmarshalJSON(b []byte) error {
	text, err := scalar(b)
	if err != nil || strings.ContainsAny(text, ".eE+-") {
		return fmt.Errorf("woo: %.40q is no id", b)
	}
	*i = ident(text)
	return nil
}

// decimal is an amount: a string as documented, or a number as some extensions
// write it.
type decimal string

// UnmarshalJSON reads a number or a string as it stands.
func (d *decimal) UnmarshalJSON(b []byte) error {
	text, err := scalar(b)
	*d = decimal(text)
	return err
}

func scalar(b []byte) (string, error) {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0 || string(b) == "null":
		return "", nil
	case b[0] == '"':
		var s string
		err := json.Unmarshal(b, &s)
		return s, err
	case b[0] == '{' || b[0] == '[' || b[0] == 't' || b[0] == 'f':
		return "", fmt.Errorf("woo: %.40q is no plain value", b)
	}
	return string(b), nil
}

// moment is a time in UTC, which is written without its zone.
type moment struct{ time.Time }

// UnmarshalJSON reads a time; null and nothing are no time.
func (m *moment) UnmarshalJSON(b []byte) error {
	text, err := scalar(b)
	if err != nil || text == "" {
		return err
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("woo: %.40q is no time", text)
}

func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

type wireOrder struct {
	ID       ident   `json:"id"`
	Number   decimal `json:"number"`
	Status   string  `json:"status"`
	Currency string  `json:"currency"`
	Created  moment  `json:"date_created_gmt"`
	Modified moment  `json:"date_modified_gmt"`
	Paid     moment  `json:"date_paid_gmt"`

	Total       decimal `json:"total"`
	Tax         decimal `json:"total_tax"`
	Shipping    decimal `json:"shipping_total"`
	ShippingTax decimal `json:"shipping_tax"`

	Customer ident  `json:"customer_id"`
	Note     string `json:"customer_note"`
	Billing  struct {
		First   string `json:"first_name"`
		Last    string `json:"last_name"`
		Email   string `json:"email"`
		Country string `json:"country"`
	} `json:"billing"`
	Delivery struct {
		Country string `json:"country"`
	} `json:"shipping"`
	Lines   []wireLine `json:"line_items"`
	Meta    []wireMeta `json:"meta_data"`
	Refunds []struct {
		ID     ident   `json:"id"`
		Reason string  `json:"reason"`
		Total  decimal `json:"total"`
	} `json:"refunds"`
}

type wireLine struct {
	ID       ident   `json:"id"`
	Name     string  `json:"name"`
	SKU      string  `json:"sku"`
	Quantity int     `json:"quantity"`
	Total    decimal `json:"total"`
	Tax      decimal `json:"total_tax"`
	Taxes    []struct {
		ID    ident   `json:"id"`
		Total decimal `json:"total"`
	} `json:"taxes"`
	Image struct {
		Src string `json:"src"`
	} `json:"image"`
	Meta []wireMeta `json:"meta_data"`
}

// wireMeta is what an extension has left.
type wireMeta struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// refundOf is the order's line that a refund's line belongs to.
func (l wireLine) refundOf() string {
	for _, m := range l.Meta {
		if m.Key == "_refunded_item_id" {
			text, _ := scalar(m.Value) // what is no plain value is no id
			return text
		}
	}
	return ""
}

type wireRefund struct {
	ID      ident      `json:"id"`
	Created moment     `json:"date_created_gmt"`
	Amount  decimal    `json:"amount"`
	Reason  string     `json:"reason"`
	Lines   []wireLine `json:"line_items"`
}

type wireNote struct {
	ID      ident  `json:"id"`
	Author  string `json:"author"`
	Created moment `json:"date_created_gmt"`
	Note    string `json:"note"`
	ToBuyer bool   `json:"customer_note"`
}

type wireItem struct {
	ID       ident    `json:"id"`
	Parent   ident    `json:"parent_id"`
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Status   string   `json:"status"`
	SKU      string   `json:"sku"`
	Price    decimal  `json:"price"`
	Managed  manage   `json:"manage_stock"`
	Quantity *decimal `json:"stock_quantity"`
	Modified moment   `json:"date_modified_gmt"`
	Link     string   `json:"permalink"`
	Images   []struct {
		Src string `json:"src"`
	} `json:"images"`
}

// manage is whether stock is counted: true, false, or "parent".
type manage bool

// UnmarshalJSON takes "parent" as not counted here.
func (m *manage) UnmarshalJSON(b []byte) error {
	*m = string(bytes.TrimSpace(b)) == "true"
	return nil
}

type wireHook struct {
	ID     ident  `json:"id"`
	Name   string `json:"name"`
	Topic  string `json:"topic"`
	Status string `json:"status"`
	URL    string `json:"delivery_url"`
}

// amount reads an amount; nothing is none.
func amount(d decimal, currency string) (connectors.Money, error) {
	if d == "" {
		return connectors.Money{Currency: currency}, nil
	}
	return connectors.ParseMoney(string(d), currency)
}

// plus is an amount without its sign: refunds are written as negative ones.
func plus(m connectors.Money) connectors.Money {
	if m.Minor < 0 {
		m.Minor = -m.Minor
	}
	return m
}
