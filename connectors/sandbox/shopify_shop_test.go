package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const shop = "shopify-main"

// must runs a mutation that the platform has to take.
func (r *rig) must(query string, vars map[string]any) any {
	r.Helper()
	_, got := r.gql(shop, query, vars)
	if got["errors"] != nil {
		r.Fatalf("%.600v", got["errors"])
	}
	data, _ := got["data"].(map[string]any)
	for _, v := range data {
		if p, ok := v.(map[string]any); ok {
			if errs, _ := p["userErrors"].([]any); len(errs) > 0 {
				r.Fatalf("%v", errs)
			}
		}
		return v
	}
	return nil
}

// sentOrder is an order that was sent, and on which nothing was given back.
func (r *rig) sentOrder() OrderInfo {
	r.Helper()
	o, err := r.w.AddOrder(NewOrder{Store: shop, Total: "30.00", Tax: "3.00", Shipping: "5.00", Quantity: 2})
	if err != nil {
		r.Fatal(err)
	}
	return o
}

const subscribe = `mutation($t: WebhookSubscriptionTopic!, $u: String!) { webhookSubscriptionCreate(topic: $t, webhookSubscription: {uri: $u, format: JSON}) {
	webhookSubscription { id topic uri } userErrors { field message } } }`

const bulkQuery = `{ orders(query: "created_at:>='2026-01-01'") { edges { node { id name totalPriceSet { presentmentMoney { amount } } lineItems { edges { node { id sku } } } } } } }`

// populate makes one of each thing that a shop can have.
func (r *rig) populate() {
	r.Helper()
	o := r.sentOrder()
	ret, err := r.w.AddReturn(NewReturn{Store: shop, Order: o.ID, State: retOnTheWay, Note: "broken"})
	if err != nil {
		r.Fatal(err)
	}
	s := r.shopify(shop)
	s.mu.Lock()
	s.rets[ret.ID].carrier, s.rets[ret.ID].tracking = "DHL", "123"
	s.mu.Unlock()
	declined, err := r.w.AddReturn(NewReturn{Store: shop, Order: o.ID})
	if err != nil {
		r.Fatal(err)
	}
	r.must(`mutation($i: ReturnDeclineRequestInput!) { returnDeclineRequest(input: $i) { return { id } userErrors { field message } } }`,
		map[string]any{"i": map[string]any{"id": gid("Return", declined.ID), "declineReason": "FINAL_SALE", "declineNote": "no"}})
	r.must(subscribe, map[string]any{"t": "ORDERS_UPDATED", "u": "http://127.0.0.1:9/hook"})
	r.must(`mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id status } userErrors { message } } }`, map[string]any{"q": bulkQuery})
	if _, err := r.w.AddOrder(NewOrder{Store: shop, Status: unshipped}); err != nil {
		r.Fatal(err)
	}
}

// someIDs are the ids of one thing of each kind.
func (r *rig) someIDs() map[string]string {
	r.Helper()
	s := r.shopify(shop)
	s.mu.Lock()
	defer s.mu.Unlock()
	it, last := s.items[0], s.returns[len(s.returns)-2]
	o := s.order(last.order)
	return map[string]string{"InventoryItem": gid("InventoryItem", it.inventory), "InventoryLevel": levelID(it, it.levels[0]), "Product": gid("Product", it.id), "ProductVariant": gid("ProductVariant", it.id),
		"Return": gid("Return", last.id), "ReturnLineItem": gid("ReturnLineItem", last.lines[0].id), "Fulfillment": gid("Fulfillment", o.shipments[0].id), "FulfillmentOrder": gid("FulfillmentOrder", o.pay+"1"),
		"WebhookSubscription": gid("WebhookSubscription", r.w.hooks.of(shop, "")[0].id), "BulkOperation": gid("BulkOperation", s.bulks[0].id)}
}

func (r *rig) userErrors(query string, vars map[string]any) (codes []string) {
	r.Helper()
	_, got := r.gql(shop, query, vars)
	if got["errors"] != nil {
		return []string{fmt.Sprint(at(got, "errors", 0, "message"))}
	}
	for _, v := range got["data"].(map[string]any) {
		for _, e := range v.(map[string]any)["userErrors"].([]any) {
			one := e.(map[string]any)
			if one["code"] == nil {
				one["code"] = one["message"]
			}
			codes = append(codes, fmt.Sprint(one["code"])+"@"+fmt.Sprint(one["field"]))
		}
	}
	return codes
}

const setStock = `mutation($i: InventorySetQuantitiesInput!, $k: String!) { inventorySetQuantities(input: $i) @idempotent(key: $k) { inventoryAdjustmentGroup { id } userErrors { code field message } } }`

func stockVars(key string, rows ...map[string]any) map[string]any {
	return map[string]any{"k": key, "i": map[string]any{"name": "available", "reason": "correction", "quantities": rows}}
}

func TestSetQuantities(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	all, err := r.w.Items(shop)
	if err != nil {
		t.Fatal(err)
	}
	it := all[10] // with a slash in its name
	if it.SKU != "TEE S/M" {
		t.Fatal(it.SKU)
	}
	row := func(n any, was any) map[string]any {
		return map[string]any{"inventoryItemId": gid("InventoryItem", it.Inventory), "locationId": gid("Location", locationID), "quantity": n, "changeFromQuantity": was}
	}
	was := it.Stock[locationID]
	r.must(setStock, stockVars("k1", row(7, was)))
	r.must(setStock, stockVars("k1", row(7, was))) // the same again
	after, _ := r.w.Items(shop)
	r.want(after[10].Stock[locationID], 7, "stock")
	l := r.w.Ledger()
	if len(l.Stock) != 1 || l.Stock[0].Quantity != 7 || l.Stock[0].Key != "k1" {
		t.Errorf("ledger: %+v", l.Stock)
	}
	without := row(1, nil)
	delete(without, "changeFromQuantity")
	lost := row(1, nil)
	lost["inventoryItemId"] = gid("InventoryItem", "1")
	nowhere := row(1, nil)
	nowhere["locationId"] = gid("Location", "1")
	for name, c := range map[string]struct {
		vars map[string]any
		want string
	}{
		"another under one key": {stockVars("k1", row(9, nil)), "IDEMPOTENCY_KEY_PARAMETER_MISMATCH@[input]"},
		"stale":                 {stockVars("k2", row(9, 6)), "CHANGE_FROM_QUANTITY_STALE@[input quantities 0 changeFromQuantity]"},
		"no comparison":         {stockVars("k3", without), "COMPARE_QUANTITY_REQUIRED@[input quantities 0 changeFromQuantity]"},
		"unknown item":          {stockVars("k4", row(7, nil), lost), "INVALID_INVENTORY_ITEM@[input quantities 1 inventoryItemId]"},
		"unknown place":         {stockVars("k5", nowhere), "INVALID_LOCATION@[input quantities 0 locationId]"},
		"below zero":            {stockVars("k6", row(-1, nil)), "INVALID_QUANTITY_NEGATIVE@[input quantities 0 quantity]"},
		"no key":                {stockVars(" ", row(1, nil)), "The idempotency key cannot be empty or only whitespace."},
	} {
		if got := r.userErrors(setStock, c.vars); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	bare := strings.Replace(strings.Replace(setStock, " @idempotent(key: $k)", "", 1), ", $k: String!", "", 1)
	vars := stockVars("", row(1, nil))
	delete(vars, "k")
	if got := r.userErrors(bare, vars); len(got) != 1 || !strings.Contains(got[0], "@idempotent directive is required") {
		t.Errorf("without the directive: %q", got)
	}
	again, _ := r.w.Items(shop)
	r.want(again[10].Stock[locationID], 7, "stock after refusals")
}

const fulfill = `mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { fulfillment { id status trackingInfo { company number } fulfillmentLineItems(first: 5) { nodes { quantity } } } userErrors { field message } } }`

func TestFulfil(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o, err := r.w.AddOrder(NewOrder{Store: shop, Status: unshipped, Quantity: 3})
	if err != nil {
		t.Fatal(err)
	}
	_, got := r.gql(shop, `query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id status supportedActions { action } lineItems(first: 5) { nodes { id remainingQuantity } } } } } }`, map[string]any{"id": gid("Order", o.ID)})
	fo := at(got, "data", "order", "fulfillmentOrders", "nodes", 0)
	r.want(at(fo, "status"), "OPEN", "status")
	id, lineID := fmt.Sprint(at(fo, "id")), fmt.Sprint(at(fo, "lineItems", "nodes", 0, "id"))
	send := func(n int) map[string]any {
		return map[string]any{"f": map[string]any{"trackingInfo": map[string]any{"company": "DHL Express", "number": "42"},
			"lineItemsByFulfillmentOrder": []any{map[string]any{"fulfillmentOrderId": id, "fulfillmentOrderLineItems": []any{map[string]any{"id": lineID, "quantity": n}}}}}}
	}
	if got := r.userErrors(fulfill, send(4)); len(got) != 1 || !strings.Contains(got[0], "Invalid fulfillment order line item quantity") {
		t.Errorf("too many: %q", got)
	}
	r.must(fulfill, send(1))
	_, got = r.gql(shop, `query($id: ID!) { fulfillmentOrder(id: $id) { status lineItems(first: 5) { nodes { remainingQuantity } } } }`, map[string]any{"id": id})
	r.want(at(got, "data", "fulfillmentOrder", "status"), "IN_PROGRESS", "status after one of three")
	r.must(fulfill, map[string]any{"f": map[string]any{"lineItemsByFulfillmentOrder": []any{map[string]any{"fulfillmentOrderId": id}}}})
	if got := r.userErrors(fulfill, send(1)); len(got) != 1 || !strings.Contains(got[0], "not in an open state") {
		t.Errorf("nothing left: %q", got)
	}
	l := r.w.Ledger()
	if len(l.Shipments) != 2 || l.Shipments[0].Number != "42" || l.Shipments[0].Lines[o.Lines[0]] != 1 || l.Shipments[1].Lines[o.Lines[0]] != 2 {
		t.Errorf("ledger: %+v", l.Shipments)
	}
}

const processReturn = `mutation($i: ReturnProcessInput!) { returnProcess(input: $i) { return { id status } userErrors { code field message } } }`

func TestReturns(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o := r.sentOrder()
	ret, err := r.w.AddReturn(NewReturn{Store: shop, Order: o.ID, Reason: "defective", Note: "broken"})
	if err != nil {
		t.Fatal(err)
	}
	id := gid("Return", ret.ID)
	const read = `query($id: ID!) { return(id: $id) { status name order { id returnStatus } returnLineItems(first: 5) { nodes { id quantity processableQuantity customerNote ... on ReturnLineItem { fulfillmentLineItem { lineItem { sku } } } } }
		refunds(first: 5) { nodes { totalRefundedSet { presentmentMoney { amount } } } } reverseFulfillmentOrders(first: 2) { nodes { id status } } } }`
	_, got := r.gql(shop, read, map[string]any{"id": id})
	r.want(at(got, "data", "return", "status"), "REQUESTED", "status")
	r.want(at(got, "data", "return", "order", "returnStatus"), "RETURN_REQUESTED", "the order's")
	line := fmt.Sprint(at(got, "data", "return", "returnLineItems", "nodes", 0, "id"))
	pay := r.shopify(shop).order(o.ID).pay
	process := func(qty int, amount string) map[string]any {
		return map[string]any{"i": map[string]any{"returnId": id, "returnLineItems": []any{map[string]any{"id": line, "quantity": qty}},
			"financialTransfer": map[string]any{"issueRefund": map[string]any{"orderTransactions": []any{map[string]any{"parentId": gid("OrderTransaction", pay),
				"transactionAmount": map[string]any{"amount": amount, "currencyCode": "USD"}}}}}}}
	}
	const approve = `mutation($i: ReturnApproveRequestInput!) { returnApproveRequest(input: $i) { return { status } userErrors { code field message } } }`
	vars := map[string]any{"i": map[string]any{"id": id}}
	if got := r.userErrors(processReturn, process(1, "5")); len(got) != 1 || !strings.HasPrefix(got[0], "INVALID_STATE") {
		t.Errorf("before it was approved: %q", got)
	}
	r.must(approve, vars)
	if got := r.userErrors(approve, vars); len(got) != 1 || !strings.HasPrefix(got[0], "INVALID_STATE") {
		t.Errorf("approved twice: %q", got)
	}
	for what, vars := range map[string]map[string]any{"too many": process(3, "5"), "too much": process(1, "30.01")} {
		if got := r.userErrors(processReturn, vars); len(got) != 1 || !strings.HasPrefix(got[0], "INVALID@") {
			t.Errorf("%s: %q", what, got)
		}
	}
	r.must(processReturn, process(1, "12.50"))
	r.must(processReturn, process(1, "12.50"))
	_, got = r.gql(shop, read, map[string]any{"id": id})
	r.want(at(got, "data", "return", "status"), "CLOSED", "status at the end")
	r.want(at(got, "data", "return", "refunds", "nodes", 1, "totalRefundedSet", "presentmentMoney", "amount"), "12.5", "refund")
	l := r.w.Ledger()
	if len(l.Refunds) != 2 || l.Refunds[0].Return != ret.ID || len(l.Decisions) < 2 {
		t.Errorf("ledger: %+v %+v", l.Refunds, l.Decisions)
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Orders: 40})
	for _, group := range []bool{false, true} {
		got := r.must(`mutation($q: String!, $g: Boolean!) { bulkOperationRunQuery(query: $q, groupObjects: $g) { bulkOperation { id status } userErrors { code message } } }`, map[string]any{"q": bulkQuery, "g": group})
		id := at(got, "bulkOperation", "id")
		_, got2 := r.gql(shop, `query($id: ID!) { bulkOperation(id: $id) { status url fileSize objectCount rootObjectCount } }`, map[string]any{"id": id})
		op := at(got2, "data", "bulkOperation")
		r.want(at(op, "status"), "COMPLETED", "status")
		r.want(at(op, "rootObjectCount"), "40", "orders")
		url := strings.TrimPrefix(fmt.Sprint(at(op, "url")), r.srv.URL)
		status, _, body, err := r.do(http.MethodGet, url, nil, "")
		if err != nil || status != http.StatusOK || fmt.Sprint(len(body)) != at(op, "fileSize") {
			t.Fatalf("%d, %d bytes, %v", status, len(body), err)
		}
		lines := strings.Split(strings.TrimSpace(body), "\n")
		r.want(fmt.Sprint(len(lines)), at(op, "objectCount"), "lines")
		orders, last := 0, ""
		for _, line := range lines {
			var v struct {
				ID, Name string
				Parent   string `json:"__parentId"`
			}
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatal(err)
			}
			if v.Parent == "" {
				orders, last = orders+1, v.ID
			} else if group && v.Parent != last {
				t.Errorf("a line of %s stands behind %s", v.Parent, last)
			}
		}
		r.want(orders, 40, "orders in the file")
	}
	for q, want := range map[string]string{"{ shop { id } }": "INVALID", "{ orders { edges { node { refunds { refundLineItems { edges { node { quantity } } } } } } } }": "INVALID", "{ nonsense }": "INVALID"} {
		got := r.userErrors(`mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { code field message } } }`, map[string]any{"q": q})
		if len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: %q", q, got)
		}
	}
}

func TestSearchOfItems(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for q, want := range map[string]int{`sku:'TEE S/M'`: 1, `sku:"SET ☕ 3+1"`: 1, `sku:'LAMP\"24\"'`: 1, `sku:'nothing'`: 0, `sku:LAMP-OAK-01`: 1, "": 16, `product_status:draft`: 1} {
		_, got := r.gql(shop, `query($q: String) { productVariants(first: 50, query: $q) { nodes { sku inventoryItem { inventoryLevels(first: 5) { nodes { location { name } quantities(names: ["available"]) { quantity } } } } } } }`, map[string]any{"q": q})
		nodes, _ := at(got, "data", "productVariants", "nodes").([]any)
		if len(nodes) != want {
			t.Errorf("%s: %d, want %d: %.300v", q, len(nodes), want, got)
		}
	}
}
