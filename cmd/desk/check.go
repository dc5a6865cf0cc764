package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

type checkCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
}

// checkTime bounds the check of one account.
const checkTime = 45 * time.Second

// Run tries every credential and tells what is wrong and what to do.
func (c checkCmd) Run(w *world) error {
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
	k.house()
	k.chats()
	for _, st := range a.desk.EveryShop() {
		k.shop(st)
		k.mailbox(st)
	}
	k.tracking()
	k.engines()
	if len(a.desk.Channels) == 0 {
		k.say(false, "channels", k.p.T("check.no_channels"))
	}
	if k.bad > 0 {
		fmt.Fprintln(w.out, k.p.T("check.bad", "n", k.bad))
		return errQuiet
	}
	fmt.Fprintln(w.out, k.p.T("check.good"))
	return nil
}

// checker tells what works and counts what does not.
type checker struct {
	w *world
	p *i18n.Printer
	a *app
	// config is the file, for the commands that people are told to run.
	config string
	// bad is how many things need attention; ungranted is how many of them are
	// permissions that sellers have not granted.
	bad, ungranted int
}

// say tells of an account or a service.
func (k *checker) say(ok bool, name, text string) {
	mark := "ok  "
	if !ok {
		mark, k.bad = "BAD ", k.bad+1
	}
	fmt.Fprintf(k.w.out, "%s %-20s %s\n", mark, name, text)
}

// row tells a detail of what was said last.
func (k *checker) row(name, text string) {
	fmt.Fprintf(k.w.out, "       %-18s %s\n", name, strings.TrimSpace(text))
}

// badRow is a detail that needs attention.
func (k *checker) badRow(name, text string) {
	k.bad++
	fmt.Fprintf(k.w.out, "  BAD  %-18s %s\n", name, strings.TrimSpace(text))
}

// command is how a subcommand is called with this configuration.
func (k *checker) command(args string) string {
	text := "desk " + args
	if usual, err := filepath.Abs("desk.toml"); err == nil && k.config != "" && k.config != usual && k.config != "desk.toml" {
		text += " --config "
		if strings.ContainsAny(k.config, " \t'\"") {
			return text + strconv.Quote(k.config)
		}
		text += k.config
	}
	return text
}

// house checks what the desk itself stands on.
func (k *checker) house() {
	kind := "SQLite"
	if k.a.db.Kind() != store.SQLite {
		kind = "PostgreSQL"
	}
	k.say(true, "database", kind)
	if at := k.a.cfg.Desk.PublicURL; at != "" {
		k.say(true, "public_url", at)
	} else {
		k.say(true, "public_url", k.p.T("check.no_public", "span", k.p.Span(k.a.cfg.Desk.Pull.D())))
	}
	switch m := k.a.meter; {
	case m == nil && k.a.db.Kind() == store.SQLite:
		k.say(true, "redis", k.p.T("check.redis_needless"))
	case m == nil:
		k.say(true, "redis", k.p.T("check.redis_none"))
	default:
		ctx, stop := context.WithTimeout(k.w.ctx, checkTime)
		defer stop()
		// One permit of a budget that nobody else has.
		if _, err := m.Take(ctx, "check", connectors.Bucket{Rate: 100, Burst: 100}, 1); err != nil {
			k.say(false, "redis", k.p.T("check.redis_down")+" ("+err.Error()+")")
			return
		}
		k.say(true, "redis", k.p.T("check.works"))
	}
}

func (k *checker) chats() {
	for _, t := range k.a.chats {
		x, ok := t.(chat.Checker)
		if !ok {
			k.say(true, t.Name(), k.p.T("check.nothing"))
			continue
		}
		ctx, stop := context.WithTimeout(k.w.ctx, checkTime)
		who, err := x.Check(ctx)
		stop()
		if err != nil {
			k.say(false, t.Name(), k.p.T(chatTrouble(err))+" ("+err.Error()+")")
			continue
		}
		k.say(true, t.Name(), k.p.T("check.as", "who", who))
	}
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

// nobodysParcel is a number that a service can be asked about: reading costs
// nothing, and that it does not know it is the answer that is hoped for.
const nobodysParcel = "RR123456785CN"

// tracking asks each service about a parcel that it need not know.
func (k *checker) tracking() {
	all, err := trackers(k.a.cfg)
	if err != nil {
		return // build has said so already
	}
	for i, t := range all {
		ctx, stop := context.WithTimeout(k.w.ctx, checkTime)
		_, err := t.Status(ctx, tracking.Parcel{Number: nobodysParcel})
		stop()
		name := k.a.cfg.Tracking[i].Name + " " + t.Name()
		switch kind := tracking.KindOf(err); {
		case err == nil, kind == tracking.NotFound, kind == tracking.Invalid:
			k.say(true, name, k.p.T("check.works"))
		case kind == tracking.Busy:
			k.say(true, name, k.p.T(i18n.Key("track.service."+kind.String()), "service", t.Name()))
		case kind == tracking.Refused:
			env := "DESK_TRACKING_" + strings.ToUpper(strings.ReplaceAll(k.a.cfg.Tracking[i].Name, "-", "_")) + "_KEY"
			k.say(false, name, k.p.T("check.tracking_refused", "env", env)+" ("+err.Error()+")")
		default:
			k.say(false, name, k.p.T(i18n.Key("track.service."+kind.String()), "service", t.Name())+" ("+err.Error()+")")
		}
	}
}
