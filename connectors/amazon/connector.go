package amazon

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

// Platform is the adapter's name.
const Platform = "amazon"

// options are the keys of Config.Options.
var options = map[string]string{
	"marketplace": "ids of the marketplaces to read, separated by commas: A1PA6795UKMFR9",
	"seller":      "the seller's own id (merchant token), written into refunds",
}

// Plugin is the adapter's line in the list of all.
var Plugin = connectors.Plugin{
	Platform: Platform,
	Options:  options,
	New: func(c connectors.Config) (connectors.Connector, error) {
		s, err := New(c)
		if err != nil {
			return nil, err // not a nil *Seller, which would be a non-nil Connector
		}
		return s, nil
	},
}

// hosts are the API's addresses by region.
var hosts = map[string]string{
	"na": "https://sellingpartnerapi-na.amazon.com",
	"eu": "https://sellingpartnerapi-eu.amazon.com",
	"fe": "https://sellingpartnerapi-fe.amazon.com",
}

// budget is what the models name as default for each operation.
var budget = map[string]connectors.Bucket{
	"searchOrders":                 {Rate: 0.0056, Burst: 20},
	"getOrder":                     {Rate: 0.5, Burst: 30},
	"createFeedDocument":           {Rate: 0.5, Burst: 15},
	"createFeed":                   {Rate: 0.0083, Burst: 15},
	"getFeed":                      {Rate: 2, Burst: 15},
	"getFeeds":                     {Rate: 0.0222, Burst: 10},
	"getFeedDocument":              {Rate: 0.0222, Burst: 10},
	"listTransactions":             {Rate: 0.5, Burst: 10},
	"getMarketplaceParticipations": {Rate: 0.016, Burst: 15},
}

// Operations are the names of all API operations this adapter calls.
func Operations() []string {
	return []string{"searchOrders", "getOrder", "createFeedDocument", "createFeed", "getFeed", "getFeeds",
		"getFeedDocument", "listTransactions", "getMarketplaceParticipations"}
}

// Seller is one seller's account in one region.
type Seller struct {
	info     connectors.Info
	base     string
	tokenURL string
	id       string
	secret   connectors.Secret
	seller   string
	markets  []string
	client   *connectors.Client
	tokens   *connectors.Tokens
	now      func() time.Time
	log      *slog.Logger

	mu      sync.Mutex
	checked time.Time
	// feeds are the refunds this process sent, by key, and who each feed belongs to.
	feeds map[string]sentFeed
	owner map[string]string
}

// New makes the adapter. Without BaseURL the Region decides: na, eu or fe.
func New(c connectors.Config) (*Seller, error) {
	base := strings.TrimRight(c.BaseURL, "/")
	if base == "" {
		base = hosts[strings.ToLower(c.Region)]
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("amazon: store %s needs a region (na, eu or fe)", c.Store)
	}
	for k := range c.Options {
		if _, ok := options[k]; !ok {
			return nil, fmt.Errorf("amazon: store %s: no such option %q", c.Store, k)
		}
	}
	s := &Seller{info: c.Info, base: base, tokenURL: c.TokenURL, id: c.ClientID, secret: c.ClientSecret, now: c.Now, log: c.Log,
		seller: c.Options["seller"], feeds: map[string]sentFeed{}, owner: map[string]string{}}
	for _, m := range strings.Split(c.Options["marketplace"], ",") {
		if m = strings.TrimSpace(m); m != "" {
			s.markets = append(s.markets, m)
		}
	}
	if len(s.markets) == 0 {
		return nil, fmt.Errorf("amazon: store %s needs the option marketplace", c.Store)
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return nil, fmt.Errorf("amazon: store %s needs client_id and client_secret", c.Store)
	}
	s.info.Platform = Platform
	if s.info.Account == "" {
		s.info.Account = s.seller
	}
	if s.seller == "" {
		s.seller = s.info.Account
	}
	if s.tokenURL == "" {
		s.tokenURL = "https://api.amazon.com/auth/o2/token"
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.tokens = connectors.NewTokens(c.Store, c.Credential, c.Keeper, s.now, s.refresh)
	authorise, stale := s.tokens.Header("X-Amz-Access-Token", "")
	s.client = connectors.NewClient(connectors.ClientConfig{
		Platform: Platform, Store: c.Store, Transport: c.Transport, Now: s.now, Sleep: c.Sleep, Log: s.log,
		Authorise: authorise, Stale: stale, Expired: expired, Classify: classify, Budget: budget,
		Rate: func(h http.Header) float64 {
			f, err := strconv.ParseFloat(h.Get("X-Amzn-Ratelimit-Limit"), 64)
			if err != nil || !(f > 0) || f > 1e6 {
				return 0
			}
			return f
		},
	})
	return s, nil
}

// Info says which account this is.
func (s *Seller) Info() connectors.Info { return s.info }

// Journal lists the last calls, oldest first.
func (s *Seller) Journal() []connectors.Entry { return s.client.Journal() }

// Skew is how far the platform's clock is ahead of ours.
func (s *Seller) Skew() time.Duration { return s.client.Skew() }

// Reload looks for a newer credential, after the account was connected again.
func (s *Seller) Reload(ctx context.Context) error { return s.tokens.Reload(ctx) }

func (s *Seller) get(ctx context.Context, op, path string, q url.Values, out any) error {
	address := s.base + path
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	_, err := s.client.Do(ctx, connectors.Call{Op: op, Method: "GET", URL: address, Read: true}, out)
	return err
}

var (
	_ connectors.Connector   = (*Seller)(nil)
	_ connectors.OrderReader = (*Seller)(nil)
	_ connectors.Refunder    = (*Seller)(nil)
	_ connectors.Journaled   = (*Seller)(nil)
)

// Every spreads listings over searchOrders' budget of one call in three minutes,
// and leaves half of it to people.
func (s *Seller) Every(stream string) time.Duration {
	if stream == "orders" {
		return 6 * time.Minute
	}
	return 0
}

var _ connectors.Paced = (*Seller)(nil)
