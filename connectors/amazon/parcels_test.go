package amazon

import (
	"encoding/json"
	"testing"
	"time"

	"helloworld/connectors"
)

func TestParcels(t *testing.T) {
	t.Parallel()
	var packages []wirePackage
	if err := json.Unmarshal([]byte(`[{"packageReferenceId":"1","carrier":"Yamato","trackingNumber":"4012","shipTime":"2026-11-19T10:00:00Z","createdTime":"2026-11-18T10:00:00Z","packageStatus":{"status":"DELIVERED"}},
		{"packageReferenceId":"2","carrier":"DHL","trackingNumber":"7","createdTime":"soon","packageStatus":{"status":"TELEPORTED"}},
		{"packageReferenceId":"3","carrier":"DHL"},{"packageReferenceId":"4","trackingNumber":"8","packageStatus":{"status":"CANCELLED"}}]`), &packages); err != nil {
		t.Fatal(err)
	}
	got := parcelsOf(packages)
	want := []connectors.Parcel{{Name: "Yamato", Number: "4012", At: time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC), Delivered: true}, {Name: "DHL", Number: "7"}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
}
