package main

import (
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"helloworld/commands"
)

var readmes = []string{"README.md", "README.zh-CN.md"}

func readRoot(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeCommands: both tables hold the commands there are, with their first
// Chinese word, in the order of help.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	var want []string
	for _, s := range commands.All {
		want = append(want, "| `/"+s.Name+"` | "+s.Zh[0]+" |")
	}
	for _, name := range readmes {
		text := readRoot(t, name)
		for _, row := range want {
			if !strings.Contains(text, "\n"+row) {
				t.Errorf("%s has no row %s", name, row)
			}
		}
		rows := regexp.MustCompile("(?m)^\\| `/").FindAllString(text, -1)
		if len(rows) != len(want) {
			t.Errorf("%s has %d commands, the desk %d", name, len(rows), len(want))
		}
	}
}

// TestReadmesAgree: both show the same things to run, and link to the same files.
func TestReadmesAgree(t *testing.T) {
	t.Parallel()
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```")
	links := regexp.MustCompile(`\]\(([^)#]+)\)`)
	a, b := readRoot(t, readmes[0]), readRoot(t, readmes[1])
	if x, y := blocks.FindAllString(a, -1), blocks.FindAllString(b, -1); len(x) == 0 || !slices.Equal(x, y) {
		t.Errorf("what can be run differs:\n%q\n%q", x, y)
	}
	for _, name := range append(slices.Clone(readmes), "CONTRIBUTING.md", "deploy/README.md") {
		for _, m := range links.FindAllStringSubmatch(readRoot(t, name), -1) {
			target := path.Join(path.Dir(name), m[1])
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(target))); err != nil {
				t.Errorf("%s points to %s, which is not there", name, target)
			}
		}
	}
}

// TestDependenciesHaveReasons: the table of CONTRIBUTING.md holds every module
// that is imported, and no other.
func TestDependenciesHaveReasons(t *testing.T) {
	t.Parallel()
	// What is imported counts, whatever go.mod calls it for the moment.
	direct := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+(?: // indirect)?$`).FindAllStringSubmatch(readRoot(t, "go.mod"), -1) {
		direct[m[1]] = false
	}
	tree(t, func(name string, text []byte) {
		if path.Ext(name) != ".go" {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, im := range file.Imports {
			what, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for module := range direct {
				if what == module || strings.HasPrefix(what, module+"/") {
					direct[module] = true
				}
			}
		}
	})
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+\\.[^`]+)` \\| \\S").FindAllStringSubmatch(readRoot(t, "CONTRIBUTING.md"), -1) {
		listed[m[1]] = true
		if _, ok := direct[m[1]]; !ok {
			t.Errorf("%s has a reason but is not in go.mod", m[1])
		}
	}
	for module, used := range direct {
		if used && !listed[module] {
			t.Errorf("%s is imported but has no reason in CONTRIBUTING.md", module)
		}
	}
}
