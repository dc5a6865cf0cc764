package translate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Secret is a key of an engine: it prints as dots. Convert it with string(s)
// where it is really used.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "•••"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from JSON and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Wire is how an engine asks its service: within a time, for an answer of a
// bounded size, and with errors that tell no address, key or text.
type Wire struct {
	// Engine is the engine's name, for errors.
	Engine string
	// HTTP is the client; nil makes one.
	HTTP *http.Client
	// Timeout bounds one request; 0 means 30 seconds.
	Timeout time.Duration
	// Kinds are what statuses mean where a service has its own idea.
	Kinds map[int]ErrorKind
	// Sort looks at a refusal's body where the status says too little; its false
	// leaves it to the status. May be nil.
	Sort func(status int, body []byte) (ErrorKind, bool)

	base *url.URL
}

// answerLimit bounds an answer; what is longer is no translation.
const answerLimit = 4 << 20

// busyPause is how long an engine is left alone that has too many requests and
// does not say for how long.
const busyPause = 10 * time.Second

// usual is what statuses mean, apart from those of 500 and more, which are Down.
var usual = map[int]ErrorKind{
	http.StatusUnauthorized:          Denied,
	http.StatusForbidden:             Denied,
	http.StatusPaymentRequired:       Quota,
	456:                              Quota,
	http.StatusRequestEntityTooLarge: TooLong,
	http.StatusRequestURITooLong:     TooLong,
	http.StatusTooManyRequests:       Busy,
	529:                              Busy,
}

// Open checks the address below which the service is and makes what is missing.
func (w Wire) Open(base string) (Wire, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Wire{}, fmt.Errorf("%s: the base URL is not an http or https address", w.Engine)
	}
	if w.Timeout <= 0 {
		w.Timeout = 30 * time.Second
	}
	if w.HTTP == nil {
		// A redirect would carry the key and the text to another host.
		w.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	w.base = u
	return w, nil
}

// Address is the address below which the service is.
func (w Wire) Address() string { return w.base.String() }

// Fail is an error of the engine.
func (w Wire) Fail(k ErrorKind, format string, args ...any) *EngineError {
	return &EngineError{Kind: k, Engine: w.Engine, Err: fmt.Errorf(format, args...)}
}

// Ask sends a request to a path below the base and gives the body of an answer
// whose status is 200 to 299. A body is sent as a form if it is url.Values, else as
// JSON; nil is none.
func (w Wire) Ask(ctx context.Context, method, path string, query url.Values, header http.Header, body any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	u := *w.base
	if path != "" {
		u = *w.base.JoinPath(path)
	}
	if len(query) > 0 {
		u.RawQuery = query.Encode()
	}
	var sent io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case url.Values:
		sent, kind = bytes.NewReader([]byte(b.Encode())), "application/x-www-form-urlencoded"
	default:
		data, err := PlainJSON(b)
		if err != nil {
			return nil, w.Fail(Failed, "write the request: %w", err)
		}
		sent = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), sent)
	if err != nil {
		return nil, w.Fail(Failed, "make the request: %w", withoutURL(err))
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := w.HTTP.Do(req)
	if err != nil {
		return nil, w.Fail(Down, "ask: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	if err != nil {
		return nil, w.Fail(Down, "read the answer: %w", withoutURL(err))
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, w.refused(resp, data)
	}
	if len(data) > answerLimit {
		return nil, w.Fail(BadAnswer, "the answer is longer than %d bytes", answerLimit)
	}
	return data, nil
}

// refused sorts a refusal. Bodies are often empty and never shown: some servers
// repeat the key or the text in them.
func (w Wire) refused(resp *http.Response, body []byte) error {
	kind, ok := w.Kinds[resp.StatusCode]
	if !ok {
		kind = usual[resp.StatusCode]
		if kind == Failed && resp.StatusCode >= 500 {
			kind = Down
		}
	}
	if w.Sort != nil {
		if k, ok := w.Sort(resp.StatusCode, body); ok {
			kind = k
		}
	}
	err := w.Fail(kind, "status %d", resp.StatusCode)
	err.RetryAfter = retryAfter(resp.Header)
	if err.RetryAfter == 0 && kind == Busy {
		err.RetryAfter = busyPause
	}
	return err
}

// Read reads an answer's JSON into v.
func (w Wire) Read(data []byte, v any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return w.Fail(BadAnswer, "the answer is empty")
	}
	if err := json.Unmarshal(data, v); err != nil {
		return w.Fail(BadAnswer, "the answer is not the JSON that was expected: %w", err)
	}
	return nil
}

// Count checks that there are as many texts as asked, and that no text became
// nothing.
func (w Wire) Count(texts []string, batch []Segment) ([]string, error) {
	if len(texts) != len(batch) {
		return nil, w.Fail(BadAnswer, "%d texts for %d", len(texts), len(batch))
	}
	for i, s := range texts {
		if s == "" && batch[i].Text != "" {
			return nil, w.Fail(BadAnswer, "text %d of %d is empty", i+1, len(texts))
		}
	}
	return texts, nil
}

// withoutURL drops the address from a client's error: it may hold a key.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// retryAfter reads the header in seconds; as a date, by the server's own clock.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 && s < 86400 {
		return time.Duration(s * float64(time.Second))
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if now, err := http.ParseTime(h.Get("Date")); err == nil && at.After(now) {
		return min(at.Sub(now), 24*time.Hour)
	}
	return 0
}

// PlainJSON writes JSON without escaping < and >, which would make a model
// write its tokens that way.
func PlainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// InBatches asks in as many calls as an engine's limits want: at most so many
// texts a call, and so many bytes of text unless one text alone has more.
func InBatches(batch []Segment, texts, size int, ask func([]Segment) ([]string, error)) ([]string, error) {
	out := make([]string, 0, len(batch))
	for len(batch) > 0 {
		n, sum := 0, 0
		for n < len(batch) && n < texts && (n == 0 || sum+len(batch[n].Text) <= size) {
			sum += len(batch[n].Text)
			n++
		}
		got, err := ask(batch[:n])
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
		batch = batch[n:]
	}
	return out, nil
}
