package glossary

import "slices"

// Change is an entry that is not alike in two glossaries.
type Change struct {
	ID string
	// Kind is "added", "removed" or "changed".
	Kind string
	// Fields are what changed, in the order of the columns of exchanged files.
	Fields []FieldChange
}

// FieldChange is a field before and after, as it stands in exchanged files;
// empty where there was none.
type FieldChange struct{ Field, Before, After string }

// Diff tells what it takes to make b of a: entries removed or changed in a's
// order, then those added in b's.
func Diff(a, b *Book) []Change {
	before, after := a.rows(), b.rows()
	index := func(rows []row) map[string]row {
		m := make(map[string]row, len(rows))
		for _, r := range rows {
			m[r["id"]] = r
		}
		return m
	}
	then, now := index(before), index(after)
	var out []Change
	for _, r := range before {
		n, ok := now[r["id"]]
		if !ok {
			out = append(out, Change{ID: r["id"], Kind: "removed"})
			continue
		}
		if f := fields(r, n); len(f) > 0 {
			out = append(out, Change{ID: r["id"], Kind: "changed", Fields: f})
		}
	}
	for _, r := range after {
		if _, ok := then[r["id"]]; !ok {
			out = append(out, Change{ID: r["id"], Kind: "added"})
		}
	}
	return out
}

func fields(a, b row) []FieldChange {
	names := slices.Clone(columns)
	langs := append(a.langs(), b.langs()...)
	slices.Sort(langs)
	for _, lang := range slices.Compact(langs) {
		for _, x := range aspects {
			names = append(names, aspect(lang, x))
		}
	}
	var out []FieldChange
	for _, n := range names {
		if a[n] != b[n] {
			out = append(out, FieldChange{n, a[n], b[n]})
		}
	}
	return out
}
