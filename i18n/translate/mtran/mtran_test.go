package mtran

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

const secret = "very-secret-4711"

func serve(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			http.Error(w, `{"error":"Unauthorized"}`, http.StatusUnauthorized)
			return
		}
		var q request
		dec := json.NewDecoder(r.Body)
		dec.DisallowUnknownFields()
		if err := dec.Decode(&q); err != nil || r.Method+r.URL.Path != "POST/translate/batch" || q.HTML || len(q.Texts) > batchTexts {
			http.Error(w, `{"error":"bad request"}`, http.StatusBadRequest)
			return
		}
		out := make([]string, len(q.Texts))
		for i, s := range q.Texts {
			out[i] = q.From + ">" + q.To + " " + s
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"results": out})
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

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
		New: func(t *testing.T) translate.Engine { return open(t, serve(t)) },
		Broken: func(t *testing.T) translate.Engine {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, 500) }))
			t.Cleanup(srv.Close)
			return open(t, srv.URL)
		},
		Secret: secret, From: language.English, To: language.Chinese,
	})
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	enginetest.Meet(t, enginetest.Trouble{Open: open, Secret: secret, From: language.English, To: language.German})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		kind   translate.ErrorKind
	}{
		"no model": {500, `{"error":"failed to download model: No model found for en -> xx (version: )"}`, translate.NoPair},
		"half":     {200, `{"results":["eins"]}`, translate.BadAnswer},
		"one":      {200, `{"result":"eins"}`, translate.BadAnswer},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
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

func TestLanguages(t *testing.T) {
	t.Parallel()
	e := open(t, serve(t))
	for tag, want := range map[string]string{"zh": "zh-Hans", "zh-CN": "zh-Hans", "zh-TW": "zh-Hant", "no": "nb", "nb": "nb", "pt-BR": "pt", "de-AT": "de"} {
		out, err := e.Translate(t.Context(), []translate.Segment{{Text: "x"}}, language.BritishEnglish, language.MustParse(tag))
		if err != nil || out[0] != "en>"+want+" x" {
			t.Errorf("%s: %q, %v", tag, out, err)
		}
	}
}
