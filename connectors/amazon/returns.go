package amazon

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	returnsReport = "GET_XML_RETURNS_DATA_BY_RETURN_DATE"
	opReport      = "downloadReport"
	// returnsWindow is the longest time that one report covers.
	returnsWindow = 60 * 24 * time.Hour
	// returnsBack is how far back a first reading goes: an older return is closed.
	returnsBack = 180 * 24 * time.Hour
	// returnsAgain is how far each later reading goes back: the report is by the day
	// of the request, and a return changes for weeks after it.
	returnsAgain = 30 * 24 * time.Hour
	// reportLook is the longest pause between two looks at a report in the making.
	reportLook = time.Minute
	// reportTries is how often a report that failed is made anew at once, and
	// reportRest how long the next try waits then.
	reportTries = 3
	reportRest  = time.Hour
	mostReturns = 64 << 20
)

// reportAt is the place in a reading of returns: the report that is being made,
// what it covers, which try it is, and until when the reading goes.
type reportAt struct {
	id              string
	from, to, until time.Time
	try             int
}

func (r reportAt) String() string {
	f := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return strings.Join([]string{f(r.from), f(r.to), f(r.until), strconv.Itoa(r.try), r.id}, "|")
}

// readReportAt reads our own token.
func readReportAt(token string) (reportAt, bool) {
	p := strings.SplitN(token, "|", 5)
	if len(p) != 5 {
		return reportAt{}, false
	}
	var r reportAt
	var errs [4]error
	r.from, errs[0] = time.Parse(time.RFC3339, p[0])
	r.to, errs[1] = time.Parse(time.RFC3339, p[1])
	r.until, errs[2] = time.Parse(time.RFC3339, p[2])
	r.try, errs[3] = strconv.Atoi(p[3])
	r.id = p[4]
	return r, errors.Join(errs[:]...) == nil && r.id != "" && r.from.Before(r.to)
}

// wireReport is a report as the platform lists it.
type wireReport struct {
	ID       string    `json:"reportId"`
	Type     string    `json:"reportType"`
	Created  time.Time `json:"createdTime"`
	Status   string    `json:"processingStatus"`
	Document string    `json:"reportDocumentId"`
}

// Returns reads returns out of reports, which the platform makes in its own time.
// No call waits for one. The first call of a reading orders the report and gives
// an empty page with More, whose token names it; a call with that token either
// gives the report's returns, or is refused as Busy with the time after which to
// ask again with the same token.
func (s *Seller) Returns(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Return], error) {
	at, going := readReportAt(since.Token)
	if !going {
		now := s.now().UTC().Truncate(time.Second)
		at = reportAt{from: since.Since.UTC().Truncate(time.Second).Add(-returnsAgain), until: now}
		if since.Since.IsZero() {
			at.from = now.Add(-returnsBack)
		}
		if !at.from.Before(now) { // a clock that went back
			at.from = now.Add(-returnsAgain)
		}
		at.to = soonest(at.from.Add(returnsWindow), at.until)
		return s.orderReport(ctx, since, at)
	}
	var r wireReport
	err := s.get(ctx, "getReport", "/reports/2021-06-30/reports/"+pathID(at.id), nil, &r)
	if connectors.KindOf(err) == connectors.NotFound && err != nil {
		at.try = 0
		return s.orderReport(ctx, since, at) // reports are kept for three months
	}
	if err != nil {
		return connectors.Page[connectors.Return]{}, err
	}
	page := connectors.Page[connectors.Return]{}
	switch r.Status {
	case "DONE":
		if r.Document == "" {
			break
		}
		if page.Items, page.Bad, err = s.returnsIn(ctx, r.Document); err != nil {
			return connectors.Page[connectors.Return]{}, err
		}
		s.remember(page.Items)
	case "CANCELLED": // so the platform says that there was nothing to report
	case "FATAL":
		if at.try < reportTries || s.now().Sub(r.Created) > reportRest {
			at.try = at.try%reportTries + 1
			return s.orderReport(ctx, since, at)
		}
		e := fault(connectors.Busy, "getReport", "report_failed", "the platform failed to make the report of returns several times")
		var busy *connectors.Error
		if errors.As(e, &busy) {
			busy.RetryAfter = max(time.Minute, reportRest-s.now().Sub(r.Created))
		}
		return connectors.Page[connectors.Return]{}, e
	default: // IN_QUEUE, IN_PROGRESS, and words to come
		e := &connectors.Error{Kind: connectors.Busy, Platform: Platform, Op: "getReport", Code: "report_not_ready", Err: errors.New("the report of returns is being made")}
		e.RetryAfter = connectors.Again(s.now().Sub(r.Created), reportLook)
		return connectors.Page[connectors.Return]{}, e
	}
	if at.to.Before(at.until) {
		at.from, at.try = at.to, 0
		at.to = soonest(at.from.Add(returnsWindow), at.until)
		next, err := s.orderReport(ctx, since, at)
		if err != nil {
			// What was read stands; the next report is ordered by the next reading.
			page.Next = connectors.Cursor{Since: soonest(at.from.Add(returnsAgain), at.until), Limit: since.Limit}
			return page, nil
		}
		page.Next, page.More = next.Next, true
		return page, nil
	}
	page.Next = connectors.Cursor{Since: at.until, Limit: since.Limit}
	return page, nil
}

func soonest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// orderReport has a report made. Making one twice does no harm.
func (s *Seller) orderReport(ctx context.Context, since connectors.Cursor, at reportAt) (connectors.Page[connectors.Return], error) {
	var a struct {
		ID string `json:"reportId"`
	}
	f := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	err := s.do(ctx, connectors.Call{Op: "createReport", Method: "POST", URL: s.base + "/reports/2021-06-30/reports", Read: true,
		Body: struct {
			Type    string   `json:"reportType"`
			From    string   `json:"dataStartTime"`
			To      string   `json:"dataEndTime"`
			Markets []string `json:"marketplaceIds"`
		}{returnsReport, f(at.from), f(at.to), s.markets}}, &a)
	if err == nil && a.ID == "" {
		err = fault(connectors.Down, "createReport", "no_id", "the report was taken, but came back without an id")
	}
	if err != nil {
		return connectors.Page[connectors.Return]{}, err
	}
	at.id = a.ID
	return connectors.Page[connectors.Return]{Next: connectors.Cursor{Since: since.Since, Token: at.String(), Limit: since.Limit}, More: true}, nil
}

// remember keeps the last returns, so that one of them can be looked up.
func (s *Seller) remember(items []connectors.Return) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || len(s.seen) > 20_000 {
		s.seen = map[string]connectors.Return{}
	}
	for _, r := range items {
		s.seen[r.ID] = r
	}
}

// Return finds one return as the last report told it. The platform has no call
// for one: after a restart the last reports are looked through.
func (s *Seller) Return(ctx context.Context, id string) (connectors.Return, error) {
	s.mu.Lock()
	r, ok := s.seen[id]
	s.mu.Unlock()
	if ok {
		return r, nil
	}
	var a struct {
		Reports []wireReport `json:"reports"`
	}
	q := url.Values{"reportTypes": {returnsReport}, "processingStatuses": {"DONE"}, "pageSize": {"10"}}
	if err := s.get(ctx, "getReports", "/reports/2021-06-30/reports", q, &a); err != nil {
		return connectors.Return{}, err
	}
	looked := 0
	for _, rep := range a.Reports {
		if rep.Document == "" || rep.Type != returnsReport || looked == 3 {
			continue
		}
		looked++
		items, _, err := s.returnsIn(ctx, rep.Document)
		if err != nil {
			return connectors.Return{}, err
		}
		for _, r := range items {
			if r.ID == id {
				return r, nil
			}
		}
	}
	return connectors.Return{}, fault(connectors.NotFound, "getReports", "no_such_return", "no recent report has the return "+id)
}

// returnsIn downloads a report and reads the returns in it.
func (s *Seller) returnsIn(ctx context.Context, document string) ([]connectors.Return, []connectors.BadItem, error) {
	raw, err := s.document(ctx, "getReportDocument", "/reports/2021-06-30/documents/"+pathID(document), opReport, mostReturns)
	if err != nil {
		return nil, nil, err
	}
	items, bad, err := s.decodeReturns(raw)
	if err != nil {
		return nil, nil, fault(connectors.Down, opReport, "malformed", err.Error())
	}
	return items, bad, nil
}

// document downloads what a feed or a report came to, from its pre-signed address.
func (s *Seller) document(ctx context.Context, op, path, download string, most int64) ([]byte, error) {
	var a struct {
		URL         string `json:"url"`
		Compression string `json:"compressionAlgorithm"`
	}
	if err := s.get(ctx, op, path, nil, &a); err != nil {
		return nil, err
	}
	var raw []byte
	if _, err := s.client.Do(ctx, connectors.Call{Op: download, Method: "GET", URL: a.URL, Bare: true, Read: true, MaxBody: most}, &raw); err != nil {
		return nil, err
	}
	// Somebody on the way may have unpacked it already.
	if a.Compression == "GZIP" && bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			raw, err = io.ReadAll(io.LimitReader(z, most+1))
		}
		if err == nil && int64(len(raw)) > most {
			err = errors.New("it is too large")
		}
		if err != nil {
			return nil, fault(connectors.Down, download, "gzip", "the document cannot be unpacked: "+err.Error())
		}
	}
	return raw, nil
}
