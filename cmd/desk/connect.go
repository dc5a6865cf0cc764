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

	"helloworld/bot"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/i18n"
)

type connectCmd struct {
	Store   string `arg:"" help:"The store's id in the configuration."`
	Config  string `default:"desk.toml" type:"path" help:"Configuration file."`
	Token   bool   `xor:"how" help:"Read an access token that does not expire from standard input, as private and custom apps have one."`
	Refresh bool   `xor:"how" help:"Read a refresh token from standard input, as self-authorised applications have one."`
}

// consentTime bounds the exchange of what a consent brought.
const consentTime = 90 * time.Second

// Run connects a store without a chat: with a token that is handed in, which
// never stands in a command line or a file, or through the platform's page. A
// desk that is running takes the new access up by itself.
func (c connectCmd) Run(w *world) error {
	cfg, err := config.Load(c.Config, w.getenv)
	if err != nil {
		return err
	}
	a, err := build(w.ctx, cfg, setup{getenv: w.getenv, beside: true})
	if err != nil {
		return err
	}
	defer a.close()
	k := &checker{w: w, p: printerOf(w), a: a, config: c.Config}
	s, ok := a.desk.Shop(c.Store)
	if !ok {
		fmt.Fprintln(w.err, k.p.T("error.store_none", "store", c.Store, "stores", strings.Join(storeIDs(a.desk), k.p.T("common.comma"))))
		return errQuiet
	}
	cred, err := c.credential(k, s)
	if err != nil {
		return err
	}
	if cred.Granted.IsZero() {
		cred.Granted = time.Now().UTC()
	}
	if err := k.adopt(s, cred); err != nil {
		return err
	}
	if k.shop(s); k.bad > 0 {
		return errQuiet
	}
	return nil
}

// credential is what the seller grants, or somebody hands in.
func (c connectCmd) credential(k *checker, s *bot.Store) (connectors.Credential, error) {
	in := bufio.NewReader(io.LimitReader(k.w.in, 64<<10))
	if _, page := s.Shop.(connectors.Authoriser); !page || !c.Token && !c.Refresh {
		return k.throughPage(s, in)
	}
	token, err := line(in)
	if err != nil {
		return connectors.Credential{}, err
	}
	if c.Refresh {
		return connectors.Credential{Refresh: connectors.Secret(token)}, nil
	}
	return connectors.Credential{Access: connectors.Secret(token)}, nil
}

// adopt keeps a credential and takes it into use. One that is refused must not
// cost the one that was there.
func (k *checker) adopt(s *bot.Store, cred connectors.Credential) error {
	ctx, d := k.w.ctx, k.a.desk
	before, had, err := d.Keeper.Load(ctx, s.ID)
	if err != nil {
		return err
	}
	if err := k.keep(s, cred); err != nil {
		return err
	}
	try, stop := context.WithTimeout(connectors.WithPriority(ctx, connectors.Agent), checkTime)
	defer stop()
	h := s.Shop.Health(try)
	refused := errors.New(k.p.T("connect.not_working", "store", s.ID) + cause(h.Err))
	if h.State == connectors.HealthBad && h.Kind == connectors.Reauthorise && had {
		if err := k.keep(s, before); err != nil {
			return err
		}
		return refused
	}
	if kept, _, err := d.Keeper.Load(ctx, s.ID); err != nil {
		return err
	} else if h.State != connectors.HealthBad && !comesFrom(kept, cred) {
		return refused // the shop works, but with what it had besides
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		return d.Audit.Append(tx, string(people.Desk), "store.connected", "store:"+s.ID, map[string]any{
			"platform": s.Shop.Info().Platform, "health": string(h.State), "by": "desk connect"})
	})
}

// comesFrom: a credential is this one, or was got with it.
func comesFrom(kept, cred connectors.Credential) bool {
	return cred.Access != "" && kept.Access == cred.Access ||
		cred.Refresh != "" && (kept.Refresh == cred.Refresh || kept.Previous == cred.Refresh)
}

// keep writes a credential down and has the shop use it.
func (k *checker) keep(s *bot.Store, cred connectors.Credential) error {
	if err := k.a.desk.Keeper.Save(k.w.ctx, s.ID, cred); err != nil {
		return err
	}
	if r, ok := s.Shop.(connectors.Reloader); ok {
		return r.Reload(k.w.ctx)
	}
	return nil
}

// throughPage prints the link and waits for the address that the browser came
// back to.
func (k *checker) throughPage(s *bot.Store, in *bufio.Reader) (connectors.Credential, error) {
	auth, ok := s.Shop.(connectors.Authoriser)
	if !ok {
		return connectors.Credential{}, errors.New(k.p.T("check.no_page", "platform", k.p.T(i18n.Key("platform."+s.Shop.Info().Platform)), "env", k.clientSecret(s)))
	}
	state := strings.ToLower(rand.Text())
	link, err := auth.Begin(k.w.ctx, state)
	if err != nil {
		return connectors.Credential{}, fmt.Errorf("%s (%w)", k.p.T("connect.cannot", "store", s.ID), err)
	}
	fmt.Fprintln(k.w.out, k.p.T("connect.open_cli", "platform", k.p.T(i18n.Key("platform."+s.Shop.Info().Platform))))
	fmt.Fprintln(k.w.out, link)
	text, err := line(in)
	if err != nil {
		return connectors.Credential{}, err
	}
	u, err := url.Parse(strings.Trim(text, "<>\"'"))
	if err != nil || u.Query().Get("state") != state {
		return connectors.Credential{}, errors.New(k.p.T("connect.old"))
	}
	ctx, stop := context.WithTimeout(k.w.ctx, consentTime)
	defer stop()
	cred, err := auth.Complete(ctx, u.Query())
	if connectors.KindOf(err) == connectors.Reauthorise && err != nil {
		return cred, errors.New(k.p.T("connect.refused", "store", s.ID))
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
