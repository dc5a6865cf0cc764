package sandbox

import (
	"net/http"
	"strings"
	"time"
)

func amazonError(status int, code, message, details string) reply {
	return jsonReply(status, m{"errors": []m{{"code": code, "message": message, "details": details}}})
}

func amazonRefusal(kind string) reply {
	switch kind {
	case Error503:
		return amazonError(http.StatusServiceUnavailable, "ServiceUnavailable", "Service is temporarily unavailable. Please try again.", "")
	case Error429, Throttled:
		return amazonError(http.StatusTooManyRequests, "QuotaExceeded", "You exceeded your quota for the requested resource.", "").with("Retry-After", "2")
	}
	return amazonError(http.StatusInternalServerError, "InternalFailure", "We encountered an internal error. Please try again.", "")
}

// amazonPlans are rate and burst of the operations that the world knows.
var amazonPlans = map[string][2]float64{
	"orders": {0.0056, 20}, "order": {0.5, 30}, "health": {0.016, 15}, "document": {0.5, 15}, "refund": {0.0083, 15},
	"feed": {2, 15}, "feeds": {0.0222, 10}, "report": {0.0222, 10}, "transactions": {0.5, 10},
}

func (w *World) serveAmazon(c *call) {
	const feeds, docs, orders = "/feeds/2021-06-30/feeds", "/feeds/2021-06-30/documents", "/orders/2026-01-01/orders"
	get, post := c.Method == http.MethodGet, c.Method == http.MethodPost
	last := c.path[strings.LastIndexByte(c.path, '/')+1:]
	switch {
	case c.path == "/sqs" || strings.HasPrefix(c.path, "/sqs/"):
		w.serveQueue(c)
	case c.path == "/auth/o2/token" && post:
		w.count(c.s.Name, "token")
		w.serve(c.rw, c.Request, c.s, "token", func() reply { return w.amazonToken(c) })
	case strings.HasPrefix(c.path, "/upload/") && c.Method == http.MethodPut:
		w.amazonFile(c, "upload", func() reply { return w.amazonUpload(c, last) })
	case strings.HasPrefix(c.path, "/download/") && get:
		w.amazonFile(c, "download", func() reply { return w.amazonDownload(c, last) })
	case c.path == "/sellers/v1/marketplaceParticipations" && get:
		w.amazonCall(c, "health", w.amazonParticipations)
	case c.path == orders && get:
		w.amazonCall(c, "orders", w.amazonOrders)
	case strings.HasPrefix(c.path, orders+"/") && get:
		w.amazonCall(c, "order", func(c *call) reply { return w.amazonOrder(c, last) })
	case c.path == docs && post:
		w.amazonCall(c, "document", w.amazonCreateDocument)
	case strings.HasPrefix(c.path, docs+"/") && get:
		w.amazonCall(c, "report", func(c *call) reply { return w.amazonDocument(c, last) })
	case c.path == feeds && post:
		w.amazonCall(c, "refund", w.amazonCreateFeed)
	case c.path == feeds && get:
		w.amazonCall(c, "feeds", w.amazonFeeds)
	case strings.HasPrefix(c.path, feeds+"/") && get:
		w.amazonCall(c, "feed", func(c *call) reply { return w.amazonFeed(c, last) })
	case strings.HasPrefix(c.path, feeds+"/") && c.Method == http.MethodDelete:
		w.amazonCall(c, "feed", func(c *call) reply { return w.amazonCancelFeed(c, last) })
	case c.path == "/finances/2024-06-19/transactions" && get:
		w.amazonCall(c, "transactions", w.amazonTransactions)
	default:
		amazonError(http.StatusForbidden, "MissingAuthenticationToken", "Missing Authentication Token", "").send(c.rw)
	}
}

// amazonFile serves the store of documents, which is not behind the gateway:
// whoever has the link may use it.
func (w *World) amazonFile(c *call, op string, do func() reply) {
	w.count(c.s.Name, op)
	w.serve(c.rw, c.Request, c.s, op, func() reply {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.ripen()
		return do()
	})
}

func (w *World) amazonCall(c *call, op string, do func(*call) reply) {
	w.count(c.s.Name, op)
	denied := func(details string) {
		amazonError(http.StatusForbidden, "Unauthorized", "Access to requested resource is denied.", details).send(c.rw)
	}
	switch c.s.auth.check(c.Header.Get("x-amz-access-token"), w.now()) {
	case tokenMissing:
		denied("Access token is missing in the request header.")
		return
	case tokenUnknown:
		denied("The access token you provided is revoked, malformed or invalid.")
		return
	case tokenExpired:
		denied("The access token you provided has expired.")
		return
	}
	role := map[string]string{"orders": "orders", "order": "orders", "document": "feeds", "refund": "feeds", "feed": "feeds", "feeds": "feeds", "report": "feeds", "transactions": "finances"}[op]
	if role != "" && !c.s.auth.has("sellingpartnerapi::"+role) {
		denied("")
		return
	}
	plan := amazonPlans[op]
	if _, delay := c.s.limits.spend(op, plan[0], plan[1], 1, w.now()); delay > 0 {
		amazonError(http.StatusTooManyRequests, "QuotaExceeded", "You exceeded your quota for the requested resource.", "").send(c.rw)
		return
	}
	w.serve(c.rw, c.Request, c.s, op, func() reply {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.ripen()
		return do(c).with("x-amzn-RequestId", c.s.Name+"-"+op)
	})
}

func (w *World) amazonToken(c *call) reply {
	fail := func(status int, code, why string) reply {
		return jsonReply(status, m{"error": code, "error_description": why})
	}
	if !c.form() {
		return fail(http.StatusBadRequest, "invalid_request", "The request is missing a required parameter, includes an invalid parameter value, or is otherwise malformed.")
	}
	if !client(c.Request) {
		return fail(http.StatusUnauthorized, "invalid_client", "Client authentication failed")
	}
	var g grant
	var ok bool
	switch c.PostForm.Get("grant_type") {
	case "refresh_token":
		g, ok = c.s.auth.exchange(c.PostForm.Get("refresh_token"), w.now())
	case "authorization_code":
		if ok = c.PostForm.Get("code") == consentCode; ok {
			g, ok = c.s.auth.give(c.s.auth.first, w.now())
		}
	case "client_credentials": // grantless operations only; the world has none
		g, ok = c.s.auth.give("", w.now())
	default:
		return fail(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server")
	}
	if !ok {
		return fail(http.StatusBadRequest, "invalid_grant", "The request has an invalid grant parameter : "+orElse(map[string]string{"authorization_code": "code"}[c.PostForm.Get("grant_type")], "refresh_token"))
	}
	out := m{"access_token": g.access, "token_type": "bearer", "expires_in": int(g.ttl / time.Second)}
	if g.refresh != "" {
		out["refresh_token"] = g.refresh
	}
	return jsonReply(http.StatusOK, out)
}

func (w *World) amazonParticipations(c *call) reply {
	site := c.s.site()
	return jsonReply(http.StatusOK, m{"payload": []m{{"storeName": "Sandbox " + c.s.Name,
		"marketplace":   m{"id": c.s.Marketplace, "name": site.name, "countryCode": site.country, "defaultCurrencyCode": c.s.Currency, "defaultLanguageCode": site.locale, "domainName": site.domain},
		"participation": m{"isParticipating": true, "hasSuspendedListings": false}}}})
}

func badInput(details string) reply {
	return amazonError(http.StatusBadRequest, "InvalidInput", "One or more request parameters are invalid.", details)
}
