package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

// sentence checks that a problem is a whole sentence in both languages, and gives
// its key.
func sentence(t *testing.T, err error) string {
	t.Helper()
	p, ok := i18n.AsProblem(err)
	if !ok {
		t.Fatalf("it is no sentence: %v", err)
	}
	for _, lang := range []language.Tag{language.English, language.MustParse("zh-CN")} {
		if text := p.Say(i18n.For(lang)); len([]rune(text)) < 15 || strings.ContainsAny(text, "{}") || strings.HasPrefix(text, "[") {
			t.Errorf("%s in %v: %q", p.Key, lang, text)
		}
	}
	return string(p.Key)
}

// mirror writes down what a shop says of an order's buyer, or of its returns.
func (r *rig) mirror(b sync.Batch, storeID string) {
	r.t.Helper()
	r.write(func(tx *store.Tx) error {
		_, err := b.Save(tx, storeID)
		return err
	})
}

// TestPreflight asks for refunds that have something against them, of real
// adapters: what blocks is said, asks nobody and sends nothing; what is only to be
// known stands with what is asked.
func TestPreflight(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "USD"} }
	for _, tt := range []struct {
		name, store, status string
		ask                 bot.RefundAsk
		// before prepares what speaks against it.
		before func(*testing.T, *rig, sandbox.OrderInfo)
		// block is the key of the sentence that stops it; know what is told if nothing does.
		block string
		know  []string
	}{
		{name: "nothing against it", store: "shopify-main"},
		{name: "nothing against it", store: "ebay-de"},
		{name: "nothing against it", store: "amazon-jp"},
		{name: "cancelled", store: "shopify-main", status: "cancelled", block: "preflight.cancelled"},
		{name: "cancelled", store: "ebay-de", status: "cancelled", block: "preflight.cancelled"},
		{name: "cancelled", store: "amazon-jp", status: "cancelled", block: "preflight.cancelled"},
		{name: "unshipped", store: "shopify-main", status: "unshipped", block: "preflight.unshipped"},
		{name: "unshipped", store: "ebay-de", status: "unshipped", block: "preflight.unshipped"},
		{name: "unshipped", store: "amazon-jp", status: "unshipped", block: "preflight.ship_first"},
		{name: "unshipped, cancelled by the buyer", store: "shopify-main", status: "unshipped", ask: bot.RefundAsk{Reason: connectors.ReasonCancelled}},
		{name: "unshipped, cancelled by the buyer", store: "ebay-de", status: "unshipped", ask: bot.RefundAsk{Reason: connectors.ReasonCancelled}},
		{name: "unshipped, cancelled by the buyer", store: "amazon-jp", status: "unshipped", ask: bot.RefundAsk{Reason: connectors.ReasonCancelled}, block: "preflight.ship_first"},
		{name: "archived", store: "shopify-main", before: stand(sandbox.Standing{Archived: true}), block: "preflight.archived"},
		{name: "disputed", store: "shopify-main", before: stand(sandbox.Standing{Disputed: true}), block: "preflight.bars_dispute"},
		{name: "old", store: "shopify-main", before: stand(sandbox.Standing{Days: 130}), know: []string{"old"}},
		{name: "a return is open", store: "ebay-de", before: returned("return"), block: "preflight.bars_return"},
		{name: "a claim is open", store: "ebay-de", before: returned("claim"), block: "preflight.bars_claim"},
		{name: "a return is open", store: "shopify-main", before: returned("return"), know: []string{"open_return"}},
		{name: "returns cannot be read", store: "ebay-de", before: broken("returns", 5000), know: []string{"cases_unread"}},
		{name: "too little in the account", store: "ebay-de", before: stand(sandbox.Standing{Funds: "59.89"}), know: []string{"balance_low"}},
		{name: "just enough in the account", store: "ebay-de", before: stand(sandbox.Standing{Funds: "59.90"})},
		{name: "the account cannot be read", store: "ebay-de", before: broken("funds", 6), know: []string{"balance_unread"}},
		{name: "given back elsewhere", store: "shopify-main", before: paidBack("9.90"), know: []string{"elsewhere"}},
		{name: "all given back elsewhere", store: "shopify-main", before: paidBack("59.90"), block: "refund.nothing_left"},
		{name: "one is asked for already", store: "shopify-main", before: func(_ *testing.T, r *rig, o sandbox.OrderInfo) { r.askFor(o) }, block: "preflight.in_flight"},
		{name: "a buyer with a history", store: "shopify-main", before: regular(4, 3), know: []string{"history!"}},
		{name: "a buyer with a little history", store: "shopify-main", before: regular(4, 1), know: []string{"history"}},
		{name: "another currency", store: "shopify-main", ask: bot.RefundAsk{Amount: connectors.Money{Minor: 100, Currency: "EUR"}}, block: "refund.currency"},
		{name: "more than there is", store: "shopify-main", ask: bot.RefundAsk{Amount: usd(100_000_000_000)}, block: "refund.too_much"},
		{name: "less than nothing", store: "shopify-main", ask: bot.RefundAsk{Amount: usd(-1)}, block: "refund.not_positive"},
	} {
		t.Run(tt.store+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, plan{stores: []string{tt.store}})
			total := "59.90"
			if tt.store == "amazon-jp" {
				total = "5990"
			}
			o, err := r.world.AddOrder(sandbox.NewOrder{Store: tt.store, Total: total, Status: tt.status})
			if err != nil {
				t.Fatal(err)
			}
			if tt.before != nil {
				tt.before(t, r, o)
			}
			paid, asked := len(r.paid(o)), len(r.ids(`SELECT id FROM refund`))
			by := r.by("lina", "inbox")
			at, err := r.desk.FindOrder(t.Context(), by.Who, o.Store+"#"+o.ID)
			if err != nil {
				t.Fatal(err)
			}
			ask := tt.ask
			ask.Order = at
			if ask.Reason == "" {
				ask.Reason = connectors.ReasonDamaged
			}
			err = r.desk.AskRefund(t.Context(), by, ask)
			ids := r.ids(`SELECT id FROM refund ORDER BY created DESC, id DESC`)
			if len(r.paid(o)) != paid {
				t.Errorf("money went out: %+v", r.paid(o))
			}
			if tt.block != "" {
				if err == nil || sentence(t, err) != tt.block || len(ids) != asked {
					t.Errorf("it says %v and has asked %d times, want %s and %d", err, len(ids), tt.block, asked)
				}
				return
			}
			if err != nil || len(ids) != asked+1 {
				t.Fatalf("it was not asked: %v", err)
			}
			var got []string
			for _, f := range r.refund(ids[0]).Body.Findings {
				if text := f.Say(by.P); strings.ContainsAny(text, "{}[]") {
					t.Errorf("%s: %q", f.Key, text)
				}
				if f.Risk {
					f.Key += "!"
				}
				got = append(got, f.Key)
			}
			if !slices.Equal(got, tt.know) {
				t.Errorf("it tells %q, want %q", got, tt.know)
			}
		})
	}
}

// stand sets how an order or its account stands.
func stand(n sandbox.Standing) func(*testing.T, *rig, sandbox.OrderInfo) {
	return func(t *testing.T, r *rig, o sandbox.OrderInfo) {
		n := n
		n.Store, n.Order = o.Store, o.ID
		if err := r.world.Stand(n); err != nil {
			t.Fatal(err)
		}
	}
}

// broken makes calls fail.
func broken(op string, times int) func(*testing.T, *rig, sandbox.OrderInfo) {
	return func(t *testing.T, r *rig, o sandbox.OrderInfo) {
		if err := r.world.Fail(o.Store, op, sandbox.Error503, times); err != nil {
			t.Fatal(err)
		}
	}
}

// returned lets the buyer open a return or a claim, and has the desk read it.
func returned(kind string) func(*testing.T, *rig, sandbox.OrderInfo) {
	return func(t *testing.T, r *rig, o sandbox.OrderInfo) {
		if _, err := r.world.AddReturn(sandbox.NewReturn{Store: o.Store, Order: o.ID, Kind: kind}); err != nil {
			t.Fatal(err)
		}
		s, _ := r.desk.Shop(o.Store)
		page, err := s.Shop.(connectors.ReturnReader).Returns(t.Context(), connectors.Cursor{})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%d returns, %v", len(page.Items), err)
		}
		r.mirror(sync.ReturnBatch(page.Items), o.Store)
	}
}

// paidBack gives money back in the shop's back office.
func paidBack(amount string) func(*testing.T, *rig, sandbox.OrderInfo) {
	return func(t *testing.T, r *rig, o sandbox.OrderInfo) {
		if _, err := r.world.PayBack(o.Store, o.ID, amount); err != nil {
			t.Fatal(err)
		}
	}
}

// regular gives the order's buyer so many other orders, some of them refunded.
func regular(orders, refunded int) func(*testing.T, *rig, sandbox.OrderInfo) {
	return func(t *testing.T, r *rig, o sandbox.OrderInfo) {
		for i := range orders {
			x, err := r.world.AddOrder(sandbox.NewOrder{Store: o.Store, Total: "10.00", Buyer: o.Buyer})
			if err != nil {
				t.Fatal(err)
			}
			if i < refunded {
				paidBack("10.00")(t, r, x)
			}
			at, err := r.desk.FindOrder(t.Context(), r.by("lina", "inbox").Who, o.Store+"#"+x.ID)
			if err != nil {
				t.Fatal(err)
			}
			// Newer than what the shop tells: a look that began before the money went
			// back has the same second, and must not put it as it was.
			at.Order.Updated = at.Order.Updated.Add(time.Hour)
			r.mirror(sync.OrderBatch([]connectors.Order{at.Order}), o.Store)
		}
	}
}

// TestWhoseOrder asks for orders that are somebody else's, nobody's or two.
func TestWhoseOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main", "ebay-de"}})
	for _, s := range []string{"shopify-main", "ebay-de"} {
		if _, err := r.world.AddOrder(sandbox.NewOrder{Store: s, Total: "10.00", Number: "4711"}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.desk.FindOrder(t.Context(), r.by("zoe", "inbox").Who, "shopify-main#4711")
	if got := sentence(t, err); got != "error.store_not_yours" {
		t.Errorf("of a store that is not hers: %s", got)
	}
	var several *bot.Ambiguous
	if _, err := r.desk.FindOrder(t.Context(), r.by("lina", "inbox").Who, "4711"); !errors.As(err, &several) || len(several.Orders) != 2 {
		t.Errorf("of two shops: %v", err)
	}
	if _, err := r.desk.FindOrder(t.Context(), r.by("lina", "inbox").Who, "shopify-main#4712"); sentence(t, err) == "" {
		t.Errorf("of none: %v", err)
	}
}

// TestStoppedAtTheVote: what has come in the way since it was asked stops a yes,
// ends the ask and is said.
func TestStoppedAtTheVote(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*testing.T, *rig, sandbox.OrderInfo){
		"archived": stand(sandbox.Standing{Archived: true}),
		"disputed": stand(sandbox.Standing{Disputed: true}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, plan{stores: []string{"shopify-main"}})
			o := r.order("shopify-main", "59.90")
			id := r.askFor(o)
			before(t, r, o)
			if err := r.desk.Decide(context.Background(), r.by("wang", "approvals"), id, true, r.refund(id).Facts, ""); err != nil {
				t.Fatal(err)
			}
			if x := r.refund(id); x.State != bot.RefundFailed || len(r.paid(o)) != 0 {
				t.Errorf("it is %s, and %+v went out", x.State, r.paid(o))
			}
			if slices.Contains(r.path(id), "refund.vote_yes") {
				t.Error("the yes counted")
			}
		})
	}
}

// TestNothingBeyondWhatIsLeft: money that goes out elsewhere between the yes and
// the sending leaves too little, and nothing is sent.
func TestNothingBeyondWhatIsLeft(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"shopify-main", "ebay-de"} {
		t.Run(s, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, plan{stores: []string{s}})
			o := r.order(s, "59.90")
			id := r.askFor(o)
			if err := r.world.Fail(s, "refund", sandbox.Error429, 1000); err != nil {
				t.Fatal(err)
			}
			if err := r.desk.Decide(context.Background(), r.by("wang", "approvals"), id, true, r.refund(id).Facts, ""); err != nil {
				t.Fatal(err)
			}
			r.until("it could not be sent", func() bool { x := r.refund(id); return x.State == bot.RefundApproved && x.Error != "" })
			// The shop goes on saying no: a sending that was begun before is answered so
			// as well, and the look before the next one finds too little.
			paidBack("30.00")(t, r, o)
			r.until("it is given up", func() bool { return r.refund(id).State == bot.RefundFailed })
			if x := r.refund(id); x.Error != "over_remaining" || len(r.paid(o)) != 1 {
				t.Errorf("it is %q, and %+v went out", x.Error, r.paid(o))
			}
			// All its sendings were answered, with no.
			if what := r.ids(`SELECT DISTINCT what FROM refund_look WHERE refund = '` + id + `' AND what IN ('sent', 'not_taken')`); !slices.Equal(what, []string{"not_taken"}) {
				t.Errorf("the evidence tells of %q", what)
			}
		})
	}
}
