package shopify

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"helloworld/connectors"
)

// journey makes a shop do all that it can, so that every operation goes out
// with what it really carries. The server holds each against the schema.
func journey(t *testing.T, s *shopServer) {
	t.Helper()
	s.stocked()
	s.spread = true
	shop, ctx := newShop(t, s), t.Context()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	page, err := shop.Orders(ctx, connectors.Cursor{Since: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
	must("orders", err)
	_, err = shop.Orders(ctx, page.Next)
	must("more orders", err)
	s.orders[1]["lineItems"].(obj)["pageInfo"] = obj{"hasNextPage": true, "endCursor": "5"}
	_, err = shop.Quote(ctx, "#1002")
	must("quote", err)
	cases, err := shop.Cases(ctx, "#1002")
	must("cases", err)
	if len(cases) != 1 || cases[0] != (connectors.Case{Kind: connectors.CaseDispute, ID: "8", Bars: true}) {
		t.Fatalf("of one that was won and one that is open: %+v", cases)
	}
	s.orders[1]["lineItems"].(obj)["pageInfo"] = obj{"hasNextPage": false}
	refund := refundOf(1000)
	refund.Lines = []connectors.RefundLine{{Line: "501", Quantity: 1, Restock: true}}
	_, err = shop.Refund(ctx, refund)
	must("refund", err)
	credit := refundOf(300)
	credit.Key, credit.Method, credit.Shipping = "5f3a1c9e-0000-4000-8000-00000000000c", connectors.StoreCredit, connectors.Money{Minor: 300, Currency: credit.Amount.Currency}
	_, err = shop.Refund(ctx, credit)
	must("credit", err)
	_, _, err = shop.Credits(ctx, "#1002")
	must("credits", err)

	items, err := shop.Items(ctx, connectors.Cursor{Since: time.Unix(1e9, 0)})
	must("items", err)
	_, err = shop.Items(ctx, items.Next)
	must("more items", err)
	was := 4
	for _, r := range shop.SetStock(ctx, []connectors.StockSet{{Key: "a", SKU: "SKU-0", Quantity: 3}, {Key: "b", SKU: "SKU-1", Quantity: 9},
		{Key: "c", SKU: "SKU-2", Location: "1", Quantity: 9, Was: &was}}) {
		if r.State != connectors.StateApplied && r.Code != "CHANGE_FROM_QUANTITY_STALE" {
			t.Fatalf("stock: %+v", r)
		}
	}
	ship := shipOf()
	ship.Lines = []connectors.ShipLine{{Line: "501", Quantity: 1}}
	_, err = shop.ShipState(ctx, ship)
	must("ship state", err)
	_, err = shop.Ship(ctx, ship)
	must("ship", err)

	returns, err := shop.Returns(ctx, connectors.Cursor{})
	must("returns", err)
	_, err = shop.Returns(ctx, connectors.Cursor{Since: time.Unix(1e9, 0), Token: returns.Next.Token})
	must("more returns", err)
	s.returns[2]["returnLineItems"].(obj)["pageInfo"] = obj{"hasNextPage": true, "endCursor": "5"}
	for _, d := range []connectors.Decision{
		{Key: "1", Return: "gid://shopify/Return/71", Verdict: connectors.Approve},
		{Key: "2", Return: "72", Verdict: connectors.Decline, Note: "Too late", Reason: connectors.ReasonLate},
		{Key: "3", Return: "73", Verdict: connectors.Approve},
		{Key: "4", Return: "73", Verdict: connectors.PayBack, Note: "Sorry", Amount: connectors.Money{Minor: 1000, Currency: "EUR"},
			Lines: []connectors.RefundLine{{Line: "83", Quantity: 1, Restock: true}}},
		{Key: "5", Return: "73", Verdict: connectors.Received},
	} {
		if r, err := shop.Decide(ctx, d); err != nil || r.State != connectors.StateApplied {
			t.Fatalf("decision %s: %+v %v", d.Key, r, err)
		}
	}

	must("subscribe", shop.Subscribe(ctx, "https://desk.example/one"))
	must("subscribe elsewhere", shop.Subscribe(ctx, "https://desk.example/two"))
	r, err := shop.BulkStart(ctx, time.Unix(1e9, 0))
	must("bulk", err)
	for range 3 {
		r, _, err = shop.BulkState(ctx, r)
		must("bulk state", err)
	}
	must("bulk read", shop.BulkRead(ctx, r, func(connectors.Order) error { return nil }, func(b connectors.BadItem) error { return b.Err }))
}

// leastOperations is how many there were. Output of tests that pass is seen by
// those only who ask for it, so a number that shrinks fails.
const leastOperations = 34

func TestOperationsFitTheContract(t *testing.T) {
	sch := schema(t)
	s := newShopServer(t, 10)
	journey(t, s)
	var names []string
	for name, text := range Operations() {
		doc, errs := gqlparser.LoadQueryWithRules(sch, text, rules.NewDefaultRules())
		switch sent, ok := s.names[name]; {
		case errs != nil:
			t.Errorf("%s: %v", name, errs)
		case len(doc.Operations) != 1 || doc.Operations[0].Name != name:
			t.Errorf("%s is called otherwise in its text", name)
		case !ok:
			t.Errorf("%s is never sent", name)
		case sent != text:
			t.Errorf("%s is sent otherwise than it is listed", name)
		default:
			names = append(names, name)
		}
	}
	for name := range s.names {
		if _, ok := Operations()[name]; !ok {
			t.Errorf("%s is sent, and not listed", name)
		}
	}
	// The text inside a bulk operation is one more.
	doc, errs := gqlparser.LoadQueryWithRules(sch, bulkText(time.Unix(1e9, 0)), rules.NewDefaultRules())
	if errs != nil {
		t.Errorf("bulk: %v", errs)
	} else {
		connections, deepest := connectionsOf(doc.Operations[0].SelectionSet, 0)
		if connections > 5 || deepest > 2 {
			t.Errorf("the bulk query has %d connections, %d deep", connections, deepest)
		}
		names = append(names, "(bulk) orders")
	}
	slices.Sort(names)
	if len(names) < leastOperations {
		t.Errorf("%d operations were validated, there were %d", len(names), leastOperations)
	}
	t.Logf("shopify: validated %d of %d operations: %s", len(names), len(Operations())+1, strings.Join(names, " "))
	t.Log("shopify, tried by hand-written tests only, since no contract file describes them: token endpoint and page of consent (the platform's pages on " +
		"the authorization code grant and on expiring tokens), headers of deliveries (its pages on webhooks), JSONL of bulk operations (its guide to them)")
}

// connectionsOf counts what such an operation may have at most five of.
func connectionsOf(set ast.SelectionSet, depth int) (n, deepest int) {
	deepest = depth
	for _, sel := range set {
		var inner ast.SelectionSet
		d := depth
		switch x := sel.(type) {
		case *ast.Field:
			inner = x.SelectionSet
			if x.Definition != nil && strings.HasSuffix(x.Definition.Type.Name(), "Connection") {
				n, d = n+1, d+1
			}
		case *ast.FragmentSpread:
			inner = x.Definition.SelectionSet
		case *ast.InlineFragment:
			inner = x.SelectionSet
		}
		m, deep := connectionsOf(inner, d)
		n, deepest = n+m, max(deepest, deep)
	}
	return n, deepest
}

// Sixteen mutations are refused without a key, which only their descriptions
// tell. Every one of ours that is among them must carry it, and no other may
// pretend to.
func TestKeysWhereTheyAreCompulsory(t *testing.T) {
	sch := schema(t)
	compulsory := map[string]bool{}
	for _, f := range sch.Mutation.Fields {
		if strings.Contains(f.Description, "@idempotent") && strings.Contains(f.Description, "required") {
			compulsory[f.Name] = true
		}
	}
	if len(compulsory) != 16 {
		t.Errorf("%d mutations want a key, 16 are known", len(compulsory))
	}
	var with, without []string
	for name, text := range Operations() {
		doc, errs := gqlparser.LoadQueryWithRules(sch, text, rules.NewDefaultRules())
		if errs != nil {
			t.Fatal(errs)
		}
		if doc.Operations[0].Operation != ast.Mutation {
			continue
		}
		for _, sel := range doc.Operations[0].SelectionSet {
			f := sel.(*ast.Field)
			d := f.Directives.ForName("idempotent")
			if got := d != nil && d.Arguments.ForName("key").Value.Raw == "key"; got != compulsory[f.Name] {
				t.Errorf("%s: a key %v, compulsory %v", name, got, compulsory[f.Name])
			}
			if d != nil {
				with = append(with, f.Name)
			} else {
				without = append(without, f.Name)
			}
		}
	}
	slices.Sort(with)
	slices.Sort(without)
	t.Logf("with a key: %v; with a guard of our own or harmless: %v", with, without)
}

func examples(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	dir, ok := contract("shopify/webhooks")
	if !ok {
		t.Skip("SKIPPED: the Shopify webhook examples are not here (set CONTRACTS_DIR)")
	}
	out := map[string]json.RawMessage{}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var x struct {
			Name     string          `json:"name"`
			Response json.RawMessage `json:"response"`
		}
		if err := json.Unmarshal(b, &x); err != nil || x.Name == "" {
			t.Fatalf("%s: %v", f, err)
		}
		out[x.Name] = x.Response
	}
	return out
}

// Every example is told of with its kind and the ids that are in it, and what
// its schema says an id is, is read as one.
func TestExamplesOfDeliveries(t *testing.T) {
	kinds := map[string]connectors.EventKind{"orders": "order", "refunds": "refund", "returns": "return", "reverse_deliveries": "return", "fulfillments": "shipment",
		"fulfillment_events": "shipment", "fulfillment_orders": "shipment", "inventory_levels": "stock", "inventory_items": "stock", "products": "item",
		"disputes": "dispute", "bulk_operations": "feed", "order_transactions": "order", "customers": "other", "shop": "other"}
	special := map[string]connectors.EventKind{"app/uninstalled": "gone", "app/scopes_update": "scopes", "customers/data_request": "privacy",
		"customers/redact": "privacy", "shop/redact": "privacy"}
	shop := newShop(t, newShopServer(t, 1))
	schemas, large := 0, 0
	for name, body := range examples(t) {
		h, raw := delivery(name, string(body))
		es, err := shop.Verify(t.Context(), h, raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		group, _, _ := strings.Cut(name, "/")
		want := kinds[group]
		if k, ok := special[name]; ok {
			want = k
		}
		e := es[0]
		if e.Kind != want || e.Topic != name || !bytes.Equal(e.Raw, raw) {
			t.Errorf("%s: %s %s", name, e.Kind, e.Topic)
		}
		// Two examples have no ids in them at all.
		if name != "returns/process" && name != "orders/risk_assessment_changed" && slices.Contains([]connectors.EventKind{"order", "refund", "return", "stock", "dispute", "feed", "item"}, e.Kind) &&
			e.Order == "" && e.Ref == "" {
			t.Errorf("%s: it does not tell what to read: %s", name, body[:min(len(body), 200)])
		}
		for _, x := range []string{e.Order, e.Ref} {
			if x != "" && (!strings.HasPrefix(x, "gid://shopify/") || tail(x) == "") {
				t.Errorf("%s: not an id: %s", name, x)
			}
		}
		if path, ok := contract("shopify/webhook_schemas/" + name + ".json"); ok {
			schemas++
			large += fits(t, name, path, raw)
		}
	}
	t.Logf("shopify: %d examples of deliveries read, %d of them held against their schemas, %d large ids put into them", len(examples(t)), schemas, large)
}

// notOurs are ids that are not those of what has to be read again.
var notOurs = []string{"order_transactions/create id", "fulfillment_events/create id", "fulfillment_events/delete id", "reverse_deliveries/attach_deliverable id"}

// fits: the example has all that its schema requires, and an id larger than a
// float can hold comes through.
func fits(t *testing.T, name, path string, raw []byte) (tried int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var sch struct {
		Required   []string `json:"required"`
		Properties map[string]struct {
			Type any `json:"type"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(b, &sch); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var have map[string]json.RawMessage
	if json.Unmarshal(raw, &have) != nil {
		return 0
	}
	for _, k := range sch.Required {
		if _, ok := have[k]; !ok {
			t.Errorf("%s: the example lacks %s", name, k)
		}
	}
	const big = "9007199254740993"
	for k, p := range sch.Properties {
		if p.Type != "integer" || k != "id" && k != "order_id" && k != "inventory_item_id" || slices.Contains(notOurs, name+" "+k) {
			continue
		}
		have[k] = json.RawMessage(big)
		delete(have, "admin_graphql_api_id")
		changed, err := json.Marshal(have)
		if err != nil {
			t.Fatal(err)
		}
		e := eventOf(name, changed)
		switch e.Kind {
		case connectors.EventOther, connectors.EventGone, connectors.EventPrivacy, connectors.EventScopes:
			continue // nothing is read by an id after these
		}
		if tried++; !strings.Contains(e.Order+" "+e.Ref+" ", "/"+big+" ") {
			t.Errorf("%s: the large %s is lost: %s %s", name, k, e.Order, e.Ref)
		}
	}
	return tried
}
