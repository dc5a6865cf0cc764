package azure

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

const secret = "very-secret-4711"

var versions = []string{V3, V2026}

var dictionary = regexp.MustCompile(`<mstrans:dictionary translation="([^"]*)">[^<]*</mstrans:dictionary>`)

// serve speaks both versions; seen are the texts as they came.
func serve(t *testing.T, seen *[]string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bad := func(what string) {
			http.Error(w, `{"error":{"code":400000,"message":"`+what+`"}}`, http.StatusBadRequest)
		}
		if r.Header.Get("Ocp-Apim-Subscription-Key") != secret || r.Header.Get("Ocp-Apim-Subscription-Region") != "westeurope" {
			http.Error(w, `{"error":{"code":401000,"message":"no"}}`, http.StatusUnauthorized)
			return
		}
		dec := json.NewDecoder(r.Body)
		dec.DisallowUnknownFields()
		q := r.URL.Query()
		var texts []string
		switch q.Get("api-version") {
		case V3:
			var body []textV3
			if err := dec.Decode(&body); err != nil || q.Get("from") == "" || q.Get("to") == "" || q.Get("textType") != "plain" || len(body) > 1000 {
				bad("body")
				return
			}
			for _, x := range body {
				texts = append(texts, x.Text)
			}
		case V2026:
			var body body2026
			if err := dec.Decode(&body); err != nil || len(q) != 1 {
				bad("body")
				return
			}
			for _, x := range body.Inputs {
				if x.Language == "" || len(x.Targets) != 1 || x.Targets[0].Language == "" || x.TextType != "plain" {
					bad("input")
					return
				}
				texts = append(texts, x.Text)
			}
		}
		if r.Method+r.URL.Path != "POST/translate" || texts == nil {
			bad("version")
			return
		}
		if seen != nil {
			*seen = append(*seen, texts...)
		}
		type one struct {
			Text string `json:"text"`
			To   string `json:"to,omitempty"`
		}
		var out []map[string][]one
		for _, s := range texts {
			out = append(out, map[string][]one{"translations": {{"译：" + dictionary.ReplaceAllString(s, "$1"), q.Get("to")}}})
		}
		if q.Get("api-version") == V3 {
			_ = json.NewEncoder(w).Encode(out)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"value": out})
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func opener(version string) func(*testing.T, string) translate.Engine {
	return func(t *testing.T, url string) translate.Engine {
		t.Helper()
		e, err := New(Config{BaseURL: url, Key: secret, Region: "westeurope", Version: version, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func TestExam(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		t.Run(v, func(t *testing.T) {
			enginetest.Run(t, enginetest.Exam{
				New: func(t *testing.T) translate.Engine { return opener(v)(t, serve(t, nil)) },
				Broken: func(t *testing.T) translate.Engine {
					srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, 500) }))
					t.Cleanup(srv.Close)
					return opener(v)(t, srv.URL)
				},
				Secret: secret, From: language.English, To: language.Chinese,
			})
		})
	}
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		t.Run(v, func(t *testing.T) {
			enginetest.Meet(t, enginetest.Trouble{Open: opener(v), Secret: secret, From: language.English, To: language.German})
		})
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		kind   translate.ErrorKind
	}{
		"target":          {400, `{"error":{"code":400036,"message":"The target language is not valid."}}`, translate.NoPair},
		"target, as text": {400, `{"error":{"code":"400036","message":"The target language is not valid."}}`, translate.NoPair},
		"too long":        {400, `{"error":{"code":400050}}`, translate.TooLong},
		"too many":        {400, `{"error":{"code":400072}}`, translate.TooLong},
		"used up":         {403, `{"error":{"code":403001}}`, translate.Quota},
		"forbidden":       {403, `{"error":{"code":403000}}`, translate.Denied},
		"words":           {429, `{"error":{"code":"TooManyRequests"}}`, translate.Busy},
		"two of one":      {200, `[{"translations":[{"text":"a"},{"text":"b"}]},{"translations":[{"text":"c"}]}]`, translate.BadAnswer},
		"half":            {200, `[{"translations":[{"text":"a"}]}]`, translate.BadAnswer},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			fmt.Fprint(w, tc.body)
		}))
		out, err := opener(V3)(t, srv.URL).Translate(t.Context(), []translate.Segment{{Text: "a"}, {Text: "b"}}, language.English, language.German)
		srv.Close()
		if out != nil || translate.KindOf(err) != tc.kind {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

func TestDictionary(t *testing.T) {
	t.Parallel()
	segment := translate.Segment{Text: "A return label for the return", Terms: []translate.TermPair{{Source: "return label", Target: "Rücksendeetikett"}, {Source: "return", Target: "Rücksendung"}}}
	for _, v := range versions {
		for _, tc := range []struct {
			from, to language.Tag
			sent     string
		}{
			{language.English, language.German, `A <mstrans:dictionary translation="Rücksendeetikett">return label</mstrans:dictionary> for the <mstrans:dictionary translation="Rücksendung">return</mstrans:dictionary>`},
			{language.French, language.German, segment.Text},
			{language.AmericanEnglish, language.BritishEnglish, segment.Text},
		} {
			var seen []string
			out, err := opener(v)(t, serve(t, &seen)).Translate(t.Context(), []translate.Segment{segment}, tc.from, tc.to)
			if err != nil || !slices.Equal(seen, []string{tc.sent}) || strings.Contains(out[0], "mstrans") {
				t.Errorf("%s, %s to %s: sent %q, got %q, %v", v, tc.from, tc.to, seen, out, err)
			}
		}
	}
}

func TestMarkup(t *testing.T) {
	t.Parallel()
	const mark = `<mstrans:dictionary translation="X">%s</mstrans:dictionary>`
	for _, tc := range []struct{ text, term, target, want string }{
		{"refunds, a refund", "refund", "X", "refunds, a " + fmt.Sprintf(mark, "refund")},
		{"prerefund", "refund", "X", "prerefund"},
		{"我要退款吗", "退款", "X", "我要" + fmt.Sprintf(mark, "退款") + "吗"},
		{`refund <x id="0"/>`, "refund", "X", fmt.Sprintf(mark, "refund") + ` <x id="0"/>`},
		{"refund", "refund", `a "b"`, "refund"},
		{"nothing", "refund", "X", "nothing"},
		{"nothing", "", "X", "nothing"},
		{"<mstrans:dictionary> refund", "refund", "X", "<mstrans:dictionary> refund"},
		{`<x id="0"/>`, "id", "X", `<x id="0"/>`},
		{`<x id="0"/>`, "x", "X", `<x id="0"/>`},
		{"__PH0__", "PH", "X", "__PH0__"},
	} {
		if got := markup(translate.Segment{Text: tc.text, Terms: []translate.TermPair{{Source: tc.term, Target: tc.target}}}); got != tc.want {
			t.Errorf("%q became %q, want %q", tc.text, got, tc.want)
		}
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"zh": "zh-Hans", "zh-TW": "zh-Hant", "pt": "pt", "pt-BR": "pt", "pt-PT": "pt-pt", "fr-CA": "fr-ca", "fr": "fr", "no": "nb", "en-GB": "en",
		"sr": "sr-Cyrl", "sr-Latn": "sr-Latn", "de-AT": "de", "fil": "fil"} {
		if got := code(language.MustParse(tag)); got != want {
			t.Errorf("%s is %s, want %s", tag, got, want)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{{}, {Key: secret, Version: "4"}, {Key: secret, BaseURL: "ftp://" + secret}} {
		if _, err := New(c); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func FuzzDictionary(f *testing.F) {
	for _, s := range []string{"refund", "a refund, refunds", "退款", `<x id="0"/> refund`, "<mstrans:dictionary"} {
		f.Add(s, "refund")
	}
	tag := regexp.MustCompile(`<mstrans:dictionary translation="X">|</mstrans:dictionary>`)
	f.Fuzz(func(t *testing.T, text, term string) {
		got := markup(translate.Segment{Text: text, Terms: []translate.TermPair{{Source: term, Target: "X"}, {Source: term, Target: "X"}}})
		if strings.Contains(text, "mstrans:") || strings.Contains(term, "mstrans:") {
			return
		}
		if bare := tag.ReplaceAllString(got, ""); bare != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
