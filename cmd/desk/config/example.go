package config

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
)

// Example is the example file, made from the declaration. Words begin with "# "
// and settings with "#" alone, so that a setting is switched on by taking its
// first character away.
func Example() []byte {
	var b bytes.Buffer
	b.WriteString(`# Configuration of HelloWorld Desk: desk.toml
#
# A setting that is left out, or empty, has its default. To set one, take away
# the # before it. desk init writes a first file by asking.
#
# Secrets do not stand here but in environment variables; their names are below.
# NAME_FILE may name a file that holds the secret instead of NAME.
`)
	for _, s := range sections() {
		exampleSection(&b, s)
	}
	return b.Bytes()
}

func exampleSection(b *bytes.Buffer, s sectionDecl) {
	fmt.Fprintf(b, "\n# %s\n", s.help)
	if s.many || strings.Contains(s.head, ".") {
		b.WriteByte('#')
	}
	b.WriteString(s.header() + "\n")
	var last []reflect.StructField
	for i := range s.item.NumField() {
		f := s.item.Field(i)
		switch {
		case f.Tag.Get("env") != "":
			fmt.Fprintf(b, "\n# Variable %s: %s%s\n", f.Tag.Get("env"), f.Tag.Get("help"), needWord(f.Tag))
		case f.Type.Kind() == reflect.Map:
			last = append(last, f) // a table of its own: what follows would be in it
		case f.Type.Kind() != reflect.Pointer:
			fmt.Fprintf(b, "\n# %s%s\n#%s = %s\n", f.Tag.Get("help"), allowed(f), f.Tag.Get("toml"), sample(f))
		}
	}
	if strings.Contains(b.String(), "{ID}") && s.many && len(envFields(s.item)) > 0 {
		fmt.Fprintf(b, "\n# {ID} is the %s in capitals, with _ for -.\n", idKey(s.item))
	}
	for _, f := range last {
		fmt.Fprintf(b, "\n# %s\n#[%s.%s]\n", f.Tag.Get("help"), s.head, f.Tag.Get("toml"))
		key, value, _ := strings.Cut(f.Tag.Get("eg"), "=")
		fmt.Fprintf(b, "#%s = %s\n", key, quote(value))
	}
}

// idKey is the key of an item's id.
func idKey(t reflect.Type) string {
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("form") == "id" {
			return f.Tag.Get("toml")
		}
	}
	return "id"
}

// needWord says when a setting is needed.
func needWord(tag reflect.StructTag) string {
	need := tag.Get("need")
	_, only, isOnly := strings.Cut(need, "=")
	switch {
	case need == "always":
		return " Needed."
	case isOnly:
		return " Needed for " + strings.ReplaceAll(only, "|", ", ") + "."
	case need != "":
		return " Needed when " + need + "."
	}
	return ""
}

// allowed says what a setting may be.
func allowed(f reflect.StructField) string {
	var out string
	if e := enumOf(f.Tag); len(e) > 0 {
		of := " One of "
		if f.Type.Kind() == reflect.Slice {
			of = " Any of "
		}
		out = of + strings.Join(e, ", ") + "."
	}
	if lo, hi := f.Tag.Get("min"), f.Tag.Get("max"); hi != "" {
		out += " From " + lo + " to " + hi + "."
	}
	if d, ok := f.Tag.Lookup("default"); ok {
		out += " Default: " + d
	} else if f.Type.Kind() == reflect.Bool {
		out += " Default: false"
	}
	return out + needWord(f.Tag)
}

// sample is a value that shows how a setting is written: its default, or the
// declaration's example.
func sample(f reflect.StructField) string {
	v, ok := f.Tag.Lookup("default")
	if !ok {
		v = f.Tag.Get("eg")
	}
	switch f.Type.Kind() {
	case reflect.Int, reflect.Bool:
		return v
	case reflect.Slice:
		return quoteAll(strings.Split(v, ","))
	}
	return quote(v)
}

// quote writes a text as TOML does.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func quoteAll(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}
