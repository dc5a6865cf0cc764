package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDeliveriesKeepTheContract: whatever a delivery says stands in Shopify's
// schema of its topic, with one of the types that it has there. The schemas want
// all fields of an order; the world sends those that mean something.
func TestDeliveriesKeepTheContract(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(contracts(t), "shopify", "webhook_schemas")
	r := newRig(t, Options{})
	o := r.sentOrder()
	if _, err := r.w.AddReturn(NewReturn{Store: shop, Order: o.ID}); err != nil {
		t.Fatal(err)
	}
	paid := r.famous(shop)
	r.must(refundMutation, r.refundVars(paid, "3", "k"))
	s := r.shopify(shop)
	s.mu.Lock()
	defer s.mu.Unlock()
	famous := s.order(paid.ID)
	last := s.returns[len(s.returns)-1]
	for topic, ids := range map[string][]string{"orders/create": {famous.id}, "orders/updated": {famous.id}, "orders/cancelled": {famous.id}, "refunds/create": {famous.id, famous.refunds[0].id},
		"returns/request": {o.ID, last.id}, "inventory_levels/update": {"BOX 50%", locationID}, "fulfillments/create": {o.ID, s.order(o.ID).shipments[0].id}, "disputes/create": {o.ID},
		"app/scopes_update": nil, "customers/redact": {o.ID}, "shop/redact": nil} {
		raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(topic)+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var schema map[string]any
		if err := json.Unmarshal(raw, &schema); err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(s.hookBody(topic, ids))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatal(err)
		}
		for _, bad := range foreign(topic, v, schema) {
			t.Error(bad)
		}
	}
	if bad := foreign("x", map[string]any{"a": 1.5, "b": "y"}, map[string]any{"type": "object", "properties": map[string]any{"a": map[string]any{"type": "string"}}}); len(bad) != 2 {
		t.Errorf("two faults, found %v", bad)
	}
}

// foreign lists what a value has that a schema does not know.
func foreign(where string, v any, schema map[string]any) (bad []string) {
	var types []string
	switch x := schema["type"].(type) {
	case string:
		types = []string{x}
	case []any:
		for _, one := range x {
			types = append(types, fmt.Sprint(one))
		}
	}
	is := map[string]bool{}
	switch x := v.(type) {
	case nil:
		is["null"] = true
	case bool:
		is["boolean"] = true
	case string:
		is["string"] = true
	case float64:
		is["number"], is["integer"] = true, x == float64(int64(x))
	case []any:
		is["array"] = true
		if inner, ok := schema["items"].(map[string]any); ok {
			for i, one := range x {
				bad = append(bad, foreign(fmt.Sprintf("%s[%d]", where, i), one, inner)...)
			}
		}
	case map[string]any:
		is["object"] = true
		props, _ := schema["properties"].(map[string]any)
		for k, one := range x {
			inner, ok := props[k].(map[string]any)
			if !ok && props != nil {
				bad = append(bad, where+"."+k+" is not in the contract")
				continue
			}
			bad = append(bad, foreign(where+"."+k, one, inner)...)
		}
	}
	for _, want := range types {
		if is[want] {
			return bad
		}
	}
	// The schemas were made from samples: a field that was empty there says nothing.
	if len(types) > 0 && !slices.Equal(types, []string{"null"}) {
		bad = append(bad, fmt.Sprintf("%s is %v, want %s", where, v, strings.Join(types, " or ")))
	}
	return bad
}
