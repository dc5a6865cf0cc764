package connectors

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// answer is what came back, whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// progress notes how far a request got, to tell "never left" from "may have arrived".
type progress struct {
	traced, connected atomic.Bool
}

func (p *progress) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.traced.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { p.connected.Store(true) },
	})
}

// neverLeft: certainly nothing reached the platform.
func (p *progress) neverLeft(err error) bool {
	if p.traced.Load() && !p.connected.Load() {
		return true
	}
	var dns *net.DNSError
	var op *net.OpError
	var rec tls.RecordHeaderError
	var cert *tls.CertificateVerificationError
	var host x509.HostnameError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" ||
		errors.As(err, &rec) || errors.As(err, &cert) || errors.As(err, &host)
}

func (c *Client) roundTrip(req *http.Request, call Call, sent *progress) (answer, error) {
	if err := req.Context().Err(); err != nil {
		return answer{}, &Error{Kind: Down, Code: "cancelled", Err: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // it repeats the address, which may hold a secret
		}
		kind := Unsure
		if call.Read || sent.neverLeft(err) {
			kind = Down
		}
		return answer{}, &Error{Kind: kind, Code: "network", Err: err}
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	limit := call.MaxBody
	if limit <= 0 {
		limit = defaultMaxBody
	}
	var src io.Reader = resp.Body
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") && !resp.Uncompressed {
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			return c.broken(a, call, "gzip", fmt.Errorf("the compressed answer cannot be read: %w", err))
		}
		defer z.Close()
		src = z
	}
	a.body, err = io.ReadAll(io.LimitReader(src, limit+1))
	if err != nil {
		return c.broken(a, call, "truncated", fmt.Errorf("the answer broke off: %w", err))
	}
	if int64(len(a.body)) > limit {
		return c.broken(a, call, "too_large", fmt.Errorf("the answer is larger than %d bytes", limit))
	}
	return a, nil
}

// broken is an answer that cannot be read to its end. A refusal is one even so:
// the status says it.
func (c *Client) broken(a answer, call Call, code string, err error) (answer, error) {
	if a.status >= 300 && a.status < 500 {
		a.body = nil
		return a, nil
	}
	kind := Unsure
	if call.Read {
		kind = Down
	}
	return a, &Error{Kind: kind, Code: code, Err: err}
}

// read tells what an answer means, and decodes it.
func (c *Client) read(call Call, a answer, out any) error {
	if err := c.judge(call, a, out); err != nil {
		return err
	}
	return c.decode(call, a, out)
}

// judge tells what an answer means.
func (c *Client) judge(call Call, a answer, out any) error {
	_, wantsRaw := out.(*[]byte)
	ok := a.status >= 200 && a.status < 300
	if ok && !wantsRaw && isPage(a) {
		return c.unreadable(call, "html", errors.New("a web page came instead of data"))
	}
	if c.c.Classify != nil {
		if err := c.c.Classify(call.Op, a.status, a.header, a.body); err != nil {
			var e *Error
			if !errors.As(err, &e) {
				e = &Error{Err: err}
			}
			copied := *e
			e = &copied
			if !call.Read && a.status >= 500 && e.Kind == Down {
				e.Kind = Unsure
			}
			if e.Kind == Busy && e.RetryAfter == 0 {
				e.RetryAfter = ParseRetryAfter(a.header, c.c.Now())
			}
			if e.Code == "" {
				e.Code = "http_" + strconv.Itoa(a.status)
			}
			return e
		}
	}
	if !ok {
		return StatusError(a.status, a.header, call.Read, c.c.Now())
	}
	return nil
}

// decode reads the data of a success.
func (c *Client) decode(call Call, a answer, out any) error {
	if raw, ok := out.(*[]byte); ok {
		*raw = a.body
		return nil
	}
	if out == nil {
		return nil
	}
	if len(bytes.TrimSpace(a.body)) == 0 {
		if a.status != http.StatusOK {
			return nil // 201, 202 and 204 may say all with the status
		}
		return c.unreadable(call, "empty", errors.New("the answer is empty"))
	}
	dec := json.NewDecoder(bytes.NewReader(a.body))
	dec.UseNumber()
	if err := dec.Decode(out); err != nil {
		return c.unreadable(call, "malformed", fmt.Errorf("the answer is not the JSON we expect: %w", err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return c.unreadable(call, "malformed", errors.New("the answer goes on after its end"))
	}
	return nil
}

// unreadable: the platform said yes in words that we cannot read. A write may
// well have happened.
func (c *Client) unreadable(call Call, code string, err error) error {
	kind := Unsure
	if call.Read {
		kind = Down
	}
	return &Error{Kind: kind, Code: code, Err: err}
}

func isPage(a answer) bool {
	if t, _, err := mime.ParseMediaType(a.header.Get("Content-Type")); err == nil && (t == "text/html" || t == "application/xhtml+xml") {
		return len(bytes.TrimSpace(a.body)) > 0
	}
	b := bytes.TrimLeft(a.body, "\ufeff \t\r\n")
	if len(b) > 64 {
		b = b[:64]
	}
	low := strings.ToLower(string(b))
	return strings.HasPrefix(low, "<!doctype html") || strings.HasPrefix(low, "<html")
}

// StatusError is what a refusal means that an adapter's table does not know.
func StatusError(status int, h http.Header, read bool, now time.Time) *Error {
	e := &Error{Code: "http_" + strconv.Itoa(status), Err: fmt.Errorf("answered %d %s", status, http.StatusText(status))}
	switch {
	case status == http.StatusTooManyRequests:
		e.Kind, e.RetryAfter = Busy, ParseRetryAfter(h, now)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Kind = Reauthorise
	case status == http.StatusNotFound, status == http.StatusGone:
		e.Kind = NotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		e.Kind = Conflict
	case status == http.StatusPaymentRequired:
		e.Kind = Unsupported
	case status >= 300 && status < 400:
		e.Kind = Down
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		e.Kind = Invalid
	case read:
		e.Kind, e.RetryAfter = Down, ParseRetryAfter(h, now)
	default:
		e.Kind = Unsure
	}
	return e
}

// ParseRetryAfter reads Retry-After: seconds, also with a fraction, or a date,
// which is taken by the platform's own clock where it tells that. 0: nothing said.
func ParseRetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	const most = 24 * time.Hour
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		if !(s > 0) {
			return 0
		}
		return time.Duration(min(s, most.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		return max(0, min(at.Sub(now), most))
	}
	return 0
}
