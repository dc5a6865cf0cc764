package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// auth is what a store knows of tokens.
type auth struct {
	mu       sync.Mutex
	store    string
	of       *store
	platform string
	first    string // the refresh token that every world starts with
	ttl      time.Duration
	revoked  bool
	n        int
	access   map[string]time.Time
	// refresh are the refresh tokens that are good now. On Shopify there may be
	// two: the newest, and the one before it until the newest was used.
	refresh []string
	scopes  []string
	// codes are consents that were not used yet; consented is what the seller
	// agrees to, nil meaning everything.
	codes     map[string]code
	consented []string
	// secret is the application's own, rotated how often it was changed.
	secret  string
	rotated int
}

var scopesOf = map[string][]string{
	Shopify: {"read_orders", "read_all_orders", "write_orders", "read_customers", "read_products", "write_products", "read_locations",
		"read_inventory", "write_inventory", "read_returns", "write_returns", "read_fulfillments", "write_fulfillments",
		"read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders", "read_assigned_fulfillment_orders",
		"write_assigned_fulfillment_orders", "read_third_party_fulfillment_orders", "write_third_party_fulfillment_orders", "read_shopify_payments_disputes"},
	Ebay: ebayScopes("", "sell.fulfillment", "sell.fulfillment.readonly", "sell.finances", "sell.inventory", "sell.inventory.readonly", "sell.account",
		"sell.account.readonly", "commerce.message", "commerce.identity.readonly", "commerce.notification.subscription", "commerce.notification.subscription.readonly"),
	Amazon: {"sellingpartnerapi::orders", "sellingpartnerapi::feeds", "sellingpartnerapi::finances", "sellingpartnerapi::listings", "sellingpartnerapi::inventory",
		"sellingpartnerapi::reports", "sellingpartnerapi::messaging", "sellingpartnerapi::notifications"},
	Woo: {wooRead, wooWrite},
}

func ebayScopes(names ...string) []string {
	for i, name := range names {
		names[i] = strings.TrimSuffix("https://api.ebay.com/oauth/api_scope/"+name, "/")
	}
	return names
}

func newAuth(s *store) *auth {
	ttl := map[string]time.Duration{Shopify: time.Hour, Ebay: 2 * time.Hour, Amazon: time.Hour}[s.Platform]
	a := &auth{store: s.Name, of: s, platform: s.Platform, ttl: orElse(s.w.o.TokenTTL, ttl), access: map[string]time.Time{}, scopes: scopesOf[s.Platform],
		codes: map[string]code{}, secret: clientSecret}
	if s.Platform == Woo {
		a.secret = "cs_" + wooHash(s.Name+" consumer secret")
	}
	a.first = a.mint("refresh")
	a.refresh = []string{a.first}
	return a
}

// mint makes a token. Tokens look like the platform's, and are no secret to
// anybody who knows the store's name.
func (a *auth) mint(kind string) string {
	a.n++
	sum := sha256.Sum256([]byte(a.store + " " + kind + " " + strconv.Itoa(a.n)))
	prefix := map[string]string{
		Shopify + "access": "shpat_", Shopify + "refresh": "shprt_",
		Amazon + "access": "Atza|", Amazon + "refresh": "Atzr|",
		Ebay + "access": "v^1.1#i^1#", Ebay + "refresh": "v^1.1#r^1#", Ebay + "code": "v^1.1#c^1#", Amazon + "code": "AN",
	}
	return prefix[a.platform+kind] + hex.EncodeToString(sum[:16])
}

// grant is what a token endpoint gives.
type grant struct {
	access, refresh string
	ttl             time.Duration
	scope           string
}

// exchange takes a refresh token. ok is false when the platform would answer
// invalid_grant.
func (a *auth) exchange(token string, now time.Time) (grant, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.Index(a.refresh, token)
	if a.revoked || i < 0 {
		return grant{}, false
	}
	next := token
	if a.platform == Shopify {
		if i == len(a.refresh)-1 { // the newest was used: the one before it dies
			next = a.mint("refresh")
			a.refresh = []string{token, next}
		} else { // the answer with the newest must have been lost: say it again
			next = a.refresh[i+1]
		}
	}
	return a.giveLocked(next, now), true
}

func (a *auth) give(refresh string, now time.Time) (grant, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.revoked {
		return grant{}, false
	}
	return a.giveLocked(refresh, now), true
}

func (a *auth) giveLocked(refresh string, now time.Time) grant {
	g := grant{access: a.mint("access"), refresh: refresh, ttl: a.ttl, scope: strings.Join(a.scopes, sep(a.platform))}
	a.access[g.access] = now.Add(a.ttl)
	a.persist()
	for t, end := range a.access { // do not remember dead ones for ever
		if now.Sub(end) > 24*time.Hour {
			delete(a.access, t)
		}
	}
	return g
}

func sep(platform string) string {
	if platform == Shopify {
		return ","
	}
	return " "
}

// The ways in which an access token can be wrong.
const (
	tokenGood    = ""
	tokenMissing = "missing"
	tokenUnknown = "unknown"
	tokenExpired = "expired"
)

func (a *auth) check(token string, now time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token == "" {
		return tokenMissing
	}
	end, ok := a.access[token]
	switch {
	case !ok || a.revoked:
		return tokenUnknown
	case !now.Before(end):
		return tokenExpired
	}
	return tokenGood
}

func (a *auth) has(scope string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	// Who may write may read.
	return slices.Contains(a.scopes, scope) || strings.HasPrefix(scope, "read_") && slices.Contains(a.scopes, "write_"+scope[len("read_"):])
}

func (a *auth) granted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.scopes)
}

// Revoke takes a store's consent back: no token of it is good any more.
func (w *World) Revoke(store string) error {
	if err := w.withAuth(store, func(a *auth) { a.revoked = true }); err != nil {
		return err
	}
	return w.news(store, changeGone)
}

// Grant gives consent back. The tokens from before are good again, as if the
// seller had confirmed the same app; access tokens have to be fetched anew.
func (w *World) Grant(store string) error {
	return w.withAuth(store, func(a *auth) { a.revoked = false; a.access = map[string]time.Time{} })
}

// Expire lets all access tokens of a store expire now.
func (w *World) Expire(store string) error {
	now := w.now()
	return w.withAuth(store, func(a *auth) {
		for t, end := range a.access {
			if end.Before(now.AddDate(50, 0, 0)) { // a lasting one has no end
				a.access[t] = now
			}
		}
	})
}

// SetTTL changes how long the access tokens of a store live from now on.
func (w *World) SetTTL(store string, d time.Duration) error {
	return w.withAuth(store, func(a *auth) { a.ttl = d })
}

// SetScopes changes what a store's tokens may do; nil means everything.
func (w *World) SetScopes(store string, scopes []string) error {
	err := w.withAuth(store, func(a *auth) {
		if a.scopes = slices.Clone(scopes); scopes == nil {
			a.scopes = scopesOf[a.platform]
		}
	})
	if err != nil {
		return err
	}
	return w.news(store, changeScopes)
}

// news tells a change of the account itself.
func (w *World) news(store, kind string) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed(kind)
	return nil
}

func (w *World) withAuth(store string, do func(*auth)) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	do(s.auth)
	s.auth.persist()
	return nil
}
