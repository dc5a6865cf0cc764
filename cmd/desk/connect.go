package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/i18n"
)

type connectCmd struct {
	Store   string `arg:"" help:"The store's id in the configuration."`
	Config  string `default:"desk.toml" type:"path" help:"Configuration file."`
	Token   bool   `help:"Read an access token that does not expire from standard input, as private and custom apps have one."`
	Refresh bool   `help:"Read a refresh token from standard input, as self-authorised applications have one."`
}

// Run connects a store without a chat: with a token that is handed in, which
// never stands in a command line or a file, or through the platform's page.
func (c connectCmd) Run(w *world) error {
	p := i18n.ForLocale(w.getenv("LANG"))
	if w.getenv("LANG") == "" || w.getenv("LANG") == "C" {
		p = i18n.For(language.English)
	}
	cfg, err := config.Load(c.Config, w.getenv)
	if err != nil {
		return err
	}
	cfg.Desk.Listen = "127.0.0.1:0" // the desk itself may be running
	a, err := build(w.ctx, cfg, setup{getenv: w.getenv})
	if err != nil {
		return err
	}
	defer a.close()
	s, ok := a.desk.Shop(c.Store)
	if !ok {
		fmt.Fprintln(w.err, p.T("error.store_none", "store", c.Store, "stores", strings.Join(storeIDs(a.desk), p.T("common.comma"))))
		return errQuiet
	}
	in := bufio.NewReader(io.LimitReader(w.in, 64<<10))
	var cred connectors.Credential
	if c.Token || c.Refresh {
		token, err := line(in)
		if err != nil {
			return err
		}
		cred = connectors.Credential{Access: connectors.Secret(token), Granted: time.Now().UTC()}
		if c.Refresh {
			cred.Access, cred.Refresh = "", connectors.Secret(token)
		}
	} else if cred, err = c.throughPage(w, p, s, in); err != nil {
		return err
	}
	if err := a.desk.Keeper.Save(w.ctx, s.ID, cred); err != nil {
		return err
	}
	if r, ok := s.Shop.(connectors.Reloader); ok {
		if err := r.Reload(w.ctx); err != nil {
			return err
		}
	}
	good := true
	checkShop(w, p, s, s.Shop, func(ok bool, name, text string) {
		mark := "ok  "
		if !ok {
			mark, good = "BAD ", false
		}
		fmt.Fprintf(w.out, "%s %-20s %s\n", mark, name, text)
	})
	if !good {
		return errQuiet
	}
	return nil
}

// throughPage prints the link and waits for the address that the browser came
// back to.
func (c connectCmd) throughPage(w *world, p *i18n.Printer, s *bot.Store, in *bufio.Reader) (connectors.Credential, error) {
	auth, ok := s.Shop.(connectors.Authoriser)
	if !ok {
		return connectors.Credential{}, errors.New(p.T("connect.cannot", "store", s.ID))
	}
	state := strings.ToLower(rand.Text())
	link, err := auth.Begin(w.ctx, state)
	if err != nil {
		return connectors.Credential{}, fmt.Errorf("%s (%w)", p.T("connect.cannot", "store", s.ID), err)
	}
	fmt.Fprintln(w.out, p.T("connect.open_cli", "platform", p.T(i18n.Key("platform."+s.Shop.Info().Platform))))
	fmt.Fprintln(w.out, link)
	text, err := line(in)
	if err != nil {
		return connectors.Credential{}, err
	}
	u, err := url.Parse(strings.Trim(text, "<>\"'"))
	if err != nil || u.Query().Get("state") != state {
		return connectors.Credential{}, errors.New(p.T("connect.old"))
	}
	ctx, stop := context.WithTimeout(w.ctx, 90*time.Second)
	defer stop()
	cred, err := auth.Complete(ctx, u.Query())
	if connectors.KindOf(err) == connectors.Reauthorise {
		return cred, errors.New(p.T("connect.refused", "store", s.ID))
	}
	return cred, err
}

func line(in *bufio.Reader) (string, error) {
	text, err := in.ReadString('\n')
	if text = strings.TrimSpace(text); text == "" {
		if err == nil || errors.Is(err, io.EOF) {
			err = errors.New("nothing was handed in on standard input")
		}
		return "", err
	}
	return text, nil
}

func storeIDs(d *bot.Desk) []string {
	var out []string
	for _, s := range d.EveryShop() {
		out = append(out, s.ID)
	}
	return out
}
