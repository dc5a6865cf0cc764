package translate

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMarkup(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "",
		`a <x id="0"/> b`:              `a <x id="0"/> b`,
		`1 < 2 & <b>x</b> <x id="7"/>`: `1 &lt; 2 &amp; &lt;b&gt;x&lt;/b&gt; <x id="7"/>`,
		`&amp; "q" 'p'`:                `&amp;amp; "q" 'p'`,
		`<x id="a"/><x id="1">`:        `&lt;x id="a"/&gt;&lt;x id="1"&gt;`,
	} {
		got := Markup(in)
		if got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		if back := FromMarkup(got); back != in {
			t.Errorf("%q came back as %q", in, back)
		}
	}
}

func TestInBatches(t *testing.T) {
	t.Parallel()
	batch := func(sizes ...int) (out []Segment) {
		for i, n := range sizes {
			out = append(out, Segment{Text: fmt.Sprintf("%d%s", i, strings.Repeat("x", n-1))})
		}
		return out
	}
	for _, tc := range []struct {
		sizes []int
		want  []int
	}{
		{nil, nil},
		{[]int{1, 1, 1}, []int{3}},
		{[]int{1, 1, 1, 1}, []int{3, 1}}, // at most 3 texts
		{[]int{6, 4, 1}, []int{2, 1}},    // at most 10 bytes
		{[]int{1, 50, 1}, []int{1, 1, 1}},
	} {
		var calls []int
		segments := batch(tc.sizes...)
		out, err := InBatches(segments, 3, 10, func(part []Segment) ([]string, error) {
			calls = append(calls, len(part))
			texts := make([]string, len(part))
			for i, s := range part {
				texts[i] = s.Text[:1]
			}
			return texts, nil
		})
		if err != nil || !slices.Equal(calls, tc.want) || len(out) != len(segments) {
			t.Errorf("%v: calls of %v, %q, %v", tc.sizes, calls, out, err)
		}
		for i, s := range out {
			if s != fmt.Sprint(i) {
				t.Errorf("%v: text %d is %q", tc.sizes, i, s)
			}
		}
	}
	want := errors.New("no")
	if out, err := InBatches(batch(1, 1, 1, 1), 3, 10, func([]Segment) ([]string, error) { return nil, want }); out != nil || !errors.Is(err, want) {
		t.Errorf("%q, %v", out, err)
	}
}

func TestWireOpen(t *testing.T) {
	t.Parallel()
	const secret = "very-secret-4711"
	for _, base := range []string{"", "example.com", "ftp://example.com", "https://", "://" + secret, "http://a b/" + secret} {
		if _, err := (Wire{Engine: "e"}).Open(base); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestWireAsk(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(t.Context())
		b := make([]byte, 200)
		n, _ := r.Body.Read(b)
		body = string(b[:n])
		fmt.Fprint(w, `{}`)
	}))
	defer srv.Close()
	w, err := Wire{Engine: "e"}.Open(srv.URL + "/below/")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		body       any
		kind, want string
	}{
		{nil, "", ""},
		{url.Values{"q": {"a b"}}, "application/x-www-form-urlencoded", "q=a+b"},
		{map[string]string{"q": `<x id="0"/> & b`}, "application/json", `{"q":"<x id=\"0\"/> & b"}`},
	} {
		if _, err := w.Ask(t.Context(), http.MethodPost, "v3/p:do", url.Values{"v": {"3.0"}}, http.Header{"X-Key": {"k"}}, tc.body); err != nil {
			t.Fatal(err)
		}
		if got.URL.Path != "/below/v3/p:do" || got.URL.RawQuery != "v=3.0" || got.Header.Get("X-Key") != "k" || got.Header.Get("Content-Type") != tc.kind || body != tc.want {
			t.Errorf("%v asked %s with %v: %q", tc.body, got.URL, got.Header, body)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "0.5": time.Second / 2, "-1": 0, "NaN": 0, "1e9": 0, "soon": 0,
		at.Add(time.Minute).Format(http.TimeFormat): time.Minute, at.Add(-time.Minute).Format(http.TimeFormat): 0, at.AddDate(1, 0, 0).Format(http.TimeFormat): 24 * time.Hour} {
		if got := retryAfter(http.Header{"Retry-After": {v}, "Date": {at.Format(http.TimeFormat)}}); got != want {
			t.Errorf("%q is %v, want %v", v, got, want)
		}
	}
}

func TestSecretDoesNotShow(t *testing.T) {
	t.Parallel()
	s := Secret("very-secret-4711")
	b, err := s.MarshalText()
	if all := fmt.Sprintf("%v %+v %#v %s %s %v", s, s, s, s, b, s.LogValue()); err != nil || strings.Contains(all, "4711") {
		t.Error(all, err)
	}
	if Secret("").String() != "" {
		t.Error("no secret looks like one")
	}
}

func FuzzMarkup(f *testing.F) {
	for _, s := range []string{"", `a <x id="0"/> & <b>`, "&amp;lt;", "&#60;x id=\"1\"/>", "<x id=\"1\"/", "&copy"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := Markup(s)
		if back := FromMarkup(m); back != s {
			t.Fatalf("%q became %q and came back as %q", s, m, back)
		}
		if strings.Count(m, "<") != strings.Count(m, `<x id="`) {
			t.Fatalf("%q is a tag that is no token", m)
		}
	})
}
