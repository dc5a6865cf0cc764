package woo

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"helloworld/connectors"
)

// parcelsKey is where the extension for shipments keeps its numbers. The core of
// WooCommerce has no parcels.
const parcelsKey = "_wc_shipment_tracking_items"

type wireParcel struct {
	Provider string  `json:"tracking_provider"`
	Custom   string  `json:"custom_tracking_provider"`
	Link     string  `json:"custom_tracking_link"`
	Number   decimal `json:"tracking_number"`
	Sent     decimal `json:"date_shipped"`
}

// parcelsOf reads what the extension has left. Other extensions write in the same
// place what they like: what cannot be read is left out, and costs no order.
func parcelsOf(meta []wireMeta) (out []connectors.Parcel) {
	for _, m := range meta {
		var list []json.RawMessage
		if m.Key != parcelsKey || json.Unmarshal(m.Value, &list) != nil {
			continue
		}
		for _, raw := range list {
			var w wireParcel
			if json.Unmarshal(raw, &w) != nil || w.Number == "" {
				continue
			}
			p := connectors.Parcel{Name: cmp.Or(w.Provider, w.Custom), Number: string(w.Number), Link: w.Link}
			if sec, err := strconv.ParseInt(string(w.Sent), 10, 64); err == nil && sec > 0 && sec < 1<<40 {
				p.At = time.Unix(sec, 0).UTC()
			}
			out = append(out, p)
		}
	}
	return out
}
