package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	// availability is the attribute that holds quantities.
	availability = "fulfillment_availability"
	// oldestStock is how far back changes of stock can be asked for.
	oldestStock = 17 * 30 * 24 * time.Hour
)

// wireStock is what lies in the platform's warehouses of one SKU.
type wireStock struct {
	SKU     string    `json:"sellerSku"`
	Updated time.Time `json:"lastUpdatedTime"`
	Total   int       `json:"totalQuantity"`
	Details *struct {
		Fulfillable int `json:"fulfillableQuantity"`
		Working     int `json:"inboundWorkingQuantity"`
		Shipped     int `json:"inboundShippedQuantity"`
		Receiving   int `json:"inboundReceivingQuantity"`
		Reserved    *struct {
			Total int `json:"totalReservedQuantity"`
		} `json:"reservedQuantity"`
	} `json:"inventoryDetails"`
}

// Stock lists what lies in the platform's own warehouses, marketplace by
// marketplace. The token holds which one it is, when the reading began, and the
// platform's token, which lives half a minute: if it is over, the marketplace is
// read again from its beginning.
func (s *Seller) Stock(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.StockLevel], error) {
	which, began, token := 0, s.now().UTC(), ""
	if n, rest, ok := strings.Cut(since.Token, "|"); ok {
		at, t, _ := strings.Cut(rest, "|")
		which, _ = strconv.Atoi(n) // ours; if not, the reading begins anew
		if b, err := time.Parse(time.RFC3339, at); err == nil {
			began = b
		}
		token = t
	}
	if which < 0 || which >= len(s.markets) {
		which, token = 0, ""
	}
	market := s.markets[which]
	var a struct {
		Payload struct {
			Summaries []json.RawMessage `json:"inventorySummaries"`
		} `json:"payload"`
		Pagination struct {
			Next string `json:"nextToken"`
		} `json:"pagination"`
	}
	q := url.Values{"details": {"true"}, "granularityType": {"Marketplace"}, "granularityId": {market}, "marketplaceIds": {market}}
	if !since.Since.IsZero() {
		from := since.Since.UTC()
		if least := s.now().UTC().Add(-oldestStock); from.Before(least) {
			from = least
		}
		// On further pages too: without it they start again from everything.
		q.Set("startDateTime", from.Truncate(time.Second).Format(time.RFC3339))
	}
	if token != "" {
		q.Set("nextToken", token)
	}
	const path = "/fba/inventory/v1/summaries"
	err := s.get(ctx, "getInventorySummaries", path, q, &a)
	if err != nil && token != "" && connectors.KindOf(err) == connectors.Invalid {
		q.Del("nextToken")
		err = s.get(ctx, "getInventorySummaries", path, q, &a)
	}
	if err != nil {
		return connectors.Page[connectors.StockLevel]{}, err
	}
	page := connectors.Page[connectors.StockLevel]{Next: connectors.Cursor{Since: since.Since, Limit: since.Limit}}
	for _, raw := range a.Payload.Summaries {
		var w wireStock
		if err := json.Unmarshal(raw, &w); err != nil || w.SKU == "" {
			if err == nil {
				err = errors.New("stock without a SKU")
			}
			page.Bad = append(page.Bad, connectors.BadItem{ID: w.SKU, Err: errors.New(connectors.Redact(err.Error())), Raw: raw})
			continue
		}
		l := connectors.StockLevel{SKU: w.SKU, Item: w.SKU, Location: "AMAZON_" + market, LocationName: sites[market].domain, Available: w.Total,
			ByPlatform: true, Updated: w.Updated.UTC()}
		if d := w.Details; d != nil {
			l.Available, l.Inbound = d.Fulfillable, d.Working+d.Shipped+d.Receiving
			if d.Reserved != nil {
				l.Reserved = d.Reserved.Total
			}
		}
		page.Items = append(page.Items, l)
	}
	next := a.Pagination.Next
	if next == "" {
		which++
	}
	if page.More = next != "" || which < len(s.markets); page.More {
		page.Next.Token = strconv.Itoa(which) + "|" + began.Format(time.RFC3339) + "|" + next
	} else {
		page.Next.Since = began.Add(-overlap)
	}
	return page, nil
}

// SetStock sets the quantities of goods that the seller sends, one by one. Each
// listing is read first: its product type is needed, what it is believed to have
// is compared, and one that the platform sends is left alone, since a quantity
// would turn it into one that the seller sends.
func (s *Seller) SetStock(ctx context.Context, rows []connectors.StockSet) []connectors.RowResult {
	ctx = connectors.WithFresh(ctx)
	out := make([]connectors.RowResult, len(rows))
	for i, row := range rows {
		out[i] = s.setOne(ctx, row)
		out[i].SKU = row.SKU
	}
	return out
}

func (s *Seller) setOne(ctx context.Context, row connectors.StockSet) connectors.RowResult {
	refused := func(err error) connectors.RowResult {
		r := connectors.RowResult{State: connectors.StateRejected, Err: err}
		var e *connectors.Error
		if errors.As(err, &e) {
			r.Code = e.Code
			if e.Kind == connectors.Busy || e.Kind == connectors.Down {
				r.State = connectors.StateAbsent // it may be set later
			}
		}
		return r
	}
	const op = "patchListingsItem"
	switch {
	case row.SKU == "" || row.Quantity < 0:
		return refused(fault(connectors.Invalid, op, "incomplete", "a row needs a SKU and a quantity of at least 0"))
	case row.SKU == "." || row.SKU == "..":
		// On its way such a part of a path is taken for the folder above.
		return refused(fault(connectors.Invalid, op, "sku", "the platform's addresses cannot name this SKU"))
	case row.Location != "" && row.Location != ownChannel:
		return refused(fault(connectors.Unsupported, op, "by_platform", "the quantity at "+row.Location+" is not the seller's to set"))
	}
	seller, err := s.sellerID(op)
	if err != nil {
		return refused(err)
	}
	address := "/listings/2021-08-01/items/" + pathID(seller) + "/" + pathID(row.SKU)
	markets := strings.Join(s.markets, ",")
	var w wireListing
	if err := s.get(ctx, "getListingsItem", address, url.Values{"marketplaceIds": {markets}, "includedData": {"summaries,fulfillmentAvailability"}}, &w); err != nil {
		return refused(err)
	}
	own, theirs := -1, false
	for i, f := range w.Stock {
		if f.Channel == ownChannel {
			own = i
		} else {
			theirs = true
		}
	}
	if theirs && own < 0 {
		return refused(fault(connectors.Unsupported, op, "by_platform", "the platform sends these goods: a quantity would turn them into ones that the seller sends"))
	}
	if row.Was != nil {
		now := 0
		if own >= 0 && w.Stock[own].Quantity != nil {
			now = *w.Stock[own].Quantity
		}
		if now != *row.Was {
			return refused(fault(connectors.Conflict, op, "quantity_changed", "it is "+strconv.Itoa(now)+" and not "+strconv.Itoa(*row.Was)))
		}
	}
	kind := "PRODUCT" // what the platform takes where the type is not known
	var in []string
	for _, m := range s.markets {
		if at := w.summary(m); at >= 0 {
			in = append(in, m)
			if t := w.Summaries[at].Type; t != "" {
				kind = t
			}
		}
	}
	if len(in) > 0 {
		markets = strings.Join(in, ",")
	}
	type value struct {
		Channel  string `json:"fulfillment_channel_code"`
		Quantity int    `json:"quantity"`
	}
	type patch struct {
		Op    string  `json:"op"`
		Path  string  `json:"path"`
		Value []value `json:"value"`
	}
	var a struct {
		Status     string      `json:"status"`
		Submission string      `json:"submissionId"`
		Issues     []wireIssue `json:"issues"`
	}
	// merge, since replace wipes the handling time that stands beside the quantity.
	err = s.do(ctx, connectors.Call{Op: op, Method: "PATCH", URL: s.base + address + "?" + url.Values{"marketplaceIds": {markets}}.Encode(),
		Body: struct {
			Type    string  `json:"productType"`
			Patches []patch `json:"patches"`
		}{kind, []patch{{"merge", "/attributes/" + availability, []value{{ownChannel, row.Quantity}}}}}}, &a)
	switch {
	case err != nil && connectors.KindOf(err) == connectors.Unsure:
		return connectors.RowResult{State: connectors.StateUnknown, Err: err}
	case err != nil:
		return refused(err)
	}
	return taken(a.Status, a.Submission, a.Issues)
}

// taken tells what the answer to a patch means. An error that is not about the
// quantity was there before, and does not keep it from being taken.
func taken(status, submission string, issues []wireIssue) connectors.RowResult {
	worst := wireIssue{}
	ours := false
	for _, i := range issues {
		if i.Severity != "ERROR" {
			continue
		}
		about := false
		for _, n := range i.Attributes {
			about = about || n == availability
		}
		if worst.Code == "" || about && !ours {
			worst = i
		}
		ours = ours || about
	}
	switch {
	case status == "INVALID" || ours:
		return connectors.RowResult{State: connectors.StateRejected, Code: worst.Code, Err: fault(connectors.Invalid, "patchListingsItem", worst.Code, "refused: "+worst.Message)}
	case status == "ACCEPTED":
		return connectors.RowResult{State: connectors.StateAccepted, Code: submission}
	}
	return connectors.RowResult{State: connectors.StateUnknown, Code: status, Err: fault(connectors.Unsure, "patchListingsItem", "odd_status", "answered with the status "+status)}
}
