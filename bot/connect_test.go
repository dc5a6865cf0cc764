package bot_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
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
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// gate is a platform that does nothing but grant access.
type gate struct {
	mu    sync.Mutex
	codes map[string]string
	good  map[connectors.Secret]bool
	due   []connectors.Deadline
}

// gateShop is a store on it.
type gateShop struct {
	*gate
	id   string
	keep connectors.Keeper
}

func (s *gateShop) Info() connectors.Info { return connectors.Info{Platform: "shopify", Store: s.id} }

func (s *gateShop) Health(ctx context.Context) connectors.Health {
	c, _, err := s.keep.Load(ctx, s.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.good[c.Refresh] {
		return connectors.Health{State: connectors.HealthOK}
	}
	return connectors.Health{State: connectors.HealthBad, Kind: connectors.Reauthorise, Err: errors.New("no such token")}
}

func (s *gateShop) Can(context.Context) []connectors.Capability {
	return []connectors.Capability{{Name: connectors.CapRefund, Reason: "can.missing_scope", Missing: "write_orders"}}
}

func (s *gateShop) Begin(_ context.Context, state string) (string, error) {
	return "https://platform.example/consent?state=" + state, nil
}

func (s *gateShop) Complete(_ context.Context, q url.Values) (connectors.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, ok := s.codes[q.Get("code")]
	delete(s.codes, q.Get("code"))
	if !ok {
		return connectors.Credential{}, &connectors.Error{Kind: connectors.Reauthorise, Platform: "shopify", Code: "access_denied"}
	}
	return connectors.Credential{Refresh: connectors.Secret(token)}, nil
}

func (s *gateShop) Refresh(_ context.Context, c connectors.Credential) (connectors.Credential, error) {
	return c, nil
}

func (s *gateShop) Renew(ctx context.Context) error { return s.Health(ctx).Err }

func (s *gateShop) Deadlines() []connectors.Deadline {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.due)
}

// grant makes a code that is worth a token.
func (g *gate) grant(token string, works bool) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	code := rand.Text()
	g.codes[code], g.good[connectors.Secret(token)] = token, works
	return code
}

func (g *gate) ends(list ...connectors.Deadline) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.due = list
}

// opener makes stores on the gate.
func (g *gate) opener(keep connectors.Keeper) gateOpener { return gateOpener{g, keep} }

type gateOpener struct {
	*gate
	keep connectors.Keeper
}

func (gateOpener) Platforms() []string { return []string{"shopify"} }

func (gateOpener) Locate(_, where string) (bot.Account, error) {
	if !strings.HasSuffix(where, ".example") {
		return bot.Account{}, fmt.Errorf("%w: odd", bot.ErrWhere)
	}
	return bot.Account{ID: strings.TrimSuffix(where, ".example"), Platform: "shopify", Account: where}, nil
}

func (o gateOpener) Open(a bot.Account) (bot.Store, error) {
	return bot.Store{ID: a.ID, Name: a.Name, Shop: &gateShop{o.gate, a.ID, o.keep}}, nil
}

// gated is a desk in front of a gate.
type gated struct {
	*rig
	gate *gate
	keep bot.Keeper
	open func() *bot.Desk
}

func newGated(t *testing.T) *gated {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	g := &gated{rig: &rig{t: t, hall: &hall{cards: map[string]chat.Card{}}}, gate: &gate{codes: map[string]string{}, good: map[connectors.Secret]bool{}}}
	g.db = storetest.Open(t, filepath.Join(t.TempDir(), "desk.db"), store.Options{Log: log})
	var err error
	if g.staff, err = people.Open(t.Context(), g.db, time.Now); err != nil {
		t.Fatal(err)
	}
	g.write(func(tx *store.Tx) error {
		return g.staff.Save(tx, people.Person{ID: "sam", Name: "Sam", Lang: language.English, Roles: []people.Role{people.Admin}, Stores: []string{people.EveryStore}})
	})
	seal, err := store.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	book, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	g.keep = bot.Keeper{DB: g.db, Seal: seal}
	g.open = func() *bot.Desk {
		ctx, stop := context.WithCancel(context.Background())
		engine := jobs.New(g.db, jobs.Options{Log: log, Poll: 20 * time.Millisecond, Lanes: map[string]int{bot.OutLane("hall"): 2}})
		var channels []bot.Channel
		for name, topic := range map[string]bot.Topic{"inbox": bot.TopicMessages, "approvals": bot.TopicApprovals, "alerts": bot.TopicAlerts} {
			channels = append(channels, bot.Channel{Place: chat.Place{Chat: "hall", Channel: name}, Name: name, Lang: language.English,
				Stores: []string{people.EveryStore}, Topics: []bot.Topic{topic}})
		}
		d, err := bot.New(ctx, bot.Options{DB: g.db, Jobs: engine, People: g.staff, Audit: audit.New([]byte("audit key")), Words: translate.New(translate.Options{Book: book, Log: log}),
			Key: []byte("a key of the tests"), Chats: []chat.Transport{g.hall}, Channels: channels, Log: log, Keeper: g.keep, Opener: g.gate.opener(g.keep),
			Stores: []bot.Store{{ID: "old", Name: "Old", Shop: &gateShop{g.gate, "old", g.keep}}}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- engine.Run(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		return d
	}
	g.desk = g.open()
	return g
}

var stateIn = regexp.MustCompile(`state=([a-z0-9]+)`)

// begun waits for a card with a link and gives its state.
func (g *gated) begun(n int) string {
	g.t.Helper()
	state := ""
	g.until("a link to the consent", func() bool {
		g.hall.mu.Lock()
		defer g.hall.mu.Unlock()
		found := 0
		for _, ref := range g.hall.order {
			for _, b := range g.hall.cards[ref.ID].Buttons {
				if m := stateIn.FindStringSubmatch(b.URL); m != nil {
					found, state = found+1, m[1]
				}
			}
		}
		return found == n
	})
	return state
}

func (g *gated) back(state, code string) (bot.Connected, error) {
	return g.desk.FinishConnect(context.Background(), url.Values{"state": {state}, "code": {code}})
}

func (g *gated) kept(store string) connectors.Secret {
	g.t.Helper()
	c, _, err := g.keep.Load(context.Background(), store)
	if err != nil {
		g.t.Fatal(err)
	}
	return c.Refresh
}

func problem(err error) string {
	p, ok := i18n.AsProblem(err)
	if !ok {
		return fmt.Sprint(err)
	}
	return string(p.Key)
}

func TestANewStoreIsConnected(t *testing.T) {
	g := newGated(t)
	if _, err := g.desk.NewAccount("shopify", "nonsense", ""); problem(err) != "connect.where_bad" {
		t.Errorf("nonsense is understood: %v", err)
	}
	a, err := g.desk.NewAccount("shopify", "fresh.example", "Fresh")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.desk.BeginConnect(t.Context(), g.by("sam", "alerts"), nil, &a); err != nil {
		t.Fatal(err)
	}
	state := g.begun(1)
	if _, err := g.back("not"+state, g.gate.grant("x", true)); problem(err) != "connect.old" {
		t.Errorf("a foreign state: %v", err)
	}
	code := g.gate.grant("token-1", true)
	got, err := g.back(state, code)
	if err != nil || !got.Fresh || got.Store.ID != "fresh" || got.Health.State != connectors.HealthOK {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, here := g.desk.Shop("fresh"); !here || g.kept("fresh") != "token-1" {
		t.Error("the store is not there, or its credential is not kept")
	}
	if _, err := g.back(state, g.gate.grant("token-2", true)); problem(err) != "connect.old" {
		t.Errorf("a link is good for one try: %v", err)
	}
	g.until("the card says what is missing", func() bool {
		g.hall.mu.Lock()
		defer g.hall.mu.Unlock()
		for _, c := range g.hall.cards {
			if strings.Contains(words(c), "write_orders") && strings.Contains(words(c), "Fresh") {
				return true
			}
		}
		return false
	})
	// It is there after a restart, and for other replicas.
	if _, here := g.open().Shop("fresh"); !here {
		t.Error("the store is forgotten")
	}
	for _, sealed := range g.ids(`SELECT sealed FROM credential`) {
		if strings.Contains(sealed, "token-1") {
			t.Error("the credential is not sealed")
		}
	}
	if _, err := g.desk.NewAccount("shopify", "fresh.example", ""); err != nil {
		t.Fatal(err)
	}
	if err := g.desk.BeginConnect(t.Context(), g.by("sam", "alerts"), nil, &a); problem(err) != "connect.taken" {
		t.Errorf("the same shop twice: %v", err)
	}
}

func TestAccessGrantedAgain(t *testing.T) {
	g := newGated(t)
	old, _ := g.desk.Shop("old")
	if err := g.keep.Save(t.Context(), "old", connectors.Credential{Refresh: "first"}); err != nil {
		t.Fatal(err)
	}
	again := func(n int) string {
		t.Helper()
		if err := g.desk.BeginConnect(t.Context(), g.by("sam", "alerts"), old, nil); err != nil {
			t.Fatal(err)
		}
		return g.begun(n)
	}
	if _, err := g.back(again(1), "refused"); problem(err) != "connect.refused" || g.kept("old") != "first" {
		t.Errorf("refused: %v, kept %q", err, string(g.kept("old")))
	}
	// What comes does not work, such as another seller's account: the old one stays.
	if _, err := g.back(again(2), g.gate.grant("useless", false)); problem(err) != "connect.not_working" || g.kept("old") != "first" {
		t.Errorf("useless: %v, kept %q", err, string(g.kept("old")))
	}
	got, err := g.back(again(3), g.gate.grant("second", true))
	if err != nil || got.Fresh || g.kept("old") != "second" {
		t.Errorf("%+v, %v", got, err)
	}
	c, _, err := g.keep.Load(t.Context(), "old")
	if err != nil || c.Granted.IsZero() {
		t.Errorf("nobody knows when it was granted: %v", err)
	}
}

func TestTheCalendarTellsOfEachNoticeOnce(t *testing.T) {
	g := newGated(t)
	old, _ := g.desk.Shop("old")
	if err := g.keep.Save(t.Context(), "old", connectors.Credential{Refresh: "good"}); err != nil {
		t.Fatal(err)
	}
	g.gate.grant("good", true)
	day := 24 * time.Hour
	in := func(d time.Duration) connectors.Deadline {
		return connectors.Deadline{What: connectors.DueConsent, At: time.Now().Add(d)}
	}
	open := func() (n int) {
		for _, c := range g.hall.said("alerts") {
			if strings.Contains(c.Title, "ends soon") && len(c.Buttons) > 0 && c.Tone != chat.Plain {
				n++
			}
		}
		return n
	}
	check := func(want connectors.HealthState) {
		t.Helper()
		if h, err := g.desk.CheckStore(t.Context(), old); err != nil || h.State != want {
			t.Fatalf("%+v, %v", h, err)
		}
	}
	all := func() int { return len(g.ids(`SELECT id FROM alert WHERE kind = 'calendar'`)) }
	for i, x := range []struct {
		in   time.Duration
		told int
	}{{40 * day, 0}, {29 * day, 1}, {28 * day, 1}, {13 * day, 2}, {6 * day, 3}, {8 * day, 3}, {5 * day, 4}, {20 * time.Hour, 5}} {
		d := in(x.in)
		g.gate.ends(d)
		check(connectors.HealthOK)
		check(connectors.HealthOK) // the same day again is no news
		if n := all(); n != x.told {
			t.Errorf("step %d: %d alerts, want %d", i, n, x.told)
		}
		if x.told > 0 {
			g.until("one card is up, the others are superseded", func() bool { return open() == 1 })
		}
	}
	// Granted again: the day is far away, and a call worked.
	g.gate.ends(in(365 * day))
	check(connectors.HealthOK)
	g.until("it is green", func() bool { return open() == 0 })
	if n := len(g.ids(`SELECT store FROM deadline`)); n != 0 {
		t.Errorf("%d days are remembered", n)
	}
}
