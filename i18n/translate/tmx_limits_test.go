package translate

import (
	"strings"
	"testing"
)

// A file has an end somewhere, also one with many small units.
func TestTMXTakesSoManyUnits(t *testing.T) {
	t.Parallel()
	sides := []side{{lang: "en", text: "a"}, {lang: "fr", text: "b"}}
	r := &tmxReader{units: make([]Unit, tmxUnits-1)}
	if err := r.add(1, "en", sides, nil); err != nil || len(r.units) != tmxUnits {
		t.Errorf("the last one: %v", err)
	}
	if err := r.add(2, "en", sides, nil); err == nil || !strings.Contains(err.Error(), "units") {
		t.Errorf("one more: %v", err)
	}
	for range tmxNamed + 1 {
		if err := r.add(3, "en", sides[:1], nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.left) != tmxNamed {
		t.Errorf("%d are named", len(r.left))
	}
}
