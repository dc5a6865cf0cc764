package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const inventoryAPI = "API_INVENTORY"

// shelf is what eBay knows of a SKU beside its offer: a quantity of its own, and
// whether the offer has one that overrides it.
type shelf struct {
	quantity int
	override bool
}

// shelf is a SKU's; every third listing is one whose offer has its own quantity.
func (s *store) shelf(it *item) *shelf {
	if s.market.shelves == nil {
		s.market.shelves = map[string]*shelf{}
	}
	sh := s.market.shelves[it.sku]
	if sh == nil {
		sh = &shelf{quantity: it.available(), override: it.image%3 == 2}
		s.market.shelves[it.sku] = sh
	}
	if !sh.override { // sales come off the quantity that the buyers see
		sh.quantity = it.available()
	}
	return sh
}

// ebayPages reads limit and offset where offset is the number of a page.
func ebayPages(c *call, def, most int) (limit, page int, bad *reply) {
	limit = def
	for name, v := range map[string]*int{"limit": &limit, "offset": &page} {
		text := c.URL.Query().Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1_000_000 || name == "limit" && (n < 1 || n > most) {
			r := ebayError(http.StatusBadRequest, 25706, inventoryAPI, "REQUEST", "You have provided invalid pagination values. "+name, "additionalInfo", name)
			return 0, 0, &r
		}
		*v = n
	}
	return limit, page, nil
}

// ebayPageLinks adds what the inventory's listings say of their pages.
func (w *World) ebayPageLinks(c *call, out m, limit, page, size, total int) m {
	link := func(page int) string {
		q := c.URL.Query()
		q.Set("limit", strconv.Itoa(limit))
		q.Set("offset", strconv.Itoa(page))
		return w.base(c.Request) + "/ebay/" + c.s.Name + c.path + "?" + q.Encode()
	}
	out["href"], out["limit"], out["size"], out["total"] = link(page), limit, size, total
	if (page+1)*limit < total {
		out["next"] = link(page + 1)
	}
	if page > 0 {
		out["prev"] = link(page - 1)
	}
	return out
}

func (w *World) ebayItemJSON(c *call, it *item) m {
	return m{"sku": it.sku, "locale": c.s.site().locale, "condition": "NEW", "product": m{"title": it.title, "imageUrls": []string{w.base(c.Request) + "/images/" + strconv.Itoa(it.image+1) + ".png"}},
		"availability": m{"shipToLocationAvailability": m{"quantity": c.s.shelf(it).quantity}}}
}

func (w *World) ebayItems(c *call) reply {
	limit, page, bad := ebayPages(c, 25, 200)
	if bad != nil {
		return *bad
	}
	out := []m{}
	start := min(page*limit, len(c.s.items))
	for _, it := range c.s.items[start:min(start+limit, len(c.s.items))] {
		out = append(out, w.ebayItemJSON(c, it))
	}
	return jsonReply(http.StatusOK, w.ebayPageLinks(c, m{"inventoryItems": out}, limit, page, len(out), len(c.s.items)))
}

func (w *World) ebayItem(c *call, sku string) reply {
	it := c.s.bySKU[sku]
	if it == nil {
		return ebayError(http.StatusNotFound, 25710, inventoryAPI, "REQUEST", "We didn't find the resource/entity you are requesting. Please verify the request", "sku", sku)
	}
	return jsonReply(http.StatusOK, w.ebayItemJSON(c, it))
}

func (w *World) ebayOfferJSON(c *call, it *item) m {
	state, listing := "PUBLISHED", "ACTIVE"
	switch {
	case it.status != active:
		state, listing = "UNPUBLISHED", "ENDED"
	case it.available() == 0:
		listing = "OUT_OF_STOCK"
	}
	return m{"offerId": it.offer, "sku": it.sku, "marketplaceId": c.s.Marketplace, "format": "FIXED_PRICE", "availableQuantity": it.available(), "status": state, "categoryId": "20697",
		"merchantLocationKey": c.s.places[0].id, "listingDuration": "GTC", "listing": m{"listingId": it.id, "listingStatus": listing, "soldQuantity": 0},
		"pricingSummary": m{"price": m{"value": it.money().Decimal(), "currency": it.currency}}, "listingPolicies": m{"fulfillmentPolicyId": "1", "paymentPolicyId": "1", "returnPolicyId": "1"}}
}

func (w *World) ebayOffers(c *call) reply {
	q := c.URL.Query()
	limit, page, bad := ebayPages(c, 100, 200)
	if bad != nil {
		return *bad
	}
	it := c.s.bySKU[q.Get("sku")]
	switch {
	case q.Get("sku") == "":
		return ebayError(http.StatusBadRequest, 25709, inventoryAPI, "REQUEST", "Invalid value for sku.", "fieldName", "sku")
	case it == nil, q.Get("marketplace_id") != "" && q.Get("marketplace_id") != c.s.Marketplace, q.Get("format") != "" && q.Get("format") != "FIXED_PRICE":
		return ebayError(http.StatusNotFound, 25713, inventoryAPI, "REQUEST", "This Offer is not available.")
	}
	out := []m{}
	if page == 0 {
		out = append(out, w.ebayOfferJSON(c, it))
	}
	return jsonReply(http.StatusOK, w.ebayPageLinks(c, m{"offers": out}, limit, page, len(out), 1))
}

func (w *World) ebayOffer(c *call, id string) reply {
	it := c.s.itemBy(func(it *item) bool { return it.offer == id })
	if it == nil {
		return ebayError(http.StatusNotFound, 25713, inventoryAPI, "REQUEST", "This Offer is not available.", "offerId", id)
	}
	return jsonReply(http.StatusOK, w.ebayOfferJSON(c, it))
}

type ebayQuantity struct {
	SKU  string `json:"sku"`
	Here *struct {
		Quantity *int `json:"quantity"`
	} `json:"shipToLocationAvailability"`
	Offers []struct {
		ID       string      `json:"offerId"`
		Quantity *int        `json:"availableQuantity"`
		Price    *ebayAmount `json:"price"`
	} `json:"offers"`
}

// ebayQuantities sets quantities. Each row is done or refused by itself; what
// buyers see is the offer's quantity where it has one.
func (w *World) ebayQuantities(c *call) reply {
	var q struct {
		Requests []ebayQuantity `json:"requests"`
	}
	if decode(c.body, &q) != nil || len(q.Requests) == 0 || len(q.Requests) > 25 {
		return ebayError(http.StatusBadRequest, 25709, inventoryAPI, "REQUEST", "Invalid value for requests. There must be between 1 and 25.", "fieldName", "requests")
	}
	out, status := []m{}, http.StatusOK
	answer := func(sku, offer string, code, id int, message string) {
		row := m{"sku": sku, "statusCode": code}
		if offer != "" {
			row["offerId"] = offer
		}
		if id != 0 {
			status = http.StatusMultiStatus
			row["errors"] = []m{{"errorId": id, "domain": inventoryAPI, "category": "REQUEST", "message": message}}
		}
		out = append(out, row)
	}
	for _, r := range q.Requests {
		it := c.s.bySKU[r.SKU]
		if it == nil {
			answer(r.SKU, "", http.StatusNotFound, 25702, r.SKU+" could not be found or is not available in the system.")
			continue
		}
		here := r.Here != nil && r.Here.Quantity != nil
		switch {
		case !here && len(r.Offers) == 0:
			answer(r.SKU, "", http.StatusBadRequest, 25709, "Invalid value for shipToLocationAvailability.")
			continue
		case here && *r.Here.Quantity < 0:
			answer(r.SKU, "", http.StatusBadRequest, 25709, "Invalid value for quantity.")
			continue
		case c.s.revisions(it) >= ebayRevisions:
			answer(r.SKU, "", http.StatusBadRequest, 25002, "The listing was revised too often today.")
			continue
		}
		sh := c.s.shelf(it)
		if here {
			sh.quantity = *r.Here.Quantity
			if !sh.override {
				c.s.offerQuantity(it, *r.Here.Quantity)
			}
		}
		if len(r.Offers) == 0 {
			answer(r.SKU, "", http.StatusOK, 0, "")
		}
		for _, o := range r.Offers {
			switch {
			case o.ID != it.offer:
				answer(r.SKU, o.ID, http.StatusNotFound, 25713, "This Offer is not available.")
			case o.Quantity != nil && *o.Quantity < 0:
				answer(r.SKU, o.ID, http.StatusBadRequest, 25709, "Invalid value for availableQuantity.")
			case o.Quantity == nil && o.Price == nil:
				answer(r.SKU, o.ID, http.StatusBadRequest, 25709, "Invalid value for offers.")
			default:
				if o.Price != nil {
					v, code := ebayMoney(o.Price, &order{currency: it.currency})
					if code != 0 {
						answer(r.SKU, o.ID, http.StatusBadRequest, 25709, "Invalid value for price.")
						continue
					}
					it.price = v
				}
				if o.Quantity != nil {
					sh.override = true
					c.s.offerQuantity(it, *o.Quantity)
				}
				answer(r.SKU, o.ID, http.StatusOK, 0, "")
			}
		}
	}
	return jsonReply(status, m{"responses": out})
}

// ebayRevisions is how often a listing may be changed in a day.
const ebayRevisions = 250

// revisions counts how often a listing was changed today, and this time.
func (s *store) revisions(it *item) int {
	day := ebayDay(s.w.now())
	if s.market.revised == nil || s.market.revisedOn != day {
		s.market.revised, s.market.revisedOn = map[string]int{}, day
	}
	n := s.market.revised[it.sku]
	s.market.revised[it.sku]++
	return n
}

// offerQuantity sets what buyers see. Without the preference that keeps what is
// out of stock, the listing ends instead.
func (s *store) offerQuantity(it *item, n int) {
	l := it.levels[0]
	if n == 0 && s.market.endsAtZero {
		it.status = inactive
	}
	s.setStock(it, l, n)
	s.recordStock(it, l, "")
}

// pacific is the time by which eBay's days begin. Its summer time is left out: a
// machine need not know the rules, and a day is as long without them.
var pacific = time.FixedZone("PST", -8*3600)

func ebayDay(t time.Time) string { return t.In(pacific).Format(time.DateOnly) }

// ebayReset is when the day's counts begin anew.
func ebayReset(t time.Time) time.Time {
	y, mo, d := t.In(pacific).Date()
	return time.Date(y, mo, d+1, 0, 0, 0, 0, pacific).UTC()
}

// ebayAPIs are the parts of eBay that have a count of their own.
var ebayAPIs = []struct{ context, name, version, resource string }{
	{"sell", "fulfillment", "v1", "sell.fulfillment"}, {"commerce", "message", "v1", "commerce.message"}, {"sell", "inventory", "v1", "sell.inventory"},
	{"commerce", "notification", "v1", "commerce.notification"}, {"buy", "postorder", "v2", "postorder"}, {"commerce", "identity", "v1", "commerce.identity"},
	{"developer", "analytics", "v1_beta", "developer.analytics"}, {"developer", "key_management", "v1", "developer.key_management"},
}

// spendDay counts a call against its API's day, and tells whether there was room.
func (s *store) spendDay(api string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	day := ebayDay(s.w.now())
	if s.market.calls == nil || s.market.callsOn != day {
		s.market.calls, s.market.callsOn = map[string]int{}, day
	}
	if s.limits.bind() && s.market.calls[api] >= s.daily(api) {
		return false
	}
	s.market.calls[api]++
	return true
}

func (s *store) daily(api string) int {
	if n, ok := s.market.dailyOf[api]; ok {
		return n
	}
	if !s.limits.bind() {
		return ebayPlenty
	}
	return ebayDaily
}

func (w *World) ebayLimits(c *call) reply {
	q, now := c.URL.Query(), w.now()
	var all []m
	for _, a := range ebayAPIs {
		if v := q.Get("api_name"); v != "" && !strings.EqualFold(v, a.name) {
			continue
		}
		if v := q.Get("api_context"); v != "" && !strings.EqualFold(v, a.context) {
			continue
		}
		used := 0
		if c.s.market.callsOn == ebayDay(now) {
			used = c.s.market.calls[a.name]
		}
		n := c.s.daily(a.name)
		all = append(all, m{"apiContext": a.context, "apiName": a.name, "apiVersion": a.version, "resources": []m{{"name": a.resource,
			"rates": []m{{"limit": n, "remaining": max(0, n-used), "reset": stamp(ebayReset(now)), "timeWindow": 86400}}}}})
	}
	if len(all) == 0 {
		return reply{status: http.StatusNoContent}
	}
	return jsonReply(http.StatusOK, m{"rateLimits": all})
}

// SetDaily changes how many calls a day an API of an eBay account takes while
// limits are on: "fulfillment", "message", "inventory", "notification", "postorder".
func (w *World) SetDaily(store, api string, n int) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	if s.Platform != Ebay || !slices.ContainsFunc(ebayAPIs, func(a struct{ context, name, version, resource string }) bool { return a.name == api }) {
		return fmt.Errorf("%w: the daily calls of %q at %q", ErrBadLever, api, store)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.market.dailyOf == nil {
		s.market.dailyOf = map[string]int{}
	}
	s.market.dailyOf[api] = n
	return nil
}
