package ebay

import (
	"testing"
	"time"
)

// TestParcels: an order that was sent tells its parcels, at the price of one more
// call; one that was not sent costs none.
func TestParcels(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	shop := newShop(t, s)
	o, err := shop.Order(t.Context(), first)
	if err != nil || o.Parcels != nil || s.count("/shipping_fulfillment") != 0 {
		t.Fatalf("%+v %v, %d calls", o.Parcels, err, s.count("/shipping_fulfillment"))
	}
	s.lock(func() {
		s.orders[1]["orderFulfillmentStatus"] = "IN_PROGRESS"
		s.ships[first] = []obj{{"fulfillmentId": "1", "shipmentTrackingNumber": "00340434292135100186", "shippingCarrierCode": "DHL", "shippedDate": "2026-11-19T10:00:00.000Z"},
			{"fulfillmentId": "2", "shippingCarrierCode": "DHL"}, {"fulfillmentId": "3", "shipmentTrackingNumber": "7", "shippedDate": "yesterday"}}
	})
	o, err = shop.Order(t.Context(), first)
	if err != nil || len(o.Parcels) != 2 || o.Parcels[0].Name != "DHL" || o.Parcels[0].Number != "00340434292135100186" ||
		!o.Parcels[0].At.Equal(time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC)) || !o.Parcels[1].At.IsZero() {
		t.Errorf("%+v %v", o.Parcels, err)
	}
}
