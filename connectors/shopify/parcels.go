package shopify

import (
	"time"

	"helloworld/connectors"
)

// wireSent is a shipment as an order shows it. Lists of orders leave shipments
// out: every one would cost points on every page.
type wireSent struct {
	Status    string     `json:"status"`
	Display   string     `json:"displayStatus"`
	Created   time.Time  `json:"createdAt"`
	Delivered *time.Time `json:"deliveredAt"`
	Tracking  []struct {
		Company string `json:"company"`
		Number  string `json:"number"`
		URL     string `json:"url"`
	} `json:"trackingInfo"`
}

// parcelsOf are the parcels of an order that have a number. A shipment may be of
// several; one that was called off or came to nothing is none.
func parcelsOf(sent []wireSent) (out []connectors.Parcel) {
	for _, w := range sent {
		switch w.Status {
		case "CANCELLED", "ERROR", "FAILURE":
			continue
		}
		for _, t := range w.Tracking {
			if t.Number == "" {
				continue
			}
			out = append(out, connectors.Parcel{Name: t.Company, Number: t.Number, Link: t.URL, At: w.Created.UTC(), Delivered: w.Delivered != nil || w.Display == "DELIVERED"})
		}
	}
	return out
}
