package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const notificationAPI = "API_NOTIFICATION"

// topic is a kind of news on eBay. Some are the application's, the others a
// seller's.
type topic struct{ id, scope, about string }

const (
	topicDeletion = "MARKETPLACE_ACCOUNT_DELETION"
	topicGone     = "AUTHORIZATION_REVOCATION"
	topicOrder    = "ORDER_CONFIRMATION"
	topicShipped  = "ITEM_MARKED_SHIPPED"
	topicMessage  = "NEW_MESSAGE"
	topicQuestion = "BUYER_QUESTION"
)

var topics = []topic{
	{topicDeletion, "APPLICATION", "A user wants to be forgotten."}, {topicGone, "APPLICATION", "A seller took consent back."},
	{topicOrder, "USER", "A buyer has paid for an order."}, {topicShipped, "USER", "An item was marked as shipped."},
	{topicMessage, "USER", "There is a new message."}, {topicQuestion, "USER", "A buyer asks about a listing."}, {"FEEDBACK_RECEIVED", "USER", "There is new feedback."},
}

func (t topic) json() m {
	return m{"topicId": t.id, "description": t.about, "status": "ENABLED", "context": "ECOMMERCE", "scope": t.scope, "authorizationScopes": []string{scopeBasic},
		"supportedPayloads": []m{{"schemaVersion": "1.0", "format": []string{"JSON"}, "deliveryProtocol": "HTTPS", "deprecated": false}}}
}

// target is an address that eBay may call.
type target struct{ id, name, status, endpoint, token string }

func (t *target) json() m {
	return m{"destinationId": t.id, "name": t.name, "status": t.status, "deliveryConfig": m{"endpoint": t.endpoint, "verificationToken": t.token}}
}

// wish is a subscription; it is in the engine while it is enabled.
type wish struct {
	id, topic, status, target string
	made                      time.Time
	hook                      *hook
}

func (x *wish) json() m {
	return m{"subscriptionId": x.id, "topicId": x.topic, "status": x.status, "creationDate": stamp(x.made), "destinationId": x.target,
		"payload": m{"format": "JSON", "schemaVersion": "1.0", "deliveryProtocol": "HTTPS"}}
}

func notifyError(status, id int, message string) reply {
	return ebayError(status, id, notificationAPI, "REQUEST", message)
}

// notifyPage cuts a listing into pages, whose token is a place.
func (w *World) notifyPage(c *call, name string, all []m) reply {
	q := c.URL.Query()
	limit, start := 20, 0
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 10 || n > 100 {
			return notifyError(http.StatusBadRequest, 195004, "Invalid limit. Supported ranges 10 - 100.")
		}
		limit = n
	}
	if v := q.Get("continuation_token"); v != "" && (!uncursor(v, &start) || start < 0) {
		return notifyError(http.StatusBadRequest, 195005, "Invalid or missing continuation token.")
	}
	link := w.base(c.Request) + "/ebay/" + c.s.Name + c.path + "?limit=" + strconv.Itoa(limit)
	start = min(start, len(all))
	end := min(start+limit, len(all))
	out := m{name: append([]m{}, all[start:end]...), "total": len(all), "limit": limit, "href": link}
	if end < len(all) {
		out["next"] = link + "&continuation_token=" + url.QueryEscape(cursor(end))
	}
	return jsonReply(http.StatusOK, out)
}

func (w *World) ebayTopics(c *call) reply {
	var all []m
	for _, t := range topics {
		all = append(all, t.json())
	}
	return w.notifyPage(c, "topics", all)
}

func (w *World) ebayTopic(_ *call, id string) reply {
	for _, t := range topics {
		if t.id == id {
			return jsonReply(http.StatusOK, t.json())
		}
	}
	return notifyError(http.StatusNotFound, 195002, "Invalid or missing topic id.")
}

func (w *World) ebayPublicKey(_ *call, id string) reply {
	if id != w.ebayKey.id {
		return notifyError(http.StatusNotFound, 195001, "The specified key id is invalid.")
	}
	return jsonReply(http.StatusOK, m{"key": w.ebayKey.public, "algorithm": "ECDSA", "digest": "SHA1"})
}

func (w *World) ebayConfig(c *call) reply {
	if c.s.market.alertEmail == "" {
		return notifyError(http.StatusNotFound, 195026, "Configuration Not Found.")
	}
	return jsonReply(http.StatusOK, m{"alertEmail": c.s.market.alertEmail})
}

func (w *World) ebaySetConfig(c *call) reply {
	var q struct {
		Email string `json:"alertEmail"`
	}
	if decode(c.body, &q) != nil || !looksLikeMail.MatchString(q.Email) {
		return notifyError(http.StatusBadRequest, 195025, "Invalid or missing email.")
	}
	c.s.market.alertEmail = q.Email
	return reply{status: http.StatusNoContent}
}

// noConfig: eBay wants to know whom to alarm before it calls anybody.
func noConfig() reply {
	return notifyError(http.StatusConflict, 195003, "Please provide configurations required for notifications. Refer to /config")
}

func (s *store) target(id string) *target {
	for _, t := range s.market.targets {
		if t.id == id {
			return t
		}
	}
	return nil
}

// challenge asks an address whether it is the application's, as eBay does.
func challenge(ctx context.Context, t *target) bool {
	code := newID()
	u, err := url.Parse(t.endpoint)
	if err != nil {
		return false
	}
	q := u.Query()
	q.Set("challenge_code", code)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: nil, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	var got struct {
		Response string `json:"challengeResponse"`
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") || json.Unmarshal(raw, &got) != nil {
		return false
	}
	sum := sha256.Sum256([]byte(code + t.token + t.endpoint))
	return got.Response == hex.EncodeToString(sum[:])
}

// readTarget reads and tries a destination. The store's lock is let go while the
// address is asked: whoever answers may want something of the store first.
func (w *World) readTarget(c *call, old string) (*target, *reply) {
	fail := func(status, id int, message string) (*target, *reply) {
		bad := notifyError(status, id, message)
		return nil, &bad
	}
	var q struct {
		Name   string `json:"name"`
		Status string `json:"status"`
		Config struct {
			Endpoint string `json:"endpoint"`
			Token    string `json:"verificationToken"`
		} `json:"deliveryConfig"`
	}
	if decode(c.body, &q) != nil || q.Name == "" || len([]rune(q.Name)) > 64 || strings.ContainsAny(q.Name, "<>") {
		return fail(http.StatusBadRequest, 195016, "Invalid name. Markups or lengths greater than 64 not supported")
	}
	u, err := url.Parse(q.Config.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u.Hostname()):
		return fail(http.StatusBadRequest, 195017, "Invalid or missing endpoint.")
	case q.Status != "ENABLED" && q.Status != "DISABLED":
		return fail(http.StatusBadRequest, 195018, "Invalid or missing destination status. Supported values:[ENABLED,DISABLED]")
	case !goodVerification(q.Config.Token):
		return fail(http.StatusBadRequest, 195019, "Invalid or missing verification token for this endpoint.")
	case c.s.market.alertEmail == "":
		bad := noConfig()
		return nil, &bad
	}
	for _, t := range c.s.market.targets {
		if t.endpoint == q.Config.Endpoint && t.id != old {
			return fail(http.StatusConflict, 195021, "Destination exists for this endpoint")
		}
	}
	t := &target{name: q.Name, status: q.Status, endpoint: q.Config.Endpoint, token: q.Config.Token}
	c.s.mu.Unlock()
	ok := challenge(c.Context(), t)
	c.s.mu.Lock()
	if !ok {
		return fail(http.StatusConflict, 195020, "Challenge verification failed for requested endpoint")
	}
	return t, nil
}

// loopback: within one machine the world lets an address do without TLS.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// goodVerification: 32 to 80 letters, digits, hyphens and underscores.
func goodVerification(token string) bool {
	return len(token) >= 32 && len(token) <= 80 && strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

func (w *World) created(c *call, kind, id string) reply {
	return reply{status: http.StatusCreated, kind: "application/json", body: []byte("{}")}.
		with("Location", w.base(c.Request)+"/ebay/"+c.s.Name+"/commerce/notification/v1/"+kind+"/"+id)
}

func (w *World) ebayMakeTarget(c *call) reply {
	t, bad := w.readTarget(c, "")
	if bad != nil {
		return *bad
	}
	t.id = uuidOf(hashOf(c.s.Name, "destination", c.s.next()))
	c.s.market.targets = append(c.s.market.targets, t)
	return w.created(c, "destination", t.id)
}

func hashOf(parts ...any) []byte {
	sum := sha256.Sum256([]byte(fmt.Sprintln(parts...)))
	return sum[:]
}

func noTarget() reply {
	return notifyError(http.StatusNotFound, 195022, "Invalid or missing destination id.")
}

func (w *World) ebaySetTarget(c *call, id string) reply {
	if c.s.target(id) == nil {
		return noTarget()
	}
	t, bad := w.readTarget(c, id)
	old := c.s.target(id)
	switch {
	case bad != nil:
		return *bad
	case old == nil: // it was deleted meanwhile
		return noTarget()
	}
	t.id = id
	*old = *t
	for _, x := range c.s.market.wishes { // what was given up is tried again, at the new address
		if x.target == id {
			w.unhook(c.s, x)
			w.rehook(c.s, x)
		}
	}
	return reply{status: http.StatusNoContent}
}

func (w *World) ebayTargets(c *call) reply {
	var all []m
	for _, t := range c.s.market.targets {
		all = append(all, t.json())
	}
	return w.notifyPage(c, "destinations", all)
}

func (w *World) ebayTarget(c *call, id string) reply {
	t := c.s.target(id)
	if t == nil {
		return noTarget()
	}
	return jsonReply(http.StatusOK, t.json())
}

func (w *World) ebayDropTarget(c *call, id string) reply {
	switch {
	case c.s.target(id) == nil:
		return noTarget()
	case slices.ContainsFunc(c.s.market.wishes, func(x *wish) bool { return x.target == id }):
		return notifyError(http.StatusConflict, 195024, "Destination is in use and cannot be deleted.")
	}
	c.s.market.targets = slices.DeleteFunc(c.s.market.targets, func(t *target) bool { return t.id == id })
	return reply{status: http.StatusNoContent}
}
