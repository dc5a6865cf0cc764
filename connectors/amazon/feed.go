package amazon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"math/big"
	"strconv"

	"helloworld/connectors"
)

const (
	feedType    = "POST_PAYMENT_ADJUSTMENT_DATA"
	feedContent = "text/xml; charset=UTF-8"
	opUpload    = "uploadFeedDocument"
	opDownload  = "downloadFeedDocument"
	mostReport  = 5 << 20
)

// envelope is the document of an adjustment feed.
type envelope struct {
	XMLName xml.Name `xml:"AmazonEnvelope"`
	XSI     string   `xml:"xmlns:xsi,attr"`
	Schema  string   `xml:"xsi:noNamespaceSchemaLocation,attr"`
	Version string   `xml:"Header>DocumentVersion"`
	Seller  string   `xml:"Header>MerchantIdentifier"`
	Type    string   `xml:"MessageType"`
	Message struct {
		ID         string        `xml:"MessageID"`
		Operation  string        `xml:"OperationType"`
		Adjustment xmlAdjustment `xml:"OrderAdjustment"`
	} `xml:"Message"`
}

type xmlAdjustment struct {
	Order string    `xml:"AmazonOrderID"`
	Items []xmlItem `xml:"AdjustedItem"`
}

type xmlItem struct {
	Item string `xml:"AmazonOrderItemCode"`
	// Key is the seller's own id of the adjustment, which settlement reports show.
	Key        string         `xml:"MerchantAdjustmentItemID"`
	Reason     string         `xml:"AdjustmentReason"`
	Components []xmlComponent `xml:"ItemPriceAdjustments>Component"`
}

type xmlComponent struct {
	Type   string `xml:"Type"`
	Amount struct {
		Currency string `xml:"currency,attr"`
		Value    string `xml:",chardata"`
	} `xml:"Amount"`
}

// messageID makes the document's message number of our key: the processing
// report cites it.
func messageID(key string) string {
	h := sha256.Sum256([]byte(key))
	return strconv.FormatUint(binary.BigEndian.Uint64(h[:8])%1e15+1, 10)
}

// feedDocument writes the refund as the platform wants it: per item, and per
// component of its price.
func (s *Seller) feedDocument(cmd connectors.Refund, items []adjusted) ([]byte, error) {
	// Whoever granted access is the seller where none is configured. Where nobody
	// says it the element stays empty: the token tells the platform whose feed it is.
	seller, _ := s.sellerID("createFeed")
	e := envelope{XSI: "http://www.w3.org/2001/XMLSchema-instance", Schema: "amzn-envelope.xsd", Version: "1.01", Seller: seller, Type: "OrderAdjustment"}
	e.Message.ID, e.Message.Operation = messageID(cmd.Key), "Update"
	e.Message.Adjustment.Order = cmd.Order
	for _, a := range items {
		x := xmlItem{Item: a.item, Key: cmd.Key, Reason: reason(cmd.Reason)}
		for _, c := range a.components {
			var xc xmlComponent
			xc.Type, xc.Amount.Currency, xc.Amount.Value = c.kind, c.amount.Currency, c.amount.Decimal()
			x.Components = append(x.Components, xc)
		}
		e.Message.Adjustment.Items = append(e.Message.Adjustment.Items, x)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", " ")
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("writing the feed: %w", err)
	}
	return b.Bytes(), nil
}

// reason is the platform's word for why.
func reason(r connectors.RefundReason) string {
	switch r {
	case connectors.ReasonReturned:
		return "CustomerReturn"
	case connectors.ReasonCancelled:
		return "CustomerCancel"
	case connectors.ReasonWrongItem:
		return "DifferentItem"
	case connectors.ReasonPrice:
		return "PriceError"
	case connectors.ReasonOther:
		return "Other"
	}
	return "GeneralAdjustment"
}

type component struct {
	kind   string
	amount connectors.Money
}

// adjusted is what one order item gives back.
type adjusted struct {
	item       string
	components []component
}

// spread divides a refund over items and components, each by its weight in what
// was paid, exactly to the last minor unit.
func spread(cmd connectors.Refund, w wireOrder) ([]adjusted, error) {
	var sum sums
	paid := make([][]component, len(w.Items))
	index := map[string]int{}
	for i, it := range w.Items {
		p := sum.partsOf(it)
		index[it.ID] = i
		for _, c := range []component{{"Principal", p.principal}, {"Tax", p.tax}, {"Shipping", p.shipping}, {"ShippingTax", p.shippingTax}} {
			if c.amount.Minor > 0 {
				paid[i] = append(paid[i], c)
			}
			if c.amount.Currency != "" && c.amount.Currency != cmd.Amount.Currency {
				return nil, fault(connectors.Invalid, "createFeed", "currency", "the order was paid in "+c.amount.Currency+", not in "+cmd.Amount.Currency)
			}
		}
	}
	if sum.err != nil {
		return nil, fault(connectors.Invalid, "createFeed", "unreadable", sum.err.Error())
	}
	given := make([]connectors.Money, len(cmd.Lines))
	named := connectors.Money{Currency: cmd.Amount.Currency}
	var which []int
	for i, l := range cmd.Lines {
		at, ok := index[l.Line]
		if !ok {
			return nil, fault(connectors.Invalid, "createFeed", "no_such_line", "the order has no item "+l.Line)
		}
		which = append(which, at)
		given[i] = l.Amount
		if l.Amount.Currency != "" && l.Amount.Currency != cmd.Amount.Currency {
			return nil, fault(connectors.Invalid, "createFeed", "currency", "a line is in another currency than the refund")
		}
		named = named.Add(l.Amount)
	}
	switch {
	case len(cmd.Lines) == 0:
		for i := range w.Items {
			which = append(which, i)
		}
	case !named.IsZero():
		if named != cmd.Amount {
			return nil, fault(connectors.Invalid, "createFeed", "lines_do_not_add_up", "the lines come to "+named.String()+", the refund to "+cmd.Amount.String())
		}
		var out []adjusted
		for i, at := range which {
			part, err := share(given[i], w, paid, []int{at})
			if err != nil {
				return nil, err
			}
			out = append(out, part...)
		}
		return out, nil
	}
	return share(cmd.Amount, w, paid, which)
}

func share(amount connectors.Money, w wireOrder, paid [][]component, which []int) ([]adjusted, error) {
	var total int64
	for _, i := range which {
		for _, c := range paid[i] {
			total += c.amount.Minor
		}
	}
	if amount.Minor > total {
		return nil, fault(connectors.Conflict, "createFeed", "over_remaining", "more than was paid for these items: "+amount.String())
	}
	var out []adjusted
	var seen, done int64
	for _, i := range which {
		a := adjusted{item: w.Items[i].ID}
		for _, c := range paid[i] {
			seen += c.amount.Minor
			upTo := new(big.Int).Mul(big.NewInt(amount.Minor), big.NewInt(seen))
			now := upTo.Div(upTo, big.NewInt(total)).Int64()
			if now > done {
				a.components = append(a.components, component{c.kind, connectors.Money{Minor: now - done, Currency: amount.Currency}})
			}
			done = now
		}
		if len(a.components) > 0 {
			out = append(out, a)
		}
	}
	return out, nil
}

// report is what became of a feed.
type report struct {
	Processed  int `xml:"Message>ProcessingReport>ProcessingSummary>MessagesProcessed"`
	Successful int `xml:"Message>ProcessingReport>ProcessingSummary>MessagesSuccessful"`
	Failed     int `xml:"Message>ProcessingReport>ProcessingSummary>MessagesWithError"`
	Results    []struct {
		Message string `xml:"MessageID"`
		Result  string `xml:"ResultCode"`
		Code    string `xml:"ResultMessageCode"`
	} `xml:"Message>ProcessingReport>Result"`
}

// decodeReport reads a processing report.
func decodeReport(b []byte) (report, error) {
	var r report
	d := xml.NewDecoder(bytes.NewReader(b))
	// Reports claim to be in several character sets; all that is read here is ASCII.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("reading a processing report: %w", err)
	}
	return r, nil
}

// failure is the first error in the report.
func (r report) failure() (code string, failed bool) {
	for _, x := range r.Results {
		if x.Result == "Error" {
			return x.Code, true
		}
	}
	return "", r.Failed > 0
}

// names tells whether the report cites this message, and whether it cites any.
func (r report) names(id string) (this, any bool) {
	for _, x := range r.Results {
		if x.Message == id {
			this = true
		}
		any = any || x.Message != "" && x.Message != "0"
	}
	return this, any
}

// fetchReport downloads a processing report from its pre-signed address.
func (s *Seller) fetchReport(ctx context.Context, document string) (report, error) {
	raw, err := s.document(ctx, "getFeedDocument", "/feeds/2021-06-30/documents/"+pathID(document), opDownload, mostReport)
	if err != nil {
		return report{}, err
	}
	r, err := decodeReport(raw)
	if err != nil {
		return r, fault(connectors.Down, opDownload, "malformed", err.Error())
	}
	return r, nil
}
