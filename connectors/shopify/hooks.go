package shopify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	// tooOld is how old news may be: the platform repeats for hours, and may be a
	// day late. What is missed so, reading finds.
	tooOld = 72 * time.Hour
	// tooNew is how far ahead of ours the platform's clock may be.
	tooNew = time.Hour
)

// topic is news that we want, and any one of the scopes that it needs.
type topic struct {
	name  string // as the API writes it
	needs []string
}

// topics are what is subscribed to. The three topics of privacy are not among
// them: those belong to the app as a whole and are set where it is registered.
var topics = []topic{
	{"ORDERS_CREATE", []string{"read_orders", "write_orders"}},
	{"ORDERS_UPDATED", []string{"read_orders", "write_orders"}},
	{"ORDERS_CANCELLED", []string{"read_orders", "write_orders"}},
	{"REFUNDS_CREATE", []string{"read_orders", "write_orders"}},
	{"RETURNS_REQUEST", []string{"read_returns", "write_returns"}},
	{"RETURNS_APPROVE", []string{"read_returns", "write_returns"}},
	{"RETURNS_DECLINE", []string{"read_returns", "write_returns"}},
	{"RETURNS_CANCEL", []string{"read_returns", "write_returns"}},
	{"RETURNS_CLOSE", []string{"read_returns", "write_returns"}},
	{"RETURNS_REOPEN", []string{"read_returns", "write_returns"}},
	{"RETURNS_UPDATE", []string{"read_returns", "write_returns"}},
	{"RETURNS_PROCESS", []string{"read_returns", "write_returns"}},
	{"INVENTORY_LEVELS_UPDATE", []string{"read_inventory", "write_inventory"}},
	{"FULFILLMENTS_CREATE", []string{"read_orders", "write_orders", "read_fulfillments"}},
	{"FULFILLMENTS_UPDATE", []string{"read_orders", "write_orders", "read_fulfillments"}},
	{"DISPUTES_CREATE", []string{"read_shopify_payments_disputes"}},
	{"DISPUTES_UPDATE", []string{"read_shopify_payments_disputes"}},
	{"BULK_OPERATIONS_FINISH", nil},
	{"APP_UNINSTALLED", nil},
	{"APP_SCOPES_UPDATE", nil},
}

// Challenge answers nothing: this platform never asks.
func (s *Shop) Challenge(url.Values, string) (string, []byte, bool) { return "", nil, false }

// Verify checks the signature over the raw body, and the age. Only the body is
// signed, so what the headers say is believed only as far as it does no harm.
func (s *Shop) Verify(_ context.Context, h http.Header, raw []byte) ([]connectors.Event, error) {
	if s.secret == "" {
		return nil, &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: "Verify", Code: "no_secret",
			Err: errors.New("without the app's client secret no delivery can be told from a forged one")}
	}
	sign, err := base64.StdEncoding.DecodeString(h.Get("X-Shopify-Hmac-Sha256"))
	if err != nil || !hmac.Equal(sign, mac(raw, s.secret)) {
		return nil, invalid("Verify", "bad_signature", "the delivery is not signed by the platform with this app's secret")
	}
	e := eventOf(h.Get("X-Shopify-Topic"), raw)
	if at, err := time.Parse(time.RFC3339Nano, h.Get("X-Shopify-Triggered-At")); err == nil {
		e.At = at.UTC()
		if age := s.now().Sub(at); age > tooOld || age < -tooNew {
			return nil, invalid("Verify", "stale", fmt.Sprintf("the delivery tells of %s", e.At.Format(time.RFC3339)))
		}
	}
	if shop := h.Get("X-Shopify-Shop-Domain"); shop != "" && !s.ours(shop) {
		e.Account = strings.ToLower(shop)
	}
	switch id, event := h.Get("X-Shopify-Webhook-Id"), h.Get("X-Shopify-Event-Id"); {
	case id != "":
		e.ID = id
	case event != "":
		e.ID = event + "/" + e.Topic // one event makes news under several topics
	default:
		d := sha256.Sum256(append([]byte(e.Topic+"\n"), raw...))
		e.ID = hex.EncodeToString(d[:])
	}
	return []connectors.Event{e}, nil
}

// num is an id, a number of any length, or the same in quotes.
type num string

// UnmarshalJSON keeps the digits as they are: the ids are larger than a float
// can hold. What is no id is none, rather than an error.
func (i *num) UnmarshalJSON(b []byte) error {
	if t := strings.Trim(string(b), `"`); digits(t) {
		*i = num(t)
	}
	return nil
}

func (i num) gid(kind string) string {
	if i == "" {
		return ""
	}
	return "gid://shopify/" + kind + "/" + string(i)
}

// thing is a thing inside of news, as far as it tells which one.
type thing struct {
	ID  num    `json:"id"`
	GID string `json:"admin_graphql_api_id"`
}

func (t thing) as(kind string) string {
	if strings.HasPrefix(t.GID, "gid://shopify/"+kind+"/") {
		return t.GID
	}
	return t.ID.gid(kind)
}

// news are the ids in a delivery. Each is read by itself, so that an odd one
// does not cost the others.
type news map[string]json.RawMessage

func (n news) id(key string) (i num) {
	_ = json.Unmarshal(n[key], &i) // no id is one answer
	return i
}

func (n news) thing(key string) (t thing) {
	if len(n[key]) > 0 {
		_ = json.Unmarshal(n[key], &t)
	}
	return t
}

// eventOf tells what has to be read again. A body that cannot be read is news
// all the same: it was signed.
func eventOf(topic string, raw []byte) connectors.Event {
	e := connectors.Event{Kind: connectors.EventOther, Topic: strings.ToLower(topic), Raw: raw}
	n := news{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	_ = dec.Decode(&n)
	self := thing{ID: n.id("id")}
	_ = json.Unmarshal(n["admin_graphql_api_id"], &self.GID)
	group, verb, _ := strings.Cut(e.Topic, "/")
	switch group {
	case "orders":
		e.Kind, e.Order = connectors.EventOrder, self.as("Order")
		if e.Order == "" { // news about a part of it
			e.Order = n.id("order_id").gid("Order")
		}
		if verb == "edited" {
			e.Order = news(n.inner("order_edit")).id("order_id").gid("Order")
		}
		e.Ref = e.Order
	case "refunds":
		e.Kind, e.Order, e.Ref = connectors.EventRefund, n.id("order_id").gid("Order"), self.as("Refund")
	case "returns":
		e.Kind, e.Order, e.Ref = connectors.EventReturn, n.thing("order").as("Order"), self.as("Return")
		if e.Order == "" {
			e.Order = n.id("order_id").gid("Order")
		}
	case "reverse_deliveries", "reverse_fulfillment_orders":
		e.Kind, e.Ref = connectors.EventReturn, n.thing("return").as("Return")
		e.Order = n.thing("order").as("Order")
	case "order_transactions":
		e.Kind, e.Order = connectors.EventOrder, n.id("order_id").gid("Order")
	case "fulfillments", "fulfillment_events":
		e.Kind, e.Order, e.Ref = connectors.EventShipment, n.id("order_id").gid("Order"), self.as("Fulfillment")
		if group == "fulfillment_events" {
			e.Ref = n.id("fulfillment_id").gid("Fulfillment")
		}
	case "fulfillment_orders":
		f := n.thing("fulfillment_order")
		e.Kind, e.Ref = connectors.EventShipment, f.as("FulfillmentOrder")
		e.Order = news(n.inner("fulfillment_order")).id("order_id").gid("Order")
		if e.Ref == "" { // here the id itself may be the global one
			var g struct {
				ID string `json:"id"`
			}
			if _ = json.Unmarshal(n["fulfillment_order"], &g); strings.HasPrefix(g.ID, "gid://shopify/FulfillmentOrder/") {
				e.Ref = g.ID
			}
		}
	case "inventory_levels":
		e.Kind, e.Ref = connectors.EventStock, n.id("inventory_item_id").gid("InventoryItem")
		// The global id holds the item's too, in digits that no number format bent.
		if _, q, ok := strings.Cut(self.GID, "inventory_item_id="); ok && digits(q) {
			e.Ref = num(q).gid("InventoryItem")
		}
	case "inventory_items":
		e.Kind, e.Ref = connectors.EventStock, self.as("InventoryItem")
	case "products":
		e.Kind, e.Ref = connectors.EventItem, self.as("Product")
	case "disputes":
		e.Kind, e.Order, e.Ref = connectors.EventDispute, n.id("order_id").gid("Order"), self.as("ShopifyPaymentsDispute")
	case "bulk_operations":
		e.Kind, e.Ref = connectors.EventFeed, self.as("BulkOperation")
	case "app":
		switch verb {
		case "uninstalled":
			e.Kind = connectors.EventGone
		case "scopes_update":
			e.Kind = connectors.EventScopes
		}
	case "customers":
		if verb == "data_request" || verb == "redact" {
			e.Kind, e.Ref = connectors.EventPrivacy, n.thing("customer").as("Customer")
		}
	case "shop":
		if verb == "redact" {
			e.Kind = connectors.EventPrivacy
		}
	}
	return e
}

func (n news) inner(key string) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	_ = json.Unmarshal(n[key], &m) // nothing is in what cannot be read
	return m
}

type wireHook struct {
	ID     string `json:"id"`
	Topic  string `json:"topic"`
	URI    string `json:"uri"`
	Format string `json:"format"`
}

func (s *Shop) hooks(ctx context.Context) ([]wireHook, error) {
	var out []wireHook
	vars := map[string]any{}
	for range manyPages {
		var d struct {
			Hooks struct {
				Nodes []wireHook `json:"nodes"`
				Page  pageInfo   `json:"pageInfo"`
			} `json:"webhookSubscriptions"`
		}
		if err := s.query(ctx, "Subscriptions", opHooks, vars, true, &d); err != nil {
			return nil, err
		}
		out = append(out, d.Hooks.Nodes...)
		if p := d.Hooks.Page; !p.More || p.End == "" || p.End == vars["after"] {
			break
		}
		vars = map[string]any{"after": d.Hooks.Page.End}
	}
	return out, nil
}

// Subscriptions tells what is sent where now.
func (s *Shop) Subscriptions(ctx context.Context) ([]connectors.Subscription, error) {
	all, err := s.hooks(ctx)
	if err != nil {
		return nil, err
	}
	var out []connectors.Subscription
	for _, w := range all {
		sub := connectors.Subscription{ID: w.ID, Topic: w.Topic, Endpoint: w.URI, OK: w.Format == "JSON"}
		if !sub.OK {
			sub.Why = w.Format
		}
		out = append(out, sub)
	}
	return out, nil
}

// Subscribe makes sure that each topic is sent to the endpoint, once. What is
// missing is made; what goes elsewhere or comes in another format is mended; a
// topic whose scope is missing is left out. One that fails does not keep the
// others from being tried.
func (s *Shop) Subscribe(ctx context.Context, endpoint string) error {
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" {
		return invalid("Subscribe", "endpoint", "the address to be called cannot be read")
	}
	all, err := s.hooks(ctx)
	if err != nil {
		return certain(err)
	}
	scopes, err := s.askScopes(ctx)
	if err != nil {
		return certain(err)
	}
	var failed []error
	for _, t := range topics {
		if len(t.needs) > 0 && !anyOf(scopes, t.needs) {
			continue
		}
		if err := s.subscribe(ctx, t.name, endpoint, all); err != nil {
			if k := connectors.KindOf(err); k != connectors.Invalid && k != connectors.Conflict && k != connectors.Unsupported {
				return err // it would be the same for all
			}
			failed = append(failed, fmt.Errorf("%s: %w", t.name, err))
		}
	}
	return errors.Join(failed...)
}

func (s *Shop) subscribe(ctx context.Context, topic, endpoint string, all []wireHook) error {
	wrong := ""
	for _, w := range all {
		switch {
		case w.Topic != topic:
		case w.URI == endpoint && w.Format == "JSON":
			return nil
		case wrong == "" || w.URI == endpoint:
			wrong = w.ID
		}
	}
	var d map[string]*struct {
		Hook   *wireHook   `json:"webhookSubscription"`
		Errors []userError `json:"userErrors"`
	}
	op, text, field := "Subscribe", opHook, "webhookSubscriptionCreate"
	vars := map[string]any{"topic": topic, "subscription": map[string]any{"uri": endpoint, "format": "JSON"}}
	if wrong != "" {
		op, text, field = "MendSubscription", opHookMend, "webhookSubscriptionUpdate"
		vars = map[string]any{"id": wrong, "subscription": vars["subscription"]}
	}
	if err := s.query(ctx, op, text, vars, false, &d); err != nil {
		return err
	}
	if a := d[field]; a != nil && len(a.Errors) > 0 {
		if strings.Contains(a.Errors[0].Message, "already been taken") {
			return nil // another replica was quicker
		}
		return refused(op, a.Errors)
	}
	return nil
}

func anyOf(have, need []string) bool {
	for _, n := range need {
		for _, h := range have {
			if h == n {
				return true
			}
		}
	}
	return false
}
