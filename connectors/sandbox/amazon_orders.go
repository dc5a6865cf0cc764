package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (o *order) price(minor int64) m { return m{"amount": o.dec(minor), "currencyCode": o.currency} }

// listOf reads an array parameter, given either with commas or several times.
func listOf(q url.Values, name string) []string {
	var all []string
	for _, v := range q[name] {
		for _, one := range strings.Split(v, ",") {
			if one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

var amazonData = []string{"BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX", "PAYMENT", "FULFILLMENT_ORDERS"}

var amazonStatus = map[string]string{unshipped: "UNSHIPPED", partly: "PARTIALLY_SHIPPED", shipped: "SHIPPED", delivered: "SHIPPED", cancelled: "CANCELLED"}

func amazonTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (w *World) amazonOrderJSON(c *call, o *order, data []string) m {
	s, site := c.s, c.s.site()
	has := func(name string) bool { return slices.Contains(data, name) }
	out := m{"orderId": o.id, "createdTime": amazonTime(o.created), "lastUpdatedTime": amazonTime(o.updated), "programs": []string{},
		"salesChannel": m{"channelName": "AMAZON", "marketplaceId": s.Marketplace, "marketplaceName": site.name}}
	if o.number != o.id {
		out["orderAliases"] = []m{{"aliasId": o.number, "aliasType": "SELLER_ORDER_ID"}}
	}
	if has("BUYER") {
		out["buyer"] = m{"buyerName": o.buyer.name, "buyerEmail": o.buyer.email}
	}
	if has("RECIPIENT") {
		out["recipient"] = m{"deliveryAddress": m{"name": o.buyer.name, "addressLine1": o.buyer.street, "city": o.buyer.city, "stateOrRegion": o.buyer.city,
			"postalCode": o.buyer.zip, "countryCode": o.buyer.country, "addressType": "RESIDENTIAL"}}
	}
	if has("PROCEEDS") {
		parts := []m{{"type": "ITEM", "subtotal": o.price(o.items())}}
		if o.ship() > 0 {
			parts = append(parts, m{"type": "SHIPPING", "subtotal": o.price(o.ship())})
		}
		if o.tax() > 0 {
			parts = append(parts, m{"type": "TAX", "subtotal": o.price(o.tax())})
		}
		out["proceeds"] = m{"grandTotal": o.price(o.total()), "breakdowns": parts}
	}
	if has("PAYMENT") {
		out["payment"] = m{"paymentExecutions": []m{{"paymentMethod": "CreditCard", "paymentAmount": o.price(o.total())}}}
	}
	if has("FULFILLMENT") {
		out["fulfillment"] = m{"fulfillmentStatus": amazonStatus[o.status], "fulfilledBy": "MERCHANT", "fulfillmentServiceLevel": "STANDARD",
			"shipByWindow":    m{"earliestDateTime": amazonTime(o.created), "latestDateTime": amazonTime(o.created.Add(48 * time.Hour))},
			"deliverByWindow": m{"earliestDateTime": amazonTime(o.created.Add(72 * time.Hour)), "latestDateTime": amazonTime(o.created.Add(144 * time.Hour))}}
	}
	var items []m
	for _, l := range o.lines {
		unit := l.price / int64(max(l.qty, 1))
		it := m{"orderItemId": l.id, "quantityOrdered": l.qty, "programs": []string{}, "product": m{"asin": l.item, "title": l.title, "sellerSku": l.sku,
			"condition": m{"conditionType": "NEW", "conditionSubtype": "NEW", "conditionNote": ""}, "price": m{"unitPrice": o.price(unit)}}}
		if has("PROCEEDS") {
			parts := []m{{"type": "ITEM", "subtotal": o.price(l.price)}}
			if l.ship > 0 {
				parts = append(parts, m{"type": "SHIPPING", "subtotal": o.price(l.ship)})
			}
			if l.tax > 0 {
				parts = append(parts, m{"type": "TAX", "subtotal": o.price(l.tax), "detailedBreakdowns": []m{{"subtype": "ITEM", "value": o.price(l.tax)}}})
			}
			it["proceeds"] = m{"proceedsTotal": o.price(l.total()), "breakdowns": parts}
		}
		if has("FULFILLMENT") {
			it["fulfillment"] = m{"quantityFulfilled": min(o.sent(l), l.qty), "quantityUnfulfilled": o.toSend(l)}
		}
		if has("CANCELLATION") {
			switch {
			case o.status == cancelled:
				it["cancellation"] = m{"cancellationExecution": m{"cancelledBy": "BUYER", "cancelReason": "BUYER_REQUESTED"}}
			case o.cancelRequested:
				it["cancellation"] = m{"cancellationRequest": m{"requester": "BUYER", "cancelReason": "Ordered by mistake"}}
			}
		}
		items = append(items, it)
	}
	out["orderItems"] = items
	if has("PACKAGES") && len(o.shipments) > 0 {
		out["packages"] = amazonPackages(o)
	}
	return out
}

func (w *World) amazonOrder(c *call, id string) reply {
	data := listOf(c.URL.Query(), "includedData")
	if bad := unknownOf(data, amazonData); bad != "" {
		return badInput("includedData: " + bad)
	}
	o := c.s.order(id)
	if o == nil {
		if strings.Count(id, "-") != 2 {
			return badInput("orderId")
		}
		return amazonError(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", id)
	}
	return jsonReply(http.StatusOK, m{"order": w.amazonOrderJSON(c, o, data)})
}

func unknownOf(list, known []string) string {
	for _, v := range list {
		if !slices.Contains(known, v) {
			return v
		}
	}
	return ""
}

// amazonPlace is what a pagination token hides: the search and where it stands.
type amazonPlace struct {
	By       string    `json:"b"`
	From     time.Time `json:"f"`
	To       time.Time `json:"t,omitzero"`
	After    time.Time `json:"a,omitzero"`
	AfterID  string    `json:"i,omitempty"`
	Size     int       `json:"s"`
	States   []string  `json:"st,omitempty"`
	Dead     time.Time `json:"d"`
	NotHere  bool      `json:"n,omitempty"`
	Included []string  `json:"x,omitempty"`
}

func (w *World) amazonOrders(c *call) reply {
	q, now := c.URL.Query(), w.now()
	data := listOf(q, "includedData")
	if bad := unknownOf(data, amazonData); bad != "" {
		return badInput("includedData: " + bad)
	}
	var p amazonPlace
	if token := q.Get("paginationToken"); token != "" {
		if !uncursor(token, &p) || now.After(p.Dead) {
			return badInput("paginationToken")
		}
		if len(data) == 0 {
			data = p.Included
		}
	} else {
		times := map[string]time.Time{}
		for _, name := range []string{"createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore"} {
			v := q.Get(name)
			if v == "" {
				continue
			}
			t, err := time.Parse(time.RFC3339, v)
			if err != nil {
				return badInput(name + " is not an ISO 8601 date-time")
			}
			times[name] = t
		}
		_, created := times["createdAfter"]
		_, updated := times["lastUpdatedAfter"]
		if created == updated {
			return badInput("Exactly one of createdAfter and lastUpdatedAfter must be provided.")
		}
		p = amazonPlace{By: "created", Size: 100, States: listOf(q, "fulfillmentStatuses"), Included: data}
		other := "lastUpdatedBefore"
		if updated {
			p.By, other = "lastUpdated", "createdBefore"
		}
		p.From, p.To = times[p.By+"After"], times[p.By+"Before"]
		if _, mixed := times[other]; mixed {
			return badInput(other + " cannot be combined with " + p.By + "After.")
		}
		if !p.To.IsZero() && (p.To.Before(p.From) || p.To.After(now.Add(-2*time.Minute))) {
			return badInput(p.By + "Before must be after " + p.By + "After and at least two minutes before the request.")
		}
		if v := q.Get("maxResultsPerPage"); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > 100 {
				return badInput("maxResultsPerPage must be between 1 and 100.")
			}
			p.Size = n
		}
		if ids := listOf(q, "marketplaceIds"); len(ids) > 50 {
			return badInput("marketplaceIds")
		} else if len(ids) > 0 {
			p.NotHere = !slices.Contains(ids, c.s.Marketplace)
		}
		if by := listOf(q, "fulfilledBy"); len(by) > 0 && !slices.Contains(by, "MERCHANT") {
			p.NotHere = true
		}
	}
	list := c.s.between(p.By == "lastUpdated", p.From, p.To)
	if p.AfterID != "" {
		list = list.after(p.After, p.AfterID)
	}
	out, more := []m{}, false
	for i := range list.len() {
		o := list.at(i)
		if p.NotHere || len(p.States) > 0 && !slices.Contains(p.States, amazonStatus[o.status]) {
			continue
		}
		if len(out) == p.Size {
			more = true
			break
		}
		out = append(out, w.amazonOrderJSON(c, o, data))
		if p.After, p.AfterID = o.created, o.id; p.By == "lastUpdated" {
			p.After = o.updated
		}
	}
	answer := m{"orders": out, p.By + "Before": amazonTime(orElse(p.To, now.Add(-2*time.Minute)))}
	if more {
		p.Dead = now.Add(24 * time.Hour)
		answer["pagination"] = m{"nextToken": cursor(p)}
	}
	return jsonReply(http.StatusOK, answer)
}
