package bot_test

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"helloworld/bot"
	"helloworld/bot/alerts"
	"helloworld/bot/audit"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// stall is a small shop that keeps its orders in memory and signs what it tells.
type stall struct {
	info connectors.Info
	key  []byte
	most int // the page size it allows

	mu       sync.Mutex
	orders   map[string]connectors.Order
	unlisted map[string]bool // orders that its listing forgets
	items    []connectors.Item
	returns  []connectors.Return
	messages []connectors.Message
	poison   map[string]bool // orders that cannot be read
	fail     map[string]error
	gate     map[string]chan struct{}
	reads    map[string]int
	pages    int
	verify   error
	bad      error // of its health
	subs     []connectors.Subscription
	total    bool // it tells how many there are
}

func newStall(id string) *stall {
	return &stall{info: connectors.Info{Platform: "stall", Store: id, Name: id, Account: "acc-" + id}, key: []byte("key of " + id), most: 100,
		orders: map[string]connectors.Order{}, unlisted: map[string]bool{}, poison: map[string]bool{}, fail: map[string]error{},
		gate: map[string]chan struct{}{}, reads: map[string]int{}}
}

func (s *stall) Info() connectors.Info { return s.info }

func (s *stall) Health(context.Context) connectors.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bad != nil {
		return connectors.Health{State: connectors.HealthBad, Kind: connectors.KindOf(s.bad), Err: s.bad}
	}
	return connectors.Health{State: connectors.HealthOK}
}

func (s *stall) Can(context.Context) []connectors.Capability { return nil }

func (s *stall) put(o connectors.Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders[o.ID] = o
}

func (s *stall) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *stall) count(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads[id]
}

func (s *stall) Orders(_ context.Context, c connectors.Cursor) (connectors.Page[connectors.Order], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages++
	if err := s.fail["list"]; err != nil {
		return connectors.Page[connectors.Order]{}, err
	}
	var all []connectors.Order
	for id, o := range s.orders {
		if !o.Updated.Before(c.Since) && !s.unlisted[id] {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b connectors.Order) int { return cmp.Or(a.Updated.Compare(b.Updated), cmp.Compare(a.ID, b.ID)) })
	p := cut(all, c, s.most)
	if s.total {
		p.Total = len(all)
	}
	for i := len(p.Items) - 1; i >= 0; i-- {
		o := p.Items[i]
		if !p.More {
			p.Next.Since = maxTime(p.Next.Since, o.Updated)
		}
		if s.poison[o.ID] {
			p.Items = slices.Delete(p.Items, i, i+1)
			p.Bad = append(p.Bad, connectors.BadItem{ID: o.ID, Err: fmt.Errorf("no amount"), Raw: []byte("{}")})
		}
	}
	return p, nil
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// cut is a page of a list; its token is where it goes on.
func cut[T any](all []T, c connectors.Cursor, most int) connectors.Page[T] {
	if c.Limit > 0 {
		most = min(most, c.Limit)
	}
	from, _ := strconv.Atoi(c.Token)
	from = min(from, len(all))
	to := min(from+most, len(all))
	p := connectors.Page[T]{Items: slices.Clone(all[from:to]), Next: connectors.Cursor{Since: c.Since}, More: to < len(all)}
	if p.More {
		p.Next.Token = strconv.Itoa(to)
	}
	return p
}

func (s *stall) Order(ctx context.Context, id string) (connectors.Order, error) {
	s.mu.Lock()
	s.reads[id]++
	o, ok := s.orders[id]
	err, gate, bad := s.fail[id], s.gate[id], s.poison[id]
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return o, ctx.Err()
		}
	}
	switch {
	case err != nil:
		return connectors.Order{}, err
	case bad:
		return connectors.Order{}, &connectors.Error{Kind: connectors.Invalid, Platform: "stall", Op: "order"}
	case !ok:
		return connectors.Order{}, &connectors.Error{Kind: connectors.NotFound, Platform: "stall", Op: "order"}
	}
	return o, nil
}

func (s *stall) Items(_ context.Context, c connectors.Cursor) (connectors.Page[connectors.Item], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cut(s.items, c, s.most), s.fail["items"]
}

func (s *stall) Returns(_ context.Context, c connectors.Cursor) (connectors.Page[connectors.Return], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cut(s.returns, c, s.most), nil
}

func (s *stall) Return(_ context.Context, id string) (connectors.Return, error) {
	return connectors.Return{}, &connectors.Error{Kind: connectors.NotFound, Platform: "stall"}
}

// street is a stall that calls us.
type street struct{ *stall }

func (s street) Challenge(q url.Values, endpoint string) (string, []byte, bool) {
	code := q.Get("challenge")
	return "text/plain", []byte(code + " " + endpoint), code != ""
}

func (s street) Verify(_ context.Context, h http.Header, raw []byte) ([]connectors.Event, error) {
	s.mu.Lock()
	err := s.verify
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	sum := hmac.New(sha256.New, s.key)
	sum.Write(raw)
	if got, err := hex.DecodeString(h.Get("X-Sign")); err != nil || !hmac.Equal(got, sum.Sum(nil)) {
		return nil, &connectors.Error{Kind: connectors.Invalid, Platform: "stall", Op: "verify"}
	}
	var e connectors.Event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, &connectors.Error{Kind: connectors.Invalid, Platform: "stall", Op: "verify", Err: err}
	}
	e.Raw = raw
	return []connectors.Event{e}, nil
}

func (s street) Subscribe(_ context.Context, endpoint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs = []connectors.Subscription{{ID: "1", Topic: "orders", Endpoint: endpoint, OK: true}}
	return s.fail["subscribe"]
}

func (s street) Subscriptions(context.Context) ([]connectors.Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.subs), nil
}

// mirror is a desk with stalls, without a chat.
type mirror struct {
	t    *testing.T
	db   *store.DB
	desk *bot.Desk
	stop func()
}

// newMirror makes a desk; pull is how often it looks, and public its address.
func newMirror(t *testing.T, db *store.DB, pull time.Duration, public string, shops ...connectors.Connector) *mirror {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if os.Getenv("DESK_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	ctx, cancel := context.WithCancel(context.Background())
	staff, err := people.Open(ctx, db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var stores []bot.Store
	for _, s := range shops {
		stores = append(stores, bot.Store{ID: s.Info().Store, Name: s.Info().Name, Shop: s})
	}
	engine := jobs.New(db, jobs.Options{Log: log, Poll: 50 * time.Millisecond})
	desk, err := bot.New(ctx, bot.Options{DB: db, Jobs: engine, People: staff, Audit: audit.New([]byte("audit key")), Key: []byte("a key of the tests"),
		Stores: stores, Pull: pull, PublicURL: public, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	m := &mirror{t: t, db: db, desk: desk, stop: sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})}
	t.Cleanup(m.stop)
	return m
}

// tell sends an event as the stall's platform would.
func (m *mirror) tell(s *stall, e connectors.Event) int {
	m.t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		m.t.Fatal(err)
	}
	sum := hmac.New(sha256.New, s.key)
	sum.Write(raw)
	return m.call(s, raw, hex.EncodeToString(sum.Sum(nil)))
}

func (m *mirror) call(s *stall, raw []byte, sign string) int {
	m.t.Helper()
	h := http.Header{}
	h.Set("X-Sign", sign)
	status, _, _ := m.desk.Hook(context.Background(), s.info.Store, h, nil, raw, "https://desk.example/hooks/"+s.info.Store)
	return status
}

func (m *mirror) number(query string, args ...any) (n int64) {
	m.t.Helper()
	if err := m.db.Read(context.Background(), func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) }); err != nil {
		m.t.Fatal(err)
	}
	return n
}

func (m *mirror) word(query string, args ...any) (s string) {
	m.t.Helper()
	if err := m.db.Read(context.Background(), func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&s) }); err != nil {
		m.t.Fatal(err)
	}
	return s
}

// wait waits for something that has to come.
func (m *mirror) wait(what string, ok func() bool) {
	m.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatalf("in vain: %s", what)
		}
	}
}

// order is the mirror's copy.
func (m *mirror) order(storeID, id string) (o connectors.Order, ok bool) {
	m.t.Helper()
	if m.number(`SELECT COUNT(*) FROM order_row WHERE store = ? AND id = ?`, storeID, id) == 0 {
		return o, false
	}
	if err := json.Unmarshal([]byte(m.word(`SELECT body FROM order_row WHERE store = ? AND id = ?`, storeID, id)), &o); err != nil {
		m.t.Fatal(err)
	}
	return o, true
}

// firing is the live alert of a kind.
func (m *mirror) firing(storeID, kind string) (a alerts.Alert, ok bool) {
	m.t.Helper()
	if err := m.db.Read(context.Background(), func(tx *store.Tx) error {
		live, err := alerts.Live(tx, storeID)
		for _, x := range live {
			if x.Kind == kind {
				a, ok = x, true
			}
		}
		return err
	}); err != nil {
		m.t.Fatal(err)
	}
	return a, ok
}

// sale is an order as a stall has it.
func sale(id string, updated time.Time, status connectors.OrderStatus) connectors.Order {
	return connectors.Order{ID: id, Number: "#" + id, Status: status, Created: updated, Updated: updated.UTC().Truncate(time.Millisecond),
		Buyer: connectors.Buyer{ID: "b-" + id, Name: "Maria Koch", Email: "maria@example.com", Country: "DE"}}
}
