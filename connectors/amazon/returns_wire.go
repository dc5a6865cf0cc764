package amazon

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

// wireReturn is a return in a report. No contract holds its shape: it is built
// from what sellers' programs read out of such reports.
type wireReturn struct {
	RMA      string           `xml:"amazon_rma_id"`
	Seller   string           `xml:"merchant_rma_id"`
	Order    string           `xml:"order_id"`
	Asked    string           `xml:"return_request_date"`
	Status   string           `xml:"return_request_status"`
	Claim    string           `xml:"a_to_z_claim"`
	Type     string           `xml:"return_type"`
	Currency string           `xml:"currency_code"`
	Carrier  string           `xml:"return_carrier"`
	Number   string           `xml:"tracking_id"`
	Label    wireLabel        `xml:"label_details"`
	Items    []wireReturnItem `xml:"item_details"`
	Raw      []byte           `xml:",innerxml"`
}

type wireLabel struct {
	Currency string `xml:"currency_code"`
	Carrier  string `xml:"return_carrier"`
	Number   string `xml:"tracking_id"`
}

type wireReturnItem struct {
	Name       string `xml:"item_name"`
	ASIN       string `xml:"asin"`
	SKU        string `xml:"merchant_sku"`
	Reason     string `xml:"return_reason_code"`
	Quantity   string `xml:"return_quantity"`
	Refund     string `xml:"refund_amount"`
	Currency   string `xml:"currency_code"`
	Resolution string `xml:"resolution"`
	Comment    string `xml:"customer_comments"`
}

// deepest is how far the parts of a report may be in one another.
const deepest = 100

// decodeReturns reads a report. One return that cannot be read does not keep the
// others back; a report that breaks off does, since nobody knows what it lacks.
func (s *Seller) decodeReturns(raw []byte) ([]connectors.Return, []connectors.BadItem, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	// Reports claim to be in several character sets, and are UTF-8.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var out []connectors.Return
	var bad []connectors.BadItem
	at := map[string]int{}
	root, depth := false, 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && root {
			return out, bad, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("reading a report of returns: %w", err)
		}
		if _, end := tok.(xml.EndElement); end {
			depth--
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if depth++; depth > deepest {
			return nil, nil, errors.New("reading a report of returns: its parts are in one another without end")
		}
		if strings.EqualFold(start.Name.Local, "html") {
			return nil, nil, errors.New("reading a report of returns: it is a web page")
		}
		root = true
		if start.Name.Local != "return_details" {
			continue
		}
		depth-- // read to its end now
		var w wireReturn
		if err := d.DecodeElement(&w, &start); err != nil {
			return nil, nil, fmt.Errorf("reading a report of returns: %w", err)
		}
		r, err := s.returned(w)
		if err != nil {
			bad = append(bad, connectors.BadItem{ID: w.RMA, Err: errors.New(connectors.Redact(err.Error())), Raw: bytes.Clone(w.Raw)})
			continue
		}
		// A return of several items may stand there once for each.
		if i, again := at[r.ID]; again {
			old := &out[i]
			old.Lines = append(old.Lines, r.Lines...)
			var sum sums
			if old.Refund = sum.add(old.Refund, r.Refund); sum.err != nil {
				return nil, nil, fmt.Errorf("return %s: %w", r.ID, sum.err)
			}
			continue
		}
		at[r.ID] = len(out)
		out = append(out, r)
	}
}

func (s *Seller) returned(w wireReturn) (connectors.Return, error) {
	trim := strings.TrimSpace
	r := connectors.Return{ID: trim(w.RMA), Kind: connectors.KindReturn, Order: trim(w.Order), PlatformStatus: trim(w.Status), Status: returnStatus(w.Status),
		TrackCarrier: first(w.Carrier, w.Label.Carrier), TrackNumber: first(w.Number, w.Label.Number)}
	r.Number = r.ID
	if m := trim(w.Seller); m != "" {
		r.Number = m // what the seller's own people call it
	}
	if r.ID == "" || r.Order == "" {
		return r, errors.New("a return without a number or without an order")
	}
	if yes(w.Claim) {
		r.Kind = connectors.KindClaim
	}
	var err error
	if r.Created, err = readDay(w.Asked); err != nil {
		return r, fmt.Errorf("return %s: %w", r.ID, err)
	}
	var sum sums
	for n, i := range w.Items {
		l := connectors.ReturnLine{ID: strconv.Itoa(n + 1), SKU: trim(i.SKU), Title: trim(i.Name), Quantity: 1}
		if q := trim(i.Quantity); q != "" {
			if l.Quantity, err = strconv.Atoi(q); err != nil || l.Quantity < 0 {
				return r, fmt.Errorf("return %s: a quantity of %q", r.ID, q)
			}
		}
		r.Lines = append(r.Lines, l)
		if r.PlatformReason == "" {
			r.PlatformReason = trim(i.Reason)
		}
		if r.Note == "" {
			r.Note = trim(i.Comment)
		}
		if amount := trim(i.Refund); amount != "" {
			currency := first(i.Currency, w.Currency, w.Label.Currency, s.info.Currency)
			m, err := connectors.ParseMoney(amount, currency)
			if err != nil {
				return r, fmt.Errorf("return %s: %w", r.ID, err)
			}
			r.Refund = sum.add(r.Refund, m)
		}
	}
	if sum.err != nil {
		return r, fmt.Errorf("return %s: %w", r.ID, sum.err)
	}
	r.Reason = returnReason(r.PlatformReason)
	return r, nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			return t
		}
	}
	return ""
}

func yes(word string) bool {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "y", "yes", "true", "1":
		return true
	}
	return false
}

// days are the forms in which reports write a time; without a zone it is UTC.
var days = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05", time.DateOnly,
	"02-Jan-2006", "02-Jan-2006 15:04:05"}

func readDay(text string) (time.Time, error) {
	text = strings.Trim(strings.TrimSpace(text), `"`)
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range days {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("not a time: %q", text)
}

func returnStatus(word string) connectors.ReturnStatus {
	switch w := strings.ToLower(strings.TrimSpace(word)); {
	case strings.HasPrefix(w, "pending"), w == "requested", w == "open":
		return connectors.ReturnAsked
	case strings.HasPrefix(w, "approved"), strings.HasPrefix(w, "authori"):
		return connectors.ReturnApproved
	case w == "in transit", w == "shipped":
		return connectors.ReturnOnTheWay
	case w == "received", w == "delivered":
		return connectors.ReturnArrived
	case strings.HasPrefix(w, "refund"):
		return connectors.ReturnRefunded
	case w == "denied", w == "declined", w == "rejected":
		return connectors.ReturnDeclined
	case w == "closed", w == "completed", strings.HasPrefix(w, "cancel"):
		return connectors.ReturnClosed
	}
	return connectors.ReturnOther
}

// returnReasons are parts of the platform's reason codes, the first that fits decides.
var returnReasons = []struct {
	part   string
	reason connectors.RefundReason
}{
	{"DAMAGED", connectors.ReasonDamaged}, {"DEFECTIVE", connectors.ReasonDefective}, {"QUALITY", connectors.ReasonDefective},
	{"MISSING_PARTS", connectors.ReasonDefective}, {"SWITCHEROO", connectors.ReasonWrongItem}, {"ORDERED_WRONG_ITEM", connectors.ReasonReturned},
	{"WRONG_ITEM", connectors.ReasonWrongItem}, {"EXTRA_ITEM", connectors.ReasonWrongItem}, {"NEVER_ARRIVED", connectors.ReasonNotArrived},
	{"UNDELIVERABLE", connectors.ReasonNotArrived}, {"MISSED_ESTIMATED", connectors.ReasonLate}, {"BAD-DESC", connectors.ReasonNotDescribed},
	{"NOT_AS_DESCRIBED", connectors.ReasonNotDescribed}, {"NOT_COMPATIBLE", connectors.ReasonNotDescribed}, {"BETTER_PRICE", connectors.ReasonPrice},
	{"UNWANTED", connectors.ReasonReturned}, {"NO_REASON", connectors.ReasonReturned}, {"MISORDERED", connectors.ReasonReturned}, {"TOO_", connectors.ReasonReturned},
	{"TOO-", connectors.ReasonReturned},
}

func returnReason(code string) connectors.RefundReason {
	code = strings.ToUpper(code)
	for _, r := range returnReasons {
		if strings.Contains(code, r.part) {
			return r.reason
		}
	}
	return connectors.ReasonOther
}
