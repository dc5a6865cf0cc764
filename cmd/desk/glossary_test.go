package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/cmd/desk/config"
	"helloworld/glossary"
	"helloworld/i18n"
)

func glossaryRun(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), append([]string{"glossary"}, args...), func(k string) string { return map[string]string{"LANG": "en_GB.UTF-8"}[k] }, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func fileOf(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const sheet = "id\tkind\ten\tzh\tzh_forbidden\tde\tnote\n" +
	"mine.widget\tterm\tzorbing widget\t佐宾部件\t佐宾零件\tZorbing-Teil\t\n" +
	"mine.other\tterm\tzorbing hose\t软管/水管\t\tZorbing-Schlauch\t\n"

// An import is all or the good rows, as asked; what it wrote is in the book that
// the desk starts with.
func TestGlossaryImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	own := filepath.Join(dir, "own")
	file := fileOf(t, dir, "mine.tsv", sheet)
	code, out, errs := glossaryRun(t, "import", file, "--into", own)
	if code != 1 || !strings.Contains(errs, "mine.tsv:3:4: mine.other [zh]: “软管/水管” is two words") || !strings.Contains(errs, "Nothing was imported.") {
		t.Errorf("all or nothing: status %d\n%s%s", code, out, errs)
	}
	if _, err := os.Stat(own); !os.IsNotExist(err) {
		t.Error("a bad import wrote something")
	}
	if code, out, errs = glossaryRun(t, "import", file, "--good-rows"); code != 0 || !strings.Contains(out, "1 entry is good") {
		t.Errorf("a look: status %d\n%s%s", code, out, errs)
	}
	if code, out, errs = glossaryRun(t, "import", file, "--good-rows", "--into", own); code != 0 || !strings.Contains(out, "1 entry is in "+filepath.Join(own, "mine.toml")) {
		t.Errorf("good rows: status %d\n%s%s", code, out, errs)
	}
	cfg := config.Defaults()
	cfg.Desk.Glossary = own
	book, err := loadBook(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m := book.Match("a zorbing widget for a refund", language.English)
	if len(m) != 2 || m[0].Term.ID != "mine.widget" || m[1].Term.ID != "act.refund" {
		t.Errorf("%+v", m)
	}
	if n, ok := book.Required(m[0], language.English, language.MustParse("zh-CN")); !ok || n.Preferred != "佐宾部件" || !n.Draft || n.Forbidden[0] != "佐宾零件" {
		t.Errorf("%+v", n)
	}

	// An id that another file of the folder has would keep the desk from starting.
	again := fileOf(t, dir, "again.csv", "id,status,en,de\nmine.widget,draft,x,y\n")
	code, _, errs = glossaryRun(t, "import", again, "--into", own)
	if code != 1 || !strings.Contains(errs, "mine.widget is in") {
		t.Errorf("the same id in two files: status %d\n%s", code, errs)
	}
	if files, _ := filepath.Glob(filepath.Join(own, "*")); len(files) != 1 {
		t.Errorf("the folder has %v", files)
	}
	// The same file again takes its own place.
	better := fileOf(t, dir, "mine.tsv", strings.ReplaceAll(sheet, "软管/水管", "软管"))
	if code, out, errs = glossaryRun(t, "import", better, "--into", own); code != 0 || !strings.Contains(out, "2 entries") {
		t.Errorf("again: status %d\n%s%s", code, out, errs)
	}
	if code, out, errs = glossaryRun(t, "check", own); code != 0 || !strings.Contains(out, "2 entries, nothing") {
		t.Errorf("check: status %d\n%s%s", code, out, errs)
	}
}

// What is exported is, read again, the same glossary.
func TestGlossaryExportAndDiff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"all.tsv", "all.csv", "all.xlsx", "all.tbx", "all.toml"} {
		file := filepath.Join(dir, name)
		if code, out, errs := glossaryRun(t, "export", file); code != 0 || !strings.Contains(out, "Wrote") {
			t.Fatalf("%s: status %d\n%s%s", name, code, out, errs)
		}
		if code, out, errs := glossaryRun(t, "diff", "shipped", file); code != 0 || out != "They do not differ.\n" {
			t.Errorf("%s: status %d\n%s%s", name, code, out, errs)
		}
	}
	file := filepath.Join(dir, "list.csv")
	code, _, errs := glossaryRun(t, "export", "--format", "deepl", "--from", "en", "--to", "de", file)
	data, err := os.ReadFile(file)
	if err != nil || code != 0 || !strings.Contains(string(data), "\nrefund,Rückerstattung\n") || !strings.Contains(errs, "“replacement” is left out: what it means depends") {
		t.Errorf("status %d %v\n%.300s\n%.300s", code, err, data, errs)
	}
	if code, _, errs = glossaryRun(t, "export", "--format", "deepl", file); code != 1 || !strings.Contains(errs, "two languages") {
		t.Errorf("status %d\n%s", code, errs)
	}
	if code, _, errs = glossaryRun(t, "export", filepath.Join(dir, "list.doc")); code != 1 || !strings.Contains(errs, "--format") {
		t.Errorf("status %d\n%s", code, errs)
	}
	a := fileOf(t, dir, "a.csv", "id,status,en,de\nx,draft,one,eins\ny,draft,two,zwei\n")
	b := fileOf(t, dir, "b.csv", "id,status,en,de\nx,draft,one,ein\nz,draft,two,zwei\n")
	if _, out, _ := glossaryRun(t, "diff", a, b); out != "~ x\n    de: \"eins\" → \"ein\"\n- y\n+ z\n" {
		t.Errorf("got %q", out)
	}
	code, out, _ := glossaryRun(t, "check", fileOf(t, dir, "c.csv", "id,status,en,de\nx,draft,one,eins\ny,draft,one,ein\n"))
	if code != 1 || !strings.Contains(out, "x, y [en]: “one” becomes different words") || !strings.Contains(out, "1 finding.") {
		t.Errorf("status %d\n%s", code, out)
	}
}

func TestAGlossaryThatIsNotThere(t *testing.T) {
	t.Parallel()
	cfg := config.Defaults()
	cfg.Desk.Glossary = filepath.Join(t.TempDir(), "none")
	if _, err := loadBook(cfg); err == nil {
		t.Error("a folder that is not there is taken for an empty one")
	}
	cfg.Desk.Glossary = fileOf(t, t.TempDir(), "x.toml", "")
	if _, err := loadBook(cfg); err == nil {
		t.Error("a file is taken for a folder")
	}
}

// Every fault and finding has a sentence.
func TestFaultsHaveSentences(t *testing.T) {
	t.Parallel()
	p := i18n.For(language.English)
	for _, code := range []string{"ambiguous", "big", "bomb", "cells", "column", "column_twice", "control", "day", "days", "direction", "duplicate", "empty", "encoding",
		"entities", "entry", "header", "id", "kind", "language", "languages", "long", "match", "number", "one", "pair", "preferred", "quotes", "rows", "sentence",
		"status", "tbx", "toml", "twice", "utf8", "who", "workbook", "xml", "yesno", "zip",
		"left_conflict", "left_context", "left_control", "left_formula", "left_long", "left_scope", "left_spaces"} {
		if !p.Has(i18n.Key("exchange.fault." + code)) {
			t.Errorf("no sentence for %s", code)
		}
	}
	for _, f := range glossary.Check(bookWithFaults(t)) {
		if !p.Has(i18n.Key("exchange.finding." + f.Code)) {
			t.Errorf("no sentence for %s", f.Code)
		}
	}
}

func bookWithFaults(t *testing.T) *glossary.Book {
	t.Helper()
	w := func(en, de string) map[string]glossary.Wording {
		return map[string]glossary.Wording{"en": {Preferred: en, Forbidden: []string{"one"}}, "de": {Preferred: de}}
	}
	term := func(id string, l map[string]glossary.Wording) *glossary.Term {
		return &glossary.Term{ID: id, Kind: glossary.Word, Status: glossary.Draft, Langs: l}
	}
	a, b, c, d := term("a", w("one ", "x")), term("b", w("one", "y")), term("c", w("one", "y")), term("d", map[string]glossary.Wording{"en": {Preferred: "z"}, "fr": {Preferred: "z"}})
	d.Since, d.Scope.Direction, d.Context = "never", []string{"x"}, glossary.Context{Requires: []string{"q"}, Excludes: []string{"q"}}
	book, err := (&glossary.Book{}).With([]*glossary.Term{a, b, c, d}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(glossary.Check(book)); n < 8 {
		t.Fatalf("%d findings", n)
	}
	return book
}
