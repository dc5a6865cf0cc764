package amazon

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/connectors/conntest"
)

// spServer says what the Selling Partner API would say, in the few words we ask for.
type spServer struct {
	*httptest.Server
	mu        sync.Mutex
	t         testing.TB
	clock     *clock
	orders    []map[string]any
	docs      map[string][]byte
	feeds     []map[string]any
	inputs    map[string]string
	posted    []map[string]any
	sent      int
	calls     int
	validated int
	refreshes int
	access    string
	appBroken bool
	revoked   bool
	throttle  int
	fail      int
	fault     conntest.Fault
	lose      bool
	// hang: the next answer is lost after all was done. ops are the operations
	// that were held against a contract.
	hang bool
	ops  map[string]bool
	shop
}

// clock is a time that sleeping moves on.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	c.t = c.t.Add(d)
	c.mu.Unlock()
}

const (
	market  = "A1PA6795UKMFR9"
	bigItem = "9007199254740993"
	buyer   = "x7k2f9@marketplace.amazon.de"
)

func eur(amount string) map[string]any {
	return map[string]any{"amount": amount, "currencyCode": "EUR"}
}

func newServer(t testing.TB, n int) *spServer {
	s := &spServer{t: t, shop: newShop(), ops: map[string]bool{}, clock: &clock{t: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, docs: map[string][]byte{}, inputs: map[string]string{}, access: "Atza|first-000000001"}
	for i := range n {
		at := time.Date(2026, 11, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339)
		item := strconv.Itoa(60000000000 + i)
		if i == 2 {
			item = bigItem
		}
		s.orders = append(s.orders, map[string]any{
			"orderId": fmt.Sprintf("302-1234567-%07d", 8901000+i), "createdTime": at, "lastUpdatedTime": at,
			"orderAliases": []any{map[string]any{"aliasId": fmt.Sprintf("EU-%d", 1000+i), "aliasType": "SELLER_ORDER_ID"}},
			"salesChannel": map[string]any{"channelName": "AMAZON", "marketplaceId": market, "marketplaceName": "Amazon.de"},
			"buyer":        map[string]any{"buyerName": "Anna B.", "buyerEmail": buyer},
			"recipient":    map[string]any{"deliveryAddress": map[string]any{"name": "Anna B.", "countryCode": "DE"}},
			"proceeds":     map[string]any{"grandTotal": eur("59.90"), "breakdowns": []any{map[string]any{"type": "ITEM", "subtotal": eur("46.22")}}},
			"fulfillment":  map[string]any{"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
			"packages":     []any{},
			"orderItems": []any{map[string]any{"orderItemId": item, "quantityOrdered": 2,
				"product": map[string]any{"asin": "B000", "title": "Lampe", "sellerSku": "SKU-1", "price": map[string]any{"unitPrice": eur("23.11")}},
				"proceeds": map[string]any{"proceedsTotal": eur("59.90"), "breakdowns": []any{
					map[string]any{"type": "ITEM", "subtotal": eur("46.22")},
					map[string]any{"type": "SHIPPING", "subtotal": eur("4.12")},
					map[string]any{"type": "TAX", "subtotal": eur("9.56"), "detailedBreakdowns": []any{map[string]any{"subtype": "ITEM", "value": eur("8.78")}, map[string]any{"subtype": "SHIPPING", "value": eur("0.78")}}},
				}}}},
		})
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func problem(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"code": code, "message": message, "details": ""}}})
}

func (s *spServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	w.Header().Set("X-Amzn-Ratelimit-Limit", "100")
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		s.sqs(w, r, body)
		return
	case r.URL.Path == "/auth/o2/token":
		s.token(w, string(body))
		return
	case strings.HasPrefix(r.URL.Path, "/store/"):
		if r.Header.Get("X-Amz-Access-Token") != "" {
			s.t.Error("the token was sent to the document store")
		}
		if r.Method == "PUT" {
			s.docs[path(r)] = body
			return
		}
		_, _ = w.Write(s.docs[path(r)])
		return
	case strings.HasPrefix(r.URL.Path, "/notifications/v1/destinations"):
		if r.Header.Get("X-Amz-Access-Token") != s.ownAccess || s.ownAccess == "" {
			problem(w, 403, "Unauthorized", "Access to requested resource is denied.")
			return
		}
	case r.Header.Get("X-Amz-Access-Token") != s.access || s.revoked:
		problem(w, 403, "Unauthorized", "The access token "+r.Header.Get("X-Amz-Access-Token")+" you provided has expired.")
		return
	case s.throttle > 0:
		s.throttle--
		problem(w, 429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
		return
	case s.fail > 0:
		s.fail--
		conntest.Answer(w, s.fault)
		return
	}
	in := s.check(r, body)
	rec := httptest.NewRecorder()
	rec.Header().Set("Content-Type", "application/json")
	if !s.shopAnswer(rec, r, body) {
		s.answer(rec, r, body)
	}
	if s.hang {
		s.hang = false
		conntest.Answer(w, conntest.HangUp)
		return
	}
	s.checkAnswer(r, in, rec)
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func path(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/store/") }

func (s *spServer) token(w http.ResponseWriter, body string) {
	if s.otherGrant(w, body) {
		return
	}
	s.refreshes++
	switch {
	case s.appBroken || !strings.Contains(body, "client_secret=amzn1.oa2-cs.v1.app"):
		w.WriteHeader(401)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"Client authentication failed"}`)
	case s.revoked || !strings.Contains(body, url.QueryEscape("Atzr|refresh-00001")):
		w.WriteHeader(400)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"Atzr|refresh-00001 was revoked"}`)
	default:
		s.access = fmt.Sprintf("Atza|next-%09d", s.refreshes)
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"Atzr|refresh-00001","token_type":"bearer","expires_in":3600}`, s.access)
	}
}

func (s *spServer) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	send := func(status int, v any) { w.WriteHeader(status); _ = json.NewEncoder(w).Encode(v) }
	q := r.URL.Query()
	p := r.URL.Path
	switch {
	case p == "/sellers/v1/marketplaceParticipations":
		send(200, map[string]any{"payload": []any{map[string]any{"marketplace": map[string]any{"id": market, "name": "Amazon.de", "countryCode": "DE",
			"defaultCurrencyCode": "EUR", "defaultLanguageCode": "de_DE", "domainName": "www.amazon.de"},
			"participation": map[string]any{"isParticipating": true, "hasSuspendedListings": false}, "storeName": "x"}}})
	case p == "/orders/2026-01-01/orders":
		match := []any{}
		for _, o := range s.orders {
			if fmt.Sprint(o["lastUpdatedTime"]) >= q.Get("lastUpdatedAfter") {
				match = append(match, o)
			}
		}
		size := 100
		if v := q.Get("maxResultsPerPage"); v != "" {
			size, _ = strconv.Atoi(v)
		}
		start, _ := strconv.Atoi(q.Get("paginationToken"))
		end := min(len(match), start+size)
		a := map[string]any{"orders": match[start:end]}
		if end < len(match) {
			a["pagination"] = map[string]any{"nextToken": strconv.Itoa(end)}
		}
		send(200, a)
	case strings.HasPrefix(p, "/orders/2026-01-01/orders/"):
		for _, o := range s.orders {
			if o["orderId"] == filepath.Base(p) {
				send(200, map[string]any{"order": o})
				return
			}
		}
		problem(w, 404, "NotFound", "no such order of "+buyer)
	case p == "/feeds/2021-06-30/documents":
		id := fmt.Sprintf("amzn1.tortuga.4.eu.%d", len(s.docs)+1)
		s.docs[id] = nil
		send(201, map[string]any{"feedDocumentId": id, "url": s.URL + "/store/" + id + "?X-Amz-Signature=deadbeefdeadbeef"})
	case strings.HasPrefix(p, "/feeds/2021-06-30/documents/"):
		id := filepath.Base(p)
		send(200, map[string]any{"feedDocumentId": id, "url": s.URL + "/store/" + id + "?X-Amz-Signature=deadbeefdeadbeef"})
	case p == "/feeds/2021-06-30/feeds" && r.Method == "POST":
		s.createFeed(w, body)
	case p == "/feeds/2021-06-30/feeds":
		since, _ := time.Parse(time.RFC3339, q.Get("createdSince"))
		list := []any{}
		for _, f := range s.feeds {
			if at, _ := time.Parse(time.RFC3339, f["createdTime"].(string)); !at.Before(since) {
				list = append(list, f)
			}
		}
		send(200, map[string]any{"feeds": list})
	case strings.HasPrefix(p, "/feeds/2021-06-30/feeds/"):
		for _, f := range s.feeds {
			if f["feedId"] == filepath.Base(p) {
				send(200, f)
				return
			}
		}
		problem(w, 404, "NotFound", "no such feed")
	case p == "/finances/2024-06-19/transactions":
		list := []map[string]any{}
		for _, x := range s.posted {
			if x["order"] == q.Get("relatedIdentifierValue") {
				list = append(list, x)
			}
		}
		send(200, map[string]any{"payload": map[string]any{"transactions": list}})
	default:
		problem(w, 404, "NotFound", p)
	}
}

func (s *spServer) createFeed(w http.ResponseWriter, body []byte) {
	var in struct {
		Doc string `json:"inputFeedDocumentId"`
	}
	_ = json.Unmarshal(body, &in)
	if len(s.docs[in.Doc]) == 0 {
		problem(w, 400, "InvalidInput", "the document is empty")
		return
	}
	s.sent++
	id := strconv.Itoa(50000 + s.sent)
	s.feeds = append(s.feeds, map[string]any{"feedId": id, "feedType": feedType, "createdTime": s.clock.now().UTC().Format(time.RFC3339), "processingStatus": "IN_PROGRESS", "marketplaceIds": []string{market}})
	s.inputs[id] = in.Doc
	if s.lose {
		s.lose, s.hang = false, true
	}
	w.WriteHeader(202)
	_ = json.NewEncoder(w).Encode(map[string]any{"feedId": id})
}

type documentRead struct {
	Message struct {
		ID    string     `xml:"MessageID"`
		Order string     `xml:"OrderAdjustment>AmazonOrderID"`
		Items []itemRead `xml:"OrderAdjustment>AdjustedItem"`
	} `xml:"Message"`
}

type itemRead struct {
	Item       string `xml:"AmazonOrderItemCode"`
	Key        string `xml:"MerchantAdjustmentItemID"`
	Reason     string `xml:"AdjustmentReason"`
	Components []struct {
		Type   string `xml:"Type"`
		Amount struct {
			Currency string `xml:"currency,attr"`
			Value    string `xml:",chardata"`
		} `xml:"Amount"`
	} `xml:"ItemPriceAdjustments>Component"`
}

// document parses a feed that was sent.
func (s *spServer) document(id string) (d documentRead) {

	if err := xml.Unmarshal(s.docs[s.inputs[id]], &d); err != nil {
		s.t.Errorf("the feed is not XML: %v", err)
	}
	return d
}

// settle works the feeds off: all succeed but those for the reason PriceError,
// which the platform refuses. The finances follow.
func (s *spServer) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleShop()
	for _, f := range s.feeds {
		if f["processingStatus"] != "IN_PROGRESS" {
			continue
		}
		id := f["feedId"].(string)
		d := s.document(id)
		refused := slices.ContainsFunc(d.Message.Items, func(i itemRead) bool { return i.Reason == "PriceError" })
		ok, bad, result := 1, 0, ""
		if refused {
			ok, bad = 0, 1
			result = "<Result><MessageID>" + d.Message.ID + "</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>18028</ResultMessageCode><ResultDescription>no</ResultDescription></Result>"
		}
		s.docs["report-"+id] = fmt.Appendf(nil, `<?xml version="1.0" encoding="iso-8859-1"?><AmazonEnvelope><MessageType>ProcessingReport</MessageType><Message><MessageID>1</MessageID><ProcessingReport><StatusCode>Complete</StatusCode><ProcessingSummary><MessagesProcessed>1</MessagesProcessed><MessagesSuccessful>%d</MessagesSuccessful><MessagesWithError>%d</MessagesWithError></ProcessingSummary>%s</ProcessingReport></Message></AmazonEnvelope>`, ok, bad, result)
		f["processingStatus"], f["resultFeedDocumentId"] = "DONE", "report-"+id
		if refused {
			continue
		}
		cents := 0
		for _, i := range d.Message.Items {
			for _, c := range i.Components {
				n, _ := strconv.Atoi(strings.ReplaceAll(c.Amount.Value, ".", ""))
				cents += n
			}
		}
		fee := json.Number("2.50")
		s.posted = append(s.posted, map[string]any{"order": d.Message.Order, "transactionType": "Refund", "transactionId": "tx-" + id, "postedDate": s.clock.now().UTC().Format(time.RFC3339),
			"totalAmount": map[string]any{"currencyCode": "EUR", "currencyAmount": json.Number(fmt.Sprintf("%.2f", float64(250-cents)/100))},
			"breakdowns": []any{map[string]any{"breakdownType": "Sales", "breakdownAmount": map[string]any{"currencyCode": "EUR", "currencyAmount": json.Number(fmt.Sprintf("%.2f", float64(-cents)/100))}},
				map[string]any{"breakdownType": "Expenses", "breakdownAmount": map[string]any{"currencyCode": "EUR", "currencyAmount": fee}}}})
	}
}
