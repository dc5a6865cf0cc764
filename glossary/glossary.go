package glossary

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"
)

//go:embed terms/*.toml
var shipped embed.FS

// Kind says what sort of entry it is.
type Kind string

// The kinds of entries.
const (
	Word   Kind = "term"
	Abbr   Kind = "abbr"
	Reason Kind = "reason"
	Status Kind = "status"
	// Whole and Remark are looked up as whole texts, never inside one. A Remark may
	// be a piece of a sentence, and is not offered as an answer.
	Whole  Kind = "phrase"
	Remark Kind = "note"
)

// Standing says how far an entry can be trusted.
type Standing string

// The standings.
const (
	Draft      Standing = "draft"
	Approved   Standing = "approved"
	Deprecated Standing = "deprecated"
)

// Term is one meaning and its word in each language.
type Term struct {
	ID      string   `toml:"id"`
	Concept string   `toml:"concept"`
	Kind    Kind     `toml:"kind"`
	Status  Standing `toml:"status"`
	Scope   Scope    `toml:"scope"`
	Context Context  `toml:"context"`
	// Langs is by BCP 47 tag.
	Langs map[string]Wording `toml:"langs"`
	// Review is why a person should always look when this is used; may be empty.
	Review string `toml:"review"`
	// Money: the word is a currency as well, and is one beside an amount.
	Money   bool   `toml:"money"`
	Note    string `toml:"note"`
	Source  string `toml:"source"`
	Version int    `toml:"version"`
	// Since is the first and Until the last day on which it holds, as 2026-11-30;
	// empty means always.
	Since string `toml:"since"`
	Until string `toml:"until"`

	byLang map[string]Wording
	// requires and excludes are the context's words, folded.
	requires, excludes []string
}

// Wording is a term in one language.
type Wording struct {
	Preferred string   `toml:"preferred"`
	Variants  []string `toml:"variants"`
	Forbidden []string `toml:"forbidden"`
	// Match is "exact", or "stem" to accept inflected forms. Empty means exact.
	Match string `toml:"match"`
	// Case: upper and lower case matter.
	Case bool `toml:"case"`
	// Status overrides the entry's.
	Status Standing `toml:"status"`
}

// Scope is where an entry holds; empty means everywhere.
type Scope struct {
	Store    string `toml:"store"`
	Platform string `toml:"platform"`
	// Direction lists pairs such as "en>zh"; empty means all.
	Direction []string `toml:"direction"`
	// On is the day that is asked for, as 2026-11-30; empty asks for any. Entries
	// have their days in [Term].
	On string `toml:"-"`
}

// Context tells two meanings of one word apart by other words in the text.
type Context struct {
	// Requires: at least one of these is there.
	Requires []string `toml:"requires"`
	// Excludes: none of these is there.
	Excludes []string `toml:"excludes"`
}

// Book is a glossary ready for use. It does not change, and is safe for use by
// several goroutines.
type Book struct {
	terms   []*Term
	phrases []Phrase
	// whole are the phrases and the entries that are whole sentences.
	whole   []Phrase
	byLang  map[string]*index
	lookup  map[string]*phraseIndex
	version string
}

// Default is the glossary that comes with the desk.
func Default() (*Book, error) { return defaultBook() }

var defaultBook = sync.OnceValues(func() (*Book, error) {
	sub, err := fs.Sub(shipped, "terms")
	if err != nil {
		return nil, fmt.Errorf("open the terms: %w", err)
	}
	return Load(sub)
})

type file struct {
	Term   []*Term  `toml:"term"`
	Phrase []Phrase `toml:"phrase"`
}

// Load reads every .toml file at the top of fsys. It reports everything that is
// wrong, each with its file and entry.
func Load(fsys fs.FS) (*Book, error) {
	names, err := fs.Glob(fsys, "*.toml")
	if err != nil {
		return nil, fmt.Errorf("list the glossary: %w", err)
	}
	sort.Strings(names)
	b := &Book{}
	sum := sha256.New()
	seen := map[string]string{}
	var bad []error
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read the glossary: %w", err)
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data)
		f, err := decode(data)
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", name, err))
			continue
		}
		once := func(id string) {
			if at, ok := seen[id]; ok {
				bad = append(bad, fmt.Errorf("%s: %s is in %s already", name, id, at))
			}
			seen[id] = name
		}
		for _, t := range f.Term {
			once(t.ID)
			if err := t.check(); err != nil {
				bad = append(bad, fmt.Errorf("%s: %s: %w", name, t.ID, err))
				continue
			}
			b.terms = append(b.terms, t)
		}
		for _, p := range f.Phrase {
			once(p.ID)
			if err := p.check(); err != nil {
				bad = append(bad, fmt.Errorf("%s: %s: %w", name, p.ID, err))
				continue
			}
			b.phrases = append(b.phrases, p)
		}
	}
	if err := b.build(hex.EncodeToString(sum.Sum(nil)[:6]), bad); err != nil {
		return nil, err
	}
	return b, nil
}

// decode reads a file's text; a field that it does not know is an error.
func decode(data []byte) (f file, err error) {
	dec := toml.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err = dec.Decode(&f)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		err = errors.New(strict.String())
	}
	return f, err
}

// build makes the indexes. bad is what is known to be wrong already.
func (b *Book) build(version string, bad []error) error {
	b.byLang, b.lookup, b.version = map[string]*index{}, map[string]*phraseIndex{}, version
	b.whole = slices.Clone(b.phrases)
	drafts := map[string]*indexDraft{}
	for _, t := range b.terms {
		if t.Kind == Whole || t.Kind == Remark {
			p := t.asPhrase()
			if err := p.check(); err != nil {
				bad = append(bad, fmt.Errorf("%s: %w", t.ID, err))
			}
			b.whole = append(b.whole, p)
			continue
		}
		if t.Status != Deprecated {
			b.index(t, drafts)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("glossary: %w", errors.Join(bad...))
	}
	for lang, d := range drafts {
		b.byLang[lang] = &index{words: d.words.build(), stems: d.stems.build()}
	}
	for i := range b.whole {
		b.indexPhrase(&b.whole[i])
	}
	return nil
}

// placer puts entries into a list, each in the place of the one with its id if
// there is one. It looks the list through once, however many are put in.
func placer[T any](list *[]T, id func(T) string) func(T) {
	at := make(map[string]int, len(*list))
	for i, x := range *list {
		at[id(x)] = i
	}
	return func(x T) {
		if i, ok := at[id(x)]; ok {
			(*list)[i] = x
			return
		}
		at[id(x)] = len(*list)
		*list = append(*list, x)
	}
}

// With is the glossary with more entries; one whose id is there already takes
// the other's place. The glossary itself stays as it is.
func (b *Book) With(terms []*Term, phrases []Phrase) (*Book, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, b.version)
	var bad []error
	n := &Book{terms: slices.Clone(b.terms), phrases: slices.Clone(b.phrases)}
	placeTerm := placer(&n.terms, func(t *Term) string { return t.ID })
	placePhrase := placer(&n.phrases, func(p Phrase) string { return p.ID })
	for _, t := range terms {
		c := *t
		if err := c.check(); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", t.ID, err))
			continue
		}
		if err := json.NewEncoder(sum).Encode(c); err != nil {
			return nil, fmt.Errorf("glossary: %w", err)
		}
		placeTerm(&c)
	}
	for _, p := range phrases {
		if err := p.check(); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", p.ID, err))
			continue
		}
		if err := json.NewEncoder(sum).Encode(p); err != nil {
			return nil, fmt.Errorf("glossary: %w", err)
		}
		placePhrase(p)
	}
	if err := n.build(hex.EncodeToString(sum.Sum(nil)[:6]), bad); err != nil {
		return nil, err
	}
	return n, nil
}

func (t *Term) check() error {
	if t.ID == "" {
		return errors.New("an entry without id")
	}
	if !slices.Contains([]Kind{Word, Abbr, Reason, Status, Whole, Remark}, t.Kind) {
		return fmt.Errorf("kind %q is unknown", t.Kind)
	}
	if !known(t.Status) {
		return fmt.Errorf("status %q is unknown", t.Status)
	}
	if len(t.Langs) < 2 {
		return errors.New("fewer than two languages")
	}
	t.byLang = map[string]Wording{}
	for name, w := range t.Langs {
		tag, err := language.Parse(name)
		if err != nil {
			return fmt.Errorf("%q is not a language: %w", name, err)
		}
		switch {
		case strings.TrimSpace(w.Preferred) == "":
			return fmt.Errorf("%s has no preferred word", name)
		case w.Match != "" && w.Match != "exact" && w.Match != "stem":
			return fmt.Errorf("%s: match %q is neither exact nor stem", name, w.Match)
		case w.Status != "" && !known(w.Status):
			return fmt.Errorf("%s: status %q is unknown", name, w.Status)
		}
		if w.Status == "" {
			w.Status = t.Status
		}
		t.byLang[langKey(tag)] = w
	}
	t.requires, t.excludes = foldAll(t.Context.Requires), foldAll(t.Context.Excludes)
	return nil
}

func foldAll(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, Fold(w))
	}
	return out
}

func known(s Standing) bool { return s == Draft || s == Approved || s == Deprecated }

// langKey is what entries of a language are filed under: its base, except that
// Chinese in traditional characters is a language of its own.
func langKey(tag language.Tag) string {
	base, _ := tag.Base()
	if base.String() == "zh" {
		if script, _ := tag.Script(); script.String() == "Hant" {
			return "zh-Hant"
		}
	}
	return base.String()
}

// Version names the glossary's content: it changes with any change in any file.
func (b *Book) Version() string { return b.version }

// Terms are all entries, in the files' order.
func (b *Book) Terms() []*Term { return slices.Clone(b.terms) }

// Sentences are all whole sentences that are entries of their own, in the files'
// order.
func (b *Book) Sentences() []Phrase { return slices.Clone(b.phrases) }

// Term finds an entry by id.
func (b *Book) Term(id string) (*Term, bool) {
	for _, t := range b.terms {
		if t.ID == id {
			return t, true
		}
	}
	return nil, false
}

// In is the term's wording in a language.
func (t *Term) In(lang language.Tag) (Wording, bool) {
	w, ok := t.byLang[langKey(lang)]
	return w, ok
}
