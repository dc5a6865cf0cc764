package tracking

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Secret is a key: it prints as dots.
type Secret string

const dots = "•••"

// String hides it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return dots
}

// GoString hides it.
func (s Secret) GoString() string { return s.String() }

// LogValue hides it.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Config is what a service is made from. Zero values choose a default.
type Config struct {
	// Key is the account's API key; PushKey what its deliveries are signed with,
	// where that is another.
	Key, PushKey Secret
	// BaseURL is the API's address; empty means the service's own.
	BaseURL   string
	Transport http.RoundTripper
	// Timeout bounds one attempt; Patience one wait for a permit.
	Timeout, Patience time.Duration
	Now               func() time.Time
	Sleep             func(ctx context.Context, d time.Duration) error
}

const (
	attempts   = 2
	maxAnswer  = 8 << 20
	retryPause = 300 * time.Millisecond
)

// wire is the way to a service. All calls may be repeated: reading does no harm,
// and registering twice is answered with "already".
type wire struct {
	name   string
	c      Config
	http   *http.Client
	limit  map[string]*rate.Limiter
	header func(h http.Header)
	// fault reads the service's own error from an answer; it sees successes too.
	fault func(status int, body []byte) (code string, bad bool)
}

func newWire(name, base string, c Config) (*wire, error) {
	if c.Key == "" {
		return nil, fmt.Errorf("%s: a key is needed", name)
	}
	if c.BaseURL == "" {
		c.BaseURL = base
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 3 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = pause
	}
	return &wire{name: name, c: c, http: &http.Client{Transport: c.Transport,
		// A redirect would carry the key to an address that nobody checked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *wire) fail(op string, e *Error) *Error {
	e.Service, e.Op = w.name, op
	if e.Err != nil {
		text := e.Err.Error()
		for _, s := range []Secret{w.c.Key, w.c.PushKey} {
			if s != "" {
				text = strings.ReplaceAll(text, string(s), dots)
			}
		}
		if text != e.Err.Error() {
			e.Err = errors.New(text) // the chain below holds the key, so it ends here
		}
	}
	return e
}

// do makes one call and decodes the answer.
func (w *wire) do(ctx context.Context, op, method, path string, in, out any) error {
	for attempt := 1; ; attempt++ {
		err := w.once(ctx, op, method, path, in, out)
		if err == nil {
			return nil
		}
		if attempt >= attempts || ctx.Err() != nil || KindOf(err) != Down || w.c.Sleep(ctx, retryPause) != nil {
			return err
		}
	}
}

func (w *wire) once(ctx context.Context, op, method, path string, in, out any) error {
	if err := w.permit(ctx, op); err != nil {
		return err
	}
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return w.fail(op, &Error{Kind: Invalid, Code: "encode", Err: err})
		}
		body = bytes.NewReader(data)
	}
	ctx, cancel := context.WithTimeout(ctx, w.c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.c.BaseURL+path, body)
	if err != nil {
		return w.fail(op, &Error{Kind: Invalid, Code: "address", Err: errors.New("the address cannot be read")})
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "helloworld-desk")
	w.header(req.Header)
	res, err := w.http.Do(req)
	if err != nil {
		return w.fail(op, &Error{Kind: Down, Code: "network", Err: err})
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return w.fail(op, &Error{Kind: Down, Code: "network", Err: err})
	}
	if len(data) > maxAnswer {
		return w.fail(op, &Error{Kind: Down, Code: "too_large", Err: errors.New("the answer is too large")})
	}
	if code, bad := w.fault(res.StatusCode, data); bad || res.StatusCode >= 300 {
		e := &Error{Kind: w.kind(res.StatusCode, code), Code: code}
		if e.Code == "" {
			e.Code = strconv.Itoa(res.StatusCode)
		}
		if e.Kind == Busy {
			e.RetryAfter = retryAfter(res.Header, w.c.Now())
		}
		return w.fail(op, e)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return w.fail(op, &Error{Kind: Down, Code: "unreadable", Err: err})
	}
	return nil
}

// permit waits for the budget of a call.
func (w *wire) permit(ctx context.Context, op string) error {
	l := w.limit[op]
	if l == nil {
		l = w.limit[""]
	}
	if l == nil {
		return nil
	}
	now := w.c.Now()
	r := l.ReserveN(now, 1)
	d := r.DelayFrom(now)
	if d <= 0 {
		return nil
	}
	if d > w.c.Patience {
		r.CancelAt(now)
		return w.fail(op, &Error{Kind: Busy, Code: "budget", RetryAfter: d})
	}
	if err := w.c.Sleep(ctx, d); err != nil {
		r.CancelAt(w.c.Now())
		return w.fail(op, &Error{Kind: Down, Code: "cancelled", Err: err})
	}
	return nil
}

// kind tells what an answer means: the service's own word first, then the status.
func (w *wire) kind(status int, code string) Kind {
	if k, ok := meanings[w.name][code]; ok {
		return k
	}
	switch {
	case status == http.StatusTooManyRequests:
		return Busy
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusPaymentRequired:
		return Refused
	case status == http.StatusNotFound:
		return NotFound
	case status >= 400 && status < 500, status == http.StatusOK:
		return Invalid
	}
	return Down
}

// retryAfter reads how long to wait: Retry-After in seconds, or the time at which
// AfterShip's window begins anew.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if n, err := strconv.Atoi(h.Get("Retry-After")); err == nil && n > 0 && n < 1<<20 {
		return time.Duration(n) * time.Second
	}
	if n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		if d := time.Unix(n, 0).Sub(now); d > 0 && d < 24*time.Hour {
			return d
		}
	}
	return 2 * time.Second
}

// moment reads a time as services write it; zero if it cannot be read. One
// without a zone is taken as UTC.
func moment(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
