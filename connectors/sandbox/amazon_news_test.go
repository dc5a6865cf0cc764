package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// fits tells what of a value does not fit a JSON schema. It knows the words that
// Amazon's schemas use.
func fits(v any, schema map[string]any, path string) (bad []string) {
	kinds := []string{}
	switch k := schema["type"].(type) {
	case string:
		kinds = []string{k}
	case []any:
		for _, x := range k {
			kinds = append(kinds, fmt.Sprint(x))
		}
	}
	is := "null"
	switch x := v.(type) {
	case string:
		is = "string"
	case bool:
		is = "boolean"
	case json.Number:
		is = "number"
		if !strings.ContainsAny(x.String(), ".eE") && slices.Contains(kinds, "integer") {
			is = "integer"
		}
	case []any:
		is = "array"
		if items, ok := schema["items"].(map[string]any); ok {
			for i, one := range x {
				bad = append(bad, fits(one, items, fmt.Sprintf("%s[%d]", path, i))...)
			}
		}
	case map[string]any:
		is = "object"
		props, _ := schema["properties"].(map[string]any)
		need, _ := schema["required"].([]any)
		for _, name := range need {
			if _, ok := x[name.(string)]; !ok {
				bad = append(bad, path+" lacks "+name.(string))
			}
		}
		for name, one := range x {
			sub, ok := props[name].(map[string]any)
			if !ok {
				if props != nil {
					bad = append(bad, path+" must not have "+name)
				}
				continue
			}
			bad = append(bad, fits(one, sub, path+"/"+name)...)
		}
	}
	if len(kinds) > 0 && !slices.Contains(kinds, is) {
		bad = append(bad, fmt.Sprintf("%s is %s and not %v", path, is, kinds))
	}
	if words, ok := schema["enum"].([]any); ok && !slices.Contains(words, v) {
		bad = append(bad, fmt.Sprintf("%s is %v", path, v))
	}
	if p, ok := schema["pattern"].(string); ok {
		if re, err := regexp.Compile(p); err == nil && !re.MatchString(fmt.Sprint(v)) {
			bad = append(bad, fmt.Sprintf("%s is %v, against %s", path, v, p))
		}
	}
	return bad
}

func TestAmazonsNewsKeepsTheContract(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(contracts(t), "amazon", "notifications")
	r := newRig(t, Options{Settle: time.Second})
	app, a := r.grantless("amazon-jp"), r.account("amazon-jp")
	_, got := r.as(app, a.Name, "POST", "/notifications/v1/destinations", `{"name":"desk","resourceSpecification":{"sqs":{"arn":"`+a.Queue.ARN+`"}}}`)
	id := at(got, "payload", "destinationId").(string)
	schemas := map[string]string{"ORDER_CHANGE": "OrderChangeNotification", "FEED_PROCESSING_FINISHED": "FeedProcessingFinishedNotification", "REPORT_PROCESSING_FINISHED": "ReportProcessingFinishedNotification",
		"LISTINGS_ITEM_MFN_QUANTITY_CHANGE": "ListingsItemMfnQuantityChange", "FBA_INVENTORY_AVAILABILITY_CHANGES": "FBAInventoryAvailabilityChangeNotification", "TRANSACTION_UPDATE": "TransactionUpdateNotification"}
	for kind := range schemas {
		body := `{"payloadVersion":"` + noteVersions[kind] + `","destinationId":"` + id + `"}`
		if kind == "ORDER_CHANGE" {
			body = strings.TrimSuffix(body, "}") + `,"processingDirective":{"eventFilter":{"eventFilterType":"ORDER_CHANGE"}}}`
		}
		status, got := r.call(a.Name, "POST", "/notifications/v1/subscriptions/"+kind, body)
		r.want(fmt.Sprint(status, at(got, "errors")), "200 <nil>", kind)
	}
	o := r.famous(a.Name)
	if _, err := r.w.AddOrder(NewOrder{Store: a.Name, Status: unshipped}); err != nil {
		t.Fatal(err)
	}
	items, err := r.w.Items(a.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items[:4] { // the fourth lies with Amazon
		if err := r.w.SetStock(StockChange{Store: a.Name, SKU: it.SKU, Quantity: 5}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.w.AddReturn(NewReturn{Store: a.Name}); err != nil {
		t.Fatal(err)
	}
	r.feed(adjustment(o.ID, "m1", o.Lines[0], "Principal", "100"), "text/xml; charset=UTF-8")
	r.call(a.Name, "POST", "/reports/2021-06-30/reports", fmt.Sprintf(`{"reportType":%q,"marketplaceIds":[%q],"dataStartTime":"2026-11-01T00:00:00Z","dataEndTime":"2026-11-21T00:00:00Z"}`, returnsXML, jp))
	r.clock.add(time.Minute)
	n, err := r.w.Queued(a.Name)
	if err != nil || n < 6 {
		t.Fatalf("%d messages, %v", n, err)
	}
	s, err := r.w.store(a.Name)
	if err != nil {
		t.Fatal(err)
	}
	seen, ids := map[string]int{}, map[string]bool{}
	for _, x := range s.market.queue.take(a.Name, 100, time.Minute, r.clock.now()) {
		body := r.json(x.body)
		kind, _ := body["NotificationType"].(string)
		note := fmt.Sprint(at(body, "NotificationMetadata", "NotificationId"))
		if kind == "" {
			kind, note = fmt.Sprint(body["notificationType"]), fmt.Sprint(at(body, "notificationMetadata", "notificationId"))
		}
		if ids[note] || note == "<nil>" {
			t.Errorf("the id %s twice, or none", note)
		}
		ids[note] = true
		seen[kind]++
		raw, err := os.ReadFile(filepath.Join(dir, schemas[kind]+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var schema map[string]any
		if err := json.Unmarshal(raw, &schema); err != nil {
			t.Fatal(err)
		}
		if kind == "FBA_INVENTORY_AVAILABILITY_CHANGES" { // its schema leaves out what its own prose and all others have
			schema["properties"].(map[string]any)["NotificationMetadata"] = map[string]any{}
		}
		if bad := fits(body, schema, ""); len(bad) > 0 {
			t.Errorf("%s:\n%s\n%s", kind, strings.Join(bad, "\n"), x.body)
		}
		if len(fits(m{"NotificationType": json.Number("1"), "surprise": true}, schema, "")) < 2 {
			t.Errorf("anything fits %s", kind)
		}
	}
	for kind := range schemas {
		if seen[kind] == 0 {
			t.Errorf("no %s: %v", kind, seen)
		}
	}
}
