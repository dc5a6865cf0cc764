package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
)

// drain reads a listing to its end.
func drain[T any](t *testing.T, s *spServer, read func(context.Context, connectors.Cursor) (connectors.Page[T], error)) ([]T, []connectors.BadItem) {
	t.Helper()
	var out []T
	var bad []connectors.BadItem
	for c, n := (connectors.Cursor{Limit: 4}), 0; n < 100; n++ {
		p, err := read(t.Context(), c)
		if connectors.KindOf(err) == connectors.Busy && err != nil {
			if connectors.RetryAfterOf(err) <= 0 {
				t.Fatalf("busy, and not for how long: %v", err)
			}
			s.settle()
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		out, bad = append(out, p.Items...), append(bad, p.Bad...)
		if !p.More {
			return out, bad
		}
		c = p.Next
	}
	t.Fatal("the listing does not end")
	return nil, nil
}

// leastOperations is how many there were. Output of tests that pass is seen by
// those only who ask for it, so a number that shrinks fails.
const leastOperations = 30

// Every request that the adapter can make is held against its contract, and so is
// every answer it is tested with.
func TestEveryOperationFitsItsContract(t *testing.T) {
	all, err := contracts()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Skip("SKIPPED: the Amazon contracts are not here (set CONTRACTS_DIR)")
	}
	s := newServer(t, 6)
	c := newSeller(t, s)
	ctx := t.Context()
	if h := c.Health(ctx); h.State != connectors.HealthOK {
		t.Fatalf("%+v", h)
	}
	if got, _ := drain(t, s, c.Orders); len(got) != 6 {
		t.Fatalf("%d orders", len(got))
	}
	if _, err := c.Orders(ctx, connectors.Cursor{Since: time.Date(2026, 11, 1, 3, 0, 0, 0, time.FixedZone("", -8*3600))}); err != nil {
		t.Fatal(err)
	}
	// A refund whose answer is lost, looked for, and found.
	cmd := refundOf(s, 5990)
	s.lose = true
	_, err = c.Refund(ctx, cmd)
	r, err2 := c.RefundState(ctx, cmd, connectors.Receipt{})
	s.settle()
	r, err3 := newSeller(t, s).RefundState(ctx, cmd, r)
	if connectors.KindOf(err) != connectors.Unsure || err2 != nil || err3 != nil || r.State != connectors.StateApplied {
		t.Fatalf("%v %v %v %+v", err, err2, err3, r)
	}
	cmd2 := refundOf(s, 100)
	cmd2.Key, cmd2.Order = "another", "302-1234567-8901002"
	if r, err = c.Refund(ctx, cmd2); err != nil {
		t.Fatal(err)
	}
	s.settle()
	if r, err = c.RefundState(ctx, cmd2, r); err != nil || r.State != connectors.StateApplied {
		t.Fatalf("%+v %v", r, err)
	}
	if got, bad := drain(t, s, c.Items); len(got) != 10 || len(bad) != 0 {
		t.Fatalf("%d items, %v", len(got), bad)
	}
	if _, err := c.Items(ctx, connectors.Cursor{Since: time.Date(2026, 10, 5, 0, 0, 0, 500, time.FixedZone("", 3600))}); err != nil {
		t.Fatal(err)
	}
	if got, _ := drain(t, s, c.Stock); len(got) != 3 {
		t.Fatalf("%d levels", len(got))
	}
	for _, since := range []time.Time{s.clock.now().AddDate(-5, 0, 0), s.clock.now().Add(-time.Hour)} {
		p, err := c.Stock(ctx, connectors.Cursor{Since: since})
		if err != nil || !p.More {
			t.Fatalf("%+v %v", p, err)
		}
		if _, err := c.Stock(ctx, p.Next); err != nil { // the beginning stands beside the token
			t.Fatal(err)
		}
	}
	if res := c.SetStock(ctx, []connectors.StockSet{{Key: "k", SKU: oddSKU, Quantity: 2}}); res[0].State != connectors.StateAccepted {
		t.Fatalf("%+v", res)
	}
	for i, carrier := range []string{"dhl", "Zhong Da Express"} {
		o := shipOf(s)
		o.Key, o.Carrier, o.Number = carrier, carrier, carrier
		o.Lines = []connectors.ShipLine{{Line: "60000000001", Quantity: 1}}
		if r, err := c.Ship(ctx, o); err != nil || r.State != connectors.StateApplied {
			t.Fatalf("%d: %+v %v", i, r, err)
		}
	}
	if got, bad := drain(t, s, c.Returns); len(got) != 4 || len(bad) != 0 {
		t.Fatalf("%d returns, %v", len(got), bad)
	}
	if r, err := newSeller(t, s).Return(ctx, "D0ldz1RRMA"); err != nil || r.Reason != connectors.ReasonWrongItem {
		t.Fatalf("%+v %v", r, err)
	}
	list, err := c.Templates(ctx, cmd.Order)
	if err != nil || len(list) != 6 {
		t.Fatalf("%+v %v", list, err)
	}
	for _, x := range list {
		if r, err := c.SendTemplate(ctx, connectors.TemplateMessage{Key: x.ID, Order: cmd.Order, ID: x.ID, Text: "Wann passt es?", Lang: language.German}); err != nil || r.State != connectors.StateApplied {
			t.Fatalf("%s: %+v %v", x.ID, r, err)
		}
	}
	if err := c.Queue(ctx); err != nil {
		t.Fatal(err)
	}
	missing := []string{}
	for _, op := range Operations() {
		if !s.ops[op] {
			missing = append(missing, op)
		}
	}
	for op := range s.ops {
		if _, ok := budget[op]; !ok {
			t.Errorf("%s is asked for without a limit", op)
		}
	}
	if len(missing) > 0 {
		t.Errorf("never held against a contract: %v", missing)
	}
	if len(s.ops) < leastOperations {
		t.Errorf("%d operations were validated, there were %d", len(s.ops), leastOperations)
	}
	t.Logf("amazon: validated %d of %d operations: %s", len(s.ops), len(Operations()), strings.Join(sorted(s.ops), " "))
	for _, u := range uncontracted {
		t.Logf("no contract: %s; built from %s", u.request, u.source)
	}
}

// The check itself fails where it should.
func TestTheContractCheckBites(t *testing.T) {
	if all, err := contracts(); err != nil || len(all) == 0 {
		t.Skip("SKIPPED: the Amazon contracts are not here (set CONTRACTS_DIR)")
	}
	for op, body := range map[string]string{
		"confirmShipment":         `{"packageDetail":{"packageReferenceId":"a1","carrierCode":"DHL","shipDate":"2026-01-01T00:00:00Z","orderItems":[{}]}}`,
		"createReport":            `{"dataStartTime":"2026-01-01T00:00:00Z","dataEndTime":"2026-04-01T00:00:00Z","marketplaceIds":["x"]}`,
		"patchListingsItem":       `{"productType":"X","patches":[{"op":"replace","path":"/attributes/fulfillment_availability","value":[{"fulfillment_channel_code":"DEFAULT"}]}]}`,
		"createUnexpectedProblem": `{}`,
	} {
		if inWords(op, nil, []byte(body)) == nil {
			t.Errorf("%s: %s is let through", op, body)
		}
	}
}

// limits.tsv and the models say the same as our table.
func TestBudgetIsWhatTheModelsSay(t *testing.T) {
	path, ok := contractPath("limits.tsv")
	if !ok {
		t.Skip("SKIPPED: the Amazon contracts are not here (set CONTRACTS_DIR)")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		ours, ok := budget[f[0]]
		if len(f) != 5 || !ok {
			continue
		}
		compared++
		if want := (connectors.Bucket{Rate: number(t, f[3]), Burst: int(number(t, f[4]))}); ours != want {
			t.Errorf("%s: %+v, want %+v", f[0], ours, want)
		}
	}
	if compared < 15 {
		t.Errorf("only %d compared", compared)
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	f, err := json.Number(text).Float64()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sandboxAnswers are the examples that a model gives for an operation.
func sandboxAnswers(t *testing.T, model, op string) []json.RawMessage {
	t.Helper()
	v2, err := readModel(model)
	if err != nil {
		t.Fatal(err)
	}
	if v2 == nil {
		t.Skip("SKIPPED: the Amazon contracts are not here (set CONTRACTS_DIR)")
	}
	var out []json.RawMessage
	for _, item := range v2.Paths {
		for _, o := range item.Operations() {
			if o.OperationID != op {
				continue
			}
			for status, r := range o.Responses.Map() {
				if status[0] != '2' || r.Extensions["x-amzn-api-sandbox"] == nil {
					continue
				}
				raw, err := json.Marshal(r.Extensions["x-amzn-api-sandbox"])
				if err != nil {
					t.Fatal(err)
				}
				var x struct {
					Static []struct {
						Response json.RawMessage `json:"response"`
					} `json:"static"`
				}
				if err := json.Unmarshal(raw, &x); err != nil {
					t.Fatal(err)
				}
				for _, one := range x.Static {
					out = append(out, one.Response)
				}
			}
		}
	}
	return out
}

// subset: what a read shape writes again stands in the example, value for value.
// Empty and absent are the same.
func subset(got, want any, at string) error {
	switch g := got.(type) {
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok && len(g) > 0 {
			return errors.New(at + " is no object there")
		}
		for k, v := range g {
			there, ok := w[k]
			if !ok {
				for other := range w {
					if strings.EqualFold(k, other) {
						there, ok = w[other], true
					}
				}
			}
			if !ok && empty(v) || v == nil {
				continue
			}
			if err := subset(v, there, at+"."+k); err != nil {
				return err
			}
		}
	case []any:
		w, _ := want.([]any)
		if len(w) != len(g) {
			return errors.New(at + " has another length")
		}
		for i := range g {
			if err := subset(g[i], w[i], at+"[]"); err != nil {
				return err
			}
		}
	case string:
		w, ok := want.(string)
		a, err1 := time.Parse(time.RFC3339Nano, g)
		b, err2 := time.Parse(time.RFC3339Nano, w)
		if !(ok && g == w || err1 == nil && err2 == nil && a.Equal(b) || json.Number(g) == want) {
			return errors.New(at + " is " + g)
		}
	default:
		if !reflect.DeepEqual(got, want) {
			b, _ := json.Marshal(got)
			return errors.New(at + " is " + string(b))
		}
	}
	return nil
}

func empty(v any) bool {
	switch x := v.(type) {
	case string:
		return x == "" || x == "0001-01-01T00:00:00Z"
	case map[string]any:
		for _, y := range x {
			if !empty(y) {
				return false
			}
		}
		return true
	case json.Number:
		return x == "0"
	case bool:
		return !x
	case []any:
		return len(x) == 0
	}
	return v == nil
}

func exact(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The models' own examples are read without loss, and their ids to the digit.
func TestExamplesAreReadWithoutLoss(t *testing.T) {
	shapes := []struct {
		model, op string
		shape     func() any
	}{
		{"orders_2026-01-01.json", "getOrder", func() any { return &struct{ Order wireOrder }{} }},
		{"orders_2026-01-01.json", "searchOrders", func() any { return &struct{ Orders []wireOrder }{} }},
		{"listingsItems_2021-08-01.json", "searchListingsItems", func() any {
			return &struct {
				Items []wireListing `json:"items"`
			}{}
		}},
		{"listingsItems_2021-08-01.json", "getListingsItem", func() any { return &wireListing{} }},
		{"listingsItems_2021-08-01.json", "patchListingsItem", func() any {
			return &struct {
				Status, SubmissionID string
				Issues               []wireIssue
			}{}
		}},
		{"feeds_2021-06-30.json", "getFeed", func() any { return &wireFeed{} }},
		{"feeds_2021-06-30.json", "getFeeds", func() any { return &struct{ Feeds []wireFeed }{} }},
		{"reports_2021-06-30.json", "getReport", func() any { return &wireReport{} }},
		{"reports_2021-06-30.json", "getReports", func() any { return &struct{ Reports []wireReport }{} }},
		{"messaging.json", "getMessagingActionsForOrder", func() any { return &wireActions{} }},
		{"notifications.json", "getDestinations", func() any { return &struct{ Payload []wireDestination }{} }},
		{"notifications.json", "createDestination", func() any { return &struct{ Payload wireDestination }{} }},
		{"notifications.json", "getSubscription", func() any { return &struct{ Payload wireSubscription }{} }},
	}
	for _, x := range shapes {
		t.Run(x.op, func(t *testing.T) {
			all := sandboxAnswers(t, x.model, x.op)
			if len(all) == 0 {
				t.Fatal("the model has no example")
			}
			for _, raw := range all {
				v := x.shape()
				if err := json.Unmarshal(raw, v); err != nil {
					t.Fatal(err)
				}
				again, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				if empty(exact(t, again)) {
					t.Fatal("nothing of it was read")
				}
				if err := subset(exact(t, again), exact(t, raw), x.op); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// The orders among the examples become orders, and listings items.
func TestExamplesBecomeOurs(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	for _, raw := range sandboxAnswers(t, "orders_2026-01-01.json", "searchOrders") {
		var a struct{ Orders []json.RawMessage }
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatal(err)
		}
		for _, one := range a.Orders {
			w, err := decodeOrder(one)
			if err != nil {
				t.Fatal(err)
			}
			o, err := c.order(w, one)
			if err != nil || o.ID == "" || len(o.Lines) == 0 || o.Status == connectors.OrderOther {
				t.Errorf("%+v %v", o, err)
			}
		}
	}
	n := 0
	for _, raw := range sandboxAnswers(t, "listingsItems_2021-08-01.json", "searchListingsItems") {
		var a struct{ Items []json.RawMessage }
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatal(err)
		}
		for _, one := range a.Items {
			n++
			if i, _, err := c.item(one); err != nil || i.SKU == "" {
				t.Errorf("%+v %v", i, err)
			}
		}
	}
	if n == 0 {
		t.Error("no listing among the examples")
	}
}
