package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

func TestControl(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for _, tc := range []struct{ method, path, body, want string }{
		{"GET", "ledger", "", `200 {"refunds":[],"messages":[]`},
		{"GET", "accounts", "", `"path":"/ebay/ebay-de","token_path":"/ebay/ebay-de/identity/v1/oauth2/token"`},
		{"GET", "mail", "", "200 {}"},
		{"GET", "orders?store=shopify-main", "", `"number":"1234"`},
		{"GET", "orders?store=nowhere", "", "404"},
		{"POST", "order", `{"store":"shopify-main","number":"4711","total":"12.00","currency":"USD"}`, `"number":"4711"`},
		{"POST", "order", `{"store":"shopify-main","number":"4711"}`, "400"},
		{"POST", "order", `{"store":"shopify-main","colour":"red"}`, "400"},
		{"POST", "message", `{"store":"ebay-de","order":"1234","text":"Hallo {order}","photo":true}`, "200"},
		{"POST", "message", `{"store":"ebay-de","order":"nonsense"}`, "404"},
		{"POST", "message", `{"store":"amazon-jp","buyer":"nobody"}`, "404"},
		{"POST", "fail", `{"store":"ebay-de","op":"orders","kind":"500","times":1}`, "200"},
		{"POST", "fail", `{"store":"ebay-de","kind":"gremlins"}`, "400"},
		{"POST", "mend", `{"store":"ebay-de"}`, "200"},
		{"POST", "revoke", `{"store":"ebay-de"}`, "200"},
		{"POST", "grant", `{"store":"ebay-de"}`, "200"},
		{"POST", "expire", `{"store":"nowhere"}`, "404"},
		{"POST", "expire", `{"store":"ebay-de"}`, "200"},
		{"POST", "limit", `{"store":"ebay-de","on":true}`, "200"},
		{"POST", "ttl", `{"store":"ebay-de","ttl_seconds":5}`, "200"},
		{"POST", "scopes", `{"store":"ebay-de","scopes":["a"]}`, "200"},
		{"POST", "approve", `{"store":"amazon-jp","sender":"someone@shop.example","on":true}`, "200"},
		{"POST", "fail", `not JSON`, "400"},
		{"GET", "reset", "", "405"},
		{"POST", "reset", "", "200"},
	} {
		status, _, body, err := r.do(tc.method, "/control/"+tc.path, nil, tc.body)
		if got := fmt.Sprintf("%d %s", status, body); err != nil || !strings.Contains(got, tc.want) {
			t.Errorf("%s %s %s: %v %.300s, want %s", tc.method, tc.path, tc.body, err, got, tc.want)
		}
	}
	orders, err := r.w.Orders("shopify-main")
	if err != nil || len(orders) != 24 {
		t.Errorf("after reset: %v %d", err, len(orders))
	}
	if status, _, _, err := r.do("GET", "/ebay/amazon-jp/sell/fulfillment/v1/order", nil, ""); err != nil || status != 404 {
		t.Errorf("an account on another platform: %d %v", status, err)
	}
}
