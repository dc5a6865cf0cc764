package ebay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	oddSKU     = `TOY/50% 红 🎈+1`
	testToken  = "a-verification-token_of_forty_letters-01"
	appAccess  = "v^1.1#application-access-token"
	testRuName = "Toy-App-RuName"
	testKeyID  = "5fbc0f2d-5dd3-4ac9-8c9f-2b1f9a3a5a10"
	testPoint  = "https://desk.example.com/hooks/ebay"
	testJWE    = "eyJ6aXAiOiJERUYifQ.a-public-key-in-an-envelope.x.y.z"
)

// testSigning is the key of eBay's published example, which everybody has. Its
// frame is put together here, so that nobody takes it for one that has leaked.
var testSigning = func() string {
	frame := func(word string) string { return "-----" + word + " PRIVATE KEY-----" }
	return frame("BEGIN") + "\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n" + frame("END")
}()

// world is what the test server has besides orders and conversations.
type world struct {
	items    []obj
	offers   []obj
	ships    map[string][]obj
	shipped  int
	returns  []obj
	cancels  []obj
	inquires []obj
	decided  int

	signs   bool // refunds have to be signed
	keysOut int

	email    string
	dests    []obj
	subs     []obj
	userSub  []obj
	asked    []string // topics that may not be had
	otherKey string
	paths    map[string]int // how often each path was asked

	limits     []obj
	userLimits []obj
	codes      map[string]bool // codes that were given and not used
}

// count is how often a path with these words in it was asked.
func (s *ebayServer) count(part string) (n int) {
	s.lock(func() {
		for p, k := range s.paths {
			if strings.Contains(p, part) {
				n += k
			}
		}
	})
	return n
}

var pushKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

func eur(v string) obj { return obj{"value": v, "currency": "EUR"} }

func newWorld() world {
	w := world{ships: map[string][]obj{}, codes: map[string]bool{}, paths: map[string]int{}}
	for i, sku := range []string{"S-1", "S-2", oddSKU, "S-4", "S-5", "S-6", "S-7"} {
		w.items = append(w.items, obj{"sku": sku, "locale": "de_DE", "product": obj{"title": "Toy " + strconv.Itoa(i), "imageUrls": []string{"https://example.com/i.jpg"}},
			"availability": obj{"shipToLocationAvailability": obj{"quantity": 10 + i}}})
		if i < 6 {
			w.offers = append(w.offers, obj{"offerId": "90071992547409" + strconv.Itoa(93100+i), "sku": sku, "status": "PUBLISHED", "format": "FIXED_PRICE", "availableQuantity": 10 + i,
				"pricingSummary": obj{"price": eur("19.9" + strconv.Itoa(i))}, "listing": obj{"listingId": "11" + strconv.Itoa(i), "listingStatus": "ACTIVE", "soldQuantity": 1}})
		}
	}
	for i := range 4 {
		w.returns = append(w.returns, newReturn(5000+i, start.AddDate(0, -i*3, -1)))
	}
	w.cancels = []obj{{"cancelId": "7001", "legacyOrderId": "12-34567-00004", "cancelState": "APPROVAL_PENDING", "cancelStatus": "CANCEL_REQUESTED", "requestorType": "BUYER",
		"cancelReason": "ORDER_MISTAKE", "cancelRequestDate": obj{"value": stamp(start.AddDate(0, 0, -2))}, "sellerResponseDueDate": obj{"value": stamp(start.AddDate(0, 0, 1))},
		"requestRefundAmount": obj{"value": 59.9, "currency": "EUR"}}}
	w.inquires = []obj{{"inquiryId": 8001, "itemId": 110, "transactionId": 220, "inquiryStatusEnum": "WAITING_SELLER_RESPONSE", "creationDate": obj{"value": stamp(start.AddDate(0, 0, -3))},
		"lastModifiedDate": obj{"value": stamp(start.AddDate(0, 0, -1))}, "respondByDate": obj{"value": stamp(start.AddDate(0, 0, 2))}, "claimAmount": obj{"value": 59.9, "currency": "EUR"}}}
	w.limits = []obj{{"apiContext": "sell", "apiName": "fulfillment", "apiVersion": "v1", "resources": []obj{{"name": "order", "rates": []obj{
		{"limit": 100000, "remaining": 99000, "reset": stamp(start.Add(20 * time.Hour)), "timeWindow": 86400}}}}}}
	w.userLimits = []obj{{"apiContext": "sell", "apiName": "inventory", "apiVersion": "v1", "resources": []obj{{"name": "inventory_item", "rates": []obj{
		{"limit": 2000000, "remaining": 2000000, "reset": stamp(start.Add(20 * time.Hour)), "timeWindow": 86400}}}}}}
	return w
}

func newReturn(id int, at time.Time) obj {
	return obj{"returnId": strconv.Itoa(id), "orderId": fmt.Sprintf("12-34567-%05d", id-5000+5), "state": "RETURN_REQUESTED", "status": "RETURN_REQUESTED", "buyerLoginName": "buyer-1",
		"currentType": "MONEY_BACK", "creationInfo": obj{"creationDate": obj{"value": stamp(at)}, "reason": "ARRIVED_DAMAGED", "comments": obj{"content": "Broken"},
			"item": obj{"itemId": "110", "transactionId": "220", "returnQuantity": 1}},
		"sellerResponseDue":      obj{"respondByDate": obj{"value": stamp(at.AddDate(0, 0, 3))}},
		"sellerTotalRefund":      obj{"estimatedRefundAmount": obj{"value": 19.9, "currency": "EUR"}},
		"sellerAvailableOptions": []obj{{"actionType": "SELLER_APPROVE_REQUEST"}, {"actionType": "SELLER_DECLINE_REQUEST"}, {"actionType": "SELLER_ISSUE_REFUND"}, {"actionType": "SELLER_JUGGLE"}}}
}

// more serves what is not orders or conversations. False: there is no such thing.
func (s *ebayServer) more(w http.ResponseWriter, r *http.Request, body []byte) bool {
	p := r.URL.EscapedPath()
	switch {
	case strings.HasPrefix(p, inventory):
		s.inventory(w, r, strings.TrimPrefix(p, inventory), body)
	case strings.HasSuffix(p, "/shipping_fulfillment"):
		s.shipping(w, r, strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/sell/fulfillment/v1/order/"), "/shipping_fulfillment"), body)
	case strings.HasPrefix(p, postOrder):
		s.postOrder(w, r, strings.TrimPrefix(p, postOrder), body)
	case strings.HasPrefix(p, notify):
		s.notifications(w, r, strings.TrimPrefix(p, notify), body)
	case p == "/developer/key_management/v1/signing_key":
		s.keysOut++
		reply(w, 200, obj{"signingKeyId": "key-" + strconv.Itoa(s.keysOut), "jwe": testJWE, "privateKey": strings.ReplaceAll(testSigning, "\n", ""),
			"signingKeyCipher": "ED25519", "creationTime": s.at.Unix(), "expirationTime": s.at.AddDate(3, 0, 0).Unix()})
	case p == "/developer/analytics/v1_beta/rate_limit/":
		reply(w, 200, obj{"rateLimits": s.limits})
	case p == "/developer/analytics/v1_beta/user_rate_limit/":
		reply(w, 200, obj{"rateLimits": s.userLimits})
	default:
		return false
	}
	return true
}

func (s *ebayServer) inventory(w http.ResponseWriter, r *http.Request, p string, body []byte) {
	q := r.URL.Query()
	switch {
	case p == "/inventory_item":
		limit, page := number(q.Get("limit"), 25), number(q.Get("offset"), 0)
		if limit < 1 || limit > 200 {
			refuse(w, 400, 25706, "REQUEST")
			return
		}
		from, to := min(page*limit, len(s.items)), min((page+1)*limit, len(s.items))
		reply(w, 200, obj{"inventoryItems": s.items[from:to], "total": len(s.items), "size": to - from})
	case strings.HasPrefix(p, "/inventory_item/"):
		sku, err := url.PathUnescape(strings.TrimPrefix(p, "/inventory_item/"))
		for _, i := range s.items {
			if err == nil && i["sku"] == sku {
				reply(w, 200, i)
				return
			}
		}
		refuse(w, 404, 25710, "REQUEST")
	case p == "/offer":
		var found []obj
		for _, o := range s.offers {
			if o["sku"] == q.Get("sku") {
				found = append(found, o)
			}
		}
		if found == nil {
			refuse(w, 404, 25713, "REQUEST")
			return
		}
		reply(w, 200, obj{"offers": found, "total": len(found)})
	case p == "/bulk_update_price_quantity":
		s.setStock(w, body)
	default:
		refuse(w, 404, 2002, "REQUEST")
	}
}

func (s *ebayServer) setStock(w http.ResponseWriter, body []byte) {
	var q stockBody
	_ = json.Unmarshal(body, &q)
	if len(q.Requests) == 0 || len(q.Requests) > 25 {
		refuse(w, 400, 25709, "REQUEST")
		return
	}
	var out []obj
	for _, row := range q.Requests {
		one := obj{"sku": row.SKU, "statusCode": 404, "errors": []obj{{"errorId": 25710, "category": "REQUEST", "message": "no such SKU"}}}
		for _, i := range s.items {
			if i["sku"] == row.SKU {
				ship := i["availability"].(obj)["shipToLocationAvailability"].(obj)
				ship["quantity"] = row.Ship.Quantity
				one = obj{"sku": row.SKU, "statusCode": 200}
			}
		}
		for _, o := range row.Offers {
			for _, have := range s.offers {
				if have["offerId"] == o.ID {
					have["availableQuantity"] = o.Quantity
					one["offerId"] = o.ID
					if o.Quantity == 66 {
						one["statusCode"], one["errors"] = 400, []obj{{"errorId": 25709, "category": "REQUEST", "message": "no"}}
					}
				}
			}
		}
		out = append(out, one)
	}
	if !s.lost(w) {
		reply(w, 207, obj{"responses": out})
	}
}

func (s *ebayServer) shipping(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	o := s.order(id)
	if o == nil {
		refuse(w, 404, 32100, "REQUEST")
		return
	}
	if r.Method == http.MethodGet {
		list := s.ships[id]
		if s.hide || list == nil {
			list = []obj{}
		}
		reply(w, 200, obj{"fulfillments": list, "total": len(list)})
		return
	}
	var q shipBody
	_ = json.Unmarshal(body, &q)
	for _, have := range s.ships[id] {
		if have["shipmentTrackingNumber"] == q.Number {
			refuse(w, 400, 34500, "REQUEST")
			return
		}
	}
	s.shipped++
	var lines []obj
	for _, l := range q.Lines {
		lines = append(lines, obj{"lineItemId": l.ID, "quantity": l.Quantity})
	}
	s.ships[id] = append(s.ships[id], obj{"fulfillmentId": q.Number, "shipmentTrackingNumber": q.Number, "shippingCarrierCode": q.Carrier, "lineItems": lines})
	if !s.lost(w) {
		w.Header().Set("Location", s.URL+"/sell/fulfillment/v1/order/"+id+"/shipping_fulfillment/"+q.Number)
		w.WriteHeader(201)
	}
}

func (s *ebayServer) postOrder(w http.ResponseWriter, r *http.Request, p string, body []byte) {
	kinds := map[string]struct {
		list       []obj
		id, field  string
		date, from string
	}{
		"return":       {s.returns, "returnId", "members", "", "creation_date_range"},
		"cancellation": {s.cancels, "cancelId", "cancellations", "cancelRequestDate", "creation_date_range"},
		"inquiry":      {s.inquires, "inquiryId", "members", "creationDate", "inquiry_creation_date_range"},
	}
	words := strings.Split(p, "/")
	k := kinds[words[0]]
	created := func(x obj) string {
		if words[0] == "return" {
			return x["creationInfo"].(obj)["creationDate"].(obj)["value"].(string)
		}
		return x[k.date].(obj)["value"].(string)
	}
	q := r.URL.Query()
	if len(words) == 2 && words[1] == "search" {
		from, to := q.Get(k.from+"_from"), q.Get(k.from+"_to")
		if f, err := time.Parse(time.RFC3339, from); err == nil && f.Before(s.at.AddDate(0, -18, 0)) {
			reply(w, 400, obj{"error": []obj{{"errorId": 1611, "category": "REQUEST", "message": "too long ago"}}})
			return
		}
		found := []obj{}
		for _, x := range k.list {
			if at := created(x); (from == "" || at >= from && at <= to) && (q.Get("order_id") == "" || q.Get("order_id") == x["orderId"]) {
				found = append(found, x)
			}
		}
		limit := number(q.Get("limit"), 25)
		reply(w, 200, obj{k.field: found[:min(limit, len(found))], "total": len(found), "paginationOutput": obj{"limit": limit, "offset": 1, "totalEntries": len(found), "totalPages": 1}})
		return
	}
	var one obj
	for _, x := range k.list {
		if fmt.Sprint(x[k.id]) == words[1] {
			one = x
		}
	}
	switch {
	case one == nil:
		reply(w, 404, obj{"errorMessage": obj{"error": []obj{{"errorId": 1616, "category": "REQUEST", "message": "no such thing"}}}})
	case len(words) == 2 && words[0] == "return" && q.Get("fieldgroups") == "":
		reply(w, 200, obj{"detail": obj{"returnShipmentInfo": obj{"shipmentTracking": obj{"trackingNumber": "JD01", "carrierEnum": "DHL"}}}})
	case len(words) == 2 && words[0] == "return":
		reply(w, 200, obj{"summary": one})
	case len(words) == 2 && words[0] == "cancellation":
		reply(w, 200, obj{"cancelDetail": one})
	case len(words) == 2:
		reply(w, 200, one)
	default:
		s.decision(w, words[0]+"/"+words[2], one, body)
	}
}

func (s *ebayServer) decision(w http.ResponseWriter, what string, one obj, body []byte) {
	if one["sellerAvailableOptions"] == nil && strings.HasPrefix(what, "return/") {
		reply(w, 409, obj{"error": []obj{{"errorId": 1620, "category": "BUSINESS", "message": "closed"}}})
		return
	}
	var q struct {
		Decision string `json:"decision"`
		Refund   struct {
			Total obj `json:"totalAmount"`
		} `json:"refundDetail"`
	}
	_ = json.Unmarshal(body, &q)
	s.decided++
	one["sellerAvailableOptions"] = nil
	switch what {
	case "return/decide":
		one["status"] = map[string]string{"APPROVE": "READY_FOR_SHIPPING", "DECLINE": "RETURN_REJECTED"}[q.Decision]
	case "return/mark_as_received":
		one["status"] = "ITEM_DELIVERED"
	case "return/issue_refund":
		one["status"], one["sellerTotalRefund"] = "CLOSED", obj{"actualRefundAmount": q.Refund.Total}
	case "cancellation/approve":
		one["cancelStatus"] = "CANCEL_PENDING"
	case "cancellation/reject":
		one["cancelStatus"] = "CANCEL_REJECTED"
	case "inquiry/issue_refund":
		one["inquiryStatusEnum"] = "CLOSED_WITH_REFUND"
	}
	if !s.lost(w) {
		reply(w, 200, obj{"refundStatus": "SUCCESS"})
	}
}

// limited: a list of notifications' things, a few at a time.
func (s *ebayServer) limited(w http.ResponseWriter, r *http.Request, field string, list []obj) {
	from := number(r.URL.Query().Get("continuation_token"), 0)
	to := min(from+3, len(list))
	out := obj{field: list[from:to], "total": len(list), "limit": 3}
	if to < len(list) {
		out["next"] = "https://elsewhere.example.com/x?continuation_token=" + strconv.Itoa(to)
	}
	reply(w, 200, out)
}

func (s *ebayServer) notifications(w http.ResponseWriter, r *http.Request, p string, body []byte) {
	user := r.Header.Get("Authorization") != "Bearer "+appAccess
	var q obj
	_ = json.Unmarshal(body, &q)
	subs := &s.subs
	if user {
		subs = &s.userSub
	}
	switch {
	case strings.HasPrefix(p, "/public_key/"):
		if s.otherKey != "" {
			reply(w, 200, obj{"key": s.otherKey, "algorithm": "ECDSA", "digest": "SHA1"})
			return
		}
		if p != "/public_key/"+testKeyID {
			refuse(w, 404, 195001, "REQUEST")
			return
		}
		der, _ := x509.MarshalPKIXPublicKey(&pushKey().PublicKey)
		reply(w, 200, obj{"key": "-----BEGIN PUBLIC KEY-----" + base64.StdEncoding.EncodeToString(der) + "-----END PUBLIC KEY-----", "algorithm": "ECDSA", "digest": "SHA1"})
	case p == "/topic":
		var list []obj
		for _, t := range []string{"MARKETPLACE_ACCOUNT_DELETION", "AUTHORIZATION_REVOCATION", "ORDER_CONFIRMATION", "NEW_MESSAGE", "BUYER_QUESTION", "SOMETHING_NEW"} {
			scope := "USER"
			if len(list) < 2 {
				scope = "APPLICATION"
			}
			list = append(list, obj{"topicId": t, "status": "ENABLED", "scope": scope, "supportedPayloads": []obj{
				{"schemaVersion": "1.9", "format": []string{"JSON"}, "deliveryProtocol": "HTTPS"}, {"schemaVersion": "1.10", "format": []string{"JSON"}, "deliveryProtocol": "HTTPS"}}})
		}
		s.limited(w, r, "topics", list)
	case p == "/config":
		s.email = fmt.Sprint(q["alertEmail"])
		w.WriteHeader(204)
	case p == "/destination" && r.Method == http.MethodGet:
		s.limited(w, r, "destinations", s.dests)
	case p == "/destination":
		if s.email == "" {
			refuse(w, 409, 195003, "REQUEST")
			return
		}
		q["destinationId"] = "d" + strconv.Itoa(len(s.dests))
		s.dests = append(s.dests, q)
		w.Header().Set("Location", s.URL+notify+"/destination/"+fmt.Sprint(q["destinationId"]))
		w.WriteHeader(201)
	case strings.HasPrefix(p, "/destination/"):
		for _, d := range s.dests {
			if d["destinationId"] == strings.TrimPrefix(p, "/destination/") {
				d["status"] = q["status"]
			}
		}
		w.WriteHeader(204)
	case p == "/subscription" && r.Method == http.MethodGet:
		s.limited(w, r, "subscriptions", *subs)
	case p == "/subscription" && slices.Contains(s.asked, fmt.Sprint(q["topicId"])):
		refuse(w, 403, 195011, "REQUEST")
	case p == "/subscription":
		q["subscriptionId"] = map[bool]string{true: "u", false: "a"}[user] + strconv.Itoa(len(*subs))
		*subs = append(*subs, q)
		w.Header().Set("Location", s.URL+notify+"/subscription/"+fmt.Sprint(q["subscriptionId"]))
		w.WriteHeader(201)
	default:
		id, verb, _ := strings.Cut(strings.TrimPrefix(p, "/subscription/"), "/")
		for _, x := range *subs {
			if x["subscriptionId"] == id {
				x["status"] = "ENABLED"
				if verb == "" {
					x["destinationId"] = q["destinationId"]
				}
				w.WriteHeader(204)
				return
			}
		}
		refuse(w, 404, 195013, "REQUEST")
	}
}
