package connectors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// keeper keeps credentials in memory, and can fail.
type keeper struct {
	mu    sync.Mutex
	c     map[string]Credential
	fail  error
	saves int
}

func (k *keeper) Load(_ context.Context, store string) (Credential, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.c[store]
	return c, ok, nil
}

func (k *keeper) Save(_ context.Context, store string, c Credential) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return k.fail
	}
	if k.c == nil {
		k.c = map[string]Credential{}
	}
	k.saves++
	k.c[store] = c
	return nil
}

type fakeClock struct{ n atomic.Int64 }

func (c *fakeClock) now() time.Time      { return time.Unix(1_800_000_000, c.n.Load()).UTC() }
func (c *fakeClock) add(d time.Duration) { c.n.Add(int64(d)) }

// issuer is a token endpoint that rotates.
type issuer struct {
	calls atomic.Int64
	fail  atomic.Pointer[Error]
	valid atomic.Pointer[Secret]
	gate  chan struct{}
	clock *fakeClock
	ttl   time.Duration
}

func (i *issuer) refresh(ctx context.Context, c Credential) (Credential, error) {
	n := i.calls.Add(1)
	if i.gate != nil {
		select {
		case <-i.gate:
		case <-ctx.Done():
			return Credential{}, ctx.Err()
		}
	}
	if e := i.fail.Load(); e != nil {
		return Credential{}, e
	}
	if v := i.valid.Load(); v != nil && *v != c.Refresh {
		return Credential{}, &Error{Kind: Reauthorise, Code: "invalid_grant"}
	}
	out := Credential{Access: Secret(fmt.Sprintf("access-%d", n)), Refresh: Secret(fmt.Sprintf("refresh-%d", n))}
	i.valid.Store(&out.Refresh)
	if i.ttl > 0 {
		out.Expires = i.clock.now().Add(i.ttl)
	}
	return out, nil
}

func newIssuer(ttl time.Duration) *issuer { return &issuer{clock: &fakeClock{}, ttl: ttl} }

func TestTokensRefreshOnceForAll(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	is.gate = make(chan struct{})
	k := &keeper{}
	tok := NewTokens("s", Credential{Refresh: "refresh-0"}, k, is.clock.now, is.refresh)
	leaving, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, err := tok.Token(leaving); first <- err }()
	for is.calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-first; KindOf(err) != Down {
		t.Errorf("who leaves is told so: %v", err)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got, err := tok.Token(t.Context()); err != nil || got != "access-1" {
				t.Errorf("%v %v", string(got), err)
			}
		})
	}
	close(is.gate)
	wg.Wait()
	if is.calls.Load() != 1 || k.c["s"].Access != "access-1" || k.c["s"].Previous != "refresh-0" {
		t.Errorf("%d refreshes, kept %+v", is.calls.Load(), k.c["s"].Expires)
	}
}

func TestTokensAreKeptBeforeTheyAreUsed(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	k := &keeper{fail: errors.New("disk full")}
	tok := NewTokens("s", Credential{Refresh: "refresh-0"}, k, is.clock.now, is.refresh)
	if got, err := tok.Token(t.Context()); err == nil || KindOf(err) != Down {
		t.Fatalf("used before it was kept: %v %v", string(got), err)
	}
	k.mu.Lock()
	k.fail = nil
	k.mu.Unlock()
	if got, err := tok.Token(t.Context()); err != nil || got != "access-1" {
		t.Fatalf("%v %v", string(got), err)
	}
	if is.calls.Load() != 1 {
		t.Errorf("%d refreshes: the rotated token must not be thrown away", is.calls.Load())
	}
}

func TestTokensRenewEarlyAndAfterStale(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	tok := NewTokens("s", Credential{Access: "given", Refresh: "refresh-0", Expires: is.clock.now().Add(time.Hour)}, nil, is.clock.now, is.refresh)
	get := func(want Secret) {
		t.Helper()
		if got, err := tok.Token(t.Context()); err != nil || got != want {
			t.Fatalf("%v %v, want %v", string(got), err, string(want))
		}
	}
	get("given")
	is.clock.add(time.Hour - tokenEarly + time.Second)
	get("access-1")
	tok.Stale("given") // an old one is nobody's business
	get("access-1")
	tok.Stale("access-1")
	get("access-2")
	is.fail.Store(&Error{Kind: Down})
	is.clock.add(time.Hour - 30*time.Second)
	get("access-2") // early renewal failed, but the token is still good
	is.clock.add(time.Minute)
	if _, err := tok.Token(t.Context()); KindOf(err) != Down {
		t.Fatalf("over, and no new one: %v", err)
	}
	is.fail.Store(nil)
	is.clock.add(time.Minute)
	if _, err := tok.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTokensWithoutExpiryGetOne(t *testing.T) {
	t.Parallel()
	is := newIssuer(0)
	tok := NewTokens("s", Credential{Refresh: "refresh-0"}, nil, is.clock.now, is.refresh)
	if _, err := tok.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := tok.Current().Expires.Sub(is.clock.now()); got != tokenTTL {
		t.Errorf("expires in %v", got)
	}
}

func TestTokensDoNotHammer(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	is.fail.Store(&Error{Kind: Reauthorise, Code: "invalid_grant"})
	k := &keeper{}
	tok := NewTokens("s", Credential{Refresh: "refresh-0"}, k, is.clock.now, is.refresh)
	for range 10 {
		if _, err := tok.Token(t.Context()); KindOf(err) != Reauthorise {
			t.Fatal(err)
		}
		is.clock.add(30 * time.Second)
	}
	if n := is.calls.Load(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	is.fail.Store(nil)
	if err := k.Save(t.Context(), "s", Credential{Access: "new", Refresh: "n", Expires: is.clock.now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := tok.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := tok.Token(t.Context()); err != nil || got != "new" || tok.Refused() != nil {
		t.Errorf("connected again: %v %v", string(got), err)
	}
}

func TestTokensFallBackToThePrevious(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	old := Secret("refresh-old")
	is.valid.Store(&old)
	tok := NewTokens("s", Credential{Refresh: "refresh-lost", Previous: old}, nil, is.clock.now, is.refresh)
	if _, err := tok.Token(t.Context()); err != nil || is.calls.Load() != 2 {
		t.Errorf("%v after %d refreshes", err, is.calls.Load())
	}
}

func TestTokensTakeWhatAnotherReplicaGot(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	k := &keeper{}
	a := NewTokens("s", Credential{Refresh: "refresh-0"}, k, is.clock.now, is.refresh)
	b := NewTokens("s", Credential{Refresh: "refresh-0"}, k, is.clock.now, is.refresh)
	if _, err := a.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Token(t.Context()); err != nil || got != "access-1" || is.calls.Load() != 1 {
		t.Errorf("%v %v after %d refreshes", string(got), err, is.calls.Load())
	}
}

func TestTokensBoundForcedRefreshes(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	tok := NewTokens("s", Credential{Refresh: "refresh-0"}, nil, is.clock.now, is.refresh)
	for range 20 {
		got, err := tok.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tok.Stale(got)
	}
	if n := is.calls.Load(); n != 1+staleBurst {
		t.Errorf("%d refreshes within no time", n)
	}
}

// lockingKeeper lets one replica refresh at a time.
type lockingKeeper struct {
	keeper
	turn chan struct{}
	fail atomic.Bool
}

func (k *lockingKeeper) Lock(ctx context.Context, _ string) (func(), error) {
	if k.fail.Load() {
		return nil, errors.New("no connection")
	}
	select {
	case k.turn <- struct{}{}:
		return func() { <-k.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// together lets each of them get a token, all at once, and then again.
func together(t *testing.T, toks ...*Tokens) []Secret {
	t.Helper()
	got, errs := make([]Secret, len(toks)), make([]error, len(toks))
	var wg sync.WaitGroup
	for i, tok := range toks {
		wg.Go(func() { got[i], errs[i] = tok.Token(t.Context()) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("replica %d: %v", i, err)
		}
	}
	return got
}

// Refresh tokens that work once, and replicas that all refresh at the same time.
func TestReplicasRefreshUnderOneLock(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	first := Secret("refresh-0")
	is.valid.Store(&first)
	k := &lockingKeeper{turn: make(chan struct{}, 1)}
	var toks []*Tokens
	for range 5 {
		toks = append(toks, NewTokens("s", Credential{Refresh: first}, k, is.clock.now, is.refresh))
	}
	for round := 1; round <= 3; round++ {
		got := together(t, toks...)
		for _, g := range got {
			if g != got[0] {
				t.Errorf("round %d: %v", round, got)
			}
		}
		if n := is.calls.Load(); n != int64(round) {
			t.Errorf("round %d: %d refreshes in all", round, n)
		}
		is.clock.add(2 * time.Hour)
	}
	k.fail.Store(true)
	if _, err := toks[0].Token(t.Context()); KindOf(err) != Down || is.calls.Load() != 3 {
		t.Errorf("without the lock: %v after %d refreshes", err, is.calls.Load())
	}
}

// Without a lock the slower one is refused, and takes what the quicker one kept.
func TestReplicasRefreshWithoutALock(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	first := Secret("refresh-0")
	is.valid.Store(&first)
	k := &keeper{}
	saved := make(chan struct{})
	quick := NewTokens("s", Credential{Refresh: first}, k, is.clock.now, is.refresh)
	slow := NewTokens("s", Credential{Refresh: first}, k, is.clock.now, func(ctx context.Context, c Credential) (Credential, error) {
		<-saved // it has loaded the old one by now
		return is.refresh(ctx, c)
	})
	res := make(chan Secret, 1)
	go func() {
		got, err := slow.Token(t.Context())
		if err != nil {
			t.Error(err)
		}
		res <- got
	}()
	for !slow.refreshing() {
		time.Sleep(time.Millisecond)
	}
	a, err := quick.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	close(saved)
	if b := <-res; b != a {
		t.Errorf("two tokens: %s and %s", string(a), string(b))
	}
	if n := is.calls.Load(); n != 2 || slow.Refused() != nil {
		t.Errorf("%d refreshes, refused %v", n, slow.Refused())
	}
}

// refreshing: a refresh is on its way and has loaded what was kept.
func (t *Tokens) refreshing() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flight != nil && t.loaded
}

func TestRenew(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	tok := NewTokens("s", Credential{Access: "old", Refresh: "refresh-0", Expires: is.clock.now().Add(time.Hour)}, &keeper{}, is.clock.now, is.refresh)
	if err := tok.Renew(t.Context()); err != nil || is.calls.Load() != 1 {
		t.Fatalf("%v after %d refreshes", err, is.calls.Load())
	}
	if got, err := tok.Token(t.Context()); err != nil || got != "access-1" {
		t.Errorf("%v %v", string(got), err)
	}
	// For a passing reason: told, and the token we have goes on.
	is.fail.Store(&Error{Kind: Down, Code: "http_503"})
	if err := tok.Renew(t.Context()); KindOf(err) != Down {
		t.Errorf("got %v", err)
	}
	if got, err := tok.Token(t.Context()); err != nil || got != "access-1" {
		t.Errorf("%v %v", string(got), err)
	}
	// For good: told; asked again, the platform is asked again.
	is.fail.Store(&Error{Kind: Reauthorise, Code: "invalid_grant"})
	before := is.calls.Load()
	for range 2 {
		if err := tok.Renew(t.Context()); KindOf(err) != Reauthorise {
			t.Errorf("got %v", err)
		}
		if n := is.calls.Load(); n == before {
			t.Error("the refusal was remembered")
		} else {
			before = n
		}
	}
	is.fail.Store(nil)
	if err := tok.Renew(t.Context()); err != nil || tok.Refused() != nil {
		t.Errorf("it works again, and we say %v, %v", err, tok.Refused())
	}
}

func TestTokensKeepWhatElseWasGiven(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	k := &keeper{}
	granted := is.clock.now().Add(-24 * time.Hour)
	tok := NewTokens("s", Credential{Refresh: "refresh-0", Granted: granted, Scopes: []string{"a"}, Extra: map[string]Secret{"key": "k1"}}, k, is.clock.now, is.refresh)
	check := func(want map[string]Secret) {
		t.Helper()
		kept, _, _ := k.Load(t.Context(), "s")
		for _, c := range []Credential{tok.Current(), kept} {
			if !c.Granted.Equal(granted) || len(c.Scopes) != 1 || fmt.Sprintf("%q", plain(c.Extra)) != fmt.Sprintf("%q", plain(want)) {
				t.Errorf("granted %v, scopes %v, extra %q", c.Granted, c.Scopes, plain(c.Extra))
			}
		}
	}
	if _, err := tok.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(map[string]Secret{"key": "k1"})
	if err := tok.Update(t.Context(), func(c *Credential) { c.Extra["jwe"] = "j1" }); err != nil {
		t.Fatal(err)
	}
	check(map[string]Secret{"key": "k1", "jwe": "j1"})
	if err := tok.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(map[string]Secret{"key": "k1", "jwe": "j1"})

	// One that nobody knows the age of is as old as when it was first seen.
	young := NewTokens("t", Credential{Refresh: "refresh-0"}, k, is.clock.now, newIssuer(time.Hour).refresh)
	if _, err := young.Token(t.Context()); err != nil || !young.Current().Granted.Equal(is.clock.now()) {
		t.Errorf("granted %v, %v", young.Current().Granted, err)
	}
}

// An update and a refresh at the same time lose neither.
func TestUpdateDoesNotWriteOverARefresh(t *testing.T) {
	t.Parallel()
	is := newIssuer(time.Hour)
	is.gate = make(chan struct{})
	k := &keeper{}
	tok := NewTokens("s", Credential{Refresh: "refresh-0"}, k, is.clock.now, is.refresh)
	done := make(chan error, 2)
	go func() { _, err := tok.Token(t.Context()); done <- err }()
	for !tok.refreshing() {
		time.Sleep(time.Millisecond)
	}
	go func() {
		done <- tok.Update(t.Context(), func(c *Credential) {
			if c.Extra == nil {
				c.Extra = map[string]Secret{}
			}
			c.Extra["key"] = "k1"
		})
	}()
	close(is.gate)
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if kept, _, _ := k.Load(t.Context(), "s"); kept.Access != "access-1" || kept.Extra["key"] != "k1" {
		t.Errorf("kept %s, %s", string(kept.Access), string(kept.Extra["key"]))
	}
}

func plain(m map[string]Secret) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = string(v)
	}
	return out
}
