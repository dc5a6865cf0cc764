package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

// Platform is the adapter's name.
const Platform = "shopify"

// options are the keys of Config.Options; the address says everything.
var options = map[string]string{}

// Plugin is the adapter's line in the list of all.
var Plugin = connectors.Plugin{
	Platform: Platform,
	Options:  options,
	New: func(c connectors.Config) (connectors.Connector, error) {
		s, err := New(c)
		if err != nil {
			return nil, err // not a nil *Shop, which would be a non-nil Connector
		}
		return s, nil
	},
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

	mu       sync.Mutex
	scopes   []string
	scopesAt time.Time
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
		now: c.Now, sleep: c.Sleep, log: c.Log}
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

// Reload looks for a newer credential, after the account was connected again.
func (s *Shop) Reload(ctx context.Context) error { return s.tokens.Reload(ctx) }

// query sends one GraphQL operation and decodes its data.
func (s *Shop) query(ctx context.Context, op, text string, vars map[string]any, read bool, data any) error {
	if err := s.throttle.wait(ctx, op, s.now, s.sleep); err != nil {
		return err
	}
	var out struct {
		Data json.RawMessage `json:"data"`
	}
	_, err := s.client.Do(ctx, connectors.Call{
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

// throttle mirrors the platform's budget of points, which is one for the whole
// shop and told with every answer.
type throttle struct {
	mu   sync.Mutex
	last cost
	at   time.Time
	need map[string]float64
}

// mostWait is the longest wait for points; a longer one comes back as Busy.
const mostWait = 20 * time.Second

func (t *throttle) saw(op string, c cost, now time.Time) {
	if c.Throttle.Restore <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.at = c, now
	if t.need == nil {
		t.need = map[string]float64{}
	}
	t.need[op] = c.Requested
}

// wait waits until op's points should be there. Syncing leaves a tenth of the
// budget to people.
func (t *throttle) wait(ctx context.Context, op string, now func() time.Time, sleep func(context.Context, time.Duration) error) error {
	t.mu.Lock()
	c, need := t.last, t.need[op]
	if c.Throttle.Restore > 0 {
		if connectors.PriorityOf(ctx) == connectors.Sync {
			need += c.Throttle.Maximum / 10
		}
		need = min(need, c.Throttle.Maximum)
		grown := now().Sub(t.at).Seconds() * c.Throttle.Restore
		c.Throttle.Available = min(c.Throttle.Maximum, c.Throttle.Available+max(0, grown))
		// Whoever comes next reckons with what this one takes.
		t.last.Throttle.Available, t.at = c.Throttle.Available-t.need[op], now()
	}
	t.mu.Unlock()
	if c.Throttle.Restore <= 0 || c.Throttle.Available >= need {
		return nil
	}
	d := c.wait(need)
	if d > mostWait {
		return &connectors.Error{Kind: connectors.Busy, Platform: Platform, Op: op, Code: "budget", RetryAfter: d}
	}
	if err := sleep(ctx, d); err != nil {
		return &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: op, Code: "cancelled", Err: err}
	}
	return nil
}

var (
	_ connectors.Connector   = (*Shop)(nil)
	_ connectors.OrderReader = (*Shop)(nil)
	_ connectors.Refunder    = (*Shop)(nil)
	_ connectors.Journaled   = (*Shop)(nil)
)
