package shopify

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"helloworld/connectors/conntest"
)

// contract is the path of a contract file, if it is there.
func contract(name string) (string, bool) {
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
	path := filepath.Join(dir, name)
	_, err := os.Stat(path)
	return path, err == nil
}

// loadSchema is nil where the contract is absent.
var loadSchema = sync.OnceValues(func() (*ast.Schema, error) {
	path, ok := contract("shopify/admin_" + Version + ".graphql")
	if !ok {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return gqlparser.LoadSchema(&ast.Source{Name: "admin", Input: string(b)})
})

func schema(t testing.TB) *ast.Schema {
	t.Helper()
	s, err := loadSchema()
	if err != nil {
		t.Fatal(err)
	}
	if s == nil {
		t.Skip("SKIPPED: the Shopify contract is not here (set CONTRACTS_DIR)")
	}
	return s
}

// shopServer says what a Shopify shop would say, in the few words we ask for.
type shopServer struct {
	*httptest.Server
	mu        sync.Mutex
	t         testing.TB
	orders    []map[string]any
	refunds   map[string][]map[string]any
	keys      map[string]map[string]any
	sent      int
	calls     int
	refreshes int
	access    string
	refresh   string
	appBroken bool
	revoked   bool
	throttle  int
	wait      time.Duration
	fail      int
	fault     conntest.Fault
	lose      bool
	pending   bool
	seen      []map[string]any

	names     map[string]string
	items     []toyItem
	returns   []map[string]any
	shipped   map[string][]any
	hooks     []any
	stockKeys map[string]bool
	bulkOp    map[string]any
	code      string
	loseOp    string
	spread    bool // nested listings have a second page
	shipCount int
	decided   int
	hookCount int
	scopes    []any
}

const (
	bigLine = "gid://shopify/LineItem/9007199254740993"
	pageOf  = 4
)

func bagOf(amount, currency string) map[string]any {
	return map[string]any{"presentmentMoney": map[string]any{"amount": amount, "currencyCode": currency}}
}

func newShopServer(t testing.TB, n int) *shopServer {
	s := &shopServer{t: t, refunds: map[string][]map[string]any{}, keys: map[string]map[string]any{}, access: "shpat_first0000001", refresh: "shprt_first0000001"}
	for i := range n {
		at := time.Date(2026, 11, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339)
		line := fmt.Sprintf("gid://shopify/LineItem/%d", 500+i)
		if i == 2 {
			line = bigLine
		}
		s.orders = append(s.orders, map[string]any{
			"id": fmt.Sprintf("gid://shopify/Order/%d", 450789469000+i), "legacyResourceId": strconv.Itoa(450789469000 + i),
			"name": fmt.Sprintf("#%d", 1001+i), "createdAt": at, "updatedAt": at, "cancelledAt": nil,
			"email": "anna.buyer@example.com", "customerLocale": "de-DE", "refundable": true,
			"displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED", "presentmentCurrencyCode": "EUR", "taxesIncluded": true,
			"customer":        map[string]any{"id": "gid://shopify/Customer/7", "displayName": "Anna B.", "locale": "de", "defaultEmailAddress": map[string]any{"emailAddress": "anna.buyer@example.com"}},
			"shippingAddress": map[string]any{"name": "Anna B.", "countryCodeV2": "DE"},
			"totalPriceSet":   bagOf("59.9", "EUR"), "totalTaxSet": bagOf("9.56", "EUR"), "totalShippingPriceSet": bagOf("4.90", "EUR"),
			"lineItems": map[string]any{"pageInfo": map[string]any{"hasNextPage": false}, "nodes": []any{map[string]any{
				"id": line, "sku": "SKU-1", "title": "Lamp", "variantTitle": "Default Title", "quantity": 2, "refundableQuantity": 2, "image": map[string]any{"url": "https://cdn/x.jpg"},
				"discountedTotalSet": bagOf("55.00", "EUR"), "taxLines": []any{map[string]any{"priceSet": bagOf("8.78", "EUR")}},
			}}},
		})
	}
	for _, name := range wanted {
		s.scopes = append(s.scopes, map[string]any{"handle": name})
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *shopServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	w.Header().Set("Content-Type", "application/json")
	if s.outside(w, r, string(body)) {
		return
	}
	if r.URL.Path == "/admin/oauth/access_token" {
		s.token(w, string(body), r)
		return
	}
	if r.URL.Path != "/admin/api/2026-10/graphql.json" || r.Method != "POST" {
		w.WriteHeader(404)
		return
	}
	if r.Header.Get("X-Shopify-Access-Token") != s.access || s.revoked {
		w.WriteHeader(401)
		fmt.Fprintf(w, `{"errors":"[API] Invalid API key or access token %s"}`, r.Header.Get("X-Shopify-Access-Token"))
		return
	}
	if s.throttle > 0 {
		s.throttle--
		fmt.Fprintf(w, `{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":100,"actualQueryCost":null,"throttleStatus":{"maximumAvailable":1000,"currentlyAvailable":0,"restoreRate":%v}}}}`, 100/s.wait.Seconds())
		return
	}
	if s.fail > 0 {
		s.fail--
		conntest.Answer(w, s.fault)
		return
	}
	var q struct {
		Query     string         `json:"query"`
		Operation string         `json:"operationName"`
		Variables map[string]any `json:"variables"`
	}
	var as struct {
		Variables json.RawMessage `json:"variables"`
	}
	if json.Unmarshal(body, &q) != nil || json.Unmarshal(body, &as) != nil {
		w.WriteHeader(400)
		return
	}
	s.checked(q.Operation, q.Query, as.Variables)
	s.seen = append(s.seen, q.Variables)
	data, ok := s.verb(q.Operation, q.Variables)
	if !ok {
		data = s.answer(q.Operation, q.Variables)
	}
	if s.loseOp != "" && s.loseOp == q.Operation {
		s.loseOp = ""
		conntest.Answer(w, conntest.HangUp)
		return
	}
	if s.lose && q.Operation == "Refund" {
		s.lose = false
		conntest.Answer(w, conntest.HangUp)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data, "extensions": map[string]any{"cost": map[string]any{"requestedQueryCost": 12, "throttleStatus": map[string]any{"maximumAvailable": 2000, "currentlyAvailable": 1900, "restoreRate": 100}}}})
}

func (s *shopServer) token(w http.ResponseWriter, body string, r *http.Request) {
	s.refreshes++
	switch {
	case s.appBroken || !strings.Contains(body, "client_secret=app-secret-1"):
		w.WriteHeader(401)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"bad secret app-secret-1"}`)
	case s.revoked || !strings.Contains(body, "refresh_token="+s.refresh):
		w.WriteHeader(400)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"refresh token revoked"}`)
	default:
		s.access, s.refresh = fmt.Sprintf("shpat_next%07d", s.refreshes), fmt.Sprintf("shprt_next%07d", s.refreshes)
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":3599,"refresh_token":%q,"refresh_token_expires_in":7776000,"scope":"read_orders,write_orders"}`, s.access, s.refresh)
	}
}

func (s *shopServer) find(id any) map[string]any {
	for _, o := range s.orders {
		if o["id"] == id {
			return s.withRefunds(o)
		}
	}
	return nil
}

func cents(v any) int {
	text := fmt.Sprint(v.(map[string]any)["presentmentMoney"].(map[string]any)["amount"])
	whole, frac, _ := strings.Cut(text, ".")
	n, _ := strconv.Atoi(whole + (frac + "00")[:2])
	return n
}

func (s *shopServer) left(o map[string]any) int {
	n := cents(o["totalPriceSet"])
	for _, r := range s.refunds[o["id"].(string)] {
		n -= cents(r["totalRefundedSet"])
	}
	return n
}

func euro(n int) map[string]any { return bagOf(fmt.Sprintf("%d.%02d", n/100, n%100), "EUR") }

func (s *shopServer) withRefunds(o map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range o {
		out[k] = v
	}
	id, _ := o["id"].(string)
	out["refunds"] = append([]map[string]any{}, s.refunds[id]...)
	if _, ok := o["totalPriceSet"].(map[string]any); ok {
		out["totalRefundedSet"] = euro(max(0, cents(o["totalPriceSet"])-s.left(o)))
	}
	return out
}

func (s *shopServer) answer(op string, v map[string]any) any {
	switch op {
	case "AuthHealth":
		return map[string]any{"currentAppInstallation": map[string]any{"accessScopes": s.scopes}}
	case "Orders":
		start := 0
		if a, ok := v["after"].(string); ok {
			start, _ = strconv.Atoi(a)
		}
		var match []map[string]any
		for _, o := range s.orders {
			if q, ok := v["query"].(string); !ok || fmt.Sprint(o["updatedAt"]) >= strings.TrimSuffix(strings.TrimPrefix(q, "updated_at:>='"), "'") {
				match = append(match, s.withRefunds(o))
			}
		}
		end := min(len(match), start+min(int(v["first"].(float64)), pageOf))
		return map[string]any{"orders": map[string]any{"nodes": match[start:end], "pageInfo": map[string]any{"hasNextPage": end < len(match), "endCursor": strconv.Itoa(end)}}}
	case "Order", "Refunds", "Buyer":
		if o := s.find(v["id"]); o != nil {
			return map[string]any{"order": o}
		}
		return map[string]any{"order": nil}
	case "OrderLines":
		return map[string]any{"order": map[string]any{"lineItems": map[string]any{"nodes": []any{}, "pageInfo": map[string]any{"hasNextPage": false, "endCursor": "6"}}}}
	case "FindOrder":
		name := strings.TrimSuffix(strings.TrimPrefix(v["query"].(string), "name:'"), "'")
		nodes := []any{}
		for _, o := range s.orders {
			if strings.HasPrefix(o["name"].(string), name) {
				nodes = append(nodes, o)
			}
		}
		return map[string]any{"orders": map[string]any{"nodes": nodes}}
	case "SuggestRefund":
		o := s.find(v["id"])
		left := s.left(o)
		line := o["lineItems"].(map[string]any)["nodes"].([]any)[0].(map[string]any)["id"]
		return map[string]any{"order": map[string]any{"id": o["id"], "suggestedRefund": map[string]any{
			"maximumRefundableSet": euro(left), "totalTaxSet": bagOf("9.56", "EUR"), "shipping": map[string]any{"maximumRefundableSet": bagOf("4.90", "EUR")},
			"refundLineItems":       []any{map[string]any{"quantity": 2, "lineItem": map[string]any{"id": line}, "location": map[string]any{"id": "gid://shopify/Location/1"}, "subtotalSet": bagOf("46.22", "EUR"), "totalTaxSet": bagOf("8.78", "EUR")}},
			"suggestedTransactions": []any{map[string]any{"gateway": "bogus", "parentTransaction": map[string]any{"id": "gid://shopify/OrderTransaction/11"}, "amountSet": euro(left), "maximumRefundableSet": euro(left)}},
		}}}
	case "Refund":
		return s.refund(v)
	case "Disputes":
		return map[string]any{"order": map[string]any{"id": v["id"], "disputes": []any{
			map[string]any{"id": "gid://shopify/OrderDisputeSummary/7", "initiatedAs": "INQUIRY", "status": "WON"},
			map[string]any{"id": "gid://shopify/OrderDisputeSummary/8", "initiatedAs": "CHARGEBACK", "status": "NEEDS_RESPONSE"}}}}
	}
	s.t.Errorf("unknown operation %q", op)
	return nil
}

func (s *shopServer) refund(v map[string]any) any {
	in, key := v["input"].(map[string]any), v["key"].(string)
	if r, ok := s.keys[key]; ok {
		return map[string]any{"refundCreate": map[string]any{"refund": r, "userErrors": []any{}}}
	}
	id := in["orderId"].(string)
	if strings.Contains(in["note"].(string), "refuse me") {
		return map[string]any{"refundCreate": map[string]any{"refund": nil, "userErrors": []any{map[string]any{"field": []string{"transactions"}, "message": "Refund amount exceeds the balance of anna.buyer@example.com"}}}}
	}
	s.sent++
	n, nodes := 0, []any{}
	over, _ := in["transactions"].([]any)
	ways, _ := in["refundMethods"].([]any)
	for i, x := range ways {
		sum := x.(map[string]any)["storeCreditRefund"].(map[string]any)["amount"].(map[string]any)
		amount := bagOf(sum["amount"].(string), sum["currencyCode"].(string))
		n += cents(amount)
		nodes = append(nodes, map[string]any{"id": fmt.Sprintf("gid://shopify/OrderTransaction/8%d%d", s.sent, i), "kind": "REFUND", "status": "SUCCESS", "amountSet": amount})
	}
	for i, x := range over {
		tr := x.(map[string]any)
		amount := bagOf(tr["amount"].(string), in["currency"].(string))
		n += cents(amount)
		status := "SUCCESS"
		if s.pending {
			status = "PENDING"
		}
		nodes = append(nodes, map[string]any{"id": fmt.Sprintf("gid://shopify/OrderTransaction/9%d%d", s.sent, i), "kind": "REFUND", "status": status, "amountSet": amount})
	}
	r := map[string]any{"id": fmt.Sprintf("gid://shopify/Refund/%d", 800+s.sent), "note": in["note"], "createdAt": time.Now().UTC().Format(time.RFC3339),
		"totalRefundedSet": euro(n), "transactions": map[string]any{"nodes": nodes}, "refundLineItems": map[string]any{"nodes": []any{}}}
	s.keys[key] = r
	s.refunds[id] = append(s.refunds[id], r)
	return map[string]any{"refundCreate": map[string]any{"refund": r, "userErrors": []any{}}}
}

// settle finishes what is pending.
func (s *shopServer) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range s.refunds {
		for _, r := range rs {
			for _, n := range r["transactions"].(map[string]any)["nodes"].([]any) {
				n.(map[string]any)["status"] = "SUCCESS"
			}
		}
	}
}

func (s *shopServer) variables(name string) []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []any
	for _, v := range s.seen {
		if x, ok := v[name]; ok {
			out = append(out, x)
		}
	}
	return slices.Clone(out)
}
