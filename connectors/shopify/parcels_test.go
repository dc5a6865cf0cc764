package shopify

import (
	"encoding/json"
	"testing"
	"time"

	"helloworld/connectors"
)

func TestParcels(t *testing.T) {
	t.Parallel()
	var sent []wireSent
	if err := json.Unmarshal([]byte(`[{"status":"SUCCESS","displayStatus":"DELIVERED","createdAt":"2026-11-19T10:00:00Z","trackingInfo":[{"company":"DHL Express","number":"1","url":"https://x.example/1"},{"company":null,"number":"2"},{"company":"UPS","number":null}]},
		{"status":"SUCCESS","displayStatus":null,"createdAt":"2026-11-19T10:00:00Z","deliveredAt":"2026-11-20T10:00:00Z","trackingInfo":[{"company":"Other","number":"3","url":null}]},
		{"status":"CANCELLED","createdAt":"2026-11-19T10:00:00Z","trackingInfo":[{"number":"4"}]}]`), &sent); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC)
	want := []connectors.Parcel{{Name: "DHL Express", Number: "1", Link: "https://x.example/1", At: at, Delivered: true}, {Number: "2", At: at, Delivered: true},
		{Name: "Other", Number: "3", At: at, Delivered: true}}
	got := parcelsOf(sent)
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}
