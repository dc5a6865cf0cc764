package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stockDue is a quantity that Amazon has accepted and not shown yet.
type stockDue struct {
	sku     string
	channel string
	qty     int
	at      time.Time
}

var listingData = []string{"summaries", "attributes", "issues", "offers", "fulfillmentAvailability", "procurement", "relationships", "productTypes"}

const productType = "HOME"

// goodsRoutes are the operations about listings, quantities and parcels.
func (w *World) goodsRoutes() []amazonRoute {
	const base = "/listings/2021-08-01/items/{}"
	return []amazonRoute{
		{http.MethodGet, base, "items", "listings", 5, 5, false, named(w.amazonListings)},
		{http.MethodGet, base + "/{}", "item", "listings", 5, 10, false, w.amazonListing},
		{http.MethodPatch, base + "/{}", "stock", "listings", 5, 5, false, w.amazonPatchListing},
		{http.MethodGet, "/fba/inventory/v1/summaries", "inventory", "inventory", 2, 2, false, fixed(w.amazonInventory)},
		{http.MethodPost, "/orders/v0/orders/{}/shipmentConfirmation", "ship", "orders", 2, 10, false, named(w.amazonConfirm)},
	}
}

// buyable are Amazon's words for whether a listing can be found and bought.
func buyable(it *item) []string {
	switch {
	case it.status != active:
		return []string{}
	case it.available() == 0:
		return []string{"DISCOVERABLE"}
	}
	return []string{"BUYABLE", "DISCOVERABLE"}
}

func (s *store) listingIssues(it *item) []m {
	out := append([]m{}, s.market.issues[it.sku]...)
	if it.status == blocked {
		out = append(out, m{"code": "5883", "message": "The listing was taken down.", "severity": "ERROR", "categories": []string{"QUALIFICATION_REQUIRED"}, "marketplaceIds": []string{s.Marketplace},
			"enforcements": m{"actions": []m{{"action": "LISTING_SUPPRESSED"}}, "exemption": m{"status": "NOT_EXEMPT"}}})
	}
	return out
}

func (w *World) listingJSON(c *call, it *item, data []string) m {
	s := c.s
	out := m{"sku": it.sku}
	here := func(v m) []m { v["marketplaceId"] = s.Marketplace; return []m{v} }
	price := m{"currencyCode": it.currency, "amount": it.money().Decimal()}
	var channels []m
	for _, l := range it.levels {
		one := m{"fulfillmentChannelCode": l.place}
		if !it.fba { // what lies with Amazon is not counted here
			one["quantity"] = l.available
		}
		channels = append(channels, one)
	}
	for _, name := range data {
		switch name {
		case "summaries":
			sum := m{"asin": it.id, "productType": productType, "conditionType": "new_new", "status": buyable(it), "itemName": it.title,
				"createdDate": amazonTime(it.created), "lastUpdatedDate": amazonTime(it.updated),
				"mainImage": m{"link": w.base(c.Request) + "/images/" + strconv.Itoa(it.image+1) + ".png", "height": 120, "width": 120}}
			if it.fba {
				sum["fnSku"] = fnSKU(it)
			}
			out[name] = here(sum)
		case "attributes":
			avail := []m{}
			for _, l := range it.levels {
				one := m{"fulfillment_channel_code": l.place}
				if !it.fba {
					one["quantity"] = l.available
					if it.lead > 0 {
						one["lead_time_to_ship_max_days"] = it.lead
					}
				}
				avail = append(avail, one)
			}
			out[name] = m{"fulfillment_availability": avail, "item_name": []m{{"value": it.title, "language_tag": s.site().locale, "marketplace_id": s.Marketplace}}}
		case "issues":
			out[name] = s.listingIssues(it)
		case "offers":
			out[name] = here(m{"offerType": "B2C", "price": price})
		case "fulfillmentAvailability":
			out[name] = channels
		case "relationships":
			out[name] = here(m{"relationships": []m{}})
		case "productTypes":
			out[name] = here(m{"productType": productType})
		}
	}
	return out
}

// listingAsked checks what all operations on listings have in common.
func listingAsked(c *call, seller string) (data []string, bad *reply) {
	q := c.URL.Query()
	fail := func(r reply) ([]string, *reply) { return nil, &r }
	if seller != c.s.seller {
		return fail(amazonError(http.StatusForbidden, "Unauthorized", "Access to requested resource is denied.", "sellerId"))
	}
	if ids := listOf(q, "marketplaceIds"); len(ids) != 1 || ids[0] != c.s.Marketplace {
		return fail(badInput("marketplaceIds"))
	}
	data = listOf(q, "includedData")
	if len(data) == 0 {
		data = []string{"summaries"}
	}
	return data, nil
}

func (w *World) amazonListing(c *call, parts []string) reply {
	data, bad := listingAsked(c, parts[0])
	if bad != nil {
		return *bad
	}
	if name := unknownOf(data, listingData); name != "" {
		return badInput("includedData: " + name)
	}
	it := c.s.bySKU[parts[1]]
	if it == nil {
		return amazonError(http.StatusNotFound, "NotFound", "SKU '"+parts[1]+"' not found in marketplace "+c.s.Marketplace, "")
	}
	return jsonReply(http.StatusOK, w.listingJSON(c, it, data))
}

// listingPlace is what the token of a page of listings hides.
type listingPlace struct {
	At  time.Time `json:"a"`
	SKU string    `json:"s"`
}

func (w *World) amazonListings(c *call, seller string) reply {
	data, bad := listingAsked(c, seller)
	if bad != nil {
		return *bad
	}
	q := c.URL.Query()
	if name := unknownOf(data, listingData); name != "" {
		return badInput("includedData: " + name)
	}
	size, desc, by := 10, q.Get("sortOrder") != "ASC", orElse(q.Get("sortBy"), "lastUpdatedDate")
	if v := q.Get("pageSize"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 20 {
			return badInput("pageSize must be between 1 and 20.")
		}
		size = n
	}
	if by != "sku" && by != "createdDate" && by != "lastUpdatedDate" {
		return badInput("sortBy")
	}
	names, kind := listOf(q, "identifiers"), q.Get("identifiersType")
	switch {
	case len(names) > 20, (len(names) > 0) != (kind != ""):
		return badInput("identifiers and identifiersType belong together, and there may be twenty at most.")
	case kind != "" && kind != "SKU" && kind != "ASIN" && kind != "FNSKU":
		return badInput("identifiersType")
	}
	spans := map[string]*span{"created": {}, "lastUpdated": {}}
	for name, sp := range spans {
		for suffix, t := range map[string]*time.Time{"After": &sp.from, "Before": &sp.to} {
			if v := q.Get(name + suffix); v != "" {
				at, err := time.Parse(time.RFC3339, v)
				if err != nil {
					return badInput(name + suffix)
				}
				*t = at
			}
		}
	}
	at := func(it *item) time.Time {
		switch by {
		case "createdDate":
			return it.created.Truncate(time.Second)
		case "sku":
			return time.Time{}
		}
		return it.updated.Truncate(time.Second)
	}
	order := func(a, b *item) int {
		n := cmp.Or(at(a).Compare(at(b)), strings.Compare(a.sku, b.sku))
		if desc {
			return -n
		}
		return n
	}
	var found []*item
	for _, it := range c.s.items {
		name := map[string]string{"SKU": it.sku, "ASIN": it.id, "FNSKU": fnSKU(it)}[kind]
		has := buyable(it)
		lacks := func(want []string) bool {
			return slices.ContainsFunc(want, func(v string) bool { return !slices.Contains(has, v) })
		}
		switch {
		case len(names) > 0 && !slices.Contains(names, name), !spans["created"].holds(it.created), !spans["lastUpdated"].holds(it.updated),
			lacks(listOf(q, "withStatus")), slices.ContainsFunc(listOf(q, "withoutStatus"), func(v string) bool { return slices.Contains(has, v) }):
			continue
		}
		if severe := listOf(q, "withIssueSeverity"); len(severe) > 0 && !slices.ContainsFunc(c.s.listingIssues(it), func(x m) bool { return slices.Contains(severe, x["severity"].(string)) }) {
			continue
		}
		found = append(found, it)
	}
	slices.SortFunc(found, order)
	start := 0
	if token := q.Get("pageToken"); token != "" {
		var p listingPlace
		if !uncursor(token, &p) {
			return badInput("pageToken")
		}
		last := &item{sku: p.SKU, updated: p.At, created: p.At}
		for start < len(found) && order(found[start], last) <= 0 {
			start++
		}
	}
	answer, out := m{"numberOfResults": len(found)}, []m{}
	end := min(start+size, len(found))
	for _, it := range found[start:end] {
		out = append(out, w.listingJSON(c, it, data))
	}
	answer["items"] = out
	if end < len(found) {
		answer["pagination"] = m{"nextToken": cursor(listingPlace{at(found[end-1]), found[end-1].sku})}
	}
	return jsonReply(http.StatusOK, answer)
}

type listingPatch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value []struct {
		Channel  *string `json:"fulfillment_channel_code"`
		Quantity *int    `json:"quantity"`
		Lead     *int    `json:"lead_time_to_ship_max_days"`
	} `json:"value"`
}

// amazonPatchListing takes changes of quantities. It does what the live platform
// does even where sellers wish it did not: a replacement forgets the lead time,
// and another channel moves the listing to that channel.
func (w *World) amazonPatchListing(c *call, parts []string) reply {
	if _, bad := listingAsked(c, parts[0]); bad != nil {
		return *bad
	}
	q := c.URL.Query()
	mode := q.Get("mode")
	if mode != "" && mode != "VALIDATION_PREVIEW" {
		return badInput("mode")
	}
	var in struct {
		Type    string         `json:"productType"`
		Patches []listingPatch `json:"patches"`
	}
	if decode(c.body, &in) != nil || in.Type == "" || len(in.Patches) == 0 {
		return badInput("productType and patches are required.")
	}
	s := c.s
	answer := m{"sku": parts[1], "submissionId": fmt.Sprintf("%032x", s.next())}
	invalid := func(code, category, message string, attributes ...string) reply {
		one := m{"code": code, "message": message, "severity": "ERROR", "categories": []string{category}}
		if attributes != nil {
			one["attributeNames"] = attributes
		}
		answer["status"], answer["issues"] = "INVALID", []m{one}
		return jsonReply(http.StatusOK, answer)
	}
	it := s.bySKU[parts[1]]
	if it == nil {
		return invalid("13013", "INVALID_ATTRIBUTE", "This SKU does not exist in the catalog. Your inventory data was not processed.", "sku")
	}
	const attribute = "fulfillment_availability"
	type step struct {
		due  stockDue
		lead *int
		wipe bool
	}
	var steps []step
	for _, p := range in.Patches {
		switch {
		case !slices.Contains([]string{"add", "replace", "merge", "delete"}, p.Op):
			return badInput("op")
		case p.Path != "/attributes/"+attribute:
			return invalid("90220", "INVALID_ATTRIBUTE", "Only "+attribute+" can be changed here.", strings.TrimPrefix(p.Path, "/attributes/"))
		case len(p.Value) == 0:
			return invalid("90220", "MISSING_ATTRIBUTE", "A value is required.", attribute)
		}
		for _, v := range p.Value {
			switch {
			case v.Channel == nil || *v.Channel != "DEFAULT" && !strings.HasPrefix(*v.Channel, "AMAZON_"):
				return invalid("90244", "INVALID_ATTRIBUTE", "The fulfillment channel is not one of this marketplace.", attribute)
			case v.Quantity != nil && *v.Quantity < 0, p.Op != "delete" && v.Quantity == nil && *v.Channel == "DEFAULT" && v.Lead == nil:
				return invalid("90248", "INVALID_ATTRIBUTE", "The quantity must be a whole number that is not below zero.", attribute)
			}
			st := step{due: stockDue{sku: it.sku, channel: *v.Channel, qty: -1, at: w.now().Add(w.o.Settle)}, lead: v.Lead, wipe: p.Op == "replace" || p.Op == "add"}
			switch {
			case p.Op == "delete":
				st.due.qty = 0
			case v.Quantity != nil:
				st.due.qty = *v.Quantity
			}
			steps = append(steps, st)
		}
	}
	answer["issues"] = []m{}
	if slices.Contains(listOf(q, "includedData"), "identifiers") {
		answer["identifiers"] = []m{{"marketplaceId": s.Marketplace, "asin": it.id}}
	}
	if mode != "" {
		answer["status"] = "VALID"
		return jsonReply(http.StatusOK, answer)
	}
	answer["status"] = "ACCEPTED"
	for _, st := range steps {
		if st.wipe {
			it.lead = 0
		}
		if st.lead != nil {
			it.lead = *st.lead
		}
		if s.market.deafStock > 0 { // accepted, and never heard of again
			s.market.deafStock--
			continue
		}
		s.market.stock = append(s.market.stock, st.due)
	}
	s.ripenStock() // at once, if nothing takes time in this world
	return jsonReply(http.StatusOK, answer)
}

// ripenStock shows the quantities whose time has come.
func (s *store) ripenStock() {
	now := s.w.now()
	due := s.market.stock
	s.market.stock = nil
	for _, d := range due {
		it := s.bySKU[d.sku]
		switch {
		case now.Before(d.at):
			s.market.stock = append(s.market.stock, d)
			continue
		case it == nil || len(it.levels) == 0:
			continue
		}
		l := it.levels[0]
		l.place, it.fba = d.channel, d.channel != "DEFAULT"
		if d.qty < 0 || it.fba { // Amazon counts what lies with it by itself
			it.updated = now
			continue
		}
		s.setStock(it, l, d.qty)
		s.recordStock(it, l, "")
	}
}

func (w *World) amazonInventory(c *call) reply {
	q := c.URL.Query()
	ids, skus := listOf(q, "marketplaceIds"), listOf(q, "sellerSkus")
	switch {
	case q.Get("granularityType") != "Marketplace":
		return badInput("granularityType")
	case q.Get("granularityId") != c.s.Marketplace, len(ids) != 1 || ids[0] != c.s.Marketplace:
		return badInput("granularityId and marketplaceIds must name a marketplace of the seller.")
	case len(skus) > 50:
		return badInput("sellerSkus")
	}
	if v := q.Get("sellerSku"); v != "" {
		skus = append(skus, v)
	}
	var since time.Time
	if v := q.Get("startDateTime"); v != "" {
		at, err := time.Parse(time.RFC3339, v)
		if err != nil || at.Before(w.now().AddDate(-1, -6, 0)) {
			return badInput("startDateTime")
		}
		since = at
	}
	// The token is a place only: without startDateTime again, what follows is not
	// filtered any more.
	start := 0
	if token := q.Get("nextToken"); token != "" && !uncursor(token, &start) || start < 0 {
		return badInput("nextToken")
	}
	out, next := []m{}, -1
	for i := start; i < len(c.s.items); i++ {
		it := c.s.items[i]
		if !it.fba || it.updated.Before(since) || len(skus) > 0 && !slices.Contains(skus, it.sku) {
			continue
		}
		if len(out) == 50 {
			next = i
			break
		}
		l := it.levels[0]
		one := m{"asin": it.id, "fnSku": fnSKU(it), "sellerSku": it.sku, "condition": "NewItem", "lastUpdatedTime": amazonTime(l.updated), "productName": it.title,
			"totalQuantity": l.available + l.reserved + l.inbound}
		if q.Get("details") == "true" {
			one["inventoryDetails"] = m{"fulfillableQuantity": l.available, "inboundWorkingQuantity": 0, "inboundShippedQuantity": l.inbound, "inboundReceivingQuantity": 0,
				"reservedQuantity": m{"totalReservedQuantity": l.reserved, "pendingCustomerOrderQuantity": l.reserved, "pendingTransshipmentQuantity": 0, "fcProcessingQuantity": 0}}
		}
		out = append(out, one)
	}
	answer := m{"payload": m{"granularity": m{"granularityType": "Marketplace", "granularityId": c.s.Marketplace}, "inventorySummaries": out}}
	if next >= 0 {
		answer["pagination"] = m{"nextToken": cursor(next)}
	}
	return jsonReply(http.StatusOK, answer)
}
