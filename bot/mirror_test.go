package bot_test

import (
	"context"
	"fmt"
	sync2 "sync"
	"testing"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// well is a stall that leaves its news in a queue.
type well struct {
	*stall
	q *queue
}

type queue struct {
	mu      sync2.Mutex
	waiting []connectors.Event
	acked   map[string]int
	given   int
	deaf    bool // acknowledgements get lost
}

func (w well) Queue(context.Context) error { return nil }

func (w well) Receive(context.Context) ([]connectors.Event, error) {
	w.q.mu.Lock()
	defer w.q.mu.Unlock()
	w.q.given += len(w.q.waiting)
	if w.q.deaf && w.q.given > 40 {
		return nil, nil
	}
	return append([]connectors.Event(nil), w.q.waiting...), nil
}

func (w well) Ack(_ context.Context, events ...connectors.Event) error {
	w.q.mu.Lock()
	defer w.q.mu.Unlock()
	for _, e := range events {
		w.q.acked[e.ID]++
	}
	if !w.q.deaf {
		w.q.waiting = nil
	}
	return nil
}

func TestAQueueIsAcknowledgedOnceItIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, other := newStall("well"), newStall("other")
		s.put(sale("1", time.Now(), connectors.OrderPaid))
		other.put(sale("2", time.Now(), connectors.OrderPaid))
		s.unlisted["1"], other.unlisted["2"] = true, true
		w := well{s, &queue{acked: map[string]int{}, deaf: true, waiting: []connectors.Event{event("q1", connectors.EventOrder, "1"),
			{ID: "q2", Kind: connectors.EventOrder, Topic: "t", Order: "2", Account: "acc-other"}, event("q3", connectors.EventOther, "")}}}
		m := newMirror(t, db, 100*time.Millisecond, "", w, other)
		m.wait("the orders, each in its own store", func() bool {
			_, one := m.order("well", "1")
			_, two := m.order("other", "2")
			return one && two
		})
		m.worked("well")
		m.worked("other")
		if n := m.number(`SELECT COUNT(*) FROM hook`); n != 3 {
			t.Errorf("%d events are kept, want 3", n)
		}
		m.wait("it came often", func() bool { w.q.mu.Lock(); defer w.q.mu.Unlock(); return w.q.given > 40 })
		if s.count("1") != 1 || other.count("2") != 1 {
			t.Errorf("events that came many times were read %d and %d times", s.count("1"), other.count("2"))
		}
		w.q.mu.Lock()
		defer w.q.mu.Unlock()
		if len(w.q.acked) != 3 {
			t.Errorf("acknowledged: %v", w.q.acked)
		}
	})
}

func TestASubscriptionThatWasSwitchedOffIsNewsAndMended(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		s.subs = []connectors.Subscription{{ID: "1", Topic: "orders", Endpoint: "https://desk.example/hooks/street", Why: "MARKED_DOWN"}}
		m := newMirror(t, db, 100*time.Millisecond, "https://desk.example/", street{s})
		m.wait("it sends again", func() bool { p, err := m.desk.PushOf(t.Context(), "street"); return err == nil && p.OK })
		if n := m.number(`SELECT COUNT(*) FROM alert WHERE kind = ? AND detail LIKE '%MARKED_DOWN%'`, alerts.Hooks); n != 1 {
			t.Errorf("there are %d alerts", n)
		}
		p, err := m.desk.PushOf(t.Context(), "street")
		if err != nil || p.Endpoint != "https://desk.example/hooks/street" {
			t.Errorf("it sends to %q, %v", p.Endpoint, err)
		}
	})
}

func TestReconciliationFindsWhatWasLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		ago := time.Now().Add(-30 * time.Minute)
		s.put(sale("1", time.Now().Add(-10*time.Minute), connectors.OrderPaid))
		s.put(sale("lost", ago, connectors.OrderPaid))
		s.put(sale("stale", ago.Add(-time.Minute), connectors.OrderPaid))
		s.put(sale("same", ago, connectors.OrderPaid))
		s.unlisted["lost"] = true
		m := newMirror(t, db, 100*time.Millisecond, "https://desk.example", street{s})
		m.settled("street")
		m.wait("pushes are on", func() bool { p, err := m.desk.PushOf(t.Context(), "street"); return err == nil && p.OK })
		// The regular look has gone beyond both.
		s.put(sale("stale", ago, connectors.OrderShipped))
		s.set(func() { delete(s.unlisted, "lost") })
		m.wait("both are found", func() bool { rc, err := m.desk.Found(t.Context(), "street"); return err == nil && rc.Found >= 2 })
		looked := int64(0)
		m.wait("and looked at again", func() bool {
			rc, err := m.desk.Found(t.Context(), "street")
			if looked == 0 {
				looked = rc.Looked
			}
			return err == nil && rc.Looked > looked+8
		})
		rc, err := m.desk.Found(t.Context(), "street")
		if err != nil || rc.Found != 2 {
			t.Errorf("found %d, want 2: %v", rc.Found, err)
		}
		if o, _ := m.order("street", "stale"); o.Status != connectors.OrderShipped {
			t.Errorf("the stale one is %q", o.Status)
		}
		shop, _ := m.desk.Shop("street")
		st, err := m.desk.StandingOf(t.Context(), shop)
		if err != nil || st.Found+rc.Found == 0 || !st.Push.OK || st.Stale(time.Now()) {
			t.Errorf("health says %+v, %v", st, err)
		}
	})
}

func TestWhatReadsWellAgainLeavesTheQuarantine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		long := time.Now().Add(-20 * time.Hour)
		s.put(sale("1", time.Now(), connectors.OrderPaid))
		s.put(sale("bad", long, connectors.OrderPaid))
		s.put(sale("gone", long, connectors.OrderPaid))
		s.poison["bad"], s.poison["gone"] = true, true
		m := newMirror(t, db, 100*time.Millisecond, "", s)
		aside := func() int64 { return m.number(`SELECT COUNT(*) FROM quarantine WHERE store = 'street'`) }
		m.wait("both are set aside", func() bool { return aside() == 2 })
		m.wait("the other is there", func() bool { _, ok := m.order("street", "1"); return ok })
		s.set(func() { delete(s.poison, "bad"); delete(s.poison, "gone"); delete(s.orders, "gone") })
		m.wait("none is set aside", func() bool { return aside() == 0 })
		if _, ok := m.order("street", "bad"); !ok {
			t.Error("what reads well again is not in the mirror")
		}
	})
}

// press is a stall that prepares a file of its orders.
type press struct {
	*stall
	f *file
}

type file struct {
	mu      sync2.Mutex
	asked   int
	polls   int
	read    int
	orders  []connectors.Order
	breaks  int // how often reading breaks off in the middle
	refused bool
}

func (p press) BulkStart(context.Context, time.Time) (connectors.Receipt, error) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	p.f.asked++
	if p.f.refused {
		return connectors.Receipt{}, &connectors.Error{Kind: connectors.Unsupported, Platform: "stall"}
	}
	return connectors.Receipt{State: connectors.StateAccepted, ID: "file", After: time.Millisecond}, nil
}

func (p press) BulkState(_ context.Context, r connectors.Receipt) (connectors.Receipt, int, error) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	if p.f.polls++; p.f.polls > 1 {
		r.State = connectors.StateApplied
	}
	r.After = time.Millisecond
	return r, len(p.f.orders), nil
}

func (p press) BulkRead(_ context.Context, _ connectors.Receipt, order func(connectors.Order) error, bad func(connectors.BadItem) error) error {
	p.f.mu.Lock()
	p.f.read++
	breaks := p.f.read <= p.f.breaks
	orders := p.f.orders
	p.f.mu.Unlock()
	for i, o := range orders {
		if breaks && i == len(orders)/2 {
			return &connectors.Error{Kind: connectors.Down, Platform: "stall", Op: "file"}
		}
		if i == 7 {
			if err := bad(connectors.BadItem{ID: "poison", Err: fmt.Errorf("no amount")}); err != nil {
				return err
			}
		}
		if err := order(o); err != nil {
			return err
		}
	}
	return nil
}

// stocked is a stall with n orders of the past.
func stocked(id string, n int) *stall {
	s := newStall(id)
	s.most, s.total = 250, true
	began := time.Now().Add(-24 * time.Hour * 300)
	for i := range n {
		o := sale(fmt.Sprintf("o%07d", i), began.Add(time.Duration(i)*time.Second), connectors.OrderDelivered)
		s.orders[o.ID] = o
	}
	return s
}

func TestVeryManyOrdersComeAsAFile(t *testing.T) {
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprintf("refused=%v", refused), func(t *testing.T) {
			const n = 10_500
			s := stocked("press", n)
			f := &file{breaks: 1, refused: refused}
			for _, o := range s.orders {
				f.orders = append(f.orders, o)
			}
			m := newMirror(t, storetest.SQLite(t), 100*time.Millisecond, "", press{s, f})
			m.wait("all orders are there", func() bool {
				return m.number(`SELECT COUNT(*) FROM order_row WHERE store = 'press'`) == n && m.number(`SELECT COUNT(*) FROM sync_run WHERE live IS NOT NULL`) == 0
			})
			if refused {
				return
			}
			f.mu.Lock()
			asked, read := f.asked, f.read
			f.mu.Unlock()
			if asked != 1 || read != 2 {
				t.Errorf("the file was asked for %d times and read %d times, want 1 and 2: once it broke off", asked, read)
			}
			if st := m.word(`SELECT state FROM sync_run`); st != string(sync.Done) {
				t.Errorf("the run is %s", st)
			}
			if k := m.number(`SELECT COUNT(*) FROM quarantine WHERE id = 'poison'`); k != 1 {
				t.Error("the unreadable one is not set aside")
			}
			// What comes later is seen by the regular looks.
			s.put(sale("late", time.Now(), connectors.OrderPaid))
			m.wait("a new order", func() bool { _, ok := m.order("press", "late"); return ok })
		})
	}
}

// halting is a stall whose listing stands still after some pages, until it is let go.
type halting struct {
	*stall
	after int
	let   chan struct{}
}

func (h halting) Orders(ctx context.Context, c connectors.Cursor) (connectors.Page[connectors.Order], error) {
	h.mu.Lock()
	wait := h.pages >= h.after
	h.mu.Unlock()
	if wait {
		select {
		case <-h.let:
		case <-ctx.Done():
			return connectors.Page[connectors.Order]{}, ctx.Err()
		}
	}
	return h.stall.Orders(ctx, c)
}

func TestAnImportGoesOnWhereItWasKilled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const n = 3000
		s := halting{stocked("stall", n), 6, make(chan struct{})}
		s.most = 100
		m := newMirror(t, db, seldom, "", s)
		rows := func() int64 { return m.number(`SELECT COUNT(*) FROM order_row WHERE store = 'stall'`) }
		m.wait("a part is there", func() bool { return rows() >= 500 })
		m.stop()
		before := rows()
		close(s.let)
		s.set(func() { s.pages = 0 })
		if err := db.Write(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec(`DELETE FROM schedule`) // the next look is due now
			return err
		}); err != nil {
			t.Fatal(err)
		}
		m = newMirror(t, db, seldom, "", s)
		m.wait("all are there", func() bool { return rows() == n })
		s.mu.Lock()
		defer s.mu.Unlock()
		if most := int(n-before)/100 + 3; s.pages > most {
			t.Errorf("%d pages were read for the %d orders that were left", s.pages, n-before)
		}
	})
}
