package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// destination is where Amazon may leave news for an application.
type destination struct{ id, name, arn string }

// noteSub is a seller's wish for one kind of news.
type noteSub struct {
	id, kind, version, destination string
	directive                      m
	// only are the kinds of order changes that are wanted; nil means all.
	only []string
}

// noteVersions are the kinds of news that can be had, and the version that each
// is written in. The world never has reasons to send the last few.
var noteVersions = map[string]string{
	"ORDER_CHANGE": "1.0", "FEED_PROCESSING_FINISHED": "2020-09-04", "REPORT_PROCESSING_FINISHED": "2020-09-04", "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": "1.0",
	"FBA_INVENTORY_AVAILABILITY_CHANGES": "1.0", "TRANSACTION_UPDATE": "1.0",
	"ANY_OFFER_CHANGED": "1.0", "LISTINGS_ITEM_STATUS_CHANGE": "1.0", "LISTINGS_ITEM_ISSUES_CHANGE": "1.0", "PRICING_HEALTH": "1.0",
}

var queueARN = regexp.MustCompile(`^arn:aws:sqs:\S+:\S+:\S+$`)

func noteError(status int, code, message string) reply { return amazonError(status, code, message, "") }

func noteMissing(id string) reply {
	return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
}

func (d *destination) json() m {
	return m{"destinationId": d.id, "name": d.name, "resource": m{"sqs": m{"arn": d.arn}}}
}

func (w *World) amazonDestinations(c *call) reply {
	out := []m{}
	for _, d := range c.s.market.destinations {
		out = append(out, d.json())
	}
	return jsonReply(http.StatusOK, m{"payload": out})
}

func (s *store) destination(id string) *destination {
	for _, d := range s.market.destinations {
		if d.id == id {
			return d
		}
	}
	return nil
}

func (w *World) amazonDestination(c *call, id string) reply {
	d := c.s.destination(id)
	if d == nil {
		return noteMissing(id)
	}
	return jsonReply(http.StatusOK, m{"payload": d.json()})
}

func (w *World) amazonCreateDestination(c *call) reply {
	var q struct {
		Name     string `json:"name"`
		Resource struct {
			SQS *struct {
				ARN string `json:"arn"`
			} `json:"sqs"`
			EventBridge m `json:"eventBridge"`
		} `json:"resourceSpecification"`
	}
	switch {
	case decode(c.body, &q) != nil || q.Name == "" || len([]rune(q.Name)) > 256:
		return badInput("name")
	case (q.Resource.SQS == nil) == (q.Resource.EventBridge == nil):
		return badInput("resourceSpecification must name exactly one resource.")
	case q.Resource.SQS == nil:
		return noteError(http.StatusBadRequest, "InvalidInput", "This world has no event bus.")
	case !queueARN.MatchString(q.Resource.SQS.ARN):
		return badInput("resourceSpecification.sqs.arn")
	case q.Resource.SQS.ARN != c.s.queueAccess().ARN:
		return noteError(http.StatusBadRequest, "InvalidInput", "Unable to send messages to the queue. Check that the queue exists and that its policy allows it.")
	}
	for _, d := range c.s.market.destinations {
		if d.arn == q.Resource.SQS.ARN || d.name == q.Name {
			return noteError(http.StatusConflict, "Conflict", "A destination with this name or resource exists already.")
		}
	}
	d := &destination{id: fmt.Sprintf("destination-%s-%d", c.s.Name, c.s.next()), name: q.Name, arn: q.Resource.SQS.ARN}
	c.s.market.destinations = append(c.s.market.destinations, d)
	return jsonReply(http.StatusOK, m{"payload": d.json()})
}

func (w *World) amazonDeleteDestination(c *call, id string) reply {
	if c.s.destination(id) == nil {
		return noteMissing(id)
	}
	if slices.ContainsFunc(c.s.market.notes, func(n *noteSub) bool { return n.destination == id }) {
		return noteError(http.StatusConflict, "Conflict", "The destination is used by a subscription.")
	}
	c.s.market.destinations = slices.DeleteFunc(c.s.market.destinations, func(d *destination) bool { return d.id == id })
	return jsonReply(http.StatusOK, m{})
}

func (n *noteSub) json() m {
	out := m{"subscriptionId": n.id, "payloadVersion": n.version, "destinationId": n.destination}
	if n.directive != nil {
		out["processingDirective"] = n.directive
	}
	return out
}

func (w *World) amazonSubscribe(c *call, kind string) reply {
	var q struct {
		Version     string `json:"payloadVersion"`
		Destination string `json:"destinationId"`
		Directive   m      `json:"processingDirective"`
	}
	if noteVersions[kind] == "" {
		return badInput("notificationType")
	}
	if decode(c.body, &q) != nil || q.Version != noteVersions[kind] {
		return badInput("payloadVersion")
	}
	if c.s.destination(q.Destination) == nil {
		return badInput("destinationId")
	}
	n := &noteSub{kind: kind, version: q.Version, destination: q.Destination, directive: q.Directive}
	filter, _ := q.Directive["eventFilter"].(map[string]any)
	switch {
	case kind == "ORDER_CHANGE":
		// Without a filter the live platform refuses this kind of news.
		if filter["eventFilterType"] != kind {
			return badInput("processingDirective.eventFilter.eventFilterType is required for ORDER_CHANGE.")
		}
		types, there := filter["orderChangeTypes"].([]any)
		for _, v := range types {
			one, ok := v.(string)
			if !ok || !slices.Contains([]string{"OrderStatusChange", "BuyerRequestedChange", "DeliveryTipChange"}, one) {
				return badInput("orderChangeTypes")
			}
			n.only = append(n.only, one)
		}
		if there && len(types) == 0 {
			return badInput("orderChangeTypes")
		}
	case q.Directive != nil && kind != "ANY_OFFER_CHANGED":
		return badInput("processingDirective is not supported for " + kind)
	}
	if slices.ContainsFunc(c.s.market.notes, func(x *noteSub) bool { return x.kind == kind && x.version == q.Version }) {
		return noteError(http.StatusConflict, "Conflict", "A subscription for this notification type and payload version exists already.")
	}
	n.id = fmt.Sprintf("subscription-%s-%d", c.s.Name, c.s.next())
	c.s.market.notes = append(c.s.market.notes, n)
	return jsonReply(http.StatusOK, m{"payload": n.json()})
}

func (w *World) amazonSubscription(c *call, kind string) reply {
	if noteVersions[kind] == "" {
		return badInput("notificationType")
	}
	version := c.URL.Query().Get("payloadVersion")
	for _, n := range c.s.market.notes {
		if n.kind == kind && (version == "" || n.version == version) {
			return jsonReply(http.StatusOK, m{"payload": n.json()})
		}
	}
	return noteMissing(kind)
}

func (w *World) amazonSubscriptions(c *call) reply {
	q := c.URL.Query()
	kinds := listOf(q, "notificationTypes")
	if len(kinds) != 1 || noteVersions[kinds[0]] == "" {
		return badInput("notificationTypes")
	}
	if v := q.Get("pageSize"); v != "" {
		if n, err := strconv.Atoi(v); err != nil || n < 30 || n > 100 {
			return badInput("pageSize")
		}
	}
	out := []m{}
	for _, n := range c.s.market.notes {
		if n.kind == kinds[0] && (q.Get("payloadVersion") == "" || n.version == q.Get("payloadVersion")) {
			out = append(out, n.json())
		}
	}
	return jsonReply(http.StatusOK, m{"payload": m{"subscriptions": out}})
}

func (w *World) amazonSubscriptionByID(c *call, parts []string) reply {
	for _, n := range c.s.market.notes {
		if n.kind == parts[0] && n.id == parts[1] {
			return jsonReply(http.StatusOK, m{"payload": n.json()})
		}
	}
	return noteMissing(parts[1])
}

func (w *World) amazonUnsubscribe(c *call, parts []string) reply {
	before := len(c.s.market.notes)
	c.s.market.notes = slices.DeleteFunc(c.s.market.notes, func(n *noteSub) bool { return n.kind == parts[0] && n.id == parts[1] })
	if len(c.s.market.notes) == before {
		return noteMissing(parts[1])
	}
	return jsonReply(http.StatusOK, m{})
}

// amazonTestNote sends a piece of news about the newest order or listing.
func (w *World) amazonTestNote(c *call, kind string) reply {
	var q struct {
		Destination string `json:"destinationId"`
		Test        *struct {
			Version  string `json:"payloadVersion"`
			Scenario string `json:"testScenario"`
		} `json:"testNotification"`
	}
	switch {
	case decode(c.body, &q) != nil || q.Test == nil || q.Test.Version != noteVersions[kind] || q.Test.Version == "":
		return badInput("testNotification.payloadVersion")
	case q.Test.Scenario == "":
		return badInput("testNotification.testScenario")
	case c.s.destination(q.Destination) == nil:
		return badInput("destinationId")
	}
	switch {
	case kind == "ORDER_CHANGE" && c.s.count() > 0:
		c.s.note(kind, "test", c.s.orderNote(c.s.newest(), "OrderStatusChange"))
	case kind == "LISTINGS_ITEM_MFN_QUANTITY_CHANGE" && len(c.s.items) > 0:
		it := c.s.items[0]
		c.s.note(kind, "test", m{"SellerId": c.s.seller, "FulfillmentChannelCode": it.levels[0].place, "Sku": it.sku, "Quantity": it.levels[0].available})
	default:
		return badInput("There is nothing to make up such a notification from.")
	}
	return jsonReply(http.StatusOK, m{"payload": m{}})
}

// noteRoutes are the operations about news.
func (w *World) noteRoutes() []amazonRoute {
	const get, post, del, base = http.MethodGet, http.MethodPost, http.MethodDelete, "/notifications/v1"
	const role = "notifications"
	return []amazonRoute{
		{get, base + "/destinations", "subscribe", "", 1, 5, true, fixed(w.amazonDestinations)},
		{post, base + "/destinations", "subscribe", "", 1, 5, true, fixed(w.amazonCreateDestination)},
		{get, base + "/destinations/{}", "subscribe", "", 1, 5, true, named(w.amazonDestination)},
		{del, base + "/destinations/{}", "subscribe", "", 1, 5, true, named(w.amazonDeleteDestination)},
		{get, base + "/subscriptions", "subscribe", role, 1, 5, false, fixed(w.amazonSubscriptions)},
		{get, base + "/subscriptions/{}", "subscribe", role, 1, 5, false, named(w.amazonSubscription)},
		{post, base + "/subscriptions/{}", "subscribe", role, 1, 5, false, named(w.amazonSubscribe)},
		{post, base + "/subscriptions/{}/testNotification", "subscribe", role, 1, 5, false, named(w.amazonTestNote)},
		{get, base + "/subscriptions/{}/{}", "subscribe", "", 1, 5, true, w.amazonSubscriptionByID},
		{del, base + "/subscriptions/{}/{}", "subscribe", "", 1, 5, true, w.amazonUnsubscribe},
	}
}

// lower tells whether a kind of news is written in the younger style, whose
// names begin with small letters.
func lowerNote(kind string) bool { return strings.HasSuffix(kind, "_PROCESSING_FINISHED") }
