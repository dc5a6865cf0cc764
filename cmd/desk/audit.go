package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"helloworld/bot/audit"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/i18n"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that no line was changed, removed, moved or cut off."`
	Show   auditShowCmd   `cmd:"" help:"Tell who did what about one thing: refund:R17."`
	Export auditExportCmd `cmd:"" help:"Write the log, ids and hashes only, to a file."`
}

type auditVerifyCmd struct {
	Config string   `default:"desk.toml" type:"path" help:"Configuration file."`
	Head   []string `placeholder:"N:HASH" help:"A head as it was posted in a chat; may be given several times."`
	Heads  string   `type:"existingfile" help:"A file with heads, or with messages that have them."`
}

type auditShowCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
	About  string `arg:"" help:"What about: refund:R17."`
}

type auditExportCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
	Format string `enum:"csv,jsonl" default:"csv" help:"csv or jsonl."`
	Since  string `placeholder:"DAY" help:"From this day or moment on (2026-11-30, or as RFC 3339 has it)."`
	Until  string `placeholder:"DAY" help:"Before this day or moment."`
	About  string `placeholder:"WHAT" help:"Only lines about this: refund:R17."`
	File   string `arg:"" help:"File to write; - writes to the terminal."`
}

// withAudit opens the desk's database for f.
func withAudit(w *world, file string, f func(config.Config, *store.DB) error) error {
	cfg, err := config.Load(file, w.getenv)
	if err != nil {
		return err
	}
	db, err := store.Open(w.ctx, databaseURL(cfg), store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(f(cfg, db), db.Close())
}

// Run verifies the audit log.
func (c auditVerifyCmd) Run(w *world) error {
	outside, err := c.marks()
	if err != nil {
		return err
	}
	var r audit.Report
	p := printerOf(w)
	err = withAudit(w, c.Config, func(cfg config.Config, db *store.DB) error {
		key, _, err := keys(cfg)
		if err != nil {
			return err
		}
		r, err = audit.New(subkey(key, "audit")).Check(w.ctx, db, outside)
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range r.Findings {
		fmt.Fprintln(w.out, foundLine(p, f))
	}
	if r.More > 0 {
		fmt.Fprintln(w.out, p.T("audit.more", "n", r.More))
	}
	if !r.Whole() {
		fmt.Fprintln(w.out, p.T("audit.broken", "good", r.Good, "n", r.Lines))
		return errQuiet
	}
	if r.Heads == 0 {
		fmt.Fprintln(w.out, p.T("audit.good_alone", "n", r.Lines))
	} else {
		fmt.Fprintln(w.out, p.T("audit.good", "n", r.Lines, "heads", r.Heads))
	}
	if r.Lines > 0 {
		fmt.Fprintln(w.out, p.T("audit.head_is", "head", r.Head.String()))
	}
	return nil
}

// marks are the heads that were handed in.
func (c auditVerifyCmd) marks() ([]audit.Mark, error) {
	var all []audit.Mark
	for _, h := range c.Head {
		m := audit.ReadMarks(h)
		if len(m) != 1 {
			return nil, fmt.Errorf("--head %q is not a head: it is a number, a colon and 64 letters and digits, as posted in the chat", h)
		}
		m[0].Day = "--head"
		all = append(all, m[0])
	}
	if c.Heads == "" {
		return all, nil
	}
	text, err := os.ReadFile(c.Heads)
	if err != nil {
		return nil, err
	}
	read := audit.ReadMarks(string(text))
	if len(read) == 0 {
		return nil, fmt.Errorf("%s: there is no head in it", c.Heads)
	}
	for _, m := range read {
		m.Day = filepath.Base(c.Heads) + ":" + m.Day
		all = append(all, m)
	}
	return all, nil
}

// foundLine is a finding as a sentence.
func foundLine(p *i18n.Printer, f audit.Finding) string {
	args := []any{"n", fmt.Sprint(f.N), "to", fmt.Sprint(f.To), "day", f.Day, "before", fmt.Sprint(f.N - 1), "after", fmt.Sprint(f.To + 1), "count", f.To - f.N + 1}
	if x := f.Line; x != nil {
		args = append(args, "at", momentText(x.At), "who", x.Who, "what", x.What, "about", x.About)
	}
	key := "audit.found." + string(f.Kind)
	switch {
	case f.Renumbered:
		key += "_renumbered"
	case f.Kind == audit.Changed && f.Line == nil, f.Kind == audit.Missing && f.To > f.N:
		key += "_many"
	case f.Kind == audit.Cut && f.Outside, f.Kind == audit.Rewritten && f.Outside:
		key += "_outside"
	case f.Kind == audit.Cut && f.Day != "":
		key += "_posted"
	}
	return p.T(i18n.Key(key), args...)
}

func momentText(at int64) string { return time.UnixMilli(at).UTC().Format("2006-01-02 15:04:05Z") }

// Run tells what was done about one thing.
func (c auditShowCmd) Run(w *world) error {
	p := printerOf(w)
	n := 0
	err := withAudit(w, c.Config, func(_ config.Config, db *store.DB) error {
		staff, err := people.Open(w.ctx, db, time.Now)
		if err != nil {
			return err
		}
		return audit.Each(w.ctx, db, audit.Filter{About: c.About}, func(x audit.Line, _ string) error {
			n++
			_, err := fmt.Fprintln(w.out, p.T("audit.line", "n", fmt.Sprint(x.N), "at", momentText(x.At),
				"who", staff.Name(people.ID(x.Who)), "what", deedText(p, x.What), "detail", x.Detail))
			return err
		})
	})
	if err == nil && n == 0 {
		fmt.Fprintln(w.out, p.T("audit.nothing", "about", c.About))
		return errQuiet
	}
	return err
}

// deedText is a deed in the reader's language, with its code; of a kind that has
// no words of its own the code alone.
func deedText(p *i18n.Printer, what string) string {
	key := i18n.Key("audit.what." + what)
	if !p.Has(key) {
		return what
	}
	return p.T("audit.deed", "text", p.T(key), "code", what)
}

// Run writes the log to a file.
func (c auditExportCmd) Run(w *world) error {
	f := audit.Filter{About: c.About}
	for _, x := range []struct {
		name, text string
		into       *time.Time
	}{{"--since", c.Since, &f.Since}, {"--until", c.Until, &f.Until}} {
		if x.text == "" {
			continue
		}
		var err error
		if *x.into, err = time.Parse(time.DateOnly, x.text); err != nil {
			if *x.into, err = time.Parse(time.RFC3339, x.text); err != nil {
				return fmt.Errorf("%s %q is neither a day (2026-11-30) nor a moment (2026-11-30T09:00:00Z)", x.name, x.text)
			}
		}
	}
	out, closed, err := w.outFile(c.File)
	if err != nil {
		return err
	}
	var n int64
	err = withAudit(w, c.Config, func(_ config.Config, db *store.DB) (err error) {
		n, err = audit.Export(w.ctx, out, db, c.Format, f)
		return err
	})
	if err := errors.Join(err, closed()); err != nil {
		return err
	}
	fmt.Fprintln(w.err, printerOf(w).T("audit.exported", "n", n))
	return nil
}
