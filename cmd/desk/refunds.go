package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
)

type refundsCmd struct {
	Export refundsExportCmd `cmd:"" help:"Write refunds to a file for finance: a row each, in both currencies."`
}

type refundsExportCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
	Since  string `required:"" placeholder:"DAY" help:"Asked for from this day on (2026-11-01), by the desk's own clock."`
	Until  string `placeholder:"DAY" help:"Before this day; without it, until now."`
	Store  string `placeholder:"STORE" help:"Only this store's."`
	Format string `enum:",csv,xlsx" default:"" help:"csv or xlsx; without it, as the file's name ends."`
	File   string `arg:"" help:"File to write; - writes to the terminal."`
}

// Run writes refunds to a file.
func (c refundsExportCmd) Run(w *world) error {
	format := c.Format
	if format == "" {
		format = "csv"
		if strings.HasSuffix(strings.ToLower(c.File), ".xlsx") {
			format = "xlsx"
		}
	}
	var n bot.Exported
	err := withAudit(w, c.Config, func(cfg config.Config, db *store.DB) error {
		zone, err := time.LoadLocation(cfg.Desk.Zone)
		if err != nil {
			return err
		}
		o := bot.ExportOptions{Format: format, Home: cfg.Policy.Home, RefundFilter: bot.RefundFilter{Store: c.Store, To: time.Now().Add(time.Minute)}}
		for _, x := range []struct {
			name, text string
			into       *time.Time
		}{{"--since", c.Since, &o.From}, {"--until", c.Until, &o.To}} {
			if x.text == "" {
				continue
			}
			if *x.into, err = time.ParseInLocation(time.DateOnly, x.text, zone); err != nil {
				return fmt.Errorf("%s %q is not a day (2026-11-30)", x.name, x.text)
			}
		}
		staff, err := people.Open(w.ctx, db, time.Now)
		if err != nil {
			return err
		}
		o.Name = func(id string) string { return staff.Name(people.ID(id)) }
		platforms := map[string]string{}
		for _, s := range cfg.Stores {
			platforms[s.ID] = s.Platform
		}
		o.Platform = func(id string) string { return platforms[id] }
		out, closed, err := w.outFile(c.File)
		if err != nil {
			return err
		}
		n, err = bot.ExportRefunds(w.ctx, db, out, o)
		return errors.Join(err, closed())
	})
	if err != nil {
		return err
	}
	p := printerOf(w)
	fmt.Fprintln(w.err, p.T("refunds.exported", "n", n.Rows))
	if n.NoHome > 0 {
		fmt.Fprintln(w.err, p.T("refunds.no_home", "n", n.NoHome))
	}
	if n.NoPlatform > 0 {
		fmt.Fprintln(w.err, p.T("refunds.no_platform", "n", n.NoPlatform))
	}
	return nil
}
