package ebay

import (
	"strings"
	"testing"

	"helloworld/connectors"
)

// What colleagues write to each other does not stand where a buyer may read it.
func TestANoteStaysInside(t *testing.T) {
	got := comment(connectors.Refund{Key: "k-1", Reason: connectors.ReasonNotArrived, Note: "the buyer is lying, but let it be"})
	if strings.Contains(got, "lying") || !strings.Contains(got, "k-1") || !strings.Contains(got, "not arrived") {
		t.Errorf("%q", got)
	}
}
