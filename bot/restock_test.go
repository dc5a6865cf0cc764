package bot_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/connectors"
	"helloworld/connectors/ebay"
	"helloworld/connectors/sandbox"
)

// falling is a shop during whose first call to set a quantity something happens.
type falling struct {
	*ebay.Shop
	before, after func()
	// lost: the call is not made, as if the desk had died before it; forgotten: it
	// was made, and the desk died before it knew.
	lost, forgotten bool
	n               *atomic.Int32
}

func (f falling) SetStock(ctx context.Context, rows []connectors.StockSet) []connectors.RowResult {
	if f.n.Add(1) > 1 {
		return f.Shop.SetStock(ctx, rows)
	}
	if f.before != nil {
		f.before()
	}
	if f.lost {
		return nil
	}
	out := f.Shop.SetStock(ctx, rows)
	if f.after != nil {
		f.after()
	}
	if f.forgotten {
		return nil
	}
	return out
}

// TestRestock refunds two pieces that go back into stock, and looks what there is
// then: two more, once, whatever happens; or what there was, and the card says that
// a person has to.
func TestRestock(t *testing.T) {
	t.Parallel()
	const start = 10
	for _, tt := range []struct {
		name, store, total, sku string
		op, fault               string
		// fall is what happens in the midst of it; set is the quantity changing meanwhile.
		fall func(set func(int)) falling
		// want is how many more there are in the end; says is what the card says of it.
		want int
		says string
		// alone: the platform does it by itself. unlisted: there is no such listing.
		alone, unlisted bool
	}{
		{name: "shopify does it with the refund", store: "shopify-main", total: "40.00", sku: "MUG-BLUE-2", want: 2, alone: true},
		{name: "ebay", store: "ebay-de", total: "40.00", sku: "MUG-BLUE-2", want: 2, says: "back in stock, 10 before, 12 now"},
		{name: "ebay, answer lost", store: "ebay-de", total: "40.00", sku: "MUG-BLUE-2", op: "stock", fault: sandbox.Lost, want: 2, says: "back in stock"},
		{name: "ebay, never arrived", store: "ebay-de", total: "40.00", sku: "MUG-BLUE-2", op: "stock", fault: sandbox.Drop, want: 2, says: "back in stock"},
		{name: "ebay, busy", store: "ebay-de", total: "40.00", sku: "MUG-BLUE-2", op: "stock", fault: sandbox.Error503, want: 2, says: "back in stock"},
		{name: "ebay, no listing", store: "ebay-de", total: "40.00", sku: "GONE-1", unlisted: true, says: "There is no listing with this SKU"},
		{name: "amazon", store: "amazon-jp", total: "4000", sku: "MUG-BLUE-2", want: 2, says: "back in stock, 10 before, 12 now"},
		{name: "amazon, answer lost", store: "amazon-jp", total: "4000", sku: "MUG-BLUE-2", op: "stock", fault: sandbox.Lost, want: 2, says: "back in stock"},
		{name: "amazon's own warehouse", store: "amazon-jp", total: "4000", sku: "KNIFE-CHEF-20", want: 0, says: "The platform keeps these goods"},
		{name: "the desk dies before the call", store: "ebay-de", total: "40.00", sku: "MUG-BLUE-2", want: 2, says: "back in stock",
			fall: func(func(int)) falling { return falling{lost: true} }},
		{name: "the desk dies after the call", store: "ebay-de", total: "40.00", sku: "MUG-BLUE-2", want: 2, says: "back in stock",
			fall: func(func(int)) falling { return falling{forgotten: true} }},
		{name: "one is sold between reading and setting", store: "ebay-de", total: "40.00", sku: "MUG-BLUE-2", want: 1, says: "back in stock, 9 before, 11 now",
			fall: func(set func(int)) falling { return falling{before: func() { set(start - 1) }} }},
		{name: "one is sold after the desk died", store: "ebay-de", total: "40.00", sku: "MUG-BLUE-2", want: 1, says: "The quantity changed while I was setting it",
			fall: func(set func(int)) falling { return falling{forgotten: true, after: func() { set(start + 1) }} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r *rig
			p := plan{stores: []string{tt.store}}
			if tt.fall != nil {
				f := tt.fall(func(n int) {
					if err := r.world.SetStock(sandbox.StockChange{Store: tt.store, SKU: tt.sku, Quantity: n}); err != nil {
						t.Error(err)
					}
				})
				f.n = &atomic.Int32{}
				p.with = func(o *bot.Options) {
					f.Shop = o.Stores[0].Shop.(*ebay.Shop)
					o.Stores[0].Shop = f
				}
			}
			r = newRig(t, p)
			o, err := r.world.AddOrder(sandbox.NewOrder{Store: tt.store, Total: tt.total, SKU: tt.sku, Quantity: 2})
			if err != nil {
				t.Fatal(err)
			}
			if !tt.unlisted {
				if err := r.world.SetStock(sandbox.StockChange{Store: tt.store, SKU: tt.sku, Quantity: start}); err != nil {
					t.Fatal(err)
				}
			}
			before := r.world.StockOf(tt.store, tt.sku)
			if tt.op != "" {
				if err := r.world.Fail(tt.store, tt.op, tt.fault, 1); err != nil {
					t.Fatal(err)
				}
			}
			id, err := r.askParts(o, bot.RefundParts{Restock: true}, "")
			if err != nil {
				t.Fatal(err)
			}
			if err := r.desk.Decide(context.Background(), r.by("wang", "approvals"), id, true, r.refund(id).Facts, ""); err != nil {
				t.Fatal(err)
			}
			r.until("nothing is under way any more", func() bool {
				return r.refund(id).State == bot.RefundConfirmed && len(r.ids(`SELECT kind FROM job WHERE kind = 'restock'`)) == 0
			})
			if got := r.world.StockOf(tt.store, tt.sku) - before; got != tt.want {
				t.Errorf("there are %d more, want %d", got, tt.want)
			}
			r.until("the card says so", func() bool {
				return slices.ContainsFunc(r.hall.said("approvals"), func(c chat.Card) bool { return strings.Contains(words(c), tt.says) })
			})
			steps := 0
			for _, s := range r.path(id) {
				if s == "refund.stock_done" || s == "refund.stock_by_hand" {
					steps++
				}
			}
			if want := map[bool]int{true: 0, false: 1}[tt.alone]; steps != want {
				t.Errorf("the end of it is %d times in the log: %v", steps, r.path(id))
			}
			if n := len(r.paid(o)); n != 1 {
				t.Errorf("paid %d times", n)
			}
		})
	}
}
