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

// returnsAtOnce is how many returns are read whole in one query.
const returnsAtOnce = 10

type wireReturn struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Status   string     `json:"status"`
	Created  time.Time  `json:"createdAt"`
	Approved *time.Time `json:"requestApprovedAt"`
	Closed   *time.Time `json:"closedAt"`
	Order    struct {
		ID      string    `json:"id"`
		Name    string    `json:"name"`
		Updated time.Time `json:"updatedAt"`
	} `json:"order"`
	Lines   wireReturnLines `json:"returnLineItems"`
	Refunds struct {
		Nodes []wireRefund `json:"nodes"`
	} `json:"refunds"`
	Reverse struct {
		Nodes []wireReverse `json:"nodes"`
	} `json:"reverseFulfillmentOrders"`
}

type wireReturnLines struct {
	Nodes []wireReturnLine `json:"nodes"`
	Page  pageInfo         `json:"pageInfo"`
}

type wireReturnLine struct {
	ID          string `json:"id"`
	Quantity    int    `json:"quantity"`
	Processable int    `json:"processableQuantity"`
	Processed   int    `json:"processedQuantity"`
	Refundable  int    `json:"refundableQuantity"`
	Note        string `json:"customerNote"`
	ReasonNote  string `json:"returnReasonNote"`
	Reason      *struct {
		Handle string `json:"handle"`
		Name   string `json:"name"`
	} `json:"returnReasonDefinition"`
	Shipped *struct {
		ID   string `json:"id"`
		Line struct {
			ID    string `json:"id"`
			SKU   string `json:"sku"`
			Title string `json:"title"`
		} `json:"lineItem"`
	} `json:"fulfillmentLineItem"`
}

type wireReverse struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Lines  struct {
		Nodes []struct {
			ID      string `json:"id"`
			Total   int    `json:"totalQuantity"`
			Shipped *struct {
				ID string `json:"id"`
			} `json:"fulfillmentLineItem"`
		} `json:"nodes"`
	} `json:"lineItems"`
	Parcels struct {
		Nodes []struct {
			ID          string `json:"id"`
			Deliverable *struct {
				Tracking *struct {
					Carrier string `json:"carrierName"`
					Number  string `json:"number"`
				} `json:"tracking"`
			} `json:"deliverable"`
		} `json:"nodes"`
	} `json:"reverseDeliveries"`
}

// Returns lists returns of orders changed since the cursor. The platform has
// no list of returns, but an order changes with its returns.
func (s *Shop) Returns(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Return], error) {
	none := connectors.Page[connectors.Return]{}
	limit := since.Limit
	if limit <= 0 {
		limit = pageDefault
	}
	limit = min(limit, pageMost)
	vars := map[string]any{}
	if since.Token != "" {
		vars["after"] = since.Token
	}
	if !since.Since.IsZero() {
		vars["query"] = "updated_at:>=" + quoted(since.Since.UTC().Format(time.RFC3339))
	} else {
		// At first the many orders without a return are of no interest; later a
		// return that was declined counts as none here, and must not be missed.
		vars["query"] = "-return_status:no_return"
	}
	var d struct {
		Orders struct {
			Nodes []json.RawMessage `json:"nodes"`
			Page  pageInfo          `json:"pageInfo"`
		} `json:"orders"`
	}
	if err := s.affordable(ctx, "ReturnsOf", opReturnsOf, vars, limit, &d); err != nil {
		return none, err
	}
	page := connectors.Page[connectors.Return]{Next: connectors.Cursor{Since: since.Since, Limit: since.Limit}}
	last := since.Since
	var ids []string
	for _, raw := range d.Orders.Nodes {
		var o struct {
			ID      string    `json:"id"`
			Updated time.Time `json:"updatedAt"`
			Returns wireIDs   `json:"returns"`
		}
		err := json.Unmarshal(raw, &o)
		if err == nil && o.ID == "" {
			err = errors.New("it has no id")
		}
		if err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: o.ID, Err: errors.New(connectors.Redact("reading the returns of an order: " + err.Error())), Raw: raw})
			continue
		}
		if o.Updated.After(last) {
			last = o.Updated
		}
		of, err := s.returnIDs(ctx, o.ID, o.Returns)
		if err != nil {
			return none, err
		}
		ids = append(ids, of...)
	}
	if err := s.readReturns(ctx, ids, &page); err != nil {
		return none, err
	}
	if p := d.Orders.Page; p.More && p.End != "" && p.End != since.Token {
		page.More, page.Next.Token = true, p.End
		return page, nil
	}
	if next := last.Add(-overlap); !last.IsZero() && next.After(page.Next.Since) {
		page.Next.Since = next.UTC()
	}
	return page, nil
}

type wireIDs struct {
	Nodes []struct {
		ID string `json:"id"`
	} `json:"nodes"`
	Page pageInfo `json:"pageInfo"`
}

// firstPage is a cursor of ours: from the beginning.
const firstPage = "first"

// returnIDs are all returns of an order, read on where they do not fit.
func (s *Shop) returnIDs(ctx context.Context, order string, page wireIDs) ([]string, error) {
	var ids []string
	for {
		for _, n := range page.Nodes {
			ids = append(ids, n.ID)
		}
		if !page.Page.More || page.Page.End == "" {
			return ids, nil
		}
		var d struct {
			Order *struct {
				Returns wireIDs `json:"returns"`
			} `json:"order"`
		}
		vars := map[string]any{"id": order}
		if page.Page.End != firstPage {
			vars["after"] = page.Page.End
		}
		if err := s.query(ctx, "ReturnIDs", opReturnIDs, vars, true, &d); err != nil {
			return nil, err
		}
		if d.Order == nil || d.Order.Returns.Page.End == page.Page.End {
			return ids, nil // a page that leads nowhere is the end
		}
		page = d.Order.Returns
	}
}

// readReturns reads returns whole, some at a time.
func (s *Shop) readReturns(ctx context.Context, ids []string, page *connectors.Page[connectors.Return]) error {
	many := returnsAtOnce
	for len(ids) > 0 {
		some := ids[:min(many, len(ids))]
		var d struct {
			Nodes []json.RawMessage `json:"nodes"`
		}
		err := s.query(ctx, "Returns", opReturns, map[string]any{"ids": some}, true, &d)
		var e *connectors.Error
		if errors.As(err, &e) && e.Code == "MAX_COST_EXCEEDED" && many > 1 {
			many /= 2
			continue
		}
		if err != nil {
			return err
		}
		ids = ids[len(some):]
		for _, raw := range d.Nodes {
			if len(raw) == 0 || string(raw) == "null" {
				continue // gone meanwhile
			}
			r, err := s.returned(ctx, raw)
			if err != nil {
				if kind := connectors.KindOf(err); kind != connectors.Unsure && kind != connectors.NotFound {
					return err // reading on failed, not this return
				}
				page.Bad = append(page.Bad, connectors.BadItem{ID: r.ID, Err: errors.New(connectors.Redact(err.Error())), Raw: raw})
				continue
			}
			page.Items = append(page.Items, r)
		}
	}
	return nil
}

// Return reads one return.
func (s *Shop) Return(ctx context.Context, id string) (connectors.Return, error) {
	w, err := s.readReturn(ctx, id)
	if err != nil {
		return connectors.Return{}, err
	}
	r, err := s.toReturn(w)
	if err != nil {
		return r, invalid("Return", "unreadable", err.Error())
	}
	return r, nil
}

func (s *Shop) readReturn(ctx context.Context, id string) (wireReturn, error) {
	id = strings.TrimSpace(id)
	if digits(id) {
		id = "gid://shopify/Return/" + id
	}
	var d struct {
		Return json.RawMessage `json:"return"`
	}
	if !strings.HasPrefix(id, "gid://shopify/Return/") {
		return wireReturn{}, noReturn(id)
	}
	if err := s.query(ctx, "Return", opReturn, map[string]any{"id": id}, true, &d); err != nil {
		return wireReturn{}, err
	}
	if len(d.Return) == 0 || string(d.Return) == "null" {
		return wireReturn{}, noReturn(id)
	}
	w, err := s.decodeReturn(ctx, d.Return)
	if connectors.KindOf(err) == connectors.Unsure && err != nil {
		return w, invalid("Return", "unreadable", err.Error())
	}
	return w, err
}

func noReturn(id string) error {
	return &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: "Return", Err: errors.New(connectors.Redact("there is no return " + id))}
}

// decodeReturn reads a return with all its lines.
func (s *Shop) decodeReturn(ctx context.Context, raw []byte) (wireReturn, error) {
	var w wireReturn
	if err := json.Unmarshal(raw, &w); err != nil {
		var head struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(raw, &head) // as much as can be said about it
		return wireReturn{ID: head.ID}, fmt.Errorf("reading a return: %w", err)
	}
	if w.ID == "" {
		return w, errors.New("reading a return: it has no id")
	}
	for page := w.Lines.Page; page.More && page.End != ""; {
		var d struct {
			Return *struct {
				Lines wireReturnLines `json:"returnLineItems"`
			} `json:"return"`
		}
		if err := s.query(ctx, "ReturnLines", opReturnLines, map[string]any{"id": w.ID, "after": page.End}, true, &d); err != nil {
			return w, err
		}
		if d.Return == nil || d.Return.Lines.Page.End == page.End {
			break // a page that leads nowhere is the end
		}
		w.Lines.Nodes = append(w.Lines.Nodes, d.Return.Lines.Nodes...)
		page = d.Return.Lines.Page
	}
	return w, nil
}

func (s *Shop) returned(ctx context.Context, raw []byte) (connectors.Return, error) {
	w, err := s.decodeReturn(ctx, raw)
	if err != nil {
		return connectors.Return{ID: w.ID}, err
	}
	return s.toReturn(w)
}

func (s *Shop) toReturn(w wireReturn) (connectors.Return, error) {
	out := connectors.Return{ID: w.ID, Number: w.Name, Kind: connectors.KindReturn, Order: w.Order.ID, PlatformStatus: w.Status,
		Created: w.Created.UTC(), Updated: w.Order.Updated.UTC(), Reason: connectors.ReasonOther}
	if out.Updated.Before(out.Created) {
		out.Updated = out.Created
	}
	var notes []string
	for _, l := range w.Lines.Nodes {
		line := connectors.ReturnLine{ID: l.ID, Quantity: l.Quantity}
		if l.Shipped != nil {
			line.Line, line.SKU, line.Title = l.Shipped.Line.ID, l.Shipped.Line.SKU, l.Shipped.Line.Title
		}
		out.Lines = append(out.Lines, line)
		if l.Reason != nil && out.PlatformReason == "" {
			out.PlatformReason, out.Reason = l.Reason.Handle, returnReason(l.Reason.Handle)
		}
		for _, n := range []string{l.Note, l.ReasonNote} {
			if n = strings.TrimSpace(n); n != "" && !slices.Contains(notes, n) {
				notes = append(notes, n)
			}
		}
	}
	out.Note = strings.Join(notes, "\n")
	var total sums
	for _, r := range w.Refunds.Nodes {
		seen, err := r.seen()
		if err != nil {
			return out, err
		}
		if seen.State != connectors.StateRejected {
			out.Refund = total.add(out.Refund, seen.Amount)
		}
	}
	if total.err != nil {
		return out, fmt.Errorf("return %s: %w", w.Name, total.err)
	}
	for _, r := range w.Reverse.Nodes {
		for _, p := range r.Parcels.Nodes {
			if p.Deliverable != nil && p.Deliverable.Tracking != nil && out.TrackNumber == "" {
				out.TrackCarrier, out.TrackNumber = p.Deliverable.Tracking.Carrier, p.Deliverable.Tracking.Number
			}
		}
	}
	out.Status, out.May = returnStatus(w, out)
	if n := tail(w.Order.ID); n != "" {
		out.Link = s.base + "/admin/orders/" + n
	}
	return out, nil
}

func returnStatus(w wireReturn, r connectors.Return) (connectors.ReturnStatus, []connectors.Verdict) {
	processed, open := 0, 0
	for _, l := range w.Lines.Nodes {
		processed, open = processed+l.Processed, open+l.Processable
	}
	switch w.Status {
	case "REQUESTED":
		return connectors.ReturnAsked, []connectors.Verdict{connectors.Approve, connectors.Decline}
	case "DECLINED":
		return connectors.ReturnDeclined, nil
	case "CANCELED":
		return connectors.ReturnClosed, nil
	case "CLOSED":
		if r.Refund.Minor > 0 {
			return connectors.ReturnRefunded, nil
		}
		return connectors.ReturnClosed, nil
	case "OPEN":
		may := []connectors.Verdict{connectors.PayBack}
		if open > 0 {
			may = append(may, connectors.Received)
		}
		switch {
		case r.Refund.Minor > 0 && open == 0:
			return connectors.ReturnRefunded, nil
		case processed > 0:
			return connectors.ReturnArrived, may
		case r.TrackNumber != "":
			return connectors.ReturnOnTheWay, may
		}
		return connectors.ReturnApproved, may
	}
	return connectors.ReturnOther, nil
}

// returnReason maps the handles of the platform's reasons. There are hundreds,
// by kind of goods; what they have in common stands in their words.
func returnReason(handle string) connectors.RefundReason {
	h := strings.ToLower(strings.NewReplacer("_", "-", " ", "-").Replace(handle))
	for _, x := range []struct {
		part   string
		reason connectors.RefundReason
	}{
		{"damage", connectors.ReasonDamaged}, {"broken", connectors.ReasonDamaged}, {"defect", connectors.ReasonDefective},
		{"not-work", connectors.ReasonDefective}, {"wrong", connectors.ReasonWrongItem}, {"as-described", connectors.ReasonNotDescribed},
		{"not-as", connectors.ReasonNotDescribed}, {"late", connectors.ReasonLate}, {"never-arrived", connectors.ReasonNotArrived},
		{"price", connectors.ReasonPrice}, {"unwanted", connectors.ReasonReturned}, {"changed-mind", connectors.ReasonReturned},
		{"size", connectors.ReasonReturned}, {"style", connectors.ReasonReturned}, {"color", connectors.ReasonReturned}, {"too-", connectors.ReasonReturned},
	} {
		if strings.Contains(h, x.part) {
			return x.reason
		}
	}
	return connectors.ReasonOther
}
