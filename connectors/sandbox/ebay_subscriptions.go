package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// unhook stops what is sent for a subscription.
func (w *World) unhook(s *store, x *wish) {
	if x.hook != nil {
		w.hooks.drop(s.Name, x.hook.id)
		x.hook = nil
	}
}

// rehook starts it, if the subscription and its destination are enabled.
func (w *World) rehook(s *store, x *wish) {
	t := s.target(x.target)
	if x.hook != nil || x.status != "ENABLED" || t == nil || t.status != "ENABLED" {
		return
	}
	x.hook = w.hooks.add(w.ebayHook(s, x.topic, t))
}

// ebayHook is a subscription as the engine knows it. When eBay gives an address
// up, it marks the destination, and with it all that is sent there.
func (w *World) ebayHook(s *store, topic string, t *target) *hook {
	id := t.id
	return &hook{store: s.Name, topic: topic, address: t.endpoint,
		sign: func(_ *hook, _ string, _ time.Time, body []byte) http.Header {
			h := http.Header{"Content-Type": {"application/json"}}
			sig, err := w.signEbay(body)
			if err != nil { // cannot happen: the body is JSON
				w.log.Error("a delivery could not be signed", "err", err)
				return h
			}
			h.Set("X-EBAY-SIGNATURE", sig)
			return h
		},
		giveUp: func(*hook) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if t := s.target(id); t != nil {
				t.status = "MARKED_DOWN"
			}
			for _, x := range s.market.wishes {
				if x.target == id {
					w.unhook(s, x)
				}
			}
		}}
}

type wishRequest struct {
	Topic   string `json:"topicId"`
	Status  string `json:"status"`
	Target  string `json:"destinationId"`
	Payload struct {
		Format   string `json:"format"`
		Version  string `json:"schemaVersion"`
		Protocol string `json:"deliveryProtocol"`
	} `json:"payload"`
}

// bad tells what is wrong with a subscription, whose topic is known to be good.
func (q wishRequest) bad(s *store) *reply {
	fail := func(status, id int, message string) *reply {
		r := notifyError(status, id, message)
		return &r
	}
	t := s.target(q.Target)
	switch {
	case q.Status != "ENABLED" && q.Status != "DISABLED":
		return fail(http.StatusBadRequest, 195006, "Invalid or missing subscription status.")
	case t == nil:
		return fail(http.StatusBadRequest, 195007, "Invalid or missing destination id.")
	case q.Payload.Version != "1.0":
		return fail(http.StatusBadRequest, 195008, "Invalid or missing schema version. Please refer to /topic/{topic_id} for supported schema versions.")
	case q.Payload.Format != "JSON":
		return fail(http.StatusBadRequest, 195009, "Specified format is not supported for the topic.")
	case q.Payload.Protocol != "HTTPS":
		return fail(http.StatusBadRequest, 195010, "Invalid or missing protocol")
	case q.Status == "ENABLED" && t.status != "ENABLED":
		return fail(http.StatusConflict, 195015, "The subscription cannot be enabled since the destination is not enabled.")
	}
	return nil
}

func (w *World) ebaySubscribe(c *call) reply {
	var q wishRequest
	if decode(c.body, &q) != nil || !slices.ContainsFunc(topics, func(t topic) bool { return t.id == q.Topic }) {
		return notifyError(http.StatusBadRequest, 195027, "Invalid or missing topic id.")
	}
	if bad := q.bad(c.s); bad != nil {
		return *bad
	}
	switch {
	case c.s.market.alertEmail == "":
		return noConfig()
	case slices.ContainsFunc(c.s.market.wishes, func(x *wish) bool { return x.topic == q.Topic }):
		return notifyError(http.StatusConflict, 195012, "Subscription already exists")
	}
	x := &wish{id: uuidOf(hashOf(c.s.Name, "subscription", c.s.next())), topic: q.Topic, status: q.Status, target: q.Target, made: w.now()}
	c.s.market.wishes = append(c.s.market.wishes, x)
	w.rehook(c.s, x)
	return w.created(c, "subscription", x.id)
}

func (w *World) ebayWishes(c *call) reply {
	var all []m
	for _, x := range c.s.market.wishes {
		all = append(all, x.json())
	}
	return w.notifyPage(c, "subscriptions", all)
}

// wishCall finds the subscription and hands it on.
func (w *World) wishCall(do func(*call, *wish) reply) func(*call, []string) reply {
	return func(c *call, parts []string) reply {
		for _, x := range c.s.market.wishes {
			if x.id == parts[0] {
				return do(c, x)
			}
		}
		return notifyError(http.StatusNotFound, 195013, "Invalid subscription Id.")
	}
}

func (w *World) ebayWish(_ *call, x *wish) reply { return jsonReply(http.StatusOK, x.json()) }

func (w *World) ebaySetWish(c *call, x *wish) reply {
	var q wishRequest
	if decode(c.body, &q) != nil {
		return notifyError(http.StatusBadRequest, 195006, "Invalid or missing subscription status.")
	}
	if bad := q.bad(c.s); bad != nil {
		return *bad
	}
	w.unhook(c.s, x)
	x.status, x.target = q.Status, q.Target
	w.rehook(c.s, x)
	return reply{status: http.StatusNoContent}
}

func (w *World) ebayDropWish(c *call, x *wish) reply {
	w.unhook(c.s, x)
	c.s.market.wishes = slices.DeleteFunc(c.s.market.wishes, func(y *wish) bool { return y == x })
	return reply{status: http.StatusNoContent}
}

func (w *World) ebayEnable(c *call, x *wish) reply {
	if t := c.s.target(x.target); t == nil || t.status != "ENABLED" {
		return notifyError(http.StatusConflict, 195015, "The subscription cannot be enabled since the destination is not enabled.")
	}
	x.status = "ENABLED"
	w.rehook(c.s, x)
	return reply{status: http.StatusNoContent}
}

func (w *World) ebayDisable(c *call, x *wish) reply {
	x.status = "DISABLED"
	w.unhook(c.s, x)
	return reply{status: http.StatusNoContent}
}

// ebayTest sends something made up, to a subscription in any state.
func (w *World) ebayTest(c *call, x *wish) reply {
	t := c.s.target(x.target)
	if t == nil {
		return notifyError(http.StatusBadRequest, 195007, "Invalid or missing destination id.")
	}
	h := x.hook
	if h == nil {
		h = w.ebayHook(c.s, x.topic, t)
	}
	w.deliver(h, c.s.ebayNote(x.topic, m{"username": "test_user", "userId": "TEST", "eiasToken": "TEST"}))
	return reply{status: http.StatusAccepted}
}

// ebayNote is a piece of news as eBay writes it.
func (s *store) ebayNote(topic string, data m) []byte {
	now := stamp(s.w.now())
	raw, err := json.Marshal(m{"metadata": m{"topic": topic, "schemaVersion": "1.0", "deprecated": false},
		"notification": m{"notificationId": newID(), "eventDate": now, "publishDate": now, "publishAttemptCount": 1, "data": data}})
	if err != nil { // cannot happen: plain values only
		s.w.log.Error("a notification could not be written", "err", err)
	}
	return raw
}

// ebayTell sends a piece of news to whoever subscribed.
func (s *store) ebayTell(topic string, data m) {
	for _, x := range s.market.wishes {
		if x.topic == topic && x.hook != nil {
			s.w.deliver(x.hook, s.ebayNote(topic, data))
		}
	}
}

// ebayNews turns a change into the news that eBay sends about it. There is none
// about returns: those have to be looked for.
func (s *store) ebayNews(c change) {
	if len(s.market.wishes) == 0 {
		return
	}
	switch c.kind {
	case changeNew:
		if o := s.order(c.id(0)); o != nil {
			for _, l := range o.lines { // one for each line, as the live platform does
				s.ebayTell(topicOrder, m{"orderId": o.id, "lineItemId": l.id, "listingId": l.item, "quantity": l.qty, "sellerId": s.seller, "buyerUsername": o.buyer.username})
			}
		}
	case changeShipment:
		o := s.order(c.id(0))
		if o == nil {
			return
		}
		for _, sh := range o.shipments {
			if sh.id != c.id(1) {
				continue
			}
			for _, l := range sh.lines {
				s.ebayTell(topicShipped, m{"orderId": o.id, "lineItemId": l.line.id, "listingId": l.line.item, "sellerId": s.seller})
			}
		}
	case changeMessage:
		for _, t := range s.threads {
			for _, x := range t.messages {
				if x.id == c.id(0) {
					s.ebayTell(topicMessage, m{"messageId": x.id, "conversationId": t.id, "senderUsername": t.buyer.username, "recipientUsername": s.seller, "createdDate": stamp(x.at)})
				}
			}
		}
	case changeGone:
		s.ebayTell(topicGone, m{"username": s.seller, "userId": "SBX" + s.seller, "revokeReason": "CONSENT_REVOKED"})
	}
}

// ForgetUser lets somebody at eBay ask to be forgotten. An empty name means the
// buyer of the newest order.
func (w *World) ForgetUser(store, username string) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	if s.Platform != Ebay {
		return fmt.Errorf("%w: %q is not on eBay", ErrBadLever, store)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if username == "" && s.count() > 0 {
		username = s.newest().buyer.username
	}
	if s.buyer(username) == nil {
		return fmt.Errorf("%w: buyer %q", ErrNoBuyer, username)
	}
	s.ebayTell(topicDeletion, m{"username": username, "userId": "SBX" + username, "eiasToken": uuidOf(hashOf(s.Name, username))})
	return nil
}

// notifyRoutes are the operations about news.
func (w *World) notifyRoutes() []ebayRoute {
	const base, subs, dests = "/commerce/notification/v1", "/subscription", "/destination"
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	r := func(method, path, scope string, do func(*call, []string) reply) ebayRoute {
		return ebayRoute{method: method, path: base + path, op: "subscribe", scope: scope, api: "notification", do: do}
	}
	return []ebayRoute{
		r(get, "/public_key/{}", scopeBasic, named(w.ebayPublicKey)),
		r(get, "/topic", scopeBasic, fixed(w.ebayTopics)),
		r(get, "/topic/{}", scopeBasic, named(w.ebayTopic)),
		r(get, "/config", scopeBasic, fixed(w.ebayConfig)),
		r(put, "/config", scopeBasic, fixed(w.ebaySetConfig)),
		r(get, dests, scopeBasic, fixed(w.ebayTargets)),
		r(post, dests, scopeBasic, fixed(w.ebayMakeTarget)),
		r(get, dests+"/{}", scopeBasic, named(w.ebayTarget)),
		r(put, dests+"/{}", scopeBasic, named(w.ebaySetTarget)),
		r(del, dests+"/{}", scopeBasic, named(w.ebayDropTarget)),
		r(get, subs, scopeNotify, fixed(w.ebayWishes)),
		r(post, subs, scopeNotify, fixed(w.ebaySubscribe)),
		r(get, subs+"/{}", scopeNotify, w.wishCall(w.ebayWish)),
		r(put, subs+"/{}", scopeNotify, w.wishCall(w.ebaySetWish)),
		r(del, subs+"/{}", scopeNotify, w.wishCall(w.ebayDropWish)),
		r(post, subs+"/{}/enable", scopeNotify, w.wishCall(w.ebayEnable)),
		r(post, subs+"/{}/disable", scopeNotify, w.wishCall(w.ebayDisable)),
		r(post, subs+"/{}/test", scopeNotify, w.wishCall(w.ebayTest)),
	}
}
