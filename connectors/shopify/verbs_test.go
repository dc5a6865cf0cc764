package shopify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

func stockedShop(t testing.TB) (*shopServer, *Shop) {
	t.Helper()
	s := newShopServer(t, 10)
	s.stocked()
	return s, newShop(t, s)
}

func TestItemIsReadExactly(t *testing.T) {
	t.Parallel()
	s, shop := stockedShop(t)
	s.spread = true
	p, err := shop.Items(t.Context(), connectors.Cursor{Limit: 2})
	if err != nil || len(p.Items) != 2 {
		t.Fatalf("%+v %v", p, err)
	}
	i := p.Items[0]
	if i.ID != "gid://shopify/ProductVariant/200" || i.Title != "Socks" || i.Price != (connectors.Money{Minor: 1050, Currency: "EUR"}) || i.Status != connectors.ItemActive ||
		i.Image != "https://cdn/s.jpg" || !strings.HasSuffix(i.Link, "/admin/products/100/variants/200") {
		t.Errorf("%+v", i)
	}
	if len(i.Stock) != 2 || i.Stock[0].Available != 5 || i.Stock[0].Reserved != 3 || i.Stock[0].Inbound != 7 || i.Stock[0].Item != "gid://shopify/InventoryItem/300" ||
		i.Stock[0].LocationName != "Berlin" || i.Stock[1].Location != there {
		t.Errorf("stock in two places, on two pages: %+v", i.Stock)
	}
	if _, err := shop.Items(t.Context(), connectors.Cursor{Token: "somebody else's"}); connectors.KindOf(err) != connectors.Invalid {
		t.Errorf("a foreign token: %v", err)
	}
}

// What changes while a long listing is read is read again the next time.
func TestItemsGoOnFromWhereTheyBegan(t *testing.T) {
	t.Parallel()
	s, shop := stockedShop(t)
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	began := at
	shop.now = func() time.Time { at = at.Add(time.Minute); return at }
	c := connectors.Cursor{Limit: 4}
	for {
		p, err := shop.Items(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if c = p.Next; !p.More {
			break
		}
	}
	if c.Token != "" || c.Since.After(began) || c.Since.IsZero() {
		t.Errorf("it goes on from %v, begun at %v", c.Since, began)
	}
	if _, err := shop.Items(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if q := s.variables("query"); q[len(q)-1] != "updated_at:>='"+c.Since.Format(time.RFC3339)+"'" {
		t.Errorf("asked %v", q)
	}
}

func TestPricesOfEveryCurrency(t *testing.T) {
	t.Parallel()
	_, shop := stockedShop(t)
	for _, tc := range []struct {
		price, currency string
		minor           int64
		bad             bool
	}{
		{`"12.345"`, "KWD", 12345, false}, {`"1200"`, "JPY", 1200, false}, {`"1200.00"`, "JPY", 1200, false}, {`12.5`, "EUR", 1250, false},
		{`"0.00"`, "EUR", 0, false}, {`"12.345"`, "EUR", 0, true}, {`"1200.5"`, "JPY", 0, true}, {`1e3`, "EUR", 0, true}, {`null`, "EUR", 0, true},
		{`"12.50"`, "", 0, true}, {`"12.50"`, "euro", 0, true}, {`{"amount":"1"}`, "EUR", 0, true}, {`"999999999999999999999"`, "EUR", 0, true},
	} {
		i, err := shop.item(t.Context(), []byte(`{"id":"gid://shopify/ProductVariant/1","price":`+tc.price+`}`), tc.currency)
		if (err != nil) != tc.bad || err == nil && (i.Price.Minor != tc.minor || i.Price.Currency != tc.currency) {
			t.Errorf("%s %s: %v %v", tc.price, tc.currency, i.Price, err)
		}
		if i.ID != "gid://shopify/ProductVariant/1" {
			t.Errorf("%s: which item it was is lost", tc.price)
		}
	}
}

func TestSearchesMeanWhatTheySay(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`plain`: `'plain'`, `a b/c%`: `'a b/c%'`, `it's`: `'it\'s'`, `back\slash`: `'back\\slash'`, `"both" 'kinds'`: `'"both" \'kinds\''`,
		`🧦:(x) OR y`: `'🧦:(x) OR y'`, `\'`: `'\\\''`, ``: `''`,
	} {
		if got := quoted(in); got != want || unquoted(got) != in {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func set(key, sku string, n int) connectors.StockSet {
	return connectors.StockSet{Key: key, SKU: sku, Quantity: n}
}

func TestStockRowByRow(t *testing.T) {
	t.Parallel()
	s, shop := stockedShop(t)
	was, wrong := 5, 99
	rows := []connectors.StockSet{
		set("1", "SKU-0", 10), set("2", "no such", 1), {Key: "3", SKU: "SKU-1", Quantity: 11, Was: &was}, {Key: "4", SKU: "SKU-2", Quantity: 12, Was: &wrong},
		set("", "SKU-3", 1), {Key: "6", SKU: "SKU-3", Item: "303", Location: "1", Quantity: 13}, set("7", "SKU-0", 20),
		{Key: "8", SKU: "x", Item: "999999", Location: "1", Quantity: 1}, {Key: "9", SKU: "SKU-5", Quantity: 5, Was: &wrong},
	}
	want := []struct {
		state connectors.State
		kind  connectors.Kind
	}{{"applied", 0}, {"rejected", connectors.NotFound}, {"applied", 0}, {"rejected", connectors.Conflict}, {"rejected", connectors.Invalid}, {"applied", 0}, {"applied", 0},
		{"rejected", connectors.NotFound}, {"applied", 0}}
	out := shop.SetStock(t.Context(), rows)
	for i, r := range out {
		if r.SKU != rows[i].SKU || r.State != want[i].state || r.Err != nil && connectors.KindOf(r.Err) != want[i].kind {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	if s.items[0].stock != 20 || s.items[1].stock != 11 || s.items[2].stock != 5 || s.items[3].stock != 13 {
		t.Errorf("the platform has %+v", s.items[:4])
	}
	for _, in := range s.variables("input") {
		for _, q := range in.(obj)["quantities"].(list) {
			if _, ok := q.(obj)["changeFromQuantity"]; !ok {
				t.Error("changeFromQuantity has to be sent, were it only null")
			}
		}
	}
}

func TestStockGoesInPortions(t *testing.T) {
	t.Parallel()
	_, shop := stockedShop(t)
	var rows []row
	for i := range 3 {
		rows = append(rows, row{i, set(strconv.Itoa(i), "x", i), quantity{Item: "a", Location: "b", Quantity: i}})
	}
	if k := rowsKey(rows); k != rowsKey(rows) || k == rowsKey(rows[:2]) || len(k) != 36 || rowsKey(rows[1:2]) != "1" {
		t.Errorf("key %s", k)
	}
	rows[2].q.Quantity++
	if rowsKey(rows) == rowsKey(append(rows[:2:2], row{2, rows[2].set, quantity{Item: "a", Location: "b", Quantity: 2}})) {
		t.Error("other values, the same key: the platform would refuse it")
	}
	many := make([]connectors.StockSet, 2*rowsAtOnce+1)
	for i := range many {
		many[i] = connectors.StockSet{Key: strconv.Itoa(i), SKU: "x", Item: strconv.Itoa(1000 + i), Location: "1", Quantity: 1}
	}
	for i, r := range shop.SetStock(t.Context(), many) { // none of these exists, so each is named in turn
		if r.State != connectors.StateRejected || r.Code != "INVALID_INVENTORY_ITEM" {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
}

func leftOf(id, place, status string, open bool, lines ...wireLeftLine) wireLeft {
	w := wireLeft{ID: id, Status: status, Lines: wireLeftLines{Nodes: lines}}
	w.Assigned.Name = place
	if open {
		w.Actions = append(w.Actions, struct {
			Action string `json:"action"`
		}{"CREATE_FULFILLMENT"})
	}
	return w
}

func leftLine(id, line string, n int) wireLeftLine {
	l := wireLeftLine{ID: id, Remaining: n}
	l.Line.ID = "gid://shopify/LineItem/" + line
	return l
}

func TestWhatGoesIntoAParcel(t *testing.T) {
	t.Parallel()
	_, shop := stockedShop(t)
	berlin := leftOf("A", "Berlin", "OPEN", true, leftLine("a1", "1", 2), leftLine("a2", "2", 1))
	lyon := leftOf("B", "Lyon", "OPEN", true, leftLine("b1", "1", 5))
	held := leftOf("C", "Berlin", "ON_HOLD", false, leftLine("c1", "1", 9))
	gone := leftOf("D", "Berlin", "CLOSED", false, leftLine("d1", "1", 0))
	for name, tc := range map[string]struct {
		left  []wireLeft
		lines []connectors.ShipLine
		want  string
		code  string
	}{
		"all":                {[]wireLeft{gone, berlin}, nil, `[{"fulfillmentOrderId":"A","fulfillmentOrderLineItems":[{"id":"a1","quantity":2},{"id":"a2","quantity":1}]}]`, ""},
		"some":               {[]wireLeft{berlin, lyon}, []connectors.ShipLine{{Line: "1", Quantity: 1}}, `[{"fulfillmentOrderId":"A","fulfillmentOrderLineItems":[{"id":"a1","quantity":1}]}]`, ""},
		"only there":         {[]wireLeft{berlin, lyon}, []connectors.ShipLine{{Line: "gid://shopify/LineItem/1", Quantity: 4}}, `[{"fulfillmentOrderId":"B","fulfillmentOrderLineItems":[{"id":"b1","quantity":4}]}]`, ""},
		"two places":         {[]wireLeft{berlin, lyon}, nil, `[{"fulfillmentOrderId":"A","fulfillmentOrderLineItems":[{"id":"a1","quantity":2},{"id":"a2","quantity":1}]}][{"fulfillmentOrderId":"B","fulfillmentOrderLineItems":[{"id":"b1","quantity":5}]}]`, ""},
		"more than is there": {[]wireLeft{berlin}, []connectors.ShipLine{{Line: "1", Quantity: 3}}, "", "over_remaining"},
		"another line":       {[]wireLeft{berlin}, []connectors.ShipLine{{Line: "7", Quantity: 1}}, "", "over_remaining"},
		"on hold":            {[]wireLeft{held}, nil, "", "on_hold"},
		"nothing":            {[]wireLeft{gone}, nil, "", "nothing_left"},
		"less than one":      {[]wireLeft{berlin}, []connectors.ShipLine{{Line: "1"}}, "", "quantity"},
	} {
		ins, err := shop.shipInputs(connectors.Ship{Carrier: "DHL EXPRESS", Number: " 1 ", Lines: tc.lines, Notify: true}, tc.left)
		var b []byte
		right := true
		for i, in := range ins {
			part, _ := json.Marshal(in.Parts)
			b = append(b, part...)
			right = right && in.Tracking.Company == "DHL Express" && in.Tracking.Number == "1" && in.Notify == (i == 0)
		}
		var e *connectors.Error
		if tc.code == "" && (err != nil || string(b) != tc.want || !right) ||
			tc.code != "" && (!errors.As(err, &e) || e.Code != tc.code) {
			t.Errorf("%s: %s %v", name, b, err)
		}
	}
}

func TestShipmentsAreKnownByTheirNumber(t *testing.T) {
	t.Parallel()
	var all []wireShipment
	if err := json.Unmarshal([]byte(`[{"id":"1","status":"CANCELLED","trackingInfo":[{"number":"AB 12"}]},{"id":"2","status":"SUCCESS","trackingInfo":[{"number":null},{"number":"ab12 3"}]}]`), &all); err != nil {
		t.Fatal(err)
	}
	if r, ok := withNumber(all, "AB123"); !ok || r.ID != "2" {
		t.Errorf("%+v", r)
	}
	if _, ok := withNumber(all, "AB12"); ok {
		t.Error("a cancelled shipment is none")
	}
	// All was to be sent from two places, and the answer of the second was lost.
	half := []wireShipment{{ID: "3", Status: "SUCCESS"}}
	if err := json.Unmarshal([]byte(`{"id":"3","status":"SUCCESS","location":{"id":"Berlin"},"trackingInfo":[{"number":"N1"}]}`), &half[0]); err != nil {
		t.Fatal(err)
	}
	later := leftOf("A", "Berlin", "OPEN", true, leftLine("a1", "1", 2))
	lyon := leftOf("B", "Lyon", "OPEN", true, leftLine("b1", "1", 5))
	if left := elsewhere([]wireLeft{later, lyon}, half, "n1"); len(left) != 1 || left[0].ID != "B" {
		t.Errorf("what lies in Lyon is still to be sent: %+v", left)
	}
	if left := elsewhere([]wireLeft{later}, half, "n1"); len(left) != 0 {
		t.Errorf("what came to Berlin later is not part of it: %+v", left)
	}
}

func TestDecisions(t *testing.T) {
	s, shop := stockedShop(t)
	at := time.Now()
	do := func(ret string, v connectors.Verdict, change func(*connectors.Decision)) (connectors.Receipt, error) {
		d := connectors.Decision{Key: "k-" + ret + string(v), Return: ret, Kind: connectors.KindReturn, Verdict: v, Asked: at}
		if change != nil {
			change(&d)
		}
		return shop.Decide(t.Context(), d)
	}
	want := func(what string, r connectors.Receipt, err error, state connectors.State, kind connectors.Kind) {
		t.Helper()
		if r.State != state || (err == nil) != (kind == 0) || kind != 0 && connectors.KindOf(err) != kind {
			t.Fatalf("%s: %+v %v", what, r, err)
		}
	}
	r, err := do("71", connectors.PayBack, nil)
	want("paying back what is not approved", r, err, "", connectors.Conflict)
	r, err = do("71", connectors.Approve, nil)
	want("approve", r, err, connectors.StateApplied, 0)
	r, err = do("71", connectors.Decline, nil)
	want("decline what is approved", r, err, "", connectors.Conflict)
	r, err = do("71", connectors.PayBack, func(d *connectors.Decision) { d.Amount = connectors.Money{Minor: 6000, Currency: "EUR"} })
	want("more than was paid", r, err, "", connectors.Conflict)
	r, err = do("71", connectors.PayBack, func(d *connectors.Decision) { d.Amount = connectors.Money{Minor: 100, Currency: "USD"} })
	want("another currency", r, err, "", connectors.Invalid)
	r, err = do("71", connectors.PayBack, func(d *connectors.Decision) { d.Lines = []connectors.RefundLine{{Line: "1", Quantity: 1}} })
	want("another line", r, err, "", connectors.Invalid)
	r, err = do("71", connectors.PayBack, func(d *connectors.Decision) { d.Lines = []connectors.RefundLine{{Line: "81", Quantity: 3}} })
	want("too many", r, err, "", connectors.Conflict)
	if s.sent != 0 {
		t.Fatalf("%d refunds", s.sent)
	}
	s.loseOp = "ProcessReturn"
	r, err = do("71", connectors.PayBack, nil)
	if r.State != connectors.StateUnknown || connectors.KindOf(err) != connectors.Unsure || s.sent != 1 {
		t.Fatalf("a lost answer: %+v %v", r, err)
	}
	r, err = do("71", connectors.PayBack, nil)
	want("again under the same key", r, err, connectors.StateApplied, 0)
	if s.sent != 1 || r.Amount.Minor != 5500 || r.Code != "matched_by_amount" {
		t.Fatalf("%d refunds, %+v", s.sent, r)
	}
	back, err := shop.Return(t.Context(), "71")
	if err != nil || back.Status != connectors.ReturnRefunded || back.Refund.Minor != 5500 || back.Reason != connectors.ReasonReturned || back.TrackNumber == "" ||
		back.Note != "too small" || back.Lines[0].Title != "Lamp" || len(back.May) != 0 {
		t.Fatalf("%+v %v", back, err)
	}
	r, err = do("72", connectors.Decline, nil)
	want("decline", r, err, connectors.StateApplied, 0)
	r, err = do("72", connectors.Decline, nil)
	want("decline again", r, err, connectors.StateApplied, 0)
	r, err = do("9", connectors.Approve, nil)
	want("no such return", r, err, "", connectors.NotFound)
	r, err = do("nonsense", connectors.Approve, nil)
	want("no id", r, err, "", connectors.NotFound)
	r, err = do("73", connectors.Approve, func(d *connectors.Decision) { d.Kind = connectors.KindCancel })
	want("a cancellation", r, err, "", connectors.Unsupported)
	r, err = do("73", "burn", nil)
	want("no such verdict", r, err, "", connectors.Invalid)
}

// A refund of goods that are on their way back goes by way of their return.
func TestRefundByWayOfAReturn(t *testing.T) {
	s, shop := stockedShop(t)
	if _, err := shop.askScopes(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.returns[1]["status"] = "OPEN" // of the order of refundOf
	cmd := refundOf(5500)
	cmd.Lines = []connectors.RefundLine{{Line: "501", Quantity: 2}}
	s.loseOp = "ProcessReturn"
	if _, err := shop.Refund(t.Context(), cmd); connectors.KindOf(err) != connectors.Unsure || s.decided != 1 || s.sent != 1 {
		t.Fatalf("%v, %d processed, %d refunds", err, s.decided, s.sent)
	}
	r, err := shop.Refund(t.Context(), cmd)
	if err != nil || r.State != connectors.StateApplied || s.sent != 1 {
		t.Fatalf("again: %+v %v, %d refunds", r, err, s.sent)
	}
	if r, err = shop.RefundState(t.Context(), cmd, connectors.Receipt{}); err != nil || r.State != connectors.StateApplied {
		t.Fatalf("looking: %+v %v", r, err)
	}
	// Other goods of the order, and goods of another order, are refunded as ever.
	other := refundOf(100)
	other.Key, other.Order = "another", "gid://shopify/Order/450789469004"
	other.Lines = []connectors.RefundLine{{Line: "504", Quantity: 1}}
	if r, err := shop.Refund(t.Context(), other); err != nil || r.State != connectors.StateApplied || s.sent != 2 || s.decided != 1 {
		t.Fatalf("%+v %v, %d refunds, %d processed", r, err, s.sent, s.decided)
	}
}

// endless is a file of very many orders, made as it is read.
type endless struct {
	left int
	buf  bytes.Buffer
}

func (e *endless) Read(p []byte) (int, error) {
	for e.buf.Len() < len(p) && e.left > 0 {
		e.left--
		fmt.Fprintf(&e.buf, `{"id":"gid://shopify/Order/%d","name":"#%d","totalPriceSet":{"presentmentMoney":{"amount":"59.90","currencyCode":"EUR"}},"displayFinancialStatus":"PAID"}`+"\n", e.left, e.left)
		for i := range 3 {
			fmt.Fprintf(&e.buf, `{"id":"gid://shopify/LineItem/%d%d","sku":"A","quantity":1,"discountedTotalSet":{"presentmentMoney":{"amount":"1","currencyCode":"EUR"}},"__parentId":"gid://shopify/Order/%d"}`+"\n", e.left, i, e.left)
		}
	}
	if e.buf.Len() == 0 {
		return 0, io.EOF
	}
	return e.buf.Read(p)
}

func TestFileIsReadWithoutKeepingIt(t *testing.T) {
	_, shop := stockedShop(t)
	const orders = 20000
	n, most := 0, uint64(0)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	f := &bulkFile{read: shop.order, bad: func(b connectors.BadItem) error { return b.Err }, order: func(o connectors.Order) error {
		if len(o.Lines) != 3 || o.Total.Minor != 5990 {
			return fmt.Errorf("order %+v", o)
		}
		if n++; n%5000 == 0 {
			most = max(most, heap())
		}
		return nil
	}}
	size, err := f.run(t.Context(), &endless{left: orders})
	if err != nil || n != orders {
		t.Fatalf("%d orders, %v", n, err)
	}
	grown := int64(most) - int64(before)
	t.Logf("%d orders in %.1f MB, the heap grew by %.2f MB", n, float64(size)/1e6, float64(grown)/1e6)
	if grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	_, shop := stockedShop(t)
	order := func(id string) string {
		return `{"id":"gid://shopify/Order/` + id + `","name":"#1","totalPriceSet":{"presentmentMoney":{"amount":"1","currencyCode":"EUR"}}}` + "\n"
	}
	line := func(order string) string {
		return `{"id":"gid://shopify/LineItem/9","quantity":1,"discountedTotalSet":{"presentmentMoney":{"amount":"1","currencyCode":"EUR"}},"__parentId":"gid://shopify/Order/` + order + `"}` + "\n"
	}
	for name, tc := range map[string]struct {
		file  string
		good  int
		bad   int
		lines int
	}{
		"fine":                     {order("1") + line("1") + order("2"), 2, 0, 1},
		"no end of line":           {order("1") + strings.TrimSuffix(line("1"), "\n"), 1, 0, 1},
		"cut in the middle":        {order("1") + order("2")[:40], 0, 2, 0},
		"a broken line":            {order("1") + "{\n" + order("2"), 1, 2, 0},
		"not an object":            {order("1") + "[1]\n" + order("2"), 1, 2, 0},
		"lines of nobody":          {line("7") + line("7") + order("1"), 1, 1, 0},
		"lines of a broken order":  {`{"id":"gid://shopify/Order/3","createdAt":5}` + "\n" + line("3") + order("1"), 1, 1, 0},
		"empty lines":              {"\n\n" + order("1") + "\r\n\n", 1, 0, 0},
		"nothing":                  {"", 0, 0, 0},
		"something else besides":   {order("1") + `{"id":"gid://shopify/DiscountApplication/1","__parentId":"gid://shopify/Order/1"}` + "\n", 1, 0, 0},
		"an order without a total": {`{"id":"gid://shopify/Order/1","name":"#1"}` + "\n", 0, 1, 0},
		"a line too long":          {order("1") + strings.Repeat("x", longestLine+10) + "\n" + order("2"), 1, 2, 0},
		"two currencies":           {order("1") + strings.ReplaceAll(line("1"), "EUR", "USD"), 1, 0, 1},
	} {
		good, bad, lines := 0, 0, 0
		f := &bulkFile{read: shop.order, order: func(o connectors.Order) error { good++; lines += len(o.Lines); return nil }, bad: func(b connectors.BadItem) error {
			bad++
			if b.Err == nil {
				t.Errorf("%s: bad without a reason", name)
			}
			return nil
		}}
		n, err := f.run(t.Context(), strings.NewReader(tc.file))
		if err != nil || n != int64(len(tc.file)) || good != tc.good || bad != tc.bad || lines != tc.lines {
			t.Errorf("%s: %d good, %d bad, %d lines, %d of %d bytes, %v", name, good, bad, lines, n, len(tc.file), err)
		}
	}
	stop := errors.New("enough")
	f := &bulkFile{read: shop.order, order: func(connectors.Order) error { return stop }, bad: func(connectors.BadItem) error { return nil }}
	if _, err := f.run(t.Context(), strings.NewReader(order("1")+order("2"))); !errors.Is(err, stop) {
		t.Errorf("an error of the reader's does not end it: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.run(ctx, strings.NewReader(order("1"))); connectors.KindOf(err) != connectors.Down {
		t.Errorf("cancelled: %v", err)
	}
}
