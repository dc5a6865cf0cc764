package config

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s, line %d:\ngot  %q\nwant %q", path, i+1, at(a, i), at(b, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// secretValue is what every variable holds in tests; no message may repeat it.
const secretValue = "unguessable"

var unset = regexp.MustCompile(`(?m)^# unset (.*)$`)

// environment sets every variable but those that the file says to leave.
func environment(file []byte) func(string) string {
	without := map[string]bool{}
	if m := unset.FindSubmatch(file); m != nil {
		for _, name := range strings.Fields(string(m[1])) {
			without[name] = true
		}
	}
	return func(name string) string {
		if without[name] || strings.HasSuffix(name, "_FILE") {
			return ""
		}
		return secretValue
	}
}

// TestMistakes reads a file for each mistake. The golden file is what a person
// would be told.
func TestMistakes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	var out bytes.Buffer
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse("desk.toml", data, environment(data))
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if c.Desk.Data != "" || c.Stores != nil {
			t.Errorf("%s: half a configuration was returned", path)
		}
		for _, p := range problems {
			if p.File != "desk.toml" || p.What == "" || p.Line < 1 {
				t.Errorf("%s: %+v", path, p)
			}
		}
		for _, bad := range []string{"SECRETVALUE", secretValue} {
			if strings.Contains(err.Error(), bad) {
				t.Errorf("%s: a secret is told: %s", path, err)
			}
		}
		fmt.Fprintf(&out, "== %s\n%s\n\n", filepath.Base(path), err)
	}
	golden(t, "mistakes.golden", out.Bytes())
}
