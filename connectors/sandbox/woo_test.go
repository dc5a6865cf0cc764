package sandbox

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// TestWooWords: what a WooCommerce shop refuses, in its words, and whose clock it
// goes by.
func TestWooWords(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Stores: []StoreSpec{{Name: "woo", Platform: Woo}}})
	a := r.account("woo")
	login := func(key, secret string) http.Header {
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"+secret))}}
	}
	good := login(a.ClientID, a.Secret)
	orders, err := r.w.Orders("woo")
	if err != nil {
		t.Fatal(err)
	}
	o := orders[len(orders)-1]
	ask := func(head http.Header, method, path, body string, status int, words ...string) {
		t.Helper()
		got, h, text, err := r.do(method, a.Path+"/wp-json/wc/v3"+path, head, body)
		if err != nil || got != status {
			t.Fatalf("%s %s: %d %v %s", method, path, got, err, text)
		}
		for _, w := range words {
			if !strings.Contains(text+" total="+h.Get("X-WP-Total"), w) {
				t.Errorf("%s %s: no %q in %.300s", method, path, w, text)
			}
		}
	}
	refunds := "/orders/" + o.ID + "/refunds"
	ask(nil, "GET", "/orders", "", 401, "woocommerce_rest_cannot_view")
	ask(login("ck_x", a.Secret), "GET", "/orders", "", 401, "Consumer key is invalid.")
	ask(login(a.ClientID, "cs_x"), "GET", "/orders", "", 401, "Consumer secret is invalid.")
	ask(good, "GET", "/orders?per_page=101", "", 400, "rest_invalid_param")
	ask(good, "GET", "/nothing", "", 404, "rest_no_route")
	ask(good, "GET", "/orders/1", "", 404, "woocommerce_rest_shop_order_invalid_id")
	ask(good, "POST", refunds, `{"amount":"9999.00"}`, 500, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.")
	if err := r.w.Jam("woo", JamGateway, 1); err != nil {
		t.Fatal(err)
	}
	ask(good, "POST", refunds, `{"amount":"1.00"}`, 500, "woocommerce_rest_cannot_create_order_refund", "gateway")
	ask(good, "POST", refunds, `{"amount":"1.00","reason":"late","api_refund":false}`, 201, `"amount":"1.00"`)
	if l := r.w.Ledger().Refunds; len(l) != 1 || l[0].Note != "late" || l[0].Amount.Minor != 100 {
		t.Errorf("%+v", l)
	}
	// By UTC nothing has changed after this second; by the shop's clock, an hour
	// ahead, the same words mean an hour ago.
	now := r.clock.now()
	at := "/orders?modified_after=" + now.Format("2006-01-02T15:04:05")
	ask(good, "GET", at+"&dates_are_gmt=true", "", 200, "total=0")
	ask(good, "GET", at, "", 200, "total=1")
	if err := r.w.SetScopes("woo", []string{"read"}); err != nil {
		t.Fatal(err)
	}
	ask(good, "POST", refunds, `{"amount":"1.00"}`, 401, "does not have write permissions")
	if err := r.w.Revoke("woo"); err != nil {
		t.Fatal(err)
	}
	ask(good, "GET", "/orders", "", 401, "Consumer key is invalid.")
}
