package commands_test

import (
	"testing"

	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// TestRefundByLineOnWoo asks for one of two units in one line of text, back into
// stock: the shop is told the line, its tax apart, and its stock grows by one.
func TestRefundByLineOnWoo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	items, err := r.world.Items("woo-de")
	if err != nil || len(items) == 0 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	sku := items[0].SKU
	o := r.order(sandbox.NewOrder{Store: "woo-de", Number: "7001", Total: "64.60", Tax: "9.52", Shipping: "5.00", Quantity: 2, SKU: sku})
	stock := r.world.StockOf("woo-de", sku)
	give := func(wish string) sandbox.RefundEntry {
		t.Helper()
		before := len(r.world.Ledger().Refunds)
		said, at := r.say("anna", "/refund 7001 "+wish)
		if len(said) != 2 {
			t.Fatalf("%s: %d posts at %+v: %s", wish, len(said), at, words(said[0]))
		}
		card := said[0]
		if at[0].Channel != "leads" {
			card = said[1]
		}
		r.press("ben", card, "Approve")
		r.until("the money went out", func() bool {
			return r.count(`SELECT COUNT(*) FROM refund WHERE state = 'confirmed'`) == before+1
		})
		all := r.world.Ledger().Refunds
		if len(all) != before+1 || all[before].Order != o.ID {
			t.Fatalf("%s: %+v", wish, all)
		}
		return all[before]
	}
	eur := func(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "EUR"} }
	e := give("line 1 qty 1 restock damaged")
	if len(e.Lines) != 1 || e.Lines[0].Line != o.Lines[0] || e.Lines[0].Quantity != 1 || e.Lines[0].Restock == "" || e.Lines[0].Tax != eur(476) || e.Amount != eur(2980) {
		t.Errorf("the shop was told %+v of %v", e.Lines, e.Amount)
	}
	if now := r.world.StockOf("woo-de", sku); now != stock+1 {
		t.Errorf("the stock went from %d to %d", stock, now)
	}
	e = give("line 1 damaged")
	if len(e.Lines) != 1 || e.Lines[0].Quantity != 1 || e.Lines[0].Restock != "" || e.Lines[0].Tax != eur(476) || e.Amount != eur(2980) {
		t.Errorf("the rest of the line: %+v of %v", e.Lines, e.Amount)
	}
	if now := r.world.StockOf("woo-de", sku); now != stock+1 {
		t.Errorf("what was not to go into stock did: from %d to %d", stock, now)
	}
	if e = give("shipping late"); e.Amount != eur(500) || len(e.Lines) != 0 {
		t.Errorf("the shipping: %+v", e)
	}
	if said, _ := r.say("anna", "/refund 7001 line 1 damaged"); len(said) != 1 {
		t.Errorf("there is something left of nothing: %d posts", len(said))
	}
}
