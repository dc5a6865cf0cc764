package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
)

// reader reads a tree into the declaration and keeps what is wrong.
type reader struct {
	file     string
	getenv   func(string) string
	problems Problems
	// lines are where settings stand, for the rules that look at several.
	lines map[string]int
	// hidden are the secrets met, which no message may repeat.
	hidden []string
}

func (r *reader) problem(line int, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Key: key, What: fmt.Sprintf(format, args...)})
}

// place is a section of the file as it is read.
type place struct {
	path string
	// id is the id of the item, which the names of its variables contain. Items
	// without a usable one have no variables.
	id string
}

// root reads the whole file.
func (r *reader) root(c *Config, n *node) {
	v := reflect.ValueOf(c).Elem()
	setDefaults(v)
	r.keys(v, n, place{})
	// Sections that are not in the file may have secrets all the same.
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() == reflect.Struct && n.kids[f.Tag.Get("toml")] == nil {
			r.secrets(v.Field(i), 0, place{path: f.Tag.Get("toml")})
		}
	}
}

// section reads one table with all that belongs to it.
func (r *reader) section(v reflect.Value, n *node, p place) {
	setDefaults(v)
	if p.id == "" {
		p.id = idOf(v.Type(), n)
	}
	r.lines[p.path] = n.line
	r.keys(v, n, p)
	r.needed(v, n, p)
	r.secrets(v, n.line, p)
}

// idOf is the id that an item gives itself; empty when it is no id.
func idOf(t reflect.Type, n *node) string {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("form") != "id" {
			continue
		}
		if kid := n.kids[f.Tag.Get("toml")]; kid != nil && kid.kind == text && forms["id"].ok(kid.text) {
			return kid.text
		}
	}
	return ""
}

// keys reads every key of a table.
func (r *reader) keys(v reflect.Value, n *node, p place) {
	t := v.Type()
	for _, key := range n.keys {
		kid := n.kids[key]
		i := fieldOf(t, key)
		if i < 0 {
			r.unknown(t, key, kid, p)
			continue
		}
		path := key
		if p.path != "" {
			path = p.path + "." + key
		}
		r.lines[path] = kid.line
		r.value(v.Field(i), t.Field(i), kid, path, p)
	}
}

func fieldOf(t reflect.Type, key string) int {
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("toml"); name == key && name != "-" {
			return i
		}
	}
	return -1
}

// unknown says what to do about a key that is not declared.
func (r *reader) unknown(t reflect.Type, key string, n *node, p place) {
	path := showKey(key)
	if p.path != "" {
		path = p.path + "." + path
	}
	value := n.kind != table && n.kind != list
	if own := ownSecret(t, key, p.id); value && len(own) > 0 {
		r.notHere(n, path, own)
		return
	}
	var names []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("toml"); name != "-" {
			names = append(names, name)
		}
	}
	word := "key"
	if n.kind == table || n.headed {
		word = "section"
	}
	if near := nearest(key, names); near != "" {
		r.problem(n.line, path, "unknown %s; did you mean %q?", word, near)
		return
	}
	if variables, is := someSecret(t, key, p.id); value && is {
		r.notHere(n, path, variables)
		return
	}
	var homes []string
	for _, s := range sections() {
		if fieldOf(s.item, key) >= 0 {
			homes = append(homes, s.header())
		}
	}
	if len(homes) > 0 && len(homes) <= 2 && n.kind != table {
		r.problem(n.line, path, "unknown %s here; it belongs in %s", word, strings.Join(homes, " or "))
		return
	}
	r.problem(n.line, path, "unknown %s; there are %s", word, strings.Join(names, ", "))
}

func (s sectionDecl) header() string {
	if s.many {
		return "[[" + s.head + "]]"
	}
	return "[" + s.head + "]"
}

func (r *reader) notHere(n *node, path string, variables []string) {
	r.hide(n.text)
	what := "secrets do not stand in this file"
	if len(variables) > 0 {
		what += "; set the variable " + strings.Join(variables, " or ") + " instead"
	}
	r.problem(n.line, path, "%s", what)
}

// nearest is the word that was probably meant; empty when none is near.
func nearest(got string, words []string) string {
	if len(got) > 2*longest {
		return "" // nobody means this, and the distance costs its square
	}
	best, least := "", 1+min(3, max(1, len(got)/3))
	for _, w := range words {
		if d := levenshtein.ComputeDistance(strings.ToLower(got), w); d < least {
			best, least = w, d
		}
	}
	return best
}

// value reads one value into its field.
func (r *reader) value(v reflect.Value, f reflect.StructField, n *node, path string, p place) {
	tag := f.Tag
	if _, ok := v.Interface().(Duration); ok {
		r.span(v, tag, n, path)
		return
	}
	switch v.Kind() {
	case reflect.String:
		if !r.is(n, text, path) || n.text == "" {
			return
		}
		if r.fits(n, tag, path) {
			v.SetString(n.text)
		} else {
			v.SetZero() // the default is not what was meant, and nothing more is asked for its sake
		}
	case reflect.Int:
		r.number(v, tag, n, path)
	case reflect.Bool:
		if r.is(n, truth, path) {
			v.SetBool(n.text == "true")
		}
	case reflect.Slice:
		if f.Type.Elem().Kind() == reflect.Struct {
			r.items(v, n, path)
			return
		}
		if !r.is(n, list, path) {
			return
		}
		for i, item := range n.items {
			if at := fmt.Sprintf("%s[%d]", path, i+1); r.is(item, text, at) && r.fits(item, tag, at) {
				v.Set(reflect.Append(v, reflect.ValueOf(item.text)))
			}
		}
	case reflect.Map:
		r.options(v, n, path, p)
	case reflect.Pointer:
		if r.is(n, table, path) {
			v.Set(reflect.New(f.Type.Elem()))
			r.section(v.Elem(), n, place{path: path, id: p.id})
		}
	case reflect.Struct:
		if r.is(n, table, path) {
			r.section(v, n, place{path: path})
		}
	}
}

// items reads [[header]] tables.
func (r *reader) items(v reflect.Value, n *node, path string) {
	if n.kind == table {
		r.problem(n.line, path, "one of several; write [[%s]] with two brackets", path)
		return
	}
	if !r.is(n, list, path) {
		return
	}
	for i, item := range n.items {
		at := fmt.Sprintf("%s[%d]", path, i+1)
		x := reflect.New(v.Type().Elem()).Elem()
		if r.is(item, table, at) {
			r.section(x, item, place{path: at})
		}
		v.Set(reflect.Append(v, x))
	}
}

// aDay: a value like 2026-05-30.
func aDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// options reads settings whose names only an adapter knows.
func (r *reader) options(v reflect.Value, n *node, path string, p place) {
	if !r.is(n, table, path) {
		return
	}
	out := map[string]string{}
	for _, key := range n.keys {
		kid, at := n.kids[key], path+"."+showKey(key)
		r.lines[at] = kid.line
		// "secret_rotated" holds a day, which is no secret.
		if variables, is := someSecret(reflect.TypeFor[Store](), key, p.id); is && !aDay(kid.text) {
			if own := ownSecret(reflect.TypeFor[Store](), key, p.id); len(own) > 0 {
				variables = own
			}
			r.notHere(kid, at, variables)
			continue
		}
		if r.is(kid, text, at) && r.fits(kid, "", at) {
			out[key] = kid.text
		}
	}
	v.Set(reflect.ValueOf(out))
}

// is tells whether a value is of a kind, and complains if not.
func (r *reader) is(n *node, want kind, path string) bool {
	if n.kind == want {
		return true
	}
	what := fmt.Sprintf("expected %s, not %s", want, n.kind)
	key := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case n.headed && want == table:
		what = fmt.Sprintf("there is only one; write [%s] with one bracket", path)
	case strings.Contains(key, "["): // one of a list; its line says it all
	case want == text && (n.kind == whole || n.kind == real || n.kind == truth || n.kind == moment) && len(n.text) <= longest:
		what += fmt.Sprintf("; write %s = %q", key, n.text)
	case want == list && n.kind == text && show(n.text)[0] == '"':
		what += fmt.Sprintf("; write %s = [%s]", key, show(n.text))
	case want == whole && n.kind == text, want == truth && n.kind == text && (n.text == "true" || n.text == "false"):
		what = fmt.Sprintf("expected %s without quotes", want)
	}
	r.problem(n.line, path, "%s", what)
	return false
}

// fits tells whether a text is what its key allows.
func (r *reader) fits(n *node, tag reflect.StructTag, path string) bool {
	if looksSecret(n.text) && tag.Get("form") != "url" {
		r.hide(n.text)
		r.problem(n.line, path, "the value looks like a secret; secrets do not stand in this file but in variables, and this one should be renewed")
		return false
	}
	if what := complaint(n.text, tag.Get("form"), enumOf(tag)); what != "" {
		r.problem(n.line, path, "%s", what)
		return false
	}
	return true
}

func enumOf(tag reflect.StructTag) []string {
	if e := tag.Get("enum"); e != "" {
		return strings.Split(e, ",")
	}
	return nil
}

func (r *reader) number(v reflect.Value, tag reflect.StructTag, n *node, path string) {
	if !r.is(n, whole, path) {
		return
	}
	x, err := strconv.ParseInt(strings.ReplaceAll(n.text, "_", ""), 0, 64)
	least, most := tag.Get("min"), tag.Get("max")
	lo, _ := strconv.ParseInt(least, 10, 64)
	hi, _ := strconv.ParseInt(most, 10, 64)
	if err != nil || least != "" && x < lo || most != "" && x > hi {
		want := "between " + least + " and " + most
		switch {
		case most == "" && least == "":
			want = "a number that small"
		case most == "":
			want = least + " or more"
		}
		r.problem(n.line, path, "%s is not %s", strings.Trim(show(n.text), `"`), want)
		return
	}
	v.SetInt(x)
}

func (r *reader) span(v reflect.Value, tag reflect.StructTag, n *node, path string) {
	if n.kind == whole || n.kind == real {
		r.problem(n.line, path, "expected a time span with its unit, for example %q, %q, %q", "90s", "15m", "24h")
		return
	}
	if !r.is(n, text, path) || n.text == "" {
		return
	}
	d, err := time.ParseDuration(n.text)
	if err != nil {
		r.problem(n.line, path, "%s is not a time span; expected for example %q", show(n.text), "15m")
		return
	}
	if least, err := time.ParseDuration(tag.Get("min")); err == nil && d < least {
		r.problem(n.line, path, "%s is too short; expected more than 0, for example %q", show(n.text), "15m")
		return
	}
	v.SetInt(int64(d))
}

// wants tells whether a need holds in a section: "always", "on",
// "platform=amazon", "kind=deepl|azure".
func wants(need string, v reflect.Value) bool {
	if need == "always" {
		return true
	}
	key, value, ok := strings.Cut(need, "=")
	i := fieldOf(v.Type(), key)
	switch {
	case need == "" || i < 0:
		return false
	case ok:
		return slices.Contains(strings.Split(value, "|"), v.Field(i).String())
	}
	return v.Field(i).Kind() == reflect.Bool && v.Field(i).Bool()
}

// needed complains about settings that are missing or empty.
func (r *reader) needed(v reflect.Value, n *node, p place) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := f.Tag.Get("toml")
		if f.Tag.Get("env") != "" || !wants(f.Tag.Get("need"), v) || !v.Field(i).IsZero() {
			continue
		}
		kid, line, how := n.kids[key], n.line, "is missing"
		if kid != nil {
			if kid.kind != text || kid.text != "" {
				continue // what is wrong with it was said
			}
			line, how = kid.line, "is empty"
		}
		if key, _, ok := strings.Cut(f.Tag.Get("need"), "="); ok {
			how += ", and " + v.Field(fieldOf(v.Type(), key)).String() + " needs it"
		}
		if eg := f.Tag.Get("eg"); eg != "" {
			how += fmt.Sprintf("; expected for example %s = %q", key, eg)
		}
		if e := enumOf(f.Tag); len(e) > 0 {
			how += ", one of " + strings.Join(e, ", ")
		}
		r.problem(line, p.path+"."+key, "%s (%s)", how, strings.TrimSuffix(f.Tag.Get("help"), "."))
	}
}

// secrets reads a section's secrets from the environment.
func (r *reader) secrets(v reflect.Value, line int, p place) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag := f.Tag.Get("env")
		if tag == "" || p.id == "" && strings.Contains(tag, "{ID}") {
			continue
		}
		name := variable(tag, p.id)
		value, err := r.secret(name)
		if err == nil && value == "" && wants(f.Tag.Get("need"), v) {
			err = fmt.Errorf("the variable %s is not set (%s)", name, strings.TrimSuffix(f.Tag.Get("help"), "."))
		}
		if err != nil {
			r.problem(line, p.path, "%v", err)
			continue
		}
		r.hide(value)
		v.Field(i).SetString(value)
	}
}

// hide keeps a secret out of every message. Short ones are left: to hide "a"
// would hide half of each message, and tell that it is one.
func (r *reader) hide(s string) {
	if len(s) >= 6 && !slices.Contains(r.hidden, s) {
		r.hidden = append(r.hidden, s)
	}
}

// done are the problems in the order of lines, without secrets.
func (r *reader) done() Problems {
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
	for i := range r.problems {
		for _, s := range r.hidden {
			p := &r.problems[i]
			p.Key, p.What = strings.ReplaceAll(p.Key, s, "•••"), strings.ReplaceAll(p.What, s, "•••")
		}
	}
	return r.problems
}
