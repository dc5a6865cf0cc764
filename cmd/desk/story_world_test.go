package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// storyPatience is how long a story waits for something to show before it fails. It
// is no part of what stories test, and a busy computer takes three times as long.
const storyPatience = 90 * time.Second

// story is one story being played: the shops, the chats and the desk.
type story struct {
	t *testing.T
	// patience is how long a look waits.
	patience time.Duration
	at       string
	files    map[string]string
	caught   map[string]string
	kept     map[string]keptButton

	// What a story may say before it begins.
	chatNames []string
	votes     int
	settle    time.Duration
	// slow is how long the shops take over what they are ordered to be slow at.
	slow time.Duration
	// refundsConfig is what the story sets under [refunds].
	refundsConfig config.Refunds

	shops *shops
	// orders are those the story made, by number; last is the one made last.
	orders map[string][]sandbox.OrderInfo
	// calls is how often an operation was called when it was ordered to fail, or
	// when its calls were to be counted.
	calls map[string]int
	// links are those to platforms' pages that were used; back is where the last
	// one sent the browser.
	links []string
	back  string
	// behind is how far the shops' clock is behind.
	behind atomic.Int64
	last   sandbox.OrderInfo
	chats  []venue
	cfg    config.Config
	// listen is the desk's own address; secrets are those of the platforms.
	listen  string
	secrets map[string]map[string]connectors.Secret
	log     *lockedBuffer
	// track are the tracking services, if the story has any.
	track    *trackFakes
	tracking []config.Tracking
	// engines are the translation engines, if the story has any.
	engines       []*storyEngine
	engineConfigs []config.Engine
	// ear hears what leaves the desk, if the story listens.
	ear *ear
	// replies say which answers go out by themselves.
	replies config.Replies
	// glossary is the folder of the seller's own words, if the story has any.
	glossary string

	desk *app
	stop func()

	// What the story told of, for its epilogue.
	refunds  []sandbox.RefundEntry
	messages []int
}

// person is somebody in the stories. Their name is their id everywhere.
type person struct {
	id, lang string
	roles    []string
	slack    string
	telegram int64
}

var cast = []person{
	{"anna", "en", []string{"agent"}, "U0ANNA", 7001},
	{"ben", "en", []string{"manager"}, "U0BEN", 7002},
	{"carla", "en", []string{"manager"}, "U0CARLA", 7003},
	{"li", "zh-CN", []string{"agent"}, "U0LI", 7004},
	{"omar", "en", []string{"ops"}, "U0OMAR", 7005},
	{"adam", "en", []string{"admin"}, "U0ADAM", 7006},
	// The desk does not know the stranger.
	{"stranger", "en", nil, "U0STRANGER", 7999},
}

func castMember(id string) (person, error) {
	for _, p := range cast {
		if p.id == id {
			return p, nil
		}
	}
	return person{}, fmt.Errorf("nobody in the stories is called %q", id)
}

// channel is a room that every chat of the stories has.
type channel struct {
	name, lang, topic, slack string
	telegram                 int64
}

var channels = []channel{
	{"shop", "zh-CN", "messages", "C0SHOP", -1001000000001},
	{"leads", "en", "approvals", "C0LEADS", -1001000000002},
	{"ops", "en", "alerts", "C0OPS", -1001000000003},
}

func room(name string) (channel, bool) {
	i := slices.IndexFunc(channels, func(c channel) bool { return c.name == name })
	if i < 0 {
		return channel{}, false
	}
	return channels[i], true
}

func newStory(t *testing.T) *story {
	t.Helper()
	s := &story{t: t, patience: storyPatience, files: map[string]string{}, caught: map[string]string{"NEXTWEEK": inDays(7), "FARDAY": inDays(45)}, kept: map[string]keptButton{}, chatNames: []string{"console"},
		votes: 1, settle: -1, slow: 500 * time.Millisecond, orders: map[string][]sandbox.OrderInfo{}, calls: map[string]int{}, log: &lockedBuffer{}}
	return s
}

func (s *story) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(io.MultiWriter(s.log, testLog{s.t}), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// world is the sandbox, made when it is first needed.
func (s *story) world() *sandbox.World {
	if s.shops == nil {
		ctx, stop := context.WithCancel(context.Background())
		s.t.Cleanup(stop)
		s.listen = quietAddress()
		// The spare one nobody has connected yet.
		specs := append(sandbox.DefaultStores(), sandbox.StoreSpec{Name: spareShop, Platform: sandbox.Shopify, Currency: "GBP", Language: "en"})
		for i := range specs {
			specs[i].Orders = -1
		}
		var err error
		if s.shops, err = openShops(ctx, "127.0.0.1:0", 0, sandbox.Options{Seed: 1, Stores: specs, Settle: s.settle, Slow: s.slow,
			Now: func() time.Time { return time.Now().Add(-time.Duration(s.behind.Load())) }, HookRetries: []time.Duration{time.Second, time.Second, 2 * time.Second},
			Redirect: "http://" + s.listen + wayBack}); err != nil {
			s.fail(err)
		}
		s.t.Cleanup(s.shops.world.Close)
		s.caught["SHOPS"] = s.shops.url
	}
	return s.shops.world
}

// begin starts the desk, once.
func (s *story) begin() {
	if s.desk != nil {
		return
	}
	s.world()
	cfg, secrets, err := s.shops.config(filepath.Join(s.t.TempDir(), "data"), s.listen)
	if err != nil {
		s.fail(err)
	}
	cfg.Desk.Zone, cfg.Desk.Pull = "UTC", config.Duration(400*time.Millisecond)
	cfg.Refunds.Votes, cfg.Refunds.Settle = s.votes, config.Duration(time.Second)
	cfg.Refunds.LedgerHour = 0 // a night is due whenever the story is played
	s.setRefunds(&cfg.Refunds)
	s.setPolicy(&cfg)
	cfg.Console.Off = !slices.Contains(s.chatNames, "console")
	every := []string{"*"}
	cfg.People, cfg.Channels = nil, nil
	for _, p := range cast {
		if p.roles == nil {
			continue
		}
		cfg.People = append(cfg.People, config.Person{ID: p.id, Name: p.id, Language: p.lang, Roles: p.roles, Stores: every,
			Slack: p.slack, Telegram: fmt.Sprint(p.telegram)})
	}
	for i := range cfg.Stores {
		cfg.Stores[i].Name = cfg.Stores[i].ID
	}
	cfg.Tracking, cfg.Engines, cfg.Replies = s.tracking, s.engineConfigs, s.replies
	cfg.Desk.Glossary = s.glossary
	if s.ear != nil {
		if err := s.overhear(&cfg); err != nil {
			s.fail(err)
		}
	}
	s.cfg, s.secrets = cfg, secrets
	for _, name := range s.chatNames {
		v, err := openVenue(s, name)
		if err != nil {
			s.fail(err)
		}
		s.chats = append(s.chats, v)
		for _, c := range channels {
			s.cfg.Channels = append(s.cfg.Channels, config.Channel{Place: name + ":" + v.channel(c), Name: c.name, Language: c.lang,
				Stores: every, Topics: []string{c.topic}})
		}
	}
	s.open()
	s.t.Cleanup(func() {
		if s.stop != nil {
			s.stop()
		}
	})
}

// open starts the desk on its data; stop stops it as hard as a process can
// without being killed: what is under way is cut off.
func (s *story) open() {
	ctx, cancel := context.WithCancel(context.Background())
	a, err := build(ctx, s.cfg, setup{log: s.logger(), consent: s.shops.consent, secrets: s.secrets, grace: time.Millisecond})
	if err != nil {
		cancel()
		s.fail(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.run(ctx, &world{ctx: ctx, out: io.Discard, err: io.Discard}) }()
	<-a.ready
	s.desk = a
	if a.listen != nil {
		s.cfg.Desk.Listen = a.listen.Addr().String() // the same after a restart
	}
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("the desk ended with: %v", err)
		}
		s.stop = nil
	}
}

// restart stops the desk in the middle of whatever it does, and starts it on
// the same data.
func (s *story) restart() {
	s.stop()
	s.open()
}

// errNotYet is what a look returns while it is worth looking again.
var errNotYet = errors.New("not yet")

// until looks again and again, until it is so or storyPatience ends.
func (s *story) until(look func() error) error {
	for end := time.Now().Add(s.patience); ; time.Sleep(20 * time.Millisecond) {
		err := look()
		if err == nil || !errors.Is(err, errNotYet) {
			return err
		}
		if time.Now().After(end) {
			return err
		}
	}
}

// rounds are the jobs that the desk begins by itself again and again. There is
// always one under way: a queue is listened to for long.
const rounds = `'pull', 'sweep', 'queue', 'subscribe', 'reconcile', 'calendar', 'tidy', 'quality', 'audit_head'`

// wait waits until nothing that people or buyers began is under way.
func (s *story) wait() error {
	return s.until(func() error {
		var left []string
		err := s.desk.db.Read(context.Background(), func(tx *store.Tx) error {
			left = nil
			rows, err := tx.Query(`SELECT kind, error FROM job WHERE dead = 0 AND kind NOT IN (` + rounds + `)`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var kind, why string
				if err := rows.Scan(&kind, &why); err != nil {
					return err
				}
				left = append(left, strings.TrimSpace(kind+" "+why))
			}
			return rows.Err()
		})
		if err != nil || len(left) == 0 {
			return err
		}
		return fmt.Errorf("%w: still under way: %q", errNotYet, left)
	})
}

// pulled waits until every stream of a store was read once more from now on, so
// that what the shop had to say was heard.
func (s *story) pulled(storeID string) error {
	since := time.Now().UnixMilli()
	return s.until(func() error {
		var n int
		err := s.desk.db.Read(context.Background(), func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM sync_stream WHERE store = ? AND stream = 'messages' AND ok_at > ?`, storeID, since).Scan(&n)
		})
		if err == nil && n == 0 {
			return fmt.Errorf("%w: %s was not read", errNotYet, storeID)
		}
		return err
	})
}

// epilogue asks what every story has to answer at its end.
func (s *story) epilogue() error {
	if err := s.wait(); err != nil {
		return err
	}
	l := s.world().Ledger()
	if len(l.Refunds) != len(s.refunds) {
		return fmt.Errorf("the story tells of %d refunds, the shops' ledger has %d: %+v", len(s.refunds), len(l.Refunds), l.Refunds)
	}
	if len(l.Messages) != len(s.messages) {
		return fmt.Errorf("the story tells of %d messages to buyers, the shops' ledger has %d: %+v", len(s.messages), len(l.Messages), l.Messages)
	}
	if _, err := s.desk.desk.Audit.Verify(context.Background(), s.desk.db); err != nil {
		return err
	}
	dead, err := s.desk.engine.Dead(context.Background(), 10)
	if err != nil {
		return err
	}
	for _, d := range dead {
		return fmt.Errorf("a job was given up: %s %s: %s", d.Kind, d.Args, d.Error)
	}
	for _, v := range s.chats {
		if err := v.judge(); err != nil {
			return fmt.Errorf("%s: %w", v.name(), err)
		}
	}
	return nil
}

// scene is what can be seen, for whoever reads of a failure.
func (s *story) scene() string {
	var b strings.Builder
	for _, v := range s.chats {
		for _, p := range s.all(v) {
			fmt.Fprintf(&b, "[%s %s", v.name(), p.channel)
			if p.thread != "" {
				b.WriteString(" ↳")
			}
			if p.only != "" {
				fmt.Fprintf(&b, " only %s", p.only)
			}
			fmt.Fprintf(&b, "] %s %s\n", strings.ReplaceAll(p.text, "\n", " ⏎ "), p.labels())
		}
	}
	if s.shops != nil {
		l := s.world().Ledger()
		fmt.Fprintf(&b, "refunds: %+v\nmessages: %+v\n", l.Refunds, l.Messages)
	}
	log := strings.Split(s.log.String(), "\n")
	fmt.Fprintf(&b, "the end of the log:\n%s", strings.Join(log[max(0, len(log)-25):], "\n"))
	return b.String()
}

// orderOf finds an order by "store#number", or by a number that the story gave
// to one order only.
func (s *story) orderOf(ref string) (sandbox.OrderInfo, error) {
	storeID, number, named := strings.Cut(ref, "#")
	if !named {
		storeID, number = "", ref
	}
	var found []sandbox.OrderInfo
	for _, o := range s.orders[number] {
		if storeID == "" || o.Store == storeID {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		return sandbox.OrderInfo{}, fmt.Errorf("the story made %d orders %q", len(found), ref)
	}
	return found[0], nil
}
