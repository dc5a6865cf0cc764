package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

func slots(m message) []string {
	seen := map[string]bool{}
	for _, pieces := range m.byForm {
		for _, p := range pieces {
			if p.name != "" {
				seen[p.name] = true
			}
		}
	}
	out := make([]string, 0, len(seen))
	for s := range seen {
		out = append(out, s)
	}
	sort.Strings(out)
	return out
}

func TestLanguagesSayTheSameThings(t *testing.T) {
	t.Parallel()
	all, err := catalogues()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 {
		t.Fatalf("%d languages", len(all))
	}
	first := all[0]
	for _, c := range all[1:] {
		for k := range c.messages {
			if _, ok := first.messages[k]; !ok {
				t.Errorf("%s has no %s", first.tag, k)
			}
		}
		for k, m := range first.messages {
			other, ok := c.messages[k]
			if !ok {
				t.Errorf("%s has no %s", c.tag, k)
				continue
			}
			if a, b := slots(m), slots(other); !slices.Equal(a, b) {
				t.Errorf("%s: slots %v in %s, %v in %s", k, a, first.tag, b, c.tag)
			}
			if m.plural != other.plural {
				t.Errorf("%s has plural forms in one language and not in the other", k)
			}
		}
	}
	for _, c := range all {
		need := map[string]bool{}
		for n := range int64(220) {
			f := form(c.tag, n)
			for name, x := range forms {
				if x == f {
					need[name] = true
				}
			}
		}
		for k, m := range c.messages {
			for f, s := range m.raw {
				if strings.TrimSpace(s) == "" {
					t.Errorf("%s: %s.%s is empty", c.tag, k, f)
				}
			}
			if !m.plural {
				continue
			}
			for f := range need {
				if _, ok := m.raw[f]; !ok {
					t.Errorf("%s: %s has no form for %s", c.tag, k, f)
				}
			}
		}
	}
}

var (
	hanRune    = `\p{Han}`
	badChinese = []struct {
		why string
		re  *regexp.Regexp
	}{
		{"half-width punctuation beside Chinese", regexp.MustCompile(hanRune + `[,;:?!()]|[,;:?!()]` + hanRune)},
		{"a half-width full stop after Chinese", regexp.MustCompile(hanRune + `\.`)},
		{"a straight quotation mark beside Chinese", regexp.MustCompile(hanRune + `["']|["']` + hanRune)},
		{"no space between Chinese and a letter or digit", regexp.MustCompile(hanRune + `[A-Za-z0-9]|[A-Za-z0-9]` + hanRune)},
		{"a space beside full-width punctuation", regexp.MustCompile(`[，。；：？！（）、「」“”] | [，。；：？！（）、」”]`)},
		{"a space between two Chinese characters", regexp.MustCompile(hanRune + ` +` + hanRune)},
		{"dots for an ellipsis", regexp.MustCompile(`\.\.\.`)},
		{"two spaces", regexp.MustCompile(`  `)},
	}
)

func TestChineseTypography(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"退款,谢谢", "退款。 谢谢", "订单1234", "请\"确认\"", "等等...", "退 款", "好."} {
		if !slices.ContainsFunc(badChinese, func(r struct {
			why string
			re  *regexp.Regexp
		}) bool {
			return r.re.MatchString(bad)
		}) {
			t.Fatalf("the rules do not see what is wrong with %q", bad)
		}
	}
	all, _ := catalogues()
	for _, c := range all {
		if base, _ := c.tag.Base(); base.String() != "zh" {
			continue
		}
		for k, m := range c.messages {
			for _, s := range m.raw {
				for _, r := range badChinese {
					if hit := r.re.FindString(s); hit != "" {
						t.Errorf("%s: %s at %q: %s", k, r.why, hit, s)
					}
				}
			}
		}
	}
}

func TestEnglishHasNoFullWidthPunctuation(t *testing.T) {
	t.Parallel()
	all, _ := catalogues()
	for _, c := range all {
		if c.tag.String() != "en" {
			continue
		}
		for k, m := range c.messages {
			for _, s := range m.raw {
				if i := strings.IndexFunc(s, func(r rune) bool {
					return unicode.Is(unicode.Han, r) || strings.ContainsRune("，。；：？！（）、", r)
				}); i >= 0 {
					t.Errorf("%s: %q", k, s)
				}
			}
		}
	}
}

var keyShape = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)

// use is a sentence asked for in the code.
type use struct {
	at   token.Position
	key  Key
	args []string // names of the arguments; nil when they cannot be read
}

// scan reads the whole module: sentences asked for by a literal, and every other
// literal, any of which may be a key or the beginning of one.
func scan(t *testing.T) (uses []use, literals map[string]bool) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(root) == root {
			t.Skip("no go.mod above the tests: the code cannot be read")
		}
		root = filepath.Dir(root)
	}
	literals = map[string]bool{}
	fset := token.NewFileSet()
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return nil // gone meanwhile
		}
		file, err := parser.ParseFile(fset, name, src, 0)
		if err != nil {
			return nil // the compiler will say it better
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					literals[s] = true
				}
			case *ast.CallExpr:
				uses = append(uses, asked(fset, n)...)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return uses, literals
}

// asked finds p.T("a.b", …), p.Has("a.b"), i18n.Key("a.b") and NewProblem(err, "a.b", …).
func asked(fset *token.FileSet, call *ast.CallExpr) []use {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.Ident:
		name = f.Name
	}
	at, says := 0, true
	switch name {
	case "T":
	case "NewProblem":
		at = 1
	case "Has", "Key":
		says = false
	default:
		return nil
	}
	if len(call.Args) <= at {
		return nil
	}
	key, ok := literal(call.Args[at])
	if !ok || !keyShape.MatchString(key) {
		return nil
	}
	u := use{at: fset.Position(call.Pos()), key: Key(key)}
	if says && !call.Ellipsis.IsValid() {
		u.args = []string{}
		for i := at + 1; i < len(call.Args); i += 2 {
			arg, ok := literal(call.Args[i])
			if !ok {
				u.args = nil
				break
			}
			u.args = append(u.args, arg)
		}
	}
	return []use{u}
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func TestCodeAndCatalogueAgree(t *testing.T) {
	t.Parallel()
	all, _ := catalogues()
	c := all[0]
	uses, literals := scan(t)
	for _, u := range uses {
		m, ok := c.messages[u.key]
		if !ok {
			t.Errorf("%s: no sentence %s", u.at, u.key)
			continue
		}
		if u.args == nil {
			continue
		}
		sort.Strings(u.args)
		for _, s := range slots(m) {
			if !slices.Contains(u.args, s) {
				t.Errorf("%s: %s is said without {%s}", u.at, u.key, s)
			}
		}
		for _, a := range u.args {
			if !slices.Contains(slots(m), a) && !(a == "n" && m.plural) {
				t.Errorf("%s: %s has no {%s}", u.at, u.key, a)
			}
		}
	}
	for k := range c.messages {
		if !isUsed(string(k), literals) {
			t.Errorf("nothing in the code says %s", k)
		}
	}
}

// isUsed: the code has the key, or a literal ending in a dot that begins it, to
// which something is added at run time.
func isUsed(key string, literals map[string]bool) bool {
	if literals[key] {
		return true
	}
	for i := range key {
		if key[i] == '.' && literals[key[:i+1]] {
			return true
		}
	}
	return false
}

func TestTheScanSeesUses(t *testing.T) {
	t.Parallel()
	src := `package x
func f(p P) { p.T("a.b", "who", 1); NewProblem(nil, "a.c", "n", 2); i18n.Key("a.d"); p.T(k); p.T("a.e", args...) }`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			for _, u := range asked(fset, call) {
				got = append(got, string(u.key)+"("+strings.Join(u.args, ",")+")")
			}
		}
		return true
	})
	if want := []string{"a.b(who)", "a.c(n)", "a.d()", "a.e()"}; !slices.Equal(got, want) {
		t.Errorf("saw %v, want %v", got, want)
	}
	if !isUsed("state.sent.x", map[string]bool{"state.": true}) || isUsed("state.x", map[string]bool{"stat": true}) {
		t.Error("prefixes are not told apart")
	}
}
