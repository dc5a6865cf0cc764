package bot_test

import (
	"context"
	"testing"

	"helloworld/bot"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

// askParts asks for parts of an order, as it stands in the shop now.
func (r *rig) askParts(o sandbox.OrderInfo, p bot.RefundParts, m connectors.RefundMethod) (string, error) {
	r.t.Helper()
	ctx := context.Background()
	by := r.by("lina", "inbox")
	at, err := r.desk.FindOrder(ctx, by.Who, o.Store+"#"+o.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	q, err := r.desk.QuoteFor(ctx, at.Store, at.Order.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	ask := bot.RefundAsk{Order: at, Reason: connectors.ReasonDamaged, Method: m}
	if err := ask.Reckon(q, p); err != nil {
		return "", err
	}
	if err := r.desk.AskRefund(ctx, by, ask); err != nil {
		return "", err
	}
	return r.ids(`SELECT id FROM refund ORDER BY created DESC, id DESC`)[0], nil
}

// TestRefundByLine refunds an order piece by piece on each platform. What the shop
// was told of each line is in its books, and the same unit cannot be had twice.
func TestRefundByLine(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"shopify-main", "ebay-de", "amazon-jp"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, plan{stores: []string{store}})
			// Three of the second line: a third of it cannot be told in whole units.
			o, err := r.world.AddOrder(sandbox.NewOrder{Store: store, Total: "31", Tax: "3", Shipping: "5",
				More: []sandbox.NewLine{{Total: "110", Tax: "10", Quantity: 3}}})
			if err != nil {
				t.Fatal(err)
			}
			line := func(n, q int) bot.RefundParts { return bot.RefundParts{Lines: []bot.LinePick{{N: n, Quantity: q}}} }
			pay := func(p bot.RefundParts) sandbox.RefundEntry {
				t.Helper()
				before := len(r.paid(o))
				id, err := r.askParts(o, p, "")
				if err != nil {
					t.Fatal(err)
				}
				if err := r.desk.Decide(context.Background(), r.by("wang", "approvals"), id, true, r.refund(id).Facts, ""); err != nil {
					t.Fatal(err)
				}
				r.until("the refund is confirmed", func() bool { return r.refund(id).State == bot.RefundConfirmed })
				paid := r.paid(o)
				if len(paid) != before+1 || paid[before].Amount != r.refund(id).Body.Cmd.Amount {
					t.Fatalf("%+v of %+v", paid, r.refund(id).Body.Cmd)
				}
				return paid[before]
			}
			var units, given int64
			for i, q := range []int{1, 1, 1} {
				e := pay(line(2, q))
				if len(e.Lines) != 1 || e.Lines[0].Line != o.Lines[1] || e.Lines[0].Amount != e.Amount && store != "shopify-main" {
					t.Errorf("part %d: the shop was told %+v", i, e)
				}
				units, given = units+int64(e.Lines[0].Quantity), given+e.Amount.Minor
			}
			whole := connectors.Money{Minor: 11000, Currency: o.Total.Currency}
			if store == "amazon-jp" {
				whole.Minor = 110
			}
			if given != whole.Minor || units != 3 && store == "shopify-main" {
				t.Errorf("the parts come to %d for %d units, want %v", given, units, whole)
			}
			if _, err := r.askParts(o, line(2, 1), ""); err == nil || sentence(t, err) != "refund.line_done" {
				t.Errorf("a fourth of three: %v", err)
			}
			e := pay(bot.RefundParts{Shipping: true})
			if _, err := r.askParts(o, bot.RefundParts{Shipping: true}, ""); err == nil || sentence(t, err) != "refund.no_shipping" {
				t.Errorf("shipping twice, of %+v: %v", e, err)
			}
			pay(line(1, 0))
			if _, err := r.askParts(o, bot.RefundParts{}, ""); err == nil {
				t.Error("there is something left of nothing")
			}
		})
	}
}

// TestStoreCredit: only a shop that can gives it, and says so in its books.
func TestStoreCredit(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"shopify-main", "ebay-de"}})
	o := r.order("shopify-main", "59.90")
	id, err := r.askParts(o, bot.RefundParts{}, connectors.StoreCredit)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.desk.Decide(context.Background(), r.by("wang", "approvals"), id, true, r.refund(id).Facts, ""); err != nil {
		t.Fatal(err)
	}
	r.until("the credit is given", func() bool { return r.refund(id).State == bot.RefundConfirmed })
	if paid := r.paid(o); len(paid) != 1 || !paid[0].Credit || paid[0].Amount != o.Total {
		t.Errorf("%+v", paid)
	}
	if _, err := r.askParts(r.order("ebay-de", "20"), bot.RefundParts{}, connectors.StoreCredit); err == nil || sentence(t, err) != "can.no_credit" {
		t.Errorf("credit on a marketplace: %v", err)
	}
}

// TestReckon: what parts come to, and what is not a part.
func TestReckon(t *testing.T) {
	eur := func(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "EUR"} }
	q := connectors.Quote{Remaining: eur(2505), Shipping: eur(500), Tax: eur(105), Order: connectors.Order{Total: eur(2505)}, Lines: []connectors.QuoteLine{
		{Line: connectors.OrderLine{ID: "a", Title: "Cup", Quantity: 3, Price: eur(1000)}, Quantity: 3, Remaining: eur(1000)},
		{Line: connectors.OrderLine{ID: "b", Quantity: 1, Price: eur(1000)}, Quantity: 1, Remaining: eur(1000)},
		{Line: connectors.OrderLine{ID: "c", Title: "Lid of a tea pot", Quantity: 2, Price: eur(700)}},
	}}
	pick := func(nq ...int) (out []bot.LinePick) {
		for i := 0; i < len(nq); i += 2 {
			out = append(out, bot.LinePick{N: nq[i], Quantity: nq[i+1]})
		}
		return out
	}
	for name, c := range map[string]struct {
		parts                 bot.RefundParts
		amount, shipping, tax int64
		lines                 []int64
		problem               i18n.Key
	}{
		"nothing said":         {parts: bot.RefundParts{}},
		"one of three":         {parts: bot.RefundParts{Lines: pick(1, 1)}, amount: 333, lines: []int64{333}},
		"two of three":         {parts: bot.RefundParts{Lines: pick(1, 2)}, amount: 666, lines: []int64{666}},
		"the line":             {parts: bot.RefundParts{Lines: pick(1, 0)}, amount: 1000, lines: []int64{1000}},
		"lines and shipping":   {parts: bot.RefundParts{Lines: pick(1, 3, 2, 1), Shipping: true}, amount: 2500, shipping: 500, lines: []int64{1000, 1000}},
		"shipping":             {parts: bot.RefundParts{Shipping: true}, amount: 500, shipping: 500},
		"some of the shipping": {parts: bot.RefundParts{Shipping: true, Amount: eur(200)}, amount: 200, shipping: 200},
		"tax":                  {parts: bot.RefundParts{Tax: true}, amount: 105, tax: 105},
		"all, into stock":      {parts: bot.RefundParts{Restock: true}, amount: 2505, shipping: 500, tax: 5, lines: []int64{1000, 1000}},
		"an amount into stock": {parts: bot.RefundParts{Restock: true, Amount: eur(100)}, problem: "refund.restock_lines"},
		"too many":             {parts: bot.RefundParts{Lines: pick(1, 4)}, problem: "refund.line_left"},
		"a line that is done":  {parts: bot.RefundParts{Lines: pick(3, 1)}, problem: "refund.line_done"},
		"no such line":         {parts: bot.RefundParts{Lines: pick(4, 1)}, problem: "refund.no_line"},
		"line none":            {parts: bot.RefundParts{Lines: pick(0, 1)}, problem: "refund.no_line"},
		"tax beside its lines": {parts: bot.RefundParts{Lines: pick(1, 1), Tax: true}, problem: "refund.no_tax"},
	} {
		var a bot.RefundAsk
		a.Order.Store = &bot.Store{ID: "x"}
		err := a.Reckon(q, c.parts)
		if c.problem != "" {
			if err == nil || sentence(t, err) != string(c.problem) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var lines []int64
		for _, l := range a.Lines {
			lines = append(lines, l.Amount.Minor)
		}
		if err != nil || a.Amount.Minor != c.amount || a.Shipping.Minor != c.shipping || a.Tax.Minor != c.tax || len(lines) != len(c.lines) {
			t.Errorf("%s: %+v %v", name, a, err)
			continue
		}
		for i := range lines {
			if lines[i] != c.lines[i] {
				t.Errorf("%s: lines %v, want %v", name, lines, c.lines)
			}
		}
	}
}
