package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	itemsDefault = 25
	itemsMost    = 100
	// manyPages ends a listing that leads in circles.
	manyPages = 1000
)

type wireItem struct {
	ID      string    `json:"id"`
	SKU     string    `json:"sku"`
	Title   string    `json:"title"`
	Price   decimal   `json:"price"`
	Updated time.Time `json:"updatedAt"`
	Product *struct {
		ID     string `json:"id"`
		Title  string `json:"title"`
		Status string `json:"status"`
		Media  *struct {
			Preview *struct {
				Image *struct {
					URL string `json:"url"`
				} `json:"image"`
			} `json:"preview"`
		} `json:"featuredMedia"`
	} `json:"product"`
	Item *wireStock `json:"inventoryItem"`
}

type wireStock struct {
	ID      string     `json:"id"`
	SKU     string     `json:"sku"`
	Tracked bool       `json:"tracked"`
	Levels  wireLevels `json:"inventoryLevels"`
}

type wireLevels struct {
	Nodes []wireLevel `json:"nodes"`
	Page  pageInfo    `json:"pageInfo"`
}

type wireLevel struct {
	ID       string    `json:"id"`
	Updated  time.Time `json:"updatedAt"`
	Location struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"location"`
	Quantities []struct {
		Name     string `json:"name"`
		Quantity int    `json:"quantity"`
	} `json:"quantities"`
}

func (l wireLevel) level(sku, item string) connectors.StockLevel {
	out := connectors.StockLevel{SKU: sku, Item: item, Location: l.Location.ID, LocationName: l.Location.Name, Updated: l.Updated.UTC()}
	for _, q := range l.Quantities {
		switch q.Name {
		case "available":
			out.Available = q.Quantity
		case "committed", "reserved":
			out.Reserved += q.Quantity
		case "incoming":
			out.Inbound = q.Quantity
		}
	}
	return out
}

// Items lists variants with their stock in all places.
//
// They come by their id and not by their last change, which the platform does
// not sort them by. So what is read again next time begins where this listing
// began, which the token carries along.
func (s *Shop) Items(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Item], error) {
	none := connectors.Page[connectors.Item]{}
	limit := since.Limit
	if limit <= 0 {
		limit = itemsDefault
	}
	limit = min(limit, itemsMost)
	began, after := s.now().UTC(), ""
	if since.Token != "" {
		at, token, ok := strings.Cut(since.Token, " ")
		t, err := time.Parse(time.RFC3339, at)
		if !ok || err != nil {
			return none, invalid("Items", "cursor", "the page token is not one of ours")
		}
		began, after = t.UTC(), token
	}
	vars := map[string]any{}
	if after != "" {
		vars["after"] = after
	}
	if !since.Since.IsZero() {
		vars["query"] = "updated_at:>=" + quoted(since.Since.UTC().Format(time.RFC3339))
	}
	var d struct {
		Shop struct {
			Currency string `json:"currencyCode"`
		} `json:"shop"`
		Variants struct {
			Nodes []json.RawMessage `json:"nodes"`
			Page  pageInfo          `json:"pageInfo"`
		} `json:"productVariants"`
	}
	if err := s.affordable(ctx, "Items", opItems, vars, limit, &d); err != nil {
		return none, err
	}
	page := connectors.Page[connectors.Item]{Next: connectors.Cursor{Since: since.Since, Limit: since.Limit}}
	for _, raw := range d.Variants.Nodes {
		item, err := s.item(ctx, raw, d.Shop.Currency)
		if err != nil {
			if kind := connectors.KindOf(err); kind != connectors.Unsure && kind != connectors.NotFound {
				return none, err // reading on failed, not this item
			}
			page.Bad = append(page.Bad, connectors.BadItem{ID: item.ID, Err: errors.New(connectors.Redact(err.Error())), Raw: raw})
			continue
		}
		page.Items = append(page.Items, item)
	}
	if p := d.Variants.Page; p.More && p.End != "" && p.End != after {
		page.More, page.Next.Token = true, began.Format(time.RFC3339)+" "+p.End
		return page, nil
	}
	if next := began.Add(-overlap); next.After(page.Next.Since) {
		page.Next.Since = next
	}
	return page, nil
}

// affordable asks for fewer at once where the platform finds a query too dear.
func (s *Shop) affordable(ctx context.Context, op, text string, vars map[string]any, limit int, data any) error {
	for {
		vars["first"] = limit
		err := s.query(ctx, op, text, vars, true, data)
		var e *connectors.Error
		if errors.As(err, &e) && e.Code == "MAX_COST_EXCEEDED" && limit > 1 {
			limit /= 2 // what one query may cost differs by plan
			continue
		}
		return err
	}
}

// item reads a variant; where it lies in very many places, the rest is fetched.
func (s *Shop) item(ctx context.Context, raw []byte, currency string) (connectors.Item, error) {
	var w wireItem
	if err := json.Unmarshal(raw, &w); err != nil {
		var head struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(raw, &head) // as much as can be said about it
		return connectors.Item{ID: head.ID}, fmt.Errorf("reading a variant: %w", err)
	}
	out := connectors.Item{ID: w.ID, SKU: w.SKU, Title: w.Title, Updated: w.Updated.UTC(), Status: connectors.ItemOther}
	if w.ID == "" {
		return out, errors.New("reading a variant: it has no id")
	}
	price, err := connectors.ParseMoney(string(w.Price), currency)
	if err != nil {
		return out, fmt.Errorf("variant %s: %w", w.ID, err)
	}
	out.Price = price
	if p := w.Product; p != nil {
		out.Status, out.PlatformStatus = itemStatus(p.Status), p.Status
		if p.Title != "" {
			out.Title = p.Title
			if w.Title != "" && w.Title != "Default Title" {
				out.Title += " · " + w.Title
			}
		}
		if p.Media != nil && p.Media.Preview != nil && p.Media.Preview.Image != nil {
			out.Image = p.Media.Preview.Image.URL
		}
		if n, v := tail(p.ID), tail(w.ID); n != "" && v != "" {
			out.Link = s.base + "/admin/products/" + n + "/variants/" + v
		}
	}
	if w.Item != nil && w.Item.Tracked {
		if out.Stock, err = s.levels(ctx, w.SKU, *w.Item); err != nil {
			return out, err
		}
	}
	return out, nil
}

// levels are all levels of an item, read on where they do not fit one answer.
func (s *Shop) levels(ctx context.Context, sku string, w wireStock) ([]connectors.StockLevel, error) {
	var out []connectors.StockLevel
	for page := w.Levels; ; {
		for _, l := range page.Nodes {
			out = append(out, l.level(sku, w.ID))
		}
		if !page.Page.More || page.Page.End == "" || len(out) > manyPages {
			return out, nil
		}
		var d struct {
			Item *wireStock `json:"inventoryItem"`
		}
		if err := s.query(ctx, "Levels", opLevels, map[string]any{"id": w.ID, "after": page.Page.End}, true, &d); err != nil {
			return nil, err
		}
		if d.Item == nil || d.Item.Levels.Page.End == page.Page.End {
			return out, nil // a page that leads nowhere is the end
		}
		page = d.Item.Levels
	}
}

func itemStatus(word string) connectors.ItemStatus {
	switch word {
	case "ACTIVE", "UNLISTED": // unlisted ones are sold to whoever has the link
		return connectors.ItemActive
	case "DRAFT", "ARCHIVED":
		return connectors.ItemInactive
	}
	return connectors.ItemOther
}

// tail is the number at the end of a global id.
func tail(gid string) string {
	n := gid[strings.LastIndex(gid, "/")+1:]
	n, _, _ = strings.Cut(n, "?")
	if !digits(n) {
		return ""
	}
	return n
}

// quoted makes a value of a search that means itself, whatever is in it.
func quoted(v string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) + "'"
}

// Location is a place where goods lie.
type Location struct {
	ID, Name string
	// Ships: orders are sent from here.
	Active, Ships bool
}

// Locations lists the places where goods lie.
func (s *Shop) Locations(ctx context.Context) ([]Location, error) {
	var out []Location
	vars := map[string]any{}
	for range manyPages {
		var d struct {
			Locations struct {
				Nodes []struct {
					ID     string `json:"id"`
					Name   string `json:"name"`
					Active bool   `json:"isActive"`
					Ships  bool   `json:"shipsInventory"`
				} `json:"nodes"`
				Page pageInfo `json:"pageInfo"`
			} `json:"locations"`
		}
		if err := s.query(ctx, "Locations", opLocations, vars, true, &d); err != nil {
			return nil, err
		}
		for _, n := range d.Locations.Nodes {
			out = append(out, Location{ID: n.ID, Name: n.Name, Active: n.Active, Ships: n.Ships})
		}
		if p := d.Locations.Page; !p.More || p.End == "" || p.End == vars["after"] {
			break
		}
		vars = map[string]any{"after": d.Locations.Page.End}
	}
	return out, nil
}

// findItem tells what a SKU's quantities are set by.
func (s *Shop) findItem(ctx context.Context, sku string) (wireStock, error) {
	var found []wireStock
	vars := map[string]any{"query": "sku:" + quoted(sku)}
	for range manyPages {
		var d struct {
			Variants struct {
				Nodes []wireItem `json:"nodes"`
				Page  pageInfo   `json:"pageInfo"`
			} `json:"productVariants"`
		}
		if err := s.query(ctx, "FindItem", opFindItem, vars, true, &d); err != nil {
			return wireStock{}, err
		}
		for _, n := range d.Variants.Nodes {
			// The platform's search also finds what is only alike.
			if n.SKU == sku && n.Item != nil && !slices.ContainsFunc(found, func(w wireStock) bool { return w.ID == n.Item.ID }) {
				found = append(found, *n.Item)
			}
		}
		p := d.Variants.Page
		if len(found) > 0 || !p.More || p.End == "" || p.End == vars["after"] {
			break
		}
		vars["after"] = p.End
	}
	switch len(found) {
	case 0:
		return wireStock{}, &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: "FindItem", Code: "no_sku", Err: errors.New("there is no listing with this SKU")}
	case 1:
		return found[0], nil
	}
	return wireStock{}, conflict("FindItem", "sku_twice", "several listings have this SKU: name the one that is meant")
}
