package conntest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"helloworld/connectors"
)

// codes are the names that platforms give the code in the seller's address.
var codes = []string{"code", "spapi_oauth_code"}

// begin starts to connect, and gives what the seller came back with.
func begin(t *testing.T, b *Bench, knob string, press func(*Bench) func(string) url.Values) (connectors.Authoriser, url.Values) {
	t.Helper()
	a, ok := b.Shop.(connectors.Authoriser)
	if !ok {
		t.Skip("the adapter is not connected by a consent page")
	}
	f := press(b)
	need(t, knob, f != nil)
	const state = "state-4f2a9c1e7b60d853"
	link, err := a.Begin(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		t.Fatalf("not an address: %q", link)
	}
	if got := u.Query().Get("state"); got != state {
		t.Errorf("the link carries the state %q", got)
	}
	for _, s := range b.Secrets {
		if s != "" && strings.Contains(link, s) {
			t.Error("the link holds a secret")
		}
	}
	q := f(link)
	if len(q) == 0 {
		t.Fatalf("%s gave no answer", knob)
	}
	for _, name := range codes {
		b.Secrets = append(b.Secrets, q.Get(name)) // Run looks for it in the journal
	}
	return a, q
}

func granted(b *Bench) func(string) url.Values { return b.Consent }
func denied(b *Bench) func(string) url.Values  { return b.Refuse }

func complete(t *testing.T, b *Bench) connectors.Credential {
	t.Helper()
	a, q := begin(t, b, "Consent", granted)
	c, err := a.Complete(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	b.Secrets = append(b.Secrets, string(c.Access), string(c.Refresh))
	return c
}

func connect(t *testing.T, b *Bench) {
	c := complete(t, b)
	if c.Access == "" && c.Refresh == "" {
		t.Error("a credential with which nothing can be done")
	}
	if c.Granted.IsZero() {
		t.Error("the credential does not say when it was granted")
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); c.Access != "" && strings.Contains(text, string(c.Access)) ||
		c.Refresh != "" && strings.Contains(text, string(c.Refresh)) {
		t.Error("the credential prints its tokens")
	}
}

func connectScopes(t *testing.T, b *Bench) {
	c := complete(t, b)
	if len(c.Scopes) == 0 {
		t.Error("the credential does not say what was granted")
	}
	for _, s := range c.Scopes {
		if strings.TrimSpace(s) != s || s == "" || strings.ContainsAny(s, ", ") {
			t.Errorf("not one scope: %q", s)
		}
	}
}

func connectRefused(t *testing.T, b *Bench) {
	a, q := begin(t, b, "Refuse", denied)
	c, err := a.Complete(t.Context(), q)
	is(t, b, err, connectors.Reauthorise)
	if c.Access != "" || c.Refresh != "" {
		t.Error("refused, and a credential came")
	}
}

func connectTwice(t *testing.T, b *Bench) {
	a, q := begin(t, b, "Consent", granted)
	c, err := a.Complete(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	b.Secrets = append(b.Secrets, string(c.Access), string(c.Refresh))
	_, err = a.Complete(t.Context(), q)
	is(t, b, err, connectors.Reauthorise, connectors.Invalid, connectors.Conflict)
}

// connectForged changes what the seller came back with: a code that the platform
// never gave, and, where it signs, every value that it signed.
func connectForged(t *testing.T, b *Bench) {
	a, q := begin(t, b, "Consent", granted)
	signed := q.Has("hmac") || q.Has("signature") || q.Has("sign")
	for name := range q {
		isCode := strings.HasSuffix(name, "code")
		if !isCode && !signed {
			continue
		}
		forged := url.Values{}
		for k, v := range q {
			forged[k] = append([]string(nil), v...)
		}
		forged.Set(name, "f0"+q.Get(name))
		c, err := a.Complete(t.Context(), forged)
		if signed {
			is(t, b, err, connectors.Invalid)
		} else {
			is(t, b, err, connectors.Invalid, connectors.Reauthorise)
		}
		if c.Access != "" || c.Refresh != "" {
			t.Errorf("%s was forged, and a credential came", name)
		}
	}
	if !signed {
		return
	}
	// What was forged cost nothing: the true answer still works.
	c, err := a.Complete(t.Context(), q)
	if err != nil {
		t.Fatalf("the true answer after forged ones: %v", err)
	}
	b.Secrets = append(b.Secrets, string(c.Access), string(c.Refresh))
}

func renewer(t *testing.T, b *Bench) connectors.Renewer {
	t.Helper()
	r, ok := b.Shop.(connectors.Renewer)
	if !ok {
		t.Skip("the adapter has no token to renew")
	}
	return r
}

func renew(t *testing.T, b *Bench) {
	r := renewer(t, b)
	need(t, "Refreshes", b.Refreshes != nil)
	before := b.Refreshes()
	if err := r.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.Refreshes() - before; n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
	if h := b.Shop.Health(t.Context()); h.State == connectors.HealthBad {
		t.Errorf("the new token does not work: %+v", h)
	}
	if n := b.Refreshes() - before; n != 1 {
		t.Errorf("the new token was not used: %d refreshes", n)
	}
}

func renewRevoked(t *testing.T, b *Bench) {
	r := renewer(t, b)
	need(t, "Revoke", b.Revoke != nil && b.Refreshes != nil)
	b.Revoke()
	if h := b.Shop.Health(t.Context()); h.Kind != connectors.Reauthorise {
		t.Fatalf("health %+v", h)
	}
	before := b.Refreshes()
	is(t, b, r.Renew(t.Context()), connectors.Reauthorise)
	if b.Refreshes() == before {
		t.Error("a refusal was remembered, and the platform not asked again")
	}
}

func deadlines(t *testing.T, b *Bench) {
	d, ok := b.Shop.(connectors.Dated)
	if !ok {
		t.Skip("nothing of the account ends on a day")
	}
	calls := -1
	if b.Calls != nil {
		calls = b.Calls()
	}
	seen := map[connectors.DeadlineKind]bool{}
	for _, x := range d.Deadlines() {
		switch x.What {
		case connectors.DueConsent, connectors.DueRefresh, connectors.DueSecret, connectors.DueSigning:
		default:
			t.Errorf("no such deadline: %q", x.What)
		}
		if seen[x.What] {
			t.Errorf("%s is there twice", x.What)
		}
		seen[x.What] = true
		if x.At.IsZero() || x.At.Year() < 2000 || x.At.Year() > 2200 {
			t.Errorf("%s ends at %v", x.What, x.At)
		}
		if x.Link != "" {
			if u, err := url.Parse(x.Link); err != nil || u.Host == "" {
				t.Errorf("%s: not an address: %q", x.What, x.Link)
			}
		}
	}
	if calls >= 0 && b.Calls() != calls {
		t.Error("telling the deadlines made a call")
	}
}
