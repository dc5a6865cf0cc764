package main

import (
	"slices"
	"testing"

	"helloworld/connectors/sandbox"
)

// active is a SKU of a store that can be sold, and that the seller stocks.
func active(t *testing.T, w *sandbox.World, store string) string {
	t.Helper()
	items, err := w.Items(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range items {
		if _, theirs := x.Stock["AMAZON_JP"]; x.Status == "active" && !theirs && len(x.Stock) > 0 {
			return x.SKU
		}
	}
	t.Fatalf("%s sells nothing: %+v", store, items)
	return ""
}

func unsent(o sandbox.OrderInfo) bool { return o.Status == "unshipped" && o.Refunded.IsZero() }

func ebayGoods(t *testing.T, dir string) {
	w, o, env := shopLike(t, "ebay-de", sandbox.Options{Signatures: true}, unsent)
	env["SKU"] = active(t, w, "ebay-de")
	back, err := w.AddReturn(sandbox.NewReturn{Store: "ebay-de", Reason: "defective", Note: "Es geht nicht an."})
	if err != nil {
		t.Fatal(err)
	}
	orders, err := w.Orders("ebay-de")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(orders, func(x sandbox.OrderInfo) bool { return unsent(x) && x.ID != o.ID })
	if i < 0 {
		t.Fatal("there is no second order that was not sent")
	}
	stop, err := w.AddReturn(sandbox.NewReturn{Store: "ebay-de", Order: orders[i].ID, Kind: "cancel", Reason: "not_wanted"})
	if err != nil {
		t.Fatal(err)
	}
	env["RETURN"], env["CANCEL"] = back.ID, stop.ID
	c := play(t, dir, "ebay-shop.mjs", env)
	got := c.next("done")
	c.end()
	items, err := w.Items("ebay-de")
	if err != nil {
		t.Fatal(err)
	}
	is(t, got, map[string]any{"skus": len(items), "distinct": len(items), "rows": []int{200, 404}, "quantity": 33, "offered": 33,
		"parcels": []string{"DHL 00340434292135100186"}, "value": o.Total.Decimal(), "cipher": "ED25519", "unsigned": 215001})
	if got["signed"] != "REFUNDED" && got["signed"] != "PENDING" {
		t.Errorf("what the client signed came to %v", got["signed"])
	}
	if got["state"] == got["after"] {
		t.Errorf("the return stays in %v", got["state"])
	}
	l := w.Ledger()
	if len(l.Refunds) < 1 || l.Refunds[0].Order != o.ID || l.Refunds[0].Amount.Decimal() != "1.00" {
		t.Errorf("the ledger holds %+v; the client says %v", l.Refunds, got)
	}
	if len(l.Shipments) != 1 || l.Shipments[0].Order != o.ID || len(l.Stock) == 0 || l.Stock[0].Quantity != 33 {
		t.Errorf("the ledger holds %+v and %+v", l.Shipments, l.Stock)
	}
	if !slices.ContainsFunc(l.Decisions, func(d sandbox.DecisionEntry) bool { return d.Return == back.ID }) ||
		!slices.ContainsFunc(l.Decisions, func(d sandbox.DecisionEntry) bool { return d.Return == stop.ID }) {
		t.Errorf("the ledger holds %+v", l.Decisions)
	}
}

func ebayNews(t *testing.T, dir string) {
	w, o, env := shop(t, "ebay-de")
	env["TOPIC"] = "NEW_MESSAGE"
	c := play(t, dir, "ebay-news.mjs", env)
	is(t, c.next("ready"), map[string]any{"challenged": 1, "destination": "ENABLED", "endpoint": true})
	if err := w.Say(sandbox.BuyerMessage{Store: "ebay-de", Order: o.ID, Text: "Grüße <b>&\u2028 €\u00a0👋"}); err != nil {
		t.Fatal(err)
	}
	is(t, c.next("delivery"), map[string]any{"topic": "NEW_MESSAGE", "good": true})
	if err := w.ForgetUser("ebay-de", ""); err != nil {
		t.Fatal(err)
	}
	is(t, c.next("delivery"), map[string]any{"topic": "MARKETPLACE_ACCOUNT_DELETION", "good": true, "took": 204})
	if err := w.Hooks(sandbox.HookLever{Store: "ebay-de", Tamper: 1}); err != nil {
		t.Fatal(err)
	}
	if err := w.ForgetUser("ebay-de", ""); err != nil {
		t.Fatal(err)
	}
	is(t, c.next("delivery"), map[string]any{"good": false})
	c.end()
}

func amazonGoods(t *testing.T, dir string) {
	w, o, env := shopLike(t, "amazon-jp", sandbox.Options{}, unsent)
	env["SKU"] = active(t, w, "amazon-jp")
	back, err := w.AddReturn(sandbox.NewReturn{Store: "amazon-jp"})
	if err != nil {
		t.Fatal(err)
	}
	env["RETURNED"] = back.Order
	c := play(t, dir, "amazon-shop.mjs", env)
	got := c.next("done")
	c.end()
	items, err := w.Items("amazon-jp")
	if err != nil {
		t.Fatal(err)
	}
	is(t, got, map[string]any{"again": "Conflict", "subscribed": true, "listings": len(items), "distinct": len(items), "patch": "ACCEPTED", "quantity": 41,
		"report": "DONE", "returns": true,
		"actions": []string{"confirmDeliveryDetails", "legalDisclosure", "unexpectedProblem", "invoice", "attributes"}, "stranger": "SignatureDoesNotMatch",
		"told": []string{"LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "ORDER_CHANGE", "REPORT_PROCESSING_FINISHED"}, "left": 0})
	l := w.Ledger()
	if len(l.Shipments) != 1 || l.Shipments[0].Order != o.ID || len(l.Stock) != 1 || l.Stock[0].Quantity != 41 {
		t.Errorf("the ledger holds %+v and %+v", l.Shipments, l.Stock)
	}
	if !slices.ContainsFunc(l.Messages, func(m sandbox.MessageEntry) bool {
		return m.Order == o.ID && m.Text == "発送が一日遅れます。"
	}) {
		t.Errorf("the buyer never got the message: %+v", l.Messages)
	}
}

func shopifyShops(t *testing.T, dir string) {
	w, o, env := shop(t, "shopify-main")
	a, err := w.Account("shopify-main")
	if err != nil {
		t.Fatal(err)
	}
	env["SHOP"] = a.Seller
	c := play(t, dir, "shopify.mjs", env)
	is(t, c.next("ready"), map[string]any{"forged": "InvalidHmacError", "shop": a.Seller, "orders": 17, "distinct": 17, "wrong": "GraphqlQueryError", "total": o.Total.Decimal()})
	if err := w.UpdateOrder("shopify-main", o.ID); err != nil {
		t.Fatal(err)
	}
	is(t, c.next("delivery"), map[string]any{"good": true, "topic": "ORDERS_UPDATED", "domain": a.Seller, "version": "2026-10"})
	if err := w.Hooks(sandbox.HookLever{Store: "shopify-main", Tamper: 1}); err != nil {
		t.Fatal(err)
	}
	if err := w.UpdateOrder("shopify-main", o.ID); err != nil {
		t.Fatal(err)
	}
	is(t, c.next("delivery"), map[string]any{"good": false, "why": "invalid_hmac"})
	c.end()
}
