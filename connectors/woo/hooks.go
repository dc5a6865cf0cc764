package woo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"helloworld/connectors"
)

// topics are what we want to hear of.
var topics = []string{"order.created", "order.updated", "order.deleted", "product.created", "product.updated", "product.deleted"}

// Challenge: WooCommerce asks nothing.
func (*Shop) Challenge(url.Values, string) (string, []byte, bool) { return "", nil, false }

// pingOf tells the shop's question whether an address is there, which it asks
// without a signature as soon as a webhook is made or moved: the body is the
// webhook's number and nothing else. Answered with a refusal, it would count as a
// delivery that failed.
func pingOf(h http.Header, raw []byte) (id string, ok bool) {
	id, ok = strings.CutPrefix(string(raw), "webhook_id=")
	return id, ok && digits.MatchString(id) && h.Get("X-WC-Webhook-Signature") == "" && h.Get("X-WC-Webhook-Topic") == ""
}

// Verify checks a delivery's signature. WooCommerce signs the body and no time, so
// that an old delivery may come again: it only makes the desk read once more. Its
// ping bears no signature, and is an event that says nothing.
func (s *Shop) Verify(_ context.Context, h http.Header, raw []byte) ([]connectors.Event, error) {
	if id, ok := pingOf(h, raw); ok {
		return []connectors.Event{{ID: "ping", Kind: connectors.EventTest, Topic: "ping", Ref: id, Raw: raw}}, nil
	}
	mac := hmac.New(sha256.New, []byte(s.hook))
	mac.Write(raw)
	got, err := base64.StdEncoding.DecodeString(h.Get("X-WC-Webhook-Signature"))
	if s.hook == "" || err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return nil, fail(connectors.Invalid, opPush, "signature", "the delivery is not signed with our secret")
	}
	var body struct {
		ID       ident  `json:"id"`
		Modified moment `json:"date_modified_gmt"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, fail(connectors.Invalid, opPush, "unreadable", "the delivery cannot be read")
	}
	topic := h.Get("X-WC-Webhook-Topic")
	e := connectors.Event{ID: h.Get("X-WC-Webhook-Delivery-ID"), Kind: connectors.EventOther, Topic: topic, Ref: string(body.ID), At: body.Modified.Time, Raw: raw}
	if e.ID == "" {
		sum := sha256.Sum256(append([]byte(topic+"\n"), raw...))
		e.ID = hex.EncodeToString(sum[:16])
	}
	switch what, _, _ := strings.Cut(topic, "."); what {
	case "order":
		e.Kind, e.Order = connectors.EventOrder, string(body.ID)
	case "product":
		e.Kind = connectors.EventItem
	}
	return []connectors.Event{e}, nil
}

func (s *Shop) hooks(ctx context.Context) ([]wireHook, error) {
	var list []wireHook
	_, err := s.read(ctx, opHooks, "/webhooks", url.Values{"per_page": {"100"}, "orderby": {"id"}, "order": {"asc"}}, &list)
	return list, err
}

// Subscribe makes sure that each topic is sent to the endpoint once.
func (s *Shop) Subscribe(ctx context.Context, endpoint string) error {
	if s.hook == "" {
		return fail(connectors.AppBroken, opHooks, secretHook, "deliveries cannot be checked without a secret")
	}
	have, err := s.hooks(ctx)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		found := false
		for _, h := range have {
			if h.Topic != topic || !wanted(h) {
				continue
			}
			found = true
			if h.Status != "active" || h.URL != endpoint {
				in := map[string]any{"status": "active", "delivery_url": endpoint, "secret": string(s.hook)}
				if err := s.write(ctx, opHooks, http.MethodPut, "/webhooks/"+string(h.ID), in, nil); err != nil {
					return err
				}
			}
			break
		}
		if found {
			continue
		}
		in := map[string]any{"name": "HelloWorld Desk " + topic, "topic": topic, "delivery_url": endpoint, "secret": string(s.hook), "status": "active"}
		if err := s.write(ctx, opHooks, http.MethodPost, "/webhooks", in, nil); err != nil {
			return err
		}
	}
	return nil
}

// Subscriptions tells what is sent where. Others' webhooks are not told.
func (s *Shop) Subscriptions(ctx context.Context) ([]connectors.Subscription, error) {
	have, err := s.hooks(ctx)
	if err != nil {
		return nil, err
	}
	var out []connectors.Subscription
	for _, h := range have {
		if !wanted(h) {
			continue
		}
		x := connectors.Subscription{ID: string(h.ID), Topic: h.Topic, Endpoint: h.URL, OK: h.Status == "active"}
		if !x.OK {
			x.Why = h.Status
		}
		out = append(out, x)
	}
	return out, nil
}

// wanted tells our webhooks from those of other programs.
func wanted(h wireHook) bool { return strings.HasPrefix(h.Name, "HelloWorld Desk ") }
