package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func shopifyRefusal(kind string) reply {
	switch kind {
	case Error503:
		return jsonReply(http.StatusServiceUnavailable, m{"errors": "Service Unavailable"})
	case Error429:
		return jsonReply(http.StatusTooManyRequests, m{"errors": "Exceeded 40 calls per second for api client. Reduce request rates to resume uninterrupted service."}).with("Retry-After", "2.0")
	case Throttled:
		return jsonReply(http.StatusOK, m{"errors": []m{throttledError()}, "extensions": m{"cost": m{"requestedQueryCost": 100, "actualQueryCost": nil,
			"throttleStatus": m{"maximumAvailable": pointsMost, "currentlyAvailable": 0, "restoreRate": pointsRate}}}})
	}
	return jsonReply(http.StatusInternalServerError, m{"errors": "Internal Server Error"})
}

func throttledError() m {
	return m{"message": "Throttled", "extensions": m{"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"}}
}

// The points of a plan: so many in the bucket, so many back each second.
const (
	pointsMost = 2000.0
	pointsRate = 100.0
)

var graphqlPath = regexp.MustCompile(`^/admin/api/(\d{4}-\d{2}|unstable)/graphql\.json$`)

func (w *World) serveShopify(c *call) {
	switch {
	case c.path == "/admin/oauth/access_token" && c.Method == http.MethodPost:
		w.count(c.s.Name, "token")
		w.serve(c.rw, c.Request, c.s, "token", func() reply { return w.shopifyToken(c) })
	case strings.HasPrefix(c.path, "/bulk/") && c.Method == http.MethodGet:
		w.serveBulk(c)
	case graphqlPath.MatchString(c.path) && c.Method == http.MethodPost:
		w.shopifyGraphQL(c)
	default:
		jsonReply(http.StatusNotFound, m{"errors": "Not Found"}).send(c.rw)
	}
}

func (w *World) shopifyGraphQL(c *call) {
	version := graphqlPath.FindStringSubmatch(c.path)[1]
	q, bad := w.gql.read(c)
	op := "health"
	if bad == nil {
		op = q.kind()
	}
	w.count(c.s.Name, op)
	if c.s.auth.check(c.Header.Get("X-Shopify-Access-Token"), w.now()) != tokenGood {
		jsonReply(http.StatusUnauthorized, m{"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}).send(c.rw)
		return
	}
	w.serve(c.rw, c.Request, c.s, op, func() reply {
		if bad != nil {
			return bad.with("X-Shopify-API-Version", version)
		}
		return w.gql.run(w, c, q).with("X-Shopify-API-Version", version)
	})
}

func (w *World) shopifyToken(c *call) reply {
	fail := func(status int, code, why string) reply {
		return jsonReply(status, m{"error": code, "error_description": why})
	}
	if !c.form() {
		return fail(http.StatusBadRequest, "invalid_request", "The request could not be read.")
	}
	if !c.s.auth.client(c.Request) {
		return fail(http.StatusUnauthorized, "invalid_client", "Client authentication failed.")
	}
	form := c.PostForm
	var g grant
	var ok bool
	switch {
	case form.Get("grant_type") == "refresh_token":
		g, ok = c.s.auth.exchange(form.Get("refresh_token"), w.now())
	case form.Get("grant_type") == "client_credentials":
		g, ok = c.s.auth.give("", w.now())
	case form.Get("code") != "":
		g, ok = c.s.auth.redeem(form.Get("code"), "", w.now(), form.Get("expiring") != "1")
	}
	if !ok {
		return fail(http.StatusBadRequest, "invalid_grant", "The refresh token or code is not valid, was used already, or the app is not installed any more.")
	}
	out := m{"access_token": g.access, "scope": g.scope}
	if g.ttl > 0 {
		out["expires_in"] = int(g.ttl / time.Second)
	}
	if g.refresh != "" {
		out["refresh_token"], out["refresh_token_expires_in"] = g.refresh, 90*24*3600
	}
	return jsonReply(http.StatusOK, out)
}

// gid is a global id; plain is the number in it.
func gid(kind, id string) string { return "gid://shopify/" + kind + "/" + id }

func plain(kind, id string) (string, bool) { return strings.CutPrefix(id, "gid://shopify/"+kind+"/") }

// replay is what an idempotency key stands for: what was asked, and what came
// of it. The answer is made anew from the order as it is now.
type replay struct {
	hash   string
	order  *order
	refund *refund
	id     string
	at     time.Time
}

// replayFor is how long Shopify remembers a key.
const replayFor = 24 * time.Hour

func hash(v any) string {
	sum := sha256.Sum256([]byte(cursor(v))) // maps are written with sorted keys
	return hex.EncodeToString(sum[:])
}

func userError(message string, field ...string) *object {
	return &object{"UserError", func(f string, _ args) (any, error) {
		if f == "message" {
			return message, nil
		}
		if len(field) == 0 {
			return nil, nil
		}
		return anys(field), nil
	}}
}

func payload(o *order, r *refund, x *exec, errs ...*object) *object {
	return &object{"RefundCreatePayload", func(f string, _ args) (any, error) {
		switch f {
		case "userErrors":
			return list(errs, func(_ int, e *object) *object { return e }), nil
		case "refund":
			if r != nil {
				return x.refund(o, r), nil
			}
		case "order":
			if r != nil {
				return x.order(o), nil
			}
		}
		return nil, nil
	}}
}

// refundCreate gives money back, once for each idempotency key.
func (x *exec) refundCreate(in args) (any, error) {
	key := x.key
	switch {
	case !x.s.auth.has("write_orders"):
		return nil, denied("refundCreate", "write_orders")
	case x.keyed() != nil:
		return nil, x.keyed()
	}
	now, h := x.w.now(), hash(in)
	if old, ok := x.s.replays[key]; ok && now.Sub(old.at) < replayFor {
		if old.hash != h {
			return payload(nil, nil, x, userError("The same idempotency key cannot be used with different operation parameters.")), nil
		}
		return payload(old.order, old.refund, x), nil
	}
	id, _ := plain("Order", text(in["orderId"]))
	o := x.s.order(id)
	if o == nil {
		return payload(nil, nil, x, userError("Order does not exist", "orderId")), nil
	}
	r := &refund{id: x.s.refundID(), tx: x.s.refundID(), at: now, settled: now, key: key, note: text(in["note"])}
	fail := func(message string, field ...string) (any, error) {
		return payload(nil, nil, x, userError(message, field...)), nil
	}
	if cur := text(in["currency"]); cur != "" && cur != o.currency {
		return fail("Currency must be the presentment currency of the order", "currency")
	}
	for i, li := range objects(in["refundLineItems"]) {
		at := []string{"refundLineItems", strconv.Itoa(i)}
		lid, _ := plain("LineItem", text(li["lineItemId"]))
		l, qty := o.line(lid), number(li["quantity"])
		if l == nil {
			return fail("Line item does not belong to the order", append(at, "lineItemId")...)
		}
		before := 0
		for _, p := range r.parts {
			if p.line == l {
				before += p.qty
			}
		}
		if qty < 1 || qty+before > o.left(l) {
			return fail("Quantity cannot refund more items than were purchased", append(at, "quantity")...)
		}
		gone := l.qty - o.left(l) + before
		p := part{line: l, qty: qty, price: share(l.price, gone, qty, l.qty), tax: share(l.tax, gone, qty, l.qty), restock: orElse(text(li["restockType"]), "NO_RESTOCK")}
		p.amount = p.price + p.tax
		r.parts = append(r.parts, p)
	}
	if ship, ok := in["shipping"].(map[string]any); ok {
		if full, _ := ship["fullRefund"].(bool); full {
			r.ship = o.ship() - o.refundedShip()
		} else if v := text(ship["amount"]); v != "" {
			n, err := o.minor(v)
			if err != nil || n < 0 || n > o.ship()-o.refundedShip() {
				return fail("Shipping amount cannot be more than what is left of it", "shipping", "amount")
			}
			r.ship = n
		}
	}
	for i, t := range objects(in["transactions"]) {
		at := []string{"transactions", strconv.Itoa(i)}
		n, err := o.minor(text(t["amount"]))
		tid, _ := plain("Order", text(t["orderId"]))
		pid, _ := plain("OrderTransaction", text(t["parentId"]))
		switch {
		case err != nil || n <= 0:
			return fail("Amount must be greater than zero", append(at, "amount")...)
		case tid != o.id:
			return fail("Order does not match the order of the refund", append(at, "orderId")...)
		case text(t["kind"]) != "REFUND":
			return fail("Kind must be refund", append(at, "kind")...)
		case text(t["parentId"]) == "":
			return fail("Parent transaction is required", append(at, "parentId")...)
		case pid != o.pay:
			return fail("Parent transaction does not exist or cannot be refunded", append(at, "parentId")...)
		case text(t["gateway"]) != gateway:
			return fail("Gateway does not match the gateway of the parent transaction", append(at, "gateway")...)
		}
		r.amount += n
	}
	for i, way := range objects(in["refundMethods"]) {
		credit, _ := way["storeCreditRefund"].(map[string]any)
		sum, _ := credit["amount"].(map[string]any)
		n, err := o.minor(text(sum["amount"]))
		if at := []string{"refundMethods", strconv.Itoa(i)}; err != nil || n <= 0 || text(sum["currencyCode"]) != o.currency {
			return fail("Store credit amount is not valid", at...)
		}
		r.amount, r.credit = r.amount+n, true
	}
	if over, _ := in["allowOverRefunding"].(bool); !over && r.amount > o.total()-o.refunded() {
		return fail("Refund amount cannot be greater than the amount available to refund", "transactions")
	}
	if r.amount == 0 && len(r.parts) == 0 && r.ship == 0 {
		return fail("Refund must have line items, shipping, or transactions")
	}
	o.refunds = append(o.refunds, r)
	x.s.putBack(r)
	x.s.touch(o)
	x.s.replays[key] = replay{hash: h, order: o, refund: r, at: now}
	if r.amount > 0 {
		x.s.changed(changeRefund, o.id, r.id)
		x.w.recordRefund(RefundEntry{Store: x.s.Name, Platform: Shopify, Order: o.id, Number: o.number, ID: r.id, Amount: o.money(r.amount), Key: key, Note: r.note, At: now})
	}
	return payload(o, r, x), nil
}

// share is what the next few units cost, so that all of them cost the whole.
func share(whole int64, gone, units, of int) int64 {
	return whole*int64(gone+units)/int64(of) - whole*int64(gone)/int64(of)
}

const gateway = "shopify_payments"
