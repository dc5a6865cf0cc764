package libre

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

const secret = "very-secret-4711"

const languages = `[{"code":"en","name":"English","targets":["de","en","zh-Hans","zh-Hant","pt-BR","nb"]},{"code":"zh-Hans","name":"Chinese","targets":["en"]}]`

// serve speaks the protocol; say makes the answer to a text.
func serve(t *testing.T, list string, say func(q request, text string) string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method+r.URL.Path == "GET/languages" {
			fmt.Fprint(w, list)
			return
		}
		var q request
		dec := json.NewDecoder(r.Body)
		dec.DisallowUnknownFields()
		if err := dec.Decode(&q); err != nil || r.Method+r.URL.Path != "POST/translate" || q.Format != "text" || q.Key != secret || len(q.Q) > batchTexts {
			http.Error(w, `{"error":"Invalid request"}`, http.StatusBadRequest)
			return
		}
		out := make([]string, len(q.Q))
		for i, s := range q.Q {
			out[i] = html.UnescapeString(say(q, s)) // as the real one does
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"translatedText": out})
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func toy(_ request, s string) string { return "译：" + s }

func open(t *testing.T, url string) translate.Engine {
	t.Helper()
	e, err := New(Config{BaseURL: url, Key: secret, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExam(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Exam{
		New: func(t *testing.T) translate.Engine { return open(t, serve(t, languages, toy)) },
		Broken: func(t *testing.T) translate.Engine {
			return open(t, serve(t, languages, func(request, string) string { return "" }))
		},
		Secret: secret, From: language.English, To: language.Chinese,
	})
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	x := enginetest.Trouble{Open: open, Secret: secret, From: language.English, To: language.German}
	t.Run("listing", func(t *testing.T) { enginetest.Meet(t, x) })
	x.Good = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/languages" {
			fmt.Fprint(w, languages)
			return true
		}
		return false
	}
	t.Run("translating", func(t *testing.T) { enginetest.Meet(t, x) })
}

func TestWhyItRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		kind   translate.ErrorKind
	}{
		"no such language": {400, `{"error":"xx is not supported"}`, translate.NoPair},
		"no such pair":     {400, `{"error":"German (de) is not available as a target language from English (en)"}`, translate.NoPair},
		"too long":         {400, `{"error":"Invalid request: request (5000) exceeds text limit (2000)"}`, translate.TooLong},
		"no key":           {400, `{"error":"Visit https://example.com to get an API key"}`, translate.Denied},
		"banned":           {403, `{"error":"Invalid API key"}`, translate.Denied},
		"half":             {200, `{"translatedText":["eins"]}`, translate.BadAnswer},
		"one text":         {200, `{"translatedText":"eins"}`, translate.BadAnswer},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/languages" {
				fmt.Fprint(w, languages)
				return
			}
			w.WriteHeader(tc.status)
			fmt.Fprint(w, tc.body)
		}))
		out, err := open(t, srv.URL).Translate(t.Context(), []translate.Segment{{Text: "a"}, {Text: "b"}}, language.English, language.German)
		srv.Close()
		if out != nil || translate.KindOf(err) != tc.kind {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

// TestEscapes: what the server un-escapes is not lost.
func TestEscapes(t *testing.T) {
	t.Parallel()
	e := open(t, serve(t, languages, toy))
	for _, text := range []string{"a & b", "a &amp; b", "&lt;b&gt; & c", "&amp;amp;", `<x id="0"/> & "q"`, "AT&T", "R&D &copy 2026"} {
		out, err := e.Translate(t.Context(), []translate.Segment{{Text: text}}, language.English, language.German)
		if err != nil || !slices.Equal(out, []string{"译：" + text}) {
			t.Errorf("%q became %q, %v", text, out, err)
		}
	}
}

func TestEchoes(t *testing.T) {
	t.Parallel()
	same := open(t, serve(t, languages, func(_ request, s string) string { return s }))
	for _, tc := range []struct {
		texts []string
		ok    bool
	}{
		{[]string{"The parcel has not arrived."}, false},
		{[]string{"Anna", "The parcel has not arrived."}, false},
		{[]string{"Anna"}, true}, // a name
		{[]string{"__PH0__"}, true},
	} {
		var batch []translate.Segment
		for _, s := range tc.texts {
			batch = append(batch, translate.Segment{Text: s})
		}
		out, err := same.Translate(t.Context(), batch, language.English, language.German)
		if tc.ok != (err == nil) || !tc.ok && translate.KindOf(err) != translate.BadAnswer {
			t.Errorf("%q: %q, %v", tc.texts, out, err)
		}
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	older := `[{"code":"en","targets":["zh","zt","pb","no"]}]`
	for _, tc := range []struct{ list, to, want string }{
		{languages, "zh-CN", "zh-Hans"}, {languages, "zh-TW", "zh-Hant"}, {languages, "pt-BR", "pt-BR"}, {languages, "nn", "nb"}, {languages, "de-AT", "de"},
		{older, "zh", "zh"}, {older, "zh-HK", "zt"}, {older, "pt-BR", "pb"}, {older, "nb", "no"}, {older, "de", ""}, {older, "pt-PT", ""},
	} {
		e := open(t, serve(t, tc.list, func(q request, _ string) string { return q.Source + ">" + q.Target }))
		out, err := e.Translate(t.Context(), []translate.Segment{{Text: "x"}}, language.AmericanEnglish, language.MustParse(tc.to))
		if tc.want == "" {
			if translate.KindOf(err) != translate.NoPair {
				t.Errorf("%s: %q, %v", tc.to, out, err)
			}
		} else if err != nil || out[0] != "en>"+tc.want {
			t.Errorf("%s: %q, %v", tc.to, out, err)
		}
	}
}
