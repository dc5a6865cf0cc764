package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// wooZone is where the shop stands: its times are written twice, and those
// without "gmt" in their names are by this clock.
var wooZone = time.FixedZone("shop", 3600)

// Whoever may read may not yet write.
const (
	wooRead  = "read"
	wooWrite = "write"
)

// wooError is an error in WordPress' words.
func wooError(status int, code, message string) reply {
	return jsonReply(status, m{"code": code, "message": message, "data": m{"status": status}})
}

func wooRefusal(kind string) reply {
	switch kind {
	case Error503: // what WordPress says while it is being mended
		return reply{status: http.StatusServiceUnavailable, kind: "text/html; charset=utf-8",
			body: []byte("<!DOCTYPE html><html><body><p>Briefly unavailable for scheduled maintenance. Check back in a minute.</p></body></html>")}.with("Retry-After", "600")
	case Error429, Throttled: // not WooCommerce, but whoever hosts it
		return wooError(http.StatusTooManyRequests, "too_many_requests", "Too many requests.").with("Retry-After", "2")
	}
	return wooError(http.StatusInternalServerError, "internal_server_error", "<p>There has been a critical error on this website.</p>")
}

// wooRoute is an operation: how it is called, by which name it can be made to
// fail, and whether it changes anything.
type wooRoute struct {
	method, path, op string
	do               func(*call, []string) reply
}

func (w *World) wooRoutes() []wooRoute {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	const api = "/wp-json/wc/v3"
	return []wooRoute{
		{get, api + "/orders", "orders", fixed(w.wooOrders)},
		{get, api + "/orders/{}", "order", named(w.wooOrder)},
		{get, api + "/orders/{}/notes", "messages", named(w.wooNotes)},
		{post, api + "/orders/{}/notes", "send", named(w.wooNote)},
		{get, api + "/orders/{}/refunds", "refunds", named(w.wooRefunds)},
		{post, api + "/orders/{}/refunds", "refund", named(w.wooRefund)},
		{get, api + "/orders/{}/refunds/{}", "refunds", w.wooRefundByID},
		{get, api + "/products", "items", fixed(w.wooItems)},
		{get, api + "/products/{}", "item", named(w.wooItem)},
		{put, api + "/products/{}", "stock", named(w.wooSetItem)},
		{get, api + "/products/{}/variations", "items", named(w.wooVariations)},
		{get, api + "/products/{}/variations/{}", "item", w.wooVariation},
		{put, api + "/products/{}/variations/{}", "stock", w.wooSetVariation},
		{post, api + "/products/batch", "stock", fixed(w.wooBatch)},
		{post, api + "/products/{}/variations/batch", "stock", named(w.wooVariationBatch)},
		{get, api + "/webhooks", "subscribe", fixed(w.wooHooks)},
		{post, api + "/webhooks", "subscribe", fixed(w.wooAddHook)},
		{get, api + "/webhooks/{}", "subscribe", named(w.wooHook)},
		{put, api + "/webhooks/{}", "subscribe", named(w.wooSetHook)},
		{del, api + "/webhooks/{}", "subscribe", named(w.wooDropHook)},
	}
}

// serveWoo serves the shop's REST interface. A path that is fixed stands before
// one with a hole in the same place, so the first that fits is meant.
func (w *World) serveWoo(c *call) {
	var found *wooRoute
	var parts []string
	for _, r := range w.wooRoutes() {
		if p, ok := c.matches(r.path); ok && r.method == c.Method && (found == nil || len(p) < len(parts)) {
			found, parts = &r, p
		}
	}
	if found == nil {
		wooError(http.StatusNotFound, "rest_no_route", "No route was found matching the URL and request method.").send(c.rw)
		return
	}
	w.count(c.s.Name, found.op)
	if bad := w.wooKeyed(c); bad != nil {
		bad.send(c.rw)
		return
	}
	if _, delay := c.s.limits.spend("woo", 10, 20, 1, w.now()); delay > 0 {
		wooRefusal(Error429).with("Retry-After", strconv.Itoa(1+int(delay/time.Second))).send(c.rw)
		return
	}
	w.serve(c.rw, c.Request, c.s, found.op, func() reply {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.ripen()
		return found.do(c, parts)
	})
}

// wooKeyed checks the consumer's key and secret, from the header alone: in an
// address they would stand in every log between here and there.
func (w *World) wooKeyed(c *call) *reply {
	refuse := func(code, why string) *reply {
		r := wooError(http.StatusUnauthorized, code, why)
		return &r
	}
	key, secret, ok := c.BasicAuth()
	a := c.s.auth
	a.mu.Lock()
	revoked, want := a.revoked, a.secret
	a.mu.Unlock()
	switch {
	case !ok:
		return refuse("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
	case revoked || key != c.s.wooKey():
		return refuse("woocommerce_rest_authentication_error", "Consumer key is invalid.")
	case secret != want:
		return refuse("woocommerce_rest_authentication_error", "Consumer secret is invalid.")
	case c.Method == http.MethodGet && !a.has(wooRead) && !a.has(wooWrite):
		return refuse("woocommerce_rest_authentication_error", "The API key provided does not have read permissions.")
	case c.Method != http.MethodGet && !a.has(wooWrite):
		return refuse("woocommerce_rest_authentication_error", "The API key provided does not have write permissions.")
	}
	return nil
}

// wooKey is the consumer's key of a store: no secret to anybody who knows its name.
func (s *store) wooKey() string { return "ck_" + wooHash(s.Name+" consumer key") }

func wooHash(of string) string {
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:20])
}

// wooAccount says how to reach the shop: by a key and its secret, which neither
// expire nor come from a page of consent.
func (s *store) wooAccount(a *Account) {
	a.ClientID, a.Refresh, a.TokenPath, a.ConsentPath, a.Redirect = s.wooKey(), "", "", "", ""
}

// wooTimes writes a time as WordPress does: by the shop's clock, and in UTC, both
// without saying which.
func wooTimes(out m, name string, t time.Time) {
	if t.IsZero() {
		out[name], out[name+"_gmt"] = nil, nil
		return
	}
	const layout = "2006-01-02T15:04:05"
	out[name], out[name+"_gmt"] = t.In(wooZone).Format(layout), t.UTC().Format(layout)
}

// wooPage is the part of a listing that was asked for.
type wooPage struct{ per, offset int }

// wooPaged reads page, per_page and offset.
func wooPaged(c *call) (p wooPage, bad *reply) {
	q := c.URL.Query()
	p.per = 10
	page := 1
	for _, one := range []struct {
		name string
		to   *int
		low  int
		high int
	}{{"per_page", &p.per, 1, 100}, {"page", &page, 1, 1 << 30}, {"offset", &p.offset, 0, 1 << 30}} {
		v := q.Get(one.name)
		if v == "" {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < one.low || n > one.high {
			r := wooError(http.StatusBadRequest, "rest_invalid_param", "Invalid parameter(s): "+one.name)
			return p, &r
		}
		*one.to = n
	}
	if q.Get("offset") == "" {
		p.offset = (page - 1) * p.per
	}
	return p, nil
}

// answer is a page with what stands in its header.
func (p wooPage) answer(rows []m, total int) reply {
	if rows == nil {
		rows = []m{}
	}
	return jsonReply(http.StatusOK, rows).with("X-WP-Total", strconv.Itoa(total)).with("X-WP-TotalPages", strconv.Itoa((total+p.per-1)/p.per))
}

// wooSlice is a page of something that is all there.
func wooSlice[T any](p wooPage, all []T, show func(T) m) reply {
	var rows []m
	from := min(p.offset, len(all))
	for _, one := range all[from:min(from+p.per, len(all))] {
		rows = append(rows, show(one))
	}
	return p.answer(rows, len(all))
}

// wooTime reads a time in a question: by the shop's clock, unless dates_are_gmt.
func wooTime(c *call, name string) (t time.Time, bad *reply) {
	v := c.URL.Query().Get(name)
	if v == "" {
		return t, nil
	}
	zone := wooZone
	if c.URL.Query().Get("dates_are_gmt") == "true" {
		zone = time.UTC
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, v, zone); err == nil {
			return t, nil
		}
	}
	r := wooError(http.StatusBadRequest, "rest_invalid_param", "Invalid parameter(s): "+name)
	return t, &r
}

// plainText is a note as WordPress keeps it: without tags, in paragraphs.
func plainText(v string) string {
	return "<p>" + strings.ReplaceAll(strings.TrimSpace(v), "\n", "<br />\n") + "</p>\n"
}
