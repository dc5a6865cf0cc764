package glossary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"
)

// Format is a kind of file that entries are exchanged in.
type Format string

// The formats.
const (
	// TSV and CSV have a header with the names of fields; "de_variants" is about
	// German. See the package's documentation.
	TSV  Format = "tsv"
	CSV  Format = "csv"
	XLSX Format = "xlsx"
	// TBX is TermBase eXchange, version 3.
	TBX Format = "tbx"
	// DeepL is that engine's list of two words a line, in one direction.
	DeepL Format = "deepl"
	// TOML is what [Load] reads.
	TOML Format = "toml"
)

// Formats are all formats.
var Formats = []Format{TSV, CSV, XLSX, TBX, DeepL, TOML}

// FormatOf tells the format from a file's name; empty when it does not say.
func FormatOf(name string) Format {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		f := Format(strings.ToLower(name[i+1:]))
		if f != DeepL && slices.Contains(Formats, f) {
			return f
		}
	}
	return ""
}

// Fault is why a row, or a whole file, cannot be taken.
type Fault struct {
	// Line and Column count from 1; 0 when there is none to name.
	Line, Column int
	// Field is the column's name, ID the entry's.
	Field, ID string
	// Code says what is wrong, such as "ambiguous"; What shows it.
	Code, What string
}

// Error is the fault for a log.
func (f Fault) Error() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d", f.Line)
		if f.Column > 0 {
			fmt.Fprintf(&b, ", column %d", f.Column)
		}
		b.WriteString(": ")
	}
	for _, s := range []string{f.ID, f.Field} {
		if s != "" {
			b.WriteString(s + ": ")
		}
	}
	b.WriteString(f.Code)
	if f.What != "" && f.What != f.Field {
		fmt.Fprintf(&b, " (%s)", f.What)
	}
	return b.String()
}

// ReadOptions say how a file is read.
type ReadOptions struct {
	Format Format
	// From and To are the languages of a file that does not name them (DeepL).
	From, To language.Tag
	// GoodRows takes the rows that are good; otherwise one bad row keeps all out.
	GoodRows bool
	// Most is how many bytes are read; 0 means 32 MB.
	Most int64
}

// Import is what a file has.
type Import struct {
	Terms   []*Term
	Phrases []Phrase
	// Faults are all bad rows.
	Faults []Fault
}

// mostBytes is how large a file may be unless the caller says otherwise: a
// hundred times the shipped glossary.
const mostBytes = 32 << 20

// Read reads entries from a file that somebody else may have made. What is wrong
// with it is in the faults; an error is one of reading.
func Read(r io.Reader, o ReadOptions) (Import, error) {
	most := o.Most
	if most <= 0 {
		most = mostBytes
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return Import{}, fmt.Errorf("read the entries: %w", err)
	}
	in := &reading{options: o, seen: map[string]int{}}
	switch {
	case int64(len(data)) > most:
		in.fault(Fault{Code: "big", What: fmt.Sprintf("%d MB", most>>20)})
	case len(data) == 0:
		in.fault(Fault{Code: "empty"})
	case o.Format == TSV || o.Format == CSV:
		in.delimited(data)
	case o.Format == XLSX:
		in.xlsx(data)
	case o.Format == TBX:
		in.tbx(data)
	case o.Format == DeepL:
		in.deepl(data)
	case o.Format == TOML:
		in.toml(data)
	default:
		return Import{}, fmt.Errorf("format %q is unknown", o.Format)
	}
	if len(in.out.Faults) > 0 && !o.GoodRows {
		return Import{Faults: in.out.Faults}, nil
	}
	return in.out, nil
}

// reading is a file being read.
type reading struct {
	options ReadOptions
	out     Import
	seen    map[string]int // the line of each id
}

func (in *reading) fault(f Fault) { in.out.Faults = append(in.out.Faults, f) }

// add takes a row. at tells the column's number.
func (in *reading) add(r row, line int, at func(column string) int) {
	t, p := r.entry(func(column, code, what string) {
		in.fault(Fault{Line: line, Column: at(column), Field: column, ID: r["id"], Code: code, What: what})
	})
	if t == nil && p == nil {
		return
	}
	if first, ok := in.seen[r["id"]]; ok {
		in.fault(Fault{Line: line, Column: at("id"), Field: "id", ID: r["id"], Code: "duplicate", What: fmt.Sprint(first)})
		return
	}
	in.seen[r["id"]] = line
	if t != nil {
		in.out.Terms = append(in.out.Terms, t)
	} else {
		in.out.Phrases = append(in.out.Phrases, *p)
	}
}

// text drops the mark that some programs begin a text with. Text in UTF-16 says
// so by another mark.
func (in *reading) text(data []byte) ([]byte, bool) {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		in.fault(Fault{Line: 1, Code: "encoding", What: "UTF-16"})
		return nil, false
	}
	return bytes.TrimPrefix(data, []byte{0xEF, 0xBB, 0xBF}), true
}

// toml reads a file in the form of terms/*.toml.
func (in *reading) toml(data []byte) {
	data, ok := in.text(data)
	if !ok {
		return
	}
	f, err := decode(data)
	if err != nil {
		bad := Fault{Code: "toml", What: err.Error()}
		var at *toml.DecodeError
		if errors.As(err, &at) {
			bad.Line, bad.Column = at.Position()
		}
		in.fault(bad)
		return
	}
	none := func(string) int { return 0 }
	for _, t := range f.Term {
		in.add(t.row(), 0, none)
	}
	for _, p := range f.Phrase {
		in.add(p.row(), 0, none)
	}
}

// Book makes the entries a glossary of their own.
func (m *Import) Book() (*Book, error) {
	b, err := (&Book{}).With(m.Terms, m.Phrases)
	if err != nil {
		return nil, errors.Join(errors.New("the entries do not make a glossary"), err)
	}
	return b, nil
}
