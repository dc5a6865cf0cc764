package conntest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/connectors"
)

type part struct {
	name string
	run  func(t *testing.T, b *Bench)
}

// parts is the exam.
var parts = []part{
	{"info", info},
	{"caps and can agree", capsAndCan},
	{"health ok", healthOK},
	{"revoked consent", revoked},
	{"broken app", brokenApp},
	{"expired token", expiredToken},
	{"expired token, many at once", expiredTogether},
	{"throttled", throttled},
	{"throttled for long", throttledLong},
	{"server error on a read", serverError},
	{"page instead of data", page},
	{"malformed answer", malformed},
	{"truncated answer", truncated},
	{"cancelled", cancelled},
	{"orders are complete", ordersComplete},
	{"orders since", ordersSince},
	{"order by id and number", orderByID},
	{"missing order", missingOrder},
	{"big ids", bigIDs},
	{"odd words", oddWords},
	{"poison", poison},
	{"quote", quote},
	{"refund", refund},
	{"refund twice under one key", refundTwice},
	{"refund absent before it is sent", refundAbsent},
	{"refund with lost answer", refundLost},
	{"refund refused", refundRefused},
	{"refund while throttled", refundThrottled},
	{"connect", connect},
	{"connect: scopes", connectScopes},
	{"connect refused", connectRefused},
	{"connect twice with one answer", connectTwice},
	{"connect with a forged answer", connectForged},
	{"renew", renew},
	{"renew after consent was revoked", renewRevoked},
	{"deadlines", deadlines},
	{"bulk", bulk},
	{"items are complete", itemsComplete},
	{"item price", itemPrice},
	{"poison item", poisonItem},
	{"stock is read", stockRead},
	{"stock", stock},
	{"stock of an unknown SKU", stockUnknown},
	{"stock believed otherwise", stockConflict},
	{"stock twice under one key", stockTwice},
	{"stock with lost answer", stockLost},
	{"ship", ship},
	{"ship twice under one key", shipTwice},
	{"ship absent before it is sent", shipAbsent},
	{"ship with lost answer", shipLost},
	{"ship while throttled", shipThrottled},
	{"carriers", carriers},
	{"returns are complete", returnsComplete},
	{"decide", decide},
	{"decide twice under one key", decideTwice},
	{"decision absent before it is sent", decideAbsent},
	{"decide with lost answer", decideLost},
	{"decision refused", decideRefused},
	{"templates", templates},
	{"template that is not allowed", templateForeign},
	{"template that is too long", templateLong},
	{"challenge", challenge},
	{"delivery", delivery},
	{"delivery with a changed body", deliveryChanged},
	{"delivery with a foreign signature", deliveryForeign},
	{"subscribe", subscribe},
	{"subscribe mends", subscribeMends},
	{"queue", queue},
	{"queue comes again until acknowledged", queueAgain},
	{"queue, one event twice", queueTwice},
	{"queue with a poison event", queuePoison},
	{"quotas", quotas},
}

// Run sits the exam. mk puts up a new bench for each part.
func Run(t *testing.T, mk func(t *testing.T) *Bench) {
	names := map[string]bool{}
	for _, p := range parts {
		names[p.name] = true
		t.Run(p.name, func(t *testing.T) {
			b := mk(t)
			for n, why := range b.Skips {
				if why == "" {
					t.Errorf("the skip of %q has no reason", n)
				}
			}
			if why := b.Skips[p.name]; why != "" {
				t.Skip(why)
			}
			p.run(t, b)
			noSecrets(t, b, nil)
		})
	}
	t.Run("skips are parts", func(t *testing.T) {
		for n := range mk(t).Skips {
			if !names[n] {
				t.Errorf("Skips names %q, which the exam does not have", n)
			}
		}
	})
}

// noSecrets looks at everything that the adapter says.
func noSecrets(t *testing.T, b *Bench, err error) {
	t.Helper()
	texts := []string{fmt.Sprintf("%+v", b.Shop.Info())}
	if j, ok := b.Shop.(connectors.Journaled); ok {
		texts = append(texts, fmt.Sprintf("%+v", j.Journal()))
	} else {
		t.Errorf("the adapter keeps no journal (connectors.Journaled)")
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		texts = append(texts, e.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%q", e))
	}
	for _, text := range texts {
		for _, s := range b.Secrets {
			if s != "" && (strings.Contains(text, s) || strings.Contains(text, url.QueryEscape(s))) {
				t.Errorf("a secret leaks: %s", strings.ReplaceAll(text, s, "<<SECRET>>"))
			}
		}
	}
}

// is checks the kind of an error, and that it holds no secret.
func is(t *testing.T, b *Bench, err error, kinds ...connectors.Kind) {
	t.Helper()
	noSecrets(t, b, err)
	if err == nil {
		t.Fatalf("no error, want %v", kinds)
	}
	var e *connectors.Error
	if !errors.As(err, &e) {
		t.Fatalf("not a *connectors.Error: %v", err)
	}
	if e.Platform != b.Shop.Info().Platform {
		t.Errorf("the error is said to be of platform %q", e.Platform)
	}
	for _, k := range kinds {
		if e.Kind == k {
			return
		}
	}
	t.Fatalf("kind %v, want %v: %v", e.Kind, kinds, err)
}

func info(t *testing.T, b *Bench) {
	i := b.Shop.Info()
	if i.Platform == "" || i.Store == "" {
		t.Errorf("info without platform or store: %+v", i)
	}
}

func capsAndCan(t *testing.T, b *Bench) {
	caps := connectors.CapsOf(b.Shop)
	for _, c := range b.Shop.Can(t.Context()) {
		if c.OK && !caps[c.Name] {
			t.Errorf("says it can %s, but has no method for it", c.Name)
		}
		if !c.OK && !strings.HasPrefix(c.Reason, "can.") {
			t.Errorf("cannot %s, and does not say why: %q", c.Name, c.Reason)
		}
		if c.OK && c.Reason != "" {
			t.Errorf("can %s, and says why not: %q", c.Name, c.Reason)
		}
	}
}

func healthOK(t *testing.T, b *Bench) {
	if h := b.Shop.Health(t.Context()); h.State != connectors.HealthOK {
		t.Fatalf("health %+v", h)
	}
}

func revoked(t *testing.T, b *Bench) {
	need(t, "Revoke", b.Revoke != nil)
	b.Revoke()
	h := b.Shop.Health(t.Context())
	if h.State != connectors.HealthBad || h.Kind != connectors.Reauthorise || h.Err == nil {
		t.Fatalf("health %+v", h)
	}
	noSecrets(t, b, h.Err)
	if b.Refreshes == nil {
		return
	}
	before := b.Refreshes()
	for range 5 {
		if h := b.Shop.Health(t.Context()); h.Kind != connectors.Reauthorise {
			t.Fatalf("health %+v", h)
		}
	}
	if n := b.Refreshes() - before; n > 4 {
		t.Errorf("a refused account is hammered: %d refreshes in 5 calls", n)
	}
}

func brokenApp(t *testing.T, b *Bench) {
	need(t, "BreakApp", b.BreakApp != nil)
	b.BreakApp()
	if h := b.Shop.Health(t.Context()); h.State != connectors.HealthBad || h.Kind != connectors.AppBroken {
		t.Fatalf("health %+v", h)
	}
}

func reader(t *testing.T, b *Bench) connectors.OrderReader {
	t.Helper()
	r, ok := b.Shop.(connectors.OrderReader)
	if !ok {
		t.Skip("the adapter reads no orders")
	}
	return r
}

func expiredToken(t *testing.T, b *Bench) {
	need(t, "Expire", b.Expire != nil && b.Refreshes != nil)
	r := reader(t, b)
	if _, err := r.Order(t.Context(), b.Order); err != nil {
		t.Fatal(err)
	}
	b.Expire()
	before := b.Refreshes()
	if _, err := r.Order(t.Context(), b.Order); err != nil {
		t.Fatalf("an expired token is nobody's business: %v", err)
	}
	if n := b.Refreshes() - before; n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

func expiredTogether(t *testing.T, b *Bench) {
	need(t, "Expire", b.Expire != nil && b.Refreshes != nil)
	r := reader(t, b)
	b.Expire()
	before := b.Refreshes()
	var wg sync.WaitGroup
	errs := make(chan error, 20)
	for i := range 20 {
		wg.Go(func() {
			ctx := t.Context()
			if i == 0 {
				// The first to come leaves at once; the others must not suffer for it.
				c, cancel := context.WithTimeout(ctx, time.Nanosecond)
				defer cancel()
				_, _ = r.Order(c, b.Order)
				return
			}
			_, err := r.Order(ctx, b.Order)
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Refreshes() - before; n != 1 {
		t.Errorf("%d refreshes for 20 callers, want 1", n)
	}
}

func throttled(t *testing.T, b *Bench) {
	need(t, "Throttle", b.Throttle != nil)
	r := reader(t, b)
	b.Throttle(1, time.Second)
	if _, err := r.Order(t.Context(), b.Order); err != nil {
		t.Fatalf("a read survives one refusal: %v", err)
	}
}

func throttledLong(t *testing.T, b *Bench) {
	need(t, "Throttle", b.Throttle != nil)
	r := reader(t, b)
	b.Throttle(100, 10*time.Minute)
	_, err := r.Order(t.Context(), b.Order)
	is(t, b, err, connectors.Busy)
	if connectors.RetryAfterOf(err) <= 0 {
		t.Errorf("busy without saying how long: %v", err)
	}
}

func failing(t *testing.T, b *Bench, f Fault) {
	need(t, "Fail", b.Fail != nil)
	r := reader(t, b)
	b.Fail(1, f)
	if _, err := r.Order(t.Context(), b.Order); err != nil {
		t.Fatalf("a read survives one %s: %v", f, err)
	}
	b.Fail(100, f)
	_, err := r.Order(t.Context(), b.Order)
	is(t, b, err, connectors.Down)
	b.Fail(0, f)
	if _, err := r.Order(t.Context(), b.Order); err != nil {
		t.Fatalf("does not come back: %v", err)
	}
}

func serverError(t *testing.T, b *Bench) { failing(t, b, ServerError) }
func page(t *testing.T, b *Bench)        { failing(t, b, Page) }
func malformed(t *testing.T, b *Bench)   { failing(t, b, Malformed) }
func truncated(t *testing.T, b *Bench)   { failing(t, b, Truncated) }

func cancelled(t *testing.T, b *Bench) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := reader(t, b).Order(ctx, b.Order)
	is(t, b, err, connectors.Down)
}
