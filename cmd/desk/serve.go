package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
	"helloworld/bot/chat/slack"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/stepup"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/commands"
	"helloworld/connectors"
	"helloworld/connectors/redis"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

type serveCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
}

// Run runs the desk from its configuration.
func (c serveCmd) Run(w *world) error {
	cfg, err := config.Load(c.Config, w.getenv)
	if err != nil {
		return err
	}
	a, err := build(w.ctx, cfg, setup{log: logger(cfg.Desk.Log, w), getenv: w.getenv})
	if err != nil {
		return err
	}
	return a.run(w.ctx, w)
}

func logger(level string, w *world) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w.err, &slog.HandlerOptions{Level: l}))
}

// setup is what a demonstration or a test adds to a configuration.
type setup struct {
	log *slog.Logger
	// demo lets a newcomer be anybody in the console.
	demo bool
	// consent is where a store's access is granted again.
	consent func(storeID string) string
	// getenv reads the secrets of platforms that the declaration does not have;
	// secrets are those that are known without.
	getenv  func(string) string
	secrets map[string]map[string]connectors.Secret
	// mailSettle is how long a mail whose answer was lost may still turn up; 0
	// means the usual.
	mailSettle time.Duration
	// lanes are how many jobs run beside each other; nil means the usual.
	lanes map[string]int
	// listener is listened on already; nil means the configuration's address.
	listener net.Listener
	// beside: the desk itself may be running. The address that it listens on is
	// not taken.
	beside bool
	// grace is how long running jobs may go on at the end; 0 means the usual. A
	// test that stops the desk in the middle of things gives almost none.
	grace time.Duration
}

// app is a desk, wired.
type app struct {
	cfg     config.Config
	log     *slog.Logger
	db      *store.DB
	seal    *store.Sealer
	engine  *jobs.Engine
	people  *people.Book
	desk    *bot.Desk
	router  *commands.Router
	chats   []chat.Transport
	console *console.Transport
	listen  net.Listener
	meter   *redis.Meter
	ready   chan struct{}
	demo    bool
}

// build wires every New. Nothing runs yet, but the console's address is taken.
func build(ctx context.Context, cfg config.Config, s setup) (_ *app, err error) {
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	a := &app{cfg: cfg, log: s.log, ready: make(chan struct{}), demo: s.demo}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	key, sealer, err := keys(cfg)
	if err != nil {
		return nil, err
	}
	a.seal = sealer
	if a.db, err = store.Open(ctx, databaseURL(cfg), store.Options{Log: s.log}); err != nil {
		return nil, err
	}
	if a.people, err = people.Open(ctx, a.db, time.Now); err != nil {
		return nil, err
	}
	if err = seedPeople(ctx, a.db, a.people, cfg); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(cfg.Desk.Zone)
	if err != nil {
		return nil, fmt.Errorf("time zone: %w", err)
	}
	book, words, err := newWords(cfg, bot.Memory{DB: a.db}, bot.NewUsage(a.db, nil), s.log)
	if err != nil {
		return nil, err
	}
	if err = a.openChats(cfg, s); err != nil {
		return nil, err
	}
	keeper := bot.Keeper{DB: a.db, Seal: sealer}
	if a.meter, err = openMeter(ctx, cfg, s.log); err != nil {
		return nil, err
	}
	open := opener{cfg: cfg, keep: keeper, setup: s, redirect: a.redirect}
	if a.meter != nil {
		open.meter = a.meter
	}
	switch {
	case s.listener != nil:
		a.listen = s.listener
	case !s.beside && (a.console != nil || cfg.Desk.PublicURL != ""):
		if a.listen, err = net.Listen("tcp", cfg.Desk.Listen); err != nil {
			return nil, fmt.Errorf("the address to listen on: %w", err)
		}
	}
	stores, err := open.all()
	if err != nil {
		return nil, err
	}
	lanes := map[string]int{bot.LaneIn: 64, bot.LaneWords: 8, bot.LaneShop: 16, bot.LaneMoney: 8, bot.LaneHouse: 4}
	for _, t := range a.chats {
		lanes[bot.OutLane(t.Name())] = 64
	}
	for name, n := range s.lanes {
		lanes[name] = n
	}
	a.engine = jobs.New(a.db, jobs.Options{Lanes: lanes, Lease: a.lease(), Grace: s.grace, Log: s.log, OnDead: func(ctx context.Context, d jobs.DeadJob) {
		if a.desk != nil {
			a.desk.GaveUp(ctx, d)
		}
	}})
	services, err := openTracking(cfg, bot.Registrations{DB: a.db}, s.log)
	if err != nil {
		return nil, err
	}
	exchange, err := ratesOf(cfg, a.db, s.log)
	if err != nil {
		return nil, err
	}
	a.desk, err = bot.New(ctx, bot.Options{Seal: sealer, StepUp: stepup.New(subkey(key, "step-up"), sealer),
		DB: a.db, Track: services, Jobs: a.engine, People: a.people, Audit: audit.New(subkey(key, "audit")), Words: words, Book: book,
		Key: subkey(key, "press"), Stores: stores, Chats: a.chats, Channels: channelsOf(cfg), Zone: zone, Log: s.log, Pull: cfg.Desk.Pull.D(), Web: bot.Web(hostsOf(cfg)...),
		Keeper: keeper, Opener: open, PublicURL: cfg.Desk.PublicURL, ConsoleURL: a.consoleURL(),
		Policy: bot.Policy{Votes: cfg.Refunds.Votes, Expiry: cfg.Refunds.Expiry.D(), Escalation: escalationOf(cfg.Refunds), UnsureFor: cfg.Refunds.UnsureFor.D(), Settle: cfg.Refunds.Settle.D(),
			BreakGlass: cfg.Refunds.BreakGlass, RiskRefunds: cfg.Refunds.RiskRefunds, RiskShare: cfg.Refunds.RiskShare, Rules: cfg.RefundRules()},
		Rates:   exchange,
		After:   bot.Aftermath{Tell: bot.Tell(cfg.Refunds.TellBuyer), Hour: cfg.Refunds.LedgerHour, Days: cfg.Refunds.LedgerDays},
		Replies: repliesOf(cfg)})
	if err != nil {
		return nil, err
	}
	a.router = commands.New(a.desk)
	return a, nil
}

func repliesOf(cfg config.Config) bot.Replies {
	r := bot.Replies{After: cfg.Replies.After.D(), Stores: cfg.Replies.Stores, People: cfg.Replies.People}
	for _, g := range cfg.Replies.Auto {
		r.Auto = append(r.Auto, translate.Grade(g))
	}
	return r
}

// keys loads the sealing key; everything else secret is derived from it.
func keys(cfg config.Config) ([]byte, *store.Sealer, error) {
	if err := os.MkdirAll(cfg.Desk.Data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("the data folder: %w", err)
	}
	key, err := store.LoadKey(string(cfg.Desk.Key), filepath.Join(cfg.Desk.Data, "desk.key"))
	if err != nil {
		return nil, nil, err
	}
	sealer, err := store.NewSealer(key)
	return key, sealer, err
}

func subkey(key []byte, what string) []byte {
	k, err := hkdf.Key(sha256.New, key, nil, "desk "+what, 32)
	if err != nil {
		panic(err) // 32 bytes are never too many for SHA-256
	}
	return k
}

func databaseURL(cfg config.Config) string {
	if cfg.Desk.Database != "" {
		return string(cfg.Desk.Database)
	}
	return filepath.Join(cfg.Desk.Data, "desk.db")
}

// newWords makes the glossary that the desk starts with, and what translates with
// it. usage counts what engines do; nil counts nothing.
func newWords(cfg config.Config, memory translate.Memory, usage *bot.Usage, log *slog.Logger) (*glossary.Book, *translate.Pipeline, error) {
	book, err := loadBook(cfg)
	if err != nil {
		return nil, nil, err
	}
	var words *translate.Pipeline
	engines, rules, err := openEngines(cfg, func() *glossary.Book { return words.Book() }, log)
	if err != nil {
		return nil, nil, err
	}
	o := translate.Options{Engines: engines, Rules: rules, Book: book, Memory: memory, Log: log}
	if usage != nil {
		o.Ledger, o.OnBudget = usage, func(engine string, percent int) { noteBudget(usage, engine, percent, log) }
	}
	words = translate.New(o)
	return book, words, nil
}

// noteBudget writes down how much of an engine's budget is used, for the desk to
// tell. Whoever asked for a translation must not wait for it long.
func noteBudget(usage *bot.Usage, engine string, percent int, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := usage.Budget(ctx, engine, percent); err != nil {
		log.WarnContext(ctx, "how much of a budget is used could not be written down", "engine", engine, "percent", percent, "err", err)
	}
}

// openChats makes the transports that are switched on.
func (a *app) openChats(cfg config.Config, s setup) error {
	if !cfg.Console.Off {
		t, err := newConsole(a, cfg, s)
		if err != nil {
			return err
		}
		a.console, a.chats = t, append(a.chats, t)
	}
	if cfg.Slack.On {
		t, err := slack.New(slack.Config{BotToken: string(cfg.Slack.BotToken), AppToken: string(cfg.Slack.AppToken), BaseURL: cfg.Slack.BaseURL,
			Sockets: cfg.Slack.Sockets, Log: s.log, Words: slackWords{}})
		if err != nil {
			return err
		}
		a.chats = append(a.chats, t)
	}
	if cfg.Telegram.On {
		t, err := telegram.New(telegram.Config{Token: telegram.Secret(cfg.Telegram.Token), BaseURL: cfg.Telegram.BaseURL, Log: s.log,
			Apart: apart(cfg.Telegram.PerSecond), Words: telegramWords, Roots: bot.Roots{DB: a.db, Chat: telegram.Name}, Dialogues: bot.Dialogues{DB: a.db, Seal: a.seal}})
		if err != nil {
			return err
		}
		a.chats = append(a.chats, t)
	}
	return nil
}

// apart is the time between two posts at so many a second; for 0 it is none.
func apart(perSecond int) time.Duration {
	if perSecond <= 0 {
		return -1
	}
	return time.Second / time.Duration(perSecond)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func channelsOf(cfg config.Config) []bot.Channel {
	var out []bot.Channel
	for _, c := range cfg.Channels {
		chatName, id, _ := strings.Cut(c.Place, ":")
		ch := bot.Channel{Place: chat.Place{Chat: chatName, Channel: id}, Name: orElse(c.Name, id), Lang: language.Make(c.Language), Stores: c.Stores}
		for _, t := range c.Topics {
			ch.Topics = append(ch.Topics, bot.Topic(t))
		}
		if chatOn(cfg, chatName) {
			out = append(out, ch)
		}
	}
	return out
}

func chatOn(cfg config.Config, name string) bool {
	switch name {
	case "slack":
		return cfg.Slack.On
	case "telegram":
		return cfg.Telegram.On
	}
	return !cfg.Console.Off
}

// seedPeople adds the people of the configuration who are not there yet, and
// links their accounts. What was changed in the chat since is left as it is.
func seedPeople(ctx context.Context, db *store.DB, book *people.Book, cfg config.Config) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		for _, c := range cfg.People {
			id := people.ID(c.ID)
			if _, ok := book.Get(ctx, id); !ok {
				p := people.Person{ID: id, Name: orElse(c.Name, c.ID), Lang: language.Make(c.Language), Stores: c.Stores}
				for _, r := range c.Roles {
					p.Roles = append(p.Roles, people.Role(r))
				}
				if err := book.Save(tx, p); err != nil {
					return fmt.Errorf("person %s: %w", c.ID, err)
				}
			}
			for chatName, account := range map[string]string{"console": c.ID, "slack": c.Slack, "telegram": c.Telegram} {
				if account == "" {
					continue
				}
				if err := book.Link(tx, chatName, account, c.Name, id); err != nil && !errors.Is(err, people.ErrTaken) {
					return fmt.Errorf("person %s: %s account: %w", c.ID, chatName, err)
				}
			}
		}
		return nil
	})
}

// run runs the desk until ctx ends.
func (a *app) run(ctx context.Context, w *world) error {
	defer a.close()
	if a.db.Kind() == store.SQLite {
		unlock, err := lock(a.cfg.Desk.Data)
		if err != nil {
			return err
		}
		defer unlock()
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.engine.Run(ctx) })
	for _, t := range a.chats {
		g.Go(func() error { return a.chat(ctx, t) })
	}
	if a.listen != nil {
		a.serveWeb(ctx, g)
	}
	if a.console != nil {
		if err := a.printLinks(ctx, w); err != nil {
			return err
		}
	}
	go slim(ctx)
	g.Go(func() error { return a.follow(ctx) })
	g.Go(func() error { return a.desk.Watch(ctx) })
	g.Go(func() error { return a.desk.FollowTerms(ctx) })
	close(a.ready)
	err := g.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// chat keeps one transport running. One that can never work (a wrong token)
// does not take the others down: it is tried again, and said aloud.
func (a *app) chat(ctx context.Context, t chat.Transport) error {
	if m, ok := t.(chat.Menus); ok {
		go a.menus(ctx, t.Name(), m)
	}
	for wait := 5 * time.Second; ; wait = min(max(2*wait, 5*time.Second), 5*time.Minute) {
		err := a.listenTo(ctx, t)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, store.ErrNotAlone) {
			wait = 0 // another replica has it by now, or we get it back
			continue
		}
		a.log.ErrorContext(ctx, "a chat has stopped; it will be tried again", "chat", t.Name(), "wait", wait, "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// menus tells a chat which commands there are, in every language of the desk.
func (a *app) menus(ctx context.Context, name string, m chat.Menus) {
	for i, tag := range i18n.Langs() {
		lang := tag.String()
		if i == 0 && name == telegram.Name {
			lang = "" // the default menu
		}
		if err := m.SetMenu(ctx, lang, commands.Menu(i18n.For(tag))); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "the menu could not be set", "chat", name, "lang", lang, "err", err)
		}
	}
}

// serveWeb serves the console, and what marketplaces and their sellers' browsers
// ask for.
func (a *app) serveWeb(ctx context.Context, g *errgroup.Group) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	a.outside(mux)
	if a.console != nil {
		mux.Handle("/", a.console)
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	g.Go(func() error {
		if err := srv.Serve(a.listen); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if err := srv.Shutdown(stop); err != nil {
			return srv.Close()
		}
		return nil
	})
}

func (a *app) close() {
	if a.listen != nil {
		_ = a.listen.Close()
	}
	if a.meter != nil {
		_ = a.meter.Close()
	}
	if a.db != nil {
		if err := a.db.Close(); err != nil {
			a.log.Error("the database was not closed cleanly", "err", err)
		}
	}
}

// escalationOf is what becomes of asks that nobody decides on.
func escalationOf(r config.Refunds) bot.Escalation {
	e := bot.Escalation{After: r.Escalate.D(), To: r.EscalateTo, Vote: r.EscalateTry}
	for _, after := range []config.Duration{r.Remind, r.RemindAgain} {
		if after > 0 {
			e.Reminders = append(e.Reminders, after.D())
		}
	}
	return e
}
