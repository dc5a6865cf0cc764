package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
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

// ebayDaily is how many calls a day the world allows while limits are on.
const ebayDaily = 5000

const (
	scopeFulfillment = "https://api.ebay.com/oauth/api_scope/sell.fulfillment"
	scopeMessage     = "https://api.ebay.com/oauth/api_scope/commerce.message"
	scopeIdentity    = "https://api.ebay.com/oauth/api_scope/commerce.identity.readonly"
	scopeBasic       = "https://api.ebay.com/oauth/api_scope"
)

func (w *World) serveEbay(c *call) {
	const orders = "/sell/fulfillment/v1/order"
	get, post := c.Method == http.MethodGet, c.Method == http.MethodPost
	id, rest, _ := strings.Cut(strings.TrimPrefix(c.path, orders+"/"), "/")
	switch {
	case c.path == "/identity/v1/oauth2/token" && post:
		w.count(c.s.Name, "token")
		w.serve(c.rw, c.Request, c.s, "token", func() reply { return w.ebayToken(c) })
	case c.path == orders && get:
		w.ebayCall(c, "orders", scopeFulfillment, w.ebayOrders)
	case strings.HasPrefix(c.path, orders+"/") && rest == "" && get:
		w.ebayCall(c, "order", scopeFulfillment, func(c *call) reply { return w.ebayOrder(c, id) })
	case strings.HasPrefix(c.path, orders+"/") && rest == "issue_refund" && post:
		w.ebayCall(c, "refund", scopeFulfillment, func(c *call) reply { return w.ebayRefund(c, id) })
	case strings.HasPrefix(c.path, orders+"/") && rest == "shipping_fulfillment" && get:
		w.ebayCall(c, "order", scopeFulfillment, func(c *call) reply { return w.ebayShipments(c, id) })
	case c.path == "/commerce/message/v1/conversation" && get:
		w.ebayCall(c, "messages", scopeMessage, w.ebayConversations)
	case strings.HasPrefix(c.path, "/commerce/message/v1/conversation/") && get:
		w.ebayCall(c, "messages", scopeMessage, func(c *call) reply {
			return w.ebayConversation(c, strings.TrimPrefix(c.path, "/commerce/message/v1/conversation/"))
		})
	case c.path == "/commerce/message/v1/send_message" && post:
		w.ebayCall(c, "send", scopeMessage, w.ebaySend)
	case c.path == "/commerce/message/v1/update_conversation" && post:
		w.ebayCall(c, "messages", scopeMessage, w.ebayUpdate)
	case c.path == "/commerce/identity/v1/user" && get:
		w.ebayCall(c, "health", scopeIdentity, w.ebayUser)
	case (c.path == "/developer/analytics/v1_beta/rate_limit" || c.path == "/developer/analytics/v1_beta/user_rate_limit") && get:
		w.ebayCall(c, "health", scopeBasic, w.ebayLimits)
	default:
		ebayError(http.StatusNotFound, 2002, "ACCESS", "REQUEST", "Resource not found").send(c.rw)
	}
}

// ebayCall does what eBay's gateway does before a call reaches its service.
func (w *World) ebayCall(c *call, op, scope string, do func(*call) reply) {
	w.count(c.s.Name, op)
	token, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	if !ok {
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
	if !c.s.auth.has(scope) {
		ebayError(http.StatusForbidden, 1100, "ACCESS", "REQUEST", "Access denied", "requiredScope", scope).send(c.rw)
		return
	}
	if _, delay := c.s.limits.spend("day", float64(ebayDaily)/86400, ebayDaily, 1, w.now()); delay > 0 {
		ebayError(http.StatusTooManyRequests, 2001, "ACCESS", "REQUEST", "Too many requests. The request limit has been reached for the resource.").send(c.rw)
		return
	}
	w.serve(c.rw, c.Request, c.s, op, func() reply {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.ripen()
		return do(c)
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

func (w *World) ebayLimits(c *call) reply {
	left, _ := c.s.limits.spend("day", float64(ebayDaily)/86400, ebayDaily, 0, w.now())
	reset := w.now().Truncate(24 * time.Hour).Add(24 * time.Hour)
	one := func(context, name, version, resource string) m {
		return m{"apiContext": context, "apiName": name, "apiVersion": version, "resources": []m{{"name": resource,
			"rates": []m{{"limit": ebayDaily, "remaining": int(left), "reset": stamp(reset), "timeWindow": 86400}}}}}
	}
	all := []m{one("sell", "fulfillment", "v1", "sell.fulfillment"), one("commerce", "message", "v1", "commerce.message")}
	if name := c.URL.Query().Get("api_name"); name != "" {
		kept := all[:0]
		for _, one := range all {
			if strings.EqualFold(one["apiName"].(string), name) {
				kept = append(kept, one)
			}
		}
		if all = kept; len(all) == 0 {
			return reply{status: http.StatusNoContent}
		}
	}
	return jsonReply(http.StatusOK, m{"rateLimits": all})
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
