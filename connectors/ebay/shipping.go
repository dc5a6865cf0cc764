package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"helloworld/connectors"
)

const (
	opShip      = "ship"
	opShipments = "shipments"
)

// carriers maps the codes of package tracking to eBay's words.
var carriers = map[string]string{
	"ups": "UPS", "fedex": "FedEx", "usps": "USPS", "dhl": "DHL", "dhl-express": "DHL", "dhl-paket": "DHL", "dhl-ecommerce": "DHLGlobalMail",
	"dpd": "DPD", "gls": "GLS", "hermes": "Hermes", "evri": "Hermes", "royal-mail": "RoyalMail", "parcelforce": "ParcelForce",
	"la-poste": "LaPoste", "colissimo": "Colissimo", "chronopost": "Chronopost", "deutsche-post": "DeutschePost", "japan-post": "JapanPost",
	"china-post": "ChinaPost", "ems": "EMS", "canada-post": "CanadaPost", "purolator": "Purolator", "ontrac": "ONTRAC",
	"lasership": "LASERSHIP", "amazon": "AmazonLogistics", "yunexpress": "YunExpress", "sf": "SFC", "4px": "4PX", "yanwen": "Yanwen",
	"yodel": "Yodel", "canpar": "CanPar", "old-dominion": "ODFL", "australia-post": "AustraliaPost", "an-post": "AnPost",
	"poste-italiane": "PosteItaliane", "correos": "Correos", "seur": "SEUR", "bpost": "BPost", "postnl": "PostNL", "tnt": "TNT",
	"austrian-post": "AustrianPost", "swiss-post": "SwissPost",
}

// Carrier is eBay's word for a carrier.
func (s *Shop) Carrier(code string) (string, bool) {
	word, ok := carriers[strings.ToLower(strings.TrimSpace(code))]
	return word, ok
}

type shipBody struct {
	Lines   []shipLine `json:"lineItems"`
	Shipped string     `json:"shippedDate,omitempty"`
	Carrier string     `json:"shippingCarrierCode,omitempty"`
	Number  string     `json:"trackingNumber,omitempty"`
}

type shipLine struct {
	ID       string `json:"lineItemId"`
	Quantity int    `json:"quantity"`
}

type wireShipments struct {
	Shipments []wireShipment `json:"fulfillments"`
}

type wireShipment struct {
	ID     string     `json:"fulfillmentId"`
	Number string     `json:"shipmentTrackingNumber"`
	Lines  []shipLine `json:"lineItems"`
	// Carrier and Sent are for people: a shipment is told from others without them.
	Carrier string `json:"shippingCarrierCode"`
	Sent    string `json:"shippedDate"`
}

// trackingNumber is a number as eBay takes it: letters and digits alone. People
// write spaces and hyphens into them; anything else is a mistake.
func trackingNumber(s string) (string, error) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ':
			b.WriteRune(r - '０' + '0') // full width, as Chinese keyboards write
		case unicode.IsSpace(r) || r == '-' || r == '‑' || r == '–' || r == '.':
		default:
			return "", invalid(opShip, "number", "a tracking number has letters and digits only")
		}
	}
	return b.String(), nil
}

// Ship tells that goods are on their way. It looks first: eBay would take the same
// parcel twice if its lines are not all sent yet.
func (s *Shop) Ship(ctx context.Context, cmd connectors.Ship) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	no := connectors.Receipt{State: connectors.StateRejected}
	number, err := trackingNumber(cmd.Number)
	switch {
	case err != nil:
		return no, err
	case cmd.Key == "" || cmd.Order == "":
		return no, invalid(opShip, "incomplete", "a shipment needs a key and an order")
	case number == "" || strings.TrimSpace(cmd.Carrier) == "":
		// A parcel without a number could not be told from another one.
		return no, invalid(opShip, "incomplete", "a shipment needs a carrier and a number")
	}
	w, _, err := s.find(ctx, cmd.Order)
	if err != nil {
		return connectors.Receipt{State: refusal(err)}, certain(opShip, err)
	}
	seen, err := s.shipments(ctx, w.ID)
	if err != nil {
		return connectors.Receipt{State: refusal(err)}, certain(opShip, err)
	}
	if r, ok := shipped(seen, number, cmd.Lines); ok {
		return r, nil
	}
	if s.settling(cmd.Key) {
		return connectors.Receipt{State: connectors.StateUnknown, After: lookAgain},
			&connectors.Error{Kind: connectors.Unsure, Platform: Platform, Op: opShip, Code: "settling", Err: errors.New("sent a moment ago; not shown yet")}
	}
	body := shipBody{Number: number, Carrier: strings.TrimSpace(cmd.Carrier)}
	if word, ok := s.Carrier(cmd.Carrier); ok {
		body.Carrier = word
	}
	if !cmd.At.IsZero() {
		body.Shipped = stamp(cmd.At)
	}
	if body.Lines, err = linesLeft(w, seen, cmd.Lines); err != nil {
		return no, err
	}
	h, err := s.send(ctx, s.client, opShip, "POST", s.orderURL(w.ID)+"/shipping_fulfillment", body, nil)
	switch {
	case err == nil:
		id := orElse(idIn(h), number) // eBay says that they are the same
		s.remember(cmd.Key, id)
		return connectors.Receipt{State: connectors.StateApplied, ID: id}, nil
	case connectors.KindOf(err) == connectors.Unsure:
		s.remember(cmd.Key, "")
		return connectors.Receipt{State: connectors.StateUnknown, After: lookAgain}, err
	case codeOf(err) == "34500":
		// There already: ours from before a crash, or one that came in between.
		if seen, serr := s.shipments(ctx, w.ID); serr == nil {
			if r, ok := shipped(seen, number, cmd.Lines); ok {
				return r, nil
			}
		}
	}
	return connectors.Receipt{State: refusal(err), Code: codeOf(err)}, err
}

// linesLeft are the lines of a parcel: those asked for, or all that is not on its
// way yet.
func linesLeft(w wireOrder, seen []wireShipment, asked []connectors.ShipLine) ([]shipLine, error) {
	left := map[string]int{}
	for _, l := range w.Lines {
		left[l.ID] = l.Quantity
	}
	for _, p := range seen {
		for _, l := range p.Lines {
			left[l.ID] -= max(1, l.Quantity)
		}
	}
	var out []shipLine
	if len(asked) == 0 {
		for _, l := range w.Lines {
			if left[l.ID] > 0 {
				out = append(out, shipLine{l.ID, left[l.ID]})
			}
		}
	}
	for _, l := range asked {
		have, ok := left[l.Line]
		if !ok {
			return nil, invalid(opShip, "line", "the order has no such line")
		}
		n := l.Quantity
		if n <= 0 {
			n = have
		}
		if have <= 0 || n > have {
			return nil, &connectors.Error{Kind: connectors.Conflict, Platform: Platform, Op: opShip, Code: "too_many",
				Err: fmt.Errorf("%d of a line are left to send, not %d", max(0, have), n)}
		}
		left[l.Line] -= n
		out = append(out, shipLine{l.Line, n})
	}
	if len(out) == 0 {
		return nil, &connectors.Error{Kind: connectors.Conflict, Platform: Platform, Op: opShip, Code: "nothing_left", Err: errors.New("all of the order is on its way")}
	}
	return out, nil
}

func (s *Shop) orderURL(id string) string {
	return s.base + "/sell/fulfillment/v1/order/" + url.PathEscape(id)
}

func (s *Shop) shipments(ctx context.Context, order string) ([]wireShipment, error) {
	var raw json.RawMessage
	if err := s.read(ctx, opShipments, s.orderURL(order)+"/shipping_fulfillment", nil, &raw); err != nil {
		return nil, err
	}
	var list wireShipments
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opShipments, Code: "malformed", Err: fmt.Errorf("shipments: %w", err)}
	}
	return list.Shipments, nil
}

// shipped finds a parcel by its number, which is what eBay knows it by. It must
// hold the lines asked for: the same number on others is another parcel.
func shipped(seen []wireShipment, number string, asked []connectors.ShipLine) (connectors.Receipt, bool) {
	for _, p := range seen {
		n, err := trackingNumber(p.Number)
		if err != nil || !strings.EqualFold(n, number) {
			continue
		}
		there := map[string]bool{}
		for _, l := range p.Lines {
			there[l.ID] = true
		}
		whole := true
		for _, l := range asked {
			whole = whole && there[l.Line]
		}
		if whole {
			return connectors.Receipt{State: connectors.StateApplied, ID: orElse(p.ID, number)}, true
		}
	}
	return connectors.Receipt{}, false
}

// ShipState looks whether a parcel with this number is on the order.
func (s *Shop) ShipState(ctx context.Context, cmd connectors.Ship) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	unsure := connectors.Receipt{State: connectors.StateUnknown, After: lookAgain}
	number, err := trackingNumber(cmd.Number)
	if err != nil || number == "" {
		return connectors.Receipt{State: connectors.StateAbsent}, err
	}
	w, _, err := s.find(ctx, cmd.Order)
	if err != nil {
		return unsure, err
	}
	seen, err := s.shipments(ctx, w.ID)
	if err != nil {
		return unsure, err
	}
	if r, ok := shipped(seen, number, cmd.Lines); ok {
		return r, nil
	}
	if s.settling(cmd.Key) {
		return unsure, nil
	}
	return connectors.Receipt{State: connectors.StateAbsent}, nil
}
