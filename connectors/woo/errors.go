package woo

import (
	"encoding/json"
	"errors"
	"net/http"

	"helloworld/connectors"
)

// codes are WooCommerce's words for what went wrong. One that is not here is
// judged by its status.
var codes = map[string]connectors.Kind{
	"woocommerce_rest_authentication_error":         connectors.Reauthorise,
	"woocommerce_rest_cannot_view":                  connectors.Reauthorise,
	"woocommerce_rest_cannot_create":                connectors.Reauthorise,
	"woocommerce_rest_cannot_edit":                  connectors.Reauthorise,
	"woocommerce_rest_cannot_batch":                 connectors.Reauthorise,
	"woocommerce_rest_shop_order_invalid_id":        connectors.NotFound,
	"woocommerce_rest_order_invalid_id":             connectors.NotFound,
	"woocommerce_rest_invalid_order_id":             connectors.NotFound,
	"woocommerce_rest_product_invalid_id":           connectors.NotFound,
	"woocommerce_rest_product_variation_invalid_id": connectors.NotFound,
	"woocommerce_rest_invalid_order_refund":         connectors.Invalid,
	"rest_no_route":                                 connectors.Unsupported,
	"rest_invalid_param":                            connectors.Invalid,
	"rest_missing_callback_param":                   connectors.Invalid,
	"internal_server_error":                         connectors.Down,
}

// noRefund is what the shop says when its payment gateway would not pay. It comes
// with status 500, and nothing has happened.
const noRefund = "woocommerce_rest_cannot_create_order_refund"

func classify(_ string, status int, _ http.Header, body []byte) error {
	if status < 300 {
		return nil
	}
	var e struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(body, &e) // a web page has no code
	kind, ok := codes[e.Code]
	switch {
	case status == http.StatusTooManyRequests, e.Code == "":
		return nil // the status says it
	case status == http.StatusUnauthorized:
		kind = connectors.Reauthorise
	case !ok && status >= 500:
		kind = connectors.Down
	case !ok && status == http.StatusNotFound:
		kind = connectors.NotFound
	case !ok && status == http.StatusForbidden:
		kind = connectors.Reauthorise
	case !ok:
		kind = connectors.Invalid
	}
	return &connectors.Error{Kind: kind, Code: e.Code}
}

func fail(kind connectors.Kind, op, code, why string) error {
	return &connectors.Error{Kind: kind, Platform: Platform, Op: op, Code: code, Err: errors.New(connectors.Redact(why))}
}

func codeOf(err error) string {
	var e *connectors.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
