package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
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

// amazonRoute is an operation: how it is called, by which name it can be made to
// fail, which role it needs, and its rate and burst.
type amazonRoute struct {
	method, path, op, role string
	rate, burst            float64
	// grantless operations want a token of the application and not of a seller.
	grantless bool
	do        func(*call, []string) reply
}

// fixed is an operation whose path has no variable parts.
func fixed(f func(*call) reply) func(*call, []string) reply {
	return func(c *call, _ []string) reply { return f(c) }
}

// named is an operation with one variable part in its path.
func named(f func(*call, string) reply) func(*call, []string) reply {
	return func(c *call, id []string) reply { return f(c, id[0]) }
}

// amazonRoutes are the operations that the world knows. The rates are Amazon's
// own defaults.
func (w *World) amazonRoutes() []amazonRoute {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	const feeds, docs = "/feeds/2021-06-30/feeds", "/feeds/2021-06-30/documents"
	all := []amazonRoute{
		{get, "/sellers/v1/marketplaceParticipations", "health", "", 0.016, 15, false, fixed(w.amazonParticipations)},
		{get, "/orders/2026-01-01/orders", "orders", "orders", 0.0056, 20, false, fixed(w.amazonOrders)},
		{get, "/orders/2026-01-01/orders/{}", "order", "orders", 0.5, 30, false, named(w.amazonOrder)},
		{post, docs, "document", "feeds", 0.5, 15, false, fixed(w.amazonCreateDocument)},
		{get, docs + "/{}", "report", "feeds", 0.0222, 10, false, named(w.amazonDocument)},
		{post, feeds, "refund", "feeds", 0.0083, 15, false, fixed(w.amazonCreateFeed)},
		{get, feeds, "feeds", "feeds", 0.0222, 10, false, fixed(w.amazonFeeds)},
		{get, feeds + "/{}", "feed", "feeds", 2, 15, false, named(w.amazonFeed)},
		{del, feeds + "/{}", "feed", "feeds", 2, 15, false, named(w.amazonCancelFeed)},
		{get, "/finances/2024-06-19/transactions", "transactions", "finances", 0.5, 10, false, fixed(w.amazonTransactions)},
	}
	return slices.Concat(all, w.goodsRoutes(), w.reportRoutes(), w.messageRoutes(), w.noteRoutes())
}

func (w *World) serveAmazon(c *call) {
	last := c.path[strings.LastIndexByte(c.path, '/')+1:]
	switch {
	case c.path == "/sqs" || strings.HasPrefix(c.path, "/sqs/"):
		w.serveQueue(c)
		return
	case c.path == "/auth/o2/token" && c.Method == http.MethodPost:
		w.count(c.s.Name, "token")
		w.serve(c.rw, c.Request, c.s, "token", func() reply { return w.amazonToken(c) })
		return
	case strings.HasPrefix(c.path, "/upload/") && c.Method == http.MethodPut:
		w.amazonFile(c, "upload", func() reply { return w.amazonUpload(c, last) })
		return
	case strings.HasPrefix(c.path, "/download/") && c.Method == http.MethodGet:
		w.amazonFile(c, "download", func() reply { return w.amazonDownload(c, last) })
		return
	}
	for _, r := range w.amazonRoutes() {
		if r.method != c.Method {
			continue
		}
		if parts, ok := c.matches(r.path); ok {
			w.amazonCall(c, r, parts)
			return
		}
	}
	amazonError(http.StatusForbidden, "MissingAuthenticationToken", "Missing Authentication Token", "").send(c.rw)
}

// matches tells whether a path within the account fits a pattern, and what
// stands in its variable parts. It looks at the path as it was sent, since a SKU
// may have a slash in it.
func (c *call) matches(pattern string) (parts []string, ok bool) {
	_, rest, _ := strings.Cut(strings.TrimPrefix(c.URL.EscapedPath(), "/"), "/") // the platform
	_, rest, _ = strings.Cut(rest, "/")                                          // the account
	have, want := strings.Split(strings.TrimSuffix(rest, "/"), "/"), strings.Split(strings.Trim(pattern, "/"), "/")
	if len(have) != len(want) {
		return nil, false
	}
	for i, p := range want {
		v, err := url.PathUnescape(have[i])
		switch {
		case err != nil:
			return nil, false
		case p == "{}":
			parts = append(parts, v)
		case p != v:
			return nil, false
		}
	}
	return parts, true
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

func (w *World) amazonCall(c *call, r amazonRoute, parts []string) {
	w.count(c.s.Name, r.op)
	rate := strconv.FormatFloat(r.rate, 'f', -1, 64)
	denied := func(details string) {
		amazonError(http.StatusForbidden, "Unauthorized", "Access to requested resource is denied.", details).with("x-amzn-RateLimit-Limit", rate).send(c.rw)
	}
	token := c.Header.Get("x-amz-access-token")
	switch c.s.auth.check(token, w.now()) {
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
	if c.s.market.isGrantless(token) != r.grantless {
		denied("The token is not of the kind that this operation needs.")
		return
	}
	if r.role != "" && !c.s.auth.has("sellingpartnerapi::"+r.role) {
		denied("")
		return
	}
	// Operations that share a fault's name have budgets of their own.
	if _, delay := c.s.limits.spend(r.method+r.path, r.rate, r.burst, 1, w.now()); delay > 0 {
		amazonError(http.StatusTooManyRequests, "QuotaExceeded", "You exceeded your quota for the requested resource.", "").with("x-amzn-RateLimit-Limit", rate).send(c.rw)
		return
	}
	w.serve(c.rw, c.Request, c.s, r.op, func() reply {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.ripen()
		return r.do(c, parts).with("x-amzn-RequestId", c.s.Name+"-"+r.op).with("x-amzn-RateLimit-Limit", rate)
	})
}

func (w *World) amazonToken(c *call) reply {
	fail := func(status int, code, why string) reply {
		return jsonReply(status, m{"error": code, "error_description": why})
	}
	if !c.form() {
		return fail(http.StatusBadRequest, "invalid_request", "The request is missing a required parameter, includes an invalid parameter value, or is otherwise malformed.")
	}
	if !c.s.auth.client(c.Request) {
		return fail(http.StatusUnauthorized, "invalid_client", "Client authentication failed")
	}
	var g grant
	var ok bool
	switch c.PostForm.Get("grant_type") {
	case "refresh_token":
		g, ok = c.s.auth.exchange(c.PostForm.Get("refresh_token"), w.now())
	case "authorization_code":
		g, ok = c.s.auth.redeem(c.PostForm.Get("code"), c.PostForm.Get("redirect_uri"), w.now(), false)
	case "client_credentials": // for operations that no seller has to grant
		scope := c.PostForm.Get("scope")
		if scope != scopeNotes && scope != scopeRotation {
			return fail(http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed")
		}
		if g, ok = c.s.auth.give("", w.now()); ok {
			c.s.market.keepGrantless(g.access)
		}
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
