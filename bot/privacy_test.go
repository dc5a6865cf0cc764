package bot_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// slow is a street whose lists of something new stay on their way until it is let go.
type slow struct {
	street
	let            chan struct{}
	sales, letters *atomic.Int32 // how many such lists were made
}

func (s slow) arrive(ctx context.Context, made *atomic.Int32) {
	made.Add(1)
	select {
	case <-s.let:
	case <-ctx.Done():
	}
}

func (s slow) Orders(ctx context.Context, c connectors.Cursor) (connectors.Page[connectors.Order], error) {
	p, err := s.street.Orders(ctx, c)
	if slices.ContainsFunc(p.Items, func(o connectors.Order) bool { return o.Status == connectors.OrderShipped }) {
		s.arrive(ctx, s.sales)
	}
	return p, err
}

func (s slow) Messages(ctx context.Context, c connectors.Cursor) (connectors.Page[connectors.Message], error) {
	p, err := chatty{s.street}.Messages(ctx, c)
	if len(p.Items) > 0 {
		s.arrive(ctx, s.letters)
	}
	return p, err
}

// A list was made when the buyer was still to be seen, and arrives when the buyer
// has been erased. And the shop goes on showing the buyer.
func TestABuyerDoesNotComeBackFromAReadThatWasUnderWay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := slow{street{newStall("street")}, make(chan struct{}), new(atomic.Int32), new(atomic.Int32)}
		s.put(sale("1", time.Now(), connectors.OrderPaid))
		s.put(sale("2", time.Now(), connectors.OrderPaid))
		m := newMirror(t, db, 50*time.Millisecond, "", s)
		m.settled("street")
		s.set(func() {
			s.messages = []connectors.Message{{ID: "m1", Thread: "t", Order: "1", FromShop: true, At: time.Now().Add(-time.Minute),
				Buyer: connectors.Buyer{ID: "relay-1", Name: "Maria Koch"}}}
		})
		s.put(sale("1", time.Now(), connectors.OrderShipped))
		m.wait("both lists are on their way", func() bool { return s.sales.Load() > 0 && s.letters.Load() > 0 })
		if got := m.tell(s.stall, connectors.Event{ID: "p1", Kind: connectors.EventPrivacy, Topic: "customers/redact", Order: "1"}); got != 200 {
			t.Fatal(got)
		}
		m.wait("the buyer is forgotten", func() bool { return m.number(`SELECT COUNT(*) FROM privacy_request WHERE done > 0`) == 1 })
		close(s.let)
		m.wait("the lists have arrived", func() bool {
			o, _ := m.order("street", "1")
			return o.Status == connectors.OrderShipped && m.number(`SELECT COUNT(*) FROM message`) == 1
		})
		for _, q := range []string{`SELECT body FROM order_row WHERE id = '1'`, `SELECT body FROM message`} {
			if body := m.word(q); strings.Contains(body, "Maria") {
				t.Errorf("the buyer came back: %s", body)
			}
		}
		for range 3 {
			read := m.number(`SELECT ok_at FROM sync_stream WHERE stream = 'orders'`)
			m.wait("the shop is read again", func() bool { return m.number(`SELECT ok_at FROM sync_stream WHERE stream = 'orders'`) > read })
		}
		for id, known := range map[string]bool{"1": false, "2": true} {
			if o, _ := m.order("street", id); (o.Buyer.Name != "") != known {
				t.Errorf("order %s has the buyer %+v", id, o.Buyer)
			}
		}
		// What the buyer writes afterwards can be answered.
		s.set(func() {
			s.messages = append(s.messages, connectors.Message{ID: "m2", Thread: "t", Order: "1", FromShop: true, At: time.Now().Add(time.Minute),
				Buyer: connectors.Buyer{ID: "relay-2"}})
		})
		m.wait("a message of later", func() bool { return m.number(`SELECT COUNT(*) FROM message WHERE body LIKE '%relay-2%'`) == 1 })
	})
}

// erase has a buyer forgotten as a platform's word does. It may be called beside
// the test.
func (r *rig) erase(storeID, order, ref string) {
	if err := r.db.Write(context.Background(), func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO privacy_request(store, id, topic, order_ref, ref, erases, at) VALUES (?, 'p1', 'redact', ?, ?, 1, ?)`,
			storeID, order, ref, tx.Now()); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO hook_mark(store, mark, n, at, due) VALUES (?, 'privacy/p1', 1, ?, ?)`, storeID, tx.Now(), tx.Now()); err != nil {
			return err
		}
		return jobs.Add(tx, bot.HookArgs{Store: storeID})
	}); err != nil {
		r.t.Error(err)
	}
	for done := int64(0); done == 0 && r.t.Context().Err() == nil; time.Sleep(5 * time.Millisecond) {
		if err := r.db.Read(context.Background(), func(tx *store.Tx) error {
			return tx.Row(`SELECT done FROM privacy_request WHERE store = ? AND id = 'p1'`, storeID).Scan(&done)
		}); err != nil {
			r.t.Error(err)
			return
		}
	}
}

// Pictures are fetched for a message while its buyer is erased.
func TestABuyerDoesNotComeBackWithAPicture(t *testing.T) {
	t.Parallel()
	var r *rig
	ready, asked := make(chan struct{}), new(atomic.Bool)
	r = newRig(t, plan{stores: []string{"ebay-de"}, pictures: func(w http.ResponseWriter, _ *http.Request) {
		<-ready
		if !asked.Swap(true) {
			var body string
			var x connectors.Message
			if err := r.db.Read(context.Background(), func(tx *store.Tx) error {
				return tx.Row(`SELECT body FROM message WHERE from_shop = 0`).Scan(&body)
			}); err != nil || json.Unmarshal([]byte(body), &x) != nil || x.Buyer.ID == "" {
				t.Errorf("%q names no buyer, %v", body, err)
			}
			r.erase("ebay-de", "", x.Buyer.ID)
		}
		_, _ = w.Write(pngHead)
	}})
	close(ready)
	o := r.order("ebay-de", "20")
	id := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "defekt", Photo: true})
	// A picture is not waited for as long as a busy computer may take to erase.
	r.until("the buyer is erased", func() bool { return len(r.ids(`SELECT id FROM privacy_request WHERE done > 0`)) == 1 })
	l := r.letter(id)
	if l.Buyer != (connectors.Buyer{}) {
		t.Errorf("the buyer is %+v", l.Buyer)
	}
	if !asked.Load() || len(l.Files) != 1 {
		t.Errorf("there were no pictures: %+v", l.Files)
	}
}

// Nobody's order card and no refund names a buyer again who was erased.
func TestARefundOfLaterDoesNotNameAnErasedBuyer(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main"}})
	for _, known := range []bool{true, false} {
		o := r.order("shopify-main", "20")
		by := r.by("lina", "inbox")
		at, err := r.desk.FindOrder(t.Context(), by.Who, o.Store+"#"+o.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !known {
			r.erase(o.Store, at.Order.ID, "")
			if at, err = r.desk.FindOrder(t.Context(), by.Who, o.Store+"#"+o.ID); err != nil {
				t.Fatal(err)
			}
		}
		if (at.Order.Buyer.Name != "") != known {
			t.Errorf("the order is %+v's", at.Order.Buyer)
		}
		if x := r.refund(r.askFor(o)); (x.Body.Buyer != "") != known {
			t.Errorf("the refund is for %q", x.Body.Buyer)
		}
	}
}
