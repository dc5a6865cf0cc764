package glossary

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// WriteOptions say how entries are written.
type WriteOptions struct {
	Format Format
	// From and To are the direction of a list that has only one (DeepL).
	From, To language.Tag
	// On is the day on which such a list has to hold.
	On time.Time
}

// Write writes all entries of a glossary. It returns what the format cannot
// carry: nothing, except for DeepL's lists. A glossary that could not be read
// back is not written.
func Write(w io.Writer, b *Book, o WriteOptions) (left []Fault, err error) {
	rows := b.rows()
	var bad []error
	for _, r := range rows {
		for _, k := range r.keys() {
			if why := unfit(r[k]); why != "" {
				bad = append(bad, Fault{ID: strings.ToValidUTF8(r["id"], "?"), Field: strings.ToValidUTF8(k, "?"), Code: why})
			}
		}
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("export the glossary: %w", errors.Join(bad...))
	}
	switch o.Format {
	case TSV, CSV:
		err = writeDelimited(w, rows, o.Format)
	case XLSX:
		err = writeXLSX(w, rows)
	case TBX:
		err = writeTBX(w, rows)
	case DeepL:
		left, err = b.writeDeepL(w, o)
	case TOML:
		_, err = io.WriteString(w, tomlOf(rows))
	default:
		err = fmt.Errorf("format %q is unknown", o.Format)
	}
	if err != nil {
		return nil, fmt.Errorf("export the glossary: %w", err)
	}
	return left, nil
}

// rows are all entries, in the files' order.
func (b *Book) rows() []row {
	var out []row
	for _, t := range b.terms {
		out = append(out, t.row())
	}
	for i := range b.phrases {
		out = append(out, b.phrases[i].row())
	}
	return out
}

// tomlOf writes entries in the form of terms/*.toml, as a translator would: a
// line for each language.
func tomlOf(rows []row) string {
	var b strings.Builder
	for i, r := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		if Kind(r["kind"]) == sentence {
			tomlPhrase(&b, r)
		} else {
			tomlTerm(&b, r)
		}
	}
	return b.String()
}

func tomlTerm(b *strings.Builder, r row) {
	b.WriteString("[[term]]\n")
	for _, c := range columns {
		v := r[c]
		if v == "" {
			continue
		}
		switch c {
		case "version":
			fmt.Fprintf(b, "version = %s\n", v)
		case "money":
			b.WriteString("money = true\n")
		case "store", "platform":
			fmt.Fprintf(b, "scope.%s = %s\n", c, quoted(v))
		case "direction":
			fmt.Fprintf(b, "scope.direction = %s\n", quotedList(splitList(v)))
		case "requires", "excludes":
			fmt.Fprintf(b, "context.%s = %s\n", c, quotedList(splitList(v)))
		default:
			fmt.Fprintf(b, "%s = %s\n", c, quoted(v))
		}
	}
	for _, lang := range r.langs() {
		fmt.Fprintf(b, "langs.%s = { preferred = %s", lang, quoted(r[lang]))
		for _, a := range []string{"variants", "forbidden"} {
			if v := r[aspect(lang, a)]; v != "" {
				fmt.Fprintf(b, ", %s = %s", a, quotedList(splitList(v)))
			}
		}
		for _, a := range []string{"match", "status"} {
			if v := r[aspect(lang, a)]; v != "" {
				fmt.Fprintf(b, ", %s = %s", a, quoted(v))
			}
		}
		if r[aspect(lang, "case")] != "" {
			b.WriteString(", case = true")
		}
		b.WriteString(" }\n")
	}
}

func tomlPhrase(b *strings.Builder, r row) {
	b.WriteString("[[phrase]]\n")
	for _, c := range []string{"id", "who", "status", "review"} {
		if v := r[c]; v != "" {
			fmt.Fprintf(b, "%s = %s\n", c, quoted(v))
		}
	}
	if v := r["version"]; v != "" {
		fmt.Fprintf(b, "version = %s\n", v)
	}
	var approved []string
	for _, lang := range r.langs() {
		if r[aspect(lang, "status")] != "" {
			approved = append(approved, lang)
		}
	}
	if len(approved) > 0 {
		fmt.Fprintf(b, "approved = %s\n", quotedList(approved))
	}
	for _, lang := range r.langs() {
		if r[lang] != "" {
			fmt.Fprintf(b, "langs.%s = %s\n", lang, quotedList(append([]string{r[lang]}, splitList(r[aspect(lang, "variants")])...)))
		}
	}
	for _, lang := range r.langs() {
		if v := r[aspect(lang, "one")]; v != "" {
			fmt.Fprintf(b, "one.%s = %s\n", lang, quotedList(splitList(v)))
		}
	}
}

// quoted is a TOML string. The values have no control characters but these two.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

func quotedList(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quoted(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}
