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
	"slices"
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

// spread divides a refund over items and components, exactly to the last minor
// unit: what is for a line goes to its price and tax, what is for shipping or tax
// to those of all items, and what is for the order to everything, each by its
// weight in what was paid.
func spread(cmd connectors.Refund, w wireOrder) ([]adjusted, error) {
	var sum sums
	paid := make([][]component, len(w.Items))
	index := map[string]int{}
	for i, it := range w.Items {
		p := sum.partsOf(it)
		index[it.ID] = i
		for _, c := range []component{{principal, p.principal}, {tax, p.tax}, {shipping, p.shipping}, {shippingTax, p.shippingTax}} {
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
	all := make([]int, len(w.Items))
	for i := range all {
		all[i] = i
	}
	named := connectors.Money{Currency: cmd.Amount.Currency}
	var which []int
	for _, l := range cmd.Lines {
		at, ok := index[l.Line]
		if !ok {
			return nil, fault(connectors.Invalid, "createFeed", "no_such_line", "the order has no item "+l.Line)
		}
		which = append(which, at)
		if l.Amount.Currency != "" && l.Amount.Currency != cmd.Amount.Currency {
			return nil, fault(connectors.Invalid, "createFeed", "currency", "a line is in another currency than the refund")
		}
		named = named.Add(l.Amount)
	}
	parts := named.Add(cmd.Shipping).Add(cmd.Tax)
	switch {
	case parts.IsZero() && len(which) > 0:
		return share(cmd.Amount, w, paid, which)
	case parts.IsZero():
		return share(cmd.Amount, w, paid, all)
	case parts != cmd.Amount:
		return nil, fault(connectors.Invalid, "createFeed", "lines_do_not_add_up", "the parts come to "+parts.String()+", the refund to "+cmd.Amount.String())
	}
	out := make([]adjusted, len(w.Items))
	for i, l := range cmd.Lines {
		at := which[i]
		price, itsTax := paidOf(paid[at], principal), paidOf(paid[at], tax)
		if l.Amount.Minor+max(0, l.Before.Minor) > price.Minor+itsTax.Minor {
			return nil, fault(connectors.Conflict, "createFeed", "over_remaining", "more than was paid for item "+l.Line)
		}
		ofPrice, ofTax := l.Split(price, itsTax)
		out[at].add(w.Items[at].ID, component{principal, ofPrice}, component{tax, ofTax})
	}
	for _, x := range []struct {
		amount connectors.Money
		kinds  []string
	}{{cmd.Shipping, []string{shipping, shippingTax}}, {cmd.Tax, []string{tax, shippingTax}}} {
		if x.amount.Minor <= 0 {
			continue
		}
		only := make([][]component, len(paid))
		for i := range paid {
			only[i] = slices.DeleteFunc(slices.Clone(paid[i]), func(c component) bool { return !slices.Contains(x.kinds, c.kind) })
		}
		got, err := share(x.amount, w, only, all)
		if err != nil {
			return nil, err
		}
		for _, a := range got {
			out[index[a.item]].add(a.item, a.components...)
		}
	}
	return slices.DeleteFunc(out, func(a adjusted) bool { return len(a.components) == 0 }), nil
}

// The components of an item's price, in the platform's words.
const (
	principal   = "Principal"
	tax         = "Tax"
	shipping    = "Shipping"
	shippingTax = "ShippingTax"
)

func paidOf(in []component, kind string) connectors.Money {
	for _, c := range in {
		if c.kind == kind {
			return c.amount
		}
	}
	return connectors.Money{}
}

// add puts components to an item, those of one kind together.
func (a *adjusted) add(item string, in ...component) {
	a.item = item
	for _, c := range in {
		i := slices.IndexFunc(a.components, func(x component) bool { return x.kind == c.kind })
		switch {
		case c.amount.Minor <= 0:
		case i >= 0:
			a.components[i].amount = a.components[i].amount.Add(c.amount)
		default:
			a.components = append(a.components, c)
		}
	}
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
