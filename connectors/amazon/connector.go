package amazon

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

// Platform is the adapter's name.
const Platform = "amazon"

// options are the keys of Config.Options.
var options = map[string]string{
	"marketplace":    "ids of the marketplaces to read, separated by commas: A1PA6795UKMFR9",
	"seller":         "the seller's own id (merchant token), written into refunds and addresses of listings",
	"application":    "the application's id, for the page on which sellers grant access: amzn1.sp.solution.…",
	"consent":        "address of the Seller Central that shows that page; by default that of the first marketplace",
	"draft":          "true while the application is not yet published",
	"secret_rotated": "day on which the application's secret was last changed: 2026-05-30",
	"queue":          "address of the queue in which the platform leaves its news: https://sqs.eu-west-1.amazonaws.com/123456789012/desk",
	"queue_arn":      "the queue's ARN, where its address does not tell",
	"queue_region":   "the queue's region, where its address does not tell",
	"queue_endpoint": "another address to reach the queue's service at",
}

// secrets are the keys of Config.Secrets.
var secrets = map[string]string{
	secretQueueID:  "id of the access key that may read the queue",
	secretQueueKey: "the access key's secret",
}

// Plugin is the adapter's line in the list of all.
var Plugin = connectors.Plugin{
	Platform: Platform,
	Options:  options,
	Locate:   locate,
	Secrets:  secrets,
	New:      connectors.Maker(New),
}

// hosts are the API's addresses by region.
var hosts = map[string]string{
	"na": "https://sellingpartnerapi-na.amazon.com",
	"eu": "https://sellingpartnerapi-eu.amazon.com",
	"fe": "https://sellingpartnerapi-fe.amazon.com",
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
	// own is the application's own token, for calls that need no seller.
	own   *connectors.Tokens
	queue *queue
	// application, consent, draft and redirect are for granting access.
	application, consent, redirect string
	draft                          bool
	secretRotated                  time.Time
	now                            func() time.Time
	log                            *slog.Logger

	use usage

	mu      sync.Mutex
	checked time.Time
	// lacking are the roles that calls were refused for, and when.
	lacking map[string]time.Time
	// seen are the returns of the last report, by id.
	seen map[string]connectors.Return
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
		seller: c.Options["seller"], application: c.Options["application"], redirect: c.Redirect, draft: c.Options["draft"] == "true",
		lacking: map[string]time.Time{}, seen: map[string]connectors.Return{}, feeds: map[string]sentFeed{}, owner: map[string]string{}}
	for _, m := range strings.Split(c.Options["marketplace"], ",") {
		if m = strings.TrimSpace(m); m != "" {
			s.markets = append(s.markets, m)
		}
	}
	if len(s.markets) == 0 {
		return nil, fmt.Errorf("amazon: store %s needs the option marketplace", c.Store)
	}
	if s.consent, err = consentAddress(c.Options["consent"], s.markets[0]); err != nil {
		return nil, fmt.Errorf("amazon: store %s: the option consent: %w", c.Store, err)
	}
	if day := c.Options["secret_rotated"]; day != "" {
		if s.secretRotated, err = time.Parse(time.DateOnly, day); err != nil {
			return nil, fmt.Errorf("amazon: store %s: the option secret_rotated is not a day like 2026-05-30: %w", c.Store, err)
		}
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
	s.tokens = connectors.NewTokens(c.Store, c.Credential, c.Keeper, s.now, s.Refresh)
	s.own = connectors.NewTokens(c.Store, connectors.Credential{}, nil, s.now, s.ownToken)
	authorise, stale := s.tokens.Header(tokenHeader, "")
	s.client = connectors.NewClient(connectors.ClientConfig{
		Platform: Platform, Store: c.Store, Transport: c.Transport, Now: s.now, Sleep: c.Sleep, Log: s.log,
		Authorise: s.use.counted(s.now, authorise), Stale: stale, Expired: expired, Classify: classify, Budget: budget, Meter: c.Meter,
		Rate: rateOf,
	})
	if s.queue, err = newQueue(c); err != nil {
		return nil, fmt.Errorf("amazon: store %s: %w", c.Store, err)
	}
	return s, nil
}

// Info says which account this is.
func (s *Seller) Info() connectors.Info { return s.info }

// Journal lists the last calls, oldest first.
func (s *Seller) Journal() []connectors.Entry { return s.client.Journal() }

// Skew is how far the platform's clock is ahead of ours.
func (s *Seller) Skew() time.Duration { return s.client.Skew() }

// get reads.
func (s *Seller) get(ctx context.Context, op, path string, q url.Values, out any) error {
	address := s.base + path
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return s.do(ctx, connectors.Call{Op: op, Method: "GET", URL: address, Read: true}, out)
}

// do makes one call, notes the rate that the answer names, and finds out whether
// a refusal is about a role.
func (s *Seller) do(ctx context.Context, call connectors.Call, out any) error {
	return s.doAs(ctx, roles[call.Op], call, out)
}

// doAs is do for a call whose role depends on what it asks for.
func (s *Seller) doAs(ctx context.Context, role string, call connectors.Call, out any) error {
	h, err := s.client.Do(ctx, call, out)
	s.use.note(call.Op, h, s.now())
	if err != nil {
		return s.explain(ctx, call.Op, role, err)
	}
	s.granted(role)
	return nil
}

var (
	_ connectors.Connector     = (*Seller)(nil)
	_ connectors.OrderReader   = (*Seller)(nil)
	_ connectors.Refunder      = (*Seller)(nil)
	_ connectors.Journaled     = (*Seller)(nil)
	_ connectors.Authoriser    = (*Seller)(nil)
	_ connectors.Renewer       = (*Seller)(nil)
	_ connectors.Reloader      = (*Seller)(nil)
	_ connectors.Dated         = (*Seller)(nil)
	_ connectors.CatalogReader = (*Seller)(nil)
	_ connectors.StockReader   = (*Seller)(nil)
	_ connectors.StockWriter   = (*Seller)(nil)
	_ connectors.StockLooker   = (*Seller)(nil)
	_ connectors.Shipper       = (*Seller)(nil)
	_ connectors.ReturnReader  = (*Seller)(nil)
	_ connectors.Templated     = (*Seller)(nil)
	_ connectors.Pulled        = (*Seller)(nil)
	_ connectors.Quotas        = (*Seller)(nil)
)

// Every spreads listings over searchOrders' budget of one call in three minutes,
// and leaves half of it to people. Reports of returns take minutes.
func (s *Seller) Every(stream string) time.Duration {
	switch stream {
	case "orders":
		return 6 * time.Minute
	case "returns":
		return 15 * time.Minute // each look is a report to be made
	}
	return 0
}

var _ connectors.Paced = (*Seller)(nil)
