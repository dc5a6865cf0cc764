package commands_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/commands"
	"helloworld/connectors"
	"helloworld/connectors/all"
	"helloworld/connectors/sandbox"
	"helloworld/glossary"
	"helloworld/i18n/translate"
)

// patience is how long a test waits for an answer.
const patience = 60 * time.Second

// hall is a chat that keeps in memory what was said in it, and which forms it was
// asked to open.
type hall struct {
	mu    sync.Mutex
	cards []chat.Card
	refs  []chat.Ref
	forms []chat.Form
	// late is whose post is refused once, as by a chat that is busy: with this title.
	late string
}

func (*hall) Name() string { return "hall" }

func (*hall) Run(ctx context.Context, _ chat.Handler) error { <-ctx.Done(); return nil }

func (h *hall) Post(_ context.Context, to chat.Place, c chat.Card) (chat.Ref, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.late != "" && c.Title == h.late {
		h.late = ""
		return chat.Ref{}, &chat.Error{Kind: chat.Busy, RetryAfter: 300 * time.Millisecond}
	}
	h.refs, h.cards = append(h.refs, chat.Ref{Place: to, ID: fmt.Sprint(len(h.refs))}), append(h.cards, c)
	return h.refs[len(h.refs)-1], nil
}

func (h *hall) Edit(_ context.Context, r chat.Ref, c chat.Card) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.refs {
		if h.refs[i].ID == r.ID {
			h.cards[i] = c
		}
	}
	return nil
}

func (h *hall) Ask(_ context.Context, _ chat.Trigger, f chat.Form) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forms = append(h.forms, f)
	return nil
}

func (*hall) Limits(chat.Place) chat.Limits {
	return chat.Limits{Unit: chat.Runes, Text: 100_000, Title: 300, Foot: 1000, FieldText: 2000, ButtonText: 80, FieldsPerPart: 50, Buttons: 25,
		Confirm: 300, Images: true, Threads: true, Edits: true, Private: true}
}

// words is all that a card says.
func words(c chat.Card) string {
	var all []string
	add := func(s ...string) {
		for _, x := range s {
			if x != "" {
				all = append(all, x)
			}
		}
	}
	add(c.Title)
	for _, p := range c.Parts {
		add(p.Label, p.Text)
		for _, f := range p.Fields {
			add(f.Label, f.Value)
		}
	}
	add(c.Foot)
	return strings.Join(all, "\n")
}

// rig is a desk with its router, sandbox shops behind real adapters, and a hall.
type rig struct {
	t     *testing.T
	world *sandbox.World
	url   string
	db    *store.DB
	desk  *bot.Desk
	hall  *hall

	router *commands.Router
	n      int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &rig{t: t, hall: &hall{}}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	specs := append(sandbox.DefaultStores(), sandbox.StoreSpec{Name: "ebay-us", Platform: sandbox.Ebay, Marketplace: "EBAY_US", Currency: "USD", Language: "en"},
		sandbox.StoreSpec{Name: "woo-de", Platform: sandbox.Woo, Currency: "EUR", Language: "de"})
	for i := range specs {
		specs[i].Orders = -1
	}
	var err error
	r.world, err = sandbox.New(sandbox.Options{Stores: specs, Settle: 200 * time.Millisecond, BaseURL: func() string { return r.url }, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(r.world.Handler())
	r.url = srv.URL
	r.db = storetest.Open(t, filepath.Join(t.TempDir(), "desk.db"), store.Options{Log: log})
	staff, err := people.Open(ctx, r.db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	own := []string{"ebay-de", "amazon-jp", "shopify-main", "woo-de"}
	r.write(func(tx *store.Tx) error {
		for _, x := range []people.Person{
			{ID: "anna", Name: "anna", Lang: language.English, Roles: []people.Role{people.Agent}, Stores: own},
			{ID: "li", Name: "li", Lang: language.MustParse("zh-CN"), Roles: []people.Role{people.Agent}, Stores: own},
			{ID: "ben", Name: "ben", Lang: language.English, Roles: []people.Role{people.Manager}, Stores: []string{people.EveryStore}},
		} {
			if err := staff.Save(tx, x); err != nil {
				return err
			}
			if err := staff.Link(tx, "hall", "acc-"+string(x.ID), x.Name, x.ID); err != nil {
				return err
			}
		}
		return nil
	})
	book, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	engine := jobs.New(r.db, jobs.Options{Log: log, Poll: 20 * time.Millisecond, Lanes: map[string]int{bot.OutLane("hall"): 4}})
	r.desk, err = bot.New(ctx, bot.Options{DB: r.db, Jobs: engine, People: staff, Audit: audit.New([]byte("audit key")), Key: []byte("a key of the tests"),
		Words:  translate.New(translate.Options{Book: book, Memory: bot.Memory{DB: r.db}, Log: log}),
		Stores: r.stores(log), Chats: []chat.Transport{r.hall}, Pull: time.Hour, Web: bot.Web(strings.TrimPrefix(r.url, "http://")),
		Channels: []bot.Channel{{Place: chat.Place{Chat: "hall", Channel: "leads"}, Name: "leads", Lang: language.English, Stores: []string{people.EveryStore},
			Topics: []bot.Topic{bot.TopicApprovals}}},
		Policy: bot.Policy{Votes: 1, Settle: time.Second}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	r.router = commands.New(r.desk)
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		srv.CloseClientConnections()
		srv.Close()
		r.world.Close()
	})
	return r
}

// stores makes the desk's shops: the real adapters, with the sandbox's addresses.
func (r *rig) stores(log *slog.Logger) []bot.Store {
	r.t.Helper()
	var out []bot.Store
	for _, x := range r.world.Accounts() {
		plugin, ok := all.Find(x.Platform)
		if !ok {
			r.t.Fatalf("no adapter for %s", x.Platform)
		}
		o := map[string]string{}
		if x.Marketplace != "" {
			o["marketplace"] = x.Marketplace
		}
		if x.Platform == sandbox.Ebay {
			o["apiz"] = r.url + x.Path
		}
		shop, err := plugin.New(connectors.Config{Info: connectors.Info{Platform: x.Platform, Store: x.Name, Name: x.Name, Account: x.Seller, Currency: x.Currency,
			Language: language.Make(x.Language)}, BaseURL: r.url + x.Path, TokenURL: r.url + x.TokenPath, ClientID: x.ClientID,
			ClientSecret: connectors.Secret(x.Secret), Credential: connectors.Credential{Refresh: connectors.Secret(x.Refresh)}, Log: log, Options: o})
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, bot.Store{ID: x.Name, Name: x.Name, Shop: shop})
	}
	return out
}

func (r *rig) write(fn func(tx *store.Tx) error) {
	r.t.Helper()
	if err := r.db.Write(context.Background(), fn); err != nil {
		r.t.Fatal(err)
	}
}

// count counts rows.
func (r *rig) count(query string, args ...any) (n int) {
	r.t.Helper()
	if err := r.db.Read(context.Background(), func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) }); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// order makes an order, delivered if nothing else is said.
func (r *rig) order(n sandbox.NewOrder) sandbox.OrderInfo {
	r.t.Helper()
	if n.Status == "" {
		n.Status = "delivered"
	}
	o, err := r.world.AddOrder(n)
	if err != nil {
		r.t.Fatal(err)
	}
	return o
}

func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			for i, c := range r.hall.cards {
				r.t.Logf("%v: %s", r.hall.refs[i].Place, words(c))
			}
			r.t.Fatalf("in vain: %s", what)
		}
	}
}

// event lets somebody do something and waits until it is dealt with. It gives what
// was posted because of it, and where.
func (r *rig) event(who string, e chat.Event) (said []chat.Card, at []chat.Place) {
	r.t.Helper()
	r.n++
	e.Key, e.Account, e.At = fmt.Sprint("e", r.n), chat.Account{ID: "acc-" + who}, time.Now()
	if e.Place.Channel == "" {
		e.Place = chat.Place{Chat: "hall", Channel: "floor"}
	}
	before := r.posts()
	if err := r.desk.Handle(context.Background(), e); err != nil {
		r.t.Fatal(err)
	}
	r.until("the event and its posts are done", func() bool {
		return r.count(`SELECT COUNT(*) FROM job WHERE dead = 0 AND kind IN ('event', 'post')`) == 0
	})
	r.hall.mu.Lock()
	defer r.hall.mu.Unlock()
	for _, ref := range r.hall.refs[before:] {
		at = append(at, ref.Place)
	}
	return slices.Clone(r.hall.cards[before:]), at
}

func (r *rig) posts() int {
	r.hall.mu.Lock()
	defer r.hall.mu.Unlock()
	return len(r.hall.refs)
}

// say lets somebody type a command.
func (r *rig) say(who, text string) ([]chat.Card, []chat.Place) {
	r.t.Helper()
	return r.event(who, chat.Event{Kind: chat.Said, Text: text, Addressed: true})
}

// press presses the button of a card that has a label.
func (r *rig) press(who string, c chat.Card, label string) ([]chat.Card, []chat.Place) {
	r.t.Helper()
	i := slices.IndexFunc(c.Buttons, func(b chat.Button) bool { return b.Label == label })
	if i < 0 {
		r.t.Fatalf("no button %q on %s %+v", label, words(c), c.Buttons)
	}
	return r.event(who, chat.Event{Kind: chat.Pressed, Token: c.Buttons[i].Command})
}

// form is the newest form that was opened.
func (r *rig) form() chat.Form {
	r.t.Helper()
	r.hall.mu.Lock()
	defer r.hall.mu.Unlock()
	if len(r.hall.forms) == 0 {
		r.t.Fatal("no form was opened")
	}
	return r.hall.forms[len(r.hall.forms)-1]
}

// fill answers the newest form.
func (r *rig) fill(who string, values map[string]string) ([]chat.Card, []chat.Place) {
	r.t.Helper()
	return r.event(who, chat.Event{Kind: chat.Filled, Token: r.form().Token, Values: values})
}
