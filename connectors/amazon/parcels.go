package amazon

import (
	"cmp"
	"time"

	"helloworld/connectors"
)

// parcelsOf are the packages of an order that have a number. A time that cannot
// be read is no time: nothing is decided by it.
func parcelsOf(packages []wirePackage) (out []connectors.Parcel) {
	for _, p := range packages {
		if p.Number == "" || p.Status.Status == "CANCELLED" {
			continue
		}
		at, err := time.Parse(time.RFC3339, cmp.Or(p.Sent, p.Created))
		if err != nil {
			at = time.Time{}
		}
		out = append(out, connectors.Parcel{Name: p.Carrier, Number: p.Number, At: at.UTC(), Delivered: p.Status.Status == "DELIVERED"})
	}
	return out
}
