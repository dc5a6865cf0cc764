package sandbox

import (
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wooStates are WooCommerce's words; a shop that sends has no word for half of it.
var wooStates = map[string]string{unshipped: "processing", partly: "processing", shipped: "completed", delivered: "completed", cancelled: "cancelled"}

func wooState(o *order) string {
	if back := o.refunded(); back > 0 && back >= o.total() && o.status != cancelled {
		return "refunded"
	}
	return wooStates[o.status]
}

// wooNote is a note of an order.
type wooNote struct {
	id      string
	text    string
	toBuyer bool
	at      time.Time
}

// wooSide is what a WooCommerce shop remembers beyond orders and listings.
type wooSide struct {
	notes map[string][]*wooNote // by the order's id
	said  map[string]string     // what buyers wrote at the checkout, by the order's id
	hooks []*wooHook
	// gatewayNo is how many of the next refunds the payment gateway refuses.
	gatewayNo int
}

var wooWishes = map[string]string{"de": "Bitte beim Nachbarn abgeben.", "ja": "不在の場合は宅配ボックスにお願いします。", "en": "Please leave it with the neighbour."}

// wish is what a buyer wrote at the checkout; most wrote nothing.
func (s *store) wish(o *order) string {
	if v, ok := s.market.woo.said[o.id]; ok {
		return v
	}
	if o.ord < s.seeded && o.ord%9 == 4 {
		return wooWishes[s.Language]
	}
	return ""
}

// wooSay lets a buyer write at the checkout, the one place where this platform
// lets them. False: this order's buyer has had their say, and has to write a mail.
func (s *store) wooSay(o *order, text string) bool {
	if o == nil || s.wish(o) != "" {
		return false
	}
	if s.market.woo.said == nil {
		s.market.woo.said = map[string]string{}
	}
	s.market.woo.said[o.id] = text
	s.touch(o)
	return true
}

func (s *store) wooLine(o *order, l *line) m {
	name, image := l.title, s.wooImage(l.image)
	parent, variation := wooOf(l.item)
	taxes := []m{} // by rate: there is one
	if l.tax != 0 {
		taxes = append(taxes, m{"id": 1, "total": o.dec(l.tax), "subtotal": o.dec(l.tax)})
	}
	return m{"id": num(l.id), "name": name, "product_id": num(parent), "variation_id": num(variation), "quantity": l.qty, "tax_class": "",
		"subtotal": o.dec(l.price), "subtotal_tax": o.dec(l.tax), "total": o.dec(l.price), "total_tax": o.dec(l.tax), "taxes": taxes, "meta_data": []m{}, "sku": l.sku,
		"price": num(o.dec(l.price / int64(max(l.qty, 1)))), "image": m{"id": l.image + 1, "src": image}, "parent_name": nil}
}

func (s *store) wooOrderJSON(o *order) m {
	lines := []m{}
	for _, l := range o.lines {
		lines = append(lines, s.wooLine(o, l))
	}
	refunds := []m{}
	for _, r := range slices.Backward(o.refunds) {
		refunds = append(refunds, m{"id": num(r.id), "reason": r.note, "total": "-" + o.dec(r.amount)})
	}
	first, last := o.buyer.name, ""
	if i := strings.LastIndexByte(first, ' '); i > 0 {
		first, last = first[:i], first[i+1:]
	}
	address := func() m {
		return m{"first_name": first, "last_name": last, "company": "", "address_1": o.buyer.street, "address_2": "", "city": o.buyer.city, "state": "", "postcode": o.buyer.zip,
			"country": o.buyer.country, "phone": ""}
	}
	billing := address()
	billing["email"] = o.buyer.email
	out := m{"id": num(o.id), "parent_id": 0, "number": o.number, "order_key": "wc_order_" + o.id, "created_via": "checkout", "version": "9.4.2", "status": wooState(o), "currency": o.currency,
		"currency_symbol": o.currency, "discount_total": o.dec(0), "discount_tax": o.dec(0), "shipping_total": o.dec(o.ship()), "shipping_tax": o.dec(0), "cart_tax": o.dec(o.tax()), "total": o.dec(o.total()),
		"total_tax": o.dec(o.tax()), "prices_include_tax": false, "customer_id": num(o.buyer.id), "customer_ip_address": "", "customer_user_agent": "", "customer_note": s.wish(o),
		"billing": billing, "shipping": address(), "payment_method": "sandbox_pay", "payment_method_title": "Sandbox Pay", "transaction_id": o.pay, "cart_hash": "", "meta_data": s.wooMeta(o),
		"line_items": lines, "tax_lines": []m{}, "fee_lines": []m{}, "coupon_lines": []m{}, "refunds": refunds,
		"shipping_lines": []m{{"id": 1, "method_title": "Flat rate", "method_id": "flat_rate", "instance_id": "1", "total": o.dec(o.ship()), "total_tax": o.dec(0), "taxes": []m{}, "meta_data": []m{}}}}
	wooTimes(out, "date_created", o.created)
	wooTimes(out, "date_modified", o.updated)
	wooTimes(out, "date_paid", o.created.Add(time.Minute))
	var done time.Time
	if o.status == shipped || o.status == delivered {
		done = o.updated
	}
	wooTimes(out, "date_completed", done)
	return out
}

// wooMeta is what extensions have left on an order: the one for shipments, and
// one that nobody knows.
func (s *store) wooMeta(o *order) []m {
	meta := []m{{"id": 1, "key": "_sandbox_extension", "value": m{"odd": []int{1}}}}
	items := []m{}
	for _, sh := range o.shipments {
		items = append(items, m{"tracking_provider": sh.carrier, "custom_tracking_provider": "", "custom_tracking_link": sh.url, "tracking_number": sh.number,
			"date_shipped": strconv.FormatInt(sh.at.Unix(), 10), "tracking_id": wooHash(sh.id)[:32]})
	}
	if len(items) > 0 {
		meta = append(meta, m{"id": 2, "key": "_wc_shipment_tracking_items", "value": items})
	}
	return meta
}

// wooOrders lists orders.
func (w *World) wooOrders(c *call) reply {
	p, bad := wooPaged(c)
	if bad != nil {
		return *bad
	}
	var at [4]time.Time
	for i, name := range []string{"modified_after", "modified_before", "after", "before"} {
		if at[i], bad = wooTime(c, name); bad != nil {
			return *bad
		}
	}
	q := c.URL.Query()
	by, way := orElse(q.Get("orderby"), "date"), orElse(q.Get("order"), "desc")
	if !slices.Contains([]string{"date", "id", "modified"}, by) || way != "asc" && way != "desc" {
		return wooError(http.StatusBadRequest, "rest_invalid_param", "Invalid parameter(s): orderby")
	}
	byChange := by == "modified" || !at[0].IsZero() || !at[1].IsZero()
	from, to := at[2], at[3]
	if byChange {
		from, to = at[0], at[1]
	}
	if !from.IsZero() { // what WordPress keeps are whole seconds, and "after" is after
		from = from.Truncate(time.Second).Add(time.Second)
	}
	if !to.IsZero() {
		to = to.Truncate(time.Second).Add(-time.Millisecond)
	}
	v := c.s.between(byChange, from, to)
	nth := v.at
	if way == "desc" {
		nth = func(i int) *order { return v.at(v.len() - 1 - i) }
	}
	total, rows := v.len(), []m(nil)
	states, words := q.Get("status"), strings.ToLower(strings.TrimSpace(q.Get("search")))
	if states == "" || states == "any" {
		states = ""
	}
	if states == "" && words == "" {
		for i := min(p.offset, total); i < min(p.offset+p.per, total); i++ {
			rows = append(rows, c.s.wooOrderJSON(nth(i)))
		}
		return p.answer(rows, total)
	}
	all := v.len()
	total = 0
	for i := range all {
		o := nth(i)
		if states != "" && !slices.Contains(strings.Split(states, ","), wooState(o)) || words != "" && !wooFound(o, words) {
			continue
		}
		if total >= p.offset && len(rows) < p.per {
			rows = append(rows, c.s.wooOrderJSON(o))
		}
		total++
	}
	return p.answer(rows, total)
}

// wooFound tells whether a search finds an order.
func wooFound(o *order, words string) bool {
	return o.id == words || strings.Contains(strings.ToLower(o.number+" "+o.buyer.name+" "+o.buyer.email), words)
}

func (c *call) wooGet(id string) (*order, *reply) {
	if o := c.s.order(id); o != nil {
		return o, nil
	}
	r := wooError(http.StatusNotFound, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
	if c.Method != http.MethodGet || strings.Count(c.path, "/") > 5 {
		r = wooError(http.StatusNotFound, "woocommerce_rest_order_invalid_id", "Invalid order ID.")
	}
	return nil, &r
}

func (w *World) wooOrder(c *call, id string) reply {
	o, bad := c.wooGet(id)
	if bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, c.s.wooOrderJSON(o))
}

func wooNoteJSON(n *wooNote) m {
	out := m{"id": num(n.id), "author": "desk", "note": n.text, "customer_note": n.toBuyer}
	wooTimes(out, "date_created", n.at)
	return out
}

func (w *World) wooNotes(c *call, id string) reply {
	o, bad := c.wooGet(id)
	if bad != nil {
		return *bad
	}
	rows := []m{}
	for _, n := range slices.Backward(c.s.market.woo.notes[o.id]) {
		if kind := c.URL.Query().Get("type"); kind == "customer" && !n.toBuyer || kind == "internal" && n.toBuyer {
			continue
		}
		rows = append(rows, wooNoteJSON(n))
	}
	return jsonReply(http.StatusOK, rows)
}

// wooNote writes a note; one that is for the buyer is mailed to them.
func (w *World) wooNote(c *call, id string) reply {
	o, bad := c.wooGet(id)
	if bad != nil {
		return *bad
	}
	var q struct {
		Note    string `json:"note"`
		ToBuyer bool   `json:"customer_note"`
	}
	if decode(c.body, &q) != nil || strings.TrimSpace(q.Note) == "" {
		return wooError(http.StatusBadRequest, "rest_missing_callback_param", "Missing parameter(s): note")
	}
	s := c.s
	if s.market.woo.notes == nil {
		s.market.woo.notes = map[string][]*wooNote{}
	}
	n := &wooNote{id: strconv.FormatInt(s.next(), 10), text: plainText(q.Note), toBuyer: q.ToBuyer, at: w.now()}
	s.market.woo.notes[o.id] = append(s.market.woo.notes[o.id], n)
	s.keep(o)
	if q.ToBuyer {
		w.recordMessage(MessageEntry{Store: s.Name, Buyer: o.buyer.id, Order: o.id, Text: html.UnescapeString(q.Note), ID: n.id, By: "api", At: n.at})
		s.answered = append(s.answered, answered{buyer: o.buyer, order: o})
		s.changed(changeMessage, n.id, o.buyer.id, o.id)
	}
	return jsonReply(http.StatusCreated, wooNoteJSON(n))
}

// wooRecall puts a note in place that was written before the world began again.
func (s *store) wooRecall(e MessageEntry) {
	if s.market.woo.notes == nil {
		s.market.woo.notes = map[string][]*wooNote{}
	}
	s.market.woo.notes[e.Order] = append(s.market.woo.notes[e.Order], &wooNote{id: e.ID, text: plainText(html.EscapeString(e.Text)), toBuyer: true, at: e.At})
}
