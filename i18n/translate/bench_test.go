package translate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/glossary"
)

// letter is a message of 500 letters, as buyers write when they are cross.
const letter = `Hello, I ordered two chargers (order 302-1234567-7654321, SKU ABC-12-RED) on 12/11/26 and paid €1,234.50 for them.
The parcel 1Z999AA10123456784 should have been here last Monday, but nothing has arrived and the tracking page https://track.example/x?id=77 says "label created" only.
I wrote to help@shop.example three days ago and called +49 30 1234567 twice. Please send a replacement at once, or refund me in full: I do not want to wait any longer for goods that may never come. 😡 Thank you, Anna Schmidt`

// bigBook is the shipped glossary with entries up to n.
func bigBook(b testing.TB, n int) *glossary.Book {
	b.Helper()
	book, err := glossary.Default()
	if err != nil {
		b.Fatal(err)
	}
	heads := []string{"return", "refund", "battery", "delivery", "charger", "warranty", "parcel", "customs", "label", "exchange"}
	var more []*glossary.Term
	for i := len(book.Terms()); i < n; i++ {
		more = append(more, &glossary.Term{ID: fmt.Sprintf("bench.%d", i), Kind: glossary.Word, Status: glossary.Approved, Langs: map[string]glossary.Wording{
			"en":    {Preferred: fmt.Sprintf("%s %c%c%d", heads[i%10], 'a'+i%26, 'a'+i/26%26, i/260), Match: "stem"},
			"zh-CN": {Preferred: string([]rune{rune('一' + i%400), rune('丁' + i%700), rune('七' + i%900)})},
		}})
	}
	if book, err = book.With(more, nil); err != nil {
		b.Fatal(err)
	}
	return book
}

// percentiles runs f as often as asked and reports how long it takes.
func percentiles(b *testing.B, f func()) {
	b.Helper()
	f() // what is made once is made before
	var took []time.Duration
	b.ReportAllocs()
	before := processorTime()
	for b.Loop() {
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	used := processorTime() - before
	slices.Sort(took)
	at := func(p int) float64 { return float64(took[min(len(took)-1, len(took)*p/100)].Nanoseconds()) / 1000 }
	b.ReportMetric(at(50), "p50-µs")
	b.ReportMetric(at(99), "p99-µs")
	b.ReportMetric(float64(used.Microseconds())/float64(len(took)), "processor-µs/op")
}

// BenchmarkPipeline is everything but an engine, for a message of 500 letters and
// a glossary of 10,000 entries.
func BenchmarkPipeline(b *testing.B) {
	book := bigBook(b, 10_000)
	p := New(Options{Book: book})
	for _, from := range []language.Tag{language.Und, language.English} {
		b.Run("from="+from.String(), func(b *testing.B) {
			percentiles(b, func() {
				if r, err := p.Do(b.Context(), Request{Text: letter, From: from, To: simplified}); err != nil || r.From != language.English {
					b.Fatal(r.From, err)
				}
			})
		})
	}
}

func BenchmarkDetect(b *testing.B) {
	s := normalise(letter)
	bare := without(s, protect(s))
	for name, text := range map[string]string{"letter": bare, "short": "Wo bleibt meine Bestellung?"} {
		b.Run(name, func(b *testing.B) {
			percentiles(b, func() { detect(text, language.Und, nil) })
		})
	}
}

func BenchmarkProtect(b *testing.B) {
	s := normalise(letter)
	percentiles(b, func() {
		if len(protect(s)) < 9 {
			b.Fatal("facts are missing")
		}
	})
}

func BenchmarkFacts(b *testing.B) {
	s := normalise(letter)
	percentiles(b, func() { facts(Request{Names: []string{"Anna Schmidt"}}, s) })
}

func BenchmarkNormalise(b *testing.B) {
	percentiles(b, func() { normalise(letter) })
}
