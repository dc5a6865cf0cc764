package ebay

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"helloworld/connectors"
)

// wireAmount is an amount of money as eBay writes it: a decimal string.
type wireAmount struct {
	Value    string `json:"value"`
	Currency string `json:"currency"`
}

// money reads an amount; nil is none.
func (a *wireAmount) money() (connectors.Money, error) {
	if a == nil || a.Value == "" && a.Currency == "" {
		return connectors.Money{}, nil
	}
	return connectors.ParseMoney(a.Value, a.Currency)
}

type wireUser struct {
	Username string `json:"username"`
	UserID   string `json:"userId"`
	Status   string `json:"status"`
}

type wireOrders struct {
	Orders []json.RawMessage `json:"orders"`
	Next   string            `json:"next"`
	Total  int               `json:"total"`
}

type wireOrder struct {
	ID       string `json:"orderId"`
	Record   string `json:"salesRecordReference"`
	Created  string `json:"creationDate"`
	Modified string `json:"lastModifiedDate"`
	Seller   string `json:"sellerId"`
	Shipping string `json:"orderFulfillmentStatus"`
	Payment  string `json:"orderPaymentStatus"`
	Cancel   struct {
		State string `json:"cancelState"`
	} `json:"cancelStatus"`
	Buyer struct {
		Username string      `json:"username"`
		Address  wireContact `json:"buyerRegistrationAddress"`
		Tax      struct {
			Country string `json:"countryCode"`
		} `json:"taxAddress"`
	} `json:"buyer"`
	Pricing struct {
		Subtotal         *wireAmount `json:"priceSubtotal"`
		Delivery         *wireAmount `json:"deliveryCost"`
		DeliveryDiscount *wireAmount `json:"deliveryDiscount"`
		Tax              *wireAmount `json:"tax"`
		Total            *wireAmount `json:"total"`
	} `json:"pricingSummary"`
	PaymentSummary struct {
		Refunds []wireRefund `json:"refunds"`
	} `json:"paymentSummary"`
	Lines        []wireLine `json:"lineItems"`
	Instructions []struct {
		Step struct {
			To wireContact `json:"shipTo"`
		} `json:"shippingStep"`
	} `json:"fulfillmentStartInstructions"`
}

type wireContact struct {
	Name    string `json:"fullName"`
	Email   string `json:"email"`
	Address struct {
		Country string `json:"countryCode"`
	} `json:"contactAddress"`
}

type wireLine struct {
	ID       string      `json:"lineItemId"`
	SKU      string      `json:"sku"`
	Title    string      `json:"title"`
	Quantity int         `json:"quantity"`
	Cost     *wireAmount `json:"lineItemCost"`
	Reduced  *wireAmount `json:"discountedLineItemCost"`
	Total    *wireAmount `json:"total"`
	Delivery struct {
		Shipping *wireAmount `json:"shippingCost"`
		Discount *wireAmount `json:"discountAmount"`
	} `json:"deliveryCost"`
	Taxes []struct {
		Amount *wireAmount `json:"amount"`
	} `json:"taxes"`
	Refunds  []wireRefund `json:"refunds"`
	Purchase string       `json:"purchaseMarketplaceId"`
}

// wireRefund is a refund of an order, or of one of its lines: those have no status.
type wireRefund struct {
	ID        string      `json:"refundId"`
	Amount    *wireAmount `json:"amount"`
	Date      string      `json:"refundDate"`
	Status    string      `json:"refundStatus"`
	Reference string      `json:"refundReferenceId"`
}

func (r wireRefund) state() connectors.State {
	switch r.Status {
	case "REFUNDED":
		return connectors.StateApplied
	case "FAILED":
		return connectors.StateRejected
	case "PENDING":
		return connectors.StateAccepted
	case "":
		// A refund of a line says no more than its date, once it has one.
		if r.Date != "" {
			return connectors.StateApplied
		}
		return connectors.StateAccepted
	}
	return connectors.StateUnknown
}

var errNoOrder = errors.New("it is not an order")

func readOrder(raw json.RawMessage) (wireOrder, error) {
	var w wireOrder
	if err := json.Unmarshal(raw, &w); err != nil {
		return w, fmt.Errorf("%w: %w", errNoOrder, err)
	}
	if w.ID == "" {
		return w, fmt.Errorf("%w: it has no id", errNoOrder)
	}
	return w, nil
}

// when reads a time; an empty one is none.
func when(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err
}

// stamp writes a time as eBay's filters want it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

type wireConversations struct {
	Conversations []json.RawMessage `json:"conversations"`
	Next          string            `json:"next"`
	Total         int               `json:"total"`
}

type wireConversation struct {
	ID    string `json:"conversationId"`
	Title string `json:"conversationTitle"`
}

type wireMessages struct {
	Messages []json.RawMessage `json:"messages"`
	Title    string            `json:"conversationTitle"`
	Next     string            `json:"next"`
	Total    int               `json:"total"`
}

type wireMessage struct {
	ID      string `json:"messageId"`
	Body    string `json:"messageBody"`
	Subject string `json:"subject"`
	Created string `json:"createdDate"`
	From    string `json:"senderUsername"`
	To      string `json:"recipientUsername"`
	Media   []struct {
		Name string `json:"mediaName"`
		Type string `json:"mediaType"`
		URL  string `json:"mediaUrl"`
	} `json:"messageMedia"`
}
