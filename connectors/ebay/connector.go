package ebay

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
)

// Platform is the adapter's name.
const Platform = "ebay"

var options = map[string]string{
	"marketplace": "the site: EBAY_DE, EBAY_GB, EBAY_US … (EBAY_US)",
	"username":    "the seller's user name; asked for if not given",
	"apiz":        "address of the second API host; derived from the first",
	"auth":        "address of the consent page; derived from the API's",
	"runame":      "the app's redirect name (RuName), to connect accounts from here",
	"scopes":      "scopes to ask for, separated by spaces; what the desk needs if not given",
}

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

// Shop is one seller's account.
type Shop struct {
	info         connectors.Info
	base, apiz   string
	tokenURL     string
	authURL      string
	runame       string
	id           string
	secret       connectors.Secret
	marketplace  string
	scopesWanted []string
	client       *connectors.Client
	tokens       *connectors.Tokens
	now          func() time.Time
	log          *slog.Logger

	mu     sync.Mutex
	name   string
	denied map[string]time.Time
	sent   map[string]outcome
	claims map[string]string
}

// New makes the adapter. It does not connect.
func New(c connectors.Config) (*Shop, error) {
	for k := range c.Options {
		if _, ok := options[k]; !ok {
			return nil, fmt.Errorf("ebay: store %s: no such option %q", c.Store, k)
		}
	}
	s := &Shop{
		info: c.Info, base: strings.TrimRight(c.BaseURL, "/"), apiz: strings.TrimRight(c.Options["apiz"], "/"),
		tokenURL: c.TokenURL, authURL: c.Options["auth"], runame: c.Options["runame"], id: c.ClientID, secret: c.ClientSecret,
		marketplace: c.Options["marketplace"], scopesWanted: strings.Fields(c.Options["scopes"]), now: c.Now, log: c.Log,
		name: c.Options["username"], denied: map[string]time.Time{}, sent: map[string]outcome{}, claims: map[string]string{},
	}
	if s.base == "" {
		s.base = "https://api.ebay.com"
	}
	u, err := url.Parse(s.base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("ebay: store %s: base_url is not an address", c.Store)
	}
	if s.apiz == "" {
		s.apiz = strings.Replace(s.base, "://api.", "://apiz.", 1)
	}
	if s.authURL == "" {
		s.authURL = strings.Replace(s.base, "://api.", "://auth.", 1) + "/oauth2/authorize"
	}
	if s.tokenURL == "" {
		s.tokenURL = s.base + "/identity/v1/oauth2/token"
	}
	if s.marketplace == "" {
		s.marketplace = "EBAY_US"
	}
	if len(s.scopesWanted) == 0 {
		s.scopesWanted = []string{scopeBasic, scopeFulfillment, scopeFinances, scopeMessage, scopeIdentity}
	}
	if c.Credential.Access == "" && c.Credential.Refresh == "" && c.Keeper == nil && s.runame == "" {
		return nil, fmt.Errorf("ebay: store %s has neither a token nor a way to get one", c.Store)
	}
	if s.name == "" {
		s.name = c.Account
	}
	s.info.Platform = Platform
	if s.info.Account == "" {
		s.info.Account = s.name
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.tokens = connectors.NewTokens(c.Store, c.Credential, c.Keeper, s.now, s.Refresh)
	authorise, stale := s.tokens.Header("Authorization", "Bearer ")
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
func (s *Shop) Reload(ctx context.Context) error {
	s.mu.Lock()
	s.denied = map[string]time.Time{}
	s.mu.Unlock()
	return s.tokens.Reload(ctx)
}

func (s *Shop) header() http.Header {
	return http.Header{"X-Ebay-C-Marketplace-Id": {s.marketplace}}
}

// read makes a call that changes nothing.
func (s *Shop) read(ctx context.Context, op, address string, q url.Values, out any) error {
	if len(q) > 0 {
		// eBay wants spaces as %20, as in a path.
		address += "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	_, err := s.client.Do(ctx, connectors.Call{Op: op, Method: http.MethodGet, URL: address, Header: s.header(), Read: true}, out)
	return err
}

// write makes a call that changes something. The body is made here, once, so
// that a signature can be over the very bytes that are sent.
func (s *Shop) write(ctx context.Context, op, address string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return invalid(op, "encode", err.Error())
	}
	_, err = s.client.Do(ctx, connectors.Call{Op: op, Method: http.MethodPost, URL: address, Header: s.header(),
		Raw: raw, ContentType: "application/json"}, out)
	return err
}

// sites are the languages of the marketplaces.
var sites = map[string]language.Tag{
	"EBAY_US": language.MustParse("en-US"), "EBAY_GB": language.MustParse("en-GB"), "EBAY_DE": language.MustParse("de-DE"),
	"EBAY_AT": language.MustParse("de-AT"), "EBAY_CH": language.MustParse("de-CH"), "EBAY_FR": language.MustParse("fr-FR"),
	"EBAY_IT": language.MustParse("it-IT"), "EBAY_ES": language.MustParse("es-ES"), "EBAY_NL": language.MustParse("nl-NL"),
	"EBAY_BE": language.MustParse("nl-BE"), "EBAY_PL": language.MustParse("pl-PL"), "EBAY_IE": language.MustParse("en-IE"),
	"EBAY_CA": language.MustParse("en-CA"), "EBAY_AU": language.MustParse("en-AU"), "EBAY_HK": language.MustParse("zh-HK"),
	"EBAY_TW": language.MustParse("zh-TW"), "EBAY_SG": language.MustParse("en-SG"), "EBAY_MY": language.MustParse("en-MY"),
	"EBAY_PH": language.MustParse("en-PH"), "EBAY_MOTORS_US": language.MustParse("en-US"),
}

func (s *Shop) site(marketplace string) language.Tag {
	if t, ok := sites[marketplace]; ok {
		return t
	}
	if t, ok := sites[s.marketplace]; ok {
		return t
	}
	return s.info.Language
}

var (
	_ connectors.Connector   = (*Shop)(nil)
	_ connectors.Authoriser  = (*Shop)(nil)
	_ connectors.OrderReader = (*Shop)(nil)
	_ connectors.Refunder    = (*Shop)(nil)
	_ connectors.Inbox       = (*Shop)(nil)
	_ connectors.Messenger   = (*Shop)(nil)
	_ connectors.Journaled   = (*Shop)(nil)
)
