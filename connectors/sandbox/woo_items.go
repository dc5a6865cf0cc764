package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wooIndex is where a listing stands among the store's, by its id.
func wooIndex(id string) int {
	return int(unstep(id, firstItem-13, 13)) - 1
}

// firstItem is the id of the first listing.
const firstItem = 285500000000

// wooOf is the product that a listing is, or the product that it is a variation
// of, and the variation; 0 for none. Of every four listings two are variations of
// one product.
func wooOf(item string) (product, variation string) {
	i := wooIndex(item)
	if i < 0 || i%4 < 2 {
		return item, "0"
	}
	return strconv.Itoa(firstItem + (i-i%4+2)*13 + 1), item
}

// wooProduct is a product with its variations, if it has some.
type wooProduct struct {
	id    string
	items []*item
	many  bool
}

// wooProducts are the store's products by their ids.
func (s *store) wooProducts() (all []*wooProduct) {
	for _, it := range s.items {
		product, variation := wooOf(it.id)
		if n := len(all); variation != "0" && n > 0 && all[n-1].id == product {
			all[n-1].items = append(all[n-1].items, it)
			continue
		}
		all = append(all, &wooProduct{id: product, items: []*item{it}, many: variation != "0"})
	}
	return all
}

func (s *store) wooProduct(id string) *wooProduct {
	for _, p := range s.wooProducts() {
		if p.id == id {
			return p
		}
	}
	return nil
}

// wooImage is a picture's address. Deliveries have one too, though nobody asked.
func (s *store) wooImage(n int) string {
	base := "https://" + s.seller
	if s.w.o.BaseURL != nil {
		base = strings.TrimSuffix(s.w.o.BaseURL(), "/")
	}
	return base + "/images/" + strconv.Itoa(n+1) + ".png"
}

func (s *store) wooItemJSON(id, kind, name string, it *item, parent string) m {
	status := "publish"
	if it.status != active {
		status = "draft"
	}
	price := it.money().Decimal()
	out := m{"id": num(id), "name": name, "slug": plainSKU(it.sku), "permalink": "https://" + s.seller + "/product/" + plainSKU(it.sku) + "/", "type": kind, "status": status, "sku": it.sku,
		"price": price, "regular_price": price, "sale_price": "", "manage_stock": true, "stock_quantity": it.available(), "stock_status": "instock", "backorders": "no",
		"parent_id": num(parent), "images": []m{{"id": it.image + 1, "src": s.wooImage(it.image)}}, "variations": []any{}, "attributes": []m{}, "meta_data": []m{}}
	if it.available() == 0 {
		out["stock_status"] = "outofstock"
	}
	wooTimes(out, "date_created", it.created)
	wooTimes(out, "date_modified", it.updated)
	return out
}

// wooShow is a product, or a variation of one where it is asked for by itself.
func (s *store) wooShow(p *wooProduct) m {
	it := p.items[0]
	if !p.many {
		return s.wooItemJSON(p.id, "simple", it.title, it, "0")
	}
	out := s.wooItemJSON(p.id, "variable", it.title, it, "0")
	ids := []any{}
	last := it.updated
	for _, x := range p.items {
		ids = append(ids, num(x.id))
		if x.updated.After(last) {
			last = x.updated
		}
	}
	out["sku"], out["manage_stock"], out["stock_quantity"], out["variations"] = "", false, nil, ids
	wooTimes(out, "date_modified", last)
	return out
}

func (s *store) wooShowVariation(it *item) m {
	parent, _ := wooOf(it.id)
	out := s.wooItemJSON(it.id, "variation", it.title, it, parent)
	delete(out, "images")
	out["image"] = m{"id": it.image + 1, "src": s.wooImage(it.image)}
	return out
}

func (p *wooProduct) changed() (last time.Time) {
	for _, it := range p.items {
		if it.updated.After(last) {
			last = it.updated
		}
	}
	return last
}

// wooItems lists products; asked for a SKU, it finds variations too.
func (w *World) wooItems(c *call) reply {
	p, bad := wooPaged(c)
	if bad != nil {
		return *bad
	}
	after, bad := wooTime(c, "modified_after")
	if bad != nil {
		return *bad
	}
	q := c.URL.Query()
	if q.Has("sku") {
		var rows []m
		for _, sku := range strings.Split(q.Get("sku"), ",") {
			it := c.s.bySKU[sku]
			if it == nil {
				continue
			}
			if product, variation := wooOf(it.id); variation != "0" {
				rows = append(rows, c.s.wooShowVariation(it))
			} else {
				rows = append(rows, c.s.wooShow(c.s.wooProduct(product)))
			}
		}
		return wooSlice(p, rows, func(r m) m { return r })
	}
	all := slices.DeleteFunc(c.s.wooProducts(), func(x *wooProduct) bool {
		if status := q.Get("status"); status != "" && status != "any" && (status == "publish") != (x.items[0].status == active) {
			return true
		}
		return !after.IsZero() && !x.changed().Truncate(time.Second).After(after)
	})
	switch by := orElse(q.Get("orderby"), "date"); by {
	case "modified":
		slices.SortStableFunc(all, func(a, b *wooProduct) int { return a.changed().Compare(b.changed()) })
	case "date", "id":
		slices.SortStableFunc(all, func(a, b *wooProduct) int {
			return cmp.Or(cmp.Compare(len(a.id), len(b.id)), strings.Compare(a.id, b.id))
		})
	default:
		return wooError(http.StatusBadRequest, "rest_invalid_param", "Invalid parameter(s): orderby")
	}
	if orElse(q.Get("order"), "desc") == "desc" {
		slices.Reverse(all)
	}
	return wooSlice(p, all, c.s.wooShow)
}

var wooNoItem = wooError(http.StatusNotFound, "woocommerce_rest_product_invalid_id", "Invalid ID.")

func (w *World) wooItem(c *call, id string) reply {
	if p := c.s.wooProduct(id); p != nil {
		return jsonReply(http.StatusOK, c.s.wooShow(p))
	}
	return wooNoItem
}

func (w *World) wooVariations(c *call, id string) reply {
	p, bad := wooPaged(c)
	if bad != nil {
		return *bad
	}
	of := c.s.wooProduct(id)
	if of == nil {
		return wooError(http.StatusNotFound, "woocommerce_rest_product_invalid_id", "Invalid product ID.")
	}
	if !of.many {
		return p.answer(nil, 0)
	}
	return wooSlice(p, of.items, c.s.wooShowVariation)
}

// wooVariant is a variation of a product, or nil.
func (s *store) wooVariant(product, id string) *item {
	of := s.wooProduct(product)
	if of == nil || !of.many {
		return nil
	}
	if i := slices.IndexFunc(of.items, func(it *item) bool { return it.id == id }); i >= 0 {
		return of.items[i]
	}
	return nil
}

func (w *World) wooVariation(c *call, ids []string) reply {
	if it := c.s.wooVariant(ids[0], ids[1]); it != nil {
		return jsonReply(http.StatusOK, c.s.wooShowVariation(it))
	}
	return wooError(http.StatusNotFound, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
}

// wooRow is what of a product may be changed here.
type wooRow struct {
	ID       json.Number  `json:"id"`
	Managed  *bool        `json:"manage_stock"`
	Quantity *json.Number `json:"stock_quantity"`
	Price    string       `json:"regular_price"`
}

// apply changes a listing, or tells what is wrong.
func (s *store) wooApply(it *item, r wooRow) *reply {
	bad := func(what string) *reply {
		e := wooError(http.StatusBadRequest, "rest_invalid_param", "Invalid parameter(s): "+what)
		return &e
	}
	if r.Quantity != nil {
		n, err := strconv.Atoi(string(*r.Quantity))
		if err != nil {
			return bad("stock_quantity")
		}
		if r.Managed != nil && !*r.Managed {
			return bad("manage_stock")
		}
		l := it.levels[0]
		s.setStock(it, l, n)
		s.recordStock(it, l, "")
	}
	if r.Price != "" {
		v, code := ebayMoney(&ebayAmount{Value: r.Price, Currency: it.currency}, &order{currency: it.currency})
		if code != 0 {
			return bad("regular_price")
		}
		it.price, it.updated = v, s.w.now()
		s.changed(changeItem, it.sku)
	}
	return nil
}

func (w *World) wooSetItem(c *call, id string) reply {
	p := c.s.wooProduct(id)
	if p == nil || p.many {
		return wooError(http.StatusBadRequest, "woocommerce_rest_product_invalid_id", "Invalid ID.")
	}
	var r wooRow
	if decode(c.body, &r) != nil {
		return wooError(http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
	}
	if bad := c.s.wooApply(p.items[0], r); bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, c.s.wooShow(p))
}

func (w *World) wooSetVariation(c *call, ids []string) reply {
	it := c.s.wooVariant(ids[0], ids[1])
	if it == nil {
		return wooError(http.StatusNotFound, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
	}
	var r wooRow
	if decode(c.body, &r) != nil {
		return wooError(http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
	}
	if bad := c.s.wooApply(it, r); bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, c.s.wooShowVariation(it))
}

func (w *World) wooBatch(c *call) reply {
	return c.wooRows(func(id string) (*item, func() m) {
		if p := c.s.wooProduct(id); p != nil && !p.many {
			return p.items[0], func() m { return c.s.wooShow(p) }
		}
		return nil, nil
	}, "woocommerce_rest_product_invalid_id")
}

func (w *World) wooVariationBatch(c *call, product string) reply {
	return c.wooRows(func(id string) (*item, func() m) {
		it := c.s.wooVariant(product, id)
		return it, func() m { return c.s.wooShowVariation(it) }
	}, "woocommerce_rest_product_variation_invalid_id")
}

// wooRows changes each row by itself: one that is refused leaves the others be.
func (c *call) wooRows(find func(id string) (*item, func() m), missing string) reply {
	var q struct {
		Update []wooRow `json:"update"`
	}
	if decode(c.body, &q) != nil {
		return wooError(http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
	}
	if len(q.Update) > 100 {
		return wooError(http.StatusRequestEntityTooLarge, "woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items for this request.")
	}
	out := []m{}
	for _, r := range q.Update {
		it, show := find(string(r.ID))
		if it == nil {
			out = append(out, m{"id": r.ID, "error": m{"code": missing, "message": "Invalid ID.", "data": m{"status": http.StatusBadRequest}}})
			continue
		}
		if bad := c.s.wooApply(it, r); bad != nil {
			out = append(out, m{"id": r.ID, "error": json.RawMessage(bad.body)})
			continue
		}
		out = append(out, show())
	}
	return jsonReply(http.StatusOK, m{"update": out})
}
