package connectors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// tokenEarly is how long before its end a token is renewed.
	tokenEarly = 90 * time.Second
	// tokenTTL is assumed when the platform forgot to say.
	tokenTTL = 30 * time.Minute
	// tokenTimeout bounds one refresh, whoever waits for it.
	tokenTimeout = 60 * time.Second
	// tokenRest is how long a permanent refusal stands before it is tried again.
	tokenRest = 15 * time.Minute
	// tokenLook is how often a refused account asks the keeper for news.
	tokenLook = time.Minute
	// staleBurst forced refreshes a minute are enough: more means that fresh
	// tokens are refused too, and asking for further ones mends nothing.
	staleBurst = 3
)

// Tokens keeps one account's access token fresh. However many callers wait, one
// refresh runs; what it brings is kept by the [Keeper] before anybody uses it.
type Tokens struct {
	store   string
	keeper  Keeper
	now     func() time.Time
	refresh func(context.Context, Credential) (Credential, error)

	mu       sync.Mutex
	first    Credential
	cur      Credential
	loaded   bool
	early    time.Duration
	stale    Secret
	renewing bool
	forced   []time.Time
	unsaved  bool
	dead     error
	deadAt   time.Time
	looked   time.Time
	quietTil time.Time
	flight   *flight
}

type flight struct {
	done chan struct{}
	err  error
}

// NewTokens starts from the credential in configuration, unless the keeper has
// one. A nil keeper keeps nothing; a nil now is time.Now.
func NewTokens(store string, first Credential, keeper Keeper, now func() time.Time,
	refresh func(context.Context, Credential) (Credential, error)) *Tokens {
	if now == nil {
		now = time.Now
	}
	return &Tokens{store: store, keeper: keeper, now: now, refresh: refresh, first: first, cur: first, early: tokenEarly}
}

// Token is an access token that should work now.
func (t *Tokens) Token(ctx context.Context) (Secret, error) {
	for range 2 {
		t.mu.Lock()
		if !t.loaded || t.unsaved || !t.usable(t.cur, t.early) {
			if t.loaded && !t.unsaved {
				if t.usable(t.cur, 0) && (t.dead != nil || t.now().Before(t.quietTil)) {
					defer t.mu.Unlock()
					return t.cur.Access, nil
				}
				if t.resting() && t.now().Sub(t.looked) < tokenLook {
					defer t.mu.Unlock()
					return "", t.dead
				}
			}
			f := t.takeOff(ctx)
			t.mu.Unlock()
			if err := t.wait(ctx, f); err != nil {
				return "", err
			}
			t.mu.Lock()
			if f.err != nil && (t.unsaved || !t.usable(t.cur, 0)) {
				t.mu.Unlock()
				return "", f.err
			}
		}
		if t.cur.Access != "" && t.cur.Access != t.stale {
			defer t.mu.Unlock()
			return t.cur.Access, nil
		}
		t.mu.Unlock()
	}
	return "", &Error{Kind: Down, Platform: t.store, Op: "token", Code: "no_token", Err: errors.New("the token was refused as soon as it came")}
}

// takeOff starts a refresh, unless one is on its way. The caller holds the lock.
func (t *Tokens) takeOff(ctx context.Context) *flight {
	if t.flight == nil {
		t.flight = &flight{done: make(chan struct{})}
		// The refresh belongs to all who wait: the first one's leaving must not end it.
		go t.fly(context.WithoutCancel(ctx), t.flight)
	}
	return t.flight
}

// wait waits for a refresh, or until the caller leaves.
func (t *Tokens) wait(ctx context.Context, f *flight) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return &Error{Kind: Down, Platform: t.store, Op: "token", Code: "cancelled", Err: ctx.Err()}
	}
}

// Renew gets a new access token now, whatever the present one is worth, and
// answers with the error of that. A remembered refusal is forgotten. If the
// refresh fails for a passing reason, the present token stays in use.
func (t *Tokens) Renew(ctx context.Context) error {
	t.mu.Lock()
	if t.flight == nil {
		t.renewing = true
		t.dead, t.quietTil = nil, time.Time{}
	}
	f := t.takeOff(ctx)
	t.mu.Unlock()
	if err := t.wait(ctx, f); err != nil {
		return err
	}
	return f.err
}

// Update changes what is kept with the credential, such as [Credential.Extra],
// and keeps it. It must not change the tokens.
func (t *Tokens) Update(ctx context.Context, change func(*Credential)) error {
	for {
		t.mu.Lock()
		if f := t.flight; f != nil { // what it brings must not be written over
			t.mu.Unlock()
			if err := t.wait(ctx, f); err != nil {
				return err
			}
			continue
		}
		f := &flight{done: make(chan struct{})}
		t.flight = f
		t.mu.Unlock()
		f.err = t.update(ctx, change)
		t.mu.Lock()
		t.flight = nil
		t.mu.Unlock()
		close(f.done)
		return f.err
	}
}

func (t *Tokens) update(ctx context.Context, change func(*Credential)) error {
	unlock, err := t.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	kept, ok, err := t.load(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.loaded = true
	if ok && !t.unsaved && !sameCredential(kept, t.cur) {
		t.adopt(kept)
	}
	c := t.cur
	c.Extra = maps.Clone(c.Extra)
	change(&c)
	t.cur, t.unsaved = c, true
	t.mu.Unlock()
	return t.save(ctx, c)
}

// lock keeps other replicas from refreshing this store, where the keeper can.
func (t *Tokens) lock(ctx context.Context) (unlock func(), err error) {
	l, ok := t.keeper.(Locker)
	if !ok {
		return func() {}, nil
	}
	unlock, err = l.Lock(ctx, t.store)
	if err != nil {
		return nil, &Error{Kind: Down, Platform: t.store, Op: "token", Code: "keeper", Err: fmt.Errorf("locking the kept credential: %w", err)}
	}
	return unlock, nil
}

// Stale says that the platform refused this token. Only the current one is forgotten.
func (t *Tokens) Stale(used Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if used == "" || t.cur.Access != used || t.stale == used {
		return
	}
	now := t.now()
	for len(t.forced) > 0 && now.Sub(t.forced[0]) > time.Minute {
		t.forced = t.forced[1:]
	}
	if len(t.forced) >= staleBurst {
		return
	}
	t.forced = append(t.forced, now)
	t.stale = used
	t.quietTil = time.Time{}
}

// Reload looks whether the keeper has a newer credential, and forgets a
// remembered refusal if so. Call it after the account was connected again.
func (t *Tokens) Reload(ctx context.Context) error {
	kept, ok, err := t.load(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loaded = true
	if ok && !sameCredential(kept, t.cur) {
		t.adopt(kept)
	}
	// Whoever calls this believes that the account works again: a refusal from
	// before is asked about once more, even if the credential is the same.
	t.dead, t.quietTil = nil, time.Time{}
	return nil
}

// Current is the credential in use, for its scopes and its end.
func (t *Tokens) Current() Credential {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cur
}

// Refused is the remembered permanent refusal, or nil.
func (t *Tokens) Refused() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dead
}

// Header gives the two functions that [ClientConfig] wants, for a platform that
// takes the token in one header: "Authorization", "Bearer ".
func (t *Tokens) Header(name, prefix string) (authorise, stale func(context.Context, *http.Request) error) {
	authorise = func(ctx context.Context, r *http.Request) error {
		tok, err := t.Token(ctx)
		if err != nil {
			return err
		}
		r.Header.Set(name, prefix+string(tok))
		return nil
	}
	stale = func(_ context.Context, used *http.Request) error {
		t.Stale(Secret(strings.TrimPrefix(used.Header.Get(name), prefix)))
		return nil
	}
	return authorise, stale
}

func (t *Tokens) usable(c Credential, early time.Duration) bool {
	return c.Access != "" && c.Access != t.stale && !t.renewing && (c.Expires.IsZero() || t.now().Add(early).Before(c.Expires))
}

// resting: refused for good a short while ago. The caller holds the lock.
func (t *Tokens) resting() bool { return t.dead != nil && t.now().Sub(t.deadAt) < tokenRest }

func (t *Tokens) load(ctx context.Context) (Credential, bool, error) {
	if t.keeper == nil {
		return Credential{}, false, nil
	}
	c, ok, err := t.keeper.Load(ctx, t.store)
	if err != nil {
		return Credential{}, false, &Error{Kind: Down, Platform: t.store, Op: "token", Code: "keeper", Err: fmt.Errorf("reading the kept credential: %w", err)}
	}
	return c, ok, nil
}

// adopt takes a credential into use. The caller holds the lock.
func (t *Tokens) adopt(c Credential) {
	t.cur, t.dead, t.quietTil = c, nil, time.Time{}
}

func (t *Tokens) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	err := t.renew(ctx)
	t.mu.Lock()
	if err != nil {
		switch KindOf(err) {
		case Reauthorise, AppBroken:
			if !errors.Is(err, t.dead) { // not merely remembered
				t.dead, t.deadAt, t.looked = err, t.now(), t.now()
			}
		default:
			t.quietTil = t.now().Add(10 * time.Second)
		}
	}
	f.err = err
	t.flight, t.renewing = nil, false
	t.mu.Unlock()
	close(f.done)
}

// renew runs in one goroutine at a time.
func (t *Tokens) renew(ctx context.Context) error {
	t.mu.Lock()
	unsaved, pending := t.unsaved, t.cur
	t.mu.Unlock()
	if unsaved {
		return t.save(ctx, pending)
	}
	// Another replica, or a person, may have put a newer one there.
	kept, ok, err := t.load(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.loaded = true
	if ok && !sameCredential(kept, t.cur) {
		t.adopt(kept)
	}
	cur, usable := t.cur, t.usable(t.cur, t.early)
	var dead error
	if t.resting() {
		dead, t.looked = t.dead, t.now()
	}
	t.mu.Unlock()
	if usable {
		return nil
	}
	if dead != nil {
		return dead
	}
	unlock, err := t.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, locks := t.keeper.(Locker); locks { // whoever had the lock may have refreshed
		if took, err := t.another(ctx, cur); took || err != nil {
			return err
		}
		t.mu.Lock()
		cur = t.cur
		t.mu.Unlock()
	}
	err = t.try(ctx, cur)
	if KindOf(err) != Reauthorise || err == nil {
		return err
	}
	// The answer to an earlier refresh may have been lost, or another replica was
	// quicker, or somebody wrote a new one into the configuration.
	if took, lerr := t.another(ctx, cur); took && lerr == nil {
		return nil
	}
	tried := map[Secret]bool{cur.Refresh: true}
	before := cur
	before.Access, before.Refresh, before.Previous = "", cur.Previous, ""
	again := []Credential{before}
	if kept, ok, lerr := t.load(ctx); lerr == nil && ok {
		again = append(again, kept)
	}
	again = append(again, t.first)
	for _, c := range again {
		if c.Refresh == "" || tried[c.Refresh] {
			continue
		}
		tried[c.Refresh] = true
		if e := t.try(ctx, c); e == nil || KindOf(e) != Reauthorise {
			return e
		}
	}
	return err
}

// another looks whether somebody else refreshed meanwhile, and takes that into
// use if it serves.
func (t *Tokens) another(ctx context.Context, old Credential) (took bool, err error) {
	kept, ok, err := t.load(ctx)
	if err != nil || !ok || kept.Access == old.Access && kept.Refresh == old.Refresh {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.adopt(kept)
	t.renewing = false // it was renewed, if not by us
	return t.usable(kept, t.early), nil
}

func (t *Tokens) try(ctx context.Context, old Credential) error {
	got, err := t.refresh(ctx, old)
	if err != nil {
		return err
	}
	if got.Access == "" {
		return &Error{Kind: Down, Platform: t.store, Op: "token", Code: "no_token", Err: errors.New("the answer has no access token")}
	}
	now := t.now()
	if got.Expires.IsZero() {
		got.Expires = now.Add(tokenTTL)
	}
	got = got.After(old)
	if got.Granted.IsZero() {
		got.Granted = old.Granted
	}
	if got.Granted.IsZero() {
		got.Granted = now.UTC() // the desk sees it for the first time
	}
	if len(old.Extra) > 0 {
		extra := maps.Clone(old.Extra)
		maps.Copy(extra, got.Extra)
		got.Extra = extra
	}
	t.mu.Lock()
	t.adopt(got)
	// A short-lived token is not renewed for ever.
	t.early = min(tokenEarly, got.Expires.Sub(now)/4)
	t.unsaved = true
	t.mu.Unlock()
	return t.save(ctx, got)
}

func (t *Tokens) save(ctx context.Context, c Credential) error {
	if t.keeper != nil {
		if err := t.keeper.Save(ctx, t.store, c); err != nil {
			return &Error{Kind: Down, Platform: t.store, Op: "token", Code: "keeper", Err: fmt.Errorf("keeping the new credential: %w", err)}
		}
	}
	t.mu.Lock()
	t.unsaved = false
	t.mu.Unlock()
	return nil
}

func sameCredential(a, b Credential) bool {
	return a.Access == b.Access && a.Refresh == b.Refresh && a.Expires.Equal(b.Expires) && a.Granted.Equal(b.Granted) && maps.Equal(a.Extra, b.Extra)
}
