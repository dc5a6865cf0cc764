package bot_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/connectors/all"
	"helloworld/connectors/sandbox"
	"helloworld/glossary"
	"helloworld/i18n/translate"
)

// freshDesk is the file of a database with the staff in it. It is made once: the
// migrations would be most of a schedule's cost.
var freshDesk = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "desk")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path, ctx := filepath.Join(dir, "desk.db"), context.Background()
	db, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return nil, err
	}
	staff, err := people.Open(ctx, db, time.Now)
	if err != nil {
		return nil, err
	}
	if err := hire(ctx, db, staff); err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// hire writes the staff down.
func hire(ctx context.Context, db *store.DB, staff *people.Book) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		for _, id := range []people.ID{"lina", "wang", "mei"} {
			p := people.Person{ID: id, Name: string(id), Lang: language.English, Roles: []people.Role{people.Manager}, Stores: []string{people.EveryStore}}
			if err := staff.Save(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// bureau is a desk that is killed and begun again over the same database, with
// everything around it that outlives it: the shops, the chat, the file.
type bureau struct {
	t     testing.TB
	plan  schedule
	world *sandbox.World
	wire  *wire
	// hall and yard are two chats with the same people in them.
	hall  *hall
	yard  yard
	path  string
	log   *slog.Logger
	words *translate.Pipeline
	seal  *store.Sealer
	// wrap may stand between the desk and its shop; nil means nothing does.
	wrap func(connectors.Refunder) connectors.Refunder
	// through may stand between an adapter and the network.
	through func(http.RoundTripper) http.RoundTripper

	mu   sync.Mutex
	desk *process
	// heard is what came of each event that was dealt with.
	heard map[string]error
	// asked counts the commands that people gave, yes is who pressed it on which
	// card, calls are what went to the adapter, office what the back office paid.
	asked  int
	yes    map[string]map[people.ID]bool
	calls  []sending
	office map[string]bool
	// orders are what it is about; mended: everything that failed works again.
	orders []sandbox.OrderInfo
	mended atomic.Bool
	// poll is how often the engines look; 0: hardly ever, since nothing here comes
	// from another process.
	poll time.Duration
	// heed is how often people look for an answer; 0: every two seconds.
	heed time.Duration
	// casts may say that somebody else pressed than who did.
	casts func(people.ID) people.ID
}

// yard is the second chat.
type yard struct{ *hall }

func (yard) Name() string { return "yard" }

// sending is a call that is to move money, as it reaches the adapter.
type sending struct {
	cmd connectors.Refund
	at  time.Time
}

// watched is the adapter with somebody beside it who writes down what it is told.
type watched struct {
	connectors.Refunder
	b *bureau
}

func (w watched) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	w.b.mu.Lock()
	w.b.calls = append(w.b.calls, sending{cmd, time.Now()})
	w.b.mu.Unlock()
	return w.Refunder.Refund(ctx, cmd)
}

// worldURL is where the world seems to be: nobody ever dials it, and adapters
// that insist on encryption let it pass.
const worldURL = "http://127.0.0.1"

// process is one life of the desk.
type process struct {
	desk  *bot.Desk
	db    *store.DB
	staff *people.Book
	net   *http.Transport
	stop  context.CancelFunc
	done  chan error
}

// till is the part of an adapter that this is about. The desk's other traffic,
// the mirror's above all, would only cost time here.
type till struct {
	connectors.Connector
	connectors.Refunder
	oneByOne, keyed bool
}

func (t till) OneByOne() bool { return t.oneByOne }
func (t till) Keyed() bool    { return t.keyed }

func newBureau(t testing.TB, s schedule, file []byte, words *translate.Pipeline) *bureau {
	t.Helper()
	b := &bureau{t: t, plan: s, hall: &hall{cards: map[string]chat.Card{}}, yard: yard{&hall{cards: map[string]chat.Card{}}},
		heard: map[string]error{}, yes: map[string]map[people.ID]bool{}, office: map[string]bool{}, path: filepath.Join(t.TempDir(), "desk.db"), words: words,
		log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if os.Getenv("DESK_TEST_LOG") != "" {
		b.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	var specs []sandbox.StoreSpec
	for _, x := range append(sandbox.DefaultStores(), sandbox.StoreSpec{Name: "woo-eu", Platform: sandbox.Woo}) {
		if x.Name == s.store {
			x.Orders, x.Items = -1, -1
			specs = append(specs, x)
		}
	}
	var err error
	b.world, err = sandbox.New(sandbox.Options{Seed: int64(s.seed), Stores: specs, Settle: s.settle, FinanceLag: s.lag, Slow: s.slow, TokenTTL: s.ttl, RateLimits: s.limits,
		BaseURL: func() string { return worldURL }, Log: b.log})
	if err != nil {
		t.Fatal(err)
	}
	b.wire = newWire(b.world, s.seed)
	b.wire.stray, b.wire.mute, b.wire.drag = s.stray, s.mute, s.drag
	if err := os.WriteFile(b.path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if b.seal, err = store.NewSealer(make([]byte, store.KeySize)); err != nil {
		t.Fatal(err)
	}
	return b
}

// begin starts a process over the database as it is.
func (b *bureau) begin() (err error) {
	ctx, stop := context.WithCancel(context.Background())
	p := &process{stop: stop, done: make(chan error, 1), net: b.wire.transport()}
	defer func() {
		if err != nil && p.db != nil {
			b.closes(p)
		}
		if err != nil {
			stop()
		}
	}()
	if p.db, err = store.Open(ctx, b.path, store.Options{Log: b.log}); err != nil {
		return err
	}
	if p.staff, err = people.Open(ctx, p.db, time.Now); err != nil {
		return err
	}
	shop, err := b.shop(p)
	if err != nil {
		return err
	}
	// The lease and the pauses are the real ones; only the eyes open more rarely.
	engine := jobs.New(p.db, jobs.Options{Log: b.log, Poll: cmp.Or(b.poll, 10*time.Minute), Grace: time.Nanosecond, Lanes: map[string]int{bot.OutLane("hall"): 2, bot.OutLane("yard"): 2}})
	p.desk, err = bot.New(ctx, bot.Options{DB: p.db, Jobs: engine, People: p.staff, Audit: audit.New([]byte("audit key")), Words: b.words,
		Key: []byte("a key of the tests"), Stores: []bot.Store{shop}, Chats: []chat.Transport{b.hall, b.yard}, Pull: 24 * time.Hour, Channels: []bot.Channel{approvalsIn("hall"), approvalsIn("yard")},
		Policy: bot.Policy{Votes: b.plan.votes, Expiry: openFor}, Log: b.log})
	if err != nil {
		return err
	}
	jobs.Handle(engine, bot.LaneIn, func(ctx context.Context, j jobs.Job[bot.EventArgs]) error { return b.route(ctx, p, j) })
	engine.Every("sweep", 5*time.Minute, bot.SweepArgs{})
	for name, args := range map[string]jobs.Args{"tidy": bot.TidyArgs{}, "calendar": bot.CalendarArgs{}, "quality": bot.QualityArgs{}, "audit_head": bot.HeadArgs{}} {
		engine.Every(name, 24*time.Hour, args)
	}
	go func() { p.done <- engine.Run(ctx) }()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.desk = p
	return nil
}

// openFor is how long an ask waits for the managers.
const openFor = 40 * time.Minute

func approvalsIn(room string) bot.Channel {
	return bot.Channel{Place: chat.Place{Chat: room, Channel: "approvals"}, Name: "approvals", Lang: language.English,
		Stores: []string{people.EveryStore}, Topics: []bot.Topic{bot.TopicApprovals, bot.TopicAlerts}}
}

// shop is the real adapter.
func (b *bureau) shop(p *process) (bot.Store, error) {
	x, err := b.world.Account(b.plan.store)
	if err != nil {
		return bot.Store{}, err
	}
	var net http.RoundTripper = p.net
	if b.through != nil {
		net = b.through(net)
	}
	plugin, ok := all.Find(x.Platform)
	if !ok {
		return bot.Store{}, fmt.Errorf("no adapter for %s", x.Platform)
	}
	info := connectors.Info{Platform: x.Platform, Store: x.Name, Name: x.Name, Account: x.Seller, Currency: x.Currency, Language: language.Make(x.Language)}
	options := map[string]string{}
	if x.Marketplace != "" {
		options["marketplace"] = x.Marketplace
	}
	if x.Platform == sandbox.Ebay {
		options["apiz"] = worldURL + x.Path
	}
	shop, err := plugin.New(connectors.Config{Info: info, BaseURL: worldURL + x.Path, TokenURL: worldURL + x.TokenPath, ClientID: x.ClientID,
		ClientSecret: connectors.Secret(x.Secret), Credential: connectors.Credential{Refresh: connectors.Secret(x.Refresh)}, Log: b.log, Options: options,
		Transport: net, Keeper: bot.Keeper{DB: p.db, Seal: b.seal}})
	if err != nil {
		return bot.Store{}, err
	}
	refunder, ok := shop.(connectors.Refunder)
	if !ok {
		return bot.Store{}, fmt.Errorf("%s cannot refund", x.Platform)
	}
	out := till{Connector: shop, Refunder: watched{refunder, b}}
	if o, ok := shop.(connectors.OneByOne); ok {
		out.oneByOne = o.OneByOne()
	}
	if k, ok := shop.(interface{ Keyed() bool }); ok {
		out.keyed = k.Keyed()
	}
	if b.wrap != nil {
		out.Refunder = b.wrap(out.Refunder)
	}
	return bot.Store{ID: x.Name, Name: x.Name, Shop: out}, nil
}

// end ends the process that runs, if one does.
func (b *bureau) end(gently bool) bool {
	b.mu.Lock()
	p := b.desk
	b.desk = nil
	b.mu.Unlock()
	if p == nil {
		return false
	}
	if !gently {
		// From here on nothing is written any more, whatever is still under way.
		b.closes(p)
		b.wire.cut()
	}
	p.stop()
	if err := <-p.done; err != nil {
		b.t.Error(err)
	}
	if gently {
		b.closes(p)
	}
	b.wire.cut()
	p.net.CloseIdleConnections()
	return true
}

func (b *bureau) closes(p *process) {
	if err := p.db.Close(); err != nil {
		b.t.Errorf("closing the database: %v", err)
	}
}

// now is the process that runs, or nil.
func (b *bureau) now() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.desk
}

// refunds are all refunds that the desk knows.
func (p *process) refunds() (out []bot.Payback, err error) {
	err = p.db.Read(context.Background(), func(tx *store.Tx) error {
		out = nil
		ids, err := store.Column[string](tx, `SELECT id FROM refund ORDER BY created, id`)
		if err != nil {
			return err
		}
		for _, id := range ids {
			r, err := p.desk.GetRefund(tx, id)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// waiting tells whether any refund waits for a person.
func (p *process) waiting() (yes bool, err error) {
	err = p.db.Read(context.Background(), func(tx *store.Tx) error {
		return tx.Row(`SELECT EXISTS (SELECT 1 FROM refund WHERE state = ? OR error = ?)`, string(bot.RefundAsked), askPerson).Scan(&yes)
	})
	return yes, err
}

// noWords is a pipeline that nothing here uses; it is made once. Its glossary is
// empty, since every desk that begins would build a whole one of its own.
var noWords = sync.OnceValues(func() (*translate.Pipeline, error) {
	book, err := glossary.Load(fstest.MapFS{})
	if err != nil {
		return nil, err
	}
	return translate.New(translate.Options{Book: book, Log: slog.New(slog.DiscardHandler)}), nil
})
