package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"helloworld/connectors"
)

// The calls about notifications, as the journal calls them.
const (
	opTopics        = "topics"
	opDestinations  = "destinations"
	opDestination   = "destination"
	opSubscriptions = "subscriptions"
	opSubscription  = "subscription"
	opNotifyConfig  = "notify_config"
)

// notifyPages bounds how many pages of a list are read.
const notifyPages = 20

type wireTopic struct {
	ID       string `json:"topicId"`
	Status   string `json:"status"`
	Scope    string `json:"scope"`
	Payloads []struct {
		Version    string   `json:"schemaVersion"`
		Formats    []string `json:"format"`
		Protocol   string   `json:"deliveryProtocol"`
		Deprecated bool     `json:"deprecated"`
	} `json:"supportedPayloads"`
}

type wireDestination struct {
	ID     string      `json:"destinationId"`
	Name   string      `json:"name"`
	Status string      `json:"status"`
	Config destination `json:"deliveryConfig"`
}

// destination is where eBay sends to. The description says that it comes back as
// text, and eBay sends an object.
type destination struct {
	Endpoint string            `json:"endpoint"`
	Token    connectors.Secret `json:"verificationToken,omitempty"`
}

// UnmarshalJSON takes an object, or text that holds one.
func (d *destination) UnmarshalJSON(raw []byte) error {
	type plainly destination
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if json.Unmarshal([]byte(text), (*plainly)(d)) != nil {
			d.Endpoint = text
		}
		return nil
	}
	_ = json.Unmarshal(raw, (*plainly)(d)) // what cannot be read is not ours
	return nil
}

type wireSubscription struct {
	ID          string      `json:"subscriptionId"`
	Topic       string      `json:"topicId"`
	Status      string      `json:"status"`
	Destination string      `json:"destinationId"`
	Payload     wirePayload `json:"payload"`
}

type wirePayload struct {
	Format   string `json:"format"`
	Version  string `json:"schemaVersion"`
	Protocol string `json:"deliveryProtocol"`
}

type destinationBody struct {
	Name   string      `json:"name"`
	Status string      `json:"status"`
	Config destination `json:"deliveryConfig"`
}

type subscriptionBody struct {
	Topic       string      `json:"topicId,omitempty"`
	Status      string      `json:"status"`
	Payload     wirePayload `json:"payload"`
	Destination string      `json:"destinationId"`
}

const on = "ENABLED"

// everyPage reads a list of notifications' things to its end. The token is taken
// out of the next page's address: the address itself is not followed, since it
// would be given our token whatever it says.
func everyPage[T any](ctx context.Context, s *Shop, client *connectors.Client, op, what, field string) ([]T, error) {
	var out []T
	q := url.Values{"limit": {"100"}}
	for range notifyPages {
		var page map[string]json.RawMessage
		if err := s.readAs(ctx, client, op, s.base+notify+what, q, &page); err != nil {
			return nil, err
		}
		var list []T
		if raw := page[field]; len(raw) > 0 {
			if err := json.Unmarshal(raw, &list); err != nil {
				return nil, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: op, Code: "malformed", Err: fmt.Errorf("%s: %w", field, err)}
			}
		}
		out = append(out, list...)
		var next string
		_ = json.Unmarshal(page["next"], &next) // none: it was the last
		u, err := url.Parse(next)
		if err != nil || u.Query().Get("continuation_token") == "" || len(list) == 0 {
			break
		}
		q.Set("continuation_token", u.Query().Get("continuation_token"))
	}
	return out, nil
}

// Subscribe makes sure that what the desk wants is sent to the endpoint. What eBay
// switched off is switched on again. A topic that this application or this consent
// may not have is left out; without that of the deletion of accounts, which eBay
// demands of everybody, it has failed.
func (s *Shop) Subscribe(ctx context.Context, endpoint string) error {
	if s.verify == "" || s.id == "" || s.secret == "" {
		return &connectors.Error{Kind: connectors.Unsupported, Platform: Platform, Op: opDestination, Code: secretToken,
			Err: errors.New("the verification token, or the app's id or secret, is not configured")}
	}
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u.Hostname()) {
		return invalid(opDestination, "endpoint", "eBay sends to an https address only")
	}
	dest, err := s.destination(ctx, endpoint)
	if err != nil {
		return err
	}
	offered, err := everyPage[wireTopic](ctx, s, s.app, opTopics, "/topic", "topics")
	if err != nil {
		return err
	}
	have, err := s.subscriptions(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, t := range offered {
		if _, wanted := topics[t.ID]; !wanted || t.Status != on {
			continue
		}
		if err := s.subscribe(ctx, t, dest, have[t.ID]); err != nil {
			if codeOf(err) == "195011" || scopeMissing(err) {
				if t.ID != "MARKETPLACE_ACCOUNT_DELETION" {
					s.log.InfoContext(ctx, "topic not granted", "store", s.info.Store, "topic", t.ID)
					continue
				}
			}
			failed = append(failed, err)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return failed[0] // the others have the same reason, or come up when it is mended
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// destination finds or makes the entry for the endpoint, and switches it on.
func (s *Shop) destination(ctx context.Context, endpoint string) (string, error) {
	find := func() (wireDestination, error) {
		all, err := everyPage[wireDestination](ctx, s, s.app, opDestinations, "/destination", "destinations")
		for _, d := range all {
			if d.Config.Endpoint == endpoint {
				return d, err
			}
		}
		return wireDestination{}, err
	}
	d, err := find()
	if err != nil {
		return "", err
	}
	body := destinationBody{Name: orElse(d.Name, "desk"), Status: on, Config: destination{endpoint, s.verify}}
	switch {
	case d.ID != "" && d.Status == on:
		return d.ID, nil
	case d.ID != "":
		_, err := s.send(ctx, s.app, opDestination, http.MethodPut, s.base+notify+"/destination/"+url.PathEscape(d.ID), body, nil)
		return d.ID, err
	}
	h, err := s.makeDestination(ctx, body)
	if codeOf(err) == "195003" && s.alertEmail != "" {
		// The first one of an application: eBay wants to know whom to warn.
		if _, err := s.send(ctx, s.app, opNotifyConfig, http.MethodPut, s.base+notify+"/config", map[string]string{"alertEmail": s.alertEmail}, nil); err != nil {
			return "", err
		}
		h, err = s.makeDestination(ctx, body)
	}
	if err == nil && idIn(h) != "" {
		return idIn(h), nil
	}
	if err != nil && codeOf(err) != "195021" && connectors.KindOf(err) != connectors.Unsure {
		return "", err
	}
	// Made in between, or the answer was lost: look.
	if d, ferr := find(); ferr == nil && d.ID != "" {
		return d.ID, nil
	}
	if err == nil {
		err = &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opDestination, Code: "unclear", Err: errors.New("the answer does not name what was made")}
	}
	return "", err
}

func (s *Shop) makeDestination(ctx context.Context, body destinationBody) (http.Header, error) {
	return s.send(ctx, s.app, opDestination, http.MethodPost, s.base+notify+"/destination", body, nil)
}

// ours is a subscription with the client that it was found with: some belong to
// the application, some to the seller.
type ours struct {
	wireSubscription
	client *connectors.Client
}

func (s *Shop) subscriptions(ctx context.Context) (map[string]ours, error) {
	out := map[string]ours{}
	list, err := everyPage[wireSubscription](ctx, s, s.app, opSubscriptions, "/subscription", "subscriptions")
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		out[one.Topic] = ours{one, s.app}
	}
	list, err = everyPage[wireSubscription](ctx, s, s.client, opSubscriptions, "/subscription", "subscriptions")
	if err != nil && !scopeMissing(err) {
		return nil, err
	}
	for _, one := range list {
		if _, there := out[one.Topic]; !there {
			out[one.Topic] = ours{one, s.client}
		}
	}
	return out, nil
}

func (s *Shop) subscribe(ctx context.Context, t wireTopic, dest string, have ours) error {
	pay, ok := payload(t)
	if !ok {
		return nil // in no form that we can read
	}
	if have.ID != "" {
		if have.Status == on && have.Destination == dest {
			return nil
		}
		address := s.base + notify + "/subscription/" + url.PathEscape(have.ID)
		if have.Destination == dest {
			_, err := s.send(ctx, have.client, opSubscription, http.MethodPost, address+"/enable", nil, nil)
			return err
		}
		_, err := s.send(ctx, have.client, opSubscription, http.MethodPut, address, subscriptionBody{Status: on, Payload: pay, Destination: dest}, nil)
		return err
	}
	client := s.app
	if t.Scope == "USER" {
		client = s.client
	}
	_, err := s.send(ctx, client, opSubscription, http.MethodPost, s.base+notify+"/subscription", subscriptionBody{t.ID, on, pay, dest}, nil)
	if codeOf(err) == "195012" {
		return nil
	}
	return err
}

// payload is the newest form of a topic that comes over HTTPS as JSON.
func payload(t wireTopic) (wirePayload, bool) {
	var best wirePayload
	for _, p := range t.Payloads {
		if p.Deprecated || p.Protocol != "HTTPS" || !slices.Contains(p.Formats, "JSON") {
			continue
		}
		if best.Version == "" || newer(p.Version, best.Version) {
			best = wirePayload{"JSON", p.Version, "HTTPS"}
		}
	}
	return best, best.Version != ""
}

// newer compares versions like 1.10 and 1.9.
func newer(a, b string) bool {
	for {
		x, restA, moreA := strings.Cut(a, ".")
		y, restB, moreB := strings.Cut(b, ".")
		m, _ := strconv.Atoi(x)
		n, _ := strconv.Atoi(y)
		if m != n || !moreA && !moreB {
			return m > n
		}
		a, b = restA, restB
	}
}

// Subscriptions tells what is sent where.
func (s *Shop) Subscriptions(ctx context.Context) ([]connectors.Subscription, error) {
	dests, err := everyPage[wireDestination](ctx, s, s.app, opDestinations, "/destination", "destinations")
	if err != nil {
		return nil, err
	}
	at := map[string]wireDestination{}
	for _, d := range dests {
		at[d.ID] = d
	}
	have, err := s.subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	var out []connectors.Subscription
	for _, one := range have {
		d := at[one.Destination]
		sub := connectors.Subscription{ID: one.ID, Topic: one.Topic, Endpoint: d.Config.Endpoint, OK: one.Status == on && d.Status == on}
		if !sub.OK {
			sub.Why = one.Status
			if one.Status == on {
				sub.Why = orElse(d.Status, "NO_DESTINATION")
			}
		}
		out = append(out, sub)
	}
	slices.SortFunc(out, func(a, b connectors.Subscription) int { return strings.Compare(a.Topic, b.Topic) })
	return out, nil
}
