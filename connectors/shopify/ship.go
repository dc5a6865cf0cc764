package shopify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"helloworld/connectors"
)

type wireShipment struct {
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Created  time.Time `json:"createdAt"`
	Location *struct {
		ID string `json:"id"`
	} `json:"location"`
	Tracking []struct {
		Company string `json:"company"`
		Number  string `json:"number"`
	} `json:"trackingInfo"`
}

type wireLeft struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Actions []struct {
		Action string `json:"action"`
	} `json:"supportedActions"`
	Assigned struct {
		Name     string `json:"name"`
		Location *struct {
			ID string `json:"id"`
		} `json:"location"`
	} `json:"assignedLocation"`
	Lines wireLeftLines `json:"lineItems"`
}

type wireLeftLines struct {
	Nodes []wireLeftLine `json:"nodes"`
	Page  pageInfo       `json:"pageInfo"`
}

type wireLeftLine struct {
	ID        string `json:"id"`
	Remaining int    `json:"remainingQuantity"`
	Line      struct {
		ID string `json:"id"`
	} `json:"lineItem"`
}

// open: the shop itself can ship it now.
func (w wireLeft) open() bool {
	for _, a := range w.Actions {
		if a.Action == "CREATE_FULFILLMENT" {
			return true
		}
	}
	return false
}

// place is where it lies: one shipment leaves from one place.
func (w wireLeft) place() string {
	if w.Assigned.Location != nil {
		return w.Assigned.Location.ID
	}
	return w.Assigned.Name
}

// Ship tells of one parcel. The platform has no key for this, so the tracking
// number is ours: what is there with it already is not sent again. Where no
// lines are named and the goods lie in several places, the platform wants a
// shipment of each, and gets them with the same number.
func (s *Shop) Ship(ctx context.Context, cmd connectors.Ship) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	none := connectors.Receipt{}
	if cmd.Key == "" || number(cmd.Number) == "" {
		return none, invalid("ShipConfirm", "incomplete", "a shipment needs a key and a tracking number")
	}
	gid, err := s.find(ctx, cmd.Order)
	if err != nil {
		return none, certain(err)
	}
	left, shipped, err := s.left(ctx, gid)
	if err != nil {
		return none, certain(err)
	}
	r, there := withNumber(shipped, cmd.Number)
	if there && len(cmd.Lines) > 0 {
		return r, nil
	}
	if there {
		if left = elsewhere(left, shipped, cmd.Number); len(left) == 0 {
			return r, nil
		}
	}
	inputs, err := s.shipInputs(cmd, left)
	if err != nil {
		return none, err
	}
	for _, in := range inputs {
		if r, err = s.shipOne(ctx, in); err != nil || r.State != connectors.StateApplied {
			return r, err
		}
	}
	return r, nil
}

func (s *Shop) shipOne(ctx context.Context, in shipFields) (connectors.Receipt, error) {
	var d struct {
		Create *struct {
			Fulfillment *wireShipment `json:"fulfillment"`
			Errors      []userError   `json:"userErrors"`
		} `json:"fulfillmentCreate"`
	}
	if err := s.query(ctx, "ShipConfirm", opShip, map[string]any{"fulfillment": in}, false, &d); err != nil {
		if connectors.KindOf(err) != connectors.Unsure {
			return connectors.Receipt{}, err
		}
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	switch {
	case d.Create != nil && len(d.Create.Errors) > 0:
		return connectors.Receipt{State: connectors.StateRejected, Code: "user_error"}, refused("ShipConfirm", d.Create.Errors)
	case d.Create == nil || d.Create.Fulfillment == nil:
		return connectors.Receipt{State: connectors.StateUnknown}, &connectors.Error{Platform: Platform, Op: "ShipConfirm", Code: "no_fulfillment",
			Err: errors.New("the answer does not say what was done")}
	}
	return shipReceipt(*d.Create.Fulfillment), nil
}

// ShipState looks among the order's shipments for this one's number. If all
// was to be sent and goods still lie in another place, it is not done: sending
// it again sends only those.
func (s *Shop) ShipState(ctx context.Context, cmd connectors.Ship) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	unknown := connectors.Receipt{State: connectors.StateUnknown}
	gid, err := s.find(ctx, cmd.Order)
	if err != nil {
		return unknown, err
	}
	if len(cmd.Lines) == 0 {
		left, shipped, err := s.left(ctx, gid)
		if err != nil {
			return unknown, err
		}
		if r, ok := withNumber(shipped, cmd.Number); ok && len(elsewhere(left, shipped, cmd.Number)) == 0 {
			return r, nil
		}
		return connectors.Receipt{State: connectors.StateAbsent}, nil
	}
	var d struct {
		Order *struct {
			Shipped []wireShipment `json:"fulfillments"`
		} `json:"order"`
	}
	if err := s.query(ctx, "Fulfillments", opFulfillments, map[string]any{"id": gid}, true, &d); err != nil {
		return unknown, err
	}
	if d.Order == nil {
		return unknown, notFound("Fulfillments", gid)
	}
	if r, ok := withNumber(d.Order.Shipped, cmd.Number); ok {
		return r, nil
	}
	return connectors.Receipt{State: connectors.StateAbsent}, nil
}

// elsewhere is what can be shipped from places that no shipment with this
// number left yet. What lies in a place that one did leave came later.
func elsewhere(left []wireLeft, shipped []wireShipment, want string) []wireLeft {
	var from []string
	for _, w := range shipped {
		if _, ok := withNumber([]wireShipment{w}, want); ok {
			if w.Location == nil {
				return nil // it does not say from where: then it is all of it
			}
			from = append(from, w.Location.ID)
		}
	}
	return slices.DeleteFunc(slices.Clone(left), func(w wireLeft) bool {
		return !w.open() || slices.Contains(from, w.place()) || !slices.ContainsFunc(w.Lines.Nodes, func(l wireLeftLine) bool { return l.Remaining > 0 })
	})
}

// number is a tracking number as it is compared: people put spaces into them.
func number(n string) string {
	return strings.ToUpper(strings.Join(strings.Fields(n), ""))
}

// withNumber finds the shipment with a tracking number. One that was cancelled
// or failed is none.
func withNumber(all []wireShipment, want string) (connectors.Receipt, bool) {
	for _, w := range all {
		switch w.Status {
		case "CANCELLED", "ERROR", "FAILURE":
			continue
		}
		for _, t := range w.Tracking {
			if number(t.Number) == number(want) {
				return shipReceipt(w), true
			}
		}
	}
	return connectors.Receipt{}, false
}

func shipReceipt(w wireShipment) connectors.Receipt {
	r := connectors.Receipt{State: connectors.StateApplied, ID: w.ID}
	switch w.Status {
	case "CANCELLED", "ERROR", "FAILURE":
		r.State, r.Code = connectors.StateRejected, strings.ToLower(w.Status)
	}
	return r
}

// left reads what is left to ship, whole, and what was shipped.
func (s *Shop) left(ctx context.Context, gid string) ([]wireLeft, []wireShipment, error) {
	var left []wireLeft
	var shipped []wireShipment
	vars := map[string]any{"id": gid}
	for range manyPages {
		var d struct {
			Order *struct {
				Shipped []wireShipment `json:"fulfillments"`
				Orders  struct {
					Nodes []wireLeft `json:"nodes"`
					Page  pageInfo   `json:"pageInfo"`
				} `json:"fulfillmentOrders"`
			} `json:"order"`
		}
		if err := s.query(ctx, "FulfillmentOrders", opFulfillmentOrders, vars, true, &d); err != nil {
			return nil, nil, err
		}
		if d.Order == nil {
			return nil, nil, notFound("FulfillmentOrders", gid)
		}
		shipped = d.Order.Shipped
		left = append(left, d.Order.Orders.Nodes...)
		if p := d.Order.Orders.Page; !p.More || p.End == "" || p.End == vars["after"] {
			break
		}
		vars["after"] = d.Order.Orders.Page.End
	}
	for i := range left {
		for page := left[i].Lines.Page; page.More && page.End != ""; {
			var d struct {
				Order *wireLeft `json:"fulfillmentOrder"`
			}
			if err := s.query(ctx, "FulfillmentLines", opFulfillmentLines, map[string]any{"id": left[i].ID, "after": page.End}, true, &d); err != nil {
				return nil, nil, err
			}
			if d.Order == nil || d.Order.Lines.Page.End == page.End {
				break // a page that leads nowhere is the end
			}
			left[i].Lines.Nodes = append(left[i].Lines.Nodes, d.Order.Lines.Nodes...)
			page = d.Order.Lines.Page
		}
	}
	return left, shipped, nil
}

type shipLine struct {
	ID       string `json:"id"`
	Quantity int    `json:"quantity"`
}

type shipPart struct {
	Order string     `json:"fulfillmentOrderId"`
	Lines []shipLine `json:"fulfillmentOrderLineItems,omitempty"`
}

type shipFields struct {
	Parts    []shipPart `json:"lineItemsByFulfillmentOrder"`
	Notify   bool       `json:"notifyCustomer"`
	Tracking struct {
		Company string `json:"company,omitempty"`
		Number  string `json:"number"`
	} `json:"trackingInfo"`
}

// shipInputs chooses what goes into the parcel. What the platform takes as one
// shipment leaves from one place: so lines that are named must lie together,
// and all that is left becomes a shipment of each place.
func (s *Shop) shipInputs(cmd connectors.Ship, left []wireLeft) ([]shipFields, error) {
	in := shipFields{Notify: cmd.Notify}
	in.Tracking.Company, in.Tracking.Number = s.company(cmd.Carrier), strings.TrimSpace(cmd.Number)
	want := map[string]int{}
	for _, l := range cmd.Lines {
		if l.Quantity <= 0 {
			return nil, invalid("ShipConfirm", "quantity", "a line is shipped at least once")
		}
		id := l.Line
		if digits(id) {
			id = "gid://shopify/LineItem/" + id
		}
		want[id] += l.Quantity
	}
	var places []string
	held := false
	for _, w := range left {
		if !w.open() {
			held = held || w.Status == "ON_HOLD" || w.Status == "SCHEDULED"
			continue
		}
		if !slices.Contains(places, w.place()) && slices.ContainsFunc(w.Lines.Nodes, func(l wireLeftLine) bool { return l.Remaining > 0 }) {
			places = append(places, w.place())
		}
	}
	switch {
	case len(places) == 0 && held:
		return nil, conflict("ShipConfirm", "on_hold", "the order is on hold or scheduled for later")
	case len(places) == 0:
		return nil, conflict("ShipConfirm", "nothing_left", "nothing of this order is left to ship")
	}
	var all []shipFields
	for _, place := range places {
		parts, ok := partsOf(left, place, want)
		if !ok {
			continue
		}
		in.Parts = parts
		if all = append(all, in); len(want) > 0 {
			return all, nil
		}
		in.Notify = false // one mail for one parcel
	}
	if len(all) > 0 {
		return all, nil
	}
	return nil, conflict("ShipConfirm", "over_remaining", "less than that is left to ship, or it lies in several locations")
}

// partsOf takes lines from what lies in one place: those wanted, or all.
func partsOf(left []wireLeft, place string, want map[string]int) ([]shipPart, bool) {
	var parts []shipPart
	need := map[string]int{}
	for id, n := range want {
		need[id] = n
	}
	for _, w := range left {
		if !w.open() || w.place() != place {
			continue
		}
		part := shipPart{Order: w.ID}
		for _, l := range w.Lines.Nodes {
			n := l.Remaining
			if len(want) > 0 {
				n = min(n, need[l.Line.ID])
				need[l.Line.ID] -= n
			}
			if n > 0 {
				part.Lines = append(part.Lines, shipLine{l.ID, n})
			}
		}
		if len(part.Lines) > 0 {
			parts = append(parts, part)
		}
	}
	for _, n := range need {
		if n > 0 {
			return nil, false
		}
	}
	return parts, len(parts) > 0
}
