package connectors

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// BenchmarkDo is a read of an order of some 6 kB: what the client itself costs
// beside the network.
func BenchmarkDo(b *testing.B) {
	var body strings.Builder
	body.WriteString(`{"id":"302-1234567-8901234","lines":[`)
	for i := range 40 {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"id":"%d","sku":"SKU-%d","title":"A thing that somebody bought, number %d","quantity":1,"price":"19.99"}`, 9007199254740993+i, i, i)
	}
	body.WriteString(`]}`)
	text := body.String()
	for _, bm := range []struct {
		name   string
		budget map[string]Bucket
	}{{"no budget", nil}, {"budget", map[string]Bucket{"": {Rate: 1e9, Burst: 1 << 30}}}} {
		b.Run(bm.name, func(b *testing.B) {
			c := NewClient(ClientConfig{Platform: "toy", Store: "s", Budget: bm.budget, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
			})})
			type line struct{ ID, SKU, Title, Price string }
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				var out struct {
					ID    string
					Lines []line
				}
				if _, err := c.Do(b.Context(), Call{Op: "getOrder", Method: "GET", URL: "https://shop.example/orders/302-1234567-8901234", Read: true}, &out); err != nil || len(out.Lines) != 40 {
					b.Fatal(err, len(out.Lines))
				}
			}
		})
	}
}

// BenchmarkBudget is one permit, for one caller and for many.
func BenchmarkBudget(b *testing.B) {
	forever := func(context.Context, time.Duration) error { return nil }
	b.Run("alone", func(b *testing.B) {
		bu := newBucket(Bucket{Rate: 1e9, Burst: 1 << 30})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := bu.take(b.Context(), time.Now, forever, time.Hour); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("crowd", func(b *testing.B) {
		bu := newBucket(Bucket{Rate: 1e9, Burst: 1 << 30})
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := bu.take(b.Context(), time.Now, forever, time.Hour); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkRedactURL runs for every call, for the journal.
func BenchmarkRedactURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = RedactURL("https://shop.example/orders/2026-01-01/orders?lastUpdatedAfter=2026-11-21T00%3A00%3A00Z&pageSize=100&paginationToken=abc", "token-in-play-0001")
	}
}
