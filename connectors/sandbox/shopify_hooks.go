package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// shopifyVersion is the API version that webhooks are written in.
const shopifyVersion = "2026-10"

// shopifyTopics are the topics that the world has news for, as headers name them.
var shopifyTopics = []string{"orders/create", "orders/updated", "orders/cancelled", "refunds/create", "returns/request", "returns/approve", "returns/decline", "returns/close",
	"returns/update", "returns/process", "inventory_levels/update", "products/update", "fulfillments/create", "fulfillments/update", "disputes/create", "disputes/update",
	"bulk_operations/finish", "app/uninstalled", "app/scopes_update"}

// privacyTopics come without a subscription: every application gets them.
var privacyTopics = []string{"customers/data_request", "customers/redact", "shop/redact"}

// topicWord is a topic as the schema's enumeration has it.
func topicWord(topic string) string {
	return strings.ToUpper(strings.ReplaceAll(topic, "/", "_"))
}

// topicOf is the topic behind a word of the enumeration; empty if the world has
// no news of that kind, to which one may subscribe all the same.
func topicOf(word string) string {
	for _, t := range shopifyTopics {
		if topicWord(t) == word {
			return t
		}
	}
	return ""
}

// num is a number in JSON that keeps all of its digits.
func num(id string) json.Number { return json.Number(id) }

// tellShopify sends the news of a Shopify shop to whoever subscribed.
func (w *World) tellShopify(c change) {
	if c.s.Platform != Shopify {
		return
	}
	var topic string
	switch c.kind {
	case changeNew:
		topic = "orders/create"
	case changeOrder:
		topic = "orders/updated"
	case changeCancelled:
		topic = "orders/cancelled"
	case changeRefund:
		topic = "refunds/create"
	case changeReturn:
		topic = "returns/update"
		if r := c.s.rets[c.id(1)]; r != nil {
			topic = orElse(map[string]string{retAsked: "returns/request", retApproved: "returns/approve", retDeclined: "returns/decline", retClosed: "returns/close", retRefunded: "returns/process"}[r.state], topic)
		}
	case changeItem:
		topic = "inventory_levels/update"
		if c.id(1) == "" {
			topic = "products/update"
		}
	case changeShipment:
		topic = "fulfillments/create"
	case changeGone:
		topic = "app/uninstalled"
	case changeScopes:
		topic = "app/scopes_update"
	case changeBulk:
		topic = "bulk_operations/finish"
	default:
		return
	}
	w.tellTopic(c.s, topic, c.ids, w.hooks.of(c.s.Name, topicWord(topic)))
}

func (w *World) tellTopic(s *store, topic string, ids []string, to []*hook) {
	if len(to) == 0 {
		return
	}
	raw, err := json.Marshal(s.hookBody(topic, ids))
	if err != nil {
		w.log.Error("a delivery could not be written", "topic", topic, "err", err)
		return
	}
	for _, h := range to {
		w.deliver(h, raw)
	}
}

// signShopify makes the headers of a delivery.
func (s *store) signShopify(h *hook, id string, at time.Time, body []byte) http.Header {
	mac := hmac.New(sha256.New, []byte(s.auth.secretNow()))
	mac.Write(body)
	topic := topicOf(h.topic)
	head := http.Header{}
	for k, v := range map[string]string{"Content-Type": "application/json", "User-Agent": "Shopify-Captain-Hook", "X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": s.seller,
		"X-Shopify-Hmac-Sha256": base64.StdEncoding.EncodeToString(mac.Sum(nil)), "X-Shopify-Webhook-Id": id, "X-Shopify-Event-Id": newID(),
		"X-Shopify-API-Version": shopifyVersion, "X-Shopify-Triggered-At": at.UTC().Format(time.RFC3339Nano)} {
		head.Set(k, v)
	}
	return head
}

// hookBody is what a topic's deliveries say. ids are those of the change.
func (s *store) hookBody(topic string, ids []string) m {
	id := func(i int) string {
		if i < len(ids) {
			return ids[i]
		}
		return ""
	}
	o := s.order(id(0))
	switch kind, _, _ := strings.Cut(topic, "/"); {
	case kind == "orders" && o != nil:
		return s.hookOrder(o)
	case kind == "refunds" && o != nil:
		for _, r := range o.refunds {
			if r.id == id(1) {
				return hookRefund(o, r)
			}
		}
	case kind == "returns":
		if r := s.rets[id(1)]; r != nil {
			return s.hookReturn(r)
		}
	case kind == "inventory_levels":
		if it := s.bySKU[id(0)]; it != nil && it.at(id(1)) != nil {
			l := it.at(id(1))
			return m{"inventory_item_id": num(it.inventory), "location_id": num(l.place), "available": l.available, "updated_at": when(l.updated),
				"admin_graphql_api_id": levelID(it, l)}
		}
	case kind == "products":
		if it := s.bySKU[id(0)]; it != nil {
			return m{"id": num(it.id), "admin_graphql_api_id": gid("Product", it.id), "title": it.title, "handle": plainSKU(it.sku), "status": it.status, "updated_at": when(it.updated),
				"variants": []m{{"id": num(it.id), "admin_graphql_api_id": gid("ProductVariant", it.id), "sku": it.sku, "inventory_item_id": num(it.inventory)}}}
		}
	case kind == "fulfillments" && o != nil:
		for _, sh := range o.shipments {
			if sh.id == id(1) {
				return hookShipment(o, sh)
			}
		}
	case kind == "disputes" && o != nil:
		return m{"id": num(o.pay), "order_id": num(o.legacy), "type": "chargeback", "amount": o.dec(o.total()), "currency": o.currency, "reason": "fraudulent",
			"network_reason_code": "4837", "status": "needs_response", "evidence_due_by": when(s.w.now().AddDate(0, 0, 7)), "evidence_sent_on": nil, "finalized_on": nil, "initiated_at": when(s.w.now())}
	case kind == "bulk_operations":
		if b := s.bulkByID(id(0)); b != nil {
			return m{"admin_graphql_api_id": gid("BulkOperation", b.id), "completed_at": when(b.ready), "created_at": when(b.at), "error_code": nil, "status": "completed", "type": "query"}
		}
	case topic == "app/scopes_update":
		return m{"id": 1, "shop_id": gid("Shop", shopID), "previous": scopesOf[Shopify], "current": s.auth.granted(), "updated_at": when(s.w.now())}
	case topic == "app/uninstalled":
		return m{"id": num(shopID), "name": "Sandbox " + s.Name, "email": s.address(), "domain": s.seller, "myshopify_domain": s.seller, "currency": s.Currency}
	case kind == "customers":
		out := m{"shop_id": num(shopID), "shop_domain": s.seller}
		orders := []json.Number{}
		if o != nil {
			out["customer"] = m{"id": num(o.buyer.id), "email": o.buyer.email, "phone": ""}
			orders = append(orders, num(o.legacy))
		}
		if topic == "customers/redact" {
			out["orders_to_redact"] = orders
		} else {
			out["orders_requested"], out["data_request"] = orders, m{"id": 1}
		}
		return out
	}
	return m{"shop_id": num(shopID), "shop_domain": s.seller}
}

func (o *order) bagJSON(minor int64) m {
	one := m{"amount": o.dec(minor), "currency_code": o.currency}
	return m{"shop_money": one, "presentment_money": one}
}

func (s *store) hookOrder(o *order) m {
	lines := []m{}
	for _, l := range o.lines {
		lines = append(lines, m{"id": num(l.id), "admin_graphql_api_id": gid("LineItem", l.id), "sku": l.sku, "title": l.title, "name": l.title, "quantity": l.qty,
			"current_quantity": o.left(l), "price": o.dec(l.price / int64(max(l.qty, 1))), "variant_id": num(l.item), "product_id": num(l.item), "fulfillable_quantity": o.toSend(l)})
	}
	refunds, ships := []m{}, []m{}
	for _, r := range o.refunds {
		refunds = append(refunds, hookRefund(o, r))
	}
	for _, sh := range o.shipments {
		ships = append(ships, hookShipment(o, sh))
	}
	out := m{"id": num(o.legacy), "admin_graphql_api_id": gid("Order", o.id), "name": "#" + o.number, "confirmation_number": "SBX" + o.number, "confirmed": true,
		"created_at": when(o.created), "processed_at": when(o.created), "updated_at": when(o.updated), "cancelled_at": nil, "cancel_reason": nil, "closed_at": nil,
		"currency": o.currency, "presentment_currency": o.currency, "email": o.buyer.email, "contact_email": o.buyer.email, "customer_locale": o.buyer.lang,
		"financial_status": strings.ToLower(financial(o)), "fulfillment_status": nil, "total_price": o.dec(o.total()), "total_tax": o.dec(o.tax()), "subtotal_price": o.dec(o.items()),
		"total_price_set": o.bagJSON(o.total()), "total_tax_set": o.bagJSON(o.tax()), "total_shipping_price_set": o.bagJSON(o.ship()), "subtotal_price_set": o.bagJSON(o.items()),
		"taxes_included": false, "test": false, "tags": "", "note": nil, "payment_gateway_names": []string{gateway}, "source_name": "web", "line_items": lines, "refunds": refunds, "fulfillments": ships,
		"customer": m{"id": num(o.buyer.id), "admin_graphql_api_id": gid("Customer", o.buyer.id), "email": o.buyer.email}}
	switch o.status {
	case cancelled:
		out["cancelled_at"], out["cancel_reason"], out["closed_at"] = when(o.updated), "customer", when(o.updated)
	case partly:
		out["fulfillment_status"] = "partial"
	case shipped, delivered:
		out["fulfillment_status"] = "fulfilled"
	}
	if o.note != "" {
		out["note"] = o.note
	}
	return out
}

func hookRefund(o *order, r *refund) m {
	lines := []m{}
	for _, p := range r.parts {
		lines = append(lines, m{"line_item_id": num(p.line.id), "quantity": p.qty, "subtotal": o.dec(p.price), "total_tax": o.dec(p.tax), "restock_type": strings.ToLower(orElse(p.restock, "NO_RESTOCK"))})
	}
	pays := []m{}
	if r.amount > 0 {
		pays = append(pays, m{"id": num(r.tx), "admin_graphql_api_id": gid("OrderTransaction", r.tx), "order_id": num(o.legacy), "kind": "refund", "status": "success", "amount": o.dec(r.amount),
			"currency": o.currency, "gateway": gateway, "parent_id": num(o.pay), "created_at": when(r.at)})
	}
	return m{"id": num(r.id), "admin_graphql_api_id": gid("Refund", r.id), "order_id": num(o.legacy), "created_at": when(r.at), "processed_at": when(r.at), "note": r.note,
		"restock": slices.ContainsFunc(r.parts, func(p part) bool { return p.restock != "" && p.restock != "NO_RESTOCK" }), "refund_line_items": lines, "transactions": pays, "order_adjustments": []m{}}
}

func hookShipment(o *order, sh *shipment) m {
	return m{"id": num(sh.id), "admin_graphql_api_id": gid("Fulfillment", sh.id), "order_id": num(o.legacy), "status": "success", "created_at": when(sh.at), "updated_at": when(sh.at),
		"tracking_company": sh.carrier, "tracking_number": sh.number, "tracking_numbers": []string{sh.number}, "name": "#" + o.number + "-F1"}
}

func (s *store) hookReturn(r *ret) m {
	lines := []m{}
	n := 0
	for _, l := range r.lines {
		n += l.qty
		lines = append(lines, m{"id": num(l.id), "admin_graphql_api_id": gid("ReturnLineItem", l.id), "quantity": l.qty, "return_reason": strings.ToLower(returnWord(r.reason)), "customer_note": r.note})
	}
	out := m{"id": num(r.id), "admin_graphql_api_id": gid("Return", r.id), "name": r.number, "status": strings.ToLower(returnStatus(r)), "total_return_line_items": n,
		"return_line_items": lines, "exchange_line_items": []m{}, "return_shipping_fees": []m{}, "total_exchange_line_items": 0}
	if o := s.order(r.order); o != nil {
		out["order"] = m{"id": num(o.legacy), "admin_graphql_api_id": gid("Order", o.id)}
	}
	return out
}

// ErrNoTopic is what errors about a topic that a platform does not have wrap.
var ErrNoTopic = errors.New("no such topic")

// Announce sends a Shopify shop's delivery of any topic, about an order where the
// topic is about one: a dispute, a buyer who wants to be forgotten. What comes
// without a subscription goes to every address that the shop has.
func (w *World) Announce(store, topic, order string) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	private := slices.Contains(privacyTopics, topic)
	if s.Platform != Shopify || !private && !slices.Contains(shopifyTopics, topic) {
		return fmt.Errorf("%w: %q", ErrNoTopic, topic)
	}
	var ids []string
	if o := s.find(order); o != nil {
		ids = append(ids, o.id)
		switch {
		case strings.HasPrefix(topic, "refunds/") && len(o.refunds) > 0:
			ids = append(ids, o.refunds[len(o.refunds)-1].id)
		case strings.HasPrefix(topic, "fulfillments/") && len(o.shipments) > 0:
			ids = append(ids, o.shipments[len(o.shipments)-1].id)
		case strings.HasPrefix(topic, "returns/") && len(s.returnsOf(o.id)) > 0:
			ids = append(ids, s.returnsOf(o.id)[0].id)
		}
	}
	if !private {
		w.tellTopic(s, topic, ids, w.hooks.of(store, topicWord(topic)))
		return nil
	}
	seen := map[string]bool{}
	for _, h := range w.hooks.of(store, "") {
		if seen[h.address] {
			continue
		}
		seen[h.address] = true
		own := &hook{store: store, topic: topic, address: h.address, giveUp: func(*hook) {}}
		own.sign = func(h *hook, id string, at time.Time, body []byte) http.Header {
			head := s.signShopify(h, id, at, body)
			head.Set("X-Shopify-Topic", topic)
			return head
		}
		w.tellTopic(s, topic, ids, []*hook{own})
	}
	return nil
}

// goodAddress tells whether deliveries can be sent to an address.
func goodAddress(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.Fragment == ""
}

// levelID is the id of a quantity in a place.
func levelID(it *item, l *level) string {
	return gid("InventoryLevel", l.place) + "?inventory_item_id=" + it.inventory
}
