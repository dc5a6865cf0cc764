package enginetest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

// Trouble is what every engine behind HTTP meets.
type Trouble struct {
	// Open makes the engine for a server's address.
	Open func(t *testing.T, url string) translate.Engine
	// Secret is what must not show in an error.
	Secret   string
	From, To language.Tag
	// Kinds are what the engine makes of a trouble, where that is not the usual.
	Kinds map[string]translate.ErrorKind
	// Good answers what the engine asks before it translates; false leaves it to
	// the trouble. May be nil.
	Good func(w http.ResponseWriter, r *http.Request) bool
}

// troubles are answers that are no translation.
var troubles = []struct {
	name   string
	status int
	header [2]string
	body   string
	kind   translate.ErrorKind
	after  time.Duration
}{
	{"bad request", 400, [2]string{}, `{"message":"no"}`, translate.Failed, 0},
	{"not known", 401, [2]string{}, `{"message":"no"}`, translate.Denied, 0},
	{"not allowed, empty", 403, [2]string{}, "", translate.Denied, 0},
	{"nothing there", 404, [2]string{}, "<html>not found</html>", translate.Failed, 0},
	{"too large", 413, [2]string{}, "", translate.TooLong, 0},
	{"too long an address", 414, [2]string{}, "", translate.TooLong, 0},
	{"too many, empty", 429, [2]string{}, "", translate.Busy, 10 * time.Second},
	{"too many, and when again", 429, [2]string{"Retry-After", "7"}, "", translate.Busy, 7 * time.Second},
	{"used up", 456, [2]string{}, `{"message":"Quota exceeded"}`, translate.Quota, 0},
	{"broken", 500, [2]string{}, "", translate.Down, 0},
	{"a gateway's page", 502, [2]string{}, "<html>bad gateway</html>", translate.Down, 0},
	{"out of order, and when again", 503, [2]string{"Retry-After", "30"}, "", translate.Down, 30 * time.Second},
	{"too late", 504, [2]string{}, "", translate.Down, 0},
	{"too many at once", 529, [2]string{}, "", translate.Busy, 10 * time.Second},
	{"sent elsewhere", 302, [2]string{"Location", "/elsewhere"}, "", translate.Failed, 0},
	{"an empty answer", 200, [2]string{}, "", translate.BadAnswer, 0},
	{"a page", 200, [2]string{}, "<html>please sign in</html>", translate.BadAnswer, 0},
	{"half an answer", 200, [2]string{}, `{"transl`, translate.BadAnswer, 0},
	{"an answer to something else", 200, [2]string{}, `{"ok":true}`, translate.BadAnswer, 0},
	{"JSON of another shape", 200, [2]string{}, `17`, translate.BadAnswer, 0},
	{"null", 200, [2]string{}, `null`, translate.BadAnswer, 0},
	{"far too much", 200, [2]string{}, "too much", translate.BadAnswer, 0},
}

// Meet has an engine meet every trouble.
func Meet(t *testing.T, x Trouble) {
	t.Helper()
	text := []translate.Segment{{Text: "A private matter"}}
	for _, tc := range troubles {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if x.Good != nil && x.Good(w, r) {
					return
				}
				if tc.header[0] != "" {
					w.Header().Set(tc.header[0], tc.header[1])
				}
				w.WriteHeader(tc.status)
				body := tc.body
				switch {
				case body == "too much":
					body = `"` + string(bytes.Repeat([]byte("much "), 1<<20)) + `"`
				case tc.status >= 400 && body != "":
					body += "<!-- A private matter " + x.Secret + " -->" // as some servers do
				}
				fmt.Fprint(w, body)
			}))
			defer srv.Close()
			want := tc.kind
			if k, ok := x.Kinds[tc.name]; ok {
				want = k
			}
			out, err := x.Open(t, srv.URL).Translate(t.Context(), text, x.From, x.To)
			var e *translate.EngineError
			if out != nil || !errors.As(err, &e) {
				t.Fatalf("got %q, %v", out, err)
			}
			if e.Kind != want || e.RetryAfter != tc.after && want == tc.kind {
				t.Errorf("got %v after %v (%v), want %v after %v", e.Kind, e.RetryAfter, err, want, tc.after)
			}
			x.quiet(t, srv.URL, err)
		})
	}
	t.Run("out of reach", func(t *testing.T) {
		srv := httptest.NewServer(nil)
		e := x.Open(t, srv.URL)
		srv.Close()
		_, err := e.Translate(t.Context(), text, x.From, x.To)
		if translate.KindOf(err) != translate.Down {
			t.Errorf("got %v", err)
		}
		x.quiet(t, srv.URL, err)
	})
}

// quiet checks that an error tells neither the secret nor the text nor where it
// was sent.
func (x Trouble) quiet(t *testing.T, url string, err error) {
	t.Helper()
	all := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, s := range []string{x.Secret, "private matter", url} {
		if s != "" && strings.Contains(all, s) {
			t.Errorf("the error tells %q: %s", s, all)
		}
	}
}
