package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/alerts"
	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	mirrored "helloworld/bot/sync"
	"helloworld/connectors"
)

// Two sellers were sent to grant access under one id, on two replicas: the store
// of the first one must not get the second one's account.
func TestAnIdIsGivenToOneSellerOnly(t *testing.T) {
	g := newGated(t)
	a, err := g.desk.NewAccount("shopify", "fresh.example", "Fresh")
	if err != nil {
		t.Fatal(err)
	}
	b := a
	other := g.open() // it does not look for what the first one connects
	if err := g.desk.BeginConnect(t.Context(), g.by("sam", "alerts"), nil, &a); err != nil {
		t.Fatal(err)
	}
	first := g.begun(1)
	if err := other.BeginConnect(t.Context(), g.by("sam", "alerts"), nil, &b); err != nil {
		t.Fatal(err)
	}
	second := g.begun(2)
	if _, err := g.back(first, g.gate.grant("the first seller's", true)); err != nil {
		t.Fatal(err)
	}
	_, err = other.FinishConnect(t.Context(), url.Values{"state": {second}, "code": {g.gate.grant("the second seller's", true)}})
	if problem(err) != "connect.taken" {
		t.Errorf("the second is told %v", err)
	}
	if kept := g.kept("fresh"); kept != "the first seller's" {
		t.Errorf("the store has the access of %q", string(kept))
	}
}

// What is left of a store that was taken out of the configuration may be somebody
// else's.
func TestANewStoreInheritsNothing(t *testing.T) {
	g := newGated(t)
	g.write(func(tx *store.Tx) error {
		return errors.Join(mirrored.Moved(tx, "fresh", mirrored.Orders, connectors.Cursor{Since: time.Now()}, 1),
			errors.Join(second(mirrored.SaveOrder(tx, "fresh", connectors.Order{ID: "1", Number: "1"}))))
	})
	if err := g.keep.Save(t.Context(), "fresh-2", connectors.Credential{Refresh: "somebody's"}); err != nil {
		t.Fatal(err)
	}
	a, err := g.desk.NewAccount("shopify", "fresh.example", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.desk.BeginConnect(t.Context(), g.by("sam", "alerts"), nil, &a); err != nil {
		t.Fatal(err)
	}
	got, err := g.back(g.begun(1), g.gate.grant("ours", true))
	if err != nil || got.Store.ID != "fresh-3" {
		t.Fatalf("it is %+v, %v", got.Store, err)
	}
	if k := g.kept("fresh-2"); k != "somebody's" {
		t.Errorf("somebody's access became %q", string(k))
	}
	// The same shop again, though nobody told this replica that it is connected.
	if _, err := g.db, g.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO shop_account(id, body, who, at) VALUES ('twice', '{"id":"twice","platform":"none"}', 'sam', 1)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	twice, err := g.desk.NewAccount("shopify", "twice.example", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.desk.BeginConnect(t.Context(), g.by("sam", "alerts"), nil, &twice); problem(err) != "connect.taken" {
		t.Errorf("the same shop twice: %v", err)
	}
}

func second[A any](_ A, err error) error { return err }

// cached is a shop that keeps its credential in memory, as the adapters do.
type cached struct {
	*stall
	tokens *connectors.Tokens
	good   sync.Map
	state  chan string
	brings connectors.Credential
}

func (s *cached) Begin(_ context.Context, state string) (string, error) {
	s.state <- state
	return "https://platform.example/?state=" + state, nil
}

func (s *cached) Complete(context.Context, url.Values) (connectors.Credential, error) {
	return s.brings, nil
}

func (s *cached) Refresh(_ context.Context, c connectors.Credential) (connectors.Credential, error) {
	return c, nil
}

func (s *cached) Reload(ctx context.Context) error { return s.tokens.Reload(ctx) }

func (s *cached) Health(ctx context.Context) connectors.Health {
	token, err := s.tokens.Token(ctx)
	if _, ok := s.good.Load(token); err == nil && ok {
		return connectors.Health{State: connectors.HealthOK}
	}
	return connectors.Health{State: connectors.HealthBad, Kind: connectors.Reauthorise, Err: errors.New("refused")}
}

// newCached makes a desk with such a shop, whose credential works, and somebody
// who may connect it.
func newCached(t *testing.T, refresh func(context.Context, connectors.Credential) (connectors.Credential, error)) (*mirror, *cached, bot.Keeper, bot.Deed) {
	t.Helper()
	db := storetest.Open(t, t.TempDir()+"/desk.db", store.Options{})
	seal, err := store.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	keep := bot.Keeper{DB: db, Seal: seal}
	s := &cached{stall: newStall("cached"), state: make(chan string, 1)}
	first := connectors.Credential{Access: "first", Refresh: "first refresh", Expires: time.Now().Add(time.Hour)}
	if err := keep.Save(t.Context(), "cached", first); err != nil {
		t.Fatal(err)
	}
	s.good.Store(first.Access, true)
	s.tokens = connectors.NewTokens("cached", connectors.Credential{}, keep, nil, refresh)
	log := slog.New(slog.DiscardHandler)
	staff, err := people.Open(t.Context(), db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	who := people.Person{ID: "sam", Name: "Sam", Lang: language.English, Roles: []people.Role{people.Admin}, Stores: []string{people.EveryStore}}
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return staff.Save(tx, who) }); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	engine := jobs.New(db, jobs.Options{Log: log, Poll: 20 * time.Millisecond, Lanes: map[string]int{bot.OutLane("hall"): 2}})
	desk, err := bot.New(ctx, bot.Options{DB: db, Jobs: engine, People: staff, Audit: audit.New([]byte("audit key")), Key: []byte("a key of the tests"),
		Chats: []chat.Transport{&hall{cards: map[string]chat.Card{}}}, Stores: []bot.Store{{ID: "cached", Name: "Cached", Shop: s}}, Pull: seldom,
		Keeper: keep, Log: log})
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
	m := &mirror{t: t, db: db, desk: desk}
	r := &rig{t: t, staff: m.desk.People}
	return m, s, keep, r.by("sam", "alerts")
}

// finish goes through a consent that brings c.
func (s *cached) finish(m *mirror, by bot.Deed, c connectors.Credential) error {
	m.t.Helper()
	s.brings = c
	here, _ := m.desk.Shop("cached")
	err := m.desk.BeginConnect(context.Background(), by, here, nil)
	if err != nil {
		return err
	}
	_, err = m.desk.FinishConnect(context.Background(), url.Values{"state": {<-s.state}, "code": {"1"}})
	return err
}

// What comes does not work: what was there is not only kept, but in use again, and
// nobody is called for it.
func TestTheAccessBeforeIsInUseAgain(t *testing.T) {
	m, s, keep, by := newCached(t, func(context.Context, connectors.Credential) (connectors.Credential, error) {
		return connectors.Credential{}, &connectors.Error{Kind: connectors.Reauthorise}
	})
	m.settled("cached")
	err := s.finish(m, by, connectors.Credential{Access: "useless", Refresh: "useless too", Expires: time.Now().Add(time.Hour)})
	if problem(err) != "connect.not_working" {
		t.Fatalf("it is told as %v", err)
	}
	if c, _, err := keep.Load(t.Context(), "cached"); err != nil || c.Access != "first" {
		t.Errorf("%q is kept, %v", string(c.Access), err)
	}
	if c := s.tokens.Current(); c.Access != "first" {
		t.Errorf("%q is in use", string(c.Access))
	}
	if a, ok := m.firing("cached", alerts.Token); ok {
		t.Errorf("people are called, though the store works: %+v", a)
	}
}

// A refresh of the old access is under way while new access comes: what it brings
// must not be written over the new one.
func TestARefreshUnderWayDoesNotUndoAConsent(t *testing.T) {
	under, on := make(chan struct{}), make(chan struct{})
	m, s, keep, by := newCached(t, func(_ context.Context, old connectors.Credential) (connectors.Credential, error) {
		if old.Refresh != "first refresh" {
			return connectors.Credential{}, &connectors.Error{Kind: connectors.Reauthorise}
		}
		close(under)
		<-on
		return connectors.Credential{Access: "first, renewed", Expires: time.Now().Add(time.Hour)}, nil
	})
	m.settled("cached")
	s.good.Store(connectors.Secret("new"), true)
	renewed := make(chan error, 1)
	go func() { renewed <- s.tokens.Renew(context.Background()) }()
	<-under
	done := make(chan error, 1)
	go func() {
		done <- s.finish(m, by, connectors.Credential{Access: "new", Refresh: "new refresh", Expires: time.Now().Add(time.Hour)})
	}()
	time.Sleep(300 * time.Millisecond) // time enough for whoever does not wait
	close(on)
	if err := errors.Join(<-renewed, <-done); err != nil {
		t.Fatal(err)
	}
	if c, _, err := keep.Load(t.Context(), "cached"); err != nil || c.Access != "new" {
		t.Errorf("%q is kept, %v", string(c.Access), err)
	}
	if c := s.tokens.Current(); c.Access != "new" {
		t.Errorf("%q is in use", string(c.Access))
	}
}

// A replica that does not know a store must not take a run away from those that do.
func TestARunWaitsForAReplicaThatKnowsItsStore(t *testing.T) {
	db := storetest.Open(t, t.TempDir()+"/desk.db", store.Options{})
	stranger := newMirror(t, db, seldom, "")
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		r, _, err := mirrored.Start(tx, mirrored.Run{ID: "S1", Store: "new", Streams: []string{mirrored.Orders}, By: "desk"})
		return errors.Join(err, jobs.Add(tx, bot.ResyncArgs{Run: r.ID}, jobs.Key("resync/S1")))
	}); err != nil {
		t.Fatal(err)
	}
	const left = `SELECT COUNT(*) FROM job WHERE kind = 'resync'`
	stranger.wait("the stranger has had its turn", func() bool {
		return stranger.number(left+` AND owner = '' AND run > 0`) == 1 || stranger.number(left) == 0
	})
	if n := stranger.number(left); n != 1 {
		t.Errorf("the run is under way for ever: %d jobs read it", n)
	}
}

// chatty is a street with an inbox.
type chatty struct{ street }

func (s chatty) Messages(_ context.Context, c connectors.Cursor) (connectors.Page[connectors.Message], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cut(s.messages, c, s.most), s.fail["messages"]
}

// One stream fails for good, another is read well: that is one alert, not a new one
// a minute; and it is one, also if the failure is of a passing kind.
func TestAStreamThatFailsIsOneAlert(t *testing.T) {
	for _, kind := range []connectors.Kind{connectors.Invalid, connectors.Reauthorise} {
		t.Run(kind.String(), func(t *testing.T) {
			db := storetest.Open(t, t.TempDir()+"/desk.db", store.Options{})
			s := newStall("street")
			s.fail["list"] = &connectors.Error{Kind: kind, Platform: "stall", Op: "orders"}
			m := newMirror(t, db, 50*time.Millisecond, "", chatty{street{s}})
			var ok [5]int64
			const read = `SELECT ok_at FROM sync_stream WHERE store = 'street' AND stream = 'messages'`
			for i := range ok {
				m.wait("messages are read, and orders are not, again and again", func() bool {
					if m.number(`SELECT COUNT(*) FROM sync_stream WHERE stream = 'messages' AND ok_at > 0`) == 0 || m.number(`SELECT COUNT(*) FROM alert`) == 0 {
						return false
					}
					ok[i] = m.number(read)
					return i == 0 || ok[i] > ok[i-1]
				})
				time.Sleep(60 * time.Millisecond)
			}
			if n := m.number(`SELECT COUNT(*) FROM alert`); n != 1 {
				t.Errorf("%d alerts of one failure", n)
			}
			s.set(func() { delete(s.fail, "list") })
			m.wait("it is over", func() bool { return m.number(`SELECT COUNT(*) FROM alert WHERE live IS NOT NULL`) == 0 })
		})
	}
}

// A list was asked for while a store was well, and arrives when it has been found
// that it is not: that does not end the alert. What is asked for later does.
func TestALateAnswerDoesNotEndAnAlert(t *testing.T) {
	db := storetest.Open(t, t.TempDir()+"/desk.db", store.Options{})
	s := slow{street{newStall("street")}, make(chan struct{}), new(atomic.Int32), new(atomic.Int32)}
	m := newMirror(t, db, seldom, "", s)
	m.settled("street")
	m.wait("the first looks are over", func() bool { return m.number(`SELECT COUNT(*) FROM job WHERE kind IN ('pull', 'reconcile')`) == 0 })
	check := func() {
		t.Helper()
		here, _ := m.desk.Shop("street")
		if _, err := m.desk.CheckStore(t.Context(), here); err != nil {
			t.Fatal(err)
		}
	}
	s.put(sale("1", time.Now(), connectors.OrderShipped))
	if got := m.tell(s.stall, event("e1", connectors.EventOrder, "")); got != 200 {
		t.Fatal(got)
	}
	m.wait("the list is on its way", func() bool { return s.sales.Load() > 0 })
	time.Sleep(5 * time.Millisecond) // the same moment would be in time
	s.set(func() { s.bad = &connectors.Error{Kind: connectors.Reauthorise, Platform: "stall"} })
	check()
	close(s.let)
	m.worked("street")
	if _, ok := m.order("street", "1"); !ok {
		t.Fatal("the list has not arrived")
	}
	if _, ok := m.firing("street", alerts.Token); !ok {
		t.Error("an answer from before has ended the alert")
	}
	time.Sleep(5 * time.Millisecond)
	s.set(func() { s.bad = nil })
	check()
	if _, ok := m.firing("street", alerts.Token); ok {
		t.Error("the alert goes on though the store is well")
	}
}

func TestAnInboxThatWorksDoesNotHideAStreamThatIsDown(t *testing.T) {
	db := storetest.Open(t, t.TempDir()+"/desk.db", store.Options{})
	s := newStall("street")
	s.fail["list"] = &connectors.Error{Kind: connectors.Down, Platform: "stall", Op: "orders"}
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO sync_stream(store, stream, pos, ok_at) VALUES ('street', 'orders', '{}', ?)`, tx.Now()-time.Hour.Milliseconds())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	m := newMirror(t, db, 50*time.Millisecond, "", chatty{street{s}})
	m.wait("somebody is told", func() bool { _, ok := m.firing("street", alerts.Sync); return ok })
}

// A buyer is to be forgotten also in a shop that has been disconnected: then most
// of what is left to be read is refused.
func TestABuyerIsForgottenInADisconnectedShop(t *testing.T) {
	s := newStall("street")
	s.put(sale("1", time.Now(), connectors.OrderPaid))
	m := newMirror(t, storetest.Open(t, t.TempDir()+"/desk.db", store.Options{}), 100*time.Millisecond, "", street{s})
	m.settled("street")
	refused := &connectors.Error{Kind: connectors.Reauthorise, Platform: "stall", Op: "order"}
	for i := range 9 {
		id := fmt.Sprint("gone", i)
		s.set(func() { s.fail[id] = refused })
		if got := m.tell(s, event("e"+id, connectors.EventOrder, id)); got != 200 {
			t.Fatal(got)
		}
	}
	if got := m.tell(s, connectors.Event{ID: "p1", Kind: connectors.EventPrivacy, Topic: "customers/redact", Order: "1"}); got != 200 {
		t.Fatal(got)
	}
	deadline := time.Now().Add(20 * time.Second)
	for m.number(`SELECT COUNT(*) FROM privacy_request WHERE done > 0`) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the buyer is not forgotten: what is refused stands before")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if o, _ := m.order("street", "1"); o.Buyer.Name != "" {
		t.Errorf("the buyer is %+v", o.Buyer)
	}
}

// Wherever the desk itself has written a buyer's name down, it goes.
func TestNothingIsLeftOfABuyer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, twin, apart := newStall("street"), newStall("twin"), newStall("apart")
		apart.info.Platform = "elsewhere"
		for _, x := range []*stall{s, twin, apart} {
			x.put(sale("7001", time.Now(), connectors.OrderPaid))
		}
		m := newMirror(t, db, seldom, "", street{s}, street{twin}, street{apart})
		for _, x := range []string{"street", "twin", "apart"} {
			m.settled(x)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			for _, q := range []string{
				`INSERT INTO refund(id, store, order_id, number, body, facts, state, asked_by, approval, key, created, updated)
					VALUES ('R1', 'street', '7001', '#7001', '{"buyer":"Maria Koch","status":"paid"}', 'f', 'confirmed', 'sam', 'a', 'k', 1, 1)`,
				`INSERT INTO message(id, store, remote, thread, order_ref, from_shop, body, state, at)
					VALUES ('M1', 'street', 'm1', 't', '7001', 0, '{"ID":"m1","Order":"7001","Buyer":{"ID":"relay-1","Name":"Maria Koch"},"Text":"Hallo"}', 'shown', 1)`,
				`INSERT INTO quarantine(store, stream, id, reason, raw, at) VALUES ('street', 'messages', 'm9', 'odd', '{"order_id":7001,"name":"Maria Koch"}', 4102444800000)`,
				`INSERT INTO quarantine(store, stream, id, reason, raw, at) VALUES ('street', 'returns', 'r9', 'odd', '{"mail":"MARIA@example.com"}', 4102444800000)`,
				`INSERT INTO hook(store, id, topic, kind, order_ref, ref, mark, raw, told, at)
					VALUES ('street', 'h9', 't', 'order', '7001', '', 'order/7001', '{"name":"Maria Koch"}', 0, 4102444800000)`,
			} {
				if _, err := tx.Exec(q); err != nil {
					return fmt.Errorf("%s: %w", q, err)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		// The platform writes the address as it likes, and names no seller.
		if got := m.tell(s, connectors.Event{ID: "p1", Kind: connectors.EventPrivacy, Topic: "MARKETPLACE_ACCOUNT_DELETION", Ref: "Maria@Example.COM"}); got != 200 {
			t.Fatal(got)
		}
		for _, x := range []string{"street", "twin"} {
			m.wait("it is done in "+x, func() bool {
				return m.number(`SELECT COUNT(*) FROM privacy_request WHERE store = ? AND done > 0`, x) == 1
			})
		}
		for _, q := range []string{`SELECT body FROM order_row WHERE store = 'street'`, `SELECT body FROM order_row WHERE store = 'twin'`,
			`SELECT body FROM refund`, `SELECT body FROM message`, `SELECT raw FROM quarantine WHERE id = 'm9'`, `SELECT raw FROM quarantine WHERE id = 'r9'`,
			`SELECT raw FROM hook WHERE id = 'h9'`, `SELECT ref || raw FROM hook WHERE id = 'p1' AND store = 'street'`,
			`SELECT ref FROM privacy_request WHERE store = 'street'`} {
			if got := strings.ToLower(m.word(q)); strings.Contains(got, "maria") {
				t.Errorf("%s: %s", q, got)
			}
		}
		if o, _ := m.order("apart", "7001"); o.Buyer.Name == "" {
			t.Error("a buyer of another platform is forgotten")
		}
	})
}

// One odd letter must not keep away what comes with it.
func TestAnOddLetterDoesNotStopMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		now := time.Now()
		s.messages = []connectors.Message{{ID: "a\x00", Thread: "odd\xff", Order: "\x00", FromShop: true, At: now}, {ID: "b", Thread: "t", FromShop: true, At: now}}
		m := newMirror(t, db, 50*time.Millisecond, "", chatty{street{s}})
		m.wait("both are there", func() bool { return m.number(`SELECT COUNT(*) FROM message WHERE store = 'street'`) == 2 })
		read := m.number(`SELECT ok_at FROM sync_stream WHERE stream = 'messages'`)
		m.wait("they are read again", func() bool { return m.number(`SELECT ok_at FROM sync_stream WHERE stream = 'messages'`) > read })
		if n := m.number(`SELECT COUNT(*) FROM message`); n != 2 {
			t.Errorf("%d messages", n)
		}
	})
}

// slowly is a street that makes whoever reads it wait after each page.
type slowly struct {
	street
	read atomic.Bool
}

func (s *slowly) Orders(ctx context.Context, c connectors.Cursor) (connectors.Page[connectors.Order], error) {
	if s.read.Swap(true) && c.Token != "" {
		s.read.Store(false)
		return connectors.Page[connectors.Order]{}, &connectors.Error{Kind: connectors.Busy, RetryAfter: time.Millisecond, Op: "orders"}
	}
	return s.street.Orders(ctx, c)
}

// A shop that makes us wait is compared to its end, and not from its beginning
// again and again.
func TestADeepComparisonOfABusyShopEnds(t *testing.T) {
	st := newStall("street")
	st.most = 2
	for i := range 6 {
		st.put(sale(fmt.Sprint(100+i), time.Now().Add(-time.Hour), connectors.OrderPaid))
	}
	m := newMirror(t, storetest.Open(t, t.TempDir()+"/desk.db", store.Options{}), seldom, "", &slowly{street: street{st}})
	const left = `SELECT COUNT(*) FROM job WHERE kind = 'pull' AND args LIKE '%orders%'`
	m.wait("the first look is over", func() bool { return m.number(`SELECT COUNT(*) FROM order_row`) == 6 && m.number(left) == 0 })
	if err := m.db.Write(t.Context(), func(tx *store.Tx) error {
		return jobs.Add(tx, bot.ReconcileArgs{Store: "street", Deep: true}, jobs.Key("reconcile/street/deep"))
	}); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for m.number(`SELECT COUNT(*) FROM job WHERE key = 'reconcile/street/deep'`) > 0 {
		if time.Now().After(deadline) {
			t.Fatal("it is read from the beginning for ever")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
