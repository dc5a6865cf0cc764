package bot_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"helloworld/bot"
	"helloworld/bot/alerts"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/connectors"
)

// seldom is a desk that does not look by itself within a test.
const seldom = time.Hour

func event(id string, kind connectors.EventKind, order string) connectors.Event {
	return connectors.Event{ID: id, Kind: kind, Topic: string(kind) + "/changed", Order: order, At: time.Now().UTC()}
}

// settled waits until the first looks are over and nothing is left to be read.
func (m *mirror) settled(storeID string) {
	m.t.Helper()
	m.wait("the first look is over", func() bool {
		return m.number(`SELECT COUNT(*) FROM sync_stream WHERE store = ? AND stream = 'orders' AND ok_at > 0`, storeID) == 1
	})
	m.worked(storeID)
}

func (m *mirror) worked(storeID string) {
	m.t.Helper()
	m.wait("all that was told is read", func() bool {
		return m.number(`SELECT COUNT(*) FROM hook_mark WHERE store = ?`, storeID) == 0
	})
}

func TestWhatAPlatformTellsIsReadFromThePlatform(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		m := newMirror(t, db, seldom, "https://desk.example", street{s})
		m.settled("street")
		now := time.Now()
		s.put(sale("9007199254740993", now, connectors.OrderPaid))
		gate := make(chan struct{})
		s.set(func() { s.gate["9007199254740993"] = gate })
		if got := m.tell(s, event("e1", connectors.EventOrder, "9007199254740993")); got != 200 {
			t.Fatalf("a genuine delivery gets %d", got)
		}
		m.wait("the order is being read", func() bool { return s.count("9007199254740993") == 1 })
		s.put(sale("9007199254740993", now.Add(time.Second), connectors.OrderShipped))
		for i := range 10 {
			if got := m.tell(s, event(fmt.Sprint("more", i), connectors.EventOrder, "9007199254740993")); got != 200 {
				t.Fatalf("a genuine delivery gets %d", got)
			}
		}
		if got := m.tell(s, event("e1", connectors.EventOrder, "9007199254740993")); got != 200 {
			t.Fatalf("a delivery that comes again gets %d", got)
		}
		close(gate)
		m.worked("street")
		if n := s.count("9007199254740993"); n != 2 {
			t.Errorf("eleven events made %d reads, want one and one for what came meanwhile", n)
		}
		if o, _ := m.order("street", "9007199254740993"); o.Status != connectors.OrderShipped {
			t.Errorf("the mirror has %q", o.Status)
		}
		if n := m.number(`SELECT COUNT(*) FROM hook WHERE store = 'street'`); n != 11 {
			t.Errorf("%d deliveries are kept, want 11", n)
		}
		if n := m.number(`SELECT COUNT(*) FROM hook WHERE raw <> '' OR done = 0`); n != 0 {
			t.Errorf("%d deliveries still have their text, or are open", n)
		}
		m.wait("the job is over", func() bool { return m.number(`SELECT COUNT(*) FROM job WHERE kind = 'hook'`) == 0 })
	})
}

func TestOldNewsNeverReplacesNewer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		m := newMirror(t, db, seldom, "", street{s})
		m.settled("street")
		now := time.Now()
		s.put(sale("1", now, connectors.OrderShipped))
		m.tell(s, event("e1", connectors.EventOrder, "1"))
		m.worked("street")
		s.put(sale("1", now.Add(-time.Hour), connectors.OrderPaid)) // an answer out of an old cache
		m.tell(s, event("e2", connectors.EventOrder, "1"))
		m.worked("street")
		if o, _ := m.order("street", "1"); o.Status != connectors.OrderShipped {
			t.Errorf("the mirror has %q", o.Status)
		}
	})
}

func TestForgedDeliveriesLeaveNothingBehind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		m := newMirror(t, db, seldom, "", street{s})
		m.settled("street")
		for i := range 25 {
			if got := m.call(s, []byte(`{"id":"x","kind":"order","order":"1"}`), ""); got != 401 {
				t.Fatalf("a forged delivery gets %d", got)
			}
			if _, fired := m.firing("street", alerts.Hooks); fired != (i >= 19) {
				t.Fatalf("after %d forged ones: an alert is %v", i+1, fired)
			}
		}
		if n := m.number(`SELECT COUNT(*) FROM hook`) + m.number(`SELECT COUNT(*) FROM hook_mark`); n != 0 {
			t.Errorf("forged deliveries left %d rows", n)
		}
		if a, _ := m.firing("street", alerts.Hooks); a.Count != 1 || a.Detail["what"] != "forged" {
			t.Errorf("the alert is %+v", a)
		}
		if n := m.desk.Forged("street"); n != 25 {
			t.Errorf("%d forged ones were counted", n)
		}
		if got := m.tell(s, event("e0", connectors.EventTest, "")); got != 200 {
			t.Fatalf("a trial gets %d", got)
		}
		if _, fired := m.firing("street", alerts.Hooks); !fired {
			t.Error("a trial proves nothing, and ends the alert")
		}
		if got := m.tell(s, event("e1", connectors.EventOther, "")); got != 200 {
			t.Fatalf("a genuine delivery gets %d", got)
		}
		if _, fired := m.firing("street", alerts.Hooks); fired {
			t.Error("the alert goes on after a genuine one")
		}
	})
}

func TestADeliveryIsAcknowledgedOnlyWhenItIsKept(t *testing.T) {
	db := storetest.SQLite(t)
	s := newStall("street")
	m := newMirror(t, db, seldom, "", street{s}, newStall("quiet"))
	m.settled("street")
	ctx := context.Background()
	if status, typ, body := m.desk.Hook(ctx, "street", nil, url.Values{"challenge": {"c"}}, nil, "https://x/hooks/street"); status != 200 ||
		typ != "text/plain" || string(body) != "c https://x/hooks/street" {
		t.Errorf("a challenge gets %d %s %q", status, typ, body)
	}
	for _, c := range []struct {
		store string
		raw   []byte
		want  int
	}{{"none", []byte("{}"), 404}, {"quiet", []byte("{}"), 404}, {"street", bytes.Repeat([]byte("x"), bot.MaxHook+1), 413}} {
		if status, _, _ := m.desk.Hook(ctx, c.store, nil, nil, c.raw, ""); status != c.want {
			t.Errorf("%s gets %d, want %d", c.store, status, c.want)
		}
	}
	s.set(func() { s.verify = &connectors.Error{Kind: connectors.Down, Platform: "stall"} })
	if got := m.tell(s, event("e1", connectors.EventOrder, "1")); got != 503 {
		t.Errorf("one that cannot be checked gets %d", got)
	}
	s.set(func() { s.verify = nil })
	m.stop()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := m.tell(s, event("e1", connectors.EventOrder, "1")); got != 503 {
		t.Errorf("one that cannot be kept gets %d", got)
	}
}

func TestWhatCannotBeReadNowIsNotLost(t *testing.T) {
	refuse := func(k connectors.Kind) error {
		return &connectors.Error{Kind: k, Platform: "stall", Op: "order", RetryAfter: 10 * time.Millisecond}
	}
	for _, k := range []connectors.Kind{connectors.Busy, connectors.Down, connectors.Unsure, connectors.Reauthorise, connectors.AppBroken} {
		t.Run(k.String(), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				s := newStall("street")
				m := newMirror(t, db, 200*time.Millisecond, "", street{s})
				m.settled("street")
				s.put(sale("1", time.Now(), connectors.OrderPaid))
				s.put(sale("2", time.Now(), connectors.OrderPaid))
				s.set(func() { s.fail["1"], s.unlisted["1"], s.unlisted["2"] = refuse(k), true, true })
				m.tell(s, event("e1", connectors.EventOrder, "1"))
				m.wait("it was tried twice", func() bool { return s.count("1") >= 2 })
				if k == connectors.Down || k == connectors.Unsure {
					// One order's trouble holds up no other.
					m.tell(s, event("e2", connectors.EventOrder, "2"))
					m.wait("the other is read", func() bool { _, ok := m.order("street", "2"); return ok })
				}
				if k == connectors.Reauthorise {
					if n := m.number(`SELECT COUNT(*) FROM alert WHERE store = 'street' AND kind = 'token'`); n == 0 {
						t.Error("nobody was told")
					}
				}
				s.set(func() { delete(s.fail, "1") })
				m.wait("it is read in the end", func() bool { _, ok := m.order("street", "1"); return ok })
				m.worked("street")
			})
		})
	}
}

func TestWhatIsNotThereIsDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		m := newMirror(t, db, seldom, "", street{s})
		m.settled("street")
		m.tell(s, event("e1", connectors.EventRefund, "404"))
		m.worked("street")
		if note := m.word(`SELECT note FROM hook WHERE id = 'e1' AND done > 0`); note != "not_found" {
			t.Errorf("it is noted as %q", note)
		}
		m.tell(s, event("e2", connectors.EventOther, ""))
		if n := m.number(`SELECT COUNT(*) FROM hook WHERE id = 'e2' AND done > 0`); n != 1 {
			t.Error("an unknown topic is not kept and finished")
		}
		m.tell(s, connectors.Event{ID: "e3", Kind: connectors.EventOrder, Topic: "t", Order: "1", Account: "somebody else"})
		if note := m.word(`SELECT note FROM hook WHERE id = 'e3' AND done > 0`); note == "" || s.count("1") != 0 {
			t.Errorf("another seller's order was read, or not noted: %q", note)
		}
	})
}

func TestEventsHaveTheirStreamRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		m := newMirror(t, db, seldom, "", street{s})
		m.settled("street")
		m.wait("listings were looked at", func() bool {
			return m.number(`SELECT COUNT(*) FROM sync_stream WHERE ok_at > 0`) == 3
		})
		s.set(func() {
			s.items = []connectors.Item{{ID: "i1", SKU: "LAMP/2 %", Title: "Lampe"}}
			s.returns = []connectors.Return{{ID: "r1", Order: "1", Status: connectors.ReturnAsked, Updated: time.Now()}}
		})
		s.put(sale("1", time.Now(), connectors.OrderPaid))
		m.tell(s, event("e1", connectors.EventStock, ""))
		m.tell(s, event("e2", connectors.EventReturn, "1"))
		m.tell(s, event("e3", connectors.EventOrder, "")) // which one is not told
		m.worked("street")
		for _, q := range []string{`SELECT COUNT(*) FROM item_row WHERE sku = 'LAMP/2 %'`, `SELECT COUNT(*) FROM return_row WHERE order_ref = '1'`,
			`SELECT COUNT(*) FROM order_row`} {
			if n := m.number(q); n != 1 {
				t.Errorf("%s: %d", q, n)
			}
		}
	})
}

func TestAnUninstalledAppIsNews(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		m := newMirror(t, db, seldom, "", street{s})
		m.settled("street")
		s.set(func() { s.bad = &connectors.Error{Kind: connectors.Reauthorise, Platform: "stall"} })
		m.tell(s, event("e1", connectors.EventGone, ""))
		m.wait("the alert", func() bool { _, ok := m.firing("street", alerts.Token); return ok })
		m.worked("street")
	})
}

func TestABuyerIsForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStall("street")
		s.put(sale("1", time.Now(), connectors.OrderPaid))
		s.put(sale("2", time.Now(), connectors.OrderPaid))
		s.put(sale("3", time.Now(), connectors.OrderPaid))
		s.returns = []connectors.Return{{ID: "r1", Order: "1", Note: "Ich bin Maria", Updated: time.Now()}}
		m := newMirror(t, db, seldom, "", street{s})
		m.settled("street")
		m.wait("the return", func() bool { return m.number(`SELECT COUNT(*) FROM return_row`) == 1 })
		ask := connectors.Event{ID: "p0", Kind: connectors.EventPrivacy, Topic: "customers/data_request", Order: "3"}
		forget := connectors.Event{ID: "p1", Kind: connectors.EventPrivacy, Topic: "customers/redact", Order: "1", Ref: "b-2"}
		for _, e := range []connectors.Event{ask, forget} {
			if got := m.tell(s, e); got != 200 {
				t.Fatalf("it gets %d", got)
			}
		}
		m.worked("street")
		for id, known := range map[string]bool{"1": false, "2": false, "3": true} {
			if o, _ := m.order("street", id); (o.Buyer.Name != "") != known || o.Buyer.Country != "DE" {
				t.Errorf("order %s has the buyer %+v", id, o.Buyer)
			}
		}
		if body := m.word(`SELECT body FROM return_row`); strings.Contains(body, "Maria") {
			t.Errorf("the return still says %s", body)
		}
		if a, ok := m.firing("street", alerts.Privacy); !ok || a.Count != 2 {
			t.Errorf("the admins were told: %+v", a)
		}
		if n := m.number(`SELECT COUNT(*) FROM privacy_request WHERE done > 0`); n != 2 {
			t.Errorf("%d requests are done", n)
		}
		if n := m.number(`SELECT cleared FROM privacy_request WHERE id = 'p1'`); n != 3 {
			t.Errorf("%d rows were emptied, want two orders and a return", n)
		}
	})
}
