package ebay

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	for i := range 5 {
		s.talk("c"+strconv.Itoa(i), "buyer-"+strconv.Itoa(i), start.Add(time.Duration(i-50)*time.Hour), "Where is 12-34567-00001?", "On its way", "Thanks")
	}
	shop := newShop(t, s)
	read := func(cur connectors.Cursor) ([]connectors.Message, connectors.Cursor) {
		var all []connectors.Message
		for range 20 {
			p, err := shop.Messages(t.Context(), cur)
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range p.Items {
				if i > 0 && m.At.Before(p.Items[i-1].At) {
					t.Error("not the oldest first")
				}
			}
			all = append(all, p.Items...)
			if cur = p.Next; !p.More {
				break
			}
		}
		return all, cur
	}
	all, next := read(connectors.Cursor{Limit: 2})
	if len(all) != 15 {
		t.Fatalf("%d messages", len(all))
	}
	ids := map[string]connectors.Message{}
	for _, m := range all {
		ids[m.ID] = m
	}
	if m := ids["c3-0"]; m.FromShop || m.Buyer.ID != "buyer-3" || m.Order != "12-34567-00001" || m.Thread != "c3" || m.Text != "Where is 12-34567-00001?" {
		t.Errorf("%+v", m)
	}
	if m := ids["c3-1"]; !m.FromShop || m.Buyer.ID != "buyer-3" {
		t.Errorf("%+v", m)
	}
	if next.Token != "" || next.Since.IsZero() || next.Since.After(start) {
		t.Errorf("next %+v", next)
	}
	again, _ := read(next)
	if len(again) == 0 || len(again) >= 15 {
		t.Errorf("%d messages again", len(again))
	}
	long := make([]string, 120)
	for i := range long {
		long[i] = "word " + strconv.Itoa(i)
	}
	s.talk("long", "chatty", start.Add(time.Hour), long...)
	if all, _ = read(next); len(all) < 120 {
		t.Errorf("a long conversation is cut: %d", len(all))
	}
}

func outgoing() connectors.Outgoing {
	return connectors.Outgoing{Key: "m-1", Thread: "c1", Buyer: connectors.Buyer{ID: "buyer-1"}, Text: "It is on its way\n& will be there soon 📦", Asked: start}
}

func TestSend(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	s.talk("c1", "buyer-1", start.Add(-time.Hour), "Where?")
	shop := newShop(t, s)
	if r, err := shop.SendState(t.Context(), outgoing()); err != nil || r.State != connectors.StateAbsent {
		t.Errorf("before: %+v %v", r, err)
	}
	r, err := shop.Send(t.Context(), outgoing())
	if err != nil || r.State != connectors.StateApplied || r.ID != "sent-1" {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := shop.Send(t.Context(), outgoing()); err != nil || r.ID != "sent-1" || s.sent != 1 {
		t.Errorf("the same key: %+v %v", r, err)
	}
	// Another process finds it by its words.
	if r, err := newShop(t, s).SendState(t.Context(), outgoing()); err != nil || r.State != connectors.StateApplied || r.ID != "sent-1" {
		t.Errorf("%+v %v", r, err)
	}
	later := outgoing()
	later.Key, later.Asked = "m-2", start.Add(time.Hour)
	if r, err := newShop(t, s).SendState(t.Context(), later); err != nil || r.State != connectors.StateAbsent {
		t.Errorf("older than the approval: %+v %v", r, err)
	}
	later.Asked = start
	if r, err := shop.SendState(t.Context(), later); err != nil || r.State != connectors.StateAbsent {
		t.Errorf("another key's message: %+v %v", r, err)
	}
	p, err := shop.Messages(t.Context(), connectors.Cursor{})
	if err != nil || p.Items[len(p.Items)-1].Key != "m-1" {
		t.Errorf("our key does not come back: %+v %v", p.Items, err)
	}
}

func TestSendLost(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	s.talk("c1", "buyer-1", start.Add(-time.Hour), "Where?")
	s.lose = true
	shop := newShop(t, s)
	m := outgoing()
	m.Thread = "" // to the buyer by name
	if r, err := shop.Send(t.Context(), m); connectors.KindOf(err) != connectors.Unsure || err == nil || r.State != connectors.StateUnknown {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := shop.SendState(t.Context(), m); err != nil || r.State != connectors.StateApplied || s.sent != 1 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	for name, change := range map[string]func(*connectors.Outgoing){
		"empty":    func(m *connectors.Outgoing) { m.Text = " " },
		"too long": func(m *connectors.Outgoing) { m.Text = strings.Repeat("界", 2001) },
		"nobody":   func(m *connectors.Outgoing) { m.Thread, m.Buyer.ID = "", "" },
		"no key":   func(m *connectors.Outgoing) { m.Key = "" },
	} {
		m := outgoing()
		change(&m)
		if r, err := shop.Send(t.Context(), m); connectors.KindOf(err) != connectors.Invalid || err == nil || r.State != connectors.StateRejected {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
	if s.calls != 0 {
		t.Errorf("%d calls for nothing", s.calls)
	}
	if r, err := shop.Send(t.Context(), outgoing()); connectors.KindOf(err) != connectors.NotFound || r.State != connectors.StateRejected {
		t.Errorf("no such conversation: %+v %v", r, err)
	}
}
