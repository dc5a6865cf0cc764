package bot_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/policy"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

// wishes are rows for orders, in full.
func wishes(orders ...sandbox.OrderInfo) (out []bot.BatchWish) {
	for i, o := range orders {
		out = append(out, bot.BatchWish{Line: i + 1, Order: o.Store + "#" + o.Number, Reason: connectors.ReasonDamaged})
	}
	return out
}

// batch makes a list and waits for its dry run.
func (r *rig) batch(w []bot.BatchWish) string {
	r.t.Helper()
	if err := r.desk.MakeBatch(context.Background(), r.by("lina", "inbox"), w); err != nil {
		r.t.Fatal(err)
	}
	id := r.ids(`SELECT id FROM batch ORDER BY created DESC, id DESC`)[0]
	r.until("the dry run is over", func() bool { return r.batchState(id) == bot.BatchReady })
	return id
}

func (r *rig) batchState(id string) bot.BatchState {
	return bot.BatchState(r.ids(`SELECT state FROM batch WHERE id = ?`, id)[0])
}

func (r *rig) chunkState(batch string, n int) bot.ChunkState {
	return bot.ChunkState(r.ids(`SELECT state FROM batch_chunk WHERE batch = ? AND n = ?`, batch, n)[0])
}

// askBatch asks for a list and has a manager approve its chunks.
func (r *rig) askBatch(id string, without bool, approve ...string) {
	r.t.Helper()
	ctx := context.Background()
	if err := r.desk.AskBatch(ctx, r.by("lina", "inbox"), id, "", without); err != nil {
		r.t.Fatal(err)
	}
	for _, k := range approve {
		if err := r.desk.Decide(ctx, r.by("wang", "approvals"), k, true, "", ""); err != nil {
			r.t.Fatal(err)
		}
	}
}

// once fails unless each order was refunded in full, exactly once.
func (r *rig) once(orders ...sandbox.OrderInfo) {
	r.t.Helper()
	for _, o := range orders {
		if paid := r.paid(o); len(paid) != 1 || paid[0].Amount != o.Total {
			r.t.Errorf("%s was refunded %+v", o.Number, paid)
		}
	}
}

// shown is the newest card in a channel with some words on it.
func (r *rig) shown(channel, words1 string) (c chat.Card, ok bool) {
	for _, x := range slices.Backward(r.hall.said(channel)) {
		if strings.Contains(words(x), words1) {
			return x, true
		}
	}
	return c, false
}

// TestBatchTenAtATime asks for twelve orders of one shop and one of another: one
// approval for each ten of a shop, and every order refunded once.
func TestBatchTenAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de", "shopify-main"}})
	var orders []sandbox.OrderInfo
	for range 12 {
		orders = append(orders, r.order("ebay-de", "10.00"))
	}
	orders = append(orders, r.order("shopify-main", "7.00"))
	id := r.batch(wishes(orders...))
	if got := r.ids(`SELECT state FROM batch_row WHERE batch = ? AND state <> 'good'`, id); len(got) > 0 {
		t.Fatalf("rows are %v", got)
	}
	if got := r.ids(`SELECT id FROM refund`); len(got) > 0 {
		t.Fatalf("a dry run booked %v", got)
	}
	r.askBatch(id, false)
	if got := len(r.ids(`SELECT id FROM approval WHERE state = 'open'`)); got != 3 {
		t.Fatalf("%d approvals wait, want 3", got)
	}
	r.until("the card has its ten rows", func() bool {
		c, ok := r.shown("approvals", id+"/1")
		return ok && strings.Count(words(c), "10.00 EUR") == 10 && strings.Contains(words(c), "100.00 EUR")
	})
	ctx := context.Background()
	if err := r.desk.Decide(ctx, r.by("lina", "approvals"), id+"/1", true, "", ""); !is(err, "approval.own") {
		t.Errorf("whoever asked voted: %v", err)
	}
	one := r.ids(`SELECT refund FROM batch_row WHERE batch = ? ORDER BY n`, id)[0]
	if err := r.desk.Decide(ctx, r.by("wang", "approvals"), one, true, "", ""); !is(err, "batch.decide_there") {
		t.Errorf("a row was decided on by itself: %v", err)
	}
	if err := r.desk.Decide(ctx, r.by("wang", "approvals"), id+"/1", true, "wrong", ""); !is(err, "approval.no_mark") {
		t.Errorf("what is no mark of it: %v", err)
	}
	for _, k := range []string{"/2", "/1"} {
		if err := r.desk.Decide(ctx, r.by("wang", "approvals"), id+k, true, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	r.until("both are carried out", func() bool { return r.chunkState(id, 1) == bot.ChunkDone && r.chunkState(id, 2) == bot.ChunkDone })
	r.once(orders[:12]...)
	if err := r.desk.Decide(ctx, r.by("wang", "approvals"), id+"/3", false, "", "not that one"); err != nil {
		t.Fatal(err)
	}
	r.until("the list is over", func() bool { return r.batchState(id) == bot.BatchDone })
	if paid := r.paid(orders[12]); len(paid) > 0 {
		t.Errorf("a denied one was refunded: %+v", paid)
	}
	var csv strings.Builder
	r.read(func(tx *store.Tx) error {
		csv.Reset()
		return bot.WriteBatch(tx, id, i18n.ForLocale("en"), time.UTC, func(who string) string { return who }, &csv)
	})
	if got := csv.String(); strings.Count(got, ",refunded,") != 12 || strings.Count(got, ",denied,") != 1 || strings.Count(got, ",wang\n") != 12 {
		t.Errorf("the receipt says\n%s", got)
	}
}

// TestBatchIsJudgedByItsSum: what is asked for together needs what its sum needs,
// of whoever decides on sums like that; where nobody may, nothing is asked for.
func TestBatchIsJudgedByItsSum(t *testing.T) {
	t.Parallel()
	euro := func(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "EUR"} }
	r := newRig(t, plan{stores: []string{"ebay-de"}, with: func(o *bot.Options) {
		o.Policy.Rules = policy.Rules{Home: "EUR", List: []policy.Rule{
			{Name: "small", UpTo: euro(50_00), Votes: 1, Approvers: []string{"person:wang"}},
			{Name: "large", UpTo: euro(100_00), Votes: 2, Approvers: []string{"manager"}},
			{Name: "larger", UpTo: euro(110_00), Votes: 3, Approvers: []string{"manager"}},
			{Name: "too much", UpTo: euro(120_00), Refuse: "never"},
		}}
	}})
	orders := func(totals ...string) (out []sandbox.OrderInfo) {
		for _, x := range totals {
			out = append(out, r.order("ebay-de", x))
		}
		return out
	}
	ctx := context.Background()
	for _, x := range []struct {
		want   i18n.Key
		totals []string
	}{
		{"batch.sum_few", []string{"50.00", "50.00", "0.01"}},
		{"batch.sum_not", []string{"50.00", "50.00", "10.01"}},
		{"batch.sum_not", []string{"50.00", "50.00", "20.01"}},
	} {
		id := r.batch(wishes(orders(x.totals...)...))
		if err := r.desk.AskBatch(ctx, r.by("lina", "inbox"), id, "", false); !is(err, x.want) {
			t.Errorf("%v: %v", x.totals, err)
		}
		if r.batchState(id) != bot.BatchReady || len(r.ids(`SELECT id FROM refund`)) > 0 {
			t.Errorf("%v: something was asked for", x.totals)
		}
	}
	few := orders("20.00", "30.00")
	id := r.batch(wishes(few...))
	r.askBatch(id, false, id+"/1")
	r.until("one yes is enough for what is small together", func() bool { return r.batchState(id) == bot.BatchDone })
	r.once(few...)
	many := orders("20.00", "30.00", "0.01")
	id = r.batch(wishes(many...))
	r.askBatch(id, false, id+"/1")
	r.until("the card says why it takes two", func() bool {
		c, ok := r.shown("approvals", id+"/1")
		return ok && strings.Contains(words(c), "large (because of the sum)") && strings.Contains(words(c), "Approved so far by Wang")
	})
	if got := r.chunkState(id, 1); got != bot.ChunkAsked {
		t.Fatalf("after one yes it is %s", got)
	}
	if err := r.desk.Decide(ctx, r.by("zoe", "approvals"), id+"/1", true, "", ""); err != nil {
		t.Fatal(err)
	}
	r.until("both have said yes", func() bool { return r.batchState(id) == bot.BatchDone })
	r.once(many...)
	// Afterwards it is told of each of them by which rule it was approved.
	one := r.ids(`SELECT refund FROM batch_row WHERE batch = ? AND n = 1`, id)[0]
	paid, err := r.desk.RefundFor(ctx, r.by("zoe", "approvals"), one)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.desk.RulingOf(ctx, paid, i18n.For(language.English))
	if got := words(c); err != nil || !strings.Contains(got, "large (because of the sum)") || !strings.Contains(got, "2 approvals") ||
		!strings.Contains(got, "small: the amount is above its limit") || !strings.Contains(got, id+"/1. They come to 50.01 EUR") {
		t.Errorf("afterwards it tells %q: %v", got, err)
	}
	var file bytes.Buffer
	if _, err := bot.ExportRefunds(ctx, r.desk.DB, &file, bot.ExportOptions{Format: "csv", Name: func(s string) string { return s },
		Platform: func(string) string { return "ebay" }, RefundFilter: bot.RefundFilter{To: time.Now().Add(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	if got := file.String(); strings.Count(got, ","+id+"/1,large,50.01 EUR\n") != 3 || strings.Count(got, ",small,\n") != 2 {
		t.Errorf("the file says\n%s", got)
	}
}

// TestBatchRowsWithSomethingAgainstThem names each bad row, and asks for the others
// only when told to leave those out.
func TestBatchRowsWithSomethingAgainstThem(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}})
	a, b := r.order("ebay-de", "10.00"), r.order("ebay-de", "20.00")
	w := wishes(a, b, a)
	w = append(w, bot.BatchWish{Line: 4, Order: "ebay-de#none-such", Reason: connectors.ReasonDamaged},
		bot.BatchWish{Line: 5, Order: "", Why: bot.Words{"en": "cannot be read", "zh-CN": "无法识别"}})
	w[1].Parts.Amount = connectors.Money{Minor: 2001, Currency: "EUR"}
	id := r.batch(w)
	if got := strings.Join(r.ids(`SELECT state FROM batch_row WHERE batch = ? ORDER BY n`, id), " "); got != "good blocked twice blocked unread" {
		t.Fatalf("the rows are %s", got)
	}
	ctx, lina := context.Background(), r.by("lina", "inbox")
	if err := r.desk.AskBatch(ctx, lina, id, "", false); !is(err, "batch.not_clean") {
		t.Errorf("it was asked for: %v", err)
	}
	if err := r.desk.AskBatch(ctx, r.by("zoe", "inbox"), id, "", true); !is(err, "batch.not_yours") {
		t.Errorf("somebody else asked for it: %v", err)
	}
	r.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE batch SET looked = looked - 900001 WHERE id = ?`, id)
		return err
	})
	r.lookedAnew(id, "batch.old")
	if err := r.desk.LookAgain(ctx, lina, id); err != nil {
		t.Fatal(err)
	}
	r.until("it was looked at again", func() bool { return r.batchState(id) == bot.BatchReady })
	r.askBatch(id, true, id+"/1")
	r.until("the good one is refunded", func() bool { return r.batchState(id) == bot.BatchDone })
	r.once(a)
	if paid := r.paid(b); len(paid) > 0 {
		t.Errorf("a bad row was refunded: %+v", paid)
	}
}

// lookedAnew fails unless asking for a list asks nobody, has it looked at again and
// says why.
func (r *rig) lookedAnew(id string, why i18n.Key, args ...any) {
	r.t.Helper()
	lina := r.by("lina", "inbox")
	mark := r.ids(`SELECT CAST(looked AS TEXT) FROM batch WHERE id = ?`, id)[0]
	if err := r.desk.AskBatch(context.Background(), lina, id, "", true); err != nil {
		r.t.Fatal(err)
	}
	r.until("it was looked at anew", func() bool {
		return r.batchState(id) == bot.BatchReady && r.ids(`SELECT CAST(looked AS TEXT) FROM batch WHERE id = ?`, id)[0] != mark
	})
	if got := r.ids(`SELECT id FROM approval WHERE id LIKE ?`, id+"/%"); len(got) > 0 {
		r.t.Fatalf("people were asked: %v", got)
	}
	words1 := lina.P.T(why, append(args, "id", id)...)
	r.until("whoever asked is told why", func() bool {
		r.hall.mu.Lock()
		defer r.hall.mu.Unlock()
		return slices.ContainsFunc(r.hall.order, func(ref chat.Ref) bool {
			return ref.Only == "lina" && strings.Contains(words(r.hall.cards[ref.ID]), words1)
		})
	})
}

// TestBatchIsLookedAtAnew asks nobody about rows that are known not to be what was
// looked at: a refund of an order was asked for since, or its shop shows it otherwise.
func TestBatchIsLookedAtAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}})
	a, b, c := r.order("ebay-de", "10.00"), r.order("ebay-de", "20.00"), r.order("ebay-de", "30.00")
	id := r.batch(wishes(a, b, c))
	one := r.askFor(a)
	r.lookedAnew(id, "batch.changed", "order", "ebay-de#"+a.Number)
	if got := strings.Join(r.ids(`SELECT state FROM batch_row WHERE batch = ? ORDER BY n`, id), " "); got != "in_flight good good" {
		t.Fatalf("the rows are %s", got)
	}
	// What the mirror learns is news only if it is not what was looked at.
	s, _ := r.desk.Shop("ebay-de")
	q, err := r.desk.QuoteFor(context.Background(), s, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	learns := func(status connectors.OrderStatus, later time.Duration) {
		r.write(func(tx *store.Tx) error {
			o := q.Order
			o.Status, o.Updated = status, o.Updated.Add(later)
			changed, err := sync.SaveOrder(tx, "ebay-de", o)
			if !changed {
				t.Error("the mirror learned nothing")
			}
			return err
		})
	}
	learns(connectors.OrderPartly, time.Hour)
	r.lookedAnew(id, "batch.changed", "order", "ebay-de#"+b.Number)
	learns(q.Order.Status, 2*time.Hour)
	r.askBatch(id, true, id+"/1")
	r.until("the rest is refunded", func() bool { return r.batchState(id) == bot.BatchDone })
	r.once(b, c)
	if got := r.refund(one).State; got != bot.RefundAsked {
		t.Errorf("what was asked for by itself is %s", got)
	}
}

// TestBatchStopsAndGoesOn stops at the first order that has changed since, sends
// nothing after it, and goes on as a person says.
func TestBatchStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}})
	var orders []sandbox.OrderInfo
	for range 4 {
		orders = append(orders, r.order("ebay-de", "10.00"))
	}
	w := wishes(orders...)
	for i := range w {
		w[i].Line += 20 // as where it stood far down in a table
	}
	id := r.batch(w)
	r.askBatch(id, false)
	// Somebody gives part of the second one back elsewhere.
	s, _ := r.desk.Shop("ebay-de")
	shop, _ := s.Refunder()
	if _, err := shop.Refund(context.Background(), connectors.Refund{Order: orders[1].ID, Amount: connectors.Money{Minor: 100, Currency: "EUR"},
		Reason: connectors.ReasonOther, Key: "by-hand"}); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := r.desk.Decide(ctx, r.by("wang", "approvals"), id+"/1", true, "", ""); err != nil {
		t.Fatal(err)
	}
	r.until("it stops", func() bool { return r.batchState(id) == bot.BatchStopped })
	r.once(orders[0])
	time.Sleep(300 * time.Millisecond)
	if paid := append(r.paid(orders[2]), r.paid(orders[3])...); len(paid) > 0 {
		t.Fatalf("it went on by itself: %+v", paid)
	}
	r.until("its card says where", func() bool {
		c, ok := r.shown("approvals", "Stopped at line 22")
		return ok && len(c.Buttons) == 3
	})
	if err := r.desk.ResumeBatch(ctx, r.by("lina", "approvals"), id+"/1"); err != nil {
		t.Fatal(err)
	}
	r.until("it stops there again", func() bool {
		return len(r.ids(`SELECT hash FROM audit WHERE what = 'batch.stopped'`)) == 2 && r.batchState(id) == bot.BatchStopped
	})
	if err := r.desk.SkipRow(ctx, r.by("wang", "approvals"), id+"/1"); err != nil {
		t.Fatal(err)
	}
	r.until("the rest is refunded", func() bool { return r.batchState(id) == bot.BatchDone })
	r.once(orders[0], orders[2], orders[3])
	if err := r.desk.ResumeBatch(ctx, r.by("lina", "approvals"), id+"/1"); !is(err, "batch.not_stopped") {
		t.Errorf("what is over was resumed: %v", err)
	}
}

// is tells whether an error is a problem of a key.
func is(err error, key i18n.Key) bool {
	p, ok := i18n.AsProblem(err)
	return ok && p.Key == key
}

// TestBatchIsTalkedAboutAndRunsOut asks back about a chunk, hands it on, and lets it
// run out: all as with one refund, and nothing is sent.
func TestBatchIsTalkedAboutAndRunsOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}, with: func(o *bot.Options) {
		o.Policy.Rules.List = []policy.Rule{{Name: "all", Votes: 1, Approvers: []string{"person:wang"}}}
	}})
	a, b := r.order("ebay-de", "10.00"), r.order("ebay-de", "20.00")
	id := r.batch(wishes(a, b))
	r.askBatch(id, false)
	ctx, k := context.Background(), id+"/1"
	wang, lina := r.by("wang", "approvals"), r.by("lina", "inbox")
	if err := r.desk.AskBack(ctx, wang, k, "Why both?"); err != nil {
		t.Fatal(err)
	}
	if err := r.desk.AnswerBack(ctx, lina, k, "One parcel"); err != nil {
		t.Fatal(err)
	}
	r.until("the card has both", func() bool {
		c, ok := r.shown("approvals", "30.00 EUR")
		return ok && strings.Contains(words(c), "Why both?") && strings.Contains(words(c), "One parcel")
	})
	if err := r.desk.HandOn(ctx, wang, k, "zoe"); err != nil {
		t.Fatal(err)
	}
	r.until("its card says who was handed it, and by whom", func() bool {
		c, ok := r.shown("approvals", "30.00 EUR")
		return ok && strings.Contains(words(c), "Wang has handed the decision on "+k+" to Zoe")
	})
	if list, err := r.desk.Waiting(ctx, r.by("zoe", "approvals")); err != nil || len(list) != 1 || list[0].ID != k || !list[0].Mine || list[0].Rows != 2 {
		t.Errorf("zoe has %+v, %v", list, err)
	}
	r.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE approval SET until = ? WHERE id = ?`, tx.Now()-1, k)
		return err
	})
	if err := r.desk.Decide(ctx, wang, k, true, "", ""); !is(err, "batch.late") {
		t.Errorf("a yes that came too late: %v", err)
	}
	r.until("it has run out", func() bool { return r.batchState(id) == bot.BatchDone && r.chunkState(id, 1) == bot.ChunkExpired })
	if got := r.ids(`SELECT state FROM refund WHERE state <> 'expired'`); len(got) > 0 {
		t.Errorf("refunds are %v", got)
	}
	if paid := append(r.paid(a), r.paid(b)...); len(paid) > 0 {
		t.Errorf("it was refunded all the same: %+v", paid)
	}
	// Their orders are free for another ask.
	r.askBatch(r.batch(wishes(a)), false)
}
