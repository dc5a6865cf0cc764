package woo

import (
	"encoding/json"
	"testing"
	"time"

	"helloworld/connectors"
)

func TestParcels(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		meta string
		want []connectors.Parcel
	}{
		{`[]`, nil},
		{`[{"key":"other","value":[{"tracking_number":"1"}]}]`, nil},
		{`[{"key":"_wc_shipment_tracking_items","value":"a:1:{i:0;}"}]`, nil},
		{`[{"key":"_wc_shipment_tracking_items","value":{"tracking_number":"1"}}]`, nil},
		{`[{"key":"_wc_shipment_tracking_items","value":[7,{"tracking_number":""},{"tracking_provider":"DHL DE","tracking_number":"00340434292135100186","date_shipped":"1763632800"},
			{"custom_tracking_provider":"Paco","custom_tracking_link":"https://paco.example/1","tracking_number":42,"date_shipped":"yesterday"}]}]`,
			[]connectors.Parcel{{Name: "DHL DE", Number: "00340434292135100186", At: time.Date(2025, 11, 20, 10, 0, 0, 0, time.UTC)},
				{Name: "Paco", Number: "42", Link: "https://paco.example/1"}}},
	} {
		var meta []wireMeta
		if err := json.Unmarshal([]byte(tc.meta), &meta); err != nil {
			t.Fatal(err)
		}
		got := parcelsOf(meta)
		if len(got) != len(tc.want) {
			t.Errorf("%s: %+v", tc.meta, got)
			continue
		}
		for i := range got {
			if got[i] != tc.want[i] {
				t.Errorf("%s: %+v, want %+v", tc.meta, got[i], tc.want[i])
			}
		}
	}
}

// TestParcelsInWorld: the parcel of a shop with the extension is told, in a list
// too, since it costs nothing.
func TestParcelsInWorld(t *testing.T) {
	t.Parallel()
	b := worldBench(t)
	o, err := b.Shop.(*Shop).Order(t.Context(), b.Order)
	if err != nil || len(o.Parcels) != 1 || o.Parcels[0].Name != "GLS" || o.Parcels[0].Number == "" || o.Parcels[0].At.IsZero() {
		t.Fatalf("%+v %v", o.Parcels, err)
	}
}
