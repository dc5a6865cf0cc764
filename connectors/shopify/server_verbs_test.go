package shopify

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"helloworld/connectors"
)

type (
	obj  = map[string]any
	list = []any
)

const (
	oddSKU  = "SKU/40% off 🧦 'x\"y\\z"
	here    = "gid://shopify/Location/1"
	there   = "gid://shopify/Location/2"
	redirct = "https://desk.example/oauth/shopify"
)

// checked holds a call against the platform's schema: the text, and what it
// carries coerced into the types of its input.
func (s *shopServer) checked(op, query string, raw json.RawMessage) {
	sch, err := loadSchema()
	if sch == nil || err != nil {
		return
	}
	doc, errs := gqlparser.LoadQueryWithRules(sch, query, rules.NewDefaultRules())
	if errs != nil {
		s.t.Errorf("%s is not valid: %v", op, errs)
		return
	}
	vars := obj{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &vars); err != nil {
			s.t.Errorf("%s: %v", op, err)
		}
	}
	if _, err := validator.VariableValues(sch, doc.Operations[0], vars); err != nil {
		s.t.Errorf("%s carries what does not fit: %v in %s", op, err, raw)
	}
	if s.names == nil {
		s.names = map[string]string{}
	}
	s.names[op] = query
}

type toyItem struct {
	sku, price string
	stock      int
}

func (s *shopServer) stocked() {
	for i := range 9 {
		s.items = append(s.items, toyItem{fmt.Sprintf("SKU-%d", i), fmt.Sprintf("%d.50", 10+i), 5})
	}
	s.items[4].sku = oddSKU
	for i := range 5 {
		id := fmt.Sprintf("gid://shopify/Return/%d", 71+i)
		s.returns = append(s.returns, obj{"id": id, "name": fmt.Sprintf("#%d-R1", 1001+i), "status": "REQUESTED", "createdAt": "2026-11-02T00:00:00Z",
			"order":         obj{"id": s.orders[i]["id"], "name": s.orders[i]["name"], "updatedAt": "2026-11-03T00:00:00Z"},
			"returnProcess": nil, "refunds": obj{"nodes": list{}},
			"reverseFulfillmentOrders": obj{"nodes": list{obj{"id": "gid://shopify/ReverseFulfillmentOrder/1", "status": "OPEN",
				"lineItems":         obj{"nodes": list{obj{"id": "gid://shopify/ReverseFulfillmentOrderLineItem/1", "totalQuantity": 2, "fulfillmentLineItem": obj{"id": fmt.Sprintf("gid://shopify/FulfillmentLineItem/%d", i)}}}},
				"reverseDeliveries": obj{"nodes": list{obj{"id": "gid://shopify/ReverseDelivery/1", "deliverable": obj{"tracking": obj{"carrierName": "DHL", "number": "00340434292135100186"}}}}}}}},
			"returnLineItems": obj{"pageInfo": obj{"hasNextPage": false}, "nodes": list{obj{"id": fmt.Sprintf("gid://shopify/ReturnLineItem/%d", 81+i),
				"quantity": 2, "processableQuantity": 2, "processedQuantity": 0, "refundableQuantity": 2, "customerNote": "too small", "returnReasonNote": "",
				"returnReasonDefinition": obj{"handle": "size-too-small", "name": "Too small"},
				"fulfillmentLineItem":    obj{"id": fmt.Sprintf("gid://shopify/FulfillmentLineItem/%d", i), "lineItem": obj{"id": s.line(i), "sku": "SKU-1", "title": "Lamp"}}}}}})
	}
}

func (s *shopServer) line(i int) any {
	return s.orders[i]["lineItems"].(obj)["nodes"].(list)[0].(obj)["id"]
}

func (s *shopServer) level(i int) obj {
	q := func(n string, v int) obj { return obj{"name": n, "quantity": v} }
	return obj{"id": fmt.Sprintf("gid://shopify/InventoryLevel/1?inventory_item_id=%d", 300+i), "updatedAt": "2026-11-02T00:00:00Z",
		"location":   obj{"id": here, "name": "Berlin"},
		"quantities": list{q("available", s.items[i].stock), q("committed", 2), q("reserved", 1), q("incoming", 7)}}
}

func (s *shopServer) variant(i int) obj {
	it := s.items[i]
	return obj{"id": fmt.Sprintf("gid://shopify/ProductVariant/%d", 200+i), "sku": it.sku, "title": "Default Title", "price": it.price, "updatedAt": "2026-11-02T00:00:00Z",
		"product": obj{"id": "gid://shopify/Product/100", "title": "Socks", "status": "ACTIVE", "featuredMedia": obj{"preview": obj{"image": obj{"url": "https://cdn/s.jpg"}}}},
		"inventoryItem": obj{"id": fmt.Sprintf("gid://shopify/InventoryItem/%d", 300+i), "sku": it.sku, "tracked": true,
			"inventoryLevels": obj{"nodes": list{s.level(i)}, "pageInfo": obj{"hasNextPage": s.spread, "endCursor": "l1"}}}}
}

func paged(all []any, v obj, most int) obj {
	start := 0
	if a, ok := v["after"].(string); ok {
		start, _ = strconv.Atoi(a)
	}
	n := most
	if f, ok := v["first"].(float64); ok {
		n = min(n, int(f))
	}
	end := min(len(all), start+n)
	return obj{"nodes": all[start:end], "pageInfo": obj{"hasNextPage": end < len(all), "endCursor": strconv.Itoa(end)}}
}

// unquoted reads a search value back as the platform's search does.
func unquoted(v string) string {
	v = strings.TrimSuffix(strings.TrimPrefix(v, "'"), "'")
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(v)
}

func (s *shopServer) returnByID(id any) obj {
	for _, r := range s.returns {
		if r["id"] == id {
			return r
		}
	}
	return nil
}

// verb answers what is not about orders and refunds.
func (s *shopServer) verb(op string, v obj) (any, bool) {
	switch op {
	case "Items", "FindItem":
		var all list
		for i := range s.items {
			if q, ok := v["query"].(string); !ok || !strings.HasPrefix(q, "sku:") || s.items[i].sku == unquoted(q[4:]) {
				all = append(all, s.variant(i))
			}
		}
		return obj{"shop": obj{"currencyCode": "EUR"}, "productVariants": paged(all, v, pageOf)}, true
	case "Levels":
		l := s.level(0)
		l["location"] = obj{"id": there, "name": "Lyon"}
		return obj{"inventoryItem": obj{"id": v["id"], "inventoryLevels": obj{"nodes": list{l}, "pageInfo": obj{"hasNextPage": false, "endCursor": "l2"}}}}, true
	case "Level":
		n, _ := strconv.Atoi(tail(v["item"].(string)))
		return obj{"inventoryItem": obj{"id": v["item"], "inventoryLevel": s.level(n - 300)}}, true
	case "Locations":
		return obj{"locations": obj{"nodes": list{obj{"id": here, "name": "Berlin", "isActive": true, "shipsInventory": true}}, "pageInfo": obj{"hasNextPage": false}}}, true
	case "SetAvailable":
		return obj{"inventorySetQuantities": s.setStock(v)}, true
	case "FulfillmentOrders", "Fulfillments":
		o := s.find(v["id"])
		if o == nil {
			return obj{"order": nil}, true
		}
		id := o["id"].(string)
		left, acts := 2, list{obj{"action": "CREATE_FULFILLMENT"}}
		for range s.shipped[id] {
			left, acts = 0, list{}
		}
		fo := obj{"id": "gid://shopify/FulfillmentOrder/9", "status": "OPEN", "supportedActions": acts, "assignedLocation": obj{"name": "Berlin", "location": obj{"id": here}},
			"lineItems": obj{"nodes": list{obj{"id": "gid://shopify/FulfillmentOrderLineItem/91", "remainingQuantity": left, "lineItem": obj{"id": o["lineItems"].(obj)["nodes"].(list)[0].(obj)["id"]}}},
				"pageInfo": obj{"hasNextPage": s.spread, "endCursor": "f1"}}}
		return obj{"order": obj{"id": id, "fulfillments": append(list{}, s.shipped[id]...), "fulfillmentOrders": obj{"nodes": list{fo}, "pageInfo": obj{"hasNextPage": false}}}}, true
	case "FulfillmentLines":
		return obj{"fulfillmentOrder": obj{"id": v["id"], "lineItems": obj{"nodes": list{}, "pageInfo": obj{"hasNextPage": false, "endCursor": "f2"}}}}, true
	case "ShipConfirm":
		return obj{"fulfillmentCreate": s.ship(v["fulfillment"].(obj))}, true
	case "ReturnsOf", "ReturnIDs":
		var all list
		for _, o := range s.orders {
			ids := list{}
			for _, r := range s.returns {
				if r["order"].(obj)["id"] == o["id"] {
					ids = append(ids, obj{"id": r["id"]})
				}
			}
			x := obj{"id": o["id"], "updatedAt": o["updatedAt"], "returns": obj{"nodes": ids, "pageInfo": obj{"hasNextPage": s.spread && op == "ReturnsOf", "endCursor": "r1"}}}
			if op == "ReturnIDs" && o["id"] == v["id"] {
				if v["after"] != nil {
					x["returns"].(obj)["nodes"] = list{}
				}
				return obj{"order": x}, true
			}
			all = append(all, x)
		}
		return obj{"orders": paged(all, v, pageOf)}, true
	case "Returns":
		var out list
		for _, id := range v["ids"].(list) {
			out = append(out, s.returnByID(id))
		}
		return obj{"nodes": out}, true
	case "Return":
		return obj{"return": s.returnByID(v["id"])}, true
	case "ReturnLines":
		return obj{"return": obj{"id": v["id"], "returnLineItems": obj{"nodes": list{}, "pageInfo": obj{"hasNextPage": false, "endCursor": "x"}}}}, true
	case "ReturnOutcome":
		return obj{"return": obj{"id": v["id"], "suggestedFinancialOutcome": obj{"maximumRefundable": bagOf("55.00", "EUR"), "financialTransfer": obj{
			"amount": bagOf("55.00", "EUR"), "suggestedTransactions": list{obj{"gateway": "bogus", "parentTransaction": obj{"id": "gid://shopify/OrderTransaction/11"},
				"amountSet": bagOf("55.00", "EUR"), "maximumRefundableSet": bagOf("55.00", "EUR")}}}}}}, true
	case "ApproveReturn", "DeclineReturn", "ProcessReturn":
		return s.decide(op, v["input"].(obj)), true
	case "Subscriptions":
		return obj{"webhookSubscriptions": paged(s.hooks, v, 7)}, true
	case "Subscribe", "MendSubscription":
		return s.hook(op, v), true
	case "BulkOrders", "BulkState", "BulkOperations":
		return s.bulk(op, v), true
	}
	return nil, false
}

func (s *shopServer) setStock(v obj) obj {
	in := v["input"].(obj)
	key := v["key"].(string)
	fail := func(i int, code string) obj {
		return obj{"inventoryAdjustmentGroup": nil, "userErrors": list{obj{"code": code, "field": []string{"input", "quantities", strconv.Itoa(i), "inventoryItemId"}, "message": "no"}}}
	}
	if s.stockKeys[key] {
		return obj{"inventoryAdjustmentGroup": obj{"id": "gid://shopify/InventoryAdjustmentGroup/1"}, "userErrors": list{}}
	}
	set := map[int]int{}
	for i, x := range in["quantities"].(list) {
		q := x.(obj)
		n, _ := strconv.Atoi(tail(q["inventoryItemId"].(string)))
		if n -= 300; n < 0 || n >= len(s.items) || q["locationId"] != here {
			return fail(i, "INVALID_INVENTORY_ITEM")
		}
		was, ok := q["changeFromQuantity"]
		if !ok {
			s.t.Errorf("changeFromQuantity is not sent")
		}
		if was != nil && int(was.(float64)) != s.items[n].stock {
			return fail(i, "CHANGE_FROM_QUANTITY_STALE")
		}
		set[n] = int(q["quantity"].(float64))
	}
	for n, q := range set {
		s.items[n].stock = q
	}
	if s.stockKeys == nil {
		s.stockKeys = map[string]bool{}
	}
	s.stockKeys[key] = true
	return obj{"inventoryAdjustmentGroup": obj{"id": "gid://shopify/InventoryAdjustmentGroup/1"}, "userErrors": list{}}
}

func (s *shopServer) ship(in obj) obj {
	s.shipCount++
	order := s.orders[1]["id"].(string)
	t := in["trackingInfo"].(obj)
	f := obj{"id": fmt.Sprintf("gid://shopify/Fulfillment/%d", 60+s.shipCount), "status": "SUCCESS", "createdAt": "2026-11-04T00:00:00Z", "location": obj{"id": here}, "trackingInfo": list{t}}
	if s.shipped == nil {
		s.shipped = map[string]list{}
	}
	s.shipped[order] = append(s.shipped[order], f)
	return obj{"fulfillment": f, "userErrors": list{}}
}

func (s *shopServer) decide(op string, in obj) obj {
	id, field := in["id"], map[string]string{"ApproveReturn": "returnApproveRequest", "DeclineReturn": "returnDeclineRequest", "ProcessReturn": "returnProcess"}[op]
	if op == "ProcessReturn" {
		id = in["returnId"]
	}
	r := s.returnByID(id)
	if from := map[string]string{"ApproveReturn": "REQUESTED", "DeclineReturn": "REQUESTED", "ProcessReturn": "OPEN"}[op]; r == nil || r["status"] != from {
		return obj{field: obj{"return": nil, "userErrors": list{obj{"code": "INVALID_STATE", "field": []string{"id"}, "message": "wrong state"}}}}
	}
	s.decided++
	switch op {
	case "ApproveReturn":
		r["status"] = "OPEN"
	case "DeclineReturn":
		r["status"] = "DECLINED"
	default:
		s.processed(r, in)
	}
	return obj{field: obj{"return": r, "userErrors": list{}}}
}

func (s *shopServer) processed(r, in obj) {
	for _, x := range in["returnLineItems"].(list) {
		for _, y := range r["returnLineItems"].(obj)["nodes"].(list) {
			if l := y.(obj); l["id"] == x.(obj)["id"] {
				n := int(x.(obj)["quantity"].(float64))
				l["processableQuantity"], l["processedQuantity"] = l["processableQuantity"].(int)-n, l["processedQuantity"].(int)+n
			}
		}
	}
	tr, ok := in["financialTransfer"].(obj)
	if !ok {
		return
	}
	m := tr["issueRefund"].(obj)["orderTransactions"].(list)[0].(obj)["transactionAmount"].(obj)
	amount := bagOf(m["amount"].(string), m["currencyCode"].(string))
	s.sent++
	refund := obj{"id": fmt.Sprintf("gid://shopify/Refund/%d", 800+s.sent), "note": nil, "createdAt": time.Now().UTC().Format(time.RFC3339), "totalRefundedSet": amount,
		"transactions": obj{"nodes": list{obj{"id": "gid://shopify/OrderTransaction/99", "kind": "REFUND", "status": "SUCCESS", "amountSet": amount}}}}
	r["refunds"] = obj{"nodes": append(r["refunds"].(obj)["nodes"].(list), refund)}
	order := r["order"].(obj)["id"].(string)
	s.refunds[order] = append(s.refunds[order], refund)
}

func (s *shopServer) hook(op string, v obj) obj {
	sub := v["subscription"].(obj)
	if op == "MendSubscription" {
		for _, x := range s.hooks {
			if h := x.(obj); h["id"] == v["id"] {
				h["uri"], h["format"] = sub["uri"], sub["format"]
				return obj{"webhookSubscriptionUpdate": obj{"webhookSubscription": h, "userErrors": list{}}}
			}
		}
	}
	for _, x := range s.hooks {
		if h := x.(obj); h["topic"] == v["topic"] && h["uri"] == sub["uri"] {
			return obj{"webhookSubscriptionCreate": obj{"webhookSubscription": nil, "userErrors": list{obj{"field": []string{"webhookSubscription"}, "message": "Address for this topic has already been taken"}}}}
		}
	}
	s.hookCount++
	h := obj{"id": fmt.Sprintf("gid://shopify/WebhookSubscription/%d", s.hookCount), "topic": v["topic"], "uri": sub["uri"], "format": sub["format"]}
	s.hooks = append(s.hooks, h)
	return obj{"webhookSubscriptionCreate": obj{"webhookSubscription": h, "userErrors": list{}}}
}

func (s *shopServer) bulk(op string, v obj) obj {
	switch op {
	case "BulkOrders":
		s.bulkOp = obj{"id": "gid://shopify/BulkOperation/9007199254740993", "status": "RUNNING", "query": v["query"], "objectCount": "0", "rootObjectCount": "0", "fileSize": nil, "url": nil}
		return obj{"bulkOperationRunQuery": obj{"bulkOperation": s.bulkOp, "userErrors": list{}}}
	case "BulkOperations":
		nodes := list{}
		if s.bulkOp != nil {
			nodes = append(nodes, s.bulkOp)
		}
		return obj{"bulkOperations": obj{"nodes": nodes}}
	}
	out := obj{}
	for k, x := range s.bulkOp {
		out[k] = x
	}
	file := s.jsonl()
	s.bulkOp["status"], s.bulkOp["url"], s.bulkOp["fileSize"], s.bulkOp["rootObjectCount"] = "COMPLETED", s.URL+"/file.jsonl?Signature=file-secret-1", strconv.Itoa(len(file)), strconv.Itoa(len(s.orders))
	return obj{"bulkOperation": out}
}

// jsonl writes all orders as the platform does.
func (s *shopServer) jsonl() string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	for _, o := range s.orders {
		head := obj{}
		for k, v := range s.withRefunds(o) {
			if k != "lineItems" {
				head[k] = v
			}
		}
		_ = enc.Encode(head)
		for _, l := range o["lineItems"].(obj)["nodes"].(list) {
			line := obj{"__parentId": o["id"]}
			for k, v := range l.(obj) {
				line[k] = v
			}
			_ = enc.Encode(line)
		}
	}
	return b.String()
}

// outside answers what is not the API: the consent page and the files.
func (s *shopServer) outside(w http.ResponseWriter, r *http.Request, body string) bool {
	switch {
	case r.URL.Path == "/file.jsonl":
		if r.Header.Get("X-Shopify-Access-Token") != "" {
			s.t.Error("the access token went to the file's address")
		}
		_, _ = io.WriteString(w, s.jsonl())
	case r.URL.Path == "/admin/oauth/access_token" && strings.Contains(body, "code="):
		form, _ := url.ParseQuery(body)
		switch {
		case form.Get("client_secret") != "app-secret-1":
			w.WriteHeader(401)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
		case form.Get("code") == "" || form.Get("code") != s.code || form.Get("expiring") != "1":
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error":"invalid_request","error_description":"The authorization code %s was not found or was already used"}`, form.Get("code"))
		default:
			s.code = ""
			fmt.Fprint(w, `{"access_token":"shpat_granted001","scope":"read_orders,write_orders","expires_in":3600,"refresh_token":"shprt_granted001","refresh_token_expires_in":7776000}`)
		}
	default:
		return false
	}
	return true
}

// consent plays the seller who presses the button.
func (s *shopServer) consent(link string) url.Values {
	u, err := url.Parse(link)
	if err != nil || u.Path != "/admin/oauth/authorize" || u.Query().Get("redirect_uri") != redirct || u.Query().Get("client_id") != "app" {
		s.t.Errorf("not the page of consent: %s", link)
	}
	s.mu.Lock()
	s.code = "0907a61c0c8d55e99db179b68161bc00"
	s.mu.Unlock()
	return signed(url.Values{"code": {s.code}, "shop": {"toy-de.myshopify.com"}, "state": {u.Query().Get("state")}, "timestamp": {"1337178173"},
		"host": {"YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvdG95LWRl"}}, "app-secret-1")
}

func signed(q url.Values, secret connectors.Secret) url.Values {
	q.Set("hmac", hex.EncodeToString(mac([]byte(q.Encode()), secret)))
	return q
}
