package woo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"helloworld/connectors"
)

// Platform is the adapter's name.
const Platform = "woo"

const secretHook = "webhook_secret"

var options = map[string]string{
	"refunds": "gateway: refunds are paid through the payment gateway; record: they are only written down (gateway)",
}

var secrets = map[string]string{
	secretHook: "what deliveries of webhooks are signed with; any long random text",
}

// Plugin is the adapter's line in the list of all.
var Plugin = connectors.Plugin{
	Platform: Platform,
	Options:  options,
	Secrets:  secrets,
	New:      connectors.Maker(New),
}

// Shop is one WooCommerce shop.
type Shop struct {
	info   connectors.Info
	base   string // the shop's own address
	hook   connectors.Secret
	record bool
	client *connectors.Client
	now    func() time.Time
}

// New makes the adapter. It does not connect.
func New(c connectors.Config) (*Shop, error) {
	for k := range c.Options {
		if _, ok := options[k]; !ok {
			return nil, fmt.Errorf("woo: store %s: no such option %q", c.Store, k)
		}
	}
	for k := range c.Secrets {
		if _, ok := secrets[k]; !ok {
			return nil, fmt.Errorf("woo: store %s: no such secret %q", c.Store, k)
		}
	}
	s := &Shop{info: c.Info, base: strings.TrimRight(c.BaseURL, "/"), hook: c.Secrets[secretHook], now: c.Now}
	switch c.Options["refunds"] {
	case "", "gateway":
	case "record":
		s.record = true
	default:
		return nil, fmt.Errorf("woo: store %s: refunds is gateway or record", c.Store)
	}
	u, err := url.Parse(s.base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, fmt.Errorf("woo: store %s: base_url is not the shop's address", c.Store)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("woo: store %s: the shop has to be reached through https", c.Store)
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return nil, fmt.Errorf("woo: store %s: client_id is the consumer key (ck_…), the client secret the consumer secret (cs_…)", c.Store)
	}
	s.info.Platform = Platform
	if s.info.Account == "" {
		s.info.Account = u.Host
	}
	if s.now == nil {
		s.now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	key, secret := c.ClientID, c.ClientSecret
	s.client = connectors.NewClient(connectors.ClientConfig{
		Platform: Platform, Store: c.Store, Transport: c.Transport, Now: s.now, Sleep: c.Sleep, Log: c.Log, Classify: classify, Meter: c.Meter,
		// A shop is somebody's own server: a handful of calls a second is all it gets.
		Budget: map[string]connectors.Bucket{"": {Rate: 10, Burst: 20}},
		Authorise: func(_ context.Context, r *http.Request) error {
			r.SetBasicAuth(key, string(secret))
			return nil
		},
	})
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Info says which account this is.
func (s *Shop) Info() connectors.Info { return s.info }

// Journal lists the last calls.
func (s *Shop) Journal() []connectors.Entry { return s.client.Journal() }

// Skew is how far the shop's clock is ahead of ours.
func (s *Shop) Skew() time.Duration { return s.client.Skew() }

// Health asks for one order: a cheap real call.
func (s *Shop) Health(ctx context.Context) connectors.Health {
	var list []json.RawMessage
	if _, err := s.read(ctx, opOrders, "/orders", url.Values{"per_page": {"1"}}, &list); err != nil {
		h := connectors.Health{State: connectors.HealthBad, Kind: connectors.KindOf(err), Err: err}
		var e *connectors.Error
		if errors.As(err, &e) {
			h.Code = e.Code
			if e.RetryAfter > 0 {
				h.Until = s.now().Add(e.RetryAfter)
			}
			if e.Kind == connectors.Reauthorise {
				h.Link = s.base + "/wp-admin/admin.php?page=wc-settings&tab=advanced&section=keys"
			}
		}
		return h
	}
	return connectors.Health{State: connectors.HealthOK}
}

// Can tells what the shop can do. Whether a key may write only shows when it does.
func (s *Shop) Can(context.Context) []connectors.Capability {
	out := []connectors.Capability{{Name: connectors.CapOrders, OK: true}, {Name: connectors.CapRefund, OK: true}, {Name: connectors.CapInbox, OK: true},
		{Name: connectors.CapMessage, OK: true}, {Name: connectors.CapCatalog, OK: true}, {Name: connectors.CapStock, OK: true}}
	hooks := connectors.Capability{Name: connectors.CapWebhooks, OK: s.hook != ""}
	if !hooks.OK {
		hooks.Reason, hooks.Missing = "can.not_configured", secretHook
	}
	return append(out, hooks)
}

// The operations, as the journal calls them.
const (
	opOrders  = "orders"
	opOrder   = "order"
	opRefunds = "refunds"
	opRefund  = "refund"
	opNotes   = "notes"
	opSend    = "send"
	opItems   = "items"
	opStock   = "stock"
	opHooks   = "webhooks"
	opPush    = "push"
)

const apiPath = "/wp-json/wc/v3"

func (s *Shop) address(path string, q url.Values) string {
	out := s.base + apiPath + path
	if len(q) > 0 {
		out += "?" + q.Encode()
	}
	return out
}

func (s *Shop) read(ctx context.Context, op, path string, q url.Values, out any) (http.Header, error) {
	return s.client.Do(ctx, connectors.Call{Op: op, Method: http.MethodGet, URL: s.address(path, q), Read: true}, out)
}

func (s *Shop) write(ctx context.Context, op, method, path string, in, out any) error {
	_, err := s.client.Do(ctx, connectors.Call{Op: op, Method: method, URL: s.address(path, nil), Body: in}, out)
	return err
}

var digits = regexp.MustCompile(`^[0-9]{1,20}$`)

var (
	_ connectors.OrderReader   = (*Shop)(nil)
	_ connectors.Refunder      = (*Shop)(nil)
	_ connectors.Restocker     = (*Shop)(nil)
	_ connectors.Inbox         = (*Shop)(nil)
	_ connectors.Messenger     = (*Shop)(nil)
	_ connectors.CatalogReader = (*Shop)(nil)
	_ connectors.StockWriter   = (*Shop)(nil)
	_ connectors.Pushed        = (*Shop)(nil)
	_ connectors.Journaled     = (*Shop)(nil)
)
