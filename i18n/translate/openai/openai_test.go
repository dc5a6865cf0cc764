package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

const secret = "sk-very-secret-4711"

// server speaks the protocol; answer makes the content from the texts it got.
func server(t *testing.T, answer func(w http.ResponseWriter, req request, texts []string)) *Engine {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer "+secret || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "no", http.StatusNotFound)
			return
		}
		var req request
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.Messages) != 2 {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		var texts []string
		if err := json.Unmarshal([]byte(req.Messages[1].Content), &texts); err != nil {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		answer(w, req, texts)
	}))
	t.Cleanup(srv.Close)
	e, err := New(Config{BaseURL: srv.URL + "/v1/", Key: secret, Model: "m", HTTP: srv.Client(), Timeout: 5 * time.Second, Name: "local"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func say(w http.ResponseWriter, content, finish string) {
	fmt.Fprintf(w, `{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":%q}],"usage":{}}`,
		must(translate.PlainJSON(content)), finish)
}

func must(s []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	return string(s)
}

func toy(w http.ResponseWriter, _ request, texts []string) {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = "译：" + s
	}
	say(w, "Here it is:\n```json\n"+must(translate.PlainJSON(out))+"\n```", "stop")
}

func TestExam(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Exam{
		New: func(t *testing.T) translate.Engine { return server(t, toy) },
		Broken: func(t *testing.T) translate.Engine {
			return server(t, func(w http.ResponseWriter, _ request, _ []string) {
				http.Error(w, `{"error":"bad key `+secret+`"}`, http.StatusInternalServerError)
			})
		},
		Secret: secret, From: language.English, To: language.MustParse("zh-CN"),
	})
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	enginetest.Meet(t, enginetest.Trouble{Open: func(t *testing.T, url string) translate.Engine {
		e, err := New(Config{BaseURL: url + "/v1", Key: secret, Model: "m", Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}, Secret: secret, From: language.English, To: language.German})
}

func TestWhatIsAsked(t *testing.T) {
	t.Parallel()
	var got request
	e := server(t, func(w http.ResponseWriter, req request, texts []string) { got = req; toy(w, req, texts) })
	out, err := e.Translate(t.Context(), []translate.Segment{
		{Text: `A refund for <x id="0"/> & more`, Terms: []translate.TermPair{{Source: "refund", Target: "退款"}}},
		{Text: "Hi", Terms: []translate.TermPair{{Source: "refund", Target: "退款"}}},
	}, language.English, language.MustParse("zh-CN"))
	if err != nil || !slices.Equal(out, []string{`译：A refund for <x id="0"/> & more`, "译：Hi"}) {
		t.Fatalf("%q, %v", out, err)
	}
	sys := got.Messages[0].Content
	if got.Model != "m" || got.Temperature != 0 || got.Stream || got.Messages[0].Role != "system" || got.Messages[1].Role != "user" {
		t.Errorf("asked %+v", got)
	}
	if strings.Count(sys, "- refund: 退款") != 1 || !strings.Contains(sys, "English (en)") || !strings.Contains(sys, "(zh-CN)") {
		t.Errorf("instructions: %s", sys)
	}
	if !strings.Contains(got.Messages[1].Content, `<x id=`) {
		t.Errorf("tokens are escaped: %s", got.Messages[1].Content)
	}
}

func TestManner(t *testing.T) {
	t.Parallel()
	ask := func(style translate.Style, to string) string {
		return instructions([]translate.Segment{{Text: "a"}, {Text: "b", Style: style}}, language.English, language.MustParse(to))
	}
	for to, want := range map[string]string{"de": `"Sie"`, "de-AT": `"Sie"`, "fr": `"vous"`, "es": `"usted"`, "ja": "敬語", "ko": "합쇼체", "pt-BR": "senhor", "it": `"Lei"`, "zh-Hant": "您"} {
		if got := ask(translate.Style{Professional: true, Platform: "ebay"}, to); !strings.Contains(got, want) || !strings.Contains(got, "written on ebay") {
			t.Errorf("%s: %s", to, got)
		}
		if got := ask(translate.Style{}, to); strings.Contains(got, want) {
			t.Errorf("%s, not professional: %s", to, got)
		}
	}
	if got := ask(translate.Style{Professional: true}, "th"); !strings.Contains(got, "polite form") || strings.Contains(got, "written on") {
		t.Errorf("a language without a rule: %s", got)
	}
}

func TestWhatGoesWrong(t *testing.T) {
	t.Parallel()
	status := func(code int, header, value, body string) func(http.ResponseWriter, request, []string) {
		return func(w http.ResponseWriter, _ request, _ []string) {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	for name, tc := range map[string]struct {
		answer func(http.ResponseWriter, request, []string)
		kind   translate.ErrorKind
		after  time.Duration
	}{
		"too many":           {status(429, "Retry-After", "7", ""), translate.Busy, 7 * time.Second},
		"too many, no hint":  {status(429, "", "", ""), translate.Busy, 10 * time.Second},
		"used up":            {status(429, "", "", `{"error":{"code":"insufficient_quota"}}`), translate.Quota, 0},
		"out of order":       {status(503, "", "", ""), translate.Down, 0},
		"gateway":            {status(502, "", "", "<html>"), translate.Down, 0},
		"wrong key":          {status(401, "", "", secret), translate.Denied, 0},
		"no money":           {status(402, "", "", ""), translate.Quota, 0},
		"no such model":      {status(404, "", "", ""), translate.Failed, 0},
		"too long":           {status(400, "", "", `{"error":{"code":"context_length_exceeded"}}`), translate.TooLong, 0},
		"empty body":         {status(200, "", "", ""), translate.BadAnswer, 0},
		"not JSON":           {status(200, "", "", "<html>ok</html>"), translate.BadAnswer, 0},
		"other JSON":         {status(200, "", "", `[1,2]`), translate.BadAnswer, 0},
		"no choices":         {status(200, "", "", `{"choices":[]}`), translate.BadAnswer, 0},
		"cut":                {func(w http.ResponseWriter, _ request, _ []string) { say(w, `["一","二"]`, "length") }, translate.TooLong, 0},
		"filtered":           {func(w http.ResponseWriter, _ request, _ []string) { say(w, "", "content_filter") }, translate.BadAnswer, 0},
		"silent":             {func(w http.ResponseWriter, _ request, _ []string) { say(w, " ", "stop") }, translate.BadAnswer, 0},
		"half the texts":     {func(w http.ResponseWriter, _ request, _ []string) { say(w, `["一"]`, "stop") }, translate.BadAnswer, 0},
		"too many texts":     {func(w http.ResponseWriter, _ request, _ []string) { say(w, `["一","二","三"]`, "stop") }, translate.BadAnswer, 0},
		"only prose":         {func(w http.ResponseWriter, _ request, _ []string) { say(w, `一，二`, "stop") }, translate.BadAnswer, 0},
		"half an array":      {func(w http.ResponseWriter, _ request, _ []string) { say(w, `["一","二`, "stop") }, translate.BadAnswer, 0},
		"numbers, not texts": {func(w http.ResponseWriter, _ request, _ []string) { say(w, `[1,2]`, "stop") }, translate.BadAnswer, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := server(t, tc.answer).Translate(t.Context(), []translate.Segment{{Text: "one"}, {Text: "two"}}, language.English, language.MustParse("zh-CN"))
			var e *translate.EngineError
			if !errors.As(err, &e) || e.Kind != tc.kind || e.RetryAfter != tc.after || out != nil {
				t.Errorf("got %q, %v (%v), want %v after %v", out, err, translate.KindOf(err), tc.kind, tc.after)
			}
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Error("the key shows")
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want []string
	}{
		{`["a","b"]`, []string{"a", "b"}},
		{"```json\n[\"a\", \"b\"]\n```", []string{"a", "b"}},
		{`<think>perhaps ["x","y"]?</think>["a","b"]`, []string{"a", "b"}},
		{`{"translations":["a","b"]}`, []string{"a", "b"}},
		{`{"translations":[{"text":"a"},{"text":"b"}]}`, []string{"a", "b"}},
		{`[{"source":"x","translation":"a"},{"source":"y","translation":"b"}]`, []string{"a", "b"}},
		{`Note [1]: ["a","b"] done`, []string{"a", "b"}},
		{`["[[0]]","b"]`, []string{"[[0]]", "b"}},
		{`["a"]`, nil}, {`["a","b","c"]`, nil}, {`a b`, nil}, {``, nil}, {`[["a"],["b"]]`, nil}, {`{"a":["x","y"],"b":["x","y"]}`, nil},
	} {
		got, err := parse(tc.in, 2)
		if !slices.Equal(got, tc.want) || (err == nil) != (tc.want != nil) {
			t.Errorf("parse(%q) = %q, %v", tc.in, got, err)
		}
	}
	if got, err := parse(`"alone"`, 1); err != nil || got[0] != "alone" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{{}, {BaseURL: "ftp://x", Model: "m"}, {BaseURL: "http://x"}, {BaseURL: "://" + secret, Model: "m"}} {
		if _, err := New(c); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestKeyDoesNotShow(t *testing.T) {
	t.Parallel()
	c := Config{Key: secret}
	j, err := json.Marshal(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v %s", c, c, c, j); strings.Contains(s, secret) {
		t.Error(s)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(nil)
	e, err := New(Config{BaseURL: srv.URL + "/" + secret, Key: secret, Model: "m"})
	srv.Close()
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Translate(t.Context(), []translate.Segment{{Text: "x"}}, language.English, language.German)
	if translate.KindOf(err) != translate.Down || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`["a","b"]`, "```", `{"x":["a"]}`, `</think>[`, `[[[[`, "[\"\xff\"]"} {
		f.Add(s, 2)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		if got, err := parse(s, n); err == nil && len(got) != n {
			t.Fatalf("%d texts for %d", len(got), n)
		}
	})
}
