package deepl

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

// service speaks DeepL's protocol. Unlike DeepL it refuses fields that it does
// not know, since a misspelt one would go unnoticed there.
type service struct {
	t   *testing.T
	url string

	mu         sync.Mutex
	requests   []request
	calls      []string
	glossaries []glossary
	entries    map[string]string // by id and pair
	fails      string            // a call that is refused
	made       int
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.Method + " " + r.URL.Path
	s.calls = append(s.calls, call)
	if r.Header.Get("Authorization") != "DeepL-Auth-Key "+secret {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if s.fails != "" && strings.HasPrefix(call, s.fails) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	read := func(v any) bool {
		dec := json.NewDecoder(r.Body)
		dec.DisallowUnknownFields()
		err := dec.Decode(v)
		if err != nil || r.Header.Get("Content-Type") != "application/json" {
			s.t.Errorf("%s: %v", call, err)
			w.WriteHeader(http.StatusBadRequest)
		}
		return err == nil
	}
	path, below := strings.CutPrefix(r.URL.Path, "/v3/glossaries")
	switch {
	case call == "POST /v2/translate":
		var q struct {
			Text         []string `json:"text"`
			Source       string   `json:"source_lang"`
			Target       string   `json:"target_lang"`
			TagHandling  string   `json:"tag_handling"`
			TagVersion   string   `json:"tag_handling_version"`
			IgnoreTags   []string `json:"ignore_tags"`
			Formality    string   `json:"formality"`
			GlossaryID   string   `json:"glossary_id"`
			GlossaryName string   `json:"-"`
		}
		if read(&q) {
			s.translate(w, request{q.Text, q.Source, q.Target, q.TagHandling, q.TagVersion, q.IgnoreTags, q.Formality, q.GlossaryID})
		}
	case call == "GET /v2/usage":
		fmt.Fprint(w, `{"character_count":180118,"character_limit":1250000}`)
	case below && path == "" && r.Method == http.MethodGet:
		_ = json.NewEncoder(w).Encode(map[string]any{"glossaries": s.glossaries})
	case below && path == "" && r.Method == http.MethodPost:
		var q struct {
			Name         string       `json:"name"`
			Dictionaries []dictionary `json:"dictionaries"`
		}
		if !read(&q) || !s.valid(w, q.Dictionaries...) {
			return
		}
		s.made++
		g := glossary{ID: fmt.Sprintf("made-%d", s.made), Name: q.Name, Created: fmt.Sprintf("2026-11-01T00:00:%02dZ", s.made)}
		s.glossaries = append(s.glossaries, g)
		for _, d := range q.Dictionaries {
			s.entries[g.ID+" "+d.Source+">"+d.Target] = d.Entries
		}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(g)
	case below:
		id, what, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		i := slices.IndexFunc(s.glossaries, func(g glossary) bool { return g.ID == id })
		if i < 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		switch {
		case r.Method == http.MethodDelete && what == "":
			s.glossaries = slices.Delete(s.glossaries, i, i+1)
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodPatch && what == "":
			var q struct {
				Name string `json:"name"`
			}
			if read(&q) {
				s.glossaries[i].Name = q.Name
				_ = json.NewEncoder(w).Encode(s.glossaries[i])
			}
		case r.Method == http.MethodPut && what == "dictionaries":
			var d dictionary
			if read(&d) && s.valid(w, d) {
				s.entries[id+" "+d.Source+">"+d.Target] = d.Entries
				fmt.Fprint(w, `{"source_lang":"EN","target_lang":"DE","entry_count":1}`)
			}
		default:
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *service) valid(w http.ResponseWriter, list ...dictionary) bool {
	for _, d := range list {
		if d.Format != "tsv" || d.Entries == "" || len(d.Source) != 2 || len(d.Target) != 2 {
			s.t.Errorf("dictionary %+v", d)
			w.WriteHeader(http.StatusBadRequest)
			return false
		}
	}
	return true
}

func (s *service) translate(w http.ResponseWriter, q request) {
	s.requests = append(s.requests, q)
	if q.GlossaryID != "" && !slices.ContainsFunc(s.glossaries, func(g glossary) bool { return g.ID == q.GlossaryID }) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if len(q.Text) > 50 || q.GlossaryID != "" && q.SourceLang == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	type one struct {
		Detected string `json:"detected_source_language"`
		Text     string `json:"text"`
	}
	var out []one
	for _, text := range q.Text {
		out = append(out, one{q.SourceLang, "译：" + text})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"translations": out})
}

func serve(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, entries: map[string]string{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func open(t *testing.T, url string) translate.Engine { return openWith(t, Config{BaseURL: url}) }

func openWith(t *testing.T, c Config) *Engine {
	t.Helper()
	c.Key, c.Timeout = secret, 5*time.Second
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
			s.fails = "POST"
			return open(t, s.url)
		},
		Secret: secret, From: language.English, To: language.MustParse("zh-CN"),
	})
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	enginetest.Meet(t, enginetest.Trouble{Open: open, Secret: secret, From: language.English, To: language.German})
}

func TestHalfTheTexts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		kind   translate.ErrorKind
	}{
		"half":     {200, `{"translations":[{"text":"一"}]}`, translate.BadAnswer},
		"one more": {200, `{"translations":[{"text":"一"},{"text":"二"},{"text":"三"}]}`, translate.BadAnswer},
		"an empty": {200, `{"translations":[{"text":"一"},{"text":""}]}`, translate.BadAnswer},
		"no pair":  {400, `{"message":"Value for 'target_lang' not supported."}`, translate.NoPair},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			fmt.Fprint(w, tc.body)
		}))
		out, err := open(t, srv.URL).Translate(t.Context(), []translate.Segment{{Text: "a"}, {Text: "b"}}, language.English, language.Chinese)
		srv.Close()
		if out != nil || translate.KindOf(err) != tc.kind {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

func TestWhatIsAsked(t *testing.T) {
	t.Parallel()
	s := serve(t)
	text := `5 < 6 & <b> <x id="0"/> "q"`
	out, err := open(t, s.url).Translate(t.Context(), []translate.Segment{{Text: text}, {Text: "b", Style: translate.Style{Professional: true}}}, language.BritishEnglish, language.MustParse("zh-TW"))
	if err != nil || !slices.Equal(out, []string{"译：" + text, "译：b"}) {
		t.Fatalf("%q, %v", out, err)
	}
	q := s.requests[0]
	if q.Text[0] != `5 &lt; 6 &amp; &lt;b&gt; <x id="0"/> "q"` || q.SourceLang != "EN" || q.TargetLang != "ZH-HANT" || q.TagHandling != "xml" ||
		q.TagVersion != "v2" || !slices.Equal(q.IgnoreTags, []string{"x"}) || q.Formality != "prefer_more" || q.GlossaryID != "" {
		t.Errorf("asked %+v", q)
	}
	if _, err := open(t, s.url).Translate(t.Context(), []translate.Segment{{Text: "b"}}, language.German, language.English); err != nil || s.requests[1].Formality != "" {
		t.Errorf("asked %+v, %v", s.requests[1], err)
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string][2]string{
		"en": {"EN", "EN-US"}, "en-US": {"EN", "EN-US"}, "en-GB": {"EN", "EN-GB"}, "en-AU": {"EN", "EN-GB"}, "en-CA": {"EN", "EN-US"},
		"pt": {"PT", "PT-BR"}, "pt-BR": {"PT", "PT-BR"}, "pt-PT": {"PT", "PT-PT"}, "pt-AO": {"PT", "PT-PT"},
		"zh": {"ZH", "ZH-HANS"}, "zh-CN": {"ZH", "ZH-HANS"}, "zh-TW": {"ZH", "ZH-HANT"}, "zh-HK": {"ZH", "ZH-HANT"}, "zh-Hant": {"ZH", "ZH-HANT"}, "zh-Hans-HK": {"ZH", "ZH-HANS"},
		"no": {"NB", "NB"}, "nb": {"NB", "NB"}, "nn": {"NB", "NB"}, "de-AT": {"DE", "DE"}, "ja": {"JA", "JA"}, "es-MX": {"ES", "ES"},
	} {
		if got := [2]string{source(language.MustParse(tag)), target(language.MustParse(tag))}; got != want {
			t.Errorf("%s is %v, want %v", tag, got, want)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil {
		t.Error("no key is needed")
	}
	for key, host := range map[translate.Secret]string{secret: "https://api.deepl.com", secret + ":fx": "https://api-free.deepl.com"} {
		var asked string
		e, err := New(Config{Key: key, HTTP: &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.Scheme + "://" + r.URL.Host
			return nil, http.ErrHandlerTimeout
		})}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := e.Used(t.Context()); err == nil || asked != host {
			t.Errorf("asked %s, want %s; %v", asked, host, err)
		}
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestUsed(t *testing.T) {
	t.Parallel()
	n, limit, err := openWith(t, Config{BaseURL: serve(t).url}).Used(t.Context())
	if err != nil || n != 180118 || limit != 1250000 {
		t.Errorf("%d of %d, %v", n, limit, err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }))
	defer srv.Close()
	if _, _, err := openWith(t, Config{BaseURL: srv.URL}).Used(t.Context()); translate.KindOf(err) != translate.BadAnswer {
		t.Errorf("no count: %v", err)
	}
}
