package sandbox

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// The platforms of the world.
const (
	Shopify = "shopify"
	Ebay    = "ebay"
	Amazon  = "amazon"
	// Woo is a shop of one's own that runs WooCommerce.
	Woo = "woo"
)

// Options say what a world is like. The zero value is the demo's world.
type Options struct {
	// Seed decides everything that looks like chance.
	Seed int64
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Ledger, if set, gets every refund and message as a line of JSON at the
	// moment it happens.
	Ledger io.Writer
	// LedgerFile, if set, is where the world remembers what was done: a world that
	// is made with the same file and the same options goes on from there.
	LedgerFile string
	// BaseURL is the world's address as clients see it, for the links inside
	// answers. Nil means the host that each request came to.
	BaseURL func() string
	// Stores are the accounts; nil means [DefaultStores].
	Stores []StoreSpec
	// Orders is how many orders a store has whose spec does not say; 0 means 24.
	Orders int
	// Items is how many listings a store has whose spec does not say; 0 means 16.
	Items int
	// TokenTTL is how long access tokens live. 0 means what the platform grants.
	TokenTTL time.Duration
	// Settle is how long a refund stays pending on eBay, and how long a feed stays
	// in each of its states on Amazon. 0 means two seconds, negative none at all.
	Settle time.Duration
	// FinanceLag is how long after its feed a refund shows in Amazon's finances.
	FinanceLag time.Duration
	// Redirect is the address that applications registered for a seller's return
	// from the page of consent. Empty means that any address will do.
	Redirect string
	// HookRetries are the waits between the attempts of a delivery; nil means the
	// platform's, which take four hours.
	HookRetries []time.Duration
	// RateLimits switches the platforms' limits on from the start.
	RateLimits bool
	// Slow is how long the fault "slow" waits, Hang how long the faults that never
	// answer hold the line. 0 means two seconds and one minute.
	Slow, Hang time.Duration
	// Lag is how long the answer to a POST is on its way after the deed was done.
	Lag time.Duration
	// Signatures makes eBay refuse refunds of European sellers without a digital
	// signature.
	Signatures bool
}

// StoreSpec is an account of a world.
type StoreSpec struct {
	// Name is the store's name in paths and in the ledger: "ebay-de".
	Name string `json:"name"`
	// Platform is one of [Shopify], [Ebay], [Amazon], [Woo].
	Platform string `json:"platform"`
	// Marketplace is the platform's id of the site; empty means the one of Language.
	Marketplace string `json:"marketplace,omitempty"`
	Currency    string `json:"currency,omitempty"`
	// Language is what the buyers write: "de", "ja" or "en".
	Language string `json:"language,omitempty"`
	// Orders is how many orders there are; 0 means the world's default, negative none.
	Orders int `json:"orders,omitempty"`
	// Items is how many listings there are; 0 means the world's default, negative none.
	Items int `json:"items,omitempty"`
}

// DefaultStores are the demo's three accounts.
func DefaultStores() []StoreSpec {
	return []StoreSpec{
		{Name: "ebay-de", Platform: Ebay, Marketplace: "EBAY_DE", Currency: "EUR", Language: "de"},
		{Name: "amazon-jp", Platform: Amazon, Marketplace: "A1VC38T7YXB528", Currency: "JPY", Language: "ja"},
		{Name: "shopify-main", Platform: Shopify, Currency: "USD", Language: "en"},
	}
}

// World is the marketplaces. It is safe for concurrent use.
type World struct {
	o      Options
	log    *slog.Logger
	ledger ledger
	gql    *graph

	mu     sync.RWMutex
	specs  []StoreSpec
	stores map[string]*store
	room   room

	rngMu sync.Mutex
	rng   *rand.Rand

	// watchers are told of every change; they are set before anything changes.
	watchers []func(change)
	hooks    *hooks
	// deeds is the ledger that outlives the world; restoring is while it is read.
	deeds     *os.File
	fileMu    sync.Mutex
	restoring bool
	born      time.Time
	ebayKey   *ebayKey
}

// ErrNoStore is what errors about a store that does not exist wrap.
var ErrNoStore = errors.New("no such store")

// New makes a world. The same options make the same world, apart from the time.
func New(o Options) (*World, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Orders = orElse(o.Orders, 24)
	o.Items = orElse(o.Items, 16)
	o.Slow = orElse(o.Slow, 2*time.Second)
	o.Hang = orElse(o.Hang, time.Minute)
	if o.Settle == 0 {
		o.Settle = 2 * time.Second
	} else if o.Settle < 0 {
		o.Settle = 0
	}
	if o.Stores == nil {
		o.Stores = DefaultStores()
	}
	g, err := newGraph()
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if o.HookRetries == nil {
		o.HookRetries = hookRetries
	}
	w := &World{o: o, log: o.Log, gql: g, ledger: ledger{out: o.Ledger}}
	w.hooks = newHooks(w)
	if w.ebayKey, err = newEbayKey(o.Seed); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	w.watch(w.tellShopify)
	w.watch(w.marketNews)
	w.watch(w.tellWoo)
	for _, spec := range o.Stores {
		spec, err := spec.filled(o.Orders, o.Items)
		if err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		for _, other := range w.specs {
			if other.Name == spec.Name {
				return nil, fmt.Errorf("sandbox: two stores are called %q", spec.Name)
			}
		}
		w.specs = append(w.specs, spec)
	}
	w.Reset()
	if o.LedgerFile != "" {
		if err := w.recall(o.LedgerFile); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	return w, nil
}

func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

func (sp StoreSpec) filled(orders, items int) (StoreSpec, error) {
	if sp.Name == "" {
		return sp, errors.New("a store without a name")
	}
	if sp.Language == "" {
		sp.Language = map[string]string{Ebay: "de", Amazon: "ja", Shopify: "en", Woo: "en"}[sp.Platform]
	}
	if _, ok := phrases[sp.Language]; !ok {
		return sp, fmt.Errorf("store %q: buyers here write de, ja or en, not %q", sp.Name, sp.Language)
	}
	site := sites[sp.Platform][sp.Language]
	if site.currency == "" {
		return sp, fmt.Errorf("store %q: unknown platform %q", sp.Name, sp.Platform)
	}
	sp.Marketplace = orElse(sp.Marketplace, site.marketplace)
	sp.Currency = orElse(sp.Currency, site.currency)
	if sp.Orders == 0 {
		sp.Orders = orders
	}
	if sp.Items == 0 {
		sp.Items = items
	}
	return sp, nil
}

// Reset makes everything as it was when the world was new: orders, messages,
// tokens, faults, the ledger.
func (w *World) Reset() {
	w.rngMu.Lock() // always before the other locks
	defer w.rngMu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.restoring {
		w.forget()
	}
	w.rng = w.chance("buyers")
	w.ledger.reset()
	w.hooks.reset()
	w.stores = map[string]*store{}
	for _, spec := range w.specs {
		w.stores[spec.Name] = w.newStore(spec)
	}
	w.room.mu.Lock()
	defer w.room.mu.Unlock()
	w.room.mails = map[string][]inMail{}
	w.furnish()
}

// chance is a source of numbers that depends on the seed and on what it is for.
func (w *World) chance(what string) *rand.Rand {
	h := fnv.New64a()
	_, _ = io.WriteString(h, what)
	return rand.New(rand.NewPCG(uint64(w.o.Seed), h.Sum64()))
}

func (w *World) now() time.Time { return w.o.Now().UTC().Truncate(time.Millisecond) }

func (w *World) store(name string) (*store, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	s, ok := w.stores[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoStore, name)
	}
	return s, nil
}

// all are the stores in the order of their specs.
func (w *World) all() []*store {
	w.mu.RLock()
	defer w.mu.RUnlock()
	var all []*store
	for _, spec := range w.specs {
		all = append(all, w.stores[spec.Name])
	}
	return all
}

// Account is what a client needs to reach one store.
type Account struct {
	StoreSpec
	// Path stands before the platform's own paths; TokenPath is the token endpoint.
	Path      string `json:"path"`
	TokenPath string `json:"token_path"`
	ClientID  string `json:"client_id"`
	// ConsentPath is the page on which a seller grants access; Redirect is what an
	// application calls the address that they come back to: eBay's RuName.
	ConsentPath string `json:"consent_path"`
	Redirect    string `json:"redirect,omitempty"`
	// Secret and Refresh are the app's secret and the first refresh token. They
	// open nothing but this world.
	Secret  string `json:"client_secret"`
	Refresh string `json:"refresh_token"`
	// Seller is the platform's id of the seller or shop.
	Seller string `json:"seller"`
	// Address, User and Password are the shop's mailbox.
	Address  string `json:"address"`
	User     string `json:"user"`
	Password string `json:"password"`
	// Queue is where Amazon's news lies; nil elsewhere.
	Queue *QueueAccess `json:"queue,omitempty"`
	// Verification is the token of eBay's challenges that the demo uses; empty elsewhere.
	Verification string `json:"verification_token,omitempty"`
}

// Accounts tells how to reach every store.
func (w *World) Accounts() []Account {
	var all []Account
	for _, s := range w.all() {
		all = append(all, s.account())
	}
	return all
}

// Account tells how to reach one store.
func (w *World) Account(name string) (Account, error) {
	s, err := w.store(name)
	if err != nil {
		return Account{}, err
	}
	return s.account(), nil
}

func (s *store) account() Account {
	token := map[string]string{Shopify: "/admin/oauth/access_token", Ebay: "/identity/v1/oauth2/token", Amazon: "/auth/o2/token"}
	path := "/" + s.Platform + "/" + s.Name
	a := Account{StoreSpec: s.StoreSpec, Path: path, TokenPath: path + token[s.Platform],
		ClientID: clientID, Secret: s.auth.secretNow(), Refresh: s.auth.first, Seller: s.seller,
		Address: s.address(), User: s.address(), Password: mailPassword}
	a.ConsentPath = path + consentPaths[s.Platform]
	if a.Redirect = s.w.o.Redirect; s.Platform == Ebay {
		a.Redirect = ruName
	}
	s.marketAccount(&a)
	return a
}

// wait waits for d or for the end of ctx, and tells whether it was d.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
