package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ebayError is one of eBay's numbered errors.
func ebayError(status, id int, domain, category, message string, params ...string) reply {
	e := m{"errorId": id, "domain": domain, "category": category, "message": message, "longMessage": message}
	var list []m
	for i := 0; i+1 < len(params); i += 2 {
		list = append(list, m{"name": params[i], "value": params[i+1]})
	}
	if list != nil {
		e["parameters"] = list
	}
	return jsonReply(status, m{"errors": []m{e}})
}

func ebayRefusal(kind string) reply {
	switch kind {
	case Error503:
		return ebayError(http.StatusServiceUnavailable, 15002, "ACCESS", "APPLICATION", "The service is temporarily unavailable.")
	case Error429, Throttled:
		return ebayError(http.StatusTooManyRequests, 2001, "ACCESS", "REQUEST", "Too many requests. The request limit has been reached for the resource.").
			with("Retry-After", "2")
	}
	return ebayError(http.StatusInternalServerError, 2003, "ACCESS", "APPLICATION", "Internal error.")
}

// ebayDaily is how many calls a day each API takes while limits are on, and
// ebayPlenty what it says while they are off: whoever keeps to what is told must
// not be slowed by it.
const (
	ebayDaily  = 5000
	ebayPlenty = 100_000_000
)

const (
	scopeFulfillment = "https://api.ebay.com/oauth/api_scope/sell.fulfillment"
	scopeFinances    = "https://api.ebay.com/oauth/api_scope/sell.finances"
	scopeMessage     = "https://api.ebay.com/oauth/api_scope/commerce.message"
	scopeIdentity    = "https://api.ebay.com/oauth/api_scope/commerce.identity.readonly"
	scopeBasic       = "https://api.ebay.com/oauth/api_scope"
	scopeInventory   = "https://api.ebay.com/oauth/api_scope/sell.inventory"
	scopeNotify      = "https://api.ebay.com/oauth/api_scope/commerce.notification.subscription"
)

// ebayRoute is an operation: how it is called, by which name it can be made to
// fail, the scope that it needs, and whose daily count it is on.
type ebayRoute struct {
	method, path, op, scope, api string
	// iaf: the older part of eBay wants its own word before the token.
	iaf bool
	// signed: European sellers have to sign it.
	signed bool
	do     func(*call, []string) reply
}

// ebayRoutes are the operations that the world knows.
func (w *World) ebayRoutes() []ebayRoute {
	const get, post = http.MethodGet, http.MethodPost
	const order, message, stock, keys = "/sell/fulfillment/v1/order", "/commerce/message/v1", "/sell/inventory/v1", "/developer/key_management/v1/signing_key"
	all := []ebayRoute{
		{get, order, "orders", scopeFulfillment, "fulfillment", false, false, fixed(w.ebayOrders)},
		{get, order + "/{}", "order", scopeFulfillment, "fulfillment", false, false, named(w.ebayOrder)},
		{post, order + "/{}/issue_refund", "refund", scopeFulfillment, "fulfillment", false, true, named(w.ebayRefund)},
		{get, order + "/{}/shipping_fulfillment", "shipments", scopeFulfillment, "fulfillment", false, false, named(w.ebayShipments)},
		{post, order + "/{}/shipping_fulfillment", "ship", scopeFulfillment, "fulfillment", false, false, named(w.ebayShip)},
		{get, order + "/{}/shipping_fulfillment/{}", "shipments", scopeFulfillment, "fulfillment", false, false, w.ebayShipment},
		{get, message + "/conversation", "messages", scopeMessage, "message", false, false, fixed(w.ebayConversations)},
		{get, message + "/conversation/{}", "messages", scopeMessage, "message", false, false, named(w.ebayConversation)},
		{post, message + "/send_message", "send", scopeMessage, "message", false, false, fixed(w.ebaySend)},
		{post, message + "/update_conversation", "messages", scopeMessage, "message", false, false, fixed(w.ebayUpdate)},
		{get, "/sell/finances/v1/seller_funds_summary", "funds", scopeFinances, "finances", false, true, fixed(w.ebayFunds)},
		{get, "/commerce/identity/v1/user", "health", scopeIdentity, "identity", false, false, fixed(w.ebayUser)},
		{get, "/developer/analytics/v1_beta/rate_limit", "health", scopeBasic, "analytics", false, false, fixed(w.ebayLimits)},
		{get, "/developer/analytics/v1_beta/user_rate_limit", "health", scopeBasic, "analytics", false, false, fixed(w.ebayLimits)},
		{get, stock + "/inventory_item", "items", scopeInventory, "inventory", false, false, fixed(w.ebayItems)},
		{get, stock + "/inventory_item/{}", "item", scopeInventory, "inventory", false, false, named(w.ebayItem)},
		{get, stock + "/offer", "item", scopeInventory, "inventory", false, false, fixed(w.ebayOffers)},
		{get, stock + "/offer/{}", "item", scopeInventory, "inventory", false, false, named(w.ebayOffer)},
		{post, stock + "/bulk_update_price_quantity", "stock", scopeInventory, "inventory", false, false, fixed(w.ebayQuantities)},
		{get, keys, "signing_key", scopeBasic, "key_management", false, false, fixed(w.ebayKeys)},
		{post, keys, "signing_key", scopeBasic, "key_management", false, false, fixed(w.ebayMakeKey)},
		{get, keys + "/{}", "signing_key", scopeBasic, "key_management", false, false, named(w.ebaySignKey)},
	}
	return slices.Concat(all, w.postRoutes(), w.notifyRoutes())
}

func (w *World) serveEbay(c *call) {
	if c.path == "/identity/v1/oauth2/token" && c.Method == http.MethodPost {
		w.count(c.s.Name, "token")
		w.serve(c.rw, c.Request, c.s, "token", func() reply { return w.ebayToken(c) })
		return
	}
	for _, r := range w.ebayRoutes() {
		if r.method != c.Method {
			continue
		}
		if parts, ok := c.matches(r.path); ok {
			w.ebayCall(c, r, parts)
			return
		}
	}
	ebayError(http.StatusNotFound, 2002, "ACCESS", "REQUEST", "Resource not found").send(c.rw)
}

// ebayCall does what eBay's gateway does before a call reaches its service.
func (w *World) ebayCall(c *call, r ebayRoute, parts []string) {
	w.count(c.s.Name, r.op)
	word := "Bearer"
	if r.iaf {
		word = "IAF"
	}
	// The word may be written small: eBay's own SDK for deliveries does.
	got, token, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	if !strings.EqualFold(got, word) {
		token = ""
	}
	switch c.s.auth.check(token, w.now()) {
	case tokenMissing:
		ebayError(http.StatusUnauthorized, 1002, "OAuth", "REQUEST", "Missing access token").send(c.rw)
		return
	case tokenUnknown, tokenExpired:
		ebayError(http.StatusUnauthorized, 1001, "OAuth", "REQUEST", "Invalid access token").
			with("WWW-Authenticate", `Bearer realm="eBay", error="invalid_token"`).send(c.rw)
		return
	}
	if !c.s.auth.has(r.scope) {
		ebayError(http.StatusForbidden, 1100, "ACCESS", "REQUEST", "Access denied", "requiredScope", r.scope).send(c.rw)
		return
	}
	if !c.s.spendDay(r.api) {
		ebayError(http.StatusTooManyRequests, 2001, "ACCESS", "REQUEST", "Too many requests. The request limit has been reached for the resource.").send(c.rw)
		return
	}
	w.serve(c.rw, c.Request, c.s, r.op, func() reply {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.ripen()
		if r.signed && c.s.mustSign() {
			if bad := w.checkSignature(c); bad != nil {
				return *bad
			}
		}
		return r.do(c, parts)
	})
}

func (w *World) ebayToken(c *call) reply {
	fail := func(status int, code, why string) reply {
		return jsonReply(status, m{"error": code, "error_description": why})
	}
	if !c.form() {
		return fail(http.StatusBadRequest, "invalid_request", "request is missing a required parameter or malformed")
	}
	// eBay wants the app's id and secret in the Authorization header only.
	if _, _, ok := c.BasicAuth(); !ok || !c.s.auth.client(c.Request) {
		return fail(http.StatusUnauthorized, "invalid_client", "client authentication failed")
	}
	var g grant
	var ok bool
	switch c.PostForm.Get("grant_type") {
	case "refresh_token":
		g, ok = c.s.auth.exchange(c.PostForm.Get("refresh_token"), w.now())
	case "authorization_code":
		g, ok = c.s.auth.redeem(c.PostForm.Get("code"), c.PostForm.Get("redirect_uri"), w.now(), false)
	case "client_credentials":
		g, ok = c.s.auth.give("", w.now())
	default:
		return fail(http.StatusBadRequest, "unsupported_grant_type", "grant type in request is not supported by the authorization server")
	}
	if !ok {
		return fail(http.StatusBadRequest, "invalid_grant", "the provided authorization refresh token is invalid or was issued to another client")
	}
	out := m{"access_token": g.access, "expires_in": int(g.ttl / time.Second), "token_type": "User Access Token"}
	if c.PostForm.Get("grant_type") == "authorization_code" {
		out["refresh_token"], out["refresh_token_expires_in"] = g.refresh, 47304000
	}
	if c.PostForm.Get("grant_type") == "client_credentials" {
		out["token_type"] = "Application Access Token"
	}
	return jsonReply(http.StatusOK, out)
}

// consentCode is the code that a seller's consent brings, for all platforms.
const consentCode = "sandbox-consent"

func (w *World) ebayUser(c *call) reply {
	site := c.s.site()
	return jsonReply(http.StatusOK, m{"userId": "SBX" + c.s.seller, "username": c.s.seller, "accountType": "BUSINESS", "status": "CONFIRMED",
		"registrationMarketplaceId": c.s.Marketplace, "businessAccount": m{"name": "Sandbox " + c.s.Name, "doingBusinessAs": "Sandbox " + c.s.Name, "email": c.s.address(),
			"address": m{"addressLine1": "Musterweg 1", "city": "Musterstadt", "postalCode": "10000", "country": site.country}}})
}

// ebayPage reads limit and offset.
func ebayPage(c *call, def, most, badLimit, badOffset int, domain string) (limit, offset int, bad *reply) {
	q := c.URL.Query()
	limit = def
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > most {
			r := ebayError(http.StatusBadRequest, badLimit, domain, "REQUEST", "Invalid limit: "+v, "limitvalue", v)
			return 0, 0, &r
		}
		limit = n
	}
	if v := q.Get("offset"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			r := ebayError(http.StatusBadRequest, badOffset, domain, "REQUEST", "Invalid offset: "+v, "offsetvalue", v)
			return 0, 0, &r
		}
		offset = n
	}
	return limit, offset, nil
}

// ebayLinks adds what eBay says about the pages beside the one asked for.
func (w *World) ebayLinks(c *call, out m, limit, offset, total int) m {
	link := func(offset int) string {
		q := c.URL.Query()
		q.Set("limit", strconv.Itoa(limit))
		q.Set("offset", strconv.Itoa(offset))
		return w.base(c.Request) + "/ebay/" + c.s.Name + c.path + "?" + q.Encode()
	}
	out["href"], out["limit"], out["offset"], out["total"] = link(offset), limit, offset, total
	if offset+limit < total {
		out["next"] = link(offset + limit)
	}
	if offset > 0 {
		out["prev"] = link(max(0, offset-limit))
	}
	return out
}

// decode reads a JSON body without ever turning a number into a float.
func decode(body []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("the body is not the JSON expected: %w", err)
	}
	return nil
}

// cursor packs a place in a listing into a token that clients cannot read.
func cursor(v any) string {
	raw, err := json.Marshal(v)
	if err != nil { // cannot happen: cursors are made of strings and numbers
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func uncursor(token string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil && json.Unmarshal(raw, into) == nil
}
