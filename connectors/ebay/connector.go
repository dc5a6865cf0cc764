package ebay

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
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
	"alert_email": "where eBay writes when it cannot deliver notifications; it wants one before the first",
}

// The names of the further secrets.
const (
	secretToken = "verification_token"
)

var secrets = map[string]string{
	secretToken: "the token with which eBay asks whether an address is ours: 32 to 80 letters, digits, - and _",
	extraKey:    "the private key that refunds are signed with (European Union, United Kingdom); the desk has one made if not given",
	extraJWE:    "the public half of the signing key, as eBay gives it (JWE)",
}

var tokenShape = regexp.MustCompile(`^[A-Za-z0-9_-]{32,80}$`)

// Plugin is the adapter's line in the list of all.
var Plugin = connectors.Plugin{
	Platform: Platform,
	Options:  options,
	Locate:   locate,
	Secrets:  secrets,
	New:      connectors.Maker(New),
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
	alertEmail   string
	verify       connectors.Secret
	// expected is the seller that the configuration names; empty: whoever grants access.
	expected string
	client   *connectors.Client
	tokens   *connectors.Tokens
	// app speaks for the application rather than for the seller.
	app       *connectors.Client
	appTokens *connectors.Tokens
	signing   signingKeys
	keys      publicKeys
	quotas    quotas
	revisions revisions
	now       func() time.Time
	log       *slog.Logger

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
	for k := range c.Secrets {
		if _, ok := secrets[k]; !ok {
			return nil, fmt.Errorf("ebay: store %s: no such secret %q", c.Store, k)
		}
	}
	if v := c.Secrets[secretToken]; v != "" && !tokenShape.MatchString(string(v)) {
		return nil, fmt.Errorf("ebay: store %s: the %s must have 32 to 80 letters, digits, - and _", c.Store, secretToken)
	}
	if text := c.Secrets[extraKey]; text != "" {
		if _, err := parseSigningKey(string(text)); err != nil || c.Secrets[extraJWE] == "" {
			return nil, fmt.Errorf("ebay: store %s: %s cannot be read, or %s is missing", c.Store, extraKey, extraJWE)
		}
	}
	s := &Shop{
		info: c.Info, base: strings.TrimRight(c.BaseURL, "/"), apiz: strings.TrimRight(c.Options["apiz"], "/"),
		tokenURL: c.TokenURL, authURL: c.Options["auth"], runame: c.Options["runame"], id: c.ClientID, secret: c.ClientSecret,
		marketplace: c.Options["marketplace"], scopesWanted: strings.Fields(c.Options["scopes"]), now: c.Now, log: c.Log,
		alertEmail: c.Options["alert_email"], verify: c.Secrets[secretToken],
		name: c.Options["username"], denied: map[string]time.Time{}, sent: map[string]outcome{}, claims: map[string]string{},
	}
	s.signing.conf = c.Secrets
	if s.runame == "" {
		s.runame = c.Redirect
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
		s.scopesWanted = []string{scopeBasic, scopeFulfillment, scopeFinances, scopeMessage, scopeIdentity, scopeInventory, scopeNotify}
	}
	if c.Credential.Access == "" && c.Credential.Refresh == "" && c.Keeper == nil && s.runame == "" {
		return nil, fmt.Errorf("ebay: store %s has neither a token nor a way to get one", c.Store)
	}
	if s.name == "" {
		s.name = c.Account
	}
	s.expected = s.name
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
	s.appTokens = connectors.NewTokens(c.Store, connectors.Credential{}, nil, s.now, s.appToken)
	cc := connectors.ClientConfig{
		Platform: Platform, Store: c.Store, Transport: c.Transport, Now: s.now, Sleep: c.Sleep, Log: s.log, Classify: s.classify,
		Meter: c.Meter,
	}
	s.client = newClient(s, cc, s.tokens)
	s.app = newClient(s, cc, s.appTokens)
	return s, nil
}

// newClient makes a client that speaks with one of the two tokens. The older part
// of eBay's API wants another word before the seller's.
func newClient(s *Shop, cc connectors.ClientConfig, tokens *connectors.Tokens) *connectors.Client {
	cc.Authorise = func(ctx context.Context, r *http.Request) error {
		if err := s.quotas.take(ctx, s.now(), r.Method, r.URL.Path); err != nil {
			return err
		}
		tok, err := tokens.Token(ctx)
		if err != nil {
			return err
		}
		word := "Bearer "
		if strings.Contains(r.URL.Path, postOrder) {
			word = "IAF "
		}
		r.Header.Set("Authorization", word+string(tok))
		return nil
	}
	cc.Stale = func(_ context.Context, used *http.Request) error {
		_, tok, _ := strings.Cut(used.Header.Get("Authorization"), " ")
		tokens.Stale(connectors.Secret(tok))
		return nil
	}
	return connectors.NewClient(cc)
}

// Info says which account this is.
func (s *Shop) Info() connectors.Info { return s.info }

// Journal lists the last calls, oldest first: those for the seller and those for
// the application.
func (s *Shop) Journal() []connectors.Entry {
	all := append(s.client.Journal(), s.app.Journal()...)
	slices.SortStableFunc(all, func(a, b connectors.Entry) int { return a.At.Compare(b.At) })
	return all
}

// Skew is how far the platform's clock is ahead of ours.
func (s *Shop) Skew() time.Duration { return s.client.Skew() }

func (s *Shop) header() http.Header {
	return http.Header{"X-Ebay-C-Marketplace-Id": {s.marketplace}}
}

// read makes a call that changes nothing.
func (s *Shop) read(ctx context.Context, op, address string, q url.Values, out any) error {
	return s.readAs(ctx, s.client, op, address, q, out)
}

func (s *Shop) readAs(ctx context.Context, client *connectors.Client, op, address string, q url.Values, out any) error {
	if len(q) > 0 {
		// eBay wants spaces as %20, as in a path.
		address += "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	s.freshQuotas(ctx)
	_, err := client.Do(ctx, connectors.Call{Op: op, Method: http.MethodGet, URL: address, Header: s.header(), Read: true}, out)
	return err
}

// write makes a call that changes something.
func (s *Shop) write(ctx context.Context, op, address string, body, out any) error {
	_, err := s.send(ctx, s.client, op, http.MethodPost, address, body, out)
	return err
}

// send makes a call that changes something, and gives the answer's header. The
// body is made here, once, so that a signature is over the very bytes that are
// sent. A call that was refused for want of a signature was not looked at: it is
// sent again, once, with a key that eBay makes for it.
func (s *Shop) send(ctx context.Context, client *connectors.Client, op, method, address string, body, out any) (http.Header, error) {
	call := connectors.Call{Op: op, Method: method, URL: address}
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, invalid(op, "encode", err.Error())
		}
		call.Raw, call.ContentType = raw, "application/json"
	}
	header, err := s.sendOnce(ctx, client, call, out)
	if err == nil || !signed[op] || !unsigned(err) {
		return header, err
	}
	made, kerr := s.newSigningKey(ctx)
	if !made {
		if kerr != nil {
			s.log.WarnContext(ctx, "no signing key", "store", s.info.Store, "err", kerr)
		}
		return header, err
	}
	if kerr != nil { // made, but not kept: it works until the desk ends
		s.log.WarnContext(ctx, "signing key not kept", "store", s.info.Store, "err", kerr)
	}
	return s.sendOnce(ctx, client, call, out)
}

func (s *Shop) sendOnce(ctx context.Context, client *connectors.Client, call connectors.Call, out any) (http.Header, error) {
	call.Header = s.header()
	if signed[call.Op] {
		key, err := s.signing.current(s.tokens.Current().Extra, s.now())
		if err != nil {
			return nil, &connectors.Error{Kind: connectors.AppBroken, Platform: Platform, Op: call.Op, Code: "signing_key", Err: err}
		}
		if key != nil {
			u, err := url.Parse(call.URL)
			if err != nil {
				return nil, invalid(call.Op, "address", "the address cannot be read")
			}
			h, err := key.sign(call.Method, u, call.Raw, s.now())
			if err != nil {
				return nil, &connectors.Error{Kind: connectors.AppBroken, Platform: Platform, Op: call.Op, Code: "signing_key", Err: err}
			}
			maps.Copy(call.Header, h)
		}
	}
	return client.Do(ctx, call, out)
}

// idIn is the id at the end of the address of something that was made.
func idIn(h http.Header) string {
	u, err := url.Parse(h.Get("Location"))
	if err != nil {
		return ""
	}
	id := path.Base(u.Path)
	if id == "." || id == "/" {
		return ""
	}
	return id
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
	_ connectors.Connector     = (*Shop)(nil)
	_ connectors.Authoriser    = (*Shop)(nil)
	_ connectors.Renewer       = (*Shop)(nil)
	_ connectors.Reloader      = (*Shop)(nil)
	_ connectors.Dated         = (*Shop)(nil)
	_ connectors.OrderReader   = (*Shop)(nil)
	_ connectors.Refunder      = (*Shop)(nil)
	_ connectors.ReturnReader  = (*Shop)(nil)
	_ connectors.ReturnDecider = (*Shop)(nil)
	_ connectors.Inbox         = (*Shop)(nil)
	_ connectors.Messenger     = (*Shop)(nil)
	_ connectors.CatalogReader = (*Shop)(nil)
	_ connectors.StockWriter   = (*Shop)(nil)
	_ connectors.StockLooker   = (*Shop)(nil)
	_ connectors.Shipper       = (*Shop)(nil)
	_ connectors.Pushed        = (*Shop)(nil)
	_ connectors.Quotas        = (*Shop)(nil)
	_ connectors.Journaled     = (*Shop)(nil)
)
