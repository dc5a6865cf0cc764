package sandbox

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// wooFailures is after how many failures in a row a webhook is switched off.
const wooFailures = 5

// wooHook is a webhook as the shop keeps it.
type wooHook struct {
	h       *hook
	name    string
	status  string // active, paused; one that was given up is disabled
	secret  string
	updated time.Time
}

func (w *World) wooHookStatus(x *wooHook) string {
	if w.hookDown(x.h) {
		return "disabled"
	}
	return x.status
}

func (w *World) wooHookJSON(x *wooHook) m {
	what, event, _ := strings.Cut(x.h.topic, ".")
	out := m{"id": num(x.h.id), "name": x.name, "status": w.wooHookStatus(x), "topic": x.h.topic, "resource": what, "event": event, "hooks": []any{}, "delivery_url": x.h.address}
	wooTimes(out, "date_created", x.h.made)
	wooTimes(out, "date_modified", x.updated)
	return out
}

func (c *call) wooHookBy(id string) (*wooHook, *reply) {
	for _, x := range c.s.market.woo.hooks {
		if x.h.id == id {
			return x, nil
		}
	}
	r := wooError(http.StatusNotFound, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
	return nil, &r
}

func (w *World) wooHooks(c *call) reply {
	p, bad := wooPaged(c)
	if bad != nil {
		return *bad
	}
	all := slices.Clone(c.s.market.woo.hooks)
	slices.SortFunc(all, func(a, b *wooHook) int { return cmp.Compare(a.h.id, b.h.id) })
	if orElse(c.URL.Query().Get("order"), "desc") == "desc" {
		slices.Reverse(all)
	}
	return wooSlice(p, all, w.wooHookJSON)
}

func (w *World) wooHook(c *call, id string) reply {
	x, bad := c.wooHookBy(id)
	if bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, w.wooHookJSON(x))
}

type wooHookAsk struct {
	Name   string `json:"name"`
	Topic  string `json:"topic"`
	URL    string `json:"delivery_url"`
	Secret string `json:"secret"`
	Status string `json:"status"`
}

// wooAddHook makes a webhook, and pings its address at once.
func (w *World) wooAddHook(c *call) reply {
	var q wooHookAsk
	switch {
	case decode(c.body, &q) != nil:
		return wooError(http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
	case !wooTopic(q.Topic):
		return wooError(http.StatusBadRequest, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic is required and must be valid.")
	case !goodAddress(q.URL):
		return wooError(http.StatusBadRequest, "woocommerce_rest_shop_webhook_invalid_delivery_url", "Webhook delivery URL must be a valid URL starting with http:// or https://.")
	}
	s := c.s
	x := &wooHook{name: q.Name, status: orElse(q.Status, "active"), secret: q.Secret, updated: w.now()}
	x.h = w.hooks.add(&hook{store: s.Name, topic: q.Topic, address: q.URL, once: true, most: wooFailures, giveUp: func(*hook) {}})
	x.h.sign = s.wooSigner(x)
	s.market.woo.hooks = append(s.market.woo.hooks, x)
	w.wooPing(s, x)
	return jsonReply(http.StatusCreated, w.wooHookJSON(x))
}

// wooPing asks an address whether it is there. It is not signed.
func (w *World) wooPing(s *store, x *wooHook) {
	own := &hook{store: s.Name, topic: "ping", address: x.h.address, once: true, giveUp: func(*hook) {}}
	own.sign = func(*hook, string, time.Time, []byte) http.Header {
		return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "User-Agent": {wooAgent}}
	}
	w.deliver(own, []byte("webhook_id="+x.h.id))
}

const wooAgent = "WooCommerce/9.4.2 Hookshot (WordPress/6.7)"

func (w *World) wooSetHook(c *call, id string) reply {
	x, bad := c.wooHookBy(id)
	if bad != nil {
		return *bad
	}
	var q wooHookAsk
	switch {
	case decode(c.body, &q) != nil:
		return wooError(http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
	case q.Topic != "" && !wooTopic(q.Topic):
		return wooError(http.StatusBadRequest, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic must be valid.")
	case q.URL != "" && !goodAddress(q.URL):
		return wooError(http.StatusBadRequest, "woocommerce_rest_shop_webhook_invalid_delivery_url", "Webhook delivery URL must be a valid URL starting with http:// or https://.")
	case q.Status != "" && !slices.Contains([]string{"active", "paused", "disabled"}, q.Status):
		return wooError(http.StatusBadRequest, "woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.")
	}
	next := *x.h // what is under way goes to the address it had
	next.topic, next.address, next.failures = orElse(q.Topic, next.topic), orElse(q.URL, next.address), 0
	next.down = w.hookDown(x.h) && q.Status != "active"
	moved := next.address != x.h.address
	w.hooks.drop(c.s.Name, x.h.id)
	x.name, x.secret, x.status, x.updated = orElse(q.Name, x.name), orElse(q.Secret, x.secret), orElse(q.Status, x.status), w.now()
	made := next.made
	x.h = w.hooks.add(&next)
	x.h.made = made
	if moved {
		w.wooPing(c.s, x)
	}
	return jsonReply(http.StatusOK, w.wooHookJSON(x))
}

func (w *World) wooDropHook(c *call, id string) reply {
	x, bad := c.wooHookBy(id)
	if bad != nil {
		return *bad
	}
	if c.URL.Query().Get("force") != "true" {
		return wooError(http.StatusNotImplemented, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
	}
	w.hooks.drop(c.s.Name, id)
	c.s.market.woo.hooks = slices.DeleteFunc(c.s.market.woo.hooks, func(y *wooHook) bool { return y == x })
	return jsonReply(http.StatusOK, w.wooHookJSON(x))
}

// wooSigner makes the headers of a webhook's deliveries.
func (s *store) wooSigner(x *wooHook) func(*hook, string, time.Time, []byte) http.Header {
	secret := func() string { return x.secret }
	return func(h *hook, id string, _ time.Time, body []byte) http.Header {
		mac := hmac.New(sha256.New, []byte(secret()))
		mac.Write(body)
		what, event, _ := strings.Cut(h.topic, ".")
		head := http.Header{}
		for k, v := range map[string]string{"Content-Type": "application/json", "User-Agent": wooAgent, "X-WC-Webhook-Source": "https://" + s.seller + "/", "X-WC-Webhook-Topic": h.topic,
			"X-WC-Webhook-Resource": what, "X-WC-Webhook-Event": event, "X-WC-Webhook-Signature": base64.StdEncoding.EncodeToString(mac.Sum(nil)), "X-WC-Webhook-ID": h.id, "X-WC-Webhook-Delivery-ID": id} {
			head.Set(k, v)
		}
		return head
	}
}

// tellWoo sends the news of a WooCommerce shop to whoever subscribed.
func (w *World) tellWoo(c change) {
	if c.s.Platform != Woo {
		return
	}
	var topic string
	var body m
	switch c.kind {
	case changeNew, changeOrder:
		o := c.s.order(c.id(0))
		if o == nil {
			return
		}
		topic = "order.updated"
		if c.kind == changeNew {
			topic = "order.created"
		}
		body = c.s.wooOrderJSON(o)
	case changeItem:
		it := c.s.bySKU[c.id(0)]
		if it == nil {
			return
		}
		topic = "product.updated"
		if product, variation := wooOf(it.id); variation == "0" {
			body = c.s.wooShow(c.s.wooProduct(product))
		} else {
			body = c.s.wooShowVariation(it)
		}
	default: // a refund or a parcel changes its order, and is told so
		return
	}
	var raw []byte
	for _, x := range c.s.market.woo.hooks {
		if x.h.topic != topic || w.wooHookStatus(x) != "active" {
			continue
		}
		if raw == nil {
			var err error
			if raw, err = json.Marshal(body); err != nil {
				w.log.Error("a delivery could not be written", "topic", topic, "err", err)
				return
			}
		}
		w.deliver(x.h, raw)
	}
}
