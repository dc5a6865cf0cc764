package bot_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
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
	"helloworld/connectors"
	"helloworld/connectors/all"
	"helloworld/connectors/mail"
	"helloworld/connectors/sandbox"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// patience is how long a test waits for something that has to come.
const patience = 90 * time.Second

// hall is a chat that keeps in memory what was said in it.
type hall struct {
	mu    sync.Mutex
	cards map[string]chat.Card
	order []chat.Ref
}

func (*hall) Name() string { return "hall" }

func (h *hall) Run(ctx context.Context, _ chat.Handler) error { <-ctx.Done(); return nil }

func (h *hall) Post(_ context.Context, to chat.Place, c chat.Card) (chat.Ref, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	to.Answering = ""
	ref := chat.Ref{Place: to, ID: fmt.Sprint(len(h.order) + 1)}
	h.order, h.cards[ref.ID] = append(h.order, ref), c
	return ref, nil
}

func (h *hall) Edit(_ context.Context, r chat.Ref, c chat.Card) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cards[r.ID] = c
	return nil
}

func (*hall) Limits(chat.Place) chat.Limits {
	return chat.Limits{Unit: chat.Runes, Text: 100_000, Title: 300, Foot: 1000, FieldText: 2000, ButtonText: 80, FieldsPerPart: 50, Buttons: 25,
		Confirm: 300, Images: true, Threads: true, Edits: true, Private: true}
}

// said are the cards that stand in a channel.
func (h *hall) said(channel string) []chat.Card {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []chat.Card
	for _, r := range h.order {
		if r.Channel == channel && r.Only == "" {
			out = append(out, h.cards[r.ID])
		}
	}
	return out
}

// words is all that a card says.
func words(c chat.Card) string {
	all := []string{c.Title, c.Foot}
	for _, p := range c.Parts {
		all = append(all, p.Label, p.Text)
		for _, f := range p.Fields {
			all = append(all, f.Label, f.Value)
		}
	}
	return strings.Join(all, "\n")
}

// rig is a desk with sandbox shops behind real adapters, and a hall to speak in.
type rig struct {
	t     *testing.T
	world *sandbox.World
	url   string
	db    *store.DB
	desk  *bot.Desk
	hall  *hall
	post  *sandbox.Mail
	staff *people.Book
	// halt stops the desk before the test ends.
	halt func()
}

// plan is what a test wants otherwise.
type plan struct {
	// stores are the shops that the desk has; nil means all three.
	stores []string
	// copyToSelf: the mailboxes are used as if the server kept no copies, and the
	// shop gets one of its own.
	copyToSelf bool
	// engines translate; nil means that none does.
	engines []translate.Engine
	// pictures answers in the place of the world's pictures.
	pictures http.HandlerFunc
	// with changes what the desk is made of; it may keep it for another replica.
	with func(*bot.Options)
}

func newRig(t *testing.T, p plan) *rig {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &rig{t: t, hall: &hall{cards: map[string]chat.Card{}}}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if os.Getenv("DESK_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	specs := sandbox.DefaultStores()
	for i := range specs {
		specs[i].Orders = -1
	}
	var err error
	r.world, err = sandbox.New(sandbox.Options{Stores: specs, Settle: 200 * time.Millisecond, BaseURL: func() string { return r.url }, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", r.world.Handler())
	if p.pictures != nil {
		mux.Handle("/images/", p.pictures)
	}
	srv := httptest.NewServer(mux)
	r.url = srv.URL
	if r.post, err = r.world.StartMail(ctx, "127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	r.db = storetest.Open(t, filepath.Join(t.TempDir(), "desk.db"), store.Options{Log: log})
	if r.staff, err = people.Open(ctx, r.db, time.Now); err != nil {
		t.Fatal(err)
	}
	every := []string{people.EveryStore}
	r.write(func(tx *store.Tx) error {
		for _, x := range []people.Person{
			{ID: "lina", Name: "Lina", Lang: language.MustParse("zh-CN"), Roles: []people.Role{people.Agent}, Stores: every},
			{ID: "wang", Name: "Wang", Lang: language.MustParse("zh-CN"), Roles: []people.Role{people.Manager}, Stores: every},
			{ID: "zoe", Name: "Zoe", Lang: language.English, Roles: []people.Role{people.Manager, people.Agent}, Stores: []string{"ebay-de"}},
		} {
			if err := r.staff.Save(tx, x); err != nil {
				return err
			}
		}
		return nil
	})
	book, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	engine := jobs.New(r.db, jobs.Options{Log: log, Poll: 50 * time.Millisecond, Lanes: map[string]int{bot.OutLane("hall"): 8}})
	var channels []bot.Channel
	for name, topic := range map[string]bot.Topic{"inbox": bot.TopicMessages, "approvals": bot.TopicApprovals, "alerts": bot.TopicAlerts} {
		channels = append(channels, bot.Channel{Place: chat.Place{Chat: "hall", Channel: name}, Name: name, Lang: language.English, Stores: every,
			Topics: []bot.Topic{topic}})
	}
	o := bot.Options{DB: r.db, Jobs: engine, People: r.staff, Audit: audit.New([]byte("audit key")),
		Words: translate.New(translate.Options{Book: book, Engines: p.engines, Memory: bot.Memory{DB: r.db}, Log: log}), Key: []byte("a key of the tests"), Stores: r.stores(p, log),
		Chats: []chat.Transport{r.hall}, Channels: channels, Pull: 100 * time.Millisecond, Web: bot.Web(strings.TrimPrefix(r.url, "http://")),
		Policy: bot.Policy{Votes: 1, Settle: time.Second}, Log: log}
	if p.with != nil {
		p.with(&o)
	}
	if r.desk, err = bot.New(ctx, o); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	r.halt = sync.OnceFunc(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		r.halt()
		if err := r.post.Close(); err != nil {
			t.Error(err)
		}
		srv.CloseClientConnections()
		srv.Close()
	})
	return r
}

// stores makes the desk's shops: the real adapters, with the sandbox's addresses.
func (r *rig) stores(p plan, log *slog.Logger) []bot.Store {
	r.t.Helper()
	var out []bot.Store
	for _, x := range r.world.Accounts() {
		if p.stores != nil && !slices.Contains(p.stores, x.Name) {
			continue
		}
		info := connectors.Info{Platform: x.Platform, Store: x.Name, Name: x.Name, Account: x.Seller, Currency: x.Currency, Language: language.Make(x.Language)}
		plugin, ok := all.Find(x.Platform)
		if !ok {
			r.t.Fatalf("no adapter for %s", x.Platform)
		}
		shop, err := plugin.New(connectors.Config{Info: info, BaseURL: r.url + x.Path, TokenURL: r.url + x.TokenPath, ClientID: x.ClientID,
			ClientSecret: connectors.Secret(x.Secret), Credential: connectors.Credential{Refresh: connectors.Secret(x.Refresh)}, Log: log,
			Options: r.options(x)})
		if err != nil {
			r.t.Fatal(err)
		}
		s := bot.Store{ID: x.Name, Name: x.Name, Shop: shop}
		if x.Platform != sandbox.Ebay {
			info.Platform = "mail"
			s.Mail, err = mail.New(mail.Config{Info: info, IMAPAddr: r.post.IMAPAddr, SMTPAddr: r.post.SMTPAddr, TLS: mail.TLSNone, User: x.User,
				Password: connectors.Secret(x.Password), From: x.Address, Keeps: !p.copyToSelf, CopyToSelf: p.copyToSelf, Settle: 2 * time.Second, Log: log})
			if err != nil {
				r.t.Fatal(err)
			}
		}
		out = append(out, s)
	}
	return out
}

func (r *rig) options(x sandbox.Account) map[string]string {
	o := map[string]string{}
	if x.Marketplace != "" {
		o["marketplace"] = x.Marketplace
	}
	if x.Platform == sandbox.Ebay {
		o["apiz"] = r.url + x.Path
	}
	return o
}

func (r *rig) write(fn func(tx *store.Tx) error) {
	r.t.Helper()
	if err := r.db.Write(context.Background(), fn); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) read(fn func(tx *store.Tx) error) {
	r.t.Helper()
	if err := r.db.Read(context.Background(), fn); err != nil {
		r.t.Fatal(err)
	}
}

// ids reads a column of ids.
func (r *rig) ids(query string, args ...any) []string {
	r.t.Helper()
	var out []string
	r.read(func(tx *store.Tx) (err error) {
		out, err = store.Column[string](tx, query, args...)
		return err
	})
	return out
}

// until waits for something that has to come.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			for _, c := range []string{"inbox", "approvals", "alerts"} {
				for _, card := range r.hall.said(c) {
					r.t.Logf("%s: %s", c, words(card))
				}
			}
			r.t.Fatalf("in vain: %s\n%+v", what, r.world.Ledger())
		}
	}
}

// by is somebody doing something in a channel.
func (r *rig) by(id people.ID, channel string) bot.Deed {
	r.t.Helper()
	who, ok := r.staff.Get(context.Background(), id)
	if !ok {
		r.t.Fatalf("nobody is called %s", id)
	}
	return bot.Deed{Who: who, P: i18n.For(who.Lang), Event: chat.Event{Kind: chat.Pressed, Place: chat.Place{Chat: "hall", Channel: channel},
		Account: chat.Account{ID: string(id)}}}
}

// order makes an order in a shop.
func (r *rig) order(storeID, total string) sandbox.OrderInfo {
	r.t.Helper()
	o, err := r.world.AddOrder(sandbox.NewOrder{Store: storeID, Total: total})
	if err != nil {
		r.t.Fatal(err)
	}
	return o
}

// asked makes a buyer write and waits for the card. It gives the message's id.
func (r *rig) asked(m sandbox.BuyerMessage) string {
	r.t.Helper()
	const shown = `SELECT id FROM message WHERE store = ? AND from_shop = 0 AND state = 'shown' ORDER BY at, id`
	before := r.ids(shown, m.Store)
	if err := r.world.Say(m); err != nil {
		r.t.Fatal(err)
	}
	id := ""
	r.until("the buyer's message is shown", func() bool {
		for _, x := range r.ids(shown, m.Store) {
			if !slices.Contains(before, x) {
				id = x
			}
		}
		return id != "" && len(r.ids(`SELECT id FROM shown WHERE matter = ? AND refs <> ''`, "msg:"+id)) == 1
	})
	return id
}

// answer answers a message and gives the draft's id.
func (r *rig) answer(message, text string) string {
	r.t.Helper()
	ctx := context.Background()
	if err := r.desk.Compose(ctx, r.by("lina", "inbox"), message, text, ""); err != nil {
		r.t.Fatal(err)
	}
	ids := r.ids(`SELECT id FROM draft WHERE message = ? ORDER BY created DESC`, message)
	if len(ids) == 0 {
		r.t.Fatal("there is no draft")
	}
	r.send(ids[0])
	return ids[0]
}

// send lets a draft go, and looks at its facts if it has any.
func (r *rig) send(draft string) {
	r.t.Helper()
	ctx := context.Background()
	if err := r.desk.SendDraft(ctx, r.by("lina", "inbox"), draft, ""); err != nil {
		r.t.Fatal(err)
	}
	if x := r.draft(draft); x.State == bot.DraftOpen && x.Checking != "" {
		if err := r.desk.ConfirmDraft(ctx, r.by("lina", "inbox"), draft, x.Checking); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) draft(id string) (d bot.Draft) {
	r.t.Helper()
	r.read(func(tx *store.Tx) (err error) {
		d, err = r.desk.GetDraft(tx, id)
		return err
	})
	return d
}

func (r *rig) letter(id string) (l bot.Letter) {
	r.t.Helper()
	r.read(func(tx *store.Tx) (err error) {
		l, err = r.desk.Letter(tx, id)
		return err
	})
	return l
}

// received are the messages that a store's buyers got.
func (r *rig) received(storeID string) []sandbox.MessageEntry {
	return slices.DeleteFunc(r.world.Ledger().Messages, func(m sandbox.MessageEntry) bool { return m.Store != storeID })
}

// paid are the refunds of an order that really happened.
func (r *rig) paid(o sandbox.OrderInfo) []sandbox.RefundEntry {
	return slices.DeleteFunc(r.world.Ledger().Refunds, func(x sandbox.RefundEntry) bool { return x.Store != o.Store || x.Order != o.ID })
}

// get is a plain request without any help from the desk.
func get(t *testing.T, c *http.Client, url string) (*http.Response, error) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(q)
}
