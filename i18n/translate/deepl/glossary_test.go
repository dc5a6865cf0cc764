package deepl

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

// book is a glossary whose words can be changed.
type book struct {
	version string
	pairs   map[string][]translate.TermPair
}

func (b *book) Version() string { return b.version }

func (b *book) Pairs(from, to language.Tag) []translate.TermPair {
	return b.pairs[from.String()+">"+to.String()]
}

func newBook() *book {
	return &book{version: "1", pairs: map[string][]translate.TermPair{
		"en>de": {{Source: "return label", Target: "Rücksendeetikett"}, {Source: "refund", Target: "Erstattung"}},
		"de>en": {{Source: "Erstattung", Target: "refund"}},
	}}
}

var withTerm = []translate.Segment{{Text: "refund", Terms: []translate.TermPair{{Source: "refund", Target: "Erstattung"}}}}

// used is the glossary that the last translation was asked with.
func (s *service) used() string { return s.requests[len(s.requests)-1].GlossaryID }

func (s *service) count(call string) (n int) {
	for _, c := range s.calls {
		if strings.HasPrefix(c, call) {
			n++
		}
	}
	return n
}

func try(t *testing.T, e *Engine, from, to language.Tag) {
	t.Helper()
	if _, err := e.Translate(t.Context(), withTerm, from, to); err != nil {
		t.Fatal(err)
	}
}

func TestGlossaryIsKeptInStep(t *testing.T) {
	t.Parallel()
	s, b := serve(t), newBook()
	s.glossaries = []glossary{{ID: "theirs", Name: "Marketing"}, {ID: "theirs-2", Name: "desk/deepl2 en>de=0123"}}
	e := openWith(t, Config{BaseURL: s.url, Words: b})

	// Without a term there is no need of it.
	if _, err := e.Translate(t.Context(), []translate.Segment{{Text: "hello"}}, language.English, language.German); err != nil || s.used() != "" || s.count("GET /v3") != 0 {
		t.Fatalf("%v, %v", s.calls, err)
	}
	try(t, e, language.English, language.German)
	if s.used() != "made-1" || s.entries["made-1 en>de"] != "refund\tErstattung\nreturn label\tRücksendeetikett" || !strings.HasPrefix(s.glossaries[2].Name, "desk/deepl en>de=") {
		t.Fatalf("%+v, %v", s.glossaries, s.entries)
	}
	// Another pair is another dictionary in it; the same again asks nothing.
	try(t, e, language.German, language.English)
	try(t, e, language.German, language.English)
	try(t, e, language.English, language.German)
	if s.used() != "made-1" || s.entries["made-1 de>en"] != "Erstattung\trefund" || s.made != 1 || s.count("PUT") != 1 {
		t.Fatalf("%v, %v", s.calls, s.entries)
	}
	// No words for a pair, or the other Chinese: no glossary, and no error.
	try(t, e, language.English, language.French)
	if s.used() != "" {
		t.Error("a pair without words has a glossary")
	}
	try(t, e, language.English, language.MustParse("zh-Hant"))
	if s.used() != "" {
		t.Error("traditional Chinese has a glossary")
	}
	// A new desk finds it as it is.
	before := len(s.calls)
	try(t, openWith(t, Config{BaseURL: s.url, Words: b}), language.English, language.German)
	if got := s.calls[before:]; !slices.Equal(got, []string{"GET /v3/glossaries", "POST /v2/translate"}) {
		t.Errorf("a new desk called %v", got)
	}
	// Words change while the desk runs: the pair's dictionary is replaced, and the
	// name does not claim anything meanwhile.
	b.version, b.pairs["en>de"] = "2", []translate.TermPair{{Source: "refund", Target: "Rückzahlung"}}
	before = len(s.calls)
	try(t, e, language.English, language.German)
	if got := s.calls[before:]; !slices.Equal(got, []string{"PATCH /v3/glossaries/made-1", "PUT /v3/glossaries/made-1/dictionaries", "PATCH /v3/glossaries/made-1", "POST /v2/translate"}) {
		t.Errorf("changed words called %v", got)
	}
	if s.entries["made-1 en>de"] != "refund\tRückzahlung" || s.entries["made-1 de>en"] != "Erstattung\trefund" || len(s.glossaries) != 3 {
		t.Errorf("%+v, %v", s.glossaries, s.entries)
	}
}

func TestOldGlossariesAreDeleted(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.glossaries = []glossary{{"old", "desk/deepl en>de=1", "2026-01-01T00:00:00Z"}, {"new", "desk/deepl en>de=2", "2026-02-01T00:00:00Z"}, {"other", "desk/other en>de=2", "2026-03-01T00:00:00Z"}}
	try(t, openWith(t, Config{BaseURL: s.url, Words: newBook()}), language.English, language.German)
	if len(s.glossaries) != 2 || s.used() != "new" || s.count("DELETE") != 1 || s.entries["new en>de"] == "" {
		t.Errorf("%+v", s.glossaries)
	}
}

// TestWithoutAGlossary: keeping it fails, and translating goes on.
func TestWithoutAGlossary(t *testing.T) {
	t.Parallel()
	s := serve(t)
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	e := openWith(t, Config{BaseURL: s.url, Words: newBook(), Now: func() time.Time { return now }})
	for _, fails := range []string{"GET /v3", "POST /v3"} {
		s.fails = fails
		before := s.count(fails)
		for range 3 {
			try(t, e, language.English, language.German)
		}
		if s.used() != "" || s.count(fails) != before+1 {
			t.Errorf("%s fails: %v", fails, s.calls)
		}
		now = now.Add(2 * restFor)
	}
	s.fails = ""
	try(t, e, language.English, language.German)
	if s.used() != "made-1" {
		t.Errorf("it was not tried again: %v", s.calls)
	}
	// A replacement that fails half-way leaves a name that claims nothing.
	e.glossary.words.(*book).version = "2"
	e.glossary.words.(*book).pairs["en>de"] = []translate.TermPair{{Source: "refund", Target: "Rückzahlung"}}
	s.fails = "PUT"
	try(t, e, language.English, language.German)
	if s.used() != "" || s.glossaries[0].Name != "desk/deepl" {
		t.Errorf("%+v", s.glossaries)
	}
	s.fails = ""
	now = now.Add(2 * restFor)
	try(t, e, language.English, language.German)
	if s.used() != "made-1" || s.entries["made-1 en>de"] != "refund\tRückzahlung" {
		t.Errorf("%+v, %v", s.glossaries, s.entries)
	}
	// Somebody deletes it: the text is translated all the same, and next time it
	// is there again.
	s.glossaries = nil
	try(t, e, language.English, language.German)
	if s.used() != "" {
		t.Error("a glossary that is gone was used")
	}
	try(t, e, language.English, language.German)
	if s.used() != "made-2" {
		t.Errorf("%+v", s.glossaries)
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	got := tsv([]translate.TermPair{{Source: "b", Target: "2"}, {Source: " a ", Target: "1"}, {Source: "b", Target: "3"}, {Source: "c\td", Target: "4"}, {Source: "e", Target: "5\n6"},
		{Source: "", Target: "7"}, {Source: "f", Target: " "}, {Source: strings.Repeat("x", phraseLimit+1), Target: "8"}})
	if got != "a\t1\nb\t2" {
		t.Errorf("%q", got)
	}
}

func TestNamesAreShort(t *testing.T) {
	t.Parallel()
	k := &keeper{engine: &Engine{name: "deepl"}, hashes: map[string]string{}}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			k.hashes[string(a)+"x>"+string(b)+"x"] = "0123456789abcdef"
		}
	}
	if n := len(k.name()); n > nameLimit || n < nameLimit-30 {
		t.Errorf("%d bytes", n)
	}
	k.hashes = map[string]string{"en>de": "1", "de>en": "2"}
	if back := hashesIn(k.name()); len(back) != 2 || back["en>de"] != "1" || back["de>en"] != "2" {
		t.Errorf("%v from %q", back, k.name())
	}
}
