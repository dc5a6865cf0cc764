package apertium

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

func pairs(w http.ResponseWriter, list ...string) {
	var out []string
	for _, p := range list {
		from, to, _ := strings.Cut(p, "|")
		out = append(out, fmt.Sprintf(`{"sourceLanguage":%q,"targetLanguage":%q}`, from, to))
	}
	fmt.Fprintf(w, `{"responseDetails":null,"responseStatus":200,"responseData":[%s]}`, strings.Join(out, ","))
}

// server speaks the protocol; it puts a word before each text.
func server(t *testing.T) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/listPairs":
			pairs(w, "eng|spa", "spa|eng", "eng|spa_US", "hbs|eng", "nob|eng")
		case r.Method == http.MethodPost && r.URL.Path == "/translate":
			q := r.PostFormValue("q")
			if r.PostForm.Get("markUnknown") != "no" || r.PostForm.Get("format") != "html" || r.URL.RawQuery != "" {
				http.Error(w, "no", http.StatusBadRequest)
				return
			}
			text, err := translate.PlainJSON(r.PostForm.Get("langpair") + " " + q)
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, `{"responseData":{"translatedText":%s},"responseDetails":null,"responseStatus":200}`, text)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

func open(t *testing.T, url string) translate.Engine {
	t.Helper()
	e, err := New(Config{BaseURL: url, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExam(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Exam{
		New: func(t *testing.T) translate.Engine { return open(t, server(t).URL) },
		Broken: func(t *testing.T) translate.Engine {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) }))
			t.Cleanup(srv.Close)
			return open(t, srv.URL)
		},
		From: language.English, To: language.Spanish,
	})
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	x := enginetest.Trouble{Open: open, From: language.English, To: language.Spanish}
	t.Run("listing", func(t *testing.T) { enginetest.Meet(t, x) })
	x.Good = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/listPairs" {
			pairs(w, "eng|spa")
			return true
		}
		return false
	}
	t.Run("translating", func(t *testing.T) { enginetest.Meet(t, x) })
}

func TestPairs(t *testing.T) {
	t.Parallel()
	e := open(t, server(t).URL)
	for _, tc := range []struct {
		from, to, want string
	}{
		{"en", "es", "eng|spa"}, {"en-GB", "es-ES", "eng|spa"}, {"en", "es-US", "eng|spa_US"}, {"sr", "en", "hbs|eng"}, {"no", "en", "nob|eng"}, {"nb", "en", "nob|eng"},
		{"en", "zh", ""}, {"es", "es", ""},
	} {
		out, err := e.Translate(t.Context(), []translate.Segment{{Text: "x"}}, language.MustParse(tc.from), language.MustParse(tc.to))
		if tc.want == "" {
			if translate.KindOf(err) != translate.NoPair {
				t.Errorf("%s to %s: %q, %v", tc.from, tc.to, out, err)
			}
		} else if err != nil || !slices.Equal(out, []string{tc.want + " x"}) {
			t.Errorf("%s to %s: %q, %v", tc.from, tc.to, out, err)
		}
	}
}

// TestPairsAreAskedForAgain: somebody installs one while the desk runs.
func TestPairsAreAskedForAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/listPairs" {
			fmt.Fprint(w, `{"responseData":{"translatedText":"bon"},"responseStatus":200}`)
			return
		}
		if asked.Add(1) == 1 {
			pairs(w, "eng|spa")
		} else {
			pairs(w, "eng|spa", "eng|fra")
		}
	}))
	defer srv.Close()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	e, err := New(Config{BaseURL: srv.URL, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	try := func() error {
		_, err := e.Translate(t.Context(), []translate.Segment{{Text: "good"}}, language.English, language.French)
		return err
	}
	for range 3 {
		if err := try(); translate.KindOf(err) != translate.NoPair {
			t.Fatal(err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	now = now.Add(2 * time.Minute)
	if err := try(); err != nil || asked.Load() != 2 {
		t.Errorf("%v after asking %d times", err, asked.Load())
	}
}

func TestStatusWithin(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/listPairs" {
			pairs(w, "eng|spa")
			return
		}
		fmt.Fprint(w, `{"responseData":{"translatedText":"error"},"responseStatus":503}`)
	}))
	defer srv.Close()
	if out, err := open(t, srv.URL).Translate(t.Context(), []translate.Segment{{Text: "x"}}, language.English, language.Spanish); translate.KindOf(err) != translate.BadAnswer {
		t.Errorf("%q, %v", out, err)
	}
}
