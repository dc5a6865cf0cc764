package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestWorldStartsAgain: a world that is made with the ledger's file of another
// knows what was done there, and nothing is given back twice.
func TestWorldStartsAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	clock := newClock()
	o := Options{Seed: 7, Now: clock.now, LedgerFile: path, Settle: -1}
	first := newRig(t, o)
	order := first.famous(shop)
	vars := first.refundVars(order, "10.00", "k1")
	first.gql(shop, refundMutation, vars)
	made, err := first.w.AddOrder(NewOrder{Store: shop, Number: "777", Total: "20", Status: unshipped, Quantity: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.w.ShipOrder(NewShipment{Store: shop, Order: "777", Number: "N1", Lines: map[string]int{made.Lines[0]: 1}}); err != nil {
		t.Fatal(err)
	}
	ret, err := first.w.AddReturn(NewReturn{Store: shop, Order: order.ID, Note: "kaputt"})
	if err != nil {
		t.Fatal(err)
	}
	first.must(`mutation($i: ReturnApproveRequestInput!) { returnApproveRequest(input: $i) { return { status } userErrors { message } } }`, map[string]any{"i": map[string]any{"id": gid("Return", ret.ID)}})
	if err := first.w.SetStock(StockChange{Store: shop, SKU: "BOX 50%", Quantity: 99}); err != nil {
		t.Fatal(err)
	}
	_, token := first.refresh(shop, first.shopify(shop).auth.newest())
	before := first.w.Ledger()
	clock.add(3 * time.Hour)
	first.w.Close()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString(`{"refund":{"store":"shopi`) // it ended in the middle of a line
	_ = f.Close()

	second := newRig(t, o)
	after := second.w.Ledger()
	before.Calls, after.Calls = nil, nil
	if !reflect.DeepEqual(before, after) {
		t.Errorf("ledger\n%+v\nwant\n%+v", after, before)
	}
	for _, name := range []string{"1234", "777"} {
		s, again := first.shopify(shop), second.shopify(shop)
		want, got := fmt.Sprintf("%+v", s.info(s.find(name))), fmt.Sprintf("%+v", again.info(again.find(name)))
		if got != want {
			t.Errorf("order %s\n%s\nwant\n%s", name, got, want)
		}
	}
	if r := second.shopify(shop).rets[ret.ID]; r == nil || r.state != retApproved || r.note != "kaputt" {
		t.Errorf("return: %+v", r)
	}
	second.want(second.w.StockOf(shop, "BOX 50%"), first.w.StockOf(shop, "BOX 50%"), "stock")
	status, fresh := second.refresh(shop, fmt.Sprint(token["refresh_token"]))
	second.want(status, 200, "the refresh token from before")
	second.tokens[shop] = fmt.Sprint(fresh["access_token"])
	second.gql(shop, refundMutation, vars)
	second.want(len(second.w.Ledger().Refunds), 1, "refunds after the same key came again")
	_, got := second.gql(shop, refundMutation, second.refundVars(order, "49.91", "k2"))
	if errs, _ := at(got, "data", "refundCreate", "userErrors").([]any); len(errs) != 1 {
		t.Errorf("more than what is left: %.300v", got)
	}
	made2, err := second.w.AddOrder(NewOrder{Store: shop})
	if err != nil || made2.ID == made.ID {
		t.Errorf("a new order: %+v, %v", made2, err)
	}
	second.w.Reset()
	second.w.Close()
	raw, err := os.ReadFile(path)
	if err != nil || strings.Count(string(raw), "\n") != 1 {
		t.Errorf("after a reset: %s %v", raw, err)
	}
}

// FuzzLedgerFile: a ledger that somebody else wrote is refused or read, never
// believed beyond what an order brought in, and never a reason to fall over.
func FuzzLedgerFile(f *testing.F) {
	f.Add([]byte(`{"world":{"born":"2026-11-20T09:30:00Z"}}` + "\n" + `{"store":"shopify-main","serial":9,"level":{"sku":"BOX 50%","location":"","quantity":4}}` + "\n"))
	f.Add([]byte(`{"store":"ebay-de","message":{"buyer":"x","by":"api"}}` + "\n"))
	f.Add([]byte(`{"store":"ebay-de","order":{"n":-1,"buyer":-5,"status":"?"}}` + "\n" + `{"store":"shopify-main","decision":{"return":"1"}}` + "\n{"))
	w, err := New(Options{Orders: 3, Items: 12})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, whole, err := readKept(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if whole > int64(len(raw)) || strings.Count(string(raw[:whole]), "\n") != len(all) {
			t.Errorf("%d lines in %d bytes", len(all), whole)
		}
		w.restoring = false
		w.Reset()
		w.restoring = true
		for _, k := range all {
			if err := w.restore(k); err != nil {
				return
			}
		}
		w.Ledger()
	})
}
