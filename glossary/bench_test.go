package glossary

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
)

// manyTerms is a glossary of n entries in English, German and Chinese, with words
// as long as real ones are.
func manyTerms(n int) []*Term {
	heads := []string{"return", "refund", "battery", "delivery", "charger", "warranty", "parcel", "customs", "label", "exchange"}
	kopf := []string{"Rücksendung", "Erstattung", "Batterie", "Lieferung", "Ladegerät", "Garantie", "Paket", "Zoll", "Etikett", "Umtausch"}
	tou := []rune("退货款电池配送充器保修包裹海关标签换")
	out := make([]*Term, 0, n)
	for i := range n {
		out = append(out, &Term{ID: fmt.Sprintf("t%d", i), Kind: Word, Status: Approved, Langs: map[string]Wording{
			"en":    {Preferred: fmt.Sprintf("%s %c%c%d", heads[i%10], 'a'+i%26, 'a'+i/26%26, i/260), Match: "stem"},
			"de":    {Preferred: fmt.Sprintf("%s %c%c%d", kopf[i%10], 'a'+i%26, 'a'+i/26%26, i/260), Match: "stem"},
			"zh-CN": {Preferred: string([]rune{tou[i%17], tou[i/17%17], tou[i/289%17], rune('一' + i%400), rune('一' + i%700)})},
		}})
	}
	return out
}

// message is what buyers write; about one word in six is a term.
var message = strings.Repeat("Hello, I bought the charger two weeks ago and the return ab3 never arrived. "+
	"Could you please tell me where my parcel is? The tracking number has not changed since Monday, and I would like a full refund "+
	"or an exchange if that is quicker. Thank you very much for your help, kind regards. ", 4)

// TestManyTermsAreFastAndSmall holds what a change must not lose. The benchmark
// tells how fast; here forty times the terms may cost a few times as much, which
// is so on a busy computer too.
func TestManyTermsAreFastAndSmall(t *testing.T) {
	book, heap := weigh(t)
	if heap > 5<<20 {
		t.Errorf("the index of 10,000 terms occupies %d bytes, want 5 MB at most", heap)
	}
	small := shippedBook(t)
	took := func(b *Book) time.Duration {
		start := time.Now()
		for range 20 {
			b.Match(message, language.English)
		}
		return time.Since(start)
	}
	few, many := time.Hour, time.Hour
	for range 15 {
		few, many = min(few, took(small)), min(many, took(book))
	}
	if many > 4*few {
		t.Errorf("a message takes %v with few terms and %v with many", few/20, many/20)
	}
}

// weigh makes the glossary and tells what its indexes occupy; the entries
// themselves are there either way.
func weigh(t testing.TB) (*Book, int64) {
	t.Helper()
	terms := append(manyTerms(10_000), shippedBook(t).Terms()...)
	b := &Book{}
	for _, x := range terms {
		c := *x
		if err := c.check(); err != nil {
			t.Fatal(err)
		}
		b.terms = append(b.terms, &c)
	}
	before := heapNow()
	if err := b.build("1", nil); err != nil {
		t.Fatal(err)
	}
	after := heapNow()
	runtime.KeepAlive(terms)
	return b, after - before
}

func heapNow() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkMatch tells how many megabytes of buyers' words a second are searched
// for 10,000 made-up terms and the shipped ones, and what their index occupies.
func BenchmarkMatch(b *testing.B) {
	book, heap := weigh(b)
	texts := []struct {
		lang language.Tag
		text string
	}{
		{language.English, message},
		{language.German, strings.Repeat("Guten Tag, ich habe das Ladegerät vor zwei Wochen gekauft und die Rücksendung ab3 ist nie angekommen. Können Sie mir sagen, wo mein Paket bleibt? ", 6)},
		{language.MustParse("zh-CN"), strings.Repeat("您好，我两周前买的充电器到现在还没有收到，物流单号从星期一开始就没有更新过，请问可以全额退款或者换货吗？谢谢。", 8)},
	}
	for _, x := range texts {
		b.Run(x.lang.String(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(x.text)))
			for b.Loop() {
				book.Match(x.text, x.lang)
			}
			b.ReportMetric(float64(heap), "heap-bytes")
		})
	}
}
