package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"helloworld/i18n"
)

// deeds are the code of a package that writes the audit log, to be asked what
// the deeds are called there.
type deeds struct {
	t     *testing.T
	funcs []*ast.FuncDecl
	// consts are its texts: those of a type, and by their own names.
	consts map[string][]string
	values map[string]string
	keys   map[string][]string
}

// deedTails are what a deed that is put together may end with: the constants of a
// type, those whose names begin so, or the keys of a table.
var deedTails = map[string]string{"refund.": "RefundState", "batch.": "ChunkState", "term.": "TermState", "reply.": "Draft", "template.": "Draft",
	"refund.return_": "return", "refund.stock_": "stock", "people.": "staffVerbs"}

// unwritten are states that no line of the log is about.
var unwritten = []string{"batch.running", "reply.draft", "reply.sending", "reply.cancelled", "template.draft", "template.sending", "refund.stock_open"}

func readDeeds(t *testing.T, dir string) *deeds {
	t.Helper()
	d := &deeds{t: t, consts: map[string][]string{}, values: map[string]string{}, keys: map[string][]string{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var specs []*ast.ValueSpec
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch x := decl.(type) {
			case *ast.FuncDecl:
				d.funcs = append(d.funcs, x)
			case *ast.GenDecl:
				for _, s := range x.Specs {
					if v, ok := s.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
						specs = append(specs, v)
					}
				}
			}
		}
	}
	for range 2 { // a constant may be another's
		for _, v := range specs {
			for i, name := range v.Names {
				d.note(name.Name, v.Type, v.Values[i])
			}
		}
	}
	return d
}

func (d *deeds) note(name string, kind, value ast.Expr) {
	if table, ok := value.(*ast.CompositeLit); ok {
		for _, e := range table.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if s, ok := d.text(kv.Key); ok {
					d.keys[name] = append(d.keys[name], s)
				}
			}
		}
		return
	}
	if s, ok := d.text(value); ok {
		d.values[name] = s
		if t, ok := kind.(*ast.Ident); ok {
			d.consts[t.Name] = append(d.consts[t.Name], s)
		}
	}
}

func (d *deeds) text(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(x.Value)
		return s, err == nil && x.Kind == token.STRING
	case *ast.Ident:
		s, ok := d.values[x.Name]
		return s, ok
	}
	return "", false
}

// tails are the texts that a name in deedTails stands for.
func (d *deeds) tails(of string) []string {
	out := append(slices.Clone(d.consts[of]), d.keys[of]...)
	if of == "" || len(out) > 0 {
		return out
	}
	for name, s := range d.values {
		if rest, ok := strings.CutPrefix(name, of); ok && rest != "" && unicode.IsUpper(rune(rest[0])) {
			out = append(out, s)
		}
	}
	return out
}

// calls gives fn every call of a function or method in the package.
func (d *deeds) calls(is func(*ast.CallExpr) bool, fn func(*ast.FuncDecl, *ast.CallExpr)) {
	for _, in := range d.funcs {
		ast.Inspect(in, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && is(c) {
				fn(in, c)
			}
			return true
		})
	}
}

// of are the deeds that an expression in a function may be.
func (d *deeds) of(in *ast.FuncDecl, x ast.Expr) (out []string) {
	if s, ok := d.text(x); ok {
		return []string{s}
	}
	switch x := x.(type) {
	case *ast.BinaryExpr:
		begin, _ := d.text(x.X)
		for _, s := range d.tails(deedTails[begin]) {
			out = append(out, begin+s)
		}
	case *ast.CallExpr: // string(what)
		if len(x.Args) == 1 {
			return d.of(in, x.Args[0])
		}
	case *ast.Ident:
		ast.Inspect(in, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == len(a.Rhs) {
				for i, l := range a.Lhs {
					if id, ok := l.(*ast.Ident); ok && id.Name == x.Name {
						out = append(out, d.of(in, a.Rhs[i])...)
					}
				}
			}
			return true
		})
		at := 0
		for _, f := range in.Type.Params.List {
			for _, name := range f.Names {
				if name.Name == x.Name {
					d.calls(func(c *ast.CallExpr) bool { return called(c) == in.Name.Name && len(c.Args) > at },
						func(from *ast.FuncDecl, c *ast.CallExpr) { out = append(out, d.of(from, c.Args[at])...) })
				}
				at++
			}
		}
	}
	return out
}

func called(c *ast.CallExpr) string {
	if s, ok := c.Fun.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

// toAudit: x.Audit.Append(tx, who, what, …).
func toAudit(c *ast.CallExpr) bool {
	s, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Append" || len(c.Args) < 5 {
		return false
	}
	at, ok := s.X.(*ast.SelectorExpr)
	return ok && at.Sel.Name == "Audit"
}

// TestEveryDeedHasWords: whatever the code writes into the audit log is told in
// words by desk audit show.
func TestEveryDeedHasWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	if err := filepath.WalkDir("../..", func(dir string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		d := readDeeds(t, dir)
		d.calls(toAudit, func(in *ast.FuncDecl, c *ast.CallExpr) {
			found := d.of(in, c.Args[2])
			if len(found) == 0 {
				t.Errorf("%s: %s writes a deed that is not known here", dir, in.Name.Name)
			}
			for _, s := range found {
				seen[s] = true
			}
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"refund.asked_back", "refund.stock_done", "reply.auto", "term.approved", "batch.vote_no", "stepup.pin_set", "people.disable"} {
		if !seen[s] {
			t.Errorf("%s was not found in the code", s)
		}
	}
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		for s := range seen {
			if !slices.Contains(unwritten, s) && deedText(p, s) == s {
				t.Errorf("%s has no words in %s", s, tag)
			}
		}
	}
}
