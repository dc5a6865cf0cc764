package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	returnsXML  = "GET_XML_RETURNS_DATA_BY_RETURN_DATE"
	returnsFlat = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
)

// report is a report that was asked for.
type report struct {
	id, kind, doc    string
	from, to, at     time.Time
	cancelled, fatal bool
	done, stuck      bool
}

func (s *store) reportState(r *report) string {
	switch now := s.w.now(); {
	case r.cancelled:
		return "CANCELLED"
	case r.done && r.fatal:
		return "FATAL"
	case r.done:
		return "DONE"
	case now.Before(r.at.Add(s.w.o.Settle)):
		return "IN_QUEUE"
	}
	return "IN_PROGRESS"
}

// ripenReports writes the reports whose time has come.
func (s *store) ripenReports() {
	now := s.w.now()
	for _, r := range s.market.reports {
		if r.done || r.cancelled || r.stuck || now.Before(r.at.Add(2*s.w.o.Settle)) {
			continue
		}
		list := s.returnsBetween(r.from, r.to)
		switch {
		case r.fatal:
			r.done = true
			r.doc = s.keepReport(r, "The report could not be made.")
		case len(list) == 0: // Amazon cancels a report that would be empty
			r.cancelled = true
		default:
			r.done = true
			r.doc = s.keepReport(r, s.writeReturns(r.kind, list))
		}
		in := m{"sellerId": s.seller, "accountId": "amzn1.merchant.o." + s.seller, "reportId": r.id, "reportType": r.kind, "processingStatus": s.reportState(r)}
		if r.doc != "" {
			in["reportDocumentId"] = r.doc
		}
		s.note("REPORT_PROCESSING_FINISHED", "", m{"reportProcessingFinishedNotification": in})
	}
}

// keepReport packs a report and keeps it as a document.
func (s *store) keepReport(r *report, text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // a Buffer never fails
	_ = z.Close()
	kind := "text/xml; charset=UTF-8"
	if r.kind == returnsFlat {
		kind = "text/plain; charset=UTF-8"
	}
	d := &document{id: fmt.Sprintf("amzn1.spdoc.1.4.fe.sandbox-%s.%d", s.Name, s.next()), contentType: kind, compression: "GZIP", data: b.Bytes(), written: true}
	s.docs[d.id] = d
	return d.id
}

func (s *store) returnsBetween(from, to time.Time) (list []*ret) {
	for _, r := range s.returns {
		if r.kind == kindReturn && !r.created.Before(from) && !r.created.After(to) {
			list = append(list, r)
		}
	}
	return list
}

// amazonReturnReason are Amazon's words for why something comes back.
var amazonReturnReason = map[string]string{"defective": "CR-DEFECTIVE", "not_as_described": "CR-NOT_AS_DESCRIBED", "wrong_item": "CR-SWITCHEROO", "not_wanted": "CR-UNWANTED_ITEM",
	"not_arrived": "CR-UNDELIVERABLE_UNKNOWN", "other": "CR-NO_REASON_GIVEN"}

type returnXML struct {
	XMLName xml.Name       `xml:"return_details"`
	Items   []returnedItem `xml:"item_details"`
	Label   struct {
		Type     string `xml:"label_type"`
		Cost     string `xml:"label_cost"`
		Currency string `xml:"currency_code"`
		Carrier  string `xml:"return_carrier"`
		Tracking string `xml:"tracking_id"`
	} `xml:"label_details"`
	Payer    string `xml:"label_to_be_paid_by"`
	AtoZ     string `xml:"a_to_z_claim"`
	Prime    string `xml:"is_prime"`
	Order    string `xml:"order_id"`
	Date     string `xml:"order_date"`
	RMA      string `xml:"amazon_rma_id"`
	Asked    string `xml:"return_request_date"`
	Status   string `xml:"return_request_status"`
	Type     string `xml:"return_type"`
	Amount   string `xml:"order_amount"`
	Quantity int    `xml:"order_quantity"`
	Currency string `xml:"currency_code"`
}

type returnedItem struct {
	Name       string `xml:"item_name"`
	ASIN       string `xml:"asin"`
	Reason     string `xml:"return_reason_code"`
	SKU        string `xml:"merchant_sku"`
	InPolicy   string `xml:"in_policy"`
	Quantity   int    `xml:"return_quantity"`
	Resolution string `xml:"resolution"`
	Category   string `xml:"category"`
	Refund     string `xml:"refund_amount"`
}

// writeReturns writes returns as the report does. No contract has this format:
// the names are those that sellers' software reads in it.
func (s *store) writeReturns(kind string, list []*ret) string {
	var all []returnXML
	for _, r := range list {
		o := s.order(r.order)
		if o == nil {
			continue
		}
		x := returnXML{Payer: "Customer", AtoZ: "N", Prime: "N", Order: o.id, Date: amazonTime(o.created), RMA: r.id, Asked: amazonTime(r.created), Type: "C-Returns",
			Amount: o.dec(o.total()), Currency: o.currency}
		x.Status = map[string]string{retAsked: "Pending Approval", retDeclined: "Closed", retClosed: "Closed", retRefunded: "Closed"}[r.state]
		x.Status = orElse(x.Status, "Approved")
		x.Label.Type, x.Label.Cost, x.Label.Currency = "AmazonUnPaidLabel", connectors.Money{Currency: o.currency}.Decimal(), o.currency
		x.Label.Carrier, x.Label.Tracking = r.carrier, r.tracking
		for _, l := range r.lines {
			line := o.line(l.line)
			if line == nil {
				continue
			}
			x.Quantity += line.qty
			x.Items = append(x.Items, returnedItem{Name: line.title, ASIN: line.item, Reason: amazonReturnReason[r.reason], SKU: line.sku, InPolicy: "Y", Quantity: l.qty,
				Resolution: "StandardRefund", Category: productType, Refund: o.dec(r.paid)})
		}
		all = append(all, x)
	}
	var b strings.Builder
	if kind == returnsFlat {
		b.WriteString("Order ID\tOrder date\tReturn request date\tReturn request status\tAmazon RMA ID\tReturn carrier\tTracking ID\tItem Name\tASIN\tMerchant SKU\tReturn quantity\tReturn Reason\tCurrency code\tRefunded Amount\n")
		clean := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
		for _, x := range all {
			for _, it := range x.Items {
				for i, v := range []string{x.Order, x.Date, x.Asked, x.Status, x.RMA, x.Label.Carrier, x.Label.Tracking, it.Name, it.ASIN, it.SKU, strconv.Itoa(it.Quantity), it.Reason, x.Currency, it.Refund} {
					if i > 0 {
						b.WriteByte('\t')
					}
					b.WriteString(clean.Replace(v))
				}
				b.WriteByte('\n')
			}
		}
		return b.String()
	}
	raw, err := xml.MarshalIndent(struct {
		XMLName xml.Name    `xml:"AmazonEnvelope"`
		Version string      `xml:"Header>DocumentVersion"`
		Type    string      `xml:"MessageType"`
		Returns []returnXML `xml:"Message>return_details"`
	}{Version: "1.0", Type: "ReturnDetails", Returns: all}, "", " ")
	if err != nil { // cannot happen: plain values only
		return xml.Header
	}
	return xml.Header + string(raw)
}

func (w *World) amazonCreateReport(c *call) reply {
	var q struct {
		Type         string            `json:"reportType"`
		From         string            `json:"dataStartTime"`
		To           string            `json:"dataEndTime"`
		Marketplaces []string          `json:"marketplaceIds"`
		Options      map[string]string `json:"reportOptions"`
	}
	now := w.now()
	switch {
	case decode(c.body, &q) != nil || q.Type != returnsXML && q.Type != returnsFlat:
		return badInput("reportType")
	case len(q.Marketplaces) == 0 || len(q.Marketplaces) > 25 || !slices.Contains(q.Marketplaces, c.s.Marketplace):
		return badInput("marketplaceIds")
	}
	r := &report{kind: q.Type, from: now, to: now, at: now}
	for i, v := range []string{q.From, q.To} {
		if v == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return badInput("dataStartTime and dataEndTime must be ISO 8601 date-times.")
		}
		*[]*time.Time{&r.from, &r.to}[i] = at
	}
	switch {
	case r.to.Before(r.from):
		return badInput("dataEndTime must not be before dataStartTime.")
	case r.to.Sub(r.from) > 60*24*time.Hour:
		return badInput("The time between dataStartTime and dataEndTime must not exceed 60 days.")
	}
	r.id = strconv.FormatInt(54517000000+c.s.next(), 10)
	switch {
	case c.s.market.fatalReports > 0:
		c.s.market.fatalReports--
		r.fatal = true
	case c.s.market.stuckReports > 0:
		c.s.market.stuckReports--
		r.stuck = true
	}
	c.s.market.reports = append(c.s.market.reports, r)
	c.s.ripenReports() // at once, if reports take no time in this world
	return jsonReply(http.StatusAccepted, m{"reportId": r.id})
}

func (w *World) reportJSON(s *store, r *report) m {
	state := s.reportState(r)
	out := m{"reportId": r.id, "reportType": r.kind, "marketplaceIds": []string{s.Marketplace}, "createdTime": amazonTime(r.at), "processingStatus": state,
		"dataStartTime": amazonTime(r.from), "dataEndTime": amazonTime(r.to)}
	if state == "IN_PROGRESS" || r.done {
		out["processingStartTime"] = amazonTime(r.at.Add(w.o.Settle))
	}
	if r.done {
		out["processingEndTime"] = amazonTime(r.at.Add(2 * w.o.Settle))
	}
	if r.doc != "" {
		out["reportDocumentId"] = r.doc
	}
	return out
}

func (s *store) reportBy(id string) *report {
	i := slices.IndexFunc(s.market.reports, func(r *report) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	return s.market.reports[i]
}

func (w *World) amazonReport(c *call, id string) reply {
	r := c.s.reportBy(id)
	if r == nil {
		return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
	}
	return jsonReply(http.StatusOK, w.reportJSON(c.s, r))
}

func (w *World) amazonCancelReport(c *call, id string) reply {
	r := c.s.reportBy(id)
	switch {
	case r == nil:
		return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
	case c.s.reportState(r) != "IN_QUEUE":
		return badInput("The report is being processed already.")
	}
	r.cancelled = true
	return reply{status: http.StatusOK}
}

func (w *World) amazonReports(c *call) reply {
	return amazonListing(w, c, "reportTypes", "reports", c.s.market.reports,
		func(r *report) (string, time.Time) { return r.kind, r.at }, c.s.reportState, func(r *report) m { return w.reportJSON(c.s, r) })
}

// reportRoutes are the operations about reports.
func (w *World) reportRoutes() []amazonRoute {
	const base, role = "/reports/2021-06-30", "reports"
	return []amazonRoute{
		{http.MethodGet, base + "/reports", "reports", role, 0.0222, 10, false, fixed(w.amazonReports)},
		{http.MethodPost, base + "/reports", "reports", role, 0.0167, 15, false, fixed(w.amazonCreateReport)},
		{http.MethodGet, base + "/reports/{}", "reports", role, 2, 15, false, named(w.amazonReport)},
		{http.MethodDelete, base + "/reports/{}", "reports", role, 0.0222, 10, false, named(w.amazonCancelReport)},
		{http.MethodGet, base + "/documents/{}", "reports", role, 0.0167, 15, false, named(w.amazonReportDocument)},
	}
}

func (w *World) amazonReportDocument(c *call, id string) reply {
	d := c.s.docs[id]
	if d == nil || !strings.HasPrefix(id, "amzn1.spdoc.") {
		return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
	}
	d.until = w.now().Add(5 * time.Minute)
	return jsonReply(http.StatusOK, m{"reportDocumentId": d.id, "compressionAlgorithm": d.compression,
		"url": w.base(c.Request) + "/amazon/" + c.s.Name + "/download/" + d.id + "?X-Amz-Signature=sandbox"})
}
