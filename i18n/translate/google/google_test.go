package google

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

const secret = "very-secret-4711"

// service speaks the protocol.
type service struct {
	t   *testing.T
	url string

	mu       sync.Mutex
	accepts  string // the access token
	requests []request
	paths    []string
	// lacks: there is no such glossary.
	lacks bool
}

func serve(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, accepts: secret}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+s.accepts {
		http.Error(w, `{"error":{"code":401,"status":"UNAUTHENTICATED"}}`, http.StatusUnauthorized)
		return
	}
	var q request
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&q); err != nil || r.Method != http.MethodPost || q.MimeType != "text/plain" || q.Source == "" || q.Target == "" || len(q.Contents) > 1024 {
		s.t.Errorf("%s %s: %+v, %v", r.Method, r.URL.Path, q, err)
		http.Error(w, `{"error":{"code":400,"status":"INVALID_ARGUMENT"}}`, http.StatusBadRequest)
		return
	}
	s.requests, s.paths = append(s.requests, q), append(s.paths, r.URL.Path)
	if q.Glossary != nil && s.lacks {
		http.Error(w, `{"error":{"code":404,"status":"NOT_FOUND"}}`, http.StatusNotFound)
		return
	}
	answer := map[string][]translation{"translations": {}}
	for _, text := range q.Contents {
		answer["translations"] = append(answer["translations"], translation{"译：" + text})
		if q.Glossary != nil {
			answer["glossaryTranslations"] = append(answer["glossaryTranslations"], translation{"典：" + text})
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func open(t *testing.T, url string) translate.Engine { return openWith(t, Config{BaseURL: url}) }

func openWith(t *testing.T, c Config) *Engine {
	t.Helper()
	c.Project, c.Timeout = "my-project", 5*time.Second
	if c.Credentials == "" {
		c.Token = secret
	}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExam(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Exam{
		New: func(t *testing.T) translate.Engine { return open(t, serve(t).url) },
		Broken: func(t *testing.T) translate.Engine {
			s := serve(t)
			s.accepts = "another"
			return open(t, s.url)
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
		"a day's limit":     {403, `{"error":{"message":"Daily Limit Exceeded"}}`, translate.Quota},
		"a minute's limit":  {403, `{"error":{"message":"User Rate Limit Exceeded"}}`, translate.Busy},
		"exhausted":         {429, `{"error":{"status":"RESOURCE_EXHAUSTED"}}`, translate.Busy},
		"exhausted, a day":  {429, `{"error":{"status":"RESOURCE_EXHAUSTED","message":"characters per day"}}`, translate.Quota},
		"not enabled":       {403, `{"error":{"status":"PERMISSION_DENIED"}}`, translate.Denied},
		"no such language":  {400, `{"error":{"message":"Target language is invalid."}}`, translate.NoPair},
		"too long":          {400, `{"error":{"message":"Text is too long."}}`, translate.TooLong},
		"half":              {200, `{"translations":[{"translatedText":"eins"}]}`, translate.BadAnswer},
		"an empty text":     {200, `{"translations":[{"translatedText":"eins"},{}]}`, translate.BadAnswer},
		"a list of nothing": {200, `{"translations":[]}`, translate.BadAnswer},
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

func TestGlossary(t *testing.T) {
	t.Parallel()
	s := serve(t)
	e := openWith(t, Config{BaseURL: s.url, Location: "us-central1", Glossary: "returns"})
	term := []translate.Segment{{Text: "refund", Terms: []translate.TermPair{{Source: "refund", Target: "退款"}}}, {Text: "b"}}
	out, err := e.Translate(t.Context(), term, language.English, language.Chinese)
	if err != nil || !slices.Equal(out, []string{"典：refund", "典：b"}) {
		t.Errorf("the glossary's list is not taken: %q, %v", out, err)
	}
	if q := s.requests[0]; q.Glossary == nil || q.Glossary.Glossary != "projects/my-project/locations/us-central1/glossaries/returns" || !q.Glossary.IgnoreCase ||
		s.paths[0] != "/v3/projects/my-project/locations/us-central1:translateText" {
		t.Errorf("asked %+v at %s", q, s.paths[0])
	}
	// Without a term it is not asked for.
	if out, err := e.Translate(t.Context(), term[1:], language.English, language.Chinese); err != nil || !slices.Equal(out, []string{"译：b"}) || s.requests[1].Glossary != nil {
		t.Errorf("%q, %v", out, err)
	}
	// A glossary that is not for the pair does not keep a text from being translated.
	s.lacks = true
	if out, err := e.Translate(t.Context(), term, language.English, language.Japanese); err != nil || !slices.Equal(out, []string{"译：refund", "译：b"}) || len(s.requests) != 4 {
		t.Errorf("%q, %v", out, err)
	}
	// A list of the glossary's that is too short is no answer.
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"translations":[{"translatedText":"a"},{"translatedText":"b"}],"glossaryTranslations":[{"translatedText":"a"}]}`)
	}))
	defer srv.Close()
	if out, err := openWith(t, Config{BaseURL: srv.URL, Location: "us-central1", Glossary: "returns"}).Translate(t.Context(), term, language.English, language.Chinese); translate.KindOf(err) != translate.BadAnswer {
		t.Errorf("%q, %v", out, err)
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"zh": "zh-CN", "zh-Hans": "zh-CN", "zh-TW": "zh-TW", "zh-HK": "zh-TW", "pt": "pt", "pt-BR": "pt-BR", "pt-PT": "pt-PT", "nb": "no", "no": "no", "en-GB": "en", "de-AT": "de"} {
		if got := code(language.MustParse(tag)); got != want {
			t.Errorf("%s is %s, want %s", tag, got, want)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"no project":         {Token: secret},
		"a path for project": {Project: "a/../b", Token: secret},
		"a path for region":  {Project: "p", Location: "eu/x", Token: secret},
		"no token":           {Project: "p"},
		"a global glossary":  {Project: "p", Glossary: "g", Token: secret},
		"no address":         {Project: "p", Token: secret, BaseURL: "ftp://" + secret},
	} {
		if _, err := New(c); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
