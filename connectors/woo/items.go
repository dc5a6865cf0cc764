package woo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"helloworld/connectors"
)

const (
	itemPage    = 20
	maxItemPage = 50
	// mostVariants bounds one product's variations.
	mostVariants = 2000
)

// Items lists products, and each variation of those that have some, by id: a list
// in which nothing moves.
func (s *Shop) Items(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Item], error) {
	var page connectors.Page[connectors.Item]
	offset := 0
	if since.Token != "" {
		var err error
		if offset, err = strconv.Atoi(since.Token); err != nil || offset < 0 {
			return page, fail(connectors.Invalid, opItems, "cursor", "the cursor is not ours")
		}
	}
	limit := min(cmp.Or(max(since.Limit, 0), itemPage), maxItemPage)
	q := url.Values{"orderby": {"id"}, "order": {"asc"}, "per_page": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}, "status": {"any"}}
	if !since.Since.IsZero() {
		q.Set("modified_after", wireTime(since.Since))
		q.Set("dates_are_gmt", "true")
	}
	var list []json.RawMessage
	h, err := s.read(ctx, opItems, "/products", q, &list)
	if err != nil {
		return page, err
	}
	for _, raw := range list {
		var w wireItem
		if err := json.Unmarshal(raw, &w); err != nil || w.ID == "" {
			page.Bad = append(page.Bad, badItem(raw, err))
			continue
		}
		if w.Type == "variable" || w.Type == "variable-subscription" {
			if err := s.variants(ctx, w, &page); err != nil {
				return connectors.Page[connectors.Item]{}, err
			}
			continue
		}
		s.addItem(&page, w, w, raw)
	}
	page.Next = connectors.Cursor{Since: since.Since, Limit: since.Limit}
	total := totalOf(h)
	if len(list) > 0 && (offset+len(list) < total || total == 0 && len(list) == limit) {
		page.Next.Token, page.More = strconv.Itoa(offset+len(list)), true
	} else if t := s.now().Add(-overlap).UTC(); t.After(since.Since) {
		page.Next.Since = t
	}
	return page, nil
}

func badItem(raw json.RawMessage, err error) connectors.BadItem {
	why := "a product without id"
	if err != nil {
		why = err.Error()
	}
	return connectors.BadItem{ID: idOf(raw), Err: fail(connectors.Invalid, opItems, "unreadable", why), Raw: raw}
}

// variants adds the variations of a product.
func (s *Shop) variants(ctx context.Context, parent wireItem, page *connectors.Page[connectors.Item]) error {
	for offset := 0; offset < mostVariants; {
		var list []json.RawMessage
		h, err := s.read(ctx, opItems, "/products/"+string(parent.ID)+"/variations",
			url.Values{"orderby": {"id"}, "order": {"asc"}, "per_page": {"100"}, "offset": {strconv.Itoa(offset)}}, &list)
		if err != nil {
			return err
		}
		for _, raw := range list {
			var w wireItem
			if err := json.Unmarshal(raw, &w); err != nil || w.ID == "" {
				page.Bad = append(page.Bad, badItem(raw, err))
				continue
			}
			w.Parent = parent.ID
			s.addItem(page, w, parent, raw)
		}
		offset += len(list)
		if len(list) == 0 || offset >= totalOf(h) && len(list) < 100 {
			return nil
		}
	}
	return nil
}

var itemStates = map[string]connectors.ItemStatus{"publish": connectors.ItemActive, "draft": connectors.ItemInactive, "pending": connectors.ItemInactive,
	"private": connectors.ItemInactive, "trash": connectors.ItemInactive, "future": connectors.ItemInactive}

func (s *Shop) addItem(page *connectors.Page[connectors.Item], w, parent wireItem, raw json.RawMessage) {
	price, err := amount(w.Price, cmp.Or(s.info.Currency, connectors.NoCurrency))
	if err != nil {
		page.Bad = append(page.Bad, badItem(raw, err))
		return
	}
	if s.info.Currency == "" {
		price = connectors.Money{} // the catalogue does not say in which currency it is
	}
	i := connectors.Item{ID: target{parent: string(w.Parent), id: string(w.ID)}.String(), SKU: w.SKU, Title: cmp.Or(w.Name, parent.Name),
		Status: cmp.Or(itemStates[w.Status], connectors.ItemOther), PlatformStatus: w.Status, Price: price, Link: cmp.Or(w.Link, parent.Link),
		Updated: w.Modified.Time}
	if len(w.Images) > 0 {
		i.Image = w.Images[0].Src
	}
	if w.Managed && w.Quantity != nil {
		n, err := quantity(*w.Quantity)
		if err != nil {
			page.Bad = append(page.Bad, badItem(raw, err))
			return
		}
		i.Stock = []connectors.StockLevel{{SKU: w.SKU, Item: i.ID, Available: n, Updated: i.Updated}}
	}
	page.Items = append(page.Items, i)
}

// quantity reads a count. Some shops sell by weight: what is not whole is cut.
func quantity(d decimal) (int, error) {
	whole, _, _ := strings.Cut(string(d), ".")
	if whole == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(whole)
	if err != nil {
		return 0, fmt.Errorf("woo: %.20q is no quantity", string(d))
	}
	return n, nil
}

// target is what a quantity is set by: a product, or a product's variation.
type target struct{ parent, id string }

// String is "12", or "12:34" for a variation.
func (t target) String() string {
	if t.parent == "" || t.parent == "0" {
		return t.id
	}
	return t.parent + ":" + t.id
}

func targetOf(item string) (target, bool) {
	parent, id, ok := strings.Cut(item, ":")
	if !ok {
		parent, id = "", item
	}
	return target{parent, id}, digits.MatchString(id) && (parent == "" || digits.MatchString(parent))
}
