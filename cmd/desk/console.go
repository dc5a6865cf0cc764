package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/i18n"
)

// newConsole makes the console and fills what it asks for.
func newConsole(a *app, cfg config.Config, s setup) (*console.Transport, error) {
	return console.New(console.Config{Keep: newConsoleKeep(a.db, a.seal), People: directory{a}, Words: catalogue{}, Demo: s.demo,
		PublicURL: cfg.Desk.PublicURL, Log: s.log, Channels: a.rooms, May: a.may})
}

// rooms are the console's channels that a person may see: those of a store of
// theirs. A manager's channel is for those who may decide.
func (a *app) rooms(ctx context.Context, who chat.Account) ([]console.Channel, error) {
	p, ok := a.people.Get(ctx, people.ID(who.ID))
	if !ok || p.Disabled {
		return nil, nil
	}
	var out []console.Channel
	for _, c := range channelsOf(a.cfg) {
		if c.Place.Chat != console.Name || !slices.ContainsFunc(c.Stores, func(s string) bool { return s == people.EveryStore && len(p.Stores) > 0 || p.Sees(s) }) {
			continue
		}
		about := strings.Join(c.Stores, ", ")
		if slices.Contains(c.Stores, people.EveryStore) {
			about = i18n.For(p.Lang).T("stores.every")
		}
		out = append(out, console.Channel{ID: c.Place.Channel, Name: c.Name, About: about})
	}
	return out, nil
}

// may tells whether a command is one that /help would show a person.
func (a *app) may(ctx context.Context, who chat.Account, command string) bool {
	p, ok := a.people.Get(ctx, people.ID(who.ID))
	return ok && !p.Disabled && a.router.May(p, command)
}

// directory lets the desk's people into the console.
type directory struct{ a *app }

func (d directory) Redeem(ctx context.Context, code string) (console.Person, bool, error) {
	var id people.ID
	err := d.a.db.Write(ctx, func(tx *store.Tx) (err error) {
		if id, err = d.a.people.Redeem(tx, code); err != nil {
			return err
		}
		return d.seat(ctx, tx, id)
	})
	if errors.Is(err, people.ErrCode) {
		return console.Person{}, false, nil
	}
	if err != nil {
		return console.Person{}, false, err
	}
	return d.Person(ctx, string(id))
}

// seat lets the console's account of a person, which bears their id, speak for
// them. Who stands in the configuration has that from the start; who was added in
// a chat would be let in and then not be known.
func (d directory) seat(ctx context.Context, tx *store.Tx, id people.ID) error {
	p, ok := d.a.people.Get(ctx, id)
	if !ok || p.Disabled {
		return nil
	}
	if _, known := d.a.people.Who(ctx, console.Name, string(id)); known {
		return nil
	}
	switch err := d.a.people.Link(tx, console.Name, string(id), p.Name, id); {
	case errors.Is(err, people.ErrTaken):
		return nil // an admin gave it to somebody else
	case err != nil:
		return err
	}
	return d.a.desk.Audit.Append(tx, string(id), "people.linked", "person:"+string(id), map[string]any{"chat": console.Name, "account": string(id)})
}

func (d directory) Person(ctx context.Context, id string) (console.Person, bool, error) {
	p, ok := d.a.people.Get(ctx, people.ID(id))
	if !ok || p.Disabled {
		return console.Person{}, false, nil
	}
	return d.show(p), true, nil
}

func (d directory) show(p people.Person) console.Person {
	printer := i18n.For(p.Lang)
	var roles []string
	for _, r := range p.Roles {
		roles = append(roles, printer.T(i18n.Key("role."+string(r))))
	}
	return console.Person{ID: string(p.ID), Name: p.Name, Role: strings.Join(roles, printer.T("common.comma")), Lang: p.Lang.String()}
}

func (d directory) Demo(ctx context.Context) ([]console.Person, error) {
	var out []console.Person
	for _, c := range d.a.cfg.People {
		if p, ok := d.a.people.Get(ctx, people.ID(c.ID)); ok && !p.Disabled {
			out = append(out, d.show(p))
		}
	}
	return out, nil
}

func (d directory) SetLanguage(ctx context.Context, id, lang string) error {
	p, ok := d.a.people.Get(ctx, people.ID(id))
	if !ok {
		return people.ErrNobody
	}
	tag, err := language.Parse(lang)
	if err != nil {
		return fmt.Errorf("language %q: %w", lang, err)
	}
	p.Lang = i18n.For(tag).Lang()
	return d.a.db.Write(ctx, func(tx *store.Tx) error { return d.a.people.Save(tx, p) })
}

// catalogue is the desk's words for the console.
type catalogue struct{}

func (catalogue) Word(lang, key string) string { return i18n.ForLocale(lang).T(i18n.Key(key)) }

func (catalogue) Languages() []console.Language {
	var out []console.Language
	for _, tag := range i18n.Langs() {
		out = append(out, console.Language{Tag: tag.String(), Name: i18n.For(tag).T("lang.self")})
	}
	return out
}

type slackWords struct{}

func (slackWords) Cancel(lang string) string { return i18n.ForLocale(lang).T("button.cancel") }

func telegramWords(lang string) telegram.Phrases {
	p := i18n.ForLocale(lang)
	return telegram.Phrases{Cancel: p.T("button.cancel"), Skip: p.T("dialogue.skip"), Reply: p.T("dialogue.reply"), Keep: p.T("dialogue.keep"),
		Needed: p.T("dialogue.needed"), Choose: p.T("dialogue.choose"), Cancelled: p.T("dialogue.cancelled"), Delete: p.T("dialogue.delete"), Expired: p.T("dialogue.expired"),
		NoImage: p.T("dialogue.no_image")}
}

// linkLife is how long a sign-in link printed at the start is good for.
const linkLife = 24 * time.Hour

// address is where people reach the console.
func (a *app) address() string {
	if a.cfg.Desk.PublicURL != "" {
		return strings.TrimSuffix(a.cfg.Desk.PublicURL, "/")
	}
	addr := a.cfg.Desk.Listen
	if a.listen != nil {
		addr = a.listen.Addr().String()
	}
	if host, port, err := net.SplitHostPort(addr); err == nil && (host == "" || host == "::" || host == "0.0.0.0") {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + addr
}

// consoleURL is address where there is a console, and empty where there is none.
func (a *app) consoleURL() string {
	if a.console == nil {
		return ""
	}
	return a.address()
}

// printLinks prints a one-time sign-in link for every person of the
// configuration who may administer the desk, and in a demonstration for all.
func (a *app) printLinks(ctx context.Context, w *world) error {
	fmt.Fprintf(w.out, "Console: %s\n", a.address())
	return a.db.Write(ctx, func(tx *store.Tx) error {
		for _, c := range a.cfg.People {
			p, ok := a.people.Get(ctx, people.ID(c.ID))
			if !ok || p.Disabled || !p.Is(people.Admin) && !a.demo {
				continue
			}
			code, err := a.people.CodeFor(tx, p.ID, linkLife)
			if err != nil {
				return err
			}
			var roles []string
			for _, r := range p.Roles {
				roles = append(roles, string(r))
			}
			fmt.Fprintf(w.out, "  %-24s %s/in/%s\n", p.Name+" ("+strings.Join(roles, ", ")+")", a.address(), code)
		}
		return nil
	})
}
