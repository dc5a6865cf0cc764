package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const graphqlURL = "/admin/api/2026-10/graphql.json"

func (r *rig) gql(store, query string, vars map[string]any) (int, map[string]any) {
	r.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		r.Fatal(err)
	}
	return r.call(store, "POST", graphqlURL, string(body))
}

const refundMutation = `mutation Back($in: RefundInput!, $key: String!) {
  refundCreate(input: $in) @idempotent(key: $key) {
    refund { id note totalRefundedSet { presentmentMoney { amount currencyCode } } transactions(first: 5) { nodes { kind status amountSet { shopMoney { amount } } } } }
    order { displayFinancialStatus }
    userErrors { field message }
  }
}`

// refundVars are the variables of a refund of one amount of the famous order.
func (r *rig) refundVars(o OrderInfo, amount, key string) map[string]any {
	r.Helper()
	id := "gid://shopify/Order/" + o.ID
	_, got := r.gql("shopify-main", `query($id: ID!){order(id:$id){transactions{id kind gateway}}}`, map[string]any{"id": id})
	tx := at(got, "data", "order", "transactions", 0)
	return map[string]any{"key": key, "in": map[string]any{"orderId": id, "note": "key " + key, "transactions": []any{map[string]any{
		"orderId": id, "parentId": at(tx, "id"), "gateway": at(tx, "gateway"), "kind": "REFUND", "amount": amount}}}}
}

func TestGraphQLExecutesWhatIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := "gid://shopify/Order/" + r.famous("shopify-main").ID
	_, got := r.gql("shopify-main", `
query Q($id: ID!, $yes: Boolean = true, $no: Boolean!) {
  last: order(id: $id) { ...Short number: name lines: lineItems(first: 1) { edges { cursor node { ... on LineItem { sku } __typename } } pageInfo { hasNextPage } } }
  node(id: $id) { __typename id ... on Order { name email @include(if: $no) note @skip(if: $yes) } ... on Customer { displayName } }
  nodes(ids: [$id, "gid://shopify/Order/1"]) { id }
  shop { name currencyCode }
}
fragment Short on Order { id ...Money }
fragment Money on Order { totalPriceSet { shopMoney { amount } } totalPriceSet { shopMoney { currencyCode } } }`,
		map[string]any{"id": id, "no": false})
	if got["errors"] != nil {
		t.Fatalf("errors: %v", got["errors"])
	}
	d := got["data"]
	r.want(at(d, "last", "number"), "#1234", "alias of a field")
	r.want(at(d, "last", "totalPriceSet", "shopMoney", "amount"), "59.9", "fragments merge")
	r.want(at(d, "last", "totalPriceSet", "shopMoney", "currencyCode"), "USD", "selections of one key merge")
	r.want(at(d, "last", "lines", "edges", 0, "node", "__typename"), "LineItem", "typename")
	r.want(at(d, "last", "lines", "pageInfo", "hasNextPage"), true, "one of two lines")
	r.want(at(d, "node", "name"), "#1234", "inline fragment on the type")
	for _, absent := range []string{"email", "note", "displayName"} {
		if _, there := d.(map[string]any)["node"].(map[string]any)[absent]; there {
			t.Errorf("%s was not to be there", absent)
		}
	}
	r.want(at(d, "nodes", 0, "id"), id, "nodes")
	r.want(at(d, "nodes", 1), nil, "a node that is not there")
	r.want(at(got, "extensions", "cost", "throttleStatus", "maximumAvailable"), "2000", "cost")
}

func TestGraphQLAnswersKeepTheOrderAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	_, raw, err := r.raw("shopify-main", "POST", graphqlURL, `{"query":"{shop{name id currencyCode email}}"}`)
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, f := range []string{`"data"`, `"shop"`, `"name"`, `"id"`, `"currencyCode"`, `"email"`, `"extensions"`} {
		if i := strings.Index(raw, f); i < last {
			t.Errorf("%s comes too early in %s", f, raw)
		} else {
			last = i
		}
	}
}

func TestGraphQLRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for name, tc := range map[string]struct {
		body string
		code int
		want string
	}{
		"unknown field":      {`{"query":"{shop{nonsense}}"}`, 200, "nonsense"},
		"syntax":             {`{"query":"{shop{"}`, 200, "Expected"},
		"no query":           {`{}`, 400, "Required parameter"},
		"no JSON":            {`<html>`, 400, "Required parameter"},
		"variable missing":   {`{"query":"query($id: ID!){order(id:$id){id}}"}`, 200, "INVALID_VARIABLE"},
		"variable null":      {`{"query":"query($id: ID!){order(id:$id){id}}","variables":{"id":null}}`, 200, "INVALID_VARIABLE"},
		"neither first/last": {`{"query":"{orders{nodes{id}}}"}`, 200, "first or last"},
		"first too large":    {`{"query":"{orders(first:251){nodes{id}}}"}`, 200, "250"},
		"bad cursor":         {`{"query":"{orders(first:1,after:\"zzz\"){nodes{id}}}"}`, 200, "Invalid cursor"},
		"number too large":   {`{"query":"{orders(first:99999999999999999999){nodes{id}}}"}`, 200, "errors"},
		"introspection":      {`{"query":"{__schema{types{name}}}"}`, 200, "errors"},
		"unknown operation":  {`{"query":"query A{shop{id}} query B{shop{id}}","operationName":"C"}`, 200, "operation name"},
	} {
		status, raw, err := r.raw("shopify-main", "POST", graphqlURL, tc.body)
		if err != nil || status != tc.code || !strings.Contains(raw, tc.want) || !strings.Contains(raw, `"errors"`) {
			t.Errorf("%s: %d %v %s", name, status, err, raw)
		}
	}
	if status, _ := r.call("shopify-main", "POST", "/admin/api/2026-10/products.json", "{}"); status != 404 {
		t.Errorf("a path that is not there: %d", status)
	}
}

func TestRefundCreateHappensOncePerKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o := r.famous("shopify-main")
	vars := r.refundVars(o, "10.00", "k1")
	_, first := r.gql("shopify-main", refundMutation, vars)
	p := at(first, "data", "refundCreate")
	r.want(at(p, "refund", "totalRefundedSet", "presentmentMoney", "amount"), "10.0", "amount")
	r.want(at(p, "order", "displayFinancialStatus"), "PARTIALLY_REFUNDED", "status")
	r.want(at(p, "refund", "transactions", "nodes", 0, "kind"), "REFUND", "transaction")
	_, again := r.gql("shopify-main", refundMutation, vars)
	r.want(at(again, "data", "refundCreate", "refund", "id"), at(p, "refund", "id"), "the same refund under the same key")
	_, other := r.gql("shopify-main", refundMutation, r.refundVars(o, "11.00", "k1"))
	r.want(strings.Contains(fmt.Sprint(at(other, "data", "refundCreate", "userErrors", 0, "message")), "same idempotency key"), true, "other parameters under one key")
	l := r.w.Ledger()
	if len(l.Refunds) != 1 || l.Refunds[0].Key != "k1" || l.Refunds[0].Amount.String() != "10.00 USD" || l.Refunds[0].Number != "1234" {
		t.Errorf("ledger: %+v", l.Refunds)
	}
	r.want(l.Calls["shopify-main"]["refund"], 3, "calls")
	r.clock.add(25 * time.Hour)
	r.tokens = map[string]string{}
	_, got := r.refresh("shopify-main", r.w.stores["shopify-main"].auth.newest())
	r.tokens["shopify-main"] = got["access_token"].(string)
	r.gql("shopify-main", refundMutation, vars)
	r.want(len(r.w.Ledger().Refunds), 2, "refunds after the key was forgotten")
}

func TestRefundCreateRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o := r.famous("shopify-main")
	change := func(f func(in, tx map[string]any)) map[string]any {
		v := r.refundVars(o, "5", "k")
		in := v["in"].(map[string]any)
		f(in, in["transactions"].([]any)[0].(map[string]any))
		return v
	}
	for name, tc := range map[string]struct {
		vars map[string]any
		want string
	}{
		"too much":      {r.refundVars(o, "59.91", "k"), "cannot be greater"},
		"no money":      {r.refundVars(o, "0", "k"), "greater than zero"},
		"fraction":      {r.refundVars(o, "0.001", "k"), "greater than zero"},
		"other order":   {change(func(in, _ map[string]any) { in["orderId"] = "gid://shopify/Order/5" }), "does not exist"},
		"no parent":     {change(func(_, tx map[string]any) { delete(tx, "parentId") }), "Parent"},
		"wrong parent":  {change(func(_, tx map[string]any) { tx["parentId"] = "gid://shopify/OrderTransaction/1" }), "Parent"},
		"wrong gateway": {change(func(_, tx map[string]any) { tx["gateway"] = "cash" }), "Gateway"},
		"wrong kind":    {change(func(_, tx map[string]any) { tx["kind"] = "SALE" }), "Kind"},
		"currency":      {change(func(in, _ map[string]any) { in["currency"] = "EUR" }), "Currency"},
		"quantity": {change(func(in, _ map[string]any) {
			in["refundLineItems"] = []any{map[string]any{"lineItemId": "gid://shopify/LineItem/" + o.Lines[0], "quantity": 2}}
		}), "more items than were purchased"},
		"nothing": {change(func(in, _ map[string]any) { delete(in, "transactions") }), "must have"},
	} {
		_, got := r.gql("shopify-main", refundMutation, tc.vars)
		if msg := fmt.Sprint(at(got, "data", "refundCreate", "userErrors", 0, "message")); !strings.Contains(msg, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	in := r.refundVars(o, "5", "k")["in"]
	_, got := r.gql("shopify-main", `mutation($in: RefundInput!){refundCreate(input:$in){userErrors{message}}}`, map[string]any{"in": in})
	r.want(strings.Contains(fmt.Sprint(at(got, "errors", 0, "message")), "@idempotent"), true, "no key: "+fmt.Sprint(got))
	_, got = r.gql("shopify-main", refundMutation, map[string]any{"in": in, "key": " "})
	r.want(at(got, "errors", 0, "extensions", "code"), "BAD_REQUEST", "empty key")
	r.want(len(r.w.Ledger().Refunds), 0, "refunds")
}

func TestRefundByLinesAndShipping(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o := r.famous("shopify-main")
	id := "gid://shopify/Order/" + o.ID
	suggest := `query($id: ID!){order(id:$id){suggestedRefund(suggestFullRefund: true){amountSet{shopMoney{amount}} maximumRefundableSet{shopMoney{amount}}
	  shipping{amountSet{shopMoney{amount}}} refundLineItems{quantity lineItem{id}} suggestedTransactions{kind gateway parentTransaction{id} amountSet{shopMoney{amount}}}} lineItems(first:5){nodes{refundableQuantity}}}}`
	_, got := r.gql("shopify-main", suggest, map[string]any{"id": id})
	s := at(got, "data", "order", "suggestedRefund")
	r.want(at(s, "amountSet", "shopMoney", "amount"), "59.9", "all of it")
	r.want(at(s, "shipping", "amountSet", "shopMoney", "amount"), "7.99", "shipping")
	r.want(at(s, "suggestedTransactions", 0, "kind"), "SUGGESTED_REFUND", "kind")
	vars := r.refundVars(o, "12.69", "k") // the second line: 12.50 less nothing, and its tax of 1.19, is 13.69; keep a euro
	in := vars["in"].(map[string]any)
	in["refundLineItems"] = map[string]any{"lineItemId": "gid://shopify/LineItem/" + o.Lines[1], "quantity": 1, "restockType": "NO_RESTOCK"} // one is a list of one
	_, got = r.gql("shopify-main", refundMutation, vars)
	if e := at(got, "data", "refundCreate", "userErrors", 0); e != nil {
		t.Fatal(e)
	}
	_, got = r.gql("shopify-main", suggest, map[string]any{"id": id})
	r.want(at(got, "data", "order", "suggestedRefund", "maximumRefundableSet", "shopMoney", "amount"), "47.21", "what is left")
	r.want(at(got, "data", "order", "lineItems", "nodes", 1, "refundableQuantity"), "0", "no unit left")
	r.want(at(got, "data", "order", "lineItems", "nodes", 0, "refundableQuantity"), "1", "the other one is")
}

func TestOrdersPagesAreComplete(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Stores: []StoreSpec{{Name: "shop", Platform: Shopify, Orders: 37}}})
	for _, tc := range []string{"UPDATED_AT", "CREATED_AT", "ID", "TOTAL_PRICE"} {
		for _, back := range []bool{false, true} {
			seen, cursor, pages := map[string]bool{}, any(nil), 0
			var last string
			for {
				_, got := r.gql("shop", `query($a: String, $k: OrderSortKeys, $r: Boolean){orders(first:10, after:$a, sortKey:$k, reverse:$r){nodes{id updatedAt} pageInfo{hasNextPage endCursor}}}`,
					map[string]any{"a": cursor, "k": tc, "r": back})
				page := at(got, "data", "orders")
				for _, n := range at(page, "nodes").([]any) {
					id, when := at(n, "id").(string), at(n, "updatedAt").(string)
					if seen[id] {
						t.Fatalf("%s: %s twice", tc, id)
					}
					seen[id] = true
					if tc == "UPDATED_AT" && last != "" && (when < last) != back && when != last {
						t.Errorf("%s after %s (reverse %v)", when, last, back)
					}
					last = when
				}
				pages++
				if at(page, "pageInfo", "hasNextPage") != true {
					break
				}
				cursor = at(page, "pageInfo", "endCursor")
			}
			if len(seen) != 37 || pages != 4 {
				t.Errorf("%s reverse %v: %d orders on %d pages", tc, back, len(seen), pages)
			}
		}
	}
	_, got := r.gql("shop", `{last: orders(last: 3){nodes{id} pageInfo{hasPreviousPage hasNextPage}}}`, nil)
	r.want(len(at(got, "data", "last", "nodes").([]any)), 3, "the last three")
	r.want(at(got, "data", "last", "pageInfo", "hasPreviousPage"), true, "there are some before")
}

func TestOrdersSearch(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	all, err := r.w.Orders("shopify-main")
	if err != nil {
		t.Fatal(err)
	}
	count := func(f func(OrderInfo) bool) (n int) {
		for _, o := range all {
			if f(o) {
				n++
			}
		}
		return n
	}
	since := all[10].Updated
	after := count(func(o OrderInfo) bool { return !o.Updated.Truncate(time.Second).Before(since.Truncate(time.Second)) })
	for q, want := range map[string]int{
		"":                       24,
		"name:#1234":             1,
		"name:1234":              1,
		"1234":                   1,
		"name:#9999":             0,
		"email:" + all[0].Email:  1,
		"status:any":             24,
		"status:cancelled":       count(func(o OrderInfo) bool { return o.Status == cancelled }),
		"financial_status:paid":  count(func(o OrderInfo) bool { return o.Refunded.Minor == 0 }),
		"created_at:>2020-01-01": 24,
		"updated_at:>='" + since.Format(time.RFC3339) + "'":                   after,
		`updated_at:>="` + since.Format(time.RFC3339) + `" AND status:any`:    after,
		"updated_at:<'" + since.Format(time.RFC3339) + "'":                    24 - after,
		"updated_at:>=" + since.Format(time.RFC3339):                          24, // not in quotes: left out, with a warning
		"fulfillment_status:unfulfilled financial_status:paid name:nonsense*": 0,
	} {
		_, got := r.gql("shopify-main", `query($q: String){orders(first:100, query:$q){nodes{id}} ordersCount(query:$q){count}}`, map[string]any{"q": q})
		list, _ := at(got, "data", "orders", "nodes").([]any)
		if len(list) != want {
			t.Errorf("%q: %d orders, want %d", q, len(list), want)
		}
		r.want(at(got, "data", "ordersCount", "count"), fmt.Sprint(want), "count of "+q)
		warned := at(got, "extensions", "search") != nil
		if warned != strings.HasPrefix(q, "updated_at:>=2") {
			t.Errorf("%q: warned %v", q, warned)
		}
	}
}

func TestShopifyTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{TokenTTL: time.Minute})
	a := r.account("shopify-main")
	_, one := r.refresh(a.Name, a.Refresh)
	second := one["refresh_token"].(string)
	if second == a.Refresh || one["expires_in"].(json.Number) != "60" {
		t.Fatalf("first refresh: %v", one)
	}
	// The answer was lost: the first token still works, and gives the same second one.
	_, two := r.refresh(a.Name, a.Refresh)
	r.want(two["refresh_token"], second, "the second token again")
	_, three := r.refresh(a.Name, second)
	if three["refresh_token"] == second {
		t.Error("the second token did not rotate")
	}
	status, got := r.refresh(a.Name, a.Refresh)
	r.want(fmt.Sprintf("%d %v", status, got["error"]), "400 invalid_grant", "the first token after the second was used")
	r.want(at(got, "access_token"), nil, "no token")
	r.tokens[a.Name] = three["access_token"].(string)
	if status, _ := r.gql(a.Name, "{shop{id}}", nil); status != 200 {
		t.Errorf("fresh token: %d", status)
	}
	r.clock.add(time.Minute)
	if status, got := r.gql(a.Name, "{shop{id}}", nil); status != 401 || got["errors"] == nil {
		t.Errorf("expired token: %d %v", status, got)
	}
	status, got = r.tokenCall(a.Name, url.Values{"grant_type": {"client_credentials"}}, clientSecret)
	if status != 200 || got["refresh_token"] != nil {
		t.Errorf("client credentials: %d %v", status, got)
	}
	status, got = r.tokenCall(a.Name, url.Values{"grant_type": {"client_credentials"}}, "wrong")
	r.want(fmt.Sprintf("%d %v", status, got["error"]), "401 invalid_client", "wrong secret")
}

func TestShopifyScopes(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Stores: []StoreSpec{{Name: "shopify-main", Platform: Shopify, Orders: 150}}})
	o := r.famous("shopify-main")
	vars := r.refundVars(o, "1", "k")
	if err := r.w.SetScopes("shopify-main", []string{"read_orders"}); err != nil {
		t.Fatal(err)
	}
	_, got := r.gql("shopify-main", refundMutation, vars)
	r.want(at(got, "errors", 0, "extensions", "code"), "ACCESS_DENIED", "refund without write_orders")
	r.want(len(r.w.Ledger().Refunds), 0, "refunds")
	_, got = r.gql("shopify-main", `{currentAppInstallation{accessScopes{handle}} orders(first:1){nodes{name customer{id displayName}}}}`, nil)
	r.want(at(got, "data", "currentAppInstallation", "accessScopes", 0, "handle"), "read_orders", "scopes")
	// displayName may not be null, so the customer becomes null instead of the order.
	r.want(at(got, "data", "orders", "nodes", 0, "customer"), nil, "customer")
	r.want(at(got, "data", "orders", "nodes", 0, "name") != nil, true, "the rest of the order")
	r.want(at(got, "errors", 0, "extensions", "requiredAccess"), "`read_customers` access scope.", "why")
	if err := r.w.SetScopes("shopify-main", []string{"read_customers"}); err != nil {
		t.Fatal(err)
	}
	_, got = r.gql("shopify-main", `{orders(first:1){nodes{name}}}`, nil)
	r.want(at(got, "data"), nil, "no data, since orders may not be null")
	r.want(at(got, "errors", 0, "extensions", "code"), "ACCESS_DENIED", "orders without read_orders")
}

func TestShopifyThrottles(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{RateLimits: true})
	q := `{` + strings.Repeat(`a%d: orders(first:50){nodes{lineItems(first:50){nodes{taxLines{priceSet{shopMoney{amount}}}}}}} `, 40) + `}`
	for i := range 40 {
		q = strings.Replace(q, "%d", fmt.Sprint(i), 1)
	}
	throttled := 0
	for range 12 {
		status, got := r.gql("shopify-main", q, nil)
		r.want(status, http.StatusOK, "status")
		if at(got, "errors", 0, "extensions", "code") == "THROTTLED" {
			throttled++
			r.want(at(got, "data"), nil, "no data")
			r.want(at(got, "extensions", "cost", "actualQueryCost"), nil, "no cost")
		}
	}
	if throttled == 0 || throttled == 12 {
		t.Errorf("%d of 12 throttled", throttled)
	}
	r.clock.add(20 * time.Second)
	_, got := r.gql("shopify-main", q, nil)
	r.want(got["errors"], nil, "after a rest")
}

func TestNumbersBeyondFloats(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	o := r.famous("shopify-main")
	if len(o.ID) < 16 {
		t.Fatalf("the id %s would survive a float", o.ID)
	}
	_, raw, err := r.raw("shopify-main", "POST", graphqlURL, `{"query":"{orders(first:1,query:\"name:#1234\"){nodes{id legacyResourceId}}}"}`)
	if err != nil || !strings.Contains(raw, `"legacyResourceId":"`+o.ID+`"`) || !strings.Contains(raw, "gid://shopify/Order/"+o.ID) {
		t.Errorf("%v %s", err, raw)
	}
}
