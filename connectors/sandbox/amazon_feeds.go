package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	adjustXML  = "POST_PAYMENT_ADJUSTMENT_DATA"
	adjustFlat = "POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA"
)

type document struct {
	id, contentType, compression string
	data                         []byte
	written                      bool
	until                        time.Time
}

type feed struct {
	id, kind, input, result string
	at                      time.Time
	cancelled, done, fatal  bool
	// stuck never ends, and doomed ends badly, whatever it holds.
	stuck, doomed bool
}

// state is a feed's state now; processing itself happens in ripenFeeds.
func (s *store) state(f *feed) string {
	d := s.w.o.Settle
	switch now := s.w.now(); {
	case f.cancelled:
		return "CANCELLED"
	case f.done && f.fatal:
		return "FATAL"
	case f.done:
		return "DONE"
	case now.Before(f.at.Add(d)):
		return "IN_QUEUE"
	}
	return "IN_PROGRESS"
}

// ripenFeeds processes the feeds whose time has come, in the order they came.
func (s *store) ripenFeeds() {
	s.ripenStock()
	s.ripenReports()
	now := s.w.now()
	for _, f := range s.feeds {
		if !f.done && !f.cancelled && !f.stuck && !now.Before(f.at.Add(2*s.w.o.Settle)) {
			s.process(f)
			s.feedNote(f)
		}
	}
}

func (w *World) amazonCreateDocument(c *call) reply {
	var q struct {
		ContentType string `json:"contentType"`
	}
	if decode(c.body, &q) != nil || q.ContentType == "" {
		return badInput("contentType")
	}
	d := &document{id: fmt.Sprintf("amzn1.tortuga.4.fe.sandbox-%s.%d", c.s.Name, c.s.next()), contentType: q.ContentType, until: w.now().Add(5 * time.Minute)}
	c.s.docs[d.id] = d
	return jsonReply(http.StatusCreated, m{"feedDocumentId": d.id, "url": w.base(c.Request) + "/amazon/" + c.s.Name + "/upload/" + d.id + "?X-Amz-Signature=sandbox"})
}

func s3Error(status int, code string) reply {
	return reply{status: status, kind: "application/xml", body: []byte(xml.Header + "<Error><Code>" + code + "</Code></Error>")}
}

func (w *World) amazonUpload(c *call, id string) reply {
	d := c.s.docs[id]
	switch {
	case d == nil:
		return s3Error(http.StatusNotFound, "NoSuchKey")
	case w.now().After(d.until), c.Header.Get("Content-Type") != d.contentType:
		// The content type is part of what the link's signature covers.
		return s3Error(http.StatusForbidden, "SignatureDoesNotMatch")
	}
	d.data, d.written = bytes.Clone(c.body), true
	return reply{status: http.StatusOK}
}

func (w *World) amazonDocument(c *call, id string) reply {
	d := c.s.docs[id]
	if d == nil {
		return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
	}
	out := m{"feedDocumentId": d.id, "url": w.base(c.Request) + "/amazon/" + c.s.Name + "/download/" + d.id + "?X-Amz-Signature=sandbox"}
	if d.compression != "" {
		out["compressionAlgorithm"] = d.compression
	}
	return jsonReply(http.StatusOK, out)
}

func (w *World) amazonDownload(c *call, id string) reply {
	d := c.s.docs[id]
	switch {
	case d == nil || !d.written:
		return s3Error(http.StatusNotFound, "NoSuchKey")
	case strings.HasPrefix(id, "amzn1.spdoc.") && w.now().After(d.until):
		return s3Error(http.StatusForbidden, "AccessDenied") // the link was good for some minutes
	}
	return reply{status: http.StatusOK, kind: d.contentType, body: d.data}
}

func (w *World) amazonCreateFeed(c *call) reply {
	var q struct {
		Type         string            `json:"feedType"`
		Marketplaces []string          `json:"marketplaceIds"`
		Input        string            `json:"inputFeedDocumentId"`
		Options      map[string]string `json:"feedOptions"`
	}
	if decode(c.body, &q) != nil {
		return badInput("body")
	}
	switch d := c.s.docs[q.Input]; {
	case q.Type != adjustXML && q.Type != adjustFlat:
		return badInput("feedType")
	case len(q.Marketplaces) == 0 || len(q.Marketplaces) > 25 || !slices.Contains(q.Marketplaces, c.s.Marketplace):
		return badInput("marketplaceIds")
	case d == nil || !d.written:
		return badInput("inputFeedDocumentId")
	}
	f := &feed{id: strconv.FormatInt(50000020000+c.s.next(), 10), kind: q.Type, input: q.Input, at: w.now()}
	switch {
	case c.s.market.fatalFeeds > 0:
		c.s.market.fatalFeeds--
		f.doomed = true
	case c.s.market.stuckFeeds > 0:
		c.s.market.stuckFeeds--
		f.stuck = true
	}
	c.s.feeds = append(c.s.feeds, f)
	c.s.ripenFeeds() // at once, if feeds take no time in this world
	return jsonReply(http.StatusAccepted, m{"feedId": f.id})
}

func (w *World) feedJSON(s *store, f *feed) m {
	out := m{"feedId": f.id, "feedType": f.kind, "marketplaceIds": []string{s.Marketplace}, "createdTime": amazonTime(f.at), "processingStatus": s.state(f)}
	d := w.o.Settle
	if out["processingStatus"] == "IN_PROGRESS" || f.done {
		out["processingStartTime"] = amazonTime(f.at.Add(d))
	}
	if f.done {
		out["processingEndTime"] = amazonTime(f.at.Add(2 * d))
		if f.result != "" {
			out["resultFeedDocumentId"] = f.result
		}
	}
	return out
}

func (s *store) feed(id string) *feed {
	for _, f := range s.feeds {
		if f.id == id {
			return f
		}
	}
	return nil
}

func (w *World) amazonFeed(c *call, id string) reply {
	f := c.s.feed(id)
	if f == nil {
		return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
	}
	return jsonReply(http.StatusOK, w.feedJSON(c.s, f))
}

func (w *World) amazonCancelFeed(c *call, id string) reply {
	f := c.s.feed(id)
	switch {
	case f == nil:
		return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
	case c.s.state(f) != "IN_QUEUE":
		return badInput("The feed is being processed already.")
	}
	f.cancelled = true
	return reply{status: http.StatusOK}
}

// feedPlace is what the token of a listing of feeds hides.
type feedPlace struct {
	Types, States []string
	From, To      time.Time
	Size, Offset  int
}

func (w *World) amazonFeeds(c *call) reply {
	return amazonListing(w, c, "feedTypes", "feeds", c.s.feeds,
		func(f *feed) (string, time.Time) { return f.kind, f.at }, c.s.state, func(f *feed) m { return w.feedJSON(c.s, f) })
}

// amazonListing lists feeds or reports, newest first, page by page. what tells an
// item's type and time; its state is asked for only where it decides.
func amazonListing[T any](w *World, c *call, types, name string, all []T, what func(T) (kind string, at time.Time), state func(T) string, show func(T) m) reply {
	q, now := c.URL.Query(), w.now()
	p := feedPlace{Types: listOf(q, types), States: listOf(q, "processingStatuses"), From: now.AddDate(0, 0, -90), To: now, Size: 10}
	if token := q.Get("nextToken"); token != "" {
		if len(q) > 1 || !uncursor(token, &p) {
			return badInput("nextToken must be the only parameter.")
		}
	} else {
		if len(p.Types) == 0 || len(p.Types) > 10 {
			return badInput("Either " + types + " or nextToken is required.")
		}
		if v := q.Get("pageSize"); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > 100 {
				return badInput("pageSize")
			}
			p.Size = n
		}
		for name, t := range map[string]*time.Time{"createdSince": &p.From, "createdUntil": &p.To} {
			if v := q.Get(name); v != "" {
				at, err := time.Parse(time.RFC3339, v)
				if err != nil {
					return badInput(name)
				}
				*t = at
			}
		}
	}
	var found []T
	for _, x := range slices.Backward(all) {
		kind, at := what(x)
		// Whole seconds are shown, so that is what they are compared by.
		at = at.Truncate(time.Second)
		if slices.Contains(p.Types, kind) && !at.Before(p.From.Truncate(time.Second)) && !at.After(p.To) && (len(p.States) == 0 || slices.Contains(p.States, state(x))) {
			found = append(found, x)
		}
	}
	out := []m{}
	start := min(max(p.Offset, 0), len(found)) // a token may be anybody's
	for _, x := range found[start:min(start+max(p.Size, 0), len(found))] {
		out = append(out, show(x))
	}
	answer := m{name: out}
	if p.Offset = start + p.Size; p.Size > 0 && p.Offset < len(found) {
		answer["nextToken"] = cursor(p)
	}
	return jsonReply(http.StatusOK, answer)
}

type envelope struct {
	XMLName  xml.Name `xml:"AmazonEnvelope"`
	Merchant string   `xml:"Header>MerchantIdentifier"`
	Type     string   `xml:"MessageType"`
	Messages []struct {
		ID     string     `xml:"MessageID"`
		Adjust *adjusting `xml:"OrderAdjustment"`
	} `xml:"Message"`
}

type adjusting struct {
	Order         string `xml:"AmazonOrderID"`
	MerchantOrder string `xml:"MerchantOrderID"`
	Items         []struct {
		Code       string `xml:"AmazonOrderItemCode"`
		Merchant   string `xml:"MerchantOrderItemID"`
		Adjustment string `xml:"MerchantAdjustmentItemID"`
		Reason     string `xml:"AdjustmentReason"`
		Components []struct {
			Type   string `xml:"Type"`
			Amount struct {
				Currency string `xml:"currency,attr"`
				Value    string `xml:",chardata"`
			} `xml:"Amount"`
		} `xml:"ItemPriceAdjustments>Component"`
		Quantity string `xml:"QuantityCancelled"`
	} `xml:"AdjustedItem"`
}

var amazonReasons = []string{"NoInventory", "CustomerReturn", "GeneralAdjustment", "CouldNotShip", "DifferentItem", "Abandoned", "CustomerCancel", "PriceError",
	"ProductOutofStock", "CustomerAddressIncorrect", "Exchange", "Other", "CarrierCreditDecision", "RiskAssessmentInformationNotValid", "CarrierCoverageFailure",
	"TransactionRecord", "Undeliverable", "RefusedDelivery"}

// parseAdjustments reads a feed's document, gzipped or not.
func parseAdjustments(data []byte) (*envelope, error) {
	if len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("the document is not gzip after all: %w", err)
		}
		if data, err = io.ReadAll(io.LimitReader(z, maxBody)); err != nil {
			return nil, fmt.Errorf("the document cannot be unpacked: %w", err)
		}
	}
	var e envelope
	if err := xml.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("the document is not an AmazonEnvelope: %w", err)
	}
	if e.Type != "OrderAdjustment" {
		return nil, fmt.Errorf("the envelope holds %q and no adjustments", e.Type)
	}
	return &e, nil
}

// process does what a feed asks for and writes its report.
func (s *store) process(f *feed) {
	f.done = true
	d := s.docs[f.input]
	e, err := parseAdjustments(d.data)
	if f.doomed {
		err = fmt.Errorf("an internal error stopped the feed")
	}
	if f.kind == adjustFlat {
		err = fmt.Errorf("this world reads adjustments in XML only")
	}
	if err != nil {
		f.fatal = true
		f.result = s.report(f, 0, 0, []result{{"0", "90000", err.Error()}})
		return
	}
	var bad []result
	good := 0
	for _, msg := range e.Messages {
		code, why := "8541", "The message holds no order adjustment."
		if e.Merchant == "" {
			code, why = "5000", "The header names no merchant."
		} else if msg.Adjust != nil {
			code, why = s.adjust(f, msg.Adjust)
		}
		if why == "" {
			good++
			continue
		}
		bad = append(bad, result{msg.ID, code, why})
	}
	f.result = s.report(f, len(e.Messages), good, bad)
}

// adjust gives money back for one order, or tells why not.
func (s *store) adjust(f *feed, a *adjusting) (code, why string) {
	o := s.order(a.Order)
	if o == nil && a.MerchantOrder != "" {
		o = s.find(a.MerchantOrder)
	}
	switch {
	case o == nil:
		return "18006", "The order could not be found."
	case len(a.Items) == 0:
		return "18007", "The adjustment names no item."
	}
	at := f.at.Add(2 * s.w.o.Settle)
	r := &refund{at: at, settled: at.Add(s.w.o.FinanceLag), byLine: true}
	for _, it := range a.Items {
		l := o.line(it.Code)
		if l == nil && it.Merchant != "" {
			for _, x := range o.lines {
				if x.sku == it.Merchant {
					l = x
				}
			}
		}
		switch {
		case l == nil:
			return "18008", "The order item could not be found in the order."
		case !slices.Contains(amazonReasons, it.Reason):
			return "5001", "The adjustment reason is not one of the allowed values."
		case len(it.Components) == 0:
			return "18009", "The item has no price adjustments."
		}
		p := part{line: l}
		for _, x := range it.Components {
			v, err := connectors.ParseMoney(strings.TrimSpace(x.Amount.Value), x.Amount.Currency)
			if err != nil || v.Currency != o.currency {
				return "5002", "The amount is not valid in the order's currency."
			}
			switch x.Type {
			case "Principal":
				p.price += v.Minor
			case "Tax", "ShippingTax":
				p.tax += v.Minor
			case "Shipping":
				p.ship += v.Minor
			default:
				return "5003", "The component type is not one that can be adjusted."
			}
		}
		p.amount = p.price + p.tax + p.ship
		price, tax, ship, _ := o.lineRefunded(l)
		for _, other := range r.parts {
			if other.line == l {
				price, tax, ship = price+other.price, tax+other.tax, ship+other.ship
			}
		}
		switch {
		case p.amount <= 0:
			return "18010", "The net adjustment of an item must be a credit to the buyer."
		case price+p.price > l.price, tax+p.tax > l.tax, ship+p.ship > l.ship:
			return "18011", "The adjustment exceeds what was charged for the item and not yet given back."
		}
		if r.key == "" {
			r.key = it.Adjustment
		}
		r.note = it.Reason
		r.parts = append(r.parts, p)
		r.amount += p.amount
	}
	r.id, r.tx = s.refundID(), f.id
	o.refunds = append(o.refunds, r)
	s.touchAt(o, at)
	s.changed(changeRefund, o.id, r.id)
	s.w.recordRefund(RefundEntry{Store: s.Name, Platform: Amazon, Order: o.id, Number: o.number, ID: r.id, Amount: o.money(r.amount), Key: r.key, Note: r.note, At: at})
	return "", ""
}

type result struct{ message, code, why string }

// report writes a processing report as a new document and gives its id.
func (s *store) report(f *feed, all, good int, bad []result) string {
	var b strings.Builder
	b.WriteString(xml.Header)
	fmt.Fprintf(&b, `<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">`+
		`<Header><DocumentVersion>1.02</DocumentVersion><MerchantIdentifier>%s</MerchantIdentifier></Header><MessageType>ProcessingReport</MessageType>`+
		`<Message><MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>%s</DocumentTransactionID><StatusCode>Complete</StatusCode><ProcessingSummary>`+
		`<MessagesProcessed>%d</MessagesProcessed><MessagesSuccessful>%d</MessagesSuccessful><MessagesWithError>%d</MessagesWithError>`+
		`<MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>`, s.seller, f.id, all, good, len(bad))
	for _, x := range bad {
		b.WriteString("<Result><MessageID>")
		_ = xml.EscapeText(&b, []byte(x.message)) // a Builder never fails
		fmt.Fprintf(&b, "</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>%s</ResultMessageCode><ResultDescription>", x.code)
		_ = xml.EscapeText(&b, []byte(x.why))
		b.WriteString("</ResultDescription></Result>")
	}
	b.WriteString("</ProcessingReport></Message></AmazonEnvelope>")
	d := &document{id: fmt.Sprintf("amzn1.tortuga.4.fe.sandbox-%s.%d", s.Name, s.next()), contentType: "text/xml; charset=UTF-8", data: []byte(b.String()), written: true}
	s.docs[d.id] = d
	return d.id
}
