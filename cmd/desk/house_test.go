package main

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "helloworld"

// floors are where a package lives; imports go down. A folder below a port is
// an adapter unless it stands here or in helpers.
var floors = map[string]int{
	"bot/store": 0, "bot/chat": 0, "connectors": 0, "connectors/tracking": 0, "i18n": 0, "glossary": 0,
	"bot/jobs": 1, "bot/audit": 1, "bot/people": 1, "bot/policy": 1, "bot/rates": 1, "bot/stepup": 1, "i18n/translate": 1,
	"bot/approvals": 2, "bot/alerts": 2, "bot/lint": 2, "bot/sync": 2,
	"bot": 3, "bot/board": 3,
	"commands": 4,
	"cmd/desk": 5, "cmd/desk/config": 5, "connectors/all": 5,
}

// ports are the folders whose subfolders are adapters.
var ports = []string{"connectors", "bot/chat", "i18n/translate"}

// helpers are test doubles and exams: who may import them, apart from tests, and
// what they may import. The value is the reason.
var helpers = map[string]struct {
	may    []string // what of ours it may import
	by     []string // which programs may import it
	reason string
}{
	"bot/chat/chattest":              {may: []string{"bot/chat"}, reason: "the exam for chats"},
	"bot/chat/console/consoletest":   {may: []string{"bot/chat/console"}, reason: "a browser for the console's tests"},
	"bot/chat/console/keeptest":      {may: []string{"bot/chat", "bot/chat/console"}, reason: "the exam for what keeps the console's posts"},
	"bot/chat/slack/slackfake":       {by: []string{"cmd/desk"}, reason: "a workspace for tests and `desk sandbox`"},
	"bot/chat/telegram/telegramfake": {by: []string{"cmd/desk"}, reason: "a Telegram for tests and `desk sandbox`"},
	"bot/store/storetest":            {may: []string{"bot/store"}, reason: "fresh databases for tests"},
	"connectors/conntest":            {may: []string{"connectors"}, reason: "the exam for shops"},
	"i18n/translate/enginetest":      {may: []string{"i18n/translate"}, reason: "the exam for engines"},
}

// roofs may name adapters.
var roofs = []string{"cmd/desk", "connectors/all"}

// pkg is a package as its files say, without build tags: what is imported on
// another system is imported.
type pkg struct {
	dir     string // from the module's root
	imports map[string]string
	docs    []string
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
		} else if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// tree calls f for every file that belongs to the project. It reads the files
// itself, instead of asking the go command, so that a cached result is thrown
// away whenever one of them changes.
func tree(t testing.TB, f func(name string, text []byte)) {
	t.Helper()
	top := root(t)
	skip := []string{".git", "bin", "data", "node_modules"}
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(skip, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() > 2<<20 {
			return nil // it has just gone, or is a program that somebody built
		}
		text, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an editor's file that has just gone
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, p)
		if err == nil {
			f(filepath.ToSlash(name), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// packages reads every package of the project, without its tests.
func packages(t testing.TB) []pkg {
	t.Helper()
	byDir := map[string]*pkg{}
	tree(t, func(name string, text []byte) {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "/testdata/") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		dir := path.Dir(name)
		p := byDir[dir]
		if p == nil {
			p = &pkg{dir: dir, imports: map[string]string{}}
			byDir[dir] = p
		}
		if file.Doc != nil {
			p.docs = append(p.docs, file.Doc.Text())
		}
		for _, im := range file.Imports {
			what, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if ours, ok := strings.CutPrefix(what, module+"/"); ok {
				p.imports[ours] = name
			}
		}
	})
	var out []pkg
	for _, p := range byDir {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b pkg) int { return strings.Compare(a.dir, b.dir) })
	return out
}

// portOf is the port that a folder is an adapter of.
func portOf(dir string) (port string, ok bool) {
	if _, known := floors[dir]; known {
		return "", false
	}
	for _, p := range ports {
		if strings.HasPrefix(dir, p+"/") {
			return p, true
		}
	}
	return "", false
}

// wrong says what is wrong with an import, or nothing.
func wrong(from, to string) string {
	if h, ok := helpers[to]; ok {
		if _, alsoHelper := helpers[from]; alsoHelper || slices.Contains(h.by, from) {
			return ""
		}
		return "is " + h.reason + " and has no place in the program"
	}
	if h, ok := helpers[from]; ok {
		if slices.Contains(h.may, to) {
			return ""
		}
		return "is none of the things that " + h.reason + " needs"
	}
	if port, ok := portOf(from); ok {
		if to == port {
			return ""
		}
		return "is not its port: an adapter imports " + port + " and nothing else of ours"
	}
	if port, ok := portOf(to); ok {
		if slices.Contains(roofs, from) {
			return ""
		}
		return "is an adapter of " + port + ": only " + strings.Join(roofs, " and ") + " name adapters"
	}
	if strings.HasPrefix(from, "bot/") && to == "bot" {
		return "is above it: bot/… never imports bot"
	}
	a, okFrom := floors[from]
	b, okTo := floors[to]
	switch {
	case !okFrom:
		return "cannot be judged: " + from + " stands on no floor"
	case !okTo:
		return "stands on no floor"
	case a == 0:
		return "is ours, and the lowest floor knows nothing of ours"
	case b > a || b == a && !slices.Contains(sideways, [2]string{from, to}):
		return fmt.Sprintf("is on floor %d, and imports go down from floor %d", b, a)
	}
	return ""
}

// sideways are the imports on one floor that are meant.
var sideways = [][2]string{
	{"cmd/desk", "cmd/desk/config"},       // the program's own part
	{"cmd/desk", "connectors/all"},        // the list of shops is the roof's
	{"cmd/desk/config", "connectors/all"}, // so that a new marketplace is one line there
}

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	n := 0
	for _, p := range packages(t) {
		for to, file := range p.imports {
			n++
			if why := wrong(p.dir, to); why != "" {
				t.Errorf("%s imports %s, which %s", file, to, why)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d imports of ours were seen: the test is looking in the wrong place", n)
	}
}

// TestWrong holds the judge itself: what it must refuse.
func TestWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"bot", "bot/chat", true},
		{"commands", "bot", true},
		{"bot/approvals", "bot/jobs", true},
		{"connectors/shopify", "connectors", true},
		{"cmd/desk", "connectors/mail", true},
		{"cmd/desk", "bot/chat/slack/slackfake", true},
		{"connectors/shopify", "connectors/ebay", false},
		{"connectors/shopify", "i18n", false},
		{"connectors/newshop", "bot/store", false},
		{"connectors", "i18n", false},
		{"bot/chat", "connectors", false},
		{"bot/chat/slack", "bot/store", false},
		{"bot", "bot/chat/slack", false},
		{"bot", "commands", false},
		{"bot/jobs", "bot", false},
		{"bot/jobs", "bot/audit", false},
		{"bot/jobs", "bot/approvals", false},
		{"bot", "bot/store/storetest", false},
		{"bot/chat/slack", "bot/chat/slack/slackfake", false},
		{"somewhere/else", "bot", false},
		{"commands", "somewhere/else", false},
	} {
		if got := wrong(c.from, c.to); (got == "") != c.ok {
			t.Errorf("%s imports %s: %q", c.from, c.to, got)
		}
	}
}

// TestPackagesSayWhatTheyAre: the first line of each package's comment.
func TestPackagesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		want := "Package " + path.Base(p.dir) + " "
		if strings.HasPrefix(p.dir, "cmd/") && strings.Count(p.dir, "/") == 1 {
			want = "Command " + path.Base(p.dir) + " "
		}
		switch {
		case len(p.docs) != 1:
			t.Errorf("%s has %d package comments, it should have one", p.dir, len(p.docs))
		case !strings.HasPrefix(p.docs[0], want):
			t.Errorf("%s: the package comment should begin %q", p.dir, want)
		}
	}
}

// maxLines is how long a file may be before it is hard to keep in mind.
const maxLines = 500

// long are files that are allowed to be longer: name, lines, reason.
var long = map[string]string{}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	tree(t, func(name string, text []byte) {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return
		}
		n := strings.Count(string(text), "\n")
		if n <= maxLines {
			return
		}
		seen[name] = true
		if _, ok := long[name]; !ok {
			t.Errorf("%s has %d lines: split it by subject (at most %d)", name, n, maxLines)
		}
	})
	for name := range long {
		if !seen[name] {
			t.Errorf("%s is not longer than %d lines any more: take it off the list", name, maxLines)
		}
	}
}

// strays are what must not stand in the tree: paths of the machine that
// somebody worked on, addresses of package registries, keys. The hints are
// looked for first, because most files have none and expressions are slow.
var strays = []struct {
	hints []string
	re    *regexp.Regexp
}{
	{[]string{"/work/", "/root/", "/home/", "/Users/"}, regexp.MustCompile(`(?m)(^|[\s"'=(:` + "`" + `])/(work|root|home/[a-z]+|Users/[A-Za-z]+)/[A-Za-z]`)},
	{[]string{"registry", "proxy", "sum.golang", "deb.debian", "pypi"},
		regexp.MustCompile(`registry\.(npmjs|yarnpkg|npmmirror)|proxy\.golang\.|sum\.golang\.|goproxy\.|deb\.debian\.org|pypi\.org`)},
	{[]string{`"resolved"`}, regexp.MustCompile(`"resolved":`)},
	{[]string{"PRIVATE KEY"}, regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----\\?n?[A-Za-z0-9+/]{40}`)},
	{[]string{"xoxb-", "xoxp-"}, regexp.MustCompile(`xox[bp]-[0-9]{9,}-[0-9]{9,}-[A-Za-z0-9]{20,}`)},
}

// stray finds what must not stand in a text, and where.
func stray(text string) (at int, what string) {
	for _, s := range strays {
		if !slices.ContainsFunc(s.hints, func(h string) bool { return strings.Contains(text, h) }) {
			continue
		}
		if m := s.re.FindStringIndex(text); m != nil {
			return m[0], text[m[0]:m[1]]
		}
	}
	return 0, ""
}

func TestNothingStraysIn(t *testing.T) {
	t.Parallel()
	tree(t, func(name string, text []byte) {
		if name == "cmd/desk/house_test.go" || strings.HasSuffix(name, ".db") {
			return
		}
		if at, what := stray(string(text)); what != "" {
			t.Errorf("%s:%d: %q has no place in the tree", name, 1+strings.Count(string(text[:at]), "\n"), what)
		}
	})
}

func TestStrays(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"see /wo" + "rk/x", `"/root` + `/a"`, "https://registry." + "npmjs.org/x", `  "resolved": "x"`} {
		if _, what := stray(text); what == "" {
			t.Errorf("%q is let in", text)
		}
	}
	for _, text := range []string{"a/work/b", "homework/x", "../shared/contracts", "/desk refund", "/orders/1/refunds"} {
		if _, what := stray(text); what != "" {
			t.Errorf("%q is kept out", text)
		}
	}
}
