package ebay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"helloworld/connectors"
)

// loose is text that the older part of the API writes as text or as a number. A
// number keeps all its digits.
type loose string

// UnmarshalJSON takes text and numbers.
func (l *loose) UnmarshalJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return nil
	case raw[0] == '"':
		return json.Unmarshal(raw, (*string)(l))
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return fmt.Errorf("neither text nor a number: %w", err)
	}
	*l = loose(n.String())
	return nil
}

// postAmount is an amount as the older part of the API writes it: a number.
type postAmount struct {
	Value    loose  `json:"value"`
	Currency string `json:"currency"`
}

func (a *postAmount) money() (connectors.Money, error) {
	if a == nil {
		return connectors.Money{}, nil
	}
	return (&wireAmount{string(a.Value), strings.ToUpper(a.Currency)}).money()
}

// postDate is a time, alone or with its value in an object.
type postDate struct{ at time.Time }

// UnmarshalJSON takes a time, or an object that holds one. A time that cannot be
// read costs the time only.
func (d *postDate) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var o struct {
			Value string `json:"value"`
		}
		if json.Unmarshal(raw, &o) != nil {
			return nil
		}
		text = o.Value
	}
	if at, err := when(text); err == nil {
		d.at = at
	}
	return nil
}

type postPage struct {
	Returns   []json.RawMessage `json:"members"`
	Cancels   []json.RawMessage `json:"cancellations"`
	Total     *int              `json:"total"`
	Inquiries *int              `json:"totalNumberOfInquiries"`
	Pages     struct {
		Entries *int `json:"totalEntries"`
	} `json:"paginationOutput"`
}

// whole tells whether the answer holds all there is, asked for limit at most.
func (p postPage) whole(limit int) bool {
	got := len(p.Returns) + len(p.Cancels)
	for _, n := range []*int{p.Pages.Entries, p.Total, p.Inquiries} {
		if n != nil {
			return *n <= got
		}
	}
	return got < limit
}

type wireReturn struct {
	ID      loose  `json:"returnId"`
	Order   loose  `json:"orderId"`
	State   string `json:"state"`
	Status  string `json:"status"`
	Buyer   string `json:"buyerLoginName"`
	Created struct {
		Date   postDate `json:"creationDate"`
		Reason string   `json:"reason"`
		Item   struct {
			ID          loose `json:"itemId"`
			Transaction loose `json:"transactionId"`
			Quantity    int   `json:"returnQuantity"`
		} `json:"item"`
		Comments struct {
			Content string `json:"content"`
		} `json:"comments"`
	} `json:"creationInfo"`
	Due struct {
		By postDate `json:"respondByDate"`
	} `json:"sellerResponseDue"`
	Refund struct {
		Expected *postAmount `json:"estimatedRefundAmount"`
		Given    *postAmount `json:"actualRefundAmount"`
	} `json:"sellerTotalRefund"`
	Options []struct {
		Action string `json:"actionType"`
	} `json:"sellerAvailableOptions"`
}

type wireCancel struct {
	ID      loose       `json:"cancelId"`
	Order   loose       `json:"legacyOrderId"`
	State   string      `json:"cancelState"`
	Status  string      `json:"cancelStatus"`
	Reason  string      `json:"cancelReason"`
	By      string      `json:"requestorType"`
	Asked   postDate    `json:"cancelRequestDate"`
	Closed  postDate    `json:"cancelCloseDate"`
	Due     postDate    `json:"sellerResponseDueDate"`
	Refund  *postAmount `json:"requestRefundAmount"`
	Payment string      `json:"paymentStatus"`
}

type wireInquiry struct {
	ID          loose       `json:"inquiryId"`
	Order       loose       `json:"orderId"`
	Item        loose       `json:"itemId"`
	Transaction loose       `json:"transactionId"`
	Status      string      `json:"inquiryStatusEnum"`
	Status2     string      `json:"status"`
	State       string      `json:"state"`
	Created     postDate    `json:"creationDate"`
	Changed     postDate    `json:"lastModifiedDate"`
	Due         postDate    `json:"respondByDate"`
	Due2        postDate    `json:"sellerMakeItRightByDate"`
	Claim       *postAmount `json:"claimAmount"`
	Details     struct {
		Created postDate `json:"creationDate"`
	} `json:"inquiryDetails"`
	Quantity int `json:"inquiryQuantity"`
}

// legacyOrder is the name of an order that eBay tells only by listing and sale.
func legacyOrder(order, item, transaction loose) string {
	if order != "" || item == "" {
		return string(order)
	}
	return string(item + "-" + transaction)
}

// returnReasons maps a buyer's reasons for sending something back. Reasons that
// are new to us mean no more than that it came back.
var returnReasons = map[string]connectors.RefundReason{
	"ARRIVED_DAMAGED": connectors.ReasonDamaged, "DEFECTIVE_ITEM": connectors.ReasonDefective, "MISSING_PARTS": connectors.ReasonDefective,
	"NOT_AS_DESCRIBED": connectors.ReasonNotDescribed, "DIFFERENT_FROM_LISTING": connectors.ReasonNotDescribed, "FAKE_OR_COUNTERFEIT": connectors.ReasonNotDescribed,
	"RECEIVED_WRONG_ITEM": connectors.ReasonWrongItem, "ARRIVED_LATE": connectors.ReasonLate, "BUYER_CANCEL_ORDER": connectors.ReasonCancelled,
	"FOUND_BETTER_PRICE": connectors.ReasonPrice,
}

// returnStates maps eBay's words for where a return stands.
var returnStates = map[string]connectors.ReturnStatus{
	"RETURN_REQUESTED": connectors.ReturnAsked, "PARTIAL_REFUND_REQUESTED": connectors.ReturnAsked, "PARTIAL_REFUND_DECLINED": connectors.ReturnAsked,
	"RETURN_REQUESTED_TIMEOUT": connectors.ReturnAsked, "REPLACEMENT_REQUESTED": connectors.ReturnAsked,
	"READY_FOR_SHIPPING": connectors.ReturnApproved, "WAITING_FOR_RETURN_LABEL": connectors.ReturnApproved, "WAITING_FOR_RMA": connectors.ReturnApproved,
	"RETURN_LABEL_REQUESTED": connectors.ReturnApproved, "ITEM_SHIPPED": connectors.ReturnOnTheWay, "ITEM_DELIVERED": connectors.ReturnArrived,
	"LESS_THAN_A_FULL_REFUND_ISSUED": connectors.ReturnRefunded, "PARTIAL_REFUND_INITIATED": connectors.ReturnRefunded,
	"RETURN_REJECTED": connectors.ReturnDeclined, "CLOSED": connectors.ReturnClosed,
}

// options are the words in which eBay lists what a seller may do with a return.
var returnOptions = []struct {
	word    string
	verdict connectors.Verdict
}{
	{"SELLER_APPROVE_REQUEST", connectors.Approve}, {"SELLER_DECLINE_REQUEST", connectors.Decline},
	{"SELLER_ISSUE_REFUND", connectors.PayBack}, {"SELLER_MARK_AS_RECEIVED", connectors.Received},
}

// cancelStates maps eBay's words for where a cancellation stands.
var cancelStates = map[string]connectors.ReturnStatus{
	"CANCEL_REQUESTED": connectors.ReturnAsked, "CANCEL_PENDING": connectors.ReturnApproved,
	"CANCEL_CLOSED_WITH_REFUND": connectors.ReturnRefunded, "CANCEL_CLOSED_NO_REFUND": connectors.ReturnClosed,
	"CANCEL_CLOSED_UNKNOWN_REFUND": connectors.ReturnClosed, "CANCEL_CLOSED_FOR_COMMITMENT": connectors.ReturnClosed,
	"CANCEL_REJECTED": connectors.ReturnDeclined, "CANCEL_FAILED": connectors.ReturnClosed,
}

var errNoReturn = errors.New("it is not a return")

func (s *Shop) returnOf(raw json.RawMessage) (connectors.Return, error) {
	var w wireReturn
	if err := json.Unmarshal(raw, &w); err != nil {
		return connectors.Return{}, fmt.Errorf("%w: %w", errNoReturn, err)
	}
	out := connectors.Return{ID: idReturn + string(w.ID), Number: string(w.ID), Kind: connectors.KindReturn,
		Order: legacyOrder(w.Order, w.Created.Item.ID, w.Created.Item.Transaction), PlatformStatus: strings.Trim(w.Status+"/"+w.State, "/"),
		PlatformReason: w.Created.Reason, Reason: connectors.ReasonReturned, Note: w.Created.Comments.Content,
		Created: w.Created.Date.at, Updated: w.Created.Date.at, Due: w.Due.By.at,
		Link: "https://www.ebay.com/rt/ReturnDetails?returnId=" + string(w.ID)}
	if r, ok := returnReasons[w.Created.Reason]; ok {
		out.Reason = r
	}
	given, err := w.Refund.Given.money()
	if err != nil {
		return out, fmt.Errorf("return %s: %w", w.ID, err)
	}
	if out.Refund, err = w.Refund.Expected.money(); err != nil {
		return out, fmt.Errorf("return %s: %w", w.ID, err)
	}
	if given.Minor > 0 {
		out.Refund = given
	}
	var ok bool
	if out.Status, ok = returnStates[w.Status]; !ok {
		out.Status = connectors.ReturnOther
	}
	if given.Minor > 0 && (out.Status == connectors.ReturnClosed || out.Status == connectors.ReturnArrived) {
		out.Status = connectors.ReturnRefunded
	}
	for _, o := range returnOptions {
		for _, a := range w.Options {
			if a.Action == o.word {
				out.May = append(out.May, o.verdict)
			}
		}
	}
	if w.Created.Item.ID != "" {
		out.Lines = []connectors.ReturnLine{{ID: string(w.Created.Item.ID + "-" + w.Created.Item.Transaction), Quantity: max(1, w.Created.Item.Quantity)}}
	}
	return out, complete(out, string(w.ID))
}

func (s *Shop) cancelOf(raw json.RawMessage) (connectors.Return, error) {
	var w wireCancel
	if err := json.Unmarshal(raw, &w); err != nil {
		return connectors.Return{}, fmt.Errorf("%w: %w", errNoReturn, err)
	}
	out := connectors.Return{ID: idCancel + string(w.ID), Number: string(w.ID), Kind: connectors.KindCancel, Order: string(w.Order),
		PlatformStatus: strings.Trim(w.Status+"/"+w.State, "/"), PlatformReason: w.Reason, Reason: connectors.ReasonCancelled,
		Created: w.Asked.at, Updated: w.Asked.at, Due: w.Due.at,
		Link: "https://www.ebay.com/sh/ord/details?orderid=" + string(w.Order)}
	if w.Closed.at.After(out.Updated) {
		out.Updated = w.Closed.at
	}
	var err error
	if out.Refund, err = w.Refund.money(); err != nil {
		return out, fmt.Errorf("cancellation %s: %w", w.ID, err)
	}
	var ok bool
	if out.Status, ok = cancelStates[w.Status]; !ok {
		out.Status = connectors.ReturnOther
	}
	if out.Status == connectors.ReturnAsked && w.By != "SELLER" {
		out.May = []connectors.Verdict{connectors.Approve, connectors.Decline}
	}
	return out, complete(out, string(w.ID))
}

func (s *Shop) inquiryOf(raw json.RawMessage) (connectors.Return, error) {
	var w wireInquiry
	if err := json.Unmarshal(raw, &w); err != nil {
		return connectors.Return{}, fmt.Errorf("%w: %w", errNoReturn, err)
	}
	word := orElse(w.Status, orElse(w.Status2, w.State))
	out := connectors.Return{ID: idInquiry + string(w.ID), Number: string(w.ID), Kind: connectors.KindClaim,
		Order: legacyOrder(w.Order, w.Item, w.Transaction), PlatformStatus: word, Reason: connectors.ReasonNotArrived,
		Created: w.Created.at, Updated: w.Changed.at, Due: w.Due.at, Status: connectors.ReturnOther,
		Link: "https://www.ebay.com/ItemNotReceived/" + string(w.ID)}
	if out.Created.IsZero() {
		out.Created = w.Details.Created.at
	}
	if out.Updated.IsZero() {
		out.Updated = out.Created
	}
	if out.Due.IsZero() {
		out.Due = w.Due2.at
	}
	var err error
	if out.Refund, err = w.Claim.money(); err != nil {
		return out, fmt.Errorf("inquiry %s: %w", w.ID, err)
	}
	switch {
	case strings.Contains(word, "REFUND_ISSUED"), strings.Contains(word, "REFUND_INITIATED"), word == "CLOSED_WITH_REFUND", strings.Contains(word, "REFUND_AGREED"):
		out.Status = connectors.ReturnRefunded
	case strings.Contains(word, "ESCALAT"):
		// eBay decides now.
	case strings.Contains(word, "CLOSED"):
		out.Status = connectors.ReturnClosed
	case word == "OPEN", word == "CREATED", word == "INITIAL", strings.Contains(word, "WAITING"), strings.Contains(word, "PENDING"):
		out.Status, out.May = connectors.ReturnAsked, []connectors.Verdict{connectors.PayBack}
	}
	if w.Item != "" {
		out.Lines = []connectors.ReturnLine{{ID: string(w.Item + "-" + w.Transaction), Quantity: max(1, w.Quantity)}}
	}
	return out, complete(out, string(w.ID))
}

// complete: without its number and its order a return is nobody's.
func complete(r connectors.Return, id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%w: it has no id", errNoReturn)
	case r.Order == "":
		return fmt.Errorf("%w: %s has no order", errNoReturn, cut(id, 60))
	}
	return nil
}
