package sandbox

import (
	"strings"
)

// subscription is what is sent to an address.
func (x *exec) subscription(h *hook) *object {
	return fieldsOf("WebhookSubscription", m{"id": gid("WebhookSubscription", h.id), "legacyResourceId": h.id, "topic": h.topic, "uri": h.address, "callbackUrl": h.address, "format": "JSON",
		"includeFields": []any{}, "metafieldNamespaces": []any{}, "createdAt": when(h.made), "updatedAt": when(h.made)})
}

func (x *exec) subByGID(id string) *hook {
	n, ok := plain("WebhookSubscription", id)
	if !ok {
		return nil
	}
	for _, h := range x.w.hooks.of(x.s.Name, "") {
		if h.id == n {
			return h
		}
	}
	return nil
}

// subscriptions lists subscriptions; a search for a topic may stand in query.
func (x *exec) subscriptions(a args) (any, error) {
	var found []*hook
	for _, h := range x.w.hooks.of(x.s.Name, "") {
		keep := true
		for _, t := range terms(text(a["query"])) {
			keep = keep && (t.field != "topic" || strings.EqualFold(topicWord(t.value), h.topic))
		}
		if v := text(a["callbackUrl"]); keep && (v == "" || v == h.address) {
			found = append(found, h)
		}
	}
	return connect(a, found, "WebhookSubscription", x.subscription)
}

// subscribe runs the mutations about subscriptions.
func (x *exec) subscribe(f string, a args) (any, error) {
	name := strings.ToUpper(f[:1]) + f[1:] + "Payload"
	fail := func(message string, field ...string) (any, error) {
		return outcome(name, nil, userError(message, field...)), nil
	}
	in, _ := a["webhookSubscription"].(map[string]any)
	address := orElse(text(in["uri"]), text(in["callbackUrl"]))
	if f != "webhookSubscriptionCreate" {
		h := x.subByGID(text(a["id"]))
		if h == nil {
			return fail("Webhook subscription does not exist", "id")
		}
		if f == "webhookSubscriptionDelete" {
			x.w.hooks.drop(x.s.Name, h.id)
			return outcome(name, m{"deletedWebhookSubscriptionId": gid("WebhookSubscription", h.id)}), nil
		}
		if address == "" {
			return outcome(name, m{"webhookSubscription": x.subscription(h)}), nil
		}
		if !goodAddress(address) {
			return fail("Address is invalid", "webhookSubscription", "uri")
		}
		next := *h // what is under way goes to the address it had
		next.address, next.failures = address, 0
		x.w.hooks.drop(x.s.Name, h.id)
		return outcome(name, m{"webhookSubscription": x.subscription(x.w.hooks.add(&next))}), nil
	}
	topic := text(a["topic"])
	switch {
	case address == "":
		return fail("Address can't be blank", "webhookSubscription", "uri")
	case !goodAddress(address):
		return fail("Address is invalid", "webhookSubscription", "uri")
	case text(in["format"]) == "XML":
		return fail("Format is not supported here", "webhookSubscription", "format")
	}
	for _, h := range x.w.hooks.of(x.s.Name, topic) {
		if h.address == address {
			return fail("Address for this topic has already been taken", "webhookSubscription", "callbackUrl")
		}
	}
	h := x.w.hooks.add(&hook{store: x.s.Name, topic: topic, address: address, sign: x.s.signShopify})
	return outcome(name, m{"webhookSubscription": x.subscription(h)}), nil
}

// searched is a term of Shopify's search syntax.
type searched struct {
	field, op, value string
	quoted           bool
}

// compare tells whether the outcome of a comparison is what the term wants.
func (t searched) compare(n int) bool {
	switch t.op {
	case ">":
		return n > 0
	case ">=":
		return n >= 0
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	}
	return n == 0
}

// terms reads a search. All of its terms must hold.
func terms(q string) (all []searched) {
	for _, t := range term.FindAllStringSubmatch(q, -1) {
		one := searched{field: t[1], op: t[2], value: t[3]}
		if c := one.value[0]; len(one.value) > 1 && (c == '\'' || c == '"') && one.value[len(one.value)-1] == c {
			one.quoted = true
			one.value = unslash.Replace(one.value[1 : len(one.value)-1])
		} else {
			one.value = strings.Trim(one.value, `'"`)
		}
		all = append(all, one)
	}
	return all
}

// unslash undoes what keeps a quotation mark from ending a term.
var unslash = strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\:`, `:`)
