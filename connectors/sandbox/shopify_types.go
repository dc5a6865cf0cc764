package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

func when(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// points is an amount as Shopify writes it in a MoneyV2: "59.9", "1200.0".
func (o *order) points(minor int64) string {
	whole, frac, _ := strings.Cut(o.dec(minor), ".")
	return whole + "." + orElse(strings.TrimRight(frac, "0"), "0")
}

func (o *order) v2(minor int64) *object {
	return fieldsOf("MoneyV2", m{"amount": o.points(minor), "currencyCode": o.currency})
}

// bag is an amount in both currencies, which are the same here.
func (o *order) bag(minor int64) *object {
	return &object{"MoneyBag", func(string, args) (any, error) { return o.v2(minor), nil }}
}

func financial(o *order) string {
	switch back := o.refunded(); {
	case back >= o.total() && back > 0:
		return "REFUNDED"
	case back > 0:
		return "PARTIALLY_REFUNDED"
	}
	return "PAID"
}

func fulfilmentState(o *order) string {
	return map[string]string{unshipped: "UNFULFILLED", partly: "PARTIALLY_FULFILLED", shipped: "FULFILLED", delivered: "FULFILLED", cancelled: "UNFULFILLED"}[o.status]
}

func (x *exec) order(o *order) *object {
	return &object{"Order", func(f string, a args) (any, error) { return x.orderField(o, f, a) }}
}

func (x *exec) orderField(o *order, f string, a args) (any, error) {
	units := func(n func(*line) int) (sum int) {
		for _, l := range o.lines {
			sum += n(l)
		}
		return sum
	}
	switch f {
	case "id":
		return gid("Order", o.id), nil
	case "legacyResourceId":
		return o.legacy, nil
	case "name":
		return "#" + o.number, nil
	case "number":
		return number(o.number), nil
	case "confirmationNumber":
		return "SBX" + o.number, nil
	case "createdAt", "processedAt":
		return when(o.created), nil
	case "updatedAt":
		return when(o.updated), nil
	case "cancelledAt":
		if o.status == cancelled {
			return when(o.updated), nil
		}
	case "cancelReason":
		if o.status == cancelled {
			return "CUSTOMER", nil
		}
	case "closed":
		return o.status == cancelled || o.archived, nil
	case "disputes":
		return list(o.disputes, func(_ int, id string) *object {
			return disputed(id)
		}), nil
	case "closedAt":
		if o.status == cancelled || o.archived {
			return when(o.updated), nil
		}
	case "confirmed", "requiresShipping", "restockable":
		return true, nil
	case "edited", "test", "unpaid", "taxesIncluded":
		return false, nil
	case "fullyPaid":
		return true, nil
	case "refundable":
		return o.refunded() < o.total(), nil
	case "currencyCode", "presentmentCurrencyCode":
		return o.currency, nil
	case "customer":
		return x.customer(o.buyer), nil
	case "customerLocale":
		return o.buyer.lang, nil
	case "displayFinancialStatus":
		return financial(o), nil
	case "displayFulfillmentStatus":
		return fulfilmentState(o), nil
	case "returnStatus":
		return x.orderReturns(o), nil
	case "returns":
		if !x.s.auth.has("read_returns") {
			return nil, denied(f, "read_returns")
		}
		return connect(a, x.s.returnsOf(o.id), "Return", x.ret)
	case "fulfillmentOrders":
		if !x.s.auth.has(readShip) {
			return nil, denied(f, readShip)
		}
		return connect(a, x.fulfilments(o), "FulfillmentOrder", x.fulfilmentOrder)
	case "email":
		return o.buyer.email, nil
	case "note":
		if o.note != "" {
			return o.note, nil
		}
	case "tags", "discountCodes":
		return []any{}, nil
	case "shippingAddress", "billingAddress", "displayAddress":
		return address(o.buyer), nil
	case "lineItems":
		return connect(a, o.lines, "LineItem", func(l *line) *object { return x.line(o, l) })
	case "refunds":
		return list(firstOf(a, o.refunds), func(_ int, r *refund) *object { return x.refund(o, r) }), nil
	case "transactions":
		all := []*object{x.payment(o)}
		for _, r := range o.refunds {
			if r.amount > 0 {
				all = append(all, x.payback(o, r))
			}
		}
		return anys(firstOf(a, all)), nil
	case "transactionsCount":
		return fieldsOf("Count", m{"count": 1 + len(o.refunds), "precision": "EXACT"}), nil
	case "fulfillments":
		return list(firstOf(a, o.shipments), func(_ int, sh *shipment) *object { return x.shipment(o, sh) }), nil
	case "shippingLine":
		return fieldsOf("ShippingLine", m{"id": gid("ShippingLine", o.pay), "title": "Standard", "code": "standard", "source": "shopify", "custom": false, "isRemoved": false,
			"originalPriceSet": o.bag(o.ship()), "discountedPriceSet": o.bag(o.ship()), "currentDiscountedPriceSet": o.bag(o.ship() - o.refundedShip()), "taxLines": []any{}}), nil
	case "taxLines", "currentTaxLines":
		if o.tax() == 0 {
			return []any{}, nil
		}
		return []any{taxLine(o, o.tax())}, nil
	case "totalPriceSet", "originalTotalPriceSet", "totalReceivedSet":
		return o.bag(o.total()), nil
	case "subtotalPriceSet":
		return o.bag(o.items()), nil
	case "totalTaxSet":
		return o.bag(o.tax()), nil
	case "totalShippingPriceSet":
		return o.bag(o.ship()), nil
	case "currentShippingPriceSet":
		return o.bag(o.ship() - o.refundedShip()), nil
	case "totalRefundedSet":
		return o.bag(o.refunded()), nil
	case "totalRefundedShippingSet":
		return o.bag(o.refundedShip()), nil
	case "totalDiscountsSet", "totalOutstandingSet":
		return o.bag(0), nil
	case "netPaymentSet":
		return o.bag(o.total() - o.refunded()), nil
	case "currentTotalPriceSet", "currentSubtotalPriceSet", "currentTotalTaxSet":
		return o.bag(o.current(f)), nil
	case "totalPrice", "totalReceived":
		return o.dec(o.total()), nil
	case "totalTax":
		return o.dec(o.tax()), nil
	case "totalShippingPrice":
		return o.dec(o.ship()), nil
	case "totalRefunded":
		return o.dec(o.refunded()), nil
	case "subtotalPrice":
		return o.dec(o.items()), nil
	case "netPayment":
		return o.dec(o.total() - o.refunded()), nil
	case "paymentGatewayNames":
		return []any{gateway}, nil
	case "sourceName":
		return "web", nil
	case "subtotalLineItemsQuantity":
		return units(func(l *line) int { return l.qty }), nil
	case "currentSubtotalLineItemsQuantity":
		return units(o.left), nil
	case "suggestedRefund":
		return x.suggest(o, a)
	}
	return nil, nil
}

// current is an order's amount without the units that were taken back.
func (o *order) current(field string) (n int64) {
	for _, l := range o.lines {
		left, all := int64(o.left(l)), int64(l.qty)
		if field != "currentTotalTaxSet" {
			n += l.price * left / all
		}
		if field != "currentSubtotalPriceSet" {
			n += l.tax * left / all
		}
	}
	if field == "currentTotalPriceSet" {
		n += o.ship() - o.refundedShip()
	}
	return n
}

func firstOf[T any](a args, in []T) []T {
	if _, ok := a["first"]; ok {
		return in[:min(max(number(a["first"]), 0), len(in))]
	}
	return in
}

func taxLine(o *order, minor int64) *object {
	return fieldsOf("TaxLine", m{"title": "State Tax", "rate": 0.095, "ratePercentage": 9.5, "priceSet": o.bag(minor), "channelLiable": false})
}

func address(b *buyer) *object {
	given, family, _ := strings.Cut(b.name, " ")
	country := map[string]string{"US": "United States", "DE": "Germany", "JP": "Japan"}[b.country]
	return fieldsOf("MailingAddress", m{"id": gid("MailingAddress", b.id), "name": b.name, "firstName": given, "lastName": family, "address1": b.street, "city": b.city, "zip": b.zip,
		"country": country, "countryCodeV2": b.country})
}

func (x *exec) ordersOf(b *buyer) (theirs []*order) {
	return x.s.ordersOf(b)
}

func (x *exec) customer(b *buyer) *object {
	given, family, _ := strings.Cut(b.name, " ")
	return &object{"Customer", func(f string, _ args) (any, error) {
		if !x.s.auth.has("read_customers") && f != "id" {
			return nil, denied(f, "read_customers")
		}
		switch f {
		case "id":
			return gid("Customer", b.id), nil
		case "legacyResourceId":
			return b.id, nil
		case "displayName":
			return b.name, nil
		case "firstName":
			return given, nil
		case "lastName":
			return family, nil
		case "email":
			return b.email, nil
		case "defaultEmailAddress":
			return fieldsOf("CustomerEmailAddress", m{"emailAddress": b.email, "validFormat": true}), nil
		case "locale":
			return b.lang, nil
		case "createdAt", "updatedAt":
			return when(x.w.now().AddDate(0, -6, 0).Truncate(24 * time.Hour)), nil
		case "numberOfOrders":
			return strconv.Itoa(len(x.ordersOf(b))), nil
		case "amountSpent":
			theirs := x.ordersOf(b)
			if len(theirs) > 0 {
				var sum int64
				for _, o := range theirs {
					sum += o.total() - o.refunded()
				}
				return theirs[0].v2(sum), nil
			}
			return (&order{currency: x.s.Currency}).v2(0), nil
		case "defaultAddress":
			return address(b), nil
		case "tags":
			return []any{}, nil
		case "verifiedEmail":
			return true, nil
		}
		return nil, nil
	}}
}

func (x *exec) line(o *order, l *line) *object {
	return &object{"LineItem", func(f string, _ args) (any, error) {
		unit := l.price / int64(max(l.qty, 1))
		switch f {
		case "id":
			return gid("LineItem", l.id), nil
		case "name", "title":
			return l.title, nil
		case "sku":
			return l.sku, nil
		case "vendor":
			return "Sandbox", nil
		case "quantity":
			return l.qty, nil
		case "currentQuantity", "refundableQuantity":
			return o.left(l), nil
		case "unfulfilledQuantity":
			return o.toSend(l), nil
		case "nonFulfillableQuantity":
			return l.qty - o.left(l), nil
		case "image":
			return fieldsOf("Image", m{"id": gid("ImageSource", l.id), "url": x.base + "/images/" + strconv.Itoa(l.image) + ".png", "altText": l.title, "width": 160, "height": 160}), nil
		case "originalUnitPriceSet", "discountedUnitPriceSet", "discountedUnitPriceAfterAllDiscountsSet":
			return o.bag(unit), nil
		case "originalTotalSet", "discountedTotalSet":
			return o.bag(l.price), nil
		case "totalDiscountSet":
			return o.bag(0), nil
		case "taxLines":
			if l.tax == 0 {
				return []any{}, nil
			}
			return []any{taxLine(o, l.tax)}, nil
		case "taxable", "requiresShipping", "restockable":
			return true, nil
		case "isGiftCard":
			return false, nil
		case "product":
			if it := x.s.bySKU[l.sku]; it != nil {
				return x.product(it), nil
			}
			return nil, nil
		case "variant":
			if it := x.s.bySKU[l.sku]; it != nil {
				return x.variant(it), nil
			}
			return nil, nil
		}
		return nil, nil
	}}
}

func (x *exec) refund(o *order, r *refund) *object {
	return &object{"Refund", func(f string, a args) (any, error) {
		switch f {
		case "id":
			return gid("Refund", r.id), nil
		case "legacyResourceId":
			return r.id, nil
		case "createdAt", "updatedAt", "processedAt":
			return when(r.at), nil
		case "note":
			if r.note != "" {
				return r.note, nil
			}
		case "order":
			return x.order(o), nil
		case "totalRefundedSet":
			return o.bag(r.amount), nil
		case "totalRefunded":
			return o.v2(r.amount), nil
		case "refundLineItems":
			return connect(a, r.parts, "RefundLineItem", func(p part) *object { return x.part(o, r, p) })
		case "transactions":
			all := []*refund{r}
			if r.amount == 0 {
				all = nil
			}
			return connect(a, all, "OrderTransaction", func(r *refund) *object { return x.payback(o, r) })
		}
		return nil, nil
	}}
}

func (x *exec) part(o *order, r *refund, p part) *object {
	restock := orElse(p.restock, "NO_RESTOCK")
	out := m{"id": gid("RefundLineItem", r.id+strconv.Itoa(slices.Index(o.lines, p.line))), "lineItem": x.line(o, p.line), "quantity": p.qty, "restockType": restock, "restocked": restock != "NO_RESTOCK",
		"priceSet": o.bag(p.line.price / int64(max(p.line.qty, 1))), "subtotalSet": o.bag(p.price), "totalTaxSet": o.bag(p.tax)}
	if restock != "NO_RESTOCK" {
		out["location"] = x.location()
	}
	return fieldsOf("RefundLineItem", out)
}

func (x *exec) payment(o *order) *object {
	return fieldsOf("OrderTransaction", m{"id": gid("OrderTransaction", o.pay), "kind": "SALE", "status": "SUCCESS", "gateway": gateway, "formattedGateway": "Shopify payments",
		"amountSet": o.bag(o.total()), "createdAt": when(o.created), "processedAt": when(o.created), "maximumRefundableV2": o.v2(max(0, o.total()-o.refunded())), "test": true,
		"order": x.order(o), "paymentId": "sbx-" + o.pay, "manualPaymentGateway": false, "totalUnsettledSet": o.bag(0)})
}

func (x *exec) payback(o *order, r *refund) *object {
	return &object{"OrderTransaction", func(f string, _ args) (any, error) {
		switch f {
		case "parentTransaction":
			return x.payment(o), nil
		case "order":
			return x.order(o), nil
		}
		by, called := gateway, "Shopify payments"
		if r.credit {
			by, called = "shopify_store_credit", "Store credit"
		}
		return m{"id": gid("OrderTransaction", r.tx), "kind": "REFUND", "status": "SUCCESS", "gateway": by, "formattedGateway": called,
			"amountSet": o.bag(r.amount), "createdAt": when(r.at), "processedAt": when(r.at), "test": true, "paymentId": "sbx-" + r.tx, "manualPaymentGateway": false,
			"totalUnsettledSet": o.bag(0)}[f], nil
	}}
}

// suggest is how the platform itself would give something back.
func (x *exec) suggest(o *order, a args) (any, error) {
	var parts []part
	var subtotal, tax, ship int64
	left, shipLeft := max(0, o.total()-o.refunded()), o.ship()-o.refundedShip()
	take := func(l *line, qty int) {
		p := part{line: l, qty: qty, price: share(l.price, l.qty-o.left(l), qty, l.qty), tax: share(l.tax, l.qty-o.left(l), qty, l.qty)}
		parts, subtotal, tax = append(parts, p), subtotal+p.price, tax+p.tax
	}
	full, _ := a["suggestFullRefund"].(bool)
	if full {
		for _, l := range o.lines {
			if n := o.left(l); n > 0 {
				take(l, n)
			}
		}
		ship = shipLeft
	}
	for _, li := range objects(a["refundLineItems"]) {
		id, _ := plain("LineItem", text(li["lineItemId"]))
		if l := o.line(id); l != nil && !full {
			take(l, min(max(number(li["quantity"]), 0), o.left(l)))
		}
	}
	if all, _ := a["refundShipping"].(bool); all {
		ship = shipLeft
	} else if v := text(a["shippingAmount"]); v != "" {
		n, err := o.minor(v)
		if err != nil {
			return nil, &gqlError{"shippingAmount is not an amount", "BAD_REQUEST", ""}
		}
		ship = min(max(n, 0), shipLeft)
	}
	amount := min(left, subtotal+tax+ship)
	tx := []any{}
	if amount > 0 {
		tx = append(tx, fieldsOf("SuggestedOrderTransaction", m{"amountSet": o.bag(amount), "gateway": gateway, "formattedGateway": "Shopify payments", "kind": "SUGGESTED_REFUND",
			"maximumRefundableSet": o.bag(left), "parentTransaction": x.payment(o)}))
	}
	return fieldsOf("SuggestedRefund", m{"amountSet": o.bag(amount), "amount": o.dec(amount), "maximumRefundableSet": o.bag(left), "maximumRefundable": o.dec(left),
		"subtotalSet": o.bag(subtotal), "subtotal": o.dec(subtotal), "discountedSubtotalSet": o.bag(subtotal), "totalTaxSet": o.bag(tax), "totalTaxes": o.dec(tax),
		"totalCartDiscountAmountSet": o.bag(0), "totalDutiesSet": o.bag(0), "suggestedTransactions": tx,
		"refundLineItems": list(parts, func(_ int, p part) *object { return x.part(o, &refund{}, p) }),
		"shipping":        fieldsOf("ShippingRefund", m{"amountSet": o.bag(ship), "maximumRefundableSet": o.bag(shipLeft), "taxSet": o.bag(0)})}), nil
}

func (x *exec) shop() *object {
	at := when(x.w.now().AddDate(-1, 0, 0).Truncate(24 * time.Hour))
	url := "https://" + x.s.seller
	return fieldsOf("Shop", m{"id": gid("Shop", shopID), "name": "Sandbox " + x.s.Name, "email": x.s.address(), "contactEmail": x.s.address(), "myshopifyDomain": x.s.seller,
		"currencyCode": x.s.Currency, "ianaTimezone": "Etc/UTC", "timezoneOffset": "+0000", "url": url, "createdAt": at, "updatedAt": at, "taxesIncluded": false,
		"enabledPresentmentCurrencies": []any{x.s.Currency}, "primaryDomain": fieldsOf("Domain", m{"id": gid("Domain", shopID), "host": x.s.seller, "url": url}),
		"plan": fieldsOf("ShopPlan", m{"displayName": "Development", "publicDisplayName": "Development", "partnerDevelopment": true, "shopifyPlus": false})})
}

func (x *exec) installation() *object {
	scopes := list(x.s.auth.granted(), func(_ int, s string) *object {
		return fieldsOf("AccessScope", m{"handle": s, "description": strings.ReplaceAll(s, "_", " ")})
	})
	return fieldsOf("AppInstallation", m{"id": gid("AppInstallation", shopID), "accessScopes": scopes, "launchUrl": "https://" + x.s.seller + "/admin/apps/desk", "app": x.app()})
}

func (x *exec) app() *object {
	return fieldsOf("App", m{"id": gid("App", shopID), "title": "Desk", "handle": "desk", "apiKey": clientID})
}

func (x *exec) location() *object { return x.locationOf(x.s.places[0].id) }

func (x *exec) locationOf(id string) *object {
	at := when(x.w.now().AddDate(-1, 0, 0).Truncate(24 * time.Hour))
	for _, p := range x.s.places {
		if p.id == id {
			return fieldsOf("Location", m{"id": gid("Location", p.id), "legacyResourceId": p.id, "name": p.name, "isActive": true, "fulfillsOnlineOrders": true,
				"shipsInventory": true, "createdAt": at, "updatedAt": at})
		}
	}
	return nil
}
