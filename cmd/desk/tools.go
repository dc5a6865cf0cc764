package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

type translateCmd struct {
	From    string   `default:"und" help:"Language of the text (BCP 47); und has it detected."`
	To      string   `required:"" help:"Language wanted (BCP 47)."`
	Explain bool     `help:"Tell how the translation came about."`
	Config  string   `default:"" type:"path" help:"Configuration with engines; without it, phrases and templates only."`
	Text    []string `arg:"" help:"Text."`
}

// Run translates a text. What is not a translation ends with status 1.
func (c translateCmd) Run(w *world) error {
	cfg := config.Defaults()
	if c.Config != "" {
		var err error
		if cfg, err = config.Load(c.Config, w.getenv); err != nil {
			return err
		}
	}
	from, err := language.Parse(c.From)
	if err != nil {
		return fmt.Errorf("--from %q is not a language", c.From)
	}
	to, err := language.Parse(c.To)
	if err != nil {
		return fmt.Errorf("--to %q is not a language", c.To)
	}
	_, words, err := newWords(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	res, err := words.Do(w.ctx, translate.Request{Text: strings.Join(c.Text, " "), From: from, To: to})
	if err != nil {
		return err
	}
	fmt.Fprintln(w.out, res.Text)
	if c.Explain {
		for _, line := range translate.Explain(res) {
			fmt.Fprintln(w.out, line)
		}
	}
	if res.Blocked() {
		p := i18n.ForLocale(w.getenv("LANG"))
		for _, f := range res.Findings {
			if f.Severity == translate.Block {
				fmt.Fprintln(w.err, p.T("severity.block", "text", p.T(i18n.Key("finding."+strings.TrimPrefix(f.Code, "finding.")), "what", f.What)))
			}
		}
		if res.Grade == translate.Gloss {
			fmt.Fprintln(w.err, p.T("grade.gloss"))
		}
		return errQuiet
	}
	return nil
}

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that no line was changed, removed or moved."`
}

type auditVerifyCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
}

// Run verifies the audit log.
func (c auditVerifyCmd) Run(w *world) error {
	cfg, err := config.Load(c.Config, w.getenv)
	if err != nil {
		return err
	}
	key, _, err := keys(cfg)
	if err != nil {
		return err
	}
	db, err := store.Open(w.ctx, databaseURL(cfg), store.Options{})
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it was only read
	n, err := audit.New(subkey(key, "audit")).Verify(w.ctx, db)
	var broken *audit.Broken
	if errors.As(err, &broken) {
		fmt.Fprintf(w.out, "%d lines hold; %v\n", n, broken)
		return errQuiet
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%d lines hold\n", n)
	return nil
}

type checkCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
}

// checkTime bounds the check of one account.
const checkTime = 30 * time.Second

// Run tries every credential and tells what is wrong and what to do.
func (c checkCmd) Run(w *world) error {
	cfg, err := config.Load(c.Config, w.getenv)
	if err != nil {
		return err
	}
	p := i18n.ForLocale(w.getenv("LANG"))
	if w.getenv("LANG") == "" || w.getenv("LANG") == "C" {
		p = i18n.For(language.English)
	}
	cfg.Desk.Listen = "127.0.0.1:0" // the desk itself may be running
	a, err := build(w.ctx, cfg, setup{getenv: w.getenv})
	if err != nil {
		return err
	}
	defer a.close()
	bad := 0
	say := func(ok bool, name, text string) {
		mark := "ok  "
		if !ok {
			mark, bad = "BAD ", bad+1
		}
		fmt.Fprintf(w.out, "%s %-20s %s\n", mark, name, text)
	}
	for _, t := range a.chats {
		k, ok := t.(chat.Checker)
		if !ok {
			say(true, t.Name(), p.T("check.nothing"))
			continue
		}
		ctx, stop := context.WithTimeout(w.ctx, checkTime)
		who, err := k.Check(ctx)
		stop()
		if err != nil {
			say(false, t.Name(), p.T(chatTrouble(err))+" ("+err.Error()+")")
			continue
		}
		say(true, t.Name(), p.T("check.as", "who", who))
	}
	for _, st := range a.desk.EveryShop() {
		for _, shop := range []connectors.Connector{st.Shop, st.Mail} {
			if shop != nil {
				checkShop(w, p, st, shop, say)
			}
		}
	}
	if len(a.desk.Channels) == 0 {
		say(false, "channels", p.T("check.no_channels"))
	}
	if bad > 0 {
		fmt.Fprintln(w.out, p.T("check.bad", "n", bad))
		return errQuiet
	}
	fmt.Fprintln(w.out, p.T("check.good"))
	return nil
}

// chatTrouble says what to do about a chat that refuses the desk.
func chatTrouble(err error) i18n.Key {
	switch chat.KindOf(err) {
	case chat.Denied:
		return "check.chat_denied"
	case chat.Busy:
		return "check.chat_busy"
	}
	return "check.chat_down"
}

func checkShop(w *world, p *i18n.Printer, st *bot.Store, shop connectors.Connector, say func(bool, string, string)) {
	ctx, stop := context.WithTimeout(w.ctx, checkTime)
	defer stop()
	id, name := st.ID, st.ID+" "+shop.Info().Platform
	h := shop.Health(ctx)
	if h.State == connectors.HealthBad {
		text := p.T(i18n.Key("shop."+h.Kind.String()), "store", id, "order", "")
		env := "DESK_" + strings.ToUpper(strings.ReplaceAll(id, "-", "_"))
		switch h.Kind {
		case connectors.Reauthorise:
			text = p.T("check.reauthorise", "env", env)
		case connectors.AppBroken:
			text = p.T("check.app_broken", "env", env)
		}
		if h.Err != nil {
			text += " (" + h.Err.Error() + ")"
		}
		if h.Link != "" {
			text += " " + h.Link
		}
		say(false, name, text)
		return
	}
	say(true, name, p.T("check.works"))
	for _, c := range shop.Can(ctx) {
		text, missing := bot.CanText(p, c, st.Mail != nil)
		switch {
		case missing:
			say(false, id+" "+string(c.Name), text)
			continue
		case text == "" && !c.OK:
			continue
		case text == "":
			text = p.T("check.can")
		}
		fmt.Fprintf(w.out, "       %-18s %s\n", c.Name, text)
	}
}
