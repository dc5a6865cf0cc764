package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	itemsMost = 20
	// listingData are the parts of a listing that are read.
	listingData = "summaries,offers,fulfillmentAvailability,issues"
	// ownChannel is the channel of goods that the seller sends.
	ownChannel = "DEFAULT"
)

// wireListing is a listing.
type wireListing struct {
	SKU       string `json:"sku"`
	Summaries []struct {
		Market  string    `json:"marketplaceId"`
		ASIN    string    `json:"asin"`
		Type    string    `json:"productType"`
		Status  []string  `json:"status"`
		Name    string    `json:"itemName"`
		Updated time.Time `json:"lastUpdatedDate"`
		Image   *struct {
			Link string `json:"link"`
		} `json:"mainImage"`
	} `json:"summaries"`
	Offers []struct {
		Market string     `json:"marketplaceId"`
		Type   string     `json:"offerType"`
		Price  *wireMoney `json:"price"`
	} `json:"offers"`
	Stock []struct {
		Channel  string `json:"fulfillmentChannelCode"`
		Quantity *int   `json:"quantity"`
	} `json:"fulfillmentAvailability"`
	Issues []wireIssue `json:"issues"`
}

// wireIssue is what the platform has against a listing.
type wireIssue struct {
	Code         string   `json:"code"`
	Message      string   `json:"message"`
	Severity     string   `json:"severity"`
	Attributes   []string `json:"attributeNames"`
	Enforcements *struct {
		Actions []struct {
			Action string `json:"action"`
		} `json:"actions"`
	} `json:"enforcements"`
}

// itemsAt is the place in a listing of items: the last change seen, how many
// were read, and the platform's token.
type itemsAt struct {
	last time.Time
	read int
	page string
}

func (i itemsAt) String() string {
	return i.last.UTC().Format(time.RFC3339Nano) + "|" + strconv.Itoa(i.read) + "|" + i.page
}

// readItemsAt reads our own token; what is not ours only makes the reading begin
// earlier.
func readItemsAt(token string) itemsAt {
	at, rest, _ := strings.Cut(token, "|")
	n, page, _ := strings.Cut(rest, "|")
	var out itemsAt
	out.last, _ = time.Parse(time.RFC3339Nano, at)
	out.read, _ = strconv.Atoi(n)
	out.page = page
	return out
}

// Items lists listings, those that changed first first. The platform ends a long
// listing early without a word; what it counted tells, and then the listing goes
// on from the last change seen.
func (s *Seller) Items(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Item], error) {
	seller, err := s.sellerID("searchListingsItems")
	if err != nil {
		return connectors.Page[connectors.Item]{}, err
	}
	q := url.Values{"marketplaceIds": {strings.Join(s.markets, ",")}, "includedData": {listingData}, "sortBy": {"lastUpdatedDate"}, "sortOrder": {"ASC"},
		"pageSize": {strconv.Itoa(itemsMost)}}
	if since.Limit > 0 {
		q.Set("pageSize", strconv.Itoa(min(since.Limit, itemsMost)))
	}
	if !since.Since.IsZero() {
		q.Set("lastUpdatedAfter", since.Since.UTC().Truncate(time.Second).Format(time.RFC3339))
	}
	at := readItemsAt(since.Token)
	if at.page != "" {
		q.Set("pageToken", at.page)
	}
	var a struct {
		Total      int `json:"numberOfResults"`
		Pagination struct {
			Next string `json:"nextToken"`
		} `json:"pagination"`
		Items []json.RawMessage `json:"items"`
	}
	if err := s.get(ctx, "searchListingsItems", "/listings/2021-08-01/items/"+pathID(seller), q, &a); err != nil {
		return connectors.Page[connectors.Item]{}, err
	}
	page := connectors.Page[connectors.Item]{Next: connectors.Cursor{Since: since.Since, Limit: since.Limit}, Total: a.Total}
	for _, raw := range a.Items {
		item, updated, err := s.item(raw)
		if updated.After(at.last) {
			at.last = updated
		}
		if err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: item.SKU, Err: errors.New(connectors.Redact(err.Error())), Raw: raw})
			continue
		}
		page.Items = append(page.Items, item)
	}
	at.read, at.page = at.read+len(a.Items), a.Pagination.Next
	switch {
	case at.page != "":
		page.More, page.Next.Token = true, at.String()
	case at.read < a.Total && at.last.After(since.Since):
		page.More, page.Next.Since, page.Next.Token = true, at.last, itemsAt{last: at.last}.String()
	case at.last.Add(-overlap).After(since.Since):
		page.Next.Since = at.last.Add(-overlap)
	}
	return page, nil
}

func (s *Seller) item(raw []byte) (connectors.Item, time.Time, error) {
	var w wireListing
	if err := json.Unmarshal(raw, &w); err != nil {
		var id struct {
			SKU string `json:"sku"`
		}
		_ = json.Unmarshal(raw, &id) // for the report alone
		return connectors.Item{SKU: id.SKU}, time.Time{}, fmt.Errorf("reading a listing: %w", err)
	}
	if w.SKU == "" {
		return connectors.Item{}, time.Time{}, errors.New("reading a listing: it has no SKU")
	}
	// A SKU is what a seller's listing is known by; one product has many sellers.
	i := connectors.Item{ID: w.SKU, SKU: w.SKU, Status: connectors.ItemInactive}
	market := s.markets[0]
	if at := slices.IndexFunc(s.markets, func(m string) bool { return w.summary(m) >= 0 }); at >= 0 {
		market = s.markets[at]
	}
	if at := w.summary(market); at >= 0 {
		sum := w.Summaries[at]
		i.Title, i.PlatformStatus = sum.Name, strings.Join(sum.Status, ",")
		i.Status = itemStatus(sum.Status)
		if sum.Image != nil {
			i.Image = sum.Image.Link
		}
		if d := sites[market].domain; d != "" && sum.ASIN != "" {
			i.Link = "https://" + d + "/dp/" + url.PathEscape(sum.ASIN)
		}
	}
	for _, sum := range w.Summaries {
		if sum.Updated.After(i.Updated) {
			i.Updated = sum.Updated.UTC()
		}
	}
	if w.suppressed() {
		i.Status = connectors.ItemBlocked
	}
	for _, o := range w.Offers {
		if o.Market == market && o.Type != "B2B" {
			p, err := o.Price.money()
			if err != nil {
				return i, i.Updated, fmt.Errorf("listing %s: %w", w.SKU, err)
			}
			i.Price = p
			break
		}
	}
	for _, f := range w.Stock {
		l := connectors.StockLevel{SKU: w.SKU, Item: w.SKU, Location: f.Channel, ByPlatform: f.Channel != ownChannel, Updated: i.Updated}
		if f.Quantity != nil {
			l.Available = *f.Quantity
		}
		if f.Quantity != nil || !l.ByPlatform { // what the platform holds is told by StockReader
			i.Stock = append(i.Stock, l)
		}
	}
	return i, i.Updated, nil
}

func (w wireListing) summary(market string) int {
	for i, s := range w.Summaries {
		if s.Market == market {
			return i
		}
	}
	return -1
}

// suppressed: the platform has taken the listing out of sight.
func (w wireListing) suppressed() bool {
	return slices.ContainsFunc(w.Issues, func(i wireIssue) bool {
		if i.Enforcements == nil {
			return false
		}
		for _, a := range i.Enforcements.Actions {
			if a.Action == "LISTING_SUPPRESSED" || a.Action == "SEARCH_SUPPRESSED" {
				return true
			}
		}
		return false
	})
}

func itemStatus(words []string) connectors.ItemStatus {
	switch {
	case slices.Contains(words, "BUYABLE"):
		return connectors.ItemActive
	case len(words) == 0 || slices.Contains(words, "DISCOVERABLE"):
		return connectors.ItemInactive
	}
	return connectors.ItemOther
}
