package connectors

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"
)

func TestBudgetUsesHalfTheBurstThenPaces(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{}
	var slept time.Duration
	c, url, _ := testClient(t, func(http.ResponseWriter, *http.Request) {}, func(c *ClientConfig) {
		c.Now = clock.now
		c.Sleep = func(_ context.Context, d time.Duration) error { slept += d; clock.add(d); return nil }
		c.Budget = map[string]Bucket{"op": {Rate: 1, Burst: 10}}
	})
	for i := range 8 {
		if _, err := c.Do(t.Context(), Call{Op: "op", Method: "GET", URL: url, Read: true}, nil); err != nil {
			t.Fatal(err)
		}
		if i == 4 && slept != 0 {
			t.Fatalf("slept %v within half the burst", slept)
		}
	}
	if slept < 2900*time.Millisecond || slept > 3200*time.Millisecond {
		t.Errorf("three more at one a second took %v", slept)
	}
}

func TestBudgetSaysBusyInsteadOfWaitingLong(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{}
	var calls atomic.Int64
	c, url, _ := testClient(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) }, func(c *ClientConfig) {
		c.Now = clock.now
		c.Budget = map[string]Bucket{"op": {Rate: 0.01, Burst: 1}}
	})
	call := Call{Op: "op", Method: "POST", URL: url}
	if _, err := c.Do(t.Context(), call, nil); err != nil {
		t.Fatal(err)
	}
	_, err := c.Do(t.Context(), call, nil)
	if KindOf(err) != Busy || RetryAfterOf(err) < 90*time.Second || calls.Load() != 1 {
		t.Errorf("%v after %v", err, RetryAfterOf(err))
	}
}

func TestSyncLeavesAReserveToAgents(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{}
	c, url, _ := testClient(t, func(http.ResponseWriter, *http.Request) {}, func(c *ClientConfig) {
		c.Now = clock.now
		c.Budget = map[string]Bucket{"op": {Rate: 0.01, Burst: 6}}
	})
	call := Call{Op: "op", Method: "GET", URL: url, Read: true}
	sync := WithPriority(t.Context(), Sync)
	done := 0
	for range 5 {
		if _, err := c.Do(sync, call, nil); err == nil {
			done++
		}
	}
	if _, err := c.Do(t.Context(), call, nil); err != nil || done != 2 {
		t.Errorf("after %d syncs an agent got %v", done, err)
	}
}

func TestBudgetSlowsAfterARefusalAndFollowsTheNamedRate(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{}
	b := newBucket(Bucket{Rate: 10, Burst: 10})
	b.refused(clock.now(), 0, clock.now())
	b.refused(clock.now(), 0, clock.now()) // was on its way at the same time
	if got := b.interval(); got < 117*time.Millisecond || got > 118*time.Millisecond {
		t.Errorf("after a refusal one every %v", got)
	}
	for range 300 {
		b.worked(clock.now(), 20)
	}
	if got := b.interval(); got != 50*time.Millisecond {
		t.Errorf("the named rate is 20 a second, ours one every %v", got)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, gone string }{
		{"Bearer abcdefghijkl rejected", "abcdefghijkl"},
		{"token shpat_0123456789 is over", "shpat_0123456789"},
		{"Atza|IwEBIabc-def rejected", "IwEBIabc"},
		{"v^1.1#i^1#r^0#p^3#abc== rejected", "i^1#r^0"},
		{`{"refresh_token":"hush","x":1}`, "hush"},
		{"client_secret=hush&x=1", "hush"},
		{"mail anna.b+x@example.co.uk bounced", "anna.b"},
		{"known hush-hush here", "hush-hush"},
	} {
		got := Redact(tc.in, "hush-hush")
		if strings.Contains(got, tc.gone) || !strings.Contains(got, dots) {
			t.Errorf("%q became %q", tc.in, got)
		}
	}
	if got := Redact("order 302-1234567-8901234 of 59.90 EUR"); got != "order 302-1234567-8901234 of 59.90 EUR" {
		t.Errorf("took too much: %q", got)
	}
	if got := RedactURL("https://u:p@h/orders/1?page=2&X-Amz-Signature=abc&code=x#f"); got != "https://h/orders/1?page=2&X-Amz-Signature="+dots+"&code="+dots {
		t.Errorf("got %q", got)
	}
	h := RedactHeader(http.Header{"Authorization": {"Bearer x"}, "X-Request-Id": {"7"}})
	if s := fmt.Sprint(h); strings.Contains(s, "Bearer") || !strings.Contains(s, "7") {
		t.Errorf("got %s", s)
	}
}

func TestRedactURLHidesPeopleAndDisguises(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"https://h/a?buyer_username=anna%20s&limit=50", "https://h/a?buyer_username=" + dots + "&limit=50"},
		{"https://h/a?%74oken=abc", "https://h/a?%74oken=" + dots},
		{"https://h/a?x=%68ush-hush", "https://h/a?x=" + dots},
		{"https://h/u/anna%40example.com/orders", "https://h/u/" + dots + "/orders"},
		{"https://h/u/%61nna@example.com", "https://h/u/" + dots},
		{"https://h/a?q=Anna+Schmidt", "https://h/a?q=" + dots},
		{"https://h/a?code=1;token=2", "https://h/a?code=" + dots + "&token=" + dots},
		{"https://h/orders/302-1?filter=lastmodifieddate:%5B2026-01-01T00:00:00Z..%5D", "https://h/orders/302-1?filter=lastmodifieddate:%5B2026-01-01T00:00:00Z..%5D"},
		{"mailto:anna@example.com", dots},
		{"%zz", dots},
	} {
		if got := RedactURL(tc.in, "hush-hush"); got != tc.want {
			t.Errorf("%s became %s, want %s", tc.in, got, tc.want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("https://h/?token=x", "secret")
	f.Add("a%zz@b.c bearer 12345678", "")
	f.Add("https://h/a%2Fsecret/b?c=%73ecret&d;e", "secret")
	f.Fuzz(func(t *testing.T, s, known string) {
		if len(known) < 4 || !utf8.ValidString(known) || strings.ContainsAny(known, dots) {
			known = "hush-hush"
		}
		if got := Redact(s, known); strings.Contains(got, known) {
			t.Errorf("%q stayed in %q", known, got)
		}
		got := RedactURL(s, known)
		if strings.Contains(got, known) || email.MatchString(got) {
			t.Errorf("%q or an address stayed in %q", known, got)
		}
		// Wherever it stands and however it is written, what is known is taken out.
		esc := url.QueryEscape(known)
		for _, a := range []string{"https://h/p?a=" + esc, "https://h/" + url.PathEscape(known) + "?b=1", "https://h/p?" + esc + "=1&token=" + esc} {
			got := RedactURL(a, known)
			if clear, err := url.QueryUnescape(got); strings.Contains(got, known) || err == nil && strings.Contains(clear, known) {
				t.Errorf("%q stayed in %q", known, got)
			}
		}
	})
}
