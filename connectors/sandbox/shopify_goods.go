package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// codeError is a user error with a code.
func codeError(kind, code, message string, field ...string) *object {
	out := m{"code": code, "message": message}
	if len(field) > 0 {
		out["field"] = anys(field)
	}
	return fieldsOf(kind, out)
}

// outcome is the payload of a mutation: what came of it, or what was wrong.
func outcome(name string, fields m, errs ...*object) *object {
	if fields == nil {
		fields = m{}
	}
	fields["userErrors"] = list(errs, func(_ int, e *object) *object { return e })
	return fieldsOf(name, fields)
}

// decimal is an amount without its currency.
func (it *item) decimal() string { return it.money().Decimal() }

func (x *exec) itemByGID(kind, id string) *item {
	n, ok := plain(kind, id)
	if !ok {
		return nil
	}
	it := x.s.itemOf[n]
	if it == nil || (kind == "InventoryItem") != (it.inventory == n) {
		return nil
	}
	return it
}

// searchItems finds listings, in the order of their ids.
func (x *exec) searchItems(q string) []*item {
	var tests []func(*item) bool
	for _, t := range terms(q) {
		switch t.field {
		case "":
			if t.value == "AND" || t.value == "*" {
				continue
			}
			tests = append(tests, func(it *item) bool {
				return it.sku == t.value || strings.Contains(strings.ToLower(it.title), strings.ToLower(t.value))
			})
		case "sku":
			tests = append(tests, func(it *item) bool { return it.sku == t.value })
		case "id", "product_id", "product_ids":
			tests = append(tests, func(it *item) bool { return t.compare(strings.Compare(it.id, t.value)) })
		case "title":
			tests = append(tests, func(it *item) bool { return strings.Contains(strings.ToLower(it.title), strings.ToLower(t.value)) })
		case "product_status", "status":
			tests = append(tests, func(it *item) bool {
				return slices.ContainsFunc(strings.Split(t.value, ","), func(v string) bool { return strings.EqualFold(v, productStatus(it)) })
			})
		case "inventory_quantity":
			n, err := strconv.Atoi(t.value)
			if err != nil {
				x.warnSearch(q, t.field, t.value)
				continue
			}
			tests = append(tests, func(it *item) bool { return t.compare(it.available() - n) })
		case "updated_at", "created_at":
			at, err := searchTime(t.value, t.quoted)
			if err != nil {
				x.warnSearch(q, t.field, t.value)
				continue
			}
			tests = append(tests, func(it *item) bool {
				when := it.created
				if t.field == "updated_at" {
					when = it.updated
				}
				return t.compare(when.Truncate(time.Second).Compare(at))
			})
		default:
			x.warnSearch(q, t.field, t.value)
		}
	}
	if len(tests) == 0 {
		return x.s.items
	}
	var found []*item
	for _, it := range x.s.items {
		if !slices.ContainsFunc(tests, func(t func(*item) bool) bool { return !t(it) }) {
			found = append(found, it)
		}
	}
	return found
}

// goods resolves the fields of QueryRoot about listings and stock.
func (x *exec) goods(f string, a args) (any, error) {
	scope := "read_products"
	if strings.HasPrefix(f, "inventory") {
		scope = "read_inventory"
	}
	if !x.s.auth.has(scope) {
		return nil, denied(f, scope)
	}
	switch f {
	case "productVariants":
		return connect(a, x.searchItems(text(a["query"])), "ProductVariant", x.variant)
	case "products":
		return connect(a, x.searchItems(text(a["query"])), "Product", x.product)
	case "inventoryItems":
		return connect(a, x.searchItems(text(a["query"])), "InventoryItem", x.inventory)
	}
	return orNil(x.goodsNode(text(a["id"]))), nil
}

// goodsNode is a listing, or part of one, by its global id.
func (x *exec) goodsNode(id string) *object {
	if it := x.itemByGID("ProductVariant", id); it != nil {
		return x.variant(it)
	}
	if it := x.itemByGID("Product", id); it != nil {
		return x.product(it)
	}
	if it := x.itemByGID("InventoryItem", id); it != nil {
		return x.inventory(it)
	}
	if place, inv, ok := strings.Cut(id, "?inventory_item_id="); ok {
		if it := x.itemByGID("InventoryItem", gid("InventoryItem", inv)); it != nil {
			if n, ok := plain("InventoryLevel", place); ok && n != "" && it.at(n) != nil {
				return x.level(it, it.at(n))
			}
		}
	}
	return nil
}

func productStatus(it *item) string {
	return map[string]string{active: "ACTIVE", inactive: "DRAFT", blocked: "ARCHIVED"}[it.status]
}

func (x *exec) picture(n int, id, title string) *object {
	return fieldsOf("Image", m{"id": gid("ImageSource", id), "url": x.base + "/images/" + strconv.Itoa(n) + ".png", "altText": title, "width": 160, "height": 160})
}

func (x *exec) variant(it *item) *object {
	return &object{"ProductVariant", func(f string, _ args) (any, error) {
		switch f {
		case "product":
			return x.product(it), nil
		case "inventoryItem":
			return x.inventory(it), nil
		case "image":
			return x.picture(it.image, it.id, it.title), nil
		case "inventoryQuantity", "sellableOnlineQuantity":
			return it.available(), nil
		}
		return m{"id": gid("ProductVariant", it.id), "legacyResourceId": it.id, "sku": it.sku, "title": "Default Title", "displayName": it.title + " - Default Title", "price": it.decimal(),
			"inventoryPolicy": "DENY", "availableForSale": it.status == active && it.available() > 0, "taxable": true, "position": 1, "createdAt": when(it.created), "updatedAt": when(it.updated)}[f], nil
	}}
}

func (x *exec) product(it *item) *object {
	return &object{"Product", func(f string, a args) (any, error) {
		switch f {
		case "variants":
			return connect(a, []*item{it}, "ProductVariant", x.variant)
		case "featuredMedia":
			pic := x.picture(it.image, it.id, it.title)
			return fieldsOf("MediaImage", m{"id": gid("MediaImage", it.id), "image": pic, "alt": it.title, "mediaContentType": "IMAGE", "status": "READY",
				"preview": fieldsOf("MediaPreviewImage", m{"image": pic, "status": "READY"})}), nil
		case "totalInventory":
			return it.available(), nil
		}
		return m{"id": gid("Product", it.id), "legacyResourceId": it.id, "title": it.title, "handle": plainSKU(it.sku), "status": productStatus(it), "vendor": "Sandbox", "productType": "",
			"tracksInventory": true, "hasOnlyDefaultVariant": true, "createdAt": when(it.created), "updatedAt": when(it.updated), "publishedAt": when(it.created)}[f], nil
	}}
}

func (x *exec) inventory(it *item) *object {
	return &object{"InventoryItem", func(f string, a args) (any, error) {
		if !x.s.auth.has("read_inventory") {
			return nil, denied(f, "read_inventory")
		}
		switch f {
		case "variant":
			return x.variant(it), nil
		case "inventoryLevels":
			return connect(a, it.levels, "InventoryLevel", func(l *level) *object { return x.level(it, l) })
		case "inventoryLevel":
			n, ok := plain("Location", text(a["locationId"]))
			if l := it.at(n); ok && n != "" && l != nil {
				return x.level(it, l), nil
			}
			return nil, nil
		case "locationsCount":
			return fieldsOf("Count", m{"count": len(it.levels), "precision": "EXACT"}), nil
		}
		return m{"id": gid("InventoryItem", it.inventory), "legacyResourceId": it.inventory, "sku": it.sku, "tracked": true, "requiresShipping": true, "duplicateSkuCount": 0,
			"createdAt": when(it.created), "updatedAt": when(it.updated)}[f], nil
	}}
}

func (x *exec) level(it *item, l *level) *object {
	return &object{"InventoryLevel", func(f string, a args) (any, error) {
		switch f {
		case "item":
			return x.inventory(it), nil
		case "location":
			return x.locationOf(l.place), nil
		case "quantities":
			names, _ := a["names"].([]any)
			var all []any
			for _, v := range names {
				name := text(v)
				n, ok := map[string]int{"available": l.available, "committed": l.reserved, "on_hand": l.available + l.reserved, "incoming": l.inbound, "reserved": 0, "damaged": 0, "safety_stock": 0, "quality_control": 0}[name]
				if !ok {
					return nil, &gqlError{"The quantity name `" + name + "` is not known", "BAD_REQUEST", ""}
				}
				all = append(all, fieldsOf("InventoryQuantity", m{"id": gid("InventoryQuantity", l.place) + "?inventory_item_id=" + it.inventory + "&name=" + name, "name": name, "quantity": n, "updatedAt": when(l.updated)}))
			}
			return all, nil
		}
		return m{"id": levelID(it, l), "isActive": true, "canDeactivate": false, "createdAt": when(it.created), "updatedAt": when(l.updated)}[f], nil
	}}
}

// stockReasons are why a quantity may be changed.
var stockReasons = []string{"correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created", "movement_received", "movement_updated", "other", "promotion",
	"quality_control", "received", "reservation_created", "reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage"}

// maxStock is the most that a quantity can be.
const maxStock = 1_000_000_000

// keyed refuses what Shopify refuses of mutations that want a key.
func (x *exec) keyed() error {
	switch {
	case !x.hasKey:
		return &gqlError{"The @idempotent directive is required for this mutation but was not provided.", "BAD_REQUEST", ""}
	case strings.TrimSpace(x.key) == "":
		return &gqlError{"The idempotency key cannot be empty or only whitespace.", "BAD_REQUEST", ""}
	}
	return nil
}

// setQuantities sets quantities, all of them or none.
func (x *exec) setQuantities(in args) (any, error) {
	if !x.s.auth.has("write_inventory") {
		return nil, denied("inventorySetQuantities", "write_inventory")
	}
	if err := x.keyed(); err != nil {
		return nil, err
	}
	var errs []*object
	bad := func(code, message string, field ...string) {
		errs = append(errs, codeError("InventorySetQuantitiesUserError", code, message, append([]string{"input"}, field...)...))
	}
	name, reason, now, h := text(in["name"]), text(in["reason"]), x.w.now(), hash(in)
	group := func(id string) *object {
		return outcome("InventorySetQuantitiesPayload", m{"inventoryAdjustmentGroup": fieldsOf("InventoryAdjustmentGroup", m{"id": gid("InventoryAdjustmentGroup", id), "createdAt": when(now),
			"reason": reason, "referenceDocumentUri": in["referenceDocumentUri"], "app": x.app()})})
	}
	old, seen := x.s.replays[x.key]
	if seen && now.Sub(old.at) < replayFor {
		if old.hash == h {
			return group(old.id), nil
		}
		bad("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "The same idempotency key cannot be used with different operation parameters.")
		return outcome("InventorySetQuantitiesPayload", nil, errs...), nil
	}
	if name != "available" && name != "on_hand" {
		bad("INVALID_NAME", "The quantity name must be either 'available' or 'on_hand'.", "name")
	}
	if !slices.Contains(stockReasons, reason) {
		bad("INVALID_REASON", "The specified reason is invalid.", "reason")
	}
	type set struct {
		it *item
		l  *level
		n  int
	}
	var sets []set
	rows := objects(in["quantities"])
	if len(rows) > 250 {
		return nil, &gqlError{"The input array size of " + strconv.Itoa(len(rows)) + " is greater than the maximum allowed of 250.", "MAX_INPUT_SIZE_EXCEEDED", ""}
	}
	for i, row := range rows {
		at := []string{"quantities", strconv.Itoa(i)}
		it := x.itemByGID("InventoryItem", text(row["inventoryItemId"]))
		n, from := number(row["quantity"]), 0
		place, _ := plain("Location", text(row["locationId"]))
		var l *level
		if it != nil && place != "" {
			l = it.at(place)
		}
		was, told := row["changeFromQuantity"]
		switch {
		case it == nil:
			bad("INVALID_INVENTORY_ITEM", "The specified inventory item could not be found.", append(at, "inventoryItemId")...)
			continue
		case l == nil:
			bad("INVALID_LOCATION", "The specified location could not be found.", append(at, "locationId")...)
			continue
		case n < 0:
			bad("INVALID_QUANTITY_NEGATIVE", "The quantity can't be negative.", append(at, "quantity")...)
		case n > maxStock:
			bad("INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 1,000,000,000.", append(at, "quantity")...)
		case slices.ContainsFunc(sets, func(s set) bool { return s.l == l }):
			bad("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "The combination of inventoryItemId and locationId must be unique.", append(at, "inventoryItemId")...)
		}
		if name == "on_hand" {
			from = l.reserved
		}
		switch {
		case !told:
			bad("COMPARE_QUANTITY_REQUIRED", "The changeFromQuantity argument must be given, even if it is null.", append(at, "changeFromQuantity")...)
		case was != nil && number(was) != l.available+from:
			bad("CHANGE_FROM_QUANTITY_STALE", "The changeFromQuantity argument no longer matches the persisted quantity.", append(at, "changeFromQuantity")...)
		}
		sets = append(sets, set{it, l, n - from})
	}
	if errs != nil {
		return outcome("InventorySetQuantitiesPayload", nil, errs...), nil
	}
	id := strconv.FormatInt(9217199254741000+x.s.next(), 10)
	for _, s := range sets {
		x.s.setStock(s.it, s.l, s.n)
		x.s.recordStock(s.it, s.l, x.key)
	}
	x.s.replays[x.key] = replay{hash: h, id: id, at: now}
	return group(id), nil
}
