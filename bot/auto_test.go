package bot_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	mirrored "helloworld/bot/sync"
	"helloworld/connectors/sandbox"
	"helloworld/glossary"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

// another opens one more replica of a desk on the same database.
func (r *rig) another(o bot.Options) *bot.Desk {
	r.t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	engine := jobs.New(r.db, jobs.Options{Log: log, Poll: 50 * time.Millisecond, Lanes: map[string]int{bot.OutLane("hall"): 8}})
	o.Jobs = engine
	ctx, stop := context.WithCancel(context.Background())
	d, err := bot.New(ctx, o)
	if err != nil {
		stop()
		r.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	r.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	return d
}

// autoWait is how long a draft waits: nothing goes while a test still writes, on
// a computer that is however busy. See due.
const autoWait = time.Hour

// due brings the times forward at which drafts go out: the last one has still so
// long to wait, and those before it are as far from it as they were.
func (r *rig) due(last time.Duration) {
	r.t.Helper()
	r.write(func(tx *store.Tx) error {
		waiting, err := store.Column[string](tx, `SELECT id FROM draft WHERE auto_at > 0 ORDER BY auto_at`)
		if err != nil {
			return err
		}
		var newest int64
		if err := tx.Row(`SELECT MAX(auto_at) FROM draft`).Scan(&newest); err != nil {
			return err
		}
		sooner := newest - tx.Now() - last.Milliseconds()
		for _, id := range waiting {
			var at int64
			if err := tx.Row(`UPDATE draft SET auto_at = auto_at - ? WHERE id = ? RETURNING auto_at`, sooner, id).Scan(&at); err != nil {
				return err
			}
			if err := jobs.Add(tx, bot.AutoArgs{Draft: id, At: at}, jobs.At(time.UnixMilli(at))); err != nil {
				return err
			}
		}
		return nil
	})
}

func replies(o *bot.Options) {
	o.Replies = bot.Replies{Auto: []translate.Grade{translate.Same}, After: autoWait, Stores: []string{"ebay-de"}, People: []string{"lina", "zoe", "ola", "ida"}}
}

const question = "Wo bleibt mein Paket? Ich warte schon lange darauf."

// Only what was allowed beforehand goes by itself, only if nobody has to look at
// it, and only if nobody did anything about it.
func TestAutoSend(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de", "shopify-main"}, with: replies})
	r.write(func(tx *store.Tx) error {
		for _, x := range []people.Person{
			{ID: "ida", Name: "Ida", Lang: language.English, Roles: []people.Role{people.Agent}, Stores: []string{"*"}},
			{ID: "ola", Name: "Ola", Lang: language.English, Roles: []people.Role{people.Agent}, Stores: []string{"*"}},
			{ID: "max", Name: "Max", Lang: language.English, Roles: []people.Role{people.Agent}, Stores: []string{"*"}},
		} {
			if err := r.staff.Save(tx, x); err != nil {
				return err
			}
		}
		return nil
	})
	o := r.order("ebay-de", "30.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: question})
	shop := r.order("shopify-main", "20.00")
	english := r.asked(sandbox.BuyerMessage{Store: shop.Store, Order: shop.ID, Text: "Where is my parcel? I have been waiting for a long time."})

	never := map[string]string{
		"a grade that may not":        r.wrote("lina", m, "商品存在质量问题，申请退款"),
		"a store that may not":        r.wrote("lina", english, "Thank you for your message. We are looking into it."),
		"a person that may not":       r.wrote("max", m, "Guten Tag. "+harmless),
		"something to look at":        r.wrote("lina", m, shouting),
		"an amount":                   r.wrote("lina", m, inside),
		"against the rules":           r.wrote("lina", m, outside),
		"of one who is stopped":       r.wrote("ola", m, "Hallo. "+harmless),
		"of one who lost the store":   r.wrote("ida", m, "Guten Abend. "+harmless),
		"undone":                      r.wrote("lina", m, "Undo: "+harmless),
		"thrown away":                 r.wrote("lina", m, "Cancel: "+harmless),
		"changed by somebody else":    r.wrote("lina", m, "Edit: "+harmless),
		"changed into what may not":   r.wrote("lina", m, "Facts: "+harmless),
		"its translation was swapped": r.wrote("lina", m, "Swap: "+harmless),
	}
	plainly := r.wrote("lina", m, harmless)
	pressed := r.wrote("lina", m, "Send: "+harmless)
	edited := r.wrote("lina", m, "Wait: "+harmless)
	lina := r.english("lina")

	waits := func(id string) bool { return !r.draft(id).Auto.IsZero() }
	for what, id := range never {
		first := slices.Contains([]string{"a grade that may not", "a store that may not", "a person that may not", "something to look at", "an amount", "against the rules"}, what)
		if waits(id) == first {
			t.Errorf("%s: waits %v", what, !first)
		}
	}
	if x := r.draft(plainly); x.Auto.Sub(x.Created) < autoWait {
		t.Errorf("nobody can stop it in %v", x.Auto.Sub(x.Created))
	}
	r.card("inbox", "Draft "+plainly, "Goes out by itself at")
	if n := len(r.received("ebay-de")); n != 0 {
		t.Fatalf("%d went at once", n)
	}

	before := r.draft(edited).Auto
	expect(t, "undo", r.desk.HoldDraft(t.Context(), r.english("wang"), never["undone"]), "")
	expect(t, "cancel", r.desk.CancelDraft(t.Context(), lina, never["thrown away"]), "")
	expect(t, "edit", r.desk.Rewrite(t.Context(), r.english("zoe"), never["changed by somebody else"], "Zoe: "+harmless), "")
	expect(t, "edit", r.desk.Rewrite(t.Context(), lina, never["changed into what may not"], inside), "")
	expect(t, "send", r.desk.SendDraft(t.Context(), lina, pressed, ""), "")
	r.write(func(tx *store.Tx) error {
		if _, err := tx.Exec(`UPDATE draft SET body = REPLACE(body, 'Vielen Dank', 'Musterstraße 5') WHERE id = ?`, never["its translation was swapped"]); err != nil {
			return err
		}
		if err := r.staff.Save(tx, people.Person{ID: "ola", Name: "Ola", Lang: language.English, Roles: []people.Role{people.Agent}, Stores: []string{"*"}, Disabled: true}); err != nil {
			return err
		}
		return r.staff.Save(tx, people.Person{ID: "ida", Name: "Ida", Lang: language.English, Roles: []people.Role{people.Agent}, Stores: []string{"shopify-main"}})
	})
	time.Sleep(50 * time.Millisecond)
	expect(t, "edit", r.desk.Rewrite(t.Context(), lina, edited, "Edited: "+harmless), "")
	after := r.draft(edited).Auto
	if !after.After(before) {
		t.Errorf("an edit leaves the time at %v, before %v", after, before)
	}
	if n := len(r.received("ebay-de")); n > 1 {
		t.Fatalf("%d went before their time", n)
	}
	r.due(3 * time.Second)
	after = r.draft(edited).Auto

	for id, by := range map[string]people.ID{plainly: people.Desk, edited: people.Desk, pressed: "lina"} {
		if x := r.is(id, bot.DraftSent); x.SentBy != by || !x.Auto.IsZero() {
			t.Errorf("%q was let go by %s, time %v", x.Text, x.SentBy, x.Auto)
		}
	}
	if x := r.draft(edited); x.Sent.Before(after) {
		t.Errorf("it went at %v, before %v", x.Sent, after)
	}
	r.card("inbox", "Answer "+plainly, "Went out by itself for Lina")
	for what, why := range map[string]string{"of one who is stopped": "auto_person", "of one who lost the store": "auto_person", "its translation was swapped": "auto_check"} {
		id := never[what]
		r.until(what+" is held", func() bool { return r.draft(id).Held == why })
	}
	r.card("inbox", "Draft "+never["of one who is stopped"], "did not go out by itself", "may no longer write")
	// All waiting times are over: the one that began last is.
	for what, id := range never {
		if x := r.draft(id); x.State != bot.DraftOpen && what != "thrown away" || !x.Auto.IsZero() {
			t.Errorf("%s: it is %s, time %v", what, x.State, x.Auto)
		}
	}
	var got []string
	for _, x := range r.received("ebay-de") {
		got = append(got, strings.TrimSuffix(x.Text, harmless))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"", "Edited: ", "Send: "}) || len(r.received("shopify-main")) != 0 {
		t.Errorf("the buyers got %q", got)
	}
	if n := len(r.ids(`SELECT who FROM audit WHERE what = 'reply.auto' AND who = 'desk'`)); n != 2 {
		t.Errorf("the audit log has %d of them", n)
	}
	expect(t, "undo, too late", r.desk.HoldDraft(t.Context(), lina, plainly), "reply.already_sent")
	// What was held can be let go by a person.
	expect(t, "Send", r.desk.SendDraft(t.Context(), lina, never["of one who is stopped"], ""), "")
	if x := r.is(never["of one who is stopped"], bot.DraftSent); x.Held != "" || x.SentBy != "lina" {
		t.Errorf("held %q, let go by %s", x.Held, x.SentBy)
	}
}

// However many replicas there are, and if all of them stop meanwhile: once.
func TestAutoSendOverReplicasAndARestart(t *testing.T) {
	t.Parallel()
	var parts bot.Options
	r := newRig(t, plan{stores: []string{"ebay-de"}, with: func(o *bot.Options) { replies(o); parts = *o }})
	o := r.order("ebay-de", "30.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: question})
	id := r.wrote("lina", m, harmless)
	if n := len(r.ids(`SELECT kind FROM job WHERE kind = 'auto'`)); n != 1 {
		t.Fatalf("%d jobs", n)
	}
	r.halt()
	r.due(0)
	time.Sleep(100 * time.Millisecond)
	if x := r.draft(id); x.State != bot.DraftOpen {
		t.Fatalf("it is %s with nobody at work", x.State)
	}
	for range 2 {
		r.another(parts)
	}
	r.is(id, bot.DraftSent)
	time.Sleep(300 * time.Millisecond)
	if got := r.received("ebay-de"); len(got) != 1 || got[0].Text != harmless {
		t.Errorf("the buyer got %+v", got)
	}
}

// What waits for a store that is gone, or under rules that have changed, is held.
func TestAutoSendIsHeldWhenTheDeskIsAnother(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*bot.Options){
		"auto_store": func(o *bot.Options) { o.Stores = nil },
		"auto_off":   func(o *bot.Options) { o.Replies = bot.Replies{} },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			var parts bot.Options
			r := newRig(t, plan{stores: []string{"ebay-de"}, with: func(o *bot.Options) { replies(o); parts = *o }})
			o := r.order("ebay-de", "30.00")
			id := r.wrote("lina", r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: question}), harmless)
			r.halt()
			r.due(0)
			change(&parts)
			r.another(parts)
			r.until(why, func() bool { return r.draft(id).Held == why })
			if x := r.draft(id); x.State != bot.DraftOpen || len(r.received("ebay-de")) != 0 {
				t.Errorf("it is %s", x.State)
			}
			r.card("inbox", "Draft "+id, "did not go out by itself")
		})
	}
}

// ear is an engine that remembers what it was given.
type ear struct {
	enginetest.Toy
	name  string
	mu    *sync.Mutex
	heard *[]string
}

func newEar(name string) ear { return ear{name: name, mu: &sync.Mutex{}, heard: &[]string{}} }

func (e ear) Name() string { return e.name }

func (e ear) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	e.mu.Lock()
	for _, s := range batch {
		*e.heard = append(*e.heard, s.Text)
	}
	e.mu.Unlock()
	return e.Toy.Translate(ctx, batch, from, to)
}

// said is all it was given since it was asked last.
func (e ear) said() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := strings.Join(*e.heard, "\n")
	*e.heard = nil
	return all
}

// Neither name that the desk knows the buyer by reaches an engine, and nothing at
// all of a store that keeps its words reaches one that is elsewhere.
func TestGateTellsEnginesNoMoreThanTheyMayKnow(t *testing.T) {
	t.Parallel()
	away := newEar("away")
	near := newEar("near")
	r := newRig(t, plan{stores: []string{"ebay-de", "shopify-main"}, with: func(o *bot.Options) {
		book, err := glossary.Default()
		if err != nil {
			t.Fatal(err)
		}
		o.Words = translate.New(translate.Options{Book: book, Engines: []translate.Engine{away, near}, Log: o.Log,
			Rules: map[string]translate.Rule{"near": {Local: true, Pairs: []string{"de>zh", "zh>de"}}}})
		for i := range o.Stores {
			o.Stores[i].Local = o.Stores[i].ID == "ebay-de"
		}
	}})
	r.write(func(tx *store.Tx) error {
		return r.staff.Save(tx, people.Person{ID: "eva", Name: "Eva", Lang: zhTag, Roles: []people.Role{people.Agent}, Stores: []string{"shopify-main"}})
	})
	o := r.order("shopify-main", "20.00")
	r.until("the order is here", func() bool { return len(r.ids(`SELECT id FROM order_row WHERE store = 'shopify-main'`)) > 0 })
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Where is my order {order}? I have been waiting for a long time."})
	l := r.letter(m)
	if l.Order == "" || len(l.Buyer.Name) < 3 {
		t.Fatalf("nobody knows who wrote: %+v", l)
	}
	// A present: it was ordered under another name.
	names := []string{l.Buyer.Name, "Quentin Zweitmann"}
	r.write(func(tx *store.Tx) error {
		found, err := mirrored.Find(tx, l.Order)
		if err != nil || len(found) != 1 {
			t.Errorf("%d orders, %v", len(found), err)
			return err
		}
		order := found[0].Order
		order.Buyer.Name = names[1]
		body, err := json.Marshal(order)
		if err != nil {
			return err
		}
		// Newer than what the shop tells: an order that is read again (its notice
		// may still be on its way) must not put the one name back.
		_, err = tx.Exec(`UPDATE order_row SET body = ?, updated = updated + 3600000 WHERE store = ? AND id = ?`, string(body), o.Store, order.ID)
		return err
	})
	away.said()
	near.said()
	x := r.draft(r.wrote("lina", m, "亲爱的"+names[1]+"（"+names[0]+"），我们已经收到您的包裹，会尽快处理。"))
	heard := away.said() + near.said()
	if !strings.Contains(heard, "包裹") {
		t.Fatalf("no engine was asked: %+v", x.Result)
	}
	for _, n := range names {
		for _, part := range strings.Fields(n) {
			if strings.Contains(heard, part) || !strings.Contains(x.Result.Text, part) {
				t.Errorf("%q: engines heard %q, the buyer reads %q", part, heard, x.Result.Text)
			}
		}
	}

	own := r.order("ebay-de", "30.00")
	m = r.asked(sandbox.BuyerMessage{Store: own.Store, Order: own.ID, Text: question})
	away.said()
	near.said()
	const text = "我们已经收到您的包裹，会尽快处理。"
	x = r.draft(r.wrote("lina", m, text))
	if heard := away.said(); heard != "" || x.Result.Engine != "near" || !strings.Contains(near.said(), "包裹") {
		t.Errorf("elsewhere they heard %q, and %q translated", heard, x.Result.Engine)
	}
	// Nobody here knows Spanish: then nobody is asked, and the card says why.
	res, err := r.desk.Interpret(t.Context(), r.english("lina"), m, text, language.Spanish)
	if err != nil || res.Grade != translate.Gloss || away.said()+near.said() != "" ||
		!slices.ContainsFunc(res.Findings, func(f translate.Finding) bool { return strings.HasSuffix(f.Code, "local_only") }) {
		t.Errorf("%+v, %v", res, err)
	}
	// Words of nobody knows which store stay too, if one of the person's keeps its own.
	if res, err = r.desk.Interpret(t.Context(), r.english("lina"), "", text, language.Spanish); err != nil || res.Grade != translate.Gloss || away.said() != "" {
		t.Errorf("without a message: %+v, %v", res, err)
	}
	if res, err = r.desk.Interpret(t.Context(), r.english("eva"), "", text, language.Spanish); err != nil || res.Engine != "away" {
		t.Errorf("of one who sees the other store only: %+v, %v", res, err)
	}
}
