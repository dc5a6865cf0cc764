package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"helloworld/connectors"
)

const (
	opItems  = "items"
	opItem   = "item"
	opOffers = "offers"

	itemPage    = 25
	maxItemPage = 200
	// offersAtOnce is how many SKUs' offers are asked for at a time.
	offersAtOnce = 8
	inventory    = "/sell/inventory/v1"
)

type wireItems struct {
	Items []json.RawMessage `json:"inventoryItems"`
	Next  string            `json:"next"`
	Total int               `json:"total"`
}

type wireItem struct {
	SKU     string `json:"sku"`
	Product struct {
		Title  string   `json:"title"`
		Images []string `json:"imageUrls"`
	} `json:"product"`
	Availability struct {
		Ship struct {
			Quantity *int        `json:"quantity"`
			Places   []wirePlace `json:"availabilityDistributions"`
		} `json:"shipToLocationAvailability"`
	} `json:"availability"`
}

// wirePlace is the stock of one warehouse. What else eBay says of it is sent back
// as it came: leaving it out would wipe it.
type wirePlace struct {
	Key      string          `json:"merchantLocationKey"`
	Quantity int             `json:"quantity"`
	Time     json.RawMessage `json:"fulfillmentTime,omitempty"`
}

type wireOffers struct {
	Offers []json.RawMessage `json:"offers"`
	Total  int               `json:"total"`
}

type wireOffer struct {
	ID       string `json:"offerId"`
	SKU      string `json:"sku"`
	Status   string `json:"status"`
	Format   string `json:"format"`
	Quantity *int   `json:"availableQuantity"`
	Pricing  struct {
		Price *wireAmount `json:"price"`
	} `json:"pricingSummary"`
	Listing struct {
		ID     string `json:"listingId"`
		Status string `json:"listingStatus"`
		OnHold bool   `json:"listingOnHold"`
	} `json:"listing"`
}

// live: a listing that buyers see, and whose quantity can be set.
func (o wireOffer) live() bool { return o.Status == "PUBLISHED" && o.Format != "AUCTION" }

var errNoItem = errors.New("it is not an item")

func readItem(raw json.RawMessage) (wireItem, error) {
	var w wireItem
	if err := json.Unmarshal(raw, &w); err != nil {
		return w, fmt.Errorf("%w: %w", errNoItem, err)
	}
	if w.SKU == "" {
		return w, fmt.Errorf("%w: it has no SKU", errNoItem)
	}
	return w, nil
}

// sheet is where a listing that counts pages stands, how many items there were,
// and how many of the page are done.
type sheet struct{ Offset, total, done int }

func (p sheet) token() string {
	t := strconv.Itoa(p.Offset) + "@" + strconv.Itoa(p.total)
	if p.done > 0 {
		t += "+" + strconv.Itoa(p.done)
	}
	return t
}

func sheetOf(token string) (sheet, error) {
	if token == "" {
		return sheet{}, nil
	}
	a, rest, ok := strings.Cut(token, "@")
	b, c, part := strings.Cut(rest, "+")
	n, err := strconv.Atoi(a)
	total, err2 := strconv.Atoi(b)
	done := 0
	var err3 error
	if part {
		done, err3 = strconv.Atoi(c)
	}
	if !ok || errors.Join(err, err2, err3) != nil || n < 0 || total < 0 || done < 0 {
		return sheet{}, errors.New("the cursor is not ours")
	}
	return sheet{n, total, done}, nil
}

// Items lists what is for sale, with prices and quantities. eBay cannot be asked
// what changed: each reading goes over all of it.
func (s *Shop) Items(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Item], error) {
	var page connectors.Page[connectors.Item]
	at, err := sheetOf(since.Token)
	if err != nil {
		return page, invalid(opItems, "cursor", err.Error())
	}
	limit := since.Limit
	if limit <= 0 {
		limit = itemPage
	}
	limit = min(limit, maxItemPage)
	var list wireItems
	// This part of the API counts pages, not items.
	q := url.Values{"limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(at.Offset)}}
	if err := s.read(ctx, opItems, s.base+inventory+"/inventory_item", q, &list); err != nil {
		return page, err
	}
	page.Total = list.Total
	page.Next = connectors.Cursor{Since: since.Since, Limit: since.Limit}
	if at.total > list.Total {
		at.done = 0 // what is done of the page is no longer its beginning
	}
	if shrunk := at.total > list.Total && at.Offset > 0; shrunk {
		// What stood behind what went away has moved up, past the last page's end:
		// that page is read again.
		at.total, at.Offset = list.Total, at.Offset-1
		page.Next.Token, page.More = at.token(), true
		return page, nil
	}
	at.total = list.Total
	read := s.withOffers(ctx, list.Items[min(at.done, len(list.Items)):])
	for k, one := range read {
		if one.err != nil && connectors.KindOf(one.err) != connectors.Invalid {
			if k == 0 {
				return connectors.Page[connectors.Item]{}, one.err
			}
			// What is read is kept: where calls are scarce, a page that is begun anew
			// each time would never be read to its end.
			at.done += k
			page.Next.Token, page.More = at.token(), true
			return page, nil
		}
		if one.err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: skuOf(one.raw), Err: one.err, Raw: one.raw})
			continue
		}
		page.Items = append(page.Items, one.items...)
	}
	at.done = 0
	if (at.Offset+1)*limit < list.Total && len(list.Items) > 0 {
		at.Offset++
		page.Next.Token, page.More = at.token(), true
	}
	return page, nil
}

// listed is an inventory item with its offers, or why they cannot be read.
type listed struct {
	raw   json.RawMessage
	items []connectors.Item
	err   error
}

// withOffers reads the offers of a page, a few at a time: eBay tells them only by
// SKU. After a refusal the rest is not asked for, and the list ends there.
func (s *Shop) withOffers(ctx context.Context, raws []json.RawMessage) []listed {
	out := make([]listed, len(raws))
	var g errgroup.Group
	g.SetLimit(offersAtOnce)
	var over atomic.Bool
	n := 0
	for k, raw := range raws {
		if over.Load() {
			break
		}
		n++
		g.Go(func() error {
			items, err := s.listings(ctx, raw)
			if err != nil && connectors.KindOf(err) != connectors.Invalid {
				over.Store(true)
			}
			out[k] = listed{raw, items, err}
			return nil
		})
	}
	_ = g.Wait() // each tells of itself
	return out[:n]
}

func skuOf(raw json.RawMessage) string {
	var w struct {
		SKU string `json:"sku"`
	}
	_ = json.Unmarshal(raw, &w) // what is not there stays empty
	return cut(orElse(w.SKU, "?"), 60)
}

// listings are the offers of an inventory item; an item without any is one that
// is not for sale. An item that cannot be read is an error of kind Invalid.
func (s *Shop) listings(ctx context.Context, raw json.RawMessage) ([]connectors.Item, error) {
	w, err := readItem(raw)
	if err != nil {
		return nil, invalid(opItems, "unreadable", err.Error())
	}
	offers, err := s.offers(ctx, w.SKU)
	if err != nil {
		return nil, err
	}
	if len(offers) == 0 {
		return []connectors.Item{item(w, wireOffer{})}, nil
	}
	var out []connectors.Item
	for _, o := range offers {
		i := item(w, o)
		if i.Price, err = o.Pricing.Price.money(); err != nil {
			return nil, invalid(opOffers, "unreadable", err.Error())
		}
		out = append(out, i)
	}
	return out, nil
}

// offers are the offers of a SKU; none is no error.
func (s *Shop) offers(ctx context.Context, sku string) ([]wireOffer, error) {
	var list wireOffers
	err := s.read(ctx, opOffers, s.base+inventory+"/offer", url.Values{"sku": {sku}}, &list)
	if connectors.KindOf(err) == connectors.NotFound && err != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []wireOffer
	for _, raw := range list.Offers {
		var o wireOffer
		if err := json.Unmarshal(raw, &o); err != nil || o.ID == "" {
			return nil, invalid(opOffers, "unreadable", fmt.Errorf("an offer of %s: %w", cut(sku, 60), errors.Join(errNoItem, err)).Error())
		}
		out = append(out, o)
	}
	return out, nil
}

// item makes our item of an inventory item and one of its offers, which may be
// empty. The quantity of an offer goes before that of the item.
func item(w wireItem, o wireOffer) connectors.Item {
	i := connectors.Item{ID: orElse(o.ID, w.SKU), SKU: w.SKU, Title: w.Product.Title, Status: itemStatus(o),
		PlatformStatus: orElse(o.Listing.Status, orElse(o.Status, "NO_OFFER"))}
	if len(w.Product.Images) > 0 {
		i.Image = w.Product.Images[0]
	}
	if o.Listing.ID != "" {
		i.Link = "https://www.ebay.com/itm/" + url.PathEscape(o.Listing.ID)
	}
	if n, ok := quantity(w, o); ok {
		i.Stock = []connectors.StockLevel{{SKU: w.SKU, Item: o.ID, Available: n}}
	}
	return i
}

func quantity(w wireItem, o wireOffer) (int, bool) {
	switch {
	case o.Quantity != nil:
		return *o.Quantity, true
	case w.Availability.Ship.Quantity != nil:
		return *w.Availability.Ship.Quantity, true
	}
	return 0, false
}

func itemStatus(o wireOffer) connectors.ItemStatus {
	switch {
	case o.Listing.OnHold, o.Listing.Status == "EBAY_ENDED":
		return connectors.ItemBlocked
	case o.Status == "", o.Status == "UNPUBLISHED":
		return connectors.ItemInactive
	case o.Status != "PUBLISHED":
		return connectors.ItemOther
	}
	switch o.Listing.Status {
	case "ACTIVE":
		return connectors.ItemActive
	case "OUT_OF_STOCK", "INACTIVE", "ENDED", "NOT_LISTED":
		return connectors.ItemInactive
	}
	return connectors.ItemOther
}
