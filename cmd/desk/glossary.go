package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/cmd/desk/config"
	"helloworld/glossary"
	"helloworld/i18n"
)

// loadBook is the glossary that comes with the desk and, on top of it, the
// seller's own.
func loadBook(cfg config.Config) (*glossary.Book, error) {
	book, err := glossary.Default()
	if err != nil || cfg.Desk.Glossary == "" {
		return book, err
	}
	own, err := openFolder(cfg.Desk.Glossary)
	if err != nil {
		return nil, err
	}
	return book.With(own.Terms(), own.Sentences())
}

// openFolder reads a folder of terms. One that is not there is a mistake: words
// that somebody believes in would be missing without a sound.
func openFolder(dir string) (*glossary.Book, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open the glossary: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open the glossary: %s is not a folder", dir)
	}
	return glossary.Load(os.DirFS(dir))
}

type glossaryCmd struct {
	Import glossaryImportCmd `cmd:"" help:"Read entries from a file; with --into, keep them."`
	Export glossaryExportCmd `cmd:"" help:"Write the glossary to a file, for translators and other programs."`
	Check  glossaryCheckCmd  `cmd:"" help:"Look for what contradicts itself or is missing."`
	Diff   glossaryDiffCmd   `cmd:"" help:"Tell what differs between two glossaries."`
}

// formats are named in each command that reads or writes files.
const formats = "tsv,csv,xlsx,tbx,deepl,toml"

type glossaryImportCmd struct {
	Format   string `default:"" enum:",tsv,csv,xlsx,tbx,deepl,toml" help:"tsv, csv, xlsx, tbx, deepl or toml; empty goes by the file's name."`
	From     string `default:"und" help:"Language of the first column (deepl)."`
	To       string `default:"und" help:"Language of the second column (deepl)."`
	Into     string `type:"path" help:"Folder to write the entries to, as NAME.toml; the configuration names it (desk.glossary). Without it the file is only looked at."`
	GoodRows bool   `help:"Take the good rows although others are bad; otherwise one bad row keeps all out."`
	File     string `arg:"" type:"path" help:"File."`
}

// Run imports a file. Bad rows are all named.
func (c glossaryImportCmd) Run(w *world) error {
	o := glossary.ReadOptions{Format: glossary.Format(c.Format), GoodRows: c.GoodRows}
	var err error
	if o.From, err = langOf("--from", c.From); err != nil {
		return err
	}
	if o.To, err = langOf("--to", c.To); err != nil {
		return err
	}
	p := printerOf(w)
	in, err := readEntries(c.File, o)
	if err != nil {
		return err
	}
	printFaults(w.err, p, c.File, in.Faults)
	n := len(in.Terms) + len(in.Phrases)
	if n == 0 {
		fmt.Fprintln(w.err, p.T("exchange.nothing"))
		return errQuiet
	}
	own, err := in.Book()
	if err != nil {
		return err
	}
	for _, f := range glossary.Check(own) {
		// A seller's own words are seldom in all languages.
		if f.Code != "missing" {
			printFinding(w.out, p, f)
		}
	}
	if c.Into == "" {
		fmt.Fprintln(w.out, p.T("exchange.looked", "n", n))
		return nil
	}
	name := strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File)) + ".toml"
	var text bytes.Buffer
	if _, err := glossary.Write(&text, own, glossary.WriteOptions{Format: glossary.TOML}); err != nil {
		return err
	}
	if err := addFile(c.Into, name, text.Bytes()); err != nil {
		return err
	}
	fmt.Fprintln(w.out, p.T("exchange.taken", "n", n, "file", filepath.Join(c.Into, name)))
	return nil
}

// addFile puts a file of terms into a folder, if the folder is a glossary with
// it: what is there is never left broken.
func addFile(dir, name string, text []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	trial, err := os.MkdirTemp("", "glossary")
	if err != nil {
		return err
	}
	defer os.RemoveAll(trial) // a copy
	there, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return err
	}
	for _, path := range there {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(trial, filepath.Base(path)), data, 0o600); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(trial, name), text, 0o600); err != nil {
		return err
	}
	own, err := openFolder(trial)
	if err != nil {
		return err
	}
	base, err := glossary.Default()
	if err != nil {
		return err
	}
	if _, err := base.With(own.Terms(), own.Sentences()); err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, name), text)
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

type glossaryExportCmd struct {
	Format string `default:"" enum:",tsv,csv,xlsx,tbx,deepl,toml" help:"tsv, csv, xlsx, tbx, deepl or toml; empty goes by the file's name."`
	From   string `default:"und" help:"Language of the first column (deepl)."`
	To     string `default:"und" help:"Language of the second column (deepl)."`
	Config string `default:"" type:"path" help:"Configuration whose glossary is written; without it, the one that comes with the desk."`
	File   string `arg:"" help:"File to write; - is the screen."`
}

// Run exports the glossary. What the format cannot carry is named.
func (c glossaryExportCmd) Run(w *world) error {
	o := glossary.WriteOptions{Format: glossary.Format(c.Format), On: time.Now()}
	var err error
	if o.From, err = langOf("--from", c.From); err != nil {
		return err
	}
	if o.To, err = langOf("--to", c.To); err != nil {
		return err
	}
	if o.Format == "" {
		if o.Format = glossary.FormatOf(c.File); o.Format == "" {
			return fmt.Errorf("%s does not tell the format: --format %s", c.File, formats)
		}
	}
	cfg := config.Defaults()
	if c.Config != "" {
		if cfg, err = config.Load(c.Config, w.getenv); err != nil {
			return err
		}
	}
	book, err := loadBook(cfg)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	left, err := glossary.Write(&out, book, o)
	if err != nil {
		return err
	}
	p := printerOf(w)
	if c.File == "-" {
		_, err = w.out.Write(out.Bytes())
		return err
	}
	if err := replaceFile(c.File, out.Bytes()); err != nil {
		return err
	}
	printFaults(w.err, p, c.File, left)
	fmt.Fprintln(w.out, p.T("exchange.written", "file", c.File))
	return nil
}

type glossaryCheckCmd struct {
	Lang []string `help:"Languages that every entry should have; without it, all that any has."`
	What string   `arg:"" optional:"" default:"shipped" help:"Folder or file; without it, the glossary that comes with the desk."`
}

// Run checks a glossary; a finding ends with status 1.
func (c glossaryCheckCmd) Run(w *world) error {
	var langs []language.Tag
	for _, s := range c.Lang {
		tag, err := langOf("--lang", s)
		if err != nil {
			return err
		}
		langs = append(langs, tag)
	}
	p := printerOf(w)
	book, err := openAny(w, p, c.What)
	if err != nil {
		return err
	}
	found := glossary.Check(book, langs...)
	for _, f := range found {
		printFinding(w.out, p, f)
	}
	n := len(book.Terms()) + len(book.Sentences())
	if len(found) > 0 {
		fmt.Fprintln(w.out, p.T("exchange.found", "n", len(found)))
		return errQuiet
	}
	fmt.Fprintln(w.out, p.T("exchange.good", "n", n))
	return nil
}

type glossaryDiffCmd struct {
	A string `arg:"" help:"Folder or file; shipped is the glossary that comes with the desk."`
	B string `arg:"" help:"The other."`
}

// Run compares two glossaries.
func (c glossaryDiffCmd) Run(w *world) error {
	p := printerOf(w)
	a, err := openAny(w, p, c.A)
	if err != nil {
		return err
	}
	b, err := openAny(w, p, c.B)
	if err != nil {
		return err
	}
	signs := map[string]string{"added": "+", "removed": "-", "changed": "~"}
	found := glossary.Diff(a, b)
	if len(found) == 0 {
		fmt.Fprintln(w.out, p.T("exchange.same"))
	}
	for _, x := range found {
		fmt.Fprintln(w.out, signs[x.Kind], x.ID)
		for _, f := range x.Fields {
			fmt.Fprintf(w.out, "    %s: %q → %q\n", f.Field, f.Before, f.After)
		}
	}
	return nil
}

// openAny opens a folder of terms, a file in any format, or the shipped ones.
func openAny(w *world, p *i18n.Printer, what string) (*glossary.Book, error) {
	if what == "shipped" {
		return glossary.Default()
	}
	if info, err := os.Stat(what); err != nil || info.IsDir() {
		return openFolder(what)
	}
	in, err := readEntries(what, glossary.ReadOptions{})
	if err != nil {
		return nil, err
	}
	if len(in.Faults) > 0 {
		printFaults(w.err, p, what, in.Faults)
		return nil, errQuiet
	}
	return in.Book()
}

func readEntries(path string, o glossary.ReadOptions) (glossary.Import, error) {
	if o.Format == "" {
		if o.Format = glossary.FormatOf(path); o.Format == "" {
			return glossary.Import{}, fmt.Errorf("%s does not tell the format: --format %s", path, formats)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return glossary.Import{}, err
	}
	defer f.Close() // it was only read
	return glossary.Read(f, o)
}

func langOf(flag, s string) (language.Tag, error) {
	tag, err := language.Parse(s)
	if err != nil {
		return tag, fmt.Errorf("%s %q is not a language", flag, s)
	}
	return tag, nil
}

// printFaults names each fault as compilers do: FILE:LINE:COLUMN.
func printFaults(w io.Writer, p *i18n.Printer, path string, faults []glossary.Fault) {
	for _, f := range faults {
		at := filepath.Base(path)
		if f.Line > 0 {
			at += fmt.Sprintf(":%d", f.Line)
			if f.Column > 0 {
				at += fmt.Sprintf(":%d", f.Column)
			}
		}
		fmt.Fprintf(w, "%s: %s%s\n", at, prefix(f.ID, f.Field), p.T(i18n.Key("exchange.fault."+f.Code), "what", f.What))
	}
}

func printFinding(w io.Writer, p *i18n.Printer, f glossary.Finding) {
	fmt.Fprintf(w, "%s%s\n", prefix(strings.Join(f.IDs, ", "), f.Lang), p.T(i18n.Key("exchange.finding."+f.Code), "what", f.What))
}

func prefix(id, part string) string {
	switch {
	case id != "" && part != "":
		return id + " [" + part + "]: "
	case id != "" || part != "":
		return id + part + ": "
	}
	return ""
}
