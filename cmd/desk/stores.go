package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/connectors/all"
	"helloworld/connectors/mail"
	"helloworld/connectors/redis"
)

// openMeter connects to Redis, if there is one. One that cannot be reached is no
// reason not to start: until it answers, each replica keeps to its share.
func openMeter(ctx context.Context, cfg config.Config, log *slog.Logger) (*redis.Meter, error) {
	if cfg.Desk.Redis == "" {
		return nil, nil
	}
	return redis.Open(ctx, string(cfg.Desk.Redis), redis.Options{Log: log})
}

// opener makes stores: those of the configuration, and those that are connected
// while the desk runs.
type opener struct {
	cfg   config.Config
	keep  connectors.Keeper
	meter connectors.Meter
	setup setup
	// redirect is where marketplaces send sellers who have granted access.
	redirect func() string
}

var _ bot.Opener = opener{}

// all opens the stores of the configuration.
func (o opener) all() ([]bot.Store, error) {
	var out []bot.Store
	for _, c := range o.cfg.Stores {
		st, err := o.open(c)
		if err != nil {
			return nil, fmt.Errorf("store %s: %w", c.ID, err)
		}
		out = append(out, st)
	}
	return out, nil
}

// app is our application on a platform; a zero one if there is none.
func (o opener) app(platform string) (config.App, bool) {
	for _, a := range o.cfg.Apps {
		if a.Platform == platform {
			return a, true
		}
	}
	return config.App{}, false
}

func (o opener) open(c config.Store) (bot.Store, error) {
	info := connectors.Info{Platform: c.Platform, Store: c.ID, Name: orElse(c.Name, c.ID), Account: c.Account, Region: c.Region,
		Currency: c.Currency, Language: language.Make(c.Language)}
	plugin, ok := all.Find(c.Platform)
	if !ok {
		return bot.Store{}, fmt.Errorf("there is no adapter for %q", c.Platform)
	}
	secrets, err := o.secrets(plugin, c.ID)
	if err != nil {
		return bot.Store{}, err
	}
	cc := connectors.Config{Info: info, BaseURL: c.BaseURL, TokenURL: c.TokenURL, ClientID: c.ClientID, ClientSecret: connectors.Secret(c.Secret),
		Secrets: secrets, Options: maps.Clone(c.Options), Redirect: o.redirect(), Keeper: o.keep, Meter: o.meter, Log: o.setup.log,
		Credential: connectors.Credential{Access: connectors.Secret(c.Access), Refresh: connectors.Secret(c.Refresh)}}
	if a, ok := o.app(c.Platform); ok && c.ClientID == "" {
		cc.ClientID, cc.ClientSecret = a.ClientID, connectors.Secret(a.Secret)
		cc.BaseURL, cc.TokenURL = orElse(cc.BaseURL, a.BaseURL), orElse(cc.TokenURL, a.TokenURL)
		for k, v := range a.Options {
			if cc.Options[k] == "" {
				if cc.Options == nil {
					cc.Options = map[string]string{}
				}
				cc.Options[k] = v
			}
		}
	}
	shop, err := plugin.New(cc)
	if err != nil {
		return bot.Store{}, err
	}
	st := bot.Store{ID: c.ID, Name: info.Name, Shop: shop, Local: c.Local}
	if o.setup.consent != nil {
		st.Consent = o.setup.consent(c.ID)
	}
	if c.Mail != nil {
		if st.Mail, err = openMail(c, info, o.setup); err != nil {
			return bot.Store{}, fmt.Errorf("mail: %w", err)
		}
	}
	return st, nil
}

// secrets are the platform's further secrets of a store.
func (o opener) secrets(p connectors.Plugin, storeID string) (map[string]connectors.Secret, error) {
	out := maps.Clone(o.setup.secrets[storeID])
	for key := range p.Secrets {
		if out[key] != "" || o.setup.getenv == nil {
			continue
		}
		v, err := config.SecretOf(o.setup.getenv, config.SecretName(storeID, key))
		if err != nil {
			return nil, err
		}
		if v == "" {
			continue
		}
		if out == nil {
			out = map[string]connectors.Secret{}
		}
		out[key] = connectors.Secret(v)
	}
	return out, nil
}

// Platforms are those on which our application is registered.
func (o opener) Platforms() []string {
	var out []string
	for _, a := range o.cfg.Apps {
		if p, ok := all.Find(a.Platform); ok && p.Locate != nil {
			out = append(out, a.Platform)
		}
	}
	slices.Sort(out)
	return out
}

// Locate reads what a seller calls the shop.
func (o opener) Locate(platform, where string) (bot.Account, error) {
	p, ok := all.Find(platform)
	if !ok || p.Locate == nil {
		return bot.Account{}, errors.ErrUnsupported
	}
	spot, err := p.Locate(where)
	if err != nil {
		return bot.Account{}, fmt.Errorf("%w: %w", bot.ErrWhere, err)
	}
	a := bot.Account{ID: spot.ID, Platform: platform, BaseURL: spot.BaseURL, Account: spot.Account, Region: spot.Region,
		Currency: spot.Currency, Options: spot.Options}
	if spot.Language != language.Und {
		a.Language = spot.Language.String()
	}
	return a, nil
}

// Open makes a store that was connected while a desk ran.
func (o opener) Open(a bot.Account) (bot.Store, error) {
	return o.open(config.Store{ID: a.ID, Platform: a.Platform, Name: a.Name, Account: a.Account, Region: a.Region, Currency: a.Currency,
		Language: a.Language, BaseURL: a.BaseURL, Options: a.Options})
}

func openMail(c config.Store, info connectors.Info, s setup) (connectors.Connector, error) {
	m := c.Mail
	info.Platform = "mail"
	mc := mail.Config{Info: info, IMAPAddr: m.IMAP, SMTPAddr: m.SMTP, TLS: mail.TLSMode(m.TLS), SMTPTLS: mail.TLSMode(m.SMTPTLS), User: m.User,
		Password: connectors.Secret(m.Password), From: m.From, Folder: m.Folder, Keeps: m.Keeps, CopyToSelf: m.SelfCopy,
		Settle: s.mailSettle, Log: s.log}
	if m.To != "" || m.Alias != "" {
		mc.Routes = []mail.Route{{To: m.To, AliasDomain: m.Alias}}
	}
	box, err := mail.New(mc)
	if err != nil {
		return nil, err // not a nil *Mailbox, which would be a non-nil Connector
	}
	return box, nil
}

// hostsOf are the servers that the configuration itself names as shops'. They may
// stand in our own network, as a sandbox does.
func hostsOf(cfg config.Config) []string {
	var out []string
	for _, c := range cfg.Stores {
		if u, err := url.Parse(c.BaseURL); err == nil && u.Port() != "" {
			out = append(out, u.Host)
		}
	}
	return out
}
