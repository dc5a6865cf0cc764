package sandbox

import (
	"cmp"
	"fmt"
	"slices"
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
		n, precision := x.search(text(a["query"]), false).count(), "EXACT"
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
		if b := x.s.buyer(n); b != nil {
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
	if o := x.partOf(id); o != nil {
		return o
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
	key := text(a["sortKey"])
	by, ok := sorting(key)
	if !ok {
		return nil, &gqlError{"This sort key is not supported here", "BAD_REQUEST", ""}
	}
	byChange := key == "UPDATED_AT"
	found := x.search(text(a["query"]), byChange)
	cur := func(o *order) string { return cursor(orderCursor{by(o), o.id}) }
	if byChange || key == "CREATED_AT" || key == "PROCESSED_AT" || key == "" || key == "ID" || key == "RELEVANCE" {
		if !found.named {
			return x.walk(a, found, cur)
		}
	}
	all := found.list()
	back, _ := a["reverse"].(bool)
	less := func(v, id string, o *order) int {
		n := cmp.Or(strings.Compare(v, by(o)), strings.Compare(id, o.id))
		if back {
			return -n
		}
		return n
	}
	slices.SortFunc(all, func(p, q *order) int { return less(by(p), p.id, q) })
	lo, hi := 0, len(all)
	for name, bound := range map[string]*int{"after": &lo, "before": &hi} {
		if v := text(a[name]); v != "" {
			var c orderCursor
			if !uncursor(v, &c) {
				return nil, errCursor
			}
			*bound = len(all)
			for i, o := range all {
				if n := less(c.V, c.ID, o); n < 0 || n == 0 && name == "before" {
					*bound = i
					break
				}
			}
		}
	}
	return window(a, all, lo, max(lo, hi), "Order", x.order, func(_ int, o *order) string { return cur(o) })
}

var errCursor = &gqlError{"Invalid cursor for current pagination sort.", "BAD_REQUEST", ""}

// walk takes a page of orders out of a view without looking at the others.
func (x *exec) walk(a args, q sought, cur func(*order) string) (any, error) {
	n, last, err := pageSize(a)
	if err != nil {
		return nil, err
	}
	back, _ := a["reverse"].(bool)
	lo, hi := q.view.lo, q.view.hi
	for _, name := range []string{"after", "before"} {
		v := text(a[name])
		if v == "" {
			continue
		}
		var c orderCursor
		if !uncursor(v, &c) {
			return nil, errCursor
		}
		ord, ok := x.s.ordinal(c.ID)
		if !ok {
			return nil, errCursor
		}
		at := x.s.createdAt(ord)
		if q.view.byChange {
			if at, err = time.Parse("2006-01-02T15:04:05.000", c.V); err != nil {
				return nil, errCursor
			}
		}
		// The order itself may have moved on: what counts is where it stood.
		if (name == "after") == !back {
			lo = max(lo, x.s.rank(q.view.byChange, at, ord+1))
		} else {
			hi = min(hi, x.s.rank(q.view.byChange, at, ord))
		}
	}
	q.view.lo, q.view.hi = lo, max(lo, hi)
	down := back != last
	var page []*order
	more := false
	for i, all := 0, q.view.len(); i < all; i++ {
		k := i
		if down {
			k = all - 1 - i
		}
		if len(page) == n && len(q.tests) == 0 {
			more = true
			break
		}
		o := q.view.at(k)
		if !q.fits(o) {
			continue
		}
		if len(page) == n {
			more = true
			break
		}
		page = append(page, o)
	}
	info := m{"hasNextPage": more, "hasPreviousPage": text(a["after"]) != ""}
	if last {
		slices.Reverse(page)
		info = m{"hasNextPage": text(a["before"]) != "", "hasPreviousPage": more}
	}
	return connection("Order", page, x.order, func(_ int, o *order) string { return cur(o) }, info), nil
}

// partOf is what belongs to an order, by its global id.
func (x *exec) partOf(id string) *object {
	if n, ok := plain("LineItem", id); ok {
		if o := x.s.byLine(n); o != nil {
			return x.line(o, o.line(n))
		}
		return nil
	}
	n, ok := plain("OrderTransaction", id)
	if ok {
		if o := x.s.byPay(n); o != nil {
			return x.payment(o)
		}
	}
	for _, kind := range []string{"Refund", "Fulfillment"} {
		if v, is := plain(kind, id); is {
			n, ok = v, true
		}
	}
	if !ok {
		return nil
	}
	try := func(o *order) *object {
		for _, sh := range o.shipments {
			if id == gid("Fulfillment", sh.id) {
				return x.shipment(o, sh)
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
		return nil
	}
	// What was there from the start says which order's it is.
	if k := unstep(n, firstRefund+seededRefund, 1); k >= 1 {
		if o := x.s.nth(int(k/2) - 1); o != nil {
			return try(o)
		}
	}
	if o := x.s.byPay(n); o != nil {
		return try(o)
	}
	for _, o := range x.s.touched {
		if found := try(o); found != nil {
			return found
		}
	}
	for _, o := range x.s.added {
		if found := try(o); found != nil {
			return found
		}
	}
	return nil
}
