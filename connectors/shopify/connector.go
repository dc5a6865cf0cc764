package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

// Platform is the adapter's name.
const Platform = "shopify"

// options are the keys of Config.Options; the address says all the rest.
var options = map[string]string{
	"scopes": "what to ask the seller for, separated by commas; else all that the desk can use",
}

// Plugin is the adapter's line in the list of all.
var Plugin = connectors.Plugin{
	Platform: Platform,
	Options:  options,
	Locate:   locate,
	New:      connectors.Maker(New),
}

// Shop is one Shopify shop.
type Shop struct {
	info     connectors.Info
	base     string
	tokenURL string
	id       string
	secret   connectors.Secret
	client   *connectors.Client
	tokens   *connectors.Tokens
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
	log      *slog.Logger
	throttle throttle
	redirect string
	asked    []string
	files    *http.Client

	mu       sync.Mutex
	scopes   []string
	scopesAt time.Time
	// tried are the refunds that were sent, as they were sent.
	tried map[string]refundFields
}

// New makes the adapter. BaseURL is the shop's own address:
// https://NAME.myshopify.com.
func New(c connectors.Config) (*Shop, error) {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("shopify: store %s needs base_url, the shop's address: https://NAME.myshopify.com", c.Store)
	}
	for k := range c.Options {
		if _, ok := options[k]; !ok {
			return nil, fmt.Errorf("shopify: store %s: no such option %q", c.Store, k)
		}
	}
	if c.Credential.Access == "" && c.Credential.Refresh == "" && c.ClientSecret == "" && c.Keeper == nil {
		return nil, fmt.Errorf("shopify: store %s has neither a token nor a client secret", c.Store)
	}
	s := &Shop{info: c.Info, base: strings.TrimRight(c.BaseURL, "/"), tokenURL: c.TokenURL, id: c.ClientID, secret: c.ClientSecret,
		now: c.Now, sleep: c.Sleep, log: c.Log, redirect: c.Redirect, asked: scopesAsked(c.Options["scopes"])}
	// A prepared file is read as it comes, which the client that keeps whole
	// answers cannot; its address needs no token, so none is near.
	s.files = &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s.info.Platform = Platform
	if s.info.Account == "" {
		s.info.Account = u.Host
	}
	if s.tokenURL == "" {
		s.tokenURL = s.base + "/admin/oauth/access_token"
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.sleep == nil {
		s.sleep = func(ctx context.Context, d time.Duration) error {
			select {
			case <-time.After(d):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.tokens = connectors.NewTokens(c.Store, c.Credential, c.Keeper, s.now, s.refresh)
	authorise, stale := s.tokens.Header("X-Shopify-Access-Token", "")
	s.client = connectors.NewClient(connectors.ClientConfig{
		Platform: Platform, Store: c.Store, Transport: c.Transport, Now: s.now, Sleep: c.Sleep, Log: s.log,
		Authorise: authorise, Stale: stale, Classify: s.classify,
	})
	return s, nil
}

// Info says which account this is.
func (s *Shop) Info() connectors.Info { return s.info }

// Journal lists the last calls, oldest first.
func (s *Shop) Journal() []connectors.Entry { return s.client.Journal() }

// Skew is how far the platform's clock is ahead of ours.
func (s *Shop) Skew() time.Duration { return s.client.Skew() }

// query sends one GraphQL operation and decodes its data.
func (s *Shop) query(ctx context.Context, op, text string, vars map[string]any, read bool, data any) error {
	done, err := s.throttle.take(ctx, op, s.now, s.sleep)
	if err != nil {
		return err
	}
	defer done()
	var out struct {
		Data json.RawMessage `json:"data"`
	}
	_, err = s.client.Do(ctx, connectors.Call{
		Op: op, Method: "POST", URL: s.base + "/admin/api/" + Version + "/graphql.json", Read: read,
		Body: struct {
			Query     string         `json:"query"`
			Operation string         `json:"operationName"`
			Variables map[string]any `json:"variables,omitempty"`
		}{text, op, vars},
	}, &out)
	if err != nil {
		var e *connectors.Error
		if errors.As(err, &e) && !read && e.Kind == connectors.Down && (e.Code == "INTERNAL_SERVER_ERROR" || e.Code == "TIMEOUT") {
			e.Kind = connectors.Unsure // said after it began
		}
		if e != nil && read && e.Kind == connectors.Unsure {
			e.Kind = connectors.Down // reading leaves no doubt behind
		}
		return err
	}
	kind := connectors.Unsure
	if read {
		kind = connectors.Down
	}
	if len(out.Data) == 0 || string(out.Data) == "null" {
		return &connectors.Error{Kind: kind, Platform: Platform, Op: op, Code: "no_data", Err: errors.New("the answer has no data")}
	}
	if err := json.Unmarshal(out.Data, data); err != nil {
		return &connectors.Error{Kind: kind, Platform: Platform, Op: op, Code: "malformed", Err: fmt.Errorf("the data is not what we asked for: %w", err)}
	}
	return nil
}

var (
	_ connectors.Connector     = (*Shop)(nil)
	_ connectors.Authoriser    = (*Shop)(nil)
	_ connectors.Renewer       = (*Shop)(nil)
	_ connectors.Reloader      = (*Shop)(nil)
	_ connectors.Dated         = (*Shop)(nil)
	_ connectors.OrderReader   = (*Shop)(nil)
	_ connectors.Refunder      = (*Shop)(nil)
	_ connectors.Restocker     = (*Shop)(nil)
	_ connectors.CatalogReader = (*Shop)(nil)
	_ connectors.StockWriter   = (*Shop)(nil)
	_ connectors.Shipper       = (*Shop)(nil)
	_ connectors.ReturnReader  = (*Shop)(nil)
	_ connectors.ReturnDecider = (*Shop)(nil)
	_ connectors.Pushed        = (*Shop)(nil)
	_ connectors.Bulk          = (*Shop)(nil)
	_ connectors.Quotas        = (*Shop)(nil)
	_ connectors.Journaled     = (*Shop)(nil)
)
