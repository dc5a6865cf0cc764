package sandbox

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// root resolves the fields of QueryRoot.
func (x *exec) root(f string, a args) (any, error) {
	if strings.HasPrefix(f, "order") || f == "node" || f == "nodes" {
		if !x.s.auth.has("read_orders") {
			return nil, denied(f, "read_orders")
		}
	}
	switch f {
	case "productVariants", "productVariant", "products", "product", "inventoryItem", "inventoryItems", "inventoryLevel":
		return x.goods(f, a)
	case "fulfillmentOrder":
		if !x.s.auth.has(readShip) {
			return nil, denied(f, readShip)
		}
		return orNil(x.node(text(a["id"]))), nil
	case "return":
		if !x.s.auth.has("read_returns") {
			return nil, denied(f, "read_returns")
		}
		return orNil(x.node(text(a["id"]))), nil
	case "fulfillment", "bulkOperation":
		return orNil(x.node(text(a["id"]))), nil
	case "webhookSubscription":
		if h := x.subByGID(text(a["id"])); h != nil {
			return x.subscription(h), nil
		}
		return nil, nil
	case "webhookSubscriptions":
		return x.subscriptions(a)
	case "bulkOperations":
		return x.bulks(a)
	case "currentBulkOperation":
		if n := len(x.s.bulks); n > 0 {
			return x.bulkObject(x.s.bulks[n-1]), nil
		}
		return nil, nil
	case "shop":
		return x.shop(), nil
	case "currentAppInstallation", "appInstallation":
		return x.installation(), nil
	case "order":
		if o := x.byGID(text(a["id"])); o != nil {
			return x.order(o), nil
		}
	case "orderByIdentifier":
		in, _ := a["identifier"].(map[string]any)
		if o := x.byGID(text(in["id"])); o != nil {
			return x.order(o), nil
		}
	case "node":
		return orNil(x.node(text(a["id"]))), nil
	case "nodes":
		ids, _ := a["ids"].([]any)
		var all []any
		for _, id := range ids {
			all = append(all, orNil(x.node(text(id))))
		}
		return all, nil
	case "customer":
		return orNil(x.node(text(a["id"]))), nil
	case "location":
		if id := text(a["id"]); id != "" {
			n, _ := plain("Location", id)
			return orNil(x.locationOf(n)), nil
		}
		return x.location(), nil
	case "locations":
		return connect(a, x.s.places, "Location", func(p place) *object { return x.locationOf(p.id) })
	case "orders":
		return x.orders(a)
	case "ordersCount":
		found := x.search(text(a["query"]))
		n, precision := len(found), "EXACT"
		if most := number(a["limit"]); most > 0 && n > most {
			n, precision = most, "AT_LEAST"
		}
		return fieldsOf("Count", m{"count": n, "precision": precision}), nil
	}
	return nil, nil
}

func (x *exec) mutation(f string, a args) (any, error) {
	in, _ := a["input"].(map[string]any)
	switch f {
	case "inventorySetQuantities":
		return x.setQuantities(in)
	case "fulfillmentCreate":
		in, _ = a["fulfillment"].(map[string]any)
		return x.fulfil(in)
	case "returnApproveRequest", "returnDeclineRequest", "returnProcess", "returnClose":
		return x.decide(f, a)
	case "webhookSubscriptionCreate", "webhookSubscriptionUpdate", "webhookSubscriptionDelete":
		return x.subscribe(f, a)
	case "bulkOperationRunQuery":
		return x.runBulk(a)
	case "bulkOperationCancel":
		return x.cancelBulk(a)
	}
	return x.refundCreate(in)
}

// orNil keeps a missing object from becoming a value that is not nil.
func orNil(o *object) any {
	if o == nil {
		return nil
	}
	return o
}

// fieldsOf is an object whose fields are known beforehand.
func fieldsOf(name string, fields m) *object {
	return &object{name, func(f string, _ args) (any, error) { return fields[f], nil }}
}

func (x *exec) byGID(id string) *order {
	n, ok := plain("Order", id)
	if !ok {
		return nil
	}
	o := x.s.order(n)
	if o == nil || !x.visible(o) {
		return nil
	}
	return o
}

// visible: orders of more than sixty days ago need a scope of their own.
func (x *exec) visible(o *order) bool {
	return o.created.After(x.w.now().AddDate(0, 0, -60)) || x.s.auth.has("read_all_orders")
}

func (x *exec) node(id string) *object {
	if o := x.byGID(id); o != nil {
		return x.order(o)
	}
	if n, ok := plain("Customer", id); ok {
		if b := x.s.buyers[n]; b != nil {
			return x.customer(b)
		}
	}
	if o := x.goodsNode(id); o != nil {
		return o
	}
	if o := x.bulkByGID(id); o != nil {
		return o
	}
	if ff, ok := x.fulfilmentByGID(id); ok {
		return x.fulfilmentOrder(ff)
	}
	if r := x.returnByGID(id); r != nil {
		return x.ret(r)
	}
	if n, ok := plain("Location", id); ok {
		return x.locationOf(n)
	}
	for _, o := range x.s.orders {
		for _, sh := range o.shipments {
			if id == gid("Fulfillment", sh.id) {
				return x.shipment(o, sh)
			}
		}
		if n, ok := plain("LineItem", id); ok {
			if l := o.line(n); l != nil {
				return x.line(o, l)
			}
		}
		for _, r := range o.refunds {
			if id == gid("Refund", r.id) {
				return x.refund(o, r)
			}
			if id == gid("OrderTransaction", r.tx) {
				return x.payback(o, r)
			}
		}
		if id == gid("OrderTransaction", o.pay) {
			return x.payment(o)
		}
	}
	switch id {
	case gid("Shop", shopID):
		return x.shop()
	}
	return nil
}

const (
	shopID     = "9507199254741001"
	locationID = "9607199254741001"
)

var term = regexp.MustCompile(`(?:(-?\w+):\s*(<=|>=|<|>)?\s*)?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)`)

// search finds orders by Shopify's search syntax: terms that must all hold. A
// term it cannot read is left out of the search with a warning, as Shopify does.
func (x *exec) search(q string) []*order {
	type test func(*order) bool
	var tests []test
	for _, t := range term.FindAllStringSubmatch(q, -1) {
		field, op, value := t[1], t[2], t[3]
		quoted := strings.ContainsAny(value[:1], `'"`)
		value = strings.Trim(value, `'"`)
		switch field {
		case "":
			if value == "AND" || value == "*" {
				continue
			}
			tests = append(tests, func(o *order) bool {
				return strings.TrimPrefix(value, "#") == o.number || strings.EqualFold(value, o.buyer.email) || strings.Contains(strings.ToLower(o.buyer.name), strings.ToLower(value))
			})
		case "name":
			tests = append(tests, func(o *order) bool { return strings.TrimPrefix(value, "#") == o.number })
		case "id":
			tests = append(tests, func(o *order) bool { return value == o.id })
		case "email":
			tests = append(tests, func(o *order) bool { return strings.EqualFold(value, o.buyer.email) })
		case "status":
			if value == "any" || value == "open" || value == "not_closed" {
				tests = append(tests, func(o *order) bool { return value == "any" || o.status != cancelled })
				continue
			}
			tests = append(tests, func(o *order) bool { return value == "cancelled" && o.status == cancelled })
		case "financial_status":
			tests = append(tests, func(o *order) bool { return strings.EqualFold(value, financial(o)) })
		case "fulfillment_status":
			tests = append(tests, func(o *order) bool { return strings.EqualFold(value, fulfilmentState(o)) })
		case "updated_at", "created_at", "processed_at":
			at, err := searchTime(value, quoted)
			if err != nil {
				x.warnSearch(q, field, value)
				continue
			}
			tests = append(tests, func(o *order) bool {
				t := o.created
				if field == "updated_at" {
					t = o.updated
				}
				n := t.Truncate(time.Second).Compare(at)
				switch op {
				case ">":
					return n > 0
				case ">=":
					return n >= 0
				case "<":
					return n < 0
				case "<=":
					return n <= 0
				}
				return n == 0
			})
		default:
			x.warnSearch(q, field, value)
		}
	}
	var found []*order
	for _, o := range x.s.orders {
		if x.visible(o) && !slices.ContainsFunc(tests, func(t test) bool { return !t(o) }) {
			found = append(found, o)
		}
	}
	return found
}

func (x *exec) warnSearch(q, field, value string) {
	x.warn = append(x.warn, m{"path": []string{"orders"}, "query": q, "warnings": []m{{"field": field, "message": "Input `" + value + "` is not a value that this field can be searched by.", "code": "invalid_value"}}})
}

// searchTime reads a time. One with a clock in it has to stand in quotes, since
// its colons would end the term otherwise.
func searchTime(v string, quoted bool) (time.Time, error) {
	if t, err := time.Parse("2006-01-02", v); err == nil {
		return t, nil
	}
	if !quoted {
		return time.Time{}, fmt.Errorf("a time without quotes: %q", v)
	}
	return time.Parse(time.RFC3339, v)
}

// sorting gives the value by which an order is sorted, as text that sorts alike.
func sorting(key string) (func(*order) string, bool) {
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000") }
	switch key {
	case "UPDATED_AT":
		return func(o *order) string { return at(o.updated) }, true
	case "CREATED_AT", "PROCESSED_AT", "":
		return func(o *order) string { return at(o.created) }, true
	case "ORDER_NUMBER":
		return func(o *order) string { return fmt.Sprintf("%020s", o.number) }, true
	case "TOTAL_PRICE", "CURRENT_TOTAL_PRICE":
		return func(o *order) string { return fmt.Sprintf("%020d", o.total()) }, true
	case "CUSTOMER_NAME":
		return func(o *order) string { return o.buyer.name }, true
	case "ID", "RELEVANCE":
		return func(o *order) string { return o.id }, true
	}
	return nil, false
}

// orderCursor is what a cursor of orders hides: the place by value, so that a
// page goes on rightly although orders moved meanwhile.
type orderCursor struct{ V, ID string }

func (x *exec) orders(a args) (any, error) {
	by, ok := sorting(text(a["sortKey"]))
	if !ok {
		return nil, &gqlError{"This sort key is not supported here", "BAD_REQUEST", ""}
	}
	found := x.search(text(a["query"]))
	back, _ := a["reverse"].(bool)
	less := func(v, id string, o *order) int {
		n := cmp.Or(strings.Compare(v, by(o)), strings.Compare(id, o.id))
		if back {
			return -n
		}
		return n
	}
	slices.SortFunc(found, func(p, q *order) int { return less(by(p), p.id, q) })
	all := len(found)
	lo, hi := 0, all
	for name, bound := range map[string]*int{"after": &lo, "before": &hi} {
		if v := text(a[name]); v != "" {
			var c orderCursor
			if !uncursor(v, &c) {
				return nil, &gqlError{"Invalid cursor for current pagination sort.", "BAD_REQUEST", ""}
			}
			*bound = all
			for i, o := range found {
				if n := less(c.V, c.ID, o); n < 0 || n == 0 && name == "before" {
					*bound = i
					break
				}
			}
		}
	}
	return window(a, found, lo, max(lo, hi), "Order", func(o *order) *object { return x.order(o) }, func(_ int, o *order) string { return cursor(orderCursor{by(o), o.id}) })
}

// connect makes a connection of a list that does not change while it is paged.
func connect[T any](a args, in []T, name string, f func(T) *object) (any, error) {
	lo, hi := 0, len(in)
	if back, _ := a["reverse"].(bool); back {
		in = slices.Clone(in)
		slices.Reverse(in)
	}
	for arg, bound := range map[string]*int{"after": &lo, "before": &hi} {
		if v := text(a[arg]); v != "" {
			var n int
			if !uncursor(v, &n) {
				return nil, &gqlError{"Invalid cursor for current pagination sort.", "BAD_REQUEST", ""}
			}
			if *bound = min(max(n, 0), len(in)); arg == "after" {
				*bound = min(*bound+1, len(in))
			}
		}
	}
	return window(a, in, lo, max(lo, hi), name, f, func(i int, _ T) string { return cursor(i) })
}

// window takes the first or last so many between two places.
func window[T any](a args, in []T, lo, hi int, name string, f func(T) *object, cur func(int, T) string) (any, error) {
	_, hasFirst := a["first"]
	_, hasLast := a["last"]
	first, last := number(a["first"]), number(a["last"])
	switch {
	case hasFirst == hasLast:
		return nil, &gqlError{"you must provide one of first or last", "BAD_REQUEST", ""}
	case first > 250 || last > 250:
		return nil, &gqlError{strconv.Itoa(max(first, last)) + " is more than the 250 that one page can have", "BAD_REQUEST", ""}
	case hasFirst && first < 1 || hasLast && last < 1:
		return nil, &gqlError{"first and last must be greater than zero", "BAD_REQUEST", ""}
	}
	from, to := lo, hi
	if hasFirst {
		to = min(hi, lo+first)
	} else {
		from = max(lo, hi-last)
	}
	page := in[from:to]
	return &object{name + "Connection", func(field string, _ args) (any, error) {
		switch field {
		case "nodes":
			return list(page, func(_ int, v T) *object { return f(v) }), nil
		case "edges":
			return list(page, func(i int, v T) *object {
				return &object{name + "Edge", func(g string, _ args) (any, error) {
					if g == "cursor" {
						return cur(from+i, v), nil
					}
					return f(v), nil
				}}
			}), nil
		}
		info := m{"hasNextPage": to < len(in), "hasPreviousPage": from > 0}
		if len(page) > 0 {
			info["startCursor"], info["endCursor"] = cur(from, page[0]), cur(to-1, page[len(page)-1])
		}
		return fieldsOf("PageInfo", info), nil
	}}, nil
}
