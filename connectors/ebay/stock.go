package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"helloworld/connectors"
)

const (
	opStock = "stock"
	// stockRows is how many rows eBay takes at once.
	stockRows = 25
	// maxRevisions is how often a day eBay lets a listing be changed.
	maxRevisions = 250
)

type stockBody struct {
	Requests []stockRow `json:"requests"`
}

type stockRow struct {
	SKU    string       `json:"sku"`
	Ship   stockShip    `json:"shipToLocationAvailability"`
	Offers []stockOffer `json:"offers,omitempty"`
}

type stockShip struct {
	Quantity int         `json:"quantity"`
	Places   []wirePlace `json:"availabilityDistributions,omitempty"`
}

type stockOffer struct {
	ID       string `json:"offerId"`
	Quantity int    `json:"availableQuantity"`
}

type wireStock struct {
	Responses []struct {
		SKU    string      `json:"sku"`
		Offer  string      `json:"offerId"`
		Status int         `json:"statusCode"`
		Errors []wireError `json:"errors"`
	} `json:"responses"`
}

// SetStock sets quantities. What is there is read first: what has the quantity
// already is left alone, and what has another than was believed is refused, since
// eBay itself compares nothing. Between reading and setting a sale may still
// happen; that window is as small as one call.
func (s *Shop) SetStock(ctx context.Context, rows []connectors.StockSet) []connectors.RowResult {
	ctx = connectors.WithFresh(ctx)
	out := make([]connectors.RowResult, len(rows))
	for i, r := range rows {
		out[i].SKU = r.SKU
	}
	for done := 0; done < len(rows); {
		// One SKU stands in one call once: the later row waits for the next.
		n, there := done, map[string]bool{}
		for n < len(rows) && n-done < stockRows && !there[rows[n].SKU] {
			there[rows[n].SKU] = true
			n++
		}
		s.setRows(ctx, rows[done:n], out[done:n])
		done = n
	}
	return out
}

func refuseRow(r *connectors.RowResult, err error) {
	r.Err, r.Code, r.State = err, codeOf(err), refusal(err)
	if connectors.KindOf(err) == connectors.Unsure {
		r.State = connectors.StateUnknown
	}
}

// setRows sets at most stockRows rows of different SKUs.
func (s *Shop) setRows(ctx context.Context, rows []connectors.StockSet, out []connectors.RowResult) {
	var body stockBody
	index := map[string]int{}
	for i, r := range rows {
		row, err := s.stockRow(ctx, r)
		switch {
		case err != nil:
			refuseRow(&out[i], certain(opStock, err))
		case row == nil:
			out[i].State = connectors.StateApplied // it has this quantity
		default:
			index[r.SKU] = i
			body.Requests = append(body.Requests, *row)
		}
	}
	if len(body.Requests) == 0 {
		return
	}
	var a wireStock
	if err := s.write(ctx, opStock, s.base+inventory+"/bulk_update_price_quantity", body, &a); err != nil {
		for _, i := range index {
			refuseRow(&out[i], err)
		}
		return
	}
	offers := map[string]int{}
	for _, row := range body.Requests {
		for _, o := range row.Offers {
			offers[o.ID] = index[row.SKU]
		}
	}
	for _, r := range a.Responses {
		i, ok := offers[r.Offer]
		if !ok || r.Offer == "" {
			if i, ok = index[r.SKU]; !ok {
				continue
			}
		}
		switch {
		case r.Status >= 300 || len(r.Errors) > 0:
			refuseRow(&out[i], s.rowError(r.Status, r.Errors))
		case out[i].State == "":
			out[i].State = connectors.StateApplied
		}
	}
	for _, i := range index {
		if out[i].State == "" {
			refuseRow(&out[i], &connectors.Error{Kind: connectors.Unsure, Platform: Platform, Op: opStock, Code: "no_answer", Err: errors.New("the answer does not name this row")})
		}
	}
}

// rowError tells what one row's refusal means, as if it had come alone.
func (s *Shop) rowError(status int, list []wireError) error {
	if len(list) == 0 {
		return &connectors.Error{Kind: connectors.Unsure, Platform: Platform, Op: opStock, Code: "http_" + strconv.Itoa(status), Err: errors.New("refused without a reason")}
	}
	if status < 300 {
		status = 400
	}
	e := s.numbered(opStock, status, nil, list[0])
	e.Platform, e.Op = Platform, opStock
	if e.Kind == connectors.Down {
		e.Kind = connectors.Unsure // eBay's own fault, in the middle of doing it
	}
	return e
}

// stockRow reads what there is and makes the row that sets it; nil if there is
// nothing to set.
func (s *Shop) stockRow(ctx context.Context, r connectors.StockSet) (*stockRow, error) {
	if r.Key == "" || r.SKU == "" || r.Quantity < 0 {
		return nil, invalid(opStock, "incomplete", "a row needs a key, a SKU and a quantity")
	}
	if r.SKU == "." || r.SKU == ".." {
		return nil, invalid(opStock, "sku", "eBay's addresses cannot name this SKU")
	}
	var raw json.RawMessage
	if err := s.read(ctx, opItem, s.base+inventory+"/inventory_item/"+url.PathEscape(r.SKU), nil, &raw); err != nil {
		return nil, err
	}
	var w wireItem
	if err := json.Unmarshal(raw, &w); err != nil {
		return nil, invalid(opStock, "unreadable", err.Error())
	}
	offers, err := s.offers(ctx, r.SKU)
	if err != nil {
		return nil, err
	}
	row := &stockRow{SKU: r.SKU, Ship: stockShip{Quantity: r.Quantity}}
	if err := row.places(w.Availability.Ship.Places, r); err != nil {
		return nil, err
	}
	was, known := quantity(w, wireOffer{})
	same := known && was == row.Ship.Quantity
	for _, p := range w.Availability.Ship.Places {
		if p.Key == r.Location {
			was, known, same = p.Quantity, true, same && p.Quantity == r.Quantity
		}
	}
	named := r.Item == ""
	var listings []string
	for _, o := range offers {
		if o.ID == r.Item {
			named = true
		}
		if !o.live() || r.Item != "" && r.Item != o.ID {
			continue
		}
		n, ok := quantity(w, o)
		same = same && ok && n == row.Ship.Quantity
		if ok && r.Location == "" && len(row.Offers) == 0 {
			was, known = n, true
		}
		row.Offers = append(row.Offers, stockOffer{o.ID, row.Ship.Quantity})
		listings = append(listings, orElse(o.Listing.ID, o.ID))
	}
	if !named {
		return nil, &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: opStock, Code: "no_offer", Err: errors.New("the SKU has no such offer")}
	}
	if same {
		return nil, nil
	}
	if r.Was != nil && known && was != *r.Was {
		return nil, &connectors.Error{Kind: connectors.Conflict, Platform: Platform, Op: opStock, Code: "changed",
			Err: fmt.Errorf("it was believed to be %d and is %d", *r.Was, was)}
	}
	if wait := s.revisions.take(s.now(), listings); wait > 0 {
		return nil, &connectors.Error{Kind: connectors.Busy, Platform: Platform, Op: opStock, Code: "revisions", RetryAfter: wait,
			Err: fmt.Errorf("eBay lets a listing be changed %d times a day", maxRevisions)}
	}
	return row, nil
}

// places sets the quantity of one warehouse where the item has several; the total
// follows. Leaving them out would wipe them.
func (row *stockRow) places(places []wirePlace, r connectors.StockSet) error {
	if len(places) == 0 {
		if r.Location != "" {
			return &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: opStock, Code: "no_location", Err: errors.New("the item lies in no such place")}
		}
		return nil
	}
	only := r.Location == "" && len(places) == 1
	found, total := false, 0
	for _, p := range places {
		if only || p.Key == r.Location {
			found = true
			p.Quantity = r.Quantity
		}
		total += p.Quantity
		row.Ship.Places = append(row.Ship.Places, p)
	}
	if !found {
		return &connectors.Error{Kind: connectors.Invalid, Platform: Platform, Op: opStock, Code: "location",
			Err: errors.New("the item lies in several places: say in which the quantity is to be set")}
	}
	row.Ship.Quantity = total
	return nil
}

// revisions counts how often listings were changed today, as far as this process
// did it.
type revisions struct {
	mu    sync.Mutex
	until time.Time
	n     map[string]int
}

// take counts one change of each listing, or says how long until there may be
// another.
func (v *revisions) take(now time.Time, listings []string) time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.n == nil || !now.Before(v.until) {
		v.n, v.until = map[string]int{}, now.Add(untilMidnight(now))
	}
	for _, l := range listings {
		if v.n[l] >= maxRevisions {
			return v.until.Sub(now)
		}
	}
	for _, l := range listings {
		v.n[l]++
	}
	return 0
}
