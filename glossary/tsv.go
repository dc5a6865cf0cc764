package glossary

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// guards are what a spreadsheet takes for the beginning of a formula, in either
// width; the last is the guard itself.
const guards = "=+-@\t\r＝＋－＠'"

// guarded puts an apostrophe before a cell that a spreadsheet would work out.
func guarded(s string) string {
	if s != "" && strings.ContainsAny(firstOf(s), guards) {
		return "'" + s
	}
	return s
}

// unguarded takes it away again.
func unguarded(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && rest != "" && strings.ContainsAny(firstOf(rest), guards) {
		return rest
	}
	return s
}

func firstOf(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

func comma(f Format) rune {
	if f == TSV {
		return '\t'
	}
	return ','
}

// delimited reads TSV and CSV.
func (in *reading) delimited(data []byte) {
	data, ok := in.text(data)
	if !ok {
		return
	}
	c := csv.NewReader(bytes.NewReader(data))
	c.Comma, c.FieldsPerRecord = comma(in.options.Format), -1
	t := table{in: in, strict: true}
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			f := Fault{Code: "quotes"}
			if at := (*csv.ParseError)(nil); errors.As(err, &at) {
				f.Line, f.Column = at.StartLine, 0
				if at.Line == at.StartLine {
					f.Column = columnAt(data, at.Line, at.Column, c.Comma)
				}
			}
			in.fault(f)
			continue
		}
		line, _ := c.FieldPos(0)
		t.row(line, cells)
	}
	t.done()
}

// columnAt tells in which column a byte of a line is; the reader counts bytes.
func columnAt(data []byte, line, at int, comma rune) int {
	for ; line > 1; line-- {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return 0
		}
		data = data[i+1:]
	}
	return 1 + bytes.Count(data[:min(max(at-1, 0), len(data))], []byte(string(comma)))
}

// table reads rows of cells below a header.
type table struct {
	in *reading
	// strict: a row has as many cells as the header.
	strict bool
	header []string
	// simple: the layout without standing and variants, in which a value with a
	// slash is two, and which of them is meant is for a person to say.
	simple bool
}

func (t *table) row(line int, cells []string) {
	if !slices.ContainsFunc(cells, func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return
	}
	if t.header == nil {
		t.head(line, cells)
		return
	}
	n := len(t.header)
	for len(cells) > n && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	id := ""
	if i := slices.Index(t.header, "id"); i >= 0 && i < len(cells) {
		id = cells[i]
	}
	if len(cells) > n || t.strict && len(cells) < n {
		t.in.fault(Fault{Line: line, Column: min(len(cells), n) + 1, ID: id, Code: "cells", What: count(len(cells)) + "/" + count(n)})
		return
	}
	r, good := row{}, true
	for i, cell := range cells {
		name := t.header[i]
		if name == "" {
			continue // the header's fault was told
		}
		cell = unguarded(cell)
		if t.simple {
			cell = strings.TrimSpace(cell)
			if lang, _, ok := splitColumn(name); ok && lang != "" && strings.ContainsAny(cell, "/／") {
				t.in.fault(Fault{Line: line, Column: i + 1, Field: name, ID: id, Code: "ambiguous", What: cell})
				good = false
			}
		}
		r.put(name, cell)
	}
	if t.simple {
		t.tidy(r)
	}
	if good {
		t.in.add(r, line, func(column string) int { return slices.Index(t.header, column) + 1 })
	}
}

// tidy makes a row of the simple layout one of the full: its only list is a
// single value, which may have any letter.
func (t *table) tidy(r row) {
	for _, lang := range r.langs() {
		if c := aspect(lang, "forbidden"); r[c] != "" {
			r[c] = joinList([]string{r[c]})
		}
	}
	if r["version"] == "" {
		r["version"] = "1"
	}
}

func (t *table) head(line int, cells []string) {
	t.header = make([]string, len(cells))
	languages := 0
	t.simple = true
	for i, name := range cells {
		name = strings.TrimSpace(unguarded(name))
		lang, asp, ok := splitColumn(name)
		switch {
		case unfit(name) != "" || !ok:
			t.in.fault(Fault{Line: line, Column: i + 1, Field: strings.ToValidUTF8(name, "?"), Code: "column", What: strings.ToValidUTF8(name, "?")})
			continue
		case slices.Contains(t.header[:i], name):
			t.in.fault(Fault{Line: line, Column: i + 1, Field: name, Code: "column_twice", What: name})
			continue
		case lang != "" && asp == "":
			languages++
		}
		if name == "status" || asp == "variants" {
			t.simple = false
		}
		t.header[i] = name
	}
	if !slices.Contains(t.header, "id") || languages < 2 {
		t.in.fault(Fault{Line: line, Code: "header"})
	}
}

func (t *table) done() {
	if t.header == nil {
		t.in.fault(Fault{Code: "empty"})
	}
}

// cellsOf are the entries as a table, the header first. Columns that nothing is
// in are left out, except those that tell the layout.
func cellsOf(rows []row) [][]string {
	used := map[string]bool{"id": true, "kind": true, "status": true, "version": true}
	langs := row{}
	for _, r := range rows {
		for k := range r {
			used[k] = true
			if lang, _, ok := splitColumn(k); ok && lang != "" {
				langs[lang] = lang
			}
		}
	}
	var header []string
	for _, c := range columns {
		if used[c] {
			header = append(header, c)
		}
	}
	for _, lang := range langs.keys() {
		for _, a := range aspects {
			if c := aspect(lang, a); used[c] || a == "" {
				header = append(header, c)
			}
		}
	}
	out := [][]string{header}
	for _, r := range rows {
		cells := make([]string, len(header))
		for i, c := range header {
			cells[i] = guarded(r[c])
		}
		out = append(out, cells)
	}
	return out
}

func writeDelimited(w io.Writer, rows []row, f Format) error {
	c := csv.NewWriter(w)
	c.Comma = comma(f)
	return c.WriteAll(cellsOf(rows))
}
