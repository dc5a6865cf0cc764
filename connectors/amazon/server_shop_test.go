package amazon

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	oddSKU   = "A/B 50% 灯💡+&"
	fbaSKU   = "FBA-ONLY"
	appID    = "amzn1.sp.solution.77"
	grantee  = "A2SELLER"
	queueARN = "arn:aws:sqs:eu-west-1:123456789012:desk"
	queueID  = "AKIDQUEUE00000001"
	queueKey = "queue-secret-0000001"
)

// shop is what the server has beside orders and feeds.
type shop struct {
	listings  []map[string]any
	pending   map[string]int
	shipped   int
	loseShip  bool
	reports   []map[string]any
	returns   []returnSeed
	templated []string
	allowed   []string
	locale    string
	codes     map[string]bool
	ownAccess string
	dests     []map[string]any
	subs      map[string]map[string]any
	queue     []*queued
	receipts  int
	// lacks are paths for which a role is missing; stuck keeps reports from being
	// made, and fatal makes them fail.
	lacks []string
	stuck bool
	fatal int
	pack  bool
	// issue is answered to patches; rude answers are not held against the contract.
	issue map[string]any
	rude  bool
	fba   []map[string]any
	// cut is after how many listings the platform stops to give tokens.
	cut   int
	owned int
}

type returnSeed struct{ rma, order, at, status, reason, amount, currency, quantity string }

type queued struct {
	id, body, receipt string
	hidden            bool
}

func newShop() shop {
	h := shop{pending: map[string]int{}, codes: map[string]bool{}, subs: map[string]map[string]any{}, locale: "de-DE", pack: true,
		allowed: []string{"confirmCustomizationDetails", "confirmDeliveryDetails", "legalDisclosure", "negativeFeedbackRemoval", "confirmOrderDetails",
			"confirmServiceDetails", "amazonMotors", "digitalAccessKey", "unexpectedProblem", "warranty", "attributes"}}
	for i := range 10 {
		sku := fmt.Sprintf("SKU-%d", i)
		channel := []any{map[string]any{"fulfillmentChannelCode": "DEFAULT", "quantity": 10 + i}}
		switch i {
		case 4:
			sku = oddSKU
		case 7:
			sku, channel = fbaSKU, []any{map[string]any{"fulfillmentChannelCode": "AMAZON_EU"}}
		}
		at := time.Date(2026, 10, 1+i, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
		h.listings = append(h.listings, map[string]any{"sku": sku,
			"summaries": []any{map[string]any{"marketplaceId": market, "asin": fmt.Sprintf("B00%07d", i), "productType": "LAMP", "conditionType": "new_new",
				"status": []string{"BUYABLE"}, "itemName": "Lampe", "createdDate": at, "lastUpdatedDate": at}},
			"offers":                  []any{map[string]any{"marketplaceId": market, "offerType": "B2C", "price": eur(fmt.Sprintf("%d.90", 10+i))}},
			"fulfillmentAvailability": channel})
	}
	for i, r := range []returnSeed{
		{status: "Approved", reason: "CR-DEFECTIVE", amount: "19.90", currency: "EUR", quantity: "1"},
		{status: "Pending", reason: "CR-SWITCHEROO", quantity: "2"},
		{status: "Closed", reason: "AMZ-PG-BAD-DESC", quantity: "1"},
		{status: "Vaporised", reason: "CR-NEW-WORD", quantity: "1"},
	} {
		r.rma, r.order = fmt.Sprintf("D0ldz%dRRMA", i), fmt.Sprintf("302-1234567-%07d", 8901000+i)
		r.at = time.Date(2026, time.Month(7+i), 9, 8, 0, 0, 0, time.FixedZone("", 2*3600)).Format(time.RFC3339)
		h.returns = append(h.returns, r)
	}
	h.fba = []map[string]any{
		{"asin": "B000000007", "fnSku": "X00", "sellerSku": fbaSKU, "condition": "NewItem", "lastUpdatedTime": "2026-11-02T03:04:05+01:00", "productName": "Lampe", "totalQuantity": 31,
			"inventoryDetails": map[string]any{"fulfillableQuantity": 20, "inboundWorkingQuantity": 1, "inboundShippedQuantity": 2, "inboundReceivingQuantity": 3,
				"reservedQuantity": map[string]any{"totalReservedQuantity": 5, "pendingCustomerOrderQuantity": 5}}},
		{"sellerSku": "FBA-TWO", "totalQuantity": 4}, {"sellerSku": oddSKU + "-fba", "totalQuantity": 2}}
	return h
}

func (s *spServer) settleShop() {
	for sku, n := range s.pending {
		for _, l := range s.listings {
			if l["sku"] == sku {
				l["fulfillmentAvailability"].([]any)[0].(map[string]any)["quantity"] = n
			}
		}
		delete(s.pending, sku)
	}
	for _, r := range s.reports {
		switch {
		case r["processingStatus"] != "IN_QUEUE" || s.stuck:
		case s.fatal > 0:
			s.fatal--
			r["processingStatus"] = "FATAL"
		default:
			doc := s.returnsXML(r)
			if doc == nil {
				r["processingStatus"] = "CANCELLED"
				continue
			}
			id := "amzn1.spdoc.1.4.eu." + r["reportId"].(string)
			s.docs[id] = doc
			r["processingStatus"], r["reportDocumentId"] = "DONE", id
		}
	}
	for _, q := range s.queue {
		q.hidden = false
	}
}

func (s *spServer) stockOf(sku string) int {
	for _, l := range s.listings {
		if l["sku"] == sku {
			n, _ := l["fulfillmentAvailability"].([]any)[0].(map[string]any)["quantity"].(int)
			return n
		}
	}
	return -1
}

func (s *spServer) returnsXML(r map[string]any) []byte {
	from, _ := time.Parse(time.RFC3339, r["dataStartTime"].(string))
	to, _ := time.Parse(time.RFC3339, r["dataEndTime"].(string))
	var b strings.Builder
	for _, x := range s.returns {
		at, _ := time.Parse(time.RFC3339, x.at)
		if at.Before(from) || !at.Before(to) {
			continue
		}
		fmt.Fprintf(&b, `<return_details><item_details><item_name>Lampe &amp; Schirm</item_name><asin>B00</asin><return_reason_code>%s</return_reason_code><merchant_sku>SKU-1</merchant_sku><in_policy>Y</in_policy><return_quantity>%s</return_quantity><resolution>StandardRefund</resolution><refund_amount>%s</refund_amount></item_details><order_id>%s</order_id><order_date>2026-10-01T00:00:00Z</order_date><amazon_rma_id>%s</amazon_rma_id><return_request_date>%s</return_request_date><return_request_status>%s</return_request_status><a_to_z_claim>N</a_to_z_claim><is_prime>N</is_prime><label_details><label_cost>0</label_cost><currency_code>%s</currency_code><return_carrier>DHL</return_carrier><tracking_id>00340434292135100186</tracking_id></label_details><novelty>x</novelty></return_details>`,
			x.reason, x.quantity, x.amount, x.order, x.rma, x.at, x.status, x.currency)
	}
	if b.Len() == 0 {
		return nil
	}
	doc := []byte(`<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Message>` + b.String() + `</Message></AmazonEnvelope>`)
	if s.pack {
		return gzipped(doc)
	}
	return doc
}

// otherGrant answers the grants that need no refresh token.
func (s *spServer) otherGrant(w http.ResponseWriter, body string) bool {
	q, _ := url.ParseQuery(body)
	kind := q.Get("grant_type")
	if kind == "refresh_token" {
		return false
	}
	bad := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":%q,"error_description":"%s is refused"}`, code, q.Get("code"))
	}
	switch {
	case s.appBroken || q.Get("client_secret") != "amzn1.oa2-cs.v1.app" || q.Get("client_id") != "app":
		bad(401, "invalid_client")
	case kind == "client_credentials" && q.Get("scope") == ownScope:
		s.owned++
		s.ownAccess = fmt.Sprintf("Atza|own-%010d", s.owned)
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":3600}`, s.ownAccess)
	case kind == "authorization_code" && s.codes[q.Get("code")] && q.Get("redirect_uri") == "https://desk.example/back":
		delete(s.codes, q.Get("code"))
		s.access = "Atza|granted-00000001"
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"Atzr|refresh-00001","token_type":"bearer","expires_in":3600}`, s.access)
	default:
		bad(400, "invalid_grant")
	}
	return true
}

// consent plays the seller.
func (s *spServer) consent(link string) url.Values {
	u, err := url.Parse(link)
	if err != nil || u.Path != "/apps/authorize/consent" || u.Query().Get("application_id") != appID {
		s.t.Errorf("not the consent page: %s", link)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := fmt.Sprintf("ANcode%08d", len(s.codes)+1)
	s.codes[code] = true
	return url.Values{"spapi_oauth_code": {code}, "state": {u.Query().Get("state")}, "selling_partner_id": {grantee}}
}

// shopAnswer answers what is not about orders' reading, feeds and finances.
func (s *spServer) shopAnswer(w http.ResponseWriter, r *http.Request, body []byte) bool {
	send := func(status int, v any) { w.WriteHeader(status); _ = json.NewEncoder(w).Encode(v) }
	q, p := r.URL.Query(), r.URL.Path
	if slices.ContainsFunc(s.lacks, func(x string) bool { return strings.HasPrefix(p, x) }) {
		problem(w, 403, "Unauthorized", "Access to requested resource is denied.")
		return true
	}
	switch {
	case p == "/listings/2021-08-01/items/"+grantee:
		start, _ := strconv.Atoi(q.Get("pageToken"))
		size, _ := strconv.Atoi(q.Get("pageSize"))
		match := []any{}
		for _, l := range s.listings {
			if at := l["summaries"].([]any)[0].(map[string]any)["lastUpdatedDate"].(string); at >= q.Get("lastUpdatedAfter") {
				match = append(match, l)
			}
		}
		end := min(len(match), start+size)
		a := map[string]any{"numberOfResults": len(match), "items": match[start:end]}
		if end < len(match) && (s.cut == 0 || end < s.cut) {
			a["pagination"] = map[string]any{"nextToken": strconv.Itoa(end)}
		}
		send(200, a)
	case strings.HasPrefix(p, "/listings/2021-08-01/items/"+grantee+"/"):
		s.listing(w, r, strings.TrimPrefix(p, "/listings/2021-08-01/items/"+grantee+"/"), body)
	case p == "/fba/inventory/v1/summaries":
		start, _ := strconv.Atoi(q.Get("nextToken"))
		a := map[string]any{"payload": map[string]any{"granularity": map[string]any{"granularityType": "Marketplace", "granularityId": market}, "inventorySummaries": s.fba[start:min(len(s.fba), start+2)]}}
		if start+2 < len(s.fba) {
			a["pagination"] = map[string]any{"nextToken": strconv.Itoa(start + 2)}
		}
		send(200, a)
	case strings.HasSuffix(p, "/shipmentConfirmation"):
		s.ship(w, filepath.Base(filepath.Dir(p)), body)
	case p == "/reports/2021-06-30/reports" && r.Method == "POST":
		var in map[string]any
		_ = json.Unmarshal(body, &in)
		id := strconv.Itoa(9007199254740993 + len(s.reports))
		s.reports = append(s.reports, map[string]any{"reportId": id, "reportType": in["reportType"], "dataStartTime": in["dataStartTime"], "dataEndTime": in["dataEndTime"],
			"createdTime": s.clock.now().Format(time.RFC3339), "processingStatus": "IN_QUEUE"})
		send(202, map[string]any{"reportId": id})
	case p == "/reports/2021-06-30/reports":
		list := []any{}
		for _, x := range s.reports {
			if x["processingStatus"] == "DONE" {
				list = append(list, x)
			}
		}
		send(200, map[string]any{"reports": list})
	case strings.HasPrefix(p, "/reports/2021-06-30/reports/"):
		for _, x := range s.reports {
			if x["reportId"] == filepath.Base(p) {
				send(200, x)
				return true
			}
		}
		problem(w, 404, "NotFound", "no such report")
	case strings.HasPrefix(p, "/reports/2021-06-30/documents/"):
		id := filepath.Base(p)
		a := map[string]any{"reportDocumentId": id, "url": s.URL + "/store/" + id + "?X-Amz-Signature=deadbeefdeadbeef"}
		if s.pack {
			a["compressionAlgorithm"] = "GZIP"
		}
		send(200, a)
	case strings.HasPrefix(p, "/messaging/v1/orders/"):
		s.messages(w, r, body)
	case strings.HasPrefix(p, "/notifications/v1/"):
		s.notifications(w, r, body)
	default:
		return false
	}
	return true
}

func (s *spServer) listing(w http.ResponseWriter, r *http.Request, sku string, body []byte) {
	send := func(status int, v any) { w.WriteHeader(status); _ = json.NewEncoder(w).Encode(v) }
	for _, l := range s.listings {
		if l["sku"] != sku {
			continue
		}
		if r.Method == "GET" {
			send(200, l)
			return
		}
		var in struct {
			Patches []struct {
				Value []struct {
					Quantity int `json:"quantity"`
				} `json:"value"`
			} `json:"patches"`
		}
		_ = json.Unmarshal(body, &in)
		a := map[string]any{"sku": sku, "status": "ACCEPTED", "submissionId": "f1dc2914-75dd-11ea-bc55-0242ac130003", "issues": []any{}}
		if s.issue != nil {
			a["issues"], a["status"] = []any{s.issue}, s.issue["status"]
			delete(s.issue, "status")
		}
		if a["status"] == "ACCEPTED" {
			s.pending[sku] = in.Patches[0].Value[0].Quantity
		}
		send(200, a)
		return
	}
	problem(w, 404, "NOT_FOUND", "SKU '"+sku+"' not found in marketplace "+market)
}

func (s *spServer) ship(w http.ResponseWriter, order string, body []byte) {
	var in struct {
		Package struct {
			Ref     string           `json:"packageReferenceId"`
			Carrier string           `json:"carrierCode"`
			Name    string           `json:"carrierName"`
			Number  string           `json:"trackingNumber"`
			Items   []map[string]any `json:"orderItems"`
		} `json:"packageDetail"`
	}
	_ = json.Unmarshal(body, &in)
	for _, o := range s.orders {
		if o["orderId"] != order {
			continue
		}
		s.shipped++
		carrier := in.Package.Carrier
		if in.Package.Name != "" {
			carrier = in.Package.Name
		}
		o["packages"] = append(o["packages"].([]any), map[string]any{"packageReferenceId": in.Package.Ref, "carrier": carrier, "trackingNumber": in.Package.Number,
			"packageStatus": map[string]any{"status": "SHIPPED"}, "packageItems": in.Package.Items})
		s.hang, s.loseShip = s.loseShip, false
		w.Header().Del("Content-Type")
		w.WriteHeader(204)
		return
	}
	problem(w, 404, "NotFound", "no such order")
}

func (s *spServer) messages(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Type", "application/hal+json")
	send := func(status int, v any) { w.WriteHeader(status); _ = json.NewEncoder(w).Encode(v) }
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/messaging/v1/orders/"), "/")
	switch {
	case len(parts) == 1:
		links := []any{}
		for _, n := range s.allowed {
			links = append(links, map[string]any{"href": r.URL.Path + "/messages/" + n + "?marketplaceIds=" + market, "name": n})
		}
		send(200, map[string]any{"_links": map[string]any{"self": map[string]any{"href": r.URL.String()}, "actions": links}})
	case parts[1] == "attributes":
		send(200, map[string]any{"buyer": map[string]any{"locale": s.locale}})
	default:
		s.templated = append(s.templated, string(body))
		w.Header().Set("Content-Type", "application/json")
		send(201, map[string]any{})
	}
}

func (s *spServer) notifications(w http.ResponseWriter, r *http.Request, body []byte) {
	send := func(status int, v any) { w.WriteHeader(status); _ = json.NewEncoder(w).Encode(v) }
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	kind := filepath.Base(r.URL.Path)
	switch {
	case r.URL.Path == "/notifications/v1/destinations" && r.Method == "GET":
		send(200, map[string]any{"payload": append([]map[string]any{}, s.dests...)})
	case r.URL.Path == "/notifications/v1/destinations":
		d := map[string]any{"name": in["name"], "destinationId": fmt.Sprintf("dest-%d", len(s.dests)+1), "resource": in["resourceSpecification"]}
		s.dests = append(s.dests, d)
		send(200, map[string]any{"payload": d})
	case r.Method == "GET":
		if sub, ok := s.subs[kind]; ok {
			send(200, map[string]any{"payload": sub})
			return
		}
		problem(w, 404, "NotFound", "no subscription")
	case s.subs[kind] != nil:
		problem(w, 409, "Conflict", "there is one")
	case kind == "ORDER_CHANGE" && in["processingDirective"] == nil:
		problem(w, 400, "InvalidInput", "processingDirective is missing")
	default:
		s.subs[kind] = map[string]any{"subscriptionId": "sub-" + kind, "payloadVersion": in["payloadVersion"], "destinationId": in["destinationId"]}
		send(200, map[string]any{"payload": s.subs[kind]})
	}
}

// sqs is the queue's service, in the few words that its client says.
func (s *spServer) sqs(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="+queueID+"/") || strings.Contains(r.Header.Get("Authorization"), queueKey) {
		w.WriteHeader(403)
		fmt.Fprint(w, `{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"The security token included in the request is invalid."}`)
		return
	}
	var in struct {
		QueueURL string `json:"QueueUrl"`
		Most     int    `json:"MaxNumberOfMessages"`
		Entries  []struct {
			ID      string `json:"Id"`
			Receipt string `json:"ReceiptHandle"`
		}
	}
	_ = json.Unmarshal(body, &in)
	if !strings.HasSuffix(in.QueueURL, "/123456789012/desk") {
		w.WriteHeader(400)
		fmt.Fprint(w, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}`)
		return
	}
	switch strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.") {
	case "ReceiveMessage":
		list := []any{}
		for _, m := range s.queue {
			if !m.hidden && len(list) < in.Most {
				s.receipts++
				m.hidden, m.receipt = true, fmt.Sprintf("receipt-%d", s.receipts)
				sum := md5.Sum([]byte(m.body))
				list = append(list, map[string]any{"MessageId": m.id, "ReceiptHandle": m.receipt, "Body": m.body, "MD5OfBody": hex.EncodeToString(sum[:])})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Messages": list})
	case "DeleteMessageBatch":
		ok, failed := []any{}, []any{}
		for _, e := range in.Entries {
			at := slices.IndexFunc(s.queue, func(m *queued) bool { return m.receipt == e.Receipt })
			if at < 0 {
				failed = append(failed, map[string]any{"Id": e.ID, "SenderFault": true, "Code": "ReceiptHandleIsInvalid", "Message": "no"})
				continue
			}
			s.queue = slices.Delete(s.queue, at, at+1)
			ok = append(ok, map[string]any{"Id": e.ID})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Successful": ok, "Failed": failed})
	}
}

func (s *spServer) enqueue(body string) {
	s.queue = append(s.queue, &queued{id: fmt.Sprintf("m-%d", len(s.queue)+s.receipts+1), body: body})
}
