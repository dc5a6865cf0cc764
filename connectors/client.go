package connectors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultMaxBody  = 10 << 20
	defaultTimeout  = 30 * time.Second
	defaultPatience = 20 * time.Second
	readAttempts    = 4
)

// ClientConfig is what a [Client] is made from. Zero values choose a default.
type ClientConfig struct {
	Platform, Store string
	Transport       http.RoundTripper
	Now             func() time.Time
	// Sleep waits for d or until ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger
	// Timeout bounds one attempt; Patience one wait for a permit or before a
	// retry: what would take longer comes back as Busy, with RetryAfter.
	Timeout, Patience time.Duration
	// Authorise adds the token, Stale forgets the one that the request carried.
	// [Tokens.Header] makes both.
	Authorise func(ctx context.Context, r *http.Request) error
	Stale     func(ctx context.Context, used *http.Request) error
	// Expired tells that an answer means "this token is over", and so that nothing
	// was done. Nil means status 401.
	Expired func(status int, h http.Header, body []byte) bool
	// Classify tells what an answer means; it sees successes too, since some
	// platforms put errors there. Nil for an answer below 300 means success, for
	// another one that the status decides. A 5xx on a write is Unsure, whatever it says.
	Classify func(op string, status int, h http.Header, body []byte) error
	// Budget is the published limit of each operation; "" is for the others.
	Budget map[string]Bucket
	// Rate reads the rate that an answer names, where a platform does that.
	Rate func(h http.Header) float64
	// Meter shares the budgets between replicas, under "platform/store/operation".
	// Nil keeps them in this process.
	Meter Meter
	// Jitter is some part of d, by chance; nil chooses it evenly.
	Jitter func(d time.Duration) time.Duration
}

// Call is one request.
type Call struct {
	// Op is the operation's name in budgets, errors and the journal.
	Op, Method, URL string
	Header          http.Header
	// One of these is the body: JSON, a form, or raw bytes with their type.
	Body        any
	Form        url.Values
	Raw         []byte
	ContentType string
	// Read: repeating it does no harm. Everything else is sent once.
	Read bool
	// Bare sends no token: for pre-signed addresses and token endpoints.
	Bare    bool
	MaxBody int64
	// Fresh: the answer must be from after now. Without it a read may share the
	// answer of the same read that another caller has just sent, unless this client
	// wrote something meanwhile.
	Fresh bool
}

// Client is the one way to a platform: it authorises, paces, retries reads,
// tells what an answer means, and keeps a journal in which no secret stands.
type Client struct {
	c       ClientConfig
	http    *http.Client
	journal journal
	skew    atomic.Int64
	skewed  atomic.Bool
	breaker breaker
	flights flights
	mu      sync.Mutex
	buckets map[string]*bucket
}

// sharedTransport keeps a few more connections to one host than Go does by
// itself: all stores of a platform share it.
var sharedTransport = sync.OnceValue(func() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	t.MaxIdleConns = 256
	return t
})

// NewClient makes a client for one store.
func NewClient(c ClientConfig) *Client {
	if c.Transport == nil {
		c.Transport = sharedTransport()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Patience <= 0 {
		c.Patience = defaultPatience
	}
	if c.Expired == nil {
		c.Expired = func(status int, _ http.Header, _ []byte) bool { return status == http.StatusUnauthorized }
	}
	if c.Jitter == nil {
		c.Jitter = func(d time.Duration) time.Duration { return time.Duration(rand.Int64N(int64(max(d, 0)) + 1)) }
	}
	return &Client{c: c, buckets: map[string]*bucket{}, http: &http.Client{
		Transport: c.Transport,
		// A redirect would carry a token to an address that nobody checked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Journal lists the last calls, oldest first.
func (c *Client) Journal() []Entry { return c.journal.list() }

// Skew is how far the platform's clock is ahead of ours, as of its last answer.
func (c *Client) Skew() time.Duration { return time.Duration(c.skew.Load()) }

// Do makes one call and decodes a JSON answer into out: nil drops it, a *[]byte
// takes it as it is. Reads are repeated a few times while the platform is busy,
// down, or the answer got lost. A write goes out once: if its outcome is not
// known, the error is [Unsure].
func (c *Client) Do(ctx context.Context, call Call, out any) (http.Header, error) {
	body, ctype, err := encode(call)
	if err != nil {
		return nil, c.fail(call, &Error{Kind: Invalid, Code: "encode", Err: err})
	}
	if !call.Read {
		// Reads before, during and after a write are different reads.
		c.flights.turn()
		defer c.flights.turn()
	}
	if !call.Read || call.Fresh || call.Bare || FreshOf(ctx) {
		a, err := c.do(ctx, call, body, ctype, out)
		return a.header, err
	}
	return c.together(ctx, call, body, ctype, out)
}

// do makes one call, in as many attempts as it may have.
func (c *Client) do(ctx context.Context, call Call, body []byte, ctype string, out any) (answer, error) {
	renewed := false
	for attempt := 1; ; attempt++ {
		a, expired, err := c.once(ctx, call, body, ctype, out, attempt, !renewed)
		if err == nil {
			return a, nil
		}
		if expired && !renewed {
			renewed = true
			attempt-- // the platform did not look at the call
			continue
		}
		if !call.Read || attempt >= readAttempts || ctx.Err() != nil {
			return a, err
		}
		var e *Error
		if !errors.As(err, &e) || e.Kind != Busy && e.Kind != Down && e.Kind != Unsure || c.breaker.resting() {
			return a, err
		}
		wait := c.backoff(attempt)
		if e.RetryAfter > 0 {
			// A little late is better than all at once.
			wait = e.RetryAfter + c.c.Jitter(e.RetryAfter/8)
		}
		if wait > c.c.Patience || pastDeadline(ctx, wait) {
			return a, err
		}
		if c.c.Sleep(ctx, wait) != nil {
			return a, err
		}
	}
}

// backoff is 0.2 s, 0.6 s, 1.8 s …, each between half and all of it.
func (c *Client) backoff(attempt int) time.Duration {
	d := 200 * time.Millisecond
	for range attempt - 1 {
		d *= 3
	}
	return d/2 + c.c.Jitter(d/2)
}

func pastDeadline(ctx context.Context, wait time.Duration) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < wait
}

func encode(call Call) (body []byte, ctype string, err error) {
	ctype = call.ContentType
	switch {
	case call.Body != nil:
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(call.Body); err != nil {
			return nil, "", fmt.Errorf("encoding the request: %w", err)
		}
		body = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		if ctype == "" {
			ctype = "application/json"
		}
	case call.Form != nil:
		body = []byte(call.Form.Encode())
		if ctype == "" {
			ctype = "application/x-www-form-urlencoded"
		}
	default:
		body = call.Raw
	}
	return body, ctype, nil
}

func (c *Client) bucketFor(op string) *bucket {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b, ok := c.buckets[op]; ok {
		return b
	}
	b, ok := c.c.Budget[op]
	if !ok {
		if b, ok = c.c.Budget[""]; ok {
			op = ""
			if shared, there := c.buckets[op]; there {
				return shared
			}
		}
	}
	if !ok || b.Rate <= 0 {
		return nil
	}
	made := newBucket(b)
	made.meter, made.log = c.c.Meter, c.c.Log
	made.key = c.c.Platform + "/" + c.c.Store + "/" + op
	c.buckets[op] = made
	return made
}

// resting is the code of calls that were not sent since the platform is down.
const resting = "resting"

// once makes one attempt. expired: the token was over and is now forgotten.
func (c *Client) once(ctx context.Context, call Call, body []byte, ctype string, out any, attempt int, mayRenew bool) (a answer, expired bool, err error) {
	found := noWord
	if !call.Bare { // a call that tries whether the platform is back may need a new token for it
		rest, ok := c.breaker.enter(c.c.Now(), PriorityOf(ctx), call.Read)
		if !ok {
			return answer{}, false, c.fail(call, &Error{Kind: Down, Code: resting, RetryAfter: rest, Err: errors.New("the platform was down a moment ago")})
		}
		defer func() {
			if c.breaker.left(c.c.Now(), found, call.Read) {
				c.c.Log.WarnContext(ctx, "the platform is down: its calls rest", "platform", c.c.Platform, "store", c.c.Store)
			}
		}()
	}
	entry := Entry{Op: call.Op, Method: call.Method, Attempt: attempt}
	b := c.bucketFor(call.Op)
	if b != nil {
		p, err := b.take(ctx, c.c.Now, c.c.Sleep, c.patience(ctx))
		if err != nil {
			return answer{}, false, c.fail(call, &Error{Kind: Down, Code: "cancelled", Err: err})
		}
		if p.refuse > 0 {
			return answer{}, false, c.fail(call, &Error{Kind: Busy, Code: "budget", RetryAfter: p.refuse})
		}
		entry.Waited = p.waited
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	var sent progress
	req, err := http.NewRequestWithContext(sent.trace(ctx), call.Method, call.URL, bytes.NewReader(body))
	if err != nil {
		return answer{}, false, c.fail(call, &Error{Kind: Invalid, Code: "address", Err: errors.New("the address cannot be read")})
	}
	for k, v := range call.Header {
		req.Header[k] = v
	}
	if ctype != "" {
		req.Header.Set("Content-Type", ctype)
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	req.Header.Set("User-Agent", "helloworld-desk")
	if c.c.Authorise != nil && !call.Bare {
		if err := c.c.Authorise(ctx, req); err != nil {
			e := c.fail(call, err, secretsIn(req.Header)...)
			if e.Kind == Unsure {
				e.Kind = Down // the refresh may be in doubt, this call is not: it never left
			}
			return answer{}, false, e
		}
	}
	entry.At = c.c.Now().UTC()
	secrets := secretsIn(req.Header)
	entry.URL = RedactURL(call.URL, secrets...)
	a, err = c.roundTrip(req, call, &sent)
	entry.Took = c.c.Now().Sub(entry.At)
	if err == nil {
		entry.Status = a.status
		entry.Request = requestID(a.header)
		entry.Skew = c.noteSkew(ctx, a.header, entry.At, entry.Took)
		if c.c.Stale != nil && !call.Bare && mayRenew && c.c.Expired(a.status, a.header, a.body) {
			expired = true
		}
		err = c.read(call, a, out)
	}
	if err != nil {
		e := c.fail(call, err, secrets...)
		switch {
		case outer.Err() != nil:
		case a.status == 0 || a.status >= 500 || e.Code == "html" || e.Code == "truncated":
			found = isDown
		default:
			found = isUp
		}
		if e.Kind == Busy && e.RetryAfter == 0 && b != nil {
			e.RetryAfter = b.interval()
		}
		if e.Kind == Busy && e.RetryAfter == 0 {
			e.RetryAfter = 2 * time.Second
		}
		if b != nil && e.Kind == Busy {
			b.refused(c.c.Now(), e.RetryAfter, entry.At)
		}
		entry.Kind, entry.Code = e.Kind.String(), e.Code
		c.journal.add(entry)
		c.c.Log.DebugContext(ctx, "shop call", "store", c.c.Store, "op", call.Op, "status", entry.Status, "kind", entry.Kind, "code", e.Code)
		if expired {
			if serr := c.c.Stale(ctx, req); serr != nil {
				return a, false, c.fail(call, serr, secrets...)
			}
		}
		return a, expired, e
	}
	found = isUp
	if b != nil {
		hint := 0.0
		if c.c.Rate != nil {
			hint = c.c.Rate(a.header)
		}
		b.worked(c.c.Now(), hint)
	}
	c.journal.add(entry)
	return a, false, nil
}

// patience is how long this caller can wait for a permit.
func (c *Client) patience(ctx context.Context) time.Duration {
	p := c.c.Patience
	if end, ok := ctx.Deadline(); ok {
		p = min(p, time.Until(end))
	}
	return p
}

// skewMost is how far a clock may be off before it is worth a word: signatures
// and ends of tokens are off by that much.
const skewMost = time.Minute

// noteSkew compares the clocks, and tells the difference if it is worth a word.
// Nothing is reckoned differently for it: whoever reads the clocks decides.
func (c *Client) noteSkew(ctx context.Context, h http.Header, at time.Time, took time.Duration) time.Duration {
	d, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	// The header has whole seconds: half of one is the best guess.
	skew := d.Add(500 * time.Millisecond).Sub(at.Add(took / 2))
	c.skew.Store(int64(skew))
	far := skew.Abs() > skewMost
	if c.skewed.Swap(far) != far && far {
		c.c.Log.WarnContext(ctx, "the platform's clock and ours differ", "platform", c.c.Platform, "store", c.c.Store, "skew", skew)
	}
	if !far {
		return 0
	}
	return skew
}

func requestID(h http.Header) string {
	for _, k := range []string{"X-Request-Id", "X-Amzn-Requestid", "X-Ebay-C-Request-Id", "Rlogid"} {
		if v := h.Get(k); v != "" {
			if len(v) > 120 {
				return "" // no id is that long
			}
			return Redact(v)
		}
	}
	return ""
}

// fail makes any error one of ours, complete and without secrets.
func (c *Client) fail(call Call, err error, secrets ...string) *Error {
	var e *Error
	if errors.As(err, &e) {
		copied := *e
		e = &copied
	} else {
		e = &Error{Kind: Unsure, Err: err}
		if call.Read {
			e.Kind = Down
		}
	}
	e.Platform = c.c.Platform
	if e.Op == "" {
		e.Op = call.Op
	}
	e.Code = Redact(e.Code, secrets...)
	if e.Err != nil {
		if text := e.Err.Error(); Redact(text, secrets...) != text {
			// The chain below holds the secret, so it ends here.
			e.Err = errors.New(Redact(text, secrets...))
		}
	}
	e.Link = strings.TrimSpace(e.Link)
	return e
}
