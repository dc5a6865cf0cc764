package ebay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// contracts are eBay's own descriptions, by the first words of a path.
var contracts = map[string]string{
	"/sell/fulfillment/v1":         "sell_fulfillment_v1_oas3.json",
	"/commerce/message/v1":         "commerce_message_v1_oas3.json",
	"/commerce/identity/v1":        "commerce_identity_v1_oas3.json",
	"/sell/inventory/v1":           "sell_inventory_v1_oas3.json",
	"/commerce/notification/v1":    "commerce_notification_v1_oas3.json",
	"/developer/analytics/v1_beta": "developer_analytics_v1_beta_oas3.json",
	"/developer/key_management/v1": "developer_key_management_v1_oas3.json",
	"/post-order/v2/return":        "return_oas3.json",
	"/post-order/v2/cancellation":  "cancellation_oas3.json",
	"/post-order/v2/inquiry":       "inquiry_oas3.json",
}

// prefixOf is the part of a path that its description leaves out.
func prefixOf(key string) string {
	if strings.HasPrefix(key, "/post-order/") {
		return "/post-order/v2"
	}
	return key
}

// contractsDir is where the contracts are; empty where they are absent.
func contractsDir() string {
	dir := os.Getenv("CONTRACTS_DIR")
	if dir == "" {
		root, _ := os.Getwd()
		for root != filepath.Dir(root) {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "../shared/contracts")
	}
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}

var loadContracts = sync.OnceValues(func() (map[string]routers.Router, error) {
	dir := contractsDir()
	if dir == "" {
		return nil, nil
	}
	out := map[string]routers.Router{}
	for prefix, file := range contracts {
		doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "ebay", file))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		doc.Servers = openapi3.Servers{{URL: "https://api.ebay.com" + prefixOf(prefix)}}
		for _, item := range doc.Paths.Map() {
			item.Servers = nil
		}
		r, err := gorillamux.NewRouter(doc)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out[prefix] = r
	}
	return out, nil
})

// contract checks a request against eBay's own description, and what that only
// says in its prose.
func (s *ebayServer) contract(r *http.Request, body []byte) {
	all, err := loadContracts()
	if err != nil {
		s.t.Errorf("contracts: %v", err)
		return
	}
	for prefix, router := range all {
		if !strings.HasPrefix(r.URL.Path, prefix) {
			continue
		}
		older := strings.HasPrefix(prefix, "/post-order/")
		c := r.Clone(context.Background())
		c.URL.Scheme, c.URL.Host, c.Host = "https", "api.ebay.com", "api.ebay.com"
		c.Body = io.NopCloser(bytes.NewReader(body))
		route, params, err := router.FindRoute(c)
		if err != nil {
			s.t.Errorf("%s %s is not in the contract: %v", r.Method, r.URL.Path, err)
			return
		}
		if err := openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{Request: c, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}); err != nil {
			s.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		for name := range r.URL.Query() {
			if older { // its description, by others, has no parameters: see postParams
				if !slices.Contains(postParams, name) {
					s.t.Errorf("%s has no parameter %q", route.Operation.OperationID, name)
				}
				continue
			}
			if route.Operation.Parameters.GetByInAndName("query", name) == nil {
				s.t.Errorf("%s has no parameter %q", route.Operation.OperationID, name)
			}
		}
		s.fields(route, body)
		name := route.Operation.OperationID
		if name == "search" {
			name += " of " + strings.TrimPrefix(prefix, "/post-order/v2/")
		}
		s.checked[name]++
		if older {
			s.byPath[name] = true
		}
		s.required(name, body)
	}
	if r.Header.Get("X-EBAY-C-MARKETPLACE-ID") != "EBAY_DE" {
		s.t.Errorf("%s %s names the marketplace %q", r.Method, r.URL.Path, r.Header.Get("X-EBAY-C-MARKETPLACE-ID"))
	}
	s.prose(r, body)
}

// fields: a body may only have fields that the contract has; eBay's schemas do
// not forbid others by themselves.
func (s *ebayServer) fields(route *routers.Route, body []byte) {
	if len(body) == 0 || route.Operation.RequestBody == nil {
		return
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		s.t.Errorf("%s: the body is not JSON", route.Operation.OperationID)
	}
	props := route.Operation.RequestBody.Value.Content["application/json"].Schema.Value.Properties
	for k := range got {
		if props[k] == nil {
			s.t.Errorf("%s has no field %q", route.Operation.OperationID, k)
		}
	}
}

// prose are eBay's rules that stand in no schema.
func (s *ebayServer) prose(r *http.Request, body []byte) {
	if r.Method != http.MethodPost {
		return
	}
	if len(body) > 0 && r.Header.Get("Content-Type") != "application/json" {
		s.t.Errorf("%s: Content-Type %q", r.URL.Path, r.Header.Get("Content-Type"))
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/sell/") && strings.HasSuffix(r.URL.Path, "/issue_refund"):
		var q refundBody
		_ = json.Unmarshal(body, &q)
		if !slices.Contains([]string{"BUYER_CANCEL", "SELLER_CANCEL", "ITEM_NOT_RECEIVED", "BUYER_RETURN", "ITEM_NOT_AS_DESCRIBED", "OTHER_ADJUSTMENT", "SHIPPING_DISCOUNT"}, q.Reason) {
			s.t.Errorf("reasonForRefund %q", q.Reason)
		}
		if q.Amount.Value == "" || q.Amount.Currency == "" || len([]rune(q.Comment)) > 100 {
			s.t.Errorf("refund %+v", q)
		}
	case strings.HasSuffix(r.URL.Path, "/send_message"):
		var q sendBody
		_ = json.Unmarshal(body, &q)
		if (q.Conversation == "") == (q.Party == "") || q.Text == "" || len([]rune(q.Text)) > 2000 {
			s.t.Errorf("message %+v", q)
		}
	}
}

// postParams are the parameters of the older part of the API, whose description
// has none: from eBay's pages on searching returns, cancellations and inquiries,
// and on getting a return.
var postParams = []string{"creation_date_range_from", "creation_date_range_to", "inquiry_creation_date_range_from", "inquiry_creation_date_range_to",
	"limit", "role", "order_id", "fieldgroups"}

// musts are the fields that eBay demands in its prose only: by operation, as
// paths into the body. A path that ends in [] means at least one.
var musts = map[string][]string{
	"issueRefund":               {"reasonForRefund", "orderLevelRefundAmount.value", "orderLevelRefundAmount.currency"},
	"createShippingFulfillment": {"lineItems[].lineItemId", "lineItems[].quantity", "shippingCarrierCode", "trackingNumber"},
	"bulkUpdatePriceQuantity":   {"requests[].sku", "requests[].shipToLocationAvailability.quantity"},
	"sendMessage":               {"messageText"},
	"createDestination":         {"name", "status", "deliveryConfig.endpoint", "deliveryConfig.verificationToken"},
	"updateDestination":         {"name", "status", "deliveryConfig.endpoint", "deliveryConfig.verificationToken"},
	"createSubscription":        {"topicId", "status", "destinationId", "payload.format", "payload.schemaVersion", "payload.deliveryProtocol"},
	"updateSubscription":        {"status", "destinationId", "payload.format", "payload.schemaVersion", "payload.deliveryProtocol"},
	"updateConfig":              {"alertEmail"},
	"createSigningKey":          {"signingKeyCipher"},
	// From eBay's pages on the older API; its description has no bodies.
	"processReturnRequest": {"decision"},
	"issueReturnRefund": {"refundDetail.totalAmount.value", "refundDetail.totalAmount.currency", "refundDetail.itemizedRefundDetail[].refundFeeType",
		"refundDetail.itemizedRefundDetail[].refundAmount.value", "refundDetail.itemizedRefundDetail[].refundAmount.currency"},
	"rejectCancellationRequest": {}, // an empty object, but an object
	"markReturnReceived":        {},
	"issueInquiryRefund":        {},
}

// required checks what a body must have.
func (s *ebayServer) required(op string, body []byte) {
	fields, ok := musts[op]
	if !ok {
		if len(body) > 0 {
			s.t.Errorf("%s has a body that nobody has looked up", op)
		}
		return
	}
	var got any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&got); err != nil {
		s.t.Errorf("%s: the body is no object: %v", op, err)
		return
	}
	for _, f := range fields {
		if !has(got, strings.Split(f, ".")) {
			s.t.Errorf("%s: %s is missing in %s", op, f, body)
		}
	}
}

func has(v any, path []string) bool {
	if len(path) == 0 {
		return v != nil && v != ""
	}
	name, each := strings.CutSuffix(path[0], "[]")
	o, ok := v.(map[string]any)
	if !ok {
		return false
	}
	if !each {
		return has(o[name], path[1:])
	}
	list, _ := o[name].([]any)
	return len(list) > 0 && !slices.ContainsFunc(list, func(x any) bool { return !has(x, path[1:]) })
}

// operations are all that the adapter can ask eBay.
var operations = []string{
	"getUser", "getOrders", "getOrder", "issueRefund", "createShippingFulfillment", "getShippingFulfillments",
	"getConversations", "getConversation", "sendMessage",
	"getInventoryItems", "getInventoryItem", "getOffers", "bulkUpdatePriceQuantity",
	"getPublicKey", "getTopics", "getDestinations", "createDestination", "updateDestination", "getSubscriptions", "createSubscription", "updateSubscription",
	"enableSubscription", "updateConfig", "getRateLimits", "getUserRateLimits", "createSigningKey",
	"search of return", "search of cancellation", "search of inquiry", "getReturn", "getCancellation", "getInquiry",
	"processReturnRequest", "issueReturnRefund", "markReturnReceived", "approveCancellationRequest", "rejectCancellationRequest", "issueInquiryRefund",
}

// leastOperations is how many operations there were, and mostByPath how many of
// them without a description of their bodies. Output of tests that pass is seen
// by those only who ask for it, so a number that shrinks fails.
const leastOperations, mostByPath = 38, 12

// unverified are the calls and bodies without a description by eBay, with what
// they were built from.
var unverified = []string{
	"token endpoint (authorization_code, refresh_token, client_credentials): eBay's OAuth guide",
	"bodies and parameters of return/*, cancellation/*, inquiry/*: eBay's Post-Order reference; the description of the paths is not eBay's",
	"digital signatures: eBay's digital-signature-verification-ebay-api, with its test key and example",
	"deliveries: eBay's event-notification SDK, with its test vectors",
}

// Every call that the adapter can make is made here once, and each was checked
// against eBay's descriptions on its way.
func TestEveryOperationFitsItsContract(t *testing.T) {
	t.Parallel()
	all, err := loadContracts()
	if err != nil {
		t.Fatal(err)
	}
	if all == nil {
		t.Skip("CONTRACTS_DIR is absent: requests were not checked against eBay's contract")
	}
	s := newServer(t, 6)
	s.talk("c1", "buyer-1", start, "Hello")
	s.signs = true
	ops := exercise(t, s)
	for name := range opsInSource(t) {
		if !ops[name] {
			t.Errorf("the source has the operation %q, and it was not made here", name)
		}
	}
	var missing []string
	for _, op := range operations {
		if s.checked[op] == 0 {
			missing = append(missing, op)
		}
	}
	for op := range s.checked {
		if !slices.Contains(operations, op) {
			t.Errorf("%s is asked, and not among the operations", op)
		}
	}
	if len(missing) > 0 {
		t.Errorf("never asked: %v", missing)
	}
	if n := len(operations) - len(missing); n < leastOperations || len(s.byPath) > mostByPath {
		t.Errorf("%d operations were validated, %d of them by path: there were %d and %d", n, len(s.byPath), leastOperations, mostByPath)
	}
	t.Logf("ebay: validated %d of %d operations (%d of them by method, path and names of parameters alone): %s", len(operations)-len(missing), len(operations), len(s.byPath), strings.Join(operations, ", "))
	t.Logf("ebay: without a description by eBay: %s", strings.Join(unverified, "; "))
}

// opsInSource are the names of the operations in the source: a new one has to be
// made above, and so be checked.
func opsInSource(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	op := regexp.MustCompile(`(?m)^\s+(op[A-Z]\w+)\s+= "(\w+)"`)
	names := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range op.FindAllStringSubmatch(string(src), -1) {
			// These three are steps of ours, or go to the token endpoint.
			if m[1] != "opToken" && m[1] != "opAuthorise" && m[1] != "opPush" {
				names[m[2]] = true
			}
		}
	}
	if len(names) < 25 {
		t.Errorf("%d names of operations found: the pattern has lost its meaning", len(names))
	}
	return names
}
