package consoletest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"helloworld/bot/chat/console"
)

// People is a [console.Directory] in memory. Make it with [NewPeople].
type People struct {
	mu    sync.Mutex
	order []string
	byID  map[string]console.Person
	codes map[string]string
	next  int
}

// NewPeople makes a directory of these people.
func NewPeople(all ...console.Person) *People {
	p := &People{byID: map[string]console.Person{}, codes: map[string]string{}}
	for _, one := range all {
		p.order = append(p.order, one.ID)
		p.byID[one.ID] = one
	}
	return p
}

// Code makes the code of a one-time link: the link is /in/CODE.
func (p *People) Code(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	code := fmt.Sprintf("code-%s-%d", id, p.next)
	p.codes[code] = id
	return code
}

// Remove makes somebody unknown.
func (p *People) Remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byID, id)
}

// Redeem uses up a code.
func (p *People) Redeem(_ context.Context, code string) (console.Person, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := p.byID[p.codes[code]]
	delete(p.codes, code)
	return who, ok, nil
}

// Person finds somebody.
func (p *People) Person(_ context.Context, id string) (console.Person, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := p.byID[id]
	return who, ok, nil
}

// Demo lists everybody.
func (p *People) Demo(context.Context) ([]console.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []console.Person
	for _, id := range p.order {
		if who, ok := p.byID[id]; ok {
			out = append(out, who)
		}
	}
	return out, nil
}

// SetLanguage remembers a language.
func (p *People) SetLanguage(_ context.Context, id, lang string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := p.byID[id]
	if !ok {
		return errors.New("nobody has this id")
	}
	who.Lang = lang
	p.byID[id] = who
	return nil
}

// Catalogue is the desk's own catalogue, read from its files. Make it with [Words].
type Catalogue struct {
	langs []console.Language
	words map[string]map[string]string
}

// Words reads the console's words in English and Chinese.
func Words(t testing.TB) *Catalogue {
	t.Helper()
	c := &Catalogue{words: map[string]map[string]string{}}
	for _, l := range []console.Language{{Tag: "en", Name: "English"}, {Tag: "zh-CN", Name: "中文"}} {
		data, err := os.ReadFile(filepath.Join(root(t), "i18n", "locales", l.Tag, "console.toml"))
		if err != nil {
			t.Fatalf("the words of the console: %v", err)
		}
		var file struct{ Console map[string]string }
		if err := toml.Unmarshal(data, &file); err != nil {
			t.Fatalf("the words of the console in %s: %v", l.Tag, err)
		}
		c.langs = append(c.langs, l)
		c.words[l.Tag] = file.Console
	}
	return c
}

func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// Word says a key.
func (c *Catalogue) Word(lang, key string) string {
	if s, ok := c.words[lang][strings.TrimPrefix(key, "console.")]; ok {
		return s
	}
	return "[" + key + "]"
}

// Languages are English and Chinese.
func (c *Catalogue) Languages() []console.Language { return c.langs }

// Keys are all keys that the catalogue has in a language.
func (c *Catalogue) Keys(lang string) []string {
	var out []string
	for k := range c.words[lang] {
		out = append(out, "console."+k)
	}
	return out
}
