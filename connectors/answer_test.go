package connectors

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"
)

// Whatever a platform answers, the client says what it means and does not fall
// over; and a write of which it is not certain is never said to be refused or
// lost for good without a status that says so.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`{"id":9007199254740993}`), "application/json", "1.5", "", false)
	f.Add(200, []byte("<!doctype html>"), "text/html", "", "gzip", true)
	f.Add(503, []byte{}, "", "Wed, 21 Oct 2026 07:28:00 GMT", "", true)
	f.Add(429, []byte("{"), ";;", "-1e400", "", false)
	f.Add(207, []byte("\ufeff{}x"), "application/json; charset=\"", "NaN", "gzip", true)
	f.Fuzz(func(t *testing.T, status int, body []byte, ctype, after, encoding string, read bool) {
		if status < 200 || status > 599 {
			status = 200 + (status%400+400)%400
		}
		c := NewClient(ClientConfig{Platform: "toy", Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {ctype}, "Retry-After": {after}, "Content-Encoding": {encoding}, "Date": {after}},
					Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
			})})
		var out map[string]any
		_, err := c.Do(t.Context(), Call{Op: "op", Method: "POST", URL: "http://shop/", Read: read, MaxBody: 1 << 16}, &out)
		if w := RetryAfterOf(err); w < 0 || w > 24*time.Hour {
			t.Errorf("wait %v", w)
		}
		k := KindOf(err)
		switch {
		case err == nil && (status < 200 || status > 299):
			t.Errorf("%d is a success", status)
		case err != nil && !read && status < 300 && k != Unsure:
			t.Errorf("a write was answered %d, and it is %v", status, k)
		case err != nil && !read && status >= 500 && k != Unsure:
			t.Errorf("a write was answered %d, and it is %v", status, k)
		case err != nil && read && k == Unsure:
			t.Errorf("a read is in doubt: %v", err)
		}
	})
}
