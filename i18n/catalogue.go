package i18n

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed locales/*/*.toml
var shipped embed.FS

// forms are the plural words of CLDR, as they are written in the files.
var forms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two,
	"few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// piece is literal text, or a slot when name is set.
type piece struct{ text, name string }

// message is one sentence in one language: a single form under plural.Other, or
// one for each plural form.
type message struct {
	byForm map[plural.Form][]piece
	raw    map[string]string
	plural bool
}

// catalogue is all sentences of one language.
type catalogue struct {
	tag      language.Tag
	messages map[Key]message
}

// catalogues are the shipped languages with zh-CN and en first, read once.
var catalogues = sync.OnceValues(func() ([]*catalogue, error) { return load(shipped) })

// load reads every language below locales. It returns what it could read along
// with everything that is wrong, so that one bad file costs only its own words.
func load(fsys fs.FS) ([]*catalogue, error) {
	files, err := fs.Glob(fsys, "locales/*/*.toml")
	if err != nil {
		return nil, fmt.Errorf("list the locales: %w", err)
	}
	sort.Strings(files)
	byLang := map[string]*catalogue{}
	var bad []error
	for _, file := range files {
		name := path.Base(path.Dir(file))
		c := byLang[name]
		if c == nil {
			tag, err := language.Parse(name)
			if err != nil {
				bad = append(bad, fmt.Errorf("%s: folder is not a language: %w", file, err))
				continue
			}
			c = &catalogue{tag: tag, messages: map[Key]message{}}
			byLang[name] = c
		}
		if err := c.add(fsys, file); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", file, err))
		}
	}
	names := make([]string, 0, len(byLang))
	for n := range byLang {
		names = append(names, n)
	}
	first := func(n string) int {
		switch n {
		case "zh-CN":
			return 0
		case "en":
			return 1
		}
		return 2
	}
	sort.Slice(names, func(i, j int) bool {
		if a, b := first(names[i]), first(names[j]); a != b {
			return a < b
		}
		return names[i] < names[j]
	})
	all := make([]*catalogue, 0, len(names))
	for _, n := range names {
		all = append(all, byLang[n])
	}
	return all, errors.Join(bad...)
}

func (c *catalogue) add(fsys fs.FS, file string) error {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return fmt.Errorf("not TOML: %w", err)
	}
	topic := strings.TrimSuffix(path.Base(file), ".toml")
	var bad []error
	for top := range tree {
		if top != topic {
			bad = append(bad, fmt.Errorf("[%s] does not belong here: the one top-level table is [%s]", top, topic))
		}
	}
	return errors.Join(append(bad, c.walk("", tree))...)
}

func (c *catalogue) walk(prefix string, tree map[string]any) error {
	var bad []error
	for name, v := range tree {
		key := name
		if prefix != "" {
			key = prefix + "." + name
		}
		var err error
		switch v := v.(type) {
		case string:
			err = c.put(Key(key), message{raw: map[string]string{"other": v}})
		case map[string]any:
			if raw, ok := pluralForms(v); ok {
				err = c.put(Key(key), message{raw: raw, plural: true})
			} else {
				err = c.walk(key, v)
			}
		default:
			err = fmt.Errorf("%s is neither a sentence nor a table", key)
		}
		bad = append(bad, err)
	}
	return errors.Join(bad...)
}

// pluralForms tells whether a table holds plural forms and nothing else.
func pluralForms(t map[string]any) (map[string]string, bool) {
	raw := map[string]string{}
	for k, v := range t {
		s, isText := v.(string)
		if _, isForm := forms[k]; !isForm || !isText {
			return nil, false
		}
		raw[k] = s
	}
	return raw, len(raw) > 0
}

func (c *catalogue) put(k Key, m message) error {
	if _, ok := c.messages[k]; ok {
		return fmt.Errorf("%s is there twice", k)
	}
	m.byForm = map[plural.Form][]piece{}
	for form, text := range m.raw {
		m.byForm[forms[form]] = split(text)
	}
	c.messages[k] = m
	return nil
}

// split cuts a sentence at its slots. A brace that does not enclose a slot name
// is an ordinary brace.
func split(s string) []piece {
	var out []piece
	lit := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '{' {
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			break
		}
		name := s[i+1 : i+end]
		if !slotName(name) {
			continue
		}
		if i > lit {
			out = append(out, piece{text: s[lit:i]})
		}
		out = append(out, piece{name: name})
		i += end
		lit = i + 1
	}
	if lit < len(s) {
		out = append(out, piece{text: s[lit:]})
	}
	return out
}

func slotName(s string) bool {
	for i, r := range s {
		if !(r >= 'a' && r <= 'z' || r == '_' || i > 0 && r >= '0' && r <= '9') {
			return false
		}
	}
	return s != ""
}

// form picks the plural form for a count in a language.
func form(tag language.Tag, n int64) plural.Form {
	if n < 0 {
		n = -n
	}
	// Only the last digits matter to any rule, and MatchPlural takes an int.
	if n >= 10_000_000 {
		n = n%1_000_000 + 1_000_000
	}
	return plural.Cardinal.MatchPlural(tag, int(n), 0, 0, 0, 0)
}
