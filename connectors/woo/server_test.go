package woo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/connectors/conntest"
)

const (
	testKey    = "ck_0123456789abcdef"
	testSecret = "cs_fedcba9876543210"
	bigLine    = "9007199254740993"
	oddSKU     = "MUG/RED 50% ☕"
)

type m = map[string]any

// shopServer answers as WooCommerce's documentation says.
type shopServer struct {
	*httptest.Server
	mu       sync.Mutex
	orders   []m
	refunds  map[string][]m
	notes    map[string][]m
	products []m
	variants map[string][]m
	hooks    []m
	serial   int
	revoked  bool
	throttle int
	wait     time.Duration
	fail     int
	fault    conntest.Fault
	lose     bool
	noPay    bool
	sent     int
	mailed   int
	calls    int
}

func newServer(t testing.TB) *shopServer {
	s := &shopServer{refunds: map[string][]m{}, notes: map[string][]m{}, variants: map[string][]m{}, serial: 9000}
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	for i := range 10 {
		stamp := at.Add(time.Duration(i) * time.Hour).Format("2006-01-02T15:04:05")
		line := json.Number(strconv.Itoa(300 + i))
		if i == 4 {
			line = bigLine
		}
		s.orders = append(s.orders, m{"id": 700 + i, "number": "WC-" + strconv.Itoa(700+i), "status": "processing", "currency": "EUR", "date_created_gmt": stamp,
			"date_modified_gmt": stamp, "total": "29.90", "total_tax": "4.77", "shipping_total": "5.00", "shipping_tax": "0.95", "customer_id": 0,
			"customer_note": "", "billing": m{"first_name": "Anna", "last_name": "Buyer", "email": "anna.buyer@example.com", "country": "DE"},
			"shipping": m{"country": "AT"}, "meta_data": []m{{"id": 1, "key": "x", "value": m{"odd": []int{1}}}},
			"line_items": []m{{"id": line, "name": "Red mug", "sku": nil, "quantity": 2, "total": "20.13", "total_tax": "3.82", "image": m{"id": "", "src": "https://shop.example/mug.jpg"}}}, "refunds": []m{}})
	}
	s.orders[2]["customer_note"] = "Bitte beim Nachbarn abgeben"
	for i := range 8 {
		s.products = append(s.products, m{"id": 40 + i, "name": "Thing " + strconv.Itoa(i), "type": "simple", "status": "publish", "sku": "THING-" + strconv.Itoa(i),
			"price": "14.50", "manage_stock": true, "stock_quantity": 7, "date_modified_gmt": "2026-11-01T08:00:00", "images": []m{}, "parent_id": 0})
	}
	s.products[1]["sku"] = oddSKU
	s.products[3]["type"], s.products[3]["sku"] = "variable", ""
	for i := range 2 {
		s.variants["43"] = append(s.variants["43"], m{"id": 60 + i, "status": "publish", "sku": "VAR-" + strconv.Itoa(i), "price": 9.5, "manage_stock": "parent",
			"stock_quantity": nil, "date_modified_gmt": nil, "type": "variation", "parent_id": 43})
	}
	mux := http.NewServeMux()
	on := func(pattern string, do func(w http.ResponseWriter, r *http.Request, body m)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+apiPath+path, func(w http.ResponseWriter, r *http.Request) {
			var body m
			d := json.NewDecoder(r.Body)
			d.UseNumber()
			_ = d.Decode(&body)
			w.Header().Set("Content-Type", "application/json; charset=UTF-8")
			do(w, r, body)
		})
	}
	on("GET /orders", s.listOrders)
	on("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request, _ m) {
		if o := s.order(w, r); o != nil {
			reply(w, 200, o)
		}
	})
	on("GET /orders/{id}/refunds", func(w http.ResponseWriter, r *http.Request, _ m) {
		if s.order(w, r) != nil {
			reply(w, 200, list(s.refunds[r.PathValue("id")]))
		}
	})
	on("POST /orders/{id}/refunds", s.refund)
	on("GET /orders/{id}/notes", func(w http.ResponseWriter, r *http.Request, _ m) { reply(w, 200, list(s.notes[r.PathValue("id")])) })
	on("POST /orders/{id}/notes", func(w http.ResponseWriter, r *http.Request, body m) {
		if s.order(w, r) == nil {
			return
		}
		s.serial++
		s.mailed++
		n := m{"id": s.serial, "author": "desk", "date_created_gmt": time.Now().UTC().Format("2006-01-02T15:04:05"), "customer_note": body["customer_note"],
			"note": "<p>" + strings.ReplaceAll(body["note"].(string), "'", "&#8217;") + "</p>\n"}
		s.notes[r.PathValue("id")] = append(s.notes[r.PathValue("id")], n)
		s.answerWrite(w, 201, n)
	})
	on("GET /products", s.listProducts)
	on("GET /products/{id}", func(w http.ResponseWriter, r *http.Request, _ m) {
		for _, p := range s.products {
			if fmt.Sprint(p["id"]) == r.PathValue("id") {
				reply(w, 200, p)
				return
			}
		}
		refuse(w, 404, "woocommerce_rest_product_invalid_id")
	})
	on("GET /products/{id}/variations", func(w http.ResponseWriter, r *http.Request, _ m) { page(w, r, s.variants[r.PathValue("id")]) })
	on("POST /products/batch", func(w http.ResponseWriter, r *http.Request, body m) { s.batch(w, s.products, body) })
	on("POST /products/{id}/variations/batch", func(w http.ResponseWriter, r *http.Request, body m) {
		s.batch(w, s.variants[r.PathValue("id")], body)
	})
	on("GET /webhooks", func(w http.ResponseWriter, r *http.Request, _ m) { page(w, r, s.hooks) })
	on("POST /webhooks", func(w http.ResponseWriter, r *http.Request, body m) {
		s.serial++
		body["id"] = s.serial
		delete(body, "secret")
		s.hooks = append(s.hooks, body)
		reply(w, 201, body)
	})
	on("PUT /webhooks/{id}", func(w http.ResponseWriter, r *http.Request, body m) {
		for _, h := range s.hooks {
			if fmt.Sprint(h["id"]) == r.PathValue("id") {
				h["status"], h["delivery_url"] = body["status"], body["delivery_url"]
				reply(w, 200, h)
				return
			}
		}
		refuse(w, 404, "woocommerce_rest_shop_webhook_invalid_id")
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls++
		if s.throttle > 0 {
			s.throttle--
			w.Header().Set("Retry-After", strconv.Itoa(int(s.wait/time.Second)))
			refuse(w, 429, "too_many_requests")
			return
		}
		if s.fail > 0 {
			s.fail--
			conntest.Answer(w, s.fault)
			return
		}
		if k, v, ok := r.BasicAuth(); !ok || k != testKey || v != testSecret || s.revoked {
			refuse(w, 401, "woocommerce_rest_cannot_view")
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func list(l []m) []m {
	if l == nil {
		return []m{}
	}
	return l
}

func reply(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code string) {
	reply(w, status, m{"code": code, "message": "Sorry, " + testSecret, "data": m{"status": status}})
}

// answerWrite answers, unless the answer shall get lost.
func (s *shopServer) answerWrite(w http.ResponseWriter, status int, v any) {
	if s.lose {
		s.lose = false
		conntest.Answer(w, conntest.HangUp)
		return
	}
	reply(w, status, v)
}

func page(w http.ResponseWriter, r *http.Request, all []m) {
	per, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	off, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	if per < 1 || per > 100 || off < 0 {
		refuse(w, 400, "rest_invalid_param")
		return
	}
	w.Header().Set("X-WP-Total", strconv.Itoa(len(all)))
	w.Header().Set("X-WP-TotalPages", strconv.Itoa((len(all)+per-1)/per))
	reply(w, 200, list(all[min(off, len(all)):min(off+per, len(all))]))
}

func (s *shopServer) listOrders(w http.ResponseWriter, r *http.Request, _ m) {
	q := r.URL.Query()
	var out []m
	for _, o := range s.orders {
		after := q.Get("modified_after")
		if after != "" && (q.Get("dates_are_gmt") != "true" || o["date_modified_gmt"].(string) <= after) {
			continue
		}
		if x := q.Get("search"); x != "" && !strings.Contains(o["number"].(string), x) {
			continue
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b m) int {
		return strings.Compare(a["date_modified_gmt"].(string), b["date_modified_gmt"].(string))
	})
	page(w, r, out)
}

func (s *shopServer) order(w http.ResponseWriter, r *http.Request) m {
	for _, o := range s.orders {
		if fmt.Sprint(o["id"]) == r.PathValue("id") {
			return o
		}
	}
	refuse(w, 404, "woocommerce_rest_shop_order_invalid_id")
	return nil
}

func (s *shopServer) refund(w http.ResponseWriter, r *http.Request, body m) {
	o := s.order(w, r)
	if o == nil {
		return
	}
	id := r.PathValue("id")
	left := 2990.0
	cents := func(v any) float64 {
		f, _ := strconv.ParseFloat(fmt.Sprint(v), 64)
		return f * 100
	}
	for _, x := range s.refunds[id] {
		left -= cents(x["amount"])
	}
	switch {
	case cents(body["amount"]) > left+0.001:
		refuse(w, 400, "woocommerce_rest_invalid_order_refund")
		return
	case s.noPay && body["api_refund"] == true:
		refuse(w, 500, noRefund)
		return
	}
	s.serial++
	s.sent++
	x := m{"id": s.serial, "amount": body["amount"], "reason": body["reason"], "date_created_gmt": "2026-11-20T10:00:00"}
	var lines []m
	asked, _ := body["line_items"].([]any)
	for _, l := range asked {
		l := l.(m)
		lines = append(lines, m{"id": s.serial + 1, "name": "Red mug", "quantity": -1, "total": "-" + fmt.Sprint(l["refund_total"]), "total_tax": "0.00",
			"meta_data": []m{{"key": "_refunded_item_id", "value": fmt.Sprint(l["id"])}}})
	}
	x["line_items"] = list(lines)
	s.refunds[id] = append(s.refunds[id], x)
	o["refunds"] = append(o["refunds"].([]m), m{"id": s.serial, "reason": body["reason"], "total": "-" + fmt.Sprint(body["amount"])})
	s.answerWrite(w, 201, x)
}

func (s *shopServer) listProducts(w http.ResponseWriter, r *http.Request, _ m) {
	if sku := r.URL.Query().Get("sku"); sku != "" {
		var out []m
		for _, p := range append(slices.Clone(s.products), s.variants["43"]...) {
			if slices.Contains(strings.Split(sku, ","), p["sku"].(string)) {
				out = append(out, p)
			}
		}
		reply(w, 200, list(out))
		return
	}
	page(w, r, s.products)
}

func (s *shopServer) batch(w http.ResponseWriter, all []m, body m) {
	var out []m
	rows, _ := body["update"].([]any)
	for _, row := range rows {
		row := row.(m)
		i := slices.IndexFunc(all, func(p m) bool { return fmt.Sprint(p["id"]) == fmt.Sprint(row["id"]) })
		if i < 0 {
			out = append(out, m{"id": row["id"], "error": m{"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": m{"status": 400}}})
			continue
		}
		all[i]["manage_stock"], all[i]["stock_quantity"] = row["manage_stock"], row["stock_quantity"]
		out = append(out, all[i])
	}
	s.answerWrite(w, 200, m{"update": out})
}
